/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches of rows: doc/formats/record.md section 3. The writer is used by whoever parses
 * (intake, collector), the reader by the keeper, the journal's readers and the segment builder.
 */
#ifndef MODEL_BATCH_H
#define MODEL_BATCH_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "base/limits.h"
#include "model/shape.h"

enum store_stream {
	STREAM_RAW,
	STREAM_FINDINGS,
	STREAM_LEDGER,
	STREAM_END
};

enum row_flag {
	ROW_CUT = 1 << 0,
	ROW_NOT_UTF8 = 1 << 1,
	ROW_HAS_NUL = 1 << 2,
	ROW_TIME_SHIFT = 4,		/* time rule in bits 4-6 */
	ROW_KNOWN = 0x77
};

enum time_rule {
	TIME_OWN,
	TIME_NONE,
	TIME_UNREADABLE,
	TIME_AHEAD,
	TIME_BEHIND,
	TIME_RULE_END
};

/* One row, decoded. The spans borrow from the batch; shape and source from the tables. */
struct row {
	uint32_t shape;			/* index into the batch's table */
	uint32_t source;
	uint8_t flags;
	int64_t recv_ns;
	int64_t event_ns;
	uint32_t nvalue;		/* == nhole of the shape */
	const struct span *value;
};

/* What a reader needs to know of each id; the owner is who keeps the id tables. */
struct batch_tables {
	const struct shape *const *shape;	/* by batch index */
	const struct source *const *source;
};

struct batch_head {
	uint8_t stream;
	uint8_t class;
	uint32_t nrow;
	int64_t base_ns;
	uint32_t nshape;
	uint32_t nsource;
	struct span shape_ids;		/* nshape * 4 octets, little-endian */
	struct span source_ids;
	struct span rows;
};

enum { BATCH_HEAD_BYTES = 22 };

/* ---- writing ---- */

struct batch_writer;

struct batch_writer	*batch_writer_new(uint8_t stream, uint8_t class);
void		batch_writer_free(struct batch_writer **writer);
/*
 * Appends one row. shape_id and source_id are the channel's ids; the batch's own small tables are
 * kept by the writer. value[] has as many spans as the shape has holes. ERR_FULL: the batch has
 * no room for it (rows or bytes); finish it and try again in an empty one. ERR_LIMIT: the values
 * alone are longer than a record may be; nothing was added.
 */
enum err	batch_add(struct batch_writer *writer, uint32_t shape_id, uint32_t source_id,
		    const struct row *row);
uint32_t	batch_rows(const struct batch_writer *writer);
/* Encoded size if finished now. */
size_t		batch_bytes(const struct batch_writer *writer);
/* Appends the finished batch (one row at least) to out and empties the writer for the next. */
void		batch_finish(struct batch_writer *writer, struct buf *out);
/*
 * The same in two parts, the rows not copied: head gets what comes before them; rows, empty, gives
 * its memory to the writer and gets them.
 */
void		batch_finish_parts(struct batch_writer *writer, struct buf *head,
		    struct buf *rows);

/* ---- reading ---- */

/* Rules (1), (2), (8) of record.md section 3. The spans borrow from code. */
enum err	batch_head_read(struct batch_head *ret_head, struct span code, struct why *why);
uint32_t	batch_shape_id(const struct batch_head *head, uint32_t index);
uint32_t	batch_source_id(const struct batch_head *head, uint32_t index);

struct batch_reader {
	struct cur cur;
	const struct batch_head *head;
	const struct batch_tables *tables;
	uint32_t left;			/* rows still to come */
	struct span value[LIMIT_FIELDS];
};

/* head and tables are borrowed; tables hold one shape per shape id of the head. */
void		batch_reader_init(struct batch_reader *reader, const struct batch_head *head,
		    const struct batch_tables *tables);
/*
 * The next row: OK, ERR_MORE after the last one, ERR_FORMAT on a broken rule (3) to (7). The row's
 * values borrow from the batch and from the reader until the next call.
 */
enum err	batch_next(struct batch_reader *reader, struct row *ret_row, struct why *why);

/* Octets of the record: fixed ones of the shape plus the values. */
size_t		row_bytes(const struct row *row, const struct shape *shape);
/* Writes exactly row_bytes() octets: the record as it was received. */
void		row_raw(uint8_t *at, const struct row *row, const struct shape *shape);

#endif
