/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Incidents: opened from an alert or by hand, judged by the pack's questions, noted, merged, closed
 * with a cause. What hangs on them is in deadline.c, task.c and custody.c; the questions about them
 * are in incident_views.c.
 *
 *	open --close--> closed --reopen--> open		after close: notes and reopen, no more
 *	  \---merge---> merged				what it had is the other's
 *
 * Until somebody has judged how bad it is, the clocks of the worst run.
 */
#include "desk/incident_int.h"

static const char schema[] =
    "CREATE TABLE incident(id TEXT PRIMARY KEY, title TEXT, known TEXT, how TEXT, teller TEXT,"
    " alert TEXT, unit TEXT, system TEXT, level INT, profile TEXT, t0 INT, occurred INT,"
    " personal INT, exercise INT, opened INT, opener TEXT, state TEXT DEFAULT 'open',"
    " severity INT, severity_title TEXT, severity_english TEXT, answers TEXT, reasons TEXT,"
    " pack TEXT, pack_version TEXT, classified INT, classifier TEXT, closed INT, closer TEXT,"
    " sure TEXT, cause TEXT, remedy TEXT, lessons TEXT, into_id TEXT) WITHOUT ROWID;"
    "CREATE INDEX incident_state ON incident(state, opened);"
    "CREATE INDEX incident_into ON incident(into_id) WHERE into_id IS NOT NULL;"
    "CREATE TABLE incident_event(incident TEXT, seq INT, time INT, who TEXT, act TEXT,"
    " text TEXT, at INT, PRIMARY KEY(incident, seq)) WITHOUT ROWID;"
    "CREATE INDEX incident_event_time ON incident_event(time);"
    "CREATE TABLE incident_alert(incident TEXT, alert TEXT, PRIMARY KEY(incident, alert))"
    " WITHOUT ROWID;"
    "CREATE TABLE incident_touched(incident TEXT, seq INT, kind TEXT, name TEXT, text TEXT,"
    " PRIMARY KEY(incident, seq)) WITHOUT ROWID;";

/* An alert whose incident was opened has been taken. */
#define ALERT_TAKE \
    "INSERT OR IGNORE INTO alert_done(id) SELECT :alert WHERE :alert IS NOT NULL;" \
    "UPDATE alert_done SET incident = :incident, taken = coalesce(taken, :time)," \
    " taker = coalesce(taker, :who), state = CASE state WHEN 'new' THEN 'taken' ELSE state END" \
    " WHERE id = :alert;" \
    "INSERT OR IGNORE INTO incident_alert SELECT :incident, :alert WHERE :alert IS NOT NULL;"
#define ALERT_FREE \
    " WHEN NOT EXISTS(SELECT 1 FROM alert WHERE id = :alert) THEN 'no-alert'" \
    " WHEN (SELECT incident FROM alert_done WHERE id = :alert) IS NOT NULL THEN" \
    " 'alert-elsewhere'"
#define P_ALERT { .name = "alert", .kind = PART_WORD, .required = true, .most = 32 }

/* A later pack may not know the profile that an incident was opened with. */
#define NO_PROFILE \
    " WHEN NOT EXISTS(SELECT 1 FROM pack) THEN 'no-pack'" \
    " WHEN NOT EXISTS(SELECT 1 FROM pack_severity s JOIN incident i ON i.profile = s.profile" \
    " WHERE i.id = :incident) THEN 'no-profile'"

#define ACT_OPEN \
	{ .name = "incident-open", .path = "/api/incidents", .rights = DESK_ACT, .param = { \
	    { .name = "alert", .kind = PART_WORD, .most = 32 }, \
	    { .name = "title", .kind = PART_LINE, .required = true, .most = 300 }, \
	    { .name = "t0", .kind = PART_TIME, .required = true }, \
	    { .name = "occurred", .kind = PART_TIME }, { .name = "personal", .kind = PART_TIME }, \
	    P_WHAT_NEEDED, { .name = "how", .kind = PART_WORD }, \
	    { .name = "teller", .kind = PART_LINE }, { .name = "unit", .kind = PART_LINE }, \
	    { .name = "system", .kind = PART_LINE }, { .name = "level", .kind = PART_NUMBER }, \
	    { .name = "profile", .kind = PART_WORD }, \
	    { .name = "exercise", .kind = PART_FLAG } }, \
	    .guard = "SELECT CASE WHEN NOT EXISTS(SELECT 1 FROM pack) THEN 'no-pack'" \
	    AHEAD(":t0") AHEAD(":occurred") AHEAD(":personal") \
	    " WHEN :alert IS NULL AND (:how IS NULL OR :teller IS NULL) THEN 'how-missing'" \
	    " WHEN :how NOT IN ('phone', 'letter', 'citizen', 'body', 'found', 'other') THEN" \
	    " 'bad-how' WHEN :level NOT BETWEEN 1 AND 5 THEN 'bad-level'" \
	    " WHEN :profile IS NOT NULL AND NOT EXISTS(SELECT 1 FROM pack_severity WHERE" \
	    " profile = :profile) THEN 'no-profile' WHEN :alert IS NULL THEN NULL" ALERT_FREE \
	    " END", \
	    .fill = "SELECT " NEXT_ID("SC", "incident") " incident, coalesce(:profile, " \
	    "profile) rules," \
	    CLOCKS(MINUTE(":t0"), ":personal", "99", "coalesce(:profile, pack.profile)") \
	    " clocks FROM pack", \
	    .apply = "INSERT OR IGNORE INTO incident(id, title, known, how, teller, alert, unit," \
	    " system, level, profile, t0, occurred, personal, exercise, opened, opener) VALUES(" \
	    ":incident, :title, :what, coalesce(:how, 'alert'), :teller, :alert, :unit, :system," \
	    " :level, :rules, " MINUTE(":t0") ", :occurred, :personal, coalesce(:exercise, 0)," \
	    " :time, :who);" ALERT_TAKE CLOCKS_SET(":incident") EVENT_OF(":incident", ":what", \
	    MINUTE(":t0")), .then = THEN_INCIDENT }

/* What counts of the questions: not answered no, nor what it needs; what nobody knows counts. */
#define ANSWERED \
    "WITH i AS (SELECT * FROM incident WHERE id = :incident), r AS (SELECT q.*," \
    " coalesce(:answer ->> q.name, 'unsure') said FROM pack_question q, i WHERE q.profile IN" \
    " (i.profile, 'any') AND coalesce(:answer ->> q.name, 'unsure') <> 'no' AND (q.needs IS" \
    " NULL OR coalesce(:answer ->> q.needs, 'unsure') <> 'no')), l AS (SELECT max(coalesce((" \
    "SELECT max(level) FROM r), 0), coalesce(:raise, 0), (SELECT min(s.level) FROM" \
    " pack_severity s, i WHERE s.profile = i.profile)) level) "

#define ACT_SEVERITY \
	{ .name = "incident-severity", .path = "/api/incidents/{incident}/severity", \
	    .rights = DESK_ACT, .param = { P_INCIDENT, \
	    { .name = "answer.", .kind = PART_WORD, .most = 16 }, \
	    { .name = "raise", .kind = PART_NUMBER }, P_WHAT }, \
	    .guard = ANSWERED "SELECT CASE" NOT_OPEN(":incident") \
	    NO_PROFILE " WHEN EXISTS(SELECT 1 FROM json_each(:answer) WHERE key NOT IN " \
	    "(SELECT q.name FROM" \
	    " pack_question q, i WHERE q.profile IN (i.profile, 'any'))) THEN 'no-question'" \
	    " WHEN EXISTS(SELECT 1 FROM json_each(:answer) WHERE value NOT IN ('yes', 'no'," \
	    " 'unsure')) THEN 'bad-answer'" \
	    " WHEN :raise IS NOT NULL AND NOT EXISTS(SELECT 1 FROM pack_severity s, i WHERE" \
	    " s.profile = i.profile AND s.level = :raise) THEN 'no-severity'" \
	    " WHEN :what IS NULL AND (SELECT l.level < i.severity FROM l, i) THEN 'why-lower'" \
	    " WHEN :what IS NULL AND :raise IS NOT NULL THEN 'why-higher' END", \
	    .fill = ANSWERED "SELECT l.level severity, s.title severity_title," \
	    " s.english severity_english, (SELECT json_group_array(json_object('question', name," \
	    " 'title', title, 'english', english, 'said', said)) FROM (SELECT * FROM r WHERE" \
	    " r.level = l.level ORDER BY number)) reasons, p.name pack, p.version pack_version," \
	    CLOCKS("i.t0", "i.personal", "l.level", "i.profile") " clocks FROM l, i, pack p," \
	    " pack_severity s WHERE s.profile = i.profile AND s.level = l.level", \
	    .apply = "UPDATE incident SET severity = :severity, severity_title =" \
	    " :severity_title, severity_english = :severity_english, answers = :answer," \
	    " reasons = :reasons, pack = :pack, pack_version = :pack_version," \
	    " classified = :time, classifier = :who WHERE id = :incident;" \
	    CLOCKS_SET(":incident") EVENT(":severity_title || coalesce(': ' || :what, '')"), \
	    .then = THEN_INCIDENT }

#define ACT_TIME \
	{ .name = "incident-time", .path = "/api/incidents/{incident}/time", \
	    .rights = DESK_ACT, .param = { P_INCIDENT, { .name = "t0", .kind = PART_TIME }, \
	    { .name = "personal", .kind = PART_TIME }, P_WHAT_NEEDED }, \
	    .guard = "SELECT CASE" NOT_OPEN(":incident") NO_PROFILE AHEAD(":t0") \
	    AHEAD(":personal") \
	    " WHEN :t0 IS NULL AND :personal IS NULL THEN 'no-time' END", \
	    .fill = "SELECT" CLOCKS("coalesce(" MINUTE(":t0") ", i.t0)", \
	    "coalesce(:personal, i.personal)", "coalesce(i.severity, 99)", "i.profile") \
	    " clocks FROM incident i WHERE id = :incident", \
	    .apply = "UPDATE incident SET t0 = coalesce(" MINUTE(":t0") ", t0), personal =" \
	    " coalesce(:personal, personal) WHERE id = :incident;" CLOCKS_SET(":incident") \
	    EVENT_OF(":incident", ":what", "coalesce(" MINUTE(":t0") ", :personal)"), \
	    .then = THEN_INCIDENT }

#define ACT_MERGE \
	{ .name = "incident-merge", .path = "/api/incidents/{incident}/merge", \
	    .rights = DESK_ACT, .param = { P_INCIDENT, \
	    { .name = "into", .kind = PART_LINE, .required = true, .most = 16 }, \
	    P_WHAT_NEEDED }, \
	    .guard = "SELECT CASE" NOT_OPEN(":incident") NOT_OPEN(":into") \
	    " WHEN :into = :incident THEN 'merge-self'" \
	    " WHEN (SELECT exercise FROM incident WHERE id = :into) <> (SELECT exercise FROM" \
	    " incident WHERE id = :incident) THEN 'merge-exercise' END", \
	    /* What was found first counts, and what was judged worse. */ \
	    .fill = "SELECT" CLOCKS("min(a.t0, b.t0)", "coalesce(min(a.personal, b.personal)," \
	    " a.personal, b.personal)", "max(coalesce(b.severity, 99)," \
	    " coalesce(a.severity, b.severity, 99))", "b.profile") " clocks FROM incident a," \
	    " incident b WHERE a.id = :incident AND b.id = :into", \
	    .apply = "UPDATE incident AS b SET t0 = min(b.t0, a.t0), personal =" \
	    " coalesce(min(b.personal, a.personal), b.personal, a.personal), severity =" \
	    " max(b.severity, coalesce(a.severity, b.severity)), severity_title = CASE WHEN " \
	    "a.severity >" \
	    " b.severity THEN a.severity_title ELSE b.severity_title END, severity_english =" \
	    " CASE WHEN a.severity > b.severity THEN a.severity_english ELSE b.severity_english" \
	    " END FROM (SELECT * FROM incident WHERE id = :incident) a WHERE b.id = :into;" \
	    "UPDATE incident SET state = 'merged', into_id = :into, closed = :time, closer =" \
	    " :who WHERE id = :incident;" \
	    "UPDATE incident SET into_id = :into WHERE into_id = :incident;" \
	    "UPDATE clock SET dropped = :time WHERE incident = :incident AND " RUNS ";" \
	    "UPDATE clock_warn SET done = :time WHERE incident = :incident AND done IS NULL;" \
	    "UPDATE alert_done SET incident = :into WHERE id IN (SELECT alert FROM" \
	    " incident_alert WHERE incident = :incident);" \
	    "UPDATE OR IGNORE incident_alert SET incident = :into WHERE incident = :incident;" \
	    "UPDATE task SET incident = :into WHERE incident = :incident;" \
	    "UPDATE evidence SET incident = :into WHERE incident = :incident;" \
	    "UPDATE incident_touched SET incident = :into WHERE incident = :incident;" \
	    CLOCKS_SET(":into") EVENT(":into || ': ' || :what") \
	    EVENT_OF(":into", ":incident || ': ' || :what", "NULL"), \
	    .then = "/api/incidents/{into}" }

#define ACT_CLOSE \
	{ .name = "incident-close", .path = "/api/incidents/{incident}/close", \
	    .rights = DESK_ACT, .param = { P_INCIDENT, \
	    { .name = "sure", .kind = PART_WORD, .required = true }, \
	    { .name = "cause", .kind = PART_TEXT, .required = true }, \
	    { .name = "remedy", .kind = PART_TEXT, .required = true }, \
	    { .name = "lessons", .kind = PART_TEXT, .required = true }, P_WHAT }, \
	    .guard = "SELECT CASE" NOT_OPEN(":incident") \
	    " WHEN :sure NOT IN ('sure', 'likely', 'guess') THEN 'bad-sure'" \
	    " WHEN (SELECT severity FROM incident WHERE id = :incident) IS NULL THEN" \
	    " 'not-classified'" \
	    " WHEN EXISTS(SELECT 1 FROM clock WHERE incident = :incident AND " RUNS ") THEN" \
	    " 'clocks-run'" \
	    " WHEN EXISTS(SELECT 1 FROM task WHERE incident = :incident AND state = 'open') THEN" \
	    " 'tasks-open' END", \
	    .apply = "UPDATE incident SET state = 'closed', closed = :time, closer = :who, sure =" \
	    " :sure, cause = :cause, remedy = :remedy, lessons = :lessons WHERE id = :incident;" \
	    EVENT(":cause"), .then = THEN_INCIDENT }

/* What has nothing but a text: a line of the timeline. */
#define ACT_LINE(NAME, PATH, RIGHTS, GUARD, TEXT) \
	{ .name = NAME, .path = "/api/incidents/{incident}/" PATH, .rights = RIGHTS, \
	    .param = { P_INCIDENT, P_WHAT_NEEDED, P_AT, { .name = "by", .kind = PART_LINE } }, \
	    .guard = "SELECT CASE" GUARD(":incident") AHEAD(":at") " END", \
	    .apply = EVENT(TEXT), .then = THEN_INCIDENT }
#define BY_WHOM		"coalesce(:by || ': ', '') || :what"

static const struct part_act acts[] = {
	ACT_OPEN,
	ACT_SEVERITY,
	ACT_TIME,
	ACT_LINE("incident-note", "note", DESK_ACT, NO_INCIDENT, BY_WHOM),
	ACT_LINE("incident-decision", "decision", DESK_ACT, NOT_OPEN, BY_WHOM),
	ACT_LINE("incident-instruction", "instruction", DESK_HEAD, NOT_OPEN, BY_WHOM),
	{ .name = "incident-alert", .path = "/api/incidents/{incident}/alerts/{alert}/add",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_ALERT, P_WHAT },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") ALERT_FREE " END",
	    .apply = ALERT_TAKE EVENT("(SELECT message FROM alert WHERE id = :alert)"),
	    .then = THEN_INCIDENT },
	{ .name = "incident-alert-remove",
	    .path = "/api/incidents/{incident}/alerts/{alert}/remove", .rights = DESK_ACT,
	    .param = { P_INCIDENT, P_ALERT, P_WHAT_NEEDED },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") " WHEN NOT EXISTS(SELECT 1 FROM"
	    " incident_alert WHERE incident = :incident AND alert = :alert) THEN 'no-alert' END",
	    .apply = "DELETE FROM incident_alert WHERE incident = :incident AND alert = :alert;"
	    "UPDATE alert_done SET incident = NULL WHERE id = :alert;" EVENT(":what"),
	    .then = THEN_INCIDENT },
	{ .name = "incident-touch", .path = "/api/incidents/{incident}/touch",
	    .rights = DESK_ACT, .param = { P_INCIDENT,
	    { .name = "kind", .kind = PART_WORD, .required = true },
	    { .name = "name", .kind = PART_LINE, .required = true }, P_WHAT, P_AT },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") " WHEN :kind NOT IN ('person',"
	    " 'account', 'host', 'address', 'system', 'data', 'other') THEN 'bad-kind' END",
	    .apply = "INSERT OR IGNORE INTO incident_touched VALUES(:incident, :seq, :kind,"
	    " :name, :what);" EVENT(":name || coalesce(': ' || :what, '')"),
	    .then = THEN_INCIDENT },
	{ .name = "exercise-minutes", .path = "/api/incidents/{incident}/minutes",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_WHAT_NEEDED, P_AT,
	    { .name = "people", .kind = PART_TEXT, .required = true } },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") " WHEN (SELECT exercise FROM incident"
	    " WHERE id = :incident) = 0 THEN 'no-exercise'" AHEAD(":at") " END",
	    .apply = EVENT(":people || char(10) || :what"), .then = THEN_INCIDENT },
	ACT_MERGE,
	ACT_CLOSE,
	{ .name = "incident-reopen", .path = "/api/incidents/{incident}/reopen",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_WHAT_NEEDED },
	    .guard = "SELECT CASE" NO_INCIDENT(":incident") " WHEN (SELECT state FROM incident"
	    " WHERE id = :incident) <> 'closed' THEN 'not-closed' END",
	    .apply = "UPDATE incident SET state = 'open', closed = NULL, closer = NULL WHERE id ="
	    " :incident;" EVENT(":what"), .then = THEN_INCIDENT },
	{ .name = NULL },
};

const struct part part_incidents = { .name = "incidents", .schema = schema, .act = acts,
	.view = incident_views,
	.open = "SELECT 'incident', id, coalesce(severity, 0), title, t0 FROM incident WHERE"
	    " state = 'open'",
	.book = "SELECT time, 'incident', incident, who, act, text, seq FROM incident_event" };
