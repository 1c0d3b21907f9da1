/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments that were opened and decoded for one question and are kept for the next: people ask
 * about the same hours again and again. One for all handles of a store, whatever thread they are
 * on; a segment is taken out while it is used, so that it belongs to one question at a time.
 * Inside of store only; store.h has its beginning and its end.
 */
#ifndef STORE_SHELF_H
#define STORE_SHELF_H

#include "store/manifest.h"
#include "store/store.h"

struct tails;
/* The store's, made when they are first asked for. */
struct tails	*shelf_tails(struct shelf *shelf, int dirfd, const uint8_t *key);
/* The segment, which is the caller's then; NULL: not here. */
struct segment	*shelf_take(struct shelf *shelf, uint64_t id);
/* Takes it over; others may go for it, or itself when it is too large. */
void		shelf_give(struct shelf *shelf, uint64_t id, struct segment **segment);
/* Those go that the manifest does not have any more. */
void		shelf_prune(struct shelf *shelf, const struct manifest *manifest);

#endif
