/* SPDX-License-Identifier: Apache-2.0 */
/*
 * LogsQL text into tokens. A token is a run of word characters and dots, a quoted string, an
 * operator of two characters (=~ !~ !=) or one character. Whether white space stood before it is
 * kept: `foo*` is a prefix, `foo *` is not. The lexer never fails; what it cannot read is a token
 * of kind TOKEN_BAD with the sentence in `bad`. Spans point into the text or the arena.
 */
#ifndef QUERY_LEX_H
#define QUERY_LEX_H

#include "base/arena.h"
#include "base/err.h"
#include "base/span.h"

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_QUOTED,
	TOKEN_SIGN,		/* one character or a two-character operator */
	TOKEN_BAD,
};

struct token {
	enum token_kind kind;
	bool space;		/* white space or a comment before it */
	struct span text;	/* without quotes and escapes */
	struct span raw;	/* as it stands in the query */
	uint32_t column;	/* from 1, in code points */
	const char *bad;	/* what is wrong with it, and what to do */
};

struct lex {
	struct span text;
	size_t at;		/* behind the current token */
	uint32_t column;	/* of `at` */
	struct token now;
	struct token last;	/* the one before */
	struct arena *arena;
};

/* The first token is current afterwards. */
void	lex_init(struct lex *lex, struct span text, struct arena *arena);
void	lex_next(struct lex *lex);
/* The current token is this unquoted word (any case) or sign. */
bool	lex_is(const struct lex *lex, const char *word);
/* The same for one of a list of words separated by one space. */
bool	lex_is_any(const struct lex *lex, const char *words);
/* lex_is and, if so, lex_next. */
bool	lex_take(struct lex *lex, const char *word);
/*
 * Joins the current token and what follows it without white space until a token in `stop` (a list
 * as in lex_is_any). A single token gives its text, several give their raw octets. ERR_FORMAT:
 * the current token cannot begin one; `what` is the sentence then ("missing field name").
 */
enum err	lex_compound(struct lex *lex, const char *stop, const char *what,
		    struct span *ret_text, struct why *why);
/* ERR_FORMAT with "column N, at 'token': WHAT". */
enum err	lex_refuse(const struct lex *lex, struct why *why, const char *what);
/* ERR_FORMAT with "column N: 'text' WHAT". */
enum err	lex_refuse_text(struct why *why, uint32_t column, struct span text,
		    const char *what);

#endif
