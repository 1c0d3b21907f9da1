/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 and BLAKE2b-512 by OpenSSL, CRC-32 by zlib: see sums.h. */
#include "evidence/sums.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <zlib.h>

#include "base/must.h"

enum { STEP_BYTES = 1 << 20 };

struct summing {
	EVP_MD_CTX *sha256, *blake2b;
	uint64_t bytes;
	uint32_t crc;
};

struct summing *
summing_new(void)
{
	struct summing *s = xcalloc(1, sizeof *s);

	s->sha256 = EVP_MD_CTX_new();
	s->blake2b = EVP_MD_CTX_new();
	must(s->sha256 != NULL && EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) == 1);
	must(s->blake2b != NULL && EVP_DigestInit_ex(s->blake2b, EVP_blake2b512(), NULL) == 1);
	return s;
}

void
summing_add(struct summing *s, struct span bytes)
{
	for (size_t at = 0; at < bytes.n; at += STEP_BYTES) {
		struct span step = span_sub(bytes, at, STEP_BYTES);

		must(EVP_DigestUpdate(s->sha256, step.p, step.n) == 1);
		must(EVP_DigestUpdate(s->blake2b, step.p, step.n) == 1);
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
	must(EVP_DigestFinal_ex(s->blake2b, ret_sums->blake2b, NULL) == 1);
	EVP_MD_CTX_free(s->sha256);
	EVP_MD_CTX_free(s->blake2b);
	free(s);
	*summing = NULL;
}

void
sums_hex(struct buf *out, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(out, "%02x", bytes[i]);
}
