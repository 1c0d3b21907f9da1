/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban duty`: who is on duty and who comes next, the roster, the contacts and whether they can
 * be reached, hand-overs and the duty book.
 */
#include "cmd/verbs.h"

#include "cmd/cmd.h"

/* A word in the reader's language; a value of the row, with what stands around it when it is. */
#define W(VI, EN)	"CASE :lang WHEN 'en' THEN '" EN "' ELSE '" VI "' END"
#define V(NAME)		"value ->> '" NAME "'"
#define AND(BEFORE, NAME, BEHIND) \
    "coalesce('" BEFORE "' || nullif(" V(NAME) ", '') || '" BEHIND "', '')"
#define FROM(LIST)	" FROM json_each(:json, '$." LIST "')"
#define TITLE(OF)	"iif(:lang = 'en', " OF " ->> 'english', " OF " ->> 'title')"

/* "  #12  24/11 07:30 - 24/11 19:30  Nguyễn Văn An, 0900 000 001 [Tết]" */
#define SHIFT \
    "'  #' || (" V("shift") ") || '  ' || local(" V("start") ") || ' - ' || local(" V("end") \
    ") || '  ' || coalesce(" V("name") ", " V("person") ") || " AND(", ", "phone", "") \
    " || " AND(" [", "holiday", "]")
/* Lines of a list inside of the answer, under a head; nothing where it is empty. */
#define LISTED(HEAD_VI, HEAD_EN, LIST, LINE) \
    "SELECT " W(HEAD_VI, HEAD_EN) " WHERE json_array_length(:json, '$." LIST "') > 0" \
    " UNION ALL SELECT " LINE FROM(LIST)
#define GAPS \
    LISTED("KHÔNG CÓ NGƯỜI TRỰC:", "NOBODY ON DUTY:", "gaps", "'  ' || (" V("tier") \
    ") || ': ' || local(" V("start") ") || ' - ' || local(" V("end") ")")
#define OVERLAPS \
    LISTED("Trùng ca:", "Overlapping shifts:", "overlaps", "'  #' || (" V("shift") \
    ") || ', #' || (" V("with") ") || ': ' || local(" V("start") ") || ' - ' || local(" \
    V("end") ")")
#define HANDOVER_STATE \
    "CASE " V("state") " WHEN 'waiting' THEN " \
    W("CHỜ NGƯỜI NHẬN KÝ", "WAITS FOR ITS SIGNATURE") \
    " WHEN 'accepted' THEN " W("đã nhận", "accepted") " ELSE " W("đã hủy", "cancelled") " END"
#define HANDOVER \
    "'#' || (" V("handover") ") || '  ' || coalesce(" V("tier_title") ", " V("tier") \
    ") || ': ' || coalesce(" V("leaver_name") ", " V("leaver") ") || ' -> ' || coalesce(" \
    V("comer_name") ", " V("comer") ", '?') || '  ' || local(" V("begun") ") || '  ' || " \
    HANDOVER_STATE " || CASE WHEN " V("late") " THEN " W(", QUÁ LÂU", ", LATE") " ELSE '' END"
#define CONTACT \
    "(" V("person") ") || '  ' || (" V("name") ") || " AND(", ", "unit", "") " || " \
    AND(", ", "phone", "") " || " AND(", ", "second", "") " || " AND(", ", "mail", "") \
    " || coalesce('  [' || (SELECT group_concat(r.value, ', ') FROM json_each(j.value," \
    " '$.roles') r) || ']', '') || CASE " V("reach") " WHEN 'reached' THEN '' WHEN 'never'" \
    " THEN " W("; chưa thử liên lạc", "; never tried") " WHEN 'missed' THEN " \
    W("; LẦN CUỐI KHÔNG LIÊN LẠC ĐƯỢC", "; NOT REACHED THE LAST TIME") " ELSE " \
    W("; lâu chưa thử liên lạc", "; not tried for long") " END"
/* The whole answer as one row. */
#define WHOLE		" FROM (SELECT :json value)"
#define CONTACT_ONE	"SELECT " CONTACT " FROM (SELECT :json value) j"
#define ENTRY \
    "'  ' || local(" V("time") ") || '  ' || (" V("who") ") || '  ' || (" V("act") ") || " \
    AND(" ", "id", "") " || " AND(": ", "text", "")

/* Who is on duty, tier by tier: what a shift says is a value inside of the tier's. */
#define TIER_SHIFTS(WHICH) \
    "(SELECT group_concat(coalesce(s.value ->> 'name', s.value ->> 'person') || coalesce(', ' ||" \
    " nullif(s.value ->> 'phone', ''), '') || ' (' || local(s.value ->> 'start') || ' - ' ||" \
    " local(s.value ->> 'end') || ')', '; ') FROM json_each(t.value, '$." WHICH "') s)"
#define NOW \
    "SELECT " TITLE("t.value") " || ': ' || coalesce(" TIER_SHIFTS("now") ", " \
    W("KHÔNG CÓ AI", "NOBODY") ") || coalesce(" W("; tiếp theo: ", "; next: ") " || " \
    TIER_SHIFTS("next") ", '') FROM json_each(:json, '$.tiers') t UNION ALL SELECT " \
    W("Cảnh báo chưa ai tiếp nhận: ", "Alerts that nobody took: ") " || (:json ->> 'alerts_new')" \
    " || CASE WHEN (:json ->> 'alerts_nobody') > 0 THEN " \
    W(", không báo được cho ai: ", ", that nobody could be told of: ") \
    " || (:json ->> 'alerts_nobody') ELSE '' END UNION ALL " \
    LISTED("Bàn giao ca đang chờ:", "Hand-overs that wait:", "handovers", "'  ' || " HANDOVER) \
    " UNION ALL " GAPS " UNION ALL " OVERLAPS

#define ROSTER \
    "SELECT " SHIFT " || '  (' || (" V("tier") ") || ')'" FROM("shifts") \
    " UNION ALL SELECT " W("chưa có ca trực nào; lập bằng: trucban duty plan", \
    "no shifts; make some: trucban duty plan") " WHERE json_array_length(:json, '$.shifts') = 0" \
    " UNION ALL " GAPS " UNION ALL " OVERLAPS
#define PLANNED		"SELECT " SHIFT FROM("shifts")
#define ONE_SHIFT \
    "SELECT " SHIFT " || " AND("  (", "tier", ")") " || CASE WHEN " V("removed") " IS NOT NULL" \
    " THEN " W("  ĐÃ BỎ: ", "  REMOVED: ") " || coalesce(" V("why") ", '') ELSE '' END" WHOLE

#define SHEET \
    "SELECT " HANDOVER WHOLE " UNION ALL SELECT " W("Mốc niêm phong: ", "Checkpoint: ") " || (" \
    V("checkpoint") ")" WHOLE " UNION ALL SELECT " W("Ghi chú: ", "Note: ") " || (" V("note") ")" \
    WHOLE " WHERE " V("note") " <> '' UNION ALL SELECT " W("Người nhận ghi: ", "Remark: ") " || (" \
    V("remark") ")" WHOLE " WHERE " V("remark") " <> '' UNION ALL " \
    LISTED("Việc còn mở:", "Open matters:", "matters", "'  ' || CASE " V("kind") " WHEN 'alert'" \
    " THEN " W("cảnh báo ", "alert ") " WHEN 'incident' THEN " W("sự cố ", "incident ") \
    " WHEN 'deadline' THEN " W("thời hạn ", "deadline ") " WHEN 'task' THEN " \
    W("việc #", "task #") " WHEN 'request' THEN " W("yêu cầu ", "request ") " ELSE " V("kind") \
    " || ' ' END || CASE " V("kind") " WHEN 'alert' THEN substr(" V("id") ", 1, 8) ELSE " \
    V("id") " END || '  ' || (" V("title") ")") " UNION ALL " \
    LISTED("Trong ca:", "During the shift:", "book", ENTRY)

static const struct verb verbs[] = {
	{ VERB("now", "/api/duty", "", "now   ai đang trực, ai sắp trực, chỗ trống của lịch",
	    "now   who is on duty, who comes next, gaps of the roster"), .print = NOW },
	{ VERB("roster", "/api/duty/roster", "", "roster [--start T] [--end T] [--tier LOẠI] "
	    "[--person AI]", "roster [--start T] [--end T] [--tier TIER] [--person WHO]"),
	    .print = ROSTER },
	{ VERB_ACT("plan", "/api/duty/plan", "tier people start end pattern", "plan LOẠI AI,AI,... "
	    "TỪ ĐẾN 07:30-19:30,19:30-07:30 [--replace]", "plan TIER WHO,WHO,... FROM TO "
	    "07:30-19:30,19:30-07:30 [--replace]"), .print = PLANNED },
	{ VERB_ACT("shift", "/api/duty/shifts", "tier person start end", "shift LOẠI AI TỪ ĐẾN "
	    "[--what \"GHI CHÚ\"]", "shift TIER WHO FROM TO [--what \"NOTE\"]"),
	    .print = ONE_SHIFT },
	{ VERB_ACT("unshift", "/api/duty/shifts/{shift}/remove", "shift what",
	    "unshift SỐ_CA \"LÝ DO\"", "unshift SHIFT \"WHY\""), .print = ONE_SHIFT },
	{ VERB_ACT("swap", "/api/duty/shifts/{shift}/swap", "shift with agreed",
	    "swap SỐ_CA SỐ_CA \"AI ĐỒNG Ý\" [--what \"LÝ DO\"]",
	    "swap SHIFT SHIFT \"WHO AGREED\" [--what \"WHY\"]"), .print = ONE_SHIFT },
	{ VERB("contacts", "/api/contacts", "", "contacts [--role VAI_TRÒ] [--text CHỮ]",
	    "contacts [--role ROLE] [--text TEXT]"),
	    .print = "SELECT " CONTACT " FROM json_each(:json, '$.contacts') j UNION ALL SELECT "
	    W("danh bạ trực còn trống; thêm người bằng: trucban duty contact",
	    "nobody yet; add people: trucban duty contact")
	    " WHERE json_array_length(:json, '$.contacts') = 0" },
	{ VERB_ACT("contact", "/api/contacts/{person}", "person name", "contact TÊN_NGẮN "
	    "\"HỌ TÊN\" [--roles VAI_TRÒ,...] [--unit ĐƠN_VỊ] [--phone SỐ] [--second KÊNH_HAI] "
	    "[--mail THƯ] [--verified NĂM-THÁNG-NGÀY]",
	    "contact LOGIN \"NAME\" [--roles ROLE,...] [--unit UNIT] [--phone NUMBER] "
	    "[--second CHANNEL] [--mail MAIL] [--verified YYYY-MM-DD]"),
	    .print = CONTACT_ONE },
	{ VERB_ACT("uncontact", "/api/contacts/{person}/remove", "person what",
	    "uncontact TÊN_NGẮN \"LÝ DO\"", "uncontact LOGIN \"WHY\""),
	    .print = "SELECT " CONTACT " FROM json_each(:json, '$.contacts') j" },
	{ VERB("calls", "/api/duty/drills", "", "calls [--all]   ai cần gọi thử",
	    "calls [--all]   who is to be called to try"),
	    .print = "SELECT " CONTACT " FROM json_each(:json, '$.people') j UNION ALL SELECT "
	    W("không ai cần gọi thử", "nobody is to be tried")
	    " WHERE json_array_length(:json, '$.people') = 0" },
	{ VERB_ACT("called", "/api/duty/drills", "person channel reached", "called TÊN_NGẮN KÊNH "
	    "1|0 [--minutes N] [--what \"GHI CHÚ\"]   1: liên lạc được",
	    "called LOGIN CHANNEL 1|0 [--minutes N] [--what \"NOTE\"]   1: reached"),
	    .print = "SELECT " CONTACT " FROM json_each(:json, '$.people') j" },
	{ VERB_ACT("handover", "/api/handovers", "tier person", "handover LOẠI NGƯỜI_GIAO "
	    "[--what \"GHI CHÚ\"]", "handover TIER LEAVER [--what \"NOTE\"]"), .print = SHEET },
	{ VERB_ACT("accept", "/api/handovers/{handover}/accept", "handover person",
	    "accept SỐ NGƯỜI_NHẬN [--what \"Ý KIẾN\"]", "accept NUMBER COMER [--what \"REMARK\"]"),
	    .print = SHEET },
	{ VERB_ACT("cancel", "/api/handovers/{handover}/cancel", "handover what",
	    "cancel SỐ \"LÝ DO\"", "cancel NUMBER \"WHY\""), .print = SHEET },
	{ VERB("handovers", "/api/handovers", "", "handovers [--limit N]", "handovers [--limit N]"),
	    .print = "SELECT " HANDOVER FROM("handovers") },
	{ VERB("sheet", "/api/handovers/{handover}", "handover", "sheet SỐ", "sheet NUMBER"),
	    .print = SHEET },
	{ VERB_ACT("note", "/api/duty/notes", "what", "note \"NỘI DUNG\"   ghi vào sổ trực",
	    "note \"TEXT\"   a line of the duty book"), .print = "SELECT " ENTRY FROM("entries")
	    " LIMIT 1" },
	{ VERB("book", "/api/duty/book", "", "book [--start T] [--end T] [--kind LOẠI]   sổ trực",
	    "book [--start T] [--end T] [--kind KIND]   the duty book"),
	    .print = "SELECT " ENTRY FROM("entries") },
	{ .name = NULL },
};

static const struct verb_flag flags[] = { { "all", "all", "1" }, { "replace", "replace", "1" },
	{ NULL, NULL, NULL } };

static const struct verbs duty = {
	.command = "duty",
	.vi = "Cách dùng: trucban duty [VIỆC ...]\n\n"
	    "Ai đang trực, lịch trực, danh bạ và việc thử liên lạc, bàn giao ca, sổ trực. Mọi\n"
	    "thay đổi đều được ghi và niêm phong. LOẠI: technical (trực kỹ thuật), leader (trực\n"
	    "lãnh đạo); T là giờ: now, 07:30, \"24/11/2026 07:30\".\n\n",
	.en = "Usage: trucban duty [VERB ...]\n\n"
	    "Who is on duty, the roster, contacts and whether they can be reached, hand-overs,\n"
	    "the duty book. Every act is sealed in the ledger. TIER: technical, leader; T is a\n"
	    "time: now, 07:30, \"24/11/2026 07:30\".\n\n",
	.verb = verbs, .flag = flags, .times = "start end",
};

int
cmd_duty(int argc, char **argv)
{
	return verbs_main(&duty, argc, argv);
}
