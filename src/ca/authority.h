/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The desk's own certificate authority: doc/formats/agent.md, section 1. ECDSA P-256 with SHA-256,
 * which every TLS client of the last ten years takes. It signs two kinds of certificates: the
 * desk's for its listeners (serverAuth), an agent's (clientAuth); neither can stand for the other.
 * Knows no clock: times are seconds since 1970 and come in, as do serial numbers. The random
 * numbers of keys and signatures are OpenSSL's.
 */
#ifndef CA_AUTHORITY_H
#define CA_AUTHORITY_H

#include "base/buf.h"
#include "base/err.h"
#include "ca/code.h"
#include "ca/roll.h"

struct authority;
struct request;

enum { REQUEST_BYTES = 8192 };	/* of a signing request; RSA 4096 has 1,700 */

/* What a certificate is to say. */
struct authority_cert {
	uint8_t serial[ROLL_SERIAL_BYTES];	/* of authority_serial() */
	int64_t from_s, until_s;
	const char *name;		/* common name */
	const char *const *also;	/* desk: nalso names and addresses that it goes by */
	unsigned nalso;
};

/* Makes a serial number of random octets: positive, and always of the same length. */
void		authority_serial(uint8_t serial[ROLL_SERIAL_BYTES]);
/* A new authority with a new key. ERR_IO: OpenSSL refused. */
enum err	authority_make(struct authority **ret, const struct authority_cert *cert,
		    struct why *why);
/* ERR_FORMAT: the certificate is no authority's, or the key is another one's. */
enum err	authority_load(struct authority **ret, struct span cert_pem, struct span key_pem,
		    struct why *why);
/* Wipes the key. */
void		authority_free(struct authority **authority);
void		authority_cert_pem(const struct authority *authority, struct buf *out);
/* Secret: the caller wipes it. */
void		authority_key_pem(const struct authority *authority, struct buf *out);
void		authority_finger(const struct authority *authority,
		    uint8_t ret[CODE_FINGER_BYTES]);
int64_t		authority_until_s(const struct authority *authority);

/* A server's certificate and a new key for it; the chain ends with the authority's. */
enum err	authority_desk(const struct authority *authority, const struct authority_cert *cert,
		    struct buf *ret_chain, struct buf *ret_key, struct why *why);
/* A client's certificate for the key in the request; nothing else of the request is looked at. */
enum err	authority_client(const struct authority *authority,
		    const struct authority_cert *cert, const struct request *request,
		    struct buf *ret_pem, struct why *why);

/* ---- requests: PKCS #10, RFC 2986 ---- */

/*
 * One PEM block and nothing around it. ERR_FORMAT: it is none, its signature does not hold; the
 * key is of another kind than EC P-256 or P-384, Ed25519, RSA of 2048 to 4096 bits.
 */
enum err	request_read(struct request **ret, struct span pem, struct why *why);
void		request_free(struct request **request);
/* SHA-256 of the public key. */
void		request_key(const struct request *request, uint8_t ret[ROLL_KEY_BYTES]);
/* On the host: a new key (secret: the caller wipes it), and a request for a key. */
enum err	request_new_key(struct buf *ret_key, struct why *why);
enum err	request_make(struct span key_pem, struct buf *ret_pem, struct why *why);

/* ---- reading what was issued ---- */

struct issued {
	char name[ROLL_NAME_BYTES];
	uint8_t serial[ROLL_SERIAL_BYTES];
	int64_t from_s, until_s;
};

/* The first certificate in the PEM. */
enum err	issued_read(struct issued *ret, struct span pem, struct why *why);
/* Is that what the authority of this PEM signed for a client, for this key? ERR_PROOF: no. */
enum err	issued_check(struct span cert_pem, struct span key_pem, struct span ca_pem,
		    struct why *why);
/* Of the first certificate in the PEM. */
enum err	issued_finger(uint8_t ret[CODE_FINGER_BYTES], struct span pem, struct why *why);

#endif
