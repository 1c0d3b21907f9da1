/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays that grow here. See query/tally.h. */
#include "query/tally.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "query/value.h"

/* ---- memory ---- */

bool
budget_take(struct budget *budget, size_t n)
{
	size_t used = atomic_fetch_add(&budget->used, n) + n, peak;

	if (used > budget->limit) {
		(void)atomic_fetch_sub(&budget->used, n);
		return false;
	}
	peak = atomic_load(&budget->peak);
	while (used > peak && !atomic_compare_exchange_weak(&budget->peak, &peak, used))
		;
	return true;
}

void
budget_give(struct budget *budget, size_t n)
{
	(void)atomic_fetch_sub(&budget->used, n);
}

enum err
budget_refuse(const struct budget *budget, struct why *why)
{
	return why_set(why, ERR_LIMIT, "the query needs more than its %zu MB of memory; narrow its "
	    "time range, group by fewer values or add a limit", budget->limit >> 20);
}

/* ---- order ---- */

struct order_key
order_key_of(struct span text)
{
	struct order_key key = { .text = text };

	if (value_i64(text, &key.whole)) {
		key.kind = ORDER_INT;
		key.number = (double)key.whole;
	} else if (value_time(text, &key.whole)) {
		key.kind = ORDER_TIME;
	} else if (value_plain_number(text, &key.number)) {
		key.kind = ORDER_NUMBER;
	}
	return key;
}

int
order_compare(const struct order_key *a, const struct order_key *b)
{
	if (a->kind == b->kind && (a->kind == ORDER_INT || a->kind == ORDER_TIME)) {
		if (a->whole != b->whole)
			return a->whole < b->whole ? -1 : 1;
	} else if ((a->kind == ORDER_INT || a->kind == ORDER_NUMBER) &&
	    (b->kind == ORDER_INT || b->kind == ORDER_NUMBER) && a->number != b->number) {
		return a->number < b->number ? -1 : 1;
	}
	return value_compare(a->text, b->text);
}

/* ---- sets ---- */

static void
text_set_grow(struct tally *groups, struct text_set *set, bool keep)
{
	uint32_t cap = set->cap == 0 ? 8 : set->cap * 2;
	uint64_t (*hash)[2] = arena_alloc(groups->arena, cap * sizeof *hash);
	struct span *text = keep ? arena_alloc(groups->arena, cap * sizeof *text) : NULL;

	if (set->n > 0)
		memcpy(hash, set->hash, set->n * sizeof *hash);
	if (set->n > 0 && keep)
		memcpy(text, set->text, set->n * sizeof *text);
	set->cap = cap;
	set->hash = hash;
	set->text = text;
	set->mask = cap * 2 - 1;
	set->slot = arena_zalloc(groups->arena, cap * 2, sizeof *set->slot);
	for (uint32_t i = 0; i < set->n; i++) {
		uint32_t at = (uint32_t)hash[i][0] & set->mask;

		while (set->slot[at] != 0)
			at = (at + 1) & set->mask;
		set->slot[at] = i + 1;
	}
}

static bool
hash_add(struct tally *groups, struct text_set *set, uint64_t low, uint64_t high,
    struct span text, bool keep)
{
	uint32_t at;

	if (set->n == set->cap)
		text_set_grow(groups, set, keep);
	for (at = (uint32_t)low & set->mask; set->slot[at] != 0; at = (at + 1) & set->mask)
		if (set->hash[set->slot[at] - 1][0] == low && set->hash[set->slot[at] - 1][1] ==
		    high)
			return false;
	set->hash[set->n][0] = low;
	set->hash[set->n][1] = high;
	if (keep)
		set->text[set->n] = arena_dup(groups->arena, text);
	set->slot[at] = ++set->n;
	return true;
}

/* 128 bits of seeded hash stand for a text: two that agree are one for all that we will see. */
bool
text_set_add(struct tally *groups, struct text_set *set, struct span text, bool keep)
{
	XXH128_hash_t h = XXH3_128bits_withSeed(text.p, text.n, groups->seed);

	return hash_add(groups, set, h.low64, h.high64, text, keep);
}

bool
text_set_copy(struct tally *groups, struct text_set *set, const struct text_set *from,
    uint32_t i)
{
	bool keep = from->text != NULL;

	return hash_add(groups, set, from->hash[i][0], from->hash[i][1],
	    keep ? from->text[i] : SPAN(""), keep);
}

/* ---- groups ---- */

struct tally *
tally_new(const struct pipe *pipe, struct budget *budget, uint64_t seed)
{
	struct tally *groups = xcalloc(1, sizeof *groups);

	groups->pipe = pipe;
	groups->budget = budget;
	groups->seed = seed;
	groups->arena = arena_new((size_t)16 << 30);	/* the budget ends it long before */
	return groups;
}

void
tally_free(struct tally **groups)
{
	if (*groups == NULL)
		return;
	budget_give((*groups)->budget, (*groups)->charged);
	arena_free(&(*groups)->arena);
	free((*groups)->key);
	free((*groups)->cell);
	free((*groups)->slot);
	free(*groups);
	*groups = NULL;
}

enum err
tally_charge(struct tally *groups, struct why *why)
{
	size_t now = arena_used(groups->arena) + groups->cap * (sizeof *groups->key +
	    groups->pipe->nfunc * sizeof *groups->cell + 2 * sizeof *groups->slot);

	if (now > groups->charged) {
		if (!budget_take(groups->budget, now - groups->charged))
			return budget_refuse(groups->budget, why);
		groups->charged = now;
	}
	return OK;
}

static void
tally_grow(struct tally *g)
{
	uint32_t cap = g->cap == 0 ? 16 : g->cap * 2;
	size_t ncell = g->pipe->nfunc;

	g->key = xreallocarray(g->key, cap, sizeof *g->key);
	g->cell = xreallocarray(g->cell, cap * ncell + 1, sizeof *g->cell);
	free(g->slot);
	g->slot = xcalloc(cap * 2, sizeof *g->slot);
	g->cap = cap;
	g->mask = cap * 2 - 1;
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t at = (uint32_t)hash64_seed(g->key[i], g->seed) & g->mask;

		while (g->slot[at] != 0)
			at = (at + 1) & g->mask;
		g->slot[at] = i + 1;
	}
}

uint32_t
tally_find(struct tally *g, struct span key)
{
	uint64_t hash = hash64_seed(key, g->seed);
	uint32_t at;

	if (g->n == g->cap)
		tally_grow(g);
	for (at = (uint32_t)hash & g->mask; g->slot[at] != 0; at = (at + 1) & g->mask)
		if (span_eq(g->key[g->slot[at] - 1], key))
			return g->slot[at] - 1;
	g->key[g->n] = arena_dup(g->arena, key);
	memset(&g->cell[(size_t)g->n * g->pipe->nfunc], 0, g->pipe->nfunc * sizeof *g->cell);
	g->slot[at] = ++g->n;
	return g->n - 1;
}

struct extra *
cell_extra(struct tally *groups, struct cell *cell)
{
	if (cell->extra == NULL)
		cell->extra = arena_zalloc(groups->arena, 1, sizeof *cell->extra);
	return cell->extra;
}

void
tally_merge(struct tally *g, const struct tally *from)
{
	uint32_t nfunc = g->pipe->nfunc;

	for (uint32_t i = 0; i < from->n; i++) {
		uint32_t to = tally_find(g, from->key[i]);

		for (uint32_t f = 0; f < nfunc; f++)
			stats_merge(g, f, &g->cell[(size_t)to * nfunc + f],
			    &from->cell[(size_t)i * nfunc + f]);
	}
}
