/* SPDX-License-Identifier: Apache-2.0 */
/* Any sentence is said, known or not. */
#include "cmd/reason.h"

#include <string.h>

#include "base/must.h"
#include "cmd/cmd.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

const char *
say(const char *vi, const char *en)
{
	(void)en;
	return vi;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf text = { 0 }, out = { 0 };

	buf_span_put(&text, span_of(data, n));
	buf_u8(&text, '\0');
	(void)reason_put(&out, (const char *)text.p);
	must((out.n > 0) == (text.p[0] != '\0'));
	buf_done(&text);
	buf_done(&out);
	return 0;
}
