/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Forms of papers, doc/formats/form.md: a document of paper/read.h with {{name}} where a value
 * goes and blocks that are repeated, and in front of it what the form is, which law asks for it and
 * which values it takes. Values come as a text of lines, NAME, a tab, VALUE. What has no value is
 * printed as dots for the hand; a name that the form does not declare is an error, in the form and
 * among the values.
 */
#ifndef PAPER_PAPERFORM_H
#define PAPER_PAPERFORM_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	PAPERFORM_BYTES_MAX = 256 << 10,/* a form; ours have 4 KB */
	PAPERFORM_VALUES_MAX = 4 << 20,	/* values of one paper: a month's shift book */
	PAPERFORM_FIELDS_MAX = 200,
	PAPERFORM_BLOCKS_MAX = 20,
	PAPERFORM_TIMES_MAX = 20000,		/* blocks of one paper */
	PAPERFORM_NAME_BYTES = 40,
};

struct paperform_field {
	const char *name;
	struct span label;		/* what a person is asked for */
	unsigned block;			/* of its block, from 1; 0: of the whole paper */
};

struct paperform_block {
	const char *name;
	struct span label;
	uint32_t blank;			/* how often it is printed empty when it has no values */
	struct span text;		/* its lines */
};

struct paperform {
	struct span title, law, source;
	struct span status;		/* who gave the form out, in words */
	bool official;			/* the law or its body has it so */
	/* What of the desk fills it, "incident"; empty: nothing. */
	struct span about;
	size_t nfield, nblock;
	const struct paperform_field *field;
	const struct paperform_block *block;
	struct span document;
};

/*
 * Everything in *ret is in the arena or in text. ERR_FORMAT: "line 7: ..."; ERR_LIMIT; ERR_DENIED:
 * the form says that what it is for is a state secret.
 */
enum err	paperform_read(struct span text, struct arena *arena, struct paperform *ret,
		    struct why *why);
/*
 * Appends the document. ERR_FORMAT, ERR_LIMIT: the values' line is named. ERR_DENIED: a cell of it
 * is a mark of secrecy (paper/secret.h).
 */
enum err	paperform_fill(struct buf *out, const struct paperform *form,
		    struct span values, struct arena *arena, struct why *why);
/* Appends values that are all empty, each behind its label: for a person to fill in. */
void		paperform_ask(struct buf *out, const struct paperform *form);

#endif
