/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. memcpy for spans that are mostly short and of unknown length: the
 * values of a row. Up to 32 octets are moved by two overlapping loads, without a call. Neither
 * side is touched outside of the span's length.
 */
#ifndef BASE_COPY_H
#define BASE_COPY_H

#include "base/span.h"

/* Copies s to `at` (room for s.n octets, not overlapping) and returns the octet after it. */
static inline uint8_t *
copy_span(uint8_t *at, struct span s)
{
	uint64_t a, b, c, d;

	if (s.n > 32) {
		memcpy(at, s.p, s.n);
	} else if (s.n > 16) {
		memcpy(&a, s.p, 8);
		memcpy(&b, s.p + 8, 8);
		memcpy(&c, s.p + s.n - 16, 8);
		memcpy(&d, s.p + s.n - 8, 8);
		memcpy(at, &a, 8);
		memcpy(at + 8, &b, 8);
		memcpy(at + s.n - 16, &c, 8);
		memcpy(at + s.n - 8, &d, 8);
	} else if (s.n >= 8) {
		memcpy(&a, s.p, 8);
		memcpy(&b, s.p + s.n - 8, 8);
		memcpy(at, &a, 8);
		memcpy(at + s.n - 8, &b, 8);
	} else if (s.n >= 4) {
		uint32_t e, f;

		memcpy(&e, s.p, 4);
		memcpy(&f, s.p + s.n - 4, 4);
		memcpy(at, &e, 4);
		memcpy(at + s.n - 4, &f, 4);
	} else if (s.n > 0) {
		at[s.n / 2] = s.p[s.n / 2];
		at[s.n - 1] = s.p[s.n - 1];
		at[0] = s.p[0];
	}
	return at + s.n;
}

#endif
