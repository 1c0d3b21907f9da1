/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes were checked. The columns of a segment, decoded when asked for, and
 * records put together from them.
 */
#include "store/segment_data.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "store/column.h"

uint32_t
segment_columns(const struct segment *s)
{
	return s->ncolumn;
}

const struct column_info *
segment_column(const struct segment *s, uint32_t column)
{
	must(column < s->ncolumn);
	return &s->column[column].info;
}

/* ---- which rows have values ---- */

/* Sets col->first[shape] = values of the column in one row; their sum must be nvalue. */
static enum err
counts_make(struct segment *s, uint32_t index, struct why *why)
{
	struct segment_column *col = &s->column[index];
	uint64_t total = 0;

	col->first = hold_alloc(&s->hold, s->nshape, sizeof *col->first);
	for (uint32_t i = 0; i < s->nshape; i++) {
		const struct segment_shape *shape = &s->shape[i];
		uint32_t n = 0;

		for (uint32_t k = 0; k < shape->shape->nhole; k++)
			n += shape->place[k].column == index;
		col->first[i] = n;
		total += (uint64_t)n * shape->rows;
	}
	if (total != col->info.nvalue)
		return why_set(why, ERR_FORMAT, "column %u has %u values for %llu holes", index,
		    col->info.nvalue, (unsigned long long)total);
	return OK;
}

/* The row of each value, or NULL when each row has one. */
static const uint32_t *
rows_make(struct segment *s, const struct segment_column *col)
{
	bool all_one = true;
	uint32_t *row, n = 0;

	for (uint32_t i = 0; i < s->nshape; i++)
		all_one &= col->first[i] == 1 || s->shape[i].rows == 0;
	if (all_one)
		return NULL;
	row = hold_alloc(&s->hold, col->info.nvalue, sizeof *row);
	for (uint32_t i = 0; i < s->nrow; i++) {
		for (uint32_t k = col->first[s->shape_index[i]]; k > 0; k--)
			row[n++] = i;
	}
	must(n == col->info.nvalue);
	return row;
}

/* The first value of `row` in a column that has one there; a guess from the last time first. */
static uint32_t
first_value(struct segment_column *col, uint32_t row)
{
	const uint32_t *rows = col->column.row;
	uint32_t low = 0, high = col->column.n, at = col->cursor;

	if (rows == NULL)
		return row;
	for (uint32_t i = 0; i < 4 && at < high && rows[at] <= row; i++, at++) {
		if (rows[at] == row && (at == 0 || rows[at - 1] < row)) {
			col->cursor = at;
			return at;
		}
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (rows[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	col->cursor = low;
	return low;
}

/* ---- loading ---- */

/* The words are what the segment's sources say, each once. */
static enum err
source_column(struct segment *s, uint8_t encoding, struct column *ret, struct why *why)
{
	struct span *word = hold_alloc(&s->hold, s->nsource, sizeof *word);
	uint32_t *code = hold_alloc(&s->hold, ret->n, sizeof *code);
	uint32_t *code_of = hold_alloc(&s->hold, s->nsource, sizeof *code_of);
	struct gather distinct = { 0 };
	const uint16_t *source;
	enum err rc = segment_source_index(s, &source, why);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < s->nsource; i++) {
		struct span v = encoding == ENCODING_HOST ? s->source[i]->host :
		    s->source[i]->app;

		code_of[i] = gather_intern(&distinct, v, 0);
		word[code_of[i]] = v;
	}
	ret->nword = distinct.nword;
	gather_done(&distinct);
	for (uint32_t i = 0; i < ret->n; i++)
		code[i] = code_of[source[ret->row != NULL ? ret->row[i] : i]];
	ret->word = word;
	ret->code = code;
	return OK;
}

/* A copy of another column: the same arrays when both have the same rows. */
static enum err
same_column(struct segment *s, uint64_t target, struct segment_column *col, struct why *why)
{
	struct column *ret = &col->column;
	const struct column *from;
	enum err rc;

	if (target >= s->ncolumn || s->column[target].params.p[0] == ENCODING_SAME ||
	    s->column[target].params.p[0] == ENCODING_TEXT)
		return why_set(why, ERR_FORMAT, "column: the same as none");
	rc = column_decode(s, (uint32_t)target, why);
	if (rc != OK)
		return rc;
	from = &s->column[target].column;
	if (from->n != ret->n || (ret->row == NULL) != (from->row == NULL) ||
	    (ret->row != NULL && memcmp(ret->row, from->row, ret->n * sizeof *ret->row) != 0))
		return why_set(why, ERR_FORMAT, "column: the same as one with other rows");
	ret->nword = from->nword;
	ret->word = from->word;
	ret->code = from->code;
	ret->value = from->value;
	ret->num = from->num;
	col->more = s->column[target].more;
	return OK;
}

static enum err
params_read(struct segment *s, struct segment_column *col, struct why *why)
{
	struct cur c = cur_of(col->params);
	struct list_in in = { &c, s->sealed, &s->hold };
	uint8_t encoding = col->params.p[0];
	enum err rc;

	switch (encoding) {
	case ENCODING_HOST:
	case ENCODING_APP:
		(void)cur_u8(&c);
		rc = source_column(s, encoding, &col->column, why);
		break;
	case ENCODING_SAME:
		(void)cur_u8(&c);
		rc = same_column(s, cur_varint(&c), col, why);
		break;
	case ENCODING_TEXT:
		rc = text_get(&in, &col->column, &col->text, why);
		break;
	default:
		rc = column_get(&in, &col->column, &col->more, why);
		break;
	}
	if (rc == OK && !cur_done(&c))
		rc = why_set(why, ERR_FORMAT, "column: octets behind its parameters");
	if (rc == OK && col->info.has_int != (col->column.num != NULL))
		rc = why_set(why, ERR_FORMAT, "column: numbers where none are, or none");
	return rc;
}

enum err
column_decode(struct segment *s, uint32_t index, struct why *why)
{
	struct segment_column *col = &s->column[index];
	const uint16_t *shape;
	enum err rc;

	if (col->loaded)
		return OK;
	rc = segment_shape_index(s, &shape, why);
	if (rc == OK)
		rc = counts_make(s, index, why);
	if (rc != OK)
		return rc;
	col->column = (struct column){ .info = &col->info, .n = col->info.nvalue };
	col->column.row = rows_make(s, col);
	rc = params_read(s, col, why);
	if (rc != OK)
		text_reader_free(&col->text);
	if (rc != OK)
		return why_prefix(why, rc, "column %.*s", (int)col->info.name.n,
		    (const char *)col->info.name.p);
	col->loaded = true;
	return OK;
}

enum err
column_load(struct segment *s, uint32_t index, struct why *why)
{
	enum err rc = column_decode(s, index, why);

	if (rc == OK)
		column_values(&s->column[index].column, &s->column[index].more, &s->hold);
	return rc;
}

enum err
segment_column_load(struct segment *s, uint32_t column, const struct column **ret_column,
    struct why *why)
{
	enum err rc;

	must(column < s->ncolumn);
	rc = column_load(s, column, why);
	if (rc == OK)
		*ret_column = &s->column[column].column;
	return segment_why(s, rc, why);
}

/* ---- texts ---- */

static struct span
value_at(const struct column *c, uint32_t i)
{
	if (c->value != NULL)
		return c->value[i];
	return c->word[c->code != NULL ? c->code[i] : 0];
}

struct text_of {
	struct segment *segment;
	struct segment_column *column;
};

/* The first value of another column in the row of value i: a text_ref_fn. */
static enum err
text_ref(void *ctx, uint32_t index, uint32_t i, struct span *ret_value, struct why *why)
{
	const struct text_of *of = ctx;
	struct segment *s = of->segment;
	struct segment_column *target;
	uint32_t row = of->column->column.row != NULL ? of->column->column.row[i] : i;
	enum err rc;

	if (index >= s->ncolumn || s->column[index].params.p[0] == ENCODING_TEXT)
		return why_set(why, ERR_FORMAT, "text: a slot that repeats no column");
	rc = column_load(s, index, why);
	if (rc != OK)
		return rc;
	target = &s->column[index];
	if (target->first[s->shape_index[row]] == 0)
		return why_set(why, ERR_FORMAT, "text: a slot that repeats nothing");
	*ret_value = value_at(&target->column, first_value(target, row));
	return OK;
}

/*
 * Of eight octets that stand for eight values: 1 where a value is wanted (not 0) and was not made
 * yet (0).
 */
static uint64_t
missing_eight(const uint8_t *made, const uint8_t *want)
{
	const uint64_t ones = 0x0101010101010101, sevens = 0x7f7f7f7f7f7f7f7f;
	uint64_t m, w;

	memcpy(&m, made, sizeof m);
	memcpy(&w, want, sizeof w);
	w = (((w & sevens) + sevens) | w) >> 7;
	return w & ~m & ones;
}

/* Which of the wanted values are still to be made; NULL: none. */
static uint8_t *
missing_of(const struct segment_column *col, const uint8_t *want)
{
	uint32_t n = col->column.n, i = 0;
	uint8_t *missing = xmalloc(n + 1);
	uint64_t any = 0, eight;

	for (; want != NULL && n - i >= sizeof eight; i += sizeof eight) {
		eight = missing_eight(col->made + i, want + i);
		memcpy(missing + i, &eight, sizeof eight);
		any |= eight;
	}
	for (; i < n; i++) {
		missing[i] = col->made[i] == 0 && (want == NULL || want[i] != 0);
		any |= missing[i];
	}
	if (any == 0) {
		free(missing);
		missing = NULL;
	}
	return missing;
}

static enum err
texts_make(struct segment *s, struct segment_column *col, const uint8_t *want, struct why *why)
{
	struct text_of of = { s, col };
	uint8_t *missing;
	enum err rc;

	if (col->value == NULL) {
		col->value = hold_alloc(&s->hold, col->column.n, sizeof *col->value);
		col->made = hold_alloc(&s->hold, col->column.n, 1);
		memset(col->made, 0, col->column.n);
		col->column.value = col->value;
	}
	missing = missing_of(col, want);
	if (missing == NULL)
		return OK;
	rc = text_make(col->text, missing, col->value, text_ref, &of, why);
	for (uint32_t i = 0; i < col->column.n && rc == OK; i++)
		col->made[i] |= missing[i];
	free(missing);
	return rc;
}

enum err
segment_column_text(struct segment *s, uint32_t column, const uint8_t *want, struct why *why)
{
	struct segment_column *col = &s->column[column];
	const struct column *ret;
	enum err rc = segment_column_load(s, column, &ret, why);

	if (rc != OK || col->text == NULL)
		return rc;
	return segment_why(s, texts_make(s, col, want, why), why);
}

uint32_t
segment_text_lists(const struct segment *s, uint32_t column)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	return text_lists(s->column[column].text);
}

const uint32_t *
segment_text_slots(const struct segment *s, uint32_t column, uint32_t template, uint32_t *ret_n)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	return text_slots(s->column[column].text, template, ret_n);
}

bool
segment_list_may_hold(const struct segment *s, uint32_t column, uint32_t list, struct span text,
    bool any_case)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	return text_list_may_hold(s->column[column].text, list, text, any_case);
}

bool
segment_list_octets(const struct segment *s, uint32_t column, uint32_t list, struct span *ret)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	return text_list_octets(s->column[column].text, list, ret);
}

bool
segment_column_may_hold(const struct segment *s, uint32_t column, struct span text,
    bool any_case)
{
	const struct segment_column *col;

	must(column < s->ncolumn);
	col = &s->column[column];
	return col->info.nvalue > 0 && list_may_hold(col->params, text, any_case);
}

bool
segment_list_one(const struct segment *s, uint32_t column, uint32_t list, struct span *ret)
{
	struct span params;

	must(column < s->ncolumn && s->column[column].text != NULL);
	params = text_list_params(s->column[column].text, list);
	return params.n > 0 && params.p[0] == ENCODING_CONST && list_octets(s->sealed, params, ret);
}

void
segment_list_outline(const struct segment *s, uint32_t column, uint32_t list,
    struct outline *ret)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	list_outline(s->sealed, text_list_params(s->column[column].text, list), ret);
}

enum err
segment_list_ipv4(struct segment *s, uint32_t column, uint32_t list, const int64_t **ret_num,
    uint32_t *ret_n, struct why *why)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	return segment_why(s, text_list_ipv4(s->column[column].text, list, ret_num, ret_n, why),
	    why);
}

const struct text_map *
segment_text_map(struct segment *s, uint32_t column)
{
	must(column < s->ncolumn && s->column[column].text != NULL);
	return text_map(s->column[column].text);
}

const struct text_away *
segment_text_away(struct segment *s, uint32_t column, uint32_t *ret_n)
{
	const struct segment_column *col = &s->column[column];

	must(column < s->ncolumn && col->text != NULL);
	return text_away(col->text, col->info.has_escape ? TEXT_ESCAPED : TEXT_PLAIN, ret_n);
}

enum err
segment_list_values(struct segment *s, uint32_t column, uint32_t list, struct list_values *ret,
    struct why *why)
{
	struct text_slot slot = { 0 };
	enum err rc;

	must(column < s->ncolumn && s->column[column].text != NULL);
	rc = text_list(s->column[column].text, list, &slot, why);
	*ret = (struct list_values){ slot.nvalue, slot.value, slot.nref, slot.ref, slot.code };
	return segment_why(s, rc, why);
}

/* ---- records ---- */

/* Loads the column and, when it is a text, makes value i. */
static enum err
value_make(struct segment *s, uint32_t index, uint32_t row, uint32_t nth, struct span *ret,
    struct why *why)
{
	struct segment_column *col = &s->column[index];
	uint32_t i;
	enum err rc = column_load(s, index, why);

	if (rc != OK)
		return rc;
	i = first_value(col, row) + nth;
	if (col->text != NULL && (col->made == NULL || col->made[i] == 0)) {
		uint8_t *want = xcalloc(col->column.n, 1);

		want[i] = 1;
		rc = texts_make(s, col, want, why);
		free(want);
		if (rc != OK)
			return rc;
	}
	*ret = value_at(&col->column, i);
	return OK;
}

enum err
segment_values(struct segment *s, uint32_t row, struct span *ret_value, struct why *why)
{
	const struct segment_shape *shape;
	const uint16_t *shape_index;
	enum err rc;

	must(row < s->nrow);
	rc = segment_shape_index(s, &shape_index, why);
	if (rc != OK)
		return rc;
	shape = &s->shape[shape_index[row]];
	for (uint32_t i = 0; i < shape->shape->nhole; i++) {
		const struct place *place = &shape->place[i];

		rc = value_make(s, place->column, row, place->nth, &ret_value[i], why);
		if (rc != OK)
			return segment_why(s, rc, why);
	}
	return OK;
}

enum err
segment_raw(struct segment *s, uint32_t row, struct buf *out, struct why *why)
{
	struct span value[LIMIT_FIELDS];
	const struct shape *shape;
	enum err rc = segment_values(s, row, value, why);

	if (rc != OK)
		return rc;
	shape = s->shape[s->shape_index[row]].shape;
	buf_span_put(out, shape->head);
	for (uint32_t i = 0; i < shape->nhole; i++) {
		buf_span_put(out, value[i]);
		buf_span_put(out, shape->hole[i].piece);
	}
	return OK;
}
