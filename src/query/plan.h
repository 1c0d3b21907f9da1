/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a store a query has to open: time range, names of records, words that every match must
 * hold. A segment left out holds no match for certain.
 */
#ifndef QUERY_PLAN_H
#define QUERY_PLAN_H

#include "store/store.h"
#include "query/ast.h"
#include "query/query.h"

struct plan {
	int64_t from_ns, to_ns;		/* of _time, inclusive */
	const struct filter *filter;
	const struct query_options *options;
	struct arena *arena;
};

/* The filter must be prepared (eval.h). */
void	plan_make(struct plan *plan, const struct filter *filter,
	    const struct query_options *options, bool bounded, struct arena *arena);
bool	plan_wants(const struct plan *plan, struct store *store, size_t segment);
/* Every row of a wanted segment matches for certain: it need not be opened to be counted. */
bool	plan_wants_all(const struct plan *plan, const struct segment_info *info);
/* The words (folded) that a leaf needs, each text of a list apart: for explain and for tests. */
void	plan_explain(const struct plan *plan, struct buf *out);

#endif
