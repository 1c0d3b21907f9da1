/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper's state, shared by its loop (keeper.c) and by its answers (keeper_ask.c). */
#ifndef ROLE_KEEPER_INT_H
#define ROLE_KEEPER_INT_H

#include "role/role.h"

#include "sys/chan.h"
#include "store/keep.h"
#include "role/brief.h"
#include "role/waits.h"

enum {
	LINES = ROLE_CHANNELS * 2,
	ANSWERS_BYTES = 8 << 20,	/* queue of acknowledgements to one writer */
	TURN_MESSAGES = 32,		/* of one writer before the next has its turn */
};

/* A writer's channel; slot i of the table. */
struct line {
	struct chan *chan;		/* NULL: free */
	uint8_t role;
	bool hello;			/* id is valid */
	bool more;			/* the channel may hold messages that were not looked at */
	bool lost;			/* it does not read its answers, or is gone: to be closed */
	uint32_t id;			/* keep's number of it */
	bool waits;			/* `held` is to be offered again */
	uint64_t held_ticket;
	struct buf held;
};

struct keeper {
	struct brief brief;
	const struct role_start *start;
	struct keep *keep;
	struct line line[LINES];
	struct waits waits;
	struct buf denied;		/* who was not let in, as the intake said last */
	int64_t watch_ns;		/* when the watch told last what it counts; 0: never */
	bool rotating, resume, stopping;
};

/* WIRE_ANSWER, WIRE_REFUSE */
void	keeper_send_result(struct line *l, uint16_t type, uint64_t tag, enum err rc,
	    struct span text);

/* ---- keeper_ask.c ---- */

/* WIRE_ASK: answers now, or when what was asked for is done. */
void	keeper_ask(struct keeper *k, struct line *l, const struct chan_msg *msg);
/* To all who wait for this event (enum keep_event_kind). */
void	keeper_answer(struct keeper *k, uint8_t event, struct span text);
/* Who waits for long is told that it is worth it. */
void	keeper_waiting_tell(struct keeper *k);

#endif
