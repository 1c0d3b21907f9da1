/* SPDX-License-Identifier: Apache-2.0 */
/* web/select.c over a small store: parameters to options, rows to octets, tails that go on. */
#include "web/select.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/civil.h"
#include "check.h"
#include "test/unit/store/proof_store.h"

static struct place place;
static struct select *sel;
static struct why why;
static struct buf out;
static size_t stop_at;			/* write says stop when so much has come; 0: never */
static unsigned cancel_after;		/* asks of `cancelled` that are answered no */
static unsigned told;

static bool
take(void *ctx, struct span bytes)
{
	(void)ctx;
	buf_span_put(&out, bytes);
	return stop_at == 0 || out.n < stop_at;
}

static void
running(void *ctx, struct query *query)
{
	(void)ctx;
	told += query != NULL;
}

static bool
cancelled(void *ctx)
{
	(void)ctx;
	return cancel_after-- == 0;
}

static enum err
asked(struct select_ask ask)
{
	ask.write = take;
	ask.running = running;
	ask.cancelled = cancelled;
	out.n = 0;
	why.text[0] = '\0';
	return select_run(sel, &ask, &why);
}

static unsigned
lines(void)
{
	unsigned n = 0;

	for (size_t i = 0; i < out.n; i++)
		n += out.p[i] == '\n';
	return n;
}

/* ---- times ---- */

static int64_t
at(const char *text)
{
	const struct civil_frame frame = { 0, 0 };
	int64_t ns = 0;

	must(civil_iso(span_str(text), &frame, &ns) == strlen(text));
	return ns;
}

static void
check_time(const char *text, enum select_bound bound, int64_t want)
{
	int64_t now = at("2026-11-23T03:00:00Z"), ns = -1;

	if (!check_int(select_time(sel, text, bound, now, &ns, &why), OK) || !check_int(ns, want))
		printf("it was: %s\n", text);
}

static void
times_are_said_in_many_ways(void)
{
	int64_t now = at("2026-11-23T03:00:00Z");

	check_time("0s", SELECT_FROM, now);
	check_time("90s", SELECT_FROM, now - 90 * CIVIL_SECOND_NS);
	check_time("30m", SELECT_FROM, now - 1800 * CIVIL_SECOND_NS);
	check_time("2h", SELECT_TO, now - 7200 * CIVIL_SECOND_NS);
	check_time("7d", SELECT_FROM, now - 7 * 86400 * CIVIL_SECOND_NS);
	check_time("1w", SELECT_FROM, now - 7 * 86400 * CIVIL_SECOND_NS);
	check_time("1790000000", SELECT_FROM, INT64_C(1790000000) * CIVIL_SECOND_NS);
	check_time("1790000000123", SELECT_FROM, INT64_C(1790000000123) * 1000000);
	check_time("1790000000123456789", SELECT_FROM, INT64_C(1790000000123456789));
	check_time("1790000000.5", SELECT_FROM, INT64_C(1790000000500000000));
	check_time("2026-11-23T08:00:00+07:00", SELECT_FROM, at("2026-11-23T01:00:00Z"));
	check_time("2026-11-23T08:00:00Z", SELECT_FROM, at("2026-11-23T08:00:00Z"));
	/* Without a zone it is the office's. */
	check_time("2026-11-23T08:00:00", SELECT_FROM, at("2026-11-23T01:00:00Z"));
	check_time("2026-11-23 08:00:00", SELECT_FROM, at("2026-11-23T01:00:00Z"));
	/* A day has a beginning and an end. */
	check_time("2026-11-23", SELECT_FROM, at("2026-11-22T17:00:00Z"));
	check_time("2026-11-23", SELECT_TO, at("2026-11-23T17:00:00Z") - 1);
}

static void
what_is_no_time_is_refused_with_examples(void)
{
	static const char *const bad[] = { "", " ", "h", "2", "12345678", "2y", "2hh", "-2h", "2 h",
	    "yesterday", "2026", "2026-13-01", "2026-11-31", "2026-11-23x", "2026-11-23T25:00:00",
	    "2026-11-23T08:00:00Zx", "99999999999999999999", "99999999999w", "1e9", "16000w" };
	int64_t ns = 7;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (!check_int(select_time(sel, bad[i], SELECT_FROM, 0, &ns, &why), ERR_FORMAT))
			printf("it was: %s\n", bad[i]);
		check(strstr(why.text, "write 2h, 30m, 7d, 2026-11-23") != NULL);
	}
	check_int(ns, 7);
}

/* ---- queries ---- */

static void
rows_come_newest_first_as_json(void)
{
	check_int(asked((struct select_ask){ .query = "*" }), OK);
	check_int(lines(), 55);
	check(memcmp(out.p, "{\"_time\":\"", 10) == 0);
	check(span_holds(buf_span(&out), "number 00000055"));
	check_int(asked((struct select_ask){ .query = "*", .limit = "3" }), OK);
	check_int(lines(), 3);
	check(memmem(out.p, out.n, "number 00000055", 15) != NULL);
	check_int(asked((struct select_ask){ .query = "*", .limit = "0" }), OK);
	check_int(lines(), 55);
	check(told >= 3);
}

static void
parameters_mean_what_they_say(void)
{
	check_int(asked((struct select_ask){ .query = "*", .oldest = "1", .format = "text" }), OK);
	check_int(lines(), 55);
	check(memmem(out.p, (size_t)((uint8_t *)memchr(out.p, '\n', out.n) - out.p),
	    "number 00000001", 15) != NULL);
	check_int(asked((struct select_ask){ .query = "*", .oldest = "1", .limit = "2" }), OK);
	check_int(lines(), 2);
	check(span_holds(buf_span(&out), "number 00000001"));
	check(span_holds(buf_span(&out), "number 00000002"));
	check_int(asked((struct select_ask){ .query = "*", .stream = "ledger" }), OK);
	check_int(lines(), 7);
	check_int(asked((struct select_ask){ .query = "*", .stream = "findings" }), OK);
	check_int(lines(), 0);
	check_int(asked((struct select_ask){ .query = "*", .end = "1700000000" }), OK);
	check_int(lines(), 0);
	check_int(asked((struct select_ask){ .query = "*", .start = "2026-09-21",
	    .end = "2026-09-22" }), OK);
	check_int(lines(), 55);
	check_int(asked((struct select_ask){ .query = "SESSION" }), OK);
	check_int(lines(), 0);
	check_int(asked((struct select_ask){ .query = "session", .fold = "1" }), OK);
	check_int(lines(), 55);
}

static void
raw_is_the_record_itself(void)
{
	check_int(asked((struct select_ask){ .query = "00000007", .format = "raw" }), OK);
	check_int(lines(), 1);
	check(out.n > 5 && memcmp(out.p, "<134>1 ", 7) == 0);
	check_int(asked((struct select_ask){ .query = "00000007 # who?", .format = "raw" }), OK);
	check(out.n > 5 && memcmp(out.p, "<134>1 ", 7) == 0);
}

static void
what_cannot_be_asked_is_refused_before_anything_is_read(void)
{
	static const struct select_ask bad[] = { { .query = NULL }, { .query = "(" },
		{ .query = "*", .format = "xml" }, { .query = "*", .limit = "x" },
		{ .query = "*", .limit = "" }, { .query = "*", .limit = "-1" },
		{ .query = "*", .stream = "row" }, { .query = "*", .start = "never" },
		{ .query = "*", .end = "never" }, { .query = "*", .start = "1h", .end = "2h" },
		{ .query = "(", .what = SELECT_TAIL },
		{ .query = "* | stats count() n", .what = SELECT_TAIL },
		{ .query = "* | sort by (_time) | fields _msg", .what = SELECT_TAIL },
		{ .query = "* | limit 3", .what = SELECT_TAIL },
		{ .query = "(", .what = SELECT_EXPLAIN } };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (!check_int(asked(bad[i]), ERR_FORMAT))
			printf("it was number %zu\n", i);
		check(why.text[0] != '\0');
		check_int(out.n, 0);
	}
}

static void
the_plan_can_be_seen(void)
{
	check_int(asked((struct select_ask){ .query = "session", .what = SELECT_EXPLAIN }), OK);
	check(out.n > 0);
}

static void
who_has_enough_ends_the_query(void)
{
	stop_at = 1;
	check_int(asked((struct select_ask){ .query = "*" }), OK);
	check_int(lines(), 1);			/* the first row goes out at once */
	stop_at = 0;
}

/* ---- tails ---- */

static void
a_tail_gives_what_comes_and_nothing_twice(void)
{
	cancel_after = 1;
	check_int(asked((struct select_ask){ .query = "*", .what = SELECT_TAIL }), OK);
	check_int(lines(), 0);
	cancel_after = 2;
	check_int(asked((struct select_ask){ .query = "*", .what = SELECT_TAIL,
	    .start = "2026-01-01" }), OK);
	check_int(lines(), 55);
	cancel_after = 1;
	check_int(asked((struct select_ask){ .query = "00000007", .what = SELECT_TAIL,
	    .start = "2026-01-01", .format = "text" }), OK);
	check_int(lines(), 1);
}

int
main(void)
{
	place_fill(&place, KEY_MAKE_ENCRYPTED);
	sel = select_new(place.fd, place.keys.has_store_key ? place.keys.store_key : NULL, 0,
	    7 * 60);
	run(times_are_said_in_many_ways);
	run(what_is_no_time_is_refused_with_examples);
	run(rows_come_newest_first_as_json);
	run(parameters_mean_what_they_say);
	run(raw_is_the_record_itself);
	run(what_cannot_be_asked_is_refused_before_anything_is_read);
	run(the_plan_can_be_seen);
	run(who_has_enough_ends_the_query);
	run(a_tail_gives_what_comes_and_nothing_twice);
	select_free(&sel);
	select_free(&sel);
	place_remove(&place);
	buf_done(&out);
	return check_done();
}
