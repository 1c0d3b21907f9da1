/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text files as they grow. A file is known by device, inode and a hash of its first octets, never
 * by its name: renamed (rotated) files are read to their end, a new file under the old name is read
 * from its start, a file that shrank is read again from its start (copytruncate) and what was
 * written between our last read and the cut is counted as lost when it can be told.
 */
#include "agent/agent.h"

#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/must.h"
#include "model/batch.h"

enum {
	TAIL_FILES = 512,		/* files open at once; the rest wait and are counted */
	TAIL_PATH = 512,
	TAIL_PREFIX = 256,		/* octets that tell two files with one inode apart */
	TAIL_READ = 64 << 10,
	TAIL_MARKS = 64,		/* batches under way */
};

struct file {
	char path[TAIL_PATH];
	int fd;
	uint64_t dev, ino;
	uint64_t prefix_hash;		/* of the first prefix_n octets */
	uint32_t prefix_n;
	uint64_t read_at;		/* octets given as whole lines */
	uint64_t safe_at;		/* committed */
	uint64_t mark_at[TAIL_MARKS];
	struct buf part;		/* the begun line */
	bool skipping;			/* rest of a line that was cut */
	bool gone;			/* renamed or removed: close at its end */
	bool seen;			/* in the present scan */
};

struct tail {
	char **pattern;
	unsigned npattern;
	struct file *file[TAIL_FILES];
	unsigned nfile;
	unsigned next;			/* whose turn it is */
	uint64_t mark[TAIL_MARKS];	/* ring of tickets */
	unsigned mark_first, nmark;
	struct tail_counts counts;
};

struct tail *
tail_new(const char *const *pattern, unsigned n)
{
	struct tail *t = xcalloc(1, sizeof *t);

	t->pattern = xcalloc(n, sizeof *t->pattern);
	t->npattern = n;
	for (unsigned i = 0; i < n; i++)
		t->pattern[i] = xstrdup(pattern[i]);
	return t;
}

static void
file_free(struct file *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	buf_done(&f->part);
	free(f);
}

void
tail_free(struct tail **tail)
{
	struct tail *t = *tail;

	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->nfile; i++)
		file_free(t->file[i]);
	for (unsigned i = 0; i < t->npattern; i++)
		free(t->pattern[i]);
	free(t->pattern);
	free(t);
	*tail = NULL;
}

static uint64_t
prefix_of(int fd, uint32_t *n)
{
	uint8_t head[TAIL_PREFIX];
	ssize_t got = pread(fd, head, *n, 0);

	*n = got > 0 ? (uint32_t)got : 0;
	return hash64(span_of(head, *n));
}

static struct file *
file_add(struct tail *t, const char *path)
{
	struct file *f;

	if (t->nfile == TAIL_FILES)
		return NULL;
	f = xcalloc(1, sizeof *f);
	f->fd = -1;
	(void)snprintf(f->path, sizeof f->path, "%s", path);
	t->file[t->nfile++] = f;
	return f;
}

/* ---- positions ---- */

void
tail_save(const struct tail *t, struct buf *out)
{
	for (unsigned i = 0; i < t->nfile; i++) {
		const struct file *f = t->file[i];

		buf_printf(out, "%llx %llx %u %llx %llu %s\n", (unsigned long long)f->dev,
		    (unsigned long long)f->ino, f->prefix_n, (unsigned long long)f->prefix_hash,
		    (unsigned long long)f->safe_at, f->path);
	}
}

static bool
word_number(struct span *line, unsigned base, uint64_t *ret)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < line->n && line->p[i] != ' '; i++) {
		uint8_t c = line->p[i];
		unsigned d = c >= '0' && c <= '9' ? c - 0x30u : c >= 'a' && c <= 'f' ? c - 0x57u : 99;

		if (d >= base || i > 19)
			return false;
		v = v * base + d;
	}
	*line = span_sub(*line, i + 1, line->n);
	*ret = v;
	return i > 0;
}

void
tail_load(struct tail *t, struct span text)
{
	while (text.n > 0) {
		const uint8_t *lf = memchr(text.p, '\n', text.n);
		struct span line = span_sub(text, 0, lf != NULL ? (size_t)(lf - text.p) : text.n);
		uint64_t dev, ino, n, hash, at;
		char path[TAIL_PATH];
		struct file *f;

		text = span_sub(text, line.n + 1, text.n);
		if (!word_number(&line, 16, &dev) || !word_number(&line, 16, &ino) ||
		    !word_number(&line, 10, &n) || !word_number(&line, 16, &hash) ||
		    !word_number(&line, 10, &at) || line.n == 0 || line.n >= TAIL_PATH ||
		    n > TAIL_PREFIX)
			continue;
		memcpy(path, line.p, line.n);
		path[line.n] = '\0';
		f = file_add(t, path);
		if (f == NULL)
			return;
		f->dev = dev;
		f->ino = ino;
		f->prefix_n = (uint32_t)n;
		f->prefix_hash = hash;
		f->read_at = f->safe_at = at;
	}
}

/* ---- scanning ---- */

/* The known file that fd is, by device, inode and first octets. */
static struct file *
file_known(struct tail *t, int fd, const struct stat *st)
{
	for (unsigned i = 0; i < t->nfile; i++) {
		struct file *f = t->file[i];
		uint32_t n = f->prefix_n;

		if (f->dev == st->st_dev && f->ino == st->st_ino && !f->seen &&
		    prefix_of(fd, &n) == f->prefix_hash && n == f->prefix_n)
			return f;
	}
	return NULL;
}

static void
file_meet(struct tail *t, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct file *f;
	struct stat st;

	if (fd < 0) {
		t->counts.refused++;
		return;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || strlen(path) >= TAIL_PATH) {
		(void)close(fd);
		return;
	}
	f = file_known(t, fd, &st);
	if (f == NULL)
		f = file_add(t, path);
	if (f == NULL) {
		t->counts.refused++;
		(void)close(fd);
		return;
	}
	if (f->fd >= 0) {
		(void)close(fd);
	} else {
		f->fd = fd;
		f->dev = st.st_dev;
		f->ino = st.st_ino;
	}
	(void)snprintf(f->path, sizeof f->path, "%s", path);
	f->seen = true;
	f->gone = false;
}

void
tail_scan(struct tail *t)
{
	t->counts.refused = 0;
	for (unsigned i = 0; i < t->nfile; i++)
		t->file[i]->seen = false;
	for (unsigned i = 0; i < t->npattern; i++) {
		glob_t found;

		if (glob(t->pattern[i], GLOB_NOSORT, NULL, &found) != 0)
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++)
			file_meet(t, found.gl_pathv[j]);
		globfree(&found);
	}
	for (unsigned i = 0; i < t->nfile; i++)
		t->file[i]->gone = !t->file[i]->seen;
}

/* ---- reading ---- */

static void
line_give(struct tail *t, struct file *f, struct span line, uint8_t flags, agent_take_fn *take,
    void *ctx)
{
	if (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0)
		return;
	t->counts.lines++;
	take(ctx, f->path, line, flags);
}

/* Octets behind the last whole line wait in part; a line over the limit is cut once, then skipped. */
static void
part_keep(struct tail *t, struct file *f, struct span rest, agent_take_fn *take, void *ctx)
{
	if (f->skipping)
		return;
	buf_span_put(&f->part, rest);
	if (f->part.n <= LIMIT_RECORD_BYTES)
		return;
	t->counts.cut++;
	line_give(t, f, span_of(f->part.p, LIMIT_RECORD_BYTES), ROW_CUT, take, ctx);
	f->part.n = 0;
	f->skipping = true;
}

static void
lines_split(struct tail *t, struct file *f, struct span in, agent_take_fn *take, void *ctx)
{
	uint64_t base = f->read_at + f->part.n;

	for (;;) {
		const uint8_t *lf = in.n > 0 ? memchr(in.p, '\n', in.n) : NULL;
		struct span line;

		if (lf == NULL)
			break;
		line = span_of(in.p, (size_t)(lf - in.p));
		base += line.n + 1;
		in = span_sub(in, line.n + 1, in.n);
		if (f->skipping) {
			f->skipping = false;
		} else if (f->part.n > 0) {
			buf_span_put(&f->part, line);
			line_give(t, f, buf_span(&f->part), 0, take, ctx);
		} else {
			line_give(t, f, line, 0, take, ctx);
		}
		f->part.n = 0;
		f->read_at = base;
	}
	part_keep(t, f, in, take, ctx);
	if (f->skipping)
		f->read_at = base + in.n;
}

/* A file that is shorter than what we read of it was cut and begun again. */
static void
truncation_check(struct tail *t, struct file *f)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0 || (uint64_t)st.st_size >= f->read_at + f->part.n)
		return;
	t->counts.lost_bytes += f->part.n;
	f->read_at = f->safe_at = 0;
	memset(f->mark_at, 0, sizeof f->mark_at);
	f->part.n = 0;
	f->prefix_n = 0;
	f->skipping = false;
}

static bool
file_turn(struct tail *t, struct file *f, size_t *left, agent_take_fn *take, void *ctx)
{
	static _Thread_local uint8_t in[TAIL_READ];
	ssize_t n;

	truncation_check(t, f);
	if (f->prefix_n < TAIL_PREFIX) {
		f->prefix_n = TAIL_PREFIX;
		f->prefix_hash = prefix_of(f->fd, &f->prefix_n);
	}
	while (*left > 0) {
		n = pread(f->fd, in, sizeof in, (off_t)(f->read_at + f->part.n));
		if (n <= 0)
			return false;
		t->counts.bytes += (uint64_t)n;
		lines_split(t, f, span_of(in, (size_t)n), take, ctx);
		*left = (size_t)n < *left ? *left - (size_t)n : 0;
	}
	return true;
}

static void
gone_forget(struct tail *t)
{
	for (unsigned i = 0; i < t->nfile;) {
		struct file *f = t->file[i];

		if (f->gone && f->safe_at >= f->read_at && (f->fd < 0 || t->nmark == 0)) {
			file_free(f);
			t->file[i] = t->file[--t->nfile];
		} else {
			i++;
		}
	}
}

bool
tail_read(struct tail *t, size_t limit_bytes, agent_take_fn *take, void *ctx)
{
	size_t left = limit_bytes;
	bool more = false;

	for (unsigned i = 0; i < t->nfile && left > 0; i++) {
		struct file *f = t->file[(t->next + i) % t->nfile];

		if (f->fd >= 0)
			more |= file_turn(t, f, &left, take, ctx);
	}
	if (t->nfile > 0)
		t->next = (t->next + 1) % t->nfile;
	gone_forget(t);
	return more;
}

/* ---- what is on disk ---- */

void
tail_mark(struct tail *t, uint64_t ticket)
{
	unsigned slot;

	must(t->nmark < TAIL_MARKS);
	slot = (t->mark_first + t->nmark++) % TAIL_MARKS;
	t->mark[slot] = ticket;
	for (unsigned i = 0; i < t->nfile; i++)
		t->file[i]->mark_at[slot] = t->file[i]->read_at;
}

void
tail_commit(struct tail *t, uint64_t ticket)
{
	while (t->nmark > 0 && t->mark[t->mark_first] <= ticket) {
		for (unsigned i = 0; i < t->nfile; i++)
			if (t->file[i]->mark_at[t->mark_first] > t->file[i]->safe_at)
				t->file[i]->safe_at = t->file[i]->mark_at[t->mark_first];
		t->mark_first = (t->mark_first + 1) % TAIL_MARKS;
		t->nmark--;
	}
}

void
tail_counts(const struct tail *t, struct tail_counts *ret_counts)
{
	*ret_counts = t->counts;
	ret_counts->files = t->nfile;
}
