/* SPDX-License-Identifier: Apache-2.0 */
/* Remarks and states to conditions: see conditions.h. */
#include "coverage/conditions.h"

#include "model/registry.h"

struct list {
	const struct conditions_ask *ask;
	struct condition *condition;
	uint32_t n;
};

/* Of the whole desk, within the window. */
static struct condition *
add(struct list *l, enum watch_rule_id rule, uint64_t value, uint64_t usual)
{
	struct condition *c = &l->condition[l->n++];

	*c = (struct condition){ .rule = rule, .value = value, .usual = usual,
	    .from_ns = l->ask->from_ns, .to_ns = l->ask->now_ns,
	    .from_seq = l->ask->view->newest_seq, .to_seq = l->ask->view->newest_seq };
	return c;
}

static void
source_add(struct list *l, enum watch_rule_id rule, const struct coverage_remark *m)
{
	const struct rolling_view *view = l->ask->view;
	const struct coverage_source *s = &view->result.source[m->source];
	struct condition *c = add(l, rule, m->value, m->usual);

	c->group = (struct finding_group){ .listener = s->listener, .peer = s->peer,
	    .identity = s->identity, .host = s->host, .unit = s->unit };
	/* It rests on its records up to the last one; a silent one, on what followed. */
	if (rule == RULE_SILENT) {
		c->from_seq = view->last_seq[m->source];
		c->from_ns = view->last_ns[m->source];
	} else {
		c->from_seq = c->to_seq = view->last_seq[m->source];
	}
	if (rule == RULE_SKEWED && (int64_t)c->value < 0)
		c->value = -c->value;
}

/* A row of the register that nobody has come for. */
static void
row_add(struct list *l, const struct coverage_remark *m)
{
	struct condition *c = add(l, RULE_ABSENT, m->value, m->usual);

	c->group.subject = registry_row(l->ask->view->result.registry, m->row)->id;
}

static void
loss_add(struct list *l, enum watch_rule_id rule, const struct coverage_loss *loss)
{
	struct condition *c = add(l, rule, loss->total, 0);

	c->group.listener = loss->door;
	c->group.subject = loss->name;
}

static void
rows_put(struct list *l, struct arena *arena)
{
	/* + 1; 0: no rule, or one of the doors. */
	static const uint8_t rule_of[COVERAGE_VERDICT_END] = {
		[COVERAGE_SILENT] = RULE_SILENT + 1, [COVERAGE_SKEWED] = RULE_SKEWED + 1,
		[COVERAGE_UNPARSED] = RULE_UNPARSED + 1, [COVERAGE_GAPS] = RULE_GAPS + 1,
		[COVERAGE_GONE] = RULE_GONE + 1, [COVERAGE_UNKNOWN] = RULE_UNKNOWN + 1 };
	const struct coverage_remark *remark;
	uint32_t n = coverage_judge(&l->ask->view->result, arena, &remark);

	for (uint32_t i = 0; i < n; i++) {
		unsigned rule = rule_of[remark[i].verdict];

		if (remark[i].verdict == COVERAGE_ABSENT)
			row_add(l, &remark[i]);
		if (rule == 0)
			continue;
		if (remark[i].source != UINT32_MAX)
			source_add(l, (enum watch_rule_id)(rule - 1), &remark[i]);
		else
			(void)add(l, (enum watch_rule_id)(rule - 1), remark[i].value,
			    remark[i].usual);
	}
}

static void
losses_put(struct list *l, struct arena *arena)
{
	const struct coverage_result *r = l->ask->losses;
	const struct coverage_remark *remark;
	uint32_t n = coverage_judge(r, arena, &remark);

	for (uint32_t i = 0; i < n; i++) {
		const struct coverage_remark *m = &remark[i];

		if (m->verdict == COVERAGE_DROPPED)
			loss_add(l, RULE_DROPPED, &r->loss[m->loss]);
		else if (m->verdict == COVERAGE_TURNED_AWAY)
			loss_add(l, RULE_REFUSED, &r->loss[m->loss]);
		else if (m->verdict == COVERAGE_DOWN)
			(void)add(l, RULE_DOWN, m->value, 0);
	}
}

/* Who keeps trying; strangers are only counted, a scanner would make a finding of each. */
static void
denied_add(struct list *l, const struct denied *d)
{
	struct condition *c;

	if (d->cause != DENIED_REVOKED && d->cause != DENIED_EXPIRED)
		return;
	c = add(l, d->cause == DENIED_REVOKED ? RULE_REVOKED : RULE_EXPIRED, d->times, 0);
	c->group.listener = d->listener;
	c->group.peer = d->peer;
	/* Whoever shows a certificate has not proved yet that it is his. */
	c->group.subject = d->name;
}

static void
desk_put(struct list *l)
{
	const struct desk_state *d = l->ask->desk;

	if (d->store.n > 0)
		add(l, RULE_STORE, 1, 0)->group.subject = d->store;
	if (d->unsealed > 0)
		(void)add(l, RULE_SEAL, d->unsealed, 0);
	if (d->disk_hours < DISK_DAYS_HOURS)
		(void)add(l, RULE_DISK_DAYS, d->disk_hours, 0);
	else if (d->disk_hours < DISK_WEEK_HOURS)
		(void)add(l, RULE_DISK_WEEK, d->disk_hours, 0);
	if (d->clock_jump_s > 0)
		(void)add(l, RULE_CLOCK, d->clock_jump_s, 0);
	for (uint32_t i = 0; i < d->nlate; i++)
		add(l, RULE_ANCHOR, d->late_hours[i], 0)->group.subject = d->late_anchor[i];
	for (uint32_t i = 0; i < d->ndenied; i++)
		denied_add(l, &d->denied[i]);
}

uint64_t
desk_disk_hours(const struct desk_disk *disk)
{
	double hours = (double)disk->came_in_s / 3600, grows;

	if (disk->came_in_s < 3600)
		return UINT64_MAX;
	grows = (double)disk->came / hours - (double)disk->goes_a_day / 24;
	if (grows <= 0 || (double)disk->room / grows > 1e9)
		return UINT64_MAX;
	return (uint64_t)((double)disk->room / grows);
}

uint32_t
conditions_make(const struct conditions_ask *ask, struct arena *arena,
    const struct condition **ret)
{
	struct list l = { .ask = ask };
	size_t most = ask->view->result.nsource * (size_t)5 + ask->view->result.nexpected +
	    ask->losses->nloss + ask->desk->ndenied + 64;

	l.condition = arena_alloc(arena, most * sizeof *l.condition);
	rows_put(&l, arena);
	losses_put(&l, arena);
	desk_put(&l);
	*ret = l.condition;
	return l.n;
}
