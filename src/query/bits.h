/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of rows of one segment: 65,536 bits, 8 KB, in plain words. Bits at and above `n` rows are
 * always 0. A struct bits is a value: it is copied, cleared and combined in place.
 */
#ifndef QUERY_BITS_H
#define QUERY_BITS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/limits.h"

enum { BITS_WORDS = LIMIT_ROWS / 64 };

struct bits {
	uint64_t w[BITS_WORDS];
};

static inline void
bits_clear(struct bits *b)
{
	memset(b, 0, sizeof *b);
}

/* The first n bits. */
static inline void
bits_fill(struct bits *b, uint32_t n)
{
	bits_clear(b);
	memset(b->w, 0xff, n / 64 * 8);
	if (n % 64 > 0)
		b->w[n / 64] = ((uint64_t)1 << n % 64) - 1;
}

static inline void
bits_set(struct bits *b, uint32_t i)
{
	b->w[i / 64] |= (uint64_t)1 << i % 64;
}

static inline void
bits_drop(struct bits *b, uint32_t i)
{
	b->w[i / 64] &= ~((uint64_t)1 << i % 64);
}

static inline bool
bits_has(const struct bits *b, uint32_t i)
{
	return (b->w[i / 64] >> i % 64 & 1) != 0;
}

static inline void
bits_and(struct bits *b, const struct bits *other)
{
	for (uint32_t i = 0; i < BITS_WORDS; i++)
		b->w[i] &= other->w[i];
}

static inline void
bits_or(struct bits *b, const struct bits *other)
{
	for (uint32_t i = 0; i < BITS_WORDS; i++)
		b->w[i] |= other->w[i];
}

/* What is in b and not in other. */
static inline void
bits_minus(struct bits *b, const struct bits *other)
{
	for (uint32_t i = 0; i < BITS_WORDS; i++)
		b->w[i] &= ~other->w[i];
}

static inline uint32_t
bits_count(const struct bits *b)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < BITS_WORDS; i++)
		n += (uint32_t)__builtin_popcountll(b->w[i]);
	return n;
}

static inline bool
bits_empty(const struct bits *b)
{
	uint64_t any = 0;

	for (uint32_t i = 0; i < BITS_WORDS; i++)
		any |= b->w[i];
	return any == 0;
}

/* The first set bit at or above `from`; LIMIT_ROWS: none. */
static inline uint32_t
bits_next(const struct bits *b, uint32_t from)
{
	uint32_t i = from / 64;
	uint64_t w;

	if (from >= LIMIT_ROWS)
		return LIMIT_ROWS;
	w = b->w[i] & ~(uint64_t)0 << from % 64;
	while (w == 0) {
		if (++i == BITS_WORDS)
			return LIMIT_ROWS;
		w = b->w[i];
	}
	return i * 64 + (uint32_t)__builtin_ctzll(w);
}

/* The last set bit below `end`; LIMIT_ROWS: none. */
static inline uint32_t
bits_before(const struct bits *b, uint32_t end)
{
	uint32_t i;
	uint64_t w;

	if (end == 0)
		return LIMIT_ROWS;
	i = (end - 1) / 64;
	w = b->w[i] & (end % 64 > 0 ? ((uint64_t)1 << end % 64) - 1 : ~(uint64_t)0);
	while (w == 0) {
		if (i-- == 0)
			return LIMIT_ROWS;
		w = b->w[i];
	}
	return i * 64 + 63 - (uint32_t)__builtin_clzll(w);
}

/* for (uint32_t row = bits_next(b, 0); row < LIMIT_ROWS; row = bits_next(b, row + 1)) */
#define bits_each(row, b) \
	(uint32_t row = bits_next((b), 0); row < LIMIT_ROWS; row = bits_next((b), row + 1))

#endif
