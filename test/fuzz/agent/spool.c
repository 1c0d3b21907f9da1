/* SPDX-License-Identifier: Apache-2.0 */
/* A file of a spool that somebody else wrote: it is read to its end, and another one can follow. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "agent/spool.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static enum err
each_unlink(void *arg, const struct dir_entry *entry, struct why *why)
{
	const int *dirfd = arg;

	return file_unlink(*dirfd, entry->name, why);
}

static void
read_all(struct spool *spool, size_t n)
{
	struct spool_state state;
	struct buf raw = { 0 };
	size_t blocks = 0;
	enum err rc;

	do {
		raw.n = 0;
		rc = spool_next(spool, &raw, NULL);
		must(raw.n <= SPOOL_GROUP_MOST && ++blocks <= n / 80 + 2);
	} while (rc == OK || rc == ERR_FORMAT);
	must(rc == ERR_MORE);
	must(spool_done(spool, NULL) == OK);
	spool_tell(spool, &state);
	must(state.rows == 0 && state.raw_bytes == 0 && state.disk_bytes < 1000);
	buf_done(&raw);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	char dir[] = "/tmp/fuzz-spool.XXXXXX";
	int dirfd = -1, fd = -1;
	struct spool *spool = NULL;
	/* The first octet says whether the file is the last one. */
	bool last = n > 0 && (data[0] & 1) != 0;

	must(mkdtemp(dir) != NULL && dir_open(&dirfd, AT_FDCWD, dir, NULL) == OK);
	must(file_open(&fd, dirfd, "0000000000000001", FILE_WRITE_NEW, NULL) == OK);
	must(n == 0 || file_write_all(fd, span_of(data + 1, n - 1), NULL) == OK);
	file_close(&fd);
	if (!last) {
		must(file_open(&fd, dirfd, "0000000000000002", FILE_WRITE_NEW, NULL) == OK);
		file_close(&fd);
	}
	must(spool_open(&spool, dirfd, SPOOL_LEAST_BYTES, 5, NULL) == OK);
	read_all(spool, n);
	spool_free(&spool);
	must(dir_each(dirfd, each_unlink, &dirfd, NULL) == OK);
	file_close(&dirfd);
	must(rmdir(dir) == 0);
	return 0;
}
