/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as JSON and back: see finding.h, doc/formats/finding.md. One row of `fields` a hole. */
#include "model/finding.h"

#include "base/civil.h"
#include "base/cur.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/digest.h"
#include "model/escape.h"
#include "model/json.h"

static const char *const acts[FINDING_ACT_END] = { "opened", "grew", "closed" };
static const char *const levels[FINDING_LEVEL_END] = { "informational", "low", "medium", "high",
    "critical" };
static const uint8_t severities[FINDING_LEVEL_END] = { 1, 21, 47, 73, 99 };

enum field_form {
	FORM_TIME,			/* RFC 3339 */
	FORM_TEXT,
	FORM_NUMBER,
};

enum field_name {
	F_TIME, F_KIND, F_ACTION, F_SEQUENCE, F_SEVERITY, F_LEVEL, F_RULE, F_VERSION, F_ID,
	F_OPENED, F_OPENED_SEQ, F_VALUE, F_USUAL, F_UNIT_OF, F_SUBJECT, F_LISTENER, F_PEER,
	F_IDENTITY, F_HOST, F_UNIT, F_FROM, F_TO, F_FROM_SEQ, F_TO_SEQ, F_DATASET, F_MESSAGE,
	F_END
};
_Static_assert((int)F_END == (int)FINDING_HOLES, "a hole for each field");

static const struct field {
	const char *name;
	uint8_t form;			/* enum field_form */
	uint8_t role;			/* enum hole_role */
} fields[F_END] = {
	[F_TIME] = { "_time", FORM_TIME, ROLE_TIME },
	[F_KIND] = { "event.kind", FORM_TEXT, ROLE_NONE },
	[F_DATASET] = { "event.dataset", FORM_TEXT, ROLE_NONE },
	[F_ACTION] = { "event.action", FORM_TEXT, ROLE_NONE },
	[F_SEQUENCE] = { "event.sequence", FORM_NUMBER, ROLE_NONE },
	[F_SEVERITY] = { "event.severity", FORM_NUMBER, ROLE_NONE },
	[F_LEVEL] = { "rule.level", FORM_TEXT, ROLE_NONE },
	[F_RULE] = { "rule.id", FORM_TEXT, ROLE_NONE },
	[F_VERSION] = { "rule.version", FORM_NUMBER, ROLE_NONE },
	[F_ID] = { "finding.id", FORM_TEXT, ROLE_NONE },
	[F_OPENED] = { "finding.opened", FORM_TIME, ROLE_NONE },
	[F_OPENED_SEQ] = { "finding.opened_seq", FORM_NUMBER, ROLE_NONE },
	[F_VALUE] = { "finding.value", FORM_NUMBER, ROLE_NONE },
	[F_USUAL] = { "finding.usual", FORM_NUMBER, ROLE_NONE },
	[F_UNIT_OF] = { "finding.unit", FORM_TEXT, ROLE_NONE },
	[F_SUBJECT] = { "finding.subject", FORM_TEXT, ROLE_NONE },
	[F_LISTENER] = { "observer.name", FORM_TEXT, ROLE_NONE },
	[F_PEER] = { "source.address", FORM_TEXT, ROLE_NONE },
	[F_IDENTITY] = { "source.user.name", FORM_TEXT, ROLE_NONE },
	[F_HOST] = { "host.name", FORM_TEXT, ROLE_NONE },
	[F_UNIT] = { "organization.id", FORM_NUMBER, ROLE_NONE },
	[F_FROM] = { "event.start", FORM_TIME, ROLE_NONE },
	[F_TO] = { "event.end", FORM_TIME, ROLE_NONE },
	[F_FROM_SEQ] = { "finding.first_seq", FORM_NUMBER, ROLE_NONE },
	[F_TO_SEQ] = { "finding.last_seq", FORM_NUMBER, ROLE_NONE },
	[F_MESSAGE] = { "message", FORM_TEXT, ROLE_MESSAGE },
};

const char *
finding_act_name(unsigned act)
{
	return act < FINDING_ACT_END ? acts[act] : "unknown";
}

const char *
finding_level_name(unsigned level)
{
	return level < FINDING_LEVEL_END ? levels[level] : "unknown";
}

bool
finding_same_group(const struct finding_group *a, const struct finding_group *b)
{
	return a->unit == b->unit && span_eq(a->host, b->host) && span_eq(a->peer, b->peer) &&
	    span_eq(a->listener, b->listener) && span_eq(a->identity, b->identity) &&
	    span_eq(a->subject, b->subject);
}

void
finding_id(struct finding *f)
{
	struct buf code = { 0 };
	struct digest d;

	buf_bytes(&code, f->rule);
	buf_varint(&code, f->version);
	buf_bytes(&code, f->group.listener);
	buf_bytes(&code, f->group.peer);
	buf_bytes(&code, f->group.identity);
	buf_bytes(&code, f->group.host);
	buf_varint(&code, f->group.unit);
	buf_bytes(&code, f->group.subject);
	buf_varint(&code, f->opened_seq);
	blake256(&d, buf_span(&code));
	memcpy(f->id, d.b, sizeof f->id);
	buf_done(&code);
}

/* ---- writing ---- */

/* What stands before a field's value, behind the one before it. */
static void
before_put(struct buf *out, unsigned i)
{
	if (i > 0 && fields[i - 1].form != FORM_NUMBER)
		buf_u8(out, '"');
	buf_printf(out, "%c\"%s\":%s", i == 0 ? '{' : ',', fields[i].name,
	    fields[i].form != FORM_NUMBER ? "\"" : "");
}

void
finding_shape(struct buf *out)
{
	struct hole hole[FINDING_HOLES];
	struct buf text = { 0 };
	size_t at[FINDING_HOLES + 2];

	for (unsigned i = 0; i < F_END; i++) {
		at[i] = text.n;
		before_put(&text, i);
	}
	at[F_END] = text.n;
	buf_str(&text, "\"}");
	at[F_END + 1] = text.n;
	for (unsigned i = 0; i < F_END; i++)
		hole[i] = (struct hole){ .name = span_str(fields[i].name), .role = fields[i].role,
		    .kind = fields[i].form == FORM_NUMBER ? HOLE_JSON_LITERAL : HOLE_JSON_STRING,
		    .piece = span_sub(buf_span(&text), at[i + 1], at[i + 2] - at[i + 1]) };
	shape_encode(out, &(struct shape){ .format = FORMAT_JSON, .decoder = 1, .nhole = F_END,
	    .head = span_sub(buf_span(&text), 0, at[1]), .hole = hole });
	buf_done(&text);
}

/* A number of the finding, by its field. */
static uint64_t
number_of(const struct finding *f, unsigned i)
{
	switch (i) {
	case F_SEQUENCE:
		return f->sequence;
	case F_SEVERITY:
		return severities[f->level];
	case F_VERSION:
		return f->version;
	case F_OPENED_SEQ:
		return f->opened_seq;
	case F_VALUE:
		return f->value;
	case F_USUAL:
		return f->usual;
	case F_UNIT:
		return f->group.unit;
	case F_FROM_SEQ:
		return f->from_seq;
	default:
		return f->to_seq;
	}
}

static int64_t
time_of(const struct finding *f, unsigned i)
{
	return i == F_TIME ? f->time_ns : i == F_OPENED ? f->opened_ns : i == F_FROM ? f->from_ns :
	    f->to_ns;
}

/* A text of the finding, by its field; the id's is made here. */
static struct span
text_of(const struct finding *f, unsigned i, char hex[FINDING_ID_BYTES * 2 + 1])
{
	static const char digit[] = "0123456789abcdef";

	switch (i) {
	case F_KIND:
		return SPAN("alert");
	case F_DATASET:
		return SPAN("trucban.findings");
	case F_ACTION:
		return span_str(acts[f->act]);
	case F_LEVEL:
		return span_str(levels[f->level]);
	case F_RULE:
		return f->rule;
	case F_ID:
		for (unsigned k = 0; k < FINDING_ID_BYTES; k++) {
			hex[2 * k] = digit[f->id[k] >> 4];
			hex[2 * k + 1] = digit[f->id[k] & 15];
		}
		return span_of(hex, FINDING_ID_BYTES * 2);
	case F_UNIT_OF:
		return f->unit;
	case F_SUBJECT:
		return f->group.subject;
	case F_LISTENER:
		return f->group.listener;
	case F_PEER:
		return f->group.peer;
	case F_IDENTITY:
		return f->group.identity;
	case F_HOST:
		return f->group.host;
	default:
		return f->message;
	}
}

/* Longer texts are cut: a name of a source has 255 octets. */
static void
value_put(struct buf *out, const struct finding *f, unsigned i)
{
	char hex[FINDING_ID_BYTES * 2 + 1];
	uint8_t stamp[CIVIL_TEXT_BYTES];
	struct span text;

	if (fields[i].form == FORM_NUMBER) {
		json_unsigned(out, number_of(f, i));
	} else if (fields[i].form == FORM_TIME) {
		buf_put(out, stamp, civil_put(stamp, time_of(f, i), 9, 0));
	} else {
		size_t from = out->n;

		text = text_of(f, i, hex);
		if (text.n > FINDING_TEXT_MAX / 6)
			text = utf8_cut(text, FINDING_TEXT_MAX / 6);
		json_string(out, text);
		memmove(out->p + from, out->p + from + 1, out->n - from - 2);
		out->n -= 2;
	}
}

void
finding_values(const struct finding *f, struct arena *arena, struct span value[FINDING_HOLES],
    uint8_t *ret_flags)
{
	struct buf text = { 0 };
	size_t at[F_END + 1] = { 0 };
	struct span all;

	must(f->act < FINDING_ACT_END && f->level < FINDING_LEVEL_END);
	for (unsigned i = 0; i < F_END; i++) {
		value_put(&text, f, i);
		at[i + 1] = text.n;
	}
	all = arena_dup(arena, buf_span(&text));
	for (unsigned i = 0; i < F_END; i++)
		value[i] = span_sub(all, at[i], at[i + 1] - at[i]);
	*ret_flags = utf8_valid(all) ? 0 : ROW_NOT_UTF8;
	buf_done(&text);
}

void
finding_encode(struct buf *out, const struct finding *f)
{
	for (unsigned i = 0; i < F_END; i++) {
		before_put(out, i);
		value_put(out, f, i);
	}
	buf_str(out, "\"}");
}

/* ---- reading ---- */

static uint64_t
number_take(struct cur *in)
{
	uint64_t v = 0;
	unsigned n = 0;

	for (; !in->bad && cur_left(in) > 0 && *in->p >= '0' && *in->p <= '9'; n++) {
		uint64_t digit = (uint64_t)(cur_u8(in) - '0');

		if (v > (UINT64_MAX - digit) / 10)
			in->bad = true;
		v = v * 10 + digit;
	}
	if (n == 0)
		in->bad = true;
	return v;
}

static bool
number_set(struct finding *f, unsigned i, uint64_t v)
{
	uint64_t *to = i == F_SEQUENCE ? &f->sequence : i == F_OPENED_SEQ ? &f->opened_seq :
	    i == F_VALUE ? &f->value : i == F_USUAL ? &f->usual : i == F_UNIT ? &f->group.unit :
	    i == F_FROM_SEQ ? &f->from_seq : &f->to_seq;

	if (i == F_SEVERITY)
		return v <= 99;
	if (i == F_VERSION) {
		f->version = (uint32_t)v;
		return v > 0 && v <= UINT32_MAX;
	}
	*to = v;
	return true;
}

static bool
time_set(struct finding *f, unsigned i, struct span text)
{
	const struct civil_frame frame = { 0 };
	int64_t *to = i == F_TIME ? &f->time_ns : i == F_OPENED ? &f->opened_ns :
	    i == F_FROM ? &f->from_ns : &f->to_ns;

	return text.n > 0 && text.p[text.n - 1] == 'Z' && civil_iso(text, &frame, to) == text.n;
}

/* The place of a word in a list; n: it is not there. */
static unsigned
word_of(const char *const *list, unsigned n, struct span word)
{
	unsigned i = 0;

	while (i < n && !span_is(word, list[i]))
		i++;
	return i;
}

static bool
id_set(struct finding *f, struct span hex)
{
	for (size_t i = 0; i < hex.n; i++) {
		uint8_t c = hex.p[i], v = c >= 'a' && c <= 'f' ? (uint8_t)(c - 'a' + 10) :
		    c >= '0' && c <= '9' ? (uint8_t)(c - '0') : 16;

		if (v > 15 || i >= sizeof f->id * 2)
			return false;
		f->id[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : f->id[i / 2] | v);
	}
	return hex.n == sizeof f->id * 2;
}

static bool
text_set(struct finding *f, unsigned i, struct span text)
{
	switch (i) {
	case F_KIND:
		return span_is(text, "alert");
	case F_DATASET:
		return true;
	case F_ACTION:
		f->act = (uint8_t)word_of(acts, FINDING_ACT_END, text);
		return f->act < FINDING_ACT_END;
	case F_LEVEL:
		f->level = (uint8_t)word_of(levels, FINDING_LEVEL_END, text);
		return f->level < FINDING_LEVEL_END;
	case F_RULE:
		f->rule = text;
		return text.n > 0;
	case F_ID:
		return id_set(f, text);
	case F_UNIT_OF:
		f->unit = text;
		return true;
	case F_SUBJECT:
		f->group.subject = text;
		return true;
	case F_LISTENER:
		f->group.listener = text;
		return true;
	case F_PEER:
		f->group.peer = text;
		return true;
	case F_IDENTITY:
		f->group.identity = text;
		return true;
	case F_HOST:
		f->group.host = text;
		return true;
	default:
		f->message = text;
		return true;
	}
}

static unsigned
field_of(struct span name)
{
	unsigned i = 0;

	while (i < F_END && !span_is(name, fields[i].name))
		i++;
	return i;
}

/* What a later version adds: a text or a whole number. */
static void
unknown_skip(struct cur *in)
{
	if (cur_left(in) > 0 && *in->p == '"')
		(void)json_quoted(in);
	else
		(void)number_take(in);
}

static enum err
field_take(struct finding *f, struct cur *in, struct arena *arena, uint32_t *io_seen,
    struct why *why)
{
	struct span name = json_quoted(in), raw;
	unsigned i = field_of(name);
	bool good = true;

	if (cur_u8(in) != ':')
		in->bad = true;
	if (i == F_END) {
		unknown_skip(in);
		return OK;
	}
	if ((*io_seen >> i & 1) != 0)
		return why_set(why, ERR_FORMAT, "%s stands there twice", fields[i].name);
	*io_seen |= UINT32_C(1) << i;
	if (fields[i].form == FORM_NUMBER) {
		good = number_set(f, i, number_take(in));
	} else {
		uint8_t *text;

		raw = json_quoted(in);
		text = arena_alloc(arena, raw.n + 1);
		raw = span_of(text, escape_undo(text, raw, HOLE_JSON_STRING));
		good = fields[i].form == FORM_TIME ? time_set(f, i, raw) : text_set(f, i, raw);
	}
	return good && !in->bad ? OK : why_set(why, ERR_FORMAT, "%s is not valid", fields[i].name);
}

/* The id is what its parts make, and the periods do not end before they begin. */
static enum err
whole_check(const struct finding *f, uint32_t seen, struct why *why)
{
	struct finding again = *f;

	for (unsigned i = 0; i < F_END; i++)
		if ((seen >> i & 1) == 0)
			return why_set(why, ERR_FORMAT, "%s is missing", fields[i].name);
	finding_id(&again);
	if (memcmp(again.id, f->id, sizeof f->id) != 0)
		return why_set(why, ERR_FORMAT, "finding.id is not that of its parts");
	if (f->sequence == 0)
		return why_set(why, ERR_FORMAT, "event.sequence is 0");
	if (f->to_ns < f->from_ns || f->to_seq < f->from_seq)
		return why_set(why, ERR_FORMAT, "it ends before it begins");
	return OK;
}

enum err
finding_decode(struct finding *ret_finding, struct span record, struct arena *arena,
    struct why *why)
{
	struct cur in = cur_of(record);
	struct finding f = { .version = 0 };
	uint32_t seen = 0;
	uint8_t c = cur_u8(&in);
	enum err rc = OK;

	if (record.n > FINDING_BYTES_MAX)
		return why_set(why, ERR_FORMAT, "a finding of %zu octets", record.n);
	if (c != '{')
		in.bad = true;
	while (rc == OK && !in.bad && c != '}') {
		rc = field_take(&f, &in, arena, &seen, why);
		c = cur_u8(&in);
		if (c != ',' && c != '}')
			in.bad = true;
	}
	if (rc == OK && !cur_done(&in))
		rc = why_set(why, ERR_FORMAT, "not one JSON object of texts and whole numbers");
	if (rc == OK)
		rc = whole_check(&f, seen, why);
	if (rc == OK)
		*ret_finding = f;
	return rc;
}
