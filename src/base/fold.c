/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Words and folding, see base/fold.h. Pure text is ASCII most of the
 * time, so each loop takes ASCII octets by themselves and calls the tables for the rest only.
 * fold_table.h is made by tools/unicode.py.
 */
#include "base/fold.h"

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

static size_t
fold_with(uint8_t *at, struct span s, uint32_t (*change)(uint32_t r))
{
	uint8_t rune[4];
	size_t i = 0, n = 0;

	while (i < s.n) {
		uint8_t c = s.p[i];
		size_t from = i, len;
		uint32_t r, to;

		if (c < 0x80) {
			at[n++] = (uint8_t)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
			i++;
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

bool
word_next(struct span s, size_t *at, struct span *ret_word)
{
	size_t i = *at, from, next;

	for (from = i; from < s.n; from = next) {
		next = from;
		if (s.p[from] < 0x80 ? (next++, ascii_is_word(s.p[from])) :
		    rune_is_word(rune_next(s, &next)))
			break;
	}
	if (from == s.n) {
		*at = s.n;
		return false;
	}
	for (i = from; i < s.n; i = next) {
		next = i;
		if (s.p[i] < 0x80 ? (next++, !ascii_is_word(s.p[i])) :
		    !rune_is_word(rune_next(s, &next)))
			break;
	}
	*ret_word = (struct span){ s.p + from, i - from };
	*at = i;
	return true;
}
