/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of the text; vector instructions. Texts to bits and lines, see
 * cutter.h: octets are sorted into classes 64 at a time, as bits; in a text of several lines those
 * with a label become slots, what is left is cut by cut_run.
 */
#include "store/cutter_int.h"

#ifdef __SSE4_2__
#include <nmmintrin.h>
#endif

enum { LABEL_BYTES = 48 };	/* of a line, before its colon */

/* ---- bits ---- */

#ifdef __SSE4_2__
/*
 * Each octet's class by its two halves: a bit is set in both tables for the pairs that have it.
 * 1 digits; 2 @A..O (without @), a..o; 4 P..Z, p..z; 8 '_'; 16 " ' /; 32 =; 64 \; 128 NUL.
 */
static void
bits_of(const struct cutter *cutter, const uint8_t *p, struct cut *cut, size_t block)
{
	const __m128i low = _mm_setr_epi8((char)0x85, 7, 0x17, 7, 7, 7, 7, 0x17, 7, 7, 6, 2, 0x42,
	    0x22, 2, 0x1a);
	const __m128i high = _mm_setr_epi8((char)0x80, 0, 0x10, 0x21, 2, 0x4c, 2, 4, 0, 0, 0, 0, 0,
	    0, 0, 0);
	const __m128i half = _mm_set1_epi8(15), words = _mm_set1_epi8(15);
	const __m128i any_word = _mm_set1_epi8(0x7f), any_act = _mm_set1_epi8(0x70);
	uint64_t word = 0, digit = 0, act = 0;

	(void)cutter;
	for (unsigned i = 0; i < 64; i += 16) {
		__m128i c = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i class = _mm_and_si128(_mm_shuffle_epi8(low, _mm_and_si128(c, half)),
		    _mm_shuffle_epi8(high, _mm_and_si128(_mm_srli_epi16(c, 4), half)));
		/* The sum's highest bit says whether one of the bits was set. */
		__m128i is_word = _mm_or_si128(c, _mm_adds_epu8(_mm_and_si128(class, words),
		    any_word));
		__m128i is_act = _mm_adds_epu8(class, any_act);

		word |= (uint64_t)(uint32_t)_mm_movemask_epi8(is_word) << i;
		digit |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_slli_epi16(class, 7)) << i;
		act |= (uint64_t)(uint32_t)_mm_movemask_epi8(is_act) << i;
	}
	cut->word[block] = word;
	cut->digit[block] = digit;
	cut->act[block] = act;
}
#else
static void
bits_of(const struct cutter *cutter, const uint8_t *p, struct cut *cut, size_t block)
{
	uint64_t word = 0, digit = 0, act = 0;

	for (unsigned i = 0; i < 64; i++) {
		uint8_t class = cutter->class[p[i]];

		word |= (uint64_t)((class & WORD) != 0) << i;
		digit |= (uint64_t)((class & DIGIT) != 0) << i;
		act |= (uint64_t)((class & ACTS) != 0) << i;
	}
	cut->word[block] = word;
	cut->digit[block] = digit;
	cut->act[block] = act;
}
#endif

/* A space behind the end, so that every search stops. */
static void
bits_make(const struct cutter *cutter, struct cut *cut)
{
	size_t n = cut->text.n, whole = n / 64;
	uint8_t last[64];

	for (size_t i = 0; i < whole; i++)
		bits_of(cutter, cut->text.p + 64 * i, cut, i);
	memset(last, ' ', sizeof last);
	memcpy(last, cut->text.p + 64 * whole, n - 64 * whole);
	bits_of(cutter, last, cut, whole);
	cut->word[whole + 1] = cut->digit[whole + 1] = cut->act[whole + 1] = 0;
}

/* ---- lines ---- */

/* The first escape that ends a line, from `at` on; c->n: none. */
static size_t
escape_find(const struct cutting *c, size_t at, size_t end)
{
	while (at + 1 < end) {
		const uint8_t *found = memchr(c->p + at, '\\', end - at - 1);

		if (found == NULL)
			return end;
		at = (size_t)(found - c->p);
		if (c->p[at + 1] == 'n' || c->p[at + 1] == 'r')
			return at;
		at += 2;
	}
	return end;
}

static size_t
newline_find(const struct cutting *c, size_t at, size_t end)
{
	const uint8_t *found = memchr(c->p + at, '\n', end - at);

	end = found != NULL ? (size_t)(found - c->p) : end;
	return end > at && c->p[end - 1] == '\r' ? end - 1 : end;
}

/* The end of the line that begins at `at`; *ret_next is the start of the next one with text. */
static size_t
line_end(const struct cutting *c, size_t at, size_t end, size_t *ret_next)
{
	bool escaped = c->cut->escape == CUT_BACKSLASH;
	size_t stop = escaped ? escape_find(c, at, end) : newline_find(c, at, end), i = stop;

	while (i < end) {
		if (c->p[i] == '\n' || c->p[i] == '\r')
			i++;
		else if (escaped && i + 1 < end && c->p[i] == '\\' &&
		    (c->p[i + 1] == 'n' || c->p[i + 1] == 'r'))
			i += 2;
		else
			break;
	}
	*ret_next = i;
	return stop;
}

/* Blanks, also escaped ones. */
static size_t
blanks_end(const struct cutting *c, size_t at, size_t end)
{
	while (at < end) {
		if (c->p[at] == ' ' || c->p[at] == '\t')
			at++;
		else if (c->cut->escape == CUT_BACKSLASH && at + 1 < end && c->p[at] == '\\' &&
		    c->p[at + 1] == 't')
			at += 2;
		else
			break;
	}
	return at;
}

/* "Label: value", "Label:\tvalue", "Label=value": where the value begins; 0: no label. */
static size_t
label_end(const struct cutting *c, size_t at, size_t end)
{
	size_t from = blanks_end(c, at, end), i = from, value;

	while (i < end && i - from < LABEL_BYTES && (c->class[c->p[i]] & LABEL) != 0)
		i++;
	if (i == from || i == end)
		return 0;
	if (c->p[i] == '=')
		return i + 1;
	if (c->p[i] != ':')
		return 0;
	value = blanks_end(c, i + 1, end);
	return value > i + 1 ? value : 0;
}

static void
lines_cut(struct cutting *c, size_t at, size_t end)
{
	while (at < end && !c->full) {
		size_t next, stop = line_end(c, at, end, &next);
		size_t value = label_end(c, at, stop);

		if (value > 0)
			slot_add(c, value, stop);
		else
			cut_run(c, at, stop);
		at = next;
	}
}

static bool
has_lines(const struct cutting *c)
{
	if (c->cut->escape == CUT_BACKSLASH)
		return escape_find(c, 0, c->n) < c->n;
	return memchr(c->p, '\n', c->n) != NULL;
}

static void
part_cut(struct cutting *c, size_t at, size_t end, bool lines)
{
	if (lines)
		lines_cut(c, at, end);
	else
		cut_run(c, at, end);
}

bool
cut_make(const struct cutter *cutter, struct cut *cut)
{
	struct cutting c = { cutter, cut, cut->text.p, cut->text.n, cutter->class, cut->word,
	    cut->digit, cut->act, false };
	size_t at = 0;
	bool lines;

	cut->nslot = 0;
	if (cut->text.n == 0 || cut->text.n > CUT_BYTES)
		return false;
	bits_make(cutter, cut);
	lines = has_lines(&c);
	for (uint32_t i = 0; i < cut->natom; i++) {
		part_cut(&c, at, cut->atom[i].at, lines);
		slot_add(&c, cut->atom[i].at, cut->atom[i].at + cut->atom[i].n);
		at = cut->atom[i].at + cut->atom[i].n;
	}
	part_cut(&c, at, c.n, lines);
	return !c.full;
}
