/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of a package, in the order of doc/formats/evidence.md section 6; see check.h. A broken
 * rule is told and the next one looked at: who reads it wants to know all that is wrong.
 */
#include "evidence/check_int.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/line.h"
#include "model/rowproof.h"
#include "evidence/chain.h"

typedef unsigned long long ull;

const char *
evidence_state_name(unsigned state)
{
	static const char *const name[EVIDENCE_STATES] = {
		[EVIDENCE_PROVEN] = "proven", [EVIDENCE_CHANGED] = "changed",
		[EVIDENCE_MISSING] = "missing", [EVIDENCE_NOT_INCLUDED] = "not included",
	};

	return state < EVIDENCE_STATES ? name[state] : "unknown";
}

void
check_say(struct check *c, uint8_t rule, enum bag_file file, uint64_t line, const char *record,
    const char *format, ...)
{
	struct evidence_finding f = { .rule = rule, .file = bag_name(file), .line = line,
	    .record = record };
	struct why text = { "" };
	va_list ap;

	va_start(ap, format);
	why_vset(&text, format, ap);
	va_end(ap);
	f.text = text.text;
	c->result->findings++;
	c->watch->finding(c->watch->ctx, &f);
}

void
check_step(struct check *c, uint64_t bytes)
{
	c->done_bytes += bytes;
	if (!c->watch->progress(c->watch->ctx, c->done_bytes, c->all_bytes))
		c->stopped = true;
}

void
check_name(char ret[CHECK_NAME_BYTES], const struct check *c, const struct leaf_view *view,
    uint64_t seq)
{
	struct buf text = { 0 };

	buf_printf(&text, "%s:%u:%llu", stream_name(c->result->claim.stream), view->leaf.epoch,
	    (ull)seq);
	must(text.n < CHECK_NAME_BYTES);
	memcpy(ret, text.p, text.n);
	ret[text.n] = '\0';
	buf_done(&text);
}

/* ---- the bag: rules 3, 5, 6 ---- */

static void
files_check(struct check *c)
{
	for (unsigned i = 0; i < BAG_END; i++) {
		if (c->archive->file[i].p == NULL)
			check_say(c, 5, (enum bag_file)i, 0, "", "the file is missing");
		else if ((c->archive->damaged >> i & 1) != 0)
			check_say(c, 3, (enum bag_file)i, 0, "", "the file was changed in the "
			    "archive: its CRC-32 does not fit");
	}
}

/* What a manifest says of a file; empty: nothing. */
static struct span
manifest_sum(struct span text, const char *name, uint64_t *ret_line)
{
	struct span line;

	for (*ret_line = 1; line_next(&text, &line); (*ret_line)++) {
		size_t n = strlen(name);

		if (line.n > n + 2 && span_is(span_sub(line, line.n - n, n), name) &&
		    span_is(span_sub(line, line.n - n - 2, 2), "  "))
			return span_sub(line, 0, line.n - n - 2);
	}
	return (struct span){ NULL, 0 };
}

/* The manifest is what must stand there; else each file whose sum is another one is named. */
static void
manifest_check(struct check *c, enum bag_file manifest, const struct sums sums[BAG_END])
{
	struct span text = c->archive->file[manifest];
	struct buf want = { 0 };
	uint64_t before = c->result->findings, line, ignored;

	bag_manifest_put(&want, manifest, sums);
	if (text.p == NULL || span_eq(buf_span(&want), text)) {
		buf_done(&want);
		return;
	}
	for (unsigned i = 0; i < BAG_END; i++) {
		struct span own = manifest_sum(buf_span(&want), bag_name(i), &ignored);
		struct span said = manifest_sum(text, bag_name(i), &line);

		if (own.n == 0 || c->archive->file[i].p == NULL || span_eq(own, said))
			continue;
		if (said.n == 0)
			check_say(c, 6, manifest, 0, "", "%s is not listed", bag_name(i));
		else
			check_say(c, 6, (enum bag_file)i, 0, "", "its octets are not those of %s "
			    "line %llu", bag_name(manifest), (ull)line);
	}
	if (c->result->findings == before)
		check_say(c, 6, manifest, 0, "", "it is not written as it must be");
	buf_done(&want);
}

static void
bag_check(struct check *c)
{
	struct sums *sums = xcalloc(BAG_END, sizeof *sums);
	struct buf bagit = { 0 };

	for (unsigned i = 0; i < BAG_END && !c->stopped; i++) {
		struct summing *summing = summing_new();
		struct span file = c->archive->file[i];

		for (size_t at = 0; at < file.n && !c->stopped; at += 1 << 20) {
			summing_add(summing, span_sub(file, at, 1 << 20));
			check_step(c, span_sub(file, at, 1 << 20).n);
		}
		summing_end(&summing, &sums[i]);
	}
	if (!c->stopped) {
		bag_bagit_put(&bagit);
		if (!span_eq(buf_span(&bagit), c->archive->file[BAG_BAGIT]) &&
		    c->archive->file[BAG_BAGIT].p != NULL)
			check_say(c, 6, BAG_BAGIT, 0, "", "it is not what it must be");
		manifest_check(c, BAG_SHA256, sums);
		manifest_check(c, BAG_BLAKE2B, sums);
		manifest_check(c, BAG_TAGS, sums);
	}
	buf_done(&bagit);
	free(sums);
}

/* ---- key and checkpoint: rules 7 to 9 ---- */

enum err
evidence_key(const struct archive *archive, struct note_key *ret_key, struct why *why)
{
	enum err rc;

	if (archive->file[BAG_VKEY].n > 2 * NOTE_NAME_BYTES)
		return why_set(why, ERR_FORMAT, "rule 7: %s is no verifier key",
		    bag_name(BAG_VKEY));
	rc = note_key_get(ret_key, archive->file[BAG_VKEY], why);
	if (rc == OK && ret_key->kind != NOTE_ED25519)
		rc = why_set(why, ERR_FORMAT, "a witness's key");
	return rc == OK ? OK : why_prefix(why, ERR_FORMAT, "rule 7: %s", bag_name(BAG_VKEY));
}

static void
same_check(struct check *c, uint8_t rule, enum bag_file file, const struct buf *want)
{
	if (!span_eq(buf_span(want), c->archive->file[file]) && c->archive->file[file].p != NULL)
		check_say(c, rule, file, 0, "", "it is not what follows from the key and the "
		    "checkpoint");
}

static void
seal_check(struct check *c)
{
	struct span note = c->archive->file[BAG_CHECKPOINT];
	struct buf vkey = { 0 }, pem = { 0 }, text = { 0 }, signature = { 0 };
	struct note parsed;
	struct why why = { "" };
	enum err rc;

	note_key_put(&vkey, c->key);
	buf_u8(&vkey, '\n');
	same_check(c, 7, BAG_VKEY, &vkey);
	bag_pem_put(&pem, c->key);
	same_check(c, 9, BAG_PEM, &pem);
	rc = note_parse(&parsed, note, &why);
	if (rc == OK)
		rc = checkpoint_get(&c->checkpoint, parsed.text, &why);
	if (rc == OK)
		rc = bag_signed_put(&text, &signature, note, c->key, &why);
	if (rc == OK && !span_is(c->checkpoint.origin, c->key->name))
		rc = why_set(&why, ERR_PROOF, "its origin is not the key's name");
	c->signed_well = rc == OK;
	if (rc != OK) {
		check_say(c, 8, BAG_CHECKPOINT, 0, "", "it is not signed by the key that was "
		    "given: %s", why.text);
	} else {
		same_check(c, 9, BAG_SIGNED, &text);
		same_check(c, 9, BAG_SIGNATURE, &signature);
		checkpoint_short(c->result->code, &c->checkpoint);
		c->result->entries = c->checkpoint.size;
	}
	memcpy(c->result->origin, c->key->name, sizeof c->result->origin);
	buf_done(&vkey);
	buf_done(&pem);
	buf_done(&text);
	buf_done(&signature);
}

/* Rule 23; who is trusted by them was decided before. */
static void
keys_check(struct check *c)
{
	struct span rest = c->archive->file[BAG_KEYS];
	struct chain_link link;
	struct why why = { "" };
	uint64_t line = 0, at = 1;
	enum err rc;

	while ((rc = chain_get(&link, &rest, &line, &why)) == OK)
		at = line + 1;
	if (rc != ERR_MORE)
		check_say(c, 23, BAG_KEYS, at, "", "%s", why.text);
}

/* ---- anchors: rules 21 and 22 ---- */

/* One that is held outside, of this size. */
static void
anchor_compare(struct check *c, const struct held *held, const struct digest *root, uint64_t line)
{
	struct evidence_result *r = c->result;

	if (memcmp(held->root.b, root->b, DIGEST_BYTES) != 0) {
		check_say(c, 22, line > 0 ? BAG_ANCHORS : BAG_CHECKPOINT, line, "", "the anchor of "
		    "%llu entries that is held elsewhere is another one: this is not the history "
		    "that was anchored", (ull)held->size);
		return;
	}
	r->anchors++;
	if (held->size > r->anchor_size) {
		r->anchor_size = held->size;
		r->anchor_ns = held->time_ns;
	}
}

static void
anchors_check(struct check *c)
{
	struct span rest = c->archive->file[BAG_ANCHORS];
	struct why why = { "" };
	struct held held;
	uint64_t line = 0, at = 1;
	enum err rc;

	for (unsigned i = 0; c->signed_well && i < c->trust->nheld; i++)
		if (c->trust->held[i].size == c->checkpoint.size)
			anchor_compare(c, &c->trust->held[i], &c->checkpoint.root, 0);
	while ((rc = held_get(&held, &rest, &line, &why)) == OK) {
		rc = c->signed_well ? held_check(&held, &c->checkpoint, &why) : OK;
		if (rc != OK)
			check_say(c, 21, BAG_ANCHORS, at, "", "%s", why.text);
		for (unsigned i = 0; c->signed_well && rc == OK && i < c->trust->nheld; i++)
			if (c->trust->held[i].size == held.size &&
			    held.size < c->checkpoint.size)
				anchor_compare(c, &c->trust->held[i], &held.root, at);
		at = line + 1;
	}
	if (rc != ERR_MORE)
		check_say(c, 21, BAG_ANCHORS, at, "", "%s", why.text);
}

/* ---- proofs and records ---- */

static void
leaves_check(struct check *c)
{
	struct why why = { "" };
	uint64_t seen;

	if (bag_claim_get(&c->result->claim, &c->proofs, &c->proofs_line, &why) != OK) {
		check_say(c, 11, BAG_PROOFS, 0, "", "%s", why.text);
		return;
	}
	(void)leaf_view_next(c, &c->view[c->now]);
	while (c->view[c->now].there && !c->stopped) {
		(void)leaf_view_next(c, &c->view[c->now ^ 1]);
		leaf_view_judge(c, &c->view[c->now]);
		check_rows(c);
		c->now ^= 1;
	}
	if (c->stopped)
		return;
	check_rest(c);
	seen = c->result->records;
	if (seen != c->result->claim.records)
		check_say(c, 17, BAG_PROOFS, 3, "", "%llu records are announced, %llu have a proof",
		    (ull)c->result->claim.records, (ull)seen);
}

static int
seq_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Rules 18 and 20. */
static void
numbers_check(struct check *c)
{
	struct evidence_result *r = c->result;
	uint64_t n = r->claim.last_seq - r->claim.first_seq;

	if (c->nseq > 0)
		qsort(c->seq, c->nseq, sizeof *c->seq, seq_order);
	for (size_t i = 1; i < c->nseq; i++)
		if (c->seq[i] == c->seq[i - 1])
			check_say(c, 18, BAG_PROOFS, 0, "", "record %llu is there twice",
			    (ull)c->seq[i]);
	if (c->nseq > 0) {
		r->first_seq = c->seq[0];
		r->last_seq = c->seq[c->nseq - 1];
		r->contiguous = r->last_seq - r->first_seq == c->nseq - 1;
	}
	if (r->claim.first_seq == 0)
		return;
	r->complete = r->contiguous && r->first_seq == r->claim.first_seq &&
	    r->last_seq == r->claim.last_seq;
	if (!r->complete)
		check_say(c, 20, BAG_PROOFS, 4, "", "all records %llu to %llu are claimed to be "
		    "here; %llu of %llu are proven", (ull)r->claim.first_seq,
		    (ull)r->claim.last_seq, (ull)c->nseq, (ull)n + 1);
}

enum err
evidence_check(const struct archive *archive, const struct evidence_trust *trust,
    const struct evidence_watch *watch, struct evidence_result *ret_result, struct why *why)
{
	struct check *c = xcalloc(1, sizeof *c);
	bool stopped;

	*ret_result = (struct evidence_result){ 0 };
	c->archive = archive;
	c->watch = watch;
	c->result = ret_result;
	c->key = trust->key;
	c->trust = trust;
	c->last_index = UINT64_MAX;
	c->proofs = archive->file[BAG_PROOFS];
	c->records = archive->file[BAG_RECORDS];
	c->fields = archive->file[BAG_FIELDS];
	c->line = c->fields_line = 1;
	for (unsigned i = 0; i < BAG_END; i++)
		c->all_bytes += archive->file[i].n;
	c->all_bytes += c->records.n + c->fields.n;
	files_check(c);
	bag_check(c);
	if (!c->stopped)
		seal_check(c);
	if (!c->stopped)
		keys_check(c);
	if (!c->stopped)
		anchors_check(c);
	if (!c->stopped)
		leaves_check(c);
	if (!c->stopped)
		numbers_check(c);
	leaf_view_done(&c->view[0]);
	leaf_view_done(&c->view[1]);
	stopped = c->stopped;
	free(c->seq);
	free(c);
	return stopped ? why_set(why, ERR_BUSY, "stopped") : OK;
}
