/* SPDX-License-Identifier: Apache-2.0 */
/* Tests which segments a count opens: none of which the store knows enough already. */
#include "query/query_int.h"

#include "check.h"
#include "fake_store.h"

/* 2023-11-14T22:00:00Z and each minute after it. */
static const int64_t start_ns = 1699999200000000000, minute_ns = 60000000000;
static const int64_t now_ns = 1700000000000000000;

/* Eight rows in two segments of four minutes. */
static void
eight_rows(void)
{
	static const struct fake_hole hole[] = { { HOLE_TEXT, ROLE_HOST, "hostname" },
	    { HOLE_TEXT, ROLE_MESSAGE, "_msg" } };
	static const char *const value[8][2] = { { "a", "login ok" }, { "b", "job done" },
	    { "a", "login failed" }, { "c", "GET /" }, { "a", "login ok" }, { "b", "POST /x" },
	    { "-", "GET /y" }, { "a", "job failed" } };

	fake_reset();
	(void)fake_shape(FORMAT_RFC5424, hole, 2);
	(void)fake_source(1, "tcp", "192.0.2.1", "a", "sshd");
	(void)fake_source(2, "tcp", "192.0.2.2", "b", "cron");
	for (uint32_t i = 0; i < 8; i++) {
		fake_row(&(struct fake_row){ .source = i % 2, .recv_ns = start_ns + i * minute_ns,
		    .event_ns = start_ns + i * minute_ns, .value = { value[i][0], value[i][1] } });
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

static void
check_opened(const char *text, const struct query_options *options, uint64_t opened,
    const char *want)
{
	struct query *query = NULL;
	struct query_cost cost = { 0 };
	struct buf out = { 0 };
	struct why why = { "" };

	if (!check(query_parse(&query, span_str(text), now_ns, options, &why) == OK &&
	    query_run(query, fake_store(), NULL, line, &out, &why) == OK))
		printf("\t%s: %s\n", text, why.text);
	query_cost(query, &cost);
	if (!check(cost.opened == opened && span_is(buf_span(&out), want)))
		printf("\t%s: %ju opened\n%.*s", text, (uintmax_t)cost.opened, (int)out.n,
		    (const char *)out.p);
	query_free(&query);
	buf_done(&out);
}

static void
what_a_whole_segment_counts_is_known_unopened(void)
{
	static const uint64_t one = 1;
	const struct query_options unit = { .unit = &one, .nunit = 1 };
	const struct query_options after = { .after_seq = 2 };

	eight_rows();
	check_opened("* | stats count() n", NULL, 0, "{\"n\":\"8\"}\n");
	check_opened("* | stats by (_time:1h) count() n", NULL, 0,
	    "{\"_time\":\"2023-11-14T22:00:00Z\",\"n\":\"8\"}\n");
	check_opened("* | stats by (_time:4m) count() n | sort by (_time)", NULL, 0,
	    "{\"_time\":\"2023-11-14T22:00:00Z\",\"n\":\"4\"}\n"
	    "{\"_time\":\"2023-11-14T22:04:00Z\",\"n\":\"4\"}\n");
	check_opened("* | stats by (_time:5m) count() n | sort by (_time)", NULL, 1,
	    "{\"_time\":\"2023-11-14T22:00:00Z\",\"n\":\"5\"}\n"
	    "{\"_time\":\"2023-11-14T22:05:00Z\",\"n\":\"3\"}\n");
	check_opened("_time:[2023-11-14T22:01Z, 2023-11-15] | stats count() n", NULL, 1,
	    "{\"n\":\"7\"}\n");
	check_opened("_time:[2023-11-14T22:04Z, 2023-11-15] | stats count() n", NULL, 0,
	    "{\"n\":\"4\"}\n");
	check_opened("login or * | stats count() n", NULL, 0, "{\"n\":\"8\"}\n");
	check_opened("login * | stats count() n", NULL, 2, "{\"n\":\"3\"}\n");
	check_opened("* | stats count(hostname) n", NULL, 2, "{\"n\":\"7\"}\n");
	check_opened("* | stats count() if (login) n", NULL, 2, "{\"n\":\"3\"}\n");
	check_opened("* | stats by (hostname) count() n | limit 0", NULL, 2, "");
	check_opened("* | stats count() n", &unit, 2, "{\"n\":\"4\"}\n");
	check_opened("* | stats count() n", &after, 1, "{\"n\":\"6\"}\n");
}

int
main(void)
{
	run(what_a_whole_segment_counts_is_known_unopened);
	fake_reset();
	return check_done();
}
