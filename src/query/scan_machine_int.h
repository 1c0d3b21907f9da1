/* SPDX-License-Identifier: Apache-2.0 */
/* Between scan_machine.c (templates and rows) and scan_step.c (lists): what both know. */
#ifndef QUERY_SCAN_MACHINE_INT_H
#define QUERY_SCAN_MACHINE_INT_H

#include "query/eval.h"
#include "query/machine.h"

enum {
	SET_MAX = 12,
	SLOTS_MAX = 255,
	MANY = UINT8_MAX,
	UNKNOWN = UINT16_MAX,	/* a state: the machine's are less */
	SHORT_BYTES = 4		/* "null" and "-" may mean nothing */
};

enum sure { SURE_NO, SURE_YES, SURE_MAYBE };
enum verdict { NEVER, ALWAYS, BY_ROW, READ, SKIP };	/* SKIP: and no slot counts */

struct set {
	uint8_t n;
	bool full;			/* there were more states */
	uint16_t state[SET_MAX];
};

/* What a list, or a column that slots repeat, does to one state. */
struct step {
	struct step *more;		/* of the same list, from other states */
	uint16_t from;
	bool exact;			/* told from its values */
	bool blind;			/* a row's value is not at hand */
	struct set to;
	const uint16_t *next;		/* by distinct value, when exact; or NULL */
};

struct hop {				/* over one slot and the piece behind it */
	uint32_t list;
	uint32_t slot;
	struct set before;		/* the slot */
	uint8_t sure[SET_MAX];
	const struct step *step[SET_MAX];
	struct set after;		/* the slot, before the piece */
	uint8_t leap[SET_MAX];		/* of each of them: number in before of the next hop */
	uint8_t only[SET_MAX];		/* of each before: all its values leap there; or MANY */
	const uint32_t *code;		/* of the list, while rows are walked */
	bool one;			/* of its values there is one only */
};

struct way {
	uint32_t nhop;
	struct hop *hop;		/* and one behind the last, for before and sure */
	uint32_t first;			/* where rows begin */
	uint32_t row;			/* rows of the template that were seen */
	uint32_t share, nshare;		/* its slots in walk.share */
};

struct walk {
	struct view *view;
	const struct matcher *m;
	const struct machine *machine;
	struct part *part;
	uint32_t nlist;
	struct step **list, **column;	/* by number */
	struct hop hop[SLOTS_MAX + 1];	/* of the template being judged */
	bool reads;			/* the machine reads all of its pieces */
	struct way *way;		/* by template */
	uint8_t *verdict;
	/* Lists that more than one slot has: where in them each is. */
	uint32_t *use, *at;		/* by list */
	uint32_t *share;		/* lists of templates' slots; UINT32_MAX: not shared */
	struct outline outline;
	struct set number[3];		/* whole numbers from the state before: see number_step() */
	uint16_t number_from[3];
};

static inline bool
is_decided(const struct machine *m, uint16_t state)
{
	return state <= m->yes;
}

/* Its number in the set; when there are too many the set is full. */
uint8_t		set_add(struct set *set, uint16_t state);
void		set_join(struct set *set, const struct set *other);
/* The state after octets as they are stored. */
uint16_t	octets_run(const struct walk *walk, uint16_t state, struct span octets);
/* The same for a piece of the template being judged. */
static inline uint16_t
piece_run(const struct walk *walk, uint16_t state, struct span piece)
{
	if (!walk->reads)
		return octets_run(walk, state, piece);
	return piece.n > 0 && state != UNKNOWN ? machine_run(walk->machine, state, piece) : state;
}

/* What the list does to a state; exact: an outline that leaves a choice is not enough. */
enum err	list_step(struct walk *walk, uint32_t list, uint16_t from, bool exact,
		    const struct step **ret, struct why *why);

#endif
