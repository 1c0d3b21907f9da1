/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one life leaves to the next: the batch that was at hand when it crashed, batches set aside,
 * and the marks by which a copied or restored store is told from this one. Owns `state/current`,
 * `state/instance` and `quarantine/`; journal.md sections 5 and 6.
 */
#include "store/keep_int.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"

#define NOTE_NAME	"state/current"
#define NOTE_MAGIC	UINT64_C(0x31544f4e42525430)
#define INSTANCE_NAME	"state/instance"
#define ASIDE_MAGIC	"TBASIDE1"

enum { NOTE_BYTES = 4096, LIVES_ENOUGH = 2, INSTANCE_MAX = 4096 };

_Static_assert(sizeof(struct keep_note) <= NOTE_BYTES, "the note fits its page");

/* For the crash handler, which gets no argument. One store per process is written. */
static struct keep_note *crash_note;
static pid_t crash_tid;

void
keep_crashed(void)
{
	struct keep_note *note = crash_note;
	pid_t tid = gettid();

	if (note == NULL)
		return;
	if (tid == crash_tid)
		note->blamed = note->keeping;
	else if (tid == (pid_t)note->milling.tid && note->milling.frame != 0)
		note->blamed = note->milling.frame | NOTE_FRAME;
	else if (tid == (pid_t)note->upkeep.tid && note->upkeep.segment != 0)
		note->blamed = note->upkeep.segment | NOTE_SEGMENT;
}

/* One more life ended by it: the least known suspect makes room for a new one. */
static void
suspect_add(struct keep_note *note, uint64_t what)
{
	size_t at = 0;

	for (size_t i = 0; i < SUSPECTS; i++) {
		if (note->suspect[i].what == what) {
			note->suspect[i].times++;
			return;
		}
		if (note->suspect[i].times < note->suspect[at].times)
			at = i;
	}
	note->suspect[at].what = what;
	note->suspect[at].times = 1;
}

static enum err
note_map(struct keep *keep, int fd, struct why *why)
{
	uint64_t size = 0;
	enum err rc;
	void *map;

	rc = file_size(fd, &size, why);
	if (rc == OK && size < NOTE_BYTES)
		rc = file_preallocate(fd, NOTE_BYTES, why);
	if (rc != OK)
		return rc;
	map = mmap(NULL, NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return why_errno(why, ERR_IO, errno, "cannot map %s", NOTE_NAME);
	keep->note = map;
	return OK;
}

enum err
keep_note_open(struct keep *keep, struct why *why)
{
	struct keep_note *note;
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, keep->dirfd, NOTE_NAME, FILE_READ_WRITE, why);
	if (rc == ERR_ABSENT)
		rc = file_open(&fd, keep->dirfd, NOTE_NAME, FILE_READ_WRITE_NEW, why);
	if (rc == OK)
		rc = note_map(keep, fd, why);
	file_close(&fd);
	if (rc != OK)
		return rc;
	note = keep->note;
	if (note->magic != NOTE_MAGIC)
		memset(note, 0, sizeof *note);
	note->magic = NOTE_MAGIC;
	if (note->blamed != 0)
		suspect_add(note, note->blamed);
	note->blamed = note->keeping = note->milling.frame = note->upkeep.segment = 0;
	crash_tid = gettid();
	crash_note = note;
	return OK;
}

void
keep_note_close(struct keep *keep)
{
	if (keep->note == NULL)
		return;
	crash_note = NULL;
	(void)munmap(keep->note, NOTE_BYTES);
	keep->note = NULL;
}

bool
keep_suspects(const struct keep *keep, uint64_t what)
{
	for (size_t i = 0; i < SUSPECTS; i++)
		if (keep->note->suspect[i].what == what)
			return keep->note->suspect[i].times >= LIVES_ENOUGH;
	return false;
}

/*
 * magic 8, u32 shapes, u32 sources, i64 time, bytes each shape, bytes each source, bytes batch,
 * XXH3-64 of all before.
 */
enum err
keep_set_aside(struct keep *keep, struct span batch, struct def *const *def, uint32_t nshape,
    uint32_t nsource, uint64_t what, struct why *why)
{
	struct buf out = { 0 };
	char name[64];
	enum err rc;

	buf_put(&out, ASIDE_MAGIC, 8);
	buf_u32(&out, nshape);
	buf_u32(&out, nsource);
	buf_i64(&out, clock_wall_ns());
	for (uint32_t i = 0; i < nshape + nsource; i++)
		buf_bytes(&out, def_code(def[i]));
	buf_bytes(&out, batch);
	buf_u64(&out, hash64(buf_span(&out)));
	(void)snprintf(name, sizeof name, "quarantine/%016" PRIx64 ".batch", what);
	rc = file_replace(keep->dirfd, name, buf_span(&out), why);
	buf_done(&out);
	return rc;
}

/* What this place is: a copy has another machine, or its directory another inode or birth. */
static enum err
instance_text(struct keep *keep, struct buf *out, struct why *why)
{
	struct statx st = { 0 };

	if (statx(keep->dirfd, "journal", AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_BTIME, &st) != 0)
		return why_errno(why, ERR_IO, errno, "cannot look at journal/");
	buf_printf(out, "machine %s\njournal inode %" PRIu64, keep->machine, (uint64_t)st.stx_ino);
	if ((st.stx_mask & STATX_BTIME) != 0)
		buf_printf(out, " born %lld.%09u", (long long)st.stx_btime.tv_sec,
		    (unsigned)st.stx_btime.tv_nsec);
	buf_printf(out, "\n");
	return OK;
}

enum err
keep_instance_check(struct keep *keep, bool *ret_same, struct why *why)
{
	struct buf now = { 0 }, then = { 0 };
	enum err rc;

	rc = instance_text(keep, &now, why);
	if (rc == OK)
		rc = file_read_whole(keep->dirfd, INSTANCE_NAME, INSTANCE_MAX, &then, why);
	if (rc == OK)
		*ret_same = span_eq(buf_span(&now), buf_span(&then));
	/* A backup that left it out is a copy too. */
	if (rc == ERR_ABSENT || rc == ERR_LIMIT) {
		*ret_same = false;
		rc = OK;
	}
	buf_done(&now);
	buf_done(&then);
	return rc;
}

enum err
keep_instance_write(struct keep *keep, struct why *why)
{
	struct buf now = { 0 };
	enum err rc;

	rc = instance_text(keep, &now, why);
	if (rc == OK)
		rc = file_replace(keep->dirfd, INSTANCE_NAME, buf_span(&now), why);
	buf_done(&now);
	return rc;
}
