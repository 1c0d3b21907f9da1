/* SPDX-License-Identifier: Apache-2.0 */
/* The fold of the findings, as lines for programs and for people: see finds.h. */
#include "web/finds.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/civil.h"
#include "sys/clock.h"
#include "model/json.h"
#include "coverage/findings.h"
#include "coverage/rule.h"
#include "web/render.h"
#include "web/select.h"
#include "web/server.h"

enum { FOLD_BYTES = 256 << 20, ID_SHOWN = 4 };

struct finds {
	const struct finds_ask *ask;
	enum watch_lang lang;
	bool json, color;
	int32_t zone_s;
	struct buf out;
};

static bool
is_open(const struct findings_one *one)
{
	return one->finding.act != FINDING_CLOSED;
}

static int
gravest_first(const void *a, const void *b)
{
	const struct findings_one *x = a, *y = b;

	if (is_open(x) != is_open(y))
		return is_open(x) ? -1 : 1;
	if (is_open(x) && x->finding.level != y->finding.level)
		return x->finding.level > y->finding.level ? -1 : 1;
	return (x->finding.time_ns < y->finding.time_ns) -
	    (x->finding.time_ns > y->finding.time_ns);
}

static const char *
said(const struct finds *s, const char *vi, const char *en)
{
	return s->lang == LANG_EN ? en : vi;
}

static void
paint(struct finds *s, const char *how)
{
	if (s->color)
		buf_str(&s->out, how);
}

static void
json_put(struct finds *s, const struct findings_one *one)
{
	struct buf *out = &s->out, advice = { 0 };

	watch_advice(&advice, &one->finding, s->lang);
	finding_encode(out, &one->finding);
	out->n--;			/* its brace */
	buf_printf(out, ",\"open\":%s,\"acts\":%" PRIu32 ",\"sure\":",
	    is_open(one) ? "true" : "false", one->acts);
	json_string(out, span_str(watch_sure(&one->finding, s->lang)));
	buf_str(out, ",\"advice\":");
	json_string(out, buf_span(&advice));
	buf_str(out, "}\n");
	buf_done(&advice);
}

static void
time_put(struct finds *s, int64_t ns)
{
	struct civil c;

	civil_split(&c, ns, s->zone_s);
	if (s->lang == LANG_EN)
		buf_printf(&s->out, "%04d-%02d-%02d %02d:%02d", c.year, c.month, c.day, c.hour,
		    c.minute);
	else
		buf_printf(&s->out, "%02d/%02d/%04d %02d:%02d", c.day, c.month, c.year, c.hour,
		    c.minute);
}

/* Names come from records: they are shown as render_safe() has them. */
static void
text_put(struct finds *s, const struct findings_one *one)
{
	static const char *const paints[FINDING_LEVEL_END] = { "\033[2m", "\033[33m", "\033[33m",
	    "\033[31m", "\033[1;31m" };
	const struct finding *f = &one->finding;
	struct buf words = { 0 }, advice = { 0 };

	watch_advice(&advice, f, s->lang);
	watch_words(&words, f, s->lang);
	paint(s, is_open(one) ? paints[f->level] : "\033[2m");
	buf_printf(&s->out, "%s [%s] ", is_open(one) ? "!" : "✓", watch_level(f->level, s->lang));
	render_safe(&s->out, buf_span(&words), false);
	paint(s, "\033[0m");
	buf_printf(&s->out, "\n    %s ", said(s, "từ", "since"));
	time_put(s, f->opened_ns);
	if (!is_open(one)) {
		buf_printf(&s->out, " %s ", said(s, "đến", "to"));
		time_put(s, f->time_ns);
	}
	buf_printf(&s->out, "; %s; %s ", watch_sure(f, s->lang), said(s, "mã", "id"));
	for (unsigned i = 0; i < ID_SHOWN; i++)
		buf_printf(&s->out, "%02x", f->id[i]);
	buf_u8(&s->out, '\n');
	if (is_open(one) && advice.n > 0)
		buf_printf(&s->out, "    → %.*s\n", (int)advice.n, (const char *)advice.p);
	buf_done(&advice);
	buf_done(&words);
}

static void
all_put(struct finds *s, const struct findings_one *one, uint32_t n, uint32_t open)
{
	if (!s->json && open == 0)
		buf_printf(&s->out, "✓ %s\n", said(s, "không có phát hiện nào đang mở",
		    "nothing is open"));
	for (uint32_t i = 0; i < n; i++) {
		if (s->json)
			json_put(s, &one[i]);
		else
			text_put(s, &one[i]);
	}
}

static enum err
form_take(struct finds *s, struct why *why)
{
	const char *format = s->ask->format != NULL ? s->ask->format : "json";
	const char *lang = s->ask->lang != NULL ? s->ask->lang : "vi";

	s->lang = strcmp(lang, "en") == 0 ? LANG_EN : LANG_VI;
	s->json = strcmp(format, "json") == 0;
	s->color = strcmp(format, "color") == 0;
	if (!s->json && !s->color && strcmp(format, "text") != 0)
		return why_set(why, ERR_FORMAT, "format is json, text or color, not '%.40s'",
		    format);
	if (s->lang != LANG_EN && strcmp(lang, "vi") != 0)
		return why_set(why, ERR_FORMAT, "lang is vi or en, not '%.40s'", lang);
	return OK;
}

enum err
finds_run(struct select *select, const struct finds_ask *ask, struct why *why)
{
	struct arena *arena = arena_new(FOLD_BYTES);
	struct finds s = { .ask = ask, .zone_s = select_zone_s(select) };
	struct findings_one *one = NULL;
	int64_t since_ns = INT64_MAX;
	uint32_t n = 0, open = 0;
	struct store *store;
	int dirfd;
	enum err rc = form_take(&s, why);

	if (rc == OK && ask->since != NULL)
		rc = select_time(select, ask->since, SELECT_FROM, clock_wall_ns(), &since_ns, why);
	if (rc == OK)
		rc = select_store(select, &store, &dirfd, why);
	if (rc == OK)
		rc = findings_fold(store, since_ns, arena, &one, &n, why);
	if (rc == OK && n > 0)
		qsort(one, n, sizeof *one, gravest_first);
	for (uint32_t i = 0; rc == OK && i < n; i++)
		open += is_open(&one[i]);
	if (rc == OK && ask->found != NULL)
		ask->found(ask->ctx, open);
	if (rc == OK) {
		all_put(&s, one, n, open);
		(void)ask->write(ask->ctx, buf_span(&s.out));
	}
	buf_done(&s.out);
	arena_free(&arena);
	return rc;
}

enum err
finds_job(struct select *select, struct job *job, struct why *why)
{
	const struct finds_ask ask = { .since = job_param(job, "since"),
	    .format = job_param(job, "format"), .lang = job_param(job, "lang"),
	    .found = job_tells, .write = job_out, .ctx = job };

	if (ask.format != NULL && strcmp(ask.format, "json") != 0)
		job_type(job, "text/plain; charset=utf-8");
	return finds_run(select, &ask, why);
}
