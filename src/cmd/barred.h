/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who was not let in at a door with TLS within the last hour, out of the figures of a desk: relays,
 * agents and strangers, for status and doctor. Inside of cmd.
 */
#ifndef CMD_BARRED_H
#define CMD_BARRED_H

#include "base/buf.h"
#include "cmd/samples.h"

struct barred {
	struct sample sample;		/* borrowed of the text */
	unsigned cause;			/* enum denied_cause */
};

/* The next one of *io_text; false: there is none. */
bool		barred_next(struct span *io_text, struct barred *ret);
/* "tcp-tls did not let in 10.0.0.5 (xa-1): a certificate that has expired, 3 times" */
void		barred_put(struct buf *out, const struct barred *barred);
/* What to do so that it is let in, or stops. */
const char	*barred_todo(const struct barred *barred);

#endif
