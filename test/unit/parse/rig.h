/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A parser with everything that must hold of each answer: its shape is valid, pieces and values
 * are the record's octets, the row goes through a batch, times keep their rules, and a second
 * parse of the same record says the same. Shared by unit tests, goldens and fuzzers.
 */
#ifndef TEST_PARSE_RIG_H
#define TEST_PARSE_RIG_H

#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/batch.h"
#include "parse/parse.h"

/* 2026-03-01T12:00:00Z */
#define RIG_RECV_NS	(INT64_C(1772366400) * CIVIL_SECOND_NS)

typedef void parse_fn(struct parser *parser, struct span record, int64_t recv_ns,
    struct parsed *ret_parsed);

struct rig {
	struct parser *parser;
	struct shape *shape[LIMIT_SHAPES];
	uint32_t nshape;
	struct buf raw;
};

static inline void
rig_init(struct rig *rig, const struct parse_config *config)
{
	rig->parser = parser_new(config);
	rig->nshape = 0;
	rig->raw = (struct buf){ 0 };
}

static inline void
rig_done(struct rig *rig)
{
	for (uint32_t i = 0; i < rig->nshape; i++)
		shape_free(&rig->shape[i]);
	parser_free(&rig->parser);
	buf_done(&rig->raw);
}

static inline void
rig_check_exact(struct rig *rig, struct span record, const struct parsed *parsed)
{
	const struct shape *shape = rig->shape[parsed->shape_id];
	struct row row = { .nvalue = parsed->nvalue, .value = parsed->value };

	must(shape->format == parsed->format && shape->nhole == parsed->nvalue);
	must(row_bytes(&row, shape) == record.n);
	rig->raw.n = 0;
	buf_reserve(&rig->raw, record.n + 1);
	row_raw(buf_add(&rig->raw, record.n), &row, shape);
	must(record.n == 0 || span_eq(buf_span(&rig->raw), record));
}

static inline void
rig_check_meaning(struct span record, const struct parsed *parsed, int64_t recv_ns)
{
	unsigned rule = parsed->flags >> ROW_TIME_SHIFT;

	must((parsed->flags & ~ROW_KNOWN) == 0 && (parsed->flags & ROW_CUT) == 0);
	must(rule < TIME_RULE_END);
	must(rule == TIME_OWN || parsed->event_ns == recv_ns);
	must(((parsed->flags & ROW_NOT_UTF8) != 0) == !utf8_valid(record));
	must(((parsed->flags & ROW_HAS_NUL) != 0) ==
	    (record.n > 0 && memchr(record.p, 0, record.n) != NULL));
	must(parsed->host.n <= 255 && parsed->app.n <= 255);
}

/* Parses and checks; the shape of the answer is rig->shape[shape_id]. */
static inline void
rig_parse(struct rig *rig, parse_fn *parse, struct span record, struct parsed *ret_parsed)
{
	struct parsed first;

	parse(rig->parser, record, RIG_RECV_NS, &first);
	must(first.shape_is_new == (first.shape_id == rig->nshape));
	must(parser_shapes(rig->parser) == rig->nshape + first.shape_is_new);
	if (first.shape_is_new)
		must(shape_new(&rig->shape[rig->nshape++],
		    parser_shape(rig->parser, first.shape_id), NULL) == OK);
	rig_check_exact(rig, record, &first);
	rig_check_meaning(record, &first, RIG_RECV_NS);

	parse(rig->parser, record, RIG_RECV_NS, ret_parsed);
	must(!ret_parsed->shape_is_new && ret_parsed->shape_id == first.shape_id);
	must(ret_parsed->event_ns == first.event_ns && ret_parsed->flags == first.flags);
	must(ret_parsed->host.n == first.host.n && ret_parsed->app.n == first.app.n);
	rig_check_exact(rig, record, ret_parsed);
}

#endif
