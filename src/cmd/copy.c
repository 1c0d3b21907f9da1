/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files from one directory to another, with their sums: see copy.h. The journal's files are as long
 * as they may become, 64 MB; what is not used yet takes no room in the copy either.
 */
#include "cmd/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"
#include "model/digest.h"

enum { COPY_DEPTH = 8, COPY_PATH = 1024, LIST_MAX = 256 << 20, COPY_END = 192 };

static void
hex_put(struct buf *out, const struct digest *d)
{
	for (size_t i = 0; i < sizeof d->b; i++)
		buf_printf(out, "%02x", d->b[i]);
}

/* Is the file there already? So say its size, head and tail: segment.md section 1. */
static bool
same_ends(const struct copy *copy, const char *path, struct span map)
{
	uint8_t end[COPY_END];
	uint64_t size = 0;
	int fd = -1;
	bool same;

	same = map.n >= COPY_END && file_open(&fd, copy->to, path, FILE_READ, NULL) == OK &&
	    file_size(fd, &size, NULL) == OK && size == map.n &&
	    file_pread_all(fd, end, sizeof end, 0, NULL) == OK &&
	    memcmp(end, map.p, sizeof end) == 0 &&
	    file_pread_all(fd, end, sizeof end, size - COPY_END, NULL) == OK &&
	    memcmp(end, map.p + map.n - COPY_END, sizeof end) == 0;
	file_close(&fd);
	return same;
}

enum err
copy_file(struct copy *copy, const char *path, enum copy_again again, struct why *why)
{
	struct span map = { NULL, 0 };
	struct digest digest;
	uint64_t size = 0, written = 0;
	bool same = false;
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, copy->from, path, FILE_READ, why);
	if (rc == OK)
		rc = file_size(fd, &size, why);
	if (rc == OK)
		rc = file_map(&map, fd, (size_t)size, why);
	if (rc == OK && again == COPY_UNLESS_SAME_ENDS)
		same = same_ends(copy, path, map);
	if (rc == OK && !same)
		rc = file_replace_holes(copy->to, path, map, &written, why);
	if (rc == OK) {
		blake256(&digest, map);
		hex_put(&copy->list, &digest);
		buf_printf(&copy->list, "  %s\n", path);
		copy->files++;
		copy->skipped += same;
		copy->bytes += same ? size : written;
		if (copy->progress != NULL)
			copy->progress(copy);
	}
	file_unmap(&map);
	file_close(&fd);
	return rc;
}

/* Names of one level: the walk below needs no recursion into open directories. */
struct level {
	const char *path;
	struct buf files;		/* NUL-separated paths */
	struct buf dirs;
};

static enum err
level_take(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct level *l = arg;
	struct buf *to = entry->kind == DIR_FILE ? &l->files : &l->dirs;
	size_t n = strlen(entry->name);

	if (entry->kind == DIR_OTHER || (n > 4 && strcmp(entry->name + n - 4, ".tmp") == 0))
		return OK;
	if (strlen(l->path) + n + 2 > COPY_PATH)
		return why_set(why, ERR_LIMIT, "%s/%s: the path is too long", l->path, entry->name);
	buf_printf(to, "%s/%s", l->path, entry->name);
	buf_u8(to, 0);
	return OK;
}

static enum err
level_copy(struct copy *copy, const char *path, enum copy_again again, struct buf *below,
    struct why *why)
{
	struct level level = { .path = path };
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, copy->from, path, why);
	if (rc == ERR_ABSENT)
		return OK;
	if (rc == OK)
		rc = dir_make(copy->to, path, 0700, why);
	if (rc == OK)
		rc = dir_each(fd, level_take, &level, why);
	for (size_t at = 0; rc == OK && at < level.files.n;
	    at += strlen((char *)level.files.p + at) + 1) {
		rc = copy_file(copy, (char *)level.files.p + at, again, why);
		if (rc == ERR_ABSENT)	/* removed since it was listed: expired or superseded */
			rc = OK;
	}
	buf_span_put(below, buf_span(&level.dirs));
	file_close(&fd);
	buf_done(&level.files);
	buf_done(&level.dirs);
	return rc;
}

enum err
copy_tree(struct copy *copy, const char *path, enum copy_again again, struct why *why)
{
	struct buf now = { 0 }, below = { 0 };
	enum err rc = OK;

	buf_put(&now, path, strlen(path) + 1);
	for (int depth = 0; rc == OK && now.n > 0 && depth < COPY_DEPTH; depth++) {
		struct buf swap = now;

		for (size_t at = 0; rc == OK && at < now.n; at += strlen((char *)now.p + at) + 1)
			rc = level_copy(copy, (char *)now.p + at, again, &below, why);
		now = below;
		below = swap;
		below.n = 0;
	}
	buf_done(&now);
	buf_done(&below);
	return rc;
}

static enum err
line_check(int dirfd, struct span line, struct buf *path, struct buf *hex, struct why *why)
{
	struct span map = { NULL, 0 };
	struct digest digest;
	uint64_t size = 0;
	int fd = -1;
	enum err rc;

	if (line.n < 67)
		return why_set(why, ERR_FORMAT, "a line of " COPY_LIST " is broken");
	path->n = 0;
	buf_span_put(path, span_sub(line, 66, line.n));
	buf_u8(path, 0);
	rc = file_open(&fd, dirfd, (char *)path->p, FILE_READ, why);
	if (rc == OK)
		rc = file_size(fd, &size, why);
	if (rc == OK)
		rc = file_map(&map, fd, (size_t)size, why);
	if (rc == OK) {
		blake256(&digest, map);
		hex->n = 0;
		hex_put(hex, &digest);
		if (!span_eq(buf_span(hex), span_sub(line, 0, 64)))
			rc = why_set(why, ERR_PROOF, "%s is not the file that was backed up",
			    (char *)path->p);
	}
	file_unmap(&map);
	file_close(&fd);
	return rc;
}

enum err
copy_check(int dirfd, struct buf *ret_path, struct why *why)
{
	struct buf list = { 0 }, hex = { 0 };
	struct span rest;
	enum err rc;

	rc = file_read_whole(dirfd, COPY_LIST, LIST_MAX, &list, why);
	rest = buf_span(&list);
	while (rc == OK && rest.n > 0) {
		struct span line = span_cut(&rest, '\n');

		rc = line_check(dirfd, line, ret_path, &hex, why);
	}
	buf_done(&list);
	buf_done(&hex);
	return rc;
}
