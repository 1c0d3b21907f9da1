/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the patterns mean: which are new, which were renamed, which are gone. A file is
 * known by device, inode and first octets, never by its name: renamed (rotated) files are read to
 * their end, a new file under the old name is read from its start, a file that was cut
 * (copytruncate) is read again from its start and its copy, if the patterns mean it, from where
 * the original was. What was written and cut away unseen is counted as lost as far as it can be
 * told. Lines of two files are never joined to one record. Compressed files are passed over: they
 * were read when they were text.
 */
#include "agent/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "agent/follow.h"
#include "agent/places.h"

enum {
	TAIL_KNOWN = 2048,		/* files whose place is remembered */
	TAIL_OPEN = 512,		/* of them open at once; the others take turns */
	OWED_SCANS = 2,			/* after so many no copy of a cut file will turn up */
};

static const int64_t rest_ns = 10000000000;		/* no growth: the last line has no end */
static const int64_t copy_ns = 60000000000;		/* a copy is finished after that */
static const int64_t removed_ns = 60000000000;		/* no growth: give the disk space back */
static const int64_t renamed_ns = 3600000000000;	/* no growth: its writer has let it go */

struct pattern {
	char *dir;			/* may hold special characters itself */
	char *name;
	char *whole;
	struct join join;
};

struct tail {
	struct pattern *pattern;
	unsigned npattern;
	struct follow *file[TAIL_KNOWN];
	unsigned nfile, nopen;
	unsigned next;			/* whose turn it is */
	uint64_t mark[TAIL_MARKS];	/* ring of tickets */
	unsigned mark_first, nmark;
	int64_t now_ns;			/* of the present scan */
	bool has_new;			/* it met files that were not known */
	struct tail_counts counts;
	struct follow_io io;
};

struct tail *
tail_new(const struct tail_files *files, unsigned n)
{
	struct tail *t = xcalloc(1, sizeof *t);

	t->pattern = xcalloc(n, sizeof *t->pattern);
	t->npattern = n;
	t->io.counts = &t->counts;
	for (unsigned i = 0; i < n; i++) {
		const char *whole = files[i].pattern, *slash = strrchr(whole, '/');

		must(slash != NULL);
		t->pattern[i].name = xstrdup(slash + 1);
		t->pattern[i].dir = xstrdup(whole);
		t->pattern[i].dir[slash > whole ? slash - whole : 1] = '\0';
		t->pattern[i].whole = xstrdup(whole);
		t->pattern[i].join = files[i].join;
	}
	return t;
}

void
tail_free(struct tail **tail)
{
	struct tail *t = *tail;

	if (t == NULL)
		return;
	for (unsigned i = 0; i < t->nfile; i++)
		follow_free(&t->file[i]);
	for (unsigned i = 0; i < t->npattern; i++) {
		free(t->pattern[i].dir);
		free(t->pattern[i].name);
		free(t->pattern[i].whole);
	}
	free(t->pattern);
	buf_done(&t->io.line);
	free(t);
	*tail = NULL;
}

/* ---- the table ---- */

static struct follow *
file_known(const struct tail *t, uint64_t dev, uint64_t ino)
{
	for (unsigned i = 0; i < t->nfile; i++)
		if (t->file[i]->ino == ino && t->file[i]->dev == dev)
			return t->file[i];
	return NULL;
}

/* A file, or one that had this name when it was met: how its lines are joined. */
static const struct join *
join_of(const struct tail *t, const char *path)
{
	for (unsigned i = 0; i < t->npattern; i++)
		if (fnmatch(t->pattern[i].whole, path, FNM_PATHNAME | FNM_PERIOD) == 0)
			return t->pattern[i].join.kind != JOIN_NONE ? &t->pattern[i].join : NULL;
	return NULL;
}

static void
file_let_go(struct tail *t, struct follow *f)
{
	if (f->fd >= 0)
		t->nopen--;
	follow_close(f);
}

static void
file_drop(struct tail *t, unsigned i)
{
	file_let_go(t, t->file[i]);
	follow_free(&t->file[i]);
	t->file[i] = t->file[--t->nfile];
}

/* Room for one more known file: the place in one that is gone is given up for it. */
static bool
table_room(struct tail *t)
{
	if (t->nfile < TAIL_KNOWN)
		return true;
	for (unsigned i = 0; i < t->nfile; i++)
		if (t->file[i]->fd < 0 && t->file[i]->gone_ns != 0) {
			file_drop(t, i);
			return true;
		}
	return false;
}

/* Room for one more open file: the one that has been open longest and has nothing to read. */
static bool
open_room(struct tail *t)
{
	struct follow *best = NULL;

	if (t->nopen < TAIL_OPEN)
		return true;
	for (unsigned i = 0; i < t->nfile; i++) {
		struct follow *f = t->file[i];

		if (f->fd >= 0 && f->at_end && f->read.at == f->size && f->opened_ns < t->now_ns &&
		    (best == NULL || f->opened_ns < best->opened_ns))
			best = f;
	}
	if (best != NULL)
		file_let_go(t, best);
	return best != NULL;
}

/* ---- places ---- */

void
tail_save(const struct tail *t, struct buf *out)
{
	for (unsigned i = 0; i < t->nfile; i++)
		if (!t->file[i]->was_met)
			place_put(out, t->file[i]);
}

void
tail_load(struct tail *t, struct span text)
{
	while (text.n > 0 && t->nfile < TAIL_KNOWN) {
		const uint8_t *lf = memchr(text.p, '\n', text.n);
		size_t n = lf != NULL ? (size_t)(lf - text.p) : text.n;
		/* Without its LF a line may be half of one. */
		struct follow *f = lf != NULL ? place_take(span_sub(text, 0, n)) : NULL;

		text = span_sub(text, n + 1, text.n);
		if (f != NULL && file_known(t, f->dev, f->ino) == NULL) {
			f->join = join_of(t, f->path);
			t->file[t->nfile++] = f;
		} else {
			follow_free(&f);
		}
	}
}

/* ---- one file is met ---- */

enum copy { COPY_NOT, COPY_WAIT, COPY_TAKEN };

/*
 * A new file that begins like a known one may be a copy of it. Taken: it goes on from where the
 * original was when it was cut, or from its own end while the original is whole. Wait: the copy is
 * perhaps being written.
 */
static enum copy
copy_check(struct tail *t, struct follow *f, int fd, const struct stat *st)
{
	uint32_t n = FOLLOW_HEAD;
	uint64_t hash = follow_head(fd, &n);
	bool waited = f->was_met && t->now_ns - f->met_ns > copy_ns;

	for (unsigned i = 0; n == FOLLOW_HEAD && i < t->nfile; i++) {
		struct follow *of = t->file[i];
		struct place end;

		if (of == f)
			continue;
		if (of->old.at > 0 && of->old_hash == hash && follow_holds(fd, n, hash, &of->old)) {
			f->read = f->look = of->old;
			f->safe = of->old_safe;
			of->owed = 0;
			of->old.at = 0;
			return COPY_TAKEN;
		}
		if (of->head_n != n || of->head_hash != hash)
			continue;
		if (!waited)
			return COPY_WAIT;
		if (follow_is_front(fd, st, of->fd, &end)) {
			f->read = f->look = f->safe = end;
			return COPY_TAKEN;
		}
	}
	return COPY_NOT;
}

/* A file with nothing known of its contents. False: not to be opened now. */
static bool
file_begin(struct tail *t, struct follow *f, int fd, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	if (copy_check(t, f, fd, st) == COPY_WAIT) {
		if (!f->was_met)
			f->met_ns = t->now_ns;
		f->was_met = true;
		t->counts.waiting++;
		return false;
	}
	f->was_met = false;
	return true;
}

/* Takes fd over. f is NULL for a file that is not known. */
static void
file_take(struct tail *t, struct follow *f, const char *path, int fd, const struct stat *st)
{
	bool is_new = f == NULL || f->was_met;

	if (f == NULL) {
		if (!table_room(t)) {
			t->counts.waiting++;
			(void)close(fd);
			return;
		}
		f = t->file[t->nfile++] = follow_new(path);
		f->join = join_of(t, path);
		t->has_new = true;
	}
	f->seen = true;
	f->gone_ns = 0;
	f->packed = follow_is_packed(path, fd);
	if (f->packed || (is_new && !file_begin(t, f, fd, st))) {
		follow_pass(f, st);
		(void)close(fd);
		return;
	}
	follow_open(f, fd, st);
	f->opened_ns = t->now_ns;
	t->nopen++;
}

static void
path_open(struct tail *t, struct follow *f, const char *path, const struct stat *st)
{
	struct stat now;
	int fd = -1;

	if (f != NULL)
		f->seen = true;
	if (!open_room(t)) {
		t->counts.waiting++;
		return;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			t->counts.waiting++;
		else if (errno != ENOENT)
			t->counts.refused++;
		return;
	}
	if (fstat(fd, &now) != 0 || !S_ISREG(now.st_mode) || now.st_dev != st->st_dev ||
	    now.st_ino != st->st_ino) {
		(void)close(fd);	/* another one since: the next scan meets it */
		return;
	}
	file_take(t, f, path, fd, &now);
}

static void
path_meet(struct tail *t, const char *path)
{
	struct follow *f;
	struct stat st;

	if (lstat(path, &st) != 0) {
		t->counts.refused += errno != ENOENT;
		return;
	}
	if (!S_ISREG(st.st_mode)) {
		t->counts.refused += S_ISLNK(st.st_mode);
		return;
	}
	f = file_known(t, st.st_dev, st.st_ino);
	if (f != NULL && f->seen)
		return;			/* two patterns, or two names, for one file */
	if (f != NULL) {
		follow_rename(f, path);
		f->searched = false;
	}
	if (f == NULL || (f->fd < 0 && (!(f->at_end || f->packed) || follow_changed(f, &st)))) {
		path_open(t, f, path, &st);
	} else {
		f->seen = true;
		f->gone_ns = 0;
	}
}

/* ---- scanning ---- */

static bool
is_special(const char *s)
{
	return strpbrk(s, "*?[\\") != NULL;
}

struct meeting {
	struct tail *tail;
	const char *dir;
	const char *name;		/* pattern */
};

static bool
path_join(char path[FOLLOW_PATH], const char *dir, const char *name)
{
	int n = snprintf(path, FOLLOW_PATH, "%s%s%s", dir, strcmp(dir, "/") == 0 ? "" : "/", name);

	return n > 0 && n < FOLLOW_PATH;
}

static enum err
entry_meet(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct meeting *m = arg;
	char path[FOLLOW_PATH];

	(void)why;
	if (entry->kind == DIR_DIRECTORY || fnmatch(m->name, entry->name, FNM_PERIOD) != 0)
		return OK;
	if (path_join(path, m->dir, entry->name))
		path_meet(m->tail, path);
	else
		m->tail->counts.refused++;
	return OK;
}

static void
dir_scan(struct tail *t, const char *dir, const char *name)
{
	struct meeting meeting = { t, dir, name };
	char path[FOLLOW_PATH];
	int fd = -1;
	enum err rc;

	if (!is_special(name)) {
		if (path_join(path, dir, name))
			path_meet(t, path);
		return;
	}
	rc = dir_open(&fd, AT_FDCWD, dir, NULL);
	if (rc == OK)
		(void)dir_each(fd, entry_meet, &meeting, NULL);
	else
		t->counts.refused += rc != ERR_ABSENT;
	file_close(&fd);
}

static void
pattern_scan(struct tail *t, const struct pattern *p)
{
	glob_t found;

	if (!is_special(p->dir)) {
		dir_scan(t, p->dir, p->name);
		return;
	}
	if (glob(p->dir, GLOB_NOSORT | GLOB_ONLYDIR, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		dir_scan(t, found.gl_pathv[i], p->name);
	globfree(&found);
}

/* ---- one file is missed ---- */

struct search {
	struct tail *tail;
	struct follow *file;
	int dirfd;
	const char *dir;
	bool found;
};

static enum err
entry_compare(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct search *s = arg;
	char path[FOLLOW_PATH];
	struct stat st;

	(void)why;
	if (entry->kind != DIR_FILE ||
	    fstatat(s->dirfd, entry->name, &st, AT_SYMLINK_NOFOLLOW) != 0 ||
	    st.st_ino != s->file->ino || st.st_dev != s->file->dev ||
	    !path_join(path, s->dir, entry->name))
		return OK;
	s->found = true;
	follow_rename(s->file, path);
	path_open(s->tail, s->file, path, &st);
	s->file->gone_ns = s->file->active_ns = s->tail->now_ns;
	return ERR_MORE;
}

/*
 * A file that was renamed while it was not open: looks for it under another name in its directory.
 * False: it is certainly not there.
 */
static bool
file_search(struct tail *t, struct follow *f)
{
	struct search s = { .tail = t, .file = f, .dirfd = -1 };
	uint64_t waiting = t->counts.waiting;
	char dir[FOLLOW_PATH];
	char *slash;
	enum err rc;

	(void)snprintf(dir, sizeof dir, "%s", f->path);
	slash = strrchr(dir, '/');
	slash[slash == dir ? 1 : 0] = '\0';
	s.dir = dir;
	rc = dir_open(&s.dirfd, AT_FDCWD, dir, NULL);
	if (rc == OK)
		rc = dir_each(s.dirfd, entry_compare, &s, NULL);
	file_close(&s.dirfd);
	f->searched = t->counts.waiting == waiting;
	return s.found || (rc != OK && rc != ERR_MORE);
}

/* False: forget it. */
static bool
file_missed(struct tail *t, struct follow *f)
{
	struct stat st;
	int64_t idle;

	if (f->gone_ns == 0)
		f->gone_ns = f->active_ns = t->now_ns;
	if (f->fd < 0)
		return f->searched || file_search(t, f);
	if (fstat(f->fd, &st) == 0)
		f->nlink = (unsigned)st.st_nlink;
	if (f->grew || !f->at_end)
		f->active_ns = t->now_ns;
	f->grew = false;
	idle = t->now_ns - f->active_ns;
	if (idle >= rest_ns && f->at_end && f->look.at > f->read.at)
		f->give_rest = true;
	else if (idle >= (f->nlink == 0 ? removed_ns : renamed_ns))
		file_let_go(t, f);
	/* The inode of a removed file will be another file's. */
	return f->fd >= 0 || f->nlink > 0;
}

static void
owed_count(struct tail *t, struct follow *f)
{
	if (f->owed == 0 || f->owed_scans++ < OWED_SCANS)
		return;
	t->counts.lost_bytes += f->owed;
	f->owed = 0;
}

bool
tail_scan(struct tail *t, int64_t now_ns)
{
	t->now_ns = now_ns;
	t->counts.refused = t->counts.waiting = 0;
	t->has_new = false;
	for (unsigned i = 0; i < t->nfile; i++)
		t->file[i]->seen = false;
	for (unsigned i = 0; i < t->npattern; i++)
		pattern_scan(t, &t->pattern[i]);
	for (unsigned i = 0; i < t->nfile;) {
		owed_count(t, t->file[i]);
		follow_time(t->file[i], now_ns);
		if (t->file[i]->seen || file_missed(t, t->file[i]))
			i++;
		else
			file_drop(t, i);
	}
	return t->has_new;
}

/* ---- reading ---- */

bool
tail_read(struct tail *t, size_t limit_bytes, agent_take_fn *take, void *ctx)
{
	bool more = true;

	t->io.left = limit_bytes;
	t->io.take = take;
	t->io.ctx = ctx;
	while (more && t->io.left > 0) {
		more = false;
		for (unsigned i = 0; i < t->nfile && t->io.left > 0; i++) {
			struct follow *f = t->file[(t->next + i) % t->nfile];

			if (f->fd < 0)
				continue;
			more |= follow_turn(f, &t->io);
			t->nopen -= f->fd < 0;
		}
	}
	t->next = t->nfile > 0 ? (t->next + 1) % t->nfile : 0;
	buf_done(&t->io.line);
	return more || t->io.left == 0;
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
		t->file[i]->mark[slot] = t->file[i]->read;
}

void
tail_commit(struct tail *t, uint64_t ticket)
{
	while (t->nmark > 0 && t->mark[t->mark_first] <= ticket) {
		for (unsigned i = 0; i < t->nfile; i++) {
			struct follow *f = t->file[i];

			if (f->mark[t->mark_first].at > f->safe.at)
				f->safe = f->mark[t->mark_first];
		}
		t->mark_first = (t->mark_first + 1) % TAIL_MARKS;
		t->nmark--;
	}
}

void
tail_counts(const struct tail *t, struct tail_counts *ret_counts)
{
	*ret_counts = t->counts;
	ret_counts->files = t->nopen;
}
