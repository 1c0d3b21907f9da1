/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in columns of a terminal: letters of East Asia take two, marks that stand over the letter
 * before them (Vietnamese as some systems write it, decomposed) none.
 */
#ifndef BASE_COLUMNS_H
#define BASE_COLUMNS_H

#include "base/buf.h"

/* Of a text without control characters: render_safe() makes one. */
int	columns_of(struct span text);
/* Cut, with an ellipsis, or filled with blanks to so many; numbers stand to the right. */
void	columns_left(struct buf *out, struct span text, int wide);
void	columns_right(struct buf *out, struct span text, int wide);
/* Takes from the widest of those above their least until all together are at most `most`. */
void	columns_fit(int wide[], const int least[], unsigned n, int most);

#endif
