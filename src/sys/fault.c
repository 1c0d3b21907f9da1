/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults on demand and the write log: see fault.h. Owns the descriptors of the two logs, which are
 * opened before main() so that no sandbox is in the way, and kept above all inherited ones. The
 * only state that is shared by threads is the counter (atomic) and the logs (one lock).
 */
#include "sys/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/must.h"

enum { LOG_FD_FIRST = 900, LINE_BYTES = 2 * PATH_MAX + 128 };

_Atomic bool fault_on;
_Atomic bool fault_logs_writes;

static struct {
	uint64_t at;		/* 0: never */
	bool on_and_on;
	int how;		/* what fault_hit returns */
	uint64_t crash_at;
	const char *crash_on;
	const char *call;
	const char *role;
	const char *me;
	int log_fd;
	int write_fd;
} fault = { .log_fd = -1, .write_fd = -1 };

static _Atomic uint64_t fault_calls;
static pthread_mutex_t fault_lock = PTHREAD_MUTEX_INITIALIZER;

static int
fault_how(const char *name)
{
	static const struct { const char *name; int how; } known[] = {
		{ "short", FAULT_SHORT }, { "torn", FAULT_TORN }, { "EIO", EIO },
		{ "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EROFS", EROFS },
		{ "EACCES", EACCES }, { "ENOENT", ENOENT }, { "EMFILE", EMFILE },
		{ "EINTR", EINTR }, { "EPERM", EPERM }, { "ENOMEM", ENOMEM },
		{ "ECONNRESET", ECONNRESET }, { "EPIPE", EPIPE }, { "EAGAIN", EAGAIN },
	};
	long n;

	if (name == NULL)
		return EIO;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (strcmp(name, known[i].name) == 0)
			return known[i].how;
	n = strtol(name, NULL, 10);
	must(n > 0 && n < 4096);
	return (int)n;
}

static uint64_t
fault_number(const char *name, bool *ret_plus)
{
	const char *text = getenv(name);
	char *end;
	uint64_t n;

	if (text == NULL || *text == '\0')
		return 0;
	n = strtoull(text, &end, 10);
	if (ret_plus != NULL)
		*ret_plus = *end == '+';
	return n;
}

/* A log that is kept out of the way of inherited descriptors. */
static int
fault_log_open(const char *name)
{
	const char *path = getenv(name);
	int fd, high;

	if (path == NULL || *path == '\0')
		return -1;
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	must(fd >= 0);
	high = fcntl(fd, F_DUPFD_CLOEXEC, LOG_FD_FIRST);
	if (high < 0)
		return fd;
	(void)close(fd);
	return high;
}

void
fault_reload(void)
{
	if (fault.log_fd >= 0)
		(void)close(fault.log_fd);
	if (fault.write_fd >= 0)
		(void)close(fault.write_fd);
	atomic_store(&fault_calls, 0);
	fault.on_and_on = false;
	fault.at = fault_number("FAIL_AT", &fault.on_and_on);
	fault.crash_at = fault_number("FAIL_CRASH_AT", NULL);
	fault.how = fault_how(getenv("FAIL_ERRNO"));
	fault.crash_on = getenv("FAIL_CRASH_ON");
	fault.call = getenv("FAIL_CALL");
	fault.role = getenv("FAIL_ROLE");
	fault.log_fd = fault_log_open("FAIL_LOG");
	fault.write_fd = fault_log_open("WRITE_LOG");
	fault_logs_writes = fault.write_fd >= 0;
	/* Last: a thread that sees it sees the rest. */
	atomic_store_explicit(&fault_on, fault.at > 0 || fault.crash_at > 0 ||
	    fault.log_fd >= 0 || fault.crash_on != NULL, memory_order_release);
}

__attribute__((constructor)) static void
fault_start(void)
{
	fault_reload();
}

void
fault_role(const char *role)
{
	fault.me = role;
}

uint64_t
fault_count(void)
{
	return atomic_load(&fault_calls);
}

/* Is this call, in this process, one that is meant? */
static bool
fault_is_meant(const char *call)
{
	if (fault.call != NULL && strcmp(fault.call, call) != 0)
		return false;
	return fault.role == NULL || (fault.me != NULL && strcmp(fault.role, fault.me) == 0);
}

void
fault_record_slow(const char *call, struct span record)
{
	if (fault.crash_on != NULL && fault_is_meant(call) &&
	    memmem(record.p, record.n, fault.crash_on, strlen(fault.crash_on)) != NULL)
		(void)raise(SIGSEGV);
}

int
fault_hit_slow(const char *call)
{
	char line[128];
	uint64_t n;
	int len;

	if (!fault_is_meant(call))
		return FAULT_NONE;
	n = atomic_fetch_add(&fault_calls, 1) + 1;
	if (fault.log_fd >= 0) {
		len = snprintf(line, sizeof line, "%ld %s %llu %s\n", (long)getpid(),
		    fault.me != NULL ? fault.me : "-", (unsigned long long)n, call);
		must(len > 0 && (size_t)len < sizeof line);
		must(write(fault.log_fd, line, (size_t)len) == len);
	}
	if (fault.crash_at != 0 && n == fault.crash_at)
		_exit(137);
	if (fault.at != 0 && (n == fault.at || (fault.on_and_on && n > fault.at)))
		return fault.how;
	return FAULT_NONE;
}

/* ---- the write log ---- */

void
fault_write_begin(void)
{
	if (__builtin_expect(fault_logs_writes, 0))
		must(pthread_mutex_lock(&fault_lock) == 0);
}

void
fault_write_end(void)
{
	if (__builtin_expect(fault_logs_writes, 0))
		must(pthread_mutex_unlock(&fault_lock) == 0);
}

/* One entry in one write, so that the entries of several processes do not mix. */
static void
fault_entry(const char *line, int len, struct span data)
{
	struct iovec part[3];
	int npart = 1;
	ssize_t n;

	part[0] = (struct iovec){ (void *)(uintptr_t)line, (size_t)len };
	if (data.n > 0) {
		part[1] = (struct iovec){ (void *)(uintptr_t)data.p, data.n };
		part[2] = (struct iovec){ (void *)(uintptr_t)"\n", 1 };
		npart = 3;
	}
	n = writev(fault.write_fd, part, npart);
	must(n == len + (ssize_t)(data.n > 0 ? data.n + 1 : 0));
}

/* The path of an open descriptor; "?" when the kernel will not say. */
static void
fault_fd_path(int fd, char path[PATH_MAX])
{
	char link[64];
	ssize_t n;

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_MAX - 1);
	if (n < 0) {
		n = 1;
		path[0] = '?';
	}
	path[n] = '\0';
}

static void
fault_name_path(int dirfd, const char *name, char path[PATH_MAX])
{
	size_t n;

	if (name != NULL && name[0] == '/') {
		(void)snprintf(path, PATH_MAX, "%s", name);
		return;
	}
	if (dirfd == AT_FDCWD)
		must(getcwd(path, PATH_MAX) != NULL);
	else
		fault_fd_path(dirfd, path);
	n = strlen(path);
	if (name != NULL && strcmp(name, ".") != 0)
		(void)snprintf(path + n, PATH_MAX - n, "/%s", name);
}

void
fault_write_fd(const char *verb, int fd, uint64_t a, struct span data)
{
	char path[PATH_MAX], line[LINE_BYTES];
	int len;

	if (__builtin_expect(!fault_logs_writes, 1))
		return;
	fault_fd_path(fd, path);
	len = snprintf(line, sizeof line, "%s %llu %zu %s\n", verb, (unsigned long long)a, data.n,
	    path);
	must(len > 0 && (size_t)len < sizeof line);
	fault_entry(line, len, data);
}

void
fault_write_name(const char *verb, int dirfd, const char *name, int dirfd2, const char *name2)
{
	char path[PATH_MAX], path2[PATH_MAX], line[LINE_BYTES];
	int len;

	if (__builtin_expect(!fault_logs_writes, 1))
		return;
	fault_name_path(dirfd, name, path);
	path2[0] = '\0';
	if (name2 != NULL)
		fault_name_path(dirfd2, name2, path2);
	len = snprintf(line, sizeof line, "%s 0 0 %s%s%s\n", verb, path, name2 != NULL ? "\t" : "",
	    path2);
	must(len > 0 && (size_t)len < sizeof line);
	fault_entry(line, len, (struct span){ NULL, 0 });
}

void
fault_mark(const char *format, ...)
{
	char line[512];
	va_list args;
	int head, len;

	if (__builtin_expect(!fault_logs_writes, 1))
		return;
	head = snprintf(line, sizeof line, "mark 0 0 ");
	va_start(args, format);
	len = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
	va_end(args);
	must(len >= 0 && (size_t)len < sizeof line - (size_t)head - 1);
	len += head;
	line[len++] = '\n';
	fault_write_begin();
	fault_entry(line, len, (struct span){ NULL, 0 });
	fault_write_end();
}
