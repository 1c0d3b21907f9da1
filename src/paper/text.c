/* SPDX-License-Identifier: Apache-2.0 */
/* See text.h. Every item is one or several columns of cells, broken at blanks. */
#include "paper/text.h"

#include "base/columns.h"

enum { WIDTH = 78, GAP = 2, SIGN_ROOM = 3 };

struct column {
	struct span text;
	unsigned width;
	char align;			/* l, r, c */
};

/* ---- lines ---- */

static unsigned
width_of(struct span text)
{
	return (unsigned)columns_of(text);
}

/* The octets of the next character. */
static size_t
step(struct span text, size_t at)
{
	size_t n = 1;

	while (at + n < text.n && (text.p[at + n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* As much as has room, up to a blank where there is one; takes it away. */
static struct span
line_take(struct span *rest, unsigned width)
{
	size_t at = 0, blank = 0, end;
	struct span line;

	while (at < rest->n && width_of(span_sub(*rest, 0, at + step(*rest, at))) <= width) {
		if (rest->p[at] == ' ')
			blank = at;
		at += step(*rest, at);
	}
	end = at == rest->n || rest->p[at] == ' ' || blank == 0 ? at : blank;
	line = span_sub(*rest, 0, end);
	while (end < rest->n && rest->p[end] == ' ')
		end++;
	*rest = span_sub(*rest, end, SIZE_MAX);
	return line;
}

static void
fill(struct buf *out, char c, unsigned n)
{
	while (n-- > 0)
		buf_u8(out, (uint8_t)c);
}

static void
line_end(struct buf *out)
{
	while (out->n > 0 && out->p[out->n - 1] == ' ')
		out->n--;
	buf_u8(out, '\n');
}

/* Side by side, until the longest is at its end. */
static void
columns_put(struct buf *out, struct column *column, unsigned n, const char *between)
{
	bool more = true;

	while (more) {
		more = false;
		for (unsigned i = 0; i < n; i++) {
			struct span line = line_take(&column[i].text, column[i].width);
			unsigned left = column[i].width - width_of(line);
			unsigned before = column[i].align == 'r' ? left : column[i].align == 'c' ?
			    left / 2 : 0;

			fill(out, ' ', before);
			buf_span_put(out, line);
			fill(out, ' ', left - before);
			if (i + 1 < n)
				buf_str(out, between);
			more |= column[i].text.n > 0;
		}
		line_end(out);
	}
}

static void
one_put(struct buf *out, struct span text, char align)
{
	columns_put(out, &(struct column){ text, WIDTH, align }, 1, "");
}

static void
two_put(struct buf *out, struct span left, struct span right)
{
	struct column column[2] = { { left, WIDTH / 2 - 1, 'c' }, { right, WIDTH / 2 - 1, 'c' } };

	columns_put(out, column, 2, "  ");
}

/* ---- items ---- */

static void
row_put(struct buf *out, const struct paper_item *item)
{
	struct column column[PAPER_CELLS_MAX];
	unsigned shares = 0, room = WIDTH - 3 * (item->ncell - 1u);

	for (unsigned i = 0; i < item->ncell; i++)
		shares += item->column[i].share;
	for (unsigned i = 0; i < item->ncell; i++) {
		unsigned width = room * item->column[i].share / shares;

		column[i] = (struct column){ item->cell[i], width > 3 ? width : 3,
		    item->column[i].align };
	}
	columns_put(out, column, item->ncell, " | ");
	if (item->kind == PAPER_HEAD)
		fill(out, '-', WIDTH);
	if (item->kind == PAPER_HEAD)
		line_end(out);
}

/* Label and value on one line; dots where the hand writes. */
static void
field_put(struct buf *out, const struct paper_item *item)
{
	struct buf both = { 0 };

	buf_span_put(&both, item->cell[0]);
	buf_u8(&both, ' ');
	if (item->cell[1].n > 0)
		buf_span_put(&both, item->cell[1]);
	for (unsigned n = width_of(buf_span(&both)); item->cell[1].n == 0 && n < WIDTH; n++)
		buf_u8(&both, '.');
	one_put(out, buf_span(&both), 'l');
	buf_done(&both);
}

static void
signs_put(struct buf *out, const struct paper_item *item)
{
	bool to = item->kind == PAPER_SIGN_TO;
	unsigned n = item->ncell;
	struct span empty = SPAN("");

	buf_u8(out, '\n');
	two_put(out, item->cell[0], to ? item->cell[n - 2] : item->cell[1]);
	for (unsigned i = 1; to && i + 2 < n; i++)
		one_put(out, item->cell[i], 'l');
	fill(out, '\n', SIGN_ROOM);
	if (to)
		two_put(out, empty, item->cell[n - 1]);
	else if (n == 4)
		two_put(out, item->cell[2], item->cell[3]);
}

static void
item_put(struct buf *out, const struct paper_item *item)
{
	struct column point[2];

	switch ((enum paper_kind)item->kind) {
	case PAPER_PAIR:
	case PAPER_PAIR_RULED:
	case PAPER_PAIR_OVER:
	case PAPER_DATELINE:
		two_put(out, item->cell[0], item->cell[1]);
		break;
	case PAPER_TITLE:
	case PAPER_SUBJECT:
	case PAPER_UNDER:
		one_put(out, item->cell[0], 'c');
		break;
	case PAPER_HEADING:
		buf_u8(out, '\n');
		one_put(out, item->cell[0], 'l');
		break;
	case PAPER_HEAD:
	case PAPER_ROW:
		row_put(out, item);
		break;
	case PAPER_POINT:
		point[0] = (struct column){ item->cell[0], 4, 'r' };
		point[1] = (struct column){ item->cell[1], WIDTH - 4 - GAP, 'l' };
		columns_put(out, point, 2, "  ");
		break;
	case PAPER_FIELD:
		field_put(out, item);
		break;
	case PAPER_SIGN:
	case PAPER_SIGN_TO:
		signs_put(out, item);
		break;
	case PAPER_BLANK:
		for (uint32_t i = 0; i < item->number; i++) {
			fill(out, '.', WIDTH);
			buf_u8(out, '\n');
		}
		break;
	case PAPER_SPACE:
	case PAPER_PAGE:
		buf_u8(out, '\n');
		break;
	case PAPER_TABLE:
	case PAPER_FOOT:
	case PAPER_DRAFT:
		break;
	case PAPER_TEXT:
	case PAPER_NOTE:
	case PAPER_MONO:
	case PAPER_INDENT:
	case PAPER_KIND_END:
		one_put(out, item->cell[0], 'l');
		break;
	}
}

void
paper_text(struct buf *out, const struct paper *paper)
{
	if (paper->draft != NULL)
		one_put(out, paper->draft->cell[0], 'r');
	for (size_t i = 0; i < paper->nitem; i++)
		item_put(out, &paper->item[i]);
	if (paper->foot != NULL) {
		buf_u8(out, '\n');
		one_put(out, paper->foot->cell[0], 'c');
		one_put(out, paper->foot->cell[1], 'c');
	}
}
