/* SPDX-License-Identifier: Apache-2.0 */
/* Any octets are cut or filled to the columns that were asked for, and to no others. */
#include "base/columns.h"

#include "base/must.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = span_of(data, n);
	struct buf out = { 0 };

	for (int wide = 1; wide < 40; wide += 3) {
		out.n = 0;
		columns_left(&out, text, wide);
		must(columns_of(buf_span(&out)) == wide);
	}
	buf_done(&out);
	return 0;
}
