/* SPDX-License-Identifier: Apache-2.0 */
/* The parsed query and what a run of it counts. Owned by who called query_parse(). */
#ifndef QUERY_QUERY_INT_H
#define QUERY_QUERY_INT_H

#include <stdatomic.h>

#include "query/ast.h"
#include "query/query.h"

struct query {
	struct arena *arena;		/* text, tree, options */
	struct ast ast;
	struct subquery *subqueries;	/* innermost first */
	uint32_t nfilter;		/* filter->index is below it */
	struct query_options options;
	int64_t now_ns;
	atomic_bool cancelled;
	struct query_cost cost;
};

#endif
