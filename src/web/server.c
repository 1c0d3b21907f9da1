/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One loop, N workers. A job's life: QUEUED -> RUNNING -> DONE, seen under one lock; its octets go
 * worker -> job.out -> (wake) -> loop -> evbuffer -> client, and the worker waits while more than
 * JOB_BACKLOG octets are under way, so that a slow client holds a worker but never memory.
 */
#include "web/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <event2/listener.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/sock.h"

enum {
	JOB_BACKLOG = 1 << 20,	/* octets between worker and client */
	JOBS_MAX = 64,		/* queued and running; more are answered 503 */
	WORKERS_MAX = 16,
	FORM_MAX = 1 << 20,	/* a query is text that a person or dashboard wrote */
	HEADERS_MAX = 64 << 10,
};

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_DONE };

struct job {
	struct job *next;
	struct server *server;
	const struct route *route;
	struct evhttp_request *request;	/* NULL once the client is gone; loop's thread only */
	struct evkeyvalq param;
	char who[32];
	char from[SOCK_TEXT_BYTES];
	/* under server.lock */
	enum job_state state;
	struct buf out;
	enum err result;
	struct why why;
	/* loop's thread only */
	bool started;
	size_t sent;			/* octets in the evbuffer, not yet with the client */
	/* under server.lock again */
	bool cancel;
	void (*on_cancel)(void *arg);
	void *on_cancel_arg;
};

struct worker {
	struct server *server;
	unsigned index;
	pthread_t thread;
};

struct server {
	struct event_base *base;
	struct evhttp *http;
	struct event *wake;
	int wake_fd;
	struct server_conf conf;
	pthread_mutex_t lock;
	pthread_cond_t work, room;
	struct job *jobs;		/* all, in order of arrival */
	unsigned njobs;
	bool stopping;
	struct worker worker[WORKERS_MAX];
};

/* ---- worker's side ---- */

static void
wake(struct server *s)
{
	uint64_t one = 1;

	(void)!write(s->wake_fd, &one, sizeof one);
}

bool
job_write(struct job *job, struct span bytes)
{
	struct server *s = job->server;
	bool was_empty, go_on;

	(void)pthread_mutex_lock(&s->lock);
	while (job->out.n > JOB_BACKLOG && !job->cancel)
		(void)pthread_cond_wait(&s->room, &s->lock);
	was_empty = job->out.n == 0;
	if (!job->cancel)
		buf_span_put(&job->out, bytes);
	go_on = !job->cancel;
	(void)pthread_mutex_unlock(&s->lock);
	if (was_empty)
		wake(s);
	return go_on;
}

bool
job_cancelled(struct job *job)
{
	bool cancel;

	(void)pthread_mutex_lock(&job->server->lock);
	cancel = job->cancel;
	(void)pthread_mutex_unlock(&job->server->lock);
	return cancel;
}

void
job_on_cancel(struct job *job, void (*fn)(void *arg), void *arg)
{
	(void)pthread_mutex_lock(&job->server->lock);
	job->on_cancel = fn;
	job->on_cancel_arg = arg;
	if (job->cancel && fn != NULL)
		fn(arg);
	(void)pthread_mutex_unlock(&job->server->lock);
}

/* Under the lock. */
static void
job_cancel(struct job *job)
{
	job->cancel = true;
	if (job->on_cancel != NULL)
		job->on_cancel(job->on_cancel_arg);
}

const char *
job_param(const struct job *job, const char *name)
{
	return evhttp_find_header(&job->param, name);
}

const char *
job_who(const struct job *job)
{
	return job->who;
}

const char *
job_from(const struct job *job)
{
	return job->from;
}

const char *
job_path(const struct job *job)
{
	return job->route->path;
}

static struct job *
job_next(struct server *s)
{
	for (struct job *j = s->jobs; j != NULL; j = j->next)
		if (j->state == JOB_QUEUED)
			return j;
	return NULL;
}

static void *
worker_run(void *arg)
{
	struct worker *w = arg;
	struct server *s = w->server;
	struct job *job;

	(void)pthread_mutex_lock(&s->lock);
	for (;;) {
		struct why why = { "" };
		enum err rc;

		while ((job = job_next(s)) == NULL && !s->stopping)
			(void)pthread_cond_wait(&s->work, &s->lock);
		if (job == NULL)
			break;
		job->state = JOB_RUNNING;
		(void)pthread_mutex_unlock(&s->lock);
		rc = job->route->job(s->conf.ctx, w->index, job, &why);
		(void)pthread_mutex_lock(&s->lock);
		job->state = JOB_DONE;
		job->result = rc;
		job->why = why;
		wake(s);
	}
	(void)pthread_mutex_unlock(&s->lock);
	return NULL;
}

/* ---- loop's side ---- */

static void
job_free(struct job *job)
{
	struct server *s = job->server;
	struct job **at = &s->jobs;

	while (*at != job)
		at = &(*at)->next;
	*at = job->next;
	s->njobs--;
	evhttp_clear_headers(&job->param);
	buf_done(&job->out);
	free(job);
}

static void
on_client_closed(struct evhttp_connection *connection, void *arg)
{
	struct job *job = arg;
	struct server *s = job->server;

	(void)connection;
	(void)pthread_mutex_lock(&s->lock);
	job_cancel(job);
	job->request = NULL;
	(void)pthread_cond_broadcast(&s->room);
	(void)pthread_mutex_unlock(&s->lock);
	wake(s);
}

static void
on_chunk_out(struct evhttp_connection *connection, void *arg)
{
	struct job *job = arg;

	(void)connection;
	job->sent = 0;
	wake(job->server);
}

static void
sentence_send(struct evhttp_request *request, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	must(body != NULL);
	(void)evbuffer_add_printf(body, "%s\n", text);
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
	    "text/plain; charset=utf-8");
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

/* The end of an answer; the request belongs to libevent from here on. */
static void
job_end(struct job *job)
{
	struct evhttp_request *request = job->request;

	if (request == NULL)
		return;
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), NULL, NULL);
	if (job->started)
		evhttp_send_reply_end(request);
	else if (job->result != OK)
		sentence_send(request, status_of(job->result), job->why.text);
	else
		evhttp_send_reply(request, 200, NULL, NULL);
	job->request = NULL;
}

static void
job_drain(struct job *job)
{
	struct server *s = job->server;
	struct evbuffer *chunk;

	if (job->out.n == 0 || job->sent > 0 || job->request == NULL)
		return;
	if (!job->started)
		evhttp_send_reply_start(job->request, 200, "OK");
	job->started = true;
	chunk = evbuffer_new();
	must(chunk != NULL);
	(void)evbuffer_add(chunk, job->out.p, job->out.n);
	job->sent = job->out.n;
	job->out.n = 0;
	(void)pthread_cond_broadcast(&s->room);
	evhttp_send_reply_chunk_with_cb(job->request, chunk, on_chunk_out, job);
	evbuffer_free(chunk);
}

static void
jobs_turn(struct server *s)
{
	struct job *job, *next;

	(void)pthread_mutex_lock(&s->lock);
	for (job = s->jobs; job != NULL; job = next) {
		next = job->next;
		job_drain(job);
		if (job->state != JOB_DONE)
			continue;
		if (job->request == NULL) {
			job_free(job);
		} else if (job->out.n == 0 && job->sent == 0) {
			job_end(job);
			job_free(job);
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void
on_wake(evutil_socket_t fd, short what, void *arg)
{
	uint64_t n;

	(void)what;
	(void)!read(fd, &n, sizeof n);
	jobs_turn(arg);
}

static void
peer_note(struct job *job)
{
	struct evhttp_connection *c = evhttp_request_get_connection(job->request);
	evutil_socket_t fd = bufferevent_getfd(evhttp_connection_get_bufferevent(c));
	struct sock_peer peer;
	struct sock_addr addr = { .n = sizeof addr.u };

	if (getpeername(fd, &addr.u.any, &addr.n) == 0)
		sock_peer_text(&addr, job->from);
	if (addr.u.any.sa_family == AF_UNIX && sock_peer_cred(fd, &peer, NULL) == OK)
		(void)snprintf(job->who, sizeof job->who, "uid %u", (unsigned)peer.uid);
}

/* Parameters of the address, then of a form body. */
static enum err
params_take(struct job *job, struct why *why)
{
	struct evbuffer *in = evhttp_request_get_input_buffer(job->request);
	const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(job->request));
	size_t n = evbuffer_get_length(in);
	struct buf all = { 0 };
	enum err rc = OK;

	if (query != NULL)
		buf_str(&all, query);
	if (n > 0) {
		if (all.n > 0)
			buf_u8(&all, '&');
		(void)evbuffer_remove(in, buf_add(&all, n), n);
	}
	buf_u8(&all, 0);
	if (evhttp_parse_query_str((const char *)all.p, &job->param) != 0)
		rc = why_set(why, ERR_FORMAT, "the request's parameters are not name=value&...");
	buf_done(&all);
	return rc;
}

static void
job_take(struct server *s, struct evhttp_request *request, const struct route *route)
{
	struct job *job = xcalloc(1, sizeof *job);
	struct why why = { "" };
	enum err rc = OK;
	struct job **at;

	job->server = s;
	job->route = route;
	job->request = request;
	TAILQ_INIT(&job->param);
	peer_note(job);
	if (s->njobs >= JOBS_MAX)
		rc = why_set(&why, ERR_BUSY, "%d requests are being worked on; try again", JOBS_MAX);
	if (rc == OK)
		rc = params_take(job, &why);
	if (rc == OK && s->conf.admit != NULL)
		rc = s->conf.admit(s->conf.ctx, job, &why);
	if (rc != OK) {
		sentence_send(request, status_of(rc), why.text);
		evhttp_clear_headers(&job->param);
		free(job);
		return;
	}
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
	    route->type);
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_client_closed, job);
	(void)pthread_mutex_lock(&s->lock);
	for (at = &s->jobs; *at != NULL; at = &(*at)->next)
		;
	*at = job;
	s->njobs++;
	(void)pthread_cond_signal(&s->work);
	(void)pthread_mutex_unlock(&s->lock);
}

static void
page_send(struct server *s, struct evhttp_request *request, const struct route *route)
{
	struct evbuffer *body = evbuffer_new();
	struct buf out = { 0 };
	int status = route->page(s->conf.ctx, &out);

	must(body != NULL);
	(void)evbuffer_add(body, out.p, out.n);
	(void)evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
	    route->type);
	evhttp_send_reply(request, status, NULL, body);
	evbuffer_free(body);
	buf_done(&out);
}

static void
on_request(struct evhttp_request *request, void *arg)
{
	const char *path = evhttp_uri_get_path(evhttp_request_get_evhttp_uri(request));
	struct server *s = arg;

	for (const struct route *r = s->conf.route; path != NULL && r->path != NULL; r++) {
		if (strcmp(r->path, path) != 0)
			continue;
		if (r->page != NULL)
			page_send(s, request, r);
		else
			job_take(s, request, r);
		return;
	}
	sentence_send(request, 404, "there is no such page");
}

static enum err
server_listen(struct server *s, int fd, struct why *why)
{
	struct evconnlistener *listener;

	listener = evconnlistener_new(s->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE |
	    LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (listener == NULL || evhttp_bind_listener(s->http, listener) == NULL)
		return why_set(why, ERR_IO, "cannot listen for HTTP on descriptor %d", fd);
	return OK;
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
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->http = evhttp_new(base);
	s->wake = event_new(base, s->wake_fd, EV_READ | EV_PERSIST, on_wake, s);
	must(s->http != NULL && s->wake != NULL && event_add(s->wake, NULL) == 0);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->work, NULL);
	(void)pthread_cond_init(&s->room, NULL);
	evhttp_set_max_body_size(s->http, FORM_MAX);
	evhttp_set_max_headers_size(s->http, HEADERS_MAX);
	evhttp_set_timeout(s->http, 120);
	evhttp_set_gencb(s->http, on_request, s);
	for (unsigned i = 0; rc == OK && i < conf->nlisten; i++)
		rc = server_listen(s, conf->listen_fd[i], why);
	for (unsigned i = 0; rc == OK && i < conf->workers; i++) {
		s->worker[i] = (struct worker){ .server = s, .index = i };
		must(pthread_create(&s->worker[i].thread, NULL, worker_run, &s->worker[i]) == 0);
	}
	*ret_server = s;
	return rc;
}

void
server_free(struct server **server)
{
	struct server *s = *server;

	if (s == NULL)
		return;
	(void)pthread_mutex_lock(&s->lock);
	s->stopping = true;
	for (struct job *j = s->jobs; j != NULL; j = j->next)
		job_cancel(j);
	(void)pthread_cond_broadcast(&s->work);
	(void)pthread_cond_broadcast(&s->room);
	(void)pthread_mutex_unlock(&s->lock);
	for (unsigned i = 0; i < s->conf.workers; i++)
		if (s->worker[i].server != NULL)
			(void)pthread_join(s->worker[i].thread, NULL);
	while (s->jobs != NULL) {
		if (s->jobs->request != NULL)
			evhttp_connection_set_closecb(
			    evhttp_request_get_connection(s->jobs->request), NULL, NULL);
		job_free(s->jobs);
	}
	event_free(s->wake);
	evhttp_free(s->http);
	(void)close(s->wake_fd);
	free(s);
	*server = NULL;
}
