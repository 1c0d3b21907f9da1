/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between scan_text.c (templates and rows), scan_cross.c (what is searched lies over the edges of
 * slots) and scan_list.c (lists of slots' values): what is known while the templates of one part
 * are judged. Everything is in the view's arena; "holds" is a guess, "holds not" is certain.
 */
#ifndef QUERY_JUDGE_INT_H
#define QUERY_JUDGE_INT_H

#include "query/eval.h"

enum {
	KNOWN_PARTS = 16,		/* kept for parts of needles, and two more for each */
	CROSS_MOST = 128		/* cross_holds() costs the square of the needle's octets */
};

/* What each list and column was found to be, for all of a needle or a part of it. */
enum holds { NOT_ASKED, HOLDS, HOLDS_NOT };

struct known {
	struct span unit;		/* what is looked for, not empty */
	struct span word;		/* its longest run of word characters, not empty */
	bool is_ipv4;			/* an address, and edges are words' edges */
	uint32_t ipv4;
	uint8_t *list, *column;		/* enum holds, by number */
	struct known *next;
};

struct needle {
	struct span text;
	struct span word;		/* its longest run of word characters */
	bool has_letter;		/* the word is not a number */
	uint8_t *templates;		/* by number: it holds the text; NULL: look */
	uint8_t *word_templates;	/* the same of the word */
	struct known *known;
};

/* While templates are judged one after the other. */
struct judge {
	struct view *view;
	const struct matcher *m;
	const struct part *part;
	const struct text_map *map;
	bool together;			/* most templates are judged: look into all at once */
	bool whole_words;		/* needles have a word's edges on both sides */
	bool guess;			/* lists that may hold it are not decoded to be sure */
	enum alike how;			/* of literals in it: the matcher's, or (?i) */
	/* one template */
	struct span template;		/* as stored */
	struct span alike;		/* as the matcher compares */
	const struct template_look *look;
	/* the needles: as many as the matcher or the pattern has */
	struct needle *needle;
	uint32_t parts_left;		/* more of struct known may be kept for parts */
	uint8_t cut[2][CROSS_MOST + 1];	/* of scan_cross.c */
	struct room room, template_room;
	enum err rc;			/* of lists; what was asked is HOLDS then */
	struct why *why;
};

/* The longest run of word characters; empty: there is none. */
struct span	longest_word(struct span text);

/*
 * What is known of lists for `unit`, which is a part of the needle's text. NULL: it has no word,
 * or too much is kept already (never for all of the text or its word): every list may hold it.
 */
struct known	*known_of(struct judge *judge, struct needle *needle, struct span unit);
/* Whether some value of the list may hold known->unit. Its errors are in judge->rc. */
bool		list_holds(struct judge *judge, struct known *known, uint32_t list);

/*
 * Whether the needle may lie over an edge of a slot of the template: in values and the octets
 * between them, or in two pieces with an empty value in between. It has at most CROSS_MOST octets.
 */
bool		cross_holds(struct judge *judge, struct needle *needle);

#endif
