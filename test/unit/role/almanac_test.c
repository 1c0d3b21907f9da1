/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of the pack of days: the one inside is whole, and a wrong one is refused with its line. */
#include "role/almanac.h"

#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "check.h"

#define REST	"law: l, article: x, effective: 2026-01-01, source: s, status: to-confirm}\n"
#define DAY	"pack: p\ncalendar:\n  - {name: a, title: t, "

static struct almanac pack;
static struct why why;

static void
the_pack_inside_says_of_each_day_where_it_comes_from(void)
{
	struct due_span s;

	if (!check(rulepack_own(&pack, &almanac_kind, &why) == OK))
		printf("%s\n", why.text);
	for (unsigned i = 0; i < pack.nday; i++) {
		const struct almanac_day *d = &pack.day[i];

		check(d->english[0] != '\0');
		/* Nobody has held any of them against the official gazette yet. */
		check_int(d->words.status, RULEPACK_TO_CONFIRM);
		check(due_next(&d->due, civil_days(2026, 11, 24), &s));
	}
	check(almanac_find(pack.day, pack.nday, "no-such-day") == NULL);
}

static void
the_pressing_days_of_this_winter_are_there(void)
{
	static const struct {
		const char *name;
		unsigned year, month, day;
		bool before;
	} due[] = { { "bao-cao-nam-don-vi", 2026, 12, 20, true },
	    { "bao-cao-nam-chu-quan", 2026, 12, 25, true }, { "tet", 2027, 2, 6, false } };

	check(rulepack_own(&pack, &almanac_kind, &why) == OK);
	for (size_t i = 0; i < sizeof due / sizeof *due; i++) {
		const struct almanac_day *d = almanac_find(pack.day, pack.nday, due[i].name);
		struct due_span s = { 0 };

		if (!check(d != NULL))
			continue;
		check(due_next(&d->due, civil_days(2026, 11, 24), &s));
		check_int(s.day, civil_days(due[i].year, due[i].month, due[i].day));
		check_int(d->before, due[i].before);
	}
}

static const struct {
	const char *text, *said;
} bad[] = {
	{ "calendar: []\n", "'pack' is missing" },
	{ DAY "kind: feast, on: \"12-20\", " REST,
	    "line 3: kind: 'feast' is not one of holiday,duty" },
	{ DAY "kind: duty, on: \"20/12\", " REST, "line 3: calendar: a: on is a day" },
	{ DAY "kind: duty, on: \"02-30\", " REST, "line 3: calendar: a: on is a day" },
	{ DAY "kind: duty, on: \"lunar 13-01\", " REST, "line 3: calendar: a: on is a day" },
	{ DAY "kind: duty, on: \"lunar 01-31\", " REST, "line 3: calendar: a: on is a day" },
	{ DAY "kind: duty, on: \"12-20\", days: 2, " REST, "go with kind: holiday" },
	{ DAY "kind: holiday, on: \"12-20\", lead: 2, " REST, "go with kind: duty" },
	{ DAY "kind: holiday, on: \"12-20\", days: 32, " REST, "line 3: days: '32' is not" },
	{ DAY "kind: duty, on: \"12-20\", law: l, article: x, source: s, status: to-confirm, "
	    "effective: 1/1/2026}\n", "line 3: calendar: a: effective is a day" },
	{ DAY "kind: duty, on: \"12-20\", " REST "  - {name: a, title: t, kind: duty, "
	    "on: \"12-21\", " REST, "line 4: calendar: another entry is named a" },
};

static void
a_wrong_pack_is_named_with_its_line(void)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		check_int(rulepack_parse(&pack, &almanac_kind, span_str(bad[i].text), &why),
		    ERR_FORMAT);
		if (!check(strstr(why.text, bad[i].said) != NULL))
			printf("%s\nsaid: %s\n", bad[i].text, why.text);
	}
}

int
main(void)
{
	run(the_pack_inside_says_of_each_day_where_it_comes_from);
	run(the_pressing_days_of_this_winter_are_there);
	run(a_wrong_pack_is_named_with_its_line);
	return check_done();
}
