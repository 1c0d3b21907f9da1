/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/framing.c: every input whole and in small steps gives the same records. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "intake/framing.h"

struct example {
	const char *what;
	struct span in;
	const char *want;	/* '|' behind each, "+n" cut octets; at last '!' a break */
};

#define IN(literal) { (const uint8_t *)(literal), sizeof(literal) - 1 }

static const struct example examples[] = {
	{ "lines", IN("<1>a\n<2>b\n"), "<1>a|<2>b|" },
	{ "a last line without LF", IN("<1>a\n<2>b"), "<1>a|<2>b|" },
	{ "CR stays", IN("<1>a\r\nb\r\n"), "<1>a\r|b\r|" },
	{ "empty lines are empty records", IN("\n\na\n"), "||a|" },
	{ "counted", IN("4 <1>a5 <2>bc"), "<1>a|<2>bc|" },
	{ "counted, LF inside", IN("6 <1>\nb\n8x"), "<1>\nb\n|8x|!" },
	{ "counted, LF behind each", IN("3 <1>2 <2\n"), "<1>|<2|" },
	{ "counted, a record without <", IN("3 <1>3 abc"), "<1>|abc|" },
	{ "counted, zero in front", IN("3 <1>03 <1>"), "<1>|03 <1>|!" },
	{ "counted, length zero", IN("3 <1>0 "), "<1>|0 |!" },
	{ "counted, no number", IN("3 <1>xyz"), "<1>|xyz|!" },
	{ "counted, space in front", IN("3 <1> 3 <1>"), "<1>| 3 <1>|!" },
	{ "counted, minus", IN("3 <1>-3 <1>"), "<1>|-3 <1>|!" },
	{ "counted, plus", IN("3 <1>+3 <1>"), "<1>|+3 <1>|!" },
	{ "counted, hexadecimal", IN("3 <1>0x3 <1>"), "<1>|0x3 <1>|!" },
	{ "counted, eight digits", IN("3 <1>12345678 <"), "<1>|12345678 <|!" },
	{ "counted, a tab for the space", IN("3 <1>3\t<1>"), "<1>|3\t<1>|!" },
	{ "counted, LF among the digits", IN("3 <1>1\n2 <"), "<1>|1|<|+1!" },
	{ "counted, digits up to the end", IN("3 <1>1234567"), "<1>|1234567|!" },
	{ "counted, cut off by the end", IN("3 <1>9 xy"), "<1>|xy|+7" },
	{ "counted, the first cut off by the end", IN("9 <x"), "<x|+7" },
	{ "counted, nothing of it came", IN("3 <1>9 "), "<1>|" },
	{ "a line among counted ones", IN("3 <1><2>line\n3 <3>"), "<1>|<2>line|<3>|!" },
	{ "lines and counted ones in turns",
	    IN("3 <1>\n<2>a\n<2>b\r\n4 <3>c4 <4>d\n\n5\n3 <5>"),
	    "<1>|<2>a|<2>b\r|<3>c|<4>d|5|<5>|!!" },
	{ "an empty line among lines behind counted ones", IN("3 <1>x\n\ny\n"), "<1>|x||y|!" },
	{ "eight digits are a line", IN("12345678 <1>\ny\n"), "12345678 <1>|y|" },
	{ "digits without a space are a line", IN("2024-01-01 x\ny\n"), "2024-01-01 x|y|" },
	{ "a number and a word are a line", IN("134681 node-148 up\n134682 node-149 up\n"),
	    "134681 node-148 up|134682 node-149 up|" },
	{ "a number and two spaces are a line", IN("7  <1>\n"), "7  <1>|" },
	{ "a number, a space and LF are a line", IN("7 \n8 \n"), "7 |8 |" },
	{ "a digit and LF are a line", IN("7\n8\n"), "7|8|" },
	{ "digits only, then the end", IN("123"), "123|" },
	{ "digits and a space, then the end", IN("123 "), "123 |" },
	{ "a zero first is a line", IN("0 <1>\n"), "0 <1>|" },
	{ "space first is a line", IN(" 3 x\n"), " 3 x|" },
	{ "a count later is a line", IN("a\n3 <1>\n"), "a|3 <1>|" },
	{ "nothing", IN(""), "" },
	{ "only LF", IN("\n"), "|" },
};

static void
show(struct buf *out, const struct frame *frame)
{
	for (size_t i = 0; i < frame->record.n; i++)
		buf_u8(out, frame->record.p[i] == 0 ? '0' : frame->record.p[i]);
	buf_u8(out, '|');
	if (frame->cut > 0)
		buf_printf(out, "+%llu", (unsigned long long)frame->cut);
}

/* All records of in, given `step` octets at a time. */
static void
frames_of(struct buf *out, struct span in, size_t step)
{
	struct framing framing = { 0 };
	struct frame frame;
	enum err rc = ERR_MORE;

	while (in.n > 0 && rc != ERR_FORMAT) {
		struct span part = span_sub(in, 0, step);
		uint8_t *copy = xmemdup(part.p, part.n);

		in = span_sub(in, step, SIZE_MAX);
		part.p = copy;
		while ((rc = framing_next(&framing, &part, LIMIT_RECORD_BYTES, &frame)) == OK)
			show(out, &frame);
		check(rc == ERR_FORMAT || part.n == 0);
		free(copy);
	}
	if (framing_end(&framing, &frame) == OK)
		show(out, &frame);
	for (uint64_t i = 0; i < framing.broken; i++)
		buf_u8(out, '!');
	framing_done(&framing);
}

static void
records_are_the_same_however_the_stream_is_cut(void)
{
	static const size_t steps[] = { 4096, 1, 2, 3, 5 };

	for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
		for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
			struct buf out = { 0 };

			buf_reserve(&out, 1);
			frames_of(&out, examples[i].in, steps[k]);
			if (!check_span(buf_span(&out), span_str(examples[i].want)))
				printf("%s, %zu octets at a time\n", examples[i].what, steps[k]);
			buf_done(&out);
		}
	}
}

static void
a_nul_behind_the_first_record_makes_it_the_trailer(void)
{
	struct buf out = { 0 };

	frames_of(&out, (struct span)IN("<1>a\nb\0<2>c\0"), 4096);
	check_span(buf_span(&out), SPAN("<1>a|b0<2>c0|"));
	out.n = 0;
	frames_of(&out, (struct span)IN("<1>a\0<2>c\nd\0"), 4096);
	check_span(buf_span(&out), SPAN("<1>a|<2>c\nd|"));
	out.n = 0;
	frames_of(&out, (struct span)IN("a\0b\nc\n"), 4096);
	check_span(buf_span(&out), SPAN("a0b|c|"));
	buf_done(&out);
}

static void
nul_framing_does_not_swallow_lines_for_ever(void)
{
	struct framing framing = { 0 };
	struct span in = IN("<1>a\0");
	uint8_t *lines = xmalloc(70000);
	struct frame frame;

	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), OK);
	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), ERR_MORE);
	memset(lines, '\n', 70000);
	in = span_of(lines, 70000);
	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), ERR_FORMAT);
	framing_done(&framing);
	free(lines);
}

static void
a_sender_that_counts_wrongly_is_not_followed_for_ever(void)
{
	struct framing framing = { 0 };
	struct span in = IN("3 <1>no count");
	uint8_t *more = xmalloc(70000);
	struct frame frame;

	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), OK);
	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), ERR_MORE);
	memset(more, 'x', 70000);
	in = span_of(more, 70000);
	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), ERR_FORMAT);
	check_int(framing_end(&framing, &frame), OK);
	check_int(frame.record.n, 70000 + 8);
	check_int(framing.broken, 2);
	framing_done(&framing);
	free(more);
}

/* Feeds n octets of 'x' after head, in pieces; the largest memory seen. */
static size_t
feed_long(struct framing *framing, const char *head, size_t n, struct frame *ret_frame)
{
	static uint8_t piece[10000];
	struct span in = span_str(head);
	size_t most = 0;

	memset(piece, 'x', sizeof piece);
	check_int(framing_next(framing, &in, LIMIT_RECORD_BYTES, ret_frame), ERR_MORE);
	while (n > 0) {
		size_t k = n < sizeof piece ? n : sizeof piece;

		in = span_of(piece, k);
		n -= k;
		if (framing_next(framing, &in, LIMIT_RECORD_BYTES, ret_frame) == OK)
			return most;
		if (framing_held(framing) > most)
			most = framing_held(framing);
	}
	in = SPAN("\nend\n");
	check_int(framing_next(framing, &in, LIMIT_RECORD_BYTES, ret_frame), OK);
	return most;
}

static void
a_long_record_is_cut_counted_and_not_held(void)
{
	struct framing lines = { 0 }, counted = { 0 };
	struct frame frame = { 0 };
	size_t most;

	most = feed_long(&lines, "<", 5000000, &frame);
	check_int(frame.record.n, LIMIT_RECORD_BYTES);
	check_int(frame.cut, 5000001 - LIMIT_RECORD_BYTES);
	check(most < 2 * LIMIT_RECORD_BYTES);
	framing_done(&lines);

	most = feed_long(&counted, "5000000 <", 4999999, &frame);
	check_int(frame.record.n, LIMIT_RECORD_BYTES);
	check_int(frame.cut, 5000000 - LIMIT_RECORD_BYTES);
	check(most < 2 * LIMIT_RECORD_BYTES);
	framing_done(&counted);
}

static void
with_little_memory_the_record_is_cut_sooner(void)
{
	struct framing framing = { 0 };
	struct span in = IN("<1>abcdef");
	struct frame frame;

	check_int(framing_next(&framing, &in, 4, &frame), ERR_MORE);
	in = (struct span)IN("gh\nrest\n");
	check_int(framing_next(&framing, &in, 4, &frame), OK);
	check_span(frame.record, SPAN("<1>a"));
	check_int(frame.cut, 7);
	check_int(framing_next(&framing, &in, 4, &frame), OK);
	check_span(frame.record, SPAN("rest"));
	check_int(frame.cut, 0);
	framing_done(&framing);
}

static void
between_records_nothing_is_held(void)
{
	struct framing framing = { 0 };
	struct span in = IN("<1>a");
	struct frame frame;

	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), ERR_MORE);
	check(framing_held(&framing) > 0);
	in = SPAN("b\n");
	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), OK);
	check_int(framing_next(&framing, &in, LIMIT_RECORD_BYTES, &frame), ERR_MORE);
	check_int(framing_held(&framing), 0);
	framing_done(&framing);
}

int
main(void)
{
	run(records_are_the_same_however_the_stream_is_cut);
	run(a_nul_behind_the_first_record_makes_it_the_trailer);
	run(nul_framing_does_not_swallow_lines_for_ever);
	run(a_sender_that_counts_wrongly_is_not_followed_for_ever);
	run(a_long_record_is_cut_counted_and_not_held);
	run(with_little_memory_the_record_is_cut_sooner);
	run(between_records_nothing_is_held);
	return check_done();
}
