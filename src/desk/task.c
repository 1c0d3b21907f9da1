/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tasks: what a person is to do by when, most of them for an incident, many of them steps of a
 * playbook. They have numbers of their own, so that a person can say one on the telephone.
 */
#include "desk/incident_int.h"

static const char schema[] =
    "CREATE TABLE task(number INTEGER PRIMARY KEY, incident TEXT, title TEXT, english TEXT,"
    " person TEXT, due INT, playbook TEXT, step INT, evidence INT, added INT, adder TEXT,"
    " state TEXT DEFAULT 'open', done INT, doer TEXT, result TEXT);"
    "CREATE INDEX task_incident ON task(incident, number);"
    "CREATE INDEX task_open ON task(due) WHERE state = 'open';";

#define P_TASK		{ .name = "task", .kind = PART_NUMBER, .required = true }
#define P_PERSON	{ .name = "person", .kind = PART_LINE }
#define P_DUE		{ .name = "due", .kind = PART_TIME }
/* The incident of the task; a task that is open has one that is open. */
#define OF_TASK		"(SELECT incident FROM task WHERE number = :task)"
#define TASK_OPEN \
    "SELECT CASE WHEN NOT EXISTS(SELECT 1 FROM task WHERE number = :task) THEN 'no-task'" \
    " WHEN (SELECT state FROM task WHERE number = :task) <> 'open' THEN 'task-over'" \
    NOT_OPEN(OF_TASK) " END"
#define FILL_INCIDENT	"SELECT incident FROM task WHERE number = :task"
#define TASK_EVENT(TEXT) \
    EVENT_OF(":incident", "'#' || :task || ' ' || (SELECT title FROM task WHERE number = :task)" \
    " || " TEXT, "NULL")
#define NEXT_TASK	"(SELECT coalesce(max(number), 0) + 1 FROM task)"
#define TASK_END(STATE) \
    "UPDATE task SET state = '" STATE "', done = :time, doer = :who, result = :what WHERE" \
    " number = :task;" TASK_EVENT("': ' || :what")

static const struct part_act acts[] = {
	{ .name = "task-add", .path = "/api/incidents/{incident}/tasks", .rights = DESK_ACT,
	    .param = { P_INCIDENT, { .name = "title", .kind = PART_LINE, .required = true },
	    P_PERSON, P_DUE }, .guard = "SELECT CASE" NOT_OPEN(":incident") " END",
	    .fill = "SELECT " NEXT_TASK " task",
	    .apply = "INSERT OR IGNORE INTO task(number, incident, title, person, due, added,"
	    " adder) VALUES(:task, :incident, :title, :person, :due, :time, :who);"
	    EVENT_OF(":incident", "'#' || :task || ' ' || :title || coalesce(' - ' || :person,"
	    " '')", "NULL"), .then = THEN_INCIDENT },
	{ .name = "task-assign", .path = "/api/tasks/{task}/assign", .rights = DESK_ACT,
	    .param = { P_TASK, { .name = "person", .kind = PART_LINE, .required = true },
	    P_DUE }, .guard = TASK_OPEN, .fill = FILL_INCIDENT,
	    .apply = "UPDATE task SET person = :person, due = coalesce(:due, due) WHERE number ="
	    " :task;" TASK_EVENT("' - ' || :person"), .then = THEN_INCIDENT },
	{ .name = "task-done", .path = "/api/tasks/{task}/done", .rights = DESK_ACT,
	    .param = { P_TASK, P_WHAT_NEEDED }, .guard = TASK_OPEN, .fill = FILL_INCIDENT,
	    .apply = TASK_END("done"), .then = THEN_INCIDENT },
	{ .name = "task-drop", .path = "/api/tasks/{task}/drop", .rights = DESK_ACT,
	    .param = { P_TASK, P_WHAT_NEEDED }, .guard = TASK_OPEN, .fill = FILL_INCIDENT,
	    .apply = TASK_END("dropped"), .then = THEN_INCIDENT },
	/* Steps as they stand in the pack now are sealed with the act. */
	{ .name = "playbook-start", .path = "/api/incidents/{incident}/playbook",
	    .rights = DESK_ACT, .param = { P_INCIDENT, P_PERSON,
	    { .name = "playbook", .kind = PART_WORD, .required = true } },
	    .guard = "SELECT CASE" NOT_OPEN(":incident") " WHEN NOT EXISTS(SELECT 1 FROM"
	    " pack_playbook WHERE name = :playbook) THEN 'no-playbook'"
	    " WHEN EXISTS(SELECT 1 FROM task WHERE incident = :incident AND playbook = :playbook)"
	    " THEN 'playbook-runs' END",
	    .fill = "SELECT p.title playbook_title, k.name pack, k.version pack_version, (SELECT"
	    " json_group_array(json_object('task', " NEXT_TASK " + s.number - 1, 'title',"
	    " s.title, 'english', s.english, 'evidence', s.evidence, 'due', stamp(:now +"
	    " s.within))) FROM (SELECT * FROM pack_step WHERE playbook = :playbook ORDER BY"
	    " number) s) steps FROM pack_playbook p, pack k WHERE p.name = :playbook",
	    .apply = "INSERT OR IGNORE INTO task(number, incident, title, english, person, due,"
	    " playbook, step, evidence, added, adder) SELECT value ->> 'task', :incident,"
	    " value ->> 'title', value ->> 'english', :person, ns(value ->> 'due'), :playbook,"
	    " key + 1, value ->> 'evidence', :time, :who FROM json_each(:steps);"
	    EVENT_OF(":incident", ":playbook_title", "NULL"), .then = THEN_INCIDENT },
	{ .name = NULL },
};

/* Empty: everybody's. */
#define TASK_WHERE \
    " WHERE (:state = 'all' OR state = :state) AND (:person IS NULL OR person = :person)"

#define OF_EXERCISE	"(SELECT exercise FROM incident i WHERE i.id = incident)"

static const struct part_view views[] = {
	{ .path = "/api/tasks", .rights = DESK_READ, .param = { P_PERSON,
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM task" TASK_WHERE "),"
	    " 'tasks', (SELECT json_group_array(json_object('task', number, 'incident', incident,"
	    " 'title', title, 'person', person, 'due', stamp(due), 'left', (due - :now) /"
	    " 1000000000, 'evidence', evidence, 'exercise', " OF_EXERCISE ", 'playbook', "
	    "playbook, 'state', state, 'done',"
	    " stamp(done), 'doer', doer, 'result', result)) FROM (SELECT * FROM task" TASK_WHERE
	    " ORDER BY due IS NULL, due, number LIMIT min(:limit, 1000) OFFSET :offset)))" },
	{ .path = NULL },
};

const struct part part_tasks = { .name = "tasks", .schema = schema, .act = acts,
	.view = views,
	.open = "SELECT 'task', CAST(number AS TEXT), 0, title, added FROM task WHERE state ="
	    " 'open'" };
