/* SPDX-License-Identifier: Apache-2.0 */
/* sys/clock.c and sys/random.c. */
#include "sys/clock.h"

#include "check.h"
#include "sys/random.h"

static void
the_clocks_go_forward(void)
{
	int64_t wall = clock_wall_ns(), mono = clock_mono_ns(), cpu = clock_process_ns();

	check(wall > 1600000000LL * 1000000000);
	check(clock_mono_ns() >= mono);
	check(clock_process_ns() >= cpu);
	check(clock_thread_ns() >= 0);
}

static void
the_wall_clock_can_be_put_back(void)
{
	int64_t before = clock_wall_ns(), after;

	clock_set_offset_ns(-3600LL * 1000000000);
	after = clock_wall_ns();
	clock_set_offset_ns(0);
	check(after < before - 3500LL * 1000000000);
}

static void
random_octets_differ(void)
{
	uint8_t a[700] = { 0 }, b[700] = { 0 };
	unsigned zeros = 0;

	random_bytes(a, sizeof a);
	random_bytes(b, sizeof b);
	check(memcmp(a, b, sizeof a) != 0);
	for (size_t i = 0; i < sizeof a; i++)
		zeros += a[i] == 0;
	check(zeros < 30);
	check(random_u64() != random_u64());
}

int
main(void)
{
	run(the_clocks_go_forward);
	run(the_wall_clock_can_be_put_back);
	run(random_octets_differ);
	return check_done();
}
