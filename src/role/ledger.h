/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the ledger: what a person or the desk itself did. One JSON shape for all acts, so that
 * the ledger is found by the same search as everything else.
 */
#ifndef ROLE_LEDGER_H
#define ROLE_LEDGER_H

#include <stdbool.h>

#include "base/err.h"
#include "sys/chan.h"
#include "model/act.h"

struct ledger;

/* keeper: channel, borrowed, or NULL. role: enum wire_role, who writes. host: this machine. */
struct ledger	*ledger_new(struct chan *keeper, uint8_t role, const char *host);
void		ledger_free(struct ledger **ledger);
/*
 * The channel was replaced (NULL: there is none now): definitions and the rows that nobody answered
 * for are sent again.
 */
void		ledger_channel(struct ledger *ledger, struct chan *keeper);
/* The same with a channel that the parent brought, which takes the place of *io_keeper. */
void		ledger_keeper(struct ledger *ledger, struct chan **io_keeper, int fd,
		    size_t queue_bytes);
/*
 * For roles that talk with the keeper by the ledger alone. Takes all that it says; a refused row is
 * said on stderr. A channel that has ended is freed: *io_keeper is NULL until the parent brings
 * another one.
 */
void		ledger_read(struct ledger *ledger, struct chan **io_keeper);
/* One poll: ledger_read(), and parent_read(ctx) when the parent says something. */
void		ledger_poll(struct ledger *ledger, struct chan **io_keeper, struct chan *parent,
		    void (*parent_read)(void *ctx), void *ctx, int wait_ms);
/* What the keeper says of rows (WIRE_ACK, WIRE_REFUSE; others are passed over). Not OK: refused. */
enum err	ledger_answer(struct ledger *ledger, const struct chan_msg *msg, struct why *why);

struct ledger_act {
	const char *act;		/* "search", "export", "key-rotate" */
	struct span who;		/* "uid 0", a user's name */
	struct span from;		/* peer address or "unix" */
	struct span what;		/* the query, the reason */
	const struct act_field *field;	/* model/act.h */
	unsigned nfield;
};

/*
 * Hands one row over and keeps it until the keeper has answered. ERR_BUSY: there is no keeper, or
 * it does not answer; the act must not happen. A `what` that is too long is cut, and marked so.
 */
enum err	ledger_write(struct ledger *ledger, const struct ledger_act *act, int64_t now_ns,
		    struct why *why);

/*
 * How a role waits meanwhile: turn polls once for so long and takes what keeper and parent say,
 * with ledger_answer() and ledger_channel(); *stopping: give up.
 */
struct ledger_wait {
	void (*turn)(void *ctx, int wait_ms);
	void *ctx;
	const bool *stopping;
};

/*
 * The row is on disk when this is OK; time_ns 0: now. ERR_BUSY: it is not, or nobody said so in
 * 10 s (a keeper that was killed is back by then): the act must not happen.
 */
enum err	ledger_keep(struct ledger *ledger, const struct ledger_act *act, int64_t time_ns,
		    const struct ledger_wait *wait, struct why *why);

/* Says HELLO and defines now, not with the first row: for who sends on the channel too. */
enum err	ledger_define(struct ledger *ledger, struct why *why);
/* Of the row handed over last; 0: none was. */
uint64_t	ledger_ticket(const struct ledger *ledger);
/* Has the keeper answered for it? */
bool		ledger_settled(const struct ledger *ledger, uint64_t ticket);

#endif
