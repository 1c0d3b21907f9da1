/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipes of LogsQL ("Pipes" of its documentation): what stands behind `|`. One row of the
 * table for each name; names that the language has and we do not yet are refused by name. The
 * words first and last are kinds of sort; where, keep, head ... are other names.
 */
#include "query/parse_int.h"

#include "base/limits.h"
#include "query/value.h"

#define NAME_STOP	"* : , ( ) [ ] |"

static bool
at_end(const struct lex *lex)
{
	return lex->now.kind == TOKEN_END || lex_is_any(lex, "| )");
}

enum err
name_parse(struct parse *parse, struct span *ret_name)
{
	uint32_t column = parse->lex.now.column;
	enum err rc = lex_compound(&parse->lex, NAME_STOP, "missing field name", ret_name,
	    parse->why);

	if (rc != OK)
		return rc;
	if (ret_name->n > LIMIT_NAME_BYTES)
		return why_set(parse->why, ERR_LIMIT, "column %u: the field name is longer than %u "
		    "octets", column, (unsigned)LIMIT_NAME_BYTES);
	if (ret_name->n == 0)
		*ret_name = SPAN("_msg");
	return OK;
}

/* name [ "*" ] / "*" */
static enum err
pattern_parse(struct parse *parse, struct name *ret_name)
{
	enum err rc = OK;

	*ret_name = (struct name){ 0 };
	if (!lex_is(&parse->lex, "*"))
		rc = name_parse(parse, &ret_name->text);
	if (rc == OK && lex_is(&parse->lex, "*") &&
	    (ret_name->text.n == 0 || !parse->lex.now.space)) {
		lex_next(&parse->lex);
		ret_name->prefix = true;
	}
	return rc;
}

static enum err
names_add(struct parse *parse, struct list *list, const struct name *name)
{
	if (list->n == LIMIT_QUERY_NAMES)
		return why_set(parse->why, ERR_LIMIT, "column %u: more than %u fields",
		    parse->lex.now.column, (unsigned)LIMIT_QUERY_NAMES);
	*(struct name *)list_add(parse, list, sizeof *name) = *name;
	return OK;
}

static void
names_set(struct names *names, const struct list *list)
{
	names->v = list->v;
	names->n = list->n;
}

static enum err
names_until(struct parse *parse, const char *end, bool sort_keys, struct names *ret_names)
{
	struct lex *lex = &parse->lex;
	struct list list = { 0 };
	struct name name;
	enum err rc;

	while (end == NULL || !lex_is(lex, end)) {
		rc = pattern_parse(parse, &name);
		if (rc != OK)
			return rc;
		if (sort_keys && !lex_take(lex, "asc"))
			name.desc = lex_take(lex, "desc");
		rc = names_add(parse, &list, &name);
		if (rc != OK)
			return rc;
		if (lex_take(lex, ","))
			continue;
		if (end == NULL)
			break;
		if (!lex_is(lex, end))
			return lex_refuse(lex, parse->why, "missing ',' or ')'");
	}
	names_set(ret_names, &list);
	return OK;
}

enum err
names_parse(struct parse *parse, struct names *ret_names)
{
	if (lex_is(&parse->lex, "("))
		return names_in_parens(parse, ret_names);
	return names_until(parse, NULL, false, ret_names);
}

static enum err
parens(struct parse *parse, bool sort_keys, struct names *ret_names)
{
	enum err rc;

	if (!lex_take(&parse->lex, "("))
		return lex_refuse(&parse->lex, parse->why, "missing '('");
	rc = names_until(parse, ")", sort_keys, ret_names);
	if (rc == OK)
		lex_next(&parse->lex);
	return rc;
}

enum err
names_in_parens(struct parse *parse, struct names *ret_names)
{
	return parens(parse, false, ret_names);
}

/* [ "by" ] ( names ); none of them may be a prefix. */
static enum err
by_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	uint32_t column;
	enum err rc;

	(void)lex_take(lex, "by");
	column = lex->now.column;
	if (at_end(lex) || lex_is_any(lex, "hits rank with limit"))
		return lex_refuse(lex, parse->why, "missing fields; write by (field, ...)");
	rc = names_parse(parse, &pipe->names);
	for (uint32_t i = 0; rc == OK && i < pipe->names.n; i++)
		if (pipe->names.v[i].prefix)
			rc = why_set(parse->why, ERR_FORMAT, "column %u: by (...) takes whole "
			    "names, "
			    "no 'name*'", column);
	if (rc == OK && pipe->names.n == 0)
		rc = why_set(parse->why, ERR_FORMAT, "column %u: by () names no field", column);
	return rc;
}

enum err
count_parse(struct parse *parse, const char *what, uint64_t *ret_n)
{
	uint32_t column = parse->lex.now.column;
	struct span text;
	enum err rc = lex_compound(&parse->lex, ", ( ) [ ] |", what, &text, parse->why);

	if (rc == OK && !value_count(text, ret_n))
		rc = lex_refuse_text(parse->why, column, text, "is no whole number");
	return rc;
}

enum err
if_parse(struct parse *parse, struct filter **ret_filter)
{
	struct lex *lex = &parse->lex;
	enum err rc;

	lex_next(lex);
	if (!lex_take(lex, "("))
		return lex_refuse(lex, parse->why, "missing '(' behind if");
	rc = depth_enter(parse);
	if (rc == OK)
		rc = filter_parse(parse, ret_filter);
	parse->depth--;
	if (rc == OK && !lex_take(lex, ")"))
		rc = lex_refuse(lex, parse->why, "missing ')' behind if (");
	return rc;
}

/* ---- one function per pipe; its name was taken ---- */

/* [ "as" ] name, or `otherwise` when there is none */
static enum err
as_parse(struct parse *parse, const char *otherwise, struct span *ret_name)
{
	struct lex *lex = &parse->lex;

	if (!lex_take(lex, "as") && (at_end(lex) ||
	    lex_is_any(lex, "limit offset partition hits rank ,"))) {
		*ret_name = span_str(otherwise);
		return OK;
	}
	return name_parse(parse, ret_name);
}

/* What may follow sort's keys, in any order. */
static enum err
sort_tail(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	uint32_t column = lex->now.column;
	enum err rc = OK;

	while (rc == OK && !at_end(lex)) {
		if (lex_take(lex, "offset")) {
			rc = count_parse(parse, "missing number behind offset", &pipe->offset);
		} else if (lex_take(lex, "limit")) {
			rc = count_parse(parse, "missing number behind limit", &pipe->limit);
			pipe->has_limit = true;
		} else if (lex_take(lex, "rank")) {
			rc = as_parse(parse, "rank", &pipe->rank);
		} else if (lex_take(lex, "partition")) {
			(void)lex_take(lex, "by");
			rc = names_in_parens(parse, &pipe->partition);
		} else {
			rc = lex_refuse(lex, parse->why,
			    "missing limit, offset, rank, partition by or '|' behind sort");
		}
	}
	if (rc == OK && pipe->partition.n > 0 && !pipe->has_limit)
		rc = why_set(parse->why, ERR_FORMAT, "column %u: partition by needs `limit N`",
		    column);
	if (rc == OK && pipe->has_limit && pipe->limit == 0)
		pipe->has_limit = pipe->partition.n > 0;	/* limit 0 is no limit,
		    as documented */
	return rc;
}

static enum err
sort_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	enum err rc = OK;

	if (lex_take(lex, "by") || lex_is(lex, "("))
		rc = parens(parse, true, &pipe->names);
	if (rc != OK)
		return rc;
	if (lex_take(lex, "desc"))
		pipe->desc = true;
	else
		(void)lex_take(lex, "asc");
	return sort_tail(parse, pipe);
}

/* [ N ] [ "by" ( keys ) ] ...: sort with a limit */
static enum err
first_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	enum err rc = OK;

	pipe->op = PIPE_SORT;
	pipe->limit = 1;
	pipe->has_limit = true;
	if (!at_end(lex) && !lex_is_any(lex, "by ( partition rank"))
		rc = count_parse(parse, "missing number", &pipe->limit);
	if (rc == OK && (lex_take(lex, "by") || lex_is(lex, "(")))
		rc = parens(parse, true, &pipe->names);
	return rc == OK ? sort_tail(parse, pipe) : rc;
}

static enum err
last_parse(struct parse *parse, struct pipe *pipe)
{
	enum err rc = first_parse(parse, pipe);

	pipe->desc = true;
	return rc;
}

static enum err
limit_parse(struct parse *parse, struct pipe *pipe)
{
	pipe->has_limit = true;
	pipe->limit = 10;
	if (at_end(&parse->lex))
		return OK;
	return count_parse(parse, "missing number of rows", &pipe->limit);
}

static enum err
offset_parse(struct parse *parse, struct pipe *pipe)
{
	return count_parse(parse, "missing number of rows", &pipe->offset);
}

static enum err
fields_parse(struct parse *parse, struct pipe *pipe)
{
	return names_parse(parse, &pipe->names);
}

/* from [ "as" ] to, ...; both are prefixes or none is */
static enum err
copy_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	struct list from = { 0 }, to = { 0 };
	struct name a, b;
	enum err rc;

	do {
		uint32_t column = lex->now.column;

		rc = pattern_parse(parse, &a);
		if (rc != OK)
			return rc;
		(void)lex_take(lex, "as");
		rc = pattern_parse(parse, &b);
		if (rc == OK && a.prefix != b.prefix)
			rc = why_set(parse->why, ERR_FORMAT, "column %u: both names must end in "
			    "'*' or "
			    "none", column);
		if (rc == OK)
			rc = names_add(parse, &from, &a);
		if (rc == OK)
			rc = names_add(parse, &to, &b);
		if (rc != OK)
			return rc;
	} while (lex_take(lex, ","));
	names_set(&pipe->names, &from);
	names_set(&pipe->to, &to);
	return OK;
}

static enum err
where_parse(struct parse *parse, struct pipe *pipe)
{
	return filter_parse(parse, &pipe->filter);
}

/* A name that none of the fields has: hits, hitss, ... */
static enum err
free_name(struct parse *parse, const struct pipe *pipe, struct span *name)
{
	for (uint32_t i = 0; i < pipe->names.n; i++)
		if (span_eq(pipe->names.v[i].text, *name)) {
			*name = shown_join(parse, "", *name, "s", SPAN(""), "");
			i = UINT32_MAX;
		}
	return OK;
}

/* [ "by" ] ( names ) [ [ "with" ] "hits" ] [ "limit" N ] */
static enum err
uniq_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	bool with;
	enum err rc = by_parse(parse, pipe);

	if (rc != OK)
		return rc;
	with = lex_take(lex, "with");
	if (lex_take(lex, "hits")) {
		pipe->hits = SPAN("hits");
		rc = free_name(parse, pipe, &pipe->hits);
	} else if (with) {
		return lex_refuse(lex, parse->why, "missing hits behind with");
	}
	if (rc == OK && lex_take(lex, "limit")) {
		rc = count_parse(parse, "missing number behind limit", &pipe->limit);
		pipe->has_limit = pipe->limit > 0;
	}
	return rc;
}

/* [ N ] [ "by" ] ( names ) [ "hits" [ "as" ] name ] [ "rank" [ [ "as" ] name ] ] */
static enum err
top_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	enum err rc = OK;

	pipe->limit = 10;
	pipe->has_limit = true;
	pipe->hits = SPAN("hits");
	if (lex->now.kind == TOKEN_WORD && lex->now.text.p[0] >= '0' && lex->now.text.p[0] <= '9')
		rc = count_parse(parse, "missing number", &pipe->limit);
	if (rc == OK)
		rc = by_parse(parse, pipe);
	while (rc == OK && lex_is_any(lex, "hits rank with")) {
		(void)lex_take(lex, "with");
		if (lex_take(lex, "hits"))
			rc = as_parse(parse, "hits", &pipe->hits);
		else if (lex_take(lex, "rank"))
			rc = as_parse(parse, "rank", &pipe->rank);
		else
			rc = lex_refuse(lex, parse->why, "missing hits or rank behind with");
	}
	if (rc == OK)
		rc = free_name(parse, pipe, &pipe->hits);
	if (rc == OK && pipe->rank.n > 0)
		rc = free_name(parse, pipe, &pipe->rank);
	return rc;
}

static enum err
nothing_parse(struct parse *parse, struct pipe *pipe)
{
	(void)parse, (void)pipe;
	return OK;
}

static enum err
field_values_parse(struct parse *parse, struct pipe *pipe)
{
	struct list list = { 0 };
	struct name name = { 0 };
	bool inside = lex_take(&parse->lex, "(");
	enum err rc = name_parse(parse, &name.text);

	if (rc == OK && inside && !lex_take(&parse->lex, ")"))
		rc = lex_refuse(&parse->lex, parse->why, "missing ')'");
	if (rc == OK)
		rc = names_add(parse, &list, &name);
	names_set(&pipe->names, &list);
	if (rc == OK && lex_take(&parse->lex, "limit")) {
		rc = count_parse(parse, "missing number behind limit", &pipe->limit);
		pipe->has_limit = pipe->limit > 0;
	}
	return rc;
}

/* "(" name ")" [ [ "as" ] name ] */
static enum err
len_parse(struct parse *parse, struct pipe *pipe)
{
	struct list list = { 0 };
	struct name name = { .text = SPAN("_msg") };
	enum err rc = names_in_parens(parse, &pipe->names);

	if (rc == OK && pipe->names.n != 1)
		return lex_refuse(&parse->lex, parse->why, "len() takes one field");
	if (rc == OK)
		rc = as_parse(parse, "_msg", &name.text);
	if (rc == OK)
		rc = names_add(parse, &list, &name);
	names_set(&pipe->to, &list);
	return rc;
}

static const struct {
	const char *name;
	enum pipe_op op;
	enum err (*parse)(struct parse *parse, struct pipe *pipe);
} pipe_row[] = {
	{ "copy", PIPE_COPY, copy_parse }, { "cp", PIPE_COPY, copy_parse },
	{ "delete", PIPE_DELETE, fields_parse }, { "del", PIPE_DELETE, fields_parse },
	{ "drop", PIPE_DELETE, fields_parse }, { "rm", PIPE_DELETE, fields_parse },
	{ "drop_empty_fields", PIPE_DROP_EMPTY, nothing_parse },
	{ "field_names", PIPE_FIELD_NAMES, nothing_parse },
	{ "field_values", PIPE_FIELD_VALUES, field_values_parse },
	{ "fields", PIPE_FIELDS, fields_parse }, { "keep", PIPE_FIELDS, fields_parse },
	{ "filter", PIPE_FILTER, where_parse }, { "where", PIPE_FILTER, where_parse },
	{ "first", PIPE_SORT, first_parse }, { "last", PIPE_SORT, last_parse },
	{ "len", PIPE_LEN, len_parse },
	{ "limit", PIPE_LIMIT, limit_parse }, { "head", PIPE_LIMIT, limit_parse },
	{ "offset", PIPE_OFFSET, offset_parse }, { "skip", PIPE_OFFSET, offset_parse },
	{ "rename", PIPE_RENAME, copy_parse }, { "mv", PIPE_RENAME, copy_parse },
	{ "sort", PIPE_SORT, sort_parse }, { "order", PIPE_SORT, sort_parse },
	{ "top", PIPE_TOP, top_parse },
	{ "uniq", PIPE_UNIQ, uniq_parse },
};

#define PIPES_THERE "copy, delete, drop_empty_fields, field_names, field_values, fields, filter, " \
	"first, last, len, limit, offset, rename, sort, stats, top and uniq"

/* A pipe's name is not known: statistics or a filter without their word, or an error. */
static enum err
bare_parse(struct parse *parse, struct pipe **ret_pipe)
{
	struct lex before = parse->lex, *lex = &parse->lex;
	struct token word = lex->now;

	if (word.kind == TOKEN_WORD && is_pipe_name(word.text))
		return lex_refuse_text(parse->why, word.column, word.text,
		    "is a pipe that is not supported yet; there are " PIPES_THERE);
	lex_next(lex);
	if (word.kind == TOKEN_WORD && lex_is(lex, "(") && !lex->now.space) {
		*lex = before;
		return stats_parse(parse, ret_pipe);
	}
	if (word.kind == TOKEN_WORD && (at_end(lex) || lex->now.space))
		return lex_refuse_text(parse->why, word.column, word.text,
		    "is no pipe; there are " PIPES_THERE);
	*lex = before;
	*ret_pipe = arena_zalloc(parse->arena, 1, sizeof **ret_pipe);
	(*ret_pipe)->op = PIPE_FILTER;
	(*ret_pipe)->column = word.column;
	return where_parse(parse, *ret_pipe);
}

enum err
pipe_parse(struct parse *parse, struct pipe **ret_pipe)
{
	struct lex *lex = &parse->lex;
	struct pipe *pipe;

	if (at_end(lex))
		return lex_refuse(lex, parse->why, "missing pipe behind '|'");
	if (lex_is(lex, "stats"))
		return stats_parse(parse, ret_pipe);
	for (size_t i = 0; i < sizeof pipe_row / sizeof pipe_row[0]; i++) {
		if (!lex_is(lex, pipe_row[i].name))
			continue;
		pipe = arena_zalloc(parse->arena, 1, sizeof *pipe);
		pipe->op = pipe_row[i].op;
		pipe->column = lex->now.column;
		lex_next(lex);
		*ret_pipe = pipe;
		return pipe_row[i].parse(parse, pipe);
	}
	return bare_parse(parse, ret_pipe);
}

/* key "=" value */
static enum err
option_parse(struct parse *parse, struct ast *ast)
{
	struct lex *lex = &parse->lex;
	uint32_t column = lex->now.column;
	struct span key, value;
	uint64_t n;
	enum err rc = lex_compound(lex, "= , ( ) [ ] |", "missing option", &key, parse->why);

	if (rc != OK)
		return rc;
	if (!lex_take(lex, "="))
		return lex_refuse(lex, parse->why, "missing '=' behind an option's name");
	rc = lex_compound(lex, "= , ( ) [ ] |", "missing value of an option", &value, parse->why);
	if (rc != OK)
		return rc;
	if (span_is(key, "concurrency") && value_u64(value, &n)) {
		ast->concurrency = n > 1024 ? 1024 : (uint32_t)n;
		return OK;
	}
	if (span_is(key, "ignore_global_time_filter") &&
	    (span_is(value, "true") || span_is(value, "1") || span_is(value, "false") ||
	    span_is(value, "0"))) {
		ast->unbounded = span_is(value, "true") || span_is(value, "1");
		return OK;
	}
	return lex_refuse_text(parse->why, column, key, "is no option or its value is wrong; there "
	    "are concurrency=N and ignore_global_time_filter=true");
}

static enum err
options_parse(struct parse *parse, struct ast *ast)
{
	struct lex *lex = &parse->lex;
	enum err rc;

	if (!lex_is(lex, "options"))
		return OK;
	lex_next(lex);
	if (!lex_take(lex, "("))
		return lex_refuse(lex, parse->why,
		    "missing '(' behind options; quote the word to search for it");
	while (!lex_is(lex, ")")) {
		rc = option_parse(parse, ast);
		if (rc != OK)
			return rc;
		if (!lex_take(lex, ",") && !lex_is(lex, ")"))
			return lex_refuse(lex, parse->why, "missing ',' or ')' in options");
	}
	lex_next(lex);
	return OK;
}

enum err
ast_parse(struct parse *parse, struct ast *ast)
{
	struct list list = { 0 };
	struct lex *lex = &parse->lex;
	enum err rc = options_parse(parse, ast);

	if (rc == OK)
		rc = filter_parse(parse, &ast->filter);
	while (rc == OK && lex_take(lex, "|")) {
		struct pipe *pipe = NULL;

		if (list.n == LIMIT_QUERY_PIPES)
			return why_set(parse->why, ERR_LIMIT, "column %u: more than %u pipes",
			    lex->now.column, (unsigned)LIMIT_QUERY_PIPES);
		rc = pipe_parse(parse, &pipe);
		*(struct pipe **)list_add(parse, &list, sizeof pipe) = pipe;
	}
	if (rc == OK && !at_end(lex))
		rc = lex_refuse(lex, parse->why, "missing '|'");
	ast->pipe = list.v;
	ast->npipe = list.n;
	return rc;
}
