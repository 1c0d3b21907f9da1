/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Lines of the small text formats (checkpoints, witness bodies,
 * proofs): a line ends in one newline, numbers are decimal without leading zeros.
 */
#ifndef MODEL_LINE_H
#define MODEL_LINE_H

#include "base/span.h"

/* The next line without its newline; false when no newline is left. */
static inline bool
line_next(struct span *rest, struct span *ret_line)
{
	const uint8_t *at = rest->n > 0 ? memchr(rest->p, '\n', rest->n) : NULL;

	if (at == NULL)
		return false;
	*ret_line = span_of(rest->p, (size_t)(at - rest->p));
	*rest = span_sub(*rest, ret_line->n + 1, SIZE_MAX);
	return true;
}

/* 0 to 2^63 - 1. */
static inline bool
line_decimal(struct span text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.n < 1 || text.n > 19 || (text.p[0] == '0' && text.n > 1))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(text.p[i] - '0');
	}
	if (v > INT64_MAX)
		return false;
	*ret = v;
	return true;
}

#endif
