/* SPDX-License-Identifier: Apache-2.0 */
/* A status that is no JSON; every line that comes out is a name, a space and something. */
#include <stdlib.h>

#include "base/must.h"
#include "web/metrics.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct buf out = { 0 };

	metrics_put(&out, span_of(data, n));
	must(out.n == 0 || (out.n > 8 && memcmp(out.p, "# ", 2) == 0 && out.p[out.n - 1] == '\n'));
	must(out.n == 0 || out.p[out.n - 1] == '\n');
	buf_done(&out);
	return 0;
}
