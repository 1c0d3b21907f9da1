/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A regular expression as a finite machine: a table that goes from state to state by octets, so
 * that a text can be read in pieces, and what a piece does to a state is found once and used for
 * all texts that have the piece. It answers as query/regex.h does, but for texts that are not
 * UTF-8, which it must not be given. Not every pattern has one (machine_new says which).
 *
 *	state MACHINE_NO	nothing that follows makes it match
 *	state machine.yes	it matches, whatever follows
 *	another			machine_end() says whether it matches when the text ends here
 */
#ifndef QUERY_MACHINE_H
#define QUERY_MACHINE_H

#include "base/arena.h"
#include "base/span.h"
#include "query/octets.h"

enum { MACHINE_NO = 0, MACHINE_ENTRIES = 1 << 15, MACHINE_NODES = 1024 };

struct machine {
	uint16_t start, yes;
	uint16_t idle;			/* where nothing of a match was seen yet */
	bool ascii;			/* is for texts that are ASCII alone */
	uint8_t kind[256];		/* of octets: those of one kind do the same */
	bool wakes[256];		/* octets that lead out of idle */
	const uint16_t *next;		/* by state + kind of octet */
	const uint8_t *end;		/* by state */
};

/*
 * The machine of a pattern as regex_read() wrote it; whole: it must match all of a text. In the
 * arena. NULL: it has none, because it is large, or knows (?m), \p or signs beyond ASCII in
 * classes.
 */
const struct machine	*machine_new(struct span pattern, bool whole, struct arena *arena);
/* The state after the octets. */
uint16_t	machine_run(const struct machine *machine, uint16_t state, struct span octets);

static inline bool
machine_end(const struct machine *machine, uint16_t state)
{
	return machine->end[state] != 0;
}

bool		octets_are_ascii(struct span octets);
/* Whether the machine may be given these octets, which begin and end with whole code points. */
bool		machine_reads(const struct machine *machine, struct span octets);

/* ---- between machine_read.c (pattern to nodes) and machine.c (nodes to states) ---- */

enum node_op { NODE_OCTET, NODE_SPLIT, NODE_JUMP, NODE_ASSERT, NODE_MATCH };
enum node_assert { ASSERT_BEGIN, ASSERT_END, ASSERT_WORD_EDGE, ASSERT_NO_WORD_EDGE };

/* Goes on behind itself; a split also, and a jump only, at `to` nodes from itself. */
struct node {
	uint8_t op;
	uint8_t what;			/* enum node_assert */
	int16_t to;
	struct octets octets;
};

struct nodes {
	uint32_t n;
	bool ascii;			/* as struct machine */
	bool edges;			/* some assertion asks for words */
	struct node node[MACHINE_NODES];
};

/* False: not for a machine. */
bool		machine_read(struct span pattern, bool whole, struct nodes *ret);

#endif
