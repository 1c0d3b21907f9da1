/* SPDX-License-Identifier: Apache-2.0 */
/* Between cutter.c (where texts are cut) and cutter_learn.c (what it goes by). */
#ifndef STORE_CUTTER_INT_H
#define STORE_CUTTER_INT_H

#include "store/cutter.h"

/* Classes of octets. */
enum {
	WORD = 1,		/* letters, digits, '_', all above ASCII */
	DIGIT = 2,
	HEX = 4,
	ENDS_VALUE = 8,		/* of key=value */
	ENDS_PATH = 16,
	LABEL = 32,		/* may stand in the label of a line */
	ACTS = 64		/* begins something: = " ' / \ NUL */
};

#endif
