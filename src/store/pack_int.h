/* SPDX-License-Identifier: Apache-2.0 */
/* Between pack.c (reading) and pack_write.c: the container's fixed octets. segment.md section 1. */
#ifndef STORE_PACK_INT_H
#define STORE_PACK_INT_H

#include "base/hash.h"
#include "store/crypt.h"
#include "store/key.h"
#include "store/pack.h"

enum {
	HEADER_BYTES = 192,
	TRAILER_BYTES = 64,
	TAG_BYTES = CRYPT_TAG_BYTES,
	AT_AAD = 16,		/* header 16..31 goes into each chunk's tag */
	AT_KEY_ID = 48,
	AT_WRAP = 56,
	AT_HEADER_SUM = 184,
	FLAG_ENCRYPTED = 1,
	CODEC_STORED = 0,
	CODEC_ZSTD = 1,
	VERSION = 1
};

#define DIRECTORY_NUMBER ((uint64_t)1 << 32)

_Static_assert((int)AT_WRAP + (int)KEY_WRAP_BYTES <= (int)AT_HEADER_SUM, "wrapped key fits");
_Static_assert((int)STORE_ID_BYTES == (int)PACK_STORE_ID, "one store id");

extern const char pack_magic[PACK_KINDS][9];
extern const char pack_magic_end[9];

struct chunk {
	uint64_t at;		/* in the file */
	uint32_t stored;
	uint32_t plain;
	uint8_t codec;
	uint64_t sum;		/* XXH3-64 of the stored octets */
	struct buf bytes;	/* writer: stored octets; reader: plain ones, once read */
	bool loaded;
	bool kept;		/* reader: some pack_get gave it out */
};

#endif
