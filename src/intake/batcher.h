/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records in, batches out, acknowledgements back. One open batch per retention class; it leaves
 * when it is full, or at the end of a turn of the loop when the keeper has little to do, so that
 * a busy keeper makes large batches and an idle one makes no delay. Every batch is kept until the
 * keeper answered, and is sent again on a new channel: roles.md, "Tickets". Inside of the room
 * only.
 *
 * A batch has a number within its class, from 1, that a door remembers for each thing that it has
 * to answer; settled() then says what became of that number, in order.
 */
#ifndef INTAKE_BATCHER_H
#define INTAKE_BATCHER_H

#include "intake/intake.h"
#include "intake/source.h"

struct batcher;
struct chan;

/* result: OK is on disk; else the keeper's refusal. */
typedef void settled_fn(void *arg, uint8_t class, uint64_t batch, enum err result);

struct batcher_conf {
	const struct intake_parser *parser;
	void *parser_state;
	struct sources *sources;	/* the caller's */
	uint8_t role;			/* enum wire_role, said in HELLO */
	uint64_t instance;
	settled_fn *settled;
	void *arg;
};

/* A record on its way. */
struct incoming {
	struct span record;
	const struct intake_hint *hint;
	uint32_t origin;
	uint64_t cut;			/* octets that were not kept */
	int64_t recv_ns;
};

struct batcher	*batcher_new(const struct batcher_conf *conf);
void		batcher_free(struct batcher **batcher);

/* Takes the channel over (NULL: there is none now) and begins to send from the start. */
void		batcher_keeper(struct batcher *batcher, struct chan *chan);
struct chan	*batcher_chan(struct batcher *batcher);

/* Adds a record; the number of the batch that it is in. ret_unparsed: it was kept whole. */
uint64_t	batcher_add(struct batcher *batcher, const struct incoming *in,
		    bool *ret_unparsed);
/* End of a turn: lets batches go when few are on their way, sends what can be sent. */
enum err	batcher_turn(struct batcher *batcher, struct why *why);
/* Lets all open batches go. */
void		batcher_flush(struct batcher *batcher);
/* The channel can be read. Not OK: it is broken and must be replaced. */
enum err	batcher_read(struct batcher *batcher, struct why *why);
/* The channel can be written. Not OK: as above. */
enum err	batcher_write(struct batcher *batcher, struct why *why);

/* Octets in batches that were let go and have no answer yet, sent or not. */
size_t		batcher_unacked(const struct batcher *batcher);
/* Rows that the keeper refused: lost, unless their sender was told and sends them again. */
uint64_t	batcher_refused(const struct batcher *batcher);
/* Rows that the parser did not look into, because they had ended two lives. */
uint64_t	batcher_set_aside(const struct batcher *batcher);
/* Nothing is open and nothing is without an answer. */
bool		batcher_is_idle(const struct batcher *batcher);

#endif
