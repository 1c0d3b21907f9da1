/* SPDX-License-Identifier: Apache-2.0 */
/* Items to pages: see draw.h. Pango breaks lines and shapes letters, cairo writes the file. */
#include "paper/draw.h"

#include <cairo/cairo-pdf.h>
#include <stdio.h>

#include "paper/draw_int.h"

/* A family with commas in its list: "Times New Roman 14" would be read as a style. */
#define SERIF		"Tinos,Liberation Serif,serif "
#define EQUAL		"Cousine,Liberation Mono,monospace "

/* How a kind of item looks. */
const struct look draw_look[PAPER_KIND_END] = {
	[PAPER_PAIR] = { SERIF "Bold 12", 0, PANGO_ALIGN_CENTER, false },
	[PAPER_PAIR_RULED] = { SERIF "Bold 13", 0, PANGO_ALIGN_CENTER, false },
	[PAPER_TITLE] = { SERIF "Bold 15", 5 * MM, PANGO_ALIGN_CENTER, false },
	[PAPER_UNDER] = { SERIF "Italic 13", 0.5 * MM, PANGO_ALIGN_CENTER, false },
	[PAPER_HEADING] = { SERIF "Bold 13", 4 * MM, PANGO_ALIGN_LEFT, false },
	[PAPER_TEXT] = { SERIF "13", GAP, PANGO_ALIGN_LEFT, true },
	[PAPER_NOTE] = { SERIF "11", GAP, PANGO_ALIGN_LEFT, true },
	[PAPER_MONO] = { EQUAL "9.5", GAP, PANGO_ALIGN_LEFT, false },
	[PAPER_HEAD] = { SERIF "Bold 10.5", 0, PANGO_ALIGN_CENTER, false },
	[PAPER_ROW] = { SERIF "10.5", 0, PANGO_ALIGN_LEFT, false },
	[PAPER_PAGE] = { SERIF "13", 0, PANGO_ALIGN_CENTER, false },	/* its number */
	[PAPER_FOOT] = { EQUAL "8.5", 0, PANGO_ALIGN_CENTER, false },
	[PAPER_SIGN] = { SERIF "Bold 13", 6 * MM, PANGO_ALIGN_CENTER, false },
	[PAPER_PAIR_OVER] = { SERIF "12", 0, PANGO_ALIGN_CENTER, false },
	[PAPER_DATELINE] = { SERIF "13", 1.5 * MM, PANGO_ALIGN_CENTER, false },
	[PAPER_SUBJECT] = { SERIF "Bold 13", 0.5 * MM, PANGO_ALIGN_CENTER, false },
	[PAPER_INDENT] = { SERIF "13", GAP, PANGO_ALIGN_LEFT, true },
	[PAPER_POINT] = { SERIF "13", GAP, PANGO_ALIGN_LEFT, true },
	[PAPER_FIELD] = { SERIF "13", GAP, PANGO_ALIGN_LEFT, true },
	[PAPER_BLANK] = { SERIF "13", GAP, PANGO_ALIGN_LEFT, false },
	[PAPER_SIGN_TO] = { SERIF "11", 6 * MM, PANGO_ALIGN_LEFT, false },
	[PAPER_DRAFT] = { SERIF "Bold 11", 0, PANGO_ALIGN_RIGHT, false },
};

/* Of a kind's other part, where it has another font than the first. */
static const char *const other_font[PAPER_KIND_END] = {
	[PAPER_PAIR_OVER] = SERIF "Bold 12",
	[PAPER_DATELINE] = SERIF "Italic 13",
	[PAPER_SIGN_TO] = SERIF "Bold Italic 12",
};

/* ---- text ---- */

/* Measures it in one of the kind's two fonts; it can be shown then. */
double
draw_shape_part(struct drawing *d, unsigned kind, int part, struct span text, double wide)
{
	const struct look *look = &draw_look[kind];
	int tall;

	pango_layout_set_font_description(d->layout, d->font[kind][part]);
	pango_layout_set_attributes(d->layout, NULL);
	pango_layout_set_indent(d->layout, kind == PAPER_INDENT ?
	    (int)(FIRST_LINE * PANGO_SCALE) : 0);
	pango_layout_set_width(d->layout, (int)(wide * PANGO_SCALE));
	pango_layout_set_alignment(d->layout, look->align);
	pango_layout_set_justify(d->layout, look->justify);
	pango_layout_set_wrap(d->layout, kind == PAPER_MONO ? PANGO_WRAP_CHAR :
	    PANGO_WRAP_WORD_CHAR);
	pango_layout_set_text(d->layout, (const char *)text.p, (int)text.n);
	pango_layout_get_size(d->layout, NULL, &tall);
	return (double)tall / PANGO_SCALE;
}

double
draw_shape(struct drawing *d, unsigned kind, struct span text, double wide)
{
	return draw_shape_part(d, kind, 0, text, wide);
}

void
draw_show(struct drawing *d, double x, double y)
{
	cairo_move_to(d->cairo, x, y);
	pango_cairo_show_layout(d->cairo, d->layout);
}

/* ---- pages ---- */

/* A line in the page's margin. */
static void
margin_put(struct drawing *d, unsigned kind, struct span text, double y)
{
	double wide = draw_look[kind].align == PANGO_ALIGN_RIGHT ? RIGHT : PAGE_WIDE;

	pango_layout_set_width(d->margin, (int)(wide * PANGO_SCALE));
	pango_layout_set_font_description(d->margin, d->font[kind][0]);
	pango_layout_set_alignment(d->margin, draw_look[kind].align);
	pango_layout_set_text(d->margin, (const char *)text.p, (int)text.n);
	cairo_move_to(d->cairo, 0, y);
	pango_cairo_show_layout(d->cairo, d->margin);
}

static void
number_put(struct drawing *d)
{
	char number[16];

	(void)snprintf(number, sizeof number, "%d", d->page);
	margin_put(d, PAPER_PAGE, span_str(number), NUMBER_AT);
}

static void
foot_put(struct drawing *d)
{
	for (unsigned i = 0; d->foot != NULL && i < d->foot->ncell; i++)
		margin_put(d, PAPER_FOOT, d->foot->cell[i], FOOT_AT + i * FOOT_LINE);
}

/* What every page has in its margins. */
static void
margins_put(struct drawing *d)
{
	foot_put(d);
	if (d->draft != NULL)
		margin_put(d, PAPER_DRAFT, d->draft->cell[0], NUMBER_AT);
}

static void
page_next(struct drawing *d)
{
	cairo_show_page(d->cairo);
	d->page++;
	d->y = TOP;
	number_put(d);
	margins_put(d);
}

/* Room for so much, or a new page. Nothing moves from the top of a page. */
void
draw_room(struct drawing *d, double tall)
{
	if (d->y > TOP && d->y + tall > BOTTOM)
		page_next(d);
}

/* ---- what runs over pages: lines of the layout one by one ---- */

void
draw_lines(struct drawing *d, double x)
{
	PangoLayoutIter *iter = pango_layout_get_iter(d->layout);
	double base = 0;		/* what of the layout is on pages before */
	PangoRectangle line;

	do {
		double top, tall;

		pango_layout_iter_get_line_extents(iter, NULL, &line);
		top = (double)line.y / PANGO_SCALE;
		tall = (double)line.height / PANGO_SCALE;
		if (d->y + top - base + tall > BOTTOM && d->y + top - base > TOP) {
			page_next(d);
			base = top;
		}
		cairo_move_to(d->cairo, x + (double)line.x / PANGO_SCALE, d->y + top - base +
		    (double)(pango_layout_iter_get_baseline(iter) - line.y) / PANGO_SCALE);
		pango_cairo_show_layout_line(d->cairo,
		    pango_layout_iter_get_line_readonly(iter));
	} while (pango_layout_iter_next_line(iter));
	d->y += (double)(line.y + line.height) / PANGO_SCALE - base;
	pango_layout_iter_free(iter);
}

void
draw_text(struct drawing *d, const struct paper_item *item)
{
	double tall = draw_shape(d, item->kind, item->cell[0], RIGHT - LEFT);

	if (d->y > TOP)
		d->y += draw_look[item->kind].before;
	/* A heading takes a little of what it heads with it. */
	if (item->kind == PAPER_HEADING)
		draw_room(d, tall + 14 * MM);
	draw_lines(d, LEFT);
}

/* ---- tables ---- */

static double
column_wide(const struct paper_item *item, unsigned i)
{
	unsigned all = 0;

	for (unsigned k = 0; k < item->ncell; k++)
		all += item->column[k].share;
	return (RIGHT - LEFT) * item->column[i].share / all;
}

static double
row_tall(struct drawing *d, const struct paper_item *item)
{
	double most = 0;

	for (unsigned i = 0; i < item->ncell; i++) {
		double tall = draw_shape(d, item->kind, item->cell[i],
		    column_wide(item, i) - 2 * CELL_PAD);

		most = tall > most ? tall : most;
	}
	/* A cell that no page can hold is cut at the page's end, never drawn into nothing. */
	return most + 2 * CELL_PAD < BOTTOM - TOP - 20 * MM ? most + 2 * CELL_PAD :
	    BOTTOM - TOP - 20 * MM;
}

static void
row_put(struct drawing *d, const struct paper_item *item, double tall)
{
	static const PangoAlignment aligns[] = { PANGO_ALIGN_LEFT, PANGO_ALIGN_RIGHT,
	    PANGO_ALIGN_CENTER };
	double x = LEFT;

	for (unsigned i = 0; i < item->ncell; i++) {
		double wide = column_wide(item, i);
		char align = item->column[i].align;

		(void)draw_shape(d, item->kind, item->cell[i], wide - 2 * CELL_PAD);
		if (item->kind == PAPER_ROW)
			pango_layout_set_alignment(d->layout, aligns[align == 'l' ? 0 :
			    align == 'r' ? 1 : 2]);
		cairo_save(d->cairo);
		cairo_rectangle(d->cairo, x, d->y, wide, tall);
		cairo_stroke_preserve(d->cairo);
		cairo_clip(d->cairo);
		draw_show(d, x + CELL_PAD, d->y + CELL_PAD);
		cairo_restore(d->cairo);
		x += wide;
	}
	d->y += tall;
}

static void
table_row_put(struct drawing *d, const struct paper_item *item)
{
	double tall = row_tall(d, item);

	if (d->y > TOP && d->y + tall > BOTTOM) {
		page_next(d);
		if (d->head != NULL && item->kind == PAPER_ROW)
			row_put(d, d->head, row_tall(d, d->head));
	}
	row_put(d, item, tall);
	if (item->kind == PAPER_HEAD)
		d->head = item;
}

/* ---- all of it ---- */

/* No signature alone on a page: the paragraph that it signs goes with it. next: NULL at the end. */
static void
indent_put(struct drawing *d, const struct paper_item *item, const struct paper_item *next)
{
	if (next != NULL && paper_signs(next))
		draw_room(d, draw_look[PAPER_INDENT].before + draw_look[next->kind].before +
		    draw_shape(d, PAPER_INDENT, item->cell[0], RIGHT - LEFT) +
		    draw_sign_tall(d, next));
	draw_text(d, item);
}

static void
item_put(struct drawing *d, const struct paper_item *item, const struct paper_item *next)
{
	switch (item->kind) {
	case PAPER_PAIR:
	case PAPER_PAIR_RULED:
	case PAPER_PAIR_OVER:
	case PAPER_DATELINE:
		draw_pair(d, item->kind, item->cell);
		break;
	case PAPER_SUBJECT:
		draw_subject(d, item);
		break;
	case PAPER_INDENT:
		indent_put(d, item, next);
		break;
	case PAPER_POINT:
		draw_point(d, item);
		break;
	case PAPER_FIELD:
		draw_field(d, item);
		break;
	case PAPER_BLANK:
		draw_blank(d, item);
		break;
	case PAPER_TABLE:
		d->head = NULL;
		d->y += d->y > TOP ? GAP : 0;
		break;
	case PAPER_HEAD:
	case PAPER_ROW:
		table_row_put(d, item);
		break;
	case PAPER_SIGN:
		draw_sign(d, item);
		break;
	case PAPER_SIGN_TO:
		draw_sign_to(d, item);
		break;
	case PAPER_SPACE:
		d->y += item->number * MM;
		draw_room(d, 0);
		break;
	case PAPER_PAGE:
		page_next(d);
		break;
	case PAPER_FOOT:		/* are on every page already */
	case PAPER_DRAFT:
		break;
	default:
		draw_text(d, item);
	}
}

static cairo_status_t
bytes_out(void *ctx, const unsigned char *bytes, unsigned n)
{
	const struct draw_out *out = ctx;

	return out->write(out->ctx, span_of(bytes, n)) ? CAIRO_STATUS_SUCCESS :
	    CAIRO_STATUS_WRITE_ERROR;
}

static void
describe(cairo_surface_t *surface, const struct paper *paper)
{
	char title[256];

	(void)snprintf(title, sizeof title, "%.*s", paper->title.n < 200 ? (int)paper->title.n : 0,
	    (const char *)paper->title.p);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "trucban");
	/* cairo would write the clock's time. */
	cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE,
	    "1970-01-01T00:00:00Z");
}

static void
drawing_open(struct drawing *d, cairo_surface_t *surface, const struct paper *paper)
{
	*d = (struct drawing){ .cairo = cairo_create(surface), .foot = paper->foot,
	    .draft = paper->draft, .y = TOP, .page = 1 };
	d->layout = pango_cairo_create_layout(d->cairo);
	/* A point is a point: the default is a screen's 96 a inch. */
	pango_cairo_context_set_resolution(pango_layout_get_context(d->layout), 72);
	pango_context_set_language(pango_layout_get_context(d->layout),
	    pango_language_from_string(paper->lang));
	for (int i = 0; i < PAPER_KIND_END; i++) {
		const char *own = draw_look[i].font != NULL ? draw_look[i].font : SERIF "13";

		d->font[i][0] = pango_font_description_from_string(own);
		d->font[i][1] = pango_font_description_from_string(other_font[i] != NULL ?
		    other_font[i] : own);
	}
	d->margin = pango_layout_new(pango_layout_get_context(d->layout));
	pango_layout_set_ellipsize(d->margin, PANGO_ELLIPSIZE_END);
	cairo_set_line_width(d->cairo, 0.5);
}

static void
drawing_close(struct drawing *d)
{
	for (int i = 0; i < PAPER_KIND_END; i++) {
		pango_font_description_free(d->font[i][0]);
		pango_font_description_free(d->font[i][1]);
	}
	g_object_unref(d->margin);
	g_object_unref(d->layout);
	cairo_destroy(d->cairo);
}

enum err
paper_draw(const struct paper *paper, const struct draw_out *out, struct why *why)
{
	struct draw_out to = *out;
	cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(bytes_out, &to, PAGE_WIDE,
	    PAGE_TALL);
	struct drawing d;
	cairo_status_t status;
	enum err rc = OK;

	describe(surface, paper);
	drawing_open(&d, surface, paper);
	margins_put(&d);
	for (size_t i = 0; i < paper->nitem && rc == OK; i++) {
		item_put(&d, &paper->item[i], i + 1 < paper->nitem ? &paper->item[i + 1] : NULL);
		if (d.page > DRAW_PAGES_MAX)
			rc = why_set(why, ERR_LIMIT, "more than %d pages", DRAW_PAGES_MAX);
	}
	drawing_close(&d);
	cairo_surface_finish(surface);
	status = cairo_surface_status(surface);
	cairo_surface_destroy(surface);
	if (rc == OK && status != CAIRO_STATUS_SUCCESS)
		rc = why_set(why, ERR_IO, "the PDF cannot be written: %s",
		    cairo_status_to_string(status));
	return rc;
}
