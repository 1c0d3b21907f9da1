/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of spans. Whether what is searched may lie over edges of a
 * template's slots. Slots are gone through from the left; what is noted is only which octets of
 * the needle may be the first of a slot's value, and a value must be in the slot's list.
 *
 *	template  from [slot] port [slot] ssh2		needle  om 10.1.2.3 port 2
 *	               ^ needle[3] may be here: "om " is the end of the piece before it
 *	                           ^ needle[17] too: "10.1.2.3" may be in the first slot's list, and
 *	                             " port " is the piece behind it; if "2" is in the list of this
 *	                             one, the needle may be in the text
 */
#include "query/judge_int.h"

/* A part so much shorter than the needle is believed to be in any list: many have it. */
enum { SHORT = 4 };

struct cross {
	struct judge *judge;
	struct needle *needle;
	struct span text;		/* the needle's */
	uint8_t *now, *next;		/* by octet of text: it may be the first of this value */
	bool some_now, some_next;
};

/* Whether text[from, to) may be (at the end, or the beginning of) a value of the list. */
static bool
part_holds(struct cross *x, uint32_t list, size_t from, size_t to)
{
	struct known *known;

	if (to - from < x->text.n / SHORT || to == from)
		return true;
	known = known_of(x->judge, x->needle, span_sub(x->text, from, to - from));
	return known == NULL || list_holds(x->judge, known, list);
}

/* The needle may begin in the piece before a slot. */
static void
begins_mark(struct cross *x, struct span piece)
{
	for (size_t n = 1; n <= piece.n && n < x->text.n; n++) {
		if (piece.p[piece.n - 1] != x->text.p[n - 1] ||
		    memcmp(piece.p + piece.n - n, x->text.p, n) != 0)
			continue;
		x->now[n] = 1;
		x->some_now = true;
	}
}

/* Whether a value that ends before text[to] may be in the list. */
static bool
value_before(struct cross *x, uint32_t list, size_t to)
{
	for (size_t from = 1; x->some_now && from <= to; from++)
		if (x->now[from] != 0 && part_holds(x, list, from, to))
			return true;
	return part_holds(x, list, 0, to);
}

/* Goes over one slot and the piece behind it; true: the needle may end there. */
static bool
slot_pass(struct cross *x, uint32_t list, struct span piece, bool last)
{
	struct span text = x->text;
	const uint8_t *p = text.p + 1, *end = text.p + text.n;

	for (size_t from = 1; x->some_now && from < text.n; from++)
		if (x->now[from] != 0 && part_holds(x, list, from, text.n))
			return true;
	if (piece.n == 0)
		return false;
	for (; p < end && (p = memchr(p, piece.p[0], (size_t)(end - p))) != NULL; p++) {
		size_t left = (size_t)(end - p), n = left < piece.n ? left : piece.n;
		bool ends = n == left;

		if ((last && !ends) || memcmp(p, piece.p, n) != 0 ||
		    !value_before(x, list, (size_t)(p - text.p)))
			continue;
		if (ends)
			return true;
		x->next[(size_t)(p - text.p) + n] = 1;
		x->some_next = true;
	}
	return false;
}

/* What was next is now. */
static void
turn(struct cross *x)
{
	uint8_t *was = x->now;

	if (x->some_now)
		memset(was, 0, x->text.n + 1);
	x->now = x->next;
	x->next = was;
	x->some_now = x->some_next;
	x->some_next = false;
}

bool
cross_holds(struct judge *j, struct needle *needle)
{
	struct cross x = { .judge = j, .needle = needle, .text = needle->text,
	    .now = j->cut[0], .next = j->cut[1] };
	const uint32_t *list = j->map->slot_list + j->look->first;
	struct span t = j->alike;
	const uint8_t *at = t.p, *end = t.p + t.n, *hole = t.n > 0 ? memchr(at, 0, t.n) : NULL;
	bool holds = false;

	memset(x.now, 0, x.text.n + 1);
	memset(x.next, 0, x.text.n + 1);
	for (uint32_t s = 0; s < j->look->nslot && hole != NULL && !holds; s++) {
		const uint8_t *next = hole + 1 < end ?
		    memchr(hole + 1, 0, (size_t)(end - hole) - 1) : NULL;
		const uint8_t *stop = next != NULL ? next : end;

		begins_mark(&x, span_of(at, (size_t)(hole - at)));
		holds = slot_pass(&x, list[s], span_of(hole + 1, (size_t)(stop - hole) - 1),
		    next == NULL);
		turn(&x);
		at = hole + 1;
		hole = next;
	}
	return holds;
}
