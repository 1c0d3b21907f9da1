/* SPDX-License-Identifier: Apache-2.0 */
/* notify/call.c, notify/pause.c */
#include "check.h"
#include "base/fold.h"
#include "notify/call.h"
#include "notify/pause.h"

static struct buf out;

static struct span
told(enum call_kind kind, bool english, unsigned count, unsigned level, uint64_t number)
{
	const struct call call = { .kind = kind, .english = english, .count = count,
	    .level = level, .number = number };

	out.n = 0;
	call_text(&out, &call);
	return buf_span(&out);
}

static void
a_message_says_level_and_number_and_nothing_else(void)
{
	check_span(told(CALL_ALERT, false, 1, 3, 17),
	    SPAN("Trực Ban: cảnh báo mức CAO, gọi bàn trực. Số 17"));
	check_span(told(CALL_ALERT, true, 1, 4, 17),
	    SPAN("Truc Ban: alert, level CRITICAL, call the duty desk. No. 17"));
	check_span(told(CALL_ALERT, false, 12, 4, 29),
	    SPAN("Trực Ban: 12 cảnh báo, cao nhất NGHIÊM TRỌNG, gọi bàn trực. Số 29"));
	check_span(told(CALL_DUE, false, 1, 0, 5), SPAN("Trực Ban: việc đến hạn, gọi bàn trực. "
	    "Số 5"));
	check_span(told(CALL_DUE, true, 3, 0, 5),
	    SPAN("Truc Ban: 3 deadlines, call the duty desk. No. 5"));
	check_span(told(CALL_TEST, false, 1, 0, 1), SPAN("Trực Ban: tin thử, không cần gọi lại. "
	    "Số 1"));
}

static void
each_message_has_room_in_one_sms(void)
{
	static const unsigned count[] = { 0, 1, 2, 100, 100000 };

	for (unsigned kind = CALL_ALERT; kind <= CALL_TEST; kind++)
		for (unsigned level = 0; level < 7; level++)
			for (unsigned i = 0; i < 10; i++) {
				struct span s = told((enum call_kind)kind, i % 2 != 0,
				    count[i / 2], level, UINT64_MAX);
				unsigned units = 0;

				for (size_t at = 0; at < s.n; units++)
					check(rune_next(s, &at) < 0xfffd);
				check(units <= CALL_UNITS_MOST);
			}
}

static void
tries_follow_quickly_and_then_for_ever(void)
{
	int64_t all = 0;

	for (unsigned i = 1; i < PAUSE_TRIES; i++)
		all += pause_ns(i);
	check(all <= INT64_C(30) * 1000000000);
	for (unsigned i = 1; i < 100; i++)
		check(pause_ns(i) <= pause_ns(i + 1) && pause_ns(i) > 0);
	check(pause_ns(UINT32_MAX) == pause_ns(100));
}

int
main(void)
{
	run(a_message_says_level_and_number_and_nothing_else);
	run(each_message_has_room_in_one_sms);
	run(tries_follow_quickly_and_then_for_ever);
	buf_done(&out);
	return check_done();
}
