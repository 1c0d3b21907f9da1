/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Filters that look like functions: in (...), range[...), i(...) and
 * the rest. One row of the table for each.
 */
#include "query/parse_int.h"

#include <math.h>

#include "base/fold.h"
#include "query/value.h"

#define TOKEN_STOP	", ( ) [ ] |"

/* A function's arguments, exactly `want` of them. */
static enum err
arguments(struct parse *parse, const char *name, uint32_t want, const struct span **ret_value)
{
	uint32_t column = parse->lex.now.column, n = 0;
	enum err rc = values_parse(parse, ret_value, &n);

	if (rc == OK && n != want)
		return why_set(parse->why, ERR_FORMAT, "column %u: %s() takes %u value%s, not %u",
		    column, name, want, want == 1 ? "" : "s", n);
	return rc;
}

/* ---- the functions ---- */

static enum err
any_case_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	enum filter_op op = FILTER_CASE_PHRASE;
	struct span text;
	enum err rc;

	lex_next(&parse->lex);
	rc = argument_parse(parse, &text);
	if (rc != OK)
		return rc;
	if (star_take(&parse->lex))
		op = text.n > 0 ? FILTER_CASE_PREFIX : FILTER_ANY;
	if (!lex_take(&parse->lex, ")"))
		return lex_refuse(&parse->lex, parse->why, "missing ')' after i(");
	return filter_leaf(parse, op, field, text, ret_filter);
}

static enum err
exact_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	enum filter_op op = FILTER_EXACT;
	struct span text;
	enum err rc;

	lex_next(&parse->lex);
	rc = argument_parse(parse, &text);
	if (rc != OK)
		return rc;
	if (star_take(&parse->lex))
		op = FILTER_EXACT_PREFIX;
	if (!lex_take(&parse->lex, ")"))
		return lex_refuse(&parse->lex, parse->why, "missing ')' after exact(");
	return filter_leaf(parse, op, field, text, ret_filter);
}

enum err
filter_regex(struct parse *parse, struct span field, struct span text, struct filter **ret_filter)
{
	if (text.n == 0 || span_is(text, ".*"))
		return filter_leaf(parse, FILTER_ALL, field, SPAN(""), ret_filter);
	if (span_is(text, ".+"))
		return filter_leaf(parse, FILTER_ANY, field, SPAN(""), ret_filter);
	return filter_leaf(parse, FILTER_REGEX, field, text, ret_filter);
}

static enum err
re_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	const struct span *value;
	enum err rc = arguments(parse, "re", 1, &value);

	return rc == OK ? filter_regex(parse, field, value[0], ret_filter) : rc;
}

/* The last pipe tells which field's values are meant: one field of `fields` or `uniq by`. */
static enum err
subquery_field(struct parse *parse, struct subquery *sub)
{
	const struct pipe *last = sub->ast.npipe > 0 ? sub->ast.pipe[sub->ast.npipe - 1] : NULL;

	if (last == NULL || (last->op != PIPE_FIELDS && last->op != PIPE_UNIQ) ||
	    last->names.n != 1 || last->names.v[0].prefix)
		return lex_refuse(&parse->lex, parse->why,
		    "a query in parentheses must end with `| fields NAME` or `| uniq by (NAME)`");
	sub->field = last->names.v[0].text;
	return OK;
}

static enum err
subquery_parse(struct parse *parse, struct filter *filter)
{
	struct subquery *sub = arena_zalloc(parse->arena, 1, sizeof *sub);
	enum err rc;

	lex_next(&parse->lex);
	rc = depth_enter(parse);
	if (rc == OK)
		rc = ast_parse(parse, &sub->ast);
	parse->depth--;
	if (rc != OK)
		return rc;
	if (!lex_take(&parse->lex, ")"))
		return lex_refuse(&parse->lex, parse->why, "missing ')'");
	if (sub->ast.npipe == 0 && sub->ast.filter->op == FILTER_ALL) {
		filter->op = FILTER_ALL;
		return OK;
	}
	filter->sub = sub;
	sub->owner = filter;
	sub->next = parse->subqueries;
	parse->subqueries = sub;
	return subquery_field(parse, sub);
}

/* in ( value, ... ) / in ( query ): what does not read as values is a query. */
enum err
list_parse(struct parse *parse, enum filter_op op, struct span field, struct filter **ret_filter)
{
	struct lex before = parse->lex;
	struct why first = { "" };
	struct why *why = parse->why;
	struct filter *filter = filter_new(parse, op, field);
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	*ret_filter = filter;
	parse->why = &first;
	rc = values_parse(parse, &filter->value, &filter->nvalue);
	parse->why = why;
	if (rc != OK) {
		parse->lex = before;
		rc = subquery_parse(parse, filter);
		filter->value = NULL;
		filter->nvalue = 0;
	} else if (filter->nvalue == 1 && span_is(filter->value[0], "*")) {
		filter->op = FILTER_ALL;
	}
	filter->fold = op != FILTER_IN && filter_wants_fold(parse, filter);
	return rc;
}

static enum err
in_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	return list_parse(parse, FILTER_IN, field, ret_filter);
}

static enum err
contains_all_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	return list_parse(parse, FILTER_CONTAINS_ALL, field, ret_filter);
}

static enum err
contains_any_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	return list_parse(parse, FILTER_CONTAINS_ANY, field, ret_filter);
}

static enum err
seq_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, FILTER_SEQ, field);
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	rc = values_parse(parse, &filter->value, &filter->nvalue);
	filter->fold = rc == OK && filter_wants_fold(parse, filter);
	*ret_filter = filter;
	return rc;
}

static enum err
ipv4_range_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, FILTER_IPV4_RANGE, field);
	const struct span *value = NULL;
	uint32_t low = 0, high = 0, n = 0;
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	rc = values_parse(parse, &value, &n);
	if (rc != OK)
		return rc;
	if (!(n == 1 && value_ipv4_net(value[0], &low, &high)) &&
	    !(n == 2 && value_ipv4(value[0], &low) && value_ipv4(value[1], &high)))
		return why_set(parse->why, ERR_FORMAT, "column %u: ipv4_range() takes an address, "
		    "a net like 10.0.0.0/8, or two addresses", filter->column);
	filter->from = low;
	filter->to = high;
	filter->value = value;
	filter->nvalue = n;
	*ret_filter = filter;
	return OK;
}

static enum err
string_range_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	enum err rc = filter_leaf(parse, FILTER_STRING_RANGE, field, SPAN(""), ret_filter);

	if (rc != OK)
		return rc;
	(*ret_filter)->nvalue = 2;
	return arguments(parse, "string_range", 2, &(*ret_filter)->value);
}

static enum err
len_range_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, FILTER_LEN_RANGE, field);
	uint64_t from, to;
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	rc = arguments(parse, "len_range", 2, &filter->value);
	if (rc != OK)
		return rc;
	filter->nvalue = 2;
	if (!value_count(filter->value[0], &from) || !value_count(filter->value[1], &to))
		return why_set(parse->why, ERR_FORMAT, "column %u: len_range() takes two whole "
		    "numbers or inf", filter->column);
	filter->from = from > INT64_MAX ? INT64_MAX : (int64_t)from;
	filter->to = to > INT64_MAX ? INT64_MAX : (int64_t)to;
	*ret_filter = filter;
	return OK;
}

static enum err
other_field_parse(struct parse *parse, enum filter_op op, const char *name, struct span field,
    struct filter **ret_filter)
{
	const struct span *value;
	enum err rc = arguments(parse, name, 1, &value);

	return rc == OK ? filter_leaf(parse, op, field, value[0], ret_filter) : rc;
}

static enum err
eq_field_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	return other_field_parse(parse, FILTER_EQ_FIELD, "eq_field", field, ret_filter);
}

static enum err
le_field_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	return other_field_parse(parse, FILTER_LE_FIELD, "le_field", field, ret_filter);
}

static enum err
lt_field_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	return other_field_parse(parse, FILTER_LT_FIELD, "lt_field", field, ret_filter);
}

static enum err
value_type_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	(void)field, (void)ret_filter;
	return why_set(parse->why, ERR_FORMAT, "column %u: value_type() asks for VictoriaLogs' "
	    "storage types, which this store does not have; leave it out", parse->lex.now.column);
}

/* One bound of range(): sets the number and its text as it stands. */
static enum err
bound_parse(struct parse *parse, double *ret_v, struct span *ret_text)
{
	uint32_t column = parse->lex.now.column;
	enum err rc = lex_compound(&parse->lex, TOKEN_STOP, "missing number", ret_text, parse->why);

	if (rc != OK)
		return rc;
	if (!value_number(*ret_text, ret_v))
		return lex_refuse_text(parse->why, column, *ret_text, "is no number");
	*ret_text = shown_value(parse, *ret_text);
	return OK;
}

struct span
shown_join(struct parse *parse, const char *open, struct span low, const char *comma,
    struct span high, const char *close)
{
	struct buf text = { 0 };
	struct span kept;

	buf_str(&text, open);
	buf_span_put(&text, low);
	buf_str(&text, comma);
	buf_span_put(&text, high);
	buf_str(&text, close);
	kept = arena_dup(parse->arena, buf_span(&text));
	buf_done(&text);
	return kept;
}

struct span
shown_value(struct parse *parse, struct span text)
{
	struct buf quoted = { 0 };
	struct span kept;

	for (size_t i = 0; i < text.n; i++)
		if (!ascii_is_word(text.p[i]) && (text.p[i] == 0 ||
		    strchr(".:+-/", text.p[i]) == NULL)) {
			quoted_print(&quoted, text);
			break;
		}
	kept = quoted.n > 0 ? arena_dup(parse->arena, buf_span(&quoted)) :
	    text.n > 0 ? text : SPAN("\"\"");
	buf_done(&quoted);
	return kept;
}

/* range ( "(" / "[" ) low "," high ( ")" / "]" ) */
static enum err
range_parse(struct parse *parse, struct span field, struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, FILTER_RANGE, field);
	struct lex *lex = &parse->lex;
	struct span low, high;
	bool from, to;
	enum err rc;

	if (filter == NULL)
		return ERR_LIMIT;
	from = lex_is(lex, "[");
	lex_next(lex);
	rc = bound_parse(parse, &filter->low, &low);
	if (rc != OK)
		return rc;
	if (!lex_take(lex, ","))
		return lex_refuse(lex, parse->why, "missing ',' in range()");
	rc = bound_parse(parse, &filter->high, &high);
	if (rc != OK)
		return rc;
	to = lex_is(lex, "]");
	if (!to && !lex_is(lex, ")"))
		return lex_refuse(lex, parse->why, "missing ')' or ']' in range()");
	lex_next(lex);
	if (!from && !isinf(filter->low))
		filter->low = nextafter(filter->low, (double)INFINITY);
	if (!to && !isinf(filter->high))
		filter->high = nextafter(filter->high, -(double)INFINITY);
	filter->shown = shown_join(parse, from ? "range[" : "range(", low, ", ", high, to ? "]" :
	    ")");
	*ret_filter = filter;
	return OK;
}

/* The parser stands on the name's opening parenthesis (or bracket) when `parse` is called. */
static const struct {
	const char *name;
	filter_parse_fn *parse;
} function[] = {
	{ "contains_all", contains_all_parse },
	{ "contains_any", contains_any_parse },
	{ "eq_field", eq_field_parse },
	{ "exact", exact_parse },
	{ "i", any_case_parse },
	{ "in", in_parse },
	{ "ipv4_range", ipv4_range_parse },
	{ "le_field", le_field_parse },
	{ "len_range", len_range_parse },
	{ "lt_field", lt_field_parse },
	{ "range", range_parse },
	{ "re", re_parse },
	{ "seq", seq_parse },
	{ "string_range", string_range_parse },
	{ "value_type", value_type_parse },
};

enum err
function_parse(struct parse *parse, struct span field, bool *ret_is, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	struct lex before = *lex;

	*ret_is = false;
	if (lex->now.kind != TOKEN_WORD)
		return OK;
	for (size_t i = 0; i < sizeof function / sizeof function[0]; i++) {
		if (!lex_is(lex, function[i].name))
			continue;
		lex_next(lex);
		*ret_is = lex_is(lex, "(") ||
		    (function[i].parse == range_parse && lex_is(lex, "["));
		if (*ret_is)
			return function[i].parse(parse, field, ret_filter);
		*lex = before;
		return OK;
	}
	return OK;
}
