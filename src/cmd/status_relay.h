/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban status` on a relay, which has no front to ask: its shipper leaves spool/status. */
#ifndef CMD_STATUS_RELAY_H
#define CMD_STATUS_RELAY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "role/conf.h"

/* What the relay with this directory said last; false: it is none. */
bool		status_relay_read(struct buf *out, const char *state);
/*
 * Whom the relay with this directory sends to: by conf, by what it said last, or, where conf is
 * NULL (none was read), by the usual configuration when that is for this directory. False: it is
 * no relay's.
 */
bool		status_relay_to(char to[CONF_PATH], const char *state, const struct conf *conf);
/*
 * Of what only a desk can do and could not be done here (rc): on a relay ERR_IO and where to do it,
 * in the reader's language; else rc. conf as above.
 */
enum err	status_relay_instead(enum err rc, const char *state, const struct conf *conf,
		    struct why *why);
/* Prints it; the exit code. */
int		status_relay_tell(struct span text);

/* Of what it said: why it does not reach its desk, what to do, what becomes of the records. */
void		status_relay_trouble(struct buf *out, struct span text);
void		status_relay_todo(struct buf *out, struct span text);
void		status_relay_keeps(struct buf *out, struct span text);

#endif
