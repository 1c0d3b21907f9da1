/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Registers: units, systems, hosts, portals, domains, contacts, licences, contracts, certificates,
 * projects, and whatever else the office keeps a list of. One mechanism for all: what registers
 * there are and which columns they have says the pack (content/packs/registers.yaml); an entry is
 * an id and values by the columns' names.
 *
 * A register may have one column of a day that something ends ("expiry"), or one that says when it
 * was last looked at and holds for a time ("verified"). Ahead of that day, as early as the pack
 * says, the desk writes a warning, and the entry is an open matter until it is renewed or removed.
 *
 * What of the pack an entry depends on is sealed with the act: the names of its columns and how
 * early it is warned of.
 */
#include "desk/desk.h"
#include "desk/incident_int.h"
#include "desk/office_int.h"

static const char schema[] =
    /* Of the pack. */
    "CREATE TABLE register_kind(name TEXT PRIMARY KEY, number INT, title TEXT, english TEXT, law"
    " TEXT, article TEXT, effective TEXT, source TEXT, status TEXT, note TEXT, leads TEXT)"
    " WITHOUT ROWID;CREATE TABLE register_column(kind TEXT, number INT, name TEXT, title TEXT,"
    " english TEXT, type TEXT, required INT, choice TEXT, ref TEXT, days INT, PRIMARY KEY(kind,"
    " number)) WITHOUT ROWID;CREATE UNIQUE INDEX register_column_name ON register_column(kind,"
    " name);"
    /* leads: seconds ahead, as JSON; warned: the last of them that is over; next: of the others. */
    "CREATE TABLE register_entry(kind TEXT, id TEXT, label TEXT, f TEXT, parent TEXT, expires"
    " TEXT, ends INT, leads TEXT, next INT, warned INT, warned_at INT, set_at INT, set_by TEXT,"
    " note TEXT, removed INT, PRIMARY KEY(kind, id)) WITHOUT ROWID;CREATE INDEX register_next ON"
    " register_entry(next) WHERE next IS NOT NULL AND removed IS NULL;CREATE INDEX"
    " register_warned ON register_entry(warned_at) WHERE warned IS NOT NULL AND removed IS"
    " NULL;CREATE INDEX register_parent ON register_entry(kind, parent) WHERE parent IS NOT"
    " NULL;CREATE INDEX register_ends ON register_entry(ends) WHERE ends IS NOT NULL AND removed"
    " IS"
    " NULL;";

#define COLUMN(NAME)	" value ->> '" NAME "'"

const struct part_load registers_load = { "registers",
    "DELETE FROM register_kind; DELETE FROM register_column;"
    "INSERT INTO register_kind SELECT" COLUMN("name") ", key," COLUMN("title") ","
    COLUMN("english") "," COLUMN("law") "," COLUMN("article") "," COLUMN("effective") ","
    COLUMN("source") "," COLUMN("status") "," COLUMN("note") ", value -> 'leads' FROM"
    " json_each(:json, '$.registers');INSERT INTO register_column SELECT k.value ->> 'name',"
    " c.key, c.value ->> 'name', c.value ->> 'title', c.value ->> 'english', c.value ->> 'type',"
    " c.value ->> 'required', c.value ->> 'choice', c.value ->> 'ref', c.value ->> 'days' FROM"
    " json_each(:json, '$.registers') k,"
    " json_each(k.value, '$.columns') c;" };

#define P_KIND	{ .name = "kind", .kind = PART_WORD, .required = true, .most = 32 }
#define P_ID	{ .name = "id", .kind = PART_WORD, .required = true, .most = 64 }

/* Rows of an act, as id and f. */
#define ONE_ROW		"SELECT :id id, :f f"
#define MANY_ROWS	"SELECT value ->> 'id' id, value f FROM json_each(:rows)"

/* What the pack says against values; of which entry and column. */
#define BAD(WORD, OF, WHERE) \
    " UNION ALL SELECT '" WORD "', id || ', ' || " OF " FROM cell WHERE " WHERE
#define WRONG_ROWS(ROWS) \
    "WITH r AS MATERIALIZED (" ROWS ")," \
    " cell AS MATERIALIZED (SELECT r.id, j.key, j.value, j.type j, c.* FROM r, json_each(r.f) j" \
    " LEFT JOIN register_column c ON c.kind = :kind AND c.name = j.key WHERE j.key <> 'id' AND" \
    " j.value <> '') SELECT 'no-register', :kind WHERE NOT EXISTS(SELECT 1 FROM register_kind" \
    " WHERE name = :kind) UNION ALL SELECT 'bad-id', coalesce(id, '') FROM r WHERE id IS NULL OR" \
    " id GLOB '*[^a-z0-9._-]*' OR length(id) NOT BETWEEN 1 AND 64 UNION ALL SELECT 'id-twice', id" \
    " FROM r GROUP BY id HAVING count(*) > 1" \
    BAD("no-column", "key", "name IS NULL") \
    " UNION ALL SELECT 'column-missing', r.id || ', ' || c.name FROM r JOIN register_column c" \
    " ON c.kind = :kind AND c.required WHERE coalesce(r.f ->> c.name, '') = ''" \
    BAD("value-long", "key", "length(value) > 1000 OR cell.j <> 'text' OR value GLOB '*[' ||" \
    " char(1) || '-' || char(31) || ']*'") \
    BAD("bad-day", "key", "type IN ('day', 'expiry', 'verified') AND (value NOT GLOB" \
    " '[12][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]' OR date(value, '+0 days') IS NOT value)") \
    BAD("bad-number", "key", "type = 'number' AND (value GLOB '*[^0-9]*' OR length(value) > 18)") \
    BAD("bad-choice", "key || ': ' || choice", "type = 'choice' AND" \
    " instr(',' || choice || ',', ',' || value || ',') = 0") \
    BAD("ref-self", "key", "type = 'ref' AND ref = :kind AND value = id") \
    BAD("no-ref", "key || ': ' || value", "type = 'ref' AND NOT EXISTS(SELECT 1 FROM" \
    " register_entry e WHERE e.kind = ref AND e.id = value AND e.removed IS NULL) AND NOT" \
    " (ref = :kind AND value IN (SELECT id FROM r))") " LIMIT 1"

/* Sealed with the act: the column of the name, that of the day, how long it holds, how early. */
#define OF_KIND \
    "SELECT (SELECT name FROM register_column WHERE kind = :kind ORDER BY number LIMIT 1) label," \
    " (SELECT name FROM register_column WHERE kind = :kind AND type IN ('expiry', 'verified')" \
    " LIMIT 1) expiry, (SELECT days FROM register_column WHERE kind = :kind AND type = 'verified'" \
    " LIMIT 1) days, (SELECT leads FROM register_kind WHERE name = :kind) leads"

/* The next warning that lies behind DONE (NULL: none was). Days begin in UTC+7. */
#define NEXT(ENDS, LEADS, DONE) \
    "(SELECT min(" ENDS " - value * 1000000000) FROM json_each(" LEADS ") WHERE " DONE " IS NULL" \
    " OR value < " DONE ")"
#define SET_ROWS(ROWS) \
    "INSERT INTO register_entry SELECT :kind, id, coalesce(f ->> :label, id), f, f ->> 'parent'," \
    " expires, ends," \
    " :leads, " NEXT("ends", ":leads", "NULL") ", NULL, NULL, :time, :who, :what, NULL FROM" \
    " (SELECT *, ns(expires || 'T00:00:00+07:00') ends FROM (SELECT id, (SELECT" \
    " json_group_object(key, value) FROM json_each(x.f) WHERE key <> 'id' AND value <> '') f," \
    " date(nullif(f ->> :expiry, ''), '+' || coalesce(:days, 0) || ' days') expires FROM (" ROWS \
    ") x)) WHERE id IS NOT NULL ON CONFLICT(kind, id) DO UPDATE SET label = excluded.label, f =" \
    " excluded.f, parent = excluded.parent, note = excluded.note, set_at = excluded.set_at," \
    " set_by = excluded.set_by, leads = excluded.leads, next = CASE WHEN expires IS" \
    " excluded.expires AND removed IS NULL THEN next ELSE excluded.next END, warned = CASE WHEN" \
    " expires IS excluded.expires AND removed IS NULL THEN warned END, expires =" \
    " excluded.expires, ends = excluded.ends, removed = NULL;"

#define NO_ENTRY \
    " WHEN NOT EXISTS(SELECT 1 FROM register_entry WHERE kind = :kind AND id = :id AND removed IS" \
    " NULL) THEN 'no-entry'"

static const struct part_act acts[] = {
	/* All of an entry: what is not said is empty afterwards. */
	{ .name = "register-set", .path = "/api/registers/{kind}/{id}", .rights = DESK_ADMIN,
	    .param = { P_KIND, P_ID, { .name = "f.", .kind = PART_LINE }, P_WHAT },
	    .guard = WRONG_ROWS(ONE_ROW), .fill = OF_KIND, .apply = SET_ROWS(ONE_ROW),
	    .then = "/api/registers/{kind}/{id}" },
	/* Many of them at once: an array of objects, each with its id. All or none. */
	{ .name = "register-import", .path = "/api/registers/{kind}", .rights = DESK_ADMIN,
	    .param = { P_KIND, { .name = "rows", .kind = PART_TEXT, .required = true,
	    .most = 256 << 10 }, P_WHAT },
	    .guard = "SELECT word, of FROM (SELECT 'bad-rows' word, NULL of WHERE NOT"
	    " json_valid(:rows) OR json_type(iif(json_valid(:rows), :rows, '0')) <> 'array' OR"
	    " EXISTS(SELECT 1 FROM json_each(iif(json_valid(:rows), :rows, '[]')) WHERE type <>"
	    " 'object') UNION ALL SELECT * FROM (" WRONG_ROWS("SELECT value ->> 'id' id, value f"
	    " FROM json_each(iif(json_valid(:rows), :rows, '[]')) WHERE type = 'object'")
	    ")) LIMIT 1", .fill = OF_KIND,
	    .apply = SET_ROWS(MANY_ROWS), .then = "/api/registers/{kind}" },
	{ .name = "register-remove", .path = "/api/registers/{kind}/{id}/remove",
	    .rights = DESK_ADMIN, .param = { P_KIND, P_ID, P_WHAT_NEEDED },
	    .guard = "SELECT CASE" NO_ENTRY " WHEN EXISTS(SELECT 1 FROM register_column c JOIN"
	    " register_entry e ON e.kind = c.kind AND e.removed IS NULL AND e.f ->> c.name = :id"
	    " WHERE c.ref = :kind) THEN 'entry-used' END",
	    .apply = "UPDATE register_entry SET removed = :time, note = :what, set_by = :who WHERE"
	    " kind = :kind AND id = :id;", .then = "/api/registers/{kind}" },
	/* The desk's own: it ends so soon. */
	{ .name = "register-warn", .param = { P_KIND, P_ID,
	    { .name = "before", .kind = PART_NUMBER, .required = true } },
	    .apply = "UPDATE register_entry SET warned = :before, warned_at = :time, next = "
	    NEXT("ends", "leads", ":before") " WHERE kind = :kind AND id = :id;" },
	{ .name = NULL },
};

#define ENTRY_OBJECT \
    "'kind', kind, 'id', id, 'label', label, 'fields', json(f), 'expires', expires, 'days_left'," \
    " (ends - :now) / 86400000000000, 'state', CASE WHEN ends IS NULL THEN NULL WHEN ends <= :now" \
    " THEN 'over' WHEN warned IS NOT NULL THEN 'soon' ELSE 'valid' END, 'note', note, 'set'," \
    " stamp(set_at), 'set_by', set_by"
#define COLUMNS \
    "'columns', json((SELECT json_group_array(json_object('name', c.name, 'title', c.title," \
    " 'english', c.english, 'type', c.type, 'required', c.required, 'choice', c.choice, 'ref'," \
    " c.ref)) FROM (SELECT * FROM register_column c WHERE c.kind = k.name ORDER BY number) c))"
#define KIND_OBJECT \
    "'kind', k.name, 'title', k.title, 'english', k.english, 'law', k.law, 'article', k.article," \
    " 'effective', k.effective, 'source', k.source, 'status', k.status, 'note', k.note, 'total'," \
    " (SELECT count(*) FROM register_entry e WHERE e.kind = k.name AND e.removed IS NULL)," \
    " 'soon', (SELECT count(*) FROM register_entry e INDEXED BY register_warned WHERE e.kind =" \
    " k.name AND e.removed IS NULL AND e.warned IS NOT NULL), " COLUMNS
/* under: of a unit and of those below it. */
#define UNDER \
    "(WITH RECURSIVE u(id) AS (SELECT :under UNION SELECT e.id FROM u CROSS JOIN register_entry" \
    " e INDEXED BY register_parent ON e.kind = 'units' AND e.parent = u.id AND e.removed IS NULL)" \
    " SELECT id FROM u)"
#define ENTRY_WHERE \
    " WHERE kind = :kind AND removed IS NULL AND (:text IS NULL OR instr(folded(id || ' ' || f)," \
    " folded(:text)) > 0) AND (:soon = 0 OR warned IS NOT NULL) AND (:under IS NULL OR" \
    " iif(kind = 'units', id, f ->> 'unit') IN " UNDER ")"
#define SOON_WHERE \
    " WHERE removed IS NULL AND ends IS NOT NULL AND ends < :now + :days * 86400000000000"

static const struct part_view views[] = {
	{ .path = "/api/registers", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT json_object('registers', json((SELECT json_group_array(json(j)) FROM"
	    " (SELECT json_object(" KIND_OBJECT ") j FROM register_kind k ORDER BY number))))" },
	{ .path = "/api/registers/{kind}", .rights = DESK_READ, .param = { P_KIND,
	    { .name = "text", .kind = PART_LINE }, { .name = "under", .kind = PART_WORD },
	    { .name = "soon", .kind = PART_FLAG, .otherwise = "0" }, P_LIMITS },
	    .sql = "SELECT json_object(" KIND_OBJECT ", 'found', (SELECT count(*) FROM"
	    " register_entry" ENTRY_WHERE "), 'entries', " ARRAY(ENTRY_OBJECT, "register_entry"
	    ENTRY_WHERE " ORDER BY id LIMIT min(:limit, 1000) OFFSET :offset") ") FROM"
	    " register_kind k WHERE name = :kind" },
	{ .path = "/api/registers/{kind}/{id}", .rights = DESK_READ, .param = { P_KIND, P_ID },
	    .sql = "SELECT json_object(" ENTRY_OBJECT ", 'used_by', json((SELECT"
	    " json_group_array(json_object('kind', u.kind, 'id', u.id, 'label', u.label)) FROM"
	    " (SELECT u.* FROM register_column c JOIN register_entry u ON u.kind = c.kind AND"
	    " u.removed IS NULL AND u.f ->> c.name = :id WHERE c.ref = :kind ORDER BY u.kind, u.id"
	    " LIMIT 200) u))) FROM register_entry WHERE kind = :kind AND id = :id AND removed IS"
	    " NULL" },
	/* What ends within so many days, of all registers. */
	{ .path = "/api/expiring", .rights = DESK_READ, .param = {
	    { .name = "days", .kind = PART_NUMBER, .otherwise = "60" }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM register_entry" SOON_WHERE
	    "), 'entries', " ARRAY(ENTRY_OBJECT, "register_entry" SOON_WHERE " ORDER BY ends,"
	    " kind, id LIMIT min(:limit, 1000) OFFSET :offset") ")" },
	{ .path = NULL },
};

/* Of several warnings that are due the last: a desk that was off tells once. */
static const struct part_timer timers[] = {
	{ "register-warn", "SELECT kind, id, (SELECT min(value) FROM json_each(leads) WHERE ends -"
	    " value * 1000000000 <= :now) before FROM register_entry WHERE removed IS NULL AND"
	    " next <= :now ORDER BY next LIMIT 1" },
	{ NULL, NULL },
};

const struct part part_registers = { .name = "registers", .schema = schema, .act = acts,
	.view = views, .timer = timers,
	.open = "SELECT 'register', kind || '/' || id, iif(warned = 0, 2, 1), coalesce((SELECT"
	    " title FROM register_kind k WHERE k.name = kind), kind) || ': ' || label ||"
	    " ', hết hạn ' || expires, warned_at FROM register_entry WHERE warned IS NOT NULL AND"
	    " removed IS NULL" };
