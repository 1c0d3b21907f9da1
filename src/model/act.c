/* SPDX-License-Identifier: Apache-2.0 */
/* Acts as JSON and back: see act.h, doc/formats/act.md. */
#include "model/act.h"

#include "base/civil.h"
#include "base/cur.h"
#include "base/must.h"
#include "base/utf8.h"
#include "model/escape.h"
#include "model/json.h"

static const char *const fixed[ACT_FIXED] = { "_time", "act", "who", "from", "what" };

bool
act_name_ok(struct span name)
{
	if (name.n == 0 || name.n > ACT_NAME_BYTES || name.p[0] < 'a' || name.p[0] > 'z')
		return false;
	for (size_t i = 1; i < name.n; i++) {
		uint8_t c = name.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '.')
			return false;
	}
	for (unsigned i = 0; i < ACT_FIXED; i++)
		if (span_is(name, fixed[i]))
			return false;
	return true;
}

struct span
act_value(const struct act *act, const char *name)
{
	for (unsigned i = 0; i < act->nfield; i++)
		if (span_is(act->field[i].name, name))
			return act->field[i].value;
	return SPAN("");
}

static struct span
name_of(const struct act *act, unsigned i)
{
	return i < ACT_FIXED ? span_str(fixed[i]) : act->field[i - ACT_FIXED].name;
}

/* ---- writing ---- */

/* What stands before a value, behind the one before it. */
static void
before_put(struct buf *out, const struct act *act, unsigned i)
{
	buf_str(out, i == 0 ? "{\"" : "\",\"");
	buf_span_put(out, name_of(act, i));
	buf_str(out, "\":\"");
}

void
act_shape(struct buf *out, const struct act *act)
{
	unsigned n = ACT_FIXED + act->nfield;
	size_t at[ACT_HOLES + 2];
	struct hole hole[ACT_HOLES];
	struct buf text = { 0 };

	must(act->nfield <= ACT_FIELDS_MAX);
	for (unsigned i = 0; i < n; i++) {
		must(i < ACT_FIXED || act_name_ok(name_of(act, i)));
		at[i] = text.n;
		before_put(&text, act, i);
	}
	at[n] = text.n;
	buf_str(&text, "\"}");
	at[n + 1] = text.n;
	for (unsigned i = 0; i < n; i++)
		hole[i] = (struct hole){ .kind = HOLE_JSON_STRING, .name = name_of(act, i),
		    .role = i == 0 ? ROLE_TIME : i == ACT_FIXED - 1 ? ROLE_MESSAGE : ROLE_NONE,
		    .piece = span_sub(buf_span(&text), at[i + 1], at[i + 2] - at[i + 1]) };
	shape_encode(out, &(struct shape){ .format = FORMAT_JSON, .decoder = 1, .nhole = n,
	    .head = span_sub(buf_span(&text), 0, at[1]), .hole = hole });
	buf_done(&text);
}

/* RFC 8259 section 7; octets that are not UTF-8 stay as they are. Sets flags of the row. */
static void
escape(struct buf *out, struct span s, size_t max, uint8_t *flags)
{
	size_t from = out->n, i;

	for (i = 0; i < s.n && out->n - from < max; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\') {
			buf_u8(out, '\\');
			buf_u8(out, s.p[i]);
		} else if (s.p[i] < 0x20) {
			buf_printf(out, "\\u%04x", s.p[i]);
		} else {
			buf_u8(out, s.p[i]);
		}
	}
	if (i < s.n)
		*flags |= ROW_CUT;
	/* No code point in two: its octets were written as they are. */
	for (; i < s.n && i > 0 && (s.p[i] & 0xc0) == 0x80; i--)
		out->n--;
	if (!utf8_valid(span_sub(buf_span(out), from, SIZE_MAX)))
		*flags |= ROW_NOT_UTF8;
}

/* What a value may have, when the whole has so much already. */
static size_t
room(size_t used, unsigned i)
{
	size_t most = i < ACT_FIXED - 1 ? ACT_SHORT_MAX : ACT_VALUE_MAX;

	return used + most < ACT_BYTES_MAX ? most : ACT_BYTES_MAX - used;
}

void
act_values(const struct act *act, struct buf *text, struct span value[ACT_HOLES],
    uint8_t *ret_flags)
{
	const struct span first[ACT_FIXED] = { [1] = act->act, act->who, act->from, act->what };
	unsigned n = ACT_FIXED + act->nfield;
	size_t at[ACT_HOLES + 1] = { 0 };
	uint8_t stamp[CIVIL_TEXT_BYTES];

	*ret_flags = 0;
	text->n = 0;
	buf_put(text, stamp, civil_put(stamp, act->time_ns, 9, 0));
	at[1] = text->n;
	for (unsigned i = 1; i < n; i++) {
		escape(text, i < ACT_FIXED ? first[i] : act->field[i - ACT_FIXED].value,
		    room(text->n, i), ret_flags);
		at[i + 1] = text->n;
	}
	for (unsigned i = 0; i < n; i++)
		value[i] = span_sub(buf_span(text), at[i], at[i + 1] - at[i]);
}

void
act_encode(struct buf *out, const struct act *act)
{
	struct span value[ACT_HOLES];
	struct buf text = { 0 };
	uint8_t flags;

	act_values(act, &text, value, &flags);
	for (unsigned i = 0; i < ACT_FIXED + act->nfield; i++) {
		before_put(out, act, i);
		buf_span_put(out, value[i]);
	}
	buf_str(out, "\"}");
	buf_done(&text);
}

/* ---- reading ---- */

static struct span
meaning(struct arena *arena, struct span raw)
{
	uint8_t *to;

	if (raw.n == 0)
		return SPAN("");
	to = arena_alloc(arena, raw.n);
	return span_of(to, escape_undo(to, raw, HOLE_JSON_STRING));
}

static bool
time_take(struct act *act, struct span text)
{
	const struct civil_frame frame = { 0 };

	return text.n > 0 && text.p[text.n - 1] == 'Z' &&
	    civil_iso(text, &frame, &act->time_ns) == text.n;
}

static bool
fixed_take(struct act *act, unsigned i, struct span name, struct span text)
{
	struct span *const to[ACT_FIXED] = { NULL, &act->act, &act->who, &act->from, &act->what };

	if (!span_is(name, fixed[i]))
		return false;
	if (i == 0)
		return time_take(act, text);
	*to[i] = text;
	return i != 1 || text.n > 0;
}

static enum err
field_take(struct act *act, struct span name, struct span text, struct why *why)
{
	if (!act_name_ok(name))
		return why_set(why, ERR_FORMAT, "\"%.*s\" is no name of a field of an act",
		    (int)(name.n < 80 ? name.n : 80), (const char *)name.p);
	for (unsigned i = 0; i < act->nfield; i++)
		if (span_eq(act->field[i].name, name))
			return why_set(why, ERR_FORMAT, "the field %.*s stands twice",
			    (int)name.n, (const char *)name.p);
	if (act->nfield == ACT_FIELDS_MAX)
		return why_set(why, ERR_LIMIT, "an act of more than %d fields", ACT_FIELDS_MAX);
	act->field[act->nfield++] = (struct act_field){ name, text };
	return OK;
}

enum err
act_decode(struct act *ret_act, struct span record, struct arena *arena, struct why *why)
{
	struct cur in = cur_of(record);
	enum err rc = OK;
	uint8_t next;

	*ret_act = (struct act){ .nfield = 0 };
	if (record.n > ACT_BYTES_MAX + ACT_HOLES * (ACT_NAME_BYTES + 8))
		return why_set(why, ERR_LIMIT, "an act of %zu octets", record.n);
	if (cur_u8(&in) != '{')
		return why_set(why, ERR_FORMAT, "an act is a JSON object");
	for (unsigned i = 0; rc == OK; i++) {
		struct span name = json_quoted(&in), text;

		if (cur_u8(&in) != ':')
			in.bad = true;
		text = meaning(arena, json_quoted(&in));
		next = cur_u8(&in);
		if (in.bad || (next != ',' && next != '}'))
			return why_set(why, ERR_FORMAT, "an act is a flat object of strings");
		if (i >= ACT_FIXED)
			rc = field_take(ret_act, name, text, why);
		else if (!fixed_take(ret_act, i, name, text))
			return why_set(why, ERR_FORMAT, "an act begins with %s", fixed[i]);
		if (next == '}' && rc == OK)
			return i + 1 >= ACT_FIXED && cur_done(&in) ? OK :
			    why_set(why, ERR_FORMAT, "an act ends too early, or late");
	}
	return rc;
}
