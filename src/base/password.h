/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What OpenSSL is told when it asks for the password of a key: that there is none. Nobody is there
 * to type it, and OpenSSL would wait at a terminal for whoever starts a desk by hand.
 */
#ifndef BASE_PASSWORD_H
#define BASE_PASSWORD_H

/* For PEM_read_bio_PrivateKey() and its like: the key cannot be read. */
static inline int
password_none(char *at, int n, int writing, void *arg)
{
	(void)at;
	(void)n;
	(void)writing;
	(void)arg;
	return -1;
}

#endif
