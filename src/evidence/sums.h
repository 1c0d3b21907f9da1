/* SPDX-License-Identifier: Apache-2.0 */
/* The sums of a file of a package, taken piece by piece: for its manifests and its archive. */
#ifndef EVIDENCE_SUMS_H
#define EVIDENCE_SUMS_H

#include "base/buf.h"

enum { SUMS_SHA256 = 32, SUMS_BLAKE2B = 64 };

struct sums {
	uint64_t bytes;
	uint32_t crc;			/* of zip: against accidents only */
	uint8_t sha256[SUMS_SHA256];
	uint8_t blake2b[SUMS_BLAKE2B];	/* BLAKE2b-512, as b2sum has it */
};

struct summing;

struct summing	*summing_new(void);
void		summing_add(struct summing *summing, struct span bytes);
/* Frees it. */
void		summing_end(struct summing **summing, struct sums *ret_sums);

/* Appends lower-case hex digits. */
void		sums_hex(struct buf *out, const uint8_t *bytes, size_t n);

#endif
