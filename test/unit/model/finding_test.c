/* SPDX-License-Identifier: Apache-2.0 */
/* model/finding.c against doc/formats/finding.md; the golden record pins the octets. */
#include "model/finding.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/shape.h"
#include "check.h"

static struct arena *arena;
static struct why why;

static struct finding
silent(void)
{
	struct finding f = { .act = FINDING_OPENED, .level = FINDING_MEDIUM, .version = 1,
	    .sequence = 7, .rule = SPAN("coverage.silent"), .value = 1260, .usual = 60,
	    .unit = SPAN("seconds"), .time_ns = 1790000000123456789, .from_seq = 40231,
	    .to_seq = 40300, .from_ns = 1789998740000000000, .to_ns = 1790000000000000000,
	    .message = SPAN("máy \"web01\" không gửi gì\n") };

	f.group = (struct finding_group){ .listener = SPAN("udp"), .peer = SPAN("192.0.2.10"),
	    .host = SPAN("web01"), .unit = 5 };
	f.opened_ns = f.time_ns;
	f.opened_seq = f.from_seq;
	finding_id(&f);
	return f;
}

static const char golden[] = "{\"_time\":\"2026-09-21T14:13:20.123456789Z\","
    "\"event.kind\":\"alert\","
    "\"event.action\":\"opened\",\"event.sequence\":7,\"event.severity\":47,"
    "\"rule.level\":\"medium\",\"rule.id\":\"coverage.silent\",\"rule.version\":1,"
    "\"finding.id\":\"4dc12bef3be3a4f2caafe56362efb519\","
    "\"finding.opened\":\"2026-09-21T14:13:20.123456789Z\",\"finding.opened_seq\":40231,"
    "\"finding.value\":1260,\"finding.usual\":60,\"finding.unit\":\"seconds\","
    "\"finding.subject\":\"\",\"observer.name\":\"udp\",\"source.address\":\"192.0.2.10\","
    "\"source.user.name\":\"\",\"host.name\":\"web01\",\"organization.id\":5,"
    "\"event.start\":\"2026-09-21T13:52:20.000000000Z\","
    "\"event.end\":\"2026-09-21T14:13:20.000000000Z\",\"finding.first_seq\":40231,"
    "\"finding.last_seq\":40300,\"event.dataset\":\"trucban.findings\","
    "\"message\":\"máy \\\"web01\\\" không gửi gì\\n\"}";

static void
the_record_is_the_one_of_the_page(void)
{
	struct finding f = silent();
	struct buf out = { 0 };

	finding_encode(&out, &f);
	check_span(buf_span(&out), SPAN(golden));
	buf_done(&out);
}

static void
shape_and_values_give_the_same_octets(void)
{
	struct finding f = silent();
	struct span value[FINDING_HOLES];
	struct buf code = { 0 }, whole = { 0 }, out = { 0 };
	struct shape *shape = NULL;
	uint8_t flags = 0xff;

	finding_shape(&code);
	must(shape_new(&shape, buf_span(&code), &why) == OK);
	check_int(shape->format, FORMAT_JSON);
	check_int(shape->nhole, FINDING_HOLES);
	finding_values(&f, arena, value, &flags);
	check_int(flags, 0);
	buf_span_put(&whole, shape->head);
	for (uint32_t i = 0; i < shape->nhole; i++) {
		buf_span_put(&whole, value[i]);
		buf_span_put(&whole, shape->hole[i].piece);
	}
	finding_encode(&out, &f);
	check_span(buf_span(&whole), buf_span(&out));
	shape_free(&shape);
	buf_done(&code);
	buf_done(&whole);
	buf_done(&out);
}

static void
what_is_written_is_read_back(void)
{
	struct finding f = silent(), g;
	struct buf out = { 0 }, again = { 0 };

	f.group.identity = SPAN("cn=m\xe1y\x01\"\\");	/* octets that are no UTF-8, too */
	f.group.subject = SPAN("kernel_drops");
	f.act = FINDING_CLOSED;
	f.level = FINDING_CRITICAL;
	f.value = UINT64_MAX;
	finding_id(&f);
	finding_encode(&out, &f);
	if (check(finding_decode(&g, buf_span(&out), arena, &why) == OK)) {
		finding_encode(&again, &g);
		check_span(buf_span(&again), buf_span(&out));
		check(finding_same_group(&f.group, &g.group));
		check_int(g.act, FINDING_CLOSED);
		check_int(g.opened_seq, 40231);
	} else {
		printf("%s\n", why.text);
	}
	buf_done(&out);
	buf_done(&again);
}

static void
the_id_is_of_rule_version_group_and_first_record(void)
{
	struct finding a = silent(), b;

	b = a;
	b.value++;
	b.act = FINDING_GREW;
	b.to_seq++;
	finding_id(&b);
	check(memcmp(a.id, b.id, sizeof a.id) == 0);
	b.version++;
	finding_id(&b);
	check(memcmp(a.id, b.id, sizeof a.id) != 0);
	b = a;
	b.opened_seq++;
	finding_id(&b);
	check(memcmp(a.id, b.id, sizeof a.id) != 0);
	b = a;
	b.group.peer = SPAN("");
	b.group.identity = a.group.peer;
	finding_id(&b);
	check(memcmp(a.id, b.id, sizeof a.id) != 0);
}

/* The record with the first `from` in it replaced. */
static enum err
with(const char *from, const char *to)
{
	struct buf out = { 0 };
	struct finding f, untouched = silent();
	const char *at = strstr(golden, from);
	enum err rc;

	must(at != NULL);
	buf_put(&out, golden, (size_t)(at - golden));
	buf_str(&out, to);
	buf_str(&out, at + strlen(from));
	f = untouched;
	why.text[0] = '\0';
	rc = finding_decode(&f, buf_span(&out), arena, &why);
	if (rc != OK)
		check(memcmp(&f, &untouched, sizeof f) == 0 && why.text[0] != '\0');
	buf_done(&out);
	return rc;
}

static void
broken_rules_are_named(void)
{
	static const char *const row[][2] = {
		{ "{", "" }, { "\"}", "\"" }, { "\"}", "\"} " }, { "\"}", "\"}{}" },
		{ "\"}", "\",}" }, { ",\"event.kind\"", " ,\"event.kind\"" },
		{ "\"event.kind\":\"alert\",", "" },
		{ "\"event.kind\":\"alert\"", "\"event.kind\":\"alert\",\"event.kind\":\"alert\"" },
		{ "alert", "event" }, { "opened", "open" }, { "medium", "middling" },
		{ ":47", ":100" }, { "\"rule.version\":1", "\"rule.version\":0" },
		{ "\"rule.version\":1", "\"rule.version\":4294967296" }, { ":47", ":\"47\"" },
		{ ":1260", ":-1" }, { ":1260", ":1.5" }, { ":1260", ":18446744073709551616" },
		{ "\"event.sequence\":7", "\"event.sequence\":0" }, { "web01\"", "web02\"" },
		{ "coverage.silent", "" }, { "finding.id\":\"", "finding.id\":\"0" },
		{ "13:52:20.000000000Z", "15:52:20.000000000Z" },
		{ "13:52:20.000000000Z", "13:52" },
		{ "40300", "40230" }, { "udp", "u\ndp" }, { "\"udp\"", "null" },
		{ "\"udp\"", "{}" }, { "\"udp\"", "[\"udp\"]" },
	};

	check(with("udp", "udp") == OK);
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (!check(with(row[i][0], row[i][1]) == ERR_FORMAT))
			printf("%s -> %s\n", row[i][0], row[i][1]);
}

static void
fields_of_a_later_version_are_passed_over(void)
{
	check(with("\"}", "\",\"finding.sureness\":90,\"finding.why\":\"a \\\"reason\\\"\"}") ==
	    OK);
}

static void
a_long_text_is_cut_between_code_points(void)
{
	struct finding f = silent(), g;
	struct buf text = { 0 }, out = { 0 };

	for (unsigned i = 0; i < 5000; i++)
		buf_str(&text, "ờ");
	f.message = buf_span(&text);
	finding_encode(&out, &f);
	check(out.n < 2000);
	check(finding_decode(&g, buf_span(&out), arena, &why) == OK);
	check_int(g.message.n, 681);
	buf_done(&text);
	buf_done(&out);
}

int
main(void)
{
	arena = arena_new(1 << 24);
	run(the_record_is_the_one_of_the_page);
	run(shape_and_values_give_the_same_octets);
	run(what_is_written_is_read_back);
	run(the_id_is_of_rule_version_group_and_first_record);
	run(broken_rules_are_named);
	run(fields_of_a_later_version_are_passed_over);
	run(a_long_text_is_cut_between_code_points);
	arena_free(&arena);
	return check_done();
}
