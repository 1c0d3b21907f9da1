/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal: every frame of every file, the chain between them, and the rows that are nowhere
 * else yet. doc/formats/seal.md section 6, rules 11, 12 and 15; journal.md. See proof_int.h.
 *
 * A file that was abandoned after an error of the disk ends, for us, at the frame that the next
 * file goes on from: what stands behind it stands in the next file again.
 */
#include "store/proof_int.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/cur.h"
#include "base/must.h"
#include "sys/file.h"
#include "store/journal_int.h"

/* Where the head's own octets end, without and with a wrapped data key: journal.md section 1. */
enum { HEAD_END = 128, HEAD_WRAPPED_END = 188 };

typedef unsigned long long ull;

/* A stream and class whose leaf is being filled. */
struct strand {
	struct leaf_sum sum;
	uint64_t *seq;			/* of its rows; heap */
	uint32_t cap;
	bool broken;			/* frames were lost since the last LEAF */
};

struct walk {
	struct proof *p;
	struct leaf_reader leaves;
	uint64_t *list;			/* numbers of the files */
	size_t n, index;
	struct journal_file file;
	char path[JOURNAL_NAME_BYTES];
	uint32_t epoch;			/* of the file read last */
	bool opened;			/* any file so far */
	bool begun;			/* chain holds something */
	struct digest chain;
	bool has_next;			/* the next file's head is valid, */
	struct journal_head next;	/* and this */
	bool beat_seen, beat_leaf_seen;	/* chain value, entry of the last heartbeat */
	bool leaf_seen;
	uint64_t first_leaf;
	uint64_t unsealed;
	uint64_t next_seq[STREAM_END];	/* rows in an abandoned file and again: count once */
	struct strand strand[STREAM_END][LIMIT_CLASSES];
	struct arena *arena;
	struct row_many *many;
	uint8_t *salt;
	struct digest *row;
	struct batch_reader *reader;
	uint8_t (*source)[SOURCE_DIGEST_BYTES];
};

static void
journal_bad(struct walk *w, uint64_t offset, const char *text)
{
	proof_say(w->p, PROOF_JOURNAL, PROOF_BAD, PROOF_PLACE(15, .file = w->path,
	    PROOF_AT(offset)), "%s", text);
}

/* ---- frames of rows ---- */

static void
strand_rows(struct walk *w, const struct journal_frame *frame, struct digest *ret)
{
	struct strand *strand = &w->strand[frame->stream][frame->class];
	uint32_t n = frame->head.nrow;

	if (strand->sum.rows + n > strand->cap) {
		strand->cap = strand->sum.rows + n;
		strand->seq = xreallocarray(strand->seq, strand->cap, sizeof *strand->seq);
	}
	for (uint32_t i = 0; i < n; i++)
		strand->seq[strand->sum.rows + i] = frame->id + i;
	leaf_sum_frame(&strand->sum, w->row, n, frame->id, ret);
	if (frame->id > w->p->stand.stream[frame->stream].beat_last &&
	    frame->id >= w->next_seq[frame->stream])
		w->unsealed += n;
	w->next_seq[frame->stream] = frame->id + n;
}

/* Row digests of the frame into w->row, its digest to ret. The reader validated the batch. */
static void
frame_digest(struct walk *w, const struct journal_frame *frame, struct digest *ret)
{
	const struct batch_head *head = &frame->head;
	struct row row;

	w->source = xreallocarray(w->source, head->nsource, sizeof w->source[0]);
	for (uint32_t i = 0; i < head->nsource; i++)
		source_digest(w->source[i], frame->tables.source[i]);
	salts(w->salt, head->nrow, frame->seed, frame->id);
	batch_reader_init(w->reader, head, &frame->tables);
	for (uint32_t i = 0; i < head->nrow; i++) {
		const struct shape *shape;

		must(batch_next(w->reader, &row, NULL) == OK);
		shape = frame->tables.shape[row.shape];
		row_raw(row_many_add(w->many, &w->row[i], w->salt + (size_t)i * SALT_BYTES,
		    frame->stream, frame->class, row.flags, frame->epoch, frame->id + i,
		    row.recv_ns, w->source[row.source], row_bytes(&row, shape)), &row, shape);
	}
	row_many_end(w->many);
	strand_rows(w, frame, ret);
}

/* ---- frames of leaves ---- */

static void
held_add(struct proof *p, uint64_t index, uint32_t rows)
{
	if (p->nheld == p->held_cap) {
		p->held_cap = p->held_cap > 0 ? 2 * p->held_cap : 64;
		p->held = xreallocarray(p->held, p->held_cap, sizeof *p->held);
	}
	p->held[p->nheld++] = (struct proof_held){ index, rows };
}

static void
leaf_rows(struct walk *w, const struct journal_frame *frame, const struct leaf *leaf)
{
	struct strand *strand = &w->strand[leaf->stream][leaf->class];
	const struct leaf_rows *rows = &leaf->u.rows;
	bool all = strand->sum.rows > 0 && strand->sum.first_seq == rows->first_seq;

	/* The journal may begin in the middle of a leaf whose rows are in a segment. */
	if (all && !strand->broken) {
		/* Once: an abandoned file's frames stand in the next one again. */
		if (!bits_set(&w->p->found, frame->id))
			held_add(w->p, frame->id, strand->sum.rows);
		(void)leaf_sum_check(w->p, &strand->sum, leaf, frame->id, strand->seq, w->path);
	}
	leaf_sum_reset(&strand->sum);
	strand->broken = false;
}

static void
frame_leaf(struct walk *w, const struct journal_frame *frame)
{
	struct proof *p = w->p;
	struct why why = { "" };
	struct leaf leaf;

	if (!w->leaf_seen)
		w->first_leaf = frame->id;
	w->leaf_seen = true;
	arena_reset(w->arena);
	if (leaf_decode(&leaf, frame->entry, w->arena, &why) != OK) {
		journal_bad(w, frame->offset, why.text);
		return;
	}
	if (frame->id >= p->stand.entries) {
		if (leaf.type == LEAF_ROWS) {
			leaf_sum_reset(&w->strand[leaf.stream][leaf.class].sum);
			w->strand[leaf.stream][leaf.class].broken = false;
		}
		return;
	}
	if (!leaf_reader_same(&w->leaves, frame->id, frame->entry)) {
		proof_say(p, PROOF_JOURNAL, PROOF_BAD, PROOF_PLACE(15, .file = w->path,
		    PROOF_AT(frame->offset), .since_ns = leaf.time_ns),
		    "entry %llu is another one in the tree", (ull)frame->id);
		return;
	}
	if (frame->id == p->stand.beat_index)
		w->beat_leaf_seen = true;
	if (leaf.type == LEAF_ROWS)
		leaf_rows(w, frame, &leaf);
}

/* ---- one file ---- */

static void
chain_look(struct walk *w)
{
	if (memcmp(&w->chain, &w->p->stand.journal, sizeof w->chain) == 0)
		w->beat_seen = true;
}

/* Octets that no checksum covers and that must be zero: [from, to) of the file. */
static void
zeros_judge(struct walk *w, uint64_t from, uint64_t to)
{
	uint8_t bytes[64] = { 0 };

	if (to <= from || to - from > sizeof bytes ||
	    file_pread_all(w->file.fd, bytes, (size_t)(to - from), from, NULL) != OK)
		return;
	for (uint64_t i = 0; i < to - from; i++) {
		if (bytes[i] != 0) {
			journal_bad(w, from + i, "this octet has to be zero");
			return;
		}
	}
}

/* The padding behind a frame; offset 8 of its head: stored octets. */
static void
padding_judge(struct walk *w, uint64_t offset)
{
	uint8_t stored[4];
	struct cur in = cur_of(span_of(stored, sizeof stored));

	if (file_pread_all(w->file.fd, stored, sizeof stored, offset + 8, NULL) == OK)
		zeros_judge(w, offset + FRAME_HEAD_BYTES + cur_u32(&in), w->file.at);
}

static void
frame_take(struct walk *w, const struct journal_frame *frame)
{
	struct digest d;

	if (frame->type == JOURNAL_ROWS)
		frame_digest(w, frame, &d);
	else
		blake256(&d, frame->plain);
	if (frame->type == JOURNAL_LEAF)
		frame_leaf(w, frame);
	if (w->begun) {
		chain_next(&w->chain, frame->type, &d);
		if (memcmp(&w->chain, &frame->chain, sizeof w->chain) != 0)
			journal_bad(w, frame->offset, "the chain does not hold here");
	}
	w->chain = frame->chain;
	w->begun = true;
	chain_look(w);
}

static void
strands_break(struct walk *w)
{
	for (unsigned s = 0; s < STREAM_END; s++)
		for (unsigned c = 0; c < LIMIT_CLASSES; c++)
			w->strand[s][c].broken = true;
	w->begun = false;
}

/* The first octet at or behind `from` that is not zero; UINT64_MAX: none. */
static uint64_t
nonzero_from(int fd, uint64_t from)
{
	enum { STEP = 1 << 18 };
	uint8_t *bytes = xmalloc(STEP);
	uint64_t found = UINT64_MAX;
	size_t n = 1;

	while (found == UINT64_MAX && n > 0) {
		if (file_pread(fd, bytes, STEP, from, &n, NULL) != OK)
			n = 0;
		for (size_t i = 0; i < n && found == UINT64_MAX; i++)
			if (bytes[i] != 0)
				found = from + i;
		from += n;
	}
	free(bytes);
	return found;
}

/* No frame where the next one should be: damage to step over, or the file's end. */
static enum err
frame_none(struct walk *w, struct why *why)
{
	struct journal_file *file = &w->file;
	uint64_t offset, at = file->at, odd;
	struct frame_head head;
	enum err rc;

	rc = journal_file_seek(file, &offset, &head, why);
	if (rc == OK) {
		journal_bad(w, at, "what stands here is no frame, but frames follow");
		journal_file_skip(file, offset, head.number);
		strands_break(w);
		return OK;
	}
	if (rc != ERR_ABSENT)
		return rc;
	if (w->index + 1 == w->n) {
		w->p->tail.file = w->list[w->index];
		w->p->tail.offset = at;
		w->p->tail.number = file->number;
		return ERR_MORE;
	}
	odd = nonzero_from(file->fd, at);
	if (odd != UINT64_MAX)
		proof_say(w->p, PROOF_JOURNAL, PROOF_WARN, PROOF_PLACE(15, .file = w->path,
		    PROOF_AT(odd)), "octets that are no frame; the next file goes on without them");
	return ERR_MORE;
}

static enum err
frames_walk(struct walk *w, struct why *why)
{
	struct journal_frame frame;
	struct why bad = { "" };
	enum err rc = OK;

	while (rc == OK && !w->p->stopped) {
		uint64_t at = w->file.at;

		if (w->has_next && w->begun && w->next.epoch == w->file.head.epoch &&
		    memcmp(&w->chain, &w->next.chain, sizeof w->chain) == 0)
			return OK;
		rc = journal_file_next(&w->file, &frame, &bad);
		if (rc == OK) {
			frame_take(w, &frame);
			padding_judge(w, frame.offset);
			(void)proof_step(w->p, w->file.at - at);
		} else if (rc == ERR_FORMAT) {
			journal_bad(w, at, bad.text);
			strands_break(w);
			rc = OK;
		} else if (rc == ERR_MORE) {
			rc = frame_none(w, why);
		}
	}
	return rc == ERR_MORE ? OK : rc;
}

/* The head of the file behind this one, when it has a valid one. */
static void
next_look(struct walk *w)
{
	struct journal_file next;

	w->has_next = false;
	if (w->index + 1 == w->n)
		return;
	w->has_next = journal_file_open(&next, w->p->dirfd, w->list[w->index + 1],
	    w->p->store_key, NULL) == OK;
	if (w->has_next)
		w->next = next.head;
	journal_file_close(&next);
}

static enum err
file_walk(struct walk *w, bool first, struct why *why)
{
	struct proof *p = w->p;
	uint64_t number = w->list[w->index];
	struct why bad = { "" };
	enum err rc;

	journal_name(w->path, number);
	rc = journal_file_open(&w->file, p->dirfd, number, p->store_key, &bad);
	if (rc == ERR_ABSENT)
		return OK;		/* removed this moment */
	if (rc == ERR_FORMAT || rc == ERR_DENIED) {
		/* A crash while it was made leaves a file of zeros; it never had a frame. */
		bool zeros = w->file.fd >= 0 && nonzero_from(w->file.fd, 0) == UINT64_MAX;

		if (!zeros || w->index + 1 < w->n)
			journal_bad(w, 0, bad.text);
		strands_break(w);
		return OK;
	}
	if (rc != OK)
		return why_set(why, rc, "%s", bad.text);
	if (memcmp(w->file.head.store_id, manifest_store_id(p->manifest), JOURNAL_STORE_ID) != 0)
		journal_bad(w, 32, "it belongs to another store");
	if (!first && number != w->list[w->index - 1] + 1)
		journal_bad(w, 48, "the file before it is missing");
	else if (!first && w->begun && w->file.head.epoch == w->epoch &&
	    memcmp(&w->file.head.chain, &w->chain, sizeof w->chain) != 0)
		journal_bad(w, 48, "it does not go on from the file before");
	w->opened = true;
	w->epoch = w->file.head.epoch;
	zeros_judge(w, w->file.head.encrypted ? HEAD_WRAPPED_END : HEAD_END, JOURNAL_HEAD_BYTES);
	w->chain = w->file.head.chain;
	w->begun = true;
	chain_look(w);
	next_look(w);
	return frames_walk(w, why);
}

/* ---- all ---- */

/* What must be there, by manifest and tree, and was not met. */
static void
ends_judge(struct walk *w)
{
	struct proof *p = w->p;
	uint64_t first = manifest_journal_file(p->manifest);

	/* Every entry went through the journal, and its last file is never removed. */
	if (first == 0 && p->stand.entries > 0)
		first = 1;
	if (first > 0 && (w->n == 0 || w->list[0] > first || !w->opened)) {
		journal_name(w->path, first);
		proof_say(p, PROOF_JOURNAL, PROOF_BAD, PROOF_PLACE(15, .file = w->path),
		    "the journal has to begin with this file, and it is not there or empty");
		return;
	}
	/* Files are removed when all they hold is elsewhere: then there is nothing to compare. */
	if (!p->stand.beat || !w->leaf_seen || w->first_leaf > p->stand.beat_index)
		return;
	if (!w->beat_leaf_seen)
		proof_say(p, PROOF_JOURNAL, PROOF_BAD, PROOF_PLACE(15,
		    .since_ns = p->stand.beat_ns),
		    "the journal ends before the last heartbeat, entry %llu",
		    (ull)p->stand.beat_index);
	else if (!w->beat_seen)
		proof_say(p, PROOF_JOURNAL, PROOF_BAD, PROOF_PLACE(15,
		    .since_ns = p->stand.beat_ns),
		    "the chain value of the last heartbeat is that of no frame");
}

static enum err
walk_init(struct walk *w, struct proof *p, struct why *why)
{
	w->p = p;
	w->file.fd = -1;
	w->arena = arena_new(PROOF_ARENA);
	w->salt = xmalloc((size_t)LIMIT_ROWS * SALT_BYTES);
	w->row = xcalloc(LIMIT_ROWS, sizeof *w->row);
	w->reader = xcalloc(1, sizeof *w->reader);
	w->many = row_many_new();
	return leaf_reader_open(&w->leaves, p, why);
}

static void
walk_free(struct walk *w)
{
	journal_file_close(&w->file);
	leaf_reader_close(&w->leaves);
	for (unsigned s = 0; s < STREAM_END; s++) {
		for (unsigned c = 0; c < LIMIT_CLASSES; c++) {
			leaf_sum_done(&w->strand[s][c].sum);
			free(w->strand[s][c].seq);
		}
	}
	arena_free(&w->arena);
	row_many_free(&w->many);
	free(w->salt);
	free(w->row);
	free(w->reader);
	free(w->source);
	free(w->list);
	free(w);
}

enum err
proof_journal(struct proof *p, struct why *why)
{
	struct walk *w = xcalloc(1, sizeof *w);
	bool first = true;
	enum err rc;

	rc = walk_init(w, p, why);
	if (rc == OK)
		rc = journal_list(p->dirfd, &w->list, &w->n, why);
	for (; rc == OK && w->index < w->n && !p->stopped; w->index++) {
		rc = file_walk(w, first, why);
		first = false;
		journal_file_close(&w->file);
	}
	if (rc == OK && !p->stopped)
		ends_judge(w);
	p->result.unsealed_rows = w->unsealed;
	walk_free(w);
	return rc;
}

void
proof_journal_rows(struct proof *p)
{
	for (size_t i = 0; i < p->nheld; i++)
		if (!bits_get(&p->segment, p->held[i].index))
			p->result.journal_rows += p->held[i].rows;
	p->result.rows += p->result.journal_rows;
}

void
proof_journal_tail(struct proof *p)
{
	struct journal_file file;
	struct journal_frame frame;
	char path[JOURNAL_NAME_BYTES];
	uint64_t odd;

	if (p->tail.file == 0)
		return;
	journal_name(path, p->tail.file);
	if (journal_file_open(&file, p->dirfd, p->tail.file, p->store_key, NULL) == OK) {
		odd = nonzero_from(file.fd, p->tail.offset);
		journal_file_skip(&file, p->tail.offset, p->tail.number);
		if (odd != UINT64_MAX && journal_file_next(&file, &frame, NULL) != OK)
			proof_say(p, PROOF_JOURNAL, PROOF_WARN, PROOF_PLACE(15, .file = path,
			    PROOF_AT(odd)), "the last octets are no frame: what was being written "
			    "when the machine stopped, and was never acknowledged, or what was "
			    "changed");
	}
	journal_file_close(&file);
}
