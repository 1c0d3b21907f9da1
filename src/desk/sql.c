/* SPDX-License-Identifier: Apache-2.0 */
/* See sql.h. */
#include "desk/sql.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/fold.h"
#include "base/must.h"

enum { HERE_S = 7 * 3600 };		/* UTC+7, the law's time */

/* ---- values ---- */

void
bind_text(struct binds *binds, struct span name, struct span value)
{
	must(binds->n < SQL_BINDS_MAX);
	binds->bind[binds->n++] = (struct bind){ .name = name, .text = value };
}

void
bind_number(struct binds *binds, struct span name, int64_t value)
{
	must(binds->n < SQL_BINDS_MAX);
	binds->bind[binds->n++] = (struct bind){ .name = name, .is_number = true,
	    .number = value };
}

/* What has no value stays NULL. */
static void
bind_all(sqlite3_stmt *stmt, const struct binds *binds)
{
	int n = sqlite3_bind_parameter_count(stmt);

	(void)sqlite3_clear_bindings(stmt);
	for (int i = 1; i <= n; i++) {
		const char *name = sqlite3_bind_parameter_name(stmt, i);
		const struct bind *b = NULL;

		must(name != NULL && name[0] == ':');
		for (unsigned k = 0; k < binds->n && b == NULL; k++)
			if (span_is(binds->bind[k].name, name + 1))
				b = &binds->bind[k];
		if (b != NULL && b->is_number)
			(void)sqlite3_bind_int64(stmt, i, b->number);
		else if (b != NULL)
			(void)sqlite3_bind_text64(stmt, i, b->text.n > 0 ?
			    (const char *)b->text.p : "", b->text.n, SQLITE_STATIC, SQLITE_UTF8);
	}
}

/* ---- statements ---- */

enum err
sql_why(sqlite3 *db, struct why *why, const char *what)
{
	return why_set(why, ERR_IO, "%s: SQLite says: %s", what, sqlite3_errmsg(db));
}

enum err
sql_exec(sqlite3 *db, const char *sql, struct why *why)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? OK :
	    sql_why(db, why, "the desk's view");
}

void
script_done(struct script *script)
{
	for (unsigned i = 0; i < script->n; i++)
		(void)sqlite3_finalize(script->stmt[i]);
	script->n = 0;
}

enum err
script_make(struct script *ret, sqlite3 *db, const char *sql, struct why *why)
{
	*ret = (struct script){ .n = 0 };
	while (sql != NULL && *sql != '\0') {
		sqlite3_stmt *stmt = NULL;

		if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, &sql) !=
		    SQLITE_OK) {
			script_done(ret);
			return sql_why(db, why, "a statement of the desk");
		}
		if (stmt == NULL)
			continue;
		must(ret->n < SQL_STATEMENTS_MAX);
		ret->stmt[ret->n++] = stmt;
	}
	return OK;
}

/* Prepared it was sound: a constraint, a number that is none, JSON that is none, too long. */
static bool
is_of_values(int rc)
{
	return rc == SQLITE_CONSTRAINT || rc == SQLITE_MISMATCH || rc == SQLITE_ERROR ||
	    rc == SQLITE_TOOBIG;
}

static enum err
statement_run(sqlite3_stmt *stmt, const struct binds *binds, sql_row_fn *each, void *ctx,
    struct why *why)
{
	bool enough = false;
	int rc;

	bind_all(stmt, binds);
	while ((rc = sqlite3_step(stmt)) == SQLITE_ROW && !enough)
		enough = each != NULL && !each(ctx, stmt);
	if (rc != SQLITE_DONE && rc != SQLITE_ROW) {
		(void)sql_why(sqlite3_db_handle(stmt), why, "the desk's view");
		(void)sqlite3_reset(stmt);
		return is_of_values(rc) ? ERR_FORMAT : ERR_IO;
	}
	(void)sqlite3_reset(stmt);
	return OK;
}

enum err
script_run(struct script *script, const struct binds *binds, struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && i < script->n; i++)
		rc = statement_run(script->stmt[i], binds, NULL, NULL, why);
	return rc;
}

enum err
script_rows(struct script *script, const struct binds *binds, sql_row_fn *each, void *ctx,
    struct why *why)
{
	must(script->n == 1);
	return statement_run(script->stmt[0], binds, each, ctx, why);
}

struct span
sql_text(sqlite3_stmt *stmt, int i)
{
	const unsigned char *text = sqlite3_column_text(stmt, i);

	return text == NULL ? SPAN("") : span_of(text, (size_t)sqlite3_column_bytes(stmt, i));
}

/* ---- functions ---- */

static struct span
argument(sqlite3_value *value)
{
	const unsigned char *text = sqlite3_value_text(value);

	return text == NULL ? SPAN("") : span_of(text, (size_t)sqlite3_value_bytes(value));
}

static void
fn_stamp(sqlite3_context *ctx, int n, sqlite3_value **value)
{
	uint8_t text[CIVIL_TEXT_BYTES];

	(void)n;
	if (sqlite3_value_type(value[0]) == SQLITE_INTEGER)
		sqlite3_result_text(ctx, (const char *)text, (int)civil_put(text,
		    sqlite3_value_int64(value[0]), 0, 0), SQLITE_TRANSIENT);
}

static void
fn_ns(sqlite3_context *ctx, int n, sqlite3_value **value)
{
	const struct civil_frame frame = { 0 };
	struct span text = argument(value[0]);
	int64_t ns;

	(void)n;
	if (text.n > 0 && civil_iso(text, &frame, &ns) == text.n)
		sqlite3_result_int64(ctx, ns);
}

static void
fn_folded(sqlite3_context *ctx, int n, sqlite3_value **value)
{
	struct span text = argument(value[0]);
	struct buf out = { 0 };

	(void)n;
	if (sqlite3_value_type(value[0]) == SQLITE_NULL)
		return;
	if (text.n > 0)
		out.n = fold(buf_add(&out, text.n), text);
	sqlite3_result_text64(ctx, out.n > 0 ? (const char *)out.p : "", out.n, SQLITE_TRANSIENT,
	    SQLITE_UTF8);
	buf_done(&out);
}

static void
result_take(sqlite3_context *ctx, struct buf *text)
{
	sqlite3_result_text64(ctx, (const char *)text->p, text->n, SQLITE_TRANSIENT, SQLITE_UTF8);
	buf_done(text);
}

/* As the clocks on the wall here show it: no summer time. */
static void
fn_here(sqlite3_context *ctx, int n, sqlite3_value **value)
{
	struct buf text = { 0 };
	struct civil c;

	(void)n;
	if (sqlite3_value_type(value[0]) != SQLITE_INTEGER)
		return;
	civil_split(&c, sqlite3_value_int64(value[0]), HERE_S);
	buf_printf(&text, "%02u:%02u %02u/%02u/%04d", c.hour, c.minute, c.day, c.month, c.year);
	result_take(ctx, &text);
}

/* The two largest units of it, minutes at least; without its sign. */
static void
fn_lasts(sqlite3_context *ctx, int n, sqlite3_value **value)
{
	int64_t minutes = sqlite3_value_int64(value[0]) / CIVIL_SECOND_NS / 60;
	bool en = span_is(argument(value[1]), "en");
	struct buf text = { 0 };
	int64_t hours;

	(void)n;
	if (sqlite3_value_type(value[0]) != SQLITE_INTEGER)
		return;
	minutes = minutes < 0 ? -minutes : minutes;
	hours = minutes / 60;
	if (hours >= 48)
		buf_printf(&text, en ? "%lld d %lld h" : "%lld ngày %lld giờ",
		    (long long)(hours / 24), (long long)(hours % 24));
	else if (hours > 0)
		buf_printf(&text, en ? "%lld h %lld min" : "%lld giờ %lld phút",
		    (long long)hours, (long long)(minutes % 60));
	else
		buf_printf(&text, en ? "%lld min" : "%lld phút", (long long)minutes);
	result_take(ctx, &text);
}

enum err
sql_functions(sqlite3 *db, struct why *why)
{
	static const struct {
		const char *name;
		int n;
		void (*fn)(sqlite3_context *, int, sqlite3_value **);
	} row[] = { { "stamp", 1, fn_stamp }, { "ns", 1, fn_ns }, { "folded", 1, fn_folded },
	    { "here", 1, fn_here }, { "lasts", 2, fn_lasts } };
	const int how = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (sqlite3_create_function(db, row[i].name, row[i].n, how, NULL, row[i].fn, NULL,
		    NULL) != SQLITE_OK)
			return sql_why(db, why, "the desk's functions");
	return OK;
}
