/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes evidence/pieces.c and template.c: portions change nothing; a form is filled or refused. */
#include <stdint.h>

#include "base/must.h"
#include "base/template.h"
#include "evidence/pieces.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
on_piece(void *ctx, enum piece_type type, struct span octets)
{
	struct buf *seen = ctx;

	buf_u8(seen, (uint8_t)type);
	buf_u32(seen, (uint32_t)octets.n);
	buf_span_put(seen, octets);
	return true;
}

static enum err
taken(struct buf *seen, struct span bytes, size_t step)
{
	struct pieces p = { 0 };
	enum err rc = OK;

	seen->n = 0;
	for (size_t at = 0; rc == OK && at < bytes.n; at += step)
		rc = pieces_take(&p, span_sub(bytes, at, step), on_piece, seen, NULL);
	pieces_done(&p);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct template_value value = { "a", SPAN("<b>") };
	struct span bytes = span_of(data, size);
	struct buf one = { 0 }, many = { 0 };

	must(taken(&one, bytes, size + 1) == taken(&many, bytes, 3));
	must(span_eq(buf_span(&one), buf_span(&many)));
	one.n = 0;
	(void)template_fill(&one, bytes, TEMPLATE_HTML, &value, 1, NULL);
	buf_done(&one);
	buf_done(&many);
	return 0;
}
