/* SPDX-License-Identifier: Apache-2.0 */
/* Between text_read.c (segments back to texts) and text_look.c (what can be told without that). */
#ifndef STORE_TEXT_READ_INT_H
#define STORE_TEXT_READ_INT_H

#include "store/column.h"
#include "store/text.h"

/* A list of slots' values; there are thousands, and few are ever read. */
struct sub {
	const uint8_t *params;
	uint32_t nparam;
	uint32_t n;
	struct sub_values *values;	/* NULL: not read yet */
};

struct sub_values {
	struct sub_values *next;	/* of those that were read */
	uint32_t nref;
	const uint32_t *ref;
	const uint32_t *code;		/* below nref: that reference; nref: the next of rest */
	struct column rest;
	struct column_more more;	/* of rest */
	/* while texts are made */
	bool wanted;
	uint32_t at, rest_at;
};

struct template {
	uint32_t first, nslot;		/* in slot_sub */
	uint32_t step, nstep;		/* in steps: its subs that are wanted */
};

struct text_reader {
	struct pack *pack;
	struct hold *hold;
	uint32_t n, ntemplate, nsub, nslot;
	uint8_t flags;
	struct span *text;
	struct template *template;
	uint32_t *slot_sub;
	struct sub_values **steps;	/* while texts are made; NULL until then */
	struct sub *sub;
	struct sub_values *read;	/* the last one first */
	const uint16_t *template_of;
	uint8_t *block;			/* free octets for texts */
	size_t left;
	size_t made;
	struct text_map *map;		/* NULL until it is asked for */
	struct text_away *away;		/* the same */
	uint32_t naway;
};

static inline struct span
sub_params(const struct sub *s)
{
	return span_of(s->params, s->nparam);
}

#endif
