/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. The calendar part of query/value.h: proleptic Gregorian, UTC,
 * no leap seconds. Days are counted from 1970-01-01.
 */
#include "query/value.h"

struct civil {
	int64_t year;
	unsigned month, day;	/* from 1 */
};

/* Eras of 400 years that begin on 1 March. */
static int64_t
days_of(struct civil c)
{
	int64_t y = c.month <= 2 ? c.year - 1 : c.year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * ((int64_t)c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static struct civil
civil_of(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t m = (5 * of_year + 2) / 153;
	struct civil c;

	c.day = (unsigned)(of_year - (153 * m + 2) / 5 + 1);
	c.month = (unsigned)(m < 10 ? m + 3 : m - 9);
	c.year = year + era * 400 + (c.month <= 2);
	return c;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static unsigned
month_days(int64_t year, unsigned month)
{
	static const uint8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap ? 1U : 0U);
}

/* Exactly n digits at *at, value at most max. */
static bool
digits(struct span s, size_t *at, size_t n, unsigned max, unsigned *ret_v)
{
	unsigned v = 0;

	if (s.n - *at < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = s.p[*at + i];

		if (c < '0' || c > '9')
			return false;
		v = v * 10 + (c - 48U);
	}
	*at += n;
	*ret_v = v;
	return v <= max;
}

static bool
sign(struct span s, size_t *at, uint8_t c)
{
	if (*at == s.n || s.p[*at] != c)
		return false;
	++*at;
	return true;
}

/* What was given of a time, from the left. */
enum part { PART_YEAR, PART_MONTH, PART_DAY, PART_HOUR, PART_MINUTE, PART_SECOND, PART_FRACTION };

struct parts {
	struct civil date;
	int64_t of_day_ns;
	enum part last;
	int64_t last_ns;	/* how long the last one given is, from PART_DAY on */
	bool zoned;
	int64_t zone_ns;
};

/* "Z" / ("+" / "-") hh ":" mm; nothing is no zone */
static bool
zone_read(struct span s, size_t *at, struct parts *to)
{
	unsigned h, m;
	bool minus;

	if (*at == s.n)
		return true;
	to->zoned = true;
	if (sign(s, at, 'Z') || sign(s, at, 'z'))
		return *at == s.n;
	minus = s.p[*at] == '-';
	if (!minus && s.p[*at] != '+')
		return false;
	++*at;
	if (!digits(s, at, 2, 23, &h) || !sign(s, at, ':') || !digits(s, at, 2, 59, &m))
		return false;
	to->zone_ns = (h * 60 + m) * NS_PER_MIN * (minus ? -1 : 1);
	return *at == s.n;
}

static bool
fraction_read(struct span s, size_t *at, struct parts *to)
{
	int64_t unit = NS_PER_S;

	if (!sign(s, at, '.'))
		return true;
	if (*at == s.n || s.p[*at] < '0' || s.p[*at] > '9')
		return false;
	for (; *at < s.n && s.p[*at] >= '0' && s.p[*at] <= '9'; ++*at) {
		unit /= 10;
		to->of_day_ns += (s.p[*at] - '0') * unit;
	}
	to->last = PART_FRACTION;
	to->last_ns = unit > 0 ? unit : 1;
	return true;
}

/* [ ("T" / " ") hh [ ":" mm [ ":" ss [ "." digits ] ] ] ] */
static bool
clock_read(struct span s, size_t *at, struct parts *to)
{
	unsigned v;

	to->last_ns = NS_PER_DAY;
	if (!sign(s, at, 'T') && !sign(s, at, 't') && !sign(s, at, ' '))
		return true;
	if (!digits(s, at, 2, 23, &v))
		return false;
	to->of_day_ns = v * NS_PER_HOUR;
	to->last = PART_HOUR;
	to->last_ns = NS_PER_HOUR;
	if (!sign(s, at, ':'))
		return true;
	if (!digits(s, at, 2, 59, &v))
		return false;
	to->of_day_ns += v * NS_PER_MIN;
	to->last = PART_MINUTE;
	to->last_ns = NS_PER_MIN;
	if (!sign(s, at, ':'))
		return true;
	if (!digits(s, at, 2, 60, &v))
		return false;
	to->of_day_ns += v * (int64_t)NS_PER_S;
	to->last = PART_SECOND;
	to->last_ns = NS_PER_S;
	return fraction_read(s, at, to);
}

/* Whether a "-" at `at` begins a month or day, and not a zone "-hh:mm". */
static bool
is_date_part(struct span s, size_t at)
{
	if (s.n - at < 3 || s.p[at] != '-')
		return false;
	return s.n - at == 3 || s.p[at + 3] != ':';
}

static bool
parts_read(struct span s, struct parts *to)
{
	size_t at = 0;
	unsigned year;

	*to = (struct parts){ .date = { 0, 1, 1 }, .last = PART_YEAR };
	if (!digits(s, &at, 4, 9999, &year))
		return false;
	to->date.year = year;
	if (is_date_part(s, at)) {
		at++;
		if (!digits(s, &at, 2, 12, &to->date.month) || to->date.month == 0)
			return false;
		to->last = PART_MONTH;
		if (is_date_part(s, at)) {
			at++;
			if (!digits(s, &at, 2, 31, &to->date.day) || to->date.day == 0 ||
			    to->date.day > month_days(year, to->date.month))
				return false;
			to->last = PART_DAY;
			if (!clock_read(s, &at, to))
				return false;
		}
	}
	return zone_read(s, &at, to);
}

/* False: not within the years 1678 to 2261 that 64 bits of nanoseconds hold. */
static bool
parts_ns(const struct parts *p, int64_t zone_ns, int64_t *ret_ns)
{
	if (p->date.year < 1678 || p->date.year > 2261)
		return false;
	*ret_ns = days_of(p->date) * NS_PER_DAY + p->of_day_ns - (p->zoned ? p->zone_ns : zone_ns);
	return true;
}

bool
value_time(struct span s, int64_t *ret_ns)
{
	struct parts p;

	if (s.n < 20 || s.p[4] != '-' || s.p[7] != '-' || s.p[13] != ':')
		return false;
	return parts_read(s, &p) && p.last >= PART_SECOND && p.zoned && parts_ns(&p, 0, ret_ns);
}

/* Seconds, milliseconds, microseconds or nanoseconds by the number of digits. */
static bool
unix_read(struct span s, struct time_point *ret)
{
	const uint8_t *dot = s.n > 0 ? memchr(s.p, '.', s.n) : NULL;
	size_t whole = dot != NULL ? (size_t)(dot - s.p) : s.n;
	int64_t v, unit = 1;

	if (!value_i64(span_sub(s, 0, whole), &v) || v < 0)
		return false;
	if (v < (int64_t)1 << 33)
		unit = NS_PER_S;
	else if (v < ((int64_t)1 << 33) * 1000)
		unit = NS_PER_MS;
	else if (v < ((int64_t)1 << 33) * 1000000)
		unit = NS_PER_US;
	ret->from_ns = v * unit;
	for (size_t i = whole + 1; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		unit /= 10;
		ret->from_ns += (s.p[i] - '0') * unit;
	}
	ret->end_ns = ret->from_ns;
	return true;
}

static int64_t
before(int64_t now_ns, int64_t ns)
{
	int64_t v;

	return __builtin_sub_overflow(now_ns, ns, &v) ? (ns > 0 ? INT64_MIN : INT64_MAX) : v;
}

/* "now" [ ("-" / "+") duration ] / duration: before now */
static bool
relative_read(struct span s, int64_t now_ns, struct time_point *ret)
{
	int64_t ns = 0;

	if (span_starts(s, SPAN("now"))) {
		s = span_sub(s, 3, s.n);
		if (s.n > 0 && !value_duration(s, &ns))
			return false;
		ret->from_ns = before(now_ns, -ns);
	} else {
		if (!value_duration(s, &ns))
			return false;
		ret->from_ns = before(now_ns, ns < 0 ? -ns : ns);
	}
	ret->end_ns = ret->from_ns;
	return true;
}

bool
value_is_time_point(struct span s)
{
	if (span_is(s, "now"))
		return true;
	for (size_t i = 0; i < 4; i++)
		if (i >= s.n || s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n == 4 || s.p[4] == '-' || s.p[4] == '+' || s.p[4] == 'Z' || s.p[4] == 'z';
}

bool
value_time_point(struct span s, int64_t now_ns, int32_t zone_s, struct time_point *ret)
{
	int64_t zone_ns = zone_s * (int64_t)NS_PER_S;
	struct time_point got;
	struct parts p, next;

	if (!value_is_time_point(s) || span_is(s, "now")) {
		if (!relative_read(s, now_ns, &got) && !unix_read(s, &got))
			return false;
		*ret = got;
		return true;
	}
	if (!parts_read(s, &p) || !parts_ns(&p, zone_ns, &got.from_ns))
		return false;
	next = p;
	if (p.last == PART_YEAR)
		next.date.year++;
	else if (p.last == PART_MONTH && p.date.month == 12)
		next.date = (struct civil){ p.date.year + 1, 1, 1 };
	else if (p.last == PART_MONTH)
		next.date.month++;
	if (p.last >= PART_DAY)
		got.end_ns = got.from_ns + p.last_ns - 1;
	else if (parts_ns(&next, zone_ns, &got.end_ns))
		got.end_ns--;
	else
		return false;
	*ret = got;
	return true;
}

bool
value_clock(struct span s, int64_t *ret_ns)
{
	unsigned h, m;
	size_t at = 0;

	if (!digits(s, &at, 2, 24, &h) || !sign(s, &at, ':') || !digits(s, &at, 2, 59, &m) ||
	    at != s.n || (h == 24 && m > 0))
		return false;
	*ret_ns = (h * 60 + m) * NS_PER_MIN;
	return true;
}

int64_t
value_month(int64_t ns)
{
	struct civil c = civil_of(floor_div(ns, NS_PER_DAY));

	c.day = 1;
	return days_of(c) * NS_PER_DAY;
}

int64_t
value_year(int64_t ns)
{
	struct civil c = civil_of(floor_div(ns, NS_PER_DAY));

	c.day = c.month = 1;
	return days_of(c) * NS_PER_DAY;
}

unsigned
value_weekday(int64_t ns)
{
	int64_t days = floor_div(ns, NS_PER_DAY) + 4;

	return (unsigned)(days - floor_div(days, 7) * 7);
}

static void
put_digits(uint8_t *at, uint64_t v, size_t n)
{
	while (n-- > 0) {
		at[n] = (uint8_t)('0' + v % 10);
		v /= 10;
	}
}

size_t
value_put_time(uint8_t at[VALUE_TIME_BYTES], int64_t ns)
{
	int64_t days = floor_div(ns, NS_PER_DAY);
	uint64_t of_day = (uint64_t)(ns - days * NS_PER_DAY);
	struct civil c = civil_of(days);
	size_t n = VALUE_TIME_BYTES;
	uint64_t second = of_day / NS_PER_S;

	memcpy(at, "0000-00-00T00:00:00.000000000Z", VALUE_TIME_BYTES);
	put_digits(at, (uint64_t)c.year, 4);
	put_digits(at + 5, c.month, 2);
	put_digits(at + 8, c.day, 2);
	put_digits(at + 11, second / 3600, 2);
	put_digits(at + 14, second / 60 % 60, 2);
	put_digits(at + 17, second % 60, 2);
	put_digits(at + 20, of_day % NS_PER_S, 9);
	if (of_day % NS_PER_S == 0)
		n = 21;
	while (at[n - 2] == '0' && n > 21)
		n--;
	n -= n == 21;
	at[n - 1] = 'Z';
	return n;
}
