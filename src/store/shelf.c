/* SPDX-License-Identifier: Apache-2.0 */
/* See shelf.h. */
#include "store/shelf.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/thread.h"
#include "store/segment_int.h"

enum { SHELF_SEGMENTS = 64 };

struct shelf_place {
	uint64_t id;
	struct segment *segment;	/* NULL: free */
	size_t bytes;
	uint64_t turn;			/* of the cache, when it was given back */
};

struct shelf {
	struct lock lock;
	size_t most, bytes;
	uint64_t turn, aged;
	struct shelf_place one[SHELF_SEGMENTS];
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
	k->bytes -= one->bytes;
	segment_free(&one->segment);
	*one = (struct shelf_place){ 0 };
}

void
shelf_free(struct shelf **shelf)
{
	struct shelf *k = *shelf;

	if (k == NULL)
		return;
	for (size_t i = 0; i < SHELF_SEGMENTS; i++)
		one_drop(k, &k->one[i]);
	lock_done(&k->lock);
	free(k);
	*shelf = NULL;
}

struct segment *
shelf_take(struct shelf *k, uint64_t id)
{
	struct segment *found = NULL;

	lock_take(&k->lock);
	for (size_t i = 0; i < SHELF_SEGMENTS && found == NULL; i++) {
		struct shelf_place *one = &k->one[i];

		if (one->segment == NULL || one->id != id)
			continue;
		found = one->segment;
		one->segment = NULL;
		one_drop(k, one);
	}
	lock_give(&k->lock);
	return found;
}

/* A free place; the one that was not asked for longest makes room. */
static struct shelf_place *
place_make(struct shelf *k, size_t bytes)
{
	for (;;) {
		struct shelf_place *oldest = NULL, *free_one = NULL;

		for (size_t i = 0; i < SHELF_SEGMENTS; i++) {
			struct shelf_place *one = &k->one[i];

			if (one->segment == NULL)
				free_one = one;
			else if (oldest == NULL || one->turn < oldest->turn)
				oldest = one;
		}
		if (free_one != NULL && k->bytes + bytes <= k->most)
			return free_one;
		must(oldest != NULL);
		one_drop(k, oldest);
	}
}

void
shelf_give(struct shelf *k, uint64_t id, struct segment **segment)
{
	size_t bytes = segment_memory_bytes(*segment);
	struct shelf_place *one;

	if (bytes > k->most / 2) {
		segment_free(segment);
		return;
	}
	lock_take(&k->lock);
	one = place_make(k, bytes);
	*one = (struct shelf_place){ id, *segment, bytes, ++k->turn };
	k->bytes += bytes;
	lock_give(&k->lock);
	*segment = NULL;
}

void
shelf_age(struct shelf *k)
{
	lock_take(&k->lock);
	for (size_t i = 0; i < SHELF_SEGMENTS; i++)
		if (k->one[i].segment != NULL && k->one[i].turn <= k->aged)
			one_drop(k, &k->one[i]);
	k->aged = k->turn;
	lock_give(&k->lock);
}

void
shelf_prune(struct shelf *k, const struct manifest *manifest)
{
	lock_take(&k->lock);
	for (size_t i = 0; i < SHELF_SEGMENTS; i++)
		if (k->one[i].segment != NULL && manifest_find(manifest, k->one[i].id) == NULL)
			one_drop(k, &k->one[i]);
	lock_give(&k->lock);
}
