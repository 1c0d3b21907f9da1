/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenTelemetry logs as protobuf: decoder.md, section 8; messages of opentelemetry-proto 1.x,
 * collector/logs, logs, resource and common. Values inside of values are a stack, not recursion.
 */
#include "base/limits.h"
#include "model/base64.h"
#include "model/json.h"
#include "parse/unpack_int.h"

enum level { REQUEST, RESOURCE_LOGS, SCOPE_LOGS };

enum {
	REQUEST_RESOURCE = PROTO_IS(1, PROTO_BYTES),
	GROUP_ABOUT = PROTO_IS(1, PROTO_BYTES),		/* a resource, a scope */
	GROUP_PARTS = PROTO_IS(2, PROTO_BYTES),		/* scopes, records */
	GROUP_SCHEMA = PROTO_IS(3, PROTO_BYTES),
	RESOURCE_ATTRIBUTES = PROTO_IS(1, PROTO_BYTES),
	RESOURCE_DROPPED = PROTO_IS(2, PROTO_VARINT),
	SCOPE_NAME = PROTO_IS(1, PROTO_BYTES),
	SCOPE_VERSION = PROTO_IS(2, PROTO_BYTES),
	SCOPE_ATTRIBUTES = PROTO_IS(3, PROTO_BYTES),
	SCOPE_DROPPED = PROTO_IS(4, PROTO_VARINT),
	LOG_TIME = PROTO_IS(1, PROTO_FIXED64),
	LOG_SEVERITY = PROTO_IS(2, PROTO_VARINT),
	LOG_SEVERITY_TEXT = PROTO_IS(3, PROTO_BYTES),
	LOG_BODY = PROTO_IS(5, PROTO_BYTES),
	LOG_ATTRIBUTES = PROTO_IS(6, PROTO_BYTES),
	LOG_DROPPED = PROTO_IS(7, PROTO_VARINT),
	LOG_FLAGS = PROTO_IS(8, PROTO_FIXED32),
	LOG_TRACE = PROTO_IS(9, PROTO_BYTES),
	LOG_SPAN = PROTO_IS(10, PROTO_BYTES),
	LOG_OBSERVED = PROTO_IS(11, PROTO_FIXED64),
	LOG_EVENT = PROTO_IS(12, PROTO_BYTES),
	PAIR_KEY = PROTO_IS(1, PROTO_BYTES),
	PAIR_VALUE = PROTO_IS(2, PROTO_BYTES),
	LIST_VALUES = PROTO_IS(1, PROTO_BYTES),		/* of values, or of pairs */
	ANY_STRING = PROTO_IS(1, PROTO_BYTES),
	ANY_BOOL = PROTO_IS(2, PROTO_VARINT),
	ANY_INT = PROTO_IS(3, PROTO_VARINT),
	ANY_DOUBLE = PROTO_IS(4, PROTO_FIXED64),
	ANY_ARRAY = PROTO_IS(5, PROTO_BYTES),
	ANY_LIST = PROTO_IS(6, PROTO_BYTES),
	ANY_BYTES = PROTO_IS(7, PROTO_BYTES),
};

/* ---- values ---- */

/* An array or list of pairs whose elements are being written. */
struct nest {
	struct cur in;
	bool pairs;
	bool begun;
};

struct writer {
	struct unpack *u;
	struct buf *out;
	unsigned depth;
	struct nest nest[LIMIT_VALUE_DEPTH];
};

/* JSON has no such numbers: they are written as protobuf's own mapping has them. */
static void
double_put(struct buf *out, uint64_t bits)
{
	double v;

	memcpy(&v, &bits, sizeof v);
	if ((bits >> 52 & 0x7ff) != 0x7ff)
		json_real(out, v);
	else if ((bits & (UINT64_MAX >> 12)) != 0)
		buf_str(out, "{\"doubleValue\":\"NaN\"}");
	else
		buf_str(out, bits >> 63 != 0 ? "{\"doubleValue\":\"-Infinity\"}" :
		    "{\"doubleValue\":\"Infinity\"}");
}

static enum err
nest_enter(struct writer *w, const struct proto_field *field)
{
	bool pairs = proto_is(field) == ANY_LIST;

	if (w->depth == LIMIT_VALUE_DEPTH)
		return ERR_LIMIT;
	buf_u8(w->out, pairs ? '{' : '[');
	w->nest[w->depth++] = (struct nest){ .in = cur_of(field->bytes), .pairs = pairs };
	return OK;
}

/* One AnyValue; of an array or list only the bracket is written, and it is entered. */
static enum err
any_begin(struct writer *w, struct span any)
{
	struct cur in = cur_of(any);
	struct proto_field field, value = { .number = 0 };
	enum err rc;

	while ((rc = proto_next(&in, &field)) == OK) {
		if (field.number <= 7)
			value = field;		/* the last one counts, as in every oneof */
		else
			w->u->skipped++;
	}
	if (rc != ERR_ABSENT)
		return rc;
	switch (value.number == 0 ? 0 : proto_is(&value)) {
	case ANY_STRING:
		json_string(w->out, value.bytes);
		break;
	case ANY_BOOL:
		buf_str(w->out, value.value != 0 ? "true" : "false");
		break;
	case ANY_INT:
		json_signed(w->out, (int64_t)value.value);
		break;
	case ANY_DOUBLE:
		double_put(w->out, value.value);
		break;
	case ANY_ARRAY:
	case ANY_LIST:
		return nest_enter(w, &value);
	case ANY_BYTES:
		buf_str(w->out, "{\"bytesValue\":\"");
		base64_put(w->out, value.bytes);
		buf_str(w->out, "\"}");
		break;
	default:
		w->u->skipped += value.number != 0;
		buf_str(w->out, "null");
	}
	return OK;
}

/* KeyValue: `"key":` and the begin of the value */
static enum err
pair_begin(struct writer *w, struct span pair)
{
	struct cur in = cur_of(pair);
	struct proto_field field;
	struct span key = { NULL, 0 }, value = { NULL, 0 };
	enum err rc;

	while ((rc = proto_next(&in, &field)) == OK) {
		if (proto_is(&field) == PAIR_KEY)
			key = field.bytes;
		else if (proto_is(&field) == PAIR_VALUE)
			value = field.bytes;
		else
			w->u->skipped++;
	}
	if (rc != ERR_ABSENT)
		return rc;
	json_string(w->out, key);
	buf_u8(w->out, ':');
	return any_begin(w, value);
}

/* What was entered, to its end. */
static enum err
nests_put(struct writer *w)
{
	struct proto_field field;
	enum err rc = OK;

	while (rc == OK && w->depth > 0) {
		struct nest *nest = &w->nest[w->depth - 1];

		rc = proto_next(&nest->in, &field);
		if (rc == ERR_ABSENT) {
			buf_u8(w->out, nest->pairs ? '}' : ']');
			w->depth--;
			rc = OK;
		} else if (rc == OK && proto_is(&field) != LIST_VALUES) {
			w->u->skipped++;
		} else if (rc == OK) {
			if (nest->begun)
				buf_u8(w->out, ',');
			nest->begun = true;
			rc = nest->pairs ? pair_begin(w, field.bytes) :
			    any_begin(w, field.bytes);
		}
	}
	return rc;
}

static enum err
any_put(struct unpack *u, struct buf *out, struct span any)
{
	struct writer w;
	enum err rc;

	w.u = u;
	w.out = out;
	w.depth = 0;
	rc = any_begin(&w, any);
	return rc == OK ? nests_put(&w) : rc;
}

/* `,"key":value` */
static enum err
attribute_put(struct unpack *u, struct buf *out, struct span pair)
{
	struct writer w;
	enum err rc;

	w.u = u;
	w.out = out;
	w.depth = 0;
	buf_u8(out, ',');
	rc = pair_begin(&w, pair);
	return rc == OK ? nests_put(&w) : rc;
}

/* ---- resources and scopes ---- */

static void
text_put(struct buf *out, const char *name, struct span text)
{
	if (text.n == 0)
		return;
	unpack_name(out, span_str(name));
	json_string(out, text);
}

static void
number_put(struct buf *out, const char *name, uint64_t number)
{
	if (number == 0)
		return;
	unpack_name(out, span_str(name));
	json_unsigned(out, number);
}

/* attributes into u->outer, what else there is into about */
static enum err
resource_put(struct unpack *u, struct buf *about, struct span resource)
{
	struct cur in = cur_of(resource);
	struct proto_field field;
	enum err rc;

	while ((rc = proto_next(&in, &field)) == OK) {
		if (proto_is(&field) == RESOURCE_ATTRIBUTES)
			rc = attribute_put(u, &u->outer, field.bytes);
		else if (proto_is(&field) == RESOURCE_DROPPED)
			number_put(about, "dropped_attributes_count", field.value);
		else
			u->skipped++;
		if (rc != OK)
			return rc;
	}
	return rc == ERR_ABSENT ? OK : rc;
}

/* outer = *( "," attribute ) [ ',"otel.resource":{...}' ] */
static enum err
resource_logs_enter(struct unpack *u, struct span message)
{
	struct cur look = cur_of(message);
	struct buf *about = &u->attributes;
	struct proto_field field;
	enum err rc = OK;

	u->outer.n = about->n = 0;
	while (rc == OK && (rc = proto_next(&look, &field)) == OK) {
		if (proto_is(&field) == GROUP_ABOUT)
			rc = resource_put(u, about, field.bytes);
		else if (proto_is(&field) == GROUP_SCHEMA)
			text_put(about, "schema_url", field.bytes);
	}
	if (rc != ERR_ABSENT)
		return rc;
	if (about->n > 0) {
		buf_str(&u->outer, ",\"otel.resource\":");
		buf_span_put(&u->outer, buf_span(about));
		buf_u8(&u->outer, '}');
		about->n = 0;
	}
	unpack_proto_enter(u, message);
	return OK;
}

static enum err
scope_put(struct unpack *u, struct span scope)
{
	struct cur in = cur_of(scope);
	struct proto_field field;
	struct buf *attributes = &u->record;
	enum err rc = OK;

	attributes->n = 0;
	while (rc == OK && (rc = proto_next(&in, &field)) == OK) {
		switch (proto_is(&field)) {
		case SCOPE_NAME:
			text_put(&u->attributes, "name", field.bytes);
			break;
		case SCOPE_VERSION:
			text_put(&u->attributes, "version", field.bytes);
			break;
		case SCOPE_ATTRIBUTES:
			rc = attribute_put(u, attributes, field.bytes);
			break;
		case SCOPE_DROPPED:
			number_put(&u->attributes, "dropped_attributes_count", field.value);
			break;
		default:
			u->skipped++;
		}
	}
	if (attributes->n > 0) {
		unpack_name(&u->attributes, SPAN("attributes"));
		buf_u8(&u->attributes, '{');
		buf_span_put(&u->attributes, span_sub(buf_span(attributes), 1, SIZE_MAX));
		buf_u8(&u->attributes, '}');
		attributes->n = 0;
	}
	return rc == ERR_ABSENT ? OK : rc;
}

/* tail = ',"otel.scope":{' ... "}" outer "}" */
static enum err
scope_logs_enter(struct unpack *u, struct span message)
{
	struct cur look = cur_of(message);
	struct proto_field field;
	enum err rc = OK;

	u->attributes.n = 0;
	while (rc == OK && (rc = proto_next(&look, &field)) == OK) {
		if (proto_is(&field) == GROUP_ABOUT)
			rc = scope_put(u, field.bytes);
		else if (proto_is(&field) == GROUP_SCHEMA)
			text_put(&u->attributes, "schema_url", field.bytes);
	}
	if (rc != ERR_ABSENT)
		return rc;
	u->tail.n = 0;
	buf_str(&u->tail, ",\"otel.scope\":");
	if (u->attributes.n == 0)
		buf_u8(&u->tail, '{');
	buf_span_put(&u->tail, buf_span(&u->attributes));
	buf_u8(&u->tail, '}');
	buf_span_put(&u->tail, buf_span(&u->outer));
	buf_u8(&u->tail, '}');
	u->attributes.n = 0;
	unpack_proto_enter(u, message);
	return OK;
}

/* ---- records ---- */

static void
time_put(struct buf *out, const char *name, uint64_t ns)
{
	if (ns == 0)			/* unknown, says the protocol */
		return;
	unpack_name(out, span_str(name));
	buf_u8(out, '"');
	json_unsigned(out, ns);
	buf_u8(out, '"');
}

static void
hex_put(struct buf *out, const char *name, struct span octets)
{
	if (octets.n == 0)
		return;
	unpack_name(out, span_str(name));
	json_hex(out, octets);
}

/* A body that is an array or a list is called `body`, any other `_msg`. */
static enum err
body_put(struct unpack *u, struct span any)
{
	struct cur in = cur_of(any);
	struct proto_field field;
	bool nested = false;

	while (proto_next(&in, &field) == OK)
		nested = proto_is(&field) == ANY_ARRAY || proto_is(&field) == ANY_LIST;
	unpack_name(&u->record, nested ? SPAN("body") : SPAN("_msg"));
	return any_put(u, &u->record, any);
}

static enum err
log_field_put(struct unpack *u, const struct proto_field *field)
{
	struct buf *out = &u->record;

	switch (proto_is(field)) {
	case LOG_TIME:
		time_put(out, "_time", field->value);
		break;
	case LOG_OBSERVED:
		time_put(out, "observed_time", field->value);
		break;
	case LOG_SEVERITY:
		number_put(out, "severity_number", field->value);
		break;
	case LOG_SEVERITY_TEXT:
		text_put(out, "severity_text", field->bytes);
		break;
	case LOG_BODY:
		return body_put(u, field->bytes);
	case LOG_ATTRIBUTES:
		return attribute_put(u, &u->attributes, field->bytes);
	case LOG_DROPPED:
		number_put(out, "dropped_attributes_count", field->value);
		break;
	case LOG_FLAGS:
		number_put(out, "flags", field->value);
		break;
	case LOG_TRACE:
		hex_put(out, "trace_id", field->bytes);
		break;
	case LOG_SPAN:
		hex_put(out, "span_id", field->bytes);
		break;
	case LOG_EVENT:
		text_put(out, "event_name", field->bytes);
		break;
	default:
		u->skipped++;
	}
	return OK;
}

/* record = "{" own fields *( "," attribute ) tail */
static enum err
log_put(struct unpack *u, struct span message)
{
	struct cur in = cur_of(message);
	struct proto_field field;
	enum err rc = OK;

	while (rc == OK && (rc = proto_next(&in, &field)) == OK)
		rc = log_field_put(u, &field);
	if (rc != ERR_ABSENT)
		return rc;
	if (u->record.n == 0)
		buf_str(&u->record, "{\"_msg\":null");
	buf_span_put(&u->record, buf_span(&u->attributes));
	buf_span_put(&u->record, buf_span(&u->tail));
	return OK;
}

static enum err
otlp_next(struct unpack *u, struct why *why)
{
	struct proto_field field;
	enum err rc;

	while ((rc = unpack_proto_next(u, &field, why)) == OK) {
		uint64_t is = proto_is(&field);
		bool given = false;

		if (u->level == REQUEST && is == REQUEST_RESOURCE) {
			rc = resource_logs_enter(u, field.bytes);
		} else if (u->level == RESOURCE_LOGS && is == GROUP_PARTS) {
			rc = scope_logs_enter(u, field.bytes);
		} else if (u->level == SCOPE_LOGS && is == GROUP_PARTS) {
			rc = log_put(u, field.bytes);
			given = true;
		} else if (u->level == REQUEST || (is != GROUP_ABOUT && is != GROUP_SCHEMA)) {
			u->skipped++;
		}
		if (rc == ERR_LIMIT)
			return unpack_broken(u, why, "a value with too many values inside of each "
			    "other");
		if (rc != OK)
			return unpack_broken(u, why, "broken protobuf message");
		if (given)
			return OK;
	}
	return rc;
}

const struct unpack_kind unpack_otlp_proto = { NULL, otlp_next };
