/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: the calls of the system as results in words, each with fault injection (sys/fault.h).
 * Names are relative to an open directory. Nothing here follows a symbolic link at the end of a
 * name, opens a device or a pipe, or leaks a descriptor over exec, but where FILE_READ_FOLLOW
 * says so. Interrupted and short calls are continued.
 *
 * The system's refusals become: ENOENT ERR_ABSENT; ENOSPC EDQUOT ERR_FULL; EACCES EPERM EROFS
 * ELOOP ERR_DENIED; EEXIST EAGAIN EWOULDBLOCK ERR_BUSY; EFBIG ENAMETOOLONG EMFILE ENFILE ERR_LIMIT;
 * all else ERR_IO.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "sys/dir.h"	/* a new name is safe only once its directory is synced */

struct stat;

enum file_mode {
	FILE_READ,		/* must exist and be a regular file */
	FILE_READ_FOLLOW,	/* names typed by the operator: links and pipes are fine */
	FILE_WRITE_NEW,		/* must not exist (ERR_BUSY); mode 0600 */
	FILE_APPEND,		/* made when absent; every write goes to the end */
	FILE_READ_WRITE,	/* must exist */
	FILE_READ_WRITE_NEW,	/* must not exist (ERR_BUSY) */
};

/* *ret_fd must be -1. Close with file_close. */
enum err	file_open(int *ret_fd, int dirfd, const char *name, enum file_mode mode,
		    struct why *why);
/* Closes when open and sets -1; errno stays. Errors of close say nothing about data: sync does. */
void		file_close(int *fd);

/* At the descriptor's own position (or the end, for FILE_APPEND). */
enum err	file_write_all(int fd, struct span data, struct why *why);
enum err	file_pwrite_all(int fd, struct span data, uint64_t offset, struct why *why);
/* Exactly n octets; ERR_FORMAT "ends early" when the file has fewer. */
enum err	file_pread_all(int fd, void *at, size_t n, uint64_t offset, struct why *why);
/* Up to n octets; *ret_n = 0 at the end of the file. */
enum err	file_pread(int fd, void *at, size_t n, uint64_t offset, size_t *ret_n,
		    struct why *why);
/* As file_pread at the descriptor's own position: for pipes and standard input. */
enum err	file_read(int fd, void *at, size_t n, size_t *ret_n, struct why *why);
/* Appends the whole file to out; ERR_LIMIT when it has more than limit octets (out unchanged). */
enum err	file_read_whole(int dirfd, const char *name, size_t limit, struct buf *out,
		    struct why *why);
/* The same for a name typed by the operator: it may be a link (FILE_READ_FOLLOW). */
enum err	file_read_named(const char *path, size_t limit, struct buf *out, struct why *why);

/* fdatasync, fsync. After a failure the unsynced part must be taken as lost: do not retry. */
enum err	file_sync_data(int fd, struct why *why);
enum err	file_sync(int fd, struct why *why);

enum err	file_size(int fd, uint64_t *ret_size, struct why *why);
enum err	file_truncate(int fd, uint64_t size, struct why *why);
/*
 * Asks that reads and writes go past the page cache, which costs a copy and a page for each 4 KB
 * otherwise. Then offset, length and memory of each should be multiples of FILE_BLOCK; one that the
 * file system does not take, and all after it, go through the cache. Never fails.
 */
enum { FILE_BLOCK = 4096 };
void		file_direct(int fd);
/* Makes room on disk for [0, size) and grows the file to size; ERR_FULL when there is none. */
enum err	file_preallocate(int fd, uint64_t size, struct why *why);

/* Over directories too; replaces `to`. Durable only after dir_sync of both directories. */
enum err	file_rename(int dirfd, const char *from, int to_dirfd, const char *to,
		    struct why *why);
enum err	file_unlink(int dirfd, const char *name, struct why *why);
/* A new file (ERR_BUSY: it is there already), mode 0600, synced; its directory is not. */
enum err	file_make(int dirfd, const char *name, struct span data, struct why *why);
/*
 * The file `name` has either its old contents or all of data, whatever happens: writes NAME.tmp,
 * syncs it, renames it over name, syncs the directory. NAME.tmp of an earlier crash is replaced.
 */
enum err	file_replace(int dirfd, const char *name, struct span data, struct why *why);
/*
 * The same, with owner and rights of `like`: the name never leads to a file that lacks them. Where
 * we may not give files away it stays ours, mode 0600.
 */
enum err	file_replace_like(int dirfd, const char *name, struct span data,
		    const struct stat *like, struct why *why);
/* As file_replace, but long runs of zeros take no room on disk; *ret_written: octets that do. */
enum err	file_replace_holes(int dirfd, const char *name, struct span data,
		    uint64_t *ret_written, struct why *why);

/*
 * Opens or makes the file and locks it for as long as the descriptor (or a copy in a child) is
 * open; writes our process number into it. ERR_BUSY names the process that holds it.
 */
enum err	file_lock(int *ret_fd, int dirfd, const char *name, struct why *why);
/* Who holds it now; ERR_ABSENT: nobody. */
enum err	file_lock_holder(pid_t *ret_pid, int dirfd, const char *name, struct why *why);

/* The first n octets, read-only and shared; end with file_unmap. n = 0 gives an empty span. */
enum err	file_map(struct span *ret_map, int fd, size_t n, struct why *why);
void		file_unmap(struct span *map);

/* The result that stands for an errno value, see above; for the other files of sys/. */
enum err	file_err(int error);

#endif
