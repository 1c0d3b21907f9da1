/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests parse/parse.c where goldens cannot: many records, broken records, full tables. Exactness
 * is checked by rig.h at each step.
 */
#include <stdio.h>

#include "check.h"
#include "rig.h"

static struct rig rig, cold;
static const struct parse_config config = { .seed = 7, .zone_s = 7 * 3600 };

static const char *const sample[] = {
	("<165>1 2003-10-11T22:14:15.003Z h app - ID47 "
	    "[e@1 iut=\"3\" s=\"a\\\"b\"][f@1] \xef\xbb\xbfmsg"),
	"<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed\r\n",
	"<189>12: 000234: *Mar  1 00:00:01.123 UTC: %SYS-5-CONFIG_I: Configured",
	"<166>Mar 01 2026 18:59:58 fw : %ASA-6-302013: Built",
	"<189>date=2026-03-01 time=18:59:58 devname=\"F\" tz=\"+0700\" msg=\"a b\"",
	"1.2.3.4 - - [01/Mar/2026:18:59:58 +0700] \"GET / HTTP/1.1\" 200 1",
	(" {\"a\" : [1, {\"x\":null}], \"b\":{\"c\":\"\\u00e9\\\\\", \"d\":-1.5e3},"
	    "\"time\":\"2026-03-01T12:00:00Z\"} "),
	"{\"host\":\"h\\n\",\"e\":{},\"f\":[],\"ts\":1772366400}",
};

enum { NSAMPLE = sizeof sample / sizeof sample[0] };

static parse_fn *const door[] = { parse_syslog, parse_line, parse_json, parse_journal };

/* One record through every door, in an allocation of exact size. */
static void
everywhere(const uint8_t *p, size_t n)
{
	uint8_t *own = xmemdup(p, n);
	struct parsed parsed;

	for (size_t d = 0; d < sizeof door / sizeof door[0]; d++)
		rig_parse(&rig, door[d], span_of(own, n), &parsed);
	free(own);
}

static void
every_shorter_record_is_kept_exactly(void)
{
	rig_init(&rig, &config);
	for (size_t k = 0; k < NSAMPLE; k++)
		for (size_t n = 0; n <= strlen(sample[k]); n++)
			everywhere((const uint8_t *)sample[k], n);
	rig_done(&rig);
}

static void
every_changed_octet_is_kept_exactly(void)
{
	static const uint8_t hostile[] = { 0, ' ', '"', '\\', '{', '}', '[', ']', ':', ',', '<',
	    '>', '-', '0', '%', '\n', 0x7f, 0x80, 0xff };
	uint8_t own[256];

	rig_init(&rig, &config);
	for (size_t k = 0; k < NSAMPLE; k++)
		for (size_t i = 0; i < strlen(sample[k]); i++)
			for (size_t v = 0; v < sizeof hostile; v++) {
				memcpy(own, sample[k], strlen(sample[k]));
				own[i] = hostile[v];
				everywhere(own, strlen(sample[k]));
			}
	rig_done(&rig);
}

/* What a parser says that has seen much is what a new one says. */
static void
same_as_cold(struct span record)
{
	struct parsed warm, first;

	rig_parse(&rig, parse_json, record, &warm);
	rig_init(&cold, &config);
	rig_parse(&cold, parse_json, record, &first);
	check_span(parser_shape(rig.parser, warm.shape_id),
	    parser_shape(cold.parser, first.shape_id));
	check_int(warm.event_ns, first.event_ns);
	check_span(warm.host, first.host);
	check_span(warm.app, first.app);
	rig_done(&cold);
}

static void
the_short_way_says_what_the_long_one_says(void)
{
	static const char *const value[] = { "1", "\"x\"", "[1]", "{}", "{\"c\":2}", "null", "tru",
	    "01", "\"\\q\"", "[", "\"a\\\"b\"", " 1 ", "-", "{\"c\":{}}", "\"1\"" };
	char text[256];

	rig_init(&rig, &config);
	for (unsigned round = 0; round < 2; round++)
		for (size_t a = 0; a < sizeof value / sizeof value[0]; a++)
			for (size_t b = 0; b < sizeof value / sizeof value[0]; b++) {
				(void)snprintf(text, sizeof text,
				    "{\"a\":%s,\"b\":{\"host\":%s},\"host\":\"h%zu\"}", value[a],
				    value[b], b);
				same_as_cold(span_str(text));
			}
	rig_done(&rig);
}

static void
a_full_table_keeps_the_record_and_its_meaning(void)
{
	struct parsed parsed;
	char text[128];
	uint32_t full;

	rig_init(&rig, &config);
	for (unsigned i = 0; i < LIMIT_SHAPES + 100; i++) {
		(void)snprintf(text, sizeof text,
		    "{\"k%u\":1,\"host\":\"h\",\"ts\":1772366000,\"message\":\"m\"}", i);
		rig_parse(&rig, parse_json, span_str(text), &parsed);
		check_span(parsed.host, SPAN("h"));
		check_int(parsed.event_ns / CIVIL_SECOND_NS, 1772366000);
	}
	full = parser_shapes(rig.parser);
	check(full < LIMIT_SHAPES);
	check_int(parsed.nvalue, 1);
	check_int(parsed.format, FORMAT_JSON);
	check_span(parsed.value[0], span_str(text));

	/* Forms that are not of the sender's choice still find room. */
	rig_parse(&rig, parse_syslog, SPAN("<13>Mar  1 18:59:58 h a[1]: m"), &parsed);
	check_int(parsed.nvalue, 6);
	rig_parse(&rig, parse_syslog, SPAN("<13>1 2026-03-01T12:00:00Z h a - - - m"), &parsed);
	check_int(parsed.nvalue, 7);
	rig_parse(&rig, parse_syslog,
	    SPAN("<13>1 2026-03-01T12:00:00Z h a - - [n@1 new=\"1\"] m"), &parsed);
	check_int(parsed.nvalue, 1);
	check_int(parsed.format, FORMAT_RFC5424);
	check_span(parsed.host, SPAN("h"));
	check_span(parsed.app, SPAN("a"));
	rig_parse(&rig, parse_json, SPAN("{\"k7\":2,\"host\":\"g\",\"ts\":1,\"message\":\"n\"}"),
	    &parsed);
	check_int(parsed.nvalue, 4);
	rig_done(&rig);
}

static void
many_structured_params_are_kept_as_text(void)
{
	struct parsed parsed;
	struct buf b = { 0 };

	rig_init(&rig, &config);
	buf_str(&b, "<13>1 2026-03-01T12:00:00Z h a - - [x@1");
	for (unsigned i = 0; i < 1030; i++)
		buf_printf(&b, " p%u=\"%u\"", i, i);
	buf_str(&b, "] m");
	rig_parse(&rig, parse_syslog, buf_span(&b), &parsed);
	check_int(parsed.format, FORMAT_RFC5424);
	check_int(parsed.nvalue, 7);
	rig_done(&rig);
	buf_done(&b);
}

static void
long_claims_are_cut_at_a_code_point(void)
{
	struct parsed parsed;
	struct buf b = { 0 };

	rig_init(&rig, &config);
	buf_str(&b, "{\"host\":\"");
	for (unsigned i = 0; i < 200; i++)
		buf_str(&b, "\xc4\x91");
	buf_str(&b, "\",\"app\":\"\\u0111");
	for (unsigned i = 0; i < 200; i++)
		buf_str(&b, "\xc4\x91");
	buf_str(&b, "\"}");
	rig_parse(&rig, parse_json, buf_span(&b), &parsed);
	check_int(parsed.host.n, 254);
	check_int(parsed.app.n, 254);
	check(utf8_valid(parsed.host) && utf8_valid(parsed.app));
	rig_done(&rig);
	buf_done(&b);
}

static unsigned
rule_of(const struct parse_config *its, const char *time, int64_t *ret_event_ns)
{
	struct parser *parser = parser_new(its);
	struct parsed parsed;
	char text[128];

	(void)snprintf(text, sizeof text, "{\"time\":\"%s\"}", time);
	parse_json(parser, span_str(text), RIG_RECV_NS, &parsed);
	*ret_event_ns = parsed.event_ns;
	parser_free(&parser);
	return parsed.flags >> ROW_TIME_SHIFT;
}

static void
time_rules_follow_the_configuration(void)
{
	static const struct parse_config strict = { .lead_ns = 60 * CIVIL_SECOND_NS,
	    .lag_ns = 60 * CIVIL_SECOND_NS };
	static const struct parse_config open = { .lead_ns = -1 };
	int64_t ns;

	check_int(rule_of(&config, "2026-03-02T12:00:00Z", &ns), TIME_OWN);
	check_int(rule_of(&config, "2026-03-02T12:00:00.000000001Z", &ns), TIME_AHEAD);
	check_int(ns, RIG_RECV_NS);
	check_int(rule_of(&open, "2099-03-02T12:00:00Z", &ns), TIME_OWN);
	check_int(rule_of(&config, "1990-01-01T00:00:00Z", &ns), TIME_OWN);
	check_int(rule_of(&config, "1989-12-31T23:59:59Z", &ns), TIME_UNREADABLE);
	check_int(rule_of(&strict, "2026-03-01T12:01:00Z", &ns), TIME_OWN);
	check_int(rule_of(&strict, "2026-03-01T12:01:01Z", &ns), TIME_AHEAD);
	check_int(rule_of(&strict, "2026-03-01T11:59:00Z", &ns), TIME_OWN);
	check_int(rule_of(&strict, "2026-03-01T11:58:59Z", &ns), TIME_BEHIND);
	check_int(ns, RIG_RECV_NS);
	check_int(rule_of(&config, "", &ns), TIME_UNREADABLE);
}

static void
names_can_be_chosen(void)
{
	static const char *const message[] = { "text", "body", NULL };
	static const char *const time[] = { "at", NULL }, *const host[] = { "from", NULL };
	static const char *const app[] = { NULL };
	static const struct parse_names names = { message, time, host, app };
	struct parse_config mine = { .names = &names };
	struct parsed parsed;

	rig_init(&rig, &mine);
	rig_parse(&rig, parse_json, SPAN("{\"_msg\":\"no\",\"body\":\"yes\",\"from\":\"h\","
	    "\"at\":1772366000,\"app\":\"no\"}"), &parsed);
	check_span(parsed.host, SPAN("h"));
	check_int(parsed.app.n, 0);
	check_int(parsed.event_ns / CIVIL_SECOND_NS, 1772366000);
	check_int(rig.shape[parsed.shape_id]->hole[1].role, ROLE_MESSAGE);
	rig_done(&rig);
}

static void
shapes_of_others_get_numbers_and_change_nothing(void)
{
	struct parser *parser = parser_new(&config), *other = parser_new(&config);
	struct parsed mine, theirs;
	uint32_t id;

	parse_line(other, SPAN("one line"), 0, &theirs);
	/* The very same shape: theirs is another number than ours, before and after. */
	id = parser_adopt(parser, parser_shape(other, theirs.shape_id));
	check_int(id, 0);
	parse_line(parser, SPAN("one line"), 0, &mine);
	check_int(mine.shape_id, 1);
	check_span(parser_shape(parser, 1), parser_shape(parser, 0));
	check_int(parser_adopt(parser, parser_shape(other, theirs.shape_id)), 0);
	check(parser_adopt(parser, SPAN("rubbish")) == PARSE_NO_SHAPE);
	/* There is an end of them, and our own go on. */
	for (unsigned i = 0; i < LIMIT_SHAPES; i++) {
		const struct shape shape = { .format = FORMAT_LINE, .decoder = 1,
		    .head = span_of(&i, sizeof i) };
		struct buf code = { 0 };

		shape_encode(&code, &shape);
		id = parser_adopt(parser, buf_span(&code));
		check((id == PARSE_NO_SHAPE) == (i >= LIMIT_SHAPES / 2 - 1));
		buf_done(&code);
	}
	parse_line(parser, SPAN("another line"), 0, &mine);
	check_int(mine.shape_id, 1);
	parse_json(parser, SPAN("{\"a\":1}"), 0, &mine);
	check_int(mine.format, FORMAT_JSON);
	parser_free(&parser);
	parser_free(&other);
}

/* TRUCBAN_CORPUS: a folder; real events are parsed when it is there. */
static void
real_events_are_kept_exactly(void)
{
	const char *folder = getenv("TRUCBAN_CORPUS");
	char path[1024], line[65536];
	struct parsed parsed;
	FILE *f;

	if (folder == NULL)
		skip("no corpus");
	(void)snprintf(path, sizeof path, "%s/text/Linux_2k.log", folder);
	f = fopen(path, "r");
	if (f == NULL)
		skip("no corpus");
	rig_init(&rig, &config);
	while (fgets(line, sizeof line, f) != NULL) {
		rig_parse(&rig, parse_line, span_str(line), &parsed);
		check_int(parsed.format, FORMAT_RFC3164);
	}
	(void)fclose(f);
	rig_done(&rig);
}

int
main(void)
{
	run(every_shorter_record_is_kept_exactly);
	run(every_changed_octet_is_kept_exactly);
	run(the_short_way_says_what_the_long_one_says);
	run(a_full_table_keeps_the_record_and_its_meaning);
	run(many_structured_params_are_kept_as_text);
	run(long_claims_are_cut_at_a_code_point);
	run(time_rules_follow_the_configuration);
	run(names_can_be_chosen);
	run(shapes_of_others_get_numbers_and_change_nothing);
	run(real_events_are_kept_exactly);
	return check_done();
}
