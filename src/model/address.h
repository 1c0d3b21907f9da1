/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses of the Internet as text, without the system: "192.0.2.7", "2001:db8::7" (RFC 4291,
 * 2.2), and networks of them, "192.0.2.0/24". All are 16 octets here; IPv4 is ::ffff:a.b.c.d.
 */
#ifndef MODEL_ADDRESS_H
#define MODEL_ADDRESS_H

#include "base/err.h"
#include "base/span.h"

enum { ADDRESS_BYTES = 16, ADDRESS_BITS = 128, ADDRESS_V4_BITS = 96 };

/* The whole text is one address; else false and ret is undefined. */
bool		address_read(uint8_t ret[ADDRESS_BYTES], struct span text);
/*
 * An address (all its bits count) or a network. ERR_FORMAT: it is neither, or octets behind the
 * network's length are not 0; why says how to write it.
 */
enum err	network_read(uint8_t ret[ADDRESS_BYTES], uint8_t *ret_bits, struct span text,
		    struct why *why);
/* Only the first bits stay. */
void		address_mask(uint8_t address[ADDRESS_BYTES], unsigned bits);

#endif
