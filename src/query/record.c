/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. Rows of a view one at a time: the value of a
 * hole, of a field, of a name that a row has twice; and whole fields as one code per row. See
 * query/view.h.
 */
#include "query/view.h"

#include "base/must.h"
#include "model/escape.h"

/* Finds the columns of a shape's holes, the first time that the shape is met. */
static void
places_make(struct view *view, uint32_t s)
{
	const struct shape *shape = segment_shape(view->segment, s);
	struct place *place = arena_alloc(view->arena, (shape->nhole + 1) * sizeof *place);
	uint32_t ncolumn = segment_columns(view->segment);

	for (uint32_t h = 0; h < shape->nhole; h++) {
		place[h] = (struct place){ UINT32_MAX, 0, PLACE_ONLY };
		for (uint32_t c = 0; c < ncolumn; c++) {
			const struct column_info *info = segment_column(view->segment, c);

			if (info->kind == shape->hole[h].kind &&
			    span_eq(info->name, shape->hole[h].name)) {
				place[h].column = c;
				break;
			}
		}
		for (uint32_t k = 0; k < h; k++) {
			place[h].nth += place[k].column == place[h].column;
			if (place[h].turn == PLACE_ONLY &&
			    span_eq(shape->hole[k].name, shape->hole[h].name)) {
				place[k].turn = PLACE_FIRST;
				place[h].turn = PLACE_AGAIN;
			}
		}
	}
	view->place[s] = place;
}

static enum err
records_ready(struct view *view, struct why *why)
{
	uint32_t ncolumn = segment_columns(view->segment);
	const uint16_t *shape_of;

	if (view->place == NULL) {
		view->place = arena_zalloc(view->arena, view->nshape + 1, sizeof *view->place);
		view->cursor = arena_zalloc(view->arena, ncolumn + 1, sizeof *view->cursor);
		view->text_all = arena_zalloc(view->arena, ncolumn + 1, 1);
	}
	return view_shape_of(view, &shape_of, why);
}

/* The first value of the row in a column that has one there. */
static uint32_t
value_number_of(const struct column *column, uint32_t row, uint32_t *cursor)
{
	uint32_t low = 0, high = column->n, at = *cursor;

	if (column->row == NULL)
		return row;
	for (int i = 0; i < 4 && at < high && column->row[at] < row; i++)
		at++;
	if (at < high && column->row[at] == row && (at == 0 || column->row[at - 1] < row)) {
		*cursor = at;
		return at;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (column->row[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	*cursor = low;
	return low;
}

enum err
view_hole(struct view *view, uint32_t row, uint32_t hole, struct span *ret_raw,
    const struct column **ret_column, struct why *why)
{
	const struct column *column;
	struct place place;
	uint32_t i, s;
	enum err rc = records_ready(view, why);

	if (rc != OK)
		return rc;
	s = view->shape_of[row];
	if (view->place[s] == NULL)
		places_make(view, s);
	place = view->place[s][hole];
	if (place.column == UINT32_MAX) {
		*ret_raw = (struct span){ 0 };
		*ret_column = NULL;
		return OK;
	}
	rc = segment_column_load(view->segment, place.column, &column, why);
	if (rc != OK)
		return rc;
	i = value_number_of(column, row, &view->cursor[place.column]) + place.nth;
	must(i < column->n);
	if (column->nword > 0)
		*ret_raw = column->word[column->info->form == COLUMN_CONST ? 0 : column->code[i]];
	else
		*ret_raw = column->value[i];
	*ret_column = column;
	return OK;
}

struct span
hole_value(const struct shape *shape, const struct hole *hole, struct span raw, uint8_t *room)
{
	switch (hole->kind) {
	case HOLE_JSON_LITERAL:
		return span_is(raw, "null") ? SPAN("") : raw;
	case HOLE_JSON_STRING:
	case HOLE_SD_VALUE:
		if (raw.n == 0 || memchr(raw.p, '\\', raw.n) == NULL)
			return raw;
		return span_of(room, escape_undo(room, raw, hole->kind));
	case HOLE_TEXT:
		if (raw.n == 1 && raw.p[0] == '-' && shape->format == FORMAT_RFC5424 &&
		    hole->role != ROLE_MESSAGE)
			return SPAN("");
		return raw;
	default:
		return raw;
	}
}

static bool
is_needed(const struct need *need, const struct column_info *info)
{
	bool message = (info->roles >> ROLE_MESSAGE & 1) != 0;

	if (need->all)
		return true;
	for (uint32_t i = 0; i < need->names.n; i++) {
		const struct name *name = &need->names.v[i];

		/* For a prefix the whole row is put together first. */
		if (name->prefix || span_eq(name->text, info->name) ||
		    (message && span_is(name->text, "_msg")))
			return true;
	}
	return false;
}

/* Sets want[i] for the values of these rows. */
static void
values_of_rows(struct view *view, uint32_t index, const struct column *column,
    const struct bits *rows, uint8_t *want)
{
	for bits_each(row, rows) {
		uint32_t i = value_number_of(column, row, &view->cursor[index]);

		for (; i < column->n && (column->row != NULL ? column->row[i] : i) == row; i++)
			want[i] = 1;
	}
}

enum err
view_text_rows(struct view *view, const struct need *need, const struct bits *rows,
    struct why *why)
{
	uint32_t ncolumn = segment_columns(view->segment);
	enum err rc = records_ready(view, why);

	for (uint32_t c = 0; c < ncolumn && rc == OK; c++) {
		const struct column_info *info = segment_column(view->segment, c);
		const struct column *column;
		uint8_t *want;

		if (info->form != COLUMN_TEXT || view->text_all[c] || !is_needed(need, info))
			continue;
		rc = segment_column_load(view->segment, c, &column, why);
		if (rc != OK)
			break;
		want = arena_zalloc(view->arena, column->n + 1, 1);
		values_of_rows(view, c, column, rows, want);
		rc = segment_column_text(view->segment, c, want, why);
	}
	return rc;
}

/* All of the text columns that hold values of this name. */
static enum err
text_of_name(struct view *view, struct span name, struct why *why)
{
	uint32_t ncolumn = segment_columns(view->segment);
	enum err rc = records_ready(view, why);

	for (uint32_t c = 0; c < ncolumn && rc == OK; c++) {
		const struct column_info *info = segment_column(view->segment, c);
		const struct column *column;

		if (info->form != COLUMN_TEXT || view->text_all[c] || !span_eq(info->name, name))
			continue;
		rc = segment_column_load(view->segment, c, &column, why);
		if (rc == OK)
			rc = segment_column_text(view->segment, c, NULL, why);
		view->text_all[c] = 1;
	}
	return rc;
}

enum err
view_joined(struct view *view, const struct field *field, uint32_t row, struct span *ret_value,
    struct why *why)
{
	const struct column *column;
	struct span raw, value, first = { 0 };
	const struct shape *shape;
	struct buf out = { 0 };
	uint32_t n = 0;
	enum err rc = text_of_name(view, field->name, why);

	if (rc != OK)
		return rc;
	shape = segment_shape(view->segment, view->shape_of[row]);
	buf_u8(&out, '[');
	for (uint32_t h = 0; h < shape->nhole && rc == OK; h++) {
		if (!span_eq(shape->hole[h].name, field->name))
			continue;
		rc = view_hole(view, row, h, &raw, &column, why);
		if (rc != OK)
			break;
		value = hole_value(shape, &shape->hole[h], raw, arena_alloc(view->arena, raw.n +
		    1));
		if (value.n == 0)
			continue;
		if (n++ == 0)
			first = value;
		else
			buf_u8(&out, ',');
		json_string_put(&out, value);
	}
	buf_u8(&out, ']');
	*ret_value = n > 1 ? arena_dup(view->arena, buf_span(&out)) : first;
	buf_done(&out);
	return rc;
}

enum err
view_value(struct view *view, struct field *field, uint32_t row, struct span *ret_value,
    struct why *why)
{
	if (field->some_many && field->state[view->shape_of[row]] == SHAPE_MANY)
		return view_joined(view, field, row, ret_value, why);
	for (uint32_t p = 0; p < field->npart; p++) {
		uint32_t i = part_find(view, &field->part[p], row);

		if (i != UINT32_MAX) {
			*ret_value = part_value(view, &field->part[p], i);
			return OK;
		}
	}
	*ret_value = SPAN("");
	return OK;
}

/* ---- fields as codes ---- */

struct coder {
	struct view *view;
	const struct bits *want;
	struct span *word;
	uint32_t nword, cap;
	uint32_t *code;
};

static uint32_t
word_add(struct coder *c, struct span word)
{
	if (word.n == 0)
		return 0;
	if (c->nword == c->cap) {
		struct span *old = c->word;

		c->cap *= 2;
		c->word = arena_alloc(c->view->arena, c->cap * sizeof *c->word);
		memcpy(c->word, old, c->nword * sizeof *old);
	}
	c->word[c->nword] = word;
	return c->nword++;
}

/* Words of the part that some wanted row has get a code when they are met. */
static void
words_code(struct coder *c, const struct part *part)
{
	uint32_t *known = arena_alloc(c->view->arena, part->nword * sizeof *known);

	memset(known, 0xff, part->nword * sizeof *known);
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;
		uint32_t w = part->code != NULL ? part->code[i] : 0;

		if (!bits_has(c->want, row) ||
		    (part->shape_ok != NULL && !part->shape_ok[c->view->shape_of[row]]))
			continue;
		if (known[w] == UINT32_MAX)
			known[w] = word_add(c, part->word[w]);
		c->code[row] = known[w];
	}
}

static enum err
values_code(struct coder *c, struct part *part, struct why *why)
{
	struct view *view = c->view;
	uint8_t *want = arena_alloc(view->arena, part->n + 1);
	enum err rc;

	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;

		want[i] = bits_has(c->want, row) &&
		    (part->shape_ok == NULL || part->shape_ok[view->shape_of[row]]);
	}
	rc = part_text(view, part, want, why);
	for (uint32_t i = 0; i < part->n && rc == OK; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;
		struct span value;

		if (!want[i])
			continue;
		value = part_value(view, part, i);
		if (value.p == view->room.p)
			value = arena_dup(view->arena, value);
		c->code[row] = word_add(c, value);
	}
	return rc;
}

enum err
view_coded(struct view *view, struct field *field, const struct bits *want,
    struct coded *ret_coded, struct why *why)
{
	struct coder c = { .view = view, .want = want, .cap = 64, .nword = 1 };
	enum err rc = OK;

	c.word = arena_zalloc(view->arena, c.cap, sizeof *c.word);
	c.code = arena_zalloc(view->arena, view->nrow + 1, sizeof *c.code);
	for (uint32_t p = 0; p < field->npart && rc == OK; p++) {
		struct part *part = &field->part[p];

		if (part->nword > 0)
			words_code(&c, part);
		else
			rc = values_code(&c, part, why);
	}
	for bits_each(row, want) {
		struct span value;

		if (!field->some_many || rc != OK)
			break;
		if (field->state[view->shape_of[row]] != SHAPE_MANY)
			continue;
		rc = view_joined(view, field, row, &value, why);
		c.code[row] = word_add(&c, value);
	}
	ret_coded->nword = c.nword;
	ret_coded->word = c.word;
	ret_coded->code = c.code;
	return rc;
}
