/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. Values that are templates with slots
 * (doc/formats/segment.md, section 6): what can be told from a template's fixed octets and the
 * distinct values of its slots is told for all of its rows at once; only rows that may match are
 * put together and asked.
 *
 *	template  "session \0 of user \0 closed"       \0: a slot
 *	never     what is searched is in no piece, in no list of values of its slots (scan_list.c),
 *	          and nowhere over their edges (scan_cross.c)
 *	always    it is in one piece, its edges are inside of the piece (or the value's own)
 */
#include "query/judge_int.h"

enum verdict { NEVER, MAYBE, ALWAYS };

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

/* Which templates hold `what`, by one search; NULL: they do not lie together. */
static uint8_t *
templates_mark(struct judge *j, struct span what)
{
	const struct column *c = j->part->column;
	struct span all = j->map->templates;
	uint8_t *has;
	uint32_t t = 0;

	if (!j->together || all.n == 0 || what.n == 0)
		return NULL;
	has = arena_zalloc(j->view->arena, c->ntemplate + 1, 1);
	for (size_t at = text_find(all, what, 0); at != SIZE_MAX; at = text_find(all, what, at)) {
		const uint8_t *p = all.p + at;

		while (c->template[t].n == 0 || c->template[t].p + c->template[t].n <= p)
			t++;
		if (p < c->template[t].p ||
		    (size_t)(c->template[t].p + c->template[t].n - p) < what.n) {
			at++;
			continue;
		}
		has[t] = 1;
		at = (size_t)(c->template[t].p + c->template[t].n - all.p);
	}
	return has;
}

/* Whether the template has the needle in its own octets. */
static bool
template_holds(const struct judge *j, uint32_t t, const struct needle *needle)
{
	if (needle->templates != NULL)
		return needle->templates[t] != 0;
	return text_find(j->alike, needle->text, 0) != SIZE_MAX;
}

/* ---- one template ---- */

/* Whether `unit` may be in a value of one slot. */
static bool
slots_hold(struct judge *j, struct needle *needle, struct span unit)
{
	const uint32_t *list = j->map->slot_list + j->look->first;
	struct known *known;

	if (j->look->nslot == 0)
		return false;
	known = known_of(j, needle, unit);
	for (uint32_t s = 0; s < j->look->nslot; s++)
		if (known == NULL || (known->list[list[s]] != HOLDS_NOT &&
		    list_holds(j, known, list[s])))
			return true;
	return false;
}

/* Whether the needle's longest word may be in a row of the template. */
static bool
word_holds(struct judge *j, uint32_t t, struct needle *needle)
{
	if (needle->word_templates == NULL)
		needle->word_templates = templates_mark(j, needle->word);
	if (needle->word_templates != NULL ? needle->word_templates[t] != 0 :
	    text_find(j->alike, needle->word, 0) != SIZE_MAX)
		return true;
	return slots_hold(j, needle, needle->word);
}

/* Whether the octets that touch slots let the needle lie over a slot's edge. */
static bool
may_cross(const struct template_look *look, struct span text)
{
	for (size_t i = 1; i < text.n; i++)
		if (((look->before >> text.p[i - 1] % 64 | look->behind >> text.p[i] % 64) &
		    1) != 0)
			return true;
	return false;
}

/* Whether some row of template number t may hold the needle. */
static bool
may_hold(struct judge *j, uint32_t t, struct needle *needle)
{
	if (needle->word.n == 0 || template_holds(j, t, needle))
		return true;
	/* An escape stands for one octet and more of the text: it is between words only. */
	if (j->part->escaped && (j->look->flags & TEMPLATE_BACKSLASH) != 0)
		return word_holds(j, t, needle);
	if (slots_hold(j, needle, needle->text))
		return true;
	if (!may_cross(j->look, needle->text))
		return false;
	if (needle->text.n > CROSS_MOST)
		return word_holds(j, t, needle);
	/* Numbers are in many lists, so they are not looked for by themselves. */
	return (!needle->has_letter || word_holds(j, t, needle)) && cross_holds(j, needle);
}

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
    enum verdict *ret_verdict)
{
	enum phrase_edges edges = edges_of(j->m->filter->op);
	bool sure = !j->part->escaped || (j->look->flags & TEMPLATE_BACKSLASH) == 0;
	bool may = all;

	/* "-" and "null" may mean nothing; a regular expression is asked itself. */
	sure = sure && j->template.n > 4 && j->m->regex == NULL && (n == 1 || !all);
	for (uint32_t i = 0; i < n && j->rc == OK; i++) {
		bool one;

		if (sure && template_holds(j, t, &j->needle[i]) &&
		    always_has(j->alike, needle[i], edges)) {
			*ret_verdict = ALWAYS;
			return OK;
		}
		one = may_hold(j, t, &j->needle[i]);
		may = all ? may && one : may || one;
		if (all ? !may : may && !sure)
			break;
	}
	*ret_verdict = may ? MAYBE : NEVER;
	return j->rc;
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
template_judge(struct judge *j, uint32_t t, enum verdict *ret_verdict)
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
		    needles_judge(j, t, m->needle, m->nneedle, true, ret_verdict);
	case FILTER_CONTAINS_ANY:
		return m->empty ? OK :
		    needles_judge(j, t, m->needle, m->nneedle, false, ret_verdict);
	case FILTER_REGEX:
		facts = regex_facts(m->regex);
		if (facts->nbranch == 0)
			return OK;
		return needles_judge(j, t, facts->branch, facts->nbranch, false, ret_verdict);
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
	j->whole_words = m->regex == NULL && edges_of(m->filter->op) == PHRASE_BOTH;
	j->parts_left = KNOWN_PARTS + 2 * n;
	j->needle = arena_zalloc(j->view->arena, n + 1, sizeof *j->needle);
	for (uint32_t i = 0; i < n; i++) {
		struct needle *needle = &j->needle[i];

		needle->text = text[i];
		needle->word = longest_word(text[i]);
		needle->templates = templates_mark(j, needle->text);
		for (size_t k = 0; k < needle->word.n; k++)
			needle->has_letter |= (uint8_t)(needle->word.p[k] - '0') > 9;
	}
}

/* Rows of ALWAYS to ret; the values of MAYBE to at[], their number is returned. */
static uint32_t
verdicts_apply(struct view *view, const struct part *part, const uint8_t *verdict,
    const struct bits *want, uint8_t *read, uint32_t *at, struct bits *ret)
{
	const uint16_t *template_of = part->column->template_of;
	uint32_t n = 0;

	for (uint32_t i = 0; i < part->n; i++) {
		uint8_t v = verdict[template_of[i]];
		uint32_t row;

		if (v == NEVER)
			continue;
		row = part->row != NULL ? part->row[i] : i;
		if (!bits_has(want, row) ||
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

/* For judging n templates. */
static struct judge
judge_of(struct view *view, const struct matcher *m, const struct part *part, uint32_t n,
    struct why *why)
{
	struct judge j = { .view = view, .m = m, .part = part, .how = m->alike,
	    .map = segment_text_map(view->segment, part->index), .why = why };

	if (m->regex != NULL && regex_facts(m->regex)->any_case)
		j.how = ALIKE_CASE;
	j.together = j.how == ALIKE_SAME && n >= part->column->ntemplate / 8;
	needles_make(&j);
	return j;
}

/* Judges the templates with verdict[t] != 0; *ret_some: not all of them are NEVER. */
static enum err
templates_judge(struct judge *j, uint8_t *verdict, bool *ret_some)
{
	enum err rc = OK;

	*ret_some = false;
	for (uint32_t t = 0; t < j->part->column->ntemplate && rc == OK; t++) {
		enum verdict one = NEVER;

		if (verdict[t] != 0)
			rc = template_judge(j, t, &one);
		verdict[t] = (uint8_t)one;
		*ret_some |= one != NEVER;
	}
	room_done(&j->room);
	room_done(&j->template_room);
	return rc;
}

enum err
scan_text_may(struct view *view, const struct matcher *m, const struct part *part,
    uint8_t *used, bool *ret_some, struct why *why)
{
	struct judge j = judge_of(view, m, part, part->column->ntemplate, why);

	j.guess = true;
	return templates_judge(&j, used, ret_some);
}

enum err
scan_text(struct view *view, const struct matcher *m, struct part *part, const struct bits *want,
    struct bits *ret, struct why *why)
{
	uint32_t ntemplate = part->column->ntemplate, n = ntemplate;
	uint8_t *verdict = arena_zalloc(view->arena, ntemplate + 1, 1);
	uint8_t *read = arena_zalloc(view->arena, part->n + 1, 1);
	uint32_t *at = arena_alloc(view->arena, (part->n + 1) * sizeof *at);
	struct judge j;
	bool some = false;
	enum err rc;

	if (bits_count(want) == view->nrow)
		memset(verdict, 1, ntemplate);
	else
		n = templates_in_use(view, part, want, verdict);
	j = judge_of(view, m, part, n, why);
	rc = templates_judge(&j, verdict, &some);
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
