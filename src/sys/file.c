/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: see file.h. Every wrapper has the same form: ask fault.h, ask the kernel (again after
 * EINTR), tell the write log, turn a refusal into a result and a sentence.
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fault.h"

enum { LOCK_TEXT_BYTES = 32 };

enum err
file_err(int error)
{
	switch (error) {
	case ENOENT:
		return ERR_ABSENT;
	case ENOSPC: case EDQUOT:
		return ERR_FULL;
	case EACCES: case EPERM: case EROFS: case ELOOP:
		return ERR_DENIED;
	case EEXIST: case EAGAIN:
		return ERR_BUSY;
	case EFBIG: case ENAMETOOLONG: case EMFILE: case ENFILE:
		return ERR_LIMIT;
	default:
		return ERR_IO;
	}
}

/* The errno value to fail with, or 0. For calls that cannot be short or torn. */
static int
file_fault(const char *call)
{
	int fault = fault_hit(call);

	if (fault == FAULT_SHORT)
		return 0;
	return fault == FAULT_TORN ? EIO : fault;
}

static enum err
file_no(struct why *why, int error, const char *what)
{
	return why_errno(why, file_err(error), error, "%s", what);
}

/* What each mode asks of the kernel, and the word for the message. */
static const struct {
	int flags;
	const char *what;
} file_modes[] = {
	[FILE_READ] = { O_RDONLY | O_NOFOLLOW | O_NONBLOCK, "open" },
	[FILE_READ_FOLLOW] = { O_RDONLY, "open" },
	[FILE_WRITE_NEW] = { O_WRONLY | O_NOFOLLOW | O_CREAT | O_EXCL, "make" },
	[FILE_APPEND] = { O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_APPEND | O_CREAT, "open" },
	[FILE_READ_WRITE] = { O_RDWR | O_NOFOLLOW | O_NONBLOCK, "open" },
	[FILE_READ_WRITE_NEW] = { O_RDWR | O_NOFOLLOW | O_CREAT | O_EXCL, "make" },
};

/* A pipe or a device in the place of a file would hang us or do things. */
static enum err
file_check_regular(int fd, const char *name, struct why *why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return why_errno(why, ERR_IO, errno, "cannot open %s", name);
	if (!S_ISREG(st.st_mode))
		return why_set(why, ERR_DENIED, "cannot open %s: not a regular file", name);
	return OK;
}

enum err
file_open(int *ret_fd, int dirfd, const char *name, enum file_mode mode, struct why *why)
{
	int error = file_fault("file_open"), fd = -1;
	bool made = false;
	enum err rc;

	must(*ret_fd == -1);
	fault_write_begin();
	if (error == 0) {
		/* Only a new name is news for the write log: find out whether it is one. */
		made = (file_modes[mode].flags & O_CREAT) != 0 && fault_logs_writes &&
		    faccessat(dirfd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
		do
			fd = openat(dirfd, name, file_modes[mode].flags | O_CLOEXEC | O_NOCTTY,
			    0600);
		while (fd < 0 && errno == EINTR);
		error = errno;
	}
	if (fd >= 0 && made)
		fault_write_name("create", dirfd, name, -1, NULL);
	fault_write_end();
	if (fd < 0)
		return why_errno(why, file_err(error), error, "cannot %s %s",
		    file_modes[mode].what, name);
	rc = mode == FILE_READ_FOLLOW ? OK : file_check_regular(fd, name, why);
	if (rc != OK) {
		file_close(&fd);
		return rc;
	}
	*ret_fd = fd;
	return OK;
}

void
file_close(int *fd)
{
	int error = errno;

	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
	errno = error;
}

/* ---- writing ---- */

/* Where the next plain write of fd will land; only asked for the write log. */
static uint64_t
file_position(int fd)
{
	int flags = fcntl(fd, F_GETFL);
	off_t at;

	at = lseek(fd, 0, flags >= 0 && (flags & O_APPEND) ? SEEK_END : SEEK_CUR);
	return at < 0 ? 0 : (uint64_t)at;
}

void
file_direct(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags >= 0)
		(void)fcntl(fd, F_SETFL, flags | O_DIRECT);
}

/* The kernel refused a write: was that because it goes past the cache? Then no more do. */
static bool
file_undirect(int fd, ssize_t error)
{
	int flags = error == -EINVAL ? fcntl(fd, F_GETFL) : -1;

	return flags >= 0 && (flags & O_DIRECT) != 0 &&
	    fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

/* One system call; offset < 0 is the descriptor's own position. Returns -errno or the count. */
static ssize_t
file_write_once(int fd, const uint8_t *p, size_t n, int64_t offset)
{
	uint64_t at = 0;
	ssize_t did;

	fault_write_begin();
	if (fault_logs_writes)
		at = offset < 0 ? file_position(fd) : (uint64_t)offset;
	did = offset < 0 ? write(fd, p, n) : pwrite(fd, p, n, (off_t)offset);
	if (did < 0)
		did = -errno;
	else
		fault_write_fd("write", fd, at, span_of(p, (size_t)did));
	fault_write_end();
	return did;
}

static enum err
file_write_at(int fd, struct span data, int64_t offset, const char *call, struct why *why)
{
	int fault = fault_hit(call);
	size_t done = 0, want;
	ssize_t n;

	if (fault > 0)
		return file_no(why, fault, "cannot write");
	while (done < data.n) {
		want = data.n - done;
		if (fault != FAULT_NONE && done == 0 && want > 1)
			want /= 2;
		n = file_write_once(fd, data.p + done, want, offset < 0 ? offset :
		    offset + (int64_t)done);
		if (n == -EINTR || file_undirect(fd, n))
			continue;
		if (n <= 0)
			return file_no(why, n < 0 ? (int)-n : EIO, "cannot write");
		done += (size_t)n;
		if (fault == FAULT_TORN)
			return file_no(why, EIO, "cannot write");
	}
	return OK;
}

enum err
file_write_all(int fd, struct span data, struct why *why)
{
	return file_write_at(fd, data, -1, "file_write_all", why);
}

enum err
file_pwrite_all(int fd, struct span data, uint64_t offset, struct why *why)
{
	must(offset <= INT64_MAX - data.n);
	return file_write_at(fd, data, (int64_t)offset, "file_pwrite_all", why);
}

/* ---- reading ---- */

enum err
file_pread(int fd, void *at, size_t n, uint64_t offset, size_t *ret_n, struct why *why)
{
	int error = file_fault("file_pread");
	ssize_t got = -1;

	if (offset > INT64_MAX)
		return why_set(why, ERR_FORMAT, "cannot read: offset out of range");
	if (error == 0) {
		do
			got = pread(fd, at, n, (off_t)offset);
		while (got < 0 && errno == EINTR);
		error = errno;
	}
	if (got < 0)
		return file_no(why, error, "cannot read");
	*ret_n = (size_t)got;
	return OK;
}

enum err
file_pread_all(int fd, void *at, size_t n, uint64_t offset, struct why *why)
{
	size_t done = 0, got = 0;
	enum err rc;

	while (done < n) {
		rc = file_pread(fd, (uint8_t *)at + done, n - done, offset + done, &got, why);
		if (rc != OK)
			return rc;
		if (got == 0)
			return why_set(why, ERR_FORMAT, "the file ends early: %zu octets at %llu "
			    "of %zu wanted", done, (unsigned long long)offset, n);
		done += got;
	}
	return OK;
}

enum err
file_read(int fd, void *at, size_t n, size_t *ret_n, struct why *why)
{
	int error = file_fault("file_read");
	ssize_t got = -1;

	if (error == 0) {
		do
			got = read(fd, at, n);
		while (got < 0 && errno == EINTR);
		error = errno;
	}
	if (got < 0)
		return file_no(why, error, "cannot read");
	*ret_n = (size_t)got;
	return OK;
}

/* Reads on to the end; a file that grows meanwhile is read up to the limit, no further. */
static enum err
file_read_rest(int fd, size_t limit, struct buf *out, struct why *why)
{
	size_t before = out->n, got = 0, step = 65536;
	enum err rc;

	for (;;) {
		if (out->n - before > limit)
			return why_set(why, ERR_LIMIT, "longer than %zu octets", limit);
		if (step > limit - (out->n - before) + 1)
			step = limit - (out->n - before) + 1;
		buf_reserve(out, step);
		rc = file_read(fd, out->p + out->n, step, &got, why);
		if (rc != OK || got == 0)
			return rc;
		out->n += got;
		if (step < 1 << 20)
			step *= 2;
	}
}

static enum err
file_read_by(int dirfd, const char *name, enum file_mode mode, size_t limit, struct buf *out,
    struct why *why)
{
	size_t before = out->n;
	int fd = -1;
	enum err rc;

	must(limit < SIZE_MAX);
	rc = file_open(&fd, dirfd, name, mode, why);
	if (rc != OK)
		return rc;
	rc = file_read_rest(fd, limit, out, why);
	file_close(&fd);
	if (rc != OK) {
		out->n = before;
		return why_prefix(why, rc, "cannot read %s", name);
	}
	return OK;
}

enum err
file_read_whole(int dirfd, const char *name, size_t limit, struct buf *out, struct why *why)
{
	return file_read_by(dirfd, name, FILE_READ, limit, out, why);
}

enum err
file_read_named(const char *path, size_t limit, struct buf *out, struct why *why)
{
	return file_read_by(AT_FDCWD, path, FILE_READ_FOLLOW, limit, out, why);
}

/* ---- syncing ---- */

static enum err
file_sync_by(int fd, const char *call, int (*sync)(int fd), struct why *why)
{
	int error = file_fault(call), rc = -1;

	fault_write_begin();
	if (error == 0) {
		do
			rc = sync(fd);
		while (rc < 0 && errno == EINTR);
		error = errno;
	}
	if (rc == 0)
		fault_write_fd("sync", fd, 0, (struct span){ NULL, 0 });
	fault_write_end();
	return rc == 0 ? OK : file_no(why, error, "cannot sync");
}

enum err
file_sync_data(int fd, struct why *why)
{
	return file_sync_by(fd, "file_sync_data", fdatasync, why);
}

enum err
file_sync(int fd, struct why *why)
{
	return file_sync_by(fd, "file_sync", fsync, why);
}

/* ---- size ---- */

enum err
file_size(int fd, uint64_t *ret_size, struct why *why)
{
	int error = file_fault("file_size");
	struct stat st;

	if (error == 0 && fstat(fd, &st) < 0)
		error = errno;
	if (error != 0)
		return file_no(why, error, "cannot get the size");
	*ret_size = (uint64_t)st.st_size;
	return OK;
}

enum err
file_truncate(int fd, uint64_t size, struct why *why)
{
	int error = file_fault("file_truncate"), rc = -1;

	must(size <= INT64_MAX);
	fault_write_begin();
	if (error == 0) {
		do
			rc = ftruncate(fd, (off_t)size);
		while (rc < 0 && errno == EINTR);
		error = errno;
	}
	if (rc == 0)
		fault_write_fd("truncate", fd, size, (struct span){ NULL, 0 });
	fault_write_end();
	return rc == 0 ? OK : file_no(why, error, "cannot set the size");
}

enum err
file_preallocate(int fd, uint64_t size, struct why *why)
{
	int error = file_fault("file_preallocate"), rc = -1;
	struct stat st;

	must(size <= INT64_MAX);
	if (size == 0)
		return OK;
	fault_write_begin();
	if (error == 0) {
		do
			rc = fallocate(fd, 0, 0, (off_t)size);
		while (rc < 0 && errno == EINTR);
		/* A file system without it (NFS 3, old FUSE): the size alone. */
		if (rc < 0 && errno == EOPNOTSUPP && fstat(fd, &st) == 0)
			rc = (uint64_t)st.st_size < size ? ftruncate(fd, (off_t)size) : 0;
		error = errno;
	}
	if (rc == 0 && fault_logs_writes && fstat(fd, &st) == 0)
		fault_write_fd("truncate", fd, (uint64_t)st.st_size, (struct span){ NULL, 0 });
	fault_write_end();
	return rc == 0 ? OK : file_no(why, error, "cannot make room");
}

/* ---- names ---- */

enum err
file_rename(int dirfd, const char *from, int to_dirfd, const char *to, struct why *why)
{
	int error = file_fault("file_rename"), rc = -1;

	fault_write_begin();
	if (error == 0) {
		rc = renameat(dirfd, from, to_dirfd, to);
		error = errno;
	}
	if (rc == 0)
		fault_write_name("rename", dirfd, from, to_dirfd, to);
	fault_write_end();
	if (rc == 0)
		return OK;
	return why_errno(why, file_err(error), error, "cannot rename %s to %s", from, to);
}

enum err
file_unlink(int dirfd, const char *name, struct why *why)
{
	int error = file_fault("file_unlink"), rc = -1;

	fault_write_begin();
	if (error == 0) {
		rc = unlinkat(dirfd, name, 0);
		error = errno;
	}
	if (rc == 0)
		fault_write_name("unlink", dirfd, name, -1, NULL);
	fault_write_end();
	return rc == 0 ? OK : why_errno(why, file_err(error), error, "cannot remove %s", name);
}

/* ---- locks and maps ---- */

/* The process number that the holder wrote; only for the sentence. */
static enum err
file_lock_held(int fd, const char *name, struct why *why)
{
	char text[LOCK_TEXT_BYTES] = "";
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	for (ssize_t i = 0; i < n; i++)
		if (text[i] < '0' || text[i] > '9')
			text[i] = '\0';
	return why_set(why, ERR_BUSY, "%s is held by process %s; one desk at a "
	    "time works on a store", name,
	    n > 0 && text[0] != '\0' ? text : "(unknown)");
}

enum err
file_lock(int *ret_fd, int dirfd, const char *name, struct why *why)
{
	char text[LOCK_TEXT_BYTES];
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	int fd, error = file_fault("file_lock"), n;
	enum err rc;

	must(*ret_fd == -1);
	if (error != 0)
		return why_errno(why, file_err(error), error, "cannot lock %s", name);
	fd = openat(dirfd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd < 0)
		return why_errno(why, file_err(errno), errno, "cannot lock %s", name);
	rc = file_check_regular(fd, name, why);
	/* Of the open file, not of the process: it goes with the descriptor. */
	if (rc == OK && fcntl(fd, F_OFD_SETLK, &whole) < 0)
		rc = errno == EAGAIN || errno == EACCES ? file_lock_held(fd, name, why) :
		    why_errno(why, file_err(errno), errno, "cannot lock %s", name);
	if (rc != OK) {
		file_close(&fd);
		return rc;
	}
	/* The number is a courtesy: a full disk must not keep us from starting. */
	n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) != n)
		(void)!ftruncate(fd, 0);
	*ret_fd = fd;
	return OK;
}

enum err
file_lock_holder(pid_t *ret_pid, int dirfd, const char *name, struct why *why)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[LOCK_TEXT_BYTES] = "";
	int fd = -1;
	enum err rc;
	long pid;

	rc = file_open(&fd, dirfd, name, FILE_READ, why);
	if (rc == OK && fcntl(fd, F_OFD_GETLK, &whole) < 0)
		rc = why_errno(why, file_err(errno), errno, "cannot look at the lock %s", name);
	if (rc == OK && whole.l_type == F_UNLCK)
		rc = why_set(why, ERR_ABSENT, "nobody holds %s", name);
	if (rc == OK && pread(fd, text, sizeof text - 1, 0) < 0)
		rc = why_errno(why, file_err(errno), errno, "cannot read %s", name);
	file_close(&fd);
	if (rc != OK)
		return rc;
	pid = strtol(text, NULL, 10);
	if (pid <= 1 || pid > INT32_MAX)
		return why_set(why, ERR_FORMAT, "%s does not say who holds it", name);
	*ret_pid = (pid_t)pid;
	return OK;
}

enum err
file_map(struct span *ret_map, int fd, size_t n, struct why *why)
{
	int error = file_fault("file_map");
	void *p = MAP_FAILED;

	if (n == 0) {
		*ret_map = (struct span){ NULL, 0 };
		return OK;
	}
	if (error == 0) {
		p = mmap(NULL, n, PROT_READ, MAP_SHARED, fd, 0);
		error = errno;
	}
	if (p == MAP_FAILED)
		return file_no(why, error, "cannot map");
	*ret_map = span_of(p, n);
	return OK;
}

void
file_unmap(struct span *map)
{
	if (map->n > 0)
		must(munmap((void *)(uintptr_t)map->p, map->n) == 0);
	*map = (struct span){ NULL, 0 };
}
