/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Processes: see proc.h. Between fork and exec only calls that are safe there (signal-safety(7)):
 * the parent may have threads. What fails in the child is told through a pipe that closes on exec.
 */
#include "sys/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/fault.h"
#include "sys/file.h"

enum {
	PROC_HIGH = PROC_FD_FIRST + PROC_FD_MAX + 1,	/* above all places of passed ones */
	PROC_USER_BYTES = 16384,
	PROC_ROLLUP_BYTES = 4096,
};

/* ---- in the child, after fork ---- */

static void
proc_default_signals(void)
{
	struct sigaction act;
	sigset_t none;

	memset(&act, 0, sizeof act);
	act.sa_handler = SIG_DFL;
	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &act, NULL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/* All from `first` on go at exec. */
static void
proc_close_from(unsigned first)
{
	if (close_range(first, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	for (int fd = (int)first; fd < 65536; fd++)
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* First out of the way, then each to its place; `high` is all places that a copy was put. */
static int
proc_place_fds(const struct proc_spec *spec, int high[PROC_FD_MAX])
{
	int null;

	for (unsigned i = 0; i < spec->nfd; i++) {
		high[i] = fcntl(spec->fd[i], F_DUPFD_CLOEXEC, PROC_HIGH);
		if (high[i] < 0)
			return errno;
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0)
		return errno;
	if (dup2(null, STDIN_FILENO) < 0)
		return errno;
	for (unsigned i = 0; i < spec->nfd; i++)
		if (dup2(high[i], (int)(PROC_FD_FIRST + i)) < 0)
			return errno;
	proc_close_from(PROC_FD_FIRST + spec->nfd);
	return 0;
}

static _Noreturn void
proc_child(const struct proc_spec *spec, char *const *argv, pid_t parent, int tell_fd)
{
	int high[PROC_FD_MAX], error = 0, tell;

	/* A parent that died between fork and here sends no signal any more. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		error = errno;
	if (getppid() != parent)
		_exit(127);
	proc_default_signals();
	tell = fcntl(tell_fd, F_DUPFD_CLOEXEC, PROC_HIGH);
	if (error == 0 && tell < 0)
		error = errno;
	if (error == 0)
		error = proc_place_fds(spec, high);
	if (error == 0) {
		(void)execv("/proc/self/exe", argv);
		error = errno;
	}
	(void)!write(tell >= 0 ? tell : tell_fd, &error, sizeof error);
	_exit(127);
}

/* ---- starting ---- */

/* argv of the child; the strings stay the caller's. */
static void
proc_argv(const struct proc_spec *spec, char *argv[PROC_ARGS_MAX + 4])
{
	unsigned n = 0;

	must(spec->narg <= PROC_ARGS_MAX && spec->nfd <= PROC_FD_MAX);
	argv[n++] = (char *)(uintptr_t)"trucban";
	argv[n++] = (char *)(uintptr_t)"role";
	argv[n++] = (char *)(uintptr_t)spec->role;
	for (unsigned i = 0; i < spec->narg; i++)
		argv[n++] = (char *)(uintptr_t)spec->arg[i];
	argv[n] = NULL;
}

enum err
proc_start(pid_t *ret_pid, const struct proc_spec *spec, struct why *why)
{
	char *argv[PROC_ARGS_MAX + 4];
	int tell[2], error = 0, status;
	pid_t pid, parent = getpid();
	ssize_t n;

	proc_argv(spec, argv);
	if (pipe2(tell, O_CLOEXEC) < 0)
		return why_errno(why, file_err(errno), errno, "cannot start %s", spec->role);
	pid = fork();
	if (pid == 0)
		proc_child(spec, argv, parent, tell[1]);
	error = errno;
	file_close(&tell[1]);
	if (pid < 0) {
		file_close(&tell[0]);
		return why_errno(why, ERR_IO, error, "cannot start %s", spec->role);
	}
	do
		n = read(tell[0], &error, sizeof error);
	while (n < 0 && errno == EINTR);
	file_close(&tell[0]);
	if (n == 0) {
		*ret_pid = pid;
		return OK;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return why_errno(why, ERR_IO, n == sizeof error ? error : EIO, "cannot start %s",
	    spec->role);
}

void
proc_name(const char *role)
{
	char name[16];

	(void)snprintf(name, sizeof name, "tb-%s", role);
	(void)prctl(PR_SET_NAME, name);
	fault_role(role);
}

/* ---- ending ---- */

static void
proc_describe(struct proc_end *end, pid_t pid, int status)
{
	const char *name;

	memset(end, 0, sizeof *end);
	end->pid = pid;
	if (WIFEXITED(status)) {
		end->status = WEXITSTATUS(status);
		(void)snprintf(end->text, sizeof end->text, "exit status %d", end->status);
		return;
	}
	end->signal = WTERMSIG(status);
	end->status = 128 + end->signal;
	name = sigabbrev_np(end->signal);
	(void)snprintf(end->text, sizeof end->text, "killed by signal %d (%s)%s", end->signal,
	    name != NULL ? name : "?",
	    end->signal == SIGSYS ? ": it tried what its sandbox forbids" : "");
}

static enum err
proc_wait_for(pid_t pid, int options, struct proc_end *ret_end, struct why *why)
{
	int status;
	pid_t got;

	do
		got = waitpid(pid, &status, options);
	while (got < 0 && errno == EINTR);
	if (got == 0)
		return ERR_MORE;
	if (got < 0)
		return why_errno(why, errno == ECHILD ? ERR_ABSENT : ERR_IO, errno,
		    "cannot wait for a process");
	proc_describe(ret_end, got, status);
	return OK;
}

enum err
proc_reap(struct proc_end *ret_end, struct why *why)
{
	return proc_wait_for(-1, WNOHANG, ret_end, why);
}

enum err
proc_wait(pid_t pid, struct proc_end *ret_end, struct why *why)
{
	return proc_wait_for(pid, 0, ret_end, why);
}

/* ---- signals ---- */

enum err
proc_signals(int *ret_fd, const int *signal, unsigned n, struct why *why)
{
	sigset_t set;
	int fd;

	must(*ret_fd == -1);
	(void)sigemptyset(&set);
	for (unsigned i = 0; i < n; i++)
		must(sigaddset(&set, signal[i]) == 0);
	must(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		return why_errno(why, file_err(errno), errno, "cannot take signals");
	*ret_fd = fd;
	return OK;
}

enum err
proc_signal_next(int fd, int *ret_signal, struct why *why)
{
	struct signalfd_siginfo info;
	ssize_t n;

	do
		n = read(fd, &info, sizeof info);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return ERR_MORE;
	if (n != sizeof info)
		return why_errno(why, ERR_IO, n < 0 ? errno : EIO, "cannot take signals");
	*ret_signal = (int)info.ssi_signo;
	return OK;
}

/* ---- rights ---- */

static void (*crash_last)(void);

static void
on_crash(int sig)
{
	crash_last();
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

void
proc_on_crash(void (*last)(void))
{
	static const int sig[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL };

	crash_last = last;
	for (size_t i = 0; i < sizeof sig / sizeof sig[0]; i++)
		(void)signal(sig[i], on_crash);
}

enum err
proc_user(const char *user, uid_t *ret_uid, gid_t *ret_gid, struct why *why)
{
	struct passwd entry, *found = NULL;
	char *room = xmalloc(PROC_USER_BYTES);
	int error;
	enum err rc = OK;

	error = getpwnam_r(user, &entry, room, PROC_USER_BYTES, &found);
	if (found != NULL) {
		*ret_uid = entry.pw_uid;
		*ret_gid = entry.pw_gid;
	} else if (error == 0 || error == ENOENT) {
		rc = why_set(why, ERR_ABSENT, "there is no user %s on this machine", user);
	} else {
		rc = why_errno(why, ERR_IO, error, "cannot look up user %s", user);
	}
	free(room);
	return rc;
}

enum groups { GROUPS_NONE, GROUPS_OF_USER };

static enum err
proc_become(uid_t uid, gid_t gid, const char *user, enum groups groups, struct why *why)
{
	uid_t r, e, s;
	gid_t rg, eg, sg;

	if ((groups == GROUPS_NONE ? setgroups(0, NULL) : initgroups(user, gid)) < 0 ||
	    setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return why_errno(why, ERR_DENIED, errno, "cannot become user %s", user);
	must(getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid);
	must(getresgid(&rg, &eg, &sg) == 0 && rg == gid && eg == gid && sg == gid);
	if (setuid(0) == 0 || setgid(0) == 0)
		return why_set(why, ERR_DENIED, "cannot become user %s: the way back is open",
		    user);
	return OK;
}

static enum err
drop_rights(const char *user, enum groups groups, struct why *why)
{
	pid_t parent = getppid();
	int death_signal = 0;
	uid_t uid = 0;
	gid_t gid = 0;
	enum err rc;

	rc = proc_user(user, &uid, &gid, why);
	if (rc != OK)
		return rc;
	if (uid == 0 || gid == 0)
		return why_set(why, ERR_DENIED, "cannot become user %s: it is root", user);
	if (geteuid() == uid && getuid() == uid)
		return OK;
	if (geteuid() != 0)
		return why_set(why, ERR_DENIED, "cannot become user %s: only root can", user);
	(void)prctl(PR_GET_PDEATHSIG, &death_signal);
	rc = proc_become(uid, gid, user, groups, why);
	if (rc != OK)
		return rc;
	/* The kernel forgets it when the user changes; the parent may have died meanwhile. */
	if (death_signal != 0) {
		(void)prctl(PR_SET_PDEATHSIG, death_signal);
		if (getppid() != parent)
			(void)raise(death_signal);
	}
	return OK;
}

enum err
proc_drop_rights(const char *user, struct why *why)
{
	return drop_rights(user, GROUPS_NONE, why);
}

enum err
proc_drop_rights_in_groups(const char *user, struct why *why)
{
	return drop_rights(user, GROUPS_OF_USER, why);
}

/* Sets the soft and hard limit; a hard one that may not be raised is taken as it is. */
static enum err
proc_limit_one(__rlimit_resource_t which, uint64_t value, const char *what, struct why *why)
{
	struct rlimit limit;

	if (getrlimit(which, &limit) < 0)
		return why_errno(why, ERR_IO, errno, "cannot limit %s", what);
	limit.rlim_cur = value;
	if (value > limit.rlim_max) {
		limit.rlim_max = value;
		if (setrlimit(which, &limit) == 0)
			return OK;
		(void)getrlimit(which, &limit);
		limit.rlim_cur = limit.rlim_max;
	}
	limit.rlim_max = limit.rlim_cur;
	if (setrlimit(which, &limit) < 0)
		return why_errno(why, ERR_IO, errno, "cannot limit %s", what);
	return OK;
}

enum err
proc_limit(const struct proc_limits *limits, struct why *why)
{
	enum err rc;

	rc = proc_limit_one(RLIMIT_CORE, 0, "core files", why);
	if (rc == OK && limits->files > 0)
		rc = proc_limit_one(RLIMIT_NOFILE, limits->files, "open files", why);
	if (rc == OK && limits->locked_bytes > 0)
		rc = proc_limit_one(RLIMIT_MEMLOCK, limits->locked_bytes, "locked memory", why);
	if (rc == OK && limits->secret && prctl(PR_SET_DUMPABLE, 0) < 0)
		rc = why_errno(why, ERR_IO, errno, "cannot close the memory to others");
	return rc;
}

/* ---- memory ---- */

/* The number after "NAME:" at the start of a line; 0 when there is none. */
static uint64_t
proc_rollup_field(const char *text, const char *name)
{
	size_t n = strlen(name);
	const char *line = text;

	while (line != NULL && *line != '\0') {
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			return strtoull(line + n + 1, NULL, 10);
		line = strchr(line, '\n');
		if (line != NULL)
			line++;
	}
	return 0;
}

enum err
proc_memory_kb(pid_t pid, uint64_t *ret_pss, uint64_t *ret_anon, struct why *why)
{
	char name[64], text[PROC_ROLLUP_BYTES];
	size_t n = 0, got = 0;
	int fd = -1;
	enum err rc;

	if (pid == 0)
		pid = getpid();
	(void)snprintf(name, sizeof name, "/proc/%ld/smaps_rollup", (long)pid);
	rc = file_open(&fd, AT_FDCWD, name, FILE_READ, why);
	if (rc != OK)
		return rc;
	do {
		rc = file_read(fd, text + n, sizeof text - 1 - n, &got, why);
		n += rc == OK ? got : 0;
	} while (rc == OK && got > 0);
	file_close(&fd);
	if (rc != OK)
		return why_prefix(why, rc, "%s", name);
	text[n] = '\0';
	*ret_pss = proc_rollup_field(text, "Pss");
	*ret_anon = proc_rollup_field(text, "Pss_Anon") + proc_rollup_field(text, "Pss_Shmem");
	return OK;
}
