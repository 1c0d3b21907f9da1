/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a query should give, worked out row by row in the plainest way, over the rows of
 * fake_store.h: no columns, no bitmaps, no templates, no filters of tokens.
 */
#ifndef TEST_ORACLE_H
#define TEST_ORACLE_H

#include "base/buf.h"
#include "query/ast.h"

/* The field's value in row i; valid until the next but seven calls. */
struct span	oracle_value(uint32_t i, struct span name);
/* Whether row i matches; subqueries are not for here. */
bool		oracle_matches(uint32_t i, const struct filter *filter);

#endif
