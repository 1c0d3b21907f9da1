/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of one column as they come in: distinct ones are kept once and numbered in order of
 * first appearance; when most are distinct, all are kept one after the other. No allocation per
 * value. Inside of store only.
 *
 *	words:	octets "sshdcron", word[0] = (0, 4), word[1] = (4, 4), code 0 0 1 0 ...
 *	plain:	octets "10.0.0.110.0.0.27", end 8 17 ...
 */
#ifndef STORE_GATHER_H
#define STORE_GATHER_H

#include "base/buf.h"

enum {
	/* From so many words on, a column whose values are mostly distinct becomes plain. */
	GATHER_TRY_WORDS = 512,
	GATHER_WORDS = 65536,
	/* Values that are filed at once, at most. */
	GATHER_ALL = 4096
};

/* In place of a code: the values are plain. */
#define GATHER_PLAIN UINT32_MAX

struct gather_word {
	uint32_t at;
	uint32_t n;
};

/* A copy of the word's place, so that a look costs two lines of memory and not three. */
struct gather_entry {
	uint32_t hash;
	uint32_t code;			/* + 1; 0 = free */
	struct gather_word word;
};

/* An entry of the table of words while they are filed all at once. */
struct gather_mark {
	uint32_t hash;
	uint32_t code;			/* + 1; 0 = free */
};

struct gather {
	uint32_t n;			/* values */
	uint32_t nword;
	bool plain;
	bool coded;			/* code[] is kept: some value is not word 0 */
	struct buf octets;
	struct gather_word *word;
	uint32_t word_cap;
	struct buf code;		/* u16 per value, in memory order */
	struct buf end;			/* plain: u32 per value, in memory order */
	struct gather_entry *table;	/* open addressing; NULL while it is not needed */
	uint32_t mask;
};

void	gather_done(struct gather *g);
/* Forgets the values and keeps a little of the memory. */
void	gather_reset(struct gather *g);
/*
 * Adds v and returns its code, or GATHER_PLAIN. hint: the code that v may have (of the same field
 * in the last row of its kind); anything else costs one look only.
 */
uint32_t	gather_add_slow(struct gather *g, struct span v, uint64_t seed);
/*
 * Adds n <= GATHER_ALL values, one after the other. When they are the first ones, their words are
 * found by a table in the caller's memory and the gather has none of its own until it needs one.
 */
void	gather_add_all(struct gather *g, const struct span *v, uint32_t n, uint64_t seed,
	    struct gather_mark mark[2 * GATHER_ALL]);
/* The code of v as a word, which is made when it is new; no value is added. Never plain. */
uint32_t	gather_intern(struct gather *g, struct span v, uint64_t seed);
/* The code of the word v, or GATHER_PLAIN when there is no such word. */
uint32_t	gather_find(struct gather *g, struct span v, uint64_t seed);
size_t	gather_bytes(const struct gather *g);

/* Octets are mostly short: two overlapping loads in place of a call. */
static inline bool
gather_same(const uint8_t *a, const uint8_t *b, size_t n)
{
	uint64_t x, y, v, w;

	if (n > 16)
		return memcmp(a, b, n) == 0;
	if (n >= 8) {
		memcpy(&x, a, 8);
		memcpy(&y, b, 8);
		memcpy(&v, a + n - 8, 8);
		memcpy(&w, b + n - 8, 8);
		return ((x ^ y) | (v ^ w)) == 0;
	}
	if (n >= 4) {
		uint32_t c, d, e, f;

		memcpy(&c, a, 4);
		memcpy(&d, b, 4);
		memcpy(&e, a + n - 4, 4);
		memcpy(&f, b + n - 4, 4);
		return ((c ^ d) | (e ^ f)) == 0;
	}
	return n == 0 || (a[0] == b[0] && a[n / 2] == b[n / 2] && a[n - 1] == b[n - 1]);
}

static inline struct span
gather_word(const struct gather *g, uint32_t code)
{
	return span_of(g->octets.p + g->word[code].at, g->word[code].n);
}

static inline uint32_t
gather_code(const struct gather *g, uint32_t i)
{
	return g->coded ? ((const uint16_t *)(const void *)g->code.p)[i] : 0;
}

/* The i-th value, whatever the form. */
static inline struct span
gather_value(const struct gather *g, uint32_t i)
{
	const uint32_t *end = (const uint32_t *)(const void *)g->end.p;
	uint32_t from;

	if (!g->plain)
		return gather_word(g, gather_code(g, i));
	from = i > 0 ? end[i - 1] : 0;
	return span_of(g->octets.p + from, end[i] - from);
}

/* Value i + 1 has this code, which exists. */
static inline void
gather_push(struct gather *g, uint32_t code)
{
	g->n++;
	if (g->coded)
		((uint16_t *)(void *)buf_add(&g->code, 2))[0] = (uint16_t)code;
}

static inline uint32_t
gather_add(struct gather *g, struct span v, uint32_t hint, uint64_t seed)
{
	if (hint < g->nword && g->word[hint].n == v.n &&
	    gather_same(g->octets.p + g->word[hint].at, v.p, v.n)) {
		gather_push(g, hint);
		return hint;
	}
	return gather_add_slow(g, v, seed);
}

#endif
