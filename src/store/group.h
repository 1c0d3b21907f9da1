/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filters of many segments as one matrix of bits, `filter/%016x.tbf`: row r is, for each
 * segment of the group, bit r mod its size. A query reads a few rows for all of them in place of a
 * filter for each. doc/formats/segment.md section 8. Derived: whoever may write can make them
 * again. Inside of store only.
 */
#ifndef STORE_GROUP_H
#define STORE_GROUP_H

#include "base/err.h"
#include "store/store.h"

enum {
	GROUP_SEGMENTS = 512
};

struct groups;

/* Those of the store in dirfd (borrowed). key: 32 octets, copied, or NULL. */
struct groups	*groups_new(int dirfd, const uint8_t *key);
void		groups_free(struct groups **groups);
/* Looks which files there are; a broken one is left out (its segments have their own filter). */
enum err	groups_refresh(struct groups *groups, struct why *why);
/* Is the segment in a group? Not another one that once had its number. */
bool		groups_have(const struct groups *groups, const struct segment_info *segment);
/* May a segment that is in a group hold the token? True also when the file cannot be read. */
bool		groups_may_hold(struct groups *groups, const struct segment_info *segment,
		    uint64_t token);

/* The number in "%016x.tbf"; 0: another name. */
uint64_t	group_number(const char *name);
/*
 * For the keeper, now and then: makes a group of the segments that have none, when they are many,
 * and removes the files whose segments are all gone. info: all segments of the manifest, in order
 * of their ids. Costs reading the filters of new segments, at most 32 MB of memory.
 */
enum err	group_tend(int dirfd, const uint8_t store_id[16], const uint8_t *key,
		    const struct segment_info *info, size_t n, struct why *why);

#endif
