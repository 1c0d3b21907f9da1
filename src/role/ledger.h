/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the ledger: what a person or the desk itself did. One JSON shape for all acts, so that
 * the ledger is found by the same search as everything else.
 */
#ifndef ROLE_LEDGER_H
#define ROLE_LEDGER_H

#include "base/err.h"
#include "sys/chan.h"

struct ledger;

/* keeper: channel, borrowed, or NULL. role: enum wire_role, who writes. host: this machine. */
struct ledger	*ledger_new(struct chan *keeper, uint8_t role, const char *host);
void		ledger_free(struct ledger **ledger);
/* The channel was replaced: definitions are sent again with the next row. */
void		ledger_channel(struct ledger *ledger, struct chan *keeper);

struct ledger_act {
	const char *act;		/* "search", "export", "key-rotate" */
	struct span who;		/* "uid 0", a user's name */
	struct span from;		/* peer address or "unix" */
	struct span what;		/* the query, the reason */
};

/* Hands one row over; the ticket comes back with the keeper's WIRE_ACK. */
enum err	ledger_write(struct ledger *ledger, const struct ledger_act *act, int64_t now_ns,
		    uint64_t *ret_ticket, struct why *why);

#endif
