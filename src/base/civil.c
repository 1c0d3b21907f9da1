/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, always behind a comparison with the octets left. Calendar and
 * stamps, see civil.h. Days are counted from 0000-03-01, so that the leap day ends the year
 * (the era arithmetic of RFC 3339's appendix, with 400-year eras).
 */
#include "base/civil.h"

enum {
	ERA_DAYS = 146097,
	EPOCH_DAYS = 719468,		/* 0000-03-01 to 1970-01-01 */
	FRACTION_DIGITS = 9,
	ZONE_MAX_S = 24 * 3600,
	EPOCH_DIGITS = 19,		/* nanoseconds that fit an int64_t */
	DATE_YEAR_MOST = 2199,
};

/* A mean Gregorian year, and less than half of a short one. */
#define YEAR_NS		(INT64_C(31556952) * CIVIL_SECOND_NS)
#define HALF_YEAR_NS	((uint64_t)182 * CIVIL_DAY_S * (uint64_t)CIVIL_SECOND_NS)

int64_t
civil_days(int64_t year, unsigned month, unsigned day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (int64_t)(month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

	return era * ERA_DAYS + yoe * 365 + yoe / 4 - yoe / 100 + doy - EPOCH_DAYS;
}

unsigned
civil_month_days(int64_t year, unsigned month)
{
	static const uint8_t days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	if (month < 1 || month > 12)
		return 0;
	return month == 2 && leap ? 29 : days[month];
}

/* Floor of a / b for b > 0. */
static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

void
civil_split(struct civil *ret_civil, int64_t ns, int32_t zone_s)
{
	int64_t s = floor_div(ns, CIVIL_SECOND_NS);
	int64_t nano = ns % CIVIL_SECOND_NS;
	int64_t local = s + zone_s;
	int64_t days = floor_div(local, CIVIL_DAY_S);
	int64_t in_day = local - days * CIVIL_DAY_S;
	int64_t z = days + EPOCH_DAYS;
	int64_t era = floor_div(z, ERA_DAYS);
	int64_t doe = z - era * ERA_DAYS;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;
	int64_t month = mp < 10 ? mp + 3 : mp - 9;

	*ret_civil = (struct civil){
		.year = (int32_t)(yoe + era * 400 + (month <= 2)),
		.month = (uint8_t)month,
		.day = (uint8_t)(doy - (153 * mp + 2) / 5 + 1),
		.hour = (uint8_t)(in_day / 3600),
		.minute = (uint8_t)(in_day / 60 % 60),
		.second = (uint8_t)(in_day % 60),
		.nano = (uint32_t)(nano < 0 ? nano + CIVIL_SECOND_NS : nano),
		.zone_s = zone_s,
	};
}

bool
civil_join(int64_t *ret_ns, const struct civil *c)
{
	int64_t s, ns;

	if (c->day < 1 || c->day > civil_month_days(c->year, c->month) || c->hour > 23 ||
	    c->minute > 59 || c->second > 60 || c->nano >= CIVIL_SECOND_NS ||
	    c->zone_s <= -ZONE_MAX_S || c->zone_s >= ZONE_MAX_S)
		return false;
	s = civil_days(c->year, c->month, c->day) * CIVIL_DAY_S + c->hour * 3600 +
	    c->minute * 60 + c->second - c->zone_s;
	if (__builtin_mul_overflow(s, CIVIL_SECOND_NS, &ns) ||
	    __builtin_add_overflow(ns, (int64_t)c->nano, &ns))
		return false;
	*ret_ns = ns;
	return true;
}

/* ---- pieces of stamps ---- */

/* The two digits at p; anything else makes *bad not zero. */
static inline unsigned
two(const uint8_t *p, unsigned *bad)
{
	unsigned a = (unsigned)(p[0] - '0'), b = (unsigned)(p[1] - '0');

	*bad |= (a > 9) | (b > 9);
	return a * 10 + b;
}

static inline unsigned
four(const uint8_t *p, unsigned *bad)
{
	return two(p, bad) * 100 + two(p + 2, bad);
}

/* "hh:mm:ss" at p, eight octets; the values' ranges are civil_join's. */
static bool
clock_take(struct civil *c, const uint8_t *p)
{
	unsigned bad = (p[2] != ':') | (p[5] != ':');

	c->hour = (uint8_t)two(p, &bad);
	c->minute = (uint8_t)two(p + 3, &bad);
	c->second = (uint8_t)two(p + 6, &bad);
	return bad == 0;
}

/* [ ("." | ",") 1*digit ]; returns its octets, 0 when there is none. */
static size_t
fraction_take(struct civil *c, struct span in, size_t at)
{
	static const uint32_t scale[FRACTION_DIGITS + 1] = { 1000000000, 100000000, 10000000,
	    1000000, 100000, 10000, 1000, 100, 10, 1 };
	size_t i = at + 1, digits = 0;
	uint32_t v = 0;

	c->nano = 0;
	if (at >= in.n || (in.p[at] != '.' && in.p[at] != ','))
		return 0;
	for (; i < in.n && (unsigned)(in.p[i] - '0') <= 9; i++)
		if (digits < FRACTION_DIGITS) {
			v = v * 10 + (uint32_t)(in.p[i] - '0');
			digits++;
		}
	if (digits == 0)
		return 0;
	c->nano = v * scale[digits];
	return i - at;
}

/* "+hh:mm", "+hhmm" or "+hh"; returns its octets, 0 when there is none. */
static size_t
offset_take(struct civil *c, struct span in, size_t at)
{
	const uint8_t *p = in.p + at;
	size_t left = in.n - at, used = 3;
	unsigned hours, minutes = 0, bad = 0, bad_minutes = 0;

	if (left < 3 || (p[0] != '+' && p[0] != '-'))
		return 0;
	hours = two(p + 1, &bad);
	if (left >= 6 && p[3] == ':') {
		minutes = two(p + 4, &bad_minutes);
		used = 6;
	} else if (left >= 5) {
		minutes = two(p + 3, &bad_minutes);
		used = 5;
	}
	if (bad_minutes != 0) {
		minutes = 0;
		used = 3;
	}
	if (bad != 0 || hours > 23 || minutes > 59)
		return 0;
	c->zone_s = (int32_t)(hours * 3600 + minutes * 60);
	if (p[0] == '-')
		c->zone_s = -c->zone_s;
	return used;
}

/* [ "Z" | [ " " ] offset ]; without one the zone stays what it is. */
static size_t
zone_take(struct civil *c, struct span in, size_t at)
{
	size_t n;

	if (at >= in.n)
		return 0;
	if ((in.p[at] | 0x20) == 'z') {
		c->zone_s = 0;
		return 1;
	}
	if (in.p[at] == ' ' && at + 1 < in.n) {
		n = offset_take(c, in, at + 1);
		return n > 3 ? n + 1 : 0;	/* " -5" may be the next word */
	}
	return offset_take(c, in, at);
}

#define NAME3(a, b, c)	((uint32_t)(a) << 16 | (uint32_t)(b) << 8 | (uint32_t)(c))

/* Three letters at p in lower case, as one number. */
static inline uint32_t
name3(const uint8_t *p)
{
	return NAME3(p[0], p[1], p[2]) | 0x202020;
}

/* "Jan" ... "Dec" at p, three octets, in any case; 0 when it is none. */
static unsigned
month_take(const uint8_t *p)
{
	switch (name3(p)) {
	case NAME3('j', 'a', 'n'): return 1;
	case NAME3('f', 'e', 'b'): return 2;
	case NAME3('m', 'a', 'r'): return 3;
	case NAME3('a', 'p', 'r'): return 4;
	case NAME3('m', 'a', 'y'): return 5;
	case NAME3('j', 'u', 'n'): return 6;
	case NAME3('j', 'u', 'l'): return 7;
	case NAME3('a', 'u', 'g'): return 8;
	case NAME3('s', 'e', 'p'): return 9;
	case NAME3('o', 'c', 't'): return 10;
	case NAME3('n', 'o', 'v'): return 11;
	case NAME3('d', 'e', 'c'): return 12;
	default: return 0;
	}
}

static bool
is_week_day(const uint8_t *p)
{
	switch (name3(p)) {
	case NAME3('m', 'o', 'n'): case NAME3('t', 'u', 'e'): case NAME3('w', 'e', 'd'):
	case NAME3('t', 'h', 'u'): case NAME3('f', 'r', 'i'): case NAME3('s', 'a', 't'):
	case NAME3('s', 'u', 'n'):
		return true;
	default:
		return false;
	}
}

/* ---- readers ---- */

size_t
civil_iso(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	struct civil c = { .zone_s = frame->zone_s };
	const uint8_t *p = in.p;
	unsigned bad = 0;
	size_t at = 19;

	if (in.n < at || p[4] != p[7] || (p[4] != '-' && p[4] != '/') ||
	    ((p[10] | 0x20) != 't' && p[10] != ' ' && p[10] != '-'))
		return 0;
	c.year = (int32_t)four(p, &bad);
	c.month = (uint8_t)two(p + 5, &bad);
	c.day = (uint8_t)two(p + 8, &bad);
	if (bad != 0 || !clock_take(&c, p + 11))
		return 0;
	at += fraction_take(&c, in, at);
	at += zone_take(&c, in, at);
	return civil_join(ret_ns, &c) ? at : 0;
}

static uint64_t
apart(int64_t a, int64_t b)
{
	return a > b ? (uint64_t)a - (uint64_t)b : (uint64_t)b - (uint64_t)a;
}

/*
 * The year that brings the stamp nearest to near_ns. The year of near_ns itself, found without
 * a calendar and so perhaps one off, is right when it is less than half a year away; else the
 * years around it are compared, more of them for 29 February (none from 1897 to 1903).
 */
static bool
year_find(int64_t *ret_ns, struct civil *c, int64_t near_ns)
{
	int32_t year = (int32_t)(1970 + near_ns / YEAR_NS);
	int32_t reach = c->month == 2 && c->day == 29 ? 9 : 2;
	uint64_t best = UINT64_MAX;
	int64_t ns;

	c->year = year;
	if (civil_join(&ns, c) && apart(ns, near_ns) < HALF_YEAR_NS) {
		*ret_ns = ns;
		return true;
	}
	for (c->year = year - reach; c->year <= year + reach; c->year++)
		if (civil_join(&ns, c) && apart(ns, near_ns) < best) {
			best = apart(ns, near_ns);
			*ret_ns = ns;
		}
	return best != UINT64_MAX;
}

/* day = 2digit / SP digit / digit, then one space; returns its octets with the space. */
static size_t
day_take(struct civil *c, struct span in, size_t at)
{
	const uint8_t *p = in.p + at;
	unsigned bad = 0;

	if (in.n - at < 3)
		return 0;
	if (p[1] == ' ' && (unsigned)(p[0] - '1') <= 8) {
		c->day = (uint8_t)(p[0] - '0');
		return 2;
	}
	if (p[2] != ' ')
		return 0;
	if (p[0] == ' ') {
		bad = (unsigned)(p[1] - '1') > 8;
		c->day = (uint8_t)(p[1] - '0');
	} else {
		c->day = (uint8_t)two(p, &bad);
	}
	return bad == 0 ? 3 : 0;
}

size_t
civil_bsd(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	struct civil c = { .zone_s = frame->zone_s };
	unsigned bad = 0, year = 0;
	size_t at = 4, n;

	if (in.n < 14 || in.p[3] != ' ')
		return 0;
	c.month = (uint8_t)month_take(in.p);
	n = c.month > 0 ? day_take(&c, in, at) : 0;
	if (n == 0)
		return 0;
	at += n;
	if (in.n - at > 5 && in.p[at + 4] == ' ') {
		year = four(in.p + at, &bad);
		at += 5;
	}
	if (bad != 0 || in.n - at < 8 || !clock_take(&c, in.p + at))
		return 0;
	at += 8;
	at += fraction_take(&c, in, at);
	if (year > 0) {
		c.year = (int32_t)year;
		return civil_join(ret_ns, &c) ? at : 0;
	}
	return year_find(ret_ns, &c, frame->near_ns) ? at : 0;
}

size_t
civil_clf(struct span in, int64_t *ret_ns)
{
	struct civil c = { 0 };
	const uint8_t *p = in.p;
	unsigned bad = 0;

	if (in.n < 26 || p[2] != '/' || p[6] != '/' || p[11] != ':' || p[20] != ' ')
		return 0;
	c.day = (uint8_t)two(p, &bad);
	c.month = (uint8_t)month_take(p + 3);
	c.year = (int32_t)four(p + 7, &bad);
	if (bad != 0 || !clock_take(&c, p + 12) || offset_take(&c, span_sub(in, 0, 26), 21) != 5)
		return 0;
	return civil_join(ret_ns, &c) ? 26 : 0;
}

size_t
civil_asctime(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	struct civil c;
	unsigned bad = 0;
	int64_t ns;
	size_t n;

	if (in.n < 24 || in.p[3] != ' ')
		return 0;
	n = is_week_day(in.p) ? civil_bsd(span_sub(in, 4, SIZE_MAX), frame, &ns) : 0;
	if (n == 0 || in.n - 4 - n < 5 || in.p[4 + n] != ' ')
		return 0;
	civil_split(&c, ns, frame->zone_s);
	c.year = (int32_t)four(in.p + 5 + n, &bad);
	return bad == 0 && civil_join(ret_ns, &c) ? n + 9 : 0;
}

size_t
civil_epoch(struct span in, int64_t *ret_ns)
{
	struct civil rest = { 0 };
	int64_t v = 0, unit, ns, part;
	size_t n = 0, fraction;

	for (; n < in.n && (unsigned)(in.p[n] - '0') <= 9; n++)
		if (n >= EPOCH_DIGITS || __builtin_mul_overflow(v, INT64_C(10), &v) ||
		    __builtin_add_overflow(v, (int64_t)(in.p[n] - '0'), &v))
			return 0;
	if (n < 1)
		return 0;
	/* 11 digits of seconds reach the year 5138; times are seen as 1973 and later then. */
	unit = n <= 11 ? CIVIL_SECOND_NS : n <= 14 ? 1000000 : n <= 17 ? 1000 : 1;
	fraction = fraction_take(&rest, in, n);
	part = (int64_t)rest.nano * unit / CIVIL_SECOND_NS;
	if (__builtin_mul_overflow(v, unit, &ns) || __builtin_add_overflow(ns, part, &ns))
		return 0;
	*ret_ns = ns;
	return n + fraction;
}

bool
civil_date(struct span in, int64_t *ret_ns)
{
	unsigned year, month, day, bad;

	if (in.n != CIVIL_DATE_BYTES)
		return false;
	bad = (in.p[4] != '-') | (in.p[7] != '-');
	year = four(in.p, &bad);
	month = two(in.p + 5, &bad);
	day = two(in.p + 8, &bad);
	if (bad != 0 || year < 1970 || year > DATE_YEAR_MOST || month < 1 || month > 12 ||
	    day < 1 || day > civil_month_days(year, month))
		return false;
	*ret_ns = civil_days(year, month, day) * CIVIL_DAY_S * CIVIL_SECOND_NS;
	return true;
}

bool
civil_read(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	int64_t ns;
	size_t n;

	n = civil_iso(in, frame, &ns);
	if (n != in.n)
		n = civil_epoch(in, &ns);
	if (n != in.n)
		n = civil_bsd(in, frame, &ns);
	if (n != in.n)
		n = civil_clf(in, &ns);
	if (n != in.n)
		n = civil_asctime(in, frame, &ns);
	if (n == 0 || n != in.n)
		return false;
	*ret_ns = ns;
	return true;
}

/* ---- writing ---- */

static uint8_t *
digits_put(uint8_t *at, uint32_t v, unsigned digits)
{
	for (unsigned i = digits; i-- > 0; v /= 10)
		at[i] = (uint8_t)('0' + v % 10);
	return at + digits;
}

size_t
civil_put(uint8_t at[CIVIL_TEXT_BYTES], int64_t ns, unsigned digits, int32_t zone_s)
{
	uint32_t zone = (uint32_t)(zone_s < 0 ? -zone_s : zone_s) / 60, nano;
	struct civil c;
	uint8_t *p = at;

	civil_split(&c, ns, zone_s);
	p = digits_put(p, (uint32_t)c.year, 4);
	*p++ = '-';
	p = digits_put(p, c.month, 2);
	*p++ = '-';
	p = digits_put(p, c.day, 2);
	*p++ = 'T';
	p = digits_put(p, c.hour, 2);
	*p++ = ':';
	p = digits_put(p, c.minute, 2);
	*p++ = ':';
	p = digits_put(p, c.second, 2);
	nano = c.nano;
	for (unsigned i = digits; i < FRACTION_DIGITS; i++)
		nano /= 10;
	if (digits > 0) {
		*p++ = '.';
		p = digits_put(p, nano, digits);
	}
	if (zone == 0) {
		*p++ = 'Z';
		return (size_t)(p - at);
	}
	*p++ = zone_s < 0 ? '-' : '+';
	p = digits_put(p, zone / 60, 2);
	*p++ = ':';
	p = digits_put(p, zone % 60, 2);
	return (size_t)(p - at);
}
