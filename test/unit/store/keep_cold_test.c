/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of store/keep_cold and store/cold: segments that move to a second folder are found as
 * before, whenever the move ends; a folder that is not there is said, and nothing is lost by it.
 */
#include "test/unit/store/proof_store.h"

#include <sys/stat.h>

#include "sys/clock.h"
#include "store/cold.h"
#include "store/manifest.h"
#include "store/store.h"
#include "test/unit/store/keep_back.h"
#include "test/unit/store/keep_child.h"
#include "test/unit/store/keep_whole.h"

enum {
	ROUNDS = 4,			/* segments of each of two streams */
	ROUND_ROWS = 37,
	RAW_ROWS = ROUNDS * ROUND_ROWS,
	EXIT_CRASH = 137,
	STEP = 5			/* of calls; TRUCBAN_SLOW=1 takes each */
};

struct folder {
	char path[100], aside[100];
	int fd;
};

static void
folder_make(struct folder *c, const struct place *p)
{
	c->fd = -1;
	(void)snprintf(c->path, sizeof c->path, "%s-cold", p->path);
	(void)snprintf(c->aside, sizeof c->aside, "%s-aside", p->path);
	must(mkdir(c->path, 0700) == 0);
	must(dir_open(&c->fd, AT_FDCWD, c->path, NULL) == OK);
}

static void
folder_remove(struct folder *c)
{
	must(dir_each(c->fd, place_remove_each, &c->fd, NULL) == OK);
	file_close(&c->fd);
	must(rmdir(c->path) == 0);
}

/* Its disk is taken away and brought back. */
static void
folder_away(const struct folder *c)
{
	must(rename(c->path, c->aside) == 0);
}

static void
folder_back(const struct folder *c)
{
	must(rename(c->aside, c->path) == 0);
}

static enum err
claim(const struct place *p, const char *path, struct why *why)
{
	uint8_t id[COLD_STORE_ID];

	store_id_of(id, p->keys.origin);
	return cold_claim(p->fd, path, id, why);
}

static void
place_more(struct place *p, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		place_rows(p, &p->raw, ROUND_ROWS);
		place_rows(p, &p->ledger, 1 + i % 3);
		place_flush(p);
	}
	place_checkpoint(p);
}

static void
cool(struct place *p, enum keep_repack_days days)
{
	keep_cool(p->keep, days);
	place_until(p, KEEP_COOLED);
}

/* A store of some segments, all of which are in its cold folder. */
static void
place_cold(struct place *p, struct folder *c, enum key_make make)
{
	struct why why = { "" };

	place_make(p);
	folder_make(c, p);
	place_open(p, make);
	place_more(p, ROUNDS);
	if (!check(claim(p, c->path, &why) == OK))
		printf("%s\n", why.text);
	cool(p, KEEP_REPACK_ALL);
}

static void
place_gone(struct place *p, struct folder *c)
{
	folder_remove(c);
	place_remove(p);
}

/* Files below a folder of the store whose names end so. */
struct counted {
	int fd;
	const char *tail;
	unsigned n;
};

static enum err
file_count(void *arg, const struct dir_entry *entry, struct why *why)
{
	struct counted *c = arg;
	size_t n = strlen(entry->name), t = strlen(c->tail);
	struct counted below = { .fd = -1, .tail = c->tail };

	if (entry->kind == DIR_FILE) {
		c->n += n >= t && strcmp(entry->name + n - t, c->tail) == 0;
		return OK;
	}
	if (dir_open(&below.fd, c->fd, entry->name, why) == OK)
		(void)dir_each(below.fd, file_count, &below, why);
	file_close(&below.fd);
	c->n += below.n;
	return OK;
}

static unsigned
files_below(int dirfd, const char *name, const char *tail)
{
	struct counted c = { .fd = -1, .tail = tail };

	must(dir_open(&c.fd, dirfd, name, NULL) == OK);
	must(dir_each(c.fd, file_count, &c, NULL) == OK);
	file_close(&c.fd);
	return c.n;
}

static bool
status_has(struct place *p, const char *words)
{
	struct buf status = { 0 };
	bool has;

	keep_status(p->keep, &status);
	buf_u8(&status, 0);
	has = strstr((const char *)status.p, words) != NULL;
	if (!has)
		printf("%s\n", (const char *)status.p);
	buf_done(&status);
	return has;
}

/* ---- tests ---- */

static void
moves(enum key_make make)
{
	struct folder c;
	struct place p;

	place_cold(&p, &c, make);
	check_int(files_below(p.fd, "segment", ""), 0);
	check_int(files_below(c.fd, "segment", ".seg"), 2 * ROUNDS);
	check_int(files_below(c.fd, "segment", ".idx"), 2 * ROUNDS);
	check_int(files_below(c.fd, "segment", ".tmp"), 0);
	check(whole(&p, RAW_ROWS));
	check(status_has(&p, "\"segments_cold\":8,\"segments_away\":0,"));
	check(status_has(&p, "\"segments_moved\":8,"));
	place_close(&p);
	check(whole(&p, RAW_ROWS));
	/* The next life knows them without asking that disk, and goes on in its own folder. */
	place_open(&p, make);
	check(status_has(&p, "\"segments_cold\":8,"));
	p.raw.next = RAW_ROWS + 1;
	place_more(&p, 1);
	check_int(files_below(p.fd, "segment", ".seg"), 2);
	check(whole(&p, RAW_ROWS + ROUND_ROWS));
	place_close(&p);
	place_gone(&p, &c);
}

static void
what_moved_is_found_as_before(void)
{
	moves(KEY_MAKE_PLAIN);
	moves(KEY_MAKE_ENCRYPTED);
}

static void
only_what_is_old_enough_moves_by_itself(void)
{
	struct folder c;
	struct place p;

	clock_set_offset_ns(0);
	place_make(&p);
	folder_make(&c, &p);
	p.cold_days = 20000;
	place_open(&p, KEY_MAKE_PLAIN);
	place_more(&p, 2);
	must(claim(&p, c.path, NULL) == OK);
	cool(&p, KEEP_REPACK_CLOSED);
	check_int(files_below(c.fd, "segment", ""), 0);
	place_close(&p);
	p.cold_days = 3;
	place_open(&p, KEY_MAKE_PLAIN);
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
	keep_expire(p.keep);		/* says that the clock is right */
	place_until(&p, KEEP_EXPIRED);
	cool(&p, KEEP_REPACK_CLOSED);
	check_int(files_below(c.fd, "segment", ".seg"), 2);	/* of the ledger; raw expired */
	check_int(files_below(p.fd, "segment", ""), 0);
	place_close(&p);
	clock_set_offset_ns(0);
	place_gone(&p, &c);
}

static void
while_held_nothing_moves(void)
{
	struct folder c;
	struct place p;

	place_make(&p);
	folder_make(&c, &p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_more(&p, ROUNDS);
	must(claim(&p, c.path, NULL) == OK);
	keep_hold(p.keep, 100);
	keep_cool(p.keep, KEEP_REPACK_ALL);
	for (unsigned i = 0; i < 50; i++)
		keep_wait(p.keep, 10);
	check_int(files_below(c.fd, "segment", ""), 0);
	keep_hold(p.keep, 0);
	place_until(&p, KEEP_COOLED);
	check_int(files_below(c.fd, "segment", ".seg"), 2 * ROUNDS);
	place_close(&p);
	check(whole(&p, RAW_ROWS));
	place_gone(&p, &c);
}

static void
a_reader_that_has_a_segment_open_goes_on(void)
{
	struct segment *segment = NULL;
	struct store *store = NULL;
	struct back b = { 0 };
	struct folder c;
	struct place p;
	size_t i = 0;

	place_make(&p);
	folder_make(&c, &p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_more(&p, 1);
	must(claim(&p, c.path, NULL) == OK);
	must(store_open(&store, p.fd, NULL, NULL) == OK);
	while (store_segment(store, i)->stream != STREAM_RAW)
		i++;
	must(store_segment_open(store, i, &segment, NULL) == OK);
	cool(&p, KEEP_REPACK_ALL);
	check_int(files_below(p.fd, "segment", ""), 0);
	check(back_segment(&b, segment, NULL) == OK);
	check_int(b.n, ROUND_ROWS);
	segment_free(&segment);
	/* And one that knows of the segment since before opens it where it is now. */
	check(store_segment_open(store, i, &segment, NULL) == OK);
	segment_free(&segment);
	store_close(&store);
	back_done(&b);
	place_close(&p);
	place_gone(&p, &c);
}

static void
without_its_disk_it_is_said_which_days_cannot_be_read(void)
{
	struct why why = { "" };
	struct verdict v;
	struct folder c;
	struct place p;
	struct back b;

	place_cold(&p, &c, KEY_MAKE_PLAIN);
	folder_away(&c);
	check_int(back_read(&b, p.fd, NULL, STREAM_RAW, &why), ERR_IO);
	check(strstr(why.text, "records received from 20") != NULL);
	check(strstr(why.text, c.path) != NULL && strstr(why.text, "mount its disk") != NULL);
	back_done(&b);
	verify(&p, &v);
	check(!verdict_clean(&v) && strstr(v.found[0].text, "mount its disk") != NULL);
	/* The desk takes records all the same; what is new can be read, and nothing moves. */
	place_more(&p, 1);
	cool(&p, KEEP_REPACK_ALL);
	check(status_has(&p, "\"segments_cold\":8,\"segments_away\":8,"));
	check_int(files_below(p.fd, "segment", ".seg"), 2);
	place_close(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check(status_has(&p, "\"segments_cold\":8,\"segments_away\":8,"));
	/* An empty mount point is not the folder either: nothing is put there. */
	must(mkdir(c.path, 0700) == 0);
	cool(&p, KEEP_REPACK_ALL);
	must(rmdir(c.path) == 0);
	folder_back(&c);
	cool(&p, KEEP_REPACK_ALL);
	check(status_has(&p, "\"segments_cold\":10,\"segments_away\":0,"));
	check(whole(&p, RAW_ROWS + ROUND_ROWS));
	place_close(&p);
	place_gone(&p, &c);
}

static void
what_expires_there_waits_for_its_disk(void)
{
	struct verdict v;
	struct folder c;
	struct place p;

	clock_set_offset_ns(0);
	place_cold(&p, &c, KEY_MAKE_PLAIN);
	folder_away(&c);
	place_close(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
	keep_expire(p.keep);
	place_until(&p, KEEP_EXPIRED);
	check(status_has(&p, "\"segments_dropped\":0,"));
	folder_back(&c);
	check_int(files_below(c.fd, "segment", ".seg"), 2 * ROUNDS);
	cool(&p, KEEP_REPACK_ALL);
	keep_expire(p.keep);		/* looks, */
	for (unsigned i = 0; i < 1000 && files_below(c.fd, "segment", ".seg") > ROUNDS; i++)
		keep_wait(p.keep, 10);
	check_int(files_below(c.fd, "segment", ".seg"), ROUNDS);
	check_int(files_below(c.fd, "segment", ""), 2 * ROUNDS);
	place_checkpoint(&p);
	place_close(&p);
	clock_set_offset_ns(0);
	verify(&p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	place_gone(&p, &c);
}

static void
a_folder_belongs_to_one_store(void)
{
	struct why why = { "" };
	char other[120];
	struct folder c;
	struct place p, q;

	place_cold(&p, &c, KEY_MAKE_PLAIN);
	place_make(&q);
	place_open(&q, KEY_MAKE_PLAIN);
	place_close(&q);
	check_int(claim(&q, c.path, &why), ERR_PROOF);
	check(strstr(why.text, "of another store") != NULL);
	/* What is not there cannot be claimed. */
	(void)snprintf(other, sizeof other, "%s-other", p.path);
	check_int(claim(&q, other, &why), ERR_ABSENT);
	/* Nor may a store leave its folder with what is in it behind. */
	must(mkdir(other, 0700) == 0);
	check_int(claim(&p, other, &why), ERR_BUSY);
	check(strstr(why.text, "copy that folder") != NULL);
	check_int(claim(&p, c.path, &why), OK);
	must(rmdir(other) == 0);
	/* One that moved as it is may be used under its new name. */
	folder_away(&c);
	check_int(claim(&p, c.aside, &why), OK);
	check(whole(&p, RAW_ROWS));
	check_int(claim(&p, c.path, &why), ERR_ABSENT);
	folder_back(&c);
	check_int(claim(&p, c.path, &why), OK);
	check(whole(&p, RAW_ROWS));
	place_close(&p);
	place_remove(&q);
	place_gone(&p, &c);
}

static void
what_is_there_is_not_repacked(void)
{
	struct folder c;
	struct place p;

	place_cold(&p, &c, KEY_MAKE_PLAIN);
	p.raw.next = RAW_ROWS + 1;
	place_more(&p, 2);
	keep_repack(p.keep, KEEP_REPACK_CLOSED);
	place_until(&p, KEEP_REPACKED);
	place_close(&p);
	check_int(files_below(p.fd, "segment", ".seg"), 2);
	check_int(files_below(c.fd, "segment", ".seg"), 2 * ROUNDS);
	check(whole(&p, RAW_ROWS + 2 * ROUND_ROWS));
	place_gone(&p, &c);
}

/* ---- crashes and errors ---- */

/* Moves with faults, in a child. */
static void
live(void *arg, const struct faults *f)
{
	struct place *p = arg;

	place_open(p, KEY_MAKE_PLAIN);
	faults_begin(f);
	keep_cool(p->keep, KEEP_REPACK_ALL);
	place_try(p, KEEP_COOLED);
	keep_close(&p->keep);
}

/* Nothing is missing or there twice, before the next life and after it has moved the rest. */
static bool
goes_on(struct place *p, const struct folder *c, uint64_t n)
{
	bool good = whole(p, n);
	unsigned all;

	place_open(p, KEY_MAKE_PLAIN);
	good &= whole(p, n);
	cool(p, KEEP_REPACK_ALL);
	place_close(p);
	all = files_below(c->fd, "segment", ".seg");
	good &= check_int(files_below(p->fd, "segment", ""), 0);
	good &= check_int(files_below(c->fd, "segment", ".idx"), all);
	good &= check_int(files_below(c->fd, "segment", ""), 2 * all);
	return good && whole(p, n);
}

static void
faults(const char *how, unsigned last)
{
	unsigned step = getenv("TRUCBAN_SLOW") != NULL ? 1 : STEP;
	int status = EXIT_CRASH;
	struct folder c;
	struct place p;

	for (unsigned n = 1; n < last && (how != NULL || status == EXIT_CRASH); n += step) {
		char at[16];

		place_make(&p);
		folder_make(&c, &p);
		place_open(&p, KEY_MAKE_PLAIN);
		must(claim(&p, c.path, NULL) == OK);
		place_more(&p, 2);
		place_close(&p);
		(void)snprintf(at, sizeof at, "%u", n);
		status = child_run(live, &p, how == NULL ? &(struct faults){ .crash_at = at } :
		    &(struct faults){ .at = at, .how = how });
		check(status == 0 || (how == NULL && status == EXIT_CRASH));
		if (!goes_on(&p, &c, 2 * ROUND_ROWS)) {
			printf("at call %u: %s\n", n, how != NULL ? how : "killed");
			break;
		}
		place_gone(&p, &c);
	}
	check(how != NULL || status == 0);
}

static void
a_kill_at_any_call_loses_nothing_and_doubles_nothing(void)
{
	faults(NULL, 1000);
}

static void
an_error_at_any_call_loses_nothing_and_doubles_nothing(void)
{
	faults("EIO", 60);
}

static void
a_full_disk_at_any_call_loses_nothing_and_doubles_nothing(void)
{
	faults("ENOSPC", 60);
}

int
main(void)
{
	run(what_moved_is_found_as_before);
	run(only_what_is_old_enough_moves_by_itself);
	run(while_held_nothing_moves);
	run(a_reader_that_has_a_segment_open_goes_on);
	run(without_its_disk_it_is_said_which_days_cannot_be_read);
	run(what_expires_there_waits_for_its_disk);
	run(a_folder_belongs_to_one_store);
	run(what_is_there_is_not_repacked);
	run(a_kill_at_any_call_loses_nothing_and_doubles_nothing);
	run(an_error_at_any_call_loses_nothing_and_doubles_nothing);
	run(a_full_disk_at_any_call_loses_nothing_and_doubles_nothing);
	return check_done();
}
