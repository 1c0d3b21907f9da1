/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of known sizes. What the functions of `stats` give at the end: query/tally.h. */
#include "query/tally.h"

#include <math.h>

#include "query/value.h"

/* Merge sort from a into a, with b as room: equal ones keep their order. */
void
keys_sort(struct order_key *a, struct order_key *b, uint32_t n)
{
	for (uint32_t width = 1; width < n; width *= 2) {
		for (uint32_t from = 0; from < n; from += 2 * width) {
			uint32_t middle = from + width < n ? from + width : n;
			uint32_t end = middle + width < n ? middle + width : n;
			uint32_t i = from, j = middle;

			for (uint32_t k = from; k < end; k++)
				b[k] = j == end || (i < middle && order_compare(&a[i], &a[j]) <=
				    0) ? a[i++] :
				    a[j++];
		}
		memcpy(a, b, n * sizeof *a);
	}
}

static struct span
quantile_result(const struct stats_func *func, const struct extra *extra, struct arena *arena)
{
	double phi = func->op == STATS_MEDIAN ? 0.5 : func->phi;
	struct order_key *sorted, *room;
	uint32_t at;

	if (extra == NULL || extra->nsample == 0)
		return SPAN("");
	sorted = arena_alloc(arena, extra->nsample * sizeof *sorted);
	room = arena_alloc(arena, extra->nsample * sizeof *room);
	memcpy(sorted, extra->sample, extra->nsample * sizeof *sorted);
	keys_sort(sorted, room, extra->nsample);
	at = (uint32_t)(phi * extra->nsample);
	return sorted[at < extra->nsample ? at : extra->nsample - 1].text;
}

/* [ "a", "b" ]: as they came, or sorted when each is there once */
static struct span
array_result(const struct stats_func *func, const struct extra *extra, struct arena *arena)
{
	bool uniq = func->op == STATS_UNIQ_VALUES;
	uint32_t n = extra == NULL ? 0 : uniq ? extra->set.n : extra->nsample;
	struct order_key *key = arena_alloc(arena, (n + 1) * sizeof *key);
	struct order_key *room = arena_alloc(arena, (n + 1) * sizeof *room);
	struct buf out = { 0 };
	struct span kept;

	for (uint32_t i = 0; i < n; i++)
		key[i] = uniq ? order_key_of(extra->set.text[i]) : extra->sample[i];
	if (uniq)
		keys_sort(key, room, n);
	buf_u8(&out, '[');
	for (uint32_t i = 0; i < n; i++) {
		buf_str(&out, i > 0 ? "," : "");
		json_string_put(&out, key[i].text);
	}
	buf_u8(&out, ']');
	kept = arena_dup(arena, buf_span(&out));
	buf_done(&out);
	return kept;
}

static struct span
number_result(enum stats_op op, const struct cell *cell, double seconds, struct arena *arena)
{
	struct buf out = { 0 };
	struct span kept;
	double v = cell->sum;

	switch (op) {
	case STATS_SUM:
		value_put_f64(&out, cell->n > 0 ? v : (double)NAN);
		break;
	case STATS_AVG:
		value_put_f64(&out, cell->n > 0 ? v / (double)cell->n : (double)NAN);
		break;
	case STATS_RATE:
		value_put_f64(&out, seconds > 0 ? (double)cell->n / seconds : (double)cell->n);
		break;
	case STATS_RATE_SUM:
		value_put_f64(&out, seconds > 0 ? v / seconds : v);
		break;
	case STATS_COUNT_UNIQ:
	case STATS_COUNT_UNIQ_HASH:
		value_put_i64(&out, cell->extra != NULL ? cell->extra->set.n : 0);
		break;
	default:
		value_put_i64(&out, (int64_t)cell->n);
		break;
	}
	kept = arena_dup(arena, buf_span(&out));
	buf_done(&out);
	return kept;
}

struct span
stats_result(const struct tally *groups, uint32_t index, const struct cell *cell,
    double seconds, struct arena *arena)
{
	const struct stats_func *func = &groups->pipe->func[index];

	switch (func->op) {
	case STATS_MIN:
	case STATS_MAX:
		return cell->extra != NULL ? cell->extra->key.text : SPAN("");
	case STATS_ROW_ANY:
	case STATS_ROW_MIN:
	case STATS_ROW_MAX:
		return cell->extra != NULL ? cell->extra->row : SPAN("");
	case STATS_MEDIAN:
	case STATS_QUANTILE:
		return quantile_result(func, cell->extra, arena);
	case STATS_VALUES:
	case STATS_UNIQ_VALUES:
		return array_result(func, cell->extra, arena);
	default:
		return number_result(func->op, cell, seconds, arena);
	}
}
