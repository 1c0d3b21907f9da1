/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/buf.c: bytes that we write, read back with base/cur.h. */
#include "base/buf.h"

#include "base/cur.h"

#include "check.h"
#include "dies.h"

static void
a_zero_buf_is_empty_and_may_be_done_twice(void)
{
	struct buf b = { 0 };

	check_int(buf_span(&b).n, 0);
	buf_put(&b, NULL, 0);
	buf_str(&b, "");
	check_int(b.n, 0);
	buf_done(&b);
	buf_u8(&b, 1);
	buf_done(&b);
	buf_done(&b);
	check(b.p == NULL && b.n == 0 && b.cap == 0);
}

static void
what_is_put_can_be_read_back(void)
{
	struct buf b = { 0 };
	struct cur c;

	buf_u8(&b, 0xfe);
	buf_u16(&b, 0xfedc);
	buf_u32(&b, 0xfedcba98);
	buf_u64(&b, 0xfedcba9876543210U);
	buf_i64(&b, -5);
	buf_varint(&b, 300);
	buf_bytes(&b, SPAN("a\0b"));
	buf_str(&b, "end");
	c = cur_of(buf_span(&b));
	check_int(cur_u8(&c), 0xfe);
	check_int(cur_u16(&c), 0xfedc);
	check_int(cur_u32(&c), 0xfedcba98);
	check(cur_u64(&c) == 0xfedcba9876543210U);
	check_int(cur_i64(&c), -5);
	check_int(cur_varint(&c), 300);
	check_span(cur_bytes(&c), SPAN("a\0b"));
	check_span(cur_span(&c, 3), SPAN("end"));
	check(cur_done(&c));
	buf_done(&b);
}

static void
varints_are_written_in_the_shortest_form(void)
{
	uint8_t at[10];

	check_int(varint_put(at, 0), 1);
	check_int(varint_put(at, 127), 1);
	check_int(varint_put(at, 128), 2);
	check_int(varint_put(at, 16383), 2);
	check_int(varint_put(at, 16384), 3);
	check_int(varint_put(at, UINT32_MAX), 5);
	check_int(varint_put(at, INT64_MAX), 9);
	check_int(varint_put(at, UINT64_MAX), 10);
	check_int(at[9], 1);
}

/* Also when others stand behind it, which are not part of it. */
static void
a_varint_ends_where_it_ends(void)
{
	for (unsigned bit = 0; bit < 64; bit++) {
		uint64_t v = UINT64_C(0x123456789abcdef1) >> (63 - bit);
		uint8_t at[32];
		size_t n = varint_put(at, v);
		struct cur c = cur_of(span_of(at, sizeof at));

		memset(at + n, bit % 2 == 0 ? 0xff : 0, sizeof at - n);
		check(cur_varint(&c) == v);
		check_int(cur_left(&c), sizeof at - n);
	}
}

static void
every_power_of_two_survives_as_a_varint(void)
{
	for (unsigned shift = 0; shift < 64; shift++) {
		for (uint64_t v = ((uint64_t)1 << shift) - 1, end = v + 3; v != end; v++) {
			uint8_t at[10];
			struct cur c = cur_of(span_of(at, varint_put(at, v)));

			check(cur_varint(&c) == v);
			check(cur_done(&c));
		}
	}
}

static void
growing_keeps_what_is_there(void)
{
	struct buf b = { 0 };
	size_t moves = 0, cap = 0;

	for (unsigned i = 0; i < 100000; i++) {
		buf_u8(&b, (uint8_t)(i * 7));
		moves += b.cap != cap;
		cap = b.cap;
	}
	check_int(b.n, 100000);
	check(moves < 30);
	for (unsigned i = 0; i < 100000; i++)
		if (b.p[i] != (uint8_t)(i * 7) && !check_int(b.p[i], (uint8_t)(i * 7)))
			break;
	buf_done(&b);
}

static void
a_reserve_makes_room_for_exactly_what_was_asked_or_more(void)
{
	struct buf b = { 0 };
	const uint8_t *p;

	buf_reserve(&b, 1000);
	check(b.cap >= 1000 && b.n == 0);
	p = b.p;
	memset(buf_add(&b, 1000), 'x', 1000);
	check(b.p == p);
	buf_reserve(&b, 0);
	check(b.p == p);
	buf_done(&b);
}

static void
printing_appends_without_the_nul(void)
{
	struct buf b = { 0 };

	buf_str(&b, "n=");
	buf_printf(&b, "%d %s", -42, "ngày");
	check_span(buf_span(&b), SPAN("n=-42 ngày"));
	buf_printf(&b, "%s", "");
	check_int(b.n, 11);
	buf_printf(&b, "%0500d", 7);
	check_int(b.n, 511);
	check_int(b.p[510], '7');
	buf_done(&b);
}

static void
ask_for_more_than_there_is(void)
{
	struct buf b = { 0 };

	buf_u8(&b, 1);
	buf_reserve(&b, SIZE_MAX);
}

static void
a_size_that_wraps_around_ends_the_program(void)
{
	check(dies(ask_for_more_than_there_is));
}

int
main(void)
{
	run(a_zero_buf_is_empty_and_may_be_done_twice);
	run(what_is_put_can_be_read_back);
	run(varints_are_written_in_the_shortest_form);
	run(a_varint_ends_where_it_ends);
	run(every_power_of_two_survives_as_a_varint);
	run(growing_keeps_what_is_there);
	run(a_reserve_makes_room_for_exactly_what_was_asked_or_more);
	run(printing_appends_without_the_nul);
	run(a_size_that_wraps_around_ends_the_program);
	return check_done();
}
