/* SPDX-License-Identifier: Apache-2.0 */
/* See real.h. Any double is told apart by 17 digits, most by 15. */
#include "base/real.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

enum { DIGITS_FEW = 15, DIGITS_ENOUGH = 17 };

size_t
real_put(char text[REAL_TEXT_BYTES], double value)
{
	int n = 0;

	for (int digits = DIGITS_FEW; digits <= DIGITS_ENOUGH; digits++) {
		n = snprintf(text, REAL_TEXT_BYTES, "%.*g", digits, value);
		must(n > 0 && n < REAL_TEXT_BYTES);
		/* Nothing between the two: they are the same number. */
		if (digits == DIGITS_ENOUGH || !(strtod(text, NULL) < value ||
		    strtod(text, NULL) > value))
			break;
	}
	return (size_t)n;
}
