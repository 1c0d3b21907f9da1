/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sys/sandbox.c: a child per profile of a role tries what it may and what it may not. Each act
 * gives 0 when it worked and 1 when it was refused; a forbidden system call kills with SIGSYS.
 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "check.h"
#include "sys/chan.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "sys/thread.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

enum { WORKED = 0, REFUSED = 1, ABORTED = 128 + SIGABRT, KILLED = 128 + SIGSYS };

enum {
	INTAKE = SANDBOX_NET,
	KEEPER = SANDBOX_FILE_READ | SANDBOX_FILE_WRITE | SANDBOX_THREADS,
	FRONT = SANDBOX_NET | SANDBOX_FILE_READ | SANDBOX_THREADS | SANDBOX_JIT,
	COLLECTOR = SANDBOX_FILE_READ | SANDBOX_INOTIFY,
	TELLER = SANDBOX_NET_OUT | SANDBOX_FILE_READ,
	SPAWNER = SANDBOX_SPAWN | SANDBOX_FILE_READ,
};

typedef int act_fn(void);

static int dir = -1;		/* has a file "in" */
static bool has_landlock;
static struct why why;

static int
outcome_of(act_fn *act, unsigned groups, enum sandbox_action action)
{
	struct sandbox s = { .groups = groups, .action = action, .strict = has_landlock };
	int status;
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		if ((groups & SANDBOX_FILE_READ) != 0) {
			s.read_dir = &dir;
			s.nread_dir = 1;
		}
		if ((groups & SANDBOX_FILE_WRITE) != 0) {
			s.write_dir = &dir;
			s.nwrite_dir = 1;
		}
		if (sandbox_enter(&s, NULL, &why) != OK) {
			printf("%s\n", why.text);
			(void)fflush(stdout);
			_exit(99);
		}
		_exit(act());
	}
	must(waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

#define outcome(act, groups) outcome_of((act), (groups), SANDBOX_KILL)

/* ---- acts ---- */

static void
thread_nothing(void *arg)
{
	(void)arg;
	thread_background();
}

static int
everyday_work(void)
{
	struct chan_msg msg = { .type = 1, .body = SPAN("x") }, got;
	struct chan *a, *b;
	int fd[2];
	char *p;

	must(pipe(fd) == 0);
	for (size_t n = 1; n < 64 << 20; n *= 3) {
		p = malloc(n);
		must(p != NULL);
		memset(p, 1, n);
		p = realloc(p, n * 2);
		must(p != NULL);
		free(p);
	}
	must(clock_wall_ns() > 0 && clock_mono_ns() > 0 && clock_process_ns() > 0);
	must(random_u64() != random_u64());
	must(write(fd[1], "x", 1) == 1);
	must(prctl(PR_SET_NAME, "x") == 0);
	(void)isatty(1);
	(void)thread_processors();
	/* What libraries try by habit is refused. */
	must(open("/dev/urandom_", O_RDONLY) < 0 && (errno == EACCES || errno == ENOENT));
	/* The channel was made before. */
	a = chan_new(dup(900), 100, 100);
	b = chan_new(dup(901), 100, 100);
	must(chan_send(a, &msg, &why) == OK && chan_recv(b, &got, &why) == OK);
	return 0;
}

static int
fail_by_abort(void)
{
	abort();
}

static int
read_inside(void)
{
	struct buf out = { 0 };

	return file_read_whole(dir, "in", 100, &out, &why) == OK ? WORKED : REFUSED;
}

static int
read_outside(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? WORKED : REFUSED;
}

static int
write_inside(void)
{
	return file_replace(dir, "out", SPAN("x"), &why) == OK ? WORKED : REFUSED;
}

static int
write_outside(void)
{
	return open("/tmp/sandbox_test_outside", O_WRONLY | O_CREAT, 0600) >= 0 ? WORKED : REFUSED;
}

static int
overwrite_inside(void)
{
	return openat(dir, "in", O_RDWR) >= 0 ? WORKED : REFUSED;
}

static int
make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? WORKED : REFUSED;
}

static int
connect_out(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) < 0)
		return errno == ECONNREFUSED ? WORKED : REFUSED;
	return WORKED;
}

static int
accept_one(void)
{
	return accept(902, NULL, NULL) < 0 && errno == EAGAIN ? WORKED : REFUSED;
}

static int
run_program(void)
{
	char *argv[] = { (char *)(uintptr_t)"true", NULL };

	(void)execv("/bin/true", argv);
	return REFUSED;
}

static int
trace_self(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 ? WORKED : REFUSED;
}

static int
kill_parent(void)
{
	return kill(getppid(), 0) == 0 ? WORKED : REFUSED;
}

static int
fork_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0 && waitpid(pid, NULL, 0) == pid ? WORKED : REFUSED;
}

static int
start_thread(void)
{
	struct thread thread = { 0 };

	if (thread_start(&thread, "x", thread_nothing, NULL, NULL) != OK)
		return REFUSED;
	thread_join(&thread);
	return WORKED;
}

static int
map_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
	    -1, 0) != MAP_FAILED ? WORKED : REFUSED;
}

static int
watch_files(void)
{
	return inotify_init1(IN_CLOEXEC) >= 0 ? WORKED : REFUSED;
}

static int
raise_limit(void)
{
	static const uint64_t limit[2] = { 100, 100 };

	return syscall(SYS_prlimit64, 0, 7, limit, NULL) == 0 ? WORKED : REFUSED;
}

static int
set_user(void)
{
	return setuid(0) == 0 ? WORKED : REFUSED;
}

static int
unshare_all(void)
{
	return syscall(SYS_unshare, 0x10000000) == 0 ? WORKED : REFUSED;
}

static int
use_io_uring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) >= 0 ? WORKED : REFUSED;
}

static int
use_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) >= 0 ? WORKED : REFUSED;
}

static int
stuff_terminal(void)
{
	return syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x") == 0 ? WORKED : REFUSED;
}

static int
has_no_rights_left(void)
{
	FILE *file = fdopen(openat(dir, "status", O_RDONLY), "r");
	char line[256];
	unsigned good = 0;

	if (file == NULL)
		return REFUSED;
	while (fgets(line, sizeof line, file) != NULL)
		good += strcmp(line, "CapPrm:\t0000000000000000\n") == 0 ||
		    strcmp(line, "CapEff:\t0000000000000000\n") == 0 ||
		    strcmp(line, "CapInh:\t0000000000000000\n") == 0 ||
		    strcmp(line, "NoNewPrivs:\t1\n") == 0 ||
		    strcmp(line, "Seccomp:\t2\n") == 0;
	return good == 5 ? WORKED : REFUSED;
}

/* ---- tests ---- */

static const unsigned all_roles[] = { 0, INTAKE, KEEPER, FRONT, COLLECTOR, TELLER };

static void
every_role_can_do_its_everyday_work(void)
{
	for (unsigned i = 0; i < 6; i++) {
		check_int(outcome(everyday_work, all_roles[i]), WORKED);
		check_int(outcome(fail_by_abort, all_roles[i]), ABORTED);
	}
}

static void
no_role_can_reach_for_the_kernel(void)
{
	static act_fn *const acts[] = { run_program, raise_limit, set_user, unshare_all,
		use_io_uring, use_bpf, stuff_terminal };

	for (unsigned i = 0; i < 6; i++)
		for (unsigned k = 0; k < sizeof acts / sizeof acts[0]; k++)
			if (!check_int(outcome(acts[k], all_roles[i]), KILLED))
				printf("role %u, act %u\n", i, k);
}

static void
no_role_can_touch_other_processes(void)
{
	static act_fn *const acts[] = { trace_self, kill_parent, fork_child };

	if (SANITIZED)
		skip("leak detection needs these calls");
	for (unsigned i = 0; i < 6; i++)
		for (unsigned k = 0; k < sizeof acts / sizeof acts[0]; k++)
			if (!check_int(outcome(acts[k], all_roles[i]), KILLED))
				printf("role %u, act %u\n", i, k);
}

static void
files_are_read_only_below_what_was_listed(void)
{
	check_int(outcome(read_inside, FRONT), WORKED);
	check_int(outcome(read_inside, COLLECTOR), WORKED);
	check_int(outcome(read_inside, KEEPER), WORKED);
	check_int(outcome(read_inside, INTAKE), REFUSED);
	check_int(outcome(read_outside, INTAKE), REFUSED);
	if (!has_landlock)
		skip("this kernel has no Landlock");
	check_int(outcome(read_outside, FRONT), REFUSED);
	check_int(outcome(read_outside, KEEPER), REFUSED);
}

static void
files_are_written_by_the_keeper_alone(void)
{
	check_int(outcome(write_inside, KEEPER), WORKED);
	check_int(outcome(overwrite_inside, KEEPER), WORKED);
	if (SANITIZED)
		skip("killing is not sure with a sanitizer's own calls");
	check_int(outcome(write_inside, FRONT), KILLED);
	check_int(outcome(overwrite_inside, FRONT), KILLED);
	check_int(outcome(write_inside, COLLECTOR), KILLED);
	check_int(outcome(write_inside, INTAKE), KILLED);
	check_int(outcome(write_outside, TELLER), KILLED);
	if (!has_landlock)
		skip("this kernel has no Landlock");
	check_int(outcome(write_outside, KEEPER), REFUSED);
}

static void
the_network_is_for_those_who_need_it(void)
{
	check_int(outcome(accept_one, INTAKE), WORKED);
	check_int(outcome(accept_one, FRONT), WORKED);
	check_int(outcome(accept_one, KEEPER), KILLED);
	check_int(outcome(accept_one, COLLECTOR), KILLED);
	check_int(outcome(make_socket, INTAKE), KILLED);
	check_int(outcome(make_socket, FRONT), KILLED);
	check_int(outcome(connect_out, KEEPER), KILLED);
	check_int(outcome(connect_out, TELLER), WORKED);
}

static void
threads_code_and_watches_are_for_those_who_need_them(void)
{
	check_int(outcome(start_thread, KEEPER), WORKED);
	check_int(outcome(map_executable, FRONT), WORKED);
	check_int(outcome(map_executable, KEEPER), REFUSED);
	check_int(outcome(watch_files, COLLECTOR), WORKED);
	check_int(outcome(watch_files, KEEPER), KILLED);
	if (SANITIZED)
		skip("leak detection needs clone");
	check_int(outcome(start_thread, INTAKE), KILLED);
}

static void
a_spawner_may_start_programs(void)
{
	check_int(outcome(fork_child, SPAWNER), WORKED);
	check_int(outcome(run_program, SPAWNER), has_landlock ? REFUSED : WORKED);
	check_int(outcome(make_socket, SPAWNER), KILLED);
}

static void
a_soft_sandbox_refuses_and_does_not_kill(void)
{
	check_int(outcome_of(make_socket, INTAKE, SANDBOX_SOFT), REFUSED);
	check_int(outcome_of(run_program, KEEPER, SANDBOX_SOFT), REFUSED);
	check_int(outcome_of(everyday_work, KEEPER, SANDBOX_SOFT), WORKED);
}

static void
the_kernel_agrees_that_no_rights_are_left(void)
{
	struct sandbox s = { .groups = SANDBOX_FILE_READ, .strict = has_landlock };
	int status;
	pid_t pid;

	if (SANITIZED)
		skip("looks at the plain build");
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		dir = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		s.read_dir = &dir;
		s.nread_dir = 1;
		_exit(sandbox_enter(&s, NULL, &why) == OK ? has_no_rights_left() : 99);
	}
	must(waitpid(pid, &status, 0) == pid);
	check(WIFEXITED(status));
	check_int(WEXITSTATUS(status), WORKED);
}

static void *
wait_for_lock(void *arg)
{
	(void)pthread_mutex_lock(arg);
	(void)pthread_mutex_unlock(arg);
	return NULL;
}

static void
with_threads_it_is_too_late(void)
{
	pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
	struct sandbox s = { .groups = SANDBOX_THREADS };
	pthread_t id;

	if (SANITIZED)
		skip("sanitizers may have threads of their own");
	(void)pthread_mutex_lock(&gate);
	must(pthread_create(&id, NULL, wait_for_lock, &gate) == 0);
	check_int(sandbox_enter(&s, NULL, &why), ERR_DENIED);
	(void)pthread_mutex_unlock(&gate);
	(void)pthread_join(id, NULL);
}

/* The channel and the listener that the acts find at fixed numbers. */
static void
prepare(void)
{
	char path[] = "/tmp/sandbox_test.XXXXXX";
	struct sandbox_state state;
	int fd[2], listener;

	must(mkdtemp(path) != NULL);
	must(dir_open(&dir, AT_FDCWD, path, &why) == OK);
	must(file_replace(dir, "in", SPAN("text"), &why) == OK);
	must(chan_pair(fd, &why) == OK && dup2(fd[0], 900) == 900 && dup2(fd[1], 901) == 901);
	listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	must(listener >= 0 && listen(listener, 1) == 0 && dup2(listener, 902) == 902);
	sandbox_probe(&state);
	has_landlock = state.landlock;
	printf("Landlock version %d; missing: %s\n", state.landlock_abi,
	    state.missing[0] != '\0' ? state.missing : "nothing");
	(void)fflush(stdout);
}

static void
tidy(void)
{
	char path[64] = "";
	char link[64];

	(void)unlinkat(dir, "in", 0);
	(void)unlinkat(dir, "out", 0);
	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", dir);
	if (readlink(link, path, sizeof path - 1) > 0)
		(void)rmdir(path);
}

int
main(void)
{
	prepare();
	run(every_role_can_do_its_everyday_work);
	run(no_role_can_reach_for_the_kernel);
	run(no_role_can_touch_other_processes);
	run(files_are_read_only_below_what_was_listed);
	run(files_are_written_by_the_keeper_alone);
	run(the_network_is_for_those_who_need_it);
	run(threads_code_and_watches_are_for_those_who_need_them);
	run(a_spawner_may_start_programs);
	run(a_soft_sandbox_refuses_and_does_not_kill);
	run(the_kernel_agrees_that_no_rights_are_left);
	run(with_threads_it_is_too_late);
	tidy();
	return check_done();
}
