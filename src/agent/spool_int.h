/* SPDX-License-Identifier: Apache-2.0 */
/* What spool.c (writing, reading) and spool_open.c (the start) share. Inside of the two only. */
#ifndef AGENT_SPOOL_INT_H
#define AGENT_SPOOL_INT_H

#include <zstd.h>

#include "agent/spool.h"

enum {
	SPOOL_HEAD_BYTES = 160,		/* of a file */
	SPOOL_BLOCK_BYTES = 80,		/* a block's head */
	SPOOL_WRITERS = 8,
	SPOOL_NAME_BYTES = 17,
	SPOOL_FILES = 16,		/* a full spool has so many, and those of short lives */
	SPOOL_FILE_MOST = 32 << 20,
};

struct spool_writer {
	uint64_t writer, ticket;
};

struct spool_file {
	uint64_t number;		/* its name */
	uint64_t instance;
	uint64_t bytes;			/* up to its last whole block */
};

/* A block's head as it is on disk, and where its octets end. */
struct spool_head {
	struct spool_block block;
	struct spool_writer writer;
	uint32_t packed_bytes;
	uint64_t hash;			/* of the packed octets */
};

struct spool_at {
	uint32_t file;			/* index */
	uint64_t offset;
};

struct spool {
	int dirfd;
	int fd;				/* the last file, which grows */
	int read_fd;			/* read_number's, or -1 */
	uint64_t read_number;
	uint64_t limit_bytes;
	uint64_t instance, last, chain;	/* of this life */
	uint64_t given, given_chain;	/* the same with what spool_place gave */
	struct spool_writer writer[SPOOL_WRITERS];	/* the newest last */
	unsigned nwriter;
	struct spool_file *file;	/* by number */
	uint32_t nfile;
	struct spool_at read, kept;
	uint64_t read_rows, read_raw;	/* between kept and read */
	uint64_t told_number, told_offset;	/* damage up to here was counted */
	struct spool_state state;
	struct buf packed;
	ZSTD_CCtx *pack;
	ZSTD_DCtx *unpack;
};

void		spool_name(char name[SPOOL_NAME_BYTES], uint64_t number);
void		spool_writer_note(struct spool *spool, struct spool_writer writer);
/* Begins a file behind the last one. */
enum err	spool_file_begin(struct spool *spool, struct why *why);
/* ERR_FORMAT: no head stands there. */
enum err	spool_head_read(struct spool_head *ret_head, int fd, uint64_t offset, uint64_t end,
		    struct why *why);
/*
 * Behind damage: the first whole head at or behind *io_offset. ERR_FORMAT: there is none.
 */
enum err	spool_head_find(int fd, uint64_t *io_offset, uint64_t end, struct why *why);
/* Finds the files, cuts off what is torn. */
enum err	spool_files_find(struct spool *spool, struct why *why);

#endif
