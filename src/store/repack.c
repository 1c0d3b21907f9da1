/* SPDX-License-Identifier: Apache-2.0 */
/* See repack.h. Owns its thread; the segments that it reads stay as they are. */
#include "store/repack.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/thread.h"
#include "store/builder.h"
#include "store/segment_int.h"

struct repack {
	int dirfd;
	int wake_fd;
	uint8_t store_id[PACK_STORE_ID];
	const uint8_t *store_key;
	struct thread thread;
	struct lock lock;		/* for all below */
	struct wake work;
	struct repack_work *given;
	struct repack_work *done;
	bool busy;
	bool stop;
};

static bool
stopped(struct repack *r)
{
	bool stop;

	lock_take(&r->lock);
	stop = r->stop;
	lock_give(&r->lock);
	return stop;
}

static enum err
segments_take(struct repack *r, struct builder *builder, const struct repack_work *w, int day_fd,
    struct why *why)
{
	enum err rc = OK;

	for (size_t i = 0; i < w->n && rc == OK; i++) {
		struct segment *segment = NULL;

		if (stopped(r))
			return why_set(why, ERR_BUSY, "the store is being closed");
		rc = segment_open(&segment, day_fd, w->from[i].id, r->store_key, why);
		if (rc == OK)
			rc = builder_segment(builder, segment, 0, why);
		segment_free(&segment);
	}
	return rc;
}

static void
work_do(struct repack *r, struct repack_work *w)
{
	struct builder_conf conf = { .stream = w->from[0].stream, .class = w->from[0].class,
	    .epoch = w->from[0].epoch, .store_key = r->store_key, .level = w->level };
	struct builder *builder;
	int fd = -1;

	memcpy(conf.store_id, r->store_id, sizeof conf.store_id);
	builder = builder_new(&conf);
	w->rc = segment_folder_open(&fd, r->dirfd, &w->from[0], &w->why);
	if (w->rc == OK)
		w->rc = segments_take(r, builder, w, fd, &w->why);
	if (w->rc == OK)
		w->rc = builder_write(builder, fd, w->id, &w->info, &w->why);
	file_close(&fd);
	builder_free(&builder);
}

static void
repack_run(void *arg)
{
	struct repack *r = arg;
	uint64_t one = 1;

	lock_take(&r->lock);
	while (!r->stop) {
		struct repack_work *w = r->given;

		if (w == NULL) {
			wake_wait(&r->work, &r->lock);
			continue;
		}
		r->given = NULL;
		lock_give(&r->lock);
		work_do(r, w);
		lock_take(&r->lock);
		r->busy = false;
		r->done = w;
		(void)!write(r->wake_fd, &one, sizeof one);
	}
	lock_give(&r->lock);
}

enum err
repack_open(struct repack **ret_repack, const struct repack_conf *conf, struct why *why)
{
	struct repack *r = xcalloc(1, sizeof *r);
	enum err rc;

	r->dirfd = conf->dirfd;
	r->wake_fd = conf->wake_fd;
	r->store_key = conf->store_key;
	memcpy(r->store_id, conf->store_id, sizeof r->store_id);
	lock_init(&r->lock);
	wake_init(&r->work);
	rc = thread_start(&r->thread, "repack", repack_run, r, why);
	if (rc != OK)
		(void)repack_close(&r);
	else
		*ret_repack = r;
	return rc;
}

struct repack_work *
repack_close(struct repack **repack)
{
	struct repack *r = *repack;
	struct repack_work *left;

	if (r == NULL)
		return NULL;
	lock_take(&r->lock);
	r->stop = true;
	wake_all(&r->work);
	lock_give(&r->lock);
	thread_join(&r->thread);
	left = r->done;
	if (r->given != NULL) {
		left = r->given;
		left->rc = why_set(&left->why, ERR_BUSY, "the store is being closed");
	}
	wake_done(&r->work);
	lock_done(&r->lock);
	free(r);
	*repack = NULL;
	return left;
}

void
repack_begin(struct repack *r, struct repack_work *work)
{
	must(work->n > 0 && work->n <= REPACK_MOST);
	lock_take(&r->lock);
	must(!r->busy && r->done == NULL);
	r->busy = true;
	r->given = work;
	wake_one(&r->work);
	lock_give(&r->lock);
}

struct repack_work *
repack_done(struct repack *r)
{
	struct repack_work *done;

	lock_take(&r->lock);
	done = r->done;
	r->done = NULL;
	lock_give(&r->lock);
	return done;
}
