/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sender's own numbers (RFC 5424, 7.3.1): they begin with 1, grow by one with each message and
 * begin anew when the sender does. What is missing between them is an estimate: a number is
 * missing until it comes late, and a sender that begins anew tells nothing of its last ones.
 *
 *	      low            next - WINDOW                    next
 *	-------+-------------------+----------------------------+------------
 *	 not   |  came, or missing | missing ones are known     |  1: the one to come,
 *	 known |  for good         | and taken back when late   |  further: missing between
 */
#include "coverage/coverage_int.h"

#include <string.h>

enum {
	WINDOW = 4096,			/* relays and threads reorder less */
	NEAR = 64,			/* below the first number that we know, late; else anew */
	JUMP = 1000000,			/* so far ahead it is another count */
};

struct numbers {
	uint64_t low, next;
	uint64_t missing[WINDOW / 64];	/* by number % WINDOW */
};

static uint64_t
bit_of(uint64_t n)
{
	return UINT64_C(1) << (n % 64);
}

static uint64_t *
word_of(struct numbers *q, uint64_t n)
{
	return &q->missing[n % WINDOW / 64];
}

static void
begin(struct numbers *q, uint64_t n)
{
	*q = (struct numbers){ .low = n, .next = n + 1 };
}

/* All before n were to come: they are missing now. */
static void
leap(struct gather *s, struct coverage_cell *cell, struct numbers *q, uint64_t n)
{
	uint64_t gap = n - q->next, at = gap < WINDOW ? q->next : n - WINDOW;

	cell->missing += (int64_t)gap;
	s->out.missing += gap;
	for (; at < n; at++)
		*word_of(q, at) |= bit_of(at);
	*word_of(q, n) &= ~bit_of(n);
	q->next = n + 1;
}

void
numbers_take(struct gather *s, struct coverage_cell *cell, uint64_t n, struct arena *arena)
{
	struct numbers *q = s->numbers;

	s->out.numbered++;
	if (q == NULL) {
		q = s->numbers = arena_alloc(arena, sizeof *q);
		begin(q, n);
	} else if (n >= q->next) {
		if (n - q->next >= JUMP)
			begin(q, n);
		else
			leap(s, cell, q, n);
	} else if (n >= q->low && q->next - n <= WINDOW && (*word_of(q, n) & bit_of(n)) != 0) {
		*word_of(q, n) &= ~bit_of(n);
		cell->missing--;
		s->out.missing--;
	} else if (n >= q->low || n == 1 || q->low - n > NEAR) {
		begin(q, n);
	}
}
