/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes are counted here. Nodes to states, all of them at once: a state is
 * what nodes may come next, behind all that needs no octet. What an assertion asks of the octet
 * before is a part of the state; what it asks of the one behind is decided when that is known.
 */
#include "query/machine.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/fold.h"
#include "base/must.h"

enum { WORDS = MACHINE_NODES / 64, STATES = 4096, NO_OCTET = 256 };

/* The octet before. */
enum before { BEFORE_OTHER, BEFORE_WORD, BEFORE_NONE };

struct state {
	uint64_t node[WORDS];		/* OCTET and ASSERT only */
	uint8_t before;			/* OTHER unless some assertion is among them */
	bool yes;			/* a match: alone then */
};

struct maker {
	struct nodes nodes;
	bool whole;
	uint8_t kind[256];
	uint32_t nkind;
	uint8_t example[256];		/* an octet of each kind */
	struct state *state;
	uint32_t nstate, cap;
	uint32_t *slot;			/* of a table of states: number + 1 */
	uint16_t stack[2 * MACHINE_NODES + 2];	/* each node leads to two at most */
};

/* ---- kinds of octets ---- */

/* Octets of a kind that are in the set, when others are not, become a kind of their own. */
static void
kinds_split(struct maker *m, const struct octets *set)
{
	uint8_t other[256];
	bool mixed[256] = { false };

	memset(other, 0, sizeof other);
	for (unsigned c = 0; c < 256; c++)
		mixed[m->kind[c]] |= !octets_has(set, (uint8_t)c);
	for (unsigned c = 0; c < 256; c++) {
		uint8_t k = m->kind[c];

		if (!octets_has(set, (uint8_t)c) || !mixed[k])
			continue;
		if (other[k] == 0)
			other[k] = (uint8_t)m->nkind++;
		m->kind[c] = other[k];
	}
}

static bool
is_tail(unsigned c)
{
	return c >= 0x80 && c < 0xc0;
}

static void
kinds_make(struct maker *m)
{
	struct octets words = { { 0 } }, tails = { { 0, 0, UINT64_MAX, 0 } };

	m->nkind = 1;
	for (unsigned c = 0; c < 128; c++)
		if (ascii_is_word((uint8_t)c))
			words.w[c / 64] |= (uint64_t)1 << c % 64;
	if (m->nodes.edges)
		kinds_split(m, &words);
	kinds_split(m, &tails);
	for (uint32_t i = 0; i < m->nodes.n; i++)
		if (m->nodes.node[i].op == NODE_OCTET)
			kinds_split(m, &m->nodes.node[i].octets);
	for (unsigned c = 256; c-- > 0;)
		m->example[m->kind[c]] = (uint8_t)c;
}

/* ---- states ---- */

static bool
state_has(const struct state *s, uint32_t i)
{
	return (s->node[i / 64] >> i % 64 & 1) != 0;
}

/* Node i and all that follows it without an octet. */
static void
state_add(struct maker *m, struct state *s, uint32_t i)
{
	uint64_t seen[WORDS] = { 0 };
	uint32_t n = 0;

	m->stack[n++] = (uint16_t)i;
	while (n > 0 && !s->yes) {
		const struct node *x;

		i = m->stack[--n];
		x = &m->nodes.node[i];
		if ((seen[i / 64] >> i % 64 & 1) != 0)
			continue;
		seen[i / 64] |= (uint64_t)1 << i % 64;
		switch (x->op) {
		case NODE_MATCH:
			s->yes = true;
			break;
		case NODE_SPLIT:
			m->stack[n++] = (uint16_t)((int)i + x->to);
			m->stack[n++] = (uint16_t)(i + 1);
			break;
		case NODE_JUMP:
			m->stack[n++] = (uint16_t)((int)i + x->to);
			break;
		default:
			s->node[i / 64] |= (uint64_t)1 << i % 64;
		}
	}
}

/* Whether an assertion holds before octet c; NO_OCTET: at the end. */
static bool
holds(const struct node *x, enum before before, unsigned c)
{
	bool word = c < 128 && ascii_is_word((uint8_t)c);

	if (c != NO_OCTET && is_tail(c))
		return false;		/* inside of a code point */
	switch (x->what) {
	case ASSERT_BEGIN:
		return before == BEFORE_NONE;
	case ASSERT_END:
		return c == NO_OCTET;
	case ASSERT_WORD_EDGE:
		return word != (before == BEFORE_WORD);
	default:
		return word == (before == BEFORE_WORD);
	}
}

/* Goes behind the assertions that hold before octet c, and those behind them. */
static void
state_pass(struct maker *m, struct state *s, unsigned c)
{
	struct state done = { .yes = false };
	bool more = true;

	while (more && !s->yes) {
		more = false;
		for (uint32_t w = 0; w < WORDS; w++) {
			uint64_t left = s->node[w] & ~done.node[w];

			for (; left != 0 && !s->yes; left &= left - 1) {
				uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(left);
				const struct node *x = &m->nodes.node[i];

				done.node[w] |= (uint64_t)1 << i % 64;
				if (x->op != NODE_ASSERT || !holds(x, s->before, c))
					continue;
				state_add(m, s, i + 1);
				more = true;
			}
		}
	}
}

/*
 * Assertions that will never hold go; without one, also behind the end, it does not matter what
 * was before.
 */
static void
state_tidy(const struct maker *m, struct state *s)
{
	bool asserts = false;

	if (s->yes) {
		*s = (struct state){ .yes = true };
		return;
	}
	for (uint32_t i = 0; i < m->nodes.n; i++) {
		const struct node *x = &m->nodes.node[i];

		if (!state_has(s, i) || x->op != NODE_ASSERT)
			continue;
		if (x->what == ASSERT_BEGIN && s->before != BEFORE_NONE)
			s->node[i / 64] &= ~((uint64_t)1 << i % 64);
		else
			asserts |= x->what != ASSERT_END || m->nodes.edges ||
			    s->before == BEFORE_NONE;
	}
	if (!asserts)
		s->before = BEFORE_OTHER;
}

static struct state
state_step(struct maker *m, const struct state *from, unsigned c)
{
	struct state at = *from, to = { .before = BEFORE_OTHER };

	state_pass(m, &at, c);
	to.yes = at.yes;
	to.before = c < 128 && ascii_is_word((uint8_t)c) ? BEFORE_WORD : BEFORE_OTHER;
	for (uint32_t w = 0; w < WORDS; w++) {
		for (uint64_t left = at.node[w]; left != 0; left &= left - 1) {
			uint32_t i = w * 64 + (uint32_t)__builtin_ctzll(left);
			const struct node *x = &m->nodes.node[i];

			if (x->op == NODE_OCTET && octets_has(&x->octets, (uint8_t)c))
				state_add(m, &to, i + 1);
		}
	}
	if (!m->whole)
		state_add(m, &to, 0);
	state_tidy(m, &to);
	return to;
}

static uint64_t
state_hash(const struct state *s)
{
	uint64_t h = s->before + 2U * s->yes;

	for (uint32_t w = 0; w < WORDS; w++)
		h = (h ^ s->node[w]) * 0x9e3779b97f4a7c15 + (h >> 29);
	return h ^ h >> 32;
}

/* Its number; UINT32_MAX: there are too many. */
static uint32_t
state_number(struct maker *m, const struct state *s)
{
	uint32_t at = (uint32_t)state_hash(s) & (2 * STATES - 1);

	for (; m->slot[at] != 0; at = (at + 1) & (2 * STATES - 1)) {
		const struct state *other = &m->state[m->slot[at] - 1];

		if (other->before == s->before && other->yes == s->yes &&
		    memcmp(other->node, s->node, sizeof s->node) == 0)
			return m->slot[at] - 1;
	}
	if (m->nstate == STATES || (m->nstate + 1) * m->nkind > MACHINE_ENTRIES)
		return UINT32_MAX;
	if (m->nstate == m->cap) {
		m->cap = m->cap > 0 ? m->cap * 2 : 16;
		m->state = xreallocarray(m->state, m->cap, sizeof *m->state);
	}
	m->state[m->nstate] = *s;
	m->slot[at] = m->nstate + 1;
	return m->nstate++;
}

/* Numbers 0 and 1 are NO and yes. */
static void
states_begin(struct maker *m)
{
	struct state no = { .yes = false }, yes = { .yes = true };
	struct state start = { .before = BEFORE_NONE };

	(void)state_number(m, &no);
	(void)state_number(m, &yes);
	state_add(m, &start, 0);
	state_tidy(m, &start);
	(void)state_number(m, &start);
}

static bool
states_make(struct maker *m, uint16_t *next)
{
	for (uint32_t s = 0; s < m->nstate; s++) {
		for (uint32_t k = 0; k < m->nkind; k++) {
			struct state from = m->state[s], to;
			uint32_t number = s;

			if (s > 1) {
				to = state_step(m, &from, m->example[k]);
				number = state_number(m, &to);
			}
			if (number == UINT32_MAX)
				return false;
			next[s * m->nkind + k] = (uint16_t)(number * m->nkind);
		}
	}
	return true;
}

/* ---- the machine ---- */

static struct machine *
machine_fill(struct maker *m, const uint16_t *next, struct arena *arena)
{
	struct machine *ret = arena_zalloc(arena, 1, sizeof *ret);
	uint32_t n = m->nstate * m->nkind;
	uint16_t *copy = arena_alloc(arena, n * sizeof *copy);
	uint8_t *end = arena_zalloc(arena, n, 1);
	struct state start = { .before = BEFORE_NONE };

	memcpy(copy, next, n * sizeof *copy);
	memcpy(ret->kind, m->kind, sizeof m->kind);
	ret->ascii = m->nodes.ascii;
	ret->yes = (uint16_t)m->nkind;
	ret->next = copy;
	ret->end = end;
	for (uint32_t s = 0; s < m->nstate; s++) {
		struct state at = m->state[s];

		state_pass(m, &at, NO_OCTET);
		end[s * m->nkind] = at.yes;
	}
	state_add(m, &start, 0);
	state_tidy(m, &start);
	ret->start = (uint16_t)(state_number(m, &start) * m->nkind);
	ret->idle = copy[ret->start + ret->kind[' ']];
	for (unsigned c = 0; c < 256; c++)
		ret->wakes[c] = copy[ret->idle + ret->kind[c]] != ret->idle;
	return ret;
}

const struct machine *
machine_new(struct span pattern, bool whole, struct arena *arena)
{
	struct maker *m = xcalloc(1, sizeof *m);
	uint16_t *next = xcalloc(MACHINE_ENTRIES, sizeof *next);
	const struct machine *ret = NULL;

	m->whole = whole;
	m->slot = xcalloc((size_t)2 * STATES, sizeof *m->slot);
	if (machine_read(pattern, whole, &m->nodes)) {
		kinds_make(m);
		states_begin(m);
		if (states_make(m, next))
			ret = machine_fill(m, next, arena);
	}
	free(m->state);
	free(m->slot);
	free(m);
	free(next);
	return ret;
}

uint16_t
machine_run(const struct machine *m, uint16_t state, struct span octets)
{
	const uint8_t *p = octets.p, *end = p + octets.n;

	while (p < end && state > m->yes) {
		if (state == m->idle)
			while (!m->wakes[*p])
				if (++p == end)
					return state;
		state = m->next[state + m->kind[*p++]];
	}
	return state;
}

/* Whether UTF-8 begins and ends in s. */
static bool
is_utf8(struct span s)
{
	for (size_t at = 0; at < s.n;) {
		size_t from = at;

		if (s.p[at] < 0x80) {
			at++;
			continue;
		}
		if (rune_next(s, &at) == RUNE_BAD && at - from == 1)
			return false;
	}
	return true;
}

static bool
ascii_eight(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof w);
	return (w & 0x8080808080808080) == 0;
}

bool
octets_are_ascii(struct span s)
{
	unsigned high = 0;
	size_t i = 0;

#ifdef __SSE2__
	for (; s.n - i >= 16; i += 16)
		high |= (unsigned)_mm_movemask_epi8(_mm_loadu_si128((const __m128i *)(const void *)
		    (s.p + i))) << 7;
#endif
	for (; s.n - i >= 8; i += 8)
		high |= ascii_eight(s.p + i) ? 0 : 0x80;
	if (i < s.n && s.n >= 8)
		high |= ascii_eight(s.p + s.n - 8) ? 0 : 0x80;
	for (; i < s.n && s.n < 8; i++)
		high |= s.p[i];
	return high < 0x80;
}

bool
machine_reads(const struct machine *m, struct span s)
{
	return octets_are_ascii(s) || (!m->ascii && is_utf8(s));
}
