/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. A regular expression over values that are
 * templates with slots (doc/formats/segment.md, section 5), as a machine that reads a template's
 * pieces and its slots' values one behind the other. No text is put together:
 *
 *	template	"session \0 of user \0 closed"		\0: a slot
 *	before		the states that the machine can be in before a slot, whatever the row
 *	step		what a slot's list does to one of them: to which states its values lead,
 *			told from its outline, the octets that are in it or its distinct values,
 *			once for all templates
 *	sure		whether a state before a slot decides: every row that comes there matches,
 *			or none does
 *
 * When every match holds one of some texts, templates whose rows hold none are left out first.
 * A template whose first state is sure is done with. The rows of others go from slot to slot by
 * tables until they are in a state that is. What the machine cannot read (escapes, octets that are
 * no UTF-8, slots that repeat columns) leads to UNKNOWN: those rows are put together and asked.
 */
#include "query/scan_machine_int.h"

#include "base/must.h"

/* ---- one template ---- */

/* The lists of the template's slots, from the left. */
static const uint32_t *
slots_of(const struct walk *w, uint32_t t, uint32_t *ret_n)
{
	return segment_text_slots(w->view->segment, w->part->index, t, ret_n);
}

/* The number of octets up to the next slot. */
static size_t
piece_of(struct span rest)
{
	const uint8_t *hole = rest.n > 0 ? memchr(rest.p, 0, rest.n) : NULL;

	return hole != NULL ? (size_t)(hole - rest.p) : rest.n;
}

/* Whether all states that the step leads to are one behind the piece; *ret: that one. */
static bool
is_one_behind(const struct walk *w, const struct step *step, struct span piece, uint16_t *ret)
{
	uint16_t first = UNKNOWN;

	for (uint8_t i = 0; i < step->to.n; i++) {
		uint16_t state = piece_run(w, step->to.state[i], piece);

		if (i > 0 && state != first)
			return false;
		first = state;
	}
	*ret = first;
	return step->to.n > 0 && !step->to.full;
}

/*
 * The state after a template when no slot leaves a choice beyond the piece behind it: what most
 * are, so it is quick. False: some does, or octets cannot be read.
 */
static enum err
template_run(struct walk *w, uint32_t t, uint16_t *ret_state, bool *ret_plain, struct why *why)
{
	const struct machine *m = w->machine;
	struct span rest = w->part->column->template[t];
	size_t n = piece_of(rest);
	uint32_t nslot;
	uint16_t state = piece_run(w, m->start, span_sub(rest, 0, n));
	const uint32_t *lists = slots_of(w, t, &nslot);
	enum err rc = OK;

	for (uint32_t slot = 0; rc == OK && n < rest.n && state != UNKNOWN && !is_decided(m, state);
	    slot++) {
		const struct step *step;
		uint32_t list = lists[slot];
		struct span one;

		rest = span_of(rest.p + n + 1, rest.n - n - 1);
		n = piece_of(rest);
		if (segment_list_one(w->view->segment, w->part->index, list, &one)) {
			state = piece_run(w, octets_run(w, state, one), span_of(rest.p, n));
			continue;
		}
		rc = list_step(w, list, state, false, &step, why);
		if (rc == OK && !is_one_behind(w, step, span_of(rest.p, n), &state))
			state = UNKNOWN;
	}
	*ret_state = state;
	*ret_plain = rc == OK && state != UNKNOWN;
	return rc;
}

/* Where each state before the slot leads to, and what is behind the piece. */
static enum err
hop_make(struct walk *w, struct hop *hop, struct span piece, bool exact, struct why *why)
{
	uint16_t one;
	enum err rc = OK;

	hop->after = hop[1].before = (struct set){ 0 };
	for (uint8_t i = 0; i < hop->before.n && rc == OK; i++) {
		rc = list_step(w, hop->list, hop->before.state[i], false, &hop->step[i], why);
		if (rc == OK && exact && !is_one_behind(w, hop->step[i], piece, &one))
			rc = list_step(w, hop->list, hop->before.state[i], true, &hop->step[i],
			    why);
		if (rc == OK)
			set_join(&hop->after, &hop->step[i]->to);
	}
	if (rc != OK)
		return rc;
	for (uint8_t i = 0; i < hop->after.n; i++)
		hop->leap[i] = set_add(&hop[1].before, piece_run(w, hop->after.state[i], piece));
	hop[1].before.full |= hop->after.full;
	return OK;
}

/* Of each state before the slot, whether its values lead to one place all. */
static void
hop_only(struct hop *hop)
{
	for (uint8_t i = 0; i < hop->before.n; i++) {
		const struct set *to = &hop->step[i]->to;
		bool first = true;

		hop->only[i] = MANY;
		for (uint8_t k = 0; k < hop->after.n; k++) {
			bool leads = false;

			for (uint8_t s = 0; s < to->n; s++)
				leads |= to->state[s] == hop->after.state[k];
			if (!leads)
				continue;
			if (!first && hop->only[i] != hop->leap[k]) {
				hop->only[i] = MANY;
				break;
			}
			hop->only[i] = hop->leap[k];
			first = false;
		}
	}
}

/* The states before each slot, from left to right; *ret_full: there are too many. */
static enum err
hops_make(struct walk *w, uint32_t t, bool exact, uint32_t *ret_nhop, bool *ret_full,
    struct why *why)
{
	struct span rest = w->part->column->template[t];
	size_t n = piece_of(rest);
	struct hop *hop = w->hop;
	uint32_t slot = 0, nslot;
	const uint32_t *lists = slots_of(w, t, &nslot);
	enum err rc = OK;

	hop->before = (struct set){ .n = 1, .state = { piece_run(w, w->machine->start,
	    span_sub(rest, 0, n)) } };
	while (rc == OK && n < rest.n && !hop->before.full && (hop->before.n > 1 ||
	    !is_decided(w->machine, hop->before.state[0]))) {
		must(slot < nslot && slot < SLOTS_MAX);
		hop->slot = slot;
		hop->list = lists[slot++];
		rest = span_sub(rest, n + 1, rest.n);
		n = piece_of(rest);
		rc = hop_make(w, hop, span_sub(rest, 0, n), exact, why);
		if (rc == OK)
			hop_only(hop++);
	}
	*ret_nhop = (uint32_t)(hop - w->hop);
	*ret_full = hop->before.full;
	return rc;
}

static uint8_t
state_sure(const struct machine *m, uint16_t state, bool end)
{
	if (state == UNKNOWN)
		return SURE_MAYBE;
	if (is_decided(m, state) || end)
		return machine_end(m, state) ? SURE_YES : SURE_NO;
	return SURE_MAYBE;
}

/* What a state before the hop decides, by what all states decide that it leads to. */
static uint8_t
hop_sure(const struct hop *hop, uint8_t i)
{
	const struct step *step = hop->step[i];
	uint8_t sure = SURE_MAYBE;

	for (uint8_t k = 0; k < hop->after.n; k++) {
		uint8_t one = hop[1].sure[hop->leap[k]];
		bool leads = false;

		for (uint8_t s = 0; s < step->to.n; s++)
			leads |= step->to.state[s] == hop->after.state[k];
		if (!leads)
			continue;
		if (one == SURE_MAYBE || (sure != SURE_MAYBE && sure != one))
			return SURE_MAYBE;
		sure = one;
	}
	return sure;
}

/* From right to left. */
static void
hops_decide(struct walk *w, uint32_t nhop)
{
	for (uint32_t k = nhop + 1; k-- > 0;) {
		struct hop *hop = &w->hop[k];

		for (uint8_t i = 0; i < hop->before.n; i++) {
			hop->sure[i] = state_sure(w->machine, hop->before.state[i], k == nhop);
			if (hop->sure[i] == SURE_MAYBE && k < nhop)
				hop->sure[i] = hop_sure(hop, i);
		}
	}
}

static void
way_make(struct walk *w, uint32_t t, uint32_t nhop)
{
	struct way *way = &w->way[t];

	way->nhop = nhop;
	while (way->first < nhop && w->hop[way->first].only[0] != MANY &&
	    w->hop[way->first + 1].before.n == 1)
		way->first++;
	way->hop = arena_alloc(w->view->arena, (nhop + 1) * sizeof *way->hop);
	memcpy(way->hop, w->hop, (nhop + 1) * sizeof *way->hop);
}

static enum err
template_judge(struct walk *w, uint32_t t, uint8_t *ret, struct why *why)
{
	const struct part *part = w->part;
	struct span text = part->column->template[t];
	uint32_t nhop = 0, nslot;
	bool full = false, plain = false;
	uint16_t state;
	enum err rc;

	*ret = READ;
	(void)slots_of(w, t, &nslot);
	w->reads = text.n > 0 && machine_reads(w->machine, text) && (!part->escaped ||
	    memchr(text.p, '\\', text.n) == NULL);
	if ((part->kind == HOLE_JSON_LITERAL || part->dash_null) &&
	    text.n - nslot <= SHORT_BYTES)
		return OK;
	rc = template_run(w, t, &state, &plain, why);
	if (rc != OK || plain) {
		*ret = rc == OK && machine_end(w->machine, state) ? ALWAYS : NEVER;
		return rc;
	}
	for (int exact = 0; exact < 2; exact++) {
		rc = hops_make(w, t, exact != 0, &nhop, &full, why);
		if (rc != OK)
			return rc;
		if (full)
			continue;
		hops_decide(w, nhop);
		if (w->hop[0].sure[0] != SURE_MAYBE) {
			*ret = w->hop[0].sure[0] == SURE_YES ? ALWAYS : NEVER;
			return OK;
		}
	}
	if (full || w->hop[nhop].before.state[0] == UNKNOWN)
		return OK;
	*ret = BY_ROW;
	way_make(w, t, nhop);
	return OK;
}

/* ---- rows ---- */

/* Which lists rows need, and where in the shared ones each slot's value is. */
static enum err
lists_begin(struct walk *w, struct why *why)
{
	const struct column *column = w->part->column;
	struct list_values values;
	enum err rc = OK;

	for (uint32_t t = 0; t < column->ntemplate; t++) {
		struct way *way = &w->way[t];

		for (uint32_t k = way->first; w->verdict[t] == BY_ROW && k < way->nhop; k++) {
			struct hop *hop = &way->hop[k];

			for (uint8_t i = 0; i < hop->before.n; i++)
				if (hop->only[i] == MANY && !hop->step[i]->blind)
					w->use[hop->list] = 1;
			if (w->use[hop->list] == 0)
				continue;
			rc = segment_list_values(w->view->segment, w->part->index, hop->list,
			    &values, why);
			if (rc != OK)
				return rc;
			hop->code = values.code;
			hop->one = values.code == NULL && values.nvalue == 1;
		}
	}
	return rc;
}

/* Lists that rows need and that have more than one slot are counted row by row. */
static void
shares_begin(struct walk *w)
{
	const struct column *column = w->part->column;
	uint32_t n = 0, nslot;

	for (uint32_t t = 0; t < column->ntemplate; t++) {
		const uint32_t *list = slots_of(w, t, &nslot);

		for (uint32_t k = 0; k < nslot; k++)
			w->use[list[k]] += w->use[list[k]] > 0;
		n += nslot;
	}
	w->share = arena_alloc(w->view->arena, (n + 1) * sizeof *w->share);
	n = 0;
	for (uint32_t t = 0; t < column->ntemplate; t++) {
		const uint32_t *list = slots_of(w, t, &nslot);

		w->way[t].share = n;
		for (uint32_t k = 0; k < nslot; k++) {
			bool shared = w->use[list[k]] > 2;

			w->share[n + k] = shared ? list[k] : UINT32_MAX;
			if (shared)
				w->way[t].nshare = k + 1;
		}
		n += w->way[t].nshare;
	}
}

/* The way of one row; place: of its slots' values in lists that are shared. */
static enum verdict
row_walk(const struct way *way, const uint32_t *place)
{
	const struct hop *hop = &way->hop[way->first], *end = &way->hop[way->nhop];
	uint8_t i = 0;

	for (; hop < end && hop->sure[i] == SURE_MAYBE; hop++) {
		const struct step *step = hop->step[i];
		uint32_t at = way->row;
		uint16_t state;
		uint8_t k = 0;

		if (hop->only[i] != MANY) {
			i = hop->only[i];
			continue;
		}
		if (step->blind)
			return READ;
		if (hop->slot < way->nshare && place[hop->slot] != UINT32_MAX)
			at = place[hop->slot];
		state = step->next[hop->code != NULL ? hop->code[at] : hop->one ? 0 : at];
		while (k < hop->after.n && hop->after.state[k] != state)
			k++;
		must(k < hop->after.n);
		i = hop->leap[k];
	}
	return hop->sure[i] == SURE_MAYBE ? READ : hop->sure[i] == SURE_YES ? ALWAYS : NEVER;
}

/* The values that must be put together to at[]; returns how many. */
static uint32_t
rows_walk(struct walk *w, const struct bits *want, uint8_t *read, uint32_t *at, struct bits *ret)
{
	const struct part *part = w->part;
	uint32_t place[SLOTS_MAX + 1], n = 0;

	memset(read, 0, part->n);
	for (uint32_t t = 0; t < part->column->ntemplate; t++)
		if (w->verdict[t] == NEVER && w->way[t].nshare == 0)
			w->verdict[t] = SKIP;
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row, t = part->column->template_of[i];
		struct way *way = &w->way[t];
		uint8_t verdict = w->verdict[t];

		if (verdict == SKIP)
			continue;
		row = part->row != NULL ? part->row[i] : i;
		for (uint32_t k = 0; k < way->nshare; k++) {
			uint32_t list = w->share[way->share + k];

			place[k] = list != UINT32_MAX ? w->at[list]++ : UINT32_MAX;
		}
		if (verdict == NEVER)
			continue;
		if (bits_has(want, row) && (part->shape_ok == NULL ||
		    part->shape_ok[w->view->shape_of[row]])) {
			if (verdict == BY_ROW)
				verdict = (uint8_t)row_walk(way, place);
			if (verdict == ALWAYS)
				bits_set(ret, row);
			read[i] = verdict == READ;
			at[n] = i;
			n += read[i];
		}
		way->row++;
	}
	return n;
}

/* ---- the part ---- */

/*
 * READ for templates of wanted rows that may match, by what texts every match holds one of; NEVER
 * for the others. Texts whose case does not count are found by the machine as fast.
 */
static enum err
templates_choose(struct walk *w, const struct bits *want, bool *ret_some, struct why *why)
{
	const struct part *part = w->part;
	const struct column *column = part->column;
	const struct regex_facts *facts = regex_facts(w->m->regex);
	uint32_t n = column->ntemplate;
	bool all = bits_count(want) == w->view->nrow;
	enum err rc = OK;

	*ret_some = true;
	memset(w->verdict, all, n);
	for (uint32_t i = 0; i < part->n && !all; i++)
		if (bits_has(want, part->row != NULL ? part->row[i] : i))
			w->verdict[column->template_of[i]] = 1;
	if (facts->nbranch > 0 && !facts->any_case)
		rc = scan_text_may(w->view, w->m, part, w->verdict, ret_some, why);
	for (uint32_t t = 0; t < n; t++)
		w->verdict[t] = w->verdict[t] != 0 ? READ : NEVER;
	return rc;
}

static enum err
templates_judge(struct walk *w, const struct bits *want, struct why *why)
{
	const struct column *column = w->part->column;
	bool by_row = false, some;
	enum err rc = templates_choose(w, want, &some, why);

	if (rc != OK || !some)
		return rc;
	for (uint32_t t = 0; t < column->ntemplate && rc == OK; t++) {
		if (w->verdict[t] == READ)
			rc = template_judge(w, t, &w->verdict[t], why);
		by_row |= w->verdict[t] == BY_ROW;
	}
	if (rc == OK && by_row)
		rc = lists_begin(w, why);
	if (rc == OK && by_row)
		shares_begin(w);
	return rc;
}

enum err
scan_machine(struct view *view, const struct matcher *m, struct part *part,
    const struct bits *want, struct bits *ret, struct why *why)
{
	struct arena *arena = view->arena;
	struct walk *w = arena_zalloc(arena, 1, sizeof *w);
	uint32_t n = part->column->ntemplate, some, *at;
	uint8_t *read;
	enum err rc;

	w->view = view;
	w->m = m;
	w->part = part;
	w->machine = regex_machine(m->regex);
	w->nlist = segment_text_lists(view->segment, part->index);
	w->list = arena_zalloc(arena, w->nlist + 1, sizeof(struct step *));
	w->column = arena_zalloc(arena, segment_columns(view->segment) + 1, sizeof(struct step *));
	w->use = arena_zalloc(arena, w->nlist + 1, sizeof *w->use);
	w->at = arena_zalloc(arena, w->nlist + 1, sizeof *w->at);
	w->way = arena_zalloc(arena, n + 1, sizeof *w->way);
	w->verdict = arena_zalloc(arena, n + 1, 1);
	rc = templates_judge(w, want, why);
	for (some = 0; rc == OK && some < n && w->verdict[some] == NEVER; some++)
		continue;
	if (rc != OK || some == n)
		return rc;
	read = arena_alloc(arena, part->n + 1);
	at = arena_alloc(arena, (part->n + 1) * sizeof *at);
	n = rows_walk(w, want, read, at, ret);
	if (n == 0)
		return OK;
	rc = part_text(view, part, read, why);
	if (rc == OK)
		scan_values(view, m, part, at, n, ret);
	return rc;
}
