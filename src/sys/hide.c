/* SPDX-License-Identifier: Apache-2.0 */
/* See hide.h. */
#include "sys/hide.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/sandbox_int.h"

enum { HIDDEN_MOST = 16 };

struct hiding {
	int ruleset;
	uint64_t rights;
	char *path[HIDDEN_MOST];	/* without links */
	unsigned n;
};

enum lies { BESIDE, HIDDEN, LEADS_THERE };

static enum lies
lies(const struct hiding *h, const char *path)
{
	enum lies found = BESIDE;
	size_t n = strlen(path);

	for (unsigned i = 0; i < h->n; i++) {
		if (strcmp(h->path[i], path) == 0)
			return HIDDEN;
		if (strncmp(h->path[i], path, n) == 0 && h->path[i][n] == '/')
			found = LEADS_THERE;
	}
	return found;
}

/* What cannot be opened cannot be used either: no harm. */
static void
allow(const struct hiding *h, const char *path)
{
	int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && !S_ISLNK(st.st_mode))
		(void)sandbox_allow(h->ruleset, fd, h->rights, NULL);
	file_close(&fd);
}

/* Goes down as deep as the hidden paths, which are ours. */
static void
allow_beside(const struct hiding *h, const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	char path[PATH_MAX];

	while (d != NULL && (e = readdir(d)) != NULL) {
		int n = snprintf(path, sizeof path, "%s/%s", strcmp(dir, "/") == 0 ? "" : dir,
		    e->d_name);

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    n < 0 || (size_t)n >= sizeof path)
			continue;
		switch (lies(h, path)) {
		case BESIDE:
			allow(h, path);
			break;
		case LEADS_THERE:
			allow_beside(h, path);
			break;
		case HIDDEN:
			break;
		}
	}
	if (d != NULL)
		(void)closedir(d);
}

enum err
hide_paths(const char *const *path, unsigned n, struct why *why)
{
	struct hiding h = { .ruleset = -1 };
	enum err rc;

	rc = sandbox_ruleset_make(&h.ruleset, &h.rights, why);
	if (rc != OK)
		return rc;
	for (unsigned i = 0; i < n && h.n < HIDDEN_MOST; i++) {
		h.path[h.n] = realpath(path[i], NULL);
		h.n += h.path[h.n] != NULL;
	}
	allow_beside(&h, "/");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, h.ruleset, 0) != 0)
		rc = why_errno(why, ERR_IO, errno, "cannot hide places");
	for (unsigned i = 0; i < h.n; i++)
		free(h.path[i]);
	file_close(&h.ruleset);
	return rc;
}
