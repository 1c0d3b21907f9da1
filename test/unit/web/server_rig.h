/* SPDX-License-Identifier: Apache-2.0 */
/* A server in a thread with jobs of all kinds, and clients of all kinds. */
#ifndef TEST_WEB_SERVER_RIG_H
#define TEST_WEB_SERVER_RIG_H

#include "web/server.h"

#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "sys/thread.h"
#include "check.h"
#include "web/client.h"
#include "web/page.h"

enum { WORKERS = 3, WAIT_MS = 20000 };

static char dir[64];
static char unix_path[96];
static int stop_fd;			/* ends the loop */
static struct thread loop_thread;
static int tcp_port;
static struct why why;

/* What jobs did, for the test's eyes. */
static struct lock lock;
static struct wake wake;
static unsigned running, ended, cancelled, admitted;
static uint64_t written;
static bool refuse_all, hold;
static unsigned timeout_s, patience_ms;

static inline void
count(unsigned *what, int n)
{
	lock_take(&lock);
	*what += (unsigned)n;
	wake_all(&wake);
	lock_give(&lock);
}

/* Until *what is at least n. */
static inline bool
wait_until(const unsigned *what, unsigned n)
{
	int64_t until;
	bool ok = true;
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	until = ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec + INT64_C(1000000) * WAIT_MS;
	lock_take(&lock);
	while (*what < n && ok)
		ok = wake_wait_until(&wake, &lock, until);
	ok = *what >= n;
	lock_give(&lock);
	return ok;
}

/* ---- jobs ---- */

static enum err
echo_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	struct buf out = { 0 };

	(void)ctx;
	(void)w;
	must(worker < WORKERS);
	buf_printf(&out, "%s|%s|%s|%s", job_path(job), job_who(job), job_from(job),
	    job_param(job, "a") != NULL ? job_param(job, "a") : "(none)");
	(void)job_write(job, buf_span(&out));
	buf_done(&out);
	return OK;
}

static enum err
fail_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	static const enum err result[] = { OK, ERR_FORMAT, ERR_DENIED, ERR_ABSENT, ERR_LIMIT,
	    ERR_BUSY,
	    ERR_IO };
	const char *n = job_param(job, "n");

	(void)ctx;
	(void)worker;
	if (job_param(job, "late") != NULL)
		(void)job_write(job, SPAN("begun"));
	return why_set(w, result[n[0] - '0'], "because");
}

/* Writes for ever, until told to stop. */
static enum err
flood_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	static const uint8_t block[65536];

	(void)ctx;
	(void)worker;
	(void)w;
	count(&running, 1);
	while (job_write(job, span_of(block, sizeof block))) {
		lock_take(&lock);
		written += sizeof block;
		lock_give(&lock);
	}
	count(&ended, 1);
	return OK;
}

static void
on_cancel(void *arg)
{
	(void)arg;
	count(&cancelled, 1);
}

/* Says nothing until it is cancelled or let go. */
static enum err
wait_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	(void)ctx;
	(void)worker;
	(void)w;
	job_on_cancel(job, on_cancel, job);
	count(&running, 1);
	lock_take(&lock);
	while (hold && cancelled == 0)
		wake_wait(&wake, &lock);
	lock_give(&lock);
	job_on_cancel(job, NULL, NULL);
	count(&ended, 1);
	return OK;
}

/* Three turns (or nine), each with its number. */
static enum err
turns_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	uint64_t *n = job_memo(job);
	char text[2] = { (char)('1' + *n), '\0' };

	(void)ctx;
	(void)worker;
	(void)w;
	if (job_param(job, "for_ever") == NULL)
		(void)job_write(job, span_str(text));
	else if (*n == 0)
		count(&running, 1);
	if (job_cancelled(job))
		count(&cancelled, 1);
	++*n;
	return job_param(job, "for_ever") == NULL && *n == (job_param(job, "nine") ? 9 : 3) ? OK :
	    ERR_MORE;
}

static enum err
type_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	(void)ctx;
	(void)worker;
	(void)w;
	job_type(job, "text/special");
	(void)job_write(job, SPAN("x"));
	return OK;
}

static enum err
empty_job(void *ctx, unsigned worker, struct job *job, struct why *w)
{
	(void)ctx;
	(void)worker;
	(void)job;
	(void)w;
	return OK;
}

static int
page(void *ctx, struct buf *out)
{
	(void)ctx;
	buf_str(out, "a page\n");
	return 503;
}

static enum err
admit(void *ctx, struct job *job, struct why *w)
{
	(void)ctx;
	count(&admitted, 1);
	if (refuse_all)
		return why_set(w, ERR_BUSY, "no %s today", job_path(job));
	return OK;
}

static const struct route routes[] = {
	{ "/echo", "text/echo", echo_job, NULL },
	{ "/fail", "text/plain", fail_job, NULL },
	{ "/flood", "text/plain", flood_job, NULL },
	{ "/wait", "text/plain", wait_job, NULL },
	{ "/turns", "text/plain", turns_job, NULL },
	{ "/type", "text/plain", type_job, NULL },
	{ "/empty", "text/plain", empty_job, NULL },
	{ "/page", "text/page", NULL, page },
	{ NULL, NULL, NULL, NULL },
};

/* ---- the server ---- */

static void
on_stop(evutil_socket_t fd, short what, void *base)
{
	(void)fd;
	(void)what;
	(void)event_base_loopbreak(base);
}

static inline void
loop_run(void *arg)
{
	int *listen_fd = arg;
	struct event_base *base = event_base_new();
	struct event *stop = event_new(base, stop_fd, EV_READ, on_stop, base);
	struct server *server = NULL;
	struct server_conf conf = { .listen_fd = listen_fd, .nlisten = 2, .workers = WORKERS,
	    .route = routes, .files = page_files, .admit = admit, .timeout_s = timeout_s,
	    .patience_ms = patience_ms };
	struct why w;

	(void)event_add(stop, NULL);
	must(server_new(&server, base, &conf, &w) == OK);
	(void)event_base_dispatch(base);
	server_free(&server);
	server_free(&server);
	event_free(stop);
	event_base_free(base);
}

static inline void
server_start(void)
{
	static int listen_fd[2];
	char address[120];
	struct sock_addr own;
	char text[SOCK_TEXT_BYTES];

	running = ended = cancelled = admitted = 0;
	written = 0;
	refuse_all = false;
	hold = true;
	lock_init(&lock);
	wake_init(&wake);
	(void)snprintf(dir, sizeof dir, "/tmp/server_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(unix_path, sizeof unix_path, "%s/s", dir);
	(void)snprintf(address, sizeof address, "unix:%s", unix_path);
	listen_fd[0] = listen_fd[1] = -1;
	must(sock_listen(&listen_fd[0], address, &(struct sock_spec){ .kind = SOCK_KIND_STREAM },
	    &why) == OK);
	must(sock_listen(&listen_fd[1], "127.0.0.1:0", &(struct sock_spec){
	    .kind = SOCK_KIND_STREAM }, &why) == OK);
	must(sock_own_addr(listen_fd[1], &own, &why) == OK);
	sock_addr_text(&own, text);
	tcp_port = (int)strtol(strrchr(text, ':') + 1, NULL, 10);
	stop_fd = eventfd(0, EFD_CLOEXEC);
	must(thread_start(&loop_thread, "loop", loop_run, listen_fd, &why) == OK);
}

static inline void
server_stop(void)
{
	uint64_t one = 1;

	must(write(stop_fd, &one, sizeof one) == sizeof one);
	thread_join(&loop_thread);
	must(close(stop_fd) == 0);
	must(unlink(unix_path) == 0 && rmdir(dir) == 0);
	wake_done(&wake);
	lock_done(&lock);
}

/* ---- clients ---- */

static inline bool
into_buf(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

static inline enum err
ask(const char *path, const char *form, struct buf *out)
{
	out->n = 0;
	why.text[0] = '\0';
	return client_run(&(struct client_ask){ .socket = unix_path, .path = path,
	    .form = span_str(form), .take = into_buf, .ctx = out }, &why);
}

static inline int
connected(bool tcp)
{
	char address[128];
	int fd = -1;

	if (tcp)
		(void)snprintf(address, sizeof address, "127.0.0.1:%d", tcp_port);
	else
		(void)snprintf(address, sizeof address, "unix:%s", unix_path);
	must(sock_connect(&fd, address, SOCK_KIND_STREAM, WAIT_MS, &why) == OK);
	return fd;
}

static inline void
say(int fd, const char *text)
{
	must(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
}

/* Until the other side closes, or there is nothing for wait_ms. */
static inline void
hear(int fd, struct buf *out, int wait_ms)
{
	struct pollfd at = { .fd = fd, .events = POLLIN };
	ssize_t n;

	out->n = 0;
	while (poll(&at, 1, wait_ms) > 0) {
		n = recv(fd, buf_add(out, 65536), 65536, 0);
		out->n -= 65536 - (n > 0 ? (size_t)n : 0);
		if (n <= 0)
			break;
	}
	buf_u8(out, 0);
	out->n--;
}

static inline bool
heard(const struct buf *in, const char *what)
{
	bool found = strstr((const char *)in->p, what) != NULL;

	if (!found)
		printf("heard %s\n", (const char *)in->p);
	return found;
}

/* One request over TCP with these header lines; the whole answer. */
static inline void
ask_raw(const char *request, struct buf *out)
{
	int fd = connected(true);

	say(fd, request);
	hear(fd, out, WAIT_MS);
	file_close(&fd);
}

#endif
