/* SPDX-License-Identifier: Apache-2.0 */
/* The clocks: see clock.h. Owns the offset that tests put on the wall clock. */
#include "sys/clock.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"

/* Points at clock_own, or at the shared page of a test's file. */
static volatile int64_t clock_own;
static volatile int64_t *clock_offset = &clock_own;

__attribute__((constructor)) static void
clock_start(void)
{
	const char *text = getenv("TRUCBAN_CLOCK_OFFSET_NS");
	void *page;
	int fd;

	if (text == NULL || *text == '\0')
		return;
	if (*text != '@') {
		clock_own = strtoll(text, NULL, 10);
		return;
	}
	fd = open(text + 1, O_RDONLY | O_CLOEXEC);
	must(fd >= 0);
	page = mmap(NULL, sizeof *clock_offset, PROT_READ, MAP_SHARED, fd, 0);
	must(page != MAP_FAILED);
	(void)close(fd);
	clock_offset = page;
}

static int64_t
clock_ns(clockid_t which)
{
	struct timespec ts;

	must(clock_gettime(which, &ts) == 0);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

int64_t
clock_wall_ns(void)
{
	return clock_ns(CLOCK_REALTIME) + *clock_offset;
}

int64_t
clock_mono_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

int64_t
clock_process_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int64_t
clock_thread_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

void
clock_set_offset_ns(int64_t offset_ns)
{
	clock_offset = &clock_own;
	clock_own = offset_ns;
}
