/* SPDX-License-Identifier: Apache-2.0 */
/* Between builder.c (rows in) and builder_write.c (segment out): what a builder holds. */
#ifndef STORE_BUILDER_INT_H
#define STORE_BUILDER_INT_H

#include "store/builder.h"
#include "store/gather.h"
#include "store/list.h"
#include "store/text.h"

/* All values of one name and kind: a column to be. */
struct field {
	uint32_t index;
	uint8_t kind;
	uint8_t roles;
	/*
	 * ENCODING_HOST or ENCODING_APP: all `claims` values so far are what the row's source says,
	 * and none is kept. Else ENCODING_END.
	 */
	uint8_t claim;
	uint32_t claims;
	struct gather gather;
	struct text *text;		/* instead of gather: the message of a record */
	bool has_stamp;			/* its column is timestamps, once it was written: */
	int64_t *ns;			/* those of each value, when it says them itself */
};

/* What is done with the holes of one shape. */
struct plan {
	struct shape *shape;		/* our copy */
	struct field **field;		/* per hole */
	uint32_t *hint;			/* per hole: code of the last value */
	uint32_t *column;		/* per hole: index of the field first here, or none */
	const struct gather **gather;	/* per hole, for texts that look for their slots */
	uint32_t ntext;			/* holes that are texts */
	uint32_t nrow;
};

struct build_row {
	int64_t recv_ns;
	int64_t event_ns;
	uint16_t plan;
	uint16_t source;
	uint8_t flags;
};

struct build_leaf {
	uint64_t tree_index;
	uint8_t seed[32];
	uint32_t nframe;
};

enum {
	SOURCES_SEEN = 1024,		/* a power of two */
	CLAIM_BYTES = 15
};

/* A host or app of a source, where every row looks: longer ones are in the source only. */
struct claim {
	uint8_t n;			/* CLAIM_BYTES + 1: longer */
	uint8_t octet[CLAIM_BYTES];
};

/* A source that came before, and what it is here: mostly it comes again at the same place. */
struct source_seen {
	const struct source *source;	/* not looked into: another may be there by now */
	uint32_t index;
};

struct builder {
	struct builder_conf conf;
	uint64_t seed;			/* of all hashes: nobody can aim at the tables */
	struct build_row *row;
	uint32_t nrow, row_cap;
	struct plan *plan;
	uint32_t nplan, plan_cap;
	struct gather plan_codes;	/* word i is the encoding of plan i */
	struct source **source;
	struct claim (*claim)[2];	/* of each source: host, app */
	uint32_t nsource, source_cap;
	struct gather source_codes;
	struct source_seen seen[SOURCES_SEEN];
	struct field **field;
	uint32_t nfield, field_cap;
	struct gather field_names;	/* word i is kind and name of field i */
	struct build_leaf *leaf;
	uint32_t nleaf, leaf_cap;
	struct segment_frame *frame;
	uint32_t nframe, frame_cap;
	uint32_t leaf_frame;		/* frames before it belong to a leaf */
	uint64_t raw_bytes;
	uint64_t nvalue;
	uint32_t *batch_plan, *batch_source;
	enum builder_times times;
};

void	builder_empty(struct builder *builder);

static inline struct span
claim_of(const struct source *source, uint8_t encoding)
{
	return encoding == ENCODING_HOST ? source->host : source->app;
}

/* Is v what source i says? */
static inline bool
claim_is(const struct builder *builder, uint32_t i, uint8_t encoding, struct span v)
{
	const struct claim *claim = &builder->claim[i][encoding == ENCODING_APP];

	if (claim->n > CLAIM_BYTES)
		return span_eq(claim_of(builder->source[i], encoding), v);
	return claim->n == v.n && gather_same(claim->octet, v.p, v.n);
}

/* ---- builder_field.c: columns to the directory ---- */

/* Appends all columns; their words go to out->filter. */
void	fields_put(struct builder *builder, struct list_out *out, struct list_scratch *scratch);

/* ---- builder_time.c ---- */

/* The section of event times; after fields_put. */
void	times_put(struct builder *builder, struct list_out *out);

#endif
