/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays of known sizes. Stages that look at one row at a time (fields, copy, limit ...),
 * the chain of all stages, and what fields they need. See query/pipe.h.
 */
#include "query/pipe.h"

#include <stdlib.h>

#include "base/must.h"
#include "query/value.h"

/* ---- one row in, one row out ---- */

static enum flow
limit_row(struct stage *stage, const struct query_row *row)
{
	enum flow flow;

	if (stage->seen >= stage->pipe->limit)
		return FLOW_ENOUGH;
	stage->seen++;
	flow = stage_row(stage->next, stage->run, row);
	return flow == FLOW_ON && stage->seen == stage->pipe->limit ? FLOW_ENOUGH : flow;
}

static enum flow
offset_row(struct stage *stage, const struct query_row *row)
{
	if (stage->seen < stage->pipe->offset) {
		stage->seen++;
		return FLOW_ON;
	}
	return stage_row(stage->next, stage->run, row);
}

static bool
named(const struct names *names, struct span name)
{
	for (uint32_t i = 0; i < names->n; i++)
		if (name_matches(&names->v[i], name))
			return true;
	return false;
}

static struct query_field *
room_for(struct stage *stage, size_t n)
{
	return arena_alloc(stage->run->row_arena, (n + 1) * sizeof(struct query_field));
}

static enum flow
hand_on(struct stage *stage, const struct query_field *field, size_t n)
{
	const struct query_row row = { n, field };

	return stage_row(stage->next, stage->run, &row);
}

/* In the order of the names; what a prefix stands for in the order of the row. */
static enum flow
fields_row(struct stage *stage, const struct query_row *row)
{
	const struct names *names = &stage->pipe->names;
	struct query_field *field = room_for(stage, row->n);
	bool *taken = arena_zalloc(stage->run->row_arena, row->n + 1, sizeof *taken);
	size_t n = 0;

	for (uint32_t i = 0; i < names->n; i++)
		for (size_t k = 0; k < row->n; k++)
			if (!taken[k] && name_matches(&names->v[i], row->field[k].name)) {
				taken[k] = true;
				field[n++] = row->field[k];
			}
	return hand_on(stage, field, n);
}

static enum flow
delete_row(struct stage *stage, const struct query_row *row)
{
	struct query_field *field = room_for(stage, row->n);
	size_t n = 0;

	for (size_t k = 0; k < row->n; k++)
		if (!named(&stage->pipe->names, row->field[k].name))
			field[n++] = row->field[k];
	return hand_on(stage, field, n);
}

/* Sets a field of a row that has room for one more; an empty value takes it away. */
static void
field_set(struct query_field *field, size_t *n, struct span name, struct span value)
{
	size_t i = 0;

	while (i < *n && !span_eq(field[i].name, name))
		i++;
	if (value.n > 0) {
		field[i] = (struct query_field){ name, value };
		*n += i == *n;
	} else if (i < *n) {
		memmove(field + i, field + i + 1, (*n - i - 1) * sizeof *field);
		--*n;
	}
}

static struct span
renamed(struct stage *stage, const struct name *from, const struct name *to, struct span name)
{
	struct span tail = span_sub(name, from->text.n, name.n);
	uint8_t *at;

	if (!from->prefix)
		return to->text;
	at = arena_alloc(stage->run->row_arena, to->text.n + tail.n + 1);
	if (to->text.n > 0)
		memcpy(at, to->text.p, to->text.n);
	if (tail.n > 0)
		memcpy(at + to->text.n, tail.p, tail.n);
	return span_of(at, to->text.n + tail.n);
}

/* One pair after the other, each on what the one before left. */
static enum flow
copy_row(struct stage *stage, const struct query_row *row)
{
	const struct pipe *pipe = stage->pipe;
	struct query_field *field = room_for(stage, row->n);
	size_t n = row->n;

	if (n > 0)
		memcpy(field, row->field, n * sizeof *field);
	for (uint32_t i = 0; i < pipe->names.n; i++) {
		const struct name *from = &pipe->names.v[i], *to = &pipe->to.v[i];
		struct query_field *old = field;
		size_t had = n;
		bool found = false;

		field = room_for(stage, 2 * had + 1);
		if (had > 0)
			memcpy(field, old, had * sizeof *field);
		for (size_t k = 0; k < had; k++)
			if (pipe->op == PIPE_RENAME && name_matches(from, old[k].name))
				field_set(field, &n, old[k].name, SPAN(""));
		for (size_t k = 0; k < had; k++) {
			if (!name_matches(from, old[k].name))
				continue;
			found = true;
			field_set(field, &n, renamed(stage, from, to, old[k].name), old[k].value);
		}
		if (!found && !from->prefix)
			field_set(field, &n, to->text, SPAN(""));
	}
	return hand_on(stage, field, n);
}

static enum flow
filter_row(struct stage *stage, const struct query_row *row)
{
	if (!row_matches(stage->pipe->filter, row, stage->run->scratch))
		return FLOW_ON;
	return stage_row(stage->next, stage->run, row);
}

static enum flow
drop_empty_row(struct stage *stage, const struct query_row *row)
{
	struct query_field *field = room_for(stage, row->n);
	size_t n = 0;

	for (size_t k = 0; k < row->n; k++)
		if (row->field[k].value.n > 0)
			field[n++] = row->field[k];
	return n > 0 ? hand_on(stage, field, n) : FLOW_ON;
}

static enum flow
len_row(struct stage *stage, const struct query_row *row)
{
	const struct pipe *pipe = stage->pipe;
	struct query_field *field = room_for(stage, row->n + 1);
	struct buf text = { 0 };
	size_t n = row->n;

	if (n > 0)
		memcpy(field, row->field, n * sizeof *field);
	value_put_i64(&text, (int64_t)row_value(row, pipe->names.v[0].text).n);
	field_set(field, &n, pipe->to.v[0].text, arena_dup(stage->run->row_arena, buf_span(&text)));
	buf_done(&text);
	return hand_on(stage, field, n);
}

/* ---- the chain ---- */

static const struct {
	enum flow (*row)(struct stage *stage, const struct query_row *row);
	enum flow (*end)(struct stage *stage);
} stage_ops[] = {
	[PIPE_SORT] = { sorter_row, sorter_end },
	[PIPE_LIMIT] = { limit_row, NULL },
	[PIPE_OFFSET] = { offset_row, NULL },
	[PIPE_FIELDS] = { fields_row, NULL },
	[PIPE_DELETE] = { delete_row, NULL },
	[PIPE_COPY] = { copy_row, NULL },
	[PIPE_RENAME] = { copy_row, NULL },
	[PIPE_FILTER] = { filter_row, NULL },
	[PIPE_STATS] = { counting_row, counting_end },
	[PIPE_UNIQ] = { counting_row, counting_end },
	[PIPE_TOP] = { counting_row, counting_end },
	[PIPE_FIELD_NAMES] = { counting_row, counting_end },
	[PIPE_FIELD_VALUES] = { counting_row, counting_end },
	[PIPE_DROP_EMPTY] = { drop_empty_row, NULL },
	[PIPE_LEN] = { len_row, NULL },
};

enum flow
stage_row(struct stage *stage, struct run *run, const struct query_row *row)
{
	if (stage == NULL)
		return run->emit(run->ctx, row) ? FLOW_ON : FLOW_ENOUGH;
	return stage_ops[stage->pipe->op].row(stage, row);
}

/* Stages behind one that had enough still give what they hold. */
enum flow
stage_end(struct stage *stage)
{
	enum flow flow = FLOW_ON;

	for (; stage != NULL && flow != FLOW_FAILED; stage = stage->next)
		if (stage_ops[stage->pipe->op].end != NULL)
			flow = stage_ops[stage->pipe->op].end(stage);
	return flow;
}

void
stages_new(struct stage **ret_first, const struct ast *ast, struct run *run)
{
	struct stage **at = ret_first;

	*ret_first = NULL;
	for (uint32_t i = 0; i < ast->npipe; i++) {
		struct stage *stage = arena_zalloc(run->arena, 1, sizeof *stage);

		stage->pipe = ast->pipe[i];
		stage->run = run;
		if (stage->pipe->op == PIPE_SORT)
			stage->sorter = sorter_new(stage->pipe, run);
		if (stage_ops[stage->pipe->op].row == counting_row)
			counting_init(stage);
		*at = stage;
		at = &stage->next;
	}
}

void
stages_free(struct stage **first)
{
	for (struct stage *stage = *first; stage != NULL; stage = stage->next) {
		sorter_free(&stage->sorter);
		counting_done(stage);
	}
	*first = NULL;
}

/* ---- what fields they need ---- */

static void
need_add(struct need *need, struct arena *arena, const struct name *name)
{
	struct name *old = need->names.v;

	for (uint32_t i = 0; i < need->names.n; i++)
		if (span_eq(old[i].text, name->text) && old[i].prefix == name->prefix)
			return;
	need->names.v = arena_alloc(arena, (need->names.n + 1) * sizeof *old);
	if (need->names.n > 0)
		memcpy(need->names.v, old, need->names.n * sizeof *old);
	need->names.v[need->names.n++] = (struct name){ .text = name->text, .prefix =
	    name->prefix };
}

static void
need_names(struct need *need, struct arena *arena, const struct names *names)
{
	for (uint32_t i = 0; i < names->n; i++)
		need_add(need, arena, &names->v[i]);
}

static void
need_field(struct need *need, struct arena *arena, struct span field)
{
	need_add(need, arena, &(struct name){ .text = field });
}

static void
need_filter(struct need *need, struct arena *arena, const struct filter *f)
{
	if (f->nchild == 0 && f->op != FILTER_ALL)
		need_field(need, arena, f->field);
	if (f->op == FILTER_EQ_FIELD || f->op == FILTER_LE_FIELD || f->op == FILTER_LT_FIELD)
		need_field(need, arena, f->text);
	for (uint32_t i = 0; i < f->nchild; i++)
		need_filter(need, arena, f->child[i]);
}

/* Functions that without arguments look at every field. */
static bool
wants_all(const struct stats_func *func)
{
	if (func->op == STATS_COUNT || func->op == STATS_RATE)
		return false;
	if (func->op == STATS_ROW_MIN || func->op == STATS_ROW_MAX)
		return func->fields.n < 2;
	return func->fields.n == 0;
}

static void
need_stats(struct need *need, struct arena *arena, const struct pipe *pipe)
{
	*need = (struct need){ .all = false };
	for (uint32_t i = 0; i < pipe->nby; i++)
		need_field(need, arena, pipe->by[i].field);
	for (uint32_t i = 0; i < pipe->nfunc; i++) {
		need_names(need, arena, &pipe->func[i].fields);
		need->all |= wants_all(&pipe->func[i]);
		if (pipe->func[i].only != NULL)
			need_filter(need, arena, pipe->func[i].only);
	}
}

/* From what is needed behind a pipe to what is needed in front of it. */
static void
need_before(struct need *need, struct arena *arena, const struct pipe *pipe)
{
	switch (pipe->op) {
	case PIPE_FIELDS:
	case PIPE_UNIQ:
	case PIPE_TOP:
	case PIPE_FIELD_VALUES:
		*need = (struct need){ .all = false };
		need_names(need, arena, &pipe->names);
		break;
	case PIPE_FIELD_NAMES:
		*need = (struct need){ .all = true };
		break;
	case PIPE_STATS:
		need_stats(need, arena, pipe);
		break;
	case PIPE_COPY:
	case PIPE_RENAME:
	case PIPE_LEN:
	case PIPE_SORT:
		need_names(need, arena, &pipe->names);
		need_names(need, arena, &pipe->partition);
		need->all |= pipe->op == PIPE_SORT && pipe->names.n == 0;
		break;
	case PIPE_FILTER:
		need_filter(need, arena, pipe->filter);
		break;
	case PIPE_LIMIT:
	case PIPE_OFFSET:
	case PIPE_DELETE:
	case PIPE_DROP_EMPTY:
		break;
	}
}

void
stages_need(const struct ast *ast, struct arena *arena, struct need *ret_need)
{
	*ret_need = (struct need){ .all = true };
	for (uint32_t i = ast->npipe; i > 0; i--)
		need_before(ret_need, arena, ast->pipe[i - 1]);
}
