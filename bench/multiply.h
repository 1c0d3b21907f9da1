/* SPDX-License-Identifier: Apache-2.0 */
/* Between multiply.c (copies) and plant.c (the one that is built anew). */
#ifndef BENCH_MULTIPLY_H
#define BENCH_MULTIPLY_H

#include "model/leaf.h"
#include "recast.h"
#include "store/builder.h"
#include "store/key.h"
#include "store/manifest_int.h"
#include "store/seal.h"
#include "store/segment_int.h"

/* The rows of the segment that is copied, as they go into digests. */
struct rows {
	struct segment *segment;
	uint32_t n;
	struct buf raw;
	size_t *at;			/* n + 1 */
	const uint8_t *flags;
	const int64_t *recv, *time;
	const uint16_t *shape, *source;
	uint8_t (*source_digest)[SOURCE_DIGEST_BYTES];
	uint32_t planted;		/* row that has other octets in the planted copy */
	struct buf planted_raw;
};

/* The octets of a directory between which those of a copy are its own. */
struct pieces {
	struct span middle;		/* behind the leaves, up to the receive times */
	struct span recv;		/* parameters of the receive times */
	struct span tail;
};

struct multiply {
	int dirfd, lock_fd;
	struct keys keys;
	const uint8_t *key;
	struct manifest *manifest;
	struct seal *seal;
	struct segment_info base;
	struct rows rows;
	struct recast sealed, derived;
	struct pieces pieces;
	char day[SEGMENT_NAME];
	int day_fd;
	struct digest *row;		/* LIMIT_ROWS */
	uint8_t *salt;			/* LIMIT_ROWS */
	struct buf file, body;
	uint64_t next_seq, next_id;
	uint64_t bytes;
};

/* One copy. */
struct copy {
	struct segment_info info;
	uint64_t seq_shift;
	int64_t shift_ns;
	bool planted;
	uint8_t seed[SEED_BYTES];	/* of the leaf at hand */
	struct buf leaves;		/* for the manifest: differences */
	uint64_t nleaf, last_leaf;
};

/* Fills copy and takes its sequence numbers and its id. */
void		copy_begin(struct multiply *m, struct copy *copy, int64_t shift_ns);
/* Puts it into the manifest and frees it. */
enum err	copy_end(struct multiply *m, struct copy *copy, struct why *why);
/* Opens the folder of the day into m->day_fd. */
enum err	day_open(struct multiply *m, int64_t recv_ns, struct why *why);
/*
 * Digests the rows of a leaf and appends it to the tree; returns its index. frame: numbered as in
 * the segment that is copied; its rows are those from first_row on.
 */
uint64_t	leaf_append(struct multiply *m, struct copy *copy,
		    const struct segment_frame *frame, uint32_t nframe, uint32_t first_row);
/* The copy that holds text at the end of one message. */
enum err	plant_make(struct multiply *m, int64_t shift_ns, const char *text, struct why *why);

#endif
