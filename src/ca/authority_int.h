/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL's objects in and out of octets, for the files of this room. */
#ifndef CA_AUTHORITY_INT_H
#define CA_AUTHORITY_INT_H

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "ca/authority.h"

struct request {
	EVP_PKEY *key;
};

/* OpenSSL's last word behind ours; forgets all of them. */
enum err	pem_fail(struct why *why, enum err rc, const char *what);
BIO		*pem_in(struct span pem);
/* Takes what was written and frees; wipes OpenSSL's copy. */
void		pem_out(struct buf *out, BIO *bio);
/* The first block of its kind; NULL: there is none. Keys with a password are not read. */
X509		*pem_cert(struct span pem);
EVP_PKEY	*pem_key(struct span pem);
void		pem_key_put(struct buf *out, const EVP_PKEY *key);
void		pem_cert_put(struct buf *out, X509 *cert);
int64_t		time_seconds(const ASN1_TIME *time);
void		cert_finger(uint8_t ret[CODE_FINGER_BYTES], X509 *cert);

#endif
