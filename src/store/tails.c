/* SPDX-License-Identifier: Apache-2.0 */
/* See tails.h. */
#include "store/tails.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "sys/thread.h"
#include "store/builder.h"
#include "store/journal.h"
#include "store/key.h"

enum { TAIL_LEVEL = 1 };

struct tails {
	struct lock lock;
	int dirfd;
	bool has_key;
	uint8_t key[KEY_BYTES];
	unsigned streams;
	struct journal_reader *journal;
	struct tail *first;
	uint64_t version;
	struct builder *builder;	/* of the group being read, or NULL */
	struct builder_conf group;
};

struct tails *
tails_new(int dirfd, const uint8_t *key, unsigned streams)
{
	struct tails *t = xcalloc(1, sizeof *t);

	lock_init(&t->lock);
	t->dirfd = dirfd;
	t->streams = streams;
	t->has_key = key != NULL;
	if (key != NULL)
		memcpy(t->key, key, sizeof t->key);
	t->version = 1;
	return t;
}

static void
tail_free(struct tail **tail)
{
	segment_memory_drop(&(*tail)->memory);
	free(*tail);
	*tail = NULL;
}

void
tail_list_free(struct tail **list)
{
	while (*list != NULL) {
		struct tail *next = (*list)->next;

		tail_free(list);
		*list = next;
	}
}

/* After trouble: everything is read anew by the next who asks. */
static void
tails_drop(struct tails *t)
{
	journal_reader_close(&t->journal);
	builder_free(&t->builder);
	tail_list_free(&t->first);
	t->version++;
}

void
tails_free(struct tails **tails)
{
	struct tails *t = *tails;

	if (t == NULL)
		return;
	tails_drop(t);
	lock_done(&t->lock);
	explicit_bzero(t->key, sizeof t->key);
	free(t);
	*tails = NULL;
}

void
tails_lock(struct tails *t)
{
	lock_take(&t->lock);
}

void
tails_unlock(struct tails *t)
{
	lock_give(&t->lock);
}

uint64_t
tails_version(const struct tails *t)
{
	return t->version;
}

struct tail *
tails_list(const struct tails *t)
{
	struct tail *list = NULL, **at = &list;

	for (const struct tail *from = t->first; from != NULL; from = from->next) {
		*at = xcalloc(1, sizeof **at);
		(*at)->info = from->info;
		(*at)->memory = segment_memory_share(from->memory);
		at = &(*at)->next;
	}
	return list;
}

/* ---- reading ---- */

static bool
is_of_group(const struct segment_info *info, const struct builder_conf *group)
{
	return info->stream == group->stream && info->class == group->class &&
	    info->epoch == group->epoch;
}

/* The newest piece of the builder's group, for merging. */
static struct tail **
group_last(struct tails *t)
{
	struct tail **last = NULL;

	for (struct tail **at = &t->first; *at != NULL; at = &(*at)->next) {
		if (is_of_group(&(*at)->info, &t->group))
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
tail_append(struct tails *t, struct tail *tail)
{
	struct tail **at = &t->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = tail;
	t->version++;
}

/* What the builder holds becomes a piece; then equals are merged, as in a binary counter. */
static enum err
group_end(struct tails *t, struct why *why)
{
	enum err rc = OK;

	while (t->builder != NULL && builder_rows(t->builder) > 0 && rc == OK) {
		struct tail *tail = xcalloc(1, sizeof *tail), **last = group_last(t), *old;

		tail->memory = builder_to_memory(t->builder, &tail->info);
		if (last == NULL || (*last)->info.rows > tail->info.rows * 2 ||
		    (*last)->info.rows + tail->info.rows > LIMIT_ROWS) {
			tail_append(t, tail);
			break;
		}
		old = *last;
		*last = old->next;
		t->version++;
		rc = tail_feed(t->builder, old, 0, why);
		if (rc == OK)
			rc = tail_feed(t->builder, tail, 0, why);
		tail_free(&old);
		tail_free(&tail);
	}
	builder_free(&t->builder);
	return rc;
}

static void
group_begin(struct tails *t, const struct builder_conf *group, const struct manifest *manifest)
{
	t->group = *group;
	memcpy(t->group.store_id, manifest_store_id(manifest), sizeof t->group.store_id);
	t->builder = builder_new(&t->group);
}

static enum err
tail_rows(struct tails *t, const struct journal_frame *frame, const struct manifest *manifest,
    struct why *why)
{
	struct builder_conf group = { .stream = frame->stream, .class = frame->class,
	    .epoch = frame->epoch, .level = TAIL_LEVEL };
	enum err rc = OK;

	if (frame->id <= manifest_stored(manifest, frame->stream, frame->class))
		return OK;
	if (t->builder != NULL && (t->group.stream != group.stream ||
	    t->group.class != group.class || t->group.epoch != group.epoch ||
	    builder_rows(t->builder) + frame->head.nrow > LIMIT_ROWS))
		rc = group_end(t, why);
	if (rc != OK)
		return rc;
	if (t->builder == NULL)
		group_begin(t, &group, manifest);
	builder_frame(t->builder, &frame->head, &frame->tables, frame->id);
	return OK;
}

enum err
tails_read(struct tails *t, const struct manifest *manifest, struct why *why)
{
	struct journal_frame frame;
	enum err rc = OK;

	if (t->streams == 0)
		return OK;
	if (t->journal == NULL)
		rc = journal_reader_open(&t->journal, t->dirfd, t->has_key ? t->key : NULL,
		    manifest_journal_file(manifest), why);
	while (rc == OK) {
		rc = journal_reader_next(t->journal, &frame, why);
		if (rc == OK && frame.type == JOURNAL_ROWS &&
		    (t->streams >> frame.stream & 1) != 0)
			rc = tail_rows(t, &frame, manifest, why);
	}
	if (rc == ERR_MORE)
		rc = group_end(t, why);
	if (rc != OK)
		tails_drop(t);
	return rc;
}

/* Takes out of a piece what the manifest has by now: all of it, or the older frames. */
static enum err
tail_trim(struct tails *t, struct tail **at, const struct manifest *manifest, struct why *why)
{
	struct tail *tail = *at, *rest;
	uint64_t stored = manifest_stored(manifest, tail->info.stream, tail->info.class);
	enum err rc = OK;

	if (tail->info.first_seq > stored)
		return OK;
	*at = tail->next;
	t->version++;
	if (tail->info.last_seq > stored) {
		struct builder_conf group = { .stream = tail->info.stream,
		    .class = tail->info.class, .epoch = tail->info.epoch, .level = TAIL_LEVEL };

		group_begin(t, &group, manifest);
		rc = tail_feed(t->builder, tail, stored + 1, why);
		if (rc == OK && builder_rows(t->builder) > 0) {
			rest = xcalloc(1, sizeof *rest);
			rest->memory = builder_to_memory(t->builder, &rest->info);
			rest->next = *at;
			*at = rest;
		}
		builder_free(&t->builder);
	}
	tail_free(&tail);
	return rc;
}

enum err
tails_trim(struct tails *t, const struct manifest *manifest, struct why *why)
{
	enum err rc = OK;

	for (struct tail **at = &t->first; *at != NULL && rc == OK;) {
		struct tail *before = *at;

		rc = tail_trim(t, at, manifest, why);
		if (*at == before)
			at = &(*at)->next;
	}
	return rc;
}
