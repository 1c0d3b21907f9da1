/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who sent it: numbers for the sources of record.md section 2. A source is an origin (what we
 * attest: listener, address, identity) with the host and application that the record claims. Both
 * tables are capped: claims are dropped when three quarters of the numbers are gone, and after the
 * last number everything new falls into its listener's source "other". Numbers are never reused.
 */
#ifndef INTAKE_SOURCE_H
#define INTAKE_SOURCE_H

#include <stdint.h>

#include "base/limits.h"
#include "model/shape.h"

struct sources;

/* seed: random, so that nobody can aim at the hash tables. */
struct sources	*sources_new(uint64_t seed);
void		sources_free(struct sources **sources);

/* Numbers that are left for "other" sources: of 32 doors, each of 16 classes. */
enum { SOURCES_OTHERS = 32 * LIMIT_CLASSES, SOURCES_MOST = LIMIT_SOURCES - SOURCES_OTHERS };

/* The origin for all who have no number left; made once per listener, before the others. */
uint32_t	sources_other(struct sources *sources, const struct source *like);
/*
 * The origin with class, trust, unit, listener, peer and identity of `like` (host and app are not
 * looked at; strings are cut at 255 octets). `other` when the table is full.
 */
uint32_t	sources_origin(struct sources *sources, const struct source *like, uint32_t other);
/* The listener's "other" for rows of this class, made when it is new. */
uint32_t	sources_other_of(struct sources *sources, uint32_t other, uint8_t class);
bool		sources_is_other(const struct sources *sources, uint32_t origin);
uint8_t		sources_class(const struct sources *sources, uint32_t origin);
/* Connections open from this origin: the caller counts. */
uint32_t	*sources_connections(struct sources *sources, uint32_t origin);

/* The number of the source, made when it is new. */
uint32_t	sources_find(struct sources *sources, uint32_t origin, struct span host,
		    struct span app);
uint32_t	sources_count(const struct sources *sources);
/* Its encoding; valid until the next sources_find. */
struct span	sources_code(const struct sources *sources, uint32_t source);

#endif
