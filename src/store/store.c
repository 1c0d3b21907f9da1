/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A store for reading: the manifest's segments and, behind them, the journal's tail as small
 * segments in memory. Rows of the tail are grouped by stream, class and epoch; the pieces of one
 * group are merged as they grow, so that their number stays small, and go when the manifest has
 * their rows.
 */
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "sys/file.h"
#include "store/builder.h"
#include "store/cold_int.h"
#include "store/journal.h"
#include "store/shelf.h"
#include "store/key.h"
#include "store/manifest.h"
#include "store/filter.h"
#include "store/group.h"
#include "store/segment_int.h"

enum {
	TAIL_LEVEL = 1,
	/* Filters of segments that are in no group: kept between queries. */
	OWN_FILTER_BYTES = 32 << 20,
	OWN_FILTERS = 1 << 14
};

/* Rows that are in the journal only, one stream, class and epoch; in order of sequence numbers. */
struct tail {
	struct tail *next;		/* newer rows, maybe of other groups */
	struct segment_info info;
	struct segment_memory *memory;
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
	struct journal_reader *journal;
	struct tail *tail;
	uint64_t version;		/* of the manifest, when entry[] was made */
	bool tail_changed;		/* since then */
	struct entry *entry;
	size_t nentry;
	struct builder *builder;	/* of the group being read, or NULL */
	struct builder_conf group;
	struct groups *groups;
	struct own_filter *own;		/* OWN_FILTERS slots by id, or NULL */
	size_t own_bytes;
	struct shelf *shelf;		/* borrowed, or NULL */
};

static void
tail_free(struct tail **tail)
{
	segment_memory_drop(&(*tail)->memory);
	free(*tail);
	*tail = NULL;
}

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
	journal_reader_close(&s->journal);
	builder_free(&s->builder);
	while (s->tail != NULL) {
		struct tail *next = s->tail->next;

		tail_free(&s->tail);
		s->tail = next;
	}
	groups_free(&s->groups);
	own_filters_drop(s);
	free(s->own);
	free(s->entry);
	explicit_bzero(s->key, sizeof s->key);
	free(s);
	*store = NULL;
}

enum err
store_open(struct store **ret_store, int dirfd, const uint8_t *key, struct why *why)
{
	struct store *s = xcalloc(1, sizeof *s);
	enum err rc;

	s->dirfd = dirfd;
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

/* ---- the journal's tail ---- */

static bool
is_of_group(const struct segment_info *info, const struct builder_conf *group)
{
	return info->stream == group->stream && info->class == group->class &&
	    info->epoch == group->epoch;
}

/* The newest piece of the builder's group, for merging. */
static struct tail **
group_last(struct store *s)
{
	struct tail **last = NULL;

	for (struct tail **at = &s->tail; *at != NULL; at = &(*at)->next) {
		if (is_of_group(&(*at)->info, &s->group))
			last = at;
	}
	return last;
}

static enum err
tail_feed(struct builder *builder, struct tail *tail, uint64_t from_seq, struct why *why)
{
	struct segment *segment = NULL;
	enum err rc;

	rc = segment_open_memory(&segment, tail->memory, NULL, PACK_CHECK, why);
	if (rc == OK)
		rc = builder_segment(builder, segment, from_seq, why);
	segment_free(&segment);
	return rc;
}

static void
tail_append(struct store *s, struct tail *tail)
{
	struct tail **at = &s->tail;

	while (*at != NULL)
		at = &(*at)->next;
	*at = tail;
	s->tail_changed = true;
}

/* What the builder holds becomes a piece; then equals are merged, as in a binary counter. */
static enum err
group_end(struct store *s, struct why *why)
{
	enum err rc = OK;

	while (s->builder != NULL && builder_rows(s->builder) > 0 && rc == OK) {
		struct tail *tail = xcalloc(1, sizeof *tail), **last = group_last(s), *old;

		tail->memory = builder_to_memory(s->builder, &tail->info);
		if (last == NULL || (*last)->info.rows > tail->info.rows * 2 ||
		    (*last)->info.rows + tail->info.rows > LIMIT_ROWS) {
			tail_append(s, tail);
			break;
		}
		old = *last;
		*last = old->next;
		s->tail_changed = true;
		rc = tail_feed(s->builder, old, 0, why);
		if (rc == OK)
			rc = tail_feed(s->builder, tail, 0, why);
		tail_free(&old);
		tail_free(&tail);
	}
	builder_free(&s->builder);
	return rc;
}

static void
group_begin(struct store *s, const struct builder_conf *group)
{
	s->group = *group;
	memcpy(s->group.store_id, manifest_store_id(s->manifest), sizeof s->group.store_id);
	s->builder = builder_new(&s->group);
}

static enum err
tail_rows(struct store *s, const struct journal_frame *frame, struct why *why)
{
	struct builder_conf group = { .stream = frame->stream, .class = frame->class,
	    .epoch = frame->epoch, .level = TAIL_LEVEL };
	enum err rc = OK;

	if (frame->id <= manifest_stored(s->manifest, frame->stream, frame->class))
		return OK;
	if (s->builder != NULL && (s->group.stream != group.stream ||
	    s->group.class != group.class || s->group.epoch != group.epoch ||
	    builder_rows(s->builder) + frame->head.nrow > LIMIT_ROWS))
		rc = group_end(s, why);
	if (rc != OK)
		return rc;
	if (s->builder == NULL)
		group_begin(s, &group);
	builder_frame(s->builder, &frame->head, &frame->tables, frame->id);
	return OK;
}

static enum err
tail_read(struct store *s, struct why *why)
{
	struct journal_frame frame;
	enum err rc = OK;

	if (s->journal == NULL)
		rc = journal_reader_open(&s->journal, s->dirfd, s->has_key ? s->key : NULL,
		    manifest_journal_file(s->manifest), why);
	while (rc == OK) {
		rc = journal_reader_next(s->journal, &frame, why);
		if (rc == OK && frame.type == JOURNAL_ROWS)
			rc = tail_rows(s, &frame, why);
	}
	if (rc == ERR_MORE)
		rc = group_end(s, why);
	return rc;
}

/* Takes out of a piece what the manifest has by now: all of it, or the older frames. */
static enum err
tail_trim(struct store *s, struct tail **at, struct why *why)
{
	struct tail *tail = *at, *rest;
	uint64_t stored = manifest_stored(s->manifest, tail->info.stream, tail->info.class);
	enum err rc = OK;

	if (tail->info.first_seq > stored)
		return OK;
	*at = tail->next;
	s->tail_changed = true;
	if (tail->info.last_seq > stored) {
		struct builder_conf group = { .stream = tail->info.stream,
		    .class = tail->info.class, .epoch = tail->info.epoch, .level = TAIL_LEVEL };

		group_begin(s, &group);
		rc = tail_feed(s->builder, tail, stored + 1, why);
		if (rc == OK && builder_rows(s->builder) > 0) {
			rest = xcalloc(1, sizeof *rest);
			rest->memory = builder_to_memory(s->builder, &rest->info);
			rest->next = *at;
			*at = rest;
		}
		builder_free(&s->builder);
	}
	tail_free(&tail);
	return rc;
}

static enum err
tails_trim(struct store *s, struct why *why)
{
	enum err rc = OK;

	for (struct tail **at = &s->tail; *at != NULL && rc == OK;) {
		struct tail *before = *at;

		rc = tail_trim(s, at, why);
		if (*at == before)
			at = &(*at)->next;
	}
	return rc;
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

enum err
store_refresh(struct store *s, struct why *why)
{
	bool manifest_changed;
	enum err rc;

	/* The journal first: a row that moves from there to the manifest is seen in either. */
	rc = tail_read(s, why);
	if (rc == OK)
		rc = manifest_refresh(s->manifest, why);
	if (rc == OK)
		rc = tails_trim(s, why);
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
store_keep_segments(struct store *s, struct shelf *shelf)
{
	s->shelf = shelf;
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
