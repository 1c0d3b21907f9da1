/* SPDX-License-Identifier: Apache-2.0 */
/* web/cover.c and cover_text.c over a small store: parameters in, tables and lines out. */
#include "web/cover.h"

#include <stdlib.h>

#include "check.h"
#include "test/unit/store/proof_store.h"
#include "web/select.h"

static struct place place;
static struct select *sel;
static struct why why;
static struct buf out;
static uint64_t found;
static bool found_late;
static bool stop;

static bool
take(void *ctx, struct span bytes)
{
	(void)ctx;
	buf_span_put(&out, bytes);
	return !stop;
}

static void
on_found(void *ctx, uint64_t n)
{
	(void)ctx;
	found = n;
	found_late = out.n > 0;
}

static enum err
asked(struct cover_ask ask)
{
	ask.write = take;
	ask.found = on_found;
	out.n = 0;
	found = UINT64_MAX;
	why.text[0] = '\0';
	return cover_run(sel, &ask, &why);
}

static bool
says(const char *text)
{
	if (!span_holds(buf_span(&out), text)) {
		printf("not there: %s\nin: %.*s\n", text, (int)out.n, (const char *)out.p);
		return false;
	}
	return true;
}

/* Rows of place_fill() came on 2026-09-21; heartbeats are of now. */
static const struct cover_ask that_day = { .start = "2026-09-21", .end = "2026-09-22" };

static void
lines_are_objects_with_a_kind(void)
{
	unsigned lines = 0;

	check_int(asked(that_day), OK);
	for (size_t i = 0, at = 0; i < out.n; i++) {
		if (out.p[i] != '\n')
			continue;
		check(span_starts(span_sub(buf_span(&out), at, out.n), SPAN("{\"kind\":\"")));
		check(out.p[i - 1] == '}');
		at = i + 1;
		lines++;
	}
	check(lines >= 1 + 3 + 3 + 1);
	check(says("{\"kind\":\"period\",\"from\":\"2026-09-20T17:00:00"));
	check(says("\"rows\":\"55\""));
	check(says("\"host\":\"web-01.example\",\"peer\":\"10.12.0.7\",\"listener\":\"syslog-tcp\","
	    "\"trust\":\"peer\",\"unit\":\"1\",\"class\":\"0\""));
	check(says("{\"kind\":\"end\",\"remarks\":"));
	check(!found_late && found != UINT64_MAX);
}

static void
the_table_is_there_in_both_languages(void)
{
	struct cover_ask ask = that_day;

	ask.format = "text";
	check_int(asked(ask), OK);
	check(says("Tình trạng thu thập nhật ký từ 21/09/2026 00:00"));
	check(says("(UTC+07:00)") && says("Đã nhận 55 bản ghi của 3 nguồn"));
	check(says("đủ cả, không thiếu số nào") && says("NGUỒN") && says("web-02.example"));
	check(!span_holds(buf_span(&out), "\033"));
	ask.lang = "en";
	check_int(asked(ask), OK);
	check(says("Coverage of logs from 2026-09-21 00:00") && says("Received 55 records"));
	check(says("all there, none is missing") && says("SOURCE"));
	ask.format = "color";
	check_int(asked(ask), OK);
	check(says("\033[1mSOURCE"));
}

static void
what_needs_a_person_is_counted_and_said(void)
{
	struct cover_ask ask = { .start = "2026-01-01", .end = "2026-01-02", .format = "text" };

	check_int(asked(ask), OK);
	check_int(found, 0);
	check(says("Không có việc cần xem."));
	ask.end = "2031-01-01";
	check_int(asked(ask), OK);
	check((found > 0) == span_holds(buf_span(&out), "CẦN XEM"));
}

static void
what_cannot_be_asked_is_refused_with_a_sentence(void)
{
	static const struct cover_ask bad[] = {
		{ .format = "xml" }, { .lang = "fr" }, { .start = "hôm kia" }, { .end = "x" },
		{ .start = "2026-09-22", .end = "2026-09-20" },
		{ .start = "2001-01-01", .end = "2026-01-01" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		check_int(asked(bad[i]), ERR_FORMAT);
		check_int(out.n, 0);
		check(why.text[0] != '\0' && found == UINT64_MAX);
	}
}

static void
who_has_enough_ends_it(void)
{
	stop = true;
	check_int(asked(that_day), OK);
	stop = false;
}

int
main(void)
{
	place_fill(&place, KEY_MAKE_ENCRYPTED);
	sel = select_new(place.fd, place.keys.store_key, 0, 7 * 60);
	run(lines_are_objects_with_a_kind);
	run(the_table_is_there_in_both_languages);
	run(what_needs_a_person_is_counted_and_said);
	run(what_cannot_be_asked_is_refused_with_a_sentence);
	run(who_has_enough_ends_it);
	select_free(&sel);
	place_remove(&place);
	buf_done(&out);
	return check_done();
}
