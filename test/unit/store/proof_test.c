/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests store/proof.c on stores that a real keeper made: an untouched one is clean, whatever life
 * it had, and no octet or file of it can be changed, removed, cut or lengthened without a finding
 * that names the file. TRUCBAN_EVERY=1 pokes every octet of every file; by default some of them.
 */
#include "test/unit/store/proof_store.h"

/* ---- untouched ---- */

static void
a_store_that_nobody_touched_is_clean(void)
{
	struct place p;
	struct verdict v;

	place_fill(&p, KEY_MAKE_PLAIN);
	verify(&p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	check_int(v.result.rows, 62);
	check_int(v.result.journal_rows, 8);
	check_int(v.result.segments, 3);
	check_int(v.result.unsealed_rows, 0);
	check(!v.result.trusted && v.result.anchors == 0);
	check_span(span_str(v.result.origin), span_str(p.keys.origin));
	place_remove(&p);
}

static void
a_store_of_several_lives_is_clean(void)
{
	struct place p;

	place_fill(&p, KEY_MAKE_ENCRYPTED);
	for (unsigned i = 0; i < 3; i++) {
		place_open(&p, KEY_MAKE_ENCRYPTED);
		place_rows(&p, &p.raw, 50);
		place_rows(&p, &p.ledger, 1 + i);
		if (i == 1)
			place_flush(&p);
		place_close(&p);
		is_clean(&p);
	}
	place_remove(&p);
}

static void
rows_that_only_the_journal_has_are_counted_once(void)
{
	struct place p;
	struct verdict v;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 30);
	place_close(&p);		/* segments go on in the next life: there is none yet */
	verify(&p, &v);
	check(verdict_clean(&v));
	check_int(v.result.segments, 0);
	check_int(v.result.rows, 30);
	check_int(v.result.journal_rows, 30);
	place_open(&p, KEY_MAKE_PLAIN);
	place_flush(&p);
	place_rows(&p, &p.raw, 7);
	place_close(&p);
	verify(&p, &v);
	check(verdict_clean(&v));
	check_int(v.result.rows, 37);
	check_int(v.result.journal_rows, 7);
	place_remove(&p);
}

static void
a_broken_record_of_the_manifest_is_told_once(void)
{
	struct place p;
	struct verdict v;
	unsigned told = 0;

	place_fill(&p, KEY_MAKE_PLAIN);
	file_poke(&p, "manifest", 64 + 24, 1);	/* the first record's payload */
	verify(&p, &v);
	check(v.result.count[PROOF_BAD] > 0);
	for (unsigned i = 0; i < v.n; i++)
		told += strcmp(v.found[i].file, "manifest") == 0;
	if (!check_int(told, 1))
		verdict_print(&v);
	place_remove(&p);
}

static void
rows_behind_the_checkpoint_are_counted_as_unsealed(void)
{
	struct place p;
	struct verdict v;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 30);
	place_checkpoint(&p);		/* this may be the one of the start */
	place_checkpoint(&p);
	place_rows(&p, &p.raw, 12);
	verify(&p, &v);		/* beside the running keeper */
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	check_int(v.result.unsealed_rows, 12);
	place_close(&p);
	is_clean(&p);
	place_remove(&p);
}

static void
large_trees_and_many_frames_are_clean(void)
{
	struct place p;
	struct verdict v;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	for (unsigned i = 0; i < 150; i++) {
		place_rows(&p, &p.raw, 1 + i % 7);
		place_checkpoint(&p);
		if (i % 50 == 0)
			place_flush(&p);
	}
	place_close(&p);
	verify(&p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	check(v.result.entries > 256);
	place_remove(&p);
}

/* ---- octets ---- */

struct tally {
	unsigned pokes, silent, unnamed;
};

/* The store is not clean now, and the file is named. */
static void
is_seen(const struct place *p, const char *name, const char *what, uint64_t at, struct tally *t)
{
	struct verdict v;

	verify(p, &v);
	t->pokes++;
	if (verdict_clean(&v)) {
		if (t->silent++ < 5)
			printf("not seen: %s: %s at %llu\n", name, what, (unsigned long long)at);
	} else if (!verdict_names(&v, name) && strstr(v.why.text, name) == NULL &&
	    t->unnamed++ < 5) {
		printf("not named: %s: %s at %llu\n", name, what, (unsigned long long)at);
		verdict_print(&v);
	}
}

static void
octets_of(const struct place *p, const char *name, size_t step, struct tally *t)
{
	struct buf bytes = { 0 };

	file_get(p, name, &bytes);
	for (size_t at = 0; at < bytes.n; at += step) {
		uint8_t bit = (uint8_t)(1u << at % 8);

		if (at > 30000)
			step = 99991;	/* the empty end of a journal file */
		file_poke(p, name, at, bit);
		is_seen(p, name, "changed", at, t);
		file_poke(p, name, at, bit);
	}
	buf_done(&bytes);
}

static void
every_octet(enum key_make make, size_t step)
{
	const char *every = getenv("TRUCBAN_EVERY");
	struct tally t = { 0 };
	struct files files;
	struct place p;

	if (every != NULL)
		step = strtoul(every, NULL, 10);
	place_fill(&p, make);
	files_list(&p, &files);
	for (unsigned i = 0; i < files.n; i++)
		if (is_sealed(files.name[i]))
			octets_of(&p, files.name[i], step, &t);
	check(t.pokes > 100);
	check_int(t.silent, 0);
	check_int(t.unnamed, 0);
	is_clean(&p);
	place_remove(&p);
}

static void
no_octet_of_a_plain_store_can_be_changed(void)
{
	every_octet(KEY_MAKE_PLAIN, 7);
}

static void
no_octet_of_an_encrypted_store_can_be_changed(void)
{
	every_octet(KEY_MAKE_ENCRYPTED, 13);
}

static void
no_file_can_be_removed_shortened_or_lengthened(void)
{
	struct buf bytes = { 0 }, more = { 0 };
	struct tally t = { 0 };
	struct files files;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	files_list(&p, &files);
	for (unsigned i = 0; i < files.n; i++) {
		const char *name = files.name[i];

		/* Without its seed a store can be verified as well. */
		if (!is_sealed(name) || strcmp(name, "key/seal.key") == 0)
			continue;
		file_get(&p, name, &bytes);
		must(file_unlink(p.fd, name, NULL) == OK);
		if (strcmp(name, "manifest") != 0 && strcmp(name, "key/seal.vkey") != 0)
			is_seen(&p, name, "removed", 0, &t);
		for (size_t n = 0; n < bytes.n; n += 1 + bytes.n / 7) {
			file_put(&p, name, span_of(bytes.p, n));
			is_seen(&p, name, "cut", n, &t);
		}
		more.n = 0;
		buf_span_put(&more, buf_span(&bytes));
		buf_str(&more, "12345678");
		file_put(&p, name, buf_span(&more));
		is_seen(&p, name, "longer", more.n, &t);
		file_put(&p, name, buf_span(&bytes));
	}
	check_int(t.silent, 0);
	check_int(t.unnamed, 0);
	is_clean(&p);
	buf_done(&bytes);
	buf_done(&more);
	place_remove(&p);
}

/* ---- one row ---- */

static void
each_row_of_a_segment_can_be_proved_by_itself(void)
{
	struct buf text = { 0 }, words = { 0 };
	struct why why = { "" };
	struct place p;

	place_fill(&p, KEY_MAKE_ENCRYPTED);
	for (uint64_t seq = 1; seq <= 49; seq++) {
		text.n = words.n = 0;
		if (!check(proof_row(p.fd, NULL, STREAM_RAW, seq, &text, &why) == OK)) {
			printf("%llu: %s\n", (unsigned long long)seq, why.text);
			continue;
		}
		check(proof_row_check(buf_span(&text), &p.keys.vkey, 1, &words, &why) == OK);
		check(words.n > 0);
		for (size_t at = seq; at < text.n; at += 97) {
			text.p[at] ^= 1;
			check(proof_row_check(buf_span(&text), &p.keys.vkey, 1, &words, NULL) !=
			    OK || memmem(text.p, at, "\nrow ", 5) != NULL);
			text.p[at] ^= 1;
		}
	}
	text.n = 0;
	check(proof_row(p.fd, NULL, STREAM_LEDGER, 5, &text, NULL) == OK);
	check(proof_row(p.fd, NULL, STREAM_LEDGER, 6, &text, NULL) == ERR_BUSY);
	check(proof_row(p.fd, NULL, STREAM_RAW, 0, &text, NULL) == ERR_ABSENT);
	check(proof_row(p.fd, NULL, STREAM_FINDINGS, 1, &text, NULL) == ERR_BUSY);
	buf_done(&text);
	buf_done(&words);
	place_remove(&p);
}

static void
a_row_that_was_forged_is_not_proved(void)
{
	struct buf text = { 0 };
	struct files files;
	struct place p;
	const char *name;

	place_fill(&p, KEY_MAKE_PLAIN);
	files_list(&p, &files);
	name = files_find(&files, "seal/tile/entries/", "");
	must(name != NULL);
	file_poke(&p, name, 300, 1);
	check(proof_row(p.fd, NULL, STREAM_RAW, 1, &text, NULL) != OK ||
	    proof_row(p.fd, NULL, STREAM_RAW, 30, &text, NULL) != OK);
	check_int(text.n > 0 && text.p[text.n - 1] != '\n', 0);
	buf_done(&text);
	place_remove(&p);
}

/* ---- what an earlier run found ---- */

static void
verify_again(const struct place *p, struct verdict *v)
{
	struct proof_options options = { .state_dirfd = p->fd, .state_name = "verified" };

	verify_with(p, &options, v);
}

static void
a_second_run_reads_only_what_is_new(void)
{
	struct files files;
	struct verdict v;
	struct place p;
	const char *name;

	place_fill(&p, KEY_MAKE_PLAIN);
	verify_again(&p, &v);
	check(verdict_clean(&v) && v.result.skipped_segments == 0);
	verify_again(&p, &v);
	check(verdict_clean(&v));
	check_int(v.result.skipped_segments, 3);
	check_int(v.result.rows, 8);	/* those of the journal */
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 11);
	place_flush(&p);
	place_close(&p);
	verify_again(&p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	check_int(v.result.skipped_segments, 3);
	check(v.result.rows > 0 && v.result.segments < 4);
	/* A file that was touched is read again, and what is wrong with it stays said. */
	files_list(&p, &files);
	name = files_find(&files, "segment/", "0000000000000001.seg");
	must(name != NULL);
	file_poke(&p, name, 700, 1);
	for (unsigned i = 0; i < 2; i++) {
		verify_again(&p, &v);
		check(!verdict_clean(&v) && verdict_names(&v, name));
	}
	place_remove(&p);
}

static void
an_earlier_run_is_an_anchor(void)
{
	struct buf note = { 0 }, state = { 0 };
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	verify_again(&p, &v);
	check(verdict_clean(&v));
	file_get(&p, "verified", &state);
	/* Another store altogether, with the same origin: its tree does not go on from it. */
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 11);
	place_close(&p);
	verify_again(&p, &v);
	check(verdict_clean(&v));
	file_get(&p, "seal/checkpoint", &note);
	verify_again(&p, &v);
	check(verdict_clean(&v));
	/* A state that is broken means that all is read. */
	state.p[state.n / 2] ^= 1;
	file_put(&p, "verified", buf_span(&state));
	verify_again(&p, &v);
	check(verdict_clean(&v) && v.result.skipped_segments == 0);
	buf_done(&note);
	buf_done(&state);
	place_remove(&p);
}

static void
only_records_since_a_time_can_be_read(void)
{
	struct proof_options options = { 0 };
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	options.since_ns = INT64_MAX;
	verify_with(&p, &options, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	check_int(v.result.skipped_segments, 3);
	options.since_ns = 1790000000000000000;
	verify_with(&p, &options, &v);
	check(verdict_clean(&v));
	check_int(v.result.skipped_segments, 0);
	place_remove(&p);
}

int
main(void)
{
	run(a_store_that_nobody_touched_is_clean);
	run(a_store_of_several_lives_is_clean);
	run(rows_behind_the_checkpoint_are_counted_as_unsealed);
	run(rows_that_only_the_journal_has_are_counted_once);
	run(a_broken_record_of_the_manifest_is_told_once);
	run(large_trees_and_many_frames_are_clean);
	run(no_octet_of_a_plain_store_can_be_changed);
	run(no_octet_of_an_encrypted_store_can_be_changed);
	run(no_file_can_be_removed_shortened_or_lengthened);
	run(each_row_of_a_segment_can_be_proved_by_itself);
	run(a_row_that_was_forged_is_not_proved);
	run(a_second_run_reads_only_what_is_new);
	run(an_earlier_run_is_an_anchor);
	run(only_records_since_a_time_can_be_read);
	return check_done();
}
