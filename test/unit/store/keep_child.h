/* SPDX-License-Identifier: Apache-2.0 */
/* A life of the store in a child process, with faults of sys/fault.h; for tests of crashes. */
#ifndef TEST_STORE_KEEP_CHILD_H
#define TEST_STORE_KEEP_CHILD_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fault.h"

/* FAIL_CALL, FAIL_AT, FAIL_ERRNO, FAIL_CRASH_AT; NULL: not set. */
struct faults {
	const char *call, *at, *how, *crash_at;
};

/* In the child: from here on. */
static inline void
faults_begin(const struct faults *f)
{
	const char *const set[][2] = { { "FAIL_CALL", f->call }, { "FAIL_AT", f->at },
	    { "FAIL_ERRNO", f->how }, { "FAIL_CRASH_AT", f->crash_at } };

	for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
		if (set[i][1] != NULL)
			(void)setenv(set[i][0], set[i][1], 1);
	fault_reload();
}

/* What a child does; it calls faults_begin where they are to begin. */
typedef void child_fn(void *arg, const struct faults *f);

/* Its exit status, or 128 and the signal. */
static inline int
child_run(child_fn *live, void *arg, const struct faults *f)
{
	pid_t pid;
	int status = 0;

	(void)fflush(stdout);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		live(arg, f);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
