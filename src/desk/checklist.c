/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checklists: any text, a line an item; each is passed, failed, not applicable or not run yet, with
 * evidence, a person and a day. A line that begins with # is a heading. What an item says is the
 * text's line, sealed with the act that made the list.
 */
#include "desk/desk.h"
#include "desk/dutysql.h"
#include "desk/incident_int.h"
#include "desk/office_int.h"

static const char schema[] =
    "CREATE TABLE checklist(id TEXT PRIMARY KEY, title TEXT, source TEXT, system TEXT, unit TEXT,"
    " task INT, added INT, adder TEXT, seq INT) WITHOUT ROWID;CREATE INDEX checklist_system ON"
    " checklist(system) WHERE system IS NOT NULL;CREATE TABLE checklist_item(checklist TEXT, item"
    " INT, heading TEXT, text TEXT, person TEXT, due INT, result TEXT DEFAULT 'open', evidence"
    " TEXT, name TEXT, sha256 TEXT, checked INT, checker TEXT, warned INT, PRIMARY KEY(checklist,"
    " item)) WITHOUT ROWID;CREATE INDEX checklist_item_due ON checklist_item(due) WHERE due IS"
    " NOT NULL AND warned IS NULL AND result IN ('open', 'fail');CREATE INDEX"
    " checklist_item_warned ON checklist_item(warned) WHERE warned IS NOT NULL AND"
    " result IN ('open', 'fail');";

#define P_CHECKLIST { .name = "checklist", .kind = PART_LINE, .required = true, .most = 16 }
#define P_ITEM	{ .name = "item", .kind = PART_NUMBER, .required = true }
#define P_DUE	{ .name = "person", .kind = PART_LINE }, { .name = "due", .kind = PART_TIME }

/* Lines of :items that are not empty, without blanks around; headings stand before theirs. */
#define LINES \
    "WITH RECURSIVE line(n, text, rest) AS (SELECT 0, '', :items ||" \
    " char(10) UNION ALL SELECT n + 1, trim(substr(rest, 1, instr(rest, char(10)) - 1), ' ' ||" \
    " char(9)), substr(rest, instr(rest, char(10)) + 1) FROM line WHERE rest <> ''), said AS" \
    " (SELECT n, text FROM line WHERE text <> ''), item(i, n, text) AS (SELECT row_number() OVER" \
    " (ORDER BY n), n, text FROM said WHERE text NOT LIKE '#%') "
#define NO_CHECKLIST \
    " WHEN NOT EXISTS(SELECT 1 FROM checklist WHERE id = :checklist) THEN 'no-checklist'"
#define NO_ITEM NO_CHECKLIST \
    " WHEN NOT EXISTS(SELECT 1 FROM checklist_item WHERE checklist = :checklist AND item = :item)" \
    " THEN 'no-item'"

static const struct part_act acts[] = {
	{ .name = "checklist-add", .path = "/api/checklists", .rights = DESK_ACT, .param = {
	    { .name = "title", .kind = PART_LINE, .required = true, .most = 300 },
	    { .name = "items", .kind = PART_TEXT, .required = true },
	    { .name = "source", .kind = PART_LINE }, { .name = "system", .kind = PART_WORD },
	    { .name = "unit", .kind = PART_WORD }, { .name = "task", .kind = PART_NUMBER }, P_DUE },
	    .guard = "SELECT CASE WHEN :system IS NOT NULL AND NOT EXISTS(SELECT 1 FROM"
	    " register_entry WHERE kind = 'systems' AND id = :system AND removed IS NULL) THEN"
	    " 'no-system' WHEN :unit IS NOT NULL AND NOT EXISTS(SELECT 1 FROM register_entry WHERE"
	    " kind = 'units' AND id = :unit AND removed IS NULL) THEN 'no-unit' WHEN :task IS NOT"
	    " NULL AND NOT EXISTS(SELECT 1 FROM order_task WHERE number = :task) THEN 'no-task'"
	    " ELSE"
	    " (" LINES "SELECT CASE WHEN count(*) = 0 THEN 'no-lines' WHEN count(*) > 1000 THEN"
	    " 'many-lines' END FROM item) END",
	    .fill = "SELECT " NEXT_ID("KT", "checklist") " checklist",
	    .apply = "INSERT OR IGNORE INTO checklist VALUES(:checklist, :title, :source, :system,"
	    " :unit, :task, :time, :who, :seq);INSERT OR IGNORE INTO checklist_item(checklist,"
	    " item, heading, text, person, due) "
	    LINES "SELECT :checklist, i, (SELECT ltrim(h.text, '# ') FROM said h WHERE h.n < item.n"
	    " AND h.text LIKE '#%' ORDER BY h.n DESC LIMIT 1), text, :person, :due FROM item;",
	    .then = "/api/checklists/{checklist}" },
	/* A reason is wanted for what is not passed. */
	{ .name = "checklist-check", .path = "/api/checklists/{checklist}/{item}",
	    .rights = DESK_ACT, .param = { P_CHECKLIST, P_ITEM,
	    { .name = "result", .kind = PART_WORD, .required = true }, P_WHAT, P_DUE,
	    { .name = "name", .kind = PART_LINE, .most = 255 },
	    { .name = "sha256", .kind = PART_WORD, .most = 64 },
	    { .name = "mark", .kind = PART_WORD, .most = 32 } },
	    .guard = "SELECT CASE" NO_ITEM " WHEN :result NOT IN ('pass', 'fail', 'na', 'open')"
	    " THEN 'bad-result' WHEN :result IN ('fail', 'na') AND :what IS NULL THEN 'why-not'"
	    " WHEN :result = 'pass' AND :what IS NULL AND :sha256 IS NULL THEN"
	    " 'evidence-wanted' WHEN"
	    " :mark <> 'none' OR (:sha256 IS NOT NULL AND :mark IS NULL) THEN 'paper-secret'"
	    " WHEN (:sha256 IS NULL) <> (:name IS NULL) THEN 'file-half'" OFFICE_BAD_SUM " END",
	    .apply = "UPDATE checklist_item SET result = :result, evidence = :what, name = :name,"
	    " sha256 = :sha256, person = coalesce(:person, person), warned = iif(:due IS NULL,"
	    " warned, NULL), due = coalesce(:due, due), checked = :time, checker = :who WHERE"
	    " checklist = :checklist AND item = :item;", .then = "/api/checklists/{checklist}" },
	{ .name = "checklist-assign", .path = "/api/checklists/{checklist}/{item}/assign",
	    .rights = DESK_ACT, .param = { P_CHECKLIST, P_ITEM, P_DUE },
	    .guard = "SELECT CASE" NO_ITEM " WHEN :person IS NULL AND :due IS NULL THEN"
	    " 'nothing-said' END",
	    .apply = "UPDATE checklist_item SET person = coalesce(:person, person), warned ="
	    " iif(:due IS NULL, warned, NULL), due = coalesce(:due, due) WHERE checklist ="
	    " :checklist AND item = :item;", .then = "/api/checklists/{checklist}" },
	/* The desk's own: the day is there, and the item is not passed. */
	{ .name = "checklist-warn", .param = { P_CHECKLIST, P_ITEM,
	    { .name = "person", .kind = PART_LINE } },
	    .apply = "UPDATE checklist_item SET warned = :time WHERE checklist = :checklist AND"
	    " item = :item;" },
	{ .name = NULL },
};

#define COUNT_OF(RESULT) \
    "(SELECT count(*) FROM checklist_item i WHERE i.checklist = id AND i.result = '" RESULT "')"
#define CHECKLIST_OBJECT \
    "'id', id, 'title', title, 'source', source, 'system', system, 'unit', unit, 'task', task," \
    " 'added', stamp(added), 'adder', adder, 'passed', " COUNT_OF("pass") ", 'failed', " \
    COUNT_OF("fail") ", 'not_applicable', " COUNT_OF("na") ", 'not_run', " COUNT_OF("open")
#define ITEM_OBJECT \
    "'item', item, 'heading', heading, 'text', text, 'person', person, 'due', stamp(due)," \
    " 'result', result, 'evidence', evidence, 'name', name, 'sha256', sha256, 'checked'," \
    " stamp(checked), 'checker', checker"
#define CHECKLIST_WHERE \
    " WHERE (:system IS NULL OR system = :system) AND (:unit IS NULL OR unit = :unit) AND (:text" \
    " IS NULL OR instr(folded(id || ' ' || title), folded(:text)) > 0)"

static const struct part_view views[] = {
	{ .path = "/api/checklists", .rights = DESK_READ, .param = {
	    { .name = "system", .kind = PART_WORD }, { .name = "unit", .kind = PART_WORD },
	    { .name = "text", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM checklist" CHECKLIST_WHERE
	    "), 'checklists', " ARRAY(CHECKLIST_OBJECT, "checklist" CHECKLIST_WHERE " ORDER BY"
	    " added"
	    " DESC, id DESC LIMIT min(:limit, 1000) OFFSET :offset") ")" },
	{ .path = "/api/checklists/{checklist}", .rights = DESK_READ, .param = { P_CHECKLIST },
	    .sql = "SELECT json_object(" CHECKLIST_OBJECT ", 'items', " ARRAY(ITEM_OBJECT,
	    "checklist_item WHERE checklist = :checklist ORDER BY item") ") FROM checklist WHERE"
	    " id = :checklist" },
	/* What an inspection asks of one system (hồ sơ phục vụ kiểm tra), in one answer. */
	{ .path = "/api/systems/{system}/file", .rights = DESK_READ,
	    .param = { { .name = "system", .kind = PART_WORD, .required = true } },
	    .sql = "SELECT json_object('system', e.id, 'label', e.label, 'fields', json(e.f),"
	    " 'checklists', " ARRAY(CHECKLIST_OBJECT, "checklist WHERE system = :system ORDER BY"
	    " added") ", 'items', json((SELECT json_group_array(json(j)) FROM (SELECT json_object("
	    "'checklist', i.checklist, " ITEM_OBJECT ") j FROM checklist c JOIN checklist_item i ON"
	    " i.checklist = c.id WHERE c.system = :system ORDER BY c.added, i.checklist, i.item"
	    " LIMIT 5000))), 'hosts', json((SELECT json_group_array(json_object('id', h.id,"
	    " 'label', h.label)) FROM register_entry h WHERE h.kind = 'hosts' AND h.removed IS"
	    " NULL AND h.f ->> 'system' = :system)), 'incidents', json((SELECT"
	    " json_group_array(json_object('id', n.id, 'title', n.title, 'state', n.state, 't0',"
	    " stamp(n.t0), 'severity', n.severity_title)) FROM (SELECT * FROM incident WHERE"
	    " system IN (e.id, e.label) AND exercise = 0 ORDER BY t0 DESC LIMIT 200) n)),"
	    " 'papers', json((SELECT json_group_array(json_object('id', p.id, 'title', p.title,"
	    " 'signed', stamp(p.signed), 'sha256', p.sha256)) FROM paper p JOIN incident n ON"
	    " n.id = p.incident WHERE n.system IN (e.id, e.label)))) FROM register_entry e WHERE"
	    " e.kind = 'systems' AND e.id = :system AND"
	    " e.removed IS NULL" },
	{ .path = NULL },
};

static const struct part_timer timers[] = {
	{ "checklist-warn", "SELECT checklist, item, person FROM checklist_item WHERE due IS"
	" NOT NULL"
	    " AND warned IS NULL AND result IN ('open', 'fail') AND due <= :now ORDER BY due LIMIT"
	    " 1" },
	{ NULL, NULL },
};

const struct part part_checklists = { .name = "checklists", .schema = schema, .act = acts,
	.view = views, .timer = timers,
	.open = "SELECT 'checklist', checklist || ' #' || item, iif(result = 'fail', 2, 1), text ||"
	    " coalesce(', ' || person, ''), due FROM checklist_item WHERE warned IS NOT NULL AND"
	    " result IN ('open', 'fail')" };
