/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. Timestamps as numbers, see stamp.h. */
#include "store/stamp.h"

#include "base/civil.h"
#include "base/must.h"

/* Tried in this order. ~ stands for: nothing, or '.' or ',' and 1 to 9 digits; ^ for a zone. */
static const char *const known[] = {
	"%Y-%m-%dT%H:%M:%S~^",
	"%Y-%m-%d %H:%M:%S~^",
	"%Y-%m-%d %H:%M:%S~ ^",
	"%b %e %H:%M:%S~",
	"%b %d %H:%M:%S~",
	"%b %D %H:%M:%S~",
	"%b %e %Y %H:%M:%S~",
	"%a %b %d %H:%M:%S~ %Y",
	"%a %b %e %H:%M:%S~ %Y",
	"%a, %d %b %Y %H:%M:%S ^",
	"%d/%b/%Y:%H:%M:%S~ ^",
	"%d/%b/%Y:%H:%M:%S~",
	"%d/%b/%Y %H:%M:%S~",
	"%Y/%m/%d %H:%M:%S~",
	"%y/%m/%d %H:%M:%S~",
	"%m/%d/%Y %H:%M:%S~",
	"%m-%d %H:%M:%S~",
	"%Y%m%d-%h:%i:%s:%F",
	"%Y-%m-%d-%H.%M.%S~",
	"%Y.%m.%d %H:%M:%S~",
	"%m.%d %H:%M:%S~",
	"%y%m%d %H%M%S",
	"%Y%m%dT%H%M%S~^",
	"%Y-%m-%d_%H:%M:%S",
	"%Y/%m/%d:%H:%M:%S~",
	"%Y-%m-%d",
	"%Y/%m/%d",
	"%Y.%m.%d",
	"%H:%M:%S~",
};

static const char month_name[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
static const char day_name[] = "ThuFriSatSunMonTueWed";	/* 1970-01-01 was a Thursday */

struct moment {
	int32_t year, month, day, hour, minute, second;
	int64_t ns;
	int32_t weekday;	/* -1: not said */
	int32_t zone_minutes;
};

/* ---- reading ---- */

/* Exactly `digits` digits, or for negative: 1 to -digits of them without a zero in front. */
static bool
digits_read(struct span s, size_t *at, int digits, int32_t *ret)
{
	size_t from = *at, most = (size_t)(digits < 0 ? -digits : digits);
	int32_t v = 0;

	while (*at < s.n && *at - from < most && (uint8_t)(s.p[*at] - '0') <= 9)
		v = v * 10 + (s.p[(*at)++] - '0');
	*ret = v;
	if (digits > 0)
		return *at - from == most;
	return *at > from && (s.p[from] != '0' || *at - from == 1) &&
	    (*at == s.n || (uint8_t)(s.p[*at] - '0') > 9);
}

static bool
name_read(struct span s, size_t *at, const char *names, size_t n, int32_t *ret)
{
	if (s.n - *at < 3)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (memcmp(s.p + *at, names + 3 * i, 3) == 0) {
			*at += 3;
			*ret = (int32_t)i;
			return true;
		}
	}
	return false;
}

static bool
zone_read(struct span s, size_t *at, bool colon, int32_t *ret)
{
	int32_t hours, minutes;
	uint8_t sign;

	if (*at == s.n)
		return false;
	sign = s.p[(*at)++];
	if ((sign != '+' && sign != '-') || !digits_read(s, at, 2, &hours))
		return false;
	if (colon && (*at == s.n || s.p[(*at)++] != ':'))
		return false;
	if (!digits_read(s, at, 2, &minutes) || hours > 23 || minutes > 59)
		return false;
	*ret = hours * 60 + minutes;
	if (sign == '-')
		*ret = -*ret;
	return sign == '+' || *ret != 0;	/* -00:00 would come back as +00:00 */
}

static bool
fraction_read(struct span s, size_t *at, unsigned digits, int64_t *ret)
{
	int64_t v = 0;

	for (unsigned i = 0; i < 9; i++) {
		v *= 10;
		if (i >= digits)
			continue;
		if (*at == s.n || (uint8_t)(s.p[*at] - '0') > 9)
			return false;
		v += s.p[(*at)++] - '0';
	}
	*ret = v;
	return true;
}

static bool
element_read(char element, struct span s, size_t *at, struct moment *m)
{
	int32_t v = 0;
	bool ok;

	switch (element) {
	case 'Y':
		return digits_read(s, at, 4, &m->year);
	case 'y':
		ok = digits_read(s, at, 2, &m->year);
		m->year += 2000;
		return ok;
	case 'm':
		return digits_read(s, at, 2, &m->month);
	case 'b':
		ok = name_read(s, at, month_name, 12, &m->month);
		m->month++;
		return ok;
	case 'd':
		return digits_read(s, at, 2, &m->day);
	case 'e':
		if (*at < s.n && s.p[*at] == ' ') {
			(*at)++;
			return digits_read(s, at, 1, &m->day);
		}
		return digits_read(s, at, 2, &m->day) && m->day >= 10;
	case 'D':
		return digits_read(s, at, -2, &m->day);
	case 'H':
		return digits_read(s, at, 2, &m->hour);
	case 'h':
		return digits_read(s, at, -2, &m->hour);
	case 'M':
		return digits_read(s, at, 2, &m->minute);
	case 'i':
		return digits_read(s, at, -2, &m->minute);
	case 'S':
		return digits_read(s, at, 2, &m->second);
	case 's':
		return digits_read(s, at, -2, &m->second);
	case 'F':
		ok = digits_read(s, at, -3, &v);
		m->ns = (int64_t)v * 1000000;
		return ok;
	case 'a':
		return name_read(s, at, day_name, 7, &m->weekday);
	case 'z':
	case 'Z':
		return zone_read(s, at, element == 'Z', &m->zone_minutes);
	default:
		return element >= '1' && element <= '9' &&
		    fraction_read(s, at, (unsigned)(element - '0'), &m->ns);
	}
}

static bool
moment_ns(const struct moment *m, int64_t *ret)
{
	int64_t days, seconds;

	if (m->year < 1700 || m->year > 2200 || m->month < 1 || m->month > 12 || m->day < 1 ||
	    m->day > (int32_t)civil_month_days(m->year, (unsigned)m->month) ||
	    m->hour > 23 || m->minute > 59 ||
	    m->second > 59)
		return false;
	days = civil_days(m->year, (unsigned)m->month, (unsigned)m->day);
	if (m->weekday >= 0 && (days % 7 + 7) % 7 != m->weekday)
		return false;
	seconds = days * CIVIL_DAY_S + m->hour * 3600 + m->minute * 60 + m->second -
	    m->zone_minutes * INT64_C(60);
	*ret = seconds * CIVIL_SECOND_NS + m->ns;
	return true;
}

/* The pattern at the start of s; *at is where it ends. */
static bool
pattern_read(const struct stamp_form *f, struct span s, size_t *at, struct moment *m)
{
	*m = (struct moment){ 2000, 1, 1, 0, 0, 0, 0, -1, 0 };
	for (size_t i = 0; i < f->n; i++) {
		if (f->pattern[i] == '%') {
			if (!element_read(f->pattern[++i], s, at, m))
				return false;
		} else if (*at == s.n || s.p[(*at)++] != (uint8_t)f->pattern[i]) {
			return false;
		}
	}
	return true;
}

bool
stamp_read(const struct stamp_form *f, struct span s, int64_t *ret_ns)
{
	struct moment m;
	size_t at = 0;

	return pattern_read(f, s, &at, &m) && at == s.n && m.zone_minutes == f->zone_minutes &&
	    moment_ns(&m, ret_ns);
}

/* Where seconds and fraction are in every value of the form; slow when there is no such place. */
static void
run_begin(struct stamp_run *run, const struct stamp_form *f)
{
	static const uint8_t width[128] = { ['Y'] = 4, ['y'] = 2, ['m'] = 2, ['b'] = 3, ['d'] = 2,
	    ['e'] = 2, ['H'] = 2, ['M'] = 2, ['S'] = 2, ['a'] = 3, ['z'] = 5, ['Z'] = 6 };
	size_t at = 0;
	bool seconds = false;

	run->begun = true;
	run->slow = !stamp_form_fixed(f);
	for (size_t i = 0; i < f->n && !run->slow; i++) {
		char c = f->pattern[i];

		if (c != '%') {
			at++;
			continue;
		}
		c = f->pattern[++i];
		if (c == 'S') {
			run->at = (uint8_t)at;
			seconds = true;
		} else if (c >= '1' && c <= '9') {
			run->point = (uint8_t)at;
			run->digits = (uint8_t)(c - '0');
			at += run->digits;
			continue;
		}
		at += width[(uint8_t)c];
	}
	run->slow |= !seconds || (run->digits > 0 && run->point < run->at);
	run->n = (uint8_t)at;
}

static inline unsigned
two_digits(const uint8_t *p)
{
	unsigned high = p[0] - (unsigned)'0', low = p[1] - (unsigned)'0';

	return high > 9 || low > 9 ? 100 : high * 10 + low;
}

/* The fraction's nanoseconds; negative: not digits. */
static inline int64_t
run_fraction(const struct stamp_run *run, const uint8_t *p)
{
	static const int64_t unit[] = { 0, 100000000, 10000000, 1000000, 100000, 10000, 1000, 100,
	    10, 1 };
	int64_t v = 0;

	for (unsigned i = 0; i < run->digits; i++) {
		unsigned digit = p[run->point + i] - (unsigned)'0';

		if (digit > 9)
			return -1;
		v = v * 10 + digit;
	}
	return v * unit[run->digits];
}

bool
stamp_run_read(struct stamp_run *run, const struct stamp_form *f, struct span s, int64_t *ret_ns)
{
	size_t tail = run->digits > 0 ? run->point + run->digits : run->at + 2U;
	int64_t part;
	unsigned second;

	if (!run->begun)
		run_begin(run, f);
	else if (!run->slow && s.n == run->n && memcmp(s.p, run->last, run->at) == 0 &&
	    memcmp(s.p + tail, run->last + tail, s.n - tail) == 0 &&
	    (run->digits == 0 || s.p[run->point - 1] == run->last[run->point - 1])) {
		second = two_digits(s.p + run->at);
		part = run_fraction(run, s.p);
		if (second > 59 || part < 0)
			return false;
		*ret_ns = run->base_ns + (int64_t)second * CIVIL_SECOND_NS + part;
		return true;
	}
	if (!stamp_read(f, s, ret_ns))
		return false;
	if (!run->slow && s.n == run->n) {
		memcpy(run->last, s.p, s.n);
		run->base_ns = *ret_ns - run_fraction(run, s.p) -
		    (int64_t)two_digits(s.p + run->at) * CIVIL_SECOND_NS;
	} else {
		run->slow = true;
	}
	return true;
}

size_t
stamp_prefix(const struct stamp_form *f, struct span s)
{
	struct moment m;
	size_t at = 0;
	int64_t ns;

	return pattern_read(f, s, &at, &m) && moment_ns(&m, &ns) ? at : 0;
}

bool
stamp_form_fixed(const struct stamp_form *f)
{
	for (size_t i = 0; i < f->n; i++) {
		if (f->pattern[i] == '%' && strchr("DhisF", f->pattern[++i]) != NULL)
			return false;
	}
	return true;
}

/* ---- finding the form ---- */

static void
form_add(struct stamp_form *f, char c)
{
	must(f->n < STAMP_PATTERN);
	f->pattern[f->n++] = c;
}

/* "." or "," and digits: the fraction of a second. Nothing there is fine too. */
static void
fraction_find(struct stamp_form *f, struct span s, size_t at)
{
	size_t digits = 0;

	if (at == s.n || (s.p[at] != '.' && s.p[at] != ','))
		return;
	while (at + 1 + digits < s.n && (uint8_t)(s.p[at + 1 + digits] - '0') <= 9)
		digits++;
	if (digits < 1 || digits > 9)
		return;
	form_add(f, (char)s.p[at]);
	form_add(f, '%');
	form_add(f, (char)('0' + digits));
}

static void
zone_find(struct stamp_form *f, struct span s, size_t at)
{
	if (at == s.n)
		return;
	if (s.p[at] == 'Z') {
		form_add(f, 'Z');
	} else if ((s.p[at] == '+' || s.p[at] == '-') && s.n - at >= 5) {
		form_add(f, '%');
		form_add(f, s.p[at + 3] == ':' ? 'Z' : 'z');
	}
}

/* Makes the pattern for s out of one of the known ones, as far as s follows it. */
static size_t
form_try(const char *pattern, struct span s, struct stamp_form *f)
{
	struct moment m = { 2000, 1, 1, 0, 0, 0, 0, -1, 0 };
	size_t at = 0;
	int64_t ns;

	*f = (struct stamp_form){ 0 };
	for (; *pattern != '\0'; pattern++) {
		uint8_t from = f->n;

		if (*pattern == '~')
			fraction_find(f, s, at);
		else if (*pattern == '^')
			zone_find(f, s, at);
		else
			form_add(f, *pattern);
		if (*pattern == '%')
			form_add(f, *++pattern);
		for (; from < f->n; from++) {
			char c = f->pattern[from];

			if (c == '%' ? !element_read(f->pattern[++from], s, &at, &m) :
			    at == s.n || s.p[at++] != (uint8_t)c)
				return 0;
			f->has_year |= c == '%' && (f->pattern[from] | 0x20) == 'y';
		}
	}
	f->zone_minutes = m.zone_minutes;
	return moment_ns(&m, &ns) ? at : 0;
}

/* A timestamp begins with a digit, or the name of a month or day. */
static bool
may_begin(struct span s)
{
	return s.n >= 8 && ((uint8_t)(s.p[0] - '0') <= 9 ||
	    (s.p[0] >= 'A' && s.p[0] <= 'W' && (s.p[3] == ' ' || s.p[3] == ',')));
}

bool
stamp_form_of(struct span s, struct stamp_form *ret)
{
	if (!may_begin(s) || s.n > STAMP_BYTES)
		return false;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (form_try(known[i], s, ret) == s.n)
			return true;
	}
	return false;
}

size_t
stamp_head(struct span s)
{
	struct stamp_form form;

	if (!may_begin(s))
		return 0;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		size_t n = form_try(known[i], span_sub(s, 0, STAMP_BYTES), &form);

		if (n > 0 && (n == s.n || !(((s.p[n] | 0x20) >= 'a' && (s.p[n] | 0x20) <= 'z') ||
		    (uint8_t)(s.p[n] - '0') <= 9 || s.p[n] == '_' || s.p[n] >= 0x80)))
			return n;
	}
	return 0;
}

/* ---- writing ---- */

static size_t
number_write(uint8_t *at, int64_t v, size_t digits)
{
	for (size_t i = digits; i-- > 0; v /= 10)
		at[i] = (uint8_t)('0' + v % 10);
	return digits;
}

static size_t
plain_write(uint8_t *at, int64_t v)
{
	return number_write(at, v, v >= 100 ? 3 : v >= 10 ? 2 : 1);
}

static size_t
zone_write(uint8_t *at, int32_t minutes, bool colon)
{
	int32_t v = minutes < 0 ? -minutes : minutes;
	size_t n = 0;

	at[n++] = minutes < 0 ? '-' : '+';
	n += number_write(at + n, v / 60, 2);
	if (colon)
		at[n++] = ':';
	return n + number_write(at + n, v % 60, 2);
}

static size_t
element_write(char element, const struct moment *m, uint8_t *at)
{
	static const int64_t power[] = { 1000000000, 100000000, 10000000, 1000000, 100000, 10000,
	    1000, 100, 10, 1 };

	switch (element) {
	case 'Y':
		return number_write(at, m->year, 4);
	case 'y':
		return number_write(at, m->year % 100, 2);
	case 'm':
		return number_write(at, m->month, 2);
	case 'b':
		memcpy(at, month_name + 3 * (m->month - 1), 3);
		return 3;
	case 'd':
		return number_write(at, m->day, 2);
	case 'e':
		at[0] = ' ';
		return m->day < 10 ? 1 + number_write(at + 1, m->day, 1) :
		    number_write(at, m->day, 2);
	case 'D':
		return plain_write(at, m->day);
	case 'H':
		return number_write(at, m->hour, 2);
	case 'h':
		return plain_write(at, m->hour);
	case 'M':
		return number_write(at, m->minute, 2);
	case 'i':
		return plain_write(at, m->minute);
	case 'S':
		return number_write(at, m->second, 2);
	case 's':
		return plain_write(at, m->second);
	case 'F':
		return plain_write(at, m->ns / 1000000);
	case 'a':
		memcpy(at, day_name + 3 * m->weekday, 3);
		return 3;
	case 'z':
	case 'Z':
		return zone_write(at, m->zone_minutes, element == 'Z');
	default:
		return number_write(at, m->ns / power[element - '0'], (size_t)(element - '0'));
	}
}

size_t
stamp_write(const struct stamp_form *f, int64_t ns, uint8_t *at)
{
	struct civil c;
	struct moment m;
	size_t n = 0;

	civil_split(&c, ns, f->zone_minutes * 60);
	m = (struct moment){ c.year, c.month, c.day, c.hour, c.minute, c.second, c.nano, 0,
	    f->zone_minutes };
	m.weekday = (int32_t)((civil_days(c.year, c.month, c.day) % 7 + 7) % 7);
	for (size_t i = 0; i < f->n; i++) {
		if (f->pattern[i] == '%')
			n += element_write(f->pattern[++i], &m, at + n);
		else
			at[n++] = (uint8_t)f->pattern[i];
	}
	return n;
}

/* ---- the form itself ---- */

void
stamp_form_put(struct buf *out, const struct stamp_form *f)
{
	buf_bytes(out, span_of(f->pattern, f->n));
	buf_zigzag(out, f->zone_minutes);
}

bool
stamp_form_get(struct cur *c, struct stamp_form *ret)
{
	struct span pattern = cur_bytes(c);
	int64_t zone = cur_zigzag(c);
	size_t room = 0;

	if (c->bad || pattern.n > STAMP_PATTERN || zone < -1439 || zone > 1439)
		return false;
	*ret = (struct stamp_form){ .n = (uint8_t)pattern.n, .zone_minutes = (int32_t)zone };
	if (pattern.n > 0)
		memcpy(ret->pattern, pattern.p, pattern.n);
	for (size_t i = 0; i < pattern.n; i++) {
		room += pattern.p[i] == '%' ? 6 : 1;
		if (pattern.p[i] != '%')
			continue;
		if (++i == pattern.n)
			return false;
		if (pattern.p[i] >= '1' && pattern.p[i] <= '9')
			room += 3;
		else if (pattern.p[i] == 0 || strchr("YymbdeDHhMiSsFazZ", pattern.p[i]) == NULL)
			return false;
		ret->has_year |= (pattern.p[i] | 0x20) == 'y';
	}
	return room <= STAMP_BYTES;
}
