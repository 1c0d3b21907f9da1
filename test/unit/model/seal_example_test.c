/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked example of doc/formats/seal.md, made by the code: its file is the argument, and
 * everything made here must stand in it. With "-" as the argument it is printed.
 */
#include "check.h"

#include "base/buf.h"
#include "model/checkpoint.h"
#include "model/rowproof.h"

enum { ROWS = 2, ENTRIES = 3 };

#define RECV_NS		INT64_C(1795420800250000000)

static const char *doc_path;
static const char origin[] = "trucban/000102030405060708090a0b0c0d0e0f";
static struct buf made;
static uint8_t sign_seed[32];
static struct buf entry[ENTRIES];
static struct digest leaf_hash[ENTRIES];
static struct row_proof proof;
static struct buf source_code;

static struct span
record(unsigned i)
{
	return i == 0 ? span_str("<34>1 2026-11-23T08:00:00Z web01 sshd 812 - - Failed password "
	    "for root from 192.0.2.7") : span_str("<38>1 2026-11-23T08:00:01Z web01 sshd 812 - - "
	    "Connection closed by 192.0.2.7");
}

static void
hex_block(const char *what, struct span s)
{
	buf_printf(&made, "%s, %zu octets:\n", what, s.n);
	for (size_t i = 0; i < s.n; i += 16) {
		buf_printf(&made, "    %04zx ", i);
		for (size_t j = i; j < i + 16 && j < s.n; j++)
			buf_printf(&made, " %02x", s.p[j]);
		buf_str(&made, "\n");
	}
}

static void
hex_digest(const char *what, const struct digest *d)
{
	hex_block(what, span_of(d->b, DIGEST_BYTES));
}

/* Each line with four spaces in front. */
static void
text_block(const char *what, struct span s)
{
	bool start = true;

	buf_printf(&made, "%s:\n", what);
	for (size_t i = 0; i < s.n; i++) {
		if (start && s.p[i] != '\n')
			buf_str(&made, "    ");
		buf_u8(&made, s.p[i]);
		start = s.p[i] == '\n';
	}
	if (!start)
		buf_u8(&made, '\n');
}

/* One frame of two rows, raw:1:40231 and 40232, is a leaf of its own. */
static void
rows_make(struct leaf_rows *ret)
{
	struct source source;
	uint8_t seed[SEED_BYTES], salt[ROWS * SALT_BYTES], from[SOURCE_DIGEST_BYTES];
	struct locator sum = { 0 };
	struct digest d[ROWS], frame;

	memset(seed, 7, sizeof seed);
	source_encode(&source_code, &(struct source){ .class = 0, .trust = TRUST_PEER, .unit = 5,
	    .listener = SPAN("syslog-tcp"), .peer = SPAN("192.0.2.10"), .host = SPAN("web01"),
	    .app = SPAN("sshd") });
	source = (struct source){ .code = buf_span(&source_code) };
	source_digest(from, &source);
	salts(salt, ROWS, seed, 40231);
	for (unsigned i = 0; i < ROWS; i++) {
		row_digest(&d[i], salt + i * SALT_BYTES, STREAM_RAW, 0, 0, 1, 40231 + i,
		    RECV_NS + i, from, record(i));
		hex_digest(i == 0 ? "Row digest of raw:1:40231" : "Row digest of raw:1:40232",
		    &d[i]);
		locator_add(&sum, &d[i]);
	}
	proof = (struct row_proof){ .stream = STREAM_RAW, .epoch = 1, .seq = 40231,
	    .recv_ns = RECV_NS, .source = source.code, .raw = record(0) };
	memcpy(proof.salt, salt, SALT_BYTES);
	tree_path_make(&proof.row, &frame, d, ROWS, 0);
	hex_digest("Frame digest", &frame);
	*ret = (struct leaf_rows){ 40231, 40232, ROWS, 1, { { 0 } }, sum.s0, sum.s1, 9 };
	tree_path_make(&proof.frame, &ret->root, &frame, 1, 0);
	hex_digest("Leaf root", &ret->root);
	buf_printf(&made, "Locator: S0 = %016llx, S1 = %016llx\n", (unsigned long long)sum.s0,
	    (unsigned long long)sum.s1);
}

static void
entries_make(void)
{
	struct leaf epoch = { .type = LEAF_EPOCH, .epoch = 1, .time_ns = RECV_NS - 1000000000,
	    .u.epoch_begin = { .reason = SPAN("first start") } };
	struct leaf rows = { .type = LEAF_ROWS, .epoch = 1, .time_ns = RECV_NS + 500000000 };
	struct leaf beat = { .type = LEAF_HEARTBEAT, .epoch = 1, .time_ns = RECV_NS + 600000000,
	    .u.heartbeat = { .last_seq = { 40232 }, .rows = { 40232 } } };
	const struct leaf_counter counter = { SPAN("udp.lost"), 300 };

	tlog_empty_root(&epoch.u.epoch_begin.root);
	rows_make(&rows.u.rows);
	memset(beat.u.heartbeat.journal.b, 0xcc, DIGEST_BYTES);
	beat.u.heartbeat.ncounter = 1;
	beat.u.heartbeat.counter = &counter;
	leaf_encode(&entry[0], &epoch);
	leaf_encode(&entry[1], &rows);
	leaf_encode(&entry[2], &beat);
	hex_block("Entry 0, EPOCH", buf_span(&entry[0]));
	hex_block("Entry 1, ROWS", buf_span(&entry[1]));
	hex_block("Entry 2, HEARTBEAT", buf_span(&entry[2]));
	for (unsigned i = 0; i < ENTRIES; i++)
		tlog_leaf_hash(&leaf_hash[i], buf_span(&entry[i]));
	hex_block("tile/0/000.p/3", span_of(leaf_hash[0].b, sizeof leaf_hash));
}

static void
checkpoint_make(struct buf *note)
{
	struct checkpoint checkpoint = { .origin = span_str(origin), .size = ENTRIES };
	char code[CHECKPOINT_SHORT_BYTES];
	struct buf text = { 0 };
	struct note_key key;

	tlog_run_root(&checkpoint.root, leaf_hash, ENTRIES);
	memset(sign_seed, 1, sizeof sign_seed);
	note_key_of_seed(&key, origin, sign_seed);
	note_key_put(&text, &key);
	text_block("Verifier key of the Ed25519 seed of 32 octets 01", buf_span(&text));
	text.n = 0;
	checkpoint_put(&text, &checkpoint);
	note_sign(note, buf_span(&text), origin, sign_seed);
	text_block("Checkpoint", buf_span(note));
	checkpoint_short(code, &checkpoint);
	text_block("Its short form", span_str(code));
	text.n = 0;
	anchor_put(&text, &checkpoint, RECV_NS);
	text_block("Its anchor line", buf_span(&text));
	buf_done(&text);
}

static void
example_make(void)
{
	struct buf note = { 0 }, text = { 0 };

	entries_make();
	checkpoint_make(&note);
	proof.entry = buf_span(&entry[1]);
	proof.tree_index = 1;
	proof.inclusion.n = 2;
	proof.inclusion.hash[0] = leaf_hash[0];
	proof.inclusion.hash[1] = leaf_hash[2];
	proof.note = buf_span(&note);
	row_proof_put(&text, &proof);
	text_block("Proof of raw:1:40231", buf_span(&text));
	buf_done(&text);
	buf_done(&note);
	buf_done(&source_code);
	for (unsigned i = 0; i < ENTRIES; i++)
		buf_done(&entry[i]);
}

static void
the_document_shows_what_the_code_makes(void)
{
	struct buf doc = { 0 };
	FILE *f = fopen(doc_path, "r");
	int c;

	example_make();
	if (!check(f != NULL))
		return;
	while ((c = fgetc(f)) != EOF)
		buf_u8(&doc, (uint8_t)c);
	(void)fclose(f);
	check(memmem(doc.p, doc.n, made.p, made.n) != NULL);
	buf_done(&doc);
	buf_done(&made);
}

int
main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	doc_path = argv[1];
	if (strcmp(doc_path, "-") == 0) {
		example_make();
		(void)fwrite(made.p, 1, made.n, stdout);
		buf_done(&made);
		return 0;
	}
	run(the_document_shows_what_the_code_makes);
	return check_done();
}
