/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small messages of writers to the keeper, checked by wire_check already, as calls of the store.
 */
#ifndef ROLE_KEEPTAKE_H
#define ROLE_KEEPTAKE_H

#include "store/keep.h"

/*
 * WIRE_COUNTERS. Each name begins with the role that counts: no role counts for another,
 * but intake for relays ("relay.").
 */
void	counters_keep(struct keep *keep, const char *role, struct span body);
/* WIRE_PLACE */
void	place_keep(struct keep *keep, uint32_t channel, struct span body);
/* ASK_PLACES: u64 each; octets at the end that are none are passed over. */
void	places_answer(const struct keep *keep, struct span contents, struct buf *out);
/* ASK_PLACE_KEPT: u64 */
void	place_kept_answer(const struct keep *keep, struct span content, struct buf *out);

/* what: ASK_HOLD, ASK_HOLD_END. OK: KEEP_PINNED follows. */
enum err	hold_take(struct keep *keep, uint8_t what, struct span argument, struct why *why);
/*
 * May the role ask this (enum wire_ask), and set the place of this content? Imports and relays
 * have theirs, the watch has one.
 */
bool	may_ask(uint8_t role, uint8_t what);
bool	may_place(uint8_t role, uint64_t content);
/* Findings are the watch's, and nothing else is. A batch that is none is refused later. */
bool	may_write(uint8_t role, struct span batch);

#endif
