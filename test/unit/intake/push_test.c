/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the HTTP door over loopback: intake/push.c in a whole intake. */
#include "fake.h"

#include <zlib.h>

#include "base/limits.h"

static void
post_coded(struct fake *fake, int fd, const char *path, const char *coding, struct span body)
{
	struct buf out = { 0 };

	buf_printf(&out, "POST %s HTTP/1.1\r\nHost: x\r\n%s%s%sContent-Length: %zu\r\n\r\n", path,
	    coding != NULL ? "Content-Encoding: " : "", coding != NULL ? coding : "",
	    coding != NULL ? "\r\n" : "", body.n);
	buf_span_put(&out, body);
	fake_send(fake, fd, buf_span(&out));
	buf_done(&out);
}

static void
post(struct fake *fake, int fd, const char *path, const char *body)
{
	post_coded(fake, fd, path, NULL, span_str(body));
}

static void
http_says_200_only_after_the_ack(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct span got;

	post(fake, fd, "/insert/jsonline?_msg_field=m", "{\"m\":1}\n\n{\"m\":2}\r\n{\"m\":3}");
	check_int(fake->nrow, 3);
	check_span(raw(fake, 1), SPAN("{\"m\":2}\r"));
	check_span(raw(fake, 2), SPAN("{\"m\":3}"));
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	got = fake_got(fd);
	check(fake_has(got, "HTTP/1.1 200 OK\r\n") && fake_has(got, "Content-Length: 0\r\n"));
	/* The connection serves the next request. */
	post(fake, fd, "/_bulk", "{\"create\":{}}\n{\"a\":1}\n{\"index\":{}}\n{\"a\":2}\n");
	check_int(fake->nrow, 5);
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	got = fake_got(fd);
	check(fake_has(got, "X-Elastic-Product: Elasticsearch\r\n"));
	check(fake_has(got, "\"errors\":false,\"items\":[{\"create\":{\"status\":201}},"
	    "{\"index\":{\"status\":201}}]}"));
	close(fd);
	fake_free(&fake);
}

static void
a_body_that_ends_after_its_rows_were_kept_is_answered(void)
{
	static const struct { const char *body; enum err result; const char *want; } cases[] = {
		{ "8\r\n{\"m\":1}\n\r\n", OK, "HTTP/1.1 200 " },
		{ "8\r\n{\"m\":2}\n\r\n", ERR_FULL, "HTTP/1.1 503 " },
	};
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fake_send(fake, fd, SPAN("POST /insert/jsonline HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n"));
		fake_send(fake, fd, span_str(cases[i].body));
		check_int(fake->nrow, i + 1);
		fake_answer_all(fake, cases[i].result);
		fake_turns(fake, 2);
		check_int(fake_got(fd).n, 0);
		fake_send(fake, fd, SPAN("0\r\n\r\n"));
		check(fake_has(fake_got(fd), cases[i].want));
	}
	close(fd);
	fake_free(&fake);
}

static void
http_says_503_when_the_keeper_refuses(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct span got;

	post(fake, fd, "/insert/jsonline", "{\"m\":1}\n");
	fake_answer_all(fake, ERR_FULL);
	fake_turns(fake, 2);
	got = fake_got(fd);
	check(fake_has(got, "HTTP/1.1 503 ") && fake_has(got, "Retry-After: "));
	check(!fake_closed(fd));
	post(fake, fd, "/insert/jsonline", "{\"m\":1}\n");
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	close(fd);
	fake_free(&fake);
}

static void
a_request_over_many_batches_fails_when_one_of_them_does(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct buf body = { 0 };

	for (int i = 0; i < 20000; i++)
		buf_str(&body, "{\"m\":\"0123456789012345678901234567890123456789\"}\n");
	fake->keep_rows = false;
	post_coded(fake, fd, "/insert/jsonline", NULL, buf_span(&body));
	fake_turns(fake, 50);
	check(fake->nticket > 2);
	for (uint32_t i = 0; i < fake->nticket; i++)
		fake_answer(fake, &fake->ticket[i], i == 1 ? ERR_IO : OK);
	fake->nticket = 0;
	fake_turns(fake, 10);
	check_int(fake->total, 20000);
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 10);
	check(fake_has(fake_got(fd), "HTTP/1.1 503 "));
	buf_done(&body);
	close(fd);
	fake_free(&fake);
}

static void
gzip_bodies_are_read_and_bombs_refused(void)
{
	static uint8_t zeros[16 << 20], room[1 << 20];
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	z_stream z = { 0 };

	fake->auto_ack = true;
	must(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)"{\"a\":1}\n{\"a\":2}\n";
	z.avail_in = 16;
	z.next_out = room;
	z.avail_out = sizeof room;
	must(deflate(&z, Z_FINISH) == Z_STREAM_END);
	post_coded(fake, fd, "/insert/jsonline", "gzip", span_of(room, z.total_out));
	fake_turns(fake, 4);
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	check_int(fake->nrow, 2);

	must(deflateReset(&z) == Z_OK);
	z.next_in = zeros;
	z.avail_in = sizeof zeros;
	z.next_out = room;
	z.avail_out = sizeof room;
	must(deflate(&z, Z_FINISH) == Z_STREAM_END);
	post_coded(fake, fd, "/insert/jsonline", "gzip", span_of(room, z.total_out));
	fake_turns(fake, 10);
	check(fake_has(fake_got(fd), "HTTP/1.1 413 "));
	check_int(fake_counter(fake, "intake.door.bodies_refused"), 1);
	(void)deflateEnd(&z);

	post_coded(fake, fd, "/insert/jsonline", "gzip", SPAN("no gzip"));
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	post_coded(fake, fd, "/insert/jsonline", "br", SPAN("x"));
	check(fake_has(fake_got(fd), "HTTP/1.1 415 "));
	close(fd);
	fake_free(&fake);
}

/* n octets of lines, compressed about eighty times. */
static struct span
gzip_lines(size_t n)
{
	static uint8_t room[4 << 20];
	uint8_t *text = xmalloc(n);
	z_stream z = { 0 };

	for (size_t i = 0; i < n; i++)
		text[i] = i % 100 == 99 ? '\n' :
		    (uint8_t)((i / 100 * 2654435761U >> 20) % 10 + '0');
	must(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = text;
	z.avail_in = (uInt)n;
	z.next_out = room;
	z.avail_out = sizeof room;
	must(deflate(&z, Z_FINISH) == Z_STREAM_END);
	(void)deflateEnd(&z);
	free(text);
	return span_of(room, z.total_out);
}

static void
a_body_that_expands_waits_in_its_middle_for_the_keeper(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct span body = gzip_lines(16 << 20);
	uint64_t held;

	fake->keep_rows = false;
	check(body.n < 1 << 20);
	post_coded(fake, fd, "/insert/lines", "gzip", body);
	fake_turns(fake, 50);
	held = fake_counter(fake, "intake.bytes_unacknowledged");
	check(held > LIMIT_UNACKED_BYTES && held < LIMIT_UNACKED_BYTES + (5 << 20));
	fake->auto_ack = true;
	fake_turns(fake, 400);
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	check_int(fake->total, ((16 << 20) + 99) / 100);
	close(fd);
	fake_free(&fake);
}

static void
bulk_refuses_what_would_change_records(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct span got;

	fake->auto_ack = true;
	post(fake, fd, "/logs/_bulk", "{\"index\":{}}\n{\"a\":1}\n{\"delete\":{\"_id\":\"1\"}}\n"
	    "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n{\"create\":{}}\n{\"a\":2}\n");
	fake_turns(fake, 4);
	got = fake_got(fd);
	check(fake_has(got, "HTTP/1.1 200 ") && fake_has(got, "\"errors\":true"));
	check(fake_has(got, "{\"delete\":{\"status\":405"));
	check(fake_has(got, "{\"update\":{\"status\":405"));
	check_int(fake->nrow, 2);
	post(fake, fd, "/_bulk", "{\"a\":1}\n{\"b\":2}\n");
	fake_turns(fake, 4);
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	post(fake, fd, "/_bulk", "{\"index\":{}}\n");
	fake_turns(fake, 4);
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	check_int(fake->nrow, 2);
	close(fd);
	fake_free(&fake);
}

static void
shippers_find_what_they_ask_for(void)
{
	static const char *const pages[] = { "/", "/_license", "/_xpack", "/_ilm/policy/x",
	    "/_index_template/x", "/_cluster/health", "/_nodes/http", "/_ingest/pipeline/x",
	    "/_template/x", "/insert/elasticsearch/" };
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	char text[128];

	for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
		struct span got;

		(void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: x\r\n\r\n", pages[i]);
		fake_send(fake, fd, span_str(text));
		got = fake_got(fd);
		check(fake_has(got, "HTTP/1.1 200 OK\r\n"));
		check(fake_has(got, "X-Elastic-Product: Elasticsearch\r\n"));
	}
	fake_send(fake, fd, SPAN("HEAD / HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\n"));
	check(fake_has(fake_got(fd), "\r\n\r\nHTTP/1.1 404 "));
	close(fd);
	fake_free(&fake);
}

static void
requests_in_a_row_are_answered_in_order(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct span got;
	const uint8_t *first, *second;

	fake_send(fake, fd, SPAN("POST /insert/jsonline HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}"
	    "GET /none HTTP/1.1\r\n\r\nPOST /insert/jsonline HTTP/1.1\r\n"
	    "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n2\r\n[]\r\n0\r\n\r\n"));
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	got = fake_got(fd);
	first = memmem(got.p, got.n, "HTTP/1.1 200 ", 13);
	second = memmem(got.p, got.n, "HTTP/1.1 404 ", 13);
	check(first != NULL && second != NULL && first < second);
	check(fake_has(got, "HTTP/1.1 100 Continue\r\n"));
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	check_int(fake->nrow, 2);
	close(fd);
	fake_free(&fake);
}

static void
without_a_good_token_nothing_is_taken(void)
{
	struct intake_token token = { SPAN("anna"), SPAN("secret") };
	struct intake_listener listener = door(INTAKE_HTTP);
	struct fake *fake;
	int fd;

	listener.token = &token;
	listener.ntoken = 1;
	fake = fake_new(&listener, 1, 0);
	fake->auto_ack = true;
	fd = fake_connect(fake, 0);
	post(fake, fd, "/insert/jsonline", "{}\n");
	check(fake_has(fake_got(fd), "HTTP/1.1 401 "));
	fake_send(fake, fd, SPAN("POST /insert/jsonline HTTP/1.1\r\nContent-Length: 2\r\n"
	    "Authorization: Bearer wrong\r\n\r\n{}"));
	check(fake_has(fake_got(fd), "HTTP/1.1 401 "));
	check_int(fake->nrow, 0);
	fake_send(fake, fd, SPAN("POST /insert/jsonline HTTP/1.1\r\nContent-Length: 2\r\n"
	    "Authorization: Bearer secret\r\n\r\n{}"));
	fake_turns(fake, 4);
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	check_int(fake->nrow, 1);
	check_span(fake->source[fake->row[0].source]->identity, SPAN("anna"));
	check_int(fake->source[fake->row[0].source]->trust, TRUST_IDENTITY);
	close(fd);
	fake_free(&fake);
}

static void
requests_are_told_to_come_later_while_the_store_is_behind(void)
{
	struct intake_listener listener[2] = { door(INTAKE_TCP), door(INTAKE_HTTP) };
	struct fake *fake = fake_new(listener, 2, 0);
	int tcp = fake_connect(fake, 0), http = fake_connect(fake, 1);
	static uint8_t lines[1 << 20];
	struct span got = { 0 };

	memset(lines, 'x', sizeof lines);
	for (size_t i = 999; i < sizeof lines; i += 1000)
		lines[i] = '\n';
	fake->keep_rows = false;
	while (fake_counter(fake, "intake.pauses") == 0) {
		(void)!send(tcp, lines, sizeof lines, MSG_NOSIGNAL);
		fake_turns(fake, 1);
	}
	post(fake, http, "/insert/jsonline", "{}\n");
	check_int(fake_got(http).n, 0);
	for (int i = 0; i < 100 && got.n == 0; i++) {
		usleep(50000);
		fake_turns(fake, 2);
		got = fake_got(http);
	}
	check(fake_has(got, "HTTP/1.1 429 ") && fake_has(got, "Retry-After: "));
	fake->auto_ack = true;
	fake_turns(fake, 50);
	post(fake, http, "/insert/jsonline", "{}\n");
	fake_turns(fake, 10);
	check(fake_has(fake_got(http), "HTTP/1.1 200 "));
	close(tcp);
	close(http);
	fake_free(&fake);
}

static void
a_list_of_fields_without_end_is_refused(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	char path[1200];

	(void)snprintf(path, sizeof path, "/insert/jsonline?_stream_fields=%01000d", 0);
	post(fake, fd, path, "{}\n");
	check_int(fake->nrow, 1);
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check(fake_has(fake_got(fd), "HTTP/1.1 200 "));
	(void)snprintf(path, sizeof path, "/insert/jsonline?_stream_fields=%01030d", 0);
	post(fake, fd, path, "{}\n");
	check_int(fake->nrow, 1);
	check(fake_has(fake_got(fd), "HTTP/1.1 400 "));
	close(fd);
	fake_free(&fake);
}

int
main(void)
{
	run(http_says_200_only_after_the_ack);
	run(a_body_that_ends_after_its_rows_were_kept_is_answered);
	run(http_says_503_when_the_keeper_refuses);
	run(a_request_over_many_batches_fails_when_one_of_them_does);
	run(gzip_bodies_are_read_and_bombs_refused);
	run(a_body_that_expands_waits_in_its_middle_for_the_keeper);
	run(bulk_refuses_what_would_change_records);
	run(shippers_find_what_they_ask_for);
	run(requests_in_a_row_are_answered_in_order);
	run(without_a_good_token_nothing_is_taken);
	run(requests_are_told_to_come_later_while_the_store_is_behind);
	run(a_list_of_fields_without_end_is_refused);
	return check_done();
}
