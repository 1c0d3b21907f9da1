/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, always behind a comparison with the end. RFC 5424, section 6:
 *
 *	SYSLOG-MSG = "<" PRI ">" VERSION SP TIMESTAMP SP HOSTNAME SP APP-NAME SP PROCID SP MSGID
 *	             SP STRUCTURED-DATA [SP MSG]
 *
 * Header fields are taken at any length; a message without (or with broken) structured data is
 * kept with the rest as its MSG, since many senders forget it.
 */
#include "parse/syslog.h"

#include "parse/bsd.h"

size_t
syslog_pri(struct span record)
{
	unsigned v = 0;
	size_t i = 1;

	if (record.n < 3 || record.p[0] != '<')
		return 0;
	for (; i < record.n && i <= 3 && (unsigned)(record.p[i] - '0') <= 9; i++)
		v = v * 10 + (unsigned)(record.p[i] - '0');
	if (i == 1 || i == record.n || record.p[i] != '>' || v > 191)
		return 0;
	return i + 1;
}

size_t
syslog_tail(struct span record)
{
	size_t n = record.n;

	if (n == 0)
		return 0;
	if (record.p[n - 1] == '\n')
		return n > 1 && record.p[n - 2] == '\r' ? 2 : 1;
	return record.p[n - 1] == '\0' || record.p[n - 1] == '\r';
}

/* 1*VISIBLE up to a space; octets above 0x7f are let through. Empty: there is none. */
static struct span
word_take(struct span in, size_t at)
{
	size_t i = at;

	while (i < in.n && in.p[i] > ' ' && in.p[i] != 0x7f)
		i++;
	if (i < in.n && in.p[i] != ' ')
		i = at;
	return span_sub(in, at, i - at);
}

/* TIMESTAMP, section 6.2.3: "-" or RFC 3339 with "T". False when it is neither. */
static bool
timestamp_take(struct cut *cut, struct span word, const struct civil_frame *frame)
{
	size_t n;

	if (word.n == 1 && word.p[0] == '-') {
		cut->time = CUT_TIME_NONE;
		return true;
	}
	n = civil_iso(word, frame, &cut->time_ns);
	cut->time = n == word.n && n > 0 ? CUT_TIME_READ : CUT_TIME_UNREADABLE;
	/* A stamp that cannot be, but was meant as one: the message is RFC 5424 all the same. */
	return cut->time == CUT_TIME_READ || (word.n >= 19 && word.p[4] == '-' &&
	    word.p[7] == '-' && (word.p[10] | 0x20) == 't');
}

/* SD-NAME, section 6.3.2: 1*32 of 33-126 but '=', ']', '"'; longer ones are taken too. */
static size_t
sd_name(struct span in, size_t at)
{
	size_t i = at;

	while (i < in.n && in.p[i] > ' ' && in.p[i] < 0x7f && in.p[i] != '=' &&
	    in.p[i] != ']' && in.p[i] != '"')
		i++;
	return i - at;
}

/* The closing quote of a PARAM-VALUE, section 6.3.3; in.n when there is none. */
static size_t
sd_value_end(struct span in, size_t at)
{
	size_t i = at;

	while (i < in.n && in.p[i] != '"')
		i += in.p[i] == '\\' ? 2 : 1;
	return i < in.n ? i : in.n;
}

/* SD-PARAM = PARAM-NAME "=" %d34 PARAM-VALUE %d34. The place behind it, or 0. */
static size_t
sd_param(struct cut *cut, struct span in, size_t at, struct span id)
{
	struct span name = span_sub(in, at, sd_name(in, at));
	size_t from = at + name.n + 2, to, n = id.n + 1 + name.n;
	uint8_t *text;

	if (name.n == 0 || from > in.n || in.p[from - 2] != '=' || in.p[from - 1] != '"')
		return 0;
	to = sd_value_end(in, from);
	if (to == in.n || n > LIMIT_NAME_BYTES || cut->n == LIMIT_FIELDS)
		return 0;
	text = cut_name(cut, n);
	memcpy(text, id.p, id.n);
	text[id.n] = '.';
	memcpy(text + id.n + 1, name.p, name.n);
	(void)cut_hole(cut, span_sub(in, from, to - from), HOLE_SD_VALUE, ROLE_NONE,
	    span_of(text, n));
	return to + 1;
}

/* SD-ELEMENT = "[" SD-ID *(SP SD-PARAM) "]"; section 6.3.1. The place behind it, or 0. */
static size_t
sd_element(struct cut *cut, struct span in, size_t at)
{
	struct span id = span_sub(in, at + 1, sd_name(in, at + 1));

	at += 1 + id.n;
	if (id.n == 0)
		return 0;
	while (at < in.n && in.p[at] == ' ') {
		at = sd_param(cut, in, at + 1, id);
		if (at == 0)
			return 0;
	}
	return at < in.n && in.p[at] == ']' ? at + 1 : 0;
}

/* STRUCTURED-DATA = NILVALUE / 1*SD-ELEMENT; section 6.3. The place behind it, or 0. */
static size_t
sd_take(struct cut *cut, struct span in, size_t at)
{
	uint32_t before = cut->n;

	if (at == in.n)
		return 0;
	if (in.p[at] == '-') {
		at++;
	} else {
		while (at > 0 && at < in.n && in.p[at] == '[') {
			cut->foreign = true;
			at = sd_element(cut, in, at);
		}
		if (at > 0 && in.p[at - 1] != ']')
			at = 0;
	}
	if (at == 0 || (at < in.n && in.p[at] != ' ') || cut->n == LIMIT_FIELDS) {
		cut->n = before;
		return 0;
	}
	return at;
}

/* The header's four words behind TIMESTAMP, each with a space before it; 0: one is missing. */
static size_t
header_words(struct cut *cut, struct span in, size_t at)
{
	static const struct {
		const char *name;
		uint8_t role;
	} word[] = {
		{ "hostname", ROLE_HOST }, { "app_name", ROLE_APP }, { "proc_id", ROLE_PID },
		{ "msg_id", ROLE_NONE },
	};

	for (size_t i = 0; i < sizeof word / sizeof word[0]; i++) {
		struct span s;

		if (at >= in.n || in.p[at] != ' ')
			return 0;
		s = word_take(in, at + 1);
		if (s.n == 0)
			return 0;
		(void)cut_hole(cut, s, HOLE_TEXT, word[i].role, span_str(word[i].name));
		at += 1 + s.n;
	}
	return at;
}

/* MSG = MSG-ANY / BOM UTF-8-STRING; section 6.4. The BOM stays in the piece. */
static void
message_take(struct cut *cut, struct span in, size_t at)
{
	static const struct span bom = { (const uint8_t *)"\xef\xbb\xbf", 3 };
	struct span s = span_sub(in, at, SIZE_MAX);

	if (span_starts(s, bom))
		s = span_sub(s, bom.n, SIZE_MAX);
	(void)cut_hole(cut, s, HOLE_TEXT, ROLE_MESSAGE, SPAN("_msg"));
}

/* Everything behind PRI, which ends at `at`. */
static bool
rfc5424_cut(struct cut *cut, struct span in, size_t at, const struct civil_frame *frame)
{
	struct span stamp;
	size_t behind;

	if (in.n - at < 2 || in.p[at] != '1' || in.p[at + 1] != ' ')
		return false;
	(void)cut_hole(cut, span_sub(in, 1, at - 2), HOLE_TEXT, ROLE_PRIORITY,
	    SPAN("priority"));
	stamp = word_take(in, at + 2);
	if (stamp.n == 0 || !timestamp_take(cut, stamp, frame))
		return false;
	(void)cut_hole(cut, stamp, HOLE_TEXT, ROLE_TIME, SPAN("timestamp"));
	at = header_words(cut, in, at + 2 + stamp.n);
	if (at == 0)
		return false;
	if (at == in.n)
		return true;
	if (in.p[at] != ' ')
		return false;
	behind = sd_take(cut, in, at + 1);
	if (behind == in.n)
		return true;
	message_take(cut, in, behind > 0 ? behind + 1 : at + 1);
	return true;
}

bool
syslog_cut(struct cut *cut, struct span record, const struct civil_frame *frame)
{
	size_t at = syslog_pri(record);
	struct span in = span_sub(record, 0, record.n - syslog_tail(record));

	if (at == 0)
		return false;
	cut_begin(cut, record, FORMAT_RFC5424);
	if (rfc5424_cut(cut, in, at, frame))
		return true;
	bsd_cut(cut, record, frame);
	return true;
}
