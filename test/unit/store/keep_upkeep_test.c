/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of store/keep_upkeep and store/upkeep: repacking changes nothing that was sealed or can be
 * found, whenever it ends; what holds it up; filters that are merged by the way.
 */
#include "test/unit/store/proof_store.h"

#include <sys/mman.h>

#include "store/keep_int.h"
#include "test/unit/store/keep_back.h"
#include "test/unit/store/keep_child.h"
#include "test/unit/store/keep_whole.h"

enum {
	ROUNDS = 6,			/* segments of each stream that place_rounds makes */
	ROUND_ROWS = 53,
	RAW_ROWS = ROUNDS * (ROUND_ROWS + 5),
	EXIT_CRASH = 137,
	STEP = 9			/* of calls; TRUCBAN_SLOW=1 takes each */
};

static void
place_more(struct place *p, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		place_rows(p, &p->raw, ROUND_ROWS);
		if (i % 2 == 0)
			place_checkpoint(p);
		place_rows(p, &p->raw, 5);
		place_rows(p, &p->ledger, 1 + i % 3);
		place_flush(p);
	}
}

/* Several segments of two streams, each with some leaves; all under a checkpoint. */
static void
place_rounds(struct place *p, enum key_make make)
{
	place_make(p);
	place_open(p, make);
	place_more(p, ROUNDS);
	place_checkpoint(p);
}

static void
repack(struct place *p)
{
	keep_repack(p->keep, KEEP_REPACK_CLOSED);
	place_until(p, KEEP_REPACKED);
}

struct kept {
	size_t segments, repacked;
	uint64_t rows, raw_bytes;
	struct buf leaves;		/* tree indexes of all segments of raw, u64 each */
};

static void
kept_read(const struct place *p, struct kept *k)
{
	struct manifest *m = NULL;

	k->segments = k->repacked = 0;
	k->rows = k->raw_bytes = 0;
	k->leaves.n = 0;
	must(manifest_open(&m, p->fd, MANIFEST_READ, NULL) == OK);
	for (size_t i = 0; i < manifest_count(m); i++) {
		const struct segment_info *info = manifest_segment(m, i);
		struct cur in = cur_of(manifest_leaves(m, i));
		uint64_t n = cur_varint(&in), index = 0;

		k->segments++;
		k->repacked += info->level > 0;
		k->rows += info->rows;
		k->raw_bytes += info->raw_bytes;
		for (; n > 0 && info->stream == STREAM_RAW; n--) {
			index += cur_varint(&in);
			buf_u64(&k->leaves, index);
		}
	}
	manifest_close(&m);
}

static unsigned
files_of(const struct place *p, const char *head, const char *tail)
{
	struct files files;
	unsigned n = 0;

	files_list(p, &files);
	for (unsigned i = 0; i < files.n; i++) {
		const char *name = files.name[i];
		size_t len = strlen(name), t = strlen(tail);

		n += strncmp(name, head, strlen(head)) == 0 && len >= t &&
		    strcmp(name + len - t, tail) == 0;
	}
	return n;
}

static void
proof_of(const struct place *p, uint64_t seq, struct buf *out)
{
	struct why why = { "" };

	out->n = 0;
	if (!check(proof_row(p->fd, p->keys.has_store_key ? p->keys.store_key : NULL, STREAM_RAW,
	    seq, out, &why) == OK))
		printf("proof of %llu: %s\n", (unsigned long long)seq, why.text);
}

static bool
status_has(struct place *p, const char *words)
{
	struct buf status = { 0 };
	bool has;

	keep_status(p->keep, &status);
	buf_u8(&status, 0);
	has = strstr((const char *)status.p, words) != NULL;
	buf_done(&status);
	return has;
}

static void
repacks(enum key_make make)
{
	static const uint64_t seq[] = { 1, 53, 54, 59, 170, RAW_ROWS };
	struct buf proof[sizeof seq / sizeof seq[0]] = { { 0 } }, now = { 0 };
	struct kept before = { 0 }, after = { 0 };
	struct place p;

	place_rounds(&p, make);
	check(whole(&p, RAW_ROWS));
	kept_read(&p, &before);
	check_int(before.segments, 2 * ROUNDS);
	for (size_t i = 0; i < sizeof seq / sizeof seq[0]; i++)
		proof_of(&p, seq[i], &proof[i]);
	repack(&p);
	kept_read(&p, &after);
	check_int(after.segments, 2);
	check_int(after.repacked, 2);
	check_int(after.rows, before.rows);
	check_int(after.raw_bytes, before.raw_bytes);
	check(span_eq(buf_span(&before.leaves), buf_span(&after.leaves)));
	for (size_t i = 0; i < sizeof seq / sizeof seq[0]; i++) {
		proof_of(&p, seq[i], &now);
		check(span_eq(buf_span(&now), buf_span(&proof[i])));
		buf_done(&proof[i]);
	}
	check(whole(&p, RAW_ROWS));
	check(status_has(&p, "\"segments_repacked\":12,"));
	/* Queries that were begun before find the old files, until the store is closed. */
	check_int(files_of(&p, "segment/", ".seg"), 2 * ROUNDS + 2);
	place_close(&p);
	check_int(files_of(&p, "segment/", ""), 4);
	check(whole(&p, RAW_ROWS));
	buf_done(&now);
	buf_done(&before.leaves);
	buf_done(&after.leaves);
	place_remove(&p);
}

static void
rows_leaves_and_proofs_are_those_of_before(void)
{
	repacks(KEY_MAKE_PLAIN);
	repacks(KEY_MAKE_ENCRYPTED);
}

static void
the_next_life_goes_on_behind_repacked_segments(void)
{
	struct place p;

	place_rounds(&p, KEY_MAKE_ENCRYPTED);
	repack(&p);
	place_close(&p);
	place_open(&p, KEY_MAKE_ENCRYPTED);
	p.raw.next = RAW_ROWS + 1;
	place_rows(&p, &p.raw, 40);
	place_flush(&p);
	repack(&p);
	place_checkpoint(&p);
	check(whole(&p, RAW_ROWS + 40));
	place_close(&p);
	check(whole(&p, RAW_ROWS + 40));
	place_remove(&p);
}

static void
closed_days_are_repacked_unasked(void)
{
	struct place p;

	place_rounds(&p, KEY_MAKE_PLAIN);
	p.keep->next_repack_ns = 0;	/* the hour has come */
	for (unsigned i = 0; i < 1000 && !status_has(&p, "\"segments_repacked\":12,"); i++)
		keep_wait(p.keep, 10);
	check(status_has(&p, "\"segments_repacked\":12,"));
	place_close(&p);
	place_remove(&p);
}

static void
a_day_that_is_not_over_is_left_alone(void)
{
	struct kept kept = { 0 };
	struct place p;

	clock_set_offset_ns(0);
	clock_set_offset_ns(INT64_C(1790000000000000000) - clock_wall_ns());
	place_rounds(&p, KEY_MAKE_PLAIN);
	repack(&p);
	kept_read(&p, &kept);
	check_int(kept.repacked, 0);
	keep_repack(p.keep, KEEP_REPACK_ALL);
	place_until(&p, KEEP_REPACKED);
	kept_read(&p, &kept);
	check_int(kept.repacked, 2);
	check(whole(&p, RAW_ROWS));
	place_close(&p);
	clock_set_offset_ns(0);
	buf_done(&kept.leaves);
	place_remove(&p);
}

static void
who_waits_for_a_repacking_hears_how_far_it_is(void)
{
	struct buf said = { 0 };
	struct place p;

	place_rounds(&p, KEY_MAKE_PLAIN);
	keep_repack(p.keep, KEEP_REPACK_CLOSED);
	keep_progress(p.keep, KEEP_REPACKED, 0, &said);
	check(span_starts(buf_span(&said), SPAN("still working: 0 of ")));
	while (span_starts(buf_span(&said), SPAN("still working: 0 of "))) {
		keep_turn(p.keep);
		said.n = 0;
		keep_progress(p.keep, KEEP_REPACKED, INT64_C(600000000000), &said);
	}
	check(span_holds(buf_span(&said), " left\n") || span_holds(buf_span(&said), " merged\n"));
	place_until(&p, KEEP_REPACKED);
	buf_done(&said);
	place_close(&p);
	place_remove(&p);
}

static void
while_held_no_segment_is_replaced_and_no_file_goes(void)
{
	struct kept kept = { 0 };
	struct place p;

	place_rounds(&p, KEY_MAKE_PLAIN);
	keep_repack(p.keep, KEEP_REPACK_CLOSED);
	keep_turn(p.keep);		/* begins the work */
	keep_hold(p.keep, 100);
	for (unsigned i = 0; i < 50; i++)
		keep_wait(p.keep, 10);
	kept_read(&p, &kept);
	check_int(kept.segments, 2 * ROUNDS);
	check_int(kept.repacked, 0);
	keep_hold(p.keep, 0);
	place_until(&p, KEEP_REPACKED);
	kept_read(&p, &kept);
	check_int(kept.segments, 2);
	/* The old files stay while the next hold lasts, also over the end of this life. */
	keep_hold(p.keep, 100);
	place_close(&p);
	check_int(files_of(&p, "segment/", ".seg"), 2 * ROUNDS + 2);
	place_open(&p, KEY_MAKE_PLAIN);
	check_int(files_of(&p, "segment/", ".seg"), 2);
	check(whole(&p, RAW_ROWS));
	place_close(&p);
	buf_done(&kept.leaves);
	place_remove(&p);
}

static void
what_is_repacked_expires_with_one_leaf(void)
{
	struct kept kept = { 0 };
	struct place p;

	clock_set_offset_ns(0);
	place_rounds(&p, KEY_MAKE_PLAIN);
	repack(&p);
	/* 90 days are over; the ledger stays for ever. */
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
	keep_expire(p.keep);
	keep_repack(p.keep, KEEP_REPACK_CLOSED);
	place_until(&p, KEEP_EXPIRED);
	place_until(&p, KEEP_REPACKED);
	kept_read(&p, &kept);
	check_int(kept.segments, 1);
	check(status_has(&p, "\"segments_dropped\":1,"));
	place_checkpoint(&p);
	is_clean(&p);
	place_close(&p);
	clock_set_offset_ns(0);
	is_clean(&p);
	check_int(files_of(&p, "segment/", ".seg"), 1);
	buf_done(&kept.leaves);
	place_remove(&p);
}

static void
expiry_waits_for_a_repacking_and_takes_its_rows_all_the_same(void)
{
	struct kept kept = { 0 };
	struct place p;

	clock_set_offset_ns(0);
	place_rounds(&p, KEY_MAKE_PLAIN);
	keep_repack(p.keep, KEEP_REPACK_CLOSED);
	keep_turn(p.keep);		/* begins the work, */
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
	keep_expire(p.keep);		/* and all that it works on is too old */
	place_until(&p, KEEP_EXPIRED);
	place_until(&p, KEEP_REPACKED);
	kept_read(&p, &kept);
	check_int(kept.segments, 1);
	place_checkpoint(&p);
	is_clean(&p);
	place_close(&p);
	clock_set_offset_ns(0);
	check_int(files_of(&p, "segment/", ".seg"), 1);
	buf_done(&kept.leaves);
	place_remove(&p);
}

static void
while_held_nothing_expires_that_was_about_to(void)
{
	struct place p;

	clock_set_offset_ns(0);
	place_rounds(&p, KEY_MAKE_PLAIN);
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
	keep_expire(p.keep);
	keep_turn(p.keep);		/* the leaves are on their way */
	keep_hold(p.keep, 100);
	for (unsigned i = 0; i < 50; i++)
		keep_wait(p.keep, 10);
	check_int(files_of(&p, "segment/", ".seg"), 2 * ROUNDS);
	keep_hold(p.keep, 0);
	place_until(&p, KEEP_EXPIRED);
	check_int(files_of(&p, "segment/", ".seg"), ROUNDS);
	place_close(&p);
	clock_set_offset_ns(0);
	is_clean(&p);
	place_remove(&p);
}

static void
a_damaged_segment_stays_as_it_is(void)
{
	const struct found *found;
	struct kept kept = { 0 };
	struct verdict v;
	struct files files;
	const char *name = NULL;
	struct place p;

	place_rounds(&p, KEY_MAKE_PLAIN);
	files_list(&p, &files);
	name = files_find(&files, "segment/", "0000000000000005.seg");
	must(name != NULL);
	file_poke(&p, name, 250, 0x10);
	repack(&p);
	kept_read(&p, &kept);
	/* Its neighbours on both sides are repacked without it. */
	check_int(kept.segments, 4);
	check_int(kept.repacked, 3);
	verify(&p, &v);
	found = has(&v, PROOF_SEGMENT);
	check(found != NULL && strcmp(found->file, name) == 0);
	place_close(&p);
	buf_done(&kept.leaves);
	place_remove(&p);
}

static void
a_segment_that_ended_two_lives_stays_as_it_is(void)
{
	struct kept kept = { 0 };
	struct place p;

	place_rounds(&p, KEY_MAKE_PLAIN);
	place_close(&p);
	/* What the crash handler leaves, twice: state/current, see struct keep_note. */
	for (int life = 0; life < 2; life++) {
		uint64_t what = UINT64_C(0xff00000000000005);
		int fd = openat(p.fd, "state/current", O_RDWR);

		check(pwrite(fd, &what, sizeof what, 32) == sizeof what);
		close(fd);
		place_open(&p, KEY_MAKE_PLAIN);
		place_close(&p);
	}
	place_open(&p, KEY_MAKE_PLAIN);
	repack(&p);
	kept_read(&p, &kept);
	check_int(kept.segments, 4);
	check_int(kept.repacked, 3);
	check(whole(&p, RAW_ROWS));
	place_close(&p);
	buf_done(&kept.leaves);
	place_remove(&p);
}

/* ---- crashes and errors ---- */

/* Repacks with faults, in a child. */
static void
live(void *arg, const struct faults *f)
{
	struct place *p = arg;

	place_open(p, KEY_MAKE_PLAIN);
	faults_begin(f);
	keep_repack(p->keep, KEEP_REPACK_CLOSED);
	place_try(p, KEEP_REPACKED);
	keep_close(&p->keep);
}

/* The next life finds all rows, tidies up and repacks what is left. */
static bool
goes_on(struct place *p, uint64_t n)
{
	struct kept kept = { 0 };
	bool good;

	place_open(p, KEY_MAKE_PLAIN);
	good = whole(p, n);
	repack(p);
	kept_read(p, &kept);
	good &= check_int(kept.repacked, kept.segments);
	place_close(p);
	good &= whole(p, n);
	good &= check_int(files_of(p, "segment/", ""), 2 * kept.segments);
	buf_done(&kept.leaves);
	return good;
}

/* A few segments more for each fault, from the first call to the last; now and then a new store. */
static void
faults(const char *how, unsigned last)
{
	unsigned step = getenv("TRUCBAN_SLOW") != NULL ? 1 : STEP;
	int status = EXIT_CRASH;
	struct place p;
	uint64_t rows = 0;

	place_make(&p);
	for (unsigned n = 1, i = 1; n < last && (how != NULL || status == EXIT_CRASH);
	    n += step, i++) {
		char at[16];

		if (i % 8 == 0) {
			place_remove(&p);
			place_make(&p);
			rows = 0;
		}
		place_open(&p, KEY_MAKE_PLAIN);
		p.raw.next = rows + 1;
		place_more(&p, 2);
		rows = p.raw.next - 1;
		place_close(&p);
		(void)snprintf(at, sizeof at, "%u", n);
		status = child_run(live, &p, how == NULL ? &(struct faults){ .crash_at = at } :
		    &(struct faults){ .at = at, .how = how });
		check(status == 0 || (how == NULL && status == EXIT_CRASH));
		if (!goes_on(&p, rows)) {
			printf("at call %u: %s\n", n, how != NULL ? how : "killed");
			break;
		}
	}
	check(how != NULL || status == 0);
	place_remove(&p);
}

static void
a_kill_at_any_call_changes_nothing_that_is_found(void)
{
	faults(NULL, 1000);
}

static void
an_error_at_any_call_changes_nothing_that_is_found(void)
{
	faults("EIO", 100);
	faults("ENOSPC", 100);
}

enum { MANY = 260 };			/* a group is made of 256 */

/* Which segments may hold the words that rows have, and one that none has: by number of row. */
struct answers {
	uint8_t may[MANY + 1][8];
	unsigned yes;
};

static void
answers_get(const struct place *p, struct answers *a)
{
	struct store *store = NULL;

	memset(a, 0, sizeof *a);
	must(store_open(&store, p->fd, p->keys.store_key, NULL) == OK);
	must(store_segments(store) == MANY);
	for (size_t i = 0; i < MANY; i++) {
		uint64_t first = store_segment(store, i)->first_seq;

		for (unsigned k = 0; k < sizeof a->may[0]; k++) {
			char word[16] = "nowhere";
			uint64_t token;

			if (k > 0)
				(void)snprintf(word, sizeof word, "%08u", k * 37);
			token = store_token_hash(span_str(word), false);
			a->may[(first + 1) / 2][k] = store_may_hold(store, i, &token, 1);
			a->yes += a->may[(first + 1) / 2][k];
			/* Rows 37, 74 ... have these numbers in their text. */
			if (k > 0 && (first == k * 37 || first + 1 == k * 37))
				check(a->may[(first + 1) / 2][k] == 1);
		}
	}
	store_close(&store);
}

static void
filters_of_many_segments_are_merged_and_go_with_them(void)
{
	static struct answers before, after;
	struct place p;

	clock_set_offset_ns(0);
	clock_set_offset_ns(INT64_C(1790000000000000000) - clock_wall_ns());
	place_make(&p);
	place_open(&p, KEY_MAKE_ENCRYPTED);
	for (unsigned i = 0; i < MANY; i++) {
		place_rows(&p, &p.raw, 2);
		place_flush(&p);
	}
	answers_get(&p, &before);
	repack(&p);			/* the day is not over: only the filters are merged */
	check_int(files_of(&p, "filter/", ".tbf"), 1);
	answers_get(&p, &after);
	check(memcmp(&before, &after, sizeof before) == 0);
	check(before.yes < MANY);
	check(whole(&p, 2 * MANY));
	clock_set_offset_ns(0);
	repack(&p);
	check_int(files_of(&p, "filter/", ".tbf"), 0);
	check(whole(&p, 2 * MANY));
	place_close(&p);
	place_remove(&p);
}

int
main(void)
{
	run(rows_leaves_and_proofs_are_those_of_before);
	run(the_next_life_goes_on_behind_repacked_segments);
	run(closed_days_are_repacked_unasked);
	run(a_day_that_is_not_over_is_left_alone);
	run(who_waits_for_a_repacking_hears_how_far_it_is);
	run(while_held_no_segment_is_replaced_and_no_file_goes);
	run(what_is_repacked_expires_with_one_leaf);
	run(expiry_waits_for_a_repacking_and_takes_its_rows_all_the_same);
	run(while_held_nothing_expires_that_was_about_to);
	run(a_damaged_segment_stays_as_it_is);
	run(a_segment_that_ended_two_lives_stays_as_it_is);
	run(a_kill_at_any_call_changes_nothing_that_is_found);
	run(an_error_at_any_call_changes_nothing_that_is_found);
	run(filters_of_many_segments_are_merged_and_go_with_them);
	return check_done();
}
