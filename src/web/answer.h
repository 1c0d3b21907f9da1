/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An HTTP/1.1 answer (RFC 9112) read octet by octet as it comes: status line, headers, a body by
 * length, chunks or the end of the connection. Only what our own front sends; everything else is
 * refused, and a body that ends early is never taken for a whole one.
 */
#ifndef WEB_ANSWER_H
#define WEB_ANSWER_H

#include "base/buf.h"
#include "base/err.h"

struct answer;

/* Gets the body piece by piece; returns false to stop. */
typedef bool answer_take_fn(void *ctx, struct span piece);

/* take gets the body of a 2xx answer only; the sentence of another one goes to answer_end. */
struct answer	*answer_new(answer_take_fn *take, void *ctx);
void		answer_free(struct answer **answer);
/* OK: give more. ERR_MORE: it is whole, or take said stop. ERR_FORMAT: no answer of ours. */
enum err	answer_feed(struct answer *answer, struct span octets, struct why *why);
/* What its header Trucban-Found says; false: it has none, *ret stays. */
bool		answer_found(const struct answer *answer, uint64_t *ret);
/*
 * The connection has ended, or is not needed any more. OK: a 2xx answer was taken whole (or take
 * said stop). ERR_IO: it ended early. ERR_DENIED (401, 403), ERR_ABSENT (404), ERR_FORMAT (400),
 * ERR_LIMIT (413, 422), ERR_BUSY (503), ERR_IO (others): the other side's own sentence is in why.
 */
enum err	answer_end(const struct answer *answer, struct why *why);

#endif
