/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The begin and the end of a life of the store: what is there, what the last life left, whether a
 * new epoch begins; and the orderly close. Owns every piece of struct keep while it comes and goes.
 */
#include "store/keep_int.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "model/note.h"
#include "store/key.h"
#include "store/tiles.h"

enum {
	CLOSE_WAIT_S = 20,
	HEARTBEAT_BACK = 1024,		/* entries: a checkpoint mostly ends in one */
	ARENA_BYTES = 4 << 20,
};

static void	keep_free(struct keep *keep);

/* ---- opening ---- */

static enum err
dirs_make(struct keep *keep, struct why *why)
{
	static const char *const name[] = { "journal", "segment", "seal", "state", "quarantine" };
	enum err rc = OK;

	for (size_t i = 0; i < sizeof name / sizeof name[0] && rc == OK; i++)
		rc = dir_make(keep->dirfd, name[i], 0700, why);
	return rc == OK ? dir_sync(keep->dirfd, why) : rc;
}

static void
conf_take(struct keep *keep, const struct keep_conf *conf)
{
	keep->conf = *conf;
	keep->dirfd = conf->dirfd;
	keep->origin = xstrdup(conf->origin);
	keep->machine = xstrdup(conf->machine != NULL ? conf->machine : "");
	store_id_of(keep->store_id, conf->origin);
	if (conf->store_key != NULL) {
		memcpy(keep->store_key, conf->store_key, sizeof keep->store_key);
		keep->conf.store_key = keep->store_key;
	}
	if (keep->conf.checkpoint_ns == 0)
		keep->conf.checkpoint_ns = 60 * SECOND_NS;
	if (keep->conf.segment_age_ns == 0)
		keep->conf.segment_age_ns = 600 * SECOND_NS;
	if (keep->conf.segment_bytes == 0)
		keep->conf.segment_bytes = 48 << 20;
	if (keep->conf.reserve_bytes == 0)
		keep->conf.reserve_bytes = 256 << 20;
}

/* Is there anything that a store leaves, though the manifest is gone? */
static enum err
is_empty(struct keep *keep, bool *ret_empty, struct why *why)
{
	struct buf note = { 0 };
	uint64_t *list = NULL;
	size_t n = 0;
	enum err rc;

	rc = journal_list(keep->dirfd, &list, &n, why);
	free(list);
	if (rc != OK)
		return rc;
	rc = file_read_whole(keep->dirfd, "seal/checkpoint", NOTE_BYTES_MAX, &note, why);
	buf_done(&note);
	if (rc != OK && rc != ERR_ABSENT)
		return rc;
	*ret_empty = n == 0 && rc == ERR_ABSENT;
	return OK;
}

static enum err
manifest_ready(struct keep *keep, struct manifest **ret_manifest, struct why *why)
{
	bool empty = false;
	enum err rc;

	rc = manifest_open(ret_manifest, keep->dirfd, MANIFEST_WRITE, why);
	if (rc == ERR_ABSENT) {
		rc = is_empty(keep, &empty, why);
		if (rc == OK && !empty)
			rc = why_set(why, ERR_FORMAT, "the manifest is gone, but the store is not "
			    "empty: see trucban doctor");
		if (rc == OK)
			rc = manifest_create(keep->dirfd, keep->store_id,
			    keep->conf.store_key != NULL, why);
		if (rc == OK)
			rc = manifest_open(ret_manifest, keep->dirfd, MANIFEST_WRITE, why);
	}
	if (rc != OK)
		return rc;
	if (memcmp(manifest_store_id(*ret_manifest), keep->store_id, sizeof keep->store_id) != 0)
		return why_set(why, ERR_PROOF, "the store belongs to another desk than the keys");
	if (manifest_encrypted(*ret_manifest) && keep->conf.store_key == NULL)
		return why_set(why, ERR_DENIED, "the store is encrypted and there is no store key");
	return OK;
}

/*
 * The last heartbeat under the checkpoint: numbers up to there were given, whatever the journal
 * says. A tree that cannot be read is for verify to judge.
 */
static void
heartbeat_take(struct keep *keep, struct seal *seal)
{
	uint64_t size = seal_size(seal), i = size;
	struct arena *arena = arena_new(ARENA_BYTES);
	struct buf bundle = { 0 };
	struct span entry;
	struct leaf leaf;

	for (; i > 0 && size - i < HEARTBEAT_BACK; i--) {
		bundle.n = 0;
		arena_reset(arena);
		if (tiles_entry(seal_tiles(seal), i - 1, size, &bundle, &entry, NULL) != OK ||
		    leaf_decode(&leaf, entry, arena, NULL) != OK)
			break;
		if (leaf.type != LEAF_HEARTBEAT)
			continue;
		memcpy(keep->sealed_seq, leaf.u.heartbeat.last_seq, sizeof keep->sealed_seq);
		keep->sealed_ns = leaf.time_ns;
		break;
	}
	buf_done(&bundle);
	arena_free(&arena);
}

static enum err
mill_ready(struct keep *keep, struct why *why)
{
	struct mill_conf conf = { .dirfd = keep->dirfd, .wake_fd = keep->wake_fd,
	    .limit_bytes = MILL_BYTES, .note = &keep->note->milling };
	enum err rc;

	rc = manifest_ready(keep, &conf.manifest, why);
	if (rc == OK)
		rc = seal_open(&conf.seal, keep->dirfd, keep->origin, keep->conf.seal_seed, why);
	if (rc == OK) {
		keep->next_leaf = keep->signed_size = seal_size(conf.seal);
		seal_root(conf.seal, &keep->known_root);
		heartbeat_take(keep, conf.seal);
		rc = keep_pins_open(keep, conf.manifest, conf.seal, why);
	}
	if (rc == OK) {
		rc = mill_open(&keep->mill, &conf, why);
	}
	keep->conf.seal_seed = NULL;
	if (rc != OK) {
		seal_close(&conf.seal);
		manifest_close(&conf.manifest);
	}
	return rc;
}

/* A new epoch in the manifest, when there must be one. */
static enum err
epoch_ready(struct keep *keep, struct recovery *r, struct why *why)
{
	struct manifest *m;
	bool same = true;
	enum err rc = OK;

	keep->epoch = r->epoch;
	if (r->epoch == 0) {
		r->new_epoch = true;
		(void)snprintf(r->reason, sizeof r->reason, "first");
	} else if (!r->new_epoch) {
		rc = keep_instance_check(keep, &same, why);
		if (rc == OK && !same) {
			r->new_epoch = true;
			(void)snprintf(r->reason, sizeof r->reason,
			    "this is a copy, was restored or moved to another machine");
		}
	}
	if (rc != OK || !r->new_epoch)
		return rc;
	/* The first life is at home here; a later epoch is told before its place is noted. */
	if (keep->epoch++ == 0)
		rc = keep_instance_write(keep, why);
	if (rc != OK)
		return rc;
	r->chain = (struct digest){ { 0 } };
	r->epoch_seen = false;
	m = mill_manifest_take(keep->mill);
	rc = manifest_epoch_begin(m, keep->epoch, clock_wall_ns(), r->lost, r->reason, why);
	mill_manifest_give(keep->mill);
	return rc;
}

static void
epoch_tell(struct keep *keep, const struct recovery *r)
{
	struct leaf leaf = keep_leaf_now(keep, LEAF_EPOCH);

	leaf.u.epoch_begin = (struct leaf_epoch){ .root = keep->known_root,
	    .size = keep->signed_size, .reason = span_str(r->new_epoch ? r->reason :
	    "begun, but not told before a crash") };
	todo_push(keep, &leaf, AFTER_NOTHING, NULL);
	if (keep->epoch > 1)
		keep_alarm(keep, "epoch %u begins: %s", keep->epoch, r->new_epoch ? r->reason : "");
}

/* Leaves and segments of rows of an earlier epoch do not go on in this one. */
static enum err
old_epoch_end(struct keep *keep, struct why *why)
{
	enum err rc = OK;

	for (uint8_t s = 0; s < STREAM_END; s++)
		for (uint8_t c = 0; c < LIMIT_CLASSES && rc == OK; c++) {
			const struct making *making = keep->strand[s][c].making;

			if (making != NULL && making->epoch != keep->epoch)
				rc = making_end(keep, s, c, why);
		}
	return rc;
}

static enum err
appender_ready(struct keep *keep, const struct recovery *r, struct why *why)
{
	struct appender_conf conf = { .dirfd = keep->dirfd, .store_id = keep->store_id,
	    .store_key = keep->conf.store_key, .epoch = keep->epoch, .file = r->last_file + 1,
	    .chain = r->chain, .file_bytes = keep->conf.journal_file_bytes,
	    .wake_fd = keep->wake_fd };

	return appender_open(&keep->appender, &conf, why);
}

static enum err
life_begin(struct keep *keep, struct why *why)
{
	struct recovery r = { .epoch = 0 };
	enum err rc;

	rc = keep_places_open(keep, why);
	if (rc != OK)
		return rc;
	keep->recovering = true;
	rc = keep_recover(keep, &r, why);
	keep->recovering = false;
	if (rc == OK)
		rc = keep_strays(keep, why);
	if (rc == OK)
		rc = epoch_ready(keep, &r, why);
	if (rc == OK)
		rc = appender_ready(keep, &r, why);
	if (rc == OK)
		rc = old_epoch_end(keep, why);
	if (rc != OK)
		return rc;
	if (!r.epoch_seen)
		epoch_tell(keep, &r);
	keep_policy_tell(keep);
	keep_clock_open(keep);
	if (r.new_epoch)
		rc = keep_instance_write(keep, why);
	keep->want_checkpoint = keep->todo != NULL || keep->waiting != NULL;
	return rc;
}

static void
keep_init(struct keep *keep)
{
	keep->wake_fd = -1;
	keep->ended_last = &keep->ended;
	keep->waiting_last = &keep->waiting;
	keep->todo_last = &keep->todo;
	keep->event_last = &keep->event;
	keep->intern = intern_new();
	keep->row_digest = xreallocarray(NULL, LIMIT_ROWS, sizeof keep->row_digest[0]);
	keep->salt = xmalloc((size_t)LIMIT_ROWS * SALT_BYTES);
	keep->many = row_many_new();
}

enum err
keep_open(struct keep **ret_keep, const struct keep_conf *conf, struct why *why)
{
	struct keep *keep = xcalloc(1, sizeof *keep);
	enum err rc;

	keep_init(keep);
	conf_take(keep, conf);
	keep->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (keep->wake_fd < 0)
		rc = why_set(why, ERR_IO, "cannot make an eventfd");
	else
		rc = dirs_make(keep, why);
	if (rc == OK)
		rc = keep_note_open(keep, why);
	if (rc == OK)
		rc = mill_ready(keep, why);
	if (rc == OK)
		rc = life_begin(keep, why);
	if (rc == OK)
		rc = keep_upkeep_open(keep, why);
	if (rc != OK) {
		keep_free(keep);
		return rc;
	}
	keep->next_checkpoint_ns = clock_mono_ns() + keep->conf.checkpoint_ns;
	keep_turn(keep);
	*ret_keep = keep;
	return OK;
}

/* ---- the end ---- */

static void
strands_free(struct keep *keep)
{
	for (size_t s = 0; s < STREAM_END; s++)
		for (size_t c = 0; c < LIMIT_CLASSES; c++) {
			making_free(&keep->strand[s][c].making);
			free(keep->strand[s][c].frame);
		}
	while (keep->ended != NULL) {
		struct making *making = keep->ended;

		keep->ended = making->next;
		making_free(&making);
	}
}

static void
queues_free(struct keep *keep)
{
	while (keep->waiting != NULL) {
		struct parcel *p = keep->waiting;

		keep->waiting = p->next;
		p->durable = p->milled = true;
		parcel_free(keep, &p);
	}
	while (keep->todo != NULL) {
		struct todo *todo = keep->todo;

		keep->todo = todo->next;
		buf_done(&todo->entry);
		buf_done(&todo->ids);
		free(todo);
	}
	while (keep->event != NULL) {
		struct event *event = keep->event;

		keep->event = event->next;
		keep_told(&event);
	}
	keep_told(&keep->event_now);
}

static void
keep_free(struct keep *keep)
{
	keep->trimming = true;		/* nothing new is begun */
	keep_upkeep_close(keep);
	if (keep->mill != NULL) {
		mill_wait(keep->mill);
		keep_collect(keep);
	}
	mill_close(&keep->mill);
	appender_close(&keep->appender);
	for (uint32_t i = 0; i < KEEP_CHANNELS; i++)
		if (keep->channel[i].open)
			keep_channel_close(keep, i);
	strands_free(keep);
	queues_free(keep);
	intern_free(&keep->intern);
	keep_note_close(keep);
	file_close(&keep->wake_fd);
	explicit_bzero(keep->store_key, sizeof keep->store_key);
	keep_pins_close(keep);
	mill_job_free(&keep->rekey);
	mill_job_free(&keep->drop);	/* the next life finds its leaves */
	buf_done(&keep->key_entry);
	explicit_bzero(keep->new_seed, sizeof keep->new_seed);
	while (keep->nspare > 0)
		buf_done(&keep->spare[--keep->nspare]);
	free(keep->resolved);
	free(keep->shape_table);
	free(keep->row_digest);
	free(keep->salt);
	free(keep->file);
	free(keep->counter);
	free(keep->seen.slot);
	places_done(&keep->places);
	free(keep->origin);
	free(keep->machine);
	row_many_free(&keep->many);
	free(keep);
}

/* Turns until nothing is on its way any more, or time is up. */
static void
settle(struct keep *keep, int64_t end_ns)
{
	while (clock_mono_ns() < end_ns && !keep->read_only && (keep->want_checkpoint ||
	    keep->signing || keep->waiting != NULL || keep->todo != NULL)) {
		struct pollfd wait = { .fd = keep->wake_fd, .events = POLLIN };

		(void)poll(&wait, 1, 100);
		keep_turn(keep);
	}
}

void
keep_close(struct keep **keep)
{
	if (*keep == NULL)
		return;
	keep_checkpoint(*keep);
	keep_turn(*keep);
	settle(*keep, clock_mono_ns() + CLOSE_WAIT_S * SECOND_NS);
	(void)keep_clock_ns(*keep);
	keep_clock_save(*keep);
	keep_free(*keep);
	*keep = NULL;
}
