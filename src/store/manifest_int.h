/* SPDX-License-Identifier: Apache-2.0 */
/* Between manifest.c (the log as a file) and manifest_list.c (what its records do). */
#ifndef STORE_MANIFEST_INT_H
#define STORE_MANIFEST_INT_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/cur.h"
#include "base/limits.h"
#include "store/manifest.h"

enum manifest_record {
	RECORD_ADD = 1,
	RECORD_DROP,
	RECORD_REPLACE,
	RECORD_EPOCH,
	RECORD_MARK,		/* of one stream and class, absolute: what compaction forgets */
	RECORD_TRIM,
	RECORD_DAMAGE,
	RECORD_HOLD,
	RECORD_RELEASE,
	RECORD_TYPE_END
};

enum { RECORD_MAX = 16 << 20 };

struct manifest_entry {
	struct segment_info info;
	struct span leaves;		/* heap */
};

struct manifest_mark {
	uint64_t stored;		/* highest sequence number in a segment, ever */
	uint64_t rows;			/* rows in segments, ever */
};

struct manifest {
	int dirfd;			/* borrowed */
	int fd;
	enum manifest_mode mode;
	ino_t ino;
	uint64_t end;			/* octets taken in; the writer appends here */
	uint32_t nrecord;
	uint64_t generation;
	bool rewrite;			/* an append failed: only a new file is good */
	bool damaged;			/* now or at any time before */
	bool damaged_now;		/* seen in this file, not yet written down as a record */
	uint64_t version;
	uint8_t store_id[MANIFEST_STORE_ID];
	bool encrypted;
	uint32_t epoch;
	uint64_t lost[STREAM_END];
	uint64_t journal_file;
	struct manifest_mark mark[STREAM_END][LIMIT_CLASSES];
	struct manifest_entry *entry;	/* ordered by id */
	size_t n, cap;
	struct pin *hold;		/* heap, in the order in which they began */
	size_t nhold;
};

/* manifest_pin.c; false: the payload is broken, or there are too many. */
bool	manifest_apply_hold(struct manifest *manifest, struct cur *in);
bool	manifest_apply_release(struct manifest *manifest, struct cur *in);

/* Does what a record of a known type says; false: its payload is broken, nothing was done. */
bool	manifest_apply(struct manifest *manifest, enum manifest_record type, struct span payload);
void	manifest_forget(struct manifest *manifest);
/*
 * Takes in the records of bytes, which follow what was taken in before. Octets that are no record
 * are stepped over when one follows that is (damage); at the end they are left (not written yet, or
 * torn). A record of a type that we do not know was made by a newer program: ERR_FORMAT.
 */
enum err	manifest_take(struct manifest *manifest, struct span bytes, struct why *why);
/* The first octets of the file, up to and with its head. */
enum err	manifest_head_take(struct manifest *manifest, struct span bytes, struct why *why);
/* The whole state as a fresh log; returns the number of its records. */
uint32_t	manifest_put(struct buf *out, const struct manifest *manifest);
void		manifest_record_put(struct buf *out, enum manifest_record type, uint32_t number,
		    struct span payload);
/* Payloads. */
void		manifest_segment_put(struct buf *out, const struct segment_info *info,
		    struct span leaves);
void		manifest_ids_put(struct buf *out, const uint64_t *id, size_t n);

enum { MANIFEST_HEAD_BYTES = 64 };

#endif
