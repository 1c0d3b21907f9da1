/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The octets of a journal file, for its writer (appender.c), its readers and recovery:
 * doc/formats/journal.md. A frame goes through two gates: frame_get (lengths, checksum) says
 * where it ends, journal_file_next (decryption, codec, tables, batch) what it says.
 */
#ifndef STORE_JOURNAL_INT_H
#define STORE_JOURNAL_INT_H

#include "base/buf.h"
#include "store/crypt.h"
#include "store/journal.h"

enum {
	JOURNAL_FILE_BYTES = 64 << 20,
	JOURNAL_HEAD_BYTES = 192,
	FRAME_HEAD_BYTES = 80,
	FRAME_SEALED_BYTES = 40,	/* of the head: additional data of the encryption */
	JOURNAL_STORE_ID = 16,
	ROWS_HEAD_BYTES = SEED_BYTES + 8 + 8,	/* seed, writer's instance, ticket */
	/* Longest plain payload: the largest batch; a shape's code is far below. */
	FRAME_PLAIN_MAX = ROWS_HEAD_BYTES + LIMIT_BATCH_BYTES,
	JOURNAL_NAME_BYTES = 40,
};

enum frame_codec {
	CODEC_STORED,
	CODEC_LZ4,
	CODEC_END
};

struct journal_head {
	uint64_t number;
	uint32_t epoch;
	uint8_t store_id[JOURNAL_STORE_ID];
	struct digest chain;		/* of the frame that this file goes on from */
	bool encrypted;
	uint8_t data_key[CRYPT_KEY_BYTES];
};

struct frame_head {
	uint8_t type;
	uint8_t codec;
	uint8_t stream;
	uint8_t class;
	uint32_t stored;
	uint32_t plain;
	uint64_t id;
	uint32_t rows;
	uint32_t number;
	uint32_t sync;			/* number of the first frame of the same write */
	uint32_t segment;		/* ROWS: low 32 bits of the id of their segment */
	struct digest chain;
};

/* "journal/%016x.tbj" */
void		journal_name(char ret[JOURNAL_NAME_BYTES], uint64_t number);
/* 0 when the name is not one. */
uint64_t	journal_name_number(const char *name);
/* Numbers of all files, ascending: *ret_list is heap. */
enum err	journal_list(int dirfd, uint64_t **ret_list, size_t *ret_n, struct why *why);

void		journal_head_put(uint8_t at[JOURNAL_HEAD_BYTES], const struct journal_head *head,
		    const uint8_t *store_key);
/* ERR_FORMAT: not a valid head. ERR_DENIED: the key is missing or another one. */
enum err	journal_head_get(struct journal_head *ret_head, struct span bytes,
		    const uint8_t *store_key, struct why *why);

/* The octets of a frame's head before the chain; encryption binds them to the payload. */
void		frame_put_start(uint8_t *at, const struct frame_head *head);
/* The whole head; the stored payload lies behind it already and is summed up. */
void		frame_put(uint8_t *at, const struct frame_head *head);
/* Octets of the whole frame with its padding; 0: no valid frame, or not all of it is there. */
size_t		frame_get(struct frame_head *ret_head, struct span bytes);
/* Octets of the whole frame if its head could be valid, else 0: for reading enough. */
size_t		frame_wants(struct span head);

static inline size_t
frame_round(size_t n)
{
	return (n + 7) & ~(size_t)7;
}

/* Sources and shapes that the frames of one file defined so far, in order of their ids. */
struct journal_tables {
	struct shape **shape;
	struct source **source;
	uint32_t nshape, shape_cap, nsource, source_cap;
};

/* One file being read. */
struct journal_file {
	int fd;
	struct journal_head head;
	struct crypt *crypt;		/* NULL: not encrypted */
	uint64_t at;			/* where the next frame begins */
	uint32_t number;		/* that it must have */
	struct journal_tables tables;
	struct buf window;		/* octets of the file from window_at on */
	uint64_t window_at;
	struct frame_head seen;		/* of the frame that journal_file_next met last */
	struct buf plain;
	struct buf clear;		/* decrypted, not yet decoded */
	const struct shape **batch_shape;	/* tables of the frame at hand */
	const struct source **batch_source;
	uint32_t batch_shape_cap, batch_source_cap;
	struct batch_reader *check;
};

/*
 * ERR_ABSENT, ERR_FORMAT (no valid head: nothing was ever acknowledged in it unless it has frames
 * that say otherwise), ERR_DENIED. With ERR_FORMAT the file is open all the same for
 * journal_file_seek. Always end with journal_file_close.
 */
enum err	journal_file_open(struct journal_file *file, int dirfd, uint64_t number,
		    const uint8_t *store_key, struct why *why);
void		journal_file_close(struct journal_file *file);
/*
 * OK: a frame. ERR_MORE: no valid frame with the expected number lies at file->at.
 * ERR_FORMAT: one does, but what it says is broken; the next call goes on behind it.
 */
enum err	journal_file_next(struct journal_file *file, struct journal_frame *ret_frame,
		    struct why *why);
/* The next valid frame at or behind file->at, whatever its number: ERR_ABSENT when none. */
enum err	journal_file_seek(struct journal_file *file, uint64_t *ret_offset,
		    struct frame_head *ret_head, struct why *why);
/* Makes the frame that seek found the next one. */
void		journal_file_skip(struct journal_file *file, uint64_t offset, uint32_t number);
/*
 * Payload of a frame out of its stored octets: decryption, codec, tables, batch. For journal_file
 * and the fuzzer. The frame borrows from file.
 */
enum err	journal_decode(struct journal_file *file, const struct frame_head *head,
		    struct span bytes, struct journal_frame *ret_frame, struct why *why);

#endif
