/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays of known sizes. The stages that count: stats, uniq, top, field_values and
 * field_names. All of them are groups with functions; they differ in what they give out. Rows
 * come in batches, or whole views are counted column by column.
 */
#include "query/pipe.h"

#include <stdlib.h>

#include "base/must.h"
#include "query/value.h"

enum { BATCH = 2048 };

/* ---- what is counted ---- */

static void
by_names(struct stage *stage, struct pipe *counted, const struct names *names)
{
	counted->by = arena_zalloc(stage->run->arena, names->n + 1, sizeof *counted->by);
	counted->nby = names->n;
	for (uint32_t i = 0; i < names->n; i++)
		counted->by[i].field = names->v[i].text;
}

/* uniq, top, field_values: stats by (names) count() */
static struct pipe *
counted_pipe(struct stage *stage)
{
	const struct pipe *pipe = stage->pipe;
	struct pipe *counted = arena_zalloc(stage->run->arena, 1, sizeof *counted);

	*counted = *pipe;
	if (pipe->op == PIPE_STATS)
		return counted;
	counted->func = arena_zalloc(stage->run->arena, 1, sizeof *counted->func);
	counted->func->op = STATS_COUNT;
	counted->func->result = pipe->hits.n > 0 ? pipe->hits : SPAN("hits");
	counted->nfunc = 1;
	if (pipe->op == PIPE_FIELD_NAMES)
		by_names(stage, counted, &(struct names){ 1, &(struct name){ .text =
		    SPAN("name") } });
	else
		by_names(stage, counted, &pipe->names);
	return counted;
}

void
counting_init(struct stage *stage)
{
	stage->counted = counted_pipe(stage);
	stage->groups = tally_new(stage->counted, stage->run->budget, stage->run->seed);
}

void
counting_done(struct stage *stage)
{
	tally_free(&stage->groups);
	arena_free(&stage->batch_arena);
}

bool
stage_counts(const struct stage *stage)
{
	return stage != NULL && stage->groups != NULL;
}

/* ---- counting ---- */

/* key: room for the group's key. Finding a group may move the cells. */
static void
name_count(struct tally *groups, struct buf *key, struct span name, uint64_t n)
{
	uint32_t group;

	key->n = 0;
	buf_bytes(key, name);
	group = tally_find(groups, buf_span(key));
	groups->cell[group].n += n;
}

/* Names of the rows' fields, without looking at values: those that their shapes have. */
static enum err
view_names_count(struct tally *groups, struct table *table, struct why *why)
{
	const struct names every = { 0 };
	struct table one = *table;
	struct bits *rows = arena_alloc(table->arena, sizeof *rows);
	struct buf key = { 0 };
	uint32_t *of_shape = arena_zalloc(table->arena, table->view->nshape + 1, sizeof *of_shape);
	const uint16_t *shape_of;
	enum err rc = view_shape_of(table->view, &shape_of, why);

	for bits_each(row, table->want) {
		if (rc != OK)
			break;
		of_shape[shape_of[row]]++;
	}
	for bits_each(row, table->want) {
		struct names names;
		uint32_t n = rc == OK ? of_shape[shape_of[row]] : 0;

		if (n == 0)
			continue;
		of_shape[shape_of[row]] = 0;
		bits_clear(rows);
		bits_set(rows, row);
		one.want = rows;
		rc = table_names(&one, &every, &names, why);
		for (uint32_t i = 0; i < names.n && rc == OK; i++)
			name_count(groups, &key, names.v[i].text, n);
	}
	buf_done(&key);
	return rc == OK ? tally_charge(groups, why) : rc;
}

static enum err
row_names_count(struct tally *groups, struct table *table, struct why *why)
{
	struct buf key = { 0 };

	for bits_each(i, table->want)
		for (size_t k = 0; k < table->row[i].n; k++)
			name_count(groups, &key, table->row[i].field[k].name, 1);
	buf_done(&key);
	return tally_charge(groups, why);
}

enum err
stage_count(const struct stage *stage, struct tally *groups, struct table *table,
    struct why *why)
{
	if (stage->pipe->op != PIPE_FIELD_NAMES)
		return tally_update(groups, table, why);
	return table->view != NULL ? view_names_count(groups, table, why) :
	    row_names_count(groups, table, why);
}

static enum flow
failed(struct stage *stage, enum err rc)
{
	stage->run->rc = rc;
	return FLOW_FAILED;
}

/* `uniq ... limit N` without hits is done when it has N. */
static bool
has_enough(const struct stage *stage)
{
	const struct pipe *pipe = stage->pipe;

	return pipe->op == PIPE_UNIQ && pipe->has_limit && pipe->hits.n == 0 &&
	    stage->groups->n >= pipe->limit;
}

enum flow
stage_merge(struct stage *stage, const struct tally *groups)
{
	enum err rc;

	tally_merge(stage->groups, groups);
	rc = tally_charge(stage->groups, stage->run->why);
	if (rc != OK)
		return failed(stage, rc);
	return has_enough(stage) ? FLOW_ENOUGH : FLOW_ON;
}

bool
stage_whole(struct stage *stage, const struct segment_info *info, enum flow *ret_flow)
{
	enum err rc;

	if (stage->pipe->op != PIPE_STATS || !tally_whole(stage->groups, info))
		return false;
	rc = tally_charge(stage->groups, stage->run->why);
	*ret_flow = rc == OK ? FLOW_ON : failed(stage, rc);
	return true;
}

/* ---- rows ---- */

static enum flow
batch_count(struct stage *stage)
{
	struct bits *want;
	struct table table = { .arena = stage->batch_arena, .scratch = stage->run->scratch,
	    .row = stage->batch, .nrow = stage->nbatch };
	enum err rc;

	if (stage->nbatch == 0)
		return FLOW_ON;
	want = arena_alloc(stage->batch_arena, sizeof *want);
	bits_fill(want, stage->nbatch);
	table.want = want;
	rc = stage_count(stage, stage->groups, &table, stage->run->why);
	stage->nbatch = 0;
	stage->batch = NULL;
	arena_reset(stage->batch_arena);
	if (rc != OK)
		return failed(stage, rc);
	return has_enough(stage) ? FLOW_ENOUGH : FLOW_ON;
}

enum flow
counting_row(struct stage *stage, const struct query_row *row)
{
	struct query_field *field;

	if (stage->batch_arena == NULL)
		stage->batch_arena = arena_new((size_t)16 << 30);
	if (stage->batch == NULL)
		stage->batch = arena_alloc(stage->batch_arena, BATCH * sizeof *stage->batch);
	field = arena_alloc(stage->batch_arena, (row->n + 1) * sizeof *field);
	for (size_t i = 0; i < row->n; i++) {
		field[i].name = arena_dup(stage->batch_arena, row->field[i].name);
		field[i].value = arena_dup(stage->batch_arena, row->field[i].value);
	}
	stage->batch[stage->nbatch++] = (struct query_row){ row->n, field };
	return stage->nbatch == BATCH ? batch_count(stage) : FLOW_ON;
}

/* ---- giving out ---- */

struct ranked {
	uint64_t hits;
	uint32_t group;
};

/* More hits first; of equal ones, the smaller values. */
static bool
is_before(const struct tally *g, struct ranked a, struct ranked b)
{
	struct cur x = cur_of(g->key[a.group]), y = cur_of(g->key[b.group]);

	if (a.hits != b.hits)
		return a.hits > b.hits;
	for (uint32_t i = 0; i < g->pipe->nby; i++) {
		int c = span_cmp(cur_bytes(&x), cur_bytes(&y));

		if (c != 0)
			return c < 0;
	}
	return false;
}

/* Heap sort: n may be millions. */
static void
ranked_sort(const struct tally *g, struct ranked *v, uint32_t n)
{
	for (uint32_t build = n / 2, end = n; end > 1;) {
		uint32_t at, child;
		struct ranked x;

		if (build > 0) {
			x = v[--build];
			at = build;
		} else {
			x = v[--end];
			v[end] = v[0];
			at = 0;
		}
		while ((child = 2 * at + 1) < end) {
			if (child + 1 < end && is_before(g, v[child], v[child + 1]))
				child++;
			if (!is_before(g, x, v[child]))
				break;
			v[at] = v[child];
			at = child;
		}
		v[at] = x;
	}
}

static struct ranked *
ranked_make(const struct stage *stage)
{
	const struct tally *g = stage->groups;
	struct ranked *v = xreallocarray(NULL, g->n + 1, sizeof *v);

	for (uint32_t i = 0; i < g->n; i++)
		v[i] = (struct ranked){ g->cell[(size_t)i * g->pipe->nfunc].n, i };
	if (stage->pipe->op == PIPE_TOP)
		ranked_sort(g, v, g->n);
	return v;
}

/* uniq without hits has no count; top may have a rank. */
static void
row_finish(const struct stage *stage, uint64_t rank, struct query_row *row)
{
	struct query_field *field;
	struct buf text = { 0 };

	if (stage->pipe->op == PIPE_UNIQ && stage->pipe->hits.n == 0)
		row->n--;
	if (stage->pipe->op != PIPE_TOP || stage->pipe->rank.n == 0)
		return;
	field = arena_alloc(stage->run->row_arena, (row->n + 1) * sizeof *field);
	memcpy(field, row->field, row->n * sizeof *field);
	value_put_i64(&text, (int64_t)rank);
	field[row->n++] = (struct query_field){ stage->pipe->rank,
	    arena_dup(stage->run->row_arena, buf_span(&text)) };
	row->field = field;
	buf_done(&text);
}

enum flow
counting_end(struct stage *stage)
{
	struct tally *g = stage->groups;
	const struct pipe *pipe = stage->pipe;
	enum flow flow = batch_count(stage);
	struct ranked *order;
	uint64_t most;

	if (flow == FLOW_FAILED)
		return flow;
	flow = FLOW_ON;
	if (pipe->op == PIPE_STATS && pipe->nby == 0)
		(void)tally_find(g, SPAN(""));	/* nothing counted is a result, too */
	order = ranked_make(stage);
	most = pipe->has_limit && pipe->op != PIPE_STATS ? pipe->limit : UINT64_MAX;
	for (uint32_t i = 0; i < g->n && i < most && flow == FLOW_ON; i++) {
		struct query_row row;

		arena_reset(stage->run->row_arena);
		tally_row(g, order[i].group, stage->run->seconds, stage->run->row_arena, &row);
		row_finish(stage, i + 1, &row);
		flow = stage_row(stage->next, stage->run, &row);
	}
	free(order);
	return flow;
}
