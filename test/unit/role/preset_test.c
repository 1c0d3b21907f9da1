/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of rule packs: the one inside is whole, and a wrong one is refused with its line. */
#include "role/preset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#define PRESET	"presets:\n  - {name: a, days: 31, law: l, article: x, source: s, "

static struct preset_pack pack;
static struct why why;

static void
the_pack_inside_says_of_each_preset_where_it_comes_from(void)
{
	static const struct {
		const char *name;
		int64_t days;
	} level[] = { { "level-2", 31 }, { "level-3", 92 }, { "level-4", 184 },
	    { "level-5", 366 } };

	if (!check(rulepack_own(&pack, &preset_kind, &why) == OK))
		printf("%s\n", why.text);
	for (size_t i = 0; i < sizeof level / sizeof level[0]; i++) {
		const struct preset *p = preset_find(pack.preset, pack.npreset, level[i].name);

		check(p != NULL && p->days == level[i].days);
	}
	for (unsigned i = 0; i < pack.npreset; i++) {
		const struct rulepack_words *w = &pack.preset[i].words;

		check(w->law[0] != '\0' && w->article[0] != '\0' && w->source[0] != '\0');
		check(w->title[0] != '\0' && w->effective[0] != '\0');
		/* Nobody has held any of them against the official gazette yet. */
		check_int(w->status, RULEPACK_TO_CONFIRM);
	}
	check(preset_find(pack.preset, pack.npreset, "level-9") == NULL);
}

static const struct {
	const char *text, *said;
} bad[] = {
	{ "", "" },
	{ "presets: []\n", "line 1: the pack: 'pack' is missing" },
	{ "pack: p\nlaw: x\n", "line 2: the pack has no key 'law'; it has pack, title, version, "
	    "presets" },
	{ "pack: p\n" PRESET "status: sure, effective: 2026-01-01}\n",
	    "line 3: status: 'sure' is not one of to-confirm,confirmed" },
	{ "pack: p\n" PRESET "status: to-confirm, effective: 1/7/2026}\n",
	    "line 3: presets: a: effective is a day" },
	{ "pack: p\n" PRESET "status: to-confirm, effective: 2026-02-30}\n",
	    "line 3: presets: a: effective is a day" },
	{ "pack: p\n" PRESET "status: to-confirm, effective: 2300-01-01}\n",
	    "line 3: presets: a: effective is a day" },
	{ "pack: p\n" PRESET "status: to-confirm, effective: 2026-01-01, checked: 2026-01-02}\n",
	    "line 3: presets: a: checked goes with" },
	{ "pack: p\npresets:\n  - {name: a, days: 40000}\n", "line 3: days: '40000' is not" },
	{ "pack: p\n" PRESET "status: to-confirm, effective: 2026-01-01}\n  - {name: a, days: 1, "
	    "law: l, article: x, source: s, status: to-confirm, effective: 2026-01-01}\n",
	    "line 4: presets: another entry is named a" },
};

static void
a_wrong_pack_is_named_with_its_line(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		check_int(rulepack_parse(&pack, &preset_kind, span_str(bad[i].text), &why),
		    ERR_FORMAT);
		if (!check(strstr(why.text, bad[i].said) != NULL))
			printf("%s\nsaid: %s\n", bad[i].text, why.text);
	}
}

int
main(void)
{
	run(the_pack_inside_says_of_each_preset_where_it_comes_from);
	run(a_wrong_pack_is_named_with_its_line);
	return check_done();
}
