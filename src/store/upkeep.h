/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's third thread, for what can wait, one piece of work at a time:
 *
 *	REPACK	segments of a closed day become one, smaller: the rows, leaves, seeds and frames as
 *		they were, so that nothing that was sealed changes. It writes the new segment's
 *		files and nothing else, and digests every row of it again before it says that it is
 *		done.
 *	TEND	groups of filters, see group.h
 *	COLD	is the cold folder there? Then one segment goes there, see cold.h
 *
 * Inside of store; used by keep only.
 */
#ifndef STORE_UPKEEP_H
#define STORE_UPKEEP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "store/store.h"

enum upkeep_type {
	UPKEEP_REPACK,
	UPKEEP_TEND,
	UPKEEP_COLD,
	UPKEEP_TYPE_END
};

struct upkeep_work {
	enum upkeep_type type;
	struct segment_info *from;	/* heap. REPACK: of one stream, class, epoch and day, by
					 * number; TEND: all of the manifest; COLD: one, or none:
					 * it only looks */
	size_t n;			/* REPACK: when done, so many of them were taken, from the
					 * first on: what is too much for one is left */
	uint64_t id;			/* REPACK: of the new one */
	int level;			/* REPACK: of zstd */
	/* what came of it */
	enum err rc;
	struct why why;
	uint64_t unfit;			/* REPACK: the segment that cannot be repacked; 0: none
					 * of them, or it is not the segment's fault */
	struct segment_info info;	/* REPACK */
	bool there;			/* COLD: the folder is */
};

/* Shared with the crash handler: which segment the thread (tid) is busy with; 0: none. */
struct upkeep_note {
	volatile uint64_t segment;
	volatile int64_t tid;
};

struct upkeep;

struct upkeep_conf {
	int dirfd;			/* the store's, borrowed */
	const uint8_t *store_id;	/* 16 octets, copied */
	const uint8_t *store_key;	/* borrowed; NULL: not encrypted */
	int wake_fd;			/* written when the work is done */
	struct upkeep_note *note;	/* borrowed */
};

enum err	upkeep_open(struct upkeep **ret_upkeep, const struct upkeep_conf *conf,
		    struct why *why);
/*
 * Waits for the work at hand; a REPACK is given up at its next segment. Gives back what upkeep_done
 * did not, or NULL.
 */
struct upkeep_work	*upkeep_close(struct upkeep **upkeep);
void		upkeep_work_free(struct upkeep_work **work);
/* Borrowed until upkeep_done gives it back. There is none at hand. */
void		upkeep_begin(struct upkeep *upkeep, struct upkeep_work *work);
/* The work that is done, or NULL. */
struct upkeep_work	*upkeep_done(struct upkeep *upkeep);

#endif
