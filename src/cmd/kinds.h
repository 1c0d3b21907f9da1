/* SPDX-License-Identifier: Apache-2.0 */
/* The list of kinds of sources, in the form of content/sources.txt. Inside of cmd. */
#ifndef CMD_KINDS_H
#define CMD_KINDS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

/* What stands behind the mark; an empty span: the line has another one. */
struct span	kinds_behind(struct span line, const char *mark);
/* The block of a kind: from behind its "== KIND" to the next one. */
bool		kinds_find(struct span list, struct span kind, struct span *ret_block);
/* In the reader's language. */
struct span	kinds_title(struct span block);
/* Prints them all. */
void		kinds_print(struct span list);
/* ERR_FORMAT: there is no such kind; the nearest one, when it is near, and all of them. */
enum err	kinds_wrong(struct span list, struct span kind, struct why *why);

#endif
