/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Electronic evidence of incidents: what it is, its SHA-256, and from hand to hand where it was
 * kept. Nothing here is ever taken back: what was written wrongly is noted.
 */
#include "desk/incident_int.h"

static const char schema[] =
    "CREATE TABLE evidence(number INTEGER PRIMARY KEY, incident TEXT, name TEXT, sha256 TEXT,"
    " text TEXT, added INT, adder TEXT);"
    "CREATE INDEX evidence_incident ON evidence(incident, number);"
    "CREATE TABLE custody(evidence INT, seq INT, giver TEXT, taker TEXT, place TEXT, at INT,"
    " who TEXT, text TEXT, PRIMARY KEY(evidence, seq)) WITHOUT ROWID;";

#define P_HANDS \
	{ .name = "giver", .kind = PART_LINE, .required = true }, \
	{ .name = "taker", .kind = PART_LINE, .required = true }, \
	{ .name = "place", .kind = PART_LINE, .required = true }
#define CUSTODY \
    "INSERT OR IGNORE INTO custody VALUES(:evidence, :seq, :giver, :taker, :place," \
    " coalesce(:at, :time), :who, :what);"
#define HANDED		":giver || ' -> ' || :taker || ', ' || :place"

static const struct part_act acts[] = {
	{ .name = "incident-evidence", .path = "/api/incidents/{incident}/evidence",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_HANDS, P_AT, P_WHAT,
	    { .name = "name", .kind = PART_LINE, .required = true },
	    { .name = "sha256", .kind = PART_WORD, .required = true, .most = 64 } },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") AHEAD(":at") " WHEN length(:sha256) <>"
	    " 64 OR :sha256 GLOB '*[^0-9a-f]*' THEN 'bad-sha256' END",
	    .fill = "SELECT coalesce(max(number), 0) + 1 evidence FROM evidence",
	    .apply = "INSERT OR IGNORE INTO evidence VALUES(:evidence, :incident, :name, :sha256,"
	    " :what, :time, :who);" CUSTODY EVENT(":name || ', SHA-256 ' || :sha256 || ', ' || "
	    HANDED), .then = THEN_INCIDENT },
	{ .name = "incident-custody", .path = "/api/incidents/{incident}/evidence/{evidence}/moved",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_HANDS, P_AT, P_WHAT,
	    { .name = "evidence", .kind = PART_NUMBER, .required = true } },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") " WHEN NOT EXISTS(SELECT 1 FROM evidence"
	    " WHERE number = :evidence AND incident = :incident) THEN 'no-evidence'" AHEAD(":at")
	    " WHEN coalesce(:at, :now) < (SELECT max(at) FROM custody WHERE evidence ="
	    " :evidence) THEN 'time-before'"
	    " WHEN :giver <> (SELECT taker FROM custody WHERE evidence = :evidence ORDER BY seq"
	    " DESC LIMIT 1) THEN 'not-holder' END",
	    .apply = CUSTODY EVENT("(SELECT name FROM evidence WHERE number = :evidence) || ', '"
	    " || " HANDED), .then = THEN_INCIDENT },
	{ .name = NULL },
};

static const struct part_view views[] = { { .path = NULL } };

const struct part part_custody = { .name = "custody", .schema = schema, .act = acts,
	.view = views };
