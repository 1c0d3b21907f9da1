/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pipes as stages behind each other: a row goes in at one end, none, one or many come out at the
 * other. A stage that must see everything first (sort, stats) holds rows back until the end. The
 * first stage may take whole views instead, column by column.
 */
#ifndef QUERY_PIPE_H
#define QUERY_PIPE_H

#include "query/tally.h"
#include "query/query.h"

enum flow {
	FLOW_ON,
	FLOW_ENOUGH,		/* no more rows are needed */
	FLOW_FAILED,		/* run->why says why */
};

/* What the stages of one run share. */
struct run {
	struct budget *budget;
	struct arena *arena;		/* for the whole run */
	struct arena *row_arena;	/* until the next row goes in at the front */
	struct match_scratch *scratch;
	query_emit_fn *emit;
	void *ctx;
	uint64_t seed;
	double seconds;			/* of the query's time range, for rate(); 0: unbounded */
	enum err rc;
	struct why *why;
};

struct sorter;

struct stage {
	const struct pipe *pipe;
	struct run *run;
	struct stage *next;		/* NULL: rows go to run->emit */
	uint64_t seen;
	struct sorter *sorter;		/* SORT */
	struct tally *groups;		/* STATS, UNIQ, TOP, FIELD_*: what was counted */
	struct pipe *counted;		/* by and func of it: the pipe's own or made up */
	struct query_row *batch;	/* rows not counted yet */
	uint32_t nbatch;
	struct arena *batch_arena;
};

/* Makes the stages of a list of pipes; *ret_first is NULL when there are none. */
void		stages_new(struct stage **ret_first, const struct ast *ast, struct run *run);
void		stages_free(struct stage **first);
/* A row for stage (NULL: out). */
enum flow	stage_row(struct stage *stage, struct run *run, const struct query_row *row);
/* No more rows come: gives out what was held back, stage after stage. */
enum flow	stage_end(struct stage *stage);
/* Fields that the stages, and who reads the rows, look at. In the arena. */
void		stages_need(const struct ast *ast, struct arena *arena, struct need *ret_need);

/* The stage counts columns: make a struct tally per view, update and merge them. */
bool		stage_counts(const struct stage *stage);
/* The wanted rows of a view into groups made for stage->counted. */
enum err	stage_count(const struct stage *stage, struct tally *groups, struct table *table,
		    struct why *why);
/* Brings a view's groups in, in the order of the views. */
enum flow	stage_merge(struct stage *stage, const struct tally *groups);
/* Counts a segment without opening it, see tally_whole(); *ret_flow says how to go on. */
bool		stage_whole(struct stage *stage, const struct segment_info *info,
		    enum flow *ret_flow);

/* SORT by _time with a limit: a view's times decide which rows are worth putting together. */
bool		stage_is_newest(const struct stage *stage);
/* Takes rows out of `rows` that cannot be among the first; ns: _time of each. */
void		stage_drop_late(const struct stage *stage, const int64_t *ns, struct bits *rows);
/* Whether rows with times in [from, to] may still be among the first. */
bool		stage_wants_times(const struct stage *stage, int64_t from_ns, int64_t to_ns);

/* ---- the stages' own parts (sort.c, counting.c) ---- */

struct sorter	*sorter_new(const struct pipe *pipe, struct run *run);
void		sorter_free(struct sorter **sorter);
enum flow	sorter_row(struct stage *stage, const struct query_row *row);
enum flow	sorter_end(struct stage *stage);
void		counting_init(struct stage *stage);
void		counting_done(struct stage *stage);
enum flow	counting_row(struct stage *stage, const struct query_row *row);
enum flow	counting_end(struct stage *stage);

#endif
