/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests the protocols over HTTP in a whole intake: intake/door_*.c and what push_body.c does for
 * them. What is in their bodies is the parser's: the one here makes a record of each word.
 */
#include "fake.h"

#include <zlib.h>

#include "base/limits.h"
#include "intake/intake_int.h"

static struct fake *fake;
static int fd;

static void
begin(void)
{
	fake = fake_one(INTAKE_HTTP);
	fd = fake_connect(fake, 0);
}

static void
end(void)
{
	close(fd);
	check_int(fake->intake->whole, 0);
	fake_free(&fake);
}

/* head: lines with their ends. */
static void
post(const char *path, const char *head, struct span body)
{
	struct buf out = { 0 };

	buf_printf(&out, "POST %s HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", path, head,
	    body.n);
	buf_span_put(&out, body);
	fake_send(fake, fd, buf_span(&out));
	buf_done(&out);
}

/* The answer, once the keeper has said its word. */
static struct span
answer(enum err result)
{
	fake_answer_all(fake, result);
	fake_turns(fake, 3);
	return fake_got(fd);
}

static const char json[] = "Content-Type: application/json; charset=utf-8\r\n";
static const char proto[] = "Content-Type: application/x-protobuf\r\n";

static void
loki_is_told_204_only_after_the_ack(void)
{
	begin();
	post("/loki/api/v1/push", json, SPAN("one two three"));
	check_int(fake->nrow, 3);
	check_span(raw(fake, 2), SPAN("three"));
	check_int(fake_got(fd).n, 0);
	check(fake->intake->whole == 0);	/* the body is not needed while it waits */
	check_span(answer(OK), SPAN("HTTP/1.1 204 No Content\r\n"
	    "X-Elastic-Product: Elasticsearch\r\nConnection: keep-alive\r\n\r\n"));
	post("/insert/loki/api/v1/push", json, SPAN("four"));
	check(fake_has(answer(ERR_FULL), "HTTP/1.1 503 "));
	/* Nothing in it: nothing to wait for. */
	post("/loki/api/v1/push", json, SPAN(""));
	check(fake_has(fake_got(fd), "HTTP/1.1 204 "));
	end();
}

static void
a_body_without_json_is_a_block_of_snappy_for_loki(void)
{
	begin();
	post("/loki/api/v1/push", proto, SPAN("\x07\x18one two"));
	check_int(fake->nrow, 2);
	check(fake_has(answer(OK), "HTTP/1.1 204 "));
	post("/loki/api/v1/push", "Content-Encoding: snappy\r\n", SPAN("\x03\x08one"));
	check_int(fake->nrow, 3);
	check(fake_has(answer(OK), "HTTP/1.1 204 "));
	post("/loki/api/v1/push", proto, SPAN("one two"));
	check(fake_has(fake_got(fd), "\r\n\r\nbroken snappy block\n"));
	post("/v1/logs", "Content-Type: application/x-protobuf\r\nContent-Encoding: snappy\r\n",
	    SPAN("\x03\x08one"));
	check(fake_has(fake_got(fd), "HTTP/1.1 415 "));
	post("/insert/jsonline", "Content-Encoding: snappy\r\n", SPAN("{}"));
	check(fake_has(fake_got(fd), "HTTP/1.1 415 "));
	check_int(fake->nrow, 3);
	check_int(fake_counter(fake, "intake.door.requests_bad"), 3);
	end();
}

static void
opentelemetry_is_answered_in_its_own_form(void)
{
	struct span got;

	begin();
	post("/v1/logs", proto, SPAN("one"));
	got = answer(OK);
	check(fake_has(got, "HTTP/1.1 200 ") && fake_has(got, "application/x-protobuf\r\n"));
	check(fake_has(got, "Content-Length: 0\r\n"));
	post("/insert/opentelemetry/v1/logs", json, SPAN("two"));
	got = answer(OK);
	check(fake_has(got, "application/json\r\n") && fake_has(got, "\r\n\r\n{}"));
	post("/v1/logs", proto, SPAN("three !"));
	check(fake_has(fake_got(fd), "\r\n\r\n\x12\x11" "broken on purpose"));
	post("/v1/logs", json, SPAN("!"));
	check(fake_has(fake_got(fd), "{\"message\":\"broken on purpose\"}"));
	/* What stood before the break is recorded. */
	check_int(fake->nrow, 3);
	post("/v1/logs", "Content-Type: text/plain\r\n", SPAN("four"));
	check(fake_has(fake_got(fd), "HTTP/1.1 415 "));
	check_int(fake->samples, 1);		/* at most one a second */
	end();
}

static void
hec_events_are_recorded_with_their_envelope(void)
{
	begin();
	post("/services/collector/event", "", SPAN("{\"event\":\"a\"}{\"event\":\"b\"}\n"));
	check_int(fake->nrow, 2);
	check_span(raw(fake, 1), SPAN("{\"event\":\"b\"}"));
	check_int(fake_got(fd).n, 0);
	check(fake_has(answer(OK), "\r\n\r\n{\"text\":\"Success\",\"code\":0}"));
	post("/services/collector/raw", "", SPAN("line 1\nline 2"));
	check_int(fake->nrow, 4);
	check(fake_has(answer(OK), "\"code\":0}"));
	post("/services/collector", "", SPAN("{\"event\":\"c\"}]"));
	check(fake_has(fake_got(fd), "\"code\":6,\"invalid-event-number\":1}"));
	post("/services/collector", "", SPAN("{\"event\":"));
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	post("/services/collector", "", SPAN("{\"event\":\"d\"}"));
	check(fake_has(answer(ERR_FULL), "HTTP/1.1 503 "));
	end();
}

static void
a_hec_client_may_ask_for_its_number(void)
{
	struct span got;
	unsigned long long first, second;
	const char *at;
	char question[64];

	begin();
	post("/services/collector?channel=1", "", SPAN("{\"event\":1}"));
	got = answer(OK);
	at = memmem(got.p, got.n, "\"ackId\":", 8);
	if (!check(at != NULL))
		return;
	first = strtoull(at + 8, NULL, 10);
	post("/services/collector", "X-Splunk-Request-Channel: 1\r\n", SPAN("{\"event\":2}"));
	got = answer(OK);
	at = memmem(got.p, got.n, "\"ackId\":", 8);
	if (!check(at != NULL))
		return;
	second = strtoull(at + 8, NULL, 10);
	check_int(second, first + 1);
	(void)snprintf(question, sizeof question, "{\"acks\": [%llu, %llu]}", second, second + 1);
	post("/services/collector/ack?channel=1", "", span_str(question));
	(void)snprintf(question, sizeof question, "{\"acks\":{\"%llu\":true,\"%llu\":false}}",
	    second, second + 1);
	check(fake_has(fake_got(fd), question));
	post("/services/collector/ack", "", SPAN("{\"acks\":[]}"));
	check(fake_has(fake_got(fd), "{\"acks\":{}}"));
	post("/services/collector/ack", "", SPAN("{\"acks\":[1,]}"));
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	post("/services/collector/ack", "", SPAN("{}"));
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	fake_send(fake, fd, SPAN("OPTIONS /services/collector/event/1.0 HTTP/1.1\r\n\r\n"));
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	fake_send(fake, fd, SPAN("OPTIONS /v1/logs HTTP/1.1\r\n\r\n"));
	check(fake_has(fake_got(fd), "HTTP/1.1 404 "));
	fake_send(fake, fd, SPAN("GET /services/collector/health HTTP/1.1\r\n\r\n"));
	check(fake_has(fake_got(fd), "{\"text\":\"HEC is healthy\",\"code\":17}"));
	end();
}

static void
entries_of_a_journal_come_in_chunks(void)
{
	begin();
	fake_send(fake, fd, SPAN("POST /upload HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
	    "Content-Type: application/vnd.fdo.journal\r\n\r\n4\r\nA=1\n\r\n4\r\n\nB=2\r\n"));
	check_int(fake_got(fd).n, 0);
	fake_send(fake, fd, SPAN("2\r\n\n\n\r\n0\r\n\r\n"));
	check_int(fake->nrow, 2);
	check_span(raw(fake, 1), SPAN("B=2\n"));
	check_int(fake_got(fd).n, 0);
	check(fake_has(answer(OK), "HTTP/1.1 202 Accepted\r\n"));
	post("/upload", "", SPAN("A=1\n\nB"));
	check(fake_has(fake_got(fd), "\r\n\r\nthe body ends inside of an entry\n"));
	check_int(fake->nrow, 3);
	end();
}

static void
compressed_bodies_are_read_by_every_door(void)
{
	static const struct { const char *path, *head, *body; int rows; } cases[] = {
		{ "/loki/api/v1/push", json, "one two", 2 },
		{ "/loki/api/v1/push", proto, "one two", 2 },	/* the coding, and no snappy */
		{ "/v1/logs", proto, "one two", 2 },
		{ "/services/collector", json, "{\"event\":1} {\"event\":2}", 2 },
		{ "/services/collector/raw", "", "one\ntwo", 2 },
		{ "/upload", "", "A=1\n\nB=2\n\n", 2 },
	};
	uint8_t room[256];
	char head[256];

	begin();
	fake->auto_ack = true;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		z_stream z = { 0 };
		uint32_t before = fake->nrow;

		must(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
		z.next_in = (Bytef *)(uintptr_t)cases[i].body;
		z.avail_in = (uInt)strlen(cases[i].body);
		z.next_out = room;
		z.avail_out = sizeof room;
		must(deflate(&z, Z_FINISH) == Z_STREAM_END);
		(void)snprintf(head, sizeof head, "%sContent-Encoding: gzip\r\n", cases[i].head);
		post(cases[i].path, head, span_of(room, z.total_out));
		(void)deflateEnd(&z);
		fake_turns(fake, 4);
		check(fake_has(fake_got(fd), "HTTP/1.1 20"));
		check_int(fake->nrow - before, cases[i].rows);
	}
	end();
}

static void
a_long_body_waits_in_its_middle_for_the_keeper(void)
{
	enum { WORDS = 150000 };
	struct buf body = { 0 };
	uint64_t before;

	begin();
	fake->keep_rows = false;
	for (int i = 0; i < WORDS; i++)
		buf_printf(&body, "%0100d ", i);
	post("/loki/api/v1/push", json, buf_span(&body));
	fake_turns(fake, 50);
	before = fake->total;
	check(before > 10000 && before < WORDS);
	fake_turns(fake, 50);
	check_int(fake->total, before);
	fake->auto_ack = true;
	fake_turns(fake, 200);
	check_int(fake->total, WORDS);
	check(fake_has(fake_got(fd), "HTTP/1.1 204 "));
	buf_done(&body);
	end();
}

/* A request whose body lacks its last octet. */
static int
almost_whole(struct span head, struct span body)
{
	size_t before = fake->intake->whole;
	int client = fake_connect(fake, 0);

	fake_send(fake, client, head);
	fake_send(fake, client, body);
	for (int i = 0; i < 1000 && fake->intake->whole - before < body.n; i++)
		fake_turns(fake, 1);
	return client;
}

static void
bodies_taken_whole_are_bounded_each_and_together(void)
{
	struct buf body = { 0 };
	char head[200];
	int one, two, third;

	begin();
	(void)snprintf(head, sizeof head, "POST /v1/logs HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n",
	    json, LIMIT_WHOLE_BYTES + 1);
	fake_send(fake, fd, span_str(head));
	check(fake_has(fake_got(fd), "HTTP/1.1 413 "));
	/* Two that are nearly there leave no room for a third. */
	(void)snprintf(head, sizeof head, "POST /v1/logs HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n",
	    json, LIMIT_WHOLE_BYTES);
	memset(buf_add(&body, LIMIT_WHOLE_BYTES - 1), ' ', LIMIT_WHOLE_BYTES - 1);
	one = almost_whole(span_str(head), buf_span(&body));
	two = almost_whole(span_str(head), buf_span(&body));
	check_int(fake->intake->whole, 2 * (LIMIT_WHOLE_BYTES - 1));
	third = almost_whole(span_str(head), SPAN("   "));
	check(fake_has(fake_got(third), "HTTP/1.1 429 "));
	close(third);
	close(one);
	fake_turns(fake, 4);
	check_int(fake->intake->whole, LIMIT_WHOLE_BYTES - 1);
	third = almost_whole(span_str(head), SPAN("   "));
	check_int(fake_got(third).n, 0);
	close(third);
	close(two);
	fake_turns(fake, 4);
	buf_done(&body);
	end();
}

int
main(void)
{
	run(loki_is_told_204_only_after_the_ack);
	run(a_body_without_json_is_a_block_of_snappy_for_loki);
	run(opentelemetry_is_answered_in_its_own_form);
	run(hec_events_are_recorded_with_their_envelope);
	run(a_hec_client_may_ask_for_its_number);
	run(entries_of_a_journal_come_in_chunks);
	run(compressed_bodies_are_read_by_every_door);
	run(a_long_body_waits_in_its_middle_for_the_keeper);
	run(bodies_taken_whole_are_bounded_each_and_together);
	return check_done();
}
