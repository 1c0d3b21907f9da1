/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is it UTF-8 (RFC 3629: shortest form, no surrogates, up to U+10FFFF), and how long. ASCII is
 * passed over 16 octets at a time. Decoding is base/fold.h's.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include "base/span.h"

/* What utf8_scan finds out in one pass. */
enum utf8_found {
	UTF8_HIGH = 1 << 0,	/* an octet above 0x7f */
	UTF8_BROKEN = 1 << 1,	/* it is not UTF-8 */
	UTF8_NUL = 1 << 2,	/* an octet 0 */
};

unsigned	utf8_scan(struct span s);
bool		utf8_valid(struct span s);
/* Octets of the ASCII in front. */
size_t		utf8_ascii(struct span s);
/* Code points; each octet that is not part of valid UTF-8 counts as one. */
size_t		utf8_count(struct span s);
/* The longest front of s with at most n octets that cuts no code point in two. */
struct span	utf8_cut(struct span s, size_t n);

#endif
