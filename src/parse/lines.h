/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lines of a body. A line ends at LF, which is framing and belongs to no record; a CR before
 * it stays the record's. Empty lines are skipped. Owns nothing.
 */
#ifndef PARSE_LINES_H
#define PARSE_LINES_H

#include "base/span.h"

enum lines_tail {
	LINES_MORE_COMES,	/* what lies behind the last LF may go on in the next piece */
	LINES_COMPLETE,		/* it is a line of its own */
};

struct lines {
	struct span body;
	size_t at;		/* everything before it was given out */
	enum lines_tail tail;
};

static inline struct lines
lines_of(struct span body, enum lines_tail tail)
{
	return (struct lines){ body, 0, tail };
}

/* The next line; false when there is none (left). lines->at says how much of the body is done. */
bool	lines_next(struct lines *lines, struct span *ret_line);

#endif
