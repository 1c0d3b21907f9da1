/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small messages of writers to the keeper, checked by wire_check already, as calls of the store.
 */
#ifndef ROLE_KEEPTAKE_H
#define ROLE_KEEPTAKE_H

#include "store/keep.h"

/* WIRE_COUNTERS. Each name begins with the role that counts: no role counts for another. */
void	counters_keep(struct keep *keep, const char *role, struct span body);
/* WIRE_PLACE */
void	place_keep(struct keep *keep, uint32_t channel, struct span body);
/* ASK_PLACES: u64 each; octets at the end that are none are passed over. */
void	places_answer(const struct keep *keep, struct span contents, struct buf *out);

#endif
