/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the lunar calendar. Tết dates are those of the printed calendars of Viet Nam; in 1968,
 * 1969, 1985, 2007 and 2030 they are not those of China, because the day begins an hour later.
 */
#include "desk/lunar.h"

#include <stdio.h>

#include "base/civil.h"
#include "check.h"

/* Month and day of Tết, 1968 to 2050. */
static const uint16_t tet[] = {
	129, 216,
	206, 127, 215, 203, 123, 211, 131, 218, 207, 128,	/* 1970 */
	216, 205, 125, 213, 202, 121, 209, 129, 217, 206,	/* 1980 */
	127, 215, 204, 123, 210, 131, 219, 207, 128, 216,	/* 1990 */
	205, 124, 212, 201, 122, 209, 129, 217, 207, 126,	/* 2000 */
	214, 203, 123, 210, 131, 219, 208, 128, 216, 205,	/* 2010 */
	125, 212, 201, 122, 210, 129, 217, 206, 126, 213,	/* 2020 */
	202, 123, 211, 131, 219, 208, 128, 215, 204, 124,	/* 2030 */
	212, 201, 122, 210, 130, 217, 206, 126, 214, 202,	/* 2040 */
	123,
};

static void
tet_is_on_its_day_from_1968_to_2050(void)
{
	check_int(sizeof tet / sizeof *tet, 2050 - 1968 + 1);
	for (int year = 1968; year <= 2050; year++) {
		struct lunar first = { .year = year, .month = 1, .day = 1 };
		unsigned want = tet[year - 1968];
		int64_t day = 0;

		check(lunar_to_day(&first, &day));
		if (!check_int(day, civil_days(year, want / 100, want % 100)))
			printf("in %d\n", year);
	}
}

/* Year and number of the month that is followed by a leap month of the same number. */
static void
leap_months_are_those_of_the_printed_calendars(void)
{
	static const struct {
		int year;
		unsigned month;
	} leap[] = { { 1968, 7 }, { 1971, 5 }, { 1974, 4 }, { 1976, 8 }, { 1979, 6 }, { 1982, 4 },
	    { 1985, 2 }, { 1987, 7 }, { 1990, 5 }, { 1993, 3 }, { 1995, 8 }, { 1998, 5 },
	    { 2001, 4 }, { 2004, 2 }, { 2006, 7 }, { 2009, 5 }, { 2012, 4 }, { 2014, 9 },
	    { 2017, 6 }, { 2020, 4 }, { 2023, 2 }, { 2025, 6 }, { 2028, 5 }, { 2031, 3 },
	    { 2033, 11 } };
	size_t next = 0;

	for (int year = 1968; year <= 2033; year++)
		for (unsigned month = 1; month <= 12; month++) {
			struct lunar l = { .year = year, .month = month, .day = 1, .leap = true };
			bool want = next < sizeof leap / sizeof *leap && leap[next].year == year &&
			    leap[next].month == month;

			if (!check_int(lunar_month_days(&l) > 0, want))
				printf("%d/%u\n", month, (unsigned)year);
			next += want;
		}
	check_int(next, sizeof leap / sizeof *leap);
}

/* One month in three, all of its days. */
static void
every_day_has_one_lunar_day_and_leads_back(void)
{
	for (int64_t first = civil_days(1969, 1, 1); first < civil_days(2120, 1, 1); first += 90) {
		struct lunar before = { .year = 0 };

		for (int64_t day = first; day < first + 31; day++) {
			struct lunar l;
			int64_t back = 0;

			if (!check(lunar_of_day(day, &l) && lunar_to_day(&l, &back) && back == day))
				return;
			if (before.year != 0 && l.day != before.day + 1)
				check(l.day == 1 && before.day == lunar_month_days(&before));
			before = l;
		}
	}
}

static void
days_that_are_none_are_refused(void)
{
	static const struct lunar none[] = { { 2027, 0, 1, false }, { 2027, 13, 1, false },
	    { 2027, 1, 0, false }, { 2027, 1, 31, false }, { 2027, 1, 1, true },
	    { 1967, 1, 1, false }, { 2200, 1, 1, false } };
	struct lunar l = { .year = 7 };
	int64_t day = 7;

	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		check(!lunar_to_day(&none[i], &day) && day == 7);
	check(!lunar_of_day(civil_days(1967, 12, 31), &l) && l.year == 7);
	check(!lunar_of_day(civil_days(2200, 1, 1), &l) && l.year == 7);
	check(!lunar_of_day(INT64_MIN, &l) && !lunar_of_day(INT64_MAX, &l));
}

int
main(void)
{
	run(tet_is_on_its_day_from_1968_to_2050);
	run(leap_months_are_those_of_the_printed_calendars);
	run(every_day_has_one_lunar_day_and_leads_back);
	run(days_that_are_none_are_refused);
	return check_done();
}
