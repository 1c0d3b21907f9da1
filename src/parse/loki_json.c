/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loki's push as JSON: decoder.md, section 7; the form of its HTTP API, "Ingest logs".
 *
 *	{"streams":[{"stream":{"label":"value"},"values":[["ns","line",{"name":"value"}]]}]}
 *
 * Strings go into the record as the sender wrote them, escapes and all.
 */
#include "parse/unpack_int.h"

enum level { REQUEST, STREAMS, STREAM, VALUES };

/* The members between the braces of value, behind what out has; *more: there is something. */
static void
members_put(struct buf *out, struct span value)
{
	struct span inside = span_sub(value, 1, value.n - 2);

	while (inside.n > 0 && (inside.p[0] == ' ' || inside.p[0] == '\n' ||
	    inside.p[0] == '\r' || inside.p[0] == '\t'))
		inside = span_sub(inside, 1, SIZE_MAX);
	if (inside.n == 0)
		return;
	buf_u8(out, ',');
	buf_span_put(out, inside);
}

/* tail = ',"stream":{}' [ "," labels ] "}": the labels, wherever they stand in the stream */
static enum err
stream_enter(struct unpack *u, const struct pulled *stream, struct why *why)
{
	struct pull look = pull_into(&u->place[u->level].json, stream);
	struct pulled member;
	enum err rc;

	u->tail.n = 0;
	buf_str(&u->tail, ",\"stream\":{}");
	while ((rc = pull_next(&look, &member)) == OK)
		if (pull_is(&member, "stream", PULL_OBJECT)) {
			if (pull_span(&look, &member) != OK)
				break;
			members_put(&u->tail, member.value);
		}
	if (rc != ERR_ABSENT)
		return unpack_broken(u, why, "broken JSON in the stream");
	buf_u8(&u->tail, '}');
	unpack_json_enter(u, stream);
	return OK;
}

/* entry = "[" time "," line [ "," metadata ] "]" */
static enum err
entry_put(struct unpack *u, const struct pulled *entry, struct why *why)
{
	struct pull *outer = &u->place[u->level].json;
	struct pull in = pull_into(outer, entry);
	struct pulled part;
	enum err rc;

	if (pull_next(&in, &part) != OK || part.kind > PULL_LITERAL)
		return unpack_broken(u, why, "no time in the value");
	unpack_name(&u->record, SPAN("_time"));
	unpack_json_scalar(&u->record, &part);
	if (pull_next(&in, &part) != OK || part.kind != PULL_STRING)
		return unpack_broken(u, why, "no line in the value");
	unpack_name(&u->record, SPAN("_msg"));
	unpack_json_scalar(&u->record, &part);
	while ((rc = pull_next(&in, &part)) == OK) {
		if (part.kind != PULL_OBJECT) {
			u->skipped++;
			continue;
		}
		if (pull_span(&in, &part) != OK)
			break;
		members_put(&u->record, part.value);
	}
	if (rc != ERR_ABSENT)
		return unpack_broken(u, why, "broken JSON in the value");
	pull_back(outer, &in);
	buf_span_put(&u->record, buf_span(&u->tail));
	return OK;
}

static enum err
loki_next(struct unpack *u, struct why *why)
{
	struct pulled it;
	enum err rc;

	while ((rc = unpack_json_next(u, &it, why)) == OK) {
		switch ((enum level)u->level) {
		case REQUEST:
			if (pull_is(&it, "streams", PULL_ARRAY))
				unpack_json_enter(u, &it);
			else
				u->skipped++;
			break;
		case STREAMS:
			if (it.kind != PULL_OBJECT)
				return unpack_broken(u, why, "a stream that is no object");
			rc = stream_enter(u, &it, why);
			if (rc != OK)
				return rc;
			break;
		case STREAM:
			if (pull_is(&it, "values", PULL_ARRAY))
				unpack_json_enter(u, &it);
			else if (!pull_is(&it, "stream", PULL_OBJECT))
				u->skipped++;
			break;
		case VALUES:
			if (it.kind != PULL_ARRAY)
				return unpack_broken(u, why, "a value that is no array");
			return entry_put(u, &it, why);
		}
	}
	return rc;
}

const struct unpack_kind unpack_loki_json = { unpack_json_begin, loki_next };
