/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes model/denied.c: what is a list is written again octet for octet, in hexadecimal too. */
#include <stdint.h>

#include "base/must.h"
#include "model/denied.h"
#include "model/json.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span list = span_of(data, size);
	struct buf again = { 0 }, hex = { 0 };
	struct why why = { "" };
	struct cur in = cur_of(list);
	enum err rc = denied_check(list, &why);

	must(rc == OK || (rc == ERR_FORMAT && why.text[0] != '\0'));
	if (rc == OK) {
		uint64_t n = cur_varint(&in);

		buf_varint(&again, n);
		for (; n > 0; n--) {
			struct denied d;

			denied_get(&in, &d);
			denied_put(&again, &d);
		}
		must(denied_check(buf_span(&again), NULL) == OK && again.n <= size);
	}
	again.n = 0;
	json_hex(&hex, list);
	must(denied_unhex(&again, span_sub(buf_span(&hex), 1, hex.n - 2)));
	must(span_eq(buf_span(&again), list));
	again.n = 0;
	(void)denied_unhex(&again, list);
	buf_done(&again);
	buf_done(&hex);
	return 0;
}
