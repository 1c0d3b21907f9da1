/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pipe `stats` (LogsQL "stats pipe", "stats pipe functions"): groups with buckets, and the
 * functions over them, each with its own `if (...)` and name.
 */
#include "query/parse_int.h"

#include "base/limits.h"
#include "query/value.h"

enum arguments {
	TAKES_NONE,		/* rate() */
	TAKES_ANY,		/* count(), count(a, b): nothing is everything */
	TAKES_SOME,		/* count_uniq(a): at least one */
	TAKES_NUMBER,		/* quantile(0.5, a) */
};

static const struct {
	const char *name;
	enum stats_op op;
	enum arguments takes;
	bool has_limit;
} stats_row[] = {
	{ "avg", STATS_AVG, TAKES_ANY, false },
	{ "count", STATS_COUNT, TAKES_ANY, false },
	{ "count_empty", STATS_COUNT_EMPTY, TAKES_SOME, false },
	{ "count_uniq", STATS_COUNT_UNIQ, TAKES_SOME, true },
	{ "count_uniq_hash", STATS_COUNT_UNIQ_HASH, TAKES_SOME, true },
	{ "max", STATS_MAX, TAKES_ANY, false },
	{ "median", STATS_MEDIAN, TAKES_ANY, false },
	{ "min", STATS_MIN, TAKES_ANY, false },
	{ "quantile", STATS_QUANTILE, TAKES_NUMBER, false },
	{ "any", STATS_ROW_ANY, TAKES_ANY, false },
	{ "rate", STATS_RATE, TAKES_NONE, false },
	{ "rate_sum", STATS_RATE_SUM, TAKES_ANY, false },
	{ "row_any", STATS_ROW_ANY, TAKES_ANY, false },
	{ "row_max", STATS_ROW_MAX, TAKES_SOME, false },
	{ "row_min", STATS_ROW_MIN, TAKES_SOME, false },
	{ "sum", STATS_SUM, TAKES_ANY, false },
	{ "sum_len", STATS_SUM_LEN, TAKES_ANY, false },
	{ "uniq_values", STATS_UNIQ_VALUES, TAKES_ANY, true },
	{ "values", STATS_VALUES, TAKES_ANY, true },
};

#define STATS_THERE "avg, count, count_empty, count_uniq, count_uniq_hash, max, median, min, " \
	"quantile, rate, rate_sum, row_any, row_max, row_min, sum, sum_len, uniq_values and values"

static bool
at_end(const struct lex *lex)
{
	return lex->now.kind == TOKEN_END || lex_is_any(lex, "| )");
}

/* Seconds of `minute`, `hour` ... in ns; month and year are no fixed time. */
static bool
step_word(struct span text, struct stats_by *by)
{
	static const struct {
		const char *name;
		double ns;
	} word[] = {
		{ "nanosecond", 1 }, { "microsecond", 1e3 }, { "millisecond", 1e6 }, { "second",
		    1e9 },
		{ "minute", 60e9 }, { "hour", 3600e9 }, { "day", 86400e9 }, { "week", 7 * 86400e9 },
	};

	if (span_is(text, "month") || span_is(text, "year")) {
		by->bucket = span_is(text, "month") ? BUCKET_MONTH : BUCKET_YEAR;
		return true;
	}
	for (size_t i = 0; i < sizeof word / sizeof word[0]; i++)
		if (span_is(text, word[i].name)) {
			by->bucket = BUCKET_STEP;
			by->step = word[i].ns;
			return true;
		}
	return false;
}

/* ":" ( step / "/" bits ) [ "offset" [ "-" ] number ] */
static enum err
bucket_parse(struct parse *parse, struct stats_by *by)
{
	struct lex *lex = &parse->lex;
	uint32_t column = lex->now.column;
	struct span bits;
	uint64_t n;
	enum err rc = lex_compound(lex, ", ( ) [ ] |", "missing size of the bucket", &by->shown,
	    parse->why);

	if (rc != OK)
		return rc;
	bits = span_sub(by->shown, 1, by->shown.n);
	if (by->shown.n > 1 && by->shown.p[0] == '/' && value_u64(bits, &n) && n <= 32) {
		by->bucket = BUCKET_NET;
		by->step = (double)((uint64_t)1 << (32 - n));
	} else if (!step_word(by->shown, by)) {
		by->bucket = BUCKET_STEP;
		if (!value_plain_number(by->shown, &by->step) || !(by->step > 0))
			return lex_refuse_text(parse->why, column, by->shown,
			    "is no size of a bucket; write 5m, hour, day, month, 10KB or /24");
	}
	if (!lex_take(lex, "offset"))
		return OK;
	column = lex->now.column;
	rc = lex_compound(lex, ", ( ) [ ] |", "missing offset", &by->offset_shown, parse->why);
	if (rc == OK && !value_plain_number(by->offset_shown, &by->offset))
		rc = lex_refuse_text(parse->why, column, by->offset_shown,
		    "is no offset; write 7h");
	return rc;
}

/* [ "by" ] "(" field [ bucket ] , ... ")" */
static enum err
by_parse(struct parse *parse, struct pipe *pipe)
{
	struct lex *lex = &parse->lex;
	struct list list = { 0 };
	enum err rc = OK;

	if (!lex_take(lex, "by") && !lex_is(lex, "("))
		return OK;
	if (!lex_take(lex, "("))
		return lex_refuse(lex, parse->why, "missing '(' behind by");
	while (!lex_is(lex, ")")) {
		struct stats_by by = { 0 };

		if (list.n == LIMIT_QUERY_NAMES)
			return lex_refuse(lex, parse->why, "too many fields");
		rc = name_parse(parse, &by.field);
		if (rc == OK && lex_take(lex, ":"))
			rc = bucket_parse(parse, &by);
		if (rc != OK)
			return rc;
		*(struct stats_by *)list_add(parse, &list, sizeof by) = by;
		if (!lex_take(lex, ",") && !lex_is(lex, ")"))
			return lex_refuse(lex, parse->why, "missing ',' or ')'");
	}
	lex_next(lex);
	pipe->by = list.v;
	pipe->nby = list.n;
	return OK;
}

/* Takes the first argument of quantile() off its fields. */
static enum err
phi_take(struct parse *parse, struct stats_func *func, uint32_t column)
{
	struct names *fields = &func->fields;

	if (fields->n == 0 || !value_decimal(fields->v[0].text, &func->phi) || func->phi < 0 ||
	    func->phi > 1)
		return why_set(parse->why, ERR_FORMAT, "column %u: quantile() takes a number from "
		    "0 to "
		    "1, then fields", column);
	func->phi_shown = fields->v[0].text;
	fields->v++;
	fields->n--;
	return OK;
}

static enum err
arguments_parse(struct parse *parse, size_t row, struct stats_func *func)
{
	uint32_t column = parse->lex.now.column;
	struct names *fields = &func->fields;
	enum err rc = names_in_parens(parse, fields);

	if (rc == OK && stats_row[row].takes == TAKES_NUMBER)
		rc = phi_take(parse, func, column);
	if (rc != OK)
		return rc;
	if (fields->n == 1 && fields->v[0].prefix && fields->v[0].text.n == 0)
		fields->n = 0;		/* f(*) is f() */
	if ((stats_row[row].takes == TAKES_NONE && fields->n > 0) ||
	    (stats_row[row].takes == TAKES_SOME && fields->n == 0))
		return why_set(parse->why, ERR_FORMAT, "column %u: %s() takes %s",
		    column, stats_row[row].name, fields->n > 0 ? "no fields" :
		    "at least one field");
	return OK;
}

static enum err
func_parse(struct parse *parse, struct stats_func *func)
{
	struct lex *lex = &parse->lex;
	size_t n = sizeof stats_row / sizeof stats_row[0], row = 0;
	enum err rc;

	while (row < n && !lex_is(lex, stats_row[row].name))
		row++;
	if (row == n && lex->now.kind != TOKEN_WORD)
		return lex_refuse(lex, parse->why, "missing function; there are " STATS_THERE);
	if (row == n)
		return lex_refuse_text(parse->why, lex->now.column, lex->now.raw,
		    "is no function; there are " STATS_THERE);
	func->op = stats_row[row].op;
	lex_next(lex);
	rc = arguments_parse(parse, row, func);
	if (rc == OK && stats_row[row].has_limit && lex_take(lex, "limit"))
		rc = count_parse(parse, "missing number behind limit", &func->limit);
	if (rc == OK && lex_is(lex, "if"))
		rc = if_parse(parse, &func->only);
	return rc;
}

/* [ "as" ] name; the function's own text when there is none */
static enum err
result_parse(struct parse *parse, struct stats_func *func)
{
	struct lex *lex = &parse->lex;
	struct buf text = { 0 };

	if (lex_take(lex, "as") || (!at_end(lex) && !lex_is(lex, ",")))
		return name_parse(parse, &func->result);
	stats_func_print(&text, func);
	func->result = arena_dup(parse->arena, buf_span(&text));
	buf_done(&text);
	return OK;
}

/* No two results, and no result and group, have one name. */
static enum err
names_check(struct parse *parse, const struct pipe *pipe)
{
	struct span name = pipe->func[pipe->nfunc - 1].result;
	bool twice = false;

	for (uint32_t i = 0; i + 1 < pipe->nfunc; i++)
		twice |= span_eq(pipe->func[i].result, name);
	for (uint32_t i = 0; i < pipe->nby; i++)
		twice |= span_eq(pipe->by[i].field, name);
	if (!twice)
		return OK;
	return lex_refuse_text(parse->why, parse->lex.last.column, name,
	    "is the name of two results; give one another with `as`");
}

enum err
stats_parse(struct parse *parse, struct pipe **ret_pipe)
{
	struct pipe *pipe = arena_zalloc(parse->arena, 1, sizeof *pipe);
	struct lex *lex = &parse->lex;
	struct list list = { 0 };
	enum err rc;

	pipe->op = PIPE_STATS;
	pipe->column = lex->now.column;
	(void)lex_take(lex, "stats");
	rc = by_parse(parse, pipe);
	if (rc != OK)
		return rc;
	do {
		struct stats_func func = { 0 };

		if (list.n == LIMIT_QUERY_NAMES)
			return lex_refuse(lex, parse->why, "too many functions");
		rc = func_parse(parse, &func);
		if (rc == OK)
			rc = result_parse(parse, &func);
		if (rc != OK)
			return rc;
		*(struct stats_func *)list_add(parse, &list, sizeof func) = func;
		pipe->func = list.v;
		pipe->nfunc = list.n;
		rc = names_check(parse, pipe);
		if (rc != OK)
			return rc;
	} while (lex_take(lex, ","));
	if (!at_end(lex))
		return lex_refuse(lex, parse->why, "missing ',' or '|' behind a function of stats");
	*ret_pipe = pipe;
	return OK;
}
