/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of store/reindex over a store that a real keeper made: the derived part comes again, the
 * sealed part is only read, and event times are those of before.
 */
#include "test/unit/store/proof_store.h"

#include "store/reindex.h"
#include "store/segment.h"
#include "store/store.h"

enum { SEGMENTS = 5, ROWS = 30 };

/* Event times of all rows of raw, by sequence number. */
struct times {
	int64_t ns[SEGMENTS * ROWS + 1];
	unsigned n;
};

/* What the writer of keep_rows.h says. */
static int64_t
on_time(void *ctx, uint8_t format, struct span record, int64_t recv_ns)
{
	unsigned *asked = ctx;

	check_int(format, FORMAT_RFC5424);
	check(record.n > 100 && record.p[0] == '<');
	(*asked)++;
	return recv_ns - 5000;
}

static const uint8_t *
key_of(const struct place *p)
{
	return p->keys.has_store_key ? p->keys.store_key : NULL;
}

static void
place_segments(struct place *p, enum key_make make)
{
	place_make(p);
	place_open(p, make);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		place_rows(p, &p->raw, ROWS);
		place_flush(p);
	}
	place_checkpoint(p);
	place_close(p);
}

static void
times_of(const struct place *p, struct times *times)
{
	struct store *store = NULL;
	struct why why = { "" };

	memset(times, 0, sizeof *times);
	must(store_open(&store, p->fd, key_of(p), &why) == OK);
	for (size_t i = 0; i < store_segments(store); i++) {
		struct segment *s = NULL;
		const uint64_t *seq;
		const int64_t *ns;

		must(store_segment_open(store, i, &s, &why) == OK);
		if (!check(segment_time(s, &ns, &why) == OK))
			printf("%s\n", why.text);
		else if (check(segment_seq(s, &seq, &why) == OK))
			for (uint32_t row = 0; row < segment_rows(s); row++, times->n++)
				times->ns[seq[row]] = ns[row];
		segment_free(&s);
	}
	store_close(&store);
}

struct outcome {
	unsigned done[3];		/* by enum reindex_done */
	unsigned failed, asked;
};

static struct outcome
reindex(const struct place *p, bool missing_only)
{
	struct outcome o = { { 0 }, 0, 0 };
	struct reindex_how how = { .dirfd = p->fd, .key = key_of(p),
	    .missing_only = missing_only, .time = on_time, .ctx = &o.asked };
	struct store *store = NULL;
	struct why why = { "" };

	must(store_open(&store, p->fd, how.key, &why) == OK);
	for (size_t i = 0; i < store_segments(store); i++) {
		enum reindex_done done = REINDEX_KEPT;

		if (reindex_segment(&how, store_segment(store, i), &done, &why) == OK)
			o.done[done]++;
		else
			o.failed++;
	}
	store_close(&store);
	return o;
}

/* The n-th file of this kind, from 0. */
static const char *
nth(struct files *files, const struct place *p, const char *tail, unsigned n)
{
	files_list(p, files);
	for (unsigned i = 0; i < files->n; i++) {
		size_t len = strlen(files->name[i]);

		if (strncmp(files->name[i], "segment/", 8) == 0 && len > 4 &&
		    strcmp(files->name[i] + len - 4, tail) == 0 && n-- == 0)
			return files->name[i];
	}
	return NULL;
}

static void
made_again(enum key_make make)
{
	struct times before, after;
	struct outcome o;
	struct files files;
	struct place p;

	place_segments(&p, make);
	times_of(&p, &before);
	check_int(before.n, SEGMENTS * ROWS);
	/* All whole: times are taken from what is there. */
	o = reindex(&p, false);
	check_int(o.done[REINDEX_MADE], SEGMENTS);
	check_int(o.asked, 0);
	o = reindex(&p, true);
	check_int(o.done[REINDEX_KEPT], SEGMENTS);
	/* One is gone, one is damaged, one is cut: their times are read from the records. */
	check_int(file_unlink(p.fd, nth(&files, &p, ".idx", 0), NULL), OK);
	file_poke(&p, nth(&files, &p, ".idx", 1), 200, 0x40);
	file_put(&p, nth(&files, &p, ".idx", 2), SPAN("TBIDX001"));
	o = reindex(&p, true);
	check_int(o.done[REINDEX_KEPT], SEGMENTS - 3);
	check_int(o.done[REINDEX_MADE_TIMES], 3);
	check_int(o.failed, 0);
	check_int(o.asked, 3 * ROWS);
	times_of(&p, &after);
	check(memcmp(&before, &after, sizeof before) == 0);
	is_clean(&p);
	place_remove(&p);
}

static void
the_derived_part_comes_again_with_the_same_times(void)
{
	made_again(KEY_MAKE_PLAIN);
}

static void
it_does_in_an_encrypted_store_too(void)
{
	made_again(KEY_MAKE_ENCRYPTED);
}

static void
a_damaged_sealed_part_gives_no_derived_one(void)
{
	struct buf before = { 0 }, after = { 0 };
	struct outcome o;
	struct files files;
	char sealed[128];
	const char *derived;
	struct place p;

	place_segments(&p, KEY_MAKE_PLAIN);
	derived = nth(&files, &p, ".idx", 0);
	(void)snprintf(sealed, sizeof sealed, "%.*s.seg", (int)strlen(derived) - 4, derived);
	file_get(&p, derived, &before);
	file_poke(&p, sealed, 250, 1);
	o = reindex(&p, false);
	check_int(o.failed, 1);
	check_int(o.done[REINDEX_MADE], SEGMENTS - 1);
	file_get(&p, derived, &after);
	check(span_eq(buf_span(&before), buf_span(&after)));
	buf_done(&before);
	buf_done(&after);
	place_remove(&p);
}

static void
a_segment_that_went_meanwhile_is_absent(void)
{
	struct segment_info info = { .id = 77, .recv_min_ns = 1790000000000000000, .rows = 1 };
	struct reindex_how how = { .time = on_time };
	enum reindex_done done = REINDEX_KEPT;
	struct place p;

	place_segments(&p, KEY_MAKE_PLAIN);
	how.dirfd = p.fd;
	check_int(reindex_segment(&how, &info, &done, NULL), ERR_ABSENT);
	place_remove(&p);
}

static void
merged_filters_are_forgotten(void)
{
	struct place p;

	place_segments(&p, KEY_MAKE_PLAIN);
	check_int(reindex_groups_drop(p.fd, NULL), OK);
	must(dir_make(p.fd, "filter", 0700, NULL) == OK);
	file_put(&p, "filter/0000000000000001.tbf", SPAN("TBFLT001"));
	file_put(&p, "filter/note", SPAN("not ours"));
	check_int(reindex_groups_drop(p.fd, NULL), OK);
	check(faccessat(p.fd, "filter/0000000000000001.tbf", F_OK, 0) != 0);
	check(faccessat(p.fd, "filter/note", F_OK, 0) == 0);
	place_remove(&p);
}

int
main(void)
{
	run(the_derived_part_comes_again_with_the_same_times);
	run(it_does_in_an_encrypted_store_too);
	run(a_damaged_sealed_part_gives_no_derived_one);
	run(a_segment_that_went_meanwhile_is_absent);
	run(merged_filters_are_forgotten);
	return check_done();
}
