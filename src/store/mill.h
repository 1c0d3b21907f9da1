/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keeper's second thread: frames go to segments under construction, finished segments to disk
 * and into the manifest, leaves into the tree, checkpoints under its signature, files of dropped
 * segments and of the journal away. One queue, worked off in order but for mill_push_first. Inside
 * of store; used by keep only.
 *
 * A job and everything that it points to belong to the mill from mill_push until mill_done gives
 * the job back. The seal belongs to it altogether; the manifest is shared under a lock.
 */
#ifndef STORE_MILL_H
#define STORE_MILL_H

#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"
#include "model/digest.h"
#include "store/builder.h"
#include "store/manifest.h"
#include "store/seal.h"

enum job_type {
	JOB_ROWS,		/* builder_frame */
	JOB_LEAF,		/* builder_leaf */
	JOB_TREE,		/* seal_append: in order of the indexes, of durable frames */
	JOB_SEGMENT,		/* builder_write, manifest_add */
	JOB_CHECKPOINT,		/* seal_checkpoint */
	JOB_REKEY,		/* the same, then seal_rekey with `seed` */
	JOB_DROP,		/* manifest_drop, then the files */
	JOB_TRIM,		/* manifest_trim, then journal files up to there */
	JOB_REPLACE,		/* manifest_replace; ERR_ABSENT when one of the old is not there */
	JOB_HOLD,		/* manifest_hold_begin, manifest_hold_end */
	JOB_REMOVE,		/* files of segments that are in the manifest no more */
	JOB_TYPE_END
};

struct mill_job {
	struct mill_job *next;
	uint8_t type;			/* enum job_type */
	void *owner;			/* not looked at */
	struct builder *builder;	/* ROWS, LEAF, SEGMENT */
	int64_t recv_ns;		/* SEGMENT: its oldest receive time */
	/* ROWS */
	const struct batch_head *head;
	const struct batch_tables *tables;
	uint64_t id;			/* first row; segment's id; first file to keep */
	size_t cost;			/* octets that it holds in the queue */
	/* LEAF, TREE */
	uint64_t index;
	uint8_t seed[SEED_BYTES];
	struct buf bytes;		/* TREE: entry. SEGMENT: leaves. DROP, REPLACE: u64 ids;
					 * TRIM: u64 numbers of damaged files, which are kept under
					 * another name; REMOVE: segment_info; in memory order;
					 * HOLD: u8 enum hold_action, hold */
	/* what came of it */
	enum err rc;
	struct why *why;		/* heap, when rc is not OK */
	struct segment_info info;	/* SEGMENT; REPLACE: the new one */
	uint64_t size;			/* CHECKPOINT: entries signed; ROWS: builder_bytes */
	struct buf note;		/* CHECKPOINT; REPLACE: leaves of the new one; TRIM: the
					 * file `places`, when it is to be written before */
};

/* Shared with the crash handler: what the mill's thread (tid) has in a builder; 0: nothing. */
struct mill_note {
	volatile uint64_t frame;	/* stream << 56 | first sequence number */
	volatile int64_t tid;
};

struct mill_conf {
	int dirfd;			/* borrowed */
	struct seal *seal;		/* taken over by mill_open when it gives OK */
	struct manifest *manifest;	/* the same */
	int wake_fd;			/* written when a job is done that is more than rows */
	size_t limit_bytes;		/* of queued rows, see mill_crowded */
	struct mill_note *note;		/* borrowed */
};

struct mill;

enum err	mill_open(struct mill **ret_mill, const struct mill_conf *conf, struct why *why);
/* Finishes what is queued, then ends. Give the jobs back first (mill_done) or lose them. */
void		mill_close(struct mill **mill);
struct mill_job	*mill_job_new(enum job_type type, void *owner);
void		mill_job_free(struct mill_job **job);
void		mill_push(struct mill *mill, struct mill_job *job);
/* Before all that is queued: for a segment whose rows and leaves are done, see making_next. */
void		mill_push_first(struct mill *mill, struct mill_job *job);
/* Jobs that are done, in order, as a list; NULL when none. The caller frees each. */
struct mill_job	*mill_done(struct mill *mill);
/* Rows are queued beyond the limit: do not push more rows; wakes when below half of it. */
bool		mill_crowded(struct mill *mill);
/* Waits until everything queued so far is done. */
void		mill_wait(struct mill *mill);
/* The manifest for looking at it, until mill_manifest_give. */
struct manifest	*mill_manifest_take(struct mill *mill);
void		mill_manifest_give(struct mill *mill);

#endif
