/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of one row, for people without our store: doc/formats/seal.md section 7. Making one
 * out of a store is in store/proof.h; here are its text, its arithmetic and its check.
 */
#ifndef MODEL_ROWPROOF_H
#define MODEL_ROWPROOF_H

#include "base/arena.h"
#include "model/leaf.h"
#include "model/note.h"
#include "model/tlog.h"

enum {
	TREE_PATH_MAX = 60,		/* 4 levels of 15: up to 65,536 leaves */
	ROW_PROOF_BYTES_MAX = 4 << 20
};

/* The way from one leaf of a Tree16 to its root. */
struct tree_path {
	uint32_t index, n;		/* which of how many */
	unsigned nhash;
	struct digest hash[TREE_PATH_MAX];
};

struct row_proof {
	uint8_t stream, class, flags;
	uint32_t epoch;
	uint64_t seq;
	int64_t recv_ns;
	struct span source;		/* its encoding */
	uint8_t salt[SALT_BYTES];
	struct span raw;
	struct tree_path row, frame;
	struct span entry;
	uint64_t tree_index;
	struct tlog_proof inclusion;
	struct span note;		/* the signed checkpoint */
};

/* The path of d[index] among n <= 65,536; overwrites d[] like tree16(). ret_root may be NULL. */
void		tree_path_make(struct tree_path *ret_path, struct digest *ret_root,
		    struct digest *d, uint32_t n, uint32_t index);
/* The root that leaf has by this path; false when the path has not the form of its n. */
bool		tree_path_root(struct digest *ret_root, const struct tree_path *path,
		    const struct digest *leaf);

void		row_proof_put(struct buf *out, const struct row_proof *proof);
/* Rule (1). Spans are in the arena or borrow from text. */
enum err	row_proof_get(struct row_proof *ret_proof, struct span text, struct arena *arena,
		    struct why *why);
/*
 * Rules (2) to (5): OK, or ERR_PROOF with the rule that is broken. ret_leaf (may be NULL) gets the
 * entry, borrowing from proof and arena.
 */
enum err	row_proof_check(const struct row_proof *proof, const struct note_key *keys,
		    size_t nkeys, struct leaf *ret_leaf, struct arena *arena, struct why *why);

/* "raw", "findings", "ledger"; "unknown" outside. */
const char	*stream_name(unsigned stream);

#endif
