/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's files, read one after the other: journal.md sections 2 and 3. struct journal_file
 * walks one file and says what is valid; struct journal_reader, on top, follows the writer from
 * file to file. Never writes. What is not yet written and what is damaged look alike at first;
 * the difference shows when the next file has begun.
 */
#include "store/journal_int.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/must.h"
#include "sys/file.h"

enum { WINDOW_BYTES = 64 << 10, SEEK_BYTES = 1 << 20 };

/* ---- which files there are ---- */

struct listing {
	uint64_t *number;
	size_t n, cap;
};

static enum err
listing_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct listing *listing = arg;
	uint64_t number = journal_name_number(entry->name);

	(void)why;
	if (number == 0 || entry->kind != DIR_FILE)
		return OK;
	if (listing->n == listing->cap) {
		listing->cap = listing->cap > 0 ? listing->cap * 2 : 64;
		listing->number = xreallocarray(listing->number, listing->cap,
		    sizeof listing->number[0]);
	}
	listing->number[listing->n++] = number;
	return OK;
}

static int
number_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

enum err
journal_list(int dirfd, uint64_t **ret_list, size_t *ret_n, struct why *why)
{
	struct listing listing = { 0 };
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, "journal", why);
	if (rc == OK)
		rc = dir_each(fd, listing_each, &listing, why);
	file_close(&fd);
	if (rc == ERR_ABSENT)
		rc = OK;
	if (rc != OK) {
		free(listing.number);
		return rc;
	}
	if (listing.n > 0)
		qsort(listing.number, listing.n, sizeof listing.number[0], number_cmp);
	*ret_list = listing.number;
	*ret_n = listing.n;
	return OK;
}

/* ---- one file ---- */

/*
 * Octets of the file from `at` on, at least n of them if the file has as many. The span is valid
 * until the next call.
 */
static enum err
window_get(struct journal_file *file, uint64_t at, size_t n, struct span *ret, struct why *why)
{
	struct buf *w = &file->window;
	enum err rc = OK;

	if (at < file->window_at || at + n > file->window_at + w->n) {
		size_t want = n > WINDOW_BYTES ? n : WINDOW_BYTES, got = 0;

		w->n = 0;
		buf_reserve(w, want);
		rc = file_pread(file->fd, w->p, want, at, &got, why);
		w->n = rc == OK ? got : 0;
		file->window_at = at;
	}
	if (rc == OK)
		*ret = span_sub(buf_span(w), (size_t)(at - file->window_at), SIZE_MAX);
	return rc;
}

static void
window_drop(struct journal_file *file)
{
	file->window.n = 0;
}

/* The frame at `at`: *ret_n = 0 when no valid one lies there. */
static enum err
frame_at(struct journal_file *file, uint64_t at, struct frame_head *ret_head,
    struct span *ret_bytes, size_t *ret_n, struct why *why)
{
	struct span bytes;
	size_t want;
	enum err rc;

	*ret_n = 0;
	rc = window_get(file, at, FRAME_HEAD_BYTES, &bytes, why);
	if (rc != OK)
		return rc;
	want = frame_wants(bytes);
	if (want > bytes.n)
		rc = window_get(file, at, want, &bytes, why);
	if (rc == OK && want > 0) {
		*ret_n = frame_get(ret_head, bytes);
		*ret_bytes = bytes;
	}
	return rc;
}

static void
tables_done(struct journal_tables *t)
{
	for (uint32_t i = 0; i < t->nshape; i++)
		shape_free(&t->shape[i]);
	for (uint32_t i = 0; i < t->nsource; i++)
		source_free(&t->source[i]);
	free(t->shape);
	free(t->source);
	*t = (struct journal_tables){ 0 };
}

enum err
journal_file_open(struct journal_file *file, int dirfd, uint64_t number, const uint8_t *store_key,
    struct why *why)
{
	char name[JOURNAL_NAME_BYTES];
	struct span bytes;
	enum err rc;

	*file = (struct journal_file){ .fd = -1, .at = JOURNAL_HEAD_BYTES };
	journal_name(name, number);
	rc = file_open(&file->fd, dirfd, name, FILE_READ, why);
	if (rc == OK)
		rc = window_get(file, 0, JOURNAL_HEAD_BYTES, &bytes, why);
	if (rc == OK)
		rc = journal_head_get(&file->head, bytes, store_key, why);
	if (rc == OK && file->head.number != number)
		rc = why_set(why, ERR_FORMAT, "it says that it is file %llu",
		    (unsigned long long)file->head.number);
	if (rc == OK && file->head.encrypted)
		file->crypt = crypt_new(file->head.data_key);
	explicit_bzero(file->head.data_key, sizeof file->head.data_key);
	window_drop(file);
	return rc == OK ? OK : why_prefix(why, rc, "%s", name);
}

void
journal_file_close(struct journal_file *file)
{
	file_close(&file->fd);
	crypt_free(&file->crypt);
	tables_done(&file->tables);
	buf_done(&file->window);
	buf_done(&file->plain);
	buf_done(&file->clear);
	free(file->batch_shape);
	free(file->batch_source);
	free(file->check);
	*file = (struct journal_file){ .fd = -1 };
}

enum err
journal_file_next(struct journal_file *file, struct journal_frame *ret_frame, struct why *why)
{
	struct frame_head head;
	struct span bytes;
	uint64_t offset = file->at;
	size_t n;
	enum err rc;

	rc = frame_at(file, file->at, &head, &bytes, &n, why);
	if (rc != OK)
		return rc;
	if (n == 0 || head.number != file->number) {
		window_drop(file);	/* it may be written before we look again */
		return ERR_MORE;
	}
	file->at += n;
	file->number++;
	file->seen = head;
	rc = journal_decode(file, &head, bytes, ret_frame, why);
	if (rc != OK)
		return why_prefix(why, ERR_FORMAT, "frame %u of journal file %llu", head.number,
		    (unsigned long long)file->head.number);
	ret_frame->offset = offset;
	return OK;
}

enum err
journal_file_seek(struct journal_file *file, uint64_t *ret_offset, struct frame_head *ret_head,
    struct why *why)
{
	struct span bytes, ahead;
	size_t n = 0;
	enum err rc;

	for (uint64_t at = file->at;; at += SEEK_BYTES) {
		window_drop(file);
		rc = window_get(file, at, SEEK_BYTES + FRAME_HEAD_BYTES, &ahead, why);
		if (rc != OK)
			return rc;
		for (size_t i = 0; i < SEEK_BYTES && i + FRAME_HEAD_BYTES <= ahead.n; i += 8) {
			if (memcmp(ahead.p + i, "TBJF", 4) != 0)
				continue;
			rc = frame_at(file, at + i, ret_head, &bytes, &n, why);
			if (rc == OK && n > 0)
				*ret_offset = at + i;
			if (rc != OK || n > 0)
				return rc;
			/* A long candidate moved the window: back to where we were. */
			rc = window_get(file, at, SEEK_BYTES + FRAME_HEAD_BYTES, &ahead, why);
			if (rc != OK)
				return rc;
		}
		if (ahead.n < SEEK_BYTES + FRAME_HEAD_BYTES)
			return ERR_ABSENT;
	}
}

void
journal_file_skip(struct journal_file *file, uint64_t offset, uint32_t number)
{
	must(offset >= JOURNAL_HEAD_BYTES);
	file->at = offset;
	file->number = number;
}

/* ---- following the writer ---- */

struct journal_reader {
	int dirfd;			/* borrowed */
	bool has_key;
	uint8_t key[CRYPT_KEY_BYTES];
	uint64_t number;		/* of the file at hand, or that we wait for; 0: any */
	bool open;
	struct journal_file file;
	uint64_t next_seq[STREAM_END];	/* a lower one was seen in an abandoned file */
	uint64_t next_leaf;
	uint64_t lost;
};

enum err
journal_reader_open(struct journal_reader **ret_reader, int dirfd, const uint8_t *key,
    uint64_t from_file, struct why *why)
{
	struct journal_reader *reader = xcalloc(1, sizeof *reader);

	(void)why;
	reader->dirfd = dirfd;
	reader->has_key = key != NULL;
	if (key != NULL)
		memcpy(reader->key, key, sizeof reader->key);
	reader->number = from_file;
	reader->file.fd = -1;
	*ret_reader = reader;
	return OK;
}

void
journal_reader_close(struct journal_reader **reader)
{
	if (*reader == NULL)
		return;
	journal_file_close(&(*reader)->file);
	explicit_bzero((*reader)->key, sizeof (*reader)->key);
	free(*reader);
	*reader = NULL;
}

uint64_t
journal_reader_file(const struct journal_reader *reader)
{
	return reader->number;
}

uint64_t
journal_reader_lost(const struct journal_reader *reader)
{
	return reader->lost;
}

static bool
file_is_there(int dirfd, uint64_t number)
{
	char name[JOURNAL_NAME_BYTES];
	struct stat st;

	journal_name(name, number);
	return fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The lowest number >= from that there is; ERR_MORE when none. */
static enum err
file_from(int dirfd, uint64_t from, uint64_t *ret_number, struct why *why)
{
	uint64_t *list = NULL;
	size_t n = 0, i = 0;
	enum err rc;

	if (from > 0 && file_is_there(dirfd, from)) {
		*ret_number = from;
		return OK;
	}
	rc = journal_list(dirfd, &list, &n, why);
	if (rc != OK)
		return rc;
	while (i < n && list[i] < from)
		i++;
	if (i < n)
		*ret_number = list[i];
	free(list);
	return i < n ? OK : ERR_MORE;
}

/* Opens the file at reader->number or the next one there is. */
static enum err
reader_begin(struct journal_reader *reader, struct why *why)
{
	uint64_t number = 0;
	enum err rc;

	rc = file_from(reader->dirfd, reader->number, &number, why);
	if (rc != OK)
		return rc;
	rc = journal_file_open(&reader->file, reader->dirfd, number,
	    reader->has_key ? reader->key : NULL, why);
	if (rc == OK) {
		reader->number = number;
		reader->open = true;
		return OK;
	}
	journal_file_close(&reader->file);
	if (rc != ERR_FORMAT && rc != ERR_ABSENT)
		return rc;
	/* Its head is being written, it was removed just now, or given up for the next. */
	rc = file_from(reader->dirfd, number + 1, &number, why);
	if (rc == OK)
		reader->number = number;
	return rc;
}

/* Nothing more in this file? True when a later one has begun, or this one was removed. */
static bool
reader_file_over(const struct journal_reader *reader)
{
	struct journal_file next;
	struct stat st;
	bool begun;

	if (fstat(reader->file.fd, &st) == 0 && st.st_nlink == 0)
		return true;
	if (!file_is_there(reader->dirfd, reader->number + 1))
		return false;
	begun = journal_file_open(&next, reader->dirfd, reader->number + 1,
	    reader->has_key ? reader->key : NULL, NULL) == OK;
	journal_file_close(&next);
	return begun;
}

/* Rows and leaves that stand in an abandoned file and again in the next come once. */
static bool
reader_seen(struct journal_reader *reader, const struct journal_frame *frame)
{
	if (frame->type == JOURNAL_ROWS) {
		if (frame->id < reader->next_seq[frame->stream])
			return true;
		reader->next_seq[frame->stream] = frame->id + frame->head.nrow;
	} else if (frame->type == JOURNAL_LEAF) {
		if (frame->id < reader->next_leaf)
			return true;
		reader->next_leaf = frame->id + 1;
	}
	return false;
}

/* At the end of what is valid: steps over damage, or to the next file; ERR_MORE: wait. */
static enum err
reader_step(struct journal_reader *reader, struct why *why)
{
	struct journal_file *file = &reader->file;
	uint64_t at = file->at, offset;
	struct frame_head head;
	struct stat st;
	enum err rc;

	if (!reader_file_over(reader))
		return ERR_MORE;
	/* The last frames were written before the next file began: look once more. */
	rc = journal_file_seek(file, &offset, &head, why);
	if (rc == OK) {
		if (offset != at || head.number != file->number)
			reader->lost++;
		journal_file_skip(file, offset, head.number);
		return OK;
	}
	if (rc != ERR_ABSENT)
		return rc;
	/* The number of a file that was removed may have been used again. */
	if (fstat(file->fd, &st) != 0 || st.st_nlink > 0)
		reader->number++;
	journal_file_close(file);
	reader->open = false;
	return OK;
}

enum err
journal_reader_next(struct journal_reader *reader, struct journal_frame *ret_frame,
    struct why *why)
{
	enum err rc;

	for (;;) {
		rc = reader->open ? OK : reader_begin(reader, why);
		if (rc != OK)
			return rc;
		if (!reader->open)
			continue;
		rc = journal_file_next(&reader->file, ret_frame, why);
		if (rc == OK && !reader_seen(reader, ret_frame))
			return OK;
		if (rc == ERR_FORMAT)
			reader->lost++;
		if (rc == ERR_MORE)
			rc = reader_step(reader, why);
		if (rc != OK && rc != ERR_FORMAT)
			return rc;
	}
}
