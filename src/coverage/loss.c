/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of the doors, as heartbeats sealed them (seal.md section 3), by step; and the times
 * without heartbeats. A counter that is smaller than before began anew with its role.
 */
#include "coverage/coverage_int.h"

#include "base/buf.h"
#include "model/checkpoint.h"
#include "model/leaf.h"
#include "model/note.h"
#include "store/tiles.h"

/* A heartbeat comes every minute; without one for so long the desk did not run. */
static const int64_t outage_ns = INT64_C(180000000000);

enum { LOSSES_MAX = LEAF_COUNTERS_MAX };

/* Which counters speak of rows, and what they say. */
static const struct kind {
	const char *name;
	uint8_t grade;			/* enum coverage_grade */
} kinds[] = {
	{ "kernel_drops", COVERAGE_LOST }, { "bytes_lost", COVERAGE_LOST },
	{ "batches_refused", COVERAGE_REFUSED }, { "connections_refused", COVERAGE_REFUSED },
	{ "requests_failed", COVERAGE_REFUSED }, { "requests_unauthorised", COVERAGE_REFUSED },
	{ "bodies_refused", COVERAGE_REFUSED }, { "handshakes_failed", COVERAGE_REFUSED },
	{ "files_refused", COVERAGE_REFUSED },
	{ "records_cut", COVERAGE_CUT }, { "lines_cut", COVERAGE_CUT },
	{ "frames_bad", COVERAGE_ODD }, { "requests_bad", COVERAGE_ODD },
	{ "records_empty", COVERAGE_ODD },
};

struct counter {
	struct span full;		/* "intake.udp.kernel_drops"; nothing: not one of ours */
	uint64_t last;
	struct coverage_loss loss;
	uint64_t *step;
};

struct losses {
	struct coverage_result *r;
	const struct coverage_ask *ask;
	struct arena *arena;
	struct counter *counter;
	uint32_t n;
	int64_t beat_ns;		/* the heartbeat before; 0: none */
	struct coverage_outage *outage;
};

/* ---- names ---- */

/* "intake.LISTENER.NAME", "collector.NAME": door and name. False: says nothing of rows. */
static bool
name_read(struct span full, struct coverage_loss *ret)
{
	size_t dot = full.n, first = 0;

	while (dot > 0 && full.p[dot - 1] != '.')
		dot--;
	while (first < full.n && full.p[first] != '.')
		first++;
	if (dot == 0)
		return false;
	ret->name = span_sub(full, dot, full.n);
	ret->door = first + 1 < dot ? span_sub(full, first + 1, dot - 1) :
	    span_sub(full, 0, first);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_is(ret->name, kinds[i].name)) {
			ret->grade = kinds[i].grade;
			return true;
		}
	return false;
}

static struct counter *
counter_find(struct losses *l, struct span full)
{
	struct counter *c;
	struct coverage_loss loss;

	for (uint32_t i = 0; i < l->n; i++)
		if (span_eq(l->counter[i].full, full))
			return &l->counter[i];
	if (!name_read(full, &loss) || l->n == LOSSES_MAX)
		return NULL;
	c = &l->counter[l->n++];
	*c = (struct counter){ .full = arena_dup(l->arena, full) };
	(void)name_read(c->full, &c->loss);
	c->step = arena_zalloc(l->arena, l->r->nstep, sizeof *c->step);
	return c;
}

/* ---- heartbeats ---- */

static void
outage_take(struct losses *l, int64_t from_ns, int64_t to_ns)
{
	struct coverage_result *r = l->r;

	if (to_ns - from_ns <= outage_ns || to_ns <= r->period.from_ns ||
	    from_ns >= r->period.to_ns)
		return;
	if (r->noutage < COVERAGE_OUTAGES)
		l->outage[r->noutage] = (struct coverage_outage){ from_ns, to_ns };
	r->noutage++;
}

/* What was counted since the heartbeat before belongs to this one's step. */
static void
heartbeat_take(struct losses *l, const struct leaf *leaf)
{
	const struct leaf_heartbeat *beat = &leaf->u.heartbeat;
	bool counts = in_period(l->r, leaf->time_ns);

	for (uint32_t i = 0; i < beat->ncounter; i++) {
		struct counter *c = counter_find(l, beat->counter[i].name);
		uint64_t value = beat->counter[i].value, more;

		if (c == NULL)
			continue;
		more = value >= c->last ? value - c->last : value;
		if (counts && more > 0) {
			c->step[step_of(l->r, leaf->time_ns)] += more;
			c->loss.total += more;
		}
		c->last = value;
	}
	if (l->beat_ns > 0)
		outage_take(l, l->beat_ns, leaf->time_ns);
	else if (in_period(l->r, leaf->time_ns))
		outage_take(l, l->r->period.from_ns, leaf->time_ns);
	if (in_period(l->r, leaf->time_ns))
		l->r->counted_to_ns = leaf->time_ns;
	l->beat_ns = leaf->time_ns;
}

/* Heartbeats of one bundle; *ret_end: the period is over. */
static enum err
bundle_take(struct losses *l, struct span rest, uint64_t most, struct arena *scratch,
    bool *ret_end, struct why *why)
{
	struct span entry;
	struct leaf leaf;
	enum err rc = OK;

	for (uint64_t i = 0; i < most && !*ret_end; i++) {
		rc = tlog_bundle_next(&rest, &entry);
		if (rc != OK)
			return rc == ERR_MORE ? OK : why_set(why, rc, "a bundle of entries is "
			    "broken");
		rc = leaf_peek(&leaf, entry, why);
		if (rc != OK)
			return rc;
		if (leaf.type != LEAF_HEARTBEAT)
			continue;
		rc = leaf_decode(&leaf, entry, scratch, why);
		if (rc != OK)
			return rc;
		heartbeat_take(l, &leaf);
		*ret_end = leaf.time_ns >= l->r->period.to_ns;
	}
	return OK;
}

/* ---- the tree ---- */

/* The first bundle that may matter: its first entry is older than an hour before the period. */
static enum err
bundle_first(struct tiles *tiles, uint64_t size, int64_t from_ns, uint64_t *ret, struct why *why)
{
	uint64_t low = 0, high = (size + TLOG_TILE - 1) / TLOG_TILE;
	struct buf bundle = { 0 };
	enum err rc = OK;

	while (low + 1 < high && rc == OK) {
		uint64_t middle = low + (high - low) / 2;
		struct span entry;
		struct leaf leaf = { 0 };

		bundle.n = 0;
		rc = tiles_entry(tiles, middle * TLOG_TILE, size, &bundle, &entry, why);
		if (rc == OK)
			rc = leaf_peek(&leaf, entry, why);
		if (leaf.time_ns < from_ns - INT64_C(3600000000000))
			low = middle;
		else
			high = middle;
	}
	buf_done(&bundle);
	*ret = low;
	return rc;
}

static enum err
tree_walk(struct losses *l, struct tiles *tiles, uint64_t size, struct why *why)
{
	struct arena *scratch = arena_new((size_t)64 << 20);
	struct buf bundle = { 0 };
	uint64_t index = 0;
	bool end = false;
	enum err rc = bundle_first(tiles, size, l->r->period.from_ns, &index, why);

	for (; rc == OK && !end && index * TLOG_TILE < size; index++) {
		char name[TLOG_NAME_BYTES];

		arena_reset(scratch);
		bundle.n = 0;
		rc = tiles_bundle(tiles, index, size, &bundle, name, why);
		if (rc == OK)
			rc = bundle_take(l, buf_span(&bundle), size - index * TLOG_TILE, scratch,
			    &end, why);
		if (rc == OK && l->ask->go_on != NULL && !l->ask->go_on(l->ask->ctx))
			rc = why_set(why, ERR_BUSY, "stopped");
	}
	if (rc == OK && !end && l->beat_ns > 0)
		outage_take(l, l->beat_ns, l->r->period.now_ns < l->r->period.to_ns ?
		    l->r->period.now_ns : l->r->period.to_ns);
	buf_done(&bundle);
	arena_free(&scratch);
	return rc;
}

enum err
losses_count(int dirfd, const struct coverage_ask *ask, struct arena *arena,
    struct coverage_result *result, struct why *why)
{
	struct losses l = { .r = result, .ask = ask, .arena = arena };
	struct checkpoint checkpoint = { .size = 0 };
	struct tiles *tiles = NULL;
	struct buf text = { 0 };
	struct note note;
	struct coverage_loss *all;
	enum err rc = tiles_open(&tiles, dirfd, why);

	l.counter = arena_zalloc(arena, LOSSES_MAX, sizeof *l.counter);
	l.outage = arena_alloc(arena, COVERAGE_OUTAGES * sizeof *l.outage);
	if (rc == OK)
		rc = tiles_note(tiles, &text, why);
	if (rc == OK)
		rc = note_parse(&note, buf_span(&text), why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, note.text, why);
	if (rc == OK)
	if (rc == OK)
		rc = tree_walk(&l, tiles, checkpoint.size, why);
	tiles_close(&tiles);
	buf_done(&text);
	all = arena_alloc(arena, (l.n + 1) * sizeof *all);
	for (uint32_t i = 0; i < l.n; i++) {
		if (l.counter[i].loss.total == 0)
			continue;
		all[result->nloss] = l.counter[i].loss;
		all[result->nloss++].step = l.counter[i].step;
	}
	result->loss = all;
	result->outage = l.outage;
	return rc == ERR_ABSENT ? OK : rc;	/* nothing was sealed yet */
}
