/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs of several rows of a leaf; see leafproof.h. What is read went through many hands: hostile.
 * A text is accepted only when leaf_proof_put would write the same.
 */
#include "model/leafproof.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/base64.h"
#include "model/line.h"

enum { HASH_LETTERS = 44 };

typedef unsigned long long ull;

/* ---- paths ---- */

void
tree_paths_make(struct buf *beside, struct digest *ret_root, struct digest *d, uint32_t n,
    uint32_t *at, uint32_t nat)
{
	uint32_t left = n;

	must(nat >= 1 && nat <= n && n <= LIMIT_ROWS);
	do {
		uint32_t runs = (left + TREE_FAN - 1) / TREE_FAN, used = 0, next = 0;

		while (used < nat) {
			uint32_t run = at[used] / TREE_FAN;
			uint32_t end = run * TREE_FAN + tree16_run(left, run);

			for (uint32_t j = run * TREE_FAN; j < end; j++) {
				if (used < nat && at[used] == j)
					used++;
				else
					buf_put(beside, &d[j], sizeof d[j]);
			}
			at[next++] = run;
		}
		for (uint32_t run = 0; run < runs; run++)
			tree16_node(&d[run], &d[(size_t)run * TREE_FAN], tree16_run(left, run));
		nat = next;
		left = runs;
	} while (left > 1);
	*ret_root = d[0];
}

bool
tree_paths_root(struct digest *ret_root, uint32_t n, struct digest *known, uint32_t *at,
    uint32_t nat, const struct digest *beside, uint32_t nbeside)
{
	uint32_t left = n, taken = 0;

	if (n < 1 || n > LIMIT_ROWS || nat < 1 || nat > n)
		return false;
	for (uint32_t i = 0; i < nat; i++)
		if (at[i] >= n || (i > 0 && at[i] <= at[i - 1]))
			return false;
	do {
		uint32_t used = 0, next = 0;

		while (used < nat) {
			uint32_t run = at[used] / TREE_FAN, length = tree16_run(left, run);
			struct digest d[TREE_FAN];

			for (uint32_t j = 0; j < length; j++) {
				if (used < nat && at[used] == run * TREE_FAN + j)
					d[j] = known[used++];
				else if (taken < nbeside)
					d[j] = beside[taken++];
				else
					return false;
			}
			tree16_node(&known[next], d, length);
			at[next++] = run;
		}
		nat = next;
		left = (left + TREE_FAN - 1) / TREE_FAN;
	} while (left > 1);
	*ret_root = known[0];
	return taken == nbeside;
}

/* ---- the value ---- */

void
leaf_proof_reset(struct leaf_proof *proof)
{
	proof->entry.n = 0;
	proof->above.n = 0;
	proof->beside.n = 0;
	proof->octets.n = 0;
	proof->nframe = proof->nrow = proof->nsource = proof->frames = 0;
	proof->inclusion.n = 0;
	proof->tree_index = 0;
}

void
leaf_proof_done(struct leaf_proof *proof)
{
	buf_done(&proof->entry);
	buf_done(&proof->above);
	buf_done(&proof->beside);
	buf_done(&proof->octets);
	free(proof->frame);
	free(proof->row);
	free(proof->source);
	*proof = (struct leaf_proof){ 0 };
}

static uint32_t
grown(uint32_t n, uint32_t cap)
{
	return n < cap ? cap : cap > 0 ? 2 * cap : 64;
}

struct leaf_proof_frame *
leaf_proof_frame_add(struct leaf_proof *proof)
{
	proof->frame_cap = grown(proof->nframe, proof->frame_cap);
	proof->frame = xreallocarray(proof->frame, proof->frame_cap, sizeof *proof->frame);
	proof->frame[proof->nframe] = (struct leaf_proof_frame){ 0 };
	return &proof->frame[proof->nframe++];
}

struct leaf_proof_row *
leaf_proof_row_add(struct leaf_proof *proof)
{
	if (proof->nrow == proof->row_cap) {
		proof->row_cap = grown(proof->nrow, proof->row_cap);
		proof->row = xreallocarray(proof->row, proof->row_cap, sizeof *proof->row);
	}
	memset(&proof->row[proof->nrow], 0, sizeof *proof->row);
	return &proof->row[proof->nrow++];
}

uint32_t
leaf_proof_source_add(struct leaf_proof *proof, struct span code)
{
	if (proof->nsource == proof->source_cap) {
		proof->source_cap = grown(proof->nsource, proof->source_cap);
		proof->source = xreallocarray(proof->source, proof->source_cap,
		    sizeof *proof->source);
	}
	buf_span_put(&proof->octets, code);
	proof->source[proof->nsource] = proof->octets.n;
	return proof->nsource++;
}

struct span
leaf_proof_source(const struct leaf_proof *proof, uint32_t index)
{
	size_t from = index > 0 ? proof->source[index - 1] : 0;

	return span_sub(buf_span(&proof->octets), from, proof->source[index] - from);
}

/* ---- the text ---- */

static void
base64_line(struct buf *out, const char *name, struct span bytes)
{
	buf_str(out, name);
	base64_put(out, bytes);
	buf_u8(out, '\n');
}

static void
hashes_put(struct buf *out, const uint8_t *hash, size_t n)
{
	for (size_t i = 0; i < n; i++)
		base64_line(out, "", span_of(hash + i * DIGEST_BYTES, DIGEST_BYTES));
}

static void
row_put(struct buf *out, const struct leaf_proof_row *row)
{
	buf_printf(out, "row %llu %u %llu %u %u ", (ull)row->seq, row->flags, (ull)row->recv_ns,
	    row->source, row->length);
	base64_put(out, span_of(row->salt, SALT_BYTES));
	base64_line(out, " ", span_of(row->digest.b, DIGEST_BYTES));
}

void
leaf_proof_put(struct buf *out, const struct leaf_proof *proof)
{
	const struct leaf_proof_row *row = proof->row;
	const uint8_t *beside = proof->beside.p;

	buf_printf(out, "leaf %llu\n", (ull)proof->tree_index);
	base64_line(out, "entry ", buf_span(&proof->entry));
	tlog_proof_put(out, &proof->inclusion);
	for (uint32_t i = 0; i < proof->nsource; i++)
		base64_line(out, "source ", leaf_proof_source(proof, i));
	for (uint32_t i = 0; i < proof->nframe; i++) {
		const struct leaf_proof_frame *frame = &proof->frame[i];

		buf_printf(out, "frame %u %llu %u\n", frame->index, (ull)frame->first_seq,
		    frame->rows);
		for (uint32_t j = 0; j < frame->nrow; j++)
			row_put(out, row++);
		hashes_put(out, beside, frame->nbeside);
		if (frame->nbeside > 0)
			beside += (size_t)frame->nbeside * DIGEST_BYTES;
	}
	buf_printf(out, "frames %u\n", proof->frames);
	hashes_put(out, proof->above.p, proof->above.n / DIGEST_BYTES);
	buf_u8(out, '\n');
}

/* A reader of lines that goes bad and stays bad. */
struct lines {
	struct span rest;
	struct span line;		/* the next one, not yet taken */
	uint64_t number;		/* of it, in the text */
	bool bad;
};

static void
line_look(struct lines *in)
{
	in->number++;
	if (!line_next(&in->rest, &in->line)) {
		in->bad = true;
		in->line = (struct span){ NULL, 0 };
	}
}

/* Takes the line when it begins so; *ret_rest is what follows. */
static bool
line_take(struct lines *in, const char *head, struct span *ret_rest)
{
	struct span start = span_str(head);

	if (in->bad || !span_starts(in->line, start))
		return false;
	*ret_rest = span_sub(in->line, start.n, SIZE_MAX);
	line_look(in);
	return true;
}

/* The text up to a space, taken off the front; all of it when there is none. */
static struct span
word(struct span *text)
{
	const uint8_t *at = text->n > 0 ? memchr(text->p, ' ', text->n) : NULL;
	size_t n = at != NULL ? (size_t)(at - text->p) : text->n;
	struct span head = span_sub(*text, 0, n);

	*text = span_sub(*text, at != NULL ? n + 1 : n, SIZE_MAX);
	return head;
}

static uint64_t
number(bool *bad, struct span text, uint64_t max)
{
	uint64_t v = 0;

	if (!line_decimal(text, &v) || v > max) {
		*bad = true;
		return 0;
	}
	return v;
}

/* Appends what the letters stand for. */
static void
octets(bool *bad, struct buf *out, struct span text)
{
	size_t n = 0, most = text.n / 4 * 3 + 3;

	buf_reserve(out, most);
	if (base64_get(out->p + out->n, most, &n, text) != OK)
		*bad = true;
	else
		out->n += n;
}

static bool
fixed(uint8_t *at, size_t want, struct span text)
{
	uint8_t bytes[DIGEST_BYTES + 3];
	size_t n = 0;

	if (base64_get(bytes, sizeof bytes, &n, text) != OK || n != want)
		return false;
	memcpy(at, bytes, want);
	return true;
}

static bool
hash_take(struct lines *in, struct buf *out)
{
	struct digest d;

	if (in->bad || in->line.n != HASH_LETTERS || !fixed(d.b, DIGEST_BYTES, in->line))
		return false;
	buf_put(out, d.b, DIGEST_BYTES);
	line_look(in);
	return true;
}

static bool
row_take(struct lines *in, struct leaf_proof *proof)
{
	uint64_t at = in->number;
	struct leaf_proof_row *row;
	struct span text;
	bool bad = false;

	if (!line_take(in, "row ", &text))
		return false;
	if (proof->nrow == LIMIT_ROWS) {
		in->bad = true;
		return false;
	}
	row = leaf_proof_row_add(proof);
	row->line = at;
	row->seq = number(&bad, word(&text), INT64_MAX);
	row->flags = (uint8_t)number(&bad, word(&text), UINT8_MAX);
	row->recv_ns = (int64_t)number(&bad, word(&text), INT64_MAX);
	row->source = (uint32_t)number(&bad, word(&text), LIMIT_ROWS);
	row->length = (uint32_t)number(&bad, word(&text), LIMIT_RECORD_BYTES);
	bad = bad || row->source >= proof->nsource || !fixed(row->salt, SALT_BYTES, word(&text)) ||
	    !fixed(row->digest.b, DIGEST_BYTES, text);
	if (bad) {
		in->bad = true;
		in->number = at;
	}
	return !bad;
}

static bool
frame_take(struct lines *in, struct leaf_proof *proof)
{
	struct leaf_proof_frame *frame;
	uint32_t row = proof->nrow;
	size_t beside = proof->beside.n;
	struct span text;
	bool bad = false;

	if (!line_take(in, "frame ", &text) || proof->nframe == LIMIT_ROWS)
		return false;
	frame = leaf_proof_frame_add(proof);
	frame->index = (uint32_t)number(&bad, word(&text), LIMIT_ROWS - 1);
	frame->first_seq = number(&bad, word(&text), INT64_MAX);
	frame->rows = (uint32_t)number(&bad, text, LIMIT_ROWS);
	in->bad = in->bad || bad;
	while (row_take(in, proof))
		;
	while (hash_take(in, &proof->beside))
		;
	frame->nrow = proof->nrow - row;
	frame->nbeside = (uint32_t)((proof->beside.n - beside) / DIGEST_BYTES);
	return true;
}

static void
head_take(struct lines *in, struct leaf_proof *proof)
{
	struct buf hash = { 0 };
	struct span text;
	bool bad = false;

	if (line_take(in, "leaf ", &text))
		proof->tree_index = number(&bad, text, INT64_MAX);
	else
		bad = true;
	if (!bad && line_take(in, "entry ", &text) && text.n <= LEAF_BYTES_MAX * 2)
		octets(&bad, &proof->entry, text);
	else
		bad = true;
	while (!bad && hash.n < sizeof proof->inclusion.hash && hash_take(in, &hash))
		;
	proof->inclusion.n = (unsigned)(hash.n / DIGEST_BYTES);
	if (hash.n > 0)
		memcpy(proof->inclusion.hash, hash.p, hash.n);
	while (!bad && proof->nsource < LIMIT_ROWS && line_take(in, "source ", &text)) {
		octets(&bad, &proof->octets, text);
		(void)leaf_proof_source_add(proof, span_of(NULL, 0));
	}
	in->bad = in->bad || bad;
	buf_done(&hash);
}

static bool
written_so(const struct leaf_proof *proof, struct span text)
{
	struct buf again = { 0 };
	bool same;

	leaf_proof_put(&again, proof);
	same = span_eq(buf_span(&again), text);
	buf_done(&again);
	return same;
}

enum err
leaf_proof_get(struct leaf_proof *proof, struct span *rest, uint64_t *line, struct why *why)
{
	struct lines in = { .rest = *rest, .number = *line };
	struct span text = { NULL, 0 }, whole;
	bool bad = false;

	leaf_proof_reset(proof);
	if (rest->n == 0)
		return ERR_MORE;
	proof->line = *line + 1;
	line_look(&in);
	head_take(&in, proof);
	while (!in.bad && frame_take(&in, proof))
		;
	if (line_take(&in, "frames ", &text))
		proof->frames = (uint32_t)number(&bad, text, LIMIT_ROWS);
	else
		bad = true;
	while (!bad && hash_take(&in, &proof->above))
		;
	/* The empty line is looked at; what is behind it is the next one's. */
	bad = bad || in.bad || in.line.n != 0;
	whole = span_sub(*rest, 0, rest->n - in.rest.n);
	if (bad || !written_so(proof, whole))
		return why_set(why, ERR_FORMAT, "line %llu: not as a proof is written",
		    (ull)(bad ? in.number : proof->line));
	*rest = in.rest;
	*line = in.number;
	return OK;
}

/* ---- the arithmetic ---- */

bool
leaf_proof_root(struct digest *ret_root, const struct leaf_proof *proof, const struct digest *row)
{
	struct digest *frame = xcalloc((size_t)proof->nframe + 1, sizeof *frame);
	struct digest *known = xcalloc((size_t)proof->nrow + 1, sizeof *known);
	uint32_t *at = xcalloc((size_t)proof->nrow + proof->nframe + 1, sizeof *at);
	const struct leaf_proof_row *r = proof->row;
	const struct digest *beside = (const struct digest *)proof->beside.p;
	bool ok = proof->nframe > 0;

	for (uint32_t i = 0; ok && i < proof->nframe; i++) {
		const struct leaf_proof_frame *f = &proof->frame[i];

		for (uint32_t j = 0; ok && j < f->nrow; j++) {
			known[j] = *row++;
			ok = r->seq >= f->first_seq && r->seq - f->first_seq < f->rows;
			at[j] = (uint32_t)(r++->seq - f->first_seq);
		}
		ok = ok && tree_paths_root(&frame[i], f->rows, known, at, f->nrow, beside,
		    f->nbeside);
		if (f->nbeside > 0)
			beside += f->nbeside;
	}
	for (uint32_t i = 0; i < proof->nframe; i++)
		at[i] = proof->frame[i].index;
	ok = ok && tree_paths_root(ret_root, proof->frames, frame, at, proof->nframe,
	    (const struct digest *)proof->above.p, (uint32_t)(proof->above.n / DIGEST_BYTES));
	free(frame);
	free(known);
	free(at);
	return ok;
}
