/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record while it is taken apart: its values in order, and what is known of each. The pieces
 * are what lies between the values, so a cut cannot lose an octet; cut_end() derives them.
 * Inside of the room only.
 */
#ifndef PARSE_CUT_H
#define PARSE_CUT_H

#include "base/civil.h"
#include "base/limits.h"
#include "base/must.h"
#include "model/batch.h"

enum { CUT_DECODER = 1, CUT_NO_HOLE = 0xffff, CUT_NAMES_BYTES = LIMIT_FIELDS * LIMIT_NAME_BYTES };

enum cut_time {
	CUT_TIME_NONE,
	CUT_TIME_READ,		/* time_ns holds it */
	CUT_TIME_UNREADABLE,
	CUT_TIME_VALUE,		/* it is the value of the hole with role time, not yet read */
};

struct cut {
	struct span record;
	uint8_t format;			/* enum record_format */
	uint8_t time;			/* enum cut_time */
	bool foreign;			/* its names are the sender's choice, without end */
	uint32_t layout;		/* together with pieces and kinds says names and roles */
	uint32_t n;
	int64_t time_ns;
	struct span host;		/* claims; empty: the value of the role's hole counts */
	struct span app;
	struct span head;		/* by cut_end() */
	uint16_t role_hole[ROLE_END];	/* CUT_NO_HOLE: none */
	struct span value[LIMIT_FIELDS];
	struct hole hole[LIMIT_FIELDS];	/* piece by cut_end() */
	size_t names_n;
	uint8_t names[CUT_NAMES_BYTES];	/* of names that had to be put together */
};

/* An empty cut of the record. */
void	cut_begin(struct cut *cut, struct span record, unsigned format);
/* The whole record as one text. */
void	cut_whole(struct cut *cut, struct span record, unsigned format);
/* Derives the pieces from the values. */
void	cut_end(struct cut *cut);

/*
 * The next hole: value lies in the record, behind the one before. name must stay as long as the
 * cut. False: no hole is left.
 */
static inline bool
cut_hole(struct cut *cut, struct span value, unsigned kind, unsigned role, struct span name)
{
	struct hole *hole = &cut->hole[cut->n];

	if (cut->n == LIMIT_FIELDS)
		return false;
	hole->kind = (uint8_t)kind;
	hole->role = (uint8_t)role;
	hole->name = name;
	cut->value[cut->n] = value;
	if (role != ROLE_NONE)
		cut->role_hole[role] = (uint16_t)cut->n;
	cut->n++;
	return true;
}

/* Room for a name of n <= LIMIT_NAME_BYTES octets, for a hole that is added next. */
static inline uint8_t *
cut_name(struct cut *cut, size_t n)
{
	uint8_t *at = cut->names + cut->names_n;

	must(n <= CUT_NAMES_BYTES - cut->names_n);
	cut->names_n += n;
	return at;
}

#endif
