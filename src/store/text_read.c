/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: arrays whose sizes were checked. Templates and slots back to texts; see text.h. Subs
 * (lists of slots' values) are decoded when a text that needs them is asked for.
 */
#include "store/text_read_int.h"

#include <stdlib.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/limits.h"
#include "base/must.h"

enum {
	LIMIT_SUBS = 1 << 20,
	LIMIT_SLOTS = 255,		/* of one template */
	LIMIT_TEXT_BYTES = 1 << 30,	/* made by one segment */
	BLOCK_BYTES = 64 << 10
};

static enum err
broken(const char *what, struct why *why)
{
	return why_set(why, ERR_FORMAT, "text: %s", what);
}

/* ---- opening ---- */

static uint32_t
slots_of(struct span template)
{
	uint32_t n = 0;
	size_t i = 0;

#ifdef __SSE2__
	for (; template.n - i >= 16; i += 16) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(template.p + i));

		n += (uint32_t)__builtin_popcount((unsigned)_mm_movemask_epi8(
		    _mm_cmpeq_epi8(v, _mm_setzero_si128())));
	}
#endif
	for (; i < template.n; i++)
		n += template.p[i] == 0;
	return n;
}

static enum err
templates_read(struct text_reader *r, struct span all, struct why *why)
{
	struct cur c = cur_of(all);
	uint32_t next = 0, nslot = 0, most = slots_of(all);

	if (r->ntemplate > all.n)
		return broken("too many templates", why);
	r->text = hold_alloc(r->hold, r->ntemplate, sizeof *r->text);
	r->template = hold_alloc(r->hold, r->ntemplate, sizeof *r->template);
	/* Each slot is a NUL among these octets. */
	r->slot_sub = hold_alloc(r->hold, most, sizeof *r->slot_sub);
	for (uint32_t i = 0; i < r->ntemplate; i++) {
		r->text[i] = cur_bytes(&c);
		r->template[i] = (struct template){ nslot, slots_of(r->text[i]), 0, 0 };
		if (r->template[i].nslot > LIMIT_SLOTS)
			return broken("too many slots", why);
		for (uint32_t k = 0; k < r->template[i].nslot; k++) {
			uint64_t sub = cur_varint(&c);

			if (c.bad || sub > next)
				return broken("broken template", why);
			r->slot_sub[nslot++] = sub == 0 ? next : (uint32_t)sub - 1;
			next += sub == 0;
		}
	}
	r->nslot = nslot;
	if (!cur_done(&c) || next != r->nsub)
		return broken("broken list of templates", why);
	if (r->text[0].n != 1 || r->text[0].p[0] != 0)
		return broken("template 0 is more than one slot", why);
	return OK;
}

/* Each sub has as many values as the texts have slots for it. */
static enum err
subs_read(struct text_reader *r, struct span all, struct why *why)
{
	uint32_t *rows = xcalloc(r->ntemplate, sizeof *rows);
	struct cur c = cur_of(all);
	enum err rc = OK;

	_Static_assert((uint64_t)LIMIT_COLUMN_VALUES * LIMIT_SLOTS <= UINT32_MAX, "sums fit");
	r->sub = hold_alloc(r->hold, r->nsub, sizeof *r->sub);
	memset(r->sub, 0, r->nsub * sizeof *r->sub);
	for (uint32_t i = 0; i < r->n; i++)
		rows[r->template_of[i]]++;
	for (uint32_t i = 0; i < r->ntemplate; i++) {
		for (uint32_t k = 0; k < r->template[i].nslot; k++)
			r->sub[r->slot_sub[r->template[i].first + k]].n += rows[i];
	}
	free(rows);
	for (uint32_t i = 0; i < r->nsub && rc == OK; i++) {
		struct sub *s = &r->sub[i];
		uint64_t n = cur_varint(&c);
		struct span params = cur_bytes(&c);

		s->params = params.p;
		s->nparam = (uint32_t)params.n;
		if (c.bad || n != s->n || n > LIMIT_COLUMN_VALUES || (n > 0 && params.n == 0))
			rc = broken("broken slot", why);
	}
	if (rc == OK && !cur_done(&c))
		rc = broken("broken list of slots", why);
	return rc;
}

enum err
text_get(struct list_in *in, struct column *ret, struct text_reader **ret_reader, struct why *why)
{
	struct text_reader *r = xcalloc(1, sizeof *r);
	struct span templates, subs;
	uint64_t ntemplate, nsub;
	uint16_t *code;
	enum err rc;

	must(cur_u8(in->c) == ENCODING_TEXT);
	r->pack = in->pack;
	r->hold = in->hold;
	r->n = ret->n;
	r->flags = cur_u8(in->c);
	ntemplate = cur_varint(in->c);
	nsub = cur_varint(in->c);
	r->ntemplate = (uint32_t)ntemplate;
	r->nsub = (uint32_t)nsub;
	rc = in->c->bad || ntemplate == 0 || ntemplate > LIMIT_ROWS || nsub > LIMIT_SUBS ||
	    (r->flags & ~TEXT_HAS_REFS) != 0 ? broken("broken parameters", why) : OK;
	if (rc == OK)
		rc = stream_get(in, &templates, why);
	if (rc == OK)
		rc = stream_get(in, &subs, why);
	if (rc == OK)
		rc = templates_read(r, templates, why);
	if (rc == OK) {
		code = hold_alloc(in->hold, r->n, sizeof *code);
		rc = short_codes_get(in, code, r->n, r->ntemplate, why);
		r->template_of = code;
	}
	if (rc == OK)
		rc = subs_read(r, subs, why);
	if (rc == OK) {
		ret->ntemplate = r->ntemplate;
		ret->template = r->text;
		ret->template_of = r->template_of;
		*ret_reader = r;
		return OK;
	}
	text_reader_free(&r);
	return rc;
}

void
text_reader_free(struct text_reader **reader)
{
	free(*reader);
	*reader = NULL;
}

bool
text_reader_refs(const struct text_reader *r)
{
	return (r->flags & TEXT_HAS_REFS) != 0;
}

/* ---- slots ---- */

static enum err
refs_get(struct sub_values *s, struct list_in *in, struct why *why)
{
	uint64_t nref = cur_varint(in->c), nrest;
	uint32_t *ref, *code, n = s->rest.n, rest = 0;
	enum err rc;

	if (nref == 0 || nref > TEXT_REFS)
		return broken("broken references", why);
	ref = hold_alloc(in->hold, (size_t)nref, sizeof *ref);
	for (uint64_t i = 0; i < nref; i++) {
		uint64_t column = cur_varint(in->c);

		if (column >= LIMIT_COLUMNS)
			return broken("broken reference", why);
		ref[i] = (uint32_t)column;
	}
	code = hold_alloc(in->hold, n, sizeof *code);
	rc = codes_get(in, code, n, (uint32_t)nref + 1, why);
	if (rc != OK)
		return rc;
	for (uint32_t i = 0; i < n; i++)
		rest += code[i] == nref;
	nrest = cur_varint(in->c);
	if (nrest != rest)
		return broken("broken references", why);
	s->nref = (uint32_t)nref;
	s->ref = ref;
	s->code = code;
	s->rest.n = rest;
	return OK;
}

static enum err
same_get(struct sub_values *s, struct list_in *in, struct why *why)
{
	uint64_t column = cur_varint(in->c);
	uint32_t *ref, *code;

	if (in->c->bad || column >= LIMIT_COLUMNS)
		return broken("broken reference", why);
	ref = hold_alloc(in->hold, 1, sizeof *ref);
	code = hold_alloc(in->hold, s->rest.n, sizeof *code);
	memset(code, 0, s->rest.n * sizeof *code);
	*ref = (uint32_t)column;
	s->rest.n = 0;
	s->nref = 1;
	s->ref = ref;
	s->code = code;
	return OK;
}

static enum err
sub_read(struct text_reader *r, struct sub_values *v, struct span params, struct why *why)
{
	struct cur c = cur_of(params);
	struct list_in in = { &c, r->pack, r->hold };
	enum err rc = OK;

	if (params.p[0] == ENCODING_SAME || params.p[0] == ENCODING_MIXED) {
		if ((r->flags & TEXT_HAS_REFS) == 0)
			return broken("references where none are", why);
		rc = cur_u8(&c) == ENCODING_SAME ? same_get(v, &in, why) : refs_get(v, &in, why);
	}
	if (rc == OK && v->rest.n > 0)
		rc = column_get(&in, &v->rest, &v->more, why);
	if (rc == OK && !cur_done(&c))
		rc = broken("octets behind a slot", why);
	return rc;
}

/* Reads the values, unless there are none. */
static enum err
sub_load(struct text_reader *r, struct sub *s, struct why *why)
{
	struct sub_values *v;
	enum err rc;

	if (s->values != NULL || s->n == 0)
		return OK;
	v = hold_alloc(r->hold, 1, sizeof *v);
	*v = (struct sub_values){ .rest.n = s->n };
	rc = sub_read(r, v, sub_params(s), why);
	if (rc != OK)
		return rc;
	v->next = r->read;
	r->read = v;
	s->values = v;
	return OK;
}

/* ---- making texts ---- */

struct making {
	struct text_reader *r;
	text_ref_fn *ref;
	void *ctx;
	struct span part[LIMIT_SLOTS];	/* values of the slots of one text */
	uint8_t *room;			/* those that lie as numbers, of one text */
};

/* Value i of a list's own; *room moves behind what was written there. */
static inline struct span
rest_at(const struct sub_values *s, uint32_t i, uint8_t **room)
{
	const struct column *c = &s->rest;
	struct span v;

	if (c->value != NULL)
		return c->value[i];
	if (c->word != NULL)
		return c->word[c->code != NULL ? c->code[i] : 0];
	v = span_of(*room, recipe_write(s->more.recipe, i, *room));
	*room += v.n;
	return v;
}

/* Which subs each template has that are wanted. */
static void
steps_make(struct text_reader *r)
{
	uint32_t n = 0;

	if (r->steps == NULL)
		r->steps = hold_alloc(r->hold, r->nslot, sizeof *r->steps);
	for (uint32_t i = 0; i < r->ntemplate; i++) {
		struct template *t = &r->template[i];

		t->step = n;
		for (uint32_t k = t->first; k < t->first + t->nslot; k++) {
			struct sub_values *v = r->sub[r->slot_sub[k]].values;

			if (v != NULL && v->wanted)
				r->steps[n++] = v;
		}
		t->nstep = n - t->step;
	}
}

/* None is wanted. */
static void
subs_reset(struct text_reader *r)
{
	for (struct sub_values *v = r->read; v != NULL; v = v->next) {
		v->wanted = false;
		v->at = v->rest_at = 0;
	}
}

/* The sub's values, which are wanted from now on; NULL: it has none. */
static enum err
sub_want(struct text_reader *r, struct sub *s, struct sub_values **ret, struct why *why)
{
	enum err rc = sub_load(r, s, why);

	if (rc == OK && s->values != NULL)
		s->values->wanted = true;
	*ret = rc == OK ? s->values : NULL;
	return rc;
}

/* The slots' values of text i; their sum in *ret_bytes. */
static enum err
parts_find(struct making *m, uint32_t i, size_t *ret_bytes, struct why *why)
{
	const struct template *t = &m->r->template[m->r->template_of[i]];
	size_t bytes = m->r->text[m->r->template_of[i]].n - t->nslot;
	uint8_t *room = m->room;
	enum err rc = OK;

	for (uint32_t k = 0; k < t->nslot && rc == OK; k++) {
		struct sub_values *s = m->r->sub[m->r->slot_sub[t->first + k]].values;
		uint32_t at = s->at++;

		if (s->code != NULL && s->code[at] < s->nref)
			rc = m->ref(m->ctx, s->ref[s->code[at]], i, &m->part[k], why);
		else
			m->part[k] = rest_at(s, s->code != NULL ? s->rest_at++ : at, &room);
		if (rc == OK)
			bytes += m->part[k].n;
	}
	*ret_bytes = bytes;
	return rc;
}

/* Text i is not wanted: its slots are stepped over. */
static inline void
parts_skip(struct text_reader *r, uint32_t i)
{
	const struct template *t = &r->template[r->template_of[i]];

	for (uint32_t k = 0; k < t->nstep; k++) {
		struct sub_values *s = r->steps[t->step + k];
		uint32_t at = s->at++;

		if (s->code != NULL)
			s->rest_at += s->code[at] == s->nref;
	}
}

static enum err
room_make(struct text_reader *r, size_t n, struct why *why)
{
	if (n <= r->left)
		return OK;
	if (n > LIMIT_RECORD_BYTES || r->made > LIMIT_TEXT_BYTES)
		return why_set(why, ERR_LIMIT, "text: more octets than a segment may have");
	r->left = n > BLOCK_BYTES ? n : BLOCK_BYTES;
	r->block = hold_alloc(r->hold, r->left, 1);
	r->made += r->left;
	return OK;
}

static struct span
text_write(struct text_reader *r, struct span template, const struct span *part, size_t n)
{
	uint8_t *from = r->block, *to = from;
	const uint8_t *p = template.p, *end = p + template.n;

	if (n == 0)
		return span_of(NULL, 0);
	while (p < end) {
		const uint8_t *hole = memchr(p, 0, (size_t)(end - p));
		size_t fixed = (size_t)((hole != NULL ? hole : end) - p);

		memcpy(to, p, fixed);
		to += fixed;
		p += fixed;
		if (hole == NULL)
			break;
		if (part->n > 0)
			memcpy(to, part->p, part->n);
		to += part++->n;
		p++;
	}
	must((size_t)(to - from) == n);
	r->block += n;
	r->left -= n;
	return span_of(from, n);
}

/* Decodes the subs that wanted texts need and sets all to their start; *ret_end: of the last. */
static enum err
subs_begin(struct making *m, const uint8_t *want, uint32_t *ret_end, struct why *why)
{
	struct text_reader *r = m->r;
	size_t most = 0;
	enum err rc = OK;

	subs_reset(r);
	*ret_end = 0;
	for (uint32_t i = 0; i < r->n && rc == OK; i++) {
		const struct template *t = &r->template[r->template_of[i]];
		struct sub_values *v;

		if (want != NULL && want[i] == 0)
			continue;
		*ret_end = i + 1;
		for (uint32_t k = 0; k < t->nslot && rc == OK; k++)
			rc = sub_want(r, &r->sub[r->slot_sub[t->first + k]], &v, why);
	}
	for (const struct sub_values *v = r->read; v != NULL; v = v->next)
		if (v->wanted && v->more.recipe != NULL && recipe_bytes(v->more.recipe) > most)
			most = recipe_bytes(v->more.recipe);
	steps_make(r);
	m->room = xmalloc(most * LIMIT_SLOTS + 1);
	return rc;
}

enum err
text_make(struct text_reader *r, const uint8_t *want, struct span *value, text_ref_fn *ref,
    void *ctx, struct why *why)
{
	struct making m = { .r = r, .ref = ref, .ctx = ctx };
	uint32_t end;
	enum err rc = subs_begin(&m, want, &end, why);

	for (uint32_t i = 0; i < end && rc == OK; i++) {
		size_t n;

		if (want != NULL && want[i] == 0) {
			parts_skip(r, i);
			continue;
		}
		rc = parts_find(&m, i, &n, why);
		if (rc == OK)
			rc = room_make(r, n, why);
		if (rc == OK)
			value[i] = text_write(r, r->text[r->template_of[i]], m.part, n);
	}
	free(m.room);
	return rc;
}

/* ---- timestamps ---- */

enum err
text_reader_clock(struct text_reader *r, const uint32_t *sub, uint32_t n, int64_t *ns,
    uint8_t *has, struct why *why)
{
	enum err rc = OK;

	subs_reset(r);
	for (uint32_t i = 0; i < n && rc == OK; i++) {
		struct sub_values *v;

		if (sub[i] >= r->nsub)
			return broken("no such slot", why);
		rc = sub_want(r, &r->sub[sub[i]], &v, why);
		if (rc == OK && (v == NULL || v->more.ns == NULL || v->nref > 0))
			return broken("no slot of timestamps", why);
	}
	memset(has, 0, r->n);
	steps_make(r);
	for (uint32_t i = 0; i < r->n && rc == OK; i++) {
		const struct template *t = &r->template[r->template_of[i]];

		for (uint32_t k = t->step; k < t->step + t->nstep; k++) {
			struct sub_values *s = r->steps[k];

			if (has[i] == 0)
				ns[i] = s->more.ns[s->at];
			has[i] = 1;
			s->at++;
		}
	}
	return rc;
}

/* ---- looking at slots ---- */

uint32_t
text_lists(const struct text_reader *r)
{
	return r->nsub;
}

const uint32_t *
text_slots(const struct text_reader *r, uint32_t template, uint32_t *ret_n)
{
	must(template < r->ntemplate);
	*ret_n = r->template[template].nslot;
	return r->slot_sub + r->template[template].first;
}

bool
text_list_may_hold(const struct text_reader *r, uint32_t list, struct span text, bool any_case)
{
	const struct sub *s = &r->sub[list];

	must(list < r->nsub);
	if (s->n == 0)
		return false;
	return s->params[0] == ENCODING_SAME || s->params[0] == ENCODING_MIXED ||
	    list_may_hold(sub_params(s), text, any_case);
}

bool
text_list_octets(const struct text_reader *r, uint32_t list, struct span *ret)
{
	const struct sub *s = &r->sub[list];

	must(list < r->nsub);
	return s->n > 0 && list_octets(r->pack, sub_params(s), ret);
}

struct span
text_list_params(const struct text_reader *r, uint32_t list)
{
	must(list < r->nsub);
	return r->sub[list].n > 0 ? sub_params(&r->sub[list]) : span_of(NULL, 0);
}

enum err
text_list(struct text_reader *r, uint32_t list, struct text_slot *ret, struct why *why)
{
	struct sub_values *v;
	enum err rc;

	must(list < r->nsub);
	rc = sub_load(r, &r->sub[list], why);
	if (rc != OK)
		return rc;
	*ret = (struct text_slot){ .nvalue = 0 };
	v = r->sub[list].values;
	if (v == NULL)
		return OK;
	column_values(&v->rest, &v->more, r->hold);
	ret->nref = v->nref;
	ret->ref = v->ref;
	if (v->rest.value == NULL)
		ret->code = v->rest.code;
	if (v->rest.value != NULL) {
		ret->nvalue = v->rest.n;
		ret->value = v->rest.value;
	} else if (v->rest.word != NULL) {
		ret->nvalue = v->rest.nword;
		ret->value = v->rest.word;
	}
	return OK;
}

enum err
text_list_ipv4(struct text_reader *r, uint32_t list, const int64_t **ret_num, uint32_t *ret_n,
    struct why *why)
{
	const struct sub_values *v;
	bool words;
	enum err rc;

	must(list < r->nsub);
	rc = sub_load(r, &r->sub[list], why);
	if (rc != OK)
		return rc;
	v = r->sub[list].values;
	if (v == NULL)
		return broken("a list that has no values", why);
	words = v->more.words != NULL;
	*ret_num = recipe_ipv4(words ? v->more.words : v->more.recipe);
	*ret_n = words ? v->rest.nword : v->rest.n;
	return *ret_num != NULL ? OK : broken("a list that is not of addresses", why);
}
