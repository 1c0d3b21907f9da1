/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rights given up for ever, by a role, before it reads its first foreign octet: no new privileges,
 * no capabilities, files only below listed directories (Landlock), system calls only from listed
 * groups (seccomp). What the kernel lacks is reported, and is fatal only when strict.
 *
 * Threads: enter before the first thread is started, else ERR_DENIED. What needs files later
 * (time zone, user names, certificates, WRITE_LOG of sys/fault.h) must have been asked before, or
 * be below read_dir. A sanitizer build also lets through what the sanitizers need.
 */
#ifndef SYS_SANDBOX_H
#define SYS_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * SANDBOX_BASE is always in: memory (none of it executable), clocks, reading, writing and mapping
 * open descriptors, channels, poll and epoll, exit, signals to itself. Opening a file for reading
 * without SANDBOX_FILE_READ fails with EACCES and does not kill: libraries try that by habit.
 */
enum sandbox_group {
	SANDBOX_BASE = 0,
	SANDBOX_FILE_READ = 1 << 0,	/* open for reading, stat, list */
	SANDBOX_FILE_WRITE = 1 << 1,	/* also create, write, rename, unlink, sync, lock */
	SANDBOX_NET = 1 << 2,		/* accept, send, receive, on sockets that it was given */
	SANDBOX_NET_OUT = 1 << 3,	/* also make sockets, bind and connect */
	SANDBOX_THREADS = 1 << 4,	/* start threads; never processes */
	SANDBOX_SPAWN = 1 << 5,		/* fork, exec, wait, kill; children inherit the sandbox */
	SANDBOX_INOTIFY = 1 << 6,	/* watch files */
	SANDBOX_MAP_SHARED = 1 << 7,	/* memfd and its seals: shared memory passed to a peer */
	SANDBOX_JIT = 1 << 8,		/* executable memory; without it PCRE2 interprets */
};

enum sandbox_action {
	SANDBOX_KILL,		/* the process ends with SIGSYS */
	SANDBOX_SOFT,		/* the call fails with EPERM: tests, trial runs */
};

struct sandbox {
	unsigned groups;		/* SANDBOX_... */
	enum sandbox_action action;
	bool strict;			/* what the kernel lacks is ERR_DENIED */
	const int *read_dir;		/* open directories (or files) that may be read below */
	unsigned nread_dir;
	const int *write_dir;		/* that may be read, written, made and removed below */
	unsigned nwrite_dir;
};

/* What was done: for `doctor` and the log of the role. */
struct sandbox_state {
	bool no_new_privs;
	bool no_capabilities;
	bool seccomp;
	int landlock_abi;		/* 0: the kernel has none, or it is off */
	bool landlock;
	char missing[256];		/* "" or a sentence */
};

/* Both lists empty: no file can be opened at all. ret_state may be NULL. */
enum err	sandbox_enter(const struct sandbox *sandbox, struct sandbox_state *ret_state,
		    struct why *why);
/* What this kernel could do, without doing it: for doctor. */
void		sandbox_probe(struct sandbox_state *ret_state);

#endif
