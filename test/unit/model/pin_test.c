/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of model/pin.h: what a hold covers, its octets, what is none. */
#include "check.h"

#include "model/batch.h"
#include "model/pin.h"

static struct pin
pin_all(void)
{
	struct pin pin = { .stream = PIN_ANY, .class = PIN_ANY, .first_seq = 1,
	    .last_seq = UINT64_MAX, .from_ns = INT64_MIN, .to_ns = INT64_MAX, .since_ns = 7 };

	check(pin_text(pin.name, sizeof pin.name, SPAN("vụ 7")));
	check(pin_text(pin.why, sizeof pin.why, SPAN("công văn 12")));
	return pin;
}

static void
a_hold_covers_what_overlaps_in_each_respect(void)
{
	const struct pin_range range = { .stream = STREAM_RAW, .class = 3, .first_seq = 100,
	    .last_seq = 200, .oldest_ns = 1000, .newest_ns = 2000 };
	struct pin pin = pin_all();

	check(pin_covers(&pin, &range));
	pin.last_seq = 99;
	check(!pin_covers(&pin, &range));
	pin.last_seq = 100;
	check(pin_covers(&pin, &range));
	pin.to_ns = 999;
	check(!pin_covers(&pin, &range));
	pin.to_ns = 1000;
	check(pin_covers(&pin, &range));
	pin.from_ns = 1000;
	pin.class = 2;
	check(!pin_covers(&pin, &range));
	pin.class = 3;
	pin.stream = STREAM_FINDINGS;
	check(!pin_covers(&pin, &range));
	pin = pin_all();
	pin.from_ns = 2001;
	check(!pin_covers(&pin, &range));
	pin = pin_all();
	pin.first_seq = 201;
	check(!pin_covers(&pin, &range));
}

static void
its_octets_come_back_and_no_cut_of_them_is_a_hold(void)
{
	struct pin pin = pin_all(), back;
	struct buf out = { 0 };
	struct cur in;

	pin_put(&out, &pin);
	in = cur_of(buf_span(&out));
	pin_get(&in, &back);
	check(cur_done(&in) && pin_same(&pin, &back) && strcmp(pin.why, back.why) == 0);
	check(back.to_ns == INT64_MAX && back.last_seq == UINT64_MAX);
	for (size_t n = 0; n < out.n; n++) {
		in = cur_of(span_sub(buf_span(&out), 0, n));
		pin_get(&in, &back);
		check(in.bad);
	}
	buf_done(&out);
}

static void
what_is_no_hold_is_refused(void)
{
	struct pin pin = pin_all();
	char longer[PIN_NAME + 1];

	check(pin_check(&pin, NULL) == OK);
	pin.name[0] = '\0';
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	pin = pin_all();
	pin.why[3] = '\n';
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	pin = pin_all();
	pin.name[1] = (char)0xff;
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	pin = pin_all();
	pin.first_seq = 0;
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	pin = pin_all();
	pin.from_ns = 5;
	pin.to_ns = 4;
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	pin = pin_all();
	pin.class = 16;
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	pin = pin_all();
	pin.stream = 3;
	check(pin_check(&pin, NULL) == ERR_FORMAT);
	memset(longer, 'x', sizeof longer);
	check(!pin_text(pin.name, sizeof pin.name, span_of(longer, PIN_NAME)));
	check(pin_text(pin.name, sizeof pin.name, span_of(longer, PIN_NAME - 1)));
	check(!pin_text(pin.name, sizeof pin.name, span_of("a\0b", 3)));
}

int
main(void)
{
	run(a_hold_covers_what_overlaps_in_each_respect);
	run(its_octets_come_back_and_no_cut_of_them_is_a_hold);
	run(what_is_no_hold_is_refused);
	return check_done();
}
