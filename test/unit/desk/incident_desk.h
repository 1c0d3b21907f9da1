/* SPDX-License-Identifier: Apache-2.0 */
/* A desk in memory with a small pack of incidents, asked as the role asks it. */
#ifndef TEST_INCIDENT_DESK_H
#define TEST_INCIDENT_DESK_H

#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "desk/desk.h"
#include "check.h"

static struct why why;
static struct arena *arena;
static sqlite3 *db;
static struct desk *desk;
static struct buf out;
static uint64_t ledger_seq;
static int64_t now_ns;
static unsigned rights;

#define SECOND	INT64_C(1000000000)
#define HOUR	(3600 * SECOND)
#define SUM	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* A pack of three clocks, two questions and a playbook. */
static const char pack[] =
    "{\"name\":\"test\",\"version\":\"1\",\"title\":\"t\",\"profile\":\"new\","
    "\"severities\":[{\"profile\":\"new\",\"level\":1,\"name\":\"small\",\"title\":\"nhỏ\","
    "\"english\":\"small\"},{\"profile\":\"new\",\"level\":2,\"name\":\"big\",\"title\":\"lớn\","
    "\"english\":\"big\"},{\"profile\":\"old\",\"level\":1,\"name\":\"o\",\"title\":\"cũ\"}],"
    "\"questions\":[{\"name\":\"down\",\"profile\":\"new\",\"level\":2,\"title\":\"ngừng?\"},"
    "{\"name\":\"alone\",\"profile\":\"new\",\"level\":2,\"needs\":\"down\",\"title\":\"?\"}],"
    "\"clocks\":[{\"name\":\"notice-24h\",\"profile\":\"new\",\"level\":2,\"starts\":"
    "\"detected\",\"after\":86400,\"recipient\":\"A05\",\"warn\":[3600,0],\"title\":"
    "\"Thông báo ban đầu\",\"english\":\"Notice\",\"law\":\"L\",\"article\":\"31\","
    "\"status\":\"to-confirm\"},{\"name\":\"report-72h\",\"profile\":\"new\",\"level\":1,"
    "\"starts\":\"detected\",\"after\":259200,\"warn\":[0],\"title\":\"Báo cáo\"},"
    "{\"name\":\"personal-72h\",\"profile\":\"any\",\"level\":1,\"starts\":\"personal\","
    "\"after\":259200,\"warn\":[0],\"title\":\"Dữ liệu cá nhân\"},{\"name\":\"old-5d\","
    "\"profile\":\"old\",\"level\":1,\"starts\":\"detected\",\"after\":432000,\"warn\":[0],"
    "\"title\":\"5 ngày\"}],"
    "\"playbooks\":[{\"name\":\"deface\",\"title\":\"Thay đổi giao diện\",\"steps\":["
    "{\"title\":\"Giữ hiện trạng\",\"evidence\":1,\"within\":1800},{\"title\":\"Cách ly\","
    "\"within\":3600}]}]}";

static inline void
begin(void)
{
	must(sqlite3_open(":memory:", &db) == SQLITE_OK);
	/* As the role has it: views and indexes may not use every function. */
	must(sqlite3_exec(db, "PRAGMA trusted_schema = OFF", NULL, NULL, NULL) == SQLITE_OK);
	if (desk_new(&desk, db, &why) != OK || desk_load(desk, "incident", span_str(pack),
	    &why) != OK) {
		(void)fprintf(stderr, "%s\n", why.text);
		must(false);
	}
	ledger_seq = 0;
	/* 2026-11-24 08:00 in UTC+7 */
	now_ns = INT64_C(1795482000) * SECOND;
	rights = DESK_READ | DESK_ACT;
}

static inline void
end(void)
{
	desk_free(&desk);
	(void)sqlite3_close(db);
}

static inline unsigned
asked_with(struct desk_ask *ask)
{
	struct desk_answer answer = { .out = &out };

	arena_reset(arena);
	if (desk_answer(desk, ask, &answer, arena, &why) != OK) {
		(void)fprintf(stderr, "%s\n", why.text);
		must(false);
	}
	if (answer.wants_act) {
		/* As the ledger gives it back. */
		struct buf record = { 0 };
		struct act act;

		act_encode(&record, &answer.act);
		must(act_decode(&act, buf_span(&record), arena, &why) == OK);
		check_int(desk_act(desk, &act, ++ledger_seq, &why), OK);
		check_int(desk_then(desk, ask, &answer, &why), OK);
		buf_done(&record);
	}
	return answer.status;
}

/* "POST path", "name=value", ..., NULL */
static inline unsigned
api(bool act, const char *path, ...)
{
	struct desk_ask ask = { .act = act, .path = span_str(path), .who = SPAN("an"),
	    .from = SPAN("unix"), .rights = rights, .lang = SPAN("en"), .now_ns = now_ns };
	const char *pair;
	va_list args;

	va_start(args, path);
	while ((pair = va_arg(args, const char *)) != NULL) {
		const char *equals = strchr(pair, '=');

		ask.param[ask.nparam++] = (struct desk_param){ span_of(pair, (size_t)(equals -
		    pair)), span_str(equals + 1) };
	}
	va_end(args);
	return asked_with(&ask);
}

#define GET(...)	api(false, __VA_ARGS__, NULL)
#define DO(...)		api(true, __VA_ARGS__, NULL)

static inline bool
said(const char *text)
{
	bool holds = span_holds(buf_span(&out), text);

	if (!holds)
		printf("%s: not in: %.*s\n", text, (int)out.n, (const char *)out.p);
	return holds;
}

static inline bool
silent(const char *text)
{
	return !span_holds(buf_span(&out), text);
}

static inline bool
opened(void)
{
	return check_int(DO("/api/incidents", "title=Trang chủ bị thay", "how=phone",
	    "teller=Bà Hoa", "what=Thấy chữ lạ", "t0=2026-11-24T07:30:45+07:00"), 200);
}

#define ONE_PATH "/incidents/SC-2026-0001"
#define ONE	"/api" ONE_PATH

#endif
