/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment's file taken apart and put together again under another id and with another directory:
 * its chunks are copied as they are (encrypted anew: the id is in their tags). For bench/multiply
 * only. doc/formats/segment.md section 1.
 */
#ifndef BENCH_RECAST_H
#define BENCH_RECAST_H

#include "base/buf.h"
#include "base/err.h"

enum { RECAST_HEADER = 192 };

struct recast_chunk {
	struct span stored;		/* compressed, not encrypted */
	uint32_t plain;
	uint8_t codec;
};

struct recast {
	uint8_t header[RECAST_HEADER];
	struct buf file;		/* decrypted in place */
	struct recast_chunk *chunk;
	uint64_t nchunk;
	struct buf directory;
	struct span body;		/* of the directory, behind the list of chunks */
};

/* *ret must be zeros. key: the store key, NULL when nothing is encrypted. */
enum err	recast_read(struct recast *ret, int dirfd, const char *name, const uint8_t *key,
		    struct why *why);
void		recast_done(struct recast *recast);
/* Puts the whole file into out, which is emptied before. */
void		recast_put(const struct recast *recast, uint64_t id, struct span body,
		    const uint8_t *key, struct buf *out);

#endif
