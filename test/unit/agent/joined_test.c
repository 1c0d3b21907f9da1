/* SPDX-License-Identifier: Apache-2.0 */
/* agent/tail.c over files whose records have several lines: each comes out once, whole. */
#include "rig.h"

#include "base/limits.h"

static void
make_joined(const char *rule)
{
	make_dir();
	must(join_read(&join, span_str(rule)));
	begin();
}

static void
drop_joined(void)
{
	join = (struct join){ .kind = JOIN_NONE };
	drop_dir();
}

static void
a_record_comes_out_when_the_next_one_begins(void)
{
	make_joined("trace");
	add("a.log", "one\n\tat a\n");
	check_turn("");
	add("a.log", "\tat");
	check_turn("");
	add("a.log", " b\nCaused by: c\n");
	check_turn("");
	add("a.log", "tw");
	check_turn("");
	add("a.log", "o\n");
	check_turn("a.log:one\n\tat a\n\tat b\nCaused by: c\n");
	add("a.log", "\tat d\nthree\nfour\n");
	check_turn("a.log:two\n\tat d\na.log:three\n");
	check_int(counts().lines, 3);
	check_int(counts().split, 0);
	drop_joined();
}

static void
a_pause_ends_a_record_but_not_a_line(void)
{
	make_joined("trace");
	add("a.log", "one\n\tat a\n\tat ha");
	check_turn("");
	check_turn("");
	check_turn("a.log:one\n\tat a\n");
	check_turn("");
	add("a.log", "lf\ntwo\n");
	check_turn("a.log:\tat half\n");
	check_turn("");
	check_turn("a.log:two\n");
	check_turn("");
	check_turn("");
	check_int(counts().bytes, 23);
	drop_joined();
}

static void
a_file_that_grows_slowly_does_not_pause(void)
{
	make_joined("indent");
	add("a.log", "one\n");
	for (int i = 0; i < 10; i++) {
		check_turn("");
		add("a.log", " more\n");
	}
	add("a.log", "two\n");
	check_int(turn().n, 10 + 10 * 6);
	drop_joined();
}

static void
a_crash_in_the_middle_of_a_record_neither_splits_nor_repeats_it(void)
{
	struct buf saved = { 0 };

	make_joined("trace");
	add("a.log", "zero\none\n\tat a\n");
	check_turn("a.log:zero\n");
	commit_all();
	save(&saved);
	crash_with(&saved);
	add("a.log", "\tat b\ntwo\n");
	check_turn("a.log:one\n\tat a\n\tat b\n");
	commit_all();
	save(&saved);
	crash_with(&saved);
	check_turn("");
	check_turn("");
	check_turn("a.log:two\n");
	commit_all();
	save(&saved);
	crash_with(&saved);
	check_turn("");
	check_turn("");
	check_turn("");
	buf_done(&saved);
	drop_joined();
}

static void
a_begun_record_is_ended_in_the_file_that_was_renamed(void)
{
	make_joined("indent");
	add("a.log", "one\n a\n");
	check_turn("");
	must(rename(at("a.log"), at("a.old")) == 0);
	add("a.log", " of the new file\ntwo\n");
	add("a.old", " b\n");
	check_turn("a.log: of the new file\n");
	check_turn("");
	check_turn("a.log:one\n a\n b\na.log:two\n");
	drop_joined();
}

static void
a_copied_and_cut_file_keeps_its_begun_record(void)
{
	const char *p = pattern;

	make_dir();
	must(join_read(&join, SPAN("indent")));
	(void)snprintf(pattern, sizeof pattern, "%s/a.log*", dir);
	begin_with(&p, 1);
	add_lines("a.log", 0, 20);
	add("a.log", "one\n a\n");
	check_int(lines_once(0, 20), 0);
	(void)turn();
	check_int(lines_once(0, 20), 20);
	check(!span_holds(buf_span(&got), "one"));
	copy("a.log", "a.log.1");
	cut("a.log");
	add("a.log", "two\n");
	got.n = 0;
	for (int i = 0; i < 60; i++) {
		scan();
		read_all();
	}
	check(span_holds(buf_span(&got), "a.log.1:one\n a\n"));
	check(span_holds(buf_span(&got), "a.log:two\n"));
	check_int(ngot, 20 + 2);
	check_int(counts().lost_bytes, 0);
	drop_joined();
}

static void
long_lines_and_long_records_keep_to_their_limits(void)
{
	static uint8_t big[(2 << 20) + 5];

	make_joined("indent");
	memset(big, 'x', sizeof big);
	big[0] = ' ';
	add("a.log", "one\n");
	put("a.log", O_APPEND, big, 200000);
	add("a.log", "\n");
	put("a.log", O_APPEND, big, 100000);
	add("a.log", "\ntwo\n");
	put("a.log", O_APPEND, big, sizeof big);
	add("a.log", "\n three\nfour\n");
	(void)turn();
	check_int(ngot, 5);
	check_int(counts().split, 2);
	check_int(counts().cut, 1);
	check_int(counts().lines, 5);
	check_span(span_sub(buf_span(&got), 0, 13), SPAN("a.log:one\n xx"));
	check_span(span_sub(buf_span(&got), got.n - 26, 26), SPAN("xxxxxxxxxxxx\na.log: three\n"));
	drop_joined();
}

static void
only_the_files_of_a_pattern_are_joined(void)
{
	struct tail_files files[2] = { { .join = { .kind = JOIN_INDENT } }, { .join = { 0 } } };
	char one[128], two[128];

	make_dir();
	(void)snprintf(one, sizeof one, "%s/app-*.log", dir);
	(void)snprintf(two, sizeof two, "%s/*.log", dir);
	files[0].pattern = one;
	files[1].pattern = two;
	tail = tail_new(files, 2);
	add("app-1.log", "a\n b\nc\n");
	add("b.log", "a\n b\n");
	(void)turn();
	check_int(ngot, 3);
	check(span_holds(buf_span(&got), "app-1.log:a\n b\n"));
	check(span_holds(buf_span(&got), "b.log:a\nb.log: b\n"));
	drop_joined();
}

static void
records_come_out_once_however_they_are_written(void)
{
	uint64_t dice = 12345;
	struct buf want = { 0 }, all = { 0 }, saved = { 0 };

	make_joined("indent");
	for (int i = 0; i < 300; i++) {
		struct buf record = { 0 };
		size_t at = 0;

		buf_printf(&record, "record %d\n", i);
		for (uint64_t k = (dice >> 33) % 6; k > 0; k--)
			buf_printf(&record, "  line %d of %d\n", (int)k, i);
		buf_str(&want, "a.log:");
		buf_span_put(&want, buf_span(&record));
		while (at < record.n) {
			size_t n = 1 + (dice >> 40) % 20;

			dice = dice * 6364136223846793005u + 1442695040888963407u;
			n = n < record.n - at ? n : record.n - at;
			put("a.log", O_APPEND, record.p + at, n);
			at += n;
			if ((dice >> 50) % 4 != 0)
				continue;
			got.n = 0;
			/* The clock stands still: nobody pauses. */
			(void)tail_scan(tail, now);
			read_all();
			buf_span_put(&all, buf_span(&got));
			commit_all();
			if ((dice >> 60) == 0) {
				save(&saved);
				crash_with(&saved);
			}
		}
		buf_done(&record);
	}
	for (int i = 0; i < 4; i++)
		buf_span_put(&all, turn());
	check_span(buf_span(&all), buf_span(&want));
	buf_done(&want);
	buf_done(&all);
	buf_done(&saved);
	drop_joined();
}

int
main(void)
{
	run(a_record_comes_out_when_the_next_one_begins);
	run(a_pause_ends_a_record_but_not_a_line);
	run(a_file_that_grows_slowly_does_not_pause);
	run(a_crash_in_the_middle_of_a_record_neither_splits_nor_repeats_it);
	run(a_begun_record_is_ended_in_the_file_that_was_renamed);
	run(a_copied_and_cut_file_keeps_its_begun_record);
	run(long_lines_and_long_records_keep_to_their_limits);
	run(only_the_files_of_a_pattern_are_joined);
	run(records_come_out_once_however_they_are_written);
	buf_done(&got);
	return check_done();
}
