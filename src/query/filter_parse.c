/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. The filters of LogsQL ("Filters" of its documentation), but for
 * _time and streams (time_parse.c, stream_parse.c). NOT binds closest, then AND (which may be
 * left out), then OR. A field's name reaches into the parentheses behind it.
 */
#include "query/parse_int.h"

#include <math.h>

#include "base/fold.h"
#include "base/limits.h"
#include "query/value.h"

#define PHRASE_STOP	"* , ( ) [ ] |"
#define TOKEN_STOP	", ( ) [ ] |"

static enum err	one_parse(struct parse *parse, struct span field, struct filter **ret_filter);
static enum err	or_parse(struct parse *parse, struct span field, struct filter **ret_filter);

void *
list_add(struct parse *parse, struct list *list, size_t size)
{
	uint8_t *at;

	if (list->n == list->cap) {
		void *old = list->v;

		list->cap = list->cap == 0 ? 4 : list->cap * 2;
		list->v = arena_alloc(parse->arena, list->cap * size);
		if (list->n > 0)
			memcpy(list->v, old, list->n * size);
	}
	at = (uint8_t *)list->v + list->n++ * size;
	memset(at, 0, size);
	return at;
}

struct filter *
filter_new(struct parse *parse, enum filter_op op, struct span field)
{
	struct filter *filter;

	if (parse->nfilter == LIMIT_QUERY_FILTERS) {
		(void)why_set(parse->why, ERR_LIMIT, "the query has more than %u filters; use "
		    "in (...) for long lists", (unsigned)LIMIT_QUERY_FILTERS);
		return NULL;
	}
	filter = arena_zalloc(parse->arena, 1, sizeof *filter);
	filter->op = op;
	filter->field = field.n > 0 ? field : SPAN("_msg");
	filter->column = parse->lex.now.column;
	filter->index = parse->nfilter++;
	return filter;
}

enum err
depth_enter(struct parse *parse)
{
	if (++parse->depth > LIMIT_QUERY_DEPTH)
		return why_set(parse->why, ERR_LIMIT, "column %u: more than %u levels of "
		    "parentheses or "
		    "NOT; write it flatter", parse->lex.now.column, (unsigned)LIMIT_QUERY_DEPTH);
	return OK;
}

/* Without case and diacritics when the query's own words have none (query.h, QUERY_FOLDED). */
bool
filter_wants_fold(const struct parse *parse, const struct filter *filter)
{
	if (parse->options->words != QUERY_FOLDED)
		return false;
	for (uint32_t i = 0; i < filter->nvalue; i++)
		if (!fold_is_folded(filter->value[i]))
			return false;
	return fold_is_folded(filter->text);
}

enum err
filter_leaf(struct parse *parse, enum filter_op op, struct span field, struct span text,
    struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, op, field);

	if (filter == NULL)
		return ERR_LIMIT;
	filter->text = text;
	if (op == FILTER_PHRASE || op == FILTER_PREFIX || op == FILTER_SUBSTRING)
		filter->fold = filter_wants_fold(parse, filter);
	if (op == FILTER_PREFIX && text.n == 0)
		filter->op = FILTER_ANY;
	*ret_filter = filter;
	return OK;
}

enum err
filter_negate(struct parse *parse, struct filter *inner, struct filter **ret_filter)
{
	struct filter *filter;

	if (inner->op == FILTER_NOT) {
		*ret_filter = inner->child[0];
		return OK;
	}
	filter = filter_new(parse, FILTER_NOT, inner->field);
	if (filter == NULL)
		return ERR_LIMIT;
	filter->child = arena_alloc(parse->arena, sizeof *filter->child);
	filter->child[0] = inner;
	filter->nchild = 1;
	*ret_filter = filter;
	return OK;
}

enum err
filter_join(struct parse *parse, enum filter_op op, struct list *list, struct filter **ret_filter)
{
	struct filter **child = list->v;

	if (list->n > 1) {
		struct filter *filter = filter_new(parse, op, child[0]->field);

		if (filter == NULL)
			return ERR_LIMIT;
		filter->child = child;
		filter->nchild = list->n;
		*ret_filter = filter;
	} else {
		*ret_filter = child[0];
	}
	return OK;
}

static bool
at_end(const struct parse *parse)
{
	return parse->lex.now.kind == TOKEN_END || lex_is_any(&parse->lex, "| )");
}

static enum err
and_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct list list = { 0 };
	enum err rc;

	for (;;) {
		struct filter *one = NULL;

		rc = one_parse(parse, field, &one);
		if (rc != OK)
			return rc;
		*(struct filter **)list_add(parse, &list, sizeof one) = one;
		if (at_end(parse) || lex_is(&parse->lex, "or"))
			return filter_join(parse, FILTER_AND, &list, ret_filter);
		if (lex_take(&parse->lex, "and") && at_end(parse))
			return lex_refuse(&parse->lex, parse->why, "missing filter after AND");
	}
}

static enum err
or_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct list list = { 0 };
	enum err rc;

	for (;;) {
		struct filter *one = NULL;

		rc = and_parse(parse, field, &one);
		if (rc != OK)
			return rc;
		*(struct filter **)list_add(parse, &list, sizeof one) = one;
		if (!lex_take(&parse->lex, "or"))
			return filter_join(parse, FILTER_OR, &list, ret_filter);
		if (at_end(parse))
			return lex_refuse(&parse->lex, parse->why, "missing filter after OR");
	}
}

static enum err
parens_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	enum err rc;

	lex_next(lex);
	rc = depth_enter(parse);
	if (rc == OK)
		rc = or_parse(parse, field, ret_filter);
	parse->depth--;
	if (rc != OK)
		return rc;
	if (!lex_take(lex, ")"))
		return lex_refuse(lex, parse->why, "missing ')'");
	return OK;
}

static enum err
not_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *inner = NULL;
	enum err rc;

	lex_next(&parse->lex);
	if (at_end(parse))
		return lex_refuse(&parse->lex, parse->why, "missing filter after NOT");
	rc = depth_enter(parse);
	if (rc == OK)
		rc = one_parse(parse, field, &inner);
	parse->depth--;
	return rc == OK ? filter_negate(parse, inner, ret_filter) : rc;
}

/* The argument of a function or of `=`: compound token, may be followed by `*` (not taken). */
enum err
argument_parse(struct parse *parse, struct span *ret_text)
{
	struct lex *lex = &parse->lex;

	if (lex_is(lex, "*")) {
		*ret_text = (struct span){ 0 };
		return OK;
	}
	return lex_compound(lex, "* , ( ) |", "missing value", ret_text, parse->why);
}

/* Takes a `*` that stands right behind the token before it. */
bool
star_take(struct lex *lex)
{
	if (!lex_is(lex, "*") || lex->now.space)
		return false;
	lex_next(lex);
	return true;
}

enum err
values_parse(struct parse *parse, const struct span **ret_value, uint32_t *ret_n)
{
	struct lex *lex = &parse->lex;
	struct list list = { 0 };
	enum err rc;

	if (!lex_take(lex, "("))
		return lex_refuse(lex, parse->why, "missing '('");
	while (!lex_is(lex, ")")) {
		struct span text;

		if (lex_is_any(lex, ", ( |") || lex->now.kind == TOKEN_END)
			return lex_refuse(lex, parse->why, "missing value or ')'");
		rc = argument_parse(parse, &text);
		if (rc != OK)
			return rc;
		if (lex_is(lex, "*")) {
			if (text.n > 0)
				return lex_refuse(lex, parse->why,
				    "a list of values has no prefixes");
			text = lex->now.text;
			lex_next(lex);
		}
		*(struct span *)list_add(parse, &list, sizeof text) = text;
		if (!lex_take(lex, ",") && !lex_is(lex, ")"))
			return lex_refuse(lex, parse->why, "missing ',' or ')'");
	}
	lex_next(lex);
	*ret_value = list.v;
	*ret_n = list.n;
	return OK;
}

/* ---- what begins with a sign ---- */

static enum err
equal_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct span text = { 0 };
	enum err rc;

	lex_next(&parse->lex);
	rc = argument_parse(parse, &text);
	if (rc != OK)
		return rc;
	return filter_leaf(parse, star_take(&parse->lex) ? FILTER_EXACT_PREFIX : FILTER_EXACT,
	    field, text,
	    ret_filter);
}

static enum err
not_equal_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *inner = NULL;
	enum err rc = equal_parse(parse, field, &inner);

	return rc == OK ? filter_negate(parse, inner, ret_filter) : rc;
}

static enum err
tilde_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct span text;
	uint32_t column;
	enum err rc;

	lex_next(&parse->lex);
	column = parse->lex.now.column;
	rc = lex_compound(&parse->lex, TOKEN_STOP, "missing regular expression", &text, parse->why);
	if (rc == OK)
		rc = filter_regex(parse, field, text, ret_filter);
	if (rc == OK)
		(*ret_filter)->column = column;
	return rc;
}

static enum err
not_tilde_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *inner = NULL;
	enum err rc = tilde_parse(parse, field, &inner);

	return rc == OK ? filter_negate(parse, inner, ret_filter) : rc;
}

/* A text just behind `text` in byte order: what is > text is >= this. */
static struct span
just_behind(struct parse *parse, struct span text)
{
	uint8_t *at = arena_alloc(parse->arena, text.n + 1);

	if (text.n > 0)
		memcpy(at, text.p, text.n);
	at[text.n] = 0;
	return span_of(at, text.n + 1);
}

/* ( ">" / ">=" / "<" / "<=" ) number or text */
static enum err
compare_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	bool greater = lex_is(lex, ">"), equal;
	struct filter *filter = filter_new(parse, FILTER_RANGE, field);
	struct span text, *bound;
	double v;
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	lex_next(lex);
	equal = !lex->now.space && lex_take(lex, "=");
	rc = lex_compound(lex, TOKEN_STOP, "missing value to compare with", &text, parse->why);
	if (rc != OK)
		return rc;
	filter->shown = shown_join(parse, greater ? (equal ? ">=" : ">") : (equal ? "<=" : "<"),
	    shown_value(parse, text), "", SPAN(""), "");
	filter->text = text;
	*ret_filter = filter;
	if (value_number(text, &v)) {
		filter->low = greater ? v : -(double)INFINITY;
		filter->high = greater ? (double)INFINITY : v;
		if (!equal && greater)
			filter->low = nextafter(v, (double)INFINITY);
		if (!equal && !greater)
			filter->high = nextafter(v, -(double)INFINITY);
		return OK;
	}
	filter->op = FILTER_STRING_RANGE;
	bound = arena_zalloc(parse->arena, 2, sizeof *bound);
	bound[greater ? 0 : 1] = greater != equal ? just_behind(parse, text) : text;
	filter->value = bound;
	filter->nvalue = greater ? 1 : 2;
	return OK;
}

/* "*" / "*text*" */
static enum err
star_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	struct span text;
	enum err rc;

	lex_next(lex);
	if (lex->now.space || at_end(parse) || lex_is_any(lex, ", ( ) [ ]"))
		return filter_leaf(parse, field.n > 0 ? FILTER_ANY : FILTER_ALL, field, SPAN(""),
		    ret_filter);
	if (lex_is(lex, ":"))
		return lex_refuse(lex, parse->why, "'*' is no field name");
	rc = lex_compound(lex, PHRASE_STOP, "missing text behind '*'", &text, parse->why);
	if (rc != OK)
		return rc;
	if (!star_take(lex))
		return lex_refuse(lex, parse->why,
		    "missing '*' behind the text: *text* finds it anywhere, text* at a word's "
		    "start");
	return filter_leaf(parse, FILTER_SUBSTRING, field, text, ret_filter);
}

static const struct {
	const char *sign;
	filter_parse_fn *parse;
} sign[] = {
	{ "(", parens_parse }, { "*", star_parse }, { ">", compare_parse }, { "<", compare_parse },
	{ "=", equal_parse }, { "!=", not_equal_parse }, { "~", tilde_parse },
	{ "=~", tilde_parse }, { "!~", not_tilde_parse }, { "!", not_parse }, { "-", not_parse },
	{ "not", not_parse },
};

/* ---- words ---- */

static enum err
stream_id_parse(struct parse *parse, struct filter **ret_filter)
{
	struct span text;
	enum err rc;

	if (lex_is(&parse->lex, "in")) {
		lex_next(&parse->lex);
		return list_parse(parse, FILTER_IN, SPAN("_stream_id"), ret_filter);
	}
	(void)lex_take(&parse->lex, "=");
	if (lex_is(&parse->lex, "*"))
		return star_parse(parse, SPAN("_stream_id"), ret_filter);
	rc = lex_compound(&parse->lex, TOKEN_STOP, "missing stream id", &text, parse->why);
	return rc == OK ? filter_leaf(parse, FILTER_EXACT, SPAN("_stream_id"), text, ret_filter) :
	    rc;
}

/* What follows `name:`. */
static enum err
field_parse(struct parse *parse, struct span name, struct filter **ret_filter)
{
	if (parse->lex.now.kind == TOKEN_END || at_end(parse))
		return lex_refuse(&parse->lex, parse->why, "missing filter after the field's name");
	if (span_is(name, "_time"))
		return time_parse(parse, ret_filter);
	if (span_is(name, "_stream_id"))
		return stream_id_parse(parse, ret_filter);
	if (span_is(name, "_stream") && lex_is(&parse->lex, "{"))
		return stream_parse(parse, ret_filter);
	return one_parse(parse, name.n > 0 ? name : SPAN("_msg"), ret_filter);
}

static enum err
word_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	struct token first = lex->now;
	struct span text;
	enum err rc = lex_compound(lex, field.n > 0 ? PHRASE_STOP : PHRASE_STOP " :",
	    "missing filter", &text, parse->why);

	if (rc != OK)
		return rc;
	if (field.n == 0 && lex_is(lex, ":")) {
		if (text.n > LIMIT_NAME_BYTES)
			return why_set(parse->why, ERR_LIMIT,
			    "column %u: the field name is longer than "
			    "%u octets", first.column, (unsigned)LIMIT_NAME_BYTES);
		lex_next(lex);
		return field_parse(parse, text, ret_filter);
	}
	if (lex_is(lex, "(") && !lex->now.space && first.kind == TOKEN_WORD)
		return lex_refuse_text(parse->why, first.column, text, "is no filter; there are "
		    "contains_all, contains_any, eq_field, exact, i, in, ipv4_range, le_field, "
		    "len_range, "
		    "lt_field, range, re, seq and string_range");
	rc = filter_leaf(parse, star_take(lex) ? FILTER_PREFIX : FILTER_PHRASE, field, text,
	    ret_filter);
	if (rc == OK)
		(*ret_filter)->column = first.column;
	if (rc == OK && lex_is(lex, ":"))
		return lex_refuse(lex, parse->why, "a field name cannot have a '*'");
	return rc;
}

static enum err
one_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	bool is;
	enum err rc;

	while (lex_is(lex, ":")) {
		lex_next(lex);
		field = field.n > 0 ? field : SPAN("_msg");
	}
	if (lex_is(lex, "{")) {
		if (field.n > 0 && !span_is(field, "_stream"))
			return lex_refuse(lex, parse->why, "{...} belongs to _stream, not to "
			    "another field");
		return stream_parse(parse, ret_filter);
	}
	if (lex_is_any(lex, "and or"))
		return lex_refuse(lex, parse->why, "missing filter; quote the word to search for "
		    "it");
	if (lex->now.kind == TOKEN_END || lex_is_any(lex, ", ) [ ] |"))
		return lex_refuse(lex, parse->why, "missing filter");
	for (size_t i = 0; i < sizeof sign / sizeof sign[0]; i++)
		if (lex_is(lex, sign[i].sign))
			return sign[i].parse(parse, field, ret_filter);
	rc = function_parse(parse, field, &is, ret_filter);
	return is || rc != OK ? rc : word_parse(parse, field, ret_filter);
}

enum err
filter_parse(struct parse *parse, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;

	if (at_end(parse))
		return lex_refuse(lex, parse->why, "missing filter; write '*' for every row");
	if (lex->now.kind == TOKEN_WORD && is_pipe_name(lex->now.text))
		return lex_refuse(lex, parse->why, "a query begins with a filter ('*' is every "
		    "row), "
		    "not with the name of a pipe; quote the word to search for it");
	return or_parse(parse, (struct span){ 0 }, ret_filter);
}
