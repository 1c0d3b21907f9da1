/* SPDX-License-Identifier: Apache-2.0 */
/* web/cover.c and cover_text.c over a small store: parameters in, tables and lines out. */
#include "web/cover.h"

#include <stdlib.h>

#include "base/columns.h"
#include "check.h"
#include "test/unit/store/proof_store.h"
#include "web/cover_int.h"
#include "web/select.h"

static struct place place;
static struct select *sel;
static struct why why;
static struct buf out;
static uint64_t found;
static bool found_late;
static bool stop;

static bool
take(void *ctx, struct span bytes)
{
	(void)ctx;
	buf_span_put(&out, bytes);
	return !stop;
}

static void
on_found(void *ctx, uint64_t n)
{
	(void)ctx;
	found = n;
	found_late = out.n > 0;
}

static enum err
asked(struct cover_ask ask)
{
	ask.write = take;
	ask.found = on_found;
	out.n = 0;
	found = UINT64_MAX;
	why.text[0] = '\0';
	return cover_run(sel, &ask, &why);
}

static bool
says(const char *text)
{
	if (!span_holds(buf_span(&out), text)) {
		printf("not there: %s\nin: %.*s\n", text, (int)out.n, (const char *)out.p);
		return false;
	}
	return true;
}

/* Rows of place_fill() came on 2026-09-21; heartbeats are of now. */
static const struct cover_ask that_day = { .start = "2026-09-21", .end = "2026-09-22" };

static void
lines_are_objects_with_a_kind(void)
{
	unsigned lines = 0;

	check_int(asked(that_day), OK);
	for (size_t i = 0, at = 0; i < out.n; i++) {
		if (out.p[i] != '\n')
			continue;
		check(span_starts(span_sub(buf_span(&out), at, out.n), SPAN("{\"kind\":\"")));
		check(out.p[i - 1] == '}');
		at = i + 1;
		lines++;
	}
	check(lines >= 1 + 3 + 3 + 1);
	check(says("{\"kind\":\"period\",\"from\":\"2026-09-20T17:00:00"));
	check(says("\"rows\":\"55\""));
	check(says("\"host\":\"web-01.example\",\"peer\":\"10.12.0.7\",\"listener\":\"syslog-tcp\","
	    "\"trust\":\"peer\",\"unit\":\"1\",\"class\":\"0\""));
	check(says("{\"kind\":\"end\",\"remarks\":"));
	check(!found_late && found != UINT64_MAX);
}

static void
the_table_is_there_in_both_languages(void)
{
	struct cover_ask ask = that_day;

	ask.format = "text";
	check_int(asked(ask), OK);
	check(says("Tình trạng thu thập nhật ký từ 21/09/2026 00:00"));
	check(says("(UTC+07:00)") && says("Đã nhận 55 bản ghi của 3 nguồn"));
	check(says("đủ cả, không thiếu số nào") && says("NGUỒN") && says("web-02.example"));
	check(says("Quá 3 phút không có nhịp niêm phong mới tính là bàn trực không chạy; ngắn "
	    "hơn không tính.\n"));
	check(!span_holds(buf_span(&out), "\033"));
	ask.lang = "en";
	check_int(asked(ask), OK);
	check(says("Coverage of logs from 2026-09-21 00:00") && says("Received 55 records"));
	check(says("where nothing was sealed for more than 3 min; less does not count.\n"));
	check(says("all there, none is missing") && says("SOURCE"));
	ask.format = "color";
	check_int(asked(ask), OK);
	check(says("\033[1mSOURCE"));
}

/* Columns of the longest line of the table, from its heading on. */
static int
table_wide(const char *heading)
{
	struct span rest = buf_span(&out);
	const uint8_t *at = memmem(rest.p, rest.n, heading, strlen(heading));
	int most = 0;

	if (!check(at != NULL))
		return 0;
	for (rest = span_sub(rest, (size_t)(at - rest.p), SIZE_MAX); rest.n > 0;) {
		const uint8_t *lf = memchr(rest.p, '\n', rest.n);
		struct span line = span_sub(rest, 0, lf != NULL ? (size_t)(lf - rest.p) : rest.n);

		if (line.n == 0)
			break;
		most = columns_of(line) > most ? columns_of(line) : most;
		rest = span_sub(rest, line.n + 1, SIZE_MAX);
	}
	return most;
}

static void
a_table_is_as_wide_as_what_is_in_it_or_as_the_terminal(void)
{
	struct cover_ask ask = that_day;

	ask.registry = SPAN("id,name,from,host,system,unit\n"
	    "web,Cổng dịch vụ công trực tuyến của Ủy ban nhân dân tỉnh,10.12.0.7,"
	    "WEB-01.example,,\n"
	    "mail,Hệ thống thư điện tử công vụ của Văn phòng,10.9.9.9,,Thư điện tử công vụ,7\n");
	ask.format = "text";
	check_int(asked(ask), OK);
	check(says("Cổng dịch vụ công trực tuyến của Ủy ban nhân dân tỉnh (web-01"));
	ask.wide = "80";
	check_int(asked(ask), OK);
	check(table_wide("NGUỒN ") <= 80 && says("Cổng dịch vụ") && says("…"));
	ask.lang = "en";
	check_int(asked(ask), OK);
	check(table_wide("SOURCE ") <= 80);
	ask.show = "expected";
	check_int(asked(ask), OK);
	check(table_wide("STATE ") <= 80 && says("…"));
	ask.lang = "vi";
	check_int(asked(ask), OK);
	check(table_wide("TRẠNG THÁI ") <= 80);
	ask.wide = NULL;
	check_int(asked(ask), OK);
	check(says("Hệ thống thư điện tử công vụ của Văn ph"));
	ask.registry = SPAN("id,from,system,unit\na,10.9.9.9,Một cửa,99999999999\n"
	    "b,10.9.9.8,Một cửa,7\n");
	check_int(asked(ask), OK);
	check(says(" 99999999999 Một cửa") && says("           7 Một cửa") &&
	    says("      ĐƠN VỊ HỆ"));
	ask.wide = "x";
	check_int(asked(ask), ERR_FORMAT);
}

static void
what_needs_a_person_is_counted_and_said(void)
{
	struct cover_ask ask = { .start = "2026-01-01", .end = "2026-01-02", .format = "text" };

	check_int(asked(ask), OK);
	check_int(found, 1);
	check(says("CẦN XEM\n ✗ bàn trực chưa hoạt động trong khoảng thời gian này"));
	check(!span_holds(buf_span(&out), "Không có việc cần xem."));
	ask.format = "paper";
	check_int(asked(ask), OK);
	check(says("heading\tCần xem\ntext\t– bàn trực chưa hoạt động"));
	ask.format = "text";
	ask.end = "2031-01-01";
	check_int(asked(ask), OK);
	check((found > 0) == span_holds(buf_span(&out), "CẦN XEM"));
}

/* Both come with a register: by name who is in it, with its SHA-256; who is not, with a command. */
static void
names_of_the_register_are_shown(void)
{
	struct cover_ask ask = that_day;

	ask.registry = SPAN("id,name,from,host,system,pause\n"
	    "web,Cổng một cửa,10.12.0.7,WEB-01.example,Một cửa,1h\nmail,Thư,10.9.9.9,,,\n");
	check_int(asked(ask), OK);
	check(says("\"register_sha256\":\"") && says("\"register_rows\":\"2\""));
	check(says("\"id\":\"web\",\"name\":\"Cổng một cửa\",\"system\":\"Một cửa\""));
	check(says("{\"kind\":\"expected\",\"id\":\"mail\",\"name\":\"Thư\",\"from\":"
	    "\"10.9.9.9\",\"state\":\"absent\",\"rows\":\"0\""));
	check(says("{\"kind\":\"unknown\"") && says("\"verdict\":\"unknown-sender\""));
	check(says("\"verdict\":\"absent\",\"id\":\"mail\""));
	ask.format = "text";
	check_int(asked(ask), OK);
	check(says("Xét theo sổ đăng ký nguồn có 2 nguồn, SHA-256 "));
	check(says("Cổng một cửa (Một cửa; ") && says("ĐÃ ĐĂNG KÝ MÀ CHƯA CÓ GÌ TỚI\n ✗ mail"));
	check(says("NƠI GỬI CHƯA CÓ TÊN\n") && says("     trucban source add "));
	check(says("sổ đăng ký cho nghỉ tối đa 1 giờ"));
	ask.show = "expected";
	check_int(asked(ask), OK);
	check(says("✗ chưa thấy mail") && says("✗ ngừng gửi web") == (found == 2));
	ask.show = "unknown";
	check_int(asked(ask), OK);
	check(says(" bản ghi từ ") && found == 2);
	ask.registry = SPAN("");
	check_int(asked(ask), OK);
	check_int(found, 3);
	ask.show = "expected";
	check_int(asked(ask), OK);
	check(says("Sổ đăng ký nguồn còn trống") && found == 0);
	ask.registry = SPAN("nonsense");
	check_int(asked(ask), ERR_FORMAT);
	ask.show = "some";
	check_int(asked(ask), ERR_FORMAT);
}

static bool
is_named_by(struct coverage_source s, const char *command)
{
	struct buf text = { 0 };
	bool same;

	s.row = UINT32_MAX;
	cover_command_put(&text, &s, NULL, COVER_BLANK_EN);
	same = span_is(buf_span(&text), command);
	if (!same)
		printf("%.*s\n", (int)text.n, (const char *)text.p);
	buf_done(&text);
	return same;
}

/* A relay's identity is that of all who send through it. */
static void
a_sender_is_named_by_what_is_its_own(void)
{
	struct coverage_source s = { .listener = SPAN("xa/udp"), .peer = SPAN("192.168.1.10"),
	    .identity = SPAN("xa"), .host = SPAN("fw01"), .guess = "cisco-asa" };

	check(is_named_by(s, "trucban source add fw01 --kind cisco-asa --listener xa/udp --from "
	    "192.168.1.10"));
	s.namesake = s.shares = true;
	check(is_named_by(s, "trucban source add NAME --kind cisco-asa --listener xa/udp --from "
	    "192.168.1.10 --host fw01"));
	s.namesake = s.shares = false;
	s.peer = SPAN("");
	s.listener = SPAN("xa/file:/var/log/fw.log");
	check(is_named_by(s, "trucban source add fw01 --kind cisco-asa --listener "
	    "xa/file:/var/log/fw.log"));
	s.listener = SPAN("xa/file:/var/log/$(reboot)");
	check(is_named_by(s, "trucban source add fw01 --kind cisco-asa --listener "
	    "RELAY/LISTENER"));
	s.listener = SPAN("tls");
	s.peer = SPAN("10.0.0.5");
	check(is_named_by(s, "trucban source add fw01 --kind cisco-asa --identity xa"));
	s.identity = SPAN("");
	check(is_named_by(s, "trucban source add fw01 --kind cisco-asa --from 10.0.0.5"));
	s.peer = SPAN("");
	check(is_named_by(s, "trucban source add fw01 --kind cisco-asa --listener tls"));
}

static void
what_cannot_be_asked_is_refused_with_a_sentence(void)
{
	static const struct cover_ask bad[] = {
		{ .format = "xml" }, { .lang = "fr" }, { .start = "hôm kia" }, { .end = "x" },
		{ .start = "2026-09-22", .end = "2026-09-20" },
		{ .start = "2001-01-01", .end = "2026-01-01" },
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		check_int(asked(bad[i]), ERR_FORMAT);
		check_int(out.n, 0);
		check(why.text[0] != '\0' && found == UINT64_MAX);
	}
}

static void
who_has_enough_ends_it(void)
{
	stop = true;
	check_int(asked(that_day), OK);
	stop = false;
}

int
main(void)
{
	place_fill(&place, KEY_MAKE_ENCRYPTED);
	sel = select_new(place.fd, place.keys.store_key, 0, 7 * 60);
	run(lines_are_objects_with_a_kind);
	run(the_table_is_there_in_both_languages);
	run(a_table_is_as_wide_as_what_is_in_it_or_as_the_terminal);
	run(what_needs_a_person_is_counted_and_said);
	run(names_of_the_register_are_shown);
	run(a_sender_is_named_by_what_is_its_own);
	run(what_cannot_be_asked_is_refused_with_a_sentence);
	run(who_has_enough_ends_it);
	select_free(&sel);
	place_remove(&place);
	buf_done(&out);
	return check_done();
}
