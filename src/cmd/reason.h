/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reasons in the reader's language. Rooms and roles say why in English, one sentence for people and
 * logs alike; so does a desk of another version. A command that shows such a sentence to a
 * Vietnamese reader translates it here, by a table (reason_words.c). Inside of cmd.
 */
#ifndef CMD_REASON_H
#define CMD_REASON_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

/*
 * Appends text, in Vietnamese unless the reader wants English: what stands before a ": " and the
 * rest piece by piece, values as they are. False: there is a piece that the table does not know,
 * left as it is.
 */
bool	reason_put(struct buf *out, const char *text);
/* The same; what is not known is cited behind what kind of trouble it is. */
void	reason_cite(struct buf *out, enum err rc, const char *text);
/* reason_put in place. Returns why->text. */
const char	*reason_of(struct why *why);

#endif
