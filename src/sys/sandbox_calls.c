/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of each group, as tables: see sandbox.h for what a group means. A call that is
 * in no table of a role's groups ends the role. Never here: ptrace, bpf, io_uring, keyctl, mount,
 * userfaultfd, perf_event_open, process_vm_*.
 */
#include "sys/sandbox_int.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/prctl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <seccomp.h>

#include "sys/sandbox.h"

#define INT_MASK 0xffffffffu
#define WRITING (O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | (O_TMPFILE & ~O_DIRECTORY))

enum { PR_SET_VMA_NUMBER = 0x53564d41 };

static const int base_calls[] = {
	/* memory */
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock),
	SCMP_SYS(mlock2), SCMP_SYS(munlock), SCMP_SYS(mincore), SCMP_SYS(msync),
	SCMP_SYS(membarrier), SCMP_SYS(rseq),
	/* open descriptors */
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(preadv2),
	SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(dup), SCMP_SYS(fcntl), SCMP_SYS(fstat),
	SCMP_SYS(sendmsg), SCMP_SYS(recvmsg),
	/* waiting */
	SCMP_SYS(poll), SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl), SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(eventfd2), SCMP_SYS(pipe2),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime), SCMP_SYS(timerfd_gettime),
	SCMP_SYS(futex), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep), SCMP_SYS(sched_yield),
	/* signals to itself */
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigpending), SCMP_SYS(rt_sigtimedwait), SCMP_SYS(rt_sigsuspend),
	SCMP_SYS(sigaltstack), SCMP_SYS(signalfd4), SCMP_SYS(restart_syscall), SCMP_SYS(alarm),
	SCMP_SYS(setitimer), SCMP_SYS(pause),
	/* questions without secrets */
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(getresuid),
	SCMP_SYS(getresgid), SCMP_SYS(getgroups), SCMP_SYS(getrandom), SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit), SCMP_SYS(times), SCMP_SYS(sysinfo), SCMP_SYS(uname),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(getcpu), SCMP_SYS(get_robust_list),
	SCMP_SYS(set_robust_list), SCMP_SYS(set_tid_address), SCMP_SYS(arch_prctl),
	/* the end */
	SCMP_SYS(exit), SCMP_SYS(exit_group), SANDBOX_END
};

static const struct sandbox_rule base_rules[] = {
	{ SCMP_SYS(mmap), 0, 2, PROT_EXEC, 0 },
	{ SCMP_SYS(mprotect), 0, 2, PROT_EXEC, 0 },
	{ SCMP_SYS(prctl), 0, 0, INT_MASK, PR_SET_NAME },
	{ SCMP_SYS(prctl), 0, 0, INT_MASK, PR_GET_NAME },
	{ SCMP_SYS(prctl), 0, 0, INT_MASK, PR_SET_DUMPABLE },
	{ SCMP_SYS(prctl), EINVAL, 0, INT_MASK, PR_SET_VMA_NUMBER },
	{ SCMP_SYS(ioctl), 0, 1, INT_MASK, FIONREAD },
	{ SCMP_SYS(ioctl), 0, 1, INT_MASK, FIONBIO },
	{ SCMP_SYS(ioctl), ENOTTY, 1, INT_MASK, TCGETS },
	{ SCMP_SYS(ioctl), ENOTTY, 1, INT_MASK, TIOCGWINSZ },
	/* asking for a limit, not setting one */
	{ SCMP_SYS(prlimit64), 0, 2, UINT64_MAX, 0 },
	{ SCMP_SYS(tgkill), 0, 0, INT_MASK, SANDBOX_OWN_PID },
	/* pthread_create asks for this first; its flags are in memory, out of our sight */
	{ SCMP_SYS(clone3), ENOSYS, -1, 0, 0 },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const struct sandbox_rule no_exec_rules[] = {
	{ SCMP_SYS(mmap), EACCES, 2, PROT_EXEC, PROT_EXEC },
	{ SCMP_SYS(mprotect), EACCES, 2, PROT_EXEC, PROT_EXEC },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

/* What libraries do by habit is refused, not killed. */
static const struct sandbox_rule no_read_rules[] = {
	{ SCMP_SYS(open), EACCES, 1, WRITING, 0 },
	{ SCMP_SYS(openat), EACCES, 2, WRITING, 0 },
	{ SCMP_SYS(openat2), ENOSYS, -1, 0, 0 },
	{ SCMP_SYS(stat), EACCES, -1, 0, 0 },
	{ SCMP_SYS(lstat), EACCES, -1, 0, 0 },
	{ SCMP_SYS(statx), EACCES, -1, 0, 0 },
	{ SCMP_SYS(access), EACCES, -1, 0, 0 },
	{ SCMP_SYS(faccessat), EACCES, -1, 0, 0 },
	{ SCMP_SYS(faccessat2), EACCES, -1, 0, 0 },
	{ SCMP_SYS(readlink), EACCES, -1, 0, 0 },
	{ SCMP_SYS(readlinkat), EACCES, -1, 0, 0 },
	/* the C library's fstat */
	{ SCMP_SYS(newfstatat), 0, 3, INT_MASK, AT_EMPTY_PATH },
	{ SCMP_SYS(newfstatat), EACCES, 3, INT_MASK, 0 },
	{ SCMP_SYS(newfstatat), EACCES, 3, INT_MASK, AT_SYMLINK_NOFOLLOW },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const int read_calls[] = {
	SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access),
	SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(getdents64), SCMP_SYS(readlink),
	SCMP_SYS(readlinkat), SCMP_SYS(fadvise64), SCMP_SYS(readahead), SCMP_SYS(statfs),
	SCMP_SYS(fstatfs), SCMP_SYS(getcwd), SANDBOX_END
};

static const struct sandbox_rule read_rules[] = {
	{ SCMP_SYS(open), 0, 1, WRITING, 0 },
	{ SCMP_SYS(openat), 0, 2, WRITING, 0 },
	{ SCMP_SYS(openat2), ENOSYS, -1, 0, 0 },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const int write_calls[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(pwrite64), SCMP_SYS(pwritev),
	SCMP_SYS(pwritev2), SCMP_SYS(fsync), SCMP_SYS(fdatasync), SCMP_SYS(sync_file_range),
	SCMP_SYS(ftruncate), SCMP_SYS(fallocate), SCMP_SYS(copy_file_range), SCMP_SYS(sendfile),
	SCMP_SYS(flock), SCMP_SYS(rename), SCMP_SYS(renameat), SCMP_SYS(renameat2),
	SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(unlink), SCMP_SYS(unlinkat), SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(umask), SANDBOX_END
};

/* SQLite gives what root makes to whom the file beside it is; here that is itself. */
static const struct sandbox_rule write_rules[] = {
	{ SCMP_SYS(fchown), EACCES, -1, 0, 0 },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const int net_calls[] = {
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(sendto), SCMP_SYS(recvfrom),
	SCMP_SYS(sendmmsg), SCMP_SYS(recvmmsg), SCMP_SYS(getsockopt), SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(shutdown), SCMP_SYS(sendfile), SANDBOX_END
};

static const struct sandbox_rule net_rules[] = {
	{ SCMP_SYS(setsockopt), 0, 1, INT_MASK, SOL_SOCKET },
	{ SCMP_SYS(setsockopt), 0, 1, INT_MASK, IPPROTO_TCP },
	{ SCMP_SYS(setsockopt), 0, 1, INT_MASK, IPPROTO_IPV6 },
	{ SCMP_SYS(setsockopt), ENOPROTOOPT, 1, INT_MASK, IPPROTO_IP },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const int net_out_calls[] = {
	SCMP_SYS(bind), SCMP_SYS(listen), SCMP_SYS(connect), SCMP_SYS(socketpair), SANDBOX_END
};

static const struct sandbox_rule net_out_rules[] = {
	{ SCMP_SYS(socket), 0, 0, INT_MASK, AF_UNIX },
	{ SCMP_SYS(socket), 0, 0, INT_MASK, AF_INET },
	{ SCMP_SYS(socket), 0, 0, INT_MASK, AF_INET6 },
	{ SCMP_SYS(socket), EAFNOSUPPORT, 0, INT_MASK, AF_NETLINK },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const struct sandbox_rule thread_rules[] = {
	/* thread_background: nobody without a capability comes before others by it */
	{ SCMP_SYS(setpriority), 0, 0, INT_MASK, PRIO_PROCESS },
	{ SCMP_SYS(clone), 0, 0, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM },
	{ SANDBOX_END, 0, 0, 0, 0 }
};

static const int spawn_calls[] = {
	SCMP_SYS(clone), SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(execve), SCMP_SYS(execveat),
	SCMP_SYS(wait4), SCMP_SYS(waitid), SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(prctl), SCMP_SYS(prlimit64), SCMP_SYS(setrlimit),
	SCMP_SYS(setgroups), SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(setuid),
	SCMP_SYS(setgid), SCMP_SYS(capget), SCMP_SYS(capset), SCMP_SYS(seccomp), SCMP_SYS(setsid),
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(landlock_create_ruleset),
	SCMP_SYS(landlock_add_rule), SCMP_SYS(landlock_restrict_self), SANDBOX_END
};

static const int inotify_calls[] = {
	SCMP_SYS(inotify_init1), SCMP_SYS(inotify_add_watch), SCMP_SYS(inotify_rm_watch),
	SANDBOX_END
};

static const int shared_calls[] = {
	SCMP_SYS(memfd_create), SCMP_SYS(ftruncate), SANDBOX_END
};

static const int jit_calls[] = {
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SANDBOX_END
};

/* Leak detection stops its threads from a helper process; reports are made of /proc. */
static const int sanitizer_calls[] = {
	SCMP_SYS(clone), SCMP_SYS(ptrace), SCMP_SYS(wait4), SCMP_SYS(kill), SCMP_SYS(prctl),
	SCMP_SYS(tgkill), SCMP_SYS(open), SCMP_SYS(personality), SCMP_SYS(readlink),
	SCMP_SYS(getdents64), SANDBOX_END
};

const struct sandbox_table sandbox_tables[] = {
	{ SANDBOX_BASE, 0, base_calls, base_rules },
	{ SANDBOX_BASE, SANDBOX_JIT | SANDBOX_SPAWN, NULL, no_exec_rules },
	{ SANDBOX_BASE, SANDBOX_FILE_READ | SANDBOX_FILE_WRITE, NULL, no_read_rules },
	{ SANDBOX_FILE_READ | SANDBOX_FILE_WRITE, 0, read_calls, NULL },
	{ SANDBOX_FILE_READ, SANDBOX_FILE_WRITE, NULL, read_rules },
	{ SANDBOX_FILE_WRITE, 0, write_calls, write_rules },
	{ SANDBOX_NET | SANDBOX_NET_OUT, 0, net_calls, net_rules },
	{ SANDBOX_NET_OUT, 0, net_out_calls, net_out_rules },
	{ SANDBOX_THREADS, SANDBOX_SPAWN, NULL, thread_rules },
	{ SANDBOX_SPAWN, 0, spawn_calls, NULL },
	{ SANDBOX_INOTIFY, 0, inotify_calls, NULL },
	{ SANDBOX_MAP_SHARED, 0, shared_calls, NULL },
	{ SANDBOX_JIT, SANDBOX_SPAWN, jit_calls, NULL },
	{ SANDBOX_SANITIZER, 0, sanitizer_calls, NULL },
};

const unsigned sandbox_ntable = sizeof sandbox_tables / sizeof sandbox_tables[0];
