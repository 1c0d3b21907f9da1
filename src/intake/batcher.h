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

/* Rows of this door were in a batch that the keeper refused; behind settled(). */
typedef void refused_fn(void *arg, unsigned door, uint32_t rows);

/* The answer to batcher_ask(). */
typedef void placed_fn(void *arg, uint64_t tag, uint64_t place);

struct batcher_conf {
	const struct intake_parser *parser;
	void *parser_state;
	struct sources *sources;	/* the caller's */
	uint8_t role;			/* enum wire_role, said in HELLO */
	uint64_t instance;
	settled_fn *settled;
	refused_fn *refused;		/* may be NULL */
	placed_fn *placed;		/* of whom batcher_ask() is used */
	void *arg;
};

/* A batch that was made elsewhere, with the place that it goes from and to (WIRE_PLACE). */
struct batcher_ready {
	uint8_t class;
	uint8_t door;			/* below INTAKE_LISTENERS */
	uint32_t rows;
	uint64_t content, from, to;
	uint64_t beside, at;		/* where another content is all the while */
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

/*
 * Adds a record of this door (below INTAKE_LISTENERS); the number of the batch that it is in.
 * ret_unparsed: it was kept whole.
 */
uint64_t	batcher_add(struct batcher *batcher, const struct incoming *in, unsigned door,
		    bool *ret_unparsed);
/* A shape that its batches name: from the parser, which numbers them in order. */
void		batcher_shape(struct batcher *batcher, uint32_t shape);
/* Sends it behind all others of its class; the number of the batch. Takes both over. */
uint64_t	batcher_give(struct batcher *batcher, const struct batcher_ready *ready,
		    struct buf *head, struct buf *code);
/* Asks the keeper for a content's place on disk. ERR_BUSY, ERR_ABSENT: not now. */
enum err	batcher_ask(struct batcher *batcher, uint64_t tag, uint64_t content,
		    struct why *why);
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
/* Rows that the parser did not look into, because they had ended two lives. */
uint64_t	batcher_set_aside(const struct batcher *batcher);
/* Nothing is open and nothing is without an answer. */
bool		batcher_is_idle(const struct batcher *batcher);

#endif
