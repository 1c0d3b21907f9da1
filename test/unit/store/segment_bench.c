/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What segments cost: cuts a file of lines or JSON objects, builds segments of it and prints
 * time and size against zstd -3 of the file. Not a test.
 *
 *	store_segment_bench [-l level] [-b megabytes] [-r] [-o DIR] line|syslog|json FILE...
 *
 * -r reads every record back and compares; -o keeps the files of the segments.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <zstd.h>

#include "base/must.h"
#include "parse/parse.h"
#include "store/builder.h"
#include "store/segment_int.h"
#include "sys/file.h"

enum { FRAME_BYTES = 64 << 10, FRAME_ROWS = 4096 };

typedef void parse_fn(struct parser *, struct span, int64_t, struct parsed *);

struct total {
	double frame_s, write_s, read_s;
	uint64_t rows, raw, sealed, derived, segments;
	size_t builder_most;
};

struct bench {
	struct builder_conf conf;
	struct builder *builder;
	struct parser *parser;
	struct batch_writer *writer;
	parse_fn *parse;
	struct buf source_code;
	struct shape **shape;
	uint32_t nshape;
	struct source **source;
	uint32_t nsource;
	uint64_t seq;
	size_t budget;
	bool compare;
	const char *keep;
	struct total total;
	/* the rows of the segment under construction, for comparing */
	struct span *line;
	uint32_t nline;
};

static double
cpu(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
segment_compare(struct bench *b, struct segment_memory *memory)
{
	struct segment *s = NULL;
	struct why why = { "" };
	struct buf raw = { 0 };
	double from = cpu();

	if (segment_open_memory(&s, memory, NULL, PACK_CHECK, &why) != OK) {
		printf("cannot open: %s\n", why.text);
		exit(1);
	}
	for (uint32_t i = 0; i < segment_columns(s); i++) {
		if (segment_column_text(s, i, NULL, &why) != OK) {
			printf("%s\n", why.text);
			exit(1);
		}
	}
	for (uint32_t i = 0; i < segment_rows(s); i++) {
		raw.n = 0;
		if (segment_raw(s, i, &raw, &why) != OK || !span_eq(buf_span(&raw), b->line[i])) {
			printf("row %u differs: %s\n%.*s\n%.*s\n", i, why.text, (int)raw.n,
			    (char *)raw.p, (int)b->line[i].n, (const char *)b->line[i].p);
			exit(1);
		}
	}
	b->total.read_s += cpu() - from;
	buf_done(&raw);
	segment_free(&s);
}

static void
segment_end(struct bench *b)
{
	struct segment_memory *memory;
	struct segment_info info;
	double from;

	if (builder_rows(b->builder) == 0)
		return;
	if (builder_bytes(b->builder) > b->total.builder_most)
		b->total.builder_most = builder_bytes(b->builder);
	from = cpu();
	memory = builder_to_memory(b->builder, &info);
	b->total.write_s += cpu() - from;
	b->total.sealed += memory->sealed.n;
	b->total.derived += memory->derived.n;
	b->total.segments++;
	if (b->keep != NULL) {
		char name[SEGMENT_NAME];
		int fd = open(b->keep, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		segment_name(name, b->total.segments, SEGMENT_SEALED);
		(void)file_replace(fd, name, buf_span(&memory->sealed), NULL);
		segment_name(name, b->total.segments, SEGMENT_DERIVED);
		(void)file_replace(fd, name, buf_span(&memory->derived), NULL);
		close(fd);
	}
	if (b->compare)
		segment_compare(b, memory);
	segment_memory_drop(&memory);
	b->nline = 0;
}

static void
frame_end(struct bench *b)
{
	const struct shape *shape[4096];
	const struct source *source[4096];
	struct batch_tables tables = { shape, source };
	struct batch_head head;
	struct buf code = { 0 };
	uint32_t rows = batch_rows(b->writer);
	uint8_t seed[32] = { 7 };
	double from;

	if (rows == 0)
		return;
	batch_finish(b->writer, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK && head.nshape <= 4096 &&
	    head.nsource <= 4096);
	for (uint32_t i = 0; i < head.nshape; i++)
		shape[i] = b->shape[batch_shape_id(&head, i)];
	for (uint32_t i = 0; i < head.nsource; i++)
		source[i] = b->source[batch_source_id(&head, i)];
	from = cpu();
	builder_frame(b->builder, &head, &tables, b->seq);
	b->total.frame_s += cpu() - from;
	b->seq += rows;
	if (b->seq / 10000 != (b->seq - rows) / 10000)
		builder_leaf(b->builder, b->seq / 10000, seed);
	buf_done(&code);
}

static uint32_t
source_of(struct bench *b, const struct parsed *p)
{
	struct source parts = { .trust = TRUST_PEER, .listener = SPAN("syslog-tcp"),
	    .peer = SPAN("10.1.2.3"), .host = p->host, .app = p->app };

	b->source_code.n = 0;
	source_encode(&b->source_code, &parts);
	for (uint32_t i = 0; i < b->nsource; i++) {
		if (span_eq(b->source[i]->code, buf_span(&b->source_code)))
			return i;
	}
	b->source = xreallocarray(b->source, b->nsource + 1, sizeof(struct source *));
	b->source[b->nsource] = NULL;
	must(source_new(&b->source[b->nsource], buf_span(&b->source_code), NULL) == OK);
	return b->nsource++;
}

static void
line_add(struct bench *b, struct span line, int64_t recv_ns)
{
	struct parsed p;
	struct row row;

	b->parse(b->parser, line, recv_ns, &p);
	while (b->nshape < parser_shapes(b->parser)) {
		b->shape = xreallocarray(b->shape, b->nshape + 1, sizeof(struct shape *));
		b->shape[b->nshape] = NULL;
		must(shape_new(&b->shape[b->nshape], parser_shape(b->parser, b->nshape), NULL) ==
		    OK);
		b->nshape++;
	}
	row = (struct row){ p.shape_id, source_of(b, &p), p.flags, recv_ns, p.event_ns, p.nvalue,
	    p.value };
	if (batch_add(b->writer, row.shape, row.source, &row) == ERR_FULL) {
		frame_end(b);
		must(batch_add(b->writer, row.shape, row.source, &row) == OK);
	}
	b->line[b->nline++] = line;
	b->total.rows++;
	b->total.raw += line.n + 1;
}

static void
file_bench(struct bench *b, struct span file)
{
	struct lines lines = lines_of(file, LINES_COMPLETE);
	int64_t recv_ns = 1790000000123456789;
	struct span line;

	while (lines_next(&lines, &line)) {
		line_add(b, line, recv_ns);
		if (batch_bytes(b->writer) >= FRAME_BYTES || batch_rows(b->writer) >= FRAME_ROWS) {
			frame_end(b);
			recv_ns += 1234567 + recv_ns % 7919;
		}
		if (b->nline >= LIMIT_ROWS ||
		    (batch_rows(b->writer) == 0 && builder_bytes(b->builder) >= b->budget)) {
			frame_end(b);
			segment_end(b);
		}
	}
	frame_end(b);
	segment_end(b);
}

static void
report(const struct bench *b, const char *name, struct span file)
{
	const struct total *t = &b->total;
	size_t room = ZSTD_compressBound(file.n), three, one;
	void *to = xmalloc(room);
	double one_s;

	one_s = cpu();
	one = ZSTD_compress(to, room, file.p, file.n, 1);
	one_s = cpu() - one_s;
	three = ZSTD_compress(to, room, file.p, file.n, 3);
	free(to);
	name = strrchr(name, '/') != NULL ? strrchr(name, '/') + 1 : name;
	printf("%-16s %7llu rows %5.0f B | %5.0f + %5.0f = %5.0f ns/row (zstd-1 %4.0f), "
	    "read %5.0f | seg %9llu idx %8llu"
	    " | zstd-3 %9zu -1 %9zu | ratio %.3f | %llu segments, %zu MB\n", name,
	    (unsigned long long)t->rows, (double)t->raw / (double)t->rows,
	    t->frame_s * 1e9 / (double)t->rows, t->write_s * 1e9 / (double)t->rows,
	    (t->frame_s + t->write_s) * 1e9 / (double)t->rows, one_s * 1e9 / (double)t->rows,
	    t->read_s * 1e9 / (double)t->rows, (unsigned long long)t->sealed,
	    (unsigned long long)t->derived, three, one,
	    (double)(t->sealed + t->derived) / (double)three, (unsigned long long)t->segments,
	    t->builder_most >> 20);
}

static void
bench_file(struct bench *b, const char *name)
{
	struct parse_config config = { .lead_ns = -1 };
	struct buf file = { 0 };
	struct why why = { "" };

	if (file_read_whole(AT_FDCWD, name, (size_t)4 << 30, &file, &why) != OK) {
		fprintf(stderr, "%s\n", why.text);
		exit(2);
	}
	b->total = (struct total){ 0 };
	b->builder = builder_new(&b->conf);
	b->parser = parser_new(&config);
	b->writer = batch_writer_new(0, 0);
	b->seq = 1;
	file_bench(b, buf_span(&file));
	report(b, name, buf_span(&file));
	for (uint32_t i = 0; i < b->nshape; i++)
		shape_free(&b->shape[i]);
	for (uint32_t i = 0; i < b->nsource; i++)
		source_free(&b->source[i]);
	b->nshape = b->nsource = 0;
	batch_writer_free(&b->writer);
	parser_free(&b->parser);
	builder_free(&b->builder);
	buf_done(&file);
}

int
main(int argc, char **argv)
{
	struct bench b = { .conf = { .level = 1, .epoch = 1 }, .budget = 48 << 20 };
	int option;

	while ((option = getopt(argc, argv, "l:b:o:r")) != -1) {
		if (option == 'l')
			b.conf.level = (int)strtol(optarg, NULL, 10);
		else if (option == 'b')
			b.budget = (size_t)strtol(optarg, NULL, 10) << 20;
		else if (option == 'o')
			b.keep = optarg;
		else if (option == 'r')
			b.compare = true;
		else
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	b.parse = strcmp(argv[optind], "json") == 0 ? parse_json :
	    strcmp(argv[optind], "syslog") == 0 ? parse_syslog : parse_line;
	b.line = xreallocarray(NULL, LIMIT_ROWS + FRAME_ROWS, sizeof *b.line);
	for (int i = optind + 1; i < argc; i++)
		bench_file(&b, argv[i]);
	free(b.line);
	free(b.shape);
	free(b.source);
	buf_done(&b.source_code);
	return 0;
}
