/* SPDX-License-Identifier: Apache-2.0 */
/* See due.h. */
#include "desk/due.h"

#include "base/civil.h"
#include "desk/lunar.h"

enum { YEARS_AHEAD = 10 };

bool
due_in_year(const struct due *due, int year, struct due_span *ret_span)
{
	struct lunar lunar = { .year = year, .month = due->month, .day = due->day };
	int64_t day;

	if (year < LUNAR_YEAR_FIRST || year > LUNAR_YEAR_LAST || due->month < 1 ||
	    due->month > 12 || due->day < 1)
		return false;
	if (due->lunar) {
		if (!lunar_to_day(&lunar, &day))
			return false;
	} else {
		if (due->day > civil_month_days(year, due->month))
			return false;
		day = civil_days(year, due->month, due->day);
	}
	ret_span->day = day;
	ret_span->first = day - due->early;
	ret_span->last = ret_span->first + due->days - 1;
	return true;
}

bool
due_next(const struct due *due, int64_t from, struct due_span *ret_span)
{
	struct civil date;

	civil_split(&date, from * CIVIL_DAY_S * CIVIL_SECOND_NS, 0);
	/* Lunar years begin in January or February; what begins early may lie the year before. */
	for (int year = date.year - 1; year <= date.year + YEARS_AHEAD; year++)
		if (due_in_year(due, year, ret_span) && ret_span->last >= from)
			return true;
	return false;
}
