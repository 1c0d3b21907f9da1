/* SPDX-License-Identifier: Apache-2.0 */
/* See plain.h. */
#include "base/plain.h"

bool
plain_is(struct span name, const char *first, const char *more)
{
	for (size_t i = 0; i < name.n; i++) {
		uint8_t c = name.p[i], low = c | 0x20;
		const char *marks = i == 0 ? first : more;

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') &&
		    memchr(marks, c, strlen(marks)) == NULL)
			return false;
	}
	return name.n > 0;
}
