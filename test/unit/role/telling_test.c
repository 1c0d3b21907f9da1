/* SPDX-License-Identifier: Apache-2.0 */
/* role/telling.c: the channels of the configuration. */
#include "check.h"
#include "role/conf.h"

static struct conf conf;
static struct why why;

static enum err
parsed(const char *text)
{
	struct buf whole = { 0 };
	enum err rc;

	buf_str(&whole, "state: /x\n");
	buf_str(&whole, text);
	rc = conf_parse(&conf, buf_span(&whole), &why);
	buf_done(&whole);
	return rc;
}

#define SMTP "{name: thu, kind: smtp, target: \"smtp://mail.example.vn:587\", from: desk@example.vn"

static void
every_key_of_a_channel_is_taken(void)
{
	const struct telling *t = &conf.telling;
	struct buf json = { 0 };

	check_int(parsed("notify:\n"
	    "  - " SMTP ", user: u, secret_file: /etc/p}\n"
	    "  - {name: hook, kind: webhook, target: \"https://x.vn/h\", secret_file: /etc/s}\n"
	    "  - {name: sms, kind: sms, target: /dev/ttyUSB0, ring: 40s}\n"
	    "  - {name: still, kind: sms, target: /dev/ttyUSB1, rings: none}\n"
	    "  - {name: cong, kind: command, target: /usr/sbin/x, uses: mail,"
	    " args: [-a, \"b c\"]}\n"
	    "heartbeat: {url: \"https://y.vn/z\", every: 60s, mail: w@example.vn,"
	    " mail_every: 6h}\n"), OK);
	check_int(t->nchannel, 5);
	check_int(t->channel[2].ring_s, 40);
	check_int(t->channel[4].narg, 2);
	check_span(span_str(t->channel[4].arg[1]), SPAN("b c"));
	check_int(t->beat_s, 60);
	check_int(t->beat_mail_s, 6 * 3600);
	telling_json(&json, t);
	check_span(buf_span(&json), SPAN("{\"channels\":["
	    "{\"name\":\"thu\",\"kind\":\"smtp\",\"uses\":\"mail\",\"critical\":0},"
	    "{\"name\":\"hook\",\"kind\":\"webhook\",\"uses\":\"none\",\"critical\":0},"
	    "{\"name\":\"sms\",\"kind\":\"sms\",\"uses\":\"phone\",\"critical\":0},"
	    "{\"name\":\"sms-ring\",\"kind\":\"ring\",\"uses\":\"phone\",\"critical\":1},"
	    "{\"name\":\"still\",\"kind\":\"sms\",\"uses\":\"phone\",\"critical\":0},"
	    "{\"name\":\"cong\",\"kind\":\"command\",\"uses\":\"mail\",\"critical\":0}]}"));
	buf_done(&json);
}

static void
without_them_nobody_is_told(void)
{
	check_int(parsed(""), OK);
	check(!telling_any(&conf.telling));
	check_int(conf.telling.beat_s, TELLING_BEAT_S);
	check_int(parsed("heartbeat: {url: \"http://127.0.0.1/\"}\n"), OK);
	check(telling_any(&conf.telling));
}

static void
what_is_wrong_is_named_with_what_to_write(void)
{
	static const struct {
		const char *text, *says;
	} row[] = {
		{ "notify: [" SMTP "}, " SMTP "}]\n", "line 2: notify: thu: another" },
		{ "notify: [{name: Thu, kind: sms, target: /dev/x}]\n", "letters a-z" },
		{ "notify: [{name: a-ring, kind: sms, target: /dev/x}]\n", "in -ring" },
		{ "notify: [{name: a, kind: sms, target: ttyUSB0}]\n", "/dev/ttyUSB0" },
		{ "notify: [{name: a, kind: sms, target: /dev/x, ring: 90s}]\n", "ring" },
		{ "notify: [{name: a, kind: command, target: \"send sms\"}]\n", "no shell" },
		{ "notify: [{name: a, kind: webhook, target: \"https://x\"}]\n", "secret_file" },
		{ "notify: [{name: a, kind: webhook, target: \"ftp://x\"}]\n", "https://" },
		{ "notify: [{name: a, kind: smtp, target: \"smtp://x/an@b\", from: a@b}]\n",
		    "contacts" },
		{ "notify: [{name: a, kind: smtp, target: \"smtp://x\", from: a}]\n", "sender" },
		{ "notify: [" SMTP ", user: u}]\n", "belong together" },
		{ "notify: [" SMTP ", user: u, secret_file: p}]\n", "from / on" },
		{ "notify: [" SMTP ", user: u, secret_file: /p, tls: none}]\n", "without TLS" },
		{ "heartbeat: {mail: a@b}\n", "kind smtp" },
		{ "heartbeat: {url: x}\n", "heartbeat: url" },
		{ "heartbeat: {url: \"https://x\", every: 1s}\n", "every" },
		{ "forward: {to: \"https://d:1\", cert: /c, key: /k, ca: /a}\n"
		    "collect: {files: [/f]}\nheartbeat: {url: \"https://x\"}\n", "relay" },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		check_int(parsed(row[i].text), ERR_FORMAT);
		if (!check(strstr(why.text, row[i].says) != NULL))
			printf("%s\n", why.text);
	}
}

static void
lines_are_no_difference_but_each_key_is(void)
{
	static const char moved[] = "notify: [{name: thu, kind: smtp, target:"
	    " \"smtp://mail.example.vn:587\", from: d@e}]\n";
	static const char *const other[] = { "notify: [" SMTP ", tls: none}]\n",
	    "notify: []\n", "heartbeat: {every: 20s}\nnotify: [" SMTP "}]\n", moved };
	static struct conf before;

	check_int(parsed("notify: [" SMTP "}]\n"), OK);
	before = conf;
	check_int(parsed("\n\nnotify: [" SMTP "}]\n"), OK);
	check(!telling_differs(&before.telling, &conf.telling));
	for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
		check_int(parsed(other[i]), OK);
		check(telling_differs(&before.telling, &conf.telling));
	}
}

int
main(void)
{
	run(every_key_of_a_channel_is_taken);
	run(without_them_nobody_is_told);
	run(what_is_wrong_is_named_with_what_to_write);
	run(lines_are_no_difference_but_each_key_is);
	return check_done();
}
