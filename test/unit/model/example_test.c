/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The worked example of doc/formats/record.md, made by the code: its file is the argument, and
 * every line made here must stand in it. With "-" as the argument the lines are printed.
 */
#include "check.h"

#include <stdlib.h>

#include "base/buf.h"
#include "model/batch.h"
#include "model/digest.h"

static const char *doc_path;
static struct buf made;

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
example_make(void)
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
	struct buf shape_code = { 0 }, source_code = { 0 }, batch = { 0 };
	struct batch_writer *writer = batch_writer_new(STREAM_RAW, 0);
	uint8_t seed[SEED_BYTES], salt[SALT_BYTES], sd[SOURCE_DIGEST_BYTES], raw[256];
	struct shape *shape = NULL;
	struct source *source = NULL;
	struct digest digest;

	memset(seed, 7, sizeof seed);
	shape_encode(&shape_code, &(struct shape){ .format = FORMAT_RFC5424, .decoder = 1,
	    .nhole = 6, .head = SPAN("<"), .hole = hole });
	source_encode(&source_code, &(struct source){ .class = 0, .trust = TRUST_PEER, .unit = 5,
	    .listener = SPAN("syslog-tcp"), .peer = SPAN("192.0.2.10"), .host = SPAN("web01"),
	    .app = SPAN("sshd") });
	check(shape_new(&shape, buf_span(&shape_code), NULL) == OK);
	check(source_new(&source, buf_span(&source_code), NULL) == OK);
	check(batch_add(writer, 0, 0, &row) == OK);
	batch_finish(writer, &batch);
	row_raw(raw, &row, shape);
	salts(salt, 1, seed, 40231);
	source_digest(sd, source);
	row_digest(&digest, salt, STREAM_RAW, 0, 0, 1, 40231, row.recv_ns, sd,
	    span_of(raw, row_bytes(&row, shape)));
	hex_block("The record", span_of(raw, row_bytes(&row, shape)));
	hex_block("Its shape", buf_span(&shape_code));
	hex_block("Its source", buf_span(&source_code));
	hex_block("Source digest", span_of(sd, sizeof sd));
	hex_block("A batch that holds it alone (ids 0 and 0)", buf_span(&batch));
	hex_block("Its salt, for a seed of 32 octets 07 and as first row of a frame at 40231",
	    span_of(salt, sizeof salt));
	hex_block("Its row digest as raw:1:40231", span_of(digest.b, sizeof digest.b));
	batch_writer_free(&writer);
	shape_free(&shape);
	source_free(&source);
	buf_done(&shape_code);
	buf_done(&source_code);
	buf_done(&batch);
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
		return 0;
	}
	run(the_document_shows_what_the_code_makes);
	return check_done();
}
