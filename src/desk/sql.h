/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Statements of SQLite with parameters by name. Inside of room desk only. Values are bound, never
 * written into SQL.
 */
#ifndef DESK_SQL_H
#define DESK_SQL_H

#include <sqlite3.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum { SQL_BINDS_MAX = 80, SQL_STATEMENTS_MAX = 16 };

/* Values by name; spans are borrowed. */
struct binds {
	unsigned n;
	struct bind {
		struct span name;
		bool is_number;
		struct span text;
		int64_t number;
	} bind[SQL_BINDS_MAX];
};

/* A later value of the same name is not seen. More than SQL_BINDS_MAX is our bug. */
void	bind_text(struct binds *binds, struct span name, struct span value);
void	bind_number(struct binds *binds, struct span name, int64_t value);

/* Statements that are run one after the other, prepared once. */
struct script {
	unsigned n;
	sqlite3_stmt *stmt[SQL_STATEMENTS_MAX];
};

/* Everything that is prepared refers to db, which stays. */
enum err	script_make(struct script *ret, sqlite3 *db, const char *sql, struct why *why);
void		script_done(struct script *script);
/* Rows that it gives are passed over. What the values break: ERR_FORMAT. */
enum err	script_run(struct script *script, const struct binds *binds, struct why *why);

/* A row: called once for each; false: enough. */
typedef bool sql_row_fn(void *ctx, sqlite3_stmt *stmt);
/* Runs a script of one statement. each may be NULL. */
enum err	script_rows(struct script *script, const struct binds *binds, sql_row_fn *each,
		    void *ctx, struct why *why);
/* Column i as text, borrowed until the next step; NULL is empty. */
struct span	sql_text(sqlite3_stmt *stmt, int i);
/* SQL that has no parameters. */
enum err	sql_exec(sqlite3 *db, const char *sql, struct why *why);
/* What SQLite says, behind `what`. */
enum err	sql_why(sqlite3 *db, struct why *why, const char *what);
/*
 * Functions that the parts' SQL may use: stamp(ns) -> RFC 3339, ns(text) -> nanoseconds or NULL,
 * folded(text) -> lower case without diacritics, here(ns) -> "07:30 24/11/2026" in UTC+7,
 * lasts(ns, lang) -> "2 giờ 10 phút", as long as that.
 */
enum err	sql_functions(sqlite3 *db, struct why *why);

#endif
