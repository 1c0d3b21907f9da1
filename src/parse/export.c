/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One entry in the journal export format (systemd.io/JOURNAL_EXPORT_FORMATS) as the JSON object
 * that the collector makes of the local journal's: decoder.md, section 9.
 *
 *	entry = *field, field = name "=" text LF / name LF length octets LF
 */
#include "base/limits.h"
#include "base/utf8.h"
#include "model/json.h"
#include "parse/unpack_int.h"

/* The line at the cursor without its LF; its end is the body's when there is none. */
static struct span
line_take(struct cur *in)
{
	const uint8_t *lf = cur_left(in) > 0 ? memchr(in->p, '\n', cur_left(in)) : NULL;
	struct span line = cur_span(in, lf != NULL ? (uint64_t)(lf - in->p) : cur_left(in));

	if (lf != NULL)
		(void)cur_u8(in);
	return line;
}

/* A field that would pass the record's limit is left out and counted as cut. */
static void
field_put(struct unpack *u, struct span name, struct span value)
{
	size_t before = u->record.n;

	/* No form of it is shorter than the value. */
	if (before + name.n + value.n + 1 > LIMIT_RECORD_BYTES) {
		u->cut += name.n + value.n;
		return;
	}
	unpack_name(&u->record, name);
	if (utf8_valid(value))
		json_string(&u->record, value);
	else
		json_octets(&u->record, value);
	if (u->record.n + 1 <= LIMIT_RECORD_BYTES)
		return;
	u->record.n = before;
	u->cut += name.n + value.n;
}

static enum err
entry_next(struct unpack *u, struct why *why)
{
	struct cur *in = &u->place[0].proto;

	if (cur_left(in) == 0)
		return ERR_ABSENT;
	while (cur_left(in) > 0) {
		struct span line, name, value;
		const uint8_t *is;

		u->at = in->p;
		line = line_take(in);
		is = line.n > 0 ? memchr(line.p, '=', line.n) : NULL;
		name = span_sub(line, 0, is != NULL ? (size_t)(is - line.p) : line.n);
		if (name.n == 0)
			return unpack_broken(u, why, "a field without a name");
		if (is != NULL) {
			value = span_sub(line, name.n + 1, SIZE_MAX);
		} else {
			value = cur_span(in, cur_u64(in));
			if (cur_u8(in) != '\n' || in->bad)
				return unpack_broken(u, why, "a field longer than the entry");
		}
		field_put(u, name, value);
	}
	if (u->record.n == 0)
		buf_u8(&u->record, '{');
	buf_u8(&u->record, '}');
	return OK;
}

const struct unpack_kind unpack_entry = { NULL, entry_next };
