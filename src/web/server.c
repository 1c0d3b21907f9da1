/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP by libevent: requests become jobs, the octets of jobs become chunks. All of it runs in the
 * loop's thread but what job.c does. See server.h and server_int.h.
 */
#include "web/server_int.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/must.h"
#include "web/page.h"

enum {
	FORM_MAX = 1 << 20,	/* a query is text that a person or dashboard wrote */
	HEADERS_MAX = 64 << 10,
	INPUT_MAX = 256 << 10,	/* octets read ahead of one client */
	TIMEOUT_S = 120,
	PATIENCE_MS = 5000,
	ACCEPT_PAUSE_S = 1,	/* out of descriptors */
};

/* ---- answers ---- */

static void
header_add(struct evhttp_request *request, const char *name, const char *value)
{
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), name, value);
}

/* The type is what we say, and answers are for nobody else. */
static void
headers_add(struct evhttp_request *request, const char *type)
{
	header_add(request, "Content-Type", type);
	header_add(request, "X-Content-Type-Options", "nosniff");
	header_add(request, "Cache-Control", "no-store");
	/* Without chunks only the end of the connection tells where an answer ends. */
	if (request->major == 1 && request->minor == 0)
		header_add(request, "Connection", "close");
}

static void
job_headers_add(const struct job *job)
{
	char n[24];

	headers_add(job->request, job->type);
	if (job->cookie.n > 0)
		header_add(job->request, "Set-Cookie", (const char *)job->cookie.p);
	if (!job->has_found)
		return;
	(void)snprintf(n, sizeof n, "%" PRIu64, job->found);
	header_add(job->request, "Trucban-Found", n);
}

static void
sentence_send(struct evhttp_request *request, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	must(body != NULL);
	(void)evbuffer_add_printf(body, "%s\n", text);
	headers_add(request, "text/plain; charset=utf-8");
	evhttp_send_reply(request, status, NULL, body);
	evbuffer_free(body);
}

static int
status_of(enum err rc)
{
	switch (rc) {
	case ERR_FORMAT:
		return 400;
	case ERR_DENIED:
		return 403;
	case ERR_ABSENT:
		return 404;
	case ERR_LIMIT:
		return 422;
	case ERR_BUSY:
	case ERR_FULL:
		return 503;
	default:
		return 500;
	}
}

static struct bufferevent *
bufferevent_of(struct evhttp_request *request)
{
	return evhttp_connection_get_bufferevent(evhttp_request_get_connection(request));
}

/* While a job works its client has nothing to say: only what it does not read counts. */
static void
timeouts_set(const struct server *s, struct evhttp_request *request, bool reading)
{
	const struct timeval limit = { s->conf.timeout_s, 0 };

	(void)bufferevent_set_timeouts(bufferevent_of(request), reading ? &limit : NULL, &limit);
}

/* ---- the end of a job ---- */

static void
gone_stop(struct job *job)
{
	if (job->gone != NULL)
		event_free(job->gone);
	job->gone = NULL;
}

/* Secrets are wiped. */
static void
job_end_memory(struct job *job)
{
	for (unsigned i = 0; i < JOB_HEADERS; i++) {
		if (job->header[i] != NULL)
			explicit_bzero(job->header[i], strlen(job->header[i]));
		free(job->header[i]);
	}
	buf_wipe(&job->cookie);
	form_free(&job->param);
	buf_done(&job->out);
	free(job->path);
	free(job);
}

/* Takes it out of the list. Under the lock. */
static void
job_free(struct job *job)
{
	struct server *s = job->server;
	struct job **at = &s->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	s->njobs--;
	gone_stop(job);
	job_end_memory(job);
}

static void
on_client_closed(struct evhttp_connection *connection, void *arg)
{
	struct job *job = arg;
	struct server *s = job->server;

	(void)connection;
	gone_stop(job);
	/* A request whose answer has begun is taken from a failing connection: then it is ours. */
	if (evhttp_request_get_connection(job->request) == NULL)
		evhttp_request_free(job->request);
	job->request = NULL;
	lock_take(&s->lock);
	job_cancel(job);
	wake_all(&s->room);
	wake_all(&s->work);
	lock_give(&s->lock);
	server_wake(s);
}

/* libevent does not read while a request is worked on: whether the client left is ours to see. */
static void
on_gone(evutil_socket_t fd, short what, void *arg)
{
	struct job *job = arg;
	uint8_t one;
	ssize_t n = recv(fd, &one, 1, MSG_PEEK | MSG_DONTWAIT);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Octets behind the request: nobody of ours does that; it would hide its leaving. */
	evhttp_connection_free(evhttp_request_get_connection(job->request));
}

static void
on_chunk_out(struct evhttp_connection *connection, void *arg)
{
	struct job *job = arg;

	(void)connection;
	job->sent = 0;
	server_wake(job->server);
}

/* The end of an answer; the request belongs to libevent from here on. */
static void
job_end(struct job *job)
{
	struct evhttp_request *request = job->request;
	struct evhttp_connection *connection = evhttp_request_get_connection(request);

	gone_stop(job);
	job->request = NULL;
	evhttp_connection_set_closecb(connection, NULL, NULL);
	timeouts_set(job->server, request, true);
	if (job->started && job->result != OK) {
		evhttp_connection_free(connection);	/* without the last chunk: broken off */
	} else if (job->started) {
		evhttp_send_reply_end(request);
	} else if (job->result != OK) {
		sentence_send(request, job->status >= 400 ? job->status :
		    status_of(job->result), job->why.text);
	} else {
		job->request = request;
		job_headers_add(job);
		job->request = NULL;
		evhttp_send_reply(request, job->status, NULL, NULL);
	}
}

/* What the worker made goes out when the client has taken what went before. Under the lock. */
static void
job_drain(struct job *job)
{
	struct evbuffer *chunk;

	if (job->out.n == 0 || job->sent > 0 || job->request == NULL)
		return;
	if (!job->started) {
		gone_stop(job);		/* from now on libevent reads, and sees it itself */
		job_headers_add(job);
		evhttp_send_reply_start(job->request, job->status, NULL);
	}
	job->started = true;
	chunk = evbuffer_new();
	must(chunk != NULL && evbuffer_add(chunk, job->out.p, job->out.n) == 0);
	job->sent = job->out.n;
	job->out.n = 0;
	wake_all(&job->server->room);
	evhttp_send_reply_chunk_with_cb(job->request, chunk, on_chunk_out, job);
	evbuffer_free(chunk);
}

/* Who it is was found out: may it? The list is the loop's own to change. Under the lock. */
static void
job_admit(struct server *s, struct job *job)
{
	struct why why = { "" };
	enum err rc = job->cancel ? ERR_BUSY : OK;

	lock_give(&s->lock);
	if (rc == OK && s->conf.admit != NULL)
		rc = s->conf.admit(s->conf.ctx, job, &why);
	lock_take(&s->lock);
	job->state = rc == OK ? JOB_QUEUED : JOB_DONE;
	job->result = rc;
	job->why = why;
	wake_one(&s->work);
}

static void
jobs_turn(struct server *s)
{
	struct job *job, *next;

	lock_take(&s->lock);
	for (job = s->jobs; job != NULL; job = next) {
		if (job->state == JOB_KNOWN)
			job_admit(s, job);
		next = job->next;
		job_drain(job);
		if (job->state != JOB_DONE)
			continue;
		if (job->request != NULL && (job->out.n > 0 || job->sent > 0))
			continue;
		if (job->request != NULL)
			job_end(job);
		job_free(job);
	}
	lock_give(&s->lock);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof n);
	jobs_turn(arg);
}

/* ---- the beginning of a job ---- */

static enum err
job_check(struct server *s, struct job *job, struct evhttp_request *request, struct why *why)
{
	enum err rc = OK;

	lock_take(&s->lock);
	if (s->njobs >= SERVER_JOBS)
		rc = why_set(why, ERR_BUSY, "%d requests are being worked on; try again",
		    SERVER_JOBS);
	lock_give(&s->lock);
	if (rc == OK)
		rc = head_params(job, request, why);
	/* Over the unix socket the kernel says who it is. */
	job->known = s->conf.know == NULL || job->who[0] != '\0';
	if (rc == OK && job->known && s->conf.admit != NULL)
		rc = s->conf.admit(s->conf.ctx, job, why);
	return rc;
}

static void
job_queue(struct server *s, struct job *job)
{
	struct job **at;

	lock_take(&s->lock);
	for (at = &s->jobs; *at != NULL; at = &(*at)->next)
		;
	*at = job;
	s->njobs++;
	wake_one(&s->work);
	lock_give(&s->lock);
}

static void
job_take(struct server *s, struct evhttp_request *request, const struct route *route)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(request);
	int fd = bufferevent_getfd(bufferevent_of(request));
	struct job *job = xcalloc(1, sizeof *job);
	struct why why = { "" };
	enum err rc;

	job->server = s;
	job->route = route;
	job->type = route->type;
	job->status = 200;
	job->post = evhttp_request_get_command(request) == EVHTTP_REQ_POST;
	job->path = strdup(evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request)));
	must(job->path != NULL);
	head_note(job, request);
	rc = job_check(s, job, request, &why);
	if (rc != OK) {
		sentence_send(request, status_of(rc), why.text);
		job_end_memory(job);
		return;
	}
	job->request = request;
	timeouts_set(s, request, false);
	bufferevent_setwatermark(bufferevent_of(request), EV_READ, 0, INPUT_MAX);
	evhttp_connection_set_closecb(connection, on_client_closed, job);
	job->gone = event_new(s->base, fd, EV_READ | EV_CLOSED | EV_PERSIST, on_gone, job);
	must(job->gone != NULL && event_add(job->gone, NULL) == 0);
	job_queue(s, job);
}

static void
page_send(struct server *s, struct evhttp_request *request, const struct route *route)
{
	struct evbuffer *body = evbuffer_new();
	struct buf out = { 0 };
	int status = route->page(s->conf.ctx, &out);

	must(body != NULL);
	(void)evbuffer_add(body, out.p, out.n);
	headers_add(request, route->type);
	evhttp_send_reply(request, status, NULL, body);
	evbuffer_free(body);
	buf_done(&out);
}

static void
no_page_send(const struct server *s, struct evhttp_request *request)
{
	struct buf text = { 0 };

	buf_str(&text, "there is no such page; there are");
	for (const struct route *r = s->conf.route; r->path != NULL; r++)
		buf_printf(&text, "%s %s", r == s->conf.route ? "" : ",", r->path);
	buf_u8(&text, 0);
	sentence_send(request, 404, (const char *)text.p);
	buf_done(&text);
}

static bool
route_has(const struct route *r, const char *path)
{
	size_t n = strlen(r->path);

	return r->path[n - 1] == '/' ? strncmp(r->path, path, n) == 0 : strcmp(r->path, path) == 0;
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
	struct server *s = arg;
	const struct page_file *file = NULL;

	if (!head_has_one_end(request)) {
		(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Connection",
		    "close");
		sentence_send(request, 400, "say the length of the body once, as Content-Length or "
		    "as Transfer-Encoding: chunked");
		return;
	}
	if (s->conf.files != NULL && path != NULL)
		file = page_find(s->conf.files, path);
	if (file != NULL) {
		page_answer(request, file);
		return;
	}
	if (!head_is_admitted(request, s->conf.site)) {
		sentence_send(request, 403, "asked through another site's page or name; use the "
		    "address "
		    "of this machine");
		return;
	}
	for (const struct route *r = s->conf.route; path != NULL && r->path != NULL; r++) {
		if (!route_has(r, path))
			continue;
		if (r->page != NULL && (r->job == NULL || head_is_near(request)))
			page_send(s, request, r);
		else
			job_take(s, request, r);
		return;
	}
	no_page_send(s, request);
}

/* ---- listening ---- */

static void
on_accept_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)evconnlistener_enable(arg);
}

/* Out of descriptors: trying at once again would burn a processor and free none. */
static void
on_accept_error(struct evconnlistener *listener, void *arg)
{
	const struct timeval pause = { ACCEPT_PAUSE_S, 0 };
	struct server *s = arg;

	(void)evconnlistener_disable(listener);
	(void)event_base_once(s->base, -1, EV_TIMEOUT, on_accept_again, listener, &pause);
}

static enum err
server_listen(struct server *s, int fd, struct why *why)
{
	struct evconnlistener *listener;

	listener = evconnlistener_new(s->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE |
	    LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener == NULL || evhttp_bind_listener(s->http, listener) == NULL)
		return why_set(why, ERR_IO, "cannot listen for HTTP on descriptor %d", fd);
	evconnlistener_set_error_cb(listener, on_accept_error);
	return OK;
}

static void
http_open(struct server *s)
{
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	must(s->wake_fd >= 0);
	s->http = evhttp_new(s->base);
	s->wake_event = event_new(s->base, s->wake_fd, EV_READ | EV_PERSIST, on_wake, s);
	must(s->http != NULL && s->wake_event != NULL && event_add(s->wake_event, NULL) == 0);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_POST);
	evhttp_set_max_body_size(s->http, FORM_MAX);
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_timeout(s->http, (int)s->conf.timeout_s);
	evhttp_set_gencb(s->http, on_request, s);
}

enum err
server_new(struct server **ret_server, struct event_base *base, const struct server_conf *conf,
    struct why *why)
{
	struct server *s = xcalloc(1, sizeof *s);
	enum err rc = OK;

	must(conf->workers <= WORKERS_MAX);
	s->base = base;
	s->conf = *conf;
	if (s->conf.timeout_s == 0)
		s->conf.timeout_s = TIMEOUT_S;
	if (s->conf.patience_ms == 0)
		s->conf.patience_ms = PATIENCE_MS;
	lock_init(&s->lock);
	wake_init(&s->work);
	wake_init(&s->room);
	http_open(s);
	for (unsigned i = 0; rc == OK && i < conf->nlisten; i++)
		rc = server_listen(s, conf->listen_fd[i], why);
	for (unsigned i = 0; rc == OK && i < conf->workers; i++) {
		s->worker[i].server = s;
		s->worker[i].index = i;
		rc = thread_start(&s->worker[i].thread, "query", worker_run, &s->worker[i], why);
	}
	if (rc == OK)
		*ret_server = s;
	else
		server_free(&s);
	return rc;
}

void
server_free(struct server **server)
{
	struct server *s = *server;

	if (s == NULL)
		return;
	lock_take(&s->lock);
	s->stopping = true;
	for (struct job *j = s->jobs; j != NULL; j = j->next)
		job_cancel(j);
	wake_all(&s->work);
	wake_all(&s->room);
	lock_give(&s->lock);
	for (unsigned i = 0; i < s->conf.workers; i++)
		thread_join(&s->worker[i].thread);
	while (s->jobs != NULL) {
		if (s->jobs->request != NULL)
			evhttp_connection_set_closecb(
			    evhttp_request_get_connection(s->jobs->request), NULL, NULL);
		job_free(s->jobs);
	}
	event_free(s->wake_event);
	evhttp_free(s->http);
	wake_done(&s->work);
	wake_done(&s->room);
	lock_done(&s->lock);
	(void)close(s->wake_fd);
	free(s);
	*server = NULL;
}
