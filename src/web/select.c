/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters to options, rows to octets: see select.h. */
#include "web/select.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "store/proof.h"
#include "store/store.h"
#include "query/query.h"
#include "web/render.h"
#include "web/server.h"

enum { TAIL_PAUSE_MS = 200, FLUSH_BYTES = 64 << 10 };

struct select {
	int dirfd;
	bool has_key;
	uint8_t key[32];
	size_t memory_bytes;
	int zone_minutes;
	struct store *store;
	const struct query_pool *pool;
	struct shelf *shelf;
};

struct select *
select_new(int dirfd, const uint8_t *key, size_t memory_bytes, int zone_minutes)
{
	struct select *s = xcalloc(1, sizeof *s);

	s->dirfd = dirfd;
	s->memory_bytes = memory_bytes;
	s->zone_minutes = zone_minutes;
	if (key != NULL) {
		s->has_key = true;
		memcpy(s->key, key, sizeof s->key);
	}
	return s;
}

void
select_free(struct select **select)
{
	struct select *s = *select;

	if (s == NULL)
		return;
	store_close(&s->store);
	explicit_bzero(s->key, sizeof s->key);
	free(s);
	*select = NULL;
}

void
select_keep(struct select *select, struct shelf *shelf)
{
	select->shelf = shelf;
}

void
select_pool(struct select *select, const struct query_pool *pool)
{
	select->pool = pool;
}

/* ---- parameters ---- */

static bool
digits(const char *s, uint64_t *ret, const char **ret_end)
{
	uint64_t v = 0;
	const char *at = s;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(v, 10u, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(*at - '0'), &v))
			return false;
	*ret = v;
	*ret_end = at;
	return at > s;
}

/* "90s", "30m", "2h", "7d", "1w" before now. */
static bool
time_before(const char *text, int64_t now_ns, int64_t *ret_ns)
{
	static const struct {
		char unit;
		int64_t s;
	} row[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	const int64_t longest_s = INT64_MAX / CIVIL_SECOND_NS;
	const char *unit;
	uint64_t v;

	if (!digits(text, &v, &unit) || unit[0] == '\0' || unit[1] != '\0')
		return false;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (row[i].unit == unit[0] && v <= (uint64_t)(longest_s / row[i].s))
			return !__builtin_sub_overflow(now_ns,
			    (int64_t)v * row[i].s * CIVIL_SECOND_NS, ret_ns);
	return false;
}

/* A date alone: its first moment in the office's zone, or its last one. */
static bool
time_of_day(const struct select *s, const char *text, enum select_bound bound, int64_t *ret_ns)
{
	const struct civil_frame frame = { 0, s->zone_minutes * 60 };
	char whole[32];
	int64_t ns;

	if (strlen(text) != 10)
		return false;
	(void)snprintf(whole, sizeof whole, "%sT00:00:00", text);
	if (civil_iso(span_str(whole), &frame, &ns) != strlen(whole) ||
	    (bound == SELECT_TO && __builtin_add_overflow(ns, CIVIL_DAY_S * CIVIL_SECOND_NS - 1,
	    &ns)))
		return false;
	*ret_ns = ns;
	return true;
}

enum err
select_time(const struct select *s, const char *text, enum select_bound bound, int64_t now_ns,
    int64_t *ret_ns, struct why *why)
{
	const struct civil_frame frame = { now_ns, s->zone_minutes * 60 };
	size_t n = strlen(text);
	int64_t ns;

	if (time_before(text, now_ns, ret_ns) || time_of_day(s, text, bound, ret_ns))
		return OK;
	if ((n < 9 || civil_epoch(span_str(text), &ns) != n) &&
	    (n == 0 || civil_iso(span_str(text), &frame, &ns) != n))
		return why_set(why, ERR_FORMAT, "'%.40s' is not a time; write 2h, 30m, 7d, "
		    "2026-11-23 or "
		    "2026-11-23T08:00:00+07:00", text);
	*ret_ns = ns;
	return OK;
}

static enum err
stream_take(const char *text, struct query_options *o, struct why *why)
{
	static const char *const name[] = { [STREAM_RAW] = "raw", [STREAM_FINDINGS] = "findings",
	    [STREAM_LEDGER] = "ledger" };

	for (unsigned i = 0; i < STREAM_END; i++)
		if (strcmp(text, name[i]) == 0) {
			o->streams = (uint8_t)(1u << i);
			return OK;
		}
	return why_set(why, ERR_FORMAT, "stream is raw, findings or ledger, not '%.40s'", text);
}

static enum err
options_take(const struct select *s, const struct select_ask *ask, int64_t now_ns,
    struct query_options *o, struct why *why)
{
	const char *end = "";
	enum err rc = OK;

	*o = (struct query_options){ .memory_bytes = s->memory_bytes,
	    .zone_s = s->zone_minutes * 60, .from_ns = INT64_MIN, .to_ns = INT64_MAX,
	    .streams = 1 << STREAM_RAW };
	if (ask->fold != NULL && strcmp(ask->fold, "0") != 0)
		o->words = QUERY_FOLDED;
	if (ask->oldest != NULL && strcmp(ask->oldest, "0") != 0)
		o->order = QUERY_OLDEST_FIRST;
	o->bounded = ask->start != NULL || ask->end != NULL;
	if (ask->limit != NULL && (!digits(ask->limit, &o->limit, &end) || end[0] != '\0'))
		return why_set(why, ERR_FORMAT, "limit is a number, not '%.40s'", ask->limit);
	if (ask->stream != NULL)
		rc = stream_take(ask->stream, o, why);
	if (rc == OK && ask->start != NULL)
		rc = select_time(s, ask->start, SELECT_FROM, now_ns, &o->from_ns, why);
	if (rc == OK && ask->end != NULL)
		rc = select_time(s, ask->end, SELECT_TO, now_ns, &o->to_ns, why);
	if (rc == OK && o->from_ns > o->to_ns)
		rc = why_set(why, ERR_FORMAT, "start is later than end");
	return rc;
}

/* ---- running ---- */

struct out {
	const struct select_ask *ask;
	enum render_form form;
	int zone_minutes;
	struct buf buf;
	bool begun;			/* something went out */
	bool go_on;
};

static void
out_flush(struct out *out)
{
	if (out->buf.n > 0 && out->go_on) {
		out->go_on = out->ask->write(out->ask->ctx, buf_span(&out->buf));
		out->begun = true;
	}
	out->buf.n = 0;
}

/* The first row goes out at once: the person sees that something was found. */
static bool
on_row(void *ctx, const struct query_row *row)
{
	struct out *out = ctx;

	render_row(&out->buf, row, out->form, out->zone_minutes);
	if (!out->begun || out->buf.n >= FLUSH_BYTES)
		out_flush(out);
	return out->go_on;
}

static enum err
store_ready(struct select *s, struct why *why)
{
	if (s->store != NULL)
		return store_refresh(s->store, why);
	return store_open_shared(&s->store, s->dirfd, s->has_key ? s->key : NULL, s->shelf, why);
}

enum err
select_store(struct select *s, struct store **ret_store, int *ret_dirfd, struct why *why)
{
	enum err rc = store_ready(s, why);

	*ret_store = s->store;
	*ret_dirfd = s->dirfd;
	return rc;
}

int32_t
select_zone_s(const struct select *s)
{
	return s->zone_minutes * 60;
}

static enum err
query_once(struct select *s, const struct select_ask *ask, const struct query_options *o,
    struct out *out, struct why *why)
{
	struct query *query = NULL;
	struct buf text = { 0 };
	enum err rc;

	buf_str(&text, ask->query);
	if (out->form == RENDER_RAW)
		buf_str(&text, "\n| fields _raw");	/* a comment ends with its line */
	rc = query_parse(&query, buf_span(&text), clock_wall_ns(), o, why);
	if (rc == OK && ask->what == SELECT_EXPLAIN) {
		query_explain(query, &out->buf);
	} else if (rc == OK) {
		ask->running(ask->ctx, query);
		rc = query_run(query, s->store, s->pool, on_row, out, why);
		ask->running(ask->ctx, NULL);
	}
	query_free(&query);
	buf_done(&text);
	out_flush(out);
	/* Programs see the answer break off; people are told why. */
	if (rc != OK && out->begun && (out->form == RENDER_TEXT || out->form == RENDER_COLOR)) {
		buf_printf(&out->buf, "trucban: %s\n", why->text);
		out_flush(out);
	}
	return rc;
}

static uint64_t
last_seq(const struct store *store, uint8_t streams)
{
	uint64_t last = 0;

	for (size_t i = 0; i < store_segments(store); i++) {
		const struct segment_info *info = store_segment(store, i);

		if ((1u << info->stream & streams) != 0 && info->last_seq > last)
			last = info->last_seq;
	}
	return last;
}

/*
 * What came since the last step. *memo: one more than the last number seen; 0 at the first step,
 * which begins now or at ask->start.
 */
static enum err
tail_step(struct select *s, const struct select_ask *ask, struct query_options *o, struct out *out,
    uint64_t *memo, struct why *why)
{
	uint64_t last = last_seq(s->store, o->streams);
	enum err rc = OK;

	o->order = QUERY_OLDEST_FIRST;
	o->limit = 0;
	if (*memo == 0)
		*memo = (ask->start != NULL ? 0 : last) + 1;
	o->after_seq = *memo - 1;
	if (last > o->after_seq)
		rc = query_once(s, ask, o, out, why);
	if (last > o->after_seq)
		*memo = last + 1;
	return rc;
}

/* A wrong query is refused before anything is waited for. */
static enum err
query_check(const struct select_ask *ask, const struct query_options *o, struct why *why)
{
	struct query *query = NULL;
	enum err rc;

	rc = query_parse(&query, span_str(ask->query), clock_wall_ns(), o, why);
	if (rc == OK && !query_is_by_row(query))
		rc = why_set(why, ERR_FORMAT, "a query with a pipe that needs all rows (stats, "
		    "sort, uniq, limit...) cannot be followed; leave that pipe or the following "
		    "out");
	query_free(&query);
	return rc;
}

/* One turn: ERR_MORE while a tail goes on. */
static enum err
select_turn(struct select *s, const struct select_ask *ask, uint64_t *memo, struct why *why)
{
	struct out out = { .ask = ask, .zone_minutes = s->zone_minutes, .go_on = true };
	struct query_options o;
	enum err rc;

	if (ask->query == NULL)
		return why_set(why, ERR_FORMAT, "query= is missing; write LogsQL, * is everything");
	if (!render_form(ask->format, &out.form))
		return why_set(why, ERR_FORMAT, "format is json, text, color or raw, not '%.40s'",
		    ask->format);
	rc = options_take(s, ask, clock_wall_ns(), &o, why);
	if (rc == OK)
		rc = store_ready(s, why);
	if (rc == OK && ask->what != SELECT_TAIL)
		rc = query_once(s, ask, &o, &out, why);
	else if (rc == OK && *memo == 0)
		rc = query_check(ask, &o, why);
	if (rc == OK && ask->what == SELECT_TAIL)
		rc = tail_step(s, ask, &o, &out, memo, why);
	buf_done(&out.buf);
	return rc == OK && ask->what == SELECT_TAIL && out.go_on ? ERR_MORE : rc;
}

enum err
select_run(struct select *select, const struct select_ask *ask, struct why *why)
{
	uint64_t memo = 0;
	enum err rc;

	while ((rc = select_turn(select, ask, &memo, why)) == ERR_MORE) {
		if (ask->cancelled(ask->ctx))
			return OK;
		(void)nanosleep(&(struct timespec){ 0, TAIL_PAUSE_MS * 1000000 }, NULL);
	}
	return rc;
}

/* ---- for evidence packages ---- */

enum err
select_records(struct select *s, const struct select_ask *ask, uint64_t after_seq,
    bool (*emit)(void *ctx, const struct query_row *row), void *ctx, struct why *why)
{
	struct query *query = NULL;
	struct query_options o;
	enum err rc;

	if (ask->query == NULL)
		return why_set(why, ERR_FORMAT, "query= is missing; write LogsQL, * is everything");
	rc = options_take(s, ask, clock_wall_ns(), &o, why);
	o.order = QUERY_OLDEST_FIRST;
	o.after_seq = after_seq;
	if (rc == OK)
		rc = store_ready(s, why);
	if (rc == OK)
		rc = query_parse(&query, span_str(ask->query), clock_wall_ns(), &o, why);
	if (rc == OK && !query_is_by_row(query))
		rc = why_set(why, ERR_FORMAT, "a package holds whole records; leave pipes out of "
		    "the query");
	if (rc == OK) {
		ask->running(ask->ctx, query);
		rc = query_run(query, s->store, s->pool, emit, ctx, why);
		ask->running(ask->ctx, NULL);
	}
	query_free(&query);
	return rc;
}

enum err
select_note(struct select *s, struct buf *note, struct note_key *ret_key, uint64_t last_seq[],
    struct why *why)
{
	return proof_note(s->dirfd, note, ret_key, last_seq, why);
}

enum err
select_keys(struct select *s, struct span note,
    void (*each)(void *ctx, const struct leaf_key *key), void *ctx, struct why *why)
{
	return proof_keys(s->dirfd, note, each, ctx, why);
}

enum err
select_consistency(struct select *s, struct span note, uint64_t size,
    struct tlog_proof *ret_proof, struct why *why)
{
	return proof_consistency(s->dirfd, note, size, ret_proof, why);
}

enum err
select_proofs(struct select *s, struct span note, const struct proof_many *many, struct why *why)
{
	return proof_leaves(s->dirfd, s->has_key ? s->key : NULL, note, many, why);
}

/* ---- for a job ---- */

static void
query_stop(void *arg)
{
	query_cancel(arg);
}

static void
job_running(void *ctx, struct query *query)
{
	job_on_cancel(ctx, query != NULL ? query_stop : NULL, query);
}

static bool
job_gone(void *ctx)
{
	return job_cancelled(ctx);
}

/* JSON lines are what the route says; people and other programs get something else. */
static void
type_set(struct job *job, const char *format)
{
	enum render_form form;

	if (!render_form(format, &form))
		return;
	if (form == RENDER_TEXT || form == RENDER_COLOR)
		job_type(job, "text/plain; charset=utf-8");
	else if (form == RENDER_RAW)
		job_type(job, "application/octet-stream");
}

enum err
select_job(struct select *select, struct job *job, struct why *why)
{
	struct select_ask ask = {
		.what = strcmp(job_path(job), "/select/logsql/tail") == 0 ? SELECT_TAIL :
		    strcmp(job_path(job), "/select/trucban/explain") == 0 ? SELECT_EXPLAIN :
		    SELECT_QUERY,
		.query = job_param(job, "query"), .start = job_param(job, "start"),
		.end = job_param(job, "end"), .limit = job_param(job, "limit"),
		.format = job_param(job, "format"), .fold = job_param(job, "fold"),
		.oldest = job_param(job, "oldest"), .stream = job_param(job, "stream"),
		.write = job_out, .running = job_running, .cancelled = job_gone, .ctx = job,
	};

	type_set(job, ask.what == SELECT_EXPLAIN ? "text" : ask.format);
	return select_turn(select, &ask, job_memo(job), why);
}
