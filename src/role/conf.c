/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's tables, its defaults, and what no single key can tell: see conf.h. */
#include "role/conf.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/sock.h"
#include "model/join.h"
#include "web/guard.h"
#include "role/keys.h"

#define TEXT(s, f)	.type = KEY_TEXT, .at = offsetof(struct s, f), \
	.max = (int64_t)sizeof(((struct s *)0)->f)
#define LIST(f, n)	.type = KEY_LIST, .at = offsetof(struct conf, f), \
	.max = (int64_t)(sizeof(((struct conf *)0)->f) / sizeof(((struct conf *)0)->f[0])), \
	.size = sizeof(((struct conf *)0)->f[0]), .count_at = offsetof(struct conf, n)
#define VALUE(t, s, f)	.type = KEY_##t, .at = offsetof(struct s, f)

static const struct key listener_key[] = {
	{ VALUE(LINE, conf_listener, line) },
	{ .name = "name", TEXT(conf_listener, name), .required = true },
	{ .name = "kind", VALUE(CHOICE, conf_listener, kind), .choice = "udp,tcp,relp,http",
	    .required = true },
	{ .name = "address", TEXT(conf_listener, address), .required = true },
	{ .name = "class", TEXT(conf_listener, class) },
	{ .name = "unit", VALUE(NUMBER, conf_listener, unit), .max = INT64_MAX },
	{ .name = "cert", TEXT(conf_listener, cert) },
	{ .name = "key", TEXT(conf_listener, key) },
	{ .name = "ca", TEXT(conf_listener, ca) },
	{ .name = "clients", VALUE(CHOICE, conf_listener, clients),
	    .choice = "none,optional,required" },
	{ .name = "token_file", TEXT(conf_listener, token_file) },
	{ .name = "join", TEXT(conf_listener, join) },
	{ .name = NULL },
};

static const struct key collected_key[] = {
	{ VALUE(LINE, conf_collect, line) },
	{ .name = "path", TEXT(conf_collect, path), .required = true },
	{ .name = "join", TEXT(conf_collect, join) },
	{ .name = NULL },
};

static const struct key class_key[] = {
	{ VALUE(LINE, conf_class, line) },
	{ .name = "name", TEXT(conf_class, name), .required = true },
	{ .name = "days", VALUE(NUMBER, conf_class, days), .max = 36500,
	    .said_at = offsetof(struct conf_class, days_said) },
	{ .name = "preset", TEXT(conf_class, preset) },
	{ .name = "full", VALUE(CHOICE, conf_class, full), .choice = "refuse,hold,shorten" },
	{ .name = NULL },
};

static const struct key sample_key[] = {
	{ VALUE(LINE, conf_sample, line) },
	{ .name = "name", TEXT(conf_sample, name), .required = true },
	{ .name = "listener", TEXT(conf_sample, listener), .required = true },
	{ .name = "peer", TEXT(conf_sample, peer), .required = true },
	{ .name = "keep", VALUE(NUMBER, conf_sample, keep), .max = 1000000, .required = true },
	{ .name = "below", VALUE(CHOICE, conf_sample, below),
	    .choice = "any,alert,crit,err,warning,notice,info" },
	{ .name = "who", TEXT(conf_sample, who), .required = true },
	{ .name = "why", TEXT(conf_sample, why), .required = true },
	{ .name = "until", TEXT(conf_sample, until), .required = true },
	{ .name = NULL },
};

static const struct key anchor_key[] = {
	{ VALUE(LINE, conf_anchor, line) },
	{ .name = "kind", VALUE(CHOICE, conf_anchor, kind), .choice = "file,syslog,mail,witness",
	    .required = true },
	{ .name = "target", TEXT(conf_anchor, target), .required = true },
	{ .name = "from", TEXT(conf_anchor, from) },
	{ .name = "vkey", TEXT(conf_anchor, vkey) },
	{ .name = "every", VALUE(SECONDS, conf_anchor, every_s), .min = 1, .max = 30 * 86400 },
	{ .name = NULL },
};

static const struct key store_key[] = {
	{ .name = "encrypt", VALUE(BOOL, conf, encrypt) },
	{ .name = "segment_age", VALUE(SECONDS, conf, segment_age_s), .min = 1, .max = 86400 },
	{ .name = "segment_memory", VALUE(BYTES, conf, segment_bytes), .min = 1 << 20,
	    .max = 1 << 29 },
	{ .name = "reserve", VALUE(BYTES, conf, reserve_bytes), .max = INT64_MAX },
	{ .name = "cold", TEXT(conf, cold) },
	{ .name = "cold_after", VALUE(NUMBER, conf, cold_days), .min = 1, .max = 36500 },
	{ .name = NULL },
};

static const struct key seal_key[] = {
	{ .name = "checkpoint", VALUE(SECONDS, conf, checkpoint_s), .min = 1, .max = 3600 },
	{ .name = "anchor", LIST(anchor, nanchor), .sub = anchor_key },
	{ .name = NULL },
};

static const struct key front_key[] = {
	{ .name = "address", TEXT(conf, front_address) },
	{ .name = "socket", TEXT(conf, front_socket) },
	{ .name = "url", TEXT(conf, front_url) },
	{ .name = "login", .type = KEY_CHOICE, .at = offsetof(struct conf, front_login),
	    .choice = "required,off" },
	{ .name = "query_memory", VALUE(BYTES, conf, query_bytes), .min = 1 << 20,
	    .max = INT64_MAX },
	{ .name = NULL },
};

static const struct key collect_key[] = {
	{ .name = "journal", VALUE(BOOL, conf, collect_journal) },
	{ .name = "files", LIST(collect, ncollect), .sub = collected_key, .lone = "path" },
	{ .name = NULL },
};

static const struct key agents_key[] = {
	{ .name = "address", TEXT(conf, agent_address) },
	{ .name = "names", LIST(agent_name, nagent_name) },
	{ .name = "days", VALUE(NUMBER, conf, agent_days), .min = 1, .max = 3650 },
	{ .name = NULL },
};

static const struct key rate_key[] = {
	{ VALUE(LINE, conf_rate, line) },
	{ .name = "from", VALUE(CLOCK, conf_rate, from_min), .required = true },
	{ .name = "to", VALUE(CLOCK, conf_rate, to_min), .required = true },
	{ .name = "limit", VALUE(RATE, conf_rate, bytes_s), .min = 1000, .max = INT64_MAX,
	    .required = true },
	{ .name = NULL },
};

static const struct key forward_key[] = {
	{ .name = "to", TEXT(conf, forward_to), .required = true },
	{ .name = "cert", TEXT(conf, forward_cert), .required = true },
	{ .name = "key", TEXT(conf, forward_key), .required = true },
	{ .name = "ca", TEXT(conf, forward_ca), .required = true },
	{ .name = "proxy", TEXT(conf, forward_proxy) },
	{ .name = "spool", VALUE(BYTES, conf, forward_spool_bytes), .min = 4 << 20,
	    .max = INT64_MAX },
	{ .name = "rate", LIST(rate, nrate), .sub = rate_key },
	{ .name = NULL },
};

static const struct key top_key[] = {
	{ .name = "state", TEXT(conf, state) },
	{ .name = "user", TEXT(conf, user) },
	{ .name = "register", TEXT(conf, register_path) },
	{ .name = "zone", VALUE(ZONE, conf, zone_minutes) },
	{ .name = "event_lead", VALUE(SECONDS, conf, lead_s), .min = 1, .max = INT32_MAX },
	{ .name = "listen", LIST(listener, nlistener), .sub = listener_key },
	{ .name = "classes", LIST(class, nclass), .sub = class_key },
	{ .name = "presets", LIST(preset, npreset), .sub = preset_key },
	{ .name = "calendar", LIST(day, nday), .sub = almanac_key },
	{ .name = "incident_pack", TEXT(conf, incident_pack) },
	{ .name = "register_pack", TEXT(conf, register_pack) },
	{ .name = "directive_pack", TEXT(conf, directive_pack) },
	{ .name = "sample", LIST(sample, nsample), .sub = sample_key },
	{ .name = "notify", LIST(telling.channel, telling.nchannel), .sub = telling_channel_key },
	{ .name = "heartbeat", .type = KEY_MAP, .sub = telling_beat_key },
	{ .name = "store", .type = KEY_MAP, .sub = store_key },
	{ .name = "seal", .type = KEY_MAP, .sub = seal_key },
	{ .name = "front", .type = KEY_MAP, .sub = front_key },
	{ .name = "collect", .type = KEY_MAP, .sub = collect_key },
	{ .name = "agents", .type = KEY_MAP, .sub = agents_key },
	{ .name = "forward", .type = KEY_MAP, .sub = forward_key },
	{ .name = NULL },
};

void
conf_default(struct conf *ret_conf)
{
	*ret_conf = (struct conf){
		.zone_minutes = 7 * 60, .encrypt = true, .checkpoint_s = 60, .segment_age_s = 600,
		.segment_bytes = 48 << 20, .reserve_bytes = 1 << 30, .cold_days = 30,
		.lead_s = 86400, .agent_days = 365, .forward_spool_bytes = INT64_C(2) << 30,
		.front_address = "127.0.0.1:8514", .query_bytes = 128 << 20,
		.telling = { .beat_s = TELLING_BEAT_S, .beat_mail_s = TELLING_BEAT_MAIL_S },
		.nclass = 1, .class = { { .name = "standard", .days = 365 } },
	};
}

int
conf_class_index(const struct conf *conf, const char *name)
{
	if (name[0] == '\0')
		return 0;
	for (unsigned i = 0; i < conf->nclass; i++)
		if (strcmp(conf->class[i].name, name) == 0)
			return (int)i;
	return -1;
}

bool
conf_is_own(const char *path)
{
	return strcmp(path, "own") == 0;
}

bool
conf_own(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->nlistener; i++)
		if (conf_is_own(conf->listener[i].cert))
			return true;
	return false;
}

/* ---- the whole ---- */

/* Names stand in metrics, in file names and on screens. */
static bool
is_name(const char *name)
{
	for (const char *c = name; *c != '\0'; c++)
		if (strchr(" \"'\\/{}=,", *c) != NULL)
			return false;
	return name[0] != '\0';
}

static enum err
address_check(const char *address, const char *what, int64_t line, struct why *why)
{
	struct sock_addr addr;
	struct why reason = { "" };

	if (sock_parse(&addr, address, &reason) == OK)
		return OK;
	return why_set(why, ERR_FORMAT, "line %lld: %s: %s; write it as \"127.0.0.1:514\", "
	    "\":514\" or "
	    "\"unix:/run/x.sock\"", (long long)line, what, reason.text);
}

static enum err
tls_check(const struct conf_listener *l, struct why *why)
{
	const char *what = NULL;
	bool own = conf_is_own(l->cert);

	if (own && l->key[0] != '\0')
		what = "with cert: own there is no key: the desk has it";
	else if (!own && conf_is_own(l->ca))
		what = "ca: own goes with cert: own";
	else if (own && l->ca[0] != '\0' && !conf_is_own(l->ca))
		what = "with cert: own, ca is own too, or not said";
	else if (!own && (l->cert[0] == '\0') != (l->key[0] == '\0'))
		what = "cert and key go together: say both";
	else if (l->cert[0] != '\0' && l->kind == CONF_UDP)
		what = "there is no TLS over udp: take cert and key away, or make it tcp";
	else if (l->cert[0] == '\0' && (l->ca[0] != '\0' || l->clients != CONF_CLIENTS_NONE))
		what = "ca and clients need TLS: say cert and key too";
	else if (l->clients != CONF_CLIENTS_NONE && l->ca[0] == '\0')
		what = "clients need a ca that says whose certificates are good";
	else if (l->ca[0] != '\0' && l->clients == CONF_CLIENTS_NONE)
		what = "with a ca, say clients: optional or required";
	else if (l->token_file[0] != '\0' && l->kind != CONF_HTTP)
		what = "token_file is for http only";
	if (what == NULL)
		return OK;
	return why_set(why, ERR_FORMAT, "line %lld: listen: %s: %s", (long long)l->line, l->name,
	    what);
}

static enum err
join_check(const char *text, int64_t line, const char *what, struct why *why)
{
	struct join join;

	if (join_read(&join, span_str(text)))
		return OK;
	return why_set(why, ERR_FORMAT, "line %lld: %s: join: '%s' is not one of " JOIN_NAMES
	    "; of TEXT, at most %d octets, 0 is any digit and ? any octet", (long long)line, what,
	    text, JOIN_MASK);
}

static enum err
listener_join_check(const struct conf_listener *l, const char *what, struct why *why)
{
	if (l->join[0] != '\0' && l->kind != CONF_TCP)
		return why_set(why, ERR_FORMAT, "line %lld: %s: join is for tcp only: elsewhere "
		    "the sender says what is one record; take it away", (long long)l->line, what);
	return join_check(l->join, l->line, what, why);
}

static enum err
listener_check(const struct conf *conf, unsigned i, struct why *why)
{
	const struct conf_listener *l = &conf->listener[i];
	char what[CONF_NAME + 16];
	enum err rc;

	if (!is_name(l->name))
		return why_set(why, ERR_FORMAT, "line %lld: listen: '%s' is no name; use letters, "
		    "digits, "
		    "- and _", (long long)l->line, l->name);
	for (unsigned j = 0; j < i; j++)
		if (strcmp(conf->listener[j].name, l->name) == 0)
			return why_set(why, ERR_FORMAT, "line %lld: listen: another entry is named "
			    "%s; give "
			    "it a name of its own", (long long)l->line, l->name);
	if (conf_class_index(conf, l->class) < 0)
		return why_set(why, ERR_FORMAT, "line %lld: listen: %s: there is no class %s; name "
		    "it "
		    "under classes", (long long)l->line, l->name, l->class);
	(void)snprintf(what, sizeof what, "listen: %s", l->name);
	rc = address_check(l->address, what, l->line, why);
	if (rc == OK)
		rc = listener_join_check(l, what, why);
	return rc == OK ? tls_check(l, why) : rc;
}

static enum err
class_check(const struct conf *conf, unsigned i, struct why *why)
{
	const struct conf_class *c = &conf->class[i];

	if (!is_name(c->name))
		return why_set(why, ERR_FORMAT, "line %lld: classes: '%s' is no name; use letters, "
		    "digits, - and _", (long long)c->line, c->name);
	if (conf_class_index(conf, c->name) != (int)i)
		return why_set(why, ERR_FORMAT, "line %lld: classes: another entry is named %s; "
		    "give it a "
		    "name of its own", (long long)c->line, c->name);
	return OK;
}

/* Days of one class by its preset. */
static enum err
preset_apply(struct conf_class *c, const struct preset *preset, struct why *why)
{
	if (preset == NULL)
		return why_set(why, ERR_FORMAT, "line %lld: classes: %s: there is no preset %s; "
		    "trucban retention presets lists them, and presets: adds your own",
		    (long long)c->line, c->name, c->preset);
	if (!c->days_said)
		c->days = preset->days;
	if (c->days == 0 || c->days >= preset->days)
		return OK;
	return why_set(why, ERR_FORMAT, "line %lld: classes: %s: preset %s asks for %lld days, not "
	    "%lld; take days away, or the preset", (long long)c->line, c->name, c->preset,
	    (long long)preset->days, (long long)c->days);
}

static enum err
presets_apply(struct conf *conf, struct why *why)
{
	struct preset_pack *pack = xcalloc(1, sizeof *pack);
	enum err rc;

	rc = rulepack_check(&preset_kind, conf->preset, conf->npreset, why);
	if (rc == OK)
		rc = rulepack_own(pack, &preset_kind, why);
	for (unsigned i = 0; rc == OK && i < conf->nclass; i++) {
		struct conf_class *c = &conf->class[i];
		const struct preset *preset = preset_find(conf->preset, conf->npreset, c->preset);

		if (preset == NULL)
			preset = preset_find(pack->preset, pack->npreset, c->preset);
		if (c->preset[0] != '\0')
			rc = preset_apply(c, preset, why);
	}
	free(pack);
	return rc;
}

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static enum err
anchor_check(const struct conf_anchor *a, struct why *why)
{
	const char *what = NULL;

	if (a->kind == CONF_ANCHOR_SYSLOG)
		return address_check(a->target, "seal: anchor: target", a->line, why);
	if (a->kind == CONF_ANCHOR_FILE && a->target[0] != '/')
		what = "target is the whole path of a file, from / on";
	else if (a->kind == CONF_ANCHOR_MAIL && ((!starts(a->target, "smtp://") &&
	    !starts(a->target, "smtps://")) || strchr(a->target, '@') == NULL))
		what = "target is smtp://SERVER:PORT/PERSON@HOST";
	else if (a->kind == CONF_ANCHOR_MAIL && strchr(a->from, '@') == NULL)
		what = "a mail needs a sender: say from: PERSON@HOST";
	else if (a->kind == CONF_ANCHOR_WITNESS && !starts(a->target, "https://") &&
	    !starts(a->target, "http://"))
		what = "target is the witness's https:// address";
	else if (a->kind == CONF_ANCHOR_WITNESS && a->vkey[0] == '\0')
		what = "a witness needs its verifier key: say vkey";
	if (what == NULL)
		return OK;
	return why_set(why, ERR_FORMAT, "line %lld: seal: anchor: %s", (long long)a->line, what);
}

static bool
is_below(const char *path, const char *top)
{
	size_t n = strlen(top);

	return strncmp(path, top, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static enum err
collect_check(const struct conf_collect *c, struct why *why)
{
	if (c->path[0] != '/')
		return why_set(why, ERR_FORMAT, "line %lld: collect: files: '%s' does not begin "
		    "with /; write the whole path", (long long)c->line, c->path);
	return join_check(c->join, c->line, "collect: files", why);
}

static enum err
paths_check(const struct conf *conf, struct why *why)
{
	if (conf->state[0] == '\0')
		return why_set(why, ERR_FORMAT, "state: say in which directory the store is kept, "
		    "for "
		    "example state: /var/lib/trucban");
	if (conf->register_path[0] != '\0' && conf->register_path[0] != '/')
		return why_set(why, ERR_FORMAT, "register: '%s' does not begin with /; write the "
		    "whole path", conf->register_path);
	if (conf->cold[0] != '\0' && conf->cold[0] != '/')
		return why_set(why, ERR_FORMAT, "store: cold: '%s' does not begin with /; write "
		    "the whole path", conf->cold);
	if (is_below(conf->cold, conf->state))
		return why_set(why, ERR_FORMAT, "store: cold: '%s' is inside of the store; name a "
		    "directory of another disk", conf->cold);
	return OK;
}

static const struct conf_listener *
listener_find(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->nlistener; i++)
		if (strcmp(conf->listener[i].name, name) == 0)
			return &conf->listener[i];
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *
sample_wrong(const struct conf *conf, const struct conf_sample *s)
{
	const struct conf_listener *l = listener_find(conf, s->listener);
	struct in6_addr addr;

	if (!is_name(s->name) || strchr(s->name, '.') != NULL)
		return "is no name; use letters, digits, - and _";
	if (l == NULL)
		return "there is no such listener";
	if (l->kind != CONF_UDP && l->kind != CONF_TCP)
		return "only at listeners of kind udp and tcp: what relp and http have "
		    "acknowledged is on disk";
	if (inet_pton(AF_INET, s->peer, &addr) != 1 && inet_pton(AF_INET6, s->peer, &addr) != 1)
		return "peer is the address of one source";
	if (s->keep == 1)
		return "keep: 1 keeps all; say 10 for one of ten, 0 for none";
	if (s->who[0] == '\0' || s->why[0] == '\0')
		return "say who ordered it and why";
	return NULL;
}

static enum err
sample_apply(struct conf *conf, unsigned i, struct why *why)
{
	struct conf_sample *s = &conf->sample[i];
	const char *what = sample_wrong(conf, s);

	for (unsigned k = 0; k < i && what == NULL; k++)
		if (strcmp(conf->sample[k].name, s->name) == 0 ||
		    (strcmp(conf->sample[k].peer, s->peer) == 0 &&
		    strcmp(conf->sample[k].listener, s->listener) == 0))
			what = "another entry has its name, or is for the same source";
	if (what == NULL && !civil_date(span_str(s->until), &s->until_ns))
		what = "until is the last day of it, written 2026-12-31";
	s->until_ns += (CIVIL_DAY_S - conf->zone_minutes * 60) * CIVIL_SECOND_NS;
	if (what == NULL)
		return OK;
	return why_set(why, ERR_FORMAT, "line %lld: sample: %s: %s", (long long)s->line, s->name,
	    what);
}

static enum err
forward_check(const struct conf *conf, struct why *why)
{
	const char *what = NULL;

	if (!conf_forwards(conf))
		return OK;
	if (!starts(conf->forward_to, "https://") || conf->forward_to[8] == '\0' ||
	    strchr(conf->forward_to + 8, '/') != NULL)
		what = "to is the desk's address without a path: https://HOST:PORT";
	else if (conf->forward_cert[0] == '\0' || conf->forward_key[0] == '\0' ||
	    conf->forward_ca[0] == '\0')
		what = "cert, key and ca are PEM files; none may be empty";
	else if (conf->forward_proxy[0] != '\0' && !starts(conf->forward_proxy, "http://"))
		what = "proxy is http://HOST:PORT";
	else if (conf->nlistener == 0 && !conf->collect_journal && conf->ncollect == 0)
		what = "there is nothing to send: say listen or collect too";
	else if (conf->telling.nchannel > 0 || conf->telling.beat_url[0] != '\0')
		what = "a relay tells nobody: say notify and heartbeat at its desk";
	else if (conf_own(conf))
		what = "a relay has no authority of its own: cert: own is for a desk's listeners";
	if (what != NULL)
		return why_set(why, ERR_FORMAT, "forward: %s", what);
	for (unsigned i = 0; i < conf->nrate; i++)
		if (conf->rate[i].from_min == conf->rate[i].to_min)
			return why_set(why, ERR_FORMAT, "line %lld: forward: rate: from and to are "
			    "the same time; for a whole day say 00:00 and 24:00",
			    (long long)conf->rate[i].line);
	return OK;
}

static enum err
conf_check(const struct conf *conf, struct why *why)
{
	struct sock_addr addr;
	enum err rc;

	rc = paths_check(conf, why);
	if (rc == OK && conf->nclass == 0)
		rc = why_set(why, ERR_FORMAT, "classes: at least one is needed; take the key away "
		    "to have "
		    "one of 365 days");
	for (unsigned i = 0; rc == OK && i < conf->nclass; i++)
		rc = class_check(conf, i, why);
	for (unsigned i = 0; rc == OK && i < conf->ncollect; i++)
		rc = collect_check(&conf->collect[i], why);
	for (unsigned i = 0; rc == OK && i < conf->nlistener; i++)
		rc = listener_check(conf, i, why);
	for (unsigned i = 0; rc == OK && i < conf->nanchor; i++)
		rc = anchor_check(&conf->anchor[i], why);
	if (rc == OK)
		rc = telling_check(&conf->telling, why);
	if (rc == OK)
		rc = forward_check(conf, why);
	if (rc == OK && conf->front_address[0] != '\0' &&
	    sock_parse(&addr, conf->front_address, why) != OK)
		rc = why_prefix(why, ERR_FORMAT, "front: address");
	if (rc == OK && conf->front_url[0] != '\0' && !guard_is_site(conf->front_url))
		rc = why_set(why, ERR_FORMAT, "front: url: write https:// and the name, as "
		    "https://desk.example.gov.vn, with nothing behind it but a port");
	return rc;
}

enum err
conf_parse(struct conf *ret_conf, struct span text, struct why *why)
{
	struct conf *conf;
	enum err rc;

	if (text.n > CONF_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "more than %d octets", CONF_BYTES_MAX);
	conf = xcalloc(1, sizeof *conf);
	conf_default(conf);
	rc = keys_read(conf, top_key, "the configuration", text, why);
	if (rc == OK)
		rc = presets_apply(conf, why);
	if (rc == OK)
		rc = rulepack_check(&almanac_kind, conf->day, conf->nday, why);
	for (unsigned i = 0; rc == OK && i < conf->nsample; i++)
		rc = sample_apply(conf, i, why);
	if (rc == OK)
		rc = conf_check(conf, why);
	if (rc == OK)
		*ret_conf = *conf;
	free(conf);
	return rc;
}

void
conf_override(struct buf *text, const char *state)
{
	/* A second document; in YAML's single quotes only the quote itself is special. */
	buf_str(text, "\n---\nstate: '");
	for (const char *c = state; *c != '\0'; c++) {
		if (*c == '\'')
			buf_u8(text, '\'');
		buf_u8(text, (uint8_t)*c);
	}
	buf_str(text, "'\n");
}
