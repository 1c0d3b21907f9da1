/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of u16 and u32 inside of byte buffers (aligned by malloc). See gather.h. */
#include "store/gather.h"

#include <stdlib.h>

#include "base/copy.h"
#include "base/hash.h"
#include "base/must.h"

enum {
	FEW_WORDS = 1,		/* so many are looked through, without a table */
	TABLE_FIRST = 16,
	KEEP_BYTES = 4096	/* gather_reset keeps buffers up to here */
};

static void
table_free(struct gather *g)
{
	free(g->table);
	g->table = NULL;
	g->mask = 0;
}

void
gather_done(struct gather *g)
{
	buf_done(&g->octets);
	buf_done(&g->code);
	buf_done(&g->end);
	free(g->word);
	table_free(g);
	*g = (struct gather){ 0 };
}

static void
buf_keep(struct buf *b)
{
	if (b->cap > KEEP_BYTES)
		buf_done(b);
	b->n = 0;
}

void
gather_reset(struct gather *g)
{
	buf_keep(&g->octets);
	buf_keep(&g->code);
	buf_keep(&g->end);
	table_free(g);
	g->n = g->nword = 0;
	g->plain = g->coded = false;
}

size_t
gather_bytes(const struct gather *g)
{
	return g->octets.cap + g->code.cap + g->end.cap + g->word_cap * sizeof *g->word +
	    (g->table != NULL ? ((size_t)g->mask + 1) * sizeof *g->table : 0);
}

static void
table_put(struct gather *g, struct gather_entry entry)
{
	uint32_t at = entry.hash & g->mask;

	while (g->table[at].code != 0)
		at = (at + 1) & g->mask;
	g->table[at] = entry;
}

static inline uint32_t
table_hash(struct span v, uint64_t seed)
{
	return (uint32_t)(hash64_seed(v, seed) >> 32);
}

/* The first one holds all words that there are. */
static void
table_begin(struct gather *g, uint64_t seed)
{
	uint32_t size = TABLE_FIRST;

	while (g->nword * 2 > size - 1)
		size *= 2;
	g->table = xcalloc(size, sizeof *g->table);
	g->mask = size - 1;
	for (uint32_t i = 0; i < g->nword; i++)
		table_put(g, (struct gather_entry){ table_hash(gather_word(g, i), seed), i + 1,
		    g->word[i] });
}

static void
table_grow(struct gather *g)
{
	uint32_t nold = g->mask + 1;
	struct gather_entry *old = g->table;

	g->table = xcalloc(nold * 2, sizeof *g->table);
	g->mask = nold * 2 - 1;
	for (uint32_t i = 0; i < nold; i++) {
		if (old[i].code != 0)
			table_put(g, old[i]);
	}
	free(old);
}

static void
octets_put(struct gather *g, struct span v)
{
	must(g->octets.n + v.n <= UINT32_MAX);
	buf_reserve(&g->octets, v.n);
	(void)copy_span(g->octets.p + g->octets.n, v);
	g->octets.n += v.n;
}

static void
plain_add(struct gather *g, struct span v)
{
	octets_put(g, v);
	((uint32_t *)(void *)buf_add(&g->end, 4))[0] = (uint32_t)g->octets.n;
	g->n++;
}

/* From words to plain: every value written out. */
static void
plain_begin(struct gather *g)
{
	struct gather old = *g;

	*g = (struct gather){ .plain = true };
	for (uint32_t i = 0; i < old.n; i++)
		plain_add(g, gather_value(&old, i));
	gather_done(&old);
}

static uint32_t
word_new(struct gather *g, struct span v)
{
	if (g->nword == g->word_cap) {
		g->word_cap = g->word_cap > 0 ? g->word_cap * 2 : 4;
		g->word = xreallocarray(g->word, g->word_cap, sizeof *g->word);
	}
	g->word[g->nword] = (struct gather_word){ (uint32_t)g->octets.n, (uint32_t)v.n };
	octets_put(g, v);
	return g->nword++;
}

/* The second word: from now on each value's code is kept. */
static void
codes_begin(struct gather *g)
{
	uint8_t *code;

	g->coded = true;
	if (g->n == 0)
		return;
	code = buf_add(&g->code, (size_t)g->n * 2);
	memset(code, 0, (size_t)g->n * 2);
}

static bool
is_mostly_distinct(const struct gather *g)
{
	if (g->nword < GATHER_TRY_WORDS)
		return false;
	return g->nword >= GATHER_WORDS - 1 ||
	    ((g->nword & (GATHER_TRY_WORDS - 1)) == 0 && g->nword > g->n / 8 * 5);
}

/* The code of v, or GATHER_PLAIN with the hash that word_file wants when there is a table. */
static inline uint32_t
word_find(struct gather *g, struct span v, uint64_t seed, uint32_t *ret_hash)
{
	if (g->table == NULL) {
		for (uint32_t i = 0; i < g->nword; i++) {
			if (g->word[i].n == v.n &&
			    gather_same(g->octets.p + g->word[i].at, v.p, v.n))
				return i;
		}
		return GATHER_PLAIN;
	}
	*ret_hash = table_hash(v, seed);
	for (uint32_t at = *ret_hash & g->mask; g->table[at].code != 0; at = (at + 1) & g->mask) {
		const struct gather_entry *e = &g->table[at];

		if (e->hash == *ret_hash && e->word.n == v.n &&
		    gather_same(g->octets.p + e->word.at, v.p, v.n))
			return e->code - 1;
	}
	return GATHER_PLAIN;
}

/* The new word v, which word_find did not find. */
static uint32_t
word_file(struct gather *g, struct span v, uint64_t seed, uint32_t hash)
{
	uint32_t code = word_new(g, v);

	if (g->table == NULL) {
		if (g->nword > FEW_WORDS)
			table_begin(g, seed);
		return code;
	}
	if (g->nword * 2 > g->mask)
		table_grow(g);
	table_put(g, (struct gather_entry){ hash, code + 1, g->word[code] });
	return code;
}

uint32_t
gather_intern(struct gather *g, struct span v, uint64_t seed)
{
	uint32_t hash = 0, code = word_find(g, v, seed, &hash);

	return code != GATHER_PLAIN ? code : word_file(g, v, seed, hash);
}

uint32_t
gather_add_slow(struct gather *g, struct span v, uint64_t seed)
{
	uint32_t hash = 0, code;

	if (g->plain) {
		plain_add(g, v);
		return GATHER_PLAIN;
	}
	code = word_find(g, v, seed, &hash);
	if (code != GATHER_PLAIN) {
		gather_push(g, code);
		return code;
	}
	if (is_mostly_distinct(g)) {
		plain_begin(g);
		plain_add(g, v);
		return GATHER_PLAIN;
	}
	code = word_file(g, v, seed, hash);
	if (code == 1)
		codes_begin(g);
	gather_push(g, code);
	return code;
}

static void
plain_add_all(struct gather *g, const struct span *v, uint32_t n)
{
	uint32_t *end;
	size_t octets = 0;
	uint8_t *to;

	for (uint32_t i = 0; i < n; i++)
		octets += v[i].n;
	must(g->octets.n + octets <= UINT32_MAX);
	to = buf_add(&g->octets, octets);
	end = (uint32_t *)(void *)buf_add(&g->end, (size_t)n * 4);
	for (uint32_t i = 0; i < n; i++) {
		to = copy_span(to, v[i]);
		end[i] = (uint32_t)(to - g->octets.p);
	}
	g->n += n;
}

/* The code of v, or GATHER_PLAIN with where it belongs. */
static inline uint32_t
marks_find(const struct gather *g, const struct gather_mark *mark, uint32_t mask, struct span v,
    uint32_t hash, uint32_t *ret_at)
{
	uint32_t at = hash & mask;

	for (; mark[at].code != 0; at = (at + 1) & mask) {
		uint32_t code = mark[at].code - 1;

		if (mark[at].hash == hash && g->word[code].n == v.n &&
		    gather_same(g->octets.p + g->word[code].at, v.p, v.n))
			return code;
	}
	*ret_at = at;
	return GATHER_PLAIN;
}

/* The code of v, which is not word 0; GATHER_PLAIN: it is new, and values are plain from it on. */
static inline uint32_t
marks_intern(struct gather *g, struct gather_mark *mark, uint32_t mask, struct span v,
    uint64_t seed)
{
	uint32_t hash = table_hash(v, seed), at, code = marks_find(g, mark, mask, v, hash, &at);

	if (code != GATHER_PLAIN || is_mostly_distinct(g))
		return code;
	code = word_new(g, v);
	mark[at] = (struct gather_mark){ hash, code + 1 };
	if (code == 1)
		codes_begin(g);
	return code;
}

/* The first n values; returns how many, fewer when the next ones are plain. */
static uint32_t
first_add(struct gather *g, const struct span *v, uint32_t n, uint64_t seed,
    struct gather_mark *mark)
{
	uint32_t i = 1, mask = 1, code = word_new(g, v[0]);

	/* Mostly all of them are the same. */
	while (i < n && v[i].n == v[0].n && gather_same(v[i].p, v[0].p, v[0].n))
		i++;
	g->n = i;
	if (i == n)
		return n;
	while (mask < 2 * n - 1)
		mask = mask * 2 + 1;
	memset(mark, 0, (mask + (size_t)1) * sizeof *mark);
	mark[table_hash(v[0], seed) & mask] = (struct gather_mark){ table_hash(v[0], seed), 1 };
	for (; i < n; i++) {
		if (g->word[code].n != v[i].n ||
		    !gather_same(g->octets.p + g->word[code].at, v[i].p, v[i].n))
			code = marks_intern(g, mark, mask, v[i], seed);
		if (code == GATHER_PLAIN) {
			plain_begin(g);
			return i;
		}
		gather_push(g, code);
	}
	return n;
}

void
gather_add_all(struct gather *g, const struct span *v, uint32_t n, uint64_t seed,
    struct gather_mark mark[2 * GATHER_ALL])
{
	uint32_t hint = 0, i = 0;

	must(n <= GATHER_ALL);
	if (n > 0 && g->n == 0 && g->nword == 0)
		i = first_add(g, v, n, seed, mark);
	else if (g->table == NULL && g->nword > FEW_WORDS)
		table_begin(g, seed);
	for (; i < n; i++) {
		if (g->plain) {
			plain_add_all(g, v + i, n - i);
			return;
		}
		hint = gather_add(g, v[i], hint, seed);
	}
}

uint32_t
gather_find(struct gather *g, struct span v, uint64_t seed)
{
	uint32_t hash;

	return word_find(g, v, seed, &hash);
}
