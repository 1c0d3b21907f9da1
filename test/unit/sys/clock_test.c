/* SPDX-License-Identifier: Apache-2.0 */
/* sys/clock.c and sys/random.c. */
#include "sys/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
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

/* In a fresh run of this program: the environment is read at its start. */
static int
jump_main(const char *path)
{
	int64_t hour = 3600LL * 1000000000, before = clock_wall_ns(), back = -hour;
	FILE *file = fopen(path, "r+b");

	if (file == NULL || fwrite(&back, sizeof back, 1, file) != 1 || fclose(file) != 0)
		return 1;
	return clock_wall_ns() < before - hour - hour / 2 ? 42 : 2;
}

static void
the_environment_moves_the_clock_of_a_running_program(void)
{
	int64_t hour = 3600LL * 1000000000;
	char path[] = "/tmp/clock_test.XXXXXX", env[64];
	int fd = mkstemp(path), status = 0;
	pid_t pid;

	must(fd >= 0 && write(fd, &hour, sizeof hour) == sizeof hour);
	(void)snprintf(env, sizeof env, "@%s", path);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		(void)setenv("TRUCBAN_CLOCK_OFFSET_NS", env, 1);
		(void)execl("/proc/self/exe", "clock_test", "jump", path, (char *)NULL);
		_exit(99);
	}
	must(waitpid(pid, &status, 0) == pid);
	check_int(WEXITSTATUS(status), 42);
	(void)close(fd);
	(void)unlink(path);
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
main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "jump") == 0)
		return jump_main(argv[2]);
	run(the_clocks_go_forward);
	run(the_wall_clock_can_be_put_back);
	run(the_environment_moves_the_clock_of_a_running_program);
	run(random_octets_differ);
	return check_done();
}
