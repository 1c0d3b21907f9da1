/* SPDX-License-Identifier: Apache-2.0 */
/* The pack of registers inside is whole and the desk takes it; a wrong one is refused by line. */
#include "role/registerpack.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "desk/desk.h"
#include "check.h"

#define HEAD	"pack: p\nregisters:\n  - {name: a, title: t, english: e, law: l, article: x, " \
	"effective: 2026-01-01, source: s, status: to-confirm, leads: [0s], columns: ["
#define NAME	"{name: n, title: t, english: e, type: text}"

static struct registerpack pack;
static struct why why;

static void
the_pack_inside_is_whole_and_the_desk_takes_it(void)
{
	struct desk *desk = NULL;
	struct buf json = { 0 };
	sqlite3 *db;

	if (!check(rulepack_own(&pack, &registerpack_kind, &why) == OK))
		printf("%s\n", why.text);
	check(pack.nkind >= 10 && pack.kind[0].ncolumn > 5);
	for (unsigned i = 0; i < pack.nkind; i++)
		check_int(pack.kind[i].words.status, RULEPACK_TO_CONFIRM);
	registerpack_json(&json, &pack);
	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	must(desk_new(&desk, db, &why) == OK);
	if (!check(desk_load(desk, "registers", buf_span(&json), &why) == OK))
		printf("%s\n", why.text);
	desk_free(&desk);
	(void)sqlite3_close(db);
	buf_done(&json);
}

static void
a_wrong_one_is_refused_in_words(void)
{
	static const struct {
		const char *text, *said;
	} row[] = {
		{ HEAD "]}\n", "there has to be one" },
		{ HEAD NAME ", " NAME "]}\n", "a column is there twice" },
		{ HEAD "{name: id, title: t, english: e, type: text}]}\n", "and not id" },
		{ HEAD "{name: N, title: t, english: e, type: text}]}\n", "a column's name" },
		{ HEAD NAME ", {name: c, title: t, english: e, type: choice}]}\n", "choice:" },
		{ HEAD NAME ", {name: c, title: t, english: e, type: ref}]}\n", "ref:" },
		{ HEAD NAME ", {name: c, title: t, english: e, type: ref, ref: z}]}\n",
		    "names no register: z" },
		{ HEAD NAME ", {name: c, title: t, english: e, type: verified}]}\n", "days:" },
		{ HEAD NAME ", {name: c, title: t, english: e, type: expiry}, {name: d, title: t, "
		    "english: e, type: expiry}]}\n", "one column at most" },
		{ HEAD "{name: n, title: t, english: e, type: colour}]}\n", "colour" },
	};

	check(rulepack_parse(&pack, &registerpack_kind, SPAN(HEAD NAME "]}\n"), &why) == OK);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		memset(&pack, 0, sizeof pack);
		if (!check(rulepack_parse(&pack, &registerpack_kind, span_str(row[i].text), &why) ==
		    ERR_FORMAT && strstr(why.text, row[i].said) != NULL))
			printf("case %zu: %s\n", i, why.text);
	}
}

int
main(void)
{
	run(the_pack_inside_is_whole_and_the_desk_takes_it);
	run(a_wrong_one_is_refused_in_words);
	return check_done();
}
