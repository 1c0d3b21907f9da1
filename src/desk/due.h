/* SPDX-License-Identifier: Apache-2.0 */
/* Days that come again every year, by the sun or by the moon, and when they come next. */
#ifndef DESK_DUE_H
#define DESK_DUE_H

#include <stdbool.h>
#include <stdint.h>

enum { DUE_DAYS_MAX = 31 };

struct due {
	bool lunar;		/* month and day are of the Vietnamese lunar calendar (lunar.h) */
	unsigned month, day;
	unsigned early;		/* it begins so many days before */
	unsigned days;		/* and lasts so many, 1..DUE_DAYS_MAX */
};

/* A day, since 1970-01-01, and the first and last of what it belongs to. */
struct due_span {
	int64_t day, first, last;
};

/*
 * Of that year, by its own calendar. False: there is no such day in it (29 February; the last of
 * a month of 29 days), or it is outside of LUNAR_YEAR_FIRST to LUNAR_YEAR_LAST.
 */
bool	due_in_year(const struct due *due, int year, struct due_span *ret_span);
/* The first that is not over before the day `from`; false: none in the ten years after it. */
bool	due_next(const struct due *due, int64_t from, struct due_span *ret_span);

#endif
