/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes wire/wire.c: the first octet is the type, the rest the payload. */
#include <stdint.h>

#include "base/must.h"
#include "wire/wire.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span payload;
	struct why why = { "" };
	uint64_t first;
	uint32_t rows;
	enum err rc;

	if (size == 0)
		return 0;
	payload = span_of(data + 1, size - 1);
	rc = wire_check(data[0], payload, &why);
	must(rc == OK || (rc == ERR_FORMAT && why.text[0] != '\0'));
	if (data[0] == WIRE_ACK)
		must(wire_ack_decode(payload, &first, &rows) == rc);
	return 0;
}
