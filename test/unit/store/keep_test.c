/* SPDX-License-Identifier: Apache-2.0 */
/* Tests of store/keep: what was acknowledged comes back, whole and once, in every next life. */
#include "test/unit/store/proof_store.h"

#include "base/hash.h"
#include "store/journal.h"
#include "test/unit/store/keep_back.h"

static void
whole(struct place *p, uint8_t stream, uint64_t n)
{
	const uint8_t *key = p->keys.has_store_key ? p->keys.store_key : NULL;
	struct why why = { "" };
	struct back b;

	if (!check(back_read(&b, p->fd, key, stream, &why) == OK))
		printf("%s\n", why.text);
	if (!check(back_is(&b, n, 1)))
		printf("stream %u: %llu rows, last %llu, %llu doubled; %llu wanted\n", stream,
		    (unsigned long long)b.n, (unsigned long long)b.last,
		    (unsigned long long)b.doubled, (unsigned long long)n);
	back_done(&b);
}

static void
on_finding(void *ctx, const struct proof_finding *f)
{
	unsigned *n = ctx;

	if (f->grade == PROOF_NOTE)
		return;
	printf("%s: %s: %s %s\n", proof_grade_name((unsigned)f->grade),
	    proof_kind_name((unsigned)f->kind), f->text, f->file);
	(*n)++;
}

/* Warnings and worse that verify finds. */
static unsigned
verified(struct place *p)
{
	unsigned n = 0;
	struct proof_options options = { .finding = on_finding, .ctx = &n, .threads = 1,
	    .store_key = p->keys.has_store_key ? p->keys.store_key : NULL, .state_dirfd = -1 };
	struct proof_result result;
	struct why why = { "" };

	if (!check(proof_verify(p->fd, &options, &result, &why) == OK))
		printf("%s\n", why.text);
	return n;
}

static void
rows_come_back_in_order_while_the_store_is_open(void)
{
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	for (int i = 0; i < 20; i++)
		place_rows(&p, &p.raw, 37);
	place_rows(&p, &p.ledger, 3);
	whole(&p, STREAM_RAW, 740);
	whole(&p, STREAM_LEDGER, 3);
	place_flush(&p);
	whole(&p, STREAM_RAW, 740);
	place_rows(&p, &p.raw, 5);
	whole(&p, STREAM_RAW, 745);
	place_close(&p);
	place_remove(&p);
}

static void
lives(enum key_make make)
{
	struct place p;
	uint64_t next = 1;

	place_make(&p);
	for (unsigned life = 0; life < 5; life++) {
		place_open(&p, make);
		p.raw.next = next;
		for (int i = 0; i < 6; i++)
			place_rows(&p, &p.raw, 100 + life);
		if (life == 2)
			place_flush(&p);
		if (life == 3)
			place_checkpoint(&p);
		next = p.raw.next;
		place_close(&p);
		whole(&p, STREAM_RAW, next - 1);
		check_int(verified(&p), 0);
	}
	place_remove(&p);
}

static void
every_life_goes_on_where_the_last_one_ended(void)
{
	lives(KEY_MAKE_PLAIN);
}

static void
an_encrypted_store_does_so_too(void)
{
	lives(KEY_MAKE_ENCRYPTED);
}

static void
a_long_journal_is_cut_when_its_rows_are_in_segments(void)
{
	struct place p;
	struct buf status = { 0 };

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	for (int i = 0; i < 40; i++)
		place_rows(&p, &p.raw, 2000);	/* 1 MB files: three of them */
	place_flush(&p);
	place_checkpoint(&p);
	for (int i = 0; i < 200 && access("/dev/null", F_OK) == 0; i++) {
		status.n = 0;
		keep_status(p.keep, &status);
		buf_u8(&status, 0);
		if (span_holds(buf_span(&status), "\"journal_files\":1,"))
			break;
		keep_wait(p.keep, 10);
	}
	check(span_holds(buf_span(&status), "\"journal_files\":1,"));
	check(span_holds(buf_span(&status), "\"segments_kept\":2,"));
	whole(&p, STREAM_RAW, 80000);
	place_close(&p);
	whole(&p, STREAM_RAW, 80000);
	check_int(verified(&p), 0);
	buf_done(&status);
	place_remove(&p);
}

static void
a_batch_that_is_sent_again_after_a_restart_is_kept_once(void)
{
	struct buf batch = { 0 };
	struct keep_event e;
	struct place p;
	uint64_t ticket;
	bool met = false;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	ticket = p.raw.ticket + 1;
	writer_batch(&p.raw, 10, &batch);
	check(keep_batch(p.keep, p.raw.channel, ticket, buf_span(&batch), NULL) == OK);
	place_until(&p, KEEP_ACK);
	place_close(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check(keep_batch(p.keep, p.raw.channel, ticket, buf_span(&batch), NULL) == OK);
	while (keep_event(p.keep, &e))
		met |= e.type == KEEP_ACK && e.ticket == ticket && e.first_seq == 0 && e.rows == 10;
	check(met);
	place_close(&p);
	whole(&p, STREAM_RAW, 10);
	buf_done(&batch);
	place_remove(&p);
}

/* One batch of an import; its rows must be the writer's next ones. */
static enum err
import_batch(struct place *p, uint64_t content, uint64_t from, uint64_t to)
{
	struct buf batch = { 0 };
	uint64_t next = p->raw.next;
	enum err rc;

	writer_batch(&p->raw, 10, &batch);
	keep_place(p->keep, p->raw.channel, &(struct keep_place){ content, from, to, .beside = 0 });
	rc = keep_batch(p->keep, p->raw.channel, ++p->raw.ticket, buf_span(&batch), NULL);
	if (rc == OK)
		place_until(p, KEEP_ACK);
	else
		p->raw.next = next;
	buf_done(&batch);
	return rc;
}

static void
an_import_goes_on_from_its_place_and_from_no_other(void)
{
	const uint64_t content = UINT64_C(0x8000000000000007);
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check_int(keep_place_get(p.keep, content), 0);
	check_int(import_batch(&p, content, 5, 9), ERR_ABSENT);
	check_int(import_batch(&p, 7, 0, 9), ERR_FORMAT);
	check_int(import_batch(&p, content, 0, 9), OK);
	check_int(keep_place_get(p.keep, content), 9);
	check_int(import_batch(&p, content, 0, 9), ERR_ABSENT);
	check_int(import_batch(&p, content, 9, 9), ERR_FORMAT);
	check_int(import_batch(&p, content, 9, 20), OK);
	check_int(import_batch(&p, content + 1, 0, 3), OK);
	place_close(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check_int(keep_place_get(p.keep, content), 20);
	check_int(keep_place_get(p.keep, content + 1), 3);
	check_int(keep_place_get(p.keep, content + 2), 0);
	check_int(import_batch(&p, content, 9, 30), ERR_ABSENT);
	place_close(&p);
	whole(&p, STREAM_RAW, 30);
	check_int(verified(&p), 0);
	place_remove(&p);
}

static void
a_batch_may_rest_on_the_place_of_another_content(void)
{
	const uint64_t one = UINT64_C(0x8000000000000007), two = one + 1;
	struct buf batch = { 0 };
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check_int(import_batch(&p, one, 0, 9), OK);
	for (unsigned i = 0; i < 3; i++) {
		const struct keep_place place = { two, 0, 4, .beside = one, .at = 8 + i };
		uint64_t next = p.raw.next;

		batch.n = 0;
		writer_batch(&p.raw, 10, &batch);
		keep_place(p.keep, p.raw.channel, &place);
		check_int(keep_batch(p.keep, p.raw.channel, ++p.raw.ticket, buf_span(&batch),
		    NULL), i == 1 ? OK : ERR_ABSENT);
		if (i == 1)
			place_until(&p, KEEP_ACK);
		else
			p.raw.next = next;
	}
	check(keep_place_get(p.keep, one) == 9 && keep_place_get(p.keep, two) == 4);
	buf_done(&batch);
	place_close(&p);
	whole(&p, STREAM_RAW, 20);
	place_remove(&p);
}

static void
a_bad_batch_is_refused_and_the_next_one_kept(void)
{
	struct buf batch = { 0 };
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	writer_batch(&p.raw, 10, &batch);
	for (size_t i = 0; i < batch.n; i++) {
		struct span cut = span_sub(buf_span(&batch), 0, i);

		if (!check_int(keep_batch(p.keep, p.raw.channel, i, cut, NULL), ERR_FORMAT))
			break;
	}
	p.raw.next = 1;
	place_rows(&p, &p.raw, 10);
	place_close(&p);
	whole(&p, STREAM_RAW, 10);
	check_int(verified(&p), 0);
	buf_done(&batch);
	place_remove(&p);
}

static void
a_changed_batch_is_refused_or_kept_as_it_is(void)
{
	struct buf batch = { 0 };
	struct place p;
	uint64_t kept = 0;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	writer_batch(&p.raw, 3, &batch);
	for (size_t i = 0; i < batch.n; i++) {
		enum err rc;

		batch.p[i] ^= 0x41;
		while ((rc = keep_batch(p.keep, p.raw.channel, i, buf_span(&batch), NULL)) ==
		    ERR_BUSY)
			keep_wait(p.keep, 10);
		kept += rc == OK ? 1 : 0;
		batch.p[i] ^= 0x41;
	}
	check(kept > 0 && kept < batch.n);
	keep_turn(p.keep);
	place_close(&p);
	check_int(verified(&p), 0);
	buf_done(&batch);
	place_remove(&p);
}

static void
definitions_out_of_order_are_refused(void)
{
	struct place p;
	struct why why;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	check_int(keep_shape(p.keep, p.raw.channel, 9, SPAN("x"), &why), ERR_FORMAT);
	check_int(keep_shape(p.keep, p.raw.channel, WRITER_SHAPES, SPAN("x"), &why), ERR_FORMAT);
	check_int(keep_source(p.keep, p.raw.channel, 0, SPAN("x"), &why), ERR_FORMAT);
	place_close(&p);
	place_remove(&p);
}

static void
a_copied_store_begins_a_new_epoch(void)
{
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 50);
	place_close(&p);
	/* Another directory in the place of journal/: what cp -a leaves. */
	check(renameat(p.fd, "journal", p.fd, "journal.old") == 0);
	check(dir_make(p.fd, "journal", 0700, NULL) == OK);
	check(renameat(p.fd, "journal.old/0000000000000001.tbj", p.fd,
	    "journal/0000000000000001.tbj") == 0);
	check(unlinkat(p.fd, "journal.old", AT_REMOVEDIR) == 0);
	place_open(&p, KEY_MAKE_PLAIN);
	p.raw.next = 51;
	place_rows(&p, &p.raw, 50);
	place_flush(&p);
	place_checkpoint(&p);
	place_close(&p);
	whole(&p, STREAM_RAW, 100);
	check_int(verified(&p), 0);
	place_remove(&p);
}

static void
segments_past_their_days_go_with_a_leaf(void)
{
	struct place p;
	struct buf status = { 0 };

	place_make(&p);
	clock_set_offset_ns(0);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 500);
	place_flush(&p);
	keep_expire(p.keep);
	place_until(&p, KEEP_EXPIRED);
	whole(&p, STREAM_RAW, 500);
	/* The rows say that they came in September 2026; 90 days are long over in 2030. */
	clock_set_offset_ns(INT64_C(1900000000000000000) - clock_wall_ns());
	keep_expire(p.keep);
	place_until(&p, KEEP_EXPIRED);
	clock_set_offset_ns(0);
	keep_status(p.keep, &status);
	buf_u8(&status, 0);
	check(span_holds(buf_span(&status), "\"segments_kept\":0,"));
	check(span_holds(buf_span(&status), "\"segments_dropped\":1"));
	whole(&p, STREAM_RAW, 0);
	p.raw.next = 501;
	place_rows(&p, &p.raw, 10);
	place_close(&p);
	buf_done(&status);
	place_remove(&p);
}

/* The wall clock of this process stands at ns. */
static void
clock_at(int64_t ns)
{
	clock_set_offset_ns(0);
	clock_set_offset_ns(ns - clock_wall_ns());
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

/* A little after the rows came (writer_batch), in ns. */
#define THEN_NS	INT64_C(1790100000000000000)
#define DAY_NS	(INT64_C(86400) * 1000000000)

static void
a_clock_that_jumps_ahead_lets_nothing_expire(void)
{
	struct place p;

	clock_at(THEN_NS);
	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 500);
	place_flush(&p);
	/* While it runs, and again in the next two lives: a round of expiry is in each opening. */
	clock_at(THEN_NS + 400 * DAY_NS);
	place_checkpoint(&p);
	place_close(&p);
	for (unsigned life = 0; life < 2; life++) {
		place_open(&p, KEY_MAKE_PLAIN);
		place_checkpoint(&p);
		check(status_has(&p, "\"segments_kept\":1,"));
		place_close(&p);
	}
	/* Back where it was: nothing has happened. A person who vouches for it is believed. */
	clock_at(THEN_NS);
	place_open(&p, KEY_MAKE_PLAIN);
	place_checkpoint(&p);
	whole(&p, STREAM_RAW, 500);
	clock_at(THEN_NS + 400 * DAY_NS);
	keep_expire(p.keep);
	place_until(&p, KEEP_EXPIRED);
	check(status_has(&p, "\"segments_kept\":0,"));
	place_close(&p);
	clock_set_offset_ns(0);
	place_remove(&p);
}

static void
a_clock_that_goes_on_as_time_does_lets_rows_expire(void)
{
	struct place p;

	clock_at(THEN_NS);
	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 500);
	place_flush(&p);
	place_close(&p);
	/* As if it had been written by a life that ended 91 days later. */
	check(file_replace(p.fd, "state/clock", SPAN("1798000000000000000\n"), NULL) == OK);
	clock_at(INT64_C(1798000000000000000) + DAY_NS / 2);
	place_open(&p, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 200 && !status_has(&p, "\"segments_kept\":0,"); i++)
		place_checkpoint(&p);
	check(status_has(&p, "\"segments_kept\":0,"));
	place_close(&p);
	clock_set_offset_ns(0);
	place_remove(&p);
}

static void
a_batch_that_ended_two_lives_is_set_aside(void)
{
	struct buf batch = { 0 };
	struct keep_event e;
	struct place p;
	bool met = false;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	writer_batch(&p.raw, 10, &batch);
	place_close(&p);
	/* What the crash handler leaves, twice: state/current, see struct keep_note. */
	for (int life = 0; life < 2; life++) {
		uint64_t what = (hash64(buf_span(&batch)) & ~(UINT64_C(1) << 63)) | 1;
		int fd = openat(p.fd, "state/current", O_RDWR);

		check(pwrite(fd, &what, sizeof what, 32) == sizeof what);
		close(fd);
		place_open(&p, KEY_MAKE_PLAIN);
		place_close(&p);
	}
	place_open(&p, KEY_MAKE_PLAIN);
	check(keep_batch(p.keep, p.raw.channel, 1, buf_span(&batch), NULL) == OK);
	while (keep_event(p.keep, &e))
		met |= e.type == KEEP_ACK && e.first_seq == 0;
	check(met);
	place_close(&p);
	whole(&p, STREAM_RAW, 0);
	check(faccessat(p.fd, "quarantine", F_OK, 0) == 0);
	buf_done(&batch);
	place_remove(&p);
}

static void
a_new_seal_key_signs_after_the_old_one_said_so(void)
{
	struct key_rotation rotation;
	struct place p;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 20);
	check(keys_rotate_begin(&rotation, p.fd, &p.keys, SPAN("yearly"), NULL) == OK);
	keep_rotate(p.keep, &rotation, SPAN("yearly"));
	key_rotation_done(&rotation);
	place_rows(&p, &p.raw, 20);
	place_until(&p, KEEP_REKEYED);
	check(keys_rotate_end(p.fd, NULL) == OK);
	check_int(verified(&p), 0);
	place_rows(&p, &p.raw, 20);
	place_checkpoint(&p);
	check_int(verified(&p), 0);
	place_close(&p);
	check(keys_load(&p.keys, p.fd, NULL) == OK);
	place_open(&p, KEY_MAKE_PLAIN);
	p.raw.next = 61;
	place_rows(&p, &p.raw, 20);
	place_close(&p);
	whole(&p, STREAM_RAW, 80);
	check_int(verified(&p), 0);
	place_remove(&p);
}

int
main(void)
{
	run(rows_come_back_in_order_while_the_store_is_open);
	run(every_life_goes_on_where_the_last_one_ended);
	run(an_encrypted_store_does_so_too);
	run(a_long_journal_is_cut_when_its_rows_are_in_segments);
	run(a_batch_that_is_sent_again_after_a_restart_is_kept_once);
	run(an_import_goes_on_from_its_place_and_from_no_other);
	run(a_batch_may_rest_on_the_place_of_another_content);
	run(a_bad_batch_is_refused_and_the_next_one_kept);
	run(a_changed_batch_is_refused_or_kept_as_it_is);
	run(definitions_out_of_order_are_refused);
	run(a_copied_store_begins_a_new_epoch);
	run(segments_past_their_days_go_with_a_leaf);
	run(a_clock_that_jumps_ahead_lets_nothing_expire);
	run(a_clock_that_goes_on_as_time_does_lets_rows_expire);
	run(a_batch_that_ended_two_lives_is_set_aside);
	run(a_new_seal_key_signs_after_the_old_one_said_so);
	return check_done();
}
