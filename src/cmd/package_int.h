/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside of a package being written:
 *
 *	package.c	takes the pieces, keeps them aside
 *	package_text.c	the small files: who and why, forms, key
 *	package_write.c	puts all together: sums first, then the archive in one go
 */
#ifndef CMD_PACKAGE_INT_H
#define CMD_PACKAGE_INT_H

#include "model/checkpoint.h"
#include "model/leafproof.h"
#include "evidence/archive.h"
#include "cmd/package.h"

enum spool_kind { SPOOL_RECORDS, SPOOL_FIELDS, SPOOL_PROOFS, SPOOL_END };

/* A file without a name. */
struct spool {
	int fd;
	uint64_t bytes;
};

/* Where the fields of a record are in SPOOL_FIELDS. */
struct fields_at {
	uint64_t seq, offset;
	uint32_t length;		/* with the line feed */
};

struct package {
	struct package_conf conf;
	enum archive_kind kind;
	char top[BAG_TOP_BYTES];
	char *name;			/* in the folder */
	int dirfd, fd;
	bool begun, done;		/* NAME.part is there; NAME is */
	struct spool spool[SPOOL_END];
	struct fields_at *fields;	/* in order of seq at the end */
	size_t nfields, fields_cap;
	uint64_t *seq;			/* in the order of the records */
	size_t nseq, seq_cap;
	struct leaf_proof proof;	/* the last one, taken apart */
	struct bag_claim claim;
	uint64_t total;
	char who[64], from[64];
	struct note_key key;
	struct checkpoint checkpoint;	/* borrows from text[BAG_CHECKPOINT] */
	char fingerprint[48], code[24];
	int64_t now_ns, first_ns, last_ns;
	bool has_note, has_key, has_end;
	struct buf text[BAG_END];	/* the files that are small */
	struct sums sums[BAG_END];
	uint64_t done_bytes, all_bytes;
	enum err result;		/* of the last piece */
	struct why why;
};

/* ---- package_text.c ---- */

/* The small files that need no sums of others. */
enum err	package_texts(struct package *p, struct why *why);
/* Those that do: of the payload. */
enum err	package_tags(struct package *p, struct why *why);

/* ---- package_write.c ---- */

enum err	package_write(struct package *p, struct sums *ret_file, struct why *why);

#endif
