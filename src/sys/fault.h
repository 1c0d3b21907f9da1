/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand, for tests: every wrapper of sys/file.h and sys/dir.h, and what accepts, reads
 * and writes sockets and channels, asks here before it asks the kernel. Off, it costs one branch.
 * On, by the environment (read once, at program start):
 *
 *	FAIL_AT=n	the n-th call of this process fails (from 1); "n+" = it and all after it
 *	FAIL_ERRNO=e	how: EIO (default), ENOSPC, EMFILE, ECONNRESET ... (fault.c) or a number;
 *			"short" = a write takes only half at first (and must go on by
 *			itself); "torn" = half is written, then EIO. For what is not a write,
 *			short is no fault and torn is EIO
 *	FAIL_CALL=c	only calls of this name are counted: "file_sync", "file_write_all" ...
 *	FAIL_ROLE=r	only in the process whose role (fault_role) is r
 *	FAIL_CRASH_AT=n	the process ends before the n-th call as if by kill -9 (status 137)
 *	FAIL_CRASH_ON=t	the process ends by SIGSEGV when it takes a record in hand that holds these
 *			octets (fault_record; FAIL_CALL and FAIL_ROLE hold here too)
 *	FAIL_LOG=path	one line "PID ROLE N CALL\n" for each call that was counted
 *	WRITE_LOG=path	everything that changes files, in order, for power-cut simulation
 *
 * WRITE_LOG is a sequence of
 *	VERB A B PATH[<tab>PATH2]\n	and, when B > 0, B octets of data and one \n
 * where A and B are decimal and paths are absolute, as they were before the operation:
 *	create 0 0 PATH		a new empty file
 *	write OFFSET BYTES PATH	these octets now stand at OFFSET (only what the kernel took)
 *	truncate SIZE 0 PATH	also growth (file_preallocate: the new part is zeros)
 *	rename 0 0 PATH<tab>PATH2	PATH2 is replaced
 *	unlink 0 0 PATH
 *	mkdir 0 0 PATH
 *	symlink 0 0 PATH	a new link; where it leads is not told
 *	sync 0 0 PATH		earlier writes and truncates of this file are on disk
 *	dirsync 0 0 PATH	earlier create, rename, unlink, mkdir inside of PATH are on disk
 *	mark 0 0 TEXT		fault_mark(): "acknowledged 17" stands where it was said
 * An entry is written after its operation succeeded and under one lock, so an entry that stands
 * before a sync was finished before that sync began. A cut at an entry leaves everything before a
 * covering sync; anything else up to there may be there, be missing, or be partly there.
 */
#ifndef SYS_FAULT_H
#define SYS_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/span.h"

enum fault {
	FAULT_NONE = 0,		/* above 0: the errno value to fail with */
	FAULT_SHORT = -1,
	FAULT_TORN = -2,
};

/* Never written to after program start but by fault_reload, after what it is about. */
extern _Atomic bool	fault_on;
extern _Atomic bool	fault_logs_writes;

int	fault_hit_slow(const char *call);

static inline bool
fault_is_on(void)
{
	return __builtin_expect(atomic_load_explicit(&fault_on, memory_order_acquire), 0);
}

/* FAULT_NONE, FAULT_SHORT, FAULT_TORN or the errno value that the call must fail with. */
static inline int
fault_hit(const char *call)
{
	return fault_is_on() ? fault_hit_slow(call) : FAULT_NONE;
}

void	fault_record_slow(const char *call, struct span record);

/* This record is at hand: for FAIL_CRASH_ON. */
static inline void
fault_record(const char *call, struct span record)
{
	if (fault_is_on())
		fault_record_slow(call, record);
}

/* This process is now that role: for FAIL_ROLE. */
void	fault_role(const char *role);
/* Reads the environment again and counts from 1: for unit tests. */
void	fault_reload(void);
/* Calls counted so far in this process (0 when off). */
uint64_t	fault_count(void);

/* Puts a line into the write log; nothing without one. */
void	fault_mark(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * For the wrappers only. Between begin and end no other thread changes a file. Both are nothing
 * without a write log. fd or (dirfd, name) names the thing; a name of NULL means fd itself.
 */
void	fault_write_begin(void);
void	fault_write_end(void);
void	fault_write_fd(const char *verb, int fd, uint64_t a, struct span data);
void	fault_write_name(const char *verb, int dirfd, const char *name, int dirfd2,
	    const char *name2);

#endif
