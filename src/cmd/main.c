/* SPDX-License-Identifier: Apache-2.0 */
/* The subcommand table and the first page of help. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION "0.1.0"

static const struct command table[] = {
	{ "serve", cmd_serve, "chạy bàn trực trên máy này", "start the desk on this machine" },
	{ "source", cmd_source, "nối một nguồn nhật ký: in đúng những dòng cần dán",
	    "connect a source of logs: prints the exact lines to paste" },
	{ "agent", cmd_agent, "cấp, thu hồi chứng thư của máy gửi; ghi danh bằng mã",
	    "certificates for those who send: issue, revoke, enrol" },
	{ "user", cmd_user, "tài khoản: thêm, phân quyền, khóa, cấp lại mật khẩu; mã truy cập",
	    "accounts: add, roles, lock, passwords; tokens" },
	{ "search", cmd_search, "tìm bản ghi nhật ký (LogsQL)", "find records (LogsQL)" },
	{ "import", cmd_import, "nhập nhật ký cũ vào bàn trực đang chạy",
	    "bring old logs into the running desk" },
	{ "coverage", cmd_coverage, "từng nguồn đã gửi gì, mất gì, ngừng gửi lúc nào",
	    "what each source sent, lost, when it was silent" },
	{ "alert", cmd_alert, "cảnh báo: tiếp nhận, giao xử lý, báo động nhầm, tắt có thời hạn",
	    "alerts: take, assign, call false, mute for a while" },
	{ "findings", cmd_findings, "điều cần người xem: nguồn im lặng, mất bản ghi, đĩa đầy",
	    "what needs a person: silent sources, losses, a full disk" },
	{ "duty", cmd_duty, "ai đang trực, lịch trực, danh bạ, bàn giao ca, sổ trực",
	    "who is on duty, roster, contacts, hand-over, duty book" },
	{ "incident", cmd_incident, "sự cố: thời hạn báo cáo, việc phải làm, diễn biến",
	    "incidents: deadlines, tasks, timeline" },
	{ "notify", cmd_notify, "báo tin ra ngoài: đã gửi ai, kênh nào hỏng; gửi thử",
	    "who was told outside, which channel fails; tests" },
	{ "status", cmd_status, "tình trạng của bàn trực đang chạy",
	    "how the running desk is doing" },
	{ "verify", cmd_verify, "kiểm tra tính toàn vẹn của kho nhật ký",
	    "check that the store is what was sealed" },
	{ "evidence", cmd_evidence, "trích xuất gói dữ liệu điện tử phục vụ xác minh",
	    "write records as an evidence package" },
	{ "key", cmd_key, "khóa của kho: xem, thay, in phiếu cất két",
	    "the store's keys: show, replace, print for the safe" },
	{ "doctor", cmd_doctor, "nói rõ bản cài đặt này đang sai ở đâu",
	    "say what is wrong with this installation" },
	{ "calendar", cmd_calendar, "ngày nghỉ lễ và hạn báo cáo sắp tới",
	    "holidays ahead and what is due by when" },
	{ "paper", cmd_paper, "giấy tờ của bàn trực: thông báo 24 giờ, biên bản bàn giao ca",
	    "papers of the duty desk: 24-hour notice, hand-over" },
	{ "register", cmd_register, "sổ đăng ký: đơn vị, hệ thống, đầu mối, bản quyền, hợp đồng",
	    "registers: units, systems, contacts, licences, contracts" },
	{ "directive", cmd_directive, "văn bản chỉ đạo: nhiệm vụ, thời hạn, minh chứng",
	    "directives: tasks, deadlines, proofs" },
	{ "checklist", cmd_checklist, "danh mục kiểm tra: đạt, không đạt, minh chứng",
	    "checklists: passed, failed, evidence" },
	{ "plan", cmd_plan, "tính dung lượng: bao nhiêu ngày, bao nhiêu đĩa",
	    "sizing: how many days, how much disk" },
	{ "retention", cmd_retention, "lưu giữ bao lâu, theo quy định nào, còn chỗ bao nhiêu ngày",
	    "how long records are kept, by which rule, room left" },
	{ "hold", cmd_hold, "giữ nguyên hiện trạng: bản ghi không bị xóa khi hết hạn",
	    "legal hold: keep records though their retention ends" },
	{ "backup", cmd_backup, "sao lưu kho nhật ký khi đang chạy",
	    "copy the store while it runs" },
	{ "restore", cmd_restore, "khôi phục kho từ bản sao lưu", "restore a store from a backup" },
	{ "reindex", cmd_reindex, "dựng lại phần dẫn xuất (.idx) của kho nhật ký",
	    "make the derived part of the store again" },
	{ "completion", cmd_completion, "in phần gợi ý lệnh cho bash",
	    "print the completion script for bash" },
	{ "role", cmd_role, NULL, NULL },
	{ NULL, NULL, NULL, NULL },
};

const struct command *
commands(void)
{
	return table;
}

const char *
say(const char *vi, const char *en)
{
	static const char *const name[] = { "TRUCBAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG" };

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
		const char *value = getenv(name[i]);

		if (value != NULL && value[0] != '\0')
			return strncmp(value, "en", 2) == 0 ? en : vi;
	}
	return vi;
}

const char *
state_default(void)
{
	static char path[4096];
	const char *value = getenv("TRUCBAN_STATE");

	if (value != NULL && value[0] != '\0')
		return value;
	if (geteuid() == 0)
		return "/var/lib/trucban";
	value = getenv("XDG_STATE_HOME");
	if (value != NULL && value[0] == '/')
		(void)snprintf(path, sizeof path, "%s/trucban", value);
	else
		(void)snprintf(path, sizeof path, "%s/.local/state/trucban",
		    getenv("HOME") != NULL ? getenv("HOME") : "");
	return path;
}

static int
help(FILE *out)
{
	(void)fprintf(out, "%s\n\n", say("Trực Ban: bàn trực an toàn thông tin. Cách dùng: trucban "
	    "LỆNH [tùy chọn]", "Trực Ban, the security duty desk. Usage: trucban COMMAND "
	    "[options]"));
	for (const struct command *c = table; c->name != NULL; c++)
		if (c->vi != NULL)
			(void)fprintf(out, "  %-11s %s\n", c->name, say(c->vi, c->en));
	(void)fprintf(out, "\n%s\n", say("Xem cách dùng của từng lệnh: trucban LỆNH --help",
	    "More of a command: trucban COMMAND --help"));
	(void)fprintf(out, "%s\n", say("Mã kết thúc: 0 xong, 1 có việc cần người xem, 2 gọi sai "
	    "cách, 3 không làm được", "Exit codes: 0 done, 1 found something that needs a person, "
	    "2 usage, 3 could not"));
	return EXIT_DONE;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		(void)help(stderr);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return help(stdout);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		(void)printf("trucban %s\n", VERSION);
		return EXIT_DONE;
	}
	for (const struct command *c = table; c->name != NULL; c++) {
		char name[64];

		if (strcmp(argv[1], c->name) != 0)
			continue;
		/* What getopt begins its sentences with. */
		(void)snprintf(name, sizeof name, "trucban %s", c->name);
		argv[1] = name;
		return c->run(argc - 1, argv + 1);
	}
	(void)fprintf(stderr, say("trucban: không có lệnh '%s'; xem: trucban --help\n",
	    "trucban: there is no command '%s'; see: trucban --help\n"), argv[1]);
	return EXIT_USAGE;
}
