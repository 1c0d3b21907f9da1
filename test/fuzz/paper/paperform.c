/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A form and values of anybody, a NUL between them: what is filled in keeps to its cell, so that
 * values decide neither how many items there are nor of which kind; and it is written as DOCX.
 */
#include <string.h>

#include "base/must.h"
#include "paper/docx.h"
#include "paper/paperform.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static size_t
lines_of(struct span text)
{
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static void
filled_hold(const struct paperform *form, struct span values, struct arena *arena)
{
	struct buf blank = { 0 }, filled = { 0 }, docx = { 0 };
	struct paper paper;

	must(paperform_fill(&blank, form, SPAN(""), arena, NULL) == OK);
	if (paperform_fill(&filled, form, values, arena, NULL) == OK) {
		must(form->nblock > 0 || lines_of(buf_span(&filled)) == lines_of(buf_span(&blank)));
		if (paper_read(buf_span(&filled), arena, &paper, NULL) == OK)
			must(paper_docx(&docx, &paper, NULL) == OK);
	}
	/* What is asked for may be given back. */
	filled.n = docx.n = 0;
	paperform_ask(&docx, form);
	must(paperform_fill(&filled, form, buf_span(&docx), arena, NULL) == OK);
	buf_done(&blank);
	buf_done(&filled);
	buf_done(&docx);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	const uint8_t *nul = n > 0 ? memchr(data, 0, n) : NULL;
	size_t end = nul != NULL ? (size_t)(nul - data) : n;
	struct arena *arena = arena_new((size_t)1 << 30);
	struct paperform form;

	if (paperform_read(span_of(data, end), arena, &form, NULL) == OK)
		filled_hold(&form, span_sub(span_of(data, n), end + 1, SIZE_MAX), arena);
	arena_free(&arena);
	return 0;
}
