/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of plain text about directives and checklists; the command line prints the text. */
#include "desk/desk.h"
#include "desk/incident_int.h"
#include "desk/office_int.h"
#include "desk/pagesql.h"

#define TASK_STATE \
    "CASE t.state WHEN 'done' THEN " W("XONG ", "DONE ") " || here(t.done) WHEN 'dropped' THEN " \
    W("bỏ, ", "dropped, ") " || t.doer ELSE coalesce(" LEFT("t.due") ", " \
    W("không có hạn", "no day") ") END"
#define PROOF_WORD \
    "CASE t.proof WHEN 'query' THEN " W("số liệu nhật ký: ", "query: ") " || t.of WHEN 'coverage'" \
    " THEN " W("tình trạng thu thập nhật ký", "coverage") " WHEN 'roster' THEN " \
    W("lịch trực", "roster") " WHEN 'register' THEN " W("sổ đăng ký ", "register ") " || t.of" \
    " WHEN 'review' THEN " W("kết quả rà soát, kèm tệp", "a review, with a file") " ELSE " \
    W("lời xác nhận, kèm tệp", "a statement, with a file") " END"
#define TASK_LINE \
    "'  #' || t.number || '  ' || coalesce(t.item || '. ', '') || " \
    IN_LANG("t.title", "t.english") " || " NL " || '      ' || " TASK_STATE " || ', ' || " \
    W("chủ trì: ", "lead: ") " || coalesce(t.lead, '?') || coalesce(', ' || " \
    W("phối hợp: ", "support: ") " || t.support, '') || " NL " || '      ' || " \
    W("chứng minh: ", "proof: ") " || " PROOF_WORD " || coalesce(' (' || (SELECT group_concat(" \
    "p.person || ': ' || p.text || coalesce(' [' || p.name || ']', ''), '; ') FROM order_proof p" \
    " WHERE p.task = t.number) || ')', '') || coalesce(" NL " || '      ' || t.result ||" \
    " coalesce(' (' || t.figure || ')', ''), '')"
#define DIRECTIVE_LINE \
    "d.id || '  ' || d.number || '  ' || d.title || " NL " || '    ' || (SELECT count(*) FROM" \
    " order_task t WHERE t.directive = d.id AND t.state <> 'open') || '/' || (SELECT count(*)" \
    " FROM" \
    " order_task t WHERE t.directive = d.id) || " W(" nhiệm vụ xong", " tasks done") \
    " || CASE d.state WHEN 'closed' THEN " W(", ĐÃ KẾT THÚC", ", CLOSED") " ELSE coalesce(', ' ||" \
    " " LEFT("d.due") ", '') END"
/* Of the units that were asked, those that proved nothing yet. */
#define UNITS_LEFT \
    "(SELECT group_concat(e.label, ', ') FROM register_entry e WHERE e.kind = 'units' AND" \
    " instr(',' || d.units || ',', ',' || e.id || ',') > 0 AND NOT EXISTS(SELECT 1 FROM" \
    " order_proof p JOIN order_task t ON t.number = p.task WHERE t.directive = d.id AND p.unit =" \
    " e.id))"
#define RESULT_WORD \
    "CASE result WHEN 'pass' THEN " W("[đạt]", "[passed]") " WHEN 'fail' THEN " \
    W("[KHÔNG ĐẠT]", "[FAILED]") " WHEN 'na' THEN " W("[không áp dụng]", "[n.a.]") " ELSE " \
    W("[chưa kiểm tra]", "[not run]") " END"
#define COUNT_OF(RESULT) \
    "(SELECT count(*) FROM checklist_item i WHERE i.checklist = c.id AND i.result = '" RESULT "')"
#define COUNTS \
    COUNT_OF("pass") " || " W(" đạt, ", " passed, ") " || " COUNT_OF("fail") " || " \
    W(" không đạt, ", " failed, ") " || " COUNT_OF("na") " || " \
    W(" không áp dụng, ", " n.a., ") " || " COUNT_OF("open") " || " \
    W(" chưa kiểm tra", " not run")

/* Of all checklists of a system: what was checked, with its evidence. */
#define SYSTEM_ITEMS \
    LINES_AS("i", "CASE WHEN i.checklist IS NOT i.before THEN " NL " || i.checklist || '  ' ||" \
    " i.title || " NL " ELSE '' END || '  ' || i.item || '. ' || " RESULT_WORD " || ' ' || i.text" \
    " || coalesce(" NL " || '      ' || i.evidence || coalesce(' [' || i.name || ']', ''), '')", \
    "SELECT i.*, c.title, lag(i.checklist) OVER (ORDER BY c.added, i.checklist, i.item) before" \
    " FROM checklist c JOIN checklist_item i ON i.checklist = c.id WHERE c.system = :system ORDER" \
    " BY c.added, i.checklist, i.item LIMIT 5000")

static const struct part_act acts[] = { { .name = NULL } };

static const struct part_view views[] = {
	{ .path = "/api/pages/directives", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" }, P_LIMITS },
	    .sql = "SELECT json_object('text', coalesce(" LINES_AS("d", DIRECTIVE_LINE, "SELECT"
	    " * FROM directive WHERE :state = 'all' OR state = :state ORDER BY due IS NULL, due,"
	    " id LIMIT"
	    " min(:limit, 1000) OFFSET :offset") ", "
	    W("không có văn bản chỉ đạo nào", "no directive") "))" },
	{ .path = "/api/pages/directives/{directive}", .rights = DESK_READ, .param = {
	    { .name = "directive", .kind = PART_LINE, .required = true, .most = 16 } },
	    .sql = "SELECT json_object('id', d.id, 'text', " DIRECTIVE_LINE " || " NL
	    ROW("Cơ quan ban hành", "Issued by", "d.issuer || coalesce(', ' || d.issued, '')")
	    ROW("Nội dung", "Text", "d.text") ROW("Đơn vị chưa có minh chứng", "Units without a"
	    " proof", UNITS_LEFT) ROW("Kết quả", "Result", "d.result")
	    HEAD("NHIỆM VỤ ĐƯỢC GIAO", "TASKS") OR_NONE(LINES_AS("t", TASK_LINE, "SELECT * FROM"
	    " order_task"
	    " WHERE directive = :directive ORDER BY number")) ") FROM directive d"
	    " WHERE d.id = :directive" },
	{ .path = "/api/pages/orders", .rights = DESK_READ, .param = {
	    { .name = "state", .kind = PART_WORD, .otherwise = "open" },
	    { .name = "lead", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('text', coalesce(" LINES_AS("t", TASK_LINE, "SELECT * FROM"
	    " order_task WHERE (:state = 'all' OR state = :state) AND (:lead IS NULL OR lead ="
	    " :lead) ORDER BY due IS NULL, due, number LIMIT min(:limit, 1000) OFFSET"
	    " :offset") ", " W("không có nhiệm vụ nào đang chờ", "no task is open") "))" },
	{ .path = "/api/pages/templates", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT json_object('text', coalesce(" LINES("name || '  ' || title || (SELECT"
	    " group_concat(" NL " || '  ' || item || '. ' || " IN_LANG("o.title", "o.english")
	    " || " NL " || '      ' || o.law || ', ' || o.article || ': ' || o.proof || coalesce("
	    "' ' || o.of, '') || ', ' || o.lead || CASE o.status WHEN 'confirmed' THEN '' ELSE "
	    W(" (chưa đối chiếu với bản gốc)", " (to be confirmed)") " END, '') FROM (SELECT * FROM"
	    " template_order WHERE template = name ORDER BY number) o)", "SELECT * FROM template"
	    " ORDER BY number") ", " W("không có mẫu nào", "no template") "))" },
	{ .path = "/api/pages/checklists", .rights = DESK_READ, .param = {
	    { .name = "system", .kind = PART_WORD }, { .name = "unit", .kind = PART_WORD },
	    P_LIMITS },
	    .sql = "SELECT json_object('text', coalesce(" LINES_AS("c", "c.id || '  ' ||"
	    " c.title || " NL
	    " || '    ' || " COUNTS, "SELECT * FROM checklist WHERE (:system IS NULL OR system ="
	    " :system) AND (:unit IS NULL OR unit = :unit) ORDER BY added DESC, id DESC LIMIT"
	    " min(:limit, 1000) OFFSET :offset") ", "
	    W("chưa có danh mục kiểm tra nào", "no checklist yet") "))" },
	{ .path = "/api/pages/checklists/{checklist}", .rights = DESK_READ, .param = {
	    { .name = "checklist", .kind = PART_LINE, .required = true, .most = 16 } },
	    .sql = "SELECT json_object('id', c.id, 'text', c.id || '  ' || c.title || " NL " || "
	    COUNTS " || " NL ROW("Nguồn", "Source", "c.source") ROW("Hệ"
	    " thống", "System", "c.system")
	    ROW("Đơn vị", "Unit", "c.unit") " || " LINES("CASE WHEN heading IS NOT before THEN " NL
	    " || heading || " NL " ELSE '' END || '  ' || item || '. ' || " RESULT_WORD
	    " || ' ' || text || coalesce(" NL " || '      ' || evidence || coalesce(' [' || name ||"
	    " ']', ''), '') || CASE WHEN result IN ('open', 'fail') THEN coalesce(" NL
	    " || '      ' || person, '') || coalesce(', ' || " LEFT("due") ", '') ELSE"
	    " coalesce(', '"
	    " || checker || ' ' || here(checked), '') END", "SELECT *, lag(heading) OVER (ORDER BY"
	    " item) before FROM checklist_item WHERE checklist = :checklist ORDER BY item")
	    ") FROM checklist c WHERE c.id = :checklist" },
	/* For an inspection of one system: /api/systems/{system}/file, to read. */
	{ .path = "/api/pages/systems/{system}/file", .rights = DESK_READ, .param = {
	    { .name = "system", .kind = PART_WORD, .required = true } },
	    .sql = "SELECT json_object('id', e.id, 'text', e.label || (SELECT group_concat(" NL
	    " || '  ' || coalesce(" IN_LANG("k.title", "k.english") ", j.key) || ': ' ||"
	    " j.value, '')"
	    " FROM json_each(e.f) j LEFT JOIN register_column k ON k.kind = 'systems' AND k.name ="
	    " j.key) || " NL HEAD("SỰ CỐ", "INCIDENTS") OR_NONE(LINES_AS("n", "'  ' || n.id ||"
	    " '  ' ||"
	    " n.title || ', ' || here(n.t0)", "SELECT * FROM incident WHERE system IN (e.id,"
	    " e.label)"
	    " AND exercise = 0 ORDER BY t0 DESC LIMIT 200")) " || " NL HEAD("GIẤY TỜ ĐÃ KÝ DUYỆT",
	    "PAPERS SIGNED OFF") OR_NONE(LINES_AS("p", "'  ' || p.id || '  ' || p.title || ', ' ||"
	    " here(p.signed)", "SELECT p.* FROM paper p JOIN incident n ON n.id = p.incident WHERE"
	    " n.system IN (e.id, e.label) ORDER BY p.signed LIMIT 200")) " || " NL
	    HEAD("DANH MỤC KIỂM TRA", "CHECKLISTS") OR_NONE(SYSTEM_ITEMS) ") FROM register_entry e"
	    " WHERE e.kind = 'systems' AND e.id = :system AND e.removed IS NULL" },
	{ .path = NULL },
};

const struct part part_office_pages = { .name = "pages of the office", .schema = "", .act = acts,
	.view = views };
