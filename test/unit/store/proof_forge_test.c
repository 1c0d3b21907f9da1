/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests store/proof.c against somebody who knows the formats and has all keys of the machine: rows
 * forged under right checksums, yesterday's store put back, the tree signed by another key, the
 * clock turned.
 */
#include "test/unit/store/proof_store.h"

#include "model/checkpoint.h"
#include "store/builder.h"
#include "store/segment_int.h"

#define DAY_NS		(INT64_C(86400) * 1000000000)

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
	place_until(&p, KEEP_REKEYED);
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
