/* SPDX-License-Identifier: Apache-2.0 */
/* See run.h. */
#include "sys/run.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"

enum { END_NOT_FOUND = 127 };

#define MS_NS	INT64_C(1000000)

/* In the child, between fork and exec: calls of the system only. */
static void __attribute__((noreturn))
become(const char *const *argv, int in, int out)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	    lang[] = "LANG=C.UTF-8";
	char *env[] = { path, lang, NULL };
	sigset_t none;

	(void)setsid();
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	(void)signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(out, 2) >= 0 &&
	    close_range(3, ~0u, 0) == 0 && chdir("/") == 0 &&
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		(void)execve(argv[0], (char *const *)(uintptr_t)argv, env);
	_exit(END_NOT_FOUND);
}

/* What it writes, until it closes its output or time is up. False: time was up. */
static bool
listen_to(int fd, int64_t end_ns, size_t most, struct buf *said)
{
	uint8_t room[512];
	ssize_t n;

	for (;;) {
		int64_t left = (end_ns - clock_mono_ns()) / MS_NS;
		struct pollfd set = { .fd = fd, .events = POLLIN };

		if (left <= 0 || poll(&set, 1, (int)left) == 0)
			return false;
		n = read(fd, room, sizeof room);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n <= 0)
			return true;
		if (said->n < most)
			buf_put(said, room, (size_t)n < most - said->n ? (size_t)n :
			    most - said->n);
	}
}

/* It may have closed its output and go on. */
static bool
ended(pid_t pid, int64_t end_ns, int *ret_status)
{
	while (waitpid(pid, ret_status, WNOHANG) != pid) {
		if (clock_mono_ns() >= end_ns)
			return false;
		(void)poll(NULL, 0, 10);
	}
	return true;
}

static enum err
verdict(const char *program, int status, struct why *why)
{
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return OK;
	if (WIFEXITED(status) && WEXITSTATUS(status) == END_NOT_FOUND)
		return why_set(why, ERR_IO, "%s cannot be run (exit status 127)", program);
	return why_set(why, ERR_IO, WIFEXITED(status) ? "%s: exit status %d" :
	    "%s: killed by signal %d", program, WIFEXITED(status) ? WEXITSTATUS(status) :
	    WTERMSIG(status));
}

enum err
run_program(const char *const *argv, struct span input, int limit_ms, size_t most,
    struct buf *said, struct why *why)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, status = 0;
	int64_t end_ns = clock_mono_ns() + limit_ms * MS_NS;
	bool in_time;
	pid_t pid;

	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		for (unsigned i = 0; i < 2; i++) {
			file_close(&in[i]);
			file_close(&out[i]);
		}
		return why_set(why, ERR_IO, "cannot run %s: %s", argv[0], strerror(errno));
	}
	if (pid == 0)
		become(argv, in[0], out[1]);
	file_close(&in[0]);
	file_close(&out[1]);
	/* A pipe has room for it; who reads nothing is no reason to wait. */
	(void)fcntl(in[1], F_SETFL, O_NONBLOCK);
	(void)!write(in[1], input.p, input.n);
	file_close(&in[1]);
	in_time = listen_to(out[0], end_ns, most, said) && ended(pid, end_ns, &status);
	/* Also what it left behind. */
	(void)kill(-pid, SIGKILL);
	if (!in_time)
		(void)waitpid(pid, &status, 0);
	file_close(&out[0]);
	if (!in_time)
		return why_set(why, ERR_BUSY, "%s: not done after %d s", argv[0],
		    limit_ms / 1000);
	return verdict(argv[0], status, why);
}
