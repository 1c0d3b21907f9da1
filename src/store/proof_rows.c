/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rows of one leaf, wherever they were found, against its entry; frames that overlap.
 * doc/formats/seal.md section 6, rules 9 and 12. See proof_int.h.
 */
#include "store/proof_int.h"

#include <stdlib.h>

#include "base/copy.h"
#include "base/must.h"

enum { RUNS_MAX = 16 << 20 };	/* frames looked at for overlaps: 256 MB */

typedef unsigned long long ull;

/* ---- rows of a segment ---- */

void
redigest_init(struct redigest *r)
{
	*r = (struct redigest){ 0 };
	r->salt = xmalloc((size_t)LIMIT_ROWS * SALT_BYTES);
	r->row = xcalloc(LIMIT_ROWS, sizeof *r->row);
	r->many = row_many_new();
}

void
redigest_done(struct redigest *r)
{
	free(r->salt);
	free(r->row);
	free(r->source);
	row_many_free(&r->many);
	buf_done(&r->raw);
	*r = (struct redigest){ 0 };
}

enum err
redigest_load(struct redigest *r, struct segment *segment, struct why *why)
{
	const struct column *column;
	enum err rc = OK;

	for (uint32_t i = 0; rc == OK && i < segment_columns(segment); i++) {
		rc = segment_column_load(segment, i, &column, why);
		if (rc == OK && segment_column(segment, i)->form == COLUMN_TEXT)
			rc = segment_column_text(segment, i, NULL, why);
	}
	if (rc == OK)
		rc = segment_source_index(segment, &r->source_index, why);
	if (rc == OK)
		rc = segment_flags(segment, &r->flags, why);
	if (rc == OK)
		rc = segment_recv(segment, &r->recv, why);
	if (rc == OK)
		rc = segment_seq(segment, &r->seq, why);
	if (rc != OK)
		return rc;
	r->source = xreallocarray(r->source, segment_sources(segment), sizeof r->source[0]);
	for (uint32_t i = 0; i < segment_sources(segment); i++)
		source_digest(r->source[i], segment_source(segment, i));
	return OK;
}

enum err
redigest_frame(struct redigest *r, struct segment *segment, const struct segment_leaf *leaf,
    const struct segment_frame *frame, uint32_t at, struct why *why)
{
	salts(r->salt, frame->rows, leaf->seed, frame->first_seq);
	for (uint32_t i = 0; i < frame->rows; i++) {
		uint32_t row = at + i;
		enum err rc;

		r->raw.n = 0;
		rc = segment_raw(segment, row, &r->raw, why);
		if (rc != OK) {
			row_many_end(r->many);
			return rc;
		}
		r->raw_bytes += r->raw.n;
		(void)copy_span(row_many_add(r->many, &r->row[i], r->salt + (size_t)i * SALT_BYTES,
		    segment_stream(segment), segment_class(segment), r->flags[row],
		    segment_epoch(segment), r->seq[row], r->recv[row],
		    r->source[r->source_index[row]], r->raw.n), buf_span(&r->raw));
	}
	row_many_end(r->many);
	return OK;
}

/* ---- the rows of one leaf ---- */

void
leaf_sum_reset(struct leaf_sum *sum)
{
	struct digest *frame = sum->frame;
	uint32_t cap = sum->cap;

	*sum = (struct leaf_sum){ .frame = frame, .cap = cap };
}

void
leaf_sum_done(struct leaf_sum *sum)
{
	free(sum->frame);
	*sum = (struct leaf_sum){ 0 };
}

void
leaf_sum_frame(struct leaf_sum *sum, const struct digest *row, uint32_t nrow, uint64_t first_seq,
    struct digest *ret_frame)
{
	struct digest *copy;

	for (uint32_t i = 0; i < nrow; i++)
		locator_add(&sum->locator, &row[i]);
	if (sum->nframe == sum->cap) {
		sum->cap = sum->cap > 0 ? 2 * sum->cap : 64;
		sum->frame = xreallocarray(sum->frame, sum->cap, sizeof *sum->frame);
	}
	copy = xmemdup(row, nrow * sizeof *row);
	tree16(&sum->frame[sum->nframe], copy, nrow);
	free(copy);
	if (ret_frame != NULL)
		*ret_frame = sum->frame[sum->nframe];
	sum->nframe++;
	if (sum->rows == 0)
		sum->first_seq = first_seq;
	sum->rows += nrow;
	sum->last_seq = first_seq + nrow - 1;
}

/* The rows are not those of the entry: which, as nearly as can be said. */
static void
row_say(struct proof *p, const struct leaf_sum *sum, const struct leaf *leaf, uint64_t index,
    const uint64_t *seq, const char *file)
{
	const struct leaf_rows *rows = &leaf->u.rows;
	struct locator sealed = { rows->s0, rows->s1, rows->rows };
	int64_t at = locator_find(&sealed, &sum->locator);
	struct proof_place place = { .rule = 12, .stream = leaf->stream,
	    .first_seq = rows->first_seq, .last_seq = rows->last_seq, .file = file,
	    .since_ns = leaf->time_ns };

	if (sum->rows != rows->rows || sum->nframe != rows->frames ||
	    sum->first_seq != rows->first_seq || sum->last_seq != rows->last_seq) {
		proof_say(p, PROOF_ROW, PROOF_BAD, &place, "%u rows from %llu to %llu, where %u "
		    "from %llu to %llu were sealed (entry %llu)", sum->rows, (ull)sum->first_seq,
		    (ull)sum->last_seq, rows->rows, (ull)rows->first_seq, (ull)rows->last_seq,
		    (ull)index);
	} else if (at >= 0) {
		place.first_seq = place.last_seq = seq[at];
		proof_say(p, PROOF_ROW, PROOF_BAD, &place, "this record is not the one that was "
		    "sealed (row %llu of entry %llu)", (ull)at, (ull)index);
	} else {
		proof_say(p, PROOF_ROW, PROOF_BAD, &place, "some of these %u records are not those "
		    "that were sealed (entry %llu)", rows->rows, (ull)index);
	}
}

bool
leaf_sum_check(struct proof *p, struct leaf_sum *sum, const struct leaf *leaf, uint64_t index,
    const uint64_t *seq, const char *file)
{
	const struct leaf_rows *rows = &leaf->u.rows;
	struct digest root;

	must(sum->nframe > 0);
	if (sum->rows == rows->rows && sum->nframe == rows->frames &&
	    sum->first_seq == rows->first_seq && sum->last_seq == rows->last_seq) {
		tree16(&root, sum->frame, sum->nframe);
		if (memcmp(root.b, rows->root.b, DIGEST_BYTES) == 0) {
			if (sum->locator.s0 == rows->s0 && sum->locator.s1 == rows->s1)
				return true;
			proof_say(p, PROOF_LEAF, PROOF_BAD, PROOF_PLACE(12,
			    .stream = leaf->stream, .first_seq = rows->first_seq,
			    .last_seq = rows->last_seq, .since_ns = leaf->time_ns),
			    "the locator of entry %llu is not that of its rows", (ull)index);
			return false;
		}
	}
	row_say(p, sum, leaf, index, seq, file);
	return false;
}

/* ---- frames that overlap ---- */

void
proof_runs_add(struct proof *p, uint8_t stream, const struct segment_frame *frame, uint32_t n)
{
	lock_take(&p->lock);
	for (uint32_t i = 0; i < n && p->nrun < RUNS_MAX; i++) {
		if (p->nrun == p->run_cap) {
			p->run_cap = p->run_cap > 0 ? 2 * p->run_cap : 1024;
			p->run = xreallocarray(p->run, p->run_cap, sizeof *p->run);
		}
		p->run[p->nrun++] = (struct proof_run){ frame[i].first_seq,
		    frame[i].rows, stream };
	}
	lock_give(&p->lock);
}

static int
run_cmp(const void *a, const void *b)
{
	const struct proof_run *x = a, *y = b;

	if (x->stream != y->stream)
		return x->stream < y->stream ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

/*
 * With the sums of the heartbeats, frames that do not overlap are a gapless row. Entries that are
 * in two segments were named before.
 */
void
proof_runs(struct proof *p)
{
	if (p->nrun > 1)
		qsort(p->run, p->nrun, sizeof *p->run, run_cmp);
	for (size_t i = 1; i < p->nrun; i++) {
		const struct proof_run *a = &p->run[i - 1], *b = &p->run[i];

		if (a->stream == b->stream && a->first + a->rows > b->first &&
		    (a->first != b->first || a->rows != b->rows))
			proof_say(p, PROOF_GAP, PROOF_BAD, PROOF_PLACE(9, .stream = b->stream,
			    .first_seq = b->first, .last_seq = a->first + a->rows - 1),
			    "two frames hold these numbers");
	}
}
