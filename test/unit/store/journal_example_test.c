/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked examples of doc/formats/journal.md and manifest.md, made by the code: their files are
 * the arguments, and every line made here must stand in them. With "-" the lines are printed.
 */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/digest.h"
#include "store/journal_int.h"
#include "store/key.h"
#include "store/manifest_int.h"

#define ORIGIN "trucban/000102030405060708090a0b0c0d0e0f"

static const char *journal_doc, *manifest_doc;
static struct buf file, text;
static struct digest chain;
static uint32_t nframe;

static void
hex_block(struct buf *out, const char *what, struct span s)
{
	buf_printf(out, "%s, %zu octets:\n", what, s.n);
	for (size_t i = 0; i < s.n; i += 16) {
		buf_printf(out, "    %04zx ", i);
		for (size_t j = i; j < i + 16 && j < s.n; j++)
			buf_printf(out, " %02x", s.p[j]);
		buf_str(out, "\n");
	}
}

/* One frame behind the others; with a crypt, encrypted. Returns where it begins. */
static size_t
frame_make(enum journal_type type, uint64_t id, uint32_t rows, const struct digest *d,
    struct span plain, struct crypt *crypt)
{
	struct frame_head head = { .type = (uint8_t)type, .codec = CODEC_STORED,
	    .plain = (uint32_t)plain.n, .stored = (uint32_t)plain.n, .id = id, .rows = rows,
	    .number = nframe++, .segment = type == JOURNAL_ROWS ? 9 : 0 };
	size_t at = file.n, n;
	uint8_t *p;

	chain_next(&chain, head.type, d);
	head.chain = chain;
	if (crypt != NULL)
		head.stored += CRYPT_TAG_BYTES;
	n = frame_round(FRAME_HEAD_BYTES + (size_t)head.stored);
	p = buf_add(&file, n);
	memset(p, 0, n);
	if (plain.n > 0)
		memcpy(p + FRAME_HEAD_BYTES, plain.p, plain.n);
	if (crypt != NULL) {
		frame_put_start(p, &head);
		crypt_seal(crypt, head.number, span_of(p, FRAME_SEALED_BYTES),
		    p + FRAME_HEAD_BYTES, plain.n);
	}
	frame_put(p, &head);
	return at;
}

static size_t
definition_make(enum journal_type type, struct span code, struct crypt *crypt)
{
	struct digest d;

	blake256(&d, code);
	return frame_make(type, 0, 0, &d, code, crypt);
}

/* The record of record.md's example, as raw:1:40231. */
static void
rows_put(struct buf *shape_code, struct buf *source_code, struct buf *plain, struct digest *ret)
{
	struct hole hole[] = {
		{ HOLE_TEXT, ROLE_PRIORITY, SPAN("priority"), SPAN(">1 ") },
		{ HOLE_TEXT, ROLE_TIME, SPAN("timestamp"), SPAN(" ") },
		{ HOLE_TEXT, ROLE_HOST, SPAN("hostname"), SPAN(" ") },
		{ HOLE_TEXT, ROLE_APP, SPAN("app_name"), SPAN(" ") },
		{ HOLE_TEXT, ROLE_PID, SPAN("proc_id"), SPAN(" - - ") },
		{ HOLE_TEXT, ROLE_MESSAGE, SPAN("_msg"), SPAN("") },
	};
	struct span value[] = { SPAN("34"), SPAN("2026-11-23T08:00:00Z"), SPAN("web01"),
	    SPAN("sshd"), SPAN("812"), SPAN("Failed password for root from 192.0.2.7") };
	struct row row = { .recv_ns = 1795420800250000000, .event_ns = 1795420800000000000,
	    .nvalue = 6, .value = value };
	struct batch_writer *writer = batch_writer_new(STREAM_RAW, 0);
	uint8_t salt[SALT_BYTES], sd[SOURCE_DIGEST_BYTES], raw[256];
	struct shape *shape = NULL;
	struct source *source = NULL;
	struct digest digest;

	shape_encode(shape_code, &(struct shape){ .format = FORMAT_RFC5424, .decoder = 1,
	    .nhole = 6, .head = SPAN("<"), .hole = hole });
	source_encode(source_code, &(struct source){ .class = 0, .trust = TRUST_PEER, .unit = 5,
	    .listener = SPAN("syslog-tcp"), .peer = SPAN("192.0.2.10"), .host = SPAN("web01"),
	    .app = SPAN("sshd") });
	must(shape_new(&shape, buf_span(shape_code), NULL) == OK);
	must(source_new(&source, buf_span(source_code), NULL) == OK);
	memset(buf_add(plain, SEED_BYTES), 7, SEED_BYTES);
	buf_u64(plain, UINT64_C(0x1122334455667788));
	buf_u64(plain, 3);
	must(batch_add(writer, 0, 0, &row) == OK);
	batch_finish(writer, plain);
	row_raw(raw, &row, shape);
	salts(salt, 1, plain->p, 40231);
	source_digest(sd, source);
	row_digest(&digest, salt, STREAM_RAW, 0, 0, 1, 40231, row.recv_ns, sd,
	    span_of(raw, row_bytes(&row, shape)));
	tree16(ret, &digest, 1);
	batch_writer_free(&writer);
	shape_free(&shape);
	source_free(&source);
}

static void
journal_make(void)
{
	static const uint8_t data_key[CRYPT_KEY_BYTES] = { 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5,
	    5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5 };
	struct crypt *crypt = crypt_new(data_key);
	struct journal_head head = { .number = 7, .epoch = 1 };
	struct buf shape = { 0 }, source = { 0 }, plain = { 0 };
	struct digest d, empty;
	size_t at;

	store_id_of(head.store_id, ORIGIN);
	journal_head_put(buf_add(&file, JOURNAL_HEAD_BYTES), &head, NULL);
	rows_put(&shape, &source, &plain, &d);
	(void)definition_make(JOURNAL_SHAPE, buf_span(&shape), NULL);
	(void)definition_make(JOURNAL_SOURCE, buf_span(&source), NULL);
	(void)frame_make(JOURNAL_ROWS, 40231, 1, &d, buf_span(&plain), NULL);
	blake256(&empty, (struct span){ NULL, 0 });
	(void)frame_make(JOURNAL_END, 0, 0, &empty, (struct span){ NULL, 0 }, NULL);
	hex_block(&text, "The file", buf_span(&file));
	hex_block(&text, "Its frame digest", span_of(d.b, sizeof d.b));
	/* The same source as frame 1 of an encrypted file, on the same chain. */
	chain = (struct digest){ { 0 } };
	nframe = 1;
	at = definition_make(JOURNAL_SOURCE, buf_span(&source), crypt);
	hex_block(&text,
	    "The source as frame 1 under a data key of 32 octets 05, first in its chain",
	    span_of(file.p + at, file.n - at));
	file.n = at;
	crypt_free(&crypt);
	buf_done(&shape);
	buf_done(&source);
	buf_done(&plain);
}

static void
stands_in(const char *path)
{
	struct buf doc = { 0 };
	FILE *f = fopen(path, "r");
	int c;

	if (!check(f != NULL))
		return;
	while ((c = fgetc(f)) != EOF)
		buf_u8(&doc, (uint8_t)c);
	(void)fclose(f);
	check(memmem(doc.p, doc.n, text.p, text.n) != NULL);
	buf_done(&doc);
	text.n = 0;
}

static void
the_journal_document_shows_what_the_code_makes(void)
{
	struct journal_file reading = { .fd = -1 };
	struct journal_frame frame;
	struct frame_head head;
	size_t at = JOURNAL_HEAD_BYTES, n;

	journal_make();
	check(journal_head_get(&reading.head, buf_span(&file), NULL, NULL) == OK);
	while ((n = frame_get(&head, span_sub(buf_span(&file), at, SIZE_MAX))) > 0) {
		check(journal_decode(&reading, &head, span_sub(buf_span(&file), at, n), &frame,
		    NULL) == OK);
		at += n;
	}
	check(at == file.n && frame.type == JOURNAL_END);
	journal_file_close(&reading);
	stands_in(journal_doc);
}

static void
manifest_make(void)
{
	struct manifest m = { .fd = -1, .epoch = 1 };
	struct segment_info info = { .id = 9, .stream = STREAM_RAW, .class = 0, .epoch = 1,
	    .rows = 1, .first_seq = 40231, .last_seq = 40231, .recv_min_ns = 1795420800250000000,
	    .recv_max_ns = 1795420800250000000, .event_min_ns = 1795420800000000000,
	    .event_max_ns = 1795420800000000000, .bytes = 1234, .raw_bytes = 85 };
	struct buf out = { 0 }, payload = { 0 };
	uint32_t n;

	store_id_of(m.store_id, ORIGIN);
	n = manifest_put(&out, &m);
	hex_block(&text, "A manifest just compacted, without segments", buf_span(&out));
	out.n = 0;
	manifest_segment_put(&payload, &info, span_of((const uint8_t[]){ 2, 17, 3 }, 3));
	manifest_record_put(&out, RECORD_ADD, n++, buf_span(&payload));
	hex_block(&text, "Segment 9 with leaves 17 and 20 is added", buf_span(&out));
	out.n = payload.n = 0;
	manifest_ids_put(&payload, &info.id, 1);
	manifest_record_put(&out, RECORD_DROP, n, buf_span(&payload));
	hex_block(&text, "It goes", buf_span(&out));
	buf_done(&out);
	buf_done(&payload);
}

static void
the_manifest_document_shows_what_the_code_makes(void)
{
	manifest_make();
	stands_in(manifest_doc);
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "-") == 0) {
		journal_make();
		buf_str(&text, "----\n");
		manifest_make();
		(void)fwrite(text.p, 1, text.n, stdout);
		return 0;
	}
	if (argc != 3)
		return 2;
	journal_doc = argv[1];
	manifest_doc = argv[2];
	run(the_journal_document_shows_what_the_code_makes);
	run(the_manifest_document_shows_what_the_code_makes);
	buf_done(&file);
	buf_done(&text);
	return check_done();
}
