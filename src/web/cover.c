/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters to a period, counts to JSON lines; tables are made by cover_text.c. See cover.h. */
#include "web/cover.h"

#include <string.h>

#include "sys/clock.h"
#include "model/shape.h"
#include "coverage/coverage.h"
#include "query/query.h"
#include "web/cover_int.h"
#include "web/select.h"
#include "web/server.h"

enum { FIELDS = 24, DAY_S = 86400, FLUSH_BYTES = 64 << 10 };

/* ---- JSON lines ---- */

struct line {
	struct cover_out *out;
	struct arena *arena;		/* of one line */
	struct query_field field[FIELDS];
	size_t n;
};

static void
text_add(struct line *l, const char *name, struct span value)
{
	if (value.n > 0)
		l->field[l->n++] = (struct query_field){ span_str(name), value };
}

static void
number_add(struct line *l, const char *name, uint64_t value)
{
	struct buf text = { 0 };

	buf_printf(&text, "%ju", (uintmax_t)value);
	text_add(l, name, arena_dup(l->arena, buf_span(&text)));
	buf_done(&text);
}

static void
signed_add(struct line *l, const char *name, int64_t value)
{
	struct buf text = { 0 };

	buf_printf(&text, "%jd", (intmax_t)value);
	text_add(l, name, arena_dup(l->arena, buf_span(&text)));
	buf_done(&text);
}

static void
time_add(struct line *l, const char *name, int64_t ns)
{
	uint8_t at[CIVIL_TEXT_BYTES];

	if (ns > 0)
		text_add(l, name, arena_dup(l->arena, span_of(at, civil_put(at, ns, 9, 0))));
}

static void
line_begin(struct line *l, const char *kind)
{
	l->n = 0;
	arena_reset(l->arena);
	text_add(l, "kind", span_str(kind));
}

static void
line_end(struct line *l)
{
	query_row_json(&l->out->text, &(struct query_row){ l->n, l->field });
}

static void
period_json(struct line *l, const struct coverage_result *r)
{
	line_begin(l, "period");
	time_add(l, "from", r->period.from_ns);
	time_add(l, "to", r->period.to_ns);
	number_add(l, "step_seconds", (uint64_t)(r->step_ns / CIVIL_SECOND_NS));
	number_add(l, "sources", r->nsource);
	number_add(l, "rows", r->rows);
	number_add(l, "unparsed", r->unparsed);
	number_add(l, "cut", r->cut);
	number_add(l, "missing_estimate", r->missing);
	number_add(l, "first_seq", r->first_seq);
	number_add(l, "last_seq", r->last_seq);
	number_add(l, "held", r->held);
	number_add(l, "outages", r->noutage);
	number_add(l, "outage_seconds", (uint64_t)(r->down_ns / CIVIL_SECOND_NS));
	time_add(l, "store_began", r->begun_ns);
	time_add(l, "losses_counted_to", r->counted_to_ns);
	line_end(l);
}

static void
source_names(struct line *l, const struct coverage_source *s)
{
	static const char *const trust[TRUST_END] = { "claim", "peer", "identity", "local" };

	text_add(l, "host", s->host);
	text_add(l, "peer", s->peer);
	text_add(l, "identity", s->identity);
	text_add(l, "listener", s->listener);
	text_add(l, "trust", span_str(trust[s->trust < TRUST_END ? s->trust : TRUST_CLAIM]));
	number_add(l, "unit", s->unit);
	number_add(l, "class", s->class);
}

static void
source_json(struct line *l, const struct coverage_result *r, const struct coverage_source *s)
{
	line_begin(l, "source");
	source_names(l, s);
	number_add(l, "rows", s->rows);
	number_add(l, "unparsed", s->unparsed);
	number_add(l, "cut", s->cut);
	number_add(l, "missing_estimate", s->missing);
	number_add(l, "numbered", s->numbered);
	time_add(l, "first", s->first_ns);
	time_add(l, "last", s->last_ns);
	number_add(l, "usual_pause_seconds", coverage_usual_pause_s(s));
	line_end(l);
	for (size_t i = 0; i < s->ncell; i++) {
		const struct coverage_cell *c = &s->cell[i];

		line_begin(l, "step");
		time_add(l, "_time", r->base_ns + c->step * r->step_ns);
		source_names(l, s);
		number_add(l, "rows", c->rows);
		number_add(l, "unparsed", c->unparsed);
		number_add(l, "cut", c->cut);
		signed_add(l, "missing_estimate", c->missing);
		line_end(l);
		if (!cover_goes_on(l->out))
			return;
	}
}

static void
loss_json(struct line *l, const struct coverage_result *r, const struct coverage_loss *loss)
{
	static const char *const unit[] = { "records", "octets", "things" };

	for (uint32_t i = 0; i < r->nstep; i++) {
		if (loss->step[i] == 0)
			continue;
		line_begin(l, "loss");
		time_add(l, "_time", r->base_ns + i * r->step_ns);
		text_add(l, "door", loss->door);
		text_add(l, "name", loss->name);
		text_add(l, "grade", span_str(cover_grade_name(loss->grade)));
		text_add(l, "counts", span_str(unit[loss->unit]));
		number_add(l, "n", loss->step[i]);
		line_end(l);
	}
}

static void
remark_json(struct line *l, const struct coverage_result *r, const struct coverage_remark *m)
{
	line_begin(l, "remark");
	text_add(l, "verdict", span_str(cover_verdict_name(m->verdict)));
	if (m->source != UINT32_MAX)
		source_names(l, &r->source[m->source]);
	if (m->loss != UINT32_MAX) {
		text_add(l, "door", r->loss[m->loss].door);
		text_add(l, "name", r->loss[m->loss].name);
	}
	if (m->verdict == COVERAGE_SKEWED && (int64_t)m->value < 0)
		text_add(l, "ahead", SPAN("true"));
	number_add(l, "value", m->verdict == COVERAGE_SKEWED && (int64_t)m->value < 0 ?
	    -m->value : m->value);
	number_add(l, "of", m->usual);
	line_end(l);
}

static void
desk_json(struct line *l, const struct coverage_result *r)
{
	for (uint32_t i = 0; i < r->nloss; i++)
		loss_json(l, r, &r->loss[i]);
	for (uint64_t i = 0; i < r->noutage && i < COVERAGE_OUTAGES; i++) {
		line_begin(l, "outage");
		time_add(l, "from", r->outage[i].from_ns);
		time_add(l, "to", r->outage[i].to_ns);
		line_end(l);
	}
}

static void
cover_json(struct cover_out *out, const struct cover_view *view)
{
	const struct coverage_result *r = view->result;
	struct line l = { .out = out, .arena = arena_new((size_t)1 << 20) };

	period_json(&l, r);
	for (uint32_t i = 0; i < r->nsource && cover_goes_on(out); i++)
		source_json(&l, r, &r->source[i]);
	desk_json(&l, r);
	for (uint32_t i = 0; i < view->nremark && cover_goes_on(out); i++)
		remark_json(&l, r, &view->remark[i]);
	line_begin(&l, "end");
	number_add(&l, "remarks", view->nremark);
	line_end(&l);
	arena_free(&l.arena);
}

/* ---- octets out ---- */

void
cover_flush(struct cover_out *out)
{
	if (!out->stopped && out->text.n > 0)
		out->stopped = !out->write(out->ctx, buf_span(&out->text));
	out->text.n = 0;
}

bool
cover_goes_on(struct cover_out *out)
{
	if (out->text.n >= FLUSH_BYTES)
		cover_flush(out);
	return !out->stopped;
}

/* ---- asking ---- */

static enum err
period_take(struct select *select, const struct cover_ask *ask, struct coverage_period *ret,
    struct why *why)
{
	enum err rc = OK;

	ret->now_ns = clock_wall_ns();
	ret->to_ns = ret->now_ns;
	ret->zone_s = select_zone_s(select);
	if (ask->end != NULL)
		rc = select_time(select, ask->end, SELECT_TO, ret->now_ns, &ret->to_ns, why);
	ret->from_ns = ret->to_ns - DAY_S * CIVIL_SECOND_NS;
	if (rc == OK && ask->start != NULL)
		rc = select_time(select, ask->start, SELECT_FROM, ret->now_ns, &ret->from_ns, why);
	return rc;
}

static enum err
form_take(const struct cover_ask *ask, struct cover_form *ret, struct why *why)
{
	const char *format = ask->format != NULL ? ask->format : "json";
	const char *lang = ask->lang != NULL ? ask->lang : "vi";

	*ret = (struct cover_form){ .english = strcmp(lang, "en") == 0,
	    .json = strcmp(format, "json") == 0, .color = strcmp(format, "color") == 0 };
	if (!ret->json && !ret->color && strcmp(format, "text") != 0)
		return why_set(why, ERR_FORMAT, "format is json, text or color, not '%.40s'",
		    format);
	if (!ret->english && strcmp(lang, "vi") != 0)
		return why_set(why, ERR_FORMAT, "lang is vi or en, not '%.40s'", lang);
	return OK;
}

static void
cover_tell(const struct cover_ask *ask, const struct coverage_result *r,
    const struct cover_form *form, struct arena *arena)
{
	struct cover_out out = { .write = ask->write, .ctx = ask->ctx };
	struct cover_view view = { .result = r };

	view.nremark = coverage_judge(r, arena, &view.remark);
	if (ask->found != NULL)
		ask->found(ask->ctx, view.nremark);
	if (form->json)
		cover_json(&out, &view);
	else
		cover_text(&out, &view, form);
	cover_flush(&out);
	buf_done(&out.text);
}

enum err
cover_run(struct select *select, const struct cover_ask *ask, struct why *why)
{
	struct coverage_ask count = { .go_on = ask->go_on, .ctx = ask->ctx };
	struct coverage_result result;
	struct cover_form form;
	struct arena *arena = arena_new((size_t)1 << 30);
	struct store *store;
	int dirfd;
	enum err rc = form_take(ask, &form, why);

	if (rc == OK)
		rc = period_take(select, ask, &count.period, why);
	if (rc == OK)
		rc = select_store(select, &store, &dirfd, why);
	if (rc == OK)
		rc = coverage_make(store, dirfd, &count, arena, &result, why);
	if (rc == OK)
		cover_tell(ask, &result, &form, arena);
	arena_free(&arena);
	return rc;
}

static void
job_tells(void *ctx, uint64_t n)
{
	job_found(ctx, n);
}

static bool
job_out(void *ctx, struct span bytes)
{
	return job_write(ctx, bytes);
}

static bool
job_goes_on(void *ctx)
{
	return !job_cancelled(ctx);
}

enum err
cover_job(struct select *select, struct job *job, struct why *why)
{
	const struct cover_ask ask = { .start = job_param(job, "start"),
	    .end = job_param(job, "end"), .format = job_param(job, "format"),
	    .lang = job_param(job, "lang"), .found = job_tells, .write = job_out,
	    .go_on = job_goes_on, .ctx = job };

	if (ask.format != NULL && strcmp(ask.format, "json") != 0)
		job_type(job, "text/plain; charset=utf-8");
	return cover_run(select, &ask, why);
}
