/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of known sizes. See rolling.h; what a row means is rows.c's. */
#include "coverage/rolling.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/batch.h"
#include "coverage/coverage_int.h"

enum {
	STEPS = 12,			/* of the window; it moves on by one of them */
	/* When there are so many, all are halved: what was long ago weighs little. */
	PAUSES_MOST = 4096,
	CLOCKS_MOST = 128,
	SEGMENTS_A_CALL = 8,
	CLOCK_EVERY = 8,		/* of so many segments one tells the clocks: costly */
	/* What it does on two of so many days is a habit: machines are off at night, and at the
	 * end of the week. */
	HABIT_DAYS = 16,
	HABIT_LEAST_S = 600,
};

static const int64_t second_ns = 1000000000;

/* The longest pause that ended on a day; day % HABIT_DAYS is its place. */
struct habit {
	struct {
		uint32_t day, longest_s;
	} of[HABIT_DAYS];
};

struct rolling {
	struct rolling_conf conf;
	int64_t step_ns;
	struct arena *arena;		/* sources: as long as this lives */
	struct rows rows;
	uint64_t done[LIMIT_CLASSES];	/* all rows of the class up to it are counted */
	uint64_t newest;		/* of all classes */
	uint64_t base, counted;		/* rows behind base that were counted */
	unsigned nsegment;
	int64_t looked_ns;		/* the first time, in hasted time; 0: not yet */
	int64_t quiet_ns;		/* pauses that were before are the desk's own */
	bool folded;
	struct batch_reader reader;
};

struct rolling *
rolling_new(const struct rolling_conf *conf)
{
	struct rolling *r = xcalloc(1, sizeof *r);

	r->conf = *conf;
	r->step_ns = conf->window_ns / STEPS;
	r->arena = arena_new((size_t)1 << 30);
	r->rows.arena = r->arena;
	return r;
}

void
rolling_free(struct rolling **rolling)
{
	if (*rolling == NULL)
		return;
	arena_free(&(*rolling)->arena);
	free(*rolling);
	*rolling = NULL;
}

void
rolling_begin(struct rolling *r)
{
	r->base = r->newest;
	r->counted = 0;
}

/* ---- time ---- */

static int64_t
hasted(const struct rolling *r, int64_t ns)
{
	int64_t most = INT64_MAX / 4 / r->conf.haste, by = ns - r->conf.zero_ns;

	if (r->conf.haste == 1)
		return ns;
	return r->conf.zero_ns + (by > most ? most : by < -most ? -most : by) * r->conf.haste;
}

static int64_t
real(const struct rolling *r, int64_t ns)
{
	return r->conf.haste == 1 ? ns :
	    r->conf.zero_ns + (ns - r->conf.zero_ns) / r->conf.haste;
}

/* ---- one row ---- */

static struct gather *
gather_of(struct rolling *r, const struct source *source)
{
	struct source other = { .listener = source->listener, .class = source->class,
	    .unit = source->unit };
	struct gather *g = gathered_look(&r->rows, source);

	if (g == NULL && r->rows.nsource >= LIMIT_WATCHED_SOURCES) {
		r->folded = true;
		source = &other;
	}
	if (g == NULL)
		g = gathered_find(&r->rows, source);
	if (g->cell == NULL) {
		g->cap = STEPS;
		g->cell = arena_zalloc(r->arena, STEPS, sizeof *g->cell);
	}
	return g;
}

static void
habit_take(struct rolling *r, struct gather *g, int64_t recv_ns)
{
	int64_t pause_s = (recv_ns - g->out.last_ns) / second_ns;
	uint32_t day = (uint32_t)(recv_ns / second_ns / 86400), at = day % HABIT_DAYS;

	if (pause_s < HABIT_LEAST_S || g->out.rows == 0 || g->out.last_ns < r->quiet_ns)
		return;
	if (g->habit == NULL)
		g->habit = arena_zalloc(r->arena, 1, sizeof *g->habit);
	if (g->habit->of[at].day != day)
		g->habit->of[at].longest_s = 0;
	g->habit->of[at].day = day;
	if (pause_s > g->habit->of[at].longest_s)
		g->habit->of[at].longest_s = pause_s > UINT32_MAX ? UINT32_MAX : (uint32_t)pause_s;
}

/* The second longest of the days: what was once is no habit. */
static uint64_t
habit_of(const struct gather *g, int64_t now_ns)
{
	uint32_t today = (uint32_t)(now_ns / second_ns / 86400), first = 0, second = 0;

	for (unsigned i = 0; g->habit != NULL && i < HABIT_DAYS; i++) {
		uint32_t s = g->habit->of[i].longest_s;

		if (g->habit->of[i].day > today || today - g->habit->of[i].day >= HABIT_DAYS)
			continue;
		if (s > first) {
			second = first;
			first = s;
		} else if (s > second) {
			second = s;
		}
	}
	return second;
}

static void
halve(uint64_t *n, size_t count)
{
	for (size_t i = 0; i < count; i++)
		n[i] /= 2;
}

/* What of a row is looked at. clocked: event_ns is a stamp of its own; number: -1, it has none. */
struct counted {
	uint64_t seq;
	int64_t recv_ns, event_ns, number;
	bool clocked, unparsed, cut;
};

static void
row_take(struct rolling *r, struct gather *g, const struct counted *row)
{
	int64_t recv_ns = hasted(r, row->recv_ns);
	uint32_t step = (uint32_t)(recv_ns / r->step_ns);
	struct coverage_cell *cell = &g->cell[step % STEPS], past = { .step = step };

	if (cell->step < step)
		*cell = past;
	else if (cell->step > step)
		cell = &past;		/* segments may overlap: it is out of the window */
	cell->rows++;
	cell->unparsed += row->unparsed;
	cell->cut += row->cut;
	habit_take(r, g, recv_ns);
	pause_take(g, recv_ns);
	g->last_seq = row->seq;
	if (++g->out.rows % PAUSES_MOST == 0)
		halve(g->out.pause, COVERAGE_PAUSES);
	if (row->number >= 0)
		numbers_take(g, cell, (uint64_t)row->number, r->arena);
	if (!row->clocked)
		return;
	g->out.skew[skew_class(row->recv_ns - row->event_ns)]++;
	if (++g->out.clocked == CLOCKS_MOST) {
		halve(g->out.skew, COVERAGE_SKEWS);
		g->out.clocked /= 2;
	}
}

static bool
is_watched(const struct source *source)
{
	/* Files that were imported are old and come once. */
	return !span_starts(source->listener, SPAN("import:"));
}

static void
counted_to(struct rolling *r, uint8_t class, uint64_t seq, uint64_t rows)
{
	r->done[class] = seq;
	if (seq > r->newest)
		r->newest = seq;
	r->counted += rows;
}

/* ---- from the journal ---- */

/* The hole with the sender's number; UINT32_MAX: none. */
static uint32_t
number_hole(const struct shape *shape)
{
	for (uint32_t i = 0; shape->format == FORMAT_RFC5424 && i < shape->nhole; i++)
		if (span_is(shape->hole[i].name, "meta.sequenceId"))
			return i;
	return UINT32_MAX;
}

static int64_t
number_read(struct span text)
{
	int64_t n = 0;

	if (text.n == 0 || text.n > 18)
		return -1;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return -1;
		n = n * 10 + (text.p[i] - '0');
	}
	return n;
}

static void
batch_rows_take(struct rolling *r, uint8_t class, uint64_t seq, const struct batch_head *head,
    const struct batch_tables *tables, struct arena *scratch)
{
	struct gather **gather = arena_zalloc(scratch, head->nsource + (size_t)1, sizeof *gather);
	uint32_t *hole = arena_alloc(scratch, (head->nshape + (size_t)1) * sizeof *hole);
	uint64_t last = seq + head->nrow - 1, rows = 0;
	struct row row;

	for (uint32_t i = 0; i < head->nshape; i++)
		hole[i] = number_hole(tables->shape[i]);
	batch_reader_init(&r->reader, head, tables);
	for (; batch_next(&r->reader, &row, NULL) == OK; seq++) {
		const struct source *source = tables->source[row.source];
		uint32_t at = hole[row.shape];

		if (seq <= r->done[class])
			continue;
		rows++;
		if (!is_watched(source))
			continue;
		if (gather[row.source] == NULL)
			gather[row.source] = gather_of(r, source);
		row_take(r, gather[row.source], &(struct counted){ .seq = seq,
		    .recv_ns = row.recv_ns, .event_ns = row.event_ns,
		    .number = at != UINT32_MAX ? number_read(row.value[at]) : -1,
		    .clocked = row.flags >> ROW_TIME_SHIFT == TIME_OWN,
		    .cut = (row.flags & ROW_CUT) != 0,
		    .unparsed = tables->shape[row.shape]->format == FORMAT_UNPARSED });
	}
	counted_to(r, class, last, rows);
}

void
rolling_batch_after_gap(struct rolling *r, uint8_t class, uint64_t first_seq,
    const struct batch_head *head, const struct batch_tables *tables)
{
	struct arena *scratch;

	must(class < LIMIT_CLASSES);
	if (first_seq + head->nrow - 1 <= r->done[class])
		return;
	scratch = arena_new((size_t)64 << 20);
	batch_rows_take(r, class, first_seq, head, tables, scratch);
	arena_free(&scratch);
}

bool
rolling_batch(struct rolling *r, uint8_t class, uint64_t first_seq, const struct batch_head *head,
    const struct batch_tables *tables)
{
	if (first_seq > r->newest + 1)
		return false;
	rolling_batch_after_gap(r, class, first_seq, head, tables);
	return true;
}

/* ---- from segments ---- */

static enum err
segment_take(struct rolling *r, struct vectors *v, uint8_t class, int64_t from_ns,
    struct why *why)
{
	uint64_t last = r->done[class], rows = 0;
	const int64_t *time = NULL;
	enum err rc = OK;

	if (r->nsegment++ % CLOCK_EVERY == 0)
		rc = segment_time(v->segment, &time, why);
	for (uint32_t i = 0; rc == OK && i < segment_rows(v->segment); i++) {
		const struct source *source = segment_source(v->segment, v->source[i]);
		struct gather **g = &v->gather[v->source[i]];

		if (v->seq[i] <= r->done[class])
			continue;
		if (v->seq[i] > last)
			last = v->seq[i];
		rows++;
		if (v->recv[i] < from_ns || !is_watched(source))
			continue;
		if (*g == NULL)
			*g = gather_of(r, source);
		row_take(r, *g, &(struct counted){ .seq = v->seq[i], .recv_ns = v->recv[i],
		    .event_ns = time != NULL ? time[i] : 0,
		    .number = v->number != NULL ? v->number[i] : -1,
		    .clocked = time != NULL && v->flags[i] >> ROW_TIME_SHIFT == TIME_OWN,
		    .cut = (v->flags[i] & ROW_CUT) != 0,
		    .unparsed = v->format[v->shape[i]] == FORMAT_UNPARSED });
	}
	if (rc == OK)
		counted_to(r, class, last, rows);
	return rc;
}

static enum err
segment_pass(struct rolling *r, struct store *store, size_t index, int64_t from_ns,
    struct why *why)
{
	const struct segment_info *info = store_segment(store, index);
	struct arena *scratch = arena_new((size_t)1 << 30);
	struct vectors v = { .segment = NULL };
	enum err rc = store_segment_open(store, index, &v.segment, why);

	if (rc == OK)
		rc = vectors_load(scratch, &v, why);
	if (rc == OK)
		rc = segment_take(r, &v, info->class, from_ns, why);
	segment_free(&v.segment);
	arena_free(&scratch);
	return rc;
}

enum err
rolling_segments(struct rolling *r, struct store *store, int64_t from_ns, size_t *io_at,
    struct why *why)
{
	unsigned looked = 0;
	enum err rc = OK;

	for (; *io_at < store_segments(store) && rc == OK; ++*io_at) {
		const struct segment_info *info = store_segment(store, *io_at);

		if (info->stream != STREAM_RAW || info->class >= LIMIT_CLASSES ||
		    info->last_seq <= r->done[info->class])
			continue;
		if (info->recv_max_ns < from_ns) {
			counted_to(r, info->class, info->last_seq, info->rows);
			continue;
		}
		if (looked++ == SEGMENTS_A_CALL)
			return ERR_MORE;
		rc = segment_pass(r, store, *io_at, from_ns, why);
		/* What cannot be read is verify's to tell; the watch goes on. */
		if (rc != OK)
			counted_to(r, info->class, info->last_seq, info->rows);
	}
	return rc;
}

/* ---- what it looks like now ---- */

static void
source_look(const struct rolling *r, const struct gather *g, int64_t now_ns,
    struct coverage_source *ret)
{
	uint32_t now_step = (uint32_t)(hasted(r, now_ns) / r->step_ns);
	int64_t missing = 0;

	*ret = g->out;
	ret->habit_s = habit_of(g, hasted(r, now_ns));
	ret->rows = ret->unparsed = ret->cut = 0;
	for (unsigned i = 0; i < STEPS; i++) {
		const struct coverage_cell *cell = &g->cell[i];

		if (cell->step > now_step || now_step - cell->step >= STEPS)
			continue;
		ret->rows += cell->rows;
		ret->unparsed += cell->unparsed;
		ret->cut += cell->cut;
		missing += cell->missing;
	}
	ret->missing = missing > 0 ? (uint64_t)missing : 0;
	/* What its clock was like before is no news. */
	if (ret->rows == 0)
		memset(ret->skew, 0, sizeof ret->skew);
	if (ret->last_ns < r->quiet_ns)
		ret->last_ns = r->quiet_ns;
}

void
rolling_look(struct rolling *r, int64_t now_ns, int64_t quiet_ns,
    const struct registry *registry, struct arena *arena, struct rolling_view *ret)
{
	uint32_t n = r->rows.nsource;
	struct coverage_source *all = arena_alloc(arena, (n + (size_t)1) * sizeof *all);
	uint64_t *seq = arena_alloc(arena, (n + (size_t)1) * sizeof *seq);
	int64_t *last = arena_alloc(arena, (n + (size_t)1) * sizeof *last);
	struct coverage_result *c = &ret->result;

	r->quiet_ns = hasted(r, quiet_ns);
	*ret = (struct rolling_view){ .last_seq = seq, .last_ns = last, .newest_seq = r->newest,
	    .folded = r->folded };
	c->period.now_ns = hasted(r, now_ns);
	c->period.to_ns = c->period.now_ns;
	if (r->looked_ns == 0)
		r->looked_ns = c->period.now_ns;
	c->period.from_ns = r->looked_ns;
	c->period.zone_s = r->conf.zone_s;
	for (uint32_t i = 0; i < n; i++) {
		source_look(r, r->rows.source[i], now_ns, &all[i]);
		seq[i] = r->rows.source[i]->last_seq;
		last[i] = real(r, r->rows.source[i]->out.last_ns);
		c->rows += all[i].rows;
	}
	c->nsource = n;
	c->source = all;
	expected_count(registry, NULL, all, arena, c);
	if (r->newest > r->base) {
		c->first_seq = r->base + 1;
		c->last_seq = r->newest;
		c->held = r->counted;
	}
}

int64_t
rolling_heard_ns(const struct rolling *r, const struct finding_group *group)
{
	int64_t heard = 0;

	/* Class and trust are not the group's, and a sender whose unit changed is the same. */
	for (uint32_t i = 0; i < r->rows.nsource; i++) {
		const struct coverage_source *s = &r->rows.source[i]->out;
		const struct finding_group own = { .listener = s->listener, .peer = s->peer,
		    .identity = s->identity, .host = s->host, .unit = group->unit };

		if (finding_same_group(&own, group) && real(r, s->last_ns) > heard)
			heard = real(r, s->last_ns);
	}
	return heard;
}
