/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The store's one writer: the turn, and what follows from what. The parts are in keep_*.c, see
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

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "store/keep_int.h"

enum { FAILURES_MAX = 2 };		/* in a row: then read-only */

/* ---- events ---- */

void
keep_tell(struct keep *keep, enum keep_event_type type, struct span text,
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
keep_alarm(struct keep *keep, const char *format, ...)
{
	struct keep_event none = { 0 };
	char text[sizeof(struct why)];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	keep_tell(keep, KEEP_ALARM, span_str(text), &none);
}

void
keep_told(struct event **event)
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
	keep_told(&keep->event_now);
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
keep_facts(struct keep *keep, uint64_t file)
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
		keep_tell(keep, KEEP_ACK, (struct span){ NULL, 0 }, &e);
}

/* What waited for this leaf to be durable. */
static void
leaf_durable(struct keep *keep, struct parcel *p)
{
	struct mill_job *job = mill_job_new(JOB_TREE, NULL);

	job->index = p->id;
	buf_span_put(&job->bytes, p->entry);
	mill_push(keep->mill, job);
	if (p->after == AFTER_CHECKPOINT) {
		mill_push(keep->mill, mill_job_new(JOB_CHECKPOINT, NULL));
	} else if (p->after == AFTER_DROP) {
		job = mill_job_new(JOB_DROP, NULL);
		job->bytes = p->ids;
		p->ids = (struct buf){ 0 };
		keep->drop = job;
	} else if (p->after == AFTER_REKEY) {
		job = mill_job_new(JOB_REKEY, NULL);
		memcpy(job->seed, keep->new_seed, sizeof job->seed);
		explicit_bzero(keep->new_seed, sizeof keep->new_seed);
		mill_push(keep->mill, job);
	} else if (p->after == AFTER_POLICY) {
		keep_policy_write(keep);
	} else if (p->after == AFTER_HOLD) {
		keep_pins_durable(keep, p->id, &p->ids);
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
		keep_alarm(keep, "nothing can be kept any more, the disk fails again and again: %s",
		    why->text);
		return;
	}
	keep_alarm(keep, "a write to the journal failed, what it held is written again: %s",
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
rows_milled(struct keep *keep, struct mill_job *job)
{
	struct parcel *p = job->owner;

	p->making->bytes = job->size;
	p->making->unmilled--;
	p->milled = true;
	parcel_free(keep, &p);
	mill_job_free(&job);
}

static void
leaf_milled(struct keep *keep, struct mill_job *job)
{
	struct making *making = job->owner;

	(void)keep;
	making->unmilled--;
	mill_job_free(&job);
}

static void
tree_milled(struct keep *keep, struct mill_job *job)
{
	(void)keep;
	mill_job_free(&job);
}

static void
trim_milled(struct keep *keep, struct mill_job *job)
{
	keep->trimming = false;
	if (job->rc != OK) {
		keep->places.dirty |= job->note.n > 0;
		keep_alarm(keep, "cannot remove journal files: %s", job->why->text);
	}
	mill_job_free(&job);
}

static void
rekey_milled(struct keep *keep, struct mill_job *job)
{
	struct keep_event none = { 0 };

	if (job->rc != OK) {
		keep_alarm(keep, "cannot sign the key's replacement: %s", job->why->text);
		free(job->why);
		job->why = NULL;
		keep->rekey = job;
		return;
	}
	keep_checkpoint_done(keep, job);
	keep_tell(keep, KEEP_REKEYED, (struct span){ NULL, 0 }, &none);
}

typedef void milled_fn(struct keep *keep, struct mill_job *job);

static milled_fn *const milled[JOB_TYPE_END] = {
	[JOB_ROWS] = rows_milled, [JOB_LEAF] = leaf_milled, [JOB_TREE] = tree_milled,
	[JOB_SEGMENT] = making_done, [JOB_CHECKPOINT] = keep_checkpoint_done,
	[JOB_REKEY] = rekey_milled, [JOB_DROP] = keep_drop_done, [JOB_TRIM] = trim_milled,
	[JOB_REPLACE] = keep_replace_done, [JOB_REMOVE] = keep_remove_done,
	[JOB_HOLD] = keep_pins_done,
};

void
keep_collect(struct keep *keep)
{
	struct mill_job *job = mill_done(keep->mill);

	while (job != NULL) {
		struct mill_job *next = job->next;

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
	keep_tell(keep, KEEP_FLUSHED, (struct span){ NULL, 0 }, &none);
}

static void
tick(struct keep *keep, int64_t now_ns)
{
	struct buf spare = keep_spare(keep, SIZE_MAX);	/* one a tick: in quiet times all go */

	buf_done(&spare);
	keep->next_tick_ns = now_ns + TICK_NS;
	if (now_ns >= keep->next_checkpoint_ns) {
		keep->next_checkpoint_ns = now_ns + keep->conf.checkpoint_ns;
		keep->want_checkpoint = true;
	}
	keep_disk_tick(keep, now_ns);
	if (keep->rekey != NULL && now_ns % (8 * TICK_NS) < TICK_NS) {
		mill_push(keep->mill, keep->rekey);
		keep->rekey = NULL;
	}
	if (!keep->read_only && !keep->journal_failed && keep->rewrite == NULL) {
		strand_tick(keep, now_ns);
		keep_expire_tick(keep, now_ns);
	}
	if (keep->hold_ns <= now_ns)
		keep_trim(keep);
}

/* The leaves of these segments are durable; their files stay while there is a hold. */
static void
drop_step(struct keep *keep, int64_t now_ns)
{
	if (keep->drop == NULL || now_ns < keep->hold_ns)
		return;
	mill_push(keep->mill, keep->drop);
	keep->drop = NULL;
}

static void
resume_step(struct keep *keep)
{
	struct keep_event none = { 0 };

	if (!keep->turned_away || keep->todo != NULL || keep->rewrite != NULL ||
	    appender_crowded(keep->appender) || mill_crowded(keep->mill) ||
	    making_crowded(keep))
		return;
	keep->turned_away = false;
	keep_tell(keep, KEEP_RESUME, (struct span){ NULL, 0 }, &none);
}

void
keep_turn(struct keep *keep)
{
	int64_t now_ns = clock_mono_ns();
	uint64_t times;

	(void)!read(keep->wake_fd, &times, sizeof times);
	journal_step(keep);
	keep_collect(keep);
	(void)todo_put(keep);
	if (now_ns >= keep->next_tick_ns || keep->flush_below != 0)
		tick(keep, now_ns);
	drop_step(keep, now_ns);
	keep_pins_step(keep, now_ns);
	keep_checkpoint_step(keep);
	making_next(keep, now_ns);
	flush_step(keep);
	keep_upkeep_step(keep, now_ns);
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
