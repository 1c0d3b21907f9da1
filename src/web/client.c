/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 9112, the part of it that our own front speaks: status line, headers, chunked or length. */
#include "web/client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/sock.h"

enum { HEAD_MAX = 16384, READ_BYTES = 65536, ERROR_MAX = 400 };

enum body_kind { BODY_LENGTH, BODY_CHUNKED, BODY_CLOSE };

struct answer {
	const struct client_ask *ask;
	int fd;
	struct buf in;
	size_t at;			/* read position in in */
	bool end;			/* peer closed */
	int status;
	enum body_kind kind;
	uint64_t left;
	struct buf error;		/* body of a refusal */
};

void
form_add(struct buf *form, const char *name, struct span value)
{
	if (form->n > 0)
		buf_u8(form, '&');
	buf_str(form, name);
	buf_u8(form, '=');
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    c == '-' || c == '_' || c == '.' || c == '~')
			buf_u8(form, c);
		else
			buf_printf(form, "%%%02X", c);
	}
}

static bool
cancelled(const struct answer *a)
{
	return a->ask->cancel != NULL && *a->ask->cancel;
}

/* More octets behind in; ERR_MORE at the end of the connection. */
static enum err
fill(struct answer *a, struct why *why)
{
	struct pollfd wait = { .fd = a->fd, .events = POLLIN };
	ssize_t n;

	if (a->at > 0 && a->at == a->in.n)
		a->at = a->in.n = 0;
	for (;;) {
		if (cancelled(a))
			return ERR_BUSY;
		buf_reserve(&a->in, READ_BYTES);
		n = read(a->fd, a->in.p + a->in.n, READ_BYTES);
		if (n > 0) {
			a->in.n += (size_t)n;
			return OK;
		}
		if (n == 0)
			return ERR_MORE;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			(void)poll(&wait, 1, 200);
		else if (errno != EINTR)
			return why_errno(why, ERR_IO, errno, "cannot read from the desk");
	}
}

/* One line without its CR LF; it stays valid until the next fill. */
static enum err
line_next(struct answer *a, struct span *ret, struct why *why)
{
	enum err rc = OK;

	for (;;) {
		uint8_t *from = a->in.p + a->at;
		uint8_t *lf = a->in.n > a->at ? memchr(from, '\n', a->in.n - a->at) : NULL;

		if (lf != NULL) {
			size_t n = (size_t)(lf - from);

			a->at += n + 1;
			*ret = span_of(from, n > 0 && from[n - 1] == '\r' ? n - 1 : n);
			return OK;
		}
		if (a->in.n - a->at > HEAD_MAX)
			return why_set(why, ERR_FORMAT, "the desk answers with an endless line");
		rc = fill(a, why);
		if (rc != OK)
			return rc == ERR_MORE ? why_set(why, ERR_IO, "the desk closed the connection") : rc;
	}
}

static uint64_t
number_of(struct span s, unsigned base)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		uint8_t low = c | 0x20;
		unsigned d = c >= '0' && c <= '9' ? c - 0x30u : low >= 'a' && low <= 'f' ?
		    low - 0x61u + 10 : 99;

		if (d >= base || v > UINT64_MAX / 32)
			break;
		v = v * base + d;
	}
	return v;
}

static bool
header_is(struct span line, struct span name, struct span *ret_value)
{
	size_t at = name.n + 1;

	if (line.n < at || line.p[name.n] != ':')
		return false;
	for (size_t i = 0; i < name.n; i++)
		if ((line.p[i] | 0x20) != (name.p[i] | 0x20))
			return false;
	while (at < line.n && line.p[at] == ' ')
		at++;
	*ret_value = span_sub(line, at, line.n);
	return true;
}

static enum err
head_read(struct answer *a, struct why *why)
{
	struct span line, value;
	enum err rc;

	rc = line_next(a, &line, why);
	if (rc != OK)
		return rc;
	if (line.n < 12 || memcmp(line.p, "HTTP/1.", 7) != 0)
		return why_set(why, ERR_FORMAT, "what answers is not the desk");
	a->status = (int)number_of(span_sub(line, 9, 3), 10);
	a->kind = BODY_CLOSE;
	while ((rc = line_next(a, &line, why)) == OK && line.n > 0) {
		if (header_is(line, SPAN("content-length"), &value)) {
			a->kind = BODY_LENGTH;
			a->left = number_of(value, 10);
		} else if (header_is(line, SPAN("transfer-encoding"), &value)) {
			a->kind = BODY_CHUNKED;
			a->left = 0;
		}
	}
	return rc;
}

static bool
give(struct answer *a, struct span piece)
{
	if (a->status / 100 == 2)
		return a->ask->take(a->ask->ctx, piece);
	if (a->error.n < ERROR_MAX)
		buf_span_put(&a->error, span_sub(piece, 0, ERROR_MAX - a->error.n));
	return true;
}

/* Octets of the present chunk (or of the whole body), as they come. */
static enum err
piece_read(struct answer *a, bool *ret_stop, struct why *why)
{
	enum err rc;

	while (a->left > 0 && !*ret_stop) {
		size_t n = a->in.n - a->at;

		if (n == 0) {
			rc = fill(a, why);
			if (rc != OK)
				return rc == ERR_MORE && a->kind == BODY_CLOSE ? ERR_MORE :
				    rc == ERR_MORE ? why_set(why, ERR_IO,
				    "the desk closed the connection before the end") : rc;
			continue;
		}
		if (n > a->left)
			n = (size_t)a->left;
		*ret_stop = !give(a, span_of(a->in.p + a->at, n));
		a->at += n;
		a->left -= n;
	}
	return OK;
}

static enum err
body_read(struct answer *a, struct why *why)
{
	bool stop = false;
	struct span line;
	enum err rc = OK;

	if (a->kind == BODY_CLOSE)
		a->left = UINT64_MAX;
	if (a->kind != BODY_CHUNKED) {
		rc = piece_read(a, &stop, why);
		return rc == ERR_MORE ? OK : rc;
	}
	while (rc == OK && !stop) {
		rc = line_next(a, &line, why);
		if (rc != OK)
			return rc;
		a->left = number_of(line, 16);
		if (a->left == 0)
			return OK;
		rc = piece_read(a, &stop, why);
		if (rc == OK && !stop)
			rc = line_next(a, &line, why);
	}
	return rc;
}

static enum err
refusal(const struct answer *a, struct why *why)
{
	enum err rc = a->status == 403 || a->status == 401 ? ERR_DENIED : a->status == 404 ?
	    ERR_ABSENT : a->status == 400 ? ERR_FORMAT : ERR_IO;
	struct span s = buf_span(&a->error);

	while (s.n > 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	return why_set(why, rc, "%.*s", (int)s.n, s.n > 0 ? (const char *)s.p : "");
}

static enum err
request_send(int fd, const struct client_ask *ask, struct why *why)
{
	struct buf out = { 0 };
	struct pollfd wait = { .fd = fd, .events = POLLOUT };
	size_t at = 0;
	enum err rc = OK;

	buf_printf(&out, "%s %s HTTP/1.1\r\nHost: trucban\r\nConnection: close\r\n",
	    ask->form.n > 0 ? "POST" : "GET", ask->path);
	if (ask->form.n > 0)
		buf_printf(&out, "Content-Type: application/x-www-form-urlencoded\r\n"
		    "Content-Length: %zu\r\n", ask->form.n);
	buf_str(&out, "\r\n");
	buf_span_put(&out, ask->form);
	while (at < out.n && rc == OK) {
		ssize_t n = write(fd, out.p + at, out.n - at);

		if (n > 0)
			at += (size_t)n;
		else if (errno == EAGAIN)
			(void)poll(&wait, 1, 1000);
		else if (errno != EINTR)
			rc = why_errno(why, ERR_IO, errno, "cannot write to the desk");
	}
	buf_done(&out);
	return rc;
}

enum err
client_run(const struct client_ask *ask, struct why *why)
{
	struct answer a = { .ask = ask, .fd = -1 };
	char address[256];
	enum err rc;

	(void)snprintf(address, sizeof address, "unix:%s", ask->socket);
	rc = sock_connect(&a.fd, address, SOCK_KIND_STREAM, 2000, why);
	if (rc != OK)
		return rc;
	rc = request_send(a.fd, ask, why);
	if (rc == OK)
		rc = head_read(&a, why);
	if (rc == OK)
		rc = body_read(&a, why);
	if (rc == OK && a.status / 100 != 2)
		rc = refusal(&a, why);
	file_close(&a.fd);
	buf_done(&a.in);
	buf_done(&a.error);
	return rc;
}
