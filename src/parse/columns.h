/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of tables whose header names the columns: CSV, and the W3C extended log format with its
 * derivatives. decoder.md sections 11 and 12. Inside of the room only.
 */
#ifndef PARSE_COLUMNS_H
#define PARSE_COLUMNS_H

#include "parse/cut.h"
#include "parse/parse.h"

struct columns;

/* How values are kept apart in this first row: the one of , ; TAB | that it has most of. */
uint8_t		columns_comma(struct span header);
/* NULL: it names no column, or too many. names: who gives roles, decoder.md section 4. */
struct columns	*columns_new(unsigned format, struct span header,
		    const struct parse_names *names);
void		columns_free(struct columns **columns);
/* Is this the header that it was made from? */
bool		columns_is(const struct columns *columns, unsigned format, struct span header);
/* Octets of memory. */
size_t		columns_bytes(const struct columns *columns);
/* layout: tells these columns from others. A value that breaks the format is kept as it is. */
void		columns_cut(const struct columns *columns, uint32_t layout, struct cut *cut,
		    struct span record, const struct civil_frame *frame);

#endif
