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
#include "role/role.h"

#include <event2/event.h>
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
#include "store/store.h"
#include "web/cover.h"
#include "web/export.h"
#include "web/metrics.h"
#include "web/pool.h"
#include "web/select.h"
#include "web/server.h"
#include "role/asks.h"
#include "role/brief.h"
#include "role/ledger.h"

/* FRONT_FILES: open segments of the workers, and clients. */
enum { FRONT_WORKERS = 4, FRONT_FILES = 8192, KEEPER_QUEUE = 4 << 20 };
/*
 * Decoded segments between questions, of all workers, are gone a minute or two after the last
 * question.
 */
enum { SHELF_TICKS = 60, KEEP_BYTES = 32 << 20 };

static const int64_t answer_late_ns = 10000000000, fresh_ns = 20000000;

struct front {
	struct brief brief;
	struct event_base *base;
	struct chan *keeper;
	struct event *keeper_event, *parent_event, *wake_event, *tick_event;
	int wake_fd;
	struct ledger *ledger;
	struct server *server;
	struct select *select[FRONT_WORKERS];
	struct shelf *shelf;
	unsigned ticks;
	struct pool *pool;
	unsigned helpers;
	const struct role_start *start;
	struct asks *asks;
	struct buf metrics;		/* the keeper's last ASK_STATUS answer */
	int64_t metrics_ns;
	bool status_asked;		/* and not answered yet */
};

/* ---- asks ---- */

static void
keeper_write_wanted(struct front *f)
{
	short what = EV_READ | EV_PERSIST;

	if (f->keeper == NULL)
		return;
	if (chan_queued(f->keeper) > 0)
		what |= EV_WRITE;
	(void)event_del(f->keeper_event);
	(void)event_assign(f->keeper_event, f->base, chan_fd(f->keeper), what,
	    event_get_callback(f->keeper_event), f);
	(void)event_add(f->keeper_event, NULL);
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
static void
status_ask(struct front *f)
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
	keeper_write_wanted(f);
}

static void
asks_turn(struct front *f)
{
	struct why why;

	(void)asks_send(f->asks, f->keeper, &why);	/* what finds no room goes with the next */
	keeper_write_wanted(f);
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
	f->metrics.n = 0;
	buf_span_put(&f->metrics, span_sub(msg->body, 1, msg->body.n));
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
	keeper_write_wanted(f);
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
			keeper_take(f, msg.fd);
		else if (msg.fd >= 0)
			(void)close(msg.fd);
		if (msg.type == WIRE_STOP)
			(void)event_base_loopbreak(f->base);
	}
	if (rc != ERR_MORE)
		(void)event_base_loopbreak(f->base);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct front *f = arg;

	(void)fd;
	(void)what;
	status_ask(f);
	asks_turn(f);
	if (++f->ticks % SHELF_TICKS == 0) {
		shelf_age(f->shelf);
		(void)malloc_trim(0);
	}
}

/* ---- what is served ---- */

/* The act of a path, and what it was about: to asked, when that is not the query itself. */
static const char *
act_of(const struct job *job, struct buf *asked)
{
	static const char *const said[] = { "start", "end", "first", "last", "stream", "case",
	    "person", "reason" };
	static const char *const done[] = { "sha256", "records", "case", "query" };
	const char *path = job_path(job), *query = job_param(job, "query");
	const char *what = job_param(job, "what"), *argument = job_param(job, "argument");
	bool export = strcmp(path, "/trucban/evidence") == 0;
	const char *const *name = export ? said : done;
	size_t n = export ? sizeof said / sizeof said[0] : sizeof done / sizeof done[0];

	if (strcmp(path, "/trucban/ask") == 0) {
		buf_printf(asked, "%s %s", what != NULL ? what : "", argument != NULL ? argument :
		    "");
		return "ask";
	}
	if (strcmp(path, "/trucban/coverage") == 0) {
		const char *start = job_param(job, "start"), *end = job_param(job, "end");

		buf_printf(asked, "%s..%s", start != NULL ? start : "", end != NULL ? end : "");
		return "coverage";
	}
	if (export)
		buf_str(asked, query != NULL ? query : "");
	else if (strcmp(path, "/trucban/evidence-done") != 0)
		return "search";
	for (size_t i = 0; i < n; i++)
		if (job_param(job, name[i]) != NULL && job_param(job, name[i])[0] != '\0')
			buf_printf(asked, "%s%s=%s", asked->n > 0 ? "; " : "", name[i],
			    job_param(job, name[i]));
	return export ? "evidence" : "evidence-done";
}

/* Who asks what is a row of the ledger before the first record is read. */
static enum err
on_admit(void *ctx, struct job *job, struct why *why)
{
	struct front *f = ctx;
	const char *query = job_param(job, "query");
	struct ledger_act act = { .who = span_str(job_who(job)), .from = span_str(job_from(job)),
	    .what = span_str(query != NULL ? query : "") };
	struct buf asked = { 0 };
	enum err rc = OK;

	act.act = act_of(job, &asked);
	if (asked.n > 0)
		act.what = buf_span(&asked);
	if (strncmp(act.act, "evidence", 8) == 0 && act.who.n == 0)
		rc = why_set(why, ERR_DENIED, "evidence is handed out over the unix socket only: "
		    "its ledger row names who asked");
	if (rc == OK) {
		rc = ledger_write(f->ledger, &act, clock_wall_ns(), why);
		if (rc != OK)
			rc = why_prefix(why, ERR_BUSY, "cannot write the ledger, so nothing is "
			    "shown");
	}
	buf_done(&asked);
	keeper_write_wanted(f);
	return rc;
}

static enum err
on_select(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct front *f = ctx;

	return select_job(f->select[worker], job, why);
}

static enum err
on_coverage(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	struct front *f = ctx;

	return cover_job(f->select[worker], job, why);
}

/* Lines before the answer, so that who waits knows that it is worth it. */
static bool
on_progress(void *arg, struct span text)
{
	return job_write(arg, text);
}

/* Acts on the store: only for root, for the store's own user, and over the unix socket. */
static enum err
on_ask(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	static const struct {
		const char *name;
		uint8_t what;
	} row[] = {
		{ "checkpoint", ASK_CHECKPOINT }, { "flush", ASK_FLUSH }, { "hold",
		    ASK_HOLD_JOURNAL },
		{ "release", ASK_RELEASE }, { "expire", ASK_EXPIRE }, { "repack", ASK_REPACK },
		{ "key-rotate", ASK_KEY_ROTATE }, { "cool", ASK_COOL },
	};
	const char *name = job_param(job, "what"), *argument = job_param(job, "argument");
	struct front *f = ctx;
	struct buf out = { 0 };
	char own[32];
	bool known = false;
	enum err rc = OK;

	(void)worker;
	(void)snprintf(own, sizeof own, "uid %u", (unsigned)geteuid());
	if (strcmp(job_who(job), "uid 0") != 0 && strcmp(job_who(job), own) != 0)
		return why_set(why, ERR_DENIED, "only root and the store's own user may ask this, "
		    "over "
		    "the unix socket");
	for (size_t i = 0; name != NULL && !known && i < sizeof row / sizeof row[0]; i++)
		if ((known = strcmp(row[i].name, name) == 0))
			rc = asks_ask(f->asks, &(struct asks_question){ .what = row[i].what,
			    .argument = span_str(argument != NULL ? argument : ""),
			    .progress = on_progress, .arg = job }, &out, why);
	if (!known)
		return why_set(why, ERR_FORMAT, "what= is one of checkpoint, flush, hold, release, "
		    "expire, repack, cool, key-rotate");
	if (rc == OK)
		(void)job_write(job, buf_span(&out));
	buf_done(&out);
	return rc;
}

/* What is asked for is sealed first: segments end, and a checkpoint is signed over them. */
static enum err
on_evidence(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	static const uint8_t what[] = { ASK_FLUSH, ASK_CHECKPOINT };
	struct front *f = ctx;
	struct buf ignored = { 0 };
	enum err rc = OK;

	for (size_t i = 0; rc == OK && i < sizeof what; i++)
		rc = asks_ask(f->asks, &(struct asks_question){ .what = what[i],
		    .argument = SPAN("") }, &ignored, why);
	buf_done(&ignored);
	return rc == OK ? export_job(f->select[worker], job, why) : rc;
}

/* The package is written: its ledger row is all there is to it. */
static enum err
on_evidence_done(void *ctx, unsigned worker, struct job *job, struct why *why)
{
	(void)ctx;
	(void)worker;
	(void)why;
	(void)job_write(job, SPAN("OK\n"));
	return OK;
}

static int
on_metrics(void *ctx, struct buf *out)
{
	struct front *f = ctx;
	int64_t age_ns = clock_mono_ns() - f->metrics_ns;

	metrics_put(out, buf_span(&f->metrics));
	buf_printf(out, "# HELP trucban_keeper_answer_age_seconds Since the keeper last answered.\n"
	    "# TYPE trucban_keeper_answer_age_seconds gauge\n"
	    "trucban_keeper_answer_age_seconds %.1f\n",
	    (double)age_ns / 1e9);
	/* Who asks often sees what is new: the next answer is younger than a tick. */
	if (age_ns > fresh_ns && f->keeper != NULL && !f->status_asked)
		status_ask(f);
	return 200;
}

static int
on_health(void *ctx, struct buf *out)
{
	struct front *f = ctx;
	bool well = f->keeper != NULL && clock_mono_ns() - f->metrics_ns < answer_late_ns;

	buf_str(out, well ? "OK\n" : "the keeper does not answer\n");
	return well ? 200 : 503;
}

static const struct route routes[] = {
	{ "/select/logsql/query", "application/stream+json", on_select, NULL },
	{ "/select/logsql/tail", "application/stream+json", on_select, NULL },
	{ "/select/trucban/explain", "text/plain; charset=utf-8", on_select, NULL },
	{ "/trucban/evidence", "application/octet-stream", on_evidence, NULL },
	{ "/trucban/evidence-done", "text/plain; charset=utf-8", on_evidence_done, NULL },
	{ "/trucban/coverage", "application/stream+json", on_coverage, NULL },
	{ "/trucban/ask", "text/plain; charset=utf-8", on_ask, NULL },
	{ "/metrics", "text/plain; version=0.0.4; charset=utf-8", NULL, on_metrics },
	{ "/health", "text/plain", NULL, on_health },
	{ NULL, NULL, NULL, NULL },
};

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
	    .nlisten = (unsigned)f->start->nlisten, .workers = FRONT_WORKERS, .route = routes,
	    .admit = on_admit, .ctx = f };
	struct timeval second = { 1, 0 };
	char host[256] = "";
	enum err rc = OK;

	(void)gethostname(host, sizeof host - 1);
	f->base = event_base_new();
	must(f->base != NULL);
	f->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	f->asks = asks_new(f->wake_fd);
	f->ledger = ledger_new(NULL, WIRE_FRONT, host);
	f->parent_event = event_new(f->base, chan_fd(f->brief.parent), EV_READ | EV_PERSIST,
	    on_parent, f);
	f->wake_event = event_new(f->base, f->wake_fd, EV_READ | EV_PERSIST, on_wake, f);
	f->tick_event = event_new(f->base, -1, EV_PERSIST, on_tick, f);
	(void)event_add(f->parent_event, NULL);
	(void)event_add(f->wake_event, NULL);
	(void)event_add(f->tick_event, &second);
	if (f->start->nchan > 0)
		keeper_take(f, f->start->chan_fd[0]);
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
		status_ask(f);
		brief_ready(&f->brief, f->brief.conf.front_address);
		(void)event_base_dispatch(f->base);
		asks_stop(f->asks);
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
