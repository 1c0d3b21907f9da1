/* SPDX-License-Identifier: Apache-2.0 */
#include "web/answer.h"

#include <stdio.h>

#include "check.h"

static struct why why;
static struct buf body;
static size_t stop_at;		/* take says stop when so much has come; 0: never */

static bool
take(void *ctx, struct span piece)
{
	(void)ctx;
	buf_span_put(&body, piece);
	return stop_at == 0 || body.n < stop_at;
}

/* Fed in pieces of `step` octets, then the connection ends. */
static enum err
fed(struct span text, size_t step)
{
	struct answer *answer = answer_new(take, NULL);
	enum err rc = OK;

	body.n = 0;
	why.text[0] = '\0';
	for (size_t at = 0; at < text.n && rc == OK; at += step)
		rc = answer_feed(answer, span_sub(text, at, step), &why);
	if (rc == OK || rc == ERR_MORE)
		rc = answer_end(answer, &why);
	answer_free(&answer);
	return rc;
}

static void
check_fed(const char *text, enum err want, const char *want_body)
{
	static const size_t step[] = { 1, 2, 3, 7, 100000 };

	for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
		if (!check_int(fed(span_str(text), step[i]), want))
			printf("it was: %s (%s)\n", text, why.text);
		check_span(buf_span(&body), span_str(want_body));
	}
}

static void
the_body_is_found_by_length_by_chunks_and_by_the_end(void)
{
	check_fed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", OK, "hello");
	check_fed("HTTP/1.1 200 OK\r\ncontent-length:5 \r\nX: y\r\n\r\nhello", OK, "hello");
	check_fed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\nA;x=y\r\n, world...\r\n0\r\nTrailer: 1\r\n\r\n", OK, "hello, world...");
	check_fed("HTTP/1.0 200 OK\r\n\r\nhello", OK, "hello");
	check_fed("HTTP/1.1 204 No Content\r\n\r\n", OK, "");
	check_fed("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", OK, "");
	check_fed("HTTP/1.1 200\n\n", OK, "");
}

static void
what_was_found_is_in_a_header(void)
{
	static const struct {
		const char *header;
		uint64_t want;		/* 77: not told */
	} row[] = {
		{ "Trucban-Found: 3", 3 }, { "TRUCBAN-FOUND:0", 0 }, { "Trucban-Found: ", 77 },
		{ "Trucban-Found: -1", 77 }, { "Trucban-Founds: 3", 77 }, { "X: 3", 77 },
		{ "Trucban-Found: 99999999999999999999999", 77 },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct answer *answer = answer_new(take, NULL);
		struct buf text = { 0 };
		uint64_t n = 77;

		buf_printf(&text, "HTTP/1.1 200 OK\r\n%s\r\nContent-Length: 1\r\n\r\nx",
		    row[i].header);
		check_int(answer_feed(answer, buf_span(&text), &why), ERR_MORE);
		check_int(answer_found(answer, &n), row[i].want != 77);
		check_int(n, row[i].want);
		answer_free(&answer);
		buf_done(&text);
	}
}

static void
a_body_that_ends_early_is_never_whole(void)
{
	check_fed("", ERR_IO, "");
	check_fed("HTTP/1.1 200 OK\r\n", ERR_IO, "");
	check_fed("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", ERR_IO, "hello");
	check_fed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", ERR_IO, "");
	check_fed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", ERR_IO, "hel");
	check_fed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ERR_IO,
	    "hello");
	check_fed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", ERR_IO, "");
}

static void
what_is_no_answer_of_ours_is_refused(void)
{
	static const char *const bad[] = { "SSH-2.0-OpenSSH\r\n", "HTTP/2 200\r\n", "HTTP/1.1 "
	    "20\r\n",
	    "HTTP/1.1 2000\r\n", "HTTP/1.1 abc\r\n", "HTTP/1.1 100 Continue\r\n", "HTTP/1.1  "
	    "200\r\n",
	    "\r\n", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nabc" };

	for (size_t i = 0; i + 1 < sizeof bad / sizeof bad[0]; i++)
		check_fed(bad[i], ERR_FORMAT, "");
	check_fed(bad[sizeof bad / sizeof bad[0] - 1], ERR_IO, "");
	check_fed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhello\r\n", ERR_FORMAT,
	    "he");
}

static void
nothing_endless_is_waited_for(void)
{
	struct buf text = { 0 };

	buf_str(&text, "HTTP/1.1 200 ");
	for (int i = 0; i < 20000; i++)
		buf_u8(&text, 'x');
	check_int(fed(buf_span(&text), 1000), ERR_FORMAT);
	text.n = 0;
	buf_str(&text, "HTTP/1.1 200 OK\r\n");
	for (int i = 0; i < 200; i++)
		buf_str(&text, "A: b\r\n");
	check_int(fed(buf_span(&text), 1000), ERR_FORMAT);
	buf_done(&text);
}

static void
a_refusal_says_what_the_desk_said(void)
{
	check_fed("HTTP/1.1 400 Bad Request\r\nContent-Length: 11\r\n\r\nno such x\r\n", ERR_FORMAT,
	    "");
	check_span(span_str(why.text), SPAN("no such x"));
	check_fed("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", ERR_DENIED, "");
	check_span(span_str(why.text), SPAN("the desk answers 403"));
	check_fed("HTTP/1.1 404 No\r\n\r\n", ERR_ABSENT, "");
	check_fed("HTTP/1.1 422 No\r\n\r\n", ERR_LIMIT, "");
	check_fed("HTTP/1.1 503 No\r\n\r\nbusy", ERR_BUSY, "");
	check_span(span_str(why.text), SPAN("busy"));
	check_fed("HTTP/1.1 500 No\r\n\r\n", ERR_IO, "");
	check_fed("HTTP/1.1 302 Found\r\n\r\n", ERR_IO, "");
}

static void
who_has_enough_says_stop(void)
{
	stop_at = 3;
	check_int(fed(SPAN("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello"), 1), OK);
	check_span(buf_span(&body), SPAN("hel"));
	stop_at = 0;
}

int
main(void)
{
	run(the_body_is_found_by_length_by_chunks_and_by_the_end);
	run(what_was_found_is_in_a_header);
	run(a_body_that_ends_early_is_never_whole);
	run(what_is_no_answer_of_ours_is_refused);
	run(nothing_endless_is_waited_for);
	run(a_refusal_says_what_the_desk_said);
	run(who_has_enough_says_stop);
	buf_done(&body);
	return check_done();
}
