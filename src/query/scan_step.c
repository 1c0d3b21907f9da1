/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. What lists of slots do to the states of a
 * machine: see scan_machine.c.
 */
#include "query/scan_machine_int.h"

/* ---- sets ---- */

uint8_t
set_add(struct set *set, uint16_t state)
{
	for (uint8_t i = 0; i < set->n; i++)
		if (set->state[i] == state)
			return i;
	if (set->n == SET_MAX) {
		set->full = true;
		return 0;
	}
	set->state[set->n] = state;
	return set->n++;
}

void
set_join(struct set *set, const struct set *other)
{
	for (uint8_t i = 0; i < other->n; i++)
		(void)set_add(set, other->state[i]);
	set->full |= other->full;
}

/* ---- octets, lists, columns ---- */

uint16_t
octets_run(const struct walk *w, uint16_t state, struct span octets)
{
	if (octets.n == 0 || state == UNKNOWN || is_decided(w->machine, state))
		return state;
	if ((w->part->escaped && memchr(octets.p, '\\', octets.n) != NULL) ||
	    !machine_reads(w->machine, octets))
		return UNKNOWN;
	return machine_run(w->machine, state, octets);
}

/* From each of the states by each of the octets. */
static struct set
any_run(const struct walk *w, const struct set *from, struct span octets)
{
	const struct machine *m = w->machine;
	struct set to = { .full = from->full };

	for (uint8_t i = 0; i < from->n; i++) {
		uint16_t last = UNKNOWN;

		if (from->state[i] == UNKNOWN || is_decided(m, from->state[i])) {
			(void)set_add(&to, from->state[i]);
			continue;
		}
		for (size_t k = 0; k < octets.n; k++) {
			uint16_t state = m->next[from->state[i] + m->kind[octets.p[k]]];

			if (state != last)
				(void)set_add(&to, state);
			last = state;
		}
	}
	return to;
}

static bool
set_same(const struct set *a, const struct set *b)
{
	return a->n == b->n && a->full == b->full &&
	    memcmp(a->state, b->state, a->n * sizeof a->state[0]) == 0;
}

/* Behind `least` to `most` of any of the octets. */
static struct set
part_run(const struct walk *w, const struct outline_part *part, struct set at)
{
	struct set to = { 0 };

	for (uint8_t i = 0; !part->any && i < at.n; i++)
		(void)set_add(&to, octets_run(w, at.state[i], part->octets));
	to.full |= at.full;
	if (!part->any)
		return to;
	if (part->least == 0)
		to = at;
	for (unsigned n = 1; n <= part->most; n++) {
		struct set next = any_run(w, &at, part->octets);

		if (n >= part->least)
			set_join(&to, &next);
		if (n >= part->least && set_same(&next, &at))
			break;
		at = next;
	}
	return to;
}

/* Values that lie one behind the other and can all be read as they are; 0: the first cannot. */
static uint32_t
values_plain(const struct walk *w, const struct span *value, uint32_t n)
{
	size_t bytes = value[0].n;
	struct span all;
	uint32_t i = 1;

	for (; i < n && value[i].p == value[0].p + bytes; i++)
		bytes += value[i].n;
	all = span_of(value[0].p, bytes);
	return octets_are_ascii(all) && (!w->part->escaped || bytes == 0 ||
	    memchr(all.p, '\\', bytes) == NULL) ? i : 0;
}

static void
values_step(struct walk *w, struct step *step, const struct span *value, uint32_t n)
{
	uint16_t *next = arena_alloc(w->view->arena, (n + 1) * sizeof *next);
	uint32_t plain = n > 0 ? values_plain(w, value, n) : 0;
	uint16_t last = UNKNOWN;

	for (uint32_t i = 0; i < n; i++) {
		if (i < plain)
			next[i] = machine_run(w->machine, step->from, value[i]);
		else
			next[i] = octets_run(w, step->from, value[i]);
		if (i == 0 || next[i] != last)
			(void)set_add(&step->to, next[i]);
		last = next[i];
	}
	step->next = next;
}

static struct step *
step_new(struct walk *w, uint16_t from, struct step **list)
{
	struct step *step = arena_zalloc(w->view->arena, 1, sizeof *step);

	step->from = from;
	step->more = *list;
	*list = step;
	return step;
}

static struct step *
step_find(struct step *list, uint16_t from)
{
	while (list != NULL && list->from != from)
		list = list->more;
	return list;
}

static enum err
column_step(struct walk *w, uint32_t index, uint16_t from, struct set *to, struct why *why)
{
	struct step *step = step_find(w->column[index], from);
	const struct column *c;
	enum err rc = OK;

	if (step == NULL) {
		rc = segment_column_load(w->view->segment, index, &c, why);
		if (rc != OK)
			return rc;
		step = step_new(w, from, &w->column[index]);
		if (c->info->form == COLUMN_TEXT)
			(void)set_add(&step->to, UNKNOWN);
		else
			values_step(w, step, c->value != NULL ? c->value : c->word,
			    c->value != NULL ? c->n : c->nword);
	}
	set_join(to, &step->to);
	return rc;
}

static enum err
list_values_step(struct walk *w, uint32_t list, struct step *step, struct why *why)
{
	struct list_values values;
	enum err rc = segment_list_values(w->view->segment, w->part->index, list, &values, why);

	if (rc != OK)
		return rc;
	step->to = (struct set){ 0 };
	step->exact = true;
	values_step(w, step, values.value, values.nvalue);
	step->blind = values.nref > 0;
	for (uint32_t i = 0; i < values.nref && rc == OK; i++)
		rc = column_step(w, values.ref[i], step->from, &step->to, why);
	return rc;
}

/* Whether some octet that the outline allows leads out of idle. */
static bool
outline_wakes(const struct walk *w, const struct outline *o)
{
	bool wakes = o->kind == OUTLINE_NONE;

	for (uint32_t i = 0; i < o->n && !wakes; i++) {
		struct span octets = o->part[i].octets;

		for (size_t k = 0; k < octets.n; k++)
			wakes |= w->machine->wakes[octets.p[k]] || octets.p[k] >= 0x80 ||
			    octets.p[k] == '\\';
	}
	return wakes;
}

/* "-" 0..1, then digits: what most lists of numbers are. */
static bool
is_number(const struct outline *o)
{
	return o->kind == OUTLINE_PARTS_OF_ALL && o->n == 2 && o->part[0].any &&
	    o->part[1].any && o->part[0].octets.n == 1 && o->part[0].octets.p[0] == '-' &&
	    o->part[0].least == 0 && o->part[0].most == 1 && o->part[1].octets.n == 10 &&
	    o->part[1].octets.p[0] == '0';
}

/* Whole numbers lead from a state to where they did the last time. */
static void
number_step(struct walk *w, struct step *step)
{
	struct set at = { .n = 1, .state = { step->from } };
	unsigned k = step->from % 3;

	if (w->number[k].n == 0 || w->number_from[k] != step->from) {
		at = part_run(w, &w->outline.part[0], at);
		w->number[k] = part_run(w, &w->outline.part[1], at);
		w->number_from[k] = step->from;
	}
	step->to = w->number[k];
}

/*
 * All states that octets out of those that the list has lead to, in any order: more than its
 * values do, but told without decoding them. False: too many, or a match, or it cannot be told.
 */
static bool
octets_step(const struct walk *w, uint32_t list, uint16_t from, struct set *ret)
{
	const struct machine *m = w->machine;
	struct set to = { .n = 1, .state = { from } };
	uint8_t has[256] = { 0 }, kind[128];
	struct span octets;
	uint32_t n = 0;

	if (!segment_list_octets(w->view->segment, w->part->index, list, &octets))
		return false;
	for (size_t i = 0; i < octets.n; i++)
		has[octets.p[i]] = 1;
	if (memchr(has + 128, 1, 128) != NULL || (w->part->escaped && has['\\'] != 0))
		return false;
	for (unsigned c = 0; c < 128; c++)
		if (has[c] != 0 && (n == 0 || kind[n - 1] != m->kind[c]))
			kind[n++] = m->kind[c];
	for (uint8_t i = 0; i < to.n && !to.full; i++)
		for (uint32_t k = 0; k < n && to.state[i] != m->yes; k++)
			(void)set_add(&to, m->next[to.state[i] + kind[k]]);
	for (uint8_t i = 0; i < to.n; i++)
		to.full |= to.state[i] == m->yes;
	if (!to.full)
		*ret = to;
	return !to.full;
}

static void
outline_step(struct walk *w, uint32_t list, struct step *step)
{
	struct outline *o = &w->outline;
	struct set at = { .n = 1, .state = { step->from } };

	segment_list_outline(w->view->segment, w->part->index, list, o);
	if (o->kind == OUTLINE_ONE) {
		(void)set_add(&step->to, octets_run(w, step->from, o->text));
		step->exact = true;
		return;
	}
	if (is_number(o)) {
		number_step(w, step);
		return;
	}
	if (step->from == w->machine->idle && !outline_wakes(w, o)) {
		(void)set_add(&step->to, step->from);
		return;
	}
	if (o->kind == OUTLINE_NONE && octets_step(w, list, step->from, &step->to))
		return;
	step->to.full = o->kind == OUTLINE_NONE;
	for (uint32_t i = 0; i < o->n && o->kind == OUTLINE_PARTS_OF_ALL; i++)
		at = part_run(w, &o->part[i], at);
	if (o->kind == OUTLINE_PARTS_OF_ALL)
		step->to = at;
}

enum err
list_step(struct walk *w, uint32_t list, uint16_t from, bool exact, const struct step **ret,
    struct why *why)
{
	struct step *step = step_find(w->list[list], from);
	enum err rc = OK;

	if (step == NULL) {
		step = step_new(w, from, &w->list[list]);
		if (from == UNKNOWN || is_decided(w->machine, from)) {
			(void)set_add(&step->to, from);
			step->exact = true;
		} else {
			outline_step(w, list, step);
		}
	}
	if (!step->exact && (step->to.full || (exact && step->to.n > 1)))
		rc = list_values_step(w, list, step, why);
	*ret = step;
	return rc;
}
