/* SPDX-License-Identifier: Apache-2.0 */
/* Rows for people and for programs. */
#ifndef WEB_RENDER_H
#define WEB_RENDER_H

#include "base/buf.h"
#include "query/query.h"

enum render_form { RENDER_JSON, RENDER_TEXT, RENDER_COLOR, RENDER_RAW };

/* "json", "text", "color", "raw"; json for anything else and NULL. */
enum render_form	render_form(const char *name);
/*
 * Appends one row and a line feed. Text: time in the office's zone, host, application, message;
 * rows without a message (of a stats pipe) as name=value. Control characters are shown as \xNN, so
 * that a record cannot drive the terminal; RAW writes the octets as they are.
 */
void		render_row(struct buf *out, const struct query_row *row, enum render_form form,
		    int zone_minutes);

#endif
