/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban agent`: what its files share. Inside of cmd. */
#ifndef CMD_AGENT_H
#define CMD_AGENT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/civil.h"
#include "base/err.h"
#include "role/conf.h"

/* What was said on the command line. */
struct agent_args {
	const char *what;		/* NAME or CODE; NULL: not said */
	const char *class, *address, *why, *out;
	const char *config, *state;
	uint64_t unit, days;
	bool days_said, json, due, replace;
};

/* Where this desk or host keeps its things. */
struct agent_place {
	char state[4096];
	struct conf *conf;		/* the defaults when none was read */
	bool configured;		/* one was read */
	bool known;			/* the directory was named; else it is the usual one */
};

/* At the desk: agent_desk.c, agent_list.c. ERR_FORMAT, ERR_ABSENT ...: why says it. */
enum err	agent_invite(const struct agent_args *args, struct why *why);
enum err	agent_issue(const struct agent_args *args, struct why *why);
enum err	agent_list(const struct agent_args *args, struct why *why);
enum err	agent_revoke(const struct agent_args *args, struct why *why);
/* On the host: agent_host.c. */
enum err	agent_enrol(const struct agent_args *args, struct why *why);
/* ERR_DENIED: the desk takes this certificate no more. Missing rights here are ERR_IO. */
enum err	agent_renew(const struct agent_args *args, struct why *why);

/*
 * --state, else that of the configuration, else the usual one: agent_place.c. A configuration that
 * was named must be there; that of desk_conf_find() may be absent, or not ours to read. End with
 * _done.
 */
enum err	agent_place_find(struct agent_place *ret, const struct agent_args *args,
		    struct why *why);
void		agent_place_done(struct agent_place *place);
/* In the office's zone, which is printed; empty when there is none (0). */
const char	*agent_time(char text[CIVIL_TEXT_BYTES + 1], int64_t s,
		    const struct agent_place *place);

/* Asks the registrar; what it answers goes to ret. In agent_desk.c. */
struct agents_ask;
enum err	agent_ask(const struct agent_place *place, const struct agents_ask *ask,
		    struct buf *ret, struct why *why);

#endif
