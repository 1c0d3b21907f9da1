/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with a fraction as text that means exactly them. Owns nothing. */
#ifndef BASE_REAL_H
#define BASE_REAL_H

#include <stddef.h>

enum { REAL_TEXT_BYTES = 32 };

/* The fewest of 15 to 17 digits that are read back as value (finite); returns the length. */
size_t	real_put(char text[REAL_TEXT_BYTES], double value);

#endif
