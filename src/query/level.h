/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literal texts of a regular expression that is being read: those of its top level, or of one
 * group there. Each match holds one text of each alternative: its longest run of literals, or
 * one of those of a group in it.
 */
#ifndef QUERY_LEVEL_H
#define QUERY_LEVEL_H

#include "query/regex.h"

struct level {
	struct buf run;			/* being read */
	struct buf best;		/* the longest of this alternative */
	uint32_t nsome;			/* or one of these, all in each match of the alternative */
	struct span some[REGEX_BRANCHES];
	uint32_t n;			/* of the alternatives before it */
	struct span text[REGEX_BRANCHES];
	bool unknown;			/* some alternative needs no text, or there are too many */
};

/* The run of literals is over: kept when it is the longest of this alternative. NULL is allowed. */
void	level_run_end(struct level *level);
/* The alternative is over. */
void	level_branch_end(struct level *level, struct arena *arena);
/* A group that is over occurs in this alternative, once or more. */
void	level_offer(struct level *level, const struct level *group);
void	level_reset(struct level *level);
void	level_done(struct level *level);

/*
 * Has it, regardless of case, more than one form in lower case? RE2 takes all of them for each
 * other (both small sigmas, the signs micro and long s), who looks for a folded text does not.
 */
bool		level_is_odd(struct span text);

#endif
