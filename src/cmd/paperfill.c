/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values of a form out of what the desk says: see paper.h. The desk gives flat names and lists
 * (doc/formats/form.md, "Values from the desk"); the form takes what it declares. A field of a
 * block is the list's value of that name, or of what stands behind "BLOCK_".
 */
#include "cmd/paper.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/desk.h"

enum { PATH_BYTES = 200, TEXT_BYTES = CIVIL_TEXT_BYTES + 1, WEEK_DAYS = 7 };

bool
paperfill_wanted(const struct paper_asked *a)
{
	return a->incident != NULL || a->evidence != NULL || a->handover != NULL || a->from !=
	    NULL || a->to != NULL || a->day != NULL || a->week != NULL || a->month != NULL ||
	    a->directive != NULL || a->checklist != NULL || a->office;
}

/* ---- times ---- */

/* Days since 1970 of "2026-11-24", "24/11/2026", "today". */
static bool
day_read(const char *text, int32_t zone_s, int64_t *ret_day)
{
	char iso[] = "0000-00-00";
	int64_t ns;

	if (strcmp(text, "today") == 0) {
		*ret_day = (clock_wall_ns() / CIVIL_SECOND_NS + zone_s) / CIVIL_DAY_S;
		return true;
	}
	if (strlen(text) == 10 && text[2] == '/' && text[5] == '/') {
		memcpy(iso, text + 6, 4);
		memcpy(iso + 5, text + 3, 2);
		memcpy(iso + 8, text, 2);
		text = iso;
	}
	if (!civil_date(span_str(text), &ns))
		return false;
	*ret_day = ns / CIVIL_SECOND_NS / CIVIL_DAY_S;
	return true;
}

static void
day_put(char ret[TEXT_BYTES], int64_t day, int32_t zone_s)
{
	size_t n = civil_put((uint8_t *)ret, (day * CIVIL_DAY_S - zone_s) * CIVIL_SECOND_NS, 0,
	    zone_s);

	ret[n] = '\0';
}

/* The first day of the month and of the next: "2026-11", "11/2026". */
static bool
month_read(const char *text, int64_t *ret_from, int64_t *ret_to)
{
	char iso[] = "0000-00-01";
	int64_t ns;
	struct civil c;

	if (strlen(text) != 7)
		return false;
	memcpy(iso, text[2] == '/' ? text + 3 : text, 4);
	memcpy(iso + 5, text[2] == '/' ? text : text + 5, 2);
	if (!civil_date(span_str(iso), &ns))
		return false;
	civil_split(&c, ns, 0);
	*ret_from = ns / CIVIL_SECOND_NS / CIVIL_DAY_S;
	*ret_to = *ret_from + civil_month_days(c.year, c.month);
	return true;
}

/* A day is its beginning; else what the desk makes of it. */
static void
time_add(struct buf *form, const char *name, const char *value, int32_t zone_s)
{
	char text[TEXT_BYTES];
	int64_t day;

	if (day_read(value, zone_s, &day)) {
		day_put(text, day, zone_s);
		value = text;
	}
	form_add(form, name, span_str(value));
}

static enum err
times_put(struct buf *form, const struct paper_asked *a, struct why *why)
{
	const char *said = a->day != NULL ? a->day : a->week != NULL ? a->week : a->month;
	int32_t zone_s = desk_zone_s(a->state);
	char text[TEXT_BYTES];
	int64_t from = 0, to = 0;
	bool good;

	if (said == NULL && (a->from == NULL || a->to == NULL))
		return why_set(why, ERR_FORMAT, "this form is about a time: --day DAY, --week DAY, "
		    "--month MONTH, or --from TIME --to TIME");
	if (said == NULL) {
		time_add(form, "start", a->from, zone_s);
		time_add(form, "end", a->to, zone_s);
		return OK;
	}
	good = said == a->month ? month_read(said, &from, &to) : day_read(said, zone_s, &from);
	if (!good)
		return why_set(why, ERR_FORMAT, "'%s' is no day or month: write 2026-11-24, "
		    "24/11/2026, 2026-11 or today", said);
	/* Weeks begin on Monday; 1970-01-01 was a Thursday. */
	if (said == a->week)
		from -= (from + 3) % WEEK_DAYS;
	if (said != a->month)
		to = from + (said == a->week ? WEEK_DAYS : 1);
	day_put(text, from, zone_s);
	form_add(form, "start", span_str(text));
	day_put(text, to, zone_s);
	form_add(form, "end", span_str(text));
	return OK;
}

/* ---- asking ---- */

/* What stands in a path: an id, a number. */
static enum err
path_put(char path[PATH_BYTES], const char *about, const char *id, const char *option,
    struct why *why)
{
	if (id == NULL)
		return why_set(why, ERR_FORMAT, "this form is about one %s: say which by %s",
		    about, option);
	if (id[0] == '\0' || strlen(id) > 64 || id[strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
		return why_set(why, ERR_FORMAT, "'%s' is no id; see the list of what the desk has",
		    id);
	(void)snprintf(path, PATH_BYTES, "/api/papers/values/%s/%s", about, id);
	return OK;
}

static enum err
desk_values(struct buf *json, struct paper_asked *a, struct span about, struct why *why)
{
	const struct {
		const char *about, *id, *option;
	} row[] = {
		{ "incident", a->incident, "--incident SC" },
		{ "evidence", a->evidence, "--evidence N" },
		{ "handover", a->handover, "--handover N" },
		{ "directive", a->directive, "--directive CD" },
		{ "checklist", a->checklist, "--checklist KT" },
	};
	char path[PATH_BYTES] = "";
	struct buf form = { 0 };
	enum err rc = OK;

	for (size_t i = 0; i < sizeof row / sizeof row[0] && rc == OK; i++)
		if (span_is(about, row[i].about))
			rc = path_put(path, row[i].about, row[i].id, row[i].option, why);
	if (about.n == 0)
		rc = why_set(why, ERR_FORMAT, "this form takes nothing of the desk: it has no "
		    "line 'about'");
	if (rc == OK && path[0] == '\0')
		(void)snprintf(path, sizeof path, "/api/papers/values/%.*s", (int)about.n,
		    (const char *)about.p);
	if (rc == OK && span_is(about, "time"))
		rc = times_put(&form, a, why);
	if (rc == OK) {
		rc = api_ask(a->state, false, path, buf_span(&form), json, why);
		a->desk_failed = rc != OK;
	}
	buf_done(&form);
	return rc;
}

/* ---- putting together ---- */

struct merging {
	struct buf *out;
	const struct paperform *form;
	struct span head, blocks;	/* of the file of values */
	char time[24];			/* of a list, that is being written */
};

/* A line that begins with these octets. */
static bool
has_line(struct span text, const char *begin, const char *end)
{
	struct buf want = { 0 };
	bool found = false;

	buf_printf(&want, "%s%s", begin, end);
	for (struct span rest = text; rest.n > 0 && !found;) {
		const uint8_t *feed = memchr(rest.p, '\n', rest.n);

		found = span_starts(rest, buf_span(&want));
		rest = feed == NULL ? SPAN("") : span_sub(rest, (size_t)(feed - rest.p) + 1,
		    SIZE_MAX);
	}
	buf_done(&want);
	return found;
}

static const struct paperform_field *
field_of(const struct paperform *form, const char *name, unsigned block)
{
	for (size_t i = 0; i < form->nfield; i++)
		if (form->field[i].block == block && strcmp(form->field[i].name, name) == 0)
			return &form->field[i];
	return NULL;
}

static bool
on_value(void *ctx, const char *const *cell, int n)
{
	struct merging *m = ctx;

	must(n == 2);
	if (field_of(m->form, cell[0], 0) != NULL && !has_line(m->head, cell[0], "\t"))
		buf_printf(m->out, "%s\t%s\n", cell[0], cell[1]);
	return true;
}

/* list, its number, name, value. */
static bool
on_item(void *ctx, const char *const *cell, int n)
{
	const struct paperform_field *field;
	struct merging *m = ctx;
	unsigned block = 0;
	char behind[2 * PAPERFORM_NAME_BYTES];

	must(n == 4);
	while (block < m->form->nblock && strcmp(m->form->block[block].name, cell[0]) != 0)
		block++;
	(void)snprintf(behind, sizeof behind, "[%.*s]", PAPERFORM_NAME_BYTES, cell[0]);
	if (block == m->form->nblock || has_line(m->blocks, behind, ""))
		return true;
	if (strcmp(m->time, cell[1]) != 0) {
		(void)snprintf(m->time, sizeof m->time, "%s", cell[1]);
		buf_printf(m->out, "%s\n", behind);
	}
	field = field_of(m->form, cell[2], block + 1);
	(void)snprintf(behind, sizeof behind, "%.*s_%.*s", PAPERFORM_NAME_BYTES - 1, cell[0],
	    PAPERFORM_NAME_BYTES - 1, cell[2]);
	if (field == NULL)
		field = field_of(m->form, behind, block + 1);
	if (field != NULL && cell[3][0] != '\0')
		buf_printf(m->out, "%s\t%s\n", field->name, cell[3]);
	return true;
}

/* Up to the first block, and from there on. */
static void
own_split(struct merging *m, struct span own)
{
	size_t at = 0;

	if (span_starts(own, SPAN("\xef\xbb\xbf")))
		own = span_sub(own, 3, SIZE_MAX);
	while (at < own.n && (own.p[at] != '[' || (at > 0 && own.p[at - 1] != '\n')))
		at++;
	m->head = span_sub(own, 0, at);
	m->blocks = span_sub(own, at, SIZE_MAX);
}

#define ONE_LINE(TEXT) \
    "replace(replace(replace(" TEXT ", char(13), ''), char(10), ' '), char(9), ' ')"

enum err
paperfill_values(struct buf *out, struct paper_asked *asked, const struct paperform *form,
    struct span own, struct why *why)
{
	struct merging m = { .out = out, .form = form, .time = "" };
	struct buf json = { 0 };
	enum err rc = desk_values(&json, asked, form->about, why);

	own_split(&m, own);
	if (rc == OK) {
		api_rows(buf_span(&json), "SELECT key, " ONE_LINE("atom") " FROM json_each(:json)"
		    " WHERE atom IS NOT NULL AND atom <> ''", on_value, &m);
		buf_span_put(out, m.head);
		if (m.head.n > 0 && m.head.p[m.head.n - 1] != '\n')
			buf_u8(out, '\n');
		api_rows(buf_span(&json), "SELECT l.key, l.key || i.key, v.key, coalesce("
		    ONE_LINE("v.atom") ", '') FROM json_each(:json) l, json_each(l.value) i,"
		    " json_each(i.value) v WHERE l.type = 'array' AND i.type = 'object'", on_item,
		    &m);
		buf_span_put(out, m.blocks);
	}
	buf_done(&json);
	return rc;
}
