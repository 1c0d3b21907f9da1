/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An act: what a person, or the desk itself, did; one row of the stream `ledger`, a flat JSON
 * object of strings, so that the same search finds it. doc/formats/act.md.
 *
 * Which acts there are, and what their fields mean, is the business of who folds them.
 */
#ifndef MODEL_ACT_H
#define MODEL_ACT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "model/batch.h"

enum {
	ACT_FIXED = 5,			/* _time, act, who, from, what */
	ACT_FIELDS_MAX = 32,		/* beside those; a form on a page has no more */
	ACT_HOLES = ACT_FIXED + ACT_FIELDS_MAX,
	ACT_NAME_BYTES = 64,
	ACT_SHORT_MAX = 4096,		/* act, who, from; escaped */
	ACT_VALUE_MAX = 512 << 10,	/* escaped; the longest query has 256 KB */
	ACT_BYTES_MAX = 960 << 10,	/* a whole one: a batch has room for it */
};

struct act_field {
	struct span name;		/* [a-z][a-z0-9_.]{0,63}, none of the fixed */
	struct span value;
};

struct act {
	int64_t time_ns;
	struct span act;		/* "search", "alert-take" */
	struct span who;		/* "uid 0", a user's name */
	struct span from;		/* peer address or "unix" */
	struct span what;		/* the query, the reason: what is said in words */
	unsigned nfield;
	struct act_field field[ACT_FIELDS_MAX];
};

/* A name that a field may have. */
bool		act_name_ok(struct span name);
/* The value of a field, or an empty span. */
struct span	act_value(const struct act *act, const char *name);
/* Names of the fields alone decide on the shape. They are act_name_ok and no name is twice. */
void		act_shape(struct buf *out, const struct act *act);
/*
 * The values of its holes, ACT_FIXED + nfield of them, in text, which is emptied. What is too long
 * is cut; flags: what the row must be marked with.
 */
void		act_values(const struct act *act, struct buf *text, struct span value[ACT_HOLES],
		    uint8_t *ret_flags);
/* The record as it is stored: shape and values. */
void		act_encode(struct buf *out, const struct act *act);
/*
 * Reads a record. Spans are the arena's. ERR_FORMAT: no flat object of strings that begins with the
 * fixed ones, or a name twice; ERR_LIMIT: too many fields.
 */
enum err	act_decode(struct act *ret_act, struct span record, struct arena *arena,
		    struct why *why);

#endif
