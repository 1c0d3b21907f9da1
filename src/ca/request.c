/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signing requests (PKCS #10): made on the host, read at the desk. Of a foreign one nothing is used
 * but its key: the name comes from the invitation. The kind and size of the key are looked at
 * before its signature is, so that nobody makes us compute with numbers of his choice.
 */
#include "ca/authority_int.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/rsa.h>
#include <openssl/sha.h>

#include "base/must.h"

enum { RSA_LEAST = 2048, RSA_MOST = 4096, GROUP_BYTES = 32 };

static const struct span pem_begin = {
	(const uint8_t *)"-----BEGIN CERTIFICATE REQUEST-----\n", 36 };
static const struct span pem_end = {
	(const uint8_t *)"\n-----END CERTIFICATE REQUEST-----", 34 };

static bool
curve_is_good(const EVP_PKEY *key)
{
	char group[GROUP_BYTES] = "";

	if (EVP_PKEY_get_utf8_string_param(key, "group", group, sizeof group, NULL) != 1)
		return false;
	return strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0;
}

/* A large public exponent makes checking a signature as dear as making one. */
static bool
rsa_is_good(const EVP_PKEY *key)
{
	BIGNUM *e = NULL;
	int bits = EVP_PKEY_get_bits(key);
	bool good;

	if (bits < RSA_LEAST || bits > RSA_MOST ||
	    EVP_PKEY_get_bn_param(key, "e", &e) != 1)
		return false;
	good = BN_num_bits(e) <= 32;
	BN_free(e);
	return good;
}

static bool
key_is_good(const EVP_PKEY *key)
{
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		return curve_is_good(key);
	case EVP_PKEY_RSA:
		return rsa_is_good(key);
	case EVP_PKEY_ED25519:
		return true;
	default:
		return false;
	}
}

/* Exactly one block: what else stands in a body is not for us, and nobody guesses what it is. */
static bool
is_one_block(struct span pem)
{
	struct span inner;

	while (pem.n > 0 && (pem.p[pem.n - 1] == '\n' || pem.p[pem.n - 1] == '\r'))
		pem.n--;
	if (pem.n > REQUEST_BYTES || pem.n < pem_begin.n + pem_end.n ||
	    !span_starts(pem, pem_begin) ||
	    !span_eq(span_sub(pem, pem.n - pem_end.n, pem_end.n), pem_end))
		return false;
	inner = span_sub(pem, pem_begin.n, pem.n - pem_begin.n - pem_end.n);
	return inner.n > 0 && memchr(inner.p, '-', inner.n) == NULL &&
	    memchr(inner.p, '\0', inner.n) == NULL && memchr(inner.p, ':', inner.n) == NULL;
}

enum err
request_read(struct request **ret, struct span pem, struct why *why)
{
	X509_REQ *req = NULL;
	EVP_PKEY *key = NULL;
	enum err rc = OK;
	BIO *bio;

	if (!is_one_block(pem))
		return why_set(why, ERR_FORMAT, "the request is not one PEM block of at most %d "
		    "octets, \"-----BEGIN CERTIFICATE REQUEST-----\"", REQUEST_BYTES);
	bio = pem_in(pem);
	req = PEM_read_bio_X509_REQ(bio, NULL, NULL, NULL);
	key = req != NULL ? X509_REQ_get_pubkey(req) : NULL;
	if (key == NULL)
		rc = pem_fail(why, ERR_FORMAT, "the request cannot be read");
	else if (!key_is_good(key))
		rc = why_set(why, ERR_FORMAT, "the request's key is none that is taken: EC P-256 "
		    "or P-384, Ed25519, RSA of 2048 to 4096 bits");
	else if (X509_REQ_verify(req, key) != 1)
		rc = pem_fail(why, ERR_FORMAT, "the request is not signed by its own key");
	if (rc == OK) {
		*ret = xcalloc(1, sizeof **ret);
		(*ret)->key = key;
		key = NULL;
	}
	EVP_PKEY_free(key);
	X509_REQ_free(req);
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

void
request_free(struct request **request)
{
	if (*request == NULL)
		return;
	EVP_PKEY_free((*request)->key);
	free(*request);
	*request = NULL;
}

void
request_key(const struct request *request, uint8_t ret[ROLL_KEY_BYTES])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(request->key, &der);

	must(n > 0);
	(void)SHA256(der, (size_t)n, ret);
	OPENSSL_free(der);
}

enum err
request_new_key(struct buf *ret_key, struct why *why)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");

	if (key == NULL)
		return pem_fail(why, ERR_IO, "cannot make a key");
	pem_key_put(ret_key, key);
	EVP_PKEY_free(key);
	return OK;
}

enum err
request_make(struct span key_pem, struct buf *ret_pem, struct why *why)
{
	EVP_PKEY *key = pem_key(key_pem);
	X509_REQ *req = X509_REQ_new();
	enum err rc = OK;
	BIO *bio;

	must(req != NULL);
	/* Ed25519 signs without a digest of its own. */
	if (key == NULL || X509_REQ_set_version(req, X509_REQ_VERSION_1) != 1 ||
	    X509_REQ_set_pubkey(req, key) != 1 || X509_REQ_sign(req, key,
	    EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256()) <= 0)
		rc = pem_fail(why, ERR_FORMAT, "the key cannot be used");
	if (rc == OK) {
		bio = BIO_new(BIO_s_mem());
		must(bio != NULL && PEM_write_bio_X509_REQ(bio, req) == 1);
		pem_out(ret_pem, bio);
	}
	X509_REQ_free(req);
	EVP_PKEY_free(key);
	return rc;
}
