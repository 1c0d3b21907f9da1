/* SPDX-License-Identifier: Apache-2.0 */
/* A script of commands, one after the other: see modem.h. */
#include "notify/modem.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/must.h"

#define SECOND_NS	INT64_C(1000000000)

enum {
	NUMBER_MOST = 20,		/* E.164 has 15 digits */
	UNITS_MOST = 70,
	LINE_MOST = 200,		/* longer ones are nothing that we wait for */
	RESULT_BYTES = 96,
	HANG_UP_S = 5,			/* who rejects a call sooner than that was not reached */
	ESCAPE = 0x1b, CONTROL_Z = 0x1a,
};

enum step { STEP_NONE, STEP_HELLO, STEP_NO_ECHO, STEP_TEXT_MODE, STEP_CODING, STEP_LETTERS,
	STEP_NUMBER, STEP_TEXT, STEP_DIAL, STEP_HANG_UP, STEP_END };

/* What is sent, and how long its answer may take. */
struct row {
	const char *send, *name;
	uint8_t wait_s;
	uint8_t next;			/* enum step, behind OK; STEP_NONE: it was the last */
};

static const struct row rows[STEP_END] = {
	[STEP_HELLO] = { "AT\r", "AT", 3, STEP_NO_ECHO },
	[STEP_NO_ECHO] = { "ATE0\r", "ATE0", 5, 0 },
	[STEP_TEXT_MODE] = { "AT+CMGF=1\r", "AT+CMGF", 5, STEP_CODING },
	/* A first octet without report, valid for a day, class none in UCS2. */
	[STEP_CODING] = { "AT+CSMP=17,167,0,8\r", "AT+CSMP", 5, STEP_LETTERS },
	[STEP_LETTERS] = { "AT+CSCS=\"UCS2\"\r", "AT+CSCS", 5, STEP_NUMBER },
	[STEP_NUMBER] = { NULL, "AT+CMGS", 10, STEP_NONE },
	[STEP_TEXT] = { NULL, "AT+CMGS", 60, STEP_NONE },
	[STEP_DIAL] = { NULL, "ATD", 0, STEP_HANG_UP },
	[STEP_HANG_UP] = { "AT+CHUP\r", "AT+CHUP", 10, STEP_NONE },
};

struct modem {
	enum modem_state state;
	enum step step;
	bool rings;			/* a call, not an SMS */
	int64_t begin_ns, end_ns;	/* of the step */
	int64_t ring_ns;
	struct buf out, line, number, text;
	bool too_long;			/* the line */
	char result[RESULT_BYTES];
};

struct modem *
modem_new(void)
{
	return xcalloc(1, sizeof(struct modem));
}

void
modem_free(struct modem **modem)
{
	struct modem *m = *modem;

	if (m == NULL)
		return;
	buf_done(&m->out);
	buf_done(&m->line);
	buf_done(&m->number);
	buf_done(&m->text);
	free(m);
	*modem = NULL;
}

bool
modem_number(struct buf *out, struct span text)
{
	size_t begin = out->n;

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i];

		if (c == ' ' || c == '.' || c == '-' || c == '(' || c == ')')
			continue;
		if ((c < '0' || c > '9') && !(c == '+' && out->n == begin)) {
			out->n = begin;
			return false;
		}
		buf_u8(out, c);
	}
	if (out->n - begin >= 3 && out->n - begin <= NUMBER_MOST)
		return true;
	out->n = begin;
	return false;
}

/* ---- steps ---- */

static void
hex_put(struct buf *out, uint32_t unit)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		buf_u8(out, (uint8_t)"0123456789ABCDEF"[unit >> shift & 15]);
}

/* UCS2 as digits: what AT+CSCS="UCS2" wants of every string. */
static void
ucs2_put(struct buf *out, struct span text)
{
	unsigned units = 0;
	size_t at = 0;

	while (at < text.n) {
		uint32_t c = rune_next(text, &at);

		units += c > 0xffff ? 2 : 1;
		if (units > UNITS_MOST)
			return;
		if (c > 0xffff) {
			hex_put(out, 0xd800 + ((c - 0x10000) >> 10));
			hex_put(out, 0xdc00 + ((c - 0x10000) & 0x3ff));
		} else {
			hex_put(out, c);
		}
	}
}

static void
command_put(struct modem *m)
{
	switch (m->step) {
	case STEP_NUMBER:
		buf_str(&m->out, "AT+CMGS=\"");
		ucs2_put(&m->out, buf_span(&m->number));
		buf_str(&m->out, "\"\r");
		return;
	case STEP_TEXT:
		ucs2_put(&m->out, buf_span(&m->text));
		buf_u8(&m->out, CONTROL_Z);
		return;
	case STEP_DIAL:
		buf_str(&m->out, "ATD");
		buf_span_put(&m->out, buf_span(&m->number));
		buf_str(&m->out, ";\r");
		return;
	default:
		buf_str(&m->out, rows[m->step].send);
	}
}

static void
step_enter(struct modem *m, enum step step, int64_t now)
{
	must(step > STEP_NONE && step < STEP_END);
	m->step = step;
	m->begin_ns = now;
	m->end_ns = now + (step == STEP_DIAL ? m->ring_ns : rows[step].wait_s * SECOND_NS);
	command_put(m);
}

static void
finish(struct modem *m, enum modem_state state, const char *command, struct span said)
{
	struct buf text = { 0 };
	size_t n;

	buf_printf(&text, "%s%s", command, command[0] != '\0' ? ": " : "");
	for (size_t i = 0; i < said.n; i++)
		buf_u8(&text, said.p[i] >= ' ' && said.p[i] < 0x7f ? said.p[i] : '?');
	n = text.n < RESULT_BYTES - 1 ? text.n : RESULT_BYTES - 1;
	memcpy(m->result, text.p, n);
	m->result[n] = '\0';
	m->state = state;
	m->step = STEP_NONE;
	buf_done(&text);
}

static void
fail(struct modem *m, struct span said)
{
	const char *name = rows[m->step].name;

	/* It may wait for a text still. */
	if (m->step == STEP_NUMBER || m->step == STEP_TEXT)
		buf_u8(&m->out, ESCAPE);
	finish(m, MODEM_FAILED, name, said);
}

/* The call is over: rang is whether it rang for long enough to be heard. */
static void
call_end(struct modem *m, struct span said, int64_t now)
{
	if (now - m->begin_ns >= HANG_UP_S * SECOND_NS || span_is(said, "NO ANSWER"))
		finish(m, MODEM_DONE, "ATD", said);
	else
		fail(m, said);
}

static void
answer_ok(struct modem *m, int64_t now)
{
	if (m->step == STEP_NUMBER || m->step == STEP_DIAL)
		return;			/* the prompt comes; it rings */
	if (m->step == STEP_TEXT)
		finish(m, MODEM_DONE, "", m->result[0] != '\0' ? span_str(m->result) : SPAN("OK"));
	else if (m->step == STEP_NO_ECHO)
		step_enter(m, m->rings ? STEP_DIAL : STEP_TEXT_MODE, now);
	else if (rows[m->step].next != STEP_NONE)
		step_enter(m, (enum step)rows[m->step].next, now);
	else
		finish(m, MODEM_DONE, "", SPAN("rang"));
}

static bool
is_error(struct span line)
{
	return span_is(line, "ERROR") || span_starts(line, SPAN("+CMS ERROR")) ||
	    span_starts(line, SPAN("+CME ERROR"));
}

static bool
is_call_end(struct span line)
{
	return span_is(line, "NO CARRIER") || span_is(line, "BUSY") ||
	    span_is(line, "NO ANSWER") || span_is(line, "NO DIALTONE");
}

static void
line_take(struct modem *m, struct span line, int64_t now)
{
	size_t n;

	if (m->state != MODEM_WORKS || line.n == 0)
		return;
	if (span_is(line, "OK")) {
		answer_ok(m, now);
	} else if (is_error(line)) {
		/* Older modems know ATH only; the ring was heard all the same. */
		if (m->step == STEP_HANG_UP)
			finish(m, MODEM_DONE, "", SPAN("rang"));
		else
			fail(m, line);
	} else if (m->step == STEP_DIAL && is_call_end(line)) {
		call_end(m, line, now);
	} else if (m->step == STEP_TEXT && span_starts(line, SPAN("+CMGS:"))) {
		n = line.n < RESULT_BYTES - 1 ? line.n : RESULT_BYTES - 1;
		memcpy(m->result, line.p, n);
		m->result[n] = '\0';
	}
}

/* ---- the door ---- */

static void
begin(struct modem *m, struct span number, bool rings, int64_t now)
{
	must(m->state != MODEM_WORKS);
	m->number.n = m->out.n = m->line.n = m->text.n = 0;
	m->too_long = false;
	m->result[0] = '\0';
	m->rings = rings;
	buf_span_put(&m->number, number);
	m->state = MODEM_WORKS;
	step_enter(m, STEP_HELLO, now);
}

void
modem_sms(struct modem *m, struct span number, struct span text, int64_t now)
{
	begin(m, number, false, now);
	buf_span_put(&m->text, text);
}

void
modem_ring(struct modem *m, struct span number, int64_t ring_ns, int64_t now)
{
	begin(m, number, true, now);
	m->ring_ns = ring_ns;
}

void
modem_take(struct modem *m, struct span octets, int64_t now)
{
	for (size_t i = 0; i < octets.n; i++) {
		uint8_t c = octets.p[i];

		if (c == '\r' || c == '\n') {
			if (!m->too_long)
				line_take(m, buf_span(&m->line), now);
			m->line.n = 0;
			m->too_long = false;
			continue;
		}
		if (m->line.n >= LINE_MOST)
			m->too_long = true;
		else
			buf_u8(&m->line, c);
		/* The prompt has no end of line. */
		if (m->step == STEP_NUMBER && m->line.n == 1 && c == '>') {
			m->line.n = 0;
			step_enter(m, STEP_TEXT, now);
		}
	}
}

void
modem_turn(struct modem *m, int64_t now)
{
	if (m->state != MODEM_WORKS || now < m->end_ns)
		return;
	if (m->step == STEP_DIAL)
		step_enter(m, STEP_HANG_UP, now);
	else if (m->step == STEP_HANG_UP)
		finish(m, MODEM_DONE, "", SPAN("rang"));
	else
		fail(m, SPAN("no answer"));
}

void
modem_gone(struct modem *m)
{
	m->out.n = m->line.n = 0;
	if (m->state == MODEM_WORKS)
		finish(m, MODEM_FAILED, rows[m->step].name, SPAN("the modem is gone"));
}

enum modem_state
modem_state(const struct modem *m)
{
	return m->state;
}

const char *
modem_result(const struct modem *m)
{
	return m->result;
}

void
modem_rest(struct modem *m)
{
	must(m->state != MODEM_WORKS);
	m->state = MODEM_IDLE;
}

struct span
modem_out(const struct modem *m)
{
	return buf_span(&m->out);
}

void
modem_written(struct modem *m, size_t n)
{
	must(n <= m->out.n);
	memmove(m->out.p, m->out.p + n, m->out.n - n);
	m->out.n -= n;
}

int64_t
modem_next_ns(const struct modem *m)
{
	return m->state == MODEM_WORKS ? m->end_ns : INT64_MAX;
}
