/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the desk sends to the command that writes a package, one piece after the other: u8 type,
 * u32 length (little-endian), so many octets. In this order: ABOUT, NOTE, KEY, KEYS, ANCHORS,
 * FIELDS..., TOTAL, then for each leaf RECORDS..., PROOF; at last END. An answer without END is
 * none. REFUSED may come instead of any of them, and ends it too.
 */
#ifndef EVIDENCE_PIECES_H
#define EVIDENCE_PIECES_H

#include "base/buf.h"
#include "base/err.h"

enum piece_type {
	PIECE_ABOUT = 1,	/* lines: who asked, from where */
	PIECE_NOTE,		/* the signed checkpoint */
	PIECE_KEY,		/* its verifier key */
	PIECE_KEYS,		/* those that were replaced: BAG_KEYS */
	PIECE_ANCHORS,		/* consistency proofs to it, as held_put; root and time are 0 */
	PIECE_FIELDS,		/* whole lines of BAG_FIELDS, in any order */
	PIECE_TOTAL,		/* decimal: records that will come */
	PIECE_RECORDS,		/* octets of records, a line feed behind each */
	PIECE_PROOF,		/* of the leaf whose records came last */
	PIECE_END,
	PIECE_REFUSED,		/* u8 enum err, and the sentence */
	PIECE_TYPES
};

enum {
	PIECE_HEAD = 5,
	PIECE_BYTES_MAX = 64 << 20	/* the proof of 65,536 rows has 12 MB */
};

void		piece_put(struct buf *out, enum piece_type type, struct span octets);

/* {0} to begin with; owns what has come of a piece that is not whole yet. */
struct pieces {
	struct buf part;
	bool ended;
};

/* False: stop; why says why. */
typedef bool piece_fn(void *ctx, enum piece_type type, struct span octets);

/*
 * The next octets of the answer, in whatever portions. ERR_FORMAT: not as above; ERR_BUSY: each
 * said stop.
 */
enum err	pieces_take(struct pieces *pieces, struct span octets, piece_fn *each, void *ctx,
		    struct why *why);
void		pieces_done(struct pieces *pieces);

#endif
