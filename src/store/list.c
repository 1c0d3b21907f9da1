/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic into arrays whose sizes were checked. Lists of integers and streams;
 * see list.h. The lists of values are in list_value.c.
 */
#include "store/list.h"

#include <stdlib.h>
#ifdef __SSE4_1__
#include <smmintrin.h>
#endif

#include "base/must.h"

enum {
	/* A stream up to here costs less in the directory than its reference does. */
	INLINE_BYTES = 16,
	INTS_CONST = 0,
	INTS_FOR = 1,
	INTS_DELTA = 2
};

/* ---- memory ---- */

void *
hold_alloc(struct hold *hold, size_t count, size_t size)
{
	void *p = xreallocarray(NULL, count > 0 ? count : 1, size);

	if (hold->n == hold->cap) {
		hold->cap = hold->cap > 0 ? hold->cap * 2 : 16;
		hold->p = xreallocarray(hold->p, hold->cap, sizeof *hold->p);
	}
	hold->p[hold->n++] = p;
	hold->bytes += count * size;
	return p;
}

void
hold_done(struct hold *hold)
{
	for (size_t i = 0; i < hold->n; i++)
		free(hold->p[i]);
	free(hold->p);
	*hold = (struct hold){ 0 };
}

/* ---- streams: varint (length << 1 | inline), then the octets or varint chunk, varint at ---- */

void
stream_put(struct list_out *out, enum pack_lane lane, struct span bytes)
{
	struct pack_ref ref;

	buf_varint(out->dir, (uint64_t)bytes.n << 1 | (bytes.n <= INLINE_BYTES));
	if (bytes.n <= INLINE_BYTES) {
		buf_span_put(out->dir, bytes);
		return;
	}
	ref = pack_put(out->pack, lane, bytes);
	buf_varint(out->dir, ref.chunk);
	buf_varint(out->dir, ref.at);
}

typedef enum err octets_fn(struct pack *pack, struct pack_ref ref, struct span *ret_bytes,
    struct why *why);

static enum err
stream_read(struct list_in *in, octets_fn *octets, struct span *ret_bytes, struct why *why)
{
	uint64_t head = cur_varint(in->c), n = head >> 1, chunk, at;

	if ((head & 1) != 0) {
		*ret_bytes = cur_span(in->c, n);
		return in->c->bad ? why_set(why, ERR_FORMAT, "directory ends early") : OK;
	}
	chunk = cur_varint(in->c);
	at = cur_varint(in->c);
	if (in->c->bad || n > UINT32_MAX || chunk > UINT32_MAX || at > UINT32_MAX)
		return why_set(why, ERR_FORMAT, "directory: broken stream reference");
	return octets(in->pack, (struct pack_ref){ (uint32_t)chunk, (uint32_t)at, (uint32_t)n },
	    ret_bytes, why);
}

enum err
stream_get(struct list_in *in, struct span *ret_bytes, struct why *why)
{
	return stream_read(in, pack_get, ret_bytes, why);
}

static void
stream_skip(struct list_in *in)
{
	uint64_t head = cur_varint(in->c);

	if ((head & 1) != 0) {
		(void)cur_span(in->c, head >> 1);
		return;
	}
	(void)cur_varint(in->c);
	(void)cur_varint(in->c);
}

/* ---- integers ---- */

struct ints_facts {
	uint64_t base;		/* the least value, or the least difference */
	uint64_t range;		/* of all distances from it */
	uint64_t unit;		/* divides them */
};

static uint64_t
gcd(uint64_t a, uint64_t b)
{
	while (b != 0) {
		uint64_t r = a % b;

		a = b;
		b = r;
	}
	return a;
}

static unsigned
bits_of(uint64_t v)
{
	return v == 0 ? 0 : 64 - (unsigned)__builtin_clzll(v);
}

/* v[i], or the difference to the value before it. */
static inline int64_t
ints_at(const int64_t *v, size_t i, bool delta)
{
	return delta ? (int64_t)((uint64_t)v[i] - (uint64_t)v[i - 1]) : v[i];
}

static inline struct ints_facts
ints_look(const int64_t *v, size_t n, bool delta)
{
	int64_t min = INT64_MAX, max = INT64_MIN;

	for (size_t i = delta; i < n; i++) {
		int64_t x = ints_at(v, i, delta);

		min = x < min ? x : min;
		max = x > max ? x : max;
	}
	return (struct ints_facts){ (uint64_t)min, (uint64_t)max - (uint64_t)min, 1 };
}

/* What divides all distances, when it could make them an octet shorter. */
static void
unit_find(struct ints_facts *f, const int64_t *v, size_t n, bool delta)
{
	uint64_t unit = 0;

	if (f->range < 256)
		return;
	for (size_t i = delta; i < n && unit != 1; i++) {
		uint64_t u = (uint64_t)ints_at(v, i, delta) - f->base;

		if (unit == 0 || u % unit != 0)
			unit = gcd(u, unit);
	}
	f->unit = unit > 0 ? unit : 1;
}

/* An estimate of the bits of all distances, from some of them. */
static uint64_t
bits_estimate(const struct ints_facts *f, const int64_t *v, size_t n, bool delta)
{
	size_t step = 1 + n / 1024, seen = 0;
	uint64_t bits = 0;

	if (f->range == 0)
		return 0;
	for (size_t i = delta; i < n; i += step, seen++)
		bits += bits_of((uint64_t)ints_at(v, i, delta) - f->base);
	return seen > 0 ? bits * n / seen : 0;
}

uint64_t
ints_bits(const int64_t *v, size_t n)
{
	struct ints_facts plain, delta;
	uint64_t bits, other;

	if (n < 2)
		return 0;
	plain = ints_look(v, n, false);
	delta = ints_look(v, n, true);
	bits = bits_estimate(&plain, v, n, false);
	other = bits_estimate(&delta, v, n, true);
	return other + other / 8 < bits ? other : bits;
}

static unsigned
width_of(uint64_t most)
{
	return most == 0 ? 1 : (bits_of(most) + 7) / 8;
}

static void
planes_head(struct list_out *out, const struct ints_facts *f, unsigned width)
{
	buf_zigzag(out->dir, (int64_t)f->base);
	buf_varint(out->dir, f->unit);
	buf_u8(out->dir, (uint8_t)width);
}

/* Plane k holds octet k of every (value - base) / unit. */
static void
planes_put(struct list_out *out, const int64_t *v, size_t n, bool delta,
    const struct ints_facts *f)
{
	unsigned width = width_of(f->range / f->unit);
	size_t count = n - delta;
	uint8_t *plane = xmalloc(count * width);

	for (size_t i = 0; i < count; i++) {
		uint64_t u = (uint64_t)ints_at(v, i + delta, delta) - f->base;

		if (f->unit > 1)
			u /= f->unit;
		for (unsigned k = 0; k < width; k++, u >>= 8)
			plane[k * count + i] = (uint8_t)u;
	}
	planes_head(out, f, width);
	stream_put(out, PACK_NUMBERS, span_of(plane, count * width));
	free(plane);
}

void
ints_put(struct list_out *out, const int64_t *v, size_t n, enum ints_mode mode)
{
	struct ints_facts plain, delta;

	if (n > 0)
		plain = ints_look(v, n, false);
	if (n == 0 || plain.range == 0) {
		buf_u8(out->dir, INTS_CONST);
		buf_zigzag(out->dir, n > 0 ? v[0] : 0);
		return;
	}
	if (mode == INTS_SERIES) {
		uint64_t bits;

		delta = ints_look(v, n, true);
		bits = bits_estimate(&delta, v, n, true);
		if (bits + bits / 8 < bits_estimate(&plain, v, n, false)) {
			unit_find(&delta, v, n, true);
			buf_u8(out->dir, INTS_DELTA);
			buf_zigzag(out->dir, v[0]);
			planes_put(out, v, n, true, &delta);
			return;
		}
		unit_find(&plain, v, n, false);
	}
	buf_u8(out->dir, INTS_FOR);
	planes_put(out, v, n, false, &plain);
}

/* As ints_put with INTS_CODES, straight from the array that a gather keeps. */
void
codes_put(struct list_out *out, const uint16_t *v, size_t n)
{
	struct ints_facts f = { 0, 0, 1 };
	uint8_t *plane;

	for (size_t i = 0; i < n; i++)
		f.range = v[i] > f.range ? v[i] : f.range;
	if (f.range == 0) {
		buf_u8(out->dir, INTS_CONST);
		buf_zigzag(out->dir, 0);
		return;
	}
	buf_u8(out->dir, INTS_FOR);
	planes_head(out, &f, width_of(f.range));
	plane = xmalloc(2 * n);
	for (size_t i = 0; i < n; i++)
		plane[i] = (uint8_t)v[i];
	for (size_t i = 0; i < n && f.range > 255; i++)
		plane[n + i] = (uint8_t)(v[i] >> 8);
	stream_put(out, PACK_NUMBERS, span_of(plane, n * width_of(f.range)));
	free(plane);
}

struct planes {
	uint64_t base, unit;
	unsigned width;
	struct span bytes;
};

static enum err
planes_get(struct list_in *in, struct planes *ret, size_t n, struct why *why)
{
	enum err rc;

	ret->base = (uint64_t)cur_zigzag(in->c);
	ret->unit = cur_varint(in->c);
	ret->width = cur_u8(in->c);
	rc = stream_read(in, pack_peek, &ret->bytes, why);
	if (rc != OK)
		return rc;
	if (ret->width < 1 || ret->width > 8 || ret->bytes.n != n * ret->width)
		return why_set(why, ERR_FORMAT, "directory: broken list of integers");
	return OK;
}

static inline uint64_t
planes_at(const struct planes *p, size_t n, size_t i)
{
	uint64_t u = 0;

	for (unsigned k = p->width; k-- > 0;)
		u = u << 8 | p->bytes.p[k * n + i];
	return p->base + p->unit * u;
}

enum err
ints_get(struct list_in *in, int64_t *ret, size_t n, struct why *why)
{
	uint8_t mode = cur_u8(in->c);
	struct planes p;
	int64_t first = 0;
	enum err rc;

	if (mode == INTS_CONST || mode == INTS_DELTA)
		first = cur_zigzag(in->c);
	if (mode == INTS_CONST) {
		for (size_t i = 0; i < n; i++)
			ret[i] = first;
		return in->c->bad ? why_set(why, ERR_FORMAT, "directory ends early") : OK;
	}
	if (mode > INTS_DELTA || n == 0)
		return why_set(why, ERR_FORMAT, "directory: unknown mode of integers");
	rc = planes_get(in, &p, mode == INTS_DELTA ? n - 1 : n, why);
	if (rc != OK)
		return rc;
	if (mode == INTS_FOR) {
		for (size_t i = 0; i < n; i++)
			ret[i] = (int64_t)planes_at(&p, n, i);
		n = 0;
	}
	if (n > 0)
		ret[0] = first;
	for (size_t i = 1; i < n; i++)
		ret[i] = (int64_t)((uint64_t)ret[i - 1] + planes_at(&p, n - 1, i - 1));
	return OK;
}

void
ints_skip(struct list_in *in)
{
	uint8_t mode = cur_u8(in->c);

	if (mode == INTS_CONST || mode == INTS_DELTA)
		(void)cur_zigzag(in->c);
	if (mode == INTS_CONST)
		return;
	(void)cur_zigzag(in->c);
	(void)cur_varint(in->c);
	(void)cur_u8(in->c);
	stream_skip(in);
}

/* Codes as codes_put writes them, in one or two planes; returns the largest. */
static uint32_t
short_codes(const struct planes *p, uint32_t *ret, size_t n)
{
	const uint8_t *low = p->bytes.p, *high = p->width == 1 ? NULL : low + n;
	uint32_t most = 0;
	size_t i = 0;

#ifdef __SSE4_1__
	const __m128i zero = _mm_setzero_si128();
	__m128i all = zero;

	for (; n - i >= 8; i += 8) {
		__m128i x = _mm_loadl_epi64((const __m128i *)(const void *)(low + i));
		__m128i y = high == NULL ? zero :
		    _mm_loadl_epi64((const __m128i *)(const void *)(high + i));

		x = _mm_unpacklo_epi8(x, y);
		all = _mm_max_epu16(all, x);
		_mm_storeu_si128((__m128i *)(void *)(ret + i), _mm_unpacklo_epi16(x, zero));
		_mm_storeu_si128((__m128i *)(void *)(ret + i + 4), _mm_unpackhi_epi16(x, zero));
	}
	/* The greatest of eight is what the least of their complements is not. */
	all = _mm_minpos_epu16(_mm_xor_si128(all, _mm_set1_epi8(-1)));
	most = (uint16_t)~(unsigned)_mm_cvtsi128_si32(all);
#endif
	for (; i < n; i++) {
		ret[i] = low[i] | (high == NULL ? 0U : (uint32_t)high[i] << 8);
		most = ret[i] > most ? ret[i] : most;
	}
	return most;
}

enum err
codes_get(struct list_in *in, uint32_t *ret, size_t n, uint32_t limit, struct why *why)
{
	struct cur at = *in->c;
	uint8_t mode = cur_u8(&at);
	struct planes p = { 0 };
	uint64_t most = 0;
	enum err rc = OK;

	if (mode == INTS_CONST) {
		*in->c = at;
		p.base = (uint64_t)cur_zigzag(in->c);
		for (size_t i = 0; i < n; i++)
			ret[i] = (uint32_t)p.base;
		most = p.base;
	} else if (mode == INTS_FOR) {
		*in->c = at;
		rc = planes_get(in, &p, n, why);
		if (rc != OK)
			return rc;
		if (p.base == 0 && p.unit == 1 && p.width <= 2) {
			most = short_codes(&p, ret, n);
			n = 0;
		}
		for (size_t i = 0; i < n; i++) {
			uint64_t u = planes_at(&p, n, i);

			most = u > most ? u : most;
			ret[i] = (uint32_t)u;
		}
		} else {
		most = UINT64_MAX;
	}
	if (in->c->bad || most >= limit)
		return why_set(why, ERR_FORMAT, "directory: broken list of codes");
	return OK;
}

enum err
short_codes_get(struct list_in *in, uint16_t *ret, size_t n, uint32_t limit, struct why *why)
{
	uint32_t *code = xreallocarray(NULL, n, sizeof *code);
	enum err rc;

	must(limit <= UINT16_MAX + 1);
	rc = codes_get(in, code, n, limit, why);
	for (size_t i = 0; i < n && rc == OK; i++)
		ret[i] = (uint16_t)code[i];
	free(code);
	return rc;
}

bool
codes_are_zero(struct span params)
{
	return params.n == 2 && params.p[0] == INTS_CONST && params.p[1] == 0;
}

/* ---- decimal numbers ---- */

bool
number_parse(struct span s, int64_t *ret)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	size_t i = minus;
	uint64_t v = 0;

	if (s.n - i - 1 >= 19 || (s.p[i] == '0' && s.n > 1))
		return false;
	for (; i < s.n; i++) {
		unsigned digit = s.p[i] - (unsigned)'0';

		if (digit > 9)
			return false;
		v = v * 10 + digit;
	}
	if (v > (uint64_t)INT64_MAX + minus)
		return false;
	*ret = (int64_t)(minus ? 0 - v : v);
	return true;
}

size_t
number_put(uint8_t *at, int64_t v)
{
	uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	uint8_t digit[20];
	size_t n = 0, i = 0;

	do {
		digit[n++] = (uint8_t)('0' + u % 10);
		u /= 10;
	} while (u != 0);
	if (v < 0)
		at[i++] = '-';
	while (n > 0)
		at[i++] = digit[--n];
	return i;
}
