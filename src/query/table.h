/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows to be counted and grouped, column by column: those of a view, or a batch of rows that a
 * pipe gave. And the same filters on single rows.
 */
#ifndef QUERY_TABLE_H
#define QUERY_TABLE_H

#include "query/view.h"

struct table {
	const struct bits *want;	/* the rows that count */
	struct arena *arena;
	struct match_scratch *scratch;
	struct view *view;		/* NULL: row[] */
	const struct query_row *row;
	uint32_t nrow;
};

enum err	table_coded(struct table *table, struct span name, struct coded *ret_coded,
		    struct why *why);
/* The rows of table->want that match. */
enum err	table_filter(struct table *table, const struct filter *filter, struct bits *ret,
		    struct why *why);
/* Whole names for patterns; none: every name that some row has. In the arena. */
enum err	table_names(struct table *table, const struct names *patterns,
		    struct names *ret_names, struct why *why);
/* Once, for all of the rows that table_row() will be asked for. */
enum err	table_rows_ready(struct table *table, const struct names *names,
		    const struct bits *rows, struct why *why);
/* One row's fields; names: which, none: all. */
enum err	table_row(struct table *table, uint32_t i, const struct names *names,
		    struct query_row *ret_row, struct why *why);
/* _time of each row; NULL: only as text. */
enum err	table_times(struct table *table, const int64_t **ret_ns, struct why *why);

/* The value of a field in a row, empty when it has none. */
struct span	row_value(const struct query_row *row, struct span name);
/* A whole filter tree against one row. Prepared (eval.h). */
bool		row_matches(const struct filter *filter, const struct query_row *row,
		    struct match_scratch *scratch);

#endif
