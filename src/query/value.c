/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. Numbers, durations, addresses and their order: query/value.h. */
#include "query/value.h"

#include <math.h>

bool
value_u64(struct span s, uint64_t *ret_v)
{
	uint64_t v = 0;
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint64_t d = (uint64_t)s.p[i] - '0';

		if (s.p[i] == '_' && i > 0)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9' || v > (UINT64_MAX - d) / 10)
			return false;
		v = v * 10 + d;
		digits++;
	}
	if (digits == 0)
		return false;
	*ret_v = v;
	return true;
}

bool
value_i64(struct span s, int64_t *ret_v)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v;

	if (!value_u64(span_sub(s, minus, s.n), &v) || v > (uint64_t)INT64_MAX + minus)
		return false;
	*ret_v = minus ? (int64_t)(0 - v) : (int64_t)v;
	return true;
}

static double
power10(int e)
{
	static const double exact[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

	return e <= 22 ? exact[e] : pow(10, e);
}

/* v * 10^e; exact when v < 2^53 and |e| <= 22, else to within one unit of the last place. */
static double
scaled(uint64_t v, int e)
{
	long double x = (long double)v;

	if (v == 0)
		return 0;
	if (v < (uint64_t)1 << 53 && e >= -22 && e <= 22)
		return e < 0 ? (double)v / power10(-e) : (double)v * power10(e);
	if (e > 400 || e < -400)
		return e > 0 ? (double)INFINITY : 0;
	return (double)(x * powl(10, (long double)e));
}

/* digits [ "." digits ] [ ("e" / "E") [sign] digits ]; how many octets of s it took, 0: none */
static size_t
unsigned_decimal(struct span s, bool exponent, double *ret_v)
{
	uint64_t v = 0;
	int e = 0, shift = 0;
	size_t i = 0, digits = 0;
	bool dot = false, minus;

	for (; i < s.n; i++) {
		if (s.p[i] == '.' && !dot && digits > 0) {
			dot = true;
			continue;
		}
		if (s.p[i] == '_' && i > 0)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			break;
		digits++;
		if (v > (UINT64_MAX - 9) / 10) {
			shift += !dot;
			continue;
		}
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		shift -= dot;
	}
	if (digits == 0 || s.p[i - 1] == '.' || digits > 400)
		return 0;
	if (exponent && i + 1 < s.n && (s.p[i] | 0x20) == 'e') {
		size_t from = i + 1, at;

		minus = s.p[from] == '-';
		from += s.p[from] == '-' || s.p[from] == '+';
		for (at = from; at < s.n && s.p[at] >= '0' && s.p[at] <= '9' && e < 1000; at++)
			e = e * 10 + (s.p[at] - '0');
		if (at > from) {
			i = at;
			shift += minus ? -e : e;
		}
	}
	*ret_v = scaled(v, shift);
	return i;
}

/* Takes a sign off; true when it was a minus. */
static bool
sign_take(struct span *s)
{
	bool minus = s->n > 0 && s->p[0] == '-';

	if (minus || (s->n > 0 && s->p[0] == '+'))
		*s = span_sub(*s, 1, s->n);
	return minus;
}

bool
value_decimal(struct span s, double *ret_v)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	double v;

	s = span_sub(s, minus, s.n);
	if (s.n == 0 || unsigned_decimal(s, false, &v) != s.n)
		return false;
	*ret_v = minus ? -v : v;
	return true;
}

struct unit {
	const char *name;
	double factor;
};

/* Longer names before their beginnings. */
static const struct unit duration_unit[] = {
	{ "ms", 1e6 }, { "ns", 1 }, { "µs", 1e3 }, { "μs", 1e3 }, { "us", 1e3 }, { "s", 1e9 },
	{ "m", 60e9 }, { "h", 3600e9 }, { "d", 86400e9 }, { "w", 7 * 86400e9 },
	{ "y", 365 * 86400e9 }, { NULL, 0 },
};

static const struct unit size_unit[] = {
	{ "KiB", 0x1p10 }, { "MiB", 0x1p20 }, { "GiB", 0x1p30 }, { "TiB", 0x1p40 },
	{ "Ki", 0x1p10 }, { "Mi", 0x1p20 }, { "Gi", 0x1p30 }, { "Ti", 0x1p40 },
	{ "KB", 1e3 }, { "MB", 1e6 }, { "GB", 1e9 }, { "TB", 1e12 },
	{ "K", 1e3 }, { "M", 1e6 }, { "G", 1e9 }, { "T", 1e12 }, { "B", 1 }, { NULL, 0 },
};

/* [sign] 1*( decimal unit ), summed up */
static bool
with_units(struct span s, const struct unit *units, double *ret_v)
{
	bool minus = sign_take(&s);
	double sum = 0, v;

	if (s.n == 0)
		return false;
	while (s.n > 0) {
		size_t n = unsigned_decimal(s, false, &v);
		const struct unit *u = units;

		if (n == 0 || n == s.n)
			return false;
		s = span_sub(s, n, s.n);
		while (u->name != NULL && !span_starts(s, span_str(u->name)))
			u++;
		if (u->name == NULL)
			return false;
		s = span_sub(s, strlen(u->name), s.n);
		sum += v * u->factor;
	}
	*ret_v = minus ? -sum : sum;
	return true;
}

/* Cut to what can be negated. */
static int64_t
to_i64(double v)
{
	if (v >= 0x1p63)
		return INT64_MAX;
	return v <= -0x1p63 ? -INT64_MAX : (int64_t)v;
}

bool
value_duration(struct span s, int64_t *ret_ns)
{
	double v;

	if (!with_units(s, duration_unit, &v))
		return false;
	*ret_ns = to_i64(v);
	return true;
}

/* "0x" hex / "0b" binary / "0o" octal, '_' between digits */
static bool
based(struct span s, uint64_t *ret_v)
{
	unsigned shift;
	uint64_t v = 0;

	if (s.n < 3 || s.p[0] != '0')
		return false;
	switch (s.p[1] | 0x20) {
	case 'x':
		shift = 4;
		break;
	case 'o':
		shift = 3;
		break;
	case 'b':
		shift = 1;
		break;
	default:
		return false;
	}
	for (size_t i = 2; i < s.n; i++) {
		uint8_t c = s.p[i] | 0x20;
		unsigned d = s.p[i] >= '0' && s.p[i] <= '9' ? s.p[i] - 48U :
		    c >= 'a' && c <= 'f' ? c - 87U : 99U;

		if (s.p[i] == '_')
			continue;
		if (d >> shift != 0 || v >> (64 - shift) != 0)
			return false;
		v = v << shift | d;
	}
	*ret_v = v;
	return true;
}

static bool
is_word_of(struct span s, const char *word)
{
	if (s.n != strlen(word))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((s.p[i] | 0x20) != (uint8_t)word[i])
			return false;
	return true;
}

bool
value_count(struct span s, uint64_t *ret_v)
{
	double v;

	if (s.n > 1 && s.p[0] == '+')
		s = span_sub(s, 1, s.n);
	if (is_word_of(s, "inf")) {
		*ret_v = UINT64_MAX;
		return true;
	}
	if (based(s, ret_v) || value_u64(s, ret_v))
		return true;
	if (!with_units(s, size_unit, &v) && !with_units(s, duration_unit, &v))
		return false;
	if (v < 0)
		return false;
	*ret_v = v >= 0x1p64 ? UINT64_MAX : (uint64_t)v;
	return true;
}

bool
value_plain_number(struct span s, double *ret_v)
{
	struct span rest = s;
	uint64_t whole;
	bool minus;
	double v;

	if (s.n == 0 || s.n > 64 || !((s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '-' ||
	    s.p[0] == '+' || (s.p[0] | 0x20) == 'i' || (s.p[0] | 0x20) == 'n'))
		return false;
	minus = sign_take(&rest);
	if (rest.n == 0)
		return false;
	if (unsigned_decimal(rest, true, &v) == rest.n || (based(rest, &whole) &&
	    (v = (double)whole, true)) || (is_word_of(rest, "inf") && (v = (double)INFINITY,
	    true))) {
		*ret_v = minus ? -v : v;
		return true;
	}
	return with_units(s, duration_unit, ret_v) || with_units(s, size_unit, ret_v);
}

bool
value_number(struct span s, double *ret_v)
{
	int64_t ns;
	uint32_t ip;

	if (value_plain_number(s, ret_v))
		return true;
	if (value_time(s, &ns)) {
		*ret_v = (double)ns;
		return true;
	}
	if (!value_ipv4(s, &ip))
		return false;
	*ret_v = ip;
	return true;
}

bool
value_ipv4(struct span s, uint32_t *ret_v)
{
	uint32_t v = 0, part = 0;
	unsigned digits = 0, dots = 0;

	if (s.n < 7 || s.n > 15)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.') {
			if (digits == 0 || ++dots > 3)
				return false;
			v = v << 8 | part;
			part = digits = 0;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || ++digits > 3)
			return false;
		part = part * 10 + (s.p[i] - 48U);
		if (part > 255)
			return false;
	}
	if (dots != 3 || digits == 0)
		return false;
	*ret_v = v << 8 | part;
	return true;
}

bool
value_ipv4_net(struct span s, uint32_t *ret_low, uint32_t *ret_high)
{
	const uint8_t *slash = s.n > 0 ? memchr(s.p, '/', s.n) : NULL;
	size_t at = slash != NULL ? (size_t)(slash - s.p) : s.n;
	uint64_t bits = 32;
	uint32_t ip, mask;

	if (!value_ipv4(span_sub(s, 0, at), &ip))
		return false;
	if (slash != NULL && (!value_u64(span_sub(s, at + 1, s.n), &bits) || bits > 32))
		return false;
	mask = bits == 0 ? UINT32_MAX : (uint32_t)(((uint64_t)1 << (32 - bits)) - 1);
	*ret_low = ip & ~mask;
	*ret_high = ip | mask;
	return true;
}

static bool
is_digit(struct span s, size_t at)
{
	return at < s.n && s.p[at] >= '0' && s.p[at] <= '9';
}

/* Runs of digits compare by value, the rest by octets; "file9" is before "file10". */
static int
natural_compare(struct span a, struct span b)
{
	size_t i = 0, j = 0;

	while (i < a.n && j < b.n) {
		size_t from_i, from_j;
		int c;

		if (!is_digit(a, i) || !is_digit(b, j)) {
			if (a.p[i] != b.p[j])
				return a.p[i] < b.p[j] ? -1 : 1;
			i++, j++;
			continue;
		}
		while (is_digit(a, i + 1) && a.p[i] == '0')
			i++;
		while (is_digit(b, j + 1) && b.p[j] == '0')
			j++;
		from_i = i, from_j = j;
		while (is_digit(a, i))
			i++;
		while (is_digit(b, j))
			j++;
		if (i - from_i != j - from_j)
			return i - from_i < j - from_j ? -1 : 1;
		c = memcmp(a.p + from_i, b.p + from_j, i - from_i);
		if (c != 0)
			return c;
	}
	if (a.n - i != b.n - j)
		return a.n - i < b.n - j ? -1 : 1;
	return span_cmp(a, b);
}

int
value_compare(struct span a, struct span b)
{
	int64_t ia, ib;
	double fa, fb;

	if (span_eq(a, b))
		return 0;
	if ((value_i64(a, &ia) && value_i64(b, &ib)) || (value_time(a, &ia) && value_time(b,
	    &ib))) {
		if (ia != ib)
			return ia < ib ? -1 : 1;
		return span_cmp(a, b);
	}
	if (value_plain_number(a, &fa) && value_plain_number(b, &fb) && fa != fb)
		return fa < fb ? -1 : 1;
	return natural_compare(a, b);
}

void
value_put_i64(struct buf *out, int64_t v)
{
	uint8_t digit[20];
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	size_t n = sizeof digit;

	do {
		digit[--n] = (uint8_t)('0' + u % 10);
		u /= 10;
	} while (u > 0);
	if (v < 0)
		buf_u8(out, '-');
	buf_put(out, digit + n, sizeof digit - n);
}

/* Digits d[0..n) with the point before digit number `point` (which may lie outside). */
static void
put_positional(struct buf *out, const uint8_t *d, int n, int point)
{
	if (point <= 0)
		buf_str(out, "0.");
	for (int i = point; i < 0; i++)
		buf_u8(out, '0');
	for (int i = 0; i < n; i++) {
		if (i == point && i > 0)
			buf_u8(out, '.');
		buf_u8(out, d[i]);
	}
	for (int i = n; i < point; i++)
		buf_u8(out, '0');
}

void
value_put_f64(struct buf *out, double v)
{
	struct buf text = { 0 };
	uint8_t digit[20];
	int n = 0, exponent = 0;
	double back = 0;

	if (isnan(v) || isinf(v)) {
		buf_str(out, isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf");
		return;
	}
	if (fabs(v) < 0x1p53 && v == (double)(int64_t)v) {
		value_put_i64(out, (int64_t)v);
		return;
	}
	if (v < 0)
		buf_u8(out, '-');
	v = fabs(v);
	for (int precision = 14; precision <= 16; precision++) {
		text.n = 0;
		buf_printf(&text, "%.*e", precision, v);
		if (unsigned_decimal(buf_span(&text), true, &back) == text.n && back == v)
			break;
	}
	for (size_t i = 0; i < text.n && text.p[i] != 'e'; i++)
		if (text.p[i] != '.' && n < (int)sizeof digit)
			digit[n++] = text.p[i];
	while (n > 1 && digit[n - 1] == '0')
		n--;
	for (size_t i = text.n; i > 0; i--)
		if (text.p[i - 1] == 'e') {
			int64_t e = 0;

			i += text.p[i] == '+';
			(void)value_i64(span_sub(buf_span(&text), i, text.n), &e);
			exponent = (int)e;
			break;
		}
	put_positional(out, digit, n, exponent + 1);
	buf_done(&text);
}
