/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as DOCX: WordprocessingML of ECMA-376, first edition (transitional), in a zip that
 * packs nothing. The layout is that of paper/draw.h, the font Times New Roman, which offices have
 * and LibreOffice puts Liberation Serif or Tinos in the place of. What a person edits and signs is
 * this file; PDF is the copy that is kept.
 *
 * Every cell becomes text: what XML 1.0 cannot hold becomes U+FFFD. No macro, no field but the
 * page's number, nothing that is fetched from elsewhere, no time, no name of a person or machine:
 * the same document gives the same octets, on every machine.
 */
#ifndef PAPER_DOCX_H
#define PAPER_DOCX_H

#include "base/buf.h"
#include "base/err.h"
#include "paper/read.h"

enum { DOCX_BYTES_MAX = 256 << 20 };	/* of the text's part: eight times PAPER_BYTES_MAX */

/* Appends the file. ERR_LIMIT: its text would have more than DOCX_BYTES_MAX octets. */
enum err	paper_docx(struct buf *out, const struct paper *paper, struct why *why);

#endif
