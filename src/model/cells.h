/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comma-separated values (RFC 4180), also with ';' or tabs, as spreadsheets write them: rows of
 * cells, read in place.
 */
#ifndef MODEL_CELLS_H
#define MODEL_CELLS_H

#include "base/buf.h"
#include "base/err.h"

enum { CELLS_MAX = 64 };

struct cells {
	struct buf *text;	/* changed in place: what was quoted stands there without quotes */
	size_t at, most;	/* most: octets of a cell */
	uint32_t line;		/* of the row that cells_next() gave */
	uint32_t next_line;
	uint8_t separator;
	unsigned n;
	struct span cell[CELLS_MAX];	/* into text, without blanks around */
};

/* Skips a byte order mark; the separator is the one that the first line has first. */
void		cells_begin(struct cells *cells, struct buf *text, size_t most);
/* The next row that has anything in it. ERR_ABSENT: that was all. ERR_FORMAT, ERR_LIMIT: broken. */
enum err	cells_next(struct cells *cells, struct why *why);
void		cell_put(struct buf *out, struct span value);

#endif
