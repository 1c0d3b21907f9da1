/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic inside of texts. Templates and their slots to a segment: text.h. */
#include "store/text_int.h"

#include <stdlib.h>

#include "base/must.h"

enum { AHEAD = 8 };	/* so many texts are on their way from memory */

/* Values that are turned from rows to columns at once, and memory for filing those of one. */
struct columns {
	struct span value[GATHER_ALL];
	struct gather_mark mark[2 * GATHER_ALL];
};

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

/* The slots of a template whose values wait. */
static uint32_t
own_slots(const struct text *t, const struct template *template, uint32_t sub[CUT_SLOTS])
{
	uint32_t n = 0;

	for (uint32_t k = template->first; k < template->first + template->nslot; k++) {
		if (!t->shared[k])
			sub[n++] = t->slot_sub[k];
	}
	return n;
}

/* The nslot values of a text, to every n-th span. We wrote them: they are what they say. */
static void
waiting_read(const uint8_t *p, uint32_t nslot, struct span *to, uint32_t n)
{
	for (uint32_t k = 0; k < nslot; k++, to += n) {
		size_t length = *p & 0x7fU;

		for (unsigned shift = 7; (*p++ & 0x80) != 0; shift += 7)
			length |= (*p & 0x7fU) << shift;
		*to = span_of(p, length);
		p += length;
	}
}

/*
 * n texts of one template, rows to columns: the values of a slot are filed together. More texts
 * come behind these in order[], up to `end`.
 */
static void
texts_take(struct text *t, const struct template *template, const uint32_t *order, uint32_t n,
    const uint32_t *end, struct columns *columns)
{
	const uint32_t *at = (const uint32_t *)(const void *)t->waiting_at.p;
	uint32_t sub[CUT_SLOTS], nsub = own_slots(t, template, sub);

	for (uint32_t i = 0; i < n; i++) {
		if (order + i + AHEAD < end) {
			const uint8_t *p = t->waiting.p + at[order[i + AHEAD]];

			__builtin_prefetch(p);
			__builtin_prefetch(p + 64);
		}
		waiting_read(t->waiting.p + at[order[i]], nsub, columns->value + i, n);
	}
	for (uint32_t k = 0; k < nsub; k++) {
		t->sub[sub[k]].n += n;
		gather_add_all(&t->sub[sub[k]].rest, columns->value + (size_t)k * n, n,
		    t->seed, columns->mark);
	}
}

void
text_end(struct text *t)
{
	const uint16_t *of = (const uint16_t *)(const void *)t->template_of.p;
	struct columns *columns;
	uint32_t *order;

	if (!t->waits || t->waiting.n == 0)
		return;
	order = texts_sort(t);
	columns = xmalloc(sizeof *columns);
	for (uint32_t i = 0, n; i < t->n; i += n) {
		const struct template *template = &t->template[of[order[i]]];
		uint32_t most = GATHER_ALL / (template->nslot > 0 ? template->nslot : 1);

		for (n = 1; n < most && i + n < t->n && of[order[i + n]] == of[order[i]]; n++)
			continue;
		if (template != t->template)
			texts_take(t, template, order + i, n, order + t->n, columns);
	}
	free(columns);
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
		if (s->nref == 0)
			s->ns = facts.ns;
		else
			free(facts.ns);
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
		if (t->sub[t->head_sub[i]].ns != NULL)
			return true;
	}
	return false;
}

/* Which templates have a slot of timestamps among those that `stamps` has. */
static uint8_t *
templates_timed(const struct text *t, const int64_t *const *stamps)
{
	uint8_t *timed = xcalloc(t->ntemplate, 1);

	for (uint32_t i = 0; i < t->ntemplate; i++) {
		for (uint32_t k = 0; k < t->template[i].nslot; k++)
			timed[i] |= stamps[t->slot_sub[t->template[i].first + k]] != NULL;
	}
	return timed;
}

uint32_t
text_clock(const struct text *t, uint32_t *ret_sub, uint32_t most, int64_t *ns, uint8_t *has)
{
	const uint16_t *of = (const uint16_t *)(const void *)t->template_of.p;
	const int64_t **stamps = xcalloc(t->nsub, sizeof *stamps);
	uint32_t *at = xcalloc(t->nsub, sizeof *at), n = 0;
	uint8_t *timed;

	for (uint32_t i = 0; i < t->nhead && n < most; i++) {
		uint32_t sub = t->head_sub[i];

		stamps[sub] = t->sub[sub].ns;
		if (stamps[sub] != NULL)
			ret_sub[n++] = sub;
	}
	timed = templates_timed(t, stamps);
	memset(has, 0, t->n);
	for (uint32_t i = 0; i < t->n; i++) {
		const struct template *template = &t->template[of[i]];

		if (timed[of[i]] == 0)
			continue;
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
	free(timed);
	free(stamps);
	free(at);
	return n;
}
