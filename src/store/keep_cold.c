/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which segments are in the cold folder, and which go there: those of closed days, one by one, by
 * the thread of upkeep.h, while nothing is dropped (keep->repacking) and nothing held. A folder
 * that is not there holds nothing up but this, and the expiry of what is in it. cold.h, segment.md
 * section 11.
 */
#include "store/keep_int.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "store/cold.h"
#include "store/upkeep.h"

enum {
	COLD_FIRST_S = 900,		/* after the start: repacking comes first */
	COLD_EVERY_S = 3600,
	COLD_RETRY_S = 600,		/* when the folder is not there, or full */
	COLD_LOOK_S = 600,
	COLD_FAILURES = 3		/* so many in a row are enough for one round */
};

#define DAY_NS	(CIVIL_DAY_S * CIVIL_SECOND_NS)

/* ---- which are there ---- */

static int
id_cmp(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The place of the first that is not below id. */
static size_t
id_place(const struct keep_cold *c, uint64_t id)
{
	size_t low = 0, high = c->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->id[middle] < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool
keep_cold_holds(const struct keep *keep, uint64_t id)
{
	size_t at = id_place(&keep->cold, id);

	return at < keep->cold.n && keep->cold.id[at] == id;
}

bool
keep_cold_away(const struct keep *keep, uint64_t id)
{
	return !keep->cold.there && keep_cold_holds(keep, id);
}

static void
id_add(struct keep_cold *c, uint64_t id)
{
	size_t at = id_place(c, id);

	if (at < c->n && c->id[at] == id)
		return;
	if (c->n == c->cap) {
		c->cap = c->cap > 0 ? c->cap * 2 : 64;
		c->id = xreallocarray(c->id, c->cap, sizeof *c->id);
	}
	memmove(c->id + at + 1, c->id + at, (c->n - at) * sizeof *c->id);
	c->id[at] = id;
	c->n++;
}

void
keep_cold_forget(struct keep *keep, struct span ids)
{
	struct keep_cold *c = &keep->cold;
	uint64_t id;

	for (size_t i = 0; i + sizeof id <= ids.n; i += sizeof id) {
		size_t at;

		memcpy(&id, ids.p + i, sizeof id);
		at = id_place(c, id);
		if (at == c->n || c->id[at] != id)
			continue;
		c->n--;
		memmove(c->id + at, c->id + at + 1, (c->n - at) * sizeof *c->id);
	}
}

void
keep_cold_open(struct keep *keep, const struct manifest *m, uint64_t *own, size_t n)
{
	char path[COLD_PATH];

	keep->cold.next_ns = clock_mono_ns() + COLD_FIRST_S * SECOND_NS;
	if (cold_path(path, keep->dirfd, NULL) != OK)
		return;
	if (n > 1)
		qsort(own, n, sizeof *own, id_cmp);
	for (size_t i = 0; i < manifest_count(m); i++) {
		uint64_t id = manifest_segment(m, i)->id;

		if (n == 0 || bsearch(&id, own, n, sizeof *own, id_cmp) == NULL)
			id_add(&keep->cold, id);
	}
}

void
keep_cold_close(struct keep *keep)
{
	free(keep->cold.id);
	keep->cold = (struct keep_cold){ 0 };
}

/* ---- which go there ---- */

/* The place in the manifest of the first segment that is not below id. The manifest is held. */
static size_t
manifest_place(const struct manifest *m, uint64_t id)
{
	size_t low = 0, high = manifest_count(m);

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (manifest_segment(m, middle)->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What is not repacked gets a day more: each look of that thread's comes before. */
static bool
is_due(const struct keep *keep, const struct segment_info *info, int64_t old_ns)
{
	if (keep_cold_holds(keep, info->id))
		return false;
	return keep->cold.all ||
	    info->recv_max_ns < (info->level > 0 ? old_ns : old_ns - DAY_NS);
}

/* The next one that is to move, or NULL. */
static struct upkeep_work *
move_next(struct keep *keep)
{
	struct keep_cold *c = &keep->cold;
	struct upkeep_work *w = NULL;
	struct manifest *m;
	int64_t old_ns;

	if (!c->all && keep->conf.cold_after_days == 0)
		return NULL;
	old_ns = keep_clock_ns(keep) - (int64_t)keep->conf.cold_after_days * DAY_NS;
	m = mill_manifest_take(keep->mill);
	for (size_t i = manifest_place(m, c->next_id); i < manifest_count(m) && w == NULL; i++) {
		const struct segment_info *info = manifest_segment(m, i);

		c->next_id = info->id + 1;
		if (!is_due(keep, info, old_ns))
			continue;
		w = xcalloc(1, sizeof *w);
		w->from = xmemdup(info, sizeof *info);
		w->n = 1;
	}
	mill_manifest_give(keep->mill);
	return w;
}

static void
round_end(struct keep *keep, int64_t next_ns)
{
	struct keep_cold *c = &keep->cold;
	struct keep_event e = { .rows = (uint32_t)c->moved };

	if (c->want_event)
		keep_tell(keep, KEEP_COOLED, span_str(c->trouble.text), &e);
	c->want_event = c->all = false;
	c->moved = c->failed = 0;
	c->trouble.text[0] = '\0';
	c->next_ns = next_ns;
}

bool
keep_cold_begin(struct keep *keep, int64_t now_ns)
{
	struct keep_cold *c = &keep->cold;
	struct upkeep_work *w = NULL;

	if (keep->read_only || keep->dropping || now_ns < keep->hold_ns)
		return false;
	if (now_ns >= c->next_ns) {
		w = move_next(keep);
		if (w == NULL) {
			c->next_id = 0;
			round_end(keep, now_ns + COLD_EVERY_S * SECOND_NS);
		}
	}
	if (w == NULL && now_ns >= c->next_look_ns &&
	    (c->n > 0 || keep->conf.cold_after_days > 0))
		w = xcalloc(1, sizeof *w);
	if (w == NULL)
		return false;
	w->type = UPKEEP_COLD;
	keep->repacking = true;
	upkeep_begin(keep->upkeep, w);
	return true;
}

/* ---- what came of it ---- */

static void
there_set(struct keep *keep, const struct upkeep_work *w)
{
	struct keep_cold *c = &keep->cold;

	if (w->there && !c->there && c->n > 0)
		keep->next_expire_ns = 0;	/* what had to wait for it */
	if (w->there && c->told)
		keep_alarm(keep, "the cold folder is there again");
	if (!w->there && !c->told)
		keep_alarm(keep, "%zu segments cannot be read and none can move: %s", c->n,
		    w->why.text);
	c->there = w->there;
	c->told = !w->there;
}

void
keep_cold_done(struct keep *keep, const struct upkeep_work *w, int64_t now_ns)
{
	struct keep_cold *c = &keep->cold;

	keep->repacking = false;
	c->next_look_ns = now_ns + COLD_LOOK_S * SECOND_NS;
	there_set(keep, w);
	if (w->n == 0)
		return;
	if (w->rc == OK) {
		c->failed = 0;
		id_add(c, w->from->id);
		c->moved++;
		keep->tally.moved_segments++;
		return;
	}
	c->trouble = w->why;
	if (w->there)
		keep_alarm(keep, "cannot move segment %016" PRIx64 " to the cold folder: %s",
		    w->from->id, w->why.text);
	/* What is wrong with one segment need not be with the next; with the folder it is. */
	if (!w->there || w->rc == ERR_FULL)
		c->next_id = w->from->id;
	else if (++c->failed < COLD_FAILURES)
		return;
	round_end(keep, now_ns + COLD_RETRY_S * SECOND_NS);
}

void
keep_cool(struct keep *keep, enum keep_repack_days days)
{
	struct keep_cold *c = &keep->cold;

	c->all = days == KEEP_REPACK_ALL;
	c->want_event = true;
	c->next_id = c->moved = 0;
	c->next_ns = 0;
}
