/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AES-256-GCM over the payloads of one journal file, with a context that keeps its key: a frame
 * costs no allocation. The number that makes up the nonce must never come twice under one key.
 */
#ifndef STORE_CRYPT_H
#define STORE_CRYPT_H

#include "base/err.h"
#include "base/span.h"

enum { CRYPT_KEY_BYTES = 32, CRYPT_TAG_BYTES = 16 };

struct crypt;

struct crypt	*crypt_new(const uint8_t key[CRYPT_KEY_BYTES]);
void		crypt_free(struct crypt **crypt);
/* Encrypts the n octets at `at` in place and puts the tag behind them (room for it is there). */
void		crypt_seal(struct crypt *crypt, uint64_t number, struct span aad, uint8_t *at,
		    size_t n);
/* The same with the octets of plain, which lie elsewhere. */
void		crypt_seal_from(struct crypt *crypt, uint64_t number, struct span aad, uint8_t *at,
		    struct span plain);
/*
 * The reverse: sealed includes its tag; plain gets sealed.n - CRYPT_TAG_BYTES octets at to.
 * ERR_PROOF: the tag does not hold; what was written to `to` is then undefined.
 */
enum err	crypt_open(struct crypt *crypt, uint64_t number, struct span aad,
		    struct span sealed, uint8_t *to, struct why *why);

#endif
