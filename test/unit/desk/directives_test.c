/* SPDX-License-Identifier: Apache-2.0 */
/* desk/directives.c, desk/checklist.c: what is asked, by when, and how it is proved. */
#include "incident_desk.h"

#define DAY	(24 * HOUR)

static const char registers[] =
    "{\"registers\":[{\"name\":\"units\",\"title\":\"Đơn vị\",\"leads\":[],\"columns\":[{\"name\":"
    "\"name\",\"type\":\"text\"}]},{\"name\":\"systems\",\"title\":\"Hệ thống\",\"leads\":[],"
    "\"columns\":[{\"name\":\"name\",\"type\":\"text\"}]},{\"name\":\"hosts\",\"title\":\"Máy\","
    "\"leads\":[],\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"system\",\"type\":"
    "\"ref\",\"ref\":\"systems\"}]}]}";
static const char templates[] =
    "{\"templates\":[{\"name\":\"d1\",\"title\":\"Văn bản 1\",\"version\":\"1\",\"orders\":["
    "{\"name\":\"o1\",\"title\":\"Rà soát\",\"english\":\"Review\",\"law\":\"VB 1\",\"article\":"
    "\"mục 1\",\"proof\":\"register\",\"of\":\"systems\",\"lead\":\"Đơn vị chuyên trách\",\"days\":"
    "10,\"leads\":[86400,0]},{\"name\":\"o2\",\"title\":\"Cử người trực\",\"law\":\"VB 1\","
    "\"article\":\"mục 2\",\"proof\":\"statement\",\"lead\":\"Thủ trưởng\",\"leads\":[0]}]}]}";

static void
office(void)
{
	begin();
	rights = DESK_ALL;
	must(desk_load(desk, "registers", span_str(registers), &why) == OK);
	must(desk_load(desk, "directives", span_str(templates), &why) == OK);
	check_int(DO("/api/registers/units/p1", "f.name=Phòng 1"), 200);
	check_int(DO("/api/registers/units/p2", "f.name=Phòng 2"), 200);
	check_int(DO("/api/registers/systems/cong", "f.name=Cổng"), 200);
}

static bool
commissioned(void)
{
	return check_int(DO("/api/directives", "number=1/VB", "issuer=Bộ", "title=Tăng cường",
	    "template=d1", "units=p1,p2", "due=2026-12-24T00:00:00+07:00",
	    "issued=2026-11-20"), 200);
}

/* Writes what is due; how many acts that was. */
static unsigned
due(void)
{
	unsigned n = 0;
	struct act act;

	for (; n < 100; n++) {
		arena_reset(arena);
		if (desk_due(desk, now_ns, &act, arena, &why) != OK)
			break;
		check_int(desk_act(desk, &act, ++ledger_seq, &why), OK);
	}
	return n;
}

static void
a_template_becomes_tasks_that_somebody_leads(void)
{
	office();
	check_int(GET("/api/templates"), 200);
	check(said("\"name\":\"d1\"") && said("\"item\":\"o1\""));
	check_int(DO("/api/directives", "number=1", "title=x", "template=no"), 404);
	check_int(DO("/api/directives", "number=1", "title=x", "units=p1,p9"), 404);
	check(said("no-unit"));
	check(commissioned());
	check(said("\"id\":\"CD-2026-0001\"") && said("\"tasks_total\":2"));
	check(said("\"task\":1,\"directive\":\"CD-2026-0001\",\"item\":\"o1\"") &&
	    said("\"lead\":\"Thủ trưởng\"") && said("\"article\":\"VB 1, mục 2\""));
	/* Ten days from now, and the day of the whole. */
	check(said("\"due\":\"2026-12-04T01:00:00Z\"") && said("\"due\":\"2026-12-23T17:00:00Z\""));
	check(said("\"figure\":\"mục trong sổ systems: 1, hết hạn: 0\""));
	check_int(DO("/api/directives/CD-2026-0001/tasks", "title=Thêm"), 400);
	check(said("no-lead"));
	check_int(DO("/api/directives/CD-2026-0001/tasks", "title=Thêm", "lead=An", "proof=magic"),
	    400);
	check_int(DO("/api/directives/CD-2026-0001/tasks", "title=Thêm", "lead=An"), 200);
	check(said("\"task\":3") && said("\"tasks_total\":3"));
	check_int(GET("/api/orders", "lead=An"), 200);
	check(said("\"total\":1") && said("Thêm"));
	end();
}

static void
what_is_done_was_proved(void)
{
	office();
	check(commissioned());
	check_int(DO("/api/orders/2/done", "what=xong"), 409);
	check(said("no-proof"));
	check_int(DO("/api/orders/2/prove", "person=Lan", "what=đã cử", "unit=p1", "name=cu.pdf",
	    "sha256=" SUM), 403);
	check_int(DO("/api/orders/2/prove", "person=Lan", "what=đã cử", "unit=p1", "name=cu.pdf"),
	    400);
	check(said("file-half"));
	check_int(DO("/api/orders/2/prove", "person=Lan", "what=đã cử", "unit=p1", "name=cu.pdf",
	    "sha256=" SUM, "mark=none"), 200);
	check(said("{\"unit\":\"p1\",\"label\":\"Phòng 1\",\"proved\":\"2026-11-24T01:00:00Z\"}") &&
	    said("{\"unit\":\"p2\",\"label\":\"Phòng 2\",\"proved\":null}"));
	check_int(DO("/api/orders/2/done", "what=đủ"), 200);
	check_int(DO("/api/orders/2/done", "what=đủ"), 409);
	check_int(DO("/api/directives/CD-2026-0001/close", "what=xong"), 409);
	/* What the desk knows is sealed as it is then. */
	check_int(DO("/api/orders/1/done", "what=đã rà soát"), 200);
	check_int(DO("/api/registers/systems/mail", "f.name=Thư"), 200);
	check_int(GET("/api/directives/CD-2026-0001"), 200);
	check(said("\"figure\":\"mục trong sổ systems: 1, hết hạn: 0\"") &&
	    said("\"tasks_done\":2"));
	rights = DESK_READ | DESK_ACT;
	check_int(DO("/api/directives/CD-2026-0001/close", "what=xong"), 403);
	rights = DESK_ALL;
	check_int(DO("/api/directives/CD-2026-0001/close", "what=đã báo cáo 12/BC"), 200);
	check(said("\"state\":\"closed\""));
	check_int(DO("/api/directives/CD-2026-0001/tasks", "title=x", "lead=y"), 409);
	check_int(GET("/api/directives"), 200);
	check(said("\"total\":0"));
	check_int(GET("/api/pages/directives", "state=all"), 200);
	check(said("CD-2026-0001  1/VB  Tăng cường\\n    2/2 tasks done, CLOSED"));
	check_int(GET("/api/pages/directives/CD-2026-0001"), 200);
	check(said("Units without a proof: Phòng 2\\n") && said("#2  o2. Cử người trực") &&
	    said("(Lan: đã cử [cu.pdf])"));
	check_int(GET("/api/pages/orders"), 200);
	check(said("no task is open"));
	check_int(GET("/api/pages/templates"), 200);
	check(said("d1  Văn bản 1\\n  o1. Review"));
	end();
}

static void
reminders_come_ahead_and_once(void)
{
	office();
	check(commissioned());
	check_int(due(), 0);
	now_ns += 9 * DAY + HOUR;
	check_int(due(), 1);
	check_int(due(), 0);
	check_int(DO("/api/orders/1/assign", "lead=Bình", "due=2026-12-20T00:00:00+07:00"), 200);
	check(said("\"lead\":\"Bình\""));
	now_ns += 2 * DAY;
	check_int(due(), 0);
	now_ns += 30 * DAY;
	check_int(due(), 2);
	check_int(GET("/api/papers/values/time", "start=2026-12-01T00:00:00+07:00",
	    "end=2026-12-31T00:00:00+07:00"), 200);
	check(said("o1. Rà soát, Bình (CD-2026-0001 #1)") && said("nhiệm vụ được giao"));
	check_int(DO("/api/orders/1/drop", "what=không thuộc phạm vi"), 200);
	check_int(due(), 0);
	end();
}

static void
any_text_is_a_checklist(void)
{
	office();
	check_int(DO("/api/checklists", "title=Rà soát cổng", "system=cong", "person=An",
	    "due=2026-11-30T00:00:00+07:00",
	    "items=# Máy chủ\nBản vá tháng này\n\n  Tường lửa bật  \n# Ứng dụng\nKhông lộ"
	    " lỗi"), 200);
	check(said("\"id\":\"KT-2026-0001\"") && said("\"not_run\":3"));
	check(said("\"item\":2,\"heading\":\"Máy chủ\",\"text\":\"Tường lửa bật\"") &&
	    said("\"item\":3,\"heading\":\"Ứng dụng\",\"text\":\"Không lộ lỗi\""));
	check_int(DO("/api/checklists", "title=x", "items=# chỉ có đề mục\n\n"), 400);
	check(said("no-lines"));
	check_int(DO("/api/checklists", "title=x", "items=a", "system=no"), 404);
	check_int(DO("/api/checklists/KT-2026-0001/1", "result=pass"), 400);
	check(said("evidence-wanted"));
	check_int(DO("/api/checklists/KT-2026-0001/1", "result=good", "what=x"), 400);
	check_int(DO("/api/checklists/KT-2026-0001/1", "result=pass", "what=apt, 24/11"), 200);
	check_int(DO("/api/checklists/KT-2026-0001/2", "result=fail"), 400);
	check_int(DO("/api/checklists/KT-2026-0001/2", "result=fail", "what=tắt để thử"), 200);
	check(said("\"passed\":1,\"failed\":1,\"not_applicable\":0,\"not_run\":1"));
	check_int(DO("/api/checklists/KT-2026-0001/9", "result=na", "what=x"), 404);
	check_int(DO("/api/checklists/KT-2026-0001/3/assign"), 400);
	/* What is not passed on its day is an open matter. */
	now_ns += 10 * DAY;
	check_int(due(), 2);
	check_int(DO("/api/checklists/KT-2026-0001/2", "result=pass", "what=đã bật"), 200);
	check_int(DO("/api/registers/hosts/h1", "f.name=web01", "f.system=cong"), 200);
	check_int(GET("/api/systems/cong/file"), 200);
	check(said("\"label\":\"Cổng\"") && said("\"evidence\":\"đã bật\"") && said("web01"));
	check_int(GET("/api/systems/no/file"), 404);
	check_int(GET("/api/pages/systems/cong/file"), 200);
	check(said("Cổng\\n  name: Cổng\\n\\nINCIDENTS\\n  none"));
	check(said("KT-2026-0001  Rà soát cổng\\n  1. [passed] Bản vá tháng này\\n      apt,"
	" 24/11"));
	check_int(GET("/api/pages/systems/no/file"), 404);
	check_int(GET("/api/pages/checklists"), 200);
	check(said("KT-2026-0001  Rà soát cổng\\n    2 passed, 0 failed, 0 n.a., 1 not run"));
	check_int(GET("/api/pages/checklists/KT-2026-0001"), 200);
	check(said("\\nMáy chủ\\n  1. [passed] Bản vá tháng này\\n      apt, 24/11, an 08:00"));
	check(said("\\nỨng dụng\\n  3. [not run] Không lộ lỗi\\n      An, LATE BY"));
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(a_template_becomes_tasks_that_somebody_leads);
	run(what_is_done_was_proved);
	run(reminders_come_ahead_and_once);
	run(any_text_is_a_checklist);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
