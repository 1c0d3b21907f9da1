/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands of the duty desk that are tables of verbs: `trucban incident`, `trucban duty`. Each verb
 * is one request to the running desk, which decides, seals and answers; a row says how the words of
 * the command line become that request, and how the answer is shown. Inside of cmd.
 */
#ifndef CMD_VERBS_H
#define CMD_VERBS_H

#include <stdbool.h>

#include "base/buf.h"

struct verb {
	const char *name;
	const char *path;	/* of the API, "/api/duty/shifts/{shift}/remove" */
	const char *args;	/* words by their names, "shift what": those of the path first */
	const char *vi, *en;	/* how it is used */
	bool act;
	bool answers;		/* further words are QUESTION=ANSWER */
	/*
	 * What is shown: lines, by a query over the answer (:json, :lang, and the SQL function
	 * local() of cmd/api.h); NULL: the text that the desk has at "/api/pages/X" for "/api/X".
	 */
	const char *print;
	const char *then;	/* of an act: what is shown afterwards; NULL: that of all verbs */
};

/* For tables: the first five of a question, of an act. */
#define VERB(NAME, PATH, ARGS, VI, EN) \
	.name = (NAME), .path = (PATH), .args = (ARGS), .vi = (VI), .en = (EN)
#define VERB_ACT(...)	VERB(__VA_ARGS__), .act = true

/* --word without a value: form field name=value. */
struct verb_flag {
	const char *word, *name, *value;
};

struct verb_run {
	const struct verbs *all;
	const struct verb *verb;
	const char *state, *file;
	bool json;
	bool answered;		/* a QUESTION=ANSWER, or --raise, was there */
	struct buf path, form;
};

struct verbs {
	const char *command;
	const char *vi, *en;	/* the help above the verbs */
	const struct verb *verb;	/* ended by a NULL name; the first: without words */
	const struct verb_flag *flag;	/* ended by a NULL word */
	const char *times;	/* names of fields that are times, with spaces */
	const char *file;	/* an option that names a file, for `own`; NULL: none */
	const char *then;	/* "/api/incidents/{id}": id of the answer; NULL: the answer */
	/* Does a verb otherwise; -1: as the table says. NULL: all as the table says. */
	int (*own)(struct verb_run *run);
};

int	verbs_main(const struct verbs *all, int argc, char **argv);
/* For own: asks for another page. The form is what was said; it is emptied. */
int	verbs_show(struct verb_run *run, const char *path);

#endif
