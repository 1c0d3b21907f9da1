/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic into its own buffers. Making the container of segment files. */
#include "store/pack_int.h"

#include <stdlib.h>
#include <sodium.h>
#include <zstd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/random.h"

/* A lane's chunk is closed when it has so many octets. */
static const size_t lane_bytes[PACK_LANES] = { 512 << 10, 64 << 10 };

struct lane {
	uint32_t chunk;		/* its number, when open */
	bool open;
	struct buf plain;
};

struct pack_writer {
	struct lane lane[PACK_LANES];
	struct chunk *chunk;
	uint32_t nchunk, cap;
	uint8_t header[HEADER_BYTES];
	struct crypt *crypt;	/* NULL: not encrypted */
	int level;
	uint32_t nspilled;	/* chunks that are in a file already, */
	uint64_t spilled;	/* and octets with the header */
	ZSTD_CCtx *zstd;
};

struct pack_writer *
pack_writer_new(const struct pack_head *head, const uint8_t *store_key, int level)
{
	struct pack_writer *w = xcalloc(1, sizeof *w);
	uint8_t *h = w->header, key[KEY_BYTES];

	w->level = level;
	w->zstd = ZSTD_createCCtx();
	must(w->zstd != NULL);
	memcpy(h, pack_magic[head->kind], 8);
	le_put(h + 8, VERSION, 2);
	le_put(h + 10, store_key != NULL ? FLAG_ENCRYPTED : 0, 2);
	h[16] = head->stream;
	h[17] = head->class;
	le_put(h + 18, head->decoder, 2);
	le_put(h + 20, head->epoch, 4);
	le_put(h + 24, head->id, 8);
	memcpy(h + 32, head->store_id, PACK_STORE_ID);
	if (store_key != NULL) {
		random_bytes(key, sizeof key);
		w->crypt = crypt_new(key);
		key_id(h + AT_KEY_ID, store_key);
		key_wrap(store_key, span_of(h, AT_WRAP), key, h + AT_WRAP);
		sodium_memzero(key, sizeof key);
	}
	le_put(h + AT_HEADER_SUM, hash64(span_of(h, AT_HEADER_SUM)), 8);
	return w;
}

void
pack_writer_free(struct pack_writer **writer)
{
	struct pack_writer *w = *writer;

	if (w == NULL)
		return;
	for (size_t i = 0; i < PACK_LANES; i++)
		buf_done(&w->lane[i].plain);
	for (uint32_t i = 0; i < w->nchunk; i++)
		buf_done(&w->chunk[i].bytes);
	free(w->chunk);
	ZSTD_freeCCtx(w->zstd);
	crypt_free(&w->crypt);
	free(w);
	*writer = NULL;
}

static uint32_t
chunk_new(struct pack_writer *w)
{
	must(w->nchunk < LIMIT_CHUNKS);
	if (w->nchunk == w->cap) {
		w->cap = w->cap > 0 ? w->cap * 2 : 16;
		w->chunk = xreallocarray(w->chunk, w->cap, sizeof *w->chunk);
	}
	w->chunk[w->nchunk] = (struct chunk){ 0 };
	return w->nchunk++;
}

/* Fills c with what is stored of the plain octets. */
static void
chunk_close(struct pack_writer *w, struct chunk *c, uint64_t number, struct span plain,
    uint8_t codec)
{
	must(plain.n <= LIMIT_CHUNK_BYTES);
	if (codec == CODEC_ZSTD) {
		size_t room = ZSTD_compressBound(plain.n), n;

		buf_reserve(&c->bytes, room + TAG_BYTES);
		n = ZSTD_compressCCtx(w->zstd, c->bytes.p, room, plain.p, plain.n, w->level);
		must(!ZSTD_isError(n));
		c->bytes.n = n;
		if (n >= plain.n) {
			codec = CODEC_STORED;
			c->bytes.n = 0;
		}
	}
	if (codec == CODEC_STORED)
		buf_span_put(&c->bytes, plain);
	c->codec = codec;
	c->plain = (uint32_t)plain.n;
	if (w->crypt != NULL) {
		(void)buf_add(&c->bytes, TAG_BYTES);
		crypt_seal(w->crypt, number, span_of(w->header + AT_AAD, 16), c->bytes.p,
		    c->bytes.n - TAG_BYTES);
	}
	c->stored = (uint32_t)c->bytes.n;
	c->sum = hash64(buf_span(&c->bytes));
}

static void
lane_close(struct pack_writer *w, struct lane *lane)
{
	if (!lane->open)
		return;
	chunk_close(w, &w->chunk[lane->chunk], lane->chunk, buf_span(&lane->plain), CODEC_ZSTD);
	lane->plain.n = 0;
	lane->open = false;
}

struct pack_ref
pack_put(struct pack_writer *w, enum pack_lane number, struct span bytes)
{
	struct lane *lane = &w->lane[number];
	struct pack_ref ref;

	must(bytes.n <= LIMIT_CHUNK_BYTES);
	if (lane->open && lane->plain.n > 0 && lane->plain.n + bytes.n > lane_bytes[number])
		lane_close(w, lane);
	if (!lane->open) {
		lane->chunk = chunk_new(w);
		lane->open = true;
	}
	ref = (struct pack_ref){ lane->chunk, (uint32_t)lane->plain.n, (uint32_t)bytes.n };
	buf_span_put(&lane->plain, bytes);
	return ref;
}

struct pack_ref
pack_put_raw(struct pack_writer *w, struct span bytes)
{
	uint32_t number = chunk_new(w);

	chunk_close(w, &w->chunk[number], number, bytes, CODEC_STORED);
	return (struct pack_ref){ number, 0, (uint32_t)bytes.n };
}

static void
directory_write(struct pack_writer *w, struct span body, struct chunk *ret_directory)
{
	struct buf plain = { 0 };

	buf_varint(&plain, w->nchunk);
	for (uint32_t i = 0; i < w->nchunk; i++) {
		buf_varint(&plain, w->chunk[i].stored);
		buf_varint(&plain, w->chunk[i].plain);
		buf_u8(&plain, w->chunk[i].codec);
		buf_u64(&plain, w->chunk[i].sum);
	}
	buf_span_put(&plain, body);
	chunk_close(w, ret_directory, DIRECTORY_NUMBER, buf_span(&plain), CODEC_ZSTD);
	buf_done(&plain);
}

/* Header and chunks that were not written yet. */
static void
ready_put(struct pack_writer *w, struct buf *out)
{
	if (w->spilled == 0)
		buf_put(out, w->header, HEADER_BYTES);
	for (; w->nspilled < w->nchunk; w->nspilled++) {
		buf_span_put(out, buf_span(&w->chunk[w->nspilled].bytes));
		buf_done(&w->chunk[w->nspilled].bytes);
	}
}

enum err
pack_spill(struct pack_writer *w, int fd, struct why *why)
{
	struct buf ready = { 0 };
	enum err rc;

	for (size_t i = 0; i < PACK_LANES; i++)
		must(!w->lane[i].open);
	ready_put(w, &ready);
	w->spilled += ready.n;
	rc = file_write_all(fd, buf_span(&ready), why);
	buf_done(&ready);
	return rc;
}

void
pack_finish(struct pack_writer *w, struct span body, struct buf *out)
{
	struct chunk directory = { 0 };
	uint8_t t[TRAILER_BYTES] = { 0 };
	XXH3_state_t state;
	size_t from = out->n;

	for (size_t i = 0; i < PACK_LANES; i++)
		lane_close(w, &w->lane[i]);
	ready_put(w, out);
	directory_write(w, body, &directory);
	le_put(t, w->spilled + out->n - from, 8);
	le_put(t + 8, directory.stored, 4);
	le_put(t + 12, directory.plain, 4);
	t[16] = directory.codec;
	le_put(t + 24, directory.sum, 8);
	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, t, 48);
	XXH3_64bits_update(&state, w->header, HEADER_BYTES);
	le_put(t + 48, XXH3_64bits_digest(&state), 8);
	memcpy(t + 56, pack_magic_end, 8);
	buf_span_put(out, buf_span(&directory.bytes));
	buf_put(out, t, sizeof t);
	buf_done(&directory.bytes);
}
