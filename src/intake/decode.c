/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zlib and zstd behind one face; see decode.h. Both read members or frames one after the other, as
 * the formats allow. Memory of one decoder: 44 KB for gzip and deflate; for zstd its window, at
 * most 2^LIMIT_ZSTD_WINDOW_LOG octets.
 */
#include "intake/decode.h"

#include <stdlib.h>

#include <zlib.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/must.h"
#include "intake/http.h"

enum {
	FREE_BYTES = 1 << 20,		/* this much is never a bomb */
	WINDOW_ZLIB = 15,
	WINDOW_GZIP = 15 + 16,		/* zlib's way to say "with a gzip header" */
};

struct decoder {
	uint8_t coding;
	bool whole;
	bool begun;
	uint64_t taken, given;
	z_stream z;
	ZSTD_DCtx *zstd;
};

struct decoder *
decoder_new(uint8_t coding)
{
	struct decoder *d = xcalloc(1, sizeof *d);

	must(coding == HTTP_GZIP || coding == HTTP_DEFLATE || coding == HTTP_ZSTD);
	d->coding = coding;
	if (coding == HTTP_ZSTD) {
		d->zstd = ZSTD_createDCtx();
		must(d->zstd != NULL);
		must(!ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax,
		    LIMIT_ZSTD_WINDOW_LOG)));
	} else {
		must(inflateInit2(&d->z, coding == HTTP_GZIP ? WINDOW_GZIP : WINDOW_ZLIB) == Z_OK);
	}
	return d;
}

void
decoder_free(struct decoder **decoder)
{
	struct decoder *d = *decoder;

	if (d == NULL)
		return;
	if (d->coding == HTTP_ZSTD)
		ZSTD_freeDCtx(d->zstd);
	else
		(void)inflateEnd(&d->z);
	free(d);
	*decoder = NULL;
}

/* "deflate" is zlib's format; clients that send bare deflate are told by the first octet. */
static void
deflate_begin(struct decoder *d, struct span in)
{
	if (d->begun || in.n == 0)
		return;
	d->begun = true;
	if (d->coding == HTTP_DEFLATE && (in.p[0] & 0x0f) != Z_DEFLATED)
		must(inflateReset2(&d->z, -WINDOW_ZLIB) == Z_OK);
}

static enum err
inflate_next(struct decoder *d, struct span *in, uint8_t *room, size_t n, size_t *ret_n,
    struct why *why)
{
	int rc;

	deflate_begin(d, *in);
	/* A member has ended and octets follow: gzip allows another one. */
	if (d->whole && in->n > 0) {
		if (d->coding != HTTP_GZIP)
			return why_set(why, ERR_FORMAT, "octets behind the compressed body");
		must(inflateReset(&d->z) == Z_OK);
		d->whole = false;
	}
	d->z.next_in = (Bytef *)(uintptr_t)in->p;
	d->z.avail_in = in->n < UINT32_MAX ? (uInt)in->n : UINT32_MAX;
	d->z.next_out = room;
	d->z.avail_out = (uInt)n;
	rc = d->whole ? Z_BUF_ERROR : inflate(&d->z, Z_NO_FLUSH);
	*ret_n = n - d->z.avail_out;
	*in = span_sub(*in, (size_t)(d->z.next_in - in->p), SIZE_MAX);
	if (rc == Z_STREAM_END)
		d->whole = true;
	else if (rc != Z_OK && rc != Z_BUF_ERROR)
		return why_set(why, ERR_FORMAT, "broken %s body",
		    d->coding == HTTP_GZIP ? "gzip" : "deflate");
	return in->n == 0 && d->z.avail_out > 0 ? ERR_MORE : OK;
}

static enum err
zstd_next(struct decoder *d, struct span *in, uint8_t *room, size_t n, size_t *ret_n,
    struct why *why)
{
	ZSTD_inBuffer from = { in->p, in->n, 0 };
	ZSTD_outBuffer to = { room, n, 0 };
	size_t rc;

	if (in->n == 0 && d->whole)
		return ERR_MORE;
	rc = ZSTD_decompressStream(d->zstd, &to, &from);
	*ret_n = to.pos;
	*in = span_sub(*in, from.pos, SIZE_MAX);
	if (ZSTD_isError(rc))
		return why_set(why, ERR_FORMAT, "broken zstd body: %s", ZSTD_getErrorName(rc));
	d->whole = rc == 0;
	return in->n == 0 && to.pos < n ? ERR_MORE : OK;
}

enum err
decoder_next(struct decoder *d, struct span *io_input, uint8_t *room, size_t n, size_t *ret_n,
    struct why *why)
{
	size_t before = io_input->n, got = 0;
	enum err rc;

	must(n > 0 && n <= UINT32_MAX);
	if (d->coding == HTTP_ZSTD)
		rc = zstd_next(d, io_input, room, n, &got, why);
	else
		rc = inflate_next(d, io_input, room, n, &got, why);
	d->taken += before - io_input->n;
	d->given += got;
	if (rc != OK && rc != ERR_MORE)
		return rc;
	if (d->given > (uint64_t)LIMIT_BODY_MB << 20)
		return why_set(why, ERR_LIMIT, "body too long when decompressed");
	if (d->given > FREE_BYTES && d->given / LIMIT_EXPANSION > d->taken)
		return why_set(why, ERR_LIMIT, "body expands more than %d times", LIMIT_EXPANSION);
	*ret_n = got;
	return rc;
}

bool
decoder_is_whole(const struct decoder *d)
{
	return d->whole;
}
