/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree on disk: tiles, entry bundles, checkpoints. One writer (the keeper). Inside of store;
 * verification is in store/proof.h. doc/formats/seal.md, C2SP tlog-tiles, tlog-checkpoint.
 */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/buf.h"
#include "base/err.h"
#include "model/digest.h"

struct seal;
struct tiles;	/* store/tiles.h */

/*
 * Opens or makes `seal/` below dirfd. seed: the Ed25519 seed (32 octets, copied, wiped at close);
 * origin: the desk's origin line. Finds the tree's size from the signed checkpoint; whole tiles
 * and bundles behind it that a crash left are ignored and written anew. ERR_PROOF: the files do
 * not fit the checkpoint, or it is signed by a stranger. A checkpoint of the old key is taken when
 * the tree ends in the KEY leaf (seal.md section 4) that names this seed's key.
 */
enum err	seal_open(struct seal **ret_seal, int dirfd, const char *origin,
		    const uint8_t seed[32], struct why *why);
void		seal_close(struct seal **seal);
/* Entries in memory and on disk; the index the next one gets. */
uint64_t	seal_size(const struct seal *seal);
/* Entries that the last checkpoint covers, hence on disk. */
uint64_t	seal_signed_size(const struct seal *seal);
/* Appends in memory. entry.n <= 65,535. */
uint64_t	seal_append(struct seal *seal, struct span entry);
/*
 * Writes tiles and bundles, syncs them, then signs and replaces `checkpoint`. ret_note (may be
 * NULL) gets the checkpoint's text. After an error nothing is lost: call it again.
 */
enum err	seal_checkpoint(struct seal *seal, struct buf *ret_note, struct why *why);
/* Root of the entries in memory and on disk: what an EPOCH leaf names as last known. */
void		seal_root(const struct seal *seal, struct digest *ret_root);
/* From now on checkpoints are signed with this seed (its KEY leaf is signed by the old one). */
void		seal_rekey(struct seal *seal, const uint8_t seed[32]);
/* The tree that the last checkpoint covers: for consistency proofs to witnesses. Borrowed. */
struct tiles	*seal_tiles(struct seal *seal);

#endif
