/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing, at most three quarters full; nothing is ever taken out. See places.h. */
#include "store/places.h"

#include <stdlib.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/must.h"

#define PLACES_MAGIC	"TBPLACE1"

enum { PLACES_FIRST = 64, PLACE_BYTES = 16 };

/* Its slot, or the free one where it would be. Contents are hashes already. */
static struct places_one *
slot_of(const struct places *places, uint64_t content)
{
	size_t at = (size_t)(content * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (places->nslot - 1);

	while (places->slot[at].content != 0 && places->slot[at].content != content)
		at = (at + 1) & (places->nslot - 1);
	return &places->slot[at];
}

uint64_t
places_get(const struct places *places, uint64_t content)
{
	return places->nslot > 0 ? slot_of(places, content)->place : 0;
}

static void
places_grow(struct places *places)
{
	struct places larger = { .nslot = places->nslot > 0 ? places->nslot * 2 : PLACES_FIRST };

	larger.slot = xcalloc(larger.nslot, sizeof larger.slot[0]);
	for (size_t i = 0; i < places->nslot; i++)
		if (places->slot[i].content != 0)
			*slot_of(&larger, places->slot[i].content) = places->slot[i];
	free(places->slot);
	places->slot = larger.slot;
	places->nslot = larger.nslot;
}

bool
places_room(const struct places *places, uint64_t content)
{
	return places->n < PLACES_MAX ||
	    (places->nslot > 0 && slot_of(places, content)->content == content);
}

bool
places_set(struct places *places, uint64_t content, uint64_t place)
{
	struct places_one *one;

	must(content != 0);
	if (!places_room(places, content))
		return false;
	if ((places->n + 1) * 4 > places->nslot * 3)
		places_grow(places);
	one = slot_of(places, content);
	places->n += one->content == 0;
	*one = (struct places_one){ content, place };
	places->dirty = true;
	return true;
}

void
places_encode(const struct places *places, struct buf *out)
{
	size_t from = out->n, count;
	uint64_t n = 0;

	buf_reserve(out, 24 + places->n * PLACE_BYTES);
	buf_put(out, PLACES_MAGIC, 8);
	count = out->n;
	buf_u64(out, 0);
	for (size_t i = 0; i < places->nslot; i++) {
		/* A place of 0 is one whose first rows are not on disk yet. */
		if (places->slot[i].content == 0 || places->slot[i].place == 0)
			continue;
		buf_u64(out, places->slot[i].content);
		buf_u64(out, places->slot[i].place);
		n++;
	}
	le_put(out->p + count, n, 8);
	buf_u64(out, hash64(span_sub(buf_span(out), from, SIZE_MAX)));
}

enum err
places_decode(struct places *places, struct span file, struct why *why)
{
	struct cur in = cur_of(file);
	uint64_t n, hash;

	if (file.n < 24 || !span_starts(file, SPAN(PLACES_MAGIC)))
		return why_set(why, ERR_FORMAT, "%s is no list of places", PLACES_NAME);
	(void)cur_span(&in, 8);
	n = cur_u64(&in);
	if (n > PLACES_MAX || file.n != 24 + n * PLACE_BYTES)
		return why_set(why, ERR_FORMAT, "%s has another length than it says", PLACES_NAME);
	hash = hash64(span_sub(file, 0, file.n - 8));
	for (uint64_t i = 0; i < n; i++) {
		uint64_t content = cur_u64(&in), place = cur_u64(&in);

		if ((content & PLACE_MARK) == 0)
			return why_set(why, ERR_FORMAT, "%s names no content", PLACES_NAME);
		(void)places_set(places, content, place);
	}
	places->dirty = false;
	if (cur_u64(&in) != hash)
		return why_set(why, ERR_FORMAT, "%s is damaged", PLACES_NAME);
	return OK;
}

void
places_done(struct places *places)
{
	free(places->slot);
	*places = (struct places){ 0 };
}
