/* SPDX-License-Identifier: Apache-2.0 */
/* desk/incident.c, deadline.c: incidents from the alert to the end, and their clocks. */
#include "incident_desk.h"

static void
told_by_phone_it_is_open_with_the_clocks_of_the_worst(void)
{
	begin();
	check(opened());
	check(said("\"id\":\"SC-2026-0001\"") && said("\"t0\":\"2026-11-24T00:30:00Z\""));
	check(said("\"clock\":\"notice-24h\"") && said("\"due\":\"2026-11-25T00:30:00Z\""));
	check(said("\"article\":\"31\"") && said("\"severity\":null") && silent("personal-72h"));
	check(opened());
	check(said("SC-2026-0002"));
	check_int(GET("/api/incidents"), 200);
	check(said("\"total\":2") && said("\"left\":84600"));
	check_int(GET("/api/incidents/SC-2026-0003"), 404);
	end();
}

static struct finding
found(unsigned n)
{
	struct finding f = { .act = FINDING_OPENED, .level = FINDING_HIGH, .version = 1,
	    .sequence = n, .rule = SPAN("coverage.silent"), .time_ns = now_ns,
	    .opened_ns = now_ns, .opened_seq = n, .message = SPAN("máy web01 không gửi gì") };

	f.group = (struct finding_group){ .peer = SPAN("192.0.2.10"), .host = SPAN("web01") };
	finding_id(&f);
	return f;
}

/* Folds finding n; its id as a field `alert`. */
static const char *
alert(unsigned n)
{
	static char text[2 * FINDING_ID_BYTES + 7] = "alert=";
	struct finding f = found(n);

	check_int(desk_finding(desk, &f, desk_place(desk, STREAM_FINDINGS) + 1, &why), OK);
	for (unsigned i = 0; i < FINDING_ID_BYTES; i++)
		(void)snprintf(text + 6 + 2 * i, 3, "%02x", f.id[i]);
	return text;
}

static unsigned
alert_do(const char *what, const char *given)
{
	char path[128];

	(void)snprintf(path, sizeof path, ONE "/alerts/%s/%s", given + 6, what);
	return DO(path, "what=nhầm");
}

static void
an_alert_becomes_an_incident_and_belongs_to_one(void)
{
	const char *id;
	char path[128];

	begin();
	id = alert(1);
	check_int(DO("/api/incidents", id, "title=Máy chủ im lặng", "what=Không gửi nhật ký",
	    "t0=2026-11-24T07:30:00+07:00"), 200);
	check(said("\"how\":\"alert\"") && said("\"linked\":[{\"id\":") && said("\"alerts\":1"));
	(void)snprintf(path, sizeof path, "/api/alerts/%s", id + 6);
	check_int(GET(path), 200);
	check(said("\"incident\":\"SC-2026-0001\"") && said("\"state\":\"taken\""));
	check_int(DO("/api/incidents", id, "title=x", "what=y", "t0=2026-11-24T07:30:00+07:00"),
	    409);
	check(said("alert-elsewhere"));
	check_int(alert_do("remove", id), 200);
	check(said("\"alerts\":0"));
	check_int(alert_do("remove", id), 404);
	check_int(alert_do("add", id), 200);
	check(said("\"alerts\":1") && said("máy web01 không gửi gì"));
	end();
}

static void
what_nobody_could_have_meant_is_refused(void)
{
	static const struct {
		const char *pair, *code;
	} bad[] = { { "t0=2026-11-24T08:00:01+07:00", "time-ahead" },
	    { "t0=2026-11-24T07:30", "bad-value" }, { "how=dream", "bad-how" },
	    { "level=6", "bad-level" }, { "profile=2099", "no-profile" },
	    { "alert=00", "no-alert" }, { "clocks=[]", "no-param" },
	    { "incident=SC-2026-0009", "no-param" }, { "personal=2027-01-01T00:00:00Z",
	    "time-ahead" } };

	begin();
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		bool t0 = bad[i].pair[0] == 't', how = bad[i].pair[0] == 'h';

		check(DO("/api/incidents", "title=x", "what=y", "teller=z", bad[i].pair,
		    t0 ? "how=phone" : "t0=2026-11-24T07:30:00+07:00", how || t0 ?
		    "unit=u" : "how=phone") >= 400);
		check(said(bad[i].code));
	}
	check_int(DO("/api/incidents", "title=x", "what=y", "t0=2026-11-24T07:30:00+07:00"), 400);
	check(said("how-missing"));
	check_int(GET("/api/incidents"), 200);
	check(said("\"total\":0"));
	rights = DESK_READ;
	check_int(DO("/api/incidents", "title=x"), 403);
	end();
}

static void
doubt_goes_up_and_down_needs_a_reason(void)
{
	begin();
	check(opened());
	/* Not answered is not known. */
	check_int(DO(ONE "/severity", "answer.down=unsure"), 200);
	check(said("\"severity\":2") && said("\"severity_title\":\"lớn\""));
	check(said("\"reasons\":[{\"question\":\"down\"") && said("\"said\":\"unsure\""));
	check(said("\"answers\":{\"down\":\"unsure\"}") && said("\"pack\":\"test\""));
	check(said("\"pack_version\":\"1\""));
	check_int(DO(ONE "/severity", "answer.down=no"), 400);
	check(said("why-lower"));
	/* `alone` counts only where `down` does. */
	check_int(DO(ONE "/severity", "answer.down=no", "answer.alone=yes", "what=đã rõ"), 200);
	check(said("\"severity\":1") && said("\"severity_title\":\"nhỏ\""));
	check(said("\"clock\":\"report-72h\"") && said("\"next\":{\"clock\":\"report-72h\""));
	check_int(DO(ONE "/severity", "answer.down=no", "raise=2"), 400);
	check(said("why-higher"));
	check_int(DO(ONE "/severity", "answer.down=no", "raise=2", "what=thủ trưởng yêu cầu"), 200);
	check(said("\"severity\":2") && said("\"next\":{\"clock\":\"notice-24h\""));
	check_int(DO(ONE "/severity", "answer.down=maybe"), 400);
	check(said("bad-answer"));
	check_int(DO(ONE "/severity", "answer.up=yes"), 400);
	check(said("no-question"));
	check_int(DO(ONE "/severity", "answer.Up'=yes"), 400);
	check(said("no-param"));
	check_int(DO(ONE "/severity", "raise=7", "what=x"), 400);
	end();
}

static void
a_later_pack_changes_no_deadline_that_was_set(void)
{
	begin();
	check(opened());
	check_int(desk_load(desk, "incident", SPAN("{\"name\":\"later\",\"version\":\"2\","
	    "\"profile\":\"new\",\"severities\":[],\"questions\":[],\"clocks\":[],"
	    "\"playbooks\":[]}"), &why), OK);
	check_int(GET(ONE), 200);
	check(said("\"clock\":\"notice-24h\"") && said("\"due\":\"2026-11-25T00:30:00Z\""));
	check_int(GET("/api/packs/incident"), 200);
	check(said("\"name\":\"later\"") && said("\"clocks\":[]"));
	/* Nothing could be judged by it, and nothing would be left of the clocks. */
	check_int(DO(ONE "/severity", "raise=1", "what=x"), 400);
	check_int(DO(ONE "/time", "t0=2026-11-24T07:00:00+07:00", "what=x"), 400);
	check(said("no-profile"));
	check_int(desk_load(desk, "nobody", SPAN("{}"), &why), ERR_ABSENT);
	end();
}

static void
a_new_time_of_detection_moves_what_was_not_sent(void)
{
	begin();
	check(opened());
	check_int(DO(ONE "/clocks/notice-24h/sent", "channel=mail", "to=A05",
	    "at=2026-11-24T07:29:00+07:00"), 400);
	check(said("time-before"));
	check_int(DO(ONE "/clocks/notice-24h/sent", "channel=mail", "to=A05", "receipt=12/TN"),
	    200);
	check(said("\"receipt\":\"12/TN\"") && said("\"late\":0"));
	check_int(DO(ONE "/clocks/notice-24h/sent", "channel=mail", "to=A05"), 409);
	check_int(DO(ONE "/time", "t0=2026-11-24T06:00:00+07:00", "what=nhật ký cho thấy sớm hơn",
	    "personal=2026-11-24T07:00:00+07:00"), 200);
	check(said("\"t0\":\"2026-11-23T23:00:00Z\"") && said("\"due\":\"2026-11-25T00:30:00Z\""));
	check(said("\"due\":\"2026-11-26T23:00:00Z\"") && said("\"clock\":\"personal-72h\""));
	check(said("\"due\":\"2026-11-27T00:00:00Z\""));
	check_int(DO(ONE "/time", "what=x"), 400);
	check_int(DO(ONE "/clocks/report-72h/receipt", "receipt=1"), 409);
	check_int(DO(ONE "/clocks/notice-24h/receipt", "receipt=34/TN"), 200);
	check(said("\"receipt\":\"34/TN\""));
	check_int(DO(ONE "/clocks/old-5d/sent", "channel=mail", "to=A05"), 404);
	end();
}

/* What is due at a time, as "clock before", or "". */
static const char *
due(int64_t at_ns)
{
	static char text[128];
	struct act act;

	text[0] = '\0';
	arena_reset(arena);
	if (desk_due(desk, at_ns, &act, arena, &why) == ERR_MORE)
		return text;
	(void)snprintf(text, sizeof text, "%.*s %.*s", (int)act_value(&act, "clock").n,
	    (const char *)act_value(&act, "clock").p, (int)act_value(&act, "before").n,
	    (const char *)act_value(&act, "before").p);
	check_span(act.act, SPAN("clock-warn"));
	check_int(desk_act(desk, &act, ++ledger_seq, &why), OK);
	return text;
}

static void
each_warning_comes_once_and_none_after_what_was_sent(void)
{
	int64_t t0_ns = INT64_C(1795480200) * SECOND;

	begin();
	check(opened());
	check_span(span_str(due(t0_ns + 23 * HOUR - 1)), SPAN(""));
	check_span(span_str(due(t0_ns + 23 * HOUR)), SPAN("notice-24h 3600"));
	check_span(span_str(due(t0_ns + 23 * HOUR)), SPAN(""));
	check_span(span_str(due(t0_ns + 24 * HOUR)), SPAN("notice-24h 0"));
	check_span(span_str(due(t0_ns + 24 * HOUR)), SPAN(""));
	now_ns = t0_ns + 71 * HOUR;
	check_int(DO(ONE "/clocks/report-72h/sent", "channel=mail", "to=A05"), 200);
	check_span(span_str(due(t0_ns + 99 * HOUR)), SPAN(""));
	check_int(GET(ONE), 200);
	check(said("\"act\":\"clock-warn\""));
	/* Away over both: one is enough. */
	check_int(DO("/api/incidents", "title=x", "how=phone", "teller=y", "what=z",
	    "t0=2026-11-24T07:30:00+07:00"), 200);
	check_span(span_str(due(t0_ns + 25 * HOUR)), SPAN("notice-24h 0"));
	check_span(span_str(due(t0_ns + 25 * HOUR)), SPAN(""));
	end();
}

static void
only_the_head_waives_a_clock_or_instructs(void)
{
	begin();
	check(opened());
	check_int(DO(ONE "/clocks/notice-24h/waive", "what=x"), 403);
	check_int(DO(ONE "/instruction", "what=x"), 403);
	rights = DESK_HEAD;
	check_int(DO(ONE "/clocks/notice-24h/waive", "what=không thuộc diện"), 200);
	check(said("\"waiver\":\"an\"") && said("\"next\":{\"clock\":\"report-72h\""));
	check_int(DO(ONE "/instruction", "by=Giám đốc", "what=Tách mạng ngay"), 200);
	check(said("Giám đốc: Tách mạng ngay"));
	rights = DESK_READ | DESK_ACT;
	/* What was waived stays so. */
	check_int(DO(ONE "/severity", "answer.down=yes"), 200);
	check(said("\"next\":{\"clock\":\"report-72h\""));
	end();
}

static unsigned
close_it(void)
{
	return DO(ONE "/close", "sure=likely", "cause=lỗ hổng plugin", "remedy=vá", "lessons=cập "
	    "nhật sớm");
}

static void
closed_when_all_is_done_and_then_notes_only(void)
{
	begin();
	check(opened());
	check_int(close_it(), 409);
	check(said("not-classified"));
	check_int(DO(ONE "/severity", "answer.down=no"), 200);
	check_int(close_it(), 409);
	check(said("clocks-run"));
	check_int(DO(ONE "/clocks/report-72h/sent", "channel=văn bản", "to=A05"), 200);
	check_int(DO(ONE "/tasks", "title=x"), 200);
	check_int(close_it(), 409);
	check(said("tasks-open"));
	check_int(DO("/api/tasks/1/done", "what=xong"), 200);
	check_int(close_it(), 200);
	check(said("\"state\":\"closed\"") && said("\"sure\":\"likely\""));
	check_int(DO(ONE "/decision", "what=x"), 409);
	check(said("incident-closed"));
	check_int(DO(ONE "/tasks", "title=x"), 409);
	check_int(DO(ONE "/note", "what=tin thêm"), 200);
	check(said("tin thêm"));
	check_int(GET("/api/incidents"), 200);
	check(said("\"total\":0"));
	check_int(DO(ONE "/reopen", "what=lại bị"), 200);
	check(said("\"state\":\"open\""));
	check_int(DO(ONE "/reopen", "what=x"), 409);
	check_int(DO(ONE "/touch", "kind=host", "name=web01"), 200);
	check(said("\"touched\":[{\"kind\":\"host\""));
	end();
}

static void
merged_the_first_detection_counts_and_all_moves(void)
{
	const char *id;

	begin();
	check(opened());
	check_int(DO("/api/incidents", "title=Cổng chậm", "how=citizen", "teller=Ông Ba",
	    "what=chậm", "t0=2026-11-24T05:00:00+07:00"), 200);
	check_int(DO("/api/incidents/SC-2026-0002/severity", "answer.down=yes"), 200);
	id = alert(1);
	(void)id;
	check_int(DO("/api/incidents/SC-2026-0002/tasks", "title=x"), 200);
	check_int(DO(ONE "/severity", "answer.down=no"), 200);
	check_int(DO("/api/incidents/SC-2026-0002/merge", "into=SC-2026-0002", "what=x"), 400);
	check_int(DO("/api/incidents/SC-2026-0002/merge", "into=SC-2026-0009", "what=x"), 404);
	check_int(DO("/api/incidents/SC-2026-0002/merge", "into=SC-2026-0001", "what=cùng một"),
	    200);
	check(said("\"id\":\"SC-2026-0001\"") && said("\"t0\":\"2026-11-23T22:00:00Z\""));
	check(said("\"severity\":2") && said("\"tasks_open\":1") && said("\"merged\":[\"SC-2026-"
	    "0002\"]"));
	check(said("\"next\":{\"clock\":\"notice-24h\""));
	check(said("\"due\":\"2026-11-24T22:00:00Z\"") && said("chậm"));
	check_int(DO("/api/incidents/SC-2026-0002/note", "what=x"), 200);
	check_int(DO("/api/incidents/SC-2026-0002/decision", "what=x"), 409);
	check(said("incident-merged"));
	check_int(GET("/api/clocks"), 200);
	check(said("\"total\":2") && silent("SC-2026-0002"));
	end();
}

static void
numbers_begin_anew_at_midnight_of_new_year_here(void)
{
	begin();
	check(opened());
	/* 2027-01-01 00:30 in UTC+7, still 2026 in Greenwich. */
	now_ns = INT64_C(1798738200) * SECOND;
	check(opened());
	check(said("\"id\":\"SC-2027-0001\""));
	check(opened());
	check(said("\"id\":\"SC-2027-0002\""));
	end();
}

static void
the_view_made_anew_is_the_same_by_the_same_acts(void)
{
	struct act act[2] = { { .time_ns = now_ns, .act = SPAN("incident-open"), .who = SPAN("an"),
	    .from = SPAN("unix"), .what = SPAN("x"), .nfield = 4, .field = {
	    { SPAN("incident"), SPAN("SC-2026-0001") }, { SPAN("title"), SPAN("t") },
	    { SPAN("t0"), SPAN("2026-11-24T07:30:45+07:00") }, { SPAN("clocks"),
	    SPAN("[{\"clock\":\"c\",\"title\":\"C\",\"start\":\"2026-11-24T00:30:00Z\","
	    "\"due\":\"2026-11-25T00:30:00Z\",\"warn\":[0]}]") } } } };
	struct buf first = { 0 };

	begin();
	/* What its part cannot take changes nothing. */
	act[1] = act[0];
	act[1].field[3].value = SPAN("[{");
	for (unsigned round = 0; round < 2; round++) {
		check_int(desk_act(desk, &act[0], 1, &why), OK);
		check_int(GET(ONE), 200);
		if (round == 0) {
			buf_span_put(&first, buf_span(&out));
			check_int(desk_forget(desk, &why), OK);
			check_int(GET(ONE), 404);
			/* The pack is still there. */
			check_int(GET("/api/packs/incident"), 200);
		}
	}
	check(said("\"clock\":\"c\""));
	check_span(buf_span(&out), buf_span(&first));
	act[1].field[0].value = SPAN("SC-2026-0002");
	check_int(desk_act(desk, &act[1], 2, &why), OK);
	check_int(desk_place(desk, STREAM_LEDGER), 2);
	check_int(GET("/api/incidents/SC-2026-0002"), 404);
	buf_done(&first);
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(told_by_phone_it_is_open_with_the_clocks_of_the_worst);
	run(an_alert_becomes_an_incident_and_belongs_to_one);
	run(what_nobody_could_have_meant_is_refused);
	run(doubt_goes_up_and_down_needs_a_reason);
	run(a_later_pack_changes_no_deadline_that_was_set);
	run(a_new_time_of_detection_moves_what_was_not_sent);
	run(each_warning_comes_once_and_none_after_what_was_sent);
	run(only_the_head_waives_a_clock_or_instructs);
	run(closed_when_all_is_done_and_then_notes_only);
	run(merged_the_first_detection_counts_and_all_moves);
	run(numbers_begin_anew_at_midnight_of_new_year_here);
	run(the_view_made_anew_is_the_same_by_the_same_acts);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
