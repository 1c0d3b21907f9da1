/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A few threads that help whoever has many equal tasks; the asking thread works too. One pool is
 * shared by all queries: a busy pool makes a query slower, never more threads.
 */
#ifndef WEB_POOL_H
#define WEB_POOL_H

#include "query/query.h"

struct pool;

/* helpers: threads beside the asking one, 0 is fine. */
struct pool	*pool_new(unsigned helpers);
/* Only when no run is under way. */
void		pool_free(struct pool **pool);
/* For query_run; valid as long as the pool. */
const struct query_pool	*pool_query(const struct pool *pool);

#endif
