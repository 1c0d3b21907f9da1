/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/cur.h: a reader that never passes its end, and says so once it wanted to. */
#include "base/cur.h"

#include <stdlib.h>

#include "base/buf.h"

#include "check.h"

static void
an_empty_span_is_done_at_once(void)
{
	struct cur c = cur_of((struct span){ NULL, 0 });

	check(cur_done(&c));
	check_int(cur_left(&c), 0);
	check_int(cur_span(&c, 0).n, 0);
	check(cur_done(&c));
	check_int(cur_u8(&c), 0);
	check(c.bad && !cur_done(&c));
}

static void
integers_are_little_endian(void)
{
	struct cur c = cur_of(SPAN("\x01\x02\x01\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x81"
	    "\xfe\xff\xff\xff\xff\xff\xff\xff"));

	check_int(cur_u8(&c), 1);
	check_int(cur_u16(&c), 0x0102);
	check_int(cur_u32(&c), 0x01020304);
	check(cur_u64(&c) == 0x8102030405060708U);
	check_int(cur_i64(&c), -2);
	check(cur_done(&c));
}

static void
an_integer_that_is_cut_is_bad_and_zero(void)
{
	struct cur c = cur_of(SPAN("\x01\x02\x03"));

	check_int(cur_u32(&c), 0);
	check(c.bad);
	check_int(cur_left(&c), 0);
}

static void
bad_stays_bad(void)
{
	struct cur c = cur_of(SPAN("\x05"
	    "abc"));

	check_int(cur_bytes(&c).n, 0);
	check(c.bad);
	check_int(cur_u8(&c), 0);
	check_int(cur_u16(&c), 0);
	check_int(cur_u32(&c), 0);
	check(cur_u64(&c) == 0);
	check(cur_varint(&c) == 0);
	check_int(cur_zigzag(&c), 0);
	check_int(cur_span(&c, 0).n, 0);
	check(!cur_done(&c));
}

static void
a_length_beyond_the_address_space_is_refused(void)
{
	struct cur c = cur_of(SPAN("abc"));

	check_int(cur_span(&c, UINT64_MAX).n, 0);
	check(c.bad);
	c = cur_of(SPAN("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
	    "abc"));
	check_int(cur_bytes(&c).n, 0);
	check(c.bad);
}

static void
bytes_may_end_exactly_at_the_end(void)
{
	struct cur c = cur_of(SPAN("\x03"
	    "abc"));

	check_span(cur_bytes(&c), SPAN("abc"));
	check(cur_done(&c));
}

static void
varint_reads(const char *code, size_t n, uint64_t want)
{
	struct cur c = cur_of(span_of(code, n));

	check(cur_varint(&c) == want);
	check(cur_done(&c));
}

static void
varints_of_every_length_are_read(void)
{
	varint_reads("\x00", 1, 0);
	varint_reads("\x7f", 1, 127);
	varint_reads("\x80\x01", 2, 128);
	varint_reads("\xff\x7f", 2, 16383);
	varint_reads("\x80\x80\x01", 3, 16384);
	varint_reads("\xff\xff\xff\xff\x0f", 5, UINT32_MAX);
	varint_reads("\x80\x80\x80\x80\x10", 5, (uint64_t)UINT32_MAX + 1);
	varint_reads("\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 9, INT64_MAX);
	varint_reads("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, (uint64_t)1 << 63);
	varint_reads("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX);
}

static void
a_varint_need_not_be_the_shortest(void)
{
	varint_reads("\x80\x00", 2, 0);
	varint_reads("\xff\x80\x80\x80\x80\x80\x80\x80\x80\x00", 10, 127);
}

static void
varint_fails(const char *code, size_t n)
{
	struct cur c = cur_of(span_of(code, n));

	check(cur_varint(&c) == 0);
	check(c.bad);
}

static void
a_varint_with_a_65th_bit_is_bad(void)
{
	varint_fails("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10);
	varint_fails("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x7f", 10);
	varint_fails("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11);
	varint_fails("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 11);
}

static void
a_varint_that_is_cut_is_bad(void)
{
	static const char code[] = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";

	for (size_t n = 0; n < 10; n++)
		varint_fails(code, n);
}

static void
zigzag_reads_both_signs_and_the_ends(void)
{
	static const int64_t value[] = { 0, -1, 1, -2, 2, 63, -64, 64, INT64_MAX, INT64_MIN };
	struct buf b = { 0 };
	struct cur c;

	for (size_t i = 0; i < sizeof value / sizeof value[0]; i++)
		buf_zigzag(&b, value[i]);
	check_int(b.p[1], 1);
	check_int(b.p[2], 2);
	check_int(b.p[3], 3);
	c = cur_of(buf_span(&b));
	for (size_t i = 0; i < sizeof value / sizeof value[0]; i++)
		check_int(cur_zigzag(&c), value[i]);
	check(cur_done(&c));
	buf_done(&b);
}

/* Reads a heap piece of exactly n octets by every reader; sanitizers would see one more. */
static void
no_reader_passes_the_end(void)
{
	for (size_t n = 0; n < 16; n++) {
		uint8_t *p = malloc(n > 0 ? n : 1);
		struct cur c;

		memset(p, 0xff, n > 0 ? n : 1);
		c = cur_of(span_of(p, n));
		while (!c.bad)
			(void)cur_u64(&c);
		c = cur_of(span_of(p, n));
		while (!c.bad)
			(void)cur_varint(&c);
		c = cur_of(span_of(p, n));
		while (!c.bad)
			(void)cur_bytes(&c);
		c = cur_of(span_of(p, n));
		check_int(cur_span(&c, n).n, n);
		check(cur_done(&c));
		free(p);
	}
}

int
main(void)
{
	run(an_empty_span_is_done_at_once);
	run(integers_are_little_endian);
	run(an_integer_that_is_cut_is_bad_and_zero);
	run(bad_stays_bad);
	run(a_length_beyond_the_address_space_is_refused);
	run(bytes_may_end_exactly_at_the_end);
	run(varints_of_every_length_are_read);
	run(a_varint_need_not_be_the_shortest);
	run(a_varint_with_a_65th_bit_is_bad);
	run(a_varint_that_is_cut_is_bad);
	run(zigzag_reads_both_signs_and_the_ends);
	run(no_reader_passes_the_end);
	return check_done();
}
