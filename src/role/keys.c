/* SPDX-License-Identifier: Apache-2.0 */
/* The one walker over all tables of keys: see keys.h. */
#include "role/keys.h"

#include <stdio.h>
#include <string.h>
#include <yaml.h>

#include "base/must.h"

enum { SHOWN = 40, KEYS_MAX = 64 };	/* octets of a wrong value in a message; keys of a table */

struct walk {
	yaml_document_t doc;
	const char *what;
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

/* "key:" with nothing behind it: all entries are commented out. */
static bool
is_nothing(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0 &&
	    node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

/* ---- one value ---- */

struct factor {
	const char *name;
	int64_t by;
};

static const struct factor no_unit[] = { { "", 1 }, { NULL, 0 } };

static const struct factor second_unit[] = {
	{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 }, { "d", 86400 }, { NULL, 0 },
};

static const struct factor byte_unit[] = {
	{ "", 1 }, { "KB", 1 << 10 }, { "MB", 1 << 20 }, { "GB", 1 << 30 },
	{ "TB", (int64_t)1 << 40 }, { NULL, 0 },
};

static const struct factor rate_unit[] = {
	{ "kbit", 125 }, { "Mbit", 125000 }, { "Gbit", 125000000 }, { NULL, 0 },
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
	for (; unit->name != NULL; unit++)
		if (strcmp(at, unit->name) == 0)
			return !__builtin_mul_overflow(v, unit->by, ret);
	return false;
}

static enum err
number_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base,
    const struct factor *unit, const char *example)
{
	char what[160];
	int64_t v;

	if (number_read(&v, scalar(node), unit) && v >= key->min && v <= key->max) {
		memcpy((char *)base + key->at, &v, sizeof v);
		return OK;
	}
	(void)snprintf(what, sizeof what, "'%.*s' is not %s between %lld and %lld", SHOWN,
	    scalar(node), example, (long long)key->min, (long long)key->max);
	return refuse(w, node, key, what);
}

static enum err
zone_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const char *s = scalar(node);
	int64_t minutes;

	if (strlen(s) != 6 || (s[0] != '+' && s[0] != '-') || s[3] != ':' ||
	    strspn(s + 1, "0123456789") != 2 || strspn(s + 4, "0123456789") != 2 || s[4] > '5')
		return refuse(w, node, key, "write it as \"+07:00\"");
	minutes = ((s[1] - '0') * 10 + s[2] - '0') * 60 + (s[4] - '0') * 10 + s[5] - '0';
	if (minutes > 14 * 60)
		return refuse(w, node, key, "no zone is more than 14 hours from UTC");
	if (s[0] == '-')
		minutes = -minutes;
	memcpy((char *)base + key->at, &minutes, sizeof minutes);
	return OK;
}

static enum err
clock_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const char *s = scalar(node);
	int64_t minutes;

	if (strlen(s) != 5 || s[2] != ':' || strspn(s, "0123456789") != 2 ||
	    strspn(s + 3, "0123456789") != 2 || s[3] > '5')
		return refuse(w, node, key, "write it as \"07:30\"");
	minutes = ((s[0] - '0') * 10 + s[1] - '0') * 60 + (s[3] - '0') * 10 + s[4] - '0';
	if (minutes > 24 * 60)
		return refuse(w, node, key, "a day has 24 hours");
	memcpy((char *)base + key->at, &minutes, sizeof minutes);
	return OK;
}

static enum err
choice_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	const char *at = key->choice, *s = scalar(node);
	char what[160];

	for (int64_t v = 0;; v++) {
		size_t n = strcspn(at, ",");

		if (strlen(s) == n && memcmp(at, s, n) == 0) {
			memcpy((char *)base + key->at, &v, sizeof v);
			return OK;
		}
		if (at[n] == '\0')
			break;
		at += n + 1;
	}
	(void)snprintf(what, sizeof what, "'%.*s' is not one of %s", SHOWN, s, key->choice);
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
	const uint8_t *p = node->data.scalar.value;
	char what[64];

	(void)snprintf(what, sizeof what, "longer than %lld octets", (long long)key->max - 1);
	if (n >= (size_t)key->max)
		return refuse(w, node, key, what);
	for (size_t i = 0; i < n; i++)
		if (p[i] < 0x20 || p[i] == 0x7f)
			return refuse(w, node, key, "control characters are not allowed");
	memcpy((char *)base + key->at, p, n + 1);
	return OK;
}

static enum err
scalar_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	if (node->type != YAML_SCALAR_NODE)
		return refuse(w, node, key, "one value is expected here");
	/* A NUL would hide what stands behind it. */
	if (memchr(scalar(node), 0, node->data.scalar.length) != NULL)
		return refuse(w, node, key, "control characters are not allowed");
	switch (key->type) {
	case KEY_BOOL:
		return bool_take(w, node, key, base);
	case KEY_NUMBER:
		return number_take(w, node, key, base, no_unit, "a number");
	case KEY_SECONDS:
		return number_take(w, node, key, base, second_unit, "a time such as 30s, 5m, 24h, "
		    "in "
		    "seconds");
	case KEY_BYTES:
		return number_take(w, node, key, base, byte_unit, "a size such as 48MB, in octets");
	case KEY_RATE:
		return number_take(w, node, key, base, rate_unit, "a rate such as 512kbit, in "
		    "octets a second");
	case KEY_CLOCK:
		return clock_take(w, node, key, base);
	case KEY_ZONE:
		return zone_take(w, node, key, base);
	case KEY_CHOICE:
		return choice_take(w, node, key, base);
	case KEY_TEXT:
	default:
		return text_take(w, node, key, base);
	}
}

/* ---- lists and maps ---- */

static enum err	map_take(struct walk *w, const yaml_node_t *node, const struct key *keys,
		    const char *where, void *base);

static bool
is_row(const struct key *key)
{
	return key->name != NULL || key->type == KEY_LINE;
}

static void
line_note(const yaml_node_t *node, const struct key *keys, void *base)
{
	int64_t line = (int64_t)node->start_mark.line + 1;

	for (const struct key *key = keys; is_row(key); key++)
		if (key->type == KEY_LINE)
			memcpy((char *)base + key->at, &line, sizeof line);
}

static const struct key *
key_named(const struct key *keys, struct span name)
{
	for (; is_row(keys); keys++)
		if (keys->name != NULL && span_is(name, keys->name))
			return keys;
	return NULL;
}

/* An entry of a list: a map, one text, or a text that stands for a map with one key. */
static enum err
item_take(struct walk *w, const yaml_node_t *item, const struct key *key, void *base)
{
	const struct key text = { .name = key->name, .type = KEY_TEXT, .max = (int64_t)key->size };

	memset(base, 0, key->size);
	if (key->sub == NULL)
		return scalar_take(w, item, &text, base);
	line_note(item, key->sub, base);
	if (key->lone != NULL && item->type == YAML_SCALAR_NODE)
		return scalar_take(w, item, key_named(key->sub, span_str(key->lone)), base);
	return map_take(w, item, key->sub, key->name, base);
}

static enum err
list_take(struct walk *w, const yaml_node_t *node, const struct key *key, void *base)
{
	unsigned n = 0;
	char what[64];
	enum err rc;

	if (node->type != YAML_SEQUENCE_NODE)
		return refuse(w, node, key, "a list is expected here: one entry a line, each after "
		    "\"- \"");
	for (yaml_node_item_t *i = node->data.sequence.items.start;
	    i < node->data.sequence.items.top; i++, n++) {
		const yaml_node_t *item = yaml_document_get_node(&w->doc, *i);
		char *at = (char *)base + key->at + n * key->size;

		(void)snprintf(what, sizeof what, "more than %lld entries", (long long)key->max);
		if (n >= (unsigned)key->max)
			return refuse(w, item, key, what);
		rc = item_take(w, item, key, at);
		if (rc != OK)
			return rc;
	}
	memcpy((char *)base + key->count_at, &n, sizeof n);
	return OK;
}

static const struct key *
key_find(const struct key *keys, const yaml_node_t *name)
{
	if (name->type != YAML_SCALAR_NODE)
		return NULL;
	return key_named(keys, span_of(scalar(name), name->data.scalar.length));
}

static enum err
unknown_refuse(struct walk *w, const yaml_node_t *name, const struct key *keys, const char *where)
{
	char right[240] = "";
	size_t n = 0;

	for (; is_row(keys) && n < sizeof right - 1; keys++)
		if (keys->name != NULL)
			n += (size_t)snprintf(right + n, sizeof right - n, "%s%s", n > 0 ? ", " :
			    "",
			    keys->name);
	return why_set(w->why, ERR_FORMAT, "line %zu: %s has no key '%.*s'; it has %s",
	    name->start_mark.line + 1, where, SHOWN,
	    name->type == YAML_SCALAR_NODE ? scalar(name) : "?", right);
}

static enum err
missing_check(struct walk *w, const yaml_node_t *node, const struct key *keys, const char *where,
    uint64_t seen)
{
	for (unsigned i = 0; is_row(&keys[i]); i++)
		if (keys[i].required && (seen >> i & 1) == 0)
			return why_set(w->why, ERR_FORMAT, "line %zu: %s: '%s' is missing%s%s",
			    node->start_mark.line + 1, where, keys[i].name,
			    keys[i].choice != NULL ? "; it is one of " : "",
			    keys[i].choice != NULL ? keys[i].choice : "");
	return OK;
}

static enum err
value_take(struct walk *w, const yaml_node_t *value, const struct key *key, void *base)
{
	if ((key->type == KEY_MAP || key->type == KEY_LIST) && is_nothing(value))
		return OK;
	if (key->type == KEY_MAP)
		return map_take(w, value, key->sub, key->name, base);
	return key->type == KEY_LIST ? list_take(w, value, key, base) :
	    scalar_take(w, value, key, base);
}

/* Depth is bounded by the tables: a map of ours never holds itself. */
static enum err
map_take(struct walk *w, const yaml_node_t *node, const struct key *keys, const char *where,
    void *base)
{
	uint64_t seen = 0;
	enum err rc = OK;

	if (node->type != YAML_MAPPING_NODE)
		return why_set(w->why, ERR_FORMAT, "line %zu: %s: keys with values are expected "
		    "here, "
		    "one \"key: value\" a line", node->start_mark.line + 1, where);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	    rc == OK && pair < node->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = yaml_document_get_node(&w->doc, pair->key);
		const struct key *key = key_find(keys, name);
		uint64_t bit;

		if (key == NULL)
			return unknown_refuse(w, name, keys, where);
		must(key - keys < KEYS_MAX);
		bit = (uint64_t)1 << (key - keys);
		if ((seen & bit) != 0)
			return refuse(w, name, key, "is said twice; take one of them away");
		seen |= bit;
		if (key->said_at != 0)
			*((char *)base + key->said_at) = true;
		rc = value_take(w, yaml_document_get_node(&w->doc, pair->value), key, base);
	}
	return rc == OK ? missing_check(w, node, keys, where, seen) : rc;
}

/* ---- the text ---- */

/* YAML's aliases make one node reachable twice; we have no use for them. */
static enum err
aliases_refuse(struct span text, struct why *why)
{
	yaml_parser_t parser;
	yaml_event_t event;
	bool found = false, end = false;
	size_t line = 0;

	must(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, text.p, text.n);
	while (!end && !found && yaml_parser_parse(&parser, &event)) {
		found = event.type == YAML_ALIAS_EVENT;
		end = event.type == YAML_STREAM_END_EVENT;
		line = event.start_mark.line + 1;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	if (found)
		return why_set(why, ERR_FORMAT, "line %zu: YAML aliases (*name) are not used here; "
		    "write "
		    "the value out", line);
	return OK;
}

/* The next document; *ret_end: there was none. */
static enum err
document_take(struct walk *w, yaml_parser_t *parser, const struct key *keys, void *base,
    bool *ret_end)
{
	yaml_node_t *root;
	enum err rc = OK;

	if (!yaml_parser_load(parser, &w->doc))
		return why_set(w->why, ERR_FORMAT, "line %zu: %s; see a line above too",
		    parser->problem_mark.line + 1,
		    parser->problem != NULL ? parser->problem : "this is not YAML");
	root = yaml_document_get_root_node(&w->doc);
	*ret_end = root == NULL;
	if (root != NULL && !is_nothing(root))
		rc = map_take(w, root, keys, w->what, base);
	yaml_document_delete(&w->doc);
	return rc;
}

enum err
keys_read(void *base, const struct key *keys, const char *what, struct span text,
    struct why *why)
{
	struct walk w = { .what = what, .why = why };
	yaml_parser_t parser;
	bool end = false;
	enum err rc;

	rc = aliases_refuse(text, why);
	if (rc != OK)
		return rc;
	must(yaml_parser_initialize(&parser));
	yaml_parser_set_input_string(&parser, text.p, text.n);
	while (rc == OK && !end)
		rc = document_take(&w, &parser, keys, base, &end);
	yaml_parser_delete(&parser);
	return rc;
}
