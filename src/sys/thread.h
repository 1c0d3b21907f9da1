/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads and their locks. A failure of a lock is our bug and ends the process; out of threads is a
 * result. Signals stay with the first thread.
 */
#ifndef SYS_THREAD_H
#define SYS_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <pthread.h>

#include "base/err.h"

typedef void thread_fn(void *arg);

struct thread {
	pthread_t id;
	bool running;
};

struct lock {
	pthread_mutex_t mutex;
};

struct wake {
	pthread_cond_t cond;	/* on the monotonic clock */
};

/* name: up to 15 octets, seen in top. End with thread_join. */
enum err	thread_start(struct thread *ret_thread, const char *name, thread_fn *run, void *arg,
		    struct why *why);
/* The calling thread comes after the others when processors are wanted. */
void		thread_background(void);
/* Waits until it has returned; nothing when it was never started. */
void		thread_join(struct thread *thread);
/* Processors that this process may use, at least 1. */
unsigned	thread_processors(void);

void	lock_init(struct lock *lock);
void	lock_done(struct lock *lock);
void	lock_take(struct lock *lock);
void	lock_give(struct lock *lock);

void	wake_init(struct wake *wake);
void	wake_done(struct wake *wake);
void	wake_one(struct wake *wake);
void	wake_all(struct wake *wake);
void	wake_wait(struct wake *wake, struct lock *lock);
/* False when deadline_ns (clock_mono_ns) passed. */
bool	wake_wait_until(struct wake *wake, struct lock *lock, int64_t deadline_ns);

#endif
