/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Codes that change with the time: RFC 6238 with SHA-1, 30 seconds and 6 digits, which every
 * program for it on a phone makes. No clock here: the time comes in.
 */
#ifndef CA_TOTP_H
#define CA_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum {
	TOTP_SEED_BYTES = 20,		/* RFC 4226, 4: what SHA-1 makes the most of */
	TOTP_DIGITS = 6,
	TOTP_STEP_S = 30,
	TOTP_AROUND = 1,		/* steps that a phone's clock may be off */
};

/* The code of a step (time / TOTP_STEP_S), with leading zeros when it is shown. */
uint32_t	totp_code(const uint8_t *seed, size_t nseed, uint64_t step);
/*
 * Is text the code of now, or of a step around it, that is after `after`? *ret_step: which one; it
 * is the `after` of the next time, so that no code is taken twice. Takes the same time for every
 * text of six digits.
 */
bool		totp_check(const uint8_t seed[TOTP_SEED_BYTES], struct span text, int64_t now_s,
		    uint64_t after, uint64_t *ret_step);
/* "otpauth://totp/..." for the phone; login is of people_is_login. */
void		totp_uri(struct buf *out, const uint8_t seed[TOTP_SEED_BYTES], const char *login);

#endif
