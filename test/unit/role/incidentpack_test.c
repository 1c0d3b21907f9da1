/* SPDX-License-Identifier: Apache-2.0 */
/* The pack of incidents inside is whole and the desk takes it; a wrong one is refused by line. */
#include "role/incidentpack.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "desk/desk.h"
#include "check.h"

#define REST	"law: l, article: x, effective: 2026-01-01, source: s, status: to-confirm}\n"
#define SEVERITY \
	"pack: p\nseverities:\n  - {name: a, title: t, english: e, profile: n, level: 1, " \
	REST
#define NONE	"questions: []\nclocks: []\nplaybooks: []\n"
#define QUESTION SEVERITY "clocks: []\nplaybooks: []\nquestions:\n  - {title: t, english: e, "
#define CLOCK	SEVERITY "questions: []\nplaybooks: []\nclocks:\n  - {name: c, title: t, " \
	"english: e, recipient: r, level: 1, starts: detected, "
#define PLAYBOOK SEVERITY "questions: []\nclocks: []\nplaybooks:\n  - {name: p, title: t, " \
	"english: e, "

static struct incidentpack pack;
static struct why why;

static void
the_pack_inside_is_whole_and_the_desk_takes_it(void)
{
	struct desk *desk = NULL;
	struct buf json = { 0 };
	sqlite3 *db;

	if (!check(rulepack_own(&pack, &incidentpack_kind, &why) == OK))
		printf("%s\n", why.text);
	check(pack.head.version[0] != '\0' && pack.nclock >= 5 && pack.nplaybook >= 5);
	/* Nobody has held any of them against the official gazette yet. */
	for (unsigned i = 0; i < pack.nclock; i++)
		check_int(pack.clock[i].words.status, RULEPACK_TO_CONFIRM);
	for (unsigned i = 0; i < pack.nplaybook; i++)
		check(strstr(pack.playbook[i].words.note,
		    "không phải văn bản pháp luật") != NULL);
	incidentpack_json(&json, &pack);
	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	must(desk_new(&desk, db, &why) == OK);
	check_int(desk_load(desk, "incident", buf_span(&json), &why), OK);
	desk_free(&desk);
	(void)sqlite3_close(db);
	buf_done(&json);
}

static const struct {
	const char *text, *said;
} bad[] = {
	{ "pack: p\n", "'severities' is missing" },
	{ "pack: p\nseverities: []\n" NONE, "there has to be one" },
	{ "pack: p\nseverities:\n  - {name: a, title: t, english: e, profile: n, level: 1, law: l, "
	    "effective: 2026-01-01, source: s, status: to-confirm}\n" NONE,
	    "line 3: severities: 'article' is missing" },
	{ SEVERITY "  - {name: b, title: t, english: e, profile: n, level: 1, " REST NONE,
	    "line 4: severities: b: another one" },
	{ SEVERITY NONE "colour: red\n", "line 7: the pack has no key 'colour'" },
	{ QUESTION "name: a-b, profile: n, level: 1, " REST, "line 7: questions: a-b: a question" },
	{ QUESTION "name: q, profile: n, level: 2, " REST, "line 7: questions: q: no severity" },
	{ QUESTION "name: q, profile: n, level: 1, needs: x, " REST, "q: needs names no question" },
	{ QUESTION "name: q, profile: n, level: 1, needs: q, " REST, "does not need itself" },
	{ CLOCK "profile: m, after: 1h, warn: [0s], " REST, "line 7: clocks: c: no severity" },
	{ CLOCK "profile: n, after: 1h, warn: [2h], " REST, "c: warn lies before" },
	{ CLOCK "profile: n, after: 1h, warn: [], " REST, "c: warn: say when" },
	{ CLOCK "profile: n, after: 1h, warn: [soon], " REST, "line 7: before: 'soon'" },
	{ CLOCK "profile: n, after: 400d, warn: [0s], " REST, "line 7: after: '400d'" },
	{ PLAYBOOK "steps: [{title: t, english: e, within: 1h}], " REST, "the first step keeps" },
	{ PLAYBOOK "steps: [{title: t, within: 1h}], " REST, "'english' is missing" },
};

static void
a_wrong_pack_is_named_with_its_line(void)
{
	check_int(rulepack_parse(&pack, &incidentpack_kind, SPAN(SEVERITY NONE), &why), OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		check_int(rulepack_parse(&pack, &incidentpack_kind, span_str(bad[i].text), &why),
		    ERR_FORMAT);
		if (!check(strstr(why.text, bad[i].said) != NULL))
			printf("%s\nsaid: %s\n", bad[i].text, why.text);
	}
}

int
main(void)
{
	run(the_pack_inside_is_whole_and_the_desk_takes_it);
	run(a_wrong_pack_is_named_with_its_line);
	return check_done();
}
