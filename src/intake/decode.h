/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Content codings taken off, as a stream and within bounds: gzip (RFC 1952), deflate (RFC 1950, and
 * RFC 1951 as some clients send it), zstd (RFC 8878). The output room is the caller's; what a
 * small input may expand to is limited here, so that a bomb is refused while it is still small.
 */
#ifndef INTAKE_DECODE_H
#define INTAKE_DECODE_H

#include "base/err.h"
#include "base/span.h"

struct decoder;

/* coding: enum http_coding but IDENTITY and UNKNOWN. */
struct decoder	*decoder_new(uint8_t coding);
void		decoder_free(struct decoder **decoder);
/*
 * Decodes from *io_input into room[n]. OK: *ret_n octets are there (maybe 0), call again. ERR_MORE:
 * all input was taken and nothing is left to be given out (*ret_n may still be > 0). ERR_FORMAT:
 * the input is broken. ERR_LIMIT: it expands too much.
 */
enum err	decoder_next(struct decoder *decoder, struct span *io_input, uint8_t *room,
		    size_t n, size_t *ret_n, struct why *why);
/* True when the input so far is whole: nothing is missing at its end. */
bool		decoder_is_whole(const struct decoder *decoder);

#endif
