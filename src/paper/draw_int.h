/* SPDX-License-Identifier: Apache-2.0 */
/* Between draw.c (pages, paragraphs, tables) and draw_block.c (columns, signatures, dots). */
#ifndef PAPER_DRAW_INT_H
#define PAPER_DRAW_INT_H

#include <pango/pangocairo.h>

#include "paper/read.h"

#define MM		(72.0 / 25.4)
#define PAGE_WIDE	(210 * MM)
#define PAGE_TALL	(297 * MM)
#define LEFT		(30 * MM)
#define RIGHT		(PAGE_WIDE - 20 * MM)
#define TOP		(20 * MM)
#define BOTTOM		(PAGE_TALL - 20 * MM)
#define NUMBER_AT	(11 * MM)
#define FOOT_AT		(BOTTOM + 3 * MM)
#define FOOT_LINE	(4.5 * MM)
#define CELL_PAD	(1.1 * MM)
#define GAP		(1.6 * MM)
#define SIGN_TALL	(34 * MM)
#define SIGN_ROOM	(26 * MM)	/* of it for the hand */
#define FIRST_LINE	(10 * MM)	/* moved in by so much */
#define POINT_AT	(10 * MM)	/* a point's mark, and its text */
#define POINT_TEXT_AT	(17 * MM)

/* How a kind of item looks. */
struct look {
	const char *font;
	double before;			/* points above it */
	PangoAlignment align;
	bool justify;
};

extern const struct look draw_look[PAPER_KIND_END];

struct drawing {
	cairo_t *cairo;
	PangoLayout *layout;
	PangoLayout *margin;		/* one of its own: pages end amid a text */
	PangoFontDescription *font[PAPER_KIND_END][2];	/* its own, its other part's */
	const struct paper_item *head;	/* of the table under way, or NULL */
	const struct paper_item *foot, *draft;	/* or NULL */
	double y;
	int page;
};

/* Measures a text in the kind's font; draw_show or draw_lines show it. */
double	draw_shape(struct drawing *d, unsigned kind, struct span text, double wide);
/* The same; part 1: in the kind's other font. */
double	draw_shape_part(struct drawing *d, unsigned kind, int part, struct span text,
	    double wide);
void	draw_show(struct drawing *d, double x, double y);
/* From d->y on, over as many pages as it takes. */
void	draw_lines(struct drawing *d, double x);
void	draw_text(struct drawing *d, const struct paper_item *item);
/* Room for so much, or a new page. Nothing moves from the top of a page. */
void	draw_room(struct drawing *d, double tall);

/* ---- draw_block.c ---- */

void	draw_pair(struct drawing *d, unsigned kind, const struct span cell[2]);
void	draw_subject(struct drawing *d, const struct paper_item *item);
void	draw_point(struct drawing *d, const struct paper_item *item);
void	draw_field(struct drawing *d, const struct paper_item *item);
void	draw_blank(struct drawing *d, const struct paper_item *item);
void	draw_sign(struct drawing *d, const struct paper_item *item);
/* What room it has to have on one page, sign or sign-to. */
double	draw_sign_tall(struct drawing *d, const struct paper_item *item);
void	draw_sign_to(struct drawing *d, const struct paper_item *item);

#endif
