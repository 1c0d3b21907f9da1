/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of tail have in common: a directory, a tail over it, what came out of it. */
#ifndef TEST_AGENT_RIG_H
#define TEST_AGENT_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "agent/agent.h"
#include "check.h"

#define S(seconds)	((int64_t)(seconds) * 1000000000)

static char dir[64];			/* empty before each test */
static char pattern[96];
static struct tail *tail;
static struct buf got;			/* "NAME:LINE\n" of everything given */
static uint64_t ngot;
static uint8_t last_flags;
static int64_t now;
static struct join join;		/* of all files */

static inline const char *
at(const char *name)
{
	static char path[2][600];
	static unsigned turn;

	turn = 1 - turn;
	(void)snprintf(path[turn], sizeof path[turn], "%s/%s", dir, name);
	return path[turn];
}

static inline void
put(const char *name, int flags, const void *p, size_t n)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	must(fd >= 0 && write(fd, p, n) == (ssize_t)n && close(fd) == 0);
}

static inline void
add(const char *name, const char *text)
{
	put(name, O_APPEND, text, strlen(text));
}

/* As `: > NAME`: the file stays the same one. */
static inline void
cut(const char *name)
{
	must(truncate(at(name), 0) == 0);
}

static inline void
copy(const char *from, const char *to)
{
	static uint8_t all[1 << 20];
	int fd = open(at(from), O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, all, sizeof all);

	must(n >= 0 && close(fd) == 0);
	put(to, O_TRUNC, all, (size_t)n);
}

static inline void
on_line(void *ctx, const char *path, struct span record, uint8_t flags)
{
	(void)ctx;
	buf_str(&got, strrchr(path, '/') + 1);
	buf_u8(&got, ':');
	buf_span_put(&got, record);
	buf_u8(&got, '\n');
	last_flags = flags;
	ngot++;
}

static inline bool
scan(void)
{
	now += S(2);
	return tail_scan(tail, now);
}

static inline void
read_all(void)
{
	for (int i = 0; tail_read(tail, 256 << 10, on_line, NULL); i++)
		must(i < 100000);
}

/* Scans, reads everything, and gives what came out since the last time. */
static inline struct span
turn(void)
{
	got.n = 0;
	ngot = 0;
	scan();
	read_all();
	return buf_span(&got);
}

#define check_turn(text)	check_span(turn(), span_str(text))

static inline void
begin_with(const char *const *patterns, unsigned n)
{
	struct tail_files files[8];

	must(n <= 8);
	for (unsigned i = 0; i < n; i++)
		files[i] = (struct tail_files){ .pattern = patterns[i], .join = join };
	tail = tail_new(files, n);
}

static inline void
begin(void)
{
	const char *one = pattern;

	begin_with(&one, 1);
	got.n = 0;
}

static inline void
make_dir(void)
{
	(void)snprintf(dir, sizeof dir, "/tmp/tail_test.XXXXXX");
	must(mkdtemp(dir) != NULL);
	(void)snprintf(pattern, sizeof pattern, "%s/*.log", dir);
	now = S(1000);
}

static inline void
drop_dir(void)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		(void)execl("/bin/rm", "rm", "-rf", dir, (char *)NULL);
		_exit(127);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
	tail_free(&tail);
}

/* What a crash leaves: the places as they were last saved. */
static inline void
crash_with(struct buf *saved)
{
	tail_free(&tail);
	begin();
	tail_load(tail, buf_span(saved));
	got.n = 0;
}

static inline void
save(struct buf *out)
{
	out->n = 0;
	tail_save(tail, out);
}

static inline void
commit_all(void)
{
	static uint64_t ticket;

	tail_mark(tail, ++ticket);
	tail_commit(tail, ticket);
}

static inline struct tail_counts
counts(void)
{
	struct tail_counts n;

	tail_counts(tail, &n);
	return n;
}

/* A head of more than FOLLOW_HEAD octets, different for each n. */
static inline void
add_lines(const char *name, int from, int to)
{
	struct buf text = { 0 };

	for (int i = from; i < to; i++)
		buf_printf(&text, "2026-11-23T08:00:%02d.%06d host app: line number %d\n", i % 60,
		    i, i);
	buf_reserve(&text, 1);
	put(name, O_APPEND, text.p, text.n);
	buf_done(&text);
}

/* How many of the lines from..to came out exactly once. */
static inline int
lines_once(int from, int to)
{
	char want[64];
	int n = 0;

	buf_u8(&got, 0);
	got.n--;
	for (int i = from; i < to; i++) {
		const char *first;

		(void)snprintf(want, sizeof want, "line number %d\n", i);
		first = strstr((char *)got.p, want);
		n += first != NULL && strstr(first + 1, want) == NULL;
	}
	return n;
}

#endif
