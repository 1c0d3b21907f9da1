/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 by OpenSSL, BLAKE2b-512 by libsodium, CRC-32 by zlib: see sums.h. */
#include "evidence/sums.h"

#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/must.h"

enum { STEP_BYTES = 1 << 20 };

struct summing {
	EVP_MD_CTX *sha256;
	crypto_generichash_state blake2b;
	uint64_t bytes;
	uint32_t crc;
};

struct summing *
summing_new(void)
{
	struct summing *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);

	must(s != NULL);
	*s = (struct summing){ .sha256 = EVP_MD_CTX_new() };
	must(s->sha256 != NULL && EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) == 1);
	(void)crypto_generichash_init(&s->blake2b, NULL, 0, SUMS_BLAKE2B);
	return s;
}

void
summing_add(struct summing *s, struct span bytes)
{
	for (size_t at = 0; at < bytes.n; at += STEP_BYTES) {
		struct span step = span_sub(bytes, at, STEP_BYTES);

		must(EVP_DigestUpdate(s->sha256, step.p, step.n) == 1);
		(void)crypto_generichash_update(&s->blake2b, step.p, step.n);
		s->crc = (uint32_t)crc32(s->crc, step.p, (unsigned)step.n);
	}
	s->bytes += bytes.n;
}

void
summing_end(struct summing **summing, struct sums *ret_sums)
{
	struct summing *s = *summing;

	*ret_sums = (struct sums){ .bytes = s->bytes, .crc = s->crc };
	must(EVP_DigestFinal_ex(s->sha256, ret_sums->sha256, NULL) == 1);
	(void)crypto_generichash_final(&s->blake2b, ret_sums->blake2b, SUMS_BLAKE2B);
	EVP_MD_CTX_free(s->sha256);
	free(s);
	*summing = NULL;
}

void
sums_hex(struct buf *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", bytes[i]);
}
