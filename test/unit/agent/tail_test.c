/* SPDX-License-Identifier: Apache-2.0 */
/* agent/tail.c over real files: what was written comes out once, whatever rotates it. */
#include <sys/resource.h>

#include "rig.h"

enum { MANY = 600 };

static void
a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start(void)
{
	make_dir();
	begin();
	add("a.log", "one\n");
	check_turn("a.log:one\n");
	add("a.log", "two\n");
	must(rename(at("a.log"), at("a.log.1")) == 0);
	add("a.log", "three\n");
	add("a.log.1", "late\n");
	(void)turn();
	check_int(ngot, 3);
	check(span_holds(buf_span(&got), "a.log:two\na.log:late\n"));
	check(span_holds(buf_span(&got), "a.log:three\n"));
	/* Its writer has not been told yet. */
	add("a.log.1", "later\n");
	check_turn("a.log:later\n");
	drop_dir();
}

static void
a_renamed_file_that_the_patterns_mean_is_not_read_again(void)
{
	const char *p = pattern;

	make_dir();
	(void)snprintf(pattern, sizeof pattern, "%s/a.log*", dir);
	begin_with(&p, 1);
	add("a.log", "one\n");
	check_turn("a.log:one\n");
	must(rename(at("a.log"), at("a.log.1")) == 0);
	add("a.log", "two\n");
	check_turn("a.log:two\n");
	must(rename(at("a.log.1"), at("a.log.2")) == 0);
	must(rename(at("a.log"), at("a.log.1")) == 0);
	add("a.log.1", "three\n");
	check_turn("a.log.1:three\n");
	drop_dir();
}

static void
a_removed_file_is_read_to_its_end(void)
{
	make_dir();
	begin();
	add("a.log", "one\n");
	check_turn("a.log:one\n");
	add("a.log", "two\n");
	must(unlink(at("a.log")) == 0);
	check_turn("a.log:two\n");
	now += S(100);
	check_turn("");				/* this scan sees that it grew */
	check_int(counts().files, 1);
	now += S(100);
	check_turn("");
	check_int(counts().files, 0);
	drop_dir();
}

static void
the_last_line_of_a_gone_file_needs_no_end(void)
{
	make_dir();
	begin();
	add("a.log", "one\nlast");
	check_turn("a.log:one\n");
	now += S(100);
	check_turn("");				/* the file is there: it may grow */
	must(rename(at("a.log"), at("a.old")) == 0);
	check_turn("");
	add("a.old", " words");
	check_turn("");
	now += S(8);
	check_turn("");
	now += S(8);
	check_turn("a.log:last words\n");
	check_turn("");
	add("a.old", "more\nrest");
	check_turn("a.log:more\n");
	now += S(20);
	check_turn("");				/* this scan sees that it grew */
	now += S(20);
	check_turn("a.log:rest\n");
	check_int(counts().lost_bytes, 0);
	drop_dir();
}

static void
a_file_that_is_written_anew_is_read_from_its_start(void)
{
	make_dir();
	begin();
	add("a.log", "one\ntwo\n");
	check_turn("a.log:one\na.log:two\n");
	cut("a.log");
	add("a.log", "three\n");
	check_turn("a.log:three\n");
	check_int(counts().lost_bytes, 0);
	cut("a.log");
	check_turn("");
	add("a.log", "four\nfive\nsix\nseven\n");
	check_turn("a.log:four\na.log:five\na.log:six\na.log:seven\n");
	drop_dir();
}

static void
a_cut_is_seen_when_the_file_has_grown_beyond_its_old_size(void)
{
	make_dir();
	begin();
	add_lines("a.log", 0, 20);
	(void)turn();
	check_int(ngot, 20);
	cut("a.log");
	add_lines("a.log", 20, 100);
	(void)turn();
	check_int(ngot, 80);
	check_int(lines_once(20, 100), 80);
	drop_dir();
}

static void
a_cut_is_seen_although_the_first_octets_are_the_same(void)
{
	char head[400];

	make_dir();
	begin();
	memset(head, '#', sizeof head);
	head[399] = '\n';
	put("a.log", O_APPEND, head, sizeof head);
	add_lines("a.log", 0, 20);
	(void)turn();
	check_int(ngot, 21);
	cut("a.log");
	put("a.log", O_APPEND, head, sizeof head);
	add_lines("a.log", 20, 100);
	(void)turn();
	check_int(lines_once(20, 100), 80);
	drop_dir();
}

static void
what_was_seen_but_cut_away_is_counted(void)
{
	make_dir();
	begin();
	add("a.log", "one\nhalf");
	check_turn("a.log:one\n");
	cut("a.log");
	add("a.log", "x\n");
	check_turn("a.log:x\n");
	check_int(counts().lost_bytes, 0);	/* a copy may still turn up */
	for (int i = 0; i < 3; i++)
		(void)turn();
	check_int(counts().lost_bytes, 4);
	(void)turn();
	check_int(counts().lost_bytes, 4);
	drop_dir();
}

static void
a_copy_goes_on_from_where_the_cut_original_was(void)
{
	const char *p = pattern;

	make_dir();
	(void)snprintf(pattern, sizeof pattern, "%s/a.log*", dir);
	begin_with(&p, 1);
	add_lines("a.log", 0, 50);
	(void)turn();
	check_int(ngot, 50);
	add_lines("a.log", 50, 60);		/* not read before the cut */
	copy("a.log", "a.log.1");
	cut("a.log");
	add_lines("a.log", 60, 70);
	got.n = 0;
	scan();
	read_all();
	scan();
	read_all();
	check_int(lines_once(50, 70), 20);
	check_int(lines_once(0, 50), 0);
	scan();
	scan();
	check_int(counts().lost_bytes, 0);
	drop_dir();
}

static void
a_copy_of_a_whole_file_waits_and_is_not_read_again(void)
{
	const char *p = pattern;

	make_dir();
	(void)snprintf(pattern, sizeof pattern, "%s/a.log*", dir);
	begin_with(&p, 1);
	add_lines("a.log", 0, 50);
	(void)turn();
	copy("a.log", "a.log.bak");
	check_turn("");
	check_int(counts().waiting, 1);
	now += S(100);
	check_turn("");
	check_int(counts().waiting, 0);
	add("a.log.bak", "new in the copy\n");
	check_turn("a.log.bak:new in the copy\n");
	drop_dir();
}

static void
a_file_that_only_begins_like_another_is_read_whole(void)
{
	char head[400];

	make_dir();
	begin();
	memset(head, '#', sizeof head);
	head[399] = '\n';
	put("a.log", O_APPEND, head, sizeof head);
	add_lines("a.log", 0, 20);
	(void)turn();
	put("b.log", O_APPEND, head, sizeof head);
	add_lines("b.log", 20, 50);
	(void)turn();
	now += S(100);
	(void)turn();
	check_int(ngot, 31);
	check_int(lines_once(20, 50), 30);
	drop_dir();
}

static void
a_hole_that_a_cut_left_is_not_read(void)
{
	int fd;

	make_dir();
	begin();
	/* A writer without O_APPEND goes on at its old place after the cut. */
	fd = open(at("a.log"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0 && lseek(fd, 1 << 20, SEEK_SET) == 1 << 20 && write(fd, "one\n", 4) == 4);
	check_turn("a.log:one\n");
	cut("a.log");
	must(write(fd, "two\n", 4) == 4 && close(fd) == 0);
	(void)turn();
	check_int(ngot, 1);
	check(got.n < 6 + 4096 + 4 && memcmp(got.p + got.n - 4, "two\n", 4) == 0);
	drop_dir();
}

static void
packed_files_are_passed_over(void)
{
	const char *p = pattern;

	make_dir();
	(void)snprintf(pattern, sizeof pattern, "%s/*", dir);
	begin_with(&p, 1);
	put("a.log.1.gz", O_APPEND, "\x1f\x8b\x08\x00\nabc\n", 9);
	put("a.log", O_APPEND, "\x1f\x8b\nabc\n", 7);		/* a log cannot hide like that */
	check_turn("a.log:\x1f\x8b\na.log:abc\n");
	check_turn("");
	check_int(counts().files, 1);
	drop_dir();
}

static void
more_files_than_may_be_open_take_turns(void)
{
	struct rlimit files = { 4096, 4096 };
	char name[32];
	uint64_t all = 0;

	make_dir();
	(void)getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = files.rlim_max < 4096 ? files.rlim_max : 4096;
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < 600)
		skip("fewer than 600 descriptors");
	begin();
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(name, sizeof name, "%d.log", i);
			add(name, "line\n");
		}
		for (int i = 0; i < 4; i++) {
			(void)turn();
			check(counts().files <= 512);
			all += ngot;
		}
		check_int(all, (round + 1) * MANY);
		check_int(counts().waiting, 0);
	}
	/* One that is not open is rotated away: it is found. */
	for (int i = 0; i < MANY; i++) {
		char to[40];

		(void)snprintf(name, sizeof name, "%d.log", i);
		(void)snprintf(to, sizeof to, "%d.log.1", i);
		add(name, "end\n");
		must(rename(at(name), at(to)) == 0);
	}
	all = 0;
	for (int i = 0; i < 6; i++) {
		(void)turn();
		all += ngot;
	}
	check_int(all, MANY);
	drop_dir();
}

static void
a_file_is_read_once_however_many_names_it_has(void)
{
	char p0[96], p1[96];
	const char *p[2] = { p0, p1 };

	make_dir();
	(void)snprintf(p0, sizeof p0, "%s/*.log", dir);
	(void)snprintf(p1, sizeof p1, "%s/a.*", dir);
	begin_with(p, 2);
	add("a.log", "one\n");
	must(link(at("a.log"), at("b.log")) == 0);
	(void)turn();
	check_int(ngot, 1);
	add("b.log", "two\n");
	(void)turn();
	check_int(ngot, 1);
	drop_dir();
}

static void
patterns_mean_what_the_shell_means(void)
{
	char p0[96], p1[96], p2[96];
	const char *p[3] = { p0, p1, p2 };

	make_dir();
	(void)snprintf(p0, sizeof p0, "%s/plain", dir);
	(void)snprintf(p1, sizeof p1, "%s/d?/[ab].log", dir);
	(void)snprintf(p2, sizeof p2, "%s/none/*.log", dir);
	begin_with(p, 3);
	must(mkdir(at("d1"), 0700) == 0 && mkdir(at("d22"), 0700) == 0);
	add("plain", "1\n");
	add("plainer", "2\n");
	add("d1/a.log", "3\n");
	add("d1/c.log", "4\n");
	add("d1/.a.log", "5\n");
	add("d22/a.log", "6\n");
	(void)turn();
	check_int(ngot, 2);
	check(span_holds(buf_span(&got), "plain:1\n"));
	check(span_holds(buf_span(&got), "a.log:3\n"));
	check_int(counts().refused, 0);
	drop_dir();
}

static void
what_may_not_be_read_is_counted(void)
{
	const uid_t nobody = 65534;

	make_dir();
	begin();
	add("a.log", "one\n");
	must(symlink("a.log", at("link.log")) == 0);
	must(mkfifo(at("pipe.log"), 0600) == 0 && mkdir(at("dir.log"), 0700) == 0);
	check_turn("a.log:one\n");
	check_int(counts().refused, 1);
	add_lines("b.log", 0, 1);
	must(chmod(at("b.log"), 0) == 0);
	(void)chown(dir, nobody, nobody);
	must(geteuid() != 0 || seteuid(nobody) == 0);
	(void)turn();
	check_int(counts().refused, 2);
	check_int(ngot, 0);
	must(geteuid() != nobody || seteuid(getuid()) == 0);
	must(chmod(at("b.log"), 0644) == 0);
	(void)turn();
	check_int(counts().refused, 1);
	check_int(ngot, 1);
	drop_dir();
}

static void
a_directory_that_vanishes_for_a_while_costs_nothing(void)
{
	char p0[96], inner[96];
	const char *p = p0;

	make_dir();
	(void)snprintf(p0, sizeof p0, "%s/d/*.log", dir);
	begin_with(&p, 1);
	must(mkdir(at("d"), 0700) == 0);
	add("d/a.log", "one\n");
	check_turn("a.log:one\n");
	(void)snprintf(inner, sizeof inner, "%s", at("d"));
	must(rename(inner, at("away")) == 0);
	check_turn("");
	now += S(4000);
	check_turn("");
	now += S(4000);
	check_turn("");
	check_int(counts().files, 0);
	must(rename(at("away"), at("d")) == 0);
	check_turn("");
	add("d/a.log", "two\n");
	check_turn("a.log:two\n");
	drop_dir();
}

int
main(void)
{
	run(a_renamed_file_is_read_to_its_end_and_the_new_one_from_its_start);
	run(a_renamed_file_that_the_patterns_mean_is_not_read_again);
	run(a_removed_file_is_read_to_its_end);
	run(the_last_line_of_a_gone_file_needs_no_end);
	run(a_file_that_is_written_anew_is_read_from_its_start);
	run(a_cut_is_seen_when_the_file_has_grown_beyond_its_old_size);
	run(a_cut_is_seen_although_the_first_octets_are_the_same);
	run(what_was_seen_but_cut_away_is_counted);
	run(a_copy_goes_on_from_where_the_cut_original_was);
	run(a_copy_of_a_whole_file_waits_and_is_not_read_again);
	run(a_file_that_only_begins_like_another_is_read_whole);
	run(a_hole_that_a_cut_left_is_not_read);
	run(packed_files_are_passed_over);
	run(more_files_than_may_be_open_take_turns);
	run(a_file_is_read_once_however_many_names_it_has);
	run(patterns_mean_what_the_shell_means);
	run(what_may_not_be_read_is_counted);
	run(a_directory_that_vanishes_for_a_while_costs_nothing);
	buf_done(&got);
	return check_done();
}
