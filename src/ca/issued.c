/* SPDX-License-Identifier: Apache-2.0 */
/* What the host makes of a certificate that it was given: see authority.h. */
#include "ca/authority_int.h"

#include <openssl/err.h>

#include "base/must.h"

static bool
serial_get(uint8_t ret[ROLL_SERIAL_BYTES], const X509 *cert)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(cert);

	if (ASN1_STRING_length(serial) != ROLL_SERIAL_BYTES)
		return false;
	memcpy(ret, ASN1_STRING_get0_data(serial), ROLL_SERIAL_BYTES);
	return true;
}

enum err
issued_read(struct issued *ret, struct span pem, struct why *why)
{
	X509 *cert = pem_cert(pem);
	struct issued i = { .from_s = 0 };
	enum err rc = OK;

	if (cert == NULL || !serial_get(i.serial, cert) ||
	    X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, i.name,
	    sizeof i.name) <= 0) {
		rc = why_set(why, ERR_FORMAT, "this is no certificate of a desk");
	} else {
		i.from_s = time_seconds(X509_get0_notBefore(cert));
		i.until_s = time_seconds(X509_get0_notAfter(cert));
		*ret = i;
	}
	X509_free(cert);
	ERR_clear_error();
	return rc;
}

/* Signed by it, by what is written in it; times are not looked at. */
static bool
chain_holds(X509 *cert, X509 *ca)
{
	EVP_PKEY *key = X509_get0_pubkey(ca);

	return key != NULL && X509_check_ca(ca) == 1 && X509_check_issued(ca, cert) == X509_V_OK &&
	    X509_check_purpose(cert, X509_PURPOSE_SSL_CLIENT, 0) == 1 &&
	    X509_verify(cert, key) == 1;
}

enum err
issued_check(struct span cert_pem, struct span key_pem, struct span ca_pem, struct why *why)
{
	X509 *cert = pem_cert(cert_pem), *ca = pem_cert(ca_pem);
	EVP_PKEY *key = pem_key(key_pem);
	enum err rc = OK;

	if (cert == NULL || ca == NULL || key == NULL)
		rc = why_set(why, ERR_FORMAT, "a certificate or key cannot be read");
	else if (!chain_holds(cert, ca))
		rc = why_set(why, ERR_PROOF, "the certificate is not signed by the desk's "
		    "authority");
	else if (X509_check_private_key(cert, key) != 1)
		rc = why_set(why, ERR_PROOF, "the certificate is for another key");
	EVP_PKEY_free(key);
	X509_free(cert);
	X509_free(ca);
	ERR_clear_error();
	return rc;
}

enum err
issued_finger(uint8_t ret[CODE_FINGER_BYTES], struct span pem, struct why *why)
{
	X509 *cert = pem_cert(pem);

	if (cert == NULL)
		return why_set(why, ERR_FORMAT, "this is no certificate");
	cert_finger(ret, cert);
	X509_free(cert);
	return OK;
}
