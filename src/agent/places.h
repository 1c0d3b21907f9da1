/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in files as text, one line each; what a crash leaves is read back line by line. Inside of
 * agent.
 *
 *	DEV INO HEAD_N HEAD_HASH AT CHECK PATH\n
 *
 * AT and HEAD_N are decimal, the other numbers hexadecimal. In PATH, octets up to 0x20, 0x7f and %
 * are written as %XX: who may name a file must not be able to write a line here.
 */
#ifndef AGENT_PLACES_H
#define AGENT_PLACES_H

#include "agent/follow.h"

void		place_put(struct buf *out, const struct follow *follow);
/* One line without its LF; NULL when it is damaged. Free with follow_free. */
struct follow	*place_take(struct span line);

#endif
