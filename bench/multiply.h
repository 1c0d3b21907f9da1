/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of multiply share: one reads, one copies, one builds the planted segment. */
#ifndef BENCH_MULTIPLY_H
#define BENCH_MULTIPLY_H

#include "model/leaf.h"
#include "recast.h"
#include "store/builder.h"
#include "store/filter.h"
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

enum { CHANCE_TOKENS = 64 };

/*
 * Copies have the same words, so what one filter lets through by chance all of them would, or none.
 * These tokens pass the filter of so many copies as they would of segments with other words.
 */
struct chance {
	uint64_t token[CHANCE_TOKENS];
	size_t ntoken;
	double rate;
	uint64_t chunk;			/* of the derived part: the filter's bits */
	struct span bits;		/* in the segment that is copied */
	struct buf copy;		/* in the copy at hand */
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
	struct span times;		/* the derived part's section */
	struct chance chance;
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

/* ---- original.c ---- */

/* Finds the segment that is copied and reads all that is needed of it. */
enum err	base_read(struct multiply *m, struct why *why);
/* Steps over a stream in a directory. */
void		stream_skip(struct cur *c);

/* ---- chance.c ---- */

/* The words and entities of a text. */
void		chance_tokens(struct chance *chance, struct span text);
/* How often a filter like this one lets a token through that it does not hold. */
void		chance_measure(struct chance *chance);
/* Makes the bits of the next copy. */
void		chance_take(struct chance *chance);

/* ---- multiply.c ---- */

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
/* ---- plant.c ---- */

/* The copy that holds text at the end of one message. */
enum err	plant_make(struct multiply *m, int64_t shift_ns, const char *text, struct why *why);

#endif
