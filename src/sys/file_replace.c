/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A whole file in the place of another: written beside it, synced, renamed, the folder synced.
 * After a crash there is the old one or the new one, and at most a `.tmp` that the next one
 * removes.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/dir.h"
#include "sys/fault.h"
#include "sys/file.h"

enum {
	TMP_NAME_BYTES = 256,
	HOLE_BYTES = 64 << 10,		/* blocks of file systems divide it */
};

static bool
file_is_zero(struct span s)
{
	return s.n == 0 || (s.p[0] == 0 && memcmp(s.p, s.p + 1, s.n - 1) == 0);
}

/* Blocks without an octet but 0 are left out; the size is that of data. */
static enum err
file_write_holes(int fd, struct span data, uint64_t *ret_written, struct why *why)
{
	uint64_t written = 0;
	enum err rc;

	rc = file_truncate(fd, data.n, why);
	for (size_t at = 0; rc == OK && at < data.n; at += HOLE_BYTES) {
		struct span block = span_sub(data, at, HOLE_BYTES);

		if (file_is_zero(block))
			continue;
		rc = file_pwrite_all(fd, block, at, why);
		written += block.n;
	}
	*ret_written = written;
	return rc;
}

static enum err
file_rights(int fd, const struct stat *like, struct why *why)
{
	int fault = fault_hit("file_rights");
	int error = fault == FAULT_TORN ? EIO : fault == FAULT_SHORT ? 0 : fault;

	/* Who may not give it away wrote it for itself. */
	if (error == 0 && fchown(fd, like->st_uid, like->st_gid) != 0) {
		if (errno == EPERM)
			return OK;
		error = errno;
	}
	if (error == 0 && fchmod(fd, like->st_mode & 0777) != 0)
		error = errno;
	return error == 0 ? OK : why_errno(why, file_err(error), error, "cannot set who may read "
	    "it");
}

/*
 * Makes tmp and puts all of data into it, on disk. like: with its rights; NULL: mode 0600.
 * ret_written: with holes; NULL: without.
 */
static enum err
file_write_tmp(int dirfd, const char *tmp, struct span data, const struct stat *like,
    uint64_t *ret_written, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, dirfd, tmp, FILE_WRITE_NEW, why);
	if (rc == ERR_BUSY) {
		rc = file_unlink(dirfd, tmp, why);
		if (rc == OK)
			rc = file_open(&fd, dirfd, tmp, FILE_WRITE_NEW, why);
	}
	if (rc == OK)
		rc = ret_written == NULL ? file_write_all(fd, data, why) :
		    file_write_holes(fd, data, ret_written, why);
	if (rc == OK && like != NULL)
		rc = file_rights(fd, like, why);
	if (rc == OK)
		rc = file_sync(fd, why);
	file_close(&fd);
	return rc;
}

static enum err
file_replace_by(int dirfd, const char *name, struct span data, const struct stat *like,
    uint64_t *ret_written, struct why *why)
{
	char tmp[TMP_NAME_BYTES];
	enum err rc;
	int n;

	n = snprintf(tmp, sizeof tmp, "%s.tmp", name);
	if (n < 0 || (size_t)n >= sizeof tmp)
		return why_set(why, ERR_LIMIT, "cannot write %s: name too long", name);
	rc = file_write_tmp(dirfd, tmp, data, like, ret_written, why);
	if (rc == OK)
		rc = file_rename(dirfd, tmp, dirfd, name, why);
	if (rc != OK) {
		(void)file_unlink(dirfd, tmp, NULL);
		return why_prefix(why, rc, "cannot write %s", name);
	}
	rc = dir_sync(dirfd, why);
	return rc == OK ? OK : why_prefix(why, rc, "cannot write %s", name);
}

enum err
file_replace(int dirfd, const char *name, struct span data, struct why *why)
{
	return file_replace_by(dirfd, name, data, NULL, NULL, why);
}

enum err
file_replace_like(int dirfd, const char *name, struct span data, const struct stat *like,
    struct why *why)
{
	return file_replace_by(dirfd, name, data, like, NULL, why);
}

enum err
file_replace_holes(int dirfd, const char *name, struct span data, uint64_t *ret_written,
    struct why *why)
{
	return file_replace_by(dirfd, name, data, NULL, ret_written, why);
}

enum err
file_make(int dirfd, const char *name, struct span data, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, dirfd, name, FILE_WRITE_NEW, why);
	if (rc == OK)
		rc = file_write_all(fd, data, why);
	if (rc == OK)
		rc = file_sync(fd, why);
	file_close(&fd);
	return rc;
}
