/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. A row of a view as names and values: what
 * goes out, and what pipes that look at one row after the other work on. See query/view.h.
 */
#include "query/view.h"

#include "base/must.h"

static const char *const in_front[] = { "_time", "_stream_id", "_stream", "_msg" };
static const char *const from_priority[] = { "level", "severity", "facility",
	"facility_keyword" };

struct writer {
	struct view *view;
	struct arena *arena;
	uint32_t row;
	struct query_field *field;
	size_t n, cap;
	struct why *why;
};

static void
put(struct writer *w, struct span name, struct span value)
{
	if (value.n == 0)
		return;
	if (w->n == w->cap) {
		struct query_field *old = w->field;

		w->cap = w->cap == 0 ? 32 : w->cap * 2;
		w->field = arena_alloc(w->arena, w->cap * sizeof *w->field);
		if (w->n > 0)
			memcpy(w->field, old, w->n * sizeof *old);
	}
	w->field[w->n++] = (struct query_field){ name, value };
}

/* By its name, wherever its values come from. */
static enum err
put_named(struct writer *w, struct span name)
{
	struct span value = { 0 };
	struct field *field;
	bool is_source = false;
	enum err rc = OK;

	if (name.n > 0 && name.p[0] == '_')
		rc = source_text(w->view, name, w->row, &value, &is_source, w->why);
	if (rc == OK && is_source)
		put(w, name, value);
	if (rc != OK || is_source)
		return rc;
	rc = view_field(w->view, name, &field, w->why);
	if (rc == OK)
		rc = view_value(w->view, field, w->row, &value, w->why);
	if (rc == OK && value.p == w->view->room.p && value.n > 0)
		value = arena_dup(w->arena, value);
	put(w, name, value);
	return rc;
}

static enum err
put_hole(struct writer *w, const struct shape *shape, uint32_t h)
{
	const struct column *column;
	struct span raw = { 0 };
	uint8_t *room = NULL;
	enum err rc = view_hole(w->view, w->row, h, &raw, &column, w->why);

	if (rc != OK || column == NULL)
		return rc;
	if (raw.n > 0 && memchr(raw.p, '\\', raw.n) != NULL)
		room = arena_alloc(w->arena, raw.n);
	put(w, shape->hole[h].name, hole_value(shape, &shape->hole[h], raw, room));
	return OK;
}

static enum err
put_own(struct writer *w, const struct shape *shape, bool *ret_priority)
{
	struct span raw;
	const struct column *column;
	enum err rc = OK;

	if (shape->nhole > 0)	/* makes the places of the shape */
		rc = view_hole(w->view, w->row, 0, &raw, &column, w->why);
	for (uint32_t h = 0; h < shape->nhole && rc == OK; h++) {
		const struct hole *hole = &shape->hole[h];
		uint8_t turn = w->view->place[w->view->shape_of[w->row]][h].turn;

		*ret_priority |= hole->role == ROLE_PRIORITY;
		if (hole->role == ROLE_MESSAGE || hole->role == ROLE_TIME || turn == PLACE_AGAIN ||
		    is_virtual(hole->name))
			continue;
		rc = turn == PLACE_FIRST ? put_named(w, hole->name) : put_hole(w, shape, h);
	}
	return rc;
}

static bool
has(const struct writer *w, struct span name)
{
	for (size_t i = 0; i < w->n; i++)
		if (span_eq(w->field[i].name, name))
			return true;
	return false;
}

static enum err
put_all(struct writer *w)
{
	const struct shape *shape;
	const uint16_t *shape_of;
	bool priority = false;
	enum err rc = view_shape_of(w->view, &shape_of, w->why);

	for (size_t i = 0; i < sizeof in_front / sizeof in_front[0] && rc == OK; i++)
		rc = put_named(w, span_str(in_front[i]));
	if (rc != OK)
		return rc;
	shape = segment_shape(w->view->segment, shape_of[w->row]);
	rc = put_own(w, shape, &priority);
	for (size_t i = 0; i < sizeof from_priority / sizeof from_priority[0]; i++)
		if (rc == OK && priority && !has(w, span_str(from_priority[i])))
			rc = put_named(w, span_str(from_priority[i]));
	if (rc == OK)
		rc = put_named(w, SPAN("_seq"));
	return rc;
}

bool
name_matches(const struct name *pattern, struct span name)
{
	return pattern->prefix ? span_starts(name, pattern->text) : span_eq(name, pattern->text);
}

static bool
wanted(const struct need *need, struct span name)
{
	for (uint32_t i = 0; i < need->names.n; i++)
		if (name_matches(&need->names.v[i], name))
			return true;
	return false;
}

/* Takes out what is not wanted. */
static void
keep_wanted(struct writer *w, const struct need *need)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++)
		if (wanted(need, w->field[i].name))
			w->field[n++] = w->field[i];
	w->n = n;
}

enum err
view_row(struct view *view, const struct need *need, uint32_t row, struct arena *arena,
    struct query_row *ret_row, struct why *why)
{
	struct writer w = { .view = view, .arena = arena, .row = row, .why = why };
	bool whole = need->all;
	enum err rc = OK;

	for (uint32_t i = 0; i < need->names.n; i++)
		whole |= need->names.v[i].prefix;
	if (whole)
		rc = put_all(&w);
	if (whole && !need->all)
		keep_wanted(&w, need);
	for (uint32_t i = 0; i < need->names.n && rc == OK; i++) {
		const struct name *name = &need->names.v[i];

		if (!name->prefix && !(whole && has(&w, name->text)))
			rc = put_named(&w, name->text);
	}
	ret_row->n = w.n;
	ret_row->field = w.field;
	return rc;
}
