/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/source.c: numbers, encodings, and what happens when there are no more. */
#include "check.h"

#include <stdio.h>

#include "intake/source.h"

static struct source
like(const char *peer, const char *identity)
{
	return (struct source){ .class = 2, .trust = TRUST_PEER, .unit = 300,
	    .listener = SPAN("tcp"), .peer = span_str(peer), .identity = span_str(identity) };
}

static void
equal_claims_have_equal_numbers(void)
{
	struct sources *s = sources_new(1);
	struct source a = like("192.0.2.1", ""), b = like("192.0.2.2", "");
	struct source c = like("192.0.2.1", "x");
	uint32_t other = sources_other(s, &a), o1, o2, o3, one;

	o1 = sources_origin(s, &a, other);
	o2 = sources_origin(s, &b, other);
	o3 = sources_origin(s, &c, other);
	check(o1 != o2 && o2 != o3 && o1 != o3 && o1 != other);
	check_int(sources_origin(s, &a, other), o1);
	check_int(sources_class(s, o1), 2);
	one = sources_find(s, o1, SPAN("h"), SPAN("a"));
	check_int(sources_find(s, o1, SPAN("h"), SPAN("a")), one);
	check(sources_find(s, o1, SPAN("h"), SPAN("b")) != one);
	check(sources_find(s, o1, SPAN("ha"), SPAN("")) != one);
	check(sources_find(s, o1, SPAN(""), SPAN("ha")) !=
	    sources_find(s, o1, SPAN("ha"), SPAN("")));
	check(sources_find(s, o2, SPAN("h"), SPAN("a")) != one);
	check_int(sources_find(s, o1, SPAN("h"), SPAN("a")), one);
	sources_free(&s);
}

static void
the_encoding_is_the_models(void)
{
	struct sources *s = sources_new(1);
	struct source a = like("192.0.2.1", "CN"), *got = NULL;
	uint32_t other = sources_other(s, &a), id;
	char host[400];

	memset(host, 'h', sizeof host);
	id = sources_find(s, sources_origin(s, &a, other), span_of(host, sizeof host), SPAN("app"));
	check_int(source_new(&got, sources_code(s, id), NULL), OK);
	check_int(got->class, 2);
	check_int(got->trust, TRUST_PEER);
	check_int(got->unit, 300);
	check_span(got->listener, SPAN("tcp"));
	check_span(got->peer, SPAN("192.0.2.1"));
	check_span(got->identity, SPAN("CN"));
	check_span(got->host, span_of(host, 255));
	check_span(got->app, SPAN("app"));
	source_free(&got);
	check_int(source_new(&got, sources_code(s, sources_find(s, other, SPAN(""), SPAN(""))),
	    NULL), OK);
	check_span(got->peer, SPAN("other"));
	source_free(&got);
	sources_free(&s);
}

static void
a_flood_of_claims_ends_in_the_origins_own_source(void)
{
	struct sources *s = sources_new(1);
	struct source a = like("192.0.2.1", "");
	uint32_t other = sources_other(s, &a), origin = sources_origin(s, &a, other), first, plain;
	char host[32];

	first = sources_find(s, origin, SPAN("good"), SPAN("app"));
	for (int i = 0; i < 2 * LIMIT_SOURCES; i++) {
		(void)snprintf(host, sizeof host, "host%d", i);
		(void)sources_find(s, origin, span_str(host), SPAN("x"));
	}
	check(sources_count(s) <= LIMIT_SOURCES / 4 * 3 + 2);
	plain = sources_find(s, origin, SPAN(""), SPAN(""));
	check_int(sources_find(s, origin, SPAN("new"), SPAN("new")), plain);
	check_int(sources_find(s, origin, SPAN("good"), SPAN("app")), first);
	sources_free(&s);
}

static void
a_flood_of_addresses_ends_in_the_listeners_other(void)
{
	struct sources *s = sources_new(1);
	struct source a = like("192.0.2.1", "");
	uint32_t other = sources_other(s, &a), good = sources_origin(s, &a, other);
	uint32_t id = sources_find(s, good, SPAN(""), SPAN("")), origin = 0;
	char peer[32];

	for (int i = 0; i < 2 * LIMIT_SOURCES; i++) {
		(void)snprintf(peer, sizeof peer, "addr%d", i);
		a.peer = span_str(peer);
		origin = sources_origin(s, &a, other);
		(void)sources_find(s, origin, SPAN("h"), SPAN(""));
	}
	check_int(origin, other);
	check_int(sources_count(s), SOURCES_MOST);
	check_int(sources_find(s, origin, SPAN("any"), SPAN("")),
	    sources_find(s, other, SPAN(""), SPAN("")));
	check_int(sources_find(s, good, SPAN(""), SPAN("")), id);
	sources_free(&s);
}

static void
a_source_without_a_number_keeps_its_class(void)
{
	const struct source door = { .listener = SPAN("udp"), .class = 2 };
	struct sources *s = sources_new(7);
	uint32_t other = sources_other(s, &door), origin, full;
	struct source like = { .listener = SPAN("udp"), .class = 5 };
	char peer[32];

	for (int i = 0; i < 2 * LIMIT_SOURCES; i++) {
		(void)snprintf(peer, sizeof peer, "10.%d.%d.%d", i >> 16, i >> 8 & 255, i & 255);
		like.peer = span_str(peer);
		like.class = i % 2 == 0 ? 5 : 2;
		origin = sources_origin(s, &like, other);
		if (sources_class(s, origin) != like.class ||
		    sources_code(s, sources_find(s, origin, SPAN("h"), SPAN("a"))).p[0] !=
		    like.class) {
			check(false);
			break;
		}
	}
	check(sources_count(s) <= LIMIT_SOURCES);
	full = sources_other_of(s, other, 5);
	check(full != other && sources_is_other(s, full) && sources_is_other(s, other));
	check_int(sources_other_of(s, other, 5), full);
	check_int(sources_other_of(s, other, 2), other);
	sources_free(&s);
}

int
main(void)
{
	run(equal_claims_have_equal_numbers);
	run(the_encoding_is_the_models);
	run(a_flood_of_claims_ends_in_the_origins_own_source);
	run(a_flood_of_addresses_ends_in_the_listeners_other);
	run(a_source_without_a_number_keeps_its_class);
	return check_done();
}
