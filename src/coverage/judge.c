/* SPDX-License-Identifier: Apache-2.0 */
/* What the counts mean for a person: see coverage.h. One row of the table below per limit. */
#include "base/civil.h"
#include "model/registry.h"
#include "model/shape.h"
#include "coverage/coverage_int.h"

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
	/* Silent for so long: it does not pause, it has stopped. */
	STOPPED_S = 86400,
	/* Office hours: Monday to Friday, minutes of the day. */
	OFFICE_BEGINS = 7 * 60 + 30,
	OFFICE_ENDS = 17 * 60,
};

uint64_t
coverage_usual_pause_s(const struct coverage_source *s)
{
	uint64_t all = 0, longer = 0, usual_s = 0;

	for (unsigned i = 0; i < COVERAGE_PAUSES; i++)
		all += s->pause[i];
	if (all < PAUSES_MIN)
		return 0;
	for (unsigned i = COVERAGE_PAUSES; i-- > 0;) {
		longer += s->pause[i];
		if (longer > all / PAUSES_ODD) {
			usual_s = i < 10 ? 1 : (UINT64_C(1) << i) / 1000 + 1;
			break;
		}
	}
	return usual_s > s->habit_s ? usual_s : s->habit_s;
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

/* About a source; its row of the register, if it has one, is said too. */
static void
source_remark(struct judge *j, const struct coverage_result *r, enum coverage_verdict verdict,
    uint32_t i, uint64_t value, uint64_t usual)
{
	j->list[j->n++] = (struct coverage_remark){ verdict, i, UINT32_MAX, value, usual,
	    r->source[i].row };
}

/* About a door, or the desk: loss is UINT32_MAX. */
static void
desk_remark(struct judge *j, enum coverage_verdict verdict, uint32_t loss, uint64_t value,
    uint64_t usual)
{
	j->list[j->n++] = (struct coverage_remark){ verdict, UINT32_MAX, loss, value, usual,
	    UINT32_MAX };
}

/* ---- silence ---- */

/* Silence is counted up to here. */
static int64_t
end_of(const struct coverage_result *r)
{
	return r->period.now_ns < r->period.to_ns ? r->period.now_ns : r->period.to_ns;
}

static uint64_t
seconds_from(const struct coverage_result *r, int64_t ns)
{
	int64_t end_ns = end_of(r);

	return end_ns > ns ? (uint64_t)(end_ns - ns) / CIVIL_SECOND_NS : 0;
}

/* Seconds of office hours from then on; counts on only until there are more than enough. */
static uint64_t
office_seconds(const struct coverage_result *r, int64_t ns, uint64_t enough)
{
	int64_t from = ns / CIVIL_SECOND_NS + r->period.zone_s;
	int64_t to = end_of(r) / CIVIL_SECOND_NS + r->period.zone_s;
	uint64_t sum = 0;

	for (int64_t day = from / CIVIL_DAY_S; day * CIVIL_DAY_S < to && sum <= enough; day++) {
		int64_t begin = day * CIVIL_DAY_S + OFFICE_BEGINS * 60;
		int64_t end = day * CIVIL_DAY_S + OFFICE_ENDS * 60;

		/* Day 0 was a Thursday; 0 is Sunday. */
		if ((day + 4) % 7 == 0 || (day + 4) % 7 == 6)
			continue;
		begin = begin > from ? begin : from;
		end = end < to ? end : to;
		sum += end > begin ? (uint64_t)(end - begin) : 0;
	}
	return sum;
}

static bool
has_pause(const struct registry_row *row)
{
	return row->pause_s > 0 || row->office_s > 0;
}

/* Silent since ns for longer than the row says; *ret_limit: the pause that was too short. */
static bool
is_over(const struct coverage_result *r, const struct registry_row *row, int64_t ns,
    uint64_t *ret_limit)
{
	if (row->pause_s > 0 && seconds_from(r, ns) > row->pause_s) {
		*ret_limit = row->pause_s;
		return true;
	}
	*ret_limit = row->office_s;
	return row->office_s > 0 && office_seconds(r, ns, row->office_s) > row->office_s;
}

/* Silent for longer than usual; *ret_usual: the longest pause that is. */
static bool
is_silent(const struct coverage_result *r, const struct coverage_source *s, uint64_t *ret_usual)
{
	uint64_t quiet_s = seconds_from(r, s->last_ns);

	*ret_usual = coverage_usual_pause_s(s);
	return *ret_usual > 0 && quiet_s >= SILENT_MIN_S && quiet_s / SILENT_TIMES >= *ret_usual;
}

static const struct registry_row *
row_of(const struct coverage_result *r, uint32_t row)
{
	return registry_row(r->registry, row);
}

int64_t
coverage_since(const struct coverage_result *r, uint32_t row)
{
	int64_t begun_ns = r->begun_ns > r->period.from_ns ? r->begun_ns : r->period.from_ns;
	int64_t since_ns = r->expected[row].since_ns;

	return since_ns > begun_ns ? since_ns : begun_ns;
}

/* Was it not expected yet, or nothing recorded yet, when the period ended? */
static bool
is_later(const struct coverage_result *r, uint32_t row)
{
	return r->expected[row].since_ns >= end_of(r) || r->begun_ns >= end_of(r);
}

enum coverage_state
coverage_state(const struct coverage_result *r, uint32_t row)
{
	const struct coverage_expected *e = &r->expected[row];
	uint64_t limit;
	bool silent;

	if (e->sources == 0)
		return is_later(r, row) ? COVERAGE_LATER : COVERAGE_MISSING;
	silent = has_pause(row_of(r, row)) ? is_over(r, row_of(r, row), e->last_ns, &limit) :
	    is_silent(r, &r->source[e->last], &limit);
	if (!silent)
		return COVERAGE_ARRIVES;
	return seconds_from(r, e->last_ns) > STOPPED_S ? COVERAGE_STOPPED : COVERAGE_QUIET;
}

/* A row of the register: judged as a whole by its own pause, or missed. */
static void
row_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	const struct coverage_expected *e = &r->expected[i];
	const struct registry_row *row = row_of(r, i);
	int64_t since_ns = coverage_since(r, i);
	uint64_t limit = 0;

	if (e->sources == 0 && !is_later(r, i) &&
	    (!has_pause(row) || is_over(r, row, since_ns, &limit)))
		j->list[j->n++] = (struct coverage_remark){ COVERAGE_ABSENT, UINT32_MAX,
		    UINT32_MAX, seconds_from(r, since_ns), limit, i };
	if (e->sources > 0 && has_pause(row) && is_over(r, row, e->last_ns, &limit))
		source_remark(j, r, COVERAGE_SILENT, e->last, seconds_from(r, e->last_ns), limit);
}

/* A source by what is usual for it, unless a row says what is or it goes on elsewhere. */
static void
silence_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	const struct coverage_source *s = &r->source[i];
	uint64_t usual;

	if (s->goes_on || (s->row != UINT32_MAX && has_pause(row_of(r, s->row))))
		return;
	if (is_silent(r, s, &usual))
		source_remark(j, r, COVERAGE_SILENT, i, seconds_from(r, s->last_ns), usual);
}

/* ---- the rest ---- */

static void
clock_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	unsigned skew = skew_median(&r->source[i]);
	int64_t off_s = skew < COVERAGE_SKEWS ? coverage_skew_s(skew) : 0;

	if (off_s <= -SKEW_MIN_S || off_s >= SKEW_MIN_S)
		source_remark(j, r, COVERAGE_SKEWED, i, (uint64_t)off_s, 0);
}

static void
source_judge(struct judge *j, const struct coverage_result *r, uint32_t i)
{
	const struct coverage_source *s = &r->source[i];

	if (is_live(s))
		silence_judge(j, r, i);
	if (s->missing > 0)
		source_remark(j, r, COVERAGE_GAPS, i, s->missing, s->numbered);
	if (is_live(s))
		clock_judge(j, r, i);
	if (s->unparsed >= UNPARSED_MIN && s->unparsed >= s->rows / UNPARSED_SHARE)
		source_remark(j, r, COVERAGE_UNPARSED, i, s->unparsed, s->rows);
}

static void
losses_judge(struct judge *j, const struct coverage_result *r, enum coverage_grade grade,
    enum coverage_verdict verdict)
{
	for (uint32_t i = 0; i < r->nloss; i++)
		if (r->loss[i].grade == grade)
			desk_remark(j, verdict, i, r->loss[i].total, 0);
}

static void
desk_judge(struct judge *j, const struct coverage_result *r)
{
	uint64_t numbers = r->last_seq > 0 ? r->last_seq - r->first_seq + 1 : 0;

	if (numbers > r->held)
		desk_remark(j, COVERAGE_GONE, UINT32_MAX, numbers - r->held, numbers);
	if (r->noutage > 0)
		desk_remark(j, COVERAGE_DOWN, UINT32_MAX, (uint64_t)r->down_ns / CIVIL_SECOND_NS,
		    r->noutage);
}

bool
coverage_is_unknown(const struct coverage_source *s)
{
	return s->row == UINT32_MAX && is_live(s) && s->trust != TRUST_LOCAL;
}

static void
unknown_judge(struct judge *j, const struct coverage_result *r)
{
	uint64_t n = 0, more = 0;

	for (uint32_t i = 0; i < r->nsource; i++) {
		if (!coverage_is_unknown(&r->source[i]))
			continue;
		if (n++ < COVERAGE_UNKNOWNS)
			source_remark(j, r, COVERAGE_UNKNOWN, i, r->source[i].rows, 0);
		else
			more += r->source[i].rows;
	}
	if (n > COVERAGE_UNKNOWNS)
		desk_remark(j, COVERAGE_UNKNOWN, UINT32_MAX, more, n - COVERAGE_UNKNOWNS);
}

/* A period without a record would look like one without a fault. */
static void
nothing_judge(struct judge *j, const struct coverage_result *r)
{
	bool before = r->begun_ns == 0 || r->begun_ns >= end_of(r);

	if (r->rows == 0)
		desk_remark(j, before ? COVERAGE_BEFORE : COVERAGE_EMPTY, UINT32_MAX, 0, 0);
}

uint32_t
coverage_judge(const struct coverage_result *r, struct arena *arena,
    const struct coverage_remark **ret)
{
	struct judge j = { .n = 0 };

	j.list = arena_alloc(arena, (r->nsource * (size_t)5 + r->nexpected + r->nloss + 4) *
	    sizeof *j.list);
	nothing_judge(&j, r);
	losses_judge(&j, r, COVERAGE_LOST, COVERAGE_DROPPED);
	desk_judge(&j, r);
	for (uint32_t i = 0; i < r->nexpected; i++)
		row_judge(&j, r, i);
	for (uint32_t i = 0; i < r->nsource; i++)
		source_judge(&j, r, i);
	losses_judge(&j, r, COVERAGE_REFUSED, COVERAGE_TURNED_AWAY);
	/* Without a register nobody is known, and that is nobody's fault. */
	if (r->nexpected > 0)
		unknown_judge(&j, r);
	*ret = j.list;
	return j.n;
}
