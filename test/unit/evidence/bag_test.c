/* SPDX-License-Identifier: Apache-2.0 */
/* Tests evidence/bag.c, pieces.c, sums.c; base/template.c. */
#include "check.h"

#include "base/template.h"
#include "evidence/bag.h"
#include "evidence/pieces.h"

static void
a_folder_has_a_plain_name(void)
{
	check(bag_top_ok(SPAN("vu-12_2026.a")));
	check(!bag_top_ok(SPAN("")));
	check(!bag_top_ok(SPAN(".")));
	check(!bag_top_ok(SPAN("..")));
	check(!bag_top_ok(SPAN("a/b")));
	check(!bag_top_ok(SPAN("vụ")));
	check(!bag_top_ok(SPAN("0123456789012345678901234567890123456789012345678901234567890123"
	    "4")));
}

static void
a_claim_is_read_as_it_was_written(void)
{
	static const char *const bad[] = {
		"", "trucban/evidence/v1\n",
		"trucban/evidence/v2\nstream raw\nrecords 1\nclaim none\n\n",
		"trucban/evidence/v1\nstream rew\nrecords 1\nclaim none\n\n",
		"trucban/evidence/v1\nstream raw\nrecords x\nclaim none\n\n",
		"trucban/evidence/v1\nstream raw\nrecords 1\nclaim range 5 4\n\n",
		"trucban/evidence/v1\nstream raw\nrecords 1\nclaim range 0 4\n\n",
		"trucban/evidence/v1\nstream raw\nrecords 1\nclaim range 5\n\n",
		"trucban/evidence/v1\nstream raw\nrecords 1\nclaim none\nx\n",
	};
	struct bag_claim claim = { .stream = 2, .records = 7, .first_seq = 3, .last_seq = 9 };
	struct bag_claim got;
	struct buf text = { 0 };
	struct span rest;
	uint64_t line = 0;

	bag_claim_put(&text, &claim);
	buf_str(&text, "leaf");
	rest = buf_span(&text);
	check_int(bag_claim_get(&got, &rest, &line, NULL), OK);
	check(got.stream == 2 && got.records == 7 && got.first_seq == 3 && got.last_seq == 9);
	check_span(rest, SPAN("leaf"));
	check_int(line, 5);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		rest = span_str(bad[i]);
		check_int(bag_claim_get(&got, &rest, &line, NULL), ERR_FORMAT);
	}
	buf_done(&text);
}

static void
a_line_of_fields_names_its_record(void)
{
	struct span name;
	uint64_t seq;

	check(bag_fields_record(SPAN("{\"a\":\"b\",\"_seq\":\"raw:1:42\"}"), &seq, &name));
	check_int(seq, 42);
	check_span(name, SPAN("raw:1:42"));
	check(bag_fields_record(SPAN("{\"_seq\":\"raw:1:42\"}"), &seq, &name));
	check(!bag_fields_record(SPAN("{\"_seq\":\"raw:1:42\",\"a\":\"b\"}"), &seq, &name));
	check(!bag_fields_record(SPAN("{\"a\":\"raw:1:42\"}"), &seq, &name));
	check(!bag_fields_record(SPAN("{\"_seq\":\"raw:1:\"}"), &seq, &name));
	check(!bag_fields_record(SPAN("\"}"), &seq, &name));
	check(!bag_fields_record(SPAN(""), &seq, &name));
}

static void
sums_are_those_of_the_tools(void)
{
	struct summing *s = summing_new();
	struct buf hex = { 0 };
	struct sums sums;

	summing_add(s, SPAN("ab"));
	summing_add(s, SPAN("c"));
	summing_end(&s, &sums);
	check_int(sums.bytes, 3);
	check_int(sums.crc, 0x352441c2);
	sums_hex(&hex, sums.sha256, SUMS_SHA256);
	check_span(buf_span(&hex), SPAN("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f"
	    "20015ad"));
	hex.n = 0;
	sums_hex(&hex, sums.blake2b, 8);
	check_span(buf_span(&hex), SPAN("ba80a53f981c4d0d"));
	buf_done(&hex);
}

static void
json_is_safe(void)
{
	struct buf out = { 0 };

	bag_json_put(&out, SPAN("a\"b\\c\n\x7f\xff Đ \xe2\x80\xae"));
	check_span(buf_span(&out), SPAN("a\\\"b\\\\c\\u000a\\u007f\\ufffd Đ \\u202e"));
	buf_done(&out);
}

static void
a_template_is_filled_and_nothing_gets_out_of_its_place(void)
{
	const struct template_value value[] = { { "a", SPAN("<b>&\n\"") }, { "c", SPAN("d") } };
	struct buf out = { 0 };

	check_int(template_fill(&out, SPAN("x {{a}} {{c}}{{c}} }} {"), TEMPLATE_HTML, value, 2,
	    NULL), OK);
	check_span(buf_span(&out), SPAN("x &#60;b&#62;&#38; &#34; dd }} {"));
	out.n = 0;
	check_int(template_fill(&out, SPAN("{{a}}"), TEMPLATE_TEXT, value, 2, NULL), OK);
	check_span(buf_span(&out), SPAN("<b>& \""));
	check_int(template_fill(&out, SPAN("{{z}}"), TEMPLATE_TEXT, value, 2, NULL), ERR_FORMAT);
	check_int(template_fill(&out, SPAN("{{a"), TEMPLATE_TEXT, value, 2, NULL), ERR_FORMAT);
	buf_done(&out);
}

static bool
on_piece(void *ctx, enum piece_type type, struct span octets)
{
	struct buf *seen = ctx;

	buf_printf(seen, "%d:", (int)type);
	buf_span_put(seen, octets);
	buf_u8(seen, ' ');
	return !span_is(octets, "stop");
}

static void
pieces_come_in_any_portions(void)
{
	struct buf sent = { 0 }, seen = { 0 };

	piece_put(&sent, PIECE_ABOUT, SPAN("one"));
	piece_put(&sent, PIECE_TOTAL, SPAN(""));
	piece_put(&sent, PIECE_END, SPAN("three"));
	for (size_t step = 1; step <= sent.n; step++) {
		struct pieces p = { 0 };

		seen.n = 0;
		for (size_t at = 0; at < sent.n; at += step)
			check_int(pieces_take(&p, span_sub(buf_span(&sent), at, step), on_piece,
			    &seen, NULL), OK);
		check_span(buf_span(&seen), SPAN("1:one 7: 10:three "));
		check(p.ended && p.part.n == 0);
		pieces_done(&p);
	}
	buf_done(&sent);
	buf_done(&seen);
}

static void
wrong_pieces_are_refused(void)
{
	const struct {
		struct span bytes;
		enum err want;
	} row[] = {
		{ SPAN("\000\000\000\000\000"), ERR_FORMAT },
		{ SPAN("\014\000\000\000\000"), ERR_FORMAT },
		{ SPAN("\001\377\377\377\377"), ERR_FORMAT },
		{ SPAN("\001\004\000\000\000stop"), ERR_BUSY },
		{ SPAN("\012\000\000\000\000\001\000\000\000\000"), ERR_FORMAT },
		{ SPAN("\001\004\000\000\000sto"), OK },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct pieces p = { 0 };
		struct buf seen = { 0 };

		check_int(pieces_take(&p, row[i].bytes, on_piece, &seen, NULL), row[i].want);
		pieces_done(&p);
		buf_done(&seen);
	}
}

int
main(void)
{
	run(a_folder_has_a_plain_name);
	run(a_claim_is_read_as_it_was_written);
	run(a_line_of_fields_names_its_record);
	run(sums_are_those_of_the_tools);
	run(json_is_safe);
	run(a_template_is_filled_and_nothing_gets_out_of_its_place);
	run(pieces_come_in_any_portions);
	run(wrong_pieces_are_refused);
	return check_done();
}
