/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's writer: makes frames, gathers them into writes, has each write put on disk and
 * synced by a thread of its own, and says up to which write everything is durable. Inside of
 * store; used by keep only. doc/formats/journal.md.
 *
 *	put put put ── open write ──► queued ──► busy (pwrite, fdatasync) ──► durable
 *	                                └ at most one ┘
 *
 * All functions are called by one thread and none of them waits for the disk, but appender_close.
 */
#ifndef STORE_APPENDER_H
#define STORE_APPENDER_H

#include "base/err.h"
#include "model/digest.h"
#include "store/journal.h"

enum {
	APPENDER_WRITE_BYTES = 256 << 10,	/* a write of this size does not wait for more */
	APPENDER_OPEN_MAX = 1 << 20,		/* above, wait for the disk: appender_crowded */
};

struct appender;

struct appender_conf {
	int dirfd;			/* the store's directory, borrowed */
	const uint8_t *store_id;	/* 16 octets, copied */
	const uint8_t *store_key;	/* 32 octets, borrowed; NULL: not encrypted */
	uint32_t epoch;
	uint64_t file;			/* number of the first file to be made */
	struct digest chain;		/* of the frame that it goes on from */
	uint32_t file_bytes;		/* 0: JOURNAL_FILE_BYTES */
	int wake_fd;			/* eventfd: written when appender_state has changed */
};

/* Starts the thread; makes no file yet. */
enum err	appender_open(struct appender **ret_appender, const struct appender_conf *conf,
		    struct why *why);
/* Pushes what is open, waits until it is synced (or has failed), ends the file with END. */
void		appender_close(struct appender **appender);

/* Most octets that a frame with a payload of so many takes. */
size_t		appender_bound(size_t plain);
/*
 * Makes sure that frames of n octets (appender_bound) fit the current file, or begins the next one:
 * then the ids of shapes and sources begin again at 0, see appender_serial. ERR_FULL: no room on
 * disk for another file (or what else kept it from being made). ERR_BUSY: it is not ready yet, too
 * much is open, or a write failed (see appender_restart); come again when woken. ERR_LIMIT: no file
 * is large enough.
 */
enum err	appender_room(struct appender *appender, size_t n, struct why *why);
/* Number of the current file; 0 before the first. One that failed may be used again. */
uint64_t	appender_file(const struct appender *appender);
/* How many files were begun so far: what the ids of shapes and sources belong to. */
uint64_t	appender_serial(const struct appender *appender);

/* A frame to be put: journal.md section 2. */
struct appender_frame {
	enum journal_type type;
	uint8_t stream;
	uint8_t class;
	uint64_t id;
	uint32_t rows;
	uint32_t segment;
	const struct digest *d;		/* what the chain takes in */
	struct span plain;
};

/* Appends one frame to the open write, for which appender_room has given OK. */
void		appender_put(struct appender *appender, const struct appender_frame *frame);
/* Number of the write that the last put went to. */
uint64_t	appender_write(const struct appender *appender);
struct digest	appender_chain(const struct appender *appender);
/* True while more should not be put: the disk is behind. */
bool		appender_crowded(const struct appender *appender);
/*
 * Hands the open write over when the thread is idle, or when it is large enough and nothing waits.
 * Call at the end of each turn and whenever woken.
 */
void		appender_push(struct appender *appender);

struct appender_state {
	uint64_t durable;		/* number of the last write that is on disk */
	uint64_t file;			/* of that write; 0: none yet */
	bool failed;			/* a write or sync did: none after `durable` will come */
	bool no_room;			/* another file cannot be made, mostly for want of room */
	uint64_t nwrite;		/* for status: writes, their octets, time they took */
	uint64_t bytes;
	uint64_t sync_ns;
	uint64_t sync_max_ns;
};

/* why (may be NULL) gets the last failure's words, when failed or no_room. */
void		appender_state(struct appender *appender, struct appender_state *ret_state,
		    struct why *why);
/* Tries again to make the next file, when there was no room. */
void		appender_retry(struct appender *appender);
/*
 * After `failed`: the file is abandoned, what is not durable is forgotten, and the next frames go
 * to a new file that goes on from the last durable frame. The caller puts them again. Write numbers
 * go on.
 */
void		appender_restart(struct appender *appender);

#endif
