/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban alert`: what waits for a person, and what a person does with it. The desk decides and
 * writes it into the ledger; here it is only asked and told.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/options.h"

static const char usage_vi[] =
    "Cách dùng: trucban alert [list] [--all | --muted] [--level MỨC] [--text CHỮ] [--json]\n"
    "           trucban alert show MÃ [--json]\n"
    "           trucban alert take MÃ [--why LÝ_DO]\n"
    "           trucban alert assign MÃ --to NGƯỜI\n"
    "           trucban alert note MÃ --why NỘI_DUNG\n"
    "           trucban alert false MÃ --why LÝ_DO\n"
    "           trucban alert done MÃ --why KẾT_QUẢ\n"
    "           trucban alert mute MÃ --until LÚC --why LÝ_DO\n"
    "           trucban alert mutes | unmute SỐ\n\n"
    "Cảnh báo là phát hiện chờ người xử lý: take là tiếp nhận, assign là giao xử lý, false là\n"
    "báo động nhầm, done là đã xử lý xong, mute là tắt những cảnh báo cùng quy tắc, cùng nơi cho\n"
    "đến một lúc. Mỗi việc là một dòng niêm phong của sổ cái. MÃ: cả mã hoặc phần đầu của nó.\n"
    "Mã kết thúc 1: có cảnh báo chưa ai tiếp nhận.\n\n"
    "  --level MỨC        từ mức này lên: 0 thông tin, 1 thấp, 2 vừa, 3 cao, 4 nghiêm trọng\n"
    "  --until LÚC        thời điểm có múi giờ: 2026-11-24T07:30:00+07:00\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n";
static const char usage_en[] =
    "Usage: trucban alert [list] [--all | --muted] [--level LEVEL] [--text TEXT] [--json]\n"
    "       trucban alert show ID [--json]\n"
    "       trucban alert take ID [--why REASON]\n"
    "       trucban alert assign ID --to PERSON\n"
    "       trucban alert note ID --why TEXT\n"
    "       trucban alert false ID --why REASON\n"
    "       trucban alert done ID --why RESULT\n"
    "       trucban alert mute ID --until TIME --why REASON\n"
    "       trucban alert mutes | unmute NUMBER\n\n"
    "An alert is a finding that waits for a person: take it, assign it, call it false or done, or\n"
    "mute those of the same rule and place until a time. Each act is a sealed row of the ledger.\n"
    "ID: the whole id or its beginning. Exit code 1: there are alerts that nobody took.\n\n"
    "  --level LEVEL      from this one up: 0 informational, 1 low, 2 medium, 3 high, 4 critical\n"
    "  --until TIME       with its zone: 2026-11-24T07:30:00+07:00\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n";

struct alert_command {
	const char *state, *which, *level, *text, *why, *to, *until;
	bool json;
};

static const char *
level_word(const char *level)
{
	static const char *const vi[] = { "thông tin", "thấp", "vừa", "cao", "nghiêm trọng" };
	static const char *const en[] = { "informational", "low", "medium", "high", "critical" };
	unsigned i = (unsigned)(level[0] - '0');

	return i < 5 ? say(vi[i], en[i]) : level;
}

static const char *
state_word(const char *state)
{
	static const struct {
		const char *word, *vi, *en;
	} row[] = { { "new", "CHƯA TIẾP NHẬN", "NOT TAKEN" }, { "taken", "đang xử lý", "taken" },
	    { "done", "đã xử lý", "done" }, { "false", "báo động nhầm", "false alarm" } };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (strcmp(row[i].word, state) == 0)
			return say(row[i].vi, row[i].en);
	return state;
}

/* ---- printing ---- */

static bool
on_alert(void *ctx, const char *const *cell, int n)
{
	unsigned *untaken = ctx;

	must(n == 8);
	*untaken += strcmp(cell[2], "new") == 0;
	(void)printf("%.8s  %s  [%s] %s%s%s  %s%s\n          %s\n", cell[0], api_time(cell[4]),
	    level_word(cell[1]), state_word(cell[2]), cell[3][0] != '\0' ? ": " : "", cell[3],
	    cell[5], cell[6][0] != '\0' ? say("  (đã tự hết)", "  (over)") : "", cell[7]);
	return true;
}

static int
list_print(struct span json)
{
	struct buf total = { 0 };
	unsigned untaken = 0;

	api_rows(json, "SELECT value ->> 'id', value ->> 'level', value ->> 'state',"
	    " coalesce(value ->> 'assignee', ''), value ->> 'opened', value ->> 'host',"
	    " value ->> 'closed', value ->> 'message' FROM json_each(:json, '$.alerts')",
	    on_alert, &untaken);
	(void)api_value(json, "$.total", &total);
	(void)printf(say("%.*s cảnh báo\n", "%.*s alerts\n"), (int)total.n,
	    (const char *)total.p);
	buf_done(&total);
	return untaken > 0 ? EXIT_FOUND : EXIT_DONE;
}

static bool
on_pair(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	(void)n;
	(void)printf("%-12s %s\n", cell[0], cell[1]);
	return true;
}

static bool
on_note(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	(void)n;
	(void)printf("  %s  %s  %s%s%s\n", api_time(cell[0]), cell[1], cell[2],
	    cell[3][0] != '\0' ? ": " : "", cell[3]);
	return true;
}

static int
one_print(struct span json)
{
	api_rows(json, "SELECT key, value FROM json_each(:json) WHERE type NOT IN ('array', 'null')"
	    " AND value <> ''", on_pair, NULL);
	api_rows(json, "SELECT value ->> 'time', value ->> 'who', value ->> 'act', value ->>"
	    " 'text' FROM json_each(:json, '$.notes')", on_note, NULL);
	return EXIT_DONE;
}

static bool
on_mute(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	must(n == 6);
	(void)printf(say("%s  %s %s  đến %s  %s: %s\n", "%s  %s %s  until %s  %s: %s\n"), cell[0],
	    cell[1], cell[2], api_time(cell[3]), cell[4], cell[5]);
	return true;
}

static int
mutes_print(struct span json)
{
	api_rows(json, "SELECT value ->> 'number', value ->> 'rule', value ->> 'host',"
	    " coalesce(value ->> 'ended', value ->> 'until'), value ->> 'who', value ->> 'reason'"
	    " FROM json_each(:json, '$.mutes')", on_mute, NULL);
	return EXIT_DONE;
}

/* ---- asking ---- */

static int
tell(const struct alert_command *c, enum err rc, const struct buf *json, struct why *why,
    int (*print)(struct span json))
{
	if (rc != OK)
		return api_failed(rc, c->state, why);
	if (c->json) {
		(void)fwrite(json->p, 1, json->n, stdout);
		return EXIT_DONE;
	}
	return print(buf_span(json));
}

static int
list(const struct alert_command *c)
{
	struct buf form = { 0 }, json = { 0 };
	struct why why = { "" };
	enum err rc;
	int code;

	form_add(&form, "state", span_str(c->which));
	if (c->level != NULL)
		form_add(&form, "level", span_str(c->level));
	if (c->text != NULL)
		form_add(&form, "text", span_str(c->text));
	rc = api_ask(c->state, false, "/api/alerts", buf_span(&form), &json, &why);
	code = tell(c, rc, &json, &why, list_print);
	buf_done(&form);
	buf_done(&json);
	return code;
}

struct whole {
	const char *head;
	char id[64];
	unsigned n;
};

static bool
on_id(void *ctx, const char *const *cell, int n)
{
	struct whole *w = ctx;

	(void)n;
	if (strncmp(cell[0], w->head, strlen(w->head)) == 0) {
		(void)snprintf(w->id, sizeof w->id, "%s", cell[0]);
		w->n++;
	}
	return true;
}

/* The one id that begins so. */
static enum err
whole_id(const struct alert_command *c, struct whole *w, struct why *why)
{
	struct buf form = { 0 }, json = { 0 };
	enum err rc;

	form_add(&form, "state", SPAN("all"));
	form_add(&form, "text", span_str(w->head));
	rc = api_ask(c->state, false, "/api/alerts", buf_span(&form), &json, why);
	if (rc == OK)
		api_rows(buf_span(&json), "SELECT value ->> 'id' FROM json_each(:json,"
		    " '$.alerts')", on_id, w);
	buf_done(&form);
	buf_done(&json);
	if (rc == OK && w->n != 1)
		rc = why_set(why, ERR_FORMAT, w->n == 0 ? say("không có cảnh báo nào có mã bắt đầu "
		    "bằng %s", "no alert has an id that begins with %s") :
		    say("nhiều cảnh báo có mã bắt đầu bằng %s; ghi dài hơn", "several alerts have "
		    "ids that begin with %s; write more of it"), w->head);
	return rc;
}

static int
show(const struct alert_command *c, const char *head)
{
	struct whole w = { .head = head };
	struct buf json = { 0 };
	struct why why = { "" };
	char path[128];
	enum err rc = whole_id(c, &w, &why);
	int code;

	(void)snprintf(path, sizeof path, "/api/alerts/%s", w.id);
	if (rc == OK)
		rc = api_ask(c->state, false, path, SPAN(""), &json, &why);
	code = tell(c, rc, &json, &why, one_print);
	buf_done(&json);
	return code;
}

static int
act(const struct alert_command *c, const char *what, const char *head)
{
	struct whole w = { .head = head };
	struct buf json = { 0 }, form = { 0 };
	struct why why = { "" };
	char path[128];
	enum err rc = whole_id(c, &w, &why);
	int code;

	(void)snprintf(path, sizeof path, "/api/alerts/%s/%s", w.id, what);
	if (c->why != NULL)
		form_add(&form, "what", span_str(c->why));
	if (c->to != NULL)
		form_add(&form, "to", span_str(c->to));
	if (rc == OK)
		rc = api_ask(c->state, true, path, buf_span(&form), &json, &why);
	code = tell(c, rc, &json, &why, one_print);
	buf_done(&json);
	buf_done(&form);
	return code;
}

static bool
on_like(void *ctx, const char *const *cell, int n)
{
	static const char *const name[] = { "rule", "listener", "peer", "host", "subject" };

	for (int i = 0; i < n; i++)
		if (cell[i][0] != '\0')
			form_add(ctx, name[i], span_str(cell[i]));
	return false;
}

/* Those of the same rule and the same place as this one. */
static int
mute(const struct alert_command *c, const char *head)
{
	struct whole w = { .head = head };
	struct buf json = { 0 }, form = { 0 };
	struct why why = { "" };
	char path[128];
	enum err rc = whole_id(c, &w, &why);
	int code;

	(void)snprintf(path, sizeof path, "/api/alerts/%s", w.id);
	if (rc == OK)
		rc = api_ask(c->state, false, path, SPAN(""), &json, &why);
	if (rc == OK)
		api_rows(buf_span(&json), "SELECT :json ->> 'rule', :json ->> 'listener',"
		    " :json ->> 'peer', :json ->> 'host', :json ->> 'subject'", on_like, &form);
	if (c->until != NULL)
		form_add(&form, "until", span_str(c->until));
	if (c->why != NULL)
		form_add(&form, "what", span_str(c->why));
	if (rc == OK)
		rc = api_ask(c->state, true, "/api/mutes", buf_span(&form), &json, &why);
	code = tell(c, rc, &json, &why, mutes_print);
	buf_done(&json);
	buf_done(&form);
	return code;
}

static int
mutes(const struct alert_command *c, const char *end)
{
	struct buf json = { 0 };
	struct why why = { "" };
	char path[128] = "/api/mutes";
	enum err rc;
	int code;

	if (end != NULL)
		(void)snprintf(path, sizeof path, "/api/mutes/%.20s/end", end);
	rc = api_ask(c->state, end != NULL, path, SPAN(""), &json, &why);
	code = tell(c, rc, &json, &why, mutes_print);
	buf_done(&json);
	return code;
}

static int
verb_run(const struct alert_command *c, const char *verb, const char *id)
{
	static const char *const acts[] = { "take", "assign", "note", "false", "done" };

	if (strcmp(verb, "list") == 0 && id == NULL)
		return list(c);
	if (strcmp(verb, "mutes") == 0 && id == NULL)
		return mutes(c, NULL);
	if (strcmp(verb, "show") == 0 && id != NULL)
		return show(c, id);
	if (strcmp(verb, "mute") == 0 && id != NULL)
		return mute(c, id);
	if (strcmp(verb, "unmute") == 0 && id != NULL)
		return mutes(c, id);
	for (size_t i = 0; id != NULL && i < sizeof acts / sizeof acts[0]; i++)
		if (strcmp(verb, acts[i]) == 0)
			return act(c, verb, id);
	(void)fputs(say(usage_vi, usage_en), stderr);
	return EXIT_USAGE;
}

int
cmd_alert(int argc, char **argv)
{
	enum { OPT_ALL = 256, OPT_MUTED, OPT_LEVEL, OPT_TEXT, OPT_WHY, OPT_TO, OPT_UNTIL,
	    OPT_JSON, OPT_STATE, OPT_HELP };
	static const struct option option[] = {
		{ "all", no_argument, NULL, OPT_ALL }, { "muted", no_argument, NULL, OPT_MUTED },
		{ "level", required_argument, NULL, OPT_LEVEL },
		{ "text", required_argument, NULL, OPT_TEXT },
		{ "why", required_argument, NULL, OPT_WHY },
		{ "to", required_argument, NULL, OPT_TO },
		{ "until", required_argument, NULL, OPT_UNTIL },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 },
	};
	struct alert_command c = { .state = state_default(), .which = "waiting" };
	int code;

	while ((code = options_next(argc, argv, "", option)) != -1) {
		const char **to = code == OPT_LEVEL ? &c.level : code == OPT_TEXT ? &c.text :
		    code == OPT_WHY ? &c.why : code == OPT_TO ? &c.to : code == OPT_UNTIL ?
		    &c.until : code == OPT_STATE ? &c.state : NULL;

		if (code == OPT_HELP) {
			(void)fputs(say(usage_vi, usage_en), stdout);
			return EXIT_DONE;
		}
		if (to != NULL)
			*to = optarg;
		else if (code == OPT_ALL || code == OPT_MUTED)
			c.which = code == OPT_ALL ? "all" : "muted";
		else if (code == OPT_JSON)
			c.json = true;
		else
			return EXIT_USAGE;
	}
	if (argc - optind > 2) {
		(void)fputs(say(usage_vi, usage_en), stderr);
		return EXIT_USAGE;
	}
	return verb_run(&c, optind < argc ? argv[optind] : "list",
	    optind + 1 < argc ? argv[optind + 1] : NULL);
}
