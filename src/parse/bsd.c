/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UNSAFE: pointer arithmetic, always behind a comparison with the end. RFC 3164, see bsd.h. Each
 * step takes a part from the front or leaves the place where it is; what is left in the end is
 * the message. Fixed text between parts comes in few forms, so that senders cannot invent shapes.
 */
#include "parse/bsd.h"

#include "parse/syslog.h"

enum {
	SEQUENCE_DIGITS = 10,
	HOST_BYTES = 255,
	TAG_BYTES = 128,
	PID_BYTES = 64,
	PAIRS = 24,		/* of a FortiGate message, looked at for its time and name */
};

/* Which parts the record has: they say the names of the holes, so they are the layout. */
enum part {
	PART_PRI = 1 << 0,
	PART_SEQUENCE = 1 << 1,
	PART_SEQUENCE_2 = 1 << 2,
	PART_STAMP = 1 << 3,
	PART_HOST = 1 << 4,
	PART_HOST_FIRST = 1 << 5,
	PART_TAG = 1 << 6,
	PART_PID = 1 << 7,
};

struct bsd {
	struct cut *cut;
	const struct civil_frame *frame;
	struct span in;		/* the record without its tail */
	size_t at;
	size_t stamp_n;		/* the stamp at stamp_at in frame's zone, read once; 0: none */
	size_t stamp_at;
	int64_t stamp_ns;
};

static void
part_take(struct bsd *b, size_t n, enum part part, unsigned role, struct span name)
{
	(void)cut_hole(b->cut, span_sub(b->in, b->at, n), HOLE_TEXT, role, name);
	b->cut->layout |= part;
	b->at += n;
}

static bool
text_is(const struct bsd *b, size_t at, struct span text)
{
	return span_starts(span_sub(b->in, at, SIZE_MAX), text);
}

/* Fixed text: takes it when it is there. */
static bool
text_take(struct bsd *b, struct span text)
{
	bool is = text_is(b, b->at, text);

	b->at += is ? text.n : 0;
	return is;
}

/* ---- stamp ---- */

/* Zone names that Cisco writes behind a stamp and that mean one thing only. */
static const struct {
	struct span name;
	int32_t zone_s;
} zone_name[] = {
	{ { (const uint8_t *)" UTC", 4 }, 0 }, { { (const uint8_t *)" GMT", 4 }, 0 },
	{ { (const uint8_t *)" ICT", 4 }, 7 * 3600 }, { { (const uint8_t *)" SGT", 4 }, 8 * 3600 },
	{ { (const uint8_t *)" HKT", 4 }, 8 * 3600 }, { { (const uint8_t *)" JST", 4 }, 9 * 3600 },
	{ { (const uint8_t *)" KST", 4 }, 9 * 3600 }, { { (const uint8_t *)" CET", 4 }, 3600 },
};

/* The stamp at `at`: its octets and time, 0 when there is none. */
static size_t
stamp_read(struct bsd *b, size_t at, const struct civil_frame *frame, int64_t *ret_ns)
{
	struct span s = span_sub(b->in, at, SIZE_MAX);
	size_t n;

	if (s.n == 0)
		return 0;
	n = (unsigned)(s.p[0] - '0') <= 9 ? civil_iso(s, frame, ret_ns) :
	    civil_bsd(s, frame, ret_ns);
	return n == s.n || s.p[n] == ' ' || s.p[n] == ':' ? n : 0;
}

/* The same in the zone of senders that name none; the two forms that ask share one reading. */
static size_t
stamp_find(struct bsd *b, size_t at, int64_t *ret_ns)
{
	if (b->stamp_at != at || b->stamp_n == 0) {
		b->stamp_at = at;
		b->stamp_n = stamp_read(b, at, b->frame, &b->stamp_ns);
	}
	*ret_ns = b->stamp_ns;
	return b->stamp_n;
}

static void
stamp_take(struct bsd *b, size_t n, int64_t ns)
{
	part_take(b, n, PART_STAMP, ROLE_TIME, SPAN("timestamp"));
	b->cut->time = CUT_TIME_READ;
	b->cut->time_ns = ns;
}

/*
 * The stamp at `at` with a zone name or none and ":" behind it: the stamp's octets and time, and
 * the zone name's octets. 0 when there is none.
 */
static size_t
stamp_colon(struct bsd *b, size_t at, int64_t *ret_ns, size_t *ret_zone)
{
	struct civil_frame frame = *b->frame;
	size_t n = stamp_find(b, at, ret_ns);

	*ret_zone = 0;
	if (n == 0)
		return 0;
	if (text_is(b, at + n, SPAN(" ")) && text_is(b, at + n + 4, SPAN(": ")))
		for (size_t i = 0; i < sizeof zone_name / sizeof zone_name[0]; i++)
			if (text_is(b, at + n, zone_name[i].name)) {
				*ret_zone = zone_name[i].name.n;
				frame.zone_s = zone_name[i].zone_s;
				(void)stamp_read(b, at, &frame, ret_ns);
			}
	return text_is(b, at + n + *ret_zone, SPAN(": ")) ? n : 0;
}

/* ---- host, tag, process id ---- */

static size_t
digits(const struct bsd *b, size_t at)
{
	size_t i = at;

	while (i < b->in.n && (unsigned)(b->in.p[i] - '0') <= 9)
		i++;
	return i - at;
}

/* Letters of a host or a tag: visible, none of the marks of text or of key=value. */
static bool
is_name(uint8_t c)
{
	static const uint64_t no[2] = {
		/* controls, space, " , : ; < = > */ 0x7c001005ffffffff,
		/* [ ] { } DEL, the quote ` */ 0xa800000128000000,
	};

	return c >= 0x80 || (no[c >> 6] >> (c & 63) & 1) == 0;
}

static size_t
name_length(const struct bsd *b, size_t at, size_t most)
{
	size_t i = at;

	while (i < b->in.n && i - at < most && is_name(b->in.p[i]))
		i++;
	return i - at;
}

/* HOSTNAME = visible octets up to a space, but no tag: not "name:" and not "name[". */
static bool
host_take(struct bsd *b)
{
	size_t i = b->at, n;

	while (i < b->in.n && i - b->at < HOST_BYTES &&
	    (is_name(b->in.p[i]) || b->in.p[i] == ':'))
		i++;
	n = i - b->at;
	if (n == 0 || (i < b->in.n && b->in.p[i] != ' ') || b->in.p[i - 1] == ':' ||
	    b->in.p[b->at] == '%')
		return false;
	part_take(b, n, PART_HOST, ROLE_HOST, SPAN("hostname"));
	return true;
}

/* What the source's application is of a Cisco tag: "ASA" of "%ASA-6-302013". */
static struct span
cisco_facility(struct span tag)
{
	size_t i = 1;

	while (i < tag.n && tag.p[i] != '-')
		i++;
	return span_sub(tag, 1, i - 1);
}

/* Behind TAG or PID: ":" and one space, or the end. Gives the octets; false: it is no tag. */
static bool
tag_end(const struct bsd *b, size_t at, bool colon_optional, size_t *ret_n)
{
	if (text_is(b, at, SPAN(": ")))
		*ret_n = 2;
	else if (text_is(b, at, SPAN(":")) && at + 1 == b->in.n)
		*ret_n = 1;
	else if (colon_optional && text_is(b, at, SPAN(" ")))
		*ret_n = 1;
	else if (colon_optional && at == b->in.n)
		*ret_n = 0;
	else
		return false;
	return true;
}

/* TAG = name [ "[" pid "]" ] ":" ; RFC 3164, 4.1.3 and 5.3. */
static bool
tag_take(struct bsd *b)
{
	size_t n = name_length(b, b->at, TAG_BYTES), at = b->at + n, pid = 0, more;
	struct span tag = span_sub(b->in, b->at, n);

	if (n == 0)
		return false;
	if (text_is(b, at, SPAN("["))) {
		while (at + 1 + pid < b->in.n && pid < PID_BYTES && b->in.p[at + 1 + pid] > ' ' &&
		    b->in.p[at + 1 + pid] != ']')
			pid++;
		if (!text_is(b, at + 1 + pid, SPAN("]")) ||
		    !tag_end(b, at + 2 + pid, true, &more))
			return false;
		part_take(b, n, PART_TAG, ROLE_APP, SPAN("app_name"));
		b->at++;
		part_take(b, pid, PART_PID, ROLE_PID, SPAN("proc_id"));
		b->at += 1 + more;
		return true;
	}
	if (!tag_end(b, at, false, &more))
		return false;
	part_take(b, n, PART_TAG, ROLE_APP, SPAN("app_name"));
	if (tag.p[0] == '%')
		b->cut->app = cisco_facility(tag);
	b->at += more;
	return true;
}

static void
message_take(struct bsd *b)
{
	(void)cut_hole(b->cut, span_sub(b->in, b->at, SIZE_MAX), HOLE_TEXT, ROLE_MESSAGE,
	    SPAN("_msg"));
}

/* ---- forms ---- */

/* The octets of [sequence ": "], without them when none: Cisco's "service sequence-numbers". */
static size_t
sequence_length(const struct bsd *b, size_t at)
{
	size_t n = digits(b, at);

	return n > 0 && n <= SEQUENCE_DIGITS && text_is(b, at + n, SPAN(": ")) ? n : 0;
}

/* The octets of [host ": "], with a stamp behind it. */
static size_t
origin_length(const struct bsd *b, size_t at)
{
	size_t n = name_length(b, at, HOST_BYTES);

	return n > 0 && text_is(b, at + n, SPAN(": ")) ? n : 0;
}

/*
 * Cisco IOS: [seq ": "] [seq ": "] [host ": "] ["*" / "."] stamp [zone] ": ". All of it is looked
 * at before anything is taken, and there must be a stamp with its colon.
 */
static bool
ios_take(struct bsd *b)
{
	size_t first = sequence_length(b, b->at), second = 0, host, at = b->at, n, zone;
	int64_t ns;

	at += first > 0 ? first + 2 : 0;
	if (first > 0)
		second = sequence_length(b, at);
	at += second > 0 ? second + 2 : 0;
	host = origin_length(b, at);
	at += host > 0 ? host + 2 : 0;
	if (text_is(b, at, SPAN("*")) || text_is(b, at, SPAN(".")))
		at++;
	n = stamp_colon(b, at, &ns, &zone);
	if (n == 0)
		return false;
	if (first > 0) {
		part_take(b, first, PART_SEQUENCE, ROLE_NONE, SPAN("sequence"));
		b->at += 2;
	}
	if (second > 0) {
		part_take(b, second, PART_SEQUENCE_2, ROLE_NONE, SPAN("sequence_2"));
		b->at += 2;
	}
	if (host > 0)
		part_take(b, host, PART_HOST_FIRST, ROLE_HOST, SPAN("hostname"));
	b->at = at;
	stamp_take(b, n, ns);
	b->at += zone + 2;
	return true;
}

/* stamp SP [ host SP ] or stamp SP tag */
static bool
header_take(struct bsd *b)
{
	int64_t ns;
	size_t n = stamp_find(b, b->at, &ns);

	if (n == 0)
		return false;
	stamp_take(b, n, ns);
	if (!text_take(b, SPAN(" ")))
		return true;
	if (host_take(b) && !text_take(b, SPAN(" : ")))
		(void)text_take(b, SPAN(" "));
	return true;
}

/* ---- FortiGate ---- */

struct forti {
	struct span date, time, zone, name;
};

/* key=value or key="value"; returns the place behind it and one space, 0 when there is none. */
static size_t
pair_take(struct span in, size_t at, struct span *ret_key, struct span *ret_value)
{
	size_t i = at, from;

	while (i < in.n && in.p[i] != '=' && in.p[i] > ' ')
		i++;
	if (i == in.n || in.p[i] != '=')
		return 0;
	*ret_key = span_sub(in, at, i - at);
	from = ++i;
	if (i < in.n && in.p[i] == '"') {
		for (from = ++i; i < in.n && in.p[i] != '"'; i++)
			;
		*ret_value = span_sub(in, from, i - from);
		i++;
	} else {
		while (i < in.n && in.p[i] != ' ')
			i++;
		*ret_value = span_sub(in, from, i - from);
	}
	return i < in.n ? i + 1 : in.n;
}

/* date=yyyy-mm-dd time=hh:mm:ss [tz="+hhmm"] as one stamp. */
static void
forti_time(struct cut *cut, const struct forti *f, const struct civil_frame *frame)
{
	uint8_t text[32];
	size_t n = 0;

	if (f->date.n != 10 || f->time.n != 8 || f->zone.n > 6)
		return;
	memcpy(text, f->date.p, 10);
	text[10] = 'T';
	memcpy(text + 11, f->time.p, 8);
	n = 19;
	if (f->zone.n > 0)
		memcpy(text + n, f->zone.p, f->zone.n);
	n += f->zone.n;
	cut->time = civil_iso(span_of(text, n), frame, &cut->time_ns) == n ? CUT_TIME_READ :
	    CUT_TIME_UNREADABLE;
}

/* The whole message stays one value; its time and name are read out of it. */
static bool
forti_take(struct bsd *b)
{
	struct forti f = { .zone = { NULL, 0 } };
	struct span key, value;
	size_t at = b->at;

	if (!text_is(b, at, SPAN("date=")))
		return false;
	for (unsigned i = 0; i < PAIRS && at < b->in.n; i++) {
		at = pair_take(b->in, at, &key, &value);
		if (at == 0)
			break;
		if (span_is(key, "date"))
			f.date = value;
		else if (span_is(key, "time"))
			f.time = value;
		else if (span_is(key, "tz"))
			f.zone = value;
		else if (span_is(key, "devname"))
			f.name = value;
	}
	forti_time(b->cut, &f, b->frame);
	b->cut->host = f.name;
	return true;
}

/* ---- doors ---- */

void
bsd_cut(struct cut *cut, struct span record, const struct civil_frame *frame)
{
	struct bsd b = { .cut = cut, .frame = frame,
	    .in = span_sub(record, 0, record.n - syslog_tail(record)) };

	cut_begin(cut, record, FORMAT_RFC3164);
	b.at = 1;
	part_take(&b, syslog_pri(record) - 2, PART_PRI, ROLE_PRIORITY, SPAN("priority"));
	b.at++;
	(void)text_take(&b, SPAN(" "));
	if (!forti_take(&b)) {
		if (!ios_take(&b))
			(void)header_take(&b);
		(void)tag_take(&b);
	}
	message_take(&b);
}

bool
bsd_cut_bare(struct cut *cut, struct span record, const struct civil_frame *frame)
{
	struct bsd b = { .cut = cut, .frame = frame,
	    .in = span_sub(record, 0, record.n - syslog_tail(record)) };
	bool host, tag, iso = b.in.n > 20 && (unsigned)(b.in.p[0] - '0') <= 9;

	/* Many programs begin a line with a stamp; only rsyslog's form has T and an offset. */
	if (iso && ((b.in.p[10] != 'T') || b.in.p[4] != '-'))
		iso = false;
	cut_begin(cut, record, FORMAT_RFC3164);
	if (b.in.n < 15 || (!iso && (unsigned)(b.in.p[0] - '0') <= 9 &&
	    sequence_length(&b, 0) == 0))
		return false;
	if (!ios_take(&b)) {
		if (!header_take(&b))
			return false;
		host = (cut->layout & PART_HOST) != 0;
		tag = tag_take(&b);
		if (iso ? !(host && tag) : !(host || tag))
			return false;
	} else if (!tag_take(&b)) {
		return false;
	}
	message_take(&b);
	return true;
}
