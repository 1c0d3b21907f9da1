/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. The rare long case of cur.h. */
#include "base/cur.h"

uint64_t
cur_varint_slow(struct cur *c)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t b = cur_u8(c);

		if (c->bad)
			return 0;
		if (shift == 63 && b > 1)
			break;
		v |= (uint64_t)(b & 0x7f) << shift;
		if (b < 0x80)
			return v;
	}
	c->bad = true;
	return 0;
}
