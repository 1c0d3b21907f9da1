/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start of a spool: which files there are, where their last whole block ends, who wrote last.
 * relay.md section 2, "Start". Heads are read from all files, octets of blocks of the last one
 * only: before a file is followed by another one it is synced.
 */
#include "agent/spool_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/must.h"
#include "sys/file.h"

#define FILE_MAGIC	"TBSPOOL1"

enum { NAME_DIGITS = SPOOL_NAME_BYTES - 1, FILES_MAX = 65536 };

void
spool_name(char name[SPOOL_NAME_BYTES], uint64_t number)
{
	(void)snprintf(name, SPOOL_NAME_BYTES, "%016" PRIx64, number);
}

static bool
name_read(const char *name, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < NAME_DIGITS; i++) {
		char c = name[i];

		if ((c < '0' || c > '9') && (c < 'a' || c > 'f'))
			return false;
		v = v * 16 + (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	*ret = v;
	return name[NAME_DIGITS] == '\0';
}

/* ---- a file's head ---- */

static void
file_head_put(struct buf *out, const struct spool *spool)
{
	buf_put(out, FILE_MAGIC, 8);
	buf_u64(out, spool->instance);
	buf_u64(out, spool->nwriter);
	for (unsigned i = 0; i < SPOOL_WRITERS; i++) {
		buf_u64(out, i < spool->nwriter ? spool->writer[i].writer : 0);
		buf_u64(out, i < spool->nwriter ? spool->writer[i].ticket : 0);
	}
	buf_u64(out, hash64(buf_span(out)));
	must(out->n == SPOOL_HEAD_BYTES);
}

enum err
spool_file_begin(struct spool *spool, struct why *why)
{
	uint64_t number = spool->nfile > 0 ? spool->file[spool->nfile - 1].number + 1 : 1;
	char name[SPOOL_NAME_BYTES];
	struct buf head = { 0 };
	int fd = -1;
	enum err rc;

	spool_name(name, number);
	file_head_put(&head, spool);
	rc = file_open(&fd, spool->dirfd, name, FILE_READ_WRITE_NEW, why);
	if (rc == OK)
		rc = file_pwrite_all(fd, buf_span(&head), 0, why);
	if (rc == OK)
		rc = file_sync(fd, why);
	if (rc == OK)
		rc = dir_sync(spool->dirfd, why);
	buf_done(&head);
	if (rc != OK) {
		if (fd >= 0)
			(void)file_unlink(spool->dirfd, name, NULL);
		file_close(&fd);
		return rc;
	}
	file_close(&spool->fd);
	spool->fd = fd;
	spool->file = xreallocarray(spool->file, spool->nfile + 1, sizeof spool->file[0]);
	spool->file[spool->nfile++] = (struct spool_file){ .number = number,
	    .instance = spool->instance, .bytes = SPOOL_HEAD_BYTES };
	spool->state.disk_bytes += SPOOL_HEAD_BYTES;
	return OK;
}

static enum err
file_head_read(struct spool *spool, struct spool_file *file, int fd, struct why *why)
{
	uint8_t room[SPOOL_HEAD_BYTES];
	struct span text = span_of(room, sizeof room);
	struct cur in = cur_of(text);
	struct cur tail = cur_of(span_sub(text, sizeof room - 8, 8));
	uint64_t n;
	enum err rc = file_pread_all(fd, room, sizeof room, 0, why);

	if (rc != OK)
		return rc;
	if (!span_eq(cur_span(&in, 8), SPAN(FILE_MAGIC)))
		return why_set(why, ERR_FORMAT, "rule 5: no file of a spool");
	file->instance = cur_u64(&in);
	n = cur_u64(&in);
	if (n > SPOOL_WRITERS || hash64(span_sub(text, 0, sizeof room - 8)) != cur_u64(&tail))
		return why_set(why, ERR_FORMAT, "rule 5: a file's head is damaged");
	for (uint64_t i = 0; i < n; i++) {
		struct spool_writer w = { .writer = cur_u64(&in) };

		w.ticket = cur_u64(&in);
		spool_writer_note(spool, w);
	}
	return OK;
}

/* ---- what is there ---- */

struct listing {
	uint64_t *number;
	uint32_t n;
};

static enum err
on_entry(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct listing *list = arg;
	uint64_t number;

	if (entry->kind != DIR_FILE || !name_read(entry->name, &number))
		return OK;
	if (list->n == FILES_MAX)
		return why_set(why, ERR_LIMIT, "more than %d files in the spool", FILES_MAX);
	list->number = xreallocarray(list->number, list->n + 1, sizeof number);
	list->number[list->n++] = number;
	return OK;
}

static int
by_number(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* The octets of a block of the last file: it may have been torn. */
static bool
block_is_whole(struct spool *spool, const struct spool_head *head, int fd, uint64_t offset)
{
	spool->packed.n = 0;
	return file_pread_all(fd, buf_add(&spool->packed, head->packed_bytes), head->packed_bytes,
	    offset + SPOOL_BLOCK_BYTES, NULL) == OK &&
	    hash64(buf_span(&spool->packed)) == head->hash;
}

/*
 * No whole block begins at *io_offset of a file. When there is one behind it, something broke what
 * was synced: who reads goes over it and counts. ERR_MORE: there is none, this is the end.
 */
static enum err
damage_pass(int fd, uint64_t *io_offset, uint64_t size)
{
	uint64_t next = *io_offset + 1;

	if (spool_head_find(fd, &next, size, NULL) != OK)
		return ERR_MORE;
	*io_offset = next;
	return OK;
}

static enum err
file_walk(struct spool *spool, struct spool_file *file, int fd, bool last, struct why *why)
{
	uint64_t size, offset = SPOOL_HEAD_BYTES;
	struct spool_head head;
	enum err rc = file_size(fd, &size, why);

	while (rc == OK && offset < size) {
		rc = spool_head_read(&head, fd, offset, size, why);
		/* Torn: only when it is the very last. A damaged one is counted when it is read. */
		if (rc == OK && last && offset + SPOOL_BLOCK_BYTES + head.packed_bytes == size &&
		    !block_is_whole(spool, &head, fd, offset))
			break;
		if (rc == ERR_FORMAT) {
			rc = damage_pass(fd, &offset, size);
			continue;
		}
		if (rc != OK)
			break;
		spool_writer_note(spool, head.writer);
		spool->state.rows += head.block.rows;
		spool->state.raw_bytes += head.block.raw_bytes;
		offset += SPOOL_BLOCK_BYTES + head.packed_bytes;
	}
	if (rc != OK && rc != ERR_MORE)
		return rc;
	file->bytes = offset;
	if (offset == size)
		return OK;
	/* An older file was synced before the next one was begun: this is no power cut. */
	spool->state.damaged += !last;
	return last ? file_truncate(fd, offset, why) : OK;
}

static enum err
file_take(struct spool *spool, uint64_t number, bool last, struct why *why)
{
	struct spool_file file = { .number = number };
	char name[SPOOL_NAME_BYTES];
	int fd = -1;
	enum err rc;

	spool_name(name, number);
	rc = file_open(&fd, spool->dirfd, name, FILE_READ_WRITE, why);
	if (rc != OK)
		return why_prefix(why, rc, "spool/%s", name);
	rc = file_head_read(spool, &file, fd, why);
	if (rc == OK)
		rc = file_walk(spool, &file, fd, last, why);
	file_close(&fd);
	if (rc == OK && file.bytes > SPOOL_HEAD_BYTES) {
		spool->file[spool->nfile++] = file;
		spool->state.disk_bytes += file.bytes;
		return OK;
	}
	/* Without a block, or torn in its very head: nothing was acknowledged that stands in it. */
	if (rc == OK || (rc == ERR_FORMAT && last))
		return file_unlink(spool->dirfd, name, why);
	if (rc == ERR_FORMAT) {
		spool->state.damaged++;
		file.bytes = 0;
		spool->file[spool->nfile++] = file;
		return OK;
	}
	return why_prefix(why, rc, "spool/%s", name);
}

enum err
spool_files_find(struct spool *spool, struct why *why)
{
	struct listing list = { 0 };
	enum err rc = dir_each(spool->dirfd, on_entry, &list, why);

	if (list.n > 0)
		qsort(list.number, list.n, sizeof list.number[0], by_number);
	spool->file = xcalloc((size_t)list.n + 1, sizeof spool->file[0]);
	for (uint32_t i = 0; rc == OK && i < list.n; i++)
		rc = file_take(spool, list.number[i], i + 1 == list.n, why);
	/* The next one's number is above all, also above one that was removed. */
	if (rc == OK && list.n > 0 && (spool->nfile == 0 ||
	    spool->file[spool->nfile - 1].number < list.number[list.n - 1]))
		spool->file[spool->nfile++] = (struct spool_file){
		    .number = list.number[list.n - 1], .bytes = 0 };
	free(list.number);
	return rc;
}

enum err
spool_open(struct spool **ret_spool, int dirfd, uint64_t limit_bytes, uint64_t instance,
    struct why *why)
{
	struct spool *spool = xcalloc(1, sizeof *spool);
	enum err rc;

	must(*ret_spool == NULL);
	*spool = (struct spool){ .dirfd = dirfd, .fd = -1, .read_fd = -1, .instance = instance,
	    .limit_bytes = limit_bytes < SPOOL_LEAST_BYTES ? SPOOL_LEAST_BYTES : limit_bytes };
	spool->pack = ZSTD_createCCtx();
	spool->unpack = ZSTD_createDCtx();
	must(spool->pack != NULL && spool->unpack != NULL);
	rc = spool_files_find(spool, why);
	if (rc == OK)
		rc = spool_file_begin(spool, why);
	if (rc != OK) {
		spool_free(&spool);
		return rc;
	}
	spool->kept = spool->read = (struct spool_at){ 0, SPOOL_HEAD_BYTES };
	*ret_spool = spool;
	return OK;
}

void
spool_free(struct spool **ret)
{
	struct spool *spool = *ret;

	if (spool == NULL)
		return;
	file_close(&spool->fd);
	file_close(&spool->read_fd);
	ZSTD_freeCCtx(spool->pack);
	ZSTD_freeDCtx(spool->unpack);
	buf_done(&spool->packed);
	free(spool->file);
	free(spool);
	*ret = NULL;
}
