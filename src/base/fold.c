/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Words and folding, see base/fold.h. Pure text is ASCII most of the
 * time, so each loop takes ASCII octets by themselves and calls the tables for the rest only.
 * fold_table.h is made by tools/unicode.py.
 */
#include "base/fold.h"

#if defined(__SSSE3__)
#include <tmmintrin.h>
#define FOLD_VECTOR 1
#else
#define FOLD_VECTOR 0
#endif

struct shift {
	uint32_t low, high;	/* code points low, low + stride ... high */
	uint32_t stride;
	int32_t delta;		/* are moved by so much */
};

#include "base/fold_table.h"

enum { PAGED = 0x2000 };

static bool
is_tail(uint8_t c)
{
	return (c & 0xc0) == 0x80;
}

/* UTF-8 as in RFC 3629: no surrogates, nothing above U+10FFFF, shortest form only. */
uint32_t
rune_next(struct span s, size_t *at)
{
	const uint8_t *p = s.p + *at;
	size_t left = s.n - *at;
	uint32_t r = RUNE_BAD;
	size_t n = 1;

	if (p[0] < 0x80) {
		r = p[0];
	} else if (p[0] >= 0xc2 && p[0] < 0xe0 && left >= 2 && is_tail(p[1])) {
		r = (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
		n = 2;
	} else if ((p[0] & 0xf0) == 0xe0 && left >= 3 && is_tail(p[1]) && is_tail(p[2])) {
		r = (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
		n = 3;
		if (r < 0x800 || (r >= 0xd800 && r <= 0xdfff)) {
			r = RUNE_BAD;
			n = 1;
		}
	} else if ((p[0] & 0xf8) == 0xf0 && left >= 4 && is_tail(p[1]) && is_tail(p[2]) &&
	    is_tail(p[3])) {
		r = (p[0] & 0x07U) << 18 | (p[1] & 0x3fU) << 12 | (p[2] & 0x3fU) << 6 |
		    (p[3] & 0x3fU);
		n = 4;
		if (r < 0x10000 || r > 0x10ffff) {
			r = RUNE_BAD;
			n = 1;
		}
	}
	*at += n;
	return r;
}

uint32_t
rune_before(struct span s, size_t *at)
{
	size_t end = *at, from = end - 1, next;
	uint32_t r;

	while (from > 0 && end - from < 4 && is_tail(s.p[from]))
		from--;
	next = from;
	r = rune_next((struct span){ s.p, end }, &next);
	if (next == end) {
		*at = from;
		return r;
	}
	*at = end - 1;
	return RUNE_BAD;
}

size_t
rune_put(uint8_t *at, uint32_t r)
{
	if (r < 0x80) {
		at[0] = (uint8_t)r;
		return 1;
	}
	if (r < 0x800) {
		at[0] = (uint8_t)(0xc0 | r >> 6);
		at[1] = (uint8_t)(0x80 | (r & 0x3f));
		return 2;
	}
	if (r < 0x10000) {
		at[0] = (uint8_t)(0xe0 | r >> 12);
		at[1] = (uint8_t)(0x80 | (r >> 6 & 0x3f));
		at[2] = (uint8_t)(0x80 | (r & 0x3f));
		return 3;
	}
	at[0] = (uint8_t)(0xf0 | r >> 18);
	at[1] = (uint8_t)(0x80 | (r >> 12 & 0x3f));
	at[2] = (uint8_t)(0x80 | (r >> 6 & 0x3f));
	at[3] = (uint8_t)(0x80 | (r & 0x3f));
	return 4;
}

bool
rune_is_word(uint32_t r)
{
	size_t low = 0, high = sizeof word_range / sizeof word_range[0];

	if (r < 0x80)
		return ascii_is_word((uint8_t)r);
	if (r < 0x250)
		return (r >= 0xc0 && r != 0xd7 && r != 0xf7) || r == 0xaa || r == 0xb5 || r == 0xba;
	if (r >= 0x1e00 && r < 0x1f00)
		return true;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r > word_range[middle].high)
			low = middle + 1;
		else
			high = middle;
	}
	return low < sizeof word_range / sizeof word_range[0] && r >= word_range[low].low;
}

static uint32_t
shifted(const struct shift *row, size_t n, uint32_t r)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (r > row[middle].high)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < n && r >= row[low].low && (r - row[low].low) % row[low].stride == 0)
		return (uint32_t)((int32_t)r + row[low].delta);
	return r;
}

uint32_t
rune_lower(uint32_t r)
{
	if (r < 0x80)
		return r >= 'A' && r <= 'Z' ? r | 0x20 : r;
	return shifted(lower_shift, sizeof lower_shift / sizeof lower_shift[0], r);
}

uint32_t
rune_fold(uint32_t r)
{
	if (r < 0x80)
		return r >= 'A' && r <= 'Z' ? r | 0x20 : r;
	if (r < PAGED)
		return (r + fold_delta[fold_page[r / 64]][r % 64]) & 0xffff;
	return shifted(fold_shift, sizeof fold_shift / sizeof fold_shift[0], r);
}

#if FOLD_VECTOR

enum { VECTOR = 16 };

static inline __m128i
vector_at(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/*
 * One bit per octet of v that is an ASCII word character. The low half octet chooses a set of
 * groups, the high half the group it is in: 1 = 0-9 of 3x, 2 = 1-f of 4x and 6x, 4 = 0-a of 5x
 * and 7x, 8 = f of 5x (the underscore). Octets above 0x7f are in no group.
 */
static inline unsigned
word_mask(__m128i v)
{
	const __m128i by_low = _mm_setr_epi8(5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 6, 2, 2, 2, 2, 10);
	const __m128i by_high = _mm_setr_epi8(0, 0, 0, 1, 2, 12, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0);
	const __m128i half = _mm_set1_epi8(0x0f);
	__m128i low = _mm_shuffle_epi8(by_low, _mm_and_si128(v, half));
	__m128i high = _mm_shuffle_epi8(by_high, _mm_and_si128(_mm_srli_epi16(v, 4), half));
	__m128i none = _mm_cmpeq_epi8(_mm_and_si128(low, high), _mm_setzero_si128());

	return ~(unsigned)_mm_movemask_epi8(none) & 0xffff;
}

/* Lower case of all vectors that are ASCII; returns how many octets were done. */
static size_t
ascii_lower(uint8_t *at, struct span s)
{
	size_t i = 0;

	for (; s.n - i >= VECTOR; i += VECTOR) {
		__m128i v = vector_at(s.p + i);
		__m128i upper = _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8('A' - 1)),
		    _mm_cmplt_epi8(v, _mm_set1_epi8('Z' + 1)));

		if (_mm_movemask_epi8(v) != 0)
			break;
		v = _mm_or_si128(v, _mm_and_si128(upper, _mm_set1_epi8(0x20)));
		_mm_storeu_si128((__m128i *)(void *)(at + i), v);
	}
	return i;
}

/* The first octet at or after i that is above 0x7f, or whose being in a word is `is`. */
static size_t
ascii_until(struct span s, size_t i, bool is)
{
	for (; s.n - i >= VECTOR; i += VECTOR) {
		__m128i v = vector_at(s.p + i);
		unsigned mask = word_mask(v);

		mask = (is ? mask : ~mask & 0xffff) | (unsigned)_mm_movemask_epi8(v);
		if (mask != 0)
			return i + (unsigned)__builtin_ctz(mask);
	}
	while (i < s.n && s.p[i] < 0x80 && ascii_is_word(s.p[i]) != is)
		i++;
	return i;
}

#else

static size_t
ascii_lower(uint8_t *at, struct span s)
{
	(void)at;
	(void)s;
	return 0;
}

static size_t
ascii_until(struct span s, size_t i, bool is)
{
	while (i < s.n && s.p[i] < 0x80 && ascii_is_word(s.p[i]) != is)
		i++;
	return i;
}

#endif

static size_t
fold_with(uint8_t *at, struct span s, uint32_t (*change)(uint32_t r))
{
	uint8_t rune[4];
	size_t i = 0, n = 0, vectors;

	while (i < s.n) {
		uint8_t c = s.p[i];
		size_t from = i, len;
		uint32_t r, to;

		if (c < 0x80) {
			/* at + n is not behind s.p + i, even when they are one text */
			vectors = ascii_lower(at + n, (struct span){ s.p + i, s.n - i });
			i += vectors;
			n += vectors;
			for (; i < s.n && s.p[i] < 0x80; i++)
				at[n++] = (uint8_t)(s.p[i] >= 'A' && s.p[i] <= 'Z' ?
				    s.p[i] | 0x20 : s.p[i]);
			continue;
		}
		r = rune_next(s, &i);
		to = r == RUNE_BAD ? r : change(r);
		if (to == 0)
			continue;
		len = rune_put(rune, to);
		if (to == r || len > i - from) {
			memmove(at + n, s.p + from, i - from);
			n += i - from;
		} else {
			memcpy(at + n, rune, len);
			n += len;
		}
	}
	return n;
}

size_t
fold(uint8_t *at, struct span s)
{
	return fold_with(at, s, rune_fold);
}

size_t
fold_case(uint8_t *at, struct span s)
{
	return fold_with(at, s, rune_lower);
}

bool
fold_is_folded(struct span s)
{
	size_t i = 0;

	while (i < s.n) {
		uint32_t r = rune_next(s, &i);

		if (r != RUNE_BAD && rune_fold(r) != r)
			return false;
	}
	return true;
}

/*
 * The place at or after i where a word begins (is = true) or ends (is = false), s.n when it is
 * the end. Octets above 0x7f are looked at by code point.
 */
static size_t
word_edge(struct span s, size_t i, bool is)
{
	size_t next;

	while ((i = ascii_until(s, i, is)) < s.n && s.p[i] >= 0x80) {
		next = i;
		if (rune_is_word(rune_next(s, &next)) == is)
			break;
		i = next;
	}
	return i;
}

bool
word_next(struct span s, size_t *at, struct span *ret_word)
{
	size_t from = word_edge(s, *at, true);

	*at = from < s.n ? word_edge(s, from, false) : s.n;
	if (from == s.n)
		return false;
	*ret_word = (struct span){ s.p + from, *at - from };
	return true;
}

/* ---- words, a window at a time ---- */

struct words
words_of(struct span text)
{
	/* The window before the first; words_more() enters the first one. */
	return (struct words){ .text = text, .base = (size_t)0 - WORDS_WINDOW };
}

/* Bits of the ASCII word characters and of the octets above 0x7f among the 64 at p. */
static uint64_t
window_mask(const uint8_t *p, uint64_t *ret_high)
{
	uint64_t word = 0, high = 0;

#if FOLD_VECTOR
	for (unsigned i = 0; i < WORDS_WINDOW; i += VECTOR) {
		__m128i v = vector_at(p + i);

		word |= (uint64_t)word_mask(v) << i;
		high |= (uint64_t)(unsigned)_mm_movemask_epi8(v) << i;
	}
#else
	for (unsigned i = 0; i < WORDS_WINDOW; i++) {
		high |= (uint64_t)(p[i] >> 7) << i;
		word |= (uint64_t)(p[i] < 0x80 && ascii_is_word(p[i])) << i;
	}
#endif
	*ret_high = high;
	return word;
}

/* The bits of n octets from bit i on. */
static uint64_t
bits(size_t i, size_t n)
{
	return (n < WORDS_WINDOW ? (UINT64_C(1) << n) - 1 : UINT64_MAX) << i;
}

/* Adds the code points of the window that are no ASCII: each is in a word with all its octets. */
static uint64_t
window_runes(struct words *words, uint64_t word, uint64_t high)
{
	/* What began in the window before is of that window's last octet's kind. */
	if (words->in_word != 0)
		word |= bits(0, words->ahead);
	high &= ~bits(0, words->ahead);
	words->ahead = 0;
	while (high != 0) {
		size_t i = (size_t)__builtin_ctzll(high), at = words->base + i, n;
		bool is = rune_is_word(rune_next(words->text, &at));

		n = at - words->base - i;
		if (is)
			word |= bits(i, n);
		high &= ~bits(i, n);
		if (i + n > WORDS_WINDOW)
			words->ahead = (unsigned)(i + n - WORDS_WINDOW);
	}
	return word;
}

bool
words_more(struct words *words)
{
	size_t base = words->base + WORDS_WINDOW;	/* wraps to 0 at first */
	uint8_t tail[WORDS_WINDOW] = { 0 };
	uint64_t word, high;

	if (base >= words->text.n)
		return false;
	words->base = base;
	if (words->text.n - base >= WORDS_WINDOW) {
		word = window_mask(words->text.p + base, &high);
	} else {
		memcpy(tail, words->text.p + base, words->text.n - base);
		word = window_mask(tail, &high);
	}
	if (high != 0)
		word = window_runes(words, word, high);
	words->edge = word ^ (word << 1 | words->in_word);
	words->in_word = (unsigned)(word >> (WORDS_WINDOW - 1));
	return true;
}
