/* SPDX-License-Identifier: Apache-2.0 */
/* model/act.c against doc/formats/act.md; the golden record pins the octets. */
#include "model/act.h"

#include <stdlib.h>

#include "base/must.h"
#include "check.h"

static struct arena *arena;
static struct why why;

static struct act
take(void)
{
	return (struct act){ .time_ns = 1790000000123456789, .act = SPAN("alert-take"),
	    .who = SPAN("an"), .from = SPAN("192.0.2.1"), .what = SPAN("tôi \"nhận\"\n"),
	    .nfield = 2, .field = { { SPAN("alert"), SPAN("4dc1") },
	    { SPAN("until"), SPAN("2026-09-21T14:13:20Z") } } };
}

static const char golden[] = "{\"_time\":\"2026-09-21T14:13:20.123456789Z\","
    "\"act\":\"alert-take\",\"who\":\"an\",\"from\":\"192.0.2.1\","
    "\"what\":\"tôi \\\"nhận\\\"\\u000a\",\"alert\":\"4dc1\","
    "\"until\":\"2026-09-21T14:13:20Z\"}";

static void
the_record_is_the_one_of_the_page_and_is_read_again(void)
{
	struct act act = take(), back;
	struct buf record = { 0 };

	act_encode(&record, &act);
	check_span(buf_span(&record), SPAN(golden));
	check_int(act_decode(&back, buf_span(&record), arena, &why), OK);
	check_int(back.time_ns, act.time_ns);
	check_span(back.act, act.act);
	check_span(back.who, act.who);
	check_span(back.from, act.from);
	check_span(back.what, act.what);
	check_int(back.nfield, 2);
	check_span(act_value(&back, "until"), SPAN("2026-09-21T14:13:20Z"));
	check_span(act_value(&back, "none"), SPAN(""));
	buf_done(&record);
}

static void
shape_and_values_give_the_same_octets(void)
{
	struct act act = take();
	struct span value[ACT_HOLES];
	struct buf code = { 0 }, whole = { 0 }, text = { 0 };
	struct shape *shape = NULL;
	uint8_t flags = 0xff;

	act_shape(&code, &act);
	must(shape_new(&shape, buf_span(&code), &why) == OK);
	check_int(shape->nhole, ACT_FIXED + 2);
	act_values(&act, &text, value, &flags);
	check_int(flags, 0);
	buf_span_put(&whole, shape->head);
	for (uint32_t i = 0; i < shape->nhole; i++) {
		buf_span_put(&whole, value[i]);
		buf_span_put(&whole, shape->hole[i].piece);
	}
	check_span(buf_span(&whole), SPAN(golden));
	shape_free(&shape);
	buf_done(&code);
	buf_done(&whole);
	buf_done(&text);
}

static void
what_is_too_long_is_cut_and_marked(void)
{
	struct act act = take();
	struct span value[ACT_HOLES];
	struct buf text = { 0 }, longs = { 0 };
	uint8_t flags;

	for (unsigned i = 0; i < 400000; i++)
		buf_str(&longs, "ộ");
	act.what = buf_span(&longs);
	act.field[0].value = buf_span(&longs);
	act_values(&act, &text, value, &flags);
	check_int(flags, ROW_CUT);
	check(value[4].n <= ACT_VALUE_MAX && value[4].n > ACT_VALUE_MAX - 3);
	check(text.n <= ACT_BYTES_MAX && value[5].n > 0);
	buf_done(&text);
	buf_done(&longs);
}

static void
what_is_no_act_is_refused(void)
{
	static const char *const bad[] = { "", "{}", "[]", "{\"_time\":\"2026-09-21T14:13:20Z\"}",
	    "{\"_time\":\"x\",\"act\":\"a\",\"who\":\"\",\"from\":\"\",\"what\":\"\"}",
	    "{\"_time\":\"2026-09-21T14:13:20Z\",\"act\":\"\",\"who\":\"\",\"from\":\"\",\"what\":"
	    "\"\"}",
	    "{\"act\":\"a\",\"_time\":\"2026-09-21T14:13:20Z\",\"who\":\"\",\"from\":\"\","
	    "\"what\":\"\"}",
	    "{\"_time\":\"2026-09-21T14:13:20Z\",\"act\":\"a\",\"who\":\"\",\"from\":\"\","
	    "\"what\":\"\"} ",
	    "{\"_time\":\"2026-09-21T14:13:20Z\",\"act\":\"a\",\"who\":\"\",\"from\":\"\","
	    "\"what\":\"\",\"n\":1}",
	    "{\"_time\":\"2026-09-21T14:13:20Z\",\"act\":\"a\",\"who\":\"\",\"from\":\"\","
	    "\"what\":\"\",\"N\":\"1\"}",
	    "{\"_time\":\"2026-09-21T14:13:20Z\",\"act\":\"a\",\"who\":\"\",\"from\":\"\","
	    "\"what\":\"\",\"n\":\"1\",\"n\":\"2\"}" };
	struct act act;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(act_decode(&act, span_str(bad[i]), arena, &why) == ERR_FORMAT))
			printf("taken: %s\n", bad[i]);
}

static void
names_are_words_and_none_of_the_fixed(void)
{
	check(act_name_ok(SPAN("alert")) && act_name_ok(SPAN("a.b_9")));
	check(!act_name_ok(SPAN("")) && !act_name_ok(SPAN("9a")) && !act_name_ok(SPAN("who")));
	check(!act_name_ok(SPAN("_time")) && !act_name_ok(SPAN("a-b")) && !act_name_ok(SPAN("A")));
}

int
main(void)
{
	arena = arena_new(4 << 20);
	run(the_record_is_the_one_of_the_page_and_is_read_again);
	run(shape_and_values_give_the_same_octets);
	run(what_is_too_long_is_cut_and_marked);
	run(what_is_no_act_is_refused);
	run(names_are_words_and_none_of_the_fixed);
	arena_free(&arena);
	return check_done();
}
