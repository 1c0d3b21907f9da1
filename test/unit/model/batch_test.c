/* SPDX-License-Identifier: Apache-2.0 */
/* Tests model/batch.c: there and back, one bad batch per rule of record.md section 3. */
#include "model/batch.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"

#define CODE_A "\x04\x01\x00\x05" "hello"
#define CODE_B "\x02\x01\x02\x01<\x00\x06\x08priority\x01>\x00\x01\x04_msg\x01\n"

static struct shape *shape_a, *shape_b;
static const struct shape *table[2];
static const struct batch_tables tables = { .shape = table };
static struct batch_reader reader;

/* Two rows: "<13>hi\n" and "hello" of channel shapes 900 and 7, source 70000. */
static void
small_batch(struct buf *out)
{
	struct batch_writer *writer = batch_writer_new(STREAM_RAW, 3);
	const struct span value[] = { SPAN("13"), SPAN("hi") };
	struct row b = { .recv_ns = 1000, .event_ns = 400, .nvalue = 2, .value = value,
	    .flags = TIME_NONE << ROW_TIME_SHIFT | ROW_CUT };
	struct row a = { .recv_ns = 900, .event_ns = INT64_MIN };
	size_t bytes;

	check_int(batch_add(writer, 900, 70000, &b), OK);
	check_int(batch_add(writer, 7, 70000, &a), OK);
	check_int(batch_rows(writer), 2);
	out->n = 0;
	bytes = batch_bytes(writer);
	batch_finish(writer, out);
	check_int(bytes, out->n);
	check_int(batch_rows(writer), 0);
	check_int(batch_bytes(writer), BATCH_HEAD_BYTES);
	batch_writer_free(&writer);
	check(writer == NULL);
}

/* Reads all of it; the first refusal, or OK with the octets of all records appended to raw. */
static enum err
read_all(struct span code, struct buf *raw, struct why *why)
{
	struct batch_head head;
	struct row row;
	enum err rc;

	rc = batch_head_read(&head, code, why);
	if (rc != OK)
		return rc;
	if (head.nshape > 2)
		return ERR_LIMIT;	/* the tables of this test are small */
	batch_reader_init(&reader, &head, &tables);
	while ((rc = batch_next(&reader, &row, why)) == OK) {
		const struct shape *shape = table[row.shape];
		size_t n = row_bytes(&row, shape);

		row_raw(buf_add(raw, n), &row, shape);
	}
	return rc == ERR_MORE ? OK : rc;
}

static void
refused(struct span code, const char *word)
{
	struct why why = { "" };
	struct buf raw = { 0 };

	check_int(read_all(code, &raw, &why), ERR_FORMAT);
	if (!check(strstr(why.text, word) != NULL))
		printf("  said: %s\n", why.text);
	buf_done(&raw);
}

static void
rows_come_back_as_they_went_in(void)
{
	struct batch_head head;
	struct buf b = { 0 }, raw = { 0 };
	struct row row;

	small_batch(&b);
	check_int(batch_head_read(&head, buf_span(&b), NULL), OK);
	check_int(head.stream, STREAM_RAW);
	check_int(head.class, 3);
	check_int(head.nrow, 2);
	check_int(head.nshape, 2);
	check_int(head.nsource, 1);
	check_int(batch_shape_id(&head, 0), 900);
	check_int(batch_shape_id(&head, 1), 7);
	check_int(batch_source_id(&head, 0), 70000);
	batch_reader_init(&reader, &head, &tables);
	check_int(batch_next(&reader, &row, NULL), OK);
	check_int(row.shape, 0);
	check_int(row.flags, TIME_NONE << ROW_TIME_SHIFT | ROW_CUT);
	check_int(row.recv_ns, 1000);
	check_int(row.event_ns, 400);
	check_int(row.nvalue, 2);
	check_span(row.value[0], SPAN("13"));
	check_span(row.value[1], SPAN("hi"));
	check_int(batch_next(&reader, &row, NULL), OK);
	check_int(row.shape, 1);
	check_int(row.recv_ns, 900);
	check_int(row.event_ns, INT64_MIN);
	check_int(batch_next(&reader, &row, NULL), ERR_MORE);
	check_int(batch_next(&reader, &row, NULL), ERR_MORE);
	check_int(read_all(buf_span(&b), &raw, NULL), OK);
	check_span(buf_span(&raw), SPAN("<13>hi\nhello"));
	buf_done(&b);
	buf_done(&raw);
}

static void
a_writer_is_as_new_after_it_finished(void)
{
	struct batch_writer *writer = batch_writer_new(STREAM_LEDGER, 0);
	struct buf one = { 0 }, two = { 0 };
	struct row row = { .recv_ns = 5, .event_ns = 5 };

	for (uint32_t i = 0; i < 1000; i++)
		check_int(batch_add(writer, i * 7, i % 3, &row), OK);
	batch_finish(writer, &one);
	for (uint32_t i = 0; i < 1000; i++)
		check_int(batch_add(writer, i * 7, i % 3, &row), OK);
	batch_finish(writer, &two);
	check_span(buf_span(&one), buf_span(&two));
	batch_writer_free(&writer);
	buf_done(&one);
	buf_done(&two);
}

static void
two_parts_are_the_same_batch(void)
{
	struct batch_writer *writer = batch_writer_new(STREAM_RAW, 0);
	struct buf one = { 0 }, head = { 0 }, rows = { 0 };
	struct row row = { .recv_ns = 5, .event_ns = 5 };

	for (int round = 0; round < 2; round++) {
		for (uint32_t i = 0; i < 100; i++)
			check_int(batch_add(writer, i * 7, i % 3, &row), OK);
		if (round == 0)
			batch_finish(writer, &one);
	}
	batch_finish_parts(writer, &head, &rows);
	check_int(batch_rows(writer), 0);
	buf_span_put(&head, buf_span(&rows));
	check_span(buf_span(&one), buf_span(&head));
	/* The writer goes on with the memory that it was given. */
	check_int(batch_add(writer, 1, 1, &row), OK);
	batch_writer_free(&writer);
	buf_done(&one);
	buf_done(&head);
	buf_done(&rows);
}

static void
ids_keep_the_order_of_their_first_use(void)
{
	struct batch_writer *writer = batch_writer_new(STREAM_RAW, 0);
	struct row row = { .recv_ns = 5, .event_ns = 5 };
	struct batch_head head;
	struct buf b = { 0 };
	struct cur in;

	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 5000; i++)
			check_int(batch_add(writer, i * 1024, UINT32_MAX - i, &row), OK);
	batch_finish(writer, &b);
	check_int(batch_head_read(&head, buf_span(&b), NULL), OK);
	check_int(head.nshape, 5000);
	check_int(head.nsource, 5000);
	for (uint32_t i = 0; i < 5000; i++) {
		check_int(batch_shape_id(&head, i), i * 1024);
		check_int(batch_source_id(&head, i), UINT32_MAX - i);
	}
	in = cur_of(head.rows);
	for (uint32_t i = 0; i < 10000; i++) {
		check_int(cur_varint(&in), i % 5000);
		check_int(cur_varint(&in), i % 5000);
		(void)cur_span(&in, 3);
	}
	check(cur_done(&in));
	batch_writer_free(&writer);
	buf_done(&b);
}

static void
a_full_batch_says_so_and_stays_valid(void)
{
	struct batch_writer *writer = batch_writer_new(STREAM_RAW, 0);
	uint8_t *octets = xcalloc(1, LIMIT_RECORD_BYTES + 1);
	struct span value[] = { SPAN("1"), { octets, LIMIT_RECORD_BYTES - 4 } };
	struct row row = { .nvalue = 2, .value = value };
	struct row empty = { .nvalue = 0 };
	struct buf b = { 0 }, raw = { 0 };

	for (int i = 0; i < 3; i++)
		check_int(batch_add(writer, 1, 1, &row), OK);
	check_int(batch_add(writer, 1, 1, &row), ERR_FULL);
	value[1].n = LIMIT_RECORD_BYTES + 1;
	check_int(batch_add(writer, 1, 1, &row), ERR_LIMIT);
	value[1].n = LIMIT_RECORD_BYTES;
	check_int(batch_add(writer, 1, 1, &row), ERR_LIMIT);
	table[0] = shape_b;
	batch_finish(writer, &b);
	check_int(read_all(buf_span(&b), &raw, NULL), OK);
	check_int(raw.n, 3 * LIMIT_RECORD_BYTES);
	for (uint32_t i = 0; i < LIMIT_ROWS; i++)
		if (!check_int(batch_add(writer, 1, 1, &empty), OK))
			break;
	check_int(batch_add(writer, 1, 1, &empty), ERR_FULL);
	batch_writer_free(&writer);
	buf_done(&b);
	buf_done(&raw);
	free(octets);
}

/* The head of a batch: u8 u8 u32 i64 u32 u32 and the ids. */
static void
head_put(struct buf *b, uint8_t stream, uint8_t class, uint32_t nrow, uint32_t nshape)
{
	b->n = 0;
	buf_u8(b, stream);
	buf_u8(b, class);
	buf_u32(b, nrow);
	buf_i64(b, 0);
	buf_u32(b, nshape);
	buf_u32(b, 1);
	for (uint32_t i = 0; i <= nshape && i < 3; i++)
		buf_u32(b, i);
}

/* A batch of one row of shape_b, given as its octets. */
static void
row_refused(const char *row, size_t n, const char *word)
{
	struct buf b = { 0 };

	head_put(&b, 0, 0, 1, 2);
	buf_put(&b, row, n);
	refused(buf_span(&b), word);
	buf_done(&b);
}

#define ROW_REFUSED(row, word) row_refused(row, sizeof(row) - 1, word)

static void
rules_1_and_2_keep_the_head(void)
{
	struct buf b = { 0 };

	head_put(&b, 3, 0, 1, 0);
	refused(buf_span(&b), "rule 1");
	head_put(&b, 0, 16, 1, 0);
	refused(buf_span(&b), "rule 1");
	head_put(&b, 0, 0, 0, 0);
	refused(buf_span(&b), "rule 1");
	head_put(&b, 0, 0, LIMIT_ROWS + 1, 0);
	refused(buf_span(&b), "rule 1");
	head_put(&b, 0, 0, 1, 3);
	refused(buf_span(&b), "rule 2");
	head_put(&b, 0, 0, 1, UINT32_MAX);
	refused(buf_span(&b), "rule 2");
	for (size_t n = 0; n < BATCH_HEAD_BYTES; n++)
		refused(span_of(b.p, n), "early");
	buf_done(&b);
}

static void
rules_3_to_7_keep_the_rows(void)
{
	ROW_REFUSED("\x02\x00\x00\x00\x00\x00\x00", "rule 3");
	ROW_REFUSED("\x00\x01\x00\x00\x00\x00\x00", "rule 3");
	ROW_REFUSED("\xff\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00", "rule 3");
	ROW_REFUSED("\x00\x00\x08\x00\x00\x00\x00", "rule 4");
	ROW_REFUSED("\x00\x00\x80\x00\x00\x00\x00", "rule 4");
	ROW_REFUSED("\x00\x00\x50\x00\x00\x00\x00", "rule 4");
	ROW_REFUSED("\x00\x00\x00\x00\x00\x02\x02" "abc", "rule 5");
	ROW_REFUSED("\x00\x00\x00\x00\x00\x02", "rule 5");
	ROW_REFUSED("\x00\x00\x00\x00", "rule 5");
	ROW_REFUSED("\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00", "rule 6");
	ROW_REFUSED("\x00\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\x03\x00", "rule 5");
	ROW_REFUSED("\x00\x00\x00\x00\x00\x01\x01" "ab" "c", "rule 7");
}

static void
rules_6_and_8_keep_the_size(void)
{
	struct buf b = { 0 };

	/* pieces are 3 octets: values of LIMIT - 2 make a record too long by one */
	head_put(&b, 0, 0, 1, 2);
	buf_put(&b, "\x00\x00\x00\x00\x00\x01", 6);
	buf_varint(&b, LIMIT_RECORD_BYTES - 3);
	memset(buf_add(&b, LIMIT_RECORD_BYTES - 2), 'x', LIMIT_RECORD_BYTES - 2);
	refused(buf_span(&b), "rule 6");
	memset(buf_add(&b, LIMIT_BATCH_BYTES), 0, LIMIT_BATCH_BYTES);
	refused(buf_span(&b), "rule 8");
	buf_done(&b);
}

static void
a_refused_batch_stays_refused(void)
{
	struct batch_head head;
	struct buf b = { 0 };
	struct row row;

	head_put(&b, 0, 0, 2, 2);
	buf_put(&b, "\x09\x00\x00\x00\x00\x01\x01\x00\x00\x00", 10);
	check_int(batch_head_read(&head, buf_span(&b), NULL), OK);
	batch_reader_init(&reader, &head, &tables);
	check_int(batch_next(&reader, &row, NULL), ERR_FORMAT);
	check_int(batch_next(&reader, &row, NULL), ERR_FORMAT);
	buf_done(&b);
}

/* Each octet set to each value, and each shorter length: never out of bounds, never a crash. */
static void
every_changed_or_cut_octet_is_survived(void)
{
	struct buf b = { 0 }, raw = { 0 };
	uint8_t *own;

	table[0] = shape_b;
	small_batch(&b);
	own = xmemdup(b.p, b.n);
	for (size_t i = 0; i < b.n; i++) {
		for (unsigned v = 0; v < 256; v++) {
			own[i] = (uint8_t)v;
			raw.n = 0;
			(void)read_all(span_of(own, b.n), &raw, NULL);
		}
		own[i] = b.p[i];
	}
	free(own);
	for (size_t n = 0; n < b.n; n++) {
		own = xmemdup(b.p, n);
		raw.n = 0;
		check(read_all(span_of(own, n), &raw, NULL) != OK);
		free(own);
	}
	buf_done(&b);
	buf_done(&raw);
}

int
main(void)
{
	must(shape_new(&shape_a, SPAN(CODE_A), NULL) == OK);
	must(shape_new(&shape_b, SPAN(CODE_B), NULL) == OK);
	table[0] = shape_b;
	table[1] = shape_a;
	run(rows_come_back_as_they_went_in);
	run(a_writer_is_as_new_after_it_finished);
	run(two_parts_are_the_same_batch);
	run(ids_keep_the_order_of_their_first_use);
	run(a_full_batch_says_so_and_stays_valid);
	run(rules_1_and_2_keep_the_head);
	run(rules_3_to_7_keep_the_rows);
	run(rules_6_and_8_keep_the_size);
	run(a_refused_batch_stays_refused);
	run(every_changed_or_cut_octet_is_survived);
	shape_free(&shape_a);
	shape_free(&shape_b);
	return check_done();
}
