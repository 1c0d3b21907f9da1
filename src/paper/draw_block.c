/* SPDX-License-Identifier: Apache-2.0 */
/* Two columns, signatures and what a hand writes upon: see draw.h, draw_int.h. */
#include "paper/draw_int.h"

#include "base/buf.h"

/* ---- to write upon ---- */

/* Appends what fills a line of which so much is taken. */
static void
dots_append(struct drawing *d, struct buf *text, double taken)
{
	static const char ten[] = "..........";
	double wide;
	int n;

	(void)draw_shape(d, PAPER_BLANK, SPAN(ten), RIGHT - LEFT);
	pango_layout_get_size(d->layout, &n, NULL);
	wide = (double)n / PANGO_SCALE / 10;
	/* One less than there is room for: no rounding breaks the line. */
	for (n = (int)((RIGHT - LEFT - taken) / wide) - 1; n > 0; n--)
		buf_u8(text, '.');
}

void
draw_blank(struct drawing *d, const struct paper_item *item)
{
	struct buf dots = { 0 };

	dots_append(d, &dots, 0);
	for (uint32_t i = 0; i < item->number; i++) {
		double tall = draw_shape(d, PAPER_BLANK, buf_span(&dots), RIGHT - LEFT);

		d->y += d->y > TOP ? draw_look[PAPER_BLANK].before : 0;
		draw_room(d, tall);
		draw_lines(d, LEFT);
	}
	buf_done(&dots);
}

/* The first so many octets of what is shaped: bold. */
static void
begin_bold(struct drawing *d, size_t n)
{
	PangoAttrList *list = pango_attr_list_new();
	PangoAttribute *bold = pango_attr_weight_new(PANGO_WEIGHT_BOLD);

	bold->start_index = 0;
	bold->end_index = (unsigned)n;
	pango_attr_list_insert(list, bold);
	pango_layout_set_attributes(d->layout, list);
	pango_attr_list_unref(list);
}

/* Where the last line of what is shaped ends. */
static double
last_line_end(struct drawing *d)
{
	PangoRectangle line = { 0 };
	int last = pango_layout_get_line_count(d->layout) - 1;

	pango_layout_line_get_extents(pango_layout_get_line_readonly(d->layout, last), NULL, &line);
	return (double)(line.x + line.width) / PANGO_SCALE;
}

void
draw_field(struct drawing *d, const struct paper_item *item)
{
	struct buf text = { 0 };

	buf_span_put(&text, item->cell[0]);
	buf_u8(&text, ' ');
	buf_span_put(&text, item->cell[1]);
	if (item->cell[1].n == 0) {
		(void)draw_shape(d, PAPER_FIELD, buf_span(&text), RIGHT - LEFT);
		begin_bold(d, item->cell[0].n);
		dots_append(d, &text, last_line_end(d));
	}
	(void)draw_shape(d, PAPER_FIELD, buf_span(&text), RIGHT - LEFT);
	begin_bold(d, item->cell[0].n);
	d->y += d->y > TOP ? draw_look[PAPER_FIELD].before : 0;
	draw_lines(d, LEFT);
	buf_done(&text);
}

void
draw_point(struct drawing *d, const struct paper_item *item)
{
	double tall = draw_shape(d, PAPER_POINT, item->cell[0], POINT_TEXT_AT - POINT_AT);

	d->y += d->y > TOP ? draw_look[PAPER_POINT].before : 0;
	draw_room(d, tall);
	draw_show(d, LEFT + POINT_AT, d->y);
	(void)draw_shape(d, PAPER_POINT, item->cell[1], RIGHT - LEFT - POINT_TEXT_AT);
	draw_lines(d, LEFT + POINT_TEXT_AT);
}

/* ---- two columns ---- */

/* The right one is longer where the state's name stands. */
static const double pair_share[2] = { 0.40, 0.60 };

/* Which of its kind's fonts a column has. */
static double
pair_shape(struct drawing *d, unsigned kind, int column, struct span text)
{
	bool other = column == 1 && (kind == PAPER_PAIR_OVER || kind == PAPER_DATELINE);

	return draw_shape_part(d, kind, other, text,
	    (RIGHT - LEFT) * pair_share[column] - 2 * CELL_PAD);
}

static double
pair_tall(struct drawing *d, unsigned kind, const struct span cell[2])
{
	double left = pair_shape(d, kind, 0, cell[0]), right = pair_shape(d, kind, 1, cell[1]);

	return left > right ? left : right;
}

static void
rule_put(struct drawing *d, double from, double to, double y)
{
	cairo_move_to(d->cairo, from, y);
	cairo_line_to(d->cairo, to, y);
	cairo_stroke(d->cairo);
}

/* At d->y, which goes below them. */
static void
columns_put(struct drawing *d, unsigned kind, const struct span cell[2])
{
	double most = pair_tall(d, kind, cell), x = LEFT;

	for (int i = 0; i < 2; i++) {
		double wide = (RIGHT - LEFT) * pair_share[i];
		double tall = pair_shape(d, kind, i, cell[i]);

		draw_show(d, x + CELL_PAD, d->y);
		if (kind == PAPER_PAIR_RULED && cell[i].n > 0)
			rule_put(d, x + wide * 0.3, x + wide * 0.7, d->y + tall + 0.8 * MM);
		x += wide;
	}
	d->y += most + 0.5 * MM;
}

void
draw_pair(struct drawing *d, unsigned kind, const struct span cell[2])
{
	if (d->y > TOP)
		d->y += draw_look[kind].before;
	draw_room(d, pair_tall(d, kind, cell) + 2 * MM);
	columns_put(d, kind, cell);
}

void
draw_subject(struct drawing *d, const struct paper_item *item)
{
	draw_text(d, item);
	rule_put(d, LEFT + (RIGHT - LEFT) * 0.4, LEFT + (RIGHT - LEFT) * 0.6, d->y + 0.8 * MM);
	d->y += 2 * MM;
}

/* Whom it goes to, from the top; how tall it is. With show false it is only measured. */
static double
receivers_put(struct drawing *d, const struct paper_item *item, bool show)
{
	double tall = 0;

	for (unsigned i = 0; i + 2 < item->ncell; i++) {
		double one = draw_shape_part(d, PAPER_SIGN_TO, i == 0, item->cell[i],
		    (RIGHT - LEFT) * pair_share[0] - 2 * CELL_PAD);

		if (show)
			draw_show(d, LEFT, d->y + tall);
		tall += one;
	}
	return tall;
}

/* Who signs and the name, of a sign-to: both in the right column. */
static void
signer_of(const struct paper_item *item, struct span ret_signer[2], struct span ret_name[2])
{
	ret_signer[0] = ret_name[0] = (struct span){ NULL, 0 };
	ret_signer[1] = item->cell[item->ncell - 2];
	ret_name[1] = item->cell[item->ncell - 1];
}

double
draw_sign_tall(struct drawing *d, const struct paper_item *item)
{
	struct span signer[2], name[2];
	double left, right;

	if (item->kind == PAPER_SIGN)
		return item->ncell == 2 ? SIGN_TALL : draw_look[PAPER_SIGN].before +
		    pair_tall(d, PAPER_SIGN, item->cell) + SIGN_ROOM +
		    pair_tall(d, PAPER_SIGN, item->cell + 2) + 2 * MM;
	signer_of(item, signer, name);
	left = receivers_put(d, item, false);
	right = pair_tall(d, PAPER_SIGN, signer) + SIGN_ROOM + pair_tall(d, PAPER_SIGN, name) +
	    2 * MM;
	return left > right ? left : right;
}

void
draw_sign(struct drawing *d, const struct paper_item *item)
{
	d->y += draw_look[PAPER_SIGN].before;
	draw_room(d, draw_sign_tall(d, item));
	draw_pair(d, PAPER_SIGN, item->cell);
	d->y += SIGN_ROOM;
	if (item->ncell == 4)
		columns_put(d, PAPER_SIGN, item->cell + 2);
}

void
draw_sign_to(struct drawing *d, const struct paper_item *item)
{
	double tall = draw_sign_tall(d, item), top;
	struct span signer[2], name[2];

	signer_of(item, signer, name);
	d->y += draw_look[PAPER_SIGN_TO].before;
	draw_room(d, tall);
	top = d->y;
	(void)receivers_put(d, item, true);
	columns_put(d, PAPER_SIGN, signer);
	d->y += SIGN_ROOM;
	columns_put(d, PAPER_SIGN, name);
	d->y = top + tall;
}
