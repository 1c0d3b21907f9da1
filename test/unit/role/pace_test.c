/* SPDX-License-Identifier: Apache-2.0 */
/* role/pace.c: an estimate that neither jumps nor is made out of nothing. */
#include "check.h"
#include "role/pace.h"

#define S	INT64_C(1000000000)

enum { ROOM = 36000000 };

static void
nothing_is_said_out_of_the_first_seconds(void)
{
	struct pace p = { .n = 0 };

	check_int(pace_lasts_s(&p, 5 * S, 100, ROOM), PACE_NEW);
	for (int64_t t = 5; t < 5 + PACE_LEAST_S; t++) {
		pace_take(&p, t * S, (uint64_t)t * 1000);
		check_int(pace_lasts_s(&p, t * S, (uint64_t)t * 1000, ROOM), PACE_NEW);
	}
	pace_take(&p, (5 + PACE_LEAST_S) * S, (5 + PACE_LEAST_S) * 1000);
	check_int(pace_lasts_s(&p, (5 + PACE_LEAST_S) * S, (5 + PACE_LEAST_S) * 1000, ROOM),
	    36000);
}

static void
what_does_not_grow_lasts(void)
{
	struct pace p = { .n = 0 };

	for (int64_t t = 1; t < 2000; t++)
		pace_take(&p, t * S, 4000);
	check_int(pace_lasts_s(&p, 2000 * S, 4000, ROOM), PACE_STILL);
	check_int(pace_lasts_s(&p, 2000 * S, 4001, 0), 0);
	check_int(pace_lasts_s(&p, 2000 * S, 4001, UINT64_MAX), PACE_STILL);
}

/* Each five seconds a burst: seen from one second it is 5,000 a second, then nothing. */
static void
bursts_and_pauses_are_one_rate(void)
{
	struct pace p = { .n = 0 };
	int64_t least = INT64_MAX, most = 0;

	for (int64_t t = 1; t < 5000; t++) {
		uint64_t written = (uint64_t)(t / 5) * 5000;
		int64_t lasts;

		pace_take(&p, t * S, written);
		lasts = pace_lasts_s(&p, t * S, written, ROOM);
		if (t < 1000)
			continue;
		least = lasts < least ? lasts : least;
		most = lasts > most ? lasts : most;
	}
	check(least > 35000 && most < 37000);
}

static void
what_was_long_ago_does_not_count(void)
{
	struct pace p = { .n = 0 };
	uint64_t written = 0;

	for (int64_t t = 1; t < 3000; t++) {
		written += t < 1500 ? 100000 : 1000;
		pace_take(&p, t * S, written);
	}
	check_int(pace_lasts_s(&p, 2999 * S, written, ROOM) / 100, 360);
}

int
main(void)
{
	run(nothing_is_said_out_of_the_first_seconds);
	run(what_does_not_grow_lasts);
	run(bursts_and_pauses_are_one_rate);
	run(what_was_long_ago_does_not_count);
	return check_done();
}
