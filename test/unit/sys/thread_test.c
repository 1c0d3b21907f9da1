/* SPDX-License-Identifier: Apache-2.0 */
/* sys/thread.c. */
#include "sys/thread.h"

#include <signal.h>
#include <string.h>

#include "check.h"
#include "sys/clock.h"

static struct why why;

struct shared {
	struct lock lock;
	struct wake wake;
	unsigned count;
	bool masked;
	char name[16];
};

static void
count_many(void *arg)
{
	struct shared *s = arg;
	sigset_t set;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &set);
	lock_take(&s->lock);
	(void)pthread_getname_np(pthread_self(), s->name, sizeof s->name);
	s->masked = sigismember(&set, SIGTERM) == 1;
	lock_give(&s->lock);
	for (unsigned i = 0; i < 10000; i++) {
		lock_take(&s->lock);
		if (++s->count == 20000)
			wake_one(&s->wake);
		lock_give(&s->lock);
	}
}

static void
two_threads_count_together(void)
{
	struct thread thread[2] = { 0 };
	struct shared s = { .count = 0 };

	lock_init(&s.lock);
	wake_init(&s.wake);
	for (unsigned i = 0; i < 2; i++)
		check_int(thread_start(&thread[i], "a-name-that-is-long", count_many, &s, &why),
		    OK);
	lock_take(&s.lock);
	while (s.count < 20000)
		wake_wait(&s.wake, &s.lock);
	lock_give(&s.lock);
	for (unsigned i = 0; i < 2; i++)
		thread_join(&thread[i]);
	thread_join(&thread[0]);
	check_int(s.count, 20000);
	check(s.masked && strcmp(s.name, "a-name-that-is-") == 0);
	check(thread_processors() >= 1);
	wake_done(&s.wake);
	lock_done(&s.lock);
}

static void
a_wait_ends_at_its_deadline(void)
{
	struct shared s;
	int64_t end_ns;

	lock_init(&s.lock);
	wake_init(&s.wake);
	lock_take(&s.lock);
	end_ns = clock_mono_ns() + 5000000;
	while (wake_wait_until(&s.wake, &s.lock, end_ns))
		;
	check(clock_mono_ns() >= end_ns);
	check(!wake_wait_until(&s.wake, &s.lock, -1));
	lock_give(&s.lock);
	wake_done(&s.wake);
	lock_done(&s.lock);
}

int
main(void)
{
	run(two_threads_count_together);
	run(a_wait_ends_at_its_deadline);
	return check_done();
}
