/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a value means that stands escaped in its record (RFC 8259, section 7; RFC 5424, 6.3.3). One
 * for those who search values and those who file their words: they must read the same.
 */
#ifndef MODEL_ESCAPE_H
#define MODEL_ESCAPE_H

#include "base/span.h"

/* Writes it to `to`, of raw.n octets, not raw itself; kind: enum hole_kind. Gives its length. */
size_t		escape_undo(uint8_t *to, struct span raw, uint8_t kind);
/*
 * The code point of a JSON escape with "u", or of two that make one; *at is behind the first "u"
 * and is moved behind the last digit. None: U+FFFD; without four digits: '?', and nothing is taken.
 */
uint32_t	escape_unicode(struct span s, size_t *at);

#endif
