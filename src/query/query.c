/* SPDX-License-Identifier: Apache-2.0 */
/* Making and printing queries: query/query.h. What runs them is in run.c. */
#include "query/query_int.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "query/parse_int.h"

enum { ARENA_BYTES = 256 << 20, MEMORY_BYTES = 256 << 20 };

static void
options_copy(struct query *query, const struct query_options *from)
{
	struct query_options *to = &query->options;

	*to = from != NULL ? *from : (struct query_options){ 0 };
	if (to->unit != NULL) {
		uint64_t *unit = arena_alloc(query->arena, to->nunit * sizeof *unit + 1);

		if (to->nunit > 0)
			memcpy(unit, to->unit, to->nunit * sizeof *unit);
		to->unit = unit;
	}
	if (to->streams == 0)
		to->streams = 1;
	if (to->memory_bytes == 0)
		to->memory_bytes = MEMORY_BYTES;
}

static enum err
parse_text(struct query *query, struct span text, struct why *why)
{
	struct parse parse = { .arena = query->arena, .now_ns = query->now_ns,
	    .options = &query->options, .why = why };
	enum err rc;

	lex_init(&parse.lex, text, query->arena);
	rc = ast_parse(&parse, &query->ast);
	if (rc == OK && parse.lex.now.kind != TOKEN_END)
		rc = lex_refuse(&parse.lex, why, "there is no '(' for it");
	query->nfilter = parse.nfilter;
	for (struct subquery *sub = parse.subqueries, *next; sub != NULL; sub = next) {
		next = sub->next;
		sub->next = query->subqueries;
		query->subqueries = sub;
	}
	return rc;
}

enum err
query_parse(struct query **ret_query, struct span text, int64_t now_ns,
    const struct query_options *options, struct why *why)
{
	struct query *query;
	enum err rc;

	must(*ret_query == NULL);
	if (text.n > LIMIT_QUERY_BYTES)
		return why_set(why, ERR_LIMIT, "the query has %zu octets, more than %u; use "
		    "shorter "
		    "lists", text.n, (unsigned)LIMIT_QUERY_BYTES);
	query = xcalloc(1, sizeof *query);
	query->arena = arena_new(ARENA_BYTES);
	query->now_ns = now_ns;
	options_copy(query, options);
	rc = parse_text(query, arena_dup(query->arena, text), why);
	if (rc != OK)
		goto out;
	*ret_query = query;
	query = NULL;		/* the caller owns it now */
out:
	query_free(&query);
	return rc;
}

void
query_free(struct query **query)
{
	if (*query == NULL)
		return;
	arena_free(&(*query)->arena);
	free(*query);
	*query = NULL;
}

void
query_print(const struct query *query, struct buf *out)
{
	ast_print(out, &query->ast);
}

bool
query_is_by_row(const struct query *query)
{
	for (uint32_t i = 0; i < query->ast.npipe; i++)
		if (!pipe_is_by_row(query->ast.pipe[i]))
			return false;
	return true;
}

void
query_cancel(struct query *query)
{
	atomic_store_explicit(&query->cancelled, true, memory_order_relaxed);
}

void
query_cost(const struct query *query, struct query_cost *ret_cost)
{
	*ret_cost = query->cost;
}
