/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Coverage as it is asked over HTTP (/trucban/coverage) or on the command line with --store:
 * parameters in, a table for people or JSON lines for programs out.
 */
#ifndef WEB_COVER_H
#define WEB_COVER_H

#include "base/buf.h"
#include "base/err.h"

struct job;
struct select;

/* Between the parts of a certificate; no part has such an octet. */
#define COVER_PART "\f\n"

struct cover_ask {
	/* NULL where not given: the last 24 hours, JSON, Vietnamese */
	const char *start, *end, *format, *lang, *show, *wide;
	struct span registry;		/* the register of sources, its text; empty: none */
	/* Before the first octet: so many remarks, things that need a person. May be NULL. */
	void (*found)(void *ctx, uint64_t n);
	bool (*write)(void *ctx, struct span bytes);
	bool (*go_on)(void *ctx);	/* asked now and then */
	void *ctx;
};

/*
 * Times as select_time has them; format: json, text, color, paper (doc/formats/paper.md without
 * its first line), certificate (json, text and paper of one and the same count, COVER_PART between
 * them; its period must be over, and its first object has the fingerprint of the seal's key);
 * lang: vi, en; show: all, expected (rows of the register), unknown (senders that it has not; both
 * not as paper); wide: columns of the reader's terminal. JSON: one object a line, "kind" says what
 * it is: period, source, step (rows of a source in an hour or day that has some), expected,
 * unknown, loss (of a door in such a step), outage, remark, told (what a sender says of its own
 * losses); last end, with the number of remarks. ERR_FORMAT for a wrong parameter.
 */
enum err	cover_run(struct select *select, const struct cover_ask *ask, struct why *why);
/* The same for a job of the server; the number of remarks is the header Trucban-Found. */
enum err	cover_job(struct select *select, struct span registry, struct job *job,
		    struct why *why);

#endif
