/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intake's side of the registrar's channel: see enrols.h. Members stand in the order of their
 * numbers; their names lie in one array. A request that waits has a place of a small table, whose
 * tag says which turn of the place it is, so that a late answer finds nobody.
 */
#include "intake/enrols.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/chan.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/wire.h"
#include "intake/intake_int.h"
#include "intake/push_int.h"

enum { QUEUE_BYTES = 2 * LIMIT_ENROLS * LIMIT_ENROL_BYTES, EXPEL_TICKS = 60 };

#define NS_PER_S INT64_C(1000000000)

struct waiting {
	struct conn *conn;		/* NULL: free */
	uint64_t tag;
	int64_t since_ns;
};

struct enrols {
	struct intake *intake;
	struct chan *chan;
	struct event event;
	struct member *member;
	unsigned nmember;
	struct buf names;
	struct waiting waiting[LIMIT_ENROLS];
	uint64_t tags;
	unsigned ticks;
};

struct enrols *
enrols_new(struct intake *intake)
{
	struct enrols *e = xcalloc(1, sizeof *e);

	e->intake = intake;
	/* Before the sandbox: it reads a file of its own. */
	must(OPENSSL_init_ssl(0, NULL) == 1);
	return e;
}

static void
chan_end(struct enrols *e)
{
	if (e->chan == NULL)
		return;
	event_del(&e->event);
	chan_free(&e->chan);
}

void
enrols_free(struct enrols **enrols)
{
	struct enrols *e = *enrols;

	if (e == NULL)
		return;
	chan_end(e);
	free(e->member);
	buf_done(&e->names);
	free(e);
	*enrols = NULL;
}

/* ---- who may come in ---- */

static int
member_compare(const void *a, const void *b)
{
	return memcmp(((const struct member *)a)->serial, ((const struct member *)b)->serial,
	    CLIENT_SERIAL_BYTES);
}

const struct member *
enrols_find(const struct enrols *e, const X509 *cert)
{
	struct member key, *found;

	if (cert == NULL || e->nmember == 0 || !tls_serial(cert, key.serial))
		return NULL;
	found = bsearch(&key, e->member, e->nmember, sizeof key, member_compare);
	return found != NULL && found->until_s > clock_wall_ns() / NS_PER_S ? found : NULL;
}

/* The same for the certificate that the peer has shown. */
static const struct member *
member_of(const struct conn *conn)
{
	return conn->ssl == NULL ? NULL :
	    enrols_find(conn->intake->enrols, SSL_get0_peer_certificate(conn->ssl));
}

bool
enrols_identify(struct conn *conn)
{
	char name[TLS_IDENTITY_BYTES];
	struct span identity = tls_identity(conn->ssl, name);
	const struct member *member;

	if (identity.n == 0)
		return true;
	if (conn->listener->conf.own) {
		member = member_of(conn);
		if (member == NULL)
			return false;
		identity = member->name;
		conn->unit_said = member->unit != 0;
		if (conn->unit_said)
			conn->unit = member->unit;
		conn->class_said = member->class < LIMIT_CLASSES;
		if (conn->class_said)
			conn->class = member->class;
	}
	conn->known = true;
	conn->next_origin = intake_origin_of(conn, identity);
	return true;
}

static bool
is_member(const void *ctx, struct span name)
{
	const struct enrols *e = ctx;

	for (unsigned i = 0; i < e->nmember; i++)
		if (span_eq(e->member[i].name, name))
			return true;
	return false;
}

/* Ends those whose certificate of the desk's own authority is good no more. */
static void
conns_expel(struct intake *intake)
{
	struct conn *conn = intake->conns, *next;

	for (; conn != NULL; conn = next) {
		next = conn->next;
		if (conn->known && conn->listener->conf.own && member_of(conn) == NULL)
			conn_end(conn);
	}
}

static void
members_take(struct enrols *e, struct clients *clients)
{
	struct client client;
	size_t at = 0;

	free(e->member);
	e->member = xcalloc((size_t)clients->n, sizeof e->member[0]);
	e->nmember = 0;
	e->names.n = 0;
	while (clients_next(clients, &client)) {
		struct member *m = &e->member[e->nmember++];

		*m = (struct member){ .unit = client.unit, .class = client.class,
		    .until_s = client.until_s, .name = { NULL, client.name.n } };
		memcpy(m->serial, client.serial.p, sizeof m->serial);
		buf_span_put(&e->names, client.name);
	}
	for (unsigned i = 0; i < e->nmember; i++) {
		e->member[i].name.p = e->names.p + at;
		at += e->member[i].name.n;
	}
	if (e->nmember > 1)
		qsort(e->member, e->nmember, sizeof e->member[0], member_compare);
}

/* Listeners that are the desk's own get its certificate, and serve from the first one on. */
static enum err
listeners_renew(struct enrols *e, const struct clients *clients, struct why *why)
{
	struct intake *intake = e->intake;

	for (unsigned i = 0; i < intake->nlistener; i++) {
		struct listener *listener = &intake->listener[i];
		struct intake_listener conf = listener->conf;
		struct tls *tls = NULL;
		bool first = listener->tls == NULL;
		enum err rc;

		if (!conf.own)
			continue;
		conf.cert_pem = clients->chain;
		conf.key_pem = clients->key;
		conf.ca_pem = clients->ca;
		rc = tls_new(&tls, &conf, e, why);
		if (rc != OK)
			return rc;
		/* Connections that are open hold on to what they began with. */
		tls_free(&listener->tls);
		listener->tls = tls;
		if (first && !intake->stopping)
			listener_begin(listener);
	}
	return OK;
}

static enum err
roll_take(struct enrols *e, struct span body, struct why *why)
{
	struct clients clients;
	enum err rc;

	rc = clients_read(&clients, body, why);
	if (rc == OK)
		rc = listeners_renew(e, &clients, why);
	if (rc != OK)
		return rc;
	members_take(e, &clients);
	conns_expel(e->intake);
	relays_keep(e->intake->relays, is_member, e);
	return OK;
}

/* ---- requests ---- */

static struct waiting *
waiting_free(struct enrols *e)
{
	for (unsigned i = 0; i < LIMIT_ENROLS; i++)
		if (e->waiting[i].conn == NULL)
			return &e->waiting[i];
	return NULL;
}

bool
enrols_ask(struct enrols *e, struct conn *conn, bool renew, struct span body)
{
	static const uint8_t none[CLIENT_SERIAL_BYTES];
	const struct member *member = renew ? member_of(conn) : NULL;
	struct waiting *w = waiting_free(e);
	struct enrol enrol = { .what = renew ? ENROL_RENEW : ENROL_CODE, .body = body,
	    .serial = span_of(member != NULL ? member->serial : none, sizeof none) };
	struct buf out = { 0 };
	enum err rc;

	if (w == NULL || e->chan == NULL || (renew && member == NULL))
		return false;
	enrol.peer = span_sub(conn_peer(conn), 0, CLIENT_PEER_BYTES);
	enrol_put(&out, &enrol);
	rc = chan_send(e->chan, &(struct chan_msg){ .type = WIRE_ENROL, .tag = e->tags + 1,
	    .body = buf_span(&out) }, NULL);
	explicit_bzero(out.p, out.n);
	buf_done(&out);
	if (rc != OK)
		return false;
	*w = (struct waiting){ .conn = conn, .tag = ++e->tags, .since_ns = clock_mono_ns() };
	return true;
}

void
enrols_forget(struct enrols *e, const struct conn *conn)
{
	for (unsigned i = 0; i < LIMIT_ENROLS; i++)
		if (e->waiting[i].conn == conn)
			e->waiting[i].conn = NULL;
}

static void
told(struct waiting *w, unsigned status, struct span text)
{
	struct conn *conn = w->conn;

	w->conn = NULL;
	conn_told(conn, push_told(conn, status, text));
}

static void
answer_take(struct enrols *e, const struct chan_msg *msg)
{
	struct cur in = cur_of(msg->body);
	unsigned status = cur_u16(&in);

	for (unsigned i = 0; i < LIMIT_ENROLS; i++)
		if (e->waiting[i].conn != NULL && e->waiting[i].tag == msg->tag) {
			told(&e->waiting[i], status, cur_span(&in, cur_left(&in)));
			return;
		}
}

static void
late_tell(struct enrols *e, int64_t late_ns)
{
	for (unsigned i = 0; i < LIMIT_ENROLS; i++)
		if (e->waiting[i].conn != NULL && e->waiting[i].since_ns <= late_ns)
			told(&e->waiting[i], 503, SPAN("busy: the desk did not do it in time; try "
			    "again\n"));
}

void
enrols_tick(struct enrols *e)
{
	late_tell(e, clock_mono_ns() - LIMIT_ENROL_S * NS_PER_S);
	if (e->chan != NULL)
		(void)chan_flush(e->chan, NULL);
	if (++e->ticks % EXPEL_TICKS == 0)
		conns_expel(e->intake);
}

/* ---- the channel ---- */

static void
readable(evutil_socket_t fd, short what, void *arg)
{
	struct enrols *e = arg;
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc;

	(void)fd;
	(void)what;
	while ((rc = chan_recv(e->chan, &msg, &why)) == OK) {
		file_close(&msg.fd);
		rc = wire_check(msg.type, msg.body, &why);
		if (rc == OK && msg.type == WIRE_ROLL)
			rc = roll_take(e, msg.body, &why);
		else if (rc == OK && msg.type == WIRE_ENROLLED)
			answer_take(e, &msg);
		if (rc != OK)
			break;
	}
	if (rc == ERR_MORE)
		return;
	if (rc != ERR_ABSENT && e->intake->conf.sample != NULL)
		e->intake->conf.sample(e->intake->conf.sample_arg, why.text);
	chan_end(e);
	/* Who waits for it asks the next one. */
	late_tell(e, INT64_MAX);
}

void
enrols_channel(struct enrols *e, int fd)
{
	chan_end(e);
	late_tell(e, INT64_MAX);
	e->chan = chan_new(fd, WIRE_LIMIT, QUEUE_BYTES);
	event_assign(&e->event, e->intake->base, fd, EV_READ | EV_PERSIST, readable, e);
	must(event_add(&e->event, NULL) == 0);
}
