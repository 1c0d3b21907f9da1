/* SPDX-License-Identifier: Apache-2.0 */
/* Tests the doors as a whole over loopback: intake/intake.c, conn.c, syslog.c, relp.c, push.c. */
#include "fake.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <zlib.h>

#include "base/limits.h"
#include "sys/proc.h"

static struct intake_listener
door(uint8_t kind)
{
	return (struct intake_listener){ .name = SPAN("door"), .kind = kind, .class = 1,
	    .trust = kind == INTAKE_UDP ? TRUST_CLAIM : TRUST_PEER, .unit = 7 };
}

static struct fake *
fake_one(uint8_t kind)
{
	struct intake_listener listener = door(kind);

	return fake_new(&listener, 1, 0);
}

static struct span
raw(const struct fake *fake, uint32_t i)
{
	return i < fake->nrow ? buf_span(&fake->row[i].raw) : SPAN("(no such row)");
}

/* ---- syslog ---- */

static void
tcp_lines_become_rows_with_their_source(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	const struct source *source;

	fake_send(fake, fd, SPAN("@h1 app one\n@h2 app two\n@h1 ap"));
	check_int(fake->nrow, 2);
	fake_send(fake, fd, SPAN("p three\n"));
	check_int(fake->nrow, 3);
	check_span(raw(fake, 0), SPAN("@h1 app one"));
	check_span(raw(fake, 2), SPAN("@h1 app three"));
	check_int(fake->row[0].source, fake->row[2].source);
	check(fake->row[0].source != fake->row[1].source);
	check_int(fake->row[0].class, 1);
	check_int(fake->row[0].stream, STREAM_RAW);
	source = fake->source[fake->row[1].source];
	check_span(source->host, SPAN("h2"));
	check_span(source->app, SPAN("app"));
	check_span(source->peer, SPAN("127.0.0.1"));
	check_span(source->listener, SPAN("door"));
	check_int(source->trust, TRUST_PEER);
	check_int(source->unit, 7);
	check_int(fake->instance, 77);
	close(fd);
	fake_free(&fake);
}

static void
the_last_line_counts_when_the_sender_goes(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("one\ntwo"));
	check_int(fake->nrow, 1);
	close(fd);
	fake_turns(fake, 4);
	check_int(fake->nrow, 2);
	check_span(raw(fake, 1), SPAN("two"));
	check_int(fake_counter(fake, "intake.door.connections"), 0);
	fake_free(&fake);
}

static void
a_broken_frame_closes_the_connection_and_is_counted(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("3 abcGARBAGE"));
	check_int(fake->nrow, 1);
	check(fake_closed(fd));
	check_int(fake_counter(fake, "intake.door.frames_bad"), 1);
	check_int(fake->samples, 1);
	close(fd);
	fake_free(&fake);
}

static void
a_record_above_the_limit_is_cut_marked_and_counted(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	uint8_t *big = xmalloc(3 << 20);

	memset(big, 'x', 3 << 20);
	fake_send(fake, fd, SPAN("3145728 "));
	fake_send(fake, fd, span_of(big, 3 << 20));
	fake_send(fake, fd, SPAN("3 abc"));
	fake_turns(fake, 40);
	check_int(fake->nrow, 2);
	check_int(fake->row[0].raw.n, LIMIT_RECORD_BYTES);
	check_int(fake->row[0].flags & ROW_CUT, ROW_CUT);
	check_span(raw(fake, 1), SPAN("abc"));
	check_int(fake->row[1].flags & ROW_CUT, 0);
	check_int(fake_counter(fake, "intake.door.bytes_cut"), (3 << 20) - LIMIT_RECORD_BYTES);
	free(big);
	close(fd);
	fake_free(&fake);
}

static void
each_datagram_is_a_record_octet_for_octet(void)
{
	struct fake *fake = fake_one(INTAKE_UDP);
	char text[64];
	uint8_t *big = xmalloc(65000);
	int fd = -1;

	(void)snprintf(text, sizeof text, "127.0.0.1:%u", fake->port[0]);
	check_int(sock_connect(&fd, text, SOCK_KIND_DATAGRAM, 1000, NULL), OK);
	memset(big, 'y', 65000);
	check(send(fd, "<1>a\n\0", 6, 0) == 6);
	check(send(fd, "", 0, 0) == 0);
	check(send(fd, big, 65000, 0) == 65000);
	for (int i = 0; i < 200; i++)
		check(send(fd, "@h a x", 6, 0) == 6);
	fake_turns(fake, 10);
	check_int(fake->nrow, 202);
	check_span(raw(fake, 0), span_of("<1>a\n\0", 6));
	check_span(raw(fake, 1), span_of(big, 65000));
	check_int(fake->source[fake->row[5].source]->trust, TRUST_CLAIM);
	check_span(fake->source[fake->row[5].source]->peer, SPAN("127.0.0.1"));
	check_int(fake_counter(fake, "intake.door.records_empty"), 1);
	free(big);
	close(fd);
	fake_free(&fake);
}

static void
datagrams_that_the_kernel_dropped_are_counted(void)
{
	struct fake *fake = fake_one(INTAKE_UDP);
	static uint8_t big[60000];
	char text[64];
	int fd = -1, small = 4096;
	unsigned sent = 0;

	fake->auto_ack = true;
	(void)snprintf(text, sizeof text, "127.0.0.1:%u", fake->port[0]);
	check_int(setsockopt(fake->fd[0], SOL_SOCKET, SO_RCVBUF, &small, sizeof small), 0);
	check_int(sock_connect(&fd, text, SOCK_KIND_DATAGRAM, 1000, NULL), OK);
	for (int i = 0; i < 200; i++)
		sent += send(fd, big, 1000, 0) == 1000;
	fake_turns(fake, 4);
	for (int i = 0; i < 3; i++)
		sent += send(fd, "x", 1, 0) == 1;
	fake_turns(fake, 4);
	check(fake_counter(fake, "intake.door.kernel_drops") > 100);
	check_int(fake->total + fake_counter(fake, "intake.door.kernel_drops"), sent);
	close(fd);
	fake_free(&fake);
}

/* ---- RELP ---- */

static int
relp_open(struct fake *fake, unsigned listener)
{
	int fd = fake_connect(fake, listener);
	struct span got;

	fake_send(fake, fd, SPAN("1 open 46 relp_version=0\nrelp_software=t\ncommands=syslog\n"));
	got = fake_got(fd);
	check(fake_has(got, "1 rsp ") && fake_has(got, " 200 OK\nrelp_version=0\n"));
	check(fake_has(got, "commands=syslog"));
	return fd;
}

static void
relp_answers_only_after_the_ack(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n3 syslog 3 two\n"));
	check_int(fake->nrow, 2);
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n3 rsp 6 200 OK\n"));
	/* The next ones are answered batch by batch. */
	fake_send(fake, fd, SPAN("4 syslog 1 a\n"));
	fake_send(fake, fd, SPAN("5 syslog 1 b\n"));
	check_int(fake->nticket, 2);
	check_int(fake_got(fd).n, 0);
	fake_answer(fake, &fake->ticket[0], OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("4 rsp 6 200 OK\n"));
	fake_answer(fake, &fake->ticket[1], OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("5 rsp 6 200 OK\n"));
	fake->nticket = 0;
	close(fd);
	fake_free(&fake);
}

static void
relp_close_waits_for_the_last_answers(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n3 close 0\n"));
	check_int(fake_got(fd).n, 0);
	check(!fake_closed(fd));
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n3 rsp 0\n0 serverclose 0\n"));
	check(fake_closed(fd));
	close(fd);
	fake_free(&fake);
}

static void
relp_is_closed_without_answer_when_the_keeper_refuses(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0), other = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n"));
	fake_answer_all(fake, ERR_FULL);
	fake_turns(fake, 2);
	check_int(fake_got(fd).n, 0);
	check(fake_closed(fd));
	check(!fake_closed(other));
	check_int(fake_counter(fake, "intake.door.batches_refused"), 1);
	close(fd);
	close(other);
	fake_free(&fake);
}

static void
relp_without_open_or_with_garbage_is_closed(void)
{
	static const char *const bad[] = { "1 syslog 1 x\n", "GET / HTTP/1.1\r\n\r\n",
	    "1 open 27 relp_version=0\ncommands=abc\n", "1 rsp 0\n" };
	struct fake *fake = fake_one(INTAKE_RELP);

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int fd = fake_connect(fake, 0);

		fake_send(fake, fd, span_str(bad[i]));
		(void)fake_got(fd);
		check(fake_closed(fd));
		close(fd);
	}
	check_int(fake->nrow, 0);
	check_int(fake_counter(fake, "intake.door.frames_bad"), 4);
	fake_free(&fake);
}

/* ---- HTTP ---- */

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
		text[i] = (uint8_t)(i % 100 == 99 ? '\n' : (i / 100 * 2654435761U >> 20) % 10 + '0');
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
	check(fake_has(got, "{\"delete\":{\"status\":405") && fake_has(got, "{\"update\":{\"status\":405"));
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

/* ---- the keeper and pressure ---- */

static void
what_a_dead_keeper_did_not_acknowledge_is_sent_again_once(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = relp_open(fake, 0);

	fake_send(fake, fd, SPAN("2 syslog 3 one\n"));
	fake_answer_all(fake, OK);
	fake_turns(fake, 2);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n"));
	fake_send(fake, fd, SPAN("3 syslog 3 two\n"));
	check_int(fake->nticket, 1);
	fake_keeper_kill(fake);
	fake_turns(fake, 2);
	check(!intake_has_keeper(fake->intake));
	fake_send(fake, fd, SPAN("4 syslog 5 three\n"));
	check_int(fake_got(fd).n, 0);
	check(!fake_closed(fd));
	fake->nrow = 0;
	fake_keeper_start(fake);
	fake_turns(fake, 4);
	/* The definitions came again (fake_keeper_take checks their numbers), then the rows. */
	check_int(fake->nrow, 2);
	check_span(raw(fake, 0), SPAN("two"));
	check_span(raw(fake, 1), SPAN("three"));
	check_int(fake->ticket[0].ticket, 2);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(fake_got(fd), SPAN("3 rsp 6 200 OK\n4 rsp 6 200 OK\n"));
	close(fd);
	fake_free(&fake);
}

static void
a_keeper_that_answers_nonsense_is_left(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	struct fake_ticket never = { 99, 1 };
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("a\n"));
	fake_answer(fake, &never, OK);
	fake_turns(fake, 2);
	check(!intake_has_keeper(fake->intake));
	fake_keeper_kill(fake);
	fake_keeper_start(fake);
	fake_turns(fake, 2);
	fake_answer(fake, &fake->ticket[0], OK);
	fake_answer(fake, &fake->ticket[0], OK);
	fake_turns(fake, 2);
	check(!intake_has_keeper(fake->intake));
	close(fd);
	fake_free(&fake);
}

static void
sockets_are_not_read_while_the_keeper_is_behind(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);
	static uint8_t lines[1 << 20];
	size_t all = sizeof lines / 1000 * 1000;
	uint64_t bytes = 0, before;

	memset(lines, 'x', sizeof lines);
	for (size_t i = 999; i < sizeof lines; i += 1000)
		lines[i] = '\n';
	fake->keep_rows = false;
	for (int i = 0; i < 2000; i++) {
		size_t at = bytes % all;
		ssize_t n = send(fd, lines + at, all - at, MSG_NOSIGNAL);

		bytes += n > 0 ? (uint64_t)n : 0;
		fake_turns(fake, 1);
	}
	before = fake_counter(fake, "intake.bytes_unacknowledged");
	check(before > LIMIT_UNACKED_BYTES && before < LIMIT_UNACKED_BYTES + (2 << 20));
	check_int(fake_counter(fake, "intake.pauses"), 1);
	fake->auto_ack = true;
	fake_turns(fake, 200);
	check_int(fake_counter(fake, "intake.bytes_unacknowledged"), 0);
	check_int(fake->total, bytes / 1000);
	close(fd);
	fake_free(&fake);
}

static void
connections_above_the_limit_of_an_address_are_closed(void)
{
	struct intake_listener listener = door(INTAKE_TCP);
	struct fake *fake = fake_new(&listener, 1, 3);
	int fd[5];

	for (int i = 0; i < 5; i++)
		fd[i] = fake_connect(fake, 0);
	fake_turns(fake, 4);
	check_int(fake_counter(fake, "intake.door.connections"), 3);
	check_int(fake_counter(fake, "intake.door.connections_refused"), 2);
	check(fake_closed(fd[4]) && !fake_closed(fd[0]));
	close(fd[0]);
	fake_turns(fake, 4);
	close(fd[4]);
	fd[4] = fake_connect(fake, 0);
	fake_turns(fake, 4);
	check(!fake_closed(fd[4]));
	for (int i = 1; i < 5; i++)
		close(fd[i]);
	fake_free(&fake);
}

static void
the_end_takes_what_the_sockets_hold_and_answers_it(void)
{
	struct intake_listener listener[2] = { door(INTAKE_RELP), door(INTAKE_TCP) };
	struct fake *fake = fake_new(listener, 2, 0);
	int relp = relp_open(fake, 0), tcp = fake_connect(fake, 1);

	fake_turns(fake, 2);
	check(send(relp, "2 syslog 3 one\n", 15, 0) == 15);
	check(send(tcp, "two\nthr", 7, 0) == 7);
	intake_stop(fake->intake);
	for (int i = 0; i < 20 && !intake_stopped(fake->intake); i++) {
		fake_turns(fake, 1);
		if (i == 10)
			fake_answer_all(fake, OK);
	}
	check(intake_stopped(fake->intake));
	check_int(fake->nrow, 3);
	check_span(fake_got(relp), SPAN("2 rsp 6 200 OK\n"));
	close(relp);
	close(tcp);
	fake_free(&fake);
}

/* ---- many ---- */

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

struct crowd {
	pid_t pid;
	int done;	/* readable when all are there */
	int hold;	/* closing it ends them */
};

/* n connections of a process of its own, so that its descriptors are not ours. */
static void
crowd_run(uint16_t port, unsigned n, int done, int hold)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char c = 'x';

	for (unsigned i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
		    send(fd, "one\ntwo\n", 8, 0) != 8)
			_exit(1);
	}
	(void)!write(done, &c, 1);
	(void)!read(hold, &c, 1);
	_exit(0);
}

static struct crowd
crowd_begin(uint16_t port, unsigned n)
{
	struct crowd crowd;
	int done[2], hold[2];

	must(pipe(done) == 0 && pipe(hold) == 0);
	crowd.pid = fork();
	must(crowd.pid >= 0);
	if (crowd.pid == 0) {
		close(hold[1]);
		crowd_run(port, n, done[1], hold[0]);
	}
	close(done[1]);
	close(hold[0]);
	must(fcntl(done[0], F_SETFL, O_NONBLOCK) == 0);
	crowd.done = done[0];
	crowd.hold = hold[1];
	return crowd;
}

static int
crowd_end(struct crowd *crowd)
{
	int status = -1;

	close(crowd->hold);
	close(crowd->done);
	(void)waitpid(crowd->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ten_thousand_idle_connections_cost_less_than_two_kb_each(void)
{
	struct intake_listener listener = door(INTAKE_TCP);
	struct fake *fake = fake_new(&listener, 1, 10000);
	uint64_t pss, before, after;
	struct rlimit files;
	struct crowd crowd;
	char c;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < 10100) {
		fake_free(&fake);
		skip("fewer than 10,100 descriptors are allowed");
	}
	fake->auto_ack = true;
	fake->keep_rows = false;
	fake_turns(fake, 10);
	check_int(proc_memory_kb(0, &pss, &before, NULL), OK);
	crowd = crowd_begin(fake->port[0], 10000);
	while (read(crowd.done, &c, 1) < 0)
		fake_turns(fake, 10);
	fake_turns(fake, 200);
	check_int(fake_counter(fake, "intake.door.connections"), 10000);
	check_int(fake->total, 20000);
	check_int(fake_counter(fake, "intake.bytes_incomplete"), 0);
	check_int(proc_memory_kb(0, &pss, &after, NULL), OK);
	if (!SANITIZED && check((after - before) * 1024 / 10000 < 2048))
		printf("%llu octets for an idle connection\n",
		    (unsigned long long)(after - before) * 1024 / 10000);
	check_int(crowd_end(&crowd), 0);
	fake_turns(fake, 400);
	check_int(fake_counter(fake, "intake.door.connections"), 0);
	fake_free(&fake);
}

static void
without_a_free_descriptor_accepting_pauses_and_goes_on(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	struct rlimit files, few;
	struct crowd crowd;
	char c;

	fake->auto_ack = true;
	fake_turns(fake, 4);
	check_int(getrlimit(RLIMIT_NOFILE, &files), 0);
	crowd = crowd_begin(fake->port[0], 60);
	few = files;
	few.rlim_cur = 40;
	check_int(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (read(crowd.done, &c, 1) < 0)
		fake_turns(fake, 1);
	fake_turns(fake, 100);
	check(fake_counter(fake, "intake.door.connections") < 40);
	/* Once per pause, not once per turn. */
	check_int(fake_counter(fake, "intake.door.accept_pauses"), 1);
	check_int(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (int i = 0; i < 40 && fake->total < 120; i++) {
		usleep(50000);
		fake_turns(fake, 10);
	}
	check_int(fake->total, 120);
	check_int(crowd_end(&crowd), 0);
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

int
main(void)
{
	/* First: memory that other tests gave back would hide what this one takes. */
	run(ten_thousand_idle_connections_cost_less_than_two_kb_each);
	run(tcp_lines_become_rows_with_their_source);
	run(the_last_line_counts_when_the_sender_goes);
	run(a_broken_frame_closes_the_connection_and_is_counted);
	run(a_record_above_the_limit_is_cut_marked_and_counted);
	run(each_datagram_is_a_record_octet_for_octet);
	run(datagrams_that_the_kernel_dropped_are_counted);
	run(relp_answers_only_after_the_ack);
	run(relp_close_waits_for_the_last_answers);
	run(relp_is_closed_without_answer_when_the_keeper_refuses);
	run(relp_without_open_or_with_garbage_is_closed);
	run(http_says_200_only_after_the_ack);
	run(http_says_503_when_the_keeper_refuses);
	run(a_request_over_many_batches_fails_when_one_of_them_does);
	run(gzip_bodies_are_read_and_bombs_refused);
	run(a_body_that_expands_waits_in_its_middle_for_the_keeper);
	run(bulk_refuses_what_would_change_records);
	run(shippers_find_what_they_ask_for);
	run(requests_in_a_row_are_answered_in_order);
	run(without_a_good_token_nothing_is_taken);
	run(what_a_dead_keeper_did_not_acknowledge_is_sent_again_once);
	run(a_keeper_that_answers_nonsense_is_left);
	run(sockets_are_not_read_while_the_keeper_is_behind);
	run(connections_above_the_limit_of_an_address_are_closed);
	run(the_end_takes_what_the_sockets_hold_and_answers_it);
	run(without_a_free_descriptor_accepting_pauses_and_goes_on);
	run(requests_are_told_to_come_later_while_the_store_is_behind);
	return check_done();
}
