/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. A reader over bytes that somebody else wrote. It never passes its
 * end: the first read that would sets `bad`, and from then on every read gives 0 and every span
 * is empty. Check `bad` once, at the end. Integers are little-endian; varints are LEB128, at most
 * 10 bytes, minimal form not required of the writer but no bit above the 64th may be set.
 */
#ifndef BASE_CUR_H
#define BASE_CUR_H

#include "base/span.h"

struct cur {
	const uint8_t *p;
	const uint8_t *end;
	bool bad;
};

static inline struct cur
cur_of(struct span s)
{
	/* Adding 0 to NULL is not defined either. */
	const uint8_t *p = s.p != NULL ? s.p : (const uint8_t *)"";

	return (struct cur){ p, p + s.n, false };
}

static inline size_t
cur_left(const struct cur *c)
{
	return (size_t)(c->end - c->p);
}

/* True when everything was read and nothing was missing. */
static inline bool
cur_done(const struct cur *c)
{
	return !c->bad && c->p == c->end;
}

static inline struct span
cur_span(struct cur *c, uint64_t n)
{
	struct span s = { c->p, 0 };

	if (c->bad || n > cur_left(c)) {
		c->bad = true;
		c->p = c->end;
		return s;
	}
	s.n = (size_t)n;
	c->p += s.n;
	return s;
}

static inline uint8_t
cur_u8(struct cur *c)
{
	if (c->bad || c->p == c->end) {
		c->bad = true;
		return 0;
	}
	return *c->p++;
}

static inline uint64_t
cur_le(struct cur *c, size_t n)
{
	struct span s = cur_span(c, n);
	uint64_t v = 0;

	for (size_t i = s.n; i-- > 0;)
		v = v << 8 | s.p[i];
	return v;
}

static inline uint16_t
cur_u16(struct cur *c)
{
	return (uint16_t)cur_le(c, 2);
}

static inline uint32_t
cur_u32(struct cur *c)
{
	return (uint32_t)cur_le(c, 4);
}

static inline uint64_t
cur_u64(struct cur *c)
{
	return cur_le(c, 8);
}

static inline int64_t
cur_i64(struct cur *c)
{
	return (int64_t)cur_le(c, 8);
}

uint64_t	cur_varint_slow(struct cur *c);

static inline uint64_t
cur_varint(struct cur *c)
{
	if (!c->bad && c->p < c->end && *c->p < 0x80)
		return *c->p++;
	return cur_varint_slow(c);
}

/* Zigzag: 0, -1, 1, -2 are 0, 1, 2, 3. */
static inline int64_t
cur_zigzag(struct cur *c)
{
	uint64_t v = cur_varint(c);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

/* A span with a varint length in front. */
static inline struct span
cur_bytes(struct cur *c)
{
	return cur_span(c, cur_varint(c));
}

#endif
