/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front door of the room: asks the formats in their order, finds the shape's id, judges the
 * time. See parse.h; the rules of time are record.md, section 3. Allocates only for new shapes.
 */
#include "parse/parse.h"

#include <stdlib.h>

#include "base/fold.h"
#include "base/must.h"
#include "base/utf8.h"
#include "parse/access.h"
#include "parse/bsd.h"
#include "parse/columns.h"
#include "parse/known.h"
#include "parse/naming.h"
#include "parse/object.h"
#include "parse/syslog.h"
#include "parse/text.h"
#include "parse/track.h"

enum { CLAIM_BYTES = 255, YEAR_FIRST = 1990 };

#define LEAD_DEFAULT_NS		(INT64_C(24) * 3600 * CIVIL_SECOND_NS)

struct parser {
	struct parse_config config;
	struct known *known;
	struct naming *naming;
	struct track *track[NAMINGS];		/* of JSON, by number; NULL until it is used */
	struct track *journal;
	struct columns *header[PARSE_HEADERS];	/* number - 1 */
	uint32_t nheader;
	size_t header_bytes;
	int64_t near_ns;			/* of stamps without a year; 0: as received */
	int64_t first_ns;			/* no record is older: YEAR_FIRST */
	uint8_t host[CLAIM_BYTES];		/* claims that had to be decoded */
	uint8_t app[CLAIM_BYTES];
	struct cut cut;
};

static const char *const names_message[] = { "_msg", "message", "Message", "msg", "log",
    "MESSAGE", NULL };
static const char *const names_time[] = { "_time", "@timestamp", "timestamp", "time", "ts",
    "TimeCreated", "EventTime", "__REALTIME_TIMESTAMP", "date", NULL };
static const char *const names_host[] = { "host.name", "hostname", "Hostname", "host", "Computer",
    "_HOSTNAME", NULL };
static const char *const names_app[] = { "app_name", "app", "service", "SourceName", "Channel",
    "SYSLOG_IDENTIFIER", NULL };
static const struct parse_names names_default = { names_message, names_time, names_host,
    names_app };

struct parser *
parser_new(const struct parse_config *config)
{
	struct parser *parser = xcalloc(1, sizeof *parser);

	parser->config = *config;
	if (config->lead_ns == 0)
		parser->config.lead_ns = LEAD_DEFAULT_NS;
	if (config->names == NULL)
		parser->config.names = &names_default;
	parser->first_ns = civil_days(YEAR_FIRST, 1, 1) * CIVIL_DAY_S * CIVIL_SECOND_NS;
	parser->known = known_new(config->seed);
	parser->naming = naming_new(parser->config.names);
	return parser;
}

void
parser_free(struct parser **parser)
{
	struct parser *p = *parser;

	if (p == NULL)
		return;
	known_free(&p->known);
	naming_free(&p->naming);
	for (uint32_t i = 0; i < NAMINGS; i++)
		track_free(&p->track[i]);
	track_free(&p->journal);
	for (uint32_t i = 0; i < p->nheader; i++)
		columns_free(&p->header[i]);
	free(p);
	*parser = NULL;
}

void
parser_near(struct parser *parser, int64_t near_ns)
{
	parser->near_ns = near_ns;
}

uint32_t
parser_header(struct parser *parser, unsigned format, struct span header)
{
	struct columns *columns;

	/* The last ones first: a file has one, or goes back and forth between a few. */
	for (uint32_t i = parser->nheader; i > 0; i--)
		if (columns_is(parser->header[i - 1], format, header))
			return i;
	if (parser->nheader == PARSE_HEADERS || parser->header_bytes > PARSE_HEADERS_BYTES)
		return PARSE_NO_HEADER;
	columns = columns_new(format, header, parser->config.names);
	if (columns == NULL)
		return PARSE_NO_HEADER;
	parser->header_bytes += columns_bytes(columns);
	parser->header[parser->nheader++] = columns;
	return parser->nheader;
}

struct span
parser_shape(const struct parser *parser, uint32_t shape_id)
{
	return known_at(parser->known, shape_id)->shape->code;
}

uint32_t
parser_adopt(struct parser *parser, struct span code)
{
	return known_adopt(parser->known, code);
}

uint32_t
parser_shapes(const struct parser *parser)
{
	return known_count(parser->known);
}

/* ---- what a record says of itself ---- */

/* The value of the role's hole; empty when there is none, or when it says that it has none. */
static struct span
role_value(const struct cut *cut, unsigned role, unsigned *ret_kind)
{
	uint16_t i = cut->role_hole[role];
	struct span none = { NULL, 0 };

	if (i == CUT_NO_HOLE)
		return none;
	*ret_kind = cut->hole[i].kind;
	if (*ret_kind == HOLE_JSON_LITERAL && span_is(cut->value[i], "null"))
		return none;
	if ((cut->format == FORMAT_RFC5424 || cut->format == FORMAT_W3C) &&
	    span_is(cut->value[i], "-"))
		return none;
	return cut->value[i];
}

/* Host or application as it is claimed, decoded and at most CLAIM_BYTES octets. */
static struct span
claim(const struct cut *cut, unsigned role, struct span known, uint8_t *at)
{
	unsigned kind = HOLE_TEXT;
	struct span s = known.n > 0 ? known : role_value(cut, role, &kind);

	if (kind == HOLE_JSON_STRING && s.n > 0 && memchr(s.p, '\\', s.n) != NULL)
		return object_unescape(at, CLAIM_BYTES, s);
	return utf8_cut(s, CLAIM_BYTES);
}

/* Reads the time out of the role's hole when the format did not do it. */
static void
time_read(struct cut *cut, const struct civil_frame *frame)
{
	unsigned kind = HOLE_TEXT;
	struct span s;

	if (cut->time != CUT_TIME_VALUE)
		return;
	s = role_value(cut, ROLE_TIME, &kind);
	if (s.p == NULL)
		cut->time = CUT_TIME_NONE;
	else
		cut->time = civil_read(s, frame, &cut->time_ns) ? CUT_TIME_READ :
		    CUT_TIME_UNREADABLE;
}

/* record.md, section 3: the rule, and the event time that follows from it. */
static enum time_rule
time_judge(const struct parser *parser, int64_t recv_ns, int64_t *ret_event_ns)
{
	const struct parse_config *config = &parser->config;
	const struct cut *cut = &parser->cut;
	int64_t edge;

	*ret_event_ns = recv_ns;
	if (cut->time == CUT_TIME_NONE)
		return TIME_NONE;
	if (cut->time == CUT_TIME_UNREADABLE || cut->time_ns < parser->first_ns)
		return TIME_UNREADABLE;
	if (config->lead_ns > 0 && !__builtin_add_overflow(recv_ns, config->lead_ns, &edge) &&
	    cut->time_ns > edge)
		return TIME_AHEAD;
	if (config->lag_ns > 0 && !__builtin_sub_overflow(recv_ns, config->lag_ns, &edge) &&
	    cut->time_ns < edge)
		return TIME_BEHIND;
	*ret_event_ns = cut->time_ns;
	return TIME_OWN;
}

static uint8_t
flags_of(struct span record, enum time_rule rule)
{
	unsigned found = utf8_scan(record);
	unsigned flags = (unsigned)rule << ROW_TIME_SHIFT;

	if ((found & UTF8_BROKEN) != 0)
		flags |= ROW_NOT_UTF8;
	if ((found & UTF8_NUL) != 0)
		flags |= ROW_HAS_NUL;
	return (uint8_t)flags;
}

/* ---- from the cut to the answer ---- */

static struct civil_frame
frame_of(const struct parser *parser, int64_t recv_ns)
{
	return (struct civil_frame){ .zone_s = parser->config.zone_s,
	    .near_ns = parser->near_ns != 0 ? parser->near_ns : recv_ns };
}

/* Kinds and roles of a cut that track_follow() filled. */
static void
holes_take(struct cut *cut, const struct known_shape *its)
{
	memcpy(cut->role_hole, its->role_hole, sizeof cut->role_hole);
	for (unsigned role = 0; role < ROLE_END; role++)
		if (cut->role_hole[role] != CUT_NO_HOLE)
			cut->hole[cut->role_hole[role]].kind =
			    its->shape->hole[cut->role_hole[role]].kind;
}

/*
 * The id of the cut's shape. When the table has no room for it, or it breaks a rule of shapes
 * (too much fixed text), the record becomes one text; its format stays.
 */
static uint32_t
shape_id_of(struct parser *parser, bool *ret_is_new)
{
	struct cut *cut = &parser->cut;
	uint32_t id = known_find(parser->known, cut);

	*ret_is_new = false;
	if (id != KNOWN_NONE)
		return id;
	*ret_is_new = true;
	id = known_add(parser->known, cut);
	if (id != KNOWN_NONE)
		return id;
	cut->n = 0;
	cut->layout = 0;
	cut->foreign = false;
	(void)cut_hole(cut, cut->record, HOLE_TEXT, ROLE_MESSAGE, SPAN("_msg"));
	cut_end(cut);
	for (unsigned role = 0; role < ROLE_END; role++)
		cut->role_hole[role] = CUT_NO_HOLE;
	cut->role_hole[ROLE_MESSAGE] = 0;
	id = known_find(parser->known, cut);
	*ret_is_new = id == KNOWN_NONE;
	if (id == KNOWN_NONE)
		id = known_add(parser->known, cut);
	must(id != KNOWN_NONE);
	return id;
}

/* Time, claims and flags; before the holes may be given up for want of room. */
static void
answer_begin(struct parser *parser, int64_t recv_ns, struct parsed *ret)
{
	struct civil_frame frame = frame_of(parser, recv_ns);
	struct cut *cut = &parser->cut;

	time_read(cut, &frame);
	ret->flags = flags_of(cut->record, time_judge(parser, recv_ns, &ret->event_ns));
	ret->host = claim(cut, ROLE_HOST, cut->host, parser->host);
	ret->app = claim(cut, ROLE_APP, cut->app, parser->app);
}

static void
answer_end(struct parser *parser, uint32_t id, bool is_new, struct parsed *ret)
{
	ret->shape_id = id;
	ret->shape_is_new = is_new;
	ret->format = parser->cut.format;
	ret->nvalue = parser->cut.n;
	ret->value = parser->cut.value;
}

static void
cut_answer(struct parser *parser, int64_t recv_ns, struct parsed *ret)
{
	bool is_new;
	uint32_t id;

	cut_end(&parser->cut);
	answer_begin(parser, recv_ns, ret);
	id = shape_id_of(parser, &is_new);
	answer_end(parser, id, is_new, ret);
}

/* ---- JSON ---- */

/* Objects of one format with one naming: what they share is the track of their shapes. */
struct way {
	uint8_t format;
	uint32_t naming;
	struct track *track;
};

static struct way
way_of(struct parser *parser, unsigned format, uint32_t naming)
{
	struct track **track = format == FORMAT_JSON ? &parser->track[naming] : &parser->journal;

	if (*track == NULL)
		*track = track_new();
	return (struct way){ (uint8_t)format, naming, *track };
}

/* True when the record was a known shape's and the answer is complete. */
static bool
object_known(struct parser *parser, struct span record, const struct way *way, int64_t recv_ns,
    struct parsed *ret)
{
	struct cut *cut = &parser->cut;
	uint32_t id = track_follow(way->track, record, cut);
	uint32_t n = cut->n;

	if (id == TRACK_NONE)
		return false;
	cut_begin(cut, record, way->format);
	cut->n = n;
	holes_take(cut, known_at(parser->known, id));
	cut->time = cut->role_hole[ROLE_TIME] != CUT_NO_HOLE ? CUT_TIME_VALUE : CUT_TIME_NONE;
	answer_begin(parser, recv_ns, ret);
	answer_end(parser, id, false, ret);
	return true;
}

/* False: the record is no JSON object. */
static bool
object_answer(struct parser *parser, struct span record, const struct way *way, int64_t recv_ns,
    struct parsed *ret)
{
	struct cut *cut = &parser->cut;
	const struct known_shape *its;

	if (object_known(parser, record, way, recv_ns, ret))
		return true;
	if (!object_cut(cut, record, way->format))
		return false;
	cut_end(cut);
	naming_give(parser->naming, way->naming, cut);
	if (cut->role_hole[ROLE_TIME] != CUT_NO_HOLE)
		cut->time = CUT_TIME_VALUE;
	cut_answer(parser, recv_ns, ret);
	its = known_at(parser->known, ret->shape_id);
	if (cut->foreign)
		track_add(way->track, cut, its->shape, ret->shape_id);
	return true;
}

static void
object_or_unparsed(struct parser *parser, struct span record, const struct way *way,
    int64_t recv_ns, struct parsed *ret)
{
	must(record.n <= LIMIT_RECORD_BYTES);
	if (!object_answer(parser, record, way, recv_ns, ret))
		parse_whole(parser, record, recv_ns, ret);
}

/* ---- doors ---- */

/* Cheap look: may it be an object? */
static bool
object_likely(struct span record)
{
	return record.n >= 2 && record.p[0] == '{' && (record.p[1] == '"' || record.p[1] <= ' ' ||
	    record.p[1] == '}');
}

static void
line_answer(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	struct civil_frame frame = frame_of(parser, recv_ns);
	struct way way = way_of(parser, FORMAT_JSON, 0);

	if (object_likely(record) && object_answer(parser, record, &way, recv_ns, ret))
		return;
	if (!bsd_cut_bare(&parser->cut, record, &frame))
		text_cut(&parser->cut, record, &frame);
	cut_answer(parser, recv_ns, ret);
}

void
parse_syslog(struct parser *parser, struct span record, int64_t recv_ns,
    struct parsed *ret_parsed)
{
	struct civil_frame frame = frame_of(parser, recv_ns);

	must(record.n <= LIMIT_RECORD_BYTES);
	if (!syslog_cut(&parser->cut, record, &frame)) {
		line_answer(parser, record, recv_ns, ret_parsed);
		return;
	}
	cut_answer(parser, recv_ns, ret_parsed);
}

void
parse_line(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret_parsed)
{
	must(record.n <= LIMIT_RECORD_BYTES);
	line_answer(parser, record, recv_ns, ret_parsed);
}

void
parse_json(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret_parsed)
{
	struct way way = way_of(parser, FORMAT_JSON, 0);

	object_or_unparsed(parser, record, &way, recv_ns, ret_parsed);
}

void
parse_json_chosen(struct parser *parser, const struct parse_choice *choice, struct span record,
    int64_t recv_ns, struct parsed *ret_parsed)
{
	struct way way = way_of(parser, FORMAT_JSON, naming_find(parser->naming, choice));

	object_or_unparsed(parser, record, &way, recv_ns, ret_parsed);
}

void
parse_journal(struct parser *parser, struct span record, int64_t recv_ns,
    struct parsed *ret_parsed)
{
	struct way way = way_of(parser, FORMAT_JOURNAL, 0);

	object_or_unparsed(parser, record, &way, recv_ns, ret_parsed);
}

void
parse_whole(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret_parsed)
{
	must(record.n <= LIMIT_RECORD_BYTES);
	cut_whole(&parser->cut, record, FORMAT_UNPARSED);
	cut_answer(parser, recv_ns, ret_parsed);
}

void
parse_access(struct parser *parser, struct span record, int64_t recv_ns,
    struct parsed *ret_parsed)
{
	must(record.n <= LIMIT_RECORD_BYTES);
	if (access_cut(&parser->cut, record))
		cut_answer(parser, recv_ns, ret_parsed);
	else
		line_answer(parser, record, recv_ns, ret_parsed);
}

void
parse_row(struct parser *parser, uint32_t header, struct span record, int64_t recv_ns,
    struct parsed *ret_parsed)
{
	struct civil_frame frame = frame_of(parser, recv_ns);

	must(record.n <= LIMIT_RECORD_BYTES && header > 0 && header <= parser->nheader);
	columns_cut(parser->header[header - 1], header, &parser->cut, record, &frame);
	cut_answer(parser, recv_ns, ret_parsed);
}

void
parse_heading(struct parser *parser, unsigned format, struct span record, int64_t recv_ns,
    struct parsed *ret_parsed)
{
	must(record.n <= LIMIT_RECORD_BYTES && (format == FORMAT_CSV || format == FORMAT_W3C));
	cut_whole(&parser->cut, record, format);
	cut_answer(parser, recv_ns, ret_parsed);
}
