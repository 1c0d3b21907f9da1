/* SPDX-License-Identifier: Apache-2.0 */
/* What the counts mean for a person: see coverage.h. One row of the table below per limit. */
#include "coverage/coverage.h"

enum {
	/* Pauses tell what is usual when there were so many; the longest few may be outages. */
	PAUSES_MIN = 20,
	PAUSES_ODD = 1000,		/* one in so many is not usual */
	/* Silent: so many times as long as usual, and so many seconds at least. */
	SILENT_TIMES = 4,
	SILENT_MIN_S = 600,
	/* A clock that is off by less does not change the order of an incident's events. */
	SKEW_MIN_S = 60,
	SKEW_ROWS = 20,
	/* Records not understood, one in so many, and so many at least. */
	UNPARSED_SHARE = 100,
	UNPARSED_MIN = 10,
};

uint64_t
coverage_usual_pause_s(const struct coverage_source *s)
{
	uint64_t all = 0, longer = 0;

	for (unsigned i = 0; i < COVERAGE_PAUSES; i++)
		all += s->pause[i];
	if (all < PAUSES_MIN)
		return 0;
	for (unsigned i = COVERAGE_PAUSES; i-- > 0;) {
		longer += s->pause[i];
		if (longer > all / PAUSES_ODD)
			return i < 10 ? 1 : (UINT64_C(1) << i) / 1000 + 1;
	}
	return 0;
}

/* The median class; COVERAGE_SKEWS: too few rows say it. */
static unsigned
skew_median(const struct coverage_source *s)
{
	uint64_t all = 0, below = 0;
	unsigned i;

	for (i = 0; i < COVERAGE_SKEWS; i++)
		all += s->skew[i];
	if (all < SKEW_ROWS)
		return COVERAGE_SKEWS;
	for (i = 0; i < COVERAGE_SKEWS && below + s->skew[i] <= all / 2; i++)
		below += s->skew[i];
	return i;
}

struct judge {
	struct coverage_remark *list;
	uint32_t n;
};

static void
remark(struct judge *j, const struct coverage_remark *what)
{
	j->list[j->n++] = *what;
}

static void
silence_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	const struct coverage_source *s = &r->source[i];
	int64_t end_ns = r->period.now_ns < r->period.to_ns ? r->period.now_ns : r->period.to_ns;
	uint64_t usual_s = coverage_usual_pause_s(s), quiet_s;

	if (usual_s == 0 || end_ns <= s->last_ns)
		return;
	quiet_s = (uint64_t)(end_ns - s->last_ns) / 1000000000;
	if (quiet_s >= SILENT_MIN_S && quiet_s / SILENT_TIMES >= usual_s)
		remark(j, &(struct coverage_remark){ COVERAGE_SILENT, i, UINT32_MAX, quiet_s,
		    usual_s });
}

static void
clock_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	unsigned skew = skew_median(&r->source[i]);
	int64_t off_s = skew < COVERAGE_SKEWS ? coverage_skew_s(skew) : 0;

	if (off_s <= -SKEW_MIN_S || off_s >= SKEW_MIN_S)
		remark(j, &(struct coverage_remark){ COVERAGE_SKEWED, i, UINT32_MAX,
		    (uint64_t)off_s, 0 });
}

/* Files that were imported (roles.md, "Imports") are old and come once. */
static bool
is_live(const struct coverage_source *s)
{
	return !span_starts(s->listener, SPAN("import:"));
}

static void
source_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	const struct coverage_source *s = &r->source[i];

	if (is_live(s))
		silence_judge(j, r, i);
	if (s->missing > 0)
		remark(j, &(struct coverage_remark){ COVERAGE_GAPS, i, UINT32_MAX, s->missing,
		    s->numbered });
	if (is_live(s))
		clock_judge(j, r, i);
	if (s->unparsed >= UNPARSED_MIN && s->unparsed >= s->rows / UNPARSED_SHARE)
		remark(j, &(struct coverage_remark){ COVERAGE_UNPARSED, i, UINT32_MAX, s->unparsed,
		    s->rows });
}

static void
losses_judge(struct judge *j, const struct coverage_result *r, enum coverage_grade grade,
    enum coverage_verdict verdict)
{
	for (uint32_t i = 0; i < r->nloss; i++)
		if (r->loss[i].grade == grade)
			remark(j, &(struct coverage_remark){ verdict, UINT32_MAX, i,
			    r->loss[i].total, 0 });
}

static void
desk_judge(struct judge *j, const struct coverage_result *r)
{
	uint64_t numbers = r->last_seq > 0 ? r->last_seq - r->first_seq + 1 : 0;

	if (numbers > r->held)
		remark(j, &(struct coverage_remark){ COVERAGE_GONE, UINT32_MAX, UINT32_MAX,
		    numbers - r->held, numbers });
	if (r->noutage > 0)
		remark(j, &(struct coverage_remark){ COVERAGE_DOWN, UINT32_MAX, UINT32_MAX,
		    (uint64_t)r->down_ns / 1000000000, r->noutage });
}

uint32_t
coverage_judge(const struct coverage_result *r, struct arena *arena,
    const struct coverage_remark **ret)
{
	struct judge j = { .n = 0 };

	j.list = arena_alloc(arena, (r->nsource * (size_t)4 + r->nloss + 2) * sizeof *j.list);
	losses_judge(&j, r, COVERAGE_LOST, COVERAGE_DROPPED);
	desk_judge(&j, r);
	for (uint32_t i = 0; i < r->nsource; i++)
		source_judge(&j, r, i);
	losses_judge(&j, r, COVERAGE_REFUSED, COVERAGE_TURNED_AWAY);
	*ret = j.list;
	return j.n;
}
