/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS contexts out of PEM octets, identities out of certificates; see tls.h. The key lives in the
 * context only; the caller wipes its own copy of the PEM.
 */
#include "intake/tls.h"

#include <stdlib.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/must.h"
#include "base/password.h"
#include "intake/enrols.h"

struct tls {
	SSL_CTX *ctx;
};

const char *
tls_error(char text[256])
{
	unsigned long error = ERR_get_error();

	if (error == 0)
		return "unknown reason";
	ERR_error_string_n(error, text, 256);
	ERR_clear_error();
	return text;
}

static enum err
tls_fail(struct why *why, const char *what)
{
	char text[256];

	return why_set(why, ERR_FORMAT, "cannot use %s: %s", what, tls_error(text));
}

static BIO *
bio_of(struct span pem)
{
	BIO *bio;

	must(pem.n <= INT32_MAX);
	bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	must(bio != NULL);
	return bio;
}

/* chain = own certificate, then those between it and the root */
static enum err
chain_use(SSL_CTX *ctx, struct span pem, struct why *why)
{
	BIO *bio = bio_of(pem);
	X509 *cert = PEM_read_bio_X509(bio, NULL, password_none, NULL);
	enum err rc = OK;

	if (cert == NULL || SSL_CTX_use_certificate(ctx, cert) != 1)
		rc = tls_fail(why, "the certificate");
	X509_free(cert);
	while (rc == OK && (cert = PEM_read_bio_X509(bio, NULL, password_none, NULL)) != NULL) {
		if (SSL_CTX_add0_chain_cert(ctx, cert) != 1) {
			X509_free(cert);
			rc = tls_fail(why, "the certificate's chain");
		}
	}
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

static enum err
key_use(SSL_CTX *ctx, struct span pem, struct why *why)
{
	BIO *bio = bio_of(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, password_none, NULL);
	enum err rc = OK;

	if (key == NULL || SSL_CTX_use_PrivateKey(ctx, key) != 1)
		rc = tls_fail(why, "the private key");
	else if (SSL_CTX_check_private_key(ctx) != 1)
		rc = tls_fail(why, "the private key with this certificate");
	EVP_PKEY_free(key);
	BIO_free(bio);
	return rc;
}

static enum err
ca_use(SSL_CTX *ctx, struct span pem, struct why *why)
{
	BIO *bio = bio_of(pem);
	unsigned n = 0;
	enum err rc = OK;
	X509 *cert;

	while (rc == OK && (cert = PEM_read_bio_X509(bio, NULL, password_none, NULL)) != NULL) {
		if (X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), cert) != 1 ||
		    SSL_CTX_add_client_CA(ctx, cert) != 1)
			rc = tls_fail(why, "a certificate of the clients' authority");
		X509_free(cert);
		n++;
	}
	if (rc == OK && n == 0)
		rc = tls_fail(why, "the certificate of the clients' authority");
	BIO_free(bio);
	ERR_clear_error();
	return rc;
}

bool
tls_serial(const X509 *cert, uint8_t ret[CLIENT_SERIAL_BYTES])
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

	if (ASN1_STRING_length(serial) != CLIENT_SERIAL_BYTES)
		return false;
	memcpy(ret, ASN1_STRING_get0_data(serial), CLIENT_SERIAL_BYTES);
	return true;
}

/* ---- identity ---- */

static struct span
name_copy(char name[TLS_IDENTITY_BYTES], const ASN1_STRING *from)
{
	unsigned char *utf8 = NULL;
	int n = ASN1_STRING_to_UTF8(&utf8, from);
	size_t keep = 0;

	for (; n > 0 && keep < (size_t)n && keep < TLS_IDENTITY_BYTES - 1; keep++)
		name[keep] = (char)(utf8[keep] < 0x20 || utf8[keep] == 0x7f ? '?' : utf8[keep]);
	OPENSSL_free(utf8);
	return span_of(name, keep);
}

static struct span
subject_name(X509 *cert, char name[TLS_IDENTITY_BYTES])
{
	X509_NAME *subject = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);

	if (at < 0)
		return span_of(name, 0);
	return name_copy(name, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

static struct span
alternative_name(X509 *cert, char name[TLS_IDENTITY_BYTES])
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	struct span found = span_of(name, 0);

	for (int i = 0; found.n == 0 && i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *one = sk_GENERAL_NAME_value(names, i);

		if (one->type == GEN_DNS || one->type == GEN_EMAIL)
			found = name_copy(name, one->d.ia5);
	}
	GENERAL_NAMES_free(names);
	return found;
}

/* The subject's common name, else the first DNS or mail name. */
static struct span
cert_name(X509 *cert, char name[TLS_IDENTITY_BYTES])
{
	struct span found = subject_name(cert, name);

	return found.n > 0 ? found : alternative_name(cert, name);
}

/* ---- who may come in ---- */

/* The handshake will not remember the certificate that it refuses. */
static void
shown_keep(SSL *ssl, X509 *cert)
{
	char name[TLS_IDENTITY_BYTES], **shown = SSL_get_app_data(ssl);
	struct span found;

	if (cert == NULL || shown == NULL || *shown != NULL)
		return;
	found = cert_name(cert, name);
	*shown = xmalloc(found.n + 1);
	if (found.n > 0)
		memcpy(*shown, found.p, found.n);
	(*shown)[found.n] = '\0';
}

/*
 * Behind OpenSSL's own look at a chain: the client's certificate must be one that is known, if
 * there is a list of them.
 */
static int
client_verify(int good, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	const struct enrols *enrols = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (good == 1 && enrols != NULL && X509_STORE_CTX_get_error_depth(store) == 0 &&
	    enrols_find(enrols, X509_STORE_CTX_get_current_cert(store)) == NULL) {
		X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REVOKED);
		good = 0;
	}
	if (good != 1)
		shown_keep(ssl, X509_STORE_CTX_get0_cert(store));
	return good;
}

static enum err
clients_use(SSL_CTX *ctx, const struct intake_listener *conf, const struct enrols *enrols,
    struct why *why)
{
	int mode = SSL_VERIFY_PEER;

	if (conf->clients == INTAKE_CLIENTS_ANY)
		return OK;
	if (conf->ca_pem.n == 0)
		return why_set(why, ERR_FORMAT, "no authority is given for clients' certificates");
	/* Over HTTP those who enrol have none yet: push.c refuses the others. */
	if (conf->clients == INTAKE_CLIENTS_REQUIRED && (enrols == NULL ||
	    conf->kind != INTAKE_HTTP))
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_app_data(ctx, (void *)(uintptr_t)enrols);
	SSL_CTX_set_verify(ctx, mode, client_verify);
	return ca_use(ctx, conf->ca_pem, why);
}

enum err
tls_new(struct tls **ret_tls, const struct intake_listener *conf, const struct enrols *enrols,
    struct why *why)
{
	static const unsigned char context[] = "trucban";
	struct tls *tls = xcalloc(1, sizeof *tls);
	enum err rc;

	tls->ctx = SSL_CTX_new(TLS_server_method());
	must(tls->ctx != NULL);
	SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION);
	SSL_CTX_set_options(tls->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_num_tickets(tls->ctx, 0);
	SSL_CTX_set_session_cache_mode(tls->ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(tls->ctx, context, sizeof context - 1);
	/* An idle connection gives its buffers back; a busy one reads many records per call. */
	SSL_CTX_set_mode(tls->ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(tls->ctx, 1);
	SSL_CTX_set_default_read_buffer_len(tls->ctx, 64 << 10);
	rc = chain_use(tls->ctx, conf->cert_pem, why);
	if (rc == OK)
		rc = key_use(tls->ctx, conf->key_pem, why);
	if (rc == OK)
		rc = clients_use(tls->ctx, conf, enrols, why);
	if (rc != OK) {
		tls_free(&tls);
		return rc;
	}
	*ret_tls = tls;
	return OK;
}

void
tls_free(struct tls **tls)
{
	if (*tls == NULL)
		return;
	SSL_CTX_free((*tls)->ctx);
	free(*tls);
	*tls = NULL;
}

SSL *
tls_begin(struct tls *tls, int fd, char **shown)
{
	SSL *ssl = SSL_new(tls->ctx);

	must(ssl != NULL && SSL_set_fd(ssl, fd) == 1);
	must(SSL_set_app_data(ssl, shown) == 1);
	SSL_set_accept_state(ssl);
	return ssl;
}

/* What the other side says of our certificate, RFC 8446, 6.2: bad, unsupported, revoked, expired,
 * unknown; its authority is unknown. */
static bool
is_distrust(int reason)
{
	int alert = reason - SSL_AD_REASON_OFFSET;

	return (alert >= SSL_AD_BAD_CERTIFICATE && alert <= SSL_AD_CERTIFICATE_UNKNOWN) ||
	    alert == SSL_AD_UNKNOWN_CA;
}

enum denied_cause
tls_denied(const SSL *ssl, unsigned long error)
{
	int reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0;

	switch (SSL_get_verify_result(ssl)) {
	case X509_V_OK:
		return reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE ? DENIED_NONE :
		    is_distrust(reason) ? DENIED_DISTRUST : DENIED_END;
	case X509_V_ERR_CERT_REVOKED:
		return DENIED_REVOKED;
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return DENIED_EXPIRED;
	case X509_V_ERR_CERT_NOT_YET_VALID:
		return DENIED_EARLY;
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
	case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
	case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
	case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
	case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
		return DENIED_UNKNOWN;
	default:
		return DENIED_UNFIT;
	}
}

struct span
tls_identity(SSL *ssl, char name[TLS_IDENTITY_BYTES])
{
	X509 *cert = SSL_get1_peer_certificate(ssl);
	struct span found = span_of(name, 0);

	if (cert != NULL && SSL_get_verify_result(ssl) == X509_V_OK)
		found = cert_name(cert, name);
	X509_free(cert);
	return found;
}
