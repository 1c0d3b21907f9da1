/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays of known sizes. Rows of the raw stream by source and step: one pass over the
 * segments of the period, by their small vectors; texts are never read.
 */
#include "coverage/coverage_int.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/hash.h"
#include "base/limits.h"
#include "store/segment.h"

enum {
	/*
	 * Times of events are costly to decode: so many segments of the period tell the clocks, and
	 * so many more in which there are sources that had less than CLOCK_ROWS rows in them.
	 */
	CLOCK_SEGMENTS = 32,
	CLOCK_SEGMENTS_MORE = 200,
	CLOCK_ROWS = 50,
};

/* ---- sources ---- */

static bool
is_same(const struct coverage_source *a, const struct source *b)
{
	return a->unit == b->unit && a->class == b->class && a->trust == b->trust &&
	    span_eq(a->host, b->host) && span_eq(a->peer, b->peer) &&
	    span_eq(a->listener, b->listener) && span_eq(a->identity, b->identity);
}

static uint32_t
source_hash(const struct coverage_source *s)
{
	uint64_t h = hash64_seed(s->host, s->unit << 8 | (uint64_t)s->class << 4 | s->trust);

	h = hash64_seed(s->peer, h);
	h = hash64_seed(s->listener, h);
	return (uint32_t)hash64_seed(s->identity, h);
}

static void
table_grow(struct rows *g)
{
	uint32_t cap = g->cap == 0 ? 64 : g->cap * 2;
	struct gather **all = arena_alloc(g->arena, cap * sizeof(struct gather *));

	if (g->nsource > 0)
		memcpy(all, g->source, g->nsource * sizeof(struct gather *));
	g->source = all;
	g->cap = cap;
	g->mask = cap * 2 - 1;
	g->slot = arena_zalloc(g->arena, cap * 2, sizeof *g->slot);
	for (uint32_t i = 0; i < g->nsource; i++) {
		uint32_t at = source_hash(&g->source[i]->out) & g->mask;

		while (g->slot[at] != 0)
			at = (at + 1) & g->mask;
		g->slot[at] = i + 1;
	}
}

static struct coverage_source
names_of(const struct source *source)
{
	return (struct coverage_source){ .listener = source->listener, .peer = source->peer,
	    .identity = source->identity, .host = source->host, .unit = source->unit,
	    .class = source->class, .trust = source->trust, .row = UINT32_MAX };
}

struct gather *
gathered_look(const struct rows *g, const struct source *source)
{
	struct coverage_source like = names_of(source);
	uint32_t at;

	if (g->nsource == 0)
		return NULL;
	for (at = source_hash(&like) & g->mask; g->slot[at] != 0; at = (at + 1) & g->mask)
		if (is_same(&g->source[g->slot[at] - 1]->out, source))
			return g->source[g->slot[at] - 1];
	return NULL;
}

struct gather *
gathered_find(struct rows *g, const struct source *source)
{
	struct coverage_source like = names_of(source);
	struct gather *new = gathered_look(g, source);
	uint32_t at;

	if (new != NULL)
		return new;
	if (g->nsource == g->cap)
		table_grow(g);
	for (at = source_hash(&like) & g->mask; g->slot[at] != 0;)
		at = (at + 1) & g->mask;
	new = arena_zalloc(g->arena, 1, sizeof *new);
	new->out = like;
	new->out.listener = arena_dup(g->arena, like.listener);
	new->out.peer = arena_dup(g->arena, like.peer);
	new->out.identity = arena_dup(g->arena, like.identity);
	new->out.host = arena_dup(g->arena, like.host);
	g->source[g->nsource++] = new;
	g->slot[at] = g->nsource;
	return new;
}

/* ---- cells ---- */

static size_t
cell_place(const struct gather *s, uint32_t step)
{
	size_t low = 0, high = s->out.ncell;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->cell[middle].step < step)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The source's cell of a step, made when it is new. Segments come nearly in order. */
static struct coverage_cell *
cell_find(struct rows *g, struct gather *s, uint32_t step)
{
	if (s->at < s->out.ncell && s->cell[s->at].step == step)
		return &s->cell[s->at];
	s->at = cell_place(s, step);
	if (s->at < s->out.ncell && s->cell[s->at].step == step)
		return &s->cell[s->at];
	if (s->out.ncell == s->cap) {
		struct coverage_cell *old = s->cell;

		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		s->cell = arena_alloc(g->arena, s->cap * sizeof *s->cell);
		if (s->out.ncell > 0)
			memcpy(s->cell, old, s->out.ncell * sizeof *old);
	}
	memmove(s->cell + s->at + 1, s->cell + s->at, (s->out.ncell - s->at) * sizeof *s->cell);
	s->cell[s->at] = (struct coverage_cell){ .step = step };
	s->out.ncell++;
	g->ncell++;
	return &s->cell[s->at];
}

/* ---- one row ---- */

static unsigned
pause_class(int64_t ns)
{
	uint64_t ms = (uint64_t)ns / 1000000;

	return ms == 0 ? 0 : 64 - (unsigned)__builtin_clzll(ms);
}

/* Upper bounds of the classes of clock error, in seconds, of either sign. */
static const int64_t skew_s[] = { 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200,
    86400 };

enum { SKEW_HALF = sizeof skew_s / sizeof skew_s[0] };
_Static_assert(COVERAGE_SKEWS == 2 * SKEW_HALF + 1, "one class in the middle, as many each side");

/* SKEW_HALF is right, 0 is behind by a day, the last one ahead by a day. */
unsigned
skew_class(int64_t late_ns)
{
	uint64_t late = late_ns < 0 ? -(uint64_t)late_ns : (uint64_t)late_ns;
	unsigned i = 0;

	while (i < SKEW_HALF && late >= (uint64_t)skew_s[i] * 1000000000u)
		i++;
	return late_ns < 0 ? SKEW_HALF - i : SKEW_HALF + i;
}

int64_t
coverage_skew_s(unsigned class)
{
	unsigned i = class < SKEW_HALF ? SKEW_HALF - class : class - SKEW_HALF;
	int64_t s;

	if (i == 0)
		return 0;
	s = i == SKEW_HALF ? skew_s[SKEW_HALF - 1] : (skew_s[i - 1] + skew_s[i]) / 2;
	return class < SKEW_HALF ? -s : s;
}

void
pause_take(struct gather *s, int64_t recv_ns)
{
	if (s->out.rows > 0 && recv_ns >= s->out.last_ns)
		s->out.pause[pause_class(recv_ns - s->out.last_ns)]++;
	if (s->out.rows == 0 || recv_ns < s->out.first_ns)
		s->out.first_ns = recv_ns;
	if (s->out.rows == 0 || recv_ns > s->out.last_ns)
		s->out.last_ns = recv_ns;
}

/* ---- one segment ---- */

static enum err
numbers_load(struct arena *arena, struct vectors *v, struct why *why)
{
	uint32_t n = segment_rows(v->segment);
	int64_t *number = NULL;
	enum err rc = OK;

	for (uint32_t i = 0; i < segment_columns(v->segment) && rc == OK; i++) {
		const struct column_info *info = segment_column(v->segment, i);
		const struct column *column;

		if (!span_is(info->name, "meta.sequenceId") || !info->has_int)
			continue;
		rc = segment_column_load(v->segment, i, &column, why);
		if (rc != OK || column->num == NULL)
			continue;
		if (number == NULL) {
			number = arena_alloc(arena, n * sizeof *number);
			memset(number, 0xff, n * sizeof *number);
		}
		for (uint32_t k = 0; k < column->n; k++)
			number[column->row != NULL ? column->row[k] : k] = column->num[k];
	}
	v->number = number;
	return rc;
}

enum err
vectors_load(struct arena *arena, struct vectors *v, struct why *why)
{
	uint32_t nshape = segment_shapes(v->segment);
	enum err rc = segment_source_index(v->segment, &v->source, why);

	if (rc == OK)
		rc = segment_shape_index(v->segment, &v->shape, why);
	if (rc == OK)
		rc = segment_flags(v->segment, &v->flags, why);
	if (rc == OK)
		rc = segment_recv(v->segment, &v->recv, why);
	if (rc == OK)
		rc = segment_seq(v->segment, &v->seq, why);
	if (rc == OK)
		rc = numbers_load(arena, v, why);
	v->gather = arena_zalloc(arena, segment_sources(v->segment) + 1, sizeof *v->gather);
	v->format = arena_zalloc(arena, nshape + 1, sizeof *v->format);
	for (uint32_t i = 0; i < nshape; i++)
		v->format[i] = segment_shape(v->segment, i)->format;
	return rc;
}

static void
row_count(struct rows *g, struct vectors *v, uint32_t i, uint32_t step)
{
	struct gather **s = &v->gather[v->source[i]];
	struct coverage_cell *cell;
	uint8_t format = v->format[v->shape[i]];
	bool unparsed = format == FORMAT_UNPARSED, cut = (v->flags[i] & ROW_CUT) != 0;

	if (*s == NULL) {
		const struct source *source = segment_source(v->segment, v->source[i]);

		*s = gathered_find(g, source);
		if ((*s)->out.guess == NULL)
			(*s)->out.guess = kind_guess(source->app);
	}
	(*s)->out.formats |= UINT32_C(1) << (format & 31);
	cell = cell_find(g, *s, step);
	cell->rows++;
	cell->unparsed += unparsed;
	cell->cut += cut;
	pause_take(*s, v->recv[i]);
	(*s)->out.rows++;
	(*s)->out.unparsed += unparsed;
	(*s)->out.lines += format == FORMAT_LINE;
	(*s)->out.cut += cut;
	if (v->number != NULL && v->number[i] >= 0)
		numbers_take(*s, cell, (uint64_t)v->number[i], g->arena);
}

static void
segment_count(struct rows *g, struct vectors *v)
{
	struct coverage_result *r = g->r;
	uint32_t step = 0, n = segment_rows(v->segment);
	int64_t end_ns = INT64_MIN, begin_ns = INT64_MAX;

	for (uint32_t i = 0; i < n; i++) {
		if (!in_period(r, v->recv[i]))
			continue;
		if (v->recv[i] < begin_ns || v->recv[i] >= end_ns) {
			step = step_of(r, v->recv[i]);
			begin_ns = r->base_ns + step * r->step_ns;
			end_ns = begin_ns + r->step_ns;
		}
		row_count(g, v, i, step);
		if (r->rows++ == 0 || v->seq[i] < r->first_seq)
			r->first_seq = v->seq[i];
		if (v->seq[i] > r->last_seq)
			r->last_seq = v->seq[i];
	}
}

/* Has it sources of which no clock is known yet? */
static bool
has_unclocked(const struct vectors *v)
{
	for (uint32_t i = 0; i < segment_sources(v->segment); i++)
		if (v->gather[i] != NULL && v->gather[i]->out.clocked < CLOCK_ROWS)
			return true;
	return false;
}

/* Behind segment_count(). */
static enum err
clocks_count(struct rows *g, struct vectors *v, bool wanted, struct why *why)
{
	uint32_t n = segment_rows(v->segment);
	const int64_t *time;
	enum err rc;

	if (!wanted && (g->nclock >= CLOCK_SEGMENTS_MORE || !has_unclocked(v)))
		return OK;
	g->nclock += !wanted;
	rc = segment_time(v->segment, &time, why);
	for (uint32_t i = 0; rc == OK && i < n; i++) {
		struct coverage_source *s;

		if (!in_period(g->r, v->recv[i]))
			continue;
		s = &v->gather[v->source[i]]->out;
		s->clocked++;
		if (v->flags[i] >> ROW_TIME_SHIFT == TIME_OWN)
			s->skew[skew_class(v->recv[i] - time[i])]++;
	}
	return rc;
}

/* ---- all segments ---- */

static bool
goes_on(const struct coverage_ask *ask)
{
	return ask->go_on == NULL || ask->go_on(ask->ctx);
}

static bool
touches(const struct coverage_result *r, const struct segment_info *info)
{
	return info->stream == STREAM_RAW && info->rows > 0 &&
	    info->recv_max_ns >= r->period.from_ns && info->recv_min_ns < r->period.to_ns;
}

static enum err
segment_pass(struct rows *g, struct arena *scratch, size_t index, bool clocks, struct why *why)
{
	struct vectors v = { 0 };
	enum err rc = store_segment_open(g->store, index, &v.segment, why);

	if (rc == OK) {
		rc = vectors_load(scratch, &v, why);
		if (rc == OK)
			segment_count(g, &v);
		if (rc == OK)
			rc = clocks_count(g, &v, clocks, why);
		segment_free(&v.segment);
	}
	if (rc == OK && g->nsource > LIMIT_COVERAGE_SOURCES)
		rc = why_set(why, ERR_LIMIT, "more than %d sources; ask for a shorter period",
		    LIMIT_COVERAGE_SOURCES);
	if (rc == OK && g->ncell > LIMIT_COVERAGE_CELLS)
		rc = why_set(why, ERR_LIMIT, "more than %d sources times hours; ask for a shorter "
		    "period", LIMIT_COVERAGE_CELLS);
	return rc;
}

static enum err
all_count(struct rows *g, struct why *why)
{
	struct arena *scratch = arena_new((size_t)1 << 30);
	size_t n = store_segments(g->store), wanted = 0, nth = 0, every;
	enum err rc = OK;

	for (size_t i = 0; i < n; i++)
		wanted += touches(g->r, store_segment(g->store, i));
	every = wanted / CLOCK_SEGMENTS + 1;
	for (size_t i = 0; i < n && rc == OK; i++) {
		if (!touches(g->r, store_segment(g->store, i)))
			continue;
		if (!goes_on(g->ask)) {
			rc = why_set(why, ERR_BUSY, "stopped");
			break;
		}
		arena_reset(scratch);
		rc = segment_pass(g, scratch, i, nth++ % every == 0, why);
	}
	arena_free(&scratch);
	return rc;
}

enum err
held_count(struct store *store, struct coverage_result *r, struct why *why)
{
	enum err rc = OK;

	for (size_t i = 0; i < store_segments(store) && rc == OK; i++) {
		const struct segment_info *info = store_segment(store, i);
		struct segment *segment = NULL;
		const uint64_t *seq;

		if (info->stream != STREAM_RAW || r->last_seq == 0 || info->rows == 0 ||
		    info->last_seq < r->first_seq || info->first_seq > r->last_seq)
			continue;
		if (info->first_seq >= r->first_seq && info->last_seq <= r->last_seq) {
			r->held += info->rows;
			continue;
		}
		rc = store_segment_open(store, i, &segment, why);
		if (rc == OK)
			rc = segment_seq(segment, &seq, why);
		for (uint32_t k = 0; rc == OK && k < info->rows; k++)
			r->held += seq[k] >= r->first_seq && seq[k] <= r->last_seq;
		segment_free(&segment);
	}
	return rc;
}

/* ---- the result ---- */

static int
more_rows_first(const void *a, const void *b)
{
	const struct coverage_source *x = a, *y = b;
	int c;

	if (x->rows != y->rows)
		return x->rows > y->rows ? -1 : 1;
	c = span_cmp(x->host, y->host);
	if (c == 0)
		c = span_cmp(x->peer, y->peer);
	return c != 0 ? c : span_cmp(x->listener, y->listener);
}

enum err
rows_count(struct store *store, const struct coverage_ask *ask, struct arena *arena,
    struct coverage_result *result, struct why *why)
{
	struct rows g = { .store = store, .ask = ask, .arena = arena, .r = result };
	struct coverage_source *all;
	enum err rc = all_count(&g, why);

	all = arena_alloc(arena, (g.nsource + 1) * sizeof *all);
	for (uint32_t i = 0; i < g.nsource; i++) {
		all[i] = g.source[i]->out;
		all[i].cell = g.source[i]->cell;
		result->unparsed += all[i].unparsed;
		result->lines += all[i].lines;
		result->cut += all[i].cut;
		result->missing += all[i].missing;
	}
	qsort(all, g.nsource, sizeof *all, more_rows_first);
	result->nsource = g.nsource;
	result->source = all;
	expected_count(ask->registry, ask->since_ns, all, arena, result);
	namesakes_find(all, result->nsource, arena);
	return rc;
}
