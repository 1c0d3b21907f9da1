/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of a pack of incidents; see incidentpack.h. */
#include "role/incidentpack.h"

#include <string.h>

#include "role/packjson.h"
#include "role/packs.h"
#include "role/rulepack_int.h"

enum {
	LEVEL_MAX = 9,
	AFTER_MAX = 366 * 86400,	/* later is no deadline of an incident */
};

#define LEVEL(s)	{ .name = "level", .type = KEY_NUMBER, .at = offsetof(struct s, level), \
	.min = 1, .max = LEVEL_MAX, .required = true }
#define TEXT(s, f)	{ .name = #f, RULEPACK_FIELD(s, f) }
#define NEEDED(s, f)	{ .name = #f, RULEPACK_FIELD(s, f), .required = true }
#define SECONDS(s, f)	.name = #f, .type = KEY_SECONDS, .at = offsetof(struct s, f), \
	.max = AFTER_MAX
#define LIST_OF(s, array, count, most, keys) .type = KEY_LIST, .at = offsetof(struct s, array), \
	.max = (most), .size = sizeof(((struct s *)0)->array[0]), \
	.count_at = offsetof(struct s, count), .sub = (keys), .required = true

/* ---- tables ---- */

static const struct key severity_key[] = {
	RULEPACK_KEYS(true),
	NEEDED(incident_severity, profile),
	NEEDED(incident_severity, english),
	LEVEL(incident_severity),
	{ .name = NULL },
};

static const struct key question_key[] = {
	RULEPACK_KEYS(true),
	NEEDED(incident_question, profile),
	NEEDED(incident_question, english),
	LEVEL(incident_question),
	TEXT(incident_question, needs),
	{ .name = NULL },
};

static const struct key warn_key[] = {
	{ SECONDS(incident_warning, before), .required = true },
	{ .name = NULL },
};

static const struct key clock_key[] = {
	RULEPACK_KEYS(true),
	NEEDED(incident_clock, profile),
	NEEDED(incident_clock, english),
	LEVEL(incident_clock),
	{ .name = "starts", .type = KEY_CHOICE, .at = offsetof(struct incident_clock, starts),
	    .choice = "detected,personal", .required = true },
	{ SECONDS(incident_clock, after), .required = true },
	NEEDED(incident_clock, recipient),
	{ .name = "warn", LIST_OF(incident_clock, warn, nwarn, INCIDENT_WARNINGS, warn_key),
	    .lone = "before" },
	{ .name = NULL },
};

static const struct key step_key[] = {
	NEEDED(incident_step, title),
	NEEDED(incident_step, english),
	{ .name = "evidence", .type = KEY_BOOL, .at = offsetof(struct incident_step, evidence) },
	{ SECONDS(incident_step, within), .required = true },
	{ .name = NULL },
};

static const struct key playbook_key[] = {
	RULEPACK_KEYS(true),
	NEEDED(incident_playbook, english),
	{ .name = "steps", LIST_OF(incident_playbook, step, nstep, INCIDENT_STEPS, step_key) },
	{ .name = NULL },
};

/* ---- what the entries say ---- */

/* It becomes the name of a field. */
static const char *
question_check(void *entry)
{
	const struct incident_question *q = entry;
	const char *name = q->words.name;

	for (size_t i = 0; name[i] != '\0'; i++)
		if ((name[i] < 'a' || name[i] > 'z') && name[i] != '_' &&
		    (name[i] < '0' || name[i] > '9'))
			return "a question's name has a-z, 0-9 and _ only";
	return strcmp(q->needs, name) == 0 ? "a question does not need itself" : NULL;
}

/* It becomes a part of a path. */
static const char *
word_check(const char *name)
{
	for (size_t i = 0; name[i] != '\0'; i++)
		if ((name[i] < 'a' || name[i] > 'z') && (name[i] < '0' || name[i] > '9') &&
		    name[i] != '-' && name[i] != '_')
			return "a name has a-z, 0-9, - and _ only";
	return NULL;
}

static const char *
clock_check(void *entry)
{
	const struct incident_clock *c = entry;

	for (unsigned i = 0; i < c->nwarn; i++)
		if (c->warn[i].before > c->after)
			return "warn lies before the clock begins";
	return c->nwarn == 0 ? "warn: say when, at least 0s" : word_check(c->words.name);
}

static const char *
playbook_check(void *entry)
{
	const struct incident_playbook *p = entry;

	if (p->nstep == 0 || !p->step[0].evidence)
		return "the first step keeps evidence: say evidence: true";
	return word_check(p->words.name);
}

static const struct rulepack_kind playbook_kind = {
	.list = { .name = "playbooks", LIST_OF(incidentpack, playbook, nplaybook,
	    INCIDENT_PLAYBOOKS, playbook_key) },
	.check = playbook_check,
};

static const struct rulepack_kind clock_kind = {
	.list = { .name = "clocks", LIST_OF(incidentpack, clock, nclock, INCIDENT_CLOCKS,
	    clock_key) },
	.check = clock_check,
	.next = &playbook_kind,
};

static const struct rulepack_kind question_kind = {
	.list = { .name = "questions", LIST_OF(incidentpack, question, nquestion,
	    INCIDENT_QUESTIONS, question_key) },
	.check = question_check,
	.next = &clock_kind,
};

/* ---- what the whole says ---- */

static bool
has_level(const struct incidentpack *p, const char *profile, int64_t level)
{
	for (unsigned i = 0; i < p->nseverity; i++)
		if (strcmp(p->severity[i].profile, profile) == 0 &&
		    (level == 0 || p->severity[i].level == level))
			return true;
	return level == 0 && strcmp(profile, "any") == 0;
}

static bool
has_question(const struct incidentpack *p, const struct incident_question *of)
{
	for (unsigned i = 0; i < p->nquestion; i++)
		if (strcmp(p->question[i].words.name, of->needs) == 0)
			return strcmp(p->question[i].profile, of->profile) == 0;
	return of->needs[0] == '\0';
}

static enum err
wrong(const struct rulepack_words *words, const char *list, const char *what, struct why *why)
{
	return why_set(why, ERR_FORMAT, "line %lld: %s: %s: %s", (long long)words->line, list,
	    words->name, what);
}

static enum err
pack_check(const void *pack, struct why *why)
{
	const struct incidentpack *p = pack;

	if (p->nseverity == 0)
		return why_set(why, ERR_FORMAT, "line 1: severities: there has to be one");
	for (unsigned i = 0; i < p->nseverity; i++)
		for (unsigned k = 0; k < i; k++)
			if (p->severity[i].level == p->severity[k].level &&
			    strcmp(p->severity[i].profile, p->severity[k].profile) == 0)
				return wrong(&p->severity[i].words, "severities",
				    "another one of this profile has this level", why);
	for (unsigned i = 0; i < p->nquestion; i++) {
		const struct incident_question *q = &p->question[i];

		if (!has_level(p, q->profile, q->level))
			return wrong(&q->words, "questions", "no severity has this profile and "
			    "level", why);
		if (!has_question(p, q))
			return wrong(&q->words, "questions", "needs names no question of this "
			    "profile", why);
	}
	for (unsigned i = 0; i < p->nclock; i++)
		if (!has_level(p, p->clock[i].profile, 0))
			return wrong(&p->clock[i].words, "clocks", "no severity has this profile",
			    why);
	return OK;
}

const struct rulepack_kind incidentpack_kind = {
	.bytes = sizeof(struct incidentpack),
	.list = { .name = "severities", LIST_OF(incidentpack, severity, nseverity,
	    INCIDENT_SEVERITIES, severity_key) },
	.own = &pack_incident,
	.next = &question_kind,
	.whole = pack_check,
};

/* ---- as the desk takes it ---- */

static void
clock_put(struct buf *out, bool first, const struct incident_clock *c)
{
	packjson_words(out, first, &c->words, c->english);
	packjson_text(out, "profile", c->profile);
	packjson_number(out, "level", c->level);
	packjson_text(out, "starts", c->starts == INCIDENT_PERSONAL ? "personal" : "detected");
	packjson_number(out, "after", c->after);
	packjson_text(out, "recipient", c->recipient);
	buf_str(out, ",\"warn\":[");
	for (unsigned i = 0; i < c->nwarn; i++)
		buf_printf(out, i > 0 ? ",%lld" : "%lld", (long long)c->warn[i].before);
	buf_str(out, "]}");
}

static void
playbook_put(struct buf *out, bool first, const struct incident_playbook *p)
{
	packjson_words(out, first, &p->words, p->english);
	buf_str(out, ",\"steps\":[");
	for (unsigned i = 0; i < p->nstep; i++) {
		buf_str(out, i > 0 ? ",{\"title\":" : "{\"title\":");
		json_string(out, span_str(p->step[i].title));
		packjson_text(out, "english", p->step[i].english);
		packjson_number(out, "evidence", p->step[i].evidence);
		packjson_number(out, "within", p->step[i].within);
		buf_u8(out, '}');
	}
	buf_str(out, "]}");
}

void
incidentpack_json(struct buf *out, const struct incidentpack *p)
{
	packjson_head(out, &p->head);
	packjson_text(out, "profile", p->severity[0].profile);
	buf_str(out, ",\"severities\":[");
	for (unsigned i = 0; i < p->nseverity; i++) {
		packjson_words(out, i == 0, &p->severity[i].words, p->severity[i].english);
		packjson_text(out, "profile", p->severity[i].profile);
		packjson_number(out, "level", p->severity[i].level);
		buf_u8(out, '}');
	}
	buf_str(out, "],\"questions\":[");
	for (unsigned i = 0; i < p->nquestion; i++) {
		packjson_words(out, i == 0, &p->question[i].words, p->question[i].english);
		packjson_text(out, "profile", p->question[i].profile);
		packjson_number(out, "level", p->question[i].level);
		packjson_text(out, "needs", p->question[i].needs);
		buf_u8(out, '}');
	}
	buf_str(out, "],\"clocks\":[");
	for (unsigned i = 0; i < p->nclock; i++)
		clock_put(out, i == 0, &p->clock[i]);
	buf_str(out, "],\"playbooks\":[");
	for (unsigned i = 0; i < p->nplaybook; i++)
		playbook_put(out, i == 0, &p->playbook[i]);
	buf_str(out, "]}");
}
