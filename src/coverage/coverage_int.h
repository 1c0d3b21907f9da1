/* SPDX-License-Identifier: Apache-2.0 */
/* The gathering: shared by the files of the room. */
#ifndef COVERAGE_COVERAGE_INT_H
#define COVERAGE_COVERAGE_INT_H

#include "coverage/coverage.h"
#include "store/segment.h"

/* The step of a time inside of the period. */
static inline uint32_t
step_of(const struct coverage_result *r, int64_t ns)
{
	return (uint32_t)((uint64_t)(ns - r->base_ns) / (uint64_t)r->step_ns);
}

static inline bool
in_period(const struct coverage_result *r, int64_t ns)
{
	return ns >= r->period.from_ns && ns < r->period.to_ns;
}

/* A sender's numbers, see numbers.c. */
struct numbers;

/* A source while it is gathered. */
struct gather {
	struct coverage_source out;
	struct coverage_cell *cell;
	size_t cap, at;			/* at: the cell of the row before */
	struct numbers *numbers;	/* NULL: it gave none yet */
	uint64_t last_seq;		/* rolling.c: of its last row */
	struct habit *habit;		/* rolling.c: long pauses */
};

/* numbers.c: counts what the sender's number n says of records that are missing. */
void		numbers_take(struct gather *source, struct coverage_cell *cell, uint64_t n,
		    struct arena *arena);

struct rows {
	struct store *store;
	const struct coverage_ask *ask;
	struct arena *arena;
	struct coverage_result *r;
	struct gather **source;
	uint32_t nsource, cap, mask;
	uint32_t *slot;			/* number + 1 */
	size_t ncell;
	unsigned nclock;		/* segments that were looked into beside every n-th */
};

/* What of a segment a pass looks at. */
struct vectors {
	struct segment *segment;
	const uint16_t *source, *shape;
	const uint8_t *flags;
	const int64_t *recv;
	const uint64_t *seq;
	const int64_t *number;		/* the sender's, -1: none; NULL: no row has one */
	uint8_t *format;		/* by shape */
	struct gather **gather;		/* by source */
};

/* rows.c: the source's, made when it is new. Applications of one host are one source here. */
struct gather	*gathered_find(struct rows *g, const struct source *source);
/* rows.c: the same; NULL when it is not there. */
struct gather	*gathered_look(const struct rows *g, const struct source *source);
/* rows.c: a row that was received then. */
void		pause_take(struct gather *source, int64_t recv_ns);
/* rows.c: the class of a stamp that is so much older than the receive time. */
unsigned	skew_class(int64_t late_ns);
/* rows.c: small vectors of v->segment; what is no segment's is in the arena. */
enum err	vectors_load(struct arena *arena, struct vectors *v, struct why *why);

/* rows.c: sources, their cells, sequence numbers. */
enum err	rows_count(struct store *store, const struct coverage_ask *ask, struct arena *arena,
		    struct coverage_result *result, struct why *why);
/* expect.c: whose row each source is, what came of each row; since_ns as in coverage_ask. */
void		expected_count(const struct registry *registry, const int64_t *since_ns,
		    struct coverage_source *source, struct arena *arena,
		    struct coverage_result *result);
/* expect.c: of unknown ones, most rows first, who has the host of another place's before it. */
void		namesakes_find(struct coverage_source *source, uint32_t n, struct arena *arena);
/* expect.c: which kind of source has such an application, or NULL. */
const char	*kind_guess(struct span app);
/* Files that were imported (roles.md, "Imports") are old and come once. */
static inline bool
is_live(const struct coverage_source *s)
{
	return !span_starts(s->listener, SPAN("import:"));
}
/* rows.c: rows that are here of the numbers from first_seq to last_seq. */
enum err	held_count(struct store *store, struct coverage_result *result, struct why *why);
/* loss.c: counters and outages, the store's begin, numbers that were given. */
enum err	losses_count(int dirfd, const struct coverage_ask *ask, struct arena *arena,
		    struct coverage_result *result, struct why *why);

#endif
