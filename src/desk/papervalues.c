/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the desk knows, as the values of papers: flat names with Vietnamese text, and lists for the
 * blocks of a form (doc/formats/form.md, "Values from the desk"). A form takes of them what it
 * declares; what the desk does not know is not there, and stays dots for the hand. One view for
 * each thing that a paper can be about: an incident, a piece of evidence, a hand-over, a time.
 */
#include "desk/desk.h"
#include "desk/dutysql.h"
#include "desk/incident_int.h"
#include "desk/office_int.h"

/* ---- what all of them have ---- */

#define COMMON \
    "'made', here(:now), 'day', " OFFICE_DATE("%d", ":now") ", 'month', " \
    OFFICE_DATE("%m", ":now") ", 'year', " OFFICE_DATE("%Y", ":now") ", 'checkpoint', :sealed"
#define JOINED(TEXT, FROM) \
    "(SELECT group_concat(" TEXT ", '; ') FROM (SELECT * FROM " FROM "))"
/* A name of the pack as a part of a field's: "thong-bao-24h" is thong_bao_24h. */
#define FIELD_NAME(TEXT)	"replace(replace(" TEXT ", '-', '_'), '.', '_')"
#define EXERCISE(COLUMN)	"iif(" COLUMN " = 1, ' (DIỄN TẬP)', '')"
#define LEVEL_WORD(COLUMN) \
    "CASE " COLUMN " WHEN 0 THEN 'thông tin' WHEN 1 THEN 'thấp' WHEN 2 THEN 'vừa' WHEN 3 THEN" \
    " 'cao' ELSE 'nghiêm trọng' END"
#define STATE_WORD(COLUMN) \
    "CASE " COLUMN " WHEN 'open' THEN 'đang xử lý' WHEN 'closed' THEN 'đã kết thúc' WHEN" \
    " 'merged' THEN 'đã gộp' WHEN 'done' THEN 'đã xong' WHEN 'dropped' THEN 'đã bỏ' WHEN 'new'" \
    " THEN 'chưa tiếp nhận' WHEN 'taken' THEN 'đang xử lý' WHEN 'false' THEN 'báo động nhầm' END"
#define COUNT(FROM)	"CAST((SELECT count(*) FROM " FROM ") AS TEXT)"
#define PERSON_NAME(COLUMN) \
    "coalesce((SELECT name FROM contact c WHERE c.person = " COLUMN "), " COLUMN ")"
/* Instructions of the head: FROM, TO are times. */
#define ORDERS(WHICH) \
    ARRAY("'said', who || ', ' || here(coalesce(at, time)) || ': ' || text", "incident_event" \
    " WHERE act = 'incident-instruction' AND " WHICH " ORDER BY seq LIMIT 100")

/* ---- what the registers say ---- */

/* The unit that is the desk's own: what stands on every paper. */
#define OFFICE \
    "coalesce((SELECT json_object('parent', f ->> 'parent_upper', 'office', f ->> 'name_upper'," \
    " 'reporter', f ->> 'name', 'place', f ->> 'place', 'address', f ->> 'address', 'phone', f" \
    " ->> 'phone', 'mail', f ->> 'mail', 'owner', f ->> 'owner', 'operator', f ->> 'operator'," \
    " 'contact', f ->> 'contact', 'signer', f ->> 'signer', 'name', f ->> 'signer_name', 'head'," \
    " f ->> 'head') FROM register_entry WHERE kind = 'units' AND removed IS NULL AND f ->> 'own'" \
    " = 'yes' ORDER BY id LIMIT 1), '{}')"
/* Of the system that an incident names by its id or name. */
#define SYSTEM \
    "coalesce((SELECT json_object('system', label, 'level', f ->> 'level', 'owner', f ->>" \
    " 'owner', 'decision', f ->> 'decision', 'purpose', f ->> 'purpose', 'addresses', f ->>" \
    " 'addresses', 'domains', f ->> 'domains', 'os', f ->> 'os', 'hosting', f ->> 'hosting') FROM" \
    " register_entry e WHERE e.kind = 'systems' AND e.removed IS NULL AND (e.id = system OR" \
    " e.label = system) ORDER BY e.id LIMIT 1), '{}')"
/* Later values in the place of earlier ones; what is null says nothing. */
#define OVER(FIRST, SECOND)	"json_patch(" FIRST ", json_patch('{}', " SECOND "))"

#define SYSTEMS(WHERE)	COUNT("register_entry WHERE kind = 'systems' AND removed IS NULL" WHERE)
#define OFFICE_VALUES \
    "'systems_total', " SYSTEMS("") ", 'systems_classified', " SYSTEMS(" AND f ->> 'level' IS NOT" \
    " NULL") ", 'systems_drafted', " SYSTEMS(" AND f ->> 'state' IN ('drafted', 'appraised'," \
    " 'approved')") ", 'systems_appraised', " SYSTEMS(" AND f ->> 'state' IN ('appraised'," \
    " 'approved')") ", 'systems_approved', " SYSTEMS(" AND f ->> 'state' = 'approved'") \
    ", 'systems_inspected', " SYSTEMS(" AND f ->> 'inspected' IS NOT NULL") \
    ", 'systems_deployed', " SYSTEMS(" AND f ->> 'deployed' = 'yes'") ", 'person', " \
    ARRAY("'name', name, 'unit', unit, 'phone', phone, 'second', second, 'mail', mail, 'roles'," \
    " roles", "(SELECT *, (SELECT group_concat(title, ', ') FROM contact_role r JOIN duty_role d" \
    " ON d.name = r.role WHERE r.person = c.person) roles FROM contact c WHERE removed IS NULL)" \
    " ORDER BY unit, name LIMIT 500")
/* Each register as a list of its name, its columns as they are; 500 entries of each. */
#define OFFICE_LISTS \
    "coalesce((SELECT json_group_object(kind, json(list)) FROM (SELECT kind, json_group_array(" \
    "json(row)) list FROM (SELECT kind, json_patch(f, json_object('id', id, 'item', CAST(n AS" \
    " TEXT), 'expires', expires, 'unit_name', (SELECT label FROM register_entry u WHERE u.kind =" \
    " 'units' AND u.id = x.f ->> 'unit'), 'state_word', CASE f ->> 'state' WHEN 'none' THEN" \
    " 'chưa lập hồ sơ' WHEN 'drafted' THEN 'đã lập hồ sơ' WHEN 'appraised' THEN 'đã thẩm định'" \
    " WHEN 'approved' THEN 'đã phê duyệt' END, 'deployed_word', CASE f ->> 'deployed' WHEN 'yes'" \
    " THEN 'có' WHEN 'no' THEN 'chưa' END)) row FROM (SELECT *, row_number() OVER (PARTITION BY" \
    " kind ORDER BY id) n FROM register_entry WHERE removed IS NULL) x WHERE n <= 500 ORDER BY" \
    " kind, n) GROUP BY kind)), '{}')"

/* ---- an incident ---- */

#define HOW_WORD \
    "CASE how WHEN 'alert' THEN 'cảnh báo của hệ thống' WHEN 'phone' THEN 'điện thoại' WHEN" \
    " 'letter' THEN 'văn bản' WHEN 'citizen' THEN 'người dân' WHEN 'body' THEN 'cơ quan khác'" \
    " WHEN 'found' THEN 'tự phát hiện' ELSE 'nguồn khác' END || coalesce(', ' || teller, '')"
#define SURE_WORD \
    "CASE sure WHEN 'sure' THEN ' (đủ căn cứ xác định)' WHEN 'likely' THEN ' (nhiều khả năng)'" \
    " WHEN 'guess' THEN ' (chưa đủ căn cứ)' ELSE '' END"
#define SAID_WORD \
    "CASE value WHEN 'yes' THEN 'có' WHEN 'no' THEN 'không' ELSE 'chưa rõ' END"
#define REASONS \
    "(SELECT group_concat((value ->> 'title') || CASE value ->> 'said' WHEN 'yes' THEN ' có' ELSE" \
    " ' chưa rõ' END, '; ') FROM json_each(reasons))"
#define KIND_WORD \
    "CASE kind WHEN 'person' THEN 'người' WHEN 'account' THEN 'tài khoản' WHEN 'host' THEN" \
    " 'máy' WHEN 'address' THEN 'địa chỉ' WHEN 'system' THEN 'hệ thống' WHEN 'data' THEN" \
    " 'dữ liệu' ELSE 'khác' END"
#define HOLDER(COLUMN) \
    "(SELECT " COLUMN " FROM custody u WHERE u.evidence = number ORDER BY seq DESC" \
    " LIMIT 1)"

#define INCIDENT_VALUES \
    "'code', id || " EXERCISE("exercise") ", 'name_of', title, 'found', here(t0), 'happened'," \
    " here(occurred), 'personal', here(personal), 'system', coalesce((SELECT e.label FROM" \
    " register_entry e WHERE e.kind = 'systems' AND e.removed IS NULL AND e.id = system)," \
    " system), 'level', level, 'unit'," \
    " unit, 'how', " HOW_WORD ", 'signs', known, 'state', " STATE_WORD("state") ", 'severity'," \
    " severity_title || coalesce('; vì: ' || " REASONS ", ''), 'group', (SELECT" \
    " group_concat(replace(title, 'Kịch bản: ', ''), '; ') FROM pack_playbook WHERE name IN" \
    " (SELECT playbook FROM task" \
    " WHERE incident = :incident)), 'scope', " JOINED(KIND_WORD " || ' ' || name ||" \
    " coalesce(' (' || text || ')', '')", "incident_touched WHERE incident = :incident ORDER" \
    " BY seq") ", 'measures', " JOINED("title || coalesce(': ' || result, '')", "task WHERE" \
    " incident = :incident AND state = 'done' ORDER BY done, number") ", 'doing', " \
    JOINED("title || coalesce(', hạn ' || here(due), '')", "task WHERE incident = :incident AND" \
    " state = 'open' ORDER BY due IS NULL, due, number") ", 'evidence_kept', " \
    JOINED("name || ' (SHA-256 ' || sha256 || ')'", "evidence WHERE incident = :incident ORDER" \
    " BY number") ", 'cause', cause || " SURE_WORD ", 'remedy', remedy, 'lessons', lessons," \
    " 'closed', here(closed)"
#define INCIDENT_LISTS \
    "'event', " ARRAY("'time', here(coalesce(at, time)), 'by', who, 'what', word || coalesce(': '" \
    " || text, '')", "(SELECT e.*, coalesce(w.vi, e.act) word FROM incident_event e LEFT JOIN" \
    " act_word w ON w.act = e.act WHERE e.incident IN (SELECT :incident UNION ALL SELECT id FROM" \
    " incident WHERE into_id = :incident) ORDER BY e.seq DESC LIMIT 500) ORDER BY coalesce(at," \
    " time), seq") ", 'task', " ARRAY("'item', CAST(number AS TEXT), 'what', title, 'who'," \
    " person, 'due', here(due), 'state', " STATE_WORD("state") ", 'result', result", "task" \
    " WHERE incident = :incident ORDER BY number") ", 'evidence', " ARRAY("'item'," \
    " CAST(number AS TEXT), 'name', name, 'sum', sha256, 'holder', " HOLDER("taker") ", 'kept'," \
    HOLDER("place"), "evidence WHERE incident = :incident ORDER BY number") ", 'clock', " \
    ARRAY("'what', title, 'due', here(due), 'sent', here(stopped), 'receipt', receipt, 'to'," \
    " coalesce(sent_to, recipient)", "clock WHERE incident = :incident AND dropped IS NULL ORDER" \
    " BY due, name") ", 'order', " ORDERS("incident = :incident")
/* answer_QUESTION, due_CLOCK, to_CLOCK, sent_CLOCK, receipt_CLOCK. */
#define CLOCK_NAMED(WORD, VALUE) \
    "(SELECT json_group_object('" WORD "_' || " FIELD_NAME("name") ", " VALUE ") FROM clock WHERE" \
    " incident = :incident AND dropped IS NULL)"
#define INCIDENT_NAMED \
    "json_patch((SELECT json_group_object('answer_' || " FIELD_NAME("key") ", " SAID_WORD \
    ") FROM json_each(coalesce(answers, '{}'))), json_patch(" CLOCK_NAMED("due", "here(due)") \
    ", json_patch(" CLOCK_NAMED("to", "coalesce(sent_to, recipient)") ", json_patch(" \
    CLOCK_NAMED("sent", "here(stopped)") ", " CLOCK_NAMED("receipt", "receipt") "))))"

/* ---- a piece of evidence ---- */

#define EVIDENCE_VALUES \
    "'code', e.incident || " EXERCISE("i.exercise") ", 'name_of', i.title, 'item'," \
    " CAST(e.number AS TEXT), 'what', e.name, 'sum', e.sha256, 'note', e.text, 'giver'," \
    " u.giver, 'taker', u.taker, 'kept', u.place, 'time', here(u.at), 'giver_name', u.giver," \
    " 'taker_name', u.taker, 'hand', " ARRAY("'time', here(at), 'giver', giver, 'taker'," \
    " taker, 'kept', place, 'note', text", "custody WHERE evidence = :evidence ORDER BY seq")

/* ---- a hand-over ---- */

#define SILENT(TIME) \
    "coalesce((SELECT group_concat(message, '; ') FROM (SELECT message FROM alert WHERE rule GLOB" \
    " 'coverage.*' AND opened <= " TIME " AND (closed IS NULL OR closed > " TIME ") ORDER BY" \
    " opened LIMIT 10)), 'không có nguồn nào ngừng gửi')"
#define MATTER_WORD \
    "CASE value ->> 'kind' WHEN 'alert' THEN 'cảnh báo' WHEN 'incident' THEN 'sự cố' WHEN" \
    " 'deadline' THEN 'thời hạn báo cáo' WHEN 'request' THEN 'yêu cầu' WHEN 'register' THEN" \
    " 'sổ đăng ký' WHEN 'task' THEN 'việc của sự cố' WHEN 'unreached' THEN 'chưa báo được cho ai'" \
    " WHEN 'directive' THEN 'nhiệm vụ được giao' WHEN 'checklist' THEN 'danh mục" \
    " kiểm tra' ELSE value ->> 'kind' END"
#define MATTER_BLOCK(MATTERS) \
    "json((SELECT json_group_array(json_object('item', CAST(key + 1 AS TEXT), 'what', value ->>" \
    " 'title' || ' (' || (value ->> 'id') || ')', 'state', " MATTER_WORD ", 'due', here(ns(value" \
    " ->> 'since')), 'who', (SELECT " PERSON_NAME("d.assignee") " FROM alert_done d WHERE d.id" \
    " = value ->> 'id'))) FROM json_each(" MATTERS ")))"
#define HANDOVER_VALUES \
    "'shift', (SELECT title FROM duty_role WHERE name = tier), 'time', here(begun), 'giver', " \
    PERSON_NAME("leaver") ", 'taker', " PERSON_NAME("comer") ", 'giver_name', " \
    PERSON_NAME("leaver") ", 'taker_name', " PERSON_NAME("comer") ", 'remark', remark, 'note'," \
    " note, 'leader', (SELECT group_concat(name || coalesce(', ' || phone, ''), '; ') FROM" \
    " shift_told s WHERE s.tier <> h.tier AND s.removed IS NULL AND s.start <= h.begun AND" \
    " s.until > h.begun), 'intake', " SILENT("h.begun") ", 'matter', " MATTER_BLOCK("matters") \
    ", 'order', " ORDERS("time <= h.begun AND time > h.begun - " DUTY_DAY_NS)

/* ---- a time: its alerts are counted and the worst told, muted or not ---- */

#define IN_TIME(COLUMN)	COLUMN " >= :start AND " COLUMN " < :end"
#define DECIDED(STATE)	COUNT("alert_done WHERE state = '" STATE "' AND " IN_TIME("decided"))
#define TIME_KIND \
    "CASE WHEN :end - :start <= " DUTY_DAY_NS " THEN 'ngày' WHEN :end - :start <= 7 * " \
    DUTY_DAY_NS " THEN 'tuần' WHEN :end - :start <= 31 * " DUTY_DAY_NS " THEN 'tháng' ELSE 'kỳ'" \
    " END"
#define TIME_VALUES \
    "'kind', " TIME_KIND ", 'kind_upper', CASE " TIME_KIND " WHEN 'ngày' THEN 'NGÀY' WHEN 'tuần'" \
    " THEN 'TUẦN' WHEN 'tháng' THEN 'THÁNG' ELSE 'KỲ' END, 'from_time', here(:start), 'to_time'," \
    " here(:end), 'alerts', " COUNT("alert WHERE " IN_TIME("opened")) ", 'alerts_high', " \
    COUNT("alert WHERE level >= 3 AND " IN_TIME("opened")) ", 'alerts_taken', " \
    COUNT("alert_done WHERE " IN_TIME("taken")) ", 'alerts_done', " DECIDED("done") \
    ", 'alerts_false', " DECIDED("false") ", 'alerts_waiting', " COUNT("alert_now WHERE state =" \
    " 'new' AND closed IS NULL AND muted IS NULL AND opened < :end") ", 'incidents', " \
    COUNT("incident WHERE exercise = 0 AND " IN_TIME("opened")) ", 'incidents_closed', " \
    COUNT("incident WHERE exercise = 0 AND state = 'closed' AND " IN_TIME("closed")) \
    ", 'incidents_open', " COUNT("incident WHERE exercise = 0 AND state = 'open'") \
    ", 'exercises', " COUNT("incident WHERE exercise = 1 AND " IN_TIME("opened")) \
    ", 'notices_sent', " COUNT("clock WHERE " IN_TIME("stopped")) ", 'notices_late', " \
    COUNT("clock WHERE stopped > due AND " IN_TIME("stopped")) ", 'requests', " \
    COUNT("demand WHERE " IN_TIME("received")) ", 'requests_answered', " \
    COUNT("demand WHERE " IN_TIME("answered")) ", 'handovers', " \
    COUNT("handover WHERE accepted IS NOT NULL AND " IN_TIME("begun")) ", 'drills', " \
    COUNT("drill WHERE " IN_TIME("time")) ", 'drills_reached', " COUNT("drill WHERE reached AND " \
    IN_TIME("time")) ", 'papers_signed', " COUNT("paper WHERE " IN_TIME("signed")) \
    ", 'intake', " SILENT(":now") ", 'on_duty', (SELECT group_concat(coalesce(name, person) ||" \
    " coalesce(', ' || phone, ''), '; ') FROM shift_told WHERE removed IS NULL AND start <= :now" \
    " AND until > :now), 'next_due', (SELECT title || ' (' || incident || '), hạn ' || here(due)" \
    " FROM clock WHERE " RUNS " ORDER BY due LIMIT 1)"
#define TIME_LISTS \
    "'incident', " ARRAY("'code', id || " EXERCISE("exercise") ", 'what', title, 'severity'," \
    " coalesce(severity_title, 'chưa phân loại'), 'found', here(t0), 'state', " \
    STATE_WORD("state") ", 'due', (SELECT here(min(due)) FROM clock WHERE incident = id AND " \
    RUNS ")", "incident WHERE (" IN_TIME("opened") ") OR state = 'open' ORDER BY state = 'open'" \
    " DESC, opened DESC LIMIT 100") ", 'alert', " ARRAY("'what', message, 'host', host, 'level'," \
    LEVEL_WORD("level") ", 'time', here(opened), 'state', " STATE_WORD("state") ", 'who', " \
    PERSON_NAME("coalesce(assignee, taker)"), "(SELECT a.*, coalesce(d.state, 'new')" \
    " state, d.assignee, d.taker FROM alert a LEFT JOIN alert_done d ON d.id = a.id WHERE " \
    IN_TIME("a.opened") " ORDER BY a.level DESC, a.opened DESC LIMIT 30)") ", 'shift'," \
    " " ARRAY("'tier', (SELECT title FROM" \
    " duty_role r WHERE r.name = tier), 'who', coalesce(name, person), 'from_time', here(start)," \
    " 'to_time', here(until), 'note', note", "shift_told WHERE removed IS NULL AND start < :end" \
    " AND start > :start - 7 * " DUTY_DAY_NS " AND until > :start ORDER BY start, tier LIMIT" \
    " 200") ", 'order', " ORDERS(IN_TIME("time")) ", 'note', " ARRAY("'time', here(time), 'by'," \
    " who, 'what', text", "duty_note WHERE act = 'duty-note' AND " IN_TIME("time") \
    " ORDER BY seq LIMIT 200") ", 'matter', " MATTER_BLOCK("(SELECT json_group_array(json_object(" \
    "'kind', kind, 'id', id, 'title', substr(title, 1, 300), 'since', stamp(since))) FROM (SELECT" \
    " * FROM open_matter WHERE kind <> 'alert' ORDER BY kind = 'deadline' DESC, kind =" \
    " 'incident' DESC, level DESC," \
    " since, id LIMIT 30))")

/* ---- directives and checklists ---- */

#define UNIT_LABEL(COLUMN) \
    "(SELECT label FROM register_entry e WHERE e.kind = 'units' AND e.id = " COLUMN ")"
#define DIRECTIVE_VALUES \
    "'code', id, 'directive_number', number, 'issued', issued, 'issuer', issuer, 'title', title," \
    " 'due', here(due), 'what', text, 'result', result, 'tasks', " \
    COUNT("order_task WHERE directive = :directive") ", 'tasks_done', " \
    COUNT("order_task WHERE directive = :directive AND state = 'done'") ", 'tasks_dropped', " \
    COUNT("order_task WHERE directive = :directive AND state = 'dropped'") ", 'tasks_open', " \
    COUNT("order_task WHERE directive = :directive AND state = 'open'") ", 'tasks_late', " \
    COUNT("order_task WHERE directive = :directive AND state = 'open' AND due < :now") \
    ", 'task', " ARRAY("'item', item, 'what', title, 'lead', lead || coalesce(', phối hợp: ' ||" \
    " support, ''), 'due', here(due), 'state', " STATE_WORD("state") ", 'result', result ||" \
    " coalesce(' (' || figure || ')', ''), 'proof', (SELECT group_concat(person || ': ' || text" \
    " || coalesce(' [' || name || ', SHA-256 ' || substr(sha256, 1, 16) || '...]', ''), '; ')" \
    " FROM" \
    " (SELECT * FROM order_proof WHERE task = number ORDER BY seq))", "order_task WHERE directive" \
    " = :directive ORDER BY number") ", 'unit', json((SELECT json_group_array(json_object('name'," \
    " coalesce(" UNIT_LABEL("u.value") ", u.value), 'count', (SELECT CAST(count(DISTINCT p.task)" \
    " AS TEXT) FROM order_proof p JOIN order_task t ON t.number = p.task WHERE t.directive =" \
    " :directive AND p.unit = u.value), 'last', (SELECT here(max(p.at)) FROM order_proof p JOIN" \
    " order_task t ON t.number = p.task WHERE t.directive = :directive AND p.unit = u.value)))" \
    " FROM " DUTY_LIST("coalesce(units, '')") " u WHERE u.value <> ''))"
#define RESULTS(RESULT) \
    COUNT("checklist_item WHERE checklist = :checklist AND result = '" RESULT "'")
#define CHECKLIST_VALUES \
    "'code', id, 'title', title, 'source', source, 'system', (SELECT label FROM register_entry e" \
    " WHERE e.kind = 'systems' AND e.id = system), 'unit', " UNIT_LABEL("checklist.unit") \
    ", 'passed', " RESULTS("pass") ", 'failed', " RESULTS("fail") ", 'not_applicable', " \
    RESULTS("na") ", 'not_run', " RESULTS("open") ", 'item', " ARRAY("'number', CAST(item AS" \
    " TEXT), 'heading', heading, 'what', text, 'result', CASE result WHEN 'pass' THEN 'đạt' WHEN" \
    " 'fail' THEN 'không đạt' WHEN 'na' THEN 'không áp dụng' ELSE 'chưa kiểm tra' END," \
    " 'evidence', evidence || coalesce(' [' || name || ']', ''), 'who', coalesce(checker," \
    " person), 'due'," \
    " here(due)", "checklist_item WHERE checklist = :checklist ORDER BY item")

static const struct part_act acts[] = { { .name = NULL } };

static const struct part_view views[] = {
	{ .path = "/api/papers/values/incident/{incident}", .rights = DESK_READ,
	    .param = { P_INCIDENT },
	    .sql = "SELECT " OVER(OVER(OVER(OFFICE, SYSTEM), INCIDENT_NAMED), "json_object(" COMMON
	    ", " INCIDENT_VALUES ", " INCIDENT_LISTS ")") " FROM incident WHERE id = :incident" },
	{ .path = "/api/papers/values/evidence/{evidence}", .rights = DESK_READ,
	    .param = { { .name = "evidence", .kind = PART_NUMBER, .required = true } },
	    .sql = "SELECT " OVER(OFFICE, "json_object(" COMMON ", " EVIDENCE_VALUES ")")
	    " FROM evidence e JOIN incident i ON i.id = e.incident JOIN custody u ON u.evidence ="
	    " e.number WHERE"
	    " e.number = :evidence ORDER BY u.seq DESC LIMIT 1" },
	{ .path = "/api/papers/values/handover/{handover}", .rights = DESK_READ,
	    .param = { { .name = "handover", .kind = PART_NUMBER, .required = true } },
	    .sql = "SELECT " OVER(OVER(OFFICE, "json_object(" COMMON ", " HANDOVER_VALUES ")"),
	    "json_object('checkpoint', sealed)") " FROM handover h WHERE handover = :handover" },
	{ .path = "/api/papers/values/time", .rights = DESK_READ, .param = {
	    { .name = "start", .kind = PART_TIME, .required = true },
	    { .name = "end", .kind = PART_TIME, .required = true } },
	    .sql = "SELECT " OVER(OFFICE, "json_object(" COMMON ", " TIME_VALUES ", " TIME_LISTS
	    ")") " WHERE :start < :end" },
	{ .path = "/api/papers/values/directive/{directive}", .rights = DESK_READ, .param = {
	    { .name = "directive", .kind = PART_LINE, .required = true, .most = 16 } },
	    .sql = "SELECT " OVER(OFFICE, "json_object(" COMMON ", " DIRECTIVE_VALUES ")")
	    " FROM directive WHERE id = :directive" },
	{ .path = "/api/papers/values/checklist/{checklist}", .rights = DESK_READ, .param = {
	    { .name = "checklist", .kind = PART_LINE, .required = true, .most = 16 } },
	    .sql = "SELECT " OVER(OFFICE, "json_object(" COMMON ", " CHECKLIST_VALUES ")")
	    " FROM checklist WHERE id = :checklist" },
	{ .path = "/api/papers/values/office", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT " OVER(OVER(OFFICE, OFFICE_LISTS), "json_object(" COMMON ", "
	    OFFICE_VALUES ")") },
	{ .path = NULL },
};

const struct part part_papervalues = { .name = "values of papers", .schema = "", .act = acts,
	.view = views };
