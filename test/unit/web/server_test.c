/* SPDX-License-Identifier: Apache-2.0 */
/* web/server.c as HTTP: pages, connections, strangers, nonsense. */
#include "server_rig.h"

static void
a_page_answers_at_once(void)
{
	struct buf out = { 0 };

	server_start();
	ask_raw("GET /page HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &out);
	check(heard(&out, "HTTP/1.1 503"));
	check(heard(&out, "Content-Type: text/page"));
	check(heard(&out, "nosniff"));
	check(heard(&out, "\r\n\r\na page\n"));
	check_int(admitted, 0);
	server_stop();
	buf_done(&out);
}

static void
a_client_that_says_more_than_its_request_is_let_go(void)
{
	int fd;

	server_start();
	fd = connected(true);
	say(fd, "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
	check(wait_until(&running, 1));
	say(fd, "GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n");
	check(wait_until(&cancelled, 1));
	file_close(&fd);
	server_stop();
}

static void
a_connection_carries_one_request_after_the_other(void)
{
	struct buf out = { 0 };
	int fd;

	server_start();
	fd = connected(true);
	for (int i = 0; i < 3; i++) {
		say(fd, "GET /echo?a=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
		do
			hear(fd, &out, 50);
		while (out.n == 0);
		check(heard(&out, "\r\n0\r\n\r\n"));
	}
	file_close(&fd);
	server_stop();
	buf_done(&out);
}

static void
an_old_client_learns_the_end_by_the_end_of_the_connection(void)
{
	struct buf out = { 0 };

	server_start();
	ask_raw("GET /echo?a=1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &out);
	check(heard(&out, "127.0.0.1|1"));
	check(heard(&out, "Connection: close"));
	server_stop();
	buf_done(&out);
}

static void
other_methods_and_strangers_are_refused(void)
{
	struct buf out = { 0 };

	server_start();
	ask_raw("HEAD /echo HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", &out);
	check(heard(&out, "HTTP/1.1 501"));
	ask_raw("PUT /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n", &out);
	check(heard(&out, "HTTP/1.1 501"));
	ask_raw("GET /echo HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", &out);
	check(heard(&out, "HTTP/1.1 403"));
	ask_raw("POST /echo HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.example\r\n"
	    "Content-Length: 0\r\nConnection: close\r\n\r\n", &out);
	check(heard(&out, "HTTP/1.1 403"));
	ask_raw("GET /echo HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site\r\n"
	    "Connection: close\r\n\r\n", &out);
	check(heard(&out, "HTTP/1.1 403"));
	check_int(admitted, 0);
	server_stop();
	buf_done(&out);
}

static void
a_body_with_two_ends_is_refused_and_nothing_behind_it_read(void)
{
	static const char *const head[] = { "Content-Length: 3\r\nContent-Length: 40\r\n",
		"Content-Length: +3\r\n", "Transfer-Encoding: xchunked\r\n",
		"Transfer-Encoding : chunked\r\n", "Transfer-Encoding: chunked, chunked\r\n" };
	struct buf out = { 0 };
	char text[256];

	server_start();
	for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
		(void)snprintf(text, sizeof text, "POST /echo HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
		    "a=bGET /echo?a=smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n", head[i]);
		ask_raw(text, &out);
		if (!check(heard(&out, "HTTP/1.1 400")) || !check(!heard(&out, "smuggled")))
			printf("it was number %zu\n", i);
	}
	server_stop();
	buf_done(&out);
}

static void
a_form_that_is_too_long_is_refused(void)
{
	struct buf out = { 0 }, form = { 0 };

	server_start();
	memset(buf_add(&form, (1 << 20) + 10), 'a', (1 << 20) + 10);
	buf_u8(&form, 0);
	check_int(ask("/echo", (char *)form.p, &out), ERR_LIMIT);
	server_stop();
	buf_done(&out);
	buf_done(&form);
}

static void
a_long_answer_is_not_idle_but_half_a_request_is(void)
{
	struct buf out = { 0 };
	int fd;

	timeout_s = 1;
	server_start();
	fd = connected(false);
	say(fd, "GET /ec");
	check_int(ask("/turns", "nine=1", &out), OK);	/* 1.6 s */
	check_span(buf_span(&out), SPAN("123456789"));
	check_int(poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, WAIT_MS), 1);
	hear(fd, &out, 0);
	check_int(out.n, 0);
	file_close(&fd);
	server_stop();
	timeout_s = 0;
	buf_done(&out);
}

static void
nonsense_harms_nobody(void)
{
	static const char *const nonsense[] = { "\r\n\r\n\r\n\r\n", "GET\r\n\r\n",
	    "\x16\x03\x01\x02",
	    "GET /echo HTTP/9.9\r\n\r\n", "POST /echo HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
	    "POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
	    "GET //x:99999999/%%% HTTP/1.1\r\nHost: localhost\r\n\r\n",
	    "GET /echo?%00 HTTP/1.1\r\nHost: localhost\r\n\r\n" };
	struct buf out = { 0 };

	server_start();
	for (size_t i = 0; i < sizeof nonsense / sizeof nonsense[0]; i++) {
		int fd = connected(true);

		say(fd, nonsense[i]);
		hear(fd, &out, 30);
		file_close(&fd);
	}
	check_int(ask("/echo", "", &out), OK);
	server_stop();
	buf_done(&out);
}

int
main(void)
{
	run(a_page_answers_at_once);
	run(a_client_that_says_more_than_its_request_is_let_go);
	run(a_connection_carries_one_request_after_the_other);
	run(an_old_client_learns_the_end_by_the_end_of_the_connection);
	run(other_methods_and_strangers_are_refused);
	run(a_body_with_two_ends_is_refused_and_nothing_behind_it_read);
	run(a_form_that_is_too_long_is_refused);
	run(a_long_answer_is_not_idle_but_half_a_request_is);
	run(nonsense_harms_nobody);
	return check_done();
}
