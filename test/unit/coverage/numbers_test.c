/* SPDX-License-Identifier: Apache-2.0 */
/* coverage/numbers.c through the store: what senders' numbers say of records that never came. */
#include "test/unit/coverage/rig.h"

static struct rig g;
static double now_s;

static void
begin(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	now_s = 0;
}

static void
came(uint64_t from, uint64_t to)
{
	for (uint64_t n = from; n <= to; n++, now_s += 1)
		rig_row(&g, &(struct said){ .at_s = now_s, .number = n });
}

/* So many are missing, by the source, by its cells and in all. */
static void
missing_is(uint64_t want)
{
	int64_t of_cells = 0;

	rig_keep(&g);
	rig_ask(&g, 0, DAY);
	check_int(g.r.missing, want);
	check_int(g.r.source[0].missing, want);
	for (size_t i = 0; i < g.r.source[0].ncell; i++)
		of_cells += g.r.source[0].cell[i].missing;
	check_int(of_cells, want);
	check(want == 0 || remark_of(&g, COVERAGE_GAPS) != NULL);
	check(want > 0 || remark_of(&g, COVERAGE_GAPS) == NULL);
	rig_done(&g);
}

static void
numbers_without_a_gap_miss_nothing(void)
{
	begin();
	came(500, 700);
	missing_is(0);
}

static void
a_gap_is_what_is_missing(void)
{
	begin();
	came(1, 10);
	came(14, 20);
	came(22, 30);
	missing_is(4);
}

static void
what_comes_late_is_not_missing(void)
{
	begin();
	came(1, 10);
	came(15, 20);
	now_s += 2 * HOUR;			/* in another cell */
	came(12, 13);
	came(21, 30);
	missing_is(2);
}

static void
what_comes_again_does_not_hide_a_loss(void)
{
	begin();
	came(1, 100);
	came(111, 200);				/* 10 are missing */
	came(200, 200);
	came(201, 300);
	missing_is(10);
}

static void
a_sender_that_begins_anew_hides_no_loss(void)
{
	begin();
	came(1, 100);
	came(106, 200);
	came(1, 300);				/* began anew */
	came(304, 310);
	missing_is(5 + 3);
}

static void
a_sender_that_begins_anew_after_millions_is_seen(void)
{
	begin();
	came(2147483600, 2147483647);		/* the largest that RFC 5424 has */
	came(1, 50);
	missing_is(0);
}

static void
another_count_far_ahead_is_no_gap(void)
{
	begin();
	came(1, 50);
	came(5000000, 5000100);
	missing_is(0);
}

static void
a_gap_longer_than_what_is_kept_of_it_is_counted(void)
{
	begin();
	came(1, 50);
	came(100051, 100060);
	came(100046, 100050);			/* late, in reach */
	came(100061, 100062);
	missing_is(100000 - 5);
}

/* The first row of a period may have been overtaken by the second. */
static void
disorder_where_the_period_begins_misses_nothing(void)
{
	begin();
	came(1000, 1000);
	came(998, 999);
	came(1001, 1100);
	missing_is(0);
}

/* Numbers that go on over segments; a source of the same host but without numbers between. */
static void
numbers_go_on_over_segments(void)
{
	begin();
	came(1, 40);
	rig_keep(&g);
	rig_row(&g, &(struct said){ .source = 6, .at_s = now_s });
	came(42, 80);
	rig_keep(&g);
	came(81, 100);
	missing_is(1);
}

static void
numbers_that_are_no_numbers_do_no_harm(void)
{
	begin();
	rig_row(&g, &(struct said){ .at_s = 1, .number = UINT64_MAX });
	rig_row(&g, &(struct said){ .at_s = 2, .number = INT64_MAX });
	rig_row(&g, &(struct said){ .at_s = 3, .number = INT64_MAX - 1 });
	now_s = 4;
	came(1, 3);
	missing_is(0);
}

int
main(void)
{
	run(numbers_without_a_gap_miss_nothing);
	run(a_gap_is_what_is_missing);
	run(what_comes_late_is_not_missing);
	run(what_comes_again_does_not_hide_a_loss);
	run(a_sender_that_begins_anew_hides_no_loss);
	run(a_sender_that_begins_anew_after_millions_is_seen);
	run(another_count_far_ahead_is_no_gap);
	run(a_gap_longer_than_what_is_kept_of_it_is_counted);
	run(disorder_where_the_period_begins_misses_nothing);
	run(numbers_go_on_over_segments);
	run(numbers_that_are_no_numbers_do_no_harm);
	return check_done();
}
