/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of imports, written and read: see import.h. Neither end believes the other. */
#include "role/import.h"

#include "base/limits.h"
#include "base/utf16.h"
#include "model/join.h"
#include "parse/parse.h"

void
import_file_put(struct buf *out, const struct import_file *file)
{
	buf_bytes(out, file->name);
	buf_bytes(out, file->host);
	buf_bytes(out, file->app);
	buf_bytes(out, file->class);
	buf_varint(out, file->unit);
	buf_u8(out, file->form);
	buf_i64(out, file->mtime_ns);
	buf_bytes(out, file->avoid);
	/* Only when it is asked for: what is not, a desk of another version understands too. */
	if (file->join.n > 0)
		buf_bytes(out, file->join);
}

enum err
import_file_read(struct import_file *ret, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	struct import_file f = { .name = cur_bytes(&in) };
	struct join join;

	f.host = cur_bytes(&in);
	f.app = cur_bytes(&in);
	f.class = cur_bytes(&in);
	f.unit = cur_varint(&in);
	f.form = cur_u8(&in);
	f.mtime_ns = (int64_t)cur_u64(&in);
	f.avoid = cur_bytes(&in);
	if (cur_left(&in) > 0)
		f.join = cur_bytes(&in);
	if (!cur_done(&in) || !join_read(&join, f.join) || f.form >= FORM_END ||
	    f.host.n > LIMIT_NAME_BYTES ||
	    f.app.n > LIMIT_NAME_BYTES || f.class.n > LIMIT_NAME_BYTES || f.avoid.n % 8 != 0 ||
	    f.avoid.n > IMPORT_AVOID * 8 || f.name.n > 4096)
		return why_set(why, ERR_FORMAT, "this is no file of an import");
	*ret = f;
	return OK;
}

void
import_ended_put(struct buf *out, const struct import_ended *ended)
{
	buf_u8(out, ended->end);
	if (ended->coding == UTF16_NOT)
		return;
	buf_u8(out, ended->coding);
	buf_varint(out, ended->bytes);
	buf_varint(out, ended->replaced);
	buf_put(out, ended->digest.b, sizeof ended->digest.b);
}

enum err
import_ended_read(struct import_ended *ret, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	struct import_ended e = { .end = cur_u8(&in) };
	struct span digest = { NULL, 0 };

	if (cur_left(&in) > 0) {
		e.coding = cur_u8(&in);
		e.bytes = cur_varint(&in);
		e.replaced = cur_varint(&in);
		digest = cur_span(&in, sizeof e.digest.b);
	}
	if (!cur_done(&in) || e.end > IMPORT_BROKEN || e.coding >= UTF16_ORDERS ||
	    (e.coding == UTF16_NOT) != (digest.n == 0))
		return why_set(why, ERR_FORMAT, "this is no end of a file");
	if (digest.n > 0)
		memcpy(e.digest.b, digest.p, sizeof e.digest.b);
	*ret = e;
	return OK;
}

void
import_said_put(struct buf *out, const struct import_said *said)
{
	buf_u8(out, said->form);
	buf_u8(out, said->yearless);
	buf_i64(out, said->near_ns);
}

enum err
import_said_read(struct import_said *ret, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	struct import_said s = { .form = cur_u8(&in) };

	s.yearless = cur_u8(&in) != 0;
	s.near_ns = (int64_t)cur_u64(&in);
	if (!cur_done(&in) || s.form >= FORM_END)
		return why_set(why, ERR_FORMAT, "the desk says a format that is not known");
	*ret = s;
	return OK;
}

void
import_done_put(struct buf *out, const struct import_done *d)
{
	buf_u8(out, d->err);
	buf_bytes(out, d->text);
	buf_varint(out, d->bytes);
	buf_varint(out, d->known_bytes);
	buf_varint(out, d->rows);
	buf_varint(out, d->unparsed);
	buf_varint(out, d->empty);
	buf_varint(out, d->cut);
	buf_varint(out, d->cut_bytes);
	buf_varint(out, d->refused);
	buf_put(out, d->digest.b, sizeof d->digest.b);
	buf_bytes(out, d->avoid);
}

enum err
import_done_read(struct import_done *ret, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	struct import_done d = { .err = cur_u8(&in) };
	struct span digest;

	d.text = cur_bytes(&in);
	d.bytes = cur_varint(&in);
	d.known_bytes = cur_varint(&in);
	d.rows = cur_varint(&in);
	d.unparsed = cur_varint(&in);
	d.empty = cur_varint(&in);
	d.cut = cur_varint(&in);
	d.cut_bytes = cur_varint(&in);
	d.refused = cur_varint(&in);
	digest = cur_span(&in, sizeof d.digest.b);
	d.avoid = cur_bytes(&in);
	if (!cur_done(&in) || d.err > ERR_BUSY || d.avoid.n > IMPORT_AVOID * 8)
		return why_set(why, ERR_FORMAT, "the desk's answer is broken");
	memcpy(d.digest.b, digest.p, sizeof d.digest.b);
	*ret = d;
	return OK;
}
