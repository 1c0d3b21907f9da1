/* SPDX-License-Identifier: Apache-2.0 */
/* Where records of files end, and what a file is guessed to be: parse/split.c, parse/guess.c. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "base/buf.h"
#include "base/civil.h"
#include "base/must.h"
#include "parse/parse.h"

/* All records, "|" behind each, "~" before a cut one; pieces of `step` octets. */
static void
split_all(struct buf *out, struct split split, struct span in, size_t step, uint64_t *ret_passed)
{
	struct buf held = { 0 };
	struct split_record r;
	size_t at = 0;
	enum err rc;

	out->n = 0;
	*ret_passed = 0;
	for (;;) {
		bool end = at == in.n;

		do {
			rc = split_next(&split, buf_span(&held),
			    end ? SPLIT_COMPLETE : SPLIT_MORE_COMES, &r);
			if (rc == OK) {
				buf_str(out, r.cut ? "~" : "");
				buf_span_put(out, r.record);
				buf_str(out, "|");
			}
			*ret_passed += r.passed;
			must(r.taken <= held.n);
			if (r.taken > 0)
				memmove(held.p, held.p + r.taken, held.n - r.taken);
			held.n -= r.taken;
		} while (rc == OK || r.taken > 0);
		if (end)
			break;
		buf_span_put(&held, span_sub(in, at, step));
		at += span_sub(in, at, step).n;
	}
	must(held.n == 0);
	buf_done(&held);
}

static const struct join indent = { .kind = JOIN_INDENT };

static bool
splits_to(enum split_kind kind, const char *in, const char *want)
{
	static const size_t step[] = { 1, 2, 3, 7, 1000 };
	const struct split split = { .kind = (uint8_t)kind, .comma = ',', .join = &indent };
	struct buf out = { 0 };
	uint64_t passed;
	bool same = true;

	for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
		split_all(&out, split, span_str(in), step[i], &passed);
		same = same && span_is(buf_span(&out), want);
		if (!same)
			(void)printf("# %.*s\n", (int)out.n, (const char *)out.p);
	}
	buf_done(&out);
	return same;
}

static void
lines_end_at_a_line_feed_or_with_the_file(void)
{
	check(splits_to(SPLIT_LINES, "a\nbc\n\nd", "a|bc||d|"));
	check(splits_to(SPLIT_LINES, "a\r\n\"b\n", "a\r|\"b|"));
	check(splits_to(SPLIT_LINES, "", ""));
}

static void
lines_that_are_joined_end_where_the_next_record_begins(void)
{
	check(splits_to(SPLIT_JOINED, "a\n b\n\nc\n d", "a\n b\n|c\n d|"));
	check(splits_to(SPLIT_JOINED, "\na\r\n b\r\nc\n", "|a\r\n b\r|c|"));
	check(splits_to(SPLIT_JOINED, "", ""));
}

static void
rows_of_csv_may_hold_line_feeds_in_quotes(void)
{
	check(splits_to(SPLIT_CSV, "a,b\n1,\"x\ny\"\n2,\"\"\"\n\"\"\"\n",
	    "a,b|1,\"x\ny\"|2,\"\"\"\n\"\"\"|"));
	check(splits_to(SPLIT_CSV, "5\" pipe,x\n6\"\",y\nz", "5\" pipe,x|6\"\",y|z|"));
}

static void
a_quote_that_is_never_closed_takes_one_line(void)
{
	struct buf in = { 0 }, out = { 0 };
	uint64_t passed;

	check(splits_to(SPLIT_CSV, "1,\"x\n2,y\n3,z\n", "1,\"x|2,y|3,z|"));
	buf_str(&in, "1,\"x\n");
	for (int i = 0; i < 20000; i++)
		buf_str(&in, "2,line\n");
	split_all(&out, (struct split){ .kind = SPLIT_CSV, .comma = ',' }, buf_span(&in), 4096,
	    &passed);
	check(span_starts(buf_span(&out), SPAN("1,\"x|2,line|2,line|")));
	check(out.n == in.n);
	buf_done(&in);
	buf_done(&out);
}

static void
json_values_come_in_arrays_and_over_lines(void)
{
	check(splits_to(SPLIT_JSON, "\xef\xbb\xbf{\"a\":1}\n\xef\xbb\xbf{\"b\":2}",
	    "{\"a\":1}|{\"b\":2}|"));
	check(splits_to(SPLIT_JSON, "\xef\xbb", "\xef\xbb|"));
	check(splits_to(SPLIT_JSON, "[ {\"a\":\"}\\\"{\"},\n {\"b\":[1,{}]} ]\n",
	    "{\"a\":\"}\\\"{\"}|{\"b\":[1,{}]}|"));
	check(splits_to(SPLIT_JSON, "{\n \"a\": 1\n}\n{\n}\n", "{\n \"a\": 1\n}|{\n}|"));
	check(splits_to(SPLIT_JSON, "[1,\n{}]", "1,|{}|"));
	check(splits_to(SPLIT_JSON, "{\"cut\": \"of", "{\"cut\": \"of|"));
}

static void
a_record_that_is_too_long_is_cut_and_the_rest_counted(void)
{
	static const struct split kind[] = { { .kind = SPLIT_LINES },
	    { .kind = SPLIT_CSV, .comma = ',' }, { .kind = SPLIT_JSON },
	    { .kind = SPLIT_JOINED, .join = &indent } };
	static const size_t step[] = { 65536, 131072, 8 << 20 };
	struct buf in = { 0 }, out = { 0 };
	uint64_t passed;

	buf_str(&in, "{\"a\":\"");
	memset(buf_add(&in, 3 << 20), 'x', 3 << 20);
	buf_str(&in, "\"}\n{}\n");
	for (size_t k = 0; k < 4; k++)
		for (size_t i = 0; i < 3; i++) {
			split_all(&out, kind[k], buf_span(&in), step[i], &passed);
			check(out.n == LIMIT_RECORD_BYTES + 2 + 3);
			check(span_is(span_sub(buf_span(&out), out.n - 4, 4), "|{}|"));
			/* A line's feed is of what is passed, an object's is not. */
			check(passed == in.n - 3 - LIMIT_RECORD_BYTES - (k == 2));
		}
	buf_done(&in);
	buf_done(&out);
}

static enum parse_form
guessed(const char *head)
{
	struct guess guess;

	guess_make(&guess, span_str(head), SPLIT_COMPLETE, FORM_AUTO);
	return (enum parse_form)guess.form;
}

static void
a_form_is_guessed_from_the_first_lines(void)
{
	check(guessed("") == FORM_PLAIN);
	check(guessed("hello\nworld\n") == FORM_PLAIN);
	check(guessed("<13>1 2026-03-01T00:00:00Z h a - - - t\n") == FORM_SYSLOG);
	check(guessed("Mar  1 10:00:00 web01 sshd[1]: x\n") == FORM_SYSLOG);
	check(guessed("2026-03-01T10:00:00+07:00 web01 sshd[1]: x, y\n") == FORM_SYSLOG);
	check(guessed("{\"a\":1}\n{\"a\":2}\n") == FORM_JSON);
	check(guessed("\xef\xbb\xbf{\n \"a\": 1\n}\n") == FORM_JSON_VALUES);
	check(guessed("[{\"a\":1},{\"a\":2}]") == FORM_JSON_VALUES);
	check(guessed("[10/Oct/2000] x\n") == FORM_PLAIN);
	check(guessed("#Software: x\n#Fields: date time\n") == FORM_W3C);
	check(guessed("1.2.3.4 - - [10/Oct/2000:13:55:36 -0700] \"GET / HTTP/1.0\" 200 1\n") ==
	    FORM_ACCESS);
	check(guessed("time;host;text\n2026;a;\"b;\nc\"\n") == FORM_CSV);
	check(guessed("one, two\nthree\n") == FORM_PLAIN);
	check(guessed("2026-01-01 10:00:00,123 INFO a\n2026-01-01 10:00:00,124 INFO b\n") ==
	    FORM_PLAIN);
}

static void
a_form_that_was_said_is_taken(void)
{
	struct guess guess;

	guess_make(&guess, SPAN("a;b\n1;2\n"), SPLIT_COMPLETE, FORM_CSV);
	check(guess.form == FORM_CSV && guess.comma == ';');
	guess_make(&guess, SPAN("[{\"a\":1}]"), SPLIT_COMPLETE, FORM_JSON);
	check(guess.form == FORM_JSON_VALUES && guess_split(&guess).kind == SPLIT_JSON);
	guess_make(&guess, SPAN("{\"a\":1}\n"), SPLIT_COMPLETE, FORM_PLAIN);
	check(guess.form == FORM_PLAIN && guess_split(&guess).kind == SPLIT_LINES);
	check(parse_form_of(SPAN("w3c")) == FORM_W3C && parse_form_of(SPAN("")) == FORM_END);
}

static void
stamps_without_a_year_are_noticed(void)
{
	struct guess guess;

	guess_make(&guess, SPAN("Mar  1 10:00:00 web01 sshd[1]: x\n"), SPLIT_COMPLETE, FORM_AUTO);
	check(guess.yearless);
	guess_make(&guess, SPAN("<13>1 2026-03-01T00:00:00Z h a - - - t\n"), SPLIT_COMPLETE,
	    FORM_AUTO);
	check(!guess.yearless);
}

static void
the_year_is_the_one_near_what_is_said(void)
{
	const struct parse_config config = { .seed = 1 };
	struct parser *parser = parser_new(&config);
	int64_t near = civil_days(2021, 8, 1) * CIVIL_DAY_S * CIVIL_SECOND_NS;
	int64_t now = civil_days(2026, 3, 1) * CIVIL_DAY_S * CIVIL_SECOND_NS;
	struct parsed p;
	struct civil c;

	parser_near(parser, near);
	parse_syslog(parser, SPAN("Dec 24 10:00:00 web01 sshd[1]: x"), now, &p);
	civil_split(&c, p.event_ns, 0);
	check(c.year == 2021 && c.month == 12);
	check(p.flags >> ROW_TIME_SHIFT == TIME_OWN);
	parser_near(parser, 0);
	parse_syslog(parser, SPAN("Dec 24 10:00:00 web01 sshd[1]: x"), now, &p);
	civil_split(&c, p.event_ns, 0);
	check(c.year == 2025);
	parser_free(&parser);
}

static void
headers_are_remembered_up_to_a_limit(void)
{
	const struct parse_config config = { .seed = 1 };
	struct parser *parser = parser_new(&config);
	char header[32];
	uint32_t first = parser_header(parser, FORMAT_CSV, SPAN("a,b"));

	check(first != PARSE_NO_HEADER);
	check(parser_header(parser, FORMAT_CSV, SPAN("a,b")) == first);
	check(parser_header(parser, FORMAT_W3C, SPAN("a,b")) == PARSE_NO_HEADER);
	check(parser_header(parser, FORMAT_CSV, SPAN("")) == PARSE_NO_HEADER);
	for (int i = 1; i < PARSE_HEADERS; i++) {
		(void)snprintf(header, sizeof header, "a,b%d", i);
		check(parser_header(parser, FORMAT_CSV, span_str(header)) != PARSE_NO_HEADER);
	}
	check(parser_header(parser, FORMAT_CSV, SPAN("one,more")) == PARSE_NO_HEADER);
	check(parser_header(parser, FORMAT_CSV, SPAN("a,b")) == first);
	parser_free(&parser);
}

int
main(void)
{
	run(lines_end_at_a_line_feed_or_with_the_file);
	run(lines_that_are_joined_end_where_the_next_record_begins);
	run(rows_of_csv_may_hold_line_feeds_in_quotes);
	run(a_quote_that_is_never_closed_takes_one_line);
	run(json_values_come_in_arrays_and_over_lines);
	run(a_record_that_is_too_long_is_cut_and_the_rest_counted);
	run(a_form_is_guessed_from_the_first_lines);
	run(a_form_that_was_said_is_taken);
	run(stamps_without_a_year_are_noticed);
	run(the_year_is_the_one_near_what_is_said);
	run(headers_are_remembered_up_to_a_limit);
	return check_done();
}
