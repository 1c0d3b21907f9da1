/* SPDX-License-Identifier: Apache-2.0 */
/* Tests role/accounts.c: the pack that travels along, and packs that are refused. */
#include "check.h"

#include <stdio.h>

#include "role/accounts.h"

static void
the_pack_of_ours_has_every_rule(void)
{
	struct admit_rules rules = { .failures = 0 };
	struct why why = { "" };

	check_int(accounts_own(&rules, &why), OK);
	check(rules.failures > 0 && rules.lock_s >= 60 && rules.once_s >= 86400);
	check(rules.idle_admin_s <= rules.idle_s && rules.idle_s < rules.session_s);
	check(rules.password_coded >= 8 && rules.password_alone > rules.password_coded);
	if (why.text[0] != '\0')
		printf("%s\n", why.text);
}

#define RULE(name, value)	"  - {name: " name ", title: t, value: " value ", law: l, " \
	"article: a, effective: 2026-08-19, source: s, status: to-confirm}\n"

static void
a_pack_that_lacks_a_rule_or_has_a_strange_one_is_refused(void)
{
	static const char *const bad[] = {
		"pack: p\nrules:\n" RULE("failures", "5"),
		"pack: p\nrules:\n" RULE("failures", "0"),
		"pack: p\nrules:\n" RULE("anything", "5"),
		"pack: p\nrules:\n  - {name: failures, value: 5}\n",
		"pack: p\n",
		"",
	};
	struct admit_rules rules = { .failures = 77 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct why why = { "" };

		check_int(accounts_parse(&rules, span_str(bad[i]), &why), ERR_FORMAT);
		check(why.text[0] != '\0');
	}
	check_int(rules.failures, 77);
}

int
main(void)
{
	run(the_pack_of_ours_has_every_rule);
	run(a_pack_that_lacks_a_rule_or_has_a_strange_one_is_refused);
	return check_done();
}
