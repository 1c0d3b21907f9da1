/* SPDX-License-Identifier: Apache-2.0 */
/*
 * coverage/rolling.c and conditions.c: rows given as batches, with the clock that a test says; and
 * the same rows from the journal and the segments of a real keeper.
 */
#include "test/unit/coverage/rig.h"

#include "base/limits.h"
#include "coverage/conditions.h"
#include "coverage/rolling.h"
#include "store/trail.h"

enum { SHAPES = 3, SOURCES = 4 };

static struct rig g;
static struct rolling *rolling;
static struct registry *registry;
static struct arena *arena;
static struct rolling_view view;
static struct shape *shape[SHAPES];
static struct source *source[SOURCES];
static struct batch_writer *writer;
static uint64_t next_seq;

/* Shapes: 0 understood, 1 not, 2 with a number; sources: three hosts and an imported file. */
static void
tables_make(void)
{
	struct hole hole[2] = { { HOLE_SD_VALUE, ROLE_NONE, SPAN("meta.sequenceId"), SPAN("] ") },
	    { HOLE_TEXT, ROLE_MESSAGE, SPAN("message"), SPAN("") } };
	const struct shape like[SHAPES] = {
		{ .format = FORMAT_LINE, .decoder = 1, .nhole = 1, .hole = &hole[1] },
		{ .format = FORMAT_UNPARSED, .decoder = 1, .nhole = 1, .hole = &hole[1] },
		{ .format = FORMAT_RFC5424, .decoder = 1, .nhole = 2, .hole = hole } };
	static const char *const host[SOURCES] = { "a", "b", "c", "old" };
	struct buf code = { 0 };

	for (unsigned i = 0; i < SHAPES; i++) {
		code.n = 0;
		shape_encode(&code, &like[i]);
		must(shape_new(&shape[i], buf_span(&code), NULL) == OK);
	}
	for (unsigned i = 0; i < SOURCES; i++) {
		code.n = 0;
		source_encode(&code, &(struct source){ .trust = TRUST_PEER,
		    .listener = i == 3 ? SPAN("import:/old") : SPAN("udp"),
		    .host = span_str(host[i]) });
		must(source_new(&source[i], buf_span(&code), NULL) == OK);
	}
	buf_done(&code);
	writer = batch_writer_new(STREAM_RAW, 0);
}

static void
tables_free(void)
{
	for (unsigned i = 0; i < SHAPES; i++)
		shape_free(&shape[i]);
	for (unsigned i = 0; i < SOURCES; i++)
		source_free(&source[i]);
	batch_writer_free(&writer);
}

static void
begin(void)
{
	rolling = rolling_new(&(struct rolling_conf){ .window_ns = HOUR * INT64_C(1000000000),
	    .haste = 1 });
	next_seq = 1;
}

static void
end(void)
{
	rolling_free(&rolling);
	rolling_free(&rolling);
}

static void
say(const struct said *said)
{
	char number[24];
	struct span value[2] = { span_of(number, (size_t)snprintf(number, sizeof number, "%llu",
	    (unsigned long long)said->number)), SPAN("x") };
	struct row row = { .recv_ns = ns_of(said->at_s), .flags = said->flags,
	    .event_ns = ns_of(said->at_s - said->late_s), .nvalue = said->number > 0 ? 2 : 1,
	    .value = said->number > 0 ? value : value + 1 };

	must(batch_add(writer, said->number > 0 ? 2 : said->unparsed, said->source, &row) == OK);
}

/* What was said since the last time comes as one batch at this number; is it taken? */
static bool
give_at(uint64_t seq)
{
	const struct shape *shapes[SHAPES];
	const struct source *sources[SOURCES];
	const struct batch_tables tables = { shapes, sources };
	struct batch_head head;
	struct buf code = { 0 };
	bool taken;

	batch_finish(writer, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK);
	for (uint32_t i = 0; i < head.nshape; i++)
		shapes[i] = shape[batch_shape_id(&head, i)];
	for (uint32_t i = 0; i < head.nsource; i++)
		sources[i] = source[batch_source_id(&head, i)];
	taken = rolling_batch(rolling, 0, seq, &head, &tables);
	if (!taken)
		rolling_batch_after_gap(rolling, 0, seq, &head, &tables);
	next_seq = seq + head.nrow;
	buf_done(&code);
	return taken;
}

static void
give(void)
{
	check(give_at(next_seq));
}

static void
look(double now_s, double quiet_s)
{
	arena_reset(arena);
	rolling_look(rolling, ns_of(now_s), quiet_s == 0 ? 0 : ns_of(quiet_s),
	    registry, arena, &view);
}

static const struct coverage_source *
seen(const char *host)
{
	static const struct coverage_source none = { .rows = 0 };

	for (uint32_t i = 0; i < view.result.nsource; i++)
		if (span_is(view.result.source[i].host, host))
			return &view.result.source[i];
	return &none;
}

/* The remark of this kind about the host (NULL: about the desk), or NULL. */
static const struct coverage_remark *
remark(enum coverage_verdict verdict, const char *host)
{
	const struct coverage_remark *list;
	uint32_t n = coverage_judge(&view.result, arena, &list);

	for (uint32_t i = 0; i < n; i++)
		if (list[i].verdict == verdict && (host == NULL ? list[i].source == UINT32_MAX :
		    span_is(view.result.source[list[i].source].host, host)))
			return &list[i];
	return NULL;
}

/* ---- time ---- */

static void
talk(uint32_t from, double from_s, double to_s, double every_s)
{
	for (double s = from_s; s < to_s; s += every_s)
		say(&(struct said){ .source = from, .at_s = s });
	give();
}

static void
the_window_moves_on_and_what_is_usual_stays(void)
{
	begin();
	talk(0, 0, 2 * HOUR, 60);
	look(2 * HOUR, 0);
	check(seen("a")->rows >= 55 && seen("a")->rows <= 60);
	check(remark(COVERAGE_SILENT, "a") == NULL);
	look(2 * HOUR + 1200, 0);
	check(remark(COVERAGE_SILENT, "a") != NULL);
	look(50 * HOUR, 0);			/* days later it is silent still */
	check_int(seen("a")->rows, 0);
	if (check(remark(COVERAGE_SILENT, "a") != NULL))
		check_int(remark(COVERAGE_SILENT, "a")->value, 48 * HOUR + 60);
	check_int(view.last_seq[0], 120);
	check_int(view.last_ns[0], ns_of(2 * HOUR - 60));
	end();
}

static void
nobody_is_silent_while_the_desk_does_not_listen(void)
{
	begin();
	talk(0, 0, HOUR, 30);
	look(5 * HOUR, 5 * HOUR - 60);
	check(remark(COVERAGE_SILENT, "a") == NULL);
	look(5 * HOUR + 700, 5 * HOUR - 60);
	check(remark(COVERAGE_SILENT, "a") != NULL);
	check_int(view.last_ns[0], ns_of(HOUR - 30));
	end();
}

/* From eight to five on five days a week. */
static void
a_machine_that_is_off_at_night_is_not_silent_then(void)
{
	unsigned told = 0, early = 0;

	begin();
	for (unsigned day = 0; day < 28; day++) {
		double noon_s = day * DAY + 12.0 * HOUR;

		if (day % 7 < 5)
			talk(0, day * DAY + 8.0 * HOUR, day * DAY + 17.0 * HOUR, 60);
		for (unsigned h = 6; h < 20; h++) {
			look(noon_s + h * HOUR, 0);
			told += remark(COVERAGE_SILENT, "a") != NULL;
		}
		if (day < 14)
			early = told;
	}
	check(early > 0);			/* the first nights, the first week's end */
	check_int(told, early);
	look(50 * DAY, 0);			/* but not for ever */
	check(remark(COVERAGE_SILENT, "a") != NULL);
	end();
}

static void
one_long_pause_is_no_habit(void)
{
	begin();
	talk(0, 0, 10 * HOUR, 60);
	talk(0, 20 * HOUR, 2 * DAY, 60);
	look(2 * DAY + HOUR, 0);
	check(remark(COVERAGE_SILENT, "a") != NULL);
	end();
}

static void
haste_makes_seconds_hours(void)
{
	begin();
	rolling_free(&rolling);
	rolling = rolling_new(&(struct rolling_conf){ .haste = 600, .zero_ns = ns_of(0),
	    .window_ns = HOUR * INT64_C(1000000000) });
	talk(0, 0, 2, 0.05);
	look(2.1, 0);
	check(remark(COVERAGE_SILENT, "a") == NULL);
	look(4, 0);
	if (check(remark(COVERAGE_SILENT, "a") != NULL))
		check(remark(COVERAGE_SILENT, "a")->value > 1100);
	check(view.last_ns[0] > ns_of(1.9) && view.last_ns[0] < ns_of(2));
	end();
}

/* ---- what is counted ---- */

static void
a_share_that_is_not_understood_goes_with_its_hour(void)
{
	begin();
	for (unsigned i = 0; i < 600; i++)
		say(&(struct said){ .source = 1, .at_s = i, .unparsed = i < 100,
		    .flags = i < 3 ? ROW_CUT : 0 });
	give();
	look(600, 0);
	check_int(seen("b")->unparsed, 100);
	check_int(seen("b")->cut, 3);
	check(remark(COVERAGE_UNPARSED, "b") != NULL);
	talk(1, 600, HOUR + 600, 10);
	look(HOUR + 600, 0);
	check(remark(COVERAGE_UNPARSED, "b") == NULL);
	end();
}

static void
a_clock_that_was_put_right_is_right_soon(void)
{
	begin();
	for (unsigned i = 0; i < 5000; i++)
		say(&(struct said){ .source = 0, .at_s = i * 0.1, .late_s = 1200 });
	give();
	look(500, 0);
	if (check(remark(COVERAGE_SKEWED, "a") != NULL))
		check_int(remark(COVERAGE_SKEWED, "a")->value, 1200);
	for (unsigned i = 0; i < 200; i++)
		say(&(struct said){ .source = 0, .at_s = 500 + i * 0.1 });
	give();
	look(520, 0);
	check(remark(COVERAGE_SKEWED, "a") == NULL);
	end();
}

static void
a_clock_of_a_source_that_sends_no_more_is_no_news(void)
{
	begin();
	for (unsigned i = 0; i < 200; i++)
		say(&(struct said){ .source = 0, .at_s = i, .late_s = 1200 });
	give();
	look(300, 0);
	check(remark(COVERAGE_SKEWED, "a") != NULL);
	look(2 * HOUR, 0);
	check(remark(COVERAGE_SKEWED, "a") == NULL);
	end();
}

static void
numbers_that_never_came_are_missed_and_late_ones_taken_back(void)
{
	begin();
	for (unsigned i = 1; i <= 100; i++)
		if (i < 40 || i > 49)
			say(&(struct said){ .source = 2, .at_s = i, .number = i });
	say(&(struct said){ .source = 2, .at_s = 101, .number = 45 });
	give();
	look(200, 0);
	check_int(seen("c")->missing, 9);
	check(remark(COVERAGE_GAPS, "c") != NULL);
	look(2 * HOUR, 0);
	check_int(seen("c")->missing, 0);
	end();
}

static void
imported_files_are_not_watched(void)
{
	begin();
	talk(3, 0, HOUR, 10);
	look(3 * HOUR, 0);
	check_int(view.result.nsource, 0);
	check_int(view.newest_seq, 360);
	end();
}

static void
numbers_of_the_store_that_are_gone_are_missed(void)
{
	begin();
	talk(0, 0, 100, 1);
	rolling_begin(rolling);
	look(100, 0);
	check(remark(COVERAGE_GONE, NULL) == NULL);
	talk(0, 100, 200, 1);
	look(200, 0);
	check(remark(COVERAGE_GONE, NULL) == NULL);
	say(&(struct said){ .source = 0, .at_s = 201 });
	check(!give_at(next_seq + 7));		/* it asks for segments first */
	look(201, 0);
	if (check(remark(COVERAGE_GONE, NULL) != NULL)) {
		check_int(remark(COVERAGE_GONE, NULL)->value, 7);
		check_int(remark(COVERAGE_GONE, NULL)->usual, 108);
	}
	end();
}

/* ---- journal and segments ---- */

static void
trail_take(struct trail *trail)
{
	struct trail_batch b;

	while (trail_next(trail, &b, &g.why) == OK)
		if (b.stream == STREAM_RAW && !rolling_batch(rolling, b.class, b.first_seq,
		    b.head, b.tables))
			rolling_batch_after_gap(rolling, b.class, b.first_seq, b.head, b.tables);
}

static void
segments_take(struct store *store)
{
	size_t at = 0;
	enum err rc;

	do
		rc = rolling_segments(rolling, store, 0, &at, &g.why);
	while (rc == ERR_MORE);
	check(rc == OK);
}

/* Whichever way they are read first, each row is counted once. */
static void
rows_count_once_from_journal_and_segments(void)
{
	for (unsigned way = 0; way < 2; way++) {
		struct trail *trail = NULL;
		struct store *store = NULL;
		const uint8_t *key;

		begin();
		rig_make(&g, KEY_MAKE_ENCRYPTED);
		key = g.rows.keys.store_key;
		must(trail_open(&trail, g.rows.fd, key, &g.why) == OK);
		for (unsigned part = 0; part < 20; part++) {
			for (unsigned i = 0; i < 30; i++)
				rig_row(&g, &(struct said){ .source = i % 3,
				    .at_s = part * 30 + i, .unparsed = i % 3 == 1,
				    .number = i % 3 == 2 ? part * 10 + i / 3 + 1 : 0 });
			rig_keep(&g);
			if (way == 0)
				trail_take(trail);
		}
		must(store_open_streams(&store, g.rows.fd, key, 0, &g.why) == OK);
		segments_take(store);
		trail_take(trail);
		look(650, 0);
		check_int(view.result.rows, 600);
		check_int(view.newest_seq, 600);
		check_int(view.result.held, 600);
		check_int(seen("may00")->rows, 200);
		check_int(seen("may01")->unparsed, 200);
		check_int(seen("may02")->numbered, 200);
		check_int(seen("may02")->missing, 0);
		store_close(&store);
		trail_close(&trail);
		rig_done(&g);
		end();
	}
}

/* ---- conditions ---- */

static uint32_t
conditions(const struct desk_state *desk, const struct condition **ret)
{
	static const struct coverage_result no_losses;
	const struct conditions_ask ask = { .now_ns = ns_of(2 * HOUR), .from_ns = ns_of(HOUR),
	    .view = &view, .losses = &no_losses, .desk = desk };

	return conditions_make(&ask, arena, ret);
}

static void
remarks_and_states_become_conditions(void)
{
	const struct condition *c;
	struct desk_state desk = { .disk_hours = UINT64_MAX };

	begin();
	talk(0, 0, HOUR, 30);
	look(2 * HOUR, 0);
	if (check_int(conditions(&desk, &c), 1)) {
		check_int(c[0].rule, RULE_SILENT);
		check_span(c[0].group.host, SPAN("a"));
		check_int(c[0].from_seq, 120);
		check_int(c[0].to_seq, 120);
		check_int(c[0].from_ns, ns_of(HOUR - 30));
		check_int(c[0].to_ns, ns_of(2 * HOUR));
	}
	look(HOUR, 0);
	check_int(conditions(&desk, &c), 0);
	desk.disk_hours = 7 * 24 - 1;
	check_int(conditions(&desk, &c), 1);
	check_int(c[0].rule, RULE_DISK_WEEK);
	desk.disk_hours = 40;
	desk.clock_jump_s = 90;
	desk.store = SPAN("full");
	desk.unsealed = 4;
	desk.late_anchor[0] = SPAN("/mnt/usb/anchor");
	desk.late_hours[0] = 3;
	desk.nlate = 1;
	check_int(conditions(&desk, &c), 5);
	check_int(c[0].rule, RULE_STORE);
	check_span(c[0].group.subject, SPAN("full"));
	check_int(c[2].rule, RULE_DISK_DAYS);
	check_int(c[4].rule, RULE_ANCHOR);
	check_int(c[4].value, 3);
	end();
}

static void
who_keeps_trying_with_a_dead_certificate_becomes_a_condition(void)
{
	const struct denied denied[] = {
		{ .listener = SPAN("relays"), .peer = SPAN("10.0.0.5"), .name = SPAN("xa-a"),
		    .cause = DENIED_REVOKED, .times = 12, .first_s = 1, .last_s = 2 },
		{ .listener = SPAN("relays"), .peer = SPAN("10.0.0.6"), .name = SPAN("xa-b"),
		    .cause = DENIED_EXPIRED, .times = 3, .first_s = 1, .last_s = 2 },
		{ .listener = SPAN("relays"), .peer = SPAN("192.0.2.1"), .name = SPAN("evil"),
		    .cause = DENIED_UNKNOWN, .times = 9, .first_s = 1, .last_s = 2 },
	};
	const struct desk_state desk = { .disk_hours = UINT64_MAX, .denied = denied,
	    .ndenied = 3 };
	const struct condition *c;

	begin();
	look(HOUR, 0);
	if (check_int(conditions(&desk, &c), 2)) {
		check_int(c[0].rule, RULE_REVOKED);
		check_span(c[0].group.listener, SPAN("relays"));
		check_span(c[0].group.peer, SPAN("10.0.0.5"));
		check_span(c[0].group.subject, SPAN("xa-a"));
		check_int(c[0].group.identity.n, 0);
		check_int(c[0].value, 12);
		check_int(c[1].rule, RULE_EXPIRED);
	}
	end();
}

static void
register_begin(const char *text)
{
	struct why why = { "" };

	begin();
	if (!check(registry_read(&registry, span_str(text), &why) == OK))
		printf("%s\n", why.text);
}

static void
a_row_of_the_register_says_which_pause_is_too_long(void)
{
	register_begin("id,host,pause\nmay-a,a,30m\n");
	/* Too few records to know what is usual. */
	talk(0, 0, 300, 60);
	look(300 + 29 * 60, 0);
	check(remark(COVERAGE_SILENT, "a") == NULL);
	look(300 + 32 * 60, 0);
	if (check(remark(COVERAGE_SILENT, "a") != NULL))
		check_int(remark(COVERAGE_SILENT, "a")->usual, 30 * 60);
	/* It came, long before the window: it is silent and not absent. */
	look(5 * HOUR, 0);
	check(remark(COVERAGE_SILENT, "a") != NULL && view.result.expected[0].sources == 1);
	registry_free(&registry);
	end();
}

static void
who_is_expected_or_unknown_becomes_a_condition(void)
{
	const struct desk_state desk = { .disk_hours = UINT64_MAX };
	const struct condition *c;

	register_begin("id,host\nmay-z,z\n");
	talk(0, 0, 300, 60);
	look(310, 0);
	if (check_int(conditions(&desk, &c), 2)) {
		check_int(c[0].rule, RULE_ABSENT);
		check_span(c[0].group.subject, SPAN("may-z"));
		check_int(c[1].rule, RULE_UNKNOWN);
		check_span(c[1].group.host, SPAN("a"));
	}
	registry_free(&registry);
	/* Without a register nobody is expected, and nobody is unknown. */
	look(310, 0);
	check_int(conditions(&desk, &c), 0);
	end();
}

static void
a_disk_lasts_by_what_comes_and_what_goes(void)
{
	const uint64_t gb = 1000000000;

	/* 24 GB a day, 48 GB left */
	check_int(desk_disk_hours(&(struct desk_disk){ 48 * gb, 24 * gb, 0, DAY }), 48);
	check_int(desk_disk_hours(&(struct desk_disk){ 48 * gb, 12 * gb, 0, DAY / 2 }), 48);
	/* as much expires as comes, or half of it */
	check(desk_disk_hours(&(struct desk_disk){ gb, 24 * gb, 24 * gb, DAY }) == UINT64_MAX);
	check_int(desk_disk_hours(&(struct desk_disk){ 48 * gb, 24 * gb, 12 * gb, DAY }), 96);
	check_int(desk_disk_hours(&(struct desk_disk){ 0, 24 * gb, 0, DAY }), 0);
	check(desk_disk_hours(&(struct desk_disk){ gb, 24 * gb, 0, 3599 }) == UINT64_MAX);
	check(desk_disk_hours(&(struct desk_disk){ UINT64_MAX, 1, 0, DAY }) == UINT64_MAX);
}

int
main(void)
{
	arena = arena_new(1 << 26);
	tables_make();
	run(the_window_moves_on_and_what_is_usual_stays);
	run(nobody_is_silent_while_the_desk_does_not_listen);
	run(a_machine_that_is_off_at_night_is_not_silent_then);
	run(one_long_pause_is_no_habit);
	run(haste_makes_seconds_hours);
	run(a_share_that_is_not_understood_goes_with_its_hour);
	run(a_clock_that_was_put_right_is_right_soon);
	run(a_clock_of_a_source_that_sends_no_more_is_no_news);
	run(numbers_that_never_came_are_missed_and_late_ones_taken_back);
	run(imported_files_are_not_watched);
	run(numbers_of_the_store_that_are_gone_are_missed);
	run(rows_count_once_from_journal_and_segments);
	run(a_row_of_the_register_says_which_pause_is_too_long);
	run(who_keeps_trying_with_a_dead_certificate_becomes_a_condition);
	run(who_is_expected_or_unknown_becomes_a_condition);
	run(a_disk_lasts_by_what_comes_and_what_goes);
	run(remarks_and_states_become_conditions);
	tables_free();
	arena_free(&arena);
	return check_done();
}
