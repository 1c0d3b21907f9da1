/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Directives (văn bản chỉ đạo): what a body asks, cut into tasks that each have a lead, a day and
 * a way to be proved; and how far each unit is. A template of the pack gives the orders of a
 * dispatch; a person may add more.
 *
 *	task: open --prove--> open, with proofs --done--> done		directive: open -> closed
 *	         \--drop (the head, with a reason)--> dropped
 *
 * proof: how a task is proved. statement, review: by what a person says and a file's SHA-256;
 * coverage, roster, register: by what the desk itself knows at that moment, which is sealed with
 * the act; query: by the number that a search gave, which the person says.
 */
#include "desk/desk.h"
#include "desk/dutysql.h"
#include "desk/incident_int.h"
#include "desk/office_int.h"

static const char schema[] =
    /* Of the pack. */
    "CREATE TABLE template(name TEXT PRIMARY KEY, number INT, title TEXT, version TEXT) WITHOUT"
    " ROWID;CREATE TABLE template_order(template TEXT, number INT, item TEXT, title TEXT, english"
    " TEXT, law TEXT, article TEXT, effective TEXT, issuer TEXT, source TEXT, status TEXT, note"
    " TEXT, proof TEXT, of TEXT, lead TEXT, days INT, leads TEXT, PRIMARY KEY(template, number))"
    " WITHOUT ROWID;CREATE TABLE directive(id TEXT PRIMARY KEY, number TEXT, issued TEXT, issuer"
    " TEXT, title TEXT, template TEXT, due INT, units TEXT, text TEXT, added INT, adder TEXT,"
    " state TEXT DEFAULT 'open', closed INT, closer TEXT, result TEXT) WITHOUT ROWID;"
    /* leads: seconds ahead, as JSON; next: the next reminder; warned: the last that is over. */
    "CREATE TABLE order_task(number INTEGER PRIMARY KEY, directive TEXT, item TEXT, title TEXT,"
    " english TEXT, article TEXT, lead TEXT, support TEXT, due INT, proof TEXT, of TEXT, leads"
    " TEXT, next INT, warned INT, warned_at INT, state TEXT DEFAULT 'open', done INT, doer TEXT,"
    " result TEXT, figure TEXT);CREATE INDEX order_task_directive ON order_task(directive,"
    " number);CREATE INDEX order_task_next ON order_task(next) WHERE next IS NOT NULL AND state ="
    " 'open';CREATE INDEX order_task_warned ON order_task(warned_at) WHERE warned IS NOT NULL AND"
    " state = 'open';CREATE TABLE order_proof(seq INTEGER PRIMARY KEY, task INT, unit TEXT,"
    " person TEXT, text TEXT, name TEXT, sha256 TEXT, at INT, time INT, who TEXT);CREATE INDEX"
    " order_proof_task ON order_proof(task, seq);"
    "CREATE INDEX order_proof_time ON order_proof(time);";

#define COLUMN(NAME)	" o.value ->> '" NAME "'"

const struct part_load directives_load = { "directives",
    "DELETE FROM template; DELETE FROM template_order;"
    "INSERT INTO template SELECT value ->> 'name', key, value ->> 'title', value ->> 'version'"
    " FROM json_each(:json, '$.templates');"
    "INSERT INTO template_order SELECT t.value ->> 'name', o.key," COLUMN("name") ","
    COLUMN("title") "," COLUMN("english") "," COLUMN("law") "," COLUMN("article") ","
    COLUMN("effective") "," COLUMN("issuer") "," COLUMN("source") "," COLUMN("status") ","
    COLUMN("note") "," COLUMN("proof") "," COLUMN("of") "," COLUMN("lead") "," COLUMN("days")
    ", o.value -> 'leads' FROM json_each(:json, '$.templates') t, json_each(t.value, '$.orders')"
    " o;" };

#define P_DIRECTIVE { .name = "directive", .kind = PART_LINE, .required = true, .most = 16 }
#define P_TASK	{ .name = "task", .kind = PART_NUMBER, .required = true }
#define P_LEAD	{ .name = "lead", .kind = PART_LINE }, \
	{ .name = "support", .kind = PART_LINE }, { .name = "due", .kind = PART_TIME }

#define NO_DIRECTIVE \
    " WHEN NOT EXISTS(SELECT 1 FROM directive WHERE id = :directive) THEN 'no-directive'" \
    " WHEN (SELECT state FROM directive WHERE id = :directive) <> 'open' THEN 'directive-closed'"
#define OF_TASK(COLUMN)	"(SELECT " COLUMN " FROM order_task WHERE number = :task)"
#define NO_TASK \
    " WHEN " OF_TASK("state") " IS NULL THEN 'no-task' WHEN " OF_TASK("state") " <> 'open' THEN" \
    " 'task-over'"
#define BAD_PROOF \
    " WHEN :proof NOT IN ('query', 'coverage', 'roster', 'register', 'review', 'statement') THEN" \
    " 'bad-proof' WHEN :proof = 'register' AND NOT EXISTS(SELECT 1 FROM register_kind WHERE name" \
    " = :of) THEN 'no-register' WHEN :proof = 'query' AND :of IS NULL THEN 'query-missing'"
/* Whom the desk asks when nobody leads: the rule is that there is always somebody. */
#define NEXT(DUE, LEADS, DONE) \
    "(SELECT min(" DUE " - value * 1000000000) FROM json_each(" LEADS ") WHERE " DONE " IS NULL" \
    " OR value < " DONE ")"
#define LEADS_ELSE	"'[604800,86400,0]'"

/* What the desk knows now of how a task is proved; sealed when it is said to be done. */
#define FIGURE \
    "CASE proof WHEN 'coverage' THEN (SELECT 'nguồn ngừng gửi hoặc mất bản ghi: ' || count(*)" \
    " FROM alert WHERE closed IS NULL AND rule GLOB 'coverage.*') WHEN 'roster' THEN (SELECT 'ca" \
    " trực 30 ngày tới: ' || count(*) || ', người trực: ' || count(DISTINCT person) FROM shift" \
    " WHERE removed IS NULL AND until > :now AND start < :now + 30 * " DUTY_DAY_NS ") WHEN" \
    " 'register' THEN (SELECT 'mục trong sổ ' || of || ': ' || count(*) || ', hết hạn: ' ||" \
    " coalesce(sum(ends <= :now), 0) FROM register_entry WHERE kind = of AND removed IS NULL) END"

static const struct part_act acts[] = {
	{ .name = "directive-add", .path = "/api/directives", .rights = DESK_ACT, .param = {
	    { .name = "number", .kind = PART_LINE, .required = true, .most = 100 },
	    { .name = "issued", .kind = PART_DAY }, { .name = "issuer", .kind = PART_LINE },
	    { .name = "title", .kind = PART_LINE, .required = true, .most = 500 },
	    { .name = "due", .kind = PART_TIME }, { .name = "template", .kind = PART_WORD },
	    { .name = "lead", .kind = PART_LINE }, { .name = "units", .kind = PART_WORDS,
	    .most = 8000 }, P_WHAT },
	    .guard = "SELECT CASE WHEN :template IS NOT NULL AND NOT EXISTS(SELECT 1 FROM template"
	    " WHERE name = :template) THEN 'no-template' WHEN EXISTS(SELECT 1 FROM "
	    DUTY_LIST(":units") " u WHERE NOT EXISTS(SELECT 1 FROM register_entry e WHERE e.kind ="
	    " 'units' AND e.id = u.value AND e.removed IS NULL)) THEN 'no-unit' END",
	    .fill = "SELECT " NEXT_ID("CD", "directive") " directive, (SELECT coalesce(max(number),"
	    " 0) + 1 FROM order_task) first, (SELECT json_group_array(json_object('item', item,"
	    " 'title', title, 'english', english, 'article', law || ', ' || article, 'lead',"
	    " coalesce(:lead, lead), 'due', stamp(coalesce(:now + days * " DUTY_DAY_NS ", :due)),"
	    " 'proof', proof, 'of', of, 'leads', json(leads))) FROM (SELECT * FROM template_order"
	    " WHERE template = :template ORDER BY number)) tasks",
	    .apply = "INSERT OR IGNORE INTO directive(id, number, issued, issuer, title, template,"
	    " due, units, text, added, adder) VALUES(:directive, :number, :issued, :issuer,"
	    " :title, :template, :due, :units, :what, :time, :who);INSERT OR IGNORE INTO"
	    " order_task(number, directive, item, title, english, article, lead, due, proof, of,"
	    " leads, next) SELECT CAST(:first AS INT) + key, :directive, value ->> 'item', value"
	    " ->> 'title', value ->> 'english', value ->> 'article', value ->> 'lead', ns(value"
	    " ->> 'due'), value ->> 'proof', value ->> 'of', value -> 'leads', "
	    NEXT("ns(t.value ->> 'due')", "t.value -> 'leads'", "NULL")
	    " FROM json_each(iif(json_valid(:tasks), :tasks, '[]')) t;",
	    .then = "/api/directives/{directive}" },
	{ .name = "directive-task", .path = "/api/directives/{directive}/tasks",
	    .rights = DESK_ACT, .param = { P_DIRECTIVE, { .name = "item", .kind = PART_LINE,
	    .most = 32 }, { .name = "title", .kind = PART_LINE, .required = true }, P_LEAD,
	    { .name = "proof", .kind = PART_WORD, .otherwise = "statement" },
	    { .name = "of", .kind = PART_LINE } },
	    .guard = "SELECT CASE" NO_DIRECTIVE BAD_PROOF " WHEN :lead IS NULL THEN 'no-lead' END",
	    .fill = "SELECT coalesce(max(number), 0) + 1 task FROM order_task",
	    .apply = "INSERT OR IGNORE INTO order_task(number, directive, item, title, lead,"
	    " support, due, proof, of, leads, next) VALUES(:task, :directive, :item, :title, :lead,"
	    " :support, :due, coalesce(:proof, 'statement'), :of, " LEADS_ELSE ", "
	    NEXT(":due", LEADS_ELSE, "NULL") ");", .then = "/api/directives/{directive}" },
	{ .name = "directive-assign", .path = "/api/orders/{task}/assign", .rights = DESK_ACT,
	    .param = { P_TASK, P_LEAD, P_WHAT }, .guard = "SELECT CASE" NO_TASK " WHEN :lead IS"
	    " NULL AND :support IS NULL AND :due IS NULL THEN 'nothing-said' END",
	    .fill = "SELECT directive FROM order_task WHERE number = :task",
	    .apply = "UPDATE order_task SET lead = coalesce(:lead, lead), support ="
	    " coalesce(:support, support), next = iif(:due IS NULL, next, " NEXT(":due", "leads",
	    "NULL") "), warned = iif(:due IS NULL, warned, NULL), due = coalesce(:due, due) WHERE"
	    " number = :task;", .then = "/api/directives/{directive}" },
	/* unit: whose it is; the units that were asked are counted by it. */
	{ .name = "directive-prove", .path = "/api/orders/{task}/prove", .rights = DESK_ACT,
	    .param = { P_TASK, { .name = "unit", .kind = PART_WORD, .most = 64 },
	    { .name = "person", .kind = PART_LINE, .required = true }, P_WHAT_NEEDED, P_AT,
	    { .name = "name", .kind = PART_LINE, .most = 255 },
	    { .name = "sha256", .kind = PART_WORD, .most = 64 },
	    { .name = "mark", .kind = PART_WORD, .most = 32 } },
	    .guard = "SELECT CASE" NO_TASK AHEAD(":at") " WHEN :mark <> 'none' OR (:sha256 IS NOT"
	    " NULL AND :mark IS NULL) THEN 'paper-secret' WHEN :unit IS NOT NULL AND NOT"
	    " EXISTS(SELECT 1 FROM register_entry WHERE kind = 'units' AND id = :unit AND removed"
	    " IS NULL) THEN 'no-unit' WHEN (:sha256 IS NULL) <> (:name IS NULL) THEN 'file-half'"
	    OFFICE_BAD_SUM " END",
	    .fill = "SELECT directive FROM order_task WHERE number = :task",
	    .apply = "INSERT OR IGNORE INTO order_proof VALUES(:seq, :task, :unit, :person, :what,"
	    " :name, :sha256, coalesce(:at, :time), :time, :who);",
	    .then = "/api/directives/{directive}" },
	{ .name = "directive-done", .path = "/api/orders/{task}/done", .rights = DESK_ACT,
	    .param = { P_TASK, P_WHAT_NEEDED },
	    .guard = "SELECT CASE" NO_TASK " WHEN " OF_TASK("proof") " IN ('statement', 'review',"
	    " 'query') AND NOT EXISTS(SELECT 1 FROM order_proof WHERE task = :task) THEN 'no-proof'"
	    " END",
	    .fill = "SELECT directive, " FIGURE " figure FROM order_task WHERE number = :task",
	    .apply = "UPDATE order_task SET state = 'done', done = :time, doer = :who, result ="
	    " :what, figure = :figure WHERE number = :task;",
	    .then = "/api/directives/{directive}" },
	{ .name = "directive-drop", .path = "/api/orders/{task}/drop", .rights = DESK_HEAD,
	    .param = { P_TASK, P_WHAT_NEEDED }, .guard = "SELECT CASE" NO_TASK " END",
	    .fill = "SELECT directive FROM order_task WHERE number = :task",
	    .apply = "UPDATE order_task SET state = 'dropped', done = :time, doer = :who, result ="
	    " :what WHERE number = :task;", .then = "/api/directives/{directive}" },
	{ .name = "directive-close", .path = "/api/directives/{directive}/close",
	    .rights = DESK_HEAD, .param = { P_DIRECTIVE, P_WHAT_NEEDED },
	    .guard = "SELECT CASE" NO_DIRECTIVE " WHEN EXISTS(SELECT 1 FROM order_task WHERE"
	    " directive = :directive AND state = 'open') THEN 'tasks-open' END",
	    .apply = "UPDATE directive SET state = 'closed', closed = :time, closer = :who,"
	    " result ="
	    " :what WHERE id = :directive;", .then = "/api/directives/{directive}" },
	/* The desk's own: it is due so soon. */
	{ .name = "directive-warn", .param = { P_TASK,
	    { .name = "before", .kind = PART_NUMBER, .required = true },
	    { .name = "lead", .kind = PART_LINE }, { .name = "directive", .kind = PART_LINE } },
	    .apply = "UPDATE order_task SET warned = :before, warned_at = :time, next = "
	    NEXT("due", "leads", ":before") " WHERE number = :task;" },
	{ .name = NULL },
};

#define PROOF_OBJECT \
    "'unit', unit, 'person', person, 'text', text, 'name', name, 'sha256', sha256, 'at'," \
    " stamp(at), 'who', who"
/* Of the units that were asked: who has proved it. */
#define UNITS_OF \
    "(SELECT json_group_array(json_object('unit', u.value, 'label', (SELECT label FROM" \
    " register_entry e WHERE e.kind = 'units' AND e.id = u.value), 'proved', (SELECT stamp(max(" \
    "p.at)) FROM order_proof p WHERE p.task = t.number AND p.unit = u.value))) FROM " \
    DUTY_LIST("coalesce((SELECT units FROM directive d WHERE d.id = t.directive), '')") \
    " u WHERE u.value <> '')"
#define TASK_OBJECT \
    "'task', number, 'directive', directive, 'item', item, 'title', title, 'english', english," \
    " 'article', article, 'lead', lead, 'support', support, 'due', stamp(due), 'left', CASE state" \
    " WHEN 'open' THEN (due - :now) / 1000000000 END, 'proof', proof, 'of', of, 'state', state," \
    " 'done', stamp(done), 'doer', doer, 'result', result, 'figure', CASE state WHEN 'open' THEN " \
    FIGURE " ELSE figure END, 'units', json(units), 'proofs', " \
    ARRAY(PROOF_OBJECT, "order_proof WHERE task = number ORDER BY seq")
#define TASKS(WHERE)	"(SELECT t.*, " UNITS_OF " units FROM order_task t) WHERE " WHERE
#define COUNT_OF(WHERE) \
    "(SELECT count(*) FROM order_task WHERE directive = id AND " WHERE ")"
#define DIRECTIVE_OBJECT \
    "'id', id, 'number', number, 'issued', issued, 'issuer', issuer, 'title', title, 'template'," \
    " template, 'due', stamp(due), 'units', units, 'text', text, 'added', stamp(added), 'adder'," \
    " adder, 'state', directive.state, 'closed', stamp(closed), 'closer', closer, 'result'," \
    " result, 'tasks_total', " COUNT_OF("true") ", 'tasks_done', " \
    COUNT_OF("order_task.state = 'done'") ", 'tasks_late', " \
    COUNT_OF("order_task.state = 'open' AND order_task.due < :now")
#define DIRECTIVE_WHERE \
    " WHERE (:state = 'all' OR state = :state) AND (:text IS NULL OR instr(folded(id || ' ' ||" \
    " number || ' ' || title), folded(:text)) > 0)"
#define TASK_WHERE \
    "(:state = 'all' OR state = :state) AND (:lead IS NULL OR lead = :lead)"

static const struct part_view views[] = {
	{ .path = "/api/directives", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" },
	    { .name = "text", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM directive" DIRECTIVE_WHERE
	    "), 'directives', json((SELECT json_group_array(json(j)) FROM (SELECT json_object("
	    DIRECTIVE_OBJECT ") j FROM directive" DIRECTIVE_WHERE " ORDER BY due IS NULL, due, id"
	    " LIMIT min(:limit, 1000) OFFSET :offset))))" },
	{ .path = "/api/directives/{directive}", .rights = DESK_READ, .param = { P_DIRECTIVE },
	    .sql = "SELECT json_object(" DIRECTIVE_OBJECT ", 'tasks', " ARRAY(TASK_OBJECT,
	    TASKS("directive = :directive ORDER BY number")) ") FROM directive WHERE id ="
	    " :directive" },
	/* What is asked of whom, of all directives. */
	{ .path = "/api/orders", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" },
	    { .name = "lead", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM order_task WHERE " TASK_WHERE
	    "), 'tasks', " ARRAY(TASK_OBJECT, "(SELECT t.*, " UNITS_OF " units FROM (SELECT * FROM"
	    " order_task WHERE " TASK_WHERE " ORDER BY due IS NULL, due, number LIMIT min(:limit,"
	    " 1000) OFFSET :offset) t)") ")" },
	{ .path = "/api/templates", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT json_object('templates', json((SELECT json_group_array(json(j)) FROM"
	    " (SELECT json_object('name', name, 'title', title, 'version', version, 'orders', "
	    ARRAY("'item', item, 'title', title, 'english', english, 'law', law, 'article',"
	    " article, 'effective', effective, 'issuer', issuer, 'source', source, 'status',"
	    " status, 'note',"
	    " note, 'proof', proof, 'of', of, 'lead', lead, 'days', days",
	    "template_order WHERE template = name ORDER BY number") ") j FROM template ORDER BY"
	    " number))))" },
	{ .path = NULL },
};

static const struct part_timer timers[] = {
	{ "directive-warn", "SELECT number task, (SELECT min(value) FROM json_each(leads) WHERE due"
	    " - value * 1000000000 <= :now) before, lead, directive FROM order_task WHERE state ="
	    " 'open' AND next <= :now ORDER BY next LIMIT 1" },
	{ NULL, NULL },
};

const struct part part_directives = { .name = "directives", .schema = schema, .act = acts,
	.view = views, .timer = timers,
	.open = "SELECT 'directive', directive || ' #' || number, iif(warned = 0, 3, 1),"
	    " coalesce(item || '. ', '') || title || coalesce(', ' || lead, ''), due FROM"
	    " order_task"
	    " WHERE warned IS NOT NULL AND state = 'open'",
	.book = "SELECT time, 'directive', CAST(task AS TEXT), who, 'directive-prove', person"
	" || ': '"
	    " || text, seq FROM order_proof UNION ALL SELECT added, 'directive', id, adder,"
	    " 'directive-add', number || ' ' || title, 0 FROM directive" };
