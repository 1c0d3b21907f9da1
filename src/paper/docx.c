/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Items to paragraphs and tables, parts to a file: see docx.h. How a kind looks is its style's, in
 * docx_parts.c. Tables that follow each other would be one to Word: a gap stands behind each.
 */
#include "paper/docx.h"

#include <zlib.h>

#include "base/must.h"
#include "base/zip.h"
#include "paper/docx_int.h"

enum { PARTS_MAX = 16 };

enum within { AMONG_PARAGRAPHS, IN_COLUMNS, IN_TABLE };

struct writing {
	struct buf *out;
	enum within within;		/* what is open */
	bool headed;			/* the open table has only heads so far */
};

/* ---- text ---- */

/*
 * Octets in front that XML 1.0, section 2.2, has no character for: below U+0020 (no cell has tabs
 * or line ends), U+FFFE and U+FFFF.
 */
static size_t
unfit(struct span text)
{
	if (text.p[0] < 0x20)
		return 1;
	return span_starts(text, SPAN("\xef\xbf\xbe")) ||
	    span_starts(text, SPAN("\xef\xbf\xbf")) ? 3 : 0;
}

void
docx_text(struct buf *out, struct span text)
{
	while (text.n > 0) {
		uint8_t c = text.p[0];
		size_t taken = unfit(text);

		if (taken > 0)
			buf_str(out, "\xef\xbf\xbd");
		else if (c == '&')
			buf_str(out, "&amp;");
		else if (c == '<')
			buf_str(out, "&lt;");
		else if (c == '>')
			buf_str(out, "&gt;");
		else if (c == '"')
			buf_str(out, "&quot;");
		else
			buf_u8(out, c);
		text = span_sub(text, taken > 0 ? taken : 1, SIZE_MAX);
	}
}

void
docx_run(struct buf *out, struct span text, const char *look)
{
	buf_str(out, "<w:r>");
	if (look[0] != '\0')
		buf_printf(out, "<w:rPr>%s</w:rPr>", look);
	buf_str(out, "<w:t xml:space=\"preserve\">");
	docx_text(out, text);
	buf_str(out, "</w:t></w:r>");
}

/* ---- paragraphs ---- */

static void
paragraph_begin(struct buf *out, const char *style)
{
	buf_printf(out, "<w:p><w:pPr><w:pStyle w:val=\"%s\"/></w:pPr>", style);
}

static void
paragraph_end(struct buf *out)
{
	buf_str(out, "</w:p>\n");
}

static void
paragraph_put(struct buf *out, const char *style, struct span text)
{
	paragraph_begin(out, style);
	docx_run(out, text, "");
	paragraph_end(out);
}

static void
empty_put(struct buf *out, const char *style)
{
	paragraph_begin(out, style);
	paragraph_end(out);
}

static void
field_put(struct buf *out, const struct paper_item *item)
{
	paragraph_begin(out, "Field");
	docx_run(out, item->cell[0], DOCX_BOLD);
	docx_run(out, SPAN(" "), "");
	if (item->cell[1].n > 0)
		docx_run(out, item->cell[1], "");
	else
		buf_str(out, "<w:r><w:tab/></w:r>");
	paragraph_end(out);
}

static void
point_put(struct buf *out, const struct paper_item *item)
{
	paragraph_begin(out, "Point");
	docx_run(out, item->cell[0], "");
	buf_str(out, "<w:r><w:tab/></w:r>");
	docx_run(out, item->cell[1], "");
	paragraph_end(out);
}

static void
blank_put(struct buf *out, const struct paper_item *item)
{
	for (uint32_t i = 0; i < item->number; i++) {
		paragraph_begin(out, "Field");
		buf_str(out, "<w:r><w:tab/></w:r>");
		paragraph_end(out);
	}
}

static void
space_put(struct buf *out, const struct paper_item *item)
{
	buf_printf(out, "<w:p><w:pPr><w:pStyle w:val=\"Gap\"/><w:spacing w:line=\"%d\" "
	    "w:lineRule=\"exact\"/></w:pPr></w:p>\n", TWIPS(item->number));
}

/* ---- tables ---- */

static unsigned
column_wide(const struct paper_column *column, unsigned n, unsigned i)
{
	unsigned all = 0;

	for (unsigned k = 0; k < n; k++)
		all += column[k].share;
	return DOCX_WIDE * column[i].share / all;
}

static void
table_begin(struct buf *out, const struct paper_column *column, unsigned n, bool lines)
{
	static const char *const side[] = { "top", "left", "bottom", "right", "insideH",
	    "insideV" };

	buf_printf(out, "<w:tbl><w:tblPr><w:tblW w:w=\"%d\" w:type=\"dxa\"/>", DOCX_WIDE);
	if (lines) {
		buf_str(out, "<w:tblBorders>");
		for (unsigned i = 0; i < sizeof side / sizeof side[0]; i++)
			buf_printf(out, "<w:%s w:val=\"single\" w:sz=\"4\" w:space=\"0\" "
			    "w:color=\"000000\"/>", side[i]);
		buf_str(out, "</w:tblBorders>");
	}
	buf_str(out, "<w:tblLayout w:type=\"fixed\"/><w:tblCellMar>");
	for (unsigned i = 0; i < 4; i++)
		buf_printf(out, "<w:%s w:w=\"%d\" w:type=\"dxa\"/>", side[i],
		    lines || i % 2 == 1 ? DOCX_PAD : 0);
	buf_str(out, "</w:tblCellMar></w:tblPr><w:tblGrid>");
	for (unsigned i = 0; i < n; i++)
		buf_printf(out, "<w:gridCol w:w=\"%u\"/>", column_wide(column, n, i));
	buf_str(out, "</w:tblGrid>\n");
}

static void
table_end(struct buf *out)
{
	buf_str(out, "</w:tbl>\n");
	empty_put(out, "Gap");
}

static void
row_begin(struct buf *out, bool head)
{
	buf_printf(out, "<w:tr><w:trPr><w:cantSplit/>%s</w:trPr>", head ? "<w:tblHeader/>" : "");
}

static void
cell_begin(struct buf *out, unsigned wide)
{
	buf_printf(out, "<w:tc><w:tcPr><w:tcW w:w=\"%u\" w:type=\"dxa\"/></w:tcPr>", wide);
}

static const char *
cell_style(const struct paper_item *item, unsigned i)
{
	char align = item->column[i].align;

	if (item->kind == PAPER_HEAD)
		return "Head";
	return align == 'l' ? "CellLeft" : align == 'r' ? "CellRight" : "CellMiddle";
}

static void
row_put(struct writing *w, const struct paper_item *item)
{
	if (w->within != IN_TABLE) {
		table_begin(w->out, item->column, item->ncell, true);
		w->within = IN_TABLE;
		w->headed = true;
	}
	/* Only the rows that a table begins with are repeated. */
	w->headed = w->headed && item->kind == PAPER_HEAD;
	row_begin(w->out, w->headed);
	for (unsigned i = 0; i < item->ncell; i++) {
		cell_begin(w->out, column_wide(item->column, item->ncell, i));
		paragraph_put(w->out, cell_style(item, i), item->cell[i]);
		buf_str(w->out, "</w:tc>");
	}
	buf_str(w->out, "</w:tr>\n");
}

/* ---- two columns ---- */

/* The right one is longer where the state's name stands. */
static const struct paper_column columns[2] = { { 40, 'c' }, { 60, 'c' } };

static void
half_begin(struct buf *out, unsigned i)
{
	cell_begin(out, column_wide(columns, 2, i));
}

static void
pair_put(struct writing *w, const struct paper_item *item)
{
	static const char *const style[PAPER_KIND_END][2] = {
		[PAPER_PAIR] = { "Pair", "Pair" },
		[PAPER_PAIR_OVER] = { "PairOver", "Pair" },
		[PAPER_PAIR_RULED] = { "PairRuled", "PairRuled" },
		[PAPER_DATELINE] = { "Dateline", "DatelineRight" },
	};
	static const char *const rule[2] = { "RuleLeft", "RuleRight" };

	if (w->within != IN_COLUMNS)
		table_begin(w->out, columns, 2, false);
	w->within = IN_COLUMNS;
	row_begin(w->out, false);
	for (unsigned i = 0; i < 2; i++) {
		half_begin(w->out, i);
		paragraph_put(w->out, style[item->kind][i], item->cell[i]);
		if (item->kind == PAPER_PAIR_RULED && item->cell[i].n > 0)
			empty_put(w->out, rule[i]);
		buf_str(w->out, "</w:tc>");
	}
	buf_str(w->out, "</w:tr>\n");
}

/* cell NULL: room for the hand. */
static void
halves_put(struct buf *out, const char *style, const struct span *cell)
{
	row_begin(out, false);
	for (unsigned i = 0; i < 2; i++) {
		half_begin(out, i);
		if (cell != NULL)
			paragraph_put(out, style, cell[i]);
		else
			empty_put(out, style);
		buf_str(out, "</w:tc>");
	}
	buf_str(out, "</w:tr>\n");
}

/* On one page: each paragraph but the last keeps to the next. */
static void
sign_put(struct buf *out, const struct paper_item *item)
{
	table_begin(out, columns, 2, false);
	halves_put(out, "Sign", item->cell);
	halves_put(out, "SignName", item->ncell == 4 ? item->cell + 2 : NULL);
	table_end(out);
}

static void
sign_to_put(struct buf *out, const struct paper_item *item)
{
	table_begin(out, columns, 2, false);
	row_begin(out, false);
	half_begin(out, 0);
	for (unsigned i = 0; i + 2 < item->ncell; i++)
		paragraph_put(out, i == 0 ? "To" : "ToLine", item->cell[i]);
	buf_str(out, "</w:tc>");
	half_begin(out, 1);
	paragraph_put(out, "Sign", item->cell[item->ncell - 2]);
	paragraph_put(out, "SignName", item->cell[item->ncell - 1]);
	buf_str(out, "</w:tc></w:tr>\n");
	table_end(out);
}

/* ---- items ---- */

/* Ends what is open, unless the item goes on with it. */
static void
open_end(struct writing *w, unsigned kind)
{
	bool pair = kind == PAPER_PAIR || kind == PAPER_PAIR_OVER || kind == PAPER_PAIR_RULED ||
	    kind == PAPER_DATELINE;
	bool row = kind == PAPER_HEAD || kind == PAPER_ROW;

	if ((w->within == IN_COLUMNS && !pair) || (w->within == IN_TABLE && !row)) {
		table_end(w->out);
		w->within = AMONG_PARAGRAPHS;
	}
}

static void
text_put(struct buf *out, const struct paper_item *item)
{
	static const char *const style[PAPER_KIND_END] = {
		[PAPER_TITLE] = "Title", [PAPER_UNDER] = "Under", [PAPER_SUBJECT] = "Subject",
		[PAPER_HEADING] = "Heading1", [PAPER_TEXT] = "Text", [PAPER_NOTE] = "Note",
		[PAPER_MONO] = "Mono",
	};

	must(style[item->kind] != NULL);
	paragraph_put(out, style[item->kind], item->cell[0]);
	if (item->kind == PAPER_SUBJECT)
		empty_put(out, "RuleMiddle");
}

/* No signature alone on a page: the paragraph that it signs goes with it. next: NULL at the end. */
static void
indent_put(struct buf *out, const struct paper_item *item, const struct paper_item *next)
{
	buf_printf(out, "<w:p><w:pPr><w:pStyle w:val=\"Indent\"/>%s</w:pPr>", next != NULL &&
	    paper_signs(next) ? "<w:keepNext/><w:keepLines/>" : "");
	docx_run(out, item->cell[0], "");
	paragraph_end(out);
}

static void
item_put(struct writing *w, const struct paper_item *item, const struct paper_item *next)
{
	open_end(w, item->kind);
	switch (item->kind) {
	case PAPER_PAIR:
	case PAPER_PAIR_OVER:
	case PAPER_PAIR_RULED:
	case PAPER_DATELINE:
		pair_put(w, item);
		break;
	case PAPER_HEAD:
	case PAPER_ROW:
		row_put(w, item);
		break;
	case PAPER_SIGN:
		sign_put(w->out, item);
		break;
	case PAPER_SIGN_TO:
		sign_to_put(w->out, item);
		break;
	case PAPER_FIELD:
		field_put(w->out, item);
		break;
	case PAPER_INDENT:
		indent_put(w->out, item, next);
		break;
	case PAPER_POINT:
		point_put(w->out, item);
		break;
	case PAPER_BLANK:
		blank_put(w->out, item);
		break;
	case PAPER_SPACE:
		space_put(w->out, item);
		break;
	case PAPER_PAGE:
		buf_str(w->out, "<w:p><w:pPr><w:pStyle w:val=\"Gap\"/><w:pageBreakBefore/>"
		    "</w:pPr></w:p>\n");
		break;
	case PAPER_TABLE:		/* begins with its first row */
	case PAPER_FOOT:		/* are parts of their own */
	case PAPER_DRAFT:
		break;
	default:
		text_put(w->out, item);
	}
}

static enum err
document_put(struct buf *out, const struct paper *paper, struct why *why)
{
	struct writing w = { .out = out };

	buf_str(out, DOCX_XML "<w:document" DOCX_NAMESPACES "><w:body>\n");
	for (size_t i = 0; i < paper->nitem; i++) {
		item_put(&w, &paper->item[i], i + 1 < paper->nitem ? &paper->item[i + 1] : NULL);
		if (out->n > DOCX_BYTES_MAX)
			return why_set(why, ERR_LIMIT, "the text of a DOCX has at most %d octets",
			    DOCX_BYTES_MAX);
	}
	open_end(&w, PAPER_KIND_END);
	buf_printf(out, "<w:sectPr><w:headerReference w:type=\"first\" r:id=\"rId3\"/>"
	    "<w:headerReference w:type=\"default\" r:id=\"rId4\"/>"
	    "<w:footerReference w:type=\"first\" r:id=\"rId5\"/>"
	    "<w:footerReference w:type=\"default\" r:id=\"rId6\"/>"
	    "<w:pgSz w:w=\"%d\" w:h=\"%d\"/><w:pgMar w:top=\"%d\" w:right=\"%d\" w:bottom=\"%d\" "
	    "w:left=\"%d\" w:header=\"%d\" w:footer=\"%d\" w:gutter=\"0\"/><w:titlePg/></w:sectPr>"
	    "</w:body></w:document>\n", TWIPS(210), TWIPS(297), TWIPS(20), TWIPS(20), TWIPS(20),
	    TWIPS(30), TWIPS(10), TWIPS(8));
	return OK;
}

/* ---- the file ---- */

struct archive_out {
	struct buf *out;
	size_t start;			/* of the file in out */
	struct zip_member member[PARTS_MAX];
	unsigned n;
};

static void
member_put(struct archive_out *a, const char *name, struct span bytes)
{
	struct zip_member *m = &a->member[a->n++];

	must(a->n <= PARTS_MAX && bytes.n <= UINT32_MAX / 2);
	*m = (struct zip_member){ .name = span_str(name), .size = (uint32_t)bytes.n,
	    .crc = (uint32_t)crc32(0, bytes.p, (unsigned)bytes.n),
	    .offset = (uint32_t)(a->out->n - a->start) };
	zip_head_put(a->out, m, ZIP_NO_TIME);
	buf_span_put(a->out, bytes);
}

enum err
paper_docx(struct buf *out, const struct paper *paper, struct why *why)
{
	struct archive_out a = { .out = out, .start = out->n };
	struct buf text = { 0 }, part = { 0 };
	const char *name;
	enum err rc = document_put(&text, paper, why);

	if (rc != OK)
		goto out;
	for (unsigned i = 0; (name = docx_part(&part, paper, i)) != NULL; i++) {
		member_put(&a, name, buf_span(&part));
		part.n = 0;
	}
	member_put(&a, "word/document.xml", buf_span(&text));
	zip_end_put(out, a.member, a.n, ZIP_NO_TIME, (uint32_t)(out->n - a.start));
out:
	buf_done(&part);
	buf_done(&text);
	return rc;
}
