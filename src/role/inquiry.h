/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the front asks the desk, ASK_DESK's argument, and the answer: doc/formats/roles.md, "The
 * desk". Both ends read what the other wrote as if a stranger had.
 */
#ifndef ROLE_INQUIRY_H
#define ROLE_INQUIRY_H

#include "desk/desk.h"

void		inquiry_put(struct buf *out, const struct desk_ask *ask);
/* Spans borrow from code. now_ns is not in it. ERR_FORMAT names what is wrong. */
enum err	inquiry_read(struct desk_ask *ret_ask, struct span code, struct why *why);
/* answer = u16 status of HTTP, JSON */
void		inquiry_answer_put(struct buf *out, unsigned status, struct span json);
enum err	inquiry_answer_read(unsigned *ret_status, struct span *ret_json, struct span code,
		    struct why *why);

#endif
