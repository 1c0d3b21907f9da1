/* SPDX-License-Identifier: Apache-2.0 */
/* Saved places that somebody else wrote: what is taken in is written out again just so. */
#include <stdlib.h>

#include "base/must.h"
#include "agent/agent.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
taken(struct buf *out, struct span text)
{
	struct tail_files none = { .pattern = "/nowhere/*", .join = { .kind = JOIN_TRACE } };
	struct tail *tail = tail_new(&none, 1);

	tail_load(tail, text);
	out->n = 0;
	tail_save(tail, out);
	tail_free(&tail);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf once = { 0 }, twice = { 0 };

	taken(&once, span_of(data, n));
	must(once.n <= TAIL_SAVE_MAX);
	taken(&twice, buf_span(&once));
	must(span_eq(buf_span(&once), buf_span(&twice)));
	buf_done(&once);
	buf_done(&twice);
	return 0;
}
