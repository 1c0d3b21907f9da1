/* SPDX-License-Identifier: Apache-2.0 */
/* See upkeep.h. Owns its thread; the segments that it reads stay as they are. */
#include "store/upkeep.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/thread.h"
#include "store/builder.h"
#include "store/cold_int.h"
#include "store/group.h"
#include "store/proof_int.h"
#include "store/segment_int.h"

/* Of the segment under construction; its last segment may take it to twice as much. */
enum { REPACK_BYTES = 64 << 20 };

struct upkeep {
	int dirfd;
	int wake_fd;
	uint8_t store_id[PACK_STORE_ID];
	const uint8_t *store_key;
	struct upkeep_note *note;
	struct thread thread;
	struct lock lock;		/* for all below */
	struct wake work;
	struct upkeep_work *given;
	struct upkeep_work *done;
	bool busy;
	bool stop;
};

static bool
stopped(struct upkeep *u)
{
	bool stop;

	lock_take(&u->lock);
	stop = u->stop;
	lock_give(&u->lock);
	return stop;
}

/* ---- many become one ---- */

static enum err
segments_take(struct upkeep *u, struct upkeep_work *w, struct builder *builder, int day_fd)
{
	enum err rc = OK;

	for (size_t i = 0; i < w->n && rc == OK; i++) {
		struct segment *segment = NULL;

		if (stopped(u))
			return why_set(&w->why, ERR_BUSY, "the store is being closed");
		if (i > 0 && builder_bytes(builder) > REPACK_BYTES) {
			w->n = i;
			break;
		}
		u->note->segment = w->from[i].id;
		rc = segment_open(&segment, day_fd, w->from[i].id, u->store_key, &w->why);
		if (rc == OK)
			rc = builder_segment(builder, segment, 0, &w->why);
		if (rc != OK)
			w->unfit = w->from[i].id;
		segment_free(&segment);
	}
	return rc;
}

/* ---- are they the same rows? ---- */

struct compare {
	struct segment *one;		/* the new segment */
	const int64_t *time;		/* of its rows */
	uint32_t leaf, row;		/* so many of it were met */
	struct redigest was, is;
};

static enum err
leaf_compare(struct compare *c, struct segment *old, const struct segment_leaf *a,
    struct why *why)
{
	const struct segment_leaf *b;
	uint32_t at = 0;
	enum err rc = OK;

	if (c->leaf == segment_leaves(c->one))
		return why_set(why, ERR_PROOF, "a leaf is missing");
	b = segment_leaf(c->one, c->leaf++);
	if (a->tree_index != b->tree_index || a->nframe != b->nframe ||
	    memcmp(a->seed, b->seed, sizeof a->seed) != 0)
		return why_set(why, ERR_PROOF, "a leaf is not what it was");
	for (uint32_t i = 0; i < a->nframe && rc == OK; i++) {
		const struct segment_frame *x = &a->frame[i], *y = &b->frame[i];

		if (x->first_seq != y->first_seq || x->rows != y->rows)
			return why_set(why, ERR_PROOF, "a frame is not what it was");
		rc = redigest_frame(&c->was, old, a, x, a->first_row + at, why);
		if (rc == OK)
			rc = redigest_frame(&c->is, c->one, b, y, b->first_row + at, why);
		if (rc == OK && memcmp(c->was.row, c->is.row, x->rows * sizeof *c->is.row) != 0)
			rc = why_set(why, ERR_PROOF, "a record is not what it was");
		at += x->rows;
	}
	return rc;
}

/* The next segment's rows, leaves and event times are what the new one has next. */
static enum err
segment_compare(struct compare *c, struct segment *old, struct why *why)
{
	uint32_t n = segment_rows(old);
	const int64_t *time;
	enum err rc;

	rc = redigest_load(&c->was, old, why);
	if (rc == OK)
		rc = segment_time(old, &time, why);
	if (rc == OK && (n > segment_rows(c->one) - c->row ||
	    memcmp(time, c->time + c->row, n * sizeof *time) != 0))
		rc = why_set(why, ERR_PROOF, "an event time is not what it was");
	for (uint32_t i = 0; i < segment_leaves(old) && rc == OK; i++)
		rc = leaf_compare(c, old, segment_leaf(old, i), why);
	c->row += n;
	return rc;
}

static enum err
segments_compare(struct upkeep *u, struct upkeep_work *w, struct compare *c, int day_fd)
{
	enum err rc;

	rc = segment_open(&c->one, day_fd, w->id, u->store_key, &w->why);
	if (rc == OK)
		rc = redigest_load(&c->is, c->one, &w->why);
	if (rc == OK)
		rc = segment_time(c->one, &c->time, &w->why);
	for (size_t i = 0; i < w->n && rc == OK; i++) {
		struct segment *old = NULL;

		if (stopped(u))
			return why_set(&w->why, ERR_BUSY, "the store is being closed");
		rc = segment_open(&old, day_fd, w->from[i].id, u->store_key, &w->why);
		if (rc == OK)
			rc = segment_compare(c, old, &w->why);
		if (rc != OK)
			w->unfit = w->from[i].id;
		segment_free(&old);
	}
	if (rc == OK && (c->row != segment_rows(c->one) || c->leaf != segment_leaves(c->one)))
		rc = why_set(&w->why, ERR_PROOF, "it has rows that were not there");
	return rc;
}

/* Old segments go for the new one: only when every row of it has the digest that was sealed. */
static enum err
work_compare(struct upkeep *u, struct upkeep_work *w, int day_fd)
{
	struct compare c = { 0 };
	enum err rc;

	redigest_init(&c.was);
	redigest_init(&c.is);
	rc = segments_compare(u, w, &c, day_fd);
	segment_free(&c.one);
	redigest_done(&c.was);
	redigest_done(&c.is);
	return rc;
}

static void
work_undo(const struct upkeep_work *w, int day_fd)
{
	char name[SEGMENT_NAME];

	segment_name(name, w->id, SEGMENT_SEALED);
	(void)file_unlink(day_fd, name, NULL);
	segment_name(name, w->id, SEGMENT_DERIVED);
	(void)file_unlink(day_fd, name, NULL);
}

static void
repack(struct upkeep *u, struct upkeep_work *w)
{
	struct builder_conf conf = { .stream = w->from[0].stream, .class = w->from[0].class,
	    .epoch = w->from[0].epoch, .store_key = u->store_key, .level = w->level };
	struct builder *builder;
	int fd = -1;

	memcpy(conf.store_id, u->store_id, sizeof conf.store_id);
	builder = builder_new(&conf);
	w->rc = segment_folder_open(&fd, u->dirfd, &w->from[0], &w->why);
	if (w->rc == OK)
		w->rc = segments_take(u, w, builder, fd);
	u->note->segment = w->from[0].id;
	if (w->rc == OK)
		w->rc = builder_write(builder, fd, w->id, &w->info, &w->why);
	builder_free(&builder);
	if (w->rc == OK)
		w->rc = work_compare(u, w, fd);
	u->note->segment = 0;
	if (w->rc != OK && fd >= 0)
		work_undo(w, fd);
	file_close(&fd);
}

static void
tend(struct upkeep *u, struct upkeep_work *w)
{
	w->rc = group_tend(u->dirfd, u->store_id, u->store_key, w->from, w->n, &w->why);
}

static void
cold(struct upkeep *u, struct upkeep_work *w)
{
	w->rc = cold_look(u->dirfd, u->store_id, &w->why);
	w->there = w->rc == OK;
	if (w->there && w->n > 0)
		w->rc = cold_move(u->dirfd, w->from, &w->why);
}

/* ---- the thread ---- */

typedef void upkeep_fn(struct upkeep *u, struct upkeep_work *w);

static upkeep_fn *const work[UPKEEP_TYPE_END] = {
	[UPKEEP_REPACK] = repack, [UPKEEP_TEND] = tend, [UPKEEP_COLD] = cold,
};

static void
upkeep_run(void *arg)
{
	struct upkeep *u = arg;
	uint64_t one = 1;

	u->note->tid = gettid();
	thread_background();
	lock_take(&u->lock);
	while (!u->stop) {
		struct upkeep_work *w = u->given;

		if (w == NULL) {
			wake_wait(&u->work, &u->lock);
			continue;
		}
		u->given = NULL;
		lock_give(&u->lock);
		work[w->type](u, w);
		lock_take(&u->lock);
		u->busy = false;
		u->done = w;
		(void)!write(u->wake_fd, &one, sizeof one);
	}
	lock_give(&u->lock);
}

enum err
upkeep_open(struct upkeep **ret_upkeep, const struct upkeep_conf *conf, struct why *why)
{
	struct upkeep *u = xcalloc(1, sizeof *u);
	enum err rc;

	u->dirfd = conf->dirfd;
	u->wake_fd = conf->wake_fd;
	u->store_key = conf->store_key;
	u->note = conf->note;
	memcpy(u->store_id, conf->store_id, sizeof u->store_id);
	lock_init(&u->lock);
	wake_init(&u->work);
	rc = thread_start(&u->thread, "upkeep", upkeep_run, u, why);
	if (rc != OK)
		(void)upkeep_close(&u);
	else
		*ret_upkeep = u;
	return rc;
}

struct upkeep_work *
upkeep_close(struct upkeep **upkeep)
{
	struct upkeep *u = *upkeep;
	struct upkeep_work *left;

	if (u == NULL)
		return NULL;
	lock_take(&u->lock);
	u->stop = true;
	wake_all(&u->work);
	lock_give(&u->lock);
	thread_join(&u->thread);
	left = u->done;
	if (u->given != NULL) {
		left = u->given;
		left->rc = why_set(&left->why, ERR_BUSY, "the store is being closed");
	}
	wake_done(&u->work);
	lock_done(&u->lock);
	free(u);
	*upkeep = NULL;
	return left;
}

void
upkeep_work_free(struct upkeep_work **work_done)
{
	if (*work_done == NULL)
		return;
	free((*work_done)->from);
	free(*work_done);
	*work_done = NULL;
}

void
upkeep_begin(struct upkeep *u, struct upkeep_work *w)
{
	must(w->type < UPKEEP_TYPE_END && (w->type != UPKEEP_REPACK || w->n > 0));
	lock_take(&u->lock);
	must(!u->busy && u->done == NULL);
	u->busy = true;
	u->given = w;
	wake_one(&u->work);
	lock_give(&u->lock);
}

struct upkeep_work *
upkeep_done(struct upkeep *u)
{
	struct upkeep_work *done;

	lock_take(&u->lock);
	done = u->done;
	u->done = NULL;
	lock_give(&u->lock);
	return done;
}
