/* SPDX-License-Identifier: Apache-2.0 */
/* agent/places.c: what a crash leaves is enough to go on; lines repeat, none is lost. */
#include "rig.h"

static void
what_was_committed_does_not_come_again(void)
{
	struct buf saved = { 0 };

	make_dir();
	begin();
	add("a.log", "one\ntwo\nhal");
	(void)turn();
	commit_all();
	save(&saved);
	add("a.log", "f\nfour\n");
	crash_with(&saved);
	check_turn("a.log:half\na.log:four\n");
	buf_done(&saved);
	drop_dir();
}

static void
what_was_not_committed_comes_again(void)
{
	struct buf saved = { 0 };

	make_dir();
	begin();
	add("a.log", "one\n");
	(void)turn();
	tail_mark(tail, 7);
	add("a.log", "two\n");
	(void)turn();
	tail_mark(tail, 8);
	tail_commit(tail, 7);
	save(&saved);
	crash_with(&saved);
	check_turn("a.log:two\n");
	/* An older save repeats more, and loses nothing. */
	saved.n = 0;
	crash_with(&saved);
	check_turn("a.log:one\na.log:two\n");
	buf_done(&saved);
	drop_dir();
}

static void
marks_are_committed_in_their_order(void)
{
	struct buf saved = { 0 };

	make_dir();
	begin();
	for (uint64_t round = 0; round < 5; round++) {
		for (uint64_t i = 0; i < TAIL_MARKS; i++) {
			add("a.log", "x\n");
			(void)turn();
			tail_mark(tail, round * 100 + i);
		}
		tail_commit(tail, round * 100 + 15);
		tail_commit(tail, round * 100 + 3);
		tail_commit(tail, round * 100 + 50);
	}
	add("a.log", "last\n");
	save(&saved);
	crash_with(&saved);
	check_turn("a.log:last\n");
	buf_done(&saved);
	drop_dir();
}

static void
a_file_renamed_while_we_were_down_is_read_to_its_end(void)
{
	struct buf saved = { 0 };

	make_dir();
	begin();
	add("a.log", "one\n");
	(void)turn();
	commit_all();
	save(&saved);
	add("a.log", "two\n");
	must(rename(at("a.log"), at("a.log.1")) == 0);
	add("a.log", "three\n");
	crash_with(&saved);
	(void)turn();
	(void)turn();
	got.n = 0;
	crash_with(&saved);
	scan();
	read_all();
	check_int(counts().lines, 2);
	check(span_holds(buf_span(&got), "a.log.1:two\n"));
	check(span_holds(buf_span(&got), "a.log:three\n"));
	buf_done(&saved);
	drop_dir();
}

static void
a_file_cut_while_we_were_down_is_read_from_its_start(void)
{
	struct buf saved = { 0 };

	make_dir();
	begin();
	add_lines("a.log", 0, 20);
	(void)turn();
	commit_all();
	save(&saved);
	cut("a.log");
	add_lines("a.log", 20, 60);
	crash_with(&saved);
	(void)turn();
	check_int(lines_once(20, 60), 40);
	buf_done(&saved);
	drop_dir();
}

static void
a_new_file_with_the_inode_of_an_old_one_is_read_from_its_start(void)
{
	struct buf saved = { 0 };
	struct stat st;
	char *space;

	make_dir();
	begin();
	add("a.log", "an old file\n");
	(void)turn();
	commit_all();
	save(&saved);
	/* As if this inode had been the old file's. */
	must(unlink(at("a.log")) == 0);
	add("b.log", "a new file that is longer than the old one\nand more\n");
	must(stat(at("b.log"), &st) == 0);
	buf_u8(&saved, 0);
	space = strchr((char *)saved.p, ' ');
	must(space != NULL);
	{
		struct buf forged = { 0 };

		buf_put(&forged, saved.p, (size_t)(space - (char *)saved.p) + 1);
		buf_printf(&forged, "%llx", (unsigned long long)st.st_ino);
		buf_str(&forged, strchr(space + 1, ' '));
		crash_with(&forged);
		buf_done(&forged);
	}
	check_turn("b.log:a new file that is longer than the old one\nb.log:and more\n");
	buf_done(&saved);
	drop_dir();
}

static void
damaged_places_are_left_out(void)
{
	static const char *const bad[] = { "", "\n", " ", "1 2 3\n", "1 2 3 4 5 6 \n",
	    "1 2 3 4 5 6 relative\n", "1 2 257 4 5 6 /x\n", "1 2 3 4 9223372036854775808 6 /x\n",
	    "g 2 3 4 5 6 /x\n", "1 2 3 4 5 6 /x%\n", "1 2 3 4 5 6 /x%0\n", "1 2 3 4 5 6 /%00\n",
	    "1 2 3 4 5 6 /a b\n", "11111111111111111 2 3 4 5 6 /x\n", "1 2 3 4 5 6 /half" };
	struct buf saved = { 0 };

	make_dir();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		begin();
		tail_load(tail, span_str(bad[i]));
		save(&saved);
		check_int(saved.n, 0);
		tail_free(&tail);
	}
	begin();
	tail_load(tail, SPAN("1 2 3 4 5 6 /x%25%0ay\nbroken\n1 2 0 0 0 0 /twice\n"
	    "a 2 0 0 0 0 /z\n"));
	save(&saved);
	check_span(buf_span(&saved), SPAN("1 2 3 4 5 6 /x%25%0ay\na 2 0 0 0 0 /z\n"));
	buf_done(&saved);
	drop_dir();
}

static void
a_name_with_a_line_feed_forges_no_place(void)
{
	struct buf saved = { 0 };

	make_dir();
	begin();
	add("a\n1 2 0 0 0 0 %2fx.log", "one\n");
	(void)turn();
	commit_all();
	save(&saved);
	check_int(memchr(saved.p, '\n', saved.n) == saved.p + saved.n - 1, 1);
	crash_with(&saved);
	check_turn("");
	buf_done(&saved);
	drop_dir();
}

int
main(void)
{
	run(what_was_committed_does_not_come_again);
	run(what_was_not_committed_comes_again);
	run(marks_are_committed_in_their_order);
	run(a_file_renamed_while_we_were_down_is_read_to_its_end);
	run(a_file_cut_while_we_were_down_is_read_from_its_start);
	run(a_new_file_with_the_inode_of_an_old_one_is_read_from_its_start);
	run(damaged_places_are_left_out);
	run(a_name_with_a_line_feed_forges_no_place);
	buf_done(&got);
	return check_done();
}
