/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of the journal's files: each octet of the last frame cut off, each octet changed. What is
 * torn is cut and nothing else; what is damaged begins a new epoch and everything else is kept.
 */
#include "test/unit/store/proof_store.h"

#include <sys/wait.h>

#include "store/appender.h"
#include "store/journal_int.h"
#include "test/unit/store/keep_back.h"

enum { BATCHES = 4, ROWS = 5, CHANGE_STEP = 23 };

/* A store whose keeper was killed after four acknowledged batches, as octets. */
struct left {
	struct place p;
	struct buf journal;		/* its only file, up to the last frame's end */
	size_t frame[64];		/* where each frame begins */
	unsigned nframe;
	size_t last_rows;		/* index of the last ROWS frame */
};

static const char *const FIRST = "journal/0000000000000001.tbj";

static void
killed_keeper(struct place *p, enum key_make make)
{
	pid_t pid;
	int status;

	if (keys_load(&p->keys, p->fd, NULL) != OK) {
		must(keys_make(p->fd, make, NULL) == OK);
		must(keys_load(&p->keys, p->fd, NULL) == OK);
	}
	(void)fflush(stdout);
	pid = fork();
	if (pid == 0) {
		place_open(p, make);
		place_checkpoint(p);
		for (int i = 0; i < BATCHES; i++)
			place_rows(p, &p->raw, ROWS);
		_exit(0);
	}
	must(waitpid(pid, &status, 0) == pid && status == 0);
}

static void
left_make(struct left *l, enum key_make make)
{
	const uint8_t *key;
	struct journal_file file;
	struct journal_frame frame;

	*l = (struct left){ .nframe = 0 };
	place_make(&l->p);
	killed_keeper(&l->p, make);
	key = l->p.keys.has_store_key ? l->p.keys.store_key : NULL;
	must(journal_file_open(&file, l->p.fd, 1, key, NULL) == OK);
	while (journal_file_next(&file, &frame, NULL) == OK) {
		must(l->nframe < 64);
		if (frame.type == JOURNAL_ROWS)
			l->last_rows = l->nframe;
		l->frame[l->nframe++] = frame.offset;
	}
	must(file_read_whole(l->p.fd, FIRST, 1 << 28, &l->journal, NULL) == OK);
	l->journal.n = file.at;
	journal_file_close(&file);
}

static void
left_done(struct left *l)
{
	buf_done(&l->journal);
	place_remove(&l->p);
}

static void
journal_write(struct left *l, struct span octets)
{
	int fd = -1;

	(void)file_unlink(l->p.fd, FIRST, NULL);
	must(file_open(&fd, l->p.fd, FIRST, FILE_WRITE_NEW, NULL) == OK);
	must(file_pwrite_all(fd, octets, 0, NULL) == OK);
	must(file_truncate(fd, 1 << 20, NULL) == OK);	/* as preallocated */
	file_close(&fd);
}

/* Rows that a reader finds, with nothing doubled and each where its number says. */
static uint64_t
rows_read(struct left *l)
{
	const uint8_t *key = l->p.keys.has_store_key ? l->p.keys.store_key : NULL;
	struct why why = { "" };
	struct back b;
	uint64_t n;

	if (!check(back_read(&b, l->p.fd, key, STREAM_RAW, &why) == OK))
		printf("%s\n", why.text);
	check_int(b.doubled, 0);
	for (uint64_t seq = 1; seq <= b.last; seq++)
		check(b.number[seq] == 0 || b.number[seq] == seq);
	n = b.n;
	back_done(&b);
	return n;
}

/* One change of the octets, one life of the keeper; puts everything back. */
struct copy {
	struct place p;
};

static enum err
copy_each(void *arg, const struct dir_entry *entry, struct why *why)
{
	int *fds = arg, from = -1, to = -1, next[2];
	struct buf octets = { 0 };
	enum err rc = OK;

	if (entry->kind == DIR_DIRECTORY) {
		must(dir_make(fds[1], entry->name, 0700, NULL) == OK);
		must(dir_open(&from, fds[0], entry->name, NULL) == OK);
		must(dir_open(&to, fds[1], entry->name, NULL) == OK);
		next[0] = from;
		next[1] = to;
		rc = dir_each(from, copy_each, next, why);
		file_close(&from);
		file_close(&to);
		return rc;
	}
	if (strcmp(entry->name, "ballast") == 0 || strstr(entry->name, ".tbj") != NULL ||
	    strcmp(entry->name, "next.tmp") == 0)
		return OK;
	must(file_read_whole(fds[0], entry->name, 1 << 28, &octets, NULL) == OK);
	must(file_open(&to, fds[1], entry->name, FILE_WRITE_NEW, NULL) == OK);
	must(file_pwrite_all(to, buf_span(&octets), 0, NULL) == OK);
	file_close(&to);
	buf_done(&octets);
	return OK;
}

/* The same store elsewhere, its journal being these octets. Not taken for a copy. */
static void
left_copy(struct left *to, const struct left *from, struct span octets)
{
	int fds[2];

	*to = *from;
	to->journal = (struct buf){ 0 };
	place_make(&to->p);
	to->p.keys = from->p.keys;
	fds[0] = from->p.fd;
	fds[1] = to->p.fd;
	must(dir_each(fds[0], copy_each, fds, NULL) == OK);
	must(file_unlink(to->p.fd, "state/instance", NULL) == OK);
	journal_write(to, octets);
}

/* What a life of the keeper says of the store. */
struct judged {
	unsigned alarms;		/* beside the one that it is a copy */
	uint64_t rows;
};

static struct judged
left_judge(struct left *l)
{
	struct judged v = { 0 };
	struct keep_event e;
	struct why why = { "" };
	struct keep_conf conf = { .dirfd = l->p.fd, .machine = "here", .nclass = 1,
	    .class = { { "standard", 90, 0 } }, .journal_file_bytes = 1 << 20,
	    .reserve_bytes = 1 << 20, .seal_seed = l->p.keys.seed, .origin = l->p.keys.origin,
	    .store_key = l->p.keys.has_store_key ? l->p.keys.store_key : NULL };

	if (!check(keep_open(&l->p.keep, &conf, &why) == OK)) {
		printf("%s\n", why.text);
		return v;
	}
	while (keep_event(l->p.keep, &e))
		v.alarms += e.type == KEEP_ALARM && memmem(e.text.p, e.text.n, "copy", 4) == NULL;
	keep_close(&l->p.keep);
	v.rows = rows_read(l);
	return v;
}

static void
frames_come_back_as_they_were_put(void)
{
	struct left l;

	left_make(&l, KEY_MAKE_PLAIN);
	check(l.nframe > BATCHES);
	check_int(rows_read(&l), BATCHES * ROWS);
	left_done(&l);
	left_make(&l, KEY_MAKE_ENCRYPTED);
	check_int(rows_read(&l), BATCHES * ROWS);
	left_done(&l);
}

static void
a_last_frame_cut_at_any_octet_is_torn_and_nothing_else_is(void)
{
	struct left l, c;

	left_make(&l, KEY_MAKE_PLAIN);
	for (size_t n = l.frame[l.last_rows]; n < l.journal.n; n += 3) {
		struct judged v;

		left_copy(&c, &l, span_of(l.journal.p, n));
		v = left_judge(&c);
		/* Only padding may be missing: then the frame is whole. */
		check(v.rows == (BATCHES - 1) * ROWS ||
		    (n + 8 > l.journal.n && v.rows == BATCHES * ROWS));
		if (!check_int(v.alarms, 0))
			n = l.journal.n;
		left_done(&c);
	}
	left_done(&l);
}

/* Which frame an octet is in; nframe when it is in the head. */
static unsigned
frame_of(const struct left *l, size_t at)
{
	unsigned i = l->nframe;

	while (i > 0 && l->frame[i - 1] > at)
		i--;
	return i > 0 ? i - 1 : l->nframe;
}

/* Rows that must be left when this frame is damaged. */
static uint64_t
readable(const struct left *l, unsigned frame, enum key_make make)
{
	if (frame == l->nframe)		/* the head; it holds the key of the others */
		return make == KEY_MAKE_ENCRYPTED ? 0 : BATCHES * ROWS;
	switch (l->journal.p[l->frame[frame] + 4]) {
	case JOURNAL_ROWS:
		return (BATCHES - 1) * ROWS;
	case JOURNAL_LEAF:
	case JOURNAL_END:
		return BATCHES * ROWS;
	default:			/* all rows may need it */
		return 0;
	}
}

static void
changes(enum key_make make)
{
	struct left l, c;

	left_make(&l, make);
	for (size_t at = make; at < l.journal.n; at += CHANGE_STEP) {
		struct judged v;
		unsigned frame = frame_of(&l, at);
		bool good;

		l.journal.p[at] ^= 0x10;
		left_copy(&c, &l, buf_span(&l.journal));
		v = left_judge(&c);
		l.journal.p[at] ^= 0x10;
		if (frame == l.last_rows)	/* nothing proves that it was synced */
			good = v.alarms == 0 && v.rows >= (BATCHES - 1) * ROWS;
		else if (v.alarms > 0)		/* damage: what can be read is kept */
			good = v.rows >= readable(&l, frame, make);
		else				/* an octet that nobody reads: padding, flags */
			good = v.rows == BATCHES * ROWS;
		if (!check(good))
			printf("octet %zu in frame %u: %u alarms, %llu rows\n", at, frame, v.alarms,
			    (unsigned long long)v.rows);
		left_done(&c);
	}
	left_done(&l);
}

static void
an_octet_changed_anywhere_is_torn_or_damage_as_ruled(void)
{
	changes(KEY_MAKE_PLAIN);
}

static void
so_it_is_in_an_encrypted_journal(void)
{
	changes(KEY_MAKE_ENCRYPTED);
}

static void
rows_behind_damage_are_kept(void)
{
	struct left l, c;
	struct judged v;
	unsigned rows = 0, second = 0;

	left_make(&l, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < l.nframe; i++)
		if (l.journal.p[l.frame[i] + 4] == JOURNAL_ROWS && ++rows == 2)
			second = i;
	l.journal.p[l.frame[second] + FRAME_HEAD_BYTES + 9] ^= 1;
	left_copy(&c, &l, buf_span(&l.journal));
	v = left_judge(&c);
	check_int(v.rows, (BATCHES - 1) * ROWS);
	check_int(v.alarms, 1);
	left_done(&c);
	/* The head too: its frames are read without it. */
	l.journal.p[20] ^= 1;
	left_copy(&c, &l, buf_span(&l.journal));
	v = left_judge(&c);
	check_int(v.rows, (BATCHES - 1) * ROWS);
	check(v.alarms > 0);
	left_done(&c);
	left_done(&l);
}

static void
a_reader_beside_the_writer_sees_each_row_once(void)
{
	struct journal_reader *reader = NULL;
	struct journal_frame frame;
	struct place p;
	uint64_t next = 1, rows = 0;

	place_make(&p);
	place_open(&p, KEY_MAKE_ENCRYPTED);
	check(journal_reader_open(&reader, p.fd, p.keys.store_key, 0, NULL) == OK);
	for (int i = 0; i < 30; i++) {
		place_rows(&p, &p.raw, 1500);		/* 1 MB files: more than one */
		while (journal_reader_next(reader, &frame, NULL) == OK) {
			if (frame.type != JOURNAL_ROWS)
				continue;
			check_int(frame.id, next);
			next += frame.head.nrow;
			rows += frame.head.nrow;
		}
		check_int(rows, p.acked);
	}
	check(journal_reader_file(reader) > 1);
	check_int(journal_reader_lost(reader), 0);
	journal_reader_close(&reader);
	place_close(&p);
	place_remove(&p);
}

static void
another_key_is_refused(void)
{
	struct journal_reader *reader = NULL;
	struct journal_frame frame;
	uint8_t other[32] = { 7 };
	struct why why;
	struct left l;

	left_make(&l, KEY_MAKE_ENCRYPTED);
	check(journal_reader_open(&reader, l.p.fd, other, 0, &why) == OK);
	check_int(journal_reader_next(reader, &frame, &why), ERR_DENIED);
	journal_reader_close(&reader);
	check(journal_reader_open(&reader, l.p.fd, NULL, 0, &why) == OK);
	check_int(journal_reader_next(reader, &frame, &why), ERR_DENIED);
	journal_reader_close(&reader);
	left_done(&l);
}

/* ---- the writer's frames ---- */

enum { FRAMES = 40, PAYLOAD = 20000 };

/* Octets of which LZ4 leaves one in `rare` and little else: numbers among zeros. */
static void
payload_make(uint8_t at[PAYLOAD], unsigned rare)
{
	uint32_t state = 12345;

	for (unsigned i = 0; i < PAYLOAD; i++) {
		state = state * 1664525 + 1013904223;
		at[i] = i / 50 % rare == 0 ? (uint8_t)(state >> 24) : 0;
	}
}

/* Frames that a writer compressed, of FRAMES that go to a file in several writes. */
static unsigned
compressed(struct place *p, unsigned rare, const uint8_t *key)
{
	uint8_t id[16] = { 1 }, plain[PAYLOAD];
	struct appender_conf conf = { .dirfd = p->fd, .store_id = id, .store_key = key,
	    .epoch = 1, .file = 1, .file_bytes = 2 << 20, .wake_fd = -1 };
	struct appender *appender = NULL;
	struct journal_file file;
	struct journal_frame frame;
	struct digest d;
	unsigned n = 0, seen = 0;

	payload_make(plain, rare);
	blake256(&d, span_of(plain, PAYLOAD));
	must(dir_make(p->fd, "journal", 0700, NULL) == OK);
	must(appender_open(&appender, &conf, NULL) == OK);
	for (unsigned i = 0; i < FRAMES; i++) {
		must(appender_room(appender, appender_bound(PAYLOAD), NULL) == OK);
		appender_put(appender, &(struct appender_frame){ .type = JOURNAL_LEAF,
		    .id = i, .d = &d, .plain = span_of(plain, PAYLOAD) });
		appender_push(appender);
	}
	appender_close(&appender);
	must(journal_file_open(&file, p->fd, 1, key, NULL) == OK);
	while (journal_file_next(&file, &frame, NULL) != ERR_MORE) {
		seen += file.seen.type == JOURNAL_LEAF;
		n += file.seen.type == JOURNAL_LEAF && file.seen.codec == CODEC_LZ4;
	}
	check_int(seen, FRAMES);
	journal_file_close(&file);
	must(file_unlink(p->fd, FIRST, NULL) == OK && dir_remove(p->fd, "journal", NULL) == OK);
	return n;
}

static void
what_shrinks_little_is_stored_as_it_is(void)
{
	const uint8_t key[32] = { 3 };
	struct place p;

	place_make(&p);
	check_int(compressed(&p, 10, NULL), FRAMES);
	check_int(compressed(&p, 2, NULL), 2);		/* one in 32 is tried */
	check_int(compressed(&p, 2, key), 2);
	place_remove(&p);
}

/* Older files may go when this says so: a file that is only begun in memory replaces none. */
static void
the_last_file_on_disk_is_known(void)
{
	const uint8_t id[16] = { 1 };
	struct appender_conf conf = { .store_id = id, .epoch = 1, .file = 7, .wake_fd = -1 };
	struct appender_state state;
	struct appender *appender = NULL;
	struct digest d = { { 0 } };
	struct place p;

	place_make(&p);
	conf.dirfd = p.fd;
	must(dir_make(p.fd, "journal", 0700, NULL) == OK);
	must(appender_open(&appender, &conf, NULL) == OK);
	must(appender_room(appender, appender_bound(3), NULL) == OK);
	appender_put(appender, &(struct appender_frame){ .type = JOURNAL_LEAF, .d = &d,
	    .plain = SPAN("one") });
	appender_state(appender, &state, NULL);
	check_int(appender_file(appender), 7);
	check_int(state.file, 0);
	appender_push(appender);
	do
		appender_state(appender, &state, NULL);
	while (state.durable == 0 && !state.failed);
	check_int(state.file, 7);
	appender_close(&appender);
	must(file_unlink(p.fd, "journal/0000000000000007.tbj", NULL) == OK);
	must(dir_remove(p.fd, "journal", NULL) == OK);
	place_remove(&p);
}

/* A write begins and ends in the middle of a block; the block is written again with the next. */
static void
octets_on_disk_are_those_that_were_put(void)
{
	struct left l;
	struct frame_head head;
	size_t at = JOURNAL_HEAD_BYTES, n;
	unsigned frames = 0, writes = 0;

	left_make(&l, KEY_MAKE_ENCRYPTED);
	while ((n = frame_get(&head, span_sub(buf_span(&l.journal), at, SIZE_MAX))) > 0) {
		frames++;
		writes += head.sync == head.number;
		at += n;
	}
	check_int(frames, l.nframe);
	check(writes > 1);
	check_int(at, l.journal.n);
	left_done(&l);
}

int
main(void)
{
	run(what_shrinks_little_is_stored_as_it_is);
	run(octets_on_disk_are_those_that_were_put);
	run(the_last_file_on_disk_is_known);
	run(frames_come_back_as_they_were_put);
	run(a_last_frame_cut_at_any_octet_is_torn_and_nothing_else_is);
	run(an_octet_changed_anywhere_is_torn_or_damage_as_ruled);
	run(so_it_is_in_an_encrypted_journal);
	run(rows_behind_damage_are_kept);
	run(a_reader_beside_the_writer_sees_each_row_once);
	run(another_key_is_refused);
	return check_done();
}
