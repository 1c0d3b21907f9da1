/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters to a period, counts to JSON lines; tables are made by cover_text.c. See cover.h. */
#include "web/cover.h"

#include <string.h>

#include "sys/clock.h"
#include "model/batch.h"
#include "model/line.h"
#include "model/note.h"
#include "model/shape.h"
#include "store/key.h"
#include "store/proof.h"
#include "coverage/coverage.h"
#include "query/query.h"
#include "web/cover_int.h"
#include "web/enlisted.h"
#include "web/select.h"
#include "web/server.h"

enum { FIELDS = 32, DAY_S = 86400, FLUSH_BYTES = 64 << 10, WIDE_MOST = 10000 };

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
period_json(struct line *l, const struct cover_view *view)
{
	const struct coverage_result *r = view->result;

	line_begin(l, "period");
	time_add(l, "from", r->period.from_ns);
	time_add(l, "to", r->period.to_ns);
	signed_add(l, "zone_seconds", r->period.zone_s);
	number_add(l, "step_seconds", (uint64_t)(r->step_ns / CIVIL_SECOND_NS));
	number_add(l, "sources", r->nsource);
	number_add(l, "rows", r->rows);
	number_add(l, "unparsed", r->unparsed);
	number_add(l, "plain_lines", r->lines);
	number_add(l, "cut", r->cut);
	number_add(l, "missing_estimate", r->missing);
	number_add(l, "first_seq", r->first_seq);
	number_add(l, "last_seq", r->last_seq);
	number_add(l, "held", r->held);
	number_add(l, "outages", r->noutage);
	number_add(l, "outage_seconds", (uint64_t)(r->down_ns / CIVIL_SECOND_NS));
	time_add(l, "store_began", r->begun_ns);
	time_add(l, "losses_counted_to", r->counted_to_ns);
	text_add(l, "fingerprint", span_str(view->fingerprint));
	if (r->registry != NULL) {
		struct buf sum = { 0 };

		cover_sum_put(&sum, r->registry);
		text_add(l, "register_sha256", arena_dup(l->arena, buf_span(&sum)));
		number_add(l, "register_rows", r->nexpected);
		buf_done(&sum);
	}
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

/* What people call it. */
static void
row_names(struct line *l, const struct registry_row *row)
{
	if (row == NULL)
		return;
	text_add(l, "id", row->id);
	text_add(l, "name", cover_row_name(row));
	text_add(l, "system", row->system);
	text_add(l, "priority", row->priority);
	text_add(l, "contact", row->contact);
}

static void
source_json(struct line *l, const struct coverage_result *r, const struct coverage_source *s)
{
	line_begin(l, "source");
	source_names(l, s);
	row_names(l, cover_row(r, s->row));
	number_add(l, "rows", s->rows);
	number_add(l, "unparsed", s->unparsed);
	number_add(l, "plain_lines", s->lines);
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
expected_json(struct line *l, const struct coverage_result *r, uint32_t i)
{
	const struct coverage_expected *e = &r->expected[i];
	const struct registry_row *row = cover_row(r, i);

	line_begin(l, "expected");
	row_names(l, row);
	text_add(l, "source_kind", row->kind);
	text_add(l, "from", row->from);
	text_add(l, "host", row->host);
	text_add(l, "identity", row->identity);
	text_add(l, "listener", row->listener);
	if (row->has_unit)
		number_add(l, "unit", row->unit);
	text_add(l, "class_name", row->class);
	text_add(l, "state", span_str(cover_state_name(coverage_state(r, i))));
	time_add(l, "since", e->since_ns);
	number_add(l, "rows", e->rows);
	number_add(l, "senders", e->sources);
	time_add(l, "first", e->first_ns);
	time_add(l, "last", e->last_ns);
	line_end(l);
}

static void
unknown_json(struct line *l, const struct coverage_source *s,
    const struct registry *registry)
{
	struct buf command = { 0 };

	cover_command_put(&command, s, registry, COVER_BLANK_EN);
	line_begin(l, "unknown");
	source_names(l, s);
	number_add(l, "rows", s->rows);
	time_add(l, "first", s->first_ns);
	time_add(l, "last", s->last_ns);
	text_add(l, "guess", span_str(cover_guess(s) != NULL ? cover_guess(s) : ""));
	text_add(l, "command", buf_span(&command));
	line_end(l);
	buf_done(&command);
}

/* Where there is no register, everybody is unknown: said only when asked for. */
static void
register_json(struct line *l, const struct coverage_result *r, enum cover_show show)
{
	bool unknown = show == COVER_UNKNOWN || (show == COVER_ALL && r->nexpected > 0);

	for (uint32_t i = 0; show != COVER_UNKNOWN && i < r->nexpected; i++)
		if (cover_goes_on(l->out))
			expected_json(l, r, i);
	for (uint32_t i = 0; unknown && i < r->nsource; i++)
		if (coverage_is_unknown(&r->source[i]) && cover_goes_on(l->out))
			unknown_json(l, &r->source[i], r->registry);
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
	row_names(l, cover_row(r, m->row));
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
told_json(struct line *l, const struct told *told)
{
	line_begin(l, "told");
	text_add(l, "told_by", told->source);
	text_add(l, "what", span_str(told->what));
	number_add(l, "records", told->records);
	number_add(l, "lost", told->lost);
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
cover_json(struct cover_out *out, const struct cover_view *view, enum cover_show show)
{
	const struct coverage_result *r = view->result;
	struct line l = { .out = out, .arena = arena_new((size_t)1 << 20) };

	period_json(&l, view);
	for (uint32_t i = 0; show == COVER_ALL && i < r->nsource && cover_goes_on(out); i++)
		source_json(&l, r, &r->source[i]);
	register_json(&l, r, show);
	if (show == COVER_ALL)
		desk_json(&l, r);
	for (uint32_t i = 0; show == COVER_ALL && i < view->nremark && cover_goes_on(out); i++)
		remark_json(&l, r, &view->remark[i]);
	for (size_t i = 0; show == COVER_ALL && i < view->ntold && cover_goes_on(out); i++)
		told_json(&l, &view->told[i]);
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
	const char *show = ask->show != NULL ? ask->show : "all";
	uint64_t wide = 0;

	*ret = (struct cover_form){ .english = strcmp(lang, "en") == 0,
	    .json = strcmp(format, "json") == 0, .color = strcmp(format, "color") == 0,
	    .paper = strcmp(format, "paper") == 0,
	    .certificate = strcmp(format, "certificate") == 0 };
	if (!ret->json && !ret->color && !ret->paper && !ret->certificate &&
	    strcmp(format, "text") != 0)
		return why_set(why, ERR_FORMAT, "format is json, text, color, paper or "
		    "certificate, not '%.40s'", format);
	if (!ret->english && strcmp(lang, "vi") != 0)
		return why_set(why, ERR_FORMAT, "lang is vi or en, not '%.40s'", lang);
	if (ask->wide != NULL && (!line_decimal(span_str(ask->wide), &wide) || wide > WIDE_MOST))
		return why_set(why, ERR_FORMAT, "wide is a number of columns, not '%.40s'",
		    ask->wide);
	ret->wide = (int)wide;
	if (strcmp(show, "expected") == 0)
		ret->show = COVER_EXPECTED;
	else if (strcmp(show, "unknown") == 0)
		ret->show = COVER_UNKNOWN;
	else if (strcmp(show, "all") != 0)
		return why_set(why, ERR_FORMAT, "show is all, expected or unknown, not '%.40s'",
		    show);
	return OK;
}

/* Nobody signs for hours that have not been. */
static enum err
period_over(const struct coverage_period *p, const struct cover_form *form, struct why *why)
{
	struct buf text = { 0 };
	const struct coverage_result r = { .period = *p };
	const struct page page = { &text, &r, form };
	enum err rc;

	if (p->to_ns <= p->now_ns)
		return OK;
	buf_str(&text, said(&page, "kỳ này chưa kết thúc: đến ",
	    "the period is not over: it ends "));
	page_time(&page, p->to_ns);
	buf_str(&text, said(&page, ", bây giờ mới ", ", now it is "));
	page_time(&page, p->now_ns);
	buf_str(&text, said(&page, "; hãy lập bảng xác nhận sau lúc ấy, hoặc bỏ --until để lập đến "
	    "hết giờ vừa qua", "; make the certificate after that, or leave --until out: it then "
	    "ends with the last full hour"));
	rc = why_set(why, ERR_FORMAT, "%.*s", (int)text.n, (const char *)text.p);
	buf_done(&text);
	return rc;
}

/* The key that the seal is signed with, as it stands on paper. */
static enum err
key_take(struct select *select, char ret[KEY_FINGERPRINT_BYTES], struct why *why)
{
	uint64_t last_seq[STREAM_END];
	struct note_key key;
	struct buf note = { 0 };
	enum err rc = select_note(select, &note, &key, last_seq, why);

	if (rc == OK)
		key_fingerprint(ret, &key);
	buf_done(&note);
	return rc;
}

/* What needs a person, of what is shown. */
static uint64_t
found_count(const struct cover_view *view, enum cover_show show)
{
	const struct coverage_result *r = view->result;
	uint64_t n = 0;

	if (show == COVER_ALL)
		return view->nremark + view->ntold;
	for (uint32_t i = 0; show == COVER_EXPECTED && i < r->nexpected; i++)
		n += coverage_state(r, i) != COVERAGE_ARRIVES &&
		    coverage_state(r, i) != COVERAGE_LATER;
	for (uint32_t i = 0; show == COVER_UNKNOWN && i < r->nsource; i++)
		n += coverage_is_unknown(&r->source[i]);
	return n;
}

static void
cover_tell(const struct cover_ask *ask, const struct cover_view *v, const struct cover_form *form,
    struct arena *arena)
{
	struct cover_out out = { .write = ask->write, .ctx = ask->ctx };
	struct cover_view view = *v;

	view.nremark = coverage_judge(v->result, arena, &view.remark);
	if (ask->found != NULL)
		ask->found(ask->ctx, found_count(&view, form->show));
	if (form->json || form->certificate)
		cover_json(&out, &view, form->show);
	if (form->certificate)
		buf_str(&out.text, COVER_PART);
	if (!form->json && !form->paper)
		cover_text(&out, &view, form);
	if (form->certificate)
		buf_str(&out.text, COVER_PART);
	if (form->paper || form->certificate)
		cover_paper(&out, &view, form);
	cover_flush(&out);
	buf_done(&out.text);
}

enum err
cover_run(struct select *select, const struct cover_ask *ask, struct why *why)
{
	struct coverage_ask count = { .go_on = ask->go_on, .ctx = ask->ctx };
	struct coverage_result result;
	char fingerprint[KEY_FINGERPRINT_BYTES] = "";
	struct cover_view view = { .result = &result, .fingerprint = fingerprint };
	struct registry *registry = NULL;
	struct cover_form form;
	struct arena *arena = arena_new((size_t)1 << 30);
	struct store *store;
	int dirfd;
	enum err rc = form_take(ask, &form, why);

	if (rc == OK && ask->registry.n > 0)
		rc = registry_read(&registry, ask->registry, why);
	count.registry = registry;
	if (rc == OK)
		rc = period_take(select, ask, &count.period, why);
	if (rc == OK && form.certificate)
		rc = period_over(&count.period, &form, why);
	if (rc == OK && form.certificate)
		rc = key_take(select, fingerprint, why);
	if (rc == OK && registry != NULL)
		rc = enlisted_since(select, registry, arena, &count.since_ns, why);
	if (rc == OK)
		rc = select_store(select, &store, &dirfd, why);
	if (rc == OK)
		rc = coverage_make(store, dirfd, &count, arena, &result, why);
	if (rc == OK && form.show == COVER_ALL)
		rc = told_collect(select, count.period.from_ns, count.period.to_ns, arena,
		    &view.told, &view.ntold, why);
	if (rc == OK)
		cover_tell(ask, &view, &form, arena);
	arena_free(&arena);
	registry_free(&registry);
	return rc;
}

static bool
job_goes_on(void *ctx)
{
	return !job_cancelled(ctx);
}

enum err
cover_job(struct select *select, struct span registry, struct job *job, struct why *why)
{
	const struct cover_ask ask = { .start = job_param(job, "start"),
	    .end = job_param(job, "end"), .format = job_param(job, "format"),
	    .lang = job_param(job, "lang"), .wide = job_param(job, "wide"),
	    .show = job_param(job, "show"), .registry = registry,
	    .found = job_tells, .write = job_out,
	    .go_on = job_goes_on, .ctx = job };

	if (ask.format != NULL && strcmp(ask.format, "json") != 0)
		job_type(job, "text/plain; charset=utf-8");
	return cover_run(select, &ask, why);
}
