/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parts of incidents share: incident.c has the tables, deadline.c, task.c, custody.c and
 * demand.c what hangs on an incident. Inside of room desk only. Macros, as SQL is put together at
 * compile time. WHICH is the SQL of an incident's id.
 */
#ifndef DESK_INCIDENT_INT_H
#define DESK_INCIDENT_INT_H

#include "desk/desk.h"
#include "desk/part.h"

#define P_INCIDENT	{ .name = "incident", .kind = PART_LINE, .required = true, .most = 16 }
#define P_WHAT		{ .name = "what", .kind = PART_TEXT }
#define P_WHAT_NEEDED	{ .name = "what", .kind = PART_TEXT, .required = true }
#define P_AT		{ .name = "at", .kind = PART_TIME }
#define P_LIMITS	{ .name = "limit", .kind = PART_NUMBER, .otherwise = "100" }, \
	{ .name = "offset", .kind = PART_NUMBER, .otherwise = "0" }

#define THEN_INCIDENT	"/api/incidents/{incident}"

/* Branches of a guard's CASE. */
#define NO_INCIDENT(WHICH) \
    " WHEN NOT EXISTS(SELECT 1 FROM incident WHERE id = " WHICH ") THEN 'no-incident'"
#define NOT_OPEN(WHICH) NO_INCIDENT(WHICH) \
    " WHEN (SELECT state FROM incident WHERE id = " WHICH ") = 'merged' THEN 'incident-merged'" \
    " WHEN (SELECT state FROM incident WHERE id = " WHICH ") = 'closed' THEN 'incident-closed'"
#define AHEAD(TIME)	" WHEN " TIME " > :now THEN 'time-ahead'"

/* A line of the timeline; AT: when it was, where somebody said so. */
#define EVENT_OF(WHICH, TEXT, AT) \
    "INSERT OR IGNORE INTO incident_event VALUES(" WHICH ", :seq, :time, :who, :act, " TEXT ", " \
    AT ");"
#define EVENT(TEXT)	EVENT_OF(":incident", TEXT, ":at")

/* SC-2026-0001: the next of a table. The year is of UTC+7; '.' comes next behind '-'. */
#define YEAR		"strftime('%Y', :now / 1000000000 + 25200, 'unixepoch')"
#define NEXT_ID(LETTERS, TABLE) \
    "'" LETTERS "-' || " YEAR " || '-' || printf('%04d', 1 + coalesce((SELECT" \
    " max(CAST(substr(id, 9) AS INT)) FROM " TABLE " WHERE id > '" LETTERS "-' || " YEAR \
    " || '-' AND id < '" LETTERS "-' || " YEAR " || '.'), 0))"

/* T0 is to the minute. */
#define MINUTE(TIME)	"(" TIME " - " TIME " % 60000000000)"

/*
 * Deadlines as JSON, for a field `clocks`: what applies from LEVEL down, of RULES, by T0 and by
 * when the harm to personal data was found. Sealed with the act: a later pack changes none.
 */
#define CLOCKS(T0, PERSONAL, LEVEL, RULES) \
    "(SELECT json_group_array(json_object('clock', name, 'title', title, 'english', english," \
    " 'start', stamp(s), 'due', stamp(s + after), 'recipient', recipient, 'law', law," \
    " 'article', article, 'effective', effective, 'source', source, 'status', status, 'warn'," \
    " json(warn))) FROM (SELECT *, CASE starts WHEN 'personal' THEN " PERSONAL " ELSE " T0 \
    " END s FROM pack_clock WHERE profile IN (" RULES ", 'any') AND level <= " LEVEL \
    " ORDER BY after, name) WHERE s IS NOT NULL)"

/* Takes the field `clocks`: what was sent stays as it was, what applies no more is dropped. */
#define CLOCKS_SET(WHICH) \
    "INSERT INTO clock SELECT " WHICH ", value ->> 'clock', value ->> 'title'," \
    " value ->> 'english', ns(value ->> 'start'), ns(value ->> 'due'), value ->> 'recipient'," \
    " value ->> 'law', value ->> 'article', value ->> 'effective', value ->> 'source'," \
    " value ->> 'status', :seq, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL" \
    " FROM json_each(:clocks) WHERE true ON CONFLICT(incident, name) DO UPDATE SET" \
    " title = excluded.title, english = excluded.english, start = excluded.start," \
    " due = excluded.due, recipient = excluded.recipient, law = excluded.law," \
    " article = excluded.article, effective = excluded.effective, source = excluded.source," \
    " status = excluded.status, seq = excluded.seq, dropped = NULL WHERE stopped IS NULL AND" \
    " waiver IS NULL;" \
    "UPDATE clock SET dropped = :time WHERE incident = " WHICH " AND stopped IS NULL AND" \
    " dropped IS NULL AND name NOT IN (SELECT value ->> 'clock' FROM json_each(:clocks));" \
    "INSERT INTO clock_warn SELECT " WHICH ", c.value ->> 'clock', w.value," \
    " ns(c.value ->> 'due') - w.value * 1000000000, NULL FROM json_each(:clocks) c," \
    " json_each(c.value, '$.warn') w WHERE true ON CONFLICT(incident, clock, before) DO UPDATE" \
    " SET at = excluded.at, done = CASE WHEN at = excluded.at THEN done END;"

/* One that runs, of a table `clock`. */
#define RUNS		"stopped IS NULL AND dropped IS NULL"

/* JSON of rows. */
#define ARRAY(OBJECT, FROM) \
    "json((SELECT json_group_array(json_object(" OBJECT ")) FROM (SELECT * FROM " FROM ")))"

/* A word in the language of who asks. */
#define W(VI, EN)	"CASE :lang WHEN 'en' THEN '" EN "' ELSE '" VI "' END"

extern const struct part_view incident_views[];		/* incident_views.c */
extern const struct part_word incident_words[];		/* incident_words.c */
extern const struct part_load incident_load;		/* incident_pack.c */
extern const struct part part_incidents, part_incident_pack, part_deadlines, part_custody,
	part_tasks, part_demands, part_incident_pages;

#endif
