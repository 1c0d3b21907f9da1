/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets and what is kept of them: passwords that people choose (Argon2id, slow), and random ones
 * that programs carry (SHA-256 is enough: nobody guesses 256 bits). Random octets come in.
 */
#ifndef CA_SECRET_H
#define CA_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum {
	SECRET_HASH_BYTES = 128,	/* with the NUL */
	SECRET_DIGEST_BYTES = 32,
	SECRET_RANDOM_BYTES = 32,	/* of a session, of a token */
	SECRET_ONCE_BYTES = 10,		/* of a password that is given out: 80 bits, 16 letters */
};

/* Before the sandbox: the library looks for its source of random octets. */
void		secret_init(void);
/* Argon2id with its parameters in the text. About 0.1 s and LIMIT_PASSWORD_MEMORY. */
void		secret_hash(char ret[SECRET_HASH_BYTES], struct span password);
/* Takes the same time for every hash of ours. */
bool		secret_is(const char *hash, struct span password);
/* SHA-256. */
void		secret_digest(uint8_t ret[SECRET_DIGEST_BYTES], struct span secret);
/* Another key, for one purpose: who has it does not know the first. BLAKE2b. */
void		secret_key_of(uint8_t ret[32], const uint8_t key[32], struct span purpose);
/* prefix and the octets in hexadecimal. */
void		secret_put(struct buf *out, const char *prefix,
		    const uint8_t random[SECRET_RANDOM_BYTES]);
/* Letters and digits in groups of four, lower case: to be typed once. */
void		secret_once_put(struct buf *out, const uint8_t random[SECRET_ONCE_BYTES]);
/* At least so many characters, UTF-8, no controls, not longer than LIMIT_PASSWORD_BYTES. */
bool		secret_is_password(struct span password, unsigned characters);

#endif
