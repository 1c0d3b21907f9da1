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

/* A relay was sent away: what it said last is sealed, and its names make room. */
static void
counters_of_who_is_gone_make_room_for_others(void)
{
	char name[64];
	struct keep *keep;
	int fd;

	begin(0);
	keep = g.rows.keep;
	place_checkpoint(&g.rows);
	for (unsigned i = 0; i < LEAF_COUNTERS_MAX; i++) {
		(void)snprintf(name, sizeof name, "relay.xa/d%u.records", i);
		keep_counter(keep, i > 0 ? span_str(name) : SPAN("relay.xa/udp.kernel_drops"), 5);
	}
	keep_counters_gone(keep, SPAN("relay.xa/"));
	place_checkpoint(&g.rows);
	keep_counter(keep, SPAN("relay.xb/udp.kernel_drops"), 3);
	for (unsigned i = 0; i < 2; i++)
		place_checkpoint(&g.rows);
	fd = g.beats.fd;
	g.beats.fd = g.rows.fd;
	check(rig_ask_at(&g, 0, (double)(clock_wall_ns() / 1000000000 - monday + 60),
	    (double)(clock_wall_ns() / 1000000000 - monday + 60), 0) == OK);
	g.beats.fd = fd;
	check_int(lost_of(&g, "xa/udp", "kernel_drops"), 5);
	check_int(lost_of(&g, "xb/udp", "kernel_drops"), 3);
	rig_done(&g);
}

static uint64_t
sealed_of(const char *door, const char *name)
{
	int64_t end_s = clock_wall_ns() / 1000000000 - monday + 60;
	int fd = g.beats.fd;

	for (unsigned i = 0; i < 2; i++)
		place_checkpoint(&g.rows);
	g.beats.fd = g.rows.fd;
	check(rig_ask_at(&g, 0, (double)end_s, (double)end_s, 0) == OK);
	g.beats.fd = fd;
	return lost_of(&g, door, name);
}

/* More names than a heartbeat has, each as long as a relay may make it. */
static void
relays_told(const char *relay, unsigned n)
{
	char name[256];

	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(name, sizeof name, "relay.%s/%0100u.kernel_drops", relay, i);
		keep_counter(g.rows.keep, span_str(name), 1);
	}
	keep_counters_told(g.rows.keep, SPAN("relay."));
}

static void
counters_of_relays_leave_room_for_the_desks_own(void)
{
	struct buf status = { 0 };

	begin(0);
	place_checkpoint(&g.rows);
	relays_told("xa", LEAF_COUNTERS_MAX);
	keep_counter(g.rows.keep, SPAN("intake.udp.kernel_drops"), 7);
	keep_status(g.rows.keep, &status);
	buf_u8(&status, 0);
	check(strstr((char *)status.p, "\"keeper.counters_left_out\":") != NULL);
	check_int(sealed_of("udp", "kernel_drops"), 7);
	buf_done(&status);
	rig_done(&g);
}

static void
counters_that_no_relay_tells_any_more_make_room_for_others(void)
{
	struct keep *keep;

	begin(0);
	keep = g.rows.keep;
	place_checkpoint(&g.rows);
	relays_told("xa", LEAF_COUNTERS_MAX);
	keep_counters_told(keep, SPAN("relay."));
	for (unsigned i = 0; i < 2; i++) {
		keep_counter(keep, SPAN("relay.xb/udp.kernel_drops"), 3);
		place_checkpoint(&g.rows);
	}
	check_int(sealed_of("xb/udp", "kernel_drops"), 3);
	rig_done(&g);
}

static void
the_longest_name_of_a_relays_counter_is_sealed(void)
{
	char name[256], door[160];

	begin(0);
	place_checkpoint(&g.rows);
	(void)snprintf(door, sizeof door, "%064d/%063d", 1, 2);
	(void)snprintf(name, sizeof name, "relay.%s.requests_unauthorised", door);
	keep_counter(g.rows.keep, span_str(name), 5);
	check_int(sealed_of(door, "requests_unauthorised"), 5);
	rig_done(&g);
}

/* The desk's own take the room of relays' at last; what a heartbeat cannot hold is not built. */
static void
a_heartbeat_holds_no_more_than_an_entry_of_the_tree(void)
{
	char name[256];

	begin(0);
	place_checkpoint(&g.rows);
	relays_told("xa", LEAF_COUNTERS_MAX);
	for (unsigned i = 0; i < LEAF_COUNTERS_MAX; i++) {
		(void)snprintf(name, sizeof name, "intake.%0220u.kernel_drops", i);
		keep_counter(g.rows.keep, span_str(name), 2);
	}
	(void)snprintf(name, sizeof name, "%0220u", 200);
	check_int(sealed_of(name, "kernel_drops"), 2);
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
	check(remark_of(&g, COVERAGE_BEFORE) == NULL);
	rig_done(&g);
}

/* No fault was found where nothing was looked at: that is said, not taken for good. */
static void
a_period_of_which_nothing_is_known_needs_a_person(void)
{
	begin(5 * HOUR);
	rig_beats(&g, 5 * HOUR + 1, 6 * HOUR, NULL);
	ask(HOUR, 2 * HOUR);
	check(remark_of(&g, COVERAGE_BEFORE) != NULL && remark_of(&g, COVERAGE_EMPTY) == NULL);
	rig_ask(&g, HOUR, 5 * HOUR);		/* it began when the period ended */
	check(remark_of(&g, COVERAGE_BEFORE) != NULL);
	rig_ask(&g, HOUR, 6 * HOUR);
	check(remark_of(&g, COVERAGE_BEFORE) == NULL && remark_of(&g, COVERAGE_EMPTY) != NULL);
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
	run(counters_of_who_is_gone_make_room_for_others);
	run(counters_of_relays_leave_room_for_the_desks_own);
	run(counters_that_no_relay_tells_any_more_make_room_for_others);
	run(the_longest_name_of_a_relays_counter_is_sealed);
	run(a_heartbeat_holds_no_more_than_an_entry_of_the_tree);
	run(no_heartbeat_for_minutes_is_an_outage);
	run(outages_are_missed_inside_of_the_period_only);
	run(before_the_store_began_nothing_is_missed);
	run(a_period_of_which_nothing_is_known_needs_a_person);
	run(more_outages_than_are_kept_are_counted);
	run(counters_of_before_a_long_outage_are_found);
	run(a_broken_tree_is_told);
	return check_done();
}
