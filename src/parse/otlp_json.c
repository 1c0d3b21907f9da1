/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenTelemetry logs as JSON: decoder.md, section 8; OTLP specification, "JSON Protobuf
 * Encoding". The record is the one that the same message in protobuf gives, but for the strings,
 * which stay as the sender wrote them. Values inside of values are a stack, not recursion.
 */
#include "base/limits.h"
#include "parse/scan.h"
#include "parse/unpack_int.h"

enum level { REQUEST, RESOURCES, RESOURCE, SCOPES, SCOPE, LOGS };

/* ---- values ---- */

/* The "values" of an array or list, being written. */
struct nest {
	struct pull in;
	bool pairs;
	bool begun;
};

struct writer {
	struct unpack *u;
	struct buf *out;
	unsigned depth;
	struct nest nest[LIMIT_VALUE_DEPTH];
};

/* A number, or a string that holds nothing else; as a number either way. */
static void
number_copy(struct buf *out, const struct pulled *value, bool real)
{
	const uint8_t *p = value->value.p, *end = p + value->value.n;
	bool number = value->value.n > 0 && (*p == '-' || (*p >= '0' && *p <= '9')) &&
	    scan_number(p, end) == end;

	if (!number) {
		if (real)
			buf_str(out, "{\"doubleValue\":");
		unpack_json_scalar(out, value);
		if (real)
			buf_u8(out, '}');
		return;
	}
	buf_span_put(out, value->value);
	while (p < end && *p != '.' && (*p | 0x20) != 'e')
		p++;
	if (real && p == end)
		buf_str(out, ".0");
}

/* value: the object of an array or list; nothing in it is as good as no values. */
static enum err
nest_enter(struct writer *w, const struct pull *in, const struct pulled *value, bool pairs)
{
	struct pull inside = pull_into(in, value);
	struct pull list = pull_of(SPAN("]"));
	struct pulled member;
	enum err rc;

	if (w->depth == LIMIT_VALUE_DEPTH)
		return ERR_LIMIT;
	while ((rc = pull_next(&inside, &member)) == OK) {
		if (pull_is(&member, "values", PULL_ARRAY))
			list = pull_into(&inside, &member);
		else
			w->u->skipped++;
	}
	if (rc != ERR_ABSENT)
		return rc;
	buf_u8(w->out, pairs ? '{' : '[');
	w->nest[w->depth++] = (struct nest){ .in = list, .pairs = pairs };
	return OK;
}

static enum err
any_member(struct writer *w, struct pull *in, const struct pulled *m)
{
	bool scalar = m->kind == PULL_STRING || m->kind == PULL_LITERAL;

	if (pull_is(m, "stringValue", PULL_STRING) || pull_is(m, "boolValue", PULL_LITERAL))
		unpack_json_scalar(w->out, m);
	else if (scalar && span_is(m->key, "intValue"))
		number_copy(w->out, m, false);
	else if (scalar && span_is(m->key, "doubleValue"))
		number_copy(w->out, m, true);
	else if (pull_is(m, "arrayValue", PULL_OBJECT))
		return nest_enter(w, in, m, false);
	else if (pull_is(m, "kvlistValue", PULL_OBJECT))
		return nest_enter(w, in, m, true);
	else if (pull_is(m, "bytesValue", PULL_STRING)) {
		buf_str(w->out, "{\"bytesValue\":");
		unpack_json_scalar(w->out, m);
		buf_u8(w->out, '}');
	} else
		return ERR_ABSENT;
	return OK;
}

/* One AnyValue, an object: the first member that is a value counts. in: where it was pulled. */
static enum err
any_begin(struct writer *w, struct pull *in, const struct pulled *any)
{
	struct pull inside;
	struct pulled member;
	bool done = false;
	enum err rc;

	if (any->kind != PULL_OBJECT) {
		if (!span_is(any->value, "null"))
			return ERR_FORMAT;
		buf_str(w->out, "null");
		return OK;
	}
	inside = pull_into(in, any);
	while ((rc = pull_next(&inside, &member)) == OK) {
		rc = done ? ERR_ABSENT : any_member(w, &inside, &member);
		if (rc != OK && rc != ERR_ABSENT)
			return rc;
		done |= rc == OK;
		w->u->skipped += rc != OK;
	}
	if (rc != ERR_ABSENT)
		return rc;
	if (!done)
		buf_str(w->out, "null");
	return OK;
}

/* KeyValue: `"key":` and the begin of the value */
static enum err
pair_begin(struct writer *w, struct pull *in, const struct pulled *pair)
{
	struct pull inside, value_in = { .p = NULL };
	struct pulled member, key = { .kind = PULL_STRING };
	struct pulled value = { .value = SPAN("null"), .kind = PULL_LITERAL };
	enum err rc;

	if (pair->kind != PULL_OBJECT)
		return ERR_FORMAT;
	inside = pull_into(in, pair);
	while ((rc = pull_next(&inside, &member)) == OK) {
		if (pull_is(&member, "key", PULL_STRING)) {
			key = member;
		} else if (span_is(member.key, "value")) {
			value = member;
			value_in = inside;
		} else {
			w->u->skipped++;
		}
	}
	if (rc != ERR_ABSENT)
		return rc;
	unpack_json_scalar(w->out, &key);
	buf_u8(w->out, ':');
	return any_begin(w, &value_in, &value);
}

/* What was entered, to its end. */
static enum err
nests_put(struct writer *w)
{
	struct pulled it;
	enum err rc = OK;

	while (rc == OK && w->depth > 0) {
		struct nest *nest = &w->nest[w->depth - 1];

		rc = pull_next(&nest->in, &it);
		if (rc == ERR_ABSENT) {
			buf_u8(w->out, nest->pairs ? '}' : ']');
			w->depth--;
			rc = OK;
		} else if (rc == OK) {
			if (nest->begun)
				buf_u8(w->out, ',');
			nest->begun = true;
			rc = nest->pairs ? pair_begin(w, &nest->in, &it) :
			    any_begin(w, &nest->in, &it);
		}
	}
	return rc;
}

static enum err
any_put(struct unpack *u, struct buf *out, struct pull *in, const struct pulled *any)
{
	struct writer w;
	enum err rc;

	w.u = u;
	w.out = out;
	w.depth = 0;
	rc = any_begin(&w, in, any);
	return rc == OK ? nests_put(&w) : rc;
}

/* *( "," attribute ) of the array of pairs */
static enum err
attributes_put(struct unpack *u, struct buf *out, const struct pull *in,
    const struct pulled *array)
{
	struct pull list = pull_into(in, array);
	struct pulled pair;
	struct writer w;
	enum err rc;

	w.u = u;
	w.out = out;
	w.depth = 0;
	while ((rc = pull_next(&list, &pair)) == OK) {
		buf_u8(out, ',');
		rc = pair_begin(&w, &list, &pair);
		if (rc == OK)
			rc = nests_put(&w);
		if (rc != OK)
			return rc;
	}
	return rc == ERR_ABSENT ? OK : rc;
}

/* ---- resources and scopes ---- */

/* What is said by its absence too is left out: "", "0" and 0, as protobuf does. */
static bool
is_default(const struct pulled *value)
{
	return value->value.n == 0 || span_is(value->value, "0") || span_is(value->value, "null");
}

/* The member under the name; false: it is none that has one value. */
static bool
scalar_put(struct buf *out, const char *name, const struct pulled *value)
{
	if (value->kind != PULL_STRING && value->kind != PULL_LITERAL)
		return false;
	if (is_default(value))
		return true;
	unpack_name(out, span_str(name));
	unpack_json_scalar(out, value);
	return true;
}

/* Members of a resource or scope that are not its attributes. */
static bool
about_put(struct buf *out, const struct pulled *member)
{
	static const char *const names[][2] = { { "name", "name" }, { "version", "version" },
	    { "droppedAttributesCount", "dropped_attributes_count" },
	    { "schemaUrl", "schema_url" } };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_is(member->key, names[i][0]))
			return scalar_put(out, names[i][1], member);
	return false;
}

/* Attributes into `attributes`, the rest into `about`. */
static enum err
group_about(struct unpack *u, const struct pull *in, const struct pulled *object,
    struct buf *attributes, struct buf *about)
{
	struct pull inside = pull_into(in, object);
	struct pulled member;
	enum err rc = OK;

	while (rc == OK && (rc = pull_next(&inside, &member)) == OK) {
		if (pull_is(&member, "attributes", PULL_ARRAY))
			rc = attributes_put(u, attributes, &inside, &member);
		else if (!about_put(about, &member))
			u->skipped++;
	}
	return rc == ERR_ABSENT ? OK : rc;
}

/* Looks through a group for what is said about all of it, wherever that stands. */
static enum err
group_look(struct unpack *u, const struct pulled *group, const char *what,
    struct buf *attributes, struct buf *about)
{
	struct pull look = pull_into(&u->place[u->level].json, group);
	struct pulled member;
	enum err rc = OK;

	attributes->n = about->n = 0;
	while (rc == OK && (rc = pull_next(&look, &member)) == OK) {
		if (pull_is(&member, what, PULL_OBJECT))
			rc = group_about(u, &look, &member, attributes, about);
		else if (span_is(member.key, "schemaUrl"))
			(void)about_put(about, &member);
	}
	return rc == ERR_ABSENT ? OK : rc;
}

/* outer = *( "," attribute ) [ ',"otel.resource":{...}' ] */
static enum err
resource_enter(struct unpack *u, const struct pulled *group)
{
	enum err rc = group_look(u, group, "resource", &u->outer, &u->attributes);

	if (rc != OK)
		return rc;
	if (u->attributes.n > 0) {
		buf_str(&u->outer, ",\"otel.resource\":");
		buf_span_put(&u->outer, buf_span(&u->attributes));
		buf_u8(&u->outer, '}');
		u->attributes.n = 0;
	}
	unpack_json_enter(u, group);
	return OK;
}

/* tail = ',"otel.scope":{' ... "}" outer "}" */
static enum err
scope_enter(struct unpack *u, const struct pulled *group)
{
	struct buf *attributes = &u->record, *about = &u->attributes;
	enum err rc = group_look(u, group, "scope", attributes, about);

	if (rc != OK)
		return rc;
	u->tail.n = 0;
	buf_str(&u->tail, ",\"otel.scope\":");
	if (attributes->n > 0) {
		unpack_name(about, SPAN("attributes"));
		buf_u8(about, '{');
		buf_span_put(about, span_sub(buf_span(attributes), 1, SIZE_MAX));
		buf_u8(about, '}');
	}
	if (about->n == 0)
		buf_u8(about, '{');
	buf_span_put(&u->tail, buf_span(about));
	buf_u8(&u->tail, '}');
	buf_span_put(&u->tail, buf_span(&u->outer));
	buf_u8(&u->tail, '}');
	attributes->n = about->n = 0;
	unpack_json_enter(u, group);
	return OK;
}

/* ---- records ---- */

/* True when the AnyValue is an array or a list of pairs. */
static bool
any_is_nested(const struct pull *in, const struct pulled *any)
{
	struct pull inside = pull_into(in, any);
	struct pulled member;

	if (any->kind == PULL_OBJECT)
		while (pull_next(&inside, &member) == OK)
			if (pull_is(&member, "arrayValue", PULL_OBJECT) ||
			    pull_is(&member, "kvlistValue", PULL_OBJECT))
				return true;
	return false;
}

/* A body that is an array or a list is called `body`, any other `_msg`. */
static enum err
body_put(struct unpack *u, struct pull *in, const struct pulled *any)
{
	unpack_name(&u->record, any_is_nested(in, any) ? SPAN("body") : SPAN("_msg"));
	return any_put(u, &u->record, in, any);
}

static enum err
log_member_put(struct unpack *u, struct pull *in, const struct pulled *member)
{
	static const char *const names[][2] = { { "timeUnixNano", "_time" },
	    { "observedTimeUnixNano", "observed_time" }, { "severityNumber", "severity_number" },
	    { "severityText", "severity_text" }, { "flags", "flags" }, { "traceId", "trace_id" },
	    { "spanId", "span_id" }, { "eventName", "event_name" },
	    { "droppedAttributesCount", "dropped_attributes_count" } };

	if (span_is(member->key, "body"))
		return body_put(u, in, member);
	if (pull_is(member, "attributes", PULL_ARRAY))
		return attributes_put(u, &u->attributes, in, member);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (span_is(member->key, names[i][0])) {
			u->skipped += !scalar_put(&u->record, names[i][1], member);
			return OK;
		}
	u->skipped++;
	return OK;
}

/* record = "{" own fields *( "," attribute ) tail */
static enum err
log_put(struct unpack *u, const struct pulled *log)
{
	struct pull *outer = &u->place[u->level].json;
	struct pull in = pull_into(outer, log);
	struct pulled member;
	enum err rc = OK;

	while (rc == OK && (rc = pull_next(&in, &member)) == OK)
		rc = log_member_put(u, &in, &member);
	if (rc != ERR_ABSENT)
		return rc;
	pull_back(outer, &in);
	if (u->record.n == 0)
		buf_str(&u->record, "{\"_msg\":null");
	buf_span_put(&u->record, buf_span(&u->attributes));
	buf_span_put(&u->record, buf_span(&u->tail));
	return OK;
}

/* What each level holds: an array of that name, or objects of an array. */
static enum err
member_take(struct unpack *u, const struct pulled *it)
{
	static const char *const list[] = { [REQUEST] = "resourceLogs",
	    [RESOURCE] = "scopeLogs", [SCOPE] = "logRecords" };
	static const char *const about[] = { [REQUEST] = "", [RESOURCE] = "resource",
	    [SCOPE] = "scope" };

	if (pull_is(it, list[u->level], PULL_ARRAY))
		unpack_json_enter(u, it);
	else if (!span_is(it->key, about[u->level]) && !span_is(it->key, "schemaUrl"))
		u->skipped++;
	return OK;
}

static enum err
otlp_next(struct unpack *u, struct why *why)
{
	struct pulled it;
	enum err rc;

	while ((rc = unpack_json_next(u, &it, why)) == OK) {
		enum level level = u->level;
		bool element = level == RESOURCES || level == SCOPES || level == LOGS;

		if (element && it.kind != PULL_OBJECT)
			return unpack_broken(u, why, "an element that is no object");
		if (!element)
			rc = member_take(u, &it);
		else if (level == LOGS)
			rc = log_put(u, &it);
		else
			rc = level == RESOURCES ? resource_enter(u, &it) : scope_enter(u, &it);
		if (rc == ERR_LIMIT)
			return unpack_broken(u, why, "a value with too many values inside of each "
			    "other");
		if (rc != OK)
			return unpack_broken(u, why, "broken JSON");
		if (level == LOGS)
			return OK;
	}
	return rc;
}

const struct unpack_kind unpack_otlp_json = { unpack_json_begin, otlp_next };
