/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the role importer share: see importer.c. */
#ifndef ROLE_IMPORTER_INT_H
#define ROLE_IMPORTER_INT_H

#include "sys/chan.h"
#include "role/brief.h"
#include "role/content.h"
#include "role/ledger.h"
#include "role/role.h"

enum {
	SESSIONS = 8,
	JOBS = 512,			/* files of all sessions that are not over */
	FLIGHTS = 4096,			/* batches without an answer */
	SESSION_QUEUE = 1 << 20,
	KEEPER_QUEUE = LIMIT_UNACKED_BYTES + 4 * LIMIT_BATCH_BYTES,
	TURN_MESSAGES = 16,
	STOP_S = 5,
	TICK_MS = 1000,
	FIRST_ID = 1,			/* 0 is the ledger's */
	WORN = 2,			/* begins anew when one in so many ids is used */
};

#define TICKET_MARK	(UINT64_C(1) << 63)	/* of batches; the ledger counts from 1 */

struct session {
	struct chan *chan;		/* NULL: free */
	char who[32];			/* "uid 1000" */
	struct job *job;		/* whose octets come; NULL: between two, or passed over */
	unsigned njob;
	bool gone;			/* to be closed */
	bool more;			/* its channel may hold what was not looked at */
};

struct job {
	struct job *next;
	struct content *content;
	struct session *session;	/* NULL: gone */
	uint64_t tag;			/* the session's number of the file */
	uint64_t ask;			/* tag of the question that it waits for; 0: none */
	uint64_t ledger;		/* ticket; 0: not written */
	bool asked;
	char who[32];
	struct import_ended ended;	/* as who sends it says */
};

struct flight {
	struct job *job;
	uint32_t rows;
	size_t bytes;
	bool landed;
};

struct importer {
	struct brief brief;
	const struct role_start *start;
	struct cutter *cutter;
	struct sources *sources;
	struct content_desk desk;
	struct ledger *ledger;
	struct chan *keeper;
	uint32_t shapes_sent, sources_sent;
	struct session session[SESSIONS];
	struct job *jobs;
	unsigned njob;
	struct flight flight[FLIGHTS];	/* ring; ticket = TICKET_MARK | number */
	uint64_t first, next;
	size_t flying;
	uint64_t asks;
	struct import_done count;	/* of all imports */
	bool counted;
	int64_t tick_ns, stop_ns;
	bool stopping;
};

/* Takes the channel over. */
void	importer_keeper(struct importer *im, int fd);
void	importer_keeper_lost(struct importer *im);
void	importer_keeper_read(struct importer *im);
void	importer_keeper_send(struct importer *im, uint16_t type, uint64_t tag,
	    struct span body);
/* For struct content_desk. */
void	importer_batch(void *arg, struct content *content, const struct content_batch *batch,
	    uint32_t rows);

/* A job for the content of the session; NULL session later: who sent it is gone. */
void	job_new(struct importer *im, struct session *session, uint64_t tag,
	    const struct import_file *file, const struct source *like);
void	job_free(struct importer *im, struct job *job);
/* Says its form when that is known, and goes one step on if there is one. */
void	job_tend(struct importer *im, struct job *job);
void	jobs_tend(struct importer *im);
/* Without the keeper nobody knows what became of batches: the next import finds out. */
void	jobs_drop(struct importer *im);
void	job_refuse(struct session *session, uint64_t tag, enum err rc, const char *text);

#endif
