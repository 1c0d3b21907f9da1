/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two walks over the store: the query's, which gives fields and sequence numbers, and that of the
 * proofs, leaf by leaf, which gives octets. Between the two are 8 octets a record. See export.h.
 */
#include "web/export.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/leafproof.h"
#include "model/line.h"
#include "model/rowproof.h"
#include "evidence/chain.h"
#include "evidence/held.h"
#include "evidence/pieces.h"
#include "store/proof.h"
#include "query/query.h"
#include "web/render.h"
#include "web/select.h"
#include "web/server.h"

enum { PORTION = 256 << 10 };

struct export {
	struct job *job;
	uint8_t stream;
	uint64_t first, last;		/* numbers asked for; last is bounded by the checkpoint */
	uint64_t *seq;
	size_t n, cap;
	struct buf portion;		/* of FIELDS, then of RECORDS */
	struct buf out;
	bool go_on;
	bool too_many, not_whole;
};

static void
piece_send(struct export *e, enum piece_type type, struct span octets)
{
	e->out.n = 0;
	piece_put(&e->out, type, octets);
	e->go_on = e->go_on && job_write(e->job, buf_span(&e->out));
}

static void
portion_send(struct export *e, enum piece_type type, size_t above)
{
	if (e->portion.n <= above)
		return;
	piece_send(e, type, buf_span(&e->portion));
	e->portion.n = 0;
}

/* ---- what is found ---- */

/* The record's own number: the last field, as rows are written. */
static bool
seq_of(const struct query_row *row, uint64_t *ret_seq)
{
	struct span name, number;
	size_t i;

	if (row->n == 0 || !span_is(row->field[row->n - 1].name, "_seq"))
		return false;
	name = row->field[row->n - 1].value;
	for (i = name.n; i > 0 && name.p[i - 1] != ':'; i--)
		;
	number = span_sub(name, i, SIZE_MAX);
	return line_decimal(number, ret_seq);
}

static bool
on_row(void *ctx, const struct query_row *row)
{
	struct export *e = ctx;
	uint64_t seq;

	if (!seq_of(row, &seq)) {
		e->not_whole = true;
		return false;
	}
	if (seq < e->first || seq > e->last)
		return true;
	if (e->n == LIMIT_EVIDENCE_RECORDS) {
		e->too_many = true;
		return false;
	}
	if (e->n == e->cap) {
		e->cap = e->cap > 0 ? 2 * e->cap : 1024;
		e->seq = xreallocarray(e->seq, e->cap, sizeof *e->seq);
	}
	e->seq[e->n++] = seq;
	render_row(&e->portion, row, RENDER_JSON, 0);
	portion_send(e, PIECE_FIELDS, PORTION);
	return e->go_on;
}

static int
seq_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void
query_stop(void *arg)
{
	query_cancel(arg);
}

static void
job_running(void *ctx, struct query *query)
{
	job_on_cancel(ctx, query != NULL ? query_stop : NULL, query);
}

static enum err
records_find(struct export *e, struct select *select, struct why *why)
{
	struct select_ask ask = { .query = job_param(e->job, "query"),
	    .start = job_param(e->job, "start"), .end = job_param(e->job, "end"),
	    .fold = job_param(e->job, "fold"), .stream = job_param(e->job, "stream"),
	    .running = job_running, .ctx = e->job };
	struct buf total = { 0 };
	enum err rc;

	rc = select_records(select, &ask, e->first - 1, on_row, e, why);
	if (rc == OK && e->not_whole)
		rc = why_set(why, ERR_FORMAT, "a package holds whole records; leave pipes out of "
		    "the query");
	if (rc == OK && e->too_many)
		rc = why_set(why, ERR_LIMIT, "more than %d records: ask for less, with --since, "
		    "--until or --seq, in several packages", (int)LIMIT_EVIDENCE_RECORDS);
	if (rc == OK && e->n == 0)
		rc = why_set(why, ERR_ABSENT, "nothing was found that is sealed");
	if (rc != OK)
		return rc;
	portion_send(e, PIECE_FIELDS, 0);
	qsort(e->seq, e->n, sizeof *e->seq, seq_order);
	buf_printf(&total, "%zu", e->n);
	piece_send(e, PIECE_TOTAL, buf_span(&total));
	buf_done(&total);
	return OK;
}

/* ---- what proves it ---- */

static bool
on_record(void *ctx, struct span octets)
{
	struct export *e = ctx;

	buf_span_put(&e->portion, octets);
	buf_u8(&e->portion, '\n');
	portion_send(e, PIECE_RECORDS, PORTION);
	return e->go_on;
}

static bool
on_leaf(void *ctx, const struct leaf_proof *proof)
{
	struct export *e = ctx;

	portion_send(e, PIECE_RECORDS, 0);
	leaf_proof_put(&e->portion, proof);
	portion_send(e, PIECE_PROOF, 0);
	return e->go_on;
}

/* ---- the job ---- */

/* An answer that has begun can only be broken off; who asked is told why in it. */
static void
refused_send(struct export *e, enum err rc, const struct why *why)
{
	e->portion.n = 0;
	buf_u8(&e->portion, (uint8_t)rc);
	buf_str(&e->portion, why->text);
	piece_send(e, PIECE_REFUSED, buf_span(&e->portion));
}

static enum err
number_take(const struct job *job, const char *name, uint64_t *ret, struct why *why)
{
	const char *text = job_param(job, name);

	if (text == NULL || line_decimal(span_str(text), ret))
		return OK;
	return why_set(why, ERR_FORMAT, "%s= is a sequence number, not '%.40s'", name, text);
}

static enum err
asked_take(struct export *e, struct why *why)
{
	const char *stream = job_param(e->job, "stream");
	enum err rc;

	rc = number_take(e->job, "first", &e->first, why);
	if (rc == OK)
		rc = number_take(e->job, "last", &e->last, why);
	if (rc == OK && (e->first < 1 || e->first > e->last))
		rc = why_set(why, ERR_FORMAT, "the first number is 1 or more and not above the "
		    "last");
	while (stream != NULL && e->stream < STREAM_END &&
	    strcmp(stream, stream_name(e->stream)) != 0)
		e->stream++;
	if (rc == OK && e->stream == STREAM_END)
		rc = why_set(why, ERR_FORMAT, "stream is raw, findings or ledger, not '%.40s'",
		    stream);
	return rc;
}

static void
on_key(void *ctx, const struct leaf_key *key)
{
	chain_put(ctx, key);
}

static enum err
keys_send(struct export *e, struct select *select, struct span note, struct why *why)
{
	struct buf out = { 0 };
	enum err rc;

	rc = select_keys(select, note, on_key, &out, why);
	if (rc == OK)
		piece_send(e, PIECE_KEYS, buf_span(&out));
	buf_done(&out);
	return rc;
}

/* anchors=12,34: what leads from the trees of these sizes to the checkpoint. */
static enum err
anchors_send(struct export *e, struct select *select, struct span note, struct why *why)
{
	const char *text = job_param(e->job, "anchors");
	struct span rest = span_str(text != NULL ? text : "");
	struct buf out = { 0 };
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && rest.n > 0 && i < HELD_MAX; i++) {
		const uint8_t *comma = memchr(rest.p, ',', rest.n);
		struct span number = span_sub(rest, 0, comma != NULL ? (size_t)(comma - rest.p) :
		    rest.n);
		struct held held = { 0 };

		rest = span_sub(rest, number.n + 1, SIZE_MAX);
		if (!line_decimal(number, &held.size))
			rc = why_set(why, ERR_FORMAT, "anchors= are numbers with commas between");
		if (rc == OK)
			rc = select_consistency(select, note, held.size, &held.proof, why);
		held_put(&out, &held);
	}
	if (rc == OK)
		piece_send(e, PIECE_ANCHORS, buf_span(&out));
	buf_done(&out);
	return rc;
}

static enum err
seal_take(struct export *e, struct select *select, struct buf *note, struct why *why)
{
	uint64_t last_seq[STREAM_END], asked = e->last;
	struct buf text = { 0 };
	struct note_key key;
	enum err rc;

	rc = select_note(select, note, &key, last_seq, why);
	if (rc != OK)
		return rc;
	if (e->last > last_seq[e->stream])
		e->last = last_seq[e->stream];
	if (job_param(e->job, "last") != NULL && asked > e->last)
		return why_set(why, ERR_ABSENT, "there are sealed records up to number %llu only",
		    (unsigned long long)e->last);
	buf_printf(&text, "%s\n%s\n", job_who(e->job), job_from(e->job));
	piece_send(e, PIECE_ABOUT, buf_span(&text));
	piece_send(e, PIECE_NOTE, buf_span(note));
	text.n = 0;
	note_key_put(&text, &key);
	piece_send(e, PIECE_KEY, buf_span(&text));
	buf_done(&text);
	return OK;
}

enum err
export_job(struct select *select, struct job *job, struct why *why)
{
	struct export e = { .job = job, .first = 1, .last = INT64_MAX, .go_on = true };
	struct proof_many many = { .record = on_record, .leaf = on_leaf, .ctx = &e };
	struct buf note = { 0 };
	bool begun;
	enum err rc;

	rc = asked_take(&e, why);
	if (rc == OK)
		rc = seal_take(&e, select, &note, why);
	begun = rc == OK;
	if (rc == OK)
		rc = keys_send(&e, select, buf_span(&note), why);
	if (rc == OK)
		rc = anchors_send(&e, select, buf_span(&note), why);
	if (rc == OK)
		rc = records_find(&e, select, why);
	if (rc == OK && e.go_on) {
		many.stream = e.stream;
		many.seq = e.seq;
		many.n = e.n;
		rc = select_proofs(select, buf_span(&note), &many, why);
	}
	if (rc == OK)
		piece_send(&e, PIECE_END, (struct span){ NULL, 0 });
	else if (begun)
		refused_send(&e, rc, why);
	buf_done(&note);
	buf_done(&e.portion);
	buf_done(&e.out);
	free(e.seq);
	return begun ? OK : rc;
}
