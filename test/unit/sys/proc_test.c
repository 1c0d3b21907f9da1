/* SPDX-License-Identifier: Apache-2.0 */
/* sys/proc.c: the test program itself is the role that is started. */
#include "sys/proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "check.h"
#include "sys/fault.h"

static struct why why;

/* ---- what the roles do; each exit status is looked at by a test ---- */

/* Descriptors 3 and 4 are pipes from the test, and there is no other. */
static int
role_descriptors(int argc, char **argv)
{
	char got[3] = "";
	DIR *list = opendir("/proc/self/fd");
	struct dirent *at;
	unsigned open_fds = 0;
	int death = 0;

	if (list == NULL || argc != 5 || strcmp(argv[3], "one") != 0 || strcmp(argv[4], "two") != 0)
		return 1;
	while ((at = readdir(list)) != NULL)
		open_fds += at->d_name[0] != '.';
	(void)closedir(list);
	if (open_fds != 6)	/* 0 to 4, and the list itself */
		return 2;
	if (read(PROC_FD_FIRST, got, 1) != 1 || read(PROC_FD_FIRST + 1, got + 1, 1) != 1)
		return 3;
	if (strcmp(got, "ab") != 0)
		return 4;
	if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
		return 5;
	return read(0, got, 1) == 0 ? 42 : 6;
}

static int
role_signals(void)
{
	sigset_t set;
	struct sigaction act;

	(void)sigprocmask(SIG_SETMASK, NULL, &set);
	(void)sigaction(SIGPIPE, NULL, &act);
	return sigismember(&set, SIGUSR1) == 0 && act.sa_handler == SIG_DFL ? 42 : 1;
}

static int
role_nobody(void)
{
	struct why w;
	int death = 0;

	if (proc_drop_rights("nobody", &w) != OK) {
		printf("%s\n", w.text);
		return 1;
	}
	if (geteuid() == 0 || getgid() == 0 || getgroups(0, NULL) != 0)
		return 2;
	if (prctl(PR_GET_PDEATHSIG, &death) < 0 || death != SIGKILL)
		return 3;
	return proc_drop_rights("nobody", &w) == OK && open("/etc/shadow", O_RDONLY) < 0 ? 42 : 4;
}

static int
role_parent(void)
{
	struct proc_spec spec = { .role = "pause" };
	struct why w;
	pid_t pid;

	if (proc_start(&pid, &spec, &w) != OK)
		return 1;
	(void)!write(PROC_FD_FIRST, &pid, sizeof pid);
	return 42;
}

static int
role_main(int argc, char **argv)
{
	char name[16] = "";

	proc_name(argv[2]);
	(void)prctl(PR_GET_NAME, name);
	if (strncmp(name, "tb-", 3) != 0)
		return 9;
	if (strcmp(argv[2], "descriptors") == 0)
		return role_descriptors(argc, argv);
	if (strcmp(argv[2], "signals") == 0)
		return role_signals();
	if (strcmp(argv[2], "nobody") == 0)
		return role_nobody();
	if (strcmp(argv[2], "parent") == 0)
		return role_parent();
	if (strcmp(argv[2], "crash") == 0)
		(void)raise(SIGKILL);
	for (;;)
		(void)pause();
}

/* ---- tests ---- */

static void
a_role_gets_its_descriptors_and_no_other(void)
{
	static const char *const arg[] = { "one", "two" };
	struct proc_spec spec = { .role = "descriptors", .arg = arg, .narg = 2 };
	struct proc_end end;
	int one[2], two[2], fd[2];
	pid_t pid = 0;

	/* In crossed order, at the places that they must not clobber, and not closing on exec. */
	must(pipe(one) == 0 && pipe(two) == 0);
	must(write(one[1], "a", 1) == 1 && write(two[1], "b", 1) == 1);
	must(dup2(two[0], 20) == 20 && dup2(one[0], 21) == 21);
	must(dup2(20, PROC_FD_FIRST) == PROC_FD_FIRST && dup2(21, PROC_FD_FIRST + 1) >= 0);
	fd[0] = PROC_FD_FIRST + 1;
	fd[1] = PROC_FD_FIRST;
	spec.fd = fd;
	spec.nfd = 2;
	check_int(proc_start(&pid, &spec, &why), OK);
	check_int(proc_wait(pid, &end, &why), OK);
	check_int(end.status, 42);
	check(end.pid == pid && end.signal == 0 && strcmp(end.text, "exit status 42") == 0);
	for (int i = PROC_FD_FIRST; i < 30; i++)
		(void)close(i);
}

static void
the_reason_of_an_end_is_told(void)
{
	struct proc_spec spec = { .role = "crash" };
	struct proc_end end;
	pid_t pid = 0;

	check_int(proc_reap(&end, &why), ERR_ABSENT);
	check_int(proc_start(&pid, &spec, &why), OK);
	check_int(proc_wait(pid, &end, &why), OK);
	check_int(end.signal, SIGKILL);
	check_int(end.status, 137);
	check(strcmp(end.text, "killed by signal 9 (KILL)") == 0);
}

static void
signals_come_by_a_descriptor_and_children_start_clean(void)
{
	static const int wanted[] = { SIGUSR1, SIGCHLD };
	struct proc_spec spec = { .role = "signals" };
	struct proc_end end;
	int fd = -1, number = 0;
	pid_t pid = 0;

	(void)signal(SIGPIPE, SIG_IGN);
	check_int(proc_signals(&fd, wanted, 2, &why), OK);
	check_int(proc_signal_next(fd, &number, &why), ERR_MORE);
	must(raise(SIGUSR1) == 0);
	check_int(proc_signal_next(fd, &number, &why), OK);
	check_int(number, SIGUSR1);
	check_int(proc_start(&pid, &spec, &why), OK);
	check_int(proc_wait(pid, &end, &why), OK);
	check_int(end.status, 42);
	check_int(proc_signal_next(fd, &number, &why), OK);
	check_int(number, SIGCHLD);
	(void)close(fd);
}

static void
rights_are_dropped_for_ever(void)
{
	struct proc_spec spec = { .role = "nobody" };
	struct proc_end end;
	uid_t uid = 0;
	gid_t gid = 0;
	pid_t pid = 0;

	check_int(proc_user("no such user", &uid, &gid, &why), ERR_ABSENT);
	check_int(proc_user("root", &uid, &gid, &why), OK);
	check_int(proc_drop_rights("root", &why), ERR_DENIED);
	if (geteuid() != 0) {
		check_int(proc_drop_rights("daemon", &why), ERR_DENIED);
		skip("only root can become another user");
	}
	check_int(proc_start(&pid, &spec, &why), OK);
	check_int(proc_wait(pid, &end, &why), OK);
	check_int(end.status, 42);
}

/* The middle process ends; its child must end with it: the last writer of the pipe is gone. */
static void
a_child_ends_with_its_parent(void)
{
	struct proc_spec spec = { .role = "parent" };
	struct proc_end end;
	int told[2];
	pid_t pid = 0, grandchild = 0;
	char rest;

	must(pipe2(told, O_CLOEXEC) == 0);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	spec.fd = &told[1];
	spec.nfd = 1;
	check_int(proc_start(&pid, &spec, &why), OK);
	(void)close(told[1]);
	check_int(proc_wait(pid, &end, &why), OK);
	check_int(end.status, 42);
	check_int(read(told[0], &grandchild, sizeof grandchild), sizeof grandchild);
	check_int(read(told[0], &rest, 1), 0);
	check_int(proc_wait(grandchild, &end, &why), OK);
	check_int(end.signal, SIGKILL);
	(void)close(told[0]);
}

static void
limits_hold(void)
{
	struct proc_limits limits = { .files = 512, .locked_bytes = 65536 };
	struct rlimit limit;
	pid_t pid = fork();
	int status = 0;

	must(pid >= 0);
	if (pid == 0) {
		if (proc_limit(&limits, NULL) != OK)
			_exit(1);
		(void)getrlimit(RLIMIT_NOFILE, &limit);
		if (limit.rlim_cur != 512 || limit.rlim_max != 512)
			_exit(2);
		(void)getrlimit(RLIMIT_CORE, &limit);
		_exit(limit.rlim_cur == 0 && limit.rlim_max == 0 ? 42 : 3);
	}
	must(waitpid(pid, &status, 0) == pid);
	check_int(WEXITSTATUS(status), 42);
}

static void
memory_is_counted(void)
{
	uint64_t pss = 0, anon = 0, later = 0;
	volatile char *p;

	check_int(proc_memory_kb(0, &pss, &anon, &why), OK);
	check(pss > 100 && anon > 0 && anon <= pss);
	p = malloc(32 << 20);
	must(p != NULL);
	for (size_t i = 0; i < 32 << 20; i += 4096)
		p[i] = 1;
	check_int(proc_memory_kb(getpid(), &pss, &later, &why), OK);
	check(later >= anon + 30000);
	free((void *)(uintptr_t)p);
	check_int(proc_memory_kb(99999999, &pss, &anon, &why), ERR_ABSENT);
}

int
main(int argc, char **argv)
{
	if (argc >= 3 && strcmp(argv[1], "role") == 0)
		return role_main(argc, argv);
	run(a_role_gets_its_descriptors_and_no_other);
	run(the_reason_of_an_end_is_told);
	run(signals_come_by_a_descriptor_and_children_start_clean);
	run(rights_are_dropped_for_ever);
	run(a_child_ends_with_its_parent);
	run(limits_hold);
	run(memory_is_counted);
	return check_done();
}
