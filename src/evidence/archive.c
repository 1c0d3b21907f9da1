/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic. zip (base/zip.h) and POSIX ustar; see archive.h. The reader takes
 * name, size and sum from a head, writes the head that these have, and compares: whatever else a
 * head could say is refused.
 */
#include "evidence/archive.h"

#include <zlib.h>

#include "base/civil.h"
#include "base/cur.h"
#include "base/must.h"
#include "base/zip.h"

enum {
	LOCAL_BYTES = 30,
	BLOCK = 512,
	PATH_MAX_BYTES = BAG_TOP_BYTES + BAG_NAME_BYTES,
	CRC_STEP = 1 << 30
};

uint32_t
archive_stamp(enum archive_kind kind, int64_t ns)
{
	struct civil c;

	if (kind == ARCHIVE_TAR)
		return (uint32_t)(ns / CIVIL_SECOND_NS);
	civil_split(&c, ns, 0);
	if (c.year < 1980 || c.year > 2107)
		return ZIP_NO_TIME;
	return (uint32_t)(c.year - 1980) << 25 | (uint32_t)c.month << 21 | (uint32_t)c.day << 16 |
	    (uint32_t)c.hour << 11 | (uint32_t)c.minute << 5 | c.second / 2u;
}

/* ---- zip ---- */

static void
path_put(struct buf *out, const char *top, const char *name)
{
	buf_str(out, top);
	buf_u8(out, '/');
	buf_str(out, name);
}

static struct zip_member
zip_member_of(struct buf *path, const char *top, const struct archive_member *m)
{
	path->n = 0;
	path_put(path, top, m->name);
	return (struct zip_member){ .name = buf_span(path), .size = (uint32_t)m->size,
	    .crc = m->crc, .offset = (uint32_t)m->offset };
}

static void
bag_end_put(struct buf *out, const char *top, const struct archive_member *m, size_t n,
    uint32_t stamp, uint64_t offset)
{
	struct zip_member member[BAG_END] = { { { NULL, 0 }, 0, 0, 0 } };
	struct buf path[BAG_END] = { { 0 } };

	must(n <= BAG_END);
	for (size_t i = 0; i < n; i++)
		member[i] = zip_member_of(&path[i], top, &m[i]);
	zip_end_put(out, member, n, stamp, (uint32_t)offset);
	for (size_t i = 0; i < n; i++)
		buf_done(&path[i]);
}

/* ---- tar ---- */

static void
octal_put(uint8_t *at, size_t digits, uint64_t v)
{
	for (size_t i = digits; i-- > 0; v /= 8)
		at[i] = (uint8_t)('0' + v % 8);
	at[digits] = '\0';
}

static void
tar_head_put(struct buf *out, const char *top, const struct archive_member *m, uint32_t stamp)
{
	struct buf path = { 0 };
	uint8_t *at = buf_add(out, BLOCK);
	unsigned sum = 0;

	memset(at, 0, BLOCK);
	path_put(&path, top, m->name);
	memcpy(at, path.p, path.n < 100 ? path.n : 100);
	buf_done(&path);
	octal_put(at + 100, 7, 0644);
	octal_put(at + 108, 7, 0);
	octal_put(at + 116, 7, 0);
	octal_put(at + 124, 11, m->size);
	octal_put(at + 136, 11, stamp);
	memset(at + 148, ' ', 8);
	at[156] = '0';
	memcpy(at + 257, "ustar\00000", 8);
	octal_put(at + 329, 7, 0);
	octal_put(at + 337, 7, 0);
	for (size_t i = 0; i < BLOCK; i++)
		sum += at[i];
	octal_put(at + 148, 6, sum);
}

/* ---- both ---- */

void
archive_head_put(struct buf *out, enum archive_kind kind, const char *top,
    const struct archive_member *member, uint32_t stamp)
{
	struct buf path = { 0 };
	struct zip_member zip;

	if (kind == ARCHIVE_TAR) {
		tar_head_put(out, top, member, stamp);
		return;
	}
	zip = zip_member_of(&path, top, member);
	zip_head_put(out, &zip, stamp);
	buf_done(&path);
}

static size_t
pad_of(enum archive_kind kind, uint64_t size)
{
	return kind == ARCHIVE_TAR ? (size_t)((BLOCK - size % BLOCK) % BLOCK) : 0;
}

static void
zeros_put(struct buf *out, size_t n)
{
	if (n > 0)
		memset(buf_add(out, n), 0, n);
}

void
archive_pad_put(struct buf *out, enum archive_kind kind, uint64_t size)
{
	zeros_put(out, pad_of(kind, size));
}

void
archive_end_put(struct buf *out, enum archive_kind kind, const char *top,
    const struct archive_member *member, size_t n, uint32_t stamp, uint64_t offset)
{
	if (kind == ARCHIVE_TAR)
		zeros_put(out, 2 * BLOCK);
	else
		bag_end_put(out, top, member, n, stamp, offset);
}

/* ---- reading ---- */

struct reading {
	enum archive_kind kind;
	struct span bytes, rest;
	char top[BAG_TOP_BYTES];	/* "" before the first member */
	uint32_t stamp;
	struct archive_member member[BAG_END];
	size_t n;
};

/* As it may be shown: a strange name stands in a sentence for a terminal. */
static struct span
shown(struct span path, char room[PATH_MAX_BYTES])
{
	size_t n = path.n < PATH_MAX_BYTES ? path.n : PATH_MAX_BYTES;

	for (size_t i = 0; i < n; i++)
		room[i] = path.p[i] > 0x20 && path.p[i] < 0x7f ? (char)path.p[i] : '?';
	return span_of(room, n);
}

static uint64_t
octal_get(struct span digits)
{
	uint64_t v = 0;

	for (size_t i = 0; i < digits.n && digits.p[i] >= '0' && digits.p[i] <= '7'; i++)
		v = v * 8 + (uint64_t)(digits.p[i] - '0');
	return v;
}

/* Path, size, sum and stamp as the head at the front of rest says; false: it is no head. */
static bool
head_look(const struct reading *r, struct span *ret_path, struct archive_member *ret_member,
    uint32_t *ret_stamp)
{
	struct cur in = cur_of(r->rest);
	size_t name;

	if (r->kind == ARCHIVE_TAR) {
		struct span block = cur_span(&in, BLOCK);
		const uint8_t *end;

		if (in.bad || block.p[0] == '\0')
			return false;
		end = memchr(block.p, '\0', 100);
		*ret_path = span_sub(block, 0, end != NULL ? (size_t)(end - block.p) : 100);
		ret_member->size = octal_get(span_sub(block, 124, 11));
		*ret_stamp = (uint32_t)octal_get(span_sub(block, 136, 11));
		return true;
	}
	if (cur_u32(&in) != 0x04034b50)
		return false;
	(void)cur_span(&in, 6);
	*ret_stamp = cur_u32(&in);
	ret_member->crc = cur_u32(&in);
	ret_member->size = cur_u32(&in);
	(void)cur_u32(&in);
	name = cur_u16(&in);
	(void)cur_u16(&in);
	*ret_path = cur_span(&in, name);
	return !in.bad;
}

/* Which file of the bag the path is; rule 2. */
static enum err
path_take(struct reading *r, struct span path, unsigned *ret_file, struct why *why)
{
	const uint8_t *slash = path.n > 0 ? memchr(path.p, '/', path.n) : NULL;
	struct span top = span_sub(path, 0, slash != NULL ? (size_t)(slash - path.p) : 0);
	struct span name = span_sub(path, top.n + 1, SIZE_MAX);
	char room[PATH_MAX_BYTES];
	struct span safe = shown(path, room);

	if (r->n == 0 && bag_top_ok(top)) {
		memcpy(r->top, top.p, top.n);
		r->top[top.n] = '\0';
	}
	*ret_file = 0;
	while (*ret_file < BAG_END && !span_is(name, bag_name(*ret_file)))
		(*ret_file)++;
	if (r->top[0] == '\0' || !span_is(top, r->top) || *ret_file == BAG_END)
		return why_set(why, ERR_FORMAT, "rule 2: '%.*s' is no file of an evidence package",
		    (int)safe.n, (const char *)safe.p);
	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->member[i].name, bag_name(*ret_file)) == 0)
			return why_set(why, ERR_FORMAT, "rule 2: '%s' is there twice",
			    bag_name(*ret_file));
	return OK;
}

static bool
crc_fits(struct span bytes, uint32_t want)
{
	uint32_t crc = 0;

	for (size_t at = 0; at < bytes.n; at += CRC_STEP) {
		struct span step = span_sub(bytes, at, CRC_STEP);

		crc = (uint32_t)crc32(crc, step.p, (unsigned)step.n);
	}
	return crc == want;
}

/* One member off the front of rest. Rules 1 to 3. */
static enum err
member_take(struct reading *r, struct archive *ret, struct why *why)
{
	struct archive_member m = { .offset = r->bytes.n - r->rest.n };
	struct buf head = { 0 };
	struct span path = { NULL, 0 };
	unsigned file;
	uint32_t stamp = 0;
	size_t pad;
	bool same;
	enum err rc;

	if (!head_look(r, &path, &m, &stamp))
		return ERR_MORE;
	rc = path_take(r, path, &file, why);
	if (rc != OK)
		return rc;
	if (r->n == 0)
		r->stamp = stamp;
	m.name = bag_name(file);
	archive_head_put(&head, r->kind, r->top, &m, r->stamp);
	same = span_starts(r->rest, buf_span(&head));
	r->rest = span_sub(r->rest, head.n, SIZE_MAX);
	buf_done(&head);
	pad = pad_of(r->kind, m.size);
	if (!same || m.size > r->rest.n || pad > r->rest.n - m.size)
		return why_set(why, ERR_FORMAT, "rule 3: the head of %s is not as it is written: "
		    "the package was packed again or cut short", m.name);
	ret->file[file] = span_sub(r->rest, 0, (size_t)m.size);
	/* Present but empty is not absent. */
	if (ret->file[file].p == NULL)
		ret->file[file].p = r->bytes.p;
	r->rest = span_sub(r->rest, (size_t)m.size, SIZE_MAX);
	for (size_t i = 0; i < pad; i++)
		if (r->rest.p[i] != 0)
			return why_set(why, ERR_FORMAT, "rule 3: octets behind %s", m.name);
	r->rest = span_sub(r->rest, pad, SIZE_MAX);
	r->member[r->n++] = m;
	if (r->kind == ARCHIVE_ZIP && !crc_fits(ret->file[file], m.crc))
		ret->damaged |= 1u << file;
	return OK;
}

static enum err
end_check(const struct reading *r, struct why *why)
{
	struct buf end = { 0 };
	bool same;

	archive_end_put(&end, r->kind, r->top, r->member, r->n, r->stamp,
	    r->bytes.n - r->rest.n);
	same = span_eq(buf_span(&end), r->rest);
	buf_done(&end);
	return same ? OK : why_set(why, ERR_FORMAT, "rule 4: the archive's end is not as it is "
	    "written: the package was packed again, cut short or added to");
}

enum err
archive_read(struct archive *ret_archive, struct span bytes, struct why *why)
{
	struct reading r = { .bytes = bytes, .rest = bytes };
	struct archive archive = { 0 };
	enum err rc = OK;

	if (span_is(span_sub(bytes, 257, 5), "ustar"))
		r.kind = ARCHIVE_TAR;
	else if (!span_starts(bytes, SPAN("PK\003\004")))
		return why_set(why, ERR_FORMAT, "rule 1: neither zip nor tar");
	while (rc == OK && r.n < BAG_END)
		rc = member_take(&r, &archive, why);
	if (rc == OK || rc == ERR_MORE)
		rc = end_check(&r, why);
	if (rc == OK)
		*ret_archive = archive;
	return rc;
}
