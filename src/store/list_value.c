/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic into arrays whose sizes were checked. Lists of values: the choice of
 * an encoding, and NIBBLE, STRING and CONST; doc/formats/segment.md section 4.
 */
#include "store/list_int.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "store/filter.h"

static void
scratch_room(struct list_scratch *s, size_t n)
{
	if (n <= s->cap)
		return;
	s->cap = n + n / 4;
	s->num = xreallocarray(s->num, s->cap, sizeof *s->num);
	s->length = xreallocarray(s->length, s->cap, sizeof *s->length);
}

void
list_scratch_done(struct list_scratch *s)
{
	free(s->num);
	free(s->length);
	buf_done(&s->octets);
	*s = (struct list_scratch){ 0 };
}

/* ---- NIBBLE: values of one length that differ in hexadecimal digits of one case only ---- */

static bool
nibble_find(struct nibble_form *x, const struct span *v, size_t n)
{
	uint8_t differs[NIBBLE_MAX] = { 0 };
	bool lower = false, upper = false;

	*x = (struct nibble_form){ .first = v[0] };
	if (n < 2 || v[0].n < 8 || v[0].n > NIBBLE_MAX)
		return false;
	for (size_t i = 1; i < n; i++) {
		if (v[i].n != v[0].n)
			return false;
		for (size_t k = 0; k < v[0].n; k++)
			differs[k] |= v[i].p[k] ^ v[0].p[k];
	}
	for (size_t k = 0; k < v[0].n; k++) {
		if (differs[k] != 0)
			x->at[x->n++] = (uint16_t)k;
	}
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < x->n; k++) {
			uint8_t c = v[i].p[x->at[k]];

			if (!is_hex(c))
				return false;
			lower |= c >= 'a';
			upper |= c >= 'A' && c < 'a';
		}
	}
	x->flags = upper ? NIBBLE_UPPER : 0;
	return x->n > 0 && !(lower && upper);
}

static uint8_t
nibble_of(uint8_t c)
{
	return (uint8_t)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Plane k holds the k-th pair of digits of every value. */
static void
nibble_put(struct list_out *out, struct list_scratch *s, const struct nibble_form *x,
    const struct span *v, size_t n)
{
	size_t pairs = (x->n + 1) / 2;
	uint8_t *plane;

	s->octets.n = 0;
	plane = buf_add(&s->octets, pairs * n);
	for (size_t k = 0; k < pairs; k++) {
		size_t high = x->at[2 * k], low = 2 * k + 1 < x->n ? x->at[2 * k + 1] : high;

		for (size_t i = 0; i < n; i++)
			*plane++ = (uint8_t)(nibble_of(v[i].p[high]) << 4 |
			    nibble_of(v[i].p[low]));
	}
	buf_u8(out->dir, x->flags);
	buf_bytes(out->dir, x->first);
	buf_varint(out->dir, x->n);
	for (size_t k = 0; k < x->n; k++)
		buf_varint(out->dir, k > 0 ? x->at[k] - x->at[k - 1] : x->at[k]);
	stream_put(out, PACK_NUMBERS, buf_span(&s->octets));
}

static enum err
nibble_read(struct list_in *in, struct nibble_form *x, struct why *why)
{
	uint64_t n, at = 0;

	*x = (struct nibble_form){ .flags = cur_u8(in->c) };
	x->first = cur_bytes(in->c);
	n = cur_varint(in->c);
	if (in->c->bad || x->first.n > NIBBLE_MAX || n == 0 || n > x->first.n ||
	    (x->flags & ~NIBBLE_UPPER) != 0)
		return why_set(why, ERR_FORMAT, "directory: broken parameters of NIBBLE");
	for (x->n = 0; x->n < n; x->n++) {
		uint64_t step = cur_varint(in->c);

		if (step >= x->first.n - at || (step == 0 && x->n > 0))
			return why_set(why, ERR_FORMAT, "directory: broken digits of NIBBLE");
		at += step;
		x->at[x->n] = (uint16_t)at;
	}
	return OK;
}

static enum err
nibble_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	struct recipe *r = hold_alloc(in->hold, 1, sizeof *r);
	struct nibble_form *x = hold_alloc(in->hold, 1, sizeof *x);
	struct span plane;
	enum err rc;

	rc = nibble_read(in, x, why);
	if (rc == OK)
		rc = stream_get(in, &plane, why);
	if (rc != OK)
		return rc;
	if (plane.n != (x->n + 1) / 2 * n)
		return why_set(why, ERR_FORMAT, "directory: broken list of digits");
	r->encoding = ENCODING_NIBBLE;
	r->nibble = x;
	r->plane = plane.p;
	r->n = n;
	ret->recipe = r;
	return OK;
}

/* ---- STRING and CONST ---- */

static void
string_put(struct list_out *out, struct list_scratch *s, const struct span *v, size_t n)
{
	bool together = true;
	size_t total = v[0].n;

	s->length[0] = (int64_t)v[0].n;
	for (size_t i = 1; i < n; i++) {
		together &= v[i].p == v[i - 1].p + v[i - 1].n;
		total += v[i].n;
		s->length[i] = (int64_t)v[i].n;
	}
	if (!together) {
		s->octets.n = 0;
		buf_reserve(&s->octets, total);
		for (size_t i = 0; i < n; i++)
			buf_span_put(&s->octets, v[i]);
	}
	ints_put(out, s->length, n, INTS_CODES);
	stream_put(out, PACK_WORDS, together ? span_of(v[0].p, total) : buf_span(&s->octets));
}

static enum err
string_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	uint32_t *length = hold_alloc(in->hold, n, sizeof *length);
	struct span *value, octets;
	size_t at = 0;
	enum err rc;

	rc = codes_get(in, length, n, LIMIT_RECORD_BYTES + 1, why);
	if (rc == OK)
		rc = stream_get(in, &octets, why);
	if (rc != OK)
		return rc;
	value = hold_alloc(in->hold, n, sizeof *value);
	for (size_t i = 0; i < n; i++) {
		if (length[i] > octets.n - at)
			return why_set(why, ERR_FORMAT, "directory: broken list of strings");
		value[i] = span_sub(octets, at, length[i]);
		at += length[i];
	}
	if (at != octets.n)
		return why_set(why, ERR_FORMAT, "directory: broken list of strings");
	ret->value = value;
	return OK;
}

bool
list_octets(struct pack *pack, struct span params, struct span *ret)
{
	struct cur c = cur_of(params);
	struct list_in in = { &c, pack, NULL };
	uint8_t encoding = cur_u8(&c);

	if (encoding == ENCODING_DICT) {
		(void)cur_varint(&c);
		encoding = cur_u8(&c);
	}
	if (encoding != ENCODING_STRING && encoding != ENCODING_CONST)
		return false;
	if (encoding == ENCODING_STRING)
		ints_skip(&in);
	return !c.bad && stream_get(&in, ret, NULL) == OK;
}

static bool
is_const(const struct span *v, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (!span_eq(v[i], v[0]))
			return false;
	}
	return true;
}

static enum err
const_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	struct span *value, octets;
	int64_t *num, v;
	enum err rc = stream_get(in, &octets, why);

	if (rc != OK)
		return rc;
	if (octets.n > LIMIT_RECORD_BYTES)
		return why_set(why, ERR_FORMAT, "directory: broken value of CONST");
	value = hold_alloc(in->hold, n, sizeof *value);
	for (size_t i = 0; i < n; i++)
		value[i] = octets;
	ret->value = value;
	ret->has_int = number_parse(octets, &v);
	if (!ret->has_int)
		return OK;
	num = hold_alloc(in->hold, n, sizeof *num);
	for (size_t i = 0; i < n; i++)
		num[i] = v;
	ret->num = num;
	return OK;
}

/* ---- all of them ---- */

void
list_choose(struct list_choice *ret, struct list_scratch *s, const struct span *v, size_t n)
{
	must(n > 0);
	scratch_room(s, n);
	ret->num = NULL;
	if (is_const(v, n)) {
		ret->encoding = ENCODING_CONST;
		return;
	}
	ret->num = s->num;
	if (ipv4_find(v, n, s->num)) {
		ret->encoding = ENCODING_IPV4;
	} else if (stamps_find(&ret->stamp, v, n, s->num)) {
		ret->encoding = ENCODING_STAMP;
	} else if (int_find(&ret->number, v, n, s->num)) {
		ret->encoding = ENCODING_INT;
	} else {
		ret->num = NULL;
		ret->encoding = nibble_find(&ret->nibble, v, n) ? ENCODING_NIBBLE : ENCODING_STRING;
	}
}

static void
int_facts(const int64_t *num, size_t n, struct list_facts *facts)
{
	facts->has_int = true;
	facts->int_min = facts->int_max = num[0];
	for (size_t i = 1; i < n; i++) {
		facts->int_min = num[i] < facts->int_min ? num[i] : facts->int_min;
		facts->int_max = num[i] > facts->int_max ? num[i] : facts->int_max;
	}
}

/* The words of all values; of numbers and timestamps only what stands for them. */
static void
words_file(struct filter_maker *filter, const struct list_choice *choice, const struct span *v,
    size_t n)
{
	switch (choice->encoding) {
	case ENCODING_CONST:
		filter_text(filter, v[0]);
		return;
	case ENCODING_STAMP:
		filter_stamps(filter, &choice->stamp, v[0], choice->num, n);
		return;
	case ENCODING_INT:
		if (choice->number.flags == 0) {
			filter_numbers(filter, choice->num, n);
			return;
		}
		break;
	default:
		break;
	}
	for (size_t i = 0; i < n; i++)
		filter_text(filter, v[i]);
}

void
list_put_as(struct list_out *out, struct list_scratch *s, const struct list_choice *choice,
    const struct span *v, size_t n, struct list_facts *facts)
{
	*facts = (struct list_facts){ .encoding = choice->encoding };
	buf_u8(out->dir, choice->encoding);
	if (out->filter != NULL)
		words_file(out->filter, choice, v, n);
	switch (choice->encoding) {
	case ENCODING_CONST:
		stream_put(out, PACK_WORDS, v[0]);
		facts->has_int = number_parse(v[0], &facts->int_min);
		facts->int_max = facts->int_min;
		return;
	case ENCODING_INT:
		int_form_put(out->dir, &choice->number);
		if (choice->number.flags == 0)
			int_facts(choice->num, n, facts);
		break;
	case ENCODING_STAMP:
		stamp_form_put(out->dir, &choice->stamp);
		facts->has_stamp = true;
		break;
	case ENCODING_NIBBLE:
		nibble_put(out, s, &choice->nibble, v, n);
		return;
	case ENCODING_STRING:
		string_put(out, s, v, n);
		return;
	default:
		break;
	}
	ints_put(out, choice->num, n, INTS_SERIES);
}

void
list_put(struct list_out *out, struct list_scratch *s, const struct span *v, size_t n,
    struct list_facts *facts)
{
	struct list_choice choice;

	list_choose(&choice, s, v, n);
	list_put_as(out, s, &choice, v, n, facts);
}

enum err
list_get(struct list_in *in, size_t n, struct list *ret, struct why *why)
{
	must(n > 0 && n <= LIMIT_COLUMN_VALUES);
	*ret = (struct list){ .encoding = cur_u8(in->c) };
	switch (ret->encoding) {
	case ENCODING_CONST:
		return const_get(in, n, ret, why);
	case ENCODING_INT:
		return int_get(in, n, ret, why);
	case ENCODING_STAMP:
		return stamps_get(in, n, ret, why);
	case ENCODING_IPV4:
		return ipv4_get(in, n, ret, why);
	case ENCODING_NIBBLE:
		return nibble_get(in, n, ret, why);
	case ENCODING_STRING:
		return string_get(in, n, ret, why);
	default:
		return why_set(why, ERR_FORMAT, "directory: unknown encoding %u", ret->encoding);
	}
}
