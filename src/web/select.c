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
#include "store/store.h"
#include "query/query.h"
#include "web/render.h"
#include "web/server.h"

enum { TAIL_PAUSE_MS = 200, FLUSH_BYTES = 64 << 10, LIMIT_DEFAULT = 1000 };

struct select {
	int dirfd;
	bool has_key;
	uint8_t key[32];
	size_t memory_bytes;
	int zone_minutes;
	struct store *store;
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

/* "2h", "90", "1790000000", "2026-11-23", RFC 3339. A bare number above 10^8 is seconds since 1970. */
static enum err
time_param(const struct select *s, const char *text, int64_t now_ns, int64_t *ret_ns,
    struct why *why)
{
	static const struct {
		char unit;
		int64_t s;
	} row[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	const struct civil_frame frame = { now_ns, s->zone_minutes * 60 };
	char whole[64];
	const char *end;
	uint64_t v;

	if (digits(text, &v, &end) && v < UINT32_MAX * 4ull) {
		if (end[0] == '\0' && v > 100000000) {
			*ret_ns = (int64_t)v * 1000000000;
			return OK;
		}
		for (size_t i = 0; end[0] != '\0' && end[1] == '\0' && i < 5; i++)
			if (row[i].unit == end[0] && v < 1000000) {
				*ret_ns = now_ns - (int64_t)v * row[i].s * 1000000000;
				return OK;
			}
	}
	if (strlen(text) == 10) {
		(void)snprintf(whole, sizeof whole, "%sT00:00:00", text);
		text = whole;
	}
	if (civil_iso(span_str(text), &frame, ret_ns) == strlen(text))
		return OK;
	return why_set(why, ERR_FORMAT, "'%.40s' is not a time; write 2h, 30m, 7d, 2026-11-23 or "
	    "2026-11-23T08:00:00+07:00", text);
}

static enum err
options_take(const struct select *s, const struct select_ask *ask, int64_t now_ns,
    struct query_options *o, struct why *why)
{
	const char *end = "";
	enum err rc = OK;

	*o = (struct query_options){ .memory_bytes = s->memory_bytes, .zone_s = s->zone_minutes * 60,
	    .from_ns = INT64_MIN, .to_ns = INT64_MAX, .limit = LIMIT_DEFAULT };
	if (ask->fold == NULL ? ask->format != NULL && strcmp(ask->format, "json") != 0 :
	    strcmp(ask->fold, "0") != 0)
		o->words = QUERY_FOLDED;
	if (ask->oldest != NULL)
		o->order = QUERY_OLDEST_FIRST;
	if (ask->stream != NULL && strcmp(ask->stream, "ledger") == 0)
		o->streams = 1 << STREAM_LEDGER;
	if (ask->stream != NULL && strcmp(ask->stream, "findings") == 0)
		o->streams = 1 << STREAM_FINDINGS;
	if (ask->limit != NULL && (!digits(ask->limit, &o->limit, &end) || end[0] != '\0'))
		return why_set(why, ERR_FORMAT, "limit is a number, not '%.40s'", ask->limit);
	if (ask->start != NULL)
		rc = time_param(s, ask->start, now_ns, &o->from_ns, why);
	if (rc == OK && ask->end != NULL)
		rc = time_param(s, ask->end, now_ns, &o->to_ns, why);
	o->bounded = ask->start != NULL || ask->end != NULL;
	return rc;
}

/* ---- running ---- */

struct out {
	const struct select_ask *ask;
	enum render_form form;
	int zone_minutes;
	struct buf buf;
	bool go_on;
};

static void
out_flush(struct out *out)
{
	if (out->buf.n > 0 && out->go_on)
		out->go_on = out->ask->write(out->ask->ctx, buf_span(&out->buf));
	out->buf.n = 0;
}

/* The first row goes out at once: the person sees that something was found. */
static bool
on_row(void *ctx, const struct query_row *row)
{
	struct out *out = ctx;
	bool first = out->buf.cap == 0;

	render_row(&out->buf, row, out->form, out->zone_minutes);
	if (first || out->buf.n >= FLUSH_BYTES)
		out_flush(out);
	return out->go_on;
}

static enum err
store_ready(struct select *s, struct why *why)
{
	if (s->store == NULL)
		return store_open(&s->store, s->dirfd, s->has_key ? s->key : NULL, why);
	return store_refresh(s->store, why);
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
		buf_str(&text, " | fields _raw");
	rc = query_parse(&query, buf_span(&text), clock_wall_ns(), o, why);
	if (rc == OK && ask->what == SELECT_EXPLAIN) {
		query_explain(query, &out->buf);
	} else if (rc == OK) {
		ask->running(ask->ctx, query);
		rc = query_run(query, s->store, NULL, on_row, out, why);
		ask->running(ask->ctx, NULL);
	}
	query_free(&query);
	buf_done(&text);
	out_flush(out);
	return rc;
}

static uint64_t
last_seq(const struct store *store, uint8_t stream)
{
	uint64_t last = 0;

	for (size_t i = 0; i < store_segments(store); i++) {
		const struct segment_info *info = store_segment(store, i);

		if (info->stream == stream && info->last_seq > last)
			last = info->last_seq;
	}
	return last;
}

static void
pause_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

/* Everything that comes after now, until the client goes away. */
static enum err
tail_run(struct select *s, const struct select_ask *ask, struct query_options *o, struct out *out,
    struct why *why)
{
	uint8_t stream = o->streams == 1 << STREAM_LEDGER ? STREAM_LEDGER :
	    o->streams == 1 << STREAM_FINDINGS ? STREAM_FINDINGS : STREAM_RAW;
	uint64_t seen = last_seq(s->store, stream), last;
	enum err rc = OK;

	o->order = QUERY_OLDEST_FIRST;
	o->limit = 0;
	if (ask->start != NULL)
		seen = 0;
	while (rc == OK && out->go_on && !ask->cancelled(ask->ctx)) {
		rc = store_refresh(s->store, why);
		last = rc == OK ? last_seq(s->store, stream) : seen;
		if (last == seen) {
			pause_ms(TAIL_PAUSE_MS);
			continue;
		}
		o->after_seq = seen;
		rc = query_once(s, ask, o, out, why);
		seen = last;
	}
	return rc;
}

enum err
select_run(struct select *select, const struct select_ask *ask, struct why *why)
{
	struct out out = { .ask = ask, .form = render_form(ask->format),
	    .zone_minutes = select->zone_minutes, .go_on = true };
	struct query_options o;
	enum err rc;

	if (ask->query == NULL)
		return why_set(why, ERR_FORMAT, "query= is missing");
	rc = options_take(select, ask, clock_wall_ns(), &o, why);
	if (rc == OK)
		rc = store_ready(select, why);
	if (rc == OK && ask->what == SELECT_TAIL)
		rc = tail_run(select, ask, &o, &out, why);
	else if (rc == OK)
		rc = query_once(select, ask, &o, &out, why);
	buf_done(&out.buf);
	return rc;
}

/* ---- for a job ---- */

static bool
job_out(void *ctx, struct span bytes)
{
	return job_write(ctx, bytes);
}

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

	return select_run(select, &ask, why);
}
