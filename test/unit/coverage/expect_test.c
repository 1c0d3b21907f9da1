/* SPDX-License-Identifier: Apache-2.0 */
/* coverage/expect.c and judge.c: the register held against what came; register.md, section 3. */
#include "coverage/coverage_int.h"
#include "test/unit/coverage/rig.h"

static struct rig g;

static unsigned
remarks_of(enum coverage_verdict verdict)
{
	const struct coverage_remark *remark;
	uint32_t n = coverage_judge(&g.r, g.arena, &remark);
	unsigned found = 0;

	for (uint32_t i = 0; i < n; i++)
		found += remark[i].verdict == verdict;
	return found;
}

static enum coverage_state
state_of(const char *id)
{
	return coverage_state(&g.r, registry_find(g.registry, span_str(id)));
}

/* Hosts 0 and 1 every minute for so many hours; 8 is a file with host 2. */
static void
hours_make(unsigned hours)
{
	rig_make(&g, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < hours * 60; i++) {
		rig_row(&g, &(struct said){ .source = 0, .at_s = i * 60.0 });
		rig_row(&g, &(struct said){ .source = 1, .at_s = i * 60.0 + 1 });
	}
	rig_row(&g, &(struct said){ .source = 8, .at_s = 5 });
	rig_keep(&g);
}

static void
without_a_register_nothing_is_expected(void)
{
	hours_make(1);
	rig_ask(&g, 0, HOUR);
	check(g.r.nexpected == 0 && g.r.registry == NULL);
	check_int(remarks_of(COVERAGE_UNKNOWN) + remarks_of(COVERAGE_ABSENT), 0);
	check(coverage_is_unknown(source_of(&g, "may00")));
	rig_done(&g);
}

static void
rows_have_what_came_of_their_senders(void)
{
	hours_make(1);
	rig_register(&g, "id,from,host\nzero,10.0.0.1,MAY00\nfile,,may02\nnever,10.9.9.9,\n");
	rig_ask(&g, 0, HOUR);
	check_int(g.r.nexpected, 3);
	check(g.r.expected[0].rows == 60 && g.r.expected[0].sources == 1);
	check_int(g.r.expected[0].last_ns, ns_of(59 * 60));
	check_int(source_of(&g, "may00")->row, 0);
	check_int(source_of(&g, "may02")->row, 1);
	check_int(g.r.expected[1].rows, 0);	/* a file is named, and was not expected */
	check(state_of("zero") == COVERAGE_ARRIVES && state_of("never") == COVERAGE_MISSING);
	check_int(remarks_of(COVERAGE_ABSENT), 2);
	check_int(remarks_of(COVERAGE_UNKNOWN), 1);
	if (check(remark_of(&g, COVERAGE_UNKNOWN) != NULL)) {
		const struct coverage_remark *m = remark_of(&g, COVERAGE_UNKNOWN);

		check(span_is(g.r.source[m->source].host, "may01"));
		check(m->value == 60 && m->row == UINT32_MAX);
	}
	check(source_of(&g, "may00")->shares && source_of(&g, "may01")->shares);
	rig_done(&g);
}

/* Two doors of one machine are one place, unless they are a relay's; of one certificate all are. */
static void
of_unknown_ones_elsewhere_with_one_host_the_first_may_have_its_name(void)
{
	struct coverage_source s[] = {
		{ .listener = SPAN("tcp"), .peer = SPAN("10.0.0.1"), .host = SPAN("web") },
		{ .listener = SPAN("udp"), .peer = SPAN("10.0.0.1"), .host = SPAN("web") },
		{ .listener = SPAN("udp"), .peer = SPAN("10.0.0.2"), .host = SPAN("db") },
		{ .listener = SPAN("udp"), .peer = SPAN("10.0.0.3"), .host = SPAN("web") },
		{ .listener = SPAN("xa/udp"), .peer = SPAN("10.0.0.9"), .host = SPAN("fw"),
		    .identity = SPAN("xa") },
		{ .listener = SPAN("xa/tcp"), .peer = SPAN("10.0.0.9"), .host = SPAN("fw"),
		    .identity = SPAN("xa") },
		{ .listener = SPAN("tls"), .peer = SPAN("10.0.1.1"), .host = SPAN("pc"),
		    .identity = SPAN("pc") },
		{ .listener = SPAN("tls"), .peer = SPAN("10.0.1.2"), .host = SPAN("pc"),
		    .identity = SPAN("pc") },
		{ .listener = SPAN("udp"), .peer = SPAN("10.0.0.4"), .host = SPAN("db") },
	};
	static const bool second[] = { false, false, false, true, false, true, false, false,
	    false };

	rig_make(&g, KEY_MAKE_PLAIN);
	for (size_t i = 0; i < 9; i++) {
		s[i].trust = TRUST_PEER;
		s[i].row = i < 8 ? UINT32_MAX : 0;	/* the last has a row */
	}
	namesakes_find(s, 9, g.arena);
	for (size_t i = 0; i < 9; i++)
		check_int(s[i].namesake, second[i]);
	rig_done(&g);
}

static void
silence_is_judged_by_the_row_s_own_pause(void)
{
	hours_make(1);
	rig_register(&g, "id,from,pause\nboth,10.0.0.1,2h\n");
	rig_ask(&g, 0, 2 * HOUR);		/* usual: silent; expected: not */
	check_int(remarks_of(COVERAGE_SILENT), 0);
	check_int(state_of("both"), COVERAGE_ARRIVES);
	rig_ask(&g, 0, 4 * HOUR);
	check_int(remarks_of(COVERAGE_SILENT), 1);
	if (check(remark_of(&g, COVERAGE_SILENT) != NULL)) {
		const struct coverage_remark *m = remark_of(&g, COVERAGE_SILENT);

		check(m->usual == 2 * HOUR && m->row == 0);
		check_int(m->value, 3 * HOUR + 59);
	}
	check_int(state_of("both"), COVERAGE_QUIET);
	rig_ask(&g, 0, 2 * DAY);
	check_int(state_of("both"), COVERAGE_STOPPED);
	/* Without one it is what is usual. */
	rig_register(&g, "id,from\nboth,10.0.0.1\n");
	rig_ask(&g, 0, 2 * HOUR);
	check_int(remarks_of(COVERAGE_SILENT), 2);
	check_int(state_of("both"), COVERAGE_QUIET);
	rig_done(&g);
}

/* The zone is +07:00: office hours of this Monday are 0:30 to 10:00 UTC. */
static void
a_night_and_a_weekend_are_no_silence_in_office_hours(void)
{
	hours_make(10);				/* last heard at 9:59 UTC */
	rig_register(&g, "id,from,pause_office\nboth,10.0.0.1,1h\n");
	rig_ask(&g, 0, 24 * HOUR);
	check_int(remarks_of(COVERAGE_SILENT), 0);
	rig_ask(&g, 0, 25.4 * HOUR);		/* 0:54 of Tuesday's */
	check_int(remarks_of(COVERAGE_SILENT), 0);
	rig_ask(&g, 0, 25.6 * HOUR);
	check_int(remarks_of(COVERAGE_SILENT), 1);
	rig_done(&g);
	rig_make(&g, KEY_MAKE_PLAIN);
	rig_row(&g, &(struct said){ .source = 0, .at_s = 4 * DAY + 9.99 * HOUR });	/* Friday */
	rig_keep(&g);
	rig_register(&g, "id,from,pause_office\nboth,10.0.0.1,1h\n");
	rig_ask(&g, 0, 7 * DAY + 1.4 * HOUR);	/* Monday */
	check_int(remarks_of(COVERAGE_SILENT), 0);
	rig_ask(&g, 0, 7 * DAY + 1.6 * HOUR);
	check_int(remarks_of(COVERAGE_SILENT), 1);
	rig_done(&g);
}

static void
who_may_pause_longer_than_the_period_is_not_missed(void)
{
	hours_make(1);
	rig_register(&g, "id,from,pause\nnever,10.9.9.9,1d\n");
	rig_ask(&g, 0, HOUR);
	check_int(remarks_of(COVERAGE_ABSENT), 0);
	check_int(state_of("never"), COVERAGE_MISSING);
	rig_ask(&g, 0, 25 * HOUR);
	check_int(remarks_of(COVERAGE_ABSENT), 1);
	rig_done(&g);
}

static void
nobody_is_missed_before_he_was_registered(void)
{
	static int64_t since_ns[2];

	hours_make(1);
	rig_register(&g, "id,from\nnever,10.9.9.9\nzero,10.0.0.1\n");
	since_ns[0] = ns_of(0.5 * HOUR);
	g.since_ns = since_ns;
	rig_ask(&g, 0, HOUR);
	check_int(state_of("never"), COVERAGE_MISSING);
	check_int(state_of("zero"), COVERAGE_ARRIVES);
	check(coverage_since(&g.r, 0) == since_ns[0] && coverage_since(&g.r, 1) == ns_of(0));
	if (check(remark_of(&g, COVERAGE_ABSENT) != NULL))
		check_int(remark_of(&g, COVERAGE_ABSENT)->value, 0.5 * HOUR);
	/* A period that was over then. */
	since_ns[0] = ns_of(HOUR);
	rig_ask(&g, 0, HOUR);
	check_int(state_of("never"), COVERAGE_LATER);
	check(remark_of(&g, COVERAGE_ABSENT) == NULL);
	rig_done(&g);
}

static void
who_goes_on_under_another_unit_is_not_silent(void)
{
	const struct source moved = { .class = 1, .trust = TRUST_PEER, .unit = 4,
	    .listener = SPAN("udp"), .peer = SPAN("10.0.0.1"), .host = SPAN("may00"),
	    .app = SPAN("sshd") };
	struct buf code = { 0 };

	rig_make(&g, KEY_MAKE_PLAIN);
	source_encode(&code, &moved);
	must(keep_source(g.rows.keep, g.channel, RIG_SOURCES, buf_span(&code), NULL) == OK);
	for (unsigned i = 0; i < 120; i++)
		rig_row(&g, &(struct said){ .source = i < 60 ? 0 : RIG_SOURCES,
		    .at_s = i * 60.0 });
	rig_keep(&g);
	rig_ask(&g, 0, 2 * HOUR);
	check_int(g.r.nsource, 2);
	check_int(remarks_of(COVERAGE_SILENT), 0);
	rig_ask(&g, 0, 4 * HOUR);
	check_int(remarks_of(COVERAGE_SILENT), 1);
	buf_done(&code);
	rig_done(&g);
}

static void
a_crowd_of_strangers_is_told_in_one_remark(void)
{
	struct buf code = { 0 };

	rig_make(&g, KEY_MAKE_PLAIN);
	for (uint32_t i = 0; i < COVERAGE_UNKNOWNS + 7; i++) {
		char host[16];
		struct source s = { .class = 1, .unit = 3, .listener = SPAN("udp"),
		    .peer = SPAN("10.5.5.5"), .app = SPAN("nginx") };

		(void)snprintf(host, sizeof host, "la%u", i);
		s.host = span_str(host);
		code.n = 0;
		source_encode(&code, &s);
		must(keep_source(g.rows.keep, g.channel, RIG_SOURCES + i, buf_span(&code),
		    NULL) == OK);
		rig_row(&g, &(struct said){ .source = RIG_SOURCES + i, .at_s = i });
	}
	rig_keep(&g);
	rig_register(&g, "id,from\nx,10.0.0.1\n");
	rig_ask(&g, 0, HOUR);
	check_int(remarks_of(COVERAGE_UNKNOWN), COVERAGE_UNKNOWNS + 1);
	check(strcmp(source_of(&g, "la3")->guess, "nginx") == 0);
	buf_done(&code);
	rig_done(&g);
}

int
main(void)
{
	run(without_a_register_nothing_is_expected);
	run(rows_have_what_came_of_their_senders);
	run(of_unknown_ones_elsewhere_with_one_host_the_first_may_have_its_name);
	run(silence_is_judged_by_the_row_s_own_pause);
	run(a_night_and_a_weekend_are_no_silence_in_office_hours);
	run(who_may_pause_longer_than_the_period_is_not_missed);
	run(nobody_is_missed_before_he_was_registered);
	run(who_goes_on_under_another_unit_is_not_silent);
	run(a_crowd_of_strangers_is_told_in_one_remark);
	return check_done();
}
