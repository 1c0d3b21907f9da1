/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests what pipes give: each pipe and function of the documentation on eight rows, as JSON
 * lines; then that statistics over columns and over rows agree, and that sorting is a sort.
 */
#include "query/query_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"
#include "fake_store.h"
#include "query/value.h"
#include "random_rows.h"

/* 2023-11-14T22:00:00Z and each minute after it. */
static const int64_t start_ns = 1699999200000000000, minute_ns = 60000000000;
static const int64_t now_ns = 1700000000000000000;

static const struct {
	const char *text, *lines;
} answer[] = {
	{ "login | fields _time, hostname, _msg",
	    "{\"_time\":\"2023-11-14T22:04:00Z\",\"hostname\":\"a\",\"_msg\":\"login ok\"}\n"
	    "{\"_time\":\"2023-11-14T22:02:00Z\",\"hostname\":\"a\","
	    "\"_msg\":\"login failed\"}\n"
	    "{\"_time\":\"2023-11-14T22:00:00Z\",\"hostname\":\"a\",\"_msg\":\"login ok\"}\n" },
	{ "* | stats count() n",
	    "{\"n\":\"8\"}\n" },
	{ "nothing | stats count() n, sum(num) s, min(num) lo, avg(num) a",
	    "{\"n\":\"0\",\"s\":\"NaN\",\"a\":\"NaN\"}\n" },
	{ "nothing | stats by (hostname) count() n",
	    "" },
	{ "* | stats by (app_name) count() n, sum(num) s, avg(num) a, min(num) "
	    "lo, max(num) hi",
	    "{\"app_name\":\"sshd\",\"n\":\"3\",\"s\":\"22\",\"a\":\"7.333333333333333\","
	    "\"lo\":\"5\",\"hi\":\"12\"}\n"
	    "{\"app_name\":\"nginx\",\"n\":\"3\",\"s\":\"97\",\"a\":\"48.5\","
	    "\"lo\":\"-3\",\"hi\":\"100\"}\n"
	    "{\"app_name\":\"cron\",\"n\":\"2\",\"s\":\"14\",\"a\":\"7\",\"lo\":\"7\","
	    "\"hi\":\"7\"}\n" },
	{ "* | stats by (app_name) count(ip) ips, count_empty(ip) none, "
	    "count_uniq(hostname) hosts",
	    "{\"app_name\":\"sshd\",\"ips\":\"3\",\"none\":\"0\",\"hosts\":\"1\"}\n"
	    "{\"app_name\":\"nginx\",\"ips\":\"2\",\"none\":\"1\",\"hosts\":\"2\"}\n"
	    "{\"app_name\":\"cron\",\"ips\":\"2\",\"none\":\"0\",\"hosts\":\"2\"}\n" },
	{ "* | stats median(num), quantile(0.9, num) p, values(hostname) v, "
	    "uniq_values(hostname) u",
	    "{\"median(num)\":\"7\",\"p\":\"100\","
	    "\"v\":\"[\\\"a\\\",\\\"b\\\",\\\"\\\","
	    "\\\"a\\\",\\\"a\\\",\\\"b\\\",\\\"a\\\",\\\"c\\\"]\","
	    "\"u\":\"[\\\"a\\\",\\\"b\\\",\\\"c\\\"]\"}\n" },
	{ "* | stats sum_len(_msg) l, rate() r, count_uniq(hostname, app_name) "
	    "pairs, count(num, ip) some",
	    "{\"l\":\"68\",\"r\":\"8\",\"pairs\":\"6\",\"some\":\"7\"}\n" },
	{ "* | stats by (_time:2m) count() n | sort by (_time)",
	    "{\"_time\":\"2023-11-14T22:00:00Z\",\"n\":\"2\"}\n"
	    "{\"_time\":\"2023-11-14T22:02:00Z\",\"n\":\"2\"}\n"
	    "{\"_time\":\"2023-11-14T22:04:00Z\",\"n\":\"2\"}\n"
	    "{\"_time\":\"2023-11-14T22:06:00Z\",\"n\":\"2\"}\n" },
	{ "* | stats by (_time:1d offset 7h) count() n",
	    "{\"_time\":\"2023-11-14T17:00:00Z\",\"n\":\"8\"}\n" },
	{ "* | stats by (_time:month) count() n",
	    "{\"_time\":\"2023-11-01T00:00:00Z\",\"n\":\"8\"}\n" },
	{ "* | stats by (_time:week) count() n",
	    "{\"_time\":\"2023-11-13T00:00:00Z\",\"n\":\"8\"}\n" },
	{ "* | stats by (ip:/24) count() n | sort by (ip)",
	    "{\"n\":\"1\"}\n"
	    "{\"ip\":\"10.0.1.0\",\"n\":\"4\"}\n"
	    "{\"ip\":\"10.0.2.0\",\"n\":\"2\"}\n"
	    "{\"ip\":\"10.0.9.0\",\"n\":\"1\"}\n" },
	{ "* | stats by (num:10) count() n | sort by (num)",
	    "{\"n\":\"1\"}\n"
	    "{\"num\":\"-10\",\"n\":\"1\"}\n"
	    "{\"num\":\"0\",\"n\":\"4\"}\n"
	    "{\"num\":\"10\",\"n\":\"1\"}\n"
	    "{\"num\":\"100\",\"n\":\"1\"}\n" },
	{ "* | stats count() if (login) l, count() if (GET) g, count() total",
	    "{\"l\":\"3\",\"g\":\"2\",\"total\":\"8\"}\n" },
	{ "* | stats by (hostname) row_any(app_name, num) r | sort by (hostname)",
	    "{\"r\":\"{\\\"app_name\\\":\\\"nginx\\\"}\"}\n"
	    "{\"hostname\":\"a\","
	    "\"r\":\"{\\\"app_name\\\":\\\"sshd\\\",\\\"num\\\":\\\"5\\\"}\"}\n"
	    "{\"hostname\":\"b\","
	    "\"r\":\"{\\\"app_name\\\":\\\"nginx\\\",\\\"num\\\":\\\"100\\\"}\"}\n"
	    "{\"hostname\":\"c\","
	    "\"r\":\"{\\\"app_name\\\":\\\"nginx\\\",\\\"num\\\":\\\"-3\\\"}\"}\n" },
	{ "* | stats row_min(num, _msg) lo, row_max(num, num, ip) hi",
	    "{\"lo\":\"{\\\"_msg\\\":\\\"GET /\\\"}\","
	    "\"hi\":\"{\\\"num\\\":\\\"100\\\",\\\"ip\\\":\\\"10.0.9.1\\\"}\"}\n" },
	{ "* | stats sum(n*) s",
	    "{\"s\":\"133\"}\n" },
	{ "_time:[2023-11-14T22:00Z, 2023-11-14T22:07Z] | stats rate() r, rate_sum(num) rs",
	    "{\"r\":\"0.016666666666666666\",\"rs\":\"0.27708333333333335\"}\n" },
	{ "* | stats by (_time:1m) rate() r | sort by (_time) | limit 1",
	    "{\"_time\":\"2023-11-14T22:00:00Z\",\"r\":\"0.016666666666666666\"}\n" },
	{ "* | stats uniq_values(app_name) limit 2 u, values(num) limit 3 v, "
	    "count_uniq(num) limit 2 c",
	    "{\"u\":\"[\\\"nginx\\\",\\\"sshd\\\"]\","
	    "\"v\":\"[\\\"5\\\",\\\"100\\\",\\\"\\\"]\",\"c\":\"2\"}\n" },
	{ "* | stats by (level) count() n | sort by (n desc)",
	    "{\"level\":\"critical\",\"n\":\"4\"}\n"
	    "{\"level\":\"error\",\"n\":\"2\"}\n"
	    "{\"level\":\"info\",\"n\":\"1\"}\n"
	    "{\"level\":\"warning\",\"n\":\"1\"}\n" },
	{ "* | stats by (_stream) count() n | sort by (_stream)",
	    "{\"_stream\":\"{app_name=\\\"cron\\\",hostname=\\\"b\\\",unit=\\\"2\\\"}\","
	    "\"n\":\"4\"}\n"
	    "{\"_stream\":\"{app_name=\\\"sshd\\\",hostname=\\\"a\\\",unit=\\\"1\\\"}\","
	    "\"n\":\"4\"}\n" },
	{ "* | uniq by (hostname)",
	    "{\"hostname\":\"a\"}\n"
	    "{\"hostname\":\"b\"}\n"
	    "{}\n"
	    "{\"hostname\":\"c\"}\n" },
	{ "* | uniq by (hostname, app_name) with hits | sort by (hostname, app_name)",
	    "{\"app_name\":\"nginx\",\"hits\":\"1\"}\n"
	    "{\"hostname\":\"a\",\"app_name\":\"cron\",\"hits\":\"1\"}\n"
	    "{\"hostname\":\"a\",\"app_name\":\"sshd\",\"hits\":\"3\"}\n"
	    "{\"hostname\":\"b\",\"app_name\":\"cron\",\"hits\":\"1\"}\n"
	    "{\"hostname\":\"b\",\"app_name\":\"nginx\",\"hits\":\"1\"}\n"
	    "{\"hostname\":\"c\",\"app_name\":\"nginx\",\"hits\":\"1\"}\n" },
	{ "* | uniq by (app_name) limit 2",
	    "{\"app_name\":\"sshd\"}\n"
	    "{\"app_name\":\"nginx\"}\n" },
	{ "* | top 2 by (hostname)",
	    "{\"hostname\":\"a\",\"hits\":\"4\"}\n"
	    "{\"hostname\":\"b\",\"hits\":\"2\"}\n" },
	{ "* | top 5 by (app_name) hits as n rank as r",
	    "{\"app_name\":\"nginx\",\"n\":\"3\",\"r\":\"1\"}\n"
	    "{\"app_name\":\"sshd\",\"n\":\"3\",\"r\":\"2\"}\n"
	    "{\"app_name\":\"cron\",\"n\":\"2\",\"r\":\"3\"}\n" },
	{ "* | field_values hostname | sort by (hostname)",
	    "{\"hits\":\"1\"}\n"
	    "{\"hostname\":\"a\",\"hits\":\"4\"}\n"
	    "{\"hostname\":\"b\",\"hits\":\"2\"}\n"
	    "{\"hostname\":\"c\",\"hits\":\"1\"}\n" },
	{ "* | field_names | filter name:in(hostname,level,_time)",
	    "{\"name\":\"_time\",\"hits\":\"8\"}\n"
	    "{\"name\":\"hostname\",\"hits\":\"8\"}\n"
	    "{\"name\":\"level\",\"hits\":\"8\"}\n" },
	{ "* | sort by (num) | fields num",
	    "{}\n"
	    "{\"num\":\"-3\"}\n"
	    "{\"num\":\"5\"}\n"
	    "{\"num\":\"5\"}\n"
	    "{\"num\":\"7\"}\n"
	    "{\"num\":\"7\"}\n"
	    "{\"num\":\"12\"}\n"
	    "{\"num\":\"100\"}\n" },
	{ "* | sort by (num desc) limit 2 | fields num, _msg",
	    "{\"num\":\"100\",\"_msg\":\"POST /x\"}\n"
	    "{\"num\":\"12\",\"_msg\":\"login failed\"}\n" },
	{ "* | first 2 by (_time) | fields _time",
	    "{\"_time\":\"2023-11-14T22:00:00Z\"}\n"
	    "{\"_time\":\"2023-11-14T22:01:00Z\"}\n" },
	{ "* | last 2 by (_time) | fields _time",
	    "{\"_time\":\"2023-11-14T22:07:00Z\"}\n"
	    "{\"_time\":\"2023-11-14T22:06:00Z\"}\n" },
	{ "* | sort by (_time) limit 3 offset 2 | fields num",
	    "{\"num\":\"12\"}\n"
	    "{\"num\":\"-3\"}\n"
	    "{\"num\":\"5\"}\n" },
	{ "* | sort by (hostname, num desc) | fields hostname, num",
	    "{}\n"
	    "{\"hostname\":\"a\",\"num\":\"12\"}\n"
	    "{\"hostname\":\"a\",\"num\":\"7\"}\n"
	    "{\"hostname\":\"a\",\"num\":\"5\"}\n"
	    "{\"hostname\":\"a\",\"num\":\"5\"}\n"
	    "{\"hostname\":\"b\",\"num\":\"100\"}\n"
	    "{\"hostname\":\"b\",\"num\":\"7\"}\n"
	    "{\"hostname\":\"c\",\"num\":\"-3\"}\n" },
	{ "* | sort by (num) offset 1 limit 2 rank as pos | fields pos, num",
	    "{\"pos\":\"2\",\"num\":\"-3\"}\n"
	    "{\"pos\":\"3\",\"num\":\"5\"}\n" },
	{ "* | sort by (num desc) partition by (hostname) limit 1 | fields hostname, num",
	    "{\"hostname\":\"b\",\"num\":\"100\"}\n"
	    "{\"hostname\":\"a\",\"num\":\"12\"}\n"
	    "{\"hostname\":\"c\",\"num\":\"-3\"}\n"
	    "{}\n" },
	{ "* | sort by (_time) | limit 1 | copy hostname as h, app* as x* | "
	    "fields h, x*, hostname",
	    "{\"h\":\"a\",\"x_name\":\"sshd\",\"hostname\":\"a\"}\n" },
	{ "* | sort by (_time) | limit 1 | rename hostname h | delete _*, priority, ip",
	    "{\"app_name\":\"sshd\",\"num\":\"5\",\"took\":\"1ms\","
	    "\"level\":\"critical\",\"severity\":\"2\",\"facility\":\"4\","
	    "\"facility_keyword\":\"auth\",\"h\":\"a\"}\n" },
	{ "* | limit 1 | len(_msg) as l | fields l",
	    "{\"l\":\"10\"}\n" },
	{ "* | sort by (_time) | offset 7 | fields num",
	    "{\"num\":\"7\"}\n" },
	{ "* | stats by (hostname) count() n | n:>2",
	    "{\"hostname\":\"a\",\"n\":\"4\"}\n" },
	{ "* | stats by (hostname) count() n | sort by (n desc, hostname) | limit 1",
	    "{\"hostname\":\"a\",\"n\":\"4\"}\n" },
	{ "* | fields num | drop_empty_fields | filter num:<0",
	    "{\"num\":\"-3\"}\n" },
	{ "num:in(login | fields num) | stats count() n",
	    "{\"n\":\"3\"}\n" },
	{ "ip:contains_any(hostname:b | uniq by (ip)) | stats count() n",
	    "{\"n\":\"2\"}\n" },
	{ "_time:2m offset 5m | stats count() n",
	    "{\"n\":\"1\"}\n" },
	{ "* | limit 3 | fields num",
	    "{\"num\":\"7\"}\n"
	    "{}\n"
	    "{\"num\":\"100\"}\n" },
	{ "* | limit 0",
	    "" },
	{ "* | filter num:>5 | where hostname:a | fields num",
	    "{\"num\":\"7\"}\n"
	    "{\"num\":\"12\"}\n" },
	{ "_seq:=\"raw:1:3\" | fields _msg, _raw",
	    "{\"_msg\":\"login failed\","
	    "\"_raw\":\"36 a sshd 10.0.2.1 12 1.5s login failed \"}\n" },
	{ "took:>1s | fields took",
	    "{\"took\":\"2s\"}\n"
	    "{\"took\":\"1.5s\"}\n" },
	{ "{host=\"b\"} | stats by (app_name) count() n | sort by (app_name)",
	    "{\"app_name\":\"cron\",\"n\":\"2\"}\n"
	    "{\"app_name\":\"nginx\",\"n\":\"2\"}\n" },
	{ "level:error | fields num, facility_keyword",
	    "{\"num\":\"100\",\"facility_keyword\":\"auth\"}\n"
	    "{\"num\":\"7\",\"facility_keyword\":\"auth\"}\n" },
};

static void
eight_rows(void)
{
	static const struct fake_hole syslog[] = {
		{ HOLE_TEXT, ROLE_PRIORITY, "priority" }, { HOLE_TEXT, ROLE_HOST, "hostname" },
		{ HOLE_TEXT, ROLE_APP, "app_name" }, { HOLE_TEXT, ROLE_NONE, "ip" },
		{ HOLE_TEXT, ROLE_NONE, "num" }, { HOLE_TEXT, ROLE_NONE, "took" },
		{ HOLE_TEXT, ROLE_MESSAGE, "_msg" },
	};
	static const char *const value[8][7] = {
		{ "34", "a", "sshd", "10.0.1.1", "5", "1ms", "login ok" },
		{ "35", "b", "cron", "10.0.1.2", "7", "2ms", "job done" },
		{ "36", "a", "sshd", "10.0.2.1", "12", "1.5s", "login failed" },
		{ "34", "c", "nginx", "10.0.2.9", "-3", "30ms", "GET /" },
		{ "34", "a", "sshd", "10.0.1.1", "5", "10ms", "login ok" },
		{ "35", "b", "nginx", "10.0.9.1", "100", "2s", "POST /x" },
		{ "134", "-", "nginx", "-", "-", "-", "GET /y \"q\"" },
		{ "34", "a", "cron", "10.0.1.7", "7", "7ms", "job failed" },
	};

	fake_reset();
	(void)fake_shape(FORMAT_RFC5424, syslog, 7);
	(void)fake_source(1, "tcp", "192.0.2.1", "a", "sshd");
	(void)fake_source(2, "tcp", "192.0.2.2", "b", "cron");
	for (uint32_t i = 0; i < 8; i++) {
		struct fake_row row = { .source = i % 2, .recv_ns = start_ns + i * minute_ns,
		    .event_ns = start_ns + i * minute_ns };

		for (uint32_t h = 0; h < 7; h++)
			row.value[h] = value[i][h];
		fake_row(&row);
		if (i == 3 || i == 7)
			fake_cut(i == 7);
	}
}

static bool
line(void *ctx, const struct query_row *row)
{
	query_row_json(ctx, row);
	return true;
}

static enum err
ask(struct buf *out, const char *text, const struct query_options *options, struct why *why)
{
	struct query *query = NULL;
	enum err rc = query_parse(&query, span_str(text), now_ns, options, why);

	if (rc == OK)
		rc = query_run(query, fake_store(), NULL, line, out, why);
	query_free(&query);
	return rc;
}

static void
check_lines(const char *text, const char *want)
{
	struct buf out = { 0 };
	struct why why = { "" };

	if (ask(&out, text, NULL, &why) != OK)
		buf_str(&out, why.text);
	if (!check_span(buf_span(&out), span_str(want)))
		printf("\t%s\n", text);
	buf_done(&out);
}

static void
pipes_give_what_is_documented(void)
{
	eight_rows();
	for (size_t i = 0; i < sizeof answer / sizeof answer[0]; i++)
		check_lines(answer[i].text, answer[i].lines);
}

/* ---- two ways to the same answer ---- */

static int
line_compare(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return span_cmp(*x, *y);
}

/* The lines of text in byte order: the order of groups is not promised. */
static void
lines_sort(struct buf *text)
{
	struct span *line_at = xreallocarray(NULL, text->n + 1, sizeof *line_at);
	struct buf sorted = { 0 };
	size_t n = 0, from = 0;

	for (size_t i = 0; i < text->n; i++)
		if (text->p[i] == '\n') {
			line_at[n++] = span_of(text->p + from, i + 1 - from);
			from = i + 1;
		}
	qsort(line_at, n, sizeof *line_at, line_compare);
	for (size_t i = 0; i < n; i++)
		buf_span_put(&sorted, line_at[i]);
	buf_done(text);
	*text = sorted;
	free(line_at);
}

static void
check_same(const char *filter, const char *first, const char *second)
{
	struct buf a = { 0 }, b = { 0 }, text = { 0 };
	struct why why = { "" };

	for (int i = 0; i < 2; i++) {
		text.n = 0;
		buf_printf(&text, "%s | %s", filter, i == 0 ? first : second);
		buf_u8(&text, 0);
		if (!check(ask(i == 0 ? &a : &b, (const char *)text.p, NULL, &why) == OK))
			printf("\t%s: %s\n", (const char *)text.p, why.text);
	}
	lines_sort(&a);
	lines_sort(&b);
	if (!check(span_eq(buf_span(&a), buf_span(&b))))
		printf("\t%s | %s\n%.*s\tbut %s\n%.*s", filter, first, (int)a.n, (const char *)a.p,
		    second, (int)b.n, (const char *)b.p);
	buf_done(&a);
	buf_done(&b);
	buf_done(&text);
}

/* Behind a copy rows are counted one by one; without, columns are. */
static void
columns_and_rows_count_the_same(void)
{
	static const char *const pipe[] = {
		"stats by (hostname) count() n, count(text) t, count_empty(dup, num) e",
		"stats by (app_name, level) count() n, count_uniq(hostname) u, count_uniq(num, "
		    "dup) p",
		"stats by (_time:1h) count() n, sum_len(_msg) l, max(num) m, min(text) t",
		"stats count() n, rate() r", "stats by (_time:1w) count() n, rate() r",
		"stats by (_time:month) count() n", "stats by (_time:1m, _time:1d) count() n",
		"stats by (_stream, facility) count_uniq(_msg) u, uniq_values(app_name) v",
		"stats by (num:2) count() if (error) a, count() if (hostname:* !foo) b",
		"stats by (text) median(num) m, quantile(0.9, proc_id) q, count() n",
		"stats min(_time) a, max(_time) b, max(_seq) c, count_uniq(_peer) d, count(_unit) "
		    "e",
		"uniq by (hostname, severity) with hits", "uniq by (dup)", "top 100 by (text, num)",
		"field_values level", "stats by (_time:1d offset 7h, hostname) count() n",
		"stats by (priority) row_min(num, num) a, row_max(num, num) b",
	};

	for (unsigned round = 1; round <= 6; round++) {
		dice_set(round + 100);
		random_store(4, 150);
		for (size_t i = 0; i < sizeof pipe / sizeof pipe[0]; i++) {
			struct buf filter = { 0 }, by_row = { 0 };

			random_filter(&filter, 1);
			buf_u8(&filter, 0);
			buf_printf(&by_row, "copy nowhere as nothing | %s", pipe[i]);
			buf_u8(&by_row, 0);
			check_same((const char *)filter.p, pipe[i], (const char *)by_row.p);
			check_same("*", pipe[i], (const char *)by_row.p);
			buf_done(&filter);
			buf_done(&by_row);
		}
	}
}

/* `sort ... limit` holds few rows, a view's times decide which are looked at: not seen outside. */
static void
a_limit_takes_the_head_of_the_sorted_rows(void)
{
	static const char *const key[] = { "_time", "_time desc", "num desc, _seq",
	    "hostname, _seq",
		"text, num desc, _seq", "_msg desc, _seq" };

	for (unsigned round = 1; round <= 6; round++) {
		dice_set(round + 200);
		random_store(4, 150);
		for (size_t i = 0; i < sizeof key / sizeof key[0]; i++)
			for (unsigned limit = 1; limit < 300; limit = limit * 3 + 1) {
				struct buf filter = { 0 }, a = { 0 }, b = { 0 };

				random_filter(&filter, 1);
				buf_u8(&filter, 0);
				buf_printf(&a, "sort by (%s) offset %u limit %u | fields _seq",
				    key[i],
				    limit / 2, limit);
				buf_printf(&b, "sort by (%s) | offset %u | limit %u | fields _seq",
				    key[i],
				    limit / 2, limit);
				buf_u8(&a, 0);
				buf_u8(&b, 0);
				check_same((const char *)filter.p, (const char *)a.p,
				    (const char *)b.p);
				buf_done(&filter);
				buf_done(&a);
				buf_done(&b);
			}
	}
}

/* ---- options ---- */

static void
check_options(const char *text, const struct query_options *options, const char *want)
{
	struct buf out = { 0 };
	struct why why = { "" };

	if (ask(&out, text, options, &why) != OK)
		buf_str(&out, why.text);
	check_span(buf_span(&out), span_str(want));
	buf_done(&out);
}

static void
options_bound_what_is_seen(void)
{
	static const uint64_t unit = 2;
	struct query_options one = { .unit = &unit, .nunit = 1 };
	struct query_options none = { .unit = &unit, .nunit = 0 };
	struct query_options after = { .after_seq = 6 };
	struct query_options bounded = { .bounded = true, .from_ns = start_ns + minute_ns,
	    .to_ns = start_ns + 2 * minute_ns };
	struct query_options newest = { .limit = 2 };
	struct query_options oldest = { .order = QUERY_OLDEST_FIRST };
	struct query_options ledger = { .streams = 1 << STREAM_LEDGER };

	eight_rows();
	check_options("* | stats count() n", &one, "{\"n\":\"4\"}\n");
	check_options("* | stats count() n", &none, "{\"n\":\"0\"}\n");
	check_options("* | fields "
	    "_seq", &after, "{\"_seq\":\"raw:1:8\"}\n{\"_seq\":\"raw:1:7\"}\n");
	check_options("* | fields _seq", &bounded,
	    "{\"_seq\":\"raw:1:3\"}\n{\"_seq\":\"raw:1:2\"}\n");
	check_options("options(ignore_global_time_filter=true) * | stats count() n", &bounded,
	    "{\"n\":\"8\"}\n");
	check_options("num:in(* | fields num) | stats count() n", &bounded, "{\"n\":\"2\"}\n");
	check_options("login | fields _seq", &newest,
	    "{\"_seq\":\"raw:1:5\"}\n{\"_seq\":\"raw:1:3\"}\n");
	check_options("* | stats by (num) count() n | sort by (num)", &newest,
	    "{\"n\":\"1\"}\n{\"num\":\"-3\",\"n\":\"1\"}\n");
	check_options("hostname:c or hostname:b | fields _seq", &oldest, "{\"_seq\":\"raw:1:2\"}\n"
	    "{\"_seq\":\"raw:1:4\"}\n{\"_seq\":\"raw:1:6\"}\n");
	check_options("* | stats count() n", &ledger, "{\"n\":\"0\"}\n");
}

static void
folded_words_are_an_option(void)
{
	static const struct fake_hole plain[] = { { HOLE_TEXT, ROLE_MESSAGE, "_msg" } };
	static const char *const text[] = { "Đăng nhập thất bại", "đăng nhập", "Dang Nhap",
	    "dang nhap" };
	static const struct {
		const char *query, *exact, *folded;
	} want[] = {
		{ "dang nhap", "4", "1234" }, { "\"đăng nhập\"", "2", "2" }, { "Đăng", "1", "1" },
		{ "Dang", "3", "3" }, { "i(\"DANG nhap\")", "34", "34" }, { "that*", "", "1" },
		{ "i(ĐĂNG)", "12", "12" }, { "*\"hat ba\"*", "", "1" }, { "seq(dang,bai)", "", "1"
		    },
	};

	fake_reset();
	(void)fake_shape(FORMAT_LINE, plain, 1);
	(void)fake_source(0, "", "", "", "");
	for (int i = 0; i < 4; i++)
		fake_row(&(struct fake_row){ .value = { text[i] } });
	fake_cut(true);
	for (size_t i = 0; i < sizeof want / sizeof want[0]; i++)
		for (int words = QUERY_EXACT; words <= QUERY_FOLDED; words++) {
			struct query_options options = { .words = (enum query_words)words,
			    .order = QUERY_OLDEST_FIRST };
			const char *rows = words == QUERY_EXACT ? want[i].exact : want[i].folded;
			struct buf query = { 0 }, lines = { 0 };

			for (; *rows != '\0'; rows++)
				buf_printf(&lines, "{\"_seq\":\"raw:1:%c\"}\n", *rows);
			buf_printf(&query, "%s | fields _seq", want[i].query);
			buf_u8(&query, 0);
			buf_u8(&lines, 0);
			check_options((const char *)query.p, &options, (const char *)lines.p);
			buf_done(&query);
			buf_done(&lines);
		}
}

static bool
cancel(void *ctx, const struct query_row *row)
{
	(void)row;
	query_cancel(ctx);
	return true;
}

static bool
enough(void *ctx, const struct query_row *row)
{
	(void)row;
	++*(int *)ctx;
	return false;
}

static void
a_query_ends_when_it_must(void)
{
	struct query_options small = { .memory_bytes = 2 << 20 };
	struct query *query = NULL;
	struct why why = { "" };
	struct buf out = { 0 };
	int rows = 0;

	eight_rows();
	check(query_parse(&query, SPAN("*"), now_ns, NULL, &why) == OK);
	check_int(query_run(query, fake_store(), NULL, enough, &rows, &why), OK);
	check_int(rows, 1);
	check_int(query_run(query, fake_store(), NULL, cancel, query, &why), ERR_BUSY);
	check_span(span_str(why.text), SPAN("the query was cancelled"));
	query_free(&query);
	dice_set(5);
	random_store(60, 1000);
	check_int(ask(&out, "* | sort by (_msg)", &small, &why), ERR_LIMIT);
	check_span(span_str(why.text), SPAN("the query needs more than its 2 MB of memory; narrow "
	    "its "
	    "time range, group by fewer values or add a limit"));
	check_int(ask(&out, "* | stats by (_seq, _msg) values(_raw) v", &small, &why), ERR_LIMIT);
	check_int(ask(&out, "text:in(* | fields _raw)", &small, &why), ERR_LIMIT);
	out.n = 0;
	check_int(ask(&out, "~\"(?=x)\"", NULL, &why), ERR_FORMAT);
	check_span(span_str(why.text), SPAN("column 2: regular expression, octet 1: RE2 has no "
	    "such "
	    "group: only (...), (?:...), (?P<name>...), (?flags)"));
	buf_done(&out);
}

int
main(void)
{
	run(pipes_give_what_is_documented);
	run(columns_and_rows_count_the_same);
	run(a_limit_takes_the_head_of_the_sorted_rows);
	run(options_bound_what_is_seen);
	run(folded_words_are_an_option);
	run(a_query_ends_when_it_must);
	fake_reset();
	return check_done();
}
