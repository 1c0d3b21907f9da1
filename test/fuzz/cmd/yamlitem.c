/* SPDX-License-Identifier: Apache-2.0 */
/* An item that was put into any text is found in it, and can be taken out again. */
#include "cmd/yamlitem.h"

#include <string.h>

#include "base/must.h"
#include "cmd/cmd.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

const char *
say(const char *vi, const char *en)
{
	(void)vi;
	return en;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = span_of(data, n);
	struct buf with = { 0 }, without = { 0 };
	const uint8_t *at;

	if (yamlitem_add(&with, text, "sample", SPAN("{zq}"), NULL) == OK) {
		int64_t line = 1;

		must(with.n >= n + 5);
		at = memmem(with.p, with.n, "- {zq}\n", 7);
		if (at == NULL)
			at = memmem(with.p, with.n, "- {zq}\r\n", 8);
		must(at != NULL);
		for (const uint8_t *p = with.p; p < at; p++)
			line += *p == '\n';
		/* A text that has the item itself is another matter. */
		if (memmem(data, n, "{zq}", 4) == NULL && yamlitem_remove(&without, buf_span(&with),
		    "sample", line, NULL) == OK)
			must(without.n < with.n && (without.n == 0 ||
			    memmem(without.p, without.n, "{zq}", 4) == NULL));
	}
	for (int64_t line = 1; line < 8; line++) {
		without.n = 0;
		if (yamlitem_remove(&without, text, "sample", line, NULL) == OK)
			must(without.n < n);
	}
	buf_done(&with);
	buf_done(&without);
	return 0;
}
