/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes intake/snappy.c: whatever it decodes, it writes all of the room and no octet beside it. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "intake/snappy.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = 0;
	uint8_t *room;

	if (snappy_size(span_of(data, size), 1 << 20, &n) != OK)
		return 0;
	must(n / 32 <= size);
	room = xmalloc(n + 1);
	room[n] = 0xa5;
	(void)snappy_decode(span_of(data, size), room, n);
	must(room[n] == 0xa5);
	free(room);
	return 0;
}
