/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a large store out of a small one: time-shifted copies of its largest segment, for
 * bench/scale. The store is stopped meanwhile.
 *
 *	multiply STORE COPIES STEP-SECONDS [--plant COPY TEXT] [--absent TEXT]
 *
 * Copy k (from 0) has new sequence numbers, and receive and event times COPIES - k steps before
 * those of the segment it is a copy of; the records' octets stay. Chunks are copied, the
 * directory is written anew. Each copy's rows are digested anew, and its leaves are in the signed
 * tree: the store verifies. Copy --plant holds TEXT at the end of one message; it is built from
 * its rows, with an index of its own. The words of both texts pass the filters of other copies by
 * chance, as often as in a store of segments that all differ.
 */
#include "multiply.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/random.h"
#include "store/group.h"

enum {
	SIGN_EVERY = 2048,		/* copies */
	DAY_NAME = 8 + SEGMENT_NAME
};

#define SECOND_NS	INT64_C(1000000000)

/* What the command line asks for. */
struct order {
	uint64_t copies;
	int64_t step_ns;
	uint64_t plant;			/* the copy that holds text */
	const char *text;
};

/* ---- the segment that is copied ---- */

enum err
day_open(struct multiply *m, int64_t recv_ns, struct why *why)
{
	char day[SEGMENT_NAME], name[DAY_NAME];
	enum err rc;

	segment_day(day, recv_ns);
	if (m->day_fd >= 0 && strcmp(day, m->day) == 0)
		return OK;
	file_close(&m->day_fd);
	(void)snprintf(m->day, sizeof m->day, "%s", day);
	(void)snprintf(name, sizeof name, "segment/%s", day);
	rc = dir_make(m->dirfd, name, 0700, why);
	return rc == OK ? dir_open(&m->day_fd, m->dirfd, name, why) : rc;
}

/* ---- leaves ---- */

static struct span
row_octets(const struct rows *r, uint32_t row, bool planted)
{
	if (planted && row == r->planted)
		return buf_span(&r->planted_raw);
	return span_of(r->raw.p + r->at[row], r->at[row + 1] - r->at[row]);
}

static void
frame_digest(struct multiply *m, const struct copy *copy, uint64_t first_seq, uint32_t first_row,
    uint32_t n, struct locator *locator, struct digest *ret)
{
	const struct rows *r = &m->rows;

	salts(m->salt, n, copy->seed, first_seq);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t row = first_row + i;

		row_digest(&m->row[i], m->salt + (size_t)i * SALT_BYTES, copy->info.stream,
		    copy->info.class, r->flags[row], copy->info.epoch, first_seq + i,
		    r->recv[row] + copy->shift_ns, r->source_digest[r->source[row]],
		    row_octets(r, row, copy->planted));
		locator_add(locator, &m->row[i]);
	}
	tree16(ret, m->row, n);
}

uint64_t
leaf_append(struct multiply *m, struct copy *copy, const struct segment_frame *frame,
    uint32_t nframe, uint32_t first_row)
{
	struct digest *d = xcalloc(nframe, sizeof *d);
	const struct segment_frame *last = &frame[nframe - 1];
	struct locator locator = { 0 };
	struct leaf leaf = { .type = LEAF_ROWS, .stream = copy->info.stream,
	    .class = copy->info.class, .epoch = copy->info.epoch, .time_ns = clock_wall_ns() };
	struct leaf_rows *rows = &leaf.u.rows;
	struct buf entry = { 0 };
	uint64_t index;

	random_bytes(copy->seed, sizeof copy->seed);
	for (uint32_t i = 0; i < nframe; i++) {
		frame_digest(m, copy, frame[i].first_seq + copy->seq_shift, first_row + rows->rows,
		    frame[i].rows, &locator, &d[i]);
		rows->rows += frame[i].rows;
	}
	rows->first_seq = frame[0].first_seq + copy->seq_shift;
	rows->last_seq = last->first_seq + copy->seq_shift + last->rows - 1;
	rows->frames = nframe;
	rows->s0 = locator.s0;
	rows->s1 = locator.s1;
	rows->segment = copy->info.id;
	tree16(&rows->root, d, nframe);
	leaf_encode(&entry, &leaf);
	index = seal_append(m->seal, buf_span(&entry));
	buf_varint(&copy->leaves, index - copy->last_leaf);
	copy->last_leaf = index;
	copy->nleaf++;
	buf_done(&entry);
	free(d);
	return index;
}

/* ---- a copy ---- */

void
copy_begin(struct multiply *m, struct copy *copy, int64_t shift_ns)
{
	struct segment_info *info = &copy->info;
	uint64_t span = m->base.last_seq - m->base.first_seq;

	*copy = (struct copy){ .info = m->base, .shift_ns = shift_ns,
	    .seq_shift = m->next_seq - m->base.first_seq };
	info->id = m->next_id++;
	info->first_seq = m->next_seq;
	info->last_seq = m->next_seq + span;
	info->recv_min_ns += shift_ns;
	info->recv_max_ns += shift_ns;
	info->event_min_ns += shift_ns;
	info->event_max_ns += shift_ns;
	m->next_seq += span + 1;
}

enum err
copy_end(struct multiply *m, struct copy *copy, struct why *why)
{
	struct buf list = { 0 }, payload = { 0 };
	bool good;

	buf_varint(&list, copy->nleaf);
	buf_span_put(&list, buf_span(&copy->leaves));
	manifest_segment_put(&payload, &copy->info, buf_span(&list));
	good = manifest_apply(m->manifest, RECORD_ADD, buf_span(&payload));
	m->bytes += copy->info.bytes;
	buf_done(&list);
	buf_done(&payload);
	buf_done(&copy->leaves);
	return good ? OK : why_set(why, ERR_FORMAT, "the manifest does not take the copy");
}

/* Integers of every mode begin with the value that all others are relative to. */
static void
ints_moved(struct buf *out, struct cur *c, int64_t shift)
{
	buf_u8(out, cur_u8(c));
	buf_zigzag(out, (int64_t)((uint64_t)cur_zigzag(c) + (uint64_t)shift));
}

static void
recv_put(const struct multiply *m, int64_t shift_ns, struct buf *out)
{
	struct cur c = cur_of(m->pieces.recv);
	struct buf params = { 0 };

	ints_moved(&params, &c, shift_ns);
	buf_span_put(&params, span_of(c.p, cur_left(&c)));
	buf_bytes(out, buf_span(&params));
	buf_done(&params);
}

/* Steps over a list of integers: list.c. */
static void
ints_pass(struct cur *c)
{
	uint8_t mode = cur_u8(c);

	(void)cur_zigzag(c);
	if (mode == 0)
		return;
	if (mode == 2)
		(void)cur_zigzag(c);
	(void)cur_varint(c);
	(void)cur_u8(c);
	stream_skip(c);
}

/*
 * segment.md section 8: what the clocks say is moved by so much, and the rows that they are wrong
 * about. Differences to the receive times move with these.
 */
static void
times_moved(const struct multiply *m, int64_t shift_ns, struct buf *out)
{
	struct cur c = cur_of(m->times);
	const uint8_t *from;
	uint64_t n;

	if (m->times.p[0] == TIMES_DIFFERENCE) {
		buf_span_put(out, m->times);
		return;
	}
	buf_u8(out, cur_u8(&c));
	buf_varint(out, n = cur_varint(&c));
	for (; n > 0; n--) {
		buf_varint(out, cur_varint(&c));
		buf_zigzag(out, (int64_t)((uint64_t)cur_zigzag(&c) + (uint64_t)shift_ns));
	}
	buf_varint(out, n = cur_varint(&c));
	if (n == 0)
		return;
	from = c.p;
	ints_pass(&c);
	buf_put(out, from, (size_t)(c.p - from));
	ints_moved(out, &c, shift_ns);
	buf_span_put(out, span_of(c.p, cur_left(&c)));
}

static void
derived_put(const struct multiply *m, const struct copy *copy, struct buf *out)
{
	struct cur c = cur_of(m->derived.body);
	struct buf times = { 0 };

	out->n = 0;
	times_moved(m, copy->shift_ns, &times);
	while (cur_left(&c) > 0) {
		uint8_t kind = cur_u8(&c);
		struct span section = cur_bytes(&c);

		buf_u8(out, kind);
		buf_bytes(out, kind == DERIVED_TIMES ? buf_span(&times) : section);
	}
	buf_done(&times);
}

/* The directory of the sealed part; appends the copy's leaves to the tree. */
static void
sealed_put(struct multiply *m, struct copy *copy, struct buf *out)
{
	uint64_t next = 0;

	out->n = 0;
	buf_varint(out, m->rows.n);
	buf_i64(out, copy->info.recv_min_ns);
	buf_i64(out, copy->info.recv_max_ns);
	buf_varint(out, segment_leaves(m->rows.segment));
	for (uint32_t i = 0; i < segment_leaves(m->rows.segment); i++) {
		const struct segment_leaf *leaf = segment_leaf(m->rows.segment, i);

		buf_varint(out, leaf_append(m, copy, leaf->frame, leaf->nframe, leaf->first_row));
		buf_put(out, copy->seed, sizeof copy->seed);
		buf_varint(out, leaf->nframe);
		for (uint32_t k = 0; k < leaf->nframe; k++) {
			uint64_t first = leaf->frame[k].first_seq + copy->seq_shift;

			buf_varint(out, first - next);
			buf_varint(out, leaf->frame[k].rows);
			next = first + leaf->frame[k].rows;
		}
	}
	buf_span_put(out, m->pieces.middle);
	recv_put(m, copy->shift_ns, out);
	buf_span_put(out, m->pieces.tail);
}

static enum err
part_write(struct multiply *m, struct copy *copy, enum segment_part part, struct why *why)
{
	char name[SEGMENT_NAME];
	int fd = -1;
	enum err rc;

	recast_put(part == SEGMENT_SEALED ? &m->sealed : &m->derived, copy->info.id,
	    buf_span(&m->body), m->key, &m->file);
	segment_name(name, copy->info.id, part);
	rc = file_open(&fd, m->day_fd, name, FILE_WRITE_NEW, why);
	if (rc == OK)
		rc = file_write_all(fd, buf_span(&m->file), why);
	file_close(&fd);
	copy->info.bytes += m->file.n;
	return rc;
}

static enum err
copy_make(struct multiply *m, int64_t shift_ns, struct why *why)
{
	struct copy copy;
	enum err rc;

	copy_begin(m, &copy, shift_ns);
	rc = day_open(m, copy.info.recv_min_ns, why);
	if (rc != OK)
		return rc;
	copy.info.bytes = 0;
	derived_put(m, &copy, &m->body);
	chance_take(&m->chance);
	m->derived.chunk[m->chance.chunk].stored = buf_span(&m->chance.copy);
	rc = part_write(m, &copy, SEGMENT_DERIVED, why);
	if (rc != OK)
		return rc;
	sealed_put(m, &copy, &m->body);
	rc = part_write(m, &copy, SEGMENT_SEALED, why);
	return rc == OK ? copy_end(m, &copy, why) : rc;
}

/* ---- all of it ---- */

static enum err
store_stopped(struct multiply *m, const char *path, struct why *why)
{
	enum err rc;

	rc = dir_open(&m->dirfd, AT_FDCWD, path, why);
	if (rc == OK)
		rc = file_lock(&m->lock_fd, m->dirfd, "lock", why);
	if (rc == OK)
		rc = keys_load(&m->keys, m->dirfd, why);
	if (rc == OK)
		rc = manifest_open(&m->manifest, m->dirfd, MANIFEST_WRITE, why);
	if (rc == OK)
		rc = seal_open(&m->seal, m->dirfd, m->keys.origin, m->keys.seed, why);
	if (rc != OK)
		return rc;
	m->key = manifest_encrypted(m->manifest) ? m->keys.store_key : NULL;
	m->row = xcalloc(LIMIT_ROWS, sizeof *m->row);
	m->salt = xcalloc(LIMIT_ROWS, SALT_BYTES);
	return OK;
}

/* The manifest last: until then nobody knows of the copies. */
static enum err
finish(struct multiply *m, struct why *why)
{
	struct buf all = { 0 };
	enum err rc;

	if (syncfs(m->dirfd) != 0)
		return why_set(why, ERR_IO, "cannot sync the file system");
	rc = seal_checkpoint(m->seal, NULL, why);
	m->manifest->generation++;
	(void)manifest_put(&all, m->manifest);
	if (rc == OK)
		rc = file_replace(m->dirfd, "manifest", buf_span(&all), why);
	buf_done(&all);
	return rc;
}

static enum err
multiply(struct multiply *m, const struct order *order, struct why *why)
{
	enum err rc = base_read(m, why);

	for (uint64_t k = 0; k < order->copies && rc == OK; k++) {
		int64_t shift_ns = -(int64_t)(order->copies - k) * order->step_ns;

		rc = k == order->plant ? plant_make(m, shift_ns, order->text, why) :
		    copy_make(m, shift_ns, why);
		if (rc == OK && k % SIGN_EVERY == SIGN_EVERY - 1) {
			rc = seal_checkpoint(m->seal, NULL, why);
			(void)fprintf(stderr, "multiply: %llu copies\n", (unsigned long long)k + 1);
		}
	}
	return rc == OK ? finish(m, why) : rc;
}

/* What the keeper does two minutes after its start. */
static enum err
groups_make(struct multiply *m, struct why *why)
{
	size_t n = manifest_count(m->manifest);
	struct segment_info *info = xcalloc(n, sizeof *info);
	enum err rc;

	for (size_t i = 0; i < n; i++)
		info[i] = *manifest_segment(m->manifest, i);
	rc = group_tend(m->dirfd, manifest_store_id(m->manifest), m->key, info, n, why);
	free(info);
	return rc;
}

static bool
order_read(struct order *order, struct chance *chance, int argc, char **argv)
{
	if (argc < 4)
		return false;
	*order = (struct order){ .plant = UINT64_MAX };
	order->copies = strtoull(argv[2], NULL, 10);
	order->step_ns = (int64_t)(strtod(argv[3], NULL) * (double)SECOND_NS);
	for (int i = 4; i < argc; i++) {
		if (strcmp(argv[i], "--plant") == 0 && i + 2 < argc) {
			order->plant = strtoull(argv[++i], NULL, 10);
			order->text = argv[++i];
			chance_tokens(chance, span_str(order->text));
		} else if (strcmp(argv[i], "--absent") == 0 && i + 1 < argc) {
			chance_tokens(chance, span_str(argv[++i]));
		} else {
			return false;
		}
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct multiply m = { .dirfd = -1, .lock_fd = -1, .day_fd = -1 };
	struct order order;
	struct why why = { "" };
	enum err rc;

	if (!order_read(&order, &m.chance, argc, argv)) {
		(void)fprintf(stderr, "usage: multiply STORE COPIES STEP-SECONDS "
		    "[--plant COPY TEXT] [--absent TEXT]\n");
		return 2;
	}
	rc = store_stopped(&m, argv[1], &why);
	if (rc == OK)
		rc = multiply(&m, &order, &why);
	if (rc == OK)
		rc = groups_make(&m, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "multiply: %s\n", why.text);
		return 3;
	}
	(void)printf("multiply.copies %llu\nmultiply.rows %llu\nmultiply.bytes %llu\n"
	    "multiply.by_chance %.5f\n", (unsigned long long)order.copies,
	    (unsigned long long)(order.copies * m.rows.n), (unsigned long long)m.bytes,
	    m.chance.rate);
	keys_wipe(&m.keys);
	seal_close(&m.seal);
	manifest_close(&m.manifest);
	segment_free(&m.rows.segment);
	return 0;
}
