/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests that must() stops a program: runs a function in a child process and looks how it ended.
 * What the child says goes nowhere. Not for programs that have threads.
 */
#ifndef TEST_DIES_H
#define TEST_DIES_H

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static inline bool
dies(void (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int quiet = open("/dev/null", O_WRONLY | O_CLOEXEC);

		(void)signal(SIGABRT, SIG_DFL);		/* a sanitizer would talk at length */
		(void)dup2(quiet, STDERR_FILENO);
		body();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	    WTERMSIG(status) == SIGABRT;
}

#endif
