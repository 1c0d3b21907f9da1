/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. Octets as letters; see base64.h. Base64 is libsodium's, which
 * refuses white space, missing padding and left-over bits.
 */
#include "model/base64.h"

#include <sodium.h>

#include "base/must.h"

static const char base32_letter[33] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void
base64_put(struct buf *out, struct span bytes)
{
	size_t n = sodium_base64_ENCODED_LEN(bytes.n, sodium_base64_VARIANT_ORIGINAL);

	buf_reserve(out, n);	/* n counts a NUL, which is not kept */
	(void)sodium_bin2base64((char *)out->p + out->n, n, bytes.p, bytes.n,
	    sodium_base64_VARIANT_ORIGINAL);
	out->n += n - 1;
}

enum err
base64_get(uint8_t *at, size_t max, size_t *ret_n, struct span text)
{
	const char *end = NULL;
	size_t n;

	*ret_n = 0;
	if (text.n == 0)
		return OK;
	if (text.n > 4 * (max / 3 + 1))
		return ERR_LIMIT;
	if (text.n % 4 != 0)
		return ERR_FORMAT;
	/* libsodium 1.0.18 takes octets above 0x7f for '/': its characters are signed. */
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] >= 0x80)
			return ERR_FORMAT;
	if (sodium_base642bin(at, max, (const char *)text.p, text.n, NULL, &n, &end,
	    sodium_base64_VARIANT_ORIGINAL) != 0 || end != (const char *)text.p + text.n)
		return ERR_FORMAT;
	*ret_n = n;
	return OK;
}

void
base32_put(struct buf *out, struct span bytes)
{
	uint32_t bits = 0, nbits = 0;
	size_t letters = 0, all = (bytes.n * 8 + 4) / 5;

	for (size_t i = 0; letters < all; letters++) {
		if (nbits < 5) {
			bits = bits << 8 | (i < bytes.n ? bytes.p[i] : 0);
			nbits += 8;
			i++;
		}
		if (letters > 0 && letters % 4 == 0)
			buf_u8(out, ' ');
		nbits -= 5;
		buf_u8(out, (uint8_t)base32_letter[bits >> nbits & 31]);
	}
}

/* The value of a letter as people write it, -1 for a foreign one. */
static int
base32_value(uint8_t b)
{
	if (b >= 'a' && b <= 'z')
		b = (uint8_t)(b - 'a' + 'A');
	if (b >= 'A' && b <= 'Z')
		return b - 'A';
	if (b >= '2' && b <= '7')
		return b - '2' + 26;
	return b == '0' ? 'O' - 'A' : b == '1' ? 'I' - 'A' : b == '8' ? 'B' - 'A' : -1;
}

enum err
base32_get(uint8_t *at, size_t max, size_t *ret_n, struct span text)
{
	uint32_t bits = 0, nbits = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.n; i++) {
		int v;

		if (text.p[i] == ' ' || text.p[i] == '-')
			continue;
		v = base32_value(text.p[i]);
		if (v < 0)
			return ERR_FORMAT;
		bits = (bits << 5 | (uint32_t)v) & 0xfff;
		nbits += 5;
		if (nbits < 8)
			continue;
		if (n == max)
			return ERR_LIMIT;
		nbits -= 8;
		at[n++] = (uint8_t)(bits >> nbits);
	}
	if (nbits >= 5 || (bits & ((1u << nbits) - 1)) != 0)
		return ERR_FORMAT;
	*ret_n = n;
	return OK;
}
