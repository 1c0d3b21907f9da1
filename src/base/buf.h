/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Bytes that we write: a growing heap array and the counterpart of
 * base/cur.h. {0} is a valid empty buf. Owner frees with buf_done().
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/span.h"

struct buf {
	uint8_t *p;
	size_t n;
	size_t cap;
};

void	buf_done(struct buf *b);
/* The same for what may hold a secret: nothing of it stays in memory. */
void	buf_wipe(struct buf *b);
/* Makes room for n more bytes; existing contents stay. */
void	buf_reserve_slow(struct buf *b, size_t n);
void	buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void
buf_reserve(struct buf *b, size_t n)
{
	if (b->cap - b->n < n)
		buf_reserve_slow(b, n);
}

static inline struct span
buf_span(const struct buf *b)
{
	return (struct span){ b->p, b->n };
}

/* n bytes at the end, contents undefined until written; valid until the next call on b. */
static inline uint8_t *
buf_add(struct buf *b, size_t n)
{
	uint8_t *at;

	buf_reserve(b, n);
	at = b->p + b->n;
	b->n += n;
	return at;
}

static inline void
buf_put(struct buf *b, const void *p, size_t n)
{
	if (n > 0)
		memcpy(buf_add(b, n), p, n);
}

static inline void
buf_span_put(struct buf *b, struct span s)
{
	buf_put(b, s.p, s.n);
}

static inline void
buf_str(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

static inline void
buf_u8(struct buf *b, uint8_t v)
{
	*buf_add(b, 1) = v;
}

/* The low n <= 8 octets of v; one store where the machine stores integers so. */
static inline void
le_put(uint8_t *at, uint64_t v, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	memcpy(at, &v, n);
#else
	for (size_t i = 0; i < n; i++, v >>= 8)
		at[i] = (uint8_t)v;
#endif
}

static inline void
buf_u16(struct buf *b, uint16_t v)
{
	le_put(buf_add(b, 2), v, 2);
}

static inline void
buf_u32(struct buf *b, uint32_t v)
{
	le_put(buf_add(b, 4), v, 4);
}

static inline void
buf_u64(struct buf *b, uint64_t v)
{
	le_put(buf_add(b, 8), v, 8);
}

static inline void
buf_i64(struct buf *b, int64_t v)
{
	buf_u64(b, (uint64_t)v);
}

/* At most 10 bytes at `at`; returns how many. */
static inline size_t
varint_put(uint8_t *at, uint64_t v)
{
	size_t n = 0;

	while (v >= 0x80) {
		at[n++] = (uint8_t)(v | 0x80);
		v >>= 7;
	}
	at[n++] = (uint8_t)v;
	return n;
}

static inline void
buf_varint(struct buf *b, uint64_t v)
{
	buf_reserve(b, 10);
	b->n += varint_put(b->p + b->n, v);
}

static inline void
buf_zigzag(struct buf *b, int64_t v)
{
	buf_varint(b, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

/* A span with its length in front as a varint. */
static inline void
buf_bytes(struct buf *b, struct span s)
{
	buf_varint(b, s.n);
	buf_span_put(b, s);
}

#endif
