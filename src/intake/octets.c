/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing of octets.h. An interrupted call is made again; errors are not told apart. */
#include "intake/octets.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include <openssl/err.h>

#include "sys/fault.h"

enum io
octets_ssl(SSL *ssl, int rc)
{
	switch (SSL_get_error(ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		return IO_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		return IO_WRITE_FIRST;
	case SSL_ERROR_ZERO_RETURN:
		return IO_END;
	default:
		return IO_BROKEN;
	}
}

enum io
octets_read(int fd, SSL *ssl, uint8_t *at, size_t room, size_t *ret_n)
{
	enum io io = IO_OK;
	ssize_t got;

	*ret_n = 0;
	if (ssl == NULL) {
		do {
			int hit = fault_hit("octets_read");

			errno = hit;
			got = hit > 0 ? -1 : recv(fd, at, hit == FAULT_SHORT ? 1 : room, 0);
		} while (got < 0 && errno == EINTR);
		if (got == 0)
			return IO_END;
		if (got < 0)
			return errno == EAGAIN ? IO_AGAIN : IO_BROKEN;
		*ret_n = (size_t)got;
		return (size_t)got == room ? IO_OK : IO_AGAIN;
	}
	while (io == IO_OK && *ret_n < room) {
		size_t n = 0;
		int rc;

		ERR_clear_error();
		rc = SSL_read_ex(ssl, at + *ret_n, room - *ret_n, &n);
		*ret_n += n;
		if (rc != 1)
			io = octets_ssl(ssl, rc);
	}
	return io;
}

enum io
octets_write(int fd, SSL *ssl, struct span out, size_t *ret_n)
{
	ssize_t put;
	int rc;

	*ret_n = 0;
	if (ssl == NULL) {
		do {
			int hit = fault_hit("octets_write");

			errno = hit;
			put = hit > 0 ? -1 :
			    send(fd, out.p, hit == FAULT_SHORT ? 1 : out.n, MSG_NOSIGNAL);
		} while (put < 0 && errno == EINTR);
		if (put < 0)
			return errno == EAGAIN ? IO_AGAIN : IO_BROKEN;
		*ret_n = (size_t)put;
		return IO_OK;
	}
	ERR_clear_error();
	rc = SSL_write_ex(ssl, out.p, out.n, ret_n);
	return rc == 1 ? IO_OK : octets_ssl(ssl, rc);
}
