/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays that grow here. The stage `sort` (also first and last). With a limit only the
 * rows that may be given out are held: a heap with the last of them on top. Equal rows stay in
 * the order they came.
 */
#include "query/pipe.h"

#include <stdlib.h>

#include "base/must.h"
#include "query/value.h"

struct kept_row {
	uint64_t number;		/* in the order they came */
	size_t bytes;
	uint32_t n;
	struct query_field *field;
	struct order_key key[];		/* one per sort key; one for the whole row without */
};

struct sorter {
	const struct pipe *pipe;
	struct run *run;
	struct kept_row **row;		/* limited: a heap */
	uint64_t most;			/* rows to hold; UINT64_MAX: all */
	size_t n, cap;
	size_t charged;
	uint64_t came;
	struct buf text;		/* of a row that is its own key */
};

struct sorter *
sorter_new(const struct pipe *pipe, struct run *run)
{
	struct sorter *s = xcalloc(1, sizeof *s);

	s->pipe = pipe;
	s->run = run;
	s->most = UINT64_MAX;
	if (pipe->has_limit && pipe->partition.n == 0 && pipe->limit < UINT64_MAX - pipe->offset)
		s->most = pipe->limit + pipe->offset;
	return s;
}

static void
kept_free(struct sorter *s, struct kept_row *row)
{
	budget_give(s->run->budget, row->bytes);
	free(row);
}

void
sorter_free(struct sorter **sorter)
{
	struct sorter *s = *sorter;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++)
		kept_free(s, s->row[i]);
	budget_give(s->run->budget, s->charged);
	free(s->row);
	buf_done(&s->text);
	free(s);
	*sorter = NULL;
}

/* ---- the order ---- */

static uint32_t
nkey(const struct sorter *s)
{
	return s->pipe->names.n > 0 ? s->pipe->names.n : 1;
}

static int
compare(const struct sorter *s, const struct kept_row *a, const struct kept_row *b)
{
	for (uint32_t i = 0; i < nkey(s); i++) {
		bool desc = s->pipe->desc != (s->pipe->names.n > 0 && s->pipe->names.v[i].desc);
		int c = order_compare(&a->key[i], &b->key[i]);

		if (c != 0)
			return desc ? -c : c;
	}
	return a->number < b->number ? -1 : a->number > b->number;
}

static void
heap_down(struct sorter *s, size_t at)
{
	for (;;) {
		size_t child = 2 * at + 1;
		struct kept_row *row = s->row[at];

		if (child >= s->n)
			return;
		if (child + 1 < s->n && compare(s, s->row[child], s->row[child + 1]) < 0)
			child++;
		if (compare(s, row, s->row[child]) >= 0)
			return;
		s->row[at] = s->row[child];
		s->row[child] = row;
		at = child;
	}
}

static void
heap_up(struct sorter *s, size_t at)
{
	while (at > 0) {
		size_t parent = (at - 1) / 2;
		struct kept_row *row = s->row[at];

		if (compare(s, s->row[parent], row) >= 0)
			return;
		s->row[at] = s->row[parent];
		s->row[parent] = row;
		at = parent;
	}
}

/* Merge sort, for rows that are no heap yet or any longer. */
static void
rows_sort(struct sorter *s)
{
	struct kept_row **a = s->row, **b = xreallocarray(NULL, s->n + 1, sizeof *b), **swap;

	for (size_t width = 1; width < s->n; width *= 2) {
		for (size_t from = 0; from < s->n; from += 2 * width) {
			size_t middle = from + width < s->n ? from + width : s->n;
			size_t end = middle + width < s->n ? middle + width : s->n;
			size_t i = from, j = middle;

			for (size_t k = from; k < end; k++)
				b[k] = j == end || (i < middle && compare(s, a[i], a[j]) <= 0) ?
				    a[i++] :
				    a[j++];
		}
		swap = a;
		a = b;
		b = swap;
	}
	free(b);
	s->row = a;
	s->cap = s->n;
}

/* ---- rows ---- */

/* The key of a row without sort keys: the row as JSON. */
static struct span
whole_text(struct sorter *s, const struct query_row *row)
{
	s->text.n = 0;
	query_row_json(&s->text, row);
	return buf_span(&s->text);
}

/* One block: the row, its fields, their texts. Field names of a view live shorter than we do. */
static struct kept_row *
kept_new(struct sorter *s, const struct query_row *row)
{
	struct span whole = s->pipe->names.n == 0 ? whole_text(s, row) : SPAN("");
	size_t bytes = sizeof(struct kept_row) + nkey(s) * sizeof(struct order_key) +
	    row->n * sizeof(struct query_field) + whole.n;
	struct kept_row *kept;
	struct query_row copy;
	uint8_t *at;

	for (size_t i = 0; i < row->n; i++)
		bytes += row->field[i].name.n + row->field[i].value.n;
	if (!budget_take(s->run->budget, bytes))
		return NULL;
	kept = xmalloc(bytes);
	*kept = (struct kept_row){ .number = s->came++, .bytes = bytes, .n = (uint32_t)row->n };
	kept->field = (struct query_field *)&kept->key[nkey(s)];
	at = (uint8_t *)&kept->field[row->n];
	for (size_t i = 0; i < row->n; i++) {
		struct span name = row->field[i].name, value = row->field[i].value;

		kept->field[i].name = span_of(at, name.n);
		memcpy(at, name.p, name.n);
		at += name.n;
		kept->field[i].value = span_of(at, value.n);
		if (value.n > 0)
			memcpy(at, value.p, value.n);
		at += value.n;
	}
	copy = (struct query_row){ kept->n, kept->field };
	for (uint32_t k = 0; k < s->pipe->names.n; k++)
		kept->key[k] = order_key_of(row_value(&copy, s->pipe->names.v[k].text));
	if (s->pipe->names.n == 0) {
		memcpy(at, whole.p, whole.n);
		kept->key[0] = (struct order_key){ .text = span_of(at, whole.n) };
	}
	return kept;
}

static enum flow
failed(struct sorter *s)
{
	s->run->rc = budget_refuse(s->run->budget, s->run->why);
	return FLOW_FAILED;
}

static bool
list_grow(struct sorter *s)
{
	size_t cap = s->cap == 0 ? 64 : s->cap * 2;

	if (s->n < s->cap)
		return true;
	if (!budget_take(s->run->budget, (cap - s->cap) * sizeof *s->row))
		return false;
	s->charged += (cap - s->cap) * sizeof *s->row;
	s->row = xreallocarray(s->row, cap, sizeof *s->row);
	s->cap = cap;
	return true;
}

enum flow
sorter_row(struct stage *stage, const struct query_row *row)
{
	struct sorter *s = stage->sorter;
	struct kept_row *kept;

	if (s->most == 0)
		return FLOW_ENOUGH;
	kept = kept_new(s, row);
	if (kept == NULL)
		return failed(s);
	if (s->n < s->most) {
		if (!list_grow(s)) {
			kept_free(s, kept);
			return failed(s);
		}
		s->row[s->n++] = kept;
		if (s->most != UINT64_MAX)
			heap_up(s, s->n - 1);
		return FLOW_ON;
	}
	if (compare(s, kept, s->row[0]) >= 0) {
		kept_free(s, kept);
		return FLOW_ON;
	}
	kept_free(s, s->row[0]);
	s->row[0] = kept;
	heap_down(s, 0);
	return FLOW_ON;
}

/* ---- giving out ---- */

static enum flow
give(struct stage *stage, struct kept_row *kept, uint64_t rank)
{
	struct run *run = stage->run;
	struct query_row row = { kept->n, kept->field };
	struct query_field *field;
	struct buf text = { 0 };

	if (stage->pipe->rank.n > 0) {
		field = arena_alloc(run->row_arena, (kept->n + 1) * sizeof *field);
		row.n = 0;
		for (uint32_t i = 0; i < kept->n; i++)
			if (!span_eq(kept->field[i].name, stage->pipe->rank))
				field[row.n++] = kept->field[i];
		value_put_i64(&text, (int64_t)rank);
		field[row.n++] = (struct query_field){ stage->pipe->rank,
		    arena_dup(run->row_arena, buf_span(&text)) };
		row.field = field;
		buf_done(&text);
	}
	return stage_row(stage->next, run, &row);
}

/* Rows of one partition are counted by the hash of its values: a set of the groups' kind. */
static uint64_t
partition_number(struct sorter *s, struct tally *groups, const struct kept_row *kept)
{
	const struct query_row row = { kept->n, kept->field };

	s->text.n = 0;
	for (uint32_t i = 0; i < s->pipe->partition.n; i++)
		buf_bytes(&s->text, row_value(&row, s->pipe->partition.v[i].text));
	return tally_find(groups, buf_span(&s->text));
}

enum flow
sorter_end(struct stage *stage)
{
	struct stats_func count = { .op = STATS_COUNT };
	struct pipe counted = { .op = PIPE_STATS, .nfunc = 1, .func = &count };
	struct sorter *s = stage->sorter;
	const struct pipe *pipe = stage->pipe;
	bool parts = pipe->partition.n > 0;
	struct tally *groups = parts ? tally_new(&counted, s->run->budget, s->run->seed) : NULL;
	enum flow flow = FLOW_ON;

	rows_sort(s);
	for (size_t i = 0; i < s->n && flow == FLOW_ON; i++) {
		uint64_t rank = i;

		arena_reset(stage->run->row_arena);
		if (parts) {
			rank = partition_number(s, groups, s->row[i]);
			rank = groups->cell[rank].n++;	/* finding it may move the cells */
		}
		if (rank < pipe->offset || (parts && rank - pipe->offset >= pipe->limit))
			continue;
		flow = give(stage, s->row[i], rank + 1);
	}
	tally_free(&groups);
	return flow;
}

/* ---- the newest or oldest rows ---- */

bool
stage_is_newest(const struct stage *stage)
{
	return stage != NULL && stage->sorter != NULL && stage->sorter->most <= 1000000 &&
	    stage->pipe->names.n == 1 && span_is(stage->pipe->names.v[0].text, "_time");
}

static bool
is_desc(const struct stage *stage)
{
	return stage->pipe->desc != stage->pipe->names.v[0].desc;
}

/* Whether all rows that will be given out are later (earlier) than ns already. */
static bool
is_late(const struct stage *stage, int64_t ns)
{
	const struct sorter *s = stage->sorter;

	if (s->n < s->most || s->n == 0 || s->row[0]->key[0].kind != ORDER_TIME)
		return s->most == 0;
	return is_desc(stage) ? ns < s->row[0]->key[0].whole : ns > s->row[0]->key[0].whole;
}

bool
stage_wants_times(const struct stage *stage, int64_t from_ns, int64_t to_ns)
{
	return !is_late(stage, is_desc(stage) ? to_ns : from_ns);
}

/* The k-th smallest of v[0..n), by parts of it that are surely below or above. */
static int64_t
kth(int64_t *v, size_t n, size_t k)
{
	size_t low = 0, high = n;

	while (high - low > 1) {
		int64_t pivot = v[low + (high - low) / 2];
		size_t below = low, equal = low;

		for (size_t i = low; i < high; i++) {
			int64_t x = v[i];

			if (x > pivot)
				continue;
			v[i] = v[equal];
			v[equal++] = x;
			if (x < pivot) {
				v[equal - 1] = v[below];
				v[below++] = x;
			}
		}
		if (k < below)
			high = below;
		else if (k < equal)
			return pivot;
		else
			low = equal;
	}
	return v[low];
}

void
stage_drop_late(const struct stage *stage, const int64_t *ns, struct bits *rows)
{
	uint64_t most = stage->sorter->most;
	uint32_t n = bits_count(rows), k = 0;
	bool desc = is_desc(stage);
	int64_t *v, edge;

	if (n > most && most > 0) {
		v = xreallocarray(NULL, n, sizeof *v);
		for bits_each(row, rows)
			v[k++] = ns[row];
		edge = kth(v, n, desc ? n - most : most - 1);
		free(v);
		for bits_each(row, rows)
			if (desc ? ns[row] < edge : ns[row] > edge)
				bits_drop(rows, row);
	}
	for bits_each(row, rows)
		if (is_late(stage, ns[row]))
			bits_drop(rows, row);
}
