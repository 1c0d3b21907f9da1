/* SPDX-License-Identifier: Apache-2.0 */
/* See query/level.h. */
#include "query/level.h"

#include "base/fold.h"

void
level_run_end(struct level *l)
{
	if (l == NULL)
		return;
	if (l->run.n > l->best.n) {
		l->best.n = 0;
		buf_span_put(&l->best, buf_span(&l->run));
	}
	l->run.n = 0;
}

static void
text_add(struct level *l, struct span text)
{
	if (l->n == REGEX_BRANCHES)
		l->unknown = true;
	else
		l->text[l->n++] = text;
}

static size_t
shortest(const struct span *text, uint32_t n)
{
	size_t least = n > 0 ? text[0].n : 0;

	for (uint32_t i = 1; i < n; i++)
		least = text[i].n < least ? text[i].n : least;
	return least;
}

void
level_branch_end(struct level *l, struct arena *arena)
{
	level_run_end(l);
	/* One text is worth more than several as long. */
	if (l->best.n == 0 && l->nsome == 0)
		l->unknown = true;
	else if (l->best.n >= shortest(l->some, l->nsome))
		text_add(l, arena_dup(arena, buf_span(&l->best)));
	else
		for (uint32_t i = 0; i < l->nsome; i++)
			text_add(l, l->some[i]);
	l->best.n = 0;
	l->nsome = 0;
}

void
level_offer(struct level *l, const struct level *group)
{
	if (group->unknown || shortest(group->text, group->n) <= shortest(l->some, l->nsome))
		return;
	l->nsome = group->n;
	memcpy(l->some, group->text, group->n * sizeof *l->some);
}

void
level_reset(struct level *l)
{
	l->run.n = l->best.n = 0;
	l->n = l->nsome = 0;
	l->unknown = false;
}

void
level_done(struct level *l)
{
	buf_done(&l->run);
	buf_done(&l->best);
}

bool
level_is_odd(struct span text)
{
	size_t at = 0;

	while (at < text.n) {
		uint32_t r = rune_next(text, &at);

		if (r == 0xb5 || r == 0x17f || r == 0x345 || (r >= 0x370 && r < 0x400) ||
		    (r >= 0x1c80 && r < 0x1c90) || r == 0x1e60 || r == 0x1e61 || r == 0x1e9b ||
		    r == 0x1fbe || r == RUNE_BAD)
			return true;
	}
	return false;
}
