/* SPDX-License-Identifier: Apache-2.0 */
/*
 * People who can be on duty: how each is reached, with which roles, and whether they were, when it
 * was tried. Roles and the office's rules come from the pack escalation (role/escalation.h); what
 * else people do on duty stands in roster.c and handover.c.
 */
#include "desk/part.h"

#include "desk/desk.h"
#include "desk/dutysql.h"

static const char schema[] =
    /* Of the pack and the calendar, not of the ledger. */
    "CREATE TABLE duty_role(name TEXT PRIMARY KEY, title TEXT, english TEXT, is_tier INT)"
    " WITHOUT ROWID;"
    "CREATE TABLE duty_rule(name TEXT PRIMARY KEY, value INT) WITHOUT ROWID;"
    "CREATE TABLE holiday(first INT, last INT, title TEXT, english TEXT);"
    "CREATE INDEX holiday_first ON holiday(first);"
    "CREATE TABLE contact(person TEXT PRIMARY KEY, name TEXT, unit TEXT, phone TEXT,"
    " second TEXT, mail TEXT, verified TEXT, note TEXT, set_at INT, set_by TEXT, removed INT,"
    " lang TEXT) WITHOUT ROWID;"
    "CREATE TABLE contact_role(role TEXT, person TEXT, PRIMARY KEY(role, person)) WITHOUT ROWID;"
    "CREATE INDEX contact_role_person ON contact_role(person);"
    "CREATE TABLE drill(seq INTEGER PRIMARY KEY, time INT, person TEXT, channel TEXT,"
    " reached INT, minutes INT, who TEXT, note TEXT);"
    "CREATE INDEX drill_person ON drill(person, time);"
    /* How the last try went, and when somebody was reached last. */
    "CREATE VIEW reach AS SELECT c.*, (SELECT max(time) FROM drill WHERE person = c.person)"
    " tried, (SELECT reached FROM drill WHERE person = c.person ORDER BY time DESC, seq DESC"
    " LIMIT 1) reached, (SELECT max(time) FROM drill WHERE person = c.person AND reached)"
    " reached_at FROM contact c WHERE c.removed IS NULL;"
    /* What people on duty did; alerts and incidents have notes of their own. */
    "CREATE TABLE duty_note(seq INTEGER PRIMARY KEY, time INT, kind TEXT, id TEXT, who TEXT,"
    " act TEXT, text TEXT);"
    "CREATE INDEX duty_note_time ON duty_note(time);";

#define COLUMN(NAME)	" value ->> '" NAME "'"

/*
 * JSON: {"roles": [{"name", "title", "english", "tier"}], "steps": [{"level", "step", "after",
 * "role"}], "rules": {NAME: number}, "holidays": [{"first", "last", "title", "english"}]}; times
 * are nanoseconds.
 */
const struct part_load duty_load = { "duty",
    "DELETE FROM duty_role; DELETE FROM escalation; DELETE FROM duty_rule; DELETE FROM holiday;"
    "INSERT INTO duty_role SELECT" COLUMN("name") "," COLUMN("title") "," COLUMN("english") ","
    COLUMN("tier") " FROM json_each(:json, '$.roles');"
    "INSERT INTO escalation SELECT" COLUMN("level") "," COLUMN("step") "," COLUMN("after") ","
    COLUMN("role") " FROM json_each(:json, '$.steps');"
    "INSERT INTO duty_rule SELECT key, value FROM json_each(:json, '$.rules');"
    "INSERT INTO holiday SELECT" COLUMN("first") "," COLUMN("last") "," COLUMN("title") ","
    COLUMN("english") " FROM json_each(:json, '$.holidays');" };

#define PERSON { .name = "person", .kind = PART_WORD, .required = true, .most = 64 }

static const struct part_act acts[] = {
	/* All of a contact: what is not said is empty afterwards. */
	{ .name = "contact-set", .path = "/api/contacts/{person}", .rights = DESK_ADMIN,
	    .param = { PERSON, { .name = "name", .kind = PART_LINE, .required = true },
	    { .name = "unit", .kind = PART_LINE }, { .name = "roles", .kind = PART_WORDS },
	    { .name = "phone", .kind = PART_LINE }, { .name = "second", .kind = PART_LINE },
	    { .name = "mail", .kind = PART_LINE }, { .name = "verified", .kind = PART_DAY },
	    { .name = "language", .kind = PART_WORD, .most = 2 },
	    { .name = "what", .kind = PART_TEXT } },
	    .guard = "SELECT 'no-role' WHERE EXISTS(SELECT 1 FROM " DUTY_LIST(":roles") " WHERE"
	    " value NOT IN (SELECT name FROM duty_role)) UNION ALL SELECT 'no-language' WHERE"
	    " :language NOT IN ('vi', 'en')",
	    .apply = "INSERT OR REPLACE INTO contact VALUES(:person, :name, :unit, :phone,"
	    " :second, :mail, :verified, :what, :time, :who, NULL, :language);"
	    "DELETE FROM contact_role WHERE person = :person;"
	    "INSERT OR IGNORE INTO contact_role SELECT value, :person FROM " DUTY_LIST(":roles")
	    ";", .then = "/api/contacts/{person}" },
	{ .name = "contact-remove", .path = "/api/contacts/{person}/remove", .rights = DESK_ADMIN,
	    .param = { PERSON, { .name = "what", .kind = PART_TEXT, .required = true } },
	    .guard = "SELECT CASE WHEN " DUTY_NO_CONTACT(":person") " THEN 'no-contact' WHEN"
	    " EXISTS(SELECT 1 FROM shift WHERE person = :person AND removed IS NULL AND until >"
	    " :now) THEN 'contact-on-duty' END",
	    .apply = "UPDATE contact SET removed = :time, note = :what WHERE person = :person;"
	    "DELETE FROM contact_role WHERE person = :person;", .then = "/api/contacts" },
	{ .name = "drill-call", .path = "/api/duty/drills", .rights = DESK_ACT,
	    .param = { PERSON, { .name = "channel", .kind = PART_WORD, .required = true,
	    .most = 32 }, { .name = "reached", .kind = PART_FLAG, .required = true },
	    { .name = "minutes", .kind = PART_NUMBER }, { .name = "what", .kind = PART_TEXT } },
	    .guard = "SELECT 'no-contact' WHERE " DUTY_NO_CONTACT(":person"),
	    .apply = "INSERT INTO drill VALUES(:seq, :time, :person, :channel, :reached,"
	    " :minutes, :who, :what);" DUTY_NOTE("drill", ":person", ":channel || ': ' ||"
	    " iif(:reached, 'liên lạc được', 'không liên lạc được') || iif(:minutes IS NULL, '',"
	    " ', ' || :minutes || ' phút') || coalesce('; ' || :what, '')"),
	    .then = "/api/duty/drills" },
	{ .name = NULL },
};

#define STALE "(verified IS NULL OR coalesce(ns(verified || 'T00:00:00Z'), 0) < :now - " \
    DUTY_RULE("verified", "365 * " DUTY_DAY_NS) ")"
/* Was the person reached, when it was last tried, and is that not long ago? */
#define REACH \
    "CASE WHEN tried IS NULL THEN 'never' WHEN NOT reached THEN 'missed' WHEN reached_at < :now" \
    " - " DUTY_RULE("drill", "90 * " DUTY_DAY_NS) " THEN 'old' ELSE 'reached' END"
#define CONTACT_JSON \
    "json_object('person', person, 'name', name, 'unit', unit, 'roles', (SELECT" \
    " json_group_array(role) FROM contact_role r WHERE r.person = c.person), 'phone', phone," \
    " 'second', second, 'mail', mail, 'language', coalesce(lang, 'vi'), 'verified', verified," \
    " 'stale', " DUTY_BOOL(STALE) "," \
    " 'reach', " REACH ", 'tried', stamp(tried), 'reached_at', stamp(reached_at), 'note', note," \
    " 'set', stamp(set_at), 'set_by', set_by)"
#define CONTACT_WHERE \
    " WHERE (:role IS NULL OR EXISTS(SELECT 1 FROM contact_role r WHERE r.role = :role AND" \
    " r.person = c.person)) AND (:text IS NULL OR instr(folded(person || ' ' || name || ' ' ||" \
    " coalesce(unit, '')), folded(:text)) > 0)"
#define PAGE { .name = "limit", .kind = PART_NUMBER, .otherwise = "200" }, \
	    { .name = "offset", .kind = PART_NUMBER, .otherwise = "0" }
#define REACH_WHERE " WHERE (:all = 1 OR state <> 'reached')"

static const struct part_view views[] = {
	{ .path = "/api/contacts", .rights = DESK_READ, .param = {
	    { .name = "role", .kind = PART_WORD }, { .name = "text", .kind = PART_LINE }, PAGE },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM reach c" CONTACT_WHERE "),"
	    " 'roles', (SELECT json_group_array(json_object('name', name, 'title', title,"
	    " 'english', english, 'tier', " DUTY_BOOL("is_tier") ")) FROM duty_role), 'contacts',"
	    " (SELECT json_group_array(json(j)) FROM (SELECT " CONTACT_JSON " j FROM reach c"
	    CONTACT_WHERE " ORDER BY unit, name, person LIMIT min(:limit, 1000) OFFSET"
	    " :offset)))" },
	{ .path = "/api/contacts/{person}", .rights = DESK_READ, .param = { PERSON },
	    .sql = "SELECT json_patch(" CONTACT_JSON ", json_object('drills', (SELECT"
	    " json_group_array(json_object('time', stamp(time), 'channel', channel, 'reached', "
	    DUTY_BOOL("reached") ", 'minutes', minutes, 'who', who, 'note', note)) FROM (SELECT *"
	    " FROM drill WHERE person = :person ORDER BY time DESC, seq DESC LIMIT 50)))) FROM"
	    " reach c WHERE person = :person" },
	/* Who was not reached when it was last tried, or not for too long; all=1: everybody. */
	{ .path = "/api/duty/drills", .rights = DESK_READ, .param = {
	    { .name = "all", .kind = PART_FLAG, .otherwise = "0" }, PAGE },
	    .sql = "WITH tried AS (SELECT *, " REACH " state FROM reach) SELECT"
	    " json_object('total', (SELECT count(*) FROM tried" REACH_WHERE "), 'contacts',"
	    " (SELECT count(*) FROM tried), 'people', (SELECT json_group_array(json(j)) FROM"
	    " (SELECT json_object('person', person, 'name', name, 'unit', unit, 'phone', phone,"
	    " 'second', second, 'reach', state, 'tried', stamp(tried), 'reached_at',"
	    " stamp(reached_at)) j FROM tried" REACH_WHERE " ORDER BY state = 'missed' DESC,"
	    " state = 'never' DESC, reached_at, name LIMIT min(:limit, 1000) OFFSET :offset)))" },
	{ .path = NULL },
};

const struct part part_duty = { .name = "duty", .schema = schema, .act = acts, .view = views,
	.book = "SELECT time, kind, id, who, act, text, seq FROM duty_note" };
