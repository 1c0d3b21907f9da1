/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets as letters, strictly: standard base64 with padding (RFC 4648 section 4), and base32
 * without (section 6) for what people type from paper.
 */
#ifndef MODEL_BASE64_H
#define MODEL_BASE64_H

#include "base/buf.h"
#include "base/err.h"

void		base64_put(struct buf *out, struct span bytes);
/*
 * Decodes all of text into at most max octets. ERR_FORMAT: a foreign letter, wrong padding, bits
 * left over; ERR_LIMIT: longer than max.
 */
enum err	base64_get(uint8_t *at, size_t max, size_t *ret_n, struct span text);
/* Upper case, no padding; a space after every 4 letters but the last. */
void		base32_put(struct buf *out, struct span bytes);
/*
 * Takes either case, skips spaces and dashes, reads 0 as O, 1 as I, 8 as B. Whole octets only.
 * ERR_FORMAT: a foreign letter or bits left over that are not 0.
 */
enum err	base32_get(uint8_t *at, size_t max, size_t *ret_n, struct span text);

#endif
