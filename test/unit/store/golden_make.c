/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a small store of the version at hand, with everything in it that a store can have: rows of
 * all three streams and of two classes, segments as written and repacked, rows in the journal only,
 * a tree of several checkpoints, three lives. Prints what was put in, a JSON object a row.
 *
 *	store_golden_make plain|encrypted DIR > rows.jsonl
 *
 * Records and times are the same in each run; keys, salts and the identity of the store are not: a
 * store that was made once is kept as it is, see test/golden/store.md.
 */
#include "test/unit/store/proof_store.h"

#include <stdarg.h>

#include "model/rowproof.h"
#include "parse/parse.h"

enum {
	DAYS = 2,			/* the first one is repacked */
	ROUNDS = 2,			/* segments of a day */
	STREAM_RECORDS = 48,		/* of raw, class 0, in a round; fewer of the others */
	RECORD_MAX = 4096
};

#define BEGIN_NS	INT64_C(1788224400000000000)	/* 2026-09-01T01:00:00Z */
#define DAY_NS		INT64_C(86400000000000)

/* One stream and class: a channel, a parser whose ids are the channel's. */
struct line {
	uint8_t stream, class;
	uint32_t channel;
	uint32_t step;			/* each step-th record is one of it */
	struct parser *parser;
	struct batch_writer *batch;
};

struct make {
	struct place place;
	struct line line[4];
	uint64_t seq[STREAM_END];	/* last given */
	uint64_t n;			/* records so far */
	int64_t now_ns;
};

/* ---- records ---- */

__attribute__((format(printf, 2, 3)))
static size_t
put(char *at, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, RECORD_MAX, format, args);
	va_end(args);
	must(n > 0 && n < RECORD_MAX);
	return (size_t)n;
}

static size_t
record_put(char *at, uint64_t n)
{
	static const char *const name[] = { "Nguyễn Văn An", "Trần Thị Bình", "Lê Đức" };
	static const char dots[] = "........................................";
	unsigned i = (unsigned)n, m = i / 60 % 60, s = i % 60;

	switch (i % 12) {
	case 0:
		return put(at, "<134>1 2026-09-01T01:%02u:%02u.%03uZ web-%02u sshd %u - "
		    "[a@1 ip=\"10.0.%u.%u\" q=\"x\\\"y\\]\"] session %u opened for root", m, s,
		    i % 1000, i % 3, 1000 + i, i % 7, i % 256, i);
	case 1:
		return put(at, "<13>Sep  1 08:%02u:%02u db-%u postgres[%u]: closed after %u.%03u s",
		    m, s, i % 2, 200 + i % 5, i % 9, i % 1000);
	case 2:
		return put(at, "<86>1 - may01 đăng-nhập - - - Đăng nhập thất bại lần %u của %s",
		    i % 6, name[i % 3]);
	case 3:
		return put(at, "{\"@timestamp\":\"2026-09-01T08:00:%02u.%06u+07:00\",\"message\":"
		    "\"order %u done\",\"n\":{\"a\":%u,\"b\":null,\"c\":[1,2,%u]},\"ok\":%s}", s,
		    i * 7919 % 1000000, i, i * 31, i, i % 2 == 0 ? "true" : "false");
	case 4:
		return put(at, "{\"when\":\"01/Sep/2026:01:%02u:%02u +0000\",\"price\":\"%u.%02u\","
		    "\"hex\":\"%08x\",\"ms\":\"%ums\",\"dup\":1,\"dup\":%u}", m, s, i % 90, i % 100,
		    i * 2654435761U, i * 3, i);
	case 5:
		return put(at, "<13>1 - - - - - - octets \xff\xfe\xc3 no UTF-8 %u", i);
	case 6:
		return put(at, "<14>Sep  1 08:00:00 host su[1]: a NUL:%c inside %u", 0, i);
	case 7:
		return put(at, "nothing that is known, number %u", i);
	case 8:
		return put(at, "{\"id\":\"550e8400-e29b-41d4-%04x-4466554400%02x\",\"mac\":"
		    "\"00:1a:2b:%02x:%02x:5e\",\"message\":\"lines\\n\\u0111\\ud83d\\ude00 %u\"}",
		    i % 65536, i % 256, i % 256, i / 3 % 256, i);
	case 9:
		return put(at, "10.1.%u.%u - - [01/Sep/2026:08:%02u:%02u +0700] \"GET /p/%u?x=%u "
		    "HTTP/1.1\" %u %u", i % 4, i % 256, m, s, i % 13, i, i % 5 == 0 ? 404 : 200,
		    i * 17);
	case 10:
		return put(at, "<30>1 2026-09-01T08:00:%02u+07:00 fw-%u kernel - - - drop "
		    "src=192.168.%u.%u dst=10.9.8.7 spt=%u len=%u", s, i % 2, i % 5, i % 256,
		    1024 + i * 7919 % 60000, 40 + i % 1400);
	default:
		return put(at, "<165>1 2026-09-01T01:00:%02uZ mail postfix %u - - "
		    "to=<user%u@example.com> status=sent %.*s", s, i, i % 11, (int)(i % 40), dots);
	}
}

/* What the desk finds and what persons do is JSON. */
static size_t
act_put(char *at, uint64_t n, uint8_t stream)
{
	unsigned i = (unsigned)n;

	if (stream == STREAM_LEDGER)
		return put(at, "{\"_time\":\"2026-09-01T01:%02u:00Z\",\"act\":\"search\",\"who\":"
		    "\"uid 0\",\"what\":\"error %u\"}", i % 60, i);
	return put(at, "{\"_time\":\"2026-09-01T01:%02u:00Z\",\"rule\":\"too-many\",\"message\":"
	    "\"%u in a minute\"}", i % 60, i);
}

/* ---- keeping ---- */

static void
line_open(struct make *m, struct line *l)
{
	static const struct parse_config config = { .seed = 1, .lead_ns = -1, .zone_s = 7 * 3600 };
	struct source parts = { .class = l->class, .trust = TRUST_PEER, .unit = 1,
	    .listener = SPAN("syslog-tcp"), .peer = SPAN("10.12.0.7"), .host = SPAN("gate"),
	    .app = SPAN("") };
	struct buf code = { 0 };

	must(keep_channel_open(m->place.keep, 10 + l->stream * 16U + l->class, &l->channel,
	    NULL) == OK);
	source_encode(&code, &parts);
	must(keep_source(m->place.keep, l->channel, 0, buf_span(&code), NULL) == OK);
	buf_done(&code);
	l->parser = parser_new(&config);
	l->batch = batch_writer_new(l->stream, l->class);
}

static void
hex_print(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		printf("%02x", s.p[i]);
}

static void
record_add(struct make *m, struct line *l, struct span record)
{
	struct parsed parsed;
	struct row row;

	if (l->stream == STREAM_RAW)
		parse_syslog(l->parser, record, m->now_ns, &parsed);
	else
		parse_json(l->parser, record, m->now_ns, &parsed);
	if (parsed.shape_is_new)
		must(keep_shape(m->place.keep, l->channel, parsed.shape_id,
		    parser_shape(l->parser, parsed.shape_id), NULL) == OK);
	row = (struct row){ .flags = parsed.flags, .recv_ns = m->now_ns,
	    .event_ns = parsed.event_ns, .nvalue = parsed.nvalue, .value = parsed.value };
	must(batch_add(l->batch, parsed.shape_id, 0, &row) == OK);
	printf("{\"row\":\"%s:1:%llu\",\"class\":%u,\"flags\":%u,\"recv\":%lld,\"event\":%lld,"
	    "\"octets\":\"", stream_name(l->stream), (unsigned long long)++m->seq[l->stream],
	    l->class, row.flags, (long long)row.recv_ns, (long long)row.event_ns);
	hex_print(record);
	printf("\"}\n");
	m->now_ns += 1234567;
}

static void
batch_keep(struct make *m, struct line *l)
{
	struct buf batch = { 0 };
	uint64_t want = m->place.acked + batch_rows(l->batch);

	batch_finish(l->batch, &batch);
	must(keep_batch(m->place.keep, l->channel, m->n, buf_span(&batch), NULL) == OK);
	while (m->place.acked < want) {
		keep_wait(m->place.keep, 10);
		place_take(&m->place);
	}
	buf_done(&batch);
}

/* A batch of each line: records of all kinds. */
static void
records_keep(struct make *m, unsigned n)
{
	char text[RECORD_MAX];

	for (size_t k = 0; k < sizeof m->line / sizeof m->line[0]; k++) {
		struct line *l = &m->line[k];

		for (unsigned i = 0; i < n; i += l->step, m->n++)
			record_add(m, l, span_of(text, l->stream == STREAM_RAW ?
			    record_put(text, m->n) : act_put(text, m->n, l->stream)));
		batch_keep(m, l);
	}
}

/* ---- lives ---- */

static void
clock_turn(const struct make *m)
{
	clock_set_offset_ns(0);
	clock_set_offset_ns(m->now_ns - clock_wall_ns());
}

static void
life_begin(struct make *m, enum key_make make)
{
	struct place *p = &m->place;
	struct keep_conf conf = { .dirfd = p->fd, .machine = "golden", .nclass = 2,
	    .class = { { "standard", 90, 0 }, { "long", 0, 0 } },
	    .journal_file_bytes = 48 << 10, .reserve_bytes = 1 << 16 };

	clock_turn(m);
	if (keys_load(&p->keys, p->fd, NULL) != OK)
		must(keys_make(p->fd, make, NULL) == OK && keys_load(&p->keys, p->fd, NULL) == OK);
	conf.seal_seed = p->keys.seed;
	conf.store_key = p->keys.has_store_key ? p->keys.store_key : NULL;
	conf.origin = p->keys.origin;
	must(keep_open(&p->keep, &conf, NULL) == OK);
	memset(p->came, 0, sizeof p->came);
	for (size_t k = 0; k < sizeof m->line / sizeof m->line[0]; k++)
		line_open(m, &m->line[k]);
}

static void
life_end(struct make *m)
{
	for (size_t k = 0; k < sizeof m->line / sizeof m->line[0]; k++) {
		batch_writer_free(&m->line[k].batch);
		parser_free(&m->line[k].parser);
	}
	keep_close(&m->place.keep);
}

static void
repack(struct make *m)
{
	keep_repack(m->place.keep, KEEP_REPACK_CLOSED);
	place_until(&m->place, KEEP_REPACKED);
}

int
main(int argc, char **argv)
{
	struct make m = { .now_ns = BEGIN_NS, .line = {
		{ .stream = STREAM_RAW, .class = 0, .step = 1 },
		{ .stream = STREAM_RAW, .class = 1, .step = 3 },
		{ .stream = STREAM_FINDINGS, .class = 1, .step = 9 },
		{ .stream = STREAM_LEDGER, .class = 1, .step = 12 } } };

	if (argc != 3 || (strcmp(argv[1], "plain") != 0 && strcmp(argv[1], "encrypted") != 0)) {
		(void)fprintf(stderr, "usage: store_golden_make plain|encrypted DIR\n");
		return 2;
	}
	m.place.fd = -1;
	must(dir_open(&m.place.fd, AT_FDCWD, argv[2], NULL) == OK);
	for (unsigned day = 0; day < DAYS; day++) {
		life_begin(&m, argv[1][0] == 'e' ? KEY_MAKE_ENCRYPTED : KEY_MAKE_PLAIN);
		for (unsigned round = 0; round < ROUNDS; round++) {
			records_keep(&m, STREAM_RECORDS);
			place_checkpoint(&m.place);
			records_keep(&m, STREAM_RECORDS / 3);
			place_flush(&m.place);
		}
		place_checkpoint(&m.place);
		if (day > 0)
			repack(&m);
		life_end(&m);
		m.now_ns += DAY_NS;
	}
	m.now_ns -= DAY_NS;
	life_begin(&m, KEY_MAKE_PLAIN);
	records_keep(&m, STREAM_RECORDS / 2);
	life_end(&m);
	file_close(&m.place.fd);
	return 0;
}
