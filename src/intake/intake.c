/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intake as a whole: listeners, the loop's turn, back-pressure, the keeper's channel, the end.
 *
 *	sockets -> (kind: framing) -> intake_record -> batcher -> keeper
 *	sockets <- (kind: answers) <- conn_settled  <- batcher <- ACK
 *
 * Back-pressure is one number, the octets that the keeper has not answered: above the limit no
 * socket is read, below half of it all are again. See intake.h for the promises.
 */
#include "intake/intake.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <openssl/crypto.h>

#include "base/must.h"
#include "sys/chan.h"
#include "sys/clock.h"
#include "sys/sock.h"
#include "wire/wire.h"
#include "intake/answer.h"
#include "intake/conn.h"
#include "intake/denials.h"
#include "intake/enrols.h"
#include "intake/intake_int.h"

enum {
	ACCEPTS_A_TURN = 64,
	SWEEP_TICKS = 5,
	OVERLOAD_S = 2,			/* paused for so long: clients are told to come later */
	DRAIN_S = 2,			/* at the end: for what the sockets still hold */
	STOP_S = 10,
	SAMPLE_OCTETS = 48,
	QUEUE_BYTES = 64 << 10,		/* of the channel: reports; batches wait elsewhere */
};

#define NS_PER_S INT64_C(1000000000)
#define NS_PER_MS 1000000

static const struct conn_kind *const kinds[INTAKE_KIND_END] = {
	[INTAKE_TCP] = &syslog_kind,
	[INTAKE_RELP] = &relp_kind,
	[INTAKE_HTTP] = &push_kind,
};

/* ---- helpers for the doors ---- */

bool
intake_is_overloaded(const struct intake *intake)
{
	return intake->paused && clock_mono_ns() - intake->paused_ns > OVERLOAD_S * NS_PER_S;
}

static void
pause_begin(struct intake *intake)
{
	if (intake->paused)
		return;
	intake->paused = true;
	intake->paused_ns = clock_mono_ns();
	intake->pauses++;
}

uint64_t
intake_record(struct listener *listener, const struct incoming *in)
{
	bool unparsed;
	uint64_t batch;

	if (listener->order != NULL && order_drops(listener->order, in))
		return 0;
	batch = batcher_add(listener->intake->batcher, in, listener_number(listener), &unparsed);
	/* At once, not at the end of the turn: a compressed body is many rows per octet read. */
	if (batcher_unacked(listener->intake->batcher) > LIMIT_UNACKED_BYTES)
		pause_begin(listener->intake);
	listener->count.records++;
	listener->count.bytes += in->record.n;
	listener->count.unparsed += unparsed;
	if (in->cut > 0) {
		listener->count.cut++;
		listener->count.cut_bytes += in->cut;
	}
	return batch;
}

void
intake_sample(struct listener *listener, struct span peer, const char *what, struct span octets)
{
	const struct intake_conf *conf = &listener->intake->conf;
	int64_t now = clock_mono_ns();
	struct buf text = { 0 };

	if (conf->sample == NULL || now - listener->sampled_ns < NS_PER_S)
		return;
	listener->sampled_ns = now;
	buf_printf(&text, "%.*s: %s from %.*s: \"", (int)listener->conf.name.n,
	    (const char *)listener->conf.name.p, what, (int)peer.n, (const char *)peer.p);
	for (size_t i = 0; i < octets.n && i < SAMPLE_OCTETS; i++) {
		uint8_t c = octets.p[i];

		if (c < 0x20 || c > 0x7e || c == '"' || c == '\\')
			buf_printf(&text, "\\x%02x", c);
		else
			buf_u8(&text, c);
	}
	buf_u8(&text, '"');
	buf_u8(&text, '\0');
	conf->sample(conf->sample_arg, (const char *)text.p);
	buf_done(&text);
}

/* ---- listeners ---- */

static void
listener_readable(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;

	(void)what;
	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		char text[SOCK_TEXT_BYTES];
		struct sock_addr peer;
		int got = -1;
		enum err rc = sock_accept(&got, fd, &peer, NULL);

		if (rc == OK) {
			sock_peer_text(&peer, text);
			conn_begin(listener, got, span_str(text));
			continue;
		}
		/* Out of descriptors: the event would come again at once; the tick turns it on. */
		if (rc != ERR_MORE) {
			listener->count.no_descriptor++;
			event_del(&listener->event);
		}
		return;
	}
}

/* Copies a span of the configuration into memory that lives as long as the listener. */
static struct span
kept(struct span s)
{
	return s.n > 0 ? span_of(xmemdup(s.p, s.n), s.n) : (struct span){ 0 };
}

static void
tokens_keep(struct listener *listener, const struct intake_listener *conf)
{
	if (conf->ntoken == 0)
		return;
	listener->token = xcalloc(conf->ntoken, sizeof listener->token[0]);
	for (unsigned i = 0; i < conf->ntoken; i++) {
		listener->token[i].name = kept(span_sub(conf->token[i].name, 0, LIMIT_NAME_BYTES));
		answer_digest(listener->token[i].secret, conf->token[i].secret);
	}
}

static enum err
listener_init(struct listener *listener, struct intake *intake,
    const struct intake_listener *conf, struct why *why)
{
	struct source like;
	enum err rc = OK;

	if (conf->name.n == 0 || conf->name.n > LIMIT_NAME_BYTES)
		return why_set(why, ERR_LIMIT, "listener has a name of %zu octets", conf->name.n);
	must(conf->kind < INTAKE_KIND_END && conf->class < LIMIT_CLASSES);
	must(conf->ntoken <= INTAKE_TOKENS && conf->fd >= 0);
	listener->intake = intake;
	listener->conf = *conf;
	listener->conf.name = kept(conf->name);
	/* Keys stay in the TLS context and digests only. */
	listener->conf.cert_pem = listener->conf.key_pem = (struct span){ 0 };
	listener->conf.ca_pem = (struct span){ 0 };
	listener->conf.token = NULL;
	listener->conf.rule = NULL;
	must(conf->nrule == 0 || conf->kind == INTAKE_UDP || conf->kind == INTAKE_TCP);
	listener->order = order_new(conf->rule, conf->nrule);
	tokens_keep(listener, conf);
	listener->kind = kinds[conf->kind];
	must(conf->join.kind == JOIN_NONE || conf->kind == INTAKE_TCP);
	if (conf->join.kind != JOIN_NONE) {
		listener->kind = &joined_kind;
		intake->joins = true;
	}
	if (!conf->own && conf->cert_pem.n > 0 && conf->kind != INTAKE_UDP)
		rc = tls_new(&listener->tls, conf, NULL, why);
	if (rc != OK)
		return why_prefix(why, rc, "listener %.*s", (int)conf->name.n,
		    (const char *)conf->name.p);
	like = (struct source){ .class = conf->class, .trust = conf->trust, .unit = conf->unit,
	    .listener = listener->conf.name };
	listener->other = sources_other(intake->sources, &like);
	return OK;
}

void
listener_begin(struct listener *listener)
{
	/* Its certificate is not there yet: nobody is let in without. */
	if (listener->conf.own && listener->tls == NULL)
		return;
	if (listener->conf.kind == INTAKE_UDP) {
		udp_begin(listener);
		return;
	}
	event_assign(&listener->event, listener->intake->base, listener->conf.fd,
	    EV_READ | EV_PERSIST, listener_readable, listener);
	must(event_add(&listener->event, NULL) == 0);
}

enum err
intake_try(const struct intake_listener *listener, struct why *why)
{
	struct tls *tls = NULL;
	enum err rc = OK;

	if (!listener->own && listener->cert_pem.n > 0 && listener->kind != INTAKE_UDP)
		rc = tls_new(&tls, listener, NULL, why);
	tls_free(&tls);
	return rc;
}

static void
listener_done(struct listener *listener)
{
	udp_end(listener);
	if (event_initialized(&listener->event))
		event_del(&listener->event);
	tls_free(&listener->tls);
	for (unsigned i = 0; listener->token != NULL && i < listener->conf.ntoken; i++)
		free((void *)(uintptr_t)listener->token[i].name.p);
	free(listener->token);
	order_free(&listener->order);
	free((void *)(uintptr_t)listener->conf.name.p);
}

/* Reads again from all that reading was stopped for, and accepts again. */
static void
listeners_resume(struct intake *intake)
{
	for (unsigned i = 0; i < intake->nlistener; i++) {
		struct listener *listener = &intake->listener[i];
		bool wanted = listener->conf.kind == INTAKE_UDP ? !intake_is_full(intake) :
		    !intake->stopping && event_initialized(&listener->event);

		if (wanted && !event_pending(&listener->event, EV_READ, NULL))
			(void)event_add(&listener->event, NULL);
	}
}

/* ---- the keeper ---- */

static void
keeper_lost(struct intake *intake, const struct why *why)
{
	event_del(&intake->keeper_read);
	event_del(&intake->keeper_write);
	batcher_keeper(intake->batcher, NULL);
	relayed_answer(intake, 0, 0);
	if (intake->conf.sample != NULL)
		intake->conf.sample(intake->conf.sample_arg, why->text);
}

static void
keeper_readable(evutil_socket_t fd, short what, void *arg)
{
	struct intake *intake = arg;
	struct why why = { "" };

	(void)fd;
	(void)what;
	if (batcher_read(intake->batcher, &why) != OK)
		keeper_lost(intake, &why);
}

static void
keeper_writable(evutil_socket_t fd, short what, void *arg)
{
	struct intake *intake = arg;
	struct why why = { "" };

	(void)fd;
	(void)what;
	if (batcher_write(intake->batcher, &why) != OK)
		keeper_lost(intake, &why);
}

void
intake_keeper(struct intake *intake, int fd)
{
	event_del(&intake->keeper_read);
	event_del(&intake->keeper_write);
	relayed_answer(intake, 0, 0);
	denials_again(intake->denials);
	batcher_keeper(intake->batcher, chan_new(fd, WIRE_LIMIT, QUEUE_BYTES));
	event_assign(&intake->keeper_read, intake->base, fd, EV_READ | EV_PERSIST,
	    keeper_readable, intake);
	event_assign(&intake->keeper_write, intake->base, fd, EV_WRITE, keeper_writable, intake);
	must(event_add(&intake->keeper_read, NULL) == 0);
}

void
intake_registrar(struct intake *intake, int fd)
{
	enrols_channel(intake->enrols, fd);
}

bool
intake_has_keeper(const struct intake *intake)
{
	return batcher_chan(intake->batcher) != NULL;
}

static void
batch_settled(void *arg, uint8_t class, uint64_t batch, enum err result)
{
	conn_settled(arg, class, batch, result);
}

static void
rows_refused(void *arg, unsigned door, uint32_t rows)
{
	struct intake *intake = arg;

	intake->listener[door].count.refused += rows;
}

static void
place_told(void *arg, uint64_t tag, uint64_t place)
{
	relayed_answer(arg, tag, place);
}

/* ---- begin and end ---- */

static void
tick(evutil_socket_t fd, short what, void *arg)
{
	struct intake *intake = arg;

	(void)fd;
	(void)what;
	intake->ticks++;
	listeners_resume(intake);
	enrols_tick(intake->enrols);
	for (unsigned i = 0; i < intake->nlistener; i++)
		if (intake->listener[i].udp != NULL)
			udp_tick(&intake->listener[i]);
	if (intake->joins)
		conn_tick_all(intake);
	if (intake_is_overloaded(intake))
		conn_resume_all(intake);
	if (intake->ticks % SWEEP_TICKS == 0)
		conn_sweep(intake);
}

enum err
intake_new(struct intake **ret_intake, const struct intake_conf *conf, struct why *why)
{
	const struct timeval second = { 1, 0 };
	struct intake *intake = xcalloc(1, sizeof *intake);
	struct batcher_conf batcher = { .arg = intake, .parser = conf->parser,
	    .parser_state = conf->parser_state, .instance = conf->instance, .role = WIRE_INTAKE,
	    .settled = batch_settled, .refused = rows_refused, .placed = place_told };
	enum err rc = OK;

	must(*ret_intake == NULL && conf->nlistener <= INTAKE_LISTENERS);
	/* TLS writes with write(2): a peer that went away must not end the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	intake->conf = *conf;
	intake->base = conf->base;
	intake->began_s = (uint64_t)clock_wall_ns() / 1000000000;
	intake->sources = sources_new(conf->hash_seed);
	batcher.sources = intake->sources;
	intake->relays = relays_new();
	intake->batcher = batcher_new(&batcher);
	intake->enrols = enrols_new(intake);
	intake->denials = denials_new();
	/* Later than any number of an earlier life, in clients that still ask for one. */
	intake->acks = (uint64_t)clock_wall_ns() / NS_PER_MS;
	intake->read_buf = xmalloc(READ_BYTES);
	intake->decode_buf = xmalloc(READ_BYTES);
	event_assign(&intake->keeper_read, intake->base, -1, 0, keeper_readable, intake);
	event_assign(&intake->keeper_write, intake->base, -1, 0, keeper_writable, intake);
	event_assign(&intake->tick, intake->base, -1, EV_PERSIST, tick, intake);
	must(event_add(&intake->tick, &second) == 0);
	intake->listener = xcalloc(conf->nlistener, sizeof intake->listener[0]);
	for (; rc == OK && intake->nlistener < conf->nlistener; intake->nlistener++)
		rc = listener_init(&intake->listener[intake->nlistener], intake,
		    &conf->listener[intake->nlistener], why);
	if (rc != OK) {
		intake_free(&intake);
		return rc;
	}
	for (unsigned i = 0; i < intake->nlistener; i++)
		listener_begin(&intake->listener[i]);
	*ret_intake = intake;
	return OK;
}

void
intake_free(struct intake **ret)
{
	struct intake *intake = *ret;

	if (intake == NULL)
		return;
	while (intake->conns != NULL)
		conn_end(intake->conns);
	for (unsigned i = 0; i < intake->nlistener; i++)
		listener_done(&intake->listener[i]);
	event_del(&intake->tick);
	event_del(&intake->keeper_read);
	event_del(&intake->keeper_write);
	enrols_free(&intake->enrols);
	denials_free(&intake->denials);
	batcher_free(&intake->batcher);
	sources_free(&intake->sources);
	registry_free(&intake->registry);
	relays_free(&intake->relays);
	free(intake->listener);
	free(intake->read_buf);
	free(intake->decode_buf);
	free(intake);
	*ret = NULL;
}

/* ---- the turn ---- */

static void
pause_check(struct intake *intake)
{
	size_t unacked = batcher_unacked(intake->batcher);

	if (unacked > LIMIT_UNACKED_BYTES) {
		pause_begin(intake);
	} else if (intake->paused && unacked < LIMIT_UNACKED_BYTES / 2) {
		intake->paused = false;
		listeners_resume(intake);
		conn_resume_all(intake);
	}
}

/* The sockets are empty, or who sends without end has had its time. */
static void
stop_check(struct intake *intake, uint64_t reads_before)
{
	bool late = clock_mono_ns() - intake->stop_ns > DRAIN_S * NS_PER_S;

	if (!intake->stop_read) {
		if (intake->paused || (!late && intake->reads != reads_before))
			return;
		intake->stop_read = true;
		conn_stop_all(intake);
	}
	batcher_flush(intake->batcher);
}

void
intake_turn(struct intake *intake, enum intake_wait wait)
{
	bool draining = intake->stopping && !intake->stop_read && !intake->paused;
	uint64_t reads = intake->reads;
	struct why why = { "" };
	struct chan *chan;

	(void)event_base_loop(intake->base, EVLOOP_ONCE |
	    (wait == INTAKE_NO_WAIT || draining ? EVLOOP_NONBLOCK : 0));
	if (intake->stopping)
		stop_check(intake, reads);
	if (batcher_turn(intake->batcher, &why) != OK)
		keeper_lost(intake, &why);
	chan = batcher_chan(intake->batcher);
	if (chan != NULL && chan_queued(chan) > 0)
		(void)event_add(&intake->keeper_write, NULL);
	pause_check(intake);
}

void
intake_stop(struct intake *intake)
{
	if (intake->stopping)
		return;
	intake->stopping = true;
	intake->stop_ns = clock_mono_ns();
	for (unsigned i = 0; i < intake->nlistener; i++)
		if (intake->listener[i].conf.kind != INTAKE_UDP &&
		    event_initialized(&intake->listener[i].event))
			event_del(&intake->listener[i].event);
}

bool
intake_stopped(const struct intake *intake)
{
	bool writing = false;

	if (!intake->stopping)
		return false;
	if (clock_mono_ns() - intake->stop_ns > STOP_S * NS_PER_S)
		return true;
	for (const struct conn *conn = intake->conns; conn != NULL; conn = conn->next)
		writing |= conn->out.n > 0;
	return intake->stop_read && batcher_is_idle(intake->batcher) && !writing;
}

void
intake_report(struct intake *intake)
{
	struct chan *chan = batcher_chan(intake->batcher);
	struct chan_msg msg = { .type = WIRE_COUNTERS };
	struct buf body = { 0 };
	struct why why = { "" };
	enum err rc;

	if (chan == NULL)
		return;
	intake_counters(intake, &body);
	msg.body = buf_span(&body);
	/* A busy channel hears the next report; one that broke in sending is never readable. */
	rc = chan_send(chan, &msg, &why);
	buf_done(&body);
	if (rc == OK)
		rc = denials_report(intake->denials, clock_wall_ns() / NS_PER_S, chan, &why);
	if (rc == ERR_IO || rc == ERR_ABSENT)
		keeper_lost(intake, &why);
}
