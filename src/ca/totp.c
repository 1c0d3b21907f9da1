/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 4226, 5.3 and RFC 6238, 4: see totp.h. */
#include "ca/totp.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/must.h"
#include "model/base64.h"

uint32_t
totp_code(const uint8_t *seed, size_t nseed, uint64_t step)
{
	uint8_t message[8], sum[EVP_MAX_MD_SIZE];
	unsigned n = 0, at;
	uint32_t v;

	for (unsigned i = 0; i < 8; i++)
		message[i] = (uint8_t)(step >> (56 - 8 * i));
	must(HMAC(EVP_sha1(), seed, (int)nseed, message, sizeof message, sum, &n) != NULL &&
	    n == 20);
	at = sum[19] & 15;
	v = (uint32_t)(sum[at] & 0x7f) << 24 | (uint32_t)sum[at + 1] << 16 |
	    (uint32_t)sum[at + 2] << 8 | sum[at + 3];
	return v % 1000000;
}

bool
totp_check(const uint8_t seed[TOTP_SEED_BYTES], struct span text, int64_t now_s, uint64_t after,
    uint64_t *ret_step)
{
	uint64_t now = now_s > 0 ? (uint64_t)now_s / TOTP_STEP_S : 0, found = 0;
	uint32_t v = 0;

	if (text.n != TOTP_DIGITS)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (uint32_t)(text.p[i] - '0');
	}
	for (uint64_t step = now > TOTP_AROUND ? now - TOTP_AROUND : 1; step <= now + TOTP_AROUND;
	    step++)
		if (totp_code(seed, TOTP_SEED_BYTES, step) == v && step > after)
			found = step;
	if (found == 0)
		return false;
	*ret_step = found;
	return true;
}

void
totp_uri(struct buf *out, const uint8_t seed[TOTP_SEED_BYTES], const char *login)
{
	struct buf letters = { 0 };

	base32_put(&letters, span_of(seed, TOTP_SEED_BYTES));
	buf_printf(out, "otpauth://totp/TrucBan:%s?secret=", login);
	for (size_t i = 0; i < letters.n; i++)
		if (letters.p[i] != ' ')
			buf_u8(out, letters.p[i]);
	buf_str(out, "&issuer=TrucBan");
	buf_wipe(&letters);
}
