/* SPDX-License-Identifier: Apache-2.0 */
/* What the forms of unpack.h share: where each is in its body. Inside of the room only. */
#ifndef PARSE_UNPACK_INT_H
#define PARSE_UNPACK_INT_H

#include "base/buf.h"
#include "parse/proto.h"
#include "parse/pull.h"
#include "parse/unpack.h"

/* From the outside to the inside; the deepest is OTLP as JSON, with an array in each object. */
enum { UNPACK_LEVELS = 6 };

/* Where a reader is: in a message, or in an object or array. */
union place {
	struct cur proto;
	struct pull json;
};

struct unpack {
	uint8_t form;			/* enum unpack_form */
	uint8_t level;			/* the innermost place in use */
	bool begun, ended;
	struct span body;
	const uint8_t *at;		/* what is read now begins here: for sentences */
	union place place[UNPACK_LEVELS];
	uint64_t skipped;
	uint64_t cut;
	struct buf record;
	struct buf attributes;		/* of the record: they stand behind its own fields */
	struct buf outer;		/* what all records of the resource end with */
	struct buf tail;		/* what all records of the scope or stream end with */
};

/* begin: what it needs beside place[0], which is at the begin of the body. */
struct unpack_kind {
	enum err (*begin)(struct unpack *unpack, struct why *why);
	/* As unpack_next; the record is in unpack->record. */
	enum err (*next)(struct unpack *unpack, struct why *why);
};

extern const struct unpack_kind unpack_loki_json;	/* loki_json.c */
extern const struct unpack_kind unpack_loki_proto;	/* loki_proto.c */
extern const struct unpack_kind unpack_otlp_json;	/* otlp_json.c */
extern const struct unpack_kind unpack_otlp_proto;	/* otlp_proto.c */
extern const struct unpack_kind unpack_entry;		/* export.c */

/* ERR_FORMAT with "what at octet N". */
enum err	unpack_broken(const struct unpack *unpack, struct why *why, const char *what);
/* `{"name":` for the first member of an object, `,"name":` for each other. */
void		unpack_name(struct buf *out, struct span name);

/* ---- forms in protobuf ---- */

void		unpack_proto_enter(struct unpack *unpack, struct span message);
/*
 * The next field of the innermost message; at its end of the one around it, with *ret_level the
 * place that the field is of. ERR_ABSENT: the outermost has ended.
 */
enum err	unpack_proto_next(struct unpack *unpack, struct proto_field *ret,
		    struct why *why);

/* ---- forms in JSON ---- */

/* The body is one object and place[0] inside of it. */
enum err	unpack_json_begin(struct unpack *unpack, struct why *why);
/* Into what was pulled last. */
void		unpack_json_enter(struct unpack *unpack, const struct pulled *value);
/* As unpack_proto_next. */
enum err	unpack_json_next(struct unpack *unpack, struct pulled *ret, struct why *why);
/* A string with its quotes, or a literal. */
void		unpack_json_scalar(struct buf *out, const struct pulled *value);

#endif
