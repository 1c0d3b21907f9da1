/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server of the front: libevent in one thread, long work in a few worker threads whose
 * output streams out as it is made. Knows nothing of what the work is.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "base/buf.h"
#include "base/err.h"

struct event_base;
struct server;
struct job;

/* Runs in a worker thread; job_write as it goes. An error before the first octet becomes 400. */
typedef enum err job_fn(void *ctx, unsigned worker, struct job *job, struct why *why);
/* Called in the loop's thread before the job is queued; an error refuses it (503). */
typedef enum err job_admit_fn(void *ctx, struct job *job, struct why *why);
/* Answers at once, in the loop's thread. Returns the HTTP status. */
typedef int page_fn(void *ctx, struct buf *out);

struct route {
	const char *path;
	const char *type;		/* Content-Type */
	job_fn *job;			/* one of the two */
	page_fn *page;
};

struct server_conf {
	const int *listen_fd;		/* taken over */
	unsigned nlisten;
	unsigned workers;
	const struct route *route;	/* ended by a NULL path */
	job_admit_fn *admit;		/* may be NULL */
	void *ctx;			/* of all functions */
};

enum err	server_new(struct server **ret_server, struct event_base *base,
		    const struct server_conf *conf, struct why *why);
/* Cancels what runs, waits for the workers. */
void		server_free(struct server **server);

/* ---- in a job ---- */

/* Value of a query or form parameter, or NULL. Belongs to the job. */
const char	*job_param(const struct job *job, const char *name);
/* "uid 1000" or "", and the address of the asking side ("unix"). */
const char	*job_who(const struct job *job);
const char	*job_from(const struct job *job);
const char	*job_path(const struct job *job);
/*
 * Hands octets on; waits while the client does not read. False: the client went away or the
 * server ends: stop soon.
 */
bool		job_write(struct job *job, struct span bytes);
bool		job_cancelled(struct job *job);
/*
 * Called from the loop's thread, once, when the client goes away while fn is set; never after
 * job_on_cancel(job, NULL, NULL) returned.
 */
void		job_on_cancel(struct job *job, void (*fn)(void *arg), void *arg);

#endif
