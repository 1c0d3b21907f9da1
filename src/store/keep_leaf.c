/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leaves, segments and the checkpoint tick: when they end and what then happens in which order.
 * seal.md sections 2 to 4.
 *
 *	leaf cut ─► LEAF frame ─ durable ─► tree
 *	segment ended ─► all of its frames durable ─► files ─► manifest ─► journal files may go
 *	tick ─► all leaves cut ─► HEARTBEAT frame ─ durable ─► checkpoint signed
 */
#include "store/keep_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"

enum { LEAF_ENTRY_MOST = 512, RETRY_S = 2 };	/* octets of a ROWS entry: far fewer */

struct leaf
keep_leaf_now(const struct keep *keep, enum leaf_type type)
{
	return (struct leaf){ .type = (uint8_t)type, .epoch = keep->epoch,
	    .time_ns = clock_wall_ns() };
}

/* ---- leaves of rows ---- */

void
strand_empty(struct strand *strand)
{
	strand->rows = 0;
	strand->nframe = 0;
	strand->locator = (struct locator){ 0 };
	explicit_bzero(strand->seed, sizeof strand->seed);
}

void
strand_known(struct keep *keep, struct strand *strand, uint64_t index)
{
	struct making *making = strand->making;
	struct mill_job *job = mill_job_new(JOB_LEAF, making);

	must(making != NULL);
	buf_varint(&making->leaves, index - making->last_leaf);
	making->last_leaf = index;
	making->nleaf++;
	making->unmilled++;
	job->builder = making->builder;
	job->index = index;
	memcpy(job->seed, strand->seed, sizeof job->seed);
	mill_push(keep->mill, job);
}

static void
leaf_entry(struct keep *keep, struct strand *strand, uint8_t stream, uint8_t class,
    struct buf *out)
{
	struct leaf leaf = keep_leaf_now(keep, LEAF_ROWS);

	leaf.stream = stream;
	leaf.class = class;
	leaf.epoch = strand->epoch;
	leaf.u.rows = (struct leaf_rows){ .first_seq = strand->first_seq,
	    .last_seq = strand->last_seq, .rows = strand->rows, .frames = strand->nframe,
	    .s0 = strand->locator.s0, .s1 = strand->locator.s1, .segment = strand->making->id };
	tree16(&leaf.u.rows.root, strand->frame, strand->nframe);
	leaf_encode(out, &leaf);
}

enum err
strand_cut(struct keep *keep, uint8_t stream, uint8_t class, bool segment_ends, struct why *why)
{
	struct strand *strand = &keep->strand[stream][class];
	struct buf entry = { 0 };
	struct parcel *p;
	enum err rc;

	if (strand->rows == 0)
		return OK;
	rc = parcel_room(keep, NULL, 0, LEAF_ENTRY_MOST, why);
	if (rc != OK)
		return rc;
	leaf_entry(keep, strand, stream, class, &entry);
	p = parcel_of_leaf(strand->seed, segment_ends ? strand->making->id : 0, buf_span(&entry));
	buf_done(&entry);
	must(p->plain.n <= LEAF_ENTRY_MOST);
	p->stream = stream;
	p->class = class;
	p->id = keep->next_leaf++;
	p->making = strand->making;
	p->milled = true;
	parcel_put(keep, p);
	parcel_wait(keep, p);
	strand_known(keep, strand, p->id);
	strand_empty(strand);
	keep->tally.leaves++;
	return OK;
}

void
strand_grown(struct keep *keep, uint8_t stream, uint8_t class)
{
	struct strand *strand = &keep->strand[stream][class];

	/* What has no room now has its turn at the next tick. */
	if (strand->making->rows >= LIMIT_ROWS ||
	    strand->making->bytes > keep->conf.segment_bytes)
		(void)making_end(keep, stream, class, NULL);
	else if (strand->rows >= LEAF_ROWS_FULL &&
	    clock_mono_ns() - strand->since_ns >= LEAF_FULL_NS)
		(void)strand_cut(keep, stream, class, false, NULL);
}

/* ---- segments ---- */

struct making *
making_get(struct keep *keep, uint8_t stream, uint8_t class, uint32_t epoch, uint64_t id)
{
	struct strand *strand = &keep->strand[stream][class];
	struct builder_conf conf = { .stream = stream, .class = class, .epoch = epoch,
	    .store_key = keep->conf.store_key, .level = 1 };
	struct making *making = strand->making;

	if (making != NULL) {
		must(making->epoch == epoch);
		return making;
	}
	making = xcalloc(1, sizeof *making);
	making->id = id != 0 ? id : keep->next_segment++;
	if (making->id >= keep->next_segment)
		keep->next_segment = making->id + 1;
	making->epoch = epoch;
	making->stream = stream;
	making->class = class;
	making->recv_min_ns = INT64_MAX;
	making->began_ns = clock_mono_ns();
	making->first_file = keep->recovering ? 0 : appender_file(keep->appender);
	memcpy(conf.store_id, keep->store_id, sizeof conf.store_id);
	making->builder = builder_new(&conf);
	strand->making = making;
	return making;
}

void
making_free(struct making **making)
{
	if (*making == NULL)
		return;
	builder_free(&(*making)->builder);
	buf_done(&(*making)->leaves);
	mill_job_free(&(*making)->job);
	free(*making);
	*making = NULL;
}

void
making_finish(struct keep *keep, struct strand *strand)
{
	must(strand->rows == 0 && strand->making->rows > 0);
	strand->making->next = NULL;
	*keep->ended_last = strand->making;
	keep->ended_last = &strand->making->next;
	strand->making = NULL;
}

bool
making_crowded(const struct keep *keep)
{
	size_t bytes = 0;

	for (const struct making *m = keep->ended; m != NULL; m = m->next)
		bytes += m->bytes;
	return bytes > ENDED_BYTES_ALL;
}

enum err
making_end(struct keep *keep, uint8_t stream, uint8_t class, struct why *why)
{
	struct strand *strand = &keep->strand[stream][class];
	enum err rc;

	if (strand->making == NULL)
		return OK;
	rc = strand_cut(keep, stream, class, true, why);
	if (rc == OK)
		making_finish(keep, strand);
	return rc;
}

void
making_next(struct keep *keep, int64_t now_ns)
{
	struct making *making = keep->ended;
	struct mill_job *job;

	/*
	 * Not behind the rows that came later: one segment at a time is written, and while each of
	 * them waited for the whole queue, more ended than were written.
	 */
	if (making == NULL || keep->segment_busy || making->undurable > 0 ||
	    making->unmilled > 0 || now_ns < making->retry_ns)
		return;
	job = making->job;
	making->job = NULL;
	if (job == NULL) {
		job = mill_job_new(JOB_SEGMENT, making);
		job->builder = making->builder;
		job->id = making->id;
		job->recv_ns = making->recv_min_ns;
		buf_varint(&job->bytes, making->nleaf);
		buf_span_put(&job->bytes, buf_span(&making->leaves));
	}
	keep->segment_busy = true;
	mill_push_first(keep->mill, job);
}

void
making_done(struct keep *keep, struct mill_job *job)
{
	struct making *making = job->owner;

	must(making == keep->ended && making->unmilled == 0);
	keep->segment_busy = false;
	if (job->rc != OK) {
		if (making->retry_ns == 0)
			keep_alarm(keep, "cannot write segment %llu: %s",
			    (unsigned long long)making->id, job->why->text);
		keep->trouble = *job->why;
		keep->segment_full |= job->rc == ERR_FULL;
		free(job->why);
		job->why = NULL;
		making->job = job;
		making->retry_ns = clock_mono_ns() + RETRY_S * SECOND_NS;
		return;
	}
	keep->segment_full = false;
	keep->stored[making->stream][making->class] = making->last_seq;
	keep->tally.segments++;
	keep->ended = making->next;
	if (keep->ended == NULL)
		keep->ended_last = &keep->ended;
	making_free(&making);
	mill_job_free(&job);
	keep_trim(keep);
}

/* ---- entries other than rows ---- */

static void
entry_push(struct keep *keep, struct span entry, uint8_t stream, uint8_t class, enum after after,
    struct buf *ids)
{
	struct todo *todo = xcalloc(1, sizeof *todo);

	buf_span_put(&todo->entry, entry);
	todo->stream = stream;
	todo->class = class;
	todo->after = (uint8_t)after;
	if (ids != NULL) {
		todo->ids = *ids;
		*ids = (struct buf){ 0 };
	}
	*keep->todo_last = todo;
	keep->todo_last = &todo->next;
}

void
todo_push(struct keep *keep, const struct leaf *leaf, enum after after, struct buf *ids)
{
	struct buf entry = { 0 };

	leaf_encode(&entry, leaf);
	entry_push(keep, buf_span(&entry), leaf->stream, leaf->class, after, ids);
	buf_done(&entry);
}

bool
todo_put(struct keep *keep)
{
	while (keep->todo != NULL && keep->rewrite == NULL && !keep->journal_failed) {
		struct todo *todo = keep->todo;
		struct parcel *p = parcel_of_leaf(NULL, 0, buf_span(&todo->entry));

		p->durable = p->milled = true;
		if (parcel_room(keep, NULL, 0, p->plain.n, NULL) != OK) {
			parcel_free(keep, &p);
			return false;
		}
		p->durable = false;
		p->stream = todo->stream;
		p->class = todo->class;
		p->after = todo->after;
		p->ids = todo->ids;
		p->id = keep->next_leaf++;
		parcel_put(keep, p);
		parcel_wait(keep, p);
		keep->tally.leaves++;
		keep->todo = todo->next;
		if (keep->todo == NULL)
			keep->todo_last = &keep->todo;
		buf_done(&todo->entry);
		free(todo);
	}
	return keep->todo == NULL;
}

/* ---- time ---- */

static bool
leaf_is_due(const struct strand *strand, int64_t now_ns)
{
	int64_t age_ns = now_ns - strand->since_ns;

	return strand->rows > 0 && ((strand->rows >= LEAF_ROWS_FULL && age_ns >= LEAF_FULL_NS) ||
	    (strand->rows >= LEAF_ROWS_SOME && age_ns >= LEAF_SOME_NS) || age_ns >= LEAF_ANY_NS);
}

static bool
making_is_due(const struct keep *keep, const struct making *making, int64_t now_ns)
{
	return making->rows >= LIMIT_ROWS || making->bytes > keep->conf.segment_bytes ||
	    now_ns - making->began_ns >= keep->conf.segment_age_ns ||
	    making->id < keep->flush_below ||
	    appender_file(keep->appender) >= making->first_file + JOURNAL_FILES_MAX;
}

/* The largest one ends when all together hold too much memory. */
static void
making_share(struct keep *keep)
{
	struct making *largest = NULL;
	size_t all = 0;

	for (size_t s = 0; s < STREAM_END; s++)
		for (size_t c = 0; c < LIMIT_CLASSES; c++) {
			struct making *making = keep->strand[s][c].making;

			if (making == NULL)
				continue;
			all += making->bytes;
			if (largest == NULL || making->bytes > largest->bytes)
				largest = making;
		}
	if (all > MAKING_BYTES_ALL)
		(void)making_end(keep, largest->stream, largest->class, NULL);
}

void
strand_tick(struct keep *keep, int64_t now_ns)
{
	making_share(keep);
	for (uint8_t s = 0; s < STREAM_END; s++)
		for (uint8_t c = 0; c < LIMIT_CLASSES; c++) {
			struct strand *strand = &keep->strand[s][c];
			enum err rc = OK;

			if (strand->making != NULL && making_is_due(keep, strand->making, now_ns))
				rc = making_end(keep, s, c, NULL);
			else if (leaf_is_due(strand, now_ns))
				rc = strand_cut(keep, s, c, false, NULL);
			if (rc != OK)
				return;
		}
}

/* ---- the checkpoint ---- */

static void
heartbeat_push(struct keep *keep)
{
	struct leaf leaf = keep_leaf_now(keep, LEAF_HEARTBEAT);
	struct leaf_heartbeat *h = &leaf.u.heartbeat;
	struct leaf_counter *counter = xcalloc(keep->ncounter + 1, sizeof *counter);

	for (size_t s = 0; s < STREAM_END; s++)
		h->last_seq[s] = h->rows[s] = keep->next_seq[s] - 1;
	h->journal = appender_chain(keep->appender);
	h->ncounter = (uint32_t)keep_counters_take(keep, counter);
	h->counter = counter;
	todo_push(keep, &leaf, keep->rekey_wanted ? AFTER_REKEY : AFTER_CHECKPOINT, NULL);
	keep_counters_drop(keep);
	keep->rekey_wanted = false;
	free(counter);
}

void
keep_checkpoint_step(struct keep *keep)
{
	if (!keep->want_checkpoint || keep->signing || keep->todo != NULL ||
	    keep->rewrite != NULL || keep->rekey != NULL || keep->journal_failed || keep->read_only)
		return;
	for (uint8_t s = 0; s < STREAM_END; s++)
		for (uint8_t c = 0; c < LIMIT_CLASSES; c++)
			if (strand_cut(keep, s, c, false, NULL) != OK)
				return;
	/* From here to the heartbeat no row comes: todo keeps batches out. */
	keep->want_checkpoint = false;
	keep->signing = true;
	if (keep->key_entry.n > 0) {
		entry_push(keep, buf_span(&keep->key_entry), 0, 0, AFTER_NOTHING, NULL);
		keep->key_entry.n = 0;
	}
	heartbeat_push(keep);
	(void)todo_put(keep);
}

void
keep_checkpoint_done(struct keep *keep, struct mill_job *job)
{
	struct keep_event none = { 0 };

	keep->signing = false;
	if (job->rc != OK) {
		keep_alarm(keep, "cannot sign a checkpoint: %s", job->why->text);
		keep->next_checkpoint_ns = clock_mono_ns() + RETRY_S * SECOND_NS;
	} else {
		keep->signed_size = job->size;
		keep->tally.checkpoints++;
		keep_tell(keep, KEEP_CHECKPOINT, buf_span(&job->note), &none);
		keep_trim(keep);
	}
	mill_job_free(&job);
}
