/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the pack; see accounts.h. */
#include "role/accounts.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/packs.h"
#include "role/rulepack_int.h"

enum { RULES_MAX = 16, VALUE_MAX = 10000 };

struct rule {
	struct rulepack_words words;
	int64_t value;
};

struct pack {
	struct rulepack_head head;
	struct rule rule[RULES_MAX];
	unsigned nrule;
};

static const struct key rule_key[] = {
	RULEPACK_KEYS(true),
	{ .name = "value", .type = KEY_NUMBER, .at = offsetof(struct rule, value), .min = 1,
	    .max = VALUE_MAX, .required = true },
	{ .name = NULL },
};

/* Where a rule's value goes, and how many of that one of its units are. */
static const struct {
	const char *name;
	size_t at;
	int64_t unit;
} rules[] = {
	{ "failures", offsetof(struct admit_rules, failures), 1 },
	{ "lock-minutes", offsetof(struct admit_rules, lock_s), 60 },
	{ "session-minutes", offsetof(struct admit_rules, idle_s), 60 },
	{ "session-minutes-admin", offsetof(struct admit_rules, idle_admin_s), 60 },
	{ "session-hours", offsetof(struct admit_rules, session_s), 3600 },
	{ "password-with-code", offsetof(struct admit_rules, password_coded), 1 },
	{ "password-alone", offsetof(struct admit_rules, password_alone), 1 },
	{ "one-time-days", offsetof(struct admit_rules, once_s), 86400 },
};

enum { RULES = sizeof rules / sizeof rules[0] };

static size_t
rule_at(const char *name)
{
	size_t i = 0;

	while (i < RULES && strcmp(name, rules[i].name) != 0)
		i++;
	return i;
}

static const char *
rule_wrong(void *entry)
{
	const struct rule *r = entry;

	return rule_at(r->words.name) == RULES ? "no rule for accounts has this name" : NULL;
}

static const struct rulepack_kind kind = {
	.bytes = sizeof(struct pack),
	.list = { .name = "rules", .type = KEY_LIST, .at = offsetof(struct pack, rule),
	    .max = RULES_MAX, .size = sizeof(struct rule),
	    .count_at = offsetof(struct pack, nrule), .sub = rule_key, .required = true },
	.own = &pack_accounts,
	.check = rule_wrong,
};

/* All of struct admit_rules are numbers of one type. */
static int64_t *
value_of(struct admit_rules *to, size_t i)
{
	return (int64_t *)(void *)((char *)to + rules[i].at);
}

enum err
accounts_parse(struct admit_rules *ret_rules, struct span text, struct why *why)
{
	struct admit_rules to = { .failures = 0 };
	struct pack *pack = xcalloc(1, sizeof *pack);
	enum err rc = rulepack_parse(pack, &kind, text, why);

	for (unsigned i = 0; rc == OK && i < pack->nrule; i++) {
		size_t at = rule_at(pack->rule[i].words.name);

		*value_of(&to, at) = pack->rule[i].value * rules[at].unit;
	}
	for (size_t i = 0; rc == OK && i < RULES; i++)
		if (*value_of(&to, i) == 0)
			rc = why_set(why, ERR_FORMAT, "rules: %s is missing", rules[i].name);
	free(pack);
	if (rc == OK)
		*ret_rules = to;
	return rc;
}

enum err
accounts_own(struct admit_rules *ret_rules, struct why *why)
{
	return accounts_parse(ret_rules, pack_accounts, why);
}
