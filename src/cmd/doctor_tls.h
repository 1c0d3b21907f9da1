/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at certificates, for the checks of doctor. Inside of cmd. */
#ifndef CMD_DOCTOR_TLS_H
#define CMD_DOCTOR_TLS_H

#include <stdbool.h>

#include <openssl/x509v3.h>

enum { DOCTOR_HOST_BYTES = 256 };

/* Does it name the host of this HOST:PORT, which is put into host ("": none is said)? */
bool	doctor_cert_fits(X509 *cert, const char *at, char host[DOCTOR_HOST_BYTES]);

#endif
