/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of rows and what is counted of each: the state of stats, uniq, top and field_values.
 * One struct tally per task and one for the query; tally_merge() brings them together in the
 * order of the segments, so that results do not depend on who was faster.
 */
#ifndef QUERY_TALLY_H
#define QUERY_TALLY_H

#include <stdatomic.h>

#include "query/table.h"

/* Memory of one query run, shared by its tasks. */
struct budget {
	size_t limit;
	atomic_size_t used;
	atomic_size_t peak;
};

/* False: the limit would be passed; nothing is taken then. */
bool		budget_take(struct budget *budget, size_t n);
void		budget_give(struct budget *budget, size_t n);
enum err	budget_refuse(const struct budget *budget, struct why *why);

/* A text's place in the order of values, worked out once. */
enum order_kind { ORDER_TEXT, ORDER_INT, ORDER_TIME, ORDER_NUMBER };

struct order_key {
	struct span text;
	double number;			/* INT, NUMBER */
	int64_t whole;			/* INT, TIME */
	uint8_t kind;
};

struct order_key	order_key_of(struct span text);
/* As value_compare() of the texts. */
int			order_compare(const struct order_key *a, const struct order_key *b);

/* Different texts (or tuples of them), each once, in the order they came. */
struct text_set {
	uint32_t n, cap;
	struct span *text;		/* NULL: hashes are enough */
	uint64_t (*hash)[2];
	uint32_t *slot;			/* number + 1 */
	uint32_t mask;
};

/* What a function holds of a group beside two numbers. */
struct extra {
	struct order_key key;		/* MIN, MAX, ROW_MIN, ROW_MAX */
	struct span row;		/* ROW_*: JSON */
	struct text_set set;		/* COUNT_UNIQ, UNIQ_VALUES */
	struct order_key *sample;	/* QUANTILE, MEDIAN, VALUES (text only) */
	uint32_t nsample, sample_cap;
	bool has;
};

struct cell {
	uint64_t n;
	double sum;
	struct extra *extra;		/* in the arena of the groups */
};

struct tally {
	const struct pipe *pipe;	/* by, func */
	struct budget *budget;
	struct arena *arena;
	size_t charged;
	uint32_t n, cap;
	struct span *key;		/* values of by, each as `bytes` */
	struct cell *cell;		/* n * pipe->nfunc */
	uint32_t *slot;
	uint32_t mask;
	uint64_t seed;
};

struct tally	*tally_new(const struct pipe *pipe, struct budget *budget, uint64_t seed);
void		tally_free(struct tally **groups);
/* The number of the group with this key; a new one is empty. */
uint32_t	tally_find(struct tally *groups, struct span key);
/* Charges what was added since the last call. ERR_LIMIT: too much. */
enum err	tally_charge(struct tally *groups, struct why *why);
struct extra	*cell_extra(struct tally *groups, struct cell *cell);
/* Adds a text; true when it is new. keep: text[] holds it, in the arena. */
bool		text_set_add(struct tally *groups, struct text_set *set, struct span text,
    bool keep);
/* Adds what `from` has under number i (made with the same seed). */
bool		text_set_copy(struct tally *groups, struct text_set *set,
		    const struct text_set *from, uint32_t i);

/* Puts the wanted rows of a table into groups and counts them. */
enum err	tally_update(struct tally *groups, struct table *table, struct why *why);
/*
 * Counts all rows of a segment from what is known of it unopened: count() by nothing, or by steps
 * of _time of which one holds all of its times. False: it must be opened, and nothing was counted.
 */
bool		tally_whole(struct tally *groups, const struct segment_info *info);
/* Adds what `from` has, as if its rows had come behind ours. */
void		tally_merge(struct tally *groups, const struct tally *from);
/* The row of one group: its values of by, then results. In arena. */
void		tally_row(const struct tally *groups, uint32_t group, double seconds,
		    struct arena *arena, struct query_row *ret_row);

/* Sorts n keys; equal ones keep their order. room: n more. */
void		keys_sort(struct order_key *key, struct order_key *room, uint32_t n);

/* One function over the rows of a table whose groups are known (stats.c). */
enum err	stats_update(struct tally *groups, uint32_t func, const uint32_t *group_of,
		    struct table *table, struct why *why);
void		stats_merge(struct tally *groups, uint32_t func, struct cell *cell,
		    const struct cell *from);
/* seconds: what rate() divides by; 0: nothing. */
struct span	stats_result(const struct tally *groups, uint32_t func, const struct cell *cell,
		    double seconds, struct arena *arena);

#endif
