/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server of the front: libevent in one thread, long work in a few worker threads whose
 * output streams out as it is made. Knows nothing of what the work is.
 *
 * An answer that ends early is never taken for a whole one: its connection is broken off without
 * the last chunk. Pages of other sites cannot ask through the browser of somebody here: requests
 * with a foreign Host, Origin or Sec-Fetch-Site are refused, but on the unix socket.
 */
#ifndef WEB_SERVER_H
#define WEB_SERVER_H

#include "base/buf.h"
#include "base/err.h"

enum {
	SERVER_JOBS = 64,		/* queued and running; more are answered 503 */
	SERVER_WAITING = 48,		/* of them that wait for their next turn */
	SERVER_BACKLOG = 1 << 20,	/* octets between a job and its client, then it waits */
};

struct event_base;
struct page_file;
struct server;
struct job;

/*
 * Runs in a worker thread; job_write as it goes. An error before the first octet becomes an answer
 * with the sentence of why (400, 403, 404, 422, 503, 500), one behind it breaks the answer off.
 * ERR_MORE: call me again in JOB_PAUSE_MS, perhaps in another worker; job_memo keeps what is to be
 * kept.
 */
typedef enum err job_fn(void *ctx, unsigned worker, struct job *job, struct why *why);
/* Called in the loop's thread before the job is queued; an error refuses it. */
typedef enum err job_admit_fn(void *ctx, struct job *job, struct why *why);
/* Answers at once, in the loop's thread. Returns the HTTP status. */
typedef int page_fn(void *ctx, struct buf *out);

struct route {
	const char *path;		/* one that ends with '/' has all below it */
	const char *type;		/* Content-Type */
	job_fn *job;			/* one of the two; both: the page is for who asks from this
					 * machine, the job for others */
	page_fn *page;
};

struct server_conf {
	const int *listen_fd;		/* taken over */
	unsigned nlisten;
	unsigned workers;
	unsigned timeout_s;		/* of a request that does not come whole, an answer that is
					 * not read, an idle connection; 0: 120 */
	const struct route *route;	/* ended by a NULL path */
	const struct page_file *files;	/* before the routes, for everybody; may be NULL */
	const char *site;		/* see web/guard.h; may be NULL */
	unsigned patience_ms;		/* with a client that does not read, while others wait for
					 * a worker; 0: 5000 */
	job_fn *know;			/* may be NULL: who is it? Called before admit in a worker,
					 * for all who do not come over the unix socket; not OK
					 * refuses, with job_status when that is not 200 */
	job_admit_fn *admit;		/* may be NULL */
	void *ctx;			/* of all functions */
};

enum err	server_new(struct server **ret_server, struct event_base *base,
		    const struct server_conf *conf, struct why *why);
/* Cancels what runs, waits for the workers. */
void		server_free(struct server **server);

/* ---- in a job ---- */

enum { JOB_PAUSE_MS = 200 };

/* Value of a query or form parameter, or NULL. Belongs to the job. */
const char	*job_param(const struct job *job, const char *name);
/* "uid 1000" or "", and the address of the asking side ("unix"). */
const char	*job_who(const struct job *job);
const char	*job_from(const struct job *job);
const char	*job_path(const struct job *job);
/* What `know` found out: a name, and what the front may make of it. Only there. */
void		job_known(struct job *job, const char *who, unsigned rights);
unsigned	job_rights(const struct job *job);

enum job_header { JOB_COOKIE, JOB_AUTHORIZATION, JOB_CSRF, JOB_POLL, JOB_HEADERS };

/* Cookie, Authorization, X-Trucban-Csrf, X-Trucban-Poll of the request, or NULL. */
const char	*job_header(const struct job *job, enum job_header header);
/* The answer's header Set-Cookie. Before the first job_write. */
void		job_cookie(struct job *job, struct span cookie);
/* POST, not GET. */
bool		job_is_post(const struct job *job);
/* The i-th parameter and its value; false: there are fewer. They belong to the job. */
bool		job_param_at(const struct job *job, unsigned i, const char **ret_name,
		    const char **ret_value);
/* Instead of 200, or (400 and above) of what an error is; before the first job_write. */
void		job_status(struct job *job, int status);
/* Instead of the route's; before the first job_write. A string that stays. */
void		job_type(struct job *job, const char *type);
/* The answer's header Trucban-Found: so many things need a person. Before the first job_write. */
void		job_found(struct job *job, uint64_t n);
/* A number that stays from one turn to the next; 0 at first. */
uint64_t	*job_memo(struct job *job);
/*
 * Hands octets on; waits while the client does not read. False: the client went away, the server
 * ends, or others have waited for this worker too long: stop soon.
 */
bool		job_write(struct job *job, struct span bytes);
/* job_found and job_write for those who know no job: ctx is it. */
void		job_tells(void *ctx, uint64_t n);
bool		job_out(void *ctx, struct span bytes);
bool		job_cancelled(struct job *job);
/*
 * Called from the loop's thread, once, when the client goes away while fn is set; never after
 * job_on_cancel(job, NULL, NULL) returned. fn must not wait.
 */
void		job_on_cancel(struct job *job, void (*fn)(void *arg), void *arg);

#endif
