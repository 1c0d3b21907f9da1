/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: test code. See oracle.h. */
#include "oracle.h"

#include <stdlib.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/fold.h"
#include "base/must.h"
#include "fake_store.h"
#include "query/value.h"
#include "query/view.h"

enum { ROOMS = 8 };

static struct buf room[ROOMS];
static unsigned room_at;

static struct buf *
room_next(void)
{
	struct buf *b = &room[room_at++ % ROOMS];

	b->n = 0;
	buf_reserve(b, 1);
	return b;
}

/* ---- values ---- */

static void
json_plain(struct buf *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s != '\\') {
			buf_u8(out, (uint8_t)*s);
			continue;
		}
		s++;
		if (*s == 'n') {
			buf_u8(out, '\n');
		} else if (*s == 't') {
			buf_u8(out, '\t');
		} else if (*s == 'u') {
			char hex[5] = { s[1], s[2], s[3], s[4], 0 };
			uint8_t at[4];

			buf_put(out, at, rune_put(at, (uint32_t)strtoul(hex, NULL, 16)));
			s += 4;
		} else {
			buf_u8(out, (uint8_t)*s);
		}
	}
}

static void
hole_plain(struct buf *out, const struct shape *shape, const struct hole *hole, const char *raw)
{
	if (hole->kind == HOLE_JSON_STRING) {
		json_plain(out, raw);
	} else if (hole->kind == HOLE_SD_VALUE) {
		for (; *raw != '\0'; raw++) {
			if (*raw == '\\' && (raw[1] == '"' || raw[1] == '\\' || raw[1] == ']'))
				raw++;
			buf_u8(out, (uint8_t)*raw);
		}
	} else if (hole->kind == HOLE_JSON_LITERAL) {
		buf_str(out, strcmp(raw, "null") == 0 ? "" : raw);
	} else if (hole->kind == HOLE_TEXT && shape->format == FORMAT_RFC5424 &&
	    hole->role != ROLE_MESSAGE && strcmp(raw, "-") == 0) {
		return;
	} else {
		buf_str(out, raw);
	}
}

static bool
made_up(struct buf *out, uint32_t i, struct span name)
{
	const struct fake_row *row = fake_row_at(i);
	const struct source *source = fake_source_at(row->source);
	uint8_t at[VALUE_TIME_BYTES];

	if (span_is(name, "_time") || span_is(name, "_recv"))
		buf_put(out, at, value_put_time(at, span_is(name, "_time") ? row->event_ns :
		    row->recv_ns));
	else if (span_is(name, "_seq"))
		buf_printf(out, "raw:1:%u", i + 1);
	else if (span_is(name, "_stream.hostname"))
		buf_span_put(out, source->host);
	else if (span_is(name, "_stream.app_name"))
		buf_span_put(out, source->app);
	else if (span_is(name, "_unit") || span_is(name, "_stream.unit"))
		buf_printf(out, "%.0u", (unsigned)source->unit);	/* nothing for 0 */
	else if (span_is(name, "_peer"))
		buf_span_put(out, source->peer);
	else if (span_is(name, "_stream"))
		buf_printf(out, "{app_name=\"%.*s\",hostname=\"%.*s\",unit=\"%u\"}",
		    (int)source->app.n, (const char *)source->app.p, (int)source->host.n,
		    (const char *)source->host.p, (unsigned)source->unit);
	else
		return span_starts(name, SPAN("_stream."));
	return true;
}

static void
by_priority(struct buf *out, const struct shape *shape, const struct fake_row *row,
    struct span name)
{
	static const char *const level[] = { "emerg", "alert", "critical", "error", "warning",
		"notice", "info", "debug" };

	for (uint32_t h = 0; h < shape->nhole; h++) {
		char *end;
		unsigned long v = strtoul(row->value[h], &end, 10);

		if (shape->hole[h].role != ROLE_PRIORITY || end == row->value[h] || *end != '\0' ||
		    v > 191)
			continue;
		if (span_is(name, "level"))
			buf_str(out, level[v % 8]);
		if (span_is(name, "severity"))
			buf_printf(out, "%lu", v % 8);
		if (span_is(name, "facility"))
			buf_printf(out, "%lu", v / 8);
	}
}

struct span
oracle_value(uint32_t i, struct span name)
{
	const struct fake_row *row = fake_row_at(i);
	const struct shape *shape = fake_shape_at(row->shape);
	struct buf *out = room_next(), *all = room_next(), one = { 0 };
	bool message = span_is(name, "_msg");
	unsigned holes = 0, filled = 0;

	if (made_up(out, i, name))
		return buf_span(out);
	buf_u8(all, '[');
	for (uint32_t h = 0; h < shape->nhole; h++) {
		if (message ? shape->hole[h].role != ROLE_MESSAGE : !span_eq(shape->hole[h].name,
		    name))
			continue;
		holes++;
		one.n = 0;
		hole_plain(&one, shape, &shape->hole[h], row->value[h]);
		if (one.n == 0)
			continue;
		if (filled++ > 0)
			buf_u8(all, ',');
		else
			buf_span_put(out, buf_span(&one));
		json_string_put(all, buf_span(&one));
	}
	buf_u8(all, ']');
	buf_done(&one);
	if (holes == 0)
		by_priority(out, shape, row, name);
	return filled > 1 ? buf_span(all) : buf_span(out);
}

/* ---- matching ---- */

static bool
is_word_before(struct span s, size_t at)
{
	return at > 0 && rune_is_word(rune_before(s, &at));
}

static bool
is_word_at(struct span s, size_t at)
{
	return at < s.n && rune_is_word(rune_next(s, &at));
}

/* Where the phrase is in s from `from` on; SIZE_MAX: nowhere. */
static size_t
find(struct span s, struct span phrase, bool left, bool right, size_t from)
{
	for (size_t at = from; at + phrase.n <= s.n; at++) {
		if (phrase.n > 0 && memcmp(s.p + at, phrase.p, phrase.n) != 0)
			continue;
		if (left && is_word_at(phrase, 0) && is_word_before(s, at))
			continue;
		if (right && is_word_before(phrase, phrase.n) && is_word_at(s, at + phrase.n))
			continue;
		return at;
	}
	return SIZE_MAX;
}

static struct span
alike(const struct filter *f, struct span s)
{
	bool any_case = f->op == FILTER_CASE_PHRASE || f->op == FILTER_CASE_PREFIX;
	struct buf *out;

	if (!f->fold && !any_case)
		return s;
	out = room_next();
	buf_reserve(out, s.n + 1);
	out->n = f->fold ? fold(out->p, s) : fold_case(out->p, s);
	return buf_span(out);
}

static bool
phrase(const struct filter *f, struct span s, struct span text, bool left, bool right)
{
	text = alike(f, text);
	s = alike(f, s);
	return text.n == 0 ? s.n == 0 : find(s, text, left, right, 0) != SIZE_MAX;
}

static bool
seq(const struct filter *f, struct span s)
{
	s = alike(f, s);
	for (uint32_t i = 0; i < f->nvalue; i++) {
		struct span text = alike(f, f->value[i]);
		size_t at = find(s, text, true, true, 0);

		if (at == SIZE_MAX)
			return false;
		s = span_sub(s, at + text.n, s.n);
	}
	return true;
}

static bool
regex(const struct filter *f, struct span s)
{
	struct buf pattern = { 0 };
	pcre2_match_data *data;
	pcre2_code *code;
	PCRE2_SIZE at;
	int error, rc;

	buf_str(&pattern, f->anchored ? "\\A(?:" : "(?:");
	buf_span_put(&pattern, f->text);
	buf_str(&pattern, f->anchored ? ")\\z" : ")");
	code = pcre2_compile(pattern.p, pattern.n, PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &error, &at,
	    NULL);
	must(code != NULL);
	data = pcre2_match_data_create(1, NULL);
	rc = pcre2_match(code, s.n > 0 ? s.p : (const uint8_t *)"", s.n, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(code);
	buf_done(&pattern);
	return rc >= 0;
}

static int64_t
length(struct span s)
{
	int64_t n = 0;

	for (size_t at = 0; at < s.n; n++)
		(void)rune_next(s, &at);
	return n;
}

static bool
any_of(const struct filter *f, struct span s, bool whole)
{
	for (uint32_t i = 0; i < f->nvalue; i++)
		if (whole ? span_eq(s, f->value[i]) : phrase(f, s, f->value[i], true, true))
			return true;
	return false;
}

static bool
all_of(const struct filter *f, struct span s)
{
	for (uint32_t i = 0; i < f->nvalue; i++)
		if (!phrase(f, s, f->value[i], true, true))
			return false;
	return true;
}

static bool
of_day(const struct filter *f, int64_t ns)
{
	int64_t day = 86400LL * 1000000000, v = ((ns + f->offset_ns) % day + day) % day;

	return v >= f->from && v <= f->to;
}

static bool
of_week(const struct filter *f, int64_t ns)
{
	int64_t day = 86400LL * 1000000000, v = ns + f->offset_ns;

	v = ((v - ((v % day + day) % day)) / day % 7 + 7 + 4) % 7;
	return v >= f->from && v <= f->to;
}

static bool
leaf_matches(uint32_t i, const struct filter *f)
{
	struct span s = oracle_value(i, f->field), other;
	int64_t ns = fake_row_at(i)->event_ns;
	uint32_t ip;
	double v;

	switch (f->op) {
	case FILTER_ANY:
		return s.n > 0;
	case FILTER_PHRASE:
	case FILTER_CASE_PHRASE:
		return phrase(f, s, f->text, true, true);
	case FILTER_PREFIX:
	case FILTER_CASE_PREFIX:
		return phrase(f, s, f->text, true, false);
	case FILTER_SUBSTRING:
		return phrase(f, s, f->text, false, false);
	case FILTER_EXACT:
		return span_eq(s, f->text);
	case FILTER_EXACT_PREFIX:
		return span_starts(s, f->text);
	case FILTER_REGEX:
		return regex(f, s);
	case FILTER_IN:
		return any_of(f, s, true);
	case FILTER_CONTAINS_ALL:
		return all_of(f, s);
	case FILTER_CONTAINS_ANY:
		return any_of(f, s, false);
	case FILTER_SEQ:
		return seq(f, s);
	case FILTER_RANGE:
		return value_number(s, &v) && v >= f->low && v <= f->high;
	case FILTER_STRING_RANGE:
		return span_cmp(s, f->value[0]) >= 0 &&
		    (f->nvalue == 1 || span_cmp(s, f->value[1]) < 0);
	case FILTER_LEN_RANGE:
		return length(s) >= f->from && length(s) <= f->to;
	case FILTER_IPV4_RANGE:
		return value_ipv4(s, &ip) && ip >= f->from && ip <= f->to;
	case FILTER_TIME:
		return ns >= f->from && ns <= f->to;
	case FILTER_DAY_RANGE:
		return of_day(f, ns);
	case FILTER_WEEK_RANGE:
		return of_week(f, ns);
	default:
		other = oracle_value(i, f->text);
		if (f->op == FILTER_EQ_FIELD)
			return span_eq(s, other);
		return f->op == FILTER_LE_FIELD ? value_compare(s, other) <= 0 :
		    value_compare(s, other) < 0;
	}
}

bool
oracle_matches(uint32_t i, const struct filter *f)
{
	bool all = true, any = false;

	switch (f->op) {
	case FILTER_ALL:
		return true;
	case FILTER_NOT:
		return !oracle_matches(i, f->child[0]);
	case FILTER_STREAM:
		return oracle_matches(i, f->child[0]);
	case FILTER_AND:
		for (uint32_t k = 0; k < f->nchild; k++)
			all = all && oracle_matches(i, f->child[k]);
		return all;
	case FILTER_OR:
		for (uint32_t k = 0; k < f->nchild; k++)
			any = any || oracle_matches(i, f->child[k]);
		return any;
	default:
		return leaf_matches(i, f);
	}
}
