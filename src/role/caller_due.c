/* SPDX-License-Identifier: Apache-2.0 */
/* Reads the desk's answer, JSON, by SQLite's functions over memory. See caller_int.h. */
#include "role/caller_int.h"

static const char sql[] =
    "SELECT value ->> 'person', value ->> 'lang', value ->> 'channel', value ->> 'address',"
    " value ->> 'other', value ->> 'critical', value ->> 'test', value ->> 'alert',"
    " value ->> 'failed', value ->> 'upto', value ->> 'count', value ->> 'level' FROM"
    " json_each(?1, '$.due')";

enum err
wanted_open(struct caller *c, struct why *why)
{
	if (sqlite3_open_v2(":memory:", &c->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
	    NULL) == SQLITE_OK && sqlite3_prepare_v2(c->db, sql, sizeof sql, &c->due, NULL) ==
	    SQLITE_OK)
		return OK;
	return why_set(why, ERR_IO, "cannot begin to read JSON: %s", sqlite3_errmsg(c->db));
}

static const char *
text_of(sqlite3_stmt *stmt, int i)
{
	const unsigned char *text = sqlite3_column_text(stmt, i);

	return text != NULL ? (const char *)text : "";
}

void
wanted_each(struct caller *c, struct span json, wanted_fn *each)
{
	(void)sqlite3_bind_text64(c->due, 1, (const char *)json.p, json.n, SQLITE_STATIC,
	    SQLITE_UTF8);
	while (sqlite3_step(c->due) == SQLITE_ROW) {
		const struct wanted wanted = { .person = text_of(c->due, 0),
		    .lang = text_of(c->due, 1), .channel = text_of(c->due, 2),
		    .address = text_of(c->due, 3), .other = text_of(c->due, 4),
		    .critical = sqlite3_column_int(c->due, 5) != 0,
		    .test = sqlite3_column_int(c->due, 6) != 0,
		    .alert = sqlite3_column_int(c->due, 7) != 0,
		    .failed = (uint64_t)sqlite3_column_int64(c->due, 8),
		    .upto = (uint64_t)sqlite3_column_int64(c->due, 9),
		    .count = (unsigned)sqlite3_column_int(c->due, 10),
		    .level = (unsigned)sqlite3_column_int(c->due, 11) };

		each(c, &wanted);
	}
	(void)sqlite3_reset(c->due);
	(void)sqlite3_clear_bindings(c->due);
}
