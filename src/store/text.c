/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of texts. Texts to templates, as they come in; see text.h.
 * Writing them is in text_write.c, reading in text_read.c.
 */
#include "store/text_int.h"

#include <stdlib.h>

#include "base/copy.h"
#include "base/must.h"

enum {
	/* Timestamps behind the same short head belong together, whatever follows. */
	SHARED_HEAD_BYTES = 48,
	/* A template is made freely up to here, then only for every fourth text. */
	FREE_TEMPLATES = 512,
	/* The texts of the first ones, and then of every so many, are searched for timestamps. */
	LEARN_TEMPLATES = 64,
	/* Rows with fewer values are not searched for what a slot may repeat. */
	REF_VALUES = 6,
	REF_SEARCHES = 64,
	ATOM_BYTES = 96,
	ATOM_TRIES = 16
};

/* ---- subs and templates ---- */

static uint32_t
sub_new(struct text *t)
{
	if (t->nsub == t->sub_cap) {
		t->sub_cap = t->sub_cap > 0 ? t->sub_cap * 2 : 16;
		t->sub = xreallocarray(t->sub, t->sub_cap, sizeof *t->sub);
	}
	t->sub[t->nsub] = (struct sub){ .first = CODE_REST };
	return t->nsub++;
}

static void
template_slot(struct text *t, uint32_t sub, bool shared)
{
	if (t->nslot == t->slot_cap) {
		t->slot_cap = t->slot_cap > 0 ? t->slot_cap * 2 : 64;
		t->slot_sub = xreallocarray(t->slot_sub, t->slot_cap, sizeof *t->slot_sub);
		t->hint = xreallocarray(t->hint, t->slot_cap, sizeof *t->hint);
		t->shared = xreallocarray(t->shared, t->slot_cap, sizeof *t->shared);
	}
	t->shared[t->nslot] = shared;
	t->slot_sub[t->nslot] = sub;
	t->hint[t->nslot++] = 0;
}

static struct template *
template_new(struct text *t, uint32_t index)
{
	if (index >= t->template_cap) {
		t->template_cap = t->template_cap > 0 ? t->template_cap * 2 : 16;
		t->template = xreallocarray(t->template, t->template_cap, sizeof *t->template);
	}
	t->ntemplate = index + 1;
	t->template[index] = (struct template){ t->nslot, 0 };
	return &t->template[index];
}

struct text *
text_new(uint64_t seed, bool escaped)
{
	static const uint8_t whole[1] = { 0 };
	struct text *t = xcalloc(1, sizeof *t);

	t->seed = seed;
	t->waits = !escaped;
	t->cut.escape = escaped ? CUT_BACKSLASH : CUT_PLAIN;
	cutter_init(&t->cutter);
	must(gather_intern(&t->skeleton, span_of(whole, 1), seed) == 0);
	template_new(t, 0)->nslot = 1;
	template_slot(t, sub_new(t), true);
	return t;
}

void
text_free(struct text **text)
{
	struct text *t = *text;

	if (t == NULL)
		return;
	for (uint32_t i = 0; i < t->nsub; i++) {
		gather_done(&t->sub[i].rest);
		buf_done(&t->sub[i].code);
		free(t->sub[i].ns);
	}
	gather_done(&t->skeleton);
	gather_done(&t->heads);
	free(t->template);
	free(t->slot_sub);
	free(t->hint);
	free(t->shared);
	free(t->sub);
	free(t->head_sub);
	buf_done(&t->template_of);
	buf_done(&t->key);
	buf_done(&t->waiting);
	buf_done(&t->waiting_at);
	free(t);
	*text = NULL;
}

uint32_t
text_values(const struct text *t)
{
	return t->n;
}

static size_t
sub_bytes(const struct sub *s)
{
	return gather_bytes(&s->rest) + s->code.cap;
}

/* While values wait, only lists that templates share have any. */
size_t
text_bytes(const struct text *t)
{
	size_t bytes = sizeof *t + gather_bytes(&t->skeleton) + gather_bytes(&t->heads) +
	    t->template_cap * sizeof *t->template + t->slot_cap * (2 * sizeof *t->hint + 1) +
	    t->sub_cap * sizeof *t->sub + t->template_of.cap + t->waiting.cap +
	    t->waiting_at.cap;

	if (t->waits) {
		bytes += sub_bytes(&t->sub[0]);
		for (uint32_t i = 0; i < t->nhead; i++)
			bytes += sub_bytes(&t->sub[t->head_sub[i]]);
		return bytes;
	}
	for (uint32_t i = 0; i < t->nsub; i++)
		bytes += sub_bytes(&t->sub[i]);
	return bytes;
}

static bool
octets_escape(const struct buf *b)
{
	return b->n > 0 && memchr(b->p, '\\', b->n) != NULL;
}

bool
text_has_escape(const struct text *t)
{
	if (octets_escape(&t->skeleton.octets))
		return true;
	for (uint32_t i = 0; i < t->nsub; i++) {
		if (octets_escape(&t->sub[i].rest.octets))
			return true;
	}
	return false;
}

/* ---- values of slots ---- */

static void
sub_code(struct sub *s, uint8_t code)
{
	if (s->n == 0)
		s->first = code;
	if (!s->coded && code != s->first) {
		s->coded = true;
		memset(buf_add(&s->code, s->n), s->first, s->n);
	}
	if (s->coded)
		buf_u8(&s->code, code);
	s->n++;
}

/* Is v the row's value in the column that reference k names? */
static bool
ref_holds(struct sub *s, unsigned k, struct span v, const struct text_row *row)
{
	uint32_t hole = s->hole[k];

	if (hole >= row->n || row->column[hole] != s->ref[k]) {
		for (hole = 0; hole < row->n && row->column[hole] != s->ref[k]; hole++)
			continue;
		if (hole == row->n)
			return false;
		s->hole[k] = (uint16_t)hole;
	}
	return span_eq(row->value[hole], v);
}

/* The column with this value in the row that has the most different ones: least by chance. */
static bool
ref_search(struct sub *s, struct span v, const struct text_row *row)
{
	uint32_t best = UINT32_MAX, most = 0;

	if (s->nref == TEXT_REFS || s->searches >= REF_SEARCHES || v.n == 0)
		return false;
	s->searches++;
	for (uint32_t i = 0; i < row->n; i++) {
		const struct gather *g = row->gather[i];
		uint32_t weight = g->plain ? UINT32_MAX : g->nword + 1;

		if (weight <= most || row->column[i] == UINT32_MAX || !span_eq(row->value[i], v))
			continue;
		best = i;
		most = weight;
	}
	if (best == UINT32_MAX)
		return false;
	s->ref[s->nref] = row->column[best];
	s->hole[s->nref] = (uint16_t)best;
	s->hits[s->nref++] = 0;
	return true;
}

static void
sub_add(struct text *t, struct sub *s, struct span v, const struct text_row *row, uint32_t *hint)
{
	unsigned k = s->best;

	if (s->nref > 0 && !ref_holds(s, k, v, row)) {
		for (k = 0; k < s->nref && (k == s->best || !ref_holds(s, k, v, row)); k++)
			continue;
	}
	if (k >= s->nref && row->n >= REF_VALUES && ref_search(s, v, row))
		k = s->nref - 1U;
	if (k >= s->nref) {
		sub_code(s, CODE_REST);
		*hint = gather_add(&s->rest, v, *hint, t->seed);
		return;
	}
	sub_code(s, (uint8_t)k);
	if (++s->hits[k] > s->hits[s->best])
		s->best = (uint8_t)k;
}

/* ---- texts ---- */

/* The text with a NUL in place of each slot, in t->key. */
static void
skeleton_make(struct text *t)
{
	const struct cut *cut = &t->cut;
	const uint8_t *from = cut->text.p;
	uint8_t *to;

	t->key.n = 0;
	buf_reserve(&t->key, cut->text.n + cut->nslot);
	to = t->key.p;
	for (uint32_t i = 0; i < cut->nslot; i++) {
		const uint8_t *slot = cut->text.p + cut->slot[i].at;

		to = copy_span(to, span_of(from, (size_t)(slot - from)));
		*to++ = 0;
		from = slot + cut->slot[i].n;
	}
	to = copy_span(to, span_of(from, (size_t)(cut->text.p + cut->text.n - from)));
	t->key.n = (size_t)(to - t->key.p);
}

/* The sub of a timestamp behind this head: the skeleton up to it. */
static uint32_t
head_sub(struct text *t, size_t head)
{
	uint32_t index = gather_intern(&t->heads, span_of(t->key.p, head), t->seed);

	if (index < t->nhead)
		return t->head_sub[index];
	if (t->nhead == t->head_cap) {
		t->head_cap = t->head_cap > 0 ? t->head_cap * 2 : 16;
		t->head_sub = xreallocarray(t->head_sub, t->head_cap, sizeof *t->head_sub);
	}
	return t->head_sub[t->nhead++] = sub_new(t);
}

/* Timestamps near the start go on from text to text, whatever follows them. */
static void
template_add(struct text *t, uint32_t index)
{
	struct template *template = template_new(t, index);
	uint32_t k = 0;

	template->nslot = t->cut.nslot;
	for (size_t i = 0; i < t->key.n; i++) {
		if (t->key.p[i] != 0)
			continue;
		if (i < SHARED_HEAD_BYTES && t->cut.slot[k].stamp)
			template_slot(t, head_sub(t, i + 1), true);
		else
			template_slot(t, sub_new(t), false);
		k++;
	}
}

static uint32_t
holes_of(struct span skeleton)
{
	uint32_t n = 0;

	for (size_t i = 0; i < skeleton.n; i++)
		n += skeleton.p[i] == 0;
	return n;
}

/* The template of the text in t->cut, or 0. */
static uint32_t
template_of(struct text *t)
{
	uint32_t index;

	if (!cut_make(&t->cutter, &t->cut))
		return 0;
	skeleton_make(t);
	index = gather_find(&t->skeleton, buf_span(&t->key), t->seed);
	if (index != GATHER_PLAIN)
		return index;
	if (t->skeleton.nword >= TEXT_TEMPLATES ||
	    (t->skeleton.nword > FREE_TEMPLATES && t->skeleton.nword > t->n / 4))
		return 0;
	/* New ones are rare: time to look for timestamps. */
	if ((t->ntemplate < LEARN_TEMPLATES || t->ntemplate % LEARN_TEMPLATES == 0) &&
	    cutter_learn(&t->cutter, t->cut.text)) {
		if (!cut_make(&t->cutter, &t->cut))
			return 0;
		skeleton_make(t);
	}
	if (holes_of(buf_span(&t->key)) != t->cut.nslot)
		return 0;
	index = gather_intern(&t->skeleton, buf_span(&t->key), t->seed);
	if (index == t->ntemplate)
		template_add(t, index);
	return index;
}

/* The part is no piece of a word or of an escape; behind it may stand an escape that is a blank. */
static bool
is_apart(const struct text *t, size_t at, size_t n)
{
	struct span s = t->cut.text;
	bool escapes = t->cut.escape == CUT_BACKSLASH && at + n + 1 < s.n && s.p[at + n] == '\\';

	if (escapes && cutter_is_word(&t->cutter, s.p[at + n + 1]) &&
	    strchr("bfnrt", s.p[at + n + 1]) == NULL)
		return false;
	return (at == 0 || (s.p[at - 1] != '\\' && !cutter_is_word(&t->cutter, s.p[at - 1]))) &&
	    (at + n == s.n || !cutter_is_word(&t->cutter, s.p[at + n]));
}

/*
 * Where v, of at least ATOM_BYTES, is in s; NULL: nowhere, or behind too many places that begin
 * like it. A search for all of a long v would first build a table over v.
 */
static const uint8_t *
long_find(struct span s, struct span v)
{
	for (unsigned tries = 0; tries < ATOM_TRIES; tries++) {
		const uint8_t *found = memmem(s.p, s.n, v.p, ATOM_BYTES);

		if (found == NULL || (size_t)(s.p + s.n - found) < v.n)
			return NULL;
		if (memcmp(found, v.p, v.n) == 0)
			return found;
		s = span_sub(s, (size_t)(found - s.p) + 1, s.n);
	}
	return NULL;
}

/*
 * Long values with escaped line ends would be taken for lines of a text with escapes: they become
 * slots first.
 */
static void
atoms_find(struct text *t, const struct text_row *row)
{
	struct cut *cut = &t->cut;

	cut->natom = 0;
	for (uint32_t i = 0; i < row->n && cut->natom < CUT_ATOMS; i++) {
		struct span v = row->value[i];
		size_t from = cut->natom > 0 ? cut->atom[cut->natom - 1].at +
		    cut->atom[cut->natom - 1].n : 0;
		const uint8_t *found;

		if (v.n < ATOM_BYTES || v.n >= cut->text.n - from ||
		    memmem(v.p, v.n, "\\n", 2) == NULL)
			continue;
		found = long_find(span_sub(cut->text, from, cut->text.n), v);
		if (found != NULL && is_apart(t, (size_t)(found - cut->text.p), v.n))
			cut->atom[cut->natom++] = (struct cut_slot){
			    (uint32_t)(found - cut->text.p), (uint32_t)v.n, false };
	}
}

/* Slots that are the template's own wait, the others are filed; see struct text. */
static void
slots_wait(struct text *t, const struct template *template, const struct text_row *row)
{
	const struct span value = t->cut.text;
	const struct cut_slot *slot = t->cut.slot;
	const uint8_t *shared = t->shared + template->first;
	uint8_t *to;

	buf_reserve(&t->waiting, value.n + 3 * (size_t)template->nslot);
	to = t->waiting.p + t->waiting.n;
	for (uint32_t i = 0, n = template->nslot; i < n; i++) {
		struct span v = { value.p + slot[i].at, slot[i].n };
		uint32_t at = template->first + i;

		if (shared[i]) {
			sub_add(t, &t->sub[t->slot_sub[at]], v, row, &t->hint[at]);
			continue;
		}
		to += varint_put(to, v.n);
		to = copy_span(to, v);
	}
	t->waiting.n = (size_t)(to - t->waiting.p);
}

void
text_add(struct text *t, struct span value, const struct text_row *row)
{
	const struct template *template;
	uint32_t index;

	must(t->waiting.n < UINT32_MAX / 2);
	t->cut.text = value;
	t->cut.natom = 0;
	if (t->cut.escape == CUT_BACKSLASH && value.n > ATOM_BYTES && row->n >= REF_VALUES)
		atoms_find(t, row);
	index = template_of(t);
	((uint16_t *)(void *)buf_add(&t->template_of, 2))[0] = (uint16_t)index;
	t->n++;
	template = &t->template[index];
	if (t->waits)
		((uint32_t *)(void *)buf_add(&t->waiting_at, 4))[0] = (uint32_t)t->waiting.n;
	if (index == 0) {
		sub_add(t, &t->sub[0], value, row, &t->hint[0]);
		return;
	}
	if (t->waits) {
		slots_wait(t, template, row);
		return;
	}
	for (uint32_t i = 0; i < template->nslot; i++) {
		struct span v = { value.p + t->cut.slot[i].at, t->cut.slot[i].n };
		uint32_t at = template->first + i;

		sub_add(t, &t->sub[t->slot_sub[at]], v, row, &t->hint[at]);
	}
}
