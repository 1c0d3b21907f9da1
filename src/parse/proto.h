/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages in the wire format of Protocol Buffers (protobuf.dev, "Encoding"): fields one after the
 * other, each with its number and what it holds. Reads what is there and knows no schema; who
 * knows one asks for number and type together, and counts what fits none as skipped. Groups, which
 * no current schema uses, are refused. Inside of the room only.
 */
#ifndef PARSE_PROTO_H
#define PARSE_PROTO_H

#include "base/cur.h"
#include "base/err.h"

enum proto_type {
	PROTO_VARINT = 0,
	PROTO_FIXED64 = 1,
	PROTO_BYTES = 2,	/* strings, messages, octets */
	PROTO_FIXED32 = 5,
};

struct proto_field {
	uint32_t number;	/* 1 to 2^29 - 1 */
	uint8_t type;		/* enum proto_type */
	uint64_t value;		/* of all but PROTO_BYTES */
	struct span bytes;
};

/* For a switch: one number with one type. */
#define PROTO_IS(number, type)	((uint64_t)(number) << 3 | (type))

static inline uint64_t
proto_is(const struct proto_field *field)
{
	return PROTO_IS(field->number, field->type);
}

/* ERR_ABSENT: the message has ended. ERR_FORMAT: it is broken. */
enum err	proto_next(struct cur *message, struct proto_field *ret_field);

#endif
