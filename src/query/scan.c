/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. One leaf over one field: a predicate once per
 * distinct word, then codes to bits; numbers as numbers; other values in batches.
 */
#include "query/eval.h"

#include <math.h>

#include "query/value.h"

enum {
	BATCH = 1024,
	TRIED = 2,
	NOT_TRIED = 0,
	HIT = 3,
	FEW_ROWS = 16		/* one in so many: texts are sooner made than lists judged */
};

static bool
speaks_for(const struct view *view, const struct part *part, uint32_t row)
{
	return part->shape_ok == NULL || part->shape_ok[view->shape_of[row]] != 0;
}

/* hit[code[i]] to bits for a part with a value in every row. */
static void
codes_to_bits(const uint8_t *hit, const uint32_t *code, uint32_t n, const struct bits *want,
    struct bits *ret)
{
	for (uint32_t from = 0; from < n; from += 64) {
		uint32_t end = n - from < 64 ? n - from : 64;
		uint64_t w = 0;

		if (want->w[from / 64] == 0)
			continue;
		for (uint32_t k = 0; k < end; k++)
			w |= (uint64_t)(hit[code[from + k]] & 1) << k;
		ret->w[from / 64] |= w & want->w[from / 64];
	}
}

/* Rows of the part that are wanted: all of them match. */
static void
part_all(const struct view *view, const struct part *part, const struct bits *want,
    struct bits *ret)
{
	if (part->row == NULL && part->shape_ok == NULL) {
		bits_or(ret, want);
		return;
	}
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;

		if (bits_has(want, row) && speaks_for(view, part, row))
			bits_set(ret, row);
	}
}

/* All words at once when there are not many more of them than rows to ask for. */
static void
words_scan(struct view *view, const struct matcher *m, const struct part *part,
    const struct bits *want, struct bits *ret)
{
	uint8_t *hit = arena_zalloc(view->arena, part->nword + 1, 1);
	uint32_t wanted = bits_count(want);
	bool all = part->nword <= wanted;

	if (all)
		match_values(m, &view->scratch, part->word, part->nword, hit);
	if (all && memchr(hit, 1, part->nword) == NULL)
		return;
	if (all && part->row == NULL && part->shape_ok == NULL) {
		codes_to_bits(hit, part->code, part->n, want, ret);
		return;
	}
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;
		uint8_t *h = &hit[part->code[i]];

		if (!bits_has(want, row) || !speaks_for(view, part, row))
			continue;
		if (!all && *h == NOT_TRIED)
			*h = match_value(m, &view->scratch, part->word[part->code[i]]) ? HIT :
			    TRIED;
		if ((*h & 1) != 0)
			bits_set(ret, row);
	}
}

void
scan_values(struct view *view, const struct matcher *m, const struct part *part,
    const uint32_t *at, uint32_t n, struct bits *ret)
{
	struct span value[BATCH];
	uint8_t hit[BATCH];
	uint32_t which[BATCH], k = 0;

	for (uint32_t i = 0; i <= n; i++) {
		if (k == BATCH || (i == n && k > 0)) {
			match_values(m, &view->scratch, value, k, hit);
			for (uint32_t j = 0; j < k; j++)
				if (hit[j] != 0)
					bits_set(ret, part->row != NULL ? part->row[which[j]] :
					    which[j]);
			k = 0;
		}
		if (i == n)
			break;
		value[k] = part_value(view, part, at[i]);
		if (value[k].p == view->room.p && value[k].n > 0) {
			/* The room is used again for the next value: ask at once. */
			if (match_value(m, &view->scratch, value[k]))
				bits_set(ret, part->row != NULL ? part->row[at[i]] : at[i]);
			continue;
		}
		which[k++] = at[i];
	}
}

/* The numbers of the values of wanted rows, in the arena. */
static uint32_t
wanted_values(struct view *view, const struct part *part, const struct bits *want,
    uint32_t **ret_at)
{
	uint32_t *at = arena_alloc(view->arena, (part->n + 1) * sizeof *at), n = 0;

	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;

		if (bits_has(want, row) && speaks_for(view, part, row))
			at[n++] = i;
	}
	*ret_at = at;
	return n;
}

/* Bounds of whole numbers for a filter on a column of canonical decimals; false: not by number. */
static bool
as_numbers(const struct filter *f, const struct column_info *info, int64_t *ret_low,
    int64_t *ret_high)
{
	int64_t v;
	struct buf text = { 0 };
	bool same;

	if (f->op == FILTER_RANGE) {
		*ret_low = f->low <= -0x1p63 ? INT64_MIN : f->low >= 0x1p63 ? INT64_MAX :
		    (int64_t)ceil(f->low);
		*ret_high = f->high >= 0x1p63 ? INT64_MAX : f->high < -0x1p63 ? INT64_MIN :
		    (int64_t)floor(f->high);
		/* Beyond 2^53 a text and its double are not the same number. */
		return info->int_min > -(1LL << 53) && info->int_max < 1LL << 53 &&
		    f->low < 0x1p63 &&
		    f->high >= -0x1p63;
	}
	if (f->op != FILTER_EXACT && (f->op != FILTER_PHRASE || info->int_min < 0))
		return false;
	if (!value_i64(f->text, &v))
		return false;
	value_put_i64(&text, v);
	same = span_eq(buf_span(&text), f->text);
	buf_done(&text);
	*ret_low = *ret_high = v;
	return same;
}

static void
numbers_scan(const struct view *view, const struct part *part, int64_t low, int64_t high,
    const struct bits *want, struct bits *ret)
{
	const struct column_info *info = part->column->info;

	if (low > info->int_max || high < info->int_min)
		return;
	if (low <= info->int_min && high >= info->int_max) {
		part_all(view, part, want, ret);
		return;
	}
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;

		if (part->num[i] >= low && part->num[i] <= high && bits_has(want, row) &&
		    speaks_for(view, part, row))
			bits_set(ret, row);
	}
}

static enum err
part_scan(struct view *view, const struct matcher *m, struct part *part, const struct bits *want,
    struct bits *ret, struct why *why)
{
	int64_t low, high;
	uint32_t *at, n;

	if (part->n == 0)
		return OK;
	if (part->nword > 0 && part->code == NULL) {
		if (match_value(m, &view->scratch, part->word[0]))
			part_all(view, part, want, ret);
		return OK;
	}
	if (part->num != NULL && as_numbers(m->filter, part->column->info, &low, &high)) {
		numbers_scan(view, part, low, high, want, ret);
		return OK;
	}
	if (part->nword > 0) {
		words_scan(view, m, part, want, ret);
		return OK;
	}
	if (part->text && m->regex != NULL && regex_machine(m->regex) != NULL &&
	    bits_count(want) >= part->n / FEW_ROWS)
		return scan_machine(view, m, part, want, ret, why);
	if (part->text)
		return scan_text(view, m, part, want, ret, why);
	n = wanted_values(view, part, want, &at);
	scan_values(view, m, part, at, n, ret);
	return OK;
}

/* Rows of shapes that do not have the field, or have it twice. */
static enum err
odd_rows_scan(struct view *view, const struct matcher *m, const struct field *field,
    const struct bits *want, struct bits *ret, struct why *why)
{
	struct span value;
	enum err rc = OK;

	for bits_each(row, want) {
		uint8_t state = field->state[view->shape_of[row]];

		if (state == SHAPE_ABSENT && m->empty)
			bits_set(ret, row);
		if (state != SHAPE_MANY)
			continue;
		rc = view_joined(view, field, row, &value, why);
		if (rc != OK)
			return rc;
		if (match_value(m, &view->scratch, value))
			bits_set(ret, row);
	}
	return OK;
}

enum err
scan_field(struct view *view, const struct filter *leaf, const struct bits *want,
    struct bits *ret, struct why *why)
{
	const struct matcher *m = leaf->matcher;
	struct field *field;
	enum err rc = view_field(view, leaf->field, &field, why);

	bits_clear(ret);
	for (uint32_t p = 0; rc == OK && p < field->npart; p++)
		rc = part_scan(view, m, &field->part[p], want, ret, why);
	if (rc == OK && ((field->some_absent && m->empty) || field->some_many))
		rc = odd_rows_scan(view, m, field, want, ret, why);
	return rc;
}
