/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of texts. Texts to templates, as they come in, and templates
 * to a segment; see text.h. Reading is in text_read.c.
 */
#include "store/text.h"

#include <stdlib.h>

#include "base/copy.h"
#include "base/must.h"
#include "store/column.h"
#include "store/cutter.h"
#include "store/filter.h"
#include "store/list_int.h"

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
	ATOM_TRIES = 16,
	CODE_REST = 255
};

/* The values of one slot, or of the timestamps behind one head. */
struct sub {
	struct gather rest;		/* what repeats no other column */
	uint32_t n;
	uint32_t searches;
	uint8_t nref, best;
	uint8_t first;			/* code of all values while !coded */
	bool coded;
	bool has_stamp;			/* it was written as timestamps */
	uint32_t ref[TEXT_REFS];	/* columns */
	uint32_t hits[TEXT_REFS];
	uint16_t hole[TEXT_REFS];	/* where in the row it was last */
	struct buf code;		/* u8 per value: index of ref, or CODE_REST */
};

struct template {
	uint32_t first;			/* in slot_sub and hint */
	uint32_t nslot;
};

struct text {
	uint64_t seed;
	struct cutter cutter;
	struct cut cut;
	struct gather skeleton;		/* word i is template i */
	struct template *template;
	uint32_t ntemplate, template_cap;
	uint32_t *slot_sub, *hint;	/* per slot of each template */
	uint8_t *shared;		/* the sub may be other templates' too */
	uint32_t nslot, slot_cap;
	struct sub *sub;
	uint32_t nsub, sub_cap;
	struct gather heads;		/* shared slots: word i is a head, head_sub[i] its sub */
	uint32_t *head_sub;
	uint32_t nhead, head_cap;
	struct buf template_of;		/* u16 per value, in memory order */
	uint32_t n;
	struct buf key;
	/*
	 * Without references, slots that are one template's wait here (varint length, octets) for
	 * text_end: taken template by template, each sub is at hand.
	 */
	bool waits;
	struct buf waiting;
	struct buf waiting_at;		/* u32 per value, in memory order */
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

size_t
text_bytes(const struct text *t)
{
	size_t bytes = sizeof *t + gather_bytes(&t->skeleton) + gather_bytes(&t->heads) +
	    t->template_cap * sizeof *t->template + t->slot_cap * (2 * sizeof *t->hint + 1) +
	    t->sub_cap * sizeof *t->sub + t->template_of.cap + t->waiting.cap +
	    t->waiting_at.cap;

	for (uint32_t i = 0; i < t->nsub; i++)
		bytes += gather_bytes(&t->sub[i].rest) + t->sub[i].code.cap;
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
	uint8_t *to;
	size_t at = 0;

	t->key.n = 0;
	buf_reserve(&t->key, cut->text.n + cut->nslot);
	to = t->key.p;
	for (uint32_t i = 0; i < cut->nslot; i++) {
		size_t n = cut->slot[i].at - at;

		memcpy(to, cut->text.p + at, n);
		to += n;
		*to++ = 0;
		at = cut->slot[i].at + cut->slot[i].n;
	}
	memcpy(to, cut->text.p + at, cut->text.n - at);
	t->key.n = (size_t)(to - t->key.p) + cut->text.n - at;
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

/* Long values with line ends would be taken for lines of the text: they become slots first. */
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

static void
value_wait(struct text *t, struct span v)
{
	buf_reserve(&t->waiting, v.n + 10);
	t->waiting.n += varint_put(t->waiting.p + t->waiting.n, v.n);
	t->waiting.n = (size_t)(copy_span(t->waiting.p + t->waiting.n, v) - t->waiting.p);
}

void
text_add(struct text *t, struct span value, const struct text_row *row)
{
	const struct template *template;
	uint32_t index;

	must(t->waiting.n < UINT32_MAX / 2);
	t->cut.text = value;
	t->cut.natom = 0;
	if (value.n > ATOM_BYTES && row->n >= REF_VALUES)
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
	for (uint32_t i = 0; i < template->nslot; i++) {
		const struct cut_slot *slot = &t->cut.slot[i];
		struct span v = span_sub(value, slot->at, slot->n);
		uint32_t at = template->first + i;

		if (t->waits && !t->shared[at])
			value_wait(t, v);
		else
			sub_add(t, &t->sub[t->slot_sub[at]], v, row, &t->hint[at]);
	}
}

/* ---- the end ---- */

/* Numbers of the texts, those of one template together and in order. */
static uint32_t *
texts_sort(const struct text *t)
{
	const uint16_t *of = (const uint16_t *)(const void *)t->template_of.p;
	uint32_t *at = xcalloc(t->ntemplate + 1, sizeof *at);
	uint32_t *order = xreallocarray(NULL, t->n, sizeof *order);

	for (uint32_t i = 0; i < t->n; i++)
		at[of[i] + 1]++;
	for (uint32_t i = 0; i < t->ntemplate; i++)
		at[i + 1] += at[i];
	for (uint32_t i = 0; i < t->n; i++)
		order[at[of[i]]++] = i;
	free(at);
	return order;
}

static void
waiting_take(struct text *t, uint32_t i, uint32_t index)
{
	const uint32_t *at = (const uint32_t *)(const void *)t->waiting_at.p;
	const struct template *template = &t->template[index];
	struct cur c = cur_of(span_of(t->waiting.p + at[i], t->waiting.n - at[i]));

	for (uint32_t k = template->first; k < template->first + template->nslot; k++) {
		struct sub *s = &t->sub[t->slot_sub[k]];

		if (t->shared[k])
			continue;
		s->n++;
		t->hint[k] = gather_add(&s->rest, cur_bytes(&c), t->hint[k], t->seed);
	}
}

void
text_end(struct text *t)
{
	const uint16_t *of = (const uint16_t *)(const void *)t->template_of.p;
	uint32_t *order;

	if (!t->waits || t->waiting.n == 0)
		return;
	order = texts_sort(t);
	for (uint32_t i = 0; i < t->n; i++) {
		if (of[order[i]] != 0)
			waiting_take(t, order[i], of[order[i]]);
	}
	free(order);
	buf_done(&t->waiting);
	t->waits = false;
}

/* ---- writing ---- */

static void
refs_put(struct list_out *out, const struct sub *s, const uint32_t *target)
{
	int64_t *code = xreallocarray(NULL, s->n, sizeof *code);

	buf_varint(out->dir, s->nref);
	for (unsigned k = 0; k < s->nref; k++)
		buf_varint(out->dir, target[s->ref[k]]);
	for (uint32_t i = 0; i < s->n; i++) {
		uint8_t c = s->coded ? s->code.p[i] : s->first;

		code[i] = c == CODE_REST ? s->nref : c;
	}
	ints_put(out, code, s->n, INTS_CODES);
	free(code);
	buf_varint(out->dir, s->rest.n);
}

static void
sub_put(struct list_out *out, struct list_scratch *scratch, struct sub *s, const uint32_t *target)
{
	struct buf params = { 0 };
	struct list_out to = { out->pack, &params, out->filter };
	struct list_facts facts = { 0 };

	buf_varint(out->dir, s->n);
	if (s->n > 0 && !s->coded && s->first != CODE_REST) {
		buf_u8(&params, ENCODING_SAME);
		buf_varint(&params, target[s->ref[s->first]]);
	} else if (s->n > 0) {
		if (s->nref > 0) {
			buf_u8(&params, ENCODING_MIXED);
			refs_put(&to, s, target);
		}
		if (s->rest.n > 0)
			column_put(&to, scratch, &s->rest, &facts);
		s->has_stamp = facts.has_stamp && s->nref == 0;
	}
	buf_bytes(out->dir, buf_span(&params));
	buf_done(&params);
}

/* The words of the fixed octets. Slots begin and end with whole words, but for mail addresses. */
static void
templates_file(struct filter_maker *filter, const struct text *t)
{
	for (uint32_t i = 1; i < t->ntemplate; i++) {
		struct span rest = gather_word(&t->skeleton, i);

		while (rest.n > 0) {
			const uint8_t *hole = memchr(rest.p, 0, rest.n);
			size_t n = hole != NULL ? (size_t)(hole - rest.p) : rest.n;

			filter_text(filter, span_sub(rest, 0, n));
			if (n > 0 && (rest.p[0] == '@' || rest.p[n - 1] == '@'))
				filter_flags(filter, FILTER_MAILS);
			rest = span_sub(rest, n + 1, rest.n);
		}
	}
}

/* Templates, and which sub each of their slots has: 0 = the next new one, else 1 + its number. */
static void
templates_put(struct buf *out, const struct text *t)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < t->skeleton.nword; i++) {
		buf_bytes(out, gather_word(&t->skeleton, i));
		for (uint32_t k = 0; k < t->template[i].nslot; k++) {
			uint32_t sub = t->slot_sub[t->template[i].first + k];

			buf_varint(out, sub == next ? 0 : sub + 1);
			next += sub == next;
		}
	}
}

void
text_put(struct list_out *out, struct list_scratch *scratch, struct text *t,
    const uint32_t *target)
{
	struct buf templates = { 0 }, subs = { 0 };
	struct list_out to = { out->pack, &subs, out->filter };
	uint8_t flags = 0;

	for (uint32_t i = 0; i < t->nsub; i++) {
		flags |= t->sub[i].nref > 0 ? TEXT_HAS_REFS : 0;
		sub_put(&to, scratch, &t->sub[i], target);
	}
	templates_put(&templates, t);
	if (out->filter != NULL)
		templates_file(out->filter, t);
	buf_u8(out->dir, ENCODING_TEXT);
	buf_u8(out->dir, flags);
	buf_varint(out->dir, t->skeleton.nword);
	buf_varint(out->dir, t->nsub);
	stream_put(out, PACK_WORDS, buf_span(&templates));
	stream_put(out, PACK_WORDS, buf_span(&subs));
	codes_put(out, (const uint16_t *)(const void *)t->template_of.p, t->n);
	buf_done(&templates);
	buf_done(&subs);
}

/* ---- timestamps ---- */

bool
text_has_stamp(const struct text *t)
{
	for (uint32_t i = 0; i < t->nhead; i++) {
		if (t->sub[t->head_sub[i]].has_stamp)
			return true;
	}
	return false;
}

static int64_t *
sub_stamps(const struct sub *s, struct list_scratch *scratch)
{
	struct list_choice *choice = xmalloc(sizeof *choice);
	int64_t *ns = xreallocarray(NULL, s->n, sizeof *ns);
	uint32_t n = s->rest.plain ? s->n : s->rest.nword;
	struct span *v = xreallocarray(NULL, n, sizeof *v);

	for (uint32_t i = 0; i < n; i++)
		v[i] = s->rest.plain ? gather_value(&s->rest, i) : gather_word(&s->rest, i);
	list_choose(choice, scratch, v, n);
	must(choice->encoding == ENCODING_STAMP);
	for (uint32_t i = 0; i < s->n; i++)
		ns[i] = choice->num[s->rest.plain ? i : gather_code(&s->rest, i)];
	free(v);
	free(choice);
	return ns;
}

uint32_t
text_clock(const struct text *t, struct list_scratch *scratch, uint32_t *ret_sub, uint32_t most,
    int64_t *ns, uint8_t *has)
{
	const uint16_t *of = (const uint16_t *)(const void *)t->template_of.p;
	int64_t **stamps = xcalloc(t->nsub, sizeof *stamps);
	uint32_t *at = xcalloc(t->nsub, sizeof *at), n = 0;

	for (uint32_t i = 0; i < t->nhead && n < most; i++) {
		uint32_t sub = t->head_sub[i];

		if (t->sub[sub].has_stamp) {
			stamps[sub] = sub_stamps(&t->sub[sub], scratch);
			ret_sub[n++] = sub;
		}
	}
	memset(has, 0, t->n);
	for (uint32_t i = 0; i < t->n && n > 0; i++) {
		const struct template *template = &t->template[of[i]];

		for (uint32_t k = template->first; k < template->first + template->nslot; k++) {
			uint32_t sub = t->slot_sub[k];

			if (stamps[sub] == NULL)
				continue;
			if (has[i] == 0)
				ns[i] = stamps[sub][at[sub]];
			has[i] = 1;
			at[sub]++;
		}
	}
	for (uint32_t i = 0; i < n; i++)
		free(stamps[ret_sub[i]]);
	free(stamps);
	free(at);
	return n;
}
