/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes ca/people_file.c behind its tag, which no mutation would fit; and the file in front. */
#include "base/must.h"
#include "ca/people.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint8_t key[PEOPLE_KEY_BYTES] = { 1 };
	struct people one = { 0 }, two = { 0 };
	struct buf out = { 0 };

	must(people_open(&one, span_of(data, n), key, NULL) != OK);
	if (people_get(&one, span_of(data, n), NULL) == OK) {
		people_put(&out, &one);
		must(out.n <= n && people_get(&two, buf_span(&out), NULL) == OK);
		must(one.n == two.n && one.ntoken == two.ntoken);
	}
	people_done(&one);
	people_done(&two);
	buf_done(&out);
	return 0;
}
