/* SPDX-License-Identifier: Apache-2.0 */
/* See cold.h, cold_int.h and doc/formats/segment.md section 11. */
#include "store/cold.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"
#include "store/cold_int.h"

#define COLD_STORE	"store"

enum { STORE_TEXT = 2 * COLD_STORE_ID + 1, COPY_BYTES = 1 << 20 };

/* ---- the folder ---- */

enum err
cold_path(char ret[COLD_PATH], int dirfd, struct why *why)
{
	return dir_link_read(ret, COLD_PATH, dirfd, COLD_LINK, why);
}

enum err
cold_there(int dirfd, struct why *why)
{
	struct why reason = { "" };
	char path[COLD_PATH];
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, COLD_SEGMENTS, &reason);
	file_close(&fd);
	if (rc == OK)
		return OK;
	/* Without a link: none, or a copy of a store with an ordinary folder that is broken. */
	if (cold_path(path, dirfd, why) != OK)
		return why_set(why, ERR_ABSENT, "the store has no cold folder");
	return why_set(why, ERR_IO, "the cold folder %.160s is not there: %s; mount its disk, then "
	    "reload the desk", path, rc == ERR_ABSENT ? "it has no folder 'segment'" : reason.text);
}

static void
store_text(char ret[STORE_TEXT + 1], const uint8_t store_id[COLD_STORE_ID])
{
	for (unsigned i = 0; i < COLD_STORE_ID; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", store_id[i]);
	(void)snprintf(ret + STORE_TEXT - 1, 2, "\n");
}

/* Whose folder is it? ERR_ABSENT: nobody's. */
static enum err
store_check(int dirfd, const char *name, const uint8_t store_id[COLD_STORE_ID], struct why *why)
{
	char want[STORE_TEXT + 1];
	struct buf text = { 0 };
	enum err rc;

	store_text(want, store_id);
	rc = file_read_whole(dirfd, name, STORE_TEXT, &text, why);
	if (rc == ERR_LIMIT || (rc == OK && !span_is(buf_span(&text), want)))
		rc = why_set(why, ERR_PROOF, "it is the cold folder of another store");
	buf_done(&text);
	return rc;
}

enum err
cold_look(int dirfd, const uint8_t store_id[COLD_STORE_ID], struct why *why)
{
	char path[COLD_PATH] = COLD_LINK;
	enum err rc;

	rc = cold_there(dirfd, why);
	if (rc != OK)
		return rc;
	rc = store_check(dirfd, COLD_LINK "/" COLD_STORE, store_id, why);
	if (rc == OK)
		return OK;
	(void)cold_path(path, dirfd, NULL);
	return why_prefix(why, rc == ERR_PROOF ? rc : ERR_IO, "cold folder %.160s", path);
}

static enum err
any_entry(void *arg, const struct dir_entry *entry, struct why *why)
{
	bool *found = arg;

	(void)entry;
	(void)why;
	*found = true;
	return ERR_MORE;
}

/* Another folder is in use: may it be left? Only when nothing is in it. */
static enum err
leave_check(int dirfd, const char *old, const char *path, struct why *why)
{
	bool found = false;
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, dirfd, COLD_SEGMENTS, why);
	if (rc == OK)
		rc = dir_each(fd, any_entry, &found, why);
	file_close(&fd);
	if (rc == OK && !found)
		return OK;
	return why_set(why, ERR_BUSY, "segments of the store are in %.100s: stop the desk, copy "
	    "that folder to %.100s, and start it again", old, path);
}

/* The folder says whose it is before the store says that it has one. */
static enum err
folder_make(int fd, const uint8_t store_id[COLD_STORE_ID], struct why *why)
{
	char text[STORE_TEXT + 1];
	enum err rc;

	store_text(text, store_id);
	rc = dir_make(fd, "segment", 0700, why);
	return rc == OK ? file_replace(fd, COLD_STORE, span_str(text), why) : rc;
}

static enum err
link_put(int dirfd, const char *path, struct why *why)
{
	enum err rc;

	(void)file_unlink(dirfd, COLD_LINK ".tmp", NULL);
	rc = dir_link_make(path, dirfd, COLD_LINK ".tmp", why);
	if (rc == OK)
		rc = file_rename(dirfd, COLD_LINK ".tmp", dirfd, COLD_LINK, why);
	return rc == OK ? dir_sync(dirfd, why) : rc;
}

enum err
cold_claim(int dirfd, const char *path, const uint8_t store_id[COLD_STORE_ID], struct why *why)
{
	char old[COLD_PATH] = "";
	int fd = -1;
	enum err rc;

	rc = cold_path(old, dirfd, why);
	if (rc != OK && rc != ERR_ABSENT)
		return rc;
	/* Whether it is there today is for cold_look: it was claimed. */
	if (strcmp(old, path) == 0)
		return OK;
	rc = dir_open(&fd, AT_FDCWD, path, why);
	if (rc != OK)
		return rc;
	rc = store_check(fd, COLD_STORE, store_id, why);
	/* One that is this store's already was copied here, or used before. */
	if (rc == ERR_ABSENT) {
		rc = old[0] != '\0' ? leave_check(dirfd, old, path, why) : OK;
		if (rc == OK)
			rc = folder_make(fd, store_id, why);
	}
	if (rc == OK)
		rc = link_put(dirfd, path, why);
	file_close(&fd);
	return rc;
}

/* ---- where a file is ---- */

void
cold_file_path(char ret[COLD_FILE], const struct segment_info *info, enum segment_part part,
    enum cold_place place)
{
	char day[SEGMENT_NAME], name[SEGMENT_NAME];

	segment_day(day, info->recv_min_ns);
	segment_name(name, info->id, part);
	(void)snprintf(ret, COLD_FILE, "%s/%.11s/%.22s",
	    place == PLACE_COLD ? COLD_SEGMENTS : "segment", day, name);
}

enum err
cold_file_open(int *ret_fd, int dirfd, const struct segment_info *info, enum segment_part part,
    struct why *why)
{
	struct why reason = { "" };
	char path[COLD_FILE];
	enum err rc, cold;

	cold_file_path(path, info, part, PLACE_OWN);
	rc = file_open(ret_fd, dirfd, path, FILE_READ, why);
	if (rc != ERR_ABSENT)
		return rc;
	cold_file_path(path, info, part, PLACE_COLD);
	cold = file_open(ret_fd, dirfd, path, FILE_READ, NULL);
	if (cold == OK)
		return OK;
	if (part == SEGMENT_SEALED && cold_there(dirfd, &reason) == ERR_IO)
		return why_set(why, ERR_IO, "segment %016llx: %s", (unsigned long long)info->id,
		    reason.text);
	if (cold != ERR_ABSENT)
		return why_set(why, cold, "cannot open %s", path);
	return rc;
}

enum cold_place
cold_file_find(char ret[COLD_FILE], int dirfd, const struct segment_info *info,
    enum segment_part part)
{
	int fd = -1;
	enum err rc;

	for (unsigned place = PLACE_OWN; place <= PLACE_COLD; place++) {
		cold_file_path(ret, info, part, (enum cold_place)place);
		rc = file_open(&fd, dirfd, ret, FILE_READ, NULL);
		file_close(&fd);
		if (rc == OK || (rc != ERR_ABSENT && place == PLACE_OWN))
			return (enum cold_place)place;
	}
	cold_file_path(ret, info, part, PLACE_OWN);
	return PLACE_OWN;
}

/* The folder that its sealed part is in. */
enum err
segment_folder_open(int *ret_fd, int dirfd, const struct segment_info *info, struct why *why)
{
	char path[COLD_FILE];

	(void)cold_file_find(path, dirfd, info, SEGMENT_SEALED);
	*strrchr(path, '/') = '\0';
	return dir_open(ret_fd, dirfd, path, why);
}

/* ---- moving ---- */

static enum err
octets_copy(int from, int to, struct why *why)
{
	uint8_t *part = xmalloc(COPY_BYTES);
	uint64_t at = 0;
	size_t n = 1;
	enum err rc = OK;

	while (rc == OK && n > 0) {
		rc = file_pread(from, part, COPY_BYTES, at, &n, why);
		if (rc == OK && n > 0)
			rc = file_write_all(to, span_of(part, n), why);
		at += n;
	}
	if (rc == OK)
		rc = file_sync(to, why);
	free(part);
	return rc;
}

/* ERR_ABSENT: there is none to copy. Else it is in the other folder only when it is whole. */
static enum err
file_copy(int from_dirfd, int to_dirfd, const char *name, struct why *why)
{
	char tmp[SEGMENT_NAME + 4];
	int from = -1, to = -1;
	enum err rc;

	rc = file_open(&from, from_dirfd, name, FILE_READ, why);
	if (rc != OK)
		return rc;
	(void)snprintf(tmp, sizeof tmp, "%s.tmp", name);
	(void)file_unlink(to_dirfd, tmp, NULL);
	rc = file_open(&to, to_dirfd, tmp, FILE_WRITE_NEW, why);
	if (rc == ERR_ABSENT)
		rc = ERR_IO;		/* the folder went away: there is a file to copy */
	if (rc == OK) {
		rc = octets_copy(from, to, why);
		file_close(&to);
		if (rc == OK)
			rc = file_rename(to_dirfd, tmp, to_dirfd, name, why);
		if (rc != OK)
			(void)file_unlink(to_dirfd, tmp, NULL);
	}
	file_close(&from);
	return rc;
}

/* The day's folder below the cold one, as one that will be there after a power cut. */
static enum err
cold_day_open(int *ret_fd, int dirfd, const char *day, struct why *why)
{
	int parent = -1;
	enum err rc;

	rc = dir_open(&parent, dirfd, COLD_SEGMENTS, why);
	if (rc == OK)
		rc = dir_make(parent, day, 0700, why);
	if (rc == OK)
		rc = dir_sync(parent, why);
	if (rc == OK)
		rc = dir_open(ret_fd, parent, day, why);
	file_close(&parent);
	return rc;
}

/* The derived part goes first: the sealed part says which place the segment is in. */
static enum err
files_move(int own_fd, int cold_fd, uint64_t id, struct why *why)
{
	char sealed[SEGMENT_NAME], derived[SEGMENT_NAME];
	enum err rc;

	segment_name(sealed, id, SEGMENT_SEALED);
	segment_name(derived, id, SEGMENT_DERIVED);
	rc = file_copy(own_fd, cold_fd, derived, why);
	if (rc == OK || rc == ERR_ABSENT)
		rc = file_copy(own_fd, cold_fd, sealed, why);
	if (rc == OK)
		rc = dir_sync(cold_fd, why);
	if (rc == OK)
		rc = file_unlink(own_fd, derived, why);
	if (rc == OK || rc == ERR_ABSENT)
		rc = file_unlink(own_fd, sealed, why);
	return rc;
}

enum err
cold_move(int dirfd, const struct segment_info *info, struct why *why)
{
	char day[SEGMENT_NAME], own[COLD_FILE];
	int own_fd = -1, cold_fd = -1;
	enum err rc;

	if (cold_file_find(own, dirfd, info, SEGMENT_SEALED) == PLACE_COLD)
		return OK;
	segment_day(day, info->recv_min_ns);
	(void)snprintf(own, sizeof own, "segment/%s", day);
	rc = dir_open(&own_fd, dirfd, own, why);
	if (rc == OK)
		rc = cold_day_open(&cold_fd, dirfd, day, why);
	if (rc == OK)
		rc = files_move(own_fd, cold_fd, info->id, why);
	file_close(&own_fd);
	file_close(&cold_fd);
	if (rc == OK)
		(void)dir_remove(dirfd, own, NULL);	/* not while it holds others */
	return rc;
}

void
cold_remove(int dirfd, const struct segment_info *info)
{
	char path[COLD_FILE], tmp[COLD_FILE + 4];

	for (unsigned part = SEGMENT_SEALED; part <= SEGMENT_DERIVED; part++) {
		cold_file_path(path, info, (enum segment_part)part, PLACE_COLD);
		(void)snprintf(tmp, sizeof tmp, "%s.tmp", path);
		(void)file_unlink(dirfd, path, NULL);
		(void)file_unlink(dirfd, tmp, NULL);	/* of a crash while it moved */
	}
	*strrchr(path, '/') = '\0';
	(void)dir_remove(dirfd, path, NULL);	/* not while it holds others */
}
