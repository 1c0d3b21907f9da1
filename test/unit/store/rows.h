/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows for tests of the store: random shapes and values, reproducible by a seed, kept beside the
 * batch so that what comes out of a segment can be compared with what went in.
 */
#ifndef TEST_ROWS_H
#define TEST_ROWS_H

#include <stdlib.h>

#include "base/must.h"
#include "model/batch.h"

enum { ROWS_SHAPES = 24, ROWS_SOURCES = 5 };

struct rows {
	uint64_t dice;
	struct shape *shape[ROWS_SHAPES];
	struct source *source[ROWS_SOURCES];
	uint32_t nshape, nsource;
	/* what was put in, row by row */
	struct buf raw;
	size_t *end;			/* in raw, per row */
	uint32_t *row_shape;
	struct row *row;		/* without values */
	uint32_t n, cap;
};

static inline uint64_t
rows_roll(struct rows *r)
{
	r->dice ^= r->dice >> 12;
	r->dice ^= r->dice << 25;
	r->dice ^= r->dice >> 27;
	return r->dice * 0x2545f4914f6cdd1dU;
}

static inline uint32_t
rows_below(struct rows *r, uint32_t n)
{
	return (uint32_t)(rows_roll(r) >> 33) % n;
}

static inline struct span
rows_pick(struct rows *r, const char *const *text, size_t n)
{
	return span_str(text[rows_below(r, (uint32_t)n)]);
}

static inline struct shape *
rows_shape(struct rows *r, uint8_t format)
{
	static const char *const name[] = { "a", "b", "host", "app", "msg", "time", "dup", "id" };
	static const char *const piece[] = { "", " ", "\",\"x\":\"", ": ", "\xff\x00z", "]" };
	struct hole hole[12] = { 0 };
	struct shape parts = { .format = format, .decoder = 1, .nhole = rows_below(r, 12),
	    .hole = hole, .head = rows_pick(r, piece, 6) };
	struct buf code = { 0 };
	struct shape *shape = NULL;
	unsigned used = 0;

	for (uint32_t i = 0; i < parts.nhole; i++) {
		uint8_t role = (uint8_t)rows_below(r, ROLE_END);

		hole[i].kind = (uint8_t)rows_below(r, HOLE_KIND_END);
		hole[i].name = rows_pick(r, name, 8);
		hole[i].piece = rows_pick(r, piece, 6);
		if (role != ROLE_PID && (used & 1U << role) != 0)
			role = ROLE_NONE;
		used |= 1U << role;
		hole[i].role = role;
	}
	shape_encode(&code, &parts);
	must(shape_new(&shape, buf_span(&code), NULL) == OK);
	buf_done(&code);
	return shape;
}

static inline struct source *
rows_source(struct rows *r)
{
	static const char *const word[] = { "", "alpha", "beta", "10.0.0.1", "sshd",
	    "fifteen-octets.", "sixteen-octets..", "sixteen-octets.:",
	    "gateway.of-the-second-floor.example.org" };
	struct source parts = { .class = 2, .trust = (uint8_t)rows_below(r, TRUST_END),
	    .unit = rows_below(r, 3), .listener = SPAN("syslog-tcp"),
	    .peer = rows_pick(r, word, 5), .host = rows_pick(r, word, 9),
	    .app = rows_pick(r, word, 9) };
	struct buf code = { 0 };
	struct source *source = NULL;

	source_encode(&code, &parts);
	must(source_new(&source, buf_span(&code), NULL) == OK);
	buf_done(&code);
	return source;
}

static inline void
rows_init(struct rows *r, uint64_t seed)
{
	*r = (struct rows){ .dice = seed * 2 + 1 };
	for (int i = 0; i < 8; i++)
		(void)rows_roll(r);
	r->nshape = 1 + rows_below(r, ROWS_SHAPES);
	r->nsource = 1 + rows_below(r, ROWS_SOURCES);
	for (uint32_t i = 0; i < r->nshape; i++)
		r->shape[i] = rows_shape(r, (uint8_t)(1 + rows_below(r, FORMAT_END - 1)));
	for (uint32_t i = 0; i < r->nsource; i++)
		r->source[i] = rows_source(r);
}

static inline void
rows_done(struct rows *r)
{
	for (uint32_t i = 0; i < r->nshape; i++)
		shape_free(&r->shape[i]);
	for (uint32_t i = 0; i < r->nsource; i++)
		source_free(&r->source[i]);
	buf_done(&r->raw);
	free(r->end);
	free(r->row_shape);
	free(r->row);
}

/* One value of the kind that hole number `style` likes; appended to out. */
static inline void
rows_value(struct rows *r, struct buf *out, uint32_t style, const struct row *row)
{
	static const char *const text[] = { "", "null", "-", "session opened for user root",
	    "a\\\"b\\\\c\\u00e9", "\xff\xfe\x80", "Failed password for invalid user bob from " };
	const struct source *source = r->source[row->source];
	uint32_t v = rows_below(r, 100000);

	switch (style % 16) {
	case 0:
		buf_span_put(out, rows_pick(r, text, 7));
		break;
	case 1:
		buf_printf(out, "%d", (int)v - 50000);
		break;
	case 2:
		buf_printf(out, "10.%u.%u.%u", v % 3, v % 256, v / 500 % 256);
		break;
	case 3:
		buf_printf(out, "2026-11-%02uT%02u:%02u:%02u.%03uZ", 1 + v % 28, v % 24, v % 60,
		    v / 3 % 60, v % 1000);
		break;
	case 4:
		buf_printf(out, "%08x-4bd1-11ec-%04x-0242ac1300%02x", v * 77777U, v % 65536,
		    v % 256);
		break;
	case 5:
		buf_printf(out, "user %u logged in from 10.0.%u.%u port %u: uid=%u gid=%u", v % 7,
		    v % 256, v % 17, v, v % 11, v % 3);
		break;
	case 6:
		buf_span_put(out, source->host);
		break;
	case 7:
		buf_span_put(out, source->app);
		break;
	case 8:
		buf_put(out, "\0a\0b=\0", v % 7);
		break;
	case 9:
		buf_printf(out, "%06u", v);
		break;
	case 10:
		buf_printf(out, "blk_%llu", (unsigned long long)rows_roll(r));
		break;
	case 11:
		buf_printf(out, "%u.%02u", v % 90, v % 100);
		break;
	case 12:
		buf_printf(out, "Label:\\t\\t%u\\r\\nName: %s\\r\\n\\r\\nPath:\\tC:\\\\x%u", v % 5,
		    v % 2 != 0 ? "bob" : "", v % 9);
		break;
	case 13:
		for (uint32_t n = v % 40; n > 0; n--)
			buf_u8(out, (uint8_t)rows_roll(r));
		break;
	case 14:
		buf_printf(out, "Nov %2u %02u:%02u:%02u", 1 + v % 28, v % 24, v % 60, v / 7 % 60);
		break;
	default:
		buf_str(out, "const");
		break;
	}
}

/* Adds n random rows to the writer and remembers them. big: now and then a value of 1 MB. */
static inline void
rows_add(struct rows *r, struct batch_writer *writer, uint32_t n, bool big)
{
	for (; n > 0; n--) {
		struct span value[LIMIT_FIELDS];
		struct buf text = { 0 };
		struct row row = { .shape = rows_below(r, r->nshape),
		    .source = rows_below(r, r->nsource), .value = value };
		const struct shape *shape = r->shape[row.shape];
		size_t at[16] = { 0 };

		row.flags = (uint8_t)(rows_below(r, 8) | rows_below(r, 5) << ROW_TIME_SHIFT);
		row.recv_ns = 1790000000000000000 + (int64_t)r->n * 1000003;
		row.event_ns = row.recv_ns - (int64_t)rows_below(r, 1000000);
		row.nvalue = shape->nhole;
		for (uint32_t i = 0; i < shape->nhole; i++) {
			rows_value(r, &text, row.shape * 5 + i * 3 + rows_below(r, 16) / 15, &row);
			if (big && i == 0 && rows_below(r, 64) == 0)
				memset(buf_add(&text, 500000), 'x', 500000);
			at[i + 1] = text.n;
		}
		for (uint32_t i = 0; i < shape->nhole; i++)
			value[i] = span_of(text.p + at[i], at[i + 1] - at[i]);
		if (batch_add(writer, row.shape, row.source, &row) != OK) {
			buf_done(&text);
			return;
		}
		if (r->n == r->cap) {
			r->cap = r->cap > 0 ? r->cap * 2 : 64;
			r->end = xreallocarray(r->end, r->cap, sizeof *r->end);
			r->row_shape = xreallocarray(r->row_shape, r->cap, sizeof *r->row_shape);
			r->row = xreallocarray(r->row, r->cap, sizeof *r->row);
		}
		row_raw(buf_add(&r->raw, row_bytes(&row, shape)), &row, shape);
		r->end[r->n] = r->raw.n;
		r->row[r->n] = row;
		r->n++;
		buf_done(&text);
	}
}

static inline struct span
rows_raw(const struct rows *r, uint32_t i)
{
	size_t from = i > 0 ? r->end[i - 1] : 0;

	return span_of(r->raw.p + from, r->end[i] - from);
}

/* The id tables of a batch whose ids are indexes into our shapes and sources. */
struct rows_tables {
	const struct shape *shape[ROWS_SHAPES];
	const struct source *source[ROWS_SOURCES];
	struct batch_tables tables;
};

static inline void
rows_tables(struct rows_tables *ret, const struct rows *r, const struct batch_head *head)
{
	for (uint32_t i = 0; i < head->nshape; i++)
		ret->shape[i] = r->shape[batch_shape_id(head, i)];
	for (uint32_t i = 0; i < head->nsource; i++)
		ret->source[i] = r->source[batch_source_id(head, i)];
	ret->tables = (struct batch_tables){ ret->shape, ret->source };
}

#endif
