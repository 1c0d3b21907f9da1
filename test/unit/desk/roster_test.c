/* SPDX-License-Identifier: Apache-2.0 */
/* desk/roster.c: shifts, swaps, plans; what nobody has and what two have. */
#include "asking.h"

static void
begin_with_people(void)
{
	begin();
	must(sqlite3_exec(db, "INSERT INTO duty_role VALUES('technical', 'Trực kỹ thuật', '', 1),"
	    "('leader', 'Trực lãnh đạo', '', 1); INSERT INTO holiday VALUES(1790100000000000000,"
	    " 1790200000000000000, 'Ngày nghỉ', 'Holiday')", NULL, NULL, NULL) == SQLITE_OK);
	person_is("an", "technical");
	person_is("binh", "technical");
	person_is("chi", "technical");
}

static unsigned
shift(const char *person, const char *start, const char *end)
{
	return DID("/api/duty/shifts", "tier", "technical", "person", person, "start", start,
	    "end", end);
}

static unsigned
roster(const char *start, const char *end)
{
	struct desk_ask ask = ask_of(false, "/api/duty/roster");

	ask.param[ask.nparam++] = (struct desk_param){ SPAN("start"), span_str(start) };
	ask.param[ask.nparam++] = (struct desk_param){ SPAN("end"), span_str(end) };
	return asked_with(&ask);
}

static void
a_shift_has_a_number_a_person_and_an_end(void)
{
	begin_with_people();
	check_int(shift("an", "2026-09-21T19:30:00+07:00", "2026-09-22T07:30:00+07:00"), 200);
	check(said("{\"shift\":1,\"tier\":\"technical\",\"person\":\"an\",\"name\":\"an\""));
	check(said("\"start\":\"2026-09-21T12:30:00Z\",\"end\":\"2026-09-22T00:30:00Z\""));
	check_int(shift("x", "2026-09-21T19:30:00Z", "2026-09-22T07:30:00Z"), 404);
	check_int(shift("an", "2026-09-22T19:30:00Z", "2026-09-22T07:30:00Z"), 400);
	check_int(shift("an", "2026-09-22T19:30:00Z", "2026-10-22T07:30:00Z"), 400);
	check_int(DID("/api/duty/shifts", "tier", "king", "person", "an", "start",
	    "2026-09-21T19:30:00Z", "end", "2026-09-22T07:30:00Z"), 404);
	check(said("\"code\":\"no-tier\""));
	check_int(DID("/api/duty/shifts/1/remove", "what", "ốm"), 200);
	check(said("\"why\":\"ốm\""));
	check_int(DID("/api/duty/shifts/1/remove", "what", "ốm"), 404);
	/* A number is never given twice. */
	check_int(shift("an", "2026-09-21T19:30:00+07:00", "2026-09-22T07:30:00+07:00"), 200);
	check(said("{\"shift\":2"));
	check_int(shift("an", "2026-09-20T19:30:00+07:00", "2026-09-21T07:30:00+07:00"), 200);
	check_int(DID("/api/duty/shifts/3/remove", "what", "ốm"), 409);
	check(said("\"code\":\"shift-over\""));
	end();
}

static void
now_and_next_are_told_with_what_is_missing(void)
{
	begin_with_people();
	check_int(shift("an", "2026-09-21T19:30:00+07:00", "2026-09-22T07:30:00+07:00"), 200);
	check_int(shift("binh", "2026-09-22T08:30:00+07:00", "2026-09-22T19:30:00+07:00"), 200);
	check_int(got("/api/duty"), 200);
	check(said("\"title\":\"Trực kỹ thuật\",\"english\":\"\",\"now\":[{\"shift\":1"));
	check(said("\"next\":[{\"shift\":2"));
	check(said("{\"tier\":\"technical\",\"start\":\"2026-09-22T00:30:00Z\",\"end\":"
	    "\"2026-09-22T01:30:00Z\"}"));
	check(said("{\"tier\":\"leader\",\"start\":\"2026-09-21T14:15:00Z\",\"end\":"
	    "\"2026-10-05T14:15:00Z\"}"));
	check(said("\"overlaps\":[]") && said("\"title\":\"Ngày nghỉ\""));
	check_int(shift("an", "2026-09-22T19:00:00+07:00", "2026-09-22T21:30:00+07:00"), 200);
	check_int(got("/api/duty"), 200);
	check(said("\"overlaps\":[{\"shift\":2,\"with\":3,\"start\":\"2026-09-22T12:00:00Z\","
	    "\"end\":\"2026-09-22T12:30:00Z\",\"tier\":\"technical\",\"person\":\"an\","
	    "\"with_person\":\"binh\",\"same_person\":false}]"));
	/* The same person in two tiers at once. */
	check_int(DID("/api/duty/shifts", "tier", "leader", "person", "an", "start",
	    "2026-09-21T20:00:00+07:00", "end", "2026-09-21T22:00:00+07:00"), 200);
	check_int(got("/api/duty"), 200);
	check(said("\"same_person\":true"));
	end();
}

static void
a_swap_changes_both_and_says_who_agreed(void)
{
	begin_with_people();
	check_int(shift("an", "2026-09-22T07:30:00Z", "2026-09-22T19:30:00Z"), 200);
	check_int(shift("binh", "2026-09-23T07:30:00Z", "2026-09-23T19:30:00Z"), 200);
	check_int(shift("an", "2026-09-24T07:30:00Z", "2026-09-24T19:30:00Z"), 200);
	check_int(DID("/api/duty/shifts/1/swap", "with", "2"), 400);
	check_int(DID("/api/duty/shifts/1/swap", "with", "3", "agreed", "trưởng phòng"), 409);
	check_int(DID("/api/duty/shifts/1/swap", "with", "9", "agreed", "trưởng phòng"), 404);
	check_int(DID("/api/duty/shifts/1/swap", "with", "2", "agreed", "trưởng phòng"), 200);
	check(said("\"shift\":1,\"tier\":\"technical\",\"person\":\"binh\""));
	check_int(got("/api/duty/shifts/2"), 200);
	check(said("\"person\":\"an\""));
	check_int(got("/api/duty/book"), 200);
	check(said("\"text\":\"an <-> binh (trưởng phòng)\""));
	end();
}

#define PLAN(people, start, end, ...) DID("/api/duty/plan", "tier", "technical", \
	"people", people, "start", start, "end", end, "pattern", __VA_ARGS__)

static void
a_plan_fills_days_with_people_in_turn(void)
{
	begin_with_people();
	check_int(PLAN("an,binh,chi", "2026-09-22T00:00:00+07:00", "2026-09-25T00:00:00+07:00",
	    "07:30-19:30,19:30-07:30"), 200);
	check(said("{\"total\":6,\"start\":\"2026-09-22T00:30:00Z\",\"end\":"
	    "\"2026-09-25T00:30:00Z\""));
	check(said("{\"shift\":1,\"tier\":\"technical\",\"person\":\"an\",\"name\":\"an\","
	    "\"phone\":null,\"start\":\"2026-09-22T00:30:00Z\",\"end\":\"2026-09-22T12:30:00Z\","
	    "\"note\":null,\"holiday\":null}"));
	check(said("{\"shift\":4,\"tier\":\"technical\",\"person\":\"an\",\"name\":\"an\","
	    "\"phone\":null,\"start\":\"2026-09-23T12:30:00Z\",\"end\":\"2026-09-24T00:30:00Z\","
	    "\"note\":null,\"holiday\":\"Ngày nghỉ\"}"));
	check_int(PLAN("an", "2026-09-24T00:00:00+07:00", "2026-09-25T00:00:00+07:00",
	    "00:00-00:00"), 409);
	check(said("\"code\":\"plan-taken\""));
	check_int(PLAN("binh", "2026-09-24T00:00:00+07:00", "2026-09-26T00:00:00+07:00",
	    "07:30-07:30", "replace", "1"), 200);
	check(said("\"total\":2"));
	check(said("\"shift\":7,\"tier\":\"technical\",\"person\":\"binh\""));
	check_int(roster("2026-09-22T00:00:00+07:00", "2026-09-26T07:30:00+07:00"), 200);
	check(said("\"total\":6") && said("\"overlaps\":[]"));
	check(said("\"gaps\":[{\"tier\":\"leader\",\"start\":\"2026-09-21T17:00:00Z\",\"end\":"
	    "\"2026-09-26T00:30:00Z\"},{\"tier\":\"technical\",\"start\":\"2026-09-21T17:00:00Z\","
	    "\"end\":\"2026-09-22T00:30:00Z\"}]"));
	check(said("\"holidays\":[{\"title\":\"Ngày nghỉ\""));
	end();
}

static void
a_plan_that_cannot_be_is_refused_before_it_is_written(void)
{
	static const char *const bad[] = { "7:30-19:30", "07:30", "07:30-19:30,", "24:00-07:30",
	    "07:30-19:60", "07:30-19:30\"", "x", "07:30-24:00", "07:30-19:30 ,19:30-07:30" };

	begin_with_people();
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		check_int(PLAN("an", "2026-09-22T00:00:00Z", "2026-09-23T00:00:00Z", bad[i]), 400);
		check(said("\"code\":\"bad-pattern\""));
	}
	check_int(PLAN("an,x", "2026-09-22T00:00:00Z", "2026-09-23T00:00:00Z", "07:30-19:30"),
	    404);
	check_int(PLAN("an", "2026-09-22T13:00:00Z", "2026-09-22T14:00:00Z", "07:30-19:30"), 400);
	check(said("\"code\":\"plan-empty\""));
	check_int(PLAN("an", "2026-09-22T00:00:00Z", "2027-06-22T00:00:00Z",
	    "07:30-19:30,19:30-07:30"), 400);
	check(said("\"code\":\"plan-long\""));
	check_int(PLAN("an", "1970-01-01T00:00:00Z", "2027-06-22T00:00:00Z", "07:30-19:30"), 400);
	check(said("\"code\":\"plan-long\""));
	check_int(PLAN("an", "2026-09-20T00:00:00Z", "2026-09-23T00:00:00Z", "07:30-19:30",
	    "replace", "1"), 409);
	check(said("\"code\":\"plan-past\""));
	check_int(got("/api/duty/plan/1"), 404);
	end();
}

static void
a_plan_folds_the_same_whatever_the_packs_say_now(void)
{
	struct act act = { .act = SPAN("roster-plan"), .who = SPAN("an"), .time_ns = T0,
	    .nfield = 7, .field = { { SPAN("tier"), SPAN("technical") },
	    { SPAN("people"), SPAN("an,binh") }, { SPAN("start"), SPAN("2026-09-22T00:00:00Z") },
	    { SPAN("end"), SPAN("2026-09-24T00:00:00Z") },
	    { SPAN("pattern"), SPAN("07:30-19:30") }, { SPAN("first"), SPAN("5") },
	    { SPAN("zone"), SPAN("60") } } };

	begin();
	must(sqlite3_exec(db, "INSERT INTO duty_rule VALUES('zone', 420)", NULL, NULL, NULL) ==
	    SQLITE_OK);
	check_int(desk_act(desk, &act, 1, &why), OK);
	check_int(got("/api/duty/plan/5"), 200);
	check(said("\"total\":2,\"start\":\"2026-09-22T06:30:00Z\",\"end\":"
	    "\"2026-09-23T18:30:00Z\""));
	/* What no guard of ours let through changes nothing, and stops nothing. */
	act.field[1].value = SPAN("a\"b");
	act.field[4].value = SPAN("\"]");
	act.field[5].value = SPAN("9");
	check_int(desk_act(desk, &act, 2, &why), OK);
	check_int(got("/api/duty/plan/9"), 404);
	check_int(desk_place(desk, STREAM_LEDGER), 2);
	end();
}

int
main(void)
{
	arena = arena_new(8 << 20);
	run(a_shift_has_a_number_a_person_and_an_end);
	run(now_and_next_are_told_with_what_is_missing);
	run(a_swap_changes_both_and_says_who_agreed);
	run(a_plan_fills_days_with_people_in_turn);
	run(a_plan_that_cannot_be_is_refused_before_it_is_written);
	run(a_plan_folds_the_same_whatever_the_packs_say_now);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
