/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as they are asked over HTTP (/trucban/findings) or on the command line with --store:
 * what is open now, since when, how sure it is and what to do next.
 */
#ifndef WEB_FINDS_H
#define WEB_FINDS_H

#include "base/err.h"
#include "base/span.h"

struct job;
struct select;

struct finds_ask {
	/* NULL where not given: those that are open, JSON, Vietnamese */
	const char *since, *format, *lang;
	/* Before the first octet: so many are open. May be NULL. */
	void (*found)(void *ctx, uint64_t n);
	bool (*write)(void *ctx, struct span bytes);
	void *ctx;
};

/*
 * since: also those that were closed from then on, as select_time has it. format: json, text,
 * color; lang: vi, en. JSON: a line for each, the record of its last act (finding.md) with more:
 * "open", "acts", and "advice", "sure" in words. The gravest first, open ones before closed ones.
 * ERR_FORMAT for a wrong parameter.
 */
enum err	finds_run(struct select *select, const struct finds_ask *ask, struct why *why);
/* The same for a job of the server; how many are open is the header Trucban-Found. */
enum err	finds_job(struct select *select, struct job *job, struct why *why);

#endif
