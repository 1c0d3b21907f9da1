/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes ca/roll.c behind its sum, which no mutation would fit: the last 32 octets are made. */
#include <openssl/sha.h>

#include "base/must.h"
#include "ca/roll.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct roll one = { 0 }, two = { 0 };
	struct buf file = { 0 }, out = { 0 };
	uint8_t sum[SHA256_DIGEST_LENGTH];

	buf_put(&file, data, n);
	(void)SHA256(data, n, sum);
	buf_put(&file, sum, sizeof sum);
	if (roll_get(&one, buf_span(&file), NULL) == OK) {
		roll_put(&out, &one, ROLL_FILE);
		must(out.n <= file.n && roll_get(&two, buf_span(&out), NULL) == OK);
		must(one.n == two.n);
	}
	roll_done(&one);
	roll_done(&two);
	buf_done(&file);
	buf_done(&out);
	return 0;
}
