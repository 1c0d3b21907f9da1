/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban user`: accounts of people and tokens of programs, by root and the desk's own user over
 * the unix socket. The desk answers in words. No password is ever typed here: those that are given
 * out are made by the desk and shown once, and their owners change them when they log in.
 */
#include "cmd/cmd.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/desk.h"

static const char usage_vi[] =
    "Cách dùng: trucban user first\n"
    "           trucban user add TÊN --roles VAI_TRÒ [--name HỌ_TÊN] [--code no]\n"
    "           trucban user list\n"
    "           trucban user set TÊN [--roles VAI_TRÒ] [--name HỌ_TÊN] [--code yes|no]\n"
    "           trucban user disable|enable|password|totp-reset TÊN\n"
    "           trucban user token add --owner TÊN --roles VAI_TRÒ --name MỤC_ĐÍCH [--days N]\n"
    "           trucban user token list\n"
    "           trucban user token revoke MÃ\n\n"
    "Quản lý tài khoản của bàn trực; chỉ root và người dùng của bàn trực chạy được. Từ khi có\n"
    "tài khoản đầu tiên, mọi truy cập qua TCP phải đăng nhập, trừ /health. Mật khẩu cấp ra chỉ\n"
    "hiện một lần; chủ tài khoản phải đổi và cài mã xác thực (TOTP) khi đăng nhập. Mọi thay đổi\n"
    "được ghi vào sổ hành động.\n\n"
    "  first              tạo người quản trị đầu tiên (admin) và in mật khẩu dùng lần đầu\n"
    "  password TÊN       cấp mật khẩu dùng lần đầu mới, mở khóa tài khoản\n"
    "  totp-reset TÊN     xóa mã xác thực, khi mất điện thoại\n"
    "  --roles VAI_TRÒ    cách nhau dấu phẩy: reader (xem), analyst (tìm bản ghi), officer (trực\n"
    "                     ban), head (lãnh đạo), admin (quản trị), auditor (kiểm tra sổ)\n"
    "  --name TEXT        họ tên, hoặc mục đích của mã truy cập\n"
    "  --code yes|no      đăng nhập có cần mã xác thực; no thì mật khẩu phải dài hơn\n"
    "  --owner TÊN        mã truy cập là của ai; quyền không vượt quá người này\n"
    "  --days N           mã truy cập dùng được N ngày (mặc định 365)\n"
    "  --json             in đúng những gì API trả lời\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n";
static const char usage_en[] =
    "Usage: trucban user first\n"
    "       trucban user add LOGIN --roles ROLES [--name NAME] [--code no]\n"
    "       trucban user list\n"
    "       trucban user set LOGIN [--roles ROLES] [--name NAME] [--code yes|no]\n"
    "       trucban user disable|enable|password|totp-reset LOGIN\n"
    "       trucban user token add --owner LOGIN --roles ROLES --name PURPOSE [--days N]\n"
    "       trucban user token list\n"
    "       trucban user token revoke ID\n\n"
    "Accounts of the desk; only for root and the desk's own user. From the first account on\n"
    "everything over TCP wants a log-in, but /health. A password given out is shown once; its\n"
    "owner has to change it and to set up codes (TOTP) at log-in. Each change is a row of the\n"
    "ledger.\n\n"
    "  first              make the first administrator (admin) and print its first password\n"
    "  password LOGIN     give out a new first password, unlock the account\n"
    "  totp-reset LOGIN   remove the codes, when a phone was lost\n"
    "  --roles ROLES      with commas: reader, analyst (search records), officer (on duty), head,\n"
    "                     admin, auditor\n"
    "  --name TEXT        the person's name, or what a token is for\n"
    "  --code yes|no      whether log-in wants a code; with no the password must be longer\n"
    "  --owner LOGIN      whose token it is; it may no more than its owner\n"
    "  --days N           the token is good for N days (default 365)\n"
    "  --json             print what the API answers\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n";

struct user_command {
	const char *state, *format;
	const char *roles, *name, *code, *owner, *days;
};

/* What follows the words, and where it goes. */
static const struct {
	const char *word, *second;
	const char *path, *verb;	/* PATH/ARGUMENT/VERB; NULL: a parameter has it */
	const char *param;		/* its name */
	bool argument, question;
} rows[] = {
	{ "first", NULL, "/api/users/first", NULL, NULL, false, false },
	{ "add", NULL, "/api/users", NULL, "login", true, false },
	{ "list", NULL, "/api/users", NULL, NULL, false, true },
	{ "set", NULL, "/api/users", "set", NULL, true, false },
	{ "disable", NULL, "/api/users", "disable", NULL, true, false },
	{ "enable", NULL, "/api/users", "enable", NULL, true, false },
	{ "password", NULL, "/api/users", "password", NULL, true, false },
	{ "totp-reset", NULL, "/api/users", "totp-reset", NULL, true, false },
	{ "token", "add", "/api/tokens", NULL, NULL, false, false },
	{ "token", "list", "/api/tokens", NULL, NULL, false, true },
	{ "token", "revoke", "/api/tokens", "revoke", NULL, true, false },
};

enum { ROWS = sizeof rows / sizeof rows[0] };

static bool
print(void *ctx, struct span piece)
{
	(void)ctx;
	return piece.n == 0 || fwrite(piece.p, 1, piece.n, stdout) == piece.n;
}

static void
form_fill(struct buf *form, const struct user_command *c, const char *param, const char *argument)
{
	const struct {
		const char *name, *value;
	} field[] = { { "lang", say("vi", "en") }, { "format", c->format }, { param, argument },
	    { "roles", c->roles }, { "name", c->name }, { "code", c->code },
	    { "owner", c->owner }, { "days", c->days } };

	for (size_t i = 0; i < sizeof field / sizeof field[0]; i++)
		if (field[i].name != NULL && field[i].value != NULL)
			form_add(form, field[i].name, span_str(field[i].value));
}

static int
user_run(const struct user_command *c, size_t row, const char *argument)
{
	struct client_ask ask = { .take = print };
	struct buf form = { 0 }, path = { 0 };
	struct why why = { "" };
	enum err rc;

	buf_str(&path, rows[row].path);
	if (rows[row].verb != NULL)
		buf_printf(&path, "/%s/%s", argument, rows[row].verb);
	form_fill(&form, c, rows[row].param, argument);
	if (rows[row].question)
		buf_printf(&path, "?%.*s", (int)form.n, (const char *)form.p);
	else
		ask.form = buf_span(&form);
	buf_u8(&path, 0);
	ask.path = (const char *)path.p;
	rc = desk_run(c->state, &ask, &why);
	buf_done(&path);
	buf_done(&form);
	if (rc == OK)
		return EXIT_DONE;
	if (rc == ERR_ABSENT && strncmp(why.text, "cannot", 6) == 0)
		(void)fprintf(stderr, say("trucban: không hỏi được bàn trực ở %s: %s. Bàn trực "
		    "đang chạy chưa? (trucban serve)\n", "trucban: cannot ask the desk at %s: %s. "
		    "Is it running? (trucban serve)\n"), c->state, why.text);
	else
		(void)fprintf(stderr, "trucban: %s\n", why.text);
	return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
}

/* Logins and ids go into a path: nothing else may. */
static bool
is_word(const char *text)
{
	return text[0] != '\0' && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789._-")] ==
	    '\0';
}

static int
words_run(const struct user_command *c, int argc, char **argv)
{
	for (size_t i = 0; i < ROWS; i++) {
		int n = rows[i].second != NULL ? 2 : 1;

		if (argc != n + rows[i].argument || strcmp(argv[0], rows[i].word) != 0 ||
		    (n == 2 && strcmp(argv[1], rows[i].second) != 0))
			continue;
		if (rows[i].argument && !is_word(argv[n]))
			break;
		return user_run(c, i, rows[i].argument ? argv[n] : NULL);
	}
	(void)fputs(say(usage_vi, usage_en), stderr);
	return EXIT_USAGE;
}

int
cmd_user(int argc, char **argv)
{
	enum { OPT_ROLES = 256, OPT_NAME, OPT_CODE, OPT_OWNER, OPT_DAYS, OPT_JSON, OPT_STATE,
		OPT_HELP };
	static const struct option option[] = {
		{ "roles", required_argument, NULL, OPT_ROLES },
		{ "name", required_argument, NULL, OPT_NAME },
		{ "code", required_argument, NULL, OPT_CODE },
		{ "owner", required_argument, NULL, OPT_OWNER },
		{ "days", required_argument, NULL, OPT_DAYS },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "help", no_argument, NULL, OPT_HELP },
		{ NULL, 0, NULL, 0 },
	};
	struct user_command c = { .state = state_default(), .format = "text" };
	int code;

	while ((code = getopt_long(argc, argv, "", option, NULL)) != -1) {
		const char **const text[] = { &c.roles, &c.name, &c.code, &c.owner, &c.days };

		if (code >= OPT_ROLES && code <= OPT_DAYS)
			*text[code - OPT_ROLES] = optarg;
		else if (code == OPT_JSON)
			c.format = "json";
		else if (code == OPT_STATE)
			c.state = optarg;
		else {
			(void)fputs(say(usage_vi, usage_en), code == '?' ? stderr : stdout);
			return code == '?' ? EXIT_USAGE : EXIT_DONE;
		}
	}
	if (optind == argc) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	(void)signal(SIGPIPE, SIG_IGN);
	return words_run(&c, argc - optind, argv + optind);
}
