/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A filter tree over the rows of a view. The cheapest filters of an AND go first, and each looks
 * only at rows that are still in question; columns are read when a filter needs them.
 */
#ifndef QUERY_EVAL_H
#define QUERY_EVAL_H

#include "query/ast.h"
#include "query/view.h"

/*
 * Puts cheap children in front, makes the matchers of all leaves. Once per query, before any
 * eval(); subqueries must have their values. ERR_FORMAT: a regular expression is none.
 */
enum err	eval_prepare(struct filter *filter, struct arena *arena, struct matcher **list,
		    struct why *why);
/* Sets ret to the rows of `want` that match. ret and want must be different sets. */
enum err	eval(struct view *view, const struct filter *filter, const struct bits *want,
		    struct bits *ret, struct why *why);
/* The same for a leaf with a matcher, on one field (scan.c). */
enum err	scan_field(struct view *view, const struct filter *leaf, const struct bits *want,
		    struct bits *ret, struct why *why);
/* The same for one part whose values are templates with slots (scan_text.c); adds to ret. */
enum err	scan_text(struct view *view, const struct matcher *matcher, struct part *part,
		    const struct bits *want, struct bits *ret, struct why *why);
/*
 * Of such a part's templates with used[t] != 0: sets those to 0 of which no row matches, as far
 * as that can be told without decoding a list. *ret_some: others are left.
 */
enum err	scan_text_may(struct view *view, const struct matcher *matcher,
		    const struct part *part, uint8_t *used, bool *ret_some, struct why *why);
/*
 * As scan_text, for a regular expression that has a machine (scan_machine.c): for many rows of
 * the part, since each list of values that it has is looked at.
 */
enum err	scan_machine(struct view *view, const struct matcher *matcher, struct part *part,
		    const struct bits *want, struct bits *ret, struct why *why);
/*
 * The rows of `want` among values at[0..n) of the part, tried together; adds to ret. The values
 * must be readable.
 */
void		scan_values(struct view *view, const struct matcher *matcher,
    const struct part *part,
		    const uint32_t *at, uint32_t n, struct bits *ret);

#endif
