/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rest of store needs of a segment beyond its front door: names, opening, and the body
 * of the derived part, a row of sections (u8 kind, bytes contents); unknown kinds are skipped.
 */
#ifndef STORE_SEGMENT_INT_H
#define STORE_SEGMENT_INT_H

#include "store/pack.h"
#include "store/segment.h"

enum {
	SEGMENT_NAME = 24,		/* "%016x.seg" and NUL, with room */
	DECODER_VERSION = 1
};

enum derived_section {
	DERIVED_TIMES = 1,		/* event times */
	DERIVED_FILTER = 2		/* token filter */
};

/* How event times lie in DERIVED_TIMES. */
enum {
	TIMES_DIFFERENCE = 0,		/* integers: event - receive time */
	TIMES_CLOCKS = 1,		/* columns of timestamps, and exceptions */
	TIMES_CLOCKS_MAX = 4,
	TIMES_SUBS_MAX = 16
};

/* Flags of a column in the directory. */
enum {
	SEGMENT_HAS_INT = 1,
	SEGMENT_HAS_ESCAPE = 2,
	SEGMENT_COLUMN_KNOWN = 3
};

enum segment_part {
	SEGMENT_SEALED,
	SEGMENT_DERIVED
};

void		segment_name(char ret[SEGMENT_NAME], uint64_t id, enum segment_part part);
/* "YYYY-MM-DD": the folder of a segment whose first row was received at recv_ns. */
void		segment_day(char ret[SEGMENT_NAME], int64_t recv_ns);

/* The folder that its sealed part is in, of the store at dirfd: cold_int.h. Close it. */
enum err	segment_folder_open(int *ret_fd, int dirfd, const struct segment_info *info,
		    struct why *why);

/*
 * Opens the segment with this id in the folder dirfd (borrowed) for reading. The derived part may
 * be missing: then only what needs it fails.
 */
enum err	segment_open(struct segment **ret_segment, int dirfd, uint64_t id,
		    const uint8_t *key, struct why *why);
/* The same for a segment of the store at dirfd, wherever it is: cold_int.h. */
enum err	segment_find(struct segment **ret_segment, int dirfd,
		    const struct segment_info *info, const uint8_t *key, struct why *why);
/*
 * The container of a segment's derived part alone; dirfd: the store's. ERR_ABSENT: made again by
 * `trucban reindex`.
 */
enum err	derived_open(struct pack **ret_pack, int dirfd, const struct segment_info *info,
		    const uint8_t *key, struct why *why);
/* Contents of its first section of this kind; they belong to the pack. */
enum err	derived_section(const struct pack *pack, enum derived_section kind,
		    struct span *ret, struct why *why);
/* Both parts in memory, shared by all segments that were opened from them. */
struct segment_memory {
	int refs;			/* atomic: segments may end in any thread */
	struct buf sealed;
	struct buf derived;		/* may be empty */
};

/* Takes both bufs over and leaves them empty. One reference is the caller's. */
struct segment_memory	*segment_memory_new(struct buf *sealed, struct buf *derived);
void		segment_memory_drop(struct segment_memory **memory);
/* One more reference, for the caller. */
static inline struct segment_memory *
segment_memory_share(struct segment_memory *memory)
{
	__atomic_add_fetch(&memory->refs, 1, __ATOMIC_RELAXED);
	return memory;
}
/* Takes a reference of its own. */
enum err	segment_open_memory(struct segment **ret_segment, struct segment_memory *memory,
		    const uint8_t *key, enum pack_trust trust, struct why *why);
/*
 * The values of a row's holes, in order; at most LIMIT_FIELDS. They belong to the segment. Texts
 * must have been made (segment_column_text).
 */
enum err	segment_values(struct segment *segment, uint32_t row, struct span *ret_value,
		    struct why *why);
/* The sealed part's container: for verify. */
struct pack	*segment_pack(struct segment *segment);

/* Gives back what only reading needs: it is to be kept. */
void		segment_rest(struct segment *segment);
/* What it takes of memory, about. */
size_t		segment_memory_bytes(const struct segment *segment);

#endif
