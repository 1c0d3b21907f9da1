/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban register`: the office's registers, entry by entry or as files of comma-separated values.
 * The desk decides whether a row is right and seals what was done.
 */
#include "cmd/registers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/cmd.h"
#include "cmd/options.h"

enum { NAME_BYTES = 64, COLUMNS_MOST = 24 };

static const char usage_vi[] =
    "Cách dùng: trucban register [list]\n"
    "           trucban register show SỔ [MÃ] [--text CHỮ] [--under ĐƠN_VỊ] [--soon]\n"
    "           trucban register set SỔ MÃ CỘT=GIÁ_TRỊ ...\n"
    "           trucban register remove SỔ MÃ \"LÝ DO\"\n"
    "           trucban register import SỔ TỆP.csv\n"
    "           trucban register export SỔ [TỆP.csv]\n"
    "           trucban register expiring [--days SỐ]\n\n"
    "Sổ đăng ký: đơn vị, hệ thống, máy, cổng, tên miền, đầu mối, bản quyền, hợp đồng, chứng thư,\n"
    "dự án. Có sổ nào, cột nào do gói quy định (register_pack) nói. set chỉ đổi những cột được\n"
    "ghi; CỘT= là để trống. Tệp CSV: dòng đầu là tên cột, cột id là mã; nhập lại thì ghi đè mục\n"
    "cùng mã. Mục sắp hết hạn là việc đang chờ cho tới khi gia hạn hoặc bỏ. Mã kết thúc 1 của\n"
    "expiring: có mục đã hết hạn.\n\n"
    "  --json             in đúng những gì API trả lời\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n";
static const char usage_en[] =
    "Usage: trucban register [list]\n"
    "       trucban register show REGISTER [ID] [--text TEXT] [--under UNIT] [--soon]\n"
    "       trucban register set REGISTER ID COLUMN=VALUE ...\n"
    "       trucban register remove REGISTER ID \"WHY\"\n"
    "       trucban register import REGISTER FILE.csv\n"
    "       trucban register export REGISTER [FILE.csv]\n"
    "       trucban register expiring [--days N]\n\n"
    "Registers: units, systems, hosts, portals, domains, contacts, licences, contracts,\n"
    "certificates, projects. Which there are, with which columns, says the rule pack\n"
    "(register_pack). set changes the columns that are named; COLUMN= empties one. A file of CSV\n"
    "has the columns' names in its first line, with id; what has the same id is replaced. What\n"
    "ends soon is an open matter until it is renewed or removed. Exit code 1 of expiring:\n"
    "something is over.\n\n"
    "  --json             print what the API answers\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n";

/* ---- asking ---- */

/* What stands in a path. */
static bool
path_ok(const char *word)
{
	return word[0] != '\0' && strlen(word) <= NAME_BYTES && word[strspn(word,
	    "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

void
registers_path(char path[REGISTERS_PATH], const struct register_command *c, int words,
    const char *more)
{
	(void)snprintf(path, REGISTERS_PATH, "/api/registers/%s%s%s%s", c->word[0],
	    words > 1 ? "/" : "", words > 1 ? c->word[1] : "", more);
}

int
registers_failed(const struct register_command *c, enum err rc, struct why *why)
{
	return api_failed(rc, c->state, why);
}

/* ---- printing ---- */

static bool
on_kind(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	must(n == 4);
	(void)printf("%-14s %6s  %s%s%s%s\n", cell[0], cell[1], cell[2], cell[3][0] != '0' ?
	    say("  (sắp hết hạn: ", "  (ends soon: ") : "", cell[3][0] != '0' ? cell[3] : "",
	    cell[3][0] != '0' ? ")" : "");
	return true;
}

static bool
on_entry(void *ctx, const char *const *cell, int n)
{
	unsigned *over = ctx;
	bool is_over = strcmp(cell[4], "over") == 0;

	must(n == 5);
	*over += is_over;
	(void)printf("%-12s %-20s %s%s%s%s\n", cell[0], cell[1], cell[2], cell[3][0] != '\0' ?
	    say("  hạn ", "  until ") : "", cell[3], is_over ? say("  ĐÃ HẾT HẠN", "  OVER") :
	    strcmp(cell[4], "soon") == 0 ? say("  sắp hết hạn", "  soon") : "");
	return true;
}

static bool
on_pair(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	must(n == 3);
	(void)printf("  %s (%s): %s\n", cell[0], cell[1], cell[2]);
	return true;
}

static void
entries_print(struct span json, unsigned *ret_over)
{
	api_rows(json, "SELECT value ->> 'kind', value ->> 'id', value ->> 'label', value ->>"
	    " 'expires', value ->> 'state' FROM json_each(:json, '$.entries')", on_entry,
	    ret_over);
}

/* ---- questions ---- */

static int
question(const struct register_command *c, const char *path, const struct buf *form,
    struct buf *json, struct why *why)
{
	enum err rc = api_ask(c->state, false, path, buf_span(form), json, why);

	if (rc != OK)
		return registers_failed(c, rc, why);
	if (c->json)
		(void)fwrite(json->p, 1, json->n, stdout);
	return EXIT_DONE;
}

static int
list(const struct register_command *c, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	int code = question(c, "/api/registers", &form, &json, why);

	if (code == EXIT_DONE && !c->json)
		api_rows(buf_span(&json), say("SELECT value ->> 'kind', value ->> 'total', value"
		    " ->> 'title', value ->> 'soon' FROM json_each(:json, '$.registers')",
		    "SELECT value ->> 'kind', value ->> 'total', value ->> 'english', value ->>"
		    " 'soon' FROM json_each(:json, '$.registers')"), on_kind, NULL);
	buf_done(&json);
	return code;
}

static int
expiring(const struct register_command *c, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	unsigned over = 0;
	int code;

	form_add(&form, "limit", SPAN("1000"));
	if (c->days != NULL)
		form_add(&form, "days", span_str(c->days));
	code = question(c, "/api/expiring", &form, &json, why);
	if (code == EXIT_DONE && !c->json)
		entries_print(buf_span(&json), &over);
	buf_done(&form);
	buf_done(&json);
	return code == EXIT_DONE && over > 0 ? EXIT_FOUND : code;
}

static void
entry_print(struct span json)
{
	unsigned over = 0;
	struct buf one = { 0 };

	buf_str(&one, "{\"entries\":[");
	buf_span_put(&one, json);
	buf_str(&one, "]}");
	entries_print(buf_span(&one), &over);
	api_rows(json, "SELECT key, type, value FROM json_each(:json, '$.fields')", on_pair, NULL);
	buf_done(&one);
}

static int
show(const struct register_command *c, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	char path[REGISTERS_PATH];
	unsigned over = 0;
	int code;

	registers_path(path, c, c->nword, "");
	if (c->nword == 1) {
		form_add(&form, "limit", SPAN("1000"));
		if (c->text != NULL)
			form_add(&form, "text", span_str(c->text));
		if (c->under != NULL)
			form_add(&form, "under", span_str(c->under));
		if (c->soon)
			form_add(&form, "soon", SPAN("1"));
	}
	code = question(c, path, &form, &json, why);
	if (code == EXIT_DONE && !c->json && c->nword == 1)
		entries_print(buf_span(&json), &over);
	else if (code == EXIT_DONE && !c->json)
		entry_print(buf_span(&json));
	buf_done(&form);
	buf_done(&json);
	return code;
}

/* ---- acts ---- */

struct setting {
	const struct register_command *c;
	struct buf *form;
};

/* Is the column said on the command line? Its value then; NULL: it is not. */
static const char *
said(const struct register_command *c, const char *column)
{
	size_t n = strlen(column);

	for (int i = 2; i < c->nword; i++)
		if (strncmp(c->word[i], column, n) == 0 && c->word[i][n] == '=')
			return c->word[i] + n + 1;
	return NULL;
}

static void
field_add(struct buf *form, const char *column, struct span value)
{
	char name[NAME_BYTES + 4];

	(void)snprintf(name, sizeof name, "f.%.*s", NAME_BYTES, column);
	form_add(form, name, value);
}

/* What it has and keeps. */
static bool
on_field(void *ctx, const char *const *cell, int n)
{
	struct setting *s = ctx;

	must(n == 2);
	if (said(s->c, cell[0]) == NULL)
		field_add(s->form, cell[0], span_str(cell[1]));
	return true;
}

static int
act(const struct register_command *c, const char *path, const struct buf *form, struct why *why)
{
	struct buf json = { 0 };
	enum err rc = api_ask(c->state, true, path, buf_span(form), &json, why);

	if (rc == OK && c->json)
		(void)fwrite(json.p, 1, json.n, stdout);
	else if (rc == OK && c->nword > 1)
		entry_print(buf_span(&json));
	buf_done(&json);
	return rc == OK ? EXIT_DONE : registers_failed(c, rc, why);
}

static int
set(const struct register_command *c, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	struct setting setting = { c, &form };
	char path[REGISTERS_PATH];
	struct why none = { "" };
	int code;

	registers_path(path, c, 2, "");
	for (int i = 2; i < c->nword; i++) {
		const char *equals = strchr(c->word[i], '=');
		char column[NAME_BYTES + 1];

		if (equals == NULL || equals - c->word[i] > NAME_BYTES) {
			buf_done(&form);
			(void)fprintf(stderr, say("trucban register: '%s' không phải "
			    "CỘT=GIÁ_TRỊ\n", "trucban register: '%s' is not COLUMN=VALUE\n"),
			    c->word[i]);
			return EXIT_USAGE;
		}
		(void)snprintf(column, sizeof column, "%.*s", (int)(equals - c->word[i]),
		    c->word[i]);
		field_add(&form, column, span_str(equals + 1));
	}
	/* There may be none yet. */
	if (api_ask(c->state, false, path, SPAN(""), &json, &none) == OK)
		api_rows(buf_span(&json), "SELECT key, value FROM json_each(:json, '$.fields')",
		    on_field, &setting);
	code = act(c, path, &form, why);
	buf_done(&form);
	buf_done(&json);
	return code;
}

static int
entry_remove(const struct register_command *c, struct why *why)
{
	struct register_command quiet = *c;
	struct buf form = { 0 };
	char path[REGISTERS_PATH];
	int code;

	registers_path(path, c, 2, "/remove");
	form_add(&form, "what", span_str(c->word[2]));
	quiet.nword = 1;
	code = act(&quiet, path, &form, why);
	buf_done(&form);
	return code;
}

/* ---- verbs ---- */

static const struct {
	const char *name;
	int least, most, ids;		/* words behind it; so many are ids */
	int (*run)(const struct register_command *command, struct why *why);
} verb[] = {
	{ "list", 0, 0, 0, list }, { "show", 1, 2, 2, show },
	{ "set", 3, 2 + COLUMNS_MOST, 2, set }, { "remove", 3, 3, 2, entry_remove },
	{ "import", 2, 2, 1, registers_import }, { "export", 1, 2, 1, registers_export },
	{ "expiring", 0, 0, 0, expiring },
};

static int
run(const struct register_command *c, size_t i, struct why *why)
{
	for (int k = 0; k < verb[i].ids && k < c->nword; k++)
		if (!path_ok(c->word[k])) {
			(void)fprintf(stderr, say("trucban register: '%s' không phải một mã: chỉ "
			    "gồm a-z, 0-9, dấu chấm, gạch dưới, gạch nối\n", "trucban register: "
			    "'%s' is no id: it has a-z, 0-9, '.', '_' and '-' only\n"),
			    c->word[k]);
			return EXIT_USAGE;
		}
	return verb[i].run(c, why);
}

static int
usage(int code)
{
	(void)fputs(say(usage_vi, usage_en), code == EXIT_DONE ? stdout : stderr);
	return code;
}

int
cmd_register(int argc, char **argv)
{
	enum { OPT_TEXT = 256, OPT_UNDER, OPT_SOON, OPT_DAYS, OPT_JSON, OPT_STATE, OPT_HELP };
	static const struct option option[] = {
		{ "text", required_argument, NULL, OPT_TEXT },
		{ "under", required_argument, NULL, OPT_UNDER },
		{ "soon", no_argument, NULL, OPT_SOON },
		{ "days", required_argument, NULL, OPT_DAYS },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 },
	};
	struct register_command c = { .state = state_default() };
	struct why why = { "" };
	const char *name = "list";
	int o;

	while ((o = options_next(argc, argv, "", option)) != -1) {
		const char **to = o == OPT_TEXT ? &c.text : o == OPT_UNDER ? &c.under :
		    o == OPT_DAYS ? &c.days : o == OPT_STATE ? &c.state : NULL;

		if (o == OPT_HELP)
			return usage(EXIT_DONE);
		if (to != NULL)
			*to = optarg;
		else if (o == OPT_SOON)
			c.soon = true;
		else if (o == OPT_JSON)
			c.json = true;
		else
			return EXIT_USAGE;
	}
	if (optind < argc)
		name = argv[optind++];
	c.word = argv + optind;
	c.nword = argc - optind;
	for (size_t i = 0; i < sizeof verb / sizeof verb[0]; i++)
		if (strcmp(name, verb[i].name) == 0 && c.nword >= verb[i].least &&
		    c.nword <= verb[i].most)
			return run(&c, i, &why);
	return usage(EXIT_USAGE);
}
