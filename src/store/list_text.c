/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of texts. Values that lie as numbers or digits, written as
 * octets: all of a list, or only those that are asked for, which are often one of 65,536.
 */
#include "store/list_int.h"

#include "base/must.h"

enum { NUMBER_BYTES = 24 };

size_t
recipe_bytes(const struct recipe *r)
{
	switch (r->encoding) {
	case ENCODING_INT:
		return r->number.prefix.n + r->number.suffix.n + NUMBER_BYTES;
	case ENCODING_STAMP:
		return STAMP_BYTES;
	case ENCODING_IPV4:
		return 16;
	default:
		return r->nibble->first.n;
	}
}

const int64_t *
recipe_ipv4(const struct recipe *r)
{
	return r != NULL && r->encoding == ENCODING_IPV4 ? r->num : NULL;
}

static size_t
nibble_write(const struct recipe *r, size_t i, uint8_t *at)
{
	const struct nibble_form *x = r->nibble;
	const char *digit = (x->flags & NIBBLE_UPPER) != 0 ? "0123456789ABCDEF" :
	    "0123456789abcdef";

	must(i < r->n);
	memcpy(at, x->first.p, x->first.n);
	for (size_t k = 0; k < x->n; k++) {
		uint8_t both = r->plane[k / 2 * r->n + i];

		at[x->at[k]] = (uint8_t)digit[k % 2 == 0 ? both >> 4 : both & 15];
	}
	return x->first.n;
}

size_t
recipe_write(const struct recipe *r, size_t i, uint8_t *at)
{
	switch (r->encoding) {
	case ENCODING_INT:
		return int_write(at, &r->number, r->num[i]);
	case ENCODING_STAMP:
		return stamp_write(&r->stamp, r->num[i], at);
	case ENCODING_IPV4:
		return ipv4_write(at, (uint32_t)r->num[i]);
	default:
		return nibble_write(r, i, at);
	}
}

const struct span *
recipe_values(const struct recipe *r, size_t n, struct hold *hold)
{
	struct span *value = hold_alloc(hold, n, sizeof *value);
	uint8_t *text = hold_alloc(hold, n, recipe_bytes(r));

	for (size_t i = 0; i < n; i++) {
		value[i] = span_of(text, recipe_write(r, i, text));
		text += value[i].n;
	}
	return value;
}
