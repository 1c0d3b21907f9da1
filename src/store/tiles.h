/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading the sealed tree from disk: `seal/checkpoint`, tiles and entry bundles. Inside of store.
 * Checks lengths, not hashes: whoever asks compares with a root. May read beside the keeper: a
 * partial tile that was replaced meanwhile is taken from the wider one.
 */
#ifndef STORE_TILES_H
#define STORE_TILES_H

#include "base/buf.h"
#include "base/err.h"
#include "model/tlog.h"

struct tiles;

/* Opens `seal/` below dirfd (borrowed). ERR_ABSENT: there is none. */
enum err	tiles_open(struct tiles **ret_tiles, int dirfd, struct why *why);
void		tiles_close(struct tiles **tiles);
/* The descriptor of `seal/`, borrowed. */
int		tiles_fd(const struct tiles *tiles);
/* Appends the checkpoint file. ERR_ABSENT: nothing was signed yet. */
enum err	tiles_note(struct tiles *tiles, struct buf *out, struct why *why);
/* The tree of that size for proofs, read afresh. Valid while tiles is; one user at a time. */
struct tlog_reader	tiles_reader(struct tiles *tiles, uint64_t size);
/*
 * Appends bundle `index` of a tree of `size` entries as it lies on disk: the tree's entries of it
 * or, when it has grown since, more. ret_name (may be NULL): the file that was read.
 */
enum err	tiles_bundle(struct tiles *tiles, uint64_t index, uint64_t size, struct buf *out,
		    char ret_name[TLOG_NAME_BYTES], struct why *why);
/* One entry of a tree of `size`: a span of the bundle, which out must keep. */
enum err	tiles_entry(struct tiles *tiles, uint64_t index, uint64_t size, struct buf *out,
		    struct span *ret_entry, struct why *why);

#endif
