/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for the desk, on this host's disk: blocks in files that only grow, read in the order
 * in which they were written. doc/formats/relay.md section 2. A block that spool_append answered
 * with OK is there after a power cut; a torn one is cut off at the next start. Every opening begins
 * a life of its own, with an instance that no other has: so a spool that was copied back never
 * gives a place twice. Memory does not grow with what waits.
 */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include "base/buf.h"
#include "base/err.h"

struct spool;

enum { SPOOL_LEAST_BYTES = 4 << 20, SPOOL_GROUP_MOST = 16 << 20 };

/* A group of definitions and batches (wire/relay.h) of one writer. */
struct spool_group {
	struct span code;
	uint64_t writer;		/* instance of the channel's HELLO */
	uint64_t ticket;		/* of its last batch */
	uint32_t rows;
	int64_t time_ns;		/* of now */
};

struct spool_block {
	uint64_t instance;
	uint64_t from, to;		/* places before it and behind it */
	uint32_t rows;
	uint32_t raw_bytes;
	int64_t time_ns;		/* when it was written */
};

struct spool_state {
	uint64_t rows, raw_bytes;	/* that wait */
	uint64_t disk_bytes, limit_bytes;
	uint64_t written_bytes;		/* octets on disk of this life, all together */
	uint64_t lost_rows;		/* in blocks that could not be read */
	uint64_t damaged;		/* places where something was broken, as far as was read */
};

/*
 * Reads what is there and begins a life. dirfd stays the caller's. ERR_FORMAT, ERR_IO: the folder
 * cannot be used.
 */
enum err	spool_open(struct spool **ret_spool, int dirfd, uint64_t limit_bytes,
		    uint64_t instance, struct why *why);
void		spool_free(struct spool **spool);

/* The writer's last ticket that is on disk, or was; 0: none is known. */
uint64_t	spool_ticket(const struct spool *spool, uint64_t writer);
/* No more is taken until the desk has some of it. */
bool		spool_is_full(const struct spool *spool);
/* The place behind this batch, which is the next one of the group that is being made. */
uint64_t	spool_place(struct spool *spool, struct span batch);
/*
 * On disk when OK. ERR_FULL: the disk is full, nothing was taken; the same group may be given again
 * later. Else this spool must not be written any more.
 */
enum err	spool_append(struct spool *spool, const struct spool_group *group, struct why *why);

/* The block that is read next. ERR_MORE: there is none. */
enum err	spool_peek(struct spool *spool, struct spool_block *ret_block, struct why *why);
/*
 * Appends the group of that block to *raw and goes behind it. ERR_FORMAT: it was damaged, is
 * counted, and was gone over.
 */
enum err	spool_next(struct spool *spool, struct buf *raw, struct why *why);
/* All that was read is at the desk: files of which nothing is left to read go. */
enum err	spool_done(struct spool *spool, struct why *why);
/* Back to what spool_done was said of last. */
void		spool_rewind(struct spool *spool);
/* This life's own. */
uint64_t	spool_instance(const struct spool *spool);
void		spool_tell(const struct spool *spool, struct spool_state *ret_state);

#endif
