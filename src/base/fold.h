/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words and how they are folded: what the token filters are keyed on and how queries without
 * case or diacritics compare. A word is a longest run of letters, digits, '_' and combining
 * marks (LogsQL's word; marks belong to it so that decomposed text has the same words). Folding
 * is lower case without diacritics; marks vanish, d with stroke is d. Octets that are not UTF-8
 * are no word characters and stay as they are. Folded text is never longer than the text.
 */
#ifndef BASE_FOLD_H
#define BASE_FOLD_H

#include "base/span.h"

enum { RUNE_BAD = 0xfffd };

/* The code point at s.p[*at] (*at < s.n); moves *at behind it. A bad octet: RUNE_BAD, one octet. */
uint32_t	rune_next(struct span s, size_t *at);
/* The code point that ends before *at (*at > 0); moves *at to its start. */
uint32_t	rune_before(struct span s, size_t *at);
/* Writes 1 to 4 octets; returns how many. */
size_t		rune_put(uint8_t *at, uint32_t rune);
bool		rune_is_word(uint32_t rune);
uint32_t	rune_lower(uint32_t rune);
/* 0: nothing is left of it (a combining mark). */
uint32_t	rune_fold(uint32_t rune);

/* Writes at most s.n octets to `at` (which may be s.p itself); returns how many. */
size_t		fold(uint8_t *at, struct span s);
/* Lower case only, diacritics stay; a code point whose lower case is longer stays as it is. */
size_t		fold_case(uint8_t *at, struct span s);
/* True when fold(s) is s: no upper case, no diacritics. */
bool		fold_is_folded(struct span s);
/* The next word of s at or after *at; moves *at behind it. False: there is none. */
bool		word_next(struct span s, size_t *at, struct span *ret_word);

/*
 * All words of a text, one after the other, several times as fast as word_next(): the text is
 * looked at in windows of 64 octets, each as a mask of the places where a word begins or ends.
 *
 *	text	GET /a_1 x	mask  1001 1001 11...	(of "GET", "a_1", "x")
 */
struct words {
	struct span text;
	size_t base;		/* of the window */
	uint64_t edge;		/* its edges that were not given out yet */
	unsigned in_word;	/* 1: its last octet is in a word */
	unsigned ahead;		/* octets of a code point that lie behind it */
};

enum { WORDS_WINDOW = 64 };

struct words	words_of(struct span text);
/* The next window; false at the end of the text. */
bool		words_more(struct words *words);

/* The next word; false: there is none. Borrows from the text. */
static inline bool
words_next(struct words *words, struct span *ret_word)
{
	size_t from, to;

	while (words->edge == 0)
		if (!words_more(words))
			return false;
	from = words->base + (size_t)__builtin_ctzll(words->edge);
	words->edge &= words->edge - 1;
	while (words->edge == 0)
		if (!words_more(words)) {
			*ret_word = (struct span){ words->text.p + from, words->text.n - from };
			return true;
		}
	to = words->base + (size_t)__builtin_ctzll(words->edge);
	words->edge &= words->edge - 1;
	*ret_word = (struct span){ words->text.p + from, to - from };
	return true;
}

static inline bool
ascii_is_word(uint8_t c)
{
	static const uint64_t bits[4] = { 0x03ff000000000000, 0x07fffffe87fffffe, 0, 0 };

	return (bits[c >> 6] >> (c & 63) & 1) != 0;
}

#endif
