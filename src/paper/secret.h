/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State secrets have no place on this desk: a document that carries a mark of secrecy (độ mật) is
 * refused in words. The mark is what the office wrote; what a text says is not judged.
 */
#ifndef PAPER_SECRET_H
#define PAPER_SECRET_H

#include "base/err.h"
#include "base/span.h"

/* A cell that is nothing but Mật, Tối mật or Tuyệt mật, in any letters: ERR_DENIED. */
enum err	secret_check(struct span document, struct why *why);
/* ERR_DENIED, with the mark and what to do. */
enum err	secret_refuse(struct span mark, struct why *why);

#endif
