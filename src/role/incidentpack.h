/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rules say of incidents: how bad they can be, the questions that tell, the clocks that
 * run, and what to do step by step. A rule pack (rulepack.h) of four lists. Playbooks are ours and
 * say so.
 */
#ifndef ROLE_INCIDENTPACK_H
#define ROLE_INCIDENTPACK_H

#include "base/buf.h"
#include "role/rulepack.h"

enum {
	INCIDENT_SEVERITIES = 16,
	INCIDENT_QUESTIONS = 20,	/* fields of one act, with room for what else it has */
	INCIDENT_CLOCKS = 24,
	INCIDENT_WARNINGS = 8,		/* of one clock */
	INCIDENT_PLAYBOOKS = 24,
	INCIDENT_STEPS = 24,
};
enum incident_start { INCIDENT_DETECTED, INCIDENT_PERSONAL };

struct incident_severity {
	struct rulepack_words words;
	char profile[RULEPACK_NAME];
	char english[RULEPACK_TEXT];
	int64_t level;			/* 1 is the least */
};

struct incident_question {
	struct rulepack_words words;
	char profile[RULEPACK_NAME];
	char english[RULEPACK_TEXT];
	int64_t level;			/* at least so bad when it is not answered no */
	char needs[RULEPACK_NAME];	/* and neither is this one; may be empty */
};

struct incident_clock {
	struct rulepack_words words;
	char profile[RULEPACK_NAME];	/* "any": of every one */
	char english[RULEPACK_TEXT];
	int64_t level;			/* from this one on */
	int64_t starts;			/* enum incident_start */
	int64_t after;			/* seconds */
	char recipient[RULEPACK_TEXT];
	struct incident_warning {
		int64_t before;		/* seconds */
	} warn[INCIDENT_WARNINGS];
	unsigned nwarn;
};

struct incident_playbook {
	struct rulepack_words words;
	char english[RULEPACK_TEXT];
	struct incident_step {
		char title[RULEPACK_TEXT], english[RULEPACK_TEXT];
		bool evidence;
		int64_t within;		/* seconds from its beginning */
	} step[INCIDENT_STEPS];
	unsigned nstep;
};

struct incidentpack {
	struct rulepack_head head;
	struct incident_severity severity[INCIDENT_SEVERITIES];
	struct incident_question question[INCIDENT_QUESTIONS];
	struct incident_clock clock[INCIDENT_CLOCKS];
	struct incident_playbook playbook[INCIDENT_PLAYBOOKS];
	unsigned nseverity, nquestion, nclock, nplaybook;
};

extern const struct rulepack_kind incidentpack_kind;

/* As desk/incident_pack.c takes it. */
void		incidentpack_json(struct buf *out, const struct incidentpack *pack);

#endif
