/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a message says to a person outside: that there is something, of which level, and that the
 * desk is to be called. Never what it is: mail, SMS and webhooks go over lines of others.
 */
#ifndef NOTIFY_CALL_H
#define NOTIFY_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum call_kind {
	CALL_ALERT,		/* alerts, perhaps among other things */
	CALL_DUE,		/* deadlines only */
	CALL_TEST,		/* to see whether it arrives */
};

enum { CALL_UNITS_MOST = 70 };	/* of UTF-16: one SMS in UCS2 (3GPP TS 23.038) */

struct call {
	enum call_kind kind;
	bool english;
	unsigned count;		/* of matters; 1 or more */
	unsigned level;		/* the highest, enum finding_level */
	uint64_t number;	/* of the newest notice, by which desk and person speak of it */
};

/* At most CALL_UNITS_MOST. */
void	call_text(struct buf *out, const struct call *call);

#endif
