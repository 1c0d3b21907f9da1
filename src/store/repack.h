/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments of a closed day made into fewer and smaller ones: the rows, leaves, seeds and frames as
 * they were, so that nothing that was sealed changes. A thread of its own, one piece of work at a
 * time; it writes the new segment's files and nothing else. Inside of store; used by keep only.
 */
#ifndef STORE_REPACK_H
#define STORE_REPACK_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/store.h"

enum { REPACK_MOST = 64 };		/* segments that become one */

struct repack_work {
	struct segment_info from[REPACK_MOST];	/* one stream, class, epoch and day; by number */
	size_t n;
	uint64_t id;			/* of the new one */
	int level;			/* of zstd */
	struct buf leaves;		/* not looked at */
	/* what came of it */
	enum err rc;
	struct why why;
	struct segment_info info;
};

struct repack;

struct repack_conf {
	int dirfd;			/* the store's, borrowed */
	const uint8_t *store_id;	/* 16 octets, copied */
	const uint8_t *store_key;	/* borrowed; NULL: not encrypted */
	int wake_fd;			/* written when the work is done */
};

enum err	repack_open(struct repack **ret_repack, const struct repack_conf *conf,
		    struct why *why);
/*
 * Waits for the work at hand, which is given up at the next segment. Gives back what repack_done
 * did not, or NULL.
 */
struct repack_work	*repack_close(struct repack **repack);
/* Borrowed until repack_done gives it back. There is none at hand. */
void		repack_begin(struct repack *repack, struct repack_work *work);
/* The work that is done, or NULL. */
struct repack_work	*repack_done(struct repack *repack);

#endif
