/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which field of a JSON object is its message, time, host and application: decoder.md, section 4.
 * Number 0 is the parser's own lists; each other number is one choice that a client made, tried
 * before them. A number is the layout of the cuts that it gave roles to, so that a shape is never
 * another choice's. Numbers are never given back: there are NAMINGS of them. Inside of the room
 * only.
 */
#ifndef PARSE_NAMING_H
#define PARSE_NAMING_H

#include "parse/cut.h"
#include "parse/parse.h"

enum { NAMINGS = 256 };

struct naming;

/* usual: number 0; borrowed. */
struct naming	*naming_new(const struct parse_names *usual);
void		naming_free(struct naming **naming);
/* The number of the choice, copied when it is new; 0 when it says nothing, or none is left. */
uint32_t	naming_find(struct naming *naming, const struct parse_choice *choice);
/* Gives the holes of an ended JSON cut their roles, and the cut its layout. */
void		naming_give(const struct naming *naming, uint32_t number, struct cut *cut);

#endif
