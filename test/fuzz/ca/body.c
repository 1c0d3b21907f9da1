/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes ca/body.c and what reads its parts: as the registrar does with what a stranger sent. */
#include "base/must.h"
#include "ca/authority.h"
#include "ca/body.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span body = span_of(data, n), text, pem, again, same;
	uint8_t secret[CODE_SECRET_BYTES];
	struct request *request = NULL;
	struct buf out = { 0 };

	if (!body_get(&text, &pem, body))
		return 0;
	if (code_secret_get(secret, text) == OK) {
		body_put(&out, secret, pem);
		must(body_get(&again, &same, buf_span(&out)) && span_eq(same, pem));
		buf_done(&out);
	}
	(void)request_read(&request, pem, NULL);
	request_free(&request);
	return 0;
}
