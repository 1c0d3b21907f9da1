/* SPDX-License-Identifier: Apache-2.0 */
/* Sets of octets, as classes of regular expressions name them. Pure. */
#ifndef QUERY_OCTETS_H
#define QUERY_OCTETS_H

#include "base/span.h"

struct octets {
	uint64_t w[4];
};

static inline bool
octets_has(const struct octets *set, uint8_t c)
{
	return (set->w[c / 64] >> c % 64 & 1) != 0;
}

void		octets_range(struct octets *set, unsigned from, unsigned to);
/* "azAZ": pairs of least and greatest octet; none of them NUL. */
struct octets	octets_of(const char *ranges);
void		octets_or(struct octets *set, const struct octets *other);
/* The other octets of ASCII. */
void		octets_turn(struct octets *set);
/* A letter in both cases when it is there in one. */
void		octets_any_case(struct octets *set);
/*
 * \d \w \s by their letter, and the opposites: then *ret_high, for they have all code points
 * beyond ASCII. False: another letter.
 */
bool		octets_escape(uint8_t letter, struct octets *ret, bool *ret_high);
/* [:alpha:] and its like: the octets of the name at the start of text; 0: there is none. */
size_t		octets_posix(struct octets *ret, struct span text);

#endif
