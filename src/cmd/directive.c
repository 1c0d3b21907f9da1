/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban directive` and `trucban checklist`: what a dispatch asks as tasks with proofs, and lists
 * of what is to be checked. The desk decides, seals and answers.
 */
#include "cmd/verbs.h"

#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "web/client.h"
#include "cmd/cmd.h"
#include "cmd/filesum.h"
#include "cmd/reason.h"

enum { TEXT_BYTES = 64 << 10, FILE_BYTES = 256 << 20 };

/*
 * --file: what proves something is named by its sum and stays where it is; the text that a
 * checklist is made of is its lines.
 */
static int
file_take(struct verb_run *run)
{
	bool lines = strcmp(run->all->command, "checklist") == 0 &&
	    strcmp(run->verb->name, "add") == 0;
	struct buf bytes = { 0 };
	struct why why = { "" };
	enum err rc = OK;

	if (run->file != NULL)
		rc = file_read_named(run->file, lines ? TEXT_BYTES : FILE_BYTES, &bytes, &why);
	if (rc == OK && run->file != NULL && lines)
		form_add(&run->form, "items", buf_span(&bytes));
	else if (rc == OK && run->file != NULL)
		filesum_add(&run->form, run->file, buf_span(&bytes));
	buf_done(&bytes);
	if (rc == OK)
		return -1;
	(void)fprintf(stderr, "trucban %s: %s\n", run->all->command, reason_of(&why));
	return EXIT_COULD_NOT;
}

static const struct verb_flag flags[] = { { "all", "state", "all" }, { NULL, NULL, NULL } };

#define DIRECTIVE	"/api/directives/{directive}"
#define ORDER		"/api/orders/{task}"

static const struct verb directive_verbs[] = {
	{ VERB("list", "/api/directives", "", "list [--all]", "list [--all]") },
	{ VERB("show", DIRECTIVE, "directive", "show CD", "show CD") },
	{ VERB("templates", "/api/templates", "", "templates", "templates") },
	{ VERB_ACT("add", "/api/directives", "number title", "add \"SỐ\" \"TRÍCH YẾU\""
	" [--template MẪU] "
	    "[--issuer CƠ_QUAN] [--issued NGÀY] [--due T] [--lead AI] [--units đv1,đv2] "
	    "[--what \"NỘI DUNG\"]", "add \"NUMBER\" \"TITLE\" [--template NAME] [--issuer BODY] "
	    "[--issued DAY] [--due T] [--lead WHO] [--units u1,u2] [--what \"TEXT\"]") },
	{ VERB_ACT("task", DIRECTIVE "/tasks", "directive title", "task CD \"NHIỆM VỤ\" --lead AI"
	" [--support "
	    "AI] [--due T] [--proof statement|review|coverage|roster|register|query] [--of SỔ|"
	    "TRUY_VẤN] [--item MỤC]", "task CD \"TASK\" --lead WHO [--support WHO] [--due T] "
	    "[--proof statement|review|coverage|roster|register|query] [--of REGISTER|QUERY] "
	    "[--item ITEM]") },
	{ VERB("tasks", "/api/orders", "", "tasks [--lead AI] [--all]", "tasks [--lead WHO]"
	" [--all]") },
	{ VERB_ACT("assign", ORDER "/assign", "task lead", "assign SỐ AI [--support AI] [--due T]",
	    "assign NUMBER WHO [--support WHO] [--due T]") },
	{ VERB_ACT("prove", ORDER "/prove", "task what", "prove SỐ \"MINH CHỨNG\" --person AI"
	" [--unit"
	" ĐƠN_VỊ] "
	    "[--file TỆP --mark none]", "prove NUMBER \"PROOF\" --person WHO [--unit UNIT] "
	    "[--file FILE --mark none]") },
	{ VERB_ACT("done", ORDER "/done", "task what", "done SỐ \"KẾT QUẢ\"", "done NUMBER"
	" \"RESULT\"") },
	{ VERB_ACT("drop", ORDER "/drop", "task what", "drop SỐ \"LÝ DO\" (quyền thủ trưởng)",
	    "drop NUMBER \"WHY\" (the head's)") },
	{ VERB_ACT("close", DIRECTIVE "/close", "directive what", "close CD \"KẾT QUẢ\" (quyền"
	" thủ trưởng)",
	    "close CD \"RESULT\" (the head's)") },
	{ .name = NULL },
};

static const struct verbs directives = {
	.command = "directive",
	.vi = "Cách dùng: trucban directive VIỆC [...]\n\n"
	    "Văn bản chỉ đạo thành nhiệm vụ được giao: ai chủ trì, thời hạn, chứng minh bằng"
	    " gì. Mẫu\n"
	    "của ba văn bản có sẵn (templates). CD là mã văn bản (CD-2026-0001), SỐ là số nhiệm"
	    " vụ,\n"
	    "T là giờ: now, 07:30, \"24/11/2026 07:30\". Tệp minh chứng ở lại cơ quan; sổ của bàn\n"
	    "trực niêm phong SHA-256. Không nhận tệp có dấu độ mật. Báo cáo: trucban"
	    " paper\n"
	    "directive-report --directive CD.\n\n",
	.en = "Usage: trucban directive VERB [...]\n\n"
	    "Directives as tasks: who leads, by when, how it is proved. Templates of the three\n"
	    "dispatches are there. CD is a directive's id (CD-2026-0001), NUMBER a task's, T a"
	    " day\n"
	    "(2026-12-20) or a time with its zone. Files that prove something stay with the"
	    " office;\n"
	    "the ledger seals their SHA-256, and nothing that is marked as a state secret. The\n"
	    "report: trucban paper directive-report --directive CD.\n\n",
	.verb = directive_verbs, .flag = flags, .times = "due at", .file = "file",
	.then = "/api/directives/{id}", .own = file_take,
};

#define CHECKLIST	"/api/checklists/{checklist}"

static const struct verb checklist_verbs[] = {
	{ VERB("list", "/api/checklists", "", "list [--system MÃ] [--unit MÃ]",
	    "list [--system ID] [--unit ID]") },
	{ VERB("show", CHECKLIST, "checklist", "show KT", "show KT") },
	{ VERB_ACT("add", "/api/checklists", "title", "add \"TÊN\" --file TỆP [--source \"VĂN"
	" BẢN\"] "
	    "[--system MÃ] [--unit MÃ] [--task SỐ] [--person AI] [--due T]", "add \"TITLE\" "
	    "--file FILE [--source \"DOCUMENT\"] [--system ID] [--unit ID] [--task NUMBER] "
	    "[--person WHO] [--due T]") },
	{ VERB_ACT("check", CHECKLIST "/{item}", "checklist item result what", "check KT MỤC"
	" pass|fail|na|open "
	    "\"MINH CHỨNG, LÝ DO\" [--file TỆP --mark none] [--person AI] [--due T]", "check KT "
	    "ITEM pass|fail|na|open \"EVIDENCE, WHY\" [--file FILE --mark none] [--person WHO] "
	    "[--due T]") },
	{ VERB("system", "/api/systems/{system}/file", "system", "system MÃ   hồ sơ phục vụ "
	    "kiểm tra của một hệ thống", "system ID   what an inspection asks of one system") },
	{ VERB_ACT("assign", CHECKLIST "/{item}/assign", "checklist item person", "assign KT"
	" MỤC AI "
	    "[--due T]", "assign KT ITEM WHO [--due T]") },
	{ .name = NULL },
};

static const struct verbs checklists = {
	.command = "checklist",
	.vi = "Cách dùng: trucban checklist VIỆC [...]\n\n"
	    "Danh mục kiểm tra từ một văn bản bất kỳ: mỗi dòng một mục, dòng bắt đầu bằng # là đề\n"
	    "mục. pass là đạt, fail là không đạt, na là không áp dụng, open là chưa kiểm tra."
	    " KT là\n"
	    "mã danh mục (KT-2026-0001). Phiếu in: trucban paper checklist --checklist KT.\n\n",
	.en = "Usage: trucban checklist VERB [...]\n\n"
	    "Checklists out of any text: a line an item, a line that begins with # a heading."
	    " Each is\n"
	    "pass, fail, na (not applicable) or open (not run). KT is a checklist's id\n"
	    "(KT-2026-0001); T is a time: now, 07:30, \"24/11/2026 07:30\". To print: trucban"
	    " paper checklist --checklist KT.\n\n",
	.verb = checklist_verbs, .flag = flags, .times = "due", .file = "file",
	.then = "/api/checklists/{id}", .own = file_take,
};

int
cmd_directive(int argc, char **argv)
{
	return verbs_main(&directives, argc, argv);
}

int
cmd_checklist(int argc, char **argv)
{
	return verbs_main(&checklists, argc, argv);
}
