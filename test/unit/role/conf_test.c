/* SPDX-License-Identifier: Apache-2.0 */
/* role/conf.c and role/keys.c: what each key means, and what is said about each wrong one. */
#include "role/conf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/file.h"
#include "check.h"

static struct conf conf;
static struct why why;

static enum err
parsed(const char *text)
{
	why.text[0] = '\0';
	memset(&conf, 0x55, sizeof conf);
	return conf_parse(&conf, span_str(text), &why);
}

static void
check_text(const char *got, const char *want)
{
	check_span(span_str(got), span_str(want));
}

static void
what_is_not_said_has_its_default(void)
{
	check_int(parsed("state: /x\n"), OK);
	check_text(conf.state, "/x");
	check_text(conf.user, "");
	check_int(conf.zone_minutes, 420);
	check_int(conf.encrypt, true);
	check_int(conf.checkpoint_s, 60);
	check_int(conf.segment_age_s, 600);
	check_int(conf.segment_bytes, 48 << 20);
	check_int(conf.reserve_bytes, 1 << 30);
	check_int(conf.lead_s, 86400);
	check_text(conf.front_address, "127.0.0.1:8514");
	check_text(conf.front_socket, "");
	check_int(conf.query_bytes, 128 << 20);
	check_int(conf.collect_journal, false);
	check_int(conf.ncollect + conf.nlistener + conf.nanchor, 0);
	check_int(conf.nclass, 1);
	check_text(conf.class[0].name, "standard");
	check_int(conf.class[0].days, 365);
	check_int(conf.class[0].full, CONF_FULL_REFUSE);
}

static void
every_key_of_the_top_and_its_maps_is_taken(void)
{
	check_int(parsed("state: /a b/c\nuser: \"trucban\"\nzone: \"-03:30\"\nevent_lead: 2h\n"
	    "store: {encrypt: no, segment_age: 5m, segment_memory: 1MB, reserve: 2GB,\n"
	    "  cold: /c, cold_after: 7}\n"
	    "seal: {checkpoint: 90s}\n"
	    "front: {address: \"[::1]:80\", socket: /s, query_memory: 1TB}\n"
	    "collect: {journal: true, files: [\"/v/*.log\",\n"
	    "  {path: /w, join: \"start:# 0\"}]}\n"), OK);
	check_text(why.text, "");
	check_text(conf.state, "/a b/c");
	check_text(conf.user, "trucban");
	check_int(conf.zone_minutes, -210);
	check_int(conf.lead_s, 7200);
	check_int(conf.encrypt, false);
	check_int(conf.segment_age_s, 300);
	check_int(conf.segment_bytes, 1 << 20);
	check_int(conf.reserve_bytes, INT64_C(2) << 30);
	check_text(conf.cold, "/c");
	check_int(conf.cold_days, 7);
	check_int(conf.checkpoint_s, 90);
	check_text(conf.front_address, "[::1]:80");
	check_text(conf.front_socket, "/s");
	check_int(conf.query_bytes, INT64_C(1) << 40);
	check_int(conf.collect_journal, true);
	check_int(conf.ncollect, 2);
	check_text(conf.collect[0].path, "/v/*.log");
	check_text(conf.collect[0].join, "");
	check_text(conf.collect[1].path, "/w");
	check_text(conf.collect[1].join, "start:# 0");
}

static void
every_key_of_a_listener_is_taken(void)
{
	const struct conf_listener *l = conf.listener;

	check_int(parsed("state: /x\nclasses: [{name: a}, {name: b, days: 0, full: shorten}]\n"
	    "listen:\n"
	    "  - {name: u, kind: udp, address: \":514\"}\n"
	    "  - {name: t, kind: tcp, address: \"1.2.3.4:5\", class: b, unit: 7, cert: /c, key: "
	    "/k,\n"
	    "     ca: /a, clients: required, join: trace}\n"
	    "  - {name: r, kind: relp, address: \"unix:/r\"}\n"
	    "  - {name: h, kind: http, address: \":80\", token_file: /t}\n"), OK);
	check_text(why.text, "");
	check_int(conf.nlistener, 4);
	check_int(l[0].kind, CONF_UDP);
	check_int(l[0].line, 4);
	check_int(l[1].kind, CONF_TCP);
	check_text(l[1].class, "b");
	check_int(l[1].unit, 7);
	check_text(l[1].cert, "/c");
	check_text(l[1].key, "/k");
	check_text(l[1].ca, "/a");
	check_int(l[1].clients, CONF_CLIENTS_REQUIRED);
	check_text(l[1].join, "trace");
	check_int(l[2].kind, CONF_RELP);
	check_int(l[3].kind, CONF_HTTP);
	check_text(l[3].token_file, "/t");
	check_int(conf.nclass, 2);
	check_int(conf.class[1].days, 0);
	check_int(conf.class[1].full, CONF_FULL_SHORTEN);
	check_int(conf_class_index(&conf, ""), 0);
	check_int(conf_class_index(&conf, "b"), 1);
	check_int(conf_class_index(&conf, "c"), -1);
}

static void
every_key_of_an_anchor_is_taken(void)
{
	check_int(parsed("state: /x\nseal:\n  anchor:\n"
	    "    - {kind: file, target: /a/b}\n"
	    "    - {kind: syslog, target: \"192.0.2.1:514\", every: 1h}\n"
	    "    - {kind: mail, target: \"smtp://h:25/p@h\", from: d@h}\n"
	    "    - {kind: witness, target: \"https://w\", vkey: w+1+k}\n"), OK);
	check_text(why.text, "");
	check_int(conf.nanchor, 4);
	check_int(conf.anchor[0].kind, CONF_ANCHOR_FILE);
	check_text(conf.anchor[0].target, "/a/b");
	check_int(conf.anchor[1].kind, CONF_ANCHOR_SYSLOG);
	check_int(conf.anchor[1].every_s, 3600);
	check_int(conf.anchor[2].kind, CONF_ANCHOR_MAIL);
	check_text(conf.anchor[2].from, "d@h");
	check_int(conf.anchor[3].kind, CONF_ANCHOR_WITNESS);
	check_text(conf.anchor[3].vkey, "w+1+k");
}

static void
a_key_with_nothing_behind_it_says_nothing(void)
{
	check_int(parsed("state: /x\nlisten:\nclasses:\nseal:\n  # anchor:\ncollect:\n  files:\n"),
	    OK);
	check_int(conf.nclass, 1);
	check_int(conf.ncollect, 0);
	check_int(parsed(""), ERR_FORMAT);	/* no state */
	check_int(parsed("---\n...\n---\nstate: /x\n"), OK);
}

struct bad {
	const char *text;
	const char *said;	/* a part of the sentence */
};

#define LISTEN		"state: /x\nlisten:\n  - {name: a, kind: tcp, address: \":1\""
#define ANCHOR		"state: /x\nseal:\n  anchor:\n    - {kind: "

static const struct bad bad_values[] = {
	{ "state: /x\nfront:\n  url: desk.example\n", "front: url: write https://" },
	{ "state: /x\nfront:\n  url: \"https://desk.example/truc-ban\"\n", "nothing behind it" },
	{ "state: [a]\n", "line 1: state: one value is expected here" },
	{ "state: {a: b}\n", "line 1: state: one value is expected here" },
	{ "state: \"\"\n", "state: say in which directory" },
	{ "state: \"a\\nb\"\n", "line 1: state: control characters" },
	{ "state: \"a\\0b\"\n", "line 1: state: control characters" },
	{ "state: /x\nzone: 7\n", "line 2: zone: write it as \"+07:00\"" },
	{ "state: /x\nzone: \"+7:00\"\n", "line 2: zone: write it as" },
	{ "state: /x\nzone: \"+07:60\"\n", "line 2: zone: write it as" },
	{ "state: /x\nzone: \"+15:00\"\n", "line 2: zone: no zone" },
	{ "state: /x\nzone: \" 07:00\"\n", "line 2: zone: write it as" },
	{ "state: /x\nevent_lead: 0\n", "line 2: event_lead: '0' is not a time such as" },
	{ "state: /x\nevent_lead: 5w\n", "between 1 and 2147483647" },
	{ "state: /x\nevent_lead: -5\n", "'-5' is not a time" },
	{ "state: /x\nevent_lead: 5 m\n", "'5 m' is not a time" },
	{ "state: /x\nevent_lead:\n", "'' is not a time" },
	{ "state: /x\nevent_lead: 99999999999999999999\n", "is not a time" },
	{ "state: /x\nevent_lead: 9223372036854775807d\n", "is not a time" },
	{ "state: /x\nstore: {encrypt: maybe}\n", "line 2: encrypt: say yes or no" },
	{ "state: /x\nstore: {segment_age: 2d}\n", "between 1 and 86400" },
	{ "state: /x\nstore: {segment_memory: 1KB}\n", "between 1048576 and 536870912" },
	{ "state: /x\nstore: {reserve: 1gb}\n", "'1gb' is not a size such as 48MB" },
	{ "state: /x\nstore: {cold: x}\n", "'x' does not begin with /" },
	{ "state: /x\nstore: {cold: /x/cold}\n", "'/x/cold' is inside of the store" },
	{ "state: /x\nstore: {cold: [/1, /2]}\n", "line 2: cold: one value is expected" },
	{ "state: /x\nstore: {cold: /c, cold_after: 0}\n", "line 2: cold_after:" },
	{ "state: /x\nstore: 5\n", "line 2: store: keys with values are expected here" },
	{ "state: /x\nseal: {checkpoint: 2h}\n", "between 1 and 3600" },
	{ "state: /x\nagents: {days: 0}\n", "line 2: days: '0' is not a number between 1 and" },
	{ "state: /x\nagents: {names: a}\n", "line 2: names: a list is expected here" },
	{ "state: /x\nfront: {query_memory: 5}\n", "between 1048576 and" },
	{ "state: /x\nfront: {address: here}\n", "front: address: " },
	{ "state: /x\ncollect: {files: [var/log]}\n", "'var/log' does not begin with /" },
	{ "state: /x\ncollect:\n  files:\n  - {path: /v, join: \"start:\"}\n",
	    "line 4: collect: files: join: 'start:' is not one of none, indent" },
	{ "state: /x\ncollect: {files: [{join: trace}]}\n", "files: 'path' is missing" },
	{ "state: /x\ncollect: {files: [[/v]]}\n", "files: keys with values are expected" },
	{ "state: /x\nclasses: []\n", "classes: at least one is needed" },
	{ "state: /x\nclasses: [{days: 1}]\n", "line 2: classes: 'name' is missing" },
	{ "state: /x\nclasses: [{name: \"a b\"}]\n", "line 2: classes: 'a b' is no name" },
	{ "state: /x\nclasses: [{name: a}, {name: a}]\n", "another entry is named a" },
	{ "state: /x\nclasses: [{name: a, days: 36501}]\n", "a number between 0 and 36500" },
	{ "state: /x\nclasses: [{name: a, full: drop}]\n",
	    "line 2: full: 'drop' is not one of refuse,hold,shorten" },
};

#define SAMPLE	"state: /x\nlisten: [{name: u, kind: udp, address: \":1\"}, {name: r, " \
	"kind: relp, address: \":2\"}]\nsample:\n  - {name: s, "

static const struct bad bad_listeners[] = {
	{ "state: /x\nlisten: {name: a}\n", "line 2: listen: a list is expected here" },
	{ "state: /x\nlisten: [a]\n", "line 2: listen: keys with values are expected" },
	{ "state: /x\nlisten:\n  - {kind: tcp, address: \":1\"}\n", "line 3: listen: 'name' is "
	    "missing" },
	{ "state: /x\nlisten:\n  - {name: a, address: \":1\"}\n",
	    "line 3: listen: 'kind' is missing; it is one of udp,tcp,relp,http" },
	{ "state: /x\nlisten:\n  - {name: a, kind: tcp}\n", "line 3: listen: 'address' is "
	    "missing" },
	{ "state: /x\nlisten:\n  - {name: a, kind: tpc}\n",
	    "line 3: kind: 'tpc' is not one of udp,tcp,relp,http" },
	{ "state: /x\nlisten:\n  - {name: a, kind: tcp, address: host:1}\n", "line 3: listen: a: "
	    "" },
	{ LISTEN "}\n  - {name: a, kind: udp, address: \":2\"}\n",
	    "line 4: listen: another entry is named a" },
	{ LISTEN ", class: z}\n", "line 3: listen: a: there is no class z; name it under classes" },
	{ LISTEN ", unit: -1}\n", "line 3: unit: '-1' is not a number" },
	{ LISTEN ", cert: /c}\n", "line 3: listen: a: cert and key go together" },
	{ LISTEN ", key: /k}\n", "cert and key go together" },
	{ LISTEN ", ca: /a}\n", "ca and clients need TLS" },
	{ LISTEN ", clients: optional}\n", "ca and clients need TLS" },
	{ LISTEN ", cert: /c, key: /k, clients: required}\n", "clients need a ca" },
	{ LISTEN ", cert: /c, key: /k, ca: /a}\n", "say clients: optional or required" },
	{ LISTEN ", token_file: /t}\n", "token_file is for http only" },
	{ "state: /x\nlisten: [{name: a, kind: udp, address: \":1\", cert: own}]\n",
	    "there is no TLS over udp" },
	{ "state: /x\nlisten: [{name: a, kind: tcp, address: \":1\", cert: own, key: /k}]\n",
	    "with cert: own there is no key" },
	{ "state: /x\nlisten: [{name: a, kind: tcp, address: \":1\", cert: /c, key: /k, ca: own, "
	    "clients: required}]\n", "ca: own goes with cert: own" },
	{ "state: /x\nlisten: [{name: a, kind: tcp, address: \":1\", cert: own, ca: /c, "
	    "clients: required}]\n", "ca is own too, or not said" },
	{ "state: /x\nlisten: [{name: a, kind: tcp, address: \":1\", cert: own, ca: own}]\n",
	    "with a ca, say clients" },
	{ "state: /x\nclasses:\n  - {name: a, preset: level-9}\n", "line 3: classes: a: there is "
	    "no preset level-9; trucban retention presets" },
	{ "state: /x\nclasses:\n  - {name: a, preset: level-3, days: 30}\n", "line 3: classes: "
	    "a: preset level-3 asks for 92 days, not 30" },
	{ SAMPLE "listener: u, peer: 10.0.0.5, keep: 10, who: a, until: 2026-12-31}\n",
	    "line 4: sample: 'why' is missing" },
	{ SAMPLE "listener: u, peer: 10.0.0.5, keep: 10, who: a, why: b}\n",
	    "line 4: sample: 'until' is missing" },
	{ SAMPLE "listener: u, peer: 10.0.0.5, keep: 10, who: a, why: \"\", until: 2026-12-31}\n",
	    "line 4: sample: s: say who ordered it and why" },
	{ SAMPLE "listener: r, peer: 10.0.0.5, keep: 10, who: a, why: b, until: 2026-12-31}\n",
	    "line 4: sample: s: only at listeners of kind udp and tcp" },
	{ SAMPLE "listener: x, peer: 10.0.0.5, keep: 10, who: a, why: b, until: 2026-12-31}\n",
	    "line 4: sample: s: there is no such listener" },
	{ SAMPLE "listener: u, peer: fw, keep: 10, who: a, why: b, until: 2026-12-31}\n",
	    "line 4: sample: s: peer is the address" },
	{ SAMPLE "listener: u, peer: \"::1\", keep: 1, who: a, why: b, until: 2026-12-31}\n",
	    "line 4: sample: s: keep: 1 keeps all" },
	{ SAMPLE "listener: u, peer: 10.0.0.5, keep: 0, who: a, why: b, until: soon}\n",
	    "line 4: sample: s: until is the last day" },
	{ "state: /x\npresets:\n  - {name: a, days: 0, law: l}\n", "line 3: days: '0' is not" },
	{ "state: /x\npresets:\n  - {name: a, days: 1, law: l}\n", "'article' is missing" },
	{ "state: /x\npresets:\n  - {name: a, days: 9, law: l, article: b, source: s, "
	    "status: confirmed, effective: 2026-01-01}\n", "line 3: presets: a: confirmed needs" },
	{ "state: /x\nlisten: [{name: a, kind: udp, address: \":1\", cert: /c, key: /k}]\n",
	    "there is no TLS over udp" },
	{ LISTEN ", join: traces}\n", "line 3: listen: a: join: 'traces' is not one of none, " },
	{ "state: /x\nlisten: [{name: a, kind: udp, address: \":1\", join: trace}]\n",
	    "line 2: listen: a: join is for tcp only" },
	{ ANCHOR "mail}\n", "line 4: anchor: 'target' is missing" },
	{ ANCHOR "fax, target: x}\n", "'fax' is not one of file,syslog,mail,witness" },
	{ ANCHOR "file, target: x}\n", "line 4: seal: anchor: target is the whole path" },
	{ ANCHOR "syslog, target: x}\n", "line 4: seal: anchor: target: " },
	{ ANCHOR "mail, target: \"smtp://h/p\", from: a@b}\n", "smtp://SERVER:PORT/PERSON@HOST" },
	{ ANCHOR "mail, target: \"http://h/p@q\", from: a@b}\n", "smtp://SERVER:PORT/PERSON@HOST" },
	{ ANCHOR "mail, target: \"smtp://h/p@q\"}\n", "a mail needs a sender" },
	{ ANCHOR "witness, target: w, vkey: k}\n", "https:// address" },
	{ ANCHOR "witness, target: \"https://w\"}\n", "needs its verifier key" },
	{ ANCHOR "file, target: /x, every: 31d}\n", "between 1 and 2592000" },
};

static const struct bad bad_texts[] = {
	{ "- a\n", "line 1: the configuration: keys with values are expected here" },
	{ "just words\n", "line 1: the configuration: keys with values are expected here" },
	{ "state: /x\n  user: y\n", "line 2: " },
	{ "state: \"/x\n", "line " },
	{ "state: /x\n\tuser: y\n", "line 2: " },
	{ "stat: /x\n", "line 1: the configuration has no key 'stat'; it has state, user, "
	    "register, zone" },
	{ "\"\": /x\n", "line 1: the configuration has no key ''" },
	{ "\"state\\0x\": /x\n", "line 1: the configuration has no key 'state'" },
	{ "[a]: b\n", "line 1: the configuration has no key '?'" },
	{ "state: /x\nstore: {\"encrypt \": no}\n", "line 2: store has no key 'encrypt '; it has "
	    "encrypt" },
	{ "state: /x\nuser: a\nstate: /y\n", "line 3: state: is said twice" },
	{ "state: /x\nfront: {address: \":1\", address: \":2\"}\n", "line 2: address: is said "
	    "twice" },
	{ "state: &a /x\nuser: *a\n", "line 2: YAML aliases (*name) are not used here" },
	{ "state: /x\nstore: {<<: *a}\n", "YAML aliases" },
	{ "state: /x\n---\nuser: [\n", "line " },
	{ "state: \xff\n", "line " },
};

#define FORWARD	"state: /x\ncollect: {journal: yes}\nforward:\n  to: \"https://desk:6515\"\n" \
	"  cert: /c\n  key: /k\n"

static const struct bad bad_forwards[] = {
	{ FORWARD, "line 4: forward: 'ca' is missing" },
	{ FORWARD "  ca: \"\"\n", "forward: cert, key and ca are PEM files" },
	{ FORWARD "  ca: /c\nlisten: [{name: a, kind: http, address: \":1\", cert: own}]\n",
	    "forward: a relay has no authority of its own" },
	{ FORWARD "  ca: /a\n  spool: 1MB\n", "line 8: spool: '1MB' is not a size" },
	{ FORWARD "  ca: /a\n  proxy: socks:x\n", "forward: proxy is http://" },
	{ FORWARD "  ca: /a\n  rate: [{from: \"7:00\", to: \"08:00\", limit: 1Mbit}]\n",
	    "line 8: from: write it as \"07:30\"" },
	{ FORWARD "  ca: /a\n  rate: [{from: \"07:00\", to: \"24:30\", limit: 1Mbit}]\n",
	    "line 8: to: a day has 24 hours" },
	{ FORWARD "  ca: /a\n  rate: [{from: \"07:00\", to: \"07:00\", limit: 1Mbit}]\n",
	    "line 8: forward: rate: from and to are the same time" },
	{ FORWARD "  ca: /a\n  rate: [{from: \"07:00\", to: \"08:00\", limit: 512}]\n",
	    "line 8: limit: '512' is not a rate such as 512kbit" },
	{ "state: /x\nforward: {to: \"https://d\", cert: /c, key: /k, ca: /a}\n",
	    "forward: there is nothing to send" },
	{ "state: /x\ncollect: {journal: yes}\nforward: {to: \"http://d\", cert: /c, key: /k, "
	    "ca: /a}\n", "forward: to is the desk's address" },
	{ "state: /x\ncollect: {journal: yes}\nforward: {to: \"https://d/x\", cert: /c, "
	    "key: /k, ca: /a}\n", "forward: to is the desk's address" },
};

static void
check_bad(const struct bad *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		check_int(parsed(bad[i].text), ERR_FORMAT);
		if (!check(strstr(why.text, bad[i].said) != NULL))
			printf("%s\nsaid: %s\n", bad[i].text, why.text);
	}
}

static void
a_wrong_value_is_named_with_its_line_and_what_to_write(void)
{
	check_bad(bad_values, sizeof bad_values / sizeof bad_values[0]);
}

static void
a_wrong_listener_or_anchor_is_named_with_its_line(void)
{
	check_bad(bad_listeners, sizeof bad_listeners / sizeof bad_listeners[0]);
}

static void
a_wrong_way_to_the_desk_is_named(void)
{
	check_bad(bad_forwards, sizeof bad_forwards / sizeof bad_forwards[0]);
}

static void
every_key_of_a_relay_is_taken(void)
{
	check_int(parsed(FORWARD "  ca: /a\n  proxy: \"http://p:8080\"\n  spool: 2GB\n  rate:\n"
	    "    - {from: \"07:00\", to: \"18:00\", limit: 512kbit}\n"
	    "    - {from: \"18:00\", to: \"24:00\", limit: 2Mbit}\n"), OK);
	check(conf_forwards(&conf));
	check(strcmp(conf.forward_to, "https://desk:6515") == 0);
	check(strcmp(conf.forward_ca, "/a") == 0);
	check_int(conf.forward_spool_bytes, INT64_C(2) << 30);
	check_int(conf.nrate, 2);
	check_int(conf.rate[0].from_min, 7 * 60);
	check_int(conf.rate[0].bytes_s, 64000);
	check_int(conf.rate[1].to_min, 24 * 60);
	check_int(conf.rate[1].bytes_s, 250000);
}

static void
a_wrong_text_is_named_with_its_line(void)
{
	check_bad(bad_texts, sizeof bad_texts / sizeof bad_texts[0]);
}

static void
a_refused_text_changes_nothing(void)
{
	check_int(parsed("state: /x\nuser: [\n"), ERR_FORMAT);
	check_int(((unsigned char *)&conf)[0], 0x55);
}

static void
what_is_too_long_is_refused(void)
{
	struct buf text = { 0 };

	buf_str(&text, "state: /");
	for (int i = 0; i < CONF_PATH; i++)
		buf_u8(&text, 'a');
	buf_u8(&text, 0);
	check_int(parsed((char *)text.p), ERR_FORMAT);
	check(strstr(why.text, "line 1: state: longer than 255 octets") != NULL);
	text.n = 0;
	buf_str(&text, "state: /x\n");
	while (text.n <= CONF_BYTES_MAX)
		buf_str(&text, "# nothing\n");
	check_int(conf_parse(&conf, buf_span(&text), &why), ERR_LIMIT);
	text.n = 0;
	for (int i = 0; i < 2000; i++)
		buf_str(&text, "[");
	check_int(conf_parse(&conf, buf_span(&text), &why), ERR_FORMAT);
	buf_done(&text);
}

#define OWN	"presets: [{name: level-3, days: 200, law: l, article: a, source: s, " \
	"status: confirmed, checked: 2026-11-02, effective: 2026-01-01}]\n"

static void
a_preset_says_the_days_and_is_the_least_that_may_be_said(void)
{
	check_int(parsed("state: /x\nclasses: [{name: a, preset: level-3}, "
	    "{name: b, preset: level-5, days: 900}, {name: c, preset: level-2, days: 0}, "
	    "{name: d}]\n"), OK);
	check_int(conf.class[0].days, 92);
	check_int(conf.class[1].days, 900);
	check_int(conf.class[2].days, 0);	/* said: for ever */
	check_int(conf.class[3].days, 0);
	check_int(parsed("state: /x\nclasses: [{name: a, preset: level-3}]\n" OWN), OK);
	check_int(conf.class[0].days, 200);	/* the office's own takes its place */
}

static void
a_sample_rule_ends_with_its_last_day_in_the_office(void)
{
	check_int(parsed(SAMPLE "listener: u, peer: 10.0.0.5, keep: 10, below: warning, who: a, "
	    "why: b, until: 1970-01-02}\n"), OK);
	check_int(conf.nsample, 1);
	check_int(conf.sample[0].below, 4);
	/* 1970-01-03 00:00 in +07:00 */
	check_int(conf.sample[0].until_ns / 1000000000, 2 * 86400 - 7 * 3600);
}

static void
the_place_of_the_store_can_be_said_from_outside(void)
{
	struct buf text = { 0 };

	buf_str(&text, "state: /x\nuser: u");
	conf_override(&text, "/it's \"here\"\\");
	check_int(conf_parse(&conf, buf_span(&text), &why), OK);
	check_text(conf.state, "/it's \"here\"\\");
	check_text(conf.user, "u");
	text.n = 0;
	buf_str(&text, "user: u\n...\n");
	conf_override(&text, "/y");
	check_int(conf_parse(&conf, buf_span(&text), &why), OK);
	check_text(conf.state, "/y");
	buf_done(&text);
}

static void
the_file_that_we_ship_is_taken(void)
{
	struct buf text = { 0 };

	if (getenv("TRUCBAN_CONTENT") == NULL)
		skip("TRUCBAN_CONTENT is not set");
	check_int(file_read_whole(AT_FDCWD, getenv("TRUCBAN_CONTENT"), CONF_BYTES_MAX, &text,
	    &why), OK);
	check_int(parsed((buf_u8(&text, 0), (char *)text.p)), OK);
	check_text(why.text, "");
	check_int(conf.nlistener, 4);
	check_int(conf.ncollect, 3);
	buf_done(&text);
}

int
main(void)
{
	run(what_is_not_said_has_its_default);
	run(every_key_of_the_top_and_its_maps_is_taken);
	run(every_key_of_a_listener_is_taken);
	run(every_key_of_an_anchor_is_taken);
	run(a_key_with_nothing_behind_it_says_nothing);
	run(a_wrong_value_is_named_with_its_line_and_what_to_write);
	run(a_wrong_listener_or_anchor_is_named_with_its_line);
	run(a_wrong_way_to_the_desk_is_named);
	run(every_key_of_a_relay_is_taken);
	run(a_wrong_text_is_named_with_its_line);
	run(a_refused_text_changes_nothing);
	run(what_is_too_long_is_refused);
	run(a_preset_says_the_days_and_is_the_least_that_may_be_said);
	run(a_sample_rule_ends_with_its_last_day_in_the_office);
	run(the_place_of_the_store_can_be_said_from_outside);
	run(the_file_that_we_ship_is_taken);
	return check_done();
}
