/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Alerts: findings that wait for a person. A finding makes one; people take it, give it to
 * somebody, decide what it was, or mute what is like it for a while; the desk tells the next person
 * when nobody took it in time.
 *
 *	new --take--> taken --(real)--> done		state, of people
 *	  \--------------- (false) ----> false
 *	open --finding closed--> over			of what was found
 *
 * Who is told stands in the tables of duty.c and roster.c.
 */
#include "desk/part.h"

#include "desk/desk.h"
#include "desk/notice.h"

/* The first mute that an alert a is under. */
#define MUTED \
    "(SELECT m.number FROM mute m WHERE m.rule = a.rule AND a.opened >= m.since AND a.opened <" \
    " min(m.until, coalesce(m.ended, m.until)) AND (m.listener IS NULL OR m.listener =" \
    " a.listener) AND (m.peer IS NULL OR m.peer = a.peer) AND (m.host IS NULL OR m.host = a.host)" \
    " AND (m.subject IS NULL OR m.subject = a.subject) ORDER BY m.number LIMIT 1)"

/*
 * alert_key is what lists and timers look alerts up by, reckoned anew from the other tables
 * whenever one of them changes: whichever stream came first, it comes out the same. rank: those
 * that wait, that nobody took, that are open, by level. calls: somebody has to be told.
 */
#define KEY_SET(WHICH) \
    "DELETE FROM alert_key WHERE id IN (SELECT a.id FROM alert a WHERE " WHICH ");" \
    "INSERT INTO alert_key SELECT id, state, muted, level, rule, opened, step, nobody," \
    " 1000 * (state IN ('new', 'taken') AND muted IS NULL) + 100 * (state = 'new') + 10 *" \
    " (closed IS NULL) + level, state = 'new' AND closed IS NULL AND muted IS NULL FROM (SELECT" \
    " a.*, coalesce(d.state, 'new') state, coalesce(d.step, 0) step, coalesce(d.nobody, 0)" \
    " nobody, " MUTED " muted FROM alert a LEFT JOIN alert_done d ON d.id = a.id WHERE " WHICH ");"
#define KEY_OF(NAME, WHEN, WHICH) \
    "CREATE TRIGGER " NAME " AFTER " WHEN " BEGIN " KEY_SET(WHICH) " END;"
#define OF_MUTE	"a.rule = NEW.rule AND a.opened >= NEW.since AND a.opened < NEW.until"

static const char schema[] =
    "CREATE TABLE alert(id TEXT PRIMARY KEY, rule TEXT, version INT, level INT, unit INT,"
    " listener TEXT, peer TEXT, identity TEXT, host TEXT, subject TEXT, message TEXT,"
    " value INT, usual INT, measure TEXT, opened INT, last INT, closed INT, acts INT,"
    " from_ns INT, to_ns INT, from_seq INT, to_seq INT, seq INT, folded TEXT) WITHOUT ROWID;"
    "CREATE INDEX alert_rule ON alert(rule, opened);"
    "CREATE INDEX alert_text ON alert(id, folded);"
    /* What people did with it; no row: nothing yet. */
    "CREATE TABLE alert_done(id TEXT PRIMARY KEY, state TEXT DEFAULT 'new', taken INT,"
    " taker TEXT, assignee TEXT, decided INT, decider TEXT, reason TEXT, step INT DEFAULT 0,"
    " stepped INT, nobody INT, incident TEXT) WITHOUT ROWID;"
    "CREATE TABLE alert_note(seq INTEGER PRIMARY KEY, id TEXT, time INT, who TEXT, act TEXT,"
    " text TEXT);"
    "CREATE INDEX alert_note_id ON alert_note(id);"
    "CREATE INDEX alert_note_time ON alert_note(time);"
    /* NULL of another column than rule: whatever it is. */
    "CREATE TABLE mute(number INTEGER PRIMARY KEY, rule TEXT, listener TEXT, peer TEXT,"
    " host TEXT, subject TEXT, since INT, until INT, who TEXT, reason TEXT, ended INT);"
    "CREATE INDEX mute_rule ON mute(rule, since);"
    "CREATE TABLE alert_key(id TEXT PRIMARY KEY, state TEXT, muted INT, level INT, rule TEXT,"
    " opened INT, step INT, nobody INT, rank INT, calls INT) WITHOUT ROWID;"
    "CREATE INDEX alert_key_rank ON alert_key(rank DESC, opened DESC, id, state, muted, level,"
    " rule);"
    "CREATE INDEX alert_key_calls ON alert_key(level, step, nobody, opened, calls) WHERE"
    " calls;"
    "CREATE INDEX alert_key_muted ON alert_key(muted) WHERE muted IS NOT NULL;"
    KEY_OF("alert_made", "INSERT ON alert", "a.id = NEW.id")
    KEY_OF("alert_grew", "UPDATE ON alert", "a.id = NEW.id")
    KEY_OF("alert_begun", "INSERT ON alert_done", "a.id = NEW.id")
    KEY_OF("alert_went_on", "UPDATE ON alert_done", "a.id = NEW.id")
    KEY_OF("mute_made", "INSERT ON mute", OF_MUTE) KEY_OF("mute_ended", "UPDATE ON mute", OF_MUTE)
    /* Policy of the office, not of the ledger: who is told after how long. */
    "CREATE TABLE escalation(level INT, step INT, after INT, role TEXT,"
    " PRIMARY KEY(level, step)) WITHOUT ROWID;"
    "CREATE VIEW alert_now AS SELECT a.*, k.state, d.taken, d.taker, d.assignee, d.decided,"
    " d.decider, d.reason, k.step, d.stepped, k.nobody, d.incident, k.muted, k.rank FROM alert_key"
    " k JOIN alert a ON a.id = k.id LEFT JOIN alert_done d ON d.id = k.id;";

/* opened, grew, closed: the last of them is what holds. */
static const char finding[] =
    "INSERT INTO alert VALUES(:id, :rule, :version, :level, :unit, :listener, :peer,"
    " :identity, :host, :subject, :message, :value, :usual, :measure, :opened, :time,"
    " CASE WHEN :act = 'closed' THEN :time END, 1, :from_ns, :to_ns, :from_seq, :to_seq, :seq,"
    " folded(:message || ' ' || :host || ' ' || :rule || ' ' || :id))"
    " ON CONFLICT(id) DO UPDATE SET level = excluded.level, message = excluded.message,"
    " value = excluded.value, usual = excluded.usual, last = excluded.last,"
    " closed = excluded.closed, acts = acts + 1, to_ns = excluded.to_ns,"
    " to_seq = excluded.to_seq, seq = excluded.seq, folded = excluded.folded;";

#define GUARD_OPEN \
    "SELECT CASE WHEN NOT EXISTS(SELECT 1 FROM alert WHERE id = :alert) THEN 'no-alert'" \
    " WHEN EXISTS(SELECT 1 FROM alert_done WHERE id = :alert AND state IN ('done', 'false'))" \
    " THEN 'alert-over' END"
#define ROW "INSERT OR IGNORE INTO alert_done(id) VALUES(:alert);"
#define NOTE "INSERT INTO alert_note VALUES(:seq, :alert, :time, :who, :act, :what);"
#define ALERT { .name = "alert", .kind = PART_WORD, .required = true, .most = 32 }

static const struct part_act acts[] = {
	{ .name = "alert-take", .path = "/api/alerts/{alert}/take", .rights = DESK_ACT,
	    .param = { ALERT, { .name = "what", .kind = PART_TEXT } }, .guard = GUARD_OPEN,
	    .apply = ROW "UPDATE alert_done SET state = 'taken', taken = :time, taker = :who,"
	    " assignee = coalesce(assignee, :who) WHERE id = :alert;" NOTE,
	    .then = "/api/alerts/{alert}" },
	{ .name = "alert-assign", .path = "/api/alerts/{alert}/assign", .rights = DESK_ACT,
	    .param = { ALERT, { .name = "to", .kind = PART_LINE, .required = true },
	    { .name = "what", .kind = PART_TEXT } }, .guard = GUARD_OPEN,
	    .apply = ROW "UPDATE alert_done SET assignee = :to, state = 'taken',"
	    " taken = coalesce(taken, :time), taker = coalesce(taker, :who) WHERE id = :alert;"
	    "INSERT INTO alert_note VALUES(:seq, :alert, :time, :who, :act, :to);",
	    .then = "/api/alerts/{alert}" },
	{ .name = "alert-note", .path = "/api/alerts/{alert}/note", .rights = DESK_ACT,
	    .param = { ALERT, { .name = "what", .kind = PART_TEXT, .required = true } },
	    .guard = "SELECT CASE WHEN NOT EXISTS(SELECT 1 FROM alert WHERE id = :alert) THEN"
	    " 'no-alert' END", .apply = NOTE, .then = "/api/alerts/{alert}" },
	{ .name = "alert-false", .path = "/api/alerts/{alert}/false", .rights = DESK_ACT,
	    .param = { ALERT, { .name = "what", .kind = PART_TEXT, .required = true } },
	    .guard = GUARD_OPEN,
	    .apply = ROW "UPDATE alert_done SET state = 'false', decided = :time,"
	    " decider = :who, reason = :what WHERE id = :alert;" NOTE,
	    .then = "/api/alerts/{alert}" },
	{ .name = "alert-done", .path = "/api/alerts/{alert}/done", .rights = DESK_ACT,
	    .param = { ALERT, { .name = "what", .kind = PART_TEXT, .required = true } },
	    .guard = GUARD_OPEN,
	    .apply = ROW "UPDATE alert_done SET state = 'done', decided = :time,"
	    " decider = :who, reason = :what WHERE id = :alert;" NOTE,
	    .then = "/api/alerts/{alert}" },
	/* Like this alert: its rule, and of its group what the caller names. */
	{ .name = "mute", .path = "/api/mutes", .rights = DESK_ACT,
	    .param = { { .name = "rule", .kind = PART_LINE, .required = true },
	    { .name = "listener", .kind = PART_LINE }, { .name = "peer", .kind = PART_LINE },
	    { .name = "host", .kind = PART_LINE }, { .name = "subject", .kind = PART_LINE },
	    { .name = "until", .kind = PART_TIME, .required = true },
	    { .name = "what", .kind = PART_TEXT, .required = true } },
	    .guard = "SELECT CASE WHEN :until <= :now THEN 'until-past' END",
	    .apply = "INSERT INTO mute(rule, listener, peer, host, subject, since, until, who,"
	    " reason) VALUES(:rule, :listener, :peer, :host, :subject, :time, :until, :who,"
	    " :what);", .then = "/api/mutes" },
	{ .name = "mute-end", .path = "/api/mutes/{number}/end", .rights = DESK_ACT,
	    .param = { { .name = "number", .kind = PART_NUMBER, .required = true },
	    { .name = "what", .kind = PART_TEXT } },
	    .guard = "SELECT CASE WHEN NOT EXISTS(SELECT 1 FROM mute WHERE number = :number AND"
	    " ended IS NULL AND until > :now) THEN 'no-mute' END",
	    .apply = "UPDATE mute SET ended = :time WHERE number = :number;",
	    .then = "/api/mutes" },
	/* to: who is told; without it nobody is there, and the next step follows at once. */
	{ .name = "alert-escalate", .param = { ALERT,
	    { .name = "step", .kind = PART_NUMBER, .required = true },
	    { .name = "role", .kind = PART_WORD, .required = true },
	    { .name = "level", .kind = PART_NUMBER }, { .name = "to", .kind = PART_WORDS },
	    { .name = "what", .kind = PART_TEXT } },
	    .apply = ROW "UPDATE alert_done SET step = :step, stepped = :time,"
	    " nobody = :to IS NULL WHERE id = :alert;" NOTE
	    NOTICE_PUT("'alert'", ":alert", "''", ":level", ":step", ":to") },
	{ .name = NULL },
};

/* JSON of a row of alert_now. */
#define ALERT_JSON \
    "json_object('id', id, 'rule', rule, 'level', level, 'unit', unit, 'listener', listener," \
    " 'peer', peer, 'identity', identity, 'host', host, 'subject', subject, 'message'," \
    " message, 'value', value, 'usual', usual, 'measure', measure, 'opened', stamp(opened)," \
    " 'last', stamp(last), 'closed', stamp(closed), 'state', state, 'taken', stamp(taken)," \
    " 'taker', taker, 'assignee', assignee, 'decided', stamp(decided), 'decider', decider," \
    " 'reason', reason, 'step', step, 'stepped', stamp(stepped), 'incident', incident," \
    " 'muted', muted, 'from', stamp(from_ns), 'to', stamp(to_ns), 'first_seq', from_seq," \
    " 'last_seq', to_seq)"
/* waiting: open or not, nobody decided; all: every one. */
#define ALERT_WHERE \
    " FROM alert_key k WHERE (:state = 'all' OR (:state = 'waiting' AND rank >= 1000) OR (:state" \
    " = 'muted' AND muted IS NOT NULL) OR state = :state) AND level >= :level AND (:rule IS NULL" \
    " OR rule = :rule) AND (:text IS NULL OR id IN (SELECT id FROM alert WHERE instr(folded," \
    " (SELECT folded(:text))) > 0))"

static const struct part_view views[] = {
	{ .path = "/api/alerts", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "waiting" },
	    { .name = "level", .kind = PART_NUMBER, .otherwise = "0" },
	    { .name = "rule", .kind = PART_LINE }, { .name = "text", .kind = PART_LINE },
	    { .name = "limit", .kind = PART_NUMBER, .otherwise = "100" },
	    { .name = "offset", .kind = PART_NUMBER, .otherwise = "0" } },
	    .sql = "SELECT json_object('total', (SELECT count(*)" ALERT_WHERE "), 'alerts',"
	    " (SELECT json_group_array(json(j)) FROM (SELECT " ALERT_JSON " j FROM (SELECT id only"
	    ALERT_WHERE " ORDER BY rank DESC, opened DESC LIMIT min(:limit, 1000) OFFSET :offset)"
	    " JOIN alert_now ON id = only ORDER BY rank DESC, opened DESC)))" },
	{ .path = "/api/alerts/{alert}", .rights = DESK_READ, .param = { ALERT },
	    .sql = "SELECT json_patch(" ALERT_JSON ", json_object('notes', (SELECT"
	    " json_group_array(json_object('time', stamp(time), 'who', who, 'act', act, 'text',"
	    " text)) FROM (SELECT * FROM alert_note WHERE id = :alert ORDER BY seq)))) FROM"
	    " alert_now WHERE id = :alert" },
	{ .path = "/api/mutes", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT json_object('mutes', (SELECT json_group_array(json_object('number',"
	    " number, 'rule', rule, 'listener', listener, 'peer', peer, 'host', host,"
	    " 'subject', subject, 'since', stamp(since), 'until', stamp(until), 'who', who,"
	    " 'reason', reason, 'ended', stamp(ended), 'hides', (SELECT count(*) FROM alert_key"
	    " k WHERE k.muted = m.number))) FROM (SELECT * FROM mute ORDER BY number DESC LIMIT"
	    " 1000) m))" },
	{ .path = NULL },
};

/*
 * Whoever is on duty now in the tier, or has the role where it is none. An office that entered
 * nobody is not told: its first contact sets the steps going.
 */
static const struct part_timer timers[] = {
	{ "alert-escalate",
	    "WITH first AS (SELECT e.*, coalesce((SELECT id FROM alert_key WHERE calls AND level ="
	    " e.level AND step = e.step - 1 AND nobody = 1 ORDER BY opened LIMIT 1), (SELECT id"
	    " FROM alert_key WHERE calls AND level = e.level AND step = e.step - 1 AND nobody = 0"
	    " AND opened <= :now - e.after ORDER BY opened LIMIT 1)) id FROM escalation e),"
	    "late AS (SELECT f.id, f.level, f.step, f.role FROM first f JOIN alert_key k ON k.id ="
	    " f.id WHERE EXISTS(SELECT 1 FROM contact WHERE removed IS NULL) ORDER BY k.opened +"
	    " f.after LIMIT 1),"
	    "told AS (SELECT s.person FROM late JOIN shift s ON s.tier = late.role AND s.removed"
	    " IS NULL AND s.start <= :now AND s.until > :now UNION SELECT r.person FROM late JOIN"
	    " contact_role r ON r.role = late.role WHERE NOT EXISTS(SELECT 1 FROM duty_role d"
	    " WHERE d.name = late.role AND d.is_tier)),"
	    "sum AS (SELECT group_concat(t.person) persons, group_concat(c.name, ', ') names FROM"
	    " (SELECT person FROM told ORDER BY person) t JOIN contact c ON c.person = t.person)"
	    "SELECT id alert, step, role, level, persons \"to\","
	    " coalesce((SELECT title FROM duty_role"
	    " WHERE name = role), role) || ': ' || coalesce(names, CASE WHEN EXISTS(SELECT 1 FROM"
	    " alert a JOIN escalation e ON e.level = a.level WHERE a.id = late.id AND e.step ="
	    " late.step + 1) THEN 'không có ai, báo ngay bước sau' ELSE 'không có ai, không còn"
	    " bước nào sau' END) what FROM late, sum" },
	{ NULL, NULL },
};

const struct part part_alerts = { .name = "alerts", .schema = schema, .finding = finding,
	.act = acts, .view = views, .timer = timers,
	.open = "SELECT 'alert', id, level, message, opened FROM alert_now WHERE rank >="
	    " 1000",
	.book = "SELECT time, 'alert', id, who, act, text, seq FROM alert_note" };
