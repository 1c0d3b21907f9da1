/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Demands: what an authority wants to know or have, and what help a unit asks for: who, by when,
 * and what was answered.
 */
#include "desk/incident_int.h"
#include "desk/notice.h"

static const char schema[] =
    "CREATE TABLE demand(id TEXT PRIMARY KEY, kind TEXT, body TEXT, letter TEXT, text TEXT,"
    " received INT, due INT, incident TEXT, person TEXT, added INT, adder TEXT,"
    " answered INT, answerer TEXT, answer TEXT, channel TEXT, receipt TEXT,"
    " warned INT DEFAULT 0) WITHOUT ROWID;"
    "CREATE INDEX demand_due ON demand(due) WHERE answered IS NULL;";

#define P_REQUEST	{ .name = "request", .kind = PART_LINE, .required = true, .most = 16 }
/* Three quarters of the time are over; all of it is. */
#define WARN_AT(STEP)	"CASE " STEP " WHEN 0 THEN received + (due - received) / 4 * 3 ELSE due END"

static const struct part_act acts[] = {
	{ .name = "request-in", .path = "/api/requests", .rights = DESK_ACT, .param = {
	    { .name = "kind", .kind = PART_WORD, .required = true },
	    { .name = "body", .kind = PART_LINE, .required = true },
	    { .name = "letter", .kind = PART_LINE }, P_WHAT_NEEDED,
	    { .name = "received", .kind = PART_TIME, .required = true },
	    { .name = "due", .kind = PART_TIME },
	    { .name = "incident", .kind = PART_LINE, .most = 16 },
	    { .name = "person", .kind = PART_LINE } },
	    .guard = "SELECT CASE WHEN :kind NOT IN ('authority', 'help') THEN 'bad-request'"
	    AHEAD(":received") " WHEN :due <= :received THEN 'time-before' WHEN :incident IS NULL"
	    " THEN NULL" NO_INCIDENT(":incident") " END",
	    .fill = "SELECT " NEXT_ID("YC", "demand") " request",
	    .apply = "INSERT OR IGNORE INTO demand(id, kind, body, letter, text, received, due,"
	    " incident, person, added, adder) VALUES(:request, :kind, :body, :letter, :what,"
	    " :received, :due, :incident, :person, :time, :who);"
	    "INSERT OR IGNORE INTO incident_event SELECT :incident, :seq, :time, :who, :act,"
	    " :request || ' ' || :body || ': ' || :what, :received WHERE :incident IS NOT NULL;",
	    .then = "/api/requests/{request}" },
	{ .name = "request-answer", .path = "/api/requests/{request}/answer",
	    .rights = DESK_ACT, .param = { P_REQUEST, P_WHAT_NEEDED, P_AT,
	    { .name = "channel", .kind = PART_LINE, .required = true },
	    { .name = "receipt", .kind = PART_LINE } },
	    .guard = "SELECT CASE WHEN NOT EXISTS(SELECT 1 FROM demand WHERE id = :request) THEN"
	    " 'no-request' WHEN (SELECT answered FROM demand WHERE id = :request) IS NOT NULL"
	    " THEN 'request-over'" AHEAD(":at") " WHEN :at < (SELECT received FROM demand WHERE"
	    " id = :request) THEN 'time-before' END",
	    .apply = "UPDATE demand SET answered = coalesce(:at, :time), answerer = :who,"
	    " answer = :what, channel = :channel, receipt = :receipt WHERE id = :request;"
	    "INSERT OR IGNORE INTO incident_event SELECT incident, :seq, :time, :who, :act,"
	    " id || ': ' || :what, :at FROM demand WHERE id = :request AND incident IS NOT NULL;",
	    .then = "/api/requests/{request}" },
	{ .name = "request-warn", .param = { P_REQUEST,
	    { .name = "step", .kind = PART_NUMBER, .required = true },
	    { .name = "to", .kind = PART_WORDS } },
	    .apply = "UPDATE demand SET warned = :step WHERE id = :request;"
	    NOTICE_PUT("'request'", ":request", "''", "0", ":step", ":to") },
	{ .name = NULL },
};

#define DEMAND_JSON \
    "json_object('id', id, 'kind', kind, 'body', body, 'letter', letter, 'text', text," \
    " 'received', stamp(received), 'due', stamp(due), 'left', CASE WHEN answered IS NULL THEN" \
    " (due - :now) / 1000000000 END, 'incident', incident, 'person', person, 'adder', adder," \
    " 'answered', stamp(answered), 'answerer', answerer, 'answer', answer, 'channel', channel," \
    " 'receipt', receipt, 'late', CASE WHEN due IS NOT NULL THEN coalesce(answered, :now) > due" \
    " END)"
#define DEMAND_WHERE \
    " WHERE (:state = 'all' OR (:state = 'open' AND answered IS NULL)) AND (:kind IS NULL OR" \
    " kind = :kind)"

static const struct part_view views[] = {
	{ .path = "/api/requests", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" },
	    { .name = "kind", .kind = PART_WORD }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM demand" DEMAND_WHERE "),"
	    " 'requests', (SELECT json_group_array(json(j)) FROM (SELECT " DEMAND_JSON " j FROM"
	    " demand" DEMAND_WHERE " ORDER BY answered IS NOT NULL, due IS NULL, due, id DESC"
	    " LIMIT min(:limit, 1000) OFFSET :offset)))" },
	{ .path = "/api/requests/{request}", .rights = DESK_READ, .param = { P_REQUEST },
	    .sql = "SELECT " DEMAND_JSON " FROM demand WHERE id = :request" },
	{ .path = NULL },
};

static const struct part_timer timers[] = {
	{ "request-warn",
	    "SELECT id request, CASE WHEN due <= :now THEN 2 ELSE 1 END step, "
	    NOTICE_ON_DUTY " \"to\" FROM demand WHERE"
	    " answered IS NULL AND due IS NOT NULL AND warned < 2 AND " WARN_AT("warned")
	    " <= :now ORDER BY due LIMIT 1" },
	{ NULL, NULL },
};

const struct part part_demands = { .name = "demands", .schema = schema, .act = acts,
	.view = views, .timer = timers,
	.open = "SELECT 'request', id, 0, body || ': ' || text, received FROM demand WHERE answered"
	    " IS NULL" };
