/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each source sent, hour by hour, what of it could not be understood or kept, and what was
 * lost: counted from the sealed rows and from the counters that every heartbeat seals. Nothing
 * here has a clock: the period comes in, rows belong to it by the time they were received.
 *
 * Three kinds of numbers that must not be mixed up: rows are exact and can be proven; losses at
 * this host are counters of the doors, sealed once a minute; losses before this host are an
 * estimate from the numbers that senders put into their records (RFC 5424, 7.3.1 sequenceId).
 */
#ifndef COVERAGE_COVERAGE_H
#define COVERAGE_COVERAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

struct registry;
struct store;

enum {
	COVERAGE_SKEWS = 29,		/* classes of clock error: coverage_skew_s() */
	COVERAGE_PAUSES = 64,		/* of pauses between two records: 2^(i-1) to 2^i ms */
	COVERAGE_OUTAGES = 64,		/* kept; more are only counted */
	/* A heartbeat comes every minute; without one for longer the desk did not run. */
	COVERAGE_OUTAGE_S = 180,
};

struct coverage_period {
	int64_t from_ns, to_ns;		/* receive time, to_ns not included */
	int64_t now_ns;
	int32_t zone_s;			/* in which days begin */
};

/* A source in one step of the period. */
struct coverage_cell {
	uint32_t step;
	uint64_t rows, unparsed, cut;
	int64_t missing;		/* estimate; late arrivals take from their own step */
};

struct coverage_source {
	struct span listener, peer, identity, host;
	uint64_t unit;
	uint8_t class, trust;
	uint64_t rows, unparsed, cut;
	uint64_t lines;			/* kept as a line of text: of a file, or of no format */
	uint64_t missing;		/* estimate */
	uint64_t numbered;		/* rows that had a number of the sender's */
	uint64_t clocked;		/* rows whose clock was looked at: a sample */
	int64_t first_ns, last_ns;	/* receive times */
	uint64_t skew[COVERAGE_SKEWS];	/* of them, those with a stamp of their own */
	uint64_t pause[COVERAGE_PAUSES];
	uint64_t habit_s;		/* a pause that it makes now and then; 0: not known */
	size_t ncell;
	const struct coverage_cell *cell;	/* steps ascend */
	uint32_t row;			/* of the register, that it is; UINT32_MAX: none */
	uint32_t formats;		/* bits 1 << enum record_format of its records */
	const char *guess;		/* which kind of source its names look like, or NULL */
	bool goes_on;			/* as another source of a later unit or class */
	bool shares;			/* its address or identity with another host */
	bool namesake;			/* unknown, as one before it elsewhere with its host */
};

/* A row of the register: what came of the senders that it is about. Imported files do not count. */
struct coverage_expected {
	uint64_t rows;
	uint64_t sources;
	int64_t first_ns, last_ns;	/* receive times; sources 0: none */
	int64_t since_ns;		/* when it was registered; 0: not known */
	uint32_t last;			/* the source that was heard last */
};

/* What a counter of a door says about rows. */
enum coverage_grade {
	COVERAGE_LOST,			/* records are gone, nobody was told */
	COVERAGE_REFUSED,		/* the sender was told and may send again */
	COVERAGE_CUT,			/* kept, but not whole */
	COVERAGE_ODD,			/* not records: bad requests, empty frames */
	COVERAGE_ORDERED,		/* dropped by order, of a rule: not lost */
};

enum coverage_unit {
	COVERAGE_RECORDS,		/* or batches, requests, connections of them */
	COVERAGE_OCTETS,
	COVERAGE_THINGS,		/* as many now; total: at the end, step: at most */
};

struct coverage_loss {
	struct span door;		/* the listener, or the role when it counts for all */
	struct span name;		/* as in /metrics: "kernel_drops" */
	uint8_t grade;			/* enum coverage_grade */
	uint8_t unit;			/* enum coverage_unit */
	uint64_t total;
	const uint64_t *step;		/* nstep of them */
};

/* The desk itself did not run, or nothing that it did was sealed; may begin before the period. */
struct coverage_outage {
	int64_t from_ns, to_ns;		/* the heartbeats around it */
};

struct coverage_result {
	struct coverage_period period;
	int64_t step_ns;		/* an hour; a day when the period is long */
	int64_t base_ns;		/* where step 0 begins: not after from_ns */
	uint32_t nstep;
	uint32_t nsource;
	const struct coverage_source *source;	/* most rows first */
	uint64_t rows, unparsed, lines, cut, missing;
	/*
	 * The numbers that were given in the period, as the rows that are here and the heartbeats
	 * say; 0: none. held: rows that are here of these numbers, whenever they came.
	 */
	uint64_t first_seq, last_seq, held;
	uint32_t nloss;
	const struct coverage_loss *loss;	/* only those above 0 */
	uint64_t noutage;
	const struct coverage_outage *outage;	/* the first COVERAGE_OUTAGES */
	int64_t down_ns;		/* of all outages, inside of the period */
	int64_t begun_ns;		/* the store began then; before there is nothing to miss */
	int64_t counted_to_ns;		/* the last heartbeat that is in the losses; 0: none */
	const struct registry *registry;	/* as it was given */
	uint32_t nexpected;		/* its rows */
	const struct coverage_expected *expected;
};

/*
 * Counts. dirfd: the store's directory, for the heartbeats. Everything in *ret is in the arena.
 * go_on (may be NULL) is asked now and then; false: ERR_BUSY. ERR_LIMIT: too many sources, or
 * sources times steps, see LIMIT_COVERAGE_...; ERR_FORMAT: the period is empty or too long; else
 * what the store says.
 */
struct coverage_ask {
	struct coverage_period period;
	const struct registry *registry;	/* NULL: there is none; as long as the result */
	const int64_t *since_ns;	/* of each row, as since_ns above; or NULL */
	bool (*go_on)(void *ctx);
	void *ctx;
};

enum err	coverage_make(struct store *store, int dirfd, const struct coverage_ask *ask,
		    struct arena *arena, struct coverage_result *ret, struct why *why);

/* Only what heartbeats say: losses and outages, without a look at any row. */
enum err	coverage_losses(int dirfd, const struct coverage_ask *ask, struct arena *arena,
		    struct coverage_result *ret, struct why *why);

/* The middle of a class of clock errors, in seconds: > 0, the source's clock is behind ours. */
int64_t		coverage_skew_s(unsigned class);

/* ---- what it means ---- */

enum coverage_verdict {
	COVERAGE_SILENT,		/* value: seconds since the last row; usual: its pauses */
	COVERAGE_SKEWED,		/* value: seconds, median */
	COVERAGE_UNPARSED,		/* value: rows not understood; usual: of so many */
	COVERAGE_GAPS,			/* value: numbers that never came */
	COVERAGE_DROPPED,		/* value: lost at this host; loss: where */
	COVERAGE_TURNED_AWAY,		/* value: refused; loss: where */
	COVERAGE_DOWN,			/* value: seconds without a heartbeat, all together */
	COVERAGE_GONE,			/* value: numbers of the period that are not here */
	COVERAGE_ABSENT,		/* a row of the register; value: seconds without a record */
	COVERAGE_UNKNOWN,		/* no row of the register is about it; value: its rows */
	COVERAGE_BEFORE,		/* no record, and it was over when the store began */
	COVERAGE_EMPTY,			/* no record of the period is here */
	COVERAGE_VERDICT_END
};

struct coverage_remark {
	enum coverage_verdict verdict;
	uint32_t source, loss;		/* indexes; UINT32_MAX: none */
	uint64_t value, usual;
	uint32_t row;			/* of the register; UINT32_MAX: none */
};

enum { COVERAGE_UNKNOWNS = 100 };	/* said one by one; the rest in one remark, no source */

/* How a row of the register stands at the end of the period. */
enum coverage_state {
	COVERAGE_ARRIVES,
	COVERAGE_QUIET,			/* for longer than it should be */
	COVERAGE_STOPPED,		/* the same, and for more than a day */
	COVERAGE_MISSING,		/* nothing came in the whole period */
	COVERAGE_LATER,			/* nothing came: it is expected since then only */
};

/* In the arena, the gravest first. */
uint32_t	coverage_judge(const struct coverage_result *result, struct arena *arena,
		    const struct coverage_remark **ret);
/* No row of the register is about it, and it sends by itself, from elsewhere. */
bool		coverage_is_unknown(const struct coverage_source *source);
enum coverage_state	coverage_state(const struct coverage_result *result, uint32_t row);
/* From then on it was to be expected: the period, the desk and its row have begun. */
int64_t		coverage_since(const struct coverage_result *result, uint32_t row);
/* The longest pause, in seconds, that a source usually makes; 0: not known. */
uint64_t	coverage_usual_pause_s(const struct coverage_source *source);

#endif
