/* SPDX-License-Identifier: Apache-2.0 */
/* Tests parse/naming.c through parse_json_chosen: fields that a client names come before ours. */
#include <stdio.h>

#include "check.h"
#include "rig.h"

static struct rig rig;
static struct parse_choice choice;
static const struct parse_config config = { .seed = 7 };

static void
parse_chosen(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	parse_json_chosen(parser, &choice, record, recv_ns, ret);
}

static void
parse(const char *message, const char *time, const char *stream, const char *record,
    struct parsed *ret)
{
	choice = (struct parse_choice){ .message = span_str(message), .time = span_str(time),
	    .stream = span_str(stream) };
	rig_parse(&rig, parse_chosen, span_str(record), ret);
}

/* The value whose hole has the role; empty when no hole has. */
static struct span
role_value(const struct parsed *parsed, unsigned role)
{
	const struct shape *shape = rig.shape[parsed->shape_id];

	for (uint32_t i = 0; i < shape->nhole; i++)
		if (shape->hole[i].role == role)
			return parsed->value[i];
	return (struct span){ 0 };
}

static void
the_message_is_the_first_named_field_that_is_there(void)
{
	static const char record[] = "{\"msg\":\"a\",\"log\":{\"text\":\"b\"},\"short\":\"c\"}";
	struct parsed p;

	rig_init(&rig, &config);
	parse("", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("a"));
	parse("short", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("c"));
	parse("none, log.text ,short", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("b"));
	/* None of them is there: as if nothing had been named. */
	parse("none,,other", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("a"));
	/* The same octets again, each in its own way. */
	parse("", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("a"));
	parse("short", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("c"));
	rig_done(&rig);
}

static void
the_time_is_the_named_field(void)
{
	static const char record[] = "{\"time\":\"2026-03-01T10:00:00Z\","
	    "\"made\":\"2026-03-01T11:00:00Z\"}";
	struct parsed p;

	rig_init(&rig, &config);
	parse("", "made", "", record, &p);
	check_int(p.event_ns, RIG_RECV_NS - INT64_C(3600) * CIVIL_SECOND_NS);
	parse("", "", "", record, &p);
	check_int(p.event_ns, RIG_RECV_NS - INT64_C(7200) * CIVIL_SECOND_NS);
	/* As Fluent Bit calls it: usual, and the last of the usual ones. */
	parse("", "", "", "{\"date\":\"2026-03-01T09:00:00Z\"}", &p);
	check_int(p.event_ns, RIG_RECV_NS - INT64_C(3 * 3600) * CIVIL_SECOND_NS);
	parse("", "", "", "{\"date\":\"2026-03-01T09:00:00Z\",\"ts\":1772366399}", &p);
	check_int(p.event_ns, RIG_RECV_NS - CIVIL_SECOND_NS);
	/* VictoriaLogs' clients write 0 for "now". */
	parse("", "date", "", "{\"date\":\"0\"}", &p);
	check_int(p.event_ns, RIG_RECV_NS);
	rig_done(&rig);
}

static void
a_stream_is_host_and_application(void)
{
	static const char record[] = "{\"host.name\":\"h1\",\"host\":\"h2\",\"app\":\"a1\","
	    "\"kubernetes\":{\"container_name\":\"c\",\"pod_name\":\"p\"}}";
	struct parsed p;

	rig_init(&rig, &config);
	parse("", "", "", record, &p);
	check_span(p.host, SPAN("h1"));
	check_span(p.app, SPAN("a1"));
	parse("", "", "host,kubernetes.container_name,kubernetes.pod_name", record, &p);
	check_span(p.host, SPAN("h2"));
	check_span(p.app, SPAN("c"));
	parse("", "", "kubernetes.pod_name", record, &p);
	check_span(p.host, SPAN("h1"));
	check_span(p.app, SPAN("p"));
	rig_done(&rig);
}

static void
after_the_last_choice_the_usual_names_hold(void)
{
	static const char record[] = "{\"msg\":\"a\",\"x\":\"b\"}";
	struct parsed p;
	char list[16];

	rig_init(&rig, &config);
	for (int i = 0; i < 300; i++) {
		(void)snprintf(list, sizeof list, "x,%d", i);
		parse(list, "", "", record, &p);
		check_span(role_value(&p, ROLE_MESSAGE), i < 255 ? SPAN("b") : SPAN("a"));
	}
	parse("x,0", "", "", record, &p);
	check_span(role_value(&p, ROLE_MESSAGE), SPAN("b"));
	rig_done(&rig);
}

int
main(void)
{
	run(the_message_is_the_first_named_field_that_is_there);
	run(the_time_is_the_named_field);
	run(a_stream_is_host_and_application);
	run(after_the_last_choice_the_usual_names_hold);
	return check_done();
}
