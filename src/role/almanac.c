/* SPDX-License-Identifier: Apache-2.0 */
/* The table of a day; see almanac.h. */
#include "role/almanac.h"

#include <string.h>

#include "base/civil.h"
#include "role/packs.h"
#include "role/rulepack_int.h"

#define NUMBER(s, f)	.type = KEY_NUMBER, .at = offsetof(struct s, f)

enum {
	EARLY_MAX = 60,			/* further away it is another day */
	LEAD_MAX = 366
};

_Static_assert(offsetof(struct almanac_day, words) == 0, "what rulepack.h looks at");

const struct key almanac_key[] = {
	RULEPACK_KEYS(true),
	{ .name = "kind", .type = KEY_CHOICE, .at = offsetof(struct almanac_day, kind),
	    .choice = "holiday,duty", .required = true },
	{ .name = "english", RULEPACK_FIELD(almanac_day, english) },
	{ .name = "on", RULEPACK_FIELD(almanac_day, on), .required = true },
	{ .name = "before", .type = KEY_BOOL, .at = offsetof(struct almanac_day, before) },
	{ .name = "early", NUMBER(almanac_day, early), .max = EARLY_MAX },
	{ .name = "days", NUMBER(almanac_day, days), .min = 1, .max = DUE_DAYS_MAX },
	{ .name = "lead", NUMBER(almanac_day, lead), .max = LEAD_MAX },
	{ .name = NULL },
};

/* "12-20" or "lunar 01-01", a day that some year has. */
static bool
on_read(const char *on, struct due *due)
{
	static const char lunar[] = "lunar ";
	unsigned most;

	due->lunar = strncmp(on, lunar, sizeof lunar - 1) == 0;
	if (due->lunar)
		on += sizeof lunar - 1;
	if (strlen(on) != 5 || on[2] != '-')
		return false;
	for (unsigned i = 0; i < 5; i++)
		if (i != 2 && (on[i] < '0' || on[i] > '9'))
			return false;
	due->month = (unsigned)(on[0] - '0') * 10 + (unsigned)(on[1] - '0');
	due->day = (unsigned)(on[3] - '0') * 10 + (unsigned)(on[4] - '0');
	if (due->month < 1 || due->month > 12)
		return false;
	most = due->lunar ? 30 : civil_month_days(2024, due->month);
	return due->day >= 1 && due->day <= most;
}

static const char *
day_check(void *entry)
{
	struct almanac_day *d = entry;

	if (d->days == 0)
		d->days = 1;
	d->due.early = (unsigned)d->early;
	d->due.days = (unsigned)d->days;
	if (!on_read(d->on, &d->due))
		return "on is a day of the year, written 12-20, or of the lunar year, lunar 01-01";
	if (d->kind == ALMANAC_HOLIDAY && (d->before || d->lead > 0))
		return "before and lead go with kind: duty";
	if (d->kind == ALMANAC_DUTY && (d->early > 0 || d->days > 1))
		return "early and days go with kind: holiday";
	return NULL;
}

const struct rulepack_kind almanac_kind = {
	.bytes = sizeof(struct almanac),
	.list = { .name = "calendar", .type = KEY_LIST, .at = offsetof(struct almanac, day),
	    .max = ALMANAC_DAYS, .size = sizeof(struct almanac_day),
	    .count_at = offsetof(struct almanac, nday), .sub = almanac_key, .required = true },
	.own = &pack_calendar,
	.check = day_check,
};

const struct almanac_day *
almanac_find(const struct almanac_day *day, unsigned n, const char *name)
{
	return rulepack_find(&almanac_kind, day, n, name);
}
