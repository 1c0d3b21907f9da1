/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. See query/match.h; each case is a section of LogsQL "Filters". */
#include "query/match.h"

#include "base/fold.h"
#include "base/hash.h"
#include "query/value.h"

/* ---- making ---- */

static bool
is_text_op(enum filter_op op)
{
	return op == FILTER_PHRASE || op == FILTER_PREFIX || op == FILTER_SUBSTRING ||
	    op == FILTER_CASE_PHRASE || op == FILTER_CASE_PREFIX;
}

static enum alike
alike_of(const struct filter *filter)
{
	if (filter->fold)
		return ALIKE_FOLDED;
	if (filter->op == FILTER_CASE_PHRASE || filter->op == FILTER_CASE_PREFIX)
		return ALIKE_CASE;
	return ALIKE_SAME;
}

static struct span
alike_copy(struct arena *arena, struct span text, enum alike alike)
{
	struct room room = { 0 };
	struct span copy = arena_dup(arena, text_alike(&room, text, alike));

	room_done(&room);
	return copy;
}

/* A table of the values for IN: open addressing, twice as many slots as values at least. */
static void
table_make(struct matcher *m, struct arena *arena)
{
	const struct filter *f = m->filter;
	uint32_t slots = 4, *slot;

	while (slots < f->nvalue * 2)
		slots *= 2;
	slot = arena_zalloc(arena, slots, sizeof *slot);
	for (uint32_t i = 0; i < f->nvalue; i++) {
		uint32_t at = (uint32_t)hash64(f->value[i]) & (slots - 1);

		while (slot[at] != 0)
			at = (at + 1) & (slots - 1);
		slot[at] = i + 1;
	}
	m->mask = slots - 1;
	m->slot = slot;
}

static void
needles_make(struct matcher *m, struct arena *arena)
{
	const struct filter *f = m->filter;
	uint32_t n = is_text_op(f->op) ? 1 : f->nvalue;
	struct span *needle = arena_zalloc(arena, n + 1, sizeof *needle);

	for (uint32_t i = 0; i < n; i++)
		needle[i] = alike_copy(arena, is_text_op(f->op) ? f->text : f->value[i], m->alike);
	m->needle = needle;
	m->nneedle = n;
}

enum err
match_compile(struct filter *filter, struct arena *arena, struct matcher **list, struct why *why)
{
	struct matcher *m = arena_zalloc(arena, 1, sizeof *m);
	struct match_scratch scratch;
	enum err rc;

	m->filter = filter;
	m->alike = alike_of(filter);
	if (filter->op == FILTER_REGEX) {
		rc = regex_new(&m->regex, filter->text, filter->anchored, arena, why);
		if (rc != OK)
			return why_prefix(why, rc, "column %u", filter->column);
	} else if (filter->op == FILTER_IN) {
		table_make(m, arena);
	} else {
		needles_make(m, arena);
	}
	m->next = *list;
	*list = m;
	filter->matcher = m;
	match_scratch_init(&scratch);
	m->empty = match_value(m, &scratch, SPAN(""));
	match_scratch_done(&scratch);
	return OK;
}

void
match_done(struct matcher **list)
{
	for (struct matcher *m = *list; m != NULL; m = m->next)
		regex_free(&m->regex);
	*list = NULL;
}

void
match_scratch_init(struct match_scratch *scratch)
{
	*scratch = (struct match_scratch){ .regex = regex_scratch_new() };
}

void
match_scratch_done(struct match_scratch *scratch)
{
	room_done(&scratch->room);
	regex_scratch_free(&scratch->regex);
}

/* ---- matching ---- */

static bool
phrase_in(struct span text, struct span needle, enum phrase_edges edges)
{
	if (needle.n == 0)
		return text.n == 0;
	return phrase_find(text, needle, edges, 0) != SIZE_MAX;
}

static bool
needles_match(const struct matcher *m, struct span text)
{
	size_t at = 0;

	switch (m->filter->op) {
	case FILTER_PREFIX:
	case FILTER_CASE_PREFIX:
		return phrase_in(text, m->needle[0], PHRASE_LEFT);
	case FILTER_SUBSTRING:
		return phrase_in(text, m->needle[0], PHRASE_OPEN);
	case FILTER_CONTAINS_ALL:
		for (uint32_t i = 0; i < m->nneedle; i++)
			if (!phrase_in(text, m->needle[i], PHRASE_BOTH))
				return false;
		return true;
	case FILTER_CONTAINS_ANY:
		for (uint32_t i = 0; i < m->nneedle; i++)
			if (phrase_in(text, m->needle[i], PHRASE_BOTH))
				return true;
		return false;
	case FILTER_SEQ:
		for (uint32_t i = 0; i < m->nneedle; i++) {
			/* What is left of the text begins anew, as documented by its examples. */
			text = span_sub(text, at, text.n);
			at = phrase_find(text, m->needle[i], PHRASE_BOTH, 0);
			if (at == SIZE_MAX)
				return false;
			at += m->needle[i].n;
		}
		return true;
	default:
		return phrase_in(text, m->needle[0], PHRASE_BOTH);
	}
}

static bool
in_table(const struct matcher *m, struct span value)
{
	const struct filter *f = m->filter;

	for (uint32_t at = (uint32_t)hash64(value) & m->mask; m->slot[at] != 0;
	    at = (at + 1) & m->mask)
		if (span_eq(f->value[m->slot[at] - 1], value))
			return true;
	return false;
}

/* Code points; an octet that is no UTF-8 counts one. */
static int64_t
characters(struct span value)
{
	int64_t n = 0;

	for (size_t at = 0; at < value.n; n++) {
		if (value.p[at] < 0x80)
			at++;
		else
			(void)rune_next(value, &at);
	}
	return n;
}

static bool
range_match(const struct filter *f, struct span value)
{
	double v;

	return value_number(value, &v) && v >= f->low && v <= f->high;
}

static bool
ipv4_match(const struct filter *f, struct span value)
{
	uint32_t v;

	return value_ipv4(value, &v) && v >= f->from && v <= f->to;
}

static bool
string_range_match(const struct filter *f, struct span value)
{
	return span_cmp(value, f->value[0]) >= 0 &&
	    (f->nvalue == 1 || span_cmp(value, f->value[1]) < 0);
}

bool
match_value(const struct matcher *m, struct match_scratch *scratch, struct span value)
{
	const struct filter *f = m->filter;
	int64_t n;

	switch (f->op) {
	case FILTER_ANY:
		return value.n > 0;
	case FILTER_EXACT:
		return span_eq(value, f->text);
	case FILTER_EXACT_PREFIX:
		return span_starts(value, f->text);
	case FILTER_IN:
		return in_table(m, value);
	case FILTER_REGEX:
		return regex_match(m->regex, scratch->regex, value);
	case FILTER_RANGE:
		return range_match(f, value);
	case FILTER_STRING_RANGE:
		return string_range_match(f, value);
	case FILTER_IPV4_RANGE:
		return ipv4_match(f, value);
	case FILTER_LEN_RANGE:
		n = characters(value);
		return n >= f->from && n <= f->to;
	default:
		return needles_match(m, text_alike(&scratch->room, value, m->alike));
	}
}

void
match_values(const struct matcher *m, struct match_scratch *scratch, const struct span *value,
    size_t n, uint8_t *hit)
{
	if (m->filter->op == FILTER_REGEX) {
		regex_match_many(m->regex, scratch->regex, value, n, hit);
		return;
	}
	for (size_t i = 0; i < n; i++)
		hit[i] = match_value(m, scratch, value[i]);
}

bool
match_two(enum filter_op op, struct span a, struct span b)
{
	int c;

	if (op == FILTER_EQ_FIELD)
		return span_eq(a, b);
	c = value_compare(a, b);
	return op == FILTER_LE_FIELD ? c <= 0 : c < 0;
}

static int64_t
floor_mod(int64_t a, int64_t b)
{
	int64_t m = a % b;

	return m < 0 ? m + b : m;
}

bool
match_time(const struct filter *f, int64_t ns)
{
	int64_t shifted, v;

	if (f->op == FILTER_TIME)
		return ns >= f->from && ns <= f->to;
	if (__builtin_add_overflow(ns, f->offset_ns, &shifted))
		shifted = ns;
	v = f->op == FILTER_DAY_RANGE ? floor_mod(shifted, NS_PER_DAY) :
	    (int64_t)value_weekday(shifted);
	return v >= f->from && v <= f->to;
}
