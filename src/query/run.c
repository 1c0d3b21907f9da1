/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Running a query: segments that the plan wants are opened and filtered (and counted) by tasks
 * that may run on several threads, and brought together here in the order of the segments. At
 * most a few views are open at once; rows go out as soon as their segment's turn has come.
 */
#include "query/query_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "query/eval.h"
#include "query/pipe.h"
#include "query/plan.h"

enum { WAVE_MAX = 64, CHUNK_FIRST = 64, CHECK_ROWS = 256 };

/* One query or subquery while it runs. */
struct search {
	struct query *query;
	struct store *store;
	const struct query_pool *pool;
	struct ast ast;			/* with the options' limit, filters joined */
	bool bounded;			/* by the options' time range */
	struct plan plan;
	struct run run;
	struct stage *stages;
	struct need need;
};

struct task {
	const struct search *search;
	size_t number;			/* of its segment in the store */
	bool found;			/* rows: its segment is worth keeping */
	struct view *view;
	struct bits rows;
	struct tally *groups;
	enum err rc;
	struct why why;
};

static bool
is_cancelled(const struct query *query)
{
	return atomic_load_explicit(&query->cancelled, memory_order_relaxed);
}

static enum err
cancelled(struct why *why)
{
	return why_set(why, ERR_BUSY, "the query was cancelled");
}

/* ---- one view ---- */

static enum err
units_only(const struct query_options *options, struct view *view, struct bits *rows,
    struct why *why)
{
	uint32_t n = segment_sources(view->segment);
	uint8_t *ok = arena_zalloc(view->arena, n + 1, 1);
	const uint16_t *source;
	enum err rc = segment_source_index(view->segment, &source, why);

	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < n; i++)
		for (size_t u = 0; u < options->nunit; u++)
			ok[i] |= segment_source(view->segment, i)->unit == options->unit[u];
	for bits_each(row, rows)
		if (!ok[source[row]])
			bits_drop(rows, row);
	return OK;
}

/* The rows that the options allow, whatever the query says. */
static enum err
allowed_rows(const struct search *search, struct view *view, struct bits *rows, struct why *why)
{
	const struct query_options *options = &search->query->options;
	const struct segment_info *info = &view->info;
	const uint64_t *seq;
	const int64_t *ns;
	enum err rc = OK;

	bits_fill(rows, view->nrow);
	if (options->unit != NULL)
		rc = units_only(options, view, rows, why);
	if (rc == OK && options->after_seq >= info->first_seq && options->after_seq > 0) {
		rc = segment_seq(view->segment, &seq, why);
		for (uint32_t i = 0; i < view->nrow && rc == OK; i++)
			if (seq[i] <= options->after_seq)
				bits_drop(rows, i);
	}
	if (rc == OK && search->bounded && (info->event_min_ns < options->from_ns ||
	    info->event_max_ns > options->to_ns)) {
		rc = segment_time(view->segment, &ns, why);
		for (uint32_t i = 0; i < view->nrow && rc == OK; i++)
			if (ns[i] < options->from_ns || ns[i] > options->to_ns)
				bits_drop(rows, i);
	}
	return rc;
}

static enum err
view_search(const struct search *search, struct task *task)
{
	struct view *view = task->view;
	struct bits *allowed = view_bits(view);
	enum err rc = allowed_rows(search, view, allowed, &task->why);

	if (rc == OK)
		rc = eval(view, search->ast.filter, allowed, &task->rows, &task->why);
	view_bits_done(view, &allowed);
	if (rc == OK && regex_gave_up(view->scratch.regex))
		rc = why_set(&task->why, ERR_LIMIT, "a regular expression takes too many steps on "
		    "some "
		    "text; make it simpler");
	if (rc == OK && stage_counts(search->stages) && !bits_empty(&task->rows)) {
		struct table table = { .want = &task->rows, .arena = view->arena,
		    .scratch = &view->scratch, .view = view, .nrow = view->nrow };

		task->groups = tally_new(search->stages->counted, search->run.budget,
		    search->run.seed);
		rc = stage_count(search->stages, task->groups, &table, &task->why);
	}
	return rc;
}

/* On any thread: opening a segment is as much work as looking into it. */
static void
task_run(void *arg, size_t i)
{
	struct task *task = (struct task *)arg + i;
	const struct search *search = task->search;
	struct segment *segment = NULL;

	task->rc = is_cancelled(search->query) ? cancelled(&task->why) :
	    store_segment_open(search->store, task->number, &segment, &task->why);
	if (task->rc != OK)
		return;
	task->view = view_new(segment, store_segment(search->store, task->number));
	task->rc = view_search(search, task);
}

/* ---- rows going out ---- */

/* The next few rows in the order of the options, taken out of `rows`. */
static uint32_t
chunk_take(const struct search *search, struct bits *rows, uint32_t most, uint32_t *row,
    struct bits *chunk)
{
	bool newest = search->query->options.order == QUERY_NEWEST_FIRST;
	uint32_t n = 0, at = newest ? LIMIT_ROWS : 0;

	bits_clear(chunk);
	while (n < most) {
		at = newest ? bits_before(rows, at) : bits_next(rows, at);
		if (at >= LIMIT_ROWS)
			break;
		row[n++] = at;
		bits_set(chunk, at);
		at += !newest;
	}
	bits_minus(rows, chunk);
	return n;
}

static enum flow
row_out(struct search *search, struct view *view, uint32_t row)
{
	struct query_row fields;
	struct run *run = &search->run;

	arena_reset(run->row_arena);
	run->rc = view_row(view, &search->need, row, run->row_arena, &fields, run->why);
	if (run->rc != OK)
		return FLOW_FAILED;
	return stage_row(search->stages, run, &fields);
}

static enum flow
rows_out(struct search *search, struct task *task)
{
	struct view *view = task->view;
	struct run *run = &search->run;
	uint32_t *row = arena_alloc(view->arena, LIMIT_ROWS * sizeof *row);
	struct bits *chunk = view_bits(view);
	enum flow flow = FLOW_ON;

	for (uint32_t most = CHUNK_FIRST, n = 1; flow == FLOW_ON && n > 0; most *= 8) {
		n = chunk_take(search, &task->rows, most < LIMIT_ROWS ? most : LIMIT_ROWS, row,
		    chunk);
		if (n == 0)
			break;
		run->rc = view_text_rows(view, &search->need, chunk, run->why);
		if (run->rc != OK)
			flow = FLOW_FAILED;
		for (uint32_t i = 0; i < n && flow == FLOW_ON; i++) {
			if (i % CHECK_ROWS == 0 && is_cancelled(search->query)) {
				run->rc = cancelled(run->why);
				flow = FLOW_FAILED;
				break;
			}
			flow = row_out(search, view, row[i]);
		}
	}
	view_bits_done(view, &chunk);
	return flow;
}

static enum flow
task_out(struct search *search, struct task *task)
{
	struct run *run = &search->run;
	const int64_t *ns;

	search->query->cost.rows_matched += bits_count(&task->rows);
	task->found = !bits_empty(&task->rows);
	if (task->groups != NULL)
		return stage_merge(search->stages, task->groups);
	if (bits_empty(&task->rows) || stage_counts(search->stages))
		return FLOW_ON;
	if (stage_is_newest(search->stages)) {
		run->rc = segment_time(task->view->segment, &ns, run->why);
		if (run->rc != OK)
			return FLOW_FAILED;
		stage_drop_late(search->stages, ns, &task->rows);
	}
	return rows_out(search, task);
}

/* ---- all views ---- */

/* The number of the k-th segment to look at: they are in the order of their receive times. */
static size_t
segment_number(const struct search *search, size_t k, size_t n)
{
	return search->query->options.order == QUERY_NEWEST_FIRST ? n - 1 - k : k;
}

static bool
segment_wanted(struct search *search, size_t number)
{
	const struct segment_info *info = store_segment(search->store, number);

	if (stage_is_newest(search->stages) && !stage_wants_times(search->stages,
	    info->event_min_ns, info->event_max_ns))
		return false;
	return plan_wants(&search->plan, search->store, number);
}

/* The segment's rows are counted without opening it. Its groups come behind those before it. */
static bool
is_whole(struct search *search, size_t number, enum flow *ret_flow)
{
	const struct segment_info *info = store_segment(search->store, number);

	if (!stage_counts(search->stages) || !plan_wants_all(&search->plan, info) ||
	    !stage_whole(search->stages, info, ret_flow))
		return false;
	search->query->cost.rows_seen += info->rows;
	search->query->cost.rows_matched += info->rows;
	return true;
}

/*
 * Tasks for the next few segments that have to be opened; *k moves behind them. Returns how many.
 */
static size_t
wave_plan(struct search *search, struct task *task, size_t most, size_t *k, enum flow *ret_flow)
{
	size_t all = store_segments(search->store), n = 0;

	for (; *k < all && n < most && *ret_flow == FLOW_ON; ++*k) {
		size_t number = segment_number(search, *k, all);

		if (!segment_wanted(search, number) ||
		    (n == 0 && is_whole(search, number, ret_flow)))
			continue;
		task[n++] = (struct task){ .search = search, .number = number };
	}
	return n;
}

static void
wave_run(struct search *search, struct task *task, size_t n)
{
	if (search->pool != NULL && n > 1)
		search->pool->run(search->pool->ctx, task_run, task, n);
	else
		for (size_t i = 0; i < n; i++)
			task_run(task, i);
	for (size_t i = 0; i < n; i++) {
		if (task[i].view == NULL)
			continue;
		search->query->cost.rows_seen += task[i].view->nrow;
		search->query->cost.opened++;
	}
}

/* A segment that was looked into for nothing is not likely to be wanted next. */
static void
task_close(struct search *search, struct task *task)
{
	if (!task->found || task->rc != OK)
		view_free(&task->view);
	view_done(&task->view, search->store);
}

static enum flow
wave_out(struct search *search, struct task *task, size_t n)
{
	enum flow flow = FLOW_ON;

	for (size_t i = 0; i < n && flow == FLOW_ON; i++) {
		if (task[i].rc != OK) {
			search->run.rc = task[i].rc;
			if (search->run.why != NULL)
				*search->run.why = task[i].why;
			flow = FLOW_FAILED;
			break;
		}
		flow = task_out(search, &task[i]);
		tally_free(&task[i].groups);
		task_close(search, &task[i]);	/* the sooner the better */
	}
	return flow;
}

static void
wave_free(struct search *search, struct task *task, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		tally_free(&task[i].groups);
		task_close(search, &task[i]);
	}
}

/* Whether a few rows may be all that is wanted: then few segments are opened at first. */
static bool
may_end_early(const struct search *search)
{
	const struct stage *first = search->stages;

	return first == NULL || stage_is_newest(first) || (!stage_counts(first) &&
	    first->sorter == NULL);
}

static enum err
segments_search(struct search *search)
{
	struct task *task = xcalloc(WAVE_MAX, sizeof *task);
	size_t workers = search->pool != NULL ? search->pool->workers : 1, most, k = 0, n;
	enum flow flow = FLOW_ON;

	if (search->ast.concurrency > 0 && search->ast.concurrency < workers)
		workers = search->ast.concurrency;
	most = workers > 1 ? workers * 2 : 1;
	most = most < WAVE_MAX ? most : WAVE_MAX;
	for (size_t wave = may_end_early(search) ? 1 : most; flow == FLOW_ON;
	    wave = wave * 2 < most ? wave * 2 : most) {
		n = wave_plan(search, task, wave, &k, &flow);
		if (flow == FLOW_FAILED)
			break;
		if (is_cancelled(search->query)) {
			search->run.rc = cancelled(search->run.why);
			flow = FLOW_FAILED;
			break;
		}
		if (n == 0)
			break;
		wave_run(search, task, n);
		flow = wave_out(search, task, n);
		wave_free(search, task, n);
	}
	free(task);
	if (flow != FLOW_FAILED)
		flow = stage_end(search->stages);
	return flow == FLOW_FAILED ? search->run.rc : OK;
}

/* ---- getting ready ---- */

/* Filters behind the first one that come before any other pipe are parts of it. */
static void
filters_join(struct ast *ast, struct arena *arena)
{
	while (ast->npipe > 0 && ast->pipe[0]->op == PIPE_FILTER) {
		struct filter *both = arena_zalloc(arena, 1, sizeof *both);

		both->op = FILTER_AND;
		both->field = ast->filter->field;
		both->nchild = 2;
		both->child = arena_alloc(arena, 2 * sizeof *both->child);
		both->child[0] = ast->filter;
		both->child[1] = ast->pipe[0]->filter;
		ast->filter = both;
		ast->pipe++;
		ast->npipe--;
	}
}

/*
 * The options' limit: the newest rows (or the oldest, in that order) when rows go through one by
 * one, else the first so many.
 */
static void
limit_add(struct ast *ast, uint64_t limit, enum query_order order, struct arena *arena)
{
	struct pipe **pipe = arena_alloc(arena, (ast->npipe + 1) * sizeof *pipe);
	struct pipe *extra = arena_zalloc(arena, 1, sizeof *extra);
	struct name *key = arena_zalloc(arena, 1, sizeof *key);
	bool one_by_one = true;

	/* Those that may drop a row would leave too few behind a limit that comes first. */
	for (uint32_t i = 0; i < ast->npipe; i++)
		one_by_one &= pipe_is_by_row(ast->pipe[i]) && ast->pipe[i]->op != PIPE_FILTER &&
		    ast->pipe[i]->op != PIPE_DROP_EMPTY;
	key->text = SPAN("_time");
	*extra = (struct pipe){ .op = one_by_one ? PIPE_SORT : PIPE_LIMIT,
	    .desc = order == QUERY_NEWEST_FIRST, .has_limit = true, .limit = limit };
	if (one_by_one)
		extra->names = (struct names){ 1, key };
	if (ast->npipe > 0)
		memcpy(pipe + one_by_one, ast->pipe, ast->npipe * sizeof *pipe);
	pipe[one_by_one ? 0 : ast->npipe] = extra;
	ast->pipe = pipe;
	ast->npipe++;
}

static enum err
filters_prepare(struct ast *ast, struct arena *arena, struct matcher **list, struct why *why)
{
	enum err rc = eval_prepare(ast->filter, arena, list, why);

	for (uint32_t i = 0; i < ast->npipe && rc == OK; i++) {
		const struct pipe *pipe = ast->pipe[i];

		if (pipe->filter != NULL)
			rc = eval_prepare(pipe->filter, arena, list, why);
		for (uint32_t f = 0; f < pipe->nfunc && rc == OK; f++)
			if (pipe->func[f].only != NULL)
				rc = eval_prepare(pipe->func[f].only, arena, list, why);
	}
	return rc;
}

/* What of the query run belongs to all of its searches. */
struct whole {
	struct budget budget;
	struct arena *arena;
	struct matcher *matchers;
	struct match_scratch scratch;
};

static double
seconds_of(const struct plan *plan)
{
	if (plan->from_ns == INT64_MIN || plan->to_ns == INT64_MAX || plan->to_ns < plan->from_ns)
		return 0;
	return (double)((uint64_t)plan->to_ns - (uint64_t)plan->from_ns + 1) / 1e9;
}

static enum err
search_run(struct query *query, const struct ast *ast, uint64_t limit, struct store *store,
    const struct query_pool *pool, query_emit_fn *emit, void *ctx, struct whole *whole,
    struct why *why)
{
	struct search search = { .query = query, .store = store, .pool = pool, .ast = *ast };
	enum err rc;

	filters_join(&search.ast, whole->arena);
	if (limit > 0)
		limit_add(&search.ast, limit, query->options.order, whole->arena);
	search.bounded = query->options.bounded && !ast->unbounded;
	search.run = (struct run){ .budget = &whole->budget, .arena = whole->arena,
	    .scratch = &whole->scratch, .emit = emit, .ctx = ctx, .why = why,
	    .seed = (uint64_t)query->now_ns };
	rc = filters_prepare(&search.ast, whole->arena, &whole->matchers, why);
	if (rc != OK)
		return rc;
	search.run.row_arena = arena_new((size_t)4 << 30);
	plan_make(&search.plan, search.ast.filter, &query->options, search.bounded, whole->arena);
	search.run.seconds = seconds_of(&search.plan);
	stages_new(&search.stages, &search.ast, &search.run);
	stages_need(&search.ast, whole->arena, &search.need);
	rc = segments_search(&search);
	stages_free(&search.stages);
	arena_free(&search.run.row_arena);
	return rc;
}

/* ---- queries in in (...) ---- */

struct collector {
	struct whole *whole;
	struct span field;
	struct span *value;
	uint32_t n, cap;
	bool full;
};

static bool
collect(void *ctx, const struct query_row *row)
{
	struct collector *c = ctx;
	struct span value = row_value(row, c->field);

	if (value.n == 0 || (c->n > 0 && span_eq(value, c->value[c->n - 1])))
		return true;
	if (!budget_take(&c->whole->budget, value.n + sizeof value)) {
		c->full = true;
		return false;
	}
	if (c->n == c->cap) {
		struct span *old = c->value;

		c->cap = c->cap == 0 ? 64 : c->cap * 2;
		c->value = arena_alloc(c->whole->arena, c->cap * sizeof *c->value);
		if (c->n > 0)
			memcpy(c->value, old, c->n * sizeof *old);
	}
	c->value[c->n++] = arena_dup(c->whole->arena, value);
	return true;
}

static enum err
subqueries_run(struct query *query, struct store *store, const struct query_pool *pool,
    struct whole *whole, struct why *why)
{
	enum err rc = OK;

	for (struct subquery *sub = query->subqueries; sub != NULL && rc == OK; sub = sub->next) {
		struct collector c = { .whole = whole, .field = sub->field };

		rc = search_run(query, &sub->ast, 0, store, pool, collect, &c, whole, why);
		if (rc == OK && c.full)
			rc = budget_refuse(&whole->budget, why);
		sub->owner->value = c.value;
		sub->owner->nvalue = c.n;
	}
	return rc;
}

enum err
query_run(struct query *query, struct store *store, const struct query_pool *pool,
    query_emit_fn *emit, void *ctx, struct why *why)
{
	struct whole whole = { .budget = { .limit = query->options.memory_bytes } };
	struct why spare;
	enum err rc;

	why = why != NULL ? why : &spare;
	query->cost = (struct query_cost){ .segments = store_segments(store) };
	whole.arena = arena_new((size_t)16 << 30);
	match_scratch_init(&whole.scratch);
	rc = subqueries_run(query, store, pool, &whole, why);
	if (rc == OK)
		rc = search_run(query, &query->ast, query->options.limit, store, pool, emit, ctx,
		    &whole, why);
	for (struct subquery *sub = query->subqueries; sub != NULL; sub = sub->next) {
		sub->owner->value = NULL;
		sub->owner->nvalue = 0;
	}
	match_done(&whole.matchers);
	match_scratch_done(&whole.scratch);
	query->cost.memory_peak = atomic_load(&whole.budget.peak);
	arena_free(&whole.arena);
	return rc;
}

void
query_explain(const struct query *query, struct buf *out)
{
	struct arena *arena = arena_new((size_t)1 << 30);
	struct matcher *matchers = NULL;
	struct plan plan;
	struct why why;

	if (query->subqueries == NULL && eval_prepare(query->ast.filter, arena, &matchers, &why) !=
	    OK)
		buf_printf(out, "%s\n", why.text);
	plan_make(&plan, query->ast.filter, &query->options, query->options.bounded, arena);
	plan_explain(&plan, out);
	for (uint32_t i = 0; i < query->ast.npipe; i++) {
		buf_str(out, i == 0 ? "then:\n  " : "  ");
		pipe_print(out, query->ast.pipe[i]);
		buf_u8(out, '\n');
	}
	match_done(&matchers);
	arena_free(&arena);
}
