/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions to another role (the keeper, the desk) from threads that may wait, sent and answered
 * by the one thread that has the channel:
 *
 *	worker: asks_ask ---> table --(wake)--> loop: asks_send ---> keeper
 *	           ^------------ table <------- loop: asks_answer <--'
 */
#ifndef ROLE_ASKS_H
#define ROLE_ASKS_H

#include "base/buf.h"
#include "base/err.h"
#include "sys/chan.h"

struct asks;

/* wake_fd: an eventfd that the loop listens to, borrowed. whom: "keeper", for sentences. */
struct asks	*asks_new(int wake_fd, const char *whom);
/* Only when no thread waits any more: asks_stop first. */
void		asks_free(struct asks **asks);

/* Is told what the keeper says of the work so far, a line each time; false: wait no longer. */
typedef bool asks_progress_fn(void *arg, struct span text);

/* A question (enum wire_ask). progress may be NULL; it is called by the thread that waits. */
struct asks_question {
	uint8_t what;
	struct span argument;
	asks_progress_fn *progress;
	void *arg;
};

/*
 * For workers: waits for the answer, whose text is appended to out, as long as the keeper says
 * each minute that it works on it. The keeper's refusal comes back with its sentence. ERR_BUSY:
 * too many wait, no word in time, the keeper was restarted, or the role ends. ERR_LIMIT: the
 * argument is too long.
 */
enum err	asks_ask(struct asks *asks, const struct asks_question *question, struct buf *out,
		    struct why *why);

/* For the loop: sends what waits (chan may be NULL: nothing); OK or what chan_send says. */
enum err	asks_send(struct asks *asks, struct chan *chan, struct why *why);
void		asks_answer(struct asks *asks, uint64_t tag, struct span answer);
/* The channel broke: what was sent on it will not be answered. */
void		asks_lost(struct asks *asks);
/* From now on nobody waits. */
void		asks_stop(struct asks *asks);

#endif
