/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building one segment: rows come in frame by frame, go to columns at once, and are written when
 * the keeper says so. Inside of store only. doc/formats/segment.md.
 */
#ifndef STORE_BUILDER_H
#define STORE_BUILDER_H

#include "store/segment.h"

struct builder;
struct segment_memory;

struct builder_conf {
	uint8_t stream;
	uint8_t class;
	uint32_t epoch;
	uint8_t store_id[16];
	const uint8_t *store_key;	/* 32 octets, borrowed; NULL: not encrypted */
	int level;			/* zstd level: 1 when hot, 9 or more at day close */
};

struct builder	*builder_new(const struct builder_conf *conf);
void		builder_free(struct builder **builder);
/*
 * Takes all rows of one frame. The batch was validated before (batch_next gave OK to its end);
 * the tables are looked at only during the call, their shapes and sources are copied when new.
 */
void		builder_frame(struct builder *builder, const struct batch_head *head,
		    const struct batch_tables *tables, uint64_t first_seq);
/* The frames since the last call make up the leaf with this index in the tree. */
void		builder_leaf(struct builder *builder, uint64_t tree_index, const uint8_t seed[32]);
uint32_t	builder_rows(const struct builder *builder);
/* Memory held; the keeper ends a segment when it passes its budget. */
size_t		builder_bytes(const struct builder *builder);
/*
 * The rows of a segment of the same stream and class whose sequence number is at least from_seq,
 * with their leaves, seeds and frames as they were: for repacking. from_seq is 0 or the first of
 * a frame. builder_rows + its rows <= LIMIT_ROWS. After an error the builder is to be thrown away.
 */
enum err	builder_segment(struct builder *builder, struct segment *segment,
		    uint64_t from_seq, struct why *why);
/*
 * Writes id's two files into dirfd (tmp, fsync, rename, fsync of the directory) and empties the
 * builder. ret_info is what the manifest keeps.
 */
enum err	builder_write(struct builder *builder, int dirfd, uint64_t id,
		    struct segment_info *ret_info, struct why *why);
enum builder_times {
	BUILDER_TIMES_SHORT,	/* by the columns' own timestamps, where they tell */
	BUILDER_TIMES_PLAIN	/* written out: no column is named */
};

/*
 * Appends the derived part of segment `id` to out, for a sealed part that is there already and has
 * these rows. The builder is emptied.
 */
void		builder_derived(struct builder *builder, uint64_t id, enum builder_times times,
		    struct buf *out);
/*
 * The same rows in memory, for readers of the journal's tail (segment_open_memory; end with
 * segment_memory_drop); frames without a leaf make up one that is not in the tree yet. The builder
 * is emptied.
 */
struct segment_memory	*builder_to_memory(struct builder *builder,
		    struct segment_info *ret_info);

#endif
