/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The short way through JSON: records of a shape that was seen before are not read again, but
 * compared with it, piece by piece. All known shapes of one format form a tree:
 *
 *	root ── `{"ts":"` string ── `","id":` literal ┬─ `}` end: shape 0
 *	                                              └─ `,"user":"` string ── `"}` end: shape 1
 *
 * A reader of JSON that has seen the same pieces and kinds is in the same state, so what the
 * tree accepts is exactly what object_cut() would give. What it does not accept goes there.
 * Bounded in steps and in siblings. Inside of the room only.
 */
#ifndef PARSE_TRACK_H
#define PARSE_TRACK_H

#include "parse/cut.h"

#define TRACK_NONE UINT32_MAX

struct track;

struct track	*track_new(void);
void		track_free(struct track **track);
/*
 * Follows the record; fills cut->value and cut->n and returns the shape's id, or TRACK_NONE.
 * Neither holes nor pieces of the cut are filled: the shape has them.
 */
uint32_t	track_follow(struct track *track, struct span record, struct cut *cut);
/* Adds the way of a cut whose shape has this id. shape must stay as long as the track. */
void		track_add(struct track *track, const struct cut *cut, const struct shape *shape,
		    uint32_t shape_id);

#endif
