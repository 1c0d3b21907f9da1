/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for people and for programs. */
#ifndef WEB_RENDER_H
#define WEB_RENDER_H

#include "base/buf.h"
#include "query/query.h"

enum render_form { RENDER_JSON, RENDER_TEXT, RENDER_COLOR, RENDER_RAW };

/* "json", "text", "color", "raw"; NULL is json. False: none of them. */
bool	render_form(const char *name, enum render_form *ret_form);
/*
 * Appends one row and a line feed. Text: time in the office's zone, host, application, message;
 * rows without a message (of a stats pipe) as name=value. A record cannot drive the terminal: what
 * is no text in UTF-8 and control characters, those that turn writing round too, are shown as \xNN
 * and \uNNNN, in JSON as \uNNNN. RAW writes the octets as they are.
 */
void	render_row(struct buf *out, const struct query_row *row, enum render_form form,
	    int zone_minutes);

/* Appends s as it may be shown on a terminal; line feeds and tabs stay when lines is true. */
void	render_safe(struct buf *out, struct span s, bool lines);

#endif
