/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-16 (RFC 2781) to UTF-8, piece by piece: what Windows calls "Unicode text". A surrogate
 * without its other half becomes U+FFFD and is counted. The mark in front is not written.
 */
#ifndef BASE_UTF16_H
#define BASE_UTF16_H

#include "base/buf.h"

enum utf16_order { UTF16_NOT, UTF16_LITTLE, UTF16_BIG, UTF16_ORDERS };

/* {0} but for the order; in the middle of a text: what waits for its other half. */
struct utf16 {
	uint8_t order;		/* enum utf16_order */
	bool begun;		/* the place of the mark is passed */
	bool has_odd;
	uint8_t odd;		/* first octet of a unit */
	uint16_t high;		/* surrogate; 0: none */
	uint64_t replaced;
};

/*
 * Which order the first octets are in: as the mark says; without one when half of the units are
 * ASCII text in one order and none is U+0000 in it. UTF-32 is not taken for it.
 */
enum utf16_order	utf16_look(struct span first);
/* Appends what is complete; the cuts between pieces change nothing. */
void			utf16_add(struct utf16 *utf16, struct span piece, struct buf *out);
/* Octets (0 to 3) that wait: at the end of a text they are half a character. */
unsigned		utf16_left(const struct utf16 *utf16);
/* "UTF-16LE", "UTF-16BE". */
const char		*utf16_name(enum utf16_order order);

#endif
