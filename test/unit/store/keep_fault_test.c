/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests of store/keep against a process that ends at any call and a disk that fails at any call:
 * what was acknowledged is there in the next life, nothing is there twice, verify finds nothing.
 *
 * The n-th call is one in STEP of all that a life makes; TRUCBAN_SLOW=1 in the environment takes
 * each of them.
 */
#include "test/unit/store/proof_store.h"

#include <sys/mman.h>

#include "base/civil.h"
#include "sys/clock.h"
#include "test/unit/store/keep_back.h"
#include "test/unit/store/keep_child.h"

enum { BATCHES = 14, GIVE_UP_S = 8, STEP = 13, EXIT_CRASH = 137 };

/* What the child tells before it ends. */
struct told {
	volatile uint64_t acked;	/* rows of raw, in order */
	volatile uint64_t offered;
	volatile bool refused_io, refused_full, done;
};

static struct told *told;

static unsigned
step(void)
{
	return getenv("TRUCBAN_SLOW") != NULL ? 1 : STEP;
}

static void
faults_off(void)
{
	static const char *const name[] = { "FAIL_AT", "FAIL_ERRNO", "FAIL_CALL", "FAIL_CRASH_AT" };

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		(void)unsetenv(name[i]);
	fault_reload();
}

static enum err
life_open(struct place *p, struct why *why)
{
	struct keep_conf conf = { .dirfd = p->fd, .machine = "here", .nclass = 2,
	    .class = { { "standard", 90, KEEP_FULL_REFUSE }, { "long", 0, KEEP_FULL_HOLD } },
	    .journal_file_bytes = 48 << 10, .reserve_bytes = 1 << 16 };

	conf.seal_seed = p->keys.seed;
	conf.origin = p->keys.origin;
	return keep_open(&p->keep, &conf, why);
}

/* Takes events; true when one of that type came. */
static bool
events(struct place *p, enum keep_event_type type)
{
	struct keep_event e;
	bool met = false;

	while (keep_event(p->keep, &e)) {
		if (e.type == KEEP_ACK && e.channel == p->raw.channel)
			told->acked += e.rows;
		met |= e.type == type;
	}
	return met;
}

/* By the clock: a turn is short when there is news. */
static int64_t
given_up_at(void)
{
	return clock_mono_ns() + GIVE_UP_S * CIVIL_SECOND_NS;
}

static void
until(struct place *p, enum keep_event_type type)
{
	int64_t end = given_up_at();

	while (!events(p, type) && clock_mono_ns() < end)
		keep_wait(p->keep, 10);
}

static bool
offer(struct place *p, struct writer *w, uint32_t n)
{
	struct buf batch = { 0 };
	int64_t end = given_up_at();
	enum err rc = ERR_BUSY;

	writer_batch(w, n, &batch);
	while (rc == ERR_BUSY && clock_mono_ns() < end) {
		rc = keep_batch(p->keep, w->channel, ++w->ticket, buf_span(&batch), NULL);
		if (rc == ERR_BUSY)
			keep_wait(p->keep, 10);
	}
	told->refused_io |= rc == ERR_IO;
	told->refused_full |= rc == ERR_FULL;
	if (rc == OK && w == &p->raw)
		told->offered += n;
	buf_done(&batch);
	return rc == OK;
}

/*
 * One life: batches of all sizes, a flush, a checkpoint, an orderly end if it comes to it. An idle
 * one only recovers and ends.
 */
static void
life(struct place *p, bool idle)
{
	if (life_open(p, NULL) != OK)
		return;
	if (idle) {
		keep_close(&p->keep);
		return;
	}
	writer_open(&p->raw, p->keep, 1, STREAM_RAW, 0, 3);
	writer_open(&p->ledger, p->keep, 2, STREAM_LEDGER, 1, 2);
	for (uint32_t i = 0; i < BATCHES; i++) {
		if (!offer(p, &p->raw, 1 + i * 29 % 211) || !offer(p, &p->ledger, 1))
			break;
		if (i % 3 == 2)
			until(p, KEEP_ACK);
		if (i == 5)
			keep_flush(p->keep);
		if (i == 9)
			keep_checkpoint(p->keep);
		keep_turn(p->keep);
	}
	for (int64_t end = given_up_at(); told->acked < told->offered && clock_mono_ns() < end;) {
		(void)events(p, KEEP_ACK);
		keep_wait(p->keep, 10);
	}
	(void)events(p, KEEP_ACK);
	told->done = told->acked == told->offered;
	keep_close(&p->keep);
}

/* A life of which nothing is told, only the recovery; or one with work. */
static void
live_idle(void *arg, const struct faults *f)
{
	faults_begin(f);
	life(arg, true);
}

static void
live(void *arg, const struct faults *f)
{
	faults_begin(f);
	life(arg, false);
}

/* Runs a life with work in a child with these faults; its exit status. */
static int
child(struct place *p, struct faults f)
{
	memset(told, 0, sizeof *told);
	return child_run(live, p, &f);
}

static void
on_finding(void *ctx, const struct proof_finding *f)
{
	unsigned *n = ctx;

	if (f->grade != PROOF_BAD)
		return;
	printf("%s: %s %s\n", proof_kind_name((unsigned)f->kind), f->text, f->file);
	(*n)++;
}

static void
proven(struct place *p)
{
	unsigned n = 0;
	struct proof_options options = { .finding = on_finding, .ctx = &n, .threads = 1,
	    .state_dirfd = -1 };
	struct proof_result result;
	struct why why = { "" };

	if (!check(proof_verify(p->fd, &options, &result, &why) == OK))
		printf("verify: %s\n", why.text);
	check_int(n, 0);
}

/* All rows are there, in order and once, at least those that were acknowledged. */
static bool
settled(struct place *p, uint64_t acked, uint64_t *ret_n)
{
	struct why why = { "" };
	struct back b;
	bool good;

	good = check(back_read(&b, p->fd, NULL, STREAM_RAW, &why) == OK) && check(b.n >= acked) &&
	    check(back_is(&b, b.n, 1));
	if (!good)
		printf("%llu rows, last %llu, %llu doubled, %llu acknowledged; %s\n",
		    (unsigned long long)b.n, (unsigned long long)b.last,
		    (unsigned long long)b.doubled, (unsigned long long)acked, why.text);
	*ret_n = b.n;
	back_done(&b);
	return good;
}

/* The next life finds it all, and goes on. */
static bool
goes_on(struct place *p)
{
	uint64_t acked = told->acked, n = 0;
	struct why why = { "" };
	bool good;

	p->keep = NULL;
	if (!check(life_open(p, &why) == OK)) {
		printf("%s\n", why.text);
		return false;
	}
	good = settled(p, acked, &n);
	writer_open(&p->raw, p->keep, 1, STREAM_RAW, 0, 3);
	p->raw.next = n + 1;
	place_rows(p, &p->raw, 7);
	writer_close(&p->raw);
	keep_close(&p->keep);
	good &= settled(p, n + 7, &n);
	proven(p);
	return good;
}

static void
place_new(struct place *p)
{
	place_make(p);
	must(keys_make(p->fd, KEY_MAKE_PLAIN, NULL) == OK);
	must(keys_load(&p->keys, p->fd, NULL) == OK);
}

static void
a_kill_at_any_call_loses_nothing_acknowledged(void)
{
	int status = EXIT_CRASH;

	for (unsigned n = 1; status == EXIT_CRASH; n += step()) {
		struct place p;
		char at[16];

		place_new(&p);
		(void)snprintf(at, sizeof at, "%u", n);
		status = child(&p, (struct faults){ .crash_at = at });
		check(status == EXIT_CRASH || status == 0);
		/* Every third time the recovery is killed too, somewhere. */
		if (n / step() % 3 == 0) {
			(void)snprintf(at, sizeof at, "%u", 1 + n * 7 % 90);
			(void)child_run(live_idle, &p, &(struct faults){ .crash_at = at });
		}
		if (!goes_on(&p)) {
			printf("killed at call %u\n", n);
			break;
		}
		place_remove(&p);
	}
}

/* One failure at the n-th call, of any kind; then none. */
static void
fails(const char *how)
{
	bool more = true;

	for (unsigned n = 1; more && n < 1000; n += step()) {
		struct place p;
		char at[16];

		place_new(&p);
		(void)snprintf(at, sizeof at, "%u", n);
		if (!check_int(child(&p, (struct faults){ .at = at, .how = how }), 0) ||
		    !goes_on(&p)) {
			printf("%s at call %u\n", how, n);
			break;
		}
		place_remove(&p);
		more = n < 400;
	}
}

static void
an_error_at_any_call_loses_nothing_acknowledged(void)
{
	fails("EIO");
}

static void
a_torn_write_at_any_call_loses_nothing_acknowledged(void)
{
	fails("torn");
}

static void
a_full_disk_at_any_call_loses_nothing_acknowledged(void)
{
	fails("ENOSPC");
}

static void
after_a_failed_sync_all_is_written_again_and_acknowledged(void)
{
	for (unsigned n = 2; n < 20; n += 3) {
		struct place p;
		char at[16];

		place_new(&p);
		(void)snprintf(at, sizeof at, "%u", n);
		check_int(child(&p, (struct faults){ .call = "file_sync_data", .at = at,
		    .how = "EIO" }), 0);
		if (!check(told->done && told->offered > 1000))
			printf("sync %u: %llu of %llu\n", n, (unsigned long long)told->acked,
			    (unsigned long long)told->offered);
		check(goes_on(&p));
		place_remove(&p);
	}
}

static void
a_disk_that_never_syncs_again_makes_the_store_read_only(void)
{
	struct place p;

	place_new(&p);
	check_int(child(&p, (struct faults){ .call = "file_sync_data", .at = "9+",
	    .how = "EIO" }), 0);
	check((told->refused_io || !told->done) && told->acked > 0);
	check(goes_on(&p));
	place_remove(&p);
}

static void
a_full_disk_refuses_what_may_be_refused(void)
{
	struct place p;

	place_new(&p);
	check_int(child(&p, (struct faults){ .call = "file_preallocate", .at = "3+",
	    .how = "ENOSPC" }), 0);
	check(told->refused_full && told->acked > 0);
	check(goes_on(&p));
	place_remove(&p);
}

int
main(void)
{
	told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	must(told != MAP_FAILED);
	faults_off();
	run(a_kill_at_any_call_loses_nothing_acknowledged);
	run(an_error_at_any_call_loses_nothing_acknowledged);
	run(a_torn_write_at_any_call_loses_nothing_acknowledged);
	run(a_full_disk_at_any_call_loses_nothing_acknowledged);
	run(after_a_failed_sync_all_is_written_again_and_acknowledged);
	run(a_disk_that_never_syncs_again_makes_the_store_read_only);
	run(a_full_disk_refuses_what_may_be_refused);
	return check_done();
}
