/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic into its own buffers. Reading the container of segment files, see
 * pack.h and doc/formats/segment.md section 1.
 */
#include "store/pack_int.h"

#include <stdlib.h>
#include <sodium.h>
#include <zstd.h>

#include "base/cur.h"
#include "base/must.h"
#include "sys/file.h"

const char pack_magic[PACK_KINDS][9] = { "TBSEG001", "TBIDX001", "TBFLT001" };
const char pack_magic_end[9] = "TBSEGEND";

struct pack {
	int fd;			/* -1: in memory */
	struct span memory;
	char *name;
	enum pack_trust trust;
	struct pack_head head;
	uint8_t header[HEADER_BYTES];
	struct crypt *crypt;	/* NULL: not encrypted */
	uint64_t size;
	struct buf directory;
	struct span body;
	struct chunk *chunk;
	uint32_t nchunk;
	size_t bytes;
	ZSTD_DCtx *zstd;
};

void
pack_close(struct pack **pack)
{
	struct pack *p = *pack;

	if (p == NULL)
		return;
	file_close(&p->fd);
	for (uint32_t i = 0; i < p->nchunk; i++)
		buf_done(&p->chunk[i].bytes);
	free(p->chunk);
	buf_done(&p->directory);
	free(p->name);
	ZSTD_freeDCtx(p->zstd);
	crypt_free(&p->crypt);
	free(p);
	*pack = NULL;
}

const struct pack_head *
pack_head(const struct pack *p)
{
	return &p->head;
}

struct span
pack_body(const struct pack *p)
{
	return p->body;
}

size_t
pack_bytes(const struct pack *p)
{
	return p->bytes + p->directory.n;
}

/* n octets from offset, which lie inside of the file: either a view or a copy in *hold. */
static enum err
octets_at(struct pack *p, uint64_t offset, size_t n, struct buf *hold, struct span *ret,
    struct why *why)
{
	enum err rc;

	if (p->fd < 0) {
		*ret = span_of(p->memory.p + offset, n);
		return OK;
	}
	hold->n = 0;
	rc = file_pread_all(p->fd, buf_add(hold, n), n, offset, why);
	if (rc != OK)
		return why_prefix(why, rc, "%s", p->name);
	*ret = buf_span(hold);
	return OK;
}

/* zstd's own header must say the same size as ours, so that no claim is believed by itself. */
static enum err
chunk_inflate(struct pack *p, const struct chunk *c, struct span stored, struct buf *plain)
{
	size_t n;

	if (c->codec == CODEC_STORED) {
		if (stored.n != c->plain)
			return ERR_FORMAT;
		buf_span_put(plain, stored);
		return OK;
	}
	if (ZSTD_getFrameContentSize(stored.p, stored.n) != c->plain)
		return ERR_FORMAT;
	if (p->zstd == NULL)
		p->zstd = ZSTD_createDCtx();
	must(p->zstd != NULL);
	n = ZSTD_decompressDCtx(p->zstd, buf_add(plain, c->plain), c->plain, stored.p, stored.n);
	return ZSTD_isError(n) || n != c->plain ? ERR_FORMAT : OK;
}

static enum err
chunk_bad(const struct pack *p, const struct chunk *c, uint64_t number, enum err rc,
    struct why *why)
{
	const char *what = rc == ERR_PROOF ? "its checksum does not hold" : "it cannot be decoded";

	if (number == DIRECTORY_NUMBER)
		return why_set(why, rc, "%s: directory at octet %llu: %s", p->name,
		    (unsigned long long)c->at, what);
	return why_set(why, rc, "%s: chunk %llu at octet %llu: %s", p->name,
	    (unsigned long long)number, (unsigned long long)c->at, what);
}

static enum err
chunk_load(struct pack *p, struct chunk *c, uint64_t number, struct buf *plain, struct why *why)
{
	struct buf hold = { 0 }, clear = { 0 };
	struct span stored;
	enum err rc;

	rc = octets_at(p, c->at, c->stored, &hold, &stored, why);
	if (rc != OK)
		goto out;
	if (p->trust == PACK_CHECK && hash64(stored) != c->sum) {
		rc = chunk_bad(p, c, number, ERR_PROOF, why);
		goto out;
	}
	if (p->crypt != NULL) {
		rc = crypt_open(p->crypt, number, span_of(p->header + AT_AAD, 16), stored,
		    buf_add(&clear, stored.n), why);
		if (rc != OK) {
			rc = chunk_bad(p, c, number, rc, why);
			goto out;
		}
		stored = span_of(clear.p, stored.n - TAG_BYTES);
	}
	rc = chunk_inflate(p, c, stored, plain);
	if (rc != OK)
		rc = chunk_bad(p, c, number, rc, why);
out:
	buf_done(&hold);
	buf_done(&clear);
	return rc;
}

static enum err
header_read(struct pack *p, struct span h, const uint8_t *key, struct why *why)
{
	uint8_t id[KEY_ID_BYTES], data_key[KEY_BYTES];
	uint16_t must_understand = (uint16_t)(h.p[10] | h.p[11] << 8);
	struct cur c = cur_of(span_sub(h, 16, 16));
	enum err rc;

	memcpy(p->header, h.p, HEADER_BYTES);
	for (p->head.kind = PACK_SEALED; memcmp(h.p, pack_magic[p->head.kind], 8) != 0;) {
		if (++p->head.kind == PACK_KINDS)
			return why_set(why, ERR_FORMAT, "%s: not a segment file", p->name);
	}
	if ((h.p[8] | h.p[9] << 8) != VERSION || (must_understand & ~FLAG_ENCRYPTED) != 0)
		return why_set(why, ERR_FORMAT, "%s: written by a newer version (%d, flags %x)",
		    p->name, h.p[8] | h.p[9] << 8, must_understand);
	p->head.stream = cur_u8(&c);
	p->head.class = cur_u8(&c);
	p->head.decoder = cur_u16(&c);
	p->head.epoch = cur_u32(&c);
	p->head.id = cur_u64(&c);
	memcpy(p->head.store_id, h.p + 32, PACK_STORE_ID);
	if ((must_understand & FLAG_ENCRYPTED) == 0)
		return OK;
	if (key == NULL)
		return why_set(why, ERR_DENIED, "%s: encrypted, and there is no store key",
		    p->name);
	key_id(id, key);
	if (memcmp(id, h.p + AT_KEY_ID, KEY_ID_BYTES) != 0)
		return why_set(why, ERR_DENIED, "%s: encrypted with another store key", p->name);
	rc = key_unwrap(key, span_of(h.p, AT_WRAP), h.p + AT_WRAP, data_key, why);
	if (rc != OK)
		return why_prefix(why, rc, "%s", p->name);
	p->crypt = crypt_new(data_key);
	sodium_memzero(data_key, sizeof data_key);
	return OK;
}

/* Checks sums of header and trailer and gives where the directory is. */
static enum err
trailer_read(struct pack *p, struct span h, struct span t, struct chunk *ret, struct why *why)
{
	XXH3_state_t state;
	struct cur c = cur_of(t), sum = cur_of(span_sub(h, AT_HEADER_SUM, 8));
	uint64_t want;

	if (memcmp(t.p + 56, pack_magic_end, 8) != 0)
		return why_set(why, ERR_FORMAT, "%s: its end is missing", p->name);
	if (p->trust == PACK_CHECK && cur_u64(&sum) != hash64(span_sub(h, 0, AT_HEADER_SUM)))
		return why_set(why, ERR_PROOF, "%s: header: its checksum does not hold", p->name);
	ret->at = cur_u64(&c);
	ret->stored = cur_u32(&c);
	ret->plain = cur_u32(&c);
	ret->codec = cur_u8(&c);
	(void)cur_span(&c, 7);
	ret->sum = cur_u64(&c);
	(void)cur_span(&c, 16);
	want = cur_u64(&c);
	XXH3_64bits_reset(&state);
	XXH3_64bits_update(&state, t.p, 48);
	XXH3_64bits_update(&state, h.p, HEADER_BYTES);
	if (p->trust == PACK_CHECK && want != XXH3_64bits_digest(&state))
		return why_set(why, ERR_PROOF, "%s: trailer: its checksum does not hold", p->name);
	if (ret->at < HEADER_BYTES || ret->at > p->size - TRAILER_BYTES ||
	    ret->stored != p->size - TRAILER_BYTES - ret->at ||
	    ret->plain > LIMIT_CHUNK_BYTES || ret->codec > CODEC_ZSTD)
		return why_set(why, ERR_FORMAT, "%s: trailer: the directory is not inside",
		    p->name);
	return OK;
}

static enum err
directory_read(struct pack *p, uint64_t end, struct why *why)
{
	struct cur c = cur_of(buf_span(&p->directory));
	uint64_t at = HEADER_BYTES, n = cur_varint(&c);

	if (n > LIMIT_CHUNKS || n > cur_left(&c))
		return why_set(why, ERR_FORMAT, "%s: directory: too many chunks", p->name);
	p->chunk = xcalloc((size_t)n, sizeof *p->chunk);
	p->nchunk = (uint32_t)n;
	for (uint32_t i = 0; i < p->nchunk; i++) {
		uint64_t stored = cur_varint(&c), plain = cur_varint(&c);

		p->chunk[i].codec = cur_u8(&c);
		p->chunk[i].sum = cur_u64(&c);
		if (c.bad || stored > end - at || plain > LIMIT_CHUNK_BYTES ||
		    p->chunk[i].codec > CODEC_ZSTD)
			return why_set(why, ERR_FORMAT, "%s: directory: chunk %u is not inside",
			    p->name, i);
		p->chunk[i].at = at;
		p->chunk[i].stored = (uint32_t)stored;
		p->chunk[i].plain = (uint32_t)plain;
		at += stored;
	}
	if (at != end)
		return why_set(why, ERR_FORMAT, "%s: octets that belong to no chunk", p->name);
	p->body = span_of(c.p, cur_left(&c));
	return OK;
}

static enum err
pack_start(struct pack *p, const uint8_t *key, struct why *why)
{
	struct buf head = { 0 }, tail = { 0 };
	struct chunk directory = { 0 };
	struct span h, t;
	enum err rc;

	if (p->size < HEADER_BYTES + TRAILER_BYTES || p->size > UINT32_MAX)
		return why_set(why, ERR_FORMAT, "%s: not the size of a segment file", p->name);
	rc = octets_at(p, 0, HEADER_BYTES, &head, &h, why);
	if (rc == OK)
		rc = octets_at(p, p->size - TRAILER_BYTES, TRAILER_BYTES, &tail, &t, why);
	if (rc == OK)
		rc = trailer_read(p, h, t, &directory, why);
	if (rc == OK)
		rc = header_read(p, h, key, why);
	if (rc == OK)
		rc = chunk_load(p, &directory, DIRECTORY_NUMBER, &p->directory, why);
	if (rc == OK)
		rc = directory_read(p, directory.at, why);
	buf_done(&head);
	buf_done(&tail);
	return rc;
}

enum err
pack_open_memory(struct pack **ret_pack, struct span bytes, const char *name, const uint8_t *key,
    enum pack_trust trust, struct why *why)
{
	struct pack *p = xcalloc(1, sizeof *p);
	enum err rc;

	p->fd = -1;
	p->memory = bytes;
	p->size = bytes.n;
	p->name = xstrdup(name);
	p->trust = trust;
	rc = pack_start(p, key, why);
	if (rc == OK) {
		*ret_pack = p;
		p = NULL;
	}
	pack_close(&p);
	return rc;
}

enum err
pack_open(struct pack **ret_pack, int fd, const char *name, const uint8_t *key, struct why *why)
{
	struct pack *p = xcalloc(1, sizeof *p);
	enum err rc;

	p->fd = fd;
	p->name = xstrdup(name);
	rc = file_size(fd, &p->size, why);
	if (rc == OK)
		rc = pack_start(p, key, why);
	if (rc == OK) {
		*ret_pack = p;
		p = NULL;
	}
	pack_close(&p);
	return rc;
}

enum err
pack_peek(struct pack *p, struct pack_ref ref, struct span *ret_bytes, struct why *why)
{
	struct chunk *c;
	enum err rc;

	if (ref.n == 0) {
		*ret_bytes = span_of(NULL, 0);
		return OK;
	}
	if (ref.chunk >= p->nchunk || ref.at > p->chunk[ref.chunk].plain ||
	    ref.n > p->chunk[ref.chunk].plain - ref.at)
		return why_set(why, ERR_FORMAT, "%s: a stream is not inside of chunk %u", p->name,
		    ref.chunk);
	c = &p->chunk[ref.chunk];
	if (!c->loaded) {
		rc = chunk_load(p, c, ref.chunk, &c->bytes, why);
		if (rc != OK) {
			buf_done(&c->bytes);
			return rc;
		}
		c->loaded = true;
		p->bytes += c->plain;
	}
	*ret_bytes = span_of(c->bytes.p + ref.at, ref.n);
	return OK;
}

enum err
pack_get(struct pack *p, struct pack_ref ref, struct span *ret_bytes, struct why *why)
{
	enum err rc = pack_peek(p, ref, ret_bytes, why);

	if (rc == OK && ref.n > 0)
		p->chunk[ref.chunk].kept = true;
	return rc;
}

static void
chunk_forget(struct pack *p, struct chunk *c)
{
	p->bytes -= c->loaded ? c->plain : 0;
	buf_done(&c->bytes);
	c->loaded = c->kept = false;
}

void
pack_rest(struct pack *p)
{
	for (uint32_t i = 0; i < p->nchunk; i++)
		if (!p->chunk[i].kept)
			chunk_forget(p, &p->chunk[i]);
	ZSTD_freeDCtx(p->zstd);
	p->zstd = NULL;
}

void
pack_forget(struct pack *p)
{
	for (uint32_t i = 0; i < p->nchunk; i++)
		chunk_forget(p, &p->chunk[i]);
}

enum err
pack_check(struct pack *p, struct why *why)
{
	enum err rc = OK;

	for (uint32_t i = 0; i < p->nchunk && rc == OK; i++) {
		struct buf plain = { 0 };

		rc = chunk_load(p, &p->chunk[i], i, &plain, why);
		buf_done(&plain);
	}
	return rc;
}
