/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests model/join.c. Walks test/golden/join/NAME.in: its first line is the rule, what follows it
 * the source's octets; NAME.ref has a line "----" behind each record. With --write as second
 * argument the .ref files are written instead: look at their difference before you commit it.
 */
#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/must.h"
#include "model/join.h"

static const char *golden;
static bool writing;

static struct join
rule(const char *text)
{
	struct join join;

	must(join_read(&join, span_str(text)));
	return join;
}

/* All records of `in`, of which so many octets more come at a time; '>' where a limit ended one. */
static void
records_of(struct buf *out, const char *text, struct span in, size_t step)
{
	struct join join = rule(text);
	struct join_scan scan = { .done = 0 };
	struct join_found found;
	size_t at = 0, came = 0;

	while (at < in.n || came < in.n) {
		enum join_input input;
		uint8_t *copy;
		enum err rc;

		came = came + step < in.n ? came + step : in.n;
		input = came == in.n ? JOIN_COMPLETE : JOIN_MORE_COMES;
		do {
			copy = came > at ? xmemdup(in.p + at, came - at) : NULL;
			rc = join_next(&join, &scan, span_of(copy, came - at), input, &found);
			if (rc == OK) {
				check(found.n > 0 && found.n <= came - at);
				buf_put(out, copy, found.n);
				buf_str(out, found.full ? ">" : "|");
				at += found.n;
			}
			free(copy);
		} while (rc == OK);
		if (input == JOIN_COMPLETE)
			break;
	}
	check_int(at, in.n);
}

static void
check_records(const char *text, const char *in, const char *want)
{
	for (size_t step = 1; step < 40; step += 13) {
		struct buf out = { 0 };

		buf_reserve(&out, 1);
		records_of(&out, text, span_str(in), step);
		if (!check_span(buf_span(&out), span_str(want)))
			printf("%s, %zu octets at a time\n", text, step);
		buf_done(&out);
	}
}

static void
a_rule_is_read_as_it_is_written(void)
{
	struct join join = { .kind = JOIN_KIND_END };

	check(join_read(&join, SPAN("")) && join.kind == JOIN_NONE);
	check(join_read(&join, SPAN("none")) && join.kind == JOIN_NONE);
	check(join_read(&join, SPAN("indent")) && join.kind == JOIN_INDENT);
	check(join_read(&join, SPAN("trace")) && join.kind == JOIN_TRACE);
	check(join_read(&join, SPAN("stamp")) && join.kind == JOIN_STAMP);
	check(join_read(&join, SPAN("postgresql")) && join.kind == JOIN_POSTGRESQL);
	check(join_read(&join, SPAN("start:# Time:")) && join.kind == JOIN_START);
	check_int(join.n, 7);
	check(!join_read(&join, SPAN("start:")));
	check(!join_read(&join, SPAN("Stamp")));
	check(!join_read(&join, SPAN("stamp ")));
	check(!join_read(&join, SPAN("start:0123456789012345678901234567890123456789"
	    "012345678901234567890123")));
	check_int(join.n, 7);			/* untouched by what is refused */
}

static void
lines_that_go_on_are_joined_with_their_line_feeds(void)
{
	check_records("none", "a\n b\nc\n", "a\n| b\n|c\n|");
	check_records("indent", "a\n b\n\tc\nd\n", "a\n b\n\tc\n|d\n|");
	check_records("indent", "a\r\n b\r\nd", "a\r\n b\r\n|d|");
	check_records("indent", " a\n b\nc\n", " a\n b\n|c\n|");
	check_records("start:?.-00 ", "x.-12 a\nb\nx.-1x c\ny.-99 d\n",
	    "x.-12 a\nb\nx.-1x c\n|y.-99 d\n|");
}

static void
empty_lines_belong_to_the_record_before_them(void)
{
	check_records("indent", "\n\r\na\n\n b\n\nc\n\n", "\n|\r\n|a\n\n b\n\n|c\n\n|");
	check_records("stamp", "10:00:00 a\n\n\n10:00:01 b\n", "10:00:00 a\n\n\n|10:00:01 b\n|");
}

static void
a_syslog_message_is_never_joined_to_another(void)
{
	check_records("stamp", "<13>a\nb\n<4>c\n<191>d\n", "<13>a\nb\n|<4>c\n|<191>d\n|");
	check_records("indent", "<13>a\n b\n<13> c\n", "<13>a\n b\n|<13> c\n|");
	check_records("stamp", "<13>a\n<1x>b\n<1234>c\n", "<13>a\n<1x>b\n<1234>c\n|");
}

static void
stamps_are_known_as_programs_write_them(void)
{
	static const char *const stamp[] = { "2026-11-23 10:00:00", "2026-11-23T10:00:00.123Z",
		"[2026-11-23 10:00:00,123]", "INFO  2026-11-23 10:00:00", "[ERROR] 2026/11/23",
		"[WARN ][2026-11-23", "23-Nov-2026 10:00:00.123 INFO", "23/Nov/2026:10:00:00",
		"Nov 23, 2026 10:00:00 AM", "Nov 3, 2026 1:00:00 PM", "Nov 23 10:00:00 host",
		"Nov  3 10:00:00 host", "Mon Nov 23 10:00:00 2026", "Tue Nov  3 10:00:00 2026",
		"10:00:00,123 INFO", "20261123 10:00:00", "261123 10:00:00", "261123  9:00:00",
		"I1123 10:00:00.123456", "1763866800.123 x", "26/11/23 10:00:00 INFO",
		"23.11.2026 10:00", "1/5/2026 10:00:00 AM" };
	static const char *const none[] = { "Caused by: x", "at x", "java.lang.Error: 2026-11-23",
		"2026", "ORA-00600: internal error", "(10:00", "INFO: Server startup", "", "[",
		"INFO", "12 rows", "10:00", "x 2026-11-23" };
	struct join join = rule("stamp");
	struct join_state state = { .lines = 1 };

	for (size_t i = 0; i < sizeof stamp / sizeof stamp[0]; i++)
		if (!check(!join_goes_on(&join, &state, span_str(stamp[i]))))
			printf("%s\n", stamp[i]);
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		if (!check(join_goes_on(&join, &state, span_str(none[i]))))
			printf("%s\n", none[i]);
}

static void
what_is_more_than_a_limit_begins_the_next_record(void)
{
	struct buf in = { 0 }, out = { 0 };

	buf_str(&in, "first\n");
	for (int i = 1; i < LIMIT_JOIN_LINES + 5; i++)
		buf_str(&in, " more\n");
	buf_str(&in, "last\n");
	records_of(&out, "indent", buf_span(&in), SIZE_MAX / 2);
	check(out.n == in.n + 3);
	check_int(memchr(out.p, '>', out.n) == out.p + 6 + (LIMIT_JOIN_LINES - 1) * 6, true);
	check_span(span_sub(buf_span(&out), out.n - 6, 6), SPAN("last\n|"));
	in.n = out.n = 0;
	buf_str(&in, "first\n ");
	for (int i = 0; i < LIMIT_JOIN_BYTES; i++)
		buf_u8(&in, 'x');
	buf_str(&in, "\nlast\n");
	records_of(&out, "indent", buf_span(&in), 50000);
	check_span(span_sub(buf_span(&out), 0, 8), SPAN("first\n> "));
	check_span(span_sub(buf_span(&out), out.n - 9, 9), SPAN("x\n|last\n|"));
	buf_done(&in);
	buf_done(&out);
}

/* ---- golden ---- */

static void
file_read(struct buf *out, const char *name, const char *end)
{
	char path[512];
	FILE *f;
	int c;

	(void)snprintf(path, sizeof path, "%s/%s%s", golden, name, end);
	f = fopen(path, "rb");
	if (!check(f != NULL)) {
		printf("%s cannot be opened\n", path);
		return;
	}
	while ((c = fgetc(f)) != EOF)
		buf_u8(out, (uint8_t)c);
	(void)fclose(f);
}

static void
file_write(const char *name, struct span text)
{
	char path[512];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s.ref", golden, name);
	f = fopen(path, "wb");
	must(f != NULL && fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0);
}

static void
golden_one(const char *name)
{
	struct buf in = { 0 }, out = { 0 }, ref = { 0 };
	struct join_scan scan = { .done = 0 };
	struct join_found found;
	struct join join;
	struct span rest;
	const uint8_t *lf;

	buf_reserve(&in, 1);
	buf_reserve(&ref, 1);
	file_read(&in, name, ".in");
	lf = memchr(in.p, '\n', in.n);
	must(lf != NULL);
	rest = span_sub(buf_span(&in), (size_t)(lf - in.p) + 1, SIZE_MAX);
	must(join_read(&join, span_of(in.p, (size_t)(lf - in.p))));
	while (join_next(&join, &scan, rest, JOIN_COMPLETE, &found) == OK) {
		buf_span_put(&out, span_sub(rest, 0, found.n));
		buf_str(&out, "----\n");
		rest = span_sub(rest, found.n, SIZE_MAX);
	}
	check_int(rest.n, 0);
	if (writing)
		file_write(name, buf_span(&out));
	file_read(&ref, name, ".ref");
	if (!check_span(buf_span(&out), buf_span(&ref)))
		printf("%s\n", name);
	buf_done(&in);
	buf_done(&out);
	buf_done(&ref);
}

static void
logs_of_programs_become_their_records(void)
{
	DIR *dir = opendir(golden);
	struct dirent *entry;
	unsigned n = 0;

	must(dir != NULL);
	while ((entry = readdir(dir)) != NULL) {
		char *end = strrchr(entry->d_name, '.');

		if (end == NULL || strcmp(end, ".in") != 0)
			continue;
		*end = '\0';
		golden_one(entry->d_name);
		n++;
	}
	(void)closedir(dir);
	check(n >= 8);
}

int
main(int argc, char **argv)
{
	must(argc >= 2);
	golden = argv[1];
	writing = argc > 2 && strcmp(argv[2], "--write") == 0;
	run(a_rule_is_read_as_it_is_written);
	run(lines_that_go_on_are_joined_with_their_line_feeds);
	run(empty_lines_belong_to_the_record_before_them);
	run(a_syslog_message_is_never_joined_to_another);
	run(stamps_are_known_as_programs_write_them);
	run(what_is_more_than_a_limit_begins_the_next_record);
	run(logs_of_programs_become_their_records);
	return check_done();
}
