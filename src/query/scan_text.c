/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes come from the segment. Values that are templates with slots
 * (doc/formats/segment.md, section 5): what can be told from a template's fixed octets and the
 * distinct values of its slots is told for all of its rows at once; only rows that may match are
 * put together and asked.
 *
 *	template  "session \0 of user \0 closed"       \0: a slot
 *	never     the longest word of what is searched is in no piece, and in no slot's value
 *	          with the letters that touch the slot on both sides
 *	always    it is in one piece, its edges are inside of the piece (or the value's own)
 */
#include "query/eval.h"

#include "base/fold.h"

enum verdict { NEVER, MAYBE, ALWAYS };

/* What is known of one template while it is judged. */
struct judge {
	struct view *view;
	const struct matcher *m;
	const struct part *part;
	struct span template;		/* as stored */
	struct span alike;		/* as the matcher compares */
	enum alike how;			/* of literals in it: the matcher's, or (?i) */
	/* for the slots of one template */
	struct span word;		/* looked for: word characters only */
	const struct span *left, *right;	/* letters that touch each slot */
	uint32_t nslot;
	const uint32_t *rows;		/* wanted ones of each template */
	struct buf joined;
	struct room room;
	uint64_t budget;		/* values worth looking at: more than that, and rows are cheaper */
	bool found;
};

/* The longest run of word characters in a needle: each match holds it. */
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

static size_t
letters_before(struct span s, size_t end)
{
	size_t at = end;

	while (at > 0) {
		size_t before = at;

		if (!rune_is_word(rune_before(s, &before)))
			break;
		at = before;
	}
	return end - at;
}

static size_t
letters_behind(struct span s, size_t from)
{
	size_t at = from;

	while (at < s.n) {
		size_t next = at;

		if (!rune_is_word(rune_next(s, &next)))
			break;
		at = next;
	}
	return at - from;
}

/*
 * The letters on both sides of each slot. False: between two slots there are only letters, so a
 * word may reach over both.
 */
static bool
touching_letters(struct judge *j)
{
	struct span t = j->alike, *left, *right;
	uint32_t n = 0;
	size_t slots = 0;

	for (size_t i = 0; i < t.n; i++)
		slots += t.p[i] == 0;
	left = arena_alloc(j->view->arena, (slots + 1) * sizeof *left);
	right = arena_alloc(j->view->arena, (slots + 1) * sizeof *right);
	for (size_t i = 0; i < t.n; i++) {
		size_t before, behind;

		if (t.p[i] != 0)
			continue;
		before = letters_before(t, i);
		behind = letters_behind(t, i + 1);
		if (i + 1 + behind < t.n && t.p[i + 1 + behind] == 0)
			return false;
		left[n] = span_sub(t, i - before, before);
		right[n++] = span_sub(t, i + 1, behind);
	}
	j->left = left;
	j->right = right;
	j->nslot = n;
	return true;
}

static bool
slot_holds(struct judge *j, uint32_t slot, struct span value)
{
	if (j->left[slot].n + value.n + j->right[slot].n < j->word.n)
		return false;
	if (j->left[slot].n + j->right[slot].n == 0)
		return text_find(value, j->word, 0) != SIZE_MAX;
	j->joined.n = 0;
	buf_span_put(&j->joined, j->left[slot]);
	buf_span_put(&j->joined, value);
	buf_span_put(&j->joined, j->right[slot]);
	return text_find(buf_span(&j->joined), j->word, 0) != SIZE_MAX;
}

static bool
each_value(void *ctx, uint32_t slot, struct span value)
{
	struct judge *j = ctx;

	/*
	 * \uXXXX may be a letter: such values are not judged by their octets. A slot that repeats
	 * another column is judged by all values of that column, be the template's rows ever so few.
	 */
	j->found = slot >= j->nslot || j->budget-- == 0 ||
	    (j->part->escaped && value.n > 0 && memchr(value.p, '\\', value.n) != NULL) ||
	    slot_holds(j, slot, text_alike(&j->room, value, j->how));
	return !j->found;
}

/* Whether some row of template number t may hold the longest word of the needle. */
static enum err
may_hold(struct judge *j, uint32_t t, struct span needle, bool *ret_may, struct why *why)
{
	j->word = longest_word(needle);
	j->found = j->word.n == 0 || text_find(j->alike, j->word, 0) != SIZE_MAX;
	for (uint32_t s = 0; s < j->nslot && !j->found; s++)
		j->found = slot_holds(j, s, SPAN(""));
	j->budget = 2 * (uint64_t)j->rows[t] * j->nslot + 64;
	if (!j->found && j->nslot > 0) {
		enum err rc = segment_template_slots(j->view->segment, j->part->index, t,
		    each_value, j,
		    why);

		if (rc != OK)
			return rc;
	}
	*ret_may = j->found;
	return OK;
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
	bool sure = !j->part->escaped || memchr(j->template.p, '\\', j->template.n) == NULL;
	bool may = all;
	enum err rc = OK;

	/* "-" and "null" may mean nothing; a regular expression is asked itself. */
	sure = sure && j->template.n > 4 && j->m->regex == NULL && (n == 1 || !all);
	for (uint32_t i = 0; i < n && rc == OK; i++) {
		bool one = false;

		if (sure && always_has(j->alike, needle[i], edges)) {
			*ret_verdict = ALWAYS;
			return OK;
		}
		rc = may_hold(j, t, needle[i], &one, why);
		may = all ? may && one : may || one;
		if (all ? !may : may && !sure)
			break;
	}
	*ret_verdict = may ? MAYBE : NEVER;
	return rc;
}

/* Whether \uXXXX, which may be a letter, may stand in the template or over its slots' edges. */
static bool
has_unicode_escape(const struct judge *j)
{
	struct span t = j->template;

	if (!j->part->escaped || t.n == 0)
		return false;
	for (size_t i = 0; i < t.n; i++) {
		if (t.p[i] == '\\' && (i + 1 == t.n || t.p[i + 1] == 'u' || t.p[i + 1] == 0))
			return true;
		if (t.p[i] == 0 && i + 1 < t.n && t.p[i + 1] == 'u')
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
	j->alike = text_alike(&(struct room){ arena_alloc(j->view->arena, j->template.n + 1),
	    j->template.n + 1 }, j->template, j->how);
	if (has_unicode_escape(j) || !touching_letters(j))
		return OK;
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

/* How many wanted rows each template has: those without are not judged. */
static void
templates_in_use(struct view *view, const struct part *part, const struct bits *want,
    uint32_t *rows)
{
	for (uint32_t i = 0; i < part->n; i++) {
		uint32_t row = part->row != NULL ? part->row[i] : i;

		if (bits_has(want, row) &&
		    (part->shape_ok == NULL || part->shape_ok[view->shape_of[row]]))
			rows[part->column->template_of[i]]++;
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
	uint32_t ntemplate = part->column->ntemplate, n;
	uint8_t *verdict = arena_zalloc(view->arena, ntemplate + 1, 1);
	uint32_t *rows = arena_zalloc(view->arena, ntemplate + 1, sizeof *rows);
	uint8_t *read = arena_alloc(view->arena, part->n + 1);
	uint32_t *at = arena_alloc(view->arena, (part->n + 1) * sizeof *at);
	struct judge j = { .view = view, .m = m, .part = part, .how = m->alike, .rows = rows };
	enum err rc = OK;

	if (m->regex != NULL && regex_facts(m->regex)->any_case)
		j.how = ALIKE_CASE;
	templates_in_use(view, part, want, rows);
	for (uint32_t t = 0; t < ntemplate && rc == OK; t++) {
		enum verdict one = NEVER;

		if (rows[t] != 0)
			rc = template_judge(&j, t, &one, why);
		verdict[t] = (uint8_t)one;
	}
	buf_done(&j.joined);
	room_done(&j.room);
	if (rc != OK)
		return rc;
	n = verdicts_apply(view, part, verdict, want, read, at, ret);
	if (n == 0)
		return OK;
	rc = part_text(view, part, read, why);
	if (rc == OK)
		scan_values(view, m, part, at, n, ret);
	return rc;
}
