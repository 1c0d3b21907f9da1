/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One leaf of the filter tree against one text: what makes a value match. The value is what the
 * field means (escapes undone; absent and null are empty), never the stored octets. A struct
 * matcher is read-only and shared; a struct match_scratch belongs to one thread.
 */
#ifndef QUERY_MATCH_H
#define QUERY_MATCH_H

#include "base/err.h"
#include "query/ast.h"
#include "query/phrase.h"
#include "query/regex.h"

struct matcher {
	const struct filter *filter;
	enum alike alike;
	bool empty;			/* the empty value matches */
	uint32_t nneedle;
	const struct span *needle;	/* made alike */
	struct regex *regex;
	uint32_t mask;			/* IN: slots - 1 of a table of value numbers + 1 */
	const uint32_t *slot;
	struct matcher *next;		/* all of a query */
};

struct match_scratch {
	struct room room;		/* of text_alike */
	struct regex_scratch *regex;
};

/*
 * Makes filter->matcher in the arena and puts it in front of *list. IN and CONTAINS_* of a
 * subquery must have their values by then. ERR_FORMAT: the regular expression is none.
 */
enum err	match_compile(struct filter *filter, struct arena *arena, struct matcher **list,
		    struct why *why);
/* Frees what the matchers hold outside of the arena. */
void		match_done(struct matcher **list);

void		match_scratch_init(struct match_scratch *scratch);
void		match_scratch_done(struct match_scratch *scratch);

/* For the leaves with a matcher that look at one field: all but *_FIELD, TIME, DAY, WEEK. */
bool		match_value(const struct matcher *matcher, struct match_scratch *scratch,
		    struct span value);
/* hit[i] = match_value(value[i]) */
void		match_values(const struct matcher *matcher, struct match_scratch *scratch,
		    const struct span *value, size_t n, uint8_t *hit);
/* EQ_FIELD, LE_FIELD, LT_FIELD */
bool		match_two(enum filter_op op, struct span a, struct span b);
/* TIME, DAY_RANGE, WEEK_RANGE */
bool		match_time(const struct filter *filter, int64_t ns);

#endif
