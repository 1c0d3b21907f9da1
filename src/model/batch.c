/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic in row_encode and row_raw. Batches of rows, written and read:
 * doc/formats/record.md, section 3. Both directions are on the path of every record: a row is
 * encoded straight into reserved memory and decoded without a copy of its values.
 *
 * The writer keeps two small tables, channel id -> batch index, each an open-addressing hash over
 * a list in order of first use:
 *
 *	slot[]	0 = empty, else index + 1	(a power of two, at most half full)
 *	entry[]	{ id, its slot }		(so that emptying costs what was used)
 *
 * The reader believes nothing: every length is checked before the octets are looked at.
 */
#include "model/batch.h"

#include <stdlib.h>

#include "base/copy.h"
#include "base/must.h"

enum {
	IDS_FIRST_SLOTS = 64,
	ID_BYTES = 4,
	/* indexes below 65,536: 3 each; flags 1; two zigzags: 10 each */
	ROW_FIXED_BYTES = 3 + 3 + 1 + 10 + 10,
	/* the length of a value within the record limit */
	LENGTH_BYTES = 3,
	TIME_RULE_MASK = 7,
};

_Static_assert(LIMIT_RECORD_BYTES < 1 << 21, "a value's length fits three varint octets");

struct ids {
	uint32_t count;
	uint32_t nslot;		/* 0 or a power of two */
	uint32_t last_id;	/* of the row before, most often asked again */
	uint32_t last_index;
	uint32_t *slot;
	struct {
		uint32_t id;
		uint32_t slot;
	} *entry;		/* room for nslot / 2 */
};

struct batch_writer {
	uint8_t stream;
	uint8_t class;
	uint32_t nrow;
	int64_t base_ns;	/* receive time of the first row */
	struct ids shape;
	struct ids source;
	struct buf rows;
};

/* ---- the writer's id tables ---- */

/* The slot that holds id, or the empty one where it belongs. */
static uint32_t
ids_slot(const struct ids *ids, uint32_t id)
{
	uint32_t at = (uint32_t)((id * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (ids->nslot - 1);

	while (ids->slot[at] != 0 && ids->entry[ids->slot[at] - 1].id != id)
		at = (at + 1) & (ids->nslot - 1);
	return at;
}

static void
ids_grow(struct ids *ids)
{
	ids->nslot = ids->nslot > 0 ? ids->nslot * 2 : IDS_FIRST_SLOTS;
	free(ids->slot);
	ids->slot = xcalloc(ids->nslot, sizeof ids->slot[0]);
	ids->entry = xreallocarray(ids->entry, ids->nslot / 2, sizeof ids->entry[0]);
	for (uint32_t i = 0; i < ids->count; i++) {
		uint32_t at = ids_slot(ids, ids->entry[i].id);

		ids->slot[at] = i + 1;
		ids->entry[i].slot = at;
	}
}

/* The index of id, or ids->count when it is new: ids_add gives it that index. */
static uint32_t
ids_find(const struct ids *ids, uint32_t id)
{
	uint32_t at;

	if (ids->count == 0)
		return 0;
	if (ids->last_id == id)
		return ids->last_index;
	at = ids_slot(ids, id);
	return ids->slot[at] != 0 ? ids->slot[at] - 1 : ids->count;
}

static void
ids_add(struct ids *ids, uint32_t id, uint32_t index)
{
	uint32_t at;

	if (index == ids->count) {
		if (ids->count == ids->nslot / 2)
			ids_grow(ids);
		at = ids_slot(ids, id);
		ids->slot[at] = index + 1;
		ids->entry[index].id = id;
		ids->entry[index].slot = at;
		ids->count++;
	}
	ids->last_id = id;
	ids->last_index = index;
}

static void
ids_put(struct buf *out, const struct ids *ids)
{
	for (uint32_t i = 0; i < ids->count; i++)
		buf_u32(out, ids->entry[i].id);
}

static void
ids_empty(struct ids *ids)
{
	for (uint32_t i = 0; i < ids->count; i++)
		ids->slot[ids->entry[i].slot] = 0;
	ids->count = 0;
}

static void
ids_done(struct ids *ids)
{
	free(ids->slot);
	free(ids->entry);
}

/* ---- writing ---- */

struct batch_writer *
batch_writer_new(uint8_t stream, uint8_t class)
{
	struct batch_writer *writer = xcalloc(1, sizeof *writer);

	must(stream < STREAM_END && class < LIMIT_CLASSES);
	writer->stream = stream;
	writer->class = class;
	return writer;
}

void
batch_writer_free(struct batch_writer **writer)
{
	if (*writer == NULL)
		return;
	ids_done(&(*writer)->shape);
	ids_done(&(*writer)->source);
	buf_done(&(*writer)->rows);
	free(*writer);
	*writer = NULL;
}

/* a - b and a + b as two's complement: foreign times may lie anywhere. */
static inline int64_t
time_minus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline int64_t
time_plus(int64_t a, int64_t b)
{
	return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline uint64_t
zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

/* Writes the row at `at`, which has room for the longest form of it; returns its end. */
static uint8_t *
row_encode(uint8_t *at, const struct row *row, uint32_t shape, uint32_t source, int64_t base_ns)
{
	at += varint_put(at, shape);
	at += varint_put(at, source);
	*at++ = row->flags;
	at += varint_put(at, zigzag(time_minus(row->recv_ns, base_ns)));
	at += varint_put(at, zigzag(time_minus(row->event_ns, row->recv_ns)));
	for (uint32_t i = 0; i < row->nvalue; i++)
		at += varint_put(at, row->value[i].n);
	for (uint32_t i = 0; i < row->nvalue; i++)
		at = copy_span(at, row->value[i]);
	return at;
}

enum err
batch_add(struct batch_writer *writer, uint32_t shape_id, uint32_t source_id,
    const struct row *row)
{
	size_t most = ROW_FIXED_BYTES + (size_t)row->nvalue * LENGTH_BYTES;
	size_t values = 0;
	uint32_t shape, source;
	uint8_t *at;

	must(row->nvalue <= LIMIT_FIELDS && (row->flags & ~ROW_KNOWN) == 0);
	for (uint32_t i = 0; i < row->nvalue; i++) {
		if (row->value[i].n > LIMIT_RECORD_BYTES)
			return ERR_LIMIT;
		values += row->value[i].n;
	}
	if (values > LIMIT_RECORD_BYTES)
		return ERR_LIMIT;
	if (writer->nrow == LIMIT_ROWS ||
	    batch_bytes(writer) + 2 * ID_BYTES + most + values > LIMIT_BATCH_BYTES)
		return ERR_FULL;

	if (writer->nrow == 0)
		writer->base_ns = row->recv_ns;
	shape = ids_find(&writer->shape, shape_id);
	source = ids_find(&writer->source, source_id);
	ids_add(&writer->shape, shape_id, shape);
	ids_add(&writer->source, source_id, source);
	buf_reserve(&writer->rows, most + values);
	at = row_encode(writer->rows.p + writer->rows.n, row, shape, source, writer->base_ns);
	writer->rows.n = (size_t)(at - writer->rows.p);
	writer->nrow++;
	return OK;
}

uint32_t
batch_rows(const struct batch_writer *writer)
{
	return writer->nrow;
}

size_t
batch_bytes(const struct batch_writer *writer)
{
	return BATCH_HEAD_BYTES + ID_BYTES * ((size_t)writer->shape.count + writer->source.count) +
	    writer->rows.n;
}

static void
head_put(const struct batch_writer *writer, struct buf *out)
{
	must(writer->nrow > 0);
	buf_u8(out, writer->stream);
	buf_u8(out, writer->class);
	buf_u32(out, writer->nrow);
	buf_i64(out, writer->base_ns);
	buf_u32(out, writer->shape.count);
	buf_u32(out, writer->source.count);
	ids_put(out, &writer->shape);
	ids_put(out, &writer->source);
}

static void
writer_empty(struct batch_writer *writer)
{
	ids_empty(&writer->shape);
	ids_empty(&writer->source);
	writer->rows.n = 0;
	writer->nrow = 0;
}

void
batch_finish(struct batch_writer *writer, struct buf *out)
{
	buf_reserve(out, batch_bytes(writer));
	head_put(writer, out);
	buf_span_put(out, buf_span(&writer->rows));
	writer_empty(writer);
}

void
batch_finish_parts(struct batch_writer *writer, struct buf *head, struct buf *rows)
{
	struct buf empty = *rows;

	must(rows->n == 0);
	head_put(writer, head);
	*rows = writer->rows;
	writer->rows = empty;
	writer_empty(writer);
}

/* ---- reading ---- */

enum err
batch_head_read(struct batch_head *ret_head, struct span code, struct why *why)
{
	struct batch_head head;
	struct cur in = cur_of(code);

	if (code.n > LIMIT_BATCH_BYTES)
		return why_set(why, ERR_FORMAT, "batch breaks rule 8: %zu octets", code.n);
	head.stream = cur_u8(&in);
	head.class = cur_u8(&in);
	head.nrow = cur_u32(&in);
	head.base_ns = cur_i64(&in);
	head.nshape = cur_u32(&in);
	head.nsource = cur_u32(&in);
	if (in.bad)
		return why_set(why, ERR_FORMAT, "batch ends early");
	if (head.stream >= STREAM_END || head.class >= LIMIT_CLASSES || head.nrow < 1 ||
	    head.nrow > LIMIT_ROWS)
		return why_set(why, ERR_FORMAT, "batch breaks rule 1: stream %u, class %u, %u rows",
		    head.stream, head.class, head.nrow);
	head.shape_ids = cur_span(&in, (uint64_t)head.nshape * ID_BYTES);
	head.source_ids = cur_span(&in, (uint64_t)head.nsource * ID_BYTES);
	if (in.bad)
		return why_set(why, ERR_FORMAT, "batch breaks rule 2: %u shapes, %u sources",
		    head.nshape, head.nsource);
	head.rows = cur_span(&in, cur_left(&in));
	*ret_head = head;
	return OK;
}

static uint32_t
id_at(struct span ids, uint32_t index)
{
	struct cur in = cur_of(span_sub(ids, (size_t)index * ID_BYTES, ID_BYTES));
	uint32_t id = cur_u32(&in);

	must(!in.bad);
	return id;
}

uint32_t
batch_shape_id(const struct batch_head *head, uint32_t index)
{
	return id_at(head->shape_ids, index);
}

uint32_t
batch_source_id(const struct batch_head *head, uint32_t index)
{
	return id_at(head->source_ids, index);
}

void
batch_reader_init(struct batch_reader *reader, const struct batch_head *head,
    const struct batch_tables *tables)
{
	reader->cur = cur_of(head->rows);
	reader->head = head;
	reader->tables = tables;
	reader->left = head->nrow;
}

/* Which rule the row at hand broke; the reader refuses everything from now on. */
static enum err
reader_refuse(struct batch_reader *reader, struct why *why, const char *rule)
{
	uint32_t row = reader->head->nrow - reader->left;

	reader->cur.bad = true;
	return why_set(why, ERR_FORMAT, "batch breaks %s in row %u", rule, row);
}

/* lengths and values of one row; rules 5 and 6. NULL when they hold, else the rule. */
static const char *
values_read(struct span *value, const struct shape *shape, struct cur *in)
{
	uint64_t total = 0;
	const uint8_t *at = in->p, *const end = in->end;
	const uint32_t nhole = shape->nhole;

	for (uint32_t i = 0; i < nhole; i++) {
		uint64_t n;

		if (at < end && *at < 0x80) {
			n = *at++;
		} else {
			in->p = at;
			n = cur_varint(in);
			at = in->p;
			if (in->bad)
				return "rule 5";
			if (n > LIMIT_RECORD_BYTES)
				return "rule 6";
		}
		value[i].n = (size_t)n;
		total += n;
	}
	if (total > (size_t)(end - at))
		return "rule 5";
	if (total + shape->fixed_bytes > LIMIT_RECORD_BYTES)
		return "rule 6";
	for (uint32_t i = 0; i < nhole; i++) {
		value[i].p = at;
		at += value[i].n;
	}
	in->p = at;
	return NULL;
}

enum err
batch_next(struct batch_reader *reader, struct row *ret_row, struct why *why)
{
	const struct batch_head *head = reader->head;
	struct cur in = reader->cur;
	const struct shape *shape;
	uint64_t shape_index, source_index;
	const char *rule;
	struct row row;

	if (in.bad)
		return why_set(why, ERR_FORMAT, "batch was refused before");
	if (reader->left == 0)
		return ERR_MORE;
	shape_index = cur_varint(&in);
	source_index = cur_varint(&in);
	row.flags = cur_u8(&in);
	row.recv_ns = time_plus(head->base_ns, cur_zigzag(&in));
	row.event_ns = time_plus(row.recv_ns, cur_zigzag(&in));
	if (in.bad)
		return reader_refuse(reader, why, "rule 5");
	if (shape_index >= head->nshape || source_index >= head->nsource)
		return reader_refuse(reader, why, "rule 3");
	if ((row.flags & ~ROW_KNOWN) != 0 ||
	    (row.flags >> ROW_TIME_SHIFT & TIME_RULE_MASK) >= TIME_RULE_END)
		return reader_refuse(reader, why, "rule 4");
	shape = reader->tables->shape[shape_index];
	rule = values_read(reader->value, shape, &in);
	if (rule != NULL)
		return reader_refuse(reader, why, rule);
	if (reader->left == 1 && in.p != in.end)
		return reader_refuse(reader, why, "rule 7");
	reader->left--;
	reader->cur = in;
	row.shape = (uint32_t)shape_index;
	row.source = (uint32_t)source_index;
	row.nvalue = shape->nhole;
	row.value = reader->value;
	*ret_row = row;
	return OK;
}

size_t
row_bytes(const struct row *row, const struct shape *shape)
{
	size_t n = shape->fixed_bytes;

	for (uint32_t i = 0; i < row->nvalue; i++)
		n += row->value[i].n;
	return n;
}

void
row_raw(uint8_t *at, const struct row *row, const struct shape *shape)
{
	must(row->nvalue == shape->nhole);
	at = copy_span(at, shape->head);
	for (uint32_t i = 0; i < row->nvalue; i++) {
		at = copy_span(at, row->value[i]);
		at = copy_span(at, shape->hole[i].piece);
	}
}
