/* SPDX-License-Identifier: Apache-2.0 */
/* desk/papers.c, desk/papervalues.c: what a paper is filled from, and who signed it off. */
#include "incident_desk.h"

#define VALUES	"/api/papers/values/"
#define OTHER	"aaaac44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
heads(void)
{
	begin();
	rights = DESK_ALL;
	check(opened());
	check_int(DO("/api/contacts/an", "name=Nguyễn Văn An", "phone=0900"), 200);
}

static bool
signed_off(void)
{
	return check_int(DO("/api/papers", "form=incident-24h", "title=Thông báo ban đầu",
	    "name=tb.docx", "sha256=" SUM, "mark=none", "incident=SC-2026-0001"), 200);
}

static void
an_incident_gives_its_values(void)
{
	heads();
	check_int(DO(ONE "/severity", "answer.down=yes", "answer.alone=unsure"), 200);
	check_int(DO(ONE "/playbook", "playbook=deface"), 200);
	check_int(DO("/api/tasks/1/done", "what=đã chụp"), 200);
	check_int(DO(ONE "/touch", "kind=host", "name=web01", "what=cổng"), 200);
	check_int(DO(ONE "/instruction", "what=Xử lý ngay", "by=Giám đốc"), 200);
	check_int(DO(ONE "/evidence", "name=web01.dd", "sha256=" SUM, "giver=A", "taker=B",
	    "place=két"), 200);
	check_int(DO(ONE "/clocks/notice-24h/sent", "channel=văn bản", "to=A05", "receipt=7/TN"),
	    200);
	check_int(GET(VALUES "incident/SC-2026-0001"), 200);
	check(said("\"code\":\"SC-2026-0001\"") && said("\"found\":\"07:30 24/11/2026\""));
	check(said("\"severity\":\"lớn; vì: ngừng? có; ? chưa rõ\""));
	check(said("\"answer_down\":\"có\"") && said("\"answer_alone\":\"chưa rõ\""));
	check(said("\"due_notice_24h\":\"07:30 25/11/2026\"") && said("\"receipt_notice_24h\":"
	    "\"7/TN\"") && said("\"sent_notice_24h\":\"08:00 24/11/2026\""));
	check(said("\"scope\":\"máy web01 (cổng)\"") && said("\"group\":\"Thay đổi giao diện\""));
	check(said("\"measures\":\"Giữ hiện trạng: đã chụp\"") && said("\"doing\":\"Cách ly, hạn"));
	check(said("\"evidence_kept\":\"web01.dd (SHA-256 " SUM ")\""));
	check(said("\"holder\":\"B\",\"kept\":\"két\"") && said("Giám đốc: Xử lý ngay"));
	check(said("\"day\":\"24\",\"month\":\"11\",\"year\":\"2026\"") && silent("\"personal\":"));
	check_int(GET(VALUES "incident/SC-2026-0009"), 404);
	end();
}

static void
evidence_and_time_give_theirs(void)
{
	heads();
	check_int(DO(ONE "/evidence", "name=web01.dd", "sha256=" SUM, "giver=A", "taker=B",
	    "place=két"), 200);
	check_int(DO(ONE "/evidence/1/moved", "giver=B", "taker=C", "place=công an"), 200);
	check_int(GET(VALUES "evidence/1"), 200);
	check(said("\"giver\":\"B\",\"taker\":\"C\",\"kept\":\"công an\"") && said("\"giver\":"
	    "\"A\"") && said("\"sum\":\"" SUM "\""));
	check_int(GET(VALUES "evidence/2"), 404);
	check_int(GET(VALUES "time", "start=2026-11-23T00:00:00+07:00",
	    "end=2026-11-30T00:00:00+07:00"), 200);
	check(said("\"kind\":\"tuần\"") && said("\"incidents\":\"1\"") && said("\"alerts\":\"0\""));
	check(said("\"from_time\":\"00:00 23/11/2026\"") && said("\"code\":\"SC-2026-0001\""));
	check(said("\"item\":\"1\",\"what\":\"Thông báo ban đầu: A05 (SC-2026-0001 notice-24h)\""));
	check_int(GET(VALUES "time", "start=2026-11-23T00:00:00+07:00"), 400);
	end();
}

static void
a_hand_over_gives_its_sheet(void)
{
	static const char policy[] = "{\"roles\":[{\"name\":\"technical\","
	    "\"title\":\"Trực kỹ thuật\","
	    "\"english\":\"t\",\"tier\":1}],\"steps\":[],\"rules\":{},\"holidays\":[]}";

	heads();
	must(desk_load(desk, "duty", span_str(policy), &why) == OK);
	check_int(DO("/api/contacts/binh", "name=Trần Bình"), 200);
	check_int(DO("/api/handovers", "tier=technical"), 200);
	check_int(GET(VALUES "handover/1"), 200);
	check(said("\"giver\":\"Nguyễn Văn An\"") && said("\"shift\":\"Trực kỹ thuật\"") &&
	    said("Trang chủ bị thay (SC-2026-0001)") && said("\"checkpoint\":\"unknown\""));
	check(said("\"intake\":\"không có nguồn nào ngừng gửi\"") && silent("\"taker\""));
	end();
}

static void
registers_say_who_writes_and_which_system(void)
{
	static const char registers[] = "{\"registers\":[{\"name\":\"units\",\"leads\":[],"
	    "\"columns\":[{\"name\":\"name\",\"type\":\"text\"},{\"name\":\"own\",\"type\":"
	    "\"text\"},{\"name\":\"name_upper\",\"type\":\"text\"},{\"name\":\"owner\",\"type\":"
	    "\"text\"}]},{\"name\":\"systems\",\"leads\":[],\"columns\":[{\"name\":\"name\","
	    "\"type\":\"text\"},{\"name\":\"unit\",\"type\":\"ref\",\"ref\":\"units\"},{\"name\":"
	    "\"level\",\"type\":\"text\"},{\"name\":\"decision\",\"type\":\"text\"},{\"name\":"
	    "\"state\",\"type\":\"text\"}]}]}";

	heads();
	must(desk_load(desk, "registers", span_str(registers), &why) == OK);
	check_int(DO("/api/registers/units/tt", "f.name=Trung tâm", "f.own=yes",
	    "f.name_upper=TRUNG TÂM", "f.owner=Bộ"), 200);
	check_int(DO("/api/registers/systems/cong", "f.name=Cổng", "f.level=3", "f.unit=tt",
	    "f.decision=12/QĐ", "f.state=approved"), 200);
	check_int(DO("/api/incidents", "title=x", "how=phone", "teller=y", "what=z", "system=cong",
	    "t0=2026-11-24T07:30:45+07:00"), 200);
	check_int(GET(VALUES "incident/SC-2026-0002"), 200);
	check(said("\"office\":\"TRUNG TÂM\"") && said("\"decision\":\"12/QĐ\"") &&
	    said("\"level\":\"3\"") && said("\"owner\":\"Bộ\"") &&
	    said("\"system\":\"Cổng\""));
	check_int(GET(VALUES "office"), 200);
	check(said("\"systems_total\":\"1\"") && said("\"systems_approved\":\"1\"") &&
	    said("\"unit_name\":\"Trung tâm\"") && said("\"state_word\":\"đã phê duyệt\"") &&
	    said("\"name\":\"Nguyễn Văn An\""));
	end();
}

static void
a_head_signs_a_paper_off_once(void)
{
	heads();
	rights = DESK_READ | DESK_ACT;
	check_int(DO("/api/papers", "form=f", "title=t", "name=n", "sha256=" SUM,
	    "mark=none"), 403);
	rights = DESK_ALL;
	check_int(DO("/api/papers", "form=f", "title=t", "name=n", "sha256=12", "mark=none"), 400);
	check_int(DO("/api/papers", "form=f", "title=t", "name=n", "sha256=" SUM, "mark=mat"), 403);
	check(said("paper-secret") && said("state secret"));
	check_int(DO("/api/papers", "form=f", "title=t", "name=n", "sha256=" SUM, "mark=none",
	    "incident=SC-2026-0007"), 404);
	check(signed_off());
	check(said("\"id\":\"VB-2026-0001\"") && said("\"signer_name\":\"Nguyễn Văn An\"") &&
	    said("\"state\":\"signed\"") && said("\"sha256\":\"" SUM "\""));
	check_int(DO("/api/papers", "form=f", "title=t", "name=n", "sha256=" SUM,
	    "mark=none"), 409);
	check(said("paper-signed"));
	check_int(GET(ONE), 200);
	check(said("VB-2026-0001 Thông báo ban đầu: an, SHA-256 " SUM));
	check_int(GET("/api/pages" ONE_PATH), 200);
	check(said("paper signed off"));
	end();
}

static void
copies_come_back_and_secrets_do_not(void)
{
	heads();
	check(signed_off());
	check_int(DO("/api/papers/VB-2026-0001/attach", "kind=signed", "name=tb.pdf",
	    "sha256=" OTHER, "mark=toi-mat"), 403);
	check(said("paper-secret"));
	check_int(DO("/api/papers/VB-2026-0001/attach", "kind=signed", "name=tb.pdf",
	    "sha256=" OTHER), 400);
	check_int(DO("/api/papers/VB-2026-0001/attach", "kind=receipt", "name=pt.pdf",
	    "sha256=" OTHER, "mark=none"), 400);
	check(said("receipt-number"));
	check_int(DO("/api/papers/VB-2026-0001/attach", "kind=signed", "name=tb.pdf",
	    "sha256=" OTHER, "mark=none", "number=12/TB-CNTT"), 200);
	check(said("\"kind\":\"signed\"") && said("\"number\":\"12/TB-CNTT\""));
	check_int(DO("/api/papers/VB-2026-0001/attach", "kind=signed", "name=tb.pdf",
	    "sha256=" OTHER, "mark=none"), 409);
	check_int(DO("/api/papers/VB-2026-0002/attach", "kind=signed", "name=tb.pdf",
	    "sha256=" OTHER, "mark=none"), 404);
	check_int(GET("/api/papers", "sha256=" OTHER), 200);
	check(said("\"total\":1") && said("VB-2026-0001"));
	check_int(DO("/api/papers/VB-2026-0001/withdraw", "what=sai số"), 200);
	check(said("\"state\":\"withdrawn\""));
	check_int(DO("/api/papers/VB-2026-0001/withdraw", "what=sai số"), 409);
	/* The same file may be signed off again then. */
	check(signed_off() && said("VB-2026-0002"));
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(an_incident_gives_its_values);
	run(evidence_and_time_give_theirs);
	run(a_hand_over_gives_its_sheet);
	run(registers_say_who_writes_and_which_system);
	run(a_head_signs_a_paper_off_once);
	run(copies_come_back_and_secrets_do_not);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
