/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. Values that are templates with slots
 * (doc/formats/segment.md, section 6): what can be told from a template's fixed octets and the
 * distinct values of its slots is told for all of its rows at once; only rows that may match are
 * put together and asked.
 *
 *	template  "session \0 of user \0 closed"       \0: a slot
 *	never     what is searched (or its longest word, where a slot's edge may cut it in two) is
 *	          in no piece and in no list of values of its slots; lists are shared by templates
 *	          and judged once, most by their encoding
 *	always    it is in one piece, its edges are inside of the piece (or the value's own)
 */
#include "query/eval.h"

#include "base/fold.h"
#include "query/value.h"

enum verdict { NEVER, MAYBE, ALWAYS };

/* What is known of one template while it is judged. */
struct judge {
	struct view *view;
	const struct matcher *m;
	const struct part *part;
	const struct text_map *map;
	bool together;			/* most templates are judged: look into all at once */
	struct span template;		/* as stored */
	struct span alike;		/* as the matcher compares */
	const struct template_look *look;
	enum alike how;			/* of literals in it: the matcher's, or (?i) */
	struct needle *needle;		/* as many as the matcher or the pattern has */
	struct room room, template_room;
};

/* What each list and column was found to be, for one needle. */
enum holds { NOT_ASKED, HOLDS, HOLDS_NOT };

struct known {
	uint8_t *list, *column;		/* enum holds, by number; NULL until it is asked for */
};

struct needle {
	struct span text;
	uint8_t *templates;		/* which hold the text; NULL: look */
	bool is_ipv4;			/* as whole words, and nothing else */
	uint32_t ipv4;
	struct span word;		/* its longest run of word characters */
	struct span unit;		/* what one template's slots are asked for: text or word */
	struct known *known;		/* of that */
	struct known of_text, of_word;
};

/* The longest run of word characters. */
static struct span
longest_word(struct span needle)
{
	struct span best = { 0 }, word;
	size_t at = 0;

	while (word_next(needle, &at, &word))
		if (word.n > best.n)
			best = word;
	return best;
}

/* ---- the fixed octets ---- */

/* Whether [at, at + n) of the template lies in one piece and its edges are known to be right. */
static bool
edges_known(struct span t, size_t at, size_t n, enum phrase_edges edges)
{
	bool left = at == 0 || t.p[at - 1] != 0;
	bool right = at + n == t.n || t.p[at + n] != 0;

	return (left || (edges & PHRASE_LEFT) == 0) && (right || edges != PHRASE_BOTH);
}

static bool
always_has(struct span t, struct span needle, enum phrase_edges edges)
{
	if (needle.n == 0 || memchr(needle.p, 0, needle.n) != NULL)
		return false;
	for (size_t at = phrase_find(t, needle, edges, 0); at != SIZE_MAX;
	    at = phrase_find(t, needle, edges, at + 1))
		if (edges_known(t, at, needle.n, edges))
			return true;
	return false;
}

/* ---- the slots ---- */

/* Whether some slot may end, or begin, at octet i of the needle: the pieces say no otherwise. */
static bool
may_cut(struct span t, struct span needle, size_t i)
{
	for (size_t at = 0; at < t.n; at++) {
		size_t n = 0;

		if (t.p[at] != 0)
			continue;
		while (i + n < needle.n && at + 1 + n < t.n && t.p[at + 1 + n] == needle.p[i + n])
			n++;
		if (n > 0 && (i + n == needle.n || (at + 1 + n < t.n && t.p[at + 1 + n] == 0)))
			return true;
		n = 0;
		while (n < i && n < at && t.p[at - 1 - n] == needle.p[i - 1 - n])
			n++;
		if (n > 0 && (n == i || (n < at && t.p[at - 1 - n] == 0)))
			return true;
	}
	return false;
}

/* Whether one of the pieces' octets that touch slots, as template_look has them, is c. */
static bool
may_touch(uint64_t octets, uint8_t c)
{
	return (octets >> c % 64 & 1) != 0;
}

/*
 * What a template is asked for: all of the needle when no slot's edge can be inside of it, else
 * its longest word. Escapes stand between words only.
 */
static void
unit_find(const struct judge *j, struct needle *needle)
{
	struct span t = needle->text;
	bool whole = !j->part->escaped || (j->look->flags & TEMPLATE_BACKSLASH) == 0;

	for (size_t i = 1; i < t.n && whole; i++)
		if (may_touch(j->look->before, t.p[i - 1]) || may_touch(j->look->behind, t.p[i]))
			whole = !may_cut(j->alike, t, i);
	needle->unit = whole ? t : needle->word;
	needle->known = whole ? &needle->of_text : &needle->of_word;
}

/* \uXXXX may be a letter: values with escapes are not judged by their octets. */
static bool
is_escaped(const struct judge *j, struct span octets)
{
	return j->part->escaped && octets.n > 0 && memchr(octets.p, '\\', octets.n) != NULL;
}

/* How many of the values lie one behind the other. */
static uint32_t
run_of(const struct span *value, uint32_t n, size_t *ret_bytes)
{
	size_t bytes = value[0].n;
	uint32_t i = 1;

	for (; i < n && value[i].p == value[0].p + bytes; i++)
		bytes += value[i].n;
	*ret_bytes = bytes;
	return i;
}

/* Values that lie together are looked at together; what is found may be of two of them. */
static bool
values_hold(struct judge *j, struct span unit, const struct span *value, uint32_t n)
{
	size_t bytes;

	for (uint32_t i = 0, k; i < n; i += k) {
		struct span all;

		k = run_of(value + i, n - i, &bytes);
		all = span_of(value[i].p, bytes);
		if (is_escaped(j, all))
			return true;
		if (j->how == ALIKE_SAME && text_find(all, unit, 0) == SIZE_MAX)
			continue;
		for (uint32_t m = i; m < i + k; m++)
			if (text_find(text_alike(&j->room, value[m], j->how), unit, 0) != SIZE_MAX)
				return true;
	}
	return false;
}

/* A column that slots repeat: as stored, so escapes of another kind are not judged. */
static enum err
column_judge(struct judge *j, const struct needle *needle, uint32_t index, struct why *why)
{
	struct segment *segment = j->view->segment;
	uint8_t *known = &needle->known->column[index];
	const struct column *c;
	bool any_case = j->how != ALIKE_SAME, holds = true;
	enum err rc;

	if (*known != NOT_ASKED)
		return OK;
	*known = HOLDS_NOT;
	if (!segment_column_may_hold(segment, index, needle->word, any_case))
		return OK;
	rc = segment_column_load(segment, index, &c, why);
	if (rc == OK && c->info->form != COLUMN_TEXT)
		holds = values_hold(j, needle->unit, c->value != NULL ? c->value : c->word,
		    c->value != NULL ? c->n : c->nword);
	*known = holds ? HOLDS : HOLDS_NOT;
	return rc;
}

/* Whether an address is in a list of them. */
static enum err
ipv4_judge(struct judge *j, uint32_t list, uint32_t ipv4, uint8_t *known, struct why *why)
{
	const int64_t *num;
	uint32_t n, hits = 0;
	enum err rc = segment_list_ipv4(j->view->segment, j->part->index, list, &num, &n, why);

	for (uint32_t i = 0; i < n && rc == OK; i++)
		hits += num[i] == ipv4;
	*known = rc == OK && hits > 0 ? HOLDS : HOLDS_NOT;
	return rc;
}

static enum err
list_judge(struct judge *j, const struct needle *needle, uint32_t list, struct why *why)
{
	struct segment *segment = j->view->segment;
	uint8_t *known = &needle->known->list[list];
	struct list_values values;
	struct span octets;
	bool holds;
	enum err rc;

	if (*known != NOT_ASKED)
		return OK;
	*known = HOLDS_NOT;
	if (!segment_list_may_hold_points(segment, j->part->index, list, needle->unit) ||
	    !segment_list_may_hold(segment, j->part->index, list, needle->word,
	    j->how != ALIKE_SAME))
		return OK;
	if (needle->is_ipv4 && j->map->lies[list] == LIST_IPV4 &&
	    needle->known == &needle->of_text)
		return ipv4_judge(j, list, needle->ipv4, known, why);
	if (j->how == ALIKE_SAME && segment_list_octets(segment, j->part->index, list, &octets) &&
	    !is_escaped(j, octets) && text_find(octets, needle->unit, 0) == SIZE_MAX)
		return OK;
	rc = segment_list_values(segment, j->part->index, list, &values, why);
	if (rc != OK)
		return rc;
	holds = values_hold(j, needle->unit, values.value, values.nvalue);
	for (uint32_t i = 0; i < values.nref && !holds && rc == OK; i++) {
		rc = column_judge(j, needle, values.ref[i], why);
		holds = needle->known->column[values.ref[i]] == HOLDS;
	}
	*known = holds ? HOLDS : HOLDS_NOT;
	return rc;
}

/* ---- all lists and templates at once ---- */

/* Lists whose octets lie together are asked only when `what` is among them. */
static void
lists_mark(const struct text_map *map, struct span what, uint8_t *list)
{
	uint32_t i = 0;

	for (size_t at = text_find(map->here, what, 0); at != SIZE_MAX;
	    at = text_find(map->here, what, at)) {
		while (map->end[i] <= at)
			i++;
		if (map->end[i] - at < what.n) {
			at++;
			continue;
		}
		if (map->lies[i] == LIST_HERE)
			list[i] = NOT_ASKED;
		at = map->end[i];
	}
}

/* What is known of lists by how they lie; `unit` is not empty. */
static void
known_make(struct judge *j, struct known *known, struct span unit)
{
	const struct text_map *map = j->map;
	uint8_t first[LIST_LIES] = { [LIST_EMPTY] = HOLDS_NOT };
	bool digits = true, address = true;

	for (size_t i = 0; i < unit.n; i++) {
		bool digit = (uint8_t)(unit.p[i] - '0') <= 9;

		digits &= digit || unit.p[i] == '-';
		address &= digit || unit.p[i] == '.';
	}
	first[LIST_DIGITS] = digits ? NOT_ASKED : HOLDS_NOT;
	first[LIST_IPV4] = address ? NOT_ASKED : HOLDS_NOT;
	first[LIST_HERE] = j->together ? HOLDS_NOT : NOT_ASKED;
	known->list = arena_alloc(j->view->arena, map->nlist + 1);
	known->column = arena_zalloc(j->view->arena, segment_columns(j->view->segment) + 1, 1);
	for (uint32_t i = 0; i < map->nlist; i++)
		known->list[i] = first[map->lies[i]];
	if (!j->together)
		return;
	lists_mark(map, unit, known->list);
	if (j->part->escaped)
		lists_mark(map, SPAN("\\"), known->list);
}

/* Which templates hold the needle's text. */
static void
templates_mark(struct judge *j, struct needle *needle)
{
	const struct column *c = j->part->column;
	struct span all = j->map->templates;
	uint32_t t = 0;

	needle->templates = arena_zalloc(j->view->arena, c->ntemplate + 1, 1);
	for (size_t at = text_find(all, needle->text, 0); at != SIZE_MAX;
	    at = text_find(all, needle->text, at)) {
		const uint8_t *p = all.p + at;

		while (c->template[t].n == 0 || c->template[t].p + c->template[t].n <= p)
			t++;
		if (p < c->template[t].p ||
		    (size_t)(c->template[t].p + c->template[t].n - p) < needle->text.n) {
			at++;
			continue;
		}
		needle->templates[t] = 1;
		at = (size_t)(c->template[t].p + c->template[t].n - all.p);
	}
}

/* Whether template t may have the needle in its own octets. */
static bool
template_holds(const struct judge *j, uint32_t t, const struct needle *needle, struct span what)
{
	if (needle->templates != NULL && what.n == needle->text.n)
		return needle->templates[t] != 0;
	return text_find(j->alike, what, 0) != SIZE_MAX;
}

/* Whether some row of template number t may hold the needle. */
static enum err
may_hold(struct judge *j, uint32_t t, struct needle *needle, bool *ret_may, struct why *why)
{
	const uint32_t *list = j->map->slot_list + j->look->first;
	enum err rc = OK;

	unit_find(j, needle);
	*ret_may = needle->word.n == 0 || template_holds(j, t, needle, needle->unit);
	if (*ret_may)
		return OK;
	if (needle->known->list == NULL)
		known_make(j, needle->known, needle->unit);
	for (uint32_t s = 0; s < j->look->nslot && !*ret_may && rc == OK; s++) {
		if (needle->known->list[list[s]] == HOLDS_NOT)
			continue;
		rc = list_judge(j, needle, list[s], why);
		*ret_may = needle->known->list[list[s]] == HOLDS;
	}
	return rc;
}

/* ---- one template ---- */

static enum phrase_edges
edges_of(enum filter_op op)
{
	if (op == FILTER_SUBSTRING)
		return PHRASE_OPEN;
	return op == FILTER_PREFIX || op == FILTER_CASE_PREFIX ? PHRASE_LEFT : PHRASE_BOTH;
}

/* All needles must be there, or one of them is enough. */
static enum err
needles_judge(struct judge *j, uint32_t t, const struct span *needle, uint32_t n, bool all,
    enum verdict *ret_verdict, struct why *why)
{
	enum phrase_edges edges = edges_of(j->m->filter->op);
	bool sure = !j->part->escaped || (j->look->flags & TEMPLATE_BACKSLASH) == 0;
	bool may = all;
	enum err rc = OK;

	/* "-" and "null" may mean nothing; a regular expression is asked itself. */
	sure = sure && j->template.n > 4 && j->m->regex == NULL && (n == 1 || !all);
	for (uint32_t i = 0; i < n && rc == OK; i++) {
		bool one = false;

		if (sure && template_holds(j, t, &j->needle[i], needle[i]) &&
		    always_has(j->alike, needle[i], edges)) {
			*ret_verdict = ALWAYS;
			return OK;
		}
		rc = may_hold(j, t, &j->needle[i], &one, why);
		may = all ? may && one : may || one;
		if (all ? !may : may && !sure)
			break;
	}
	*ret_verdict = may ? MAYBE : NEVER;
	return rc;
}

/*
 * Whether \uXXXX, which may be a letter, may stand in the template or over its slots' edges; a
 * slot never touches the u.
 */
static bool
has_unicode_escape(const struct judge *j)
{
	struct span t = j->template;

	if (!j->part->escaped || (j->look->flags & TEMPLATE_BACKSLASH) == 0)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\\' && (i + 1 == t.n || t.p[i + 1] == 'u' || t.p[i + 1] == 0))
			return true;
	}
	return false;
}

static enum err
template_judge(struct judge *j, uint32_t t, enum verdict *ret_verdict, struct why *why)
{
	const struct matcher *m = j->m;
	const struct regex_facts *facts;

	*ret_verdict = MAYBE;
	j->template = j->part->column->template[t];
	j->look = &j->map->look[t];
	/* Slots hold whole words (cutter.h of store), but a reader takes nothing on trust. */
	if ((j->look->flags & TEMPLATE_TIGHT) != 0 || has_unicode_escape(j))
		return OK;
	j->alike = text_alike(&j->template_room, j->template, j->how);
	switch (m->filter->op) {
	case FILTER_PHRASE:
	case FILTER_PREFIX:
	case FILTER_SUBSTRING:
	case FILTER_CASE_PHRASE:
	case FILTER_CASE_PREFIX:
	case FILTER_SEQ:
	case FILTER_CONTAINS_ALL:
		return m->empty ? OK :
		    needles_judge(j, t, m->needle, m->nneedle, true, ret_verdict, why);
	case FILTER_CONTAINS_ANY:
		return m->empty ? OK :
		    needles_judge(j, t, m->needle, m->nneedle, false, ret_verdict, why);
	case FILTER_REGEX:
		facts = regex_facts(m->regex);
		if (facts->nbranch == 0)
			return OK;
		return needles_judge(j, t, facts->branch, facts->nbranch, false, ret_verdict, why);
	default:
		return OK;
	}
}

/* ---- the part ---- */

/* Which templates have a wanted row: only they are judged. Returns how many. */
static uint32_t
templates_in_use(struct view *view, const struct part *part, const struct bits *want,
    uint8_t *used)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;
		uint8_t *one = &used[part->column->template_of[i]];

		if (*one == 0 && bits_has(want, row) &&
		    (part->shape_ok == NULL || part->shape_ok[view->shape_of[row]])) {
			*one = 1;
			n++;
		}
	}
	return n;
}

/* What is looked for. */
static void
needles_make(struct judge *j)
{
	const struct matcher *m = j->m;
	const struct span *text = m->regex != NULL ? regex_facts(m->regex)->branch : m->needle;
	uint32_t n = m->regex != NULL ? regex_facts(m->regex)->nbranch : m->nneedle;
	bool whole_words = m->regex == NULL && edges_of(m->filter->op) == PHRASE_BOTH;

	j->needle = arena_zalloc(j->view->arena, n + 1, sizeof *j->needle);
	for (uint32_t i = 0; i < n; i++) {
		struct needle *needle = &j->needle[i];

		needle->text = text[i];
		needle->word = longest_word(text[i]);
		needle->is_ipv4 = whole_words && value_ipv4(text[i], &needle->ipv4);
		if (j->together && j->map->templates.n > 0 && text[i].n > 0)
			templates_mark(j, needle);
	}
}

/* Rows of ALWAYS to ret; the values of MAYBE to at[], their number is returned. */
static uint32_t
verdicts_apply(struct view *view, const struct part *part, const uint8_t *verdict,
    const struct bits *want, uint8_t *read, uint32_t *at, struct bits *ret)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;
		uint8_t v = verdict[part->column->template_of[i]];

		read[i] = 0;
		if (v == NEVER || !bits_has(want, row) ||
		    (part->shape_ok != NULL && !part->shape_ok[view->shape_of[row]]))
			continue;
		if (v == ALWAYS) {
			bits_set(ret, row);
			continue;
		}
		read[i] = 1;
		at[n++] = i;
	}
	return n;
}

enum err
scan_text(struct view *view, const struct matcher *m, struct part *part, const struct bits *want,
    struct bits *ret, struct why *why)
{
	uint32_t ntemplate = part->column->ntemplate, n = ntemplate;
	uint8_t *verdict = arena_zalloc(view->arena, ntemplate + 1, 1);
	uint8_t *read = arena_alloc(view->arena, part->n + 1);
	uint32_t *at = arena_alloc(view->arena, (part->n + 1) * sizeof *at);
	struct judge j = { .view = view, .m = m, .part = part, .how = m->alike,
	    .map = segment_text_map(view->segment, part->index) };
	bool some = false;
	enum err rc = OK;

	if (m->regex != NULL && regex_facts(m->regex)->any_case)
		j.how = ALIKE_CASE;
	if (bits_count(want) == view->nrow)
		memset(verdict, 1, ntemplate);
	else
		n = templates_in_use(view, part, want, verdict);
	j.together = j.how == ALIKE_SAME && n >= ntemplate / 8;
	needles_make(&j);
	for (uint32_t t = 0; t < ntemplate && rc == OK; t++) {
		enum verdict one = NEVER;

		if (verdict[t] != 0)
			rc = template_judge(&j, t, &one, why);
		verdict[t] = (uint8_t)one;
		some |= one != NEVER;
	}
	room_done(&j.room);
	room_done(&j.template_room);
	if (rc != OK || !some)
		return rc;
	n = verdicts_apply(view, part, verdict, want, read, at, ret);
	if (n == 0)
		return OK;
	rc = part_text(view, part, read, why);
	if (rc == OK)
		scan_values(view, m, part, at, n, ret);
	return rc;
}
