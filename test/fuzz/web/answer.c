/* SPDX-License-Identifier: Apache-2.0 */
/* An answer of a hostile desk, whole and in pieces: the same comes out. */
#include <stdlib.h>

#include "base/must.h"
#include "web/answer.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static bool
take(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

static enum err
fed(struct span in, size_t step, struct buf *body)
{
	struct answer *answer = answer_new(take, body);
	struct why why;
	enum err rc = OK;

	for (size_t at = 0; at < in.n && rc == OK; at += step)
		rc = answer_feed(answer, span_sub(in, at, step), &why);
	if (rc == OK || rc == ERR_MORE)
		rc = answer_end(answer, &why);
	answer_free(&answer);
	return rc;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf whole = { 0 }, pieces = { 0 };
	enum err rc = fed(span_of(data, n), n + 1, &whole);

	must(fed(span_of(data, n), 1 + n % 7, &pieces) == rc);
	must(span_eq(buf_span(&whole), buf_span(&pieces)));
	must(whole.n <= n);
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}
