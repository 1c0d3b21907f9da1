/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban incident`: incidents from the alert to the end. What is printed is the desk's own page,
 * so that the command line and the browser have the same.
 */
#include "cmd/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/incidentpack.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "cmd/rules.h"

#define ONE	"/api/incidents/{incident}"

static const struct verb verbs[] = {
	{ VERB("list", "/api/incidents", "", "list [--all | --closed] [--limit N]", "list "
	    "[--all | --closed] [--limit N]") },
	{ VERB("show", ONE, "incident", "show SC", "show SC") },
	{ VERB_ACT("open", "/api/incidents", "title what", "open \"TÊN\" \"ĐÃ BIẾT GÌ\" --t0 "
	    "\"07:30\" (--alert MÃ | --how phone|letter|citizen|body|found|other --teller \"AI "
	    "BÁO\") [--unit X] [--system X] [--level 1-5] [--occurred T] [--personal T] "
	    "[--exercise]", "open \"TITLE\" \"WHAT IS KNOWN\" --t0 \"07:30\" (--alert ID | "
	    "--how phone|letter|citizen|body|found|other --teller \"WHO\") [--unit X] "
	    "[--system X] [--level 1-5] [--occurred T] [--personal T] [--exercise]") },
	{ VERB_ACT("severity", ONE "/severity", "incident ...", "severity SC "
	    "[CÂU_HỎI=yes|no|unsure ...] [--raise MỨC] [--what \"LÝ DO\"]; không có câu trả "
	    "lời nào thì in các câu hỏi", "severity SC [QUESTION=yes|no|unsure ...] [--raise "
	    "LEVEL] [--what \"WHY\"]; without an answer prints the questions"), .answers = true },
	{ VERB_ACT("time", ONE "/time", "incident what", "time SC \"LÝ DO\" [--t0 T] "
	    "[--personal T]", "time SC \"WHY\" [--t0 T] [--personal T]") },
	{ VERB_ACT("sent", ONE "/clocks/{clock}/sent", "incident clock", "sent SC THỜI_HẠN "
	    "--channel \"KÊNH\" --to \"NƠI NHẬN\" [--receipt SỐ] [--at T] [--what \"GHI "
	    "CHÚ\"]", "sent SC DEADLINE --channel \"HOW\" --to \"WHOM\" [--receipt NUMBER] "
	    "[--at T] [--what \"NOTE\"]") },
	{ VERB_ACT("receipt", ONE "/clocks/{clock}/receipt", "incident clock receipt",
	    "receipt SC THỜI_HẠN SỐ_TIẾP_NHẬN", "receipt SC DEADLINE NUMBER") },
	{ VERB_ACT("waive", ONE "/clocks/{clock}/waive", "incident clock what", "waive SC "
	    "THỜI_HẠN \"LÝ DO\" (quyền thủ trưởng)", "waive SC DEADLINE \"WHY\" (the head's)") },
	{ VERB_ACT("note", ONE "/note", "incident what", "note SC \"GHI CHÚ\" [--at T]", "note "
	    "SC \"TEXT\" [--at T]") },
	{ VERB_ACT("decision", ONE "/decision", "incident what", "decision SC \"QUYẾT ĐỊNH\" "
	    "[--by AI]", "decision SC \"TEXT\" [--by WHO]") },
	{ VERB_ACT("instruction", ONE "/instruction", "incident what", "instruction SC \"Ý "
	    "KIẾN CHỈ ĐẠO\" [--by AI] (quyền thủ trưởng)", "instruction SC \"TEXT\" [--by WHO] "
	    "(the head's)") },
	{ VERB_ACT("playbook", ONE "/playbook", "incident playbook", "playbook SC KỊCH_BẢN "
	    "[--person AI]", "playbook SC PLAYBOOK [--person WHO]") },
	{ VERB_ACT("task", ONE "/tasks", "incident title", "task SC \"VIỆC\" [--person AI] "
	    "[--due T]", "task SC \"WHAT\" [--person WHO] [--due T]") },
	{ VERB("tasks", "/api/tasks", "", "tasks [--person AI]", "tasks [--person WHO]") },
	{ VERB_ACT("assign", "/api/tasks/{task}/assign", "task person", "assign SỐ_VIỆC AI "
	    "[--due T]", "assign TASK WHO [--due T]") },
	{ VERB_ACT("done", "/api/tasks/{task}/done", "task what", "done SỐ_VIỆC \"KẾT QUẢ\"",
	    "done TASK \"RESULT\"") },
	{ VERB_ACT("drop", "/api/tasks/{task}/drop", "task what", "drop SỐ_VIỆC \"LÝ DO\"",
	    "drop TASK \"WHY\"") },
	{ VERB_ACT("alert", ONE "/alerts/{alert}/add", "incident alert", "alert SC "
	    "MÃ_CẢNH_BÁO", "alert SC ALERT") },
	{ VERB_ACT("unalert", ONE "/alerts/{alert}/remove", "incident alert what", "unalert SC "
	    "MÃ_CẢNH_BÁO \"LÝ DO\"", "unalert SC ALERT \"WHY\"") },
	{ VERB_ACT("touch", ONE "/touch", "incident kind name", "touch SC "
	    "person|account|host|address|system|data|other TÊN [--what \"GHI CHÚ\"]", "touch "
	    "SC person|account|host|address|system|data|other NAME [--what \"NOTE\"]") },
	{ VERB_ACT("evidence", ONE "/evidence", "incident name", "evidence SC \"TÊN\" --sha256 "
	    "HEX --giver AI --taker AI --place \"NƠI CẤT\" [--at T]", "evidence SC \"NAME\" "
	    "--sha256 HEX --giver WHO --taker WHO --place \"WHERE\" [--at T]") },
	{ VERB_ACT("custody", ONE "/evidence/{evidence}/moved", "incident evidence", "custody "
	    "SC SỐ --giver AI --taker AI --place \"NƠI CẤT\" [--at T]", "custody SC NUMBER "
	    "--giver WHO --taker WHO --place \"WHERE\" [--at T]") },
	{ VERB_ACT("merge", ONE "/merge", "incident into what", "merge SC VÀO_SC \"LÝ DO\"",
	    "merge SC INTO_SC \"WHY\"") },
	{ VERB_ACT("minutes", ONE "/minutes", "incident what", "minutes SC \"BIÊN BẢN\" "
	    "--people \"AI DỰ\"", "minutes SC \"MINUTES\" --people \"WHO\"") },
	{ VERB_ACT("close", ONE "/close", "incident cause", "close SC \"NGUYÊN NHÂN\" --sure "
	    "sure|likely|guess --remedy \"KHẮC PHỤC\" --lessons \"RÚT KINH NGHIỆM\"", "close "
	    "SC \"CAUSE\" --sure sure|likely|guess --remedy \"REMEDY\" --lessons \"LESSONS\"") },
	{ VERB_ACT("reopen", ONE "/reopen", "incident what", "reopen SC \"LÝ DO\"", "reopen SC "
	    "\"WHY\"") },
	{ VERB_ACT("request", "/api/requests", "kind body what", "request authority|help \"CƠ "
	    "QUAN\" \"NỘI DUNG\" --received T [--due T] [--letter SỐ] [--incident SC] "
	    "[--person AI]", "request authority|help \"BODY\" \"TEXT\" --received T [--due T] "
	    "[--letter NUMBER] [--incident SC] [--person WHO]"), .then = "/api/requests" },
	{ VERB_ACT("answer", "/api/requests/{request}/answer", "request what", "answer YC "
	    "\"TRẢ LỜI\" --channel \"KÊNH\" [--receipt SỐ] [--at T]", "answer YC \"ANSWER\" "
	    "--channel \"HOW\" [--receipt NUMBER] [--at T]"), .then = "/api/requests" },
	{ VERB("requests", "/api/requests", "", "requests [--all]", "requests [--all]") },
	{ VERB("pack", "/api/packs/incident", "", "pack [--pack TỆP]", "pack [--pack FILE]") },
	{ .name = NULL },
};

static const struct verb_flag flags[] = { { "all", "state", "all" },
	{ "closed", "state", "closed" }, { "exercise", "exercise", "1" }, { NULL, NULL, NULL } };

/* What a file says, or why it is none; without a desk. */
static int
pack_check(const char *path)
{
	struct incidentpack *pack = xcalloc(1, sizeof *pack);
	const struct conf *own;
	struct doctor doctor = { 0 };
	int code = rules_open(pack, &incidentpack_kind, path, &doctor, &own);

	if (code == EXIT_DONE) {
		(void)printf(say("%s: đúng dạng: %s, %u mức độ, %u câu hỏi, %u thời hạn, %u kịch "
		    "bản\n", "%s: is well-formed: %s, %u severities, %u questions, %u deadlines, "
		    "%u playbooks\n"), path, pack->head.name, pack->nseverity, pack->nquestion,
		    pack->nclock, pack->nplaybook);
		doctor_close(&doctor);
	}
	free(pack);
	return code;
}

static int
own(struct verb_run *run)
{
	if (run->file != NULL && strcmp(run->verb->name, "pack") == 0)
		return pack_check(run->file);
	if (!run->verb->answers || run->answered)
		return -1;
	/* No answer yet: what is asked. */
	run->form.n = 0;
	return verbs_show(run, "/api/packs/incident");
}

static const struct verbs incident = {
	.command = "incident",
	.vi = "Cách dùng: trucban incident VIỆC [...]\n\n"
	    "Sự cố từ lúc mở đến lúc kết thúc: thời hạn báo cáo, việc phải làm, diễn biến,\n"
	    "dữ liệu điện tử, yêu cầu của cơ quan. Mọi việc làm đều được ghi và niêm phong.\n"
	    "SC là mã sự cố (SC-2026-0001); T là giờ: now, 07:30, \"24/11/2026 07:30\".\n\n",
	.en = "Usage: trucban incident VERB [...]\n\n"
	    "Incidents from the first word to the last: deadlines, tasks, timeline, evidence,\n"
	    "requests of authorities. Every act is sealed in the ledger. SC is an incident's id\n"
	    "(SC-2026-0001); T is a time: now, 07:30, \"24/11/2026 07:30\".\n\n",
	.verb = verbs, .flag = flags, .times = "t0 occurred personal at due received",
	.file = "pack", .then = "/api/incidents/{id}", .own = own,
};

int
cmd_incident(int argc, char **argv)
{
	return verbs_main(&incident, argc, argv);
}
