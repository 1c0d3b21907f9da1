/* SPDX-License-Identifier: Apache-2.0 */
#include "web/metrics.h"

#include "check.h"

static struct buf out;

static struct span
of(const char *status)
{
	out.n = 0;
	metrics_put(&out, span_str(status));
	return buf_span(&out);
}

static void
numbers_lists_and_texts_become_samples(void)
{
	check_span(of("{\"last_seq\":[1,2,3],\"state\":\"open\",\"free\":12.5,\"rows\":9}"),
	    SPAN("# TYPE trucban_free gauge\ntrucban_free 12.5\n"
	    "# HELP trucban_last_seq Number of the last row of a stream.\n"
	    "# TYPE trucban_last_seq gauge\ntrucban_last_seq{stream=\"raw\"} 1\n"
	    "trucban_last_seq{stream=\"findings\"} 2\ntrucban_last_seq{stream=\"ledger\"} 3\n"
	    "# HELP trucban_rows_total Rows taken since the start.\n"
	    "# TYPE trucban_rows_total counter\ntrucban_rows_total 9\n"
	    "# HELP trucban_state State of the store: open, full, rewriting or read-only.\n"
	    "# TYPE trucban_state gauge\ntrucban_state{is=\"open\"} 1\n"));
}

static void
counters_of_a_listener_stand_together_by_name(void)
{
	check_span(of("{\"counters\":{\"intake.a.b.records\":7,\"intake.a.b.connections\":1,"
	    "\"intake.udp.records\":8,\"intake.sources\":2,\"collector.collector_lines\":4}}"),
	    SPAN("# TYPE trucban_collector_lines_total counter\ntrucban_collector_lines_total 4\n"
	    "# TYPE trucban_intake_connections gauge\n"
	    "trucban_intake_connections{listener=\"a.b\"} 1\n"
	    "# TYPE trucban_intake_records_total counter\n"
	    "trucban_intake_records_total{listener=\"a.b\"} 7\n"
	    "trucban_intake_records_total{listener=\"udp\"} 8\n"
	    "# TYPE trucban_intake_sources gauge\ntrucban_intake_sources 2\n"));
}

static void
nanoseconds_are_told_as_seconds(void)
{
	check(span_holds(of("{\"sync_ns\":14366711}"), "_seconds_total 0.014366711\n"));
	check(span_holds(of("{\"sync_max_ns\":12000000001}"), "_seconds 12.000000001\n"));
}

static void
names_hold_only_what_prometheus_takes(void)
{
	check_span(of("{\"a-B.c d\":1}"), SPAN("# TYPE trucban_a___c_d gauge\n"
	    "trucban_a___c_d 1\n"));
}

static void
what_is_broken_ends_the_list(void)
{
	static const char *const bad[] = { "", "x", "{", "{}", "{1", "{\"a\"", "{\"a\":",
	    "{\"a\":x}",
	    "{\"a\":{-1}}", "{\"a\":{\"b\":x}}", "{\"a\":[x]}", "{\"a\":[", "{\"a\":\"", "{\"a\\",
	    "{\"a\":\"b\\" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check_int(of(bad[i]).n, 0);
	check_span(of("{\"a\":1,\"b\":{-1},\"c\":2}"),
	    SPAN("# TYPE trucban_a gauge\ntrucban_a 1\n"));
}

int
main(void)
{
	run(numbers_lists_and_texts_become_samples);
	run(counters_of_a_listener_stand_together_by_name);
	run(nanoseconds_are_told_as_seconds);
	run(names_hold_only_what_prometheus_takes);
	run(what_is_broken_ends_the_list);
	buf_done(&out);
	return check_done();
}
