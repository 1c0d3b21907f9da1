/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic into arrays whose sizes were checked. Values that are numbers: INT,
 * STAMP, IPV4; doc/formats/segment.md section 4. A form is chosen only when it gives back every
 * value exactly.
 */
#include "store/list_int.h"

/* ---- INT ---- */

/* Canonical hexadecimal without sign, of one case, below 2^64. */
static bool
hex_parse(struct span s, bool upper, int64_t *ret)
{
	uint64_t v = 0;

	if (s.n == 0 || s.n > 16 || (s.p[0] == '0' && s.n > 1))
		return false;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];

		if (is_digit(c))
			v = v << 4 | (uint64_t)(c - '0');
		else if (is_hex(c) && (c < 'a') == upper)
			v = v << 4 | (uint64_t)((c | 0x20) - 'a' + 10);
		else
			return false;
	}
	*ret = (int64_t)v;
	return true;
}

/* "12.50" with two digits behind the point: 1250. */
static bool
scaled_parse(struct span s, unsigned scale, int64_t *ret)
{
	size_t point = s.n - scale - 1;
	bool minus = s.n > 0 && s.p[0] == '-';
	int64_t whole, part = 0;

	if (s.n < scale + 2U || s.n > 18 || s.p[point] != '.' ||
	    !number_parse(span_sub(s, minus, point - minus), &whole) || whole < 0)
		return false;
	for (size_t i = point + 1; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		whole = whole * 10 + (s.p[i] - '0');
	}
	part = minus ? -whole : whole;
	*ret = part;
	return !(minus && whole == 0);
}

static bool
padded_parse(struct span s, unsigned pad, int64_t *ret)
{
	int64_t v = 0;

	if (s.n != pad)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (!is_digit(s.p[i]))
			return false;
		v = v * 10 + (s.p[i] - '0');
	}
	*ret = v;
	return true;
}

static bool
form_parse(const struct number_form *f, struct span s, int64_t *ret)
{
	size_t affix = f->prefix.n + f->suffix.n;

	if (affix > 0) {
		if (s.n <= affix || !span_starts(s, f->prefix) ||
		    !span_eq(span_sub(s, s.n - f->suffix.n, f->suffix.n), f->suffix))
			return false;
		s = span_sub(s, f->prefix.n, s.n - affix);
	}
	if ((f->flags & INT_PAD) != 0)
		return padded_parse(s, f->pad, ret);
	if ((f->flags & INT_SCALE) != 0)
		return scaled_parse(s, f->scale, ret);
	if ((f->flags & (INT_HEX_LOWER | INT_HEX_UPPER)) != 0)
		return hex_parse(s, (f->flags & INT_HEX_UPPER) != 0, ret);
	return number_parse(s, ret);
}

static bool
form_fits(const struct number_form *f, const struct span *v, size_t n, int64_t *num)
{
	int64_t probe;

	if (!form_parse(f, v[n / 2], &probe) || !form_parse(f, v[n - 1], &probe))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!form_parse(f, v[i], &num[i]))
			return false;
	}
	return true;
}

static size_t
common_head(struct span a, struct span b, size_t n)
{
	size_t i = 0;

	n = n < a.n ? n : a.n;
	n = n < b.n ? n : b.n;
	while (i < n && a.p[i] == b.p[i])
		i++;
	return i;
}

static size_t
common_tail(struct span a, struct span b, size_t n)
{
	size_t i = 0;

	n = n < a.n ? n : a.n;
	n = n < b.n ? n : b.n;
	while (i < n && a.p[a.n - 1 - i] == b.p[b.n - 1 - i])
		i++;
	return i;
}

/* What all values begin and end with; cut back so that no digit is torn off a number. */
static void
form_affix(struct number_form *f, const struct span *v, size_t n, bool (*digit)(uint8_t c))
{
	size_t head = v[0].n, tail = v[0].n;

	head = head < AFFIX_MAX ? head : AFFIX_MAX;
	tail = tail < AFFIX_MAX ? tail : AFFIX_MAX;
	for (size_t i = 1; i < n && head + tail > 0; i++) {
		head = common_head(v[0], v[i], head);
		tail = common_tail(v[0], v[i], tail);
	}
	while (head > 0 && digit(v[0].p[head - 1]))
		head--;
	while (tail > 0 && digit(v[0].p[v[0].n - tail]))
		tail--;
	if (head + tail >= v[0].n)
		head = tail = 0;
	f->prefix = span_sub(v[0], 0, head);
	f->suffix = span_sub(v[0], v[0].n - tail, tail);
	f->flags = head + tail > 0 ? INT_AFFIX : 0;
}

/* Tries what the first value looks like between its affixes. */
static bool
form_find(struct number_form *f, const struct span *v, size_t n, int64_t *num)
{
	const uint8_t affix = f->flags;
	struct span s = span_sub(v[0], f->prefix.n, v[0].n - f->prefix.n - f->suffix.n);
	const uint8_t *point = s.n > 0 ? memchr(s.p, '.', s.n) : NULL;

	if (form_fits(f, v, n, num))
		return true;
	if (point != NULL && s.n <= 18) {
		f->flags = affix | INT_SCALE;
		f->scale = (unsigned)(s.p + s.n - point) - 1;
		return f->scale > 0 && form_fits(f, v, n, num);
	}
	if (s.n > 1 && s.n <= PAD_MAX) {
		f->flags = affix | INT_PAD;
		f->pad = (unsigned)s.n;
		return form_fits(f, v, n, num);
	}
	return false;
}

bool
int_find(struct number_form *f, const struct span *v, size_t n, int64_t *num)
{
	*f = (struct number_form){ 0 };
	if (v[0].n == 0 || v[n - 1].n == 0)
		return false;
	if (form_find(f, v, n, num))
		return true;
	form_affix(f, v, n, is_digit);
	if (f->flags != 0 && form_find(f, v, n, num))
		return true;
	form_affix(f, v, n, is_hex);
	for (uint8_t kind = INT_HEX_LOWER; kind <= INT_HEX_UPPER; kind *= 2) {
		f->flags = (f->prefix.n + f->suffix.n > 0 ? INT_AFFIX : 0) | kind;
		if (form_fits(f, v, n, num))
			return true;
	}
	return false;
}

void
int_form_put(struct buf *dir, const struct number_form *f)
{
	buf_u8(dir, f->flags);
	if ((f->flags & INT_AFFIX) != 0) {
		buf_bytes(dir, f->prefix);
		buf_bytes(dir, f->suffix);
	}
	if ((f->flags & INT_PAD) != 0)
		buf_u8(dir, (uint8_t)f->pad);
	if ((f->flags & INT_SCALE) != 0)
		buf_u8(dir, (uint8_t)f->scale);
}

static size_t
hex_put(uint8_t *at, uint64_t v, bool upper)
{
	const char *digit = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t n = v == 0 ? 1 : (67 - (size_t)__builtin_clzll(v)) / 4;

	for (size_t i = n; i-- > 0; v >>= 4)
		at[i] = (uint8_t)digit[v & 15];
	return n;
}

/* Digits of u, at least `least` of them. */
static size_t
digits_put(uint8_t *at, uint64_t u, size_t least)
{
	uint8_t digit[24];
	size_t n = 0, i = 0;

	do {
		digit[n++] = (uint8_t)('0' + u % 10);
		u /= 10;
	} while (u != 0);
	while (n < least)
		digit[n++] = '0';
	while (n > 0)
		at[i++] = digit[--n];
	return i;
}

size_t
int_write(uint8_t *at, const struct number_form *f, int64_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	size_t n = 0, digits;

	if (f->prefix.n > 0)
		memcpy(at, f->prefix.p, f->prefix.n);
	n = f->prefix.n;
	if ((f->flags & (INT_HEX_LOWER | INT_HEX_UPPER)) != 0) {
		n += hex_put(at + n, (uint64_t)v, (f->flags & INT_HEX_UPPER) != 0);
	} else if ((f->flags & INT_PAD) != 0) {
		n += digits_put(at + n, u, f->pad);
	} else if ((f->flags & INT_SCALE) != 0) {
		if (v < 0)
			at[n++] = '-';
		digits = digits_put(at + n, u, f->scale + 1);
		memmove(at + n + digits - f->scale + 1, at + n + digits - f->scale, f->scale);
		at[n + digits - f->scale] = '.';
		n += digits + 1;
	} else {
		n += number_put(at + n, v);
	}
	if (f->suffix.n > 0)
		memcpy(at + n, f->suffix.p, f->suffix.n);
	return n + f->suffix.n;
}

static enum err
form_get(struct list_in *in, struct number_form *f, struct why *why)
{
	*f = (struct number_form){ .flags = cur_u8(in->c) };
	if ((f->flags & INT_AFFIX) != 0) {
		f->prefix = cur_bytes(in->c);
		f->suffix = cur_bytes(in->c);
	}
	if ((f->flags & INT_PAD) != 0)
		f->pad = cur_u8(in->c);
	if ((f->flags & INT_SCALE) != 0)
		f->scale = cur_u8(in->c);
	if (in->c->bad || (f->flags & ~INT_KNOWN) != 0 || f->prefix.n > AFFIX_MAX ||
	    f->suffix.n > AFFIX_MAX || f->pad > PAD_MAX || f->scale > PAD_MAX)
		return why_set(why, ERR_FORMAT, "directory: broken parameters of INT");
	return OK;
}

enum err
int_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	struct recipe *r = hold_alloc(in->hold, 1, sizeof *r);
	int64_t *num = hold_alloc(in->hold, n, sizeof *num);
	enum err rc = form_get(in, &r->number, why);

	if (rc == OK)
		rc = ints_get(in, num, n, why);
	if (rc != OK)
		return rc;
	r->encoding = ENCODING_INT;
	r->num = num;
	ret->recipe = r;
	ret->has_int = r->number.flags == 0;
	ret->num = ret->has_int ? num : NULL;
	return OK;
}

/* ---- STAMP ---- */

/* The first value may fit several forms: one that fails gives way to the form of the failure. */
bool
stamps_find(struct stamp_form *form, const struct span *v, size_t n, int64_t *num)
{
	size_t at = 0;

	if (!stamp_form_of(v[n - 1], form))
		return false;
	for (unsigned tries = 0; tries < 3; tries++) {
		struct stamp_run run = { 0 };

		if (!stamp_form_of(v[at], form))
			return false;
		for (at = 0; at < n && stamp_run_read(&run, form, v[at], &num[at]); at++)
			continue;
		if (at == n)
			return true;
	}
	return false;
}

enum err
stamps_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	struct recipe *r = hold_alloc(in->hold, 1, sizeof *r);
	int64_t *num = hold_alloc(in->hold, n, sizeof *num);
	enum err rc;

	if (!stamp_form_get(in->c, &r->stamp))
		return why_set(why, ERR_FORMAT, "directory: unknown timestamp format");
	rc = ints_get(in, num, n, why);
	if (rc != OK)
		return rc;
	r->encoding = ENCODING_STAMP;
	r->num = num;
	ret->recipe = r;
	ret->num = num;
	ret->has_stamp = true;
	return OK;
}

/* ---- IPV4 ---- */

static bool
ipv4_parse(struct span s, int64_t *ret)
{
	uint32_t v = 0;
	size_t i = 0;

	if (s.n < 7 || s.n > 15)
		return false;
	for (unsigned part = 0; part < 4; part++) {
		size_t from = i;
		uint32_t b = 0;

		for (; i < s.n && i - from < 3 && is_digit(s.p[i]); i++)
			b = b * 10 + (uint32_t)(s.p[i] - '0');
		if (i == from || b > 255 || (s.p[from] == '0' && i - from > 1))
			return false;
		if (part < 3 && (i == s.n || s.p[i++] != '.'))
			return false;
		v = v << 8 | b;
	}
	*ret = v;
	return i == s.n;
}

size_t
ipv4_write(uint8_t *at, uint32_t v)
{
	size_t n = 0;

	for (int shift = 24; shift >= 0; shift -= 8) {
		n += digits_put(at + n, v >> shift & 255, 1);
		if (shift > 0)
			at[n++] = '.';
	}
	return n;
}

bool
ipv4_find(const struct span *v, size_t n, int64_t *num)
{
	for (size_t i = 0; i < n; i++) {
		if (!ipv4_parse(v[i], &num[i]))
			return false;
	}
	return true;
}

enum err
ipv4_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	struct recipe *r = hold_alloc(in->hold, 1, sizeof *r);
	int64_t *num = hold_alloc(in->hold, n, sizeof *num);
	enum err rc = ints_get(in, num, n, why);

	if (rc != OK)
		return rc;
	r->encoding = ENCODING_IPV4;
	r->num = num;
	ret->recipe = r;
	ret->num = num;
	return OK;
}
