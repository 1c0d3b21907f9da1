/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directories and the disk under them. The same promises as sys/file.h, the same fault injection.
 */
#ifndef SYS_DIR_H
#define SYS_DIR_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum dir_kind {
	DIR_FILE,
	DIR_DIRECTORY,
	DIR_OTHER,		/* link, pipe, device: leave it alone */
};

struct dir_entry {
	const char *name;	/* valid during the call only */
	enum dir_kind kind;
};

/* OK to go on; anything else ends dir_each, which returns it. ERR_MORE = enough, not an error. */
typedef enum err dir_each_fn(void *arg, const struct dir_entry *entry, struct why *why);

/* dirfd may be AT_FDCWD, name "." or a path of several parts. Close with file_close. */
enum err	dir_open(int *ret_fd, int dirfd, const char *name, struct why *why);
/* OK too when the directory is there already (its mode is then left as it is). */
enum err	dir_make(int dirfd, const char *name, mode_t mode, struct why *why);
/* Removes an empty directory. */
enum err	dir_remove(int dirfd, const char *name, struct why *why);
/*
 * A symbolic link `name` that leads to `target`. ERR_BUSY: there is something of that name. Durable
 * only after dir_sync.
 */
enum err	dir_link_make(const char *target, int dirfd, const char *name, struct why *why);
/* Where it leads, as text; ERR_ABSENT also when `name` is no link. */
enum err	dir_link_read(char *ret, size_t size, int dirfd, const char *name,
		    struct why *why);
/* Every entry but "." and "..", in no order. The callback may unlink what it is shown. */
enum err	dir_each(int dirfd, dir_each_fn *each, void *arg, struct why *why);
enum err	dir_sync(int dirfd, struct why *why);
/*
 * An exclusive lock on the directory, among those who ask for it, for as long as dirfd is open;
 * leaves nothing behind. ERR_BUSY: somebody else has it.
 */
enum err	dir_lock(int dirfd, struct why *why);
/* Octets that this user may still write, and the size of the disk. */
enum err	disk_free(int dirfd, uint64_t *ret_free, uint64_t *ret_total, struct why *why);

#endif
