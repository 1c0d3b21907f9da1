/* SPDX-License-Identifier: Apache-2.0 */
/* See secret.h. */
#include "ca/secret.h"

#include <sodium.h>
#include <string.h>

#include "base/limits.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/base64.h"

_Static_assert(SECRET_HASH_BYTES == crypto_pwhash_STRBYTES, "libsodium's text");

void
secret_init(void)
{
	must(sodium_init() >= 0);
}

void
secret_hash(char ret[SECRET_HASH_BYTES], struct span password)
{
	memset(ret, 0, SECRET_HASH_BYTES);
	must(crypto_pwhash_str_alg(ret, (const char *)password.p, password.n,
	    LIMIT_PASSWORD_PASSES, LIMIT_PASSWORD_MEMORY, crypto_pwhash_ALG_ARGON2ID13) == 0);
}

bool
secret_is(const char *hash, struct span password)
{
	return crypto_pwhash_str_verify(hash, (const char *)password.p, password.n) == 0;
}

void
secret_digest(uint8_t ret[SECRET_DIGEST_BYTES], struct span secret)
{
	(void)crypto_hash_sha256(ret, secret.p, secret.n);
}

void
secret_key_of(uint8_t ret[32], const uint8_t key[32], struct span purpose)
{
	(void)crypto_generichash(ret, 32, purpose.p, purpose.n, key, 32);
}

void
secret_put(struct buf *out, const char *prefix, const uint8_t random[SECRET_RANDOM_BYTES])
{
	static const char digit[] = "0123456789abcdef";

	buf_str(out, prefix);
	for (size_t i = 0; i < SECRET_RANDOM_BYTES; i++) {
		buf_u8(out, (uint8_t)digit[random[i] >> 4]);
		buf_u8(out, (uint8_t)digit[random[i] & 15]);
	}
}

void
secret_once_put(struct buf *out, const uint8_t random[SECRET_ONCE_BYTES])
{
	struct buf letters = { 0 };

	base32_put(&letters, span_of(random, SECRET_ONCE_BYTES));
	for (size_t i = 0; i < letters.n; i++) {
		uint8_t c = letters.p[i];

		buf_u8(out, c == ' ' ? '-' : c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c);
	}
	buf_wipe(&letters);
}

bool
secret_is_password(struct span password, unsigned characters)
{
	for (size_t i = 0; i < password.n; i++)
		if (password.p[i] < ' ' || password.p[i] == 0x7f)
			return false;
	return password.n <= LIMIT_PASSWORD_BYTES && utf8_valid(password) &&
	    utf8_count(password) >= characters;
}
