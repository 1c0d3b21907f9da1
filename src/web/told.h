/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What senders say of their own losses: rsyslog's and journald's rate limits, the kernel's audit
 * queue, ... Their records came, and name how many others did not. An estimate: who lost that
 * record too is not in it.
 */
#ifndef WEB_TOLD_H
#define WEB_TOLD_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

struct select;

enum { TOLD_SOURCES = 1024 };		/* that said something; more are left out */

struct told {
	struct span source;		/* as in _source */
	const char *what;		/* "rsyslog-rate", "audit-queue": a row of the table */
	const char *vi, *en;
	uint64_t records;		/* that said so */
	uint64_t lost;			/* as they say, together; 0: they name no number */
};

/*
 * By event time, from_ns <= t < to_ns. Everything is in the arena; the most lost first.
 */
enum err	told_collect(struct select *select, int64_t from_ns, int64_t to_ns,
		    struct arena *arena, const struct told **ret, size_t *ret_n, struct why *why);

#endif
