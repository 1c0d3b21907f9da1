/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One JSON object (RFC 8259) taken apart. Objects inside are flattened, names joined with '.',
 * down to LIMIT_JSON_DEPTH; arrays and deeper objects are one value. Names are unescaped UTF-8,
 * at most 255 octets, longer ones cut; what is no UTF-8 becomes U+FFFD; an empty one is `_`.
 * From the LIMIT_FIELDS-th value on the rest is one text with the name `_rest`.
 * Inside of the room only.
 */
#ifndef PARSE_OBJECT_H
#define PARSE_OBJECT_H

#include "parse/cut.h"

/* Fills the cut; false when the record is not one object and nothing else. Gives no roles. */
bool		object_cut(struct cut *cut, struct span record, unsigned format);
/* The string between the quotes without its escapes, at most cap octets, whole code points. */
struct span	object_unescape(uint8_t *at, size_t cap, struct span body);

#endif
