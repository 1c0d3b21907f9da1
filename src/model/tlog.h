/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Merkle tree arithmetic of RFC 6962 section 2.1 (RFC 9162 section 2.1) with SHA-256, and the
 * tiles, their names and the entry bundles of C2SP tlog-tiles. Reads nothing by itself: hashes of
 * whole tiles come through a callback.
 */
#ifndef MODEL_TLOG_H
#define MODEL_TLOG_H

#include "model/digest.h"

enum {
	TLOG_TILE = 256,		/* hashes in a whole tile, entries in a whole bundle */
	TLOG_LEVELS = 8,		/* tile levels that a 64-bit size can have */
	TLOG_PROOF_MAX = 64,		/* hashes in a proof */
	TLOG_NAME_BYTES = 64
};

void	tlog_leaf_hash(struct digest *ret, struct span entry);
void	tlog_node_hash(struct digest *ret, const struct digest *left, const struct digest *right);
/* The root of a tree without entries: SHA-256 of nothing. */
void	tlog_empty_root(struct digest *ret);

/* ---- the growing right edge ---- */

/*
 * The last, partial tile of each level: all that is needed to go on. {0} is the empty tree.
 * Level l holds (size >> 8 l) % 256 hashes.
 */
struct tlog_edge {
	uint64_t size;
	struct digest tile[TLOG_LEVELS][TLOG_TILE];
};

/*
 * Appends a leaf hash. Returns how many tiles became whole by it: levels 0 to that number less one;
 * their 256 hashes stay in tile[] until the next call, and their index is size/256^(level+1) - 1.
 */
unsigned	tlog_edge_append(struct tlog_edge *edge, const struct digest *leaf);
/* Hashes in the partial tile of a level: 0 to 255. */
unsigned	tlog_width(uint64_t size, unsigned level);
/* Index of the partial tile of a level = number of whole ones. */
uint64_t	tlog_tiles(uint64_t size, unsigned level);
void		tlog_edge_root(struct digest *ret, const struct tlog_edge *edge);
/* Root of n = 1..256 hashes. */
void		tlog_run_root(struct digest *ret, const struct digest *d, size_t n);

/* ---- proofs from stored tiles ---- */

/*
 * Gives at least the first `width` hashes of tile (level, index). They are used before the next
 * call. ERR_ABSENT and so on go through to the caller of the proof.
 */
typedef enum err tlog_tile_fn(void *ctx, unsigned level, uint64_t index, unsigned width,
    const struct digest **ret_hashes, struct why *why);

struct tlog_reader {
	tlog_tile_fn *tile;
	void *ctx;
	uint64_t size;			/* of the tree that the tiles hold */
};

/* MTH(D[0:size]), size <= reader->size. */
enum err	tlog_root(const struct tlog_reader *reader, uint64_t size, struct digest *ret,
		    struct why *why);

struct tlog_proof {
	unsigned n;
	struct digest hash[TLOG_PROOF_MAX];
};

/* PATH(index, D[0:size]), RFC 6962 2.1.1. index < size <= reader->size, else ERR_LIMIT. */
enum err	tlog_inclusion(const struct tlog_reader *reader, uint64_t index, uint64_t size,
		    struct tlog_proof *ret_proof, struct why *why);
/* PROOF(old, D[0:size]), RFC 6962 2.1.2; old = 0 and old = size give no hashes. */
enum err	tlog_consistency(const struct tlog_reader *reader, uint64_t old, uint64_t size,
		    struct tlog_proof *ret_proof, struct why *why);
/* RFC 9162 sections 2.1.3.2 and 2.1.4.2. OK or ERR_PROOF. */
enum err	tlog_inclusion_check(const struct digest *leaf, uint64_t index, uint64_t size,
		    const struct digest *root, const struct tlog_proof *proof, struct why *why);
enum err	tlog_consistency_check(uint64_t old, const struct digest *old_root, uint64_t size,
		    const struct digest *root, const struct tlog_proof *proof, struct why *why);
/* One base64 line per hash; reading goes on to the first line that is not one. */
void		tlog_proof_put(struct buf *out, const struct tlog_proof *proof);

/* ---- names, C2SP tlog-tiles "APIs" ---- */

/* Tile level, or the entry bundles' level. */
enum { TLOG_ENTRIES = -1 };

/* "tile/0/x001/234.p/5" or "tile/entries/...", whole when width is 256. */
void		tlog_name(char ret[TLOG_NAME_BYTES], int level, uint64_t index, unsigned width);
/* The same back; ERR_FORMAT when tlog_name would not have written exactly this. */
enum err	tlog_name_get(struct span name, int *ret_level, uint64_t *ret_index,
		    unsigned *ret_width);

/* ---- entry bundles ---- */

/* Big-endian u16 length and the entry; entry.n <= 65,535. */
void		tlog_bundle_add(struct buf *out, struct span entry);
/* The next entry of a bundle: OK; ERR_MORE after the last; ERR_FORMAT when it ends early. */
enum err	tlog_bundle_next(struct span *rest, struct span *ret_entry);

#endif
