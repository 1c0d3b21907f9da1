/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic, inside of the record. See text.h. */
#include "parse/text.h"

#include "parse/syslog.h"

enum {
	BRACKET_WITHIN = 256,	/* of an access log: address, identity and user come first */
	SQUID_DIGITS = 10,
};

/* Access log, error log, or a stamp in brackets: "[10/Oct/2000:13:55:36 -0700]". */
static size_t
bracket_read(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	size_t n = civil_clf(in, ret_ns);

	if (n == 0)
		n = civil_iso(in, frame, ret_ns);
	if (n == 0)
		n = civil_asctime(in, frame, ret_ns);
	if (n == 0)
		n = civil_bsd(in, frame, ret_ns);
	return n;
}

/* The stamp at the front: ISO, BSD, or squid's "1286536308.450 ". */
static size_t
front_read(struct span in, const struct civil_frame *frame, int64_t *ret_ns)
{
	size_t n = civil_iso(in, frame, ret_ns);

	if (n == 0)
		n = civil_bsd(in, frame, ret_ns);
	if (n == 0)
		n = civil_asctime(in, frame, ret_ns);
	if (n == 0 && in.n > SQUID_DIGITS && in.p[SQUID_DIGITS] == '.') {
		n = civil_epoch(in, ret_ns);
		if (n <= SQUID_DIGITS || (n < in.n && in.p[n] != ' '))
			n = 0;
	}
	return n;
}

void
text_cut(struct cut *cut, struct span record, const struct civil_frame *frame)
{
	const uint8_t *bracket;
	struct span in;
	size_t n;

	cut_begin(cut, record, FORMAT_LINE);
	in = span_sub(cut->record, 0, record.n - syslog_tail(record));
	(void)cut_hole(cut, in, HOLE_TEXT, ROLE_MESSAGE, SPAN("_msg"));
	if (in.n == 0)
		return;
	n = front_read(in, frame, &cut->time_ns);
	bracket = memchr(in.p, '[', in.n < BRACKET_WITHIN ? in.n : BRACKET_WITHIN);
	if (n == 0 && bracket != NULL)
		n = bracket_read(span_sub(in, (size_t)(bracket - in.p) + 1, SIZE_MAX), frame,
		    &cut->time_ns);
	if (n > 0)
		cut->time = CUT_TIME_READ;
}
