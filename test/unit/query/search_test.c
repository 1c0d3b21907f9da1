/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that searching finds what matches and nothing else: random queries over random rows
 * against the oracle, in both modes of words, with one thread and with several.
 */
#include "query/query_int.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/must.h"
#include "check.h"
#include "fake_store.h"
#include "oracle.h"
#include "query/value.h"
#include "random_rows.h"

enum { ROUNDS = 12, QUERIES = 400 };

/* ---- a pool ---- */

struct job {
	query_task_fn *task;
	void *arg;
	size_t i;
};

static void *
job_run(void *arg)
{
	struct job *job = arg;

	job->task(job->arg, job->i);
	return NULL;
}

static void
threads_run(void *ctx, query_task_fn *task, void *arg, size_t n)
{
	pthread_t thread[64];
	struct job job[64];

	(void)ctx;
	for (size_t i = 0; i < n; i++) {
		job[i] = (struct job){ task, arg, i };
		must(pthread_create(&thread[i], NULL, job_run, &job[i]) == 0);
	}
	for (size_t i = 0; i < n; i++)
		must(pthread_join(thread[i], NULL) == 0);
}

static const struct query_pool pool = { 3, NULL, threads_run };

/* ---- one query ---- */

/* Marks the rows that came, by the number in _seq. */
struct seen {
	uint8_t *row;
	size_t order_wrong;
	int64_t last;
};

static bool
mark(void *ctx, const struct query_row *row)
{
	struct seen *seen = ctx;
	int64_t number;

	must(row->n == 1 && span_is(row->field[0].name, "_seq"));
	must(value_i64(span_sub(row->field[0].value, 6, SIZE_MAX), &number));
	must(number >= 1 && number <= fake_rows());
	seen->row[number - 1]++;
	seen->order_wrong += seen->last != 0 && number >= seen->last;
	seen->last = number;
	return true;
}

static bool
agrees(const struct query *query, const uint8_t *row)
{
	for (uint32_t i = 0; i < fake_rows(); i++) {
		bool want = oracle_matches(i, query->ast.filter);

		if ((row[i] != 0) != want || row[i] > 1) {
			printf("\trow %u %s\n", i + 1, want ? "is missing" : "does not match");
			return false;
		}
	}
	return true;
}

static void
try_query(const char *text, enum query_words words, const struct query_pool *with)
{
	struct query_options options = { .words = words };
	struct query *query = NULL;
	struct seen seen = { .row = xcalloc(fake_rows() + 1, 1) };
	struct why why = { "" };

	if (!check(query_parse(&query, span_str(text), 1700000000000000000, &options, &why) ==
	    OK) ||
	    !check(query_run(query, fake_store(), with, mark, &seen, &why) == OK) ||
	    !check(agrees(query, seen.row)) || !check(seen.order_wrong == 0))
		printf("\t%s\n\t%s\n", text, why.text);
	query_free(&query);
	free(seen.row);
}

static void
random_queries_find_what_the_oracle_finds(void)
{
	for (unsigned round = 0; round < ROUNDS; round++) {
		dice_set(round + 1);
		random_store(4, round % 3 == 0 ? 20 : 150);
		for (unsigned i = 0; i < QUERIES; i++) {
			struct buf text = { 0 };

			random_filter(&text, i % 4 == 0 ? 3 : 1);
			buf_str(&text, " | fields _seq");
			buf_u8(&text, '\0');
			try_query((const char *)text.p, i % 2 == 0 ? QUERY_EXACT : QUERY_FOLDED,
			    i % 5 == 0 ? &pool : NULL);
			buf_done(&text);
		}
	}
}

int
main(void)
{
	run(random_queries_find_what_the_oracle_finds);
	fake_reset();
	return check_done();
}
