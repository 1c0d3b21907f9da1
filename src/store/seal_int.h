/* SPDX-License-Identifier: Apache-2.0 */
/* What seal.c (writing) and seal_read.c (opening) share. */
#ifndef STORE_SEAL_INT_H
#define STORE_SEAL_INT_H

#include "model/note.h"
#include "model/tlog.h"
#include "store/seal.h"
#include "store/tiles.h"

/* A whole tile or bundle that is in no signed tree yet. */
struct part {
	int level;			/* TLOG_ENTRIES or a tile level */
	bool written;			/* and synced: must not be touched again */
	uint64_t index;
	struct buf bytes;
};

struct seal {
	struct tiles *tiles;		/* of the signed tree */
	char origin[NOTE_NAME_BYTES];
	uint8_t seed[NOTE_SEED_BYTES];
	struct tlog_edge edge;		/* with all that was appended */
	struct buf bundle;		/* the partial bundle that belongs to it */
	uint64_t signed_size;
	uint64_t written_size;		/* the last tree whose files were all synced */
	struct part *part;		/* npart of cap, in the order they became whole */
	size_t npart, cap;
};

/*
 * Fills edge, bundle and signed_size from the files below seal/: seal->tiles, origin and seed are
 * set. A tile of the right edge that is damaged is made again from what it was made of.
 */
enum err	seal_read(struct seal *seal, struct why *why);

#endif
