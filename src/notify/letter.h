/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as mail (RFC 5322), all of it ASCII: the text in base64 (RFC 2045), the subject as an
 * encoded word (RFC 2047).
 */
#ifndef NOTIFY_LETTER_H
#define NOTIFY_LETTER_H

#include <stdbool.h>

#include "base/buf.h"

enum { LETTER_ADDRESS_MOST = 254 };	/* RFC 5321, 4.5.3.1.3 */

struct letter {
	struct span from, to;		/* addresses that are letter_address_ok */
	struct span subject;		/* a few words: at most 40 octets */
	struct span text;
	struct span id;			/* of the message, without <>; the same when sent twice */
	int64_t time_ns;
	int32_t zone_s;
};

/* PERSON@HOST in printable ASCII, nothing that a header or an SMTP server would read otherwise. */
bool	letter_address_ok(struct span address);
void	letter_put(struct buf *out, const struct letter *letter);

#endif
