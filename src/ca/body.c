/* SPDX-License-Identifier: Apache-2.0 */
/* body = "trucban-enrol 1" LF [secret] LF request; see body.h. */
#include "ca/body.h"

enum { SECRET_TEXT_BYTES = 64 };	/* 18 letters with what people put between them */

static const struct span hello = { (const uint8_t *)"trucban-enrol 1\n", 16 };

void
body_put(struct buf *out, const uint8_t *secret, struct span request)
{
	buf_reserve(out, hello.n + SECRET_TEXT_BYTES + 1 + request.n);
	buf_span_put(out, hello);
	if (secret != NULL)
		code_secret_put(out, secret);
	buf_u8(out, '\n');
	buf_span_put(out, request);
}

bool
body_get(struct span *ret_secret, struct span *ret_request, struct span body)
{
	const uint8_t *lf;

	if (!span_starts(body, hello))
		return false;
	body = span_sub(body, hello.n, SIZE_MAX);
	lf = body.n > 0 ? memchr(body.p, '\n', body.n) : NULL;
	if (lf == NULL || lf - body.p > SECRET_TEXT_BYTES)
		return false;
	*ret_secret = span_sub(body, 0, (size_t)(lf - body.p));
	*ret_request = span_sub(body, ret_secret->n + 1, SIZE_MAX);
	return true;
}
