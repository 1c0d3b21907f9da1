/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parsed query: a tree of filters and a list of pipes. All of it lies in the query's arena and
 * never changes after parsing, but for what plan and run hang on it (matcher, subquery values).
 */
#ifndef QUERY_AST_H
#define QUERY_AST_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/span.h"

struct matcher;
struct subquery;

enum filter_op {
	FILTER_AND,
	FILTER_OR,
	FILTER_NOT,
	FILTER_ALL,		/* every row */
	FILTER_ANY,		/* field:* a value that is not empty */
	FILTER_PHRASE,		/* word or phrase between word boundaries; "" is the empty value */
	FILTER_PREFIX,
	FILTER_SUBSTRING,
	FILTER_EXACT,
	FILTER_EXACT_PREFIX,
	FILTER_CASE_PHRASE,	/* i(...) */
	FILTER_CASE_PREFIX,
	FILTER_REGEX,
	FILTER_IN,
	FILTER_CONTAINS_ALL,
	FILTER_CONTAINS_ANY,
	FILTER_SEQ,
	FILTER_RANGE,		/* low <= number <= high */
	FILTER_STRING_RANGE,	/* value[0] <= text < value[1] (none: no upper bound) */
	FILTER_LEN_RANGE,	/* from <= characters <= to */
	FILTER_IPV4_RANGE,	/* from <= address <= to */
	FILTER_EQ_FIELD,
	FILTER_LE_FIELD,
	FILTER_LT_FIELD,
	FILTER_TIME,		/* from <= _time <= to */
	FILTER_DAY_RANGE,	/* from <= time of day <= to, after adding offset */
	FILTER_WEEK_RANGE,	/* day from..to, 0 is Sunday */
	FILTER_STREAM,		/* {...}: child[0] over the stream's labels */
};

struct filter {
	enum filter_op op;
	bool fold;			/* compare without case and diacritics */
	bool anchored;			/* REGEX: the whole value (stream labels) */
	uint32_t column;		/* where it stands in the query */
	uint32_t index;			/* number of the filter in the query, from 0 */
	struct span field;		/* never empty for a leaf */
	struct span text;		/* phrase, prefix, regex, other field */
	struct span shown;		/* arguments as they are printed, where needed */
	uint32_t nvalue;
	const struct span *value;
	uint32_t nchild;
	struct filter **child;
	struct filter **order;		/* the children, cheapest first: made by eval_prepare() */
	double low, high;
	int64_t from, to;
	int64_t offset_ns;
	struct subquery *sub;		/* IN, CONTAINS_*: values come from a query */
	struct matcher *matcher;	/* leaves: made by match_compile() */
};

enum pipe_op {
	PIPE_SORT,
	PIPE_LIMIT,
	PIPE_OFFSET,
	PIPE_FIELDS,
	PIPE_DELETE,
	PIPE_COPY,
	PIPE_RENAME,
	PIPE_FILTER,
	PIPE_STATS,
	PIPE_UNIQ,
	PIPE_TOP,
	PIPE_FIELD_NAMES,
	PIPE_FIELD_VALUES,
	PIPE_DROP_EMPTY,
	PIPE_LEN,
};

/* A field, or all fields whose names begin so (`foo*`, `*`). */
struct name {
	struct span text;
	bool prefix;
	bool desc;			/* sort keys */
};

struct names {
	uint32_t n;
	struct name *v;
};

enum stats_op {
	STATS_COUNT,
	STATS_COUNT_EMPTY,
	STATS_COUNT_UNIQ,
	STATS_COUNT_UNIQ_HASH,
	STATS_SUM,
	STATS_SUM_LEN,
	STATS_AVG,
	STATS_MIN,
	STATS_MAX,
	STATS_MEDIAN,
	STATS_QUANTILE,
	STATS_VALUES,
	STATS_UNIQ_VALUES,
	STATS_ROW_ANY,
	STATS_ROW_MIN,
	STATS_ROW_MAX,
	STATS_RATE,
	STATS_RATE_SUM,
};

struct stats_func {
	enum stats_op op;
	struct names fields;		/* none: all fields, or none needed (count) */
	uint64_t limit;			/* 0: none */
	double phi;			/* QUANTILE */
	struct span phi_shown;
	struct filter *only;		/* if (...); NULL: every row */
	struct span result;
};

enum bucket_kind { BUCKET_NONE, BUCKET_STEP, BUCKET_MONTH, BUCKET_YEAR, BUCKET_NET };

struct stats_by {
	struct span field;
	enum bucket_kind bucket;
	double step;			/* numbers, and ns of _time */
	double offset;
	struct span shown;		/* "5m", "/24" */
	struct span offset_shown;
};

struct pipe {
	enum pipe_op op;
	uint32_t column;
	struct names names;		/* fields, sort keys, by (...) */
	struct names to;		/* COPY, RENAME; LEN: one */
	struct names partition;		/* SORT */
	bool desc;			/* SORT: all keys the other way round */
	bool has_limit;
	uint64_t limit, offset;
	struct span hits;		/* name of the count's field; empty: none */
	struct span rank;
	struct filter *filter;
	uint32_t nby;
	struct stats_by *by;
	uint32_t nfunc;
	struct stats_func *func;
};

/* A whole query or one inside of in (...). */
struct ast {
	struct filter *filter;
	uint32_t npipe;
	struct pipe **pipe;
	uint32_t concurrency;		/* options(...); 0: not said */
	bool unbounded;			/* ignore_global_time_filter */
};

struct subquery {
	struct ast ast;
	struct span field;		/* whose values are wanted */
	struct filter *owner;		/* gets them while the query runs */
	struct subquery *next;		/* all of a query, innermost first */
};

/* Appends the canonical LogsQL form. */
void	filter_print(struct buf *out, const struct filter *filter);
void	stats_func_print(struct buf *out, const struct stats_func *func);
void	pipe_print(struct buf *out, const struct pipe *pipe);
/* Whether it looks at one row at a time and gives that row or none. */
bool	pipe_is_by_row(const struct pipe *pipe);
void	ast_print(struct buf *out, const struct ast *ast);
/* ("a", "b") of its values */
void	values_print(struct buf *out, const struct filter *filter);
/* A name or word, in quotes when it must be; in quotes always. */
void	word_print(struct buf *out, struct span text);
void	quoted_print(struct buf *out, struct span text);
/* Whether text is the name of a pipe, or a word that the language keeps to itself. */
bool	is_pipe_name(struct span text);
bool	is_reserved(struct span text);

#endif
