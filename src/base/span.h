/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign bytes: a pointer and a length, never a C string. A span owns nothing; who hands it out
 * says for how long the bytes stay. An empty span may have p == NULL.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct span {
	const uint8_t *p;
	size_t n;
};

/* From a string literal, without its NUL. */
#define SPAN(literal)	((struct span){ (const uint8_t *)(literal), sizeof(literal) - 1 })

static inline struct span
span_of(const void *p, size_t n)
{
	return (struct span){ p, n };
}

static inline struct span
span_str(const char *s)
{
	return (struct span){ (const uint8_t *)s, strlen(s) };
}

static inline bool
span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool
span_is(struct span a, const char *s)
{
	return span_eq(a, span_str(s));
}

/* <0, 0, >0 as bytes compare, the shorter first on a tie. */
static inline int
span_cmp(struct span a, struct span b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return c != 0 ? c : (a.n > b.n) - (a.n < b.n);
}

/* The part from `from`, at most n bytes; clipped to the span. */
static inline struct span
span_sub(struct span s, size_t from, size_t n)
{
	if (from > s.n)
		from = s.n;
	if (n > s.n - from)
		n = s.n - from;
	return (struct span){ s.n > 0 ? s.p + from : s.p, n };
}

/* Takes the piece before the next `end` from the front, and that end; without one, all of it. */
static inline struct span
span_cut(struct span *rest, char end)
{
	const uint8_t *at = rest->n > 0 ? memchr(rest->p, end, rest->n) : NULL;
	struct span piece = span_sub(*rest, 0, at != NULL ? (size_t)(at - rest->p) : rest->n);

	*rest = span_sub(*rest, piece.n + 1, SIZE_MAX);
	return piece;
}

static inline bool
span_starts(struct span s, struct span head)
{
	return s.n >= head.n && (head.n == 0 || memcmp(s.p, head.p, head.n) == 0);
}

#endif
