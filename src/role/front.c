/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read segments and journal, answer HTTP on its two sockets, ask the keeper, add ledger
 *          rows, compile regular expressions
 * may not: write any file, open a connection, see the seal's key
 * if it dies: searches under way end with an error; nothing that was received is touched
 *
 * The loop owns the channels; workers run queries, each with a store handle of its own. A question
 * to the keeper goes worker -> loop -> keeper and back (role/asks.h).
 */
#include "role/front_int.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/sandbox.h"
#include "sys/sock.h"
#include "wire/wire.h"
#include "web/page.h"
#include "role/sampling.h"

/* FRONT_FILES: open segments of the workers, and clients. */
enum { FRONT_FILES = 8192, KEEPER_QUEUE = 4 << 20 };
/*
 * Decoded segments between questions, of all workers, are gone a minute or two after the last
 * question.
 */
enum { SHELF_TICKS = 60, KEEP_BYTES = 32 << 20 };

/* ---- asks ---- */

/* Waits for what comes on a channel, and for room when something is to go out. */
static void
chan_wanted(struct front *f, const struct chan *chan, struct event *event)
{
	short what = EV_READ | EV_PERSIST;

	if (chan == NULL)
		return;
	if (chan_queued(chan) > 0)
		what |= EV_WRITE;
	(void)event_del(event);
	(void)event_assign(event, f->base, chan_fd(chan), what, event_get_callback(event), f);
	(void)event_add(event, NULL);
}

void
front_keeper_wanted(struct front *f)
{
	chan_wanted(f, f->keeper, f->keeper_event);
}

static void
keeper_lost(struct front *f)
{
	(void)event_del(f->keeper_event);
	chan_free(&f->keeper);
	ledger_channel(f->ledger, NULL);
	asks_lost(f->asks);
}

/* The loop's own question, for the metrics; its tag is 0. */
void
front_status_ask(struct front *f)
{
	const uint8_t body[2] = { ASK_STATUS, 0 };
	struct why why;
	enum err rc;

	if (f->keeper == NULL) {
		brief_lost_keeper(&f->brief, WIRE_FRONT);
		return;
	}
	rc = chan_send(f->keeper, &(struct chan_msg){ .type = WIRE_ASK,
	    .body = span_of(body, sizeof body) }, &why);
	f->status_asked = rc == OK;
	if (rc == ERR_IO || rc == ERR_ABSENT)
		keeper_lost(f);
	front_keeper_wanted(f);
}

static void
asks_turn(struct front *f)
{
	struct why why;

	/* What finds no room goes with the next. */
	(void)asks_send(f->asks, f->keeper, &why);
	(void)asks_send(f->desk_asks, f->desk, &why);
	(void)asks_send(f->porter_asks, f->porter, &why);
	front_keeper_wanted(f);
	chan_wanted(f, f->desk, f->desk_event);
	chan_wanted(f, f->porter, f->porter_event);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof n);
	asks_turn(arg);
}

static void
answer_take(struct front *f, const struct chan_msg *msg)
{
	if (msg->tag != 0) {
		asks_answer(f->asks, msg->tag, msg->body);
		return;
	}
	lock_take(&f->metrics_lock);
	f->metrics.n = 0;
	buf_span_put(&f->metrics, span_sub(msg->body, 1, msg->body.n));
	lock_give(&f->metrics_lock);
	f->metrics_ns = clock_mono_ns();
	f->status_asked = false;
}

/* ---- channels ---- */

static void
on_keeper(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	struct chan_msg msg;
	struct why why;
	enum err rc = OK;

	(void)fd;
	if ((what & EV_WRITE) != 0)
		(void)chan_flush(f->keeper, &why);
	while ((rc = chan_recv(f->keeper, &msg, &why)) == OK) {
		if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_ANSWER && wire_check(msg.type, msg.body, &why) == OK)
			answer_take(f, &msg);
		else if (ledger_answer(f->ledger, &msg, &why) != OK)
			(void)fprintf(stderr, "trucban: front: %s\n", why.text);
	}
	if (rc != ERR_MORE)
		keeper_lost(f);
	else
		asks_turn(f);
}

static void
keeper_take(struct front *f, int fd)
{
	if (f->keeper != NULL)
		keeper_lost(f);
	f->keeper = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	ledger_channel(f->ledger, f->keeper);
	if (f->keeper_event == NULL)
		f->keeper_event = event_new(f->base, fd, EV_READ | EV_PERSIST, on_keeper, f);
	front_keeper_wanted(f);
}

static void
on_desk(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	struct chan_msg msg;
	struct why why;
	enum err rc = OK;

	(void)fd;
	if ((what & EV_WRITE) != 0)
		(void)chan_flush(f->desk, &why);
	while ((rc = chan_recv(f->desk, &msg, &why)) == OK) {
		file_close(&msg.fd);
		if (msg.type == WIRE_ANSWER && wire_check(msg.type, msg.body, &why) == OK)
			asks_answer(f->desk_asks, msg.tag, msg.body);
	}
	if (rc == ERR_MORE) {
		asks_turn(f);
		return;
	}
	/* The parent brings another one. */
	(void)event_del(f->desk_event);
	chan_free(&f->desk);
	asks_lost(f->desk_asks);
}

static void
desk_take(struct front *f, int fd)
{
	if (f->desk != NULL) {
		(void)event_del(f->desk_event);
		chan_free(&f->desk);
		asks_lost(f->desk_asks);
	}
	f->desk = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	if (f->desk_event == NULL)
		f->desk_event = event_new(f->base, fd, EV_READ | EV_PERSIST, on_desk, f);
	chan_wanted(f, f->desk, f->desk_event);
}

/* An answer to no question: something changed, and whoever is known is to be asked for again. */
static void
on_porter(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	struct chan_msg msg;
	struct why why = { "" };
	enum err rc = OK;

	(void)fd;
	if ((what & EV_WRITE) != 0)
		(void)chan_flush(f->porter, &why);
	while ((rc = chan_recv(f->porter, &msg, &why)) == OK) {
		file_close(&msg.fd);
		if (msg.type != WIRE_ANSWER || wire_check(msg.type, msg.body, &why) != OK)
			continue;
		if (msg.tag == 0)
			visitors_forget(f->visitors);
		else
			asks_answer(f->porter_asks, msg.tag, msg.body);
	}
	if (rc == ERR_MORE) {
		asks_turn(f);
		return;
	}
	/* The parent brings another one. */
	(void)event_del(f->porter_event);
	chan_free(&f->porter);
	visitors_forget(f->visitors);
	asks_lost(f->porter_asks);
}

static void
porter_take(struct front *f, int fd)
{
	if (f->porter != NULL) {
		(void)event_del(f->porter_event);
		chan_free(&f->porter);
		asks_lost(f->porter_asks);
	}
	visitors_forget(f->visitors);
	f->porter = chan_new(fd, WIRE_LIMIT, KEEPER_QUEUE);
	if (f->porter_event == NULL)
		f->porter_event = event_new(f->base, fd, EV_READ | EV_PERSIST, on_porter, f);
	chan_wanted(f, f->porter, f->porter_event);
}

/* A channel from the parent, to whoever it is. */
static void
chan_take(struct front *f, uint8_t role, int fd)
{
	if (role == WIRE_DESK)
		desk_take(f, fd);
	else if (role == WIRE_PORTER)
		porter_take(f, fd);
	else
		keeper_take(f, fd);
}

static void
register_turn(struct front *f, struct span text)
{
	registered_take(f->registered, text);
	registered_note(f->registered, f->ledger);
	front_keeper_wanted(f);
}

static void
on_parent(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;
	struct chan_msg msg;
	struct why why;
	enum err rc;

	(void)fd;
	(void)what;
	while ((rc = chan_recv(f->brief.parent, &msg, &why)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0)
			chan_take(f, msg.body.n > 0 ? msg.body.p[0] : 0, msg.fd);
		else if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_REGISTER)
			register_turn(f, msg.body);
		if (msg.type == WIRE_STOP)
			(void)event_base_loopbreak(f->base);
	}
	if (rc != ERR_MORE)
		(void)event_base_loopbreak(f->base);
}

/* Not before the row that says who wanted it is on disk. */
static void
reload_turn(struct front *f)
{
	struct why why;

	if (f->reload_in == 0 || --f->reload_in > 0)
		return;
	if (chan_send(f->brief.parent, &(struct chan_msg){ .type = WIRE_CONF }, &why) != OK)
		f->reload_in = 1;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;

	(void)fd;
	(void)what;
	registered_note(f->registered, f->ledger);
	sampling_tell(f->ledger, &f->brief.conf, clock_wall_ns(), &f->samples_told);
	if (ledger_settled(f->ledger, f->sample_ticket))
		f->sample_noted = true;
	reload_turn(f);
	front_status_ask(f);
	asks_turn(f);
	if (++f->ticks % SHELF_TICKS == 0) {
		shelf_age(f->shelf);
		(void)malloc_trim(0);
	}
}

/* ---- start ---- */

static enum err
front_sandbox(const struct front *f, struct why *why)
{
	const struct proc_limits limits = { .files = FRONT_FILES };
	int dir[2] = { f->start->store_fd, -1 };
	enum err rc;
	/* JIT: PCRE2 interprets regular expressions ten times as slowly. */
	struct sandbox s = { .groups = SANDBOX_FILE_READ | SANDBOX_NET | SANDBOX_THREADS |
	    SANDBOX_JIT, .read_dir = dir, .nread_dir = 1 + brief_cold(dir[0], &dir[1]) };

	rc = proc_limit(&limits, why);
	if (rc == OK)
		rc = brief_sandbox(&s, "front", why);
	file_close(&dir[1]);
	return rc;
}

static enum err
front_open(struct front *f, struct why *why)
{
	const uint8_t *key = f->brief.has_store_key ? f->brief.store_key : NULL;
	struct server_conf conf = { .listen_fd = f->start->listen_fd,
	    .nlisten = (unsigned)f->start->nlisten, .workers = FRONT_WORKERS, .route = front_routes,
	    .files = page_files, .site = f->brief.conf.front_url, .know = front_know,
	    .admit = front_admit, .ctx = f };
	struct timeval second = { 1, 0 };
	char host[256] = "";
	enum err rc = OK;

	(void)gethostname(host, sizeof host - 1);
	f->base = event_base_new();
	must(f->base != NULL);
	f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->asks = asks_new(f->wake_fd, "keeper");
	f->desk_asks = asks_new(f->wake_fd, "desk");
	f->porter_asks = asks_new(f->wake_fd, "porter");
	f->visitors = visitors_new(f->porter_asks);
	lock_init(&f->metrics_lock);
	f->ledger = ledger_new(NULL, WIRE_FRONT, host);
	f->registered = registered_new();
	f->parent_event = event_new(f->base, chan_fd(f->brief.parent), EV_READ | EV_PERSIST,
	    on_parent, f);
	f->wake_event = event_new(f->base, f->wake_fd, EV_READ | EV_PERSIST, on_wake, f);
	f->tick_event = event_new(f->base, -1, EV_PERSIST, on_tick, f);
	(void)event_add(f->parent_event, NULL);
	(void)event_add(f->wake_event, NULL);
	(void)event_add(f->tick_event, &second);
	for (int i = 0; i < f->start->nchan; i++)
		chan_take(f, f->start->chan_role[i], f->start->chan_fd[i]);
	register_turn(f, buf_span(&f->brief.registry));
	buf_done(&f->brief.registry);
	/* What one segment took the next takes: not back to the kernel and anew each time. */
	(void)mallopt(M_MMAP_THRESHOLD, KEEP_BYTES);
	(void)mallopt(M_TRIM_THRESHOLD, KEEP_BYTES);
	/* Segments end on other threads than they began on: one heap, or each would hold free
	 * room for as many as the shelf has. */
	(void)mallopt(M_ARENA_MAX, 1);
	f->pool = pool_new(f->helpers);
	f->shelf = shelf_new(LIMIT_SHELF_BYTES);
	for (unsigned i = 0; i < FRONT_WORKERS; i++) {
		f->select[i] = select_new(f->start->store_fd, key,
		    (size_t)f->brief.conf.query_bytes / FRONT_WORKERS,
		    (int)f->brief.conf.zone_minutes);
		select_pool(f->select[i], pool_query(f->pool));
		select_keep(f->select[i], f->shelf);
	}
	if (rc == OK)
		rc = server_new(&f->server, f->base, &conf, why);
	return rc;
}

/* Where it answers. */
static const char *
front_place(const struct conf *conf)
{
	if (conf->front_address[0] != '\0')
		return conf->front_address;
	return conf->front_socket[0] != '\0' ? conf->front_socket : "run/front.sock";
}

int
front_main(const struct role_start *start)
{
	struct front *f = xcalloc(1, sizeof *f);
	struct why why = { "" };
	enum err rc;

	f->start = start;
	/* Asked before the sandbox: the C library reads it from files. */
	f->helpers = (unsigned)(sysconf(_SC_NPROCESSORS_ONLN) - 1);
	rc = brief_take(&f->brief, start->parent_fd, true, false, &why);
	if (rc == OK)
		rc = brief_drop_rights(&f->brief, &why);
	if (rc == OK)
		rc = front_sandbox(f, &why);
	if (rc == OK)
		rc = front_open(f, &why);
	if (rc == OK) {
		front_status_ask(f);
		brief_ready(&f->brief, front_place(&f->brief.conf));
		(void)event_base_dispatch(f->base);
		asks_stop(f->asks);
		asks_stop(f->desk_asks);
		asks_stop(f->porter_asks);
		server_free(&f->server);
	} else {
		(void)fprintf(stderr, "trucban: front: %s\n", why.text);
	}
	for (unsigned i = 0; i < FRONT_WORKERS; i++)
		select_free(&f->select[i]);
	shelf_free(&f->shelf);
	pool_free(&f->pool);
	explicit_bzero(f->brief.store_key, sizeof f->brief.store_key);
	return rc == OK ? 0 : 3;
}
