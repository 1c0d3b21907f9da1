/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows that are in the journal only, as small segments in memory: read once for all handles of
 * a store, whatever thread they are on. Pieces of one stream, class and epoch are merged as they
 * grow, so that their number stays small, and go when the manifest has their rows. A handle takes
 * a reference to each piece it sees; what another handle makes of them later does not touch it.
 * Inside of store only.
 *
 * The rows of a frame are in the journal, in the manifest, or on their way: a handle refreshes its
 * manifest between tails_read and tails_trim, under the lock, so that no other handle lets go what
 * its manifest has not got yet.
 */
#ifndef STORE_TAILS_H
#define STORE_TAILS_H

#include "store/manifest.h"
#include "store/segment_int.h"
#include "store/store.h"

struct tails;

/* One stream, class and epoch; in order of sequence numbers. */
struct tail {
	struct tail *next;		/* newer rows, maybe of other groups */
	struct segment_info info;
	struct segment_memory *memory;
};

#define TAILS_ALL	((1u << STREAM_END) - 1)

/* key: 32 octets, copied, or NULL. dirfd is borrowed. Rows of these streams (1 << STREAM_...). */
struct tails	*tails_new(int dirfd, const uint8_t *key, unsigned streams);
void		tails_free(struct tails **tails);
void		tails_lock(struct tails *tails);
void		tails_unlock(struct tails *tails);
/* All below: under the lock. What was written to the journal since the last call. */
enum err	tails_read(struct tails *tails, const struct manifest *manifest, struct why *why);
/* Lets go what the manifest has. */
enum err	tails_trim(struct tails *tails, const struct manifest *manifest, struct why *why);
/* Another number after each change. */
uint64_t	tails_version(const struct tails *tails);
/* A list of the same pieces for the caller; free with tail_list_free, on any thread. */
struct tail	*tails_list(const struct tails *tails);
void		tail_list_free(struct tail **list);

#endif
