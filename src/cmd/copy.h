/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying a store's directory, file by file, with a list of BLAKE2b-256 sums that `b2sum -l 256 -c`
 * checks as well. Shared by backup and restore.
 */
#ifndef CMD_COPY_H
#define CMD_COPY_H

#include "base/buf.h"
#include "base/err.h"

#define COPY_LIST	"B2SUMS"

struct copy {
	int from, to;			/* open directories */
	struct buf list;		/* "HEX  PATH\n" of everything copied */
	uint64_t files, bytes, skipped;
	void (*progress)(const struct copy *copy);
};

enum copy_again {
	COPY_ALWAYS,
	COPY_UNLESS_SAME_ENDS,		/* segments, whose head and tail hold sums of all else */
};

/* One file; ERR_ABSENT when it is not there. path is relative to both directories. */
enum err	copy_file(struct copy *copy, const char *path, enum copy_again again,
		    struct why *why);
/* A directory with everything below it, at most 8 levels; OK when it is not there. */
enum err	copy_tree(struct copy *copy, const char *path, enum copy_again again,
		    struct why *why);
/* Reads the sums of dirfd and checks every file of them; *ret_path names the one that is wrong. */
enum err	copy_check(int dirfd, struct buf *ret_path, struct why *why);

#endif
