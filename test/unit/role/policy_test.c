/* SPDX-License-Identifier: Apache-2.0 */
/* role/policy.c: packs in the tables of the desk's view. */
#include "role/policy.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "base/must.h"
#include "check.h"

static struct why why;

static long long
asked(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;
	long long n;

	must(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK);
	must(sqlite3_step(stmt) == SQLITE_ROW);
	n = sqlite3_column_int64(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return n;
}

static void
packs_fill_the_tables_however_often_they_are_loaded(void)
{
	struct conf *conf = xcalloc(1, sizeof *conf);
	struct desk *desk = NULL;
	sqlite3 *db;

	conf->zone_minutes = 420;
	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	check_int(desk_new(&desk, db, &why), OK);
	for (unsigned i = 0; i < 2; i++) {
		check_int(policy_load(desk, conf, INT64_C(1795480000000000000), &why), OK);
		check_int(asked(db, "SELECT count(*) FROM duty_role WHERE is_tier"), 2);
		check_int(asked(db, "SELECT after FROM escalation WHERE level = 4 AND step = 2"),
		    INT64_C(900000000000));
		check_int(asked(db, "SELECT value FROM duty_rule WHERE name = 'zone'"), 420);
		/* Tết of 2027: the first day is 6 February, in the office's zone. */
		check_int(asked(db, "SELECT count(*) FROM holiday WHERE title LIKE 'Tết Nguyên đán'"
		    " AND first <= ns('2027-02-06T00:00:00+07:00') AND last >"
		    " ns('2027-02-06T00:00:00+07:00')"), 1);
		check_int(asked(db, "SELECT count(*) FROM holiday WHERE first % 86400000000000 <>"
		    " 61200000000000"), 0);
	}
	check_int(desk_forget(desk, &why), OK);
	check_int(asked(db, "SELECT count(*) FROM duty_role WHERE is_tier"), 2);
	desk_free(&desk);
	(void)sqlite3_close(db);
	free(conf);
}

int
main(void)
{
	run(packs_fill_the_tables_however_often_they_are_loaded);
	return check_done();
}
