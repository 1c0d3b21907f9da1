/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic. The rare long case of cur.h. */
#include "base/cur.h"

/*
 * A varint of at most 8 octets that lie there with 8 at once; 0 octets: it does not end within
 * them. The groups of 7 bits are pushed together by pairs.
 */
static inline size_t
varint_short(const uint8_t *p, uint64_t *ret)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	uint64_t v, stop;

	memcpy(&v, p, 8);
	stop = ~v & UINT64_C(0x8080808080808080);
	if (stop == 0)
		return 0;
	v &= (stop ^ (stop - 1)) & UINT64_C(0x7f7f7f7f7f7f7f7f);
	v = (v & UINT64_C(0x007f007f007f007f)) | (v & UINT64_C(0x7f007f007f007f00)) >> 1;
	v = (v & UINT64_C(0x00003fff00003fff)) | (v & UINT64_C(0x3fff00003fff0000)) >> 2;
	*ret = (v & UINT64_C(0x0fffffff)) | (v & UINT64_C(0x0fffffff00000000)) >> 4;
	return (size_t)__builtin_ctzll(stop) / 8 + 1;
#else
	(void)p;
	(void)ret;
	return 0;
#endif
}

uint64_t
cur_varint_slow(struct cur *c)
{
	uint64_t v = 0;
	size_t n;

	if (!c->bad && cur_left(c) >= 8 && (n = varint_short(c->p, &v)) > 0) {
		c->p += n;
		return v;
	}
	v = 0;
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
