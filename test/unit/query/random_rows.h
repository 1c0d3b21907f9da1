/* SPDX-License-Identifier: Apache-2.0 */
/* Rows and queries by dice, for tests that compare two ways to the same answer. */
#ifndef TEST_RANDOM_ROWS_H
#define TEST_RANDOM_ROWS_H

#include "base/buf.h"

void		dice_set(uint64_t seed);
uint64_t	dice(uint64_t below);
/* Fills the fake store with nsegment segments of up to `most` rows, every second with templates. */
void		random_store(uint32_t nsegment, uint32_t most);
/* Appends a filter of at most `depth` levels. */
void		random_filter(struct buf *out, int depth);
/* A field's name that some rows have. */
const char	*random_field(void);

#endif
