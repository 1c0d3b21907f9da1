/* SPDX-License-Identifier: Apache-2.0 */
/* role/ledger.c: rows out, answers in, and everything unanswered again on a new channel. */
#include "role/ledger.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"
#include "model/batch.h"
#include "wire/wire.h"
#include "check.h"

static struct ledger *ledger;
static struct chan *ours, *keepers;
static struct why why;

static void
channel(void)
{
	int pair[2];

	must(chan_pair(pair, &why) == OK);
	chan_free(&ours);
	chan_free(&keepers);
	ours = chan_new(pair[0], WIRE_LIMIT, 1 << 20);
	keepers = chan_new(pair[1], WIRE_LIMIT, 1 << 20);
}

static void
begin(void)
{
	channel();
	ledger = ledger_new(NULL, WIRE_FRONT, "here");
	ledger_channel(ledger, ours);
}

static void
end(void)
{
	ledger_free(&ledger);
	ledger_free(&ledger);
	chan_free(&ours);
	chan_free(&keepers);
}

static enum err
wrote(const char *what)
{
	return ledger_write(ledger, &(struct ledger_act){ .act = "search", .who = SPAN("uid 0"),
	    .from = SPAN("unix"), .what = span_str(what) }, 1790000000000000000, &why);
}

/* The next message is of this type; gives its tag. */
static uint64_t
heard(uint16_t type, struct buf *body)
{
	struct chan_msg msg;

	must(chan_recv_wait(keepers, &msg, 5000, &why) == OK);
	check_int(msg.type, type);
	check_int(wire_check(msg.type, msg.body, &why), OK);
	body->n = 0;
	buf_span_put(body, msg.body);
	return msg.tag;
}

static bool
nothing_more(void)
{
	struct chan_msg msg;

	return chan_recv(keepers, &msg, &why) == ERR_MORE;
}

/* The row of a batch as its record, and its flags. */
static void
record(struct span shape_body, struct span batch, struct buf *out, uint8_t *ret_flags)
{
	static struct batch_reader reader;
	struct batch_tables tables;
	struct batch_head head;
	struct shape *shape = NULL;
	struct row row;

	must(shape_new(&shape, span_sub(shape_body, 4, shape_body.n), &why) == OK);
	must(batch_head_read(&head, batch, &why) == OK);
	tables = (struct batch_tables){ (const struct shape *const *)&shape, NULL };
	batch_reader_init(&reader, &head, &tables);
	check_int(head.stream, STREAM_LEDGER);
	must(batch_next(&reader, &row, &why) == OK);
	out->n = 0;
	row_raw(buf_add(out, row_bytes(&row, shape)), &row, shape);
	*ret_flags = row.flags;
	check_int(batch_next(&reader, &row, &why), ERR_MORE);
	shape_free(&shape);
}

static void
an_act_is_a_row_with_all_that_is_known_of_it(void)
{
	struct buf shape = { 0 }, body = { 0 }, out = { 0 };
	uint8_t flags;

	begin();
	check_int(wrote("say \"a\\b\"\n\x01 Đăng"), OK);
	(void)heard(WIRE_HELLO, &body);
	(void)heard(WIRE_SHAPE, &shape);
	(void)heard(WIRE_SOURCE, &body);
	check_int(heard(WIRE_BATCH, &body), 1);
	record(buf_span(&shape), buf_span(&body), &out, &flags);
	check_span(buf_span(&out), SPAN("{\"_time\":\"2026-09-21T14:13:20.000000000Z\","
	    "\"act\":\"search\",\"who\":\"uid 0\",\"from\":\"unix\","
	    "\"what\":\"say \\\"a\\\\b\\\"\\u000a\\u0001 Đăng\"}"));
	check_int(flags, 0);
	check_int(wrote("again"), OK);
	check_int(heard(WIRE_BATCH, &body), 2);		/* nothing is defined twice */
	check(nothing_more());
	buf_done(&shape);
	buf_done(&body);
	buf_done(&out);
	end();
}

static void
what_is_too_long_or_no_text_is_marked(void)
{
	struct buf shape = { 0 }, body = { 0 }, out = { 0 }, what = { 0 };
	uint8_t flags;

	begin();
	while (what.n < 600 << 10)
		buf_str(&what, "ă");
	buf_u8(&what, 0);
	check_int(wrote((char *)what.p), OK);
	(void)heard(WIRE_HELLO, &body);
	(void)heard(WIRE_SHAPE, &shape);
	(void)heard(WIRE_SOURCE, &body);
	(void)heard(WIRE_BATCH, &body);
	record(buf_span(&shape), buf_span(&body), &out, &flags);
	check_int(flags, ROW_CUT);			/* and no letter cut in two */
	check(out.n > 512 << 10 && out.n < 520 << 10);
	check_int(wrote("\xff"), OK);
	(void)heard(WIRE_BATCH, &body);
	record(buf_span(&shape), buf_span(&body), &out, &flags);
	check_int(flags, ROW_NOT_UTF8);
	buf_done(&shape);
	buf_done(&body);
	buf_done(&out);
	buf_done(&what);
	end();
}

static void
acknowledge(uint64_t ticket)
{
	struct buf body = { 0 };

	wire_ack_encode(&body, 7, 1);
	check_int(ledger_answer(ledger, &(struct chan_msg){ .type = WIRE_ACK, .tag = ticket,
	    .body = buf_span(&body) }, &why), OK);
	buf_done(&body);
}

static void
what_nobody_answered_for_is_sent_again_to_the_next_keeper(void)
{
	struct buf body = { 0 };

	begin();
	for (int i = 0; i < 4; i++)
		check_int(wrote("x"), OK);
	acknowledge(2);
	ledger_channel(ledger, NULL);
	check_int(wrote("y"), ERR_BUSY);
	channel();
	ledger_channel(ledger, ours);
	(void)heard(WIRE_HELLO, &body);
	(void)heard(WIRE_SHAPE, &body);
	(void)heard(WIRE_SOURCE, &body);
	check_int(heard(WIRE_BATCH, &body), 3);
	check_int(heard(WIRE_BATCH, &body), 4);
	check(nothing_more());
	check_int(wrote("z"), OK);
	check_int(heard(WIRE_BATCH, &body), 5);
	acknowledge(5);
	channel();
	ledger_channel(ledger, ours);
	check(nothing_more());
	check_int(wrote("z"), OK);
	(void)heard(WIRE_HELLO, &body);
	buf_done(&body);
	end();
}

static void
a_refused_row_is_told(void)
{
	const uint8_t body[] = { ERR_FULL, 'f', 'u', 'l', 'l' };

	begin();
	check_int(wrote("x"), OK);
	check_int(ledger_answer(ledger, &(struct chan_msg){ .type = WIRE_REFUSE, .tag = 1,
	    .body = span_of(body, sizeof body) }, &why), ERR_FULL);
	check_span(span_str(why.text), SPAN("the ledger's row was refused: full"));
	check_int(ledger_answer(ledger, &(struct chan_msg){ .type = WIRE_ACK, .tag = 9,
	    .body = SPAN("short") }, &why), OK);
	end();
}

/* A keeper that answers in every turn: with an ACK, or a refusal of what is behind `taken`. */
static struct {
	uint64_t taken, told;
	bool stopping;
} keeper;

static void
turn(void *ctx, int wait_ms)
{
	const uint8_t no[] = { ERR_FULL, 'f', 'u', 'l', 'l' };
	struct buf yes = { 0 };
	struct chan_msg msg;

	wire_ack_encode(&yes, 7, 1);
	(void)ctx;
	(void)wait_ms;
	(void)chan_flush(ours, &why);
	while (chan_recv(keepers, &msg, &why) == OK) {
		bool refused = msg.tag > keeper.taken;

		if (msg.type != WIRE_BATCH)
			continue;
		keeper.told = msg.tag;
		(void)ledger_answer(ledger, &(struct chan_msg){ .type = refused ? WIRE_REFUSE :
		    WIRE_ACK, .tag = msg.tag, .body = refused ? span_of(no, sizeof no) :
		    buf_span(&yes) }, NULL);
	}
	buf_done(&yes);
	keeper.stopping = keeper.taken == 0;
}

static void
a_row_is_kept_only_when_the_keeper_said_so(void)
{
	const struct ledger_act act = { .act = "search", .who = SPAN("uid 0") };
	const struct ledger_wait wait = { turn, NULL, &keeper.stopping };

	begin();
	keeper.taken = 2;
	check_int(ledger_keep(ledger, &act, 0, &wait, &why), OK);
	check_int(ledger_keep(ledger, &act, 1790000000000000000, &wait, &why), OK);
	check_int(ledger_keep(ledger, &act, 0, &wait, &why), ERR_BUSY);
	check(span_holds(span_str(why.text), "the keeper refused the ledger's row"));
	check_int(keeper.told, 3);
	/* Without a keeper, by one who is about to stop. */
	keeper.taken = 0;
	ledger_channel(ledger, NULL);
	check_int(ledger_keep(ledger, &act, 0, &wait, &why), ERR_BUSY);
	check(span_holds(span_str(why.text), "the keeper is being started"));
	end();
}

static void
acts_may_have_many_sets_of_fields(void)
{
	const struct ledger_wait wait = { turn, NULL, &keeper.stopping };
	char name[16];
	struct act_field field = { .value = SPAN("1") };

	begin();
	keeper.taken = UINT64_MAX;
	keeper.told = 0;
	keeper.stopping = false;
	for (unsigned i = 0; i < 300 && keeper.told == i; i++) {
		(void)snprintf(name, sizeof name, "f%u", i);
		field.name = span_str(name);
		check_int(ledger_keep(ledger, &(struct ledger_act){ .act = "register-set",
		    .field = &field, .nfield = 1 }, 0, &wait, &why), OK);
	}
	check_int(keeper.told, 300);
	end();
}

static void
a_keeper_that_never_answers_ends_what_may_be_done(void)
{
	struct buf body = { 0 };
	struct chan_msg msg;
	unsigned n = 0;

	begin();
	while (wrote("x") == OK && n < 100000) {
		n++;
		while (chan_recv(keepers, &msg, &why) == OK)
			;
		(void)chan_flush(ours, &why);
	}
	check(n >= 1000 && n <= 4096);
	acknowledge(1);
	check_int(wrote("x"), OK);
	buf_done(&body);
	end();
}

int
main(void)
{
	run(an_act_is_a_row_with_all_that_is_known_of_it);
	run(what_is_too_long_or_no_text_is_marked);
	run(what_nobody_answered_for_is_sent_again_to_the_next_keeper);
	run(a_refused_row_is_told);
	run(a_row_is_kept_only_when_the_keeper_said_so);
	run(acts_may_have_many_sets_of_fields);
	run(a_keeper_that_never_answers_ends_what_may_be_done);
	return check_done();
}
