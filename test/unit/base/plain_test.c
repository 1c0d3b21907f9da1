/* SPDX-License-Identifier: Apache-2.0 */
/* Tests base/plain.c. */
#include "base/plain.h"

#include "check.h"

static void
letters_and_digits_are_plain_everywhere(void)
{
	check(plain_is(SPAN("web01"), "", "") && plain_is(SPAN("0AZaz9"), "", ""));
	check(!plain_is(SPAN(""), "", "") && !plain_is(span_of(NULL, 0), "._", "._"));
}

static void
marks_are_plain_where_they_were_named(void)
{
	check(plain_is(SPAN("web-01.lan"), "", ".-_") && plain_is(SPAN("_a"), "_", ".-_"));
	check(!plain_is(SPAN("-x"), "", ".-_") && !plain_is(SPAN("_a"), "", ".-_"));
	check(!plain_is(SPAN("a_b"), "_", ".-") && !plain_is(SPAN("a/b"), "", ".-_"));
	check(plain_is(SPAN("-"), "-", "") && !plain_is(SPAN("--"), "-", ""));
}

/* The octets on both sides of each range, the NUL that ends the marks, and those above 127. */
static void
nothing_else_is_plain(void)
{
	static const char other[] = "@[`{/:\0 ;$'\"\x7f\x80\xc1\xe1";

	for (size_t i = 0; i < sizeof other; i++) {
		check(!plain_is(span_of(other + i, 1), "._-", "._-"));
		check(!plain_is(span_of((const char[]){ 'a', other[i] }, 2), "._-", "._-"));
	}
	for (unsigned c = 128; c < 256; c++)
		check(!plain_is(span_of(&(uint8_t){ (uint8_t)c }, 1), "", ""));
}

int
main(void)
{
	run(letters_and_digits_are_plain_everywhere);
	run(marks_are_plain_where_they_were_named);
	run(nothing_else_is_plain);
	return check_done();
}
