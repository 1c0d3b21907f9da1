/* SPDX-License-Identifier: Apache-2.0 */
/* See shelf.h. */
#include "store/shelf.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/thread.h"
#include "store/segment_int.h"
#include "store/tails.h"

enum { SHELF_PLACES = 512 };

/* Also remembers segments that are not here, as long as there are places. */
struct shelf_place {
	uint64_t id;			/* 0: free */
	struct segment *segment;	/* NULL: not here */
	size_t bytes;
	uint64_t turn;			/* of the shelf, when it was given back; 0: never */
};

struct shelf {
	struct lock lock;
	size_t most, bytes;
	uint64_t turn, aged;
	struct tails *tails;
	struct shelf_place one[SHELF_PLACES];
};

struct shelf *
shelf_new(size_t most_bytes)
{
	struct shelf *k = xcalloc(1, sizeof *k);

	lock_init(&k->lock);
	k->most = most_bytes;
	return k;
}

static void
one_drop(struct shelf *k, struct shelf_place *one)
{
	k->bytes -= one->segment != NULL ? one->bytes : 0;
	segment_free(&one->segment);
}

void
shelf_free(struct shelf **shelf)
{
	struct shelf *k = *shelf;

	if (k == NULL)
		return;
	for (size_t i = 0; i < SHELF_PLACES; i++)
		one_drop(k, &k->one[i]);
	tails_free(&k->tails);
	lock_done(&k->lock);
	free(k);
	*shelf = NULL;
}

struct tails *
shelf_tails(struct shelf *k, int dirfd, const uint8_t *key)
{
	lock_take(&k->lock);
	if (k->tails == NULL)
		k->tails = tails_new(dirfd, key, TAILS_ALL);
	lock_give(&k->lock);
	return k->tails;
}

/* The segment's place; a free one, or that of a segment which was here longest ago. */
static struct shelf_place *
place_of(struct shelf *k, uint64_t id)
{
	struct shelf_place *best = NULL;

	for (size_t i = 0; i < SHELF_PLACES; i++) {
		struct shelf_place *one = &k->one[i];

		if (one->id == id)
			return one;
		if (one->segment == NULL && (best == NULL || one->turn < best->turn))
			best = one;
	}
	return best;
}

struct segment *
shelf_take(struct shelf *k, uint64_t id)
{
	struct shelf_place *one;
	struct segment *found = NULL;

	lock_take(&k->lock);
	one = place_of(k, id);
	if (one != NULL && one->id == id && one->segment != NULL) {
		found = one->segment;
		one->segment = NULL;
		k->bytes -= one->bytes;
	}
	lock_give(&k->lock);
	return found;
}

/* How long ago it was given back, by its octets. */
static uint64_t
idle_of(const struct shelf *k, const struct shelf_place *one)
{
	return (k->turn - one->turn) * one->bytes;
}

/*
 * Room for what was last here so many turns ago, where segments are that were not asked for since
 * then; false: there is none. So what one question goes over never puts out what others come back
 * to, and a question over more than there is room for finds again what had room the last time.
 */
static bool
room_make(struct shelf *k, size_t bytes, uint64_t turns)
{
	if (bytes > k->most / 2)
		return false;
	while (k->bytes + bytes > k->most) {
		struct shelf_place *idle = NULL;

		for (size_t i = 0; i < SHELF_PLACES; i++) {
			struct shelf_place *one = &k->one[i];

			if (one->segment != NULL &&
			    (idle == NULL || idle_of(k, one) > idle_of(k, idle)))
				idle = one;
		}
		if (idle == NULL || turns == 0 || idle_of(k, idle) <= turns * bytes)
			return false;
		one_drop(k, idle);
	}
	return true;
}

void
shelf_give(struct shelf *k, uint64_t id, struct segment **segment)
{
	struct shelf_place *one;
	uint64_t turns = 0;
	size_t bytes;

	segment_rest(*segment);
	bytes = segment_memory_bytes(*segment);
	lock_take(&k->lock);
	k->turn++;
	one = place_of(k, id);
	if (one != NULL) {
		if (one->id != id)
			*one = (struct shelf_place){ .id = id };
		turns = one->turn > 0 ? k->turn - one->turn : 0;
		one->turn = k->turn;
	}
	/* Another thread may have opened it, too, and been sooner. */
	if (one != NULL && one->segment == NULL && room_make(k, bytes, turns)) {
		one->segment = *segment;
		one->bytes = bytes;
		k->bytes += bytes;
		*segment = NULL;
	}
	lock_give(&k->lock);
	segment_free(segment);
}

void
shelf_age(struct shelf *k)
{
	lock_take(&k->lock);
	for (size_t i = 0; i < SHELF_PLACES; i++)
		if (k->one[i].turn <= k->aged)
			one_drop(k, &k->one[i]);
	k->aged = k->turn;
	lock_give(&k->lock);
}

void
shelf_prune(struct shelf *k, const struct manifest *manifest)
{
	lock_take(&k->lock);
	for (size_t i = 0; i < SHELF_PLACES; i++)
		if (k->one[i].segment != NULL && manifest_find(manifest, k->one[i].id) == NULL)
			one_drop(k, &k->one[i]);
	lock_give(&k->lock);
}
