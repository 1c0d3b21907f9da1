/* SPDX-License-Identifier: Apache-2.0 */
/*
 * See utf16.h. Nothing is written of a character before all of it has come, so that a text that
 * grows has what was written of it before as its beginning.
 */
#include "base/utf16.h"

#include "base/fold.h"
#include "base/must.h"

enum { UNITS_LEAST = 4, MARK = 0xfeff, HIGH_FIRST = 0xd800, LOW_FIRST = 0xdc00,
	LOW_LAST = 0xdfff };

static uint16_t
unit_at(const uint8_t *p, enum utf16_order order)
{
	unsigned low = p[order != UTF16_LITTLE], high = p[order == UTF16_LITTLE];

	return (uint16_t)(high << 8 | low);
}

static bool
is_text(uint16_t unit)
{
	return (unit >= 0x20 && unit < 0x7f) || (unit >= '\t' && unit <= '\r');
}

/* Half of it is ASCII text, and nothing is what no text has. */
static bool
is_evident(struct span first, enum utf16_order order)
{
	size_t text = 0, units = first.n / 2;

	for (size_t i = 0; i < units; i++) {
		uint16_t unit = unit_at(first.p + 2 * i, order);

		if (unit == 0)
			return false;
		text += is_text(unit);
	}
	return units >= UNITS_LEAST && text * 2 >= units;
}

enum utf16_order
utf16_look(struct span first)
{
	if (first.n < 2)
		return UTF16_NOT;
	/* U+0000 behind the mark: UTF-32 */
	if (unit_at(first.p, UTF16_LITTLE) == MARK)
		return first.n >= 4 && first.p[2] == 0 && first.p[3] == 0 ? UTF16_NOT :
		    UTF16_LITTLE;
	if (unit_at(first.p, UTF16_BIG) == MARK)
		return UTF16_BIG;
	if (is_evident(first, UTF16_LITTLE))
		return UTF16_LITTLE;
	return is_evident(first, UTF16_BIG) ? UTF16_BIG : UTF16_NOT;
}

static void
rune_write(struct buf *out, uint32_t rune)
{
	out->n += rune_put(out->p + out->n, rune);
}

static void
unit_take(struct utf16 *u, uint16_t unit, struct buf *out)
{
	bool low = unit >= LOW_FIRST && unit <= LOW_LAST;

	if (u->high != 0 && low) {
		rune_write(out, 0x10000 + ((uint32_t)(u->high - HIGH_FIRST) << 10) +
		    (uint32_t)(unit - LOW_FIRST));
		u->high = 0;
		return;
	}
	if (u->high != 0 || low) {
		rune_write(out, RUNE_BAD);
		u->replaced++;
		u->high = 0;
	}
	if (unit >= HIGH_FIRST && unit < LOW_FIRST)
		u->high = unit;
	else if (!low && (u->begun || unit != MARK))
		rune_write(out, unit);
	u->begun = true;
}

void
utf16_add(struct utf16 *u, struct span piece, struct buf *out)
{
	enum utf16_order order = (enum utf16_order)u->order;
	size_t at = 0;

	must(order == UTF16_LITTLE || order == UTF16_BIG);
	if (piece.n == 0)
		return;
	/* A unit is at most three octets, and may leave one of three behind it to be written. */
	buf_reserve(out, (piece.n / 2 + 2) * 3 + 8);
	if (u->has_odd) {
		uint8_t two[2] = { u->odd, piece.p[0] };

		unit_take(u, unit_at(two, order), out);
		at = 1;
	}
	for (; at + 2 <= piece.n; at += 2) {
		uint16_t unit = unit_at(piece.p + at, order);

		if (unit < 0x80 && u->high == 0 && u->begun)
			out->p[out->n++] = (uint8_t)unit;
		else
			unit_take(u, unit, out);
	}
	u->has_odd = at < piece.n;
	if (u->has_odd)
		u->odd = piece.p[at];
}

unsigned
utf16_left(const struct utf16 *u)
{
	return (u->high != 0 ? 2u : 0u) + (u->has_odd ? 1u : 0u);
}

const char *
utf16_name(enum utf16_order order)
{
	static const char *const name[UTF16_ORDERS] = { [UTF16_LITTLE] = "UTF-16LE",
	    [UTF16_BIG] = "UTF-16BE" };

	return name[order];
}
