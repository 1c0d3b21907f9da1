/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From one shift to the next: who leaves hands over what is open, as it was at that moment and with
 * the last checkpoint's short form; another person takes it. And what is told of duty as a whole:
 * how it stands now, and the duty book (sổ trực) of a time.
 *
 *	begin --accept--> taken over
 *	     \--cancel--> as if it had not been begun
 */
#include "desk/part.h"

#include "desk/desk.h"
#include "desk/dutysql.h"

static const char schema[] =
    "CREATE TABLE handover(handover INTEGER PRIMARY KEY, tier TEXT, leaver TEXT, begun INT,"
    " begun_by TEXT, note TEXT, sealed TEXT, alerts INT, incidents INT, matters TEXT,"
    " comer TEXT, accepted INT, accepted_by TEXT, remark TEXT, cancelled INT, why TEXT);"
    "CREATE INDEX handover_tier ON handover(tier, begun);"
    "CREATE INDEX handover_waiting ON handover(begun) WHERE accepted IS NULL AND cancelled IS"
    " NULL;"
    "CREATE VIEW duty_count(contacts, fresh, nobody) AS SELECT (SELECT count(*) FROM contact"
    " WHERE removed IS NULL), count(*), coalesce(sum(nobody), 0) FROM alert_key"
    " WHERE calls;";

#define TIER { .name = "tier", .kind = PART_WORD, .required = true, .most = 32 }
#define HANDOVER { .name = "handover", .kind = PART_NUMBER, .required = true }
#define WAITING "accepted IS NULL AND cancelled IS NULL"

#define HANDOVER_WRONG \
    " WHEN NOT EXISTS(SELECT 1 FROM handover WHERE handover = :handover) THEN 'no-handover'" \
    " WHEN NOT EXISTS(SELECT 1 FROM handover WHERE handover = :handover AND " WAITING ") THEN" \
    " 'handover-done'"

static const struct part_act acts[] = {
	{ .name = "handover-begin", .path = "/api/handovers", .rights = DESK_ACT,
	    .param = { TIER, DUTY_SIGNER, { .name = "what", .kind = PART_TEXT } },
	    .guard = "SELECT CASE WHEN " DUTY_NO_TIER " THEN 'no-tier'" DUTY_SIGNER_WRONG " WHEN"
	    " EXISTS(SELECT 1 FROM handover WHERE tier = :tier AND " WAITING ") THEN"
	    " 'handover-open' END",
	    .fill = "WITH open AS MATERIALIZED (SELECT * FROM open_matter) SELECT (SELECT"
	    " coalesce(max(handover), 0) + 1 FROM handover) handover, " DUTY_SIGNER_FILL ","
	    " coalesce(:sealed, 'unknown') checkpoint, (SELECT count(*) FROM open WHERE kind ="
	    " 'alert') alerts, (SELECT count(*) FROM open WHERE kind = 'incident') incidents,"
	    " (SELECT json_group_array(json_object('kind', kind, 'id', id, 'level', level,"
	    " 'title', substr(title, 1, 300), 'since', stamp(since))) FROM (SELECT * FROM open"
	    " ORDER BY kind = 'incident' DESC, level DESC, since, id LIMIT 200)) matters",
	    .apply = "INSERT INTO handover(handover, tier, leaver, begun, begun_by, note, sealed,"
	    " alerts, incidents, matters) VALUES(:handover, :tier, :person, :time, :who, :what,"
	    " :checkpoint, CAST(:alerts AS INT), CAST(:incidents AS INT), iif(json_valid(:matters),"
	    " :matters, '[]'));" DUTY_NOTE("handover", ":handover", ":tier || ', ' || :person || '"
	    " -> ?'"), .then = "/api/handovers/{handover}" },
	{ .name = "handover-accept", .path = "/api/handovers/{handover}/accept",
	    .rights = DESK_ACT, .param = { HANDOVER, DUTY_SIGNER, { .name = "what",
	    .kind = PART_TEXT } },
	    .guard = "SELECT CASE" HANDOVER_WRONG DUTY_SIGNER_WRONG " WHEN (SELECT leaver FROM"
	    " handover WHERE handover = :handover) = " DUTY_SIGNER_NOW " THEN 'same-person' END",
	    .fill = "SELECT " DUTY_SIGNER_FILL ", leaver, tier FROM handover WHERE handover ="
	    " :handover",
	    .apply = "UPDATE handover SET comer = :person, accepted = :time, accepted_by = :who,"
	    " remark = :what WHERE handover = :handover AND " WAITING ";"
	    DUTY_NOTE("handover", ":handover", ":tier || ', ' || :leaver || ' -> ' || :person"),
	    .then = "/api/handovers/{handover}" },
	{ .name = "handover-cancel", .path = "/api/handovers/{handover}/cancel",
	    .rights = DESK_ACT, .param = { HANDOVER, { .name = "what", .kind = PART_TEXT,
	    .required = true } },
	    .guard = "SELECT CASE" HANDOVER_WRONG " END",
	    .apply = "UPDATE handover SET cancelled = :time, why = :what WHERE handover ="
	    " :handover AND " WAITING ";" DUTY_NOTE("handover", ":handover", ":what"),
	    .then = "/api/handovers/{handover}" },
	/* A line of the duty book. */
	{ .name = "duty-note", .path = "/api/duty/notes", .rights = DESK_ACT,
	    .param = { { .name = "what", .kind = PART_TEXT, .required = true } },
	    .apply = DUTY_NOTE("note", "NULL", ":what"), .then = "/api/duty/book" },
	{ .name = NULL },
};

#define NAME(person) "(SELECT name FROM contact WHERE person = " person ")"
#define LATE "(" WAITING " AND begun < :now - " DUTY_RULE("handover", "1800000000000") ")"
#define HEAD_JSON \
    "'handover', handover, 'tier', tier, 'tier_title', (SELECT title FROM duty_role WHERE name =" \
    " tier), 'leaver', leaver, 'leaver_name', " NAME("leaver") ", 'begun', stamp(begun)," \
    " 'begun_by', begun_by, 'note', note, 'checkpoint', sealed, 'alerts', alerts, 'incidents'," \
    " incidents, 'comer', comer, 'comer_name', " NAME("comer") ", 'accepted', stamp(accepted)," \
    " 'accepted_by', accepted_by, 'remark', remark, 'cancelled', stamp(cancelled), 'why', why," \
    " 'state', CASE WHEN cancelled IS NOT NULL THEN 'cancelled' WHEN accepted IS NOT NULL THEN" \
    " 'accepted' ELSE 'waiting' END, 'late', " DUTY_BOOL(LATE)
#define HANDOVER_WHERE " WHERE :state = 'all' OR (:state = 'waiting' AND " WAITING ")"
/* Since the hand-over before: of the tier, accepted. */
#define BEFORE \
    "coalesce((SELECT max(p.begun) FROM handover p WHERE p.tier = h.tier AND p.accepted IS NOT" \
    " NULL AND p.begun < h.begun), h.begun - " DUTY_DAY_NS ")"
#define ENTRY_JSON \
    "json_object('time', stamp(time), 'kind', kind, 'id', CAST(id AS TEXT), 'who', who, 'act'," \
    " act, 'text', text)"
#define PAGE { .name = "limit", .kind = PART_NUMBER, .otherwise = "100" }, \
	    { .name = "offset", .kind = PART_NUMBER, .otherwise = "0" }

#define BOOK_START "coalesce(:start, coalesce(:end, :now) - " DUTY_DAY_NS ")"
#define BOOK_END "coalesce(:end, :now)"
#define BOOK_WHERE \
    " WHERE time >= " BOOK_START " AND time <= " BOOK_END " AND (:kind IS NULL OR kind = :kind)"

#define AHEAD "(SELECT t FROM ahead)"
#define SHIFTS(which) \
    "(SELECT json_group_array(json(j)) FROM (SELECT " DUTY_SHIFT_JSON " j FROM shift_told WHERE" \
    " tier = r.name AND removed IS NULL AND " which " ORDER BY start, shift))"

static const struct part_view views[] = {
	/* How duty stands: who is on it, who comes, what is missing. */
	{ .path = "/api/duty", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "WITH ahead(t) AS (SELECT :now + " DUTY_RULE("gaps", "14 * " DUTY_DAY_NS)
	    ") SELECT json_object('now', stamp(:now), 'tiers', (SELECT json_group_array(json(j))"
	    " FROM (SELECT json_object('tier', name, 'title', title, 'english', english, 'now',"
	    " json(" SHIFTS("start <= :now AND until > :now AND start > :now - 7 * " DUTY_DAY_NS)
	    "), 'next', json(" SHIFTS("start = (SELECT min(start) FROM shift WHERE tier = r.name"
	    " AND removed IS NULL AND start > :now)") ")) j FROM duty_role r WHERE is_tier ORDER"
	    " BY name = 'technical' DESC, name)), 'ahead', stamp(" AHEAD "), 'gaps', "
	    DUTY_GAPS(":now", AHEAD) ", 'overlaps', " DUTY_OVERLAPS(":now", AHEAD) ", 'holidays', "
	    DUTY_HOLIDAYS(":now", AHEAD) ", 'handovers', (SELECT json_group_array(json(j)) FROM"
	    " (SELECT json_object(" HEAD_JSON ") j FROM handover WHERE " WAITING " ORDER BY"
	    " begun)), 'alerts_new', fresh, 'alerts_nobody', nobody, 'contacts', contacts) FROM"
	    " duty_count" },
	{ .path = "/api/handovers", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "all" }, PAGE },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM handover" HANDOVER_WHERE
	    "), 'handovers', (SELECT json_group_array(json(j)) FROM (SELECT json_object(" HEAD_JSON
	    ") j FROM handover" HANDOVER_WHERE " ORDER BY begun DESC, handover DESC LIMIT"
	    " min(:limit, 1000) OFFSET :offset)))" },
	/* The sheet. */
	{ .path = "/api/handovers/{handover}", .rights = DESK_READ, .param = { HANDOVER },
	    .sql = "SELECT json_object(" HEAD_JSON ", 'matters', json(matters), 'since', stamp("
	    BEFORE "), 'book', (SELECT json_group_array(json(j)) FROM (SELECT " ENTRY_JSON " j"
	    " FROM book_entry WHERE time > " BEFORE " AND time < h.begun ORDER BY time, seq LIMIT"
	    " 500)), 'shifts', (SELECT json_group_array(json(j)) FROM (SELECT " DUTY_SHIFT_JSON
	    " j FROM shift_told s WHERE s.tier = h.tier AND removed IS NULL AND start < h.begun +"
	    " " DUTY_DAY_NS " AND until > h.begun - 3600000000000 ORDER BY start, shift LIMIT"
	    " 20))) FROM handover h WHERE handover = :handover" },
	{ .path = "/api/duty/book", .rights = DESK_READ, .param = {
	    { .name = "start", .kind = PART_TIME }, { .name = "end", .kind = PART_TIME },
	    { .name = "kind", .kind = PART_WORD }, PAGE },
	    .sql = "SELECT json_object('start', stamp(" BOOK_START "), 'end', stamp(" BOOK_END
	    "), 'total', (SELECT count(*) FROM book_entry" BOOK_WHERE "), 'entries', (SELECT"
	    " json_group_array(json(j)) FROM (SELECT " ENTRY_JSON " j FROM book_entry" BOOK_WHERE
	    " ORDER BY time DESC, seq DESC LIMIT min(:limit, 1000) OFFSET :offset)))" },
	{ .path = NULL },
};

const struct part part_handover = { .name = "handover", .schema = schema, .act = acts,
	.view = views };
