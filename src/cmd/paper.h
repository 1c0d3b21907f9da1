/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban paper`, in four files: paper.c what was asked and the file that is written, paperbook.c
 * the forms that travel inside of the program, paperfill.c values from the desk, papersign.c who
 * signed what off. Inside of cmd.
 */
#ifndef CMD_PAPER_H
#define CMD_PAPER_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "paper/paperform.h"

struct paper_asked {
	const char *name;		/* of a form, or a verb */
	const char *form, *values, *output;
	const char *incident, *evidence, *handover, *from, *to, *day, *week, *month,
	    *directive, *checklist;
	const char *of, *person, *about, *number, *kind, *mark, *at, *what;
	const char *state;
	bool ask, final, json, office, help;
	bool desk_failed;		/* the desk said what is wrong, or could not be asked */
};

/* ---- paperbook.c ---- */

/* The form of that name, of the program's own. ERR_FORMAT: there is none. */
enum err	paperbook_get(const char *name, struct span *ret, struct why *why);
/* Prints what each of them is. */
enum err	paperbook_tell(struct why *why);
enum err	paperbook_tell_one(const char *name, struct span text, struct why *why);

/* ---- paperfill.c ---- */

/* Does the command line say what the paper is about? */
bool		paperfill_wanted(const struct paper_asked *asked);
/*
 * Values for the form: those of the desk, those of the file `own` in their place where it has them.
 * ERR_FORMAT: what the form is about was not said.
 */
enum err	paperfill_values(struct buf *out, struct paper_asked *asked,
		    const struct paperform *form, struct span own, struct why *why);

/* ---- papersign.c ---- */

/* A row of the ledger: this person signed these bytes off. Prints the paper's id. */
enum err	papersign_bytes(struct paper_asked *asked, const char *form, struct span title,
		    const char *path, struct span bytes, struct why *why);
/* word: sign, attach, list, show, check, withdraw and what follows; -1: no such verb. */
int		papersign_run(struct paper_asked *asked, char **word, int nword, struct why *why);

#endif
