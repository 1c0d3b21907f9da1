/* SPDX-License-Identifier: Apache-2.0 */
/* What a request says of itself and of who sends it: see server_int.h. In the loop's thread. */
#include "web/server_int.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/must.h"
#include "web/guard.h"

enum { KEEPALIVE_S = 60 };	/* a client whose machine is gone is noticed after some of these */

static int
fd_of(struct evhttp_request *request)
{
	return bufferevent_getfd(evhttp_connection_get_bufferevent(
	    evhttp_request_get_connection(request)));
}

static void
peer_note(struct job *job, int fd)
{
	struct sock_peer peer;
	struct sock_addr addr = { .n = sizeof addr.u };
	int on = 1, idle = KEEPALIVE_S;

	if (getpeername(fd, &addr.u.any, &addr.n) != 0)
		return;
	sock_peer_text(&addr, job->from);
	if (addr.u.any.sa_family != AF_UNIX) {
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
		(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
	} else if (sock_peer_cred(fd, &peer, NULL) == OK) {
		(void)snprintf(job->who, sizeof job->who, "uid %u", (unsigned)peer.uid);
	}
}

static void
headers_note(struct job *job, struct evhttp_request *request)
{
	static const char *const name[JOB_HEADERS] = { [JOB_COOKIE] = "Cookie",
	    [JOB_AUTHORIZATION] = "Authorization", [JOB_CSRF] = "X-Trucban-Csrf",
	    [JOB_POLL] = "X-Trucban-Poll" };

	for (unsigned i = 0; i < JOB_HEADERS; i++) {
		const char *value = evhttp_find_header(evhttp_request_get_input_headers(request),
		    name[i]);

		if (value != NULL)
			job->header[i] = xstrdup(value);
	}
}

void
head_note(struct job *job, struct evhttp_request *request)
{
	peer_note(job, fd_of(request));
	headers_note(job, request);
}

enum err
head_params(struct job *job, struct evhttp_request *request, struct why *why)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(request);
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(request));
	size_t n = evbuffer_get_length(in);
	struct buf all = { 0 };
	enum err rc;

	if (n > 0)
		(void)evbuffer_remove(in, buf_add(&all, n), n);
	buf_u8(&all, '&');
	if (query != NULL)
		buf_str(&all, query);
	rc = form_read(&job->param, buf_span(&all), why);
	buf_done(&all);
	return rc;
}

bool
head_is_near(struct evhttp_request *request)
{
	struct sock_addr addr = { .n = sizeof addr.u };
	char from[SOCK_TEXT_BYTES];

	if (getpeername(fd_of(request), &addr.u.any, &addr.n) != 0)
		return false;
	sock_peer_text(&addr, from);
	return addr.u.any.sa_family == AF_UNIX || strncmp(from, "127.", 4) == 0 ||
	    strcmp(from, "::1") == 0;
}

bool
head_is_admitted(struct evhttp_request *request, const char *site)
{
	struct evkeyvalq *in = evhttp_request_get_input_headers(request);
	struct sock_addr addr = { .n = sizeof addr.u };

	/* A browser cannot speak over a unix socket. */
	if (getpeername(fd_of(request), &addr.u.any, &addr.n) == 0 &&
	    addr.u.any.sa_family == AF_UNIX)
		return true;
	return guard_admits(&(struct guard_ask){ evhttp_find_header(in, "Host"),
	    evhttp_find_header(in, "Origin"), evhttp_find_header(in, "Sec-Fetch-Site"), site });
}

/*
 * libevent takes the first of several lengths and
 * reads past a coding that it does not know; a proxy before us may see two requests (smuggling).
 */
bool
head_has_one_end(struct evhttp_request *request)
{
	struct evkeyvalq *headers = evhttp_request_get_input_headers(request);
	unsigned n = 0;

	for (const struct evkeyval *h = headers->tqh_first; h != NULL; h = h->next.tqe_next) {
		bool length = strcasecmp(h->key, "Content-Length") == 0;
		bool coding = strcasecmp(h->key, "Transfer-Encoding") == 0;

		n += length || coding;
		if (strpbrk(h->key, " \t") != NULL || (coding &&
		    strcasecmp(h->value, "chunked") != 0) || (length &&
		    h->value[strspn(h->value, "0123456789")] != '\0'))
			return false;
	}
	return n <= 1;
}
