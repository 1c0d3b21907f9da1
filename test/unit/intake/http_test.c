/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/http.c, intake/decode.c, intake/action.c, intake/answer.c: HTTP without a socket. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/must.h"
#include "intake/action.h"
#include "intake/answer.h"
#include "intake/door.h"
#include "intake/decode.h"
#include "intake/http.h"
#include "intake/intake_int.h"

static enum err
head(struct http_head *ret, const char *text)
{
	check_int(http_head_size(span_str(text)), strlen(text));
	return http_head_read(ret, span_str(text), NULL);
}

static void
a_head_is_read(void)
{
	struct http_head h;

	check_int(head(&h, "POST /insert/jsonline?_msg_field=m HTTP/1.1\r\nHost: x\r\n"
	    "Content-Encoding: GZIP\r\nContent-Length: 12\r\nAuthorization: Basic eA==\r\n"
	    "Expect: 100-continue\r\n\r\n"), OK);
	check_int(h.method, HTTP_POST);
	check_int(h.coding, HTTP_GZIP);
	check_span(h.path, SPAN("/insert/jsonline"));
	check_span(h.query, SPAN("_msg_field=m"));
	check_span(h.authorization, SPAN("Basic eA=="));
	check(h.has_length && h.length == 12 && h.keep_alive && h.expects && !h.chunked);
	check_int(h.message_field.n + h.time_field.n + h.stream_fields.n, 0);
	check_int(head(&h, "POST / HTTP/1.1\r\nVL-Msg-Field: log\r\nvl-time-field: ts\r\n"
	    "VL-Stream-Fields: a, b\r\n\r\n"), OK);
	check_span(h.message_field, SPAN("log"));
	check_span(h.time_field, SPAN("ts"));
	check_span(h.stream_fields, SPAN("a, b"));
	check_int(head(&h, "GET / HTTP/1.0\n\n"), OK);
	check(!h.keep_alive);
	check_int(head(&h, "GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n"), OK);
	check(!h.keep_alive);
	check_int(head(&h, "PUT /x HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"), OK);
	check(h.chunked);
}

static void
a_head_is_complete_at_its_empty_line(void)
{
	check_int(http_head_size(SPAN("GET / HTTP/1.1\r\nA: b\r\n\r\nrest")), 24);
	check_int(http_head_size(SPAN("GET / HTTP/1.1\n\nrest")), 16);
	check_int(http_head_size(SPAN("GET / HTTP/1.1\r\nA: b\r\n\r")), 0);
	check_int(http_head_size(SPAN("GET / HTTP/1.1\r\n")), 0);
	check_int(http_head_size(SPAN("")), 0);
}

static void
broken_heads_are_refused(void)
{
	static const char *const bad[] = {
		"\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n",
		"GET  / HTTP/1.1\r\n\r\n", "GET x HTTP/1.1\r\n\r\n", "G\x01T / HTTP/1.1\r\n\r\n",
		"GET / HTTP/2.0\r\n\r\n", "GET / http/1.1\r\n\r\n", "GET /\x7f HTTP/1.1\r\n\r\n",
		"GET / HTTP/1.1\r\nA\r\n\r\n", "GET / HTTP/1.1\r\n: b\r\n\r\n",
		"GET / HTTP/1.1\r\nA : b\r\n\r\n", "GET / HTTP/1.1\r\n A: b\r\n\r\n",
		"GET / HTTP/1.1\r\nA: b\r\n c: d\r\n\r\n", "GET / HTTP/1.1\r\nA: \x01\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: \r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: +1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1 1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1,1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 99999999999999999999999\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 4294967297\r\n\r\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
		"GET / HTTP/1.1\nTransfer-Encoding: chunked\nTransfer-Encoding: chunked\n\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
		"GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
		"GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	struct http_head h = { .length = 7 };
	struct buf many = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(http_head_read(&h, span_str(bad[i]), NULL) != OK))
			printf("accepted: %s\n", bad[i]);
	check_int(h.length, 7);
	buf_str(&many, "GET / HTTP/1.1\r\n");
	for (int i = 0; i < LIMIT_HTTP_HEADERS + 1; i++)
		buf_str(&many, "A: b\r\n");
	buf_str(&many, "\r\n");
	check_int(http_head_read(&h, buf_span(&many), NULL), ERR_LIMIT);
	buf_done(&many);
}

/* "data" or "data!" when the framing broke, "data~" when it did not end. */
static void
body_of(struct buf *out, const char *text, bool chunked, size_t step)
{
	struct http_head h = { .chunked = chunked, .length = chunked ? 0 : 5 };
	struct span in = span_str(text), piece;
	struct http_body body;
	enum err rc = ERR_MORE;

	http_body_begin(&body, &h);
	while (in.n > 0 && rc == ERR_MORE) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, step, SIZE_MAX);
		while ((rc = http_body_next(&body, &part, &piece)) == OK)
			buf_span_put(out, piece);
	}
	buf_str(out, rc == ERR_FORMAT ? "!" : rc == ERR_MORE ? "~" : "");
}

static void
bodies_are_the_same_however_the_stream_is_cut(void)
{
	static const struct { const char *in, *want; } chunked[] = {
		{ "3\r\nabc\r\n0\r\n\r\n", "abc" },
		{ "3\nabc\n0\n\n", "abc" },
		{ "3;x=\"y\"\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde" },
		{ "3 \r\nabc\r\n0\r\nTrailer: x\r\n\r\n", "abc" },
		{ "00000003\r\nabc\r\n0\r\n\r\n", "abc" },
		{ "a\r\n0123456789\r\n0\r\n\r\n", "0123456789" },
		{ "A\r\n0123456789\r\n0\r\n\r\nGET", "0123456789" },
		{ "3\r\nabc\r\n0\r\n", "abc~" },
		{ "3\r\nab", "ab~" },
		{ "3\r\nabcd\r\n0\r\n\r\n", "abc!" },
		{ "\r\nabc\r\n0\r\n\r\n", "!" },
		{ "x\r\nabc", "!" },
		{ "-3\r\nabc", "!" },
		{ "0x3\r\nabc", "!" },
		{ "000000003\r\nabc", "!" },
		{ "ffffffffffffffff\r\nabc", "!" },
		{ "3\r\nabc0\r\n\r\n", "abc!" },
	};

	for (size_t i = 0; i < sizeof chunked / sizeof chunked[0]; i++) {
		for (size_t step = 1; step < 40; step += 3) {
			struct buf out = { 0 };

			buf_reserve(&out, 1);
			body_of(&out, chunked[i].in, true, step);
			if (!check_span(buf_span(&out), span_str(chunked[i].want)))
				printf("%s, %zu at a time\n", chunked[i].in, step);
			buf_done(&out);
		}
	}
}

static void
many_small_chunks_are_no_attack_but_an_endless_trailer_is(void)
{
	struct http_head h = { .chunked = true };
	struct span piece, in;
	struct http_body body;

	http_body_begin(&body, &h);
	for (int i = 0; i < 20000; i++) {
		in = SPAN("1\r\nx\r\n");
		check_int(http_body_next(&body, &in, &piece), OK);
		check_int(http_body_next(&body, &in, &piece), ERR_MORE);
	}
	in = SPAN("0\r\n");
	check_int(http_body_next(&body, &in, &piece), ERR_MORE);
	for (int i = 0; i < 20000; i++) {
		in = SPAN("a: b\r\n");
		if (http_body_next(&body, &in, &piece) == ERR_FORMAT)
			return;
	}
	check(false);
}

static void
arguments_are_found_and_decoded(void)
{
	struct span q = SPAN("a=1&_msg_field=log%20text+x&bad=%zz%4&empty=&noequal");
	uint8_t room[8];

	check_span(http_argument(q, "a", room, sizeof room), SPAN("1"));
	check_span(http_argument(q, "_msg_field", room, sizeof room), SPAN("log text"));
	check_span(http_argument(q, "bad", room, sizeof room), SPAN("%zz%4"));
	check_int(http_argument(q, "empty", room, sizeof room).n, 0);
	check_int(http_argument(q, "msg_field", room, sizeof room).n, 0);
	check_int(http_argument(SPAN(""), "a", room, sizeof room).n, 0);
}

/* ---- decoding ---- */

static struct span
deflated(struct span in, int window)
{
	static uint8_t room[1 << 20];
	z_stream z = { 0 };

	must(deflateInit2(&z, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (Bytef *)(uintptr_t)in.p;
	z.avail_in = (uInt)in.n;
	z.next_out = room;
	z.avail_out = sizeof room;
	must(deflate(&z, Z_FINISH) == Z_STREAM_END);
	(void)deflateEnd(&z);
	return span_of(room, sizeof room - z.avail_out);
}

static enum err
decode(struct buf *out, uint8_t coding, struct span in, size_t step, bool *ret_whole)
{
	struct decoder *d = decoder_new(coding);
	uint8_t room[100];
	enum err rc = OK;

	while (in.n > 0 && (rc == OK || rc == ERR_MORE)) {
		struct span part = span_sub(in, 0, step);

		in = span_sub(in, step, SIZE_MAX);
		do {
			size_t n = 0;

			rc = decoder_next(d, &part, room, sizeof room, &n, NULL);
			buf_put(out, room, n);
		} while (rc == OK);
	}
	*ret_whole = decoder_is_whole(d);
	decoder_free(&d);
	return rc;
}

static void
every_coding_gives_the_text_back(void)
{
	static uint8_t text[20000], room[30000];
	struct { uint8_t coding; struct span in; } cases[4];
	struct buf keep[3] = { { 0 } };

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)("abcdefgh"[(i * i / 7) % 8]);
	buf_span_put(&keep[0], deflated(span_of(text, sizeof text), 15 + 16));
	buf_span_put(&keep[1], deflated(span_of(text, sizeof text), 15));
	buf_span_put(&keep[2], deflated(span_of(text, sizeof text), -15));
	cases[0].coding = HTTP_GZIP;
	cases[0].in = buf_span(&keep[0]);
	cases[1].coding = HTTP_DEFLATE;
	cases[1].in = buf_span(&keep[1]);
	cases[2].coding = HTTP_DEFLATE;
	cases[2].in = buf_span(&keep[2]);
	cases[3].coding = HTTP_ZSTD;
	cases[3].in = span_of(room, ZSTD_compress(room, sizeof room, text, sizeof text, 3));
	for (size_t i = 0; i < 4; i++) {
		for (size_t step = 1; step < 5000; step = step * 7 + 1) {
			struct buf out = { 0 };
			bool whole = false;

			check_int(decode(&out, cases[i].coding, cases[i].in, step, &whole),
			    ERR_MORE);
			check(whole);
			check(span_eq(buf_span(&out), span_of(text, sizeof text)));
			out.n = 0;
			(void)decode(&out, cases[i].coding,
			    span_sub(cases[i].in, 0, cases[i].in.n - 1), step, &whole);
			check(!whole);
			buf_done(&out);
		}
	}
	for (size_t i = 0; i < 3; i++)
		buf_done(&keep[i]);
}

static void
two_members_one_after_the_other_are_one_body(void)
{
	struct buf in = { 0 }, out = { 0 };
	bool whole;

	buf_span_put(&in, deflated(SPAN("one"), 15 + 16));
	buf_span_put(&in, deflated(SPAN("two"), 15 + 16));
	check_int(decode(&out, HTTP_GZIP, buf_span(&in), 4096, &whole), ERR_MORE);
	check_span(buf_span(&out), SPAN("onetwo"));
	buf_done(&in);
	buf_done(&out);
}

static void
broken_bodies_are_refused(void)
{
	struct buf out = { 0 };
	bool whole;

	check_int(decode(&out, HTTP_GZIP, SPAN("no gzip at all"), 4096, &whole), ERR_FORMAT);
	check_int(decode(&out, HTTP_DEFLATE, SPAN("\xff\xff\xff\xff"), 4096, &whole), ERR_FORMAT);
	check_int(decode(&out, HTTP_ZSTD, SPAN("no zstd at all"), 4096, &whole), ERR_FORMAT);
	buf_done(&out);
}

static void
a_bomb_is_refused_while_it_is_small(void)
{
	static uint8_t zeros[40 << 20], room[1 << 16];
	struct buf bomb = { 0 }, out = { 0 };
	bool whole;

	buf_span_put(&bomb, deflated(span_of(zeros, sizeof zeros), 15 + 16));
	check_int(decode(&out, HTTP_GZIP, buf_span(&bomb), 4096, &whole), ERR_LIMIT);
	check(out.n < 3 << 20);
	out.n = 0;
	bomb.n = 0;
	buf_put(&bomb, room, ZSTD_compress(room, sizeof room, zeros, sizeof zeros, 3));
	check_int(decode(&out, HTTP_ZSTD, buf_span(&bomb), 4096, &whole), ERR_LIMIT);
	check(out.n < 3 << 20);
	buf_done(&bomb);
	buf_done(&out);
}

/* ---- bulk and routes ---- */

static void
action_lines_are_told_apart(void)
{
	static const char *const bad[] = { "", "{", "{}", "[]", "{\"index\"}", "{\"index\":1}",
	    "{\"indexx\":{}}", "{\"Index\":{}}", "{index:{}}", "x{\"index\":{}}",
	    "{\"message\":\"a\"}", "{\"index\" {}}", "null", "{\"inde", "{\"index\":" };
	enum action action = ACTION_END;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check_int(action_read(span_str(bad[i]), &action), ERR_FORMAT))
			printf("accepted: %s\n", bad[i]);
	check_int(action, ACTION_END);
	check_int(action_read(SPAN("{\"index\":{\"_index\":\"x\"}}"), &action), OK);
	check_int(action, ACTION_INDEX);
	check_int(action_read(SPAN(" { \"create\" : { } }\r"), &action), OK);
	check_int(action, ACTION_CREATE);
	check_int(action_read(SPAN("{\"delete\":{\"_id\":\"1\"}}"), &action), OK);
	check_int(action, ACTION_DELETE);
	check_int(action_read(SPAN("{\"update\":{\"_id\":\"1\"}}"), &action), OK);
	check_int(action, ACTION_UPDATE);
}

static void
the_bulk_answer_has_an_item_for_each_document(void)
{
	struct outcomes o = { 0 };
	struct buf out = { 0 };

	outcomes_put(&o, 0, &out);
	check_span(buf_span(&out), SPAN("{\"took\":0,\"errors\":false,\"items\":[]}"));
	out.n = 0;
	outcomes_add(&o, ACTION_CREATE, false);
	outcomes_add(&o, ACTION_CREATE, false);
	outcomes_add(&o, ACTION_INDEX, false);
	check_int(o.nrun, 2);
	outcomes_put(&o, 3, &out);
	check_span(buf_span(&out), SPAN("{\"took\":3,\"errors\":false,\"items\":["
	    "{\"create\":{\"status\":201}},{\"create\":{\"status\":201}},"
	    "{\"index\":{\"status\":201}}]}"));
	out.n = 0;
	outcomes_add(&o, ACTION_DELETE, true);
	outcomes_put(&o, 3, &out);
	check(memmem(out.p, out.n, "\"errors\":true", 13) != NULL);
	check(memmem(out.p, out.n, "{\"delete\":{\"status\":405", 23) != NULL);
	buf_done(&out);
	outcomes_done(&o);
}

static const struct answer_route *
route(const char *path, uint8_t method)
{
	struct http_head h = { .method = method, .path = span_str(path) };

	return answer_route(&h);
}

static void
routes_are_found_with_and_without_prefix(void)
{
	static const char *const bulk[] = { "/_bulk", "/_bulk/", "/logs/_bulk",
	    "/insert/elasticsearch/_bulk", "/insert/elasticsearch/logs-1/_bulk" };
	static const char *const none[] = { "/x", "/_bulkx", "/a/b/_bulk", "//_bulk", "/_bulk/x",
	    "/insert/elasticsearchx/_bulk", "/insert", "/insert/jsonline/x", "/_license/x", "" };
	static const struct {
		const char *path;
		uint8_t method;
		const struct door *door;
	} doors[] = {
		{ "/insert/lines", HTTP_POST, &door_lines },
		{ "/loki/api/v1/push", HTTP_POST, &door_loki },
		{ "/insert/loki/api/v1/push", HTTP_POST, &door_loki },
		{ "/v1/logs", HTTP_POST, &door_otlp },
		{ "/insert/opentelemetry/v1/logs", HTTP_POST, &door_otlp },
		{ "/services/collector", HTTP_POST, &door_hec },
		{ "/services/collector/event", HTTP_POST, &door_hec },
		{ "/services/collector/event/1.0", HTTP_POST, &door_hec },
		{ "/services/collector/raw", HTTP_POST, &door_hec_raw },
		{ "/services/collector/raw/1.0", HTTP_PUT, &door_hec_raw },
		{ "/services/collector/ack", HTTP_POST, &door_hec_ack },
		{ "/services/collector/health", HTTP_GET, &door_hec_health },
		{ "/upload", HTTP_POST, &door_journal },
	};
	static const char *const texts[] = { "/", "/_license", "/_xpack", "/_ilm/policy",
	    "/_ilm/policy/filebeat", "/_index_template/a/b", "/_template/x", "/_cluster/health",
	    "/_nodes/http", "/_nodes/_all/http", "/_ingest/pipeline/x", "/insert/elasticsearch",
	    "/insert/elasticsearch/" };

	for (size_t i = 0; i < sizeof bulk / sizeof bulk[0]; i++)
		if (check(route(bulk[i], HTTP_POST) != NULL))
			check(route(bulk[i], HTTP_POST)->door == &door_bulk);
	for (size_t i = 0; i + 1 < sizeof none / sizeof none[0]; i++)
		if (!check(route(none[i], HTTP_POST) == NULL))
			printf("found: %s\n", none[i]);
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (!check(route(texts[i], HTTP_GET) != NULL && route(texts[i], HTTP_HEAD) != NULL))
			printf("not found: %s\n", texts[i]);
	check(route("/_bulk", HTTP_GET) == NULL);
	check(route("/_bulk", HTTP_OTHER) == NULL);
	check(route("/", HTTP_DELETE) == NULL);
	check(route("/insert/jsonline", HTTP_POST)->door == &door_json);
	for (size_t i = 0; i < sizeof doors / sizeof doors[0]; i++) {
		const struct answer_route *r = route(doors[i].path, doors[i].method);

		if (!check(r != NULL && r->door == doors[i].door))
			printf("another door: %s\n", doors[i].path);
	}
}

static void
only_the_right_secret_names_a_sender(void)
{
	struct token token[2] = { { .name = SPAN("anna") }, { .name = SPAN("binh") } };
	struct span name = { 0 };

	answer_digest(token[0].secret, SPAN("secret"));
	answer_digest(token[1].secret, SPAN("other"));
	check(answer_token(token, 2, SPAN("Bearer other"), &name));
	check_span(name, SPAN("binh"));
	check(answer_token(token, 2, SPAN("basic YW5uYTpzZWNyZXQ="), &name));
	check_span(name, SPAN("anna"));
	check(answer_token(token, 2, SPAN("ApiKey YW5uYTpzZWNyZXQ="), &name));
	check(!answer_token(token, 2, SPAN("Basic YmluaDpzZWNyZXQ="), &name));	/* binh:secret */
	check(!answer_token(token, 2, SPAN("Basic YW5uYQ=="), &name));		/* no colon */
	check(!answer_token(token, 2, SPAN("Basic ????"), &name));
	check(!answer_token(token, 2, SPAN("Basic "), &name));
	check(!answer_token(token, 2, SPAN("Bearer"), &name));
	check(!answer_token(token, 2, SPAN("Bearer "), &name));
	check(!answer_token(token, 2, SPAN("Digest other"), &name));
	check(!answer_token(token, 2, SPAN(""), &name));
	check(!answer_token(token, 0, SPAN("Bearer other"), &name));
}

int
main(void)
{
	run(a_head_is_read);
	run(a_head_is_complete_at_its_empty_line);
	run(broken_heads_are_refused);
	run(bodies_are_the_same_however_the_stream_is_cut);
	run(many_small_chunks_are_no_attack_but_an_endless_trailer_is);
	run(arguments_are_found_and_decoded);
	run(every_coding_gives_the_text_back);
	run(two_members_one_after_the_other_are_one_body);
	run(broken_bodies_are_refused);
	run(a_bomb_is_refused_while_it_is_small);
	run(action_lines_are_told_apart);
	run(the_bulk_answer_has_an_item_for_each_document);
	run(routes_are_found_with_and_without_prefix);
	run(only_the_right_secret_names_a_sender);
	return check_done();
}
