/* SPDX-License-Identifier: Apache-2.0 */
/* One JSON object on one line, member by member, for --json. Inside of cmd. */
#ifndef CMD_JSONLINE_H
#define CMD_JSONLINE_H

#include "base/buf.h"

/* The first one opens the object. Texts: octets that are no UTF-8 stay as they are. */
void	jsonline_text(struct buf *line, const char *name, const char *value);
void	jsonline_number(struct buf *line, const char *name, uint64_t value);
/* true or false. */
void	jsonline_bool(struct buf *line, const char *name, bool value);
/* RFC 3339, UTC, whole seconds. */
void	jsonline_time(struct buf *line, const char *name, int64_t ns);
/* Closes it, prints it, frees it. */
void	jsonline_print(struct buf *line);

/* Of a line that a query of ours gave: the value of "name":"value" with its escapes, or empty. */
struct span	jsonline_value(struct span line, const char *name);

#endif
