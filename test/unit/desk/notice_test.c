/* SPDX-License-Identifier: Apache-2.0 */
/* desk/notice.c: who is told by which channel, what is due, and what follows when nobody is. */
#include "asking.h"

#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

static int64_t now_ns;

static void
channels_are(const char *json)
{
	check_int(desk_load(desk, "notify", span_str(json), &why), OK);
}

#define TWO_CHANNELS "{\"channels\":[" \
    "{\"name\":\"mail\",\"kind\":\"smtp\",\"uses\":\"mail\",\"critical\":0}," \
    "{\"name\":\"sms\",\"kind\":\"sms\",\"uses\":\"phone\",\"critical\":0}," \
    "{\"name\":\"sms-ring\",\"kind\":\"ring\",\"uses\":\"phone\",\"critical\":1}]}"

static void
begin_with_people(void)
{
	begin();
	now_ns = T0;
	check_int(desk_load(desk, "duty", SPAN("{\"roles\":["
	    "{\"name\":\"technical\",\"title\":\"Trực kỹ thuật\",\"english\":\"t\",\"tier\":1},"
	    "{\"name\":\"head\",\"title\":\"Thủ trưởng\",\"english\":\"h\",\"tier\":0}],"
	    "\"steps\":["
	    "{\"level\":3,\"step\":1,\"after\":0,\"role\":\"technical\"},"
	    "{\"level\":3,\"step\":2,\"after\":900000000000,\"role\":\"head\"},"
	    "{\"level\":4,\"step\":1,\"after\":0,\"role\":\"technical\"},"
	    "{\"level\":4,\"step\":2,\"after\":900000000000,\"role\":\"head\"}]}"), &why), OK);
	channels_are(TWO_CHANNELS);
	check_int(DID("/api/contacts/an", "name", "An", "roles", "technical", "phone",
	    "0900 000 001", "second", "0900 000 002", "mail", "an@example.vn"), 200);
	check_int(DID("/api/contacts/tam", "name", "Tâm", "roles", "head", "phone", "0900 000 009",
	    "language", "en"), 200);
	check_int(DID("/api/contacts/tam", "name", "Tâm", "language", "fr"), 400);
	check_int(DID("/api/duty/shifts", "tier", "technical", "person", "an", "start",
	    "2026-09-21T12:00:00Z", "end", "2026-09-22T18:00:00Z"), 200);
}

static void
alert_opened(unsigned n, unsigned level, int64_t at)
{
	struct finding f = { .act = FINDING_OPENED, .level = (uint8_t)level, .version = 1,
	    .sequence = n, .rule = SPAN("coverage.silent"), .time_ns = at, .opened_ns = at,
	    .opened_seq = n, .message = SPAN("bí mật: máy im lặng") };

	finding_id(&f);
	check_int(desk_finding(desk, &f, desk_place(desk, STREAM_FINDINGS) + 1, &why), OK);
}

/* All that the desk has to do by now; gives how many acts. */
static unsigned
does(void)
{
	unsigned n = 0;

	for (;;) {
		struct act act;

		arena_reset(arena);
		if (desk_due(desk, now_ns, &act, arena, &why) != OK)
			return n;
		check_int(desk_act(desk, &act, ++ledger_seq, &why), OK);
		n++;
	}
}

/* The teller's question. */
static void
asks(void)
{
	struct desk_ask ask = ask_of(false, "/api/notices/due");

	ask.rights = DESK_TELL;
	ask.now_ns = now_ns;
	check_int(asked_with(&ask), 200);
}

/* The teller's act. */
static void
teller(const char *act, const char *person, const char *channel, const char *upto)
{
	struct act a = { .time_ns = now_ns, .act = span_str(act), .who = SPAN("trucban"),
	    .from = SPAN("teller"), .what = SPAN("250 ok"), .nfield = 6, .field = {
	    { SPAN("person"), span_str(person) }, { SPAN("channel"), span_str(channel) },
	    { SPAN("upto"), span_str(upto) }, { SPAN("count"), SPAN("1") },
	    { SPAN("level"), SPAN("3") }, { SPAN("tries"), SPAN("1") } } };

	check_int(desk_act(desk, &a, ++ledger_seq, &why), OK);
}

static int
number_of(const char *sql)
{
	sqlite3_stmt *stmt;
	int n;

	must(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW);
	n = sqlite3_column_int(stmt, 0);
	(void)sqlite3_finalize(stmt);
	return n;
}

/* Open matters of it, as a hand-over lists them. */
static int
unreached(void)
{
	return number_of("SELECT count(*) FROM open_matter WHERE kind = 'unreached'");
}

static void
each_channel_that_reaches_the_person_is_due_without_content(void)
{
	begin_with_people();
	alert_opened(1, FINDING_HIGH, T0);
	check_int(does(), 1);
	asks();
	check(said("{\"person\":\"an\",\"lang\":\"vi\",\"channel\":\"mail\",\"critical\":0,"
	    "\"address\":\"an@example.vn\",\"other\":null,\"failed\":0,\"upto\":1,\"count\":1,"
	    "\"level\":3,\"test\":0,\"alert\":1}"));
	check(said("\"channel\":\"sms\",\"critical\":0,\"address\":\"0900 000 001\",\"other\":"
	    "\"0900 000 002\""));
	check(!span_holds(buf_span(&out), "ring") && !span_holds(buf_span(&out), "tam"));
	check(!span_holds(buf_span(&out), "coverage") && !span_holds(buf_span(&out), "máy"));
	teller("notify-sent", "an", "mail", "1");
	asks();
	check(!span_holds(buf_span(&out), "mail") && span_holds(buf_span(&out), "sms"));
	check_int(got("/api/notices"), 200);
	check(said("\"state\":\"sent\"") && said("\"ways\":[{\"channel\":\"mail\",\"state\":"
	    "\"sent\"},{\"channel\":\"sms\",\"state\":\"waiting\"}]"));
	check_int(got("/api/notices/1"), 200);
	check(said("\"tries\":[{\"time\"") && said("\"sent\":true,\"text\":\"250 ok\""));
	end();
}

static void
nobody_but_the_teller_asks_what_is_due(void)
{
	struct desk_ask ask = ask_of(false, "/api/notices/due");

	begin_with_people();
	ask.rights = DESK_ALL;
	check_int(asked_with(&ask), 403);
	end();
}

static void
only_what_is_critical_rings(void)
{
	begin_with_people();
	alert_opened(1, FINDING_CRITICAL, T0);
	check_int(does(), 1);
	asks();
	check(said("\"channel\":\"sms-ring\",\"critical\":1,\"address\":\"0900 000 001\""));
	end();
}

static void
an_alert_that_was_taken_or_ended_is_told_nobody(void)
{
	struct finding f = { .act = FINDING_CLOSED, .level = FINDING_HIGH, .version = 1,
	    .sequence = 2, .rule = SPAN("coverage.silent"), .time_ns = T0, .opened_ns = T0,
	    .opened_seq = 2, .message = SPAN("x") };
	char path[128];

	begin_with_people();
	alert_opened(1, FINDING_HIGH, T0);
	alert_opened(2, FINDING_HIGH, T0);
	check_int(does(), 2);
	asks();
	check(said("\"count\":2"));
	finding_id(&f);
	check_int(desk_finding(desk, &f, 3, &why), OK);
	asks();
	check(said("\"count\":1"));
	check_int(got("/api/notices?state=waiting"), 404);
	check_int(got("/api/alerts"), 200);
	must(memmem(out.p, out.n, "\"state\":\"new\",\"taken\":null", 26) != NULL);
	for (const char *at = (const char *)out.p; (at = memmem(at, out.n -
	    (size_t)(at - (const char *)out.p), "{\"id\":\"", 7)) != NULL; at += 7) {
		(void)snprintf(path, sizeof path, "/api/alerts/%.32s/take", at + 7);
		break;
	}
	check_int(did(path, NULL, NULL), 200);
	asks();
	check_span(buf_span(&out), SPAN("{\"due\":[]}\n"));
	end();
}

static void
a_storm_is_one_message_and_few_in_an_hour(void)
{
	unsigned messages = 0;
	char upto[16];

	begin_with_people();
	for (unsigned i = 1; i <= 1000; i += 5) {
		alert_opened(i, FINDING_HIGH, T0 + i * SECOND);
		now_ns = T0 + i * SECOND;
		(void)does();
		asks();
		if (!span_holds(buf_span(&out), "\"channel\":\"mail\""))
			continue;
		messages++;
		(void)snprintf(upto, sizeof upto, "%d",
		    number_of("SELECT max(number) FROM notice"));
		teller("notify-sent", "an", "mail", upto);
	}
	/* Half a minute between the first five, then a quarter of an hour. */
	check_int(messages, 5);
	/* What is worse does not wait. */
	alert_opened(2000, FINDING_CRITICAL, now_ns);
	(void)does();
	now_ns += 30 * SECOND;
	asks();
	check(said("\"channel\":\"mail\"") && said("\"level\":4"));
	end();
}

static void
a_clock_that_jumps_back_does_not_silence(void)
{
	begin_with_people();
	alert_opened(1, FINDING_HIGH, T0);
	(void)does();
	now_ns = T0 + 24 * HOUR;
	for (unsigned i = 0; i < 9; i++)
		teller("notify-sent", "an", "mail", "1");
	now_ns = T0 + SECOND;
	alert_opened(2, FINDING_HIGH, T0);
	(void)does();
	asks();
	check(said("\"channel\":\"mail\""));
	end();
}

static void
a_step_whose_channels_all_failed_is_over_at_once(void)
{
	begin_with_people();
	alert_opened(1, FINDING_HIGH, T0);
	check_int(does(), 1);
	teller("notify-failed", "an", "mail", "1");
	check_int(does(), 0);
	teller("notify-failed", "an", "sms", "1");
	/* Nobody could be told; so the next step, to the head. */
	check_int(does(), 2);
	asks();
	check(said("\"person\":\"tam\",\"lang\":\"en\",\"channel\":\"sms\""));
	check_int(got("/api/notices"), 200);
	check(said("\"state\":\"failed\""));
	check_int(unreached(), 1);
	/* A channel that is back tells it after all. */
	teller("notify-sent", "an", "sms", "1");
	check_int(got("/api/notices/1"), 200);
	check(said("\"state\":\"sent\""));
	check_int(unreached(), 0);
	end();
}

static void
a_teller_that_says_nothing_is_as_good_as_none(void)
{
	begin_with_people();
	alert_opened(1, FINDING_CRITICAL, T0);
	check_int(does(), 1);
	now_ns = T0 + 14 * MINUTE;
	check_int(does(), 0);
	now_ns = T0 + 20 * MINUTE;
	check_int(does(), 2);		/* the next step by time, the first has failed */
	check_int(got("/api/notices/1"), 200);
	check(said("\"state\":\"failed\""));
	end();
}

static void
without_channels_nothing_fails(void)
{
	begin_with_people();
	channels_are("{\"channels\":[]}");
	alert_opened(1, FINDING_HIGH, T0);
	check_int(does(), 1);
	now_ns = T0 + 14 * MINUTE;
	check_int(does(), 0);
	check_int(DID("/api/notices/test", "person", "an"), 409);
	check(said("\"code\":\"no-channels\""));
	end();
}

static void
a_person_without_addresses_is_nobody(void)
{
	begin_with_people();
	check_int(DID("/api/contacts/an", "name", "An", "roles", "technical"), 200);
	alert_opened(1, FINDING_HIGH, T0);
	check_int(does(), 3);
	asks();
	check(said("\"person\":\"tam\""));
	end();
}

static void
a_test_goes_to_one_person_by_the_channel_that_was_said(void)
{
	struct desk_ask ask = ask_of(false, "/api/notices/due");

	begin_with_people();
	check_int(DID("/api/notices/test", "person", "an", "channel", "sms-ring"), 200);
	check(said("\"kind\":\"test\"") && said("\"state\":\"waiting\""));
	check_int(DID("/api/notices/test", "person", "tam"), 200);
	check_int(DID("/api/notices/test", "person", "tam", "channel", "mail"), 409);
	check(said("\"code\":\"no-address\""));
	check_int(DID("/api/notices/test", "person", "tam", "channel", "fax"), 404);
	check_int(DID("/api/notices/test", "person", "nobody"), 404);
	ask.rights = DESK_TELL;
	check_int(asked_with(&ask), 200);
	check(said("\"person\":\"an\",\"lang\":\"vi\",\"channel\":\"sms-ring\""));
	check(said("\"person\":\"tam\",\"lang\":\"en\",\"channel\":\"sms\""));
	check(said("\"test\":1,\"alert\":0"));
	check(!span_holds(buf_span(&out), "\"channel\":\"mail\""));
	/* A test that could not go out is not sent later. */
	ask.now_ns += 11 * MINUTE;
	check_int(asked_with(&ask), 200);
	check_span(buf_span(&out), SPAN("{\"due\":[]}\n"));
	end();
}

static void
deadlines_are_told_who_is_on_duty_until_they_are_met(void)
{
	begin_with_people();
	check_int(desk_load(desk, "incident", SPAN("{\"name\":\"t\",\"version\":\"1\",\"title\":"
	    "\"t\",\"profile\":\"new\",\"severities\":[{\"profile\":\"new\",\"level\":1,\"name\":"
	    "\"s\",\"title\":\"s\"}],\"questions\":[],\"playbooks\":[],\"clocks\":[{\"name\":"
	    "\"notice-24h\",\"profile\":\"new\",\"level\":1,\"starts\":\"detected\",\"after\":"
	    "86400,\"recipient\":\"A05\",\"warn\":[3600],\"title\":\"bí mật\"}]}"), &why), OK);
	check_int(DID("/api/incidents", "title", "bí mật", "what", "x", "t0",
	    "2026-09-21T14:13:00Z", "how", "phone", "teller", "x"), 200);
	check_int(DID("/api/requests", "kind", "authority", "body", "A05", "what", "bí mật",
	    "received", "2026-09-21T14:13:00Z", "due", "2026-09-22T14:13:00Z"), 200);
	check_int(does(), 0);
	now_ns = T0 + 23 * HOUR;
	check_int(does(), 2);
	asks();
	check(said("\"person\":\"an\"") && said("\"count\":2,\"level\":0,\"test\":0,\"alert\":0"));
	check(!span_holds(buf_span(&out), "bí mật") && !span_holds(buf_span(&out), "ring"));
	check_int(DID("/api/incidents/SC-2026-0001/clocks/notice-24h/sent", "channel", "x", "to",
	    "A05"), 200);
	asks();
	check(said("\"count\":1"));
	check_int(DID("/api/requests/YC-2026-0001/answer", "what", "x", "channel", "x"), 200);
	asks();
	check_span(buf_span(&out), SPAN("{\"due\":[]}\n"));
	check_int(got("/api/notices"), 200);
	check(said("\"state\":\"over\"") && !span_holds(buf_span(&out), "waiting\",\"told"));
	end();
}

static void
each_test_has_a_result_of_its_own(void)
{
	begin_with_people();
	check_int(DID("/api/notices/test", "person", "tam"), 200);
	teller("notify-sent", "tam", "sms", "1");
	check_int(DID("/api/notices/test", "person", "tam"), 200);
	teller("notify-failed", "tam", "sms", "2");
	check_int(does(), 1);
	check_int(got("/api/notices/1"), 200);
	check(said("\"state\":\"sent\""));
	check_int(got("/api/notices/2"), 200);
	check(said("\"state\":\"failed\""));
	check_int(unreached(), 0);
	/* Beside an alert it is not counted. */
	alert_opened(1, FINDING_HIGH, T0);
	check_int(does(), 1);
	now_ns = T0 + 100 * SECOND;
	check_int(DID("/api/notices/test", "person", "an", "channel", "mail"), 200);
	asks();
	check(said("\"channel\":\"mail\"") && said("\"upto\":4,\"count\":1,\"level\":3,"
	    "\"test\":0"));
	end();
}

static void
who_is_reached_late_hides_nobody(void)
{
	struct act a = { .time_ns = T0, .act = SPAN("alert-escalate"), .who = SPAN("desk"),
	    .from = SPAN("unix"), .nfield = 4, .field = { { .name = SPAN("alert") },
	    { SPAN("step"), SPAN("1") }, { SPAN("role"), SPAN("technical") },
	    { SPAN("to"), SPAN("an,binh") } } };
	char id[16];

	begin_with_people();
	check_int(DID("/api/contacts/binh", "name", "B", "phone", "0900 000 003"), 200);
	/* an is told of all; binh, on duty with him, of none. */
	for (unsigned i = 0; i < 1100; i++) {
		(void)snprintf(id, sizeof id, "a%u", i);
		a.field[0].value = span_str(id);
		check_int(desk_act(desk, &a, ++ledger_seq, &why), OK);
	}
	teller("notify-sent", "an", "mail", "2200");
	teller("notify-failed", "binh", "sms", "2200");
	check_int(does(), 0);
	check_int(DID("/api/notices/test", "person", "tam"), 200);
	teller("notify-failed", "tam", "sms", "2201");
	check_int(does(), 1);
	end();
}

static void
acts_before_there_were_notices_fold_as_they_did(void)
{
	struct act a = { .time_ns = T0, .act = SPAN("alert-escalate"), .who = SPAN("desk"),
	    .from = SPAN("unix"), .nfield = 3, .field = { { SPAN("alert"), SPAN("aa") },
	    { SPAN("step"), SPAN("1") }, { SPAN("role"), SPAN("technical") } } };

	begin_with_people();
	check_int(desk_act(desk, &a, ++ledger_seq, &why), OK);
	asks();
	check_span(buf_span(&out), SPAN("{\"due\":[]}\n"));
	end();
}

int
main(void)
{
	arena = arena_new(64 << 10);
	run(each_channel_that_reaches_the_person_is_due_without_content);
	run(nobody_but_the_teller_asks_what_is_due);
	run(only_what_is_critical_rings);
	run(an_alert_that_was_taken_or_ended_is_told_nobody);
	run(a_storm_is_one_message_and_few_in_an_hour);
	run(a_clock_that_jumps_back_does_not_silence);
	run(a_step_whose_channels_all_failed_is_over_at_once);
	run(a_teller_that_says_nothing_is_as_good_as_none);
	run(without_channels_nothing_fails);
	run(a_person_without_addresses_is_nobody);
	run(a_test_goes_to_one_person_by_the_channel_that_was_said);
	run(deadlines_are_told_who_is_on_duty_until_they_are_met);
	run(each_test_has_a_result_of_its_own);
	run(who_is_reached_late_hides_nobody);
	run(acts_before_there_were_notices_fold_as_they_did);
	arena_free(&arena);
	buf_done(&out);
	return check_done();
}
