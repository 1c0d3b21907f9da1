/* SPDX-License-Identifier: Apache-2.0 */
/* Tests model/json.c, and base/real.c through it. */
#include "model/json.h"

#include <stdlib.h>

#include "check.h"

static struct buf out;

static void
string_is(struct span text, const char *want)
{
	out.n = 0;
	json_string(&out, text);
	check_span(buf_span(&out), span_str(want));
}

static void
strings_have_the_shortest_escapes(void)
{
	string_is(SPAN(""), "\"\"");
	string_is(SPAN("a\"b\\c\n\t\r\x01"), "\"a\\\"b\\\\c\\n\\t\\u000d\\u0001\"");
	string_is(SPAN("Đăng nhập \xff"), "\"Đăng nhập \xff\"");
	/* At each place of a vector and behind one. */
	for (size_t at = 0; at < 40; at++) {
		char text[41], want[48] = "\"";

		memset(text, 'x', sizeof text);
		text[at] = '"';
		memcpy(want + 1, text, at);
		memcpy(want + 1 + at, "\\\"", 2);
		memcpy(want + 3 + at, text + at + 1, 40 - at);
		memcpy(want + 43, "\"", 2);
		string_is(span_of(text, sizeof text), want);
	}
}

static void
numbers_mean_what_they_are(void)
{
	static const struct { double v; const char *want; } reals[] = {
		{ 0.1, "0.1" }, { 5, "5.0" }, { -0.0, "-0.0" }, { 1e300, "1e+300" },
		{ 0.1 + 0.2, "0.30000000000000004" }, { 4.9e-324, "4.94065645841247e-324" },
		{ 123456789012345680.0, "1.2345678901234568e+17" },
	};

	for (size_t i = 0; i < sizeof reals / sizeof reals[0]; i++) {
		out.n = 0;
		json_real(&out, reals[i].v);
		check_span(buf_span(&out), span_str(reals[i].want));
	}
	out.n = 0;
	json_signed(&out, INT64_MIN);
	json_signed(&out, 0);
	json_unsigned(&out, UINT64_MAX);
	check_span(buf_span(&out), SPAN("-9223372036854775808018446744073709551615"));
}

static void
octets_are_numbers_or_digits(void)
{
	out.n = 0;
	json_octets(&out, SPAN("\x00\xff"));
	json_octets(&out, SPAN(""));
	json_hex(&out, SPAN("\x0f\xa0"));
	check_span(buf_span(&out), SPAN("[0,255][]\"0fa0\""));
}

int
main(void)
{
	run(strings_have_the_shortest_escapes);
	run(numbers_mean_what_they_are);
	run(octets_are_numbers_or_digits);
	buf_done(&out);
	return check_done();
}
