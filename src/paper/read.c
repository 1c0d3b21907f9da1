/* SPDX-License-Identifier: Apache-2.0 */
/* Lines to items: see read.h. One table of kinds; each rule of the page has its check. */
#include "paper/read.h"

#include <string.h>

#include "base/utf8.h"

static const struct kind {
	const char *name;
	uint8_t kind, least, most;	/* cells */
} kinds[] = {
	{ "pair", PAPER_PAIR, 2, 2 },
	{ "pair-ruled", PAPER_PAIR_RULED, 2, 2 },
	{ "title", PAPER_TITLE, 1, 1 },
	{ "under", PAPER_UNDER, 1, 1 },
	{ "heading", PAPER_HEADING, 1, 1 },
	{ "text", PAPER_TEXT, 1, 1 },
	{ "note", PAPER_NOTE, 1, 1 },
	{ "mono", PAPER_MONO, 1, 1 },
	{ "table", PAPER_TABLE, 1, PAPER_CELLS_MAX },
	{ "head", PAPER_HEAD, 1, PAPER_CELLS_MAX },
	{ "row", PAPER_ROW, 1, PAPER_CELLS_MAX },
	{ "sign", PAPER_SIGN, 2, 4 },
	{ "space", PAPER_SPACE, 1, 1 },
	{ "page", PAPER_PAGE, 0, 0 },
	{ "foot", PAPER_FOOT, 2, 2 },
	{ "pair-over", PAPER_PAIR_OVER, 2, 2 },
	{ "dateline", PAPER_DATELINE, 2, 2 },
	{ "subject", PAPER_SUBJECT, 1, 1 },
	{ "indent", PAPER_INDENT, 1, 1 },
	{ "point", PAPER_POINT, 2, 2 },
	{ "field", PAPER_FIELD, 2, 2 },
	{ "blank", PAPER_BLANK, 1, 1 },
	{ "sign-to", PAPER_SIGN_TO, 3, PAPER_CELLS_MAX },
	{ "draft", PAPER_DRAFT, 1, 1 },
};

struct reading {
	struct arena *arena;
	struct paper *paper;
	struct paper_item *item;
	const struct paper_item *table;	/* the one whose rows may come now */
	size_t line;
	struct why *why;
};

/* ---- cells ---- */

static enum err
bad(struct reading *r, const char *what)
{
	return why_set(r->why, ERR_FORMAT, "line %zu: %s", r->line, what);
}

static enum err
cell_check(struct reading *r, struct span cell)
{
	if (cell.n > PAPER_CELL_BYTES)
		return why_set(r->why, ERR_LIMIT, "line %zu: a cell has more than %d octets",
		    r->line, PAPER_CELL_BYTES);
	if (!utf8_valid(cell))
		return bad(r, "this is not UTF-8");
	for (size_t i = 0; i < cell.n; i++)
		if (cell.p[i] < 0x20 || cell.p[i] == 0x7f)
			return bad(r, "a control character");
	return OK;
}

static enum err
cells_take(struct reading *r, struct span rest, struct paper_item *item)
{
	struct span cell[PAPER_CELLS_MAX];
	size_t n = 0;
	enum err rc = OK;

	while (rest.n > 0 && rc == OK) {
		const uint8_t *tab;
		size_t end;

		rest = span_sub(rest, 1, SIZE_MAX);
		tab = rest.n > 0 ? memchr(rest.p, '\t', rest.n) : NULL;
		end = tab != NULL ? (size_t)(tab - rest.p) : rest.n;
		if (n == PAPER_CELLS_MAX)
			return why_set(r->why, ERR_LIMIT, "line %zu: more than %d cells", r->line,
			    PAPER_CELLS_MAX);
		cell[n] = span_sub(rest, 0, end);
		rc = cell_check(r, cell[n++]);
		rest = span_sub(rest, end, SIZE_MAX);
		if (tab == NULL)
			break;
	}
	if (n > 0) {
		struct span *kept = arena_alloc(r->arena, n * sizeof cell[0]);

		memcpy(kept, cell, n * sizeof cell[0]);
		item->cell = kept;
	}
	item->ncell = (uint8_t)n;
	return rc;
}

/* A whole number from 1 to most, or 0. */
static uint32_t
number_of(struct span s, uint32_t most)
{
	uint32_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9' || v > most)
			return 0;
		v = v * 10 + (uint32_t)(s.p[i] - '0');
	}
	return v <= most ? v : 0;
}

/* ---- tables ---- */

static enum err
columns_take(struct reading *r, struct paper_item *item)
{
	struct paper_column *column = arena_zalloc(r->arena, item->ncell, sizeof column[0]);

	for (size_t i = 0; i < item->ncell; i++) {
		struct span c = item->cell[i];

		if (c.n < 3 || c.p[c.n - 2] != ' ' || strchr("lrc", c.p[c.n - 1]) == NULL)
			return bad(r, "a column is its share (1 to 100), a space, and l, r or c");
		column[i].align = (char)c.p[c.n - 1];
		column[i].share = number_of(span_sub(c, 0, c.n - 2), 100);
		if (column[i].share == 0)
			return bad(r, "the share of a column is 1 to 100");
	}
	item->column = column;
	return OK;
}

static enum err
row_check(struct reading *r, struct paper_item *item)
{
	if (r->table == NULL)
		return bad(r, "a row without a table before it");
	if (item->ncell != r->table->ncell)
		return bad(r, "a row with more or less cells than its table has columns");
	item->column = r->table->column;
	return OK;
}

static enum err
item_check(struct reading *r, struct paper_item *item)
{
	switch (item->kind) {
	case PAPER_TABLE:
		r->table = item;
		return columns_take(r, item);
	case PAPER_HEAD:
	case PAPER_ROW:
		return row_check(r, item);
	case PAPER_SPACE:
		item->number = number_of(item->cell[0], 250);
		if (item->number == 0)
			return bad(r, "a space is 1 to 250 millimetres");
		break;
	case PAPER_BLANK:
		item->number = number_of(item->cell[0], PAPER_LINES_MAX);
		if (item->number == 0)
			return bad(r, "dotted lines are 1 to 40");
		break;
	case PAPER_SIGN:
		if (item->ncell == 3)
			return bad(r, "two who sign have two names or none");
		break;
	case PAPER_FOOT:
		if (r->paper->foot != NULL)
			return bad(r, "a document has one foot");
		r->paper->foot = item;
		break;
	case PAPER_DRAFT:
		if (r->paper->draft != NULL)
			return bad(r, "a document has one mark of a draft");
		r->paper->draft = item;
		break;
	case PAPER_TITLE:
		if (r->paper->title.n == 0)
			r->paper->title = item->cell[0];
		break;
	default:
		break;
	}
	r->table = NULL;
	return OK;
}

/* ---- lines ---- */

static const struct kind *
kind_of(struct span name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (span_is(name, kinds[i].name))
			return &kinds[i];
	return NULL;
}

static enum err
line_take(struct reading *r, struct span line)
{
	const uint8_t *tab = memchr(line.p, '\t', line.n);
	size_t n = tab != NULL ? (size_t)(tab - line.p) : line.n;
	const struct kind *kind = kind_of(span_sub(line, 0, n));
	struct paper_item *item = &r->item[r->paper->nitem];
	enum err rc;

	if (kind == NULL)
		return bad(r, "not a kind of item, see doc/formats/paper.md");
	if (r->paper->nitem == PAPER_ITEMS_MAX)
		return why_set(r->why, ERR_LIMIT, "more than %d items", PAPER_ITEMS_MAX);
	*item = (struct paper_item){ .kind = kind->kind };
	rc = cells_take(r, span_sub(line, n, SIZE_MAX), item);
	if (rc == OK && (item->ncell < kind->least || item->ncell > kind->most))
		rc = bad(r, "too many or too few cells for this kind");
	if (rc == OK)
		rc = item_check(r, item);
	r->paper->nitem += rc == OK;
	return rc;
}

static size_t
lines_of(struct span text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

enum err
paper_read(struct span text, struct arena *arena, struct paper *ret, struct why *why)
{
	struct reading r = { .arena = arena, .paper = ret, .line = 1, .why = why };
	struct span line;
	size_t n = lines_of(text);
	enum err rc = OK;

	*ret = (struct paper){ .lang = "vi" };
	if (text.n > PAPER_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "a document has at most %d octets",
		    PAPER_BYTES_MAX);
	line = text.n > 0 ? span_cut(&text, '\n') : text;
	if (span_is(line, "paper 1 en"))
		ret->lang = "en";
	else if (!span_is(line, "paper 1 vi"))
		return bad(&r, "a document begins with \"paper 1 vi\" or \"paper 1 en\"");
	r.item = arena_alloc(arena, (n < PAPER_ITEMS_MAX ? n : PAPER_ITEMS_MAX + 1) *
	    sizeof r.item[0]);
	ret->item = r.item;
	while (text.n > 0 && rc == OK) {
		line = span_cut(&text, '\n');
		r.line++;
		if (line.n > 0)
			rc = line_take(&r, line);
	}
	return rc;
}
