/* SPDX-License-Identifier: Apache-2.0 */
/* Tests wire/wire.c: every type once well-formed, then the ways to break it. */
#include "check.h"

#include "model/batch.h"
#include "model/shape.h"
#include "wire/wire.h"

struct bad {
	uint16_t type;
	const char *what;
	struct span payload;
};

#define BAD(type, what, literal) { type, what, { (const uint8_t *)(literal), sizeof(literal) - 1 } }

static const struct bad bad_table[] = {
	BAD(0, "type 0", ""),
	BAD(WIRE_END, "type past the end", ""),
	BAD(0xffff, "the largest type", ""),
	BAD(WIRE_HELLO, "no payload", ""),
	BAD(WIRE_HELLO, "role 0", "\0\1\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_HELLO, "a role that nobody has", "\377\1\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_HELLO, "version 2", "\1\2\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_HELLO, "one octet more", "\1\1\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_HELLO, "one octet less", "\1\1\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_SHAPE, "no shape", "\0\0\0\0"),
	BAD(WIRE_SHAPE, "id at the limit", "\0\x40\0\0\4\1\0\1x"),
	BAD(WIRE_SHAPE, "format 0", "\0\0\0\0\0\1\0\1x"),
	BAD(WIRE_SHAPE, "octets follow", "\0\0\0\0\4\1\0\1xy"),
	BAD(WIRE_SHAPE, "piece longer than the message", "\0\0\0\0\4\1\0\2x"),
	BAD(WIRE_SOURCE, "id at the limit", "\0\0\1\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_SOURCE, "class 16", "\0\0\0\0\x10\0\0\0\0\0\0\0"),
	BAD(WIRE_SOURCE, "trust 4", "\0\0\0\0\0\4\0\0\0\0\0\0"),
	BAD(WIRE_SOURCE, "octets follow", "\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_SOURCE, "string longer than the message", "\0\0\0\0\0\0\0\0\0\0\0\1"),
	BAD(WIRE_BATCH, "a head that ends early", "\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_BATCH, "stream 3", "\3\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_BATCH, "no rows", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_BATCH, "shapes past the end", "\0\0\1\0\0\0\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
	BAD(WIRE_ACK, "too many rows", "\1\0\0\0\0\0\0\0\1\0\1\0"),
	BAD(WIRE_ACK, "one octet less", "\1\0\0\0\0\0\0\0\1\0\0"),
	BAD(WIRE_REFUSE, "no reason", ""),
	BAD(WIRE_REFUSE, "refused with OK", "\0"),
	BAD(WIRE_REFUSE, "an unknown result", "\x0a"),
	BAD(WIRE_COUNTERS, "nothing", ""),
	BAD(WIRE_COUNTERS, "fewer than said", "\2\1a\1"),
	BAD(WIRE_COUNTERS, "more than said", "\1\1a\1\1"),
	BAD(WIRE_COUNTERS, "an empty name", "\1\0\1"),
	BAD(WIRE_COUNTERS, "too many", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"),
	BAD(WIRE_READY, "a NUL", "a\0b"),
	BAD(WIRE_STOP, "a payload", "x"),
	BAD(WIRE_CONF, "a NUL", "\0"),
	BAD(WIRE_ASK, "request 0", "\0\0"),
	BAD(WIRE_ASK, "request past the end", "\x11\0"),
	BAD(WIRE_ASK, "argument longer than the message", "\1\1"),
	BAD(WIRE_ASK, "octets follow", "\1\0\0"),
	BAD(WIRE_ANSWER, "nothing", ""),
	BAD(WIRE_ANSWER, "an unknown result", "\x0a"),
	BAD(WIRE_MODEM, "no place", ""),
	BAD(WIRE_MODEM, "a NUL", "\1a\0"),
	BAD(WIRE_KEY, "key 2", "\2aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
	BAD(WIRE_SUSPECT, "7 octets", "aaaaaaa"),
	BAD(WIRE_SUSPECT, "9 octets", "aaaaaaaaa"),
	BAD(WIRE_REGISTER, "a NUL", "id\0"),
	BAD(WIRE_PLACE, "23 octets", "aaaaaaaaaaaaaaaaaaaaaaa"),
	BAD(WIRE_PLACE, "39 octets", "aaaaaaa\x80\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
	    "aaaaaab\x80\0\0\0\0\0\0\0"),
	BAD(WIRE_PLACE, "no content", "aaaaaaaa\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
	BAD(WIRE_PLACE, "no way on", "aaaaaaa\x80\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
	BAD(WIRE_PLACE, "beside itself", "aaaaaaa\x80\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
	    "aaaaaaa\x80\0\0\0\0\0\0\0\0"),
	BAD(WIRE_PLACE, "beside nothing", "aaaaaaa\x80\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
	    "\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
	BAD(WIRE_ENROL, "what is none", "\2aaaaaaaaaaaaaaaa\0\0"),
	BAD(WIRE_ENROL, "octets follow", "\0aaaaaaaaaaaaaaaa\0\0\0"),
	BAD(WIRE_ENROL, "a body longer than the message", "\0aaaaaaaaaaaaaaaa\0\1"),
	BAD(WIRE_ENROLLED, "status 199", "\xc7\0"),
	BAD(WIRE_ENROLLED, "status 600", "\x58\2"),
	BAD(WIRE_ENROLLED, "a NUL", "\xc8\0a\0"),
	BAD(WIRE_ROLL, "no certificate", "\0\1k\1a\0"),
	BAD(WIRE_ROLL, "no key", "\1c\0\1a\0"),
	BAD(WIRE_ROLL, "more clients than said", "\1c\1k\1a\0a"),
	BAD(WIRE_ROLL, "fewer clients than said", "\1c\1k\1a\1"),
	BAD(WIRE_ROLL, "a client without a name",
	    "\1c\1k\1a\1aaaaaaaaaaaaaaaa\0\0\xff\0\0\0\0\0\0\0\0"),
	BAD(WIRE_ROLL, "a client of class 16",
	    "\1c\1k\1a\1aaaaaaaaaaaaaaaa\1n\0\x10\0\0\0\0\0\0\0\0"),
	BAD(WIRE_ROLL, "too many clients", "\1c\1k\1a\x81\x80\1"),
	BAD(WIRE_KEY, "31 octets", "\0aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
};

static const struct bad good_table[] = {
	BAD(WIRE_HELLO, "intake", "\2\1\0\0\0\1\2\3\4\5\6\7\x08"),
	BAD(WIRE_SHAPE, "one piece", "\0\0\0\0\4\1\0\1x"),
	BAD(WIRE_SHAPE, "one hole", "\1\0\0\0\4\1\1\0\0\1\4_msg\0"),
	BAD(WIRE_SOURCE, "all strings empty", "\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_BATCH, "a head", "\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_ACK, "held since before", "\0\0\0\0\0\0\0\0\0\0\0\0"),
	BAD(WIRE_ENROL, "an empty one", "\1aaaaaaaaaaaaaaaa\0\0"),
	BAD(WIRE_ENROLLED, "a word", "\xc8\0word"),
	BAD(WIRE_ROLL, "nobody", "\1c\1k\1a\0"),
	BAD(WIRE_ROLL, "one of the listener's class",
	    "\1c\1k\1a\1aaaaaaaaaaaaaaaa\1n\7\xff\0\0\0\0\0\0\0\0"),
	BAD(WIRE_REFUSE, "disk full", "\5disk full"),
	BAD(WIRE_COUNTERS, "none", "\0"),
	BAD(WIRE_COUNTERS, "two", "\2\1a\1\1b\x80\1"),
	BAD(WIRE_READY, "no text", ""),
	BAD(WIRE_STOP, "nothing", ""),
	BAD(WIRE_CONF, "some text", "a: b\n"),
	BAD(WIRE_ASK, "hold", "\4\1\x3c"),
	BAD(WIRE_ANSWER, "any octets", "\0\0\1\2"),
	BAD(WIRE_SUSPECT, "a hash", "aaaaaaaa"),
	BAD(WIRE_REGISTER, "a register", "id,from\n"),
	BAD(WIRE_PLACE, "a place", "aaaaaaa\x80\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"),
	BAD(WIRE_PLACE, "one beside another", "aaaaaaa\x80\0\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0"
	    "aaaaaab\x80\0\0\0\0\0\0\0\0"),
	BAD(WIRE_KEY, "32 octets", "\1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
};

static void
every_way_to_break_the_table_is_refused_with_a_reason(void)
{
	for (size_t i = 0; i < sizeof bad_table / sizeof bad_table[0]; i++) {
		struct why why = { "" };
		const struct bad *b = &bad_table[i];

		if (!check(wire_check(b->type, b->payload, &why) == ERR_FORMAT))
			printf("accepted: type %u, %s\n", b->type, b->what);
		check(why.text[0] != '\0');
	}
}

static void
well_formed_messages_of_every_type_pass(void)
{
	for (size_t i = 0; i < sizeof good_table / sizeof good_table[0]; i++) {
		struct why why = { "" };
		const struct bad *b = &good_table[i];

		if (!check(wire_check(b->type, b->payload, &why) == OK))
			printf("refused: type %u, %s: %s\n", b->type, b->what, why.text);
	}
}

static void
no_message_is_longer_than_the_limit(void)
{
	static uint8_t big[WIRE_LIMIT + 1];

	for (uint16_t type = 1; type < WIRE_END; type++)
		check(wire_check(type, span_of(big, sizeof big), NULL) == ERR_FORMAT);
}

static void
an_ack_comes_back_as_it_was_written(void)
{
	struct buf out = { 0 };
	uint64_t first = 7;
	uint32_t rows = 7;

	wire_ack_encode(&out, UINT64_C(0x1122334455667788), 65536);
	check(wire_check(WIRE_ACK, buf_span(&out), NULL) == OK);
	check(wire_ack_decode(buf_span(&out), &first, &rows) == OK);
	check(first == UINT64_C(0x1122334455667788));
	check_int(rows, 65536);
	rows = 7;
	check(wire_ack_decode(span_of(out.p, out.n - 1), &first, &rows) == ERR_FORMAT);
	check_int(rows, 7);
	buf_done(&out);
}

static void
every_role_has_a_name(void)
{
	uint8_t hello[13] = { WIRE_ROLE_END, WIRE_VERSION };

	check_int(wire_check(WIRE_HELLO, span_of(hello, sizeof hello), NULL), ERR_FORMAT);
	hello[0] = WIRE_ROLE_END - 1;
	check_int(wire_check(WIRE_HELLO, span_of(hello, sizeof hello), NULL), OK);
	check(span_is(span_str(wire_role_name(WIRE_INTAKE)), "intake"));
	check(span_is(span_str(wire_role_name(0)), "unknown"));
	check(span_is(span_str(wire_role_name(WIRE_ROLE_END)), "unknown"));
	for (unsigned role = WIRE_PARENT; role < WIRE_ROLE_END; role++)
		check(!span_is(span_str(wire_role_name(role)), "unknown"));
}

int
main(void)
{
	run(every_way_to_break_the_table_is_refused_with_a_reason);
	run(well_formed_messages_of_every_type_pass);
	run(no_message_is_longer_than_the_limit);
	run(an_ack_comes_back_as_it_was_written);
	run(every_role_has_a_name);
	return check_done();
}
