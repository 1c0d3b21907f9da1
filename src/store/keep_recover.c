/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the last life left: doc/formats/journal.md section 4. The journal is read once, in order;
 * rows that are in no segment go to the mill again, leaves that are under no checkpoint into the
 * tree, and what does not fit together begins a new epoch. A torn tail is cut; nothing else is
 * ever changed.
 */
#include "store/keep_recover_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"

/* ---- frames ---- */

/* Takes the frame in; checks its chain where its digest had to be computed anyway. */
static void
frame_take(struct walk *w, const struct journal_frame *frame)
{
	struct digest d, chain = w->chain;
	bool digested = true;

	if (frame->type == JOURNAL_ROWS) {
		digested = walk_rows(w, frame);
		d = w->keep->frame_digest;
	} else {
		blake256(&d, frame->plain);
	}
	if (frame->type == JOURNAL_LEAF)
		walk_leaf(w, frame);
	if (digested) {
		chain_next(&chain, frame->type, &d);
		if (memcmp(&chain, &frame->chain, sizeof chain) != 0)
			walk_damage(w, "the chain of journal file %" PRIu64 " breaks at frame %u",
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
 * Is there a valid frame behind here whose write was begun when frame `number` was synced? Leaves
 * the file where it was.
 */
static enum err
later_write(struct walk *w, uint32_t number, bool *ret_is, struct why *why)
{
	uint64_t at = w->at.at, offset;
	uint32_t expected = w->at.number;
	struct frame_head head;
	enum err rc;

	*ret_is = false;
	while (!*ret_is && (rc = journal_file_seek(&w->at, &offset, &head, why)) == OK) {
		*ret_is = head.sync > number;
		journal_file_skip(&w->at, offset + FRAME_HEAD_BYTES, head.number);
	}
	journal_file_skip(&w->at, at, expected);
	return *ret_is || rc == ERR_ABSENT ? OK : rc;
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
	bool later = next != NULL;
	enum err rc = OK;

	if (!later)
		rc = later_write(w, w->at.number, &later, why);
	if (rc != OK)
		return rc;
	if (!later)
		return ERR_MORE;	/* the end, or a write that was torn */
	rc = journal_file_seek(&w->at, &offset, &head, why);
	if (rc != OK && rc != ERR_ABSENT)
		return rc;
	walk_damage(w, "journal file %" PRIu64 " is damaged at octet %" PRIu64,
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
			walk_damage(w, "%s", why != NULL ? why->text : "a frame is broken");
			walk_given(w, &w->at.seen);
			rc = OK;
		} else if (rc == ERR_MORE) {
			rc = frame_none(w, next, why);
		}
	}
	return rc == ERR_MORE ? OK : rc;
}

/* ---- files ---- */

/* Frames of a file whose head is lost: as many as can be read, without a chain to hold them. */
static enum err
frames_salvage(struct walk *w, struct why *why)
{
	struct journal_frame frame;
	struct frame_head head;
	uint64_t offset;
	enum err rc;

	walk_damage(w, "journal file %" PRIu64 " has a damaged head", w->file[w->index].number);
	w->at.head = (struct journal_head){ .number = w->file[w->index].number,
	    .epoch = w->epoch > 0 ? w->epoch : w->r->epoch };
	w->chain = (struct digest){ { 0 } };
	for (;;) {
		rc = journal_file_seek(&w->at, &offset, &head, why);
		if (rc != OK)
			return rc == ERR_ABSENT ? OK : rc;
		journal_file_skip(&w->at, offset, head.number);
		/* With its head went the key of an encrypted one. */
		rc = journal_file_next(&w->at, &frame, why);
		if (rc == OK)
			frame_take(w, &frame);
		else if (rc == ERR_FORMAT)
			walk_given(w, &head);
		else
			return rc;
	}
}

/* A file without a valid head: nothing that was acknowledged, unless others say so. */
static enum err
file_headless(struct walk *w, struct why *why)
{
	char name[JOURNAL_NAME_BYTES];
	bool later;
	enum err rc;

	rc = later_write(w, 0, &later, why);
	if (rc != OK)
		return rc;
	if (later)
		return frames_salvage(w, why);
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
			walk_damage(w, "journal file %" PRIu64 " does not go on from its last",
			    file->number);
		w->epoch = file->epoch;
		w->chain = file->chain;
		if (w->epoch > w->r->epoch) {
			w->r->epoch = w->epoch;
			walk_damage(w, "the journal is newer than the manifest");
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
		uint64_t given = w->keep->next_seq[s] - 1, found;

		if (given < w->keep->sealed_seq[s]) {
			given = w->keep->sealed_seq[s];
			w->keep->next_seq[s] = given + 1;
		}
		found = w->rows_stored[s] + w->rows_lost[s] + w->replayed[s];

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
