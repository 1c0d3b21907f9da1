/* SPDX-License-Identifier: Apache-2.0 */
/* wire/relay.c: relay.md section 1. */
#include "base/must.h"
#include "wire/relay.h"
#include "check.h"

static enum err
first(struct span code, struct relay_entry *ret)
{
	struct cur in = cur_of(code);
	struct why why = { "" };
	enum err rc = relay_next(ret, &in, &why);

	check(rc != ERR_FORMAT || strncmp(why.text, "rule ", 5) == 0);
	return rc;
}

static void
what_is_put_comes_back(void)
{
	struct buf out = { 0 };
	struct relay_entry e;
	struct cur in;

	relay_put(&out, RELAY_GROUP, (struct span){ NULL, 0 });
	relay_put(&out, RELAY_SHAPE, SPAN("shape"));
	relay_batch_put(&out, 77, SPAN("batch"));
	in = cur_of(buf_span(&out));
	check_int(relay_next(&e, &in, NULL), OK);
	check_int(e.type, RELAY_GROUP);
	check_int(relay_next(&e, &in, NULL), OK);
	check_span(e.body, SPAN("shape"));
	check_int(relay_next(&e, &in, NULL), OK);
	check_int(e.place, 77);
	check_span(e.body, SPAN("batch"));
	check_int(relay_next(&e, &in, NULL), ERR_MORE);
	/* Cut anywhere inside of an entry it is broken; between two it is shorter. */
	for (size_t n = 1; n < out.n; n++) {
		in = cur_of(span_of(out.p, n));
		while (relay_next(&e, &in, NULL) == OK)
			;
		check((n == 2 || n == 9) == !in.bad);
	}
	buf_done(&out);
}

static void
each_rule_is_looked_at(void)
{
	struct relay_entry e;

	check_int(first(SPAN("\x01\x05" "abc"), &e), ERR_FORMAT);
	check_int(first(SPAN("\x05\x00"), &e), ERR_FORMAT);
	check_int(first(SPAN("\x00\x01x"), &e), ERR_FORMAT);
	check_int(first(SPAN("\x03\x07" "1234567"), &e), ERR_FORMAT);
	check_int(first(SPAN("\x03\x08\1\0\0\0\0\0\0\0"), &e), OK);
	check_int(e.body.n, 0);
	check_int(first(SPAN(""), &e), ERR_MORE);
}

static void
what_the_desk_has_is_left_out(void)
{
	struct buf group = { 0 }, rest = { 0 };
	uint64_t chain = 0, place[3], last = 0;
	struct relay_entry e;
	struct cur in;

	relay_put(&group, RELAY_GROUP, (struct span){ NULL, 0 });
	relay_put(&group, RELAY_SOURCE, SPAN("source"));
	for (unsigned i = 0; i < 3; i++) {
		place[i] = last = relay_place(last, &chain, SPAN("the same octets"));
		check_int(relay_number(place[i]), i + 1);
		relay_batch_put(&group, place[i], SPAN("the same octets"));
	}
	check((place[0] & 0xffffff) != (place[1] & 0xffffff));
	check_int(relay_skip(&rest, buf_span(&group), place[1], NULL), OK);
	in = cur_of(buf_span(&rest));
	check_int(relay_next(&e, &in, NULL), OK);
	check_int(relay_next(&e, &in, NULL), OK);
	check_int(e.type, RELAY_SOURCE);
	check_int(relay_next(&e, &in, NULL), OK);
	check_int((long long)e.place, (long long)place[2]);
	check_int(relay_next(&e, &in, NULL), ERR_MORE);
	buf_done(&group);
	buf_done(&rest);
}

static void
names_are_plain_and_counters_known(void)
{
	char longest[RELAY_NAME_BYTES + 2];

	memset(longest, 'a', sizeof longest);
	check(relay_name_is_good(SPAN("xa-phu-my.example.vn")));
	check(relay_name_is_good(SPAN("xã-phú-mỹ")));
	check(relay_name_is_good(span_of(longest, RELAY_NAME_BYTES)));
	check(!relay_name_is_good(span_of(longest, RELAY_NAME_BYTES + 1)));
	check(!relay_name_is_good(SPAN("")));
	check(!relay_name_is_good(SPAN("a b")));
	check(!relay_name_is_good(SPAN("../etc")));
	check(!relay_name_is_good(SPAN("a\"b")));
	check(!relay_name_is_good(SPAN("a\0b")));
	check(relay_counter_is_known(SPAN("udp.kernel_drops")));
	check(relay_counter_is_known(SPAN("a.b.records_cut")));
	check(!relay_counter_is_known(SPAN("kernel_drops")));
	check(!relay_counter_is_known(SPAN(".kernel_drops")));
	check(!relay_counter_is_known(SPAN("udp.records")));
	check(!relay_counter_is_known(SPAN("u/p.kernel_drops")));
}

int
main(void)
{
	run(what_is_put_comes_back);
	run(each_rule_is_looked_at);
	run(what_the_desk_has_is_left_out);
	run(names_are_plain_and_counters_known);
	return check_done();
}
