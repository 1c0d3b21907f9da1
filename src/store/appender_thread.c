/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal's files and syncs, on a thread of their own: journal.md sections 1 and 4. A write is
 * begun only when the one before it is synced; the next file is made while there is time.
 */
#include "store/appender_int.h"

#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { SPARE_MAX = 4 << 20 };	/* a longer buffer is not kept */

static void
tell(const struct appender *a)
{
	uint64_t one = 1;

	if (a->wake_fd >= 0)
		(void)!write(a->wake_fd, &one, sizeof one);
}

enum err
appender_next(struct appender *a, struct why *why)
{
	enum err rc;

	file_close(&a->next_fd);
	rc = file_unlink(a->dirfd, NEXT_NAME, why);
	if (rc != OK && rc != ERR_ABSENT)
		return rc;
	rc = file_open(&a->next_fd, a->dirfd, NEXT_NAME, FILE_READ_WRITE_NEW, why);
	if (rc == OK)
		rc = file_preallocate(a->next_fd, a->file_bytes, why);
	if (rc == OK)
		rc = file_sync(a->next_fd, why);
	if (rc != OK) {
		file_close(&a->next_fd);
		(void)file_unlink(a->dirfd, NEXT_NAME, NULL);
	}
	return rc == OK ? OK : why_prefix(why, rc, "cannot make the next journal file");
}

/* next.tmp becomes the file that this write begins. */
static enum err
file_begin(struct appender *a, const struct write *w, struct why *why)
{
	char name[JOURNAL_NAME_BYTES];
	enum err rc;

	journal_name(name, w->file);
	file_close(&a->fd);
	rc = file_rename(a->dirfd, NEXT_NAME, a->dirfd, name, why);
	if (rc == OK) {
		a->fd = a->next_fd;
		a->next_fd = -1;
		file_direct(a->fd);
	} else {
		file_close(&a->next_fd);
	}
	return rc;
}

/* Zeros up to the end of the block, as they lie in the file; the next write has them as lead. */
static struct span
write_blocks(struct write *w)
{
	size_t n = (w->bytes.n + FILE_BLOCK - 1) / FILE_BLOCK * FILE_BLOCK;

	must(n <= w->bytes.cap);
	memset(w->bytes.p + w->bytes.n, 0, n - w->bytes.n);
	return span_of(w->bytes.p, n);
}

static enum err
write_out(struct appender *a, struct write *w, struct why *why)
{
	enum err rc = OK;

	if (w->begins)
		rc = file_begin(a, w, why);
	if (rc == OK)
		rc = file_pwrite_all(a->fd, write_blocks(w), w->offset - w->lead, why);
	if (rc == OK)
		rc = file_sync_data(a->fd, why);
	if (rc == OK && w->begins)
		rc = dir_sync(a->journal_fd, why);
	a->written_to = w->offset - w->lead + w->bytes.n;
	return rc;
}

/*
 * The number of the file that goes on after this write failed. One that it should have begun holds
 * nothing that anybody was told of: it goes, and its number is free again.
 */
static uint64_t
file_after(struct appender *a, const struct write *w)
{
	char name[JOURNAL_NAME_BYTES];
	enum err rc;

	if (!w->begins)
		return w->file + 1;
	journal_name(name, w->file);
	file_close(&a->fd);
	rc = file_unlink(a->dirfd, name, NULL);
	return rc == OK || rc == ERR_ABSENT ? w->file : w->file + 1;
}

void
appender_spare(struct appender *a, struct buf *bytes)
{
	bytes->n = 0;
	if (a->nspare == SPARES || bytes->cap > SPARE_MAX)
		buf_done(bytes);
	else if (bytes->cap > 0)
		a->spare[a->nspare++] = *bytes;
	*bytes = (struct buf){ 0 };
}

/* One write, with the lock held at entry and exit. */
static void
thread_write(struct appender *a)
{
	struct write w = a->queued;
	struct why why = { "" };
	uint64_t took, next = 0;
	int64_t began;
	enum err rc;

	a->queued = (struct write){ 0 };
	a->has_queued = false;
	a->busy = true;
	lock_give(&a->lock);
	began = clock_mono_ns();
	rc = write_out(a, &w, &why);
	took = (uint64_t)(clock_mono_ns() - began);
	if (rc != OK)
		next = file_after(a, &w);
	lock_take(&a->lock);

	a->busy = false;
	if (w.begins)
		a->next = NEXT_WANTED;
	if (rc == OK) {
		a->state.durable = w.number;
		a->state.file = w.file;
		a->state.nwrite++;
		a->state.bytes += w.bytes.n - w.lead;
		a->state.sync_ns += took;
		if (took > a->state.sync_max_ns)
			a->state.sync_max_ns = took;
	} else {
		a->state.failed = true;
		a->failed_next = next;
		a->failed_chain = w.chain;
		a->why = why;
	}
	appender_spare(a, &w.bytes);
}

static void
thread_next(struct appender *a)
{
	struct why why = { "" };
	enum err rc;

	lock_give(&a->lock);
	rc = appender_next(a, &why);
	lock_take(&a->lock);
	a->next = rc == OK ? NEXT_READY : NEXT_REFUSED;
	a->next_rc = rc;
	a->state.no_room = rc != OK;
	if (rc != OK)
		a->why = why;
}

void
appender_run(void *arg)
{
	struct appender *a = arg;

	lock_take(&a->lock);
	for (;;) {
		bool write = a->has_queued && !a->state.failed;
		bool next = a->next == NEXT_WANTED && !a->stop;

		if (next && (!write || a->written_to > a->file_bytes / 2))
			thread_next(a);
		else if (write)
			thread_write(a);
		else if (a->stop)
			break;
		else {
			wake_wait(&a->work, &a->lock);
			continue;
		}
		wake_all(&a->done);
		lock_give(&a->lock);
		tell(a);
		lock_take(&a->lock);
	}
	lock_give(&a->lock);
}
