/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a kind of rule pack is made of: for the files that have its table. A pack is
 *
 *	struct NAME {
 *		struct rulepack_words words;	first: what each entry of any pack says
 *		...				what this kind says
 *	};
 *	struct NAME_pack {
 *		struct rulepack_head head;	first
 *		struct NAME entry[MOST];
 *		unsigned n;
 *	};
 *
 * and the rows of its entry's table are RULEPACK_KEYS and its own. A pack of several lists has a
 * kind for each of them, joined by `next`.
 */
#ifndef ROLE_RULEPACK_INT_H
#define ROLE_RULEPACK_INT_H

#include "role/keys.h"
#include "role/rulepack.h"

/* For tables: a text of struct s; the rows of the words, titled: a title is required. */
#define RULEPACK_FIELD(s, f)	.type = KEY_TEXT, .at = offsetof(struct s, f), \
	.max = (int64_t)sizeof(((struct s *)0)->f)
#define RULEPACK_KEYS(titled)	\
	{ .type = KEY_LINE, .at = offsetof(struct rulepack_words, line) }, \
	{ .name = "name", RULEPACK_FIELD(rulepack_words, name), .required = true }, \
	{ .name = "title", RULEPACK_FIELD(rulepack_words, title), .required = (titled) }, \
	{ .name = "law", RULEPACK_FIELD(rulepack_words, law), .required = true }, \
	{ .name = "article", RULEPACK_FIELD(rulepack_words, article), .required = true }, \
	{ .name = "effective", RULEPACK_FIELD(rulepack_words, effective), .required = true }, \
	{ .name = "source", RULEPACK_FIELD(rulepack_words, source), .required = true }, \
	{ .name = "status", .type = KEY_CHOICE, .at = offsetof(struct rulepack_words, status), \
	    .choice = "to-confirm,confirmed", .required = true }, \
	{ .name = "checked", RULEPACK_FIELD(rulepack_words, checked) }, \
	{ .name = "note", RULEPACK_FIELD(rulepack_words, note) }

/* What no single key can tell of an entry: NULL, or what is to be mended. May fill in the rest. */
typedef const char *rulepack_check_fn(void *entry);

/* What only the whole pack tells; ERR_FORMAT as rulepack_parse() has it. */
typedef enum err rulepack_whole_fn(const void *pack, struct why *why);

struct rulepack_kind {
	size_t bytes;			/* of the pack's struct */
	struct key list;		/* KEY_LIST: the entries' row in the pack's table */
	const struct span *own;		/* the one inside of the program: packs.h */
	rulepack_check_fn *check;	/* NULL: the words are all */
	rulepack_whole_fn *whole;	/* of the first; NULL: the entries are all */
	const struct rulepack_kind *next;	/* of the same pack; NULL: this is all */
};

#endif
