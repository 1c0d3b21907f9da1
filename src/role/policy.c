/* SPDX-License-Identifier: Apache-2.0 */
/* See policy.h. */
#include "role/policy.h"

#include <stdlib.h>

#include "base/civil.h"
#include "base/must.h"
#include "model/json.h"
#include "role/almanac.h"
#include "role/escalation.h"

enum { YEARS_AROUND = 10 };		/* a desk that runs on begins anew before */

static void
text_put(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, "\"%s\":", name);
	json_string(out, span_str(text));
	buf_u8(out, ',');
}

static void
roles_put(struct buf *out, const struct escalation *e)
{
	buf_str(out, "{\"roles\":[");
	for (unsigned i = 0; i < e->nrole; i++) {
		const struct escalation_role *r = &e->role[i];

		buf_str(out, i > 0 ? ",{" : "{");
		text_put(out, "name", r->name);
		text_put(out, "title", r->title);
		text_put(out, "english", r->english[0] != '\0' ? r->english : r->title);
		buf_printf(out, "\"tier\":%d}", r->tier);
	}
}

static void
steps_put(struct buf *out, const struct escalation *e)
{
	buf_str(out, "],\"steps\":[");
	for (unsigned i = 0; i < e->nstep; i++) {
		const struct escalation_step *s = &e->step[i];

		buf_str(out, i > 0 ? ",{" : "{");
		text_put(out, "role", s->role);
		buf_printf(out, "\"level\":%lld,\"step\":%lld,\"after\":%lld}",
		    (long long)s->level, (long long)s->step,
		    (long long)(s->after_s * CIVIL_SECOND_NS));
	}
}

static void
rules_put(struct buf *out, const struct escalation *e, const struct conf *conf)
{
	const struct {
		const char *name;
		int64_t seconds;
	} rule[] = { { "handover", e->handover_s }, { "drill", e->drill_s },
	    { "verified", e->verified_s }, { "gaps", e->gaps_s } };

	buf_printf(out, "],\"rules\":{\"zone\":%lld", (long long)conf->zone_minutes);
	for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
		buf_printf(out, ",\"%s\":%lld", rule[i].name,
		    (long long)(rule[i].seconds * CIVIL_SECOND_NS));
	buf_str(out, "},\"holidays\":[");
}

/* All of this entry in the years around today. */
static void
holiday_put(struct buf *out, const struct almanac_day *day, int year, int64_t zone_ns)
{
	const int64_t day_ns = CIVIL_DAY_S * CIVIL_SECOND_NS;
	struct due_span span;

	if (day->kind != ALMANAC_HOLIDAY)
		return;
	for (int y = year - YEARS_AROUND; y <= year + YEARS_AROUND; y++) {
		if (!due_in_year(&day->due, y, &span))
			continue;
		buf_str(out, out->p[out->n - 1] == '[' ? "{" : ",{");
		text_put(out, "title", day->words.title);
		text_put(out, "english", day->english[0] != '\0' ? day->english : day->words.title);
		buf_printf(out, "\"first\":%lld,\"last\":%lld}",
		    (long long)(span.first * day_ns - zone_ns),
		    (long long)((span.last + 1) * day_ns - zone_ns));
	}
}

/* Entries of the pack give way to the office's own of the same name. */
static void
holidays_put(struct buf *out, const struct almanac *pack, const struct conf *conf, int64_t now_ns)
{
	int64_t zone_ns = conf->zone_minutes * 60 * CIVIL_SECOND_NS;
	struct civil today;

	civil_split(&today, now_ns, (int32_t)conf->zone_minutes * 60);
	for (unsigned i = 0; i < conf->nday; i++)
		holiday_put(out, &conf->day[i], today.year, zone_ns);
	for (unsigned i = 0; i < pack->nday; i++)
		if (almanac_find(conf->day, conf->nday, pack->day[i].words.name) == NULL)
			holiday_put(out, &pack->day[i], today.year, zone_ns);
	buf_str(out, "]}");
}

enum err
policy_load(struct desk *desk, const struct conf *conf, int64_t now_ns, struct why *why)
{
	struct escalation *e = xcalloc(1, sizeof *e);
	struct almanac *days = xcalloc(1, sizeof *days);
	struct buf json = { 0 };
	enum err rc = escalation_own(e, why);

	if (rc == OK)
		rc = rulepack_own(days, &almanac_kind, why);
	if (rc == OK) {
		roles_put(&json, e);
		steps_put(&json, e);
		rules_put(&json, e, conf);
		holidays_put(&json, days, conf, now_ns);
		rc = desk_load(desk, "duty", buf_span(&json), why);
	}
	buf_done(&json);
	free(days);
	free(e);
	return rc;
}
