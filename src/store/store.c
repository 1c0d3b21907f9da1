/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store for reading: the manifest's segments and, behind them, the journal's tail as small
 * segments in memory (store/tails.h).
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "sys/file.h"
#include "store/cold_int.h"
#include "store/shelf.h"
#include "store/key.h"
#include "store/manifest.h"
#include "store/filter.h"
#include "store/group.h"
#include "store/segment_int.h"
#include "store/tails.h"

enum {
	/* Filters of segments that are in no group: kept between queries. */
	OWN_FILTER_BYTES = 32 << 20,
	OWN_FILTERS = 1 << 14
};

struct entry {
	const struct segment_info *info;	/* the manifest's or the tail's */
	struct tail *tail;		/* NULL: in files */
};

/* The filter of one segment. */
struct own_filter {
	uint64_t id;			/* 0: free */
	uint8_t *bits;			/* NULL: it has none that can be read */
	struct filter filter;
};

struct store {
	int dirfd;
	bool has_key;
	uint8_t key[KEY_BYTES];
	struct manifest *manifest;
	struct tails *tails;		/* the shelf's, or own */
	bool own_tails;
	struct tail *tail;		/* as they were at the last refresh */
	uint64_t tails_version;
	uint64_t version;		/* of the manifest, when entry[] was made */
	bool tail_changed;		/* since then */
	struct entry *entry;
	size_t nentry;
	struct groups *groups;
	struct own_filter *own;		/* OWN_FILTERS slots by id, or NULL */
	size_t own_bytes;
	struct shelf *shelf;		/* borrowed, or NULL */
};

static void
own_filters_drop(struct store *s)
{
	for (size_t i = 0; s->own != NULL && i < OWN_FILTERS; i++) {
		free(s->own[i].bits);
		s->own[i] = (struct own_filter){ 0 };
	}
	s->own_bytes = 0;
}

void
store_close(struct store **store)
{
	struct store *s = *store;

	if (s == NULL)
		return;
	manifest_close(&s->manifest);
	tail_list_free(&s->tail);
	if (s->own_tails)
		tails_free(&s->tails);
	groups_free(&s->groups);
	own_filters_drop(s);
	free(s->own);
	free(s->entry);
	explicit_bzero(s->key, sizeof s->key);
	free(s);
	*store = NULL;
}

static enum err
open_with(struct store **ret_store, int dirfd, const uint8_t *key, struct shelf *shelf,
    struct tails *own, struct why *why)
{
	struct store *s = xcalloc(1, sizeof *s);
	enum err rc;

	s->dirfd = dirfd;
	s->shelf = shelf;
	s->own_tails = own != NULL;
	s->tails = own != NULL ? own : shelf_tails(shelf, dirfd, key);
	s->has_key = key != NULL;
	if (key != NULL)
		memcpy(s->key, key, sizeof s->key);
	s->groups = groups_new(dirfd, key);
	rc = manifest_open(&s->manifest, dirfd, MANIFEST_READ, why);
	if (rc == OK && key == NULL && manifest_encrypted(s->manifest))
		rc = why_set(why, ERR_DENIED, "the store is encrypted, and there is no store key");
	if (rc == OK)
		rc = store_refresh(s, why);
	if (rc == OK) {
		*ret_store = s;
		s = NULL;
	}
	store_close(&s);
	return rc;
}

enum err
store_open(struct store **ret_store, int dirfd, const uint8_t *key, struct why *why)
{
	return open_with(ret_store, dirfd, key, NULL, tails_new(dirfd, key, TAILS_ALL), why);
}

enum err
store_open_streams(struct store **ret_store, int dirfd, const uint8_t *key, unsigned tail_streams,
    struct why *why)
{
	return open_with(ret_store, dirfd, key, NULL, tails_new(dirfd, key, tail_streams), why);
}

enum err
store_open_shared(struct store **ret_store, int dirfd, const uint8_t *key, struct shelf *shelf,
    struct why *why)
{
	if (shelf == NULL)
		return store_open(ret_store, dirfd, key, why);
	return open_with(ret_store, dirfd, key, shelf, NULL, why);
}

/* ---- the list of segments ---- */

static int
entry_cmp(const void *a, const void *b)
{
	const struct segment_info *x = ((const struct entry *)a)->info;
	const struct segment_info *y = ((const struct entry *)b)->info;

	if (x->recv_min_ns != y->recv_min_ns)
		return x->recv_min_ns < y->recv_min_ns ? -1 : 1;
	return (x->first_seq > y->first_seq) - (x->first_seq < y->first_seq);
}

static void
entries_make(struct store *s)
{
	size_t n = manifest_count(s->manifest), i = 0;

	for (struct tail *t = s->tail; t != NULL; t = t->next)
		n++;
	s->entry = xreallocarray(s->entry, n > 0 ? n : 1, sizeof *s->entry);
	s->nentry = n;
	for (; i < manifest_count(s->manifest); i++)
		s->entry[i] = (struct entry){ manifest_segment(s->manifest, i), NULL };
	for (struct tail *t = s->tail; t != NULL; t = t->next)
		s->entry[i++] = (struct entry){ &t->info, t };
	if (n > 0)
		qsort(s->entry, n, sizeof *s->entry, entry_cmp);
	s->version = manifest_version(s->manifest);
	s->tail_changed = false;
}

/* The journal first: a row that moves from there to the manifest is seen in either. */
static enum err
parts_refresh(struct store *s, struct why *why)
{
	enum err rc;

	tails_lock(s->tails);
	rc = tails_read(s->tails, s->manifest, why);
	if (rc == OK)
		rc = manifest_refresh(s->manifest, why);
	if (rc == OK)
		rc = tails_trim(s->tails, s->manifest, why);
	if (s->tails_version != tails_version(s->tails)) {
		tail_list_free(&s->tail);
		s->tail = tails_list(s->tails);
		s->tails_version = tails_version(s->tails);
		s->tail_changed = true;
	}
	tails_unlock(s->tails);
	return rc;
}

enum err
store_refresh(struct store *s, struct why *why)
{
	enum err rc = parts_refresh(s, why);
	bool manifest_changed;

	manifest_changed = s->entry == NULL || s->version != manifest_version(s->manifest);
	/* Of 10^5 segments this takes longer than many a query. */
	if (s->entry == NULL || s->tail_changed || s->version != manifest_version(s->manifest))
		entries_make(s);
	/* Without its group a segment is asked by itself. */
	if (rc == OK && manifest_changed)
		(void)groups_refresh(s->groups, NULL);
	if (manifest_changed && s->shelf != NULL)
		shelf_prune(s->shelf, s->manifest);
	return rc;
}

void
store_segment_done(struct store *s, uint64_t id, struct segment **segment)
{
	if (*segment != NULL && s->shelf != NULL && id != 0)
		shelf_give(s->shelf, id, segment);
	segment_free(segment);
}

size_t
store_segments(const struct store *s)
{
	return s->nentry;
}

const struct pin *
store_hold(const struct store *store, size_t index)
{
	return index < manifest_holds(store->manifest) ? manifest_hold(store->manifest, index) :
	    NULL;
}

const struct segment_info *
store_segment(const struct store *s, size_t index)
{
	must(index < s->nentry);
	return s->entry[index].info;
}

/* When it is because the cold folder is not there: which days cannot be read. */
static enum err
away_tell(const struct store *s, struct why *why)
{
	char path[COLD_FILE], first[SEGMENT_NAME] = "", last[SEGMENT_NAME] = "";
	struct why reason = { "" };
	int fd = -1;

	if (cold_there(s->dirfd, &reason) != ERR_IO)
		return ERR_IO;
	/* In order of the receive time. */
	for (size_t i = 0; i < s->nentry; i++) {
		const struct entry *e = &s->entry[i];

		if (e->tail != NULL)
			continue;
		cold_file_path(path, e->info, SEGMENT_SEALED, PLACE_OWN);
		if (file_open(&fd, s->dirfd, path, FILE_READ, NULL) == ERR_ABSENT) {
			if (first[0] == '\0')
				segment_day(first, e->info->recv_min_ns);
			segment_day(last, e->info->recv_max_ns);
		}
		file_close(&fd);
	}
	return why_set(why, ERR_IO, "records received from %.10s to %.10s (UTC) cannot be read: %s",
	    first, last, reason.text);
}

enum err
store_segment_open(struct store *s, size_t index, struct segment **ret_segment, struct why *why)
{
	const struct entry *e = &s->entry[index];
	enum err rc;

	must(index < s->nentry);
	if (e->tail != NULL)
		return segment_open_memory(ret_segment, e->tail->memory, NULL, PACK_CHECK, why);
	*ret_segment = s->shelf != NULL ? shelf_take(s->shelf, e->info->id) : NULL;
	if (*ret_segment != NULL)
		return OK;
	rc = segment_find(ret_segment, s->dirfd, e->info, s->has_key ? s->key : NULL, why);
	return rc == ERR_IO ? away_tell(s, why) : rc;
}

/* Its filter, read when it is first asked for. */
static struct own_filter *
own_filter(struct store *s, const struct segment_info *info)
{
	struct pack *pack = NULL;
	struct own_filter *own;
	struct span section;
	struct list_in in;
	struct cur c;
	enum err rc;

	if (s->own_bytes > OWN_FILTER_BYTES)
		own_filters_drop(s);
	if (s->own == NULL)
		s->own = xcalloc(OWN_FILTERS, sizeof *s->own);
	own = &s->own[info->id % OWN_FILTERS];
	if (own->id == info->id)
		return own;
	s->own_bytes -= own->bits != NULL ? own->filter.bits.n : 0;
	free(own->bits);
	*own = (struct own_filter){ .id = info->id };
	rc = derived_open(&pack, s->dirfd, info, s->has_key ? s->key : NULL, NULL);
	if (rc == OK)
		rc = derived_section(pack, DERIVED_FILTER, &section, NULL);
	if (rc == OK) {
		c = cur_of(section);
		in = (struct list_in){ .c = &c, .pack = pack };
		rc = filter_get(&in, &own->filter, NULL);
	}
	if (rc == OK) {
		own->bits = xmemdup(own->filter.bits.p, own->filter.bits.n);
		own->filter.bits.p = own->bits;
		s->own_bytes += own->filter.bits.n;
	}
	pack_close(&pack);
	return own;
}

bool
store_may_hold(struct store *s, size_t index, const uint64_t *token_hash, size_t n)
{
	const struct segment_info *info;
	struct own_filter *own = NULL;
	bool grouped;

	must(index < s->nentry);
	info = s->entry[index].info;
	if (s->entry[index].tail != NULL)
		return true;
	grouped = groups_have(s->groups, info);
	if (!grouped)
		own = own_filter(s, info);
	for (size_t i = 0; i < n; i++) {
		if (grouped ? !groups_may_hold(s->groups, info, token_hash[i]) :
		    own->bits != NULL && !filter_may_hold(&own->filter, token_hash[i]))
			return false;
	}
	return true;
}
