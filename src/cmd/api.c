/* SPDX-License-Identifier: Apache-2.0 */
/* See api.h. */
#include "cmd/api.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "web/client.h"
#include "web/render.h"
#include "cmd/cmd.h"
#include "cmd/desk.h"

enum { CELLS_MAX = 32, TIMES = 8, TIME_BYTES = 32 };

static int32_t zone_s;			/* of the desk that was asked last */

/* ---- asking ---- */

static bool
take(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

/* The desk refuses in JSON; what fails before it is asked is a sentence already. */
static enum err
sentence(enum err rc, struct why *why)
{
	struct buf text = { 0 };

	if (why->text[0] == '{' && api_value(span_str(why->text), "$.error", &text))
		rc = why_set(why, rc == ERR_ABSENT ? ERR_FORMAT : rc, "%.*s", (int)text.n,
		    (const char *)text.p);
	buf_done(&text);
	return rc;
}

enum err
api_ask(const char *state, bool act, const char *path, struct span form, struct buf *ret_json,
    struct why *why)
{
	struct buf all = { 0 }, whole = { 0 };
	struct client_ask ask = { .take = take, .ctx = ret_json };
	enum err rc;

	zone_s = desk_zone_s(state);
	ret_json->n = 0;
	form_add(&all, "lang", span_str(say("vi", "en")));
	if (form.n > 0) {
		buf_u8(&all, '&');
		buf_span_put(&all, form);
	}
	buf_str(&whole, path);
	if (!act) {
		buf_u8(&whole, '?');
		buf_span_put(&whole, buf_span(&all));
	}
	buf_u8(&whole, '\0');
	ask.path = (const char *)whole.p;
	ask.form = act ? buf_span(&all) : SPAN("");
	rc = desk_run(state, &ask, why);
	buf_done(&all);
	buf_done(&whole);
	return rc == OK ? OK : sentence(rc, why);
}

int
api_failed(enum err rc, const char *state, struct why *why)
{
	int code = desk_failed(rc, state, why);

	/* What the desk refuses was well said: it is not how the command is used. */
	return code == EXIT_USAGE ? EXIT_COULD_NOT : code;
}

/* ---- looking into JSON ---- */

static void
local(sqlite3_context *ctx, int n, sqlite3_value **value)
{
	const unsigned char *stamp = sqlite3_value_text(value[0]);

	must(n == 1);
	if (stamp != NULL)
		sqlite3_result_text(ctx, api_time((const char *)stamp), -1, SQLITE_TRANSIENT);
}

static sqlite3_stmt *
query(sqlite3 **ret_db, struct span json, const char *sql)
{
	sqlite3_stmt *stmt = NULL;

	must(sqlite3_open(":memory:", ret_db) == SQLITE_OK);
	must(sqlite3_create_function(*ret_db, "local", 1, SQLITE_UTF8 | SQLITE_DETERMINISTIC, NULL,
	    local, NULL, NULL) == SQLITE_OK);
	if (sqlite3_prepare_v2(*ret_db, sql, -1, &stmt, NULL) != SQLITE_OK)
		(void)fprintf(stderr, "trucban: %s\n", sqlite3_errmsg(*ret_db));
	must(stmt != NULL);
	(void)sqlite3_bind_text64(stmt, sqlite3_bind_parameter_index(stmt, ":json"),
	    (const char *)json.p, json.n, SQLITE_STATIC, SQLITE_UTF8);
	if (sqlite3_bind_parameter_index(stmt, ":lang") > 0)
		(void)sqlite3_bind_text(stmt, sqlite3_bind_parameter_index(stmt, ":lang"),
		    say("vi", "en"), -1, SQLITE_STATIC);
	return stmt;
}

void
api_rows(struct span json, const char *sql, api_row_fn *each, void *ctx)
{
	sqlite3 *db;
	sqlite3_stmt *stmt = query(&db, json, sql);
	int n = sqlite3_column_count(stmt);
	bool go_on = true;

	must(n <= CELLS_MAX);
	while (go_on && sqlite3_step(stmt) == SQLITE_ROW) {
		const char *cell[CELLS_MAX];
		struct buf text[CELLS_MAX] = { { 0 } };

		for (int i = 0; i < n; i++) {
			const unsigned char *raw = sqlite3_column_text(stmt, i);

			if (raw != NULL)
				render_safe(&text[i], span_of(raw,
				    (size_t)sqlite3_column_bytes(stmt, i)), false);
			buf_u8(&text[i], '\0');
			cell[i] = (const char *)text[i].p;
		}
		go_on = each(ctx, cell, n);
		for (int i = 0; i < n; i++)
			buf_done(&text[i]);
	}
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
}

static bool
value_put(struct span json, const char *path, bool lines, struct buf *out)
{
	sqlite3 *db;
	sqlite3_stmt *stmt = query(&db, json, "SELECT CASE WHEN json_valid(:json) THEN"
	    " :json ->> :path END");
	bool found;

	(void)sqlite3_bind_text(stmt, sqlite3_bind_parameter_index(stmt, ":path"), path,
	    -1, SQLITE_STATIC);
	found = sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_type(stmt, 0) != SQLITE_NULL;
	if (found)
		render_safe(out, span_of(sqlite3_column_text(stmt, 0),
		    (size_t)sqlite3_column_bytes(stmt, 0)), lines);
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return found;
}

bool
api_value(struct span json, const char *path, struct buf *out)
{
	return value_put(json, path, false, out);
}

bool
api_text(struct span json, const char *path, struct buf *out)
{
	return value_put(json, path, true, out);
}

const char *
api_time(const char *stamp)
{
	static char text[TIMES][TIME_BYTES];
	static unsigned next;
	const struct civil_frame frame = { 0 };
	char *to = text[next++ % TIMES];
	struct civil c;
	int64_t ns;

	to[0] = '\0';
	if (civil_iso(span_str(stamp), &frame, &ns) == 0)
		return to;
	civil_split(&c, ns, zone_s);
	(void)snprintf(to, TIME_BYTES, "%02u/%02u %02u:%02u", c.day, c.month, c.hour, c.minute);
	return to;
}
