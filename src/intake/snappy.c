/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, each step behind a comparison with what is left of input and room.
 * See snappy.h.
 *
 *	block = size *( literal / copy )      size: varint, at most 2^32 - 1
 *	the low two bits of an element's first octet say what it is:
 *	00 literal: upper six bits + 1 octets follow; from 60 on, in the next 1 to 4 octets + 1
 *	01 copy of 4 + 3 bits octets, offset of 11 bits: 3 from here, 8 from the next octet
 *	10 copy of 1 + 6 bits octets, offset in two octets
 *	11 the same, offset in four octets
 */
#include "intake/snappy.h"

#include "base/cur.h"

enum {
	EXPANSION = 32,		/* the best an element does is 64 octets out of 3 */
	LITERAL_LONG = 60,
};

enum err
snappy_size(struct span block, size_t most, size_t *ret_n)
{
	struct cur in = cur_of(block);
	uint64_t n = cur_varint(&in);

	if (in.bad || n > UINT32_MAX || n / EXPANSION > block.n)
		return ERR_FORMAT;
	if (n > most)
		return ERR_LIMIT;
	*ret_n = (size_t)n;
	return OK;
}

static size_t
literal_n(struct cur *in, uint8_t tag)
{
	unsigned n = tag >> 2;

	if (n < LITERAL_LONG)
		return n + 1;
	return (size_t)cur_le(in, n - LITERAL_LONG + 1) + 1;
}

/* Copies may overlap what they write: that is how runs are written. */
static void
copy(uint8_t *to, size_t offset, size_t n)
{
	if (offset >= n)
		memcpy(to, to - offset, n);
	else
		for (size_t i = 0; i < n; i++)
			to[i] = *(to + i - offset);
}

enum err
snappy_decode(struct span block, uint8_t *room, size_t n)
{
	struct cur in = cur_of(block);
	size_t at = 0;

	(void)cur_varint(&in);
	while (!in.bad && cur_left(&in) > 0) {
		uint8_t tag = cur_u8(&in);
		size_t offset, len;

		if ((tag & 3) == 0) {
			struct span literal;

			len = literal_n(&in, tag);
			literal = cur_span(&in, len);
			if (in.bad || len > n - at)
				return ERR_FORMAT;
			memcpy(room + at, literal.p, len);
			at += len;
			continue;
		}
		if ((tag & 3) == 1) {
			len = 4 + (tag >> 2 & 7);
			offset = (size_t)(tag >> 5) << 8 | cur_u8(&in);
		} else {
			len = 1 + (tag >> 2);
			offset = (size_t)cur_le(&in, (tag & 3) == 2 ? 2 : 4);
		}
		if (in.bad || offset == 0 || offset > at || len > n - at)
			return ERR_FORMAT;
		copy(room + at, offset, len);
		at += len;
	}
	return !in.bad && at == n ? OK : ERR_FORMAT;
}
