/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last life left: doc/formats/journal.md section 4. The journal is read once, in order;
 * rows that are in no segment go to the mill again, leaves that are under no checkpoint into the
 * tree, and what does not fit together begins a new epoch. A torn tail is cut; nothing else is
 * ever changed.
 */
#include "store/keep_int.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"

/* One journal file as seen before any is read through. */
struct known_file {
	uint64_t number;
	bool valid;			/* its head is */
	uint32_t epoch;
	struct digest chain;
};

struct walk {
	struct keep *keep;
	struct recovery *r;
	struct known_file *file;
	size_t n;
	struct journal_file at;		/* the one being read */
	size_t index;			/* its place in file[] */
	struct digest chain;
	uint32_t epoch;			/* of the files read last */
	uint64_t expect[STREAM_END];	/* next sequence number in the journal; 0: none yet */
	uint64_t replayed[STREAM_END];	/* rows that are in no segment */
	uint64_t rows_stored[STREAM_END], rows_lost[STREAM_END];	/* by the manifest */
	struct def **def;		/* of the frame at hand */
	size_t def_cap;
	struct arena *arena;
	struct buf drop;		/* ids of segments whose DROP leaf is there */
};

/* ---- damage ---- */

__attribute__((format(printf, 2, 3)))
static void
damage(struct walk *w, const char *format, ...)
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
	struct leaf leaf = keep_leaf_now(w->keep, LEAF_ROWS);
	struct mill_job *job = mill_job_new(JOB_TREE, NULL);

	damage(w, "the leaf of rows %" PRIu64 " to %" PRIu64 " of stream %u is gone",
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
	p = parcel_of_rows(frame->seed, frame->instance, frame->ticket, frame->batch, &frame->head,
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
	damage(w, "rows %" PRIu64 " to %" PRIu64 " of stream %u ended this process twice: they are "
	    "in quarantine/", frame->id, frame->id + frame->head.nrow - 1, frame->stream);
}

/* True when the frame's digest was computed, into keep->frame_digest. */
static bool
frame_rows(struct walk *w, const struct journal_frame *frame)
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
	seen_add(&keep->seen, frame->instance, frame->ticket);
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
		damage(w, "the rows of leaf %" PRIu64 " are not all there", index);
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

static void
frame_leaf(struct walk *w, const struct journal_frame *frame)
{
	struct keep *keep = w->keep;
	struct file_facts *facts = keep_facts(keep, frame->file);
	uint64_t index = frame->id;
	struct leaf leaf;
	struct why why = { "" };

	arena_reset(w->arena);
	if (leaf_decode(&leaf, frame->entry, w->arena, &why) != OK) {
		damage(w, "leaf %" PRIu64 ": %s", index, why.text);
		return;
	}
	if (index > keep->next_leaf) {
		damage(w, "leaves %" PRIu64 " to %" PRIu64 " are gone", keep->next_leaf, index - 1);
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
	keep_collect(keep);
}

/* ---- frames ---- */

/* Takes the frame in; checks its chain where its digest had to be computed anyway. */
static void
frame_take(struct walk *w, const struct journal_frame *frame)
{
	struct digest d, chain = w->chain;
	bool digested = true;

	if (frame->type == JOURNAL_ROWS) {
		digested = frame_rows(w, frame);
		d = w->keep->frame_digest;
	} else {
		blake256(&d, frame->plain);
	}
	if (frame->type == JOURNAL_LEAF)
		frame_leaf(w, frame);
	if (digested) {
		chain_next(&chain, frame->type, &d);
		if (memcmp(&chain, &frame->chain, sizeof chain) != 0)
			damage(w, "journal file %" PRIu64 ", frame %u: the chain does not hold",
			    frame->file, frame->number);
	}
	w->chain = frame->chain;
	/* No batch is taken before the EPOCH leaf stands. */
	if (frame->epoch == w->r->epoch && frame->type <= JOURNAL_ROWS)
		w->r->epoch_seen = true;
}

/* Octets behind the last valid frame that are no zeros: somebody began to write there. */
static enum err
tail_cut(struct walk *w, struct why *why)
{
	struct file_facts *facts = keep_facts(w->keep, w->file[w->index].number);
	uint64_t size = 0, end = w->at.at;
	char name[JOURNAL_NAME_BYTES];
	uint8_t head[FRAME_HEAD_BYTES];
	size_t got = 0;
	int fd = -1;
	enum err rc;

	journal_name(name, facts->number);
	rc = file_open(&fd, w->keep->dirfd, name, FILE_READ_WRITE, why);
	if (rc == OK)
		rc = file_size(fd, &size, why);
	if (rc == OK)
		rc = file_pread(fd, head, sizeof head, end, &got, why);
	for (size_t i = 0; i < got; i++)
		if (head[i] != 0) {
			w->keep->tally.torn_bytes += size - end;
			break;
		}
	if (rc == OK && size > end) {
		rc = file_truncate(fd, end, why);
		if (rc == OK)
			rc = file_sync(fd, why);
	}
	file_close(&fd);
	return rc;
}

/* A later file of the same epoch with a valid head, or NULL. */
static const struct known_file *
follower(const struct walk *w)
{
	for (size_t i = w->index + 1; i < w->n; i++)
		if (w->file[i].valid)
			return w->file[i].epoch == w->epoch ? &w->file[i] : NULL;
	return NULL;
}

/*
 * No valid frame lies where the next one should. OK: read on (behind damage); ERR_MORE: this file
 * is done.
 */
static enum err
frame_none(struct walk *w, const struct known_file *next, struct why *why)
{
	uint64_t offset, at = w->at.at;
	struct frame_head head;
	enum err rc;

	rc = journal_file_seek(&w->at, &offset, &head, why);
	if (rc == ERR_ABSENT && next == NULL)
		return ERR_MORE;	/* the end, or torn */
	if (rc != OK && rc != ERR_ABSENT)
		return rc;
	if (rc == OK && next == NULL && head.sync <= w->at.number)
		return ERR_MORE;	/* torn: that frame was part of the same write */
	damage(w, "journal file %" PRIu64 " is damaged at octet %" PRIu64,
	    w->file[w->index].number, at);
	if (rc == ERR_ABSENT)
		return ERR_MORE;
	journal_file_skip(&w->at, offset, head.number);
	w->chain = (struct digest){ { 0 } };
	return OK;
}

static enum err
frames_walk(struct walk *w, const struct known_file *next, struct why *why)
{
	struct journal_frame frame;
	enum err rc = OK;

	while (rc == OK) {
		/* The next file goes on from here: what follows was abandoned. */
		if (next != NULL && memcmp(&w->chain, &next->chain, sizeof w->chain) == 0)
			return OK;
		rc = journal_file_next(&w->at, &frame, why);
		if (rc == OK) {
			frame_take(w, &frame);
		} else if (rc == ERR_FORMAT) {
			damage(w, "%s", why != NULL ? why->text : "a frame is broken");
			rc = OK;
		} else if (rc == ERR_MORE) {
			rc = frame_none(w, next, why);
		}
	}
	return rc == ERR_MORE ? OK : rc;
}

/* ---- files ---- */

/* A file without a valid head: nothing that was acknowledged, unless others say so. */
static enum err
file_headless(struct walk *w, struct why *why)
{
	char name[JOURNAL_NAME_BYTES];
	struct frame_head head;
	uint64_t offset;
	enum err rc;

	rc = journal_file_seek(&w->at, &offset, &head, why);
	if (rc == OK ? head.sync > 0 : rc != ERR_ABSENT) {
		if (rc != OK)
			return rc;
		damage(w, "journal file %" PRIu64 " has a damaged head", w->file[w->index].number);
		return OK;
	}
	if (w->index + 1 < w->n)
		return OK;		/* abandoned; the next file says from where it goes on */
	/* Its number is free again: readers expect one after the other. */
	journal_name(name, w->file[w->index].number);
	w->r->last_file = w->file[w->index].number - 1;
	return file_unlink(w->keep->dirfd, name, why);
}

static enum err
file_walk(struct walk *w, struct why *why)
{
	const struct known_file *file = &w->file[w->index], *next;
	enum err rc;

	(void)keep_facts(w->keep, file->number);
	rc = journal_file_open(&w->at, w->keep->dirfd, file->number, w->keep->conf.store_key, why);
	if (rc == ERR_FORMAT) {
		rc = file_headless(w, why);
	} else if (rc == OK) {
		if (w->index > 0 && file->epoch == w->epoch &&
		    memcmp(&file->chain, &w->chain, sizeof w->chain) != 0)
			damage(w, "journal file %" PRIu64 " does not go on from the one before",
			    file->number);
		w->epoch = file->epoch;
		w->chain = file->chain;
		if (w->epoch > w->r->epoch) {
			w->r->epoch = w->epoch;
			damage(w, "the journal is newer than the manifest");
		}
		next = follower(w);
		rc = frames_walk(w, next, why);
		if (rc == OK && w->index + 1 == w->n &&
		    !keep_facts(w->keep, file->number)->damaged)
			rc = tail_cut(w, why);
	}
	journal_file_close(&w->at);
	return rc;
}

/* Heads of all files; those before the manifest's first are left over and go. */
static enum err
files_look(struct walk *w, uint64_t first, struct why *why)
{
	uint64_t *list = NULL;
	size_t n = 0;
	enum err rc;

	rc = journal_list(w->keep->dirfd, &list, &n, why);
	w->file = xcalloc(n, sizeof w->file[0]);
	for (size_t i = 0; i < n && rc == OK; i++) {
		struct known_file *file = &w->file[w->n];
		char name[JOURNAL_NAME_BYTES];

		if (list[i] < first) {
			journal_name(name, list[i]);
			rc = file_unlink(w->keep->dirfd, name, why);
			continue;
		}
		rc = journal_file_open(&w->at, w->keep->dirfd, list[i], w->keep->conf.store_key,
		    why);
		*file = (struct known_file){ .number = list[i], .valid = rc == OK,
		    .epoch = w->at.head.epoch, .chain = w->at.head.chain };
		journal_file_close(&w->at);
		if (rc == ERR_FORMAT)
			rc = OK;
		w->n++;
	}
	if (n > 0)
		w->r->last_file = list[n - 1];
	free(list);
	return rc;
}

/* What the manifest knows, before a frame is read. */
static uint64_t
state_take(struct walk *w)
{
	struct keep *keep = w->keep;
	struct manifest *m = mill_manifest_take(keep->mill);
	uint64_t first = manifest_journal_file(m);

	w->r->epoch = manifest_epoch(m);
	keep->next_segment = 1;
	if (manifest_count(m) > 0)
		keep->next_segment = manifest_segment(m, manifest_count(m) - 1)->id + 1;
	for (uint8_t s = 0; s < STREAM_END; s++) {
		keep->next_seq[s] = 1;
		for (uint8_t c = 0; c < LIMIT_CLASSES; c++) {
			keep->stored[s][c] = manifest_stored(m, s, c);
			if (keep->next_seq[s] <= keep->stored[s][c])
				keep->next_seq[s] = keep->stored[s][c] + 1;
		}
		w->rows_stored[s] = manifest_rows_stored(m, s);
		w->rows_lost[s] = manifest_rows_lost(m, s);
	}
	mill_manifest_give(keep->mill);
	w->r->last_file = first > 0 ? first - 1 : 0;
	return first;
}

/* Every number up to the last one belongs to a row that is somewhere. */
static void
rows_count(struct walk *w)
{
	for (size_t s = 0; s < STREAM_END; s++) {
		uint64_t given = w->keep->next_seq[s] - 1;
		uint64_t found = w->rows_stored[s] + w->rows_lost[s] + w->replayed[s];

		if (found >= given)
			continue;
		w->r->lost[s] = given - found;
		w->keep->tally.lost_rows += given - found;
		if (w->r->new_epoch)
			continue;
		w->r->new_epoch = true;
		(void)snprintf(w->r->reason, sizeof w->r->reason,
		    "%" PRIu64 " rows of stream %zu are missing", given - found, s);
	}
}

static void
drops_finish(struct walk *w)
{
	struct mill_job *job;

	if (w->drop.n == 0)
		return;
	job = mill_job_new(JOB_DROP, NULL);
	job->bytes = w->drop;
	w->drop = (struct buf){ 0 };
	w->keep->dropping = true;
	mill_push(w->keep->mill, job);
}

enum err
keep_recover(struct keep *keep, struct recovery *ret_recovery, struct why *why)
{
	struct walk w = { .keep = keep, .r = ret_recovery, .at.fd = -1 };
	uint64_t first = state_take(&w);
	enum err rc;

	w.arena = arena_new((size_t)LEAF_INDEXES_MAX * 32);
	rc = files_look(&w, first, why);
	for (; w.index < w.n && rc == OK; w.index++)
		rc = file_walk(&w, why);
	if (rc == OK) {
		w.r->chain = w.chain;
		rows_count(&w);
		drops_finish(&w);
		mill_wait(keep->mill);
		keep_collect(keep);
	}
	buf_done(&w.drop);
	arena_free(&w.arena);
	free(w.def);
	free(w.file);
	return rc;
}
