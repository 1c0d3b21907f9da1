/* SPDX-License-Identifier: Apache-2.0 */
/* Octets to OpenSSL's objects and back: see authority_int.h. No file is opened here. */
#include "ca/authority_int.h"

#include <openssl/err.h>

#include "base/must.h"
#include "base/password.h"

enum err
pem_fail(struct why *why, enum err rc, const char *what)
{
	unsigned long error = ERR_get_error();
	char text[256] = "";

	if (error != 0)
		ERR_error_string_n(error, text, sizeof text);
	ERR_clear_error();
	return why_set(why, rc, "%s%s%s", what, text[0] != '\0' ? ": " : "", text);
}

BIO *
pem_in(struct span pem)
{
	BIO *bio;

	must(pem.n <= INT32_MAX);
	bio = BIO_new_mem_buf(pem.n > 0 ? (const char *)pem.p : "", (int)pem.n);
	must(bio != NULL);
	return bio;
}

void
pem_out(struct buf *out, BIO *bio)
{
	char *p = NULL;
	long n = BIO_get_mem_data(bio, &p);

	must(n > 0);
	buf_put(out, p, (size_t)n);
	OPENSSL_cleanse(p, (size_t)n);
	BIO_free(bio);
}

X509 *
pem_cert(struct span pem)
{
	BIO *bio = pem_in(pem);
	X509 *cert = PEM_read_bio_X509(bio, NULL, password_none, NULL);

	BIO_free(bio);
	ERR_clear_error();
	return cert;
}

EVP_PKEY *
pem_key(struct span pem)
{
	BIO *bio = pem_in(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, password_none, NULL);

	BIO_free(bio);
	ERR_clear_error();
	return key;
}

void
pem_key_put(struct buf *out, const EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	pem_out(out, bio);
}

void
pem_cert_put(struct buf *out, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	must(bio != NULL && PEM_write_bio_X509(bio, cert) == 1);
	pem_out(out, bio);
}

int64_t
time_seconds(const ASN1_TIME *time)
{
	ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
	int days = 0, seconds = 0;

	must(epoch != NULL);
	if (ASN1_TIME_diff(&days, &seconds, epoch, time) != 1)
		days = seconds = 0;
	ASN1_TIME_free(epoch);
	return (int64_t)days * 86400 + seconds;
}

void
cert_finger(uint8_t ret[CODE_FINGER_BYTES], X509 *cert)
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	must(X509_digest(cert, EVP_sha256(), digest, &n) == 1 && n >= CODE_FINGER_BYTES);
	memcpy(ret, digest, CODE_FINGER_BYTES);
}
