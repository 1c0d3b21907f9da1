/* SPDX-License-Identifier: Apache-2.0 */
/* desk/desk.c, request.c, alert.c: findings and acts folded, asked and judged. */
#include "asking.h"

static struct finding
found(unsigned n, unsigned act, unsigned level)
{
	struct finding f = { .act = (uint8_t)act, .level = (uint8_t)level, .version = 1,
	    .sequence = n, .rule = SPAN("coverage.silent"), .time_ns = T0 + act * 60 * SECOND,
	    .opened_ns = T0, .opened_seq = n, .message = SPAN("máy \"web01\" không gửi gì") };

	f.group = (struct finding_group){ .peer = SPAN("192.0.2.10"), .host = SPAN("web01") };
	finding_id(&f);
	return f;
}

static void
fold_finding(unsigned n, unsigned act, unsigned level)
{
	struct finding f = found(n, act, level);

	check_int(desk_finding(desk, &f, desk_place(desk, STREAM_FINDINGS) + 1, &why), OK);
}

/* The id of finding n as a path has it. */
static const char *
id(unsigned n)
{
	static char hex[2 * FINDING_ID_BYTES + 1];
	struct finding f = found(n, FINDING_OPENED, 0);

	for (unsigned i = 0; i < FINDING_ID_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", f.id[i]);
	return hex;
}

static unsigned
did_alert(unsigned n, const char *what, const char *name, const char *value)
{
	char path[128];

	(void)snprintf(path, sizeof path, "/api/alerts/%s/%s", id(n), what);
	return did(path, name, value);
}

static void
a_finding_is_an_alert_that_waits(void)
{
	begin();
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	fold_finding(2, FINDING_OPENED, FINDING_LOW);
	check_int(got("/api/alerts"), 200);
	check(said("\"total\":2,\"alerts\":[{") && said("máy \\\"web01\\\" không gửi gì"));
	check(said("\"state\":\"new\"") && said("\"opened\":\"2026-09-21T14:13:20Z\""));
	fold_finding(1, FINDING_CLOSED, FINDING_HIGH);
	check_int(got("/api/alerts"), 200);
	check(said("\"total\":2") && said("\"closed\":\"2026-09-21T14:15:20Z\""));
	end();
}

static void
taking_names_who_and_shows_in_the_answer(void)
{
	begin();
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	check_int(did_alert(1, "take", NULL, NULL), 200);
	check(said("\"state\":\"taken\"") && said("\"taker\":\"an\""));
	check(said("\"act\":\"alert-take\""));
	check_int(did_alert(1, "assign", "to", "Bình"), 200);
	check(said("\"assignee\":\"Bình\"") && said("\"taker\":\"an\""));
	check_int(did_alert(1, "false", NULL, NULL), 400);
	check(said("\"code\":\"missing\",\"param\":\"what\""));
	check_int(did_alert(1, "false", "what", "bảo trì\nđã báo"), 200);
	check(said("\"state\":\"false\"") && said("bảo trì\\nđã báo"));
	check_int(did_alert(1, "take", NULL, NULL), 409);
	check(said("decided already"));
	check_int(got("/api/alerts"), 200);
	check(said("\"total\":0,\"alerts\":[]"));
	end();
}

static void
what_may_not_be_is_refused_with_a_sentence(void)
{
	struct desk_ask ask = ask_of(true, "/api/mutes");

	begin();
	check_int(got("/api/nothing"), 404);
	check_int(got("/api/alerts/00000000000000000000000000000000"), 404);
	check_int(did("/api/alerts/00000000000000000000000000000000/take", NULL, NULL), 404);
	check(said("\"code\":\"no-alert\""));
	check_int(did("/api/alerts/x'y/take", NULL, NULL), 400);
	check_int(did("/api/alerts//take", NULL, NULL), 404);
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	check_int(did_alert(1, "take", "color", "red"), 400);
	check(said("\"code\":\"no-param\",\"param\":\"color\""));
	check_int(did_alert(1, "take", "alert", "x"), 400);
	check(said("\"code\":\"twice\""));
	check_int(did_alert(1, "assign", "to", "a\x01"), 400);
	check_int(did_alert(1, "assign", "to", "\xff"), 400);
	ask.rights = DESK_READ;
	check_int(asked_with(&ask), 403);
	ask.rights = DESK_ACT;
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("rule"), SPAN("coverage.silent") };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("what"), SPAN("bảo trì") };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("until"), SPAN("2026-09-21") };
	check_int(asked_with(&ask), 400);
	check(said("as 2026-11-24T07:30:00+07:00"));
	ask.param[2].value = SPAN("2026-09-21T21:00:00+07:00");
	check_int(asked_with(&ask), 400);
	check(said("\"code\":\"until-past\""));
	ask.lang = SPAN("vi");
	check_int(asked_with(&ask), 400);
	check(said("thời điểm kết thúc đã qua"));
	end();
}

static void
a_mute_hides_what_is_found_while_it_holds(void)
{
	struct desk_ask ask = ask_of(true, "/api/mutes");

	begin();
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	ask.now_ns = T0 - 10 * SECOND;
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("rule"), SPAN("coverage.silent") };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("host"), SPAN("web01") };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("what"), SPAN("bảo trì") };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("until"),
	    SPAN("2026-09-21T21:13:30+07:00") };
	check_int(asked_with(&ask), 200);
	check(said("\"hides\":1") && said("\"until\":\"2026-09-21T14:13:30Z\""));
	check_int(got("/api/alerts"), 200);
	check(said("\"total\":0"));
	check_int(got("/api/alerts?state=muted"), 404);
	/* Ended before the finding came: it is seen again. */
	ask = ask_of(true, "/api/mutes/1/end");
	ask.now_ns = T0 - 5 * SECOND;
	check_int(asked_with(&ask), 200);
	check_int(got("/api/alerts"), 200);
	check(said("\"total\":1"));
	check_int(did("/api/mutes/1/end", NULL, NULL), 404);
	end();
}

static void
nobody_takes_it_so_the_next_is_told_once(void)
{
	struct act act;

	begin();
	must(sqlite3_exec(db, "INSERT INTO escalation VALUES(3, 1, 300000000000, 'leader'),"
	    "(3, 2, 900000000000, 'head'); INSERT INTO duty_role VALUES('leader', 'Lãnh đạo',"
	    " '', 0), ('head', 'Thủ trưởng', '', 0)", NULL, NULL, NULL) == SQLITE_OK);
	person_is("hoa", "leader");
	person_is("tam", "head,leader");
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	check_int(desk_due(desk, T0 + 299 * SECOND, &act, arena, &why), ERR_MORE);
	check_int(desk_due(desk, T0 + 300 * SECOND, &act, arena, &why), OK);
	check_span(act.act, SPAN("alert-escalate"));
	check_span(act_value(&act, "role"), SPAN("leader"));
	check_span(act_value(&act, "to"), SPAN("hoa,tam"));
	check_span(act.what, SPAN("Lãnh đạo: hoa, tam"));
	check_span(act_value(&act, "alert"), span_str(id(1)));
	check_int(desk_act(desk, &act, ++ledger_seq, &why), OK);
	check_int(desk_due(desk, T0 + 300 * SECOND, &act, arena, &why), ERR_MORE);
	check_int(desk_due(desk, T0 + 900 * SECOND, &act, arena, &why), OK);
	check_span(act_value(&act, "role"), SPAN("head"));
	check_int(did_alert(1, "take", NULL, NULL), 200);
	check_int(desk_due(desk, T0 + 900 * SECOND, &act, arena, &why), ERR_MORE);
	end();
}

static void
the_view_made_anew_is_the_same(void)
{
	struct act act[3];
	struct buf first = { 0 };

	begin();
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	act[0] = (struct act){ .act = SPAN("alert-take"), .who = SPAN("an"), .time_ns = T0 + 1,
	    .nfield = 1, .field = { { SPAN("alert"), span_str(id(1)) } } };
	act[1] = act[0];
	act[1].act = SPAN("nobody-knows-this");
	act[2] = act[0];
	act[2].act = SPAN("alert-false");
	act[2].what = SPAN("nhầm");
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < 3; i++)
			check_int(desk_act(desk, &act[i], i + 1, &why), OK);
		if (round == 1)
			fold_finding(1, FINDING_OPENED, FINDING_HIGH);
		check_int(desk_place(desk, STREAM_LEDGER), 3);
		check_int(got("/api/alerts"), 200);
		check_int(got("/api/mutes"), 200);
		{
			char path[128];

			(void)snprintf(path, sizeof path, "/api/alerts/%s", id(1));
			check_int(got(path), 200);
		}
		if (round == 0) {
			buf_span_put(&first, buf_span(&out));
			check_int(desk_forget(desk, &why), OK);
			check_int(desk_place(desk, STREAM_LEDGER), 0);
			check_int(desk_place(desk, STREAM_FINDINGS), 0);
		}
	}
	check(said("nhầm"));
	check_span(buf_span(&out), buf_span(&first));
	buf_done(&first);
	end();
}

/* Three findings, one of them under a mute that was ended early, one taken, one decided. */
static void
fold_either(bool finding, unsigned i)
{
	static const char rule[] = "coverage.silent";
	struct act act[] = {
		{ .act = SPAN("mute"), .time_ns = T0 - 10, .nfield = 3, .field = {
		    { SPAN("rule"), span_str(rule) }, { SPAN("until"),
		    SPAN("2026-09-22T00:00:00Z") }, { SPAN("subject"), SPAN("") } } },
		{ .act = SPAN("mute-end"), .time_ns = T0 + 5, .nfield = 1,
		    .field = { { SPAN("number"), SPAN("1") } } },
		{ .act = SPAN("alert-take"), .time_ns = T0 + 6, .nfield = 1,
		    .field = { { SPAN("alert"), span_str(id(2)) } } },
	};
	struct finding f = found(i, i == 2 ? FINDING_CLOSED : FINDING_OPENED, i);

	act[i].who = SPAN("an");
	f.opened_ns = i == 0 ? T0 : T0 + 100;
	if (finding)
		check_int(desk_finding(desk, &f, i + 1, &why), OK);
	else
		check_int(desk_act(desk, &act[i], i + 1, &why), OK);
}

static void
whichever_stream_comes_first_lists_are_the_same(void)
{
	struct buf first = { 0 };

	for (unsigned order = 0; order < 3; order++) {
		struct desk_ask ask = ask_of(false, "/api/alerts");

		ask.param[ask.nparam++] = (struct desk_param){ SPAN("state"), SPAN("all") };
		begin();
		for (unsigned i = 0; i < 6; i++)
			fold_either(order == 0 ? i < 3 : order == 1 ? i >= 3 : i % 2 == 0,
			    order == 2 ? i / 2 : i % 3);
		check_int(asked_with(&ask), 200);
		if (order == 0)
			buf_span_put(&first, buf_span(&out));
		check(said("\"total\":3") && said("\"state\":\"taken\"") && said("\"muted\":1,") &&
		    said("\"muted\":null"));
		check_span(buf_span(&out), buf_span(&first));
		end();
	}
	buf_done(&first);
}

static void
places_outlive_the_handle(void)
{
	begin();
	fold_finding(1, FINDING_OPENED, FINDING_HIGH);
	check_int(desk_epoch_set(desk, 3, &why), OK);
	desk_free(&desk);
	check_int(desk_new(&desk, db, &why), OK);
	check_int(desk_place(desk, STREAM_FINDINGS), 1);
	check_int(desk_epoch(desk), 3);
	desk_free(&desk);
	/* Of another program: made anew. */
	must(sqlite3_exec(db, "PRAGMA user_version = 1", NULL, NULL, NULL) == SQLITE_OK);
	check_int(desk_new(&desk, db, &why), OK);
	check_int(desk_place(desk, STREAM_FINDINGS), 0);
	check_int(got("/api/alerts"), 200);
	check(said("\"total\":0"));
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(a_finding_is_an_alert_that_waits);
	run(taking_names_who_and_shows_in_the_answer);
	run(what_may_not_be_is_refused_with_a_sentence);
	run(a_mute_hides_what_is_found_while_it_holds);
	run(nobody_takes_it_so_the_next_is_told_once);
	run(the_view_made_anew_is_the_same);
	run(whichever_stream_comes_first_lists_are_the_same);
	run(places_outlive_the_handle);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
