/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of legal holds: what is held stays through retention, a full disk, repacking, restarts and
 * kills; what is not, goes; and what went all the same is found by verification.
 */
#include "test/unit/store/proof_store.h"

#include <sys/mman.h>

#include "model/pin.h"
#include "store/manifest.h"
#include "test/unit/store/keep_back.h"
#include "test/unit/store/keep_child.h"

enum { ROUND_ROWS = 40, EXIT_CRASH = 137, STEP = 7 };

/* Long after the 90 days of the rows of September 2026. */
static void
years_pass(void)
{
	clock_set_offset_ns(0);
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
}

static struct pin
pin_make(const char *name)
{
	struct pin pin = { .stream = PIN_ANY, .class = PIN_ANY, .first_seq = 1,
	    .last_seq = UINT64_MAX, .from_ns = INT64_MIN, .to_ns = INT64_MAX };

	must(pin_text(pin.name, sizeof pin.name, span_str(name)));
	must(pin_text(pin.who, sizeof pin.who, SPAN("uid 0")));
	must(pin_text(pin.why, sizeof pin.why, SPAN("công văn 12/CA, vụ việc 7")));
	return pin;
}

static void
place_pin(struct place *p, const struct pin *pin)
{
	struct why why = { "" };

	if (!check(keep_pin(p->keep, pin, &why) == OK))
		printf("%s\n", why.text);
	place_until(p, KEEP_PINNED);
}

static void
place_unpin(struct place *p, const char *name)
{
	check(keep_unpin(p->keep, span_str(name), SPAN("uid 0"), SPAN("xong việc"), NULL) == OK);
	place_until(p, KEEP_PINNED);
}

static void
place_expire(struct place *p)
{
	years_pass();
	keep_expire(p->keep);
	place_until(p, KEEP_EXPIRED);
}

/* Three segments of raw: rows 1 to 40, 41 to 80, 81 to 120. */
static void
place_three(struct place *p)
{
	clock_set_offset_ns(0);
	place_make(p);
	place_open(p, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 3; i++) {
		place_rows(p, &p->raw, ROUND_ROWS);
		place_flush(p);
	}
}

/* The raw rows that a reader finds are exactly first..last; none: 0, 0. */
static void
rows_are(const struct place *p, uint64_t first, uint64_t last)
{
	struct why why = { "" };
	struct back b;

	if (!check(back_read(&b, p->fd, NULL, STREAM_RAW, &why) == OK))
		printf("%s\n", why.text);
	check_int(b.n, first > 0 ? last - first + 1 : 0);
	check_int(b.doubled, 0);
	for (uint64_t seq = first; first > 0 && seq <= last && seq < b.cap; seq++)
		check(b.number[seq] == seq);
	back_done(&b);
}

static size_t
holds_of(const struct place *p)
{
	struct manifest *m = NULL;
	size_t n = 0;

	if (check(manifest_open(&m, p->fd, MANIFEST_READ, NULL) == OK))
		n = manifest_holds(m);
	manifest_close(&m);
	return n;
}

static bool
status_has(struct place *p, const char *words)
{
	struct buf status = { 0 };
	bool has;

	keep_status(p->keep, &status);
	has = memmem(status.p, status.n, words, strlen(words)) != NULL;
	buf_done(&status);
	return has;
}

static void
place_end(struct place *p)
{
	place_checkpoint(p);
	is_clean(p);
	place_close(p);
	clock_set_offset_ns(0);
	is_clean(p);
	place_remove(p);
}

static void
what_is_held_stays_when_its_days_are_over_and_goes_when_released(void)
{
	struct pin pin = pin_make("vụ 7");
	struct place p;

	place_three(&p);
	place_pin(&p, &pin);
	check(status_has(&p, "\"holds\":1,\"segments_held\":3,"));
	place_expire(&p);
	rows_are(&p, 1, 120);
	place_unpin(&p, "vụ 7");
	check_int(holds_of(&p), 0);
	place_expire(&p);
	rows_are(&p, 0, 0);
	place_end(&p);
}

static void
only_segments_with_a_held_number_stay(void)
{
	struct pin pin = pin_make("numbers");
	struct place p;

	place_three(&p);
	pin.stream = STREAM_RAW;
	pin.first_seq = 50;
	pin.last_seq = 60;
	place_pin(&p, &pin);
	place_expire(&p);
	rows_are(&p, 41, 80);
	place_end(&p);
}

static void
only_segments_of_the_held_time_stay(void)
{
	const int64_t row_ns = 1000, begin_ns = INT64_C(1790000000000000000);
	struct pin pin = pin_make("time");
	struct place p;

	place_three(&p);
	pin.from_ns = begin_ns + 81 * row_ns;
	pin.to_ns = begin_ns + 90 * row_ns;
	place_pin(&p, &pin);
	place_expire(&p);
	rows_are(&p, 81, 120);
	place_end(&p);
}

static void
a_hold_of_another_class_or_stream_holds_nothing(void)
{
	struct pin pin = pin_make("class"), other = pin_make("stream");
	struct place p;

	place_three(&p);
	pin.class = 1;
	other.stream = STREAM_FINDINGS;
	place_pin(&p, &pin);
	place_pin(&p, &other);
	check(status_has(&p, "\"holds\":2,\"segments_held\":0,"));
	place_expire(&p);
	rows_are(&p, 0, 0);
	place_end(&p);
}

static void
rows_that_come_after_the_hold_began_are_held_too(void)
{
	struct pin pin = pin_make("open");
	struct place p;

	clock_set_offset_ns(0);
	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 30);	/* in the journal only */
	place_pin(&p, &pin);
	place_rows(&p, &p.raw, 30);
	place_flush(&p);
	place_expire(&p);
	rows_are(&p, 1, 60);
	place_end(&p);
}

static void
a_hold_that_comes_before_expiry_in_the_same_turn_wins(void)
{
	struct pin pin = pin_make("race");
	struct place p;

	place_three(&p);
	years_pass();
	keep_expire(p.keep);
	check(keep_pin(p.keep, &pin, NULL) == OK);
	place_until(&p, KEEP_EXPIRED);
	place_until(&p, KEEP_PINNED);
	rows_are(&p, 1, 120);
	place_end(&p);
}

static void
what_was_on_its_way_out_goes_before_the_hold_is_confirmed(void)
{
	struct pin pin = pin_make("late");
	struct place p;

	place_three(&p);
	years_pass();
	keep_expire(p.keep);
	keep_turn(p.keep);		/* the leaves are on their way */
	check(keep_pin(p.keep, &pin, NULL) == OK);
	place_until(&p, KEEP_PINNED);
	rows_are(&p, 0, 0);
	place_end(&p);			/* no rule was broken: they went first */
}

static void
a_hold_outlives_restarts_and_clocks_that_jump(void)
{
	struct pin pin = pin_make("long");
	struct place p;

	place_three(&p);
	place_pin(&p, &pin);
	for (unsigned life = 0; life < 3; life++) {
		place_close(&p);
		years_pass();
		place_open(&p, KEY_MAKE_PLAIN);
		check(status_has(&p, "\"holds\":1,\"segments_held\":3,"));
		place_expire(&p);
		rows_are(&p, 1, 120);
		clock_set_offset_ns(-INT64_C(400) * 86400 * 1000000000);
	}
	clock_set_offset_ns(0);
	place_unpin(&p, "long");
	place_expire(&p);
	rows_are(&p, 0, 0);
	place_close(&p);
	clock_set_offset_ns(0);
	place_remove(&p);
}

static void
repacking_does_not_mix_what_is_held_with_what_is_not(void)
{
	struct pin pin = pin_make("middle");
	struct place p;

	place_three(&p);
	place_rows(&p, &p.raw, ROUND_ROWS);
	place_flush(&p);
	pin.stream = STREAM_RAW;
	pin.first_seq = 50;
	pin.last_seq = 90;		/* the second and the third of four */
	place_pin(&p, &pin);
	keep_repack(p.keep, KEEP_REPACK_CLOSED);
	place_until(&p, KEEP_REPACKED);
	check(status_has(&p, "\"segments_repacked\":4,"));
	check(status_has(&p, "\"holds\":1,\"segments_held\":1,"));
	rows_are(&p, 1, 160);
	place_expire(&p);
	rows_are(&p, 41, 120);
	place_end(&p);
}

static void
two_of_one_name_and_one_too_many_are_refused(void)
{
	struct pin pin = pin_make("one");
	struct why why = { "" };
	struct place p;

	place_three(&p);
	place_pin(&p, &pin);
	check(keep_pin(p.keep, &pin, &why) == ERR_BUSY && strstr(why.text, "one") != NULL);
	check(keep_unpin(p.keep, SPAN("two"), SPAN(""), SPAN("x"), &why) == ERR_ABSENT);
	for (unsigned i = 1; i < LIMIT_HOLDS; i++) {
		(void)snprintf(pin.name, sizeof pin.name, "hold %u", i);
		check(keep_pin(p.keep, &pin, NULL) == OK);
	}
	place_until(&p, KEEP_PINNED);
	(void)snprintf(pin.name, sizeof pin.name, "one more");
	check(keep_pin(p.keep, &pin, &why) == ERR_LIMIT);
	pin = pin_make("");
	check(keep_pin(p.keep, &pin, &why) == ERR_FORMAT);
	place_close(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check(status_has(&p, "\"holds\":64,"));
	place_unpin(&p, "hold 7");
	check_int(holds_of(&p), LIMIT_HOLDS - 1);
	place_end(&p);
}

/* A disk that is always full, for a class that may be shortened. */
static void
place_full(struct place *p)
{
	struct keep_conf conf = { .dirfd = p->fd, .machine = "here", .nclass = 2,
	    .class = { { "standard", 90, KEEP_FULL_SHORTEN }, { "long", 0, 0 } },
	    .reserve_bytes = UINT64_C(1) << 60 };

	must(keys_load(&p->keys, p->fd, NULL) == OK);
	conf.seal_seed = p->keys.seed;
	conf.origin = p->keys.origin;
	must(keep_open(&p->keep, &conf, NULL) == OK);
	memset(p->came, 0, sizeof p->came);
	writer_open(&p->raw, p->keep, 1, STREAM_RAW, 0, 3);
	writer_open(&p->ledger, p->keep, 2, STREAM_LEDGER, 1, 2);
}

static void
a_full_disk_takes_what_is_not_held(void)
{
	struct pin pin = pin_make("full");
	struct place p;

	place_three(&p);
	pin.stream = STREAM_RAW;
	pin.last_seq = 40;
	place_pin(&p, &pin);
	place_close(&p);
	place_full(&p);
	for (unsigned i = 0; i < 1000 && !status_has(&p, "\"segments_kept\":1,"); i++)
		keep_wait(p.keep, 10);
	rows_are(&p, 1, 40);
	place_until(&p, KEEP_ALARM);
	place_checkpoint(&p);
	place_close(&p);
	rows_are(&p, 1, 40);
	place_remove(&p);
}

/* The hold is taken out of the manifest, as somebody with a knife would. */
static void
hold_cut_out(const struct place *p)
{
	struct manifest *m = NULL;
	struct pin pin;

	must(manifest_open(&m, p->fd, MANIFEST_WRITE, NULL) == OK);
	pin = *manifest_hold(m, 0);
	must(manifest_hold_end(m, &pin, NULL) == OK);
	manifest_close(&m);
}

static void
held_rows_that_went_are_found_by_verification(void)
{
	struct pin pin = pin_make("vụ 8");
	const struct found *f = NULL;
	struct verdict v;
	struct place p;

	place_three(&p);
	pin.stream = STREAM_RAW;
	pin.first_seq = 50;
	pin.last_seq = 120;
	place_pin(&p, &pin);
	/* Until its leaf is in no file of the journal any more, from which it would come back. */
	for (unsigned i = 0; i < 30; i++)
		place_rows(&p, &p.raw, 1000);
	place_flush(&p);
	place_checkpoint(&p);
	place_close(&p);
	hold_cut_out(&p);
	verify(&p, &v);			/* before anything went */
	f = verdict_find(&v, PROOF_MANIFEST);
	check(f != NULL && f->rule == 17 && f->grade == PROOF_WARN);
	place_open(&p, KEY_MAKE_PLAIN);
	place_expire(&p);
	place_checkpoint(&p);
	place_close(&p);
	clock_set_offset_ns(0);
	verify(&p, &v);
	f = verdict_find(&v, PROOF_DROP);
	check(f != NULL && f->rule == 17 && f->grade == PROOF_BAD);
	check(f != NULL && f->first_seq == 41 && strstr(f->text, "vụ 8") != NULL);
	check_int(v.result.count[PROOF_BAD], 2);	/* the second and the third segment */
	place_remove(&p);
}

static void
a_hold_in_a_damaged_manifest_comes_back_from_the_seal(void)
{
	struct pin pin = pin_make("damaged");
	struct buf bytes = { 0 };
	uint8_t *at;
	struct place p;
	int fd = -1;

	place_three(&p);
	place_pin(&p, &pin);
	place_checkpoint(&p);
	place_rows(&p, &p.raw, 10);
	place_flush(&p);		/* a record behind it */
	place_close(&p);
	must(file_read_whole(p.fd, "manifest", 1 << 20, &bytes, NULL) == OK);
	at = memmem(bytes.p, bytes.n, "damaged", 7);
	must(at != NULL);
	must(file_open(&fd, p.fd, "manifest", FILE_READ_WRITE, NULL) == OK);
	must(file_pwrite_all(fd, SPAN("D"), (uint64_t)(at - bytes.p), NULL) == OK);
	file_close(&fd);
	place_open(&p, KEY_MAKE_PLAIN);
	check(status_has(&p, "\"holds\":1,\"segments_held\":4,"));
	check_int(holds_of(&p), 1);
	place_close(&p);
	buf_done(&bytes);
	place_remove(&p);
}

/* A disk that fails for good while a hold begins: who asked is told, and does not wait. */
static void
live_failing(void *arg, const struct faults *f)
{
	struct pin pin = pin_make("failing");
	struct keep_event e;
	struct place *p = arg;
	bool told_why = false;

	place_open(p, KEY_MAKE_PLAIN);
	place_checkpoint(p);
	faults_begin(f);
	if (keep_pin(p->keep, &pin, NULL) != OK)
		_exit(1);
	for (unsigned i = 0; i < 500 && !told_why; i++) {
		keep_wait(p->keep, 10);
		while (keep_event(p->keep, &e))
			told_why |= e.type == KEEP_PINNED && e.text.n > 0;
	}
	_exit(told_why ? 0 : 2);
}

static void
a_disk_that_fails_for_good_is_told_to_who_asked(void)
{
	struct place p;

	place_three(&p);
	place_close(&p);
	check_int(child_run(live_failing, &p, &(struct faults){ .call = "file_sync_data",
	    .at = "1+", .how = "EIO" }), 0);
	place_remove(&p);
}

/* ---- kills ---- */

static struct told {
	volatile bool held, ending, ended;
} *told;

/* A hold begins, expiry runs, it ends, expiry runs again. */
static void
live(void *arg, const struct faults *f)
{
	struct pin pin = pin_make("killed");
	struct place *p = arg;

	place_open(p, KEY_MAKE_PLAIN);
	pin.stream = STREAM_RAW;
	pin.last_seq = 80;
	faults_begin(f);
	place_pin(p, &pin);
	told->held = true;
	place_expire(p);
	told->ending = true;
	place_unpin(p, "killed");
	told->ended = true;
	place_expire(p);
	place_close(p);
}

static void
killed_at(struct place *p, unsigned n, int *ret_status)
{
	struct verdict v;
	struct back b;
	char at[16];

	(void)snprintf(at, sizeof at, "%u", n);
	memset(told, 0, sizeof *told);
	*ret_status = child_run(live, p, &(struct faults){ .crash_at = at });
	check(*ret_status == EXIT_CRASH || *ret_status == 0);
	clock_set_offset_ns(0);
	place_open(p, KEY_MAKE_PLAIN);
	place_checkpoint(p);
	if (told->held && !told->ending) {
		check_int(holds_of(p), 1);
		place_expire(p);
	}
	if (told->ended)
		check_int(holds_of(p), 0);
	must(back_read(&b, p->fd, NULL, STREAM_RAW, NULL) == OK);
	check(!told->held || told->ending || b.n >= 80);
	back_done(&b);
	place_checkpoint(p);
	verify(p, &v);
	if (!check(v.rc == OK && v.result.count[PROOF_BAD] == 0))
		verdict_print(&v);
	place_close(p);
	clock_set_offset_ns(0);
}

static void
a_kill_at_any_call_neither_loses_nor_invents_a_hold(void)
{
	unsigned by = getenv("TRUCBAN_SLOW") != NULL ? 1 : STEP, held = 0, ended = 0;
	int status = EXIT_CRASH;

	for (unsigned n = 1; status == EXIT_CRASH && n < 2000; n += by) {
		struct place p;

		place_three(&p);
		place_close(&p);
		killed_at(&p, n, &status);
		held += told->held;
		ended += told->ended;
		place_remove(&p);
	}
	check(held > 0 && ended > 0);
}

int
main(void)
{
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(told != MAP_FAILED);
	run(what_is_held_stays_when_its_days_are_over_and_goes_when_released);
	run(only_segments_with_a_held_number_stay);
	run(only_segments_of_the_held_time_stay);
	run(a_hold_of_another_class_or_stream_holds_nothing);
	run(rows_that_come_after_the_hold_began_are_held_too);
	run(a_hold_that_comes_before_expiry_in_the_same_turn_wins);
	run(what_was_on_its_way_out_goes_before_the_hold_is_confirmed);
	run(a_hold_outlives_restarts_and_clocks_that_jump);
	run(repacking_does_not_mix_what_is_held_with_what_is_not);
	run(two_of_one_name_and_one_too_many_are_refused);
	run(a_full_disk_takes_what_is_not_held);
	run(held_rows_that_went_are_found_by_verification);
	run(a_hold_in_a_damaged_manifest_comes_back_from_the_seal);
	run(a_disk_that_fails_for_good_is_told_to_who_asked);
	run(a_kill_at_any_call_neither_loses_nor_invents_a_hold);
	return check_done();
}
