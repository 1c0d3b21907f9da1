/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands around the members of a zip file that packs nothing (PKWARE APPNOTE 6.3, sections
 * 4.3.7, 4.3.12 and 4.3.16, method 0): the same members give the same octets, on every machine.
 * Names, sizes, sums and places are the caller's; nothing is checked here.
 */
#ifndef BASE_ZIP_H
#define BASE_ZIP_H

#include "base/buf.h"

enum { ZIP_NO_TIME = 0x00210000 };	/* the first moment that a zip can say: 1980-01-01 */

struct zip_member {
	struct span name;
	uint32_t size, crc;
	uint32_t offset;		/* of its head in the file */
};

/* In front of the octets of a member. stamp: date and time as MS-DOS has them, or ZIP_NO_TIME. */
void	zip_head_put(struct buf *out, const struct zip_member *member, uint32_t stamp);
/* Behind the last one; offset: where. */
void	zip_end_put(struct buf *out, const struct zip_member *member, size_t n, uint32_t stamp,
	    uint32_t offset);

#endif
