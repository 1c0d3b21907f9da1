/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic over one piece of a file. See follow.h. */
#include "agent/follow.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/must.h"
#include "model/batch.h"

/* A begun line up to this is read again with its rest; of a longer one only the end is sought. */
enum { AGAIN_MAX = FOLLOW_PIECE / 4 };

/* Octets of the file from some place on, and up to FOLLOW_CHECK in front of them. */
struct piece {
	const uint8_t *p;		/* the octet at the place */
	size_t n;
	bool short_read;		/* the file ends behind it */
};

enum piece_state {
	PIECE_READ,
	PIECE_OTHER,			/* what stands before the place is not what was read */
	PIECE_ERROR,			/* the file cannot be read now */
};

struct follow *
follow_new(const char *path)
{
	struct follow *f = xcalloc(1, sizeof *f);

	f->fd = -1;
	f->path = xstrdup(path);
	f->size = UINT64_MAX;
	return f;
}

void
follow_free(struct follow **follow)
{
	struct follow *f = *follow;

	if (f == NULL)
		return;
	follow_close(f);
	free(f->path);
	free(f);
	*follow = NULL;
}

void
follow_rename(struct follow *f, const char *path)
{
	if (strcmp(f->path, path) == 0)
		return;
	free(f->path);
	f->path = xstrdup(path);
}

void
follow_close(struct follow *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

bool
follow_changed(const struct follow *f, const struct stat *st)
{
	return f->size != (uint64_t)st->st_size || f->mtime.tv_sec != st->st_mtim.tv_sec ||
	    f->mtime.tv_nsec != st->st_mtim.tv_nsec;
}

void
follow_pass(struct follow *f, const struct stat *st)
{
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->size = (uint64_t)st->st_size;
	f->mtime = st->st_mtim;
}

void
follow_time(struct follow *f, int64_t now_ns)
{
	if (!f->begun || f->size != f->still_size) {
		f->still_size = f->size;
		f->still_ns = now_ns;
	} else if (now_ns - f->still_ns >= (int64_t)LIMIT_JOIN_PAUSE_S * 1000000000) {
		f->give_begun = f->at_end;
	}
}

/* ---- who it is ---- */

uint64_t
follow_head(int fd, uint32_t *n)
{
	uint8_t head[FOLLOW_HEAD];
	ssize_t got = pread(fd, head, *n, 0);

	*n = got > 0 ? (uint32_t)got : 0;
	return hash64(span_of(head, *n));
}

static size_t
lead_of(uint64_t at)
{
	return at < FOLLOW_CHECK ? (size_t)at : FOLLOW_CHECK;
}

struct place
place_behind(uint64_t at, struct span last)
{
	return (struct place){ at, last.n > 0 ? hash64(last) : 0 };
}

bool
follow_holds(int fd, uint32_t head_n, uint64_t head_hash, const struct place *place)
{
	uint8_t lead[FOLLOW_CHECK];
	size_t n = lead_of(place->at);
	uint32_t got = head_n;

	if (head_n > 0 && (follow_head(fd, &got) != head_hash || got != head_n))
		return false;
	return n == 0 || (pread(fd, lead, n, (off_t)(place->at - n)) == (ssize_t)n &&
	    hash64(span_of(lead, n)) == place->check);
}

bool
follow_is_packed(const char *path, int fd)
{
	static const struct {
		const char *end, *magic;
	} row[] = { { ".gz", "\x1f\x8b" }, { ".xz", "\xfd" "7zXZ" }, { ".zst", "\x28\xb5\x2f\xfd" },
		{ ".bz2", "BZh" } };
	const char *end = strrchr(path, '.');
	uint8_t head[8];
	ssize_t got = pread(fd, head, sizeof head, 0);

	for (size_t i = 0; end != NULL && got > 0 && i < sizeof row / sizeof row[0]; i++)
		if (strcmp(end, row[i].end) == 0 &&
		    span_starts(span_of(head, (size_t)got), span_str(row[i].magic)))
			return true;
	return false;
}

bool
follow_is_front(int a, const struct stat *st, int b, struct place *ret_end)
{
	uint32_t n = FOLLOW_HEAD;
	uint64_t hash = follow_head(a, &n);
	uint8_t lead[FOLLOW_CHECK];

	if (st->st_size < FOLLOW_HEAD || b < 0 ||
	    pread(a, lead, sizeof lead, st->st_size - FOLLOW_CHECK) != FOLLOW_CHECK)
		return false;
	*ret_end = place_behind((uint64_t)st->st_size, span_of(lead, sizeof lead));
	return follow_holds(b, n, hash, ret_end);
}

/*
 * The file was cut and begun again. What it was is kept for finding a copy of it; size: how long
 * it was when it was last seen whole.
 */
static void
cut_note(struct follow *f, uint64_t size)
{
	if (f->head_n == FOLLOW_HEAD && f->read.at > 0) {
		f->old = f->read;
		f->old_safe = f->safe;
		f->old_hash = f->head_hash;
	}
	if (size != UINT64_MAX && size > f->read.at) {
		f->owed += size - f->read.at;
		f->owed_scans = 0;
	}
	f->read = f->look = f->safe = (struct place){ 0, 0 };
	memset(f->mark, 0, sizeof f->mark);
	f->head_n = 0;
	f->skipping = f->give_rest = f->begun = f->give_begun = f->at_end = false;
}

void
follow_open(struct follow *f, int fd, const struct stat *st)
{
	must(f->fd < 0);
	f->fd = fd;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	f->at_end = false;
	if (!follow_holds(fd, f->head_n, f->head_hash, &f->read))
		cut_note(f, f->size);
}

/* Looks at size and first octets when something has changed. */
static void
follow_look(struct follow *f)
{
	uint32_t n = FOLLOW_HEAD, old_n = f->head_n;
	struct stat st;

	if (fstat(f->fd, &st) != 0 || (f->at_end && !follow_changed(f, &st)))
		return;
	f->nlink = (unsigned)st.st_nlink;
	if ((uint64_t)st.st_size < f->look.at ||
	    (old_n > 0 && (follow_head(f->fd, &old_n) != f->head_hash || old_n != f->head_n)))
		cut_note(f, f->size);
	if (f->head_n < FOLLOW_HEAD) {
		f->head_hash = follow_head(f->fd, &n);
		f->head_n = n;
	}
	if (follow_changed(f, &st)) {
		f->grew = true;
		f->give_rest = f->give_begun = false;
	}
	f->size = (uint64_t)st.st_size;
	f->mtime = st.st_mtim;
	f->at_end = false;
}

/* ---- reading ---- */

static enum piece_state
piece_read(struct follow *f, struct follow_io *io, struct piece *ret)
{
	size_t lead = lead_of(f->look.at), most = lead + FOLLOW_PIECE;
	uint8_t *in = io->in;
	ssize_t got;

	/* A record of several lines must be there as a whole. */
	if (f->join != NULL && f->look.at == f->read.at) {
		most += LIMIT_JOIN_BYTES;
		io->line.n = 0;
		buf_reserve(&io->line, most);
		in = io->line.p;
	}
	got = pread(f->fd, in, most, (off_t)(f->look.at - lead));
	if (got < 0)
		return PIECE_ERROR;
	if ((size_t)got < lead || (lead > 0 && hash64(span_of(in, lead)) != f->look.check))
		return PIECE_OTHER;
	ret->p = in + lead;
	ret->n = (size_t)got - lead;
	ret->short_read = (size_t)got < most;
	return PIECE_READ;
}

/* The place n octets into the piece that begins at `from`. */
static struct place
place_in(const struct piece *piece, uint64_t from, size_t n)
{
	size_t lead = lead_of(from + n);

	return place_behind(from + n, span_of(piece->p + n - lead, lead));
}

/* A line, or lines, without the last LF; its CR is taken off. */
static void
line_give(struct follow *f, struct follow_io *io, struct span line, bool ended)
{
	uint8_t flags = 0;

	if (ended && line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n == 0)
		return;
	if (line.n > LIMIT_RECORD_BYTES) {
		line.n = LIMIT_RECORD_BYTES;
		flags = ROW_CUT;
		io->counts->cut++;
	}
	io->counts->lines++;
	io->take(io->ctx, f->path, line, flags);
}

/* The n octets at read, longer than a piece; at most one octet more than a record may have. */
static bool
long_line_give(struct follow *f, struct follow_io *io, uint64_t n, bool ended)
{
	size_t lead = lead_of(f->read.at);
	/* One more than the limit is enough to see that it is passed; a CR may follow it. */
	size_t want = n > LIMIT_RECORD_BYTES + 1 ? LIMIT_RECORD_BYTES + 1 : (size_t)n;
	ssize_t got;

	io->line.n = 0;
	buf_reserve(&io->line, lead + want);
	got = pread(f->fd, io->line.p, lead + want, (off_t)(f->read.at - lead));
	if (got != (ssize_t)(lead + want) ||
	    (lead > 0 && hash64(span_of(io->line.p, lead)) != f->read.check))
		return false;
	line_give(f, io, span_of(io->line.p + lead, want), ended && want == n);
	return true;
}

/* The lines of a piece that begins at read; the begun one at its end is left for later. */
static void
lines_give(struct follow *f, struct follow_io *io, const struct piece *piece)
{
	struct span rest = span_of(piece->p, piece->n);
	size_t done = 0;

	while (rest.n > 0) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.n);
		size_t n;

		if (lf == NULL)
			break;
		n = (size_t)(lf - rest.p);
		line_give(f, io, span_of(rest.p, n), true);
		rest = span_sub(rest, n + 1, rest.n);
		done += n + 1;
	}
	f->look = place_in(piece, f->read.at, piece->n);
	f->read = place_in(piece, f->read.at, done);
	io->counts->bytes += done;
}

/*
 * The records of a piece that begins at read, each of several lines; the begun one is left for
 * later, unless no line of it will come any more. What is longer than a record may be is one line:
 * from then on it is looked at as such (long_line_look).
 */
static void
joined_give(struct follow *f, struct follow_io *io, const struct piece *piece)
{
	struct span rest = span_of(piece->p, piece->n);
	struct join_scan scan = { .done = 0 };
	struct join_found found;

	while (join_next(f->join, &scan, rest, JOIN_MORE_COMES, &found) == OK) {
		line_give(f, io, span_sub(rest, 0, found.n - 1), true);
		io->counts->split += found.full;
		rest = span_sub(rest, found.n, SIZE_MAX);
	}
	f->begun = scan.done > 0;
	if (f->begun && f->give_begun && piece->short_read) {
		line_give(f, io, span_sub(rest, 0, scan.done - 1), true);
		rest = span_sub(rest, scan.done, SIZE_MAX);
		f->begun = false;
	}
	f->give_begun = false;
	f->look = place_in(piece, f->read.at, piece->n);
	f->read = place_in(piece, f->read.at, piece->n - rest.n);
	io->counts->bytes += piece->n - rest.n;
}

/* A long line: looks only for its end. False: the file is another one by now. */
static bool
long_line_look(struct follow *f, struct follow_io *io, const struct piece *piece)
{
	const uint8_t *lf = piece->n > 0 ? memchr(piece->p, '\n', piece->n) : NULL;
	size_t n = lf != NULL ? (size_t)(lf - piece->p) : piece->n;
	uint64_t length = f->look.at + n - f->read.at;

	if (!f->skipping && (lf != NULL || length > LIMIT_RECORD_BYTES + 1)) {
		if (!long_line_give(f, io, length, lf != NULL))
			return false;
		f->skipping = true;
	}
	f->look = place_in(piece, f->look.at, lf != NULL ? n + 1 : n);
	if (lf != NULL) {
		io->counts->bytes += f->look.at - f->read.at;
		f->read = f->look;
		f->skipping = false;
	}
	return true;
}

/* What a file that ended for ever has behind its last end of line. */
static void
rest_give(struct follow *f, struct follow_io *io)
{
	uint64_t n = f->look.at - f->read.at;

	f->give_rest = false;
	if (n == 0 || (!f->skipping && !long_line_give(f, io, n, false)))
		return;
	io->counts->bytes += n;
	f->read = f->look;
	f->skipping = false;
}

/* Holes were never written: a writer that was not told of the cut goes on at its old place. */
static void
hole_pass(struct follow *f, const struct piece *piece)
{
	off_t data;

	if (piece->n == 0 || piece->p[0] != 0 || f->look.at != f->read.at)
		return;
	data = lseek(f->fd, (off_t)f->read.at, SEEK_DATA);
	if (data > (off_t)f->read.at && (uint64_t)data < f->size) {
		uint8_t lead[FOLLOW_CHECK];
		size_t n = lead_of((uint64_t)data);

		if (pread(f->fd, lead, n, data - (off_t)n) == (ssize_t)n)
			f->read = f->look = place_behind((uint64_t)data, span_of(lead, n));
	}
}

/* What was read goes out. False: the file is another one by now. */
static bool
piece_give(struct follow *f, struct follow_io *io, const struct piece *piece, bool *ret_jumped)
{
	uint64_t at = f->look.at;

	if (f->look.at != f->read.at)
		return long_line_look(f, io, piece);
	hole_pass(f, piece);
	*ret_jumped = f->read.at != at;
	if (!*ret_jumped && f->join != NULL)
		joined_give(f, io, piece);
	else if (!*ret_jumped)
		lines_give(f, io, piece);
	return true;
}

bool
follow_turn(struct follow *f, struct follow_io *io)
{
	uint64_t size = f->size;
	enum piece_state state;
	struct piece piece = { .n = 0 };
	uint64_t again = f->join != NULL ? LIMIT_JOIN_BYTES : AGAIN_MAX;
	bool jumped = false;
	uint64_t end;

	follow_look(f);
	if (f->at_end && !f->give_begun) {
		if (f->give_rest)
			rest_give(f, io);
		return false;
	}
	if (!f->skipping && f->look.at - f->read.at <= again)
		f->look = f->read;
	state = piece_read(f, io, &piece);
	end = f->look.at + piece.n;
	if (state == PIECE_READ && !piece_give(f, io, &piece, &jumped))
		state = PIECE_OTHER;
	if (state == PIECE_ERROR) {
		follow_close(f);	/* the next scan tries again */
		return false;
	}
	if (state == PIECE_OTHER) {
		cut_note(f, size);
		return true;
	}
	if (jumped)
		return true;
	io->left -= piece.n < io->left ? piece.n : io->left;
	f->at_end = piece.short_read && f->look.at == end;
	return !f->at_end;
}
