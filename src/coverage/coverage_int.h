/* SPDX-License-Identifier: Apache-2.0 */
/* The gathering: shared by the files of the room. */
#ifndef COVERAGE_COVERAGE_INT_H
#define COVERAGE_COVERAGE_INT_H

#include "coverage/coverage.h"

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
};

/* numbers.c: counts what the sender's number n says of records that are missing. */
void		numbers_take(struct gather *source, struct coverage_cell *cell, uint64_t n,
		    struct arena *arena);

/* rows.c: sources, their cells, sequence numbers. */
enum err	rows_count(struct store *store, const struct coverage_ask *ask, struct arena *arena,
		    struct coverage_result *result, struct why *why);
/* rows.c: rows that are here of the numbers from first_seq to last_seq. */
enum err	held_count(struct store *store, struct coverage_result *result, struct why *why);
/* loss.c: counters and outages, the store's begin, numbers that were given. */
enum err	losses_count(int dirfd, const struct coverage_ask *ask, struct arena *arena,
		    struct coverage_result *result, struct why *why);

#endif
