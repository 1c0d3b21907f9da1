/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The duty desk: what people and the desk itself did (acts, the ledger) and what was found
 * (findings), folded into a view that answers questions; and the judgement whether a new act may
 * be done.
 *
 * The view is tables of SQLite, made by nothing but rows of the two streams: it can be thrown away
 * and made again at will, and comes out the same. Findings and acts touch different columns, so
 * that only the order inside of a stream matters. What acts and questions there are stands in
 * tables of SQL, one file a part (desk/part.h).
 *
 * No clock, no file: the handle of the database comes in open, and so does the time.
 */
#ifndef DESK_DESK_H
#define DESK_DESK_H

#include "base/buf.h"
#include "base/err.h"
#include "model/act.h"
#include "model/finding.h"

struct desk;
struct sqlite3;

/* Who may what; a person has several. doc/formats/act.md, section 3. */
enum desk_right {
	DESK_READ = 1 << 0,		/* see alerts, duty, incidents */
	DESK_ACT = 1 << 1,		/* the duty officer's acts */
	DESK_HEAD = 1 << 2,		/* the head's: instructions, sign-off */
	DESK_ADMIN = 1 << 3,		/* people, registers, rosters */
	DESK_AUDIT = 1 << 4,		/* read the ledger */
	DESK_SEARCH = 1 << 5,		/* search records */
	DESK_ALL = (1 << 6) - 1,
	/* The role teller, and nobody whom the front lets in: what is to be sent. */
	DESK_TELL = 1 << 6,
};

enum { DESK_PARAMS_MAX = 40 };

struct desk_param {
	struct span name, value;
};

/* A question, or the wish to act. */
struct desk_ask {
	bool act;			/* POST, not GET */
	struct span path;		/* "/api/alerts/4dc1.../take" */
	struct span who, from;		/* as the ledger names them */
	unsigned rights;		/* of enum desk_right */
	struct span lang;		/* "vi", "en" */
	int64_t now_ns;
	struct span sealed;		/* the last checkpoint, in short; empty: not known */
	unsigned nparam;
	struct desk_param param[DESK_PARAMS_MAX];
};

struct desk_answer {
	unsigned status;		/* of HTTP */
	struct buf *out;		/* JSON; cleared before it is written */
	bool wants_act;			/* *act is to be written; then ask again with desk_then */
	struct act act;			/* spans are the arena's */
};

/*
 * db: borrowed, open for writing, used by nobody else. Makes the tables anew when they are of
 * another program. ERR_IO: SQLite refuses; why has its words.
 */
enum err	desk_new(struct desk **ret_desk, struct sqlite3 *db, struct why *why);
void		desk_free(struct desk **desk);
/*
 * What a pack says, as JSON, for the tables that part.h calls loaded; holds for as long as desk,
 * and changes nothing when it fails.
 * ERR_ABSENT: no part knows a load of this name.
 */
enum err	desk_load(struct desk *desk, const char *name, struct span json, struct why *why);
/* Throws away what was folded. */
enum err	desk_forget(struct desk *desk, struct why *why);

/* ---- folding ---- */

/* Rows of one stream go in in their order; several between begin and end are one transaction. */
enum err	desk_fold_begin(struct desk *desk, struct why *why);
enum err	desk_fold_end(struct desk *desk, struct why *why);
/* Instead of end, after an error: the view is what it was before begin. */
void		desk_fold_undo(struct desk *desk);
/* The number of the last row that went in (stream: STREAM_FINDINGS, STREAM_LEDGER) and its life. */
uint64_t	desk_place(const struct desk *desk, unsigned stream);
uint32_t	desk_epoch(const struct desk *desk);
enum err	desk_epoch_set(struct desk *desk, uint32_t epoch, struct why *why);
enum err	desk_finding(struct desk *desk, const struct finding *finding, uint64_t seq,
		    struct why *why);
/* An act that no part knows, or that its part cannot take, changes nothing but the place. */
enum err	desk_act(struct desk *desk, const struct act *act, uint64_t seq, struct why *why);

/* ---- asking ---- */

/*
 * Answers, or says which act is to be written: answer->wants_act. Once that is on disk and folded,
 * desk_then writes the answer to it. Refusals are answers: a status and {"error":...}. Not OK only
 * when SQLite fails.
 */
enum err	desk_answer(struct desk *desk, const struct desk_ask *ask,
		    struct desk_answer *answer, struct arena *arena, struct why *why);
enum err	desk_then(struct desk *desk, const struct desk_ask *ask, struct desk_answer *answer,
		    struct why *why);
/*
 * What the desk itself has to do by now: the first such act, or ERR_MORE when there is none. It is
 * to be written and folded before the next call.
 */
enum err	desk_due(struct desk *desk, int64_t now_ns, struct act *ret_act,
		    struct arena *arena, struct why *why);

#endif
