/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of the parser share: one struct parse per query text. Each takes tokens from
 * `lex` and gives nodes in `arena`. Recursion (parentheses, NOT, queries in in (...)) is bounded
 * by LIMIT_QUERY_DEPTH, counted in `depth`.
 */
#ifndef QUERY_PARSE_INT_H
#define QUERY_PARSE_INT_H

#include "query/ast.h"
#include "query/lex.h"
#include "query/query.h"

struct parse {
	struct lex lex;
	struct arena *arena;
	int64_t now_ns;
	const struct query_options *options;
	uint32_t depth;
	uint32_t nfilter;
	struct subquery *subqueries;
	struct why *why;
};

/* A list that grows in the arena; {0} is empty. */
struct list {
	void *v;
	uint32_t n, cap;
};

/* Room for one more element of `size` octets at the end, cleared. */
void		*list_add(struct parse *parse, struct list *list, size_t size);
/* Filter without pipes, to the first `|`, `)` or the end; not empty, not beginning with a pipe. */
enum err	filter_parse(struct parse *parse, struct filter **ret_filter);
/* ( value, ... ): the text of each; stops behind the `)`. */
enum err	values_parse(struct parse *parse, const struct span **ret_value, uint32_t *ret_n);
/* What follows `_time:`. */
enum err	time_parse(struct parse *parse, struct filter **ret_filter);
/* { label="x", ... or ... } */
enum err	stream_parse(struct parse *parse, struct filter **ret_filter);
/* A leaf on field (empty: _msg); NULL with why set when there are too many. */
struct filter	*filter_new(struct parse *parse, enum filter_op op, struct span field);

enum err	filter_leaf(struct parse *parse, enum filter_op op, struct span field,
		    struct span text, struct filter **ret_filter);
/* NOT inner; NOT NOT x is x. */
enum err	filter_negate(struct parse *parse, struct filter *inner,
		    struct filter **ret_filter);
/* AND or OR of a list of struct filter *; one filter stays itself. */
enum err	filter_join(struct parse *parse, enum filter_op op, struct list *list,
		    struct filter **ret_filter);
enum err	filter_regex(struct parse *parse, struct span field, struct span text,
		    struct filter **ret_filter);
/* Without case and diacritics when the query's own words have none (query.h, QUERY_FOLDED). */
bool		filter_wants_fold(const struct parse *parse, const struct filter *filter);
typedef enum err filter_parse_fn(struct parse *parse, struct span field,
		    struct filter **ret_filter);
/* *ret_is: the current word was the name of a filter function, and it was parsed. */
enum err	function_parse(struct parse *parse, struct span field, bool *ret_is,
		    struct filter **ret_filter);
/* in, contains_all, contains_any: the parser stands on the `(`. */
enum err	list_parse(struct parse *parse, enum filter_op op, struct span field,
		    struct filter **ret_filter);
/* The argument of a function or of `=`: a compound token, may be followed by `*` (not taken). */
enum err	argument_parse(struct parse *parse, struct span *ret_text);
/* Takes a `*` that stands right behind the token before it. */
bool		star_take(struct lex *lex);
/* The five parts one after the other, in the arena. */
struct span	shown_join(struct parse *parse, const char *open, struct span low,
		    const char *comma, struct span high, const char *close);

/* A number or time as it may stand in a query: in quotes when it must. */
struct span	shown_value(struct parse *parse, struct span text);

/* [ options (...) ] filter [ "|" pipe ... ] to a `)` or the end. */
enum err	ast_parse(struct parse *parse, struct ast *ast);
enum err	pipe_parse(struct parse *parse, struct pipe **ret_pipe);
/* `stats` and everything behind it; the word itself is optional. */
enum err	stats_parse(struct parse *parse, struct pipe **ret_pipe);
/* if ( filter ) */
enum err	if_parse(struct parse *parse, struct filter **ret_filter);
/* A field's name; `_msg` for the empty one. */
enum err	name_parse(struct parse *parse, struct span *ret_name);
/* name [*], separated by commas; with parentheses around them or without. */
enum err	names_parse(struct parse *parse, struct names *ret_names);
enum err	names_in_parens(struct parse *parse, struct names *ret_names);
/* A number that counts something, as the current token. */
enum err	count_parse(struct parse *parse, const char *what, uint64_t *ret_n);
enum err	depth_enter(struct parse *parse);

#endif
