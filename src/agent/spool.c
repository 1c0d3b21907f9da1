/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool of spool.h, while it runs: one file that grows, one place where it is read.
 *
 *	file: head, block, block ...	block: head (80), packed octets
 *	[file][file][file][file that grows]
 *	   ^kept    ^read           ^append
 *
 * What lies between kept and read is on its way; a file goes when kept is behind it.
 */
#include "agent/spool_int.h"

#include <stdlib.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/must.h"
#include "sys/file.h"
#include "wire/relay.h"

#define BLOCK_MAGIC	"TBSPBLK1"

enum { LEVEL = 1, HEAD_HASHED = SPOOL_BLOCK_BYTES - 8, FIND_BYTES = 16384 };

/* ---- writing ---- */

void
spool_writer_note(struct spool *spool, struct spool_writer writer)
{
	unsigned i = 0;

	while (i < spool->nwriter && spool->writer[i].writer != writer.writer)
		i++;
	/* Full and unknown: the one that was heard of longest ago makes room. */
	if (i == SPOOL_WRITERS)
		i = 0;
	else if (i == spool->nwriter)
		spool->nwriter++;
	memmove(&spool->writer[i], &spool->writer[i + 1],
	    (spool->nwriter - i - 1) * sizeof writer);
	spool->writer[spool->nwriter - 1] = writer;
}

uint64_t
spool_ticket(const struct spool *spool, uint64_t writer)
{
	for (unsigned i = 0; i < spool->nwriter; i++)
		if (spool->writer[i].writer == writer)
			return spool->writer[i].ticket;
	return 0;
}

bool
spool_is_full(const struct spool *spool)
{
	return spool->state.disk_bytes >= spool->limit_bytes;
}

uint64_t
spool_place(struct spool *spool, struct span batch)
{
	spool->given = relay_place(spool->given, &spool->given_chain, batch);
	return spool->given;
}

uint64_t
spool_instance(const struct spool *spool)
{
	return spool->instance;
}

static void
block_pack(struct spool *spool, const struct spool_group *group)
{
	struct buf *out = &spool->packed;
	size_t room = ZSTD_compressBound(group->code.n), n;
	uint8_t *at;

	out->n = 0;
	at = buf_add(out, SPOOL_BLOCK_BYTES + room) + SPOOL_BLOCK_BYTES;
	n = ZSTD_compressCCtx(spool->pack, at, room, group->code.p, group->code.n, LEVEL);
	must(!ZSTD_isError(n));
	out->n = 0;
	buf_put(out, BLOCK_MAGIC, 8);
	buf_u64(out, spool->last);
	buf_u64(out, spool->given);
	buf_u64(out, group->writer);
	buf_u64(out, group->ticket);
	buf_i64(out, group->time_ns);
	buf_u32(out, (uint32_t)group->code.n);
	buf_u32(out, (uint32_t)n);
	buf_u32(out, group->rows);
	buf_u32(out, 0);
	buf_u64(out, hash64(span_of(at, n)));
	buf_u64(out, hash64(buf_span(out)));
	must(out->n == SPOOL_BLOCK_BYTES);
	out->n += n;
}

static struct spool_file *
file_last(struct spool *spool)
{
	return &spool->file[spool->nfile - 1];
}

enum err
spool_append(struct spool *spool, const struct spool_group *group, struct why *why)
{
	uint64_t most = spool->limit_bytes / SPOOL_FILES;
	struct spool_file *file;
	enum err rc = OK;

	must(group->code.n <= SPOOL_GROUP_MOST);
	if (most > SPOOL_FILE_MOST)
		most = SPOOL_FILE_MOST;
	if (file_last(spool)->bytes >= most)
		rc = spool_file_begin(spool, why);
	if (rc != OK)
		return rc;
	file = file_last(spool);
	block_pack(spool, group);
	rc = file_pwrite_all(spool->fd, buf_span(&spool->packed), file->bytes, why);
	if (rc == OK)
		rc = file_sync_data(spool->fd, why);
	if (rc == ERR_FULL && file_truncate(spool->fd, file->bytes, NULL) != OK)
		rc = ERR_IO;
	if (rc != OK)
		return rc;
	file->bytes += spool->packed.n;
	spool->state.disk_bytes += spool->packed.n;
	spool->state.written_bytes += spool->packed.n;
	spool->state.rows += group->rows;
	spool->state.raw_bytes += group->code.n;
	spool->last = spool->given;
	spool->chain = spool->given_chain;
	spool_writer_note(spool, (struct spool_writer){ group->writer, group->ticket });
	return OK;
}

/* ---- reading ---- */

enum err
spool_head_read(struct spool_head *ret_head, int fd, uint64_t offset, uint64_t end,
    struct why *why)
{
	uint8_t room[SPOOL_BLOCK_BYTES];
	struct span text = span_of(room, sizeof room);
	struct cur in = cur_of(text);
	struct spool_head h = { .packed_bytes = 0 };
	enum err rc;

	if (end - offset < sizeof room)
		return why_set(why, ERR_FORMAT, "rule 6: no room for a block's head");
	rc = file_pread_all(fd, room, sizeof room, offset, why);
	if (rc != OK)
		return rc;
	if (!span_eq(cur_span(&in, 8), SPAN(BLOCK_MAGIC)))
		return why_set(why, ERR_FORMAT, "rule 6: no block");
	h.block.from = cur_u64(&in);
	h.block.to = cur_u64(&in);
	h.writer.writer = cur_u64(&in);
	h.writer.ticket = cur_u64(&in);
	h.block.time_ns = cur_i64(&in);
	h.block.raw_bytes = cur_u32(&in);
	h.packed_bytes = cur_u32(&in);
	h.block.rows = cur_u32(&in);
	(void)cur_u32(&in);
	h.hash = cur_u64(&in);
	if (cur_u64(&in) != hash64(span_sub(text, 0, HEAD_HASHED)))
		return why_set(why, ERR_FORMAT, "rule 7: a block's head is damaged");
	if (h.packed_bytes > end - offset - sizeof room || h.block.raw_bytes > SPOOL_GROUP_MOST ||
	    h.block.to <= h.block.from)
		return why_set(why, ERR_FORMAT, "rule 8: a block goes beyond its file");
	*ret_head = h;
	return OK;
}

enum err
spool_head_find(int fd, uint64_t *io_offset, uint64_t end, struct why *why)
{
	static const struct span magic = { (const uint8_t *)BLOCK_MAGIC, 8 };
	uint8_t room[FIND_BYTES];
	struct spool_head head;
	uint64_t at = *io_offset;
	size_t n = 0;
	enum err rc = OK;

	/* Pieces overlap by a magic without its last octet. */
	for (; rc == OK && end - at >= SPOOL_BLOCK_BYTES; at += n > 7 ? n - 7 : 1) {
		rc = file_pread(fd, room, end - at < sizeof room ? (size_t)(end - at) :
		    sizeof room, at, &n, why);
		for (size_t i = 0; rc == OK && i + 8 <= n; i++)
			if (span_eq(span_of(room + i, 8), magic) &&
			    spool_head_read(&head, fd, at + i, end, why) == OK) {
				*io_offset = at + i;
				return OK;
			}
	}
	return rc == OK ? ERR_FORMAT : rc;
}

static enum err
read_open(struct spool *spool, struct why *why)
{
	uint64_t number = spool->file[spool->read.file].number;
	char name[SPOOL_NAME_BYTES];
	enum err rc;

	if (spool->read_fd >= 0 && spool->read_number == number)
		return OK;
	file_close(&spool->read_fd);
	spool_name(name, number);
	rc = file_open(&spool->read_fd, spool->dirfd, name, FILE_READ, why);
	spool->read_number = number;
	return rc;
}

/* Once for each place, however often it is read. */
static void
damage_count(struct spool *spool, uint32_t rows)
{
	uint64_t number = spool->file[spool->read.file].number;

	if (number < spool->told_number || (number == spool->told_number &&
	    spool->read.offset <= spool->told_offset))
		return;
	spool->told_number = number;
	spool->told_offset = spool->read.offset;
	spool->state.damaged++;
	spool->state.lost_rows += rows;
}

/* The head at the place of reading, in whichever file it is. */
static enum err
head_next(struct spool *spool, struct spool_head *ret_head, struct why *why)
{
	const struct spool_file *file = &spool->file[spool->read.file];
	enum err rc;

	for (;;) {
		if (spool->read.offset >= file->bytes) {
			if (spool->read.file + 1 == spool->nfile)
				return ERR_MORE;
			spool->read = (struct spool_at){ spool->read.file + 1, SPOOL_HEAD_BYTES };
			file++;
			continue;
		}
		rc = read_open(spool, why);
		if (rc == OK)
			rc = spool_head_read(ret_head, spool->read_fd, spool->read.offset,
			    file->bytes, why);
		if (rc != ERR_FORMAT)
			break;
		damage_count(spool, 0);
		spool->read.offset++;
		if (spool_head_find(spool->read_fd, &spool->read.offset, file->bytes, why) != OK)
			spool->read.offset = file->bytes;
	}
	if (rc == OK)
		ret_head->block.instance = file->instance;
	return rc;
}

enum err
spool_peek(struct spool *spool, struct spool_block *ret_block, struct why *why)
{
	struct spool_head head;
	enum err rc = head_next(spool, &head, why);

	if (rc == OK)
		*ret_block = head.block;
	return rc;
}

static enum err
block_unpack(struct spool *spool, const struct spool_head *head, struct buf *raw, struct why *why)
{
	size_t before = raw->n, n;
	enum err rc;

	spool->packed.n = 0;
	rc = file_pread_all(spool->read_fd, buf_add(&spool->packed, head->packed_bytes),
	    head->packed_bytes, spool->read.offset + SPOOL_BLOCK_BYTES, why);
	if (rc != OK)
		return rc;
	if (hash64(buf_span(&spool->packed)) != head->hash)
		return why_set(why, ERR_FORMAT, "rule 9: a block is damaged");
	n = ZSTD_decompressDCtx(spool->unpack, buf_add(raw, head->block.raw_bytes),
	    head->block.raw_bytes, spool->packed.p, spool->packed.n);
	if (n == head->block.raw_bytes)
		return OK;
	raw->n = before;
	return why_set(why, ERR_FORMAT, "rule 10: a block has another length");
}

enum err
spool_next(struct spool *spool, struct buf *raw, struct why *why)
{
	struct spool_head head;
	enum err rc = head_next(spool, &head, why);

	if (rc != OK)
		return rc;
	rc = block_unpack(spool, &head, raw, why);
	if (rc != OK && rc != ERR_FORMAT)
		return rc;
	if (rc == ERR_FORMAT)
		damage_count(spool, head.block.rows);
	spool->read.offset += SPOOL_BLOCK_BYTES + head.packed_bytes;
	spool->read_rows += head.block.rows;
	spool->read_raw += head.block.raw_bytes;
	return rc;
}

void
spool_rewind(struct spool *spool)
{
	spool->read = spool->kept;
	spool->read_rows = spool->read_raw = 0;
}

static void
file_drop(struct spool *spool)
{
	spool->state.disk_bytes -= spool->file[0].bytes;
	spool->nfile--;
	memmove(&spool->file[0], &spool->file[1], spool->nfile * sizeof spool->file[0]);
	spool->read.file--;
}

enum err
spool_done(struct spool *spool, struct why *why)
{
	enum err rc = OK;

	spool->state.rows -= spool->read_rows;
	spool->state.raw_bytes -= spool->read_raw;
	spool->read_rows = spool->read_raw = 0;
	/* One that was read to its end is left when there is a next one. */
	if (spool->read.offset >= spool->file[spool->read.file].bytes &&
	    spool->read.file + 1 < spool->nfile)
		spool->read = (struct spool_at){ spool->read.file + 1, SPOOL_HEAD_BYTES };
	while (rc == OK && spool->read.file > 0) {
		char name[SPOOL_NAME_BYTES];

		spool_name(name, spool->file[0].number);
		rc = file_unlink(spool->dirfd, name, why);
		if (rc == OK || rc == ERR_ABSENT) {
			file_drop(spool);
			rc = OK;
		}
	}
	spool->kept = spool->read;
	return rc;
}

void
spool_tell(const struct spool *spool, struct spool_state *ret_state)
{
	*ret_state = spool->state;
	ret_state->limit_bytes = spool->limit_bytes;
}
