/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Queries as text: the canonical form of filters, pipes and statistics. Parsing what is printed
 * here gives the same tree (a test holds it to that). Names of results without `as` come from it.
 */
#include "query/ast.h"

#include "base/fold.h"
#include "query/value.h"

static const char *const pipe_words[] = {
	"block_stats", "blocks_count", "collapse_nums", "copy", "cp", "decolorize", "del", "delete",
	"drop", "drop_empty_fields", "eval", "extract", "extract_regexp", "facets", "field_names",
	"field_values", "fields", "filter", "first", "format", "hash", "head", "join",
	"json_array_len", "keep", "last", "len", "limit", "math", "mv", "offset", "order",
	"pack_json", "pack_logfmt", "rename", "replace", "replace_regexp", "rm", "sample", "skip",
	"sort", "stats", "stream_context", "top", "union", "uniq", "unpack_json", "unpack_logfmt",
	"unpack_syslog", "unpack_words", "unroll", "where", NULL,
};

static const char *const reserved_words[] = {
	"and", "or", "not", "now", "offset", "contains_all", "contains_any", "eq_field", "exact",
	    "i",
	"in", "ipv4_range", "le_field", "len_range", "lt_field", "range", "re", "seq",
	"string_range", "value_type", "options", "by", "as", "if", "with", NULL,
};

static bool
is_one_of(struct span text, const char *const *words)
{
	uint8_t low[32];

	if (text.n > sizeof low)
		return false;
	for (size_t i = 0; i < text.n; i++)
		low[i] = (uint8_t)rune_lower(text.p[i]);
	for (; *words != NULL; words++)
		if (span_eq(span_of(low, text.n), span_str(*words)))
			return true;
	return false;
}

bool
is_pipe_name(struct span text)
{
	return is_one_of(text, pipe_words);
}

bool
is_reserved(struct span text)
{
	return is_one_of(text, reserved_words);
}

void
quoted_print(struct buf *out, struct span text)
{
	static const char simple[] = "\a\b\f\n\r\t\v\\\"", letter[] = "abfnrtv\\\"";

	buf_u8(out, '"');
	for (size_t i = 0; i < text.n;) {
		size_t from = i;
		uint32_t r = rune_next(text, &i);
		const char *hit = r != 0 && r < 128 ? strchr(simple, (int)r) : NULL;

		if (hit != NULL)
			buf_printf(out, "\\%c", letter[hit - simple]);
		else if (r < 32 || r == 127 || r == RUNE_BAD)
			for (; from < i; from++)
				buf_printf(out, "\\x%02x", text.p[from]);
		else
			buf_put(out, text.p + from, i - from);
	}
	buf_u8(out, '"');
}

void
word_print(struct buf *out, struct span text)
{
	bool plain = text.n > 0 && !is_pipe_name(text) && !is_reserved(text);

	for (size_t i = 0; plain && i < text.n;) {
		uint32_t r = rune_next(text, &i);

		plain = rune_is_word(r) || r == '.';
	}
	if (plain)
		buf_span_put(out, text);
	else
		quoted_print(out, text);
}

void
values_print(struct buf *out, const struct filter *filter)
{
	buf_u8(out, '(');
	if (filter->sub != NULL)
		ast_print(out, &filter->sub->ast);
	else if (filter->op == FILTER_ALL)
		buf_u8(out, '*');
	for (uint32_t i = 0; i < filter->nvalue && filter->op != FILTER_ALL; i++) {
		if (i > 0)
			buf_u8(out, ',');
		if (span_is(filter->value[i], "*"))
			buf_str(out, "\"*\"");
		else
			word_print(out, filter->value[i]);
	}
	buf_u8(out, ')');
}

static const char *const function_name[] = {
	[FILTER_IN] = "in", [FILTER_CONTAINS_ALL] = "contains_all",
	[FILTER_CONTAINS_ANY] = "contains_any", [FILTER_SEQ] = "seq",
	[FILTER_STRING_RANGE] = "string_range", [FILTER_LEN_RANGE] = "len_range",
	[FILTER_IPV4_RANGE] = "ipv4_range", [FILTER_EQ_FIELD] = "eq_field",
	[FILTER_LE_FIELD] = "le_field", [FILTER_LT_FIELD] = "lt_field",
};

static void
leaf_print(struct buf *out, const struct filter *f)
{
	switch (f->op) {
	case FILTER_ALL:
	case FILTER_ANY:
		buf_u8(out, '*');
		break;
	case FILTER_PHRASE:
		word_print(out, f->text);
		break;
	case FILTER_PREFIX:
		word_print(out, f->text);
		buf_u8(out, '*');
		break;
	case FILTER_SUBSTRING:
		buf_u8(out, '*');
		word_print(out, f->text);
		buf_u8(out, '*');
		break;
	case FILTER_EXACT:
	case FILTER_EXACT_PREFIX:
		buf_u8(out, '=');
		word_print(out, f->text);
		buf_str(out, f->op == FILTER_EXACT_PREFIX ? "*" : "");
		break;
	case FILTER_CASE_PHRASE:
	case FILTER_CASE_PREFIX:
		buf_str(out, "i(");
		word_print(out, f->text);
		buf_str(out, f->op == FILTER_CASE_PREFIX ? "*)" : ")");
		break;
	case FILTER_REGEX:
		buf_u8(out, '~');
		quoted_print(out, f->text);
		break;
	case FILTER_EQ_FIELD:
	case FILTER_LE_FIELD:
	case FILTER_LT_FIELD:
		buf_printf(out, "%s(", function_name[f->op]);
		word_print(out, f->text);
		buf_u8(out, ')');
		break;
	default:
		if (f->shown.n > 0) {
			buf_span_put(out, f->shown);
			break;
		}
		buf_str(out, function_name[f->op]);
		values_print(out, f);
		break;
	}
}

/* Children in parentheses where they bind looser than f. */
static void
child_print(struct buf *out, const struct filter *f, const struct filter *child)
{
	bool parens = child->op == FILTER_OR || (child->op == FILTER_AND && f->op != FILTER_OR);

	buf_str(out, parens ? "(" : "");
	filter_print(out, child);
	buf_str(out, parens ? ")" : "");
}

void
filter_print(struct buf *out, const struct filter *f)
{
	if (f->op == FILTER_STREAM) {
		buf_span_put(out, f->shown);
	} else if (f->op == FILTER_NOT) {
		buf_u8(out, '!');
		child_print(out, f, f->child[0]);
	} else if (f->op == FILTER_AND || f->op == FILTER_OR) {
		for (uint32_t i = 0; i < f->nchild; i++) {
			buf_str(out, i == 0 ? "" : f->op == FILTER_AND ? " " : " or ");
			child_print(out, f, f->child[i]);
		}
	} else {
		if (f->op != FILTER_ALL && (f->op == FILTER_ANY || !span_is(f->field, "_msg"))) {
			word_print(out, f->field);
			buf_u8(out, ':');
		}
		leaf_print(out, f);
	}
}

static void
name_print(struct buf *out, const struct name *name)
{
	if (name->text.n > 0)
		word_print(out, name->text);
	buf_str(out, name->prefix ? "*" : "");
}

static void
names_print(struct buf *out, const struct names *names)
{
	for (uint32_t i = 0; i < names->n; i++) {
		buf_str(out, i > 0 ? ", " : "");
		name_print(out, &names->v[i]);
		buf_str(out, names->v[i].desc ? " desc" : "");
	}
}

static const char *const stats_name[] = {
	[STATS_COUNT] = "count", [STATS_COUNT_EMPTY] = "count_empty",
	[STATS_COUNT_UNIQ] = "count_uniq", [STATS_COUNT_UNIQ_HASH] = "count_uniq_hash",
	[STATS_SUM] = "sum", [STATS_SUM_LEN] = "sum_len", [STATS_AVG] = "avg", [STATS_MIN] = "min",
	[STATS_MAX] = "max", [STATS_MEDIAN] = "median", [STATS_QUANTILE] = "quantile",
	[STATS_VALUES] = "values", [STATS_UNIQ_VALUES] = "uniq_values", [STATS_ROW_ANY] = "row_any",
	[STATS_ROW_MIN] = "row_min", [STATS_ROW_MAX] = "row_max", [STATS_RATE] = "rate",
	[STATS_RATE_SUM] = "rate_sum",
};

void
stats_func_print(struct buf *out, const struct stats_func *func)
{
	buf_printf(out, "%s(", stats_name[func->op]);
	if (func->op == STATS_QUANTILE) {
		buf_span_put(out, func->phi_shown);
		buf_str(out, func->fields.n > 0 ? ", " : "");
	}
	if (func->fields.n > 0)
		names_print(out, &func->fields);
	else if (func->op != STATS_RATE && func->op != STATS_QUANTILE)
		buf_u8(out, '*');
	buf_u8(out, ')');
	if (func->limit > 0)
		buf_printf(out, " limit %llu", (unsigned long long)func->limit);
	if (func->only != NULL) {
		buf_str(out, " if (");
		filter_print(out, func->only);
		buf_u8(out, ')');
	}
}

static void
stats_print(struct buf *out, const struct pipe *pipe)
{
	buf_str(out, "stats ");
	if (pipe->nby > 0)
		buf_str(out, "by (");
	for (uint32_t i = 0; i < pipe->nby; i++) {
		const struct stats_by *by = &pipe->by[i];

		buf_str(out, i > 0 ? ", " : "");
		word_print(out, by->field);
		if (by->bucket == BUCKET_NONE)
			continue;
		buf_u8(out, ':');
		buf_span_put(out, by->shown);
		if (by->offset_shown.n > 0) {
			buf_str(out, " offset ");
			buf_span_put(out, by->offset_shown);
		}
	}
	if (pipe->nby > 0)
		buf_str(out, ") ");
	for (uint32_t i = 0; i < pipe->nfunc; i++) {
		buf_str(out, i > 0 ? ", " : "");
		stats_func_print(out, &pipe->func[i]);
		buf_str(out, " as ");
		word_print(out, pipe->func[i].result);
	}
}

static void
sort_print(struct buf *out, const struct pipe *pipe)
{
	buf_str(out, "sort");
	if (pipe->names.n > 0) {
		buf_str(out, " by (");
		names_print(out, &pipe->names);
		buf_u8(out, ')');
	}
	buf_str(out, pipe->desc ? " desc" : "");
	if (pipe->partition.n > 0) {
		buf_str(out, " partition by (");
		names_print(out, &pipe->partition);
		buf_u8(out, ')');
	}
	if (pipe->offset > 0)
		buf_printf(out, " offset %llu", (unsigned long long)pipe->offset);
	if (pipe->has_limit)
		buf_printf(out, " limit %llu", (unsigned long long)pipe->limit);
	if (pipe->rank.n > 0) {
		buf_str(out, " rank as ");
		word_print(out, pipe->rank);
	}
}

static void
by_print(struct buf *out, const struct pipe *pipe, const char *word)
{
	buf_str(out, word);
	if (pipe->op == PIPE_TOP)
		buf_printf(out, " %llu", (unsigned long long)pipe->limit);
	buf_str(out, " by (");
	names_print(out, &pipe->names);
	buf_u8(out, ')');
	if (pipe->op == PIPE_UNIQ && pipe->hits.n > 0)
		buf_str(out, " with hits");
	if (pipe->op == PIPE_UNIQ && pipe->has_limit)
		buf_printf(out, " limit %llu", (unsigned long long)pipe->limit);
	if (pipe->op == PIPE_TOP && !span_is(pipe->hits, "hits")) {
		buf_str(out, " hits as ");
		word_print(out, pipe->hits);
	}
	if (pipe->rank.n > 0) {
		buf_str(out, " rank as ");
		word_print(out, pipe->rank);
	}
}

static void
pairs_print(struct buf *out, const struct pipe *pipe, const char *word)
{
	buf_str(out, word);
	for (uint32_t i = 0; i < pipe->names.n; i++) {
		buf_str(out, i > 0 ? ", " : " ");
		name_print(out, &pipe->names.v[i]);
		buf_str(out, " as ");
		name_print(out, &pipe->to.v[i]);
	}
}

bool
pipe_is_by_row(const struct pipe *pipe)
{
	static const bool by_row[PIPE_LEN + 1] = { [PIPE_FIELDS] = true, [PIPE_DELETE] = true,
	    [PIPE_COPY] = true, [PIPE_RENAME] = true, [PIPE_FILTER] = true,
	    [PIPE_DROP_EMPTY] = true, [PIPE_LEN] = true };

	return by_row[pipe->op];
}

void
pipe_print(struct buf *out, const struct pipe *pipe)
{
	switch (pipe->op) {
	case PIPE_SORT:
		sort_print(out, pipe);
		break;
	case PIPE_LIMIT:
		buf_printf(out, "limit %llu", (unsigned long long)pipe->limit);
		break;
	case PIPE_OFFSET:
		buf_printf(out, "offset %llu", (unsigned long long)pipe->offset);
		break;
	case PIPE_FIELDS:
	case PIPE_DELETE:
		buf_str(out, pipe->op == PIPE_FIELDS ? "fields " : "delete ");
		names_print(out, &pipe->names);
		break;
	case PIPE_COPY:
	case PIPE_RENAME:
		pairs_print(out, pipe, pipe->op == PIPE_COPY ? "copy" : "rename");
		break;
	case PIPE_FILTER:
		buf_str(out, "filter ");
		filter_print(out, pipe->filter);
		break;
	case PIPE_STATS:
		stats_print(out, pipe);
		break;
	case PIPE_UNIQ:
		by_print(out, pipe, "uniq");
		break;
	case PIPE_TOP:
		by_print(out, pipe, "top");
		break;
	case PIPE_FIELD_NAMES:
		buf_str(out, "field_names");
		break;
	case PIPE_FIELD_VALUES:
		buf_str(out, "field_values ");
		names_print(out, &pipe->names);
		if (pipe->has_limit)
			buf_printf(out, " limit %llu", (unsigned long long)pipe->limit);
		break;
	case PIPE_DROP_EMPTY:
		buf_str(out, "drop_empty_fields");
		break;
	case PIPE_LEN:
		buf_str(out, "len(");
		names_print(out, &pipe->names);
		buf_str(out, ") as ");
		names_print(out, &pipe->to);
		break;
	}
}

void
ast_print(struct buf *out, const struct ast *ast)
{
	if (ast->concurrency > 0 || ast->unbounded) {
		buf_str(out, "options(");
		if (ast->concurrency > 0)
			buf_printf(out, "concurrency=%u", ast->concurrency);
		if (ast->unbounded)
			buf_printf(out, "%signore_global_time_filter=true",
			    ast->concurrency > 0 ? "," : "");
		buf_str(out, ") ");
	}
	filter_print(out, ast->filter);
	for (uint32_t i = 0; i < ast->npipe; i++) {
		buf_str(out, " | ");
		pipe_print(out, ast->pipe[i]);
	}
}
