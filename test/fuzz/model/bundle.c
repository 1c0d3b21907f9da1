/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the bundles and names of model/tlog.c: what is taken is written the same. */
#include <stdint.h>

#include "base/must.h"
#include "model/tlog.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span bytes = span_of(data, size), rest = bytes, entry;
	char name[TLOG_NAME_BYTES];
	struct buf again = { 0 };
	uint64_t index;
	unsigned width;
	int level;

	while (tlog_bundle_next(&rest, &entry) == OK)
		tlog_bundle_add(&again, entry);
	must(span_eq(buf_span(&again), span_sub(bytes, 0, size - rest.n)));
	if (tlog_name_get(bytes, &level, &index, &width) == OK) {
		tlog_name(name, level, index, width);
		must(span_is(bytes, name));
	}
	buf_done(&again);
	return 0;
}
