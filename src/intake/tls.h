/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS for the doors: RFC 5425 for syslog, the same for RELP and HTTP. OpenSSL 3, TLS 1.2 and
 * later, no renegotiation, no session cache, no tickets (a resumed session would carry an identity
 * that was not shown). Certificates come as PEM octets; nothing is opened by name.
 */
#ifndef INTAKE_TLS_H
#define INTAKE_TLS_H

#include <openssl/ssl.h>

#include "base/err.h"
#include "model/denied.h"
#include "wire/clients.h"
#include "intake/intake.h"

struct enrols;
struct tls;

enum { TLS_IDENTITY_BYTES = 256 };

/*
 * From cert_pem, key_pem, ca_pem and clients of the listener. enrols: only clients that it knows
 * are let in (borrowed), or NULL.
 */
enum err	tls_new(struct tls **ret_tls, const struct intake_listener *conf,
		    const struct enrols *enrols, struct why *why);
void		tls_free(struct tls **tls);
/*
 * A server's side of one connection over fd (kept by the caller). End with SSL_free. *shown, NULL
 * at first, becomes the name in a certificate that is refused, the caller's to free: it is what
 * the other side says, and no more.
 */
SSL		*tls_begin(struct tls *tls, int fd, char **shown);
/* Why a handshake was refused, with the oldest error of this thread; DENIED_END: by nothing that
 * a certificate has to do with. */
enum denied_cause	tls_denied(const SSL *ssl, unsigned long error);
/*
 * Who the verified client certificate says it is: subject CN, else the first DNS or mail name;
 * control characters become '?'. Empty without a certificate. Stored in name[].
 */
struct span	tls_identity(SSL *ssl, char name[TLS_IDENTITY_BYTES]);
/* The number of a certificate of the desk's own; false: none was shown, or it is another's. */
bool		tls_serial(const X509 *cert, uint8_t ret[CLIENT_SERIAL_BYTES]);
/* The oldest error of this thread in words; forgets all. */
const char	*tls_error(char text[256]);

#endif
