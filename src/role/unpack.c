/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read the one file that it was started with, write to the one channel
 * may not: open anything, use the network, start a process, use more than a gigabyte
 * if it dies: what was read of the file so far is imported, the rest is an error that names it
 *
 * Decodes archives that somebody else may have made: gzip, bzip2, xz, zstd, lz4, tar, zip, and
 * these inside of each other. Names in them are only said, never opened.
 */
#include "role/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/must.h"
#include "sys/sandbox.h"
#include "role/role.h"

enum {
	DEPTH = 6,			/* archives inside of each other */
	READ_BYTES = 64 << 10,
	NAME_BYTES = 1024,
	QUEUE_BYTES = 1 << 20,
	FREE_MB = 64,			/* before the expansion is looked at */
};

#define MEMORY_BYTES	(UINT64_C(1) << 30)

/* An archive being read, from the file or from the member of the one around it. */
struct level {
	struct archive *archive;
	struct level *around;
	char name[NAME_BYTES];		/* of what it is, "" for the file itself */
	int64_t mtime_ns;
	uint8_t first[UNPACK_MAGIC];	/* octets of it that were read to find out what it is */
	size_t nfirst;
	uint8_t buf[READ_BYTES];
};

struct unpack {
	struct chan *chan;
	struct level *top;
	struct level *file;		/* the outermost */
	unsigned depth;
	uint64_t out;
	uint8_t piece[UNPACK_PIECE];
};

/* ---- to who started it ---- */

static void
tell(struct unpack *u, uint16_t type, struct span body)
{
	uint64_t at = u->file != NULL && u->file->archive != NULL ?
	    (uint64_t)archive_filter_bytes(u->file->archive, -1) : 0;
	struct why why;

	if (chan_send_wait(u->chan, &(struct chan_msg){ .type = type, .tag = at, .body = body },
	    -1, &why) != OK)
		_exit(0);
}

static void
member_tell(struct unpack *u, const char *name, int64_t mtime_ns)
{
	struct buf body = { 0 };

	buf_i64(&body, mtime_ns);
	buf_str(&body, name);
	tell(u, UNPACK_MEMBER, buf_span(&body));
	buf_done(&body);
}

static struct span
why_of(struct archive *archive)
{
	const char *text = archive_error_string(archive);

	return span_sub(span_str(text != NULL && text[0] != '\0' ? text : "it is broken"), 0, 400);
}

/* ---- levels ---- */

bool
unpack_looks_packed(struct span first)
{
	static const struct { size_t at; struct span octets; } magic[] = {
		{ 0, { (const uint8_t *)"\x1f\x8b\x08", 3 } },
		{ 0, { (const uint8_t *)"\xfd" "7zXZ", 6 } },
		{ 0, { (const uint8_t *)"\x28\xb5\x2f\xfd", 4 } },
		{ 0, { (const uint8_t *)"\x04\x22\x4d\x18", 4 } },
		{ 0, { (const uint8_t *)"PK\x03\x04", 4 } },
		{ 0, { (const uint8_t *)"PK\x05\x06", 4 } },
		{ 4, { (const uint8_t *)"1AY&SY", 6 } },	/* bzip2, behind "BZh9" */
		{ 257, { (const uint8_t *)"ustar", 5 } },
	};

	for (size_t i = 0; i < sizeof magic / sizeof magic[0]; i++)
		if (span_starts(span_sub(first, magic[i].at, SIZE_MAX), magic[i].octets))
			return true;
	return false;
}

static la_ssize_t
level_read(struct archive *archive, void *arg, const void **ret)
{
	struct level *level = arg;
	la_ssize_t n;

	*ret = level->buf;
	if (level->nfirst > 0) {
		n = (la_ssize_t)level->nfirst;
		memcpy(level->buf, level->first, level->nfirst);
		level->nfirst = 0;
		return n;
	}
	n = archive_read_data(level->around->archive, level->buf, sizeof level->buf);
	if (n < 0)
		archive_set_error(archive, EIO, "%s",
		    archive_error_string(level->around->archive));
	return n;
}

static struct archive *
archive_make(void)
{
	struct archive *a = archive_read_new();

	must(a != NULL);
	(void)archive_read_support_filter_gzip(a);
	(void)archive_read_support_filter_bzip2(a);
	(void)archive_read_support_filter_xz(a);
	(void)archive_read_support_filter_zstd(a);
	(void)archive_read_support_filter_lz4(a);
	(void)archive_read_support_format_tar(a);
	(void)archive_read_support_format_zip(a);
	(void)archive_read_support_format_raw(a);
	(void)archive_read_support_format_empty(a);
	return a;
}

static void
level_pop(struct unpack *u)
{
	struct level *level = u->top;

	u->top = level->around;
	u->depth--;
	(void)archive_read_free(level->archive);
	if (level == u->file)
		u->file = NULL;
	free(level);
}

static struct level *
level_push(struct unpack *u, const char *name, int64_t mtime_ns)
{
	struct level *level = xcalloc(1, sizeof *level);

	(void)snprintf(level->name, sizeof level->name, "%s", name);
	level->mtime_ns = mtime_ns;
	level->archive = archive_make();
	level->around = u->top;
	u->top = level;
	u->depth++;
	return level;
}

/* ---- members ---- */

static const char *
name_of(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname_utf8(entry);

	return name != NULL ? name : archive_entry_pathname(entry);
}

static bool
is_raw(const struct level *level)
{
	return archive_format(level->archive) == ARCHIVE_FORMAT_RAW;
}

/* What the archive around it says, else what was said of the archive. */
static int64_t
mtime_of(const struct level *level, struct archive_entry *entry)
{
	int64_t s = archive_entry_mtime_is_set(entry) ? archive_entry_mtime(entry) : 0;

	return s > 0 && s < INT64_C(1) << 33 ? s * 1000000000 : level->mtime_ns;
}

/* The first octets; -1: they cannot be read. */
static la_ssize_t
first_read(struct level *level, uint8_t first[UNPACK_MAGIC])
{
	size_t n = 0;

	while (n < UNPACK_MAGIC) {
		la_ssize_t got = archive_read_data(level->archive, first + n, UNPACK_MAGIC - n);

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		n += (size_t)got;
	}
	return (la_ssize_t)n;
}

/* More comes out of it than can be meant. */
static bool
is_bomb(const struct unpack *u)
{
	uint64_t in = (uint64_t)archive_filter_bytes(u->file->archive, -1);

	return u->out > ((uint64_t)FREE_MB << 20) && u->out / LIMIT_EXPANSION > in;
}

/* False: nothing more shall be read. */
static bool
octets_tell(struct unpack *u, struct span first)
{
	la_ssize_t n;

	if (first.n > 0)
		tell(u, UNPACK_DATA, first);
	u->out += first.n;
	while ((n = archive_read_data(u->top->archive, u->piece, sizeof u->piece)) > 0) {
		u->out += (uint64_t)n;
		if (is_bomb(u)) {
			tell(u, UNPACK_END, SPAN("it grows more than 200 times"));
			return false;
		}
		tell(u, UNPACK_DATA, span_of(u->piece, (size_t)n));
	}
	tell(u, UNPACK_END, n < 0 ? why_of(u->top->archive) : SPAN(""));
	return true;
}

static void
broken_tell(struct unpack *u, const char *name, struct span why)
{
	member_tell(u, name, 0);
	tell(u, UNPACK_END, why);
}

/* False: nothing more shall be read. */
static bool
member_take(struct unpack *u, struct archive_entry *entry)
{
	struct level *level = u->top;
	const char *own = is_raw(level) ? NULL : name_of(entry);
	int64_t mtime_ns = mtime_of(level, entry);
	uint8_t first[UNPACK_MAGIC];
	char name[NAME_BYTES];
	la_ssize_t n;

	if (archive_entry_filetype(entry) != AE_IFREG)
		return true;
	/* A name that is too long is cut. */
	if (snprintf(name, sizeof name, "%s%s%s", level->name,
	    own != NULL && level->name[0] != '\0' ? "/" : "", own != NULL ? own : "") < 0)
		name[0] = '\0';
	n = first_read(level, first);
	if (n < 0) {
		broken_tell(u, name, why_of(level->archive));
		return true;
	}
	if (!unpack_looks_packed(span_of(first, (size_t)n))) {
		member_tell(u, name, mtime_ns);
		return octets_tell(u, span_of(first, (size_t)n));
	}
	if (u->depth == DEPTH) {
		broken_tell(u, name, SPAN("archives lie too deep inside of each other"));
		return true;
	}
	level = level_push(u, name, mtime_ns);
	memcpy(level->first, first, (size_t)n);
	level->nfirst = (size_t)n;
	if (archive_read_open2(level->archive, level, NULL, level_read, NULL, NULL) != ARCHIVE_OK) {
		broken_tell(u, name, why_of(level->archive));
		level_pop(u);
	}
	return true;
}

/* An archive that breaks inside of another one is one broken file of that. */
static void
level_broken(struct unpack *u, struct buf *trouble)
{
	struct span why = why_of(u->top->archive);

	if (u->top == u->file) {
		buf_span_put(trouble, why);
		return;
	}
	broken_tell(u, u->top->name, why);
}

static void
all_take(struct unpack *u, struct buf *trouble)
{
	struct archive_entry *entry;

	while (u->top != NULL) {
		int rc = archive_read_next_header(u->top->archive, &entry);

		if (rc == ARCHIVE_RETRY)
			continue;
		if (rc == ARCHIVE_OK || rc == ARCHIVE_WARN) {
			if (!member_take(u, entry)) {
				buf_str(trouble, "it grows more than 200 times");
				return;
			}
			continue;
		}
		if (rc != ARCHIVE_EOF)
			level_broken(u, trouble);
		level_pop(u);
	}
}

static enum err
rights_drop(struct why *why)
{
	const struct sandbox sandbox = { .groups = SANDBOX_BASE };
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit memory = { MEMORY_BYTES, MEMORY_BYTES };

	if (setrlimit(RLIMIT_AS, &memory) != 0)
		return why_set(why, ERR_DENIED, "cannot bound its memory");
#endif
	return sandbox_enter(&sandbox, NULL, why);
}

int
unpack_main(const struct role_start *start)
{
	struct unpack *u = xcalloc(1, sizeof *u);
	struct buf trouble = { 0 };
	struct why why = { "" };

	if (start->nlisten != 1 || rights_drop(&why) != OK) {
		(void)fprintf(stderr, "trucban: unpack: %s\n", why.text);
		return 3;
	}
	u->chan = chan_new(start->parent_fd, UNPACK_LIMIT, QUEUE_BYTES);
	u->file = level_push(u, "", 0);
	if (archive_read_open_fd(u->file->archive, start->listen_fd[0], READ_BYTES) != ARCHIVE_OK)
		buf_span_put(&trouble, why_of(u->file->archive));
	else
		all_take(u, &trouble);
	tell(u, UNPACK_OVER, buf_span(&trouble));
	buf_done(&trouble);
	while (u->top != NULL)
		level_pop(u);
	chan_free(&u->chan);
	free(u);
	return 0;
}
