/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one-time code of an invitation: doc/formats/agent.md, section 2. It says where the desk is,
 * whose certificates are the desk's (so that nothing is trusted at first sight), and the secret
 * that is worth one enrolment. People copy it by hand: letters in groups, with a checksum.
 */
#ifndef CA_CODE_H
#define CA_CODE_H

#include "base/buf.h"
#include "base/err.h"

enum {
	CODE_FINGER_BYTES = 16,		/* of SHA-256 of the authority's certificate, DER */
	CODE_SECRET_BYTES = 11,
	CODE_HASH_BYTES = 32,
	CODE_HOST_BYTES = 128,		/* with the NUL */
	CODE_TEXT_BYTES = 512,		/* more is no code; the longest has 333 */
};

struct code {
	char host[CODE_HOST_BYTES];	/* IPv4, IPv6 without brackets, or a name */
	uint16_t port;
	uint8_t finger[CODE_FINGER_BYTES];
	uint8_t secret[CODE_SECRET_BYTES];
};

/* Takes "10.0.0.5:6514", "[fd00::5]:6514", "desk.example:6514". ERR_FORMAT says what is wrong. */
enum err	code_address(struct code *code, struct span text, struct why *why);
/* Groups of four with dashes. */
void		code_put(struct buf *out, const struct code *code);
/*
 * Any case, dashes and spaces anywhere. ERR_PROOF: the checksum does not fit, it was mistyped;
 * ERR_FORMAT: it is no code. Wipe *ret_code when it was used.
 */
enum err	code_get(struct code *ret_code, struct span text, struct why *why);
/* The form in which the desk keeps the secret. */
void		code_hash(uint8_t ret[CODE_HASH_BYTES], const uint8_t secret[CODE_SECRET_BYTES]);
/* The secret alone, as an enrolment sends it. */
void		code_secret_put(struct buf *out, const uint8_t secret[CODE_SECRET_BYTES]);
enum err	code_secret_get(uint8_t ret[CODE_SECRET_BYTES], struct span text);

#endif
