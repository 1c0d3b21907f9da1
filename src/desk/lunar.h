/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Vietnamese lunar calendar, computed: Tết and the other days that the law and people count by
 * the moon. No table to run out of.
 *
 * Rules (those of the calendar of 1645, with the day beginning at midnight of UTC+7, as decided
 * for Viet Nam on 8/8/1967 and used since 1/1/1968): a month begins on the day of its new moon.
 * Month 11 is the one that the winter solstice falls into. Where 13 months lie between one month
 * 11 and the next, the first of them in which the sun enters none of its twelve signs is the leap
 * month and has the number of the one before it.
 */
#ifndef DESK_LUNAR_H
#define DESK_LUNAR_H

#include <stdbool.h>
#include <stdint.h>

/* Before, the calendar was another one; after, a minute more or less in a new moon may tell. */
enum { LUNAR_YEAR_FIRST = 1968, LUNAR_YEAR_LAST = 2199 };

struct lunar {
	int year;		/* the Gregorian year that its Tết falls into */
	unsigned month;		/* 1..12 */
	unsigned day;		/* 1..30 */
	bool leap;		/* the leap month behind the month of this number */
};

/* day: since 1970-01-01, of the calendar of UTC+7. False: outside of the years above. */
bool	lunar_of_day(int64_t day, struct lunar *ret_lunar);
/* False: there is no such day; nothing is set. */
bool	lunar_to_day(const struct lunar *lunar, int64_t *ret_day);
/* Days of that month, 29 or 30; 0: there is no such month. */
unsigned lunar_month_days(const struct lunar *lunar);

#endif
