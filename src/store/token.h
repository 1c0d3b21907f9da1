/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the filters are keyed on: words and entities as 64-bit tokens; doc/formats/segment.md
 * section 7. A token says enough of its text to be answered from what a segment knows of its
 * numbers and timestamps, which are not filed one by one. Pure; inside of store only.
 *
 *	digits only, at most 17:  1, 5 bits length, 58 bits value
 *	all else:                 0, 1 bit entity, 1 bit like a stamp's, 1 bit like a UUID's,
 *	                          60 bits of XXH3-64
 */
#ifndef STORE_TOKEN_H
#define STORE_TOKEN_H

#include "base/span.h"

#define TOKEN_DIGITS	(UINT64_C(1) << 63)
#define TOKEN_ENTITY	(UINT64_C(1) << 62)
#define TOKEN_STAMPISH	(UINT64_C(1) << 61)
#define TOKEN_UUIDISH	(UINT64_C(1) << 60)
#define TOKEN_MAIL	TOKEN_STAMPISH		/* of an entity */

enum {
	TOKEN_DIGITS_MAX = 17,
	TOKEN_HASH_DIGITS = 32		/* a word of so many hexadecimal digits is an entity */
};

/* The token of a canonical number, as of its digits. */
static inline uint64_t
token_of_number(uint64_t v)
{
	uint64_t length = 1;

	for (uint64_t rest = v; rest >= 10; rest /= 10)
		length++;
	return TOKEN_DIGITS | length << 58 | v;
}

static inline unsigned
token_length(uint64_t token)
{
	return (unsigned)(token >> 58 & 31);
}

static inline uint64_t
token_number(uint64_t token)
{
	return token & ((UINT64_C(1) << 58) - 1);
}

/* The end of the entity that begins with the ASCII word from `at` to `end` of s; 0: none does. */
size_t	token_entity_end(struct span s, size_t at, size_t end);
/*
 * False: no entity begins with this word, by its length, its first octet and what stands behind
 * it: the common case of token_entity_end.
 */
static inline bool
token_entity_may(struct span s, size_t at, size_t end)
{
	size_t n = end - at, left = s.n - at;
	uint8_t first = s.p[at], next = end < s.n ? s.p[end] : 0;

	switch (next) {
	case '@':
		return true;
	case '.':
		return n <= 3 ? first <= '9' : n >= TOKEN_HASH_DIGITS;
	case '-':
		return (n == 8 && left >= 36) || (n == 2 && left >= 17) || n >= TOKEN_HASH_DIGITS;
	case ':':
		return (n <= 4 && left >= 15) || n >= TOKEN_HASH_DIGITS;
	default:
		return n >= TOKEN_HASH_DIGITS;
	}
}

/* The entity is a UUID: its groups that are UUID-like words are not filed one by one. */
static inline bool
token_is_uuid(struct span entity)
{
	return entity.n == 36 && entity.p[8] == '-';
}

#endif
