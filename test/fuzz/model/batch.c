/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes model/batch.c: every batch that is accepted, written again row by row, is read as the
 * same rows. Shape id modulo 4 chooses one of four shapes.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/must.h"
#include "model/batch.h"

enum { NSHAPE = 4 };

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct shape *shape[NSHAPE];

static void
shapes_make(void)
{
	static const struct span code[NSHAPE] = {
		{ (const uint8_t *)"\x04\x01\x00\x05hello", 9 },
		{ (const uint8_t *)"\x05\x01\x01\x00\x00\x01\x04_msg\x00", 12 },
		{ (const uint8_t *)"\x02\x01\x02\x01<\x00\x06\x01p\x01>\x00\x01\x01m\x01\n", 17 },
		{ (const uint8_t *)"\x04\x01\x03\x00\x00\x00\x01" "a\x01 \x00\x00\x01"
		    "b\x01 \x00\x00\x01" "c\x00", 21 },
	};

	for (size_t i = 0; i < NSHAPE && shape[i] == NULL; i++)
		must(shape_new(&shape[i], code[i], NULL) == OK);
}

static const struct shape **
table_make(const struct batch_head *head)
{
	const struct shape **table = xcalloc(head->nshape, sizeof(struct shape *));

	for (uint32_t i = 0; i < head->nshape; i++)
		table[i] = shape[batch_shape_id(head, i) % NSHAPE];
	return table;
}

/* All that a row says, as one number; ids are the channel's, indexes may differ. */
static uint64_t
row_hash(const struct row *row, const struct shape *its, uint64_t seed)
{
	uint64_t said[] = { (uint64_t)row->recv_ns, (uint64_t)row->event_ns, row->flags, seed };
	size_t n = row_bytes(row, its);
	uint8_t *raw = xmalloc(n);
	uint64_t h;

	must(row->nvalue == its->nhole && n <= LIMIT_RECORD_BYTES);
	row_raw(raw, row, its);
	h = hash64_seed(span_of(raw, n), hash64(span_of(said, sizeof said)));
	free(raw);
	return h;
}

/* Reads all rows; each one goes into writer while it is not full. False on a refusal. */
static bool
copy(const struct batch_head *head, struct batch_writer *writer, uint64_t *ret_hash)
{
	uint64_t hash = 0;

	static struct batch_reader reader;
	const struct shape **table = table_make(head);
	const struct batch_tables tables = { .shape = table };
	struct why why = { "" };
	struct row row;
	enum err rc;

	batch_reader_init(&reader, head, &tables);
	while ((rc = batch_next(&reader, &row, &why)) == OK) {
		uint32_t shape_id = batch_shape_id(head, row.shape);
		uint32_t source_id = batch_source_id(head, row.source);

		hash = row_hash(&row, table[row.shape], hash + shape_id * UINT64_C(31) + source_id);
		if (batch_add(writer, shape_id, source_id, &row) != OK)
			break;
	}
	*ret_hash = hash;
	must(rc != ERR_FORMAT || why.text[0] != '\0');
	free(table);
	return rc == ERR_MORE;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch_writer *writer;
	struct buf out = { 0 }, twice = { 0 };
	struct batch_head head;
	uint64_t one, two;

	shapes_make();
	if (batch_head_read(&head, span_of(data, size), NULL) != OK)
		return 0;
	writer = batch_writer_new(head.stream, head.class);
	if (copy(&head, writer, &one)) {
		must(batch_bytes(writer) > BATCH_HEAD_BYTES);
		batch_finish(writer, &out);
		must(batch_head_read(&head, buf_span(&out), NULL) == OK);
		must(copy(&head, writer, &two) && one == two);
		batch_finish(writer, &twice);
		must(span_eq(buf_span(&out), buf_span(&twice)));
	}
	batch_writer_free(&writer);
	buf_done(&out);
	buf_done(&twice);
	return 0;
}
