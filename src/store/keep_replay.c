/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Frames of the last life, taken in again: rows that are in no segment go to the mill and into
 * their leaf, leaves that are under no checkpoint into the tree. See keep_recover.c.
 */
#include "store/keep_recover_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

/* ---- damage ---- */

void
walk_damage(struct walk *w, const char *format, ...)
{
	char text[MANIFEST_REASON];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	keep_facts(w->keep, w->file[w->index].number)->damaged = true;
	/* That of an earlier epoch is why there is a later one. */
	if (w->epoch < w->r->epoch || w->r->new_epoch)
		return;
	w->r->new_epoch = true;
	memcpy(w->r->reason, text, sizeof w->r->reason);
}

void
walk_given(struct walk *w, const struct frame_head *head)
{
	uint64_t *next;

	if (head->type != JOURNAL_ROWS || head->stream >= STREAM_END)
		return;
	next = &w->keep->next_seq[head->stream];
	if (head->id + head->rows > *next && head->rows <= LIMIT_ROWS)
		*next = head->id + head->rows;
}

/* ---- rows ---- */

static void
defs_drop(struct walk *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		intern_drop(w->keep->intern, w->def[i]);
}

/* The frame's definitions as interned ones, into w->def; each is a reference. */
static size_t
defs_of(struct walk *w, const struct journal_frame *frame)
{
	const struct batch_head *head = &frame->head;
	size_t n = (size_t)head->nshape + head->nsource;

	if (n > w->def_cap) {
		w->def_cap = n;
		w->def = xreallocarray(w->def, n, sizeof w->def[0]);
	}
	for (uint32_t i = 0; i < head->nshape; i++)
		must(intern_shape(w->keep->intern, frame->tables.shape[i]->code, &w->def[i],
		    NULL) == OK);
	for (uint32_t i = 0; i < head->nsource; i++)
		must(intern_source(w->keep->intern, frame->tables.source[i]->code,
		    &w->def[head->nshape + i], NULL) == OK);
	return n;
}

/* Rows whose LEAF frame is gone get a leaf of their own: the next one in the tree. */
static void
leaf_missing(struct walk *w, uint8_t stream, uint8_t class)
{
	struct strand *strand = &w->keep->strand[stream][class];
	struct leaf leaf = { .type = LEAF_ROWS, .time_ns = w->leaf_ns };
	struct mill_job *job = mill_job_new(JOB_TREE, NULL);

	walk_damage(w, "the leaf of rows %" PRIu64 " to %" PRIu64 " of stream %u is gone",
	    strand->first_seq, strand->last_seq, stream);
	leaf.stream = stream;
	leaf.class = class;
	leaf.epoch = strand->epoch;
	leaf.u.rows = (struct leaf_rows){ .first_seq = strand->first_seq,
	    .last_seq = strand->last_seq, .rows = strand->rows, .frames = strand->nframe,
	    .s0 = strand->locator.s0, .s1 = strand->locator.s1, .segment = strand->making->id };
	tree16(&leaf.u.rows.root, strand->frame, strand->nframe);
	leaf_encode(&job->bytes, &leaf);
	job->index = w->keep->next_leaf++;
	strand_known(w->keep, strand, job->index);
	mill_push(w->keep->mill, job);
	strand_empty(strand);
}

/* The segment that a frame names by the low half of its id. */
static uint64_t
segment_of(const struct keep *keep, const struct journal_frame *frame)
{
	uint64_t near = keep->next_segment, low = frame->segment_id;
	uint64_t id = (near & ~UINT64_C(0xffffffff)) | low;

	if (id + (UINT64_C(1) << 31) < near)
		id += UINT64_C(1) << 32;
	return id > 0 ? id : near;
}

static void
rows_replay(struct walk *w, const struct journal_frame *frame, size_t ndef)
{
	struct keep *keep = w->keep;
	struct strand *strand = &keep->strand[frame->stream][frame->class];
	uint64_t id = segment_of(keep, frame);
	struct buf whole = { 0 };
	struct rows_sum sum;
	struct parcel *p;

	if (strand->making != NULL && (strand->making->id != id ||
	    strand->making->epoch != frame->epoch ||
	    strand->making->rows + frame->head.nrow > LIMIT_ROWS)) {
		if (strand->rows > 0)
			leaf_missing(w, frame->stream, frame->class);
		making_finish(keep, strand);
	}
	if (strand->rows > 0 && memcmp(strand->seed, frame->seed, SEED_BYTES) != 0)
		leaf_missing(w, frame->stream, frame->class);
	must(keep_digest(keep, &frame->head, w->def, frame->epoch, frame->id, frame->seed,
	    &strand->locator, &sum, NULL) == OK);
	buf_span_put(&whole, frame->plain);
	p = parcel_of_rows(frame->seed, frame->instance, frame->ticket, &whole, &frame->head,
	    w->def);
	p->id = frame->id;
	p->digest = sum.digest;
	p->durable = true;
	if (strand->making == NULL)
		making_get(keep, p->stream, p->class, frame->epoch, id)->first_file = frame->file;
	strand_add(keep, p, frame->epoch, &sum);
	w->replayed[p->stream] += p->rows;
	keep->tally.recovered_rows += p->rows;
	keep->frame_digest = sum.digest;
	(void)ndef;
}

/* A frame that ended two lives: kept in quarantine/, in no segment. */
static void
rows_set_aside(struct walk *w, const struct journal_frame *frame, uint64_t what)
{
	struct keep *keep = w->keep;
	struct why why = { "" };

	if (keep_set_aside(keep, frame->batch, w->def, frame->head.nshape,
	    frame->head.nsource, what, &why) != OK)
		keep_alarm(keep, "cannot set rows aside: %s", why.text);
	keep->tally.set_aside_rows += frame->head.nrow;
	walk_damage(w, "rows %" PRIu64 " to %" PRIu64 " of stream %u ended this process twice: "
	    "they are in quarantine/", frame->id, frame->id + frame->head.nrow - 1, frame->stream);
}

bool
walk_rows(struct walk *w, const struct journal_frame *frame)
{
	struct keep *keep = w->keep;
	uint64_t last = frame->id + frame->head.nrow - 1;
	uint64_t what = (uint64_t)frame->stream << 56 | frame->id | NOTE_FRAME;
	struct file_facts *facts = keep_facts(keep, frame->file);
	bool digested = false;
	size_t ndef;

	if (frame->id < w->expect[frame->stream])
		return false;		/* stands in an abandoned file too */
	w->expect[frame->stream] = last + 1;
	if (keep->next_seq[frame->stream] <= last)
		keep->next_seq[frame->stream] = last + 1;
	facts->last_seq[frame->stream][frame->class] = last;
	if ((frame->instance & PLACE_MARK) == 0)
		seen_add(&keep->seen, frame->instance, frame->ticket);
	else if (frame->ticket > places_get(&keep->places, frame->instance))
		(void)places_set(&keep->places, frame->instance, frame->ticket);
	if (last <= keep->stored[frame->stream][frame->class])
		return false;
	keep->note->keeping = what;
	ndef = defs_of(w, frame);
	if (keep_suspects(keep, what)) {
		rows_set_aside(w, frame, what);
	} else {
		rows_replay(w, frame, ndef);
		digested = true;
	}
	defs_drop(w, ndef);
	keep->note->keeping = 0;
	keep->tally.replayed_frames++;
	if (mill_crowded(keep->mill))
		mill_wait(keep->mill);
	keep_collect(keep);
	return digested;
}

/* ---- leaves ---- */

static void
leaf_of_rows(struct walk *w, const struct journal_frame *frame, const struct leaf *leaf,
    uint64_t index)
{
	struct keep *keep = w->keep;
	struct strand *strand = &keep->strand[leaf->stream][leaf->class];

	if (leaf->u.rows.segment >= keep->next_segment)
		keep->next_segment = leaf->u.rows.segment + 1;
	if (leaf->u.rows.last_seq <= keep->stored[leaf->stream][leaf->class])
		return;
	if (strand->rows != leaf->u.rows.rows || strand->first_seq != leaf->u.rows.first_seq)
		walk_damage(w, "the rows of leaf %" PRIu64 " are not all there", index);
	if (strand->rows > 0) {
		strand_known(keep, strand, index);
		strand_empty(strand);
	}
	if (frame->segment_ends && strand->making != NULL)
		making_finish(keep, strand);
}

static void
leaf_of_drop(struct walk *w, const struct leaf *leaf)
{
	struct manifest *m = mill_manifest_take(w->keep->mill);

	if (manifest_find(m, leaf->u.drop.segment) != NULL)
		buf_put(&w->drop, &leaf->u.drop.segment, sizeof leaf->u.drop.segment);
	mill_manifest_give(w->keep->mill);
}

void
walk_leaf(struct walk *w, const struct journal_frame *frame)
{
	struct keep *keep = w->keep;
	struct file_facts *facts = keep_facts(keep, frame->file);
	uint64_t index = frame->id;
	struct leaf leaf;
	struct why why = { "" };

	arena_reset(w->arena);
	if (leaf_decode(&leaf, frame->entry, w->arena, &why) != OK) {
		walk_damage(w, "leaf %" PRIu64 ": %s", index, why.text);
		return;
	}
	w->leaf_ns = leaf.time_ns;
	if (index > keep->next_leaf) {
		walk_damage(w, "leaves %" PRIu64 " to %" PRIu64 " are gone", keep->next_leaf,
		    index - 1);
		index = keep->next_leaf;
	}
	if (index == keep->next_leaf) {
		struct mill_job *job = mill_job_new(JOB_TREE, NULL);

		job->index = keep->next_leaf++;
		buf_span_put(&job->bytes, frame->entry);
		mill_push(keep->mill, job);
		keep->key_leaf_unsigned |= leaf.type == LEAF_KEY;
	}
	facts->next_leaf = index + 1;
	/* The first leaf of an epoch says that it begins. */
	if (leaf.epoch == w->r->epoch)
		w->r->epoch_seen = true;
	if (leaf.type == LEAF_ROWS)
		leaf_of_rows(w, frame, &leaf, index);
	else if (leaf.type == LEAF_DROP)
		leaf_of_drop(w, &leaf);
	else if (leaf.type == LEAF_HOLD)
		keep_pins_replay(keep, &leaf.u.hold);
	keep_collect(keep);
}
