/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The derived part of a segment (event times, token filter) made again from the sealed part: a door
 * of store. The sealed part is only read. May run while the keeper runs: the new file replaces the
 * old one at once, readers that have the old one open go on with it. doc/formats/segment.md.
 */
#ifndef STORE_REINDEX_H
#define STORE_REINDEX_H

#include "base/err.h"
#include "store/store.h"

/*
 * When did it happen, by the record's own octets? Asked only for records whose sealed flags say
 * that they have a time of their own, and only when the old derived part cannot tell.
 */
typedef int64_t reindex_time_fn(void *ctx, uint8_t format, struct span record, int64_t recv_ns);

struct reindex_how {
	int dirfd;			/* the store's directory, borrowed */
	const uint8_t *key;		/* 32 octets, or NULL */
	bool missing_only;		/* leave alone what is there and whole */
	reindex_time_fn *time;
	void *ctx;
};

enum reindex_done {
	REINDEX_KEPT,			/* it was whole */
	REINDEX_MADE,			/* event times are those of before */
	REINDEX_MADE_TIMES,		/* event times were made again too */
};

/*
 * ERR_ABSENT: the segment is gone (dropped, repacked). What was written is read back and compared
 * before it replaces anything.
 */
enum err	reindex_segment(const struct reindex_how *how, const struct segment_info *info,
		    enum reindex_done *ret_done, struct why *why);
/*
 * Merged filters (filter/) that may be older than the new derived parts go: segments are asked by
 * themselves until the keeper merges them again, within an hour.
 */
enum err	reindex_groups_drop(int dirfd, struct why *why);

#endif
