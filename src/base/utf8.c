/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic and vector loads, all inside of the span. See utf8.h. */
#include "base/utf8.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/*
 * The octets of the code point at p (left > 0), 0 when there is none. RFC 3629, section 4:
 *	second octet	E0: A0-BF, ED: 80-9F, F0: 90-BF, F4: 80-8F, else 80-BF
 */
static inline size_t
rune_bytes(const uint8_t *p, size_t left)
{
	uint8_t a = p[0], low = 0x80, high = 0xbf;
	size_t n;

	if (a < 0x80)
		return 1;
	if (a < 0xc2 || a > 0xf4)
		return 0;
	n = a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
	if (left < n)
		return 0;
	if (a == 0xe0)
		low = 0xa0;
	else if (a == 0xed)
		high = 0x9f;
	else if (a == 0xf0)
		low = 0x90;
	else if (a == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

static size_t
ascii_from(struct span s, size_t i)
{
#if defined(__SSE2__)
	while (s.n - i >= 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		unsigned mask = (unsigned)_mm_movemask_epi8(v);

		if (mask != 0)
			return i + (unsigned)__builtin_ctz(mask);
		i += 16;
	}
#endif
	while (i < s.n && s.p[i] < 0x80)
		i++;
	return i;
}

size_t
utf8_ascii(struct span s)
{
	return ascii_from(s, 0);
}

/* True when s[i..] is UTF-8. */
static bool
valid_from(struct span s, size_t i)
{
	size_t n;

	while (i < s.n) {
		if (s.p[i] < 0x80) {
			i = ascii_from(s, i);
			continue;
		}
		n = rune_bytes(s.p + i, s.n - i);
		if (n == 0)
			return false;
		i += n;
	}
	return true;
}

bool
utf8_valid(struct span s)
{
	return valid_from(s, 0);
}

/* Bit 0: an octet above 0x7f, bit 1: a zero octet. */
static unsigned
octets_scan(struct span s)
{
	unsigned high = 0, zero = 0;
	size_t i = 0;

#if defined(__SSE2__)
	__m128i all = _mm_setzero_si128(), least = _mm_set1_epi8(-1);

	for (; s.n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));

		all = _mm_or_si128(all, v);
		least = _mm_min_epu8(least, v);
	}
	high = _mm_movemask_epi8(all) != 0;
	zero = _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_setzero_si128())) != 0;
#endif
	for (; i < s.n; i++) {
		high |= s.p[i] >> 7;
		zero |= s.p[i] == 0;
	}
	return high | zero << 1;
}

unsigned
utf8_scan(struct span s)
{
	unsigned seen = octets_scan(s), found = 0;

	if ((seen & 2) != 0)
		found |= UTF8_NUL;
	if ((seen & 1) != 0)
		found |= utf8_valid(s) ? UTF8_HIGH : UTF8_HIGH | UTF8_BROKEN;
	return found;
}

size_t
utf8_count(struct span s)
{
	size_t i = 0, count = 0, n;

	while (i < s.n) {
		if (s.p[i] < 0x80) {
			n = ascii_from(s, i);
			count += n - i;
			i = n;
			continue;
		}
		n = rune_bytes(s.p + i, s.n - i);
		i += n > 0 ? n : 1;
		count++;
	}
	return count;
}

struct span
utf8_cut(struct span s, size_t n)
{
	size_t at = n;

	if (s.n <= n)
		return s;
	while (at > 0 && n - at < 4 && (s.p[at] & 0xc0) == 0x80)
		at--;
	/* A run of tail octets longer than a code point is not UTF-8: cut anywhere. */
	return span_sub(s, 0, (s.p[at] & 0xc0) == 0x80 ? n : at);
}
