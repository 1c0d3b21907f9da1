/* SPDX-License-Identifier: Apache-2.0 */
/* desk/custody.c, task.c, demand.c, incident_page.c: what hangs on an incident. */
#include "incident_desk.h"

static void
evidence_goes_from_hand_to_hand(void)
{
	begin();
	check(opened());
	check_int(DO(ONE "/evidence", "name=web01.dd", "sha256=abc", "giver=A", "taker=B",
	    "place=két"), 400);
	check(said("bad-sha256"));
	check_int(DO(ONE "/evidence", "name=web01.dd", "sha256=" SUM, "giver=A", "taker=B",
	    "place=két số 2"), 200);
	check(said("\"evidence\":1") && said("\"sha256\":\"" SUM "\"") && said("két số 2"));
	check_int(DO(ONE "/evidence/1/moved", "giver=A", "taker=C", "place=công an"), 409);
	check(said("not-holder"));
	check_int(DO(ONE "/evidence/1/moved", "giver=B", "taker=C", "place=công an"), 200);
	check(said("\"custody\":[{\"giver\":\"A\"") && said("\"taker\":\"C\""));
	check_int(DO(ONE "/evidence/2/moved", "giver=B", "taker=C", "place=x"), 404);
	end();
}

static void
a_playbook_makes_tasks_that_are_done_with_a_result(void)
{
	begin();
	check(opened());
	check_int(DO(ONE "/tasks", "title=Gọi nhà cung cấp", "person=Bình",
	    "due=2026-11-24T09:00:00+07:00"), 200);
	check(said("\"task\":1") && said("\"person\":\"Bình\"") && said("\"tasks_open\":1"));
	check_int(DO(ONE "/playbook", "playbook=flood"), 404);
	check_int(DO(ONE "/playbook", "playbook=deface", "person=An"), 200);
	check(said("\"task\":2") && said("\"task\":3") && said("\"title\":\"Cách ly\""));
	check(said("\"due\":\"2026-11-24T01:30:00Z\"") && said("\"evidence\":1"));
	check_int(DO(ONE "/playbook", "playbook=deface"), 409);
	check_int(DO("/api/tasks/2/done"), 400);
	check_int(DO("/api/tasks/2/done", "what=đã chụp ổ đĩa"), 200);
	check(said("\"tasks_open\":2") && said("đã chụp ổ đĩa"));
	check_int(DO("/api/tasks/2/done", "what=lại"), 409);
	check_int(DO("/api/tasks/3/assign", "person=Chi"), 200);
	check_int(DO("/api/tasks/3/drop", "what=không cần"), 200);
	check_int(DO("/api/tasks/9/done", "what=x"), 404);
	check_int(GET("/api/tasks"), 200);
	check(said("\"total\":1") && said("\"incident\":\"SC-2026-0001\""));
	check_int(GET("/api/tasks", "person=Chi", "state=all"), 200);
	check(said("\"total\":1") && said("dropped"));
	end();
}

static void
an_exercise_says_so_and_has_minutes(void)
{
	begin();
	check(opened());
	check_int(DO(ONE "/minutes", "people=x", "what=y"), 409);
	check_int(DO("/api/incidents", "title=Diễn tập quý 4", "how=other", "teller=Kế hoạch",
	    "what=x", "t0=2026-11-24T07:30:00+07:00", "exercise=1"), 200);
	check(said("\"exercise\":1"));
	check_int(DO("/api/incidents/SC-2026-0002/tasks", "title=Gọi"), 200);
	check_int(GET("/api/pages/tasks"), 200);
	check(said("SC-2026-0002  [EXERCISE] Gọi"));
	check_int(GET("/api/pages/incidents/SC-2026-0002"), 200);
	check(said("*** EXERCISE: no real incident ***"));
	check_int(GET("/api/pages/incidents"), 200);
	check(said("SC-2026-0002  [EXERCISE] Diễn tập quý 4"));
	check_int(GET("/api/clocks"), 200);
	check(said("\"exercise\":1") && said("\"exercise\":0"));
	check_int(DO("/api/incidents/SC-2026-0002/minutes", "people=An, Bình", "what=đạt"), 200);
	check(said("An, Bình\\nđạt"));
	check_int(DO(ONE "/merge", "into=SC-2026-0002", "what=x"), 409);
	check_int(GET("/api/incidents", "exercise=0"), 200);
	check(said("\"total\":1"));
	end();
}

static void
a_request_has_a_clock_and_an_answer(void)
{
	struct act act;

	begin();
	check(opened());
	check_int(DO("/api/requests", "kind=authority", "body=A05", "letter=99/CV", "what=gửi nhật "
	    "ký", "received=2026-11-24T08:00:00+07:00", "due=2026-11-25T08:00:00+07:00",
	    "incident=SC-2026-0001"), 200);
	check(said("\"id\":\"YC-2026-0001\"") && said("\"left\":86400"));
	check_int(GET(ONE), 200);
	check(said("YC-2026-0001 A05: gửi nhật ký"));
	check_int(desk_due(desk, now_ns + 18 * HOUR - 1, &act, arena, &why), ERR_MORE);
	check_int(desk_due(desk, now_ns + 18 * HOUR, &act, arena, &why), OK);
	check_span(act.act, SPAN("request-warn"));
	check_int(desk_act(desk, &act, ++ledger_seq, &why), OK);
	check_int(desk_due(desk, now_ns + 18 * HOUR, &act, arena, &why), ERR_MORE);
	check_int(DO("/api/requests/YC-2026-0001/answer", "channel=văn bản", "what=đã gửi"), 200);
	check(said("\"answered\":\"2026-11-24T01:00:00Z\"") && said("\"late\":0"));
	check_int(DO("/api/requests/YC-2026-0001/answer", "channel=văn bản", "what=x"), 409);
	check_int(DO("/api/requests", "kind=wish", "body=x", "what=y",
	    "received=2026-11-24T08:00:00+07:00"), 400);
	check_int(DO("/api/requests", "kind=help", "body=Xã Một", "what=y",
	    "received=2026-11-24T08:00:00+07:00", "incident=SC-1"), 404);
	check_int(GET("/api/requests"), 200);
	check(said("\"total\":0"));
	check_int(GET("/api/requests", "state=all"), 200);
	check(said("\"total\":1"));
	end();
}

static void
the_page_says_what_next(void)
{
	begin();
	check(opened());
	check_int(GET("/api/pages" ONE_PATH), 200);
	check(said("NOT JUDGED YET") && said("07:30 24/11/2026 (30 min ago)"));
	check(said("left: 23 h 30 min: Notice [notice-24h]\\n      due 07:30 25/11/2026, to A05"));
	check(said("trucban incident severity SC-2026-0001"));
	check_int(DO(ONE "/playbook", "playbook=deface"), 200);
	check_int(GET("/api/pages" ONE_PATH), 200);
	check(said("EVIDENCE: task #1 Giữ hiện trạng"));
	check_int(GET("/api/pages/incidents"), 200);
	check(said("SC-2026-0001  Trang chủ bị thay") && said("\"total\":1"));
	check_int(GET("/api/pages/tasks"), 200);
	check(said("#2  SC-2026-0001  Cách ly (left: 1 h 0 min)"));
	check_int(GET("/api/pages/requests"), 200);
	check(said("no request is open"));
	check_int(GET("/api/pages/packs/incident"), 200);
	check(said("down: ngừng?") && said("1. small") && said("deface: "));
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(evidence_goes_from_hand_to_hand);
	run(a_playbook_makes_tasks_that_are_done_with_a_result);
	run(an_exercise_says_so_and_has_minutes);
	run(a_request_has_a_clock_and_an_answer);
	run(the_page_says_what_next);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
