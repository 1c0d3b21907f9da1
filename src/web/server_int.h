/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between server.c (HTTP, the loop's thread) and job.c (workers). A job's life, seen under one
 * lock:
 *
 *	QUEUED -> RUNNING -> DONE
 *	   ^---------'   (ERR_MORE: its next turn comes later)
 *	   ^- KNOWN <-'  (who it is was found out; the loop admits it)
 *
 * Its octets go worker -> job.out -> (wake) -> loop -> evbuffer -> client, and the worker waits
 * while more than SERVER_BACKLOG octets are under way, so that a slow client holds a worker but
 * never memory.
 */
#ifndef WEB_SERVER_INT_H
#define WEB_SERVER_INT_H

#include "sys/sock.h"
#include "sys/thread.h"
#include "web/form.h"
#include "web/server.h"

struct event;
struct evhttp;
struct evhttp_request;

enum { WORKERS_MAX = 16 };

enum job_state { JOB_QUEUED, JOB_RUNNING, JOB_KNOWN, JOB_DONE };

struct job {
	struct job *next;
	struct server *server;
	const struct route *route;
	struct form *param;
	char *path;			/* as it was asked for */
	bool post;
	char who[32];
	char from[SOCK_TEXT_BYTES];
	char *header[JOB_HEADERS];
	unsigned rights;
	bool known;			/* `know` was asked, or need not be */
	uint64_t memo;
	/* loop's thread only */
	struct evhttp_request *request;	/* NULL once the client is gone */
	struct event *gone;		/* until the answer begins */
	bool started;
	size_t sent;			/* octets in the evbuffer, not yet with the client */
	/* under server.lock */
	enum job_state state;
	bool waits;			/* queued for a further turn */
	int64_t again_ns;		/* not before */
	const char *type;
	int status;			/* of the answer, when the job has no error; of an error
					 * from 400 on */
	struct buf cookie;		/* of the answer */
	uint64_t found;
	bool has_found;
	struct buf out;
	enum err result;
	struct why why;
	bool cancel;
	bool slow;			/* its client kept a worker from others: broken off */
	void (*on_cancel)(void *arg);
	void *on_cancel_arg;
};

struct worker {
	struct server *server;
	unsigned index;
	struct thread thread;
};

struct server {
	struct event_base *base;
	struct evhttp *http;
	struct event *wake_event;
	int wake_fd;
	struct server_conf conf;
	struct lock lock;
	struct wake work, room;
	struct job *jobs;		/* all, in order of arrival */
	unsigned njobs;
	bool stopping;
	struct worker worker[WORKERS_MAX];
};

/* Under the lock: tells whoever runs the job; it ends soon. */
void	job_cancel(struct job *job);
/* A worker: turns of jobs until the server stops. */
void	worker_run(void *arg);
/* ---- head.c ---- */

/* Address, user and headers of who asks, into the job. */
void	head_note(struct job *job, struct evhttp_request *request);
/* Parameters of a form body, then of the address: the first of two is taken. */
enum err	head_params(struct job *job, struct evhttp_request *request, struct why *why);
/* From this machine: over the unix socket, or to its loopback address. */
bool	head_is_near(struct evhttp_request *request);
/* Not through a page of another site: web/guard.h. */
bool	head_is_admitted(struct evhttp_request *request, const char *site);
/* Whether everybody sees the same end of the body. */
bool	head_has_one_end(struct evhttp_request *request);

/* Makes the loop look at the jobs. From any thread. */
void	server_wake(struct server *server);

#endif
