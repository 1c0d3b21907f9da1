/* SPDX-License-Identifier: Apache-2.0 */
/* See proto.h. */
#include "parse/proto.h"

enum { NUMBER_MAX = (1 << 29) - 1 };

/* field = tag value, tag = varint of number << 3 | type */
enum err
proto_next(struct cur *in, struct proto_field *ret)
{
	struct proto_field field = { .bytes = { NULL, 0 } };
	uint64_t tag;

	if (cur_left(in) == 0 && !in->bad)
		return ERR_ABSENT;
	tag = cur_varint(in);
	if (tag >> 3 == 0 || tag >> 3 > NUMBER_MAX)
		return ERR_FORMAT;
	field.number = (uint32_t)(tag >> 3);
	field.type = tag & 7;
	switch (field.type) {
	case PROTO_VARINT:
		field.value = cur_varint(in);
		break;
	case PROTO_FIXED64:
		field.value = cur_u64(in);
		break;
	case PROTO_BYTES:
		field.bytes = cur_bytes(in);
		break;
	case PROTO_FIXED32:
		field.value = cur_u32(in);
		break;
	default:
		return ERR_FORMAT;
	}
	if (in->bad)
		return ERR_FORMAT;
	*ret = field;
	return OK;
}
