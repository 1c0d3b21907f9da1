/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: offsets into a file that we wrote ourselves, checked all the same. See recast.h. */
#include "recast.h"

#include <stdlib.h>
#include <zstd.h>

#include "base/cur.h"
#include "base/hash.h"
#include "base/must.h"
#include "store/crypt.h"
#include "store/key.h"
#include "sys/file.h"
#include "sys/random.h"

enum {
	TRAILER = 64,
	AT_FLAGS = 10,
	AT_AAD = 16,
	AT_ID = 24,
	AT_KEY_ID = 48,
	AT_WRAP = 56,
	AT_SUM = 184,
	CODEC_ZSTD = 1,
	FILE_MAX = 1 << 30
};

#define DIRECTORY_NUMBER ((uint64_t)1 << 32)

static struct span
aad(const uint8_t *header)
{
	return span_of(header + AT_AAD, 16);
}

/* Decrypts n octets at `at` in place and gives what is left of them. */
static enum err
chunk_clear(struct crypt *crypt, const uint8_t *header, uint64_t number, uint8_t *at, size_t n,
    struct span *ret, struct why *why)
{
	struct buf clear = { 0 };
	enum err rc;

	*ret = span_of(at, n);
	if (crypt == NULL)
		return OK;
	if (n < CRYPT_TAG_BYTES)
		return why_set(why, ERR_FORMAT, "a chunk without its tag");
	rc = crypt_open(crypt, number, aad(header), *ret, buf_add(&clear, n), why);
	if (rc == OK) {
		memcpy(at, clear.p, n - CRYPT_TAG_BYTES);
		*ret = span_of(at, n - CRYPT_TAG_BYTES);
	}
	buf_done(&clear);
	return rc;
}

static enum err
directory_read(struct recast *r, struct crypt *crypt, struct why *why)
{
	struct cur t = cur_of(span_sub(buf_span(&r->file), r->file.n - TRAILER, TRAILER)), c;
	uint64_t at = cur_u64(&t), end = at;
	uint32_t stored = cur_u32(&t), plain = cur_u32(&t);
	uint8_t codec = cur_u8(&t);
	struct span bytes;
	enum err rc;

	if (at > r->file.n - TRAILER || stored != r->file.n - TRAILER - at)
		return why_set(why, ERR_FORMAT, "the directory is not inside");
	rc = chunk_clear(crypt, r->header, DIRECTORY_NUMBER, r->file.p + at, stored, &bytes, why);
	if (rc != OK)
		return rc;
	if (codec != CODEC_ZSTD)
		buf_span_put(&r->directory, bytes);
	else if (ZSTD_decompress(buf_add(&r->directory, plain), plain, bytes.p, bytes.n) != plain)
		return why_set(why, ERR_FORMAT, "the directory cannot be decoded");
	c = cur_of(buf_span(&r->directory));
	r->nchunk = cur_varint(&c);
	if (c.bad || r->nchunk > cur_left(&c))
		return why_set(why, ERR_FORMAT, "too many chunks");
	r->chunk = xcalloc((size_t)r->nchunk, sizeof *r->chunk);
	at = RECAST_HEADER;
	for (uint64_t i = 0; i < r->nchunk && rc == OK; i++) {
		uint64_t n = cur_varint(&c);

		r->chunk[i].plain = (uint32_t)cur_varint(&c);
		r->chunk[i].codec = cur_u8(&c);
		(void)cur_u64(&c);
		if (c.bad || n > end - at)
			return why_set(why, ERR_FORMAT, "a chunk is not inside");
		rc = chunk_clear(crypt, r->header, i, r->file.p + at, (size_t)n,
		    &r->chunk[i].stored, why);
		at += n;
	}
	r->body = span_of(c.p, cur_left(&c));
	return rc;
}

enum err
recast_read(struct recast *r, int dirfd, const char *name, const uint8_t *key, struct why *why)
{
	struct crypt *crypt = NULL;
	uint8_t data_key[KEY_BYTES];
	enum err rc;

	rc = file_read_whole(dirfd, name, FILE_MAX, &r->file, why);
	if (rc == OK && r->file.n < RECAST_HEADER + TRAILER)
		rc = why_set(why, ERR_FORMAT, "not a segment's file");
	if (rc != OK)
		return why_prefix(why, rc, "%s", name);
	memcpy(r->header, r->file.p, RECAST_HEADER);
	if (r->header[AT_FLAGS] != 0) {
		if (key == NULL)
			return why_set(why, ERR_DENIED, "%s: encrypted, and there is no key", name);
		rc = key_unwrap(key, span_of(r->header, AT_WRAP), r->header + AT_WRAP, data_key,
		    why);
		if (rc == OK)
			crypt = crypt_new(data_key);
	}
	if (rc == OK)
		rc = directory_read(r, crypt, why);
	crypt_free(&crypt);
	return rc == OK ? OK : why_prefix(why, rc, "%s", name);
}

void
recast_done(struct recast *r)
{
	buf_done(&r->file);
	buf_done(&r->directory);
	free(r->chunk);
	*r = (struct recast){ 0 };
}

/* ---- writing ---- */

/* Appends the chunk's octets to out, encrypted when the file is; returns how many. */
static size_t
chunk_put(struct buf *out, struct crypt *crypt, const uint8_t *header, uint64_t number,
    struct span bytes)
{
	size_t from = out->n;

	buf_span_put(out, bytes);
	if (crypt != NULL) {
		(void)buf_add(out, CRYPT_TAG_BYTES);
		crypt_seal(crypt, number, aad(header), out->p + from, bytes.n);
	}
	return out->n - from;
}

static struct crypt *
header_put(const struct recast *r, uint64_t id, const uint8_t *key, uint8_t *header)
{
	struct crypt *crypt = NULL;
	uint8_t data_key[KEY_BYTES];

	memcpy(header, r->header, RECAST_HEADER);
	le_put(header + AT_ID, id, 8);
	if (header[AT_FLAGS] != 0) {
		random_bytes(data_key, sizeof data_key);
		crypt = crypt_new(data_key);
		key_wrap(key, span_of(header, AT_WRAP), data_key, header + AT_WRAP);
	}
	le_put(header + AT_SUM, hash64(span_of(header, AT_SUM)), 8);
	return crypt;
}

/* The directory's octets before encryption. */
static uint8_t
directory_pack(const struct buf *plain, struct buf *ret)
{
	size_t n;

	buf_reserve(ret, ZSTD_compressBound(plain->n));
	n = ZSTD_compress(ret->p, ret->cap, plain->p, plain->n, 1);
	must(!ZSTD_isError(n));
	ret->n = n;
	if (n < plain->n)
		return CODEC_ZSTD;
	ret->n = 0;
	buf_span_put(ret, buf_span(plain));
	return 0;
}

void
recast_put(const struct recast *r, uint64_t id, struct span body, const uint8_t *key,
    struct buf *out)
{
	uint8_t header[RECAST_HEADER], t[TRAILER] = { 0 };
	struct crypt *crypt = header_put(r, id, key, header);
	struct buf plain = { 0 }, packed = { 0 };
	XXH3_state_t state;
	size_t at, n;

	out->n = 0;
	buf_put(out, header, sizeof header);
	buf_varint(&plain, r->nchunk);
	for (uint64_t i = 0; i < r->nchunk; i++) {
		const struct recast_chunk *c = &r->chunk[i];

		at = out->n;
		n = chunk_put(out, crypt, header, i, c->stored);
		buf_varint(&plain, n);
		buf_varint(&plain, c->plain);
		buf_u8(&plain, c->codec);
		buf_u64(&plain, hash64(span_of(out->p + at, n)));
	}
	buf_span_put(&plain, body);
	t[16] = directory_pack(&plain, &packed);
	at = out->n;
	n = chunk_put(out, crypt, header, DIRECTORY_NUMBER, buf_span(&packed));
	le_put(t, at, 8);
	le_put(t + 8, n, 4);
	le_put(t + 12, plain.n, 4);
	le_put(t + 24, hash64(span_of(out->p + at, n)), 8);
	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, t, 48);
	XXH3_64bits_update(&state, header, sizeof header);
	le_put(t + 48, XXH3_64bits_digest(&state), 8);
	memcpy(t + 56, "TBSEGEND", 8);
	buf_put(out, t, sizeof t);
	buf_done(&plain);
	buf_done(&packed);
	crypt_free(&crypt);
}
