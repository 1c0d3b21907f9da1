/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays of known sizes. Which group each row of a table belongs to: buckets of times,
 * numbers and addresses, then one small number per combination of values. See query/tally.h.
 */
#include "query/tally.h"

#include <math.h>

#include "base/hash.h"
#include "query/value.h"

enum { COMBINE_FEW = 1 << 16 };	/* combinations that have a table: 256 KB of it */

/* ---- buckets ---- */

static int64_t
floored(int64_t v, int64_t step)
{
	int64_t m = v % step;

	return v - (m < 0 ? m + step : m);
}

/*
 * The beginning of the bucket of a time, which has *ret_width ns for certain; offset moves buckets
 * to another zone.
 */
static int64_t
time_bucket(const struct stats_by *by, int64_t ns, uint64_t *ret_width)
{
	int64_t offset = (int64_t)by->offset, local, start;

	*ret_width = 1;
	if (__builtin_add_overflow(ns, offset, &local))
		return ns;
	if (by->bucket == BUCKET_MONTH) {
		start = value_month(local);
	} else if (by->bucket == BUCKET_YEAR) {
		start = value_year(local);
	} else if (span_is(by->shown, "week")) {
		start = floored(local + 3 * NS_PER_DAY, 7 * NS_PER_DAY) - 3 * NS_PER_DAY;
	} else {
		int64_t step = by->step >= 0x1p62 ? INT64_MAX / 2 : (int64_t)by->step;

		start = floored(local, step > 0 ? step : 1);
		*ret_width = step > 0 ? (uint64_t)step : 1;
	}
	return start - offset;
}

static void
net_put(struct buf *out, uint32_t ip)
{
	buf_printf(out, "%u.%u.%u.%u", ip >> 24, ip >> 16 & 255, ip >> 8 & 255, ip & 255);
}

/* A value's bucket as text; what is no number, time or address is its own. */
static struct span
bucket_of(const struct stats_by *by, struct span value, struct arena *arena)
{
	struct buf out = { 0 };
	struct span kept;
	int64_t whole;
	uint64_t width;
	uint32_t ip;
	uint8_t at[VALUE_TIME_BYTES];
	double v;

	if (value_time(value, &whole) && by->bucket != BUCKET_NET)
		buf_put(&out, at, value_put_time(at, time_bucket(by, whole, &width)));
	else if (by->bucket == BUCKET_MONTH || by->bucket == BUCKET_YEAR)
		return value;
	else if (value_ipv4(value, &ip))
		net_put(&out, by->step >= 0x1p32 ? 0 : ip - ip % (uint32_t)(by->step < 1 ? 1 :
		    by->step));
	else if (by->bucket == BUCKET_NET)
		return value;
	else if (value_plain_number(value, &v) && !isinf(v))
		value_put_f64(&out, floor((v - by->offset) / by->step) * by->step + by->offset);
	else
		return value;
	kept = arena_dup(arena, buf_span(&out));
	buf_done(&out);
	return kept;
}

/* A table from 64-bit numbers to 1, 2, 3 ... in the order they come; 0 is not given. */
struct dense {
	uint64_t *key;		/* by number - 1 */
	uint32_t *slot;
	uint32_t mask;
	uint32_t n;
};

static void
dense_init(struct dense *d, struct arena *arena, uint32_t most)
{
	uint32_t slots = 64;

	while (slots < most * 2)
		slots *= 2;
	*d = (struct dense){ .mask = slots - 1 };
	d->key = arena_alloc(arena, (most + 1) * sizeof *d->key);
	d->slot = arena_zalloc(arena, slots, sizeof *d->slot);
}

static uint32_t
dense_find(struct dense *d, uint64_t key)
{
	uint32_t at = (uint32_t)(key * 0x9e3779b97f4a7c15U >> 32) & d->mask;

	for (; d->slot[at] != 0; at = (at + 1) & d->mask)
		if (d->key[d->slot[at] - 1] == key)
			return d->slot[at];
	d->key[d->n++] = key;
	d->slot[at] = d->n;
	return d->n;
}

/* _time in steps, from the numbers: the text of each bucket once. */
static void
time_coded(struct table *table, const struct stats_by *by, const int64_t *ns,
    struct coded *ret_coded)
{
	struct arena *arena = table->arena;
	uint32_t *code = arena_zalloc(arena, table->nrow + 1, sizeof *code);
	struct span *word = arena_alloc(arena, (table->nrow + 2) * sizeof *word);
	uint8_t at[VALUE_TIME_BYTES];
	int64_t start = 0;
	uint64_t width = 0;
	uint32_t last = 0;
	struct dense dense;

	dense_init(&dense, arena, bits_count(table->want) + 1);
	word[0] = SPAN("");
	for bits_each(row, table->want) {
		if ((uint64_t)ns[row] - (uint64_t)start >= width) {
			uint32_t n = dense.n;

			start = time_bucket(by, ns[row], &width);
			last = dense_find(&dense, (uint64_t)start);
			if (dense.n > n)
				word[last] = arena_dup(arena, span_of(at, value_put_time(at,
				    start)));
		}
		code[row] = last;
	}
	*ret_coded = (struct coded){ dense.n + 1, word, code };
}

static bool
is_time_step(const struct stats_by *by)
{
	return span_is(by->field, "_time") && by->bucket != BUCKET_NONE &&
	    by->bucket != BUCKET_NET;
}

/* One field of by (...): codes of rows, words of codes as they stand in the key. */
static enum err
by_coded(struct table *table, const struct stats_by *by, struct coded *ret_coded,
    struct why *why)
{
	const int64_t *ns = NULL;
	struct span *word;
	enum err rc = OK;

	if (is_time_step(by))
		rc = table_times(table, &ns, why);
	if (rc == OK && ns != NULL) {
		time_coded(table, by, ns, ret_coded);
		return OK;
	}
	if (rc == OK)
		rc = table_coded(table, by->field, ret_coded, why);
	if (rc != OK || by->bucket == BUCKET_NONE)
		return rc;
	word = arena_alloc(table->arena, (ret_coded->nword + 1) * sizeof *word);
	for (uint32_t i = 0; i < ret_coded->nword; i++)
		word[i] = bucket_of(by, ret_coded->word[i], table->arena);
	ret_coded->word = word;
	return OK;
}

/* ---- groups ---- */

/* Few combinations: each has its place in a table. */
static uint32_t
combine_few(struct table *table, const struct coded *coded, uint32_t n, uint32_t *number,
    uint32_t *first)
{
	uint32_t *seen = arena_zalloc(table->arena, (size_t)n * coded->nword, sizeof *seen);
	uint32_t most = 0;

	for bits_each(row, table->want) {
		uint32_t *at = &seen[number[row] * coded->nword + coded->code[row]];

		if (*at == 0) {
			first[most] = row;
			*at = ++most;
		}
		number[row] = *at - 1;
	}
	return most;
}

static uint32_t
combine_many(struct table *table, const struct coded *coded, uint32_t *number, uint32_t *first)
{
	struct dense dense;

	dense_init(&dense, table->arena, bits_count(table->want) + 1);
	for bits_each(row, table->want) {
		uint32_t n = dense.n;

		number[row] = dense_find(&dense, (uint64_t)number[row] << 32 |
		    coded->code[row]) - 1;
		if (dense.n > n)
			first[number[row]] = row;
	}
	return dense.n;
}

/* One number per row for the combination of its codes; first[number]: a row that has it. */
static uint32_t
combine(struct table *table, const struct coded *coded, uint32_t nby, uint32_t *number,
    uint32_t **ret_first)
{
	uint32_t most = bits_count(table->want) + 1, n = 1;
	uint32_t *first = arena_alloc(table->arena, (most + 1) * sizeof *first);

	for bits_each(row, table->want)
		number[row] = 0;
	for (uint32_t b = 0; b < nby; b++)
		n = (uint64_t)n * coded[b].nword <= COMBINE_FEW ?
		    combine_few(table, &coded[b], n, number, first) :
		    combine_many(table, &coded[b], number, first);
	*ret_first = first;
	return nby > 0 ? n : 0;
}

/* group_of[row] for the wanted rows; makes the groups that are new. */
static enum err
group_rows(struct tally *g, struct table *table, uint32_t *group_of, struct why *why)
{
	uint32_t nby = g->pipe->nby, n, *first, *group;
	struct coded *coded = arena_alloc(table->arena, (nby + 1) * sizeof *coded);
	struct buf key = { 0 };
	enum err rc = OK;

	for (uint32_t b = 0; b < nby && rc == OK; b++)
		rc = by_coded(table, &g->pipe->by[b], &coded[b], why);
	if (rc != OK)
		return rc;
	if (nby == 0) {
		n = tally_find(g, SPAN(""));
		for bits_each(row, table->want)
			group_of[row] = n;
		return OK;
	}
	n = combine(table, coded, nby, group_of, &first);
	group = arena_alloc(table->arena, (n + 1) * sizeof *group);
	for (uint32_t i = 0; i < n; i++) {
		key.n = 0;
		for (uint32_t b = 0; b < nby; b++)
			buf_bytes(&key, coded[b].word[coded[b].code[first[i]]]);
		group[i] = tally_find(g, buf_span(&key));
	}
	for bits_each(row, table->want)
		group_of[row] = group[group_of[row]];
	buf_done(&key);
	return OK;
}

enum err
tally_update(struct tally *g, struct table *table, struct why *why)
{
	uint32_t *group_of = arena_alloc(table->arena, (table->nrow + 1) * sizeof *group_of);
	enum err rc;

	if (bits_empty(table->want))
		return OK;
	rc = group_rows(g, table, group_of, why);
	for (uint32_t f = 0; f < g->pipe->nfunc && rc == OK; f++)
		rc = stats_update(g, f, group_of, table, why);
	return rc == OK ? tally_charge(g, why) : rc;
}

static bool
is_count_of_all(const struct stats_func *func)
{
	return (func->op == STATS_COUNT || func->op == STATS_RATE) && func->fields.n == 0 &&
	    func->only == NULL;
}

/* The group of all rows of a segment as its key; false: they may be in several. */
static bool
whole_key(const struct pipe *pipe, const struct segment_info *info, struct buf *key)
{
	uint8_t at[VALUE_TIME_BYTES];

	for (uint32_t b = 0; b < pipe->nby; b++) {
		const struct stats_by *by = &pipe->by[b];
		uint64_t width;
		int64_t start;

		if (!is_time_step(by))
			return false;
		start = time_bucket(by, info->event_min_ns, &width);
		if (start != time_bucket(by, info->event_max_ns, &width))
			return false;
		buf_bytes(key, span_of(at, value_put_time(at, start)));
	}
	return true;
}

bool
tally_whole(struct tally *g, const struct segment_info *info)
{
	const struct pipe *pipe = g->pipe;
	struct buf key = { 0 };
	bool whole = true;

	for (uint32_t f = 0; f < pipe->nfunc; f++)
		whole &= is_count_of_all(&pipe->func[f]);
	whole = whole && whole_key(pipe, info, &key);
	if (whole) {
		uint32_t group = tally_find(g, buf_span(&key));

		for (uint32_t f = 0; f < pipe->nfunc; f++)
			g->cell[(size_t)group * pipe->nfunc + f].n += info->rows;
	}
	buf_done(&key);
	return whole;
}

/* Seconds of one bucket of _time; 0: there is none. */
static double
bucket_seconds(const struct pipe *pipe)
{
	for (uint32_t i = 0; i < pipe->nby; i++)
		if (span_is(pipe->by[i].field, "_time") && pipe->by[i].bucket == BUCKET_STEP)
			return pipe->by[i].step / 1e9;
	return 0;
}

void
tally_row(const struct tally *g, uint32_t group, double seconds, struct arena *arena,
    struct query_row *ret_row)
{
	const struct pipe *pipe = g->pipe;
	struct query_field *field = arena_alloc(arena, (pipe->nby + pipe->nfunc + 1) *
	    sizeof *field);
	struct cur key = cur_of(g->key[group]);
	double bucket = bucket_seconds(pipe);
	size_t n = 0;

	for (uint32_t b = 0; b < pipe->nby; b++, n++)
		field[n] = (struct query_field){ pipe->by[b].field, cur_bytes(&key) };
	for (uint32_t f = 0; f < pipe->nfunc; f++, n++)
		field[n] = (struct query_field){ pipe->func[f].result, stats_result(g, f,
		    &g->cell[(size_t)group * pipe->nfunc + f], bucket > 0 ? bucket : seconds,
		    arena) };
	ret_row->n = n;
	ret_row->field = field;
}
