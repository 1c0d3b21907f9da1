/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Questions about incidents: the list and one with everything. The page that is
 * read at night is in incident_page.c.
 */
#include "desk/incident_int.h"

#define CLOCK_OBJECT \
    "'clock', name, 'title', title, 'english', english, 'start', stamp(start), 'due'," \
    " stamp(due), 'left', CASE WHEN " RUNS " THEN (due - :now) / 1000000000 END, 'recipient'," \
    " recipient, 'law', law, 'article', article, 'effective', effective, 'source', source," \
    " 'status', status, 'sent', stamp(stopped), 'sender', sender, 'channel', channel, 'to'," \
    " sent_to, 'receipt', receipt, 'text', sent_text, 'late', coalesce(stopped, :now) > due," \
    " 'dropped', stamp(dropped), 'waiver', waiver, 'waived', waived"
#define TASK_OBJECT \
    "'task', number, 'title', title, 'english', english, 'person', person, 'due', stamp(due)," \
    " 'left', CASE state WHEN 'open' THEN (due - :now) / 1000000000 END, 'evidence', evidence," \
    " 'playbook', playbook, 'step', step, 'state', state, 'adder', adder, 'added'," \
    " stamp(added), 'done', stamp(done), 'doer', doer, 'result', result"
#define EVENT_OBJECT \
    "'incident', incident, 'seq', seq, 'time', stamp(time), 'at', stamp(at), 'who', who," \
    " 'act', act, 'text', text"
#define CUSTODY_OBJECT \
    "'giver', giver, 'taker', taker, 'place', place, 'at', stamp(at), 'who', who, 'text', text"

/* Its own and those of what was merged into it. */
#define EVENTS \
    "incident_event WHERE incident IN (SELECT :incident UNION ALL SELECT id FROM incident WHERE" \
    " into_id = :incident)"

/* What the list and the page of one have in common. */
#define INCIDENT_OBJECT \
    "'id', id, 'title', title, 'state', state, 'exercise', exercise, 'severity', severity," \
    " 'severity_title', severity_title, 'severity_english', severity_english, 't0', stamp(t0)," \
    " 'opened', stamp(opened), 'opener', opener, 'unit', unit, 'system', system, 'level'," \
    " level, 'profile', profile, 'into', into_id, 'closed', stamp(closed), 'alerts', (SELECT" \
    " count(*) FROM incident_alert WHERE incident = id), 'tasks_open', (SELECT count(*) FROM" \
    " task WHERE incident = id AND task.state = 'open'), 'next', json((SELECT" \
    " json_object('clock', name, 'title', title, 'english', english, 'due', stamp(due)," \
    " 'left', (due - :now) / 1000000000) FROM clock WHERE incident = id AND " RUNS \
    " ORDER BY due LIMIT 1))"
#define MORE_OBJECT \
    "'known', known, 'how', how, 'teller', teller, 'alert', alert, 'occurred'," \
    " stamp(occurred), 'personal', stamp(personal), 'answers', json(answers), 'reasons'," \
    " json(reasons), 'pack', pack, 'pack_version', pack_version, 'classified'," \
    " stamp(classified), 'classifier', classifier, 'closer', closer, 'sure', sure, 'cause'," \
    " cause, 'remedy', remedy, 'lessons', lessons, 'clocks', " \
    ARRAY(CLOCK_OBJECT, "clock WHERE incident = :incident ORDER BY due, name") ", 'tasks', " \
    ARRAY(TASK_OBJECT, "task WHERE incident = :incident ORDER BY number") ", 'evidence', " \
    ARRAY("'evidence', number, 'name', name, 'sha256', sha256, 'text', text, 'added'," \
    " stamp(added), 'adder', adder, 'custody', " ARRAY(CUSTODY_OBJECT, "custody WHERE" \
    " evidence = number ORDER BY seq"), "evidence WHERE incident = :incident ORDER BY number") \
    ", 'touched', " ARRAY("'kind', kind, 'name', name, 'text', text", "incident_touched WHERE" \
    " incident = :incident ORDER BY seq") ", 'linked', json((SELECT json_group_array(json_object(" \
    "'id', a.id, 'rule', rule, 'level', level, 'host', host, 'message', message, 'opened'," \
    " stamp(opened))) FROM incident_alert l JOIN alert a ON a.id = l.alert WHERE l.incident =" \
    " :incident)), 'merged', json((SELECT json_group_array(id) FROM incident m WHERE m.into_id" \
    " = :incident)), 'events_total', (SELECT count(*) FROM " EVENTS "), 'events', " \
    ARRAY(EVENT_OBJECT, "(SELECT * FROM " EVENTS " ORDER BY seq DESC LIMIT 200) ORDER BY seq")

#define LIST_WHERE \
    " WHERE (:state = 'all' OR state = :state) AND (:exercise IS NULL OR exercise = :exercise)" \
    " AND (:unit IS NULL OR unit = :unit) AND (:text IS NULL OR instr(folded(id || ' ' ||" \
    " title || ' ' || coalesce(system, '')), folded(:text)) > 0)"
const struct part_view incident_views[] = {
	{ .path = "/api/incidents", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" },
	    { .name = "exercise", .kind = PART_FLAG }, { .name = "unit", .kind = PART_LINE },
	    { .name = "text", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM incident" LIST_WHERE "),"
	    " 'incidents', " ARRAY(INCIDENT_OBJECT, "incident" LIST_WHERE " ORDER BY state ="
	    " 'open' DESC, coalesce((SELECT min(due) FROM clock WHERE clock.incident = id AND "
	    RUNS "), 9e18), opened DESC LIMIT min(:limit, 1000) OFFSET :offset") ")" },
	{ .path = "/api/incidents/{incident}", .rights = DESK_READ, .param = { P_INCIDENT },
	    .sql = "SELECT json_object(" INCIDENT_OBJECT ", " MORE_OBJECT ") FROM incident WHERE"
	    " id = :incident" },
	{ .path = "/api/incidents/{incident}/events", .rights = DESK_READ, .param = {
	    P_INCIDENT, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM " EVENTS "), 'events', "
	    ARRAY(EVENT_OBJECT, EVENTS " ORDER BY seq LIMIT min(:limit, 1000) OFFSET :offset")
	    ") FROM incident WHERE id = :incident" },
	{ .path = NULL },
};
