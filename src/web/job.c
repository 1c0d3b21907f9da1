/* SPDX-License-Identifier: Apache-2.0 */
/* The workers' side of the server, and what a job may ask: see server.h and server_int.h. */
#include "web/server_int.h"

#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"

void
server_wake(struct server *s)
{
	uint64_t one = 1;

	(void)!write(s->wake_fd, &one, sizeof one);
}

/* ---- what a job may ask ---- */

static bool
others_wait(const struct server *s)
{
	for (const struct job *j = s->jobs; j != NULL; j = j->next) {
		if (j->state == JOB_QUEUED && !j->waits)
			return true;
	}
	return false;
}

/* Waits for room. Who reads nothing for long keeps no worker from those who do. Under the lock. */
static void
room_wait(struct server *s, struct job *job)
{
	int64_t patience_ns = (int64_t)s->conf.patience_ms * 1000000;
	int64_t end_ns = clock_mono_ns() + patience_ns;

	while (job->out.n > SERVER_BACKLOG && !job->cancel) {
		if (wake_wait_until(&s->room, &s->lock, end_ns))
			continue;
		job->slow = others_wait(s);
		if (job->slow)
			job_cancel(job);
		end_ns = clock_mono_ns() + patience_ns;
	}
}

bool
job_write(struct job *job, struct span bytes)
{
	struct server *s = job->server;
	bool was_empty, go_on;

	lock_take(&s->lock);
	room_wait(s, job);
	was_empty = job->out.n == 0;
	go_on = !job->cancel;
	if (go_on)
		buf_span_put(&job->out, bytes);
	lock_give(&s->lock);
	if (was_empty)
		server_wake(s);
	return go_on;
}

bool
job_cancelled(struct job *job)
{
	bool cancel;

	lock_take(&job->server->lock);
	cancel = job->cancel;
	lock_give(&job->server->lock);
	return cancel;
}

void
job_on_cancel(struct job *job, void (*fn)(void *arg), void *arg)
{
	lock_take(&job->server->lock);
	job->on_cancel = fn;
	job->on_cancel_arg = arg;
	if (job->cancel && fn != NULL)
		fn(arg);
	lock_give(&job->server->lock);
}

void
job_cancel(struct job *job)
{
	if (job->cancel)
		return;
	job->cancel = true;
	if (job->on_cancel != NULL)
		job->on_cancel(job->on_cancel_arg);
}

const char *
job_param(const struct job *job, const char *name)
{
	return form_get(job->param, name);
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
	return job->path;
}

void
job_known(struct job *job, const char *who, unsigned rights)
{
	size_t n = strlen(who);

	must(n < sizeof job->who);
	memcpy(job->who, who, n + 1);
	job->rights = rights;
}

unsigned
job_rights(const struct job *job)
{
	return job->rights;
}

const char *
job_header(const struct job *job, enum job_header header)
{
	return job->header[header];
}

void
job_cookie(struct job *job, struct span cookie)
{
	lock_take(&job->server->lock);
	job->cookie.n = 0;
	buf_span_put(&job->cookie, cookie);
	buf_u8(&job->cookie, 0);
	lock_give(&job->server->lock);
}

bool
job_is_post(const struct job *job)
{
	return job->post;
}

bool
job_param_at(const struct job *job, unsigned i, const char **ret_name, const char **ret_value)
{
	return form_at(job->param, i, ret_name, ret_value);
}

void
job_status(struct job *job, int status)
{
	lock_take(&job->server->lock);
	job->status = status;
	lock_give(&job->server->lock);
}

void
job_type(struct job *job, const char *type)
{
	lock_take(&job->server->lock);
	job->type = type;
	lock_give(&job->server->lock);
}

void
job_found(struct job *job, uint64_t n)
{
	lock_take(&job->server->lock);
	job->found = n;
	job->has_found = true;
	lock_give(&job->server->lock);
}

void
job_tells(void *ctx, uint64_t n)
{
	job_found(ctx, n);
}

bool
job_out(void *ctx, struct span bytes)
{
	return job_write(ctx, bytes);
}

uint64_t *
job_memo(struct job *job)
{
	return &job->memo;
}

/* ---- workers ---- */

/* Waits for a job whose turn has come; NULL when the server stops. Under the lock. */
static struct job *
job_next(struct server *s)
{
	while (!s->stopping) {
		int64_t now = clock_mono_ns(), first = INT64_MAX;

		for (struct job *j = s->jobs; j != NULL; j = j->next) {
			if (j->state == JOB_QUEUED && (j->again_ns <= now || j->cancel))
				return j;
			if (j->state == JOB_QUEUED && j->again_ns < first)
				first = j->again_ns;
		}
		if (first == INT64_MAX)
			wake_wait(&s->work, &s->lock);
		else
			(void)wake_wait_until(&s->work, &s->lock, first);
	}
	return NULL;
}

static unsigned
jobs_waiting(const struct server *s)
{
	unsigned n = 0;

	for (const struct job *j = s->jobs; j != NULL; j = j->next)
		n += j->waits;
	return n;
}

/* What becomes of a job after a turn. Under the lock. */
static void
job_settle(struct server *s, struct job *job, enum err rc, const struct why *why)
{
	job->on_cancel = NULL;
	if (rc == OK && !job->known) {
		job->known = true;
		job->state = JOB_KNOWN;
		server_wake(s);
		return;
	}
	if (rc == ERR_MORE && !job->cancel && (job->waits || jobs_waiting(s) < SERVER_WAITING)) {
		job->state = JOB_QUEUED;
		job->waits = true;
		job->again_ns = clock_mono_ns() + (int64_t)JOB_PAUSE_MS * 1000000;
		wake_one(&s->work);
		return;
	}
	job->state = JOB_DONE;
	job->waits = false;
	job->result = rc;
	job->why = *why;
	if (job->slow)
		job->result = why_set(&job->why, ERR_BUSY, "the answer was not read");
	else if (rc == ERR_MORE)
		job->result = why_set(&job->why, ERR_BUSY, "%d questions are being followed; try "
		    "again",
		    SERVER_WAITING);
	server_wake(s);
}

void
worker_run(void *arg)
{
	struct worker *w = arg;
	struct server *s = w->server;
	struct job *job;

	lock_take(&s->lock);
	while ((job = job_next(s)) != NULL) {
		struct why why = { "" };
		enum err rc = ERR_BUSY;
		bool cancel = job->cancel;

		job->state = JOB_RUNNING;
		lock_give(&s->lock);
		if (!cancel)
			rc = (job->known ? job->route->job : s->conf.know)(s->conf.ctx, w->index,
			    job, &why);
		lock_take(&s->lock);
		job_settle(s, job, rc, &why);
	}
	lock_give(&s->lock);
}
