/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses by hand: see address.h. No scope ("%eth0"), no leading zeros in IPv4's numbers. */
#include "model/address.h"

enum { V4_BYTES = 4, GROUPS = 8, GROUP_DIGITS = 4, SHOWN = 60 };

/* 1*3DIGIT, 0..255, "0" or no zero in front; moves *at behind it. */
static bool
octet_read(struct span text, size_t *at, uint8_t *ret)
{
	size_t from = *at;
	unsigned v = 0;

	for (; *at < text.n && *at - from < 3 && text.p[*at] >= '0' && text.p[*at] <= '9'; ++*at)
		v = v * 10 + (unsigned)(text.p[*at] - '0');
	if (*at == from || v > 255 || (text.p[from] == '0' && *at - from > 1))
		return false;
	*ret = (uint8_t)v;
	return true;
}

static bool
v4_read(uint8_t ret[V4_BYTES], struct span text)
{
	size_t at = 0;

	for (unsigned i = 0; i < V4_BYTES; i++) {
		if (i > 0 && (at >= text.n || text.p[at++] != '.'))
			return false;
		if (!octet_read(text, &at, &ret[i]))
			return false;
	}
	return at == text.n;
}

static int
hex_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* 1*4HEXDIG; moves *at behind it. */
static bool
group_read(struct span text, size_t *at, uint8_t ret[2])
{
	size_t from = *at;
	unsigned v = 0;

	for (; *at < text.n && *at - from < GROUP_DIGITS && hex_of(text.p[*at]) >= 0; ++*at)
		v = v << 4 | (unsigned)hex_of(text.p[*at]);
	ret[0] = (uint8_t)(v >> 8);
	ret[1] = (uint8_t)v;
	return *at > from;
}

/* "::" at `gap` octets stands for as many zeros as are missing. */
static void
gap_widen(uint8_t ret[ADDRESS_BYTES], size_t gap, size_t n)
{
	memmove(ret + ADDRESS_BYTES - (n - gap), ret + gap, n - gap);
	memset(ret + gap, 0, ADDRESS_BYTES - n);
}

static bool
is_gap(struct span text, size_t at)
{
	return at + 1 < text.n && text.p[at] == ':' && text.p[at + 1] == ':';
}

/* Groups with ':' between, one "::" among them, IPv4 in place of the last two. */
static bool
v6_read(uint8_t ret[ADDRESS_BYTES], struct span text)
{
	size_t at = 0, n = 0, gap = SIZE_MAX;

	while (at < text.n) {
		if (is_gap(text, at)) {
			if (gap != SIZE_MAX)
				return false;
			gap = n;
			at += 2;
			if (at == text.n)
				break;
		} else if (n > 0 && text.p[at++] != ':') {
			return false;
		}
		if (n + V4_BYTES <= ADDRESS_BYTES &&
		    v4_read(ret + n, span_sub(text, at, SIZE_MAX))) {
			n += V4_BYTES;
			at = text.n;
			break;
		}
		if (n == ADDRESS_BYTES || !group_read(text, &at, ret + n))
			return false;
		n += 2;
	}
	if (gap == SIZE_MAX)
		return n == ADDRESS_BYTES;
	if (n > ADDRESS_BYTES - 2)
		return false;
	gap_widen(ret, gap, n);
	return true;
}

bool
address_read(uint8_t ret[ADDRESS_BYTES], struct span text)
{
	if (v4_read(ret + ADDRESS_BYTES - V4_BYTES, text)) {
		memset(ret, 0, ADDRESS_BYTES - V4_BYTES - 2);
		memset(ret + ADDRESS_BYTES - V4_BYTES - 2, 0xff, 2);
		return true;
	}
	return text.n > 1 && v6_read(ret, text);
}

void
address_mask(uint8_t address[ADDRESS_BYTES], unsigned bits)
{
	for (unsigned i = 0; i < ADDRESS_BYTES; i++) {
		unsigned left = bits > i * 8 ? bits - i * 8 : 0;

		address[i] &= (uint8_t)(left >= 8 ? 0xff : 0xff00 >> left);
	}
}

/* Behind the '/': the number of bits, of as many as the address has. */
static bool
bits_read(struct span text, unsigned most, unsigned *ret)
{
	unsigned v = 0;

	if (text.n == 0 || text.n > 3)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		v = v * 10 + (unsigned)(text.p[i] - '0');
	}
	*ret = v;
	return v <= most;
}

enum err
network_read(uint8_t ret[ADDRESS_BYTES], uint8_t *ret_bits, struct span text, struct why *why)
{
	const uint8_t *slash = text.n > 0 ? memchr(text.p, '/', text.n) : NULL;
	size_t n = slash != NULL ? (size_t)(slash - text.p) : text.n;
	struct span address = span_sub(text, 0, n);
	bool v4 = n > 0 && memchr(text.p, ':', n) == NULL;
	uint8_t whole[ADDRESS_BYTES];
	unsigned bits = v4 ? ADDRESS_BITS - ADDRESS_V4_BITS : ADDRESS_BITS;
	int shown = (int)(text.n < SHOWN ? text.n : SHOWN);

	if (!address_read(ret, address) || (slash != NULL &&
	    !bits_read(span_sub(text, n + 1, SIZE_MAX), bits, &bits)))
		return why_set(why, ERR_FORMAT, "'%.*s' is no address; write it as 192.0.2.7, "
		    "2001:db8::7 or 192.0.2.0/24", shown, (const char *)text.p);
	bits += v4 ? ADDRESS_V4_BITS : 0;
	memcpy(whole, ret, sizeof whole);
	address_mask(ret, bits);
	if (memcmp(whole, ret, sizeof whole) != 0)
		return why_set(why, ERR_FORMAT, "'%.*s' is an address with the length of a "
		    "network: write the network with zeros behind its length, or the address "
		    "without /", shown, (const char *)text.p);
	*ret_bits = (uint8_t)bits;
	return OK;
}
