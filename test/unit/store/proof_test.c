/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests store/proof.c on stores that a real keeper made: an untouched one is clean, whatever life
 * it had, and nothing can be changed, removed, doubled, put back or signed again without a finding
 * that names the file. TRUCBAN_EVERY=1 pokes every octet of every file; by default some of them.
 */
#include "test/unit/store/proof_store.h"

#include "model/checkpoint.h"
#include "model/leaf.h"
#include "store/builder.h"
#include "store/segment_int.h"
#include "store/tiles.h"

static const char *const sealed[] = { "manifest", "seal/", "segment/", "journal/", "key/" };

#define DAY_NS		(INT64_C(86400) * 1000000000)

static bool
is_sealed(const char *name)
{
	for (size_t i = 0; i < sizeof sealed / sizeof sealed[0]; i++)
		if (strncmp(name, sealed[i], strlen(sealed[i])) == 0)
			return true;
	return false;
}

/* The store as it is now: clean or not. */
static void
is_clean(const struct place *p)
{
	struct verdict v;

	verify(p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
}

/* There is a finding of this kind; returns it. */
static const struct found *
has(struct verdict *v, enum proof_kind kind)
{
	const struct found *f = verdict_find(v, kind);

	if (!check(f != NULL)) {
		printf("no finding of kind %s:\n", proof_kind_name(kind));
		verdict_print(v);
	}
	return f;
}

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
	check_int(v.result.rows, 54);
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
rows_behind_the_checkpoint_are_counted_as_unsealed(void)
{
	struct place p;
	struct verdict v;

	place_make(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 30);
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

		/* Without its seed a store can be verified as well; the end of a journal is free. */
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

/* ---- rows, by somebody who knows the formats and makes all checksums right ---- */

struct forgery {
	uint64_t seq;			/* the row to be changed, 0: none */
	struct span message;		/* what it says now */
	int64_t recv_step;		/* added to its receive time */
	bool drop;			/* left out instead */
	bool swap;			/* the two rows from it on change places */
	int leave_out;			/* a leaf, by number; -1: none */
};

/* One frame of the segment again, with the forgery. */
static void
frame_forge(struct builder *b, struct segment *s, const struct segment_frame *f, uint32_t at,
    const struct forgery *forgery)
{
	static struct span value[LIMIT_FIELDS];
	const uint16_t *shape_index, *source_index;
	struct batch_writer *w = batch_writer_new(segment_stream(s), segment_class(s));
	const struct shape **shape = xcalloc(segment_shapes(s), sizeof *shape);
	const struct source **source = xcalloc(segment_sources(s), sizeof *source);
	struct batch_tables tables = { shape, source };
	const int64_t *recv, *event;
	const uint8_t *flags;
	struct batch_head head;
	struct buf code = { 0 };

	must(segment_shape_index(s, &shape_index, NULL) == OK &&
	    segment_source_index(s, &source_index, NULL) == OK &&
	    segment_recv(s, &recv, NULL) == OK && segment_time(s, &event, NULL) == OK &&
	    segment_flags(s, &flags, NULL) == OK);
	for (uint32_t i = 0; i < f->rows; i++) {
		bool here = f->first_seq + i == forgery->seq;
		uint32_t n = at + i;
		struct row row = { .value = value };

		if (forgery->swap && here)
			n++;
		else if (forgery->swap && f->first_seq + i == forgery->seq + 1)
			n--;
		row.recv_ns = recv[n] + (here ? forgery->recv_step : 0);
		row.event_ns = event[n];
		row.flags = flags[n];
		row.nvalue = segment_shape(s, shape_index[n])->nhole;
		must(segment_values(s, n, value, NULL) == OK);
		if (here && forgery->message.n > 0)
			value[row.nvalue - 1] = forgery->message;
		if (!(here && forgery->drop))
			must(batch_add(w, shape_index[n], source_index[n], &row) == OK);
	}
	batch_finish(w, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK);
	for (uint32_t i = 0; i < head.nshape; i++)
		shape[i] = segment_shape(s, batch_shape_id(&head, i));
	for (uint32_t i = 0; i < head.nsource; i++)
		source[i] = segment_source(s, batch_source_id(&head, i));
	builder_frame(b, &head, &tables, f->first_seq);
	batch_writer_free(&w);
	buf_done(&code);
	free(shape);
	free(source);
}

/* Segment `id` in the folder of that day, written again. */
static void
segment_forge(const struct place *p, const char *day, uint64_t id, const struct forgery *forgery)
{
	struct builder_conf conf = { .level = 1 };
	struct segment_info info;
	struct segment *s = NULL;
	const struct column *column;
	struct builder *b;
	int fd = -1;

	must(dir_open(&fd, p->fd, day, NULL) == OK);
	must(segment_open(&s, fd, id, NULL, NULL) == OK);
	for (uint32_t i = 0; i < segment_columns(s); i++)
		if (segment_column_load(s, i, &column, NULL) == OK &&
		    segment_column(s, i)->form == COLUMN_TEXT)
			must(segment_column_text(s, i, NULL, NULL) == OK);
	conf.stream = segment_stream(s);
	conf.class = segment_class(s);
	conf.epoch = segment_epoch(s);
	memcpy(conf.store_id, p->keys.store_id, sizeof conf.store_id);
	b = builder_new(&conf);
	for (uint32_t i = 0; i < segment_leaves(s); i++) {
		const struct segment_leaf *leaf = segment_leaf(s, i);
		uint32_t at = leaf->first_row;

		if ((int)i == forgery->leave_out)
			continue;
		for (uint32_t k = 0; k < leaf->nframe; k++) {
			frame_forge(b, s, &leaf->frame[k], at, forgery);
			at += leaf->frame[k].rows;
		}
		builder_leaf(b, leaf->tree_index, leaf->seed);
	}
	segment_free(&s);
	must(builder_write(b, fd, id, &info, NULL) == OK);
	builder_free(&b);
	file_close(&fd);
}

/* The store with one forged segment (the raw rows 1 to 40), verified. */
static void
forged(const struct forgery *forgery, struct verdict *v)
{
	struct files files;
	struct place p;
	char day[128];
	const char *name;

	place_fill(&p, KEY_MAKE_PLAIN);
	files_list(&p, &files);
	name = files_find(&files, "segment/", "0000000000000001.seg");
	must(name != NULL);
	(void)snprintf(day, sizeof day, "%.*s", (int)(strrchr(name, '/') - name), name);
	segment_forge(&p, day, 1, forgery);
	verify(&p, v);
	check(verdict_clean(v) || verdict_names(v, name));
	place_remove(&p);
}

static void
a_segment_that_was_written_again_with_the_same_rows_is_clean(void)
{
	struct verdict v;

	forged(&(struct forgery){ .leave_out = -1 }, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
}

static void
the_one_record_that_was_forged_is_named(void)
{
	static const uint64_t seq[] = { 1, 7, 20, 21, 24, 40 };
	struct verdict v;

	for (size_t i = 0; i < sizeof seq / sizeof seq[0]; i++) {
		const struct found *f;

		forged(&(struct forgery){ .seq = seq[i], .message = SPAN("nothing happened"),
		    .leave_out = -1 }, &v);
		f = has(&v, PROOF_ROW);
		if (f == NULL)
			continue;
		check(f->grade == PROOF_BAD && f->stream == STREAM_RAW && f->since_ns > 0);
		check_int(f->first_seq, seq[i]);
		check_int(f->last_seq, seq[i]);
	}
}

static void
a_forged_time_of_receipt_is_seen(void)
{
	const struct found *f;
	struct verdict v;

	forged(&(struct forgery){ .seq = 30, .recv_step = 1, .leave_out = -1 }, &v);
	f = has(&v, PROOF_ROW);
	check(f != NULL && f->first_seq == 30 && f->last_seq == 30);
}

static void
a_record_that_was_left_out_is_seen(void)
{
	const struct found *f;
	struct verdict v;

	forged(&(struct forgery){ .seq = 40, .drop = true, .leave_out = -1 }, &v);
	f = has(&v, PROOF_ROW);
	check(f != NULL && f->first_seq == 24 && f->last_seq == 40);
}

static void
records_that_changed_places_are_seen_as_a_range(void)
{
	const struct found *f;
	struct verdict v;

	forged(&(struct forgery){ .seq = 26, .swap = true, .leave_out = -1 }, &v);
	f = has(&v, PROOF_ROW);
	check(f != NULL && f->first_seq == 24 && f->last_seq == 40);
}

static void
a_leaf_that_was_left_out_is_seen(void)
{
	struct verdict v;

	/* Its rows are in the journal of this small store still. */
	forged(&(struct forgery){ .leave_out = 0 }, &v);
	(void)has(&v, PROOF_MANIFEST);
	check(verdict_find(&v, PROOF_MISSING) == NULL);
}

/* ---- yesterday's store, another key, another clock ---- */

struct copy {
	struct files files;
	struct buf bytes[FILES_MAX];
};

static struct copy *
copy_take(const struct place *p)
{
	struct copy *copy = xcalloc(1, sizeof *copy);

	files_list(p, &copy->files);
	for (unsigned i = 0; i < copy->files.n; i++)
		if (is_sealed(copy->files.name[i]))
			file_get(p, copy->files.name[i], &copy->bytes[i]);
	return copy;
}

/* The store is what it was; ends the copy. */
static void
copy_put(const struct place *p, struct copy *copy)
{
	struct files now;

	files_list(p, &now);
	for (unsigned i = 0; i < now.n; i++)
		if (is_sealed(now.name[i]))
			must(file_unlink(p->fd, now.name[i], NULL) == OK);
	for (unsigned i = 0; i < copy->files.n; i++) {
		char dir[128];

		if (copy->bytes[i].n > 0) {
			(void)snprintf(dir, sizeof dir, "%s", copy->files.name[i]);
			for (char *c = dir; *c != '\0'; c++) {
				if (*c == '/') {
					*c = '\0';
					must(dir_make(p->fd, dir, 0700, NULL) == OK);
					*c = '/';
				}
			}
			file_put(p, copy->files.name[i], buf_span(&copy->bytes[i]));
		}
		buf_done(&copy->bytes[i]);
	}
	free(copy);
}

static void
verify_against(const struct place *p, struct span against, struct verdict *v)
{
	struct proof_options options = { .against = against };

	verify_with(p, &options, v);
}

/* The anchor line of the store's checkpoint. */
static void
anchor_of(const struct place *p, struct buf *out)
{
	struct checkpoint checkpoint;
	struct buf note_text = { 0 };
	struct note note;

	file_get(p, "seal/checkpoint", &note_text);
	must(note_parse(&note, buf_span(&note_text), NULL) == OK);
	must(checkpoint_get(&checkpoint, note.text, NULL) == OK);
	buf_str(out, "Nov 23 06:00:00 desk trucban: ");
	anchor_put(out, &checkpoint, clock_wall_ns());
	buf_str(out, "\n");
	buf_done(&note_text);
}

static void
an_anchor_that_fits_vouches_for_what_it_covers(void)
{
	struct buf note = { 0 }, lines = { 0 };
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	file_get(&p, "seal/checkpoint", &note);
	anchor_of(&p, &lines);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 5);
	place_close(&p);
	anchor_of(&p, &lines);
	verify_against(&p, buf_span(&note), &v);
	check(verdict_clean(&v) && v.result.anchors == 1 && v.result.anchor_ns > 0);
	verify_against(&p, buf_span(&lines), &v);
	check(verdict_clean(&v) && v.result.anchors == 2 && v.result.anchor_ns > 0);
	verify_against(&p, SPAN("nothing of the kind\n"), &v);
	check(v.rc == ERR_FORMAT);
	buf_done(&note);
	buf_done(&lines);
	place_remove(&p);
}

static void
yesterdays_store_is_found_out_by_an_anchor_only(void)
{
	struct buf note = { 0 }, lines = { 0 };
	struct copy *yesterday;
	const struct found *f;
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	yesterday = copy_take(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 5);
	place_close(&p);
	file_get(&p, "seal/checkpoint", &note);
	anchor_of(&p, &lines);
	copy_put(&p, yesterday);
	is_clean(&p);
	verify_against(&p, buf_span(&note), &v);
	f = has(&v, PROOF_ROLLBACK);
	check(f != NULL && f->grade == PROOF_BAD && strstr(f->text, "rolled back") != NULL &&
	    f->since_ns == v.result.last_ns);
	verify_against(&p, buf_span(&lines), &v);
	(void)has(&v, PROOF_ROLLBACK);
	buf_done(&note);
	buf_done(&lines);
	place_remove(&p);
}

static void
a_store_that_went_on_differently_is_found_out_by_an_anchor(void)
{
	struct buf note = { 0 };
	struct copy *yesterday;
	const struct found *f;
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	yesterday = copy_take(&p);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 5);
	place_close(&p);
	file_get(&p, "seal/checkpoint", &note);
	copy_put(&p, yesterday);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 50);
	place_checkpoint(&p);
	place_rows(&p, &p.raw, 50);
	place_close(&p);
	is_clean(&p);
	verify_against(&p, buf_span(&note), &v);
	f = has(&v, PROOF_ROLLBACK);
	check(f != NULL && strstr(f->text, "forked") != NULL);
	buf_done(&note);
	place_remove(&p);
}

/* Somebody makes a key of his own, puts it in place and signs the tree again. */
static void
sign_again(const struct place *p, const uint8_t seed[32])
{
	struct buf text = { 0 }, out = { 0 };
	struct checkpoint checkpoint;
	struct note_key key;
	struct note note;

	file_get(p, "seal/checkpoint", &text);
	must(note_parse(&note, buf_span(&text), NULL) == OK);
	must(checkpoint_get(&checkpoint, note.text, NULL) == OK);
	note_sign(&out, note.text, p->keys.origin, seed);
	file_put(p, "seal/checkpoint", buf_span(&out));
	out.n = 0;
	note_key_of_seed(&key, p->keys.origin, seed);
	note_key_put(&out, &key);
	file_put(p, "key/seal.vkey", buf_span(&out));
	file_put(p, "key/seal.key", span_of(seed, 32));
	buf_done(&text);
	buf_done(&out);
}

static void
a_store_that_was_signed_again_is_found_out_by_the_key(void)
{
	static const uint8_t seed[32] = { 66 };
	struct proof_options options = { .ntrusted = 1 };
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	options.trusted = &p.keys.vkey;
	verify_with(&p, &options, &v);
	check(verdict_clean(&v) && v.result.trusted);
	sign_again(&p, seed);
	is_clean(&p);			/* it agrees with itself */
	verify_with(&p, &options, &v);
	check(!verdict_clean(&v) && !v.result.trusted);
	(void)has(&v, PROOF_CHECKPOINT);
	place_remove(&p);
}

static void
a_replaced_key_is_followed_from_the_old_one(void)
{
	struct key_rotation rotation;
	struct proof_options options = { .ntrusted = 1 };
	struct note_key old;
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	old = p.keys.vkey;
	options.trusted = &old;
	place_open(&p, KEY_MAKE_PLAIN);
	must(keys_rotate_begin(&rotation, p.fd, &p.keys, SPAN("yearly"), NULL) == OK);
	keep_rotate(p.keep, &rotation, SPAN("yearly"));
	place_until(&p, KEEP_CHECKPOINT);
	must(keys_rotate_end(p.fd, NULL) == OK);
	verify_with(&p, &options, &v);
	if (!check(verdict_clean(&v) && v.result.trusted))
		verdict_print(&v);
	place_rows(&p, &p.raw, 5);
	place_close(&p);
	verify_with(&p, &options, &v);
	if (!check(verdict_clean(&v) && v.result.trusted))
		verdict_print(&v);
	must(keys_load(&p.keys, p.fd, NULL) == OK);
	check(!note_key_eq(&p.keys.vkey, &old));
	options.trusted = &p.keys.vkey;
	verify_with(&p, &options, &v);
	check(verdict_clean(&v) && v.result.trusted);
	key_rotation_done(&rotation);
	place_remove(&p);
}

static void
a_clock_that_was_put_back_is_told(void)
{
	const struct found *f;
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	clock_set_offset_ns(-DAY_NS);
	place_open(&p, KEY_MAKE_PLAIN);
	place_rows(&p, &p.raw, 5);
	place_close(&p);
	clock_set_offset_ns(0);
	verify(&p, &v);
	f = has(&v, PROOF_CLOCK);
	check(f != NULL && f->grade == PROOF_WARN && v.result.count[PROOF_BAD] == 0);
	place_remove(&p);
}

static void
rows_that_expired_are_no_loss(void)
{
	struct verdict v;
	struct place p;

	place_fill(&p, KEY_MAKE_PLAIN);
	clock_set_offset_ns(400 * DAY_NS);
	place_open(&p, KEY_MAKE_PLAIN);
	place_flush(&p);
	keep_expire(p.keep);
	place_until(&p, KEEP_EXPIRED);
	place_checkpoint(&p);
	place_close(&p);
	clock_set_offset_ns(0);
	verify(&p, &v);
	if (!check(verdict_clean(&v)))
		verdict_print(&v);
	check(v.result.rows < 54);
	place_remove(&p);
}

int
main(void)
{
	run(a_store_that_nobody_touched_is_clean);
	run(a_store_of_several_lives_is_clean);
	run(rows_behind_the_checkpoint_are_counted_as_unsealed);
	run(large_trees_and_many_frames_are_clean);
	run(no_octet_of_a_plain_store_can_be_changed);
	run(no_octet_of_an_encrypted_store_can_be_changed);
	run(no_file_can_be_removed_shortened_or_lengthened);
	run(a_segment_that_was_written_again_with_the_same_rows_is_clean);
	run(the_one_record_that_was_forged_is_named);
	run(a_forged_time_of_receipt_is_seen);
	run(a_record_that_was_left_out_is_seen);
	run(records_that_changed_places_are_seen_as_a_range);
	run(a_leaf_that_was_left_out_is_seen);
	run(an_anchor_that_fits_vouches_for_what_it_covers);
	run(yesterdays_store_is_found_out_by_an_anchor_only);
	run(a_store_that_went_on_differently_is_found_out_by_an_anchor);
	run(a_store_that_was_signed_again_is_found_out_by_the_key);
	run(a_replaced_key_is_followed_from_the_old_one);
	run(a_clock_that_was_put_back_is_told);
	run(rows_that_expired_are_no_loss);
	return check_done();
}
