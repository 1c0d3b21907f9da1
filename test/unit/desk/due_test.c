/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of days that come again. */
#include "desk/due.h"

#include "base/civil.h"
#include "check.h"

static const struct due report = { .month = 12, .day = 20, .days = 1 };
static const struct due tet = { .lunar = true, .month = 1, .day = 1, .early = 1, .days = 5 };

static void
what_is_due_today_is_still_to_come(void)
{
	struct due_span s = { 0 };

	check(due_next(&report, civil_days(2026, 12, 20), &s));
	check_int(s.first, civil_days(2026, 12, 20));
	check_int(s.last, s.first);
	check(due_next(&report, civil_days(2026, 12, 21), &s));
	check_int(s.first, civil_days(2027, 12, 20));
}

static void
a_holiday_that_has_begun_is_not_over(void)
{
	struct due_span s = { 0 };

	for (unsigned day = 5; day <= 9; day++) {
		check(due_next(&tet, civil_days(2027, 2, day), &s));
		check_int(s.first, civil_days(2027, 2, 5));
		check_int(s.day, civil_days(2027, 2, 6));
		check_int(s.last, civil_days(2027, 2, 9));
	}
	check(due_next(&tet, civil_days(2027, 2, 10), &s));
	check_int(s.day, civil_days(2028, 1, 26));
}

static void
the_last_days_of_a_lunar_year_lie_in_the_next_year(void)
{
	/* Ông Công, ông Táo: 23 of month 12 of the year of 2026. */
	const struct due kitchen = { .lunar = true, .month = 12, .day = 23, .days = 1 };
	struct due_span s = { 0 };

	check(due_next(&kitchen, civil_days(2027, 1, 1), &s));
	check_int(s.day, civil_days(2027, 1, 30));
}

static void
a_day_that_a_year_does_not_have_is_left_out(void)
{
	const struct due leap = { .month = 2, .day = 29, .days = 1 };
	const struct due thirtieth = { .lunar = true, .month = 12, .day = 30, .days = 1 };
	struct due_span s = { 0 };

	check(!due_in_year(&leap, 2027, &s));
	check(due_next(&leap, civil_days(2026, 1, 1), &s));
	check_int(s.day, civil_days(2028, 2, 29));
	/* Eight years on end have no 30 Tết; the newspapers told so. */
	for (int year = 2024; year <= 2031; year++)
		check(!due_in_year(&thirtieth, year, &s));
	check(due_in_year(&thirtieth, 2032, &s));
	check_int(s.day, civil_days(2033, 1, 30));
}

static void
what_is_no_day_never_comes(void)
{
	const struct due none[] = { { .month = 0, .day = 1, .days = 1 },
	    { .month = 13, .day = 1, .days = 1 }, { .month = 4, .day = 31, .days = 1 },
	    { .month = 4, .day = 0, .days = 1 } };
	struct due_span s = { 0 };

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		check(!due_next(&none[i], civil_days(2026, 1, 1), &s));
	check(!due_next(&report, civil_days(2250, 1, 1), &s));
}

int
main(void)
{
	run(what_is_due_today_is_still_to_come);
	run(a_holiday_that_has_begun_is_not_over);
	run(the_last_days_of_a_lunar_year_lie_in_the_next_year);
	run(a_day_that_a_year_does_not_have_is_left_out);
	run(what_is_no_day_never_comes);
	return check_done();
}
