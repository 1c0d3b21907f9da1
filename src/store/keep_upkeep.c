/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done when there is time, by the thread of upkeep.h. Which segments are repacked, and
 * when: those of closed days (UTC) as they were first written, one group after the other;
 * neighbours of one stream, class, epoch and day become one of at most 65,536 rows. The new files
 * first, then REPLACE in the manifest; the old files go when nobody reads them any more.
 * manifest.md section 4. Groups of filters follow what comes and goes: segment.md section 9. A
 * segment that cannot be read, or that ended two lives, is left as it is; what a legal hold covers
 * is not mixed with what it does not.
 *
 * While a repacking is under way, until its REPLACE is done or given up, nothing is dropped:
 * keep->repacking.
 */
#include "store/keep_int.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"

enum {
	REPACK_MOST = 256,		/* segments that become one, */
	REPACK_LEAVES = LEAF_INDEXES_MAX / 2,	/* and their leaves: one DROP must name them */
	REPACK_LEVEL = 12,
	REPACK_EVERY_S = 3600,
	REPACK_FIRST_S = 600,		/* after the start */
	REPACK_RETRY_S = 600,		/* after an error */
	UNFIT_MOST = 1024,		/* segments that could not be repacked in this life */
	/* A query that was begun before may look for the old files for so long. */
	SUPERSEDED_S = 600,
	TEND_FIRST_S = 120,		/* after the start, */
	TEND_EVERY_S = 600,		/* and at most so often, */
	TEND_NEW = 64,			/* when so many segments came, or some went; */
	TEND_LATER_S = 3000		/* in any case so long after that: files may be gone */
};

/* ---- days and groups ---- */

static int64_t
day_of(int64_t ns)
{
	int64_t day_ns = CIVIL_DAY_S * CIVIL_SECOND_NS;

	return ns >= 0 ? ns / day_ns : -1 - (-1 - ns) / day_ns;
}

/* The first day that is still open: segments of the one before may be written for a while. */
static int64_t
day_open_first(const struct keep *keep)
{
	if (keep->repack_open_days)
		return INT64_MAX;
	return day_of(clock_wall_ns() - keep->conf.segment_age_ns - 60 * SECOND_NS);
}

static bool
alike(const struct segment_info *a, const struct segment_info *b)
{
	return a->stream == b->stream && a->class == b->class && a->epoch == b->epoch &&
	    day_of(a->recv_min_ns) == day_of(b->recv_min_ns);
}

static bool
is_unfit(const struct keep *keep, uint64_t id)
{
	for (size_t i = 0; i < keep->nunfit; i++)
		if (keep->unfit[i] == id)
			return true;
	return keep_suspects(keep, id | NOTE_SEGMENT);
}

static uint64_t
leaves_count(struct span leaves)
{
	struct cur in = cur_of(leaves);

	return cur_varint(&in);
}

/* The segments from index `at` on that go together. The manifest is held. */
static struct upkeep_work *
group_make(struct keep *keep, const struct manifest *m, size_t at)
{
	const struct segment_info *first = manifest_segment(m, at), *last = NULL;
	struct upkeep_work *w = xcalloc(1, sizeof *w);
	uint64_t rows = 0, leaves = 0, pins = keep_pins_of(keep, first);

	w->type = UPKEEP_REPACK;
	w->from = xcalloc(REPACK_MOST, sizeof *w->from);
	for (; at < manifest_count(m) && w->n < REPACK_MOST; at++) {
		const struct segment_info *info = manifest_segment(m, at);

		if (info->stream != first->stream || info->class != first->class)
			continue;
		rows += info->rows;
		leaves += leaves_count(manifest_leaves(m, at));
		/* Neighbours only: their numbers must stay in order. The first goes in any case. */
		if (last != NULL && (info->level > 0 || keep_cold_holds(keep, info->id) ||
		    !alike(first, info) || rows > LIMIT_ROWS || leaves > REPACK_LEAVES ||
		    info->first_seq <= last->last_seq || is_unfit(keep, info->id) ||
		    keep_pins_of(keep, info) != pins))
			break;
		w->from[w->n++] = *info;
		last = info;
	}
	w->id = keep->next_segment++;
	w->level = REPACK_LEVEL;
	return w;
}

static bool
is_due(const struct keep *keep, const struct segment_info *info, int64_t open)
{
	return info->level == 0 && day_of(info->recv_min_ns) < open &&
	    !keep_cold_holds(keep, info->id) && !is_unfit(keep, info->id);
}

/* Begins the next group; false: there is none. */
static bool
repack_next(struct keep *keep)
{
	struct manifest *m = mill_manifest_take(keep->mill);
	int64_t open = day_open_first(keep);
	struct upkeep_work *w = NULL;

	for (size_t i = 0; i < manifest_count(m) && w == NULL && keep->nunfit < UNFIT_MOST; i++) {
		const struct segment_info *info = manifest_segment(m, i);

		if (is_due(keep, info, open))
			w = group_make(keep, m, i);
	}
	mill_manifest_give(keep->mill);
	if (w == NULL)
		return false;
	keep->repacking = true;
	upkeep_begin(keep->upkeep, w);
	return true;
}

/* ---- the new one for the old ones ---- */

/* Tree indexes of its segments, one list: as manifest_leaves. The manifest is held. */
static void
leaves_join(struct buf *out, const struct manifest *m, const struct upkeep_work *w)
{
	struct buf all = { 0 };
	uint64_t last = 0, count = 0;

	for (size_t i = 0; i < manifest_count(m); i++) {
		uint64_t id = manifest_segment(m, i)->id, n, index = 0;
		struct cur in = cur_of(manifest_leaves(m, i));
		size_t k = 0;

		while (k < w->n && w->from[k].id != id)
			k++;
		if (k == w->n)
			continue;
		for (n = cur_varint(&in); n > 0 && !in.bad; n--, count++) {
			index += cur_varint(&in);
			buf_varint(&all, index - last);
			last = index;
		}
	}
	buf_varint(out, count);
	buf_span_put(out, buf_span(&all));
	buf_done(&all);
}

static void
replace_push(struct keep *keep)
{
	struct upkeep_work *w = keep->repacked;
	struct mill_job *job = mill_job_new(JOB_REPLACE, w);
	struct manifest *m = mill_manifest_take(keep->mill);

	leaves_join(&job->note, m, w);
	mill_manifest_give(keep->mill);
	job->info = w->info;
	job->info.level = 1;
	for (size_t i = 0; i < w->n; i++)
		buf_put(&job->bytes, &w->from[i].id, sizeof(uint64_t));
	keep->repacked = NULL;
	mill_push(keep->mill, job);
}

static void
superseded_add(struct keep *keep, const struct segment_info *info)
{
	if (keep->nsuperseded == keep->superseded_cap) {
		keep->superseded_cap = keep->superseded_cap > 0 ? keep->superseded_cap * 2 : 64;
		keep->superseded = xreallocarray(keep->superseded, keep->superseded_cap,
		    sizeof keep->superseded[0]);
	}
	keep->superseded[keep->nsuperseded++] = (struct superseded){ *info,
	    clock_mono_ns() + SUPERSEDED_S * SECOND_NS };
}

/* Files of the first n superseded segments go. */
static void
superseded_remove(struct keep *keep, size_t n)
{
	struct mill_job *job = mill_job_new(JOB_REMOVE, NULL);

	for (size_t i = 0; i < n; i++)
		buf_put(&job->bytes, &keep->superseded[i].info, sizeof(struct segment_info));
	memmove(keep->superseded, keep->superseded + n,
	    (keep->nsuperseded - n) * sizeof keep->superseded[0]);
	keep->nsuperseded -= n;
	mill_push(keep->mill, job);
}

/* Those that nobody looks for any more; all of them when room is wanted. */
static void
superseded_step(struct keep *keep, int64_t now_ns)
{
	size_t n = 0;

	if (now_ns < keep->hold_ns)
		return;
	while (n < keep->nsuperseded && (keep->full || keep->superseded[n].due_ns <= now_ns))
		n++;
	if (n > 0)
		superseded_remove(keep, n);
}

void
keep_replace_done(struct keep *keep, struct mill_job *job)
{
	struct upkeep_work *w = job->owner;

	keep->repacking = false;
	if (job->rc != OK) {
		/* Its files stay until the next start: the disk may have the record after all. */
		keep_alarm(keep, "cannot put repacked segments in place: %s", job->why->text);
		keep->next_repack_ns = clock_mono_ns() + REPACK_RETRY_S * SECOND_NS;
	} else {
		for (size_t i = 0; i < w->n; i++)
			superseded_add(keep, &w->from[i]);
		keep->repacked_n += w->n;
		keep->tally.repacked_segments += w->n;
	}
	upkeep_work_free(&w);
	mill_job_free(&job);
}

void
keep_remove_done(struct keep *keep, struct mill_job *job)
{
	(void)keep;
	mill_job_free(&job);
}

/* ---- groups of filters ---- */

static uint64_t
segments_moved(const struct keep *keep)
{
	const struct tally *t = &keep->tally;

	return t->dropped_segments + t->repacked_segments;
}

static bool
tend_is_due(const struct keep *keep, int64_t now_ns)
{
	return now_ns >= keep->next_tend_ns && (!keep->tended || keep->want_repacked_event ||
	    now_ns >= keep->next_tend_ns + TEND_LATER_S * SECOND_NS ||
	    keep->tally.segments - keep->tended_segments >= TEND_NEW ||
	    segments_moved(keep) != keep->tended_moved);
}

static void
tend_begin(struct keep *keep, int64_t now_ns)
{
	struct upkeep_work *w = xcalloc(1, sizeof *w);
	struct manifest *m = mill_manifest_take(keep->mill);

	w->type = UPKEEP_TEND;
	w->n = manifest_count(m);
	w->from = xcalloc(w->n, sizeof *w->from);
	for (size_t i = 0; i < w->n; i++)
		w->from[i] = *manifest_segment(m, i);
	mill_manifest_give(keep->mill);
	keep->tending = true;
	keep->tended = true;
	keep->tended_segments = keep->tally.segments;
	keep->tended_moved = segments_moved(keep);
	keep->next_tend_ns = now_ns + TEND_EVERY_S * SECOND_NS;
	upkeep_begin(keep->upkeep, w);
}

/* ---- what came of it, what is next ---- */

static void
repack_failed(struct keep *keep, const struct upkeep_work *w, int64_t now_ns)
{
	uint64_t unfit = w->unfit;

	keep->repacking = false;
	keep_alarm(keep, "cannot repack segment %llu: %s",
	    (unsigned long long)(unfit != 0 ? unfit : w->from[0].id), w->why.text);
	if (unfit == 0 && w->rc != ERR_IO && w->rc != ERR_FULL && w->rc != ERR_BUSY)
		unfit = w->from[0].id;
	if (unfit == 0) {
		keep->next_repack_ns = now_ns + REPACK_RETRY_S * SECOND_NS;
		return;
	}
	/* It stays as it is; the others go on without it. */
	keep->unfit = xreallocarray(keep->unfit, keep->nunfit + 1, sizeof keep->unfit[0]);
	keep->unfit[keep->nunfit++] = unfit;
}

static void
work_take(struct keep *keep, struct upkeep_work *w, int64_t now_ns)
{
	if (w->type == UPKEEP_COLD) {
		keep_cold_done(keep, w, now_ns);
	} else if (w->type == UPKEEP_TEND) {
		keep->tending = false;
		if (w->rc != OK)
			keep_alarm(keep, "cannot merge filters: %s", w->why.text);
	} else if (w->rc == OK) {
		keep->repacked = w;
		return;
	} else {
		repack_failed(keep, w, now_ns);
	}
	upkeep_work_free(&w);
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

/* Nothing is at hand: what is to be done now? */
static void
work_begin(struct keep *keep, int64_t now_ns)
{
	if (keep->full || keep->read_only) {
		repacked_event(keep);
		(void)keep_cold_begin(keep, now_ns);	/* it makes room */
		return;
	}
	/* What expires is not repacked first. */
	if (keep->dropping || now_ns < keep->hold_ns || now_ns >= keep->next_expire_ns)
		return;
	if (now_ns >= keep->next_repack_ns) {
		if (repack_next(keep))
			return;
		keep->next_repack_ns = now_ns + REPACK_EVERY_S * SECOND_NS;
		if (keep->repacked_n > 0 || keep->want_repacked_event)
			keep->next_tend_ns = 0;
	}
	if (tend_is_due(keep, now_ns)) {
		tend_begin(keep, now_ns);
	} else {
		repacked_event(keep);
		(void)keep_cold_begin(keep, now_ns);
	}
}

void
keep_upkeep_step(struct keep *keep, int64_t now_ns)
{
	struct upkeep_work *w = upkeep_done(keep->upkeep);

	if (w != NULL)
		work_take(keep, w, now_ns);
	if (keep->repacked != NULL && now_ns >= keep->hold_ns)
		replace_push(keep);
	superseded_step(keep, now_ns);
	if (!keep->repacking && !keep->tending)
		work_begin(keep, now_ns);
}

enum err
keep_upkeep_open(struct keep *keep, struct why *why)
{
	struct upkeep_conf conf = { .dirfd = keep->dirfd, .store_id = keep->store_id,
	    .store_key = keep->conf.store_key, .wake_fd = keep->wake_fd,
	    .note = &keep->note->upkeep };

	keep->next_repack_ns = clock_mono_ns() + REPACK_FIRST_S * SECOND_NS;
	keep->next_tend_ns = clock_mono_ns() + TEND_FIRST_S * SECOND_NS;
	return upkeep_open(&keep->upkeep, &conf, why);
}

void
keep_upkeep_close(struct keep *keep)
{
	struct upkeep_work *w = upkeep_close(&keep->upkeep);
	bool held = clock_mono_ns() < keep->hold_ns;

	if (w != NULL && w->type == UPKEEP_REPACK && w->rc == OK)
		keep->repacked = w;
	else
		upkeep_work_free(&w);
	if (keep->repacked != NULL && !held && keep->mill != NULL) {
		replace_push(keep);
		mill_wait(keep->mill);
		keep_collect(keep);
	}
	/* While held, and after a crash: the next start takes away what no record names. */
	upkeep_work_free(&keep->repacked);
	if (keep->nsuperseded > 0 && !held)
		superseded_remove(keep, keep->nsuperseded);
	keep_cold_close(keep);
	free(keep->superseded);
	free(keep->unfit);
}

void
keep_repack(struct keep *keep, enum keep_repack_days days)
{
	keep->repack_open_days = days == KEEP_REPACK_ALL;
	keep->want_repacked_event = true;
	keep->next_repack_ns = 0;
}

/* Segments that are still to be repacked, those at hand with them. */
static uint64_t
repack_left(struct keep *keep)
{
	const struct manifest *m = mill_manifest_take(keep->mill);
	int64_t open = day_open_first(keep);
	uint64_t n = 0;

	for (size_t i = 0; i < manifest_count(m); i++)
		n += is_due(keep, manifest_segment(m, i), open);
	mill_manifest_give(keep->mill);
	return n;
}

void
keep_progress(struct keep *keep, enum keep_event_type event, int64_t since_ns, struct buf *out)
{
	uint64_t done = keep->repacked_n, left;
	int64_t rest_s;

	if (event != KEEP_REPACKED) {
		buf_str(out, "still working\n");
		return;
	}
	left = repack_left(keep);
	buf_printf(out, "still working: %llu of %llu segments", (unsigned long long)done,
	    (unsigned long long)(done + left));
	rest_s = done > 0 ? (int64_t)((double)since_ns / 1e9 * (double)left / (double)done) : 0;
	if (left == 0)
		buf_str(out, ", filters are being merged");
	else if (rest_s >= 90)
		buf_printf(out, ", about %lld min left", (long long)(rest_s + 30) / 60);
	else if (done > 0)
		buf_printf(out, ", about %lld s left", (long long)rest_s + 1);
	buf_str(out, "\n");
}
