/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words, phrases and prefixes in a text, as LogsQL documents them: a phrase that begins (ends)
 * with a word character does not match behind (before) another word character.
 */
#ifndef QUERY_PHRASE_H
#define QUERY_PHRASE_H

#include "base/arena.h"
#include "base/span.h"

enum phrase_edges {
	PHRASE_OPEN = 0,	/* a substring */
	PHRASE_LEFT = 1,	/* begins at a word's beginning: a prefix */
	PHRASE_BOTH = 3,	/* word or phrase */
};

/* Where needle occurs first in text at or after `from`; SIZE_MAX: nowhere. */
size_t	text_find(struct span text, struct span needle, size_t from);
/* The same with edges that must be a word's. An empty needle is found at `from`. */
size_t	phrase_find(struct span text, struct span needle, enum phrase_edges edges, size_t from);

/* How two texts are made alike before they are compared. */
enum alike { ALIKE_SAME, ALIKE_CASE, ALIKE_FOLDED };

/* The text as `alike` compares it: itself, or a copy in *room (grown as needed, {0} at first). */
struct room {
	uint8_t *p;
	size_t cap;
};
struct span	text_alike(struct room *room, struct span text, enum alike alike);
void		room_done(struct room *room);

#endif
