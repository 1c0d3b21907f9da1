/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/civil.c: the calendar there and back, and every stamp with its bad neighbours. */
#include "base/civil.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"

#define S CIVIL_SECOND_NS

/* 2026-03-01T12:00:00Z, and an office at +07:00 */
#define NEAR (INT64_C(1772366400) * S)
static const struct civil_frame utc = { .near_ns = NEAR };
static const struct civil_frame hanoi = { .near_ns = NEAR, .zone_s = 7 * 3600 };

typedef size_t reader(struct span in, const struct civil_frame *frame, int64_t *ret_ns);

/* The stamp as RFC 3339 with nine digits, or "-" when there is none or it is not all of text. */
static void
reads(reader *read, const struct civil_frame *frame, const char *text, const char *want)
{
	struct span in = span_str(text);
	uint8_t out[CIVIL_TEXT_BYTES], *own = xmemdup(in.p, in.n);
	int64_t ns = 42;
	size_t n = read(span_of(own, in.n), frame, &ns);

	if (n == 0)
		check_int(ns, 42);
	if (n == in.n && n > 0)
		check_span(span_of(out, civil_put(out, ns, 9, 0)), span_str(want));
	else if (!check_span(SPAN("-"), span_str(want)))
		printf("  of %s\n", text);
	free(own);
}

static size_t
clf(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	(void)frame;
	return civil_clf(in, ret_ns);
}

static size_t
epoch(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	(void)frame;
	return civil_epoch(in, ret_ns);
}

static size_t
any(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	return civil_read(in, frame, ret_ns) ? in.n : 0;
}

static void
days_go_there_and_back(void)
{
	struct civil c;
	int64_t ns;

	check_int(civil_days(1970, 1, 1), 0);
	check_int(civil_days(2000, 2, 29), 11016);
	check_int(civil_days(1600, 3, 1), -135080);
	check_int(civil_days(-1, 12, 31), -719529);
	for (int64_t day = -106751; day <= 106751; day += 7) {
		civil_split(&c, day * CIVIL_DAY_S * S + 1, 0);
		check_int(civil_days(c.year, c.month, c.day), day);
		check(civil_join(&ns, &c));
		check_int(ns, day * CIVIL_DAY_S * S + 1);
	}
	civil_split(&c, -1, 0);
	check_int(c.year, 1969);
	check_int(c.second, 59);
	check_int(c.nano, 999999999);
	civil_split(&c, INT64_MIN, -86399);
	check_int(c.year, 1677);
	civil_split(&c, INT64_MAX, 86399);
	check_int(c.year, 2262);
}

static void
months_have_their_days(void)
{
	check_int(civil_month_days(2023, 2), 28);
	check_int(civil_month_days(2024, 2), 29);
	check_int(civil_month_days(1900, 2), 28);
	check_int(civil_month_days(2000, 2), 29);
	check_int(civil_month_days(2026, 12), 31);
	check_int(civil_month_days(2026, 0), 0);
	check_int(civil_month_days(2026, 13), 0);
}

static void
iso_stamps_are_read(void)
{
	/* RFC 3339, 5.8 and RFC 5424, 6.2.3.1 */
	reads(civil_iso, &utc, "1985-04-12T23:20:50.52Z", "1985-04-12T23:20:50.520000000Z");
	reads(civil_iso, &utc, "1996-12-19T16:39:57-08:00", "1996-12-20T00:39:57.000000000Z");
	reads(civil_iso, &utc, "1990-12-31T23:59:60Z", "1991-01-01T00:00:00.000000000Z");
	reads(civil_iso, &utc, "2003-08-24T05:14:15.000003-07:00",
	    "2003-08-24T12:14:15.000003000Z");
	reads(civil_iso, &hanoi, "2026-03-01 19:00:00,123", "2026-03-01T12:00:00.123000000Z");
	reads(civil_iso, &hanoi, "2026-03-01 19:00:00", "2026-03-01T12:00:00.000000000Z");
	reads(civil_iso, &hanoi, "2026/03/01 19:00:00.1", "2026-03-01T12:00:00.100000000Z");
	reads(civil_iso, &utc, "2026-03-01t12:00:00z", "2026-03-01T12:00:00.000000000Z");
	reads(civil_iso, &utc, "2026-03-01T12:00:00.123456789+0700",
	    "2026-03-01T05:00:00.123456789Z");
	reads(civil_iso, &utc, "2026-03-01T12:00:00+07", "2026-03-01T05:00:00.000000000Z");
	reads(civil_iso, &utc, "2026-03-01 12:00:00 +0700", "2026-03-01T05:00:00.000000000Z");
	reads(civil_iso, &utc, "2026-03-01T12:00:00.12345678987Z",
	    "2026-03-01T12:00:00.123456789Z");
	reads(civil_iso, &utc, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000000000Z");
}

static void
bad_iso_stamps_are_refused(void)
{
	static const char *const bad[] = { "", "2", "2026-03-01", "2026-03-01T12:00:0",
	    "2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z", "2026-02-29T12:00:00Z",
	    "2026-03-00T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z",
	    "2026-03-01T12:00:61Z", "2026-03/01T12:00:00Z", "2026-03-01_12:00:00Z",
	    "2026-03-01T12.00:00Z", "x026-03-01T12:00:00Z", "2026-03-01T12:00:0:Z",
	    "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+24:00", "2026-03-01T12:00:00+7",
	    "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-03-01T12:00:00ZZ" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		reads(civil_iso, &utc, bad[i], "-");
}

static void
bsd_stamps_take_the_nearest_year(void)
{
	reads(civil_bsd, &utc, "Oct 11 22:14:15", "2025-10-11T22:14:15.000000000Z");
	reads(civil_bsd, &utc, "Mar  1 11:00:00", "2026-03-01T11:00:00.000000000Z");
	reads(civil_bsd, &utc, "Mar 1 11:00:00", "2026-03-01T11:00:00.000000000Z");
	reads(civil_bsd, &utc, "mar 01 11:00:00.5", "2026-03-01T11:00:00.500000000Z");
	reads(civil_bsd, &utc, "Aug 30 00:00:00", "2026-08-30T00:00:00.000000000Z");
	reads(civil_bsd, &utc, "Sep  2 00:00:00", "2025-09-02T00:00:00.000000000Z");
	reads(civil_bsd, &utc, "Feb 29 11:00:00", "2028-02-29T11:00:00.000000000Z");
	reads(civil_bsd, &hanoi, "Mar  1 19:00:00", "2026-03-01T12:00:00.000000000Z");
	reads(civil_bsd, &utc, "Mar  1 2020 11:00:00", "2020-03-01T11:00:00.000000000Z");
	reads(civil_bsd, &(struct civil_frame){ .near_ns = INT64_C(1767225601) * S },
	    "Dec 31 23:59:59", "2025-12-31T23:59:59.000000000Z");
	reads(civil_bsd, &(struct civil_frame){ .near_ns = INT64_C(1767225599) * S },
	    "Jan  1 00:00:01", "2026-01-01T00:00:01.000000000Z");
}

static void
bad_bsd_stamps_are_refused(void)
{
	static const char *const bad[] = { "", "Oct 11 22:14:1", "Okt 11 22:14:15",
	    "Oct 32 22:14:15", "Oct  0 22:14:15", "Oct 11 25:14:15", "Oct 11 22:61:15",
	    "Oct 11 22:14:61", "Oct111 22:14:15", "Oct 11 22-14-15", "Feb 30 2024 01:01:01",
	    "Feb 29 2025 01:01:01", "Oct x1 22:14:15", "Oct 1x 22:14:15", "Oct 11 22:14:15 " };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		reads(civil_bsd, &utc, bad[i], "-");
}

static void
web_servers_stamps_are_read(void)
{
	reads(clf, &utc, "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000000000Z");
	reads(clf, &utc, "10/Oct/2000:13:55:36 -07:0", "-");
	reads(clf, &utc, "10/Oct/2000:13:55:36 0700x", "-");
	reads(clf, &utc, "32/Oct/2000:13:55:36 +0700", "-");
	reads(clf, &utc, "10/Oct/2000:13:55:36 +070", "-");
	reads(civil_asctime, &utc, "Sun Dec 04 04:47:44 2005", "2005-12-04T04:47:44.000000000Z");
	reads(civil_asctime, &hanoi, "Thu Feb 29 07:00:00.25 2024",
	    "2024-02-29T00:00:00.250000000Z");
	reads(civil_asctime, &utc, "Thu Feb 29 07:00:00.25 2023", "-");
	reads(civil_asctime, &utc, "Xxx Dec 04 04:47:44 2005", "-");
	reads(civil_asctime, &utc, "Sun Dec 04 04:47:44 200x", "-");
}

static void
epochs_tell_their_unit_by_their_size(void)
{
	reads(epoch, &utc, "0", "1970-01-01T00:00:00.000000000Z");
	reads(epoch, &utc, "1772366400", "2026-03-01T12:00:00.000000000Z");
	reads(epoch, &utc, "1772366400.25", "2026-03-01T12:00:00.250000000Z");
	reads(epoch, &utc, "1772366400123", "2026-03-01T12:00:00.123000000Z");
	reads(epoch, &utc, "1772366400123.5", "2026-03-01T12:00:00.123500000Z");
	reads(epoch, &utc, "1772366400123456", "2026-03-01T12:00:00.123456000Z");
	reads(epoch, &utc, "1772366400123456789", "2026-03-01T12:00:00.123456789Z");
	reads(epoch, &utc, "9223372036854775807", "2262-04-11T23:47:16.854775807Z");
	reads(epoch, &utc, "9223372036854775808", "-");
	reads(epoch, &utc, "17723664001234567890", "-");
	reads(epoch, &utc, "99999999999", "-");
	reads(epoch, &utc, "-1", "-");
	reads(epoch, &utc, "", "-");
	reads(epoch, &utc, "1e9", "-");
}

static void
any_stamp_is_read_whole_or_not(void)
{
	reads(any, &hanoi, "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000000000Z");
	reads(any, &hanoi, "Mar  1 19:00:00", "2026-03-01T12:00:00.000000000Z");
	reads(any, &hanoi, "10/Oct/2000:13:55:36 -0700", "2000-10-10T20:55:36.000000000Z");
	reads(any, &hanoi, "1772366400", "2026-03-01T12:00:00.000000000Z");
	reads(any, &hanoi, "2026-03-01T12:00:00Z ", "-");
	reads(any, &hanoi, "yesterday", "-");
	reads(any, &hanoi, "", "-");
}

static void
stamps_are_written(void)
{
	uint8_t at[CIVIL_TEXT_BYTES];
	int64_t ns = NEAR + 987654321;

	check_span(span_of(at, civil_put(at, ns, 0, 0)), SPAN("2026-03-01T12:00:00Z"));
	check_span(span_of(at, civil_put(at, ns, 3, 7 * 3600)),
	    SPAN("2026-03-01T19:00:00.987+07:00"));
	check_span(span_of(at, civil_put(at, ns, 9, -(3 * 3600 + 1800))),
	    SPAN("2026-03-01T08:30:00.987654321-03:30"));
	check_span(span_of(at, civil_put(at, INT64_MIN, 9, 0)),
	    SPAN("1677-09-21T00:12:43.145224192Z"));
}

/* Stamps with one octet changed or cut: the copies are exact, so that an overrun is seen. */
static void
changed_stamps_are_survived(void)
{
	static const char *const stamp[] = { "2003-08-24T05:14:15.000003-07:00",
	    "Mar  1 2020 11:00:00.5", "10/Oct/2000:13:55:36 -0700", "Sun Dec 04 04:47:44 2005",
	    "1772366400.25" };
	int64_t ns;

	for (size_t k = 0; k < sizeof stamp / sizeof stamp[0]; k++)
		for (size_t i = 0; i < strlen(stamp[k]); i++) {
			uint8_t *own = xmemdup(stamp[k], i);

			(void)civil_read(span_of(own, i), &utc, &ns);
			free(own);
			own = xmemdup(stamp[k], strlen(stamp[k]));
			for (unsigned v = 0; v < 256; v++) {
				own[i] = (uint8_t)v;
				(void)civil_read(span_of(own, strlen(stamp[k])), &utc, &ns);
			}
			free(own);
		}
}

static void
dates_are_days_that_there_are(void)
{
	static const char *const bad[] = { "", "2026-07-1", "2026-07-011", "2026/07/01",
	    "1/7/2026", "2026-02-29", "2026-00-01", "2026-13-01", "2026-01-00", "2026-01-32",
	    "1969-12-31", "2200-01-01", "2O26-01-01", "2026-07-01T" };
	int64_t ns = 1;

	check(civil_date(SPAN("2026-07-01"), &ns));
	check_int(ns, civil_days(2026, 7, 1) * CIVIL_DAY_S * S);
	check(civil_date(SPAN("2024-02-29"), &ns) && civil_date(SPAN("2199-12-31"), &ns));
	check(civil_date(SPAN("1970-01-01"), &ns));
	check_int(ns, 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		check(!civil_date(span_str(bad[i]), &ns));
		check_int(ns, 0);
	}
}

int
main(void)
{
	run(days_go_there_and_back);
	run(months_have_their_days);
	run(iso_stamps_are_read);
	run(bad_iso_stamps_are_refused);
	run(bsd_stamps_take_the_nearest_year);
	run(bad_bsd_stamps_are_refused);
	run(web_servers_stamps_are_read);
	run(epochs_tell_their_unit_by_their_size);
	run(any_stamp_is_read_whole_or_not);
	run(stamps_are_written);
	run(changed_stamps_are_survived);
	run(dates_are_days_that_there_are);
	return check_done();
}
