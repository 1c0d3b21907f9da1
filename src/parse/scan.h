/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic and vector loads. Where the tokens of JSON end (RFC 8259), strictly:
 * grammar, escapes and control characters are checked, UTF-8 is not (it is a flag of the row).
 * Every function looks at [p, end) only and returns the octet behind its token, or NULL when
 * there is no such token. This is the inner loop of intake: strings go 16 octets at a time, and
 * escapes are taken out of the same vector.
 */
#ifndef PARSE_SCAN_H
#define PARSE_SCAN_H

#include "base/span.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* Nesting of arrays and objects in one value (RFC 8259, section 9 allows a limit). */
enum { SCAN_NEST = 512 };

/* A value that begins with '[' or '{'. */
const uint8_t	*scan_nested(const uint8_t *p, const uint8_t *end);
/* The rest of an escape that begins at p with a backslash and 'u'. */
const uint8_t	*scan_unicode(const uint8_t *p, const uint8_t *end);

/* ws, section 2 */
static inline const uint8_t *
scan_space(const uint8_t *p, const uint8_t *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* The octet behind the escape at p, section 7. */
static inline const uint8_t *
scan_escape(const uint8_t *p, const uint8_t *end)
{
	if (end - p < 2)
		return NULL;
	switch (p[1]) {
	case '"': case '\\': case '/': case 'b': case 'f': case 'n': case 'r': case 't':
		return p + 2;
	case 'u':
		return scan_unicode(p, end);
	default:
		return NULL;
	}
}

/* p is behind the opening quote; returns the closing one. Section 7. */
static inline const uint8_t *
scan_string(const uint8_t *p, const uint8_t *end)
{
#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	while (end - p >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_cmpeq_epi8(v, slash)), _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);
		const uint8_t *next = p + 16;

		while (mask != 0) {
			const uint8_t *at = p + __builtin_ctz(mask);

			if (*at == '"')
				return at;
			if (*at != '\\' || (at = scan_escape(at, end)) == NULL)
				return NULL;
			if (at - p >= 16) {
				next = at;
				break;
			}
			mask &= ~0U << (at - p);
		}
		p = next;
	}
#endif
	while (p < end) {
		if (*p == '"')
			return p;
		if (*p < 0x20)
			return NULL;
		if (*p != '\\')
			p++;
		else if ((p = scan_escape(p, end)) == NULL)
			return NULL;
	}
	return NULL;
}

static inline const uint8_t *
scan_digits(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *from = p;

	while (p < end && (unsigned)(*p - '0') <= 9)
		p++;
	return p > from ? p : NULL;
}

/* number, section 6 */
static inline const uint8_t *
scan_number(const uint8_t *p, const uint8_t *end)
{
	if (p < end && *p == '-')
		p++;
	if (p < end && *p == '0')
		p++;
	else if ((p = scan_digits(p, end)) == NULL)
		return NULL;
	if (p < end && *p == '.' && (p = scan_digits(p + 1, end)) == NULL)
		return NULL;
	if (p < end && (*p | 0x20) == 'e') {
		p++;
		if (p < end && (*p == '+' || *p == '-'))
			p++;
		p = scan_digits(p, end);
	}
	return p;
}

/* number, "true", "false" or "null"; section 3 */
static inline const uint8_t *
scan_literal(const uint8_t *p, const uint8_t *end)
{
	size_t left = (size_t)(end - p);

	if (left >= 4 && (memcmp(p, "true", 4) == 0 || memcmp(p, "null", 4) == 0))
		return p + 4;
	if (left >= 5 && memcmp(p, "false", 5) == 0)
		return p + 5;
	return scan_number(p, end);
}

#endif
