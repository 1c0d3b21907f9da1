/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: the parent starts each role as a fresh run of the same program, so that every role
 * has an address space (and a stack protector value) of its own and inherits no memory.
 *
 * The child is run as   trucban role ROLE [args...]   with stdin on /dev/null, the parent's stdout
 * and stderr, the given descriptors at PROC_FD_FIRST, PROC_FD_FIRST + 1, ... in their order, and
 * no other descriptor; default signal handling; SIGKILL when the parent's thread ends.
 */
#ifndef SYS_PROC_H
#define SYS_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

enum { PROC_FD_FIRST = 3, PROC_FD_MAX = 200, PROC_ARGS_MAX = 32 };

struct proc_spec {
	const char *role;
	const char *const *arg;		/* narg more arguments */
	unsigned narg;
	const int *fd;			/* nfd descriptors, kept by the caller */
	unsigned nfd;
};

/* How a child ended. */
struct proc_end {
	pid_t pid;
	int status;		/* exit status; 128 + signal when killed */
	int signal;		/* 0 when it ended by itself */
	char text[96];		/* "exit status 3", "killed by signal 11 (SEGV)" */
};

struct proc_limits {
	uint64_t files;			/* RLIMIT_NOFILE, lowered to what is allowed */
	uint64_t locked_bytes;		/* RLIMIT_MEMLOCK: for keys in memory; 0 leaves it */
	bool secret;			/* no core through a pipe either, no debugger */
};

/* ERR_IO when the program could not be run again; the child is then gone already. */
enum err	proc_start(pid_t *ret_pid, const struct proc_spec *spec, struct why *why);
/* First act of a role: its name in ps and for FAIL_ROLE. */
void		proc_name(const char *role);
/* One child that has ended: OK; ERR_MORE: none now; ERR_ABSENT: there are no children. */
enum err	proc_reap(struct proc_end *ret_end, struct why *why);
/* Waits for this one. */
enum err	proc_wait(pid_t pid, struct proc_end *ret_end, struct why *why);

/* Blocks these signals in this thread and gives a descriptor that reports them. */
enum err	proc_signals(int *ret_fd, const int *signal, unsigned n, struct why *why);
/* OK and a number, or ERR_MORE. */
enum err	proc_signal_next(int fd, int *ret_signal, struct why *why);

/*
 * When this process is about to die of its own fault (SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL),
 * `last` runs first; it may only write to memory. Once per process.
 */
void		proc_on_crash(void (*last)(void));

/* ERR_ABSENT when there is no such user. Uses the system's user database: before the sandbox. */
enum err	proc_user(const char *user, uid_t *ret_uid, gid_t *ret_gid, struct why *why);
/*
 * Becomes that user for ever, with no other groups; checks that there is no way back. OK when it
 * already is that user; ERR_DENIED when it is another one that is not root.
 */
enum err	proc_drop_rights(const char *user, struct why *why);
/* The same, but stays in the groups that the system gives this user (adm, systemd-journal). */
enum err	proc_drop_rights_in_groups(const char *user, struct why *why);
/* Sets the limits; core files are always off. */
enum err	proc_limit(const struct proc_limits *limits, struct why *why);
/*
 * Proportional set size (PSS) in KB, and the part of it that is not page cache (anonymous and
 * shared memory); pid 0 is this process. A role that is `secret` can be asked about by root only.
 */
enum err	proc_memory_kb(pid_t pid, uint64_t *ret_pss, uint64_t *ret_anon, struct why *why);

#endif
