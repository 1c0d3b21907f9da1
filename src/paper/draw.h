/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document as PDF. Layout after Decree 30/2020/NĐ-CP, appendix I: A4 upright, margins 20 mm
 * above, below and right, 30 mm left; 13 points; the page's number in the middle of the upper
 * margin from page 2 on. Letters from fonts with all of Vietnamese (Tinos, Cousine), embedded.
 */
#ifndef PAPER_DRAW_H
#define PAPER_DRAW_H

#include "base/err.h"
#include "base/span.h"
#include "paper/read.h"

struct draw_out {
	bool (*write)(void *ctx, struct span bytes);	/* false: no more */
	void *ctx;
};

enum { DRAW_PAGES_MAX = 5000 };

/*
 * ERR_LIMIT: more than DRAW_PAGES_MAX pages; ERR_IO: write said no, or the library cannot go on.
 * Nothing in the file says when it was made: the same document gives the same octets with the same
 * libraries and fonts.
 */
enum err	paper_draw(const struct paper *paper, const struct draw_out *out, struct why *why);

#endif
