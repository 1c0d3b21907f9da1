/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The shapes that a parser has given ids to. Found by a seeded hash of pieces and kinds and then
 * compared octet by octet: a collision costs time, never exactness. Bounded; a part is kept free
 * for shapes that are not of the sender's choosing. Inside of the room only.
 */
#ifndef PARSE_KNOWN_H
#define PARSE_KNOWN_H

#include "parse/cut.h"

#define KNOWN_NONE UINT32_MAX

struct known;

struct known_shape {
	struct shape *shape;		/* owned by the table */
	uint64_t hash;
	uint32_t layout;
	uint16_t role_hole[ROLE_END];
};

struct known	*known_new(uint64_t seed);
void		known_free(struct known **known);
uint32_t	known_count(const struct known *known);
/* Stays until the next known_add; the shape itself stays as long as the table. */
const struct known_shape *known_at(const struct known *known, uint32_t id);
/* The id of the shape that cut (ended) has, or KNOWN_NONE. Names and roles are not compared:
 * format, layout, pieces and kinds say what they are. */
uint32_t	known_find(struct known *known, const struct cut *cut);
/* Gives it the next id. KNOWN_NONE: no room, or it is no valid shape. */
uint32_t	known_add(struct known *known, const struct cut *cut);
/*
 * The id of a shape that somebody else made, by its encoding; known_find never finds it. KNOWN_NONE
 * as above.
 */
uint32_t	known_adopt(struct known *known, struct span code);

#endif
