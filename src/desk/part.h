/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A part of the desk (alerts, duty, incidents, ...): tables, and what can be done and asked, as
 * SQL. Inside of room desk only. One part is one file and a row of desk_parts in part.c.
 *
 * Values reach SQL as bound parameters only, by name: the params of a request, the fields of an
 * act, and :time (of the act), :now, :who, :from, :what, :seq, :lang, :rights, :sealed (the last
 * checkpoint, in short). A name that a request or an act does not have is NULL.
 *
 * An act goes this way:
 *
 *	POST /api/alerts/ID/take --> params checked (kind, length, required)
 *	    --> guard: a row with a word refuses (part.c finds its sentence and status); a second
 *	        column says of what, and stands in front of the sentence
 *	    --> fill: a row's columns become further fields of the act: numbers, names, deadlines
 *	    --> ledger, sealed --> apply, now and whenever the view is made anew
 *	    --> answer: a question of this part, by its path
 *
 * apply looks at nothing but the act and the tables: no :now, no random.
 */
#ifndef DESK_PART_H
#define DESK_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum part_kind {
	PART_LINE,			/* text of one line */
	PART_TEXT,			/* of several */
	PART_WORD,			/* [a-z0-9._-]+ */
	PART_NUMBER,			/* decimal, signed */
	PART_TIME,			/* RFC 3339; in SQL as nanoseconds */
	PART_FLAG,			/* 0, 1 */
	PART_WORDS,			/* [a-z0-9._-]+, several with commas */
	PART_DAY,			/* YYYY-MM-DD; in SQL as text */
};

struct part_param {
	/*
	 * "answer.": all fields whose names begin so; SQL has them as one object, :answer, of JSON.
	 * One such row in a table at most.
	 */
	const char *name;
	uint8_t kind;			/* enum part_kind */
	bool required;
	uint32_t most;			/* octets; 0: PART_LINE_MOST, PART_TEXT_MOST */
	const char *otherwise;		/* when it is not given; NULL: NULL */
};

enum { PART_LINE_MOST = 1000, PART_TEXT_MOST = 64 << 10, PART_PARAMS = 24 };

struct part_act {
	const char *name;		/* in the ledger */
	const char *path;		/* "/api/alerts/{alert}/take"; NULL: the desk's own */
	unsigned rights;		/* one of them is enough */
	struct part_param param[PART_PARAMS];	/* ended by a NULL name */
	const char *guard, *fill;	/* NULL: none */
	const char *apply;		/* statements */
	const char *then;		/* path of the answer, "/api/alerts/{alert}" */
};

struct part_view {
	const char *path;
	unsigned rights;
	struct part_param param[PART_PARAMS];
	const char *sql;		/* one column of one row: JSON. NULL or no row: 404 */
};

/* What the desk has to do by itself: rows are acts to be written, columns their fields. */
struct part_timer {
	const char *act;
	const char *sql;		/* :now; ORDER BY what was due first */
};

/*
 * What the office's packs say, in tables that no ledger folds: statements that fill them anew from
 * :json. Acts take what they need of it by `fill`, so that a later pack changes nothing sealed.
 */
struct part_load {
	const char *name, *sql;
};

struct part {
	const char *name;
	const char *schema;
	const char *finding;		/* statements for a finding; NULL: none */
	const struct part_act *act;	/* each ended by a NULL */
	const struct part_view *view;
	const struct part_timer *timer;
	/*
	 * What waits for a person: SELECT kind, id, level, title, since. All parts together are
	 * the view open_matter, which a hand-over counts and lists. NULL: none.
	 */
	const char *open;
	/*
	 * What was done: SELECT time, kind, id, who, act, text, seq. All parts together are the
	 * view book_entry, the duty book. NULL: none.
	 */
	const char *book;
};

extern const struct part *const desk_parts[];	/* ended by NULL */
extern const struct part part_alerts, part_duty, part_roster, part_handover;
extern const struct part_load *const desk_loads[];	/* ended by NULL */

/* A refusal: what a guard says, and the sentence. A table of a part's own is a row of part.c. */
struct part_word {
	const char *word;
	unsigned status;		/* of HTTP */
	const char *vi, *en;
};

/* The sentence of a refusal, by its word; NULL: there is none. status: of HTTP. */
const char	*desk_words(const char *word, bool vi, unsigned *ret_status);

#endif
