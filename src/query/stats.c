/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays of known sizes. The functions of `stats` (LogsQL "stats pipe functions") over
 * rows whose groups are known: what a text means is worked out once per distinct text, not per
 * row. Empty values are nothing to min, max, median and quantile.
 */
#include "query/tally.h"

#include <math.h>

#include "base/hash.h"
#include "query/value.h"

enum { SAMPLES = 10000 };	/* of a quantile; beyond, every value has the same chance to stay */

struct work {
	struct tally *groups;
	const struct stats_func *func;
	uint32_t index;
	const uint32_t *group_of;
	struct table *table;		/* want: rows that pass `if` */
};

static struct cell *
cell_of(const struct work *w, uint32_t row)
{
	const struct tally *g = w->groups;

	return &g->cell[(size_t)w->group_of[row] * g->pipe->nfunc + w->index];
}

/* ---- counting rows ---- */

static void
rows_count(struct work *w, const struct bits *rows)
{
	if (w->groups->pipe->nby == 0) {
		uint32_t row = bits_next(rows, 0);

		if (row < LIMIT_ROWS)
			cell_of(w, row)->n += bits_count(rows);
		return;
	}
	for bits_each(row, rows)
		cell_of(w, row)->n++;
}

/* Rows where some (none) of the fields has a value. */
static enum err
filled_count(struct work *w, struct why *why)
{
	struct bits *filled = arena_zalloc(w->table->arena, 1, sizeof *filled);
	struct bits *empty = arena_alloc(w->table->arena, sizeof *empty);
	struct names names;
	enum err rc = table_names(w->table, &w->func->fields, &names, why);

	for (uint32_t i = 0; i < names.n && rc == OK; i++) {
		struct coded coded;

		rc = table_coded(w->table, names.v[i].text, &coded, why);
		for bits_each(row, w->table->want) {
			if (rc != OK)
				break;
			if (coded.word[coded.code[row]].n > 0)
				bits_set(filled, row);
		}
	}
	if (rc != OK)
		return rc;
	*empty = *w->table->want;
	bits_minus(empty, filled);
	rows_count(w, w->func->op == STATS_COUNT ? filled : empty);
	return OK;
}

/* ---- one field after the other ---- */

typedef void field_fn(struct work *w, const struct coded *coded);

static void
sum_field(struct work *w, const struct coded *coded)
{
	double *number = arena_alloc(w->table->arena, (coded->nword + 1) * sizeof *number);

	for (uint32_t i = 0; i < coded->nword; i++)
		if (!value_plain_number(coded->word[i], &number[i]))
			number[i] = (double)NAN;
	for bits_each(row, w->table->want) {
		double v = number[coded->code[row]];
		struct cell *cell = cell_of(w, row);

		if (!isnan(v)) {
			cell->sum += v;
			cell->n++;
		}
	}
}

static void
sum_len_field(struct work *w, const struct coded *coded)
{
	for bits_each(row, w->table->want)
		cell_of(w, row)->n += coded->word[coded->code[row]].n;
}

/* The keys of the words, in the table's arena. */
static struct order_key *
keys_of(struct work *w, const struct coded *coded)
{
	struct order_key *key = arena_alloc(w->table->arena, (coded->nword + 1) * sizeof *key);

	for (uint32_t i = 0; i < coded->nword; i++)
		key[i] = order_key_of(coded->word[i]);
	return key;
}

static void
key_keep(struct tally *g, struct extra *extra, const struct order_key *key)
{
	extra->key = *key;
	extra->key.text = arena_dup(g->arena, key->text);
	extra->has = true;
}

static bool
is_better(enum stats_op op, const struct extra *extra, const struct order_key *key)
{
	int c;

	if (!extra->has)
		return true;
	c = order_compare(key, &extra->key);
	return op == STATS_MIN || op == STATS_ROW_MIN ? c < 0 : c > 0;
}

static void
min_max_field(struct work *w, const struct coded *coded)
{
	struct order_key *key = keys_of(w, coded);

	for bits_each(row, w->table->want) {
		uint32_t code = coded->code[row];
		struct extra *extra;

		if (key[code].text.n == 0)
			continue;
		extra = cell_extra(w->groups, cell_of(w, row));
		if (is_better(w->func->op, extra, &key[code]))
			key_keep(w->groups, extra, &key[code]);
	}
}

/* The n-th value of a sample that is full replaces one of it, or none: the same each time. */
static uint64_t
draw(uint64_t n)
{
	uint64_t x = n * 0x9e3779b97f4a7c15U;

	x ^= x >> 29;
	x *= 0xbf58476d1ce4e5b9U;
	return (x ^ x >> 32) % n;
}

static void
sample_add(struct tally *g, struct cell *cell, const struct order_key *key, uint64_t most)
{
	struct extra *extra = cell_extra(g, cell);
	uint64_t at = extra->nsample;

	cell->n++;
	if (extra->nsample >= most) {
		at = draw(cell->n);
		if (at >= most)
			return;
	} else if (extra->nsample == extra->sample_cap) {
		struct order_key *old = extra->sample;

		extra->sample_cap = extra->sample_cap == 0 ? 8 : extra->sample_cap * 2;
		extra->sample = arena_alloc(g->arena, extra->sample_cap * sizeof *old);
		if (extra->nsample > 0)
			memcpy(extra->sample, old, extra->nsample * sizeof *old);
	}
	extra->sample[at] = *key;
	extra->sample[at].text = arena_dup(g->arena, key->text);
	extra->nsample += at == extra->nsample;
}

static void
quantile_field(struct work *w, const struct coded *coded)
{
	struct order_key *key = keys_of(w, coded);

	for bits_each(row, w->table->want)
		if (key[coded->code[row]].text.n > 0)
			sample_add(w->groups, cell_of(w, row), &key[coded->code[row]], SAMPLES);
}

static void
values_field(struct work *w, const struct coded *coded)
{
	uint64_t most = w->func->limit > 0 ? w->func->limit : UINT64_MAX;

	for bits_each(row, w->table->want) {
		struct order_key key = { .text = coded->word[coded->code[row]] };
		struct cell *cell = cell_of(w, row);

		if (cell_extra(w->groups, cell)->nsample < most)
			sample_add(w->groups, cell, &key, UINT64_MAX);
	}
}

static bool
set_is_full(const struct stats_func *func, const struct extra *extra)
{
	return func->limit > 0 && extra->set.n >= func->limit;
}

/* Each (group, code) once: a bit for each pair when they are few. */
struct pairs {
	uint64_t *seen;
	uint32_t nword;
};

static void
pairs_init(struct pairs *p, struct work *w, uint32_t nword)
{
	uint64_t n = (uint64_t)nword * w->groups->n;

	*p = (struct pairs){ .nword = nword };
	if (n <= 8U << 20)
		p->seen = arena_zalloc(w->table->arena, n / 64 + 1, sizeof *p->seen);
}

static bool
pairs_new(struct pairs *p, uint32_t group, uint32_t code)
{
	uint64_t i = (uint64_t)group * p->nword + code;
	bool is;

	if (p->seen == NULL)
		return true;
	is = (p->seen[i / 64] >> i % 64 & 1) == 0;
	p->seen[i / 64] |= (uint64_t)1 << i % 64;
	return is;
}

static void
uniq_field(struct work *w, const struct coded *coded)
{
	bool keep = w->func->op == STATS_UNIQ_VALUES;
	struct pairs pairs;

	pairs_init(&pairs, w, coded->nword);
	for bits_each(row, w->table->want) {
		uint32_t code = coded->code[row];
		struct extra *extra;

		if (coded->word[code].n == 0 || !pairs_new(&pairs, w->group_of[row], code))
			continue;
		extra = cell_extra(w->groups, cell_of(w, row));
		if (!set_is_full(w->func, extra))
			(void)text_set_add(w->groups, &extra->set, coded->word[code], keep);
	}
}

static enum err
each_field(struct work *w, field_fn *fn, struct why *why)
{
	struct names names;
	enum err rc = table_names(w->table, &w->func->fields, &names, why);

	for (uint32_t i = 0; i < names.n && rc == OK; i++) {
		struct coded coded;

		rc = table_coded(w->table, names.v[i].text, &coded, why);
		if (rc == OK)
			fn(w, &coded);
		if (rc == OK)
			rc = tally_charge(w->groups, why);
	}
	return rc;
}

/* ---- tuples ---- */

static enum err
tuples_count(struct work *w, struct why *why)
{
	struct coded *coded;
	struct names names;
	struct buf key = { 0 };
	enum err rc = table_names(w->table, &w->func->fields, &names, why);

	if (rc != OK)
		return rc;
	coded = arena_alloc(w->table->arena, (names.n + 1) * sizeof *coded);
	for (uint32_t i = 0; i < names.n && rc == OK; i++)
		rc = table_coded(w->table, names.v[i].text, &coded[i], why);
	for bits_each(row, w->table->want) {
		struct extra *extra;
		bool some = false;

		if (rc != OK)
			break;
		key.n = 0;
		for (uint32_t i = 0; i < names.n; i++) {
			some |= coded[i].word[coded[i].code[row]].n > 0;
			buf_bytes(&key, coded[i].word[coded[i].code[row]]);
		}
		extra = cell_extra(w->groups, cell_of(w, row));
		if (some && !set_is_full(w->func, extra))
			(void)text_set_add(w->groups, &extra->set, buf_span(&key), false);
	}
	buf_done(&key);
	return rc;
}

static enum err
uniq_count(struct work *w, struct why *why)
{
	if (w->func->fields.n == 1 && !w->func->fields.v[0].prefix)
		return each_field(w, uniq_field, why);
	return tuples_count(w, why);
}

/* ---- whole rows ---- */

static enum err
row_keep(struct work *w, const struct names *names, uint32_t row, struct why *why)
{
	struct query_row fields;
	struct buf text = { 0 };
	enum err rc = table_row(w->table, row, names, &fields, why);

	if (rc != OK)
		return rc;
	query_row_json(&text, &fields);
	text.n--;		/* the line feed */
	cell_extra(w->groups, cell_of(w, row))->row = arena_dup(w->groups->arena, buf_span(&text));
	buf_done(&text);
	return OK;
}

static enum err
rows_keep(struct work *w, const struct names *names, const struct bits *rows, struct why *why)
{
	enum err rc = bits_empty(rows) ? OK : table_rows_ready(w->table, names, rows, why);

	for bits_each(row, rows) {
		if (rc != OK)
			break;
		rc = row_keep(w, names, row, why);
	}
	return rc;
}

static enum err
row_any(struct work *w, struct why *why)
{
	struct bits *rows = arena_zalloc(w->table->arena, 1, sizeof *rows);

	for bits_each(row, w->table->want) {
		struct extra *extra = cell_extra(w->groups, cell_of(w, row));

		if (!extra->has)
			bits_set(rows, row);
		extra->has = true;
	}
	return rows_keep(w, &w->func->fields, rows, why);
}

/* The first argument orders, the others are what is kept (none: everything). */
static enum err
row_extreme(struct work *w, struct why *why)
{
	const struct names *fields = &w->func->fields;
	struct names kept = { fields->n - 1, fields->v + 1 };
	struct bits *rows = arena_zalloc(w->table->arena, 1, sizeof *rows);
	uint32_t *row_of = arena_alloc(w->table->arena, (w->groups->n + 1) * sizeof *row_of);
	struct order_key *key;
	struct coded coded;
	enum err rc = table_coded(w->table, fields->v[0].text, &coded, why);

	if (rc != OK)
		return rc;
	key = keys_of(w, &coded);
	memset(row_of, 0xff, w->groups->n * sizeof *row_of);
	for bits_each(row, w->table->want) {
		struct extra *extra = cell_extra(w->groups, cell_of(w, row));
		uint32_t group = w->group_of[row];

		if (key[coded.code[row]].text.n == 0 ||
		    !is_better(w->func->op, extra, &key[coded.code[row]]))
			continue;
		key_keep(w->groups, extra, &key[coded.code[row]]);
		if (row_of[group] != UINT32_MAX)
			bits_drop(rows, row_of[group]);
		bits_set(rows, row);
		row_of[group] = row;
	}
	return rows_keep(w, &kept, rows, why);
}

/* ---- all of them ---- */

static enum err
update(struct work *w, struct why *why)
{
	switch (w->func->op) {
	case STATS_RATE:
		rows_count(w, w->table->want);
		return OK;
	case STATS_COUNT:
	case STATS_COUNT_EMPTY:
		if (w->func->fields.n > 0)
			return filled_count(w, why);
		rows_count(w, w->table->want);
		return OK;
	case STATS_COUNT_UNIQ:
	case STATS_COUNT_UNIQ_HASH:
		return uniq_count(w, why);
	case STATS_UNIQ_VALUES:
		return each_field(w, uniq_field, why);
	case STATS_SUM:
	case STATS_AVG:
	case STATS_RATE_SUM:
		return each_field(w, sum_field, why);
	case STATS_SUM_LEN:
		return each_field(w, sum_len_field, why);
	case STATS_MIN:
	case STATS_MAX:
		return each_field(w, min_max_field, why);
	case STATS_MEDIAN:
	case STATS_QUANTILE:
		return each_field(w, quantile_field, why);
	case STATS_VALUES:
		return each_field(w, values_field, why);
	case STATS_ROW_ANY:
		return row_any(w, why);
	case STATS_ROW_MIN:
	case STATS_ROW_MAX:
		return row_extreme(w, why);
	}
	return OK;
}

enum err
stats_update(struct tally *groups, uint32_t index, const uint32_t *group_of,
    struct table *table, struct why *why)
{
	const struct stats_func *func = &groups->pipe->func[index];
	struct table passed = *table;
	struct work w = { groups, func, index, group_of, &passed };
	struct bits *rows;
	enum err rc;

	if (func->only != NULL) {
		rows = arena_alloc(table->arena, sizeof *rows);
		rc = table_filter(table, func->only, rows, why);
		if (rc != OK)
			return rc;
		passed.want = rows;
	}
	return update(&w, why);
}

/* ---- bringing together ---- */

static void
set_merge(struct tally *g, const struct stats_func *func, struct cell *cell,
    const struct text_set *from)
{
	struct extra *extra = cell_extra(g, cell);

	for (uint32_t i = 0; i < from->n && !set_is_full(func, extra); i++)
		(void)text_set_copy(g, &extra->set, from, i);
}

void
stats_merge(struct tally *g, uint32_t index, struct cell *cell, const struct cell *from)
{
	const struct stats_func *func = &g->pipe->func[index];
	const struct extra *have = from->extra;
	uint64_t most = func->op == STATS_VALUES ? UINT64_MAX : SAMPLES;
	struct extra *extra;

	if (have == NULL || have->nsample == 0) {
		cell->n += from->n;
		cell->sum += from->sum;
	}
	if (have == NULL)
		return;
	extra = cell_extra(g, cell);
	if (have->has && (func->op == STATS_ROW_ANY ? !extra->has :
	    is_better(func->op, extra, &have->key))) {
		key_keep(g, extra, &have->key);
		extra->row = arena_dup(g->arena, have->row);
	}
	set_merge(g, func, cell, &have->set);
	for (uint32_t i = 0; i < have->nsample; i++)
		if (func->op != STATS_VALUES || func->limit == 0 || extra->nsample < func->limit)
			sample_add(g, cell, &have->sample[i], most);
	if (have->nsample > 0)
		cell->n += from->n - have->nsample;
}
