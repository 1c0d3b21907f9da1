/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Octets of a connection, with TLS or without, as one of five outcomes. The socket does not block.
 * Inside of the room only.
 */
#ifndef INTAKE_OCTETS_H
#define INTAKE_OCTETS_H

#include <openssl/ssl.h>

#include "base/span.h"

enum io {
	IO_OK,			/* done; there may be more */
	IO_AGAIN,		/* nothing more now: wait until the socket can be read */
	IO_WRITE_FIRST,		/* wait until it can be written */
	IO_END,			/* the peer will send nothing more */
	IO_BROKEN,
};

/* Fills room as far as there is something; *ret_n may be above 0 whatever the outcome is. */
enum io	octets_read(int fd, SSL *ssl, uint8_t *at, size_t room, size_t *ret_n);
/* Sends a part of out, *ret_n octets. */
enum io	octets_write(int fd, SSL *ssl, struct span out, size_t *ret_n);
/* The outcome of a call of OpenSSL that returned rc. */
enum io	octets_ssl(SSL *ssl, int rc);

#endif
