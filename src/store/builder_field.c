/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of a builder as they go into the directory: those that say nothing new (the source's
 * host, another column's values) by reference, the others encoded; doc/formats/segment.md
 * section 3.
 */
#include "store/builder_int.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "store/column.h"
#include "store/filter.h"
#include "store/segment_int.h"

/* ---- columns that are the same ---- */

/* What two columns with equal values in equal rows have in common. */
static uint64_t *
fingerprints(const struct builder *b)
{
	uint64_t *print = xcalloc(b->nfield + 1, sizeof *print);

	for (uint32_t p = 0; p < b->nplan; p++) {
		for (uint32_t i = 0; i < b->plan[p].shape->nhole; i++) {
			uint64_t *at = &print[b->plan[p].field[i]->index];

			*at = *at * UINT64_C(0x9e3779b97f4a7c15) + p + 1;
		}
	}
	for (uint32_t i = 0; i < b->nfield; i++)
		print[i] ^= hash64(buf_span(&b->field[i]->gather.octets));
	return print;
}

static bool
rows_equal(const struct builder *b, const struct field *x, const struct field *y)
{
	for (uint32_t p = 0; p < b->nplan; p++) {
		uint32_t nx = 0, ny = 0;

		for (uint32_t i = 0; i < b->plan[p].shape->nhole; i++) {
			nx += b->plan[p].field[i] == x;
			ny += b->plan[p].field[i] == y;
		}
		if (nx != ny)
			return false;
	}
	return true;
}

static bool
gathers_equal(const struct gather *x, const struct gather *y)
{
	return x->n == y->n && x->nword == y->nword && x->plain == y->plain &&
	    x->coded == y->coded && span_eq(buf_span(&x->octets), buf_span(&y->octets)) &&
	    span_eq(buf_span(&x->code), buf_span(&y->code)) &&
	    span_eq(buf_span(&x->end), buf_span(&y->end)) &&
	    (x->nword == 0 || memcmp(x->word, y->word, x->nword * sizeof *x->word) == 0);
}

/* Its values are in its gather. */
static bool
is_plain(const struct field *f)
{
	return f->text == NULL && f->claim == ENCODING_END;
}

/* target[i]: the first column that column i is the same as; mostly itself. */
static uint32_t *
targets_find(const struct builder *b)
{
	uint64_t *print = fingerprints(b);
	uint32_t *target = xreallocarray(NULL, b->nfield, sizeof *target);

	for (uint32_t i = 0; i < b->nfield; i++) {
		target[i] = i;
		for (uint32_t k = 0; k < i; k++) {
			if (print[k] == print[i] && target[k] == k && is_plain(b->field[i]) &&
			    is_plain(b->field[k]) &&
			    gathers_equal(&b->field[i]->gather, &b->field[k]->gather) &&
			    rows_equal(b, b->field[i], b->field[k])) {
				target[i] = k;
				break;
			}
		}
	}
	free(print);
	return target;
}

/* ---- the directory ---- */

static bool
may_escape(const struct field *f)
{
	return f->kind == HOLE_JSON_STRING || f->kind == HOLE_JSON_VALUE ||
	    f->kind == HOLE_SD_VALUE;
}

static bool
has_escape(const struct builder *b, const struct field *f)
{
	const struct buf *octets = &f->gather.octets;

	if (!may_escape(f))
		return false;
	if (f->text != NULL)
		return text_has_escape(f->text);
	for (uint32_t i = 0; i < b->nsource && f->claim != ENCODING_END; i++) {
		struct span word = claim_of(b->source[i], f->claim);

		if (word.n > 0 && memchr(word.p, '\\', word.n) != NULL)
			return true;
	}
	return octets->n > 0 && memchr(octets->p, '\\', octets->n) != NULL;
}

struct putting {
	struct builder *b;
	const uint32_t *target;
	struct list_facts *facts;	/* per column, for those that are the same */
	bool any_escape;		/* some column has an escape: texts may repeat it */
	struct list_scratch *scratch;
};

/* Encoding and parameters; facts of the values. */
static void
params_put(struct putting *p, struct field *f, struct list_out *out, struct list_facts *facts)
{
	*facts = (struct list_facts){ 0 };
	if (f->text != NULL) {
		text_put(out, p->scratch, f->text, p->target);
		return;
	}
	if (p->target[f->index] != f->index) {
		buf_u8(out->dir, ENCODING_SAME);
		buf_varint(out->dir, p->target[f->index]);
		*facts = p->facts[p->target[f->index]];
		if (facts->ns != NULL)
			facts->ns = xmemdup(facts->ns, f->gather.n * sizeof *facts->ns);
		return;
	}
	if (f->claim != ENCODING_END) {
		buf_u8(out->dir, f->claim);
		for (uint32_t i = 0; i < p->b->nsource; i++)
			filter_text(out->filter, claim_of(p->b->source[i], f->claim));
		return;
	}
	column_put(out, p->scratch, &f->gather, facts);
}

/* Octets with escapes that columns of another kind refer to: as those mean them. */
static void
words_file_as(struct putting *p, const struct field *f, struct filter_maker *filter)
{
	const struct buf *octets = &f->gather.octets;
	unsigned kinds = 0;

	if (f->text != NULL || octets->n == 0 || memchr(octets->p, '\\', octets->n) == NULL)
		return;
	for (uint32_t i = 0; i < p->b->nfield; i++) {
		const struct field *by = p->b->field[i];

		if (by->text != NULL || (by != f && p->target[by->index] == f->index))
			kinds |= 1U << by->kind;
	}
	kinds &= ~(1U << f->kind);
	for (; kinds != 0; kinds &= kinds - 1) {
		filter_kind(filter, (uint8_t)__builtin_ctz(kinds));
		for (uint32_t i = 0; i < (f->gather.plain ? f->gather.n : f->gather.nword); i++)
			filter_text(filter, f->gather.plain ? gather_value(&f->gather, i) :
			    gather_word(&f->gather, i));
	}
}

static void
field_put(struct putting *p, struct field *f, struct list_out *out)
{
	struct buf params = { 0 };
	struct list_out to = { out->pack, &params, out->filter };
	struct list_facts *facts = &p->facts[f->index];
	struct span name = gather_word(&p->b->field_names, f->index);
	bool escape = has_escape(p->b, f) || (f->text != NULL && may_escape(f) && p->any_escape);

	words_file_as(p, f, out->filter);
	filter_kind(out->filter, f->kind);
	params_put(p, f, &to, facts);
	f->ns = facts->ns;
	f->has_stamp = f->text != NULL ? text_has_stamp(f->text) : facts->has_stamp;
	buf_bytes(out->dir, span_sub(name, 1, name.n));
	buf_u8(out->dir, f->kind);
	buf_u8(out->dir, f->roles);
	buf_u8(out->dir, (uint8_t)((facts->has_int ? SEGMENT_HAS_INT : 0) |
	    (escape ? SEGMENT_HAS_ESCAPE : 0)));
	buf_varint(out->dir, f->text != NULL ? text_values(f->text) : f->claim != ENCODING_END ?
	    f->claims : f->gather.n);
	if (facts->has_int) {
		buf_zigzag(out->dir, facts->int_min);
		buf_zigzag(out->dir, facts->int_max);
	}
	buf_bytes(out->dir, buf_span(&params));
	buf_done(&params);
}

void
fields_put(struct builder *b, struct list_out *out, struct list_scratch *scratch)
{
	uint32_t *target = targets_find(b);
	struct putting p = { b, target, xcalloc(b->nfield + 1, sizeof *p.facts), false, scratch };

	for (uint32_t i = 0; i < b->nfield; i++) {
		if (b->field[i]->text != NULL)
			text_end(b->field[i]->text);
	}
	buf_varint(out->dir, b->nfield);
	for (uint32_t i = 0; i < b->nfield; i++)
		p.any_escape |= b->field[i]->text == NULL && has_escape(b, b->field[i]);
	for (uint32_t i = 0; i < b->nfield; i++)
		field_put(&p, b->field[i], out);
	free(p.facts);
	free(target);
}
