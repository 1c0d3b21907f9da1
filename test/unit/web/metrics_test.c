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
numbers_lists_texts_and_objects_become_lines(void)
{
	check_span(of("{\"rows\":[1,2,3],\"state\":\"open\",\"free\":12.5,"
	    "\"counters\":{\"a_b\":-7},"
	    "\"last\":9}"), SPAN("trucban_rows{stream=\"raw\"} 1\n"
	    "trucban_rows{stream=\"findings\"} 2\ntrucban_rows{stream=\"ledger\"} 3\n"
	    "trucban_state{is=\"open\"} 1\ntrucban_free 12.5\n"
	    "trucban_counters{name=\"a_b\"} -7\ntrucban_last 9\n"));
}

static void
names_hold_only_what_prometheus_takes(void)
{
	check_span(of("{\"a-B.c d\":1}"), SPAN("trucban_a___c_d 1\n"));
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
	check_span(of("{\"a\":1,\"b\":{-1},\"c\":2}"), SPAN("trucban_a 1\n"));
}

int
main(void)
{
	run(numbers_lists_texts_and_objects_become_lines);
	run(names_hold_only_what_prometheus_takes);
	run(what_is_broken_ends_the_list);
	buf_done(&out);
	return check_done();
}
