/* SPDX-License-Identifier: Apache-2.0 */
/* Between docx.c (items to paragraphs and tables) and docx_parts.c (everything around them). */
#ifndef PAPER_DOCX_INT_H
#define PAPER_DOCX_INT_H

#include "base/buf.h"
#include "paper/read.h"

/* Word measures in twentieths of a point: 1440 are 25.4 mm. */
#define TWIPS(mm)	(((int)(mm) * 14400 + 127) / 254)

enum {
	DOCX_WIDE = TWIPS(210) - TWIPS(30) - TWIPS(20),	/* between the margins */
	DOCX_PAD = 62,					/* of a cell: 1.1 mm */
};

#define DOCX_NAMESPACES \
	" xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"" \
	" xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\""
#define DOCX_XML	"<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n"

/* Octets of anybody as XML text. */
void	docx_text(struct buf *out, struct span text);
#define DOCX_BOLD	"<w:b/><w:bCs/>"
/* A run of text. look: what it has beside its paragraph's style, or "". */
void	docx_run(struct buf *out, struct span text, const char *look);

/* ---- docx_parts.c ---- */

/* Every part but the text, in their order; NULL: no more. */
const char	*docx_part(struct buf *out, const struct paper *paper, unsigned i);

#endif
