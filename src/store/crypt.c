/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM by OpenSSL: journal.md section 2. Owns one context; the key is in it and nowhere
 * else. Any other failure of the library than a wrong tag is our bug or lack of memory.
 */
#include "store/crypt.h"

#include <stdlib.h>

#include <openssl/evp.h>

#include "base/buf.h"
#include "base/must.h"

enum { NONCE_BYTES = 12, NONCE_ZEROS = 4 };

struct crypt {
	EVP_CIPHER_CTX *seal;
	EVP_CIPHER_CTX *open;
};

struct crypt *
crypt_new(const uint8_t key[CRYPT_KEY_BYTES])
{
	struct crypt *crypt = xcalloc(1, sizeof *crypt);

	crypt->seal = EVP_CIPHER_CTX_new();
	crypt->open = EVP_CIPHER_CTX_new();
	must(crypt->seal != NULL && crypt->open != NULL);
	must(EVP_EncryptInit_ex(crypt->seal, EVP_aes_256_gcm(), NULL, key, NULL) == 1);
	must(EVP_DecryptInit_ex(crypt->open, EVP_aes_256_gcm(), NULL, key, NULL) == 1);
	return crypt;
}

void
crypt_free(struct crypt **crypt)
{
	if (*crypt == NULL)
		return;
	EVP_CIPHER_CTX_free((*crypt)->seal);
	EVP_CIPHER_CTX_free((*crypt)->open);
	free(*crypt);
	*crypt = NULL;
}

static void
nonce_of(uint8_t nonce[NONCE_BYTES], uint64_t number)
{
	memset(nonce, 0, NONCE_ZEROS);
	le_put(nonce + NONCE_ZEROS, number, 8);
}

void
crypt_seal_from(struct crypt *crypt, uint64_t number, struct span aad, uint8_t *at,
    struct span plain)
{
	uint8_t nonce[NONCE_BYTES];
	size_t n = plain.n;
	int got;

	must(n <= INT32_MAX && aad.n <= INT32_MAX);
	nonce_of(nonce, number);
	must(EVP_EncryptInit_ex(crypt->seal, NULL, NULL, NULL, nonce) == 1);
	must(EVP_EncryptUpdate(crypt->seal, NULL, &got, aad.p, (int)aad.n) == 1);
	must(EVP_EncryptUpdate(crypt->seal, at, &got, plain.p, (int)n) == 1 && (size_t)got == n);
	must(EVP_EncryptFinal_ex(crypt->seal, at + n, &got) == 1 && got == 0);
	must(EVP_CIPHER_CTX_ctrl(crypt->seal, EVP_CTRL_GCM_GET_TAG, CRYPT_TAG_BYTES, at + n) == 1);
}

void
crypt_seal(struct crypt *crypt, uint64_t number, struct span aad, uint8_t *at, size_t n)
{
	crypt_seal_from(crypt, number, aad, at, span_of(at, n));
}

enum err
crypt_open(struct crypt *crypt, uint64_t number, struct span aad, struct span sealed, uint8_t *to,
    struct why *why)
{
	uint8_t nonce[NONCE_BYTES], tag[CRYPT_TAG_BYTES];
	size_t n;
	int got;

	if (sealed.n < CRYPT_TAG_BYTES || sealed.n > INT32_MAX)
		return why_set(why, ERR_PROOF, "encrypted payload of %zu octets", sealed.n);
	n = sealed.n - CRYPT_TAG_BYTES;
	memcpy(tag, sealed.p + n, sizeof tag);
	nonce_of(nonce, number);
	must(EVP_DecryptInit_ex(crypt->open, NULL, NULL, NULL, nonce) == 1);
	must(EVP_DecryptUpdate(crypt->open, NULL, &got, aad.p, (int)aad.n) == 1);
	must(EVP_DecryptUpdate(crypt->open, to, &got, sealed.p, (int)n) == 1 && (size_t)got == n);
	must(EVP_CIPHER_CTX_ctrl(crypt->open, EVP_CTRL_GCM_SET_TAG, CRYPT_TAG_BYTES, tag) == 1);
	if (EVP_DecryptFinal_ex(crypt->open, to + n, &got) != 1)
		return why_set(why, ERR_PROOF, "the tag of an encrypted payload does not hold");
	return OK;
}
