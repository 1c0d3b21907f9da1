/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as plain text of 78 columns, for a terminal, a letter of mail, a comparison: what the
 * page shows, in its order, without its looks. The same document gives the same octets.
 */
#ifndef PAPER_TEXT_H
#define PAPER_TEXT_H

#include "base/buf.h"
#include "paper/read.h"

void	paper_text(struct buf *out, const struct paper *paper);

#endif
