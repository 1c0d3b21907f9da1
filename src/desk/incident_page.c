/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pages of plain text that a person can read at three in the morning: what, since when, how bad,
 * which clock runs out when, what next. {"id":..., "text":...}; the command line prints the text.
 */
#include "desk/incident_int.h"
#include "desk/pagesql.h"

/* Acts in people's words. */
static const char schema[] =
    "CREATE TABLE act_word(act TEXT PRIMARY KEY, vi TEXT, en TEXT) WITHOUT ROWID;"
    "INSERT INTO act_word VALUES('incident-open', 'mở sự cố', 'opened'),"
    "('incident-severity', 'phân loại', 'judged'), ('incident-time', 'sửa thời điểm', 'time set'),"
    "('incident-note', 'ghi chú', 'note'), ('incident-decision', 'quyết định', 'decision'),"
    "('incident-instruction', 'Ý KIẾN CHỈ ĐẠO', 'INSTRUCTION'),"
    "('incident-alert', 'thêm cảnh báo', 'alert added'),"
    "('incident-alert-remove', 'gỡ cảnh báo', 'alert removed'),"
    "('incident-touch', 'liên quan', 'touched'), ('exercise-minutes', 'biên bản', 'minutes'),"
    "('incident-merge', 'gộp', 'merged'), ('incident-close', 'kết thúc', 'closed'),"
    "('incident-reopen', 'mở lại', 'reopened'), ('notice-sent', 'đã gửi', 'sent'),"
    "('notice-receipt', 'số tiếp nhận', 'receipt'), ('clock-waive', 'miễn báo cáo', 'waived'),"
    "('clock-warn', 'NHẮC HẠN', 'DEADLINE NEAR'),"
    "('incident-evidence', 'dữ liệu điện tử', 'evidence'),"
    "('incident-custody', 'giao nhận', 'handed over'), ('task-add', 'thêm việc', 'task'),"
    "('task-assign', 'giao xử lý', 'assigned'), ('task-done', 'xong việc', 'task done'),"
    "('task-drop', 'bỏ việc', 'task dropped'), ('playbook-start', 'bắt đầu', 'started'),"
    "('paper-sign', 'ký duyệt giấy tờ', 'paper signed off'),"
    "('paper-attach', 'đính kèm giấy tờ', 'paper attached'),"
    "('paper-withdraw', 'thu hồi giấy tờ', 'paper withdrawn'),"
    "('request-in', 'nhận yêu cầu', 'request'), ('request-answer', 'trả lời', 'answered');";

#define STATE_WORD \
    "CASE state WHEN 'open' THEN " W("đang xử lý", "open") " WHEN 'closed' THEN " \
    W("đã kết thúc", "closed") " ELSE " W("đã gộp vào ", "merged into ") " || into_id END"
#define HOW_WORD \
    "CASE how WHEN 'alert' THEN " W("cảnh báo ", "alert ") " || alert WHEN 'phone' THEN " \
    W("điện thoại", "telephone") " WHEN 'letter' THEN " W("văn bản", "letter") \
    " WHEN 'citizen' THEN " W("người dân", "a citizen") " WHEN 'body' THEN " \
    W("cơ quan khác", "another body") " WHEN 'found' THEN " W("tự phát hiện", "found") " ELSE " \
    W("nguồn khác", "other") " END || coalesce(', ' || teller, '')"
#define SURE_WORD \
    "CASE sure WHEN 'sure' THEN " W("đủ căn cứ xác định", "sure") " WHEN 'likely' THEN " \
    W("nhiều khả năng", "likely") " WHEN 'guess' THEN " W("chưa đủ căn cứ", "guess") " END"
#define EXERCISE_HEAD \
    "CASE exercise WHEN 1 THEN " W("*** DIỄN TẬP: không phải sự cố thật ***", \
    "*** EXERCISE: no real incident ***") " || " NL " ELSE '' END"
#define SEVERITY_WORD \
    "coalesce(" IN_LANG("severity_title", "severity_english") ", " \
    W("CHƯA PHÂN LOẠI, đang tính thời hạn theo mức nặng nhất", \
    "NOT JUDGED YET, the clocks of the worst run") ")"

#define REASONS \
    "(SELECT group_concat(" IN_LANG("value ->> 'title'", "value ->> 'english'") " || CASE" \
    " value ->> 'said' WHEN 'yes' THEN " W(" có", " yes") " ELSE " W(" chưa rõ", " unsure") \
    " END, '; ') FROM json_each(reasons))"

#define CLOCK_LINES \
    LINES("line", "SELECT '  ' || CASE WHEN stopped IS NOT NULL THEN " W("ĐÃ GỬI ", "SENT ") \
    " || here(stopped) || CASE WHEN stopped > due THEN " W(" (TRỄ HẠN)", " (LATE)") \
    " ELSE '' END WHEN waiver IS NOT NULL THEN " W("được miễn, ", "waived by ") " || waiver" \
    " ELSE " LEFT("due") " END || ': ' || " IN_LANG("title", "english") " || CASE WHEN " RUNS \
    " THEN ' [' || name || ']' || " NL " || '      ' || " W("hạn ", "due ") \
    " || here(due) || coalesce(', ' || " W("gửi ", "to ") " || recipient, '') ELSE" \
    " coalesce(', ' || channel || ', ' || sent_to, '') || coalesce(', ' || " \
    W("số ", "no. ") " || receipt, '') END line FROM clock WHERE incident = :incident AND" \
    " (dropped IS NULL OR waiver IS NOT NULL) ORDER BY stopped IS NOT NULL, due")

/* Rank, then the line. */
#define NEXT_LINES \
    LINES("line", "SELECT 1 rank, 0 due, '  - ' || " W("phân loại mức độ", "judge how bad it is") \
    " || ': trucban incident severity ' || i.id line FROM incident i WHERE i.id = :incident" \
    " AND severity IS NULL UNION ALL SELECT 2, c.due, '  - ' || " W("gửi rồi ghi lại", \
    "send and record") " || ': ' || " IN_LANG("c.title", "c.english") \
    " || ': trucban incident sent ' || c.incident || ' ' || c.name FROM (SELECT * FROM clock" \
    " WHERE incident = :incident AND " RUNS " ORDER BY due LIMIT 1) c" \
    " UNION ALL SELECT 3 - coalesce(t.evidence, 0) * 2, t.due, '  - ' || CASE t.evidence WHEN 1" \
    " THEN " W("GIỮ DỮ LIỆU: ", "EVIDENCE: ") " ELSE '' END || " W("việc", "task") \
    " || ' #' || t.number || ' ' || " IN_LANG("t.title", "t.english") " || coalesce(' - ' ||" \
    " t.person, '') || coalesce(' (' || " LEFT("t.due") " || ')', '') FROM task t WHERE" \
    " t.incident = :incident AND t.state = 'open' UNION ALL SELECT 4, 0, '  - ' || " \
    W("chọn kịch bản ứng phó", "choose a playbook") " || ': trucban incident playbook ' || i.id" \
    " || ' ...' FROM incident i WHERE i.id = :incident AND NOT EXISTS(SELECT 1 FROM task t" \
    " WHERE t.incident = :incident) UNION ALL SELECT 5, 0, '  - ' || " W("xong hết thì kết thúc", \
    "close it when all is done") " || ': trucban incident close ' || i.id FROM incident i" \
    " WHERE i.id = :incident AND severity IS NOT NULL AND NOT EXISTS(SELECT 1 FROM task t" \
    " WHERE t.incident = :incident AND t.state = 'open') AND NOT EXISTS(SELECT 1 FROM clock" \
    " WHERE incident = :incident AND " RUNS ") ORDER BY rank, due")

#define EVENT_LINES \
    LINES("'  ' || here(coalesce(at, time)) || '  ' || who || '  ' || coalesce(" \
    IN_LANG("vi", "en") ", act) || ': ' || " INDENTED("coalesce(text, '')"), \
    "SELECT e.*, w.vi, w.en FROM (SELECT * FROM incident_event WHERE incident IN (SELECT" \
    " :incident UNION ALL SELECT id FROM incident WHERE into_id = :incident) ORDER BY seq DESC" \
    " LIMIT 20) e LEFT JOIN act_word w ON w.act = e.act ORDER BY coalesce(at, time), seq")
#define EVIDENCE_LINES \
    LINES("'  ' || number || '. ' || name || ', SHA-256 ' || sha256 || ', ' || " \
    W("đang giữ: ", "held by ") " || (SELECT taker || ', ' || place FROM custody WHERE evidence" \
    " = number ORDER BY seq DESC LIMIT 1)", "SELECT * FROM evidence WHERE incident = :incident" \
    " ORDER BY number")
#define END_ROWS \
    ROW("Nguyên nhân", "Cause", "cause || ' (' || " SURE_WORD " || ')'") \
    ROW("Khắc phục", "Remedy", "remedy") ROW("Rút kinh nghiệm", "Lessons", "lessons")

#define EXERCISE_MARK \
    "CASE exercise WHEN 1 THEN " W("[DIỄN TẬP] ", "[EXERCISE] ") " ELSE '' END"

/* One line of the list. */
#define LIST_LINE \
    "id || '  ' || " EXERCISE_MARK " || title || " NL " || '    ' || " STATE_WORD " || ', ' " \
    "|| " SEVERITY_WORD \
    " || coalesce(" NL " || '    ' || (SELECT " LEFT("due") " || ': ' || " \
    IN_LANG("title", "english") " FROM clock WHERE incident = id AND " RUNS \
    " ORDER BY due LIMIT 1), '')"

static const struct part_act acts[] = { { .name = NULL } };

static const struct part_view views[] = {
	{ .path = "/api/pages/incidents", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM incident WHERE :state ="
	    " 'all' OR state = :state), 'text', coalesce(" LINES(LIST_LINE, "SELECT * FROM"
	    " incident WHERE :state = 'all' OR state = :state ORDER BY state = 'open' DESC,"
	    " coalesce((SELECT min(due) FROM clock WHERE clock.incident = id AND " RUNS
	    "), 9e18), opened DESC LIMIT min(:limit, 1000) OFFSET :offset") ", "
	    W("không có sự cố nào", "no incident") "))" },
	{ .path = "/api/pages/incidents/{incident}", .rights = DESK_READ, .param = { P_INCIDENT },
	    .sql = "SELECT json_object('id', id, 'text', " EXERCISE_HEAD " || id || '  ' || title"
	    " || " NL ROW("Tình trạng", "State", STATE_WORD)
	    ROW("Mức độ", "How bad", SEVERITY_WORD) ROW("Vì", "As", REASONS)
	    ROW("Phát hiện", "Found", "here(t0) || ' (' || lasts(:now - t0, :lang) || "
	    W(" trước", " ago") " || ')'") ROW("Xảy ra", "Happened", "here(occurred)")
	    ROW("Dữ liệu cá nhân, phát hiện", "Personal data, found", "here(personal)")
	    ROW("Hệ thống", "System", "system || coalesce(', ' || " W("cấp độ ", "level ")
	    " || level, '')") ROW("Đơn vị", "Unit", "unit") ROW("Nguồn tin", "Told by", HOW_WORD)
	    END_ROWS
	    HEAD("THỜI HẠN BÁO CÁO", "DEADLINES") OR_NONE(CLOCK_LINES)
	    " || CASE state WHEN 'open' THEN " NL HEAD("VIỆC TIẾP THEO", "WHAT NEXT")
	    OR_NONE(NEXT_LINES) " ELSE '' END"
	    " || " NL HEAD("ĐÃ BIẾT", "KNOWN") "'  ' || " INDENTED("known")
	    " || coalesce(" NL HEAD("DỮ LIỆU ĐIỆN TỬ", "EVIDENCE") EVIDENCE_LINES ", '')"
	    " || " NL HEAD("DIỄN BIẾN", "TIMELINE") OR_NONE(EVENT_LINES)
	    ") FROM incident WHERE id = :incident" },
	{ .path = "/api/pages/tasks", .rights = DESK_READ, .param = {
	    { .name = "person", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('text', coalesce(" LINES("line", "SELECT '#' || number ||"
	    " '  ' || coalesce(incident || '  ', '') || (SELECT " EXERCISE_MARK " FROM "
	    "incident i WHERE i.id = incident) || " IN_LANG("title", "english")
	    " || coalesce(' - ' || person, '') || coalesce(' (' || " LEFT("due") " || ')', '')"
	    " line FROM task WHERE state = 'open' AND (:person IS NULL OR person = :person)"
	    " ORDER BY due IS NULL, due, number LIMIT min(:limit, 1000) OFFSET :offset") ", "
	    W("không có việc nào đang chờ", "no task is open") "))" },
	{ .path = "/api/pages/requests", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" }, P_LIMITS },
	    .sql = "SELECT json_object('text', coalesce(" LINES("line", "SELECT id || '  ' ||"
	    " CASE kind WHEN 'help' THEN " W("đơn vị nhờ hỗ trợ", "asks for help") " ELSE "
	    W("cơ quan yêu cầu", "authority") " END || ': ' || body || coalesce(', ' || letter,"
	    " '') || " NL " || '    ' || " INDENTED("text") " || " NL " || '    ' || CASE WHEN"
	    " answered IS NOT NULL THEN " W("đã trả lời ", "answered ") " || here(answered) ||"
	    " ': ' || " INDENTED("answer") " WHEN due IS NULL THEN " W("không có hạn", "no "
	    "deadline")
	    " ELSE " LEFT("due") " || ', ' || here(due) END line FROM demand WHERE :state = 'all'"
	    " OR answered IS NULL ORDER BY answered IS NOT NULL, due IS NULL, due, id DESC LIMIT"
	    " min(:limit, 1000) OFFSET :offset") ", " W("không có yêu cầu nào đang chờ",
	    "no request is open") "))" },
	{ .path = "/api/pages/packs/incident", .rights = DESK_READ,
	    .param = { { .name = "profile", .kind = PART_WORD } },
	    .sql = "SELECT json_object('text', title || ' (' || name || ', ' || version || ')' || "
	    NL HEAD("CÂU HỎI PHÂN LOẠI (yes có, no không, unsure chưa rõ)", "QUESTIONS (yes, no,"
	    " unsure)") LINES("'  ' || name || ': ' || " IN_LANG("title", "english"),
	    "SELECT * FROM"
	    " pack_question WHERE profile = coalesce(:profile, (SELECT profile FROM pack)) ORDER BY"
	    " number") " || " NL HEAD("MỨC ĐỘ", "SEVERITIES") LINES("'  ' || level || '. ' || "
	    IN_LANG("title", "english"), "SELECT * FROM pack_severity WHERE profile ="
	    " coalesce(:profile, (SELECT profile FROM pack)) ORDER BY level") " || " NL
	    HEAD("THỜI HẠN", "DEADLINES") LINES("'  ' || name || ': ' || " IN_LANG("title",
	    "english")
	    " || '. ' || law || ', ' || article || CASE status WHEN 'confirmed' THEN" " '' "
	    "ELSE " W(" (chưa đối chiếu với bản gốc)", " (to be confirmed)") " END", "SELECT * FROM"
	    " pack_clock WHERE profile IN ('any', coalesce(:profile, (SELECT profile FROM pack)))"
	    " ORDER BY after") " || " NL HEAD("KỊCH BẢN", "PLAYBOOKS") LINES("'  ' || name "
	    "|| ': ' || "
	    IN_LANG("title", "english"), "SELECT * FROM pack_playbook ORDER BY name")
	    ") FROM pack" },
	{ .path = NULL },
};

const struct part part_incident_pages = { .name = "incident pages", .schema = schema, .act = acts,
	.view = views };
