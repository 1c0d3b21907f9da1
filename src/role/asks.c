/* SPDX-License-Identifier: Apache-2.0 */
/* One table under one lock: see asks.h. */
#include "role/asks.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/thread.h"
#include "wire/wire.h"

enum { ASKS_MAX = 16, ASK_WAIT_S = 60 };

#define NS_PER_S INT64_C(1000000000)

/* FREE -> WANTED -> SENT -> ANSWERED -> FREE; who waits gives up from any of them. */
enum ask_state { ASK_FREE, ASK_WANTED, ASK_SENT, ASK_ANSWERED };

struct ask {
	enum ask_state state;
	uint8_t what;			/* enum wire_ask */
	uint64_t tag;
	struct buf argument;
	struct buf progress;		/* what was said since it was last looked at */
	bool heard;			/* the keeper said that it works on it */
	enum err result;
	struct buf answer;
};

struct asks {
	int wake_fd;
	const char *whom;
	struct lock lock;
	struct wake answered;
	struct ask ask[ASKS_MAX];
	uint64_t last_tag;		/* 0 is the loop's own */
	bool stopped;
};

struct asks *
asks_new(int wake_fd, const char *whom)
{
	struct asks *asks = xcalloc(1, sizeof *asks);

	asks->wake_fd = wake_fd;
	asks->whom = whom;
	lock_init(&asks->lock);
	wake_init(&asks->answered);
	return asks;
}

void
asks_free(struct asks **asks)
{
	struct asks *a = *asks;

	if (a == NULL)
		return;
	for (unsigned i = 0; i < ASKS_MAX; i++) {
		buf_done(&a->ask[i].argument);
		buf_done(&a->ask[i].answer);
		buf_done(&a->ask[i].progress);
	}
	wake_done(&a->answered);
	lock_done(&a->lock);
	free(a);
	*asks = NULL;
}

static struct ask *
ask_free(struct asks *asks)
{
	for (unsigned i = 0; i < ASKS_MAX; i++)
		if (asks->ask[i].state == ASK_FREE)
			return &asks->ask[i];
	return NULL;
}

/* Under the lock, which is given while the caller is told. */
static bool
progress_tell(struct asks *asks, struct ask *ask, const struct asks_question *question)
{
	struct buf text = ask->progress;
	bool go_on = true;

	ask->progress = (struct buf){ 0 };
	ask->heard = false;
	lock_give(&asks->lock);
	if (question->progress != NULL)
		go_on = question->progress(question->arg, buf_span(&text));
	buf_done(&text);
	lock_take(&asks->lock);
	return go_on;
}

/* Under the lock. */
static enum err
ask_wait(struct asks *asks, struct ask *ask, const struct asks_question *question,
    struct buf *out, struct why *why)
{
	int64_t until = clock_mono_ns() + ASK_WAIT_S * NS_PER_S;
	bool in_time = true, wanted = true;

	while (ask->state != ASK_ANSWERED && !asks->stopped && in_time && wanted) {
		if (!ask->heard)
			in_time = wake_wait_until(&asks->answered, &asks->lock, until);
		if (!ask->heard)
			continue;
		in_time = true;
		until = clock_mono_ns() + ASK_WAIT_S * NS_PER_S;
		wanted = progress_tell(asks, ask, question);
	}
	if (ask->state != ASK_ANSWERED)
		return asks->stopped ? why_set(why, ERR_BUSY, "the desk is being stopped") :
		    !wanted ? why_set(why, ERR_BUSY, "nobody waits for the answer any more") :
		    why_set(why, ERR_BUSY, "the %s did not answer within %d s", asks->whom,
		    ASK_WAIT_S);
	if (ask->result != OK)
		return why_set(why, ask->result, "%.*s", (int)ask->answer.n,
		    ask->answer.n > 0 ? (const char *)ask->answer.p : "");
	buf_span_put(out, buf_span(&ask->answer));
	return OK;
}

enum err
asks_ask(struct asks *asks, const struct asks_question *question, struct buf *out, struct why *why)
{
	struct span argument = question->argument;
	struct ask *ask;
	uint64_t one = 1;
	enum err rc;

	if (argument.n > WIRE_ASK_BYTES)
		return why_set(why, ERR_LIMIT, "the argument has more than %d octets",
		    WIRE_ASK_BYTES);
	lock_take(&asks->lock);
	ask = ask_free(asks);
	if (ask == NULL) {
		rc = why_set(why, ERR_BUSY, "%d questions to the %s are waiting", ASKS_MAX,
		    asks->whom);
	} else {
		ask->state = ASK_WANTED;
		ask->what = question->what;
		ask->tag = ++asks->last_tag;
		ask->argument.n = ask->answer.n = ask->progress.n = 0;
		ask->heard = false;
		buf_span_put(&ask->argument, argument);
		(void)!write(asks->wake_fd, &one, sizeof one);
		rc = ask_wait(asks, ask, question, out, why);
		ask->state = ASK_FREE;
		buf_done(&ask->answer);
	}
	lock_give(&asks->lock);
	return rc;
}

enum err
asks_send(struct asks *asks, struct chan *chan, struct why *why)
{
	struct buf body = { 0 };
	enum err rc = OK;

	lock_take(&asks->lock);
	for (unsigned i = 0; chan != NULL && rc == OK && i < ASKS_MAX; i++) {
		struct ask *ask = &asks->ask[i];

		if (ask->state != ASK_WANTED)
			continue;
		body.n = 0;
		buf_u8(&body, ask->what);
		buf_bytes(&body, buf_span(&ask->argument));
		rc = chan_send(chan, &(struct chan_msg){ .type = WIRE_ASK, .tag = ask->tag,
		    .body = buf_span(&body) }, why);
		if (rc == OK)
			ask->state = ASK_SENT;
	}
	lock_give(&asks->lock);
	buf_done(&body);
	return rc;
}

/* Under the lock. ERR_MORE: the work goes on, and there is time for it. */
static void
ask_answer(struct asks *asks, struct ask *ask, enum err result, struct span text)
{
	if (result == ERR_MORE) {
		ask->heard = true;
		buf_span_put(&ask->progress, text);
		wake_all(&asks->answered);
		return;
	}
	ask->state = ASK_ANSWERED;
	ask->result = result;
	buf_span_put(&ask->answer, text);
	wake_all(&asks->answered);
}

void
asks_answer(struct asks *asks, uint64_t tag, struct span answer)
{
	lock_take(&asks->lock);
	for (unsigned i = 0; i < ASKS_MAX && answer.n > 0; i++)
		if (asks->ask[i].state == ASK_SENT && asks->ask[i].tag == tag)
			ask_answer(asks, &asks->ask[i], (enum err)answer.p[0],
			    span_sub(answer, 1, answer.n));
	lock_give(&asks->lock);
}

void
asks_lost(struct asks *asks)
{
	struct buf text = { 0 };

	buf_printf(&text, "the %s was started again; ask again", asks->whom);
	lock_take(&asks->lock);
	for (unsigned i = 0; i < ASKS_MAX; i++)
		if (asks->ask[i].state == ASK_SENT)
			ask_answer(asks, &asks->ask[i], ERR_BUSY, buf_span(&text));
	lock_give(&asks->lock);
	buf_done(&text);
}

void
asks_stop(struct asks *asks)
{
	lock_take(&asks->lock);
	asks->stopped = true;
	wake_all(&asks->answered);
	lock_give(&asks->lock);
}
