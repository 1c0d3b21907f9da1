/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban agent`: certificates of the desk's own authority, at the desk (invite, issue, list,
 * revoke) and on the host that gets one (enrol, renew). doc/formats/agent.md.
 */
#include "cmd/agent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "role/agents.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban agent invite TÊN [--unit N] [--class LOẠI] [--days SỐ]\n"
    "                                [--address MÁY:CỔNG]\n"
    "           trucban agent issue TÊN -o THƯ_MỤC [--unit N] [--class LOẠI] [--days SỐ]\n"
    "                                [--replace]\n"
    "           trucban agent list [--json]\n"
    "           trucban agent revoke TÊN --why LÝ_DO\n"
    "           trucban agent enrol MÃ [--replace]\n"
    "           trucban agent renew [--due]\n\n"
    "Chứng thư do chính bàn trực cấp cho máy gửi nhật ký. Bàn trực cần một cửa nhận kind: http\n"
    "có cert: own và ca: own (xem trucban.yaml).\n\n"
    "Ở bàn trực, bằng root hoặc người dùng của bàn trực:\n"
    "  invite    mời một máy: in mã dùng một lần, gõ ở máy đó\n"
    "  issue     cấp ngay khóa và chứng thư cho phần mềm gửi nhật ký bất kỳ (rsyslog, ...)\n"
    "  list      các máy: đơn vị, tình trạng, hạn của chứng thư\n"
    "  revoke    thu hồi ngay: kết nối đang mở bị đóng\n"
    "Ở máy gửi:\n"
    "  enrol     ghi danh bằng mã; khóa được tạo ở máy này và không rời khỏi máy\n"
    "  renew     đổi chứng thư mới trước khi chứng thư cũ hết hạn; trucban đang chạy dùng ngay\n\n"
    "  --unit N             đơn vị của mọi bản ghi mà máy này gửi (0)\n"
    "  --class LOẠI         loại lưu giữ của chúng (mặc định: của cửa nhận)\n"
    "  --days SỐ            mã mời dùng được bao nhiêu ngày (7); chứng thư của issue (365)\n"
    "  --address MÁY:CỔNG   địa chỉ của bàn trực mà máy kia nhìn thấy\n"
    "  --why LÝ_DO          vì sao thu hồi; ghi vào sổ\n"
    "  -o THƯ_MỤC           nơi ghi TÊN.key, TÊN.crt, ca.crt\n"
    "  --replace            issue: chấm dứt chứng thư mà tên này đang có; enrol: thay chứng thư\n"
    "                       của máy này\n"
    "  --due                chỉ đổi khi còn một phần ba thời hạn (cho cron, mỗi giờ một lần)\n"
    "  --json               mỗi máy một dòng JSON\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n\n"
    "Mã kết thúc: 0 xong, hoặc chưa đến lúc (--due); 3 không làm được; với renew, 1: bàn trực\n"
    "không nhận chứng thư này nữa, cần người ghi danh lại; 3: lần sau sẽ thử lại.\n";
static const char usage_en[] =
    "Usage: trucban agent invite NAME [--unit N] [--class CLASS] [--days N]\n"
    "                            [--address HOST:PORT]\n"
    "       trucban agent issue NAME -o DIR [--unit N] [--class CLASS] [--days N]\n"
    "                            [--replace]\n"
    "       trucban agent list [--json]\n"
    "       trucban agent revoke NAME --why TEXT\n"
    "       trucban agent enrol CODE [--replace]\n"
    "       trucban agent renew [--due]\n\n"
    "Certificates that the desk itself issues to those who send to it. The desk needs a listener\n"
    "of kind: http with cert: own and ca: own (see trucban.yaml).\n\n"
    "At the desk, as root or the desk's own user:\n"
    "  invite    invite a host: prints a code that is good once, to be typed there\n"
    "  issue     key and certificate at once, for any shipper (rsyslog, ...)\n"
    "  list      agents: unit, state, until when their certificates are good\n"
    "  revoke    at once: connections that are open are closed\n"
    "On the host:\n"
    "  enrol     with a code; the key is made on this host and never leaves it\n"
    "  renew     a new certificate before the old one expires; a running relay takes it at once\n\n"
    "  --unit N             the unit of all records that it sends (0)\n"
    "  --class CLASS        their retention class (default: the listener's)\n"
    "  --days N             the code is good for so long (7); a certificate of issue (365)\n"
    "  --address HOST:PORT  the desk's address as the host sees it\n"
    "  --why TEXT           why it is revoked; goes into the ledger\n"
    "  -o DIR               where NAME.key, NAME.crt, ca.crt are written\n"
    "  --replace            issue: end the certificate that this name has; enrol: take new papers\n"
    "                       in the place of those of this host\n"
    "  --due                renew only in the last third of its time (for cron, every hour)\n"
    "  --json               one line of JSON for each agent\n"
    "  --config FILE, --state DIR    as for trucban serve\n\n"
    "Exit codes: 0 done, or not due (--due); 3 could not. Of renew, 1: the desk takes this\n"
    "certificate no more, a person must enrol this host anew; 3: it is tried again next time.\n";

enum wants { WANTS_NOTHING, WANTS_NAME, WANTS_CODE };

static const struct {
	const char *name;
	enum err (*run)(const struct agent_args *args, struct why *why);
	enum wants wants;
	unsigned days_max;		/* of --days; 0: it has none */
	int denied;			/* exit code when it was refused */
} verb[] = {
	{ "invite", agent_invite, WANTS_NAME, AGENTS_INVITE_DAYS_MAX, EXIT_COULD_NOT },
	{ "issue", agent_issue, WANTS_NAME, AGENTS_DAYS_MAX, EXIT_COULD_NOT },
	{ "list", agent_list, WANTS_NOTHING, 0, EXIT_COULD_NOT },
	{ "revoke", agent_revoke, WANTS_NAME, 0, EXIT_COULD_NOT },
	{ "enrol", agent_enrol, WANTS_CODE, 0, EXIT_COULD_NOT },
	/* For a timer: trying again does not help. */
	{ "renew", agent_renew, WANTS_NOTHING, 0, EXIT_FOUND },
};

static int
usage(FILE *out)
{
	(void)fputs(say(usage_vi, usage_en), out);
	return out == stdout ? EXIT_DONE : EXIT_USAGE;
}

/* UINT64_MAX, which no option may be, of what is no number. */
static uint64_t
number(const char *text)
{
	char *end = NULL;
	uint64_t n = strtoull(text, &end, 10);

	return text[0] >= '0' && text[0] <= '9' && *end == '\0' ? n : UINT64_MAX;
}

/* Before the desk is asked, which would not take such a question at all. */
static bool
numbers_good(const char *name, unsigned days_max, const struct agent_args *args)
{
	bool unit_good = args->unit <= INT64_MAX;

	if (unit_good && (!args->days_said || days_max == 0 ||
	    (args->days > 0 && args->days <= days_max)))
		return true;
	(void)fprintf(stderr, say("trucban agent %s: %s: từ %u đến %lld\n",
	    "trucban agent %s: %s: from %u to %lld\n"), name, unit_good ? "--days" : "--unit",
	    unit_good ? 1u : 0u, unit_good ? (long long)days_max : (long long)INT64_MAX);
	return false;
}

static void
trouble_say(const char *name, enum err rc, const struct why *why)
{
	struct buf text = { 0 };

	reason_cite(&text, rc, why->text);
	(void)fprintf(stderr, "trucban agent %s: %.*s\n", name, (int)text.n,
	    text.n > 0 ? (const char *)text.p : "");
	buf_done(&text);
}

static int
verb_run(const char *name, const struct agent_args *args)
{
	struct why why = { "" };
	enum err rc;

	for (size_t i = 0; i < sizeof verb / sizeof verb[0]; i++) {
		if (strcmp(name, verb[i].name) != 0)
			continue;
		if ((verb[i].wants == WANTS_NOTHING) != (args->what == NULL))
			return usage(stderr);
		if (!numbers_good(name, verb[i].days_max, args))
			return EXIT_USAGE;
		rc = verb[i].run(args, &why);
		if (rc == OK)
			return EXIT_DONE;
		trouble_say(name, rc, &why);
		return rc == ERR_DENIED ? verb[i].denied : EXIT_COULD_NOT;
	}
	return usage(stderr);
}

/* A code may have been pasted with blanks between its groups: all words are one. */
static const char *
words_join(int n, char **word, struct buf *out)
{
	for (int i = 0; i < n; i++)
		buf_printf(out, "%s%s", i > 0 ? " " : "", word[i]);
	buf_u8(out, '\0');
	return n > 0 ? (const char *)out->p : NULL;
}

int
cmd_agent(int argc, char **argv)
{
	static const struct option option[] = {
		{ "unit", required_argument, NULL, 'u' },
		{ "class", required_argument, NULL, 'k' },
		{ "days", required_argument, NULL, 'd' },
		{ "address", required_argument, NULL, 'a' },
		{ "why", required_argument, NULL, 'w' },
		{ "out", required_argument, NULL, 'o' },
		{ "due", no_argument, NULL, 'e' },
		{ "replace", no_argument, NULL, 'r' },
		{ "json", no_argument, NULL, 'j' },
		{ "config", required_argument, NULL, 'c' },
		{ "state", required_argument, NULL, 's' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct agent_args args = { .class = "", .address = "", .why = "" };
	struct buf words = { 0 };
	bool good = true;
	int c, code;

	while ((c = options_next(argc, argv, "o:", option)) != -1) {
		if (c == 'h')
			return usage(stdout);
		if (c == 'u')
			args.unit = number(optarg);
		else if (c == 'd')
			args.days = number(optarg);
		else if (c == 'k')
			args.class = optarg;
		else if (c == 'a')
			args.address = optarg;
		else if (c == 'w')
			args.why = optarg;
		else if (c == 'o')
			args.out = optarg;
		else if (c == 'c')
			args.config = optarg;
		else if (c == 's')
			args.state = optarg;
		args.days_said |= c == 'd';
		args.json |= c == 'j';
		args.due |= c == 'e';
		args.replace |= c == 'r';
		good &= c != '?';
	}
	if (!good || optind >= argc)
		return usage(stderr);
	if (argc - optind > 2 && strcmp(argv[optind], "enrol") != 0)
		return usage(stderr);
	args.what = words_join(argc - optind - 1, argv + optind + 1, &words);
	code = verb_run(argv[optind], &args);
	explicit_bzero(words.p, words.n);
	buf_done(&words);
	return code;
}
