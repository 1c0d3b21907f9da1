/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A package put together: each file is read twice, once for its sums, which stand before it in the
 * archive, and once to be written. Two windows of memory, whatever the package has.
 */
#include "cmd/package_int.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"

enum { WINDOW = 1 << 20, SLACK = 64 << 10 };

typedef unsigned long long ull;

/* What is done with the octets of a file. */
typedef enum err octets_fn(struct package *p, void *ctx, struct span octets, struct why *why);

/* ---- the octets of each file ---- */

static enum err
spool_each(struct package *p, const struct spool *spool, octets_fn *each, void *ctx,
    struct why *why)
{
	uint8_t *window = xmalloc(WINDOW);
	enum err rc = OK;

	for (uint64_t at = 0; rc == OK && at < spool->bytes; at += WINDOW) {
		size_t n = spool->bytes - at < WINDOW ? (size_t)(spool->bytes - at) : WINDOW;

		rc = file_pread_all(spool->fd, window, n, at, why);
		if (rc == OK)
			rc = each(p, ctx, span_of(window, n), why);
	}
	free(window);
	return rc;
}

static int
fields_order(const void *a, const void *b)
{
	const struct fields_at *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/* Lines in the order of the records; they mostly lie so. */
static enum err
fields_each(struct package *p, octets_fn *each, void *ctx, struct why *why)
{
	const struct spool *spool = &p->spool[SPOOL_FIELDS];
	struct buf window = { 0 };
	uint64_t from = 0;
	enum err rc = OK;

	for (size_t i = 0; rc == OK && i < p->nseq; i++) {
		const struct fields_at *at = bsearch(&(struct fields_at){ .seq = p->seq[i] },
		    p->fields, p->nfields, sizeof *p->fields, fields_order);
		size_t n = 0;

		if (at == NULL) {
			rc = why_set(why, ERR_FORMAT, "the desk sent no fields of record %llu",
			    (ull)p->seq[i]);
			break;
		}
		if (at->offset < from || at->offset + at->length > from + window.n) {
			n = at->length > WINDOW ? at->length : WINDOW;
			window.n = 0;
			buf_reserve(&window, n);
			rc = file_pread(spool->fd, window.p, n, at->offset, &window.n, why);
			from = at->offset;
		}
		if (rc == OK && at->offset + at->length > from + window.n)
			rc = why_set(why, ERR_IO, "what was put aside ends early");
		if (rc == OK)
			rc = each(p, ctx, span_sub(buf_span(&window), (size_t)(at->offset - from),
			    at->length), why);
	}
	buf_done(&window);
	return rc;
}

static enum err
file_each(struct package *p, unsigned file, octets_fn *each, void *ctx, struct why *why)
{
	enum err rc = OK;

	if (p->text[file].n > 0)
		rc = each(p, ctx, buf_span(&p->text[file]), why);
	if (rc == OK && file == BAG_RECORDS)
		rc = spool_each(p, &p->spool[SPOOL_RECORDS], each, ctx, why);
	if (rc == OK && file == BAG_PROOFS)
		rc = spool_each(p, &p->spool[SPOOL_PROOFS], each, ctx, why);
	if (rc == OK && file == BAG_FIELDS)
		rc = fields_each(p, each, ctx, why);
	return rc;
}

static enum err
step(struct package *p, size_t n, struct why *why)
{
	p->done_bytes += n;
	return p->conf.progress(p->conf.ctx, "written", p->done_bytes, p->all_bytes) ? OK :
	    why_set(why, ERR_BUSY, "stopped");
}

/* ---- sums ---- */

static enum err
on_sum(struct package *p, void *ctx, struct span octets, struct why *why)
{
	summing_add(ctx, octets);
	return step(p, octets.n, why);
}

static enum err
file_sum(struct package *p, unsigned file, struct why *why)
{
	struct summing *summing = summing_new();
	enum err rc;

	rc = file_each(p, file, on_sum, summing, why);
	summing_end(&summing, &p->sums[file]);
	return rc;
}

static enum err
sums_make(struct package *p, struct why *why)
{
	enum err rc = OK;

	if (p->nfields > 0)
		qsort(p->fields, p->nfields, sizeof *p->fields, fields_order);
	for (unsigned i = 0; rc == OK && i < BAG_END; i++)
		if (bag_is_payload(i) || i == BAG_BAGIT)
			rc = file_sum(p, i, why);
	if (rc == OK)
		rc = package_tags(p, why);
	for (unsigned i = 0; rc == OK && i < BAG_TAGS; i++)
		if (!bag_is_payload(i) && i != BAG_BAGIT)
			rc = file_sum(p, i, why);
	if (rc != OK)
		return rc;
	bag_manifest_put(&p->text[BAG_TAGS], BAG_TAGS, p->sums);
	return file_sum(p, BAG_TAGS, why);
}

/* ---- the archive ---- */

struct archive_out {
	struct buf buf;
	uint64_t offset;		/* behind all that was put */
	struct summing *summing;
};

static enum err
out_flush(struct package *p, struct archive_out *out, struct why *why)
{
	enum err rc;

	summing_add(out->summing, buf_span(&out->buf));
	rc = file_write_all(p->fd, buf_span(&out->buf), why);
	out->buf.n = 0;
	return rc;
}

static enum err
on_out(struct package *p, void *ctx, struct span octets, struct why *why)
{
	struct archive_out *out = ctx;
	enum err rc = OK;

	buf_span_put(&out->buf, octets);
	out->offset += octets.n;
	if (out->buf.n >= WINDOW)
		rc = out_flush(p, out, why);
	return rc == OK ? step(p, octets.n, why) : rc;
}

static enum err
size_check(const struct package *p, struct why *why)
{
	uint64_t all = SLACK;

	for (unsigned i = 0; i < BAG_END; i++) {
		all += p->sums[i].bytes;
		if (p->kind == ARCHIVE_TAR && p->sums[i].bytes > ARCHIVE_TAR_MAX)
			return why_set(why, ERR_LIMIT, "%s would have more than 8 GB: ask for "
			    "less, in several packages", bag_name(i));
	}
	if (p->kind == ARCHIVE_ZIP && all > ARCHIVE_ZIP_MAX)
		return why_set(why, ERR_LIMIT, "the package would have %llu MB; a .zip holds "
		    "4,294: write a .tar, or ask for less", (ull)all / 1000000);
	return OK;
}

static enum err
archive_write(struct package *p, struct archive_out *out, struct why *why)
{
	struct archive_member member[BAG_END];
	uint32_t stamp = archive_stamp(p->kind, p->now_ns);
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && i < BAG_END; i++) {
		size_t before = out->buf.n;

		member[i] = (struct archive_member){ .name = bag_name(i),
		    .size = p->sums[i].bytes, .offset = out->offset, .crc = p->sums[i].crc };
		archive_head_put(&out->buf, p->kind, p->top, &member[i], stamp);
		out->offset += out->buf.n - before;
		rc = file_each(p, i, on_out, out, why);
		before = out->buf.n;
		archive_pad_put(&out->buf, p->kind, p->sums[i].bytes);
		out->offset += out->buf.n - before;
	}
	archive_end_put(&out->buf, p->kind, p->top, member, BAG_END, stamp, out->offset);
	if (rc == OK)
		rc = out_flush(p, out, why);
	return rc == OK ? file_sync(p->fd, why) : rc;
}

enum err
package_write(struct package *p, struct sums *ret_file, struct why *why)
{
	struct archive_out out = { .summing = summing_new() };
	struct buf part = { 0 };
	enum err rc;

	for (unsigned i = 0; i < SPOOL_END; i++)
		p->all_bytes += 2 * p->spool[i].bytes;
	buf_printf(&part, "%s.part", p->name);
	buf_u8(&part, '\0');
	rc = sums_make(p, why);
	if (rc == OK)
		rc = size_check(p, why);
	if (rc == OK)
		rc = file_open(&p->fd, p->dirfd, (const char *)part.p, FILE_READ_WRITE_NEW, why);
	p->begun = rc == OK;
	if (rc == OK)
		rc = archive_write(p, &out, why);
	if (rc == OK)
		rc = file_rename(p->dirfd, (const char *)part.p, p->dirfd, p->name, why);
	if (rc == OK)
		rc = dir_sync(p->dirfd, why);
	p->done = rc == OK;
	summing_end(&out.summing, ret_file);
	buf_done(&out.buf);
	buf_done(&part);
	return rc;
}
