/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of the pack escalation; see escalation.h. */
#include "role/escalation.h"

#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/keys.h"
#include "role/packs.h"

#define TEXT(s, f)	.type = KEY_TEXT, .at = offsetof(struct s, f), \
	.max = (int64_t)sizeof(((struct s *)0)->f)
#define SECONDS(s, f)	.type = KEY_SECONDS, .at = offsetof(struct s, f)
#define LIST(f, n)	.type = KEY_LIST, .at = offsetof(struct escalation, f), \
	.max = (int64_t)(sizeof(((struct escalation *)0)->f) / \
	    sizeof(((struct escalation *)0)->f[0])), \
	.size = sizeof(((struct escalation *)0)->f[0]), \
	.count_at = offsetof(struct escalation, n)

enum {
	PACK_BYTES_MAX = 256 << 10,	/* larger is a wrong file */
	DAY_S = 86400,
	AFTER_MOST = 30 * DAY_S,	/* who is told after a month is told too late */
	RULE_MOST = 3660 * DAY_S,
	GAPS_MOST = 366 * DAY_S		/* a roster is asked for a year at most */
};

static const struct key role_key[] = {
	{ .type = KEY_LINE, .at = offsetof(struct escalation_role, line) },
	{ .name = "name", TEXT(escalation_role, name), .required = true },
	{ .name = "title", TEXT(escalation_role, title), .required = true },
	{ .name = "english", TEXT(escalation_role, english) },
	{ .name = "tier", .type = KEY_BOOL, .at = offsetof(struct escalation_role, tier) },
	{ .name = NULL },
};

static const struct key step_key[] = {
	{ .type = KEY_LINE, .at = offsetof(struct escalation_step, line) },
	{ .name = "level", .type = KEY_CHOICE, .at = offsetof(struct escalation_step, level),
	    .choice = "informational,low,medium,high,critical", .required = true },
	{ .name = "after", SECONDS(escalation_step, after_s), .max = AFTER_MOST,
	    .required = true },
	{ .name = "role", TEXT(escalation_step, role), .required = true },
	{ .name = NULL },
};

static const struct key rule_key[] = {
	{ .name = "handover", SECONDS(escalation, handover_s), .min = 60, .max = RULE_MOST },
	{ .name = "drill", SECONDS(escalation, drill_s), .min = DAY_S, .max = RULE_MOST },
	{ .name = "verified", SECONDS(escalation, verified_s), .min = DAY_S, .max = RULE_MOST },
	{ .name = "gaps", SECONDS(escalation, gaps_s), .min = DAY_S, .max = GAPS_MOST },
	{ .name = NULL },
};

static const struct key pack_key[] = {
	{ .name = "pack", TEXT(escalation, name), .required = true },
	{ .name = "title", TEXT(escalation, title) },
	{ .name = "approved", TEXT(escalation, approved) },
	{ .name = "roles", LIST(role, nrole), .sub = role_key, .required = true },
	{ .name = "steps", LIST(step, nstep), .sub = step_key, .required = true },
	{ .name = "rules", .type = KEY_MAP, .sub = rule_key },
	{ .name = NULL },
};

static const struct escalation_role *
role_find(const struct escalation *e, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(e->role[i].name, name) == 0)
			return &e->role[i];
	return NULL;
}

/* As the desk's acts name it. */
static bool
is_word(const char *name)
{
	return name[0] != '\0' && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") ==
	    strlen(name);
}

static enum err
roles_check(const struct escalation *e, struct why *why)
{
	for (unsigned i = 0; i < e->nrole; i++) {
		const struct escalation_role *r = &e->role[i];
		const char *what = !is_word(r->name) ?
		    "a name has letters a-z, digits, '.', '_' and '-' only" :
		    role_find(e, i, r->name) != NULL ?
		    "another role has this name; give it one of its own" : NULL;

		if (what != NULL)
			return why_set(why, ERR_FORMAT, "line %lld: roles: %s: %s",
			    (long long)r->line, r->name, what);
	}
	return OK;
}

/* Steps of a level are counted as they stand there, and later ones are later. */
static enum err
steps_check(struct escalation *e, struct why *why)
{
	for (unsigned i = 0; i < e->nstep; i++) {
		struct escalation_step *s = &e->step[i];
		const struct escalation_step *before = NULL;

		for (unsigned k = 0; k < i; k++)
			if (e->step[k].level == s->level)
				before = &e->step[k];
		s->step = before != NULL ? before->step + 1 : 1;
		if (role_find(e, e->nrole, s->role) == NULL)
			return why_set(why, ERR_FORMAT, "line %lld: steps: role: '%s' is none of "
			    "roles", (long long)s->line, s->role);
		if (before != NULL && before->after_s > s->after_s)
			return why_set(why, ERR_FORMAT, "line %lld: steps: after: the step before "
			    "it, of the same level, comes later", (long long)s->line);
	}
	return OK;
}

enum err
escalation_parse(struct escalation *ret_pack, struct span text, struct why *why)
{
	struct escalation *e;
	enum err rc;

	if (text.n > PACK_BYTES_MAX)
		return why_set(why, ERR_LIMIT, "more than %d octets", PACK_BYTES_MAX);
	e = xcalloc(1, sizeof *e);
	e->handover_s = 30 * 60;
	e->drill_s = 90 * DAY_S;
	e->verified_s = 365 * DAY_S;
	e->gaps_s = 14 * DAY_S;
	rc = keys_read(e, pack_key, "the pack", text, why);
	if (rc == OK && e->name[0] == '\0')
		rc = why_set(why, ERR_FORMAT, "line 1: pack: say its name");
	if (rc == OK)
		rc = roles_check(e, why);
	if (rc == OK)
		rc = steps_check(e, why);
	if (rc == OK)
		*ret_pack = *e;
	free(e);
	return rc;
}

enum err
escalation_own(struct escalation *ret_pack, struct why *why)
{
	return escalation_parse(ret_pack, pack_escalation, why);
}
