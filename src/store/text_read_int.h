/* SPDX-License-Identifier: Apache-2.0 */
/* Between text_read.c (segments back to texts) and text_look.c (what can be told without that). */
#ifndef STORE_TEXT_READ_INT_H
#define STORE_TEXT_READ_INT_H

#include "store/column.h"
#include "store/text.h"

/* A list of slots' values. */
struct sub {
	uint32_t n;
	struct span params;
	bool loaded;
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
	uint32_t n, ntemplate, nsub;
	uint8_t flags;
	struct span *text;
	struct template *template;
	uint32_t *slot_sub;
	struct sub **steps;		/* while texts are made */
	struct sub *sub;
	const uint32_t *template_of;
	uint8_t *block;			/* free octets for texts */
	size_t left;
	size_t made;
	struct text_map *map;		/* NULL until it is asked for */
	struct text_away *away;		/* the same */
	uint32_t naway;
};

#endif
