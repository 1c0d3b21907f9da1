/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is told when nobody takes an alert, after how long; the roles that people on duty have; and
 * how long things of duty may take. The office's own policy, as data: a pack that travels inside of
 * the program (content/packs/escalation.yaml). No law says these minutes, so none is named.
 */
#ifndef ROLE_ESCALATION_H
#define ROLE_ESCALATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

enum { ESCALATION_ROLES = 16, ESCALATION_STEPS = 48, ESCALATION_NAME = 33,
    ESCALATION_TEXT = 256 };

struct escalation_role {
	int64_t line;			/* of its file, for messages */
	char name[ESCALATION_NAME];
	char title[ESCALATION_TEXT];	/* in Vietnamese; english may be empty */
	char english[ESCALATION_TEXT];
	bool tier;			/* has shifts; else whoever has the role is told */
};

struct escalation_step {
	int64_t line;
	int64_t level;			/* enum finding_level */
	int64_t step;			/* 1, 2, ... of its level, as they stand there */
	int64_t after_s;		/* since it was found */
	char role[ESCALATION_NAME];
};

struct escalation {
	char name[ESCALATION_TEXT];
	char title[ESCALATION_TEXT];
	char approved[ESCALATION_TEXT];	/* by whom; empty: by nobody yet */
	struct escalation_role role[ESCALATION_ROLES];
	unsigned nrole;
	struct escalation_step step[ESCALATION_STEPS];
	unsigned nstep;
	int64_t handover_s;		/* an open hand-over is late */
	int64_t drill_s;		/* who was not reached for so long is to be tried */
	int64_t verified_s;		/* a contact is to be verified anew */
	int64_t gaps_s;			/* how far ahead gaps of the roster are looked for */
};

/* ERR_FORMAT: "line 7: steps: role: ..."; ret_pack is set only by OK. */
enum err	escalation_parse(struct escalation *ret_pack, struct span text, struct why *why);
/* The one inside of the program. */
enum err	escalation_own(struct escalation *ret_pack, struct why *why);

#endif
