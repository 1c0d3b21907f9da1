/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must not be kept twice: batches that come again, and imports. Of those the places: which is
 * next, what frames of the journal and the file `places` say. journal.md section 7. A place moves
 * in memory when its rows are taken; the file never has one whose rows may be lost.
 */
#include "store/keep_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"

enum { SEEN_FIRST = 1024 };

/* ---- what comes again ---- */

static size_t
seen_slot(const struct seen *seen, uint64_t instance, uint64_t ticket)
{
	uint64_t mix = (instance ^ ticket) * UINT64_C(0x9E3779B97F4A7C15);
	size_t at = (size_t)(mix >> 20) & (seen->nslot - 1);

	while (seen->slot[at].instance != 0 && (seen->slot[at].instance != instance ||
	    seen->slot[at].ticket != ticket))
		at = (at + 1) & (seen->nslot - 1);
	return at;
}

void
seen_add(struct seen *seen, uint64_t instance, uint64_t ticket)
{
	if (instance == 0)
		return;
	if (seen->n * 2 >= seen->nslot) {
		struct seen larger = { .nslot = seen->nslot > 0 ? seen->nslot * 2 : SEEN_FIRST };

		larger.slot = xcalloc(larger.nslot, sizeof larger.slot[0]);
		for (size_t i = 0; i < seen->nslot; i++)
			if (seen->slot[i].instance != 0)
				seen_add(&larger, seen->slot[i].instance, seen->slot[i].ticket);
		free(seen->slot);
		*seen = larger;
	}
	seen->slot[seen_slot(seen, instance, ticket)] = (struct seen_one){ instance, ticket };
	seen->n++;
}

bool
seen_has(const struct seen *seen, uint64_t instance, uint64_t ticket)
{
	return seen->nslot > 0 &&
	    seen->slot[seen_slot(seen, instance, ticket)].instance == instance;
}

/* ---- places ---- */

void
keep_place(struct keep *keep, uint32_t channel, const struct keep_place *place)
{
	must(channel < KEEP_CHANNELS && keep->channel[channel].open);
	keep->channel[channel].place = *place;
}

uint64_t
keep_place_get(const struct keep *keep, uint64_t content)
{
	return places_get(&keep->places, content);
}

uint64_t
keep_place_kept(const struct keep *keep, uint64_t content)
{
	for (const struct parcel *p = keep->waiting; p != NULL; p = p->next)
		if (p->content == content)
			return p->from;
	return places_get(&keep->places, content);
}

enum err
place_check(const struct keep *keep, const struct keep_place *place, struct why *why)
{
	if (place->content == 0)
		return OK;
	if ((place->content & PLACE_MARK) == 0 || place->to <= place->from)
		return why_set(why, ERR_FORMAT, "this is no place of an import");
	if (places_get(&keep->places, place->content) != place->from ||
	    (place->beside != 0 && places_get(&keep->places, place->beside) != place->at))
		return why_set(why, ERR_ABSENT, "another place of the same content comes next");
	if (!places_room(&keep->places, place->content))
		return why_set(why, ERR_LIMIT, "%d contents were imported, no more are remembered",
		    PLACES_MAX);
	return OK;
}

enum err
keep_places_open(struct keep *keep, struct why *why)
{
	struct buf file = { 0 };
	enum err rc;

	rc = file_read_whole(keep->dirfd, PLACES_NAME, PLACES_FILE_MAX, &file, why);
	if (rc == OK)
		rc = places_decode(&keep->places, buf_span(&file), why);
	buf_done(&file);
	if (rc == ERR_FORMAT || rc == ERR_LIMIT) {
		keep_alarm(keep, "%s, and was put aside: what was imported before may be stored "
		    "again when it is imported again", why->text);
		places_done(&keep->places);
		rc = file_rename(keep->dirfd, PLACES_NAME, keep->dirfd, PLACES_NAME ".damaged",
		    why);
	}
	return rc == ERR_ABSENT ? OK : rc;
}

/* Each content's first one on its way says where it is on disk. */
static void
waiting_undo(struct keep *keep)
{
	for (const struct parcel *p = keep->waiting; p != NULL; p = p->next)
		if (p->content != 0 && places_get(&keep->places, p->content) > p->from)
			(void)places_set(&keep->places, p->content, p->from);
}

void
keep_places_encode(struct keep *keep, struct buf *out)
{
	bool waiting = false;

	if (!keep->places.dirty)
		return;
	waiting_undo(keep);
	places_encode(&keep->places, out);
	for (const struct parcel *p = keep->waiting; p != NULL; p = p->next) {
		if (p->content == 0)
			continue;
		(void)places_set(&keep->places, p->content, p->to);
		waiting = true;
	}
	keep->places.dirty = waiting;
}
