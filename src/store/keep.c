/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's one writer: opening, the turn, events, the end. The parts are in keep_*.c, see
 * keep_int.h; what they promise together:
 *
 * 1. A batch is acknowledged when its ROWS frame is synced, never before.
 * 2. Numbers are given in the order of the journal, without gaps, per store stream.
 * 3. A leaf enters the tree when its LEAF frame is synced; a checkpoint covers only such leaves.
 * 4. A segment is written when all of its frames are synced; a journal file goes when all of its
 *    rows are in segments of the manifest and all of its leaves under a checkpoint.
 * 5. After an error of the disk what is not durable is written again to another file; if that
 *    fails too, nothing is taken any more.
 */
#include "store/keep.h"

#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "store/keep_int.h"
#include "store/key.h"

enum {
	FAILURES_MAX = 2,		/* in a row: then read-only */
	CLOSE_WAIT_S = 20,
};

static void	keep_free(struct keep *keep);

/* ---- events ---- */

void
event_push(struct keep *keep, enum keep_event_type type, struct span text,
    const struct keep_event *rest)
{
	struct event *event = xcalloc(1, sizeof *event);

	event->e = *rest;
	event->e.type = (uint8_t)type;
	buf_span_put(&event->text, text);
	*keep->event_last = event;
	keep->event_last = &event->next;
}

void
alarm_push(struct keep *keep, const char *format, ...)
{
	struct keep_event none = { 0 };
	char text[sizeof(struct why)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	event_push(keep, KEEP_ALARM, span_str(text), &none);
}

static void
event_free(struct event **event)
{
	if (*event == NULL)
		return;
	buf_done(&(*event)->text);
	free(*event);
	*event = NULL;
}

bool
keep_event(struct keep *keep, struct keep_event *ret_event)
{
	event_free(&keep->event_now);
	if (keep->event == NULL)
		return false;
	keep->event_now = keep->event;
	keep->event = keep->event->next;
	if (keep->event == NULL)
		keep->event_last = &keep->event;
	*ret_event = keep->event_now->e;
	ret_event->text = buf_span(&keep->event_now->text);
	return true;
}

/* ---- journal files ---- */

struct file_facts *
facts_of(struct keep *keep, uint64_t file)
{
	if (keep->nfile > 0 && keep->file[keep->nfile - 1].number == file)
		return &keep->file[keep->nfile - 1];
	must(keep->nfile == 0 || keep->file[keep->nfile - 1].number < file);
	if (keep->nfile == keep->file_cap) {
		keep->file_cap = keep->file_cap > 0 ? keep->file_cap * 2 : 8;
		keep->file = xreallocarray(keep->file, keep->file_cap, sizeof keep->file[0]);
	}
	keep->file[keep->nfile] = (struct file_facts){ .number = file };
	return &keep->file[keep->nfile++];
}

/* ---- what became of frames ---- */

static void
acknowledge(struct keep *keep, const struct parcel *p)
{
	struct keep_event e = { .channel = p->channel, .ticket = p->ticket, .first_seq = p->id,
	    .rows = p->rows };

	keep->tally.acked_rows += p->rows;
	if (keep->channel[p->channel].open &&
	    keep->channel[p->channel].generation == p->generation)
		event_push(keep, KEEP_ACK, (struct span){ NULL, 0 }, &e);
}

/* What waited for this leaf to be durable. */
static void
leaf_durable(struct keep *keep, struct parcel *p)
{
	struct job *job = job_new(JOB_TREE, NULL);

	job->index = p->id;
	buf_span_put(&job->bytes, p->entry);
	mill_push(keep->mill, job);
	if (p->after == AFTER_CHECKPOINT) {
		mill_push(keep->mill, job_new(JOB_CHECKPOINT, NULL));
	} else if (p->after == AFTER_DROP) {
		job = job_new(JOB_DROP, NULL);
		job->bytes = p->ids;
		p->ids = (struct buf){ 0 };
		mill_push(keep->mill, job);
	} else if (p->after == AFTER_REKEY) {
		job = job_new(JOB_REKEY, NULL);
		memcpy(job->seed, keep->new_seed, sizeof job->seed);
		explicit_bzero(keep->new_seed, sizeof keep->new_seed);
		mill_push(keep->mill, job);
	} else if (p->after == AFTER_POLICY) {
		policy_write(keep);
	}
}

static void
parcel_durable(struct keep *keep, struct parcel *p)
{
	p->durable = true;
	if (p->making != NULL) {
		must(p->making->undurable > 0);
		p->making->undurable--;
	}
	if (p->type == JOURNAL_ROWS)
		acknowledge(keep, p);
	else
		leaf_durable(keep, p);
	parcel_free(keep, &p);
}

static void
durable_up_to(struct keep *keep, uint64_t write)
{
	while (keep->waiting != NULL && keep->waiting != keep->rewrite &&
	    keep->waiting->write <= write) {
		struct parcel *p = keep->waiting;

		keep->waiting = p->next;
		if (keep->waiting == NULL)
			keep->waiting_last = &keep->waiting;
		parcel_durable(keep, p);
	}
}

/* ---- errors of the disk ---- */

/* What is not durable goes to another file; it is put there by rewrite_step. */
static void
journal_again(struct keep *keep, const struct why *why)
{
	keep->trouble = *why;
	keep->tally.rewrites++;
	if (++keep->failures > FAILURES_MAX) {
		keep->read_only = true;
		keep->journal_failed = true;
		alarm_push(keep, "nothing can be kept any more, the disk fails again and again: %s",
		    why->text);
		return;
	}
	alarm_push(keep, "a write to the journal failed, what it held is written again: %s",
	    why->text);
	appender_restart(keep->appender);
	keep->rewrite = keep->waiting;
}

static void
rewrite_step(struct keep *keep)
{
	while (keep->rewrite != NULL) {
		struct parcel *p = keep->rewrite;

		if (parcel_room(keep, p->def, p->ndef, p->plain.n, NULL) != OK)
			return;
		parcel_put(keep, p);
		keep->rewrite = p->next;
	}
}

static void
journal_step(struct keep *keep)
{
	struct appender_state state;
	struct why why = { "" };

	appender_state(keep->appender, &state, &why);
	if (state.durable != keep->last_durable)
		keep->failures = 0;
	keep->last_durable = state.durable;
	durable_up_to(keep, state.durable);
	if (state.failed && !keep->read_only)
		journal_again(keep, &why);
	rewrite_step(keep);
}

/* ---- what the mill gives back ---- */

static void
rows_milled(struct keep *keep, struct job *job)
{
	struct parcel *p = job->owner;

	p->making->bytes = job->size;
	p->making->unmilled--;
	p->milled = true;
	parcel_free(keep, &p);
	job_free(&job);
}

static void
leaf_milled(struct keep *keep, struct job *job)
{
	struct making *making = job->owner;

	(void)keep;
	making->unmilled--;
	job_free(&job);
}

static void
tree_milled(struct keep *keep, struct job *job)
{
	(void)keep;
	job_free(&job);
}

static void
trim_milled(struct keep *keep, struct job *job)
{
	keep->trimming = false;
	if (job->rc != OK)
		alarm_push(keep, "cannot remove journal files: %s", job->why->text);
	job_free(&job);
}

static void
rekey_milled(struct keep *keep, struct job *job)
{
	struct keep_event none = { 0 };
	bool good = job->rc == OK;

	checkpoint_done(keep, job);
	if (good)
		event_push(keep, KEEP_REKEYED, (struct span){ NULL, 0 }, &none);
}

typedef void milled_fn(struct keep *keep, struct job *job);

static milled_fn *const milled[JOB_TYPE_END] = {
	[JOB_ROWS] = rows_milled, [JOB_LEAF] = leaf_milled, [JOB_TREE] = tree_milled,
	[JOB_SEGMENT] = making_done, [JOB_CHECKPOINT] = checkpoint_done,
	[JOB_REKEY] = rekey_milled, [JOB_DROP] = drop_done, [JOB_TRIM] = trim_milled,
};

void
mill_collect(struct keep *keep)
{
	struct job *job = mill_done(keep->mill);

	while (job != NULL) {
		struct job *next = job->next;

		milled[job->type](keep, job);
		job = next;
	}
}

/* ---- the turn ---- */

static void
flush_step(struct keep *keep)
{
	struct keep_event none = { 0 };

	if (keep->flush_below == 0)
		return;
	for (const struct making *m = keep->ended; m != NULL; m = m->next)
		if (m->id < keep->flush_below)
			return;
	for (size_t s = 0; s < STREAM_END; s++)
		for (size_t c = 0; c < LIMIT_CLASSES; c++)
			if (keep->strand[s][c].making != NULL &&
			    keep->strand[s][c].making->id < keep->flush_below)
				return;
	keep->flush_below = 0;
	event_push(keep, KEEP_FLUSHED, (struct span){ NULL, 0 }, &none);
}

static void
tick(struct keep *keep, int64_t now_ns)
{
	keep->next_tick_ns = now_ns + TICK_NS;
	if (now_ns >= keep->next_checkpoint_ns) {
		keep->next_checkpoint_ns = now_ns + keep->conf.checkpoint_ns;
		keep->want_checkpoint = true;
	}
	disk_tick(keep, now_ns);
	if (!keep->read_only && !keep->journal_failed && keep->rewrite == NULL) {
		leaf_tick(keep, now_ns);
		expire_tick(keep, now_ns);
	}
	if (keep->hold_ns <= now_ns)
		trim_journal(keep);
}

static void
resume_step(struct keep *keep)
{
	struct keep_event none = { 0 };

	if (!keep->turned_away || keep->todo != NULL || keep->rewrite != NULL ||
	    appender_crowded(keep->appender) || mill_crowded(keep->mill))
		return;
	keep->turned_away = false;
	event_push(keep, KEEP_RESUME, (struct span){ NULL, 0 }, &none);
}

void
keep_turn(struct keep *keep)
{
	int64_t now_ns = clock_mono_ns();
	uint64_t times;

	(void)!read(keep->wake_fd, &times, sizeof times);
	journal_step(keep);
	mill_collect(keep);
	(void)todo_put(keep);
	if (now_ns >= keep->next_tick_ns || keep->flush_below != 0)
		tick(keep, now_ns);
	checkpoint_step(keep);
	making_next(keep, now_ns);
	flush_step(keep);
	resume_step(keep);
	appender_push(keep->appender);
}

int
keep_fd(const struct keep *keep)
{
	return keep->wake_fd;
}

int64_t
keep_deadline_ns(const struct keep *keep)
{
	return keep->next_tick_ns;
}

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
		rc = instance_check(keep, &same, why);
		if (rc == OK && !same) {
			r->new_epoch = true;
			(void)snprintf(r->reason, sizeof r->reason,
			    "this is a copy, was restored or moved to another machine");
		}
	}
	if (rc != OK || !r->new_epoch)
		return rc;
	keep->epoch++;
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
	struct leaf leaf = leaf_now(keep, LEAF_EPOCH);

	leaf.u.epoch_begin = (struct leaf_epoch){ .root = keep->known_root,
	    .size = keep->signed_size, .reason = span_str(r->new_epoch ? r->reason :
	    "begun, but not told before a crash") };
	todo_push(keep, &leaf, AFTER_NOTHING, NULL);
	if (keep->epoch > 1)
		alarm_push(keep, "epoch %u begins: %s", keep->epoch, r->new_epoch ? r->reason : "");
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

	keep->recovering = true;
	rc = recover(keep, &r, why);
	keep->recovering = false;
	if (rc == OK)
		rc = recover_strays(keep, why);
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
	policy_tell(keep);
	if (r.new_epoch)
		rc = instance_write(keep, why);
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
		rc = note_open(keep, why);
	if (rc == OK)
		rc = mill_ready(keep, why);
	if (rc == OK)
		rc = life_begin(keep, why);
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
		event_free(&event);
	}
	event_free(&keep->event_now);
}

static void
keep_free(struct keep *keep)
{
	keep->trimming = true;		/* nothing new is begun */
	if (keep->mill != NULL) {
		mill_wait(keep->mill);
		mill_collect(keep);
	}
	mill_close(&keep->mill);
	appender_close(&keep->appender);
	for (uint32_t i = 0; i < KEEP_CHANNELS; i++)
		if (keep->channel[i].open)
			keep_channel_close(keep, i);
	strands_free(keep);
	queues_free(keep);
	intern_free(&keep->intern);
	note_close(keep);
	file_close(&keep->wake_fd);
	explicit_bzero(keep->store_key, sizeof keep->store_key);
	free(keep->resolved);
	free(keep->shape_table);
	free(keep->row_digest);
	free(keep->salt);
	free(keep->file);
	free(keep->counter);
	free(keep->origin);
	free(keep->machine);
	buf_done(&keep->raw);
	free(keep);
}

/* Turns until nothing is on its way any more, or time is up. */
static void
settle(struct keep *keep, int64_t end_ns)
{
	while (clock_mono_ns() < end_ns && !keep->read_only &&
	    (keep->want_checkpoint || keep->signing || keep->waiting != NULL || keep->todo != NULL)) {
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
	keep_free(*keep);
	*keep = NULL;
}
