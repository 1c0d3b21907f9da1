/* SPDX-License-Identifier: Apache-2.0 */
/*
 * BLAKE2b-256 (RFC 7693, unkeyed) of many short strings at once: four side by side where the
 * processor has AVX2, else one after the other by libsodium. The results are the same.
 */
#ifndef MODEL_BLAKE_H
#define MODEL_BLAKE_H

#include "model/digest.h"

void	blake_many(struct digest *ret, const struct span *bytes, size_t n);

/*
 * Row digests (record.md section 4) of one batch: rows are put one after the other, their octets
 * go to where row_many_add says, and all digests are there after row_many_end.
 */
struct row_many;

struct row_many	*row_many_new(void);
void		row_many_free(struct row_many **many);
/*
 * ret is written at the latest by row_many_end. Write exactly n octets of the record to the place
 * that is returned before the next call.
 */
uint8_t		*row_many_add(struct row_many *many, struct digest *ret,
		    const uint8_t salt[SALT_BYTES], uint8_t stream, uint8_t class, uint8_t flags,
		    uint32_t epoch, uint64_t seq, int64_t recv_ns,
		    const uint8_t source_digest[SOURCE_DIGEST_BYTES], size_t n);
void		row_many_end(struct row_many *many);

#endif
