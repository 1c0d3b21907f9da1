/* SPDX-License-Identifier: Apache-2.0 */
/* See mac.h. */
#include "notify/mac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/buf.h"
#include "base/must.h"

void
mac_hex(char ret[MAC_HEX_BYTES], struct span key, int64_t time_s, struct span body)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	struct buf text = { 0 };
	unsigned n = 0;

	buf_printf(&text, "%lld.", (long long)time_s);
	buf_span_put(&text, body);
	must(HMAC(EVP_sha256(), key.p, (int)key.n, text.p, text.n, sum, &n) != NULL && n == 32);
	for (unsigned i = 0; i < n; i++) {
		ret[2 * i] = "0123456789abcdef"[sum[i] >> 4];
		ret[2 * i + 1] = "0123456789abcdef"[sum[i] & 15];
	}
	ret[MAC_HEX_BYTES - 1] = '\0';
	buf_done(&text);
}
