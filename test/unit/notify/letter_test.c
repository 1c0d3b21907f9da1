/* SPDX-License-Identifier: Apache-2.0 */
/* notify/letter.c, notify/mac.c */
#include "check.h"
#include "notify/letter.h"
#include "notify/mac.h"

static void
a_mail_is_ascii_with_its_text_in_base64(void)
{
	const struct letter letter = { .from = SPAN("desk@example.vn"), .to = SPAN("an@example.vn"),
	    .subject = SPAN("Trực Ban 17"), .text = SPAN("Trực Ban: cảnh báo mức CAO"),
	    .id = SPAN("notice-17-mail@may-01"), .time_ns = INT64_C(1790000000) * 1000000000,
	    .zone_s = 7 * 3600 };
	struct buf out = { 0 };

	letter_put(&out, &letter);
	check_span(buf_span(&out), SPAN("From: <desk@example.vn>\r\nTo: <an@example.vn>\r\n"
	    "Date: Mon, 21 Sep 2026 21:13:20 +0700\r\nMessage-ID: <notice-17-mail@may-01>\r\n"
	    "Subject: =?UTF-8?B?VHLhu7FjIEJhbiAxNw==?=\r\nAuto-Submitted: auto-generated\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n"
	    "VHLhu7FjIEJhbjogY+G6o25oIGLDoW8gbeG7qWMgQ0FP\r\n"));
	buf_done(&out);
}

static void
lines_of_a_mail_are_short(void)
{
	struct buf out = { 0 };
	struct letter letter = { .from = SPAN("a@b"), .to = SPAN("c@d"), .id = SPAN("x@y"),
	    .text = SPAN("0123456789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789012345678901234567890123456789") };
	size_t line = 0;

	letter.time_ns = -1;
	letter.zone_s = -5400;
	letter_put(&out, &letter);
	check(span_holds(buf_span(&out), "Date: Wed, 31 Dec 1969 22:29:59 -0130\r\n"));
	for (size_t i = 0; i < out.n; i++) {
		line = out.p[i] == '\n' ? 0 : line + 1;
		check(line <= 78);
	}
	buf_done(&out);
}

static void
an_address_that_a_server_could_read_otherwise_is_refused(void)
{
	static const char *const bad[] = { "", "an", "@b", "a@", "a@b@c", "a b@c", "a@b\r\nX: y",
	    "<a@b>", "a@b>", "\"a\"@b", "a,c@b", "-f@b", "ạ@b", "a@b;c", "a@b\\" };

	check(letter_address_ok(SPAN("nguyen.van-an+truc@so.example.vn")));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(!letter_address_ok(span_str(bad[i])));
	check(!letter_address_ok(span_of("a@b\0c", 5)));
}

/* As `printf 5.abc | openssl dgst -sha256 -hmac key` says it. */
static void
a_signature_is_over_time_and_body(void)
{
	char hex[MAC_HEX_BYTES];

	mac_hex(hex, SPAN("key"), 5, SPAN("abc"));
	check_span(span_str(hex), SPAN("9110657d5255624d5c547e0b160a2897"
	    "90384f957a547e1665db9076b3f20ffa"));
}

int
main(void)
{
	run(a_mail_is_ascii_with_its_text_in_base64);
	run(lines_of_a_mail_are_short);
	run(an_address_that_a_server_could_read_otherwise_is_refused);
	run(a_signature_is_over_time_and_body);
	return check_done();
}
