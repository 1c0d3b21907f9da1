/* SPDX-License-Identifier: Apache-2.0 */
/* Pieces written and read: see pieces.h. */
#include "evidence/pieces.h"

#include "base/cur.h"

void
piece_put(struct buf *out, enum piece_type type, struct span octets)
{
	buf_u8(out, (uint8_t)type);
	buf_u32(out, (uint32_t)octets.n);
	buf_span_put(out, octets);
}

/* The piece at the front of *rest: OK and *rest is behind it; ERR_MORE: it is not whole. */
static enum err
piece_next(struct span *rest, uint8_t *ret_type, struct span *ret_octets, struct why *why)
{
	struct cur in = cur_of(*rest);
	uint8_t type = cur_u8(&in);
	uint32_t n = cur_u32(&in);

	if (rest->n > 0 && (rest->p[0] < PIECE_ABOUT || rest->p[0] >= PIECE_TYPES))
		return why_set(why, ERR_FORMAT, "the desk's answer has a piece of type %u",
		    rest->p[0]);
	if (in.bad)
		return ERR_MORE;
	if (n > PIECE_BYTES_MAX)
		return why_set(why, ERR_FORMAT, "the desk's answer has a piece of %u octets", n);
	*ret_octets = cur_span(&in, n);
	if (in.bad)
		return ERR_MORE;
	*ret_type = type;
	*rest = span_sub(*rest, (size_t)n + PIECE_HEAD, SIZE_MAX);
	return OK;
}

static enum err
pieces_each(struct pieces *p, struct span *rest, piece_fn *each, void *ctx, struct why *why)
{
	struct span octets;
	uint8_t type = 0;
	enum err rc;

	while ((rc = piece_next(rest, &type, &octets, why)) == OK) {
		if (p->ended)
			return why_set(why, ERR_FORMAT, "the desk's answer goes on behind its end");
		p->ended = type == PIECE_END || type == PIECE_REFUSED;
		if (!each(ctx, (enum piece_type)type, octets))
			return ERR_BUSY;
	}
	return rc == ERR_MORE ? OK : rc;
}

enum err
pieces_take(struct pieces *p, struct span octets, piece_fn *each, void *ctx, struct why *why)
{
	struct span rest = octets;
	enum err rc;

	if (p->part.n > 0) {
		buf_span_put(&p->part, octets);
		rest = buf_span(&p->part);
	}
	rc = pieces_each(p, &rest, each, ctx, why);
	if (p->part.n == 0) {
		buf_span_put(&p->part, rest);
	} else if (rest.n > 0) {
		memmove(p->part.p, rest.p, rest.n);
		p->part.n = rest.n;
	} else {
		p->part.n = 0;
	}
	return rc;
}

void
pieces_done(struct pieces *pieces)
{
	buf_done(&pieces->part);
	*pieces = (struct pieces){ 0 };
}
