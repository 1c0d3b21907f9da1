/* SPDX-License-Identifier: Apache-2.0 */
/* Refusals of the parts of incidents: what failed, and what to do. */
#include "desk/incident_int.h"

const struct part_word incident_words[] = {
	{ "no-incident", 404, "không có sự cố nào mang mã này; xem danh sách sự cố",
	    "no incident has this id; look at the list of incidents" },
	{ "incident-closed", 409, "sự cố này đã kết thúc, chỉ ghi chú thêm được; cần sửa thì mở "
	    "lại, nêu lý do", "this incident is closed and takes notes only; reopen it to change "
	    "more, and say why" },
	{ "incident-merged", 409, "sự cố này đã gộp vào sự cố khác; ghi ở sự cố đó",
	    "this incident was merged into another one; write it there" },
	{ "not-closed", 409, "sự cố này chưa kết thúc, không có gì để mở lại",
	    "this incident is not closed; there is nothing to reopen" },
	{ "time-ahead", 400, "thời điểm này chưa tới; kiểm tra ngày, giờ và múi giờ",
	    "this time lies ahead; check day, hour and zone" },
	{ "time-before", 400, "thời điểm này sớm hơn việc mà nó phải theo sau; kiểm tra ngày, giờ",
	    "this time is before what it has to follow; check day and hour" },
	{ "no-time", 400, "ghi thời điểm phát hiện mới (t0), hoặc thời điểm phát hiện vi phạm dữ "
	    "liệu cá nhân (personal)", "give a new time of detection (t0), or when the harm to "
	    "personal data was found (personal)" },
	{ "how-missing", 400, "không mở từ cảnh báo thì ghi rõ biết tin bằng cách nào (how) và ai "
	    "báo (teller)", "not from an alert: say how you were told (how) and by whom (teller)" },
	{ "bad-how", 400, "how là một trong phone, letter, citizen, body, found, other",
	    "how is one of phone, letter, citizen, body, found, other" },
	{ "bad-level", 400, "cấp độ hệ thống là từ 1 đến 5", "a system's level is 1 to 5" },
	{ "no-pack", 409, "chưa nạp bộ quy định về sự cố; quản trị viên xem nhật ký của bàn trực",
	    "no rule pack of incidents is loaded; an administrator looks at the desk's log" },
	{ "no-profile", 400, "bộ quy định không có hồ sơ này; xem trucban incident pack",
	    "the rule pack has no such profile; see trucban incident pack" },
	{ "alert-elsewhere", 409, "cảnh báo này đã thuộc một sự cố; gỡ ở đó trước, hoặc gộp hai sự "
	    "cố", "this alert belongs to an incident already; remove it there first, or merge the "
	    "two" },
	{ "no-question", 400, "bộ quy định không có câu hỏi này; xem trucban incident pack",
	    "the rule pack has no such question; see trucban incident pack" },
	{ "bad-answer", 400, "trả lời yes (có), no (không) hoặc unsure (chưa rõ)",
	    "answer yes, no or unsure" },
	{ "no-severity", 400, "bộ quy định không có mức độ này; xem trucban incident pack",
	    "the rule pack has no such severity; see trucban incident pack" },
	{ "why-lower", 400, "hạ mức độ thì nêu lý do (what)",
	    "say why it is less bad than was thought (what)" },
	{ "why-higher", 400, "nâng mức độ cao hơn kết quả trả lời thì nêu lý do (what)",
	    "say why it is worse than the answers have it (what)" },
	{ "bad-kind", 400, "kind là một trong person, account, host, address, system, data, other",
	    "kind is one of person, account, host, address, system, data, other" },
	{ "no-exercise", 409, "biên bản diễn tập chỉ ghi cho sự cố diễn tập",
	    "minutes are of exercises only; this is none" },
	{ "merge-self", 400, "không gộp một sự cố vào chính nó",
	    "an incident cannot be merged into itself" },
	{ "merge-exercise", 409, "không gộp diễn tập với sự cố thật",
	    "an exercise and a real incident cannot be merged" },
	{ "bad-sure", 400, "sure là một trong sure (đủ căn cứ xác định), likely (nhiều khả năng), "
	    "guess (chưa đủ căn cứ)", "sure is one of sure, likely, guess" },
	{ "not-classified", 409, "chưa phân loại mức độ; phân loại rồi mới kết thúc được",
	    "nobody has judged how bad it is; do that before it is closed" },
	{ "clocks-run", 409, "còn thời hạn báo cáo chưa xong: ghi thông báo đã gửi, hoặc thủ "
	    "trưởng cho miễn, rồi mới kết thúc được", "a deadline still runs: record what was "
	    "sent, or have the head waive it, before it is closed" },
	{ "tasks-open", 409, "còn việc chưa xong: ghi kết quả hoặc bỏ việc, nêu lý do",
	    "tasks are open: record their results, or drop them and say why" },
	{ "no-clock", 404, "sự cố này không có thời hạn mang tên này; xem trang của sự cố",
	    "the incident has no deadline of this name; look at its page" },
	{ "clock-stopped", 409, "thông báo này đã ghi là gửi rồi; bổ sung thì ghi vào diễn biến",
	    "this notice was sent already; add a note to the timeline for more" },
	{ "clock-runs", 409, "thông báo này chưa ghi là đã gửi; ghi gửi trước rồi mới ghi số tiếp "
	    "nhận", "this notice was not sent yet; record that first, then its receipt" },
	{ "bad-sha256", 400, "sha256 là 64 chữ số hex viết thường; lấy bằng: sha256sum TỆP",
	    "sha256 is 64 hexadecimal digits in lower case; get it by: sha256sum FILE" },
	{ "no-evidence", 404, "sự cố này không có dữ liệu điện tử mang số này",
	    "the incident has no evidence of this number" },
	{ "not-holder", 409, "người giao phải là người đang giữ; xem các lần giao nhận",
	    "who gives has to be who holds it; look at its custody" },
	{ "no-task", 404, "không có việc nào mang số này", "no task has this number" },
	{ "task-over", 409, "việc này đã xong hoặc đã bỏ", "this task is done or was dropped" },
	{ "no-playbook", 404, "bộ quy định không có kịch bản này; xem trucban incident pack",
	    "the rule pack has no such playbook; see trucban incident pack" },
	{ "playbook-runs", 409, "kịch bản này đã bắt đầu cho sự cố này",
	    "this playbook was started for this incident already" },
	{ "bad-request", 400, "kind là authority (cơ quan yêu cầu) hoặc help (đơn vị nhờ hỗ trợ)",
	    "kind is authority or help" },
	{ "no-request", 404, "không có yêu cầu nào mang mã này", "no request has this id" },
	{ "request-over", 409, "yêu cầu này đã được trả lời", "this request was answered already" },
	{ NULL, 0, NULL, NULL },
};
