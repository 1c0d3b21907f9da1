/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of the seal, without files or clock: doc/formats/seal.md sections 2 and 3,
 * record.md section 4.
 */
#ifndef MODEL_DIGEST_H
#define MODEL_DIGEST_H

#include "model/batch.h"

enum {
	DIGEST_BYTES = 32,
	SEED_BYTES = 32,
	SALT_BYTES = 16,
	SOURCE_DIGEST_BYTES = 16,
	ROW_HEAD_BYTES = 60
};

struct digest {
	uint8_t b[DIGEST_BYTES];
};

/* What a leaf accumulates: {0} to begin with. */
struct locator {
	uint64_t s0, s1;	/* modulo 2^61 - 1 */
	uint64_t n;
};

void	source_digest(uint8_t ret[SOURCE_DIGEST_BYTES], const struct source *source);
/* n salts for the rows of the frame that begins at first_seq. */
void	salts(uint8_t *ret, size_t n, const uint8_t seed[SEED_BYTES], uint64_t first_seq);
/* What stands before the n octets of a record when it is digested. */
void	row_head_put(uint8_t at[ROW_HEAD_BYTES], const uint8_t salt[SALT_BYTES], uint8_t stream,
	    uint8_t class, uint8_t flags, uint32_t epoch, uint64_t seq, int64_t recv_ns,
	    const uint8_t source_digest[SOURCE_DIGEST_BYTES], size_t n);
/* raw: the record's exact octets. For many at once see model/blake.h. */
void	row_digest(struct digest *ret, const uint8_t salt[SALT_BYTES], uint8_t stream,
	    uint8_t class, uint8_t flags, uint32_t epoch, uint64_t seq, int64_t recv_ns,
	    const uint8_t source_digest[SOURCE_DIGEST_BYTES], struct span raw);
/* Tree16; n >= 1; overwrites d[]. */
void	tree16(struct digest *ret, struct digest *d, size_t n);
enum { TREE_FAN = 16 };
/* How many of n digests the run has, counted from 0, that one node of it stands above. */
static inline uint32_t
tree16_run(uint32_t n, uint32_t run)
{
	return n - run * TREE_FAN < TREE_FAN ? n - run * TREE_FAN : TREE_FAN;
}
/* The node above one run, 1 <= n <= TREE_FAN; run[] stays, and *ret may be one of it. */
void	tree16_node(struct digest *ret, const struct digest *run, size_t n);
void	locator_add(struct locator *locator, const struct digest *row);
/* Position (from 0) of the one changed row, or -1 when more than one must have changed. */
int64_t	locator_find(const struct locator *sealed, const struct locator *seen);
/* BLAKE2b-256(0x02 || previous || type || d) */
void	chain_next(struct digest *chain, uint8_t type, const struct digest *d);
void	blake256(struct digest *ret, struct span bytes);

#endif
