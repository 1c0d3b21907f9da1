/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Searching: the front door of query. LogsQL text becomes a plan, the plan runs over the segments
 * of a store and gives rows. LogsQL is VictoriaLogs' language as its documentation describes it;
 * what is not there yet is refused by name. Nothing here has a clock, a file or a thread of its
 * own: now, the limits and who runs the work come in as arguments.
 *
 *	text --lex--> tokens --parse--> filter tree + pipes      (lex, filter_parse, pipe_parse)
 *	filter tree --plan--> which segments, which tokens       (plan)
 *	segment + filter tree --eval--> bitmap of rows           (eval, match, scan, field)
 *	bitmap --> rows or column views --pipes--> emit          (run, pipe, stats, sort, row)
 *
 * The language has more nouns than a room usually may have pairs: each family of them is one.
 */
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct query;
struct store;

enum query_words {
	QUERY_EXACT,		/* words as VictoriaLogs documents: case and diacritics count */
	QUERY_FOLDED,		/* `dang nhap` finds `Đăng nhập`; `Đăng` finds itself only */
};

enum query_order {
	QUERY_NEWEST_FIRST,
	QUERY_OLDEST_FIRST,
};

/* {0} is a valid set: exact words, newest first, stream raw, no bounds, default memory. */
struct query_options {
	enum query_words words;
	enum query_order order;		/* of rows that no pipe sorts: by segment, then by number */
	int32_t zone_s;			/* east of UTC: for times without a zone */
	uint8_t streams;		/* bit 1 << enum store_stream; 0 is raw alone */
	bool bounded;			/* from_ns <= _time <= to_ns, whatever the query says */
	int64_t from_ns, to_ns;
	uint64_t after_seq;		/* only rows with a greater number */
	const uint64_t *unit;		/* only rows of these units; NULL: of all. Copied. */
	size_t nunit;
	uint64_t limit;			/* the newest (or oldest) so many; 0: all */
	size_t memory_bytes;		/* 0: 256 MB */
};

/*
 * Who runs tasks: run() calls task(arg, i) for i in 0..n-1 on up to `workers` threads and
 * returns when all are done. NULL instead of a pool: one after the other, here.
 */
typedef void query_task_fn(void *arg, size_t i);

struct query_pool {
	unsigned workers;
	void *ctx;
	void (*run)(void *ctx, query_task_fn *task, void *arg, size_t n);
};

struct query_field {
	struct span name;
	struct span value;
};

/* Fields that are not empty, in order; all spans are valid until emit returns. */
struct query_row {
	size_t n;
	const struct query_field *field;
};

/* Returns false to end the query early (query_run then gives OK). */
typedef bool query_emit_fn(void *ctx, const struct query_row *row);

/*
 * Parses text at the moment now_ns. ERR_FORMAT, ERR_LIMIT: why says what is wrong, at which
 * column, and what to do. Free with query_free.
 */
enum err	query_parse(struct query **ret_query, struct span text, int64_t now_ns,
		    const struct query_options *options, struct why *why);
void		query_free(struct query **query);
/* Appends the query in its canonical form: parsing that gives the same query. */
void		query_print(const struct query *query, struct buf *out);
/*
 * Runs it over the store as it was last refreshed. Rows come on the calling thread, in an order
 * that depends on the data and the options only. ERR_LIMIT: memory_bytes would be passed;
 * ERR_BUSY: cancelled; else what the store says.
 */
enum err	query_run(struct query *query, struct store *store, const struct query_pool *pool,
		    query_emit_fn *emit, void *ctx, struct why *why);
/* Whether each row of the result comes from one record alone: only then can it be followed. */
bool		query_is_by_row(const struct query *query);
/* From any thread, any number of times: query_run ends soon. */
void		query_cancel(struct query *query);

/* What the last query_run touched. */
struct query_cost {
	uint64_t segments;		/* in the store */
	uint64_t opened;		/* not ruled out, nor counted whole */
	uint64_t rows_seen;		/* in those that were not ruled out */
	uint64_t rows_matched;		/* by the filter in front of the first pipe */
	size_t memory_peak;
};
void		query_cost(const struct query *query, struct query_cost *ret_cost);
/* Appends how it would run: time range, tokens, order of filters, pipes. For --explain. */
void		query_explain(const struct query *query, struct buf *out);

/* Appends the row as one JSON object and a line feed. */
void		query_row_json(struct buf *out, const struct query_row *row);

#endif
