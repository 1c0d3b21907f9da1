/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Days of the year that a duty desk works by: holidays, and what the rules in force want done by
 * when. A rule pack (rulepack.h).
 */
#ifndef ROLE_ALMANAC_H
#define ROLE_ALMANAC_H

#include "desk/due.h"
#include "role/rulepack.h"

enum { ALMANAC_DAYS = 48, ALMANAC_ON = 16 };
enum almanac_kind_of_day { ALMANAC_HOLIDAY, ALMANAC_DUTY };

struct almanac_day {
	struct rulepack_words words;
	int64_t kind;			/* enum almanac_kind_of_day */
	char english[RULEPACK_TEXT];	/* the title; may be empty */
	char on[ALMANAC_ON];		/* "12-20", "lunar 01-01" */
	bool before;			/* DUTY: to be done before that day, not on it */
	int64_t early, days;		/* HOLIDAY: begins so many days before, lasts so many */
	int64_t lead;			/* DUTY: days that it takes */
	struct due due;			/* of the above, by rulepack_check() */
};

struct almanac {
	struct rulepack_head head;
	struct almanac_day day[ALMANAC_DAYS];
	unsigned nday;
};

extern const struct rulepack_kind almanac_kind;

/* NULL: there is none of this name. */
const struct almanac_day	*almanac_find(const struct almanac_day *day, unsigned n,
				    const char *name);

#endif
