/* SPDX-License-Identifier: Apache-2.0 */
/* role/asks.c: threads ask, this one has the channel and plays the keeper at its other end. */
#include "role/asks.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/thread.h"
#include "wire/wire.h"
#include "check.h"

enum { MOST = 16, WAIT_MS = 20000 };

struct asker {
	struct thread thread;
	const char *argument;
	struct buf out, told;
	int tells;			/* progress is wanted so often */
	struct why why;
	enum err rc;
};

static struct asks *asks;
static int wake_fd;
static struct chan *ours, *keepers;
static struct why why;

static void
begin(void)
{
	int pair[2];

	must(chan_pair(pair, &why) == OK);
	ours = chan_new(pair[0], WIRE_LIMIT, 1 << 20);
	keepers = chan_new(pair[1], WIRE_LIMIT, 1 << 20);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	asks = asks_new(wake_fd, "keeper");
}

static void
end(void)
{
	asks_free(&asks);
	chan_free(&ours);
	chan_free(&keepers);
	file_close(&wake_fd);
}

static bool
asker_told(void *arg, struct span text)
{
	struct asker *a = arg;

	buf_span_put(&a->told, text);
	return --a->tells > 0;
}

static enum err
ask(struct span argument, struct asker *a)
{
	return asks_ask(asks, &(struct asks_question){ ASK_FLUSH, argument,
	    a->tells > 0 ? asker_told : NULL, a }, &a->out, &a->why);
}

static void
asker_run(void *arg)
{
	struct asker *a = arg;

	a->rc = ask(span_str(a->argument), a);
}

static void
asker_start(struct asker *a, const char *argument)
{
	*a = (struct asker){ .argument = argument, .tells = a->tells };
	must(thread_start(&a->thread, "asker", asker_run, a, &why) == OK);
}

static void
asker_end(struct asker *a)
{
	thread_join(&a->thread);
}

/* Waits until somebody asks, sends it, and gives what the keeper reads. */
static uint64_t
heard(struct buf *ret_body)
{
	struct chan_msg msg;
	uint64_t n;

	(void)poll(&(struct pollfd){ .fd = wake_fd, .events = POLLIN }, 1, WAIT_MS);
	(void)!read(wake_fd, &n, sizeof n);
	check_int(asks_send(asks, ours, &why), OK);
	must(chan_recv_wait(keepers, &msg, WAIT_MS, &why) == OK);
	check_int(msg.type, WIRE_ASK);
	check_int(wire_check(msg.type, msg.body, &why), OK);
	ret_body->n = 0;
	buf_span_put(ret_body, msg.body);
	return msg.tag;
}

static void
a_question_gets_its_answer(void)
{
	struct asker asker = { 0 };
	struct buf body = { 0 };
	uint64_t tag;

	begin();
	asker_start(&asker, "three");
	tag = heard(&body);
	check_span(buf_span(&body), SPAN("\x03\x05three"));
	asks_answer(asks, tag + 1, SPAN("\0not yours"));
	asks_answer(asks, tag, SPAN(""));
	asks_answer(asks, tag, SPAN("\0an answer"));
	asker_end(&asker);
	check_int(asker.rc, OK);
	check_span(buf_span(&asker.out), SPAN("an answer"));
	buf_done(&asker.out);
	buf_done(&body);
	end();
}

static void
a_refusal_comes_with_its_sentence(void)
{
	struct asker asker = { 0 };
	struct buf body = { 0 };
	uint8_t answer[] = { ERR_FULL, 'n', 'o', ' ', 'r', 'o', 'o', 'm' };

	begin();
	asker_start(&asker, "");
	asks_answer(asks, heard(&body), span_of(answer, sizeof answer));
	asker_end(&asker);
	check_int(asker.rc, ERR_FULL);
	check_span(span_str(asker.why.text), SPAN("no room"));
	check_int(asker.out.n, 0);
	buf_done(&body);
	end();
}

static void
a_lost_keeper_answers_who_was_sent_and_not_who_waits(void)
{
	struct asker sent = { 0 }, waits = { 0 };
	struct buf body = { 0 };

	begin();
	asker_start(&sent, "sent");
	(void)heard(&body);
	asker_start(&waits, "waits");
	(void)poll(&(struct pollfd){ .fd = wake_fd, .events = POLLIN }, 1, WAIT_MS);
	check_int(asks_send(asks, NULL, &why), OK);	/* no keeper yet */
	asks_lost(asks);
	asker_end(&sent);
	check_int(sent.rc, ERR_BUSY);
	asks_answer(asks, heard(&body), SPAN("\0"));
	check_span(buf_span(&body), SPAN("\x03\x05waits"));
	asker_end(&waits);
	check_int(waits.rc, OK);
	buf_done(&body);
	end();
}

static void
the_end_of_the_role_answers_everybody(void)
{
	struct asker asker[3] = { 0 };
	struct buf body = { 0 };

	begin();
	for (int i = 0; i < 3; i++)
		asker_start(&asker[i], "x");
	(void)heard(&body);
	asks_stop(asks);
	for (int i = 0; i < 3; i++) {
		asker_end(&asker[i]);
		check_int(asker[i].rc, ERR_BUSY);
	}
	buf_done(&body);
	end();
}

static void
too_many_and_too_long_questions_are_refused_at_once(void)
{
	static uint8_t argument[WIRE_ASK_BYTES + 1];
	struct asker asker[MOST] = { 0 }, own = { 0 };
	struct buf body = { 0 };

	begin();
	check_int(ask(span_of(argument, sizeof argument), &own), ERR_LIMIT);
	for (int i = 0; i < MOST; i++) {
		asker_start(&asker[i], "x");
		(void)heard(&body);
	}
	check_int(ask(SPAN("one more"), &own), ERR_BUSY);
	asks_lost(asks);
	for (int i = 0; i < MOST; i++)
		asker_end(&asker[i]);
	buf_done(&body);
	end();
}

static void
progress_is_told_before_the_answer(void)
{
	struct asker asker = { .tells = 10 };
	struct buf body = { 0 };
	uint64_t tag;

	begin();
	asker_start(&asker, "long");
	tag = heard(&body);
	asks_answer(asks, tag, SPAN("\x01" "one of three\n"));
	asks_answer(asks, tag, SPAN("\x01" "two of three\n"));
	asks_answer(asks, tag, SPAN("\0done"));
	asker_end(&asker);
	check_int(asker.rc, OK);
	check_span(buf_span(&asker.out), SPAN("done"));
	/* Who did not look meanwhile may have the answer only. */
	check(span_starts(SPAN("one of three\ntwo of three\n"), buf_span(&asker.told)));
	buf_done(&asker.out);
	buf_done(&asker.told);
	buf_done(&body);
	end();
}

static void
who_wants_to_hear_no_more_waits_no_longer(void)
{
	struct asker asker = { .tells = 1 };
	struct buf body = { 0 };

	begin();
	asker_start(&asker, "long");
	asks_answer(asks, heard(&body), SPAN("\x01" "still working\n"));
	asker_end(&asker);
	check_int(asker.rc, ERR_BUSY);
	check_span(buf_span(&asker.told), SPAN("still working\n"));
	buf_done(&asker.told);
	buf_done(&body);
	end();
}

int
main(void)
{
	run(a_question_gets_its_answer);
	run(a_refusal_comes_with_its_sentence);
	run(progress_is_told_before_the_answer);
	run(who_wants_to_hear_no_more_waits_no_longer);
	run(a_lost_keeper_answers_who_was_sent_and_not_who_waits);
	run(the_end_of_the_role_answers_everybody);
	run(too_many_and_too_long_questions_are_refused_at_once);
	return check_done();
}
