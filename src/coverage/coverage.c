/* SPDX-License-Identifier: Apache-2.0 */
/* The period and its steps; see coverage.h. */
#include "coverage/coverage.h"

#include "base/limits.h"
#include "coverage/coverage_int.h"

static const int64_t hour_ns = INT64_C(3600000000000);

/* Steps begin with whole hours, or days, of the office's zone. */
static enum err
steps_make(struct coverage_result *r, struct why *why)
{
	int64_t from = r->period.from_ns, to = r->period.to_ns, zone_ns, over;

	if (from < 0 || from >= to)
		return why_set(why, ERR_FORMAT, "the period is empty: it begins when it ends, or "
		    "later");
	r->step_ns = to - from <= LIMIT_COVERAGE_HOURS * hour_ns ? hour_ns : 24 * hour_ns;
	zone_ns = r->period.zone_s * INT64_C(1000000000);
	over = (from + zone_ns) % r->step_ns;
	r->base_ns = from - (over < 0 ? over + r->step_ns : over);
	if ((to - r->base_ns) / r->step_ns >= LIMIT_COVERAGE_STEPS)
		return why_set(why, ERR_FORMAT, "the period is longer than %d days; ask for less "
		    "at a time", LIMIT_COVERAGE_STEPS);
	r->nstep = (uint32_t)((to - r->base_ns + r->step_ns - 1) / r->step_ns);
	return OK;
}

/* The first leaf of the tree, or a record that came before it; else it begins now. */
static void
begin_find(struct coverage_result *r)
{
	if (r->begun_ns == 0)
		r->begun_ns = r->period.now_ns;
	for (uint32_t i = 0; i < r->nsource; i++)
		if (r->source[i].first_ns < r->begun_ns)
			r->begun_ns = r->source[i].first_ns;
}

enum err
coverage_make(struct store *store, int dirfd, const struct coverage_ask *ask,
    struct arena *arena, struct coverage_result *ret, struct why *why)
{
	enum err rc;

	*ret = (struct coverage_result){ .period = ask->period };
	rc = steps_make(ret, why);
	if (rc == OK)
		rc = rows_count(store, ask, arena, ret, why);
	if (rc == OK)
		rc = losses_count(dirfd, ask, arena, ret, why);
	if (rc == OK)
		rc = held_count(store, ret, why);
	if (rc == OK)
		begin_find(ret);
	return rc;
}

enum err
coverage_losses(int dirfd, const struct coverage_ask *ask, struct arena *arena,
    struct coverage_result *ret, struct why *why)
{
	enum err rc;

	*ret = (struct coverage_result){ .period = ask->period };
	rc = steps_make(ret, why);
	return rc == OK ? losses_count(dirfd, ask, arena, ret, why) : rc;
}
