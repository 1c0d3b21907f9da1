/* SPDX-License-Identifier: Apache-2.0 */
/* Handles that share the journal's rows (store/tails.c) see each row once, whoever reads them. */
#include "check.h"

#include "sys/thread.h"
#include "store/shelf.h"
#include "store/tails.h"
#include "test/unit/store/keep_back.h"
#include "test/unit/store/proof_store.h"

enum { READERS = 3, ROUNDS = 60 };

struct reader {
	struct thread thread;
	struct place *place;
	struct shelf *shelf;
	uint64_t *kept;			/* atomic: rows on disk so far */
	bool *over;			/* atomic */
	uint64_t looks, wrong;
};

static enum err
handle_read(struct back *b, struct store *store, struct why *why)
{
	enum err rc = store_refresh(store, why);

	*b = (struct back){ 0 };
	for (size_t i = 0; rc == OK && i < store_segments(store); i++) {
		struct segment *segment = NULL;

		if (store_segment(store, i)->stream != STREAM_RAW)
			continue;
		rc = store_segment_open(store, i, &segment, why);
		if (rc == OK)
			rc = back_segment(b, segment, why);
		store_segment_done(store, store_segment(store, i)->id, &segment);
	}
	return rc;
}

static void
reader_run(void *arg)
{
	struct reader *r = arg;
	struct store *store = NULL;
	struct why why = { "" };
	bool over;

	if (store_open_shared(&store, r->place->fd, r->place->keys.store_key, r->shelf, &why) != OK)
		r->wrong++;
	do {
		uint64_t least = __atomic_load_n(r->kept, __ATOMIC_ACQUIRE);
		struct back b;

		over = __atomic_load_n(r->over, __ATOMIC_ACQUIRE);
		if (handle_read(&b, store, &why) != OK || b.n < least || !back_is(&b, b.n, 1)) {
			printf("%llu of %llu rows, %llu doubled %s\n", (unsigned long long)b.n,
			    (unsigned long long)least, (unsigned long long)b.doubled, why.text);
			r->wrong++;
		}
		r->looks++;
		back_done(&b);
	} while (!over && r->wrong == 0);
	store_close(&store);
}

static void
handles_on_many_threads_see_each_row_once(void)
{
	struct reader reader[READERS] = { { .looks = 0 } };
	struct shelf *shelf = shelf_new(1 << 20);
	uint64_t kept = 0;
	bool over = false;
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_ENCRYPTED);
	place_rows(&p, &p.raw, 5);
	for (int i = 0; i < READERS; i++) {
		reader[i] = (struct reader){ .place = &p, .shelf = shelf, .kept = &kept,
		    .over = &over };
		check_int(thread_start(&reader[i].thread, "reader", reader_run, &reader[i], NULL),
		    OK);
	}
	for (uint32_t i = 0; i < ROUNDS; i++) {
		place_rows(&p, &p.raw, 1 + i % 30);
		__atomic_store_n(&kept, p.raw.next - 1, __ATOMIC_RELEASE);
		if (i % 7 == 3)
			place_flush(&p);
	}
	__atomic_store_n(&over, true, __ATOMIC_RELEASE);
	for (int i = 0; i < READERS; i++) {
		thread_join(&reader[i].thread);
		check_int(reader[i].wrong, 0);
		check(reader[i].looks > 0);
	}
	shelf_free(&shelf);
	place_close(&p);
	place_remove(&p);
}

static void
the_journal_is_read_once_for_all(void)
{
	struct shelf *shelf = shelf_new(1 << 20);
	struct store *a = NULL, *b = NULL;
	struct tails *tails;
	struct tail *list;
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_ENCRYPTED);
	place_rows(&p, &p.raw, 50);
	check_int(store_open_shared(&a, p.fd, p.keys.store_key, shelf, NULL), OK);
	tails = shelf_tails(shelf, p.fd, p.keys.store_key);
	list = tails_list(tails);
	check_int(store_open_shared(&b, p.fd, p.keys.store_key, shelf, NULL), OK);
	check(list != NULL && list->memory->refs == 4);		/* theirs, ours, two handles' */
	/* What one lets go the other still has. */
	place_flush(&p);
	check_int(store_refresh(a, NULL), OK);
	for (const struct tail *t = list; t != NULL; t = t->next)
		if (t->info.stream == STREAM_RAW)
			check_int(t->memory->refs, 2);		/* ours and b's */
	check_int(store_refresh(b, NULL), OK);
	for (const struct tail *t = list; t != NULL; t = t->next)
		if (t->info.stream == STREAM_RAW)
			check_int(t->memory->refs, 1);
	tail_list_free(&list);
	store_close(&a);
	store_close(&b);
	shelf_free(&shelf);
	place_close(&p);
	place_remove(&p);
}

int
main(void)
{
	run(handles_on_many_threads_see_each_row_once);
	run(the_journal_is_read_once_for_all);
	return check_done();
}
