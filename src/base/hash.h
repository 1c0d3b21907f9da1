/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hashes that find things and notice accidents (XXH3). Never for a promise: what is sealed uses
 * BLAKE2b and SHA-256. Tables over foreign keys mix in a random seed, so that nobody can aim.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/span.h"

static inline uint64_t
hash64(struct span s)
{
	return XXH3_64bits(s.p, s.n);
}

static inline uint64_t
hash64_seed(struct span s, uint64_t seed)
{
	return XXH3_64bits_withSeed(s.p, s.n, seed);
}

#endif
