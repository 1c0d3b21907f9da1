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
what_can_fall_is_no_counter(void)
{
	check_span(of("{\"counters\":{\"collector.files_refused\":2,\"collector.lines_cut\":1}}"),
	    SPAN("# TYPE trucban_collector_files_refused gauge\n"
	    "trucban_collector_files_refused 2\n"
	    "# TYPE trucban_collector_lines_cut_total counter\n"
	    "trucban_collector_lines_cut_total 1\n"));
}

static void
who_was_not_let_in_is_told_with_all_that_is_known_of_him(void)
{
	/* A list of one: "tls", "10.0.0.5", the name a"b, expired, 3 times, from 1 to 2. */
	check_span(of("{\"denied\":\"0103746c730831302e302e302e3503612262010301000000000000000200"
	    "000000000000\",\"rows\":1}"),
	    SPAN("# HELP trucban_intake_denied TLS handshakes refused for a certificate, of each "
	    "who tried within the last hour.\n# TYPE trucban_intake_denied gauge\n"
	    "trucban_intake_denied{listener=\"tls\",peer=\"10.0.0.5\",cause=\"expired\","
	    "certificate=\"a\\\"b\"} 3\n"
	    "# HELP trucban_rows_total Rows taken since the start.\n"
	    "# TYPE trucban_rows_total counter\ntrucban_rows_total 1\n"));
	check_span(of("{\"denied\":\"01\"}"), SPAN(""));
	check_span(of("{\"denied\":\"xx\"}"), SPAN(""));
	check_span(of("{\"denied\":\"\"}"), SPAN(""));
}

static void
open_findings_are_told_by_severity(void)
{
	check_span(of("{\"counters\":{\"watch.high.findings_open\":2,"
	    "\"watch.low.findings_open\":0,\"teller.1.behind_seconds\":7}}"),
	    SPAN("# TYPE trucban_findings_open gauge\n"
	    "trucban_findings_open{severity=\"high\"} 2\n"
	    "trucban_findings_open{severity=\"low\"} 0\n"
	    "# TYPE trucban_teller_behind_seconds gauge\n"
	    "trucban_teller_behind_seconds{anchor=\"1\"} 7\n"));
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
	run(what_can_fall_is_no_counter);
	run(who_was_not_let_in_is_told_with_all_that_is_known_of_him);
	run(open_findings_are_told_by_severity);
	run(nanoseconds_are_told_as_seconds);
	run(names_hold_only_what_prometheus_takes);
	run(what_is_broken_ends_the_list);
	buf_done(&out);
	return check_done();
}
