/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban agent list`: who may send with a certificate of the desk's, for people and as JSON. */
#include "cmd/agent.h"

#include <stdio.h>
#include <string.h>

#include "base/columns.h"
#include "sys/clock.h"
#include "ca/roll.h"
#include "role/agents.h"
#include "cmd/cmd.h"
#include "cmd/jsonline.h"

enum { UNIT_TEXT = 24 };

/* An invitation is pending when it is there, unused and not expired. */
static bool
is_pending(const struct agent *a, int64_t now_s)
{
	return a->code.until_s > now_s && a->code.used_s == 0;
}

static const char *
state_text(const struct agent *a, int64_t now_s)
{
	if (a->state == AGENT_REVOKED)
		return "revoked";
	if (a->state == AGENT_INVITED)
		return is_pending(a, now_s) ? "invited" : "invitation-expired";
	return a->cert[0].until_s > now_s ? "enrolled" : "expired";
}

static const char *
state_shown(const char *state)
{
	static const struct { const char *name, *vi; } words[] = {
		{ "revoked", "đã thu hồi" }, { "invited", "đã mời" },
		{ "invitation-expired", "mã hết hạn" }, { "enrolled", "đã ghi danh" },
		{ "expired", "hết hạn" },
	};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (strcmp(words[i].name, state) == 0)
			return say(words[i].vi, state);
	return state;
}

static const char *
time_utc(char text[CIVIL_TEXT_BYTES + 1], int64_t s)
{
	size_t n = s > 0 ? civil_put((uint8_t *)text, s * CIVIL_SECOND_NS, 0, 0) : 0;

	text[n] = '\0';
	return text;
}

static const char *
unit_text(char text[UNIT_TEXT], const struct agent *a)
{
	(void)snprintf(text, UNIT_TEXT, "%llu", (unsigned long long)a->unit);
	return text;
}

/* Its records are kept by the class of the listener: the desk says so when it begins. */
static bool
class_is_gone(const struct agent_place *place, const struct agent *a)
{
	return place->configured && a->state != AGENT_REVOKED &&
	    conf_class_index(place->conf, a->class) < 0;
}

static void
agent_json(const struct agent_place *place, const struct agent *a, int64_t now_s)
{
	char text[CIVIL_TEXT_BYTES + 1], unit[UNIT_TEXT], serial[2 * ROLL_SERIAL_BYTES + 1] = "";
	struct buf line = { 0 };

	jsonline_text(&line, "name", a->name);
	jsonline_text(&line, "unit", unit_text(unit, a));
	jsonline_text(&line, "class", a->class);
	jsonline_text(&line, "state", state_text(a, now_s));
	jsonline_text(&line, "until", time_utc(text, a->cert[0].until_s));
	jsonline_text(&line, "invited_until", time_utc(text, is_pending(a, now_s) ?
	    a->code.until_s : 0));
	for (unsigned i = 0; i < ROLL_SERIAL_BYTES && a->cert[0].until_s > 0; i++)
		(void)snprintf(serial + 2 * i, 3, "%02x", a->cert[0].serial[i]);
	jsonline_text(&line, "serial", serial);
	jsonline_text(&line, "why", a->why);
	jsonline_bool(&line, "class_gone", class_is_gone(place, a));
	jsonline_print(&line);
}

/* ---- the table ---- */

enum { NAME, UNIT, UNTIL, COLUMNS };

/* How wide each column has to be for these; the last, the state, is as wide as it is. */
static void
widen(int wide[COLUMNS], const char *const cell[COLUMNS])
{
	for (unsigned i = 0; i < COLUMNS; i++) {
		int n = columns_of(span_str(cell[i]));

		wide[i] = n > wide[i] ? n : wide[i];
	}
}

static void
cells_print(const char *const cell[COLUMNS], const int wide[COLUMNS])
{
	struct buf line = { 0 };

	for (unsigned i = 0; i < COLUMNS; i++) {
		if (i == UNIT)
			columns_right(&line, span_str(cell[i]), wide[i]);
		else
			columns_left(&line, span_str(cell[i]), wide[i]);
		buf_str(&line, "  ");
	}
	(void)printf("%.*s", (int)line.n, (const char *)line.p);
	buf_done(&line);
}

/* Until when its certificate is good; of who has none yet, the invitation. */
static const char *
until_text(char text[CIVIL_TEXT_BYTES + 1], const struct agent_place *place, const struct agent *a)
{
	return agent_time(text, a->state == AGENT_INVITED ? a->code.until_s : a->cert[0].until_s,
	    place);
}

static void
state_print(const struct agent_place *place, const struct agent *a, int64_t now_s)
{
	(void)printf("%s", state_shown(state_text(a, now_s)));
	if (a->state == AGENT_ENROLLED && is_pending(a, now_s))
		(void)printf(", %s", say("được mời lại", "invited again"));
	if (a->why[0] != '\0')
		(void)printf(": %s", a->why);
	if (class_is_gone(place, a))
		(void)printf(say("; loại lưu giữ %s không còn trong cấu hình (classes): bản ghi "
		    "đang theo loại của cửa nhận", "; its class %s is gone from the configuration "
		    "(classes): records are kept by the listener's"), a->class);
	(void)printf("\n");
}

static void
table_print(const struct agent_place *place, const struct roll *roll, int64_t now_s)
{
	const char *const head[COLUMNS] = { say("TÊN", "NAME"), say("ĐV", "UNIT"),
	    say("HẠN", "UNTIL") };
	char until[CIVIL_TEXT_BYTES + 1], unit[UNIT_TEXT];
	int wide[COLUMNS] = { 0 };

	widen(wide, head);
	for (unsigned i = 0; i < roll->n; i++)
		widen(wide, (const char *const[]){ roll->agent[i].name,
		    unit_text(unit, &roll->agent[i]), until_text(until, place, &roll->agent[i]) });
	cells_print(head, wide);
	(void)printf("%s\n", say("TÌNH TRẠNG", "STATE"));
	for (unsigned i = 0; i < roll->n; i++) {
		const struct agent *a = &roll->agent[i];

		cells_print((const char *const[]){ a->name, unit_text(unit, a),
		    until_text(until, place, a) }, wide);
		state_print(place, a, now_s);
	}
}

enum err
agent_list(const struct agent_args *args, struct why *why)
{
	struct agents_ask ask = { .what = AGENTS_LIST };
	int64_t now_s = clock_wall_ns() / CIVIL_SECOND_NS;
	struct agent_place place;
	struct roll roll = { 0 };
	struct buf out = { 0 };
	enum err rc;

	rc = agent_place_find(&place, args, why);
	if (rc == OK)
		rc = agent_ask(&place, &ask, &out, why);
	if (rc == OK)
		rc = roll_get(&roll, buf_span(&out), why);
	if (rc == OK && !args->json)
		table_print(&place, &roll, now_s);
	for (unsigned i = 0; rc == OK && args->json && i < roll.n; i++)
		agent_json(&place, &roll.agent[i], now_s);
	roll_done(&roll);
	buf_done(&out);
	agent_place_done(&place);
	return rc;
}
