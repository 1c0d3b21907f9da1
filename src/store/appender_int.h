/* SPDX-License-Identifier: Apache-2.0 */
/* Between appender.c (frames and writes) and appender_thread.c (files and syncs). */
#ifndef STORE_APPENDER_INT_H
#define STORE_APPENDER_INT_H

#include "base/buf.h"
#include "sys/thread.h"
#include "store/appender.h"
#include "store/journal_int.h"

#define NEXT_NAME	"journal/next.tmp"

enum { SPARES = 2 };

enum next {
	NEXT_WANTED,
	NEXT_READY,
	NEXT_CLAIMED,
	NEXT_REFUSED
};

/*
 * What goes to disk by one pwrite and is synced as one. It goes past the page cache: from the start
 * of the block that `offset` lies in to the end of a block, out of aligned memory (write_reserve).
 */
struct write {
	struct buf bytes;		/* lead, then what is new */
	uint32_t lead;			/* octets before `offset` in its block: of earlier writes */
	uint64_t number;
	uint64_t file;
	uint64_t offset;
	uint32_t first;			/* number of its first frame */
	bool begins;			/* the file: its head is in front */
	struct digest chain;		/* before its first frame */
};

struct appender {
	int dirfd;
	int wake_fd;
	uint8_t store_id[JOURNAL_STORE_ID];
	const uint8_t *store_key;
	uint32_t epoch;
	uint64_t file_bytes;

	/* the caller's side */
	struct write open;
	uint64_t file;			/* 0: none yet */
	uint64_t next_file;
	uint64_t serial;
	uint64_t at;			/* where the next frame goes in the file */
	uint32_t nframe;
	struct digest chain;
	struct crypt *crypt;
	void *lz4;
	uint8_t as_is[STREAM_END][LIMIT_CLASSES];	/* frames to come that are not compressed */
	unsigned squeeze;		/* writes to come in which all are: the disk is behind */
	int64_t handed_ns;		/* when a write was handed over last */

	/* both sides, under the lock */
	struct lock lock;
	struct wake work;		/* for the thread */
	struct wake done;		/* for appender_close */
	struct write queued;
	bool has_queued;
	bool busy;
	bool stop;
	enum next next;
	enum err next_rc;		/* when REFUSED */
	struct buf spare[SPARES];
	unsigned nspare;
	struct appender_state state;
	struct why why;
	uint64_t failed_next;		/* number of the file that goes on instead, */
	struct digest failed_chain;	/* and from where */

	/* the thread's side */
	struct thread thread;
	int journal_fd;
	int fd;
	int next_fd;
	uint64_t written_to;		/* end of the last write in its file */
};

/* Memory for n more octets and for filling up the block. */
void		write_reserve(struct buf *bytes, size_t n);
/* The thread's body. */
void		appender_run(void *arg);
/* Makes next.tmp, with all of its room on disk. */
enum err	appender_next(struct appender *a, struct why *why);
/* Keeps the memory of a write that is done for another. */
void		appender_spare(struct appender *a, struct buf *bytes);

#endif
