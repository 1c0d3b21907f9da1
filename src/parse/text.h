/* SPDX-License-Identifier: Apache-2.0 */
/* Lines that no format explains: kept whole, their time found where logs have it. Inside only. */
#ifndef PARSE_TEXT_H
#define PARSE_TEXT_H

#include "parse/cut.h"

/* The whole line as the message; a stamp at its front or in its first brackets is its time. */
void	text_cut(struct cut *cut, struct span record, const struct civil_frame *frame);

#endif
