/* SPDX-License-Identifier: Apache-2.0 */
/* Tests parse/unpack.c: what the golden bodies of test/golden/parse do not show. */
#include "check.h"
#include "rig.h"

static struct unpack *u;

static enum err
next(struct unpacked *one, struct why *why)
{
	*why = (struct why){ "" };
	return unpack_next(u, one, why);
}

static void
a_broken_body_ends_and_the_next_one_begins_anew(void)
{
	struct unpacked one;
	struct why why;

	u = unpack_new();
	unpack_begin(u, UNPACK_LOKI_JSON,
	    SPAN("{\"streams\":[{\"stream\":{\"a\":\"b\"},\"values\":[[\"1\",\"x\"],7]}]}"));
	check_int(next(&one, &why), OK);
	check_int(next(&one, &why), ERR_FORMAT);
	check_int(next(&one, &why), ERR_ABSENT);
	unpack_begin(u, UNPACK_OTLP_PROTO, SPAN("\x0a\x06\x12\x04\x12\x02\x10\x09"));
	check_int(next(&one, &why), OK);
	check_span(one.record, SPAN("{\"severity_number\":9,\"otel.scope\":{}}"));
	check_int(next(&one, &why), ERR_ABSENT);
	/* Begun and left in its middle. */
	unpack_begin(u, UNPACK_LOKI_JSON, SPAN("{\"streams\":[{\"stream\":{},\"values\":["
	    "[\"1\",\"x\"],[\"2\",\"y\"]]}]}"));
	check_int(next(&one, &why), OK);
	unpack_begin(u, UNPACK_ENTRY, SPAN("A=1\n"));
	check_int(next(&one, &why), OK);
	check_span(one.record, SPAN("{\"A\":\"1\"}"));
	check_int(next(&one, &why), ERR_ABSENT);
	unpack_free(&u);
}

static void
what_is_longer_than_a_record_is_cut_and_counted(void)
{
	struct buf body = { 0 };
	struct unpacked one;
	struct why why;

	u = unpack_new();
	buf_str(&body, "{\"streams\":[{\"stream\":{},\"values\":[[\"1\",\"");
	memset(buf_add(&body, LIMIT_RECORD_BYTES), 'x', LIMIT_RECORD_BYTES);
	buf_str(&body, "\"]]}]}");
	unpack_begin(u, UNPACK_LOKI_JSON, buf_span(&body));
	check_int(next(&one, &why), OK);
	check_int(one.record.n, LIMIT_RECORD_BYTES);
	check_int(one.cut, sizeof "{\"_time\":\"1\",\"_msg\":\"\",\"stream\":{}}" - 1);
	check_int(next(&one, &why), ERR_ABSENT);
	unpack_free(&u);
	buf_done(&body);
}

static void
a_field_of_an_entry_that_has_no_room_is_left_out(void)
{
	enum { QUARTER = LIMIT_RECORD_BYTES / 4 };
	struct buf body = { 0 };
	struct unpacked one;
	struct why why;

	u = unpack_new();
	buf_str(&body, "A=");
	memset(buf_add(&body, LIMIT_RECORD_BYTES), 'x', LIMIT_RECORD_BYTES);
	buf_str(&body, "\nB\n");
	buf_u64(&body, QUARTER);	/* as numbers four times as long */
	memset(buf_add(&body, QUARTER), 0xff, QUARTER);
	buf_str(&body, "\nC=3\n");
	unpack_begin(u, UNPACK_ENTRY, buf_span(&body));
	check_int(next(&one, &why), OK);
	check_span(one.record, SPAN("{\"C\":\"3\"}"));
	check_int(one.cut, LIMIT_RECORD_BYTES + QUARTER + 2);
	unpack_free(&u);
	buf_done(&body);
}

static void
the_sentence_names_the_octet(void)
{
	struct unpacked one;
	struct why why;

	u = unpack_new();
	unpack_begin(u, UNPACK_LOKI_PROTO, SPAN("\x0a\x04\x0a\x02{}\x0a\x7f"));
	check_int(next(&one, &why), ERR_FORMAT);
	check(strcmp(why.text, "broken protobuf message at octet 6") == 0);
	unpack_begin(u, UNPACK_OTLP_JSON, SPAN("{\"resourceLogs\":[1]}"));
	check_int(next(&one, &why), ERR_FORMAT);
	check(strcmp(why.text, "an element that is no object at octet 18") == 0);
	unpack_free(&u);
}

int
main(void)
{
	run(a_broken_body_ends_and_the_next_one_begins_anew);
	run(what_is_longer_than_a_record_is_cut_and_counted);
	run(a_field_of_an_entry_that_has_no_room_is_left_out);
	run(the_sentence_names_the_octet);
	return check_done();
}
