/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loki's push as protobuf: decoder.md, section 7; messages of pkg/push/push.proto. The labels of a
 * stream are one string there, in the notation of Prometheus.
 */
#include "base/fold.h"
#include "model/json.h"
#include "parse/unpack_int.h"

enum level { REQUEST, STREAM };

enum {
	REQUEST_STREAMS = PROTO_IS(1, PROTO_BYTES),
	STREAM_LABELS = PROTO_IS(1, PROTO_BYTES),
	STREAM_ENTRIES = PROTO_IS(2, PROTO_BYTES),
	STREAM_HASH = PROTO_IS(3, PROTO_VARINT),	/* of the labels: says nothing new */
	ENTRY_TIME = PROTO_IS(1, PROTO_BYTES),
	ENTRY_LINE = PROTO_IS(2, PROTO_BYTES),
	ENTRY_METADATA = PROTO_IS(3, PROTO_BYTES),
	ENTRY_PARSED = PROTO_IS(4, PROTO_BYTES),
	TIME_SECONDS = PROTO_IS(1, PROTO_VARINT),
	TIME_NANOS = PROTO_IS(2, PROTO_VARINT),
	PAIR_NAME = PROTO_IS(1, PROTO_BYTES),
	PAIR_VALUE = PROTO_IS(2, PROTO_BYTES),
	RUNE_BYTES = 4,
	RUNE_LAST = 0x10ffff,
};

#define NS_PER_S INT64_C(1000000000)

/* ---- labels ---- */

static void
space_skip(struct cur *in)
{
	while (in->p < in->end && (*in->p == ' ' || *in->p == '\t'))
		in->p++;
}

/* n digits of base 8 or 16 */
static uint32_t
digits_take(struct cur *in, unsigned n, unsigned base)
{
	uint32_t v = 0;

	for (; n > 0; n--) {
		uint8_t c = cur_u8(in), low = c | 0x20;
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)c - '0' :
		    low >= 'a' && low <= 'f' ? (unsigned)low - 'a' + 10 : 16;

		if (digit >= base)
			in->bad = true;
		v = v * base + digit;
	}
	return v;
}

/* escape = "\" of a Go string, behind the backslash */
static void
escape_take(struct cur *in, struct buf *out)
{
	static const char from[] = "abfnrtv\\\"'", to[] = "\a\b\f\n\r\t\v\\\"'";
	uint8_t c = cur_u8(in), rune[RUNE_BYTES];
	const char *simple = memchr(from, c, sizeof from - 1);

	if (simple != NULL) {
		buf_u8(out, (uint8_t)to[simple - from]);
	} else if (c == 'x') {
		buf_u8(out, (uint8_t)digits_take(in, 2, 16));
	} else if (c == 'u' || c == 'U') {
		uint32_t r = digits_take(in, c == 'u' ? 4 : 8, 16);

		buf_put(out, rune, rune_put(rune, r <= RUNE_LAST ? r : RUNE_BAD));
	} else if (c >= '0' && c <= '3') {
		in->p--;
		buf_u8(out, (uint8_t)digits_take(in, 3, 8));
	} else {
		in->bad = true;
	}
}

/* string = DQUOTE *( octet / escape ) DQUOTE / "`" *octet "`", what it means into out */
static void
string_take(struct cur *in, struct buf *out)
{
	uint8_t quote = cur_u8(in), c;

	out->n = 0;
	if (quote != '"' && quote != '`')
		in->bad = true;
	while ((c = cur_u8(in)) != quote && !in->bad) {
		if (c == '\\' && quote == '"')
			escape_take(in, out);
		else
			buf_u8(out, c);
	}
}

/* name = string / 1*octet without blanks, "=", "}" and "," */
static struct span
name_take(struct cur *in, struct buf *room)
{
	const uint8_t *from = in->p;

	if (in->p < in->end && *in->p == '"') {
		string_take(in, room);
		return buf_span(room);
	}
	while (in->p < in->end && memchr("=,} \t", *in->p, 5) == NULL)
		in->p++;
	if (in->p == from)
		in->bad = true;
	return span_of(from, (size_t)(in->p - from));
}

/* labels = "{" [ label *( "," label ) [ "," ] ] "}", label = name "=" string */
static bool
labels_put(struct unpack *u, struct span labels)
{
	struct cur in = cur_of(labels);

	space_skip(&in);
	if (cur_u8(&in) != '{')
		return false;
	for (;;) {
		uint8_t c;

		space_skip(&in);
		if (in.p < in.end && *in.p == '}')
			break;
		unpack_name(&u->tail, name_take(&in, &u->record));
		space_skip(&in);
		if (cur_u8(&in) != '=')
			return false;
		space_skip(&in);
		string_take(&in, &u->record);
		json_string(&u->tail, buf_span(&u->record));
		space_skip(&in);
		c = in.p < in.end ? *in.p : 0;
		if (in.bad || (c != ',' && c != '}'))
			return false;
		if (c == ',')
			in.p++;
	}
	in.p++;
	space_skip(&in);
	return cur_done(&in);
}

static enum err
stream_enter(struct unpack *u, struct span stream, struct why *why)
{
	struct cur look = cur_of(stream);
	struct proto_field field;

	u->tail.n = 0;
	buf_str(&u->tail, ",\"stream\":{}");
	while (proto_next(&look, &field) == OK)
		if (proto_is(&field) == STREAM_LABELS && !labels_put(u, field.bytes))
			return unpack_broken(u, why, "labels not like {name=\"value\"}, of the "
			    "stream");
	u->record.n = 0;
	buf_u8(&u->tail, '}');
	unpack_proto_enter(u, stream);
	return OK;
}

/* ---- entries ---- */

/* google.protobuf.Timestamp; nanoseconds when they fit, else as both numbers. False: broken. */
static bool
time_put(struct buf *out, struct span message)
{
	struct cur in = cur_of(message);
	struct proto_field field;
	int64_t seconds = 0, nanos = 0, ns;
	enum err rc;

	while ((rc = proto_next(&in, &field)) == OK) {
		if (proto_is(&field) == TIME_SECONDS)
			seconds = (int64_t)field.value;
		else if (proto_is(&field) == TIME_NANOS)
			nanos = (int64_t)field.value;
	}
	unpack_name(out, SPAN("_time"));
	buf_u8(out, '"');
	if (__builtin_mul_overflow(seconds, NS_PER_S, &ns) ||
	    __builtin_add_overflow(ns, nanos, &ns)) {
		json_signed(out, seconds);
		buf_str(out, " s ");
		ns = nanos;
	}
	json_signed(out, ns);
	buf_u8(out, '"');
	return rc == ERR_ABSENT;
}

static bool
pair_put(struct buf *out, struct span message)
{
	struct cur in = cur_of(message);
	struct proto_field field;
	struct span name = { NULL, 0 }, value = { NULL, 0 };
	enum err rc;

	while ((rc = proto_next(&in, &field)) == OK) {
		if (proto_is(&field) == PAIR_NAME)
			name = field.bytes;
		else if (proto_is(&field) == PAIR_VALUE)
			value = field.bytes;
	}
	unpack_name(out, name);
	json_string(out, value);
	return rc == ERR_ABSENT;
}

static enum err
entry_put(struct unpack *u, struct span entry, struct why *why)
{
	struct cur in = cur_of(entry);
	struct proto_field field;
	struct span line = { NULL, 0 };
	bool good = true;
	enum err rc = OK;

	buf_u8(&u->attributes, ' ');	/* so that a comma goes before the first */
	while (good && (rc = proto_next(&in, &field)) == OK) {
		switch (proto_is(&field)) {
		case ENTRY_TIME:
			good = time_put(&u->record, field.bytes);
			break;
		case ENTRY_LINE:
			line = field.bytes;
			break;
		case ENTRY_METADATA:
		case ENTRY_PARSED:
			good = pair_put(&u->attributes, field.bytes);
			break;
		default:
			u->skipped++;
		}
	}
	if (!good || rc != ERR_ABSENT)
		return unpack_broken(u, why, "broken protobuf message in the entry");
	unpack_name(&u->record, SPAN("_msg"));
	json_string(&u->record, line);
	buf_span_put(&u->record, span_sub(buf_span(&u->attributes), 1, SIZE_MAX));
	buf_span_put(&u->record, buf_span(&u->tail));
	return OK;
}

static enum err
loki_next(struct unpack *u, struct why *why)
{
	struct proto_field field;
	enum err rc;

	while ((rc = unpack_proto_next(u, &field, why)) == OK) {
		uint64_t is = proto_is(&field);

		if (u->level == REQUEST && is == REQUEST_STREAMS) {
			rc = stream_enter(u, field.bytes, why);
			if (rc != OK)
				return rc;
		} else if (u->level == STREAM && is == STREAM_ENTRIES) {
			return entry_put(u, field.bytes, why);
		} else if (u->level != STREAM || (is != STREAM_LABELS && is != STREAM_HASH)) {
			u->skipped++;
		}
	}
	return rc;
}

const struct unpack_kind unpack_loki_proto = { NULL, loki_next };
