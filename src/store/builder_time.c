/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Event times of a segment's rows: what its timestamps say, moved by what they leave out (zone,
 * year), and the rows of which that is not true; or the distance to the receive time of each.
 * doc/formats/segment.md section 8.
 */
#include "store/builder_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "store/segment_int.h"

/* A column of timestamps that event times are taken from. */
struct clock {
	struct field *field;
	int64_t *ns;			/* per value */
	uint8_t *has;			/* per value, of a text; NULL: all have */
	uint32_t nsub, sub[TIMES_SUBS_MAX];	/* of a text */
	uint32_t *count;		/* per plan: values in a row */
	uint32_t at;			/* values of the rows before */
	bool moved;			/* shift is known */
	uint64_t shift;
};

static void
counts_make(struct clock *c, const struct builder *b)
{
	c->count = xcalloc(b->nplan, sizeof *c->count);
	for (uint32_t p = 0; p < b->nplan; p++) {
		for (uint32_t i = 0; i < b->plan[p].shape->nhole; i++)
			c->count[p] += b->plan[p].field[i] == c->field;
	}
}

static void
clock_begin(struct clock *c, const struct builder *b, struct field *f)
{
	*c = (struct clock){ .field = f, .ns = f->ns };
	f->ns = NULL;
	counts_make(c, b);
}

static void
text_clock_begin(struct clock *c, const struct builder *b, struct field *f)
{
	*c = (struct clock){ .field = f };
	c->ns = xreallocarray(NULL, text_values(f->text), sizeof *c->ns);
	c->has = xcalloc(text_values(f->text), 1);
	c->nsub = text_clock(f->text, c->sub, TIMES_SUBS_MAX, c->ns, c->has);
	counts_make(c, b);
}

/* What the clocks say of a row, which is the next one for them. */
static int64_t
clocks_say(struct clock *clock, uint32_t n, const struct build_row *row)
{
	int64_t said = row->recv_ns;
	bool own = row->flags >> ROW_TIME_SHIFT == TIME_OWN;

	for (uint32_t i = 0; i < n; i++) {
		struct clock *c = &clock[i];
		uint32_t count = c->count[row->plan];

		if (count > 0 && own && (c->has == NULL || c->has[c->at] != 0)) {
			if (!c->moved)
				c->shift = (uint64_t)row->event_ns - (uint64_t)c->ns[c->at];
			c->moved = true;
			said = (int64_t)((uint64_t)c->ns[c->at] + c->shift);
			own = false;
		}
		c->at += count;
	}
	return said;
}

static void
differences_put(struct builder *b, struct list_out *out)
{
	int64_t *lag = xreallocarray(NULL, b->nrow, sizeof *lag);

	for (uint32_t i = 0; i < b->nrow; i++)
		lag[i] = (int64_t)((uint64_t)b->row[i].event_ns - (uint64_t)b->row[i].recv_ns);
	buf_u8(out->dir, TIMES_DIFFERENCE);
	ints_put(out, lag, b->nrow, INTS_SERIES);
	free(lag);
}

static void
clocks_put(const struct clock *clock, uint32_t n, const int64_t *row, const int64_t *ns,
    uint32_t nexception, struct list_out *out)
{
	buf_u8(out->dir, TIMES_CLOCKS);
	buf_varint(out->dir, n);
	for (uint32_t i = 0; i < n; i++) {
		buf_varint(out->dir, clock[i].field->index);
		buf_zigzag(out->dir, (int64_t)clock[i].shift);
		if (clock[i].has == NULL)
			continue;
		buf_varint(out->dir, clock[i].nsub);
		for (uint32_t k = 0; k < clock[i].nsub; k++)
			buf_varint(out->dir, clock[i].sub[k]);
	}
	buf_varint(out->dir, nexception);
	if (nexception == 0)
		return;
	ints_put(out, row, nexception, INTS_SERIES);
	ints_put(out, ns, nexception, INTS_SERIES);
}

void
times_put(struct builder *b, struct list_out *out)
{
	struct clock clock[TIMES_CLOCKS_MAX];
	int64_t *row = xreallocarray(NULL, b->nrow, sizeof *row);
	int64_t *ns = xreallocarray(NULL, b->nrow, sizeof *ns);
	uint32_t n = 0, wrong = 0;

	for (uint32_t i = 0; i < b->nfield && n < TIMES_CLOCKS_MAX; i++) {
		struct field *f = b->field[i];

		if ((f->roles & 1U << ROLE_TIME) != 0 && f->has_stamp)
			clock_begin(&clock[n++], b, f);
		else if (f->text != NULL && f->has_stamp)
			text_clock_begin(&clock[n++], b, f);
	}
	for (uint32_t i = 0; i < b->nrow; i++) {
		if (clocks_say(clock, n, &b->row[i]) == b->row[i].event_ns)
			continue;
		row[wrong] = i;
		ns[wrong++] = b->row[i].event_ns;
	}
	if (wrong > b->nrow / 4 || b->times == BUILDER_TIMES_PLAIN)
		differences_put(b, out);
	else
		clocks_put(clock, n, row, ns, wrong, out);
	for (uint32_t i = 0; i < n; i++) {
		free(clock[i].ns);
		free(clock[i].has);
		free(clock[i].count);
	}
	free(row);
	free(ns);
}
