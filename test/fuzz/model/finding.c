/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/finding.c: what is read as a finding is written, and read again as the same. */
#include <stdint.h>

#include "base/must.h"
#include "model/finding.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new(1 << 20);
	struct finding finding, again;
	struct buf one = { 0 }, two = { 0 };
	struct why why = { "" };

	if (finding_decode(&finding, span_of(data, size), arena, &why) == OK) {
		finding_encode(&one, &finding);
		/* Texts that were too long are cut: then it is another group. */
		if (finding_decode(&again, buf_span(&one), arena, NULL) == OK) {
			must(memcmp(finding.id, again.id, sizeof again.id) == 0);
			finding_encode(&two, &again);
			must(span_eq(buf_span(&one), buf_span(&two)));
		}
	} else {
		must(why.text[0] != '\0');
	}
	buf_done(&one);
	buf_done(&two);
	arena_free(&arena);
	return 0;
}
