/* SPDX-License-Identifier: Apache-2.0 */
/* Hint to parser, parsed to batch maker: see cut.h. */
#include "role/cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/fault.h"
#include "sys/random.h"
#include "parse/parse.h"
#include "role/crash.h"

struct cutter {
	struct parser *parser;
	uint64_t suspect[CUT_SUSPECTS];
	unsigned nsuspect;
	char own_host[LIMIT_NAME_BYTES + 1];
};

struct cutter *
cutter_new(const struct conf *conf, const char *own_host)
{
	struct cutter *c = xcalloc(1, sizeof *c);
	struct parse_config config = { .seed = random_u64(), .lead_ns = conf->lead_s * 1000000000,
	    .zone_s = (int32_t)conf->zone_minutes * 60 };

	c->parser = parser_new(&config);
	(void)snprintf(c->own_host, sizeof c->own_host, "%s", own_host);
	return c;
}

void
cutter_free(struct cutter **cutter)
{
	if (*cutter == NULL)
		return;
	parser_free(&(*cutter)->parser);
	free(*cutter);
	*cutter = NULL;
}

void
cutter_suspects(struct cutter *cutter, const uint64_t *hash, unsigned n)
{
	cutter->nsuspect = n < CUT_SUSPECTS ? n : CUT_SUSPECTS;
	memcpy(cutter->suspect, hash, cutter->nsuspect * sizeof *hash);
}

static bool
is_suspect(const struct cutter *c, struct span record)
{
	uint64_t hash = c->nsuspect > 0 ? crash_hash(record) : 0;

	for (unsigned i = 0; i < c->nsuspect; i++)
		if (c->suspect[i] == hash)
			return true;
	return false;
}

static void
answer(const struct cutter *c, const struct parsed *p, bool aside, struct intake_parsed *ret)
{
	*ret = (struct intake_parsed){ .shape = p->shape_id, .set_aside = aside,
	    .unparsed = p->format == FORMAT_UNPARSED || p->format == FORMAT_LINE,
	    .flags = p->flags, .event_ns = p->event_ns, .nvalue = p->nvalue, .value = p->value,
	    .host = p->host, .app = p->app };
	if (ret->host.n == 0)
		ret->host = span_str(c->own_host);
}

static void
cut(void *state, const struct intake_hint *hint, struct span record, int64_t recv_ns,
    struct intake_parsed *ret)
{
	typedef void parse_fn(struct parser *, struct span, int64_t, struct parsed *);
	static parse_fn *const by_format[] = { [INTAKE_FORMAT_SYSLOG] = parse_syslog,
	    [INTAKE_FORMAT_JSON] = parse_json, [INTAKE_FORMAT_LINE] = parse_line,
	    [INTAKE_FORMAT_JOURNAL] = parse_journal };
	const struct parse_choice choice = { hint->message_field, hint->time_field,
	    hint->stream_fields, hint->host_field, hint->app_field };
	struct cutter *c = state;
	bool aside = is_suspect(c, record);
	struct parsed p;

	must(hint->format < sizeof by_format / sizeof by_format[0]);
	crash_at(record);
	if (aside) {
		parse_whole(c->parser, record, recv_ns, &p);
	} else {
		fault_record("cut", record);
		if (hint->format == INTAKE_FORMAT_JSON)
			parse_json_chosen(c->parser, &choice, record, recv_ns, &p);
		else
			by_format[hint->format](c->parser, record, recv_ns, &p);
	}
	crash_at((struct span){ NULL, 0 });
	answer(c, &p, aside, ret);
	if (p.host.n == 0 && hint->host.n > 0)
		ret->host = hint->host;
	if (ret->app.n == 0)
		ret->app = hint->app;
}

/* ---- imported files ---- */

/* A row of a table, its header, or a line of W3C that is none. */
static void
table_parse(struct cutter *c, struct cut_file *file, struct span record, int64_t recv_ns,
    struct parsed *ret)
{
	unsigned format = file->form == FORM_CSV ? FORMAT_CSV : FORMAT_W3C;
	bool heading = file->form == FORM_CSV ? !file->begun :
	    record.n > 0 && record.p[0] == '#';

	if (heading && (format == FORMAT_CSV || span_starts(record, SPAN("#Fields:"))))
		file->header = parser_header(c->parser, format, record);
	if (ret == NULL)
		return;
	if (heading)
		parse_heading(c->parser, format, record, recv_ns, ret);
	else if (file->header != PARSE_NO_HEADER)
		parse_row(c->parser, file->header, record, recv_ns, ret);
	else
		parse_line(c->parser, record, recv_ns, ret);
}

static void
form_parse(struct cutter *c, struct cut_file *file, struct span record, int64_t recv_ns,
    struct parsed *ret)
{
	typedef void parse_fn(struct parser *, struct span, int64_t, struct parsed *);
	static parse_fn *const by_form[FORM_END] = { [FORM_SYSLOG] = parse_syslog,
	    [FORM_PLAIN] = parse_line, [FORM_JSON] = parse_json, [FORM_JSON_VALUES] = parse_json,
	    [FORM_ACCESS] = parse_access };

	must(file->form < FORM_END);
	if (by_form[file->form] == NULL)
		table_parse(c, file, record, recv_ns, ret);
	else if (ret != NULL)
		by_form[file->form](c->parser, record, recv_ns, ret);
	file->begun = true;
}

void
cutter_file(struct cutter *c, struct cut_file *file, struct span record, int64_t recv_ns,
    struct intake_parsed *ret)
{
	bool aside = is_suspect(c, record);
	struct parsed p;

	crash_at(record);
	parser_near(c->parser, file->near_ns);
	if (aside && ret != NULL)
		parse_whole(c->parser, record, recv_ns, &p);
	else if (!aside)
		form_parse(c, file, record, recv_ns, ret != NULL ? &p : NULL);
	crash_at((struct span){ NULL, 0 });
	if (ret != NULL)
		answer(c, &p, aside, ret);
}

uint32_t
cutter_shapes(const struct cutter *c)
{
	return parser_shapes(c->parser);
}

static struct span
shape_of(const void *state, uint32_t shape)
{
	const struct cutter *c = state;

	return parser_shape(c->parser, shape);
}

_Static_assert(PARSE_NO_SHAPE == INTAKE_NO_SHAPE, "one word for it");

static uint32_t
adopt(void *state, struct span code)
{
	struct cutter *c = state;

	return parser_adopt(c->parser, code);
}

static void
whole(void *state, struct span record, int64_t recv_ns, struct intake_parsed *ret)
{
	struct cutter *c = state;
	struct parsed p;

	parse_whole(c->parser, record, recv_ns, &p);
	answer(c, &p, false, ret);
}

/* ---- bodies ---- */

struct unpacker {
	struct cutter *cutter;
	struct unpack *unpack;
	struct span body;
	bool aside;			/* it ended two lives: not looked into */
	bool entry;			/* it is one record */
};

static void *
unpacker_new(void *state)
{
	struct unpacker *un = xcalloc(1, sizeof *un);

	un->cutter = state;
	un->unpack = unpack_new();
	return un;
}

static void
unpacker_free(void *unpack)
{
	struct unpacker *un = unpack;

	unpack_free(&un->unpack);
	free(un);
}

static void
unpacker_begin(void *unpack, uint8_t form, struct span body)
{
	static const uint8_t forms[INTAKE_FORMS] = {
		[INTAKE_FORM_LOKI_JSON] = UNPACK_LOKI_JSON,
		[INTAKE_FORM_LOKI_PROTO] = UNPACK_LOKI_PROTO,
		[INTAKE_FORM_OTLP_JSON] = UNPACK_OTLP_JSON,
		[INTAKE_FORM_OTLP_PROTO] = UNPACK_OTLP_PROTO,
		[INTAKE_FORM_ENTRY] = UNPACK_ENTRY,
	};
	struct unpacker *un = unpack;

	must(form > INTAKE_FORM_RECORD && form < INTAKE_FORMS);
	un->body = body;
	un->entry = form == INTAKE_FORM_ENTRY;
	un->aside = is_suspect(un->cutter, body);
	crash_at(body);
	if (!un->aside)
		fault_record("unpack", body);
	crash_at((struct span){ NULL, 0 });
	unpack_begin(un->unpack, forms[form], body);
}

/* An entry is kept whole, as any record is; a body of many is refused. */
static enum err
aside_next(struct unpacker *un, struct intake_unpacked *ret, struct why *why)
{
	if (!un->entry)
		return why_set(why, ERR_FORMAT, "this body made the desk crash twice");
	if (un->body.n == 0)
		return ERR_ABSENT;
	ret->record = un->body;
	un->body.n = 0;
	return OK;
}

static enum err
unpacker_next(void *unpack, struct intake_unpacked *ret, struct why *why)
{
	struct unpacker *un = unpack;
	struct unpacked one = { .cut = 0 };
	enum err rc;

	*ret = (struct intake_unpacked){ .cut = 0 };
	if (un->aside)
		return aside_next(un, ret, why);
	crash_at(un->body);
	rc = unpack_next(un->unpack, &one, why);
	crash_at((struct span){ NULL, 0 });
	*ret = (struct intake_unpacked){ one.record, one.cut, one.skipped };
	return rc;
}

const struct intake_parser *
cutter_ops(void)
{
	static const struct intake_parser ops = { .parse = cut, .shape = shape_of,
	    .adopt = adopt, .whole = whole,
	    .unpack_new = unpacker_new, .unpack_begin = unpacker_begin,
	    .unpack_next = unpacker_next, .unpack_free = unpacker_free };

	return &ops;
}
