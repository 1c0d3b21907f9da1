/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban notify`: who was told outside of the desk and who was not, by which channel and why; and
 * a test, which goes through the running desk and is a row of the ledger as everything else.
 */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/options.h"

enum { TEST_WAIT_S = 90, LOOK_US = 300000 };

static const char usage_vi[] =
    "Cách dùng: trucban notify [list] [--waiting | --failed] [--person NGƯỜI] [--json]\n"
    "           trucban notify tries [--person NGƯỜI] [--json]\n"
    "           trucban notify channels [--json]\n"
    "           trucban notify test NGƯỜI [--channel KÊNH] [--json]\n\n"
    "Ai đã được báo ra ngoài (thư, SMS, chuông, webhook) và ai chưa. tries là từng lần gửi,\n"
    "channels là từng kênh với lần gửi được và lần hỏng gần nhất, test gửi một tin thử qua bàn\n"
    "trực đang chạy rồi chờ kết quả. Tin ra ngoài chỉ nói mức cảnh báo, không nói nội dung.\n"
    "NGƯỜI là mã trong danh bạ trực. Mã kết thúc 1: có tin không gửi được.\n\n"
    "  --waiting          chỉ những tin đang chờ gửi\n"
    "  --failed           chỉ những tin không kênh nào gửi được\n"
    "  --person NGƯỜI     chỉ của người này\n"
    "  --channel KÊNH     chỉ thử kênh này; tên như ở channels\n"
    "  --json             in đúng điều API trả lời\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n";
static const char usage_en[] =
    "Usage: trucban notify [list] [--waiting | --failed] [--person PERSON] [--json]\n"
    "       trucban notify tries [--person PERSON] [--json]\n"
    "       trucban notify channels [--json]\n"
    "       trucban notify test PERSON [--channel CHANNEL] [--json]\n\n"
    "Who was told outside (mail, SMS, ringing, webhook) and who was not. tries: each time that\n"
    "something was sent; channels: each with what it sent and failed to send last; test sends a\n"
    "message through the running desk and waits for the result. What goes out says the level\n"
    "only, never the content. PERSON: as in the contacts. Exit code 1: something did not go\n"
    "out.\n\n"
    "  --waiting          only what waits\n"
    "  --failed           only what no channel could send\n"
    "  --person PERSON    only this person's\n"
    "  --channel CHANNEL  tests this channel only, named as by channels\n"
    "  --json             prints what the API says\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n";

struct notices_command {
	const char *state, *which, *person, *channel;
	bool json;
};

static const char *
state_word(const char *state)
{
	static const struct {
		const char *word, *vi, *en;
	} row[] = { { "waiting", "đang chờ", "waiting" }, { "sent", "đã gửi", "sent" },
	    { "failed", "KHÔNG GỬI ĐƯỢC", "NOT SENT" }, { "over", "không cần nữa", "over" } };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (strcmp(row[i].word, state) == 0)
			return say(row[i].vi, row[i].en);
	return state;
}

/* ---- printing ---- */

static bool
on_notice(void *ctx, const char *const *cell, int n)
{
	unsigned *failed = ctx;

	must(n == 7);
	*failed += strcmp(cell[1], "failed") == 0;
	(void)printf("%6s  %s  [%s] %s: %s%s%s\n", cell[0], api_time(cell[2]),
	    state_word(cell[1]), cell[3], cell[4], cell[5][0] != '\0' ? " " : "", cell[5]);
	if (cell[6][0] != '\0')
		(void)printf("        %s\n", cell[6]);
	return true;
}

static int
list_print(struct span json)
{
	struct buf total = { 0 };
	unsigned failed = 0;

	api_rows(json, "SELECT value ->> 'number', value ->> 'state', value ->> 'created',"
	    " coalesce(value ->> 'name', value ->> 'person'), value ->> 'kind', value ->> 'ref',"
	    " (SELECT group_concat((w.value ->> 'channel') || ': ' || (w.value ->> 'state'), ', ')"
	    " FROM json_each(n.value, '$.ways') w) FROM json_each(:json, '$.notices') n",
	    on_notice, &failed);
	(void)api_value(json, "$.total", &total);
	(void)printf(say("%.*s tin\n", "%.*s notices\n"), (int)total.n, (const char *)total.p);
	buf_done(&total);
	return failed > 0 ? EXIT_FOUND : EXIT_DONE;
}

static bool
on_try(void *ctx, const char *const *cell, int n)
{
	unsigned *failed = ctx;

	must(n == 7);
	*failed += cell[3][0] == '0';
	(void)printf(say("%s  %s  %s  %s (%s tin, đến số %s)  %s\n",
	    "%s  %s  %s  %s (%s notices, up to %s)  %s\n"), api_time(cell[0]), cell[1], cell[2],
	    cell[3][0] == '1' ? say("đã gửi", "sent") : say("KHÔNG GỬI ĐƯỢC", "NOT SENT"),
	    cell[4], cell[5], cell[6]);
	return true;
}

#define TRY_COLUMNS \
    "SELECT value ->> 'time', value ->> 'person', value ->> 'channel', value ->> 'sent'," \
    " coalesce(value ->> 'count', 1), value ->> 'upto', value ->> 'text' FROM "

static int
tries_print(struct span json)
{
	unsigned failed = 0;

	api_rows(json, TRY_COLUMNS "json_each(:json, '$.tries')", on_try, &failed);
	return failed > 0 ? EXIT_FOUND : EXIT_DONE;
}

static bool
on_channel(void *ctx, const char *const *cell, int n)
{
	unsigned *failing = ctx;
	/* What failed behind the last that went out. */
	bool fails = strcmp(cell[4], cell[2]) > 0;

	must(n == 6);
	*failing += fails;
	(void)printf("%-16s %-8s %s", cell[0], cell[1], cell[2][0] == '\0' && !fails ?
	    say("chưa dùng", "not used yet") : fails ? say("HỎNG", "FAILS") :
	    say("đã gửi", "sent"));
	if (cell[2][0] != '\0')
		(void)printf("  %s %s", api_time(cell[2]), cell[3]);
	if (fails)
		(void)printf("  %s %s", api_time(cell[4]), cell[5]);
	(void)putchar('\n');
	return true;
}

static int
channels_print(struct span json)
{
	unsigned failing = 0;

	api_rows(json, "SELECT value ->> 'name', value ->> 'kind', value ->> '$.sent.time',"
	    " value ->> '$.sent.text', value ->> '$.failed.time', value ->> '$.failed.text' FROM"
	    " json_each(:json, '$.channels')", on_channel, &failing);
	return failing > 0 ? EXIT_FOUND : EXIT_DONE;
}

/* ---- asking ---- */

static int
tell(const struct notices_command *c, enum err rc, const struct buf *json, struct why *why,
    int (*print)(struct span json))
{
	if (rc != OK)
		return api_failed(rc, c->state, why);
	if (!c->json)
		return print(buf_span(json));
	(void)fwrite(json->p, 1, json->n, stdout);
	return EXIT_DONE;
}

static int
look(const struct notices_command *c, const char *path, int (*print)(struct span json))
{
	struct buf form = { 0 }, json = { 0 };
	struct why why = { "" };
	enum err rc;
	int code;

	if (c->which != NULL)
		form_add(&form, "state", span_str(c->which));
	if (c->person != NULL)
		form_add(&form, "person", span_str(c->person));
	rc = api_ask(c->state, false, path, buf_span(&form), &json, &why);
	code = tell(c, rc, &json, &why, print);
	buf_done(&form);
	buf_done(&json);
	return code;
}

static bool
on_waiting(void *ctx, const char *const *cell, int n)
{
	(void)n;
	*(bool *)ctx = cell[0][0] != '0';
	return false;
}

/* Some channel that it is for has said nothing yet. */
static bool
still_waits(struct span json)
{
	bool waits = true;

	api_rows(json, "SELECT count(*) FROM json_each(:json, '$.ways') WHERE value ->> 'state' ="
	    " 'waiting'", on_waiting, &waits);
	return waits;
}

static int
test_print(struct span json)
{
	unsigned failed = 0;

	api_rows(json, TRY_COLUMNS "json_each(:json, '$.tries')", on_try, &failed);
	if (still_waits(json))
		(void)printf(say("còn kênh chưa có kết quả sau %d giây; xem trucban notify\n",
		    "a channel has no result after %d seconds; look at trucban notify\n"),
		    TEST_WAIT_S);
	return failed > 0 || still_waits(json) ? EXIT_FOUND : EXIT_DONE;
}

static int
test(struct notices_command *c, const char *person)
{
	int64_t end_ns = clock_mono_ns() + TEST_WAIT_S * INT64_C(1000000000);
	struct buf form = { 0 }, json = { 0 }, number = { 0 };
	struct why why = { "" };
	char path[64];
	enum err rc;
	int code;

	form_add(&form, "person", span_str(person));
	if (c->channel != NULL)
		form_add(&form, "channel", span_str(c->channel));
	rc = api_ask(c->state, true, "/api/notices/test", buf_span(&form), &json, &why);
	if (rc == OK && !api_value(buf_span(&json), "$.number", &number))
		rc = why_set(&why, ERR_FORMAT, "the desk says no number of the test");
	(void)snprintf(path, sizeof path, "/api/notices/%.*s", (int)number.n,
	    (const char *)number.p);
	while (rc == OK && still_waits(buf_span(&json)) && clock_mono_ns() < end_ns) {
		(void)usleep(LOOK_US);
		rc = api_ask(c->state, false, path, SPAN(""), &json, &why);
	}
	code = tell(c, rc, &json, &why, test_print);
	buf_done(&form);
	buf_done(&json);
	buf_done(&number);
	return code;
}

static int
verb_run(struct notices_command *c, const char *verb, const char *person)
{
	if (strcmp(verb, "list") == 0 && person == NULL)
		return look(c, "/api/notices", list_print);
	if (strcmp(verb, "tries") == 0 && person == NULL)
		return look(c, "/api/notices/tries", tries_print);
	if (strcmp(verb, "channels") == 0 && person == NULL)
		return look(c, "/api/notices/channels", channels_print);
	if (strcmp(verb, "test") == 0 && person != NULL)
		return test(c, person);
	(void)fputs(say(usage_vi, usage_en), stderr);
	return EXIT_USAGE;
}

int
cmd_notify(int argc, char **argv)
{
	enum { OPT_WAITING = 256, OPT_FAILED, OPT_PERSON, OPT_CHANNEL, OPT_JSON, OPT_STATE,
	    OPT_HELP };
	static const struct option option[] = {
		{ "waiting", no_argument, NULL, OPT_WAITING },
		{ "failed", no_argument, NULL, OPT_FAILED },
		{ "person", required_argument, NULL, OPT_PERSON },
		{ "channel", required_argument, NULL, OPT_CHANNEL },
		{ "json", no_argument, NULL, OPT_JSON },
		{ "state", required_argument, NULL, OPT_STATE },
		{ "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 },
	};
	struct notices_command c = { .state = state_default() };
	int code;

	while ((code = options_next(argc, argv, "h", option)) != -1) {
		if (code == OPT_HELP || code == 'h') {
			(void)fputs(say(usage_vi, usage_en), stdout);
			return EXIT_DONE;
		}
		if (code == OPT_WAITING || code == OPT_FAILED)
			c.which = code == OPT_WAITING ? "waiting" : "failed";
		else if (code == OPT_PERSON)
			c.person = optarg;
		else if (code == OPT_CHANNEL)
			c.channel = optarg;
		else if (code == OPT_STATE)
			c.state = optarg;
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
