/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: arrays of known sizes. Rows of the stream findings, and the fold: see findings.h. */
#include "coverage/findings.h"

#include <stdlib.h>

#include "base/must.h"
#include "store/rows.h"

enum { ONE_BYTES = 1 << 20, FIRST_ROOM = 64 };

struct reading {
	findings_each_fn *each;
	void *ctx;
	struct arena *arena;
};

static bool
on_row(void *ctx, uint64_t seq, struct span record)
{
	struct reading *r = ctx;
	struct finding finding;

	arena_reset(r->arena);
	return finding_decode(&finding, record, r->arena, NULL) != OK ||
	    r->each(r->ctx, &finding, seq);
}

enum err
findings_each(struct store *store, findings_each_fn *each, void *ctx, struct why *why)
{
	struct reading r = { .each = each, .ctx = ctx, .arena = arena_new(ONE_BYTES) };
	enum err rc = rows_each(store, STREAM_FINDINGS, 0, on_row, &r, why);

	arena_free(&r.arena);
	return rc;
}

/* ---- the fold ---- */

struct fold {
	struct arena *arena;
	int64_t since_ns;
	struct findings_one *one;	/* the first time without texts */
	uint32_t n, cap;
};

static struct findings_one *
one_add(struct fold *fold)
{
	if (fold->n == fold->cap) {
		struct findings_one *old = fold->one;

		fold->cap = fold->cap == 0 ? FIRST_ROOM : fold->cap * 2;
		fold->one = arena_alloc(fold->arena, fold->cap * sizeof *fold->one);
		if (fold->n > 0)
			memcpy(fold->one, old, fold->n * sizeof *old);
	}
	fold->one[fold->n] = (struct findings_one){ .acts = 0 };
	return &fold->one[fold->n++];
}

/* What nobody asks for goes at once: years of closed ones need no room. */
static bool
fold_take(void *ctx, const struct finding *f, uint64_t seq)
{
	struct fold *fold = ctx;
	struct findings_one *one = NULL;

	for (uint32_t i = fold->n; i-- > 0 && one == NULL && f->act != FINDING_OPENED;)
		if (memcmp(fold->one[i].finding.id, f->id, sizeof f->id) == 0)
			one = &fold->one[i];
	if (one == NULL) {
		one = one_add(fold);
		one->opened_row = seq;
	}
	one->finding = *f;
	one->acts++;
	one->last_row = seq;
	if (f->act == FINDING_CLOSED && f->time_ns < fold->since_ns) {
		fold->n--;
		memmove(one, one + 1, (size_t)(fold->one + fold->n - one) * sizeof *one);
	}
	return true;
}

static int
by_row(const void *a, const void *b)
{
	const struct findings_one *x = a, *y = b;

	return (x->last_row > y->last_row) - (x->last_row < y->last_row);
}

static void
texts_keep(struct arena *arena, struct finding *f)
{
	struct span *const text[] = { &f->rule, &f->unit, &f->message, &f->group.listener,
	    &f->group.peer, &f->group.identity, &f->group.host, &f->group.subject };

	for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
		*text[i] = arena_dup(arena, *text[i]);
}

/* The second time: the rows that are wanted, with their texts. */
static bool
texts_take(void *ctx, const struct finding *f, uint64_t seq)
{
	struct fold *fold = ctx;
	const struct findings_one like = { .last_row = seq };
	struct findings_one *one = bsearch(&like, fold->one, fold->n, sizeof *one, by_row);

	if (one == NULL)
		return true;
	one->finding = *f;
	texts_keep(fold->arena, &one->finding);
	return true;
}

enum err
findings_fold(struct store *store, int64_t since_ns, struct arena *arena,
    struct findings_one **ret, uint32_t *ret_n, struct why *why)
{
	struct fold fold = { .arena = arena, .since_ns = since_ns };
	enum err rc = findings_each(store, fold_take, &fold, why);

	/* The texts of the first time are gone. */
	for (uint32_t i = 0; i < fold.n; i++) {
		struct finding *f = &fold.one[i].finding;

		f->rule = f->unit = f->message = SPAN("");
		f->group = (struct finding_group){ .unit = f->group.unit };
	}
	if (fold.n > 0)
		qsort(fold.one, fold.n, sizeof *fold.one, by_row);
	if (rc == OK && fold.n > 0)
		rc = findings_each(store, texts_take, &fold, why);
	*ret = fold.one;
	*ret_n = fold.n;
	return rc;
}
