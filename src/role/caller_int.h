/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told, shared by the files caller*.c. See caller.h. */
#ifndef ROLE_CALLER_INT_H
#define ROLE_CALLER_INT_H

#include "role/caller.h"

#include <sqlite3.h>

#include "notify/modem.h"

enum {
	JOBS = 512,			/* the desk names 500 at once */
	JOB_PERSON = 65, JOB_ADDRESS = 255, JOB_ID = 160, JOB_SAID = 200,
};

/* What is due for one person by one channel, as the desk says. */
struct wanted {
	const char *person, *lang, *channel, *address, *other;
	bool critical, test, alert;
	uint64_t failed, upto;
	unsigned count, level;
};

enum job_state {
	JOB_NONE,			/* the row is free */
	JOB_RESTS,			/* until next_ns, or for ever */
	JOB_SENDS,
	JOB_TELLS,			/* the ledger does not take its row yet */
};

struct job {
	struct caller *caller;		/* whose it is */
	enum job_state state;
	const struct telling_channel *channel;
	bool ring;			/* its channel's, with TELLING_RING behind the name */
	char person[JOB_PERSON];
	char address[JOB_ADDRESS], other[JOB_ADDRESS];
	bool english, test, alert;
	unsigned count, level;
	uint64_t upto;			/* what is being sent, or was last */
	uint64_t sent, failed;		/* up to which the ledger was told so */
	unsigned tries;			/* failed, since it went out last */
	int64_t next_ns;
	bool good;			/* TELLS, of the last try */
	char said[JOB_SAID];
};

/* A modem. */
struct line {
	const struct telling_channel *channel;
	unsigned place;
	int fd;				/* -1: not there */
	int64_t asked_ns;		/* the parent was asked for it */
	char missing[JOB_SAID];		/* why it is not there */
	struct modem *modem;
	struct job *job;		/* whose message it sends; NULL: it rests */
};

/* The sign of life. */
struct beat {
	int64_t next_ns, mail_next_ns;
	int64_t asked_ns;		/* the keeper, which has not answered; 0: nobody */
	bool failed, silent;		/* the ledger, and the log, were told so */
};

struct caller {
	struct caller_world world;
	const struct telling *telling;
	struct buf secret[TELLING_CHANNELS];	/* with a NUL; empty: could not be read */
	struct job job[JOBS];
	struct line line[TELLING_CHANNELS];
	unsigned nline;
	struct chan *desk, *runner;
	bool has_runner;
	struct job *run[TELLING_CHANNELS];	/* whose message a command has */
	uint64_t tag, asked_tag;	/* asked_tag: the desk's answer is missing; 0: none */
	int64_t asked_ns, ask_ns;	/* ask_ns: not before */
	int64_t desk_ns;		/* when the desk answered last; 0: never */
	struct beat beat;
	sqlite3 *db;			/* in memory: reads JSON */
	sqlite3_stmt *due;
};

/* Ends in job_done; at once, or later. */
typedef void job_fn(struct caller *c, struct job *job);

void	job_done(struct caller *c, struct job *job, enum err rc, const char *said);
/* The message's id: the same whenever the same is sent. */
void	job_id(const struct job *job, char ret[JOB_ID]);
void	job_text(struct buf *out, const struct job *job);
/* The number or address of this try: people have two phones. */
const char *job_address(const struct job *job);
/* Of its channel; NULL where it could not be read. */
const char *caller_secret(const struct caller *c, const struct telling_channel *channel);

/* ---- caller_due.c: what the desk says ---- */

enum err wanted_open(struct caller *c, struct why *why);
typedef void wanted_fn(struct caller *c, const struct wanted *wanted);
void	wanted_each(struct caller *c, struct span json, wanted_fn *each);

/* ---- caller_send.c: mail and webhooks ---- */

job_fn	send_mail, send_hook;

/* ---- caller_line.c: modems ---- */

job_fn	line_begin;
/* A modem that sends nothing now: what is due for it can begin. */
bool	line_free(const struct caller *c, const struct telling_channel *channel);
void	lines_make(struct caller *c);
void	lines_turn(struct caller *c, int64_t now_ns);

/* ---- caller_run.c: commands ---- */

job_fn	run_begin;
enum err runner_start(struct caller *c, struct why *why);
/* False: the runner has ended. */
bool	runner_turn(struct caller *c);

/* ---- caller_beat.c: the sign of life ---- */

void	beat_turn(struct caller *c, struct chan *keeper, int64_t now_ns);

#endif
