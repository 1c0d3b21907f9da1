/* SPDX-License-Identifier: Apache-2.0 */
/* agent/follow.c: a file that grows comes out line by line. */
#include "base/limits.h"
#include "model/batch.h"
#include "rig.h"

static void
lines_come_as_they_are_written(void)
{
	make_dir();
	begin();
	check_turn("");
	add("a.log", "one\ntwo\n");
	check_turn("a.log:one\na.log:two\n");
	check_turn("");
	add("a.log", "three\n");
	check_turn("a.log:three\n");
	check_int(counts().lines, 3);
	check_int(counts().bytes, 14);
	check_int(counts().files, 1);
	drop_dir();
}

static void
a_half_line_waits_for_its_end(void)
{
	make_dir();
	begin();
	add("a.log", "one\ntw");
	check_turn("a.log:one\n");
	check_turn("");
	add("a.log", "o");
	check_turn("");
	add("a.log", "\nth");
	check_turn("a.log:two\n");
	add("a.log", "ree\n");
	check_turn("a.log:three\n");
	drop_dir();
}

static void
a_carriage_return_at_the_end_is_no_part_of_a_line(void)
{
	make_dir();
	begin();
	add("a.log", "one\r\ntwo\r");
	check_turn("a.log:one\n");
	add("a.log", "\nth\rree\r\r\n");
	check_turn("a.log:two\na.log:th\rree\r\n");
	drop_dir();
}

static void
empty_lines_are_no_records(void)
{
	make_dir();
	begin();
	add("a.log", "\n\r\n\none\n\n");
	check_turn("a.log:one\n");
	check_int(counts().lines, 1);
	drop_dir();
}

static void
octets_of_value_0_stay(void)
{
	make_dir();
	begin();
	put("a.log", O_APPEND, "a\0b\n\0\0\n\0x", 9);
	check_span(turn(), SPAN("a.log:a\0b\na.log:\0\0\n"));
	put("a.log", O_APPEND, "\n", 1);
	check_span(turn(), SPAN("a.log:\0x\n"));
	drop_dir();
}

static void
a_line_of_any_length_comes_whole(void)
{
	static const size_t length[] = { 63, 64, 65, 16383, 16384, 16385, 65535, 65536, 65537,
	    131072, LIMIT_RECORD_BYTES - 1, LIMIT_RECORD_BYTES };
	static uint8_t line[LIMIT_RECORD_BYTES + 2];

	make_dir();
	begin();
	for (size_t i = 0; i < sizeof length / sizeof length[0]; i++) {
		size_t n = length[i];

		memset(line, 'a' + (int)i, n);
		line[n] = '\n';
		add("a.log", "before\n");
		put("a.log", O_APPEND, line, n + 1);
		add("a.log", "behind\n");
		(void)turn();
		check_int(ngot, 3);
		check_int(got.n, n + 3 * 7 + 2 * 6);
		check_int(counts().cut, 0);
	}
	drop_dir();
}

static void
a_line_that_grows_slowly_comes_whole(void)
{
	static uint8_t piece[10000];

	make_dir();
	begin();
	for (int i = 0; i < 20; i++) {
		memset(piece, 'a' + i, sizeof piece);
		put("a.log", O_APPEND, piece, sizeof piece);
		check_turn("");
	}
	add("a.log", "\nnext\n");
	(void)turn();
	check_int(ngot, 2);
	check_int(got.n, 6 + 200000 + 1 + 11);
	check_int(got.p[6], 'a');
	check_int(got.p[6 + 199999], 't');
	drop_dir();
}

static void
a_line_over_the_limit_is_cut_once_and_its_rest_passed_over(void)
{
	static uint8_t part[300000];

	make_dir();
	begin();
	memset(part, 'x', sizeof part);
	for (int i = 0; i < 10; i++) {
		put("a.log", O_APPEND, part, sizeof part);
		(void)turn();
		check_int(ngot, i == 3);
	}
	check_int(counts().cut, 1);
	add("a.log", "\nnext\n");
	check_turn("a.log:next\n");
	check_int(last_flags, 0);
	check_int(counts().cut, 1);
	check_int(counts().bytes, 3000006);
	drop_dir();
}

static void
a_cut_line_has_exactly_the_limit(void)
{
	static uint8_t line[LIMIT_RECORD_BYTES + 2];

	make_dir();
	begin();
	memset(line, 'x', sizeof line);
	line[LIMIT_RECORD_BYTES + 1] = '\n';
	put("a.log", O_APPEND, line, sizeof line);
	(void)turn();
	check_int(ngot, 1);
	check_int(got.n, LIMIT_RECORD_BYTES + 7);
	check_int(last_flags, ROW_CUT);
	line[LIMIT_RECORD_BYTES] = '\r';	/* a CR that ends it does not count */
	put("a.log", O_APPEND, line, sizeof line);
	(void)turn();
	check_int(got.n, LIMIT_RECORD_BYTES + 7);
	check_int(last_flags, 0);
	check_int(counts().cut, 1);
	drop_dir();
}

static void
one_turn_reads_no_more_than_it_may(void)
{
	make_dir();
	begin();
	add_lines("a.log", 0, 4000);
	add_lines("b.log", 4000, 4100);
	scan();
	check(tail_read(tail, 1000, on_line, NULL));
	check(got.n < 200000);
	while (tail_read(tail, 1000, on_line, NULL))
		;
	check_int(lines_once(0, 4100), 4100);
	drop_dir();
}

static void
a_busy_file_does_not_starve_the_others(void)
{
	make_dir();
	begin();
	add_lines("a.log", 0, 4000);
	add_lines("b.log", 4000, 4001);
	scan();
	for (int i = 0; i < 2; i++)
		(void)tail_read(tail, 1, on_line, NULL);
	check_int(lines_once(4000, 4001), 1);
	drop_dir();
}

int
main(void)
{
	run(lines_come_as_they_are_written);
	run(a_half_line_waits_for_its_end);
	run(a_carriage_return_at_the_end_is_no_part_of_a_line);
	run(empty_lines_are_no_records);
	run(octets_of_value_0_stay);
	run(a_line_of_any_length_comes_whole);
	run(a_line_that_grows_slowly_comes_whole);
	run(a_line_over_the_limit_is_cut_once_and_its_rest_passed_over);
	run(a_cut_line_has_exactly_the_limit);
	run(one_turn_reads_no_more_than_it_may);
	run(a_busy_file_does_not_starve_the_others);
	buf_done(&got);
	return check_done();
}
