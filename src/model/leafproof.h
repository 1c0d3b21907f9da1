/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof of some rows of one leaf at once, as evidence packages hold it:
 * doc/formats/evidence.md section 4. What rows share is said once, so that the proof of a whole
 * leaf is little longer than its rows' stamps. Text and arithmetic; who makes it out of a store is
 * store/proof.h.
 */
#ifndef MODEL_LEAFPROOF_H
#define MODEL_LEAFPROOF_H

#include "model/leaf.h"
#include "model/tlog.h"

/* ---- several leaves of one Tree16 ---- */

/*
 * Appends to beside (an array of struct digest) what must be known to lead d[at[0]], ... up to the
 * root: level by level from below, in each the other digests of the runs of 16 that have one of
 * them. at[] ascends; 1 <= nat <= n <= 65,536. Overwrites d[] like tree16(), and at[].
 */
void		tree_paths_make(struct buf *beside, struct digest *ret_root, struct digest *d,
		    uint32_t n, uint32_t *at, uint32_t nat);
/* The root that they have by it; false when nbeside is not what is needed. Overwrites both. */
bool		tree_paths_root(struct digest *ret_root, uint32_t n, struct digest *known,
		    uint32_t *at, uint32_t nat, const struct digest *beside, uint32_t nbeside);

/* ---- the proof ---- */

struct leaf_proof_row {
	uint64_t seq;
	int64_t recv_ns;
	uint64_t line;			/* where it stands in the text; set by leaf_proof_get */
	uint32_t source;		/* of leaf_proof.source */
	uint32_t length;		/* octets of the record */
	uint8_t flags;
	uint8_t salt[SALT_BYTES];
	struct digest digest;
};

struct leaf_proof_frame {
	uint64_t first_seq;
	uint32_t index;			/* in the leaf */
	uint32_t rows;			/* that it has; it shows the next nrow of leaf_proof.row */
	uint32_t nrow;
	uint32_t nbeside;		/* and the next nbeside of leaf_proof.beside */
};

/* {0} is a valid empty one; grows, is used again for the next leaf, ends with leaf_proof_done. */
struct leaf_proof {
	uint64_t tree_index;
	uint64_t line;			/* of its first line */
	struct tlog_proof inclusion;
	struct buf entry;
	uint32_t frames;		/* that the leaf has */
	struct buf above;		/* digests beside the frames shown */
	struct buf beside;		/* digests beside the rows shown, frame by frame */
	struct leaf_proof_frame *frame;
	struct leaf_proof_row *row;
	uint32_t nframe, nrow, nsource;
	uint32_t frame_cap, row_cap, source_cap;
	struct buf octets;		/* encodings of the sources, one behind the other */
	size_t *source;			/* source i ends at octets.p[source[i]] */
};

void		leaf_proof_reset(struct leaf_proof *proof);
void		leaf_proof_done(struct leaf_proof *proof);
/* Room for one more; the pointer is valid until the next call. */
struct leaf_proof_frame	*leaf_proof_frame_add(struct leaf_proof *proof);
struct leaf_proof_row	*leaf_proof_row_add(struct leaf_proof *proof);
/* Gives its number. */
uint32_t	leaf_proof_source_add(struct leaf_proof *proof, struct span code);
struct span	leaf_proof_source(const struct leaf_proof *proof, uint32_t index);

/* Appends its text and the empty line behind it. */
void		leaf_proof_put(struct buf *out, const struct leaf_proof *proof);
/*
 * Takes the next proof off *rest; *line counts the lines taken. ERR_MORE: *rest was empty;
 * ERR_FORMAT: rule 12 of evidence.md section 6, why names the line.
 */
enum err	leaf_proof_get(struct leaf_proof *proof, struct span *rest, uint64_t *line,
		    struct why *why);
/* The leaf root by these digests of its rows; false when the paths have not their form. */
bool		leaf_proof_root(struct digest *ret_root, const struct leaf_proof *proof,
		    const struct digest *row);

#endif
