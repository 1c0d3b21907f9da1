/* SPDX-License-Identifier: Apache-2.0 */
/* Directories: see dir.h. */
#include "sys/dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fault.h"
#include "sys/file.h"

static int
dir_fault(const char *call)
{
	int fault = fault_hit(call);

	if (fault == FAULT_SHORT)
		return 0;
	return fault == FAULT_TORN ? EIO : fault;
}

enum err
dir_open(int *ret_fd, int dirfd, const char *name, struct why *why)
{
	int error = dir_fault("dir_open"), fd = -1;

	must(*ret_fd == -1);
	if (error == 0) {
		do
			fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
		while (fd < 0 && errno == EINTR);
		error = errno;
	}
	if (fd < 0)
		return why_errno(why, file_err(error), error, "cannot open directory %s", name);
	*ret_fd = fd;
	return OK;
}

enum err
dir_make(int dirfd, const char *name, mode_t mode, struct why *why)
{
	int error = dir_fault("dir_make"), rc = -1;
	struct stat st;

	fault_write_begin();
	if (error == 0) {
		rc = mkdirat(dirfd, name, mode);
		error = errno;
	}
	if (rc == 0)
		fault_write_name("mkdir", dirfd, name, -1, NULL);
	fault_write_end();
	if (rc < 0 && error == EEXIST && fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode))
		return OK;
	if (rc == 0)
		return OK;
	return why_errno(why, file_err(error), error, "cannot make directory %s", name);
}

enum err
dir_remove(int dirfd, const char *name, struct why *why)
{
	int error = dir_fault("dir_remove"), rc = -1;

	fault_write_begin();
	if (error == 0) {
		rc = unlinkat(dirfd, name, AT_REMOVEDIR);
		error = errno;
	}
	if (rc == 0)
		fault_write_name("unlink", dirfd, name, -1, NULL);
	fault_write_end();
	if (rc == 0)
		return OK;
	return why_errno(why, error == ENOTEMPTY ? ERR_BUSY : file_err(error), error,
	    "cannot remove directory %s", name);
}

enum err
dir_link_make(const char *target, int dirfd, const char *name, struct why *why)
{
	int error = dir_fault("dir_link_make"), rc = -1;

	fault_write_begin();
	if (error == 0) {
		rc = symlinkat(target, dirfd, name);
		error = errno;
	}
	if (rc == 0)
		fault_write_name("symlink", dirfd, name, -1, NULL);
	fault_write_end();
	if (rc == 0)
		return OK;
	return why_errno(why, file_err(error), error, "cannot make link %s", name);
}

enum err
dir_link_read(char *ret, size_t size, int dirfd, const char *name, struct why *why)
{
	int error = dir_fault("dir_link_read");
	ssize_t n = -1;

	if (error == 0) {
		n = readlinkat(dirfd, name, ret, size);
		error = n < 0 ? errno : 0;
	}
	if (n >= 0 && (size_t)n < size) {
		ret[n] = '\0';
		return OK;
	}
	if (n >= 0)
		return why_set(why, ERR_LIMIT, "link %s leads too far", name);
	return why_errno(why, error == EINVAL ? ERR_ABSENT : file_err(error), error,
	    "cannot read link %s", name);
}

/* The kind, asked of the file itself where the directory does not say. */
static enum dir_kind
dir_kind_of(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type == DT_REG)
		return DIR_FILE;
	if (entry->d_type == DT_DIR)
		return DIR_DIRECTORY;
	if (entry->d_type != DT_UNKNOWN ||
	    fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return DIR_OTHER;
	if (S_ISREG(st.st_mode))
		return DIR_FILE;
	return S_ISDIR(st.st_mode) ? DIR_DIRECTORY : DIR_OTHER;
}

static enum err
dir_walk(DIR *dir, dir_each_fn *each, void *arg, struct why *why)
{
	struct dir_entry entry;
	struct dirent *at;
	enum err rc = OK;

	while (rc == OK) {
		errno = 0;
		at = readdir(dir);
		if (at == NULL && errno != 0)
			return why_errno(why, ERR_IO, errno, "cannot read directory");
		if (at == NULL)
			return OK;
		if (strcmp(at->d_name, ".") == 0 || strcmp(at->d_name, "..") == 0)
			continue;
		entry.name = at->d_name;
		entry.kind = dir_kind_of(dirfd(dir), at);
		rc = each(arg, &entry, why);
	}
	return rc;
}

enum err
dir_each(int dirfd, dir_each_fn *each, void *arg, struct why *why)
{
	int error = dir_fault("dir_each"), fd = -1;
	DIR *dir = NULL;
	enum err rc;

	/* A description of its own: the position of the caller's must not move. */
	if (error == 0) {
		fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			dir = fdopendir(fd);
		error = errno;
	}
	if (dir == NULL) {
		file_close(&fd);
		return why_errno(why, file_err(error), error, "cannot read directory");
	}
	rc = dir_walk(dir, each, arg, why);
	(void)closedir(dir);
	return rc;
}

enum err
dir_sync(int dirfd, struct why *why)
{
	int error = dir_fault("dir_sync"), rc = -1;

	fault_write_begin();
	if (error == 0) {
		do
			rc = fsync(dirfd);
		while (rc < 0 && errno == EINTR);
		error = errno;
	}
	if (rc == 0)
		fault_write_name("dirsync", dirfd, NULL, -1, NULL);
	fault_write_end();
	return rc == 0 ? OK : why_errno(why, file_err(error), error, "cannot sync directory");
}

enum err
dir_lock(int dirfd, struct why *why)
{
	int error = dir_fault("dir_lock");

	/* flock() is declared in a header that has the name of ours. */
	if (error == 0 && syscall(SYS_flock, dirfd, LOCK_EX | LOCK_NB) != 0)
		error = errno;
	return error == 0 ? OK : why_errno(why, file_err(error), error, "cannot lock the "
	    "directory");
}

enum err
disk_free(int dirfd, uint64_t *ret_free, uint64_t *ret_total, struct why *why)
{
	int error = dir_fault("disk_free");
	struct statvfs vfs;

	if (error == 0 && fstatvfs(dirfd, &vfs) < 0)
		error = errno;
	if (error != 0)
		return why_errno(why, file_err(error), error, "cannot ask for free space");
	*ret_free = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	*ret_total = (uint64_t)vfs.f_blocks * vfs.f_frsize;
	return OK;
}
