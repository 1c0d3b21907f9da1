/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands that ask the duty desk: the same JSON API that the page has, over the front's unix
 * socket. Inside of cmd. JSON is looked into by SQLite's own functions, so that what a command
 * prints is a query: "SELECT value ->> 'id' FROM json_each(:json, '$.alerts')".
 */
#ifndef CMD_API_H
#define CMD_API_H

#include "base/buf.h"
#include "base/err.h"

/*
 * GET, or POST when it is an act; form: further parameters (web/form.h). The language is added.
 * ret_json gets the answer. A refusal of the desk is an error with its sentence, in the reader's
 * language.
 */
enum err	api_ask(const char *state, bool act, const char *path, struct span form,
		    struct buf *ret_json, struct why *why);
/* Prints what went wrong; gives the exit code. */
int		api_failed(enum err rc, const char *state, struct why *why);

/* Cells have no control characters; NULL in JSON is "". False: enough. */
typedef bool api_row_fn(void *ctx, const char *const *cell, int ncell);
/*
 * Every row of the query over :json; :lang is "vi" or "en", local('2026-11-24T07:30:00+07:00') is
 * '24/11 07:30'.
 */
void		api_rows(struct span json, const char *sql, api_row_fn *each, void *ctx);
/* One value, "$.total", appended; false: it is not there, or null. */
bool		api_value(struct span json, const char *path, struct buf *out);
/* The same of several lines. */
bool		api_text(struct span json, const char *path, struct buf *out);
/*
 * "24/11 07:30" out of the API's RFC 3339, in the zone of the desk that was asked; "" stays. Static
 * memory for eight of them.
 */
const char	*api_time(const char *stamp);

#endif
