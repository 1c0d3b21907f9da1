/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays whose sizes come from the segment. See query/view.h. */
#include "query/view.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/must.h"
#include "model/escape.h"
#include "query/value.h"

/* A task's memory follows from one segment's; this is far above it. */
#define ARENA_BYTES	((size_t)16 << 30)

struct view *
view_new(struct segment *segment, const struct segment_info *info)
{
	struct view *view = xcalloc(1, sizeof *view);

	view->segment = segment;
	view->info = *info;
	view->nrow = segment_rows(segment);
	view->nshape = segment_shapes(segment);
	view->arena = arena_new(ARENA_BYTES);
	match_scratch_init(&view->scratch);
	return view;
}

void
view_free(struct view **view)
{
	struct view *v = *view;

	if (v == NULL)
		return;
	for (uint32_t i = 0; i < v->nspare; i++)
		free(v->spare[i]);
	match_scratch_done(&v->scratch);
	room_done(&v->room);
	buf_done(&v->raw);
	arena_free(&v->arena);
	segment_free(&v->segment);
	free(v);
	*view = NULL;
}

void
view_done(struct view **view, struct store *store)
{
	struct view *v = *view;

	if (v == NULL)
		return;
	store_segment_done(store, v->info.id, &v->segment);
	view_free(view);
}

struct bits *
view_bits(struct view *view)
{
	if (view->nspare > 0)
		return view->spare[--view->nspare];
	return xmalloc(sizeof(struct bits));
}

void
view_bits_done(struct view *view, struct bits **bits)
{
	if (*bits == NULL)
		return;
	if (view->nspare < sizeof view->spare / sizeof view->spare[0])
		view->spare[view->nspare++] = *bits;
	else
		free(*bits);
	*bits = NULL;
}

enum err
view_shape_of(struct view *view, const uint16_t **ret, struct why *why)
{
	enum err rc = OK;

	if (view->shape_of == NULL)
		rc = segment_shape_index(view->segment, &view->shape_of, why);
	*ret = view->shape_of;
	return rc;
}

/* ---- what is meant ---- */

/* Whether what is stored is what is meant. */
static bool
is_plain(const struct part *part, struct span raw)
{
	if (part->kind == HOLE_JSON_LITERAL)
		return !span_is(raw, "null");
	if (part->dash_null && raw.n == 1 && raw.p[0] == '-')
		return false;
	return !part->escaped || raw.n == 0 || memchr(raw.p, '\\', raw.n) == NULL;
}

/* What raw means, when it is not plain; room: at least raw.n octets. */
static struct span
meant(const struct part *part, struct span raw, uint8_t *room)
{
	if (part->kind != HOLE_JSON_STRING && part->kind != HOLE_SD_VALUE)
		return SPAN("");
	return span_of(room, escape_undo(room, raw, part->kind));
}

static struct span
made_up_value(struct view *view, const struct part *part, uint32_t i)
{
	struct buf out = { 0 };

	if (view->room.cap < 64) {
		view->room.cap = 64;
		view->room.p = xrealloc(view->room.p, 64);
	}
	out = (struct buf){ view->room.p, 0, view->room.cap };
	if (part->time_ns != NULL)
		return span_of(view->room.p, value_put_time(view->room.p, part->time_ns[i]));
	buf_str(&out, store_stream_name(view->info.stream));
	buf_u8(&out, ':');
	value_put_i64(&out, view->info.epoch);
	buf_u8(&out, ':');
	value_put_i64(&out, (int64_t)part->seq[i]);
	return buf_span(&out);
}

static void
room_for(struct view *view, size_t n)
{
	if (view->room.cap >= n)
		return;
	view->room.cap = n + n / 2 + 64;
	view->room.p = xrealloc(view->room.p, view->room.cap);
}

/* A broken segment was reported when its columns were loaded. */
static struct span
raw_value(struct view *view, uint32_t row)
{
	view->raw.n = 0;
	if (segment_raw(view->segment, row, &view->raw, NULL) != OK || view->raw.n == 0)
		return span_of(NULL, 0);
	room_for(view, view->raw.n);
	memcpy(view->room.p, view->raw.p, view->raw.n);
	return span_of(view->room.p, view->raw.n);
}

struct span
part_value(struct view *view, const struct part *part, uint32_t i)
{
	struct span raw;

	if (part->nword > 0)
		return part->word[part->code != NULL ? part->code[i] : 0];
	if (part->time_ns != NULL || part->seq != NULL)
		return made_up_value(view, part, i);
	if (part->raw)
		return raw_value(view, i);
	raw = part->text ? part->column->value[i] : part->value[i];
	if (is_plain(part, raw))
		return raw;
	room_for(view, raw.n);
	return meant(part, raw, view->room.p);
}

uint32_t
part_find(struct view *view, struct part *part, uint32_t row)
{
	uint32_t low = 0, high = part->n, at = part->cursor;

	if (part->shape_ok != NULL && !part->shape_ok[view->shape_of[row]])
		return UINT32_MAX;
	if (part->row == NULL)
		return row;
	/* Rows are asked for in order, up or down: look near the last answer first. */
	for (int i = 0; i < 4 && at < high && part->row[at] < row; i++)
		at++;
	if (at < high && part->row[at] == row) {
		part->cursor = at;
		return at;
	}
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (part->row[middle] < row)
			low = middle + 1;
		else
			high = middle;
	}
	part->cursor = low;
	return low < part->n && part->row[low] == row ? low : UINT32_MAX;
}

enum err
part_text(struct view *view, struct part *part, const uint8_t *want, struct why *why)
{
	enum err rc = OK;

	if (part->text && (view->text_all == NULL || !view->text_all[part->index]))
		rc = segment_column_text(view->segment, part->index, want, why);
	return rc;
}

/* ---- resolving ---- */

/* A field of this name in a shape: the hole with the role of _msg, else any of the name. */
static bool
is_hole_of(const struct hole *hole, struct span name, bool message)
{
	return message ? hole->role == ROLE_MESSAGE : span_eq(hole->name, name);
}

static void
states_make(struct view *view, struct field *field, bool message)
{
	uint8_t *state = arena_zalloc(view->arena, view->nshape, 1);

	for (uint32_t s = 0; s < view->nshape; s++) {
		const struct shape *shape = segment_shape(view->segment, s);

		for (uint32_t h = 0; h < shape->nhole && state[s] < SHAPE_MANY; h++)
			state[s] = (uint8_t)(state[s] + is_hole_of(&shape->hole[h], field->name,
			    message));
		field->some_absent |= state[s] == SHAPE_ABSENT;
		field->some_many |= state[s] == SHAPE_MANY;
	}
	field->state = state;
}

/* What of the holes in a column belongs to the field, by what "-" means there. */
struct column_use {
	uint8_t *ok[2];			/* by shape, [1]: "-" is null */
	uint32_t shapes[2];
	bool all;			/* no hole of the column is left out */
};

static void
column_use_make(struct view *view, const struct field *field, const struct column_info *info,
    bool message, struct column_use *use)
{
	*use = (struct column_use){ .all = true };
	for (int i = 0; i < 2; i++)
		use->ok[i] = arena_zalloc(view->arena, view->nshape, 1);
	for (uint32_t s = 0; s < view->nshape; s++) {
		const struct shape *shape = segment_shape(view->segment, s);

		for (uint32_t h = 0; h < shape->nhole; h++) {
			const struct hole *hole = &shape->hole[h];
			bool null = shape->format == FORMAT_RFC5424 && hole->kind == HOLE_TEXT &&
			    hole->role != ROLE_MESSAGE;

			if (hole->kind != info->kind || !span_eq(hole->name, info->name))
				continue;
			if (field->state[s] != SHAPE_ONE || !is_hole_of(hole, field->name,
			    message)) {
				use->all = false;
				continue;
			}
			use->ok[null][s] = 1;
			use->shapes[null]++;
		}
	}
}

/* Words as they are meant. */
static void
words_plain(struct view *view, struct part *part)
{
	struct span *word = NULL;

	for (uint32_t i = 0; i < part->nword; i++) {
		struct span raw = part->word[i];

		if (is_plain(part, raw))
			continue;
		if (word == NULL) {
			word = arena_alloc(view->arena, part->nword * sizeof *word);
			memcpy(word, part->word, part->nword * sizeof *word);
		}
		word[i] = meant(part, raw, arena_alloc(view->arena, raw.n + 1));
	}
	if (word != NULL)
		part->word = word;
}

static void
part_from_column(struct part *part, const struct column *column, uint32_t index)
{
	const struct column_info *info = column->info;

	*part = (struct part){ .n = column->n, .row = column->row, .nword = column->nword,
	    .word = column->word, .code = column->code, .value = column->value, .num = column->num,
	    .column = column, .index = index, .kind = info->kind };
	part->escaped = info->has_escape &&
	    (info->kind == HOLE_JSON_STRING || info->kind == HOLE_SD_VALUE);
	part->text = info->form == COLUMN_TEXT;
	if (info->form == COLUMN_CONST)
		part->code = NULL;
}

static enum err
column_parts(struct view *view, struct field *field, uint32_t index, bool message,
    struct why *why)
{
	struct column_use use;
	const struct column *column;
	enum err rc;

	column_use_make(view, field, segment_column(view->segment, index), message, &use);
	if (use.shapes[0] + use.shapes[1] == 0)
		return OK;
	rc = segment_column_load(view->segment, index, &column, why);
	for (int null = 0; null < 2 && rc == OK; null++) {
		struct part *part = &field->part[field->npart];

		if (use.shapes[null] == 0)
			continue;
		field->npart++;
		part_from_column(part, column, index);
		part->dash_null = null;
		if (!use.all || use.shapes[!null] > 0)
			part->shape_ok = use.ok[null];
		words_plain(view, part);
	}
	return rc;
}

static bool
is_column_of(const struct column_info *info, struct span name, bool message)
{
	return message ? (info->roles >> ROLE_MESSAGE & 1) != 0 : span_eq(info->name, name);
}

/* Each column twice, for "-" that is null and "-" that is text; and what the priority says. */
static size_t
parts_at_most(const struct view *view, struct span name, bool message)
{
	uint32_t n = segment_columns(view->segment);
	size_t parts = 1;

	for (uint32_t i = 0; i < n; i++) {
		const struct column_info *info = segment_column(view->segment, i);

		if (is_column_of(info, name, message))
			parts += 2;
		parts += info->roles >> ROLE_PRIORITY & 1;
	}
	return parts;
}

static enum err
native_parts(struct view *view, struct field *field, bool message, struct why *why)
{
	uint32_t n = segment_columns(view->segment);
	enum err rc = OK;

	for (uint32_t i = 0; i < n && rc == OK; i++)
		if (is_column_of(segment_column(view->segment, i), field->name, message))
			rc = column_parts(view, field, i, message, why);
	return rc;
}

enum err
view_field(struct view *view, struct span name, struct field **ret_field, struct why *why)
{
	bool message = span_is(name, "_msg"), made_up = false;
	struct field *field;
	enum err rc;

	for (field = view->fields; field != NULL; field = field->next)
		if (span_eq(field->name, name)) {
			*ret_field = field;
			return OK;
		}
	field = arena_zalloc(view->arena, 1, sizeof *field);
	field->name = name;
	field->part = arena_zalloc(view->arena, parts_at_most(view, name, message),
	    sizeof *field->part);
	rc = virtual_part(view, field, &made_up, why);
	if (rc == OK && !made_up) {
		states_make(view, field, message);
		rc = native_parts(view, field, message, why);
		if (rc == OK)
			rc = priority_parts(view, field, why);
		if (rc == OK)
			rc = claimed_part(view, field, why);
	}
	for (uint32_t i = 0; i < field->npart && rc == OK; i++)
		if (field->part[i].shape_ok != NULL)
			rc = view_shape_of(view, &view->shape_of, why);
	if (rc == OK && (field->some_absent || field->some_many))
		rc = view_shape_of(view, &view->shape_of, why);
	if (rc != OK)
		return rc;
	field->next = view->fields;
	view->fields = field;
	*ret_field = field;
	return OK;
}
