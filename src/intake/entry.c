/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See entry.h.
 *
 *	LINE --- LF behind "name=text" ---> LINE      LINE --- LF alone ---> the entry is complete
 *	LINE --- LF behind "name" ---> SIZE -> DATA -> DATA_END -> LINE
 */
#include "intake/entry.h"

enum entry_state { LINE, SIZE, DATA, DATA_END };

enum {
	NAME_BYTES = 256,	/* systemd.journal-fields(7) has names of 64 */
	FIELD_MB = 1024,	/* journald itself keeps no field above 768 MB */
	FRAME_BYTES = 9,	/* a length and a LF */
};

/* Octets of the field, unless it is one that is left out. */
static void
field_add(struct entry *e, struct span part, size_t most)
{
	if (!e->skip && e->hold.n + part.n > most) {
		e->skip = true;
		e->cut += e->hold.n - e->from;
		e->hold.n = e->from;
	}
	if (e->skip)
		e->cut += part.n;
	else
		buf_span_put(&e->hold, part);
}

static void
field_begin(struct entry *e)
{
	e->state = LINE;
	e->from = e->hold.n;
	e->line_n = 0;
	e->equals = e->skip = false;
	e->nsize = 0;
}

/* OK: the entry is complete. ERR_MORE: go on. */
static enum err
line_take(struct entry *e, struct span *in, size_t most)
{
	const uint8_t *lf = memchr(in->p, '\n', in->n), *is;
	struct span part = span_sub(*in, 0, lf != NULL ? (size_t)(lf - in->p) : in->n);

	*in = span_sub(*in, lf != NULL ? part.n + 1 : part.n, SIZE_MAX);
	is = part.n > 0 && !e->equals ? memchr(part.p, '=', part.n) : NULL;
	if (!e->equals && e->line_n + (is != NULL ? (size_t)(is - part.p) : part.n) > NAME_BYTES)
		return ERR_FORMAT;
	e->equals |= is != NULL;
	e->line_n += part.n;
	field_add(e, part, most);
	if (lf == NULL)
		return ERR_MORE;
	if (e->line_n == 0)
		return e->hold.n > 0 || e->cut > 0 ? OK : ERR_MORE;
	field_add(e, SPAN("\n"), most);
	if (e->equals)
		field_begin(e);
	else
		e->state = SIZE;
	return ERR_MORE;
}

static enum err
size_take(struct entry *e, struct span *in, size_t most)
{
	e->size[e->nsize++] = in->p[0];
	*in = span_sub(*in, 1, SIZE_MAX);
	if (e->nsize < sizeof e->size)
		return ERR_MORE;
	e->left = 0;
	for (size_t i = sizeof e->size; i-- > 0;)
		e->left = e->left << 8 | e->size[i];
	if (e->left > (uint64_t)FIELD_MB << 20)
		return ERR_FORMAT;
	field_add(e, span_of(e->size, sizeof e->size), most > e->left + FRAME_BYTES ?
	    most - (size_t)e->left - 1 : 0);
	e->state = e->left > 0 ? DATA : DATA_END;
	return ERR_MORE;
}

static enum err
octets_take(struct entry *e, struct span *in, size_t most)
{
	struct span part = span_sub(*in, 0, e->left < in->n ? (size_t)e->left : in->n);

	field_add(e, part, most);
	*in = span_sub(*in, part.n, SIZE_MAX);
	e->left -= part.n;
	if (e->left == 0)
		e->state = DATA_END;
	return ERR_MORE;
}

static enum err
end_take(struct entry *e, struct span *in, size_t most)
{
	if (in->p[0] != '\n')
		return ERR_FORMAT;
	field_add(e, SPAN("\n"), most);
	*in = span_sub(*in, 1, SIZE_MAX);
	field_begin(e);
	return ERR_MORE;
}

static void
frame_give(struct entry *e, struct frame *ret)
{
	*ret = (struct frame){ buf_span(&e->hold), e->cut };
	e->emptied = true;
}

/* What was handed out is not needed any more; its room is, for the next one. */
static void
hold_drop(struct entry *e)
{
	if (!e->emptied)
		return;
	e->hold.n = 0;
	e->cut = 0;
	e->emptied = false;
	field_begin(e);
}

enum err
entry_next(struct entry *e, struct span *in, size_t most, struct frame *ret)
{
	typedef enum err step_fn(struct entry *, struct span *, size_t);
	static step_fn *const step[] = { [LINE] = line_take, [SIZE] = size_take,
	    [DATA] = octets_take, [DATA_END] = end_take };

	hold_drop(e);
	if (most > LIMIT_RECORD_BYTES)
		most = LIMIT_RECORD_BYTES;
	while (in->n > 0) {
		enum err rc = step[e->state](e, in, most);

		if (rc == OK)
			frame_give(e, ret);
		if (rc != ERR_MORE)
			return rc;
	}
	return ERR_MORE;
}

enum err
entry_end(struct entry *e, struct frame *ret)
{
	hold_drop(e);
	if (e->state != LINE || e->line_n > 0)
		return ERR_FORMAT;
	if (e->hold.n == 0 && e->cut == 0)
		return ERR_ABSENT;
	frame_give(e, ret);
	return OK;
}

void
entry_done(struct entry *e)
{
	buf_done(&e->hold);
	*e = (struct entry){ 0 };
}
