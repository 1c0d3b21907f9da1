/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's files, read: for those who show rows that are in no segment yet, for verify and
 * doctor. Inside of store; the writer is store/appender.h. doc/formats/journal.md.
 *
 * A reader may run beside the writer, in another process: it stops silently at the first frame
 * that is not there yet and goes on from it at the next call. Rows that it gives are written but
 * may wait for their sync (a few ms).
 */
#ifndef STORE_JOURNAL_H
#define STORE_JOURNAL_H

#include "base/err.h"
#include "model/batch.h"
#include "model/digest.h"

enum journal_type {
	JOURNAL_SHAPE = 1,
	JOURNAL_SOURCE,
	JOURNAL_ROWS,
	JOURNAL_LEAF,
	JOURNAL_END,
	JOURNAL_TYPE_END
};

/* One frame. Everything borrows from the reader, until the next call on it. */
struct journal_frame {
	uint8_t type;			/* enum journal_type */
	uint8_t stream;
	uint8_t class;
	uint32_t epoch;			/* of the file */
	uint64_t file;			/* number of the file */
	uint32_t number;		/* of the frame in the file */
	uint64_t offset;		/* of the frame in the file */
	uint64_t id;			/* first sequence number, tree index or id: by type */
	struct digest chain;		/* as the frame states it; see journal_reader_strict */
	struct span plain;		/* the payload, decoded */
	/* ROWS: validated to its end; ids of the head are the file's */
	const uint8_t *seed;		/* SEED_BYTES */
	uint64_t instance;		/* of the writer; 0: not told */
	uint64_t ticket;		/* under which it handed the batch over */
	struct span batch;
	struct batch_head head;
	struct batch_tables tables;
	uint64_t segment_id;		/* ROWS: low 32 bits; LEAF: when segment_ends */
	/* LEAF */
	bool segment_ends;
	struct span entry;
};

struct journal_reader;

/*
 * Reads `journal/` below dirfd (borrowed) from file number from_file, or from the oldest one when
 * it is 0 or gone. key: 32 octets store key, or NULL when not encrypted. A journal without files
 * is fine: frames come when there are some.
 */
enum err	journal_reader_open(struct journal_reader **ret_reader, int dirfd,
		    const uint8_t *key, uint64_t from_file, struct why *why);
void		journal_reader_close(struct journal_reader **reader);
/*
 * OK: a frame. ERR_MORE: nothing more now, ask again later (costs one pread and one fstatat).
 * ERR_DENIED: the store key is missing or another one. ERR_IO. Damaged octets are stepped over
 * (journal_reader_lost); a frame that was written again after an error of the disk comes once.
 */
enum err	journal_reader_next(struct journal_reader *reader, struct journal_frame *ret_frame,
		    struct why *why);
/* Number of the file that the next frame is in: keep it to open at this place again. */
uint64_t	journal_reader_file(const struct journal_reader *reader);
/* Runs of octets stepped over so far that were no valid frame and had valid ones behind them. */
uint64_t	journal_reader_lost(const struct journal_reader *reader);

#endif
