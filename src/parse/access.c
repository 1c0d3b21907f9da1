/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic inside of the line. See access.h.
 *
 *	line = [server SP] address SP ident SP user SP "[" stamp "]" SP quoted SP status SP octets
 *	       [SP quoted SP quoted] [SP rest]
 *	quoted = DQUOTE *(%x5C OCTET / OCTET) DQUOTE
 */
#include "parse/access.h"

#include "base/civil.h"
#include "parse/syslog.h"

enum {
	LAYOUT_SERVER = 1,
	LAYOUT_COMBINED = 2,
	FRONT_BYTES = 1024,		/* before the stamp */
	WORDS = 4,
};

/* What is left of the line; bad: it is none. */
struct at {
	const uint8_t *p, *end;
	bool bad;
};

static void
octet(struct at *at, uint8_t want)
{
	if (at->p < at->end && *at->p == want)
		at->p++;
	else
		at->bad = true;
}

static struct span
word(struct at *at)
{
	const uint8_t *from = at->p;

	while (at->p < at->end && *at->p != ' ')
		at->p++;
	if (at->p == from)
		at->bad = true;
	return span_of(from, (size_t)(at->p - from));
}

static struct span
quoted(struct at *at)
{
	const uint8_t *from;

	octet(at, '"');
	from = at->p;
	while (at->p < at->end && *at->p != '"')
		at->p += *at->p == '\\' && at->end - at->p > 1 ? 2 : 1;
	octet(at, '"');
	return span_of(from, at->bad ? 0 : (size_t)(at->p - from) - 1);
}

/* Address, ident and user, a server's name before them in some; ends behind the bracket. */
static unsigned
front(struct at *at, struct span value[WORDS])
{
	unsigned n = 0;

	while (!at->bad && n < WORDS && at->p < at->end && *at->p != '[') {
		value[n++] = word(at);
		octet(at, ' ');
	}
	octet(at, '[');
	if (n < WORDS - 1)
		at->bad = true;
	return n;
}

static void
front_put(struct cut *cut, const struct span value[WORDS], unsigned n)
{
	static const struct span name[WORDS] = { { (const uint8_t *)"server_name", 11 },
	    { (const uint8_t *)"remote_addr", 11 }, { (const uint8_t *)"remote_ident", 12 },
	    { (const uint8_t *)"remote_user", 11 } };

	for (unsigned i = 0; i < n; i++)
		(void)cut_hole(cut, value[i], HOLE_TEXT, ROLE_NONE, name[WORDS - n + i]);
	cut->layout = n == WORDS ? LAYOUT_SERVER : 0;
}

static bool
is_number(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return span_is(s, "-");
	return s.n > 0;
}

/* Referer and user agent, when both are there; then whatever the server was told to add. */
static void
tail_put(struct cut *cut, struct at *at)
{
	struct at try = *at;
	struct span referer, agent;

	octet(&try, ' ');
	referer = quoted(&try);
	octet(&try, ' ');
	agent = quoted(&try);
	if (!try.bad && (try.p == try.end || *try.p == ' ')) {
		(void)cut_hole(cut, referer, HOLE_TEXT, ROLE_NONE, SPAN("http_referer"));
		(void)cut_hole(cut, agent, HOLE_TEXT, ROLE_NONE, SPAN("http_user_agent"));
		cut->layout |= LAYOUT_COMBINED;
		*at = try;
	}
	if (at->p < at->end)
		(void)cut_hole(cut, span_of(at->p + 1, (size_t)(at->end - at->p) - 1), HOLE_TEXT,
		    ROLE_NONE, SPAN("_rest"));
}

bool
access_cut(struct cut *cut, struct span record)
{
	struct span value[WORDS], request, status, octets, stamp;
	struct at at;
	unsigned n;
	size_t got;

	cut_begin(cut, record, FORMAT_ACCESS);
	at = (struct at){ cut->record.p, cut->record.p + cut->record.n -
	    syslog_tail(cut->record), false };
	n = front(&at, value);
	if (at.bad || at.p - cut->record.p > FRONT_BYTES)
		return false;
	got = civil_clf(span_of(at.p, (size_t)(at.end - at.p)), &cut->time_ns);
	stamp = span_of(at.p, got);
	at.p += got;
	octet(&at, ']');
	octet(&at, ' ');
	request = quoted(&at);
	octet(&at, ' ');
	status = word(&at);
	octet(&at, ' ');
	octets = word(&at);
	if (at.bad || got == 0 || !is_number(status) || !is_number(octets))
		return false;
	front_put(cut, value, n);
	(void)cut_hole(cut, stamp, HOLE_TEXT, ROLE_TIME, SPAN("time_local"));
	(void)cut_hole(cut, request, HOLE_TEXT, ROLE_MESSAGE, SPAN("request"));
	(void)cut_hole(cut, status, HOLE_TEXT, ROLE_NONE, SPAN("status"));
	(void)cut_hole(cut, octets, HOLE_TEXT, ROLE_NONE, SPAN("body_bytes_sent"));
	tail_put(cut, &at);
	cut->time = CUT_TIME_READ;
	return true;
}
