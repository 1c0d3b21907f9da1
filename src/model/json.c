/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic and vector loads, inside of one text. See json.h. */
#include "model/json.h"

#include "base/real.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { DIGITS_MAX = 20 };

/* Octets in front that a string holds as they are. */
static size_t
plain_n(struct span s)
{
	size_t n = 0;

#if defined(__SSE2__)
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	for (; s.n - n >= 16; n += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s.p + n));
		__m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote),
		    _mm_cmpeq_epi8(v, slash)), _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
		unsigned mask = (unsigned)_mm_movemask_epi8(hit);

		if (mask != 0)
			return n + (unsigned)__builtin_ctz(mask);
	}
#endif
	while (n < s.n && s.p[n] >= 0x20 && s.p[n] != '"' && s.p[n] != '\\')
		n++;
	return n;
}

static void
escape_put(struct buf *out, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t long_form[6] = { '\\', 'u', '0', '0', (uint8_t)hex[c >> 4],
	    (uint8_t)hex[c & 15] };
	uint8_t short_form[2] = { '\\', c == '\n' ? 'n' : c == '\t' ? 't' : c };

	if (c == '"' || c == '\\' || c == '\n' || c == '\t')
		buf_put(out, short_form, sizeof short_form);
	else
		buf_put(out, long_form, sizeof long_form);
}

void
json_string(struct buf *out, struct span text)
{
	buf_reserve(out, text.n + 2);
	buf_u8(out, '"');
	while (text.n > 0) {
		size_t n = plain_n(text);

		buf_put(out, text.p, n);
		if (n < text.n)
			escape_put(out, text.p[n++]);
		text = span_sub(text, n, SIZE_MAX);
	}
	buf_u8(out, '"');
}

void
json_octets(struct buf *out, struct span octets)
{
	buf_u8(out, '[');
	for (size_t i = 0; i < octets.n; i++) {
		if (i > 0)
			buf_u8(out, ',');
		json_unsigned(out, octets.p[i]);
	}
	buf_u8(out, ']');
}

void
json_hex(struct buf *out, struct span octets)
{
	static const char hex[] = "0123456789abcdef";
	uint8_t *at = buf_add(out, octets.n * 2 + 2);

	*at++ = '"';
	for (size_t i = 0; i < octets.n; i++) {
		*at++ = (uint8_t)hex[octets.p[i] >> 4];
		*at++ = (uint8_t)hex[octets.p[i] & 15];
	}
	*at = '"';
}

void
json_unsigned(struct buf *out, uint64_t value)
{
	uint8_t digit[DIGITS_MAX];
	size_t at = DIGITS_MAX;

	do
		digit[--at] = (uint8_t)('0' + value % 10);
	while ((value /= 10) > 0);
	buf_put(out, digit + at, DIGITS_MAX - at);
}

void
json_signed(struct buf *out, int64_t value)
{
	if (value < 0)
		buf_u8(out, '-');
	json_unsigned(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

void
json_real(struct buf *out, double value)
{
	char text[REAL_TEXT_BYTES];
	size_t n = real_put(text, value);

	buf_put(out, text, n);
	if (memchr(text, '.', n) == NULL && memchr(text, 'e', n) == NULL)
		buf_str(out, ".0");
}

struct span
json_quoted(struct cur *in)
{
	const uint8_t *from;
	uint8_t c = cur_u8(in);

	if (c != '"')
		in->bad = true;
	from = in->p;
	while (!in->bad && (c = cur_u8(in)) != '"') {
		if (c == '\\')
			(void)cur_u8(in);
		if (c < 0x20)
			in->bad = true;
	}
	return in->bad ? span_of(from, 0) : span_of(from, (size_t)(in->p - from) - 1);
}
