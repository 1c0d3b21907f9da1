/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration's tables, its defaults, and what no single key can tell: see conf.h. */
#include "role/conf.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/sock.h"
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
	{ .name = NULL },
};

static const struct key class_key[] = {
	{ VALUE(LINE, conf_class, line) },
	{ .name = "name", TEXT(conf_class, name), .required = true },
	{ .name = "days", VALUE(NUMBER, conf_class, days), .max = 36500 },
	{ .name = "full", VALUE(CHOICE, conf_class, full), .choice = "refuse,hold,shorten" },
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
	{ .name = "query_memory", VALUE(BYTES, conf, query_bytes), .min = 1 << 20,
	    .max = INT64_MAX },
	{ .name = NULL },
};

static const struct key collect_key[] = {
	{ .name = "journal", VALUE(BOOL, conf, collect_journal) },
	{ .name = "files", LIST(collect, ncollect) },
	{ .name = NULL },
};

static const struct key top_key[] = {
	{ .name = "state", TEXT(conf, state) },
	{ .name = "user", TEXT(conf, user) },
	{ .name = "zone", VALUE(ZONE, conf, zone_minutes) },
	{ .name = "event_lead", VALUE(SECONDS, conf, lead_s), .min = 1, .max = INT32_MAX },
	{ .name = "listen", LIST(listener, nlistener), .sub = listener_key },
	{ .name = "classes", LIST(class, nclass), .sub = class_key },
	{ .name = "store", .type = KEY_MAP, .sub = store_key },
	{ .name = "seal", .type = KEY_MAP, .sub = seal_key },
	{ .name = "front", .type = KEY_MAP, .sub = front_key },
	{ .name = "collect", .type = KEY_MAP, .sub = collect_key },
	{ .name = NULL },
};

void
conf_default(struct conf *ret_conf)
{
	*ret_conf = (struct conf){
		.zone_minutes = 7 * 60, .encrypt = true, .checkpoint_s = 60, .segment_age_s = 600,
		.segment_bytes = 48 << 20, .reserve_bytes = 1 << 30, .cold_days = 30,
		.lead_s = 86400,
		.front_address = "127.0.0.1:8514", .query_bytes = 128 << 20,
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

	if ((l->cert[0] == '\0') != (l->key[0] == '\0'))
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
paths_check(const struct conf *conf, struct why *why)
{
	if (conf->state[0] == '\0')
		return why_set(why, ERR_FORMAT, "state: say in which directory the store is kept, "
		    "for "
		    "example state: /var/lib/trucban");
	for (unsigned i = 0; i < conf->ncollect; i++)
		if (conf->collect[i][0] != '/')
			return why_set(why, ERR_FORMAT, "collect: files: '%s' does not begin with "
			    "/; write "
			    "the whole path", conf->collect[i]);
	if (conf->cold[0] != '\0' && conf->cold[0] != '/')
		return why_set(why, ERR_FORMAT, "store: cold: '%s' does not begin with /; write "
		    "the whole path", conf->cold);
	if (is_below(conf->cold, conf->state))
		return why_set(why, ERR_FORMAT, "store: cold: '%s' is inside of the store; name a "
		    "directory of another disk", conf->cold);
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
	for (unsigned i = 0; rc == OK && i < conf->nlistener; i++)
		rc = listener_check(conf, i, why);
	for (unsigned i = 0; rc == OK && i < conf->nanchor; i++)
		rc = anchor_check(&conf->anchor[i], why);
	if (rc == OK && conf->front_address[0] != '\0' &&
	    sock_parse(&addr, conf->front_address, why) != OK)
		rc = why_prefix(why, ERR_FORMAT, "front: address");
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
	rc = keys_read(conf, top_key, text, why);
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
