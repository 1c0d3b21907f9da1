/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Members of a JSON object and elements of an array, one at a time, in one pass and without
 * building anything: what a body is taken apart with that holds many records. An object or array
 * is handed out unread; the next step passes over it, unless it was entered (pull_into, and
 * pull_back behind its end) or asked for as a whole (pull_span). Inside of the room only.
 */
#ifndef PARSE_PULL_H
#define PARSE_PULL_H

#include "base/err.h"
#include "base/span.h"

enum pull_kind {
	PULL_STRING,		/* what lies between the quotes, escapes kept */
	PULL_LITERAL,		/* number, true, false, null */
	PULL_OBJECT,
	PULL_ARRAY,
};

/* Inside of an object or array. */
struct pull {
	const uint8_t *p, *end;
	bool begun;
	bool array;
	bool unread;		/* at p is an object or array that was handed out */
};

struct pulled {
	struct span key;	/* of a member: as a string's value */
	struct span value;	/* of an object or array: from its bracket on */
	uint8_t kind;		/* enum pull_kind */
};

/* The one value that text is; white space or a BOM before it. An array of one, so to say. */
struct pull	pull_of(struct span text);
/* ERR_ABSENT: there are no more, pull->p is behind the bracket. ERR_FORMAT: broken. */
enum err	pull_next(struct pull *pull, struct pulled *ret);
/* Into the object or array that pull_next gave last. */
struct pull	pull_into(const struct pull *pull, const struct pulled *value);
/* The inner one said ERR_ABSENT. */
void		pull_back(struct pull *outer, const struct pull *inner);
/* Reads the object or array that was given last to its end: value->value is all of it. */
enum err	pull_span(struct pull *pull, struct pulled *value);
/* True when it is of the kind and its key is that. */
bool		pull_is(const struct pulled *member, const char *key, unsigned kind);

#endif
