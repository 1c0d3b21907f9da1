/* SPDX-License-Identifier: Apache-2.0 */
/* The body of an enrolment or renewal: doc/formats/agent.md, 4.2 and 4.3. */
#ifndef CA_BODY_H
#define CA_BODY_H

#include "base/buf.h"
#include "ca/code.h"

/* secret: NULL for a renewal. Writes in one place, which the caller wipes. */
void	body_put(struct buf *out, const uint8_t *secret, struct span request);
/* False: it is none. *ret_secret is text, empty for a renewal; both borrow from the body. */
bool	body_get(struct span *ret_secret, struct span *ret_request, struct span body);

#endif
