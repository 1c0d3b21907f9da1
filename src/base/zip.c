/* SPDX-License-Identifier: Apache-2.0 */
/* Heads of a zip file: see zip.h. */
#include "base/zip.h"

/* What local and central heads share, from "version needed" to the length of the extra field. */
static void
common_put(struct buf *out, const struct zip_member *m, uint32_t stamp)
{
	buf_u16(out, 10);
	buf_u16(out, 0);
	buf_u16(out, 0);
	buf_u32(out, stamp);
	buf_u32(out, m->crc);
	buf_u32(out, m->size);
	buf_u32(out, m->size);
	buf_u16(out, (uint16_t)m->name.n);
	buf_u16(out, 0);
}

void
zip_head_put(struct buf *out, const struct zip_member *member, uint32_t stamp)
{
	buf_u32(out, 0x04034b50);
	common_put(out, member, stamp);
	buf_span_put(out, member->name);
}

void
zip_end_put(struct buf *out, const struct zip_member *member, size_t n, uint32_t stamp,
    uint32_t offset)
{
	size_t before = out->n, size;

	for (size_t i = 0; i < n; i++) {
		buf_u32(out, 0x02014b50);
		buf_u16(out, 20);
		common_put(out, &member[i], stamp);
		buf_u16(out, 0);
		buf_u16(out, 0);
		buf_u16(out, 0);
		buf_u32(out, 0);
		buf_u32(out, member[i].offset);
		buf_span_put(out, member[i].name);
	}
	size = out->n - before;
	buf_u32(out, 0x06054b50);
	buf_u32(out, 0);
	buf_u16(out, (uint16_t)n);
	buf_u16(out, (uint16_t)n);
	buf_u32(out, (uint32_t)size);
	buf_u32(out, offset);
	buf_u16(out, 0);
}
