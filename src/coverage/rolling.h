/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What coverage.h counts for a period, counted on as rows come: each row is looked at once, and
 * what is held is by source, not by row. What sources did in the last hour moves with the clock;
 * what is usual for them (pauses, clocks) is kept as long as they are known, recent rows
 * weighing most.
 */
#ifndef COVERAGE_ROLLING_H
#define COVERAGE_ROLLING_H

#include "coverage/coverage.h"
#include "model/finding.h"

struct batch_head;
struct batch_tables;
struct registry;
struct rolling;

struct rolling_conf {
	int64_t window_ns;
	/* For tests: time passes so many times as fast, from zero_ns on. 1: as it does. */
	int64_t haste, zero_ns;
	int32_t zone_s;			/* the office's, for its hours */
};

struct rolling	*rolling_new(const struct rolling_conf *conf);
void		rolling_free(struct rolling **rolling);

/*
 * Rows of the raw stream as they lie in the journal (store/trail.h). Those that were counted
 * before are passed over. False: numbers before them are missing: they are in segments
 * (rolling_segments), and this batch is not counted yet.
 */
bool		rolling_batch(struct rolling *rolling, uint8_t class, uint64_t first_seq,
		    const struct batch_head *head, const struct batch_tables *tables);
/* The same; what is missing before them is gone. */
void		rolling_batch_after_gap(struct rolling *rolling, uint8_t class,
		    uint64_t first_seq, const struct batch_head *head,
		    const struct batch_tables *tables);
/*
 * Rows in segments that were not counted yet and were received from from_ns on. *io_at: the
 * segment to look at first, from 0; some are looked at in one call. ERR_MORE: call again. OK: all.
 */
enum err	rolling_segments(struct rolling *rolling, struct store *store, int64_t from_ns,
		    size_t *io_at, struct why *why);
/* What was counted until now is the past: only numbers after it can be gone. */
void		rolling_begin(struct rolling *rolling);

struct rolling_view {
	struct coverage_result result;	/* no steps; losses are those of coverage_losses() */
	const uint64_t *last_seq;	/* by source: of its last row */
	const int64_t *last_ns;		/* by source: when that was received, really */
	uint64_t newest_seq;
	bool folded;			/* more than LIMIT_WATCHED_SOURCES */
};

/*
 * As of now, in the arena, for coverage_judge(). Nobody is silent for what was before quiet_ns:
 * the desk did not listen. Rows of the register (borrowed, or NULL) are expected since the first
 * look.
 */
void		rolling_look(struct rolling *rolling, int64_t now_ns, int64_t quiet_ns,
		    const struct registry *registry, struct arena *arena,
		    struct rolling_view *ret);
/* When the source of the group was last heard; 0: it is not known. */
int64_t		rolling_heard_ns(const struct rolling *rolling, const struct finding_group *group);

#endif
