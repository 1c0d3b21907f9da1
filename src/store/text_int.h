/* SPDX-License-Identifier: Apache-2.0 */
/* Between text.c (texts to templates) and text_write.c (templates to a segment). */
#ifndef STORE_TEXT_INT_H
#define STORE_TEXT_INT_H

#include "store/column.h"
#include "store/cutter.h"
#include "store/filter.h"
#include "store/list_int.h"
#include "store/text.h"

enum { CODE_REST = 255 };

/* The values of one slot, or of the timestamps behind one head. */
struct sub {
	struct gather rest;		/* what repeats no other column */
	uint32_t n;
	uint32_t searches;
	uint8_t nref, best;
	uint8_t first;			/* code of all values while !coded */
	bool coded;
	int64_t *ns;			/* of each value, when it was written as timestamps */
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

#endif
