/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes and sources out of their encodings and back: doc/formats/record.md, sections 1 and 2.
 * Each value is one allocation with its own copy of the encoding, and never changes. A refusal
 * names the rule that the encoding breaks.
 */
#include "model/shape.h"

#include <stdlib.h>

#include "base/cur.h"
#include "base/limits.h"
#include "base/must.h"

enum { SOURCE_STRING_BYTES = 255, SOURCE_CLASS_MAX = LIMIT_CLASSES - 1 };

/* Roles that occur at most once (rule 7); a process id may be written twice. */
static const bool role_single[ROLE_END] = {
	[ROLE_MESSAGE] = true, [ROLE_TIME] = true, [ROLE_HOST] = true, [ROLE_APP] = true,
	[ROLE_PRIORITY] = true,
};

/* hole = kind role name piece; rules 2, 4, 5 and 7. seen: one bit per role met so far. */
static enum err
hole_read(struct hole *hole, struct cur *in, unsigned *seen, struct why *why)
{
	hole->kind = cur_u8(in);
	hole->role = cur_u8(in);
	hole->name = cur_bytes(in);
	hole->piece = cur_bytes(in);
	if (in->bad)
		return why_set(why, ERR_FORMAT, "shape ends early");
	if (hole->kind >= HOLE_KIND_END || hole->role >= ROLE_END)
		return why_set(why, ERR_FORMAT, "shape breaks rule 2: kind %u, role %u",
		    hole->kind, hole->role);
	if (hole->name.n < 1 || hole->name.n > LIMIT_NAME_BYTES)
		return why_set(why, ERR_FORMAT, "shape breaks rule 4: name of %zu octets",
		    hole->name.n);
	if (role_single[hole->role] && (*seen >> hole->role & 1) != 0)
		return why_set(why, ERR_FORMAT, "shape breaks rule 7: role %u twice", hole->role);
	*seen |= 1u << hole->role;
	return OK;
}

/* The holes of a shape whose head was read; rules 2 and 4 to 7. */
static enum err
holes_read(struct shape *shape, struct cur *in, struct why *why)
{
	unsigned seen = 0;
	enum err rc;

	shape->head = cur_bytes(in);
	shape->fixed_bytes = shape->head.n;
	for (uint32_t i = 0; i < shape->nhole; i++) {
		rc = hole_read(&shape->hole[i], in, &seen, why);
		if (rc != OK)
			return rc;
		shape->fixed_bytes += shape->hole[i].piece.n;
	}
	if (in->bad)
		return why_set(why, ERR_FORMAT, "shape ends early");
	if (shape->fixed_bytes > LIMIT_SHAPE_BYTES)
		return why_set(why, ERR_FORMAT, "shape breaks rule 5: %zu octets of pieces",
		    shape->fixed_bytes);
	if (!cur_done(in))
		return why_set(why, ERR_FORMAT, "shape breaks rule 6: %zu octets follow",
		    cur_left(in));
	return OK;
}

/* A copy of code that lies behind the value it belongs to, in the same allocation. */
static struct span
code_keep(uint8_t *at, struct span code)
{
	if (code.n > 0)
		memcpy(at, code.p, code.n);
	return span_of(at, code.n);
}

enum err
shape_new(struct shape **ret_shape, struct span code, struct why *why)
{
	struct cur in = cur_of(code);
	struct shape *shape;
	uint8_t format, decoder;
	uint64_t nhole;
	enum err rc;

	format = cur_u8(&in);
	decoder = cur_u8(&in);
	nhole = cur_varint(&in);
	if (in.bad)
		return why_set(why, ERR_FORMAT, "shape ends early");
	if (format < FORMAT_RFC5424 || format >= FORMAT_END)
		return why_set(why, ERR_FORMAT, "shape breaks rule 1: format %u", format);
	if (nhole > LIMIT_FIELDS)
		return why_set(why, ERR_FORMAT, "shape breaks rule 3: %llu holes",
		    (unsigned long long)nhole);

	/* One block: the shape, its holes, its own copy of the encoding. */
	shape = xmalloc(sizeof *shape + (size_t)nhole * sizeof shape->hole[0] + code.n);
	*shape = (struct shape){ .format = format, .decoder = decoder, .nhole = (uint32_t)nhole };
	shape->hole = (struct hole *)(shape + 1);
	shape->code = code_keep((uint8_t *)(shape->hole + nhole), code);
	in = cur_of(span_sub(shape->code, code.n - cur_left(&in), SIZE_MAX));
	rc = holes_read(shape, &in, why);
	if (rc != OK) {
		shape_free(&shape);
		return rc;
	}
	*ret_shape = shape;
	return OK;
}

void
shape_free(struct shape **shape)
{
	free(*shape);
	*shape = NULL;
}

void
shape_encode(struct buf *out, const struct shape *shape)
{
	buf_u8(out, shape->format);
	buf_u8(out, shape->decoder);
	buf_varint(out, shape->nhole);
	buf_bytes(out, shape->head);
	for (uint32_t i = 0; i < shape->nhole; i++) {
		const struct hole *hole = &shape->hole[i];

		buf_u8(out, hole->kind);
		buf_u8(out, hole->role);
		buf_bytes(out, hole->name);
		buf_bytes(out, hole->piece);
	}
}

/* Section 2: everything that is valid if and only if. */
static enum err
source_check(const struct source *source, const struct cur *in, struct why *why)
{
	const struct span *const string[] = { &source->listener, &source->peer,
	    &source->identity, &source->host, &source->app };

	if (in->bad)
		return why_set(why, ERR_FORMAT, "source ends early");
	if (source->trust >= TRUST_END)
		return why_set(why, ERR_FORMAT, "source has trust %u", source->trust);
	if (source->class > SOURCE_CLASS_MAX)
		return why_set(why, ERR_FORMAT, "source has class %u", source->class);
	for (size_t i = 0; i < sizeof string / sizeof string[0]; i++)
		if (string[i]->n > SOURCE_STRING_BYTES)
			return why_set(why, ERR_FORMAT, "source has a string of %zu octets",
			    string[i]->n);
	if (!cur_done(in))
		return why_set(why, ERR_FORMAT, "source is followed by %zu octets", cur_left(in));
	return OK;
}

enum err
source_new(struct source **ret_source, struct span code, struct why *why)
{
	struct source *source = xmalloc(sizeof *source + code.n);
	struct cur in;
	enum err rc;

	*source = (struct source){ .code = code_keep((uint8_t *)(source + 1), code) };
	in = cur_of(source->code);
	source->class = cur_u8(&in);
	source->trust = cur_u8(&in);
	source->unit = cur_varint(&in);
	source->listener = cur_bytes(&in);
	source->peer = cur_bytes(&in);
	source->identity = cur_bytes(&in);
	source->host = cur_bytes(&in);
	source->app = cur_bytes(&in);
	rc = source_check(source, &in, why);
	if (rc != OK) {
		source_free(&source);
		return rc;
	}
	*ret_source = source;
	return OK;
}

void
source_free(struct source **source)
{
	free(*source);
	*source = NULL;
}

void
source_encode(struct buf *out, const struct source *source)
{
	buf_u8(out, source->class);
	buf_u8(out, source->trust);
	buf_varint(out, source->unit);
	buf_bytes(out, source->listener);
	buf_bytes(out, source->peer);
	buf_bytes(out, source->identity);
	buf_bytes(out, source->host);
	buf_bytes(out, source->app);
}

const char *
record_format_name(unsigned format)
{
	static const char *const name[FORMAT_END] = {
		[FORMAT_RFC5424] = "rfc5424", [FORMAT_RFC3164] = "rfc3164",
		[FORMAT_JSON] = "json", [FORMAT_LINE] = "line",
		[FORMAT_UNPARSED] = "unparsed", [FORMAT_JOURNAL] = "journal",
		[FORMAT_CSV] = "csv", [FORMAT_W3C] = "w3c", [FORMAT_ACCESS] = "access",
	};

	if (format >= FORMAT_END || name[format] == NULL)
		return "unknown";
	return name[format];
}
