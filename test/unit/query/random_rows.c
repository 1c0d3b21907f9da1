/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: test code. See random_rows.h. The words are few, so that queries often hit. */
#include "random_rows.h"

#include "base/must.h"
#include "fake_store.h"

static uint64_t state = 88172645463325252U;

/* Texts of the rows: they live until the next random_store(). */
static struct arena *texts;

void
dice_set(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15U + 1;
}

uint64_t
dice(uint64_t below)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (state * 0x2545f4914f6cdd1dU >> 16) % below;
}

#define PICK(list) list[dice(sizeof list / sizeof list[0])]

static const char *const word[] = { "error", "Error", "errors", "user", "user12", "login", "Đăng",
	"đăng", "dang", "nhập", "nhap", "10.0.0.1", "10.0.0.12", "open", "file", "foo", "bar",
	    "a_1",
	"5", "42", "x-y", "root@host1", "тест", "ERROR", "3.5", "10KB", "5m", "-", "null",
	"deadbeef-0001-0002-0003-00000000000a", "n", "nerror", "nbreak", "tfoo", "u0111", "user1" };
static const char *const glue[] = { " ", " ", " ", ", ", ": ", "=", "/", ".", "-", "_", "(", "" };
static const char *const host[] = { "web-1", "web-2", "db", "-", "máy1", "" };
static const char *const app[] = { "sshd", "nginx", "cron", "-", "CRON" };
static const char *const json_word[] = { "plain", "a\\\"b", "line\\nbreak", "tab\\tfoo",
	"\\u0111\\u0103ng", "back\\\\slash", "user\\u0031", "error", "\\nerror", "c:\\\\user12\\\\x"
	    };
static const char *const number[] = { "0", "1", "5", "-7", "42", "1000", "99999999999", "42" };
static const char *const literal[] = { "1", "2.5", "true", "null", "-3", "1e3", "42" };

static const char *
keep(struct buf *text)
{
	struct span s;

	buf_u8(text, '\0');
	s = arena_dup(texts, buf_span(text));
	buf_done(text);
	return (const char *)s.p;
}

/* What many messages have in common, as a program writes them. */
static const char *const frame[] = { "error: user %s logged in %u times", "login %s (%u)",
	"open file %s: ERROR %u", "%s user%u", "đăng nhập %s từ 10.0.0.%u", "foo=%s bar=%u",
	"-%s-%u-" };

static const char *
message(void)
{
	struct buf text = { 0 };

	if (dice(12) == 0)
		return dice(2) == 0 ? "" : "-";
	if (dice(2) == 0) {
		buf_printf(&text, PICK(frame), PICK(word), (unsigned)dice(30));
		return keep(&text);
	}
	for (uint64_t n = 1 + dice(6); n > 0; n--) {
		buf_str(&text, PICK(word));
		if (n > 1)
			buf_str(&text, PICK(glue));
		if (dice(4) == 0)
			buf_printf(&text, "%u", (unsigned)dice(30));
	}
	return keep(&text);
}

static const char *
json_text(void)
{
	struct buf text = { 0 };

	for (uint64_t n = dice(4); n > 0; n--) {
		buf_str(&text, dice(2) == 0 ? PICK(json_word) : PICK(word));
		buf_str(&text, " ");
	}
	return keep(&text);
}

/* Three shapes of syslog, two of JSON, one plain line. */
static void
shapes_make(void)
{
	static const struct fake_hole new_syslog[] = {
		{ HOLE_TEXT, ROLE_PRIORITY, "priority" }, { HOLE_TEXT, ROLE_TIME, "timestamp" },
		{ HOLE_TEXT, ROLE_HOST, "hostname" }, { HOLE_TEXT, ROLE_APP, "app_name" },
		{ HOLE_TEXT, ROLE_PID, "proc_id" }, { HOLE_TEXT, ROLE_NONE, "note" },
		{ HOLE_SD_VALUE, ROLE_NONE, "dup" },
		{ HOLE_SD_VALUE, ROLE_NONE, "dup" }, { HOLE_SD_VALUE, ROLE_NONE, "text" },
		{ HOLE_TEXT, ROLE_MESSAGE, "_msg" },
	};
	static const struct fake_hole old_syslog[] = {
		{ HOLE_TEXT, ROLE_PRIORITY, "priority" }, { HOLE_TEXT, ROLE_HOST, "hostname" },
		{ HOLE_TEXT, ROLE_APP, "app_name" }, { HOLE_TEXT, ROLE_MESSAGE, "_msg" },
	};
	static const struct fake_hole json[] = {
		{ HOLE_JSON_STRING, ROLE_MESSAGE, "message" }, { HOLE_JSON_STRING, ROLE_HOST,
		    "hostname" },
		{ HOLE_JSON_LITERAL, ROLE_NONE, "num" }, { HOLE_JSON_STRING, ROLE_NONE, "level" },
		{ HOLE_JSON_VALUE, ROLE_NONE, "tags" }, { HOLE_JSON_STRING, ROLE_NONE, "text" },
	};
	static const struct fake_hole other_json[] = {
		{ HOLE_JSON_STRING, ROLE_NONE, "message" }, { HOLE_JSON_LITERAL, ROLE_NONE, "num" },
		{ HOLE_JSON_STRING, ROLE_NONE, "dup" }, { HOLE_JSON_LITERAL, ROLE_NONE, "dup" },
		{ HOLE_JSON_STRING, ROLE_NONE, "text" },
	};
	static const struct fake_hole line[] = { { HOLE_TEXT, ROLE_MESSAGE, "_msg" } };

	(void)fake_shape(FORMAT_RFC5424, new_syslog, 10);
	(void)fake_shape(FORMAT_RFC3164, old_syslog, 4);
	(void)fake_shape(FORMAT_JSON, json, 6);
	(void)fake_shape(FORMAT_JSON, other_json, 5);
	(void)fake_shape(FORMAT_LINE, line, 1);
}

static const char *
random_value(const struct hole *hole)
{
	static const char *const tags[] = { "[\\\"a\\\",\\\"b\\\"]", "[1,2]", "{}",
	    "[\\\"error\\\"]" };
	struct buf text = { 0 };

	if (span_is(hole->name, "priority")) {
		buf_printf(&text, "%u", (unsigned)dice(200));
		return keep(&text);
	}
	if (span_is(hole->name, "proc_id"))
		return PICK(number);
	if (hole->role == ROLE_MESSAGE)
		return hole->kind == HOLE_JSON_STRING ? json_text() : message();
	if (hole->role == ROLE_HOST)
		return PICK(host);
	if (hole->role == ROLE_APP)
		return PICK(app);
	if (hole->kind == HOLE_JSON_LITERAL) {
		if (dice(2) == 0)
			return PICK(literal);
		buf_printf(&text, "%u.%u", (unsigned)dice(50), (unsigned)dice(9));
		return keep(&text);
	}
	if (hole->kind == HOLE_JSON_VALUE)
		return PICK(tags);
	if (span_is(hole->name, "note"))
		return message();
	if (hole->kind == HOLE_TEXT)
		return "2026-01-01T00:00:00Z";
	return dice(3) == 0 ? PICK(word) : json_text();
}

static void
random_row(int64_t recv_ns)
{
	struct fake_row row = { .shape = (uint32_t)dice(5), .source = (uint32_t)dice(4),
	    .recv_ns = recv_ns, .event_ns = recv_ns - (int64_t)dice(7200) * 1000000000 };
	const struct shape *shape = fake_shape_at(row.shape);

	for (uint32_t h = 0; h < shape->nhole; h++)
		row.value[h] = random_value(&shape->hole[h]);
	fake_row(&row);
}

void
random_store(uint32_t nsegment, uint32_t most)
{
	int64_t ns = 1699900000000000000;

	arena_free(&texts);
	texts = arena_new((size_t)1 << 30);
	fake_reset();
	shapes_make();
	(void)fake_source(1, "syslog-tcp", "10.0.0.1", "web-1", "sshd");
	(void)fake_source(2, "syslog-udp", "10.0.0.2", "web-2", "nginx");
	(void)fake_source(2, "http", "10.0.0.3", "db", "cron");
	(void)fake_source(3, "http", "10.0.0.3", "", "app");
	for (uint32_t s = 0; s < nsegment; s++) {
		for (uint64_t n = 1 + dice(most); n > 0; n--) {
			ns += (int64_t)dice(60) * 1000000000;
			random_row(ns);
		}
		fake_cut(s % 2 == 1);
	}
}

/* ---- queries ---- */

const char *
random_field(void)
{
	static const char *const field[] = { "_msg", "hostname", "app_name", "proc_id", "dup",
	    "text", "text", "note", "_msg",
		"num", "level", "severity", "facility", "message", "tags", "priority", "nothing",
		"_stream", "_stream.hostname", "_unit", "_peer", "_seq", "_time" };

	return PICK(field);
}

static void
quoted(struct buf *out, const char *s)
{
	buf_u8(out, '"');
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_u8(out, '\\');
		buf_u8(out, (uint8_t)*s);
	}
	buf_u8(out, '"');
}

static void
needle(struct buf *out)
{
	struct buf text = { 0 };

	buf_str(&text, PICK(word));
	while (dice(3) == 0) {
		buf_str(&text, PICK(glue));
		buf_str(&text, PICK(word));
	}
	if (dice(10) == 0)
		text.n /= 2;
	while (text.n > 0 && (text.p[text.n - 1] & 0x80) != 0)
		text.n--;	/* no half code points */
	buf_u8(&text, '\0');
	quoted(out, (const char *)text.p);
	buf_done(&text);
}

static void
needles(struct buf *out, const char *function)
{
	buf_printf(out, "%s(", function);
	for (uint64_t i = 0, n = 1 + dice(3); i < n; i++) {
		buf_str(out, i > 0 ? "," : "");
		needle(out);
	}
	buf_u8(out, ')');
}

static const char *const regex[] = { "err|warn", "user[0-9]+", "(?i)error", "^user", "foo$",
	"\\\\d+\\\\.\\\\d+", "[^a-z]o", "o.e", "đ.ng", "(?i)ĐĂNG", "a\\\\b", ".*foo.*",
	    "(foo|bar)",
	"open\\\\sfile", "e{2}", "x?", "\\\\bfoo\\\\b", "user(12)?\\\\W", "(?s)k.s",
	    "10\\\\.0\\\\.0\\\\.1",
	"s{1,3}:", "[[:upper:]]{2}", "^$", "n.*p", "(login|user) (open|file)",
	    "\\\\Qx-y\\\\E" };
static const char *const range[] = { ":>5", ":>=42", ":<0", ":<=10KB", ":range(1,100)",
	":range[5,42]", ":range[-10,0)", ":>\"m\"", ":<\"f\"", ":<=foo", ":>2.4" };
static const char *const other[] = { ":len_range(3,10)", ":len_range(0,0)",
    ":len_range(5,inf)",
	":ipv4_range(10.0.0.0/24)", ":ipv4_range(10.0.0.1,10.0.0.2)", ":string_range(a,n)",
	":eq_field(text)", ":lt_field(num)", ":le_field(proc_id)", ":eq_field(dup)",
	    ":\"\"", ":*" };
static const char *const free_leaf[] = { "{host=\"web-1\"}", "{app=~\"s.*|cron\"}",
	"{unit in (1,2)}", "{hostname!=\"db\",app!~\"n.*\"}",
	    "{host=\"db\" or app=\"sshd\"}", "{}",
	"_time:[1699900000,1699960000]", "_time:>2023-11-14T10:00Z",
	"_time:day_range[08:00,18:00)", "_time:week_range[Mon,Tue] offset 7h", "*",
	"_seq:=\"raw:1:7\"", "_seq:in(\"raw:1:1\",\"raw:1:900\",\"raw:1:30\")",
	    "_time:2023-11-14Z",
	"_time:day_range(20:00,24:00] offset -3h" };

static void
leaf(struct buf *out)
{
	uint64_t kind = dice(18);
	const char *field;

	if (kind < 2) {
		buf_str(out, PICK(free_leaf));
		return;
	}
	field = random_field();
	if (strcmp(field, "_time") == 0)
		field = "text";		/* what follows `_time:` is of its own kind */
	if (kind < 4) {
		buf_printf(out, "%s%s", field, kind == 2 ? PICK(range) : PICK(other));
		return;
	}
	if (dice(3) != 0)
		buf_printf(out, "%s:", field);
	switch (kind) {
	case 4:
		buf_str(out, dice(2) == 0 ? "=" : "!=");
		needle(out);
		break;
	case 5:
		buf_u8(out, '=');
		needle(out);
		buf_u8(out, '*');
		break;
	case 6:
	case 7:
		buf_printf(out, "%s\"%s\"", dice(4) == 0 ? "!~" : "~", PICK(regex));
		break;
	case 8:
		needles(out, "in");
		break;
	case 9:
		needles(out, "contains_all");
		break;
	case 10:
		needles(out, "contains_any");
		break;
	case 11:
		needles(out, "seq");
		break;
	case 12:
		buf_str(out, "i(");
		needle(out);
		buf_str(out, dice(2) == 0 ? "*)" : ")");
		break;
	case 13:
	case 14:
		needle(out);
		buf_u8(out, '*');
		break;
	case 15:
		buf_u8(out, '*');
		needle(out);
		buf_u8(out, '*');
		break;
	default:
		needle(out);
		break;
	}
}

void
random_filter(struct buf *out, int depth)
{
	uint64_t kind = depth > 0 ? dice(5) : 0;

	if (kind < 2) {
		leaf(out);
		return;
	}
	if (kind == 4)
		buf_u8(out, '!');
	buf_u8(out, '(');
	random_filter(out, depth - 1);
	for (uint64_t n = 1 + dice(2); n > 0 && kind < 4; n--) {
		buf_str(out, kind == 2 ? " or " : " ");
		random_filter(out, depth - 1);
	}
	buf_u8(out, ')');
}
