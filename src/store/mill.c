/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mill's queue, its thread and what each job does. Owns the seal and the manifest. A job that
 * fails is given back with its reason; nothing is tried twice here.
 */
#include "store/mill.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/thread.h"
#include "model/leaf.h"
#include "store/cold_int.h"
#include "store/journal_int.h"
#include "store/places.h"
#include "store/segment_int.h"

enum { DAY_NAME_BYTES = 16 + SEGMENT_NAME };

struct mill {
	int dirfd;
	int wake_fd;
	size_t limit_bytes;
	struct mill_note *note;
	struct seal *seal;
	struct manifest *manifest;
	struct lock manifest_lock;
	struct thread thread;

	struct lock lock;		/* for all below */
	struct wake work;
	struct wake idle;
	struct mill_job *first, **last;	/* queued */
	struct mill_job *done, **done_last;
	size_t queued_bytes;
	bool busy;
	bool crowded;			/* somebody was turned away */
	bool stop;
};

/* ---- what the jobs do ---- */

static void
job_rows(struct mill *m, struct mill_job *job)
{
	m->note->frame = (uint64_t)job->head->stream << 56 | job->id;
	builder_frame(job->builder, job->head, job->tables, job->id);
	m->note->frame = 0;
	job->size = builder_bytes(job->builder);
}

static void
job_leaf(struct mill *m, struct mill_job *job)
{
	(void)m;
	builder_leaf(job->builder, job->index, job->seed);
}

static void
job_tree(struct mill *m, struct mill_job *job)
{
	must(seal_append(m->seal, buf_span(&job->bytes)) == job->index);
}

static void
job_fail(struct mill_job *job, enum err rc, const struct why *why)
{
	job->rc = rc;
	if (rc != OK)
		job->why = xmemdup(why, sizeof *why);
}

/* "segment/YYYY-MM-DD": where the files of a segment are whose oldest row came at recv_ns. */
static void
day_name(char ret[DAY_NAME_BYTES], int64_t recv_ns)
{
	char day[SEGMENT_NAME];

	segment_day(day, recv_ns);
	(void)snprintf(ret, DAY_NAME_BYTES, "segment/%s", day);
}

static enum err
day_open(const struct mill *m, int64_t recv_ns, int *ret_fd, struct why *why)
{
	char name[DAY_NAME_BYTES];
	int parent = -1;
	enum err rc;

	day_name(name, recv_ns);
	rc = dir_open(ret_fd, m->dirfd, name, why);
	if (rc != ERR_ABSENT)
		return rc;
	rc = dir_make(m->dirfd, name, 0700, why);
	if (rc == OK)
		rc = dir_open(&parent, m->dirfd, "segment", why);
	if (rc == OK)
		rc = dir_sync(parent, why);
	file_close(&parent);
	return rc == OK ? dir_open(ret_fd, m->dirfd, name, why) : rc;
}

static void
job_segment(struct mill *m, struct mill_job *job)
{
	struct why why = { "" };
	enum err rc = OK;
	int fd = -1;

	/* A second try after the manifest failed: the files are there, the builder is empty. */
	if (job->info.rows == 0) {
		rc = day_open(m, job->recv_ns, &fd, &why);
		if (rc == OK)
			rc = builder_write(job->builder, fd, job->id, &job->info, &why);
		file_close(&fd);
	}
	if (rc == OK) {
		must(job->info.recv_min_ns == job->recv_ns);
		lock_take(&m->manifest_lock);
		rc = manifest_add(m->manifest, &job->info, buf_span(&job->bytes), &why);
		lock_give(&m->manifest_lock);
	}
	job_fail(job, rc, &why);
}

static void
job_checkpoint(struct mill *m, struct mill_job *job)
{
	struct why why = { "" };

	job_fail(job, seal_checkpoint(m->seal, &job->note, &why), &why);
	job->size = seal_signed_size(m->seal);
}

static void
job_rekey(struct mill *m, struct mill_job *job)
{
	job_checkpoint(m, job);
	if (job->rc != OK)
		return;		/* it comes again, with its seed */
	seal_rekey(m->seal, job->seed);
	explicit_bzero(job->seed, sizeof job->seed);
}

/* A day's folder that segments are removed from; {.fd = -1} to begin with. */
struct day {
	char name[DAY_NAME_BYTES];
	int fd;
};

static void
day_leave(const struct mill *m, struct day *day)
{
	if (day->fd >= 0)
		(void)dir_remove(m->dirfd, day->name, NULL);	/* not while it holds others */
	file_close(&day->fd);
}

/* Both files of a segment; the folder of the segment before is left when it is another. */
static void
segment_remove(const struct mill *m, const struct segment_info *info, struct day *day)
{
	char folder[DAY_NAME_BYTES], name[SEGMENT_NAME];

	day_name(folder, info->recv_min_ns);
	if (day->fd < 0 || strcmp(folder, day->name) != 0) {
		day_leave(m, day);
		memcpy(day->name, folder, sizeof day->name);
		if (dir_open(&day->fd, m->dirfd, day->name, NULL) != OK)
			return;
	}
	segment_name(name, info->id, SEGMENT_SEALED);
	(void)file_unlink(day->fd, name, NULL);
	segment_name(name, info->id, SEGMENT_DERIVED);
	(void)file_unlink(day->fd, name, NULL);
}

/*
 * What a crash leaves of this in the store's own folder the next start takes away: no segment of
 * the manifest names it. In the cold folder nobody tidies up: there the files go first, and after a
 * crash the drop is done again, for its leaf is in the journal.
 */
static void
job_drop(struct mill *m, struct mill_job *job)
{
	size_t n = job->bytes.n / sizeof(uint64_t), found = 0;
	struct segment_info *info = xcalloc(n, sizeof *info);
	struct day day = { .fd = -1 };
	uint64_t *id = xmemdup(job->bytes.p, job->bytes.n);
	bool cold = cold_there(m->dirfd, NULL) == OK;
	struct why why = { "" };
	enum err rc;

	lock_take(&m->manifest_lock);
	for (size_t i = 0; i < n; i++) {
		const struct segment_info *known = manifest_find(m->manifest, id[i]);

		if (known != NULL)
			info[found++] = *known;
	}
	lock_give(&m->manifest_lock);
	for (size_t i = 0; i < found && cold; i++)
		cold_remove(m->dirfd, &info[i]);
	lock_take(&m->manifest_lock);
	rc = manifest_drop(m->manifest, id, n, &why);
	lock_give(&m->manifest_lock);
	for (size_t i = 0; i < found && rc == OK; i++)
		segment_remove(m, &info[i], &day);
	day_leave(m, &day);
	job_fail(job, rc, &why);
	free(info);
	free(id);
}

/* All of the old segments must still be there: a row that was dropped does not come back. */
static void
job_replace(struct mill *m, struct mill_job *job)
{
	size_t n = job->bytes.n / sizeof(uint64_t);
	uint64_t *id = xmemdup(job->bytes.p, job->bytes.n);
	struct why why = { "" };
	enum err rc = OK;

	lock_take(&m->manifest_lock);
	for (size_t i = 0; i < n && rc == OK; i++)
		if (manifest_find(m->manifest, id[i]) == NULL)
			rc = why_set(&why, ERR_ABSENT, "segment %" PRIu64 " is gone", id[i]);
	if (rc == OK)
		rc = manifest_replace(m->manifest, id, n, &job->info, buf_span(&job->note), &why);
	lock_give(&m->manifest_lock);
	job_fail(job, rc, &why);
	free(id);
}

static void
job_remove(struct mill *m, struct mill_job *job)
{
	struct segment_info info;
	struct day day = { .fd = -1 };

	for (size_t i = 0; i + sizeof info <= job->bytes.n; i += sizeof info) {
		bool known;

		memcpy(&info, job->bytes.p + i, sizeof info);
		lock_take(&m->manifest_lock);
		known = manifest_find(m->manifest, info.id) != NULL;
		lock_give(&m->manifest_lock);
		if (!known)
			segment_remove(m, &info, &day);
	}
	day_leave(m, &day);
}

static bool
list_holds(const struct buf *list, uint64_t number)
{
	uint64_t one;

	for (size_t i = 0; i + sizeof one <= list->n; i += sizeof one) {
		memcpy(&one, list->p + i, sizeof one);
		if (one == number)
			return true;
	}
	return false;
}

/* Files before job->id go; those in the job's list were damaged and only change their names. */
static void
job_trim(struct mill *m, struct mill_job *job)
{
	uint64_t *list = NULL;
	struct why why = { "" };
	size_t n = 0;
	enum err rc;

	rc = journal_list(m->dirfd, &list, &n, &why);
	for (size_t i = 0; i < n && rc == OK && list[i] < job->id; i++) {
		char name[JOURNAL_NAME_BYTES], aside[JOURNAL_NAME_BYTES];

		if (!list_holds(&job->bytes, list[i]))
			continue;
		journal_name(name, list[i]);
		(void)snprintf(aside, sizeof aside, "journal/%016" PRIx64 ".damaged", list[i]);
		rc = file_rename(m->dirfd, name, m->dirfd, aside, &why);
		list[i] = 0;
	}
	if (rc == OK && job->note.n > 0)
		rc = file_replace(m->dirfd, PLACES_NAME, buf_span(&job->note), &why);
	if (rc == OK) {
		lock_take(&m->manifest_lock);
		rc = manifest_trim(m->manifest, job->id, &why);
		lock_give(&m->manifest_lock);
	}
	for (size_t i = 0; i < n && rc == OK && list[i] < job->id; i++) {
		char name[JOURNAL_NAME_BYTES];

		journal_name(name, list[i]);
		if (list[i] != 0)
			rc = file_unlink(m->dirfd, name, &why);
	}
	free(list);
	job_fail(job, rc, &why);
}

static void
job_hold(struct mill *m, struct mill_job *job)
{
	struct cur in = cur_of(buf_span(&job->bytes));
	bool begins = cur_u8(&in) == HOLD_BEGINS;
	struct why why = { "" };
	struct pin hold;
	enum err rc;

	pin_get(&in, &hold);
	must(cur_done(&in));
	lock_take(&m->manifest_lock);
	rc = begins ? manifest_hold_begin(m->manifest, &hold, &why) :
	    manifest_hold_end(m->manifest, &hold, &why);
	lock_give(&m->manifest_lock);
	job_fail(job, rc, &why);
}

typedef void work_fn(struct mill *m, struct mill_job *job);

static work_fn *const work[JOB_TYPE_END] = {
	[JOB_ROWS] = job_rows, [JOB_LEAF] = job_leaf, [JOB_TREE] = job_tree,
	[JOB_SEGMENT] = job_segment, [JOB_CHECKPOINT] = job_checkpoint, [JOB_REKEY] = job_rekey,
	[JOB_DROP] = job_drop, [JOB_TRIM] = job_trim, [JOB_REPLACE] = job_replace,
	[JOB_REMOVE] = job_remove, [JOB_HOLD] = job_hold,
};

/* ---- the thread ---- */

static void
tell(const struct mill *m)
{
	uint64_t one = 1;

	if (m->wake_fd >= 0)
		(void)!write(m->wake_fd, &one, sizeof one);
}

/* One job, with the lock held at entry and exit. */
static void
run_one(struct mill *m)
{
	struct mill_job *job = m->first;
	bool wake;

	m->first = job->next;
	if (m->first == NULL)
		m->last = &m->first;
	m->busy = true;
	lock_give(&m->lock);
	work[job->type](m, job);
	lock_take(&m->lock);

	m->busy = false;
	m->queued_bytes -= job->cost;
	wake = job->type >= JOB_SEGMENT;
	if (m->crowded && m->queued_bytes < m->limit_bytes / 2) {
		m->crowded = false;
		wake = true;
	}
	job->next = NULL;
	*m->done_last = job;
	m->done_last = &job->next;
	if (m->first == NULL)
		wake_all(&m->idle);
	if (wake)
		tell(m);
}

static void
mill_run(void *arg)
{
	struct mill *m = arg;

	m->note->tid = gettid();
	lock_take(&m->lock);
	for (;;) {
		if (m->first != NULL)
			run_one(m);
		else if (m->stop)
			break;
		else
			wake_wait(&m->work, &m->lock);
	}
	lock_give(&m->lock);
}

enum err
mill_open(struct mill **ret_mill, const struct mill_conf *conf, struct why *why)
{
	struct mill *m = xcalloc(1, sizeof *m);
	enum err rc;

	m->dirfd = conf->dirfd;
	m->wake_fd = conf->wake_fd;
	m->limit_bytes = conf->limit_bytes;
	m->note = conf->note;
	m->seal = conf->seal;
	m->manifest = conf->manifest;
	m->last = &m->first;
	m->done_last = &m->done;
	lock_init(&m->lock);
	lock_init(&m->manifest_lock);
	wake_init(&m->work);
	wake_init(&m->idle);
	rc = thread_start(&m->thread, "mill", mill_run, m, why);
	if (rc != OK) {
		m->seal = NULL;
		m->manifest = NULL;
		mill_close(&m);
		return rc;
	}
	*ret_mill = m;
	return OK;
}

void
mill_close(struct mill **mill)
{
	struct mill *m = *mill;
	struct mill_job *job;

	if (m == NULL)
		return;
	lock_take(&m->lock);
	m->stop = true;
	wake_all(&m->work);
	lock_give(&m->lock);
	thread_join(&m->thread);
	for (job = mill_done(m); job != NULL;) {
		struct mill_job *next = job->next;

		mill_job_free(&job);
		job = next;
	}
	seal_close(&m->seal);
	manifest_close(&m->manifest);
	wake_done(&m->work);
	wake_done(&m->idle);
	lock_done(&m->lock);
	lock_done(&m->manifest_lock);
	free(m);
	*mill = NULL;
}

/* ---- the queue ---- */

struct mill_job *
mill_job_new(enum job_type type, void *owner)
{
	struct mill_job *job = xcalloc(1, sizeof *job);

	job->type = (uint8_t)type;
	job->owner = owner;
	return job;
}

void
mill_job_free(struct mill_job **job)
{
	if (*job == NULL)
		return;
	buf_done(&(*job)->bytes);
	buf_done(&(*job)->note);
	free((*job)->why);
	free(*job);
	*job = NULL;
}

void
mill_push(struct mill *m, struct mill_job *job)
{
	must(job->type < JOB_TYPE_END);
	job->next = NULL;
	lock_take(&m->lock);
	*m->last = job;
	m->last = &job->next;
	m->queued_bytes += job->cost;
	wake_one(&m->work);
	lock_give(&m->lock);
}

void
mill_push_first(struct mill *m, struct mill_job *job)
{
	must(job->type < JOB_TYPE_END);
	lock_take(&m->lock);
	job->next = m->first;
	m->first = job;
	if (job->next == NULL)
		m->last = &job->next;
	m->queued_bytes += job->cost;
	wake_one(&m->work);
	lock_give(&m->lock);
}

struct mill_job *
mill_done(struct mill *m)
{
	struct mill_job *done;

	lock_take(&m->lock);
	done = m->done;
	m->done = NULL;
	m->done_last = &m->done;
	lock_give(&m->lock);
	return done;
}

bool
mill_crowded(struct mill *m)
{
	bool crowded;

	lock_take(&m->lock);
	crowded = m->queued_bytes > m->limit_bytes;
	m->crowded |= crowded;
	lock_give(&m->lock);
	return crowded;
}

void
mill_wait(struct mill *m)
{
	lock_take(&m->lock);
	while (m->first != NULL || m->busy)
		wake_wait(&m->idle, &m->lock);
	lock_give(&m->lock);
}

struct manifest *
mill_manifest_take(struct mill *m)
{
	lock_take(&m->manifest_lock);
	return m->manifest;
}

void
mill_manifest_give(struct mill *m)
{
	lock_give(&m->manifest_lock);
}
