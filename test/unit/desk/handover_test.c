/* SPDX-License-Identifier: Apache-2.0 */
/* desk/handover.c: hand-overs and the duty book. */
#include "asking.h"

static void
begin_with_people(void)
{
	begin();
	must(sqlite3_exec(db, "INSERT INTO duty_role VALUES('technical', 'Trực kỹ thuật', '', 1),"
	    "('leader', 'Trực lãnh đạo', '', 1)", NULL, NULL, NULL) == SQLITE_OK);
	person_is("an", "technical");
	person_is("binh", "technical");
}

static void
alert_opened(void)
{
	struct finding f = { .act = FINDING_OPENED, .level = FINDING_HIGH, .version = 1,
	    .sequence = 1, .rule = SPAN("coverage.silent"), .time_ns = T0, .opened_ns = T0,
	    .opened_seq = 1, .message = SPAN("máy \"web01\" im lặng") };

	finding_id(&f);
	check_int(desk_finding(desk, &f, desk_place(desk, STREAM_FINDINGS) + 1, &why), OK);
}

/* Somebody, at so many seconds behind T0 + 100 s. */
static unsigned
signs(const char *who, int64_t later_s, const char *path, const char *name, const char *value)
{
	struct desk_ask ask = ask_of(true, path);

	ask.who = span_str(who);
	ask.now_ns += later_s * SECOND;
	ask.sealed = SPAN("ABCD EFGH IJKL MNOP");
	if (name != NULL)
		ask.param[ask.nparam++] = (struct desk_param){ span_str(name), span_str(value) };
	return asked_with(&ask);
}

static void
what_is_open_is_handed_to_another_person_who_signs(void)
{
	begin_with_people();
	alert_opened();
	check_int(signs("an", 0, "/api/handovers", "tier", "technical"), 200);
	check(said("\"leaver\":\"an\",\"leaver_name\":\"an\",\"begun\":\"2026-09-21T14:15:00Z\""));
	check(said("\"checkpoint\":\"ABCD EFGH IJKL MNOP\",\"alerts\":1,\"incidents\":0"));
	check(said("\"matters\":[{\"kind\":\"alert\"") && said("máy \\\"web01\\\" im lặng"));
	check(said("\"state\":\"waiting\",\"late\":false"));
	/* What is done meanwhile does not change the sheet. */
	check_int(signs("an", 5, "/api/handovers", "tier", "technical"), 409);
	check(said("\"code\":\"handover-open\""));
	check_int(signs("an", 10, "/api/handovers/1/accept", NULL, NULL), 409);
	check(said("\"code\":\"same-person\""));
	check_int(signs("an", 10, "/api/handovers/1/accept", "person", "binh"), 403);
	check(said("\"code\":\"not-you\""));
	check_int(signs("chi", 10, "/api/handovers/1/accept", NULL, NULL), 404);
	check_int(signs("binh", 10, "/api/handovers/2/accept", NULL, NULL), 404);
	check_int(signs("binh", 10, "/api/handovers/1/accept", "what", "đã nhận đủ"), 200);
	check(said("\"comer\":\"binh\"") && said("\"remark\":\"đã nhận đủ\"") &&
	    said("\"state\":\"accepted\""));
	check_int(signs("binh", 20, "/api/handovers/1/accept", NULL, NULL), 409);
	check_int(signs("binh", 20, "/api/handovers/1/cancel", "what", "x"), 409);
	end();
}

static void
on_the_desks_own_socket_it_is_said_who_signs(void)
{
	struct desk_ask ask = ask_of(true, "/api/handovers");

	begin_with_people();
	ask.who = SPAN("uid 0");
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("tier"), SPAN("technical") };
	check_int(asked_with(&ask), 400);
	check(said("\"code\":\"who-signs\""));
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("person"), SPAN("an") };
	check_int(asked_with(&ask), 200);
	check(said("\"leaver\":\"an\"") && said("\"begun_by\":\"uid 0\"") &&
	    said("\"checkpoint\":\"unknown\""));
	check_int(signs("uid 0", 10, "/api/handovers/1/accept", "person", "an"), 409);
	check(said("\"code\":\"same-person\""));
	check_int(signs("uid 0", 10, "/api/handovers/1/accept", "person", "binh"), 200);
	end();
}

static void
one_that_nobody_takes_is_told_and_can_be_cancelled(void)
{
	struct desk_ask ask = ask_of(false, "/api/duty");

	begin_with_people();
	check_int(signs("an", 0, "/api/handovers", "tier", "technical"), 200);
	ask.now_ns += 1800 * SECOND;
	check_int(asked_with(&ask), 200);
	check(said("\"state\":\"waiting\",\"late\":false"));
	ask.now_ns += 1;
	check_int(asked_with(&ask), 200);
	check(said("\"state\":\"waiting\",\"late\":true"));
	check_int(signs("an", 10, "/api/handovers/1/cancel", "what", "ghi nhầm ca"), 200);
	check(said("\"state\":\"cancelled\"") && said("\"why\":\"ghi nhầm ca\""));
	check_int(asked_with(&ask), 200);
	check(said("\"handovers\":[]"));
	check_int(signs("an", 20, "/api/handovers", "tier", "technical"), 200);
	check(said("\"handover\":2"));
	check_int(got("/api/handovers"), 200);
	check(said("\"total\":2"));
	end();
}

static void
the_book_has_what_was_done_in_its_order(void)
{
	struct desk_ask ask = ask_of(false, "/api/duty/book");

	begin_with_people();
	alert_opened();
	check_int(DID("/api/duty/shifts", "tier", "technical", "person", "an", "start",
	    "2026-09-21T12:00:00Z", "end", "2026-09-21T18:00:00Z"), 200);
	check_int(did("/api/duty/notes", "what", "mất điện 5 phút\nđã có lại"), 200);
	check(said("\"total\":3") && said("mất điện 5 phút\\nđã có lại"));
	check(said("\"kind\":\"shift\",\"id\":\"1\",\"who\":\"an\""));
	check_int(did("/api/duty/notes", NULL, NULL), 400);
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("kind"), SPAN("note") };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("limit"), SPAN("1") };
	check_int(asked_with(&ask), 200);
	check(said("\"total\":1"));
	ask.param[0] = (struct desk_param){ SPAN("end"), SPAN("2026-09-21T12:30:00Z") };
	check_int(asked_with(&ask), 200);
	check(said("\"total\":1") && said("\"kind\":\"shift\""));
	/* The sheet has what was done since the last one. */
	check_int(signs("an", 30, "/api/handovers", "tier", "technical"), 200);
	check(said("\"book\":[{\"time\":\"2026-09-21T12:00:00Z\",\"kind\":\"shift\""));
	check(said("mất điện") && said("\"shifts\":[{\"shift\":1"));
	check_int(signs("binh", 40, "/api/handovers/1/accept", NULL, NULL), 200);
	check_int(signs("binh", 50, "/api/handovers", "tier", "technical"), 200);
	check(said("\"since\":\"2026-09-21T14:15:30Z\""));
	check(!span_holds(buf_span(&out), "mất điện"));
	end();
}

static void
the_book_and_the_sheets_made_anew_are_the_same(void)
{
	struct act act = { .act = SPAN("handover-begin"), .who = SPAN("an"), .time_ns = T0,
	    .nfield = 7, .field = { { SPAN("tier"), SPAN("technical") },
	    { SPAN("person"), SPAN("an") }, { SPAN("handover"), SPAN("1") },
	    { SPAN("checkpoint"), SPAN("unknown") }, { SPAN("alerts"), SPAN("7") },
	    { SPAN("incidents"), SPAN("2") }, { SPAN("matters"), SPAN("no json") } } };

	begin();
	for (unsigned round = 0; round < 2; round++) {
		check_int(desk_act(desk, &act, 1, &why), OK);
		check_int(got("/api/handovers/1"), 200);
		check(said("\"alerts\":7,\"incidents\":2") && said("\"matters\":[]"));
		check_int(got("/api/duty/book"), 200);
		check(said("\"total\":1"));
		check_int(desk_forget(desk, &why), OK);
	}
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(what_is_open_is_handed_to_another_person_who_signs);
	run(on_the_desks_own_socket_it_is_said_who_signs);
	run(one_that_nobody_takes_is_told_and_can_be_cancelled);
	run(the_book_has_what_was_done_in_its_order);
	run(the_book_and_the_sheets_made_anew_are_the_same);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
