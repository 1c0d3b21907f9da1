/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clocks of an incident: by when the law wants to be told what. Acts on incidents set them
 * (incident_int.h); here they are warned of, stopped by what was sent, and waived by the head.
 */
#include "desk/incident_int.h"
#include "desk/notice.h"

static const char schema[] =
    "CREATE TABLE clock(incident TEXT, name TEXT, title TEXT, english TEXT, start INT, due INT,"
    " recipient TEXT, law TEXT, article TEXT, effective TEXT, source TEXT, status TEXT,"
    " seq INT, stopped INT, sender TEXT, channel TEXT, sent_to TEXT, receipt TEXT, sent_text TEXT,"
    " dropped INT, waiver TEXT, waived TEXT, PRIMARY KEY(incident, name)) WITHOUT ROWID;"
    "CREATE INDEX clock_runs ON clock(due) WHERE " RUNS ";"
    /* before: seconds; done: nobody is to be told any more. */
    "CREATE TABLE clock_warn(incident TEXT, clock TEXT, before INT, at INT, done INT,"
    " PRIMARY KEY(incident, clock, before)) WITHOUT ROWID;"
    "CREATE INDEX clock_warn_at ON clock_warn(at) WHERE done IS NULL;";

#define P_CLOCK		{ .name = "clock", .kind = PART_WORD, .required = true, .most = 64 }
#define THE_CLOCK	" FROM clock WHERE incident = :incident AND name = :clock"
#define NO_CLOCK \
    " WHEN NOT EXISTS(SELECT 1" THE_CLOCK " AND dropped IS NULL) THEN 'no-clock'"
#define WARNED \
    "UPDATE clock_warn SET done = :time WHERE incident = :incident AND clock = :clock AND" \
    " done IS NULL"
#define TITLE		"(SELECT title" THE_CLOCK ")"

static const struct part_act acts[] = {
	{ .name = "notice-sent", .path = "/api/incidents/{incident}/clocks/{clock}/sent",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_CLOCK,
	    { .name = "channel", .kind = PART_LINE, .required = true },
	    { .name = "to", .kind = PART_LINE, .required = true },
	    { .name = "receipt", .kind = PART_LINE }, P_AT, P_WHAT },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") NO_CLOCK
	    " WHEN (SELECT stopped" THE_CLOCK ") IS NOT NULL THEN 'clock-stopped'" AHEAD(":at")
	    " WHEN :at < (SELECT start" THE_CLOCK ") THEN 'time-before' END",
	    .apply = "UPDATE clock SET stopped = coalesce(:at, :time), sender = :who, channel ="
	    " :channel, sent_to = :to, receipt = :receipt, sent_text = :what WHERE incident ="
	    " :incident AND name = :clock;" WARNED ";" EVENT(TITLE " || ': ' || :channel ||"
	    " ', ' || :to || coalesce(', ' || :receipt, '') || coalesce(char(10) || :what, '')"),
	    .then = THEN_INCIDENT },
	{ .name = "notice-receipt", .path = "/api/incidents/{incident}/clocks/{clock}/receipt",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_CLOCK, P_AT, P_WHAT,
	    { .name = "receipt", .kind = PART_LINE, .required = true } },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") NO_CLOCK " WHEN (SELECT stopped"
	    THE_CLOCK ") IS NULL THEN 'clock-runs'" AHEAD(":at") " END",
	    .apply = "UPDATE clock SET receipt = :receipt WHERE incident = :incident AND name ="
	    " :clock;" EVENT(TITLE " || ': ' || :receipt"), .then = THEN_INCIDENT },
	{ .name = "clock-waive", .path = "/api/incidents/{incident}/clocks/{clock}/waive",
	    .rights = DESK_HEAD, .param = { P_INCIDENT, P_CLOCK, P_WHAT_NEEDED },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") NO_CLOCK " WHEN (SELECT stopped"
	    THE_CLOCK ") IS NOT NULL THEN 'clock-stopped' END",
	    .apply = "UPDATE clock SET dropped = :time, waiver = :who, waived = :what WHERE"
	    " incident = :incident AND name = :clock;" WARNED ";" EVENT(TITLE
	    " || ': ' || :what"), .then = THEN_INCIDENT },
	{ .name = "clock-warn", .param = { P_INCIDENT, P_CLOCK,
	    { .name = "before", .kind = PART_NUMBER, .required = true },
	    { .name = "at", .kind = PART_TIME }, { .name = "exercise", .kind = PART_FLAG },
	    { .name = "to", .kind = PART_WORDS } },
	    /* What should have been told earlier was told by this. */
	    .apply = WARNED " AND before >= :before;"
	    EVENT_OF(":incident", TITLE " || ', ' || here(:at)", "NULL")
	    NOTICE_PUT("'clock'", ":incident", ":clock", "0", ":before", ":to") },
	{ .name = NULL },
};

static const struct part_view views[] = {
	{ .path = "/api/clocks", .rights = DESK_READ, .param = { P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM clock WHERE " RUNS "),"
	    " 'clocks', (SELECT json_group_array(json_object('incident', incident, 'clock', name,"
	    " 'title', CASE :lang WHEN 'en' THEN english ELSE title END,"
	    " 'due', stamp(due), 'left', (due - :now) / 1000000000, 'recipient', recipient,"
	    " 'law', law, 'article', article, 'status', status, 'exercise', (SELECT exercise"
	    " FROM incident i WHERE i.id = incident))) FROM (SELECT * FROM clock WHERE " RUNS
	    " ORDER BY due LIMIT min(:limit, 1000) OFFSET :offset)))" },
	{ .path = NULL },
};

/* Of one clock the last that is due: who comes back after a night is told once. */
static const struct part_timer timers[] = {
	{ "clock-warn",
	    "SELECT w.incident incident, w.clock clock, w.before before, stamp(c.due) at,"
	    " (SELECT nullif(exercise, 0) FROM incident i WHERE i.id = w.incident) exercise, "
	    NOTICE_ON_DUTY " \"to\" FROM"
	    " clock_warn w JOIN clock c ON c.incident = w.incident AND c.name = w.clock WHERE"
	    " w.done IS NULL AND w.at <= :now AND " RUNS " ORDER BY w.at DESC LIMIT 1" },
	{ NULL, NULL },
};

const struct part part_deadlines = { .name = "deadlines", .schema = schema, .act = acts,
	.view = views, .timer = timers,
	.open = "SELECT 'deadline', incident || ' ' || name, 0, title || ': ' || recipient, due"
	    " FROM clock WHERE " RUNS };
