/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters of the doors, as heartbeats sealed them (seal.md section 3), by step; the times without
 * heartbeats, and the numbers that rows were given.
 *
 * A counter begins anew with its process, or its socket. That is known by its mark, a number among
 * the counters that is another one then; where there is none, by its being smaller than before.
 */
#include "coverage/coverage_int.h"

#include "base/buf.h"
#include "base/civil.h"
#include "model/checkpoint.h"
#include "model/leaf.h"
#include "model/note.h"
#include "store/tiles.h"

enum { LOSSES_MAX = LEAF_COUNTERS_MAX };

enum { KIND_MARK = 0xff };		/* as a grade: says when the others begin anew */

/* Which counters speak of rows, and what they say. */
static const struct kind {
	const char *name;
	uint8_t grade;			/* enum coverage_grade, or KIND_MARK */
	uint8_t unit;			/* enum coverage_unit */
	bool of_socket;			/* begins anew with the socket, not with the process */
} kinds[] = {
	{ "kernel_drops", COVERAGE_LOST, COVERAGE_RECORDS, true },
	{ "rows_lost", COVERAGE_LOST, COVERAGE_RECORDS, false },
	{ "rows_set_aside", COVERAGE_LOST, COVERAGE_RECORDS, false },
	{ "bytes_lost", COVERAGE_LOST, COVERAGE_OCTETS, false },
	{ "rows_refused", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "batches_refused", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "connections_refused", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "requests_failed", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "requests_unauthorised", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "bodies_refused", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "handshakes_failed", COVERAGE_REFUSED, COVERAGE_RECORDS, false },
	{ "files_refused", COVERAGE_REFUSED, COVERAGE_THINGS, false },
	{ "records_cut", COVERAGE_CUT, COVERAGE_RECORDS, false },
	{ "lines_cut", COVERAGE_CUT, COVERAGE_RECORDS, false },
	{ "frames_bad", COVERAGE_ODD, COVERAGE_RECORDS, false },
	{ "requests_bad", COVERAGE_ODD, COVERAGE_RECORDS, false },
	{ "records_empty", COVERAGE_ODD, COVERAGE_RECORDS, false },
	{ "records_split", COVERAGE_ODD, COVERAGE_RECORDS, false },
	{ "records_ordered", COVERAGE_ORDERED, COVERAGE_RECORDS, false },
	{ "began", KIND_MARK, COVERAGE_RECORDS, false },
	{ "socket", KIND_MARK, COVERAGE_RECORDS, true },
};

struct counter {
	struct span full;		/* "intake.udp.kernel_drops" */
	const struct kind *kind;
	uint64_t last;
	struct counter *mark;		/* its mark, once there is one */
	struct coverage_loss loss;
	uint64_t *step;
};

/* What stands at a place of a heartbeat: nearly always what stood there in the one before. */
struct place {
	struct span full;
	struct counter *counter;	/* NULL: says nothing of rows */
};

struct losses {
	struct coverage_result *r;
	const struct coverage_ask *ask;
	struct arena *arena;
	struct counter *counter;
	struct place *place;		/* LEAF_COUNTERS_MAX */
	uint32_t n;
	int64_t beat_ns;		/* the heartbeat before; 0: none */
	uint64_t beat_seq;		/* its last number of the raw stream */
	bool whole;			/* the walk began where the tree does */
	struct coverage_outage *outage;
};

/* ---- names ---- */

static size_t
dot_first(struct span s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] != '.')
		n++;
	return n;
}

static size_t
dot_last(struct span s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] != '.')
		n--;
	return n;
}

/* "intake.LISTENER.NAME", "collector.NAME": door and name. NULL: says nothing of rows. */
static const struct kind *
name_read(struct span full, struct coverage_loss *ret)
{
	size_t dot = dot_last(full), first = dot_first(full);

	if (dot == 0)
		return NULL;
	ret->name = span_sub(full, dot, full.n);
	ret->door = first + 1 < dot ? span_sub(full, first + 1, dot - first - 2) :
	    span_sub(full, 0, first);
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_is(ret->name, kinds[i].name)) {
			ret->grade = kinds[i].grade;
			ret->unit = kinds[i].unit;
			return &kinds[i];
		}
	return NULL;
}

/* "intake.began" is the mark of "intake.*", "intake.udp.socket" of "intake.udp.kernel_drops". */
static void
marks_set(struct losses *l, const struct counter *of)
{
	for (uint32_t i = 0; i < l->n; i++) {
		struct counter *mark = &l->counter[i];
		size_t n = dot_last(mark->full);

		if (mark->kind->grade != KIND_MARK)
			continue;
		for (uint32_t k = 0; k < l->n; k++) {
			struct counter *c = &l->counter[k];

			if ((c == of || mark == of) && c->kind->grade != KIND_MARK &&
			    c->kind->of_socket == mark->kind->of_socket && c->full.n > n &&
			    span_eq(span_sub(c->full, 0, n), span_sub(mark->full, 0, n)))
				c->mark = mark;
		}
	}
}

static struct counter *
counter_find(struct losses *l, struct span full)
{
	struct counter *c;
	struct coverage_loss loss;

	for (uint32_t i = 0; i < l->n; i++)
		if (span_eq(l->counter[i].full, full))
			return &l->counter[i];
	if (name_read(full, &loss) == NULL || l->n == LOSSES_MAX)
		return NULL;
	c = &l->counter[l->n++];
	*c = (struct counter){ .full = arena_dup(l->arena, full) };
	c->kind = name_read(c->full, &c->loss);
	c->step = arena_zalloc(l->arena, l->r->nstep, sizeof *c->step);
	marks_set(l, c);
	return c;
}

static struct counter *
counter_at(struct losses *l, uint32_t i, struct span full)
{
	struct place *p = &l->place[i];

	if (!span_eq(p->full, full))
		*p = (struct place){ arena_dup(l->arena, full), counter_find(l, full) };
	return p->counter;
}

/* ---- heartbeats ---- */

/* Only what of it is inside of the period is missed; so is nothing before the store began. */
static void
outage_take(struct losses *l, int64_t from_ns, int64_t to_ns)
{
	struct coverage_result *r = l->r;
	int64_t begin_ns = from_ns > r->period.from_ns ? from_ns : r->period.from_ns;
	int64_t end_ns = to_ns < r->period.to_ns ? to_ns : r->period.to_ns;

	if (to_ns - from_ns <= COVERAGE_OUTAGE_S * CIVIL_SECOND_NS || begin_ns >= end_ns)
		return;
	if (r->noutage < COVERAGE_OUTAGES)
		l->outage[r->noutage] = (struct coverage_outage){ from_ns, to_ns };
	r->noutage++;
	r->down_ns += end_ns - begin_ns;
}

/* What was counted since the heartbeat before belongs to this one's step. */
static void
counter_take(struct losses *l, struct counter *c, uint64_t value, int64_t time_ns)
{
	uint64_t more = value < c->last ? value : value - c->last, *step;

	c->last = value;
	if (!in_period(l->r, time_ns))
		return;
	step = &c->step[step_of(l->r, time_ns)];
	if (c->kind->unit == COVERAGE_THINGS) {
		*step = value > *step ? value : *step;
		c->loss.total = value;
	} else {
		*step += more;
		c->loss.total += more;
	}
}

/* Also those that are not told at the moment: they are 0. */
static void
all_begin_anew(struct losses *l, const struct counter *mark)
{
	for (uint32_t i = 0; i < l->n; i++)
		if (l->counter[i].mark == mark)
			l->counter[i].last = 0;
}

static void
counters_take(struct losses *l, const struct leaf *leaf)
{
	const struct leaf_heartbeat *beat = &leaf->u.heartbeat;

	for (uint32_t i = 0; i < beat->ncounter; i++) {
		struct counter *c = counter_at(l, i, beat->counter[i].name);
		uint64_t value = beat->counter[i].value;

		if (c == NULL || c->kind->grade != KIND_MARK)
			continue;
		if (c->last != value && l->beat_ns > 0)
			all_begin_anew(l, c);
		c->last = value;
	}
	for (uint32_t i = 0; i < beat->ncounter; i++) {
		struct counter *c = counter_at(l, i, beat->counter[i].name);

		if (c != NULL && c->kind->grade != KIND_MARK)
			counter_take(l, c, beat->counter[i].value, leaf->time_ns);
	}
}

/*
 * Numbers behind the first heartbeat of the period and up to its last were given in it: rows that
 * are gone can be missed by them. Of the first minute only rows themselves tell.
 */
static void
numbers_given(struct losses *l, uint64_t first, uint64_t last)
{
	struct coverage_result *r = l->r;

	if (first > last)
		return;
	if (r->last_seq == 0 || first < r->first_seq)
		r->first_seq = first;
	if (last > r->last_seq)
		r->last_seq = last;
}

static void
heartbeat_take(struct losses *l, const struct leaf *leaf)
{
	uint64_t seq = leaf->u.heartbeat.last_seq[STREAM_RAW];

	counters_take(l, leaf);
	if (l->beat_ns > 0)
		outage_take(l, l->beat_ns, leaf->time_ns);
	if (in_period(l->r, leaf->time_ns)) {
		if (l->beat_ns >= l->r->period.from_ns)
			numbers_given(l, l->beat_seq + 1, seq);
		else if (l->beat_ns == 0 && l->whole && l->r->begun_ns >= l->r->period.from_ns)
			numbers_given(l, 1, seq);
		l->r->counted_to_ns = leaf->time_ns;
	}
	l->beat_seq = seq;
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

static enum err
entry_time(struct tiles *tiles, uint64_t index, uint64_t size, int64_t *ret_ns, struct why *why)
{
	struct buf bundle = { 0 };
	struct span entry;
	struct leaf leaf;
	enum err rc = tiles_entry(tiles, index, size, &bundle, &entry, why);

	if (rc == OK)
		rc = leaf_peek(&leaf, entry, why);
	if (rc == OK)
		*ret_ns = leaf.time_ns;
	buf_done(&bundle);
	return rc;
}

/* Is there a heartbeat in this bundle that is older? */
static enum err
has_beat(struct tiles *tiles, uint64_t index, uint64_t size, int64_t than_ns, bool *ret,
    struct why *why)
{
	struct buf bundle = { 0 };
	struct span rest, entry;
	struct leaf leaf;
	enum err rc = tiles_bundle(tiles, index, size, &bundle, NULL, why);

	*ret = false;
	rest = buf_span(&bundle);
	while (rc == OK && !*ret && tlog_bundle_next(&rest, &entry) == OK) {
		rc = leaf_peek(&leaf, entry, why);
		*ret = rc == OK && leaf.type == LEAF_HEARTBEAT && leaf.time_ns < than_ns;
	}
	buf_done(&bundle);
	return rc;
}

/*
 * The bundle to begin with: the last one with a heartbeat before the period, whose counters are
 * what the period begins with. Clocks were set back now and then: an hour is left for that.
 */
static enum err
bundle_first(struct tiles *tiles, uint64_t size, int64_t from_ns, uint64_t *ret, struct why *why)
{
	uint64_t low = 0, high = (size + TLOG_TILE - 1) / TLOG_TILE;
	bool found = false;
	enum err rc = OK;

	while (low + 1 < high && rc == OK) {
		uint64_t middle = low + (high - low) / 2;
		int64_t ns = 0;

		rc = entry_time(tiles, middle * TLOG_TILE, size, &ns, why);
		if (ns < from_ns - INT64_C(3600000000000))
			low = middle;
		else
			high = middle;
	}
	while (rc == OK && low > 0 && !found) {
		rc = has_beat(tiles, low, size, from_ns, &found, why);
		low -= rc == OK && !found;
	}
	*ret = low;
	return rc;
}

static enum err
tree_walk(struct losses *l, struct tiles *tiles, uint64_t size, struct why *why)
{
	struct arena *scratch = arena_new((size_t)64 << 20);
	struct coverage_result *r = l->r;
	struct buf bundle = { 0 };
	uint64_t index = 0;
	bool end = false;
	enum err rc = entry_time(tiles, 0, size, &r->begun_ns, why);

	if (rc == OK)
		rc = bundle_first(tiles, size, r->period.from_ns, &index, why);
	l->whole = index == 0;
	for (; rc == OK && !end && index * TLOG_TILE < size; index++) {
		arena_reset(scratch);
		bundle.n = 0;
		rc = tiles_bundle(tiles, index, size, &bundle, NULL, why);
		if (rc == OK)
			rc = bundle_take(l, buf_span(&bundle), size - index * TLOG_TILE, scratch,
			    &end, why);
		if (rc == OK && l->ask->go_on != NULL && !l->ask->go_on(l->ask->ctx))
			rc = why_set(why, ERR_BUSY, "stopped");
	}
	if (rc == OK && !end && l->beat_ns > 0)
		outage_take(l, l->beat_ns, r->period.now_ns < r->period.to_ns ?
		    r->period.now_ns : r->period.to_ns);
	buf_done(&bundle);
	arena_free(&scratch);
	return rc;
}

/* The tree's size by its checkpoint; 0: nothing was sealed yet. */
static enum err
tree_size(struct tiles *tiles, uint64_t *ret, struct why *why)
{
	struct checkpoint checkpoint;
	struct buf text = { 0 };
	struct note note;
	enum err rc = tiles_note(tiles, &text, why);

	if (rc == OK)
		rc = note_parse(&note, buf_span(&text), why);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, note.text, why);
	*ret = rc == OK ? checkpoint.size : 0;
	buf_done(&text);
	return rc == ERR_ABSENT ? OK : rc;
}

static void
losses_give(struct losses *l)
{
	struct coverage_result *r = l->r;
	struct coverage_loss *all = arena_alloc(l->arena, (l->n + 1) * sizeof *all);

	for (uint32_t i = 0; i < l->n; i++) {
		struct counter *c = &l->counter[i];

		if (c->loss.total == 0 || c->kind->grade == KIND_MARK)
			continue;
		c->loss.step = c->step;
		all[r->nloss++] = c->loss;
	}
	r->loss = all;
	r->outage = l->outage;
}

enum err
losses_count(int dirfd, const struct coverage_ask *ask, struct arena *arena,
    struct coverage_result *result, struct why *why)
{
	struct losses l = { .r = result, .ask = ask, .arena = arena };
	struct tiles *tiles = NULL;
	uint64_t size = 0;
	enum err rc = tiles_open(&tiles, dirfd, why);

	l.counter = arena_zalloc(arena, LOSSES_MAX, sizeof *l.counter);
	l.place = arena_zalloc(arena, LEAF_COUNTERS_MAX, sizeof *l.place);
	l.outage = arena_alloc(arena, COVERAGE_OUTAGES * sizeof *l.outage);
	if (rc == OK)
		rc = tree_size(tiles, &size, why);
	if (rc == OK && size > 0)
		rc = tree_walk(&l, tiles, size, why);
	tiles_close(&tiles);
	losses_give(&l);
	return rc == ERR_ABSENT && size == 0 ? OK : rc;
}
