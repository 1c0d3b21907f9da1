/* SPDX-License-Identifier: Apache-2.0 */
/* coverage/loss.c over heartbeats made by hand: counters, their restarts, outages. */
#include "test/unit/coverage/rig.h"

static struct rig g;

static void
begin(double at_s)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	rig_begin(&g, at_s);
}

static void
ask(double from_s, double to_s)
{
	rig_sign(&g);
	rig_ask(&g, from_s, to_s);
}

static void
drops(double at_s, uint64_t n)
{
	rig_beat(&g, at_s, 0, (struct told[]){ { "intake.udp.kernel_drops", n }, { 0 } });
}

static void
counters_belong_to_the_steps_in_which_they_grew(void)
{
	begin(0);
	for (unsigned i = 0; i <= 240; i++)
		drops(60.0 * i, i < 30 ? 0 : i < 90 ? 7 : 10);
	ask(0, 4 * HOUR);
	check_int(g.r.nloss, 1);
	if (check(loss_of(&g, "udp", "kernel_drops") != NULL)) {
		const struct coverage_loss *loss = loss_of(&g, "udp", "kernel_drops");

		check_int(loss->grade, COVERAGE_LOST);
		check_int(loss->unit, COVERAGE_RECORDS);
		check_int(loss->total, 10);
		check_int(loss->step[0], 7);
		check_int(loss->step[1], 3);
		check_int(loss->step[2] + loss->step[3], 0);
	}
	check(remark_of(&g, COVERAGE_DROPPED) != NULL);
	check_int(g.r.counted_to_ns, ns_of(4 * HOUR - 60));
	check_int(g.r.begun_ns, ns_of(0));
	rig_done(&g);
}

/* What was counted before does not count again; periods that touch share nothing. */
static void
a_period_has_what_grew_in_it(void)
{
	begin(0);
	for (unsigned i = 0; i <= 2000; i++)	/* many bundles */
		drops(60.0 * i, i);
	ask(10 * HOUR, 11 * HOUR);
	check_int(lost_of(&g, "udp", "kernel_drops"), 60);
	rig_ask(&g, 0, 10 * HOUR);
	check_int(lost_of(&g, "udp", "kernel_drops"), 10 * 60 - 1);
	rig_ask(&g, 11 * HOUR, 2000 * 60 + 1);
	check_int(lost_of(&g, "udp", "kernel_drops"), 2001 - 11 * 60);
	rig_ask(&g, 40 * HOUR, 41 * HOUR);	/* after everything */
	check_int(g.r.nloss, 0);
	rig_ask(&g, -3 * HOUR, -2 * HOUR);	/* before everything */
	check_int(g.r.nloss + g.r.noutage, 0);
	rig_done(&g);
}

static void
a_counter_that_is_smaller_began_anew(void)
{
	begin(0);
	drops(60, 100);
	drops(120, 130);
	drops(180, 20);
	drops(240, 25);
	ask(0, HOUR);
	check_int(lost_of(&g, "udp", "kernel_drops"), 130 + 25);
	rig_done(&g);
}

static void
of_life(double at_s, uint64_t began, uint64_t refused)
{
	rig_beat(&g, at_s, 0, (struct told[]){ { "intake.http.requests_failed", refused },
	    { "intake.began", began }, { 0 } });
}

static void
a_process_that_began_anew_counts_from_nothing(void)
{
	begin(0);
	of_life(60, 1000, 100);
	of_life(120, 1000, 130);
	of_life(180, 1150, 130);		/* as many, but all of them new */
	of_life(240, 1150, 140);
	of_life(300, 1290, 150);
	ask(0, HOUR);
	check_int(lost_of(&g, "http", "requests_failed"), 130 + 140 + 150);
	check(remark_of(&g, COVERAGE_TURNED_AWAY) != NULL);
	rig_done(&g);
}

/* The keeper forgets what a role counted when it begins; 0 is not told. */
static void
a_counter_that_is_not_told_after_a_restart_is_nothing(void)
{
	begin(0);
	of_life(60, 1000, 100);
	rig_beat(&g, 120, 0, NULL);
	rig_beat(&g, 180, 0, (struct told[]){ { "intake.began", 1150 }, { 0 } });
	of_life(240, 1150, 101);
	ask(0, HOUR);
	check_int(lost_of(&g, "http", "requests_failed"), 201);
	rig_done(&g);
}

static void
of_socket(double at_s, uint64_t began, uint64_t socket, uint64_t lost)
{
	rig_beat(&g, at_s, 0, (struct told[]){ { "intake.began", began },
	    { "intake.udp.socket", socket }, { "intake.udp.kernel_drops", lost }, { 0 } });
}

/* The socket outlives the process that reads it: the parent has it. */
static void
drops_of_one_socket_go_on_over_processes(void)
{
	begin(0);
	of_socket(60, 1000, 5, 100);
	rig_beat(&g, 90, 0, (struct told[]){ { "intake.began", 1080 }, { 0 } });
	of_socket(120, 1080, 5, 130);		/* killed; the same socket */
	of_socket(180, 1150, 6, 140);		/* the whole desk began anew */
	ask(0, HOUR);
	check_int(lost_of(&g, "udp", "kernel_drops"), 130 + 140);
	rig_done(&g);
}

static void
of_octets_and_of_things_are_not_of_records(void)
{
	begin(0);
	rig_beat(&g, 60, 0, (struct told[]){ { "collector.bytes_lost", 5000 },
	    { "collector.files_refused", 4 }, { 0 } });
	rig_beat(&g, 120, 0, (struct told[]){ { "collector.bytes_lost", 5000 },
	    { "collector.files_refused", 1 }, { 0 } });
	rig_beat(&g, 180, 0, (struct told[]){ { "collector.bytes_lost", 5000 },
	    { "collector.files_refused", 2 }, { 0 } });
	ask(0, HOUR);
	check_int(lost_of(&g, "collector", "bytes_lost"), 5000);
	check_int(loss_of(&g, "collector", "bytes_lost")->unit, COVERAGE_OCTETS);
	check_int(lost_of(&g, "collector", "files_refused"), 2);	/* now */
	check_int(loss_of(&g, "collector", "files_refused")->step[0], 4);
	check_int(loss_of(&g, "collector", "files_refused")->unit, COVERAGE_THINGS);
	rig_done(&g);
}

static void
what_says_nothing_of_loss_is_left_out(void)
{
	begin(0);
	rig_beat(&g, 60, 0, (struct told[]){ { "intake.udp.records", 5000 }, { "odd", 7 },
	    { "intake.sources", 3 }, { "intake.began", 3 }, { "intake.udp.frames_bad", 0 },
	    { "intake.a.b.frames_bad", 2 }, { ".", 1 }, { 0 } });
	ask(0, HOUR);
	check_int(g.r.nloss, 1);
	check_int(lost_of(&g, "a.b", "frames_bad"), 2);
	rig_done(&g);
}

/* Through a real keeper: what a killed role counted last is sealed, and nothing counts twice. */
static void
what_a_killed_role_counted_last_is_sealed(void)
{
	struct keep *keep;
	int fd;

	begin(0);
	keep = g.rows.keep;
	place_checkpoint(&g.rows);		/* the one that the opening asked for */
	keep_counter(keep, SPAN("intake.began"), 1000);
	keep_counter(keep, SPAN("intake.udp.frames_bad"), 5);
	keep_counter(keep, SPAN("intakes.udp.frames_bad"), 1);
	place_checkpoint(&g.rows);
	keep_counter(keep, SPAN("intake.udp.frames_bad"), 9);
	keep_counters_end(keep, SPAN("intake"));
	keep_counter(keep, SPAN("intake.began"), 1001);
	keep_counter(keep, SPAN("intake.udp.frames_bad"), 12);
	keep_counter(keep, SPAN("intake.udp.kernel_drops"), 3);
	for (unsigned i = 0; i < 3; i++)
		place_checkpoint(&g.rows);
	fd = g.beats.fd;
	g.beats.fd = g.rows.fd;
	check(rig_ask_at(&g, 0, (double)(clock_wall_ns() / 1000000000 - monday + 60),
	    (double)(clock_wall_ns() / 1000000000 - monday + 60), 0) == OK);
	g.beats.fd = fd;
	check_int(lost_of(&g, "udp", "kernel_drops"), 3);
	check_int(g.r.nloss, 3);
	for (uint32_t i = 0; i < g.r.nloss; i++)
		if (span_is(g.r.loss[i].name, "frames_bad"))
			check(g.r.loss[i].total == 9 + 12 || g.r.loss[i].total == 1);
	rig_done(&g);
}

/* ---- outages ---- */

static void
no_heartbeat_for_minutes_is_an_outage(void)
{
	begin(0);
	rig_beats(&g, 0, HOUR, NULL);
	rig_beats(&g, HOUR + 170, 2 * HOUR, NULL);	/* 230 s after the last */
	rig_beats(&g, 2 * HOUR + 60, 3 * HOUR, NULL);	/* stopped and started: 130 s at most */
	ask(0, 3 * HOUR);
	check_int(g.r.noutage, 1);
	check_int(g.r.outage[0].from_ns, ns_of(HOUR - 60));
	check_int(g.r.outage[0].to_ns, ns_of(HOUR + 170));
	if (check(remark_of(&g, COVERAGE_DOWN) != NULL))
		check_int(remark_of(&g, COVERAGE_DOWN)->value, 230);
	rig_done(&g);
}

/* An outage is counted as long as it is inside of the period, wherever the period lies. */
static void
outages_are_missed_inside_of_the_period_only(void)
{
	begin(0);
	rig_beats(&g, 0, HOUR, NULL);
	rig_beats(&g, 11 * HOUR, 12 * HOUR, NULL);
	ask(0, 2 * HOUR);
	check_int(g.r.noutage, 1);
	check_int(g.r.down_ns, ns_of(2 * HOUR) - ns_of(HOUR - 60));
	rig_ask(&g, 3 * HOUR, 4 * HOUR);	/* nothing was sealed in it */
	check_int(g.r.noutage, 1);
	check_int(g.r.down_ns, INT64_C(3600000000000));
	check_int(g.r.counted_to_ns, 0);
	rig_ask(&g, 10 * HOUR, 12 * HOUR);
	check_int(g.r.noutage, 1);
	check_int(g.r.down_ns, INT64_C(3600000000000));
	rig_ask(&g, 11 * HOUR, 12 * HOUR);
	check_int(g.r.noutage, 0);
	rig_ask(&g, 13 * HOUR, 14 * HOUR);	/* it does not run now */
	check_int(g.r.noutage, 1);
	check_int(g.r.down_ns, INT64_C(3600000000000));
	check(rig_ask_at(&g, 11 * HOUR, DAY, 12 * HOUR, 0) == OK);	/* the day is not over */
	check_int(g.r.noutage, 0);
	rig_done(&g);
}

static void
before_the_store_began_nothing_is_missed(void)
{
	begin(5 * HOUR);
	rig_beats(&g, 5 * HOUR + 1, 6 * HOUR, NULL);
	ask(0, 6 * HOUR);
	check_int(g.r.noutage, 0);
	check_int(g.r.begun_ns, ns_of(5 * HOUR));
	rig_done(&g);
}

static void
more_outages_than_are_kept_are_counted(void)
{
	begin(0);
	for (unsigned i = 0; i < 100; i++)
		rig_beat(&g, i * 600.0, 0, NULL);
	ask(0, DAY);
	check_int(g.r.noutage, 100);		/* the last: to the end of the day */
	check_int(g.r.down_ns, ns_of(DAY) - ns_of(0));
	rig_done(&g);
}

/* A long outage right before: the counters before it are in an entry far back. */
static void
counters_of_before_a_long_outage_are_found(void)
{
	begin(0);
	of_socket(60, 1000, 5, 100);
	for (unsigned i = 0; i < 600; i++)	/* entries without a heartbeat */
		rig_begin(&g, 61);
	of_socket(30 * HOUR, 1000, 5, 103);
	ask(29 * HOUR, 30 * HOUR + 100);
	check_int(lost_of(&g, "udp", "kernel_drops"), 3);
	check_int(g.r.noutage, 1);
	rig_done(&g);
}

static void
a_broken_tree_is_told(void)
{
	struct files files;

	begin(0);
	rig_beats(&g, 0, 240, NULL);
	rig_sign(&g);
	files_list(&g.beats, &files);
	if (check(files_find(&files, "seal/tile/entries", "") != NULL)) {
		file_put(&g.beats, files_find(&files, "seal/tile/entries", ""), SPAN("\377\377"));
		check(rig_ask_at(&g, 0, HOUR, HOUR, 0) != OK);
		check(g.why.text[0] != '\0');
	}
	rig_done(&g);
}

int
main(void)
{
	run(counters_belong_to_the_steps_in_which_they_grew);
	run(a_period_has_what_grew_in_it);
	run(a_counter_that_is_smaller_began_anew);
	run(a_process_that_began_anew_counts_from_nothing);
	run(a_counter_that_is_not_told_after_a_restart_is_nothing);
	run(drops_of_one_socket_go_on_over_processes);
	run(of_octets_and_of_things_are_not_of_records);
	run(what_says_nothing_of_loss_is_left_out);
	run(what_a_killed_role_counted_last_is_sealed);
	run(no_heartbeat_for_minutes_is_an_outage);
	run(outages_are_missed_inside_of_the_period_only);
	run(before_the_store_began_nothing_is_missed);
	run(more_outages_than_are_kept_are_counted);
	run(counters_of_before_a_long_outage_are_found);
	run(a_broken_tree_is_told);
	return check_done();
}
