/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes of code.h. Before the letters they are octets:
 *
 *	offset	size	meaning
 *	0	1	0x14: IPv4 address follows; 0x1d: text follows
 *	1	4	the IPv4 address		or	1 + n	u8 n, n octets of text
 *		2	port, most significant octet first
 *		16	fingerprint
 *		11	secret
 *		3	of SHA-256("trucban code v1", all octets before)
 *
 * Valid if and only if (1) the first octet is one of the two, (2) the text is 1 to 127 of
 * A-Z a-z 0-9 . - : and is no IPv4 address, (3) the port is not 0, (4) the sum fits and nothing
 * follows it.
 */
#include "ca/code.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "base/cur.h"
#include "model/base64.h"

enum {
	CODE_IPV4 = 0x14,
	CODE_TEXT = 0x1d,
	SUM_BYTES = 3,
	OCTETS_MAX = 1 + 1 + CODE_HOST_BYTES + 2 + CODE_FINGER_BYTES + CODE_SECRET_BYTES +
	    SUM_BYTES,
};

static const char mistyped[] = "the code is mistyped or not whole; compare it letter by letter "
    "with the one that trucban agent invite printed";

/* octet = 1*3DIGIT without a zero in front, up to 255 */
static bool
octet_take(struct cur *in, uint8_t *ret)
{
	unsigned v = 0, digits = 0;

	for (; in->p < in->end && *in->p >= '0' && *in->p <= '9'; in->p++) {
		if (digits > 0 && v == 0)
			return false;
		v = v * 10 + (unsigned)(*in->p - '0');
		if (++digits > 3)
			return false;
	}
	*ret = (uint8_t)v;
	return digits > 0 && v <= 255;
}

static bool
ipv4_read(uint8_t ret[4], struct span text)
{
	struct cur in = cur_of(text);

	for (unsigned i = 0; i < 4; i++)
		if ((i > 0 && cur_u8(&in) != '.') || !octet_take(&in, &ret[i]))
			return false;
	return cur_done(&in);
}

static bool
is_host(struct span text)
{
	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i], l = c | 0x20;

		if (!(l >= 'a' && l <= 'z') && !(c >= '0' && c <= '9') && c != '.' && c != '-' &&
		    c != ':')
			return false;
	}
	return text.n > 0 && text.n < CODE_HOST_BYTES;
}

static void
host_keep(struct code *code, struct span text)
{
	memcpy(code->host, text.p, text.n);
	code->host[text.n] = '\0';
}

enum err
code_address(struct code *code, struct span text, struct why *why)
{
	struct span host, port;
	unsigned v = 0;
	size_t colon = text.n;

	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	port = span_sub(text, colon, SIZE_MAX);
	host = span_sub(text, 0, colon > 0 ? colon - 1 : 0);
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		host = span_sub(host, 1, host.n - 2);
	else if (host.n > 0 && memchr(host.p, ':', host.n) != NULL)
		host.n = 0;
	for (size_t i = 0; i < port.n && v <= 65535; i++)
		v = port.p[i] >= '0' && port.p[i] <= '9' ?
		    v * 10 + (unsigned)(port.p[i] - '0') : 65536;
	if (!is_host(host) || port.n == 0 || v == 0 || v > 65535)
		return why_set(why, ERR_FORMAT, "'%.*s' is no address; write it as "
		    "\"10.0.0.5:6514\", \"desk.example:6514\" or \"[fd00::5]:6514\"",
		    (int)(text.n < 200 ? text.n : 200), (const char *)text.p);
	host_keep(code, host);
	code->port = (uint16_t)v;
	return OK;
}

static void
code_sum(uint8_t ret[SUM_BYTES], struct span octets)
{
	static const char mark[] = "trucban code v1";
	uint8_t room[sizeof mark + OCTETS_MAX], digest[SHA256_DIGEST_LENGTH];

	memcpy(room, mark, sizeof mark - 1);
	memcpy(room + sizeof mark - 1, octets.p, octets.n);
	(void)SHA256(room, sizeof mark - 1 + octets.n, digest);
	memcpy(ret, digest, SUM_BYTES);
	OPENSSL_cleanse(room, sizeof room);
}

/* Letters in groups of four, with what stands between them. */
static void
letters_put(struct buf *out, struct span octets)
{
	size_t from = out->n;

	base32_put(out, octets);
	for (size_t i = from; i < out->n; i++)
		if (out->p[i] == ' ')
			out->p[i] = '-';
}

void
code_put(struct buf *out, const struct code *code)
{
	struct span host = span_str(code->host);
	struct buf octets = { 0 };
	uint8_t ipv4[4], sum[SUM_BYTES];

	buf_reserve(&octets, OCTETS_MAX);	/* one place for the secret, which is wiped */
	if (ipv4_read(ipv4, host)) {
		buf_u8(&octets, CODE_IPV4);
		buf_put(&octets, ipv4, sizeof ipv4);
	} else {
		buf_u8(&octets, CODE_TEXT);
		buf_u8(&octets, (uint8_t)host.n);
		buf_span_put(&octets, host);
	}
	buf_u8(&octets, (uint8_t)(code->port >> 8));
	buf_u8(&octets, (uint8_t)code->port);
	buf_put(&octets, code->finger, sizeof code->finger);
	buf_put(&octets, code->secret, sizeof code->secret);
	code_sum(sum, buf_span(&octets));
	buf_put(&octets, sum, sizeof sum);
	letters_put(out, buf_span(&octets));
	OPENSSL_cleanse(octets.p, octets.n);
	buf_done(&octets);
}

/* Everything between the first octet and the fingerprint. */
static bool
place_take(struct code *code, struct cur *in)
{
	uint8_t kind = cur_u8(in), ipv4[4];
	struct span text;

	if (kind == CODE_IPV4) {
		struct buf host = { 0 };

		text = cur_span(in, 4);
		if (text.n == 4)
			buf_printf(&host, "%u.%u.%u.%u", text.p[0], text.p[1], text.p[2],
			    text.p[3]);
		host_keep(code, buf_span(&host));
		buf_done(&host);
	} else {
		text = cur_span(in, cur_u8(in));
		if (kind != CODE_TEXT || !is_host(text) || ipv4_read(ipv4, text))
			return false;
		host_keep(code, text);
	}
	code->port = (uint16_t)(cur_u8(in) << 8);
	code->port = (uint16_t)(code->port | cur_u8(in));
	return !in->bad && code->port != 0;
}

static enum err
code_read(struct code *ret, struct span octets, struct why *why)
{
	struct span body = span_sub(octets, 0, octets.n - SUM_BYTES), finger, secret;
	struct cur in = cur_of(body);
	struct code code = { .port = 0 };
	uint8_t sum[SUM_BYTES];
	bool whole;

	code_sum(sum, body);
	if (memcmp(sum, octets.p + body.n, sizeof sum) != 0)
		return why_set(why, ERR_PROOF, "%s", mistyped);
	whole = place_take(&code, &in);
	finger = cur_span(&in, CODE_FINGER_BYTES);
	secret = cur_span(&in, CODE_SECRET_BYTES);
	if (!whole || !cur_done(&in))
		return why_set(why, ERR_FORMAT, "the code is one of another version of trucban");
	memcpy(code.finger, finger.p, finger.n);
	memcpy(code.secret, secret.p, secret.n);
	*ret = code;
	OPENSSL_cleanse(&code, sizeof code);
	return OK;
}

enum err
code_get(struct code *ret_code, struct span text, struct why *why)
{
	uint8_t octets[OCTETS_MAX];
	size_t n = 0;
	enum err rc;

	if (text.n > CODE_TEXT_BYTES || base32_get(octets, sizeof octets, &n, text) != OK ||
	    n <= SUM_BYTES)
		rc = why_set(why, ERR_PROOF, "%s", mistyped);
	else
		rc = code_read(ret_code, span_of(octets, n), why);
	OPENSSL_cleanse(octets, sizeof octets);
	return rc;
}

void
code_hash(uint8_t ret[CODE_HASH_BYTES], const uint8_t secret[CODE_SECRET_BYTES])
{
	static const char mark[] = "trucban one-time code v1";
	uint8_t room[sizeof mark + CODE_SECRET_BYTES];

	memcpy(room, mark, sizeof mark);
	memcpy(room + sizeof mark, secret, CODE_SECRET_BYTES);
	(void)SHA256(room, sizeof room, ret);
	OPENSSL_cleanse(room, sizeof room);
}

void
code_secret_put(struct buf *out, const uint8_t secret[CODE_SECRET_BYTES])
{
	letters_put(out, span_of(secret, CODE_SECRET_BYTES));
}

enum err
code_secret_get(uint8_t ret[CODE_SECRET_BYTES], struct span text)
{
	uint8_t room[CODE_SECRET_BYTES];
	size_t n = 0;

	if (base32_get(room, sizeof room, &n, text) != OK || n != sizeof room)
		return ERR_FORMAT;
	memcpy(ret, room, sizeof room);
	OPENSSL_cleanse(room, sizeof room);
	return OK;
}
