/* SPDX-License-Identifier: Apache-2.0 */
/* Tests model/leaf.c: each type there and back, each rule of seal.md section 3 broken. */
#include "check.h"

#include <stdlib.h>

#include "base/must.h"
#include "model/leaf.h"

static const uint64_t dropped[] = { 3, 4, 900, 70000 };
static const uint8_t signature[LEAF_SIGNATURE_BYTES] = { 1, 2, 3 };
static struct arena *arena;

static struct leaf
rows_leaf(void)
{
	return (struct leaf){ .type = LEAF_ROWS, .stream = 2, .class = 15, .epoch = 7,
	    .time_ns = INT64_C(1700000000123456789), .u.rows = { .first_seq = 10,
	    .last_seq = 29, .rows = 12, .frames = 3, .root = { { 5 } }, .s0 = 8, .s1 = 9,
	    .segment = 77 } };
}

static struct leaf
drop_leaf(void)
{
	return (struct leaf){ .type = LEAF_DROP, .class = 1, .epoch = 1, .u.drop = {
	    .segment = 5, .rows = 100, .first_seq = 1, .last_seq = 200, .newest_ns = 44,
	    .reason = DROP_LAWFUL, .note = SPAN("order 12/2026"), .nindex = 4,
	    .index = dropped } };
}

static struct leaf
key_leaf(void)
{
	return (struct leaf){ .type = LEAF_KEY, .epoch = 1, .u.key = { SPAN("old"), SPAN("new"),
	    SPAN("yearly"), signature } };
}

/* Encodes, decodes, encodes again. */
static void
survives(const struct leaf *leaf)
{
	struct buf one = { 0 }, two = { 0 };
	struct leaf got;
	struct why why = { "" };

	leaf_encode(&one, leaf);
	arena_reset(arena);
	if (!check(leaf_decode(&got, buf_span(&one), arena, &why) == OK))
		printf("%s\n", why.text);
	else
		leaf_encode(&two, &got);
	check(span_eq(buf_span(&one), buf_span(&two)));
	/* Every shorter entry and every longer one is refused. */
	for (size_t n = 0; n < one.n; n++) {
		arena_reset(arena);
		check(leaf_decode(&got, span_of(one.p, n), arena, NULL) == ERR_FORMAT);
	}
	buf_u8(&one, 0);
	arena_reset(arena);
	check(leaf_decode(&got, buf_span(&one), arena, NULL) == ERR_FORMAT);
	buf_done(&one);
	buf_done(&two);
}

static void
every_type_survives_and_no_part_of_it_is_taken(void)
{
	const struct leaf_counter counter[] = { { SPAN("udp.lost"), 17 },
	    { SPAN("cut"), UINT64_MAX } };
	struct leaf beat = { .type = LEAF_HEARTBEAT, .epoch = 1, .time_ns = 5, .u.heartbeat = {
	    .last_seq = { 1, 2, 3 }, .rows = { 4, 5, 6 }, .journal = { { 9 } }, .ncounter = 2,
	    .counter = counter } };
	struct leaf epoch = { .type = LEAF_EPOCH, .epoch = 2, .u.epoch_begin = { { { 1 } }, 44,
	    SPAN("restored") } };
	struct leaf policy = { .type = LEAF_POLICY, .class = 3, .epoch = 1, .u.policy = { 90, 180,
	    SPAN("default: order 7") } };
	struct pin pin = { .stream = PIN_ANY, .class = 2, .first_seq = 1, .last_seq = 9,
	    .name = "case 7", .who = "uid 0", .why = "letter 12", .since_ns = 5 };
	struct leaf hold = { .type = LEAF_HOLD, .epoch = 1, .u.hold = { HOLD_ENDS, &pin,
	    SPAN("uid 0"), SPAN("over") } };
	struct leaf rows = rows_leaf(), drop = drop_leaf(), key = key_leaf();

	survives(&hold);
	survives(&rows);
	survives(&beat);
	survives(&epoch);
	survives(&drop);
	survives(&key);
	survives(&policy);
}

static void
a_rows_leaf_lies_as_the_specification_says(void)
{
	struct leaf leaf = rows_leaf();
	struct buf out = { 0 };

	leaf_encode(&out, &leaf);
	check_int(out.n, 20 + 16 + 8 + 32 + 24);
	check_span(span_sub(buf_span(&out), 0, 12), SPAN("TBL1\1\2\17\0\7\0\0\0"));
	check_span(span_sub(buf_span(&out), 20, 24),
	    SPAN("\12\0\0\0\0\0\0\0\35\0\0\0\0\0\0\0\14\0\0\0\3\0\0\0"));
	buf_done(&out);
}

/* The leaf with one octet set is refused, and the sentence names the rule. */
static void
refused(const struct leaf *leaf, size_t at, uint8_t value, const char *rule)
{
	struct buf out = { 0 };
	struct leaf got;
	struct why why = { "" };

	leaf_encode(&out, leaf);
	out.p[at] = value;
	arena_reset(arena);
	check(leaf_decode(&got, buf_span(&out), arena, &why) == ERR_FORMAT);
	if (!check(strstr(why.text, rule) != NULL))
		printf("%s, not %s\n", why.text, rule);
	buf_done(&out);
}

static void
each_broken_rule_is_named(void)
{
	struct leaf rows = rows_leaf(), drop = drop_leaf(), key = key_leaf();
	struct leaf beat = { .type = LEAF_HEARTBEAT, .epoch = 1 };

	refused(&rows, 0, 'X', "rule 1");
	refused(&rows, 4, 0, "rule 2");
	refused(&rows, 4, LEAF_TYPE_END, "rule 2");
	refused(&rows, 5, STREAM_END, "rule 2");
	refused(&rows, 6, 16, "rule 2");
	refused(&rows, 7, 1, "rule 2");
	refused(&rows, 8, 0, "rule 3");
	refused(&rows, 19, 0x80, "rule 3");
	refused(&rows, 20, 0, "rule 4");	/* first_seq */
	refused(&rows, 20, 30, "rule 4");
	refused(&rows, 36, 0, "rule 4");	/* rows */
	refused(&rows, 36, 21, "rule 4");
	refused(&rows, 39, 1, "rule 4");
	refused(&rows, 40, 0, "rule 4");	/* frames */
	refused(&rows, 40, 13, "rule 4");
	refused(&rows, 83, 0x20, "rule 4");	/* S0 */
	refused(&rows, 91, 0xff, "rule 4");
	refused(&beat, 5, 1, "rule 2");
	refused(&beat, 6, 1, "rule 2");
	refused(&beat, 100, 5, "rule 8");	/* counters that are not there */
	refused(&drop, 60, 0, "rule 6");	/* reason */
	refused(&drop, 60, DROP_REASON_END, "rule 6");
	refused(&drop, 75, 0, "rule 6");	/* no leaves */
	refused(&drop, 77, 0, "rule 6");	/* the same leaf twice */
	refused(&key, 21, '\n', "rule 7");
}

static void
a_peek_reads_the_head_of_any_type(void)
{
	struct leaf leaf = rows_leaf(), got;
	struct buf out = { 0 };

	leaf_encode(&out, &leaf);
	check(leaf_peek(&got, span_of(out.p, 20), NULL) == OK);
	check(got.type == LEAF_ROWS && got.stream == 2 && got.class == 15 && got.epoch == 7);
	check(got.time_ns == INT64_C(1700000000123456789));
	check(leaf_peek(&got, span_of(out.p, 19), NULL) == ERR_FORMAT);
	buf_done(&out);
}

static void
too_many_counters_and_leaves_are_refused(void)
{
	struct leaf beat = { .type = LEAF_HEARTBEAT, .epoch = 1 }, got;
	struct buf out = { 0 };

	leaf_encode(&out, &beat);
	out.n--;
	buf_varint(&out, LEAF_COUNTERS_MAX + 1);
	arena_reset(arena);
	check(leaf_decode(&got, buf_span(&out), arena, NULL) == ERR_FORMAT);
	out.n -= 2;
	buf_varint(&out, UINT64_MAX);
	check(leaf_decode(&got, buf_span(&out), arena, NULL) == ERR_FORMAT);
	buf_done(&out);
}

int
main(void)
{
	arena = arena_new(1 << 20);
	run(every_type_survives_and_no_part_of_it_is_taken);
	run(a_rows_leaf_lies_as_the_specification_says);
	run(each_broken_rule_is_named);
	run(a_peek_reads_the_head_of_any_type);
	run(too_many_counters_and_leaves_are_refused);
	arena_free(&arena);
	return check_done();
}
