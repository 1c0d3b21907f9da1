/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes and sources: what records have in common. doc/formats/record.md, sections 1 and 2.
 * Both are immutable values with one encoding; equal encodings mean equal things.
 */
#ifndef MODEL_SHAPE_H
#define MODEL_SHAPE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum record_format {
	FORMAT_RFC5424 = 1,
	FORMAT_RFC3164,
	FORMAT_JSON,
	FORMAT_LINE,
	FORMAT_UNPARSED,
	FORMAT_JOURNAL,
	FORMAT_CSV,
	FORMAT_W3C,
	FORMAT_ACCESS,
	FORMAT_END
};

enum hole_kind {
	HOLE_TEXT,		/* octets as they are */
	HOLE_JSON_STRING,	/* between the quotes, escapes kept */
	HOLE_JSON_LITERAL,	/* number, true, false, null */
	HOLE_JSON_VALUE,	/* array or deep object, kept as text */
	HOLE_SD_VALUE,		/* RFC 5424 PARAM-VALUE, escapes kept */
	HOLE_KIND_END
};

enum hole_role {
	ROLE_NONE,
	ROLE_MESSAGE,
	ROLE_TIME,
	ROLE_HOST,
	ROLE_APP,
	ROLE_PID,
	ROLE_PRIORITY,
	ROLE_END
};

struct hole {
	uint8_t kind;		/* enum hole_kind */
	uint8_t role;		/* enum hole_role */
	struct span name;
	struct span piece;	/* the fixed octets after this hole */
};

struct shape {
	uint8_t format;		/* enum record_format */
	uint8_t decoder;
	uint32_t nhole;
	struct span head;	/* the fixed octets before the first hole */
	struct hole *hole;
	size_t fixed_bytes;	/* head and all pieces */
	struct span code;	/* the encoding; all spans above point into it */
};

enum source_trust {
	TRUST_CLAIM,
	TRUST_PEER,
	TRUST_IDENTITY,
	TRUST_LOCAL,
	TRUST_END
};

struct source {
	uint8_t class;
	uint8_t trust;		/* enum source_trust */
	uint64_t unit;
	struct span listener;
	struct span peer;
	struct span identity;
	struct span host;
	struct span app;
	struct span code;	/* the encoding; all spans above point into it */
};

/*
 * Checks the encoding (record.md section 1) and makes a shape of its own copy of it. Free with
 * shape_free. ERR_FORMAT names the broken rule.
 */
enum err	shape_new(struct shape **ret_shape, struct span code, struct why *why);
void		shape_free(struct shape **shape);
/* Writes the encoding of the given parts; `shape->code` and `fixed_bytes` are not looked at. */
void		shape_encode(struct buf *out, const struct shape *shape);

/* The same for sources (record.md section 2). */
enum err	source_new(struct source **ret_source, struct span code, struct why *why);
void		source_free(struct source **source);
void		source_encode(struct buf *out, const struct source *source);

/* "text", "json", ... ; "unknown" outside of the list. Never NULL. */
const char	*record_format_name(unsigned format);

#endif
