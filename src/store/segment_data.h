/* SPDX-License-Identifier: Apache-2.0 */
/* Between segment.c (directory, vectors) and segment_column.c (columns, records): the segment. */
#ifndef STORE_SEGMENT_DATA_H
#define STORE_SEGMENT_DATA_H

#include "store/column.h"
#include "store/key.h"
#include "store/list.h"
#include "store/segment_int.h"
#include "store/text.h"

/* A hole of a shape: which column its value is in, and how many of its row stand before it. */
struct place {
	uint16_t column;
	uint16_t nth;
};

struct segment_shape {
	struct shape *shape;
	struct place *place;		/* per hole */
	uint32_t rows;			/* once shape_index is there */
};

struct segment_column {
	struct column_info info;
	struct span params;		/* encoding and parameters */
	struct column column;		/* once loaded */
	bool loaded;
	struct column_more more;	/* once loaded */
	uint32_t *first;		/* per shape: values in one row; NULL until loaded */
	uint32_t cursor;		/* value that was last asked for */
	struct text_reader *text;	/* COLUMN_TEXT, once loaded */
	uint8_t *made;			/* per value: it was made already */
	struct span *value;
};

struct segment {
	char name[SEGMENT_NAME];
	struct pack *sealed;
	struct pack *derived;		/* in files: read when it is asked for, */
	int derived_fd;			/* until then its file; or -1 */
	bool has_key;
	uint8_t key[KEY_BYTES];
	struct segment_memory *memory;	/* or NULL: in files */
	struct hold hold;
	uint32_t nrow;
	int64_t recv_min_ns, recv_max_ns;
	uint32_t nleaf;
	struct segment_leaf *leaf;
	uint32_t nshape;
	struct segment_shape *shape;
	uint32_t nsource;
	struct source **source;
	struct span shape_at, source_at, flags_at, recv_at;	/* parameters of the vectors */
	const uint16_t *shape_index, *source_index;
	uint8_t *flags;
	int64_t *recv, *time;
	uint64_t *seq;
	uint32_t ncolumn;
	struct segment_column *column;
};

/* Decodes a column, but values that lie as numbers stay so; idempotent. */
enum err	column_decode(struct segment *segment, uint32_t column, struct why *why);
/* The same, and all values can be read. */
enum err	column_load(struct segment *segment, uint32_t column, struct why *why);
/* The derived part, which is read now. ERR_ABSENT: there is none. */
enum err	segment_derived(struct segment *segment, struct pack **ret_pack, struct why *why);
/* Puts the segment's name in front of what why says. */
enum err	segment_why(const struct segment *segment, enum err rc, struct why *why);

#endif
