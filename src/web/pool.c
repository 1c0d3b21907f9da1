/* SPDX-License-Identifier: Apache-2.0 */
/* One list of runs under one lock; helpers take the next task of the first run that has any. */
#include "web/pool.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/must.h"

enum { HELPERS_MAX = 64 };

/* Lives on the stack of who asked, until its last task is done. */
struct run {
	struct run *next;
	query_task_fn *task;
	void *arg;
	size_t n, taken, done;
};

struct pool {
	struct query_pool query;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	struct run *runs;
	bool stopping;
	unsigned helpers;
	pthread_t thread[HELPERS_MAX];
};

/* Takes and does one task of run (under the lock); false: none is left to take. */
static bool
task_do(struct pool *pool, struct run *run)
{
	size_t i = run->taken;

	if (i == run->n)
		return false;
	run->taken++;
	(void)pthread_mutex_unlock(&pool->lock);
	run->task(run->arg, i);
	(void)pthread_mutex_lock(&pool->lock);
	if (++run->done == run->n)
		(void)pthread_cond_broadcast(&pool->done);
	return true;
}

static struct run *
run_with_work(const struct pool *pool)
{
	for (struct run *r = pool->runs; r != NULL; r = r->next)
		if (r->taken < r->n)
			return r;
	return NULL;
}

static void *
helper_main(void *arg)
{
	struct pool *pool = arg;
	struct run *run;

	(void)pthread_mutex_lock(&pool->lock);
	while (!pool->stopping) {
		run = run_with_work(pool);
		if (run == NULL)
			(void)pthread_cond_wait(&pool->work, &pool->lock);
		else
			(void)task_do(pool, run);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

static void
pool_run(void *ctx, query_task_fn *task, void *arg, size_t n)
{
	struct pool *pool = ctx;
	struct run run = { .task = task, .arg = arg, .n = n }, **at;

	if (n == 0)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	for (at = &pool->runs; *at != NULL; at = &(*at)->next)
		;
	*at = &run;
	if (n > 1)
		(void)pthread_cond_broadcast(&pool->work);
	while (task_do(pool, &run))
		;
	while (run.done < run.n)
		(void)pthread_cond_wait(&pool->done, &pool->lock);
	for (at = &pool->runs; *at != &run; at = &(*at)->next)
		;
	*at = run.next;
	(void)pthread_mutex_unlock(&pool->lock);
}

struct pool *
pool_new(unsigned helpers)
{
	struct pool *pool = xcalloc(1, sizeof *pool);

	pool->helpers = helpers < HELPERS_MAX ? helpers : HELPERS_MAX;
	pool->query = (struct query_pool){ .workers = pool->helpers + 1, .ctx = pool,
	    .run = pool_run };
	(void)pthread_mutex_init(&pool->lock, NULL);
	(void)pthread_cond_init(&pool->work, NULL);
	(void)pthread_cond_init(&pool->done, NULL);
	for (unsigned i = 0; i < pool->helpers; i++)
		must(pthread_create(&pool->thread[i], NULL, helper_main, pool) == 0);
	return pool;
}

void
pool_free(struct pool **pool)
{
	struct pool *p = *pool;

	if (p == NULL)
		return;
	(void)pthread_mutex_lock(&p->lock);
	must(p->runs == NULL);
	p->stopping = true;
	(void)pthread_cond_broadcast(&p->work);
	(void)pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->helpers; i++)
		(void)pthread_join(p->thread[i], NULL);
	free(p);
	*pool = NULL;
}

const struct query_pool *
pool_query(const struct pool *pool)
{
	return &pool->query;
}
