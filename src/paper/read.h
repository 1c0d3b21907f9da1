/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document for print as text, doc/formats/paper.md: one item a line, its kind first, then its
 * cells behind tabs. Who writes it needs no library, a test can read it, a form of content/ can
 * hold it. No marks inside of a cell: what is in it is printed, whoever wrote it.
 */
#ifndef PAPER_READ_H
#define PAPER_READ_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum {
	PAPER_BYTES_MAX = 32 << 20,	/* a document; some 20,000 rows of a wide table */
	PAPER_ITEMS_MAX = 200000,
	PAPER_CELLS_MAX = 16,		/* columns that an A4 page can show */
	PAPER_CELL_BYTES = 64 << 10,	/* of one cell: what a page can still break */
	PAPER_LINES_MAX = 40,		/* dotted ones at once: more than a page holds */
};

enum paper_kind {
	PAPER_PAIR,			/* left, right: two centred columns, bold */
	PAPER_PAIR_RULED,		/* the same, each with a line below it */
	PAPER_TITLE,			/* centred, bold, large */
	PAPER_UNDER,			/* centred, italic: below a title */
	PAPER_HEADING,
	PAPER_TEXT,
	PAPER_NOTE,			/* small */
	PAPER_MONO,			/* equally wide letters, broken anywhere: sums, commands */
	PAPER_TABLE,			/* "WIDTH l|r|c" for each column; widths are shares */
	PAPER_HEAD,			/* of the table; repeated on each of its pages */
	PAPER_ROW,
	PAPER_SIGN,			/* left, right: who signs; room below; with 4: names */
	PAPER_SPACE,			/* millimetres */
	PAPER_PAGE,			/* the rest begins on a new page */
	PAPER_FOOT,			/* two lines, centred, small, at the foot of every page */
	PAPER_PAIR_OVER,		/* as PAIR, the left one not bold: the body above */
	PAPER_DATELINE,			/* left: number and symbol; right, italic: place and date */
	PAPER_SUBJECT,			/* centred, bold, a line below: what a paper is about */
	PAPER_INDENT,			/* a paragraph, first line moved in; kept to a sign */
	PAPER_POINT,			/* mark, text: the text stands beside its mark */
	PAPER_FIELD,			/* label, value; without a value: dots to write upon */
	PAPER_BLANK,			/* so many dotted lines to write upon */
	PAPER_SIGN_TO,			/* left: whom it goes to; the last two: signer, name */
	PAPER_DRAFT,			/* a mark in the upper margin of every page */
	PAPER_KIND_END
};

struct paper_column {
	unsigned share;			/* 1 to 100 */
	char align;			/* l, r, c */
};

struct paper_item {
	uint8_t kind;			/* enum paper_kind */
	uint8_t ncell;
	uint32_t number;		/* PAPER_SPACE: millimetres; PAPER_BLANK: lines */
	const struct span *cell;	/* UTF-8 without control characters */
	const struct paper_column *column;	/* TABLE, HEAD, ROW: ncell of them */
};

static inline bool
paper_signs(const struct paper_item *item)
{
	return item->kind == PAPER_SIGN || item->kind == PAPER_SIGN_TO;
}

struct paper {
	const char *lang;		/* "vi", "en" */
	struct span title;		/* for the file's description */
	const struct paper_item *foot;	/* NULL: none */
	const struct paper_item *draft;	/* NULL: it is none */
	size_t nitem;
	const struct paper_item *item;
};

/*
 * Everything in *ret is in the arena or in text. ERR_FORMAT: "line 7: ..."; ERR_LIMIT: one of the
 * limits above, named.
 */
enum err	paper_read(struct span text, struct arena *arena, struct paper *ret,
		    struct why *why);

#endif
