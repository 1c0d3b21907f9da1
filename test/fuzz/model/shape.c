/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/shape.c: what is accepted is given back octet for octet in meaning. */
#include <stdint.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/shape.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Lengths may be written longer than needed, so meaning is compared, not the first encoding. */
static void
shape_again(const struct shape *shape)
{
	struct shape *again = NULL;
	struct buf code = { 0 }, twice = { 0 };

	shape_encode(&code, shape);
	must(shape_new(&again, buf_span(&code), NULL) == OK);
	must(again->nhole == shape->nhole && again->fixed_bytes == shape->fixed_bytes);
	must(again->nhole <= LIMIT_FIELDS && again->fixed_bytes <= LIMIT_SHAPE_BYTES);
	shape_encode(&twice, again);
	must(span_eq(buf_span(&code), buf_span(&twice)));
	shape_free(&again);
	buf_done(&code);
	buf_done(&twice);
}

static void
source_again(const struct source *source)
{
	struct source *again = NULL;
	struct buf code = { 0 };

	source_encode(&code, source);
	must(source_new(&again, buf_span(&code), NULL) == OK);
	must(again->unit == source->unit && span_eq(again->app, source->app));
	source_free(&again);
	buf_done(&code);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span code = span_of(data, size);
	struct source *source = NULL;
	struct shape *shape = NULL;
	struct why why = { "" };

	if (shape_new(&shape, code, &why) == OK)
		shape_again(shape);
	else
		must(shape == NULL && why.text[0] != '\0');
	if (source_new(&source, code, &why) == OK)
		source_again(source);
	shape_free(&shape);
	source_free(&source);
	return 0;
}
