/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of known sizes. See query/table.h. */
#include "query/table.h"

#include "base/hash.h"
#include "query/eval.h"
#include "query/value.h"

struct span
row_value(const struct query_row *row, struct span name)
{
	for (size_t i = 0; i < row->n; i++)
		if (span_eq(row->field[i].name, name))
			return row->field[i].value;
	return SPAN("");
}

static bool
leaf_matches(const struct filter *f, const struct query_row *row, struct match_scratch *scratch)
{
	struct span value = row_value(row, f->field);
	int64_t ns;

	switch (f->op) {
	case FILTER_TIME:
	case FILTER_DAY_RANGE:
	case FILTER_WEEK_RANGE:
		return value_time(value, &ns) && match_time(f, ns);
	case FILTER_EQ_FIELD:
	case FILTER_LE_FIELD:
	case FILTER_LT_FIELD:
		return match_two(f->op, value, row_value(row, f->text));
	default:
		return match_value(f->matcher, scratch, value);
	}
}

bool
row_matches(const struct filter *f, const struct query_row *row, struct match_scratch *scratch)
{
	switch (f->op) {
	case FILTER_ALL:
		return true;
	case FILTER_NOT:
		return !row_matches(f->child[0], row, scratch);
	case FILTER_STREAM:
		return row_matches(f->child[0], row, scratch);
	case FILTER_AND:
		for (uint32_t i = 0; i < f->nchild; i++)
			if (!row_matches(f->order[i], row, scratch))
				return false;
		return true;
	case FILTER_OR:
		for (uint32_t i = 0; i < f->nchild; i++)
			if (row_matches(f->order[i], row, scratch))
				return true;
		return false;
	default:
		return leaf_matches(f, row, scratch);
	}
}

enum err
table_filter(struct table *table, const struct filter *filter, struct bits *ret, struct why *why)
{
	if (table->view != NULL)
		return eval(table->view, filter, table->want, ret, why);
	bits_clear(ret);
	for bits_each(i, table->want)
		if (row_matches(filter, &table->row[i], table->scratch))
			bits_set(ret, i);
	return OK;
}

enum err
table_coded(struct table *table, struct span name, struct coded *ret_coded, struct why *why)
{
	struct field *field;
	struct span *word;
	uint32_t *code;
	enum err rc;

	if (table->view != NULL) {
		rc = view_field(table->view, name, &field, why);
		return rc == OK ? view_coded(table->view, field, table->want, ret_coded, why) : rc;
	}
	word = arena_zalloc(table->arena, table->nrow + 1, sizeof *word);
	code = arena_zalloc(table->arena, table->nrow + 1, sizeof *code);
	ret_coded->nword = 1;
	for bits_each(i, table->want) {
		struct span value = row_value(&table->row[i], name);

		if (value.n == 0)
			continue;
		word[ret_coded->nword] = value;
		code[i] = ret_coded->nword++;
	}
	ret_coded->word = word;
	ret_coded->code = code;
	return OK;
}

enum err
table_times(struct table *table, const int64_t **ret_ns, struct why *why)
{
	*ret_ns = NULL;
	return table->view != NULL ? segment_time(table->view->segment, ret_ns, why) : OK;
}

/* ---- names ---- */

struct name_set {
	struct arena *arena;
	struct name *v;
	uint32_t n, cap;
	uint32_t *slot;		/* number + 1 */
	uint32_t mask;
};

static uint32_t *
name_slot(struct name_set *set, struct span name)
{
	uint32_t at = (uint32_t)hash64(name) & set->mask;

	while (set->slot[at] != 0 && !span_eq(set->v[set->slot[at] - 1].text, name))
		at = (at + 1) & set->mask;
	return &set->slot[at];
}

static void
name_set_grow(struct name_set *set)
{
	struct name *old = set->v;

	set->cap = set->cap == 0 ? 32 : set->cap * 2;
	set->mask = set->cap * 2 - 1;
	set->v = arena_alloc(set->arena, set->cap * sizeof *set->v);
	set->slot = arena_zalloc(set->arena, set->cap * 2, sizeof *set->slot);
	if (set->n > 0)
		memcpy(set->v, old, set->n * sizeof *old);
	for (uint32_t i = 0; i < set->n; i++)
		*name_slot(set, set->v[i].text) = i + 1;
}

static void
name_set_add(struct name_set *set, struct span name)
{
	uint32_t *slot;

	if (set->n == set->cap)
		name_set_grow(set);
	slot = name_slot(set, name);
	if (*slot != 0)
		return;
	set->v[set->n] = (struct name){ .text = name };
	*slot = ++set->n;
}

static bool
matches_any(const struct names *patterns, struct span name)
{
	if (patterns->n == 0)
		return true;
	for (uint32_t i = 0; i < patterns->n; i++)
		if (name_matches(&patterns->v[i], name))
			return true;
	return false;
}

/* The names that rows of a view have, without looking at each row: those of shapes in use. */
static enum err
view_names(struct table *table, const struct names *patterns, struct name_set *set,
    struct why *why)
{
	static const char *const made_up[] = { "_time", "_stream_id", "_stream", "_msg", "_seq",
	    "level", "severity", "facility", "facility_keyword" };
	enum { ALWAYS = 5 };		/* the others follow from a priority */
	bool priority = false;
	struct view *view = table->view;
	uint8_t *used = arena_zalloc(table->arena, view->nshape + 1, 1);
	const uint16_t *shape_of;
	enum err rc = view_shape_of(view, &shape_of, why);

	if (rc != OK)
		return rc;
	for bits_each(row, table->want)
		used[shape_of[row]] = 1;
	for (size_t i = 0; i < ALWAYS; i++)
		if (matches_any(patterns, span_str(made_up[i])))
			name_set_add(set, span_str(made_up[i]));
	for (uint32_t s = 0; s < view->nshape; s++) {
		const struct shape *shape = segment_shape(view->segment, s);

		for (uint32_t h = 0; h < shape->nhole && used[s]; h++) {
			const struct hole *hole = &shape->hole[h];

			priority |= hole->role == ROLE_PRIORITY;
			if (hole->role != ROLE_MESSAGE && hole->role != ROLE_TIME &&
			    !is_virtual(hole->name) && matches_any(patterns, hole->name))
				name_set_add(set, hole->name);
		}
	}
	for (size_t i = ALWAYS; i < sizeof made_up / sizeof made_up[0] && priority; i++)
		if (matches_any(patterns, span_str(made_up[i])))
			name_set_add(set, span_str(made_up[i]));
	return OK;
}

enum err
table_names(struct table *table, const struct names *patterns, struct names *ret_names,
    struct why *why)
{
	struct name_set set = { .arena = table->arena };
	bool whole = patterns->n > 0;
	enum err rc = OK;

	for (uint32_t i = 0; i < patterns->n; i++)
		whole &= !patterns->v[i].prefix;
	if (whole) {
		*ret_names = *patterns;
		return OK;
	}
	if (table->view != NULL)
		rc = view_names(table, patterns, &set, why);
	for bits_each(i, table->want)
		for (size_t k = 0; table->view == NULL && k < table->row[i].n; k++)
			if (matches_any(patterns, table->row[i].field[k].name))
				name_set_add(&set, table->row[i].field[k].name);
	ret_names->v = set.v;
	ret_names->n = set.n;
	return rc;
}

enum err
table_rows_ready(struct table *table, const struct names *names, const struct bits *rows,
    struct why *why)
{
	const struct need need = { .all = names->n == 0, .names = *names };

	return table->view != NULL ? view_text_rows(table->view, &need, rows, why) : OK;
}

enum err
table_row(struct table *table, uint32_t i, const struct names *names, struct query_row *ret_row,
    struct why *why)
{
	const struct need need = { .all = names->n == 0, .names = *names };
	struct query_field *field;
	const struct query_row *row;

	if (table->view != NULL)
		return view_row(table->view, &need, i, table->arena, ret_row, why);
	row = &table->row[i];
	*ret_row = *row;
	if (names->n == 0)
		return OK;
	field = arena_alloc(table->arena, (row->n + 1) * sizeof *field);
	ret_row->field = field;
	ret_row->n = 0;
	for (size_t k = 0; k < row->n; k++)
		if (matches_any(names, row->field[k].name))
			field[ret_row->n++] = row->field[k];
	return OK;
}
