/* SPDX-License-Identifier: Apache-2.0 */
/* Threads and their locks: see thread.h. */
#include "sys/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

#include "base/must.h"

enum { THREAD_STACK_BYTES = 8 << 20, THREAD_NAME_BYTES = 16, THREAD_NICE = 10 };

/* Made by thread_start, freed by the new thread. */
struct thread_begin {
	thread_fn *run;
	void *arg;
	char name[THREAD_NAME_BYTES];
};

static void *
thread_main(void *p)
{
	struct thread_begin begin = *(struct thread_begin *)p;

	free(p);
	(void)pthread_setname_np(pthread_self(), begin.name);
	begin.run(begin.arg);
	return NULL;
}

enum err
thread_start(struct thread *ret_thread, const char *name, thread_fn *run, void *arg,
    struct why *why)
{
	struct thread_begin *begin = xcalloc(1, sizeof *begin);
	pthread_attr_t attr;
	sigset_t all, old;
	pthread_t id;
	int error;

	begin->run = run;
	begin->arg = arg;
	(void)snprintf(begin->name, sizeof begin->name, "%s", name);
	must(pthread_attr_init(&attr) == 0);
	must(pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES) == 0);
	/* The new thread inherits the mask: no signal will choose it. */
	(void)sigfillset(&all);
	must(pthread_sigmask(SIG_SETMASK, &all, &old) == 0);
	error = pthread_create(&id, &attr, thread_main, begin);
	must(pthread_sigmask(SIG_SETMASK, &old, NULL) == 0);
	(void)pthread_attr_destroy(&attr);
	if (error != 0) {
		free(begin);
		return why_errno(why, ERR_IO, error, "cannot start thread %s", name);
	}
	ret_thread->id = id;
	ret_thread->running = true;
	return OK;
}

void
thread_background(void)
{
	/* Linux means this thread only. Where it is refused nothing is lost. */
	(void)setpriority(PRIO_PROCESS, 0, THREAD_NICE);
}

void
thread_join(struct thread *thread)
{
	if (thread->running)
		must(pthread_join(thread->id, NULL) == 0);
	thread->running = false;
}

unsigned
thread_processors(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof set, &set) < 0)
		return 1;
	return CPU_COUNT(&set) > 0 ? (unsigned)CPU_COUNT(&set) : 1;
}

void
lock_init(struct lock *lock)
{
	must(pthread_mutex_init(&lock->mutex, NULL) == 0);
}

void
lock_done(struct lock *lock)
{
	must(pthread_mutex_destroy(&lock->mutex) == 0);
}

void
lock_take(struct lock *lock)
{
	must(pthread_mutex_lock(&lock->mutex) == 0);
}

void
lock_give(struct lock *lock)
{
	must(pthread_mutex_unlock(&lock->mutex) == 0);
}

void
wake_init(struct wake *wake)
{
	pthread_condattr_t attr;

	must(pthread_condattr_init(&attr) == 0);
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	must(pthread_cond_init(&wake->cond, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
}

void
wake_done(struct wake *wake)
{
	must(pthread_cond_destroy(&wake->cond) == 0);
}

void
wake_one(struct wake *wake)
{
	must(pthread_cond_signal(&wake->cond) == 0);
}

void
wake_all(struct wake *wake)
{
	must(pthread_cond_broadcast(&wake->cond) == 0);
}

void
wake_wait(struct wake *wake, struct lock *lock)
{
	must(pthread_cond_wait(&wake->cond, &lock->mutex) == 0);
}

bool
wake_wait_until(struct wake *wake, struct lock *lock, int64_t deadline_ns)
{
	struct timespec ts;
	int error;

	if (deadline_ns < 0)
		deadline_ns = 0;
	ts.tv_sec = deadline_ns / 1000000000;
	ts.tv_nsec = deadline_ns % 1000000000;
	error = pthread_cond_timedwait(&wake->cond, &lock->mutex, &ts);
	must(error == 0 || error == ETIMEDOUT);
	return error == 0;
}
