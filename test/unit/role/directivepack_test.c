/* SPDX-License-Identifier: Apache-2.0 */
/* The templates inside are whole, each order has a lead and a proof, and the desk takes them. */
#include "role/directivepack.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "desk/desk.h"
#include "check.h"

#define HEAD	"pack: p\norders:\n  - {name: a, title: t, english: e, law: l, article: x, " \
	"effective: 2026-01-01, source: s, status: to-confirm, issuer: i, leads: [0s], "

static struct directivepack pack;
static struct why why;

static void
the_templates_inside_are_whole_and_the_desk_takes_them(void)
{
	struct desk *desk = NULL;
	struct buf json = { 0 };
	sqlite3 *db;

	buf_str(&json, "{\"templates\":[");
	for (unsigned i = 0; i < DIRECTIVE_OWN; i++) {
		memset(&pack, 0, sizeof pack);
		if (!check(rulepack_own(&pack, directivepack_own[i], &why) == OK))
			printf("%s\n", why.text);
		check(pack.norder >= 7);
		for (unsigned k = 0; k < pack.norder; k++)
			check(pack.order[k].lead[0] != '\0' && pack.order[k].nlead_time > 0);
		buf_str(&json, i > 0 ? "," : "");
		directivepack_json(&json, &pack);
	}
	buf_str(&json, "]}");
	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	must(desk_new(&desk, db, &why) == OK);
	if (!check(desk_load(desk, "directives", buf_span(&json), &why) == OK))
		printf("%s\n", why.text);
	desk_free(&desk);
	(void)sqlite3_close(db);
	buf_done(&json);
}

static void
an_order_has_a_lead_and_a_proof(void)
{
	static const char *const broken[] = { HEAD "lead: h}\n", HEAD "proof: statement}\n",
	    HEAD "lead: h, proof: magic}\n", HEAD "lead: h, proof: register}\n",
	    HEAD "lead: h, proof: query}\n", HEAD "lead: h, proof: statement, of: x}\n",
	    HEAD "lead: h, proof: roster, days: 0}\n" };

	check(rulepack_parse(&pack, &directivepack_kind, SPAN(HEAD "lead: h, proof: roster}\n"),
	    &why) == OK);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
		if (!check(rulepack_parse(&pack, &directivepack_kind, span_str(broken[i]), &why) ==
		    ERR_FORMAT))
			printf("case %zu\n", i);
}

int
main(void)
{
	run(the_templates_inside_are_whole_and_the_desk_takes_them);
	run(an_order_has_a_lead_and_a_proof);
	return check_done();
}
