/* SPDX-License-Identifier: Apache-2.0 */
/* coverage/rows.c and coverage.c: rows by source and step, over stores that a real keeper made. */
#include "test/unit/coverage/rig.h"

#include "base/limits.h"

static struct rig g;

static uint64_t
rows_at(const struct coverage_source *s, uint32_t step)
{
	for (size_t i = 0; i < s->ncell; i++)
		if (s->cell[i].step == step)
			return s->cell[i].rows;
	return 0;
}

/* All that was said is in the cells, the sources and the sum alike. */
static void
adds_up(void)
{
	uint64_t rows = 0, unparsed = 0, lines = 0, cut = 0;

	for (uint32_t i = 0; i < g.r.nsource; i++) {
		const struct coverage_source *s = &g.r.source[i];
		uint64_t of_cells[3] = { 0 };

		for (size_t k = 0; k < s->ncell; k++) {
			check(k == 0 || s->cell[k].step > s->cell[k - 1].step);
			check(s->cell[k].step < g.r.nstep);
			of_cells[0] += s->cell[k].rows;
			of_cells[1] += s->cell[k].unparsed;
			of_cells[2] += s->cell[k].cut;
		}
		check_int(of_cells[0], s->rows);
		check_int(of_cells[1], s->unparsed);
		check_int(of_cells[2], s->cut);
		rows += s->rows;
		unparsed += s->unparsed;
		lines += s->lines;
		cut += s->cut;
	}
	check_int(rows, g.r.rows);
	check_int(unparsed, g.r.unparsed);
	check_int(lines, g.r.lines);
	check_int(cut, g.r.cut);
}

static void
rows_count_by_source_and_hour(void)
{
	rig_make(&g, KEY_MAKE_ENCRYPTED);
	for (unsigned i = 0; i < 90; i++)
		rig_row(&g, &(struct said){ .source = i % 3, .at_s = 8 * HOUR + i * 60.0,
		    .unparsed = i % 3 == 1, .flags = i % 3 == 2 ? ROW_CUT : 0 });
	rig_keep(&g);
	for (unsigned i = 0; i < 10; i++)
		rig_row(&g, &(struct said){ .source = 6, .at_s = 9 * HOUR + 2000 + i });
	rig_row(&g, &(struct said){ .source = 7, .at_s = 10 * HOUR });
	rig_keep(&g);
	rig_ask(&g, 8 * HOUR, 11 * HOUR);
	adds_up();
	check_int(g.r.nstep, 3);
	check_int(g.r.nsource, 4);
	check_int(g.r.rows, 101);
	check(span_is(g.r.source[0].host, "may00"));	/* with its cron: most rows */
	check_int(g.r.source[0].rows, 40);
	check_int(rows_at(source_of(&g, "may00"), 0), 20);
	check_int(rows_at(source_of(&g, "may00"), 1), 20);
	check_int(source_of(&g, "may01")->unparsed, 30);
	check_int(source_of(&g, "may01")->lines, 0);
	check_int(source_of(&g, "may00")->lines, 40);
	check_int(g.r.lines, 71);
	check_int(source_of(&g, "may01")->cut, 0);
	check_int(source_of(&g, "may02")->cut, 30);
	check_int(source_of(&g, "may02")->unit, 3);
	check_int(source_of(&g, "may02")->class, 1);
	check_int(source_of(&g, "may02")->trust, TRUST_PEER);
	check_int(source_of(&g, "")->trust, TRUST_CLAIM);
	check_int(rows_at(source_of(&g, ""), 2), 1);
	check_int(source_of(&g, "may01")->first_ns, ns_of(8 * HOUR + 60));
	check_int(source_of(&g, "may01")->last_ns, ns_of(8 * HOUR + 88 * 60));
	rig_done(&g);
}

static void
a_period_has_its_first_instant_and_not_its_last(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (int i = -2; i <= 2; i++) {
		rig_row(&g, &(struct said){ .source = 0, .at_s = 8 * HOUR + i * 0.001 });
		rig_row(&g, &(struct said){ .source = 1, .at_s = 9 * HOUR + i * 0.001 });
	}
	rig_keep(&g);
	rig_ask(&g, 8 * HOUR, 9 * HOUR);
	adds_up();
	check_int(source_of(&g, "may00")->rows, 3);
	check_int(source_of(&g, "may01")->rows, 2);
	/* periods that touch share nothing and leave nothing out */
	rig_ask(&g, 0, 8 * HOUR);
	check_int(g.r.rows, 2);
	rig_ask(&g, 9 * HOUR, 20 * HOUR);
	check_int(g.r.rows, 3);
	rig_ask(&g, 8 * HOUR + 0.001, 8 * HOUR + 0.0011);
	check_int(g.r.rows, 1);
	check_int(g.r.nstep, 1);
	rig_done(&g);
}

static void
steps_begin_with_whole_hours_and_days_of_the_office(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	rig_row(&g, &(struct said){ .at_s = 16.9 * HOUR });	/* Monday, 23:54 in Ha Noi */
	rig_row(&g, &(struct said){ .at_s = 17.1 * HOUR });
	rig_row(&g, &(struct said){ .at_s = 63 * DAY + 16.9 * HOUR });
	rig_keep(&g);
	rig_ask(&g, 16.5 * HOUR, 18.5 * HOUR);
	check_int(g.r.step_ns, INT64_C(3600000000000));
	check_int(g.r.base_ns, ns_of(16 * HOUR));
	check_int(g.r.nstep, 3);
	rig_ask(&g, 0, 64 * DAY);
	adds_up();
	check_int(g.r.step_ns, 24 * INT64_C(3600000000000));
	check_int(g.r.base_ns, ns_of(-7 * HOUR));
	check_int(rows_at(&g.r.source[0], 0), 1);
	check_int(rows_at(&g.r.source[0], 1), 1);
	check_int(rows_at(&g.r.source[0], 63), 1);
	/* west of Greenwich, half an hour off */
	check(rig_ask_at(&g, 0, 64 * DAY, 64 * DAY, -(3 * HOUR + 1800)) == OK);
	check_int(g.r.base_ns, ns_of(3 * HOUR + 1800 - DAY));
	adds_up();
	rig_done(&g);
}

static void
a_store_without_anything_is_counted_too(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	rig_ask(&g, 0, HOUR);
	check_int(g.r.rows + g.r.nsource + g.r.nloss + g.r.noutage + g.r.last_seq, 0);
	check(remark_of(&g, COVERAGE_GONE) == NULL && remark_of(&g, COVERAGE_DOWN) == NULL);
	rig_done(&g);
}

static void
a_period_that_is_empty_or_too_long_is_refused(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	check_int(rig_ask_at(&g, HOUR, HOUR, DAY, 0), ERR_FORMAT);
	check_int(rig_ask_at(&g, HOUR, 0, DAY, 0), ERR_FORMAT);
	check_int(rig_ask_at(&g, 0, 3661.0 * DAY, DAY, 0), ERR_FORMAT);
	check_int(rig_ask_at(&g, 0, 3659.0 * DAY, DAY, 0), OK);
	check_int(rig_ask_at(&g, -(double)monday - 1, 0, DAY, 0), ERR_FORMAT);
	rig_done(&g);
}

/* ---- numbers of the store ---- */

static void
numbers_are_whole_when_nothing_is_gone(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 30; i++)
		rig_row(&g, &(struct said){ .source = i % 2, .at_s = i * 100.0 });
	rig_keep(&g);
	rig_ask(&g, 1000, 2000);		/* rows 10 to 19: numbers 11 to 20 */
	check_int(g.r.first_seq, 11);
	check_int(g.r.last_seq, 20);
	check_int(g.r.held, 10);
	check(remark_of(&g, COVERAGE_GONE) == NULL);
	rig_done(&g);
}

/* A row that was handed on late lies between numbers of the period: it is here all the same. */
static void
rows_of_another_time_between_are_held(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 10; i++)
		rig_row(&g, &(struct said){ .source = 0, .at_s = 1000 + i - (i == 4 ? 500 : 0) });
	rig_keep(&g);
	rig_ask(&g, 1000, 2000);
	check_int(g.r.rows, 9);
	check_int(g.r.last_seq - g.r.first_seq + 1, 10);
	check_int(g.r.held, 10);
	rig_done(&g);
}

/* The rows are gone with their files; heartbeats and the numbers around them still tell. */
static void
rows_that_are_gone_are_missed(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	rig_begin(&g, -100);
	for (unsigned part = 0; part < 4; part++) {
		for (unsigned i = 0; i < 10; i++)
			rig_row(&g, &(struct said){ .at_s = 100 + part * 1000 + i });
		if (part == 1 || part == 3)
			rig_keep(&g);		/* two parts each: one segment */
	}
	rig_beat(&g, 50, 100, NULL);		/* 100 were given before, in this story */
	rig_beat(&g, 110, 100, NULL);
	rig_beat(&g, 1200, 140, NULL);
	rig_beat(&g, 4500, 140, NULL);
	rig_sign(&g);
	rig_ask(&g, 0, 2000);			/* numbers 1 to 20 are here, 21 to 140 are not */
	check_int(g.r.first_seq, 1);
	check_int(g.r.last_seq, 140);
	check_int(g.r.held, 40);
	if (check(remark_of(&g, COVERAGE_GONE) != NULL)) {
		check_int(remark_of(&g, COVERAGE_GONE)->value, 100);
		check_int(remark_of(&g, COVERAGE_GONE)->usual, 140);
	}
	/* nothing of the period is here at all */
	rig_ask(&g, 4000, 5000);
	check_int(g.r.rows, 0);
	check(remark_of(&g, COVERAGE_GONE) == NULL);	/* no number was given either */
	rig_done(&g);
}

static void
a_period_whose_rows_are_all_gone_is_missed_whole(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	rig_begin(&g, -100);
	rig_beat(&g, -50, 10, NULL);
	rig_beat(&g, 50, 20, NULL);
	rig_beat(&g, 110, 70, NULL);
	rig_sign(&g);
	rig_ask(&g, 0, 150);
	check_int(g.r.rows, 0);
	check_int(g.r.first_seq, 21);		/* 11 to 20: of the minute that begins it */
	check_int(g.r.last_seq, 70);
	check(remark_of(&g, COVERAGE_GONE) != NULL);
	rig_done(&g);
}

/* ---- pauses and silence ---- */

static void
who_pauses_longer_than_ever_is_silent(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 200; i++) {
		rig_row(&g, &(struct said){ .source = 0, .at_s = i * 60.0 });
		rig_row(&g, &(struct said){ .source = 1, .at_s = i * 60.0 + 1 });
		if (i < 100)
			rig_row(&g, &(struct said){ .source = 2, .at_s = i * 60.0 + 2 });
		if (i < 10)
			rig_row(&g, &(struct said){ .source = 3, .at_s = i * 60.0 + 3 });
	}
	rig_keep(&g);
	rig_ask(&g, 0, 12300);			/* 2 is quiet since 5,942, 3 was hardly heard */
	check(coverage_usual_pause_s(source_of(&g, "may00")) >= 60);
	check(coverage_usual_pause_s(source_of(&g, "may00")) <= 70);
	check_int(coverage_usual_pause_s(source_of(&g, "may03")), 0);
	if (check(remark_of(&g, COVERAGE_SILENT) != NULL)) {
		const struct coverage_remark *m = remark_of(&g, COVERAGE_SILENT);

		check(span_is(g.r.source[m->source].host, "may02"));
		check_int(m->value, 12300 - 5942);
	}
	/* what is still to come is no silence */
	check(rig_ask_at(&g, 0, DAY, 6000, 0) == OK);
	check(remark_of(&g, COVERAGE_SILENT) == NULL);
	rig_done(&g);
}

static void
one_long_night_is_no_usual_pause(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 4000; i++)
		rig_row(&g, &(struct said){ .at_s = i * 1.0 + (i >= 2000 ? 8 * HOUR : 0) });
	rig_keep(&g);
	rig_ask(&g, 0, DAY);
	check_int(coverage_usual_pause_s(&g.r.source[0]), 2);
	rig_done(&g);
}

/* ---- clocks ---- */

static void
clocks_are_judged_by_their_median(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 60; i++) {
		rig_row(&g, &(struct said){ .source = 0, .at_s = i * 10.0, .late_s = 0.2 });
		rig_row(&g, &(struct said){ .source = 1, .at_s = i * 10.0, .late_s = 400 });
		rig_row(&g, &(struct said){ .source = 2, .at_s = i * 10.0, .late_s = -400 });
		rig_row(&g, &(struct said){ .source = 3, .at_s = i * 10.0, .late_s = 9000,
		    .flags = TIME_NONE << ROW_TIME_SHIFT });
		rig_row(&g, &(struct said){ .source = 4, .at_s = i * 10.0,
		    .late_s = i < 20 ? 5000 : 1 });
		if (i < 10)
			rig_row(&g, &(struct said){ .source = 5, .at_s = i * 10.0, .late_s = 400 });
	}
	rig_keep(&g);
	rig_ask(&g, 0, 600);
	for (uint32_t i = 0; i < g.r.nsource; i++) {
		const struct coverage_source *s = &g.r.source[i];
		const struct coverage_remark *remark, *skewed = NULL;
		uint32_t n = coverage_judge(&g.r, g.arena, &remark);

		for (uint32_t k = 0; k < n; k++)
			if (remark[k].verdict == COVERAGE_SKEWED && remark[k].source == i)
				skewed = &remark[k];
		if (span_is(s->host, "may01") && check(skewed != NULL))
			check_int((int64_t)skewed->value, 450);
		else if (span_is(s->host, "may02") && check(skewed != NULL))
			check_int((int64_t)skewed->value, -450);
		else
			check(skewed == NULL);
	}
	rig_done(&g);
}

/* Its records are a day old and it is silent since, as old files are. */
static void
an_imported_file_has_no_clock_and_no_habits(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 60; i++)
		rig_row(&g, &(struct said){ .source = 8, .at_s = i, .late_s = DAY });
	rig_keep(&g);
	rig_ask(&g, 0, DAY);
	check_int(g.r.rows, 60);
	check(remark_of(&g, COVERAGE_SKEWED) == NULL);
	check(remark_of(&g, COVERAGE_SILENT) == NULL);
	rig_done(&g);
}

static void
classes_of_clock_error_stand_either_side_of_none(void)
{
	check_int(coverage_skew_s(COVERAGE_SKEWS / 2), 0);
	for (unsigned i = 0; i <= COVERAGE_SKEWS / 2; i++) {
		check_int(coverage_skew_s(COVERAGE_SKEWS / 2 + i),
		    -coverage_skew_s(COVERAGE_SKEWS / 2 - i));
		check(i == 0 || coverage_skew_s(COVERAGE_SKEWS / 2 + i) >
		    coverage_skew_s(COVERAGE_SKEWS / 2 + i - 1));
	}
	check_int(coverage_skew_s(0), -86400);
	check_int(coverage_skew_s(COVERAGE_SKEWS - 1), 86400);
}

/* Many segments: not all tell the clocks, but a source of one of them is not passed over. */
static void
a_rare_source_s_clock_is_seen(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned part = 0; part < 70; part++) {
		for (unsigned i = 0; i < 60; i++)
			rig_row(&g, &(struct said){ .source = part == 41 ? 2 : 0,
			    .at_s = part * 100.0 + i, .late_s = part == 41 ? 400 : 0 });
		rig_keep(&g);
	}
	rig_ask(&g, 0, DAY);
	check_int(source_of(&g, "may02")->clocked, 60);
	check(remark_of(&g, COVERAGE_SKEWED) != NULL);
	check(source_of(&g, "may00")->clocked < source_of(&g, "may00")->rows);
	check(source_of(&g, "may00")->clocked >= 20 * 60);
	rig_done(&g);
}

/* ---- what was not understood ---- */

static void
a_share_of_unparsed_rows_is_remarked(void)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 2000; i++) {
		rig_row(&g, &(struct said){ .source = 0, .at_s = i, .unparsed = i < 20 });
		rig_row(&g, &(struct said){ .source = 1, .at_s = i, .unparsed = i < 19 });
	}
	for (unsigned i = 0; i < 9; i++)
		rig_row(&g, &(struct said){ .source = 2, .at_s = 2000 + i, .unparsed = true });
	rig_keep(&g);
	rig_ask(&g, 0, HOUR);
	if (check(remark_of(&g, COVERAGE_UNPARSED) != NULL)) {
		const struct coverage_remark *m = remark_of(&g, COVERAGE_UNPARSED);

		check(span_is(g.r.source[m->source].host, "may00"));
		check_int(m->value, 20);
		check_int(m->usual, 2000);
	}
	rig_done(&g);
}

/* ---- stopping ---- */

static bool
no(void *ctx)
{
	(void)ctx;
	return false;
}

static void
who_waits_no_more_ends_it(void)
{
	struct coverage_ask ask = { .period = { ns_of(0), ns_of(DAY), ns_of(DAY), 0 },
	    .go_on = no };

	rig_make(&g, KEY_MAKE_PLAIN);
	rig_row(&g, &(struct said){ .at_s = 1 });
	rig_keep(&g);
	must(rig_ask_at(&g, 0, DAY, DAY, 0) == OK);
	check_int(coverage_make(g.store, g.beats.fd, &ask, g.arena, &g.r, &g.why), ERR_BUSY);
	rig_done(&g);
}

int
main(void)
{
	run(rows_count_by_source_and_hour);
	run(a_period_has_its_first_instant_and_not_its_last);
	run(steps_begin_with_whole_hours_and_days_of_the_office);
	run(a_store_without_anything_is_counted_too);
	run(a_period_that_is_empty_or_too_long_is_refused);
	run(numbers_are_whole_when_nothing_is_gone);
	run(rows_of_another_time_between_are_held);
	run(rows_that_are_gone_are_missed);
	run(a_period_whose_rows_are_all_gone_is_missed_whole);
	run(who_pauses_longer_than_ever_is_silent);
	run(one_long_night_is_no_usual_pause);
	run(clocks_are_judged_by_their_median);
	run(an_imported_file_has_no_clock_and_no_habits);
	run(classes_of_clock_error_stand_either_side_of_none);
	run(a_rare_source_s_clock_is_seen);
	run(a_share_of_unparsed_rows_is_remarked);
	run(who_waits_no_more_ends_it);
	return check_done();
}
