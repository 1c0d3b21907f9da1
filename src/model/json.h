/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records that have no octets of their own, written as JSON (RFC 8259): entries of the systemd
 * journal, messages in protobuf. One form for all who make them: the shortest escapes, octets
 * that are no UTF-8 kept as they are in a string. Append only, and one string is read.
 */
#ifndef MODEL_JSON_H
#define MODEL_JSON_H

#include "base/buf.h"
#include "base/cur.h"

/* A string: '"' and '\' behind a backslash, \n, \t, other controls as \u00xx. */
void	json_string(struct buf *out, struct span text);
/* An array of numbers, one for each octet: how the journal's own tools write what is no text. */
void	json_octets(struct buf *out, struct span octets);
/* A string of lower-case hexadecimal digits. */
void	json_hex(struct buf *out, struct span octets);
void	json_unsigned(struct buf *out, uint64_t value);
void	json_signed(struct buf *out, int64_t value);
/*
 * The shortest of 15 to 17 digits that means the same number, with a '.' or 'e' so that it is not
 * taken for a whole one. value is finite.
 */
void	json_real(struct buf *out, double value);
/* Takes a string: the octets between its quotes, escapes kept. None: in->bad, and empty. */
struct span	json_quoted(struct cur *in);

#endif
