/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic, inside of the body. See lines.h. */
#include "parse/lines.h"

bool
lines_next(struct lines *lines, struct span *ret_line)
{
	while (lines->at < lines->body.n) {
		const uint8_t *from = lines->body.p + lines->at;
		size_t left = lines->body.n - lines->at;
		const uint8_t *lf = memchr(from, '\n', left);
		size_t n = lf != NULL ? (size_t)(lf - from) : left;

		if (lf == NULL && lines->tail == LINES_MORE_COMES)
			return false;
		lines->at += n + (lf != NULL);
		if (n == 0 || (n == 1 && from[0] == '\r'))
			continue;
		*ret_line = span_of(from, n);
		return true;
	}
	return false;
}
