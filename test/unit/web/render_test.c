/* SPDX-License-Identifier: Apache-2.0 */
#include "web/render.h"

#include <stdlib.h>

#include "base/utf8.h"
#include "check.h"

static struct buf out;

static struct span
rendered(const struct query_field *field, size_t n, enum render_form form)
{
	const struct query_row row = { n, field };

	out.n = 0;
	render_row(&out, &row, form, 7 * 60);
	return buf_span(&out);
}

static struct span
safe(struct span s, bool lines)
{
	out.n = 0;
	render_safe(&out, s, lines);
	return buf_span(&out);
}

static void
a_form_has_a_name(void)
{
	enum render_form form = RENDER_RAW;

	check(render_form(NULL, &form) && form == RENDER_JSON);
	check(render_form("json", &form) && form == RENDER_JSON);
	check(render_form("text", &form) && form == RENDER_TEXT);
	check(render_form("color", &form) && form == RENDER_COLOR);
	check(render_form("raw", &form) && form == RENDER_RAW);
	check(!render_form("", &form) && !render_form("xml", &form) && form == RENDER_RAW);
}

static void
a_record_is_a_line_in_the_offices_time(void)
{
	const struct query_field field[] = { { SPAN("_time"), SPAN("2026-11-23T01:02:03.456789Z") },
		{ SPAN("_msg"), SPAN("Đăng nhập thất bại") }, { SPAN("hostname"), SPAN("web01") },
		{ SPAN("app_name"), SPAN("sshd") }, { SPAN("level"), SPAN("error") } };

	check_span(rendered(field, 5, RENDER_TEXT),
	    SPAN("2026-11-23T08:02:03.456+07:00 web01 sshd: Đăng nhập thất bại\n"));
	check_span(rendered(field, 5, RENDER_COLOR),
	    SPAN("\033[2m2026-11-23T08:02:03.456+07:00\033[0m "
	    "\033[1mweb01\033[0m \033[36msshd\033[0m: \033[31mĐăng nhập thất bại\033[0m\n"));
	check_span(rendered(field, 2, RENDER_TEXT),
	    SPAN("2026-11-23T08:02:03.456+07:00 - -: Đăng nhập thất bại\n"));
}

static void
what_was_asked_for_by_name_is_shown(void)
{
	const struct query_field field[] = { { SPAN("_time"), SPAN("2026-11-23T01:02:03.456789Z") },
		{ SPAN("_msg"), SPAN("mot hai") }, { SPAN("_flags"), SPAN("time_none") },
		{ SPAN("_seq"), SPAN("raw:1:7") } };

	check_span(rendered(field, 3, RENDER_TEXT),
	    SPAN("_time=2026-11-23T08:02:03.456+07:00  _msg=mot hai  _flags=time_none\n"));
	check_span(rendered(field, 4, RENDER_TEXT),
	    SPAN("2026-11-23T08:02:03.456+07:00 - -: mot hai\n"));
}

static void
a_row_without_a_message_is_names_and_values(void)
{
	const struct query_field field[] = { { SPAN("hostname"), SPAN("web01") },
		{ SPAN("n"), SPAN("12") }, { SPAN("_time"), SPAN("2026-11-23T00:00:00Z") } };

	check_span(rendered(field, 3, RENDER_TEXT),
	    SPAN("hostname=web01  n=12  _time=2026-11-23T07:00:00.000+07:00\n"));
	check_span(rendered(field, 0, RENDER_TEXT), SPAN("\n"));
}

static void
raw_is_the_octets_as_they_came(void)
{
	const struct query_field field[] = { { SPAN("_raw"), SPAN("a\033[31m\0\xff") } };

	check_span(rendered(field, 1, RENDER_RAW), SPAN("a\033[31m\0\xff\n"));
}

static void
a_record_does_not_drive_the_terminal(void)
{
	check_span(safe(SPAN("a\033[2J\007\r\b\x7f"), false),
	    SPAN("a\\x1b[2J\\x07\\x0d\\x08\\x7f"));
	check_span(safe(SPAN("a\tb\nc\0"), false), SPAN("a\tb\\x0ac\\x00"));
	check_span(safe(SPAN("a\tb\nc"), true), SPAN("a\tb\nc"));
	/* C1 in UTF-8 and alone: CSI is 9b */
	check_span(safe(SPAN("\xc2\x9b" "2J"), false), SPAN("\\u009b2J"));
	check_span(safe(SPAN("\x9b" "2J"), false), SPAN("\\x9b2J"));
	check_span(safe(SPAN("\xc2"), false), SPAN("\\xc2"));
	/* longer than need be: a careless reader would see ESC */
	check_span(safe(SPAN("\xc0\x9b\xe0\x80\x9b"), false),
	    SPAN("\\xc0\\x9b\\xe0\\x80\\x9b"));
	check_span(safe(SPAN("ph\xe1\xba\xa1m \xe2\x80\xaetxt.exe\xe2\x80\xa8\xd8\x9c"), false),
	    SPAN("ph\xe1\xba\xa1m \\u202etxt.exe\\u2028\\u061c"));
	check_span(safe(SPAN("\xef\xbf\xbd \xf0\x9f\x98\x80"), false),
	    SPAN("\xef\xbf\xbd \xf0\x9f\x98\x80"));
}

static void
escapes_stand_in_no_field_of_any_form(void)
{
	static const char *const name[] = { "_time", "_msg", "hostname", "app_name", "level", "x",
	    "Hostname", "Channel" };
	static const enum render_form form[] = { RENDER_TEXT, RENDER_JSON };
	struct span evil = SPAN("\033]0;x\007\xc2\x9b\x9b\x7f\n\r\xe2\x80\xae");

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		for (size_t j = 0; j < 2; j++) {
			const struct query_field field[] = { { span_str(name[i]), evil },
				{ evil, SPAN("v") }, { SPAN("_msg"), evil } };
			struct span got = rendered(field, i == 1 ? 2 : 3, form[j]);

			check(utf8_valid(got));
			check(memchr(got.p, '\n', got.n) == got.p + got.n - 1);
			for (size_t k = 0; k + 1 < got.n; k++)
				check(got.p[k] >= 0x20 && got.p[k] != 0x7f &&
				    !(got.p[k] == 0xc2 && got.p[k + 1] < 0xa0) &&
				    !(got.p[k] == 0xe2 && got.p[k + 1] == 0x80));
		}
}

static void
json_says_the_same_in_safe_letters(void)
{
	const struct query_field field[] = { { SPAN("a"), SPAN("\xc2\x9b" "\x7f\xc2\xa9\xc3\x82"
	    "\xe2\x80\xae\xe2\x82\xac") }, { SPAN("_msg"), SPAN("plain") } };

	check_span(rendered(field, 2, RENDER_JSON), SPAN("{\"a\":\"\\u009b\\u007f\xc2\xa9\xc3\x82"
	    "\\u202e\xe2\x82\xac\",\"_msg\":\"plain\"}\n"));
}

int
main(void)
{
	run(a_form_has_a_name);
	run(a_record_is_a_line_in_the_offices_time);
	run(what_was_asked_for_by_name_is_shown);
	run(a_row_without_a_message_is_names_and_values);
	run(raw_is_the_octets_as_they_came);
	run(a_record_does_not_drive_the_terminal);
	run(escapes_stand_in_no_field_of_any_form);
	run(json_says_the_same_in_safe_letters);
	buf_done(&out);
	return check_done();
}
