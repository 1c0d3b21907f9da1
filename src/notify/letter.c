/* SPDX-License-Identifier: Apache-2.0 */
/* See letter.h. */
#include "notify/letter.h"

#include "base/civil.h"
#include "base/must.h"
#include "model/base64.h"

enum { SUBJECT_MOST = 40, LINE_BYTES = 54 };	/* 72 letters of base64 */

bool
letter_address_ok(struct span address)
{
	unsigned ats = 0;

	for (size_t i = 0; i < address.n; i++) {
		uint8_t c = address.p[i];

		if (c <= ' ' || c >= 0x7f || memchr("<>()[]\\,;:\"", c, 11) != NULL)
			return false;
		ats += c == '@';
	}
	return ats == 1 && address.n <= LETTER_ADDRESS_MOST && address.n >= 3 &&
	    address.p[0] != '@' && address.p[0] != '-' && address.p[address.n - 1] != '@';
}

/* date-time    RFC 5322, 3.3 */
static void
date_put(struct buf *out, int64_t ns, int32_t zone_s)
{
	static const char day[7][4] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char month[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug",
	    "Sep", "Oct", "Nov", "Dec" };
	int32_t minutes = (zone_s < 0 ? -zone_s : zone_s) / 60;
	struct civil c;
	int64_t days;

	civil_split(&c, ns, zone_s);
	days = civil_days(c.year, c.month, c.day);
	buf_printf(out, "Date: %s, %d %s %d %02d:%02d:%02d %c%02d%02d\r\n",
	    day[(days % 7 + 7) % 7], c.day, month[c.month - 1], c.year, c.hour, c.minute,
	    c.second, zone_s < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void
letter_put(struct buf *out, const struct letter *l)
{
	must(l->subject.n <= SUBJECT_MOST);
	must(letter_address_ok(l->from) && letter_address_ok(l->to));
	buf_printf(out, "From: <%.*s>\r\nTo: <%.*s>\r\n", (int)l->from.n,
	    (const char *)l->from.p, (int)l->to.n, (const char *)l->to.p);
	date_put(out, l->time_ns, l->zone_s);
	buf_printf(out, "Message-ID: <%.*s>\r\nSubject: =?UTF-8?B?", (int)l->id.n,
	    (const char *)l->id.p);
	base64_put(out, l->subject);
	/* RFC 3834: out-of-office answers are not wanted. */
	buf_str(out, "?=\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n");
	for (size_t i = 0; i < l->text.n; i += LINE_BYTES) {
		size_t left = l->text.n - i;

		base64_put(out, span_sub(l->text, i, left < LINE_BYTES ? left : LINE_BYTES));
		buf_str(out, "\r\n");
	}
}
