/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates of authority.h: RFC 5280, made by OpenSSL out of few words of ours. */
#include "ca/authority_int.h"

#include <stdlib.h>

#include <openssl/err.h>

#include "base/must.h"

struct authority {
	X509 *cert;
	EVP_PKEY *key;
};

static bool
extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	bool added;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
	X509_EXTENSION_free(extension);
	return added;
}

/* 126 bits are left to chance. */
void
authority_serial(uint8_t serial[ROLL_SERIAL_BYTES])
{
	serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40);
}

static bool
serial_set(X509 *cert, const uint8_t serial[ROLL_SERIAL_BYTES])
{
	BIGNUM *number;
	bool set;

	must((serial[0] & 0xc0) == 0x40);
	number = BN_bin2bn(serial, ROLL_SERIAL_BYTES, NULL);
	set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(cert)) != NULL;
	BN_free(number);
	return set;
}

/* All but extensions and signature. */
static X509 *
cert_begin(const struct authority_cert *say, X509_NAME *issuer, EVP_PKEY *key)
{
	X509 *cert = X509_new();
	X509_NAME *subject = X509_NAME_new();
	bool made;

	must(cert != NULL && subject != NULL);
	made = X509_set_version(cert, X509_VERSION_3) == 1 && serial_set(cert, say->serial) &&
	    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
	    (const unsigned char *)say->name, -1, -1, 0) == 1 &&
	    X509_set_subject_name(cert, subject) == 1 &&
	    X509_set_issuer_name(cert, issuer != NULL ? issuer : subject) == 1 &&
	    ASN1_TIME_set(X509_getm_notBefore(cert), (time_t)say->from_s) != NULL &&
	    ASN1_TIME_set(X509_getm_notAfter(cert), (time_t)say->until_s) != NULL &&
	    X509_set_pubkey(cert, key) == 1;
	X509_NAME_free(subject);
	if (made)
		return cert;
	X509_free(cert);
	return NULL;
}

enum err
authority_make(struct authority **ret, const struct authority_cert *say, struct why *why)
{
	struct authority *a = xcalloc(1, sizeof *a);

	must(*ret == NULL);
	a->key = EVP_EC_gen("P-256");
	if (a->key != NULL)
		a->cert = cert_begin(say, NULL, a->key);
	if (a->cert == NULL ||
	    !extension_add(a->cert, a->cert, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
	    !extension_add(a->cert, a->cert, NID_key_usage, "critical,keyCertSign,cRLSign") ||
	    !extension_add(a->cert, a->cert, NID_subject_key_identifier, "hash") ||
	    X509_sign(a->cert, a->key, EVP_sha256()) <= 0) {
		authority_free(&a);
		return pem_fail(why, ERR_IO, "cannot make the authority");
	}
	*ret = a;
	return OK;
}

enum err
authority_load(struct authority **ret, struct span cert_pem, struct span key_pem, struct why *why)
{
	struct authority *a = xcalloc(1, sizeof *a);
	enum err rc = OK;

	must(*ret == NULL);
	a->cert = pem_cert(cert_pem);
	a->key = pem_key(key_pem);
	if (a->cert == NULL || X509_check_ca(a->cert) != 1)
		rc = why_set(why, ERR_FORMAT, "the certificate is no authority's");
	else if (a->key == NULL || X509_check_private_key(a->cert, a->key) != 1)
		rc = why_set(why, ERR_FORMAT, "the key is not that of the certificate");
	ERR_clear_error();
	if (rc != OK)
		authority_free(&a);
	*ret = a;
	return rc;
}

/* EVP_PKEY_free() wipes what it frees. */
void
authority_free(struct authority **authority)
{
	if (*authority == NULL)
		return;
	X509_free((*authority)->cert);
	EVP_PKEY_free((*authority)->key);
	free(*authority);
	*authority = NULL;
}

void
authority_cert_pem(const struct authority *a, struct buf *out)
{
	pem_cert_put(out, a->cert);
}

void
authority_key_pem(const struct authority *a, struct buf *out)
{
	pem_key_put(out, a->key);
}

void
authority_finger(const struct authority *a, uint8_t ret[CODE_FINGER_BYTES])
{
	cert_finger(ret, a->cert);
}

int64_t
authority_until_s(const struct authority *a)
{
	return time_seconds(X509_get0_notAfter(a->cert));
}

/* ---- issuing ---- */

/* usage: the one thing that it is good for; names: of the extension, or NULL. */
static X509 *
cert_issue(const struct authority *a, const struct authority_cert *say, EVP_PKEY *key,
    const char *usage, const char *names)
{
	X509 *cert = cert_begin(say, X509_get_subject_name(a->cert), key);

	if (cert != NULL &&
	    extension_add(cert, a->cert, NID_basic_constraints, "critical,CA:FALSE") &&
	    extension_add(cert, a->cert, NID_key_usage, "critical,digitalSignature") &&
	    extension_add(cert, a->cert, NID_ext_key_usage, usage) &&
	    extension_add(cert, a->cert, NID_authority_key_identifier, "keyid:always") &&
	    (names == NULL || extension_add(cert, a->cert, NID_subject_alt_name, names)) &&
	    X509_sign(cert, a->key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

/* "DNS:desk.example,IP:10.0.0.5"; what would break out of the list is left out. */
static void
names_put(struct buf *out, const struct authority_cert *say)
{
	buf_str(out, "DNS:trucban");
	for (unsigned i = 0; i < say->nalso; i++) {
		const char *name = say->also[i];
		ASN1_OCTET_STRING *ip;

		if (name[0] == '\0' || strspn(name, "abcdefghijklmnopqrstuvwxyz"
		    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-_*") != strlen(name))
			continue;
		ip = a2i_IPADDRESS(name);
		if (ip == NULL && strchr(name, ':') != NULL)
			continue;
		buf_printf(out, ",%s:%s", ip != NULL ? "IP" : "DNS", name);
		ASN1_OCTET_STRING_free(ip);
	}
	buf_u8(out, '\0');
}

enum err
authority_desk(const struct authority *a, const struct authority_cert *say,
    struct buf *ret_chain, struct buf *ret_key, struct why *why)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	struct buf names = { 0 };
	X509 *cert = NULL;

	names_put(&names, say);
	if (key != NULL)
		cert = cert_issue(a, say, key, "serverAuth", (const char *)names.p);
	buf_done(&names);
	if (cert != NULL) {
		pem_cert_put(ret_chain, cert);
		pem_cert_put(ret_chain, a->cert);
		pem_key_put(ret_key, key);
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	return cert != NULL ? OK : pem_fail(why, ERR_IO, "cannot issue the desk's certificate");
}

enum err
authority_client(const struct authority *a, const struct authority_cert *say,
    const struct request *request, struct buf *ret_pem, struct why *why)
{
	X509 *cert = cert_issue(a, say, request->key, "clientAuth", NULL);

	if (cert == NULL)
		return pem_fail(why, ERR_IO, "cannot issue the certificate");
	pem_cert_put(ret_pem, cert);
	X509_free(cert);
	return OK;
}
