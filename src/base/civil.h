/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTC calendar arithmetic without the C library, and the stamps that logs are written with.
 * Times are nanoseconds since 1970-01-01T00:00:00Z without leap seconds; second 60 is the next
 * minute's 0. Readers take the digits by position: a few nanoseconds per stamp. Zones are seconds
 * east of Greenwich.
 */
#ifndef BASE_CIVIL_H
#define BASE_CIVIL_H

#include "base/span.h"

#define CIVIL_SECOND_NS		INT64_C(1000000000)
#define CIVIL_DAY_S		86400

struct civil {
	int32_t year;		/* proleptic Gregorian */
	uint8_t month;		/* 1..12 */
	uint8_t day;		/* 1..31 */
	uint8_t hour;
	uint8_t minute;
	uint8_t second;		/* 0..60 */
	uint32_t nano;
	int32_t zone_s;		/* what the fields are local to */
};

/* What a stamp leaves unsaid. */
struct civil_frame {
	int64_t near_ns;	/* a stamp without a year lies as near to this as it can */
	int32_t zone_s;		/* of a stamp without an offset */
};

/* Days since 1970-01-01; month 1..12, day as it comes. */
int64_t	civil_days(int64_t year, unsigned month, unsigned day);
unsigned civil_month_days(int64_t year, unsigned month);
/* The fields of ns in the zone. */
void	civil_split(struct civil *ret_civil, int64_t ns, int32_t zone_s);
/* False when a field is out of its range or the time does not fit (years 1678 to 2262 do). */
bool	civil_join(int64_t *ret_ns, const struct civil *civil);

/*
 * Readers. Each takes a stamp from the front of `in` and returns how many octets it has, 0 when
 * there is none; *ret_ns is set only then. None looks behind the stamp.
 */

/*
 * RFC 3339 and its relatives: yyyy-mm-dd or yyyy/mm/dd, then T, t, one space or '-', hh:mm:ss,
 * a fraction of 1 to 9 digits behind '.' or ',' (more are read and dropped), Z or +hh:mm or +hhmm
 * or +hh with an optional space before it, or no offset.
 */
size_t	civil_iso(struct span in, const struct civil_frame *frame, int64_t *ret_ns);
/* RFC 3164, 4.1.2: "Mmm dd hh:mm:ss", also with a fraction, "Mmm dd yyyy hh:mm:ss", "Mmm d". */
size_t	civil_bsd(struct span in, const struct civil_frame *frame, int64_t *ret_ns);
/* Access logs: "10/Oct/2000:13:55:36 -0700". */
size_t	civil_clf(struct span in, int64_t *ret_ns);
/* ISO C asctime, as in Apache's error log: "Www Mmm dd hh:mm:ss[.f] yyyy". */
size_t	civil_asctime(struct span in, const struct civil_frame *frame, int64_t *ret_ns);
/* Seconds, milli-, micro- or nanoseconds since 1970, told apart by their size; fraction allowed. */
size_t	civil_epoch(struct span in, int64_t *ret_ns);
/*
 * "2026-07-01", all of `in`, of the years 1970 to 2199: the beginning of that day in UTC, far
 * enough from the end of our times (2262) to add years to it.
 */
bool	civil_date(struct span in, int64_t *ret_ns);
/* One of the above stamps that covers all of `in`. */
bool	civil_read(struct span in, const struct civil_frame *frame, int64_t *ret_ns);

enum { CIVIL_TEXT_BYTES = 40, CIVIL_DATE_BYTES = 10 };

/* RFC 3339 with `digits` (0..9) digits of a second, cut not rounded; returns the length. */
size_t	civil_put(uint8_t at[CIVIL_TEXT_BYTES], int64_t ns, unsigned digits, int32_t zone_s);

#endif
