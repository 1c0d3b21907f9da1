/* SPDX-License-Identifier: Apache-2.0 */
/* A request over a unix socket and the reading of its answer (web/answer.h): see client.h. */
#include "web/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/sock.h"

/* POLL_MS: how soon a cancelled client stops waiting. */
enum { READ_BYTES = 65536, CONNECT_MS = 2000, POLL_MS = 200 };

static bool
cancelled(const struct client_ask *ask)
{
	return ask->cancel != NULL && *ask->cancel;
}

/* True when the call must be made again. */
static bool
wait_for(int fd, short events)
{
	struct pollfd wait = { .fd = fd, .events = events };

	if (errno == EAGAIN || errno == EWOULDBLOCK)
		(void)poll(&wait, 1, POLL_MS);
	else if (errno != EINTR)
		return false;
	return true;
}

static enum err
all_write(int fd, struct span out, const struct client_ask *ask, struct why *why)
{
	while (out.n > 0) {
		ssize_t n = cancelled(ask) ? 0 : send(fd, out.p, out.n, MSG_NOSIGNAL);

		if (cancelled(ask))
			return why_set(why, ERR_BUSY, "interrupted");
		if (n >= 0)
			out = span_sub(out, (size_t)n, out.n);
		else if (errno == EPIPE)
			return OK;		/* it has answered already */
		else if (!wait_for(fd, POLLOUT))
			return why_errno(why, ERR_IO, errno, "cannot write to the desk");
	}
	return OK;
}

static enum err
request_send(int fd, const struct client_ask *ask, struct why *why)
{
	struct buf out = { 0 };
	enum err rc;

	buf_printf(&out, "%s %s HTTP/1.1\r\nHost: trucban\r\nConnection: close\r\n",
	    ask->form.n > 0 ? "POST" : "GET", ask->path);
	if (ask->form.n > 0)
		buf_printf(&out, "Content-Type: application/x-www-form-urlencoded\r\n"
		    "Content-Length: %zu\r\n", ask->form.n);
	buf_str(&out, "\r\n");
	buf_span_put(&out, ask->form);
	rc = all_write(fd, buf_span(&out), ask, why);
	buf_done(&out);
	return rc;
}

/* Until the answer is whole or the connection ends. */
static enum err
answer_read(int fd, struct answer *answer, const struct client_ask *ask, struct why *why)
{
	struct buf in = { 0 };
	enum err rc = OK;

	buf_reserve(&in, READ_BYTES);
	while (rc == OK) {
		ssize_t n = cancelled(ask) ? 0 : read(fd, in.p, READ_BYTES);

		if (cancelled(ask))
			rc = why_set(why, ERR_BUSY, "interrupted");
		else if (n > 0)
			rc = answer_feed(answer, span_of(in.p, (size_t)n), why);
		else if (n == 0)
			rc = ERR_MORE;
		else if (!wait_for(fd, POLLIN))
			rc = why_errno(why, ERR_IO, errno, "cannot read from the desk");
	}
	buf_done(&in);
	if (rc == ERR_MORE)
		rc = answer_end(answer, why);
	if (rc == OK && ask->found != NULL)
		(void)answer_found(answer, ask->found);
	return rc;
}

enum err
client_run(const struct client_ask *ask, struct why *why)
{
	struct answer *answer = answer_new(ask->take, ask->ctx);
	char address[256];
	int fd = -1, n;
	enum err rc = OK;

	n = snprintf(address, sizeof address, "unix:%s", ask->socket);
	if (n < 0 || (size_t)n >= sizeof address)
		rc = why_set(why, ERR_LIMIT, "the socket's path %s is too long", ask->socket);
	if (rc == OK)
		rc = sock_connect(&fd, address, SOCK_KIND_STREAM, CONNECT_MS, why);
	if (rc == ERR_IO)
		rc = ERR_ABSENT;	/* the socket of a desk that is gone */
	if (rc == OK)
		rc = request_send(fd, ask, why);
	if (rc == OK)
		rc = answer_read(fd, answer, ask, why);
	file_close(&fd);
	answer_free(&answer);
	return rc;
}
