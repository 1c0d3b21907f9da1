/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys on paper: fingerprints to compare by eye, the escrow sheet to be typed in again. See key.h,
 * doc/formats/seal.md section 1. Wipes what it holds of a secret.
 */
#include "store/key.h"

#include <sodium.h>

#include "base/must.h"
#include "model/base64.h"
#include "model/digest.h"
#include "model/line.h"

enum { ESCROW_SUM = 5 };

void
key_fingerprint(char ret[KEY_FINGERPRINT_BYTES], const struct note_key *vkey)
{
	uint8_t d[crypto_hash_sha256_BYTES];
	struct buf text = { 0 }, letters = { 0 };

	note_key_put(&text, vkey);
	crypto_hash_sha256(d, text.p, text.n);
	base32_put(&letters, span_of(d, 20));
	must(letters.n == KEY_FINGERPRINT_BYTES - 1);
	memcpy(ret, letters.p, letters.n);
	ret[letters.n] = '\0';
	buf_done(&text);
	buf_done(&letters);
}

bool
key_fingerprint_is(const struct note_key *vkey, struct span text)
{
	char want[KEY_FINGERPRINT_BYTES];
	unsigned letters = 0;
	size_t at = 0;

	key_fingerprint(want, vkey);
	for (size_t i = 0; i < text.n; i++) {
		uint8_t b = text.p[i];

		if (b == ' ' || b == '-')
			continue;
		if (b >= 'a' && b <= 'z')
			b = (uint8_t)(b - 'a' + 'A');
		if (want[at] == ' ')
			at++;
		if (want[at] == '\0' || (uint8_t)want[at] != b)
			return false;
		at++;
		letters++;
	}
	return letters >= 16;
}

static void
escrow_sum(uint8_t ret[ESCROW_SUM], const uint8_t key[KEY_BYTES])
{
	struct buf text = { 0 };
	struct digest d;

	buf_str(&text, "trucban escrow v1");
	buf_put(&text, key, KEY_BYTES);
	blake256(&d, buf_span(&text));
	memcpy(ret, d.b, ESCROW_SUM);
	sodium_memzero(text.p, text.n);
	buf_done(&text);
}

/* 37 octets are 60 letters: three lines of five groups. */
void
key_escrow(struct buf *out, const struct keys *keys)
{
	uint8_t bytes[KEY_BYTES + ESCROW_SUM];
	struct buf letters = { 0 };

	must(keys->has_store_key);
	memcpy(bytes, keys->store_key, KEY_BYTES);
	escrow_sum(bytes + KEY_BYTES, keys->store_key);
	base32_put(&letters, span_of(bytes, sizeof bytes));
	buf_printf(out, "trucban store key, for the safe\norigin %s\nid     ", keys->origin);
	for (size_t i = 0; i < KEY_ID_BYTES; i++)
		buf_printf(out, "%02x", keys->store_key_id[i]);
	for (unsigned i = 0; i < 3; i++) {
		buf_printf(out, "\nkey %u  ", i + 1);
		buf_span_put(out, span_sub(buf_span(&letters), i * 25, 24));
	}
	buf_str(out, "\n");
	sodium_memzero(bytes, sizeof bytes);
	sodium_memzero(letters.p, letters.n);
	buf_done(&letters);
}

enum err
key_escrow_read(uint8_t ret_key[KEY_BYTES], struct span text, struct why *why)
{
	uint8_t bytes[KEY_BYTES + ESCROW_SUM], sum[ESCROW_SUM];
	struct buf letters = { 0 };
	struct span rest = text, line;
	size_t n = 0;
	enum err rc;

	while (line_next(&rest, &line)) {
		if (span_starts(line, SPAN("key ")) && line.n > 6)
			buf_span_put(&letters, span_sub(line, 6, SIZE_MAX));
	}
	if (letters.n == 0) {
		while (text.n > 0 && text.p[text.n - 1] <= ' ')
			text.n--;
		buf_span_put(&letters, text);
	}
	rc = base32_get(bytes, sizeof bytes, &n, buf_span(&letters));
	if (rc != OK || n != sizeof bytes) {
		rc = why_set(why, ERR_FORMAT, "not a store key: 60 letters A-Z and 2-7 are wanted");
	} else {
		escrow_sum(sum, bytes);
		if (memcmp(sum, bytes + KEY_BYTES, sizeof sum) != 0)
			rc = why_set(why, ERR_FORMAT, "store key is mistyped: its checksum "
			    "differs");
		else
			memcpy(ret_key, bytes, KEY_BYTES);
	}
	sodium_memzero(bytes, sizeof bytes);
	if (letters.p != NULL)
		sodium_memzero(letters.p, letters.n);
	buf_done(&letters);
	return rc;
}
