/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This host's own logs: text files that grow and rotate, and the local journal. Reads, never
 * writes to what it reads; what was taken is remembered only after the caller says that it is on
 * disk (mark and commit), so that a crash repeats lines rather than losing them.
 */
#ifndef AGENT_AGENT_H
#define AGENT_AGENT_H

#include "base/buf.h"
#include "base/err.h"
#include "model/join.h"

/* One record or entry. path: the file, or "journal". flags: enum row_flag bits. */
typedef void agent_take_fn(void *ctx, const char *path, struct span record, uint8_t flags);

/* ---- files ---- */

struct tail;

struct tail_counts {
	uint64_t files;			/* open now */
	uint64_t refused;		/* may not be read, or are symbolic links */
	uint64_t waiting;		/* cannot be opened yet: too many, or being copied */
	uint64_t lines, bytes;		/* lines: records, when they are joined */
	uint64_t cut;			/* lines longer than LIMIT_RECORD_BYTES */
	uint64_t split;			/* joined up to a limit; go on in the next record */
	uint64_t lost_bytes;		/* seen, but cut away (copytruncate) before we read them */
};

enum {
	TAIL_SAVE_MAX = 4 << 20,	/* the longest text that tail_save writes */
	TAIL_MARKS = 32,		/* marks at a time */
};

/* Files and which of their lines are one record; of two patterns for one file the first counts. */
struct tail_files {
	const char *pattern;		/* shell pattern (glob(7)) of absolute paths */
	struct join join;
};

/* files: n of them; copied. */
struct tail	*tail_new(const struct tail_files *files, unsigned n);
void		tail_free(struct tail **tail);
/* The text that tail_save wrote; damaged lines are left out and their files read from the start. */
void		tail_load(struct tail *tail, struct span text);
/* Positions up to the last commit. */
void		tail_save(const struct tail *tail, struct buf *out);
/*
 * Looks for new, rotated and removed files. now_ns: any clock that does not go back; by it files
 * that are gone (10 s without growth) give a last line that has no end, and are let go. True: there
 * are new files; save soon, so that they are found again when they are renamed and we crash.
 */
bool		tail_scan(struct tail *tail, int64_t now_ns);
/*
 * Reads at most about limit_bytes of whole lines and gives them one by one; where lines are joined,
 * records whose end is known: another one begins behind them, a limit is reached, or two scans
 * LIMIT_JOIN_PAUSE_S apart saw the file unchanged. True: there was more.
 */
bool		tail_read(struct tail *tail, size_t limit_bytes, agent_take_fn *take, void *ctx);
/*
 * Everything given so far belongs to mark `ticket` (tickets never go back); commit makes all marks
 * up to it permanent.
 */
void		tail_mark(struct tail *tail, uint64_t ticket);
void		tail_commit(struct tail *tail, uint64_t ticket);
void		tail_counts(const struct tail *tail, struct tail_counts *ret_counts);

/* ---- the local journal ---- */

struct entries;

/*
 * dir: where its files are; NULL: this machine's own. cursor: "" = from the oldest. ERR_ABSENT:
 * there is none; ERR_DENIED: may not be read.
 */
enum err	entries_open(struct entries **ret_entries, const char *dir, const char *cursor,
		    struct why *why);
void		entries_close(struct entries **entries);
/* Gives at most n entries as JSON objects (doc/formats/record.md section 6). True: more wait. */
bool		entries_read(struct entries *entries, unsigned n, agent_take_fn *take, void *ctx);
/* The place after the last entry given, or the one it began at. Valid until the next call. */
const char	*entries_cursor(struct entries *entries);
/* Becomes readable when something was written; call entries_read then. */
int		entries_fd(struct entries *entries);

#endif
