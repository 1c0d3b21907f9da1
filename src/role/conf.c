/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration's tables and the one walker over them. libyaml reads the text; aliases and
 * anchors of YAML are refused (a file of ten lines must not become ten million).
 */
#include "role/conf.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "base/must.h"

enum key_type {
	KEY_TEXT,		/* max = octets of the array, with the NUL */
	KEY_BOOL,
	KEY_NUMBER,		/* plain, min..max */
	KEY_SECONDS,		/* 90, 90s, 5m, 24h, 30d */
	KEY_BYTES,		/* 1048576, 64KB, 48MB, 2GB */
	KEY_ZONE,		/* "+07:00" → minutes */
	KEY_CHOICE,		/* one of `choice`, comma-separated; its index */
	KEY_LIST,		/* of maps, described by `sub`, or of texts when sub is NULL */
	KEY_MAP,		/* a map whose keys lie in the same struct */
};

struct key {
	const char *name;
	enum key_type type;
	size_t at;
	int64_t min, max;	/* LIST: max = elements */
	const char *choice;
	const struct key *sub;
	size_t size;		/* LIST: octets of an element */
	size_t count_at;	/* LIST: where the number of elements is */
};

#define TEXT_OF(s, f)	KEY_TEXT, offsetof(struct s, f), 0, (int64_t)sizeof(((struct s *)0)->f)
#define LIST_OF(f, n)	KEY_LIST, offsetof(struct conf, f), 0, \
	(int64_t)(sizeof(((struct conf *)0)->f) / sizeof(((struct conf *)0)->f[0]))

static const struct key listener_key[] = {
	{ "name", TEXT_OF(conf_listener, name), NULL, NULL, 0, 0 },
	{ "address", TEXT_OF(conf_listener, address), NULL, NULL, 0, 0 },
	{ "kind", KEY_CHOICE, offsetof(struct conf_listener, kind), 0, 0, "udp,tcp,relp,http", NULL,
	    0, 0 },
	{ "class", TEXT_OF(conf_listener, class), NULL, NULL, 0, 0 },
	{ "unit", KEY_NUMBER, offsetof(struct conf_listener, unit), 0, INT64_MAX, NULL, NULL, 0, 0 },
	{ "cert", TEXT_OF(conf_listener, cert), NULL, NULL, 0, 0 },
	{ "key", TEXT_OF(conf_listener, key), NULL, NULL, 0, 0 },
	{ "ca", TEXT_OF(conf_listener, ca), NULL, NULL, 0, 0 },
	{ "clients", KEY_CHOICE, offsetof(struct conf_listener, clients), 0, 0,
	    "none,optional,required", NULL, 0, 0 },
	{ "token_file", TEXT_OF(conf_listener, token_file), NULL, NULL, 0, 0 },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key class_key[] = {
	{ "name", TEXT_OF(conf_class, name), NULL, NULL, 0, 0 },
	{ "days", KEY_NUMBER, offsetof(struct conf_class, days), 0, 36500, NULL, NULL, 0, 0 },
	{ "full", KEY_CHOICE, offsetof(struct conf_class, full), 0, 0, "refuse,hold,shorten", NULL,
	    0, 0 },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key anchor_key[] = {
	{ "kind", KEY_CHOICE, offsetof(struct conf_anchor, kind), 0, 0, "file,syslog,mail,witness",
	    NULL, 0, 0 },
	{ "target", TEXT_OF(conf_anchor, target), NULL, NULL, 0, 0 },
	{ "from", TEXT_OF(conf_anchor, from), NULL, NULL, 0, 0 },
	{ "vkey", TEXT_OF(conf_anchor, vkey), NULL, NULL, 0, 0 },
	{ "every", KEY_SECONDS, offsetof(struct conf_anchor, every_s), 1, 30 * 86400, NULL, NULL, 0,
	    0 },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key store_key[] = {
	{ "encrypt", KEY_BOOL, offsetof(struct conf, encrypt), 0, 0, NULL, NULL, 0, 0 },
	{ "segment_age", KEY_SECONDS, offsetof(struct conf, segment_age_s), 1, 86400, NULL, NULL, 0,
	    0 },
	{ "segment_memory", KEY_BYTES, offsetof(struct conf, segment_bytes), 1 << 20, 1 << 29, NULL,
	    NULL, 0, 0 },
	{ "reserve", KEY_BYTES, offsetof(struct conf, reserve_bytes), 0, INT64_MAX, NULL, NULL, 0,
	    0 },
	{ "cold", LIST_OF(cold, ncold), NULL, NULL, CONF_PATH, offsetof(struct conf, ncold) },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key seal_key[] = {
	{ "checkpoint", KEY_SECONDS, offsetof(struct conf, checkpoint_s), 1, 3600, NULL, NULL, 0, 0 },
	{ "anchor", LIST_OF(anchor, nanchor), NULL, anchor_key, sizeof(struct conf_anchor),
	    offsetof(struct conf, nanchor) },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key front_key[] = {
	{ "address", TEXT_OF(conf, front_address), NULL, NULL, 0, 0 },
	{ "socket", TEXT_OF(conf, front_socket), NULL, NULL, 0, 0 },
	{ "query_memory", KEY_BYTES, offsetof(struct conf, query_bytes), 1 << 20, INT64_MAX, NULL,
	    NULL, 0, 0 },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key collect_key[] = {
	{ "journal", KEY_BOOL, offsetof(struct conf, collect_journal), 0, 0, NULL, NULL, 0, 0 },
	{ "files", LIST_OF(collect, ncollect), NULL, NULL, CONF_PATH,
	    offsetof(struct conf, ncollect) },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

static const struct key top_key[] = {
	{ "state", TEXT_OF(conf, state), NULL, NULL, 0, 0 },
	{ "user", TEXT_OF(conf, user), NULL, NULL, 0, 0 },
	{ "zone", KEY_ZONE, offsetof(struct conf, zone_minutes), 0, 0, NULL, NULL, 0, 0 },
	{ "event_lead", KEY_SECONDS, offsetof(struct conf, lead_s), 1, INT32_MAX, NULL, NULL, 0, 0 },
	{ "listen", LIST_OF(listener, nlistener), NULL, listener_key, sizeof(struct conf_listener),
	    offsetof(struct conf, nlistener) },
	{ "classes", LIST_OF(class, nclass), NULL, class_key, sizeof(struct conf_class),
	    offsetof(struct conf, nclass) },
	{ "store", KEY_MAP, 0, 0, 0, NULL, store_key, 0, 0 },
	{ "seal", KEY_MAP, 0, 0, 0, NULL, seal_key, 0, 0 },
	{ "front", KEY_MAP, 0, 0, 0, NULL, front_key, 0, 0 },
	{ "collect", KEY_MAP, 0, 0, 0, NULL, collect_key, 0, 0 },
	{ NULL, KEY_TEXT, 0, 0, 0, NULL, NULL, 0, 0 },
};

struct walk {
	yaml_document_t doc;
	struct why *why;
};

static enum err
refuse(struct walk *w, const yaml_node_t *node, const struct key *key, const char *what)
{
	return why_set(w->why, ERR_FORMAT, "line %zu: %s: %s", node->start_mark.line + 1, key->name,
	    what);
}

static const char *
scalar(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

/* Digits with an optional unit from "s60m3600..." like tables: name and factor. */
struct factor {
	const char *name;
	int64_t by;
};

static const struct factor second_unit[] = {
	{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 },
};

static const struct factor byte_unit[] = {
	{ "", 1 }, { "KB", 1 << 10 }, { "MB", 1 << 20 }, { "GB", 1 << 30 },
	{ "TB", (int64_t)1 << 40 }, { NULL, 0 },
};

static bool
number_read(int64_t *ret, const char *s, const struct factor *unit)
{
	int64_t v = 0;
	const char *at = s;

	for (; *at >= '0' && *at <= '9'; at++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *at - '0', &v))
			return false;
	if (at == s)
		return false;
	for (; unit->name != NULL; unit++) {
		if (strcmp(at, unit->name) == 0)
			return !__builtin_mul_overflow(v, unit->by, ret);
	}
	return false;
}

static enum err
number_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base,
    const struct factor *unit, const char *example)
{
	int64_t v;
	char what[160];

	if (!number_read(&v, scalar(node), unit) || v < key->min || v > key->max) {
		(void)snprintf(what, sizeof what, "'%.40s' is not %s between %lld and %lld",
		    scalar(node), example, (long long)key->min, (long long)key->max);
		return refuse(w, node, key, what);
	}
	memcpy((char *)base + key->at, &v, sizeof v);
	return OK;
}

static enum err
zone_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const char *s = scalar(node);
	int64_t minutes;

	if (strlen(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' ||
	    strspn(s + 1, "0123456789") != 2 || strspn(s + 4, "0123456789") != 2)
		return refuse(w, node, key, "write it as \"+07:00\"");
	minutes = ((s[1] - '0') * 10 + s[2] - '0') * 60 + (s[4] - '0') * 10 + s[5] - '0';
	if (minutes > 14 * 60)
		return refuse(w, node, key, "more than 14 hours");
	if (s[0] == '-')
		minutes = -minutes;
	memcpy((char *)base + key->at, &minutes, sizeof minutes);
	return OK;
}

static enum err
choice_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const char *at = key->choice, *s = scalar(node);
	char what[160];
	int64_t v = 0;

	for (;; v++) {
		size_t n = strcspn(at, ",");

		if (strlen(s) == n && memcmp(at, s, n) == 0) {
			memcpy((char *)base + key->at, &v, sizeof v);
			return OK;
		}
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	(void)snprintf(what, sizeof what, "'%.40s' is not one of %s", s, key->choice);
	return refuse(w, node, key, what);
}

static enum err
bool_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const char *s = scalar(node);
	bool yes = strcmp(s, "yes") == 0 || strcmp(s, "true") == 0 || strcmp(s, "on") == 0;

	if (!yes && strcmp(s, "no") != 0 && strcmp(s, "false") != 0 && strcmp(s, "off") != 0)
		return refuse(w, node, key, "say yes or no");
	memcpy((char *)base + key->at, &yes, sizeof yes);
	return OK;
}

static enum err
text_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	size_t n = node->data.scalar.length;

	if (n >= (size_t)key->max || memchr(scalar(node), 0, n) != NULL)
		return refuse(w, node, key, "too long, or with a NUL");
	memcpy((char *)base + key->at, scalar(node), n + 1);
	return OK;
}

static enum err
scalar_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	if (node->type != YAML_SCALAR_NODE)
		return refuse(w, node, key, "one value is expected here");
	switch (key->type) {
	case KEY_BOOL:
		return bool_take(w, node, key, base);
	case KEY_NUMBER:
		return number_take(w, node, key, base, &(const struct factor[]){ { "", 1 },
		    { NULL, 0 } }[0], "a number");
	case KEY_SECONDS:
		return number_take(w, node, key, base, second_unit, "a time such as 30s, 5m, 24h");
	case KEY_BYTES:
		return number_take(w, node, key, base, byte_unit, "a size such as 48MB");
	case KEY_ZONE:
		return zone_take(w, node, key, base);
	case KEY_CHOICE:
		return choice_take(w, node, key, base);
	case KEY_TEXT:
	default:
		return text_take(w, node, key, base);
	}
}

static enum err	map_take(struct walk *w, const yaml_node_t *node, const struct key *keys,
		    const char *where, void *base);

static enum err
list_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const struct key text = { key->name, KEY_TEXT, 0, 0, (int64_t)key->size, NULL, NULL, 0, 0 };
	unsigned n = 0;
	enum err rc;

	if (node->type != YAML_SEQUENCE_NODE)
		return refuse(w, node, key, "a list is expected here");
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	    i < node->data.sequence.items.top; i++, n++) {
		const yaml_node_t *item = yaml_document_get_node(&w->doc, *i);
		char *at = (char *)base + key->at + n * key->size;

		if (n >= (unsigned)key->max)
			return refuse(w, item, key, "too many entries");
		memset(at, 0, key->size);
		rc = key->sub != NULL ? map_take(w, item, key->sub, key->name, at) :
		    scalar_take(w, item, &text, at);
		if (rc != OK)
			return rc;
	}
	memcpy((char *)base + key->count_at, &n, sizeof n);
	return OK;
}

static const struct key *
key_find(const struct key *keys, const char *name)
{
	for (; keys->name != NULL; keys++)
		if (strcmp(keys->name, name) == 0)
			return keys;
	return NULL;
}

/* Depth is bounded by the tables: a map of ours never holds itself. */
static enum err
map_take(struct walk *w, const yaml_node_t *node, const struct key *keys, const char *where,
    void *base)
{
	enum err rc = OK;

	if (node->type != YAML_MAPPING_NODE)
		return why_set(w->why, ERR_FORMAT, "line %zu: %s: keys with values are expected here",
		    node->start_mark.line + 1, where);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	    rc == OK && pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(&w->doc, pair->key);
		const yaml_node_t *value = yaml_document_get_node(&w->doc, pair->value);
		const struct key *key;

		key = name->type == YAML_SCALAR_NODE ? key_find(keys, scalar(name)) : NULL;
		if (key == NULL)
			return why_set(w->why, ERR_FORMAT, "line %zu: %s has no key '%.40s'",
			    name->start_mark.line + 1, where,
			    name->type == YAML_SCALAR_NODE ? scalar(name) : "?");
		if (key->type == KEY_MAP)
			rc = map_take(w, value, key->sub, key->name, base);
		else if (key->type == KEY_LIST)
			rc = list_take(w, value, key, base);
		else
			rc = scalar_take(w, value, key, base);
	}
	return rc;
}

void
conf_default(struct conf *ret_conf)
{
	*ret_conf = (struct conf){
		.zone_minutes = 7 * 60, .encrypt = true, .checkpoint_s = 60, .segment_age_s = 600,
		.segment_bytes = 48 << 20, .reserve_bytes = 1 << 30, .lead_s = 86400,
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

static enum err
listener_check(const struct conf *conf, unsigned i, struct why *why)
{
	const struct conf_listener *l = &conf->listener[i];

	if (l->name[0] == '\0' || l->address[0] == '\0')
		return why_set(why, ERR_FORMAT, "listen: entry %u needs a name and an address", i + 1);
	for (unsigned j = 0; j < i; j++)
		if (strcmp(conf->listener[j].name, l->name) == 0)
			return why_set(why, ERR_FORMAT, "listen: two entries are named %s", l->name);
	if (conf_class_index(conf, l->class) < 0)
		return why_set(why, ERR_FORMAT, "listen: %s: there is no class %s", l->name, l->class);
	if ((l->cert[0] == '\0') != (l->key[0] == '\0'))
		return why_set(why, ERR_FORMAT, "listen: %s: cert and key go together", l->name);
	if (l->cert[0] != '\0' && l->kind == CONF_UDP)
		return why_set(why, ERR_FORMAT, "listen: %s: there is no TLS over udp", l->name);
	if (l->clients == CONF_CLIENTS_REQUIRED && l->ca[0] == '\0')
		return why_set(why, ERR_FORMAT, "listen: %s: clients: required needs a ca", l->name);
	return OK;
}

static enum err
conf_check(const struct conf *conf, struct why *why)
{
	enum err rc;

	if (conf->state[0] == '\0')
		return why_set(why, ERR_FORMAT, "state: say in which directory the store is kept");
	if (conf->nclass == 0)
		return why_set(why, ERR_FORMAT, "classes: at least one is needed");
	for (unsigned i = 0; i < conf->nclass; i++)
		if (conf->class[i].name[0] == '\0')
			return why_set(why, ERR_FORMAT, "classes: entry %u needs a name", i + 1);
	for (unsigned i = 0; i < conf->nlistener; i++) {
		rc = listener_check(conf, i, why);
		if (rc != OK)
			return rc;
	}
	return OK;
}

/* YAML's aliases make one node reachable twice; we have no use for them. */
static bool
has_alias(struct span text)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool found = false, end = false;

	must(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, text.p, text.n);
	while (!end && !found && yaml_parser_parse(&parser, &event)) {
		found = event.type == YAML_ALIAS_EVENT;
		end = event.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return found;
}

enum err
conf_parse(struct conf *ret_conf, struct span text, struct why *why)
{
	struct walk w = { .why = why };
	struct conf *conf;
	yaml_parser_t parser;
	yaml_node_t *root;
	enum err rc = OK;

	if (text.n > CONF_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "more than %d octets", CONF_BYTES_MAX);
	if (has_alias(text))
		return why_set(why, ERR_FORMAT, "YAML aliases (*name) are not used here");
	conf = xcalloc(1, sizeof *conf);
	conf_default(conf);
	must(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, text.p, text.n);
	if (!yaml_parser_load(&parser, &w.doc)) {
		rc = why_set(why, ERR_FORMAT, "line %zu: %s", parser.problem_mark.line + 1,
		    parser.problem != NULL ? parser.problem : "not YAML");
	} else {
		root = yaml_document_get_root_node(&w.doc);
		if (root != NULL)
			rc = map_take(&w, root, top_key, "the configuration", conf);
		yaml_document_delete(&w.doc);
	}
	yaml_parser_delete(&parser);
	if (rc == OK)
		rc = conf_check(conf, why);
	if (rc == OK)
		*ret_conf = *conf;
	free(conf);
	return rc;
}
