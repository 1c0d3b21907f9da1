/* SPDX-License-Identifier: Apache-2.0 */
/* Between cutter.c (words are cut), cutter_lines.c (texts are) and cutter_learn.c (tables). */
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
	ACTS = 64,		/* begins something: = " ' / \ NUL */
	JOINS = 128		/* next to a word with digits: it may be part of more. - : . \ */
};

struct cutting {
	const struct cutter *cutter;
	struct cut *cut;
	const uint8_t *p;
	size_t n;		/* end of the part that is being cut */
	const uint8_t *class;
	const uint64_t *word, *digit, *act;
	bool full;
};

static inline void
slot_add(struct cutting *c, size_t from, size_t to)
{
	struct cut *cut = c->cut;

	if (cut->nslot == CUT_SLOTS) {
		c->full = true;
		return;
	}
	cut->slot[cut->nslot++] = (struct cut_slot){ (uint32_t)from, (uint32_t)(to - from), false };
}

/* Words and what stands between them, from `at` up to `end`. */
void	cut_run(struct cutting *cutting, size_t at, size_t end);

#endif
