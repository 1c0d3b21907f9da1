/* SPDX-License-Identifier: Apache-2.0 */
/* Tests query/value.c and query/when.c. */
#include "query/value.h"

#include <math.h>

#include "check.h"

static void
numbers_are_read_as_documented(void)
{
	static const struct {
		const char *text;
		double v;
	} good[] = {
		{ "0", 0 }, { "12345", 12345 }, { "-12345", -12345 }, { "0.123", 0.123 },
		{ "-12.34", -12.34 }, { "1_234_567", 1234567 }, { "1.234_567", 1.234567 },
		{ "+2e5", 2e5 }, { "-1.234e-5", -1.234e-5 }, { "10K", 1e4 }, { "10KB", 1e4 },
		{ "1.5Ki", 1536 }, { "10KiB", 10240 }, { "2MiB", 2 << 20 }, { "1T", 1e12 },
		{ "5m", 300e9 }, { "1.5h", 5400e9 }, { "1h33m55s", 5635e9 }, { "123ns", 123 },
		{ "1.23µs", 1230 }, { "0xff", 255 }, { "0b101", 5 }, { "inf", INFINITY },
		{ "-Inf", -INFINITY }, { "1.2.3.4", 0x01020304 }, { "1970-01-01T00:00:01Z", 1e9 },
		{ "9007199254740993", 9007199254740992.0 },
		{ "123456789012345678901234", 123456789012345678901234.0 },
	};
	static const char *const bad[] = { "", "-", "foo", "1.2.3", "5x", "1,5", "1e", ".5", "5.",
		"0x", "0xg", "1.2.3.4.5", "256.1.1.1", "1-2", "h", "--5", "_1" };
	double v;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		if (!check(value_number(span_str(good[i].text), &v) && v == good[i].v))
			printf("\t%s is %.17g\n", good[i].text, v);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(!value_number(span_str(bad[i]), &v)))
			printf("\t%s is %.17g\n", bad[i], v);
}

static void
numbers_are_written_in_their_shortest_form(void)
{
	static const struct {
		double v;
		const char *text;
	} want[] = {
		{ 0, "0" }, { 0.1, "0.1" }, { 1.0 / 3, "0.3333333333333333" }, { -2.5, "-2.5" },
		{ 1e21, "1000000000000000000000" }, { 1e-7, "0.0000001" }, { 123456.789,
		    "123456.789" },
		{ NAN, "NaN" }, { INFINITY, "+Inf" }, { -INFINITY, "-Inf" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 9007199254740993.0, "9007199254740992" },
	};
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		out.n = 0;
		value_put_f64(&out, want[i].v);
		check_span(buf_span(&out), span_str(want[i].text));
	}
	buf_done(&out);
}

static void
times_go_out_and_in_again(void)
{
	static const struct {
		int64_t ns;
		const char *text;
	} want[] = {
		{ 0, "1970-01-01T00:00:00Z" }, { 1, "1970-01-01T00:00:00.000000001Z" },
		{ -1, "1969-12-31T23:59:59.999999999Z" }, { 1100000000, "1970-01-01T00:00:01.1Z" },
		{ 1709164800000000000, "2024-02-29T00:00:00Z" },
		{ 1700000000120000000, "2023-11-14T22:13:20.12Z" },
	};
	uint8_t at[VALUE_TIME_BYTES];
	int64_t ns;

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		check_span(span_of(at, value_put_time(at, want[i].ns)), span_str(want[i].text));
		check(value_time(span_str(want[i].text), &ns) && ns == want[i].ns);
	}
	check(value_time(SPAN("2023-11-14 22:13:20+07:00"), &ns) && ns == 1699974800000000000);
	check(!value_time(SPAN("2023-11-14T22:13:20"), &ns));
	check(!value_time(SPAN("2023-11-14"), &ns));
}

static void
a_part_of_a_time_is_all_of_it(void)
{
	static const struct {
		const char *text, *from, *end;
	} want[] = {
		{ "2023Z", "2023-01-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z" },
		{ "2023", "2022-12-31T17:00:00Z", "2023-12-31T16:59:59.999999999Z" },
		{ "2023-02Z", "2023-02-01T00:00:00Z", "2023-02-28T23:59:59.999999999Z" },
		{ "2023-12Z", "2023-12-01T00:00:00Z", "2023-12-31T23:59:59.999999999Z" },
		{ "2023-02-07:00", "2023-02-01T07:00:00Z", "2023-03-01T06:59:59.999999999Z" },
		{ "2023-04-25+05:30", "2023-04-24T18:30:00Z", "2023-04-25T18:29:59.999999999Z" },
		{ "2023-04-25T22Z", "2023-04-25T22:00:00Z", "2023-04-25T22:59:59.999999999Z" },
		{ "2023-04-25T22:45Z", "2023-04-25T22:45:00Z", "2023-04-25T22:45:59.999999999Z" },
		{ "2023-04-25T22:45:59.5Z", "2023-04-25T22:45:59.5Z",
		    "2023-04-25T22:45:59.599999999Z" },
		{ "1562529662", "2019-07-07T20:01:02Z", "2019-07-07T20:01:02Z" },
		{ "1562529662678", "2019-07-07T20:01:02.678Z", "2019-07-07T20:01:02.678Z" },
		{ "1562529662.678", "2019-07-07T20:01:02.678Z", "2019-07-07T20:01:02.678Z" },
		{ "now-1h", "2023-11-14T21:13:20Z", "2023-11-14T21:13:20Z" },
		{ "30m", "2023-11-14T21:43:20Z", "2023-11-14T21:43:20Z" },
	};
	static const char *const bad[] = { "2023-13", "2023-02-30", "2023-02-03T", "2023-02-03T25",
		"foo", "", "2023-2", "9999", "2023-02-03T10:00+7", "12:00" };
	struct time_point p;
	uint8_t at[VALUE_TIME_BYTES];

	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
		if (!check(value_time_point(span_str(want[i].text), 1700000000000000000, 7 * 3600,
		    &p)))
			continue;
		check_span(span_of(at, value_put_time(at, p.from_ns)), span_str(want[i].from));
		check_span(span_of(at, value_put_time(at, p.end_ns)), span_str(want[i].end));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(!value_time_point(span_str(bad[i]), 0, 0, &p)))
			printf("\t%s\n", bad[i]);
}

static void
texts_are_ordered_as_a_person_would(void)
{
	static const char *const order[] = { "-5", "0", "9", "10", "10.5", "1KiB", "1h", "file9",
		"file10", "file10a", "files" };
	size_t n = sizeof order / sizeof order[0];

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < n; j++) {
			int c = value_compare(span_str(order[i]), span_str(order[j]));

			if (!check((c < 0) == (i < j) && (c > 0) == (i > j)))
				printf("\t%s %s\n", order[i], order[j]);
		}
}

static void
calendar_buckets_begin_where_they_should(void)
{
	check_int(value_month(1700000000000000000), 1698796800000000000);
	check_int(value_year(1700000000000000000), 1672531200000000000);
	check_int(value_month(-1), -2678400000000000);
	check_int(value_weekday(0), 4);
	check_int(value_weekday(1700000000000000000), 2);
	check_int(value_weekday(-1), 3);
}

int
main(void)
{
	run(numbers_are_read_as_documented);
	run(numbers_are_written_in_their_shortest_form);
	run(times_go_out_and_in_again);
	run(a_part_of_a_time_is_all_of_it);
	run(texts_are_ordered_as_a_person_would);
	run(calendar_buckets_begin_where_they_should);
	return check_done();
}
