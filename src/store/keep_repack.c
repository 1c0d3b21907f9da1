/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segments are repacked, and when: those of closed days (UTC) as they were first written, one
 * group after the other; neighbours of one stream, class, epoch and day become one of at most
 * 65,536 rows. The new files first, then REPLACE in the manifest, then the old files go.
 * manifest.md section 4.
 */
#include "store/keep_int.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "store/repack.h"

enum {
	REPACK_LEVEL = 12,
	REPACK_EVERY_S = 3600,
	REPACK_FIRST_S = 600,		/* after the start */
	REPACK_RETRY_S = 600,		/* after an error */
};

static int64_t
day_of(int64_t ns)
{
	int64_t day_ns = CIVIL_DAY_S * CIVIL_SECOND_NS;

	return ns >= 0 ? ns / day_ns : -1 - (-1 - ns) / day_ns;
}

static bool
alike(const struct segment_info *a, const struct segment_info *b)
{
	return a->stream == b->stream && a->class == b->class && a->epoch == b->epoch &&
	    day_of(a->recv_min_ns) == day_of(b->recv_min_ns);
}

/* Its leaves behind those of the work: varint differences, the last index in *last. */
static uint32_t
leaves_add(struct buf *out, struct span leaves, uint64_t *last)
{
	struct cur in = cur_of(leaves);
	uint64_t n = cur_varint(&in), index = 0;
	uint32_t added = 0;

	for (; n > 0 && !in.bad; n--) {
		index += cur_varint(&in);
		buf_varint(out, index - *last);
		*last = index;
		added++;
	}
	return added;
}

/* The segments from index `at` on that go together. The manifest is held. */
static struct repack_work *
group_make(struct keep *keep, const struct manifest *m, size_t at)
{
	const struct segment_info *first = manifest_segment(m, at);
	struct repack_work *w = xcalloc(1, sizeof *w);
	struct buf leaves = { 0 };
	uint64_t last = 0, rows = 0;
	uint32_t n = 0;

	for (; at < manifest_count(m) && w->n < REPACK_MOST; at++) {
		const struct segment_info *info = manifest_segment(m, at);

		if (info->stream != first->stream || info->class != first->class)
			continue;
		/* Neighbours only: their numbers must stay in order. */
		if (info->level > 0 || !alike(first, info) || rows + info->rows > LIMIT_ROWS)
			break;
		rows += info->rows;
		n += leaves_add(&leaves, manifest_leaves(m, at), &last);
		w->from[w->n++] = *info;
	}
	buf_varint(&w->leaves, n);
	buf_span_put(&w->leaves, buf_span(&leaves));
	buf_done(&leaves);
	w->id = keep->next_segment++;
	w->level = REPACK_LEVEL;
	return w;
}

static void
work_free(struct repack_work *w)
{
	buf_done(&w->leaves);
	free(w);
}

static void
repacked_event(struct keep *keep)
{
	struct keep_event e = { .rows = (uint32_t)keep->repacked_n };

	if (keep->want_repacked_event)
		keep_tell(keep, KEEP_REPACKED, (struct span){ NULL, 0 }, &e);
	keep->want_repacked_event = false;
	keep->repack_open_days = false;
	keep->repacked_n = 0;
}

/* Begins the next group; false: there is none. */
static bool
repack_next(struct keep *keep)
{
	struct manifest *m = mill_manifest_take(keep->mill);
	int64_t today = keep->repack_open_days ? INT64_MAX : day_of(clock_wall_ns());
	struct repack_work *w = NULL;

	for (size_t i = 0; i < manifest_count(m) && w == NULL; i++) {
		const struct segment_info *info = manifest_segment(m, i);

		if (info->level == 0 && day_of(info->recv_min_ns) < today)
			w = group_make(keep, m, i);
	}
	mill_manifest_give(keep->mill);
	if (w == NULL)
		return false;
	keep->repacking = true;
	repack_begin(keep->repack, w);
	return true;
}

/* The new segment is written: it takes the others' place. */
static void
replace_push(struct keep *keep, struct repack_work *w)
{
	struct mill_job *job = mill_job_new(JOB_REPLACE, w);

	job->info = w->info;
	job->info.level = 1;
	job->id = w->n;
	for (size_t i = 0; i < w->n; i++)
		buf_put(&job->bytes, &w->from[i].id, sizeof(uint64_t));
	buf_span_put(&job->note, buf_span(&w->leaves));
	mill_push(keep->mill, job);
}

void
keep_replace_done(struct keep *keep, struct mill_job *job)
{
	struct repack_work *w = job->owner;

	keep->repacking = false;
	if (job->rc != OK) {
		keep_alarm(keep, "cannot put repacked segments in place: %s", job->why->text);
		keep->next_repack_ns = clock_mono_ns() + REPACK_RETRY_S * SECOND_NS;
		repacked_event(keep);
	} else {
		keep->repacked_n += w->n;
		keep->tally.repacked_segments += w->n;
	}
	work_free(w);
	mill_job_free(&job);
}

void
keep_repack_step(struct keep *keep, int64_t now_ns)
{
	struct repack_work *w = repack_done(keep->repack);

	if (w != NULL && w->rc == OK) {
		replace_push(keep, w);
	} else if (w != NULL) {
		keep_alarm(keep, "cannot repack segment %llu: %s",
		    (unsigned long long)w->from[0].id, w->why.text);
		work_free(w);
		keep->repacking = false;
		keep->next_repack_ns = now_ns + REPACK_RETRY_S * SECOND_NS;
		repacked_event(keep);
	}
	if (keep->repacking || keep->dropping || keep->full || keep->read_only ||
	    now_ns < keep->next_repack_ns || now_ns < keep->hold_ns ||
	    now_ns >= keep->next_expire_ns)	/* what expires is not repacked first */
		return;
	if (!repack_next(keep)) {
		keep->next_repack_ns = now_ns + REPACK_EVERY_S * SECOND_NS;
		repacked_event(keep);
	}
}

enum err
keep_repack_open(struct keep *keep, struct why *why)
{
	struct repack_conf conf = { .dirfd = keep->dirfd, .store_id = keep->store_id,
	    .store_key = keep->conf.store_key, .wake_fd = keep->wake_fd };

	keep->next_repack_ns = clock_mono_ns() + REPACK_FIRST_S * SECOND_NS;
	return repack_open(&keep->repack, &conf, why);
}

void
keep_repack_close(struct keep *keep)
{
	struct repack_work *w = repack_close(&keep->repack);

	if (w != NULL && w->rc == OK)
		replace_push(keep, w);
	else if (w != NULL)
		work_free(w);
}

void
keep_repack(struct keep *keep, enum keep_repack_days days)
{
	keep->repack_open_days = days == KEEP_REPACK_ALL;
	keep->want_repacked_event = true;
	keep->next_repack_ns = 0;
}
