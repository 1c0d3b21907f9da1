/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document of anybody: every item keeps the rules of doc/formats/paper.md, none is lost; its DOCX
 * has as many texts as the items make, whatever is in them; as plain text it is UTF-8 and has no
 * control characters but line ends.
 */
#include <string.h>

#include "base/must.h"
#include "base/utf8.h"
#include "paper/docx.h"
#include "paper/read.h"
#include "paper/text.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
item_hold(const struct paper_item *item)
{
	must(item->kind < PAPER_KIND_END && item->ncell <= PAPER_CELLS_MAX);
	for (unsigned i = 0; i < item->ncell; i++)
		must(item->cell[i].n <= PAPER_CELL_BYTES && (item->cell[i].n == 0 ||
		    memchr(item->cell[i].p, '\t', item->cell[i].n) == NULL));
	if (item->kind == PAPER_TABLE || item->kind == PAPER_HEAD || item->kind == PAPER_ROW)
		for (unsigned i = 0; i < item->ncell; i++)
			must(item->column[i].share >= 1 && item->column[i].share <= 100);
	if (item->kind == PAPER_SPACE)
		must(item->number >= 1 && item->number <= 250);
}

/* How many cells became text. A tag in one of them would make more. */
static size_t
runs_of(struct span docx)
{
	size_t n = 0;

	for (size_t i = 0; i + 5 <= docx.n; i++)
		n += memcmp(docx.p + i, "<w:t ", 5) == 0 || memcmp(docx.p + i, "<w:t>", 5) == 0;
	return n;
}

static void
docx_hold(const struct paper *paper)
{
	struct buf docx = { 0 };
	/* Foot and mark stand in two parts each, the page's number in one. */
	size_t want = (paper->draft != NULL ? 2u : 0u) + (paper->foot != NULL ? 4u : 0u) + 1;

	must(paper_docx(&docx, paper, NULL) == OK && docx.n > 22);
	for (size_t i = 0; i < paper->nitem; i++) {
		const struct paper_item *item = &paper->item[i];

		if (item->kind == PAPER_FIELD)
			want += item->cell[1].n > 0 ? 3 : 2;
		else if (item->kind != PAPER_TABLE && item->kind != PAPER_SPACE &&
		    item->kind != PAPER_BLANK && item->kind != PAPER_FOOT &&
		    item->kind != PAPER_DRAFT)
			want += item->ncell;
	}
	must(runs_of(buf_span(&docx)) == want);
	buf_done(&docx);
}

static void
text_hold(const struct paper *paper)
{
	struct buf text = { 0 };

	paper_text(&text, paper);
	must(utf8_valid(buf_span(&text)));
	for (size_t i = 0; i < text.n; i++)
		must(text.p[i] >= ' ' || text.p[i] == '\n');
	buf_done(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct arena *arena = arena_new((size_t)1 << 28);
	struct paper paper;
	size_t lines = 0;

	if (paper_read(span_of(data, n), arena, &paper, NULL) == OK) {
		for (size_t i = 0; i < n; i++)
			lines += data[i] == '\n' && i > 0 && data[i - 1] != '\n';
		lines += n > 0 && data[n - 1] != '\n';
		must(paper.nitem + 1 == lines);
		for (size_t i = 0; i < paper.nitem; i++)
			item_hold(&paper.item[i]);
		docx_hold(&paper);
		text_hold(&paper);
	}
	arena_free(&arena);
	return 0;
}
