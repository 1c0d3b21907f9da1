/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes ca/code.c: a code that is taken is printed as one that says the same. */
#include "base/must.h"
#include "ca/code.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = span_of(data, n);
	struct code one, two, address;
	struct buf out = { 0 };

	(void)code_address(&address, text, NULL);
	if (code_get(&one, text, NULL) != OK)
		return 0;
	code_put(&out, &one);
	must(code_get(&two, buf_span(&out), NULL) == OK);
	must(memcmp(one.secret, two.secret, sizeof one.secret) == 0 && one.port == two.port &&
	    memcmp(one.finger, two.finger, sizeof one.finger) == 0 &&
	    strcmp(one.host, two.host) == 0);
	buf_done(&out);
	return 0;
}
