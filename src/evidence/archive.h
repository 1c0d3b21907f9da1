/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bag as one file: zip, nothing compressed, or ustar. doc/formats/evidence.md section 5. Written
 * in one way only, and read only when it is written so: two programs never see two different
 * packages in one file, and none can be larger than the file that holds it.
 */
#ifndef EVIDENCE_ARCHIVE_H
#define EVIDENCE_ARCHIVE_H

#include "evidence/bag.h"

enum archive_kind { ARCHIVE_ZIP, ARCHIVE_TAR };

#define ARCHIVE_ZIP_MAX	UINT32_C(0xfffffffe)		/* octets of the whole file */
#define ARCHIVE_TAR_MAX	UINT64_C(077777777777)		/* octets of one member */

/* Seconds since 1970 as the archive's members carry them. */
uint32_t	archive_stamp(enum archive_kind kind, int64_t ns);

struct archive_member {
	const char *name;
	uint64_t size, offset;		/* offset: of its head */
	uint32_t crc;
};

/* What stands before the octets of a member, and behind them. top: the bag's folder. */
void		archive_head_put(struct buf *out, enum archive_kind kind, const char *top,
		    const struct archive_member *member, uint32_t stamp);
void		archive_pad_put(struct buf *out, enum archive_kind kind, uint64_t size);
/* What stands behind the last one; offset: where. */
void		archive_end_put(struct buf *out, enum archive_kind kind, const char *top,
		    const struct archive_member *member, size_t n, uint32_t stamp,
		    uint64_t offset);

struct archive {
	struct span file[BAG_END];	/* p is NULL for those that are not there */
	uint32_t damaged;		/* bit 1 << enum bag_file: its CRC-32 does not fit */
};

/* The files borrow from bytes. ERR_FORMAT: rules 1 to 4, the sentence names the member. */
enum err	archive_read(struct archive *ret_archive, struct span bytes, struct why *why);

#endif
